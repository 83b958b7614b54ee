"""Nouns of money in: fund documents, receipts, projects, allocations, payments."""

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


class FundLevel(Labelled):
    """Budget level of a fund (级次). 依据: 预算法 第三条."""

    CENTRAL = "CENTRAL", "中央"
    PROVINCE = "PROVINCE", "省"
    CITY = "CITY", "市"
    DISTRICT = "DISTRICT", "区"
    TOWN = "TOWN", "镇"
    OTHER = "OTHER", "其他"


class FundType(Labelled):
    """Type of a fund (资金类型)."""

    CENTRAL_SPECIAL = "CENTRAL_SPECIAL", "中央专项"
    PROVINCIAL_SPECIAL = "PROVINCIAL_SPECIAL", "省级专项"
    CITY = "CITY", "市级资金"
    DISTRICT = "DISTRICT", "区级资金"
    PAIRED = "PAIRED", "对口帮扶"
    DESIGNATED_UNIT = "DESIGNATED_UNIT", "定点帮扶"
    DONATION = "DONATION", "社会捐赠"
    SECTOR = "SECTOR", "行业资金"
    SELF_RAISED = "SELF_RAISED", "自筹"
    LINKING_2021 = "LINKING_2021", "衔接资金"
    ROUTINE_2026 = "ROUTINE_2026", "常态化帮扶"


class FundDocument(Logged, Imported, table=True):
    """A fund document (资金文件) with its 文号; amounts as issued."""

    __tablename__ = "fund_document"
    __table_args__ = strict(
        UniqueConstraint("code"),
        one_of("level", FundLevel),
        one_of("fund_type", FundType),
        check("amount_fen > 0", "amount_positive"),
    )

    code: str = Field(sa_type=Code)
    title: str = Field(sa_type=Code)
    level: str = Field(sa_type=Code)
    fund_type: str = Field(sa_type=Code)
    fund_year: int = Field(sa_type=Count)
    amount_fen: int = Field(sa_type=Fen)
    issued_on: date = Field(sa_type=Day)
    issuer: str = Field(sa_type=Code)


class FundReceipt(Logged, Imported, table=True):
    """Money of a fund document arrived (到位)."""

    __tablename__ = "fund_receipt"
    __table_args__ = strict()

    fund_document_id: int = Field(sa_type=Id, foreign_key="fund_document.id", index=True)
    received_on: date = Field(sa_type=Day)
    amount_fen: int = Field(sa_type=Fen)


class Project(Logged, table=True):
    """A project (项目); identity by its project-bank code."""

    __tablename__ = "project"
    __table_args__ = strict(UniqueConstraint("code"))

    code: str = Field(sa_type=Code)


class ProjectFact(Logged, Imported, table=True):
    """What is known of a project from a day on (项目信息); every date of its course."""

    __tablename__ = "project_fact"
    __table_args__ = strict()

    project_id: int = Field(sa_type=Id, foreign_key="project.id", index=True)
    title: str = Field(sa_type=Code)
    project_year: int = Field(sa_type=Count)
    division_code: str = Field(sa_type=Code)
    implementer: str = Field(sa_type=Code)
    bank_entry_on: date | None = Field(default=None, sa_type=Day)
    approved_on: date | None = Field(default=None, sa_type=Day)
    approval_document: str | None = Field(default=None, sa_type=Code)
    tendered_on: date | None = Field(default=None, sa_type=Day)
    contracted_on: date | None = Field(default=None, sa_type=Day)
    started_on: date | None = Field(default=None, sa_type=Day)
    completed_on: date | None = Field(default=None, sa_type=Day)
    accepted_on: date | None = Field(default=None, sa_type=Day)
    final_account_fen: int | None = Field(default=None, sa_type=Fen)
    unspent_stage: str | None = Field(default=None, sa_type=Code)
    valid_from: date = Field(sa_type=Day)


class FundAllocation(Logged, Imported, table=True):
    """Money of a document allocated to a project (安排)."""

    __tablename__ = "fund_allocation"
    __table_args__ = strict(check("amount_fen > 0", "amount_positive"))

    fund_document_id: int = Field(sa_type=Id, foreign_key="fund_document.id", index=True)
    project_id: int = Field(sa_type=Id, foreign_key="project.id", index=True)
    amount_fen: int = Field(sa_type=Fen)


class FundPayment(Logged, Imported, table=True):
    """Money of a document paid out for a project (支出)."""

    __tablename__ = "fund_payment"
    __table_args__ = strict()

    fund_document_id: int = Field(sa_type=Id, foreign_key="fund_document.id", index=True)
    project_id: int = Field(sa_type=Id, foreign_key="project.id", index=True)
    paid_on: date = Field(sa_type=Day)
    amount_fen: int = Field(sa_type=Fen)
    voucher_no: str = Field(sa_type=Code)
