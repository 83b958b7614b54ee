"""How do objections enter the book? One row each, with the written answer once there is one."""

from datetime import date
from typing import Any

from sqlmodel import Session, col, select

from assets.errors import RowProblem
from assets.intake import Batch, Handler, Outcome, Row
from assets.intake.course import COURSES, KIND_OF_LABEL, kind_of
from assets.intake.decisions import object_problems
from assets.intake.registered import filled, refuse_nothing_new, taken_in, taking_in
from assets.masking import holds_personal_number
from assets.models import Objection, ObjectionAnswer
from assets.procedure.notices import answer_objection, notices_of, raise_objection
from assets.trail import Act


def check(session: Session, batch: Batch, on: date) -> list[RowProblem]:
    """Every problem of the rows: objects, rounds, dates, personal numbers in the text.

    依据: 内部约定 (an objection belongs to a notice round)
    """
    if taken_in(session, batch):
        return []
    problems: list[RowProblem] = []
    for row in batch.rows:
        found = object_problems(session, row)
        problems += found
        kind = kind_of(row["object_type"])
        if not found and not notices_of(session, kind, row["object_code"], row["notice_round"]):
            message = f"没有第{row['notice_round']}轮公示。"
            problems.append(
                row.problem("round-unknown", "notice_round", message, "请先登记公示，或核对轮次。")
            )
        line = row.get("subject_code") or ""
        if not found and line and not COURSES[kind].knows_line(session, line):
            message = f"“{line}”没有登记。"
            remedy = "请核对户编号或资产编号；对整个事项的异议，此格留空。"
            problems.append(row.problem("subject-unknown", "subject_code", message, remedy))
        for name in ("content", "answer"):
            if row.get(name) and holds_personal_number(row[name]):
                problems.append(
                    row.problem(
                        "personal-number",
                        name,
                        "文字中有证件号、卡号或电话。",
                        "请删去号码，只写事由。",
                    )
                )
        problems += _answer_problems(row)
    return problems


def _answer_problems(row: Row) -> list[RowProblem]:
    given = [bool(row.get(name)) for name in ("answered_on", "answer_result", "answer")]
    if any(given) and not all(given):
        return [
            row.problem(
                "answer-incomplete",
                "answered_on",
                "答复日期、结果、内容没有填全。",
                "三项都填或都不填。",
            )
        ]
    if row.get("answered_on") and row["answered_on"] < row["received_on"]:
        return [
            row.problem(
                "answered-before", "answered_on", "答复日期早于收到日期。", "请核对两个日期。"
            )
        ]
    return []


def _known(session: Session) -> dict[tuple[Any, ...], tuple[str, bool]]:
    rows = session.exec(
        select(Objection, ObjectionAnswer).outerjoin(
            ObjectionAnswer, col(ObjectionAnswer.objection_id) == col(Objection.id)
        )
    ).all()
    return {
        (o.object_kind, o.object_code, o.line_code, o.received_on, o.content): (
            o.code,
            answer is not None,
        )
        for o, answer in rows
    }


def _key(row: Row) -> tuple[Any, ...]:
    return (
        str.__str__(kind_of(row["object_type"])),
        row["object_code"],
        row.get("subject_code") or "",
        row["received_on"],
        row["content"],
    )


def apply(session: Session, act: Act, batch: Batch) -> Outcome:
    """Record new objections and new answers; lines are held back and released accordingly.

    依据: 内部约定 (it ends with a written answer in due days)
    """
    with taking_in(session, act, batch) as written:
        known = _known(session)
        raised = answered = 0
        for row in batch.rows:
            code, closed = known.get(_key(row), ("", False))
            kind, obj = kind_of(row["object_type"]), row["object_code"]
            if not code:
                line = row.get("subject_code") or ""
                code = raise_objection(
                    session,
                    written,
                    kind,
                    obj,
                    round_no=row["notice_round"],
                    line_code=line,
                    received_on=row["received_on"],
                    content=row["content"],
                    source=batch.source(row),
                ).code
                session.flush()
                COURSES[kind].after_objection(session, written, obj, line)
                raised += 1
            if row.get("answered_on") is not None and not closed:
                upheld = row["answer_result"] == "成立"
                answer_objection(
                    session,
                    written,
                    code,
                    answered_on=row["answered_on"],
                    upheld=upheld,
                    answer=row["answer"],
                )
                session.flush()
                COURSES[kind].after_answer(session, written, code, upheld)
                answered += 1
        before = session.exec(select(Objection.entry_id).order_by(col(Objection.id).desc())).first()
        refuse_nothing_new(batch, written, raised + answered, before or 0)
    return Outcome(written.id, {"异议": raised, "答复": answered})


def export(session: Session) -> list[dict[str, Any]]:
    """All objections as rows of the workbook.

    依据: 内部约定 (export → import is the identity)
    """
    kinds = {kind: label for label, kind in KIND_OF_LABEL.items()}
    rows = session.exec(
        select(Objection, ObjectionAnswer)
        .outerjoin(ObjectionAnswer, col(ObjectionAnswer.objection_id) == col(Objection.id))
        .order_by(col(Objection.id))
    ).all()
    return [
        filled(
            {
                "object_type": kinds[next(k for k in kinds if k == o.object_kind)],
                "object_code": o.object_code,
                "notice_round": o.round_no,
                "subject_code": o.line_code,
                "received_on": o.received_on,
                "content": o.content,
                "answered_on": a.answered_on if a is not None else None,
                "answer_result": ("成立" if a.outcome == "UPHELD" else "不成立") if a else None,
                "answer": a.answer if a is not None else None,
            }
        )
        for o, a in rows
    ]


HANDLER = Handler("objections", check, apply, export)
