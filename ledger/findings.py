"""What became of a suspicion? Opened, answered, disposed of to the fen, closed by a second person.

refunded + documented + justified + written off + open remainder = the finding's amount. Nobody
closes what he owns, and an open remainder can only end as written off by a named person who has
that right. A finding is a lead taken up for clarification, not a verdict.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, select

from assets import trail
from assets.asof import AsOf
from assets.columns import Labelled
from assets.divisions_register import district_code
from assets.errors import InvalidValue, NotFound, Refused, SeparationOfDuties
from assets.masking import refuse_personal_numbers
from assets.models import Evidence, ObjectKind, Role, StatusEvent
from assets.money import format_yuan
from assets.procedure.actors import actor_by_code, require_role
from assets.procedure.evidence import EvidenceKind, keep
from assets.procedure.states import Machine, move, state_of, step
from assets.trail import Act, digest_of
from ledger.flags.running import Flag
from ledger.models import Finding, FindingAnswer, FindingClose

DUE_DAYS = 30
"""Days an owner has when none are given. 依据: 内部约定 (限期一个月答复)."""

BY_HAND = "HAND"
SUPERVISORS = (Role.AUDITOR, Role.FINANCE, Role.AGRICULTURE)
"""Who raises and closes findings. 依据: 审计法; 内部约定 (区级监管岗位)."""

WRITE_OFF_ROLES = (Role.FINANCE, Role.AUDITOR)


class Bucket(Labelled):
    """How part of an amount ends (核查处理); REPLY is words without an amount."""

    REFUNDED = "REFUNDED", "退回"
    DOCUMENTED = "DOCUMENTED", "补资料"
    JUSTIFIED = "JUSTIFIED", "说明"
    WRITTEN_OFF = "WRITTEN_OFF", "核销"
    REPLY = "REPLY", "答复"


class FindingState(Labelled):
    """States of a finding (疑点状态)."""

    OPEN = "OPEN", "待核查"
    REPLIED = "REPLIED", "已答复"
    CLOSED = "CLOSED", "已销号"


FINDING_MACHINE = Machine(
    kind=ObjectKind.FINDING,
    states=FindingState,
    steps={
        "open": step([""], FindingState.OPEN),
        "reply": step([FindingState.OPEN, FindingState.REPLIED], FindingState.REPLIED),
        "close": step([FindingState.REPLIED], FindingState.CLOSED),
    },
)


class RemainderOpen(Refused):
    """Part of the amount has not been disposed of (余额未处理)."""


@dataclass(frozen=True)
class Disposition:
    """The equation of a finding; fen. ``open_fen`` is what is left."""

    amount_fen: int
    refunded_fen: int
    documented_fen: int
    justified_fen: int
    written_off_fen: int

    @property
    def open_fen(self) -> int:
        """The remainder that nothing has been done about."""
        return self.amount_fen - (
            self.refunded_fen + self.documented_fen + self.justified_fen + self.written_off_fen
        )


@dataclass(frozen=True)
class FindingView:
    """A finding with its answers, equation, state and close."""

    finding: Finding
    answers: tuple[FindingAnswer, ...]
    disposition: Disposition
    state: str
    close: FindingClose | None


def finding_by_code(session: Session, code: str) -> Finding:
    """The finding of that code.

    Raises:
        NotFound: There is none.

    依据: 内部约定 (every finding has one code on all its papers)
    """
    found = session.exec(select(Finding).where(Finding.code == code)).one_or_none()
    if found is None:
        raise NotFound("疑点", code)
    return found


def open_from_flag(
    session: Session, act: Act, flag: Flag, *, owner: str, due_on: date | None = None
) -> Finding:
    """Take up a flag as a finding: rule version, amount and the snapshot it was seen in.

    Raises:
        AlreadyDone: The same rule was taken up for the same object and year before.
        Refused: Nobody known owns it, or the actor may not raise findings.

    依据: 审计法; 内部约定 (rule version and input snapshot stay with the finding)
    """
    return _open(
        session,
        act,
        stage=f"{flag.rule}/{flag.object_kind}/{flag.object_code}/{flag.year}",
        rule=flag.rule,
        rule_version=flag.rule_version,
        object_kind=flag.object_kind,
        object_code=flag.object_code,
        subject=f"{flag.title}：{flag.told}",
        amount_fen=flag.amount_fen,
        owner=owner,
        due_on=due_on,
        snapshot=flag.snapshot_sha256,
    )


def open_by_hand(
    session: Session,
    act: Act,
    *,
    object_kind: str,
    object_code: str,
    subject: str,
    amount_fen: int,
    owner: str,
    due_on: date | None = None,
) -> Finding:
    """Open a finding that no rule has found.

    Raises:
        InvalidValue: The subject is empty or holds a personal number, the amount is negative.
        Refused: Nobody known owns it, or the actor may not raise findings.

    依据: 审计法
    """
    if not subject.strip():
        raise InvalidValue("没有写明疑点内容。请用 --subject 写明。")
    if amount_fen < 0:
        raise InvalidValue("疑点金额不能为负数。")
    refuse_personal_numbers(subject, "疑点内容")
    return _open(
        session,
        act,
        stage=f"{BY_HAND}/{object_kind}/{object_code}/{digest_of(subject, str(amount_fen))[:16]}",
        rule=BY_HAND,
        rule_version=BY_HAND,
        object_kind=object_kind,
        object_code=object_code,
        subject=subject,
        amount_fen=amount_fen,
        owner=owner,
        due_on=due_on,
        snapshot=digest_of(object_kind, object_code, subject, str(amount_fen)),
    )


def _open(
    session: Session,
    act: Act,
    *,
    stage: str,
    rule: str,
    rule_version: str,
    object_kind: str,
    object_code: str,
    subject: str,
    amount_fen: int,
    owner: str,
    due_on: date | None,
    snapshot: str,
) -> Finding:
    with trail.entry(
        session, act, "finding", object_code, stage=stage, what=f"疑点{rule} {object_code}"
    ) as written:
        require_role(session, act, SUPERVISORS, district_code(session))
        actor_by_code(session, owner)
        if owner == act.actor:
            raise SeparationOfDuties("提出疑点的人不能同时是整改责任人。请指明另一人负责。")
        due = due_on or date.fromordinal(act.on.toordinal() + DUE_DAYS)
        if due < act.on:
            raise InvalidValue(f"整改期限{due}早于提出日{act.on}。请重填。")
        code = _next_code(session, act.on.year)
        finding = written.add(
            Finding(
                code=code,
                rule=rule,
                rule_version=rule_version,
                object_kind=object_kind,
                object_code=object_code,
                subject=subject,
                amount_fen=amount_fen,
                owner_code=owner,
                raised_by_code=act.actor,
                raised_on=act.on,
                due_on=due,
                snapshot_sha256=snapshot,
            )
        )
        move(session, written, FINDING_MACHINE, code, "open", step_label="提出", on=act.on)
    return finding


def answer(
    session: Session,
    act: Act,
    code: str,
    bucket: Bucket,
    *,
    text: str,
    amount_fen: int = 0,
    evidence: tuple[str, bytes] | None = None,
) -> FindingAnswer:
    """Record what was done about part of a finding's amount, or a reply in words.

    ``evidence`` is a file's name and bytes; it is kept and linked. Refunds, supplied documents
    and reasons are the owner's to report; a write-off is another, named person's.

    Raises:
        InvalidValue: No words, or an amount that does not fit the kind of answer.
        Refused: More than is left, the wrong person, a write-off without the right.
        WrongState: The finding is closed.

    依据: 审计法; 内部约定 (the disposition equation closes to the fen)
    """
    stage = f"{bucket.value}/{amount_fen}/{digest_of(text)[:16]}"
    with trail.entry(
        session, act, "finding-answer", code, stage=stage, what=f"{code}{bucket.label}"
    ) as written:
        finding = finding_by_code(session, code)
        _refuse_empty_answer(bucket, text, amount_fen)
        _refuse_wrong_person(session, act, finding, bucket)
        left = disposition(session, finding).open_fen
        if amount_fen > left:
            raise Refused(
                f"疑点{code}未处理余额{format_yuan(left)}元，"
                f"本次处理{format_yuan(amount_fen)}元，超出余额。请核对。"
            )
        digest = None
        if evidence is not None:
            kept = keep(
                session,
                written,
                evidence[1],
                EvidenceKind.OTHER,
                evidence[0],
                [(ObjectKind.FINDING, code, bucket.value)],
            )
            digest = kept.sha256
        move(session, written, FINDING_MACHINE, code, "reply", step_label="答复", on=act.on)
        return written.add(
            FindingAnswer(
                finding_id=finding.id,
                bucket=bucket.value,
                amount_fen=amount_fen,
                answered_on=act.on,
                answer=text,
                actor_code=act.actor,
                evidence_sha256=digest,
            )
        )


def _refuse_empty_answer(bucket: Bucket, text: str, amount_fen: int) -> None:
    if not text.strip():
        raise InvalidValue("没有写明处理或答复内容。请用 --text 写明。")
    refuse_personal_numbers(text, "答复内容")
    if bucket is Bucket.REPLY and amount_fen:
        raise InvalidValue("答复不带金额。处理金额请写明退回、补资料、说明或核销。")
    if amount_fen < 0:
        raise InvalidValue("处理金额不能为负数。")


def _refuse_wrong_person(session: Session, act: Act, finding: Finding, bucket: Bucket) -> None:
    if bucket is Bucket.WRITTEN_OFF:
        if act.actor == finding.owner_code:
            raise SeparationOfDuties("核销不能由整改责任人自己办理。请由有权的另一人核销。")
        require_role(session, act, WRITE_OFF_ROLES, district_code(session))
    elif act.actor != finding.owner_code:
        raise Refused(
            f"疑点{finding.code}由{finding.owner_code}负责答复，{act.actor}不能代为答复。"
            "请由责任人办理。"
        )


def close(session: Session, act: Act, code: str) -> FindingClose:
    """Close a finding whose whole amount is disposed of; not by its owner.

    Raises:
        SeparationOfDuties: The owner, or somebody who answered it, would close it.
        RemainderOpen: Something is left that was not written off by a named person.
        WrongState: Nobody has answered it.

    依据: 审计法; 会计法 (the second person); 内部约定 (a finding is closed by another than its owner)
    """
    with trail.entry(session, act, "finding-close", code, what=f"疑点{code}销号") as written:
        finding = finding_by_code(session, code)
        if act.actor == finding.owner_code:
            raise SeparationOfDuties(f"疑点{code}的整改责任人不能自己销号。请由另一人销号。")
        if act.actor in {each.actor_code for each in answers_of(session, finding)}:
            raise SeparationOfDuties(
                f"{act.actor}办理过疑点{code}的处理，不能再销号。请由另一人销号。"
            )
        left = disposition(session, finding).open_fen
        if left:
            raise RemainderOpen(
                f"疑点{code}还有{format_yuan(left)}元未处理，不能销号。"
                "请退回、补资料、说明，或由有权的人核销。"
            )
        move(
            session,
            written,
            FINDING_MACHINE,
            code,
            "close",
            step_label="销号",
            on=act.on,
            remedy="请先由责任人答复。",
        )
        return written.add(
            FindingClose(finding_id=finding.id, closed_by_code=act.actor, closed_on=act.on)
        )


def answers_of(session: Session, finding: Finding) -> list[FindingAnswer]:
    """Everything done about a finding, in order."""
    return list(
        session.exec(
            select(FindingAnswer)
            .where(FindingAnswer.finding_id == finding.id)
            .order_by(col(FindingAnswer.id))
        ).all()
    )


def disposition(session: Session, finding: Finding) -> Disposition:
    """The equation of a finding as it stands.

    依据: 内部约定 (every amount ends in a named bucket and the remainder is shown)
    """
    session.flush()
    return _equation(finding, answers_of(session, finding))


def _equation(finding: Finding, answers: Iterable[FindingAnswer]) -> Disposition:
    sums = dict.fromkeys((bucket.value for bucket in Bucket), 0)
    for each in answers:
        sums[each.bucket] += each.amount_fen
    return Disposition(
        finding.amount_fen,
        sums[Bucket.REFUNDED.value],
        sums[Bucket.DOCUMENTED.value],
        sums[Bucket.JUSTIFIED.value],
        sums[Bucket.WRITTEN_OFF.value],
    )


def views(
    session: Session, at: AsOf | None = None, *, owner: str = "", open_only: bool = False
) -> list[FindingView]:
    """All findings with answers and equation as of a day and position, by code."""
    at = at or AsOf()
    rows = session.exec(
        select(Finding)
        .where(col(Finding.raised_on) <= at.day, col(Finding.entry_id) <= at.position)
        .order_by(col(Finding.code))
    ).all()
    answers: dict[int, list[FindingAnswer]] = {}
    for each in session.exec(
        select(FindingAnswer)
        .where(col(FindingAnswer.answered_on) <= at.day, col(FindingAnswer.entry_id) <= at.position)
        .order_by(col(FindingAnswer.id))
    ).all():
        answers.setdefault(each.finding_id, []).append(each)
    closes = {
        each.finding_id: each
        for each in session.exec(
            select(FindingClose).where(
                col(FindingClose.closed_on) <= at.day, col(FindingClose.entry_id) <= at.position
            )
        ).all()
    }
    found = []
    for row in rows:
        mine = answers.get(row.id, [])
        shut = closes.get(row.id)
        state = FindingState.CLOSED if shut else FindingState.REPLIED if mine else FindingState.OPEN
        if (owner and row.owner_code != owner) or (open_only and shut is not None):
            continue
        found.append(FindingView(row, tuple(mine), _equation(row, mine), state.value, shut))
    return found


def view(session: Session, code: str) -> FindingView:
    """One finding with everything done about it.

    Raises:
        NotFound: There is none.
    """
    finding = finding_by_code(session, code)
    return next(each for each in views(session) if each.finding.id == finding.id)


def course_of(session: Session, code: str) -> list[StatusEvent]:
    """The steps a finding has taken, with author and day.

    依据: 内部约定 (history in the log)
    """
    return list(
        session.exec(
            select(StatusEvent)
            .where(
                StatusEvent.object_kind == ObjectKind.FINDING.value, StatusEvent.object_code == code
            )
            .order_by(col(StatusEvent.id))
        ).all()
    )


def papers_of(session: Session, digests: Iterable[str]) -> dict[str, str]:
    """Digest → title of the papers given with answers."""
    wanted = list(digests)
    rows = session.exec(
        select(Evidence.sha256, Evidence.title).where(col(Evidence.sha256).in_(wanted))
    ).all()
    return dict(rows)


def state_label(session: Session, code: str) -> str:
    """待核查、已答复 or 已销号."""
    state = state_of(session, ObjectKind.FINDING, code)
    return next((each.label for each in FindingState if each == state), "未登记")


def _next_code(session: Session, year: int) -> str:
    used = session.exec(
        select(Finding.code).where(col(Finding.code).startswith(f"YD-{year}-"))
    ).all()
    return f"YD-{year}-{len(used) + 1:04d}"
