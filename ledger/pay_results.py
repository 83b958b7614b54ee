"""What did the bank answer? Paid, returned with the reason, or not yet said: kept apart.

An answer is final for its row. Money that came back is owed again: one voucher turns the payment of
these rows around, and only a reissue pays them anew. A batch may be taken back before the bank has
its file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlmodel import Session

from assets import trail
from assets.errors import AlreadyDone, Refused
from assets.masking import refuse_personal_numbers
from assets.procedure.states import move
from assets.trail import Act, Entry
from ledger.courses import PLAN_MACHINE
from ledger.models import PaymentBatch, PaymentResult, Plan
from ledger.pay_batch import book
from ledger.pay_lines import (
    CANCELLED,
    BatchLine,
    LineState,
    ReturnReason,
    bank_rows,
    batch_by_code,
    batch_lines,
    dues_of,
    holds_of,
    is_exported,
)
from ledger.plan_draft import plan_by_code

OPEN_LINES = (LineState.PENDING, LineState.SENT)


@dataclass(frozen=True)
class Answer:
    """The bank's final answer for one row of a batch; no ``reason`` means paid."""

    batch_code: str
    serial_no: int
    happened_on: date
    reason: ReturnReason | None = None
    bank_ref: str | None = None
    source: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Answered:
    """What some answers changed; rows of the bank's file and fen."""

    paid_count: int
    paid_fen: int
    returned_count: int
    returned_fen: int


def record_answers(session: Session, written: Entry, answers: Sequence[Answer]) -> Answered:
    """Write final answers; what came back is owed again, one voucher for each batch.

    Raises:
        NotFound: No such batch.
        Refused: The row is not in the batch, has its answer, or was never sent.
        NotOpened, ClosedPeriod: From the books.

    依据: 内部约定 (paid, returned with reason, pending kept apart)
    """
    by_batch: dict[str, list[Answer]] = {}
    for answer in answers:
        by_batch.setdefault(answer.batch_code, []).append(answer)
    total = Answered(0, 0, 0, 0)
    for code in sorted(by_batch):
        batch = batch_by_code(session, code)
        if not is_exported(session, batch.id):
            raise Refused(f"批次{code}还没有导出银行文件，不能登记回盘结果。")
        done = _record_batch(session, written, batch, by_batch[code], "退汇")
        total = Answered(
            total.paid_count + done.paid_count,
            total.paid_fen + done.paid_fen,
            total.returned_count + done.returned_count,
            total.returned_fen + done.returned_fen,
        )
    return total


def _record_batch(
    session: Session, written: Entry, batch: PaymentBatch, answers: Sequence[Answer], word: str
) -> Answered:
    rows = {row.serial_no: row for row in bank_rows(batch_lines(session, batch))}
    back: list[BatchLine] = []
    paid_fen = returned_fen = paid_count = 0
    for answer in sorted(answers, key=lambda each: each.serial_no):
        row = rows.get(answer.serial_no)
        if row is None:
            raise Refused(f"批次{batch.code}没有序号{answer.serial_no}，请核对回盘文件。")
        if any(line.state not in OPEN_LINES for line in row.lines):
            raise Refused(f"批次{batch.code}序号{answer.serial_no}已有结果，不能改写。")
        for line in row.lines:
            written.add(
                PaymentResult(
                    payment_line_id=line.line_id,
                    outcome="PAID" if answer.reason is None else "RETURNED",
                    happened_on=answer.happened_on,
                    reason_code=answer.reason.value if answer.reason is not None else None,
                    bank_ref=answer.bank_ref,
                    **answer.source,
                )
            )
        if answer.reason is None:
            paid_count += 1
            paid_fen += row.amount_fen
        else:
            back += row.lines
            returned_fen += row.amount_fen
    if back:
        plan = session.get_one(Plan, batch.plan_id)
        book(session, written, plan, batch, back, "payment_returned", f"{word} {batch.code}")
    session.flush()
    return Answered(paid_count, paid_fen, len(answers) - paid_count, returned_fen)


def record_result(
    session: Session,
    act: Act,
    batch_code: str,
    *,
    serial_nos: Sequence[int] = (),
    reason: ReturnReason | None = None,
    happened_on: date | None = None,
) -> Answered:
    """Record by hand what the bank said of some rows; without rows, of all that have no answer.

    Raises:
        AlreadyDone: Every row has its answer.
        Refused: As for a file of answers.

    依据: 内部约定 (a bank may answer by letter instead of a file)
    """
    shown = ",".join(map(str, sorted(serial_nos))) or "all"
    with trail.entry(
        session,
        act,
        "pay-result",
        batch_code,
        stage=f"{shown}/{reason.value if reason else 'PAID'}",
        what=f"批次{batch_code}回盘结果",
    ) as written:
        batch = batch_by_code(session, batch_code)
        numbers = list(serial_nos) or [
            row.serial_no
            for row in bank_rows(batch_lines(session, batch))
            if row.lines[0].state in OPEN_LINES
        ]
        if not numbers:
            raise AlreadyDone(f"批次{batch_code}各行都已有结果", batch.entry_id)
        day = happened_on or act.on
        answers = [Answer(batch_code, number, day, reason) for number in numbers]
        return record_answers(session, written, answers)


def cancel_batch(session: Session, act: Act, code: str, *, reason: str) -> PaymentBatch:
    """Take a batch back before the bank has its file; its lines can be paid by another batch.

    Raises:
        Refused: The bank file was made, or no reason is given.

    依据: 内部约定 (a maker may withdraw before the next person acts)
    """
    with trail.entry(session, act, "pay-cancel", code, what=f"撤回批次{code}") as written:
        batch = batch_by_code(session, code)
        if not reason.strip():
            raise Refused("撤回批次要写明原因。")
        refuse_personal_numbers(reason, "撤回原因")
        if is_exported(session, batch.id):
            raise Refused(f"批次{code}的银行文件已经导出，不能撤回。请等回盘结果，按退回办理。")
        answers = [
            Answer(code, row.serial_no, act.on, ReturnReason(CANCELLED))  # type: ignore[call-arg]
            for row in bank_rows(batch_lines(session, batch))
        ]
        _record_batch(session, written, batch, answers, f"撤回批次（{reason}）")
    return batch


# --- the end of a plan -----------------------------------------------------------------------


@dataclass(frozen=True)
class Standing:
    """How far a plan's payment is; fen. Planned is what the personal channels were given."""

    planned_fen: int
    due_fen: int
    sent_fen: int
    paid_fen: int
    returned_fen: int
    held_fen: int
    given_up_fen: int

    @property
    def waiting_fen(self) -> int:
        """Due and neither arrived nor given up: unsent, in payment, returned or held back."""
        return self.due_fen - self.paid_fen - self.given_up_fen

    @property
    def carried_fen(self) -> int:
        """Planned, but not earned or given up: carried to the next plan."""
        return self.planned_fen - self.due_fen + self.given_up_fen


def standing_of(session: Session, plan: Plan) -> Standing:
    """Planned, due, in payment, paid, returned and held back of a plan.

    依据: 内部约定 (planned / earned / paid / carried at the end)
    """
    from ledger.models import PERSONAL_CHANNELS
    from ledger.plan_draft import channels_of

    dues = dues_of(session, plan.id)
    held = holds_of(session, plan.id)
    stopped = {key for key, row in held.items() if row.outcome == "WITHHELD"}
    given_up = set(held) - stopped
    not_paid = [due for due in dues if due.outcome != "PAID"]
    planned = sum(
        each.amount_fen
        for each in channels_of(session, plan.id)
        if each.channel in PERSONAL_CHANNELS
    )
    return Standing(
        planned_fen=planned,
        due_fen=sum(due.amount_fen for due in dues),
        sent_fen=sum(due.amount_fen for due in dues if due.line_id and not due.outcome),
        paid_fen=sum(due.amount_fen for due in dues if due.outcome == "PAID"),
        returned_fen=sum(due.amount_fen for due in dues if due.is_returned),
        held_fen=sum(due.amount_fen for due in not_paid if due.household_id in stopped),
        given_up_fen=sum(due.amount_fen for due in not_paid if due.household_id in given_up),
    )


def complete_plan(session: Session, act: Act, plan_code: str) -> Standing:
    """Close a plan's payment once nothing waits: what was not earned is carried.

    Raises:
        Refused: Lines are unpaid, in payment or returned.
        WrongState: The plan is not being paid.

    依据: 内部约定 (at the end: planned / earned / paid / carried)
    """
    from assets.money import format_yuan

    with trail.entry(
        session, act, "plan-complete", plan_code, what=f"方案{plan_code}办结"
    ) as written:
        plan = plan_by_code(session, plan_code)
        standing = standing_of(session, plan)
        rest = standing.waiting_fen
        if rest:
            raise Refused(
                f"方案{plan_code}还有{format_yuan(rest)}元没有发到（含在途、退回、暂缓），不能办结。"
            )
        move(
            session,
            written,
            PLAN_MACHINE,
            plan_code,
            "complete",
            step_label="办结",
            on=act.on,
            remark=f"未计发结转{format_yuan(standing.carried_fen)}元",
        )
    return standing
