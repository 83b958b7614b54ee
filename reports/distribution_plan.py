"""What does a plan distribute, by which rule, through which procedure (收益分配使用计划)?

The internal document behind the notice: incomes, channels, jobs, meetings, notices and opinions.
It names no person.
"""

from collections import defaultdict

from assets.columns import label_of
from assets.models import ObjectKind
from assets.parties import party_titles
from assets.procedure.states import state_of
from ledger.income import stream_label
from ledger.models import Channel, Plan, PlanChannel, PlanState
from ledger.plan_course import policy_of
from ledger.plan_draft import channels_of, incomes_of, shares_of
from reports import charts
from reports.paper import Column, Fact, Paper, Picture, ProofLine, Row, Table
from reports.pass_through import asset_titles
from reports.payees import COLLECTIVE, job_lines, plan_known, roster_of
from reports.proceedings import meetings, objections, opinions, postings
from reports.standpoint import Asked, Standpoint, required, source_text


def paper(stand: Standpoint, asked: Asked) -> Paper:
    """One plan with everything that led to it.

    Raises:
        NotFound: No such plan.

    依据: 国开办发〔2017〕61号 (收益分配使用计划)
    """
    plan = plan_known(stand, required(asked.subject, "分配方案"))
    channels = channels_of(stand.session, plan.id)
    state = state_of(stand.session, ObjectKind.PLAN, plan.code, stand.at)
    holder = party_titles(stand.session, stand.at)[plan.holder_party_id]
    raised = objections(stand, ObjectKind.PLAN, plan.code)
    tables = [
        _incomes(stand, plan),
        _channels(stand, plan, channels),
        _jobs(stand, plan),
        meetings(stand, ObjectKind.PLAN, plan.code),
        postings(stand, ObjectKind.PLAN, plan.code),
        *([raised] if raised else []),
        opinions(stand, ObjectKind.PLAN, plan.code),
    ]
    roster = roster_of(stand.session, plan)
    policy = policy_of(stand.session, plan)
    return Paper(
        name="distribution-plan",
        title=plan.title,
        subtitle=f"{plan.code}　{label_of(PlanState, state) if state else ''}",
        organisation=holder,
        footer=stand.footer,
        parameters=asked.parameters(),
        headline=(
            Fact("可分配", plan.distributable_fen, "fen", words=True),
            Fact("名册", f"{len(roster)}户{sum(x.entry.persons for x in roster.values())}人"),
        ),
        paragraphs_before=(
            f"分配依据：{policy.title}（{policy.code}）。所属期"
            f"{plan.period_from.isoformat()}至{plan.period_to.isoformat()}，"
            f"{plan.drafted_on.isoformat()}拟定。",
        ),
        tables=tuple(table for table in tables if table.rows),
        pictures=_picture(stand, plan),
        proof_lines=_proofs(stand, plan, channels),
        sources=tuple(dict.fromkeys(source_text(each.source) for each in channels)),
        signatures=("拟定", "复核", "审批", "盖章"),
    )


def _incomes(stand: Standpoint, plan: Plan) -> Table:
    titles = asset_titles(stand)
    body: list[Row] = [
        {
            "asset": titles.get(each.asset_id or 0, "期初结存"),
            "year": f"{each.income_year}年",
            "stream": stream_label(each.stream),
            "state": "预计" if each.expected else "已到账",
            "amount": each.distributable_fen,
        }
        for each in incomes_of(stand.session, plan.id)
    ]
    return Table(
        "收入来源",
        (
            Column("asset", "资产", width_weight=7),
            Column("year", "所属年", align="center", width_weight=2),
            Column("stream", "收益流", width_weight=5),
            Column("state", "到账", align="center", width_weight=2),
            Column("amount", "可分配", "fen"),
        ),
        body,
        totals={"amount": plan.distributable_fen},
    )


def _channels(stand: Standpoint, plan: Plan, channels: list[PlanChannel]) -> Table:
    households: dict[int, int] = defaultdict(int)
    for share in shares_of(stand.session, plan.id):
        households[share.channel_id] += 1 if share.share_fen else 0
    body: list[Row] = [
        {
            "serial": each.line_no,
            "channel": label_of(Channel, each.channel),
            "title": each.title,
            "rule": each.rule_text,
            "source": source_text(each.source),
            "households": households.get(each.id) or None,
            "amount": each.amount_fen,
        }
        for each in channels
    ]
    return Table(
        "用途",
        (
            Column("serial", "序号", "serial"),
            Column("channel", "渠道", width_weight=3),
            Column("title", "名称", width_weight=6),
            Column("rule", "办法", width_weight=6),
            Column("source", "依据", width_weight=5),
            Column("households", "户数", "int"),
            Column("amount", "金额", "fen"),
        ),
        body,
        totals={"amount": plan.distributable_fen},
        words_total=plan.distributable_fen,
    )


def _jobs(stand: Standpoint, plan: Plan) -> Table:
    lines = job_lines(stand.session, plan)
    body: list[Row] = [
        {
            "code": line.post.code,
            "title": line.post.title,
            "duty": line.post.duty,
            "from": f"{line.holder.from_month // 100}-{line.holder.from_month % 100:02d}",
            "months": line.months,
            "wage": line.post.monthly_fen,
            "amount": line.planned_fen,
        }
        for line in lines
    ]
    return Table(
        "岗位",
        (
            Column("code", "岗位编号", width_weight=4),
            Column("title", "岗位", width_weight=4),
            Column("duty", "职责", width_weight=5),
            Column("from", "起始月", align="center", width_weight=2),
            Column("months", "月数", "int"),
            Column("wage", "月标准", "fen"),
            Column("amount", "计划金额", "fen"),
        ),
        body,
        totals={
            "months": sum(x.months for x in lines),
            "amount": sum(x.planned_fen for x in lines),
        },
    )


BANDS_FEN = (10_000, 30_000, 50_000, 100_000, 300_000, 500_000)
"""Upper ends of the bands of the picture: 100 to 5,000 yuan a household."""


def _picture(stand: Standpoint, plan: Plan) -> tuple[Picture, ...]:
    """How many households get how much by shared channels; jobs are told apart in the table."""
    sums: dict[int, int] = defaultdict(int)
    for share in shares_of(stand.session, plan.id):
        sums[share.household_id] += share.share_fen
    if not sums:
        return ()
    counts: dict[str, int] = dict.fromkeys((band_of(end) for end in (*BANDS_FEN, 10**9)), 0)
    for amount in sums.values():
        counts[band_of(amount)] += 1
    points = [charts.Point(band, "户数", count) for band, count in counts.items()]
    return (charts.bars("按各户金额分的户数（元，不含岗位工资）", points, "int"),)


def band_of(amount_fen: int) -> str:
    """The band of the picture an amount falls into, in yuan.

    >>> band_of(0), band_of(10_000), band_of(10_001), band_of(500_001)
    ('100以下', '100以下', '100至300', '5000以上')
    """
    lower = 0
    for upper in BANDS_FEN:
        if amount_fen <= upper:
            return f"{lower // 100}至{upper // 100}" if lower else f"{upper // 100}以下"
        lower = upper
    return f"{lower // 100}以上"


def _proofs(stand: Standpoint, plan: Plan, channels: list[PlanChannel]) -> tuple[ProofLine, ...]:
    sums: dict[int, int] = defaultdict(int)
    for share in shares_of(stand.session, plan.id):
        sums[share.channel_id] += share.share_fen
    incomes = sum(each.distributable_fen for each in incomes_of(stand.session, plan.id))
    kept = sum(each.amount_fen for each in channels if each.channel in COLLECTIVE)
    people = sum(each.amount_fen for each in channels if each.channel not in COLLECTIVE)
    return (
        ProofLine(
            "收入－扣除 = 可分配", plan.received_fen - plan.deducted_fen, plan.distributable_fen
        ),
        ProofLine("Σ收入来源 = 可分配", incomes, plan.distributable_fen),
        ProofLine("到户＋提留结转 = 可分配", people + kept, plan.distributable_fen),
        *(
            ProofLine(f"Σ各户 = {each.title}", sums[each.id], each.amount_fen)
            for each in channels
            if each.id in sums
        ),
    )
