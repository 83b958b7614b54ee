"""Balances are sums of lines, as of a day and a log position; kept ones are rebuilt and compared."""

from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import Session, select

from assets.asof import AsOf
from ledger.books import posting
from ledger.books.balances import (
    SCOPE_NOTE,
    account_balances,
    balance_of,
    bank_balance,
    details,
    first_level,
    rebuild_and_compare,
    sub_ledger,
    trial_balance,
)
from ledger.books.periods import close_through
from ledger.books.posting import CREDIT, DEBIT, Line
from ledger.books.statutory import balance_sheet, layout, unplaced
from ledger.errors import LedgerError
from ledger.models import Account, Voucher, VoucherLine


def rows_of(balance: Any) -> dict[str, Any]:
    return {row.code: row for row in balance.rows}


def test_a_trial_balance_holds_opening_turnover_and_closing(village: Any) -> None:
    village.event("rent", date(2019, 1, 10), 500)
    village.event("rent", date(2019, 2, 10), 300)
    february = trial_balance(village.session, village.party_id, 201902)
    rent = rows_of(february)["50103"]
    assert (rent.opening_fen, rent.credit_fen, rent.year_credit_fen) == (-500, 300, 800)
    assert rent.closing_fen == -800 and february.is_balanced
    assert february.note == SCOPE_NOTE
    top = rows_of(first_level(february))
    assert top["501"].closing_fen == -800 and top["322"].title == "收益分配"
    assert first_level(february).totals["debit_fen"] == february.totals["debit_fen"]


def test_the_same_question_gives_the_same_answer_after_the_month_is_closed(village: Any) -> None:
    village.event("rent", date(2019, 1, 10), 500)
    village.event("rent", date(2019, 2, 10), 300)
    open_still = [trial_balance(village.session, village.party_id, m) for m in (201902, 202001)]
    close_through(village.session, village.act(date(2019, 5, 1)), village.party_id, 201904)
    village.session.commit()
    closed = [trial_balance(village.session, village.party_id, m) for m in (201902, 202001)]
    assert closed == open_still
    assert open_still[1].totals["year_debit_fen"] == 0


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_balance_is_that_of_a_day_and_a_position(village: Any) -> None:
    first = village.event("rent", date(2019, 3, 10), 500)
    village.event("rent", date(2019, 3, 5), 40)
    at = AsOf(date(2019, 3, 31), first.entry_id)
    assert bank_balance(village.session, village.party_id, at) == 1_860_500
    assert bank_balance(village.session, village.party_id, AsOf(date(2019, 3, 9))) == 1_860_040
    assert balance_of(village.session, village.party_id, ["501"], AsOf()) == -540
    assert trial_balance(village.session, village.party_id, 201903, at).totals["debit_fen"] == 500


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_sub_ledger_carries_its_balance_and_one_household(village: Any) -> None:
    one, two, _ = village.households
    for household, fen in ((one, 100), (two, 50)):
        village.event(
            "subsidy_decided", date(2019, 2, 1), fen, channel="REWARD", household_id=household
        )
    village.event("subsidy_paid", date(2019, 3, 1), 100, channel="REWARD", household_id=one)
    before, lines = sub_ledger(
        village.session, village.party_id, "11302", AsOf(), since=date(2019, 3, 1)
    )
    assert before == -150 and [line.balance_fen for line in lines] == [-50]
    assert lines[0].voucher == "记-001" and lines[0].debit_fen == 100
    _, own = sub_ledger(village.session, village.party_id, "11302", AsOf(), household_id=one)
    assert [line.balance_fen for line in own] == [-100, 0]
    left = {
        d.household_id: d.balance_fen
        for d in details(village.session, village.party_id, AsOf())
        if d.code == "11302"
    }
    assert left == {two: -50}


@pytest.mark.tampered
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_kept_balance_that_differs_from_the_lines_is_named(village: Any) -> None:
    close_through(village.session, village.act(date(2019, 5, 1)), village.party_id, 201902)
    assert rebuild_and_compare(village.session) == []
    village.session.execute(text("UPDATE month_balance SET closing_fen = 1 WHERE month = 201902"))
    assert rebuild_and_compare(village.session) == [
        "主体V440203102204201902的科目余额与分录重算结果不一致。"
    ]
    village.session.rollback()


@pytest.mark.parametrize("chart", list(layout()))
def test_every_account_stands_in_one_line_of_the_balance_sheet(chart: str) -> None:
    assert unplaced(chart) == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_balance_sheet_balances_before_the_year_is_closed(village: Any) -> None:
    village.event("rent", date(2019, 3, 10), 500)
    found = balance_sheet(village.session, village.party_id, AsOf(date(2019, 6, 30)))
    assert found.is_balanced
    [row] = [row for row in found.rows if row.title == "未分配收益"]
    assert (row.before_fen, row.amount_fen) == (1_824_999, 1_825_499)
    later = balance_sheet(village.session, village.party_id, AsOf(date(2020, 6, 30)))
    [row] = [row for row in later.rows if row.title == "未分配收益"]
    assert row.before_fen == 1_825_499


# --- any sequence ---------------------------------------------------------------------------

CODES = ("102", "112", "50101", "502", "11302", "212")
POST = st.tuples(
    st.just("post"),
    st.lists(
        st.tuples(
            st.sampled_from(CODES),
            st.sampled_from(CODES),
            st.integers(-(10**12), 10**12),
            st.integers(0, 3),
        ),
        min_size=1,
        max_size=4,
    ),
    st.integers(1, 28),
)
REVERSE = st.tuples(st.just("reverse"), st.integers(0, 20), st.integers(1, 28))
CLOSE = st.tuples(st.just("close"), st.just(0), st.just(0))


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.one_of(POST, POST, REVERSE, CLOSE), min_size=1, max_size=12))
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_whatever_is_posted_reversed_and_closed_balances_are_sums_of_lines(
    village: Any, steps: list[tuple[Any, ...]]
) -> None:
    """An independent model: a dict of account → fen, and the set of vouchers reversed."""
    session: Session = village.session
    model: dict[str, int] = {
        code: fen for (_, code), fen in account_balances(session, village.party_id, AsOf()).items()
    }
    posted: list[tuple[Voucher, list[Line]]] = []
    reversed_ids: set[int] = set()
    try:
        for number, (what, detail, day) in enumerate(steps):
            month = posting.month_of(date(2019, 1 + number % 12, 1))
            on = date(2019, month % 100, day or 1)
            if what == "post":
                lines = [
                    line
                    for debit, credit, fen, household in detail
                    for line in (
                        Line(debit, DEBIT, fen, household_id=household),
                        Line(credit, CREDIT, fen, household_id=household),
                    )
                ]
                made = attempt(village, number, on, lines)
                if made is not None:
                    posted.append((made, lines))
                    for line in lines:
                        model[line.account] = (
                            model.get(line.account, 0) + line.side * line.amount_fen
                        )
            elif what == "close":
                attempt_close(village, number, month - 1)
            elif what == "reverse" and posted:
                voucher, lines = posted[detail % len(posted)]
                try:
                    with session.begin_nested():
                        posting.reverse(
                            session, village.act(on, f"{number}"), voucher.id, reason="冲销"
                        )
                except LedgerError:
                    continue
                assert voucher.id not in reversed_ids
                reversed_ids.add(voucher.id)
                for line in lines:
                    model[line.account] -= line.side * line.amount_fen
        ours = {
            code: fen
            for (_, code), fen in account_balances(session, village.party_id, AsOf()).items()
        }
        assert {k: v for k, v in ours.items() if v} == {k: v for k, v in model.items() if v}
        assert sum(ours.values()) == 0
        assert trial_balance(session, village.party_id, 201912).is_balanced
        assert by_lines(session) == ours
    finally:
        session.rollback()


def attempt(village: Any, number: int, on: date, lines: list[Line]) -> Voucher | None:
    from assets import trail

    try:
        with (
            village.session.begin_nested(),
            trail.entry(village.session, village.act(on), "test", f"step {number}") as written,
        ):
            return posting.post(
                village.session,
                written,
                party_id=village.party_id,
                dated_on=on,
                kind="TEST",
                summary="任意",
                lines=lines,
                concerns=2019,
            )
    except LedgerError:
        return None


def attempt_close(village: Any, number: int, month: int) -> None:
    """Close through a month if that is possible; later postings into it must be refused."""
    try:
        with village.session.begin_nested():
            act = village.act(date(2020, 6, 1), f"close {number}")
            close_through(village.session, act, village.party_id, month)
    except LedgerError:
        return


def by_lines(session: Session) -> dict[str, int]:
    """Σ of the lines, row by row, without the program's queries."""
    codes = {row.id: row.code for row in session.exec(select(Account)).all()}
    total: dict[str, int] = {}
    for line in session.exec(select(VoucherLine)).all():
        code = codes[line.account_id]
        total[code] = total.get(code, 0) + line.side * line.amount_fen
    return total
