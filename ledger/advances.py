"""How is a subsidy that was lent in advance given back? Out of the subsidy, never out of income.

An advance is no income: it waits as a debt of the book that received it. It is repaid once the
subsidy of the asset's year has arrived, in one or several parts, never more than was lent.
"""

from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, select

from assets import trail
from assets.asof import AsOf
from assets.errors import NotFound, Refused
from assets.masking import refuse_personal_numbers
from assets.models import Asset
from assets.money import format_yuan
from assets.trail import Act
from ledger.books.posting import event_lines, post
from ledger.models import MoneyKind, Receipt, Stream, Voucher

SETTLED = "advance_settled"


@dataclass(frozen=True)
class Advance:
    """An advance and what was repaid of it; fen."""

    code: str
    asset_code: str
    income_year: int
    arrived_on: date
    lent_fen: int
    repaid_fen: int

    @property
    def open_fen(self) -> int:
        """What is still to be repaid."""
        return self.lent_fen - self.repaid_fen


def repay_advance(
    session: Session, act: Act, receipt_code: str, *, amount_fen: int, document: str
) -> Voucher:
    """Repay an advance, or a part of it, from the account that received it.

    Raises:
        NotFound: No such receipt.
        Refused: It is no advance, the subsidy has not arrived, more than is open, or no document.
        ClosedPeriod: From the books.

    依据: 内部约定 (垫付款在补贴到账后归还，不作收益)
    """
    with trail.entry(
        session,
        act,
        "advance-repay",
        receipt_code,
        stage=f"{amount_fen}/{document}",
        what=f"归还垫付款{receipt_code}",
    ) as written:
        receipt = session.exec(select(Receipt).where(Receipt.code == receipt_code)).one_or_none()
        if receipt is None:
            raise NotFound("到账", receipt_code)
        _refuse(session, receipt, act.on, amount_fen, document)
        lines = event_lines(
            session,
            SETTLED,
            receipt.receiver_party_id,
            act.on,
            amount_fen,
            asset_id=receipt.asset_id,
            income_year=receipt.income_year,
            stream=receipt.stream,
        )
        return post(
            session,
            written,
            party_id=receipt.receiver_party_id,
            dated_on=act.on,
            kind=SETTLED,
            summary=f"归还垫付款{receipt_code}",
            lines=lines,
            concerns=receipt.income_year,
            object_code=receipt_code,
            document=document,
        )


def _refuse(session: Session, receipt: Receipt, on: date, amount_fen: int, document: str) -> None:
    if receipt.money_kind != MoneyKind.ADVANCE:
        raise Refused(f"到账{receipt.code}不是垫付款，不能按垫付归还。")
    if not document.strip():
        raise Refused("归还垫付款要写明付款凭据（--document）。")
    refuse_personal_numbers(document, "付款凭据")
    arrived = session.exec(
        select(Receipt.id).where(
            Receipt.asset_id == receipt.asset_id,
            Receipt.income_year == receipt.income_year,
            Receipt.stream == str.__str__(Stream.STATE_SUBSIDY),
            Receipt.money_kind == str.__str__(MoneyKind.INCOME),
            col(Receipt.arrived_on) <= on,
        )
    ).first()
    if arrived is None:
        raise Refused(
            f"垫付款{receipt.code}所垫的{receipt.income_year}年补贴还没有到账，不能归还。"
        )
    left = next(each.open_fen for each in advances(session) if each.code == receipt.code)
    if not 0 < amount_fen <= left:
        raise Refused(
            f"垫付款{receipt.code}还欠{format_yuan(left)}元，不能归还{format_yuan(amount_fen)}元。"
        )


def advances(session: Session, at: AsOf | None = None) -> list[Advance]:
    """All advances with what was repaid of each, by arrival, as of a day and position."""
    at = at or AsOf()
    repaid: dict[str, int] = {}
    for voucher in session.exec(
        select(Voucher).where(
            Voucher.kind == SETTLED,
            col(Voucher.dated_on) <= at.day,
            col(Voucher.entry_id) <= at.position,
        )
    ).all():
        repaid[voucher.object_code] = repaid.get(voucher.object_code, 0) + voucher.debit_fen
    rows = session.exec(
        select(Receipt, Asset.code)
        .join(Asset, col(Asset.id) == col(Receipt.asset_id))
        .where(
            Receipt.money_kind == str.__str__(MoneyKind.ADVANCE),
            col(Receipt.arrived_on) <= at.day,
            col(Receipt.entry_id) <= at.position,
        )
        .order_by(col(Receipt.arrived_on), col(Receipt.id))
    ).all()
    return [
        Advance(
            receipt.code,
            code,
            receipt.income_year,
            receipt.arrived_on,
            receipt.amount_fen,
            repaid.get(receipt.code, 0),
        )
        for receipt, code in rows
    ]
