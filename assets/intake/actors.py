"""How do the people who decide enter the book? One row per role in an area.

Leaving an office is the same row again with its last day filled in. A person on the village
committee cannot sit on the committee that supervises it; an auditor holds no other role.
"""

from datetime import date
from typing import Any

from sqlmodel import Session, col, select

from assets.asof import AsOf
from assets.divisions_register import district_code, lookup, titles
from assets.errors import RowProblem
from assets.intake import Batch, Handler, Outcome, Row
from assets.intake.registered import (
    Codes,
    Places,
    filled,
    grouped,
    place_fields,
    refuse_nothing_new,
    taken_in,
    taking_in,
)
from assets.models import Actor, ActorRole, Role
from assets.parties import party_codes, party_ids
from assets.procedure.actors import HeldRole, appointments, conflicting
from assets.trail import Act

_VILLAGE_ROLES = (Role.CLERK, Role.COMMITTEE, Role.SUPERVISION)
_TOWN_ROLES = (Role.TOWN_FINANCE, Role.TOWN_AGRICULTURE)

Key = tuple[str, str, str, int | None, date]
"""Person, role, area, party id, first day."""


def check(session: Session, batch: Batch, on: date) -> list[RowProblem]:
    """Every problem of the rows against each other and against the book.

    依据: 内部约定 (the role table of the district's procedure)
    """
    if taken_in(session, batch):
        return []
    problems: list[RowProblem] = []
    places = Places(lookup(session, AsOf(on)))
    district = district_code(session)
    parties = Codes("单位和主体", party_ids(session))
    names = dict(session.exec(select(Actor.code, Actor.title)).all())
    held: dict[str, list[HeldRole]] = {}
    for known in appointments(session, AsOf()):
        held.setdefault(known.actor_code, []).append(known)
    for row in batch.rows:
        area = places.find(row, problems)
        party_id = parties.find(row, "party_code", problems)
        problems += _row_problems(row, area, names)
        names.setdefault(row["actor_code"], row["name"])
        new = _role(row, area or district, party_id)
        mine = held.setdefault(row["actor_code"], [])
        mine[:] = [each for each in mine if _key(each) != _key(new)] + [new]
        conflict = conflicting(mine)
        if conflict:
            head, _, remedy = conflict.partition("。")
            problems.append(row.problem("roles-conflict", "role", head + "。", remedy))
    return problems


def _row_problems(row: Row, area: str | None, names: dict[str, str]) -> list[RowProblem]:
    found = []
    code, role = row["actor_code"], Role.from_label(row["role"])
    if names.get(code, row["name"]) != row["name"]:
        message = f"人员编号{code}已用于另一个姓名。"
        found.append(row.problem("code-taken", "actor_code", message, "请核对姓名，或换一个编号。"))
    if row.get("left_on") is not None and row["left_on"] < row["appointed_on"]:
        message = f"离任日期{row['left_on']}早于任职日期{row['appointed_on']}。"
        found.append(row.problem("dates-reversed", "left_on", message, "请核对两个日期。"))
    if role in _VILLAGE_ROLES and not _named(row, "village"):
        message = f"{role.label}必须写明在哪个村。"
        found.append(row.problem("village-missing", "village_name", message, "请填镇和村。"))
    if role in _TOWN_ROLES and (not _named(row, "town") or _named(row, "village")):
        message = f"{role.label}应写到镇，不写村。"
        found.append(row.problem("town-expected", "town_name", message, "请只填镇。"))
    return found


def _named(row: Row, what: str) -> bool:
    return bool(row.get(f"{what}_code") or row.get(f"{what}_name"))


def _role(row: Row, area: str, party_id: int | None) -> HeldRole:
    return HeldRole(
        actor_code=row["actor_code"],
        role=Role.from_label(row["role"]),
        division_code=area,
        party_id=party_id,
        valid_from=row["appointed_on"],
        valid_to=row.get("left_on"),
    )


def _key(held: HeldRole) -> Key:
    return (held.actor_code, held.role.value, held.division_code, held.party_id, held.valid_from)


def apply(session: Session, act: Act, batch: Batch) -> Outcome:
    """Register new people and appointments, and the ends of appointments."""
    with taking_in(session, act, batch) as written:
        ids = dict(session.exec(select(Actor.code, Actor.id)).all())
        known = {_key(held): held for held in appointments(session, AsOf())}
        new = _new_roles(session, act, batch, known)
        last = session.exec(select(ActorRole.entry_id).order_by(col(ActorRole.id).desc())).first()
        refuse_nothing_new(batch, written, len(new), last or 0)
        people = [
            {"code": code, "title": rows[0]["name"]}
            for (code,), rows in grouped(batch.rows, "actor_code").items()
            if code not in ids
        ]
        numbers = written.insert(Actor, people)
        ids |= {person["code"]: number for person, number in zip(people, numbers, strict=True)}
        written.insert(
            ActorRole,
            [
                {
                    "actor_id": ids[held.actor_code],
                    "role": held.role.value,
                    "division_code": held.division_code,
                    "party_id": held.party_id,
                    "valid_from": held.valid_from,
                    "valid_to": held.valid_to,
                    **batch.source(row),
                }
                for row, held in new
            ],
        )
        return Outcome(written.id, {"人员": len(people), "任职": len(new)})


def _new_roles(
    session: Session, act: Act, batch: Batch, known: dict[Key, HeldRole]
) -> list[tuple[Row, HeldRole]]:
    places = Places(lookup(session, AsOf(act.on)))
    district = district_code(session)
    parties = party_ids(session)
    found = []
    for row in batch.rows:
        party_code = row.get("party_code")
        area = places.find(row, []) or district
        held = _role(row, area, parties[party_code] if party_code else None)
        before = known.get(_key(held))
        if before is None or (held.valid_to is not None and held != before):
            found.append((row, held))
    return found


def export(session: Session) -> list[dict[str, Any]]:
    """Every appointment, by person and in the order of appointment.

    依据: 内部约定 (what is exported can be imported again)
    """
    names = dict(session.exec(select(Actor.code, Actor.title)).all())
    codes = party_codes(session)
    places = titles(session, AsOf())
    return [
        filled(
            {
                "actor_code": held.actor_code,
                "name": names[held.actor_code],
                "role": held.role.label,
                **place_fields(held.division_code, places),
                "party_code": codes[held.party_id] if held.party_id else None,
                "appointed_on": held.valid_from,
                "left_on": held.valid_to,
            }
        )
        for held in appointments(session, AsOf())
    ]


HANDLER = Handler("actors", check, apply, export)
