"""Which meetings, notices, objections and opinions did an object pass through, as tables of a form?

The confirmation form and the plan show the same course; both take their tables from here.
"""

from sqlmodel import col, select

from assets.columns import label_of
from assets.models import (
    BodyKind,
    Decision,
    Notice,
    Objection,
    ObjectionAnswer,
    ObjectKind,
    Stage,
    StageAct,
)
from assets.procedure.actors import actor_titles
from reports.paper import Column, Row, Table, hide_personal_numbers
from reports.standpoint import Standpoint

_DELIBERATIONS = {
    "PROPOSE": "提议",
    "CONSULT": "商议",
    "DELIBERATE": "审议",
    "RESOLVE": "决议",
}
_NOTICE_KINDS = {"NOTICE": "公示", "ANNOUNCEMENT": "公告", "CORRECTION": "更正公示"}


def meetings(stand: Standpoint, kind: ObjectKind, code: str) -> Table:
    """The meetings about an object with their arithmetic.

    依据: 村民委员会组织法 第二十四条 (四议两公开)
    """
    rows = stand.session.exec(
        select(Decision)
        .where(
            Decision.object_kind == kind.value,
            Decision.object_code == code,
            col(Decision.held_on) <= stand.day,
            col(Decision.entry_id) <= stand.at.position,
        )
        .order_by(col(Decision.held_on), col(Decision.id))
    ).all()
    body: list[Row] = [
        {
            "stage": _DELIBERATIONS[row.stage],
            "body": label_of(BodyKind, row.body),
            "on": row.held_on,
            "members": row.member_count,
            "present": row.present_count,
            "yes": row.for_count,
            "no": row.against_count,
            "abstain": row.abstain_count,
            "minutes": row.minutes,
            "valid": "有效" if row.is_valid else f"无效：{row.invalid_reason}",
        }
        for row in rows
    ]
    return Table(
        "民主议事",
        (
            Column("stage", "环节", align="center", width_weight=2),
            Column("body", "会议", width_weight=4),
            Column("on", "日期", "date"),
            Column("members", "应到", "int"),
            Column("present", "实到", "int"),
            Column("yes", "赞成", "int"),
            Column("no", "反对", "int"),
            Column("abstain", "弃权", "int"),
            Column("minutes", "会议记录", width_weight=5),
            Column("valid", "结果", width_weight=3),
        ),
        body,
        unit_line="单位：人",
    )


def postings(stand: Standpoint, kind: ObjectKind, code: str) -> Table:
    """Where and how long an object hung, village by village."""
    rows = stand.session.exec(
        select(Notice)
        .where(
            Notice.object_kind == kind.value,
            Notice.object_code == code,
            col(Notice.posted_on) <= stand.day,
            col(Notice.entry_id) <= stand.at.position,
        )
        .order_by(col(Notice.round_no), col(Notice.village_code), col(Notice.id))
    ).all()
    raised = _objection_counts(stand, kind, code)
    body: list[Row] = [
        {
            "kind": _NOTICE_KINDS[row.kind],
            "round": row.round_no,
            "village": stand.place(row.village_code),
            "from": row.posted_on,
            "to": row.ends_on,
            "days": f"{row.notice_days}{'个工作日' if row.day_kind == 'WORKING' else '天'}",
            "place": row.place,
            "objections": raised.get(row.round_no, 0),
        }
        for row in rows
    ]
    return Table(
        "公示",
        (
            Column("kind", "类型", align="center", width_weight=2),
            Column("round", "轮次", "int"),
            Column("village", "村", width_weight=4),
            Column("from", "起", "date"),
            Column("to", "止", "date"),
            Column("days", "天数", align="center", width_weight=2),
            Column("place", "地点", width_weight=5),
            Column("objections", "异议", "int"),
        ),
        body,
        unit_line="",
    )


def _objection_counts(stand: Standpoint, kind: ObjectKind, code: str) -> dict[int, int]:
    counts: dict[int, int] = {}
    for row in stand.session.exec(
        select(Objection).where(
            Objection.object_kind == kind.value,
            Objection.object_code == code,
            col(Objection.received_on) <= stand.day,
            col(Objection.entry_id) <= stand.at.position,
        )
    ).all():
        counts[row.round_no] = counts.get(row.round_no, 0) + 1
    return counts


def objections(stand: Standpoint, kind: ObjectKind, code: str) -> Table | None:
    """Objections with their answers, or None where there was none."""
    rows = stand.session.exec(
        select(Objection, ObjectionAnswer)
        .outerjoin(
            ObjectionAnswer,
            (col(ObjectionAnswer.objection_id) == col(Objection.id))
            & (col(ObjectionAnswer.answered_on) <= stand.day)
            & (col(ObjectionAnswer.entry_id) <= stand.at.position),
        )
        .where(
            Objection.object_kind == kind.value,
            Objection.object_code == code,
            col(Objection.received_on) <= stand.day,
            col(Objection.entry_id) <= stand.at.position,
        )
        .order_by(col(Objection.id))
    ).all()
    if not rows:
        return None
    body: list[Row] = []
    for objection, answer in rows:
        body.append(
            {
                "code": objection.code,
                "on": objection.received_on,
                "line": objection.line_code or "全部",
                "content": hide_personal_numbers(objection.content),
                "answered": answer.answered_on if answer else None,
                "outcome": {"UPHELD": "成立", "REJECTED": "不成立"}[answer.outcome]
                if answer
                else "待答复",
                "answer": hide_personal_numbers(answer.answer) if answer else "",
            }
        )
    return Table(
        "异议及答复",
        (
            Column("code", "编号", width_weight=3),
            Column("on", "收到日", "date"),
            Column("line", "对象", width_weight=3),
            Column("content", "内容", width_weight=8),
            Column("answered", "答复日", "date"),
            Column("outcome", "结果", align="center", width_weight=2),
            Column("answer", "答复", width_weight=8),
        ),
        body,
        unit_line="",
    )


def opinions(stand: Standpoint, kind: ObjectKind, code: str) -> Table:
    """Who gave which opinion when: each stage with its actor, the recorder apart."""
    names = actor_titles(stand.session)
    rows = stand.session.exec(
        select(StageAct)
        .where(
            StageAct.object_kind == kind.value,
            StageAct.object_code == code,
            col(StageAct.acted_on) <= stand.day,
            col(StageAct.entry_id) <= stand.at.position,
        )
        .order_by(col(StageAct.id))
    ).all()
    body: list[Row] = [
        {
            "stage": label_of(Stage, row.stage),
            "round": row.round_no,
            "on": row.acted_on,
            "actor": names.get(row.actor_code, row.actor_code),
            "opinion": row.opinion or ("同意" if row.agreed else "不同意"),
            "document": row.document or "",
        }
        for row in rows
    ]
    return Table(
        "办理经过",
        (
            Column("stage", "环节", align="center", width_weight=3),
            Column("round", "轮次", "int"),
            Column("on", "日期", "date"),
            Column("actor", "行为人", align="center", width_weight=3),
            Column("opinion", "意见", width_weight=6),
            Column("document", "文号", width_weight=4),
        ),
        body,
        unit_line="",
    )
