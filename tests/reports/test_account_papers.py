"""Do vouchers, ledgers, balances and statements on paper agree with the book and each other?"""

from datetime import date

import pytest

from assets.errors import NotFound
from ledger.books.balances import SCOPE_NOTE
from ledger.books.refusals import NotOpened
from tests.reports.conftest import Told
from tests.reports.scenario import REWARD_FEN, SHARE_FEN


def test_the_trial_balance_balances_and_says_what_it_is_not(told: Told) -> None:
    paper = told.paper("trial-balance", party="A", month=202012)
    totals = paper.tables[0].totals
    assert totals["closing_debit"] == totals["closing_credit"]
    assert paper.tables[1].totals == totals
    assert paper.paragraphs_after == (f"{SCOPE_NOTE}。",)


def test_each_voucher_is_a_page_with_its_households_counted(told: Told) -> None:
    vouchers = told.bundle("vouchers", party="A", month=202012)
    assert [page.title for page in vouchers.papers] == ["记账凭证　记-001", "记账凭证　记-002"]
    rows = vouchers.papers[1].tables[0].rows
    assert [row["subject"] for row in rows] == ["2020年 奖励补助", "2020年 奖励补助 62户"]
    assert vouchers.papers[1].tables[0].totals == {"debit": REWARD_FEN, "credit": REWARD_FEN}
    assert all(page.size == "240x140" for page in vouchers.papers)


def test_one_voucher_can_be_had_by_its_number(told: Told) -> None:
    one = told.bundle("vouchers", subject="记-002", party="A", month=202012, size="A4")
    assert [page.size for page in one.papers] == ["A4"]
    with pytest.raises(NotFound):
        told.bundle("vouchers", subject="9", party="A", month=202012)


def test_the_sub_ledger_ends_where_the_trial_balance_does(told: Told) -> None:
    paper = told.paper("sub-ledger", subject="102", party="A", year=2020)
    assert paper.headline[-1].value == SHARE_FEN
    balance = told.paper("trial-balance", party="A", month=202012)
    bank = next(row for row in balance.tables[0].rows if row["code"] == "102")
    assert bank["closing_debit"] == SHARE_FEN


def test_a_ledger_of_many_households_is_told_voucher_by_voucher(told: Told) -> None:
    rows = told.paper("sub-ledger", subject="11302", party="A").tables[0].rows
    assert [row["credit"] for row in rows] == [REWARD_FEN]


def test_both_sides_of_the_balance_sheet_are_equal(told: Told) -> None:
    paper = told.paper("balance-sheet", party="A")
    table = paper.tables[0]
    assert table.totals["now"] == table.closing["source_now"]


def test_the_surplus_leads_from_the_first_to_the_last_balance(told: Told) -> None:
    paper = told.paper("surplus-statement", party="A", year=2020)
    facts = {fact.label: fact.value for fact in paper.headline}
    assert facts["年末未分配收益"] == facts["本年收益"] == SHARE_FEN


def test_wear_of_the_month_is_net_value_over_the_months_left(told: Told) -> None:
    rows = told.paper("depreciation-schedule", party="A", month=202012).tables[0].rows
    assert [row["month"] for row in rows] == [17_000_000 // 180, 118_000_000 // 240]
    first = told.paper("depreciation-schedule", party="A", month=202004).tables[0].rows
    assert [row["month"] for row in first] == [0, 0]


def test_without_a_bank_statement_the_paper_says_so(told: Told) -> None:
    paper = told.paper("bank-reconciliation", party="A")
    assert paper.headline[1].text == "未导入对账单"
    assert paper.paragraphs_after == ("本期未导入银行对账单，不能调节。",)


def test_who_keeps_no_book_has_no_account_papers(told: Told) -> None:
    with pytest.raises(NotOpened):
        told.paper("trial-balance", party="B", month=202012)


def test_a_month_is_asked_for_as_year_and_month(told: Told) -> None:
    with pytest.raises(NotFound, match="--month"):
        told.paper("trial-balance", party="A", month=202013)
    with pytest.raises(NotFound, match="--year"):
        told.paper("surplus-statement", party="A")


def test_an_earlier_day_knows_only_its_vouchers(told: Told) -> None:
    paper = told.paper("trial-balance", on=date(2020, 12, 1), party="A", month=202012)
    assert paper.tables[0].totals["debit"] == 0
