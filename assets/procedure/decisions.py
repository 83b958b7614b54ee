"""Was a meeting's decision valid? Each kind of body has its own arithmetic, by date.

The two laws count differently: a villagers' body decides by more than half of those present, a
collective's body by two thirds of all its members or representatives (from 2025-05-01). Meetings
of town and district are proved by minutes instead of a quorum. Validity is computed when the
decision is recorded and stored with its reason; history is recorded and flagged, never refused.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlmodel import Session, col, select

from assets.asof import AsOf
from assets.columns import label_of
from assets.errors import Refused
from assets.models import BodyKind, Decision, ObjectKind, Stage
from assets.procedure.duties import record_stage
from assets.trail import Entry

COLLECTIVE_LAW_FROM = date(2025, 5, 1)
CALL_DAYS = 10

HALF_MUST_COME = (
    BodyKind.VILLAGERS,
    BodyKind.PARTY_BRANCH,
    BodyKind.TWO_COMMITTEES,
    BodyKind.PARTY_MEMBERS,
)
"""Bodies that need more than half of their members; the others need two thirds."""

STAGE_OF_BODY: dict[str, tuple[BodyKind, ...]] = {
    "PROPOSE": (BodyKind.PARTY_BRANCH, BodyKind.TOWN_MEETING, BodyKind.DISTRICT_GROUP),
    "CONSULT": (BodyKind.TWO_COMMITTEES, BodyKind.TOWN_MEETING, BodyKind.DISTRICT_GROUP),
    "DELIBERATE": (BodyKind.PARTY_MEMBERS, BodyKind.TOWN_MEETING, BodyKind.DISTRICT_GROUP),
    "RESOLVE": (
        BodyKind.VILLAGERS,
        BodyKind.REPRESENTATIVES,
        BodyKind.MEMBERS,
        BodyKind.MEMBER_REPRESENTATIVES,
        BodyKind.TOWN_MEETING,
        BodyKind.DISTRICT_GROUP,
    ),
}
"""Which bodies may act at which of the four deliberations (四议)."""

DELIBERATIONS = (Stage.PROPOSE, Stage.CONSULT, Stage.DELIBERATE, Stage.RESOLVE)


@dataclass(frozen=True)
class Meeting:
    """What a minute book says of one meeting; counts of people."""

    body: BodyKind
    held_on: date
    member_count: int
    present_count: int
    for_count: int
    against_count: int
    abstain_count: int
    minutes: str
    called_on: date | None = None


def fault_of(meeting: Meeting) -> str | None:
    """Why a decision is not valid, as a Chinese sentence; None when it is.

    依据: 村民委员会组织法 第二十二条、第二十六条; 农村集体经济组织法 第二十六条、第二十八条
    """
    impossible = impossible_counts(meeting)
    if impossible is not None:
        return impossible
    if meeting.body in (BodyKind.TOWN_MEETING, BodyKind.DISTRICT_GROUP):
        return None if meeting.for_count > 0 else "会议记录没有表决结果"
    quorum = _quorum_fault(meeting)
    return quorum or _majority_fault(meeting) or _call_fault(meeting)


def impossible_counts(meeting: Meeting) -> str | None:
    """Why a minute book cannot say this, as a Chinese sentence; None when it can.

    依据: 内部约定 (a slip of the pen is refused, an invalid vote is recorded)
    """
    votes = (meeting.for_count, meeting.against_count, meeting.abstain_count)
    if not meeting.minutes.strip():
        return "没有会议记录编号"
    if min(meeting.member_count, meeting.present_count, *votes) < 0:
        return "人数和票数不能为负数"
    if meeting.present_count > meeting.member_count:
        return "实到人数多于应到人数"
    if sum(votes) > meeting.present_count:
        return "表决票数多于实到人数"
    return None


def _quorum_fault(meeting: Meeting) -> str | None:
    present, members = meeting.present_count, meeting.member_count
    if meeting.body in HALF_MUST_COME:
        return None if 2 * present > members else f"实到{present}人未过应到{members}人的半数"
    if meeting.body is BodyKind.MEMBER_REPRESENTATIVES and meeting.held_on >= COLLECTIVE_LAW_FROM:
        return None
    return None if 3 * present >= 2 * members else f"实到{present}人不足应到{members}人的三分之二"


def _majority_fault(meeting: Meeting) -> str | None:
    votes, members, present = meeting.for_count, meeting.member_count, meeting.present_count
    of_all = meeting.body in (BodyKind.MEMBERS, BodyKind.MEMBER_REPRESENTATIVES)
    if of_all and meeting.held_on >= COLLECTIVE_LAW_FROM:
        enough = 3 * votes >= 2 * members
        return None if enough else f"赞成{votes}人不足全体{members}人的三分之二"
    return None if 2 * votes > present else f"赞成{votes}人未过实到{present}人的半数"


def _call_fault(meeting: Meeting) -> str | None:
    if meeting.body not in (BodyKind.VILLAGERS, BodyKind.MEMBERS) or meeting.called_on is None:
        return None
    days = (meeting.held_on - meeting.called_on).days
    return None if days >= CALL_DAYS else f"会前{days}天通知，不足{CALL_DAYS}天"


def record_decision(
    session: Session,
    written: Entry,
    kind: ObjectKind,
    code: str,
    stage: str,
    meeting: Meeting,
    *,
    round_no: int = 1,
    source: dict[str, Any] | None = None,
    actor_code: str = "",
) -> Decision:
    """Record one meeting's decision with its computed validity, and who stands for it.

    Raises:
        Refused: That body does not act at that stage, the counts cannot be, or the meeting is
            recorded already.

    依据: 村民委员会组织法 第二十四条
    """
    label = label_of(Stage, stage)
    if meeting.body not in STAGE_OF_BODY[stage]:
        raise Refused(f"{meeting.body.label}不能作“{label}”。请核对环节和会议类型。")
    impossible = impossible_counts(meeting)
    if impossible is not None:
        raise Refused(f"会议“{meeting.minutes}”：{impossible}。请核对会议记录。")
    if _is_recorded(session, kind, code, stage, meeting.minutes):
        raise Refused(
            f"{kind.label}{code}的会议“{meeting.minutes}”的{label}已登记。如会议记录编号有误，请核对。"
        )
    fault = fault_of(meeting)
    decision = written.add(
        Decision(
            object_kind=kind,
            object_code=code,
            round_no=round_no,
            stage=stage,
            body=meeting.body,
            held_on=meeting.held_on,
            member_count=meeting.member_count,
            present_count=meeting.present_count,
            for_count=meeting.for_count,
            against_count=meeting.against_count,
            abstain_count=meeting.abstain_count,
            called_on=meeting.called_on,
            minutes=meeting.minutes,
            is_valid=fault is None,
            invalid_reason=fault,
            **(source or {}),
        )
    )
    stage_word = next(each for each in Stage if each == stage)
    record_stage(
        session,
        written,
        kind,
        code,
        stage_word,
        on=meeting.held_on,
        round_no=round_no,
        document=meeting.minutes,
        actor_code=actor_code,
    )
    return decision


def _is_recorded(session: Session, kind: ObjectKind, code: str, stage: str, minutes: str) -> bool:
    found = session.exec(
        select(Decision.id).where(
            Decision.object_kind == kind,
            Decision.object_code == code,
            Decision.stage == stage,
            Decision.minutes == minutes,
        )
    ).first()
    return found is not None


def decisions_of(
    session: Session, kind: ObjectKind, code: str, *, round_no: int | None = None, at: AsOf = AsOf()
) -> list[Decision]:
    """All decisions on an object in order of recording.

    依据: 内部约定 (四议 are asked from the object)
    """
    statement = select(Decision).where(
        Decision.object_kind == kind,
        Decision.object_code == code,
        col(Decision.held_on) <= at.day,
        col(Decision.entry_id) <= at.position,
    )
    if round_no is not None:
        statement = statement.where(Decision.round_no == round_no)
    return list(session.exec(statement.order_by(col(Decision.id))).all())


def missing_stages(decisions: list[Decision], required: tuple[str, ...]) -> list[str]:
    """Which required stages have no valid decision, in order; also stages out of order.

    依据: 村民委员会组织法 (四议两公开 as practised: 提议、商议、审议、决议)
    """
    missing = []
    last = date.min
    for stage in required:
        held = [d.held_on for d in decisions if d.stage == stage and d.is_valid]
        if not held or max(held) < last:
            missing.append(stage)
        else:
            last = max(last, min(day for day in held if day >= last))
    return missing


def valid_resolution(
    session: Session, kind: ObjectKind, code: str, round_no: int | None = None
) -> Decision | None:
    """The newest valid resolution on an object.

    依据: 村民委员会组织法 第二十四条
    """
    for decision in reversed(decisions_of(session, kind, code, round_no=round_no)):
        if decision.stage == "RESOLVE" and decision.is_valid:
            return decision
    return None


def days_called_ahead(meeting: Meeting) -> timedelta | None:
    """How long before the meeting it was called, where known.

    依据: 村民委员会组织法 第二十二条
    """
    return None if meeting.called_on is None else meeting.held_on - meeting.called_on
