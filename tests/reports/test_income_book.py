"""Does a village's book run from what came in to what is left, with every purpose apart?"""

from datetime import date

from tests.reports.conftest import Told
from tests.reports.scenario import RESERVE_FEN, REWARD_FEN, SHARE_FEN


def test_what_is_left_is_income_less_everything_that_went_out(told: Told) -> None:
    paper = told.paper("income-book", party="A", year=2020)
    totals = paper.tables[0].totals
    assert totals["received"] - totals["deducted"] == SHARE_FEN
    assert totals["job"] == 2_160_000
    assert totals["reward"] == REWARD_FEN
    assert totals["kept"] == RESERVE_FEN
    left = SHARE_FEN - 2_160_000 - REWARD_FEN - RESERVE_FEN
    assert paper.headline[0].value == left
    assert paper.tables[0].rows[-1]["left"] == left


def test_a_line_names_its_voucher(told: Told) -> None:
    rows = told.paper("income-book", party="A", year=2020).tables[0].rows
    assert rows[0]["voucher"] == "12月 记-001"


def test_the_next_year_begins_with_what_was_left(told: Told) -> None:
    before = told.paper("income-book", party="A", year=2020).headline[0].value
    rows = told.paper("income-book", on=date(2021, 3, 1), party="A", year=2021).tables[0].rows
    assert [(row["summary"], row["left"]) for row in rows] == [("上年结余", before)]


def test_money_that_is_in_no_plan_is_told_with_its_age(told: Told) -> None:
    paper = told.paper("income-book", on=date(2020, 12, 2), party="A")
    facts = {fact.label: fact.value for fact in paper.headline}
    assert facts["其中未列入方案"] == SHARE_FEN
