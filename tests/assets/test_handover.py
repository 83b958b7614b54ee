"""Does a village get exactly what it was shown, and may it accept, reserve, refuse, try again?"""

import hashlib
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlmodel import col, select

from assets import handover
from assets.errors import AlreadyDone, NotFound, Refused, SeparationOfDuties, WrongState
from assets.handover import Answer, HandoverLine, Outcome, RefusalReason, depreciated_fen
from assets.models import HandoverAct, HandoverAnswer, HandoverBooking
from assets.trail import Entry
from tests.assets.small_district import CATTLE, LONGGUI_VILLAGE, PLANT, ROAD
from tests.assets.title_course import (
    ANSWERED,
    TOWN,
    YJ,
    answer,
    book_in,
    confirmed,
    prepare,
    refuses,
    states,
)
from tests.conftest import Book, assert_sound

TAKEN = Answer(PLANT, Outcome.ACCEPTED)
ROAD_TAKEN = Answer(ROAD, Outcome.ACCEPTED)
RESERVED = Answer(ROAD, Outcome.RESERVED, reservation="缺竣工图", remedy_due_on=date(2019, 6, 30))
REFUSED = Answer(ROAD, Outcome.REFUSED, reason=RefusalReason.PAPERS)


def lines(register: Book, code: str = YJ) -> list[HandoverLine]:
    act = handover.handover_by_code(register.session, code)
    return handover.lines_of(register.session, act)


def test_one_is_accepted_one_reserved_and_both_are_booked_and_in_use(register: Book) -> None:
    confirmed(register)
    prepare(register)
    assert states(register) == ["HANDOVER_PENDING", "HANDOVER_PENDING"]
    answer(register, TAKEN, RESERVED)
    assert states(register) == ["ACCEPTED", "ACCEPTED_WITH_RESERVATIONS"]
    seen: list[list[HandoverLine]] = []

    def voucher(session: object, written: Entry, act: HandoverAct, got: list[HandoverLine]) -> int:
        seen.append(got)
        return 7

    assert book_in(register, voucher) == 2
    assert states(register) == ["IN_OPERATION", "IN_OPERATION"]
    assert [(x.asset_code, x.original_value_fen) for x in seen[0]] == [
        (PLANT, 90_000_000),
        (ROAD, 20_000_000),
    ]
    bookings = register.session.exec(select(HandoverBooking)).all()
    assert {each.voucher_id for each in bookings} == {7}
    assert [(x.outcome, x.reservation, x.remedy_due_on, x.booked) for x in lines(register)] == [
        ("ACCEPTED", None, None, True),
        ("RESERVED", "缺竣工图", date(2019, 6, 30), True),
    ]


def test_what_was_refused_comes_again_and_the_first_try_stays(register: Book) -> None:
    confirmed(register)
    assert prepare(register).attempt_no == 1
    answer(register, TAKEN, REFUSED)
    assert states(register) == ["ACCEPTED", "REFUSED"]
    assert book_in(register) == 1
    assert states(register) == ["IN_OPERATION", "REFUSED"]
    assert prepare(register, "YJ-2", asset_codes=(ROAD,), on=date(2019, 8, 1)).attempt_no == 2
    answer(register, ROAD_TAKEN, code="YJ-2", on=date(2019, 8, 5))
    assert book_in_later(register) == 1
    assert states(register) == ["IN_OPERATION", "IN_OPERATION"]
    assert [(x.outcome, x.reason_code) for x in lines(register)] == [
        ("ACCEPTED", None),
        ("REFUSED", "PAPERS"),
    ]
    codes = [each.code for each in handover.handovers(register.session)]
    assert codes == [YJ, "YJ-2"]
    assert handover.handovers(register.session, village_code=LONGGUI_VILLAGE) == []
    assert_sound(register.url, register.desk)


def book_in_later(register: Book) -> int:
    from tests.assets.title_course import do

    booked = do(register, handover.book, "YJ-2", None, on=date(2019, 8, 10), actor="C0001")
    assert isinstance(booked, int)
    return booked


def test_the_receiver_reads_exactly_the_stored_text(register: Book) -> None:
    confirmed(register)
    act = prepare(register)
    assert act.text_sha256 == hashlib.sha256(act.shown_text.encode()).hexdigest()
    assert act.shown_text.splitlines() == [
        "移交方：龙归镇人民政府",
        "接收方：凤田村村民委员会",
        "下列资产共2件，原值合计1,100,000.00元（壹佰壹拾万元整），自签字之日起移交接收方管护，"
        "收益按确权份额归属。",
        f"1. {PLANT} 联建光伏电站 1座 原值900,000.00元 坐落龙归村荒坡地",
        f"2. {ROAD} 凤田村道硬化 1.25公里 原值200,000.00元 坐落凤田村",
        "接收方可以逐件接收、保留接收（写明事项和期限）或拒收（写明原因）。",
    ]


def test_every_step_twice_says_already_done_and_writes_nothing(register: Book) -> None:
    confirmed(register)
    steps: list[Callable[[], Any]] = [
        lambda: prepare(register),
        lambda: answer(register, TAKEN, RESERVED),
        lambda: book_in(register),
    ]
    for step in steps:
        step()
        with refuses(register, AlreadyDone, "已办理"):
            step()
    with refuses(register, AlreadyDone, "已办理"):
        steps[0]()
    with refuses(register, AlreadyDone, "已办理"):
        answer(register, RESERVED, TAKEN)  # in whatever order


@pytest.mark.parametrize(
    ("facts", "error", "match"),
    [
        ({"asset_codes": ()}, Refused, "没有列出资产"),
        ({"asset_codes": ("A-9",)}, NotFound, "查无资产“A-9”"),
        ({"asset_codes": (ROAD, ROAD)}, Refused, "列了两次"),
        ({"to_code": TOWN}, Refused, "不能是同一主体"),
        ({"to_code": "V9"}, NotFound, "查无主体“V9”"),
        ({"asset_codes": (CATTLE,)}, WrongState, "请先完成确权"),
        ({"on": date(2017, 1, 1)}, Refused, "尚未形成"),
        ({"on": date(2019, 2, 24)}, Refused, "早于上一环节“已确权”"),
    ],
)
def test_a_list_that_cannot_be_handed_over_is_not_prepared(
    register: Book, facts: dict[str, Any], error: type[Exception], match: str
) -> None:
    confirmed(register)
    with refuses(register, error, match):
        prepare(register, **facts)
    assert states(register) == ["CONFIRMED", "CONFIRMED"]


def test_nothing_is_handed_over_before_it_is_confirmed(register: Book) -> None:
    with refuses(register, WrongState, "已分类"):
        prepare(register)


@pytest.mark.parametrize(
    ("given", "match"),
    [
        (Answer(ROAD, Outcome.REFUSED), "拒收要写明原因代码"),
        (Answer(ROAD, Outcome.RESERVED, reservation="缺图"), "写明保留事项和整改期限"),
        (
            Answer(ROAD, Outcome.RESERVED, remedy_due_on=date(2019, 6, 30)),
            "写明保留事项和整改期限",
        ),
        (Answer(CATTLE, Outcome.ACCEPTED), "不在移交YJ-1的清单上"),
    ],
)
def test_an_answer_that_says_too_little_is_refused(
    register: Book, given: Answer, match: str
) -> None:
    confirmed(register)
    prepare(register)
    with refuses(register, Refused, match):
        answer(register, TAKEN, given)
    assert register.session.exec(select(HandoverAnswer)).all() == []


def test_an_answer_is_not_changed_but_given_to_the_next_attempt(register: Book) -> None:
    confirmed(register)
    prepare(register)
    answer(register, ROAD_TAKEN)
    with refuses(register, Refused, "已有接收意见"):
        answer(register, REFUSED)
    with refuses(register, WrongState, "已接收"):
        prepare(register, "YJ-2", asset_codes=(ROAD,))
    with refuses(register, Refused, "早于上一环节"):
        answer(register, Answer(PLANT, Outcome.ACCEPTED, answered_on=date(2019, 2, 28)))
    with refuses(register, NotFound, "查无移交事项“YJ-9”"):
        answer(register, TAKEN, code="YJ-9")


def test_who_gives_does_not_sign_for_the_receiver(register: Book) -> None:
    confirmed(register)
    prepare(register)
    with refuses(register, SeparationOfDuties, "岗位不相容"):
        answer(register, TAKEN, ROAD_TAKEN, actor="Z0001")
    answer(register, TAKEN, ROAD_TAKEN)
    signers = register.session.exec(
        select(HandoverAnswer.signed_by_code, col(HandoverAnswer.answered_on))
    ).all()
    assert set(signers) == {("R0002", ANSWERED)}


def test_nothing_is_booked_before_all_is_answered_or_when_all_is_refused(register: Book) -> None:
    confirmed(register)
    prepare(register)
    with refuses(register, Refused, "还有2件没有接收意见"):
        book_in(register)
    answer(register, REFUSED)
    with refuses(register, Refused, f"还有1件没有接收意见（{PLANT}）"):
        book_in(register)
    answer(register, Answer(PLANT, Outcome.REFUSED, reason=RefusalReason.TITLE))
    with refuses(register, Refused, "没有可入账的资产"):
        book_in(register)
    assert states(register) == ["REFUSED", "REFUSED"]


@pytest.mark.parametrize(
    ("in_use_on", "months", "on", "gone_fen"),
    [
        (None, 240, date(2020, 1, 1), 0),
        (date(2018, 12, 20), None, date(2020, 1, 1), 0),
        (date(2018, 12, 20), 240, date(2018, 12, 31), 0),  # the month itself does not count
        (date(2018, 12, 20), 240, date(2019, 1, 1), 375_000),
        (date(2018, 12, 20), 240, date(2019, 3, 1), 1_125_000),
        (date(2018, 12, 20), 7, date(2019, 1, 1), 12_857_142),  # whole fen, downwards
        (date(2018, 12, 20), 240, date(2060, 1, 1), 90_000_000),  # never more than there is
        (date(2018, 12, 20), 240, date(2018, 1, 1), 0),
    ],
)
def test_wear_is_straight_from_the_month_after_the_start(
    in_use_on: date | None, months: int | None, on: date, gone_fen: int
) -> None:
    assert depreciated_fen(90_000_000, in_use_on, months, on) == gone_fen


def test_the_list_shows_the_value_left_on_its_day(register: Book) -> None:
    confirmed(register)
    prepare(register)
    assert [(x.asset_code, x.net_value_fen) for x in lines(register)] == [
        (PLANT, 90_000_000 - 3 * 375_000),
        (ROAD, 20_000_000),
    ]
