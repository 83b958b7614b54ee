"""Does a cost enter once, with its voucher, from the stream it reduces?"""

from typing import Any

import pytest
from sqlmodel import select

from assets.asof import AsOf
from assets.errors import AlreadyDone
from ledger.deductions import deductions_of
from ledger.intake.deductions import HANDLER, streams_of
from ledger.intake.receipts import HANDLER as RECEIPTS
from ledger.models import Deduction
from tests.conftest import Book
from tests.ledger.intake.income_rows import ON, deduction, enter, exported, faults, receipt
from tests.ledger.worked_example import AGENCY, BENCHMARK_FEN, bank_fen, furnish


def test_a_cost_enters_once_and_lowers_its_bearers_bank(book: Book) -> None:
    furnish(book)
    enter(book.session, RECEIPTS, [receipt()])
    rows = [deduction(), deduction(deduction_code="KC-2", bearer_code="VB", voucher_no="付-2")]
    outcome = enter(book.session, HANDLER, rows)
    assert outcome.counts == {"扣除笔数": 2, "已记账": 1, "扣除合计（分）": 3_000_000}
    assert bank_fen(book.session, AGENCY) == BENCHMARK_FEN - 1_500_000
    assert exported(book.session, HANDLER) == rows
    with pytest.raises(AlreadyDone):
        enter(book.session, HANDLER, rows)
    book.session.rollback()
    assert [x.code for x in deductions_of(book.session, AsOf(ON), year=2020)] == ["KC-1", "KC-2"]
    assert deductions_of(book.session, AsOf(ON), year=2019) == []
    assert deductions_of(book.session, AsOf(ON), asset_id=2) == []


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ({"asset_code": "A-9"}, ["unknown-code"]),
        ({"bearer_code": "V9"}, ["unknown-code"]),
        ({"amount_fen": 0}, ["amount-sign"]),
        ({"amount_fen": -5}, ["amount-sign"]),
    ],
)
def test_a_cost_that_cannot_be_is_refused_at_its_cell(
    book: Book, more: dict[str, Any], wanted: list[str]
) -> None:
    furnish(book)
    assert faults(book.session, HANDLER, deduction(**more)) == wanted


def test_code_and_voucher_are_used_once(book: Book) -> None:
    furnish(book)
    enter(book.session, HANDLER, [deduction()])
    assert faults(book.session, HANDLER, deduction(amount_fen=5)) == ["code-taken"]
    assert faults(book.session, HANDLER, deduction(deduction_code="KC-2")) == ["voucher-taken"]


@pytest.mark.parametrize(
    ("streams", "wanted"),
    [
        ((), "BENCHMARK_TARIFF"),
        (("财政补贴",), "BENCHMARK_TARIFF"),
        (("租金",), "RENT"),
        (("租金", "其他"), None),
        (("租金", "标杆电费"), "BENCHMARK_TARIFF"),
    ],
)
def test_a_cost_without_a_stream_reduces_the_one_that_is_meant(
    book: Book, streams: tuple[str, ...], wanted: str | None
) -> None:
    furnish(book)
    rows = [
        receipt(receipt_code=f"SK-{number}", stream=stream, bank_serial_no=f"L-{number}")
        for number, stream in enumerate(streams)
    ]
    if rows:
        enter(book.session, RECEIPTS, rows)
        assert len(streams_of(book.session)[1]) == len(streams)
    row = deduction(stream=None)
    if wanted is None:
        assert faults(book.session, HANDLER, row) == ["stream-missing"]
        return
    enter(book.session, HANDLER, [row])
    assert book.session.exec(select(Deduction.stream)).all() == [wanted]
