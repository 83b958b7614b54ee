"""What should have come in under contracts, what has, and how long is the rest overdue (合同应收)?

Dues are set against the receipts of the asset, oldest first. A guaranteed return that was not paid
stays a receivable. The ageing is by counterparty.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import col, select

from assets.columns import label_of
from assets.models import ContractKind, OperationContract
from assets.operation import contracts, dues
from assets.parties import party_titles
from ledger.models import Finding, MoneyKind, Receipt
from ledger.receivables import CONTRACT_STREAMS, settle
from reports.paper import Column, Fact, Paper, ProofLine, Row, Table
from reports.pass_through import asset_titles
from reports.standpoint import Asked, Standpoint

SOURCES = ("国办函〔2021〕51号", "内部约定（先到期的先冲抵）")
BANDS = ((0, "未逾期"), (90, "1至90天"), (180, "91至180天"), (365, "181至365天"), (None, "超过1年"))
"""Upper ends of the ages in days, and their names."""


@dataclass(frozen=True)
class DueLine:
    """One sum due under a contract, what of it came in and how old the rest is; fen."""

    contract: OperationContract
    due_on: date
    period_from: date
    period_to: date
    due_fen: int
    received_fen: int
    overdue_days: int

    @property
    def missing_fen(self) -> int:
        """Due and not received."""
        return self.due_fen - self.received_fen


def due_lines(stand: Standpoint) -> list[DueLine]:
    """Every sum due by the day, contract by contract, oldest first.

    依据: 民法典 (the debt due first is paid first where nothing else is agreed)
    """
    received = _received(stand)
    found = []
    for contract in contracts(stand.session, stand.at):
        rows = dues(stand.session, stand.at, contract_ids=[contract.id])
        parts = settle([row.amount_fen for row in rows], received.get(contract.asset_id, 0))
        received[contract.asset_id] = received.get(contract.asset_id, 0) - sum(parts)
        for row, part in zip(rows, parts, strict=True):
            found.append(
                DueLine(
                    contract,
                    row.due_on,
                    row.period_from,
                    row.period_to,
                    row.amount_fen,
                    part,
                    (stand.day - row.due_on).days if part < row.amount_fen else 0,
                )
            )
    return found


def _received(stand: Standpoint) -> dict[int, int]:
    """Asset id → fen received by the day from what contracts pay."""
    rows = stand.session.exec(
        select(Receipt).where(
            Receipt.money_kind == MoneyKind.INCOME,
            col(Receipt.stream).in_([each.value for each in CONTRACT_STREAMS]),
            col(Receipt.arrived_on) <= stand.day,
            col(Receipt.entry_id) <= stand.at.position,
        )
    ).all()
    sums: dict[int, int] = defaultdict(int)
    for row in rows:
        sums[row.asset_id] += row.amount_fen
    return sums


def register(stand: Standpoint, asked: Asked) -> Paper:
    """The register of sums due under contracts.

    依据: 国办函〔2021〕51号 (经营性资产收益及时足额收取)
    """
    lines = due_lines(stand)
    due = sum(line.due_fen for line in lines)
    received = sum(line.received_fen for line in lines)
    missing = due - received
    overdue = sum(line.missing_fen for line in lines if line.overdue_days)
    return Paper(
        name="contract-dues",
        title=f"{stand.district}合同应收台账",
        organisation=stand.district,
        footer=stand.footer,
        parameters=asked.parameters(),
        headline=(
            Fact("欠收", missing, "fen", words=True),
            Fact("其中逾期", overdue, "fen"),
            Fact("逾期笔数", sum(1 for line in lines if line.overdue_days), "int"),
            Fact("最长逾期", f"{max((line.overdue_days for line in lines), default=0)}天"),
        ),
        tables=(_register(stand, lines, due, received),),
        proof_lines=(ProofLine("应收－已收 = 欠收", due - received, missing),),
        sources=SOURCES,
        signatures=("制表", "复核", "审批", "盖章"),
        orientation="landscape",
    )


def _register(stand: Standpoint, lines: Sequence[DueLine], due: int, received: int) -> Table:
    titles, assets = party_titles(stand.session, stand.at), asset_titles(stand)
    measures = _measures(stand)
    body: list[Row] = [
        {
            "code": line.contract.code,
            "kind": label_of(ContractKind, line.contract.kind),
            "party": titles[line.contract.counterparty_id],
            "asset": assets[line.contract.asset_id],
            "principal": line.contract.principal_fen,
            "rent": line.contract.yearly_fen,
            "term": f"{line.contract.starts_on.isoformat()}至{line.contract.ends_on.isoformat()}",
            "rate": (line.contract.rate_ppm, 1_000_000) if line.contract.rate_ppm else None,
            "on": line.due_on,
            "due": line.due_fen,
            "received": line.received_fen,
            "missing": line.missing_fen,
            "days": line.overdue_days,
            "measure": measures.get(line.contract.code, ""),
        }
        for line in lines
    ]
    return Table(
        "",
        (
            Column("code", "合同号", width_weight=3),
            Column("kind", "类型", align="center", width_weight=1),
            Column("party", "对方", width_weight=5),
            Column("asset", "资产", width_weight=4),
            Column("principal", "本金", "fen"),
            Column("rent", "年租金或收益", "fen"),
            Column("term", "期限", width_weight=4),
            Column("rate", "约定率", "percent"),
            Column("on", "应收日", "date"),
            Column("due", "应收", "fen"),
            Column("received", "已收", "fen"),
            Column("missing", "欠收", "fen"),
            Column("days", "逾期天数", "int"),
            Column("measure", "措施", width_weight=4),
        ),
        body,
        totals={"due": due, "received": received, "missing": due - received},
        words_total=due - received if due - received not in (due, received) else None,
        page_subtotals=True,
    )


def _measures(stand: Standpoint) -> dict[str, str]:
    """Contract code → the finding that was raised about it."""
    rows = stand.session.exec(
        select(Finding)
        .where(
            Finding.object_kind == "CONTRACT",
            col(Finding.raised_on) <= stand.day,
            col(Finding.entry_id) <= stand.at.position,
        )
        .order_by(col(Finding.id))
    ).all()
    return {row.object_code: f"{row.subject}（{row.code}）" for row in rows}


def ageing(stand: Standpoint, asked: Asked) -> Paper:
    """What is owed by each counterparty, by age.

    依据: 国办函〔2021〕51号; 内部约定 (90、180、365天分档)
    """
    lines = [line for line in due_lines(stand) if line.missing_fen]
    titles = party_titles(stand.session, stand.at)
    sums: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for line in lines:
        sums[titles[line.contract.counterparty_id]][band_of(line.overdue_days)] += line.missing_fen
    names = [name for _, name in BANDS]
    body: list[Row] = [
        {"party": party, **{name: found.get(name, 0) for name in names}, "sum": sum(found.values())}
        for party, found in sorted(sums.items())
    ]
    total = sum(line.missing_fen for line in lines)
    totals = {name: sum(found.get(name, 0) for found in sums.values()) for name in names}
    return Paper(
        name="receivables-ageing",
        title=f"{stand.district}应收款账龄表",
        organisation=stand.district,
        footer=stand.footer,
        parameters=asked.parameters(),
        headline=(
            Fact("欠收合计", total, "fen", words=True),
            Fact("其中超过1年", totals["超过1年"], "fen"),
            Fact("欠款单位", f"{len(sums)}个"),
        ),
        tables=(
            Table(
                "",
                (
                    Column("party", "对方", width_weight=8),
                    *(Column(name, name, "fen") for name in names),
                    Column("sum", "欠收合计", "fen"),
                ),
                body,
                totals={**totals, "sum": total},
                words_total=total,
            ),
        ),
        proof_lines=(ProofLine("Σ各账龄 = 欠收合计", sum(totals.values()), total),),
        sources=SOURCES,
        signatures=("制表", "复核", "审批"),
    )


def band_of(days: int) -> str:
    """The name of the age a number of days falls into.

    >>> band_of(0), band_of(90), band_of(91), band_of(366)
    ('未逾期', '1至90天', '91至180天', '超过1年')
    """
    return next(name for end, name in BANDS if end is None or days <= end)
