"""Nouns of income: bills, receipts, deductions, plant statements, transfers, history."""

from datetime import date

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from assets.columns import (
    Code,
    Count,
    Day,
    Fen,
    Id,
    Imported,
    Labelled,
    Logged,
    check,
    one_of,
    strict,
)


class Stream(Labelled):
    """Streams of income (收益流)."""

    BENCHMARK_TARIFF = "BENCHMARK_TARIFF", "标杆电费"
    STATE_SUBSIDY = "STATE_SUBSIDY", "财政补贴"
    RENT = "RENT", "租金"
    DIVIDEND = "DIVIDEND", "分红"
    GUARANTEED = "GUARANTEED", "保底收益"
    INTEREST = "INTEREST", "利息"
    OTHER = "OTHER", "其他"


class MoneyKind(Labelled):
    """What a receipt is (款项性质); only INCOME (and INTEREST by policy) is distributable."""

    INCOME = "INCOME", "收入"
    INTEREST = "INTEREST", "利息"
    ADVANCE = "ADVANCE", "垫付"
    PRINCIPAL = "PRINCIPAL", "本金收回"
    PROCEEDS = "PROCEEDS", "处置收入"
    INSURANCE = "INSURANCE", "保险赔款"
    REFUND = "REFUND", "退款"
    CLAW_BACK = "CLAW_BACK", "财政收回"


class DeductionKind(Labelled):
    """What is taken off before distribution (扣除项目)."""

    UPKEEP = "UPKEEP", "运维费"
    INSURANCE = "INSURANCE", "保险费"
    SITE = "SITE", "场地费"
    LAND = "LAND", "土地租金"
    TAX = "TAX", "税费"
    OTHER = "OTHER", "其他"


class ElectricityBill(Logged, Imported, table=True):
    """One meter's bill of one month (电费结算单)."""

    __tablename__ = "electricity_bill"
    __table_args__ = strict(UniqueConstraint("asset_id", "meter", "month"))

    asset_id: int = Field(sa_type=Id, foreign_key="asset.id", index=True)
    meter: str = Field(sa_type=Code)
    month: int = Field(sa_type=Count)
    energy_kwh: int = Field(sa_type=Count)
    benchmark_tariff_uyuan: int = Field(sa_type=Count)
    benchmark_fen: int = Field(sa_type=Fen)
    subsidy_tariff_uyuan: int = Field(sa_type=Count)
    subsidy_fen: int = Field(sa_type=Fen)


class Receipt(Logged, Imported, table=True):
    """Money arrived at an institution for an asset (到账); period apart from arrival."""

    __tablename__ = "receipt"
    __table_args__ = strict(
        UniqueConstraint("code"),
        one_of("money_kind", MoneyKind),
        one_of("stream", Stream),
        check("amount_fen <> 0", "amount_not_zero"),
    )

    code: str = Field(sa_type=Code)
    asset_id: int = Field(sa_type=Id, foreign_key="asset.id", index=True)
    receiver_party_id: int = Field(sa_type=Id, foreign_key="party.id", index=True)
    money_kind: str = Field(sa_type=Code)
    stream: str = Field(sa_type=Code)
    income_year: int = Field(sa_type=Count)
    period_from: date = Field(sa_type=Day)
    period_to: date = Field(sa_type=Day)
    energy_kwh: int | None = Field(default=None, sa_type=Count)
    due_fen: int | None = Field(default=None, sa_type=Fen)
    amount_fen: int = Field(sa_type=Fen)
    arrived_on: date = Field(sa_type=Day)
    payer_party_id: int | None = Field(default=None, sa_type=Id, foreign_key="party.id")
    bank_ref: str | None = Field(default=None, sa_type=Code)
    document: str | None = Field(default=None, sa_type=Code)


class Deduction(Logged, Imported, table=True):
    """A cost taken off before distribution, with its voucher (扣除)."""

    __tablename__ = "deduction"
    __table_args__ = strict(
        UniqueConstraint("code"),
        one_of("kind", DeductionKind),
        check("amount_fen > 0", "amount_positive"),
    )

    code: str = Field(sa_type=Code)
    asset_id: int = Field(sa_type=Id, foreign_key="asset.id", index=True)
    bearer_party_id: int = Field(sa_type=Id, foreign_key="party.id")
    income_year: int = Field(sa_type=Count)
    stream: str = Field(sa_type=Code)
    kind: str = Field(sa_type=Code)
    amount_fen: int = Field(sa_type=Fen)
    happened_on: date = Field(sa_type=Day)
    voucher_no: str = Field(sa_type=Code)
    payee: str | None = Field(default=None, sa_type=Code)


class PlantStatement(Logged, table=True):
    """A confirmed statement dividing an asset's received income by benefit shares (收益分配通知书).

    received = deducted + distributable; Σ lines = distributable, exactly.
    """

    __tablename__ = "plant_statement"
    __table_args__ = strict(
        UniqueConstraint("code"),
        check("received_fen = deducted_fen + distributable_fen", "adds_up"),
    )

    code: str = Field(sa_type=Code)
    asset_id: int = Field(sa_type=Id, foreign_key="asset.id", index=True)
    income_year: int = Field(sa_type=Count)
    stream: str = Field(sa_type=Code)
    received_through: date = Field(sa_type=Day)
    received_fen: int = Field(sa_type=Fen)
    deducted_fen: int = Field(sa_type=Fen)
    distributable_fen: int = Field(sa_type=Fen)
    confirmed_on: date = Field(sa_type=Day)
    confirmed_by_code: str = Field(sa_type=Code)


class StatementLine(Logged, table=True):
    """One holder's part of a plant statement (分配通知书行)."""

    __tablename__ = "statement_line"
    __table_args__ = strict(UniqueConstraint("plant_statement_id", "holder_party_id"))

    plant_statement_id: int = Field(sa_type=Id, foreign_key="plant_statement.id", index=True)
    holder_party_id: int = Field(sa_type=Id, foreign_key="party.id", index=True)
    share_numerator: int = Field(sa_type=Count)
    share_denominator: int = Field(sa_type=Count)
    amount_fen: int = Field(sa_type=Fen)


class StatementSource(Logged, table=True):
    """Which receipt or deduction a plant statement has used; each is used once (结转明细)."""

    __tablename__ = "statement_source"
    __table_args__ = strict(UniqueConstraint("receipt_id"), UniqueConstraint("deduction_id"))

    plant_statement_id: int = Field(sa_type=Id, foreign_key="plant_statement.id", index=True)
    receipt_id: int | None = Field(default=None, sa_type=Id, foreign_key="receipt.id")
    deduction_id: int | None = Field(default=None, sa_type=Id, foreign_key="deduction.id")
    amount_fen: int = Field(sa_type=Fen)


class Transfer(Logged, table=True):
    """Money passed from the receiving institution to the holder (结转拨付)."""

    __tablename__ = "transfer"
    __table_args__ = strict(UniqueConstraint("statement_line_id"))

    statement_line_id: int = Field(sa_type=Id, foreign_key="statement_line.id")
    passed_on: date = Field(sa_type=Day)
    amount_fen: int = Field(sa_type=Fen)
    bank_ref: str | None = Field(default=None, sa_type=Code)


class IncomeHistory(Logged, Imported, table=True):
    """Past income known only per line or per year (历史收益); recorded and flagged."""

    __tablename__ = "income_history"
    __table_args__ = strict(
        UniqueConstraint("asset_id", "holder_party_id", "income_year", "line_no"),
        one_of("detail", ("FULL", "YEARLY", "NONE")),
    )

    asset_id: int = Field(sa_type=Id, foreign_key="asset.id", index=True)
    holder_party_id: int = Field(sa_type=Id, foreign_key="party.id")
    income_year: int = Field(sa_type=Count)
    line_no: int = Field(default=1, sa_type=Count)
    detail: str = Field(sa_type=Code)
    received_fen: int = Field(sa_type=Fen)
    deducted_fen: int = Field(sa_type=Fen)
    distributed_fen: int = Field(sa_type=Fen)
    rail: str | None = Field(default=None, sa_type=Code)
