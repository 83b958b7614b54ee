"""How does village A's plan of the joint plant come to a given stage? Short ways for tests.

M1 drafts and posts, Z1 stands for the meetings, J1 supervises, S1 is the town, Q1 the district, B1
files; 录入甲 types for the village, 录入乙 for those who review.
"""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

from assets.models import BodyKind, ObjectKind, Stage
from assets.procedure.decisions import Meeting
from assets.procedure.states import state_of
from ledger import plan_course
from ledger.models import Plan, Stream
from ledger.plan_draft import Flag, JobSpec, PlanRequest, draft
from ledger.policy import load, parse
from ledger.statements import confirm_statement, pass_on
from tests.conftest import Book
from tests.ledger.worked_example import (
    ARRIVED,
    BENCHMARK_FEN,
    PLANT,
    SUBSIDY_FEN,
    YEAR,
    A,
    do,
    furnish,
    populate,
    receive,
    spend,
)

PLAN = "FA-A-2020"
DRAFTED, RESOLVED, POSTED = date(2021, 2, 1), date(2021, 2, 5), date(2021, 2, 6)
LAST_DAY, OPINED, BOOKED = date(2021, 2, 16), date(2021, 2, 17), date(2021, 2, 20)
WORKER = JobSpec(f"{PLAN}-P1", "保洁员", "保洁", "5000000036", "500000003601", 60_000, 202001, 12)
MEETINGS = (
    ("PROPOSE", BodyKind.PARTY_BRANCH),
    ("CONSULT", BodyKind.TWO_COMMITTEES),
    ("DELIBERATE", BodyKind.PARTY_MEMBERS),
    ("RESOLVE", BodyKind.REPRESENTATIVES),
)


def earned(book: Book) -> None:
    """Both streams received, stated and passed on; the households are registered."""
    furnish(book)
    populate(book)
    spend(book)
    receive(book, Stream.BENCHMARK_TARIFF, BENCHMARK_FEN, ARRIVED)
    receive(book, Stream.STATE_SUBSIDY, SUBSIDY_FEN, ARRIVED)
    state_and_pass(book, 1, ARRIVED)


def state_and_pass(book: Book, number: int, on: date) -> None:
    """The n-th statement of the year, confirmed and passed on."""
    both = (Stream.BENCHMARK_TARIFF, Stream.STATE_SUBSIDY)
    do(book, confirm_statement, PLANT, YEAR, both, on, on=on)
    do(book, pass_on, f"JZ-{PLANT}-{YEAR}-{number:02d}", on=on)


def request(**more: Any) -> PlanRequest:
    """Village A's plan with one job of twelve months."""
    facts: dict[str, Any] = {
        "code": PLAN,
        "holder_code": A,
        "title": "2020年收益分配方案",
        "income_year": YEAR,
        "period_from": date(YEAR, 1, 1),
        "period_to": date(YEAR, 12, 31),
        "cut_off": date(2020, 12, 31),
        "jobs": (WORKER,),
    } | more
    return PlanRequest(**facts)


def shipped(code: str) -> str:
    """The text of a policy that comes with the program."""
    return load(code)[1]


def drafted(
    book: Book, body: str = "", *, on: date = DRAFTED, extra: Path | None = None, **more: Any
) -> tuple[Plan, list[Flag]]:
    """Draft under a policy text (that of 2020 unless given)."""
    text = body or load("village-pv-2020", extra)[1]
    book.desk.recorder = "录入甲"
    made = do(book, draft, request(**more), parse(text, "test"), text, on=on, actor="M1")
    assert isinstance(made, tuple)
    return made


def decided(
    book: Book, stages: tuple[str, ...] = (), agree: int = 20, *, suffix: str = "", later: int = 0
) -> None:
    """The four deliberations, a day after the other, or some of them."""
    book.desk.recorder = "录入甲"
    for place, (stage, body) in enumerate(MEETINGS, start=1):
        if stages and stage not in stages:
            continue
        on = DRAFTED + timedelta(days=place + later)
        meeting = Meeting(body, on, 30, 25, agree, 0, 0, f"记-{place}{suffix}")
        do(book, plan_course.decide, PLAN, stage, meeting, on=on, actor="Z1")


def noticed(book: Book, *, on: date = POSTED, **more: Any) -> date:
    """Posted in every village of its payees."""
    book.desk.recorder = "录入甲"
    last = do(
        book, plan_course.post_notice, PLAN, place="公开栏", phone=None, on=on, actor="M1", **more
    )
    assert isinstance(last, date)
    return last


ACTORS = {Stage.SUPERVISE: "J1", Stage.TOWN_REVIEW: "S1", Stage.APPROVE: "Q1", Stage.FILE: "B1"}


def opined(book: Book, stage: Stage, *, on: date = OPINED, actor: str = "") -> None:
    """One of supervision, review, approval, filing."""
    book.desk.recorder = "录入乙"
    do(book, plan_course.take_stage, PLAN, stage, on=on, actor=actor or ACTORS[stage])


def filed(book: Book) -> None:
    """Drafted, decided, posted, supervised, reviewed and filed."""
    drafted(book)
    decided(book)
    noticed(book)
    for stage in (Stage.SUPERVISE, Stage.TOWN_REVIEW, Stage.FILE):
        opined(book, stage)


def posted(book: Book, *, on: date = BOOKED) -> int:
    """Posted in the books."""
    book.desk.recorder = "录入甲"
    count = do(book, plan_course.post_plan, PLAN, on=on, actor="M1")
    assert isinstance(count, int)
    return count


def state(book: Book) -> str:
    """The plan's state."""
    return state_of(book.session, ObjectKind.PLAN, PLAN)
