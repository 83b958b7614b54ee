"""What is a household called on the papers of a plan, and by what was its part measured?

Names come from the roster frozen for the plan and are looked up once for a paper, which is one
access record. On a posted paper whatever a clerk typed into a name field loses its numbers.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from assets.errors import NotFound
from assets.money import format_yuan
from ledger.models import Channel, JobHolder, JobPost, Plan, Roster
from ledger.people.persons import PersonalData
from ledger.people.roster import RosterEntry, roster_groups, roster_heads, roster_members
from ledger.plan_draft import Share, jobs_of, plan_by_code
from reports.paper import hide_personal_numbers
from reports.standpoint import Standpoint, known_by

COLLECTIVE = (Channel.RETENTION, Channel.RESERVE, Channel.CARRIED)
"""Channels that stay with the body. 依据: practice (three things called reserve)."""


@dataclass(frozen=True)
class OnRoster:
    """A household as frozen: who heads it, its group and village; ``head_id`` 0 = none known."""

    entry: RosterEntry
    head_id: int
    group: str


@dataclass(frozen=True)
class Measure:
    """By what a channel was shared: the unit's name, all its units, and one unit's fen (floor)."""

    unit: str
    total: int
    each_fen: int

    @property
    def standard(self) -> str:
        """``每人161.69元``."""
        return f"每{self.unit}{format_yuan(self.each_fen)}元"


def plan_known(stand: Standpoint, code: str) -> Plan:
    """The plan of a code, if it was in the book at that position.

    Raises:
        NotFound: No such plan.
    """
    plan = plan_by_code(stand.session, code)
    if not known_by(plan.entry_id, stand.at) or plan.drafted_on > stand.day:
        raise NotFound("分配方案", code)
    return plan


def roster_of(session: Session, plan: Plan) -> dict[int, OnRoster]:
    """Household id → the household as frozen for a plan, by 户编号.

    依据: 内部约定 (the roster of the cut-off day decides)
    """
    roster = session.get(Roster, plan.roster_id) if plan.roster_id else None
    if roster is None:
        return {}
    heads, groups = roster_heads(session, roster), roster_groups(session, roster)
    return {
        entry.household_id: OnRoster(
            entry, heads.get(entry.household_id, 0), groups.get(entry.household_id, "")
        )
        for entry in roster_members(session, roster)
    }


def measure_of(channel_fen: int, shares: Sequence[Share], roster: dict[int, OnRoster]) -> Measure:
    """By what the households of one channel were weighed: by head, by household, or by parts.

    依据: 内部约定 (a villager can reckon the own amount again from the notice)
    """
    weighed = [share for share in shares if share.weight]
    total = sum(share.weight for share in weighed)
    if all(share.weight == 1 for share in weighed):
        unit = "户"
    elif all(
        share.household_id in roster and share.weight == roster[share.household_id].entry.persons
        for share in weighed
    ):
        unit = "人"
    else:
        unit = "份"
    return Measure(unit, total, channel_fen // total if total else 0)


@dataclass(frozen=True)
class JobLine:
    """A job of a plan and the part of it one holder has; months from a month (YYYYMM) on."""

    post: JobPost
    holder: JobHolder
    months: int

    @property
    def planned_fen(self) -> int:
        """Wage of these months."""
        return self.post.monthly_fen * self.months


def job_lines(session: Session, plan: Plan) -> list[JobLine]:
    """The jobs of a plan, one line for each holder with its months; replacements follow.

    依据: 内部约定 (a replacement takes over from its month on)
    """
    found = []
    for post, holders in jobs_of(session, plan.id):
        last = _index(post.first_month) + post.month_count
        starts = [_index(holder.from_month) for holder in holders] + [last]
        for place, holder in enumerate(holders):
            months = max(0, min(starts[place + 1], last) - starts[place])
            if months:
                found.append(JobLine(post, holder, months))
    return found


def _index(month: int) -> int:
    return month // 100 * 12 + month % 100


def names_on(
    stand: Standpoint, person_ids: Iterable[int], purpose: str, scope: str
) -> dict[int, PersonalData]:
    """Person id → personal data, without the zero that stands for nobody.

    依据: 个人信息保护法
    """
    return stand.people((each for each in person_ids if each), purpose, scope)


def posted_name(people: dict[int, PersonalData], person_id: int) -> str:
    """A name as it may hang on a wall.

    依据: 内部约定 (公示件不得出现完整证件号、卡号、手机号)
    """
    found = people.get(person_id)
    return hide_personal_numbers(found.name) if found else "（户主待补）"
