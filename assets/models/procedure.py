"""Nouns of procedure: status events, decisions, opinions, notices, objections, gaps, freezes."""

from datetime import date

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from assets.columns import (
    Code,
    Count,
    Day,
    Flag,
    Id,
    Imported,
    Labelled,
    Logged,
    check,
    one_of,
    strict,
)


class ObjectKind(Labelled):
    """Things that pass through a procedure (办理对象)."""

    ASSET = "ASSET", "资产"
    TITLE = "TITLE", "确权"
    HANDOVER = "HANDOVER", "移交"
    PLAN = "PLAN", "分配方案"
    BATCH = "BATCH", "支付批次"
    FINDING = "FINDING", "疑点"
    PROJECT = "PROJECT", "项目"
    HOUSEHOLD = "HOUSEHOLD", "农户"
    CONTRACT = "CONTRACT", "合同"
    DISPOSAL = "DISPOSAL", "处置"
    IMPORT = "IMPORT", "导入"


class StatusEvent(Logged, table=True):
    """One transition of one object's state machine (状态变更)."""

    __tablename__ = "status_event"
    __table_args__ = strict(one_of("object_kind", ObjectKind))

    object_kind: str = Field(sa_type=Code)
    object_code: str = Field(sa_type=Code, index=True)
    from_state: str = Field(sa_type=Code)
    to_state: str = Field(sa_type=Code)
    happened_on: date = Field(sa_type=Day)
    actor_code: str = Field(sa_type=Code)
    reason_code: str | None = Field(default=None, sa_type=Code)
    remark: str | None = Field(default=None, sa_type=Code)


class Stage(Labelled):
    """Stages at which somebody acts on an object; groups conflict per person."""

    DRAFT = "DRAFT", "拟定"
    PROPOSE = "PROPOSE", "提议"
    CONSULT = "CONSULT", "商议"
    DELIBERATE = "DELIBERATE", "审议"
    RESOLVE = "RESOLVE", "决议"
    SUPERVISE = "SUPERVISE", "监督意见"
    TOWN_REVIEW = "TOWN_REVIEW", "镇审核"
    DEPARTMENT = "DEPARTMENT", "部门意见"
    DISTRICT = "DISTRICT", "区确认"
    APPROVE = "APPROVE", "区审批"
    FILE = "FILE", "备案"
    POST = "POST", "记账"
    BATCH = "BATCH", "编制支付"
    RELEASE = "RELEASE", "支付复核"


class StageAct(Logged, table=True):
    """Who acted at which stage of an object (经办记录): actor and recorder apart.

    The database refuses the same actor in two conflicting stage groups of one object, and the
    same recorder in two groups without a waiver. Groups: MAKE, DECIDE, SUPERVISE, REVIEW,
    APPROVE, PAY. Stages of DECIDE are collective and do not conflict with MAKE.
    """

    __tablename__ = "stage_act"
    __table_args__ = strict(
        one_of("stage", Stage),
        one_of("duty", ("MAKE", "DECIDE", "SUPERVISE", "REVIEW", "APPROVE", "PAY")),
        one_of("object_kind", ObjectKind),
        check("length(actor_code) > 0", "actor_given"),
        check("length(recorder) > 0", "recorder_given"),
    )

    object_kind: str = Field(sa_type=Code)
    object_code: str = Field(sa_type=Code, index=True)
    stage: str = Field(sa_type=Code)
    duty: str = Field(sa_type=Code)
    round_no: int = Field(default=1, sa_type=Count)
    actor_code: str = Field(sa_type=Code)
    recorder: str = Field(sa_type=Code)
    acted_on: date = Field(sa_type=Day)
    opinion: str | None = Field(default=None, sa_type=Code)
    agreed: bool = Field(default=True, sa_type=Flag)
    document: str | None = Field(default=None, sa_type=Code)


class BodyKind(Labelled):
    """Bodies that decide, each with its own arithmetic (会议类型)."""

    PARTY_BRANCH = "PARTY_BRANCH", "村党组织会议"
    TWO_COMMITTEES = "TWO_COMMITTEES", "村两委会议"
    PARTY_MEMBERS = "PARTY_MEMBERS", "党员大会"
    VILLAGERS = "VILLAGERS", "村民会议"
    REPRESENTATIVES = "REPRESENTATIVES", "村民代表会议"
    MEMBERS = "MEMBERS", "成员大会"
    MEMBER_REPRESENTATIVES = "MEMBER_REPRESENTATIVES", "成员代表大会"
    TOWN_MEETING = "TOWN_MEETING", "镇党委会议"
    DISTRICT_GROUP = "DISTRICT_GROUP", "区领导小组会议"


class Decision(Logged, Imported, table=True):
    """One meeting's decision on an object (会议决议) with its arithmetic."""

    __tablename__ = "decision"
    __table_args__ = strict(
        one_of("object_kind", ObjectKind),
        one_of("body", BodyKind),
        one_of("stage", ("PROPOSE", "CONSULT", "DELIBERATE", "RESOLVE")),
        check("present_count <= member_count", "present_within_members"),
        check("for_count + against_count + abstain_count <= present_count", "votes_within_present"),
    )

    object_kind: str = Field(sa_type=Code)
    object_code: str = Field(sa_type=Code, index=True)
    round_no: int = Field(default=1, sa_type=Count)
    stage: str = Field(sa_type=Code)
    body: str = Field(sa_type=Code)
    held_on: date = Field(sa_type=Day)
    member_count: int = Field(sa_type=Count)
    present_count: int = Field(sa_type=Count)
    for_count: int = Field(sa_type=Count)
    against_count: int = Field(sa_type=Count)
    abstain_count: int = Field(sa_type=Count)
    called_on: date | None = Field(default=None, sa_type=Day)
    minutes: str = Field(sa_type=Code)
    is_valid: bool = Field(sa_type=Flag)
    invalid_reason: str | None = Field(default=None, sa_type=Code)


class Notice(Logged, Imported, table=True):
    """A public notice before a decision takes effect (公示); one per round and village."""

    __tablename__ = "notice"
    __table_args__ = strict(
        one_of("object_kind", ObjectKind),
        one_of("day_kind", ("CALENDAR", "WORKING")),
        one_of("kind", ("NOTICE", "ANNOUNCEMENT", "CORRECTION")),
        UniqueConstraint("object_kind", "object_code", "round_no", "village_code", "kind", "seq"),
    )

    object_kind: str = Field(sa_type=Code)
    object_code: str = Field(sa_type=Code, index=True)
    kind: str = Field(sa_type=Code)
    round_no: int = Field(sa_type=Count)
    seq: int = Field(default=1, sa_type=Count)
    village_code: str = Field(sa_type=Code)
    posted_on: date = Field(sa_type=Day)
    notice_days: int = Field(sa_type=Count)
    day_kind: str = Field(sa_type=Code)
    ends_on: date = Field(sa_type=Day)
    place: str = Field(sa_type=Code)
    phone: str | None = Field(default=None, sa_type=Code)
    text_sha256: str = Field(sa_type=Code)
    start_proof: str | None = Field(default=None, sa_type=Code)


class NoticeEnd(Logged, table=True):
    """The end of a posting with its proof (公示撤下)."""

    __tablename__ = "notice_end"
    __table_args__ = strict(UniqueConstraint("notice_id"))

    notice_id: int = Field(sa_type=Id, foreign_key="notice.id")
    taken_down_on: date = Field(sa_type=Day)
    end_proof: str | None = Field(default=None, sa_type=Code)


class Objection(Logged, Imported, table=True):
    """An objection to one line or to the whole object (异议); ``line_code`` '' = whole."""

    __tablename__ = "objection"
    __table_args__ = strict(one_of("object_kind", ObjectKind), UniqueConstraint("code"))

    code: str = Field(sa_type=Code)
    object_kind: str = Field(sa_type=Code)
    object_code: str = Field(sa_type=Code, index=True)
    round_no: int = Field(sa_type=Count)
    line_code: str = Field(default="", sa_type=Code)
    received_on: date = Field(sa_type=Day)
    answer_due_on: date = Field(sa_type=Day)
    content: str = Field(sa_type=Code)


class ObjectionAnswer(Logged, table=True):
    """The written answer that ends an objection (异议答复)."""

    __tablename__ = "objection_answer"
    __table_args__ = strict(
        UniqueConstraint("objection_id"), one_of("outcome", ("UPHELD", "REJECTED"))
    )

    objection_id: int = Field(sa_type=Id, foreign_key="objection.id")
    answered_on: date = Field(sa_type=Day)
    outcome: str = Field(sa_type=Code)
    answer: str = Field(sa_type=Code)


class DeclaredGap(Logged, table=True):
    """A missing paper declared instead of a skipped check (缺失声明)."""

    __tablename__ = "declared_gap"
    __table_args__ = strict(one_of("object_kind", ObjectKind))

    object_kind: str = Field(sa_type=Code)
    object_code: str = Field(sa_type=Code, index=True)
    missing: str = Field(sa_type=Code)
    reason: str = Field(sa_type=Code)
    vouched_by: str = Field(sa_type=Code)
    declared_on: date = Field(sa_type=Day)


class Freeze(Logged, table=True):
    """An audit freeze on one object or closed period (审计冻结)."""

    __tablename__ = "audit_freeze"
    __table_args__ = strict(UniqueConstraint("code"))

    code: str = Field(sa_type=Code)
    object_kind: str = Field(sa_type=Code)
    object_code: str = Field(sa_type=Code)
    ordered_by: str = Field(sa_type=Code)
    document: str = Field(sa_type=Code)
    valid_from: date = Field(sa_type=Day)
    valid_to: date | None = Field(default=None, sa_type=Day)


class ImportRecord(Logged, table=True):
    """One accepted import (导入登记): file digest, kind, rows taken."""

    __tablename__ = "import_record"
    __table_args__ = strict()

    kind: str = Field(sa_type=Code)
    file_sha256: str = Field(sa_type=Code, index=True)
    file_title: str = Field(sa_type=Code)
    row_count: int = Field(sa_type=Count)
