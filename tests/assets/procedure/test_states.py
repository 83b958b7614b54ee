"""Is a state a row with author and day, and does it start where the one before ended?"""

from datetime import date

import pytest
from sqlmodel import select

from assets import trail
from assets.asof import AsOf
from assets.courses import ASSET_MACHINE
from assets.errors import Refused, WrongState
from assets.models import ObjectKind, StatusEvent
from assets.procedure.states import move, state_of, states_of
from assets.trail import Act
from tests.conftest import Book


def go(book: Book, code: str, step: str, on: date, **more: str) -> StatusEvent:
    with trail.entry(book.session, Act("R0001", "t", on), step, code) as written:
        event = move(
            book.session, written, ASSET_MACHINE, code, step, step_label="登记", on=on, **more
        )
    book.session.commit()
    return event


def test_the_state_of_a_day_and_of_a_position_is_the_one_that_held_then(book: Book) -> None:
    assert state_of(book.session, ObjectKind.ASSET, "A1") == ""
    first = go(book, "A1", "identify", date(2019, 1, 1))
    go(book, "A1", "verify", date(2019, 2, 1), remark="现场核实")
    go(book, "A2", "identify", date(2019, 3, 1))
    assert state_of(book.session, ObjectKind.ASSET, "A1") == "VERIFIED"
    assert state_of(book.session, ObjectKind.PLAN, "A1") == ""
    assert state_of(book.session, ObjectKind.ASSET, "A1", AsOf(date(2019, 1, 31))) == "IDENTIFIED"
    assert state_of(book.session, ObjectKind.ASSET, "A1", AsOf(date(2018, 12, 31))) == ""
    position = AsOf(position=first.entry_id)
    assert state_of(book.session, ObjectKind.ASSET, "A1", position) == "IDENTIFIED"
    assert states_of(book.session, ObjectKind.ASSET) == {"A1": "VERIFIED", "A2": "IDENTIFIED"}
    assert states_of(book.session, ObjectKind.ASSET, AsOf(date(2019, 2, 1))) == {"A1": "VERIFIED"}
    events = book.session.exec(select(StatusEvent).order_by(StatusEvent.id)).all()  # type: ignore[arg-type]
    assert [(e.from_state, e.to_state, e.actor_code, e.remark) for e in events[:2]] == [
        ("", "IDENTIFIED", "R0001", None),
        ("IDENTIFIED", "VERIFIED", "R0001", "现场核实"),
    ]


def test_a_step_from_another_state_names_object_state_step_and_remedy(book: Book) -> None:
    go(book, "A1", "identify", date(2019, 1, 1))
    with pytest.raises(WrongState, match="资产A1目前状态为“已摸排”，不能办理“登记”。请先核实。"):
        go(book, "A1", "classify", date(2019, 1, 2), remedy="请先核实。")
    book.session.rollback()
    with pytest.raises(WrongState, match="“未登记”"):
        go(book, "A9", "verify", date(2019, 1, 2))
    book.session.rollback()


def test_a_step_is_not_dated_before_the_one_it_follows(book: Book) -> None:
    registered = date(2021, 5, 1)
    for step in ("identify", "verify", "classify"):
        go(book, "A1", step, registered)
    go(book, "A1", "propose_title", date(2019, 2, 1))  # happened before the book was begun
    go(book, "A1", "notice", date(2019, 2, 3))
    with pytest.raises(Refused, match="“登记”日期2019-02-02早于上一环节“确权公示”的日期2019-02-03"):
        go(book, "A1", "confirm", date(2019, 2, 2))
    book.session.rollback()
    go(book, "A1", "confirm", date(2019, 2, 3))
