"""Nouns of people: households, persons, sealed versions, memberships, statuses, rosters."""

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
    Packed,
    Vaulted,
    one_of,
    strict,
)


class HouseholdStatus(Labelled):
    """Status of a household in the roster (户类型)."""

    REGISTERED = "REGISTERED", "建档立卡户"
    LIFTED = "LIFTED", "脱贫户"
    MONITORED = "MONITORED", "监测户"
    ORDINARY = "ORDINARY", "一般户"
    LEFT_ROSTER = "LEFT_ROSTER", "退出名单"


class MonitorKind(Labelled):
    """The three kinds of monitored households (监测对象类别)."""

    UNSTABLE = "UNSTABLE", "脱贫不稳定户"
    EDGE = "EDGE", "边缘易致贫户"
    SUDDEN = "SUDDEN", "突发严重困难户"


class LabourAbility(Labelled):
    """Labour skill and ability of a person (劳动技能)."""

    ORDINARY = "ORDINARY", "普通劳动力"
    SKILLED = "SKILLED", "技能劳动力"
    WEAK = "WEAK", "弱劳动力或半劳动力"
    LOST = "LOST", "丧失劳动力"
    NONE = "NONE", "无劳动力"


class Household(Logged, table=True):
    """A household (农户); identity by 户编号, an opaque code."""

    __tablename__ = "household"
    __table_args__ = strict(UniqueConstraint("code"))

    code: str = Field(sa_type=Code)


class HouseholdFact(Logged, Imported, table=True):
    """What is known of a household from a day on (农户信息); no personal plaintext."""

    __tablename__ = "household_fact"
    __table_args__ = strict(one_of("status", HouseholdStatus))

    household_id: int = Field(sa_type=Id, foreign_key="household.id", index=True)
    village_code: str = Field(sa_type=Code, index=True)
    group_title: str | None = Field(default=None, sa_type=Code)
    status: str = Field(sa_type=Code)
    monitor_kind: str | None = Field(default=None, sa_type=Code)
    allowance: str | None = Field(default=None, sa_type=Code)
    risk_cleared: bool | None = Field(default=None, sa_type=Flag)
    head_person_id: int | None = Field(default=None, sa_type=Id)
    declared_size: int | None = Field(default=None, sa_type=Count)
    valid_from: date = Field(sa_type=Day)
    event: str = Field(default="REGISTERED", sa_type=Code)


class Person(Logged, table=True):
    """A member of a household (人员); identity by 人编号, an opaque code."""

    __tablename__ = "person"
    __table_args__ = strict(UniqueConstraint("code"))

    code: str = Field(sa_type=Code)


class PersonVersion(Logged, Imported, table=True):
    """One version of a person's personal data as an AES-256-GCM envelope (个人信息密封件).

    Plaintext JSON keys: name, id_number, card, bank, phone, health, address, id_state.
    ``owner`` names the data key: the household code at the time of sealing.
    """

    __tablename__ = "person_version"
    __table_args__ = strict()

    person_id: int = Field(sa_type=Id, foreign_key="person.id", index=True)
    owner: str = Field(sa_type=Code, index=True)
    envelope: bytes = Field(sa_type=Blob)
    valid_from: date = Field(sa_type=Day)


class Membership(Logged, table=True):
    """A person belongs to a household from a day on (户籍关系); household_id 0 = left all."""

    __tablename__ = "membership"
    __table_args__ = strict()

    person_id: int = Field(sa_type=Id, foreign_key="person.id", index=True)
    household_id: int = Field(sa_type=Id, index=True)
    relation: str = Field(sa_type=Code)
    valid_from: date = Field(sa_type=Day)
    event: str = Field(default="REGISTERED", sa_type=Code)


class PersonStatus(Logged, table=True):
    """Labour ability and life status of a person from a day on (人员状态)."""

    __tablename__ = "person_status"
    __table_args__ = strict(one_of("labour", LabourAbility), one_of("life", ("ALIVE", "DECEASED")))

    person_id: int = Field(sa_type=Id, foreign_key="person.id", index=True)
    labour: str = Field(sa_type=Code)
    life: str = Field(default="ALIVE", sa_type=Code)
    birth_year: int | None = Field(default=None, sa_type=Count)
    valid_from: date = Field(sa_type=Day)


class PersonIndex(Vaulted, table=True):
    """Keyed look-up hashes of ID, card and name (检索索引); erasable."""

    __tablename__ = "person_index"
    __table_args__ = strict(one_of("kind", ("ID", "CARD", "NAME")))

    kind: str = Field(sa_type=Code, primary_key=True)
    digest: str = Field(sa_type=Code, primary_key=True)
    person_id: int = Field(sa_type=Id, primary_key=True)


class Access(Logged, table=True):
    """Somebody saw personal data in plain (查阅登记): who, whose, why."""

    __tablename__ = "access"
    __table_args__ = strict()

    actor_code: str = Field(sa_type=Code)
    recorder: str = Field(sa_type=Code)
    purpose: str = Field(sa_type=Code)
    scope: str = Field(sa_type=Code)
    person_count: int = Field(sa_type=Count)


class Erasure(Logged, table=True):
    """Personal data erased or restricted by law (依法删除/限制)."""

    __tablename__ = "erasure"
    __table_args__ = strict(one_of("outcome", ("ERASED", "RESTRICTED")))

    owner: str = Field(sa_type=Code)
    outcome: str = Field(sa_type=Code)
    reason: str = Field(sa_type=Code)


class PayeeAuthority(Logged, table=True):
    """A document under which somebody else receives the money (委托书/监护证明)."""

    __tablename__ = "payee_authority"
    __table_args__ = strict()

    household_id: int = Field(sa_type=Id, foreign_key="household.id", index=True)
    beneficiary_person_id: int = Field(sa_type=Id)
    payee_person_id: int = Field(sa_type=Id)
    relation: str = Field(sa_type=Code)
    document: str = Field(sa_type=Code)
    valid_from: date = Field(sa_type=Day)
    valid_to: date = Field(sa_type=Day)


class Roster(Logged, table=True):
    """A roster frozen at a cut-off day for one plan (冻结名册)."""

    __tablename__ = "roster"
    __table_args__ = strict(UniqueConstraint("code"))

    code: str = Field(sa_type=Code)
    plan_code: str = Field(sa_type=Code, index=True)
    cut_off_on: date = Field(sa_type=Day)
    scope: str = Field(sa_type=Code)
    household_count: int = Field(sa_type=Count)
    person_count: int = Field(sa_type=Count)


class RosterLine(Packed, table=True):
    """A household on a frozen roster: persons and status as they were that day.

    ``status`` is the index in ``HouseholdStatus``; ``fact_id`` the household_fact row used;
    ``village`` the 12-digit village code as a number.
    """

    __tablename__ = "roster_line"
    __table_args__ = strict()

    roster_id: int = Field(sa_type=Id, index=True)
    household_id: int = Field(sa_type=Id)
    person_count: int = Field(sa_type=Count)
    labour_count: int = Field(sa_type=Count)
    status: int = Field(sa_type=Count)
    village: int = Field(sa_type=Count)
    fact_id: int = Field(sa_type=Id)


class RosterDifference(Logged, table=True):
    """A household in or out against the roster before, with the reason (名册增减)."""

    __tablename__ = "roster_difference"
    __table_args__ = strict(one_of("change", ("IN", "OUT", "SIZE", "STATUS")))

    roster_id: int = Field(sa_type=Id, foreign_key="roster.id", index=True)
    household_id: int = Field(sa_type=Id)
    change: str = Field(sa_type=Code)
    reason: str = Field(sa_type=Code)
