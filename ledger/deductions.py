"""What is taken off before distribution? Costs with their vouchers, borne by one institution.

Land and site rent, insurance, upkeep, tax as given: each is a row with its voucher number and
names the stream it reduces. Caps (upkeep per watt) are flags, not walls.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlmodel import Session, col, select

from assets.asof import AsOf
from assets.models import Asset, Party, PartyKind
from assets.trail import Entry
from ledger.books.posting import event_lines, find_entity, post
from ledger.models import Deduction, DeductionKind, Stream


@dataclass(frozen=True)
class Cost:
    """One deduction before it is recorded; amount in fen."""

    code: str
    asset_id: int
    bearer_party_id: int
    income_year: int
    stream: Stream
    kind: DeductionKind
    amount_fen: int
    happened_on: date
    voucher_no: str
    payee: str | None = None
    source: dict[str, Any] | None = None


def record_deductions(session: Session, written: Entry, costs: Sequence[Cost]) -> tuple[int, int]:
    """Record deductions inside an open entry; each is posted in its bearer's book.

    Returns how many were recorded and how many posted.

    依据: 国开办发〔2017〕61号; 内部约定 (every deduction names its voucher)
    """
    kinds = {party.id: party.kind for party in session.exec(select(Party)).all()}
    codes = {asset.id: asset.code for asset in session.exec(select(Asset)).all()}
    opened: dict[int, date | None] = {}
    posted = 0
    for each in costs:
        written.add(
            Deduction(
                code=each.code,
                asset_id=each.asset_id,
                bearer_party_id=each.bearer_party_id,
                income_year=each.income_year,
                stream=each.stream,
                kind=each.kind,
                amount_fen=each.amount_fen,
                happened_on=each.happened_on,
                voucher_no=each.voucher_no,
                payee=each.payee,
                **(each.source or {}),
            )
        )
        if each.bearer_party_id not in opened:
            entity = find_entity(session, each.bearer_party_id)
            opened[each.bearer_party_id] = entity.opened_on if entity else None
        since = opened[each.bearer_party_id]
        if since is None or since > each.happened_on:
            continue
        agency = kinds[each.bearer_party_id] == PartyKind.AGENCY
        post(
            session,
            written,
            party_id=each.bearer_party_id,
            dated_on=each.happened_on,
            kind="deduction",
            summary=f"付{codes[each.asset_id]}{each.income_year}年{each.kind.label}",
            lines=event_lines(
                session,
                "agency_deducted" if agency else "direct_cost",
                each.bearer_party_id,
                each.happened_on,
                each.amount_fen,
                asset_id=each.asset_id,
                income_year=each.income_year,
                stream=each.stream,
            ),
            concerns=each.income_year,
            object_code=each.code,
            document=each.voucher_no,
        )
        posted += 1
    return len(costs), posted


def deductions_of(
    session: Session, at: AsOf, *, asset_id: int | None = None, year: int | None = None
) -> list[Deduction]:
    """Deductions by day, as of a day and position."""
    statement = select(Deduction).where(
        col(Deduction.happened_on) <= at.day, col(Deduction.entry_id) <= at.position
    )
    if asset_id is not None:
        statement = statement.where(Deduction.asset_id == asset_id)
    if year is not None:
        statement = statement.where(Deduction.income_year == year)
    return list(
        session.exec(statement.order_by(col(Deduction.happened_on), col(Deduction.id))).all()
    )
