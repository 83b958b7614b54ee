"""Has the village's accounting software taken in every voucher? Yearly comparison by number.

The list of vouchers goes out, the numbers given there come back; what came back without a number,
or one outside number on two of our vouchers, is listed.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, select

from ledger.books.posting import entity_of, voucher_name
from ledger.models import ExternalVoucherNumber, Voucher


@dataclass(frozen=True)
class Compared:
    """One voucher and its number outside; ``problem`` '' where both sides agree."""

    month: int
    voucher: str
    dated_on: date
    summary: str
    amount_fen: int
    outside_number: str
    problem: str


def compare(session: Session, party_id: int, year: int) -> list[Compared]:
    """Every voucher of a year with the number it got outside, in order of number.

    Raises:
        NotOpened: The institution keeps no book.

    依据: 内部约定 (the general ledger is kept elsewhere; both are compared once a year)
    """
    entity = entity_of(session, party_id)
    rows = session.exec(
        select(Voucher, ExternalVoucherNumber.number)
        .join(
            ExternalVoucherNumber,
            col(ExternalVoucherNumber.voucher_id) == col(Voucher.id),
            isouter=True,
        )
        .where(
            Voucher.entity_id == entity.id,
            col(Voucher.month).between(year * 100 + 1, year * 100 + 12),
        )
        .order_by(col(Voucher.month), col(Voucher.number), col(ExternalVoucherNumber.id))
    ).all()
    used = Counter((voucher.month, number) for voucher, number in rows if number)
    return [
        Compared(
            month=voucher.month,
            voucher=voucher_name(voucher.number),
            dated_on=voucher.dated_on,
            summary=voucher.summary,
            amount_fen=voucher.debit_fen,
            outside_number=number or "",
            problem=_problem(number, used[voucher.month, number] if number else 0),
        )
        for voucher, number in rows
    ]


def _problem(number: str | None, uses: int) -> str:
    if not number:
        return "外部未回号"
    return f"外部凭证号同月用了{uses}次" if uses > 1 else ""
