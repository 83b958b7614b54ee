"""How far has each asset on a book worn, and how much this month (折旧计算表)?"""

from assets.parties import party_by_code, party_titles
from ledger.books.depreciation import Card, cards, month_end, months_between
from reports.paper import Column, Fact, Paper, ProofLine, Row, Table
from reports.pass_through import asset_titles
from reports.standpoint import Asked, Standpoint, required
from reports.trial_balance import required_month

SOURCES = ("财会〔2004〕12号", "财会〔2023〕14号", "内部约定（年限平均法，无残值）")


def paper(stand: Standpoint, asked: Asked) -> Paper:
    """The wear of every asset on one book up to the day, and of the month asked for.

    Raises:
        NotOpened: The institution keeps no book.

    依据: 财会〔2004〕12号; 财会〔2023〕14号 (固定资产折旧)
    """
    party = party_by_code(stand.session, required(asked.party, "主体（--party）"))
    month = required_month(asked)
    found = cards(stand.session, party.id, stand.at)
    title = party_titles(stand.session, stand.at)[party.id]
    cost = sum(card.cost_fen for card in found)
    worn = sum(card.worn_fen for card in found)
    wear = sum(card.wear_fen(month) for card in found)
    return Paper(
        name="depreciation-schedule",
        title="折旧计算表",
        subtitle=f"{title}　{month // 100}年{month % 100}月",
        organisation=title,
        footer=stand.footer,
        parameters=asked.parameters(),
        headline=(
            Fact("原值", cost, "fen"),
            Fact("累计折旧", worn, "fen"),
            Fact("净值", cost - worn, "fen"),
            Fact("本月应提", wear, "fen"),
        ),
        tables=(_table(stand, found, month, cost, worn, wear),),
        paragraphs_after=(f"累计折旧截至{month_end(month).isoformat()}前已记账数。",),
        proof_lines=(ProofLine("原值－累计折旧 = 净值", cost - worn, sum(map(_net, found))),),
        sources=SOURCES,
        signatures=("制表", "复核", "单位负责人"),
        orientation="landscape",
    )


def _net(card: Card) -> int:
    return card.cost_fen - card.worn_fen


def _table(
    stand: Standpoint, found: list[Card], month: int, cost: int, worn: int, wear: int
) -> Table:
    titles = asset_titles(stand)
    body: list[Row] = [
        {
            "code": card.asset_code,
            "title": titles[card.asset_id],
            "start": f"{card.starts_month // 100}-{card.starts_month % 100:02d}",
            "life": card.life_months,
            "run": card.run_months,
            "left": max(0, card.life_months - card.run_months),
            "due": max(0, months_between(card.starts_month, month)),
            "cost": card.cost_fen,
            "worn": card.worn_fen,
            "net": _net(card),
            "wear": card.wear_fen(month),
        }
        for card in found
    ]
    return Table(
        "",
        (
            Column("code", "资产编号", width_weight=4),
            Column("title", "名称", width_weight=6),
            Column("start", "起用年月", align="center", width_weight=2),
            Column("life", "年限（月）", "int"),
            Column("run", "已提月数", "int"),
            Column("left", "剩余月数", "int"),
            Column("due", "到本月应提月数", "int"),
            Column("cost", "原值", "fen"),
            Column("worn", "累计折旧", "fen"),
            Column("net", "净值", "fen"),
            Column("wear", "本月应提", "fen"),
        ),
        body,
        totals={"cost": cost, "worn": worn, "net": cost - worn, "wear": wear},
        page_subtotals=True,
    )
