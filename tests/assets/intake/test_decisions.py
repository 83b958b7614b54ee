"""Do meetings enter as they were, invalid ones too, and come out again as they went in?"""

from datetime import date
from typing import Any

import pytest
from sqlmodel import select

from assets import trail
from assets.errors import AlreadyDone
from assets.models import Decision, StageAct
from tests.assets.small_district import export, names, problems, take_in
from tests.assets.title_course import QQ, propose
from tests.conftest import Book, assert_sound


def meeting(**more: Any) -> dict[str, Any]:
    """The representatives' resolution as the reader hands it over."""
    return {
        "object_type": "确权",
        "object_code": QQ,
        "stage": "决议",
        "meeting_type": "村民代表会议",
        "met_on": date(2019, 2, 10),
        "entitled_count": 30,
        "present_count": 25,
        "yes_count": 20,
        "no_count": 3,
        "abstain_count": 2,
        "minutes_no": "记-4",
        "actor_code": "R0002",
    } | more


def test_meetings_enter_once_with_their_validity_and_the_one_who_stands_for_them(
    register: Book,
) -> None:
    propose(register)
    lost = meeting(stage="决议", yes_count=12, no_count=0, abstain_count=0, minutes_no="记-3")
    first = meeting(stage="提议", meeting_type="村党组织会议", minutes_no="记-1")
    outcome = take_in(register.session, "decisions", [first, lost, meeting()])
    assert outcome.counts == {"会议": 3, "涉及事项": 1, "其中无效": 1}
    found = register.session.exec(select(Decision).order_by(Decision.id)).all()  # type: ignore[arg-type]
    assert [(x.minutes, x.is_valid, x.source_row) for x in found] == [
        ("记-1", True, 4),
        ("记-3", False, 5),
        ("记-4", True, 6),
    ]
    acts = register.session.exec(select(StageAct).where(StageAct.duty == "DECIDE")).all()
    assert {(x.actor_code, x.recorder) for x in acts} == {("R0002", "录入甲")}
    size = trail.log.size(register.session)
    with pytest.raises(AlreadyDone):
        take_in(register.session, "decisions", [first, lost, meeting()])
    register.session.rollback()
    more = take_in(register.session, "decisions", [meeting(), meeting(minutes_no="记-5")])
    assert more.counts["会议"] == 1  # what is known is left alone
    assert trail.log.size(register.session) == size + 1
    rows = export(register.session, "decisions")
    assert rows[0]["minutes_no"] == "记-1" and rows[2] == meeting()
    assert_sound(register.url, register.desk)


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({"object_code": "QQ-9"}, "unknown-code"),
        ({"object_type": "移交"}, "unknown-code"),
        ({"actor_code": "R9"}, "unknown-code"),
        ({"stage": "提议"}, "body-stage"),
        ({"present_count": 31}, "present-over-members"),
        ({"yes_count": 24}, "votes-over-present"),
        ({"called_on": date(2019, 2, 11)}, "called-after"),
    ],
)
def test_a_row_that_cannot_be_is_refused_at_its_cell(
    register: Book, more: dict[str, Any], name: str
) -> None:
    propose(register)
    assert problems(register.session, "decisions", [meeting()]) == []
    assert name in names(problems(register.session, "decisions", [meeting(**more)]))
