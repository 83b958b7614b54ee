"""Do postings enter with their ends, move their objects on, and come out as they went in?"""

from datetime import date
from typing import Any

import pytest
from sqlmodel import select

from assets.errors import Refused
from assets.models import Notice, NoticeEnd
from assets.title import list_sha256
from tests.assets.small_district import ON, export, handler, names, problems, take_in
from tests.assets.title_course import QQ, propose, resolve, states
from tests.conftest import Book, assert_sound


def posting(**more: Any) -> dict[str, Any]:
    """A posting in Fengtian as the reader hands it over."""
    return {
        "object_type": "确权",
        "object_code": QQ,
        "town_name": "龙归镇",
        "village_name": "凤田村",
        "posted_on": date(2019, 2, 11),
        "notice_days": 10,
        "day_type": "日历日",
        "place": "村务公开栏",
        "taken_down_on": date(2019, 2, 22),
        "photo_no": "照-1",
    } | more


def test_a_posting_enters_with_its_end_and_moves_the_assets(register: Book) -> None:
    propose(register)
    resolve(register)
    outcome = take_in(register.session, "notices", [posting()])
    assert outcome.counts == {"张贴": 1, "涉及事项": 1}
    assert states(register) == ["NOTICED", "NOTICED"]
    (notice,) = register.session.exec(select(Notice)).all()
    (end,) = register.session.exec(select(NoticeEnd)).all()
    assert (notice.ends_on, end.taken_down_on) == (date(2019, 2, 21), date(2019, 2, 22))
    assert notice.text_sha256 == list_sha256(register.session, QQ)
    (row,) = export(register.session, "notices")
    assert {name: row[name] for name in posting() if name != "village_name"} == {
        name: value for name, value in posting().items() if name != "village_name"
    }
    assert_sound(register.url, register.desk)


def test_posting_again_in_a_village_is_the_next_round(register: Book) -> None:
    propose(register)
    resolve(register)
    take_in(register.session, "notices", [posting()])
    again = posting(posted_on=date(2019, 3, 1), taken_down_on=date(2019, 3, 12))
    take_in(register.session, "notices", [posting(), again])
    rounds = register.session.exec(select(Notice.round_no).order_by(Notice.id)).all()  # type: ignore[arg-type]
    assert rounds == [1, 2]


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({"object_code": "QQ-9"}, "unknown-code"),
        ({"notice_days": 0}, "days-too-few"),
        ({"taken_down_on": date(2019, 2, 21)}, "taken-down-early"),
        ({"day_type": "工作日"}, "taken-down-early"),
        ({"village_name": "无此村"}, "unknown-place"),
    ],
)
def test_a_posting_that_cannot_be_is_refused_at_its_cell(
    register: Book, more: dict[str, Any], name: str
) -> None:
    propose(register)
    assert problems(register.session, "notices", [posting()]) == []
    found = names(problems(register.session, "notices", [posting(**more)]))
    assert found == [name] or (name == "unknown-place" and len(found) == 1)


def test_a_notice_before_the_proposal_is_refused_whole(register: Book) -> None:
    propose(register)
    early = posting(posted_on=date(2019, 1, 20), taken_down_on=None)
    with pytest.raises(Refused, match="早于上一环节"):
        take_in(register.session, "notices", [early])
    register.session.rollback()
    assert handler("notices").kind == "notices" and date(2019, 2, 1) > ON
    assert register.session.exec(select(Notice)).all() == []
