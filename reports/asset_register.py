"""Which assets are there, whose are they, what do they earn, where did they come from (资产台账)?

One line for each asset that stands on the day, with its funds, holders, operator, income of the
year, certificate, handover and voucher; year-start, additions, reductions and year-end above.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from sqlalchemy import func
from sqlmodel import col, select

from assets import divisions
from assets.columns import label_of
from assets.funds import contributions
from assets.models import (
    AssetClass,
    AssetState,
    Condition,
    FundDocument,
    FundLevel,
    HandoverAnswer,
    HandoverBooking,
    HandoverItem,
    ObjectKind,
    RightKind,
    StatusEvent,
    TitleCertificate,
)
from assets.ownership import all_shares
from assets.parties import party_titles
from assets.registration import AssetRow, asset_rows, differences
from ledger.books.posting import voucher_name
from ledger.models import MoneyKind, Receipt, Voucher
from reports.paper import Column, Fact, Paper, ProofLine, Row, Table
from reports.standpoint import Asked, Standpoint

TOGETHER_MOST = 3
"""More holders than these are listed below the register."""

LIST = "； "
"""Between the holders of one cell: the blank lets a line break after a fraction."""

SOURCES = ("国办函〔2021〕51号", "内部约定（台账栏目）")


@dataclass(frozen=True)
class Movement:
    """Value and number of assets at the year's start, come, gone and there on the day; fen."""

    opening_fen: int
    added_fen: int
    removed_fen: int
    closing_fen: int
    opening_count: int
    added_count: int
    removed_count: int
    closing_count: int


def paper(stand: Standpoint, asked: Asked) -> Paper:
    """The register of a district, town or village as of the day.

    依据: 国办函〔2021〕51号 (摸清底数、分类登记)
    """
    rows = asset_rows(stand.session, stand.at, town=asked.town, village=asked.village)
    gone_on = disposal_days(stand)
    standing = [row for row in rows if row.state != AssetState.DISPOSED]
    moved = movement(rows, gone_on, stand.day)
    total = sum(row.original_value_fen for row in standing)
    funds = _funds(stand, {row.asset_id for row in standing})
    explained = sum(
        each.difference_fen
        for asset_id, found in differences(stand.session, stand.at).items()
        if asset_id in {row.asset_id for row in standing}
        for each in found
    )
    together = _holders(stand, standing)
    area = asked.village or asked.town
    where = stand.place(area) if area else stand.district
    return Paper(
        name="asset-register",
        title=f"{where}帮扶项目资产台账",
        organisation=where,
        footer=stand.footer,
        parameters=asked.parameters(),
        headline=(
            Fact("件数", len(standing), "int"),
            Fact("年初原值", moved.opening_fen, "fen"),
            Fact("本年增加", moved.added_fen, "fen"),
            Fact("本年减少", moved.removed_fen, "fen"),
            Fact("期末原值", moved.closing_fen, "fen"),
        ),
        tables=(
            _register(stand, standing, funds, total),
            _classes(standing, total),
            _levels(funds, explained, total),
            *([together] if together.rows else []),
        ),
        proof_lines=(
            ProofLine(
                "年初＋增加－减少 = 期末",
                moved.opening_fen + moved.added_fen - moved.removed_fen,
                moved.closing_fen,
            ),
            ProofLine("Σ各件原值 = 期末原值", total, moved.closing_fen),
            ProofLine(
                "Σ资金来源＋差异说明 = 原值",
                sum(sum(levels.values()) for levels in funds.values()) + explained,
                total,
            ),
        ),
        sources=SOURCES,
        signatures=("制表", "复核", "审批", "盖章"),
        orientation="landscape",
    )


def movement(rows: Iterable[AssetRow], gone_on: dict[str, date], day: date) -> Movement:
    """Year-start, additions, reductions and the end of the day; by day of acquisition.

    依据: 内部约定 (an asset counts from the day it was acquired to the day it was disposed of)
    """
    start = date(day.year, 1, 1)
    opening: list[int] = []
    added: list[int] = []
    removed: list[int] = []
    for row in rows:
        (opening if row.acquired_on < start else added).append(row.original_value_fen)
        if row.state != AssetState.DISPOSED:
            continue
        if gone_on[row.code] < start:
            opening.remove(row.original_value_fen)
        else:
            removed.append(row.original_value_fen)
    return Movement(
        sum(opening),
        sum(added),
        sum(removed),
        sum(opening) + sum(added) - sum(removed),
        len(opening),
        len(added),
        len(removed),
        len(opening) + len(added) - len(removed),
    )


def _register(
    stand: Standpoint, rows: list[AssetRow], funds: dict[int, dict[str, int]], total: int
) -> Table:
    titles = party_titles(stand.session, stand.at)
    owners = all_shares(stand.session, RightKind.OWN, stand.at)
    operators = all_shares(stand.session, RightKind.OPERATE, stand.at)
    income = income_of_year(stand, stand.day.year)
    papers = certificates(stand)
    handed = handover_days(stand)
    booked = vouchers(stand)
    body: list[Row] = []
    for row in rows:
        held = owners.get(row.asset_id, [])
        body.append(
            {
                "code": row.code,
                "title": row.title,
                "class": label_of(AssetClass, row.asset_class),
                "place": place_text(stand, row.division_code, row.place, whole=False),
                "built": row.acquired_on,
                "value": row.original_value_fen,
                "funds": "、".join(
                    level.label for level in FundLevel if funds.get(row.asset_id, {}).get(level)
                ),
                "owner": owner_text(held, titles),
                "share": "见附表"
                if len(held) > TOGETHER_MOST
                else LIST.join(share_text(top, below) for _, top, below in held),
                "operator": LIST.join(
                    titles[holder] for holder, _, _ in operators.get(row.asset_id, [])
                ),
                "income": income.get(row.asset_id, 0),
                "certificate": papers.get(row.asset_id, ""),
                "handed": handed.get(row.asset_id),
                "voucher": booked.get(row.asset_id, ""),
                "state": state_text(row),
            }
        )
    columns = (
        Column("code", "编号", width_weight=3),
        Column("title", "名称", width_weight=6),
        Column("class", "类别", width_weight=2),
        Column("place", "地点", width_weight=5),
        Column("built", "建成日", "date"),
        Column("value", "原值", "fen"),
        Column("funds", "资金来源", width_weight=2),
        Column("owner", "所有权人", width_weight=6),
        Column("share", "份额", width_weight=3),
        Column("operator", "经营主体", width_weight=5),
        Column("income", f"{stand.day.year}年收益", "fen"),
        Column("certificate", "确权文号", width_weight=4),
        Column("handed", "移交日", "date"),
        Column("voucher", "入账凭证", width_weight=3),
        Column("state", "状态", width_weight=2),
    )
    earned = sum(income.get(row.asset_id, 0) for row in rows)
    return Table(
        "",
        columns,
        body,
        totals={"value": total, "income": earned},
        words_total=total,
        page_subtotals=True,
    )


def _classes(rows: list[AssetRow], total: int) -> Table:
    body: list[Row] = [
        {
            "class": kind.label,
            "count": sum(row.asset_class == kind for row in rows),
            "value": sum(row.original_value_fen for row in rows if row.asset_class == kind),
        }
        for kind in AssetClass
    ]
    return Table(
        "分类汇总",
        (
            Column("class", "资产类别"),
            Column("count", "件数", "int"),
            Column("value", "原值", "fen"),
        ),
        body,
        totals={"count": len(rows), "value": total},
    )


def _levels(funds: dict[int, dict[str, int]], explained: int, total: int) -> Table:
    sums: dict[str, int] = defaultdict(int)
    for levels in funds.values():
        for level, amount in levels.items():
            sums[level] += amount
    body: list[Row] = [{"level": x.label, "amount": sums[x]} for x in FundLevel if sums.get(x)]
    if explained:
        body.append({"level": "差异（已说明）", "amount": explained})
    return Table(
        "资金来源汇总",
        (Column("level", "级次"), Column("amount", "构成原值", "fen")),
        body,
        totals={"amount": total},
    )


def _holders(stand: Standpoint, rows: list[AssetRow]) -> Table:
    """The parts of assets that belong to many, one line each."""
    titles = party_titles(stand.session, stand.at)
    owners = all_shares(stand.session, RightKind.OWN, stand.at)
    body: list[Row] = [
        {
            "code": row.code,
            "title": row.title,
            "owner": titles[holder],
            "share": share_text(top, below),
            "percent": (top, below),
        }
        for row in rows
        if len(owners.get(row.asset_id, [])) > TOGETHER_MOST
        for holder, top, below in owners[row.asset_id]
    ]
    return Table(
        "附表：共有资产份额",
        (
            Column("code", "编号", width_weight=4),
            Column("title", "名称", width_weight=6),
            Column("owner", "所有权人", width_weight=8),
            Column("share", "份额", width_weight=3, align="center"),
            Column("percent", "折合", "percent"),
        ),
        body,
        unit_line="",
    )


def owner_text(held: Sequence[tuple[int, int, int]], titles: Mapping[int, str]) -> str:
    """Who holds an asset: the names, or how many hold it together."""
    if len(held) > TOGETHER_MOST:
        return f"{len(held)}方共有（见附表）"
    return LIST.join(titles[holder] for holder, _, _ in held) or "待确权"


def place_text(stand: Standpoint, division_code: str, place: str, *, whole: bool = True) -> str:
    """Where an asset stands: division and place, without naming the village twice."""
    own = divisions.short_name(stand.places().get(division_code, ""))
    named = stand.place(division_code) if whole else own
    return named.removesuffix(own) + place if own and own in place else named + place


def share_text(numerator: int, denominator: int) -> str:
    """A share as printed: 全部, or the exact fraction in lowest terms.

    依据: 内部约定 (shares are exact fractions)
    """
    part = Fraction(numerator, denominator)
    return "全部" if part == 1 else f"{part.numerator}/{part.denominator}"


def state_text(row: AssetRow) -> str:
    """State of an asset, and its condition where that is not normal."""
    state = label_of(AssetState, row.state) if row.state else "未登记"
    if row.condition == Condition.NORMAL:
        return state
    return f"{state}（{label_of(Condition, row.condition)}）"


def disposal_days(stand: Standpoint) -> dict[str, date]:
    """Asset code → day it was disposed of."""
    rows = stand.session.exec(
        select(StatusEvent).where(
            StatusEvent.object_kind == ObjectKind.ASSET,
            StatusEvent.to_state == AssetState.DISPOSED,
            col(StatusEvent.entry_id) <= stand.at.position,
        )
    ).all()
    return {row.object_code: row.happened_on for row in rows}


def _funds(stand: Standpoint, ids: set[int]) -> dict[int, dict[str, int]]:
    """Asset id → level of fund → fen in it."""
    levels = dict(stand.session.exec(select(FundDocument.id, FundDocument.level)).all())
    found: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for each in contributions(stand.session, stand.at):
        if each.asset_id in ids:
            found[each.asset_id][levels[each.fund_document_id]] += each.amount_fen
    return found


def income_of_year(stand: Standpoint, year: int) -> dict[int, int]:
    """Asset id → fen of income concerning a year that had arrived by the day.

    依据: 内部约定 (本金、垫付、处置收入不是收益)
    """
    rows = stand.session.exec(
        select(Receipt.asset_id, func.sum(Receipt.amount_fen))
        .where(
            Receipt.income_year == year,
            col(Receipt.money_kind).in_([MoneyKind.INCOME.value]),
            col(Receipt.arrived_on) <= stand.day,
            col(Receipt.entry_id) <= stand.at.position,
        )
        .group_by(col(Receipt.asset_id))
    ).all()
    return {asset_id: int(total) for asset_id, total in rows}


def certificates(stand: Standpoint) -> dict[int, str]:
    """Asset id → number of its newest certificate."""
    rows = stand.session.exec(
        select(TitleCertificate)
        .where(
            col(TitleCertificate.confirmed_on) <= stand.day,
            col(TitleCertificate.entry_id) <= stand.at.position,
        )
        .order_by(col(TitleCertificate.id))
    ).all()
    return {row.asset_id: row.document for row in rows}


def handover_days(stand: Standpoint) -> dict[int, date]:
    """Asset id → day it was accepted, with or without reservations."""
    rows = stand.session.exec(
        select(HandoverItem.asset_id, HandoverAnswer)
        .join(HandoverAnswer, col(HandoverAnswer.handover_item_id) == col(HandoverItem.id))
        .where(
            HandoverAnswer.outcome != "REFUSED",
            col(HandoverAnswer.answered_on) <= stand.day,
            col(HandoverAnswer.entry_id) <= stand.at.position,
        )
        .order_by(col(HandoverAnswer.id))
    ).all()
    return {asset_id: answer.answered_on for asset_id, answer in rows}


def vouchers(stand: Standpoint) -> dict[int, str]:
    """Asset id → voucher by which it came into the receiver's book (202004 记-001)."""
    rows = stand.session.exec(
        select(HandoverBooking.asset_id, Voucher.month, Voucher.number)
        .join(Voucher, col(Voucher.id) == col(HandoverBooking.voucher_id))
        .where(
            col(HandoverBooking.booked_on) <= stand.day,
            col(HandoverBooking.entry_id) <= stand.at.position,
        )
    ).all()
    return {asset_id: f"{month} {voucher_name(number)}" for asset_id, month, number in rows}
