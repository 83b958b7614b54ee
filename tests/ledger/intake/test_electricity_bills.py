"""Do energy, tariff and amount of a bill agree, and does a month enter once for a meter?"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.errors import AlreadyDone
from ledger.intake.electricity_bills import HANDLER, expected_fen
from tests.conftest import Book
from tests.ledger.intake.income_rows import bill, enter, exported, faults
from tests.ledger.worked_example import furnish


def test_the_plants_year_comes_out_to_the_fen() -> None:
    assert expected_fen(498_760, 453_000) == 22_593_828
    assert expected_fen(498_760, 397_000) == 19_800_772
    assert expected_fen(1, 5_000) == 1  # half a fen is rounded up, as a bill is
    assert expected_fen(1, 4_999) == 0


@given(st.integers(0, 10**9), st.integers(0, 2_000_000))
def test_an_amount_is_within_half_a_fen_of_its_product(energy: int, tariff: int) -> None:
    assert abs(2 * (expected_fen(energy, tariff) * 10_000 - energy * tariff)) <= 10_000


def test_a_bill_enters_once(book: Book) -> None:
    furnish(book)
    rows = [bill(), bill(meter_no="M2")]
    assert enter(book.session, HANDLER, rows).counts == {"结算单": 2, "电量（千瓦时）": 997_520}
    assert exported(book.session, HANDLER) == rows
    with pytest.raises(AlreadyDone):
        enter(book.session, HANDLER, rows)
    book.session.rollback()
    changed = bill(exported_kwh=0, benchmark_fen=0, subsidy_fen=0)
    assert faults(book.session, HANDLER, changed) == ["bill-changed"]


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ({"asset_code": "A-9"}, ["unknown-code"]),
        ({"benchmark_fen": 22_593_829}, []),  # a fen is rounding
        ({"benchmark_fen": 22_593_830}, ["bill-arithmetic"]),
        ({"subsidy_fen": 0, "benchmark_fen": 0}, ["bill-arithmetic", "bill-arithmetic"]),
    ],
)
def test_a_bill_that_cannot_be_is_refused_at_its_cell(
    book: Book, more: dict[str, Any], wanted: list[str]
) -> None:
    furnish(book)
    assert faults(book.session, HANDLER, bill(**more)) == wanted
