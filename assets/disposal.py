"""How does an asset leave the register? Application, appraisal, decision, approval, deal, re-use.

Each step has its document and comes after the one before; whoever applied does not approve. With
the deal the asset is disposed of and earns, wears and owes nothing from then on. What it brought
must be put to use again, and until it was the disposal stays on the list.
"""

from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, select

from assets import trail
from assets.asof import AsOf
from assets.courses import ASSET_MACHINE, DISPOSAL_MACHINE
from assets.errors import InvalidValue, NotFound, Refused
from assets.masking import refuse_personal_numbers
from assets.models import (
    Asset,
    Condition,
    Disposal,
    DisposalReason,
    DisposalState,
    DisposalStep,
    ObjectKind,
    Role,
    Stage,
)
from assets.money import format_yuan
from assets.procedure import states
from assets.procedure.actors import refuse_auditor, require_role
from assets.procedure.decisions import Meeting, record_decision
from assets.procedure.duties import record_stage
from assets.registration import asset_by_code, asset_fact
from assets.trail import Act, Entry

APPROVERS = (Role.TOWN_AGRICULTURE, Role.AGRICULTURE, Role.FINANCE, Role.INDUSTRY)
"""Who may approve. 依据: 国办函〔2021〕51号 (no disposal without approval)."""


@dataclass(frozen=True)
class DisposalRow:
    """One disposal as of a day; amounts in fen, None before their step."""

    code: str
    asset_code: str
    reason: str
    applied_on: date
    state: str
    appraised_fen: int | None
    proceeds_fen: int | None
    reused_fen: int | None

    @property
    def to_reuse_fen(self) -> int:
        """What the deal brought and nobody has put to use yet."""
        return (self.proceeds_fen or 0) - (self.reused_fen or 0)


def disposal_by_code(session: Session, code: str) -> Disposal:
    """The disposal of that code.

    Raises:
        NotFound: There is none.
    """
    found = session.exec(select(Disposal).where(Disposal.code == code)).one_or_none()
    if found is None:
        raise NotFound("处置事项", code)
    return found


def propose(
    session: Session, act: Act, code: str, asset_code: str, *, reason: DisposalReason
) -> Disposal:
    """Apply for the disposal of an asset on the act's day.

    Raises:
        NotFound: No such asset.
        Refused: The code is taken.
        WrongState: The asset is not booked, or is on its way out already.

    依据: 国办函〔2021〕51号 (规范资产处置)
    """
    with trail.entry(
        session, act, "disposal-propose", code, what=f"申请处置{asset_code}"
    ) as written:
        refuse_auditor(session, act)
        asset = asset_by_code(session, asset_code)
        if session.exec(select(Disposal.id).where(Disposal.code == code)).first() is not None:
            raise Refused(f"处置编号{code}已用过。请换一个编号。")
        _move_asset(
            session,
            written,
            asset_code,
            "propose_disposal",
            "申请处置",
            remedy="已入账的资产才能处置；请先办理移交入账，或查看是否已在处置。",
        )
        made = written.add(
            Disposal(code=code, asset_id=asset.id, reason=reason.value, applied_on=act.on)
        )
        _move(session, written, code, "propose", "申请")
        record_stage(session, written, ObjectKind.DISPOSAL, code, Stage.DRAFT, on=act.on)
        return made


def appraise(
    session: Session, act: Act, code: str, *, amount_fen: int, document: str
) -> DisposalStep:
    """Record what the asset was appraised at; 0 for something worth nothing.

    Raises:
        Refused: No report is named, or the amount is negative.
        WrongState: The disposal is not just applied for.

    依据: 国办函〔2021〕51号 (规范资产处置); 广东省农村集体资产管理条例 (评估)
    """
    with trail.entry(session, act, "disposal-appraise", code, what=f"处置{code}评估") as written:
        disposal = _ready(session, act, code, document, "评估报告文号")
        _refuse_negative(amount_fen, "评估值")
        _move(session, written, code, "appraise", "评估")
        return _step(written, disposal, "APPRAISED", document, amount_fen)


def decide(session: Session, act: Act, code: str, meeting: Meeting) -> bool:
    """Record the meeting's resolution; only a valid one takes the disposal a step on.

    Raises:
        WrongState: The asset is not appraised yet.

    依据: 村民委员会组织法 第二十四条; 农村集体经济组织法 第二十六条
    """
    with trail.entry(
        session,
        act,
        "disposal-decide",
        code,
        stage=meeting.minutes,
        what=f"处置{code}会议{meeting.minutes}",
    ) as written:
        disposal = _ready(session, act, code, meeting.minutes, "会议记录编号")
        state = states.state_of(session, ObjectKind.DISPOSAL, code)
        decision = record_decision(
            session, written, ObjectKind.DISPOSAL, code, Stage.RESOLVE.value, meeting
        )
        if not decision.is_valid and state == DisposalState.APPRAISED:
            return False
        _move(session, written, code, "decide", "决议", on=meeting.held_on)
        _step(written, disposal, "DECIDED", meeting.minutes, None, on=meeting.held_on)
        return True


def approve(
    session: Session, act: Act, code: str, *, document: str, agreed: bool = True, opinion: str = ""
) -> DisposalState:
    """Approve a disposal, or refuse it with an opinion: the asset then goes back to where it was.

    Raises:
        NoSuchRole: The actor holds no approving office over the asset's place.
        SeparationOfDuties: Whoever applied cannot approve.
        Refused: A refusal without an opinion.

    依据: 国办函〔2021〕51号 (按程序审批)
    """
    with trail.entry(session, act, "disposal-approve", code, what=f"处置{code}审批") as written:
        disposal = _ready(session, act, code, document, "批复文号")
        fact = asset_fact(session, disposal.asset_id, AsOf())
        require_role(session, act, APPROVERS, fact.division_code if fact else "")
        if not agreed and not opinion.strip():
            raise Refused("不予批准要写明理由（--opinion）。")
        refuse_personal_numbers(opinion, "意见")
        _move(session, written, code, "approve" if agreed else "reject", "审批", remark=opinion)
        record_stage(
            session,
            written,
            ObjectKind.DISPOSAL,
            code,
            Stage.APPROVE,
            on=act.on,
            agreed=agreed,
            opinion=opinion or None,
            document=document,
        )
        if not agreed:
            _back_to_use(session, written, disposal, opinion)
            return DisposalState.REJECTED
        _step(written, disposal, "APPROVED", document, None)
        return DisposalState.APPROVED


def sell(
    session: Session, act: Act, code: str, *, amount_fen: int, document: str, reason: str = ""
) -> DisposalStep:
    """Record the deal and what it brought (0 for scrap); the asset is disposed of from that day.

    Raises:
        Refused: Less than the appraisal without a reason, no contract named, or negative.
        WrongState: Nobody approved it.

    依据: 国办函〔2021〕51号 (规范资产处置, 防止低价处置)
    """
    with trail.entry(session, act, "disposal-sell", code, what=f"处置{code}成交") as written:
        disposal = _ready(session, act, code, document, "成交合同或核销文号")
        _refuse_negative(amount_fen, "处置收入")
        appraised = _amounts(session, disposal.id, AsOf()).get("APPRAISED") or 0
        if amount_fen < appraised and not reason.strip():
            raise Refused(
                f"处置{code}评估{format_yuan(appraised)}元，成交只有{format_yuan(amount_fen)}元。"
                "低于评估值的要写明理由（--reason）。"
            )
        refuse_personal_numbers(reason, "理由")
        _move(session, written, code, "sell", "成交", remark=reason)
        _move_asset(session, written, _asset_code(session, disposal), "dispose", "处置")
        return _step(written, disposal, "SOLD", document, amount_fen)


def reuse(session: Session, act: Act, code: str, *, amount_fen: int, document: str) -> DisposalStep:
    """Record that what the deal brought was put to use again, all of it, and under which document.

    Raises:
        Refused: It is not the whole sum, or there was none.
        WrongState: The asset is not sold.

    依据: 国办函〔2021〕51号 (处置收入用于巩固拓展成果和乡村振兴)
    """
    with trail.entry(session, act, "disposal-reuse", code, what=f"处置{code}收入再投入") as written:
        disposal = _ready(session, act, code, document, "再投入项目或文号")
        _move(session, written, code, "reuse", "收入再投入")
        proceeds = _amounts(session, disposal.id, AsOf()).get("SOLD") or 0
        if proceeds == 0:
            raise Refused(f"处置{code}没有收入，不必登记再投入。")
        if amount_fen != proceeds:
            raise Refused(
                f"处置{code}收入{format_yuan(proceeds)}元，登记再投入{format_yuan(amount_fen)}元，"
                "两者要相等。分次投入的，全部落实后一次登记，文号写在一起。"
            )
        return _step(written, disposal, "REUSED", document, amount_fen)


def withdraw(session: Session, act: Act, code: str, *, reason: str) -> None:
    """Withdraw a disposal that nobody has approved yet; the asset goes back to where it was.

    Raises:
        Refused: No reason is given.
        WrongState: It is approved, done or over already.

    依据: 内部约定 (a maker may withdraw until the next person acts)
    """
    with trail.entry(session, act, "disposal-withdraw", code, what=f"撤回处置{code}") as written:
        refuse_auditor(session, act)
        disposal = disposal_by_code(session, code)
        if not reason.strip():
            raise Refused("撤回处置要写明原因（--reason）。")
        refuse_personal_numbers(reason, "原因")
        _move(session, written, code, "withdraw", "撤回", remark=reason)
        _back_to_use(session, written, disposal, reason)


def _ready(session: Session, act: Act, code: str, document: str, what: str) -> Disposal:
    refuse_auditor(session, act)
    disposal = disposal_by_code(session, code)
    if not document.strip():
        raise Refused(f"处置{code}要写明{what}。")
    refuse_personal_numbers(document, what)
    if act.on < disposal.applied_on:
        raise Refused(f"处置{code}于{disposal.applied_on}申请，不能早于该日办理。请核对日期。")
    return disposal


def _refuse_negative(amount_fen: int, what: str) -> None:
    if amount_fen < 0:
        raise InvalidValue(f"{what}不能为负数。没有价值的写0。")


def _step(
    written: Entry,
    disposal: Disposal,
    name: str,
    document: str,
    amount_fen: int | None,
    *,
    on: date | None = None,
) -> DisposalStep:
    return written.add(
        DisposalStep(
            disposal_id=disposal.id,
            step=name,
            happened_on=on or written.act.on,
            amount_fen=amount_fen,
            document=document,
        )
    )


def _move(
    session: Session,
    written: Entry,
    code: str,
    name: str,
    label: str,
    *,
    on: date | None = None,
    remark: str = "",
) -> None:
    states.move(
        session,
        written,
        DISPOSAL_MACHINE,
        code,
        name,
        step_label=label,
        on=on or written.act.on,
        remark=remark or None,
        remedy="处置依次办理：申请、评估、决议、审批、成交、收入再投入。",
    )


def _move_asset(
    session: Session, written: Entry, code: str, name: str, label: str, *, remedy: str = ""
) -> None:
    states.move(
        session,
        written,
        ASSET_MACHINE,
        code,
        name,
        step_label=label,
        on=written.act.on,
        remedy=remedy,
    )


def _back_to_use(session: Session, written: Entry, disposal: Disposal, remark: str) -> None:
    """Put the asset back into operation, and idle or under repair if its card says so."""
    code = _asset_code(session, disposal)
    _move_asset(session, written, code, "withdraw_disposal", "撤回处置")
    fact = asset_fact(session, disposal.asset_id, AsOf())
    step = {Condition.IDLE.value: "idle", Condition.REPAIR.value: "repair"}
    name = step.get(str.__str__(fact.condition), "") if fact is not None else ""
    if name:
        _move_asset(session, written, code, name, remark)


def _asset_code(session: Session, disposal: Disposal) -> str:
    return session.exec(select(Asset.code).where(Asset.id == disposal.asset_id)).one()


def _amounts(session: Session, disposal_id: int, at: AsOf) -> dict[str, int | None]:
    return {step.step: step.amount_fen for step in steps_of(session, disposal_id, at)}


def steps_of(session: Session, disposal_id: int, at: AsOf) -> list[DisposalStep]:
    """The steps of one disposal by the day, in order.

    依据: 内部约定 (every step with its document)
    """
    return list(
        session.exec(
            select(DisposalStep)
            .where(
                DisposalStep.disposal_id == disposal_id,
                col(DisposalStep.happened_on) <= at.day,
                col(DisposalStep.entry_id) <= at.position,
            )
            .order_by(col(DisposalStep.id))
        ).all()
    )


def disposals(session: Session, at: AsOf) -> list[DisposalRow]:
    """Every disposal applied for by the day, by code.

    依据: 国办函〔2021〕51号 (处置情况登记)
    """
    found = states.states_of(session, ObjectKind.DISPOSAL, at)
    amounts: dict[int, dict[str, int | None]] = {}
    for step in session.exec(
        select(DisposalStep).where(
            col(DisposalStep.happened_on) <= at.day, col(DisposalStep.entry_id) <= at.position
        )
    ).all():
        amounts.setdefault(step.disposal_id, {})[step.step] = step.amount_fen
    rows = session.exec(
        select(Disposal, Asset.code)
        .where(
            Asset.id == Disposal.asset_id,
            col(Disposal.applied_on) <= at.day,
            col(Disposal.entry_id) <= at.position,
        )
        .order_by(Disposal.code)
    ).all()
    return [
        DisposalRow(
            code=disposal.code,
            asset_code=asset_code,
            reason=disposal.reason,
            applied_on=disposal.applied_on,
            state=found.get(disposal.code, ""),
            appraised_fen=amounts.get(disposal.id, {}).get("APPRAISED"),
            proceeds_fen=amounts.get(disposal.id, {}).get("SOLD"),
            reused_fen=amounts.get(disposal.id, {}).get("REUSED"),
        )
        for disposal, asset_code in rows
    ]
