"""How does a plan come about? From money at hand, a policy, a frozen roster, to every household's fen.

A plan belongs to a village, a town pool or a district pool. The waterfall of the policy divides
the distributable amount into channels; channels shared among households are apportioned exactly,
households with weight zero stay on the list. Nothing is booked here; ``plan_course`` takes a plan
through its stages.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from math import lcm

from sqlmodel import Session, col, select

from assets import trail
from assets.asof import AsOf
from assets.divisions_register import town_of, villages_of
from assets.errors import NotFound, Refused
from assets.models import ObjectKind, Party, PartyKind, Stage
from assets.parties import party_by_code, party_fact
from assets.procedure.duties import record_stage
from assets.procedure.states import move
from assets.trail import Act, Entry
from ledger.apportionment import member_keys
from ledger.courses import PLAN_MACHINE
from ledger.errors import NothingToApportion
from ledger.income import stream_label
from ledger.models import (
    Allocation,
    Channel,
    Household,
    JobHolder,
    JobPost,
    Person,
    Plan,
    PlanChannel,
    PlanIncome,
    Roster,
    Stream,
)
from ledger.people.roster import (
    RosterEntry,
    freeze_roster,
    previous_roster,
    roster_members,
)
from ledger.policy import (
    PolicyText,
    is_in_force,
    labour_minimum_fen,
    member_class,
    steps_of,
    store,
)
from ledger.statements import Waiting, undistributed
from ledger.waterfall import Fixed, Line, Member, Outcome, Remaining, Step, distribute

KIND_OF_PARTY = {PartyKind.TOWN_POOL: "TOWN_POOL", PartyKind.DISTRICT_POOL: "DISTRICT_POOL"}
HEAD_OFFICE = "DISTRICT_POOL"


@dataclass(frozen=True)
class JobSpec:
    """A public-welfare job of a plan: who, what, how much a month, from which month (YYYYMM)."""

    code: str
    title: str
    duty: str
    household_code: str
    person_code: str
    monthly_fen: int
    first_month: int
    month_count: int


@dataclass(frozen=True)
class PlanRequest:
    """Everything a draft needs from its maker."""

    code: str
    holder_code: str
    title: str
    income_year: int
    period_from: date
    period_to: date
    cut_off: date
    jobs: tuple[JobSpec, ...] = ()
    fixed_fen: Mapping[str, int] = field(default_factory=dict)
    supplements: str = ""
    with_opening: bool = False
    received_through: date | None = None


@dataclass(frozen=True)
class Flag:
    """Something a reader of the plan should look at; a lead, not a refusal."""

    name: str
    message: str


def draft(
    session: Session, act: Act, request: PlanRequest, policy: PolicyText, body: str
) -> tuple[Plan, list[Flag]]:
    """Draft a plan: freeze the roster, divide the money, list every household.

    Returns the plan and its flags.

    Raises:
        Refused: No money waits, the policy is not in force, jobs cost more than their channel,
            or the policy refuses the split.
        DuplicateOnRoster, NobodyOnRoster: From freezing the roster.

    依据: 国开办发〔2017〕61号 (the committee makes a yearly plan, posted before it is used)
    """
    with trail.entry(
        session, act, "plan-draft", request.code, what=f"拟定方案{request.code}"
    ) as written:
        holder = party_by_code(session, request.holder_code)
        kind = KIND_OF_PARTY.get(PartyKind(holder.kind), "VILLAGE")  # type: ignore[call-arg]
        _require_policy(policy, kind, act.on)
        money = money_at_hand(
            session, holder, request, act.on, interest=policy.interest_distributable
        )
        total = sum(each.amount_fen for each in money)
        if total <= 0:
            raise Refused(
                f"{request.holder_code}没有{request.income_year}年已到账未分配的收益。"
                "请先确认结转单（fupin income statement）并拨付（fupin income pass）。"
            )
        roster = _freeze(session, written, request, holder, act.on)
        entries = roster_members(session, roster)
        outcome, _ = divide(request, policy, total, entries)
        flags = flags_of(policy, outcome, total, act.on)
        _refuse_breaches(policy, flags)
        plan = _write_plan(session, written, request, policy, body, holder, kind, money, roster)
        _write_channels(session, written, plan, policy, outcome, entries)
        _write_jobs(session, written, plan, request.jobs)
        move(session, written, PLAN_MACHINE, plan.code, "draft", step_label="拟定", on=act.on)
        record_stage(session, written, ObjectKind.PLAN, plan.code, Stage.DRAFT, on=act.on)
    return plan, flags


def _require_policy(policy: PolicyText, kind: str, on: date) -> None:
    if not is_in_force(policy, on):
        raise Refused(f"政策“{policy.title}”在{on}不在有效期内，请换用当时有效的政策。")
    if policy.scope not in ("ANY", kind):
        raise Refused(f"政策“{policy.title}”不适用于这类方案，请核对 --policy。")


def money_at_hand(
    session: Session, holder: Party, request: PlanRequest, on: date, *, interest: bool = False
) -> list[Waiting]:
    """The holder's undistributed money of the plan's income year, at hand on the drafting day.

    ``interest`` is what the policy says: bank interest becomes distributable only where it says so.

    依据: 内部约定 (a plan distributes what was received and passed on)
    """
    through = request.received_through or on
    waiting = undistributed(session, holder.id, AsOf(day=min(through, on)))
    return [
        each
        for each in waiting
        if each.income_year == request.income_year
        and (request.with_opening or each.opening_line_id is None)
        and (interest or each.stream != Stream.INTEREST)
    ]


def scope_of(session: Session, holder: Party, on: date) -> list[str]:
    """The villages whose households a holder's plan reaches.

    依据: 内部约定 (a town pool reaches the scattered households of the whole town)
    """
    at = AsOf(day=on)
    fact = party_fact(session, holder.id, at)
    if fact is None or not fact.division_code:
        raise Refused(f"主体{holder.code}没有登记所在镇、村，不能拟定方案。")
    if holder.kind == PartyKind.TOWN_POOL:
        return sorted(villages_of(session, town_of(fact.division_code), at))
    if holder.kind == PartyKind.DISTRICT_POOL:
        from assets.divisions_register import village_names

        return sorted(village_names(session, at))
    return [fact.division_code]


def _freeze(
    session: Session, written: Entry, request: PlanRequest, holder: Party, on: date
) -> Roster:
    scope = scope_of(session, holder, on)
    before = previous_roster(session, scope, request.cut_off)
    return freeze_roster(
        session, written, request.code, scope=scope, cut_off=request.cut_off, previous=before
    )


def divide(
    request: PlanRequest, policy: PolicyText, total_fen: int, entries: Sequence[RosterEntry]
) -> tuple[Outcome, list[Step]]:
    """The waterfall over a total with the frozen households; pure.

    依据: 内部约定 (largest remainder; ties by hashed key of plan and household)
    """
    jobs_fen = sum(job.monthly_fen * job.month_count for job in request.jobs)
    members = [
        Member(
            each.code,
            heads=each.persons,
            household_class=member_class(each.status, each.labour),
        )
        for each in entries
    ]
    steps = steps_of(policy, jobs_fen=jobs_fen, fixed_fen=dict(request.fixed_fen))
    while True:
        try:
            outcome = distribute(request.code, total_fen, steps, members)
            break
        except NothingToApportion:
            steps = _without_empty(steps, members)
    _require_jobs_fit(outcome, jobs_fen)
    return outcome, steps


def _without_empty(steps: list[Step], members: Sequence[Member]) -> list[Step]:
    """Replace the first step that nobody has a weight for by nothing; its money goes on."""
    for place, step in enumerate(steps):
        rule = step.to
        if rule is None or not rule.class_weights or isinstance(step, Remaining):
            continue
        if not any(rule.class_weights.get(each.household_class) for each in members):
            return [*steps[:place], Fixed(step.channel, 0), *steps[place + 1 :]]
    raise Refused("名册中没有一户符合分配条件，请核对政策和名册。")


def _require_jobs_fit(outcome: Outcome, jobs_fen: int) -> None:
    met = sum(line.met_fen for line in outcome.lines if line.channel == Channel.JOB)
    if jobs_fen > met:
        raise Refused(f"岗位工资合计{jobs_fen}分，超过岗位渠道的{met}分。请减少岗位、月数或标准。")


def flags_of(policy: PolicyText, outcome: Outcome, total_fen: int, on: date) -> list[Flag]:
    """What a reader of a plan should look at: labour share, equal split, shortage.

    依据: 国开办司发〔2020〕3号; 国办函〔2021〕51号 (严禁简单发钱发物、一分了之)
    """
    flags = []
    labour = sum(x.met_fen for x in outcome.lines if x.channel in (Channel.JOB, Channel.WORKS))
    minimum = labour_minimum_fen(policy, total_fen, on)
    if minimum is not None and labour < minimum:
        flags.append(Flag("labour-share", f"劳务渠道{labour}分，低于规定的{minimum}分"))
    if policy.equal_split is not None and is_equal_split(outcome):
        flags.append(Flag("equal-split", "各户金额相同且没有劳务渠道，属平均分配"))
    for line in outcome.lines:
        if line.shortage_fen:
            flags.append(Flag("shortage", f"“{line.channel}”差{line.shortage_fen}分，资金不足"))
    return flags


def is_equal_split(outcome: Outcome) -> bool:
    """Whether everybody gets the same and nobody works for it.

    依据: 国办函〔2021〕51号
    """
    sums: dict[str, int] = {}
    for line in outcome.lines:
        if line.met_fen and line.channel in (Channel.JOB, Channel.WORKS):
            return False
        for part in line.parts:
            sums[part.code] = sums.get(part.code, 0) + part.amount_fen
    amounts = set(sums.values())
    return len(sums) > 1 and bool(amounts) and max(amounts) - min(amounts) <= 1


def _refuse_breaches(policy: PolicyText, flags: Sequence[Flag]) -> None:
    names = {flag.name: flag.message for flag in flags}
    rule = policy.labour_share
    if rule is not None and rule.on_breach == "refuse" and "labour-share" in names:
        raise Refused(f"{names['labour-share']}，按政策不予办理。")
    if (
        policy.equal_split is not None
        and policy.equal_split.on_breach == "refuse"
        and "equal-split" in names
    ):
        raise Refused(f"{names['equal-split']}，按政策不予办理。")


# --- writing ---------------------------------------------------------------------------------


def _write_plan(
    session: Session,
    written: Entry,
    request: PlanRequest,
    policy: PolicyText,
    body: str,
    holder: Party,
    kind: str,
    money: Sequence[Waiting],
    roster: Roster,
) -> Plan:
    stored = store(session, written, body, policy.code)
    earlier = None
    if request.supplements:
        earlier = plan_by_code(session, request.supplements)
    plan = written.add(
        Plan(
            code=request.code,
            kind=kind,
            holder_party_id=holder.id,
            title=request.title,
            income_year=request.income_year,
            period_from=request.period_from,
            period_to=request.period_to,
            supplements_plan_id=earlier.id if earlier is not None else None,
            policy_id=stored.id,
            roster_id=roster.id,
            rule_text=policy.title,
            received_fen=sum(each.received_fen for each in money),
            deducted_fen=sum(each.deducted_fen for each in money),
            distributable_fen=sum(each.amount_fen for each in money),
            drafted_on=written.act.on,
        )
    )
    for each in money:
        written.add(
            PlanIncome(
                plan_id=plan.id,
                asset_id=each.asset_id,
                income_year=each.income_year,
                stream=each.stream,
                statement_line_id=each.statement_line_id,
                opening_line_id=each.opening_line_id,
                distributable_fen=each.amount_fen,
            )
        )
    return plan


def _write_channels(
    session: Session,
    written: Entry,
    plan: Plan,
    policy: PolicyText,
    outcome: Outcome,
    entries: Sequence[RosterEntry],
) -> None:
    total = 0
    rows: list[tuple[int, Line]] = []
    for place, line in enumerate(outcome.lines, start=1):
        step = policy.step[place - 1]
        channel = written.add(
            PlanChannel(
                plan_id=plan.id,
                line_no=place,
                channel=line.channel,
                title=step.title,
                rule_text=rule_sentence(step),
                source=step.source.shown(),
                amount_fen=line.met_fen,
            )
        )
        total += line.met_fen
        if line.parts:
            rows.append((channel.id, line))
    if outcome.carried_forward_fen:
        written.add(
            PlanChannel(
                plan_id=plan.id,
                line_no=len(outcome.lines) + 1,
                channel=Channel.CARRIED,
                title=Channel.CARRIED.label,
                rule_text="未分完部分结转下期",
                source="内部约定（余款不得无声消失）",
                amount_fen=outcome.carried_forward_fen,
            )
        )
        total += outcome.carried_forward_fen
    assert total == plan.distributable_fen, "channels add up to the distributable amount"
    _write_allocations(session, written, plan, rows, entries)


def rule_sentence(step: "object") -> str:
    """A step of a policy as a short Chinese sentence for papers."""
    from ledger.policy import PolicyStep

    assert isinstance(step, PolicyStep)
    by = {"HEAD": "按人口", "HOUSEHOLD": "按户", "SHARE": "按股份", "": ""}[step.measure]
    if step.kind == "jobs":
        return "按岗位、月数和考勤计发"
    if step.kind == "portion":
        share = Fraction(step.share)
        percent = f"{share.numerator * 100}/{share.denominator}%"
        if (share * 100).denominator == 1:
            percent = f"{(share * 100).numerator}%"
        rounding = "不足一分进一" if step.rounding == "CEIL" else "不足一分舍去"
        return f"可分配额的{percent}（{rounding}）{by and '，' + by + '分配'}"
    if step.kind == "fixed":
        return f"定额{by and '，' + by + '分配'}"
    return f"其余部分{by and by + '分配'}"


def _write_allocations(
    session: Session,
    written: Entry,
    plan: Plan,
    rows: Sequence[tuple[int, Line]],
    entries: Sequence[RosterEntry],
) -> None:
    import numpy as np

    ids = {each.code: each.household_id for each in entries}
    for channel_id, line in rows:
        codes = [part.code for part in line.parts]
        weights = whole([part.weight for part in line.parts])
        count = len(codes)
        written.bulk(
            Allocation,
            {
                "plan_channel_id": np.full(count, channel_id, dtype=np.int64),
                "household_id": np.array([ids[code] for code in codes], dtype=np.int64),
                "weight": np.array(weights, dtype=np.int64),
                "tie_key": member_keys(plan.code, codes),
                "share_fen": np.array([p.amount_fen for p in line.parts], dtype=np.int64),
                "extra_fen": np.array([p.odd_fen for p in line.parts], dtype=np.int64),
            },
        )


def whole(weights: Sequence[Fraction]) -> list[int]:
    """Weights as whole numbers in the same proportion."""
    common = lcm(*(Fraction(weight).denominator for weight in weights)) if weights else 1
    return [int(Fraction(weight) * common) for weight in weights]


def _write_jobs(session: Session, written: Entry, plan: Plan, jobs: Sequence[JobSpec]) -> None:
    if not jobs:
        return
    households = dict(session.exec(select(Household.code, Household.id)).all())
    persons = dict(session.exec(select(Person.code, Person.id)).all())
    for job in jobs:
        if job.household_code not in households:
            raise NotFound("农户", job.household_code)
        if job.person_code not in persons:
            raise NotFound("人员", job.person_code)
        post = written.add(
            JobPost(
                code=job.code,
                plan_id=plan.id,
                title=job.title,
                duty=job.duty,
                monthly_fen=job.monthly_fen,
                first_month=job.first_month,
                month_count=job.month_count,
            )
        )
        written.add(
            JobHolder(
                job_post_id=post.id,
                household_id=households[job.household_code],
                person_id=persons[job.person_code],
                from_month=job.first_month,
            )
        )


# --- reading ---------------------------------------------------------------------------------


def plan_by_code(session: Session, code: str) -> Plan:
    """The plan of that code.

    Raises:
        NotFound: There is none.
    """
    found = session.exec(select(Plan).where(Plan.code == code)).one_or_none()
    if found is None:
        raise NotFound("分配方案", code)
    return found


def plans(session: Session, *, year: int | None = None) -> list[Plan]:
    """All plans, or those of an income year, by code."""
    statement = select(Plan)
    if year is not None:
        statement = statement.where(Plan.income_year == year)
    return list(session.exec(statement.order_by(col(Plan.code))).all())


def channels_of(session: Session, plan_id: int) -> list[PlanChannel]:
    """The channels of a plan in order."""
    return list(
        session.exec(
            select(PlanChannel)
            .where(PlanChannel.plan_id == plan_id)
            .order_by(col(PlanChannel.line_no))
        ).all()
    )


def incomes_of(session: Session, plan_id: int) -> list[PlanIncome]:
    """The incomes a plan distributes, in order."""
    return list(
        session.exec(
            select(PlanIncome).where(PlanIncome.plan_id == plan_id).order_by(col(PlanIncome.id))
        ).all()
    )


@dataclass(frozen=True)
class Share:
    """One household's part of one channel; fen."""

    channel_id: int
    household_id: int
    household_code: str
    weight: int
    share_fen: int
    extra_fen: int


def shares_of(session: Session, plan_id: int) -> list[Share]:
    """Every household's part of every shared channel, by channel and household code."""
    rows = session.exec(
        select(Allocation, Household.code)
        .join(PlanChannel, col(PlanChannel.id) == col(Allocation.plan_channel_id))
        .join(Household, col(Household.id) == col(Allocation.household_id))
        .where(PlanChannel.plan_id == plan_id)
        .order_by(col(PlanChannel.line_no), col(Household.code))
    ).all()
    return [
        Share(
            row.plan_channel_id,
            row.household_id,
            code,
            row.weight,
            row.share_fen,
            row.extra_fen,
        )
        for row, code in rows
    ]


def jobs_of(session: Session, plan_id: int) -> list[tuple[JobPost, list[JobHolder]]]:
    """The jobs of a plan with their holders in time order."""
    posts = session.exec(
        select(JobPost).where(JobPost.plan_id == plan_id).order_by(col(JobPost.code))
    ).all()
    holders: dict[int, list[JobHolder]] = {}
    for holder in session.exec(
        select(JobHolder)
        .join(JobPost, col(JobPost.id) == col(JobHolder.job_post_id))
        .where(JobPost.plan_id == plan_id)
        .order_by(col(JobHolder.from_month), col(JobHolder.id))
    ).all():
        holders.setdefault(holder.job_post_id, []).append(holder)
    return [(post, holders.get(post.id, [])) for post in posts]


def proof_lines(session: Session, plan: Plan) -> list[tuple[str, int, int]]:
    """(what, left fen, right fen) of every sum that must agree on the plan's papers.

    依据: 内部约定 (distributable = Σ channels = Σ persons + reserve + carried)
    """
    channels = channels_of(session, plan.id)
    incomes = incomes_of(session, plan.id)
    lines = [
        (
            "收入−扣除=可分配",
            plan.received_fen - plan.deducted_fen,
            plan.distributable_fen,
        ),
        ("Σ收入来源=可分配", sum(x.distributable_fen for x in incomes), plan.distributable_fen),
        ("Σ渠道=可分配", sum(x.amount_fen for x in channels), plan.distributable_fen),
    ]
    sums: dict[int, int] = {}
    for share in shares_of(session, plan.id):
        sums[share.channel_id] = sums.get(share.channel_id, 0) + share.share_fen
    for channel in channels:
        if channel.id in sums:
            lines.append((f"Σ各户={channel.title}", sums[channel.id], channel.amount_fen))
    return lines


def income_sentence(asset_code: str, year: int, stream: str) -> str:
    """One income source as words: asset, year, streams."""
    return f"{asset_code} {year}年{stream_label(stream)}"
