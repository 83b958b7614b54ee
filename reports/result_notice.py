"""What was really paid under a plan, told on the wall afterwards (分配结果公告)?

Every household with what is due by channel, what has arrived and what has not. As on the notice,
there is no field for a reason, a status or a number of a person.
"""

from collections import defaultdict
from dataclasses import dataclass

from sqlmodel import col, select

from assets.columns import label_of
from assets.money import format_yuan
from assets.parties import party_titles
from ledger.models import (
    Channel,
    Entitlement,
    PaymentLine,
    PaymentResult,
    Plan,
    PlanChannel,
)
from reports.paper import Column, Fact, Paper, ProofLine, Row, Table
from reports.payees import OnRoster, names_on, plan_known, posted_name, roster_of
from reports.standpoint import Asked, Standpoint, required


@dataclass(frozen=True)
class ResultLine:
    """A household's money through one channel: due and arrived; fen."""

    household_id: int
    channel: str
    due_fen: int
    paid_fen: int


def paper(stand: Standpoint, asked: Asked) -> Paper:
    """The announcement of what was paid under one plan by the day.

    Raises:
        NotFound: No such plan.

    依据: 国开办发〔2018〕11号 (结果公告)
    """
    plan = plan_known(stand, required(asked.subject, "分配方案"))
    roster = roster_of(stand.session, plan)
    lines = [
        line
        for line in result_lines(stand, plan)
        if not asked.village or _village(roster, line.household_id) == asked.village
    ]
    lines.sort(key=lambda line: (_order(roster, line.household_id), line.channel))
    due = sum(line.due_fen for line in lines)
    paid = sum(line.paid_fen for line in lines)
    holder = party_titles(stand.session, stand.at)[plan.holder_party_id]
    return Paper(
        name="result-notice",
        title=f"{plan.title}发放结果公告",
        subtitle=stand.place(asked.village) if asked.village else "",
        organisation=holder,
        footer=stand.footer,
        parameters=asked.parameters(),
        headline=(
            Fact("已到账", paid, "fen"),
            Fact("应发", due, "fen"),
            Fact("户数", f"{len({line.household_id for line in lines})}户"),
        ),
        paragraphs_before=(
            f"截至公告日应发{format_yuan(due)}元，已到账{format_yuan(paid)}元，"
            f"尚未到账{format_yuan(due - paid)}元（岗位工资按月、按考勤计发，退回的正在重发）。",
        ),
        tables=(_table(stand, plan, roster, lines, due, paid),),
        proof_lines=(
            ProofLine(
                "应发－已到账 = 未到账", due - paid, sum(x.due_fen - x.paid_fen for x in lines)
            ),
        ),
        sources=("国开办发〔2018〕11号",),
        signed_by=holder,
        signed_on=stand.day,
        audience="posted",
        large_type=True,
    )


def result_lines(stand: Standpoint, plan: Plan) -> list[ResultLine]:
    """What is due and what has arrived, by household and channel."""
    session, at = stand.session, stand.at
    channels = dict(
        session.exec(
            select(PlanChannel.id, PlanChannel.channel).where(PlanChannel.plan_id == plan.id)
        ).all()
    )
    due: dict[tuple[int, str], int] = defaultdict(int)
    key_of: dict[int, tuple[int, str]] = {}
    for row in session.exec(
        select(Entitlement).where(
            Entitlement.plan_id == plan.id, col(Entitlement.entry_id) <= at.position
        )
    ).all():
        key = row.household_id, channels[row.plan_channel_id]
        key_of[row.id] = key
        due[key] += row.amount_fen
    paid: dict[tuple[int, str], int] = defaultdict(int)
    for line, _ in session.exec(
        select(PaymentLine, PaymentResult)
        .join(PaymentResult, col(PaymentResult.payment_line_id) == col(PaymentLine.id))
        .join(Entitlement, col(Entitlement.id) == col(PaymentLine.entitlement_id))
        .where(
            Entitlement.plan_id == plan.id,
            PaymentResult.outcome == "PAID",
            col(PaymentResult.happened_on) <= at.day,
            col(PaymentResult.entry_id) <= at.position,
        )
    ).all():
        paid[key_of[line.entitlement_id]] += line.amount_fen
    return [
        ResultLine(household_id, channel, amount, paid[household_id, channel])
        for (household_id, channel), amount in due.items()
    ]


def _village(roster: dict[int, OnRoster], household_id: int) -> str:
    return roster[household_id].entry.village if household_id in roster else ""


def _order(roster: dict[int, OnRoster], household_id: int) -> tuple[str, str]:
    if household_id not in roster:
        return "", ""
    entry = roster[household_id].entry
    return entry.village, entry.code


def _table(
    stand: Standpoint,
    plan: Plan,
    roster: dict[int, OnRoster],
    lines: list[ResultLine],
    due: int,
    paid: int,
) -> Table:
    heads = {each: roster[each].head_id for each in roster}
    wanted = (heads.get(line.household_id, 0) for line in lines)
    people = names_on(stand, wanted, "出具发放结果公告", scope=plan.code)
    many = len({_village(roster, line.household_id) for line in lines}) > 1
    body: list[Row] = []
    for number, line in enumerate(lines, start=1):
        household = roster.get(line.household_id)
        row: Row = {
            "serial": number,
            "name": posted_name(people, heads.get(line.household_id, 0)),
            "group": household.group if household else "",
            "channel": label_of(Channel, line.channel),
            "due": line.due_fen,
            "paid": line.paid_fen,
        }
        if many:
            village = _village(roster, line.household_id)
            row = {**row, "village": stand.place(village) if village else ""}
        body.append(row)
    columns = [
        Column("serial", "序号", "serial"),
        Column("name", "户主", width_weight=4),
        Column("group", "组别", width_weight=3),
        Column("channel", "渠道", width_weight=4),
        Column("due", "应发", "fen"),
        Column("paid", "已到账", "fen"),
    ]
    if many:
        columns.insert(1, Column("village", "村", width_weight=4))
    return Table(
        "",
        columns,
        body,
        totals={"due": due, "paid": paid},
        words_total=paid,
        page_subtotals=True,
    )
