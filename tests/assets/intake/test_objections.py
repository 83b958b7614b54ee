"""Do objections enter with their answers, and answers later for those that had none?"""

from datetime import date
from typing import Any

import pytest
from sqlmodel import select

from assets.models import Objection, ObjectionAnswer
from fixtures.invented_numbers import resident_id
from tests.assets.small_district import PLANT, export, names, problems, take_in
from tests.assets.title_course import QQ, post, propose, resolve
from tests.conftest import Book, assert_sound


def objection(**more: Any) -> dict[str, Any]:
    """An objection to the plant as the reader hands it over."""
    return {
        "object_type": "确权",
        "object_code": QQ,
        "notice_round": 1,
        "subject_code": PLANT,
        "received_on": date(2019, 2, 12),
        "content": "界址不清",
    } | more


ANSWER = {"answered_on": date(2019, 2, 14), "answer_result": "不成立", "answer": "已现场核实"}


def noticed(register: Book) -> None:
    propose(register)
    resolve(register)
    post(register)


def test_an_answer_may_come_with_a_later_file(register: Book) -> None:
    noticed(register)
    other = objection(subject_code="", content="份额有误") | ANSWER
    first = take_in(register.session, "objections", [objection(), other])
    assert first.counts == {"异议": 2, "答复": 1}
    second = take_in(register.session, "objections", [objection() | ANSWER, other])
    assert second.counts == {"异议": 0, "答复": 1}
    found = register.session.exec(select(Objection).order_by(Objection.id)).all()  # type: ignore[arg-type]
    assert [(x.code, x.line_code) for x in found] == [("QQ-1-Y01", PLANT), ("QQ-1-Y02", "")]
    answers = register.session.exec(select(ObjectionAnswer.outcome)).all()
    assert answers == ["REJECTED", "REJECTED"]
    rows = export(register.session, "objections")
    assert rows[0] == objection() | ANSWER
    assert rows[1] == {name: value for name, value in other.items() if value}
    assert_sound(register.url, register.desk)


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({"object_code": "QQ-9"}, "unknown-code"),
        ({"notice_round": 2}, "round-unknown"),
        ({"answer": "好"}, "answer-incomplete"),
        (ANSWER | {"answered_on": date(2019, 2, 11)}, "answered-before"),
        ({"content": resident_id("440203", date(1980, 3, 2), male=True)}, "personal-number"),
        (
            ANSWER | {"answer": resident_id("440203", date(1980, 3, 2), male=True)},
            "personal-number",
        ),
    ],
)
def test_an_objection_that_cannot_be_is_refused_at_its_cell(
    register: Book, more: dict[str, Any], name: str
) -> None:
    noticed(register)
    assert problems(register.session, "objections", [objection()]) == []
    assert names(problems(register.session, "objections", [objection(**more)])) == [name]
