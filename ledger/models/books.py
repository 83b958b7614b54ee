"""Nouns of the special book: entities, accounts, dimensions, vouchers, closes."""

from datetime import date

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from assets.columns import (
    Code,
    Count,
    Day,
    Derived,
    Fen,
    Flag,
    Id,
    Imported,
    Logged,
    Packed,
    check,
    one_of,
    strict,
)

CHARTS = ("VILLAGE_2004", "VILLAGE_2023", "MEMORANDUM")


class BookEntity(Logged, table=True):
    """An institution that keeps a special book (专账主体) from its opening day (启用日) on."""

    __tablename__ = "book_entity"
    __table_args__ = strict(UniqueConstraint("party_id"))

    party_id: int = Field(sa_type=Id, foreign_key="party.id")
    opened_on: date = Field(sa_type=Day)
    memorandum: bool = Field(default=False, sa_type=Flag)


class Account(Logged, table=True):
    """An account (科目) of one chart; charts are shared by all entities of that kind."""

    __tablename__ = "account"
    __table_args__ = strict(
        UniqueConstraint("chart", "code"),
        one_of("chart", CHARTS),
        one_of("kind", ("ASSET", "LIABILITY", "EQUITY", "COST", "INCOME", "EXPENSE")),
        one_of("side", ("DEBIT", "CREDIT")),
    )

    chart: str = Field(sa_type=Code)
    code: str = Field(sa_type=Code)
    title: str = Field(sa_type=Code)
    kind: str = Field(sa_type=Code)
    side: str = Field(sa_type=Code)
    parent_code: str | None = Field(default=None, sa_type=Code)


class Dimension(Logged, table=True):
    """What a line is about, interned (辅助核算): asset, income year, stream, channel; 0/'' = none."""

    __tablename__ = "dimension"
    __table_args__ = strict(UniqueConstraint("asset_id", "income_year", "stream", "channel"))

    asset_id: int = Field(sa_type=Id)
    income_year: int = Field(sa_type=Count)
    stream: str = Field(sa_type=Code)
    channel: str = Field(sa_type=Code)


class Voucher(Logged, table=True):
    """A journal voucher (记账凭证), sealed by the database over its range of lines.

    ``month`` is YYYYMM of ``dated_on``; ``number`` is gapless per entity and month;
    ``concerns_period`` (YYYY or YYYYMM) may be closed and no balance uses it.
    """

    __tablename__ = "voucher"
    __table_args__ = strict(
        UniqueConstraint("entity_id", "month", "number"),
        UniqueConstraint("reverses_voucher_id"),
        check("first_line_id <= last_line_id", "range_not_empty"),
        check("reverses_voucher_id IS NULL OR adjusts_voucher_id IS NULL", "one_correction"),
    )

    entity_id: int = Field(sa_type=Id, foreign_key="book_entity.id")
    month: int = Field(sa_type=Count)
    number: int = Field(sa_type=Count)
    kind: str = Field(sa_type=Code)
    dated_on: date = Field(sa_type=Day)
    concerns_period: int = Field(sa_type=Count)
    summary: str = Field(sa_type=Code)
    first_line_id: int = Field(sa_type=Id)
    last_line_id: int = Field(sa_type=Id)
    line_count: int = Field(sa_type=Count)
    debit_fen: int = Field(sa_type=Fen)
    reverses_voucher_id: int | None = Field(default=None, sa_type=Id, foreign_key="voucher.id")
    adjusts_voucher_id: int | None = Field(default=None, sa_type=Id, foreign_key="voucher.id")
    object_code: str = Field(default="", sa_type=Code, index=True)
    document: str | None = Field(default=None, sa_type=Code)


class VoucherLine(Packed, table=True):
    """A line of a voucher (分录). ``side`` 1 = debit, -1 = credit; a red line is negative.

    ``dimension_id``/``household_id`` 0 = none.
    """

    __tablename__ = "voucher_line"
    __table_args__ = strict(
        check("side IN (1, -1)", "side_known"), check("amount_fen <> 0", "amount_not_zero")
    )

    voucher_id: int = Field(sa_type=Id)
    account_id: int = Field(sa_type=Id)
    side: int = Field(sa_type=Count)
    amount_fen: int = Field(sa_type=Fen)
    dimension_id: int = Field(sa_type=Id)
    household_id: int = Field(sa_type=Id)


class MonthClose(Logged, table=True):
    """A closed month of an entity (月结); existence = closed, for ever."""

    __tablename__ = "month_close"
    __table_args__ = strict(UniqueConstraint("entity_id", "month"))

    entity_id: int = Field(sa_type=Id, foreign_key="book_entity.id")
    month: int = Field(sa_type=Count)
    closed_on: date = Field(sa_type=Day)
    voucher_count: int = Field(sa_type=Count)
    trial_balance_sha256: str = Field(sa_type=Code)


class YearClose(Logged, table=True):
    """A closed year of an entity (年结) after its twelve months."""

    __tablename__ = "year_close"
    __table_args__ = strict(UniqueConstraint("entity_id", "year"))

    entity_id: int = Field(sa_type=Id, foreign_key="book_entity.id")
    year: int = Field(sa_type=Count)
    closed_on: date = Field(sa_type=Day)
    surplus_fen: int = Field(sa_type=Fen)
    distributable_fen: int = Field(sa_type=Fen)
    differences: str = Field(sa_type=Code)


class MonthBalance(Derived, table=True):
    """Turnover and closing balance per account and closed month (余额表); rebuilt and compared."""

    __tablename__ = "month_balance"
    __table_args__ = strict()

    entity_id: int = Field(sa_type=Id, primary_key=True)
    month: int = Field(sa_type=Count, primary_key=True)
    account_id: int = Field(sa_type=Id, primary_key=True)
    debit_fen: int = Field(sa_type=Fen)
    credit_fen: int = Field(sa_type=Fen)
    closing_fen: int = Field(sa_type=Fen)


class OpeningLine(Logged, Imported, table=True):
    """One line of a signed opening sheet (期初余额确认表)."""

    __tablename__ = "opening_line"
    __table_args__ = strict(
        one_of("kind", ("ACCOUNT", "UNDISTRIBUTED", "RECEIVABLE", "PAYABLE", "BANK"))
    )

    entity_id: int = Field(sa_type=Id, foreign_key="book_entity.id", index=True)
    kind: str = Field(sa_type=Code)
    account_code: str = Field(sa_type=Code)
    asset_id: int | None = Field(default=None, sa_type=Id, foreign_key="asset.id")
    income_year: int | None = Field(default=None, sa_type=Count)
    stream: str | None = Field(default=None, sa_type=Code)
    debit_fen: int = Field(default=0, sa_type=Fen)
    credit_fen: int = Field(default=0, sa_type=Fen)
    first_receipt_on: date | None = Field(default=None, sa_type=Day)
    counterparty: str | None = Field(default=None, sa_type=Code)
    remark: str | None = Field(default=None, sa_type=Code)


class ExternalVoucherNumber(Logged, Imported, table=True):
    """The number our voucher got in the village's accounting software (外部凭证号)."""

    __tablename__ = "external_voucher_number"
    __table_args__ = strict(UniqueConstraint("voucher_id", "number"))

    voucher_id: int = Field(sa_type=Id, foreign_key="voucher.id")
    number: str = Field(sa_type=Code)
    entered_on: date | None = Field(default=None, sa_type=Day)


class BankLine(Logged, Imported, table=True):
    """A row of a bank statement (银行流水) and what it was matched to."""

    __tablename__ = "bank_line"
    __table_args__ = strict(UniqueConstraint("party_id", "bank_ref"))

    party_id: int = Field(sa_type=Id, foreign_key="party.id", index=True)
    booked_on: date = Field(sa_type=Day)
    bank_ref: str = Field(sa_type=Code)
    summary: str = Field(sa_type=Code)
    in_fen: int = Field(sa_type=Fen)
    out_fen: int = Field(sa_type=Fen)
    balance_fen: int = Field(sa_type=Fen)
    counterparty: str | None = Field(default=None, sa_type=Code)


class BankMatch(Logged, table=True):
    """What a bank row is (对账结果): matched, ignored or on hold; the latest row holds."""

    __tablename__ = "bank_match"
    __table_args__ = strict(one_of("outcome", ("MATCHED", "IGNORED", "ON_HOLD")))

    bank_line_id: int = Field(sa_type=Id, foreign_key="bank_line.id", index=True)
    outcome: str = Field(sa_type=Code)
    object_kind: str = Field(sa_type=Code)
    object_code: str = Field(sa_type=Code)
    reason: str = Field(default="", sa_type=Code)
