"""What came in for a village, what went out for what purpose, and what is left (收益收支台账)?

Every line is a fact of the book with its voucher: income passed on, costs withheld, payments that
arrived by purpose, what was set aside. What is left is told with its age.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlmodel import col, select

from assets.models import ObjectKind, Party, StatusEvent
from assets.parties import party_by_code, party_titles
from ledger.apportionment import member_key
from ledger.books.posting import find_entity, voucher_name
from ledger.models import (
    Channel,
    Entitlement,
    OpeningLine,
    PaymentBatch,
    PaymentLine,
    PaymentResult,
    Plan,
    PlanChannel,
    PlanState,
    PlantStatement,
    StatementLine,
    Transfer,
    Voucher,
)
from ledger.models.books import BookEntity
from ledger.statements import divide, lines_of, receiver_of, undistributed
from reports.paper import Column, Fact, Paper, ProofLine, Row, Table
from reports.pass_through import asset_titles
from reports.standpoint import Asked, Standpoint, required

SOURCES = ("国开办发〔2017〕61号", "内部约定（分村收支台账）")
_COLUMN_OF_CHANNEL = {
    Channel.JOB: "job",
    Channel.WORKS: "works",
    Channel.REWARD: "reward",
    Channel.DIVIDEND: "reward",
    Channel.HARDSHIP: "hardship",
    Channel.RESERVE: "kept",
    Channel.RETENTION: "kept",
}
_OUT = ("deducted", "job", "works", "reward", "hardship", "kept")
_MONEY = ("received", *_OUT)


@dataclass(frozen=True)
class Event:
    """One line of the book: a day, what, about which asset and year, fen by column."""

    on: date
    object_code: str
    summary: str
    asset: str
    year: int
    fen: dict[str, int]

    @property
    def change_fen(self) -> int:
        """What it adds to what is left."""
        return self.fen.get("received", 0) - sum(self.fen.get(key, 0) for key in _OUT)


def paper(stand: Standpoint, asked: Asked) -> Paper:
    """The book of one village or pool for a calendar year (or from the beginning).

    Raises:
        NotFound: No such party.

    依据: 国开办发〔2017〕61号 (收支台账)
    """
    party = party_by_code(stand.session, required(asked.party, "主体（--party）"))
    events = sorted(
        (*_incomes(stand, party), *_payments(stand, party), *_kept(stand, party)),
        key=lambda event: (event.on, event.object_code, event.summary),
    )
    start = date(asked.year, 1, 1) if asked.year else date.min
    end = min(stand.day, date(asked.year, 12, 31)) if asked.year else stand.day
    before = sum(event.change_fen for event in events if event.on < start)
    shown = [event for event in events if start <= event.on <= end]
    totals = {key: sum(event.fen.get(key, 0) for event in shown) for key in _MONEY}
    left = before + totals["received"] - sum(totals[key] for key in _OUT)
    waiting = undistributed(stand.session, party.id, stand.at)
    oldest = max((each.age_days for each in waiting), default=0)
    title = party_titles(stand.session, stand.at)[party.id]
    year = f"{asked.year}年" if asked.year else ""
    return Paper(
        name="income-book",
        title=f"{title}{year}收益收支台账",
        organisation=title,
        footer=stand.footer,
        parameters=asked.parameters(),
        headline=(
            Fact("结余", left, "fen", words=True),
            Fact("其中未列入方案", sum(each.amount_fen for each in waiting), "fen"),
            Fact("最长账龄", f"{oldest}天"),
        ),
        tables=(_table(stand, party, shown, before, totals, left),),
        proof_lines=(
            ProofLine(
                "上年结余＋收入－扣除－支出－提留 = 结余",
                before + sum(event.change_fen for event in shown),
                left,
            ),
        ),
        sources=SOURCES,
        signatures=("报账员", "村务监督委员会", "审批", "盖章"),
        orientation="landscape",
    )


def _table(
    stand: Standpoint,
    party: Party,
    shown: list[Event],
    before: int,
    totals: dict[str, int],
    left: int,
) -> Table:
    numbers = _voucher_numbers(stand, party)
    body: list[Row] = []
    if before:
        body.append({"summary": "上年结余", "left": before})
    running = before
    for event in shown:
        running += event.change_fen
        body.append(
            {
                "on": event.on,
                "voucher": numbers.get((event.object_code, event.on.year * 100 + event.on.month))
                or numbers.get((event.object_code, 0), ""),
                "summary": event.summary,
                "asset": event.asset,
                "year": str(event.year) if event.year else "",
                **event.fen,
                "left": running,
            }
        )
    return Table(
        "",
        (
            Column("on", "日期", "date"),
            Column("voucher", "凭证号", width_weight=2),
            Column("summary", "摘要", width_weight=8),
            Column("asset", "资产", width_weight=5),
            Column("year", "所属年", align="center", width_weight=1),
            Column("received", "收入", "fen"),
            Column("deducted", "扣除", "fen"),
            Column("job", "岗位", "fen", group="使用"),
            Column("works", "公益", "fen", group="使用"),
            Column("reward", "奖补", "fen", group="使用"),
            Column("hardship", "困难", "fen", group="使用"),
            Column("kept", "提留", "fen"),
            Column("left", "结余", "fen"),
        ),
        body,
        totals=totals,
        closing={"left": left},
        page_subtotals=True,
    )


def _incomes(stand: Standpoint, party: Party) -> Iterable[Event]:
    """Statement lines at hand, gross and withheld, and opening balances."""
    session, titles = stand.session, asset_titles(stand)
    transfers = {
        each.statement_line_id: each.passed_on
        for each in session.exec(
            select(Transfer).where(
                col(Transfer.passed_on) <= stand.day, col(Transfer.entry_id) <= stand.at.position
            )
        ).all()
    }
    for line, statement in session.exec(
        select(StatementLine, PlantStatement)
        .join(PlantStatement, col(PlantStatement.id) == col(StatementLine.plant_statement_id))
        .where(
            StatementLine.holder_party_id == party.id,
            col(PlantStatement.confirmed_on) <= stand.day,
            col(PlantStatement.entry_id) <= stand.at.position,
        )
        .order_by(col(StatementLine.id))
    ).all():
        own = receiver_of(session, statement.id) == party.id
        if not line.amount_fen or not (own or line.id in transfers):
            continue
        withheld = _withheld(stand, statement)[line.id]
        yield Event(
            statement.confirmed_on if own else transfers[line.id],
            statement.code,
            f"{statement.code}收益到账",
            titles[statement.asset_id],
            statement.income_year,
            {"received": line.amount_fen + withheld, "deducted": withheld},
        )
    yield from _openings(stand, party, titles)


def _withheld(stand: Standpoint, statement: PlantStatement) -> dict[int, int]:
    """Statement line id → its part of what was withheld from the whole."""
    lines = lines_of(stand.session, statement.id)
    codes = dict(stand.session.exec(select(Party.id, Party.code)).all())
    keys = [member_key(statement.code, codes[line.holder_party_id]) for line in lines]
    shares = [(line.share_numerator, line.share_denominator) for line in lines]
    parts = divide(statement.deducted_fen, shares, keys)
    return {line.id: part for line, part in zip(lines, parts, strict=True)}


def _openings(stand: Standpoint, party: Party, titles: dict[int, str]) -> Iterable[Event]:
    for line, entity in stand.session.exec(
        select(OpeningLine, BookEntity)
        .join(BookEntity, col(BookEntity.id) == col(OpeningLine.entity_id))
        .where(
            BookEntity.party_id == party.id,
            OpeningLine.kind == "UNDISTRIBUTED",
            col(BookEntity.opened_on) <= stand.day,
            col(OpeningLine.entry_id) <= stand.at.position,
        )
        .order_by(col(OpeningLine.id))
    ).all():
        amount = line.credit_fen - line.debit_fen
        if amount > 0:
            yield Event(
                entity.opened_on,
                "",
                "期初结存",
                titles.get(line.asset_id or 0, ""),
                line.income_year or 0,
                {"received": amount},
            )


def _payments(stand: Standpoint, party: Party) -> Iterable[Event]:
    """What arrived with people, by day, batch and purpose."""
    rows = stand.session.exec(
        select(PaymentLine, PaymentResult, PaymentBatch, Plan)
        .join(PaymentResult, col(PaymentResult.payment_line_id) == col(PaymentLine.id))
        .join(PaymentBatch, col(PaymentBatch.id) == col(PaymentLine.payment_batch_id))
        .join(Plan, col(Plan.id) == col(PaymentBatch.plan_id))
        .where(
            Plan.holder_party_id == party.id,
            PaymentResult.outcome == "PAID",
            col(PaymentResult.happened_on) <= stand.day,
            col(PaymentResult.entry_id) <= stand.at.position,
        )
    ).all()
    channels = _channel_of_entitlements(stand, {line.entitlement_id for line, *_ in rows})
    sums: dict[tuple[date, str, int], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for line, result, batch, plan in rows:
        key = _COLUMN_OF_CHANNEL[channels[line.entitlement_id]]
        sums[result.happened_on, batch.code, plan.income_year][key] += line.amount_fen
    for (on, code, year), fen in sorted(sums.items()):
        yield Event(on, code, f"{code}发放到账", "", year, dict(fen))


def _channel_of_entitlements(stand: Standpoint, ids: set[int]) -> dict[int, Channel]:
    if not ids:
        return {}
    rows = stand.session.exec(
        select(Entitlement.id, PlanChannel.channel)
        .join(PlanChannel, col(PlanChannel.id) == col(Entitlement.plan_channel_id))
        .where(col(Entitlement.id).between(min(ids), max(ids)))
    ).all()
    return {entitlement: Channel(channel) for entitlement, channel in rows}  # type: ignore[call-arg]


def _kept(stand: Standpoint, party: Party) -> Iterable[Event]:
    """What posted plans set aside for the collective."""
    posted = {
        row.object_code: row.happened_on
        for row in stand.session.exec(
            select(StatusEvent).where(
                StatusEvent.object_kind == ObjectKind.PLAN,
                StatusEvent.to_state == PlanState.POSTED,
                col(StatusEvent.happened_on) <= stand.day,
                col(StatusEvent.entry_id) <= stand.at.position,
            )
        ).all()
    }
    rows = stand.session.exec(
        select(Plan, PlanChannel)
        .join(PlanChannel, col(PlanChannel.plan_id) == col(Plan.id))
        .where(
            Plan.holder_party_id == party.id,
            col(PlanChannel.channel).in_([Channel.RESERVE.value, Channel.RETENTION.value]),
            col(PlanChannel.amount_fen) > 0,
        )
        .order_by(col(PlanChannel.id))
    ).all()
    for plan, channel in rows:
        if plan.code in posted:
            yield Event(
                posted[plan.code],
                plan.code,
                f"{plan.code}{channel.title}",
                "",
                plan.income_year,
                {"kept": channel.amount_fen},
            )


def _voucher_numbers(stand: Standpoint, party: Party) -> dict[tuple[str, int], str]:
    """(object, month) and (object, 0) → number of the voucher about it (12月 记-002)."""
    entity = find_entity(stand.session, party.id)
    if entity is None:
        return {}
    rows = stand.session.exec(
        select(Voucher)
        .where(
            Voucher.entity_id == entity.id,
            Voucher.object_code != "",
            col(Voucher.dated_on) <= stand.day,
            col(Voucher.entry_id) <= stand.at.position,
        )
        .order_by(col(Voucher.id).desc())
    ).all()
    found: dict[tuple[str, int], str] = {}
    for row in rows:
        text = f"{row.month % 100}月 {voucher_name(row.number)}"
        found[row.object_code, row.month] = text
        found[row.object_code, 0] = text
    return found
