"""Nouns of distribution: policies, plans, channels, jobs, allocations, entitlements, payments."""

from datetime import date

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from assets.columns import (
    Code,
    Count,
    Day,
    Fen,
    Flag,
    Id,
    Imported,
    Labelled,
    Logged,
    Packed,
    check,
    one_of,
    strict,
)


class Policy(Logged, table=True):
    """The text of a policy file as a plan used it (政策文本), by digest."""

    __tablename__ = "policy"
    __table_args__ = strict(UniqueConstraint("sha256"))

    code: str = Field(sa_type=Code)
    sha256: str = Field(sa_type=Code)
    body: str = Field(sa_type=Code)


class Channel(Labelled):
    """Ways in which income reaches its purpose (用途渠道)."""

    JOB = "JOB", "公益岗位"
    WORKS = "WORKS", "小型公益劳务"
    REWARD = "REWARD", "奖励补助"
    HARDSHIP = "HARDSHIP", "困难补助"
    DIVIDEND = "DIVIDEND", "收益分红"
    RETENTION = "RETENTION", "村集体留存"
    RESERVE = "RESERVE", "提取公积公益金"
    CARRIED = "CARRIED", "结转下期"


CHANNEL_NUMBERS = {channel: number for number, channel in enumerate(Channel, start=1)}
CHANNELS_BY_NUMBER = {number: channel for channel, number in CHANNEL_NUMBERS.items()}
PERSONAL_CHANNELS = (
    Channel.JOB,
    Channel.WORKS,
    Channel.REWARD,
    Channel.HARDSHIP,
    Channel.DIVIDEND,
)


class PlanState(Labelled):
    """States of a plan (方案状态)."""

    DRAFT = "DRAFT", "草案"
    DECIDED = "DECIDED", "已决议"
    NOTICED = "NOTICED", "公示中"
    SUPERVISED = "SUPERVISED", "已出具监督意见"
    REVIEWED = "REVIEWED", "镇已审核"
    APPROVED = "APPROVED", "区已审批"
    FILED = "FILED", "已备案"
    POSTED = "POSTED", "已记账"
    PAYING = "PAYING", "支付中"
    COMPLETED = "COMPLETED", "已完成"
    WITHDRAWN = "WITHDRAWN", "已撤回"
    RETURNED = "RETURNED", "已退回"


class Plan(Logged, table=True):
    """A distribution plan of a village, a town pool or a district pool (收益分配方案)."""

    __tablename__ = "plan"
    __table_args__ = strict(
        UniqueConstraint("code"),
        one_of("kind", ("VILLAGE", "TOWN_POOL", "DISTRICT_POOL")),
        check("distributable_fen >= 0", "not_negative"),
    )

    code: str = Field(sa_type=Code)
    kind: str = Field(sa_type=Code)
    holder_party_id: int = Field(sa_type=Id, foreign_key="party.id", index=True)
    title: str = Field(sa_type=Code)
    income_year: int = Field(sa_type=Count)
    period_from: date = Field(sa_type=Day)
    period_to: date = Field(sa_type=Day)
    supplements_plan_id: int | None = Field(default=None, sa_type=Id, foreign_key="plan.id")
    policy_id: int = Field(sa_type=Id, foreign_key="policy.id")
    roster_id: int | None = Field(default=None, sa_type=Id, foreign_key="roster.id")
    rule_text: str = Field(sa_type=Code)
    received_fen: int = Field(sa_type=Fen)
    deducted_fen: int = Field(sa_type=Fen)
    distributable_fen: int = Field(sa_type=Fen)
    drafted_on: date = Field(sa_type=Day)


class PlanIncome(Logged, table=True):
    """Which income a plan distributes (方案收入来源): one statement line or expected income.

    ``expected`` marks income decided on but not yet received.
    """

    __tablename__ = "plan_income"
    __table_args__ = strict(check("distributable_fen >= 0", "not_negative"))

    plan_id: int = Field(sa_type=Id, foreign_key="plan.id", index=True)
    asset_id: int | None = Field(default=None, sa_type=Id, foreign_key="asset.id", index=True)
    income_year: int = Field(sa_type=Count)
    stream: str = Field(sa_type=Code)
    statement_line_id: int | None = Field(
        default=None, sa_type=Id, foreign_key="statement_line.id", index=True
    )
    opening_line_id: int | None = Field(default=None, sa_type=Id, foreign_key="opening_line.id")
    expected: bool = Field(default=False, sa_type=Flag)
    distributable_fen: int = Field(sa_type=Fen)


class PlanChannel(Logged, table=True):
    """The amount and rule of one channel of a plan (用途)."""

    __tablename__ = "plan_channel"
    __table_args__ = strict(
        UniqueConstraint("plan_id", "line_no"),
        one_of("channel", Channel),
        check("amount_fen >= 0", "not_negative"),
    )

    plan_id: int = Field(sa_type=Id, foreign_key="plan.id", index=True)
    line_no: int = Field(sa_type=Count)
    channel: str = Field(sa_type=Code)
    title: str = Field(sa_type=Code)
    rule_text: str = Field(sa_type=Code)
    source: str = Field(sa_type=Code)
    amount_fen: int = Field(sa_type=Fen)


class JobPost(Logged, table=True):
    """A public-welfare job of a plan (公益岗位)."""

    __tablename__ = "job_post"
    __table_args__ = strict(
        UniqueConstraint("code"),
        check("monthly_fen > 0", "wage_positive"),
        check("month_count > 0", "months_positive"),
    )

    code: str = Field(sa_type=Code)
    plan_id: int = Field(sa_type=Id, foreign_key="plan.id", index=True)
    title: str = Field(sa_type=Code)
    duty: str = Field(sa_type=Code)
    monthly_fen: int = Field(sa_type=Fen)
    first_month: int = Field(sa_type=Count)
    month_count: int = Field(sa_type=Count)


class JobHolder(Logged, table=True):
    """Who holds a job from a month on (岗位人员); a replacement is a later row."""

    __tablename__ = "job_holder"
    __table_args__ = strict()

    job_post_id: int = Field(sa_type=Id, foreign_key="job_post.id", index=True)
    household_id: int = Field(sa_type=Id, foreign_key="household.id")
    person_id: int = Field(sa_type=Id, foreign_key="person.id")
    from_month: int = Field(sa_type=Count)
    reason: str = Field(default="", sa_type=Code)


class Attendance(Logged, Imported, table=True):
    """One month's attendance in a job and the wage earned (考勤)."""

    __tablename__ = "attendance"
    __table_args__ = strict(UniqueConstraint("job_post_id", "month"))

    job_post_id: int = Field(sa_type=Id, foreign_key="job_post.id", index=True)
    household_id: int = Field(sa_type=Id)
    person_id: int = Field(sa_type=Id)
    month: int = Field(sa_type=Count)
    day_count: int = Field(sa_type=Count)
    earned_fen: int = Field(sa_type=Fen)
    keeper: str = Field(sa_type=Code)


class Allocation(Packed, table=True):
    """Why each household has its amount: weight, key, share, odd fen; zero shares included."""

    __tablename__ = "allocation"
    __table_args__ = strict()

    plan_channel_id: int = Field(sa_type=Id, index=True)
    household_id: int = Field(sa_type=Id)
    weight: int = Field(sa_type=Count)
    tie_key: int = Field(sa_type=Count)
    share_fen: int = Field(sa_type=Fen)
    extra_fen: int = Field(sa_type=Fen)


class Entitlement(Packed, table=True):
    """What is due to a household (应发): fixed by decision, or a wage by attendance.

    ``concerns_month`` YYYYMM for wages, 0 otherwise; ``person_id`` 0 = the household.
    """

    __tablename__ = "entitlement"
    __table_args__ = strict(check("amount_fen > 0", "amount_positive"))

    plan_id: int = Field(sa_type=Id, index=True)
    plan_channel_id: int = Field(sa_type=Id)
    household_id: int = Field(sa_type=Id, index=True)
    person_id: int = Field(sa_type=Id)
    concerns_month: int = Field(sa_type=Count)
    amount_fen: int = Field(sa_type=Fen)


class Withholding(Logged, table=True):
    """A line held back (暂缓发放): objection, death, dispute; released by a later row."""

    __tablename__ = "withholding"
    __table_args__ = strict(one_of("outcome", ("WITHHELD", "RELEASED", "CANCELLED")))

    plan_id: int = Field(sa_type=Id, foreign_key="plan.id", index=True)
    household_id: int = Field(sa_type=Id, foreign_key="household.id")
    outcome: str = Field(sa_type=Code)
    reason_code: str = Field(sa_type=Code)
    remark: str = Field(default="", sa_type=Code)


class PaymentBatch(Logged, table=True):
    """A batch sent to a bank (支付批次); inserted after its lines, checked by the database."""

    __tablename__ = "payment_batch"
    __table_args__ = strict(
        UniqueConstraint("code"),
        one_of("rail", ("ONE_CARD", "PAYROLL", "CASH")),
        one_of("kind", ("ORDINARY", "REISSUE", "SUPPLEMENT")),
        check("first_line_id <= last_line_id", "range_not_empty"),
    )

    code: str = Field(sa_type=Code)
    plan_id: int = Field(sa_type=Id, foreign_key="plan.id", index=True)
    kind: str = Field(sa_type=Code)
    rail: str = Field(sa_type=Code)
    made_on: date = Field(sa_type=Day)
    first_line_id: int = Field(sa_type=Id)
    last_line_id: int = Field(sa_type=Id)
    line_count: int = Field(sa_type=Count)
    amount_fen: int = Field(sa_type=Fen)


class PaymentLine(Packed, table=True):
    """One payment of one entitlement (支付明细); ``reissue_of`` is the returned line or 0."""

    __tablename__ = "payment_line"
    __table_args__ = strict(check("amount_fen > 0", "amount_positive"))

    payment_batch_id: int = Field(sa_type=Id, index=True)
    serial_no: int = Field(sa_type=Count)
    entitlement_id: int = Field(sa_type=Id, index=True)
    household_id: int = Field(sa_type=Id, index=True)
    payee_person_id: int = Field(sa_type=Id)
    amount_fen: int = Field(sa_type=Fen)
    reissue_of: int = Field(sa_type=Id)


class BatchExport(Logged, table=True):
    """The bank file made of a batch, once (银行文件导出)."""

    __tablename__ = "batch_export"
    __table_args__ = strict(UniqueConstraint("payment_batch_id"))

    payment_batch_id: int = Field(sa_type=Id, foreign_key="payment_batch.id")
    exported_on: date = Field(sa_type=Day)
    template: str = Field(sa_type=Code)
    file_sha256: str = Field(sa_type=Code)


class PaymentResult(Logged, Imported, table=True):
    """What the bank answered for one payment line (支付结果); final once PAID or RETURNED."""

    __tablename__ = "payment_result"
    __table_args__ = strict(
        UniqueConstraint("payment_line_id"),
        one_of("outcome", ("PAID", "RETURNED")),
        check("outcome <> 'RETURNED' OR reason_code IS NOT NULL", "return_has_reason"),
    )

    payment_line_id: int = Field(sa_type=Id)
    outcome: str = Field(sa_type=Code)
    happened_on: date = Field(sa_type=Day)
    reason_code: str | None = Field(default=None, sa_type=Code)
    bank_ref: str | None = Field(default=None, sa_type=Code)


class Simulation(Logged, table=True):
    """A what-if of a plan kept as evidence (测算): rule text and channel amounts as JSON."""

    __tablename__ = "simulation"
    __table_args__ = strict()

    plan_id: int = Field(sa_type=Id, foreign_key="plan.id", index=True)
    title: str = Field(sa_type=Code)
    rule_text: str = Field(sa_type=Code)
    outcome_text: str = Field(sa_type=Code)


class Adjustment(Logged, table=True):
    """A manual change of one line of a draft, with reason and second person (人工调整)."""

    __tablename__ = "adjustment"
    __table_args__ = strict(
        check("approved_by_code <> actor_code", "second_person"),
        check("length(reason) > 0", "reason_given"),
    )

    plan_id: int = Field(sa_type=Id, foreign_key="plan.id", index=True)
    plan_channel_id: int = Field(sa_type=Id)
    household_id: int = Field(sa_type=Id)
    before_fen: int = Field(sa_type=Fen)
    after_fen: int = Field(sa_type=Fen)
    reason: str = Field(sa_type=Code)
    actor_code: str = Field(sa_type=Code)
    approved_by_code: str = Field(sa_type=Code)
