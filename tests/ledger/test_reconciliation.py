"""Is every bank row matched to its voucher, and does only an unexplained difference stay?"""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import count

from assets.errors import AlreadyDone, NotFound, Refused
from ledger.intake.bank_statement import HANDLER as STATEMENT
from ledger.models import BankLine
from ledger.pay_batch import make_batch, release
from ledger.pay_export import export_batch
from ledger.pay_lines import ReturnReason
from ledger.pay_results import record_result
from ledger.reconciliation import (
    MatchOutcome,
    Movement,
    adjustment,
    movements,
    pair,
    reconcile,
    set_aside,
)
from tests.ledger.payable_village import BATCHED, HOLDER, PLAN, RELEASER, TOTAL_FEN, Payable

MONTH_END = date(2019, 4, 30)
ANSWERED = BATCHED + timedelta(days=2)


def statement(
    payable: Payable, *moves: tuple[date, int], numbers: Iterator[int] = count(1)
) -> list[str]:
    """Import a bank statement of these movements; returns the bank's numbers."""
    balance, rows, refs = TOTAL_FEN, [], []
    for on, fen in moves:
        balance += fen
        refs.append(f"LS{next(numbers):05d}")
        amount = {"income_fen": fen} if fen > 0 else {"expense_fen": -fen}
        rows.append(
            {
                "account_party_code": HOLDER,
                "posted_on": on,
                "serial_no": refs[-1],
                "summary": "代发",
                "balance_fen": balance,
                **amount,
            }
        )
    payable.take_in(STATEMENT, rows, MONTH_END)
    return refs


def paid_with_a_return(payable: Payable) -> tuple[int, int]:
    """A batch of which one row came back; (batch fen, returned fen)."""
    payable.do(make_batch, PLAN, "Z1", channels="other")
    payable.do(release, "Z1", actor=RELEASER)
    payable.do(export_batch, "Z1")
    reason = ReturnReason.NO_ACCOUNT
    done = payable.do(record_result, "Z1", serial_nos=(1,), reason=reason, on=ANSWERED)
    return payable.batch("Z1").amount_fen, done.returned_fen


def test_a_batch_and_what_came_back_of_it_are_found_on_the_statement(payable: Payable) -> None:
    total, back = paid_with_a_return(payable)
    statement(payable, (BATCHED + timedelta(days=1), -total), (ANSWERED, back))
    done = payable.do(reconcile, HOLDER, MONTH_END, on=MONTH_END)
    assert (done.matched, done.bank_left, done.book_left) == (2, (), ())
    table = adjustment(payable.session, HOLDER, MONTH_END)
    assert table.rows == () and table.standing.unexplained_fen == 0
    assert table.adjusted_bank_fen == table.adjusted_book_fen == TOTAL_FEN - total + back
    with payable.refuses(AlreadyDone, "没有新的可以对上"):
        payable.do(reconcile, HOLDER, MONTH_END, on=MONTH_END)


def test_one_debit_of_what_was_really_paid_is_the_batch_less_what_came_back(
    payable: Payable,
) -> None:
    total, back = paid_with_a_return(payable)
    statement(payable, (ANSWERED, back - total))
    done = payable.do(reconcile, HOLDER, MONTH_END, on=MONTH_END)
    assert (done.matched, done.book_left) == (1, ())


def test_a_row_that_no_voucher_explains_stays_until_a_person_says_what_it_is(
    payable: Payable,
) -> None:
    total, back = paid_with_a_return(payable)
    refs = statement(payable, (BATCHED, -total), (ANSWERED, back), (MONTH_END, 123))
    done = payable.do(reconcile, HOLDER, MONTH_END, on=MONTH_END)
    assert [line.bank_ref for line in done.bank_left] == [refs[2]]
    assert adjustment(payable.session, HOLDER, MONTH_END).standing.unexplained_fen == 123
    with payable.refuses(Refused, "写明原因"):
        payable.do(set_aside, HOLDER, refs[2], MatchOutcome.ON_HOLD, reason="")
    with payable.refuses(NotFound, "查无银行流水"):
        payable.do(set_aside, HOLDER, "没有", MatchOutcome.ON_HOLD, reason="待查")
    with payable.refuses(Refused, "已经对上凭证"):
        payable.do(set_aside, HOLDER, refs[0], MatchOutcome.IGNORED, reason="不要")
    payable.do(set_aside, HOLDER, refs[2], MatchOutcome.ON_HOLD, reason="结息待入账")
    table = adjustment(payable.session, HOLDER, MONTH_END)
    assert [row.block for row in table.rows] == ["银行已收、账面未收"]
    assert table.standing.unexplained_fen == 0
    assert table.adjusted_bank_fen == table.adjusted_book_fen


def test_what_the_bank_has_not_seen_is_in_transit_and_explained(payable: Payable) -> None:
    total, back = paid_with_a_return(payable)
    statement(payable, (BATCHED, -total))
    done = payable.do(reconcile, HOLDER, MONTH_END, on=MONTH_END)
    assert [each.amount_fen for each in done.book_left] == [back]
    table = adjustment(payable.session, HOLDER, MONTH_END)
    assert [(row.block, row.amount_fen) for row in table.rows] == [("账面已收、银行未收", back)]
    assert table.standing.unexplained_fen == 0


def test_without_a_statement_there_is_nothing_to_compare(payable: Payable) -> None:
    table = adjustment(payable.session, HOLDER, MONTH_END)
    assert table.adjusted_bank_fen is None and table.standing.unexplained_fen == 0
    with payable.refuses(AlreadyDone, "没有新的可以对上"):
        payable.do(reconcile, HOLDER, MONTH_END, on=MONTH_END)


def test_a_reversed_voucher_and_its_reversal_move_nothing(payable: Payable) -> None:
    from ledger.books.posting import event_lines, post, reverse

    party = payable.plan.holder_party_id
    from assets import trail

    with trail.entry(payable.session, payable.act(), "test", "cost") as written:
        voucher = post(
            payable.session,
            written,
            party_id=party,
            dated_on=BATCHED,
            kind="test",
            summary="付错",
            lines=event_lines(payable.session, "direct_cost", party, BATCHED, 100),
            concerns=2019,
        )
    payable.session.commit()
    assert [each.amount_fen for each in movements(payable.session, party, MONTH_END)] == [-100]
    payable.do(reverse, voucher.id, reason="付错")
    assert movements(payable.session, party, MONTH_END) == []


def test_the_nearest_day_wins_and_far_days_are_not_the_same_movement() -> None:
    def line(number: int, on: date, fen: int) -> BankLine:
        return BankLine(
            id=number,
            entry_id=1,
            party_id=1,
            booked_on=on,
            bank_ref=f"B{number}",
            summary="",
            in_fen=fen,
            out_fen=0,
            balance_fen=0,
        )

    def movement(number: int, on: date, code: str = "") -> Movement:
        return Movement(number, f"201904/{number}", code, on, "", 100)

    day = date(2019, 4, 15)
    near, far = movement(1, day + timedelta(days=2)), movement(2, day - timedelta(days=5))
    assert pair([line(1, day, 100)], [far, near], {})[0][1] == (near,)
    assert pair([line(1, day, 100)], [movement(3, day + timedelta(days=11))], {}) == []
    named = movement(4, day + timedelta(days=60), "SK-1")
    assert pair([line(1, day, 100)], [near, named], {"B1": "SK-1"})[0][1] == (named,)
