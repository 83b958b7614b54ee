"""Does the account with the passing institution show what is still owed to a village?"""

import pytest

from assets.errors import NotFound
from tests.reports.conftest import Told
from tests.reports.scenario import SHARE_FEN, STATEMENT


def test_the_notice_divides_the_plants_money_to_the_fen(told: Told) -> None:
    paper = told.paper("plant-statement", subject=STATEMENT)
    assert [row["amount"] for row in paper.tables[1].rows] == [24_253_623, 9_522_630, 6_098_347]
    facts = {fact.label: fact.value for fact in paper.headline}
    assert facts == {
        "收入": 42_394_600,
        "扣除": 2_520_000,
        "可分配": 39_874_600,
        "已拨付": SHARE_FEN,
    }


def test_what_was_not_passed_on_stands_as_a_balance(told: Told) -> None:
    done = told.paper("pass-through-statement", party="A")
    assert done.headline[0].value == 0
    owed = told.paper("pass-through-statement", party="B")
    assert owed.headline[0].value == 9_522_630
    (row,) = owed.tables[0].rows
    assert row["passed"] == 0
    assert row["on"] is None


def test_the_row_has_energy_price_and_each_deduction(told: Told) -> None:
    (row,) = told.paper("pass-through-statement", party="A").tables[0].rows
    assert row["energy"] == 498_760
    assert row["price"] == "0.453＋0.397"
    assert (row["benchmark"], row["subsidy"]) == (22_593_828, 19_800_772)
    assert (row["upkeep"], row["insurance"], row["site"]) == (1_500_000, 420_000, 600_000)


def test_before_its_confirmation_a_statement_is_not_known(told: Told) -> None:
    with pytest.raises(NotFound):
        told.paper("plant-statement", on=told.act().on.replace(month=11, day=30), subject=STATEMENT)


def test_an_account_needs_a_party(told: Told) -> None:
    with pytest.raises(NotFound, match="--party"):
        told.paper("pass-through-statement")
