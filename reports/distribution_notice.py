"""What does a village read on the wall before money is paid (分配方案公示)?

Income, deductions and what is kept stand above, then every household with channel, standard,
quantity and amount. What this query gives has no field for a reason of hardship, a status, an ID,
an account or a phone of a person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import col, select

from assets.columns import label_of
from assets.models import Notice, ObjectKind
from assets.money import format_yuan
from assets.parties import party_titles
from ledger.models import Channel, Plan, PlanChannel
from ledger.plan_course import policy_of
from ledger.plan_draft import channels_of, shares_of
from reports.paper import (
    Column,
    Fact,
    Paper,
    ProofLine,
    Row,
    Table,
    chinese_day,
    hide_personal_numbers,
)
from reports.payees import (
    COLLECTIVE,
    OnRoster,
    job_lines,
    measure_of,
    names_on,
    plan_known,
    posted_name,
    roster_of,
)
from reports.standpoint import Asked, Standpoint, required, source_text


@dataclass(frozen=True)
class NoticeLine:
    """One household's part of one channel as it hangs on the wall; fen."""

    household_id: int
    person_id: int
    village: str
    group: str
    channel: str
    standard: str
    quantity: str
    amount_fen: int


@dataclass(frozen=True)
class Posting:
    """When, where and whom to ask; None and '' before the notice hangs."""

    posted_on: date | None = None
    ends_on: date | None = None
    place: str = ""
    phone: str = ""


def paper(stand: Standpoint, asked: Asked) -> Paper:
    """The notice of one plan, whole or for one village of it.

    Raises:
        NotFound: No such plan.

    依据: 国开办发〔2018〕11号 第四条; 国开办发〔2017〕61号 (方案先公示后使用)
    """
    plan = plan_known(stand, required(asked.subject, "分配方案"))
    roster = roster_of(stand.session, plan)
    every = lines_of(stand, plan, roster)
    shown = [line for line in every if not asked.village or line.village == asked.village]
    channels = channels_of(stand.session, plan.id)
    posting = posting_of(stand, plan, asked.village)
    holder = party_titles(stand.session, stand.at)[plan.holder_party_id]
    where = stand.place(asked.village) if asked.village else holder
    sum_shown = sum(line.amount_fen for line in shown)
    sum_every = sum(line.amount_fen for line in every)
    return Paper(
        name="distribution-notice",
        title=f"{plan.title}公示",
        subtitle=where if asked.village else "",
        organisation=holder,
        footer=stand.footer,
        parameters=asked.parameters(),
        headline=_headline(plan, shown, posting),
        paragraphs_before=(_sentence(plan, channels), *_when_and_where(stand, plan, posting)),
        tables=(
            _uses(channels, plan),
            _households(stand, plan, shown, sum_shown, has_villages=_many_villages(shown)),
        ),
        paragraphs_after=(
            "公示期内对本方案有异议的，可以向村务监督委员会或镇人民政府提出，书面或口头均可；"
            "对某一户有异议的，只暂缓该户，其余照常办理。",
        ),
        proof_lines=_proofs(plan, channels, every, sum_every, sum_shown, asked),
        sources=tuple(dict.fromkeys(_sources(stand, plan, channels))),
        signed_by=holder,
        signed_on=posting.posted_on or plan.drafted_on,
        audience="posted",
        large_type=True,
    )


def lines_of(stand: Standpoint, plan: Plan, roster: dict[int, OnRoster]) -> list[NoticeLine]:
    """Every household's parts of a plan: shared channels and jobs, by village and 户编号.

    依据: 内部约定 (公示内容：姓名、组别、渠道、标准、数量、金额)
    """
    session = stand.session
    channels = {each.id: each for each in channels_of(session, plan.id)}
    shares = shares_of(session, plan.id)
    found: list[tuple[str, NoticeLine]] = []
    for channel in channels.values():
        mine = [share for share in shares if share.channel_id == channel.id]
        if not mine:
            continue
        measure = measure_of(channel.amount_fen, mine, roster)
        for share in mine:
            if share.share_fen:
                line = _line(roster, share.household_id, 0, channel.channel)
                found.append(
                    (
                        share.household_code,
                        NoticeLine(
                            *line,
                            measure.standard,
                            f"{share.weight}{measure.unit}",
                            share.share_fen,
                        ),
                    )
                )
    for job in job_lines(session, plan):
        household = roster.get(job.holder.household_id)
        line = _line(roster, job.holder.household_id, job.holder.person_id, Channel.JOB)
        found.append(
            (
                household.entry.code if household else "",
                NoticeLine(
                    *line,
                    f"每月{format_yuan(job.post.monthly_fen)}元",
                    f"{job.months}个月",
                    job.planned_fen,
                ),
            )
        )
    order = {channel: place for place, channel in enumerate(Channel)}
    found.sort(key=lambda item: (item[1].village, item[0], order[Channel(item[1].channel)]))  # type: ignore[call-arg]
    return [line for _, line in found]


def _line(
    roster: dict[int, OnRoster], household_id: int, person_id: int, channel: str
) -> tuple[int, int, str, str, str]:
    household = roster.get(household_id)
    if household is None:
        return household_id, person_id, "", "", channel
    person = person_id or household.head_id
    return household_id, person, household.entry.village, household.group, channel


def posting_of(stand: Standpoint, plan: Plan, village: str) -> Posting:
    """The newest posting of a plan, in one village if one is asked for.

    依据: 国开办发〔2018〕11号 第四条
    """
    query = select(Notice).where(
        Notice.object_kind == ObjectKind.PLAN,
        Notice.object_code == plan.code,
        Notice.kind == "NOTICE",
        col(Notice.posted_on) <= stand.day,
        col(Notice.entry_id) <= stand.at.position,
    )
    if village:
        query = query.where(Notice.village_code == village)
    row = stand.session.exec(query.order_by(col(Notice.id).desc())).first()
    if row is None:
        return Posting()
    return Posting(row.posted_on, row.ends_on, row.place, row.phone or "")


def _headline(plan: Plan, shown: Sequence[NoticeLine], posting: Posting) -> tuple[Fact, ...]:
    count = len({line.household_id for line in shown})
    days = "　　年　月　日至　　年　月　日"
    if posting.posted_on and posting.ends_on:
        days = f"{chinese_day(posting.posted_on)}至{chinese_day(posting.ends_on)}"
    return (
        Fact("可分配", plan.distributable_fen, "fen"),
        Fact("发给", f"{count}户"),
        Fact("咨询电话", hide_personal_numbers(posting.phone) or "　　　　　　"),
        Fact("公示时间", days),
    )


def _sentence(plan: Plan, channels: Sequence[PlanChannel]) -> str:
    kept = sum(each.amount_fen for each in channels if each.channel in COLLECTIVE[:2])
    carried = sum(each.amount_fen for each in channels if each.channel == Channel.CARRIED)
    return (
        f"收入{format_yuan(plan.received_fen)}元，扣除{format_yuan(plan.deducted_fen)}元，"
        f"可分配{format_yuan(plan.distributable_fen)}元；其中提留{format_yuan(kept)}元，"
        f"结转下期{format_yuan(carried)}元。"
    )


def _when_and_where(stand: Standpoint, plan: Plan, posting: Posting) -> tuple[str, ...]:
    if posting.place:
        return (f"公示地点：{posting.place}。",)
    rule = policy_of(stand.session, plan).notice
    kind = "个工作日" if rule.day_kind == "WORKING" else "天"
    return (f"公示地点：　　　　　　　　。公示期不少于{rule.notice_days}{kind}。",)


def _uses(channels: Sequence[PlanChannel], plan: Plan) -> Table:
    body: list[Row] = [
        {
            "use": label_of(Channel, each.channel),
            "rule": each.rule_text,
            "amount": each.amount_fen,
        }
        for each in channels
    ]
    return Table(
        "钱怎么用",
        (
            Column("use", "用途", width_weight=4),
            Column("rule", "办法", width_weight=8),
            Column("amount", "金额", "fen"),
        ),
        body,
        totals={"amount": plan.distributable_fen},
    )


def _households(
    stand: Standpoint, plan: Plan, shown: Sequence[NoticeLine], total: int, *, has_villages: bool
) -> Table:
    people = names_on(
        stand, (line.person_id for line in shown), "出具分配方案公示", scope=plan.code
    )
    body: list[Row] = []
    for place, line in enumerate(shown, start=1):
        row: Row = {
            "serial": place,
            "name": posted_name(people, line.person_id),
            "group": line.group,
            "channel": label_of(Channel, line.channel),
            "standard": line.standard,
            "quantity": line.quantity,
            "amount": line.amount_fen,
        }
        if has_villages:
            row = {**row, "village": stand.place(line.village) if line.village else ""}
        body.append(row)
    columns = [
        Column("serial", "序号", "serial"),
        Column("name", "姓名", width_weight=4),
        Column("group", "组别", width_weight=3),
        Column("channel", "渠道", width_weight=4),
        Column("standard", "标准", width_weight=4),
        Column("quantity", "数量", align="right", width_weight=2),
        Column("amount", "金额", "fen"),
    ]
    if has_villages:
        columns.insert(1, Column("village", "村", width_weight=4))
    return Table(
        "发给谁、发多少",
        columns,
        body,
        totals={"amount": total},
        words_total=total,
        page_subtotals=True,
    )


def _many_villages(lines: Sequence[NoticeLine]) -> bool:
    return len({line.village for line in lines}) > 1


def _proofs(
    plan: Plan,
    channels: Sequence[PlanChannel],
    every: Sequence[NoticeLine],
    sum_every: int,
    sum_shown: int,
    asked: Asked,
) -> tuple[ProofLine, ...]:
    kept = sum(each.amount_fen for each in channels if each.channel in COLLECTIVE)
    open_ = _unassigned(channels, every)
    proofs = [
        ProofLine(
            "收入－扣除 = 可分配", plan.received_fen - plan.deducted_fen, plan.distributable_fen
        ),
        ProofLine("Σ用途 = 可分配", sum(x.amount_fen for x in channels), plan.distributable_fen),
        ProofLine(
            "Σ各户＋提留结转＋待按岗位安排 = 可分配",
            sum_every + kept + open_,
            plan.distributable_fen,
        ),
    ]
    if asked.village:
        others = sum(line.amount_fen for line in every if line.village != asked.village)
        proofs.append(ProofLine("本村＋其他村 = 全部各户", sum_shown + others, sum_every))
    return tuple(proofs)


def _unassigned(channels: Sequence[PlanChannel], every: Sequence[NoticeLine]) -> int:
    """What of the channels for persons is not yet anybody's: jobs and works still to be given."""
    for_people = sum(each.amount_fen for each in channels if each.channel not in COLLECTIVE)
    return for_people - sum(line.amount_fen for line in every)


def _sources(stand: Standpoint, plan: Plan, channels: Sequence[PlanChannel]) -> list[str]:
    found = [source_text(each.source) for each in channels]
    return [*found, source_text(policy_of(stand.session, plan).notice.source.shown())]
