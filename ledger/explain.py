"""Why did this household get this much? From the plant's kWh to its fen, in plain sentences.

The same text stands on the card, in the answer of ``fupin explain`` and in the auditor's pack.
Each sentence names its source. Names come in from outside (``ledger.people.reveal``); without
them the text speaks of 家中一人.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlmodel import Session, col, select

from assets.asof import LAST_POSITION, AsOf
from assets.columns import label_of
from assets.errors import NotFound
from assets.models import Asset, AssetFact, Party, PlantFact
from assets.money import format_yuan
from assets.parties import party_titles
from ledger.models import (
    Allocation,
    Attendance,
    Channel,
    Entitlement,
    Household,
    JobPost,
    PaymentBatch,
    PaymentLine,
    PaymentResult,
    Plan,
    PlanChannel,
    PlanIncome,
    PlantStatement,
    Receipt,
    RosterLine,
    StatementLine,
    StatementSource,
)
from ledger.people.households import household_by_code
from ledger.statements import lines_of

YUAN_PER_WAN = 10_000
SHARED_MEASURES = {"按人口": "人", "按户": "户"}


@dataclass(frozen=True)
class Sentence:
    """One plain sentence and where it comes from (文号 or 内部约定)."""

    text: str
    source: str = ""


@dataclass(frozen=True)
class Money:
    """What one plan gives a household through one channel; fen."""

    plan_code: str
    channel: str
    title: str
    amount_fen: int
    paid_fen: int


@dataclass(frozen=True)
class Explanation:
    """A household's year: total, what is paid, and the sentences in their order; fen."""

    household_code: str
    year: int
    total_fen: int
    paid_fen: int
    last_paid_on: str
    money: tuple[Money, ...]
    origin: tuple[Sentence, ...]
    reckoning: tuple[Sentence, ...]
    plans: tuple[str, ...]
    worker_ids: tuple[int, ...] = field(default=())

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """All sentences: how much, where from, how reckoned."""
        return (self.headline(), *self.origin, *self.reckoning)

    def headline(self) -> Sentence:
        """How much the household gets of the year's income, and what has arrived."""
        text = f"您家{self.year}年得{format_yuan(self.total_fen)}元"
        if self.paid_fen == self.total_fen and self.total_fen:
            text += "，已全部到账。"
        else:
            text += f"，已到账{format_yuan(self.paid_fen)}元。"
        return Sentence(text)


def explain(
    session: Session,
    household_code: str,
    year: int,
    at: AsOf | None = None,
    *,
    names: Mapping[int, str] | None = None,
) -> Explanation:
    """Explain everything a household gets of an income year, as of a day and position.

    ``names`` maps person ids to names where the reader may see them.

    Raises:
        NotFound: No such household.

    依据: 国开办司发〔2020〕3号 (对象精准、过程可追溯); 政府信息公开条例 第二十条
    """
    at = at or AsOf()
    household = household_by_code(session, household_code)
    plans = plans_of(session, household, year, at)
    money: list[Money] = []
    origin: list[Sentence] = []
    reckoning: list[Sentence] = []
    workers: list[int] = []
    paid_days: list[str] = []
    for plan in plans:
        origin += origin_of(session, plan, at)
        for channel in _channels(session, plan):
            amount, paid, days = _amounts(session, channel, household, at)
            paid_days += days
            if channel.channel == Channel.JOB:
                found, people = _job_sentences(session, plan, household, at, names or {})
                reckoning += [Sentence(text, channel.source) for text in found]
                workers += people
            else:
                reckoning += share_sentences(session, channel, household)
            if amount:
                money.append(Money(plan.code, channel.channel, channel.title, amount, paid))
    return Explanation(
        household_code=household_code,
        year=year,
        total_fen=sum(each.amount_fen for each in money),
        paid_fen=sum(each.paid_fen for each in money),
        last_paid_on=max(paid_days, default=""),
        money=tuple(money),
        origin=tuple(origin),
        reckoning=tuple(reckoning),
        plans=tuple(plan.code for plan in plans),
        worker_ids=tuple(dict.fromkeys(workers)),
    )


def plans_of(session: Session, household: Household, year: int, at: AsOf) -> list[Plan]:
    """The standing plans of an income year on whose frozen roster the household is.

    依据: 内部约定 (who was considered and got nothing is told so)
    """
    from assets.models import ObjectKind
    from assets.procedure.states import states_of

    gone = {
        code
        for code, state in states_of(session, ObjectKind.PLAN, at).items()
        if state == "WITHDRAWN"
    }
    rows = session.exec(
        select(Plan)
        .join(RosterLine, col(RosterLine.roster_id) == col(Plan.roster_id))
        .where(
            RosterLine.household_id == household.id,
            Plan.income_year == year,
            col(Plan.drafted_on) <= at.day,
            col(Plan.entry_id) <= at.position,
        )
        .order_by(col(Plan.drafted_on), col(Plan.code))
    ).all()
    return [plan for plan in rows if plan.code not in gone]


def _channels(session: Session, plan: Plan) -> list[PlanChannel]:
    return list(
        session.exec(
            select(PlanChannel)
            .where(PlanChannel.plan_id == plan.id)
            .order_by(col(PlanChannel.line_no))
        ).all()
    )


def _amounts(
    session: Session, channel: PlanChannel, household: Household, at: AsOf
) -> tuple[int, int, list[str]]:
    """Entitled fen, paid fen and the days of payment of one channel for one household."""
    rows = session.exec(
        select(Entitlement).where(
            Entitlement.plan_channel_id == channel.id,
            Entitlement.household_id == household.id,
            col(Entitlement.entry_id) <= at.position,
        )
    ).all()
    ids = [row.id for row in rows]
    paid = session.exec(
        select(PaymentLine, PaymentResult)
        .join(PaymentResult, col(PaymentResult.payment_line_id) == col(PaymentLine.id))
        .join(PaymentBatch, col(PaymentBatch.id) == col(PaymentLine.payment_batch_id))
        .where(
            col(PaymentLine.entitlement_id).in_(ids),
            PaymentResult.outcome == "PAID",
            col(PaymentResult.happened_on) <= at.day,
            col(PaymentResult.entry_id) <= at.position,
        )
    ).all()
    return (
        sum(row.amount_fen for row in rows),
        sum(line.amount_fen for line, _ in paid),
        [result.happened_on.isoformat() for _, result in paid],
    )


# --- where the money comes from --------------------------------------------------------------


def origin_of(session: Session, plan: Plan, at: AsOf) -> list[Sentence]:
    """Sentences from each plant or contract down to the plan's distributable money.

    依据: 国开办发〔2017〕61号 第三条、第五条
    """
    titles = party_titles(session, AsOf(position=at.position))
    sentences = []
    rows = session.exec(
        select(PlanIncome).where(PlanIncome.plan_id == plan.id).order_by(col(PlanIncome.id))
    ).all()
    for income in rows:
        if income.statement_line_id is None:
            amount = format_yuan(income.distributable_fen)
            sentences.append(
                Sentence(f"期初结存{income.income_year}年收益{amount}元。", "期初余额确认表")
            )
            continue
        sentences.append(_statement_sentence(session, income, titles))
    total = format_yuan(plan.distributable_fen)
    sentences.append(
        Sentence(
            f"方案{plan.code}可分配{total}元，由{titles.get(plan.holder_party_id, '')}按“{plan.rule_text}”分配。",
            plan.code,
        )
    )
    return sentences


def _statement_sentence(
    session: Session, income: PlanIncome, titles: Mapping[int, str]
) -> Sentence:
    line = session.get(StatementLine, income.statement_line_id)
    assert line is not None
    statement = session.get(PlantStatement, line.plant_statement_id)
    assert statement is not None
    name = asset_title(session, statement.asset_id)
    energy = sum(
        kwh or 0
        for kwh in session.exec(
            select(Receipt.energy_kwh)
            .join(StatementSource, col(StatementSource.receipt_id) == col(Receipt.id))
            .where(
                StatementSource.plant_statement_id == statement.id,
                col(Receipt.energy_kwh).is_not(None),
            )
        ).all()
    )
    parts = [f"{name}{statement.income_year}年"]
    if energy:
        parts.append(f"上网电量{energy:,}千瓦时，")
    parts.append(
        f"收入{format_yuan(statement.received_fen)}元，减费用{format_yuan(statement.deducted_fen)}元，"
        f"余{format_yuan(statement.distributable_fen)}元"
    )
    if len(lines_of(session, statement.id)) > 1:
        parts.append(
            f"；{titles.get(line.holder_party_id, '')}占{share_text(line)}，"
            f"分得{format_yuan(line.amount_fen)}元"
        )
    return Sentence("".join(parts) + "。", statement.code)


def share_text(line: StatementLine) -> str:
    """A benefit share as people say it: money invested in 万元, or a plain fraction.

    依据: 国开办发〔2017〕61号 第三条
    """
    part, whole = line.share_numerator, line.share_denominator
    if whole >= YUAN_PER_WAN * 10 and part % YUAN_PER_WAN == 0 and whole % YUAN_PER_WAN == 0:
        return f"总投资{whole // YUAN_PER_WAN}万元中的{part // YUAN_PER_WAN}万元"
    return f"份额{part:,}/{whole:,}"


def asset_title(session: Session, asset_id: int) -> str:
    """The title of an asset as last registered."""
    title = session.exec(
        select(AssetFact.title)
        .where(AssetFact.asset_id == asset_id)
        .order_by(col(AssetFact.valid_from).desc(), col(AssetFact.id).desc())
        .limit(1)
    ).first()
    return title or ""


# --- how it is reckoned ----------------------------------------------------------------------


def share_sentences(session: Session, channel: PlanChannel, household: Household) -> list[Sentence]:
    """How a channel shared among households reaches this one, odd fen included.

    依据: 内部约定 (largest remainder; equal remainders by hashed key)
    """
    rows = session.exec(select(Allocation).where(Allocation.plan_channel_id == channel.id)).all()
    if not rows:
        if channel.amount_fen and channel.channel in (
            Channel.RESERVE,
            Channel.RETENTION,
            Channel.CARRIED,
        ):
            label = label_of(Channel, channel.channel)
            text = f"{label}{format_yuan(channel.amount_fen)}元留在集体，不分到户。"
            return [Sentence(text, channel.source)]
        return []
    mine = next((row for row in rows if row.household_id == household.id), None)
    total_weight = sum(row.weight for row in rows)
    unit = next((u for word, u in SHARED_MEASURES.items() if word in channel.rule_text), "份")
    head = (
        f"{channel.title.split('（')[0]}{format_yuan(channel.amount_fen)}元按{total_weight}{unit}分"
    )
    if mine is None or mine.weight == 0:
        return [Sentence(f"{head}，您家不在这一项的范围内，得0元。", channel.source)]
    own = "您家" if unit == "户" else f"您家{mine.weight}{unit}"
    text = f"{head}，{own}得{format_yuan(mine.share_fen)}元"
    odd = sum(1 for row in rows if row.extra_fen)
    if odd:
        got = "其中有您家" if mine.extra_fen else "您家不在其中"
        text += f"，余下{odd}分给了尾数大的{odd}户（{got}）"
    return [Sentence(text + "。", channel.source)]


def _job_sentences(
    session: Session,
    plan: Plan,
    household: Household,
    at: AsOf,
    names: Mapping[int, str],
) -> tuple[list[str], list[int]]:
    rows = session.exec(
        select(Attendance, JobPost)
        .join(JobPost, col(JobPost.id) == col(Attendance.job_post_id))
        .where(
            JobPost.plan_id == plan.id,
            Attendance.household_id == household.id,
            col(Attendance.entry_id) <= at.position,
        )
        .order_by(col(JobPost.code), col(Attendance.month))
    ).all()
    groups: dict[tuple[int, int], list[tuple[Attendance, JobPost]]] = {}
    for attendance, post in rows:
        groups.setdefault((post.id, attendance.person_id), []).append((attendance, post))
    sentences, people = [], []
    for (_, person_id), months in groups.items():
        post = months[0][1]
        total = sum(attendance.earned_fen for attendance, _ in months)
        who = names.get(person_id, "家中一人")
        full = all(attendance.earned_fen == post.monthly_fen for attendance, _ in months)
        rate = f"每月{format_yuan(post.monthly_fen)}元" + ("" if full else "，缺勤的按天计发")
        sentences.append(f"{who}{post.title}{len(months)}个月，{rate}，计{format_yuan(total)}元。")
        people.append(person_id)
    return sentences, people


# --- the chain, both ways --------------------------------------------------------------------


@dataclass(frozen=True)
class Flow:
    """Where one asset's income of a year went: statement → holder → plan → channel → households."""

    statement_code: str
    income_year: int
    received_fen: int
    deducted_fen: int
    holder: str
    holder_fen: int
    plan_code: str
    plan_fen: int
    channels: tuple[tuple[str, int], ...]
    households: tuple[tuple[str, int], ...]
    paid_fen: int


def flows(session: Session, asset_code: str, at: AsOf | None = None) -> list[Flow]:
    """From an asset down to household lines, with sums at every step; fen.

    Raises:
        NotFound: No such asset.

    依据: 内部约定 (fund document → project → asset → income → plan → household, asked from any end)
    """
    at = at or AsOf(position=LAST_POSITION)
    asset = session.exec(select(Asset).where(Asset.code == asset_code)).one_or_none()
    if asset is None:
        raise NotFound("资产", asset_code)
    codes = dict(session.exec(select(Party.id, Party.code)).all())
    found = []
    statements = session.exec(
        select(PlantStatement)
        .where(
            PlantStatement.asset_id == asset.id,
            col(PlantStatement.confirmed_on) <= at.day,
            col(PlantStatement.entry_id) <= at.position,
        )
        .order_by(col(PlantStatement.id))
    ).all()
    for statement in statements:
        for line in lines_of(session, statement.id):
            plan = _plan_of_line(session, line.id)
            found.append(_flow(session, statement, line, plan, codes))
    return found


def _plan_of_line(session: Session, line_id: int) -> Plan | None:
    return session.exec(
        select(Plan)
        .join(PlanIncome, col(PlanIncome.plan_id) == col(Plan.id))
        .where(PlanIncome.statement_line_id == line_id)
        .order_by(col(Plan.id).desc())
    ).first()


def _flow(
    session: Session,
    statement: PlantStatement,
    line: StatementLine,
    plan: Plan | None,
    codes: Mapping[int, str],
) -> Flow:
    channels: Sequence[PlanChannel] = _channels(session, plan) if plan is not None else []
    households: list[tuple[str, int]] = []
    paid = 0
    if plan is not None:
        rows = session.exec(
            select(Entitlement.household_id, Entitlement.amount_fen).where(
                Entitlement.plan_id == plan.id
            )
        ).all()
        sums: dict[int, int] = {}
        for household_id, amount in rows:
            sums[household_id] = sums.get(household_id, 0) + amount
        names = dict(
            session.exec(
                select(Household.id, Household.code).where(col(Household.id).in_(list(sums)))
            ).all()
        )
        households = sorted((names[key], value) for key, value in sums.items())
        paid = sum(
            session.exec(
                select(PaymentLine.amount_fen)
                .join(PaymentBatch, col(PaymentBatch.id) == col(PaymentLine.payment_batch_id))
                .join(PaymentResult, col(PaymentResult.payment_line_id) == col(PaymentLine.id))
                .where(PaymentBatch.plan_id == plan.id, PaymentResult.outcome == "PAID")
            ).all()
        )
    return Flow(
        statement_code=statement.code,
        income_year=statement.income_year,
        received_fen=statement.received_fen,
        deducted_fen=statement.deducted_fen,
        holder=codes[line.holder_party_id],
        holder_fen=line.amount_fen,
        plan_code=plan.code if plan is not None else "",
        plan_fen=plan.distributable_fen if plan is not None else 0,
        channels=tuple((x.title, x.amount_fen) for x in channels),
        households=tuple(households),
        paid_fen=paid,
    )


def plant_capacity_w(session: Session, asset_id: int) -> int | None:
    """The installed watts of a plant, None for other assets.

    依据: 国能发新能〔2018〕29号
    """
    return session.exec(
        select(PlantFact.capacity_w)
        .where(PlantFact.asset_id == asset_id)
        .order_by(col(PlantFact.valid_from).desc())
        .limit(1)
    ).first()
