"""How do postings enter the book? One row per village board: start, days, end, proof."""

from datetime import date
from typing import Any

from sqlmodel import Session, col, select

from assets.asof import AsOf
from assets.divisions_register import lookup, titles
from assets.errors import RowProblem
from assets.intake import Batch, Handler, Outcome, Row
from assets.intake.course import COURSES, KIND_OF_LABEL, kind_of
from assets.intake.decisions import object_problems
from assets.intake.registered import (
    Places,
    filled,
    place_fields,
    refuse_nothing_new,
    taken_in,
    taking_in,
)
from assets.models import Notice, NoticeEnd, ObjectKind
from assets.procedure.notices import Posting, end_notice, last_day, post_notice
from assets.trail import Act, digest_of

DAY_KINDS = {"日历日": "CALENDAR", "工作日": "WORKING"}


def check(session: Session, batch: Batch, on: date) -> list[RowProblem]:
    """Every problem of the rows: objects, places, days, taken down too early.

    依据: 国开办发〔2018〕11号 第四条
    """
    if taken_in(session, batch):
        return []
    problems: list[RowProblem] = []
    places = Places(lookup(session, AsOf(on)))
    for row in batch.rows:
        problems += object_problems(session, row)
        places.find(row, problems)
        if row["notice_days"] < 1:
            problems.append(
                row.problem("days-too-few", "notice_days", "公示天数至少为1天。", "请核对天数。")
            )
            continue
        down = row.get("taken_down_on")
        ends = last_day(row["posted_on"], row["notice_days"], DAY_KINDS[row["day_type"]])
        if down is not None and down <= ends:
            message = f"应张贴到{ends}，撤下日期{down}过早。"
            problems.append(
                row.problem(
                    "taken-down-early", "taken_down_on", message, "请据实填写，不足的应重新公示。"
                )
            )
    return problems


def _known(session: Session) -> set[tuple[Any, ...]]:
    return {
        (each.object_kind, each.object_code, each.village_code, each.posted_on)
        for each in session.exec(select(Notice)).all()
    }


def _key(row: Row, village: str) -> tuple[Any, ...]:
    return (
        str.__str__(kind_of(row["object_type"])),
        row["object_code"],
        village,
        row["posted_on"],
    )


def apply(session: Session, act: Act, batch: Batch) -> Outcome:
    """Record the postings that are new, with their ends; objects move to 公示.

    依据: 国开办发〔2018〕11号 第四条
    """
    with taking_in(session, act, batch) as written:
        known = _known(session)
        places = Places(lookup(session, AsOf(act.on)))
        rows = [(row, places.find(row, []) or "") for row in batch.rows]
        new = [(row, village) for row, village in rows if _key(row, village) not in known]
        before = session.exec(select(Notice.entry_id).order_by(col(Notice.id).desc())).first()
        refuse_nothing_new(batch, written, len(new), before or 0)
        touched: dict[tuple[ObjectKind, str], date] = {}
        for row, village in new:
            kind, code = kind_of(row["object_type"]), row["object_code"]
            course = COURSES[kind]
            digest = course.notice_digest
            posting = Posting(
                village_code=village,
                posted_on=row["posted_on"],
                notice_days=row["notice_days"],
                day_kind=DAY_KINDS[row["day_type"]],
                place=row["place"],
                text_sha256=digest(session, code) if digest else digest_of(code),
                phone=row.get("contact_phone"),
                start_proof=row.get("photo_no"),
            )
            notice = post_notice(
                session,
                written,
                kind,
                code,
                posting,
                round_no=course.round_of_posting(session, code, village)
                if course.round_of_posting
                else course.round_of(session, code),
                source=batch.source(row),
            )
            if row.get("taken_down_on") is not None:
                end_notice(
                    session,
                    written,
                    notice,
                    taken_down_on=row["taken_down_on"],
                    end_proof=row.get("photo_no"),
                )
            touched.setdefault((kind, code), row["posted_on"])
            session.flush()
        for (kind, code), posted_on in touched.items():
            COURSES[kind].after_notices(session, written, code, posted_on)
    return Outcome(written.id, {"张贴": len(new), "涉及事项": len(touched)})


def export(session: Session) -> list[dict[str, Any]]:
    """All postings as rows of the workbook.

    依据: 内部约定 (export → import is the identity)
    """
    kinds = {kind: label for label, kind in KIND_OF_LABEL.items()}
    day_kinds = {code: label for label, code in DAY_KINDS.items()}
    names = titles(session, AsOf())
    rows = session.exec(
        select(Notice, NoticeEnd)
        .outerjoin(NoticeEnd, col(NoticeEnd.notice_id) == col(Notice.id))
        .where(Notice.kind == "NOTICE")
        .order_by(col(Notice.id))
    ).all()
    return [
        filled(
            {
                "object_type": kinds[next(k for k in kinds if k == n.object_kind)],
                "object_code": n.object_code,
                **place_fields(n.village_code, names),
                "posted_on": n.posted_on,
                "notice_days": n.notice_days,
                "day_type": day_kinds[n.day_kind],
                "place": n.place,
                "contact_phone": n.phone,
                "taken_down_on": end.taken_down_on if end is not None else None,
                "photo_no": n.start_proof,
            }
        )
        for n, end in rows
    ]


HANDLER = Handler("notices", check, apply, export)
