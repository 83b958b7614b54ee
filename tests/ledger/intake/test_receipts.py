"""Does an arrival enter once, with the right sign, in an open month, and is it posted?"""

from datetime import date
from typing import Any

import pytest
from sqlmodel import select

from assets.errors import AlreadyDone
from ledger.intake.receipts import HANDLER, closed_months
from ledger.models import MonthClose, Receipt, Voucher
from tests.conftest import Book
from tests.ledger.intake.income_rows import enter, exported, faults, receipt
from tests.ledger.worked_example import AGENCY, BENCHMARK_FEN, IDS, bank_fen, furnish


def test_a_receipt_enters_once_and_is_posted_in_its_receivers_book(book: Book) -> None:
    furnish(book)
    rows = [receipt(), receipt(receipt_code="SK-2", receiver_code="VB", bank_serial_no="L-2")]
    outcome = enter(book.session, HANDLER, rows)
    assert outcome.counts == {
        "收款笔数": 2,
        "已记账": 1,  # B keeps no book
        "到账合计（分）": 2 * BENCHMARK_FEN,
    }
    assert bank_fen(book.session, AGENCY) == BENCHMARK_FEN
    (voucher,) = book.session.exec(select(Voucher)).all()
    assert (voucher.object_code, voucher.document, voucher.concerns_period) == ("SK-1", "L-1", 2020)
    assert exported(book.session, HANDLER) == rows
    with pytest.raises(AlreadyDone):
        enter(book.session, HANDLER, rows)
    book.session.rollback()
    more = enter(book.session, HANDLER, [*rows, receipt(receipt_code="SK-3", bank_serial_no="L-3")])
    assert more.counts["收款笔数"] == 1
    assert [x.source_row for x in book.session.exec(select(Receipt)).all()] == [4, 5, 6]


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ({"asset_code": "A-9"}, ["unknown-code"]),
        ({"receiver_code": "V9"}, ["unknown-code"]),
        ({"payer_code": "V9"}, ["unknown-code"]),
        ({"received_fen": 0}, ["amount-sign"]),
        ({"received_fen": -1}, ["amount-sign"]),
        ({"nature": "财政收回"}, ["amount-sign"]),
        ({"nature": "财政收回", "received_fen": -5}, []),
        ({"nature": "退款", "received_fen": -5}, []),
        ({"period_to_on": date(2019, 12, 31)}, ["period-reversed"]),
        ({"received_on": date(2019, 12, 31)}, ["arrived-before-period"]),
        ({"received_on": date(2019, 12, 31), "nature": "垫付"}, []),
    ],
)
def test_a_receipt_that_cannot_be_is_refused_at_its_cell(
    book: Book, more: dict[str, Any], wanted: list[str]
) -> None:
    furnish(book)
    assert faults(book.session, HANDLER, receipt(**more)) == wanted


def test_code_and_bank_number_are_used_once_and_a_closed_month_takes_nothing(book: Book) -> None:
    furnish(book)
    enter(book.session, HANDLER, [receipt()])
    assert faults(book.session, HANDLER, receipt(received_fen=5)) == ["code-taken"]
    assert faults(book.session, HANDLER, receipt(receipt_code="SK-2")) == ["bank-ref-taken"]
    count = len(book.session.exec(select(Voucher)).all())
    book.session.add(
        MonthClose(
            id=1,
            entry_id=1,
            entity_id=2,
            month=202101,
            closed_on=date(2021, 2, 1),
            voucher_count=count,
            trial_balance_sha256="0",
        )
    )
    book.session.flush()
    assert closed_months(book.session) == {(IDS[AGENCY], 202101)}
    late = receipt(receipt_code="SK-2", bank_serial_no="L-2")
    assert faults(book.session, HANDLER, late) == ["month-closed"]
    assert faults(book.session, HANDLER, late | {"received_on": date(2021, 2, 1)}) == []
    book.session.rollback()
