"""How do a bank's answers enter the book? One row per row of the batch: paid, returned, pending."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlmodel import Session, col, select

from assets.errors import RowProblem
from assets.intake import Batch, Handler, Outcome, Row
from assets.intake.registered import Codes, filled, taken_in, taking_in
from assets.models import Party
from assets.money import format_yuan
from assets.trail import Act
from ledger.books.posting import find_entity
from ledger.models import BatchExport, MonthClose, PaymentBatch, Plan
from ledger.pay_lines import (
    BankRow,
    BatchLine,
    LineState,
    ReturnReason,
    bank_rows,
    batch_by_code,
    batch_lines,
)
from ledger.pay_results import OPEN_LINES, Answer, record_answers

PAID, RETURNED, PENDING = "成功", "退回", "处理中"


def _rows_of(session: Session, batch: PaymentBatch) -> dict[int, BankRow]:
    return {row.serial_no: row for row in bank_rows(batch_lines(session, batch))}


def check(session: Session, batch: Batch, on: date) -> list[RowProblem]:
    """Every problem of the rows against the batches they answer.

    依据: 内部约定 (number, household and amount must agree; nothing new is an error)
    """
    if taken_in(session, batch):
        return []
    problems: list[RowProblem] = []
    known = {each.code: each for each in session.exec(select(PaymentBatch)).all()}
    codes = Codes("支付批次", known)
    sent = {
        each.payment_batch_id: each.exported_on for each in session.exec(select(BatchExport)).all()
    }
    rows: dict[str, dict[int, BankRow]] = {}
    closed = {code: _book_closed(session, known[code], on) for code in _named(batch, known)}
    changes = 0
    for row in batch.rows:
        found = codes.find(row, "batch_code", problems)
        if found is None:
            continue
        if found.id not in sent:
            message = f"批次{found.code}还没有导出银行文件。"
            problems.append(
                row.problem("batch-not-sent", "batch_code", message, "请核对批次编号。")
            )
            continue
        line = rows.setdefault(found.code, _rows_of(session, found)).get(row["line_no"])
        before = len(problems)
        problems += _row_problems(row, line, sent[found.id], on)
        if closed[found.code] and row["result"] == RETURNED:
            message = f"{on.year}年{on.month}月已结账，退汇不能记入。"
            problems.append(
                row.problem("month-closed", "result", message, "请用 --on 换一个未结账的日期。")
            )
        if line is not None and len(problems) == before:
            changes += _is_change(row, line)
    if not problems and not changes and batch.rows:
        problems.append(
            batch.rows[0].problem(
                "nothing-changes",
                "result",
                "本文件没有任何变化：各行都在处理中，或结果已经登记。",
                "请核对是否拿错了回盘文件。",
            )
        )
    return problems


def _named(batch: Batch, known: Mapping[str, PaymentBatch]) -> set[str]:
    return {row["batch_code"] for row in batch.rows} & set(known)


def _book_closed(session: Session, batch: PaymentBatch, on: date) -> bool:
    plan = session.get_one(Plan, batch.plan_id)
    entity = find_entity(session, session.get_one(Party, plan.holder_party_id).id)
    if entity is None:
        return True
    month = on.year * 100 + on.month
    found = session.exec(
        select(MonthClose.id).where(MonthClose.entity_id == entity.id, MonthClose.month == month)
    ).first()
    return found is not None


def _row_problems(row: Row, line: BankRow | None, sent_on: date, on: date) -> list[RowProblem]:
    if line is None:
        message = f"批次{row['batch_code']}没有序号{row['line_no']}。"
        return [row.problem("unknown-line", "line_no", message, "请核对回盘文件。")]
    found = []
    if row["household_code"] != line.household_code:
        message = f"序号{line.serial_no}在批次中是另一户。"
        found.append(
            row.problem("household-differs", "household_code", message, "请核对序号和户编号。")
        )
    if row["amount_fen"] != line.amount_fen:
        message = f"序号{line.serial_no}在批次中是{format_yuan(line.amount_fen)}元。"
        found.append(row.problem("amount-differs", "amount_fen", message, "请与银行核对。"))
    day = row.get("paid_on")
    if day is not None and not sent_on <= day <= on:
        message = f"到账日期应在送银行（{sent_on}）之后、办理日（{on}）之前。"
        found.append(row.problem("date-impossible", "paid_on", message, "请核对日期。"))
    if row["result"] != PENDING and not _is_open(line) and not _is_same(row, line):
        message = f"序号{line.serial_no}已登记为“{line.lines[0].state.label}”，结果不能改写。"
        found.append(
            row.problem("result-final", "result", message, "请核对；到账后被退的，另行办理退款。")
        )
    return found


def _is_open(line: BankRow) -> bool:
    return all(each.state in OPEN_LINES for each in line.lines)


def _is_same(row: Row, line: BankRow) -> bool:
    """Whether the book has this answer already."""
    first = line.lines[0]
    if row["result"] == PAID:
        return first.state is LineState.PAID and first.happened_on == row.get("paid_on")
    return (
        first.state in (LineState.RETURNED, LineState.REISSUED)
        and first.reason == _reason(row).value
    )


def _is_change(row: Row, line: BankRow) -> bool:
    return row["result"] != PENDING and _is_open(line)


def _reason(row: Row) -> ReturnReason:
    return ReturnReason.from_label(row.get("return_reason") or ReturnReason.OTHER.label)


def apply(session: Session, act: Act, batch: Batch) -> Outcome:
    """Record the final answers that are new; pending rows stay as they are.

    依据: 内部约定 (paid, returned with reason, pending kept apart)
    """
    with taking_in(session, act, batch) as written:
        rows: dict[str, dict[int, BankRow]] = {}
        answers: list[Answer] = []
        pending = 0
        for row in batch.rows:
            code = row["batch_code"]
            if code not in rows:
                rows[code] = _rows_of(session, batch_by_code(session, code))
            if _is_change(row, rows[code][row["line_no"]]):
                answers.append(_answer(batch, row, act.on))
            pending += row["result"] == PENDING
        done = record_answers(session, written, answers)
    return Outcome(
        written.id,
        {
            "到账笔数": done.paid_count,
            "到账（分）": done.paid_fen,
            "退回笔数": done.returned_count,
            "退回（分）": done.returned_fen,
            "处理中": pending,
        },
    )


def _answer(batch: Batch, row: Row, on: date) -> Answer:
    return Answer(
        batch_code=row["batch_code"],
        serial_no=row["line_no"],
        happened_on=row.get("paid_on") or on,
        reason=_reason(row) if row["result"] == RETURNED else None,
        bank_ref=row.get("bank_serial_no"),
        source=batch.source(row),
    )


def export(session: Session) -> list[dict[str, Any]]:
    """Every row of every exported batch with its answer, as rows of the workbook.

    依据: 内部约定 (export → import is the identity)
    """
    sent = set(session.exec(select(BatchExport.payment_batch_id)).all())
    batches = session.exec(select(PaymentBatch).order_by(col(PaymentBatch.code))).all()
    return [
        _exported(batch.code, row, row.lines)
        for batch in batches
        if batch.id in sent
        for row in bank_rows(batch_lines(session, batch))
    ]


def _exported(code: str, row: BankRow, lines: Sequence[BatchLine]) -> dict[str, Any]:
    first = lines[0]
    returned = first.state in (LineState.RETURNED, LineState.REISSUED)
    pending = first.state in OPEN_LINES
    return filled(
        {
            "batch_code": code,
            "line_no": row.serial_no,
            "household_code": row.household_code,
            "amount_fen": row.amount_fen,
            "result": PENDING if pending else RETURNED if returned else PAID,
            "paid_on": None if pending else first.happened_on,
            "return_reason": ReturnReason(first.reason).label if returned else None,  # type: ignore[call-arg]
            "bank_serial_no": first.bank_ref or None,
        }
    )


HANDLER = Handler("payment-results", check, apply, export)
