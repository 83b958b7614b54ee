"""What do the two statutory statements say? Balance sheet and statement of surplus, as data.

Both are laid out per chart in ``charts/statements.toml``; every account stands in exactly one line.
A balance sheet before the year's close counts income less expense as this year's surplus.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from sqlmodel import Session

from assets.asof import AsOf
from ledger.books import accounts
from ledger.books.accounts import FOLDER, Chart
from ledger.books.balances import CARRIED_KINDS, SCOPE_NOTE, account_balances, turnover
from ledger.books.posting import OPENING, chart_of, entity_of
from ledger.books.successors import successor

PROFIT_KINDS = ("INCOME", "EXPENSE")


@dataclass(frozen=True)
class StatementRow:
    """One line of a statement: title, amount at the beginning of the year and at the day, fen."""

    section: str
    title: str
    before_fen: int
    amount_fen: int


@dataclass(frozen=True)
class BalanceSheet:
    """A balance sheet (资产负债表): assets = liabilities + equity."""

    party_id: int
    on: date
    rows: tuple[StatementRow, ...]
    assets_fen: int
    liabilities_fen: int
    equity_fen: int
    note: str = SCOPE_NOTE

    @property
    def is_balanced(self) -> bool:
        """Whether assets equal liabilities and equity together."""
        return self.assets_fen == self.liabilities_fen + self.equity_fen


@dataclass(frozen=True)
class SurplusStatement:
    """A statement of surplus and its distribution (收益及收益分配表) of one year."""

    party_id: int
    year: int
    rows: tuple[StatementRow, ...]
    surplus_fen: int
    undistributed_before_fen: int
    undistributed_after_fen: int
    note: str = SCOPE_NOTE

    @property
    def is_consistent(self) -> bool:
        """Whether surplus and distribution lead from the first balance to the last."""
        moved = sum(row.amount_fen for row in self.rows if row.section == "分配")
        return (
            self.undistributed_before_fen + self.surplus_fen - moved == self.undistributed_after_fen
        )


@cache
def layout() -> Mapping[str, Any]:
    """Which accounts stand in which line, per chart.

    依据: 财会〔2004〕12号; 财会〔2023〕14号 (会计报表)
    """
    path = FOLDER / "charts" / "statements.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def balance_sheet(session: Session, party_id: int, at: AsOf) -> BalanceSheet:
    """The balance sheet of a book on a day, on the chart of that day.

    The beginning of the year in which a book was opened is its opening sheet. Balances still on the old chart are shown by their successors.

    Raises:
        NotOpened: The institution keeps no book.

    依据: 财会〔2004〕12号; 财会〔2023〕14号 (资产负债表)
    """
    entity = entity_of(session, party_id)
    used = chart_of(entity, at.day)
    year_start = date.fromordinal(date(at.day.year, 1, 1).toordinal() - 1)
    now = _on_chart(account_balances(session, party_id, at), used)
    if year_start < entity.opened_on:
        brought = account_balances(session, party_id, at, only=CARRIED_KINDS)
    else:
        brought = account_balances(session, party_id, AsOf(year_start, at.position))
    before = _on_chart(brought, used)
    rows: list[StatementRow] = []
    totals = {"资产": 0, "负债": 0, "所有者权益": 0}
    for section, lines in layout()[used.name]["balance_sheet"].items():
        sign = 1 if section == "资产" else -1
        for title, codes in lines.items():
            amount = sign * sum(now.get(code, 0) for code in codes)
            first = sign * sum(before.get(code, 0) for code in codes)
            rows.append(StatementRow(section, title, first, amount))
            totals[section] += amount
    return BalanceSheet(
        party_id,
        at.day,
        tuple(rows),
        totals["资产"],
        totals["负债"],
        totals["所有者权益"],
    )


def _on_chart(balances: Mapping[tuple[str, str], int], used: Chart) -> dict[str, int]:
    found: dict[str, int] = {}
    for (name, code), fen in balances.items():
        own = code if name == used.name else successor(code)
        found[own] = found.get(own, 0) + fen
    return found


def surplus_statement(
    session: Session, party_id: int, year: int, position: int | None = None
) -> SurplusStatement:
    """The statement of surplus and its distribution of a village's year.

    Raises:
        NotOpened: The institution keeps no book.

    依据: 财会〔2004〕12号; 财会〔2023〕14号 (收益及收益分配表)
    """
    entity = entity_of(session, party_id)
    end = AsOf(date(year, 12, 31)) if position is None else AsOf(date(year, 12, 31), position)
    start = AsOf(date(year - 1, 12, 31), end.position)
    used = chart_of(entity, end.day)
    moved = {
        code: debit - credit
        for (name, code), (debit, credit) in turnover(session, party_id, year, end).items()
        if name == used.name
    }
    rows: list[StatementRow] = []
    surplus = 0
    for section, lines in layout()[used.name].get("surplus", {}).items():
        for title, codes in lines.items():
            debit = sum(moved.get(code, 0) for code in codes)
            amount = -debit if section == "收入" else debit
            rows.append(StatementRow(section, title, 0, amount))
            if section != "分配":
                surplus -= debit
    before = _undistributed(session, party_id, start, used)
    before += _brought_in(session, party_id, year, end, used)
    after = _undistributed(session, party_id, end, used)
    return SurplusStatement(party_id, year, tuple(rows), surplus, before, after)


def _undistributed(session: Session, party_id: int, at: AsOf, used: Chart) -> int:
    """Surplus not distributed: 本年收益, 收益分配 and what income and expense have not closed."""
    entity = entity_of(session, party_id)
    if at.day < entity.opened_on:
        return 0
    balances = _on_chart(account_balances(session, party_id, at), used)
    counted = 0
    for code, fen in balances.items():
        top = used.first_level(code)
        if top.code in ("321", "322") or used.accounts[code].kind in PROFIT_KINDS:
            counted -= fen
    return counted


def _brought_in(session: Session, party_id: int, year: int, end: AsOf, used: Chart) -> int:
    """Surplus brought in by the opening sheet within the year itself."""
    brought = account_balances(session, party_id, end, only=(OPENING,))
    if entity_of(session, party_id).opened_on.year != year:
        return 0
    return -sum(
        fen for (_, code), fen in brought.items() if used.first_level(code).code in ("321", "322")
    )


def unplaced(name: str) -> list[str]:
    """Accounts of a chart that stand in no line of its balance sheet, or in two.

    依据: 内部约定 (every account stands in exactly one line)
    """
    used = accounts.chart(name)
    placed = [
        code
        for lines in layout()[name]["balance_sheet"].values()
        for codes in lines.values()
        for code in codes
    ]
    return sorted(code for code in used.accounts if placed.count(code) != 1)
