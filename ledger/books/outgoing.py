"""What leaves the books, whatever the format? Vouchers in order with their lines, and what ids mean.

One stream of vouchers feeds every format of ``export``. Households appear by code only.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from sqlalchemy import select as rows_of
from sqlmodel import Session, col, select

from assets.asof import AsOf
from assets.models import Asset, Party
from assets.parties import party_titles
from ledger.books.accounts import accounts_by_id
from ledger.books.dimensions import Facts, dimensions_by_id
from ledger.models import (
    Account,
    BookEntity,
    ExternalVoucherNumber,
    Household,
    Voucher,
    VoucherLine,
)

SLICE_ROWS = 50_000


@dataclass(frozen=True)
class Names:
    """What the numbers in lines stand for."""

    accounts: dict[int, Account]
    dimensions: dict[int, Facts]
    households: dict[int, str]
    assets: dict[int, str]
    titles: dict[str, str]
    external: dict[int, str]

    def asset(self, dimension_id: int) -> str:
        """The asset code of a dimension, '' for none."""
        return self.assets.get(self.dimensions[dimension_id].asset_id, "")


@dataclass(frozen=True)
class OutLine:
    """One line on its way out."""

    line_id: int
    account_id: int
    side: int
    amount_fen: int
    dimension_id: int
    household_id: int


@dataclass(frozen=True)
class OutVoucher:
    """One voucher on its way out, with its lines."""

    voucher_id: int
    entry_id: int
    party_code: str
    month: int
    number: int
    kind: str
    dated_on: date
    concerns: int
    summary: str
    reverses: int | None
    adjusts: int | None
    object_code: str
    document: str
    lines: tuple[OutLine, ...]


def names(session: Session, at: AsOf) -> Names:
    """Everything that ids in the lines refer to.

    依据: 内部约定 (codes only; no personal data leaves with the books)
    """
    codes = {party.id: str.__str__(party.code) for party in session.exec(select(Party)).all()}
    return Names(
        accounts=accounts_by_id(session),
        dimensions=dimensions_by_id(session),
        households={
            key: str.__str__(code)
            for key, code in session.exec(select(Household.id, Household.code)).all()
        },
        assets={
            key: str.__str__(code) for key, code in session.exec(select(Asset.id, Asset.code)).all()
        },
        titles={codes[key]: title for key, title in party_titles(session, at).items()},
        external={
            row.voucher_id: str.__str__(row.number)
            for row in session.exec(select(ExternalVoucherNumber)).all()
        },
    )


def vouchers(
    session: Session, codes: Sequence[str], at: AsOf, *, year: int | None = None
) -> Iterator[OutVoucher]:
    """Vouchers of some books by day, book and number, each with its lines; streamed in slices.

    依据: 内部约定 (one stream feeds every format)
    """
    statement = (
        rows_of(
            *(
                col(column)
                for column in (
                    Voucher.id,
                    Voucher.entry_id,
                    Party.code,
                    Voucher.month,
                    Voucher.number,
                    Voucher.kind,
                    Voucher.dated_on,
                    Voucher.concerns_period,
                    Voucher.summary,
                    Voucher.reverses_voucher_id,
                    Voucher.adjusts_voucher_id,
                    Voucher.object_code,
                    Voucher.document,
                    VoucherLine.id,
                    VoucherLine.account_id,
                    VoucherLine.side,
                    VoucherLine.amount_fen,
                    VoucherLine.dimension_id,
                    VoucherLine.household_id,
                )
            )
        )
        .select_from(Voucher)
        .join(BookEntity, col(BookEntity.id) == col(Voucher.entity_id))
        .join(Party, col(Party.id) == col(BookEntity.party_id))
        .join(
            VoucherLine,
            col(VoucherLine.id).between(col(Voucher.first_line_id), col(Voucher.last_line_id)),
        )
        .where(
            col(Party.code).in_(list(codes)),
            col(Voucher.dated_on) <= at.day,
            col(Voucher.entry_id) <= at.position,
        )
        .order_by(
            col(Voucher.dated_on),
            col(Party.code),
            col(Voucher.month),
            col(Voucher.number),
            col(VoucherLine.id),
        )
    )
    if year is not None:
        statement = statement.where(col(Voucher.month).between(year * 100 + 1, year * 100 + 12))
    rows = session.execute(statement.execution_options(yield_per=SLICE_ROWS))
    for _, group in groupby(rows, key=lambda row: row[0]):
        yield _out(list(group))


def _out(rows: Sequence[Any]) -> OutVoucher:
    head = rows[0]
    return OutVoucher(
        voucher_id=head[0],
        entry_id=head[1],
        party_code=str.__str__(head[2]),
        month=head[3],
        number=head[4],
        kind=head[5],
        dated_on=head[6],
        concerns=head[7],
        summary=head[8],
        reverses=head[9],
        adjusts=head[10],
        object_code=head[11],
        document=head[12] or "",
        lines=tuple(OutLine(*row[13:]) for row in rows),
    )
