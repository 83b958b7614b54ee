"""What did a plant earn, what was withheld, what is each village's, and was it passed on?

Two papers: the notice of one statement (收益分配通知书) with its receipts and deductions, and the
account between the passing institution and one right holder (收益结转对账单).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlmodel import col, select

from assets.columns import label_of
from assets.errors import NotFound
from assets.models import AssetFact, Party
from assets.parties import party_by_code, party_titles
from assets.registration import plant_facts
from ledger.income import stream_label
from ledger.models import (
    Deduction,
    DeductionKind,
    PlantStatement,
    Receipt,
    StatementLine,
    StatementSource,
    Stream,
    Transfer,
)
from ledger.statements import lines_of, receiver_of, statement_by_code
from reports.asset_register import share_text
from reports.paper import Column, Fact, Paper, ProofLine, Row, Table, sum_of
from reports.standpoint import Asked, Standpoint, known_by, required

SOURCES = ("国开办发〔2017〕61号 第三条、第五条", "国开办司发〔2020〕3号")
_STREAM_COLUMNS = {
    Stream.BENCHMARK_TARIFF: "benchmark",
    Stream.STATE_SUBSIDY: "subsidy",
}
_COST_COLUMNS = {
    DeductionKind.UPKEEP: "upkeep",
    DeductionKind.INSURANCE: "insurance",
    DeductionKind.SITE: "site",
    DeductionKind.LAND: "site",
    DeductionKind.TAX: "tax",
    DeductionKind.OTHER: "other_cost",
}


@dataclass
class Earned:
    """What went into one statement: period, kWh, fen by column of the account."""

    period_from: date | None = None
    period_to: date | None = None
    energy_kwh: int = 0
    fen: dict[str, int] = field(default_factory=lambda: defaultdict(int))


@dataclass(frozen=True)
class Passed:
    """Money of a statement line that is with its holder, since when; fen."""

    amount_fen: int
    passed_on: date


def notice(stand: Standpoint, asked: Asked) -> Paper:
    """The notice of one confirmed statement to its right holders.

    Raises:
        NotFound: No such statement.

    依据: 国开办发〔2017〕61号 第五条
    """
    statement = statement_by_code(stand.session, required(asked.subject, "结转单"))
    if not known_by(statement.entry_id, stand.at) or statement.confirmed_on > stand.day:
        raise NotFound("结转单", statement.code)
    titles = party_titles(stand.session, stand.at)
    lines = lines_of(stand.session, statement.id)
    passed = _passed(stand, lines)
    done = sum(passed[line.id].amount_fen for line in lines if line.id in passed)
    return Paper(
        name="plant-statement",
        title=f"{asset_titles(stand)[statement.asset_id]}{statement.income_year}年收益分配通知书",
        subtitle=f"{statement.code}　{stream_label(statement.stream)}",
        organisation=stand.district,
        footer=stand.footer,
        parameters=asked.parameters(),
        headline=(
            Fact("收入", statement.received_fen, "fen"),
            Fact("扣除", statement.deducted_fen, "fen"),
            Fact("可分配", statement.distributable_fen, "fen", words=True),
            Fact("已拨付", done, "fen"),
        ),
        tables=(
            _sources(stand, statement),
            _holders(lines, titles, passed, statement.distributable_fen),
        ),
        proof_lines=(
            ProofLine(
                "收入－扣除 = 可分配",
                statement.received_fen - statement.deducted_fen,
                statement.distributable_fen,
            ),
            ProofLine(
                "Σ各权利人 = 可分配",
                sum(line.amount_fen for line in lines),
                statement.distributable_fen,
            ),
        ),
        sources=SOURCES,
        signatures=("制表", "复核", "审批", "盖章"),
        signed_on=statement.confirmed_on,
    )


def _sources(stand: Standpoint, statement: PlantStatement) -> Table:
    receipts, costs = _used(stand, [statement.id])
    body: list[Row] = [
        {
            "what": stream_label(each.stream),
            "period": f"{each.period_from.isoformat()}至{each.period_to.isoformat()}",
            "energy": each.energy_kwh,
            "on": each.arrived_on,
            "paper": each.bank_ref or each.code,
            "received": each.amount_fen,
        }
        for each in receipts[statement.id]
    ]
    body += [
        {
            "what": f"扣{label_of(DeductionKind, each.kind)}",
            "period": f"{each.income_year}年",
            "on": each.happened_on,
            "paper": each.voucher_no,
            "deducted": each.amount_fen,
        }
        for each in costs[statement.id]
    ]
    return Table(
        "收入和扣除",
        (
            Column("what", "项目", width_weight=4),
            Column("period", "所属期", width_weight=6),
            Column("energy", "电量（千瓦时）", "int"),
            Column("on", "日期", "date"),
            Column("paper", "流水号、凭证号", width_weight=4),
            Column("received", "收入", "fen"),
            Column("deducted", "扣除", "fen"),
        ),
        body,
        totals={"received": statement.received_fen, "deducted": statement.deducted_fen},
    )


def _holders(
    lines: Sequence[StatementLine],
    titles: dict[int, str],
    passed: dict[int, Passed],
    total: int,
) -> Table:
    body: list[Row] = [
        {
            "serial": number,
            "holder": titles[line.holder_party_id],
            "share": share_text(line.share_numerator, line.share_denominator),
            "amount": line.amount_fen,
            "passed": passed[line.id].amount_fen if line.id in passed else 0,
            "on": passed[line.id].passed_on if line.id in passed else None,
        }
        for number, line in enumerate(lines, start=1)
    ]
    return Table(
        "各权利人应得",
        (
            Column("serial", "序号", "serial"),
            Column("holder", "权利人", width_weight=8),
            Column("share", "份额", width_weight=3, align="center"),
            Column("amount", "应得", "fen"),
            Column("passed", "已拨付", "fen"),
            Column("on", "拨付日期", "date"),
        ),
        body,
        totals={"amount": total, "passed": sum_fen(body, "passed")},
        words_total=total,
    )


def account(stand: Standpoint, asked: Asked) -> Paper:
    """The account of one right holder with the institution that passes the money on.

    Raises:
        NotFound: No such holder.

    依据: 国开办司发〔2020〕3号 (及时结转到村)
    """
    party = party_by_code(stand.session, required(asked.party, "主体（--party）"))
    pairs = _lines_of_holder(stand, party, asked.year)
    passed = _passed(stand, [line for line, _ in pairs])
    rows = [_row(stand, line, statement, passed) for line, statement in pairs]
    due = sum(line.amount_fen for line, _ in pairs)
    done = sum(passed[line.id].amount_fen for line, _ in pairs if line.id in passed)
    keys = [column.key for column in _columns() if column.kind == "fen"]
    totals = {key: sum_fen(rows, key) for key in keys}
    costs = ("upkeep", "insurance", "site", "tax", "other_cost")
    title = party_titles(stand.session, stand.at)[party.id]
    year = f"{asked.year}年" if asked.year else ""
    return Paper(
        name="pass-through-statement",
        title=f"{title}{year}收益结转对账单",
        organisation=stand.district,
        footer=stand.footer,
        parameters=asked.parameters(),
        headline=(
            Fact("未结转余额", due - done, "fen", words=True),
            Fact("应结转", due, "fen"),
            Fact("已结转", done, "fen"),
        ),
        tables=(Table("", _columns(), rows, totals=totals, words_total=due, page_subtotals=True),),
        paragraphs_after=(
            "标杆电费、补贴和扣除为全站数；应结转为本单位按收益份额应得数；"
            "由本单位直接收取的，结转日期为结转单确认日期。",
        ),
        proof_lines=(
            ProofLine(
                "全站收入－扣除 = 全站可分配",
                totals["benchmark"]
                + totals["subsidy"]
                + totals["other"]
                - sum(totals[key] for key in costs),
                totals["whole"],
            ),
            ProofLine("应结转－已结转 = 未结转余额", totals["due"] - totals["passed"], due - done),
        ),
        sources=SOURCES,
        signatures=("制表", "复核", "对账双方签章"),
        orientation="landscape",
    )


def _columns() -> tuple[Column, ...]:
    return (
        Column("plant", "电站（资产）", width_weight=5),
        Column("period", "所属期", width_weight=5),
        Column("energy", "电量（千瓦时）", "int"),
        Column("price", "电价", width_weight=3),
        Column("benchmark", "标杆电费", "fen", group="收入"),
        Column("subsidy", "补贴", "fen", group="收入"),
        Column("other", "其他", "fen", group="收入"),
        Column("tax", "税费", "fen", group="代扣"),
        Column("upkeep", "运维", "fen", group="代扣"),
        Column("insurance", "保险", "fen", group="代扣"),
        Column("site", "场地", "fen", group="代扣"),
        Column("other_cost", "其他", "fen", group="代扣"),
        Column("whole", "全站可分", "fen"),
        Column("share", "份额", align="center", width_weight=3),
        Column("due", "应结转", "fen"),
        Column("passed", "已结转", "fen"),
        Column("on", "结转日期", "date"),
    )


def _row(
    stand: Standpoint,
    line: StatementLine,
    statement: PlantStatement,
    passed: dict[int, Passed],
) -> Row:
    earned = _earned(stand, statement)
    plant = plant_facts(stand.session, stand.at).get(statement.asset_id)
    period = ""
    if earned.period_from and earned.period_to:
        period = f"{earned.period_from.isoformat()}至{earned.period_to.isoformat()}"
    return {
        "plant": asset_titles(stand)[statement.asset_id],
        "period": period,
        "energy": earned.energy_kwh or None,
        "price": _price(plant.benchmark_tariff_uyuan, plant.subsidy_tariff_uyuan) if plant else "",
        **earned.fen,
        "whole": statement.distributable_fen,
        "share": share_text(line.share_numerator, line.share_denominator),
        "due": line.amount_fen,
        "passed": passed[line.id].amount_fen if line.id in passed else 0,
        "on": passed[line.id].passed_on if line.id in passed else None,
    }


def _price(benchmark: int | None, subsidy: int | None) -> str:
    """Tariffs in yuan per kWh: ``0.453＋0.397``."""
    return "＋".join(
        f"{value // 1_000_000}.{value % 1_000_000:06d}".rstrip("0")
        for value in (benchmark, subsidy)
        if value
    )


def _earned(stand: Standpoint, statement: PlantStatement) -> Earned:
    receipts, costs = _used(stand, [statement.id])
    found = Earned()
    for each in receipts[statement.id]:
        found.energy_kwh += each.energy_kwh or 0
        found.period_from = min(found.period_from or each.period_from, each.period_from)
        found.period_to = max(found.period_to or each.period_to, each.period_to)
        key = next((k for s, k in _STREAM_COLUMNS.items() if s == each.stream), "other")
        found.fen[key] += each.amount_fen
    for cost in costs[statement.id]:
        found.fen[next(k for kind, k in _COST_COLUMNS.items() if kind == cost.kind)] += (
            cost.amount_fen
        )
    return found


def _used(
    stand: Standpoint, ids: Sequence[int]
) -> tuple[dict[int, list[Receipt]], dict[int, list[Deduction]]]:
    """Receipts and deductions of statements, in the order they came."""
    receipts: dict[int, list[Receipt]] = defaultdict(list)
    costs: dict[int, list[Deduction]] = defaultdict(list)
    wanted = col(StatementSource.plant_statement_id).in_(list(ids))
    for source, receipt in stand.session.exec(
        select(StatementSource, Receipt)
        .join(Receipt, col(Receipt.id) == col(StatementSource.receipt_id))
        .where(wanted)
        .order_by(col(Receipt.arrived_on), col(Receipt.id))
    ).all():
        receipts[source.plant_statement_id].append(receipt)
    for source, cost in stand.session.exec(
        select(StatementSource, Deduction)
        .join(Deduction, col(Deduction.id) == col(StatementSource.deduction_id))
        .where(wanted)
        .order_by(col(Deduction.happened_on), col(Deduction.id))
    ).all():
        costs[source.plant_statement_id].append(cost)
    return receipts, costs


def _lines_of_holder(
    stand: Standpoint, party: Party, year: int
) -> list[tuple[StatementLine, PlantStatement]]:
    query = (
        select(StatementLine, PlantStatement)
        .join(PlantStatement, col(PlantStatement.id) == col(StatementLine.plant_statement_id))
        .where(
            StatementLine.holder_party_id == party.id,
            col(PlantStatement.confirmed_on) <= stand.day,
            col(PlantStatement.entry_id) <= stand.at.position,
        )
        .order_by(
            col(PlantStatement.income_year),
            col(PlantStatement.confirmed_on),
            col(PlantStatement.id),
        )
    )
    if year:
        query = query.where(PlantStatement.income_year == year)
    return list(stand.session.exec(query).all())


def _passed(stand: Standpoint, lines: Sequence[StatementLine]) -> dict[int, Passed]:
    """Line id → what reached its holder: transfers, and money the holder received itself."""
    rows = stand.session.exec(
        select(Transfer).where(
            col(Transfer.passed_on) <= stand.day, col(Transfer.entry_id) <= stand.at.position
        )
    ).all()
    found = {row.statement_line_id: Passed(row.amount_fen, row.passed_on) for row in rows}
    for line in lines:
        statement = stand.session.get_one(PlantStatement, line.plant_statement_id)
        if receiver_of(stand.session, statement.id) == line.holder_party_id:
            found[line.id] = Passed(line.amount_fen, statement.confirmed_on)
    return found


def asset_titles(stand: Standpoint) -> dict[int, str]:
    """Asset id → name as last registered by the position."""
    rows = stand.session.exec(
        select(AssetFact)
        .where(col(AssetFact.entry_id) <= stand.at.position)
        .order_by(col(AssetFact.valid_from), col(AssetFact.id))
    ).all()
    return {row.asset_id: row.title for row in rows}


def sum_fen(rows: Sequence[Row], key: str) -> int:
    """Sum of an amount column of rows; empty cells count nothing."""
    return int(sum_of(rows, key))
