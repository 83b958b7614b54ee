"""How does a small village bring a title or a handover to a given point? Short ways for tests.

Persons: R0001 proposes, R0002 stands for the meeting, Z0001 is the town, D0001 the department,
Q0001 the district; 录入甲 types for the village, 录入乙 for those who review.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest

from assets import handover, title, trail
from assets.models import BodyKind, ObjectKind, Stage
from assets.procedure.decisions import Meeting
from assets.procedure.notices import Posting
from assets.procedure.states import state_of
from assets.trail import Act
from tests.assets.small_district import FENGTIAN, LONGGUI, PLANT, ROAD
from tests.conftest import Book

QQ, YJ = "QQ-1", "YJ-1"
OWNER, TOWN = f"V{FENGTIAN}", f"Z{LONGGUI}"
BOTH = (PLANT, ROAD)
PROPOSED, RESOLVED, POSTED = date(2019, 2, 1), date(2019, 2, 10), date(2019, 2, 11)
LAST_DAY, OPINED, CONFIRMED = date(2019, 2, 21), date(2019, 2, 22), date(2019, 2, 25)
PREPARED, ANSWERED, BOOKED = date(2019, 3, 1), date(2019, 3, 5), date(2019, 3, 10)
REVIEWING = ("give_opinion", "confirm")


def do(book: Book, verb: Callable[..., Any], *words: Any, on: date, actor: str, **more: Any) -> Any:
    """Run a verb and commit it; a refusal leaves nothing behind."""
    book.desk.recorder = "录入乙" if verb.__name__ in REVIEWING else "录入甲"
    try:
        result = verb(book.session, Act(actor, verb.__name__, on), *words, **more)
    except BaseException:
        book.session.rollback()
        raise
    book.session.commit()
    return result


@contextmanager
def refuses(book: Book, error: type[Exception], match: str) -> Iterator[None]:
    """The block is refused and the log has not grown."""
    size = trail.log.size(book.session)
    with pytest.raises(error, match=match):
        yield
    book.session.rollback()
    assert trail.log.size(book.session) == size


def states(book: Book) -> list[str]:
    """The states of plant and road."""
    return [state_of(book.session, ObjectKind.ASSET, code) for code in BOTH]


def propose(book: Book, code: str = QQ, *, actor: str = "R0001", **more: Any) -> Any:
    facts: dict[str, Any] = {
        "village_code": FENGTIAN,
        "owner_code": OWNER,
        "asset_codes": BOTH,
    } | more
    return do(book, title.propose, code, on=PROPOSED, actor=actor, **facts)


def resolve(book: Book, agree: int = 20, minutes: str = "记-4", code: str = QQ) -> Any:
    meeting = Meeting(BodyKind.REPRESENTATIVES, RESOLVED, 30, 25, agree, 0, 0, minutes)
    return do(book, title.decide, code, "RESOLVE", meeting, on=RESOLVED, actor="R0002")


def posting(village: str = FENGTIAN, on: date = POSTED, days: int = 10) -> Posting:
    return Posting(village, on, days, "CALENDAR", "村务公开栏", "0" * 64)


def post(book: Book, village: str = FENGTIAN, on: date = POSTED) -> Any:
    return do(book, title.post, QQ, posting(village, on), on=on, actor="R0001")


def opine(book: Book, stage: Stage, *, on: date = OPINED, agreed: bool = True, **more: Any) -> Any:
    actor = {Stage.TOWN_REVIEW: "Z0001", Stage.DEPARTMENT: "D0001"}.get(stage, "J0001")
    facts: dict[str, Any] = {"actor": actor, "opinion": "同意" if agreed else "不同意"} | more
    return do(book, title.give_opinion, QQ, stage, on=on, agreed=agreed, **facts)


def confirm(book: Book, *, on: date = CONFIRMED, actor: str = "Q0001") -> Any:
    return do(book, title.confirm, QQ, on=on, actor=actor, document="武江农〔2019〕8号")


def opined(book: Book) -> None:
    """Proposed, resolved, posted, and both opinions given."""
    propose(book)
    resolve(book)
    post(book)
    opine(book, Stage.TOWN_REVIEW)
    opine(book, Stage.DEPARTMENT)


def confirmed(book: Book) -> None:
    """Plant and road are confirmed."""
    opined(book)
    confirm(book)


def prepare(book: Book, code: str = YJ, **more: Any) -> Any:
    facts: dict[str, Any] = {
        "village_code": FENGTIAN,
        "from_code": TOWN,
        "to_code": OWNER,
        "asset_codes": BOTH,
        "on": PREPARED,
        "actor": "Z0001",
    } | more
    return do(book, handover.prepare, code, **facts)


def answer(book: Book, *answers: handover.Answer, code: str = YJ, **more: Any) -> Any:
    facts: dict[str, Any] = {"on": ANSWERED, "actor": "R0002"} | more
    return do(book, handover.answer, code, answers, **facts)


def book_in(book: Book, voucher: handover.BookValue | None = None, code: str = YJ) -> Any:
    return do(book, handover.book, code, voucher, on=BOOKED, actor="C0001")
