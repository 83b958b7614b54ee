"""What stands on each account, as of a day and a log position? Trial balance and sub-ledger.

Balances are always sums of lines. What a closed month came to is kept in ``month_balance`` so that
later questions start there; ``rebuild_and_compare`` derives it again and lists every difference.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import and_, case, func
from sqlalchemy import select as rows_of
from sqlmodel import Session, col, select

from assets.asof import AsOf
from assets.models import Party
from ledger.books import accounts
from ledger.books.dimensions import Facts, dimensions_by_id
from ledger.books.posting import (
    CONVERSION,
    CREDIT,
    DEBIT,
    OPENING,
    YEAR_END,
    entities,
    entity_of,
    month_of,
    voucher_name,
)
from ledger.models import Account, BookEntity, MonthBalance, MonthClose, Voucher, VoucherLine

CARRIED_KINDS = (OPENING, CONVERSION)
"""Vouchers that bring balances over rather than move money: they count as opening balance."""

SCOPE_NOTE = "本表只含帮扶资产相关科目，不代替村集体总账"


@dataclass(frozen=True)
class AccountRow:
    """One account of a trial balance; balances are signed, debit positive, in fen."""

    account_id: int
    chart: str
    code: str
    title: str
    kind: str
    side: str
    opening_fen: int
    debit_fen: int
    credit_fen: int
    year_debit_fen: int
    year_credit_fen: int

    @property
    def closing_fen(self) -> int:
        """Opening plus turnover, debit positive."""
        return self.opening_fen + self.debit_fen - self.credit_fen


@dataclass(frozen=True)
class TrialBalance:
    """A trial balance (科目余额表) of one book and month, by chart and account code."""

    party_id: int
    party_code: str
    month: int
    rows: tuple[AccountRow, ...]
    note: str = SCOPE_NOTE

    @property
    def totals(self) -> dict[str, int]:
        """Σ of each column; debit and credit of every pair are equal."""
        return {
            "opening_debit_fen": sum(max(row.opening_fen, 0) for row in self.rows),
            "opening_credit_fen": sum(max(-row.opening_fen, 0) for row in self.rows),
            "debit_fen": sum(row.debit_fen for row in self.rows),
            "credit_fen": sum(row.credit_fen for row in self.rows),
            "year_debit_fen": sum(row.year_debit_fen for row in self.rows),
            "year_credit_fen": sum(row.year_credit_fen for row in self.rows),
            "closing_debit_fen": sum(max(row.closing_fen, 0) for row in self.rows),
            "closing_credit_fen": sum(max(-row.closing_fen, 0) for row in self.rows),
        }

    @property
    def is_balanced(self) -> bool:
        """Whether debit equals credit in opening, turnover and closing."""
        total = self.totals
        return (
            total["opening_debit_fen"] == total["opening_credit_fen"]
            and total["debit_fen"] == total["credit_fen"]
            and total["closing_debit_fen"] == total["closing_credit_fen"]
        )

    def sha256(self) -> str:
        """Digest over the rows, kept with a closed month."""
        digest = hashlib.sha256()
        for row in self.rows:
            fields = (row.chart, row.code, row.opening_fen, row.debit_fen, row.credit_fen)
            digest.update("|".join(map(str, fields)).encode() + b"\n")
        return digest.hexdigest()


@dataclass
class _Sums:
    opening_fen: int = 0
    debit_fen: int = 0
    credit_fen: int = 0
    year_debit_fen: int = 0
    year_credit_fen: int = 0


def trial_balance(
    session: Session, party_id: int, month: int, at: AsOf | None = None
) -> TrialBalance:
    """The trial balance of a book at the end of a month, by leaf account.

    ``month`` is YYYYMM; ``at`` leaves out vouchers dated or entered later. What was brought over
    by an opening or conversion voucher of the month stands in the opening column.

    Raises:
        NotOpened: The institution keeps no book.

    依据: 财会〔2004〕12号; 财会〔2023〕14号 (科目余额表)
    """
    entity = entity_of(session, party_id)
    return _trial_balance(session, entity, month, at or AsOf(), cached=True)


def _trial_balance(
    session: Session, entity: BookEntity, month: int, at: AsOf, *, cached: bool
) -> TrialBalance:
    sums: dict[int, _Sums] = {}
    start = _last_kept_month(session, entity, month, at) if cached else 0
    if start:
        _read_kept(session, entity, start, month, sums)
    for account_id, of_month, carried, debit, credit in _movements(
        session, entity, start, month, at
    ):
        one = sums.setdefault(account_id, _Sums())
        _absorb(one, of_month, month, carried=carried, debit=debit, credit=credit)
    party = session.get_one(Party, entity.party_id)
    known = accounts.accounts_by_id(session)
    rows = [_row(known[account_id], one) for account_id, one in sums.items()]
    rows.sort(key=lambda row: (row.chart, row.code))
    return TrialBalance(
        entity.party_id,
        str.__str__(party.code),
        month,
        tuple(row for row in rows if _is_shown(row)),
    )


def _absorb(
    one: _Sums, of_month: int, month: int, *, carried: bool, debit: int, credit: int
) -> None:
    if of_month < month or carried:
        one.opening_fen += debit - credit
    else:
        one.debit_fen += debit
        one.credit_fen += credit
    if of_month // 100 == month // 100 and not carried:
        one.year_debit_fen += debit
        one.year_credit_fen += credit


def _row(account: Account, one: _Sums) -> AccountRow:
    return AccountRow(
        account_id=account.id,
        chart=str.__str__(account.chart),
        code=str.__str__(account.code),
        title=str.__str__(account.title),
        kind=str.__str__(account.kind),
        side=str.__str__(account.side),
        opening_fen=one.opening_fen,
        debit_fen=one.debit_fen,
        credit_fen=one.credit_fen,
        year_debit_fen=one.year_debit_fen,
        year_credit_fen=one.year_credit_fen,
    )


def _is_shown(row: AccountRow) -> bool:
    return any(
        (
            row.opening_fen,
            row.debit_fen,
            row.credit_fen,
            row.year_debit_fen,
            row.year_credit_fen,
        )
    )


def _movements(
    session: Session, entity: BookEntity, after_month: int, through_month: int, at: AsOf
) -> Iterable[tuple[int, int, bool, int, int]]:
    """(account, month, brought over?, debit, credit) of months in (after, through]."""
    keys = (col(VoucherLine.account_id), col(Voucher.month), col(Voucher.kind))
    rows = session.execute(
        rows_of(*keys, _side_sum(DEBIT), _side_sum(CREDIT))
        .select_from(Voucher)
        .join(VoucherLine, _own_lines())
        .where(
            col(Voucher.entity_id) == entity.id,
            col(Voucher.month) > after_month,
            col(Voucher.month) <= through_month,
            col(Voucher.dated_on) <= at.day,
            col(Voucher.entry_id) <= at.position,
        )
        .group_by(*keys)
    ).all()
    return [
        (account, of_month, kind in CARRIED_KINDS, int(debit or 0), int(credit or 0))
        for account, of_month, kind, debit, credit in rows
    ]


def _own_lines() -> Any:
    """A voucher's lines are a range of ids: no index on the lines is needed."""
    return col(VoucherLine.id).between(Voucher.first_line_id, Voucher.last_line_id)


def _side_sum(side: int) -> Any:
    return func.sum(case((col(VoucherLine.side) == side, VoucherLine.amount_fen), else_=0))


def _last_kept_month(session: Session, entity: BookEntity, month: int, at: AsOf) -> int:
    """The last closed month before ``month`` that was closed already at that position; 0 none."""
    found = session.exec(
        select(func.max(MonthClose.month)).where(
            MonthClose.entity_id == entity.id,
            col(MonthClose.month) < min(month, month_of(at.day)),
            col(MonthClose.entry_id) <= at.position,
        )
    ).one()
    return int(found or 0)


def _read_kept(
    session: Session, entity: BookEntity, start: int, month: int, sums: dict[int, _Sums]
) -> None:
    rows = session.exec(
        select(MonthBalance).where(
            MonthBalance.entity_id == entity.id,
            col(MonthBalance.month) <= start,
            col(MonthBalance.month) >= min(start, month // 100 * 100),
        )
    ).all()
    for kept in rows:
        one = sums.setdefault(kept.account_id, _Sums())
        if kept.month == start:
            one.opening_fen += kept.closing_fen
        if kept.month // 100 == month // 100:
            one.year_debit_fen += kept.debit_fen
            one.year_credit_fen += kept.credit_fen


def first_level(balance: TrialBalance) -> TrialBalance:
    """The same trial balance by first-level account (一级科目).

    依据: 财会〔2004〕12号; 财会〔2023〕14号
    """
    merged: dict[tuple[str, str], AccountRow] = {}
    for row in balance.rows:
        top = accounts.chart(row.chart).first_level(row.code)
        before = merged.get((row.chart, top.code))
        if before is None:
            merged[row.chart, top.code] = replace(
                row, code=top.code, title=top.title, kind=top.kind, side=top.side
            )
            continue
        merged[row.chart, top.code] = replace(
            before,
            opening_fen=before.opening_fen + row.opening_fen,
            debit_fen=before.debit_fen + row.debit_fen,
            credit_fen=before.credit_fen + row.credit_fen,
            year_debit_fen=before.year_debit_fen + row.year_debit_fen,
            year_credit_fen=before.year_credit_fen + row.year_credit_fen,
        )
    return replace(balance, rows=tuple(merged[key] for key in sorted(merged)))


# --- single balances --------------------------------------------------------------------------


def account_balances(
    session: Session,
    party_id: int,
    at: AsOf,
    *,
    only: Iterable[str] = (),
) -> dict[tuple[str, str], int]:
    """(chart, account code) → signed balance, debit positive, over all vouchers as of ``at``.

    With ``only`` over vouchers of these kinds alone.

    依据: 内部约定 (balances are always sums of lines)
    """
    entity = entity_of(session, party_id)
    kinds = tuple(only)
    chosen = [col(Voucher.kind).in_(kinds)] if kinds else []
    rows = session.execute(
        rows_of(
            col(Account.chart),
            col(Account.code),
            func.sum(col(VoucherLine.side) * col(VoucherLine.amount_fen)),
        )
        .select_from(Voucher)
        .join(VoucherLine, _own_lines())
        .join(Account, col(Account.id) == VoucherLine.account_id)
        .where(*_as_of(entity, at), *chosen)
        .group_by(col(Account.chart), col(Account.code))
    ).all()
    return {(str(chart), str(code)): int(fen or 0) for chart, code, fen in rows}


def balance_of(session: Session, party_id: int, codes: Iterable[str], at: AsOf) -> int:
    """Signed balance of some account codes together, debit positive, over all charts.

    A first-level code includes its sub-accounts. 依据: 内部约定 (balances are always sums of lines)
    """
    wanted = tuple(codes)
    return sum(
        fen
        for (chart, code), fen in account_balances(session, party_id, at).items()
        if code in wanted or accounts.chart(chart).first_level(code).code in wanted
    )


def bank_balance(session: Session, party_id: int, at: AsOf) -> int:
    """What the books say is on the bank account (银行存款、专户存款), in fen.

    依据: 内部约定 (book and bank are compared)
    """
    entity = entity_of(session, party_id)
    name = accounts.MEMORANDUM if entity.memorandum else accounts.VILLAGE_2023
    return balance_of(session, party_id, [accounts.chart(name).roles["bank"]], at)


def _as_of(entity: BookEntity, at: AsOf) -> tuple[Any, ...]:
    return (
        Voucher.entity_id == entity.id,
        col(Voucher.dated_on) <= at.day,
        col(Voucher.entry_id) <= at.position,
    )


@dataclass(frozen=True)
class Detail:
    """The balance of one account for one subject: dimension and household."""

    chart: str
    code: str
    account_id: int
    dimension_id: int
    facts: Facts
    household_id: int
    balance_fen: int


def details(session: Session, party_id: int, at: AsOf) -> list[Detail]:
    """Every non-zero balance by account, dimension and household, in order of their ids.

    依据: 内部约定 (subsidiary rows add up to the control account)
    """
    entity = entity_of(session, party_id)
    keys = (
        col(VoucherLine.account_id),
        col(VoucherLine.dimension_id),
        col(VoucherLine.household_id),
    )
    total = func.sum(col(VoucherLine.side) * col(VoucherLine.amount_fen))
    rows = session.execute(
        rows_of(*keys, total)
        .select_from(Voucher)
        .join(VoucherLine, _own_lines())
        .where(*_as_of(entity, at))
        .group_by(*keys)
        .having(total != 0)
        .order_by(*keys)
    ).all()
    known, facts = accounts.accounts_by_id(session), dimensions_by_id(session)
    return [
        Detail(
            chart=str.__str__(known[account].chart),
            code=str.__str__(known[account].code),
            account_id=account,
            dimension_id=dimension,
            facts=facts[dimension],
            household_id=household,
            balance_fen=int(fen),
        )
        for account, dimension, household, fen in rows
    ]


# --- sub-ledger -------------------------------------------------------------------------------


@dataclass(frozen=True)
class LedgerLine:
    """One line of a sub-ledger (明细账) with the balance after it, debit positive."""

    dated_on: date
    voucher: str
    month: int
    summary: str
    kind: str
    facts: Facts
    household_id: int
    debit_fen: int
    credit_fen: int
    balance_fen: int
    voucher_id: int


def sub_ledger(
    session: Session,
    party_id: int,
    account_code: str,
    at: AsOf,
    *,
    since: date = date.min,
    household_id: int | None = None,
) -> tuple[int, list[LedgerLine]]:
    """(balance before ``since``, lines since then) of one account code, in voucher order.

    依据: 财会〔2004〕12号; 财会〔2023〕14号 (明细账)
    """
    entity = entity_of(session, party_id)
    statement = (
        select(Voucher, VoucherLine)
        .join(VoucherLine, _own_lines())
        .join(Account, and_(col(Account.id) == VoucherLine.account_id))
        .where(*_as_of(entity, at), Account.code == account_code)
        .order_by(
            col(Voucher.dated_on), col(Voucher.month), col(Voucher.number), col(VoucherLine.id)
        )
    )
    if household_id is not None:
        statement = statement.where(VoucherLine.household_id == household_id)
    facts = dimensions_by_id(session)
    running = before = 0
    lines: list[LedgerLine] = []
    for voucher, line in session.exec(statement).all():
        running += line.side * line.amount_fen
        if voucher.dated_on < since:
            before = running
            continue
        lines.append(
            LedgerLine(
                dated_on=voucher.dated_on,
                voucher=voucher_name(voucher.number),
                month=voucher.month,
                summary=voucher.summary,
                kind=voucher.kind,
                facts=facts[line.dimension_id],
                household_id=line.household_id,
                debit_fen=line.amount_fen if line.side == DEBIT else 0,
                credit_fen=line.amount_fen if line.side == CREDIT else 0,
                balance_fen=running,
                voucher_id=voucher.id,
            )
        )
    return before, lines


def turnover(
    session: Session, party_id: int, year: int, at: AsOf
) -> dict[tuple[str, str], tuple[int, int]]:
    """(chart, code) → (debit, credit) of a year without year-end carry-over and balances brought.

    依据: 财会〔2004〕12号; 财会〔2023〕14号 (收益及收益分配表)
    """
    entity = entity_of(session, party_id)
    rows = session.execute(
        rows_of(col(Account.chart), col(Account.code), _side_sum(DEBIT), _side_sum(CREDIT))
        .select_from(Voucher)
        .join(VoucherLine, _own_lines())
        .join(Account, col(Account.id) == VoucherLine.account_id)
        .where(*_as_of(entity, at), col(Voucher.month).between(year * 100 + 1, year * 100 + 12))
        .where(col(Voucher.kind).not_in((*CARRIED_KINDS, YEAR_END)))
        .group_by(col(Account.chart), col(Account.code))
    ).all()
    return {(str(c), str(a)): (int(d or 0), int(k or 0)) for c, a, d, k in rows}


# --- kept balances ----------------------------------------------------------------------------


def keep_month(session: Session, entity: BookEntity, month: int) -> TrialBalance:
    """Work out a month's balances from the lines and keep them; returns the trial balance.

    依据: 内部约定 (derived: rebuilt and compared by ``fupin check``)
    """
    balance = _trial_balance(session, entity, month, AsOf(), cached=True)
    session.add_all(
        MonthBalance(
            entity_id=entity.id,
            month=month,
            account_id=row.account_id,
            debit_fen=row.debit_fen,
            credit_fen=row.credit_fen,
            closing_fen=row.closing_fen,
        )
        for row in balance.rows
    )
    session.flush()
    return balance


def rebuild_and_compare(session: Session) -> list[str]:
    """Derive every kept balance again from the lines; one Chinese sentence per difference.

    依据: 内部约定 (subsidiary rows = control account)
    """
    kept: dict[tuple[int, int], dict[int, tuple[int, int, int]]] = {}
    for row in session.exec(select(MonthBalance)).all():
        kept.setdefault((row.entity_id, row.month), {})[row.account_id] = (
            row.debit_fen,
            row.credit_fen,
            row.closing_fen,
        )
    closes: Mapping[tuple[int, int], str] = {
        (close.entity_id, close.month): close.trial_balance_sha256
        for close in session.exec(select(MonthClose)).all()
    }
    found = []
    for entity, party in entities(session):
        for (entity_id, month), digest in sorted(closes.items()):
            if entity_id != entity.id:
                continue
            balance = _trial_balance(session, entity, month, AsOf(), cached=False)
            rebuilt = {
                row.account_id: (row.debit_fen, row.credit_fen, row.closing_fen)
                for row in balance.rows
            }
            if rebuilt != kept.pop((entity_id, month), {}):
                found.append(f"主体{party.code}{month}的科目余额与分录重算结果不一致。")
            if balance.sha256() != digest:
                found.append(f"主体{party.code}{month}的科目余额表与月结时的摘要不一致。")
    found += [f"账套{entity_id}的{month}没有月结却有余额。" for entity_id, month in sorted(kept)]
    return found
