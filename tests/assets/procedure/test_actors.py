from datetime import date, timedelta

import pytest

from assets.asof import AsOf
from assets.errors import AlreadyDone, InvalidValue, NotFound, Refused, SeparationOfDuties
from assets.models import ObjectKind, Role, Stage
from assets.procedure import actors, duties
from assets.procedure.actors import NoSuchRole, require_role
from assets.trail import Act, entry
from tests.assets.small_district import FENGTIAN, LONGGUI, LONGGUI_VILLAGE, XIHE
from tests.conftest import Book

ON = date(2020, 1, 1)
DISTRICT = "440203000000"
PLAN = "FA-2019-001"


def act(code: str, day: date = ON) -> Act:
    return Act(code, "plan review", day)


def test_a_town_office_acts_for_its_villages_and_for_no_other_town(standing: Book) -> None:
    session = standing.session
    held = require_role(session, act("R0004"), (Role.TOWN_FINANCE,), LONGGUI_VILLAGE)
    assert held.division_code == LONGGUI
    with pytest.raises(NoSuchRole, match="登记该地"):
        require_role(session, act("R0004"), (Role.TOWN_FINANCE,), XIHE)
    with pytest.raises(NoSuchRole, match="可由R0001办理"):
        require_role(session, act("R0004"), (Role.CLERK,), LONGGUI_VILLAGE)
    with pytest.raises(NoSuchRole):
        require_role(session, act("R0001"), (Role.CLERK,), FENGTIAN)


def test_nobody_and_an_unknown_person_are_refused(standing: Book) -> None:
    with pytest.raises(SeparationOfDuties):
        require_role(standing.session, act(" "), (Role.CLERK,), LONGGUI)
    with pytest.raises(NotFound):
        require_role(standing.session, act("R9999"), (Role.CLERK,), LONGGUI)


def test_an_auditor_sees_the_district_and_changes_nothing(standing: Book) -> None:
    assert actors.scope_of(standing.session, "R0006", ON) == [DISTRICT]
    assert actors.scope_of(standing.session, "R0001", ON) == [LONGGUI_VILLAGE]
    with pytest.raises(NoSuchRole, match="审计"):
        actors.refuse_auditor(standing.session, act("R0006"))
    actors.refuse_auditor(standing.session, act("R0001"))


def test_a_new_person_is_registered_with_a_role_once(register: Book) -> None:
    session, who = register.session, Act("R0005", "actor add", ON)
    actors.appoint(session, who, "R0100", "钱新", Role.CLERK, FENGTIAN)
    session.commit()
    held = actors.holders_of(session, Role.CLERK, FENGTIAN, ON)
    assert [one.actor_code for one in held] == ["R0100"]
    with pytest.raises(AlreadyDone):
        actors.appoint(session, who, "R0100", "钱新", Role.CLERK, FENGTIAN)
    session.rollback()
    with pytest.raises(Refused, match="核对姓名"):
        actors.appoint(session, who, "R0100", "孙新", Role.COMMITTEE, FENGTIAN)
    session.rollback()
    with pytest.raises(Refused, match="另一人"):
        actors.appoint(session, who, "R0100", "钱新", Role.SUPERVISION, FENGTIAN)


def waive(
    book: Book, who: str, actor: str = "R0004", reason: str = "只有一人", days: int = 30
) -> None:
    actors.waive(
        book.session,
        Act(who, "actor waive", ON),
        actor,
        ObjectKind.PLAN,
        PLAN,
        reason=reason,
        until=ON + timedelta(days=days),
    )
    book.session.commit()


def stage(book: Book, which: Stage, day: date = ON) -> None:
    with entry(book.session, act("R0004", day), "test", PLAN, stage=which) as written:
        duties.record_stage(book.session, written, ObjectKind.PLAN, PLAN, which, on=day)
    book.session.commit()


def test_the_database_refuses_one_person_on_both_sides_unless_waived(register: Book) -> None:
    stage(register, Stage.DRAFT)
    with pytest.raises(SeparationOfDuties):
        stage(register, Stage.TOWN_REVIEW)
    register.session.rollback()
    waive(register, "R0005")
    waive(register, "R0005", actor=register.desk.recorder)
    stage(register, Stage.TOWN_REVIEW)
    granted = actors.waivers(register.session, AsOf())
    assert [(row.actor_code, row.approved_by_code) for row in granted] == [
        ("R0004", "R0005"),
        (register.desk.recorder, "R0005"),
    ]
    with pytest.raises(SeparationOfDuties):
        stage(register, Stage.APPROVE, ON + timedelta(days=31))


def test_a_waiver_names_person_reason_approver_and_end(register: Book) -> None:
    for who, actor, reason, days, error in (
        ("R0005", "R0005", "只有一人", 30, SeparationOfDuties),
        ("R0005", "R0004", " ", 30, SeparationOfDuties),
        ("R0005", "", "只有一人", 30, SeparationOfDuties),
        ("R0001", "R0004", "只有一人", 30, NoSuchRole),
        ("R9999", "R0004", "只有一人", 30, NotFound),
        ("R0005", "R0004", "只有一人", 367, InvalidValue),
        ("R0005", "R0004", "只有一人", -1, InvalidValue),
    ):
        with pytest.raises(error):
            waive(register, who, actor, reason, days)
        register.session.rollback()
