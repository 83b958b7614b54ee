"""What should photovoltaic plants have earned by their bills, and what arrived (应收与实收)?

Expected is what the grid company's bills say, by month and stream; where no bills were taken in it
is what the receipts say was due. Received is what arrived, by the month of arrival.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from sqlmodel import col, select

from assets.models import PlantFact
from ledger.models import ElectricityBill, MoneyKind, Receipt, Stream
from reports import charts
from reports.paper import Column, Fact, Paper, Picture, ProofLine, Row, Table
from reports.pass_through import asset_titles, sum_fen
from reports.standpoint import Asked, Standpoint

SOURCES = ("国能发新能〔2018〕29号", "国开办发〔2017〕61号")
_MONEY = (
    "due_benchmark",
    "due_subsidy",
    "received_benchmark",
    "received_subsidy",
    "missing",
)


@dataclass
class PlantYear:
    """One plant's year: kWh, fen due and received by stream."""

    energy_kwh: int = 0
    fen: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def missing_fen(self) -> int:
        """Due and not received."""
        due = self.fen["due_benchmark"] + self.fen["due_subsidy"]
        return due - self.fen["received_benchmark"] - self.fen["received_subsidy"]


def paper(stand: Standpoint, asked: Asked) -> Paper:
    """Expected and received income of all plants, for one income year or all.

    依据: 国能发新能〔2018〕29号; 国开办发〔2017〕61号 (电费及时足额结转)
    """
    found, due_by_month, received_by_month = _gathered(stand, asked.year)
    titles = asset_titles(stand)
    body: list[Row] = [
        {
            "plant": titles[asset_id],
            "year": f"{year}年",
            "energy": each.energy_kwh,
            **{key: each.fen[key] for key in _MONEY[:-1]},
            "missing": each.missing_fen,
        }
        for (asset_id, year), each in sorted(found.items())
    ]
    totals = {key: sum_fen(body, key) for key in _MONEY}
    due = totals["due_benchmark"] + totals["due_subsidy"]
    received = totals["received_benchmark"] + totals["received_subsidy"]
    year = f"{asked.year}年" if asked.year else ""
    return Paper(
        name="plant-income",
        title=f"{stand.district}{year}光伏电费应收实收表",
        organisation=stand.district,
        footer=stand.footer,
        parameters=asked.parameters(),
        headline=(
            Fact("应收未收", totals["missing"], "fen", words=totals["missing"] >= 0),
            Fact("应收", due, "fen"),
            Fact("实收", received, "fen"),
            Fact("电站", f"{len({asset_id for asset_id, _ in found})}座"),
        ),
        tables=(_table(body, totals),),
        pictures=_picture(due_by_month, received_by_month),
        proof_lines=(ProofLine("应收－实收 = 未收", due - received, totals["missing"]),),
        sources=SOURCES,
        signatures=("制表", "复核", "审批", "盖章"),
        orientation="landscape",
    )


def _table(body: list[Row], totals: dict[str, int]) -> Table:
    return Table(
        "",
        (
            Column("plant", "电站", width_weight=6),
            Column("year", "所属年", align="center", width_weight=2),
            Column("energy", "电量（千瓦时）", "int"),
            Column("due_benchmark", "标杆电费", "fen", group="应收"),
            Column("due_subsidy", "补贴", "fen", group="应收"),
            Column("received_benchmark", "标杆电费", "fen", group="实收"),
            Column("received_subsidy", "补贴", "fen", group="实收"),
            Column("missing", "未收", "fen"),
        ),
        body,
        totals={"energy": sum_fen(body, "energy"), **totals},
        page_subtotals=True,
    )


_STREAMS = {
    Stream.BENCHMARK_TARIFF.value: "benchmark",
    Stream.STATE_SUBSIDY.value: "subsidy",
}
ByMonth = dict[str, int]


def _gathered(
    stand: Standpoint, year: int
) -> tuple[dict[tuple[int, int], PlantYear], ByMonth, ByMonth]:
    """(plant, income year) → its year; fen due and received by month (2019-05)."""
    at = stand.at
    plants = set(stand.session.exec(select(PlantFact.asset_id).distinct()).all())
    found: dict[tuple[int, int], PlantYear] = defaultdict(PlantYear)
    due: ByMonth = defaultdict(int)
    got: ByMonth = defaultdict(int)
    billed: set[tuple[int, int]] = set()
    for bill in stand.session.exec(
        select(ElectricityBill).where(
            col(ElectricityBill.entry_id) <= at.position,
            col(ElectricityBill.month) <= at.day.year * 100 + at.day.month,
        )
    ).all():
        key = bill.asset_id, bill.month // 100
        if year and key[1] != year:
            continue
        billed.add(key)
        found[key].energy_kwh += bill.energy_kwh
        found[key].fen["due_benchmark"] += bill.benchmark_fen
        found[key].fen["due_subsidy"] += bill.subsidy_fen
        due[_month(bill.month)] += bill.benchmark_fen + bill.subsidy_fen
    for receipt in stand.session.exec(
        select(Receipt).where(
            Receipt.money_kind == MoneyKind.INCOME,
            col(Receipt.stream).in_(list(_STREAMS)),
            col(Receipt.arrived_on) <= at.day,
            col(Receipt.entry_id) <= at.position,
        )
    ).all():
        key = receipt.asset_id, receipt.income_year
        if receipt.asset_id not in plants or (year and key[1] != year):
            continue
        stream = _STREAMS[receipt.stream]
        arrived = receipt.arrived_on.year * 100 + receipt.arrived_on.month
        found[key].fen[f"received_{stream}"] += receipt.amount_fen
        got[_month(arrived)] += receipt.amount_fen
        if key not in billed:
            owed = receipt.due_fen if receipt.due_fen is not None else receipt.amount_fen
            found[key].energy_kwh += receipt.energy_kwh or 0
            found[key].fen[f"due_{stream}"] += owed
            due[_month(receipt.period_to.year * 100 + receipt.period_to.month)] += owed
    return dict(found), dict(due), dict(got)


def _month(month: int) -> str:
    return f"{month // 100}-{month % 100:02d}"


MONTHS_MOST = 14
"""More months than this are told by quarter: their names would not fit under the line."""


def _picture(due: ByMonth, got: ByMonth) -> tuple[Picture, ...]:
    word = "月"
    if len({*due, *got}) > MONTHS_MOST:
        due, got, word = _by_quarter(due), _by_quarter(got), "季"
    names = sorted({*due, *got})
    if len(names) < 2:
        return ()
    points = [
        charts.Point(name, title, amounts.get(name, 0))
        for title, amounts in (("应收", due), ("实收", got))
        for name in names
    ]
    return (charts.lines(f"各{word}应收与实收", points),)


def _by_quarter(amounts: ByMonth) -> ByMonth:
    found: ByMonth = defaultdict(int)
    for month, amount in amounts.items():
        year, number = month.split("-")
        found[f"{year}年{(int(number) + 2) // 3}季"] += amount
    return dict(found)
