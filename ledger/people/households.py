"""Which households has a village on a day, of how many living persons, and with which status?

Identity is the 户编号; village, status and head are facts from a day on. Every answer is as of a
day and a log position, and none holds a name or a number of a person.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Subquery, Table, func, select
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

_ABLE_CODES = frozenset(each.value for each in ABLE_TO_WORK)

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
    counts = living_counts(session, at, scope)
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
        )
        .join(facts, facts.c.household_id == home.c.id)
        .where(facts.c.rank == 1)
        .order_by(home.c.code)
    ).all()
    names = divisions_register.titles(session, at)
    kept = frozenset(str(each) for each in statuses)
    return [
        _row(row, names, *counts.get(row.household_id, (0, 0)))
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
        for household_id, member in _members(session, part, at):
            if deceased or member.alive:
                found.setdefault(household_id, []).append(member)
    for inside in found.values():
        inside.sort(key=lambda each: (each.relation != HEAD, each.code))
    return found


def _members(session: Session, part: Sequence[int], at: AsOf) -> list[tuple[int, Member]]:
    """Three plain queries: joining the subqueries makes SQLite scan one for each row of another."""
    belongs = _table(Membership)
    people = select(belongs.c.person_id).where(belongs.c.household_id.in_(part))
    wanted = set(part)
    joined = latest(Membership, "person_id", at, people)
    rows = [
        row
        for row in session.execute(select(joined).where(joined.c.rank == 1)).all()
        if row.household_id in wanted
    ]
    status = latest(PersonStatus, "person_id", at, people)
    states = {
        row.person_id: row
        for row in session.execute(select(status).where(status.c.rank == 1)).all()
    }
    person = _table(Person)
    named = select(person.c.id, person.c.code).where(person.c.id.in_(people))
    codes = {row.id: row.code for row in session.execute(named).all()}
    return [
        (row.household_id, _member(row, codes[row.person_id], states.get(row.person_id)))
        for row in rows
    ]


def _member(row: Any, code: str, state: Any) -> Member:
    return Member(
        row.person_id,
        code,
        row.relation,
        state.labour if state is not None else "",
        state.life if state is not None else "ALIVE",
        (state.birth_year or 0) if state is not None else 0,
        row.valid_from,
        row.event,
    )


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


def villages_of(session: Session, ids: Sequence[int]) -> dict[int, set[str]]:
    """Person id → codes of the villages the person's households have ever been in.

    依据: 内部约定 (查看范围按任职地区限定)
    """
    found: dict[int, set[str]] = {}
    belongs, facts = _table(Membership), _table(HouseholdFact)
    for part in chunks(ids):
        pairs = (
            select(belongs.c.person_id, facts.c.village_code)
            .join(facts, facts.c.household_id == belongs.c.household_id)
            .where(belongs.c.person_id.in_(part))
            .distinct()
        )
        for person_id, village in session.execute(pairs).all():
            found.setdefault(person_id, set()).add(village)
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


def living_counts(session: Session, at: AsOf, scope: Any = None) -> dict[int, tuple[int, int]]:
    """Household id → living members, and those of them able to work, as of a day.

    ``scope`` is a select of household ids; None = all. Two plain queries put together here: SQLite
    would scan one subquery for each row of the other.

    依据: 内部约定 (已故成员不计入人数)
    """
    belongs = _table(Membership)
    people = None
    if scope is not None:
        people = select(belongs.c.person_id).where(belongs.c.household_id.in_(scope))
    status = latest(PersonStatus, "person_id", at, people)
    states = session.execute(
        select(status.c.person_id, status.c.life, status.c.labour).where(status.c.rank == 1)
    ).all()
    dead = {person_id for person_id, life, _ in states if life != "ALIVE"}
    able = {person_id for person_id, _, labour in states if labour in _ABLE_CODES} - dead
    joined = latest(Membership, "person_id", at, people)
    rows = session.execute(
        select(joined.c.person_id, joined.c.household_id).where(joined.c.rank == 1)
    ).all()
    sizes: Counter[int] = Counter()
    labour_counts: Counter[int] = Counter()
    for person_id, household_id in rows:
        if person_id not in dead:
            sizes[household_id] += 1
            labour_counts[household_id] += person_id in able
    return {each: (size, labour_counts[each]) for each, size in sizes.items()}


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


def _row(row: Any, names: dict[str, str], size: int, labour: int) -> HouseholdRow:
    town_code = divisions_register.town_of(row.village_code)
    return HouseholdRow(
        household_id=row.household_id,
        code=row.code,
        village_code=row.village_code,
        village=divisions.short_name(names.get(row.village_code, row.village_code)),
        town=names.get(town_code, town_code),
        group=row.group_title or "",
        size=size,
        labour=labour,
        status=row.status,
        monitor_kind=row.monitor_kind or "",
        allowance=row.allowance or "",
        risk_cleared=row.risk_cleared,
        head_person_id=row.head_person_id or 0,
        fact_id=row.id,
        since=row.valid_from,
        event=row.event,
    )
