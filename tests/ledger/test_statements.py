"""Is an asset's income divided by the shares of the day, once, exactly, whoever received it?"""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from assets.asof import AsOf
from assets.errors import AlreadyDone, NotFound, Refused
from ledger.books.balances import trial_balance
from ledger.models import PlantStatement, StatementSource, Stream, Transfer
from ledger.statements import (
    _gross_parts,
    confirm_all,
    confirm_statement,
    divide,
    income_balances,
    lines_of,
    pass_on,
    receiver_of,
    statement_by_code,
    undistributed,
)
from tests.conftest import Book
from tests.ledger.worked_example import (
    AGENCY,
    ARRIVED,
    BENCHMARK_FEN,
    COST_FEN,
    DISTRIBUTABLE_FEN,
    IDS,
    INVESTED,
    LATER,
    PLANT,
    SUBSIDY_FEN,
    YEAR,
    A,
    B,
    C,
    bank_fen,
    do,
    furnish,
    receive,
    refuses,
    spend,
)

BOTH = (Stream.BENCHMARK_TARIFF, Stream.STATE_SUBSIDY)
FIRST, SECOND = f"JZ-{PLANT}-2020-01", f"JZ-{PLANT}-2020-02"


def shares_of(book: Book, code: str) -> dict[str, int]:
    """Village → fen of a statement."""
    names = {number: code for code, number in IDS.items()}
    statement = statement_by_code(book.session, code)
    return {names[x.holder_party_id]: x.amount_fen for x in lines_of(book.session, statement.id)}


def confirm(book: Book, *streams: Stream, on: date = ARRIVED) -> PlantStatement:
    made = do(book, confirm_statement, PLANT, YEAR, streams or BOTH, on, on=on)
    assert isinstance(made, PlantStatement)
    return made


@pytest.mark.parametrize(
    ("basis", "wanted"),
    [
        ("INVESTED", {A: 24_253_623, B: 9_522_630, C: 6_098_347}),
        ("KW", {A: 23_924_760, B: 9_569_904, C: 6_379_936}),
    ],
)
def test_the_basis_of_the_shares_decides_to_the_fen(
    book: Book, basis: str, wanted: dict[str, int]
) -> None:
    furnish(book, basis)
    spend(book)
    receive(book, Stream.BENCHMARK_TARIFF, BENCHMARK_FEN, ARRIVED)
    receive(book, Stream.STATE_SUBSIDY, SUBSIDY_FEN, ARRIVED)
    made = confirm(book)
    assert (made.code, made.received_fen, made.deducted_fen, made.distributable_fen) == (
        FIRST,
        42_394_600,
        COST_FEN,
        DISTRIBUTABLE_FEN,
    )
    assert shares_of(book, FIRST) == wanted
    with refuses(book, AlreadyDone, "已办理：.*2020年收益结转"):
        confirm(book)
    with refuses(book, Refused, "没有新的到账可结转"):
        confirm(book, on=ARRIVED + timedelta(days=1))


def test_the_two_bases_differ_by_3288_63_yuan_for_village_a() -> None:
    keys = [1, 2, 3]
    invested = divide(DISTRIBUTABLE_FEN, [(n, 1_940_000) for n in INVESTED.values()], keys)
    by_kw = divide(DISTRIBUTABLE_FEN, [(3, 5), (6, 25), (4, 25)], keys)
    assert invested[0] - by_kw[0] == 328_863


def test_a_subsidy_fourteen_months_later_is_a_second_statement_of_the_same_year(
    book: Book,
) -> None:
    furnish(book)
    spend(book)
    receive(book, Stream.BENCHMARK_TARIFF, BENCHMARK_FEN, ARRIVED)
    first = confirm(book)
    assert first.distributable_fen == 20_073_828
    before = shares_of(book, FIRST)
    receive(book, Stream.STATE_SUBSIDY, SUBSIDY_FEN, LATER)
    second = confirm(book, on=LATER)
    assert (second.code, second.income_year, second.received_fen, second.deducted_fen) == (
        SECOND,
        2020,
        SUBSIDY_FEN,
        0,
    )
    assert shares_of(book, FIRST) == before  # the first run is not opened again
    for code, total in ((FIRST, 20_073_828), (SECOND, SUBSIDY_FEN)):
        parts = shares_of(book, code)
        assert sum(parts.values()) == total
        for village, invested in INVESTED.items():
            assert abs(parts[village] - Fraction(total * invested, 1_940_000)) < 1


def test_a_stream_left_out_waits_for_its_own_statement(book: Book) -> None:
    furnish(book)
    receive(book, Stream.BENCHMARK_TARIFF, BENCHMARK_FEN, ARRIVED)
    receive(book, Stream.STATE_SUBSIDY, SUBSIDY_FEN, ARRIVED)
    assert confirm(book, Stream.STATE_SUBSIDY).received_fen == SUBSIDY_FEN
    assert confirm(book, Stream.BENCHMARK_TARIFF).received_fen == BENCHMARK_FEN
    sources = book.session.exec(select(StatementSource.receipt_id)).all()
    assert sorted(each for each in sources if each) == [1, 2]


def test_costs_beyond_the_money_wait_for_the_next_statement(book: Book) -> None:
    furnish(book)
    spend(book, (1_500_000, 420_000, 600_000))
    receive(book, Stream.BENCHMARK_TARIFF, 1_000_000, ARRIVED)
    first = confirm(book)
    assert (first.deducted_fen, first.distributable_fen) == (420_000, 580_000)  # what fits
    later = ARRIVED + timedelta(days=30)
    receive(book, Stream.BENCHMARK_TARIFF, 5_000_000, later)
    second = confirm(book, on=later)
    assert (second.deducted_fen, second.distributable_fen) == (2_100_000, 2_900_000)


def test_without_benefit_shares_the_income_is_held_and_not_divided(book: Book) -> None:
    furnish(book, benefit=False)
    receive(book, Stream.BENCHMARK_TARIFF, BENCHMARK_FEN, ARRIVED)
    with refuses(book, Refused, "待确权收益挂账"):
        confirm(book)


def test_what_two_institutions_received_is_stated_apart(book: Book) -> None:
    furnish(book)
    spend(book, (100_000,))
    receive(book, Stream.BENCHMARK_TARIFF, 1_000_000, ARRIVED)
    receive(book, Stream.BENCHMARK_TARIFF, 500_000, ARRIVED, A)
    with refuses(book, Refused, "分属不同收款主体"):
        confirm(book)
    made = do(book, confirm_all, year=YEAR, through=ARRIVED, on=ARRIVED)
    assert [
        (receiver_of(book.session, each.id), each.received_fen, each.deducted_fen) for each in made
    ] == [(IDS[A], 500_000, 0), (IDS[AGENCY], 1_000_000, 100_000)]
    assert do(book, confirm_all, year=YEAR, through=ARRIVED, on=ARRIVED) == []
    waiting = undistributed(book.session, IDS[A], AsOf(ARRIVED))
    assert [each.statement_code for each in waiting] == [FIRST]  # the other is not passed on yet


def test_money_is_passed_on_once_and_booked_on_both_sides(book: Book) -> None:
    furnish(book)
    spend(book)
    receive(book, Stream.BENCHMARK_TARIFF, BENCHMARK_FEN, ARRIVED)
    receive(book, Stream.STATE_SUBSIDY, SUBSIDY_FEN, ARRIVED)
    confirm(book)
    assert bank_fen(book.session, AGENCY) == DISTRIBUTABLE_FEN
    assert undistributed(book.session, IDS[A], AsOf()) == []
    passed = ARRIVED + timedelta(days=5)
    assert do(book, pass_on, FIRST, on=passed, bank_ref="L-1") == 3
    assert bank_fen(book.session, AGENCY) == 0
    assert bank_fen(book.session, A) == 24_253_623
    assert {each.bank_ref for each in book.session.exec(select(Transfer)).all()} == {"L-1"}
    with refuses(book, AlreadyDone, "已办理：JZ-.*拨付"):
        do(book, pass_on, FIRST, on=passed, bank_ref="L-1")
    with refuses(book, NotFound, "查无结转单“JZ-9”"):
        do(book, pass_on, "JZ-9", on=passed)
    at = AsOf(passed + timedelta(days=400))
    (line,) = undistributed(book.session, IDS[A], at)
    assert (line.amount_fen, line.age_days, line.income_year) == (24_253_623, 400, 2020)
    assert line.received_fen - line.deducted_fen == line.amount_fen
    assert undistributed(book.session, IDS[A], AsOf(passed - timedelta(days=1))) == []


def test_a_holder_who_received_the_money_itself_needs_no_transfer(book: Book) -> None:
    furnish(book, "KW")
    spend(book, (100_000,), A)
    receive(book, Stream.BENCHMARK_TARIFF, 1_100_000, ARRIVED, A)
    confirm(book)
    (line,) = undistributed(book.session, IDS[A], AsOf(ARRIVED))
    assert (line.age_days, line.amount_fen) == (0, 600_000)
    assert do(book, pass_on, FIRST, on=ARRIVED) == 2  # B and C only
    assert undistributed(book.session, IDS[A], AsOf(ARRIVED)) == [line]
    assert bank_fen(book.session, A) == 600_000  # the others' part was taken back in red
    rows = trial_balance(book.session, IDS[A], 202101).rows
    turnover = {each.code: each.credit_fen - each.debit_fen for each in rows}
    assert sum(fen for code, fen in turnover.items() if code.startswith("501")) == 660_000
    assert sum(fen for code, fen in turnover.items() if code.startswith("502")) == -60_000


def test_every_fen_received_is_somewhere(book: Book) -> None:
    furnish(book)
    spend(book)
    receive(book, Stream.BENCHMARK_TARIFF, BENCHMARK_FEN, ARRIVED)
    confirm(book)
    receive(book, Stream.STATE_SUBSIDY, SUBSIDY_FEN, LATER)
    (now,) = income_balances(book.session, AsOf())
    assert (now.left_fen, now.deducted_fen, now.planned_fen, now.waiting_fen, now.unstated_fen) == (
        42_394_600,
        COST_FEN,
        0,
        20_073_828,
        SUBSIDY_FEN,
    )
    assert now.left_fen == now.right_fen
    (then,) = income_balances(book.session, AsOf(ARRIVED))
    assert then.left_fen == then.right_fen == BENCHMARK_FEN


@given(
    st.integers(0, 10**12),
    st.lists(st.integers(1, 10**6), min_size=1, max_size=8),
    st.randoms(use_true_random=False),
)
def test_a_division_is_exact_and_does_not_depend_on_the_order(
    total: int, weights: list[int], random: object
) -> None:
    import random as numbers

    assert isinstance(random, numbers.Random)
    whole = sum(weights)
    rows = [((weight, whole), key) for key, weight in enumerate(weights)]
    parts = dict(zip((key for _, key in rows), divide(total, *_columns(rows)), strict=True))
    assert sum(parts.values()) == total
    for (weight, _), key in rows:
        assert abs(parts[key] - Fraction(total * weight, whole)) < 1
    random.shuffle(rows)
    again = dict(zip((key for _, key in rows), divide(total, *_columns(rows)), strict=True))
    assert again == parts


def _columns(rows: list[tuple[tuple[int, int], int]]) -> tuple[list[tuple[int, int]], list[int]]:
    return [share for share, _ in rows], [key for _, key in rows]


def test_the_streams_of_a_line_add_up_to_it_and_to_the_statement(book: Book) -> None:
    furnish(book)
    spend(book, (7,))
    receive(book, Stream.BENCHMARK_TARIFF, 10, ARRIVED)
    receive(book, Stream.STATE_SUBSIDY, 1, ARRIVED)
    made = confirm(book)
    parts = _gross_parts(book.session, made)
    lines = {each.id: each.amount_fen for each in lines_of(book.session, made.id)}
    for number, each in parts.items():
        named = sum(amount for stream, amount in each.items() if stream)
        assert named - each[""] == lines[number]
        assert min(each.values()) >= 0
    assert sum(each[Stream.STATE_SUBSIDY] for each in parts.values()) == 1
    assert sum(each[""] for each in parts.values()) == 7
    assert set(shares_of(book, made.code)) == {A, B, C}
