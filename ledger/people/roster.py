"""Who shares in a plan, as of its cut-off day, and who came or went since the roster before?

A frozen roster is a packed list of household, living persons, labour and status. What happens to
a household later never changes it. Duplicates are found before it is locked.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from sqlalchemy import func
from sqlmodel import Session, col, select

from assets.asof import AsOf
from assets.columns import label_of
from assets.errors import NotFound, Refused
from assets.trail import Entry
from ledger.models import (
    Household,
    HouseholdFact,
    HouseholdStatus,
    Membership,
    PersonIndex,
    PersonStatus,
    Roster,
    RosterDifference,
    RosterLine,
)
from ledger.people.history import EVENT_LABELS
from ledger.people.households import ON_ROSTER, HouseholdRow, household_rows, members_of
from ledger.people.persons import chunks

STATUS_NUMBERS = {status.value: number for number, status in enumerate(HouseholdStatus)}
"""Status → its number in a packed roster line: the place in ``HouseholdStatus``."""

STATUS_BY_NUMBER = tuple(HouseholdStatus)


class DuplicateOnRoster(Refused):
    """One ID stands in two households of a roster about to be frozen (名册重复)."""


class NobodyOnRoster(Refused):
    """No household of the scope is on the roster that day (名册为空)."""


@dataclass(frozen=True)
class RosterEntry:
    """A household on a frozen roster; ``village`` is the 12-digit code, ``status`` the member."""

    household_id: int
    code: str
    persons: int
    labour: int
    status: HouseholdStatus
    village: str
    fact_id: int


@dataclass(frozen=True)
class Difference:
    """A household in or out against the roster before; ``change`` IN, OUT, SIZE or STATUS."""

    household_id: int
    change: str
    reason: str


def freeze_roster(
    session: Session,
    written: Entry,
    plan_code: str,
    *,
    scope: Sequence[str],
    cut_off: date,
    previous: Roster | None = None,
    statuses: Iterable[HouseholdStatus] = ON_ROSTER,
) -> Roster:
    """Freeze in an open entry who is on the roster of some villages on the cut-off day.

    ``scope`` are 12-digit village codes; the differences against ``previous`` are written with it.
    Households without a living member are left out.

    Raises:
        DuplicateOnRoster: The same ID stands in two households.
        NobodyOnRoster: No household is left.

    依据: 国开办发〔2017〕61号; 内部约定 (截止日名册，冻结后不受以后变动影响)
    """
    session.flush()
    at = AsOf(cut_off)
    rows = eligible(session, scope, at, statuses)
    if not rows:
        raise NobodyOnRoster(
            f"截至{cut_off}，所选{len(set(scope))}个村没有在册农户，名册无法冻结。请核对村和截止日。"
        )
    refuse_duplicates(session, [row.household_id for row in rows], at)
    roster = written.add(
        Roster(
            code=_next_code(session, plan_code),
            plan_code=plan_code,
            cut_off_on=cut_off,
            scope=",".join(sorted(set(scope))),
            household_count=len(rows),
            person_count=sum(row.size for row in rows),
        )
    )
    written.bulk(RosterLine, _columns(roster.id, rows))
    if previous is not None:
        before = roster_members(session, previous)
        changes = differences(session, before, rows, previous.cut_off_on, cut_off)
        written.insert(
            RosterDifference,
            [
                {
                    "roster_id": roster.id,
                    "household_id": each.household_id,
                    "change": each.change,
                    "reason": each.reason,
                }
                for each in changes
            ],
        )
    session.flush()
    return roster


def eligible(
    session: Session,
    scope: Sequence[str],
    at: AsOf,
    statuses: Iterable[HouseholdStatus] = ON_ROSTER,
) -> list[HouseholdRow]:
    """The households of some villages that would be on a roster frozen now, by 户编号.

    依据: 内部约定 (在册状态且有在世成员)
    """
    rows = household_rows(session, at, villages=scope, statuses=statuses)
    return [row for row in rows if row.size > 0]


def roster_by_code(session: Session, code: str) -> Roster:
    """The roster frozen under a code.

    Raises:
        NotFound: None.

    依据: 内部约定 (编号只查找，不新建)
    """
    roster = session.exec(select(Roster).where(Roster.code == code)).one_or_none()
    if roster is None:
        raise NotFound("名册", code)
    return roster


def roster_members(session: Session, roster: Roster) -> list[RosterEntry]:
    """The households of a frozen roster, by 户编号, as they were that day.

    依据: 内部约定 (冻结后不受以后变动影响)
    """
    rows = session.exec(
        select(RosterLine, Household.code)
        .where(RosterLine.roster_id == roster.id, RosterLine.household_id == Household.id)
        .order_by(Household.code)
    ).all()
    return [
        RosterEntry(
            household_id=line.household_id,
            code=code,
            persons=line.person_count,
            labour=line.labour_count,
            status=STATUS_BY_NUMBER[line.status],
            village=str(line.village),
            fact_id=line.fact_id,
        )
        for line, code in rows
    ]


def roster_heads(session: Session, roster: Roster) -> dict[int, int]:
    """Household id → person id of its head as frozen; households without one are left out.

    依据: 内部约定 (冻结后不受以后变动影响)
    """
    rows = session.exec(
        select(RosterLine.household_id, HouseholdFact.head_person_id).where(
            RosterLine.roster_id == roster.id, HouseholdFact.id == RosterLine.fact_id
        )
    ).all()
    return {household_id: head for household_id, head in rows if head is not None}


def roster_groups(session: Session, roster: Roster) -> dict[int, str]:
    """Household id → villagers' group (组别) as frozen.

    依据: 内部约定 (同名者按组别和户主区分)
    """
    rows = session.exec(
        select(RosterLine.household_id, HouseholdFact.group_title).where(
            RosterLine.roster_id == roster.id, HouseholdFact.id == RosterLine.fact_id
        )
    ).all()
    return {household_id: group or "" for household_id, group in rows}


def previous_roster(
    session: Session, scope: Sequence[str], cut_off: date, *, position: int | None = None
) -> Roster | None:
    """The newest roster of the same villages with an earlier cut-off, or None.

    依据: 内部约定 (名册与上一次比较增减)
    """
    statement = (
        select(Roster)
        .where(Roster.scope == ",".join(sorted(set(scope))), col(Roster.cut_off_on) < cut_off)
        .order_by(col(Roster.cut_off_on).desc(), col(Roster.id).desc())
        .limit(1)
    )
    if position is not None:
        statement = statement.where(col(Roster.entry_id) <= position)
    return session.exec(statement).first()


def roster_differences(session: Session, roster: Roster) -> list[Difference]:
    """What was written as changed against the roster before, by household.

    依据: 内部约定 (每户进出都有原因)
    """
    rows = session.exec(
        select(RosterDifference)
        .where(RosterDifference.roster_id == roster.id)
        .order_by(col(RosterDifference.id))
    ).all()
    return [Difference(row.household_id, row.change, row.reason) for row in rows]


def duplicates(session: Session, ids: Sequence[int], at: AsOf) -> list[tuple[int, int]]:
    """Pairs of households of which a living member has the same ID as one of the other.

    依据: 内部约定 (同一证件号不得在两户)
    """
    home: dict[int, int] = {
        member.person_id: household_id
        for household_id, people in members_of(session, ids, at).items()
        for member in people
    }
    seen: dict[str, int] = {}
    pairs: set[tuple[int, int]] = set()
    for part in chunks(sorted(home)):
        rows = session.exec(
            select(PersonIndex.digest, PersonIndex.person_id).where(
                PersonIndex.kind == "ID", col(PersonIndex.person_id).in_(part)
            )
        ).all()
        for digest, person_id in rows:
            first = seen.setdefault(digest, home[person_id])
            if first != home[person_id]:
                pairs.add((min(first, home[person_id]), max(first, home[person_id])))
    return sorted(pairs)


def refuse_duplicates(session: Session, ids: Sequence[int], at: AsOf) -> None:
    """Refuse a roster on which one ID stands in two households.

    Raises:
        DuplicateOnRoster: Names the households, never the person.

    依据: 内部约定 (锁定前查重)
    """
    pairs = duplicates(session, ids, at)
    if not pairs:
        return
    codes = dict(
        session.exec(
            select(Household.id, Household.code).where(
                col(Household.id).in_({each for pair in pairs for each in pair})
            )
        ).all()
    )
    named = "；".join(f"{codes[one]}与{codes[other]}" for one, other in pairs[:10])
    raise DuplicateOnRoster(
        f"名册中有{len(pairs)}对农户登记了同一证件号：{named}。"
        "请先核实并办理迁移、合并或更正证件号，再冻结名册。"
    )


def differences(
    session: Session,
    before: Sequence[RosterEntry],
    now: Sequence[HouseholdRow],
    since: date,
    until: date,
) -> list[Difference]:
    """Each household in, out, of another size or status against the roster before, with reason.

    依据: 内部约定 (每户进出都有原因)
    """
    old = {each.household_id: each for each in before}
    new = {each.household_id: each for each in now}
    changed = {
        *(set(old) ^ set(new)),
        *(
            each
            for each in set(old) & set(new)
            if old[each].persons != new[each].size or old[each].status.value != new[each].status
        ),
    }
    why = _Reasons(session, sorted(changed), since, until)
    found: list[Difference] = []
    for each in sorted(changed):
        if each not in old:
            found.append(Difference(each, "IN", why.came(each, since)))
        elif each not in new:
            found.append(Difference(each, "OUT", why.went(each, old[each].village)))
        else:
            found += _altered(old[each], new[each], why)
    return found


def _altered(old: RosterEntry, new: HouseholdRow, why: "_Reasons") -> list[Difference]:
    found = []
    if old.persons != new.size:
        reason = f"{old.persons}人变为{new.size}人：{why.members_changed(old.household_id)}"
        found.append(Difference(old.household_id, "SIZE", reason))
    if old.status.value != new.status:
        label = label_of(HouseholdStatus, new.status)
        found.append(Difference(old.household_id, "STATUS", f"{old.status.label}变为{label}"))
    return found


class _Reasons:
    """What happened to the changed households between two cut-off days, asked set by set."""

    def __init__(self, session: Session, ids: Sequence[int], since: date, until: date) -> None:
        self.facts: dict[int, list[HouseholdFact]] = {}
        self.joined: dict[int, list[str]] = {}
        self.first: dict[int, date] = {}
        for part in chunks(ids):
            self._read_facts(session, part, until)
            self._read_members(session, part, since, until)

    def _read_facts(self, session: Session, part: Sequence[int], until: date) -> None:
        facts = session.exec(
            select(HouseholdFact)
            .where(col(HouseholdFact.household_id).in_(part), HouseholdFact.valid_from <= until)
            .order_by(col(HouseholdFact.valid_from), col(HouseholdFact.id))
        ).all()
        for fact in facts:
            self.facts.setdefault(fact.household_id, []).append(fact)

    def _read_members(
        self, session: Session, part: Sequence[int], since: date, until: date
    ) -> None:
        people = select(Membership.person_id).where(col(Membership.household_id).in_(part))
        rows = session.exec(
            select(Membership)
            .where(col(Membership.person_id).in_(people), Membership.valid_from <= until)
            .order_by(col(Membership.valid_from), col(Membership.id))
        ).all()
        dead = set(
            session.exec(
                select(PersonStatus.person_id).where(
                    col(PersonStatus.person_id).in_(people),
                    PersonStatus.life == "DECEASED",
                    PersonStatus.valid_from > since,
                    PersonStatus.valid_from <= until,
                )
            ).all()
        )
        home: dict[int, int] = {}
        for row in rows:
            before = home.get(row.person_id, 0)
            if row.valid_from > since and before != row.household_id:
                label = EVENT_LABELS.get(row.event, row.event)
                if row.household_id:
                    self.joined.setdefault(row.household_id, []).append(f"{label}（增1人）")
                if before:
                    self.joined.setdefault(before, []).append(f"{label}（减1人）")
            home[row.person_id] = row.household_id
        for person_id in dead:
            self.joined.setdefault(home.get(person_id, 0), []).append("亡故（减1人）")

    def came(self, household_id: int, since: date) -> str:
        """Why a household is on the roster now."""
        facts = self.facts.get(household_id, [])
        if not facts or facts[0].valid_from > since:
            event = facts[0].event if facts else "REGISTERED"
            return "分户" if event == "SPLIT" else "新纳入名册"
        return EVENT_LABELS.get(facts[-1].event, "纳入名册")

    def went(self, household_id: int, village: str) -> str:
        """Why a household is no longer on the roster."""
        facts = self.facts.get(household_id, [])
        last = facts[-1] if facts else None
        if last is not None and last.village_code != village:
            return "迁出本村"
        if last is not None and last.event == "MERGE":
            return "并入他户"
        if last is not None and last.status in (
            HouseholdStatus.LEFT_ROSTER,
            HouseholdStatus.ORDINARY,
        ):
            return f"变为{label_of(HouseholdStatus, last.status)}"
        return "户内已无在世成员"

    def members_changed(self, household_id: int) -> str:
        """Which events changed the number of living members."""
        events = sorted(self.joined.get(household_id, []))
        return "、".join(events) if events else "补登更正"


def _next_code(session: Session, plan_code: str) -> str:
    count = session.exec(
        select(func.count()).select_from(Roster).where(Roster.plan_code == plan_code)
    ).one()
    return f"{plan_code}-R{count + 1}"


def _columns(roster_id: int, rows: Sequence[HouseholdRow]) -> "dict[str, np.ndarray]":
    def column(values: Iterable[int]) -> "np.ndarray":
        return np.fromiter(values, dtype=np.int64, count=len(rows))

    return {
        "roster_id": np.full(len(rows), roster_id, dtype=np.int64),
        "household_id": column(row.household_id for row in rows),
        "person_count": column(row.size for row in rows),
        "labour_count": column(row.labour for row in rows),
        "status": column(STATUS_NUMBERS[row.status] for row in rows),
        "village": column(int(row.village_code) for row in rows),
        "fact_id": column(row.fact_id for row in rows),
    }
