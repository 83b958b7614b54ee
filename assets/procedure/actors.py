"""Who may decide what, and where? People with roles in areas, and the exceptions made for them.

An actor (行为人) is who decided, by a signed paper; the recorder (录入人) is who typed, and comes
from the system. A role holds in one area, from a day to a day, and reaches everything below it. An
exception from the separation of duties names person, object, reason, approver and end.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlmodel import Session, col, select

from assets import trail
from assets.asof import AsOf
from assets.divisions import is_within
from assets.errors import InvalidValue, NotFound, Refused, SeparationOfDuties
from assets.models import Actor, ActorRole, BookRecord, ObjectKind, Role, Waiver
from assets.trail import Act

WAIVER_DAYS_MAX = 366
_ROLES = {role.value: role for role in Role}


class NoSuchRole(Refused):
    """The person holds none of the roles this step asks for, there and then (无权办理)."""


@dataclass(frozen=True)
class HeldRole:
    """A role a person holds on a day; ``division_code`` is its area (12 digits)."""

    actor_code: str
    role: Role
    division_code: str
    party_id: int | None
    valid_from: date
    valid_to: date | None


def actor_by_code(session: Session, code: str) -> Actor:
    """The person registered under a staff code.

    Raises:
        NotFound: Nobody.
    """
    actor = session.exec(select(Actor).where(Actor.code == code)).one_or_none()
    if actor is None:
        raise NotFound("经办人员", code)
    return actor


def actor_titles(session: Session) -> dict[str, str]:
    """Staff code → name of every registered person."""
    return dict(session.exec(select(Actor.code, Actor.title)).all())


def appointments(session: Session, at: AsOf, *, code: str = "") -> list[HeldRole]:
    """All appointments known at a position and begun by the day, ended ones too; by person.

    A later row for the same person, role, area and first day tells the appointment's end.
    """
    statement = (
        select(Actor.code, ActorRole)
        .where(
            Actor.id == ActorRole.actor_id,
            col(ActorRole.valid_from) <= at.day,
            col(ActorRole.entry_id) <= at.position,
        )
        .order_by(Actor.code, col(ActorRole.id))
    )
    if code:
        statement = statement.where(Actor.code == code)
    newest: dict[tuple[object, ...], HeldRole] = {}
    for actor_code, row in session.exec(statement).all():
        key = (actor_code, row.role, row.division_code, row.party_id, row.valid_from)
        newest[key] = HeldRole(
            actor_code=actor_code,
            role=_ROLES[row.role],
            division_code=row.division_code,
            party_id=row.party_id,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
        )
    return list(newest.values())


def roles_of(session: Session, code: str, on: date) -> list[HeldRole]:
    """The roles a person holds on a day; none for nobody and for somebody not registered."""
    if not code:
        return []
    return [role for role in appointments(session, AsOf(on), code=code) if _holds(role, on)]


def holders_of(session: Session, role: Role, division_code: str, on: date) -> list[HeldRole]:
    """Who holds a role over a place on a day."""
    return [
        held
        for held in appointments(session, AsOf(on))
        if held.role == role and _holds(held, on) and is_within(division_code, held.division_code)
    ]


def scope_of(session: Session, code: str, on: date) -> list[str]:
    """The areas (division codes) a person's roles reach on a day; an auditor's is the district.

    依据: 内部约定 (scope applies to every list, count and export)
    """
    held = roles_of(session, code, on)
    areas = {role.division_code for role in held}
    if any(role.role == Role.AUDITOR for role in held):
        areas.add(session.exec(select(BookRecord.district_code)).one())
    return sorted(areas)


def require_role(session: Session, act: Act, roles: Iterable[Role], division_code: str) -> HeldRole:
    """Refuse unless the act's person holds one of the roles over the place on the act's day.

    Raises:
        NotFound: The person is not registered.
        NoSuchRole: Says what the person holds and who could act.

    依据: 内部约定 (the role table of the district's procedure)
    """
    if not act.actor.strip():
        raise SeparationOfDuties("没有写明行为人。请用 --actor 指明由谁决定。")
    wanted = list(roles)
    actor_by_code(session, act.actor)
    for held in roles_of(session, act.actor, act.on):
        if held.role in wanted and is_within(division_code, held.division_code):
            return held
    names = "、".join(role.label for role in wanted)
    able = sorted(
        {
            each.actor_code
            for role in wanted
            for each in holders_of(session, role, division_code, act.on)
        }
    )
    hint = f"可由{'、'.join(able[:5])}办理。" if able else f"请先登记该地的{names}人员。"
    raise NoSuchRole(
        f"经办人员{act.actor}在{act.on}不是该地的{names}，不能办理“{act.command}”。{hint}"
    )


def refuse_auditor(session: Session, act: Act) -> None:
    """Refuse a writing act of somebody who is an auditor that day.

    Raises:
        NoSuchRole: Auditors read everything and change nothing.

    依据: 审计法 (an auditor does not take part in what is audited)
    """
    if any(held.role == Role.AUDITOR for held in roles_of(session, act.actor, act.on)):
        raise NoSuchRole(f"{act.actor}是审计人员，可以查看全部内容，但不能办理“{act.command}”。")


def appoint(
    session: Session,
    act: Act,
    code: str,
    title: str,
    role: Role,
    division_code: str,
    *,
    party_id: int | None = None,
    until: date | None = None,
) -> ActorRole:
    """Register a person, if new, and give them a role in an area from the act's day on.

    Raises:
        Refused: The code is another person's, or the role conflicts with one held.

    依据: 村民委员会组织法 (supervision is not by members of the committee)
    """
    stage = f"{role.value}/{division_code}/{act.on}"
    with trail.entry(session, act, "actor", code, stage=stage, what=f"登记人员{code}") as written:
        actor = session.exec(select(Actor).where(Actor.code == code)).one_or_none()
        if actor is None:
            actor = written.add(Actor(code=code, title=title))
        elif actor.title != title:
            raise Refused(f"人员编号{code}已登记为“{actor.title}”。请核对姓名，或换一个编号。")
        new = HeldRole(code, role, division_code, party_id, act.on, until)
        conflict = conflicting([*appointments(session, AsOf(), code=code), new])
        if conflict:
            raise Refused(f"人员{code}：{conflict}")
        session.flush()
        return written.add(
            ActorRole(
                actor_id=actor.id,
                role=role.value,
                division_code=division_code,
                party_id=party_id,
                valid_from=act.on,
                valid_to=until,
            )
        )


_COMMITTEE_SIDE = (Role.CLERK, Role.COMMITTEE)


def conflicting(held: Sequence[HeldRole]) -> str:
    """Why one person may not hold these roles together, or ''.

    依据: 村民委员会组织法 (supervision is not by members of the committee); 审计法
    """
    for one in held:
        for other in held:
            if one.role == Role.SUPERVISION and other.role in _COMMITTEE_SIDE:
                if one.division_code == other.division_code and _overlap(one, other):
                    return (
                        f"同一时期不能既是本村{one.role.label}成员又是{other.role.label}。"
                        "请由另一人担任，或写明离任日期。"
                    )
            elif one.role == Role.AUDITOR and other.role != Role.AUDITOR and _overlap(one, other):
                return f"审计人员不能同时担任{other.role.label}。请写明离任日期，或另派人员。"
    return ""


def waive(
    session: Session,
    act: Act,
    actor_code: str,
    kind: ObjectKind,
    object_code: str,
    *,
    reason: str,
    until: date,
) -> Waiver:
    """Let one person act twice on one object, for a reason, until a day; the act's actor approves.

    ``actor_code`` is a staff code or a recorder's name.

    Raises:
        SeparationOfDuties: Approved by the person himself, by nobody known, without reason or end.

    依据: 内部约定 (a waiver names person, plan, reason, approver and end date); 会计法
    """
    stage = f"{kind.value}/{object_code}/{until}"
    with trail.entry(
        session, act, "waiver", actor_code, stage=stage, what=f"岗位分离豁免{actor_code}"
    ) as written:
        _refuse_loose_waiver(session, act, actor_code, reason, until)
        return written.add(
            Waiver(
                actor_code=actor_code,
                object_kind=kind.value,
                object_code=object_code,
                reason=reason,
                approved_by_code=act.actor,
                valid_from=act.on,
                valid_to=until,
            )
        )


def waivers(session: Session, at: AsOf) -> list[Waiver]:
    """Every exception granted by the day, for every audit report, in order of granting.

    依据: 内部约定 (waivers are listed in every audit report)
    """
    return list(
        session.exec(
            select(Waiver)
            .where(col(Waiver.valid_from) <= at.day, col(Waiver.entry_id) <= at.position)
            .order_by(col(Waiver.id))
        ).all()
    )


def _refuse_loose_waiver(
    session: Session, act: Act, actor_code: str, reason: str, until: date
) -> None:
    if not actor_code.strip() or not reason.strip():
        raise SeparationOfDuties("豁免必须写明给谁、为什么。请补充后再办理。")
    if act.actor == actor_code:
        raise SeparationOfDuties("豁免不能由本人批准。请由上级经办人员批准。")
    district = session.exec(select(BookRecord.district_code)).one()
    require_role(session, act, (Role.AGRICULTURE, Role.FINANCE), district)
    if until < act.on or until > act.on + timedelta(days=WAIVER_DAYS_MAX):
        raise InvalidValue(f"豁免截止日应在批准日之后一年以内，现为{until}。请重填。")


def _holds(held: HeldRole, on: date) -> bool:
    return held.valid_from <= on and (held.valid_to is None or held.valid_to >= on)


def _overlap(one: HeldRole, other: HeldRole) -> bool:
    return (one.valid_to is None or one.valid_to >= other.valid_from) and (
        other.valid_to is None or other.valid_to >= one.valid_from
    )
