"""Every limit has a source and a first day, and none overlaps another of its name."""

from datetime import date, timedelta
from itertools import pairwise

import pytest

from assets.errors import NotFound
from assets.sources import resolve
from ledger.flags import parameters, running
from ledger.flags.rule import in_dialect, prelude_of


def test_every_limit_and_every_rule_cites_a_registered_source() -> None:
    for limit in parameters.limits():
        resolve(limit.source)
        assert limit.meaning
    for rule in running.RULES:
        resolve(rule.source)


def test_limits_of_one_name_do_not_overlap() -> None:
    by_name: dict[str, list[parameters.Limit]] = {}
    for limit in parameters.limits():
        by_name.setdefault(limit.name, []).append(limit)
    for rows in by_name.values():
        ordered = sorted(rows, key=lambda row: row.valid_from)
        for one, other in pairwise(ordered):
            assert one.valid_to < other.valid_from


def test_every_parameter_of_a_rule_exists_and_is_used() -> None:
    used = {name for rule in running.RULES for name in rule.parameters}
    named = {limit.name for limit in parameters.limits()}
    in_queries = {"labour-share", "notice-days"}
    assert used | in_queries == named


def test_a_value_in_days_becomes_the_day_before_which_it_is_late() -> None:
    on = date(2021, 6, 30)
    values = parameters.bound(["book-within", "idle-funds", "worker-age"], on)
    assert values["book_within"] == on - timedelta(days=30)
    assert values["idle_funds"] == date(2020, 6, 30)
    assert values["worker_age"] == 75


def test_the_limit_of_the_day_holds() -> None:
    assert parameters.in_force("confirm-within", date(2021, 5, 31)).value == 730
    assert parameters.in_force("confirm-within", date(2021, 6, 1)).value == 90
    with pytest.raises(NotFound):
        parameters.in_force("labour-share", date(2021, 1, 1))


def test_a_query_is_written_once_for_both_databases() -> None:
    text = "SELECT DAYS(a, b), YEARS_AFTER(c, 20), FIRST_OF(m) FROM current_asset"
    assert "julianday(a) - julianday(b)" in in_dialect(text, "sqlite")
    assert "(a - b)" in in_dialect(text, "postgresql")
    assert prelude_of("SELECT 1 FROM going_plan")[-1] == "going_plan"
    assert "current_party" in prelude_of("SELECT 1 FROM going_plan")
