"""Does the bank's balance agree with the book's, and what explains the rest (余额调节表)?"""

from collections.abc import Sequence

from assets.parties import party_by_code, party_titles
from ledger.reconciliation import AdjustmentRow, adjustment
from reports.paper import (
    Column,
    Fact,
    Paper,
    ProofLine,
    Row,
    Table,
    chinese_day,
    hide_personal_numbers,
)
from reports.standpoint import Asked, Standpoint, required

SOURCES = ("会计法", "财会〔2004〕12号；财会〔2023〕14号")


def paper(stand: Standpoint, asked: Asked) -> Paper:
    """The adjustment table of one party's bank account at the day.

    What is not explained stands on the paper as 未查明差额; it does not keep it from being printed.

    Raises:
        NotOpened: The institution keeps no book.

    依据: 会计法 (账实核对)
    """
    party = party_by_code(stand.session, required(asked.party, "主体（--party）"))
    found = adjustment(stand.session, party.code, stand.day)
    standing = found.standing
    title = party_titles(stand.session, stand.at)[party.id]
    statement = standing.statement_fen
    facts = [Fact("账面余额", standing.book_fen, "fen")]
    proofs: list[ProofLine] = []
    remarks = []
    if statement is None:
        facts.append(Fact("银行对账单余额", "未导入对账单"))
        remarks.append("本期未导入银行对账单，不能调节。")
    else:
        facts.append(Fact("银行对账单余额", statement, "fen"))
        bank, book = found.adjusted_bank_fen or 0, found.adjusted_book_fen
        facts.append(Fact("未查明差额", bank - book, "fen"))
        if bank == book:
            proofs.append(ProofLine("调节后银行 = 调节后账面", bank, book))
        else:
            remarks.append("有未查明差额，须查明后方可年结。")
    return Paper(
        name="bank-reconciliation",
        title="银行存款余额调节表",
        subtitle=f"{title}　{chinese_day(stand.day)}",
        organisation=title,
        footer=stand.footer,
        parameters=asked.parameters(),
        headline=tuple(facts),
        tables=(_side("账面", standing.book_fen, found.rows, "银行"),)
        + ((_side("银行对账单", statement, found.rows, "账面"),) if statement is not None else ()),
        paragraphs_after=tuple(remarks),
        proof_lines=tuple(proofs),
        sources=SOURCES,
        signatures=("出纳", "会计", "单位负责人"),
    )


def _side(title: str, balance_fen: int, rows: Sequence[AdjustmentRow], only_at: str) -> Table:
    """One side: its balance and what only the other side has; the total is the adjusted balance."""
    mine = [row for row in rows if row.block.startswith(only_at)]
    body: list[Row] = [{"block": f"{title}余额", "amount": balance_fen}]
    body += [
        {
            "block": row.block,
            "on": row.dated_on,
            "reference": row.reference,
            "summary": hide_personal_numbers(row.summary),
            "amount": row.amount_fen,
        }
        for row in mine
    ]
    return Table(
        title,
        (
            Column("block", "项目", width_weight=5),
            Column("on", "日期", "date"),
            Column("reference", "凭证或流水号", width_weight=4),
            Column("summary", "摘要", width_weight=8),
            Column("amount", "金额", "fen"),
        ),
        body,
        totals={"amount": balance_fen + sum(row.amount_fen for row in mine)},
        total_label="调节后余额",
    )
