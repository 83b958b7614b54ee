"""What has happened to a household, event by event? Facts and memberships told in order."""

from typing import Any

from sqlmodel import Session, col, select

from assets import divisions, divisions_register
from assets.asof import AsOf
from assets.columns import label_of
from ledger.models import HouseholdFact, HouseholdStatus, Membership, PersonStatus
from ledger.people.persons import person_codes

EVENT_LABELS = {
    "REGISTERED": "登记",
    "UPDATED": "名单更新",
    "BIRTH": "出生",
    "DEATH": "亡故",
    "JOIN": "迁入",
    "LEAVE": "迁出",
    "MOVE": "迁移",
    "SPLIT": "分户",
    "MERGE": "并户",
    "HEAD": "户主变更",
    "STATUS": "状态变更",
    "RELAPSE": "返贫",
    "MONITOR": "纳入监测",
    "CLEARED": "风险消除",
    "EXIT": "退出名单",
    "DIVISION": "区划变更",
}
"""Event codes of household facts and memberships → Chinese."""


def household_history(session: Session, household_id: int, at: AsOf) -> list[dict[str, Any]]:
    """Dated events of a household in order: keys on, event, label, village, status_label, person.

    依据: 内部约定 (superseded by later rows, never edited)
    """
    names = divisions_register.titles(session, at)
    events = [
        {
            "on": fact.valid_from.isoformat(),
            "event": fact.event,
            "label": EVENT_LABELS.get(fact.event, fact.event),
            "village": divisions.short_name(names.get(fact.village_code, fact.village_code)),
            "status_label": label_of(HouseholdStatus, fact.status),
            "person": "",
        }
        for fact in session.exec(
            select(HouseholdFact)
            .where(
                HouseholdFact.household_id == household_id,
                HouseholdFact.valid_from <= at.day,
                HouseholdFact.entry_id <= at.position,
            )
            .order_by(col(HouseholdFact.valid_from), col(HouseholdFact.id))
        ).all()
    ]
    return sorted(events + _of_members(session, household_id, at), key=lambda each: str(each["on"]))


def _of_members(session: Session, household_id: int, at: AsOf) -> list[dict[str, Any]]:
    people = select(Membership.person_id).where(Membership.household_id == household_id)
    joined = session.exec(
        select(Membership)
        .where(
            col(Membership.person_id).in_(people),
            Membership.valid_from <= at.day,
            Membership.entry_id <= at.position,
        )
        .order_by(col(Membership.valid_from), col(Membership.id))
    ).all()
    codes = person_codes(session, sorted({row.person_id for row in joined}))
    events = []
    home: dict[int, int] = {}
    for row in joined:
        before = home.get(row.person_id, 0)
        home[row.person_id] = row.household_id
        if before == row.household_id or household_id not in (before, row.household_id):
            continue
        if row.event in ("REGISTERED", "UPDATED"):
            continue
        events.append(_told(row.valid_from.isoformat(), row.event, codes[row.person_id]))
    dead = session.exec(
        select(PersonStatus).where(
            col(PersonStatus.person_id).in_([p for p, h in home.items() if h == household_id]),
            PersonStatus.life == "DECEASED",
            PersonStatus.valid_from <= at.day,
            PersonStatus.entry_id <= at.position,
        )
    ).all()
    return events + [
        _told(row.valid_from.isoformat(), "DEATH", codes[row.person_id]) for row in dead
    ]


def _told(on: str, event: str, person: str) -> dict[str, Any]:
    return {
        "on": on,
        "event": event,
        "label": f"{EVENT_LABELS.get(event, event)}（{person}）",
        "village": "",
        "status_label": "",
        "person": person,
    }
