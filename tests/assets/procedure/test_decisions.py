"""Is each body's arithmetic its own law's, by date, and is an invalid vote recorded, not lost?"""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets import trail
from assets.asof import AsOf
from assets.errors import Refused
from assets.models import BodyKind, Decision, ObjectKind
from assets.procedure.decisions import (
    STAGE_OF_BODY,
    Meeting,
    days_called_ahead,
    decisions_of,
    fault_of,
    missing_stages,
    record_decision,
    valid_resolution,
)
from assets.trail import Act
from tests.conftest import Book

OLD, NEW = date(2025, 4, 30), date(2025, 5, 1)
STAGES = ("PROPOSE", "CONSULT", "DELIBERATE", "RESOLVE")


def meeting(
    body: BodyKind = BodyKind.REPRESENTATIVES,
    members: int = 30,
    present: int = 25,
    agree: int = 20,
    against: int = 0,
    abstain: int = 0,
    *,
    on: date = date(2019, 3, 1),
    minutes: str = "记-1",
    called_on: date | None = None,
) -> Meeting:
    return Meeting(body, on, members, present, agree, against, abstain, minutes, called_on)


V, R = BodyKind.VILLAGERS, BodyKind.REPRESENTATIVES
M, MR = BodyKind.MEMBERS, BodyKind.MEMBER_REPRESENTATIVES
B, C, P = BodyKind.PARTY_BRANCH, BodyKind.TWO_COMMITTEES, BodyKind.PARTY_MEMBERS

TABLE = [
    # body, day, members, present, for, valid
    (V, OLD, 100, 50, 50, False),  # more than half must come
    (V, OLD, 100, 51, 25, False),  # more than half of those present must agree
    (V, OLD, 100, 51, 26, True),
    (V, NEW, 100, 51, 26, True),  # the village law did not change
    (R, OLD, 30, 19, 19, False),  # two thirds must come
    (R, OLD, 30, 20, 10, False),
    (R, OLD, 30, 20, 11, True),
    (R, NEW, 30, 20, 11, True),
    (R, OLD, 31, 20, 20, False),  # 20 of 31 is less than two thirds
    (R, OLD, 31, 21, 11, True),
    (M, OLD, 90, 59, 59, False),
    (M, OLD, 90, 60, 31, True),  # before the collective law: of those present
    (M, NEW, 90, 60, 59, False),  # since: two thirds of all
    (M, NEW, 90, 60, 60, True),
    (M, NEW, 90, 59, 59, False),
    (MR, OLD, 30, 20, 11, True),
    (MR, OLD, 30, 19, 19, False),
    (MR, NEW, 30, 25, 19, False),
    (MR, NEW, 30, 25, 20, True),
    (MR, NEW, 30, 20, 20, True),  # no quorum of its own: two thirds of all agree
    (MR, NEW, 31, 20, 20, False),
    (B, OLD, 5, 2, 2, False),
    (B, OLD, 5, 3, 2, True),
    (C, OLD, 6, 3, 3, False),
    (C, OLD, 6, 4, 2, False),
    (C, OLD, 6, 4, 3, True),
    (P, OLD, 40, 20, 20, False),
    (P, OLD, 40, 21, 11, True),
    (BodyKind.TOWN_MEETING, OLD, 11, 6, 1, True),  # minutes, no arithmetic
    (BodyKind.TOWN_MEETING, OLD, 11, 6, 0, False),
    (BodyKind.DISTRICT_GROUP, NEW, 9, 1, 1, True),
]


@pytest.mark.parametrize(("body", "on", "members", "present", "agree", "valid"), TABLE)
def test_a_body_decides_by_its_own_law(
    body: BodyKind, on: date, members: int, present: int, agree: int, valid: bool
) -> None:
    fault = fault_of(meeting(body, members, present, agree, on=on))
    assert (fault is None) is valid, fault


def test_counts_that_cannot_be_are_no_decision() -> None:
    assert fault_of(meeting(present=31)) == "实到人数多于应到人数"
    assert fault_of(meeting(agree=20, against=4, abstain=2)) == "表决票数多于实到人数"
    assert fault_of(meeting(agree=20, against=-1)) == "人数和票数不能为负数"
    assert fault_of(meeting(minutes=" ")) == "没有会议记录编号"
    assert fault_of(meeting(R, 0, 0, 0)) is not None


def test_an_assembly_is_called_ten_days_ahead() -> None:
    on = date(2019, 3, 11)
    late = meeting(V, 100, 60, 60, on=on, called_on=date(2019, 3, 2))
    in_time = meeting(V, 100, 60, 60, on=on, called_on=date(2019, 3, 1))
    assert fault_of(late) == "会前9天通知，不足10天"
    assert fault_of(in_time) is None
    assert days_called_ahead(in_time) == on - date(2019, 3, 1)
    assert days_called_ahead(meeting()) is None
    assert fault_of(meeting(R, on=on, called_on=date(2019, 3, 10))) is None


@given(
    st.sampled_from([V, R, M, MR, B, C, P]),
    st.integers(1, 200),
    st.data(),
    st.sampled_from([OLD, NEW]),
)
def test_one_more_vote_never_makes_a_decision_invalid(
    body: BodyKind, members: int, data: st.DataObject, on: date
) -> None:
    present = data.draw(st.integers(1, members))
    agree = data.draw(st.integers(0, present - 1))
    if fault_of(meeting(body, members, present, agree, on=on)) is None:
        assert fault_of(meeting(body, members, present, agree + 1, on=on)) is None


def held(stage: str, day: int, *, valid: bool = True) -> Decision:
    return Decision(
        object_kind=ObjectKind.PLAN,
        object_code="FA-1",
        stage=stage,
        body=V,
        held_on=date(2019, 3, day),
        member_count=1,
        present_count=1,
        for_count=1,
        against_count=0,
        abstain_count=0,
        minutes="记-1",
        is_valid=valid,
    )


def test_the_four_deliberations_are_wanted_valid_and_in_their_order() -> None:
    row = [held(stage, day) for day, stage in enumerate(STAGES, start=1)]
    assert missing_stages(row, STAGES) == []
    assert missing_stages([held(stage, 1) for stage in STAGES], STAGES) == []  # all on one day
    assert missing_stages(row[:3], STAGES) == ["RESOLVE"]
    assert missing_stages(row[:3], ("RESOLVE",)) == ["RESOLVE"]
    assert missing_stages([*row[:3], held("RESOLVE", 4, valid=False)], STAGES) == ["RESOLVE"]
    early = [held("PROPOSE", 5), *row[1:]]
    assert missing_stages(early, STAGES) == ["CONSULT", "DELIBERATE", "RESOLVE"]
    assert missing_stages([*early, held("PROPOSE", 1)], STAGES) == []


def test_decisions_are_recorded_with_their_validity_and_asked_by_round_and_day(book: Book) -> None:
    def record(minutes: str, stage: str, body: BodyKind, agree: int, round_no: int = 1) -> Decision:
        act = Act("R0002", "title decide", date(2019, 3, 1))
        with trail.entry(book.session, act, "decide", "QQ-1", stage=minutes) as written:
            made = record_decision(
                book.session,
                written,
                ObjectKind.TITLE,
                "QQ-1",
                stage,
                meeting(body, agree=agree, minutes=minutes),
                round_no=round_no,
            )
        book.session.commit()
        return made

    lost = record("记-1", "RESOLVE", R, 10)
    assert (lost.is_valid, lost.invalid_reason) == (False, "赞成10人未过实到25人的半数")
    assert valid_resolution(book.session, ObjectKind.TITLE, "QQ-1") is None
    record("记-2", "PROPOSE", B, 20)
    assert valid_resolution(book.session, ObjectKind.TITLE, "QQ-1") is None
    won = record("记-3", "RESOLVE", R, 13, round_no=2)
    assert won.is_valid
    found = valid_resolution(book.session, ObjectKind.TITLE, "QQ-1")
    assert found is not None and found.minutes == "记-3"
    assert valid_resolution(book.session, ObjectKind.TITLE, "QQ-1", round_no=1) is None
    asked = decisions_of(book.session, ObjectKind.TITLE, "QQ-1", at=AsOf(date(2019, 2, 28)))
    assert asked == []
    position = AsOf(position=lost.entry_id)
    assert [
        d.minutes for d in decisions_of(book.session, ObjectKind.TITLE, "QQ-1", at=position)
    ] == ["记-1"]


@pytest.mark.parametrize(
    ("stage", "given", "match"),
    [
        ("RESOLVE", meeting(B), "村党组织会议不能作“决议”"),
        ("PROPOSE", meeting(R), "村民代表会议不能作“提议”"),
        ("RESOLVE", meeting(present=31), "实到人数多于应到人数"),
        ("RESOLVE", meeting(agree=26), "表决票数多于实到人数"),
        ("RESOLVE", meeting(abstain=-1), "不能为负数"),
        ("RESOLVE", meeting(minutes=""), "没有会议记录编号"),
    ],
)
def test_what_is_no_meeting_is_refused_and_leaves_nothing(
    book: Book, stage: str, given: Meeting, match: str
) -> None:
    size = trail.log.size(book.session)
    with (
        pytest.raises(Refused, match=match),
        trail.entry(book.session, Act("R0002", "t", OLD), "decide", "QQ-1") as written,
    ):
        record_decision(book.session, written, ObjectKind.TITLE, "QQ-1", stage, given)
    book.session.rollback()
    assert trail.log.size(book.session) == size


def test_one_meeting_is_not_recorded_with_two_outcomes(book: Book) -> None:
    act = Act("R0002", "t", OLD)
    with trail.entry(book.session, act, "decide", "QQ-1") as written:
        for stage, body in (("RESOLVE", R), ("PROPOSE", B)):  # one minute book, two items
            record_decision(
                book.session, written, ObjectKind.TITLE, "QQ-1", stage, meeting(body, agree=20)
            )
        with pytest.raises(Refused, match="会议“记-1”的决议已登记"):
            record_decision(
                book.session, written, ObjectKind.TITLE, "QQ-1", "RESOLVE", meeting(agree=21)
            )
    book.session.rollback()


def test_every_stage_has_a_body_and_every_body_a_stage() -> None:
    assert set(STAGE_OF_BODY) == set(STAGES)
    assert {body for bodies in STAGE_OF_BODY.values() for body in bodies} == set(BodyKind)
