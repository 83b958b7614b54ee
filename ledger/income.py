"""What came in, for which asset, of which kind, when? Receipts, each posted in its receiver's book.

The production period is kept apart from the arrival. Only income (and interest where a policy says
so) is distributable; advances, principal, proceeds, insurance, refunds and what the treasury takes
back are other kinds of money. Costs before distribution are in ``deductions``, the division among
right holders in ``statements``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlmodel import Session, col, select

from assets.asof import AsOf
from assets.columns import label_of
from assets.models import Asset, Party, PartyKind
from assets.trail import Entry
from ledger.books.posting import event_lines, find_entity, post
from ledger.models import MoneyKind, Receipt, Stream

EVENT_OF_MONEY: dict[str, str] = {
    MoneyKind.INCOME: "income_direct",
    MoneyKind.INTEREST: "interest",
    MoneyKind.ADVANCE: "advance",
    MoneyKind.PRINCIPAL: "principal_in",
    MoneyKind.PROCEEDS: "proceeds",
    MoneyKind.INSURANCE: "insurance",
    MoneyKind.REFUND: "refund",
    MoneyKind.CLAW_BACK: "claw_back",
}
DISTRIBUTABLE = (MoneyKind.INCOME, MoneyKind.INTEREST)


@dataclass(frozen=True)
class Arrival:
    """One receipt before it is recorded; amounts in fen."""

    code: str
    asset_id: int
    receiver_party_id: int
    money_kind: MoneyKind
    stream: Stream
    income_year: int
    period_from: date
    period_to: date
    amount_fen: int
    arrived_on: date
    energy_kwh: int | None = None
    due_fen: int | None = None
    payer_party_id: int | None = None
    bank_ref: str | None = None
    source: dict[str, Any] | None = None


def record_receipts(
    session: Session, written: Entry, arrivals: Sequence[Arrival]
) -> tuple[int, int]:
    """Record receipts inside an open entry and post each in its receiver's book.

    Returns how many were recorded and how many of them were posted; a receiver without a book
    (or before its opening day) is recorded only.

    Raises:
        ClosedPeriod: The month of an arrival is closed in the receiver's book.

    依据: 国开办发〔2017〕61号 第五条 (two streams, each with its own arrival)
    """
    kinds = {party.id: party.kind for party in session.exec(select(Party)).all()}
    codes = {asset.id: asset.code for asset in session.exec(select(Asset)).all()}
    opened: dict[int, date | None] = {}
    posted = 0
    for each in arrivals:
        written.add(_receipt(each))
        if each.receiver_party_id not in opened:
            entity = find_entity(session, each.receiver_party_id)
            opened[each.receiver_party_id] = entity.opened_on if entity else None
        since = opened[each.receiver_party_id]
        if since is not None and since <= each.arrived_on:
            kind = kinds[each.receiver_party_id]
            _post_receipt(session, written, each, kind, codes[each.asset_id])
            posted += 1
    return len(arrivals), posted


def _receipt(each: Arrival) -> Receipt:
    return Receipt(
        code=each.code,
        asset_id=each.asset_id,
        receiver_party_id=each.receiver_party_id,
        money_kind=each.money_kind,
        stream=each.stream,
        income_year=each.income_year,
        period_from=each.period_from,
        period_to=each.period_to,
        energy_kwh=each.energy_kwh,
        due_fen=each.due_fen,
        amount_fen=each.amount_fen,
        arrived_on=each.arrived_on,
        payer_party_id=each.payer_party_id,
        bank_ref=each.bank_ref,
        **(each.source or {}),
    )


def event_of(money_kind: MoneyKind, receiver_kind: str) -> str:
    """The posting event of a receipt: income at the pass-through agency is owed on at once.

    依据: 国开办发〔2017〕61号 第五条
    """
    if money_kind in DISTRIBUTABLE and receiver_kind == PartyKind.AGENCY:
        return "agency_received"
    return EVENT_OF_MONEY[money_kind]


def _post_receipt(
    session: Session, written: Entry, each: Arrival, receiver_kind: str, asset_code: str
) -> None:
    amount = abs(each.amount_fen) if each.money_kind is MoneyKind.CLAW_BACK else each.amount_fen
    lines = event_lines(
        session,
        event_of(each.money_kind, receiver_kind),
        each.receiver_party_id,
        each.arrived_on,
        amount,
        asset_id=each.asset_id,
        income_year=each.income_year,
        stream=each.stream,
    )
    post(
        session,
        written,
        party_id=each.receiver_party_id,
        dated_on=each.arrived_on,
        kind="receipt",
        summary=f"收{asset_code}{each.income_year}年{each.stream.label}",
        lines=lines,
        concerns=each.income_year,
        object_code=each.code,
        document=each.bank_ref,
    )


@dataclass(frozen=True)
class IncomeLine:
    """Received money of one asset, year, stream and kind; fen."""

    asset_id: int
    asset_code: str
    receiver_party_id: int
    income_year: int
    stream: str
    money_kind: str
    amount_fen: int
    due_fen: int
    energy_kwh: int
    first_on: date
    last_on: date


def income_lines(
    session: Session, at: AsOf, *, year: int | None = None, asset_id: int | None = None
) -> list[IncomeLine]:
    """Receipts summed by asset, receiver, year, stream and kind, as of a day and position.

    依据: 内部约定 (income by asset and year is what every later figure starts from)
    """
    statement = (
        select(Receipt, Asset.code)
        .join(Asset, col(Asset.id) == col(Receipt.asset_id))
        .where(col(Receipt.arrived_on) <= at.day, col(Receipt.entry_id) <= at.position)
        .order_by(col(Asset.code), col(Receipt.income_year), col(Receipt.stream), col(Receipt.id))
    )
    if year is not None:
        statement = statement.where(Receipt.income_year == year)
    if asset_id is not None:
        statement = statement.where(Receipt.asset_id == asset_id)
    groups: dict[tuple[Any, ...], list[Receipt]] = {}
    codes: dict[int, str] = {}
    for receipt, code in session.exec(statement).all():
        codes[receipt.asset_id] = code
        key = (
            receipt.asset_id,
            receipt.receiver_party_id,
            receipt.income_year,
            receipt.stream,
            receipt.money_kind,
        )
        groups.setdefault(key, []).append(receipt)
    return [
        IncomeLine(
            asset_id=key[0],
            asset_code=codes[key[0]],
            receiver_party_id=key[1],
            income_year=key[2],
            stream=key[3],
            money_kind=key[4],
            amount_fen=sum(each.amount_fen for each in rows),
            due_fen=sum(each.due_fen or 0 for each in rows),
            energy_kwh=sum(each.energy_kwh or 0 for each in rows),
            first_on=min(each.arrived_on for each in rows),
            last_on=max(each.arrived_on for each in rows),
        )
        for key, rows in groups.items()
    ]


def stream_label(stream: str) -> str:
    """The Chinese label of one stream or of several joined by '+'."""
    return "、".join(label_of(Stream, each) for each in stream.split("+") if each)
