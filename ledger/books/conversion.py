"""How does a village pass from the chart of 2004 to that of 2023? One voucher on 2024-01-01.

Every balance of 2023-12-31, with its dimension and household, is taken off its old account and put
on the new one by a mapping file; the total does not change, and a balance without a mapping stops
the conversion. Both trial balances are shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, select

from assets import trail
from assets.asof import AsOf
from assets.models import Party
from assets.trail import Act, Entry
from ledger.books import accounts
from ledger.books.balances import Detail, TrialBalance, details, trial_balance
from ledger.books.posting import (
    CONVERSION,
    CREDIT,
    DEBIT,
    PackedLines,
    chart_of,
    entity_of,
    post_packed,
)
from ledger.books.refusals import CannotConvert
from ledger.books.successors import mapping, successor
from ledger.models import BookEntity, Voucher, YearClose


@dataclass(frozen=True)
class Conversion:
    """The conversion voucher with the trial balances before and after it."""

    voucher: Voucher | None
    before: TrialBalance
    after: TrialBalance


LAST_OLD_DAY = date(2023, 12, 31)
LAST_OLD_MONTH = 202312
FIRST_NEW_MONTH = 202401


def is_converted(session: Session, entity: BookEntity) -> bool:
    """Whether a book stands wholly on the chart it uses now.

    依据: 财会〔2023〕20号
    """
    if entity.memorandum or entity.opened_on >= accounts.SWITCH_ON:
        return True
    found = session.exec(
        select(Voucher.id).where(Voucher.entity_id == entity.id, Voucher.kind == CONVERSION)
    ).first()
    return found is not None or not details(session, entity.party_id, AsOf(LAST_OLD_DAY))


def convert(session: Session, act: Act, party_id: int) -> Conversion:
    """Bring a village's balances to the new chart by one voucher dated 2024-01-01.

    Raises:
        CannotConvert: Memorandum book, year 2023 not closed, or a balance without mapping.
        AlreadyDone: It was done before.

    依据: 财会〔2023〕20号
    """
    party = session.get_one(Party, party_id)
    with trail.entry(
        session, act, "book-convert", party.code, what=f"主体{party.code}新旧会计制度衔接"
    ) as written:
        entity = entity_of(session, party_id)
        _refuse_too_early(session, entity, party)
        before = trial_balance(session, party_id, LAST_OLD_MONTH)
        rows = details(session, party_id, AsOf(LAST_OLD_DAY))
        voucher = None
        if rows:
            voucher = post_packed(
                session,
                written,
                party_id=party_id,
                dated_on=accounts.SWITCH_ON,
                kind=CONVERSION,
                summary="新旧会计制度衔接，余额转入新账",
                packed=_lines(session, written, entity, rows),
                concerns=FIRST_NEW_MONTH,
                object_code=str.__str__(party.code),
                document="财会〔2023〕20号",
            )
        return Conversion(voucher, before, opening_balance(session, party_id))


def _refuse_too_early(session: Session, entity: BookEntity, party: Party) -> None:
    if entity.memorandum:
        raise CannotConvert(f"主体{party.code}用备查科目，不需要新旧制度衔接。")
    if entity.opened_on >= accounts.SWITCH_ON:
        raise CannotConvert(f"主体{party.code}自{entity.opened_on}建账，已用新制度科目。")
    closed = session.exec(
        select(YearClose.id).where(YearClose.entity_id == entity.id, YearClose.year == 2023)
    ).first()
    if closed is None:
        raise CannotConvert(
            f"主体{party.code}2023年度尚未结账，不能衔接。请先办理年度结账（fupin book close --year 2023）。"
        )


def _lines(
    session: Session, written: Entry, entity: BookEntity, rows: Sequence[Detail]
) -> PackedLines:
    """Two lines for each balance: off the old account on the other side, on the new one."""
    import numpy as np

    used = chart_of(entity, accounts.SWITCH_ON)
    ids = accounts.ensure_accounts(session, written, used, {successor(row.code) for row in rows})
    table = []
    for row in rows:
        fen = abs(row.balance_fen)
        own = DEBIT if row.balance_fen > 0 else CREDIT
        about = (row.dimension_id, row.household_id)
        table.append((row.account_id, -own, fen, *about))
        table.append((ids[successor(row.code)], own, fen, *about))
    block = np.array(table, dtype=np.int64)
    return PackedLines(*(np.ascontiguousarray(block[:, place]) for place in range(5)))


def opening_balance(session: Session, party_id: int) -> TrialBalance:
    """The opening figures of the new book: balances after conversion, before any movement.

    依据: 财会〔2023〕20号 (2024年1月1日的科目余额表)
    """
    from dataclasses import replace

    balance = trial_balance(session, party_id, FIRST_NEW_MONTH)
    rows = tuple(
        replace(row, debit_fen=0, credit_fen=0, year_debit_fen=0, year_credit_fen=0)
        for row in balance.rows
        if row.opening_fen
    )
    return replace(balance, rows=rows)


def unmapped() -> list[str]:
    """Accounts of the old chart, profit and loss apart, that the mapping forgets.

    依据: 财会〔2023〕20号
    """
    old = accounts.chart(accounts.VILLAGE_2004).accounts.values()
    known = mapping()
    return [
        account.code
        for account in old
        if account.kind not in ("INCOME", "EXPENSE") and account.code not in known
    ]
