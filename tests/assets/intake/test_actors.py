from datetime import date

import pytest

from assets.errors import AlreadyDone
from assets.models import Role
from assets.procedure import actors
from tests.assets.small_district import (
    LONGGUI_VILLAGE,
    actor_rows,
    export,
    names,
    problems,
    take_in,
)
from tests.conftest import Book


def test_a_person_holds_the_role_in_the_village_and_not_before(standing: Book) -> None:
    held = actors.roles_of(standing.session, "R0001", date(2019, 1, 1))
    assert [(one.role, one.division_code) for one in held] == [(Role.CLERK, LONGGUI_VILLAGE)]
    assert actors.roles_of(standing.session, "R0001", date(2015, 1, 1)) == []


def test_leaving_an_office_is_the_same_row_with_its_last_day(register: Book) -> None:
    gone = {**actor_rows()[0], "left_on": date(2019, 6, 30)}
    take_in(register.session, "actors", [gone])
    assert actors.roles_of(register.session, "R0001", date(2019, 6, 30))
    assert actors.roles_of(register.session, "R0001", date(2019, 7, 1)) == []
    assert sum(row["actor_code"] == "R0001" for row in export(register.session, "actors")) == 1


def test_nobody_supervises_a_committee_he_sits_on(standing: Book) -> None:
    row = {**actor_rows()[2], "actor_code": "R0002", "name": "李大方"}
    assert names(problems(standing.session, "actors", [row])) == ["roles-conflict"]


def test_an_auditor_holds_no_other_role(standing: Book) -> None:
    row = {**actor_rows()[4], "actor_code": "R0006", "name": "吴审"}
    assert names(problems(standing.session, "actors", [row])) == ["roles-conflict"]


def test_wrong_rows_are_all_named(standing: Book) -> None:
    clerk, _, _, town, *_ = actor_rows()
    new = {"actor_code": "R0100", "name": "钱新"}
    rows = [
        {**clerk, "name": "王大明"},
        {**clerk, **new, "village_name": ""},
        {**clerk, **new, "village_name": "龙龟村"},
        {**clerk, **new, "left_on": date(2015, 1, 1)},
        {**town, **new, "village_name": "龙归村"},
        {**town, **new, "party_code": "Z440203102001"},
    ]
    found = problems(standing.session, "actors", rows)
    assert names(found) == [
        "code-taken",
        "village-missing",
        "unknown-place",
        "dates-reversed",
        "town-expected",
        "unknown-code",
    ]
    assert "龙归村" in found[2].message
    assert "Z440203102000" in found[5].remedy


def test_the_same_people_again_are_done_already(register: Book) -> None:
    rows = [*actor_rows(), {**actor_rows()[0]}]
    with pytest.raises(AlreadyDone):
        take_in(register.session, "actors", rows)
