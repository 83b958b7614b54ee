"""Nouns of use: contracts, dues, upkeep, inspections, stocktaking, disposal."""

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


class ContractKind(Labelled):
    """Kinds of operation contracts (合同类型)."""

    LEASE = "LEASE", "租赁"
    CONTRACT_OUT = "CONTRACT_OUT", "发包"
    EQUITY = "EQUITY", "入股"
    GUARANTEED = "GUARANTEED", "保底收益"
    ENTRUSTED = "ENTRUSTED", "托管"


class OperationContract(Logged, Imported, table=True):
    """A contract under which an asset earns (经营合同). Rate in millionths of principal a year."""

    __tablename__ = "operation_contract"
    __table_args__ = strict(
        UniqueConstraint("code"),
        one_of("kind", ContractKind),
        one_of("cycle", ("YEAR", "HALF_YEAR", "QUARTER", "MONTH")),
        check("ends_on >= starts_on", "ends_after_start"),
    )

    code: str = Field(sa_type=Code)
    asset_id: int = Field(sa_type=Id, foreign_key="asset.id", index=True)
    kind: str = Field(sa_type=Code)
    counterparty_id: int = Field(sa_type=Id, foreign_key="party.id")
    principal_fen: int | None = Field(default=None, sa_type=Fen)
    yearly_fen: int | None = Field(default=None, sa_type=Fen)
    rate_ppm: int | None = Field(default=None, sa_type=Count)
    starts_on: date = Field(sa_type=Day)
    ends_on: date = Field(sa_type=Day)
    cycle: str = Field(sa_type=Code)
    first_due_on: date | None = Field(default=None, sa_type=Day)


class ContractDue(Logged, table=True):
    """One sum due under a contract (应收计划)."""

    __tablename__ = "contract_due"
    __table_args__ = strict(UniqueConstraint("contract_id", "due_no"))

    contract_id: int = Field(sa_type=Id, foreign_key="operation_contract.id", index=True)
    due_no: int = Field(sa_type=Count)
    due_on: date = Field(sa_type=Day)
    period_from: date = Field(sa_type=Day)
    period_to: date = Field(sa_type=Day)
    amount_fen: int = Field(sa_type=Fen)


class DifferenceReason(Labelled):
    """Why what was found differs from what is registered (盘点差异原因)."""

    LOST = "LOST", "灭失"
    DAMAGED = "DAMAGED", "损毁"
    MOVED = "MOVED", "移往他处"
    TAKEN = "TAKEN", "被占用"
    SOLD_UNRECORDED = "SOLD_UNRECORDED", "已处置未登记"
    MISREGISTERED = "MISREGISTERED", "登记有误"
    SURPLUS = "SURPLUS", "盘盈"
    UNKNOWN = "UNKNOWN", "原因待查"


class UpkeepDuty(Logged, table=True):
    """Who keeps an asset in order (管护责任)."""

    __tablename__ = "upkeep_duty"
    __table_args__ = strict()

    asset_id: int = Field(sa_type=Id, foreign_key="asset.id", index=True)
    keeper_party_id: int = Field(sa_type=Id, foreign_key="party.id")
    duty: str = Field(sa_type=Code)
    yearly_budget_fen: int | None = Field(default=None, sa_type=Fen)
    valid_from: date = Field(sa_type=Day)
    valid_to: date | None = Field(default=None, sa_type=Day)


class Inspection(Logged, table=True):
    """One inspection of an asset (巡查)."""

    __tablename__ = "inspection"
    __table_args__ = strict()

    asset_id: int = Field(sa_type=Id, foreign_key="asset.id", index=True)
    inspected_on: date = Field(sa_type=Day)
    result: str = Field(sa_type=Code)
    actor_code: str = Field(sa_type=Code)


class ConditionEvent(Logged, table=True):
    """A change of condition: idle, repair, damage, insurance claim (状况变动)."""

    __tablename__ = "condition_event"
    __table_args__ = strict(one_of("kind", ("IDLE", "REPAIR", "DAMAGE", "RESUME", "INSURED")))

    asset_id: int = Field(sa_type=Id, foreign_key="asset.id", index=True)
    kind: str = Field(sa_type=Code)
    happened_on: date = Field(sa_type=Day)
    amount_fen: int | None = Field(default=None, sa_type=Fen)
    remark: str = Field(sa_type=Code)


class StockCount(Logged, table=True):
    """One stocktaking campaign in a village (清查盘点)."""

    __tablename__ = "stock_count"
    __table_args__ = strict(UniqueConstraint("code"))

    code: str = Field(sa_type=Code)
    village_code: str = Field(sa_type=Code)
    counted_on: date = Field(sa_type=Day)


class StockCountLine(Logged, table=True):
    """What was found of one asset (盘点结果)."""

    __tablename__ = "stock_count_line"
    __table_args__ = strict(UniqueConstraint("stock_count_id", "asset_id"))

    stock_count_id: int = Field(sa_type=Id, foreign_key="stock_count.id")
    asset_id: int = Field(sa_type=Id, foreign_key="asset.id", index=True)
    booked_quantity: str = Field(sa_type=Code)
    found_quantity: str = Field(sa_type=Code)
    difference_reason: str | None = Field(default=None, sa_type=Code)


class DisposalReason(Labelled):
    """Why an asset is to go (处置原因)."""

    SALE = "SALE", "出售转让"
    EXCHANGE = "EXCHANGE", "置换"
    SCRAP = "SCRAP", "报废"
    LOSS = "LOSS", "灭失核销"
    EXIT = "EXIT", "股权退出"
    CONDEMNED = "CONDEMNED", "征收拆迁"


class DisposalState(Labelled):
    """States of a disposal (处置状态)."""

    PROPOSED = "PROPOSED", "已申请"
    APPRAISED = "APPRAISED", "已评估"
    DECIDED = "DECIDED", "已决议"
    APPROVED = "APPROVED", "已批准"
    REJECTED = "REJECTED", "不予批准"
    WITHDRAWN = "WITHDRAWN", "已撤回"
    SOLD = "SOLD", "已处置"
    REUSED = "REUSED", "收入已再投入"


class Disposal(Logged, table=True):
    """A disposal (处置): application, appraisal, decision, approval, deal, re-use of proceeds."""

    __tablename__ = "disposal"
    __table_args__ = strict(UniqueConstraint("code"))

    code: str = Field(sa_type=Code)
    asset_id: int = Field(sa_type=Id, foreign_key="asset.id", index=True)
    reason: str = Field(sa_type=Code)
    applied_on: date = Field(sa_type=Day)


class DisposalStep(Logged, table=True):
    """One of the steps of a disposal with its document (处置环节)."""

    __tablename__ = "disposal_step"
    __table_args__ = strict(
        one_of("step", ("APPRAISED", "DECIDED", "APPROVED", "SOLD", "REUSED")),
        UniqueConstraint("disposal_id", "step"),
    )

    disposal_id: int = Field(sa_type=Id, foreign_key="disposal.id")
    step: str = Field(sa_type=Code)
    happened_on: date = Field(sa_type=Day)
    amount_fen: int | None = Field(default=None, sa_type=Fen)
    document: str = Field(sa_type=Code)
