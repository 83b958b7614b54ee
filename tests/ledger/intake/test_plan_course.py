"""Do the workbooks of procedure take a plan the same road as the commands?"""

from datetime import date
from typing import Any

import pytest
from sqlmodel import select

from assets import trail
from assets.errors import Refused
from assets.intake import Handler
from assets.models import Actor, ObjectKind
from assets.procedure import notices
from assets.trail import Act
from ledger.intake.decisions import HANDLER as DECISIONS
from ledger.intake.notices import HANDLER as NOTICES
from ledger.intake.objections import HANDLER as OBJECTIONS
from ledger.models import Withholding
from ledger.plan_course import notice_digest
from tests.conftest import Book
from tests.ledger.intake.income_rows import enter, faults
from tests.ledger.planned_example import LAST_DAY, MEETINGS, PLAN, POSTED, drafted, state

LABELS = {"PROPOSE": "提议", "CONSULT": "商议", "DELIBERATE": "审议", "RESOLVE": "决议"}
HOME = "5000000036"


def meetings(**more: Any) -> list[dict[str, Any]]:
    """The four deliberations as the reader hands them over."""
    return [
        {
            "object_type": "分配方案",
            "object_code": PLAN,
            "stage": LABELS[stage],
            "meeting_type": body.label,
            "met_on": date(2021, 2, 1 + place),
            "entitled_count": 30,
            "present_count": 25,
            "yes_count": 20,
            "minutes_no": f"记-{place}",
            "actor_code": "Z1",
        }
        | more
        for place, (stage, body) in enumerate(MEETINGS, start=1)
    ]


def posting(**more: Any) -> dict[str, Any]:
    """The plan hangs in village A."""
    return {
        "object_type": "分配方案",
        "object_code": PLAN,
        "town_name": "龙归镇",
        "village_name": "龙归村",
        "posted_on": POSTED,
        "notice_days": 10,
        "day_type": "日历日",
        "place": "村务公开栏",
    } | more


def objection(**more: Any) -> dict[str, Any]:
    """An objection to one household's line."""
    return {
        "object_type": "分配方案",
        "object_code": PLAN,
        "notice_round": 1,
        "subject_code": HOME,
        "received_on": POSTED,
        "content": "人数不对",
    } | more


def register_clerk(book: Book) -> None:
    with trail.entry(book.session, Act("Z1", "t", POSTED), "actor", "Z1") as written:
        written.add(Actor(code="Z1", title="张支书"))
    book.session.commit()


def test_a_plan_is_decided_posted_and_objected_to_by_workbooks(earned_book: Book) -> None:
    register_clerk(earned_book)
    plan, _ = drafted(earned_book)
    enter(earned_book.session, DECISIONS, meetings()[:3])
    assert state(earned_book) == "DRAFT"
    enter(earned_book.session, DECISIONS, meetings())
    assert state(earned_book) == "DECIDED"
    enter(earned_book.session, NOTICES, [posting()])
    assert state(earned_book) == "NOTICED"
    (hung,) = notices.notices_of(earned_book.session, ObjectKind.PLAN, PLAN, 1)
    assert (hung.ends_on, hung.text_sha256) == (
        LAST_DAY,
        notice_digest(earned_book.session, plan),
    )
    enter(earned_book.session, OBJECTIONS, [objection()])
    answer = {"answered_on": LAST_DAY, "answer_result": "不成立", "answer": "已核实"}
    enter(earned_book.session, OBJECTIONS, [objection() | answer])
    held = earned_book.session.exec(select(Withholding.outcome).order_by(Withholding.id)).all()  # type: ignore[arg-type]
    assert held == ["WITHHELD", "RELEASED"]


def test_a_posting_too_short_or_before_the_resolution_is_refused_whole(earned_book: Book) -> None:
    register_clerk(earned_book)
    drafted(earned_book)
    with pytest.raises(Refused, match="没有有效决议"):
        enter(earned_book.session, NOTICES, [posting()])
    earned_book.session.rollback()
    enter(earned_book.session, DECISIONS, meetings())
    with pytest.raises(Refused, match="少于规定的10天"):
        enter(earned_book.session, NOTICES, [posting(notice_days=9)])
    earned_book.session.rollback()
    elsewhere = posting(village_name="凤田村")
    enter(earned_book.session, NOTICES, [elsewhere])
    assert state(earned_book) == "DECIDED"  # where its people live it does not hang yet
    enter(earned_book.session, NOTICES, [elsewhere, posting()])
    assert state(earned_book) == "NOTICED"


@pytest.mark.parametrize("handler", [DECISIONS, NOTICES, OBJECTIONS])
def test_a_plan_nobody_drafted_is_unknown_to_every_workbook(
    earned_book: Book, handler: Handler
) -> None:
    register_clerk(earned_book)
    rows = {"decisions": meetings()[0], "notices": posting(), "objections": objection()}
    assert faults(earned_book.session, handler, rows[handler.kind]) == ["unknown-code"]
