"""A book begins with a signed sheet; what it leaves unexplained is seen."""

from datetime import date
from typing import Any

import pytest

from assets.asof import AsOf
from ledger.books import posting
from ledger.books.balances import trial_balance
from ledger.books.opening import (
    OpeningItem,
    open_book,
    opening_differences,
    opening_undistributed,
)
from ledger.books.refusals import CannotOpen, CannotReverse, UnknownAccount

OPENED = date(2019, 1, 1)


def test_the_opening_stands_as_opening_balance_not_as_turnover(village: Any) -> None:
    balance = trial_balance(village.session, village.party_id, 201901)
    rows = {row.code: row for row in balance.rows}
    assert rows["102"].opening_fen == 1_860_000 and rows["102"].debit_fen == 0
    assert rows["32201"].opening_fen == -1_824_999
    assert rows["202"].opening_fen == -35_000
    assert balance.is_balanced


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_unexplained_rest_is_visible_on_its_own_account(village: Any) -> None:
    rows = {r.code: r for r in trial_balance(village.session, village.party_id, 201901).rows}
    assert rows["399"].title == "期初差异（待查）" and rows["399"].opening_fen == -1
    assert opening_differences(village.session, AsOf()) == [("V440203102204", 1)]


def test_undistributed_income_is_kept_by_asset_year_and_stream(village: Any) -> None:
    [one] = opening_undistributed(village.session, AsOf(), party_id=village.party_id)
    assert (one.asset_id, one.income_year, one.stream) == (
        village.asset_id,
        2018,
        "BENCHMARK_TARIFF",
    )
    assert one.amount_fen == 1_824_999 and one.first_receipt_on == date(2018, 4, 16)
    assert opening_undistributed(village.session, AsOf(date(2018, 12, 31))) == []


@pytest.mark.parametrize(
    ("starts_on", "items", "error", "match"),
    [
        (date(2019, 1, 2), [], CannotOpen, "不是月初"),
        (OPENED, [OpeningItem("BANK", "102", 5, 5)], CannotOpen, "分成两行"),
        (OPENED, [OpeningItem("BANK", "777", 5)], UnknownAccount, "没有科目"),
    ],
)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_unsound_sheet_is_refused(
    bare: Any, starts_on: date, items: list[OpeningItem], error: type[Exception], match: str
) -> None:
    with pytest.raises(error, match=match), bare.writing() as written:
        open_book(bare.session, written, bare.party_id, starts_on, items)
    bare.session.rollback()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_book_is_opened_once(village: Any, refuses: Any) -> None:
    with refuses(CannotOpen, "已于2019-01-01建账"), village.writing() as written:
        items = [OpeningItem("BANK", "102", 5)]
        open_book(village.session, written, village.party_id, OPENED, items)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_opening_is_not_reversed_but_what_is_found_out_is_adjusted(
    village: Any, refuses: Any
) -> None:
    voucher = posting.voucher_by_number(village.session, village.party_id, 201901, 1)
    with refuses(CannotReverse, "期初凭证"):
        posting.reverse(village.session, village.act(), voucher.id, reason="录错")
    lines = [posting.Line("399", posting.CREDIT, -1), posting.Line("311", posting.CREDIT, 1)]
    fixed = posting.adjust(village.session, village.act(), voucher.id, lines=lines, reason="查明")
    village.session.commit()
    assert fixed.adjusts_voucher_id == voucher.id
    assert opening_differences(village.session, AsOf()) == []
