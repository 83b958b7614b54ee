"""Is what the bank answered kept apart: paid, returned with the reason, not yet said?"""

from datetime import date, timedelta
from itertools import pairwise

from sqlmodel import col, select

from assets.errors import AlreadyDone, Refused
from assets.trail import Act
from ledger.intake.attendance import HANDLER as ATTENDANCE
from ledger.intake.payment_results import HANDLER
from ledger.models import PaymentResult, Voucher
from ledger.pay_batch import NothingToPay, make_batch, reissue, release
from ledger.pay_export import export_batch
from ledger.pay_holds import give_up, withhold
from ledger.pay_lines import LineState, ReturnReason, batches, dues_of
from ledger.pay_results import cancel_batch, complete_plan, record_result, standing_of
from ledger.people.events import correct_person
from tests.assets.small_district import batch
from tests.ledger.payable_village import (
    BATCHED,
    CASHIER,
    CHEN,
    H1,
    H2,
    H3,
    H7,
    PLAN,
    POST_1,
    POST_2,
    POSTED,
    RELEASER,
    REWARD_FEN,
    Payable,
    attendance_row,
    result_row,
)

ANSWERED = BATCHED + timedelta(days=2)


def send(payable: Payable, code: str = "Z1", **more: object) -> None:
    """Make, release and export a batch of household money."""
    words = {"channels": "other"} | more
    payable.do(make_batch, PLAN, code, **words)
    forward(payable, code)


def forward(payable: Payable, code: str) -> None:
    payable.do(release, code, actor=RELEASER)
    payable.do(export_batch, code)


def states(payable: Payable, code: str = "Z1") -> list[LineState]:
    return [line.state for row in payable.rows(code) for line in row.lines]


def test_paid_returned_and_pending_are_kept_apart(payable: Payable) -> None:
    send(payable)
    first, second, third = payable.rows("Z1")
    at_bank, owed = payable.at_bank(), payable.owed()
    outcome = payable.take_in(
        HANDLER,
        [
            result_row(first, "Z1"),
            result_row(second, "Z1", "退回"),
            result_row(third, "Z1", "处理中"),
        ],
        ANSWERED,
    )
    assert outcome.counts == {
        "到账笔数": 1,
        "到账（分）": first.amount_fen,
        "退回笔数": 1,
        "退回（分）": second.amount_fen,
        "处理中": 1,
    }
    assert states(payable) == [LineState.PAID, LineState.RETURNED, LineState.SENT]
    assert payable.at_bank() - at_bank == second.amount_fen
    assert payable.owed()[H3] - owed.get(H3, 0) == second.amount_fen
    row = batches(payable.session)[0]
    assert (row.paid_fen, row.returned_fen) == (first.amount_fen, second.amount_fen)
    assert row.waiting_fen == third.amount_fen
    later = [result_row(third, "Z1")]
    payable.take_in(HANDLER, later, ANSWERED)
    assert LineState.SENT not in states(payable)


def test_a_file_that_changes_nothing_is_an_error_and_the_same_file_is_done_already(
    payable: Payable,
) -> None:
    send(payable)
    rows = payable.rows("Z1")
    pending = [result_row(row, "Z1", "处理中") for row in rows]
    assert payable.problems(HANDLER, pending, ANSWERED) == {"nothing-changes"}
    paid = [result_row(row, "Z1") for row in rows]
    payable.take_in(HANDLER, paid, ANSWERED)
    again = batch(HANDLER.kind, paid)
    assert HANDLER.check(payable.session, again, ANSWERED) == []
    with payable.refuses(AlreadyDone, "已办理"):
        HANDLER.apply(payable.session, Act(CASHIER, "import payment-results", ANSWERED), again)
    assert HANDLER.export is not None
    out = HANDLER.export(payable.session)
    assert [row["amount_fen"] for row in out] == [row.amount_fen for row in rows]
    other = [row | {"bank_serial_no": f"LS{place}"} for place, row in enumerate(out)]
    assert payable.problems(HANDLER, other, ANSWERED) == {"nothing-changes"}


def test_a_row_that_is_not_the_batchs_is_refused_by_cell(payable: Payable) -> None:
    payable.do(make_batch, PLAN, "Z1", channels="other")
    row = payable.rows("Z1")[0]
    good = result_row(row, "Z1")
    assert payable.problems(HANDLER, [good], ANSWERED) == {"batch-not-sent"}
    with payable.refuses(Refused, "还没有导出银行文件"):
        payable.do(record_result, "Z1")
    forward(payable, "Z1")
    for change, name in (
        ({"batch_code": "没有"}, "unknown-code"),
        ({"line_no": 99}, "unknown-line"),
        ({"household_code": H2}, "household-differs"),
        ({"amount_fen": row.amount_fen + 1}, "amount-differs"),
        ({"paid_on": BATCHED - timedelta(days=1)}, "date-impossible"),
        ({"paid_on": ANSWERED + timedelta(days=1)}, "date-impossible"),
    ):
        assert name in payable.problems(HANDLER, [good | change], ANSWERED), change


def test_an_answer_is_final(payable: Payable) -> None:
    send(payable)
    row = payable.rows("Z1")[0]
    payable.take_in(HANDLER, [result_row(row, "Z1")], ANSWERED)
    back = [result_row(row, "Z1", "退回")]
    assert payable.problems(HANDLER, back, ANSWERED) == {"result-final"}
    with payable.refuses(Refused, "已有结果，不能改写"):
        payable.do(record_result, "Z1", serial_nos=(1,), reason=ReturnReason.OTHER)
    with payable.refuses(Refused, "没有序号9"):
        payable.do(record_result, "Z1", serial_nos=(9,))


def test_a_return_in_a_closed_month_is_refused(payable: Payable) -> None:
    from ledger.books.periods import close_through

    send(payable)
    payable.do(close_through, payable.plan.holder_party_id, 201904, on=date(2019, 5, 5))
    rows = [result_row(payable.rows("Z1")[0], "Z1", "退回")]
    assert payable.problems(HANDLER, rows, ANSWERED) == {"month-closed"}
    payable.take_in(HANDLER, rows, date(2019, 5, 6))


def test_only_what_came_back_is_paid_again_to_the_account_known_by_then(payable: Payable) -> None:
    send(payable)
    rows = payable.rows("Z1")
    with payable.refuses(NothingToPay, "没有退回的款项"):
        payable.do(reissue, "Z1", "Z1-R")
    payable.take_in(
        HANDLER,
        [result_row(rows[0], "Z1", "退回"), *(result_row(row, "Z1") for row in rows[1:])],
        ANSWERED,
    )
    with payable.refuses(NothingToPay, "fupin pay reissue"):
        payable.do(make_batch, PLAN, "Z9", channels="other", household_codes=(H1,))
    payable.do(
        correct_person,
        CHEN["person_code"],
        corrected_on=ANSWERED,
        card="6210000000000009999",
        on=ANSWERED,
    )
    made = payable.do(reissue, "Z1", "Z1-R", on=ANSWERED)
    assert made.batch.kind == "REISSUE" and made.batch.amount_fen == rows[0].amount_fen
    again = payable.rows("Z1-R")[0].lines[0]
    assert again.reissue_of == rows[0].lines[0].line_id
    payable.do(release, "Z1-R", actor=RELEASER, on=ANSWERED)
    file = payable.do(export_batch, "Z1-R", on=ANSWERED)
    assert "6210000000000009999" in file.content.decode("gb18030")
    assert states(payable)[0] is LineState.REISSUED
    vouchers = payable.session.exec(select(Voucher).where(Voucher.kind == "payment_reissued")).all()
    assert [each.debit_fen for each in vouchers] == [rows[0].amount_fen]
    with payable.refuses(AlreadyDone, "已全部重发"):
        payable.do(reissue, "Z1", "Z1-R2", on=ANSWERED)
    with payable.refuses(AlreadyDone, "重发批次Z1-R"):
        payable.do(reissue, "Z1", "Z1-R", on=ANSWERED)


def test_a_payment_may_come_back_twice_and_the_books_still_agree(payable: Payable) -> None:
    send(payable, household_codes=(H1,))
    amount = payable.rows("Z1")[0].amount_fen
    before = payable.owed()
    codes = ("Z1", "R1", "R2")
    for code, after in pairwise(codes):
        payable.do(record_result, code, reason=ReturnReason.NO_ACCOUNT, on=ANSWERED)
        payable.do(reissue, code, after, on=ANSWERED)
        payable.do(release, after, actor=RELEASER, on=ANSWERED)
        payable.do(export_batch, after, on=ANSWERED)
    done = payable.do(record_result, "R2", on=ANSWERED)
    assert (done.paid_count, done.paid_fen) == (1, amount)
    assert payable.owed() == before
    kinds = payable.session.exec(
        select(PaymentResult.outcome).order_by(col(PaymentResult.id))
    ).all()
    assert list(kinds) == ["RETURNED", "RETURNED", "PAID"]
    with payable.refuses(AlreadyDone, "各行都已有结果"):
        payable.do(record_result, "R2", reason=ReturnReason.OTHER, on=ANSWERED)


def test_a_batch_is_taken_back_before_the_bank_has_it_and_only_then(payable: Payable) -> None:
    at_bank, owed = payable.at_bank(), payable.owed()
    payable.do(make_batch, PLAN, "Z1", channels="other")
    with payable.refuses(Refused, "写明原因"):
        payable.do(cancel_batch, "Z1", reason="")
    payable.do(cancel_batch, "Z1", reason="月份编错")
    assert (payable.at_bank(), payable.owed()) == (at_bank, owed)
    with payable.refuses(Refused, "已经撤回"):
        payable.do(release, "Z1", actor=RELEASER)
    with payable.refuses(NothingToPay, "没有退回的款项"):
        payable.do(reissue, "Z1", "Z1-R")
    send(payable, "Z2")
    with payable.refuses(Refused, "已经导出，不能撤回"):
        payable.do(cancel_batch, "Z2", reason="晚了")


def test_a_plan_is_complete_when_nothing_waits_and_what_was_not_earned_is_carried(
    payable: Payable,
) -> None:
    rows = [attendance_row(POST_1, 1), attendance_row(POST_2, 1, earned_fen=20_000)]
    payable.take_in(ATTENDANCE, rows, POSTED)
    send(payable, "W1", channels="job")
    send(payable, "Z1")
    for code in ("W1", "Z1"):
        payable.do(record_result, code, on=ANSWERED)
    with payable.refuses(Refused, "没有发到"):
        payable.do(complete_plan, PLAN, on=ANSWERED)
    for home in (H2, H7):
        payable.do(withhold, PLAN, home, reason_code="OTHER", on=ANSWERED)
        payable.do(give_up, PLAN, home, reason="无账号且不愿办理", on=ANSWERED)
    done = payable.do(complete_plan, PLAN, on=ANSWERED)
    assert done.planned_fen == 300_000 + REWARD_FEN
    assert done.paid_fen + done.carried_fen == done.planned_fen
    assert done.carried_fen == 300_000 - 70_000 + done.given_up_fen
    assert payable.owed() == {}
    with payable.refuses(AlreadyDone, "办结"):
        payable.do(complete_plan, PLAN, on=ANSWERED)


def test_how_far_a_plan_is_adds_up_at_every_step(payable: Payable) -> None:
    session, plan = payable.session, payable.plan
    send(payable)
    rows = payable.rows("Z1")
    payable.take_in(
        HANDLER, [result_row(rows[0], "Z1"), result_row(rows[1], "Z1", "退回")], ANSWERED
    )
    far = standing_of(session, plan)
    assert far.paid_fen == rows[0].amount_fen
    assert far.returned_fen == rows[1].amount_fen
    assert far.sent_fen == rows[2].amount_fen
    assert far.due_fen == sum(due.amount_fen for due in dues_of(session, plan.id)) == REWARD_FEN
    assert far.waiting_fen == REWARD_FEN - rows[0].amount_fen
    assert payable.at_bank() == 1_000_000 - far.paid_fen - far.sent_fen
