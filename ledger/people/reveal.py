"""Who sees a person's name and numbers, and why? The only way to plaintext leaves a record.

Papers, bank files and exports call ``reveal`` once with everybody they show: one access entry
(查阅登记) for one paper, with actor, recorder, purpose and number of persons, never the data.
"""

from collections.abc import Iterable
from dataclasses import replace

from sqlmodel import Session, select

from assets import divisions_register, trail
from assets.asof import AsOf
from assets.divisions import is_within
from assets.errors import Refused, SeparationOfDuties
from assets.masking import refuse_personal_numbers
from assets.models import Actor
from assets.procedure import actors
from assets.procedure.actors import NoSuchRole
from assets.trail import Act, Entry
from ledger.models import Access
from ledger.people.households import villages_of
from ledger.people.persons import RESTRICTED_TEXT, PersonalData, unsealed

__all__ = ["PersonalData", "reveal"]


def reveal(
    session: Session,
    person_ids: Iterable[int],
    act: Act,
    purpose: str,
    *,
    scope: str = "",
    at: AsOf | None = None,
    written: Entry | None = None,
    despite_restriction: bool = False,
) -> dict[int, PersonalData]:
    """Personal data of persons in plain, with one access record; needs a writing session.

    ``scope`` names the object (plan code, paper number), ``written`` an entry that is already
    open, ``at`` the day whose data are wanted; ``despite_restriction`` is for payment and audit.
    Who is not registered is left out.

    Raises:
        SeparationOfDuties: Nobody is named as the one who looks.
        NoSuchRole: In a book with registered staff, the person holds no office that day, or none
            over a village of those to be shown.
        Refused: No purpose, or the session may only read.

    依据: 个人信息保护法 (purpose, minimum, record of access)
    """
    ids = sorted(set(person_ids))
    _refuse_aimless(session, act, purpose, scope)
    _refuse_outsider(session, act, ids)
    if written is not None:
        _record(written, act, purpose, scope, len(ids))
    else:
        # Every look is a look of its own: the same paper twice is two accesses.
        stage = f"{purpose}/{trail.lock_head(session).size}"
        with trail.entry(session, act, "access", scope or purpose, stage=stage) as own:
            _record(own, act, purpose, scope, len(ids))
    found = unsealed(session, ids, at or AsOf())
    return {person_id: _shown(data, despite_restriction) for person_id, (_, data) in found.items()}


def _shown(data: PersonalData, despite_restriction: bool) -> PersonalData:
    if data.restricted and not despite_restriction:
        return PersonalData(name=RESTRICTED_TEXT, restricted=True)
    return replace(data)


def _record(written: Entry, act: Act, purpose: str, scope: str, count: int) -> None:
    written.add(
        Access(
            actor_code=act.actor,
            recorder=written.recorder,
            purpose=purpose,
            scope=scope,
            person_count=count,
        )
    )


def _refuse_aimless(session: Session, act: Act, purpose: str, scope: str) -> None:
    if "desk" not in session.info:
        raise Refused("查看姓名和号码须留下查阅登记，只读方式不能办理。请用可写方式打开账本。")
    if not act.actor.strip():
        raise SeparationOfDuties("没有写明由谁查看个人信息。请用 --actor 指明。")
    if not purpose.strip():
        raise Refused("没有写明查看个人信息的用途。请写明用途，如“打印发放花名册”。")
    refuse_personal_numbers(purpose, "用途")
    refuse_personal_numbers(scope, "查看范围")


def _refuse_outsider(session: Session, act: Act, ids: list[int]) -> None:
    """Who holds an office sees the people of its area, nobody else's.

    A book in which no staff is registered yet has no offices to ask for.
    """
    if session.exec(select(Actor.id).limit(1)).first() is None:
        return
    areas = actors.scope_of(session, act.actor, act.on)
    if not areas:
        raise NoSuchRole(
            f"{act.actor}在{act.on}没有任职登记，不能查看个人信息。"
            "请核对 --actor，或先导入经办人员。"
        )
    if any(area.endswith("000000") for area in areas):
        return
    lived = villages_of(session, ids)
    within = {
        village: any(is_within(village, area) for area in areas)
        for village in set().union(*lived.values())
    }
    outside = sorted(
        min(villages)
        for villages in lived.values()
        if not any(within[village] for village in villages)
    )
    if outside:
        names = divisions_register.titles(session, AsOf())
        named = "、".join(
            divisions_register.place_name(each, names) for each in sorted(set(outside))[:5]
        )
        raise NoSuchRole(
            f"{act.actor}的任职不含{named}，不能查看那里农户的个人信息。请由当地或区级人员办理。"
        )
