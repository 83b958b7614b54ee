"""Does every step of a plan work from its state, and is it refused where its guard stands?"""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import select

from assets import trail
from assets.errors import AlreadyDone, NotFound, Refused, SeparationOfDuties, WrongState
from assets.models import BodyKind, ObjectKind, Stage, StatusEvent
from assets.procedure.decisions import Meeting
from assets.procedure.states import move
from assets.trail import Act
from ledger import plan_course
from ledger.courses import OPEN_STATES, PAYABLE_STATES, PLAN_MACHINE
from ledger.models import Channel, Entitlement, PlanState, Voucher, Withholding
from ledger.plan_course import (
    FIXED_CHANNELS,
    answers_of,
    missing_for_payment,
    notice_digest,
    villages_of_plan,
    whole_objections,
)
from ledger.plan_draft import plan_by_code
from tests.conftest import Book
from tests.ledger.planned_example import (
    BOOKED,
    DRAFTED,
    LAST_DAY,
    OPINED,
    PLAN,
    POSTED,
    RESOLVED,
    decided,
    drafted,
    filed,
    noticed,
    opined,
    posted,
    shipped,
    state,
)
from tests.ledger.worked_example import do, refuses

HOME = "5000000036"  # three persons


def object_to(book: Book, home: str = "", content: str = "人数不对", *, on: date = POSTED) -> str:
    made = do(
        book,
        plan_course.raise_objection,
        PLAN,
        household_code=home,
        content=content,
        on=on,
        actor="M1",
    )
    return str(made.code)


def answer(book: Book, code: str, *, upheld: bool = False, on: date = LAST_DAY) -> None:
    do(
        book,
        plan_course.answer_objection,
        code,
        upheld=upheld,
        answer="已核实",
        on=on,
        actor="Z1",
    )


def send_back(book: Book, *, on: date = OPINED, reason: str = "岗位不实") -> None:
    do(book, plan_course.send_back, PLAN, reason=reason, on=on, actor="S1")


def withdraw(book: Book, *, on: date = OPINED, reason: str = "另行拟定", actor: str = "M1") -> None:
    do(book, plan_course.withdraw, PLAN, reason=reason, on=on, actor=actor)


def test_every_step_works_from_its_states_and_is_refused_from_all_others(book: Book) -> None:
    everywhere = ["", *(each.value for each in PlanState)]
    with trail.entry(book.session, Act("M1", "test", DRAFTED), "test", "courses") as written:
        for name, (sources, target) in PLAN_MACHINE.steps.items():
            for number, before in enumerate(everywhere):
                code = f"{name}-{number}"
                if before:
                    written.add(
                        StatusEvent(
                            object_kind=ObjectKind.PLAN,
                            object_code=code,
                            from_state="",
                            to_state=before,
                            happened_on=DRAFTED,
                            actor_code="M1",
                        )
                    )
                args: tuple[Any, ...] = (book.session, written, PLAN_MACHINE, code, name)
                if before in sources:
                    assert move(*args, step_label=name, on=DRAFTED).to_state == target
                else:
                    with pytest.raises(WrongState):
                        move(*args, step_label=name, on=DRAFTED)
    book.session.commit()


def test_a_plan_goes_from_the_draft_to_its_voucher(earned_book: Book) -> None:
    book = earned_book
    drafted(book)
    decided(book)
    assert state(book) == "DECIDED"
    assert noticed(book) == LAST_DAY
    assert state(book) == "NOTICED"
    for stage, reached in (
        (Stage.SUPERVISE, "SUPERVISED"),
        (Stage.TOWN_REVIEW, "REVIEWED"),
        (Stage.FILE, "FILED"),
    ):
        opined(book, stage)
        assert state(book) == reached
    assert missing_for_payment(book.session, PLAN, BOOKED) == []
    assert posted(book) == 62
    assert state(book) == "POSTED"
    due = book.session.exec(select(Entitlement.amount_fen)).all()
    assert sum(due) == 2_425_362
    (voucher,) = book.session.exec(select(Voucher).where(Voucher.kind == "plan")).all()
    assert (voucher.debit_fen, voucher.object_code) == (2_425_362, PLAN)


def test_every_step_twice_says_already_done_and_writes_nothing(earned_book: Book) -> None:
    book = earned_book
    drafted(book)
    steps: list[Callable[[], Any]] = [
        lambda: decided(book),
        lambda: noticed(book),
        lambda: opined(book, Stage.SUPERVISE),
        lambda: opined(book, Stage.TOWN_REVIEW),
        lambda: opined(book, Stage.FILE),
        lambda: posted(book),
    ]
    for step in steps:
        step()
        with refuses(book, AlreadyDone, "已办理"):
            step()
    for step in steps:
        with refuses(book, AlreadyDone, "已办理"):
            step()


def test_the_four_deliberations_are_all_wanted(earned_book: Book) -> None:
    book = earned_book
    drafted(book)
    decided(book, ("PROPOSE", "CONSULT", "DELIBERATE"))
    assert state(book) == "DRAFT"
    with refuses(book, Refused, "没有有效决议，不能公示"):
        noticed(book)
    decided(book, ("RESOLVE",), agree=12)  # not more than half of those present
    assert state(book) == "DRAFT"
    assert missing_for_payment(book.session, PLAN, BOOKED)[0] == "有效的决议"
    decided(book, ("RESOLVE",), agree=13, suffix="续")
    assert state(book) == "DECIDED"


def test_a_plan_is_not_posted_for_fewer_days_than_its_policy_says(earned_book: Book) -> None:
    book = earned_book
    drafted(book)
    decided(book)
    with refuses(book, Refused, "公示9天，少于规定的10天"):
        noticed(book, notice_days=9)
    with refuses(book, Refused, "公示1天，少于规定的10天"):
        noticed(book, notice_days=1, day_kind="WORKING")
    with refuses(book, Refused, "早于上一环节"):
        noticed(book, on=DRAFTED)
    assert noticed(book, notice_days=10, day_kind="WORKING") > LAST_DAY


def test_opinions_are_given_on_the_day_after_the_last_day(earned_book: Book) -> None:
    book = earned_book
    drafted(book)
    with refuses(book, Refused, "还没有公示"):
        opined(book, Stage.SUPERVISE)
    decided(book)
    noticed(book)
    for day in (LAST_DAY - timedelta(days=1), LAST_DAY):
        with refuses(book, Refused, f"公示到{LAST_DAY}为止"):
            opined(book, Stage.SUPERVISE, on=day)
    for stage in (Stage.TOWN_REVIEW, Stage.APPROVE, Stage.FILE):
        with refuses(book, WrongState, "公示中"):
            opined(book, stage)
    opined(book, Stage.SUPERVISE)
    with refuses(book, WrongState, "已出具监督意见"):
        opined(book, Stage.FILE)
    with refuses(book, WrongState, "已出具监督意见"):
        posted_too_early(book)


def posted_too_early(book: Book) -> None:
    """Straight into the machine, past the list of what is missing."""
    with trail.entry(book.session, Act("M1", "t", BOOKED), "t", PLAN) as written:
        move(book.session, written, PLAN_MACHINE, PLAN, "post", step_label="记账", on=BOOKED)


def test_nothing_is_booked_while_a_stage_is_missing(earned_book: Book) -> None:
    book = earned_book
    drafted(book)
    decided(book)
    noticed(book)
    with refuses(book, Refused, "还缺期满的公示、监督意见、镇审核、备案，不能记账"):
        posted(book, on=LAST_DAY)
    opined(book, Stage.SUPERVISE)
    opined(book, Stage.TOWN_REVIEW)
    with refuses(book, Refused, "还缺备案，不能记账"):
        posted(book)
    assert book.session.exec(select(Entitlement)).all() == []


def test_a_policy_that_demands_approval_is_not_content_with_filing(earned_book: Book) -> None:
    book = earned_book
    text = shipped("village-pv-2020").replace('"TOWN_REVIEW", "FILE"', '"TOWN_REVIEW", "APPROVE"')
    drafted(book, text)
    decided(book)
    noticed(book)
    for stage in (Stage.SUPERVISE, Stage.TOWN_REVIEW, Stage.FILE):
        opined(book, stage)
    with refuses(book, Refused, "还缺区审批，不能记账"):
        posted(book)


def test_nobody_is_on_two_sides_of_a_plan_not_even_after_its_return(earned_book: Book) -> None:
    book = earned_book
    drafted(book)
    decided(book)
    noticed(book)
    for actor in ("M1", "Z1"):
        with refuses(book, SeparationOfDuties, "岗位不相容"):
            opined(book, Stage.SUPERVISE, actor=actor)
    opined(book, Stage.SUPERVISE)
    for actor in ("M1", "Z1", "J1"):
        with refuses(book, SeparationOfDuties, "岗位不相容"):
            opined(book, Stage.TOWN_REVIEW, actor=actor)
    book.desk.recorder = "录入甲"
    with refuses(book, SeparationOfDuties, "录入人不得审核"):
        do(book, plan_course.take_stage, PLAN, Stage.TOWN_REVIEW, on=OPINED, actor="S1")
    send_back(book)
    decided(book, suffix="续", later=20)
    noticed(book, on=date(2021, 3, 1))
    with refuses(book, SeparationOfDuties, "岗位不相容"):
        opined(book, Stage.SUPERVISE, actor="M1", on=date(2021, 3, 12))


def test_a_returned_plan_is_decided_posted_and_examined_anew(earned_book: Book) -> None:
    book = earned_book
    filed(book)
    with refuses(book, Refused, "退回要写明原因"):
        send_back(book, reason=" ")
    send_back(book)
    assert state(book) == "RETURNED"
    assert missing_for_payment(book.session, PLAN, BOOKED) == [
        "有效的提议",
        "有效的商议",
        "有效的审议",
        "有效的决议",
        "期满的公示",
        "监督意见",
        "镇审核",
        "备案",
    ]
    decided(book, suffix="续", later=20)
    assert state(book) == "DECIDED"
    noticed(book, on=date(2021, 3, 1))
    for stage in (Stage.SUPERVISE, Stage.TOWN_REVIEW, Stage.FILE):
        opined(book, stage, on=date(2021, 3, 12))
    assert posted(book, on=date(2021, 3, 15)) == 62
    with refuses(book, WrongState, "已记账"):
        send_back(book, on=date(2021, 3, 16))


def test_a_draft_or_a_decided_plan_is_withdrawn_and_its_money_waits_again(
    earned_book: Book,
) -> None:
    book = earned_book
    drafted(book)
    decided(book)
    with refuses(book, Refused, "撤回要写明原因"):
        withdraw(book, reason="")
    with refuses(book, Refused, "由M1拟定，只能由拟定人撤回"):
        withdraw(book, actor="Z1")
    withdraw(book)
    assert state(book) == "WITHDRAWN"
    with refuses(book, Refused, "没有有效决议"):
        noticed(book, on=OPINED)
    plan, _ = drafted(book, code="FA-A-2020-2", on=OPINED, jobs=())
    assert plan.distributable_fen == 24_253_623


def test_once_somebody_else_acts_a_plan_is_returned_not_withdrawn(earned_book: Book) -> None:
    book = earned_book
    drafted(book)
    with refuses(book, WrongState, "草案"):
        send_back(book)
    decided(book)
    noticed(book)
    with refuses(book, WrongState, "下一环节已办理的，请由审核人退回"):
        withdraw(book)


def test_an_objection_to_the_whole_stops_the_plan_until_it_is_answered(earned_book: Book) -> None:
    book = earned_book
    drafted(book)
    with refuses(book, Refused, "没有第1轮公示"):
        object_to(book)
    decided(book)
    noticed(book)
    code = object_to(book)
    with refuses(book, AlreadyDone, "已办理"):
        object_to(book)
    assert [each.code for each in whole_objections(book.session, PLAN)] == [code]
    with refuses(book, Refused, f"异议未答复（{code}）"):
        opined(book, Stage.SUPERVISE)
    assert "异议的答复" in missing_for_payment(book.session, PLAN, BOOKED)
    answer(book, code)
    with refuses(book, AlreadyDone, "已办理"):
        answer(book, code)
    opined(book, Stage.SUPERVISE)
    ((objection, given),) = answers_of(book.session, PLAN)
    assert (objection.code, given and given.outcome) == (code, "REJECTED")


def held(book: Book) -> list[str]:
    rows = book.session.exec(select(Withholding).order_by(Withholding.id)).all()  # type: ignore[arg-type]
    return [each.outcome for each in rows]


def test_an_objection_to_a_line_withholds_the_line_and_the_rest_goes_on(earned_book: Book) -> None:
    book = earned_book
    drafted(book)
    decided(book)
    noticed(book)
    with refuses(book, NotFound, "查无农户“X”"):
        object_to(book, "X")
    code = object_to(book, HOME)
    assert held(book) == ["WITHHELD"]
    opined(book, Stage.SUPERVISE)
    answer(book, code, on=OPINED)
    assert held(book) == ["WITHHELD", "RELEASED"]


def test_a_line_is_released_when_the_last_objection_to_it_is_rejected(earned_book: Book) -> None:
    book = earned_book
    drafted(book)
    decided(book)
    noticed(book)
    first, second = object_to(book, HOME, "人数不对"), object_to(book, HOME, "户口已迁")
    answer(book, first)
    assert held(book) == ["WITHHELD", "WITHHELD"]  # the second still stands
    answer(book, second)
    assert held(book)[-1] == "RELEASED"
    third, fourth = object_to(book, HOME, "甲"), object_to(book, HOME, "乙")
    answer(book, third, upheld=True)
    answer(book, fourth)
    assert held(book)[-1] == "WITHHELD"  # one was right


def test_a_notice_says_what_the_plan_says_and_hangs_where_its_people_live(
    earned_book: Book,
) -> None:
    book = earned_book
    plan, _ = drafted(book)
    assert villages_of_plan(book.session, plan) == ["440203102204"]
    before = notice_digest(book.session, plan)
    assert notice_digest(book.session, plan_by_code(book.session, PLAN)) == before
    withdraw(book)
    other, _ = drafted(book, code="FA-A-2020-2", on=OPINED, jobs=())
    assert notice_digest(book.session, other) != before


def test_one_meeting_is_one_decision(earned_book: Book) -> None:
    book = earned_book
    drafted(book)
    decided(book)
    other = Meeting(BodyKind.REPRESENTATIVES, RESOLVED, 30, 25, 24, 0, 0, "记-4")
    with refuses(book, Refused, "会议“记-4”的决议已登记"):
        do(book, plan_course.decide, PLAN, "RESOLVE", other, on=RESOLVED, actor="Z1")


def test_the_states_of_a_plan_are_open_payable_or_over() -> None:
    rest = {PlanState.COMPLETED, PlanState.WITHDRAWN, PlanState.RETURNED, PlanState.FILED}
    assert set(OPEN_STATES) | set(PAYABLE_STATES) | rest == set(PlanState)
    assert Channel.JOB not in FIXED_CHANNELS
