"""How does a plan become payable? Four deliberations, notice, objections, opinions, filing, posting.

Every stage is an act of a person, kept apart from the makers' by the database. A line objection
withholds that line and lets the rest go on; a substantive change restarts the notice. Posting books
the subsidies that the decision has fixed; wages become payable by attendance (``pay_attendance``).
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import true
from sqlmodel import Session, col, select

from assets import trail
from assets.errors import NotFound, Refused
from assets.models import Objection, ObjectionAnswer, ObjectKind, Stage, StageAct
from assets.procedure import notices
from assets.procedure.decisions import (
    Meeting,
    decisions_of,
    missing_stages,
    record_decision,
)
from assets.procedure.duties import record_stage
from assets.procedure.notices import Posting
from assets.procedure.states import move, state_of
from assets.trail import Act, Entry, digest_of
from ledger.books import posting as books
from ledger.courses import PLAN_MACHINE
from ledger.models import (
    PERSONAL_CHANNELS,
    Allocation,
    Channel,
    Entitlement,
    Household,
    Plan,
    PlanChannel,
    PlanState,
    Policy,
    Roster,
    RosterLine,
    Withholding,
)
from ledger.plan_draft import channels_of, plan_by_code
from ledger.policy import PolicyText, parse

STAGE_LABEL = {
    "PROPOSE": "提议",
    "CONSULT": "商议",
    "DELIBERATE": "审议",
    "RESOLVE": "决议",
}


def policy_of(session: Session, plan: Plan) -> PolicyText:
    """The policy a plan was drafted under, from the text kept in the book.

    依据: 内部约定 (an old plan is judged by the text it was made under)
    """
    row = session.get(Policy, plan.policy_id)
    if row is None:
        raise NotFound("分配政策", str(plan.policy_id))
    return parse(row.body, row.code)


def round_of(session: Session, code: str) -> int:
    """The round a plan is in: one more than the times it was returned.

    依据: 内部约定 (a returned plan is decided and posted anew)
    """
    from assets.models import StatusEvent

    rows = session.exec(
        select(StatusEvent.id).where(
            StatusEvent.object_kind == ObjectKind.PLAN,
            StatusEvent.object_code == code,
            StatusEvent.to_state == PlanState.RETURNED,
        )
    ).all()
    return 1 + len(rows)


# --- deciding --------------------------------------------------------------------------------


def decide(session: Session, act: Act, code: str, stage: str, meeting: Meeting) -> bool:
    """Record one meeting about a plan; returns whether its decision is valid.

    依据: 村民委员会组织法 第二十四条
    """
    with trail.entry(
        session,
        act,
        "plan-decide",
        code,
        stage=f"{stage}/{meeting.minutes}/{digest_of(repr(meeting))[:16]}",
        what=f"方案{code}会议{meeting.minutes}",
    ) as written:
        plan_by_code(session, code)
        decision = record_decision(
            session,
            written,
            ObjectKind.PLAN,
            code,
            stage,
            meeting,
            round_no=round_of(session, code),
        )
        after_decisions(session, written, code)
    return decision.is_valid


def after_decisions(session: Session, written: Entry, code: str) -> None:
    """Move a plan on once every deliberation its policy demands is valid and in order.

    依据: 村民委员会组织法 第二十四条; 内部约定 (四议 in order)
    """
    session.flush()
    plan = plan_by_code(session, code)
    policy = policy_of(session, plan)
    round_no = round_of(session, code)
    held = decisions_of(session, ObjectKind.PLAN, code, round_no=round_no)
    needed = policy.stages.deliberations if plan.kind == "VILLAGE" else ("RESOLVE",)
    if missing_stages(held, tuple(needed)):
        return
    if state_of(session, ObjectKind.PLAN, code) in (PlanState.DRAFT, PlanState.RETURNED):
        last = max(each.held_on for each in held)
        move(session, written, PLAN_MACHINE, code, "decide", step_label="决议", on=last)


# --- posting publicly ------------------------------------------------------------------------


def notice_digest(session: Session, plan: Plan) -> str:
    """Digest of what a plan's notice says: channels and every household's fen.

    依据: 内部约定 (what was posted is compared with what is paid)
    """
    parts = [plan.code, str(plan.distributable_fen)]
    parts += [f"{x.line_no} {x.channel} {x.amount_fen}" for x in channels_of(session, plan.id)]
    rows = session.exec(
        select(Allocation.household_id, Allocation.share_fen)
        .join(PlanChannel, col(PlanChannel.id) == col(Allocation.plan_channel_id))
        .where(PlanChannel.plan_id == plan.id)
        .order_by(col(Allocation.id))
    ).all()
    parts += [f"{household} {share}" for household, share in rows]
    return digest_of(*parts)


def villages_of_plan(session: Session, plan: Plan) -> list[str]:
    """The villages where somebody on the plan's roster lives: the notice hangs in each.

    依据: 内部约定 (the notice hangs in every village where a payee lives)
    """
    rows = session.exec(
        select(RosterLine.village)
        .join(Roster, col(Roster.id) == col(RosterLine.roster_id))
        .where(Roster.id == plan.roster_id)
        .distinct()
    ).all()
    return sorted(str(village) for village in rows)


def post_notice(
    session: Session,
    act: Act,
    code: str,
    *,
    place: str,
    phone: str | None,
    notice_days: int | None = None,
    day_kind: str | None = None,
) -> date:
    """Post a plan in every village of its payees; returns the last day.

    Raises:
        Refused: The plan is not decided, or fewer days than its policy says.

    依据: 国开办发〔2018〕11号 第四条
    """
    with trail.entry(
        session,
        act,
        "plan-notice",
        code,
        stage=f"{round_of(session, code)}",
        what=f"方案{code}公示",
    ) as written:
        plan = plan_by_code(session, code)
        rule = policy_of(session, plan).notice
        days = notice_days or rule.notice_days
        digest = notice_digest(session, plan)
        for village in villages_of_plan(session, plan):
            posting = Posting(
                village, act.on, days, day_kind or rule.day_kind, place, digest, phone
            )
            notices.post_notice(
                session,
                written,
                ObjectKind.PLAN,
                code,
                posting,
                round_no=round_of(session, code),
            )
        return after_notices(session, written, code, act.on)


def after_notices(session: Session, written: Entry, code: str, on: date) -> date:
    """Move a plan to 公示中 once its notice hangs in every village; returns the last day.

    Raises:
        Refused: No valid decision, or too few days.

    依据: 国开办发〔2018〕11号 第四条
    """
    session.flush()
    plan = plan_by_code(session, code)
    round_no = round_of(session, code)
    rule = policy_of(session, plan).notice
    posted = notices.notices_of(session, ObjectKind.PLAN, code, round_no)
    for each in posted:
        if each.ends_on < notices.last_day(each.posted_on, rule.notice_days, rule.day_kind):
            raise Refused(
                f"方案{code}公示{each.notice_days}天，少于规定的{rule.notice_days}天（{rule.source.shown()}）。"
            )
    state = state_of(session, ObjectKind.PLAN, code)
    if state not in (PlanState.DECIDED, PlanState.NOTICED):
        raise Refused(f"方案{code}没有有效决议，不能公示。请先登记四议。")
    hung = {each.village_code for each in posted}
    if state == PlanState.DECIDED and hung >= set(villages_of_plan(session, plan)):
        move(session, written, PLAN_MACHINE, code, "notice", step_label="公示", on=on)
    return max(each.ends_on for each in posted)


# --- objections ------------------------------------------------------------------------------


def raise_objection(
    session: Session, act: Act, code: str, *, household_code: str, content: str
) -> Objection:
    """Record an objection to one household's line, or with '' to the whole plan.

    A line objection withholds that line at once.

    依据: 内部约定 (a line objection withholds the line, the rest proceeds)
    """
    with trail.entry(
        session,
        act,
        "plan-object",
        code,
        stage=f"{household_code}/{digest_of(content)[:16]}",
        what=f"方案{code}异议",
    ) as written:
        plan = plan_by_code(session, code)
        objection = notices.raise_objection(
            session,
            written,
            ObjectKind.PLAN,
            code,
            round_no=round_of(session, code),
            line_code=household_code,
            received_on=act.on,
            content=content,
        )
        withhold_for(session, written, plan, household_code)
    return objection


def withhold_for(session: Session, written: Entry, plan: Plan, household_code: str) -> None:
    """Hold back one household's line because of an objection; '' holds nothing back."""
    if not household_code:
        return
    household = session.exec(
        select(Household).where(Household.code == household_code)
    ).one_or_none()
    if household is None:
        raise NotFound("农户", household_code)
    written.add(
        Withholding(
            plan_id=plan.id,
            household_id=household.id,
            outcome="WITHHELD",
            reason_code="OBJECTION",
        )
    )


def answer_objection(
    session: Session, act: Act, objection_code: str, *, upheld: bool, answer: str
) -> None:
    """Answer an objection in writing; a rejected line objection releases its line.

    An upheld one leaves the line withheld until it is released or the plan is returned.

    依据: 内部约定 (it ends with a written answer in due days)
    """
    with trail.entry(
        session, act, "plan-answer", objection_code, what=f"异议{objection_code}答复"
    ) as written:
        notices.answer_objection(
            session,
            written,
            objection_code,
            answered_on=act.on,
            upheld=upheld,
            answer=answer,
        )
        release_for(session, written, objection_code, upheld=upheld)


def release_for(session: Session, written: Entry, objection_code: str, *, upheld: bool) -> None:
    """Release the line of an objection that was not upheld."""
    objection = session.exec(
        select(Objection).where(Objection.code == objection_code)
    ).one_or_none()
    if objection is None or upheld or not objection.line_code:
        return
    plan = plan_by_code(session, objection.object_code)
    session.flush()
    others = [
        answer
        for each, answer in answers_of(session, plan.code)
        if each.line_code == objection.line_code and each.id != objection.id
    ]
    if any(answer is None or answer.outcome == "UPHELD" for answer in others):
        return
    household = session.exec(select(Household).where(Household.code == objection.line_code)).one()
    written.add(
        Withholding(
            plan_id=plan.id,
            household_id=household.id,
            outcome="RELEASED",
            reason_code="OBJECTION_REJECTED",
        )
    )


def whole_objections(session: Session, code: str) -> list[Objection]:
    """Unanswered objections to the whole plan: these stop it."""
    return [
        each
        for each in notices.open_objections(session, ObjectKind.PLAN, code)
        if not each.line_code
    ]


# --- opinions --------------------------------------------------------------------------------


STEP_OF_STAGE = {
    Stage.SUPERVISE: ("supervise", "监督意见"),
    Stage.TOWN_REVIEW: ("review", "镇审核"),
    Stage.APPROVE: ("approve", "区审批"),
    Stage.FILE: ("file", "备案"),
}


def take_stage(
    session: Session,
    act: Act,
    code: str,
    stage: Stage,
    *,
    opinion: str = "同意",
    document: str | None = None,
) -> None:
    """Supervision opinion, town review, district approval or filing of a plan.

    Raises:
        Refused: The notice has not run, or an objection to the whole is open.
        SeparationOfDuties: The same person acted on the other side.

    依据: 国开办发〔2017〕61号 (审核、备案); 村民委员会组织法 第三十二条
    """
    name, label = STEP_OF_STAGE[stage]
    with trail.entry(
        session,
        act,
        "plan-stage",
        code,
        stage=f"{stage}/{round_of(session, code)}",
        what=f"方案{code}{label}",
    ) as written:
        plan_by_code(session, code)
        require_notice_run(session, code, act.on)
        move(session, written, PLAN_MACHINE, code, name, step_label=label, on=act.on)
        record_stage(
            session,
            written,
            ObjectKind.PLAN,
            code,
            stage,
            on=act.on,
            round_no=round_of(session, code),
            opinion=opinion,
            document=document,
        )


def require_notice_run(session: Session, code: str, on: date) -> None:
    """Refuse while the notice is running or an objection to the whole plan is open.

    依据: 国开办发〔2018〕11号 第四条
    """
    round_no = round_of(session, code)
    if not notices.notice_has_run(session, ObjectKind.PLAN, code, round_no, on):
        until = notices.runs_until(session, ObjectKind.PLAN, code, round_no)
        shown = f"公示到{until}为止，期满次日起才能办理" if until else "还没有公示"
        raise Refused(f"方案{code}{shown}。")
    open_ = whole_objections(session, code)
    if open_:
        raise Refused(f"方案{code}有对整个方案的异议未答复（{open_[0].code}），请先答复。")


def missing_for_payment(session: Session, code: str, on: date) -> list[str]:
    """What a plan still lacks before anything of it may be paid, as Chinese words.

    依据: 内部约定 (which stages block payment is policy data)
    """
    plan = plan_by_code(session, code)
    policy = policy_of(session, plan)
    round_no = round_of(session, code)
    missing = []
    held = decisions_of(session, ObjectKind.PLAN, code, round_no=round_no)
    needed = policy.stages.deliberations if plan.kind == "VILLAGE" else ("RESOLVE",)
    missing += [f"有效的{STAGE_LABEL[each]}" for each in missing_stages(held, tuple(needed))]
    if not notices.notice_has_run(session, ObjectKind.PLAN, code, round_no, on):
        missing.append("期满的公示")
    if whole_objections(session, code):
        missing.append("异议的答复")
    taken = {
        act.stage
        for act in session.exec(
            select(StageAct).where(
                StageAct.object_kind == ObjectKind.PLAN,
                StageAct.object_code == code,
                StageAct.round_no == round_no,
                col(StageAct.agreed).is_(true()),
            )
        ).all()
    }
    for stage in policy.stages.required:
        if stage != "RESOLVE" and stage not in taken:
            missing.append(STEP_OF_STAGE[next(s for s in Stage if s == stage)][1])
    return missing


# --- back and forth --------------------------------------------------------------------------


def makers_of(session: Session, code: str) -> list[str]:
    """Codes of those who drafted a plan, in order.

    依据: 内部约定 (the maker is who decided on the draft, not who typed it)
    """
    rows = session.exec(
        select(StageAct.actor_code)
        .where(
            StageAct.object_kind == ObjectKind.PLAN,
            StageAct.object_code == code,
            StageAct.duty == "MAKE",
        )
        .order_by(col(StageAct.id))
    ).all()
    return list(dict.fromkeys(rows))


def withdraw(session: Session, act: Act, code: str, *, reason: str) -> None:
    """Withdraw a plan before the next person acts; its money waits again.

    Raises:
        Refused: It was made by another, somebody has acted on it, or it is posted already.

    依据: 内部约定 (a maker may withdraw before the next person acts)
    """
    with trail.entry(session, act, "plan-withdraw", code, what=f"撤回方案{code}") as written:
        plan_by_code(session, code)
        if not reason.strip():
            raise Refused("撤回要写明原因。")
        makers = makers_of(session, code)
        if act.actor not in makers:
            raise Refused(
                f"方案{code}由{'、'.join(makers)}拟定，只能由拟定人撤回。"
                "要退给拟定人重办的，请由审核人退回（fupin plan return）。"
            )
        move(
            session,
            written,
            PLAN_MACHINE,
            code,
            "withdraw",
            step_label="撤回",
            on=act.on,
            remark=reason,
            remedy="下一环节已办理的，请由审核人退回。",
        )


def send_back(session: Session, act: Act, code: str, *, reason: str) -> None:
    """Return a plan with a reason; it is decided and posted anew.

    依据: 内部约定 (returned with a reason)
    """
    with trail.entry(
        session,
        act,
        "plan-return",
        code,
        stage=f"{round_of(session, code)}",
        what=f"退回方案{code}",
    ) as written:
        plan_by_code(session, code)
        if not reason.strip():
            raise Refused("退回要写明原因。")
        move(
            session,
            written,
            PLAN_MACHINE,
            code,
            "return",
            step_label="退回",
            on=act.on,
            remark=reason,
        )


# --- posting in the books --------------------------------------------------------------------

FIXED_CHANNELS = tuple(each for each in PERSONAL_CHANNELS if each is not Channel.JOB)
"""Channels whose household amounts are fixed by the decision; wages come by attendance."""


def post_plan(session: Session, act: Act, code: str) -> int:
    """Post a filed plan: entitlements of the fixed channels and their voucher.

    Returns the number of entitlements.

    Raises:
        Refused: A stage is missing.
        WrongState: The plan is not filed.

    依据: 财会〔2004〕12号; 财会〔2023〕14号 (subsidies fixed by decision become payable)
    """
    with trail.entry(session, act, "plan-post", code, what=f"方案{code}记账") as written:
        plan = plan_by_code(session, code)
        missing = missing_for_payment(session, code, act.on)
        if missing:
            raise Refused(f"方案{code}还缺{'、'.join(missing)}，不能记账。")
        move(session, written, PLAN_MACHINE, code, "post", step_label="记账", on=act.on)
        record_stage(
            session,
            written,
            ObjectKind.PLAN,
            code,
            Stage.POST,
            on=act.on,
            round_no=round_of(session, code),
        )
        channels = [x for x in channels_of(session, plan.id) if x.channel in FIXED_CHANNELS]
        count = sum(_entitle(session, written, plan, each) for each in channels)
        _book(session, written, plan, channels)
    return count


def _entitle(session: Session, written: Entry, plan: Plan, channel: PlanChannel) -> int:
    import numpy as np

    rows = session.exec(
        select(Allocation.household_id, Allocation.share_fen)
        .where(Allocation.plan_channel_id == channel.id, col(Allocation.share_fen) > 0)
        .order_by(col(Allocation.id))
    ).all()
    if not rows:
        return 0
    block = np.array(rows, dtype=np.int64)
    count = len(block)
    written.bulk(
        Entitlement,
        {
            "plan_id": np.full(count, plan.id, dtype=np.int64),
            "plan_channel_id": np.full(count, channel.id, dtype=np.int64),
            "household_id": block[:, 0],
            "person_id": np.zeros(count, dtype=np.int64),
            "concerns_month": np.zeros(count, dtype=np.int64),
            "amount_fen": block[:, 1],
        },
    )
    return count


def _book(session: Session, written: Entry, plan: Plan, channels: Sequence[PlanChannel]) -> None:
    import numpy as np

    on = written.act.on
    entity = books.find_entity(session, plan.holder_party_id)
    if entity is None or entity.opened_on > on:
        raise Refused("方案主体还没有建专账。请先导入期初（fupin import opening）。")
    parts = []
    for channel in channels:
        rows = session.exec(
            select(Allocation.household_id, Allocation.share_fen)
            .where(Allocation.plan_channel_id == channel.id, col(Allocation.share_fen) > 0)
            .order_by(col(Allocation.id))
        ).all()
        if not rows:
            continue
        block = np.array(rows, dtype=np.int64)
        facts: dict[str, Any] = {"income_year": plan.income_year, "channel": channel.channel}
        parts.append(
            books.packed_event(
                session,
                written,
                "subsidy_decided",
                plan.holder_party_id,
                on,
                block[:, 0],
                block[:, 1],
                **facts,
            )
        )
    if not parts:
        return
    books.post_packed(
        session,
        written,
        party_id=plan.holder_party_id,
        dated_on=on,
        kind="plan",
        summary=f"方案{plan.code}记账",
        packed=books.join(parts),
        concerns=plan.income_year,
        object_code=plan.code,
    )


def answers_of(session: Session, code: str) -> list[tuple[Objection, ObjectionAnswer | None]]:
    """Objections to a plan with their answers, oldest first."""
    rows = session.exec(
        select(Objection, ObjectionAnswer)
        .outerjoin(ObjectionAnswer, col(ObjectionAnswer.objection_id) == col(Objection.id))
        .where(Objection.object_kind == ObjectKind.PLAN, Objection.object_code == code)
        .order_by(col(Objection.id))
    ).all()
    return [(objection, answer) for objection, answer in rows]
