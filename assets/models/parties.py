"""Nouns of place and institution: divisions, parties, actors, waivers."""

from datetime import date

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from assets.columns import (
    Blob,
    Code,
    Count,
    Day,
    Flag,
    Id,
    Imported,
    Labelled,
    Logged,
    Vaulted,
    check,
    one_of,
    strict,
)


class DivisionLevel(Labelled):
    """Level of a division (区划级别)."""

    DISTRICT = "DISTRICT", "区"
    TOWN = "TOWN", "镇"
    VILLAGE = "VILLAGE", "村"


class Division(Logged, Imported, table=True):
    """A division as named from a day on (区划): towns 9 digits + 000, villages 12 digits."""

    __tablename__ = "division"
    __table_args__ = strict(
        UniqueConstraint("code", "valid_from", "entry_id"),
        one_of("level", DivisionLevel),
        check("length(code) = 12", "code_has_12_digits"),
    )

    code: str = Field(sa_type=Code, index=True)
    title: str = Field(sa_type=Code)
    level: str = Field(sa_type=Code)
    parent_code: str | None = Field(default=None, sa_type=Code)
    valid_from: date = Field(sa_type=Day)
    valid_to: date | None = Field(default=None, sa_type=Day)
    provenance: str = Field(default="", sa_type=Code)


class DivisionChangeKind(Labelled):
    """How divisions change (区划变更)."""

    MERGE = "MERGE", "合并"
    SPLIT = "SPLIT", "拆分"
    RENAME = "RENAME", "更名"
    RECODE = "RECODE", "改码"


class DivisionChange(Logged, table=True):
    """One merge, split, rename or re-code (区划变更)."""

    __tablename__ = "division_change"
    __table_args__ = strict(one_of("kind", DivisionChangeKind))

    kind: str = Field(sa_type=Code)
    from_code: str = Field(sa_type=Code)
    to_code: str = Field(sa_type=Code)
    changed_on: date = Field(sa_type=Day)
    document: str = Field(default="", sa_type=Code)


class PartyKind(Labelled):
    """Kinds of right holders, institutions and counterparties (主体类型)."""

    COLLECTIVE = "COLLECTIVE", "村集体经济组织"
    COMMITTEE = "COMMITTEE", "村民委员会"
    TOWN = "TOWN", "镇人民政府"
    TOWN_POOL = "TOWN_POOL", "镇资金池"
    DISTRICT_POOL = "DISTRICT_POOL", "区资金池"
    AGENCY = "AGENCY", "结转机构"
    DISTRICT_UNIT = "DISTRICT_UNIT", "区级单位"
    INDUSTRY = "INDUSTRY", "行业主管部门"
    COMPANY = "COMPANY", "企业"
    HOUSEHOLD = "HOUSEHOLD", "农户"
    GRID = "GRID", "电网公司"
    FINANCE = "FINANCE", "财政部门"
    UNCLEAR = "UNCLEAR", "权属待定"


class Party(Logged, table=True):
    """An institution or, by opaque code only, a household (主体). Identity: never changes."""

    __tablename__ = "party"
    __table_args__ = strict(UniqueConstraint("code"), one_of("kind", PartyKind))

    code: str = Field(sa_type=Code)
    kind: str = Field(sa_type=Code)


class PartyFact(Logged, Imported, table=True):
    """What is known of a party from a day on (主体信息)."""

    __tablename__ = "party_fact"
    __table_args__ = strict()

    party_id: int = Field(sa_type=Id, foreign_key="party.id", index=True)
    title: str = Field(sa_type=Code)
    uscc: str | None = Field(default=None, sa_type=Code)
    uscc_missing_reason: str | None = Field(default=None, sa_type=Code)
    division_code: str | None = Field(default=None, sa_type=Code)
    acts_for_party_id: int | None = Field(default=None, sa_type=Id, foreign_key="party.id")
    account_title: str | None = Field(default=None, sa_type=Code)
    bank: str | None = Field(default=None, sa_type=Code)
    account_sealed: bytes | None = Field(default=None, sa_type=Blob)
    account_tail: str | None = Field(default=None, sa_type=Code)
    valid_from: date = Field(sa_type=Day)


class Role(Labelled):
    """Roles of actors (角色). 依据: 内部约定 (the role table of the district's procedure)."""

    CLERK = "CLERK", "村报账员"
    COMMITTEE = "COMMITTEE", "村两委"
    SUPERVISION = "SUPERVISION", "村务监督委员会"
    TOWN_FINANCE = "TOWN_FINANCE", "镇财政所"
    TOWN_AGRICULTURE = "TOWN_AGRICULTURE", "镇农业农村办"
    AGENCY = "AGENCY", "结转机构"
    AGRICULTURE = "AGRICULTURE", "区农业农村局"
    FINANCE = "FINANCE", "区财政局"
    INDUSTRY = "INDUSTRY", "行业主管部门"
    AUDITOR = "AUDITOR", "审计"


class Actor(Logged, table=True):
    """A person who decides in an office (行为人); identity by staff code."""

    __tablename__ = "actor"
    __table_args__ = strict(UniqueConstraint("code"))

    code: str = Field(sa_type=Code)
    title: str = Field(sa_type=Code)


class ActorRole(Logged, Imported, table=True):
    """A role of an actor in an area, from a day to a day (任职)."""

    __tablename__ = "actor_role"
    __table_args__ = strict(one_of("role", Role))

    actor_id: int = Field(sa_type=Id, foreign_key="actor.id", index=True)
    role: str = Field(sa_type=Code)
    division_code: str = Field(sa_type=Code)
    party_id: int | None = Field(default=None, sa_type=Id, foreign_key="party.id")
    valid_from: date = Field(sa_type=Day)
    valid_to: date | None = Field(default=None, sa_type=Day)


class Waiver(Logged, table=True):
    """A named, dated exception to the separation of duties (岗位分离豁免); reported always.

    ``actor_code`` is an actor or a recorder; ``object_code`` the plan or act it is for.
    """

    __tablename__ = "waiver"
    __table_args__ = strict(
        check("approved_by_code <> actor_code", "approver_is_another"),
        check("length(reason) > 0", "reason_given"),
    )

    actor_code: str = Field(sa_type=Code)
    object_kind: str = Field(sa_type=Code)
    object_code: str = Field(sa_type=Code)
    reason: str = Field(sa_type=Code)
    approved_by_code: str = Field(sa_type=Code)
    valid_from: date = Field(sa_type=Day)
    valid_to: date = Field(sa_type=Day)


class Evidence(Logged, table=True):
    """A file by its content (佐证材料): kind, pages, where the original is kept."""

    __tablename__ = "evidence"
    __table_args__ = strict(UniqueConstraint("sha256"))

    sha256: str = Field(sa_type=Code)
    kind: str = Field(sa_type=Code)
    title: str = Field(sa_type=Code)
    pages: int | None = Field(default=None, sa_type=Count)
    received_on: date = Field(sa_type=Day)
    original_kept_at: str | None = Field(default=None, sa_type=Code)
    sealed: bool = Field(sa_type=Flag)
    size_bytes: int = Field(sa_type=Count)


class EvidenceLink(Logged, table=True):
    """Which object a piece of evidence belongs to."""

    __tablename__ = "evidence_link"
    __table_args__ = strict()

    evidence_id: int = Field(sa_type=Id, foreign_key="evidence.id")
    object_kind: str = Field(sa_type=Code, index=True)
    object_code: str = Field(sa_type=Code, index=True)
    step: str = Field(default="", sa_type=Code)


class EvidenceContent(Vaulted, table=True):
    """The bytes of a piece of evidence; people, bank and roster workbooks are stored sealed."""

    __tablename__ = "evidence_content"
    __table_args__ = strict()

    sha256: str = Field(sa_type=Code, primary_key=True)
    content: bytes = Field(sa_type=Blob)


class DataKey(Vaulted, table=True):
    """The data key of one owner (household or file), wrapped by the key file."""

    __tablename__ = "data_key"
    __table_args__ = strict()

    owner: str = Field(sa_type=Code, primary_key=True)
    wrapped: bytes = Field(sa_type=Blob)
    key_version: int = Field(sa_type=Count)
    restricted: bool = Field(default=False, sa_type=Flag)
