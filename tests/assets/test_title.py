"""Is title confirmed only after decision, notice, answers and opinions, by other persons?"""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlmodel import select

from assets import title, trail
from assets.errors import AlreadyDone, NotFound, Refused, SeparationOfDuties, WrongState
from assets.models import BodyKind, Notice, ObjectKind, Stage, StageAct, TitleCertificate
from assets.procedure import notices
from assets.procedure.decisions import Meeting
from assets.trail import Act
from tests.assets.small_district import CATTLE, LONGGUI_VILLAGE, PLANT, ROAD
from tests.assets.title_course import (
    CONFIRMED,
    LAST_DAY,
    OPINED,
    POSTED,
    QQ,
    RESOLVED,
    confirm,
    confirmed,
    do,
    opine,
    opined,
    post,
    propose,
    refuses,
    resolve,
    states,
)
from tests.conftest import Book, assert_sound


def objected(book: Book, line: str = "", content: str = "面积有出入") -> str:
    with trail.entry(book.session, Act("R0001", "t", POSTED), "object", QQ, stage=line) as written:
        made = notices.raise_objection(
            book.session,
            written,
            ObjectKind.TITLE,
            QQ,
            round_no=notices.current_round(book.session, ObjectKind.TITLE, QQ),
            line_code=line,
            received_on=POSTED,
            content=content,
        )
    book.session.commit()
    return made.code


def answered(book: Book, code: str) -> None:
    with trail.entry(book.session, Act("R0002", "t", POSTED), "answer", code) as written:
        notices.answer_objection(
            book.session, written, code, answered_on=POSTED, upheld=False, answer="已复核"
        )
    book.session.commit()


def test_two_assets_go_from_the_proposal_to_their_certificates(register: Book) -> None:
    assert states(register) == ["CLASSIFIED", "CLASSIFIED"]
    propose(register)
    assert states(register) == ["TITLE_PROPOSED", "TITLE_PROPOSED"]
    assert resolve(register) is True
    assert post(register) == LAST_DAY
    assert states(register) == ["NOTICED", "NOTICED"]
    opine(register, Stage.SUPERVISE)
    opine(register, Stage.TOWN_REVIEW)
    opine(register, Stage.DEPARTMENT)
    assert confirm(register) == ["QQ-1-001", "QQ-1-002"]
    assert states(register) == ["CONFIRMED", "CONFIRMED"]
    made = title.title_by_code(register.session, QQ)
    lines = title.lines_of(register.session, made)
    assert [(x.asset_code, x.original_value_fen, x.certificate) for x in lines] == [
        (PLANT, 90_000_000, "QQ-1-001"),
        (ROAD, 20_000_000, "QQ-1-002"),
    ]
    assert title.titles(register.session) == title.titles(
        register.session, village_code=made.village_code
    )
    assert title.titles(register.session, village_code=LONGGUI_VILLAGE) == []
    assert_sound(register.url, register.desk)


def test_every_step_twice_says_already_done_and_writes_nothing(register: Book) -> None:
    steps: list[Callable[[], Any]] = [
        lambda: propose(register),
        lambda: resolve(register),
        lambda: post(register),
        lambda: opine(register, Stage.TOWN_REVIEW),
        lambda: opine(register, Stage.DEPARTMENT),
        lambda: confirm(register),
    ]
    for step in steps:
        step()
        with refuses(register, AlreadyDone, "已办理"):
            step()
    for step in steps:  # and when everything is over
        with refuses(register, AlreadyDone, "已办理"):
            step()


@pytest.mark.parametrize(
    ("facts", "error", "match"),
    [
        ({"asset_codes": ()}, Refused, "没有列出资产"),
        ({"asset_codes": ("A-9",)}, NotFound, "查无资产“A-9”"),
        ({"owner_code": "V9"}, NotFound, "查无主体“V9”"),
        ({"owner_code": "J0001"}, Refused, "所有权人不含拟确权对象"),
        ({"asset_codes": (ROAD, ROAD)}, Refused, "列了两次"),
        ({"asset_codes": (CATTLE,)}, Refused, "所有权人不含拟确权对象"),
    ],
)
def test_a_list_that_cannot_be_confirmed_is_not_proposed(
    register: Book, facts: dict[str, Any], error: type[Exception], match: str
) -> None:
    with refuses(register, error, match):
        propose(register, **facts)
    assert states(register) == ["CLASSIFIED", "CLASSIFIED"]


def test_an_asset_is_on_one_list_at_a_time(register: Book) -> None:
    propose(register)
    with refuses(register, WrongState, "目前状态为“拟确权”"):
        propose(register, "QQ-2")


def test_without_a_valid_resolution_nothing_is_posted(register: Book) -> None:
    propose(register)
    with refuses(register, Refused, "没有有效决议，不能公示"):
        post(register)
    assert resolve(register, agree=12) is False
    with refuses(register, Refused, "没有有效决议，不能公示"):
        post(register)
    with refuses(register, Refused, "会议“记-4”的决议已登记"):
        resolve(register, agree=13)
    assert resolve(register, agree=13, minutes="记-5") is True
    with refuses(register, Refused, "早于上一环节“拟确权”"):
        post(register, on=date(2019, 1, 31))
    post(register)


def test_the_notice_runs_to_the_end_of_its_last_day(register: Book) -> None:
    propose(register)
    resolve(register)
    with refuses(register, Refused, "还没有公示"):
        opine(register, Stage.TOWN_REVIEW)
    post(register)
    for day in (LAST_DAY.replace(day=20), LAST_DAY):
        with refuses(register, Refused, "公示到2019-02-21为止"):
            opine(register, Stage.TOWN_REVIEW, on=day)
    opine(register, Stage.TOWN_REVIEW, on=OPINED)


def test_both_opinions_are_wanted_and_both_must_agree(register: Book) -> None:
    propose(register)
    resolve(register)
    post(register)
    with refuses(register, Refused, "缺少镇审核"):
        confirm(register)
    opine(register, Stage.TOWN_REVIEW, agreed=False)
    opine(register, Stage.DEPARTMENT)
    with refuses(register, Refused, "镇审核为不同意"):
        confirm(register)
    opine(register, Stage.TOWN_REVIEW)
    assert len(confirm(register)) == 2


def test_nobody_is_on_two_sides_of_a_confirmation(register: Book) -> None:
    propose(register)
    resolve(register)
    post(register)
    for stage, actor in (
        (Stage.TOWN_REVIEW, "R0001"),  # who proposed
        (Stage.TOWN_REVIEW, "R0002"),  # who decided
    ):
        with refuses(register, SeparationOfDuties, "岗位不相容"):
            opine(register, stage, actor=actor)
    opine(register, Stage.TOWN_REVIEW)
    opine(register, Stage.DEPARTMENT)
    for actor in ("R0001", "R0002", "Z0001", "D0001"):
        with refuses(register, SeparationOfDuties, "岗位不相容"):
            confirm(register, actor=actor)
    register.desk.recorder = "录入甲"
    with refuses(register, SeparationOfDuties, "录入人不得审核"):
        title.confirm(register.session, Act("Q0001", "t", CONFIRMED), QQ, document="X")


def test_an_open_objection_stops_the_list_until_it_is_answered(register: Book) -> None:
    propose(register)
    resolve(register)
    post(register)
    code = objected(register)
    with refuses(register, Refused, "1件异议未答复（QQ-1-Y01）"):
        opine(register, Stage.TOWN_REVIEW)
    answered(register, code)
    opine(register, Stage.TOWN_REVIEW)
    opine(register, Stage.DEPARTMENT)
    late = objected(register, PLANT, "界址不清")
    with refuses(register, Refused, "异议未答复"):
        confirm(register)
    answered(register, late)
    confirm(register)


def test_an_asset_with_an_open_question_is_taken_out_and_the_rest_goes_on(register: Book) -> None:
    propose(register)
    resolve(register)
    post(register)
    objected(register, PLANT)
    with refuses(register, Refused, "移出确权清单要写明原因"):
        do(register, title.take_out, QQ, PLANT, " ", on=POSTED, actor="R0001")
    with refuses(register, NotFound, "清单上的资产"):
        do(register, title.take_out, QQ, CATTLE, "x", on=POSTED, actor="R0001")
    do(register, title.take_out, QQ, PLANT, "权属待查", on=POSTED, actor="R0001")
    with refuses(register, AlreadyDone, "已办理"):
        do(register, title.take_out, QQ, PLANT, "权属待查", on=POSTED, actor="R0001")
    assert states(register) == ["CLASSIFIED", "NOTICED"]
    opine(register, Stage.TOWN_REVIEW)
    opine(register, Stage.DEPARTMENT)
    assert confirm(register) == ["QQ-1-001"]
    assert states(register) == ["CLASSIFIED", "CONFIRMED"]
    lines = title.lines_of(register.session, title.title_by_code(register.session, QQ))
    assert [(x.removed, x.certificate) for x in lines] == [("权属待查", None), (None, "QQ-1-001")]
    propose(register, "QQ-2", asset_codes=(PLANT,))  # it may come again
    assert_sound(register.url, register.desk)


def test_a_list_of_which_everything_was_taken_out_confirms_nothing(register: Book) -> None:
    opined(register)
    for code in (PLANT, ROAD):
        do(register, title.take_out, QQ, code, "权属待查", on=OPINED, actor="R0001")
    with refuses(register, Refused, "都已移出"):
        confirm(register)


def test_posting_again_in_the_same_village_starts_a_round_that_wants_new_opinions(
    register: Book,
) -> None:
    opined(register)
    again = date(2019, 2, 23)
    post(register, on=again)
    with refuses(register, Refused, "公示到2019-03-05为止"):
        confirm(register)
    with refuses(register, Refused, "缺少镇审核"):
        confirm(register, on=date(2019, 3, 6))
    opine(register, Stage.TOWN_REVIEW, on=date(2019, 3, 6))
    opine(register, Stage.DEPARTMENT, on=date(2019, 3, 6))
    assert len(confirm(register, on=date(2019, 3, 6))) == 2
    rounds = register.session.exec(select(Notice.round_no).order_by(Notice.id)).all()  # type: ignore[arg-type]
    assert rounds == [1, 2]
    acts = register.session.exec(select(StageAct.round_no).where(StageAct.stage == "DISTRICT"))
    assert acts.one() == 2


def test_a_notice_in_two_villages_runs_until_the_later_one(register: Book) -> None:
    propose(register)
    resolve(register)
    post(register)
    post(register, LONGGUI_VILLAGE, date(2019, 2, 14))
    with refuses(register, Refused, "公示到2019-02-24为止"):
        opine(register, Stage.TOWN_REVIEW)


def test_a_confirmed_asset_is_not_confirmed_posted_or_taken_out_again(register: Book) -> None:
    confirmed(register)
    with refuses(register, WrongState, "已确权"):
        post(register, on=date(2019, 3, 1))
    with refuses(register, WrongState, "已确权"):
        do(register, title.take_out, QQ, ROAD, "x", on=date(2019, 3, 1), actor="R0001")
    with refuses(register, WrongState, "已确权"):
        propose(register, "QQ-2")
    assert len(register.session.exec(select(TitleCertificate)).all()) == 2


def test_an_unknown_act_is_named(register: Book) -> None:
    verbs: tuple[Callable[[], Any], ...] = (
        lambda: resolve(register, code="QQ-9"),
        lambda: do(register, title.confirm, "QQ-9", on=CONFIRMED, actor="Q0001", document="X"),
    )
    for verb in verbs:
        with refuses(register, NotFound, "查无确权事项“QQ-9”"):
            verb()


def test_an_early_deliberation_is_recorded_beside_the_resolution(register: Book) -> None:
    propose(register)
    meeting = Meeting(BodyKind.PARTY_BRANCH, RESOLVED, 5, 4, 4, 0, 0, "记-1")
    assert do(register, title.decide, QQ, "PROPOSE", meeting, on=RESOLVED, actor="R0002")
    with refuses(register, Refused, "没有有效决议"):
        post(register)


def test_the_digest_of_a_list_follows_what_is_on_it(register: Book) -> None:
    propose(register)
    before = title.list_sha256(register.session, QQ)
    do(register, title.take_out, QQ, PLANT, "权属待查", on=POSTED, actor="R0001")
    assert title.list_sha256(register.session, QQ) != before
