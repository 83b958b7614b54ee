"""How does the whole district stand: assets by class, owner and town, handover, money (汇总表)?

Year-start, additions, reductions and year-end for each cut, with pictures that carry the figures of
the tables beside them.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date

from sqlmodel import col, select

from assets.columns import label_of
from assets.divisions_register import town_of, towns
from assets.funds import contributions
from assets.models import (
    AssetClass,
    AssetState,
    FundDocument,
    FundLevel,
    PartyKind,
    RightKind,
)
from assets.ownership import all_shares
from assets.parties import party_kinds
from assets.registration import AssetRow, asset_rows
from ledger.models import (
    Channel,
    Entitlement,
    MoneyKind,
    PaymentLine,
    PaymentResult,
    Plan,
    PlanChannel,
    Receipt,
)
from reports import charts
from reports.asset_register import disposal_days, movement
from reports.paper import Column, Fact, Paper, Picture, ProofLine, Row, Table
from reports.standpoint import Asked, Standpoint

SOURCES = ("国办函〔2021〕51号", "内部约定（分类、分权属、分镇汇总）")
HANDED = (
    AssetState.ACCEPTED,
    AssetState.ACCEPTED_WITH_RESERVATIONS,
    AssetState.BOOKED,
    AssetState.IN_OPERATION,
    AssetState.IDLE,
    AssetState.UNDER_REPAIR,
    AssetState.DISPOSAL_PROPOSED,
)
_WAITING = "未移交"
_PARTS = ("count", "opening", "added", "removed", "closing")


def paper(stand: Standpoint, asked: Asked) -> Paper:
    """The summary of the district as of the day.

    依据: 国办函〔2021〕51号 (分类建立台账、汇总管理)
    """
    rows = asset_rows(stand.session, stand.at)
    gone = disposal_days(stand)
    whole = movement(rows, gone, stand.day)
    tables = [
        _cut(title, rows, gone, stand.day, key, order) for title, key, order in _cuts(stand, rows)
    ]
    year = stand.day.year
    received, paid = _received(stand, year), _paid(stand, year)
    return Paper(
        name="district-summary",
        title=f"{stand.district}{year}年帮扶项目资产汇总表",
        organisation=stand.district,
        footer=stand.footer,
        parameters=asked.parameters(),
        headline=(
            Fact("件数", whole.closing_count, "int"),
            Fact("年初原值", whole.opening_fen, "fen"),
            Fact("增加", whole.added_fen, "fen"),
            Fact("减少", whole.removed_fen, "fen"),
            Fact("年末原值", whole.closing_fen, "fen"),
        ),
        tables=(*tables, _money(received, paid)),
        pictures=tuple(_pictures(stand, rows, paid)),
        proof_lines=(
            *(
                ProofLine(
                    f"{table.title}合计 = 年末原值", int(table.totals["closing"]), whole.closing_fen
                )
                for table in tables
            ),
            ProofLine(
                "年初＋增加－减少 = 年末",
                whole.opening_fen + whole.added_fen - whole.removed_fen,
                whole.closing_fen,
            ),
        ),
        sources=SOURCES,
        signatures=("制表", "复核", "审批", "盖章"),
        orientation="landscape",
    )


Cut = tuple[str, Callable[[AssetRow], str], Sequence[str]]


def _cuts(stand: Standpoint, rows: Sequence[AssetRow]) -> list[Cut]:
    """Title of each cut, the group of an asset, and the groups in their order."""
    owners = _owner_levels(stand)
    names = {code: stand.place(code) for code in towns(stand.session, stand.at)}
    unknown = sorted({town_of(row.division_code) for row in rows} - set(names))
    names |= {code: stand.place(code) for code in unknown}
    return [
        (
            "分类别",
            lambda row: label_of(AssetClass, row.asset_class),
            [each.label for each in AssetClass],
        ),
        (
            "分权属",
            lambda row: owners.get(row.asset_id, "未确权"),
            [*OWNERS, "未确权"],
        ),
        (
            "分镇",
            lambda row: names[town_of(row.division_code)],
            [names[code] for code in sorted(names)],
        ),
    ]


OWNERS = ("村集体", "镇级", "区级", "农户", "企业及其他", "多方共有", "权属待定")
_OWNER_OF_KIND = {
    PartyKind.COLLECTIVE: "村集体",
    PartyKind.COMMITTEE: "村集体",
    PartyKind.TOWN: "镇级",
    PartyKind.TOWN_POOL: "镇级",
    PartyKind.DISTRICT_POOL: "区级",
    PartyKind.DISTRICT_UNIT: "区级",
    PartyKind.INDUSTRY: "区级",
    PartyKind.FINANCE: "区级",
    PartyKind.HOUSEHOLD: "农户",
    PartyKind.UNCLEAR: "权属待定",
}


def _owner_levels(stand: Standpoint) -> dict[int, str]:
    """Asset id → level of its owner; several kinds of owner are 多方共有."""
    kinds = party_kinds(stand.session)
    found: dict[int, str] = {}
    for asset_id, shares in all_shares(stand.session, RightKind.OWN, stand.at).items():
        levels = {
            next((w for k, w in _OWNER_OF_KIND.items() if k == kinds[holder]), "企业及其他")
            for holder, _, _ in shares
        }
        found[asset_id] = levels.pop() if len(levels) == 1 else "多方共有"
    return found


def _cut(
    title: str,
    rows: Sequence[AssetRow],
    gone: dict[str, date],
    day: date,
    key: Callable[[AssetRow], str],
    order: Sequence[str],
) -> Table:
    groups: dict[str, list[AssetRow]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    body: list[Row] = []
    sums: dict[str, int] = defaultdict(int)
    for name in order:
        if name not in groups and title == "分权属":
            continue
        moved = movement(groups.get(name, []), gone, day)
        figures = {
            "count": moved.closing_count,
            "opening": moved.opening_fen,
            "added": moved.added_fen,
            "removed": moved.removed_fen,
            "closing": moved.closing_fen,
        }
        body.append({"key": name, **figures})
        for part, amount in figures.items():
            sums[part] += amount
    return Table(
        title,
        (
            Column("key", title.removeprefix("分"), width_weight=6),
            Column("count", "年末件数", "int"),
            Column("opening", "年初原值", "fen"),
            Column("added", "增加", "fen"),
            Column("removed", "减少", "fen"),
            Column("closing", "年末原值", "fen"),
        ),
        body,
        totals={part: sums[part] for part in _PARTS},
    )


def _received(stand: Standpoint, year: int) -> int:
    rows = stand.session.exec(
        select(Receipt).where(
            Receipt.income_year == year,
            Receipt.money_kind == MoneyKind.INCOME,
            col(Receipt.arrived_on) <= stand.day,
            col(Receipt.entry_id) <= stand.at.position,
        )
    ).all()
    return sum(row.amount_fen for row in rows)


def _paid(stand: Standpoint, year: int) -> dict[str, int]:
    """Channel → fen of the year's plans that arrived with people or were set aside."""
    sums: dict[str, int] = defaultdict(int)
    rows = stand.session.exec(
        select(PaymentLine, PlanChannel)
        .join(PaymentResult, col(PaymentResult.payment_line_id) == col(PaymentLine.id))
        .join(Entitlement, col(Entitlement.id) == col(PaymentLine.entitlement_id))
        .join(PlanChannel, col(PlanChannel.id) == col(Entitlement.plan_channel_id))
        .join(Plan, col(Plan.id) == col(Entitlement.plan_id))
        .where(
            Plan.income_year == year,
            PaymentResult.outcome == "PAID",
            col(PaymentResult.happened_on) <= stand.day,
            col(PaymentResult.entry_id) <= stand.at.position,
        )
    ).all()
    for line, channel in rows:
        sums[channel.channel] += line.amount_fen
    return dict(sums)


def _money(received: int, paid: dict[str, int]) -> Table:
    body: list[Row] = [
        {"channel": each.label, "amount": paid[each.value]}
        for each in Channel
        if each.value in paid
    ]
    return Table(
        "本年度收益发放（按渠道，已到账）",
        (Column("channel", "渠道"), Column("amount", "金额", "fen")),
        body,
        totals={"amount": sum(paid.values())},
        unit_line=f"本年度收益到账{received // 100:,}.{received % 100:02d}元　单位：元",
    )


def _pictures(stand: Standpoint, rows: Sequence[AssetRow], paid: dict[str, int]) -> list[Picture]:
    found = []
    formed = _formation(stand, rows)
    if formed:
        found.append(charts.bars("历年形成资产（按资金级次）", formed))
    flowing = _flow(stand, rows)
    if flowing is not None:
        found.append(flowing)
    handed = [
        charts.Point(
            stand.place(code),
            word,
            sum(
                1
                for row in rows
                if town_of(row.division_code) == code
                and (row.state in HANDED) == (word != _WAITING)
                and row.state != AssetState.DISPOSED
            ),
        )
        for code in sorted({town_of(row.division_code) for row in rows})
        for word in ("已移交", _WAITING)
    ]
    if handed:
        found.append(charts.progress("各镇移交进度（已移交/未移交，件）", handed))
    if paid:
        found.append(
            charts.bars(
                "收益发放渠道",
                [
                    charts.Point(each.label, "已到账", paid[each.value])
                    for each in Channel
                    if each.value in paid
                ],
            )
        )
    return found


def _flow(stand: Standpoint, rows: Sequence[AssetRow]) -> Picture | None:
    """Money from its level through the class of asset to the town."""
    about = {row.asset_id: row for row in rows}
    levels = dict(stand.session.exec(select(FundDocument.id, FundDocument.level)).all())
    first: dict[tuple[str, str], int] = defaultdict(int)
    second: dict[tuple[str, str], int] = defaultdict(int)
    for each in contributions(stand.session, stand.at):
        row = about.get(each.asset_id)
        if row is None:
            continue
        level = f"{label_of(FundLevel, levels[each.fund_document_id])}资金"
        kind = label_of(AssetClass, row.asset_class)
        first[level, kind] += each.amount_fen
        second[kind, stand.place(town_of(row.division_code))] += each.amount_fen
    if not first:
        return None
    columns = [
        [
            f"{each.label}资金"
            for each in FundLevel
            if any(s == f"{each.label}资金" for s, _ in first)
        ],
        [each.label for each in AssetClass if any(t == each.label for _, t in first)],
        sorted({town for _, town in second}),
    ]
    links = [charts.Link(s, t, fen) for (s, t), fen in sorted({**first, **second}.items())]
    return charts.flow("资金流向：级次—资产类别—镇", columns, links)


def _formation(stand: Standpoint, rows: Sequence[AssetRow]) -> list[charts.Point]:
    built = {row.asset_id: row.acquired_on.year for row in rows}
    levels = dict(stand.session.exec(select(FundDocument.id, FundDocument.level)).all())
    sums: dict[tuple[int, str], int] = defaultdict(int)
    for each in contributions(stand.session, stand.at):
        if each.asset_id in built:
            sums[built[each.asset_id], levels[each.fund_document_id]] += each.amount_fen
    return [
        charts.Point(f"{year}年", level.label, sums[year, level.value])
        for year in sorted({year for year, _ in sums})
        for level in FundLevel
        if (year, level.value) in sums
    ]
