"""How far has each asset on a book worn, and how much this month (折旧计算表)?"""

from dataclasses import dataclass
from datetime import timedelta

from assets.asof import AsOf
from assets.parties import party_by_code, party_titles
from ledger.books.depreciation import Card, cards, month_end
from reports.paper import Column, Fact, Paper, ProofLine, Row, Table
from reports.pass_through import asset_titles, sum_fen
from reports.standpoint import Asked, Standpoint, required
from reports.trial_balance import required_month

SOURCES = ("财会〔2004〕12号", "财会〔2023〕14号", "内部约定（年限平均法，无残值）")


@dataclass(frozen=True)
class Wear:
    """One asset's month: cost, wear before, wear of the month; fen."""

    card: Card
    before_fen: int
    month_fen: int

    @property
    def net_fen(self) -> int:
        """What is left at the month's end."""
        return self.card.cost_fen - self.before_fen - self.month_fen


def paper(stand: Standpoint, asked: Asked) -> Paper:
    """The wear of every asset on one book in a month, whether it is booked yet or not.

    Raises:
        NotOpened: The institution keeps no book.

    依据: 财会〔2004〕12号; 财会〔2023〕14号 (固定资产折旧)
    """
    party = party_by_code(stand.session, required(asked.party, "主体（--party）"))
    month = required_month(asked)
    lines = wear_of(stand, party.id, month)
    title = party_titles(stand.session, stand.at)[party.id]
    cost = sum(line.card.cost_fen for line in lines)
    before = sum(line.before_fen for line in lines)
    now = sum(line.month_fen for line in lines)
    return Paper(
        name="depreciation-schedule",
        title="折旧计算表",
        subtitle=f"{title}　{month // 100}年{month % 100}月",
        organisation=title,
        footer=stand.footer,
        parameters=asked.parameters(),
        headline=(
            Fact("原值", cost, "fen"),
            Fact("本月应提", now, "fen"),
            Fact("月末累计折旧", before + now, "fen"),
            Fact("月末净值", cost - before - now, "fen"),
        ),
        tables=(_table(stand, lines),),
        proof_lines=(
            ProofLine(
                "原值－上月累计－本月应提 = 月末净值",
                cost - before - now,
                sum(line.net_fen for line in lines),
            ),
        ),
        sources=SOURCES,
        signatures=("制表", "复核", "单位负责人"),
        orientation="landscape",
    )


def wear_of(stand: Standpoint, party_id: int, month: int) -> list[Wear]:
    """Each asset on a book at the month's end, with its wear before the month and in it."""
    position = stand.at.position
    end = min(stand.day, month_end(month))
    first = end.replace(day=1)
    earlier = {
        card.asset_id: card
        for card in cards(stand.session, party_id, AsOf(first - timedelta(days=1), position))
    }
    found = []
    for card in cards(stand.session, party_id, AsOf(end, position)):
        before = earlier.get(card.asset_id)
        # Who came onto the book within the month wears from the next one on.
        month_fen = before.wear_fen(month) if before else 0
        worn_fen = before.worn_fen if before else card.worn_fen
        found.append(Wear(card, worn_fen, month_fen))
    return found


def _table(stand: Standpoint, lines: list[Wear]) -> Table:
    titles = asset_titles(stand)
    body: list[Row] = [
        {
            "code": line.card.asset_code,
            "title": titles[line.card.asset_id],
            "start": f"{line.card.starts_month // 100}-{line.card.starts_month % 100:02d}",
            "life": line.card.life_months,
            "cost": line.card.cost_fen,
            "before": line.before_fen,
            "month": line.month_fen,
            "worn": line.before_fen + line.month_fen,
            "net": line.net_fen,
        }
        for line in lines
    ]
    money = ("cost", "before", "month", "worn", "net")
    return Table(
        "",
        (
            Column("code", "资产编号", width_weight=4),
            Column("title", "名称", width_weight=6),
            Column("start", "起用年月", align="center", width_weight=2),
            Column("life", "年限（月）", "int"),
            Column("cost", "原值", "fen"),
            Column("before", "上月累计折旧", "fen"),
            Column("month", "本月应提", "fen"),
            Column("worn", "月末累计折旧", "fen"),
            Column("net", "月末净值", "fen"),
        ),
        body,
        totals={key: sum_fen(body, key) for key in money},
        page_subtotals=True,
    )
