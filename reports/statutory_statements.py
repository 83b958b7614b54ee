"""What do the two statutory statements of a special book say, as forms to be signed?"""

from assets.errors import NotFound
from assets.parties import party_by_code, party_titles
from ledger.books.balances import SCOPE_NOTE
from ledger.books.statutory import BalanceSheet, balance_sheet, surplus_statement
from reports.paper import Cell, Column, Fact, Paper, ProofLine, Row, Table, chinese_day
from reports.standpoint import Asked, Standpoint, required

SOURCES = ("财会〔2004〕12号", "财会〔2023〕14号")
_ASSETS = "资产"
_SOURCES_OF_FUNDS = ("负债", "所有者权益")


def sheet(stand: Standpoint, asked: Asked) -> Paper:
    """The balance sheet of one book on the day.

    Raises:
        NotOpened: The institution keeps no book.

    依据: 财会〔2004〕12号; 财会〔2023〕14号 (资产负债表)
    """
    party = party_by_code(stand.session, required(asked.party, "主体（--party）"))
    found = balance_sheet(stand.session, party.id, stand.at)
    title = party_titles(stand.session, stand.at)[party.id]
    return Paper(
        name="balance-sheet",
        title="资产负债表",
        subtitle=f"{title}　{chinese_day(stand.day)}",
        organisation=title,
        footer=stand.footer,
        parameters=asked.parameters(),
        headline=(
            Fact("资产", found.assets_fen, "fen"),
            Fact("负债", found.liabilities_fen, "fen"),
            Fact("所有者权益", found.equity_fen, "fen"),
        ),
        tables=(_account_form(found),),
        paragraphs_after=(f"{SCOPE_NOTE}。",),
        proof_lines=(
            ProofLine(
                "资产 = 负债＋所有者权益",
                found.assets_fen,
                found.liabilities_fen + found.equity_fen,
            ),
        ),
        sources=SOURCES,
        signatures=("单位负责人", "会计", "制表"),
    )


def _account_form(found: BalanceSheet) -> Table:
    """Assets on the left, liabilities and equity on the right, as the form has it."""
    assets = [row for row in found.rows if row.section == _ASSETS]
    right: list[tuple[str, int, int]] = []
    for section in _SOURCES_OF_FUNDS:
        rows = [row for row in found.rows if row.section == section]
        right += [(row.title, row.before_fen, row.amount_fen) for row in rows]
        right.append(
            (
                f"{section}合计",
                sum(row.before_fen for row in rows),
                sum(row.amount_fen for row in rows),
            )
        )
    body: list[Row] = []
    for number in range(max(len(assets), len(right))):
        row: dict[str, Cell] = {"serial": number + 1}
        if number < len(assets):
            mine = assets[number]
            row |= {"asset": mine.title, "before": mine.before_fen, "now": mine.amount_fen}
        if number < len(right):
            title, before, now = right[number]
            row |= {"source": title, "source_before": before, "source_now": now}
        body.append(row)
    others = [row for row in found.rows if row.section != _ASSETS]
    return Table(
        "",
        (
            Column("serial", "行次", "serial"),
            Column("asset", "资产", width_weight=6),
            Column("before", "年初数", "fen"),
            Column("now", "期末数", "fen"),
            Column("source", "负债及所有者权益", width_weight=6),
            Column("source_before", "年初数", "fen"),
            Column("source_now", "期末数", "fen"),
        ),
        body,
        totals={
            "before": sum(row.before_fen for row in assets),
            "now": sum(row.amount_fen for row in assets),
        },
        closing={
            "source": "负债及所有者权益总计",
            "source_before": sum(row.before_fen for row in others),
            "source_now": sum(row.amount_fen for row in others),
        },
        total_label="资产总计",
    )


def surplus(stand: Standpoint, asked: Asked) -> Paper:
    """The statement of surplus and its distribution of one book and year.

    Raises:
        NotFound: No party or year was named.
        NotOpened: The institution keeps no book.

    依据: 财会〔2004〕12号; 财会〔2023〕14号 (收益及收益分配表)
    """
    party = party_by_code(stand.session, required(asked.party, "主体（--party）"))
    if not asked.year:
        raise NotFound("年度（--year）", "（未填）")
    found = surplus_statement(stand.session, party.id, asked.year, stand.at.position)
    title = party_titles(stand.session, stand.at)[party.id]
    sections = list(dict.fromkeys(row.section for row in found.rows))
    tables = []
    for section in sections:
        rows = [row for row in found.rows if row.section == section]
        body: list[Row] = [
            {"serial": number, "title": row.title, "amount": row.amount_fen}
            for number, row in enumerate(rows, start=1)
        ]
        tables.append(
            Table(
                section,
                (
                    Column("serial", "行次", "serial"),
                    Column("title", "项目", width_weight=8),
                    Column("amount", "金额", "fen"),
                ),
                body,
                totals={"amount": sum(row.amount_fen for row in rows)},
                total_label=f"{section}合计",
            )
        )
    moved = sum(row.amount_fen for row in found.rows if row.section == "分配")
    return Paper(
        name="surplus-statement",
        title="收益及收益分配表",
        subtitle=f"{title}　{asked.year}年度",
        organisation=title,
        footer=stand.footer,
        parameters=asked.parameters(),
        headline=(
            Fact("本年收益", found.surplus_fen, "fen"),
            Fact("年初未分配收益", found.undistributed_before_fen, "fen"),
            Fact("年末未分配收益", found.undistributed_after_fen, "fen"),
        ),
        tables=tuple(tables),
        paragraphs_after=(f"{SCOPE_NOTE}。",),
        proof_lines=(
            ProofLine(
                "年初＋本年收益－分配 = 年末",
                found.undistributed_before_fen + found.surplus_fen - moved,
                found.undistributed_after_fen,
            ),
        ),
        sources=SOURCES,
        signatures=("单位负责人", "会计", "制表"),
    )
