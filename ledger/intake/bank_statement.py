"""How do bank statements enter the book? Row by row, each running number once, balances in step."""

from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import Any

from sqlmodel import Session, col, select

from assets.errors import RowProblem
from assets.intake import Batch, Handler, Outcome, Row
from assets.intake.registered import (
    Codes,
    filled,
    grouped,
    refuse_nothing_new,
    taken_in,
    taking_in,
)
from assets.masking import mask
from assets.models import Party
from assets.money import format_yuan
from assets.parties import party_ids
from assets.trail import Act
from ledger.models import BankLine


def check(session: Session, batch: Batch, on: date) -> list[RowProblem]:
    """Every problem of the rows: whose account, both sides filled, balances that do not follow.

    依据: 会计法 (账实核对)
    """
    if taken_in(session, batch):
        return []
    codes = Codes("单位和主体", party_ids(session))
    problems: list[RowProblem] = []
    for rows in grouped(batch.rows, "account_party_code").values():
        party_id = codes.find(rows[0], "account_party_code", problems)
        known = _known(session, party_id) if party_id is not None else {}
        for row in rows:
            problems += _row_problems(row, known)
        problems += _balance_problems(rows)
    return problems


def _known(session: Session, party_id: int) -> dict[str, BankLine]:
    rows = session.exec(select(BankLine).where(BankLine.party_id == party_id)).all()
    return {row.bank_ref: row for row in rows}


def _row_problems(row: Row, known: dict[str, BankLine]) -> list[RowProblem]:
    found = []
    income, expense = row.get("income_fen", 0), row.get("expense_fen", 0)
    if bool(income) == bool(expense):
        message = "收入和支出应当只填一个。"
        found.append(row.problem("one-side", "income_fen", message, "请核对银行原单。"))
    before = known.get(row["serial_no"])
    if before is not None and not _is_same(row, before):
        message = f"流水号{row['serial_no']}已登记，内容不同。"
        found.append(
            row.problem(
                "serial-taken", "serial_no", message, "请核对银行原单，一笔流水只登记一次。"
            )
        )
    return found


def _is_same(row: Row, line: BankLine) -> bool:
    given = (
        row["posted_on"],
        row.get("income_fen", 0),
        row.get("expense_fen", 0),
        row["balance_fen"],
    )
    return given == (line.booked_on, line.in_fen, line.out_fen, line.balance_fen)


def _balance_problems(rows: Sequence[Row]) -> list[RowProblem]:
    """The balance after each row follows from the one before; a bank lists both ways round."""
    forward = _breaks(rows)
    if not forward:
        return []
    if not _breaks(rows[::-1]):
        return []
    found = []
    for row, expected in forward:
        message = (
            f"余额{format_yuan(row['balance_fen'])}元与上一行推算的{format_yuan(expected)}元不符。"
        )
        found.append(
            row.problem("balance-breaks", "balance_fen", message, "请核对是否漏行、错行或改动。")
        )
    return found


def _breaks(rows: Sequence[Row]) -> list[tuple[Row, int]]:
    found = []
    for before, row in pairwise(rows):
        expected = before["balance_fen"] + row.get("income_fen", 0) - row.get("expense_fen", 0)
        if row["balance_fen"] != expected:
            found.append((row, expected))
    return found


def apply(session: Session, act: Act, batch: Batch) -> Outcome:
    """Record the rows not known yet, oldest first.

    依据: 内部约定 (an overlapping statement adds only what is new)
    """
    ids = party_ids(session)
    with taking_in(session, act, batch) as written:
        fresh: list[dict[str, Any]] = []
        last = 0
        for (code,), rows in grouped(batch.rows, "account_party_code").items():
            known = _known(session, ids[code])
            last = max([last, *(line.entry_id for line in known.values())])
            ordered = rows if not _breaks(rows) else rows[::-1]
            fresh += [
                _values(row, ids[code], batch) for row in ordered if row["serial_no"] not in known
            ]
        refuse_nothing_new(batch, written, len(fresh), last)
        written.insert(BankLine, fresh)
        counts = {"流水": len(fresh), "已有": len(batch.rows) - len(fresh)}
        return Outcome(written.id, counts)


def _values(row: Row, party_id: int, batch: Batch) -> dict[str, Any]:
    """A row's columns; numbers of persons in the bank's words are stored masked."""
    counterparty = row.get("counterparty_name")
    return {
        "party_id": party_id,
        "booked_on": row["posted_on"],
        "bank_ref": row["serial_no"],
        "summary": mask(row.get("summary", "")),
        "in_fen": row.get("income_fen", 0),
        "out_fen": row.get("expense_fen", 0),
        "balance_fen": row["balance_fen"],
        "counterparty": mask(counterparty) if counterparty else None,
        **batch.source(row),
    }


def export(session: Session) -> list[dict[str, Any]]:
    """Every bank row, by account holder, in the order recorded.

    依据: 内部约定 (what is exported can be imported again)
    """
    rows = session.exec(
        select(BankLine, Party.code)
        .join(Party, col(Party.id) == col(BankLine.party_id))
        .order_by(col(Party.code), col(BankLine.id))
    ).all()
    return [
        filled(
            {
                "account_party_code": code,
                "posted_on": line.booked_on,
                "serial_no": line.bank_ref,
                "summary": line.summary,
                "income_fen": line.in_fen or None,
                "expense_fen": line.out_fen or None,
                "balance_fen": line.balance_fen,
                "counterparty_name": line.counterparty,
            }
        )
        for line, code in rows
    ]


HANDLER = Handler("bank-statement", check, apply, export)
