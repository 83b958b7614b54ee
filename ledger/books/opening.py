"""With which balances does a book begin? A signed opening sheet and one opening voucher.

Every amount of the sheet (期初余额确认表) becomes a line of the opening voucher; what the sheet
leaves unexplained stands on a visible account 期初差异（待查）, never spread over others.
Undistributed income is kept by asset, income year and stream so that a plan can distribute it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlmodel import Session, col, select

from assets.asof import AsOf
from assets.masking import refuse_personal_numbers
from assets.models import Party
from assets.trail import Entry
from ledger.books import accounts
from ledger.books.posting import (
    CREDIT,
    DEBIT,
    OPENING,
    Line,
    chart_of,
    ensure_entity,
    find_entity,
    month_of,
    post,
)
from ledger.books.refusals import CannotOpen
from ledger.models import OpeningLine, Voucher

ITEM_KINDS = {
    "科目余额": "ACCOUNT",
    "未分配收益": "UNDISTRIBUTED",
    "应收": "RECEIVABLE",
    "应付": "PAYABLE",
    "银行": "BANK",
}
"""What a line of the sheet is (项目类型) → code."""


@dataclass(frozen=True)
class OpeningItem:
    """One line of an opening sheet; one of debit and credit is zero."""

    kind: str
    account_code: str
    debit_fen: int = 0
    credit_fen: int = 0
    asset_id: int | None = None
    income_year: int | None = None
    stream: str | None = None
    first_receipt_on: date | None = None
    counterparty: str | None = None
    remark: str | None = None
    source: Mapping[str, Any] = field(default_factory=dict)


def difference_fen(items: Sequence[OpeningItem]) -> int:
    """Debit less credit of a sheet: what is not explained.

    依据: 内部约定 (an unexplained rest is shown, not hidden)
    """
    return sum(item.debit_fen - item.credit_fen for item in items)


def open_book(
    session: Session, written: Entry, party_id: int, starts_on: date, items: Sequence[OpeningItem]
) -> Voucher | None:
    """Begin an institution's book with a signed sheet; returns the opening voucher, if any line.

    Raises:
        CannotOpen: Not the first of a month, opened before, or a line says debit and credit.

    依据: 财会〔2004〕12号; 内部约定 (期初余额确认表, 启用日为月初)
    """
    party = session.get_one(Party, party_id)
    _refuse_unsound(session, party, starts_on, items)
    entity = ensure_entity(session, written, party_id, starts_on)
    for item in items:
        refuse_personal_numbers(item.counterparty or "", "期初对方")
        refuse_personal_numbers(item.remark or "", "期初说明")
        written.add(_row(entity.id, item))
    lines = _lines(chart_of(entity, starts_on), items)
    if len(lines) < 2:
        return None
    return post(
        session,
        written,
        party_id=party_id,
        dated_on=starts_on,
        kind=OPENING,
        summary="期初余额",
        lines=lines,
        concerns=month_of(starts_on),
        object_code=str.__str__(party.code),
    )


def _refuse_unsound(
    session: Session, party: Party, starts_on: date, items: Sequence[OpeningItem]
) -> None:
    if starts_on.day != 1:
        raise CannotOpen(f"主体{party.code}的启用日期{starts_on}不是月初。请改为当月1日。")
    for item in items:
        if item.debit_fen and item.credit_fen:
            raise CannotOpen(
                f"主体{party.code}期初科目{item.account_code}同一行既有借方又有贷方，请分成两行。"
            )
    entity = find_entity(session, party.id)
    if entity is None:
        return
    if is_opened(session, party.id) or entity.opened_on != starts_on:
        raise CannotOpen(
            f"主体{party.code}已于{entity.opened_on}建账，期初不能再导入。以后的更正请记凭证。"
        )


def is_opened(session: Session, party_id: int) -> bool:
    """Whether an institution's opening sheet has been taken already."""
    entity = find_entity(session, party_id)
    if entity is None:
        return False
    lines = select(OpeningLine.id).where(OpeningLine.entity_id == entity.id).limit(1)
    return session.exec(lines).first() is not None


def _row(entity_id: int, item: OpeningItem) -> OpeningLine:
    return OpeningLine(
        entity_id=entity_id,
        kind=item.kind,
        account_code=item.account_code,
        asset_id=item.asset_id,
        income_year=item.income_year,
        stream=item.stream,
        debit_fen=item.debit_fen,
        credit_fen=item.credit_fen,
        first_receipt_on=item.first_receipt_on,
        counterparty=item.counterparty,
        remark=item.remark,
        **item.source,
    )


def _lines(used: accounts.Chart, items: Sequence[OpeningItem]) -> list[Line]:
    lines = [
        Line(
            used.account(item.account_code).code,
            DEBIT if item.debit_fen else CREDIT,
            item.debit_fen or item.credit_fen,
            asset_id=item.asset_id or 0,
            income_year=item.income_year or 0,
            stream=item.stream or "",
        )
        for item in items
        if item.debit_fen or item.credit_fen
    ]
    rest = difference_fen(items)
    if rest:
        side = CREDIT if rest > 0 else DEBIT
        lines.append(Line(used.roles["opening_difference"], side, abs(rest)))
    return lines


@dataclass(frozen=True)
class Undistributed:
    """Income that had arrived before the book began and was not yet distributed."""

    opening_line_id: int
    party_id: int
    asset_id: int
    income_year: int
    stream: str
    amount_fen: int
    first_receipt_on: date | None
    remark: str


def opening_undistributed(
    session: Session, at: AsOf, *, party_id: int | None = None
) -> list[Undistributed]:
    """Undistributed income of the opening sheets, by party, asset, year and stream.

    依据: 内部约定 (期初未分配收益按资产、年度、收益流保留)
    """
    from ledger.models import BookEntity

    statement = (
        select(OpeningLine, BookEntity.party_id)
        .join(BookEntity, col(BookEntity.id) == col(OpeningLine.entity_id))
        .where(
            OpeningLine.kind == "UNDISTRIBUTED",
            col(BookEntity.opened_on) <= at.day,
            col(OpeningLine.entry_id) <= at.position,
        )
        .order_by(
            col(BookEntity.party_id),
            col(OpeningLine.asset_id),
            col(OpeningLine.income_year),
            col(OpeningLine.stream),
            col(OpeningLine.id),
        )
    )
    if party_id is not None:
        statement = statement.where(BookEntity.party_id == party_id)
    return [
        Undistributed(
            opening_line_id=line.id,
            party_id=holder,
            asset_id=line.asset_id or 0,
            income_year=line.income_year or 0,
            stream=line.stream or "",
            amount_fen=line.credit_fen - line.debit_fen,
            first_receipt_on=line.first_receipt_on,
            remark=line.remark or "",
        )
        for line, holder in session.exec(statement).all()
    ]


def opening_differences(session: Session, at: AsOf) -> list[tuple[str, int]]:
    """(party code, fen) of every book whose opening difference is still to be looked into.

    依据: 内部约定 (期初差异待查)
    """
    from ledger.books.balances import balance_of
    from ledger.books.posting import entities

    found = []
    for entity, party in entities(session):
        used = chart_of(entity, at.day)
        fen = balance_of(session, party.id, [used.roles["opening_difference"]], at)
        if fen:
            found.append((str.__str__(party.code), -fen))
    return found
