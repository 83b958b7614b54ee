"""Do the accounts of a special book balance at the end of a month (科目余额表)?"""

from assets.errors import NotFound
from assets.parties import party_by_code, party_titles
from ledger.books.balances import TrialBalance, first_level, trial_balance
from reports.paper import Column, Fact, Paper, ProofLine, Row, Table
from reports.standpoint import Asked, Standpoint, required

SOURCES = ("财会〔2004〕12号", "财会〔2023〕14号")
SIDES = ("debit", "credit")


def paper(stand: Standpoint, asked: Asked) -> Paper:
    """The trial balance of one book and month; all leaf accounts.

    Raises:
        NotFound: No party or month was named.
        NotOpened: The institution keeps no book.

    依据: 财会〔2004〕12号; 财会〔2023〕14号 (科目余额表)
    """
    party = party_by_code(stand.session, required(asked.party, "主体（--party）"))
    month = required_month(asked)
    found = trial_balance(stand.session, party.id, month, stand.at)
    totals = found.totals
    title = party_titles(stand.session, stand.at)[party.id]
    return Paper(
        name="trial-balance",
        title="科目余额表",
        subtitle=f"{title}　{month // 100}年{month % 100}月",
        organisation=title,
        footer=stand.footer,
        parameters=asked.parameters(),
        headline=(
            Fact("期末借方", totals["closing_debit_fen"], "fen"),
            Fact("期末贷方", totals["closing_credit_fen"], "fen"),
            Fact("试算", "平衡" if found.is_balanced else "不平衡"),
        ),
        tables=(_table("明细科目", found), _table("一级科目", first_level(found))),
        paragraphs_after=(f"{found.note}。",),
        proof_lines=(
            ProofLine("期初借 = 贷", totals["opening_debit_fen"], totals["opening_credit_fen"]),
            ProofLine("本期借 = 贷", totals["debit_fen"], totals["credit_fen"]),
            ProofLine("期末借 = 贷", totals["closing_debit_fen"], totals["closing_credit_fen"]),
        ),
        sources=SOURCES,
        signatures=("制表", "复核", "单位负责人"),
        orientation="landscape",
    )


def required_month(asked: Asked) -> int:
    """The month asked for, YYYYMM.

    Raises:
        NotFound: None, or not a month.
    """
    if not asked.month or not 1 <= asked.month % 100 <= 12 or asked.month < 190001:
        raise NotFound("月份（--month，如 202012）", str(asked.month or "（未填）"))
    return asked.month


def _table(title: str, found: TrialBalance) -> Table:
    body: list[Row] = [
        {
            "code": row.code,
            "title": row.title,
            "opening_debit": max(row.opening_fen, 0),
            "opening_credit": max(-row.opening_fen, 0),
            "debit": row.debit_fen,
            "credit": row.credit_fen,
            "year_debit": row.year_debit_fen,
            "year_credit": row.year_credit_fen,
            "closing_debit": max(row.closing_fen, 0),
            "closing_credit": max(-row.closing_fen, 0),
        }
        for row in found.rows
    ]
    groups = (
        ("opening_", "期初余额"),
        ("", "本期发生额"),
        ("year_", "本年累计"),
        ("closing_", "期末余额"),
    )
    columns = [Column("code", "科目编码", width_weight=2), Column("title", "科目名称")]
    totals: dict[str, int] = {}
    for prefix, group in groups:
        for side, name in zip(SIDES, ("借方", "贷方"), strict=True):
            columns.append(Column(f"{prefix}{side}", name, "fen", group=group))
            totals[f"{prefix}{side}"] = sum(_amount(found, prefix, side))
    return Table(title, columns, body, totals=totals, page_subtotals=title == "明细科目")


def _amount(found: TrialBalance, prefix: str, side: str) -> list[int]:
    sign = 1 if side == "debit" else -1
    if prefix == "opening_":
        return [max(sign * row.opening_fen, 0) for row in found.rows]
    if prefix == "closing_":
        return [max(sign * row.closing_fen, 0) for row in found.rows]
    return [getattr(row, f"{prefix}{side}_fen") for row in found.rows]
