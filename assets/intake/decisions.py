"""How do meetings enter the book? One row per meeting and stage, judged by its body's arithmetic."""

from datetime import date
from typing import Any

from sqlmodel import Session, col, select

from assets.columns import label_of
from assets.errors import RowProblem
from assets.intake import Batch, Handler, Outcome, Row
from assets.intake.course import COURSES, KIND_OF_LABEL, STAGE_OF_LABEL, kind_of
from assets.intake.registered import Codes, filled, refuse_nothing_new, taken_in, taking_in
from assets.models import Actor, BodyKind, Decision, ObjectKind, StageAct
from assets.procedure.decisions import STAGE_OF_BODY, Meeting, record_decision
from assets.trail import Act


def meeting_of(row: Row) -> Meeting:
    """A row as a meeting.

    依据: 村民委员会组织法 第二十六条
    """
    return Meeting(
        body=BodyKind.from_label(row["meeting_type"]),
        held_on=row["met_on"],
        member_count=row["entitled_count"],
        present_count=row["present_count"],
        for_count=row["yes_count"],
        against_count=row.get("no_count", 0),
        abstain_count=row.get("abstain_count", 0),
        minutes=row["minutes_no"],
        called_on=row.get("called_on"),
    )


def check(session: Session, batch: Batch, on: date) -> list[RowProblem]:
    """Every problem of the rows: objects, bodies, counts, actors.

    An invalid decision is no problem: it is recorded as invalid and flagged.

    依据: 村民委员会组织法 第二十二条、第二十六条
    """
    if taken_in(session, batch):
        return []
    problems: list[RowProblem] = []
    actors = Codes("行为人", dict(session.exec(select(Actor.code, Actor.id)).all()))
    for row in batch.rows:
        problems += object_problems(session, row)
        actors.find(row, "actor_code", problems)
        meeting = meeting_of(row)
        if meeting.body not in STAGE_OF_BODY[STAGE_OF_LABEL[row["stage"]]]:
            message = f"{meeting.body.label}不能作“{row['stage']}”。"
            problems.append(
                row.problem("body-stage", "meeting_type", message, "请核对环节和会议类型。")
            )
        if meeting.present_count > meeting.member_count:
            problems.append(
                row.problem(
                    "present-over-members", "present_count", "实到多于应到。", "请核对人数。"
                )
            )
        votes = meeting.for_count + meeting.against_count + meeting.abstain_count
        if votes > meeting.present_count:
            problems.append(
                row.problem("votes-over-present", "yes_count", "票数多于实到。", "请核对票数。")
            )
        if meeting.called_on is not None and meeting.called_on > meeting.held_on:
            problems.append(
                row.problem(
                    "called-after", "called_on", "通知日期晚于会议日期。", "请核对两个日期。"
                )
            )
    return problems


def object_problems(session: Session, row: Row) -> list[RowProblem]:
    """A problem when the object a row names is not in the book.

    依据: 内部约定 (nothing is created by an import of procedure)
    """
    kind = kind_of(row["object_type"])
    course = COURSES.get(kind)
    if course is None or not course.exists(session, row["object_code"]):
        message = f"{row['object_type']}“{row['object_code']}”没有登记。"
        return [row.problem("unknown-code", "object_code", message, "请先拟定，或核对编号。")]
    return []


def _known(session: Session) -> set[tuple[Any, ...]]:
    return set(
        session.exec(
            select(Decision.object_kind, Decision.object_code, Decision.stage, Decision.minutes)
        ).all()
    )


def _key(row: Row) -> tuple[Any, ...]:
    return (
        str.__str__(kind_of(row["object_type"])),
        row["object_code"],
        STAGE_OF_LABEL[row["stage"]],
        row["minutes_no"],
    )


def apply(session: Session, act: Act, batch: Batch) -> Outcome:
    """Record the meetings that are new; objects move on when nothing is missing.

    依据: 村民委员会组织法 第二十四条
    """
    with taking_in(session, act, batch) as written:
        known = _known(session)
        rows = [row for row in batch.rows if _key(row) not in known]
        before = session.exec(select(Decision.entry_id).order_by(col(Decision.id).desc())).first()
        refuse_nothing_new(batch, written, len(rows), before or 0)
        invalid = 0
        touched: dict[tuple[ObjectKind, str], None] = {}
        for row in rows:
            kind, code = kind_of(row["object_type"]), row["object_code"]
            decision = record_decision(
                session,
                written,
                kind,
                code,
                STAGE_OF_LABEL[row["stage"]],
                meeting_of(row),
                round_no=COURSES[kind].round_of(session, code),
                source=batch.source(row),
                actor_code=row["actor_code"],
            )
            invalid += not decision.is_valid
            touched[kind, code] = None
        for kind, code in touched:
            COURSES[kind].after_decisions(session, written, code)
    return Outcome(written.id, {"会议": len(rows), "涉及事项": len(touched), "其中无效": invalid})


def export(session: Session) -> list[dict[str, Any]]:
    """All decisions as rows of the workbook.

    依据: 内部约定 (export → import is the identity)
    """
    kinds = {kind: label for label, kind in KIND_OF_LABEL.items()}
    stages = {code: label for label, code in STAGE_OF_LABEL.items()}
    acts = {
        (a.object_kind, a.object_code, a.stage, a.document): a.actor_code
        for a in session.exec(select(StageAct)).all()
    }
    return [
        filled(
            {
                "object_type": kinds[next(k for k in kinds if k == d.object_kind)],
                "object_code": d.object_code,
                "stage": stages[d.stage],
                "meeting_type": label_of(BodyKind, d.body),
                "met_on": d.held_on,
                "entitled_count": d.member_count,
                "present_count": d.present_count,
                "yes_count": d.for_count,
                "no_count": d.against_count,
                "abstain_count": d.abstain_count,
                "called_on": d.called_on,
                "minutes_no": d.minutes,
                "actor_code": acts.get((d.object_kind, d.object_code, d.stage, d.minutes), ""),
            }
        )
        for d in session.exec(select(Decision).order_by(col(Decision.id))).all()
    ]


HANDLER = Handler("decisions", check, apply, export)
