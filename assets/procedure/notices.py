"""Has the public notice run? Rounds, calendar or working days, corrections, objections, answers.

A notice (公示) stands before the act and invites objections; it hangs in every village where
somebody concerned lives. Its last day is computed when it is posted; the next step may be taken on
the day after. A substantive change restarts it as the next round, a correction does not.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from assets.deadlines import add_days, add_workdays
from assets.errors import NotFound, Refused
from assets.masking import refuse_personal_numbers
from assets.models import Notice, NoticeEnd, Objection, ObjectionAnswer, ObjectKind
from assets.trail import Entry

ANSWER_WORKDAYS = 7
"""Within how many working days an objection is answered; the district may set another number."""


@dataclass(frozen=True)
class Posting:
    """How and where a notice is posted."""

    village_code: str
    posted_on: date
    notice_days: int
    day_kind: str
    place: str
    text_sha256: str
    phone: str | None = None
    start_proof: str | None = None


def last_day(posted_on: date, notice_days: int, day_kind: str) -> date:
    """The last day of a notice: the posting day does not count.

    依据: 国开办发〔2018〕11号 第四条 (posting time in principle at least ten days)
    """
    if notice_days < 1:
        raise Refused("公示天数至少为1天。")
    if day_kind == "WORKING":
        return add_workdays(posted_on, notice_days)
    return add_days(posted_on, notice_days)


def current_round(session: Session, kind: ObjectKind, code: str) -> int:
    """The number of the newest notice round, 0 when nothing was posted.

    依据: 内部约定 (a restart is the next round)
    """
    newest = session.exec(
        select(func.max(Notice.round_no)).where(
            Notice.object_kind == kind, Notice.object_code == code, Notice.kind == "NOTICE"
        )
    ).one()
    return int(newest or 0)


def next_round(session: Session, kind: ObjectKind, code: str, village_code: str) -> int:
    """The round of a posting in a village: the running one, or the next where it hung already.

    依据: 内部约定 (a restart is the next round)
    """
    round_no = max(1, current_round(session, kind, code))
    posted = notices_of(session, kind, code, round_no)
    return round_no + any(each.village_code == village_code for each in posted)


def post_notice(
    session: Session,
    written: Entry,
    kind: ObjectKind,
    code: str,
    posting: Posting,
    *,
    round_no: int,
    notice_kind: str = "NOTICE",
    source: dict[str, Any] | None = None,
) -> Notice:
    """Record that a notice hangs in one village from a day on.

    Raises:
        Refused: It hangs there in this round already, or not even for a day.

    依据: 国开办发〔2018〕11号 第四条
    """
    newest = session.exec(
        select(func.max(Notice.seq)).where(
            Notice.object_kind == kind,
            Notice.object_code == code,
            Notice.round_no == round_no,
            Notice.village_code == posting.village_code,
            Notice.kind == notice_kind,
        )
    ).one()
    if newest and notice_kind == "NOTICE":
        raise Refused(f"{kind.label}{code}第{round_no}轮公示已在该村张贴，不能重复登记。")
    return written.add(
        Notice(
            object_kind=kind,
            object_code=code,
            kind=notice_kind,
            round_no=round_no,
            seq=int(newest or 0) + 1,
            village_code=posting.village_code,
            posted_on=posting.posted_on,
            notice_days=posting.notice_days,
            day_kind=posting.day_kind,
            ends_on=last_day(posting.posted_on, posting.notice_days, posting.day_kind),
            place=posting.place,
            phone=posting.phone,
            text_sha256=posting.text_sha256,
            start_proof=posting.start_proof,
            **(source or {}),
        )
    )


def end_notice(
    session: Session,
    written: Entry,
    notice: Notice,
    *,
    taken_down_on: date,
    end_proof: str | None,
) -> NoticeEnd:
    """Record that a notice was taken down, with the proof of its end.

    Raises:
        Refused: Taken down before its last day was over.

    依据: 国开办发〔2018〕11号 第四条
    """
    if taken_down_on <= notice.ends_on:
        raise Refused(
            f"公示应张贴到{notice.ends_on}，{taken_down_on}撤下时间不足。请重新公示，或据实登记撤下日期。"
        )
    return written.add(
        NoticeEnd(notice_id=notice.id, taken_down_on=taken_down_on, end_proof=end_proof)
    )


def notices_of(session: Session, kind: ObjectKind, code: str, round_no: int) -> list[Notice]:
    """The notices of one round, by village.

    依据: 内部约定 (one notice in each village concerned)
    """
    return list(
        session.exec(
            select(Notice)
            .where(
                Notice.object_kind == kind,
                Notice.object_code == code,
                Notice.round_no == round_no,
                Notice.kind == "NOTICE",
            )
            .order_by(col(Notice.village_code))
        ).all()
    )


def runs_until(session: Session, kind: ObjectKind, code: str, round_no: int) -> date | None:
    """The last day of the longest notice of a round; None when nothing was posted."""
    ends = [notice.ends_on for notice in notices_of(session, kind, code, round_no)]
    return max(ends) if ends else None


def notice_has_run(session: Session, kind: ObjectKind, code: str, round_no: int, on: date) -> bool:
    """Whether every notice of a round is over on that day (its last day itself is not over).

    依据: 国开办发〔2018〕11号 第四条
    """
    until = runs_until(session, kind, code, round_no)
    return until is not None and on > until


def raise_objection(
    session: Session,
    written: Entry,
    kind: ObjectKind,
    code: str,
    *,
    round_no: int,
    line_code: str,
    received_on: date,
    content: str,
    source: dict[str, Any] | None = None,
) -> Objection:
    """Record an objection to one line (household or asset code) or, with '', to the whole.

    Raises:
        Refused: There is no such notice round, or the text holds a personal number.

    依据: 内部约定 (an objection blocks what it names until it is answered)
    """
    if not notices_of(session, kind, code, round_no):
        raise Refused(f"{kind.label}{code}没有第{round_no}轮公示，不能登记异议。")
    refuse_personal_numbers(content, "异议内容")
    count = session.exec(
        select(func.count())
        .select_from(Objection)
        .where(Objection.object_kind == kind, Objection.object_code == code)
    ).one()
    return written.add(
        Objection(
            code=f"{code}-Y{count + 1:02d}",
            object_kind=kind,
            object_code=code,
            round_no=round_no,
            line_code=line_code,
            received_on=received_on,
            answer_due_on=add_workdays(received_on, ANSWER_WORKDAYS),
            content=content,
            **(source or {}),
        )
    )


def answer_objection(
    session: Session,
    written: Entry,
    objection_code: str,
    *,
    answered_on: date,
    upheld: bool,
    answer: str,
) -> ObjectionAnswer:
    """End an objection with a written answer; the complainant's consent is not needed.

    Raises:
        NotFound: No such objection.
        Refused: Answered already, or answered before it was received.

    依据: 内部约定 (it ends with a written answer in due days)
    """
    objection = session.exec(
        select(Objection).where(Objection.code == objection_code)
    ).one_or_none()
    if objection is None:
        raise NotFound("异议", objection_code)
    if answered_on < objection.received_on:
        raise Refused("答复日期早于收到日期，请核对。")
    if session.exec(
        select(ObjectionAnswer).where(ObjectionAnswer.objection_id == objection.id)
    ).first():
        raise Refused(f"异议{objection_code}已经答复。")
    refuse_personal_numbers(answer, "答复内容")
    return written.add(
        ObjectionAnswer(
            objection_id=objection.id,
            answered_on=answered_on,
            outcome="UPHELD" if upheld else "REJECTED",
            answer=answer,
        )
    )


def open_objections(
    session: Session, kind: ObjectKind, code: str, round_no: int | None = None
) -> list[Objection]:
    """Objections without an answer, oldest first."""
    statement = (
        select(Objection)
        .outerjoin(ObjectionAnswer, col(ObjectionAnswer.objection_id) == col(Objection.id))
        .where(
            Objection.object_kind == kind,
            Objection.object_code == code,
            col(ObjectionAnswer.id).is_(None),
        )
        .order_by(col(Objection.id))
    )
    if round_no is not None:
        statement = statement.where(Objection.round_no == round_no)
    return list(session.exec(statement).all())
