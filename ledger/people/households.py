"""Which households has a village on a day, of how many living persons, and with which status?

Identity is the 户编号; village, status and head are facts from a day on. Every answer is as of a
day and a log position, and none holds a name or a number of a person.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Subquery, Table, case, func, select
from sqlmodel import Session, col
from sqlmodel import select as query

from assets import divisions, divisions_register
from assets.asof import AsOf, current_row
from assets.columns import label_of
from assets.errors import NotFound
from ledger.models import (
    Household,
    HouseholdFact,
    HouseholdStatus,
    LabourAbility,
    Membership,
    Person,
    PersonStatus,
)
from ledger.people.persons import chunks

ON_ROSTER = (HouseholdStatus.REGISTERED, HouseholdStatus.LIFTED, HouseholdStatus.MONITORED)
"""Statuses of those whom aid income may reach. 依据: 内部约定 (名册口径)."""

ABLE_TO_WORK = (LabourAbility.ORDINARY, LabourAbility.SKILLED, LabourAbility.WEAK)
"""Abilities counted as labour; the weak ones are who light public posts are made for."""

HEAD = "户主"


@dataclass(frozen=True)
class HouseholdRow:
    """A household as of a day: ``status`` and ``monitor_kind`` are codes, '' = none.

    ``size`` counts living members, ``labour`` those of them able to work.
    """

    household_id: int
    code: str
    village_code: str
    village: str
    town: str
    group: str
    size: int
    labour: int
    status: str
    monitor_kind: str
    allowance: str
    risk_cleared: bool | None
    head_person_id: int
    fact_id: int
    since: date
    event: str

    @property
    def status_label(self) -> str:
        """户类型 as it is printed."""
        return label_of(HouseholdStatus, self.status)


@dataclass(frozen=True)
class Member:
    """A member of a household as of a day; ``labour`` and ``life`` are codes."""

    person_id: int
    code: str
    relation: str
    labour: str
    life: str
    birth_year: int
    since: date
    event: str

    @property
    def alive(self) -> bool:
        """Whether the person lives."""
        return self.life == "ALIVE"


def household_by_code(session: Session, code: str) -> Household:
    """The household registered under a 户编号.

    Raises:
        NotFound: None.

    依据: 内部约定 (a household is never created from a mistyped code)
    """
    household = session.exec(query(Household).where(Household.code == code)).one_or_none()
    if household is None:
        raise NotFound("农户", code)
    return household


def household_ids(session: Session, codes: Sequence[str]) -> dict[str, int]:
    """户编号 → id of those that are registered.

    依据: 内部约定 (编号只查找，不新建)
    """
    found: dict[str, int] = {}
    for part in chunks(codes):
        rows = session.exec(
            query(Household.code, Household.id).where(col(Household.code).in_(part))
        ).all()
        found.update(dict(rows))
    return found


def household_codes(session: Session, ids: Sequence[int]) -> dict[int, str]:
    """Id → 户编号.

    依据: 内部约定 (编号只查找，不新建)
    """
    found: dict[int, str] = {}
    for part in chunks(ids):
        rows = session.exec(
            query(Household.id, Household.code).where(col(Household.id).in_(part))
        ).all()
        found.update(dict(rows))
    return found


def household_fact(session: Session, household_id: int, at: AsOf) -> HouseholdFact | None:
    """What is known of one household as of a day and position, or None before its first day.

    依据: 内部约定 (按日期和入账进度查询)
    """
    return current_row(session, HouseholdFact, at, HouseholdFact.household_id == household_id)


def household_rows(
    session: Session,
    at: AsOf,
    *,
    village: str = "",
    town: str = "",
    villages: Iterable[str] = (),
    codes: Sequence[str] = (),
    statuses: Iterable[str] = (),
) -> list[HouseholdRow]:
    """The households as of a day, by 户编号; ``village`` and ``town`` are 12-digit codes.

    Only households of the given villages are read, so that one village costs one village.

    依据: 内部约定 (名册)
    """
    wanted = {*villages, *([village] if village else [])}
    scope = _scope(wanted, town, codes)
    facts = latest(HouseholdFact, "household_id", at, scope)
    counts = living_counts(at, scope)
    home = _table(Household)
    rows = session.execute(
        select(
            home.c.code,
            facts.c.household_id,
            facts.c.village_code,
            facts.c.group_title,
            facts.c.status,
            facts.c.monitor_kind,
            facts.c.allowance,
            facts.c.risk_cleared,
            facts.c.head_person_id,
            facts.c.id,
            facts.c.valid_from,
            facts.c.event,
            counts.c.size,
            counts.c.labour,
        )
        .join(facts, facts.c.household_id == home.c.id)
        .outerjoin(counts, counts.c.household_id == home.c.id)
        .where(facts.c.rank == 1)
        .order_by(home.c.code)
    ).all()
    names = divisions_register.titles(session, at)
    kept = frozenset(str(each) for each in statuses)
    return [
        _row(row, names)
        for row in rows
        if (not wanted or row.village_code in wanted)
        and (not town or divisions_register.town_of(row.village_code) == town)
        and (not kept or row.status in kept)
    ]


def members(
    session: Session, household_id: int, at: AsOf, *, deceased: bool = False
) -> list[Member]:
    """The members of a household as of a day, the head first; the dead only when asked for.

    依据: 内部约定 (按日期和入账进度查询)
    """
    return members_of(session, [household_id], at, deceased=deceased).get(household_id, [])


def members_of(
    session: Session, ids: Sequence[int], at: AsOf, *, deceased: bool = False
) -> dict[int, list[Member]]:
    """Household id → its members as of a day, for many households at once.

    依据: 内部约定 (按日期和入账进度查询)
    """
    found: dict[int, list[Member]] = {}
    for part in chunks(ids):
        belongs = _table(Membership)
        people = select(belongs.c.person_id).where(belongs.c.household_id.in_(part))
        joined = latest(Membership, "person_id", at, people)
        status = latest(PersonStatus, "person_id", at, people)
        person = _table(Person)
        rows = session.execute(
            select(
                joined.c.household_id,
                joined.c.person_id,
                person.c.code,
                joined.c.relation,
                status.c.labour,
                status.c.life,
                status.c.birth_year,
                joined.c.valid_from,
                joined.c.event,
            )
            .join(person, person.c.id == joined.c.person_id)
            .outerjoin(status, (status.c.person_id == joined.c.person_id) & (status.c.rank == 1))
            .where(joined.c.rank == 1, joined.c.household_id.in_(part))
            .order_by(joined.c.household_id, person.c.code)
        ).all()
        for row in rows:
            member = Member(
                row.person_id,
                row.code,
                row.relation,
                row.labour or "",
                row.life or "ALIVE",
                row.birth_year or 0,
                row.valid_from,
                row.event,
            )
            if deceased or member.alive:
                found.setdefault(row.household_id, []).append(member)
    for household_members in found.values():
        household_members.sort(key=lambda each: (each.relation != HEAD, each.code))
    return found


def household_of(session: Session, person_id: int, at: AsOf) -> int:
    """The household a person belongs to as of a day; 0 = none.

    依据: 内部约定 (按日期和入账进度查询)
    """
    row = current_row(session, Membership, at, Membership.person_id == person_id)
    return row.household_id if row is not None else 0


def households_of(session: Session, ids: Sequence[int], at: AsOf) -> dict[int, int]:
    """Person id → household id as of a day; who has left all households is left out.

    依据: 内部约定 (按日期和入账进度查询)
    """
    found: dict[int, int] = {}
    for part in chunks(ids):
        joined = latest(Membership, "person_id", at, part)
        rows = session.execute(
            select(joined.c.person_id, joined.c.household_id).where(
                joined.c.rank == 1, joined.c.household_id != 0
            )
        ).all()
        found.update({row[0]: row[1] for row in rows})
    return found


def size_on(session: Session, household_id: int, at: AsOf) -> int:
    """How many living members a household has as of a day.

    依据: 内部约定 (the deceased are not counted)
    """
    return len(members(session, household_id, at))


def heads(session: Session, ids: Sequence[int], at: AsOf) -> dict[int, int]:
    """Household id → person id of the head as of a day; households without a head are left out.

    依据: 内部约定 (按日期和入账进度查询)
    """
    found: dict[int, int] = {}
    for part in chunks(ids):
        facts = latest(HouseholdFact, "household_id", at, part)
        rows = session.execute(
            select(facts.c.household_id, facts.c.head_person_id).where(
                facts.c.rank == 1, facts.c.head_person_id.is_not(None)
            )
        ).all()
        found.update({row[0]: row[1] for row in rows})
    return found


# --- the building blocks of as-of queries ---------------------------------------------------


def latest(model: type[Any], key: str, at: AsOf, among: Any = None) -> Subquery:
    """The rows of a dated table as of a day, ``rank`` 1 = the one that holds for each key.

    ``among`` are the keys in question, listed or selected; None = all.

    依据: 内部约定 (superseded by later rows, never edited)
    """
    table = _table(model)
    rank = func.row_number().over(
        partition_by=table.c[key],
        order_by=[table.c.valid_from.desc(), table.c.entry_id.desc(), table.c.id.desc()],
    )
    rows = select(table, rank.label("rank")).where(
        table.c.valid_from <= at.day, table.c.entry_id <= at.position
    )
    if among is not None:
        rows = rows.where(table.c[key].in_(among))
    return rows.subquery()


def living_counts(at: AsOf, scope: Any = None) -> Subquery:
    """Living members (``size``) and those able to work (``labour``) of each household.

    ``scope`` is a select of household ids; None = all.

    依据: 内部约定 (the deceased are not counted)
    """
    belongs = _table(Membership)
    people = None
    if scope is not None:
        people = select(belongs.c.person_id).where(belongs.c.household_id.in_(scope))
    joined = latest(Membership, "person_id", at, people)
    status = latest(PersonStatus, "person_id", at, people)
    able = case((status.c.labour.in_([each.value for each in ABLE_TO_WORK]), 1), else_=0)
    return (
        select(
            joined.c.household_id,
            func.count().label("size"),
            func.sum(able).label("labour"),
        )
        .outerjoin(status, (status.c.person_id == joined.c.person_id) & (status.c.rank == 1))
        .where(
            joined.c.rank == 1,
            joined.c.household_id != 0,
            func.coalesce(status.c.life, "ALIVE") == "ALIVE",
        )
        .group_by(joined.c.household_id)
        .subquery()
    )


def _table(model: type[Any]) -> Table:
    table: Table = model.__table__
    return table


def _scope(villages: set[str], town: str, codes: Sequence[str]) -> Any:
    """A select of the ids of households that ever had to do with a place, or have a code."""
    facts, home = _table(HouseholdFact), _table(Household)
    if codes:
        return select(home.c.id).where(home.c.code.in_(codes))
    if villages:
        return select(facts.c.household_id).where(facts.c.village_code.in_(villages))
    if town:
        return select(facts.c.household_id).where(
            facts.c.village_code >= town[:9] + "000", facts.c.village_code <= town[:9] + "999"
        )
    return None


def _row(row: Any, names: dict[str, str]) -> HouseholdRow:
    town_code = divisions_register.town_of(row.village_code)
    return HouseholdRow(
        household_id=row.household_id,
        code=row.code,
        village_code=row.village_code,
        village=divisions.short_name(names.get(row.village_code, row.village_code)),
        town=names.get(town_code, town_code),
        group=row.group_title or "",
        size=row.size or 0,
        labour=int(row.labour or 0),
        status=row.status,
        monitor_kind=row.monitor_kind or "",
        allowance=row.allowance or "",
        risk_cleared=row.risk_cleared,
        head_person_id=row.head_person_id or 0,
        fact_id=row.id,
        since=row.valid_from,
        event=row.event,
    )
