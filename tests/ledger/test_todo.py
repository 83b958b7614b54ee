"""What waits is listed with its office and last day, and is gone when it has been done."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import Session

from assets import trail
from assets.models import DeclaredGap, Objection, StageAct
from assets.trail import Act
from fixtures import audit_year
from fixtures.audit_year import ON, VILLAGE_A, VILLAGE_B, VILLAGE_C, AuditYear
from ledger import todo
from ledger.findings import open_by_hand
from ledger.todo import Task, tasks
from tests.conftest import Book

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""What does not depend on the database is tried on one."""


def enter(book: Book, part: Callable[[AuditYear], Any] | None = None) -> Session:
    audit_year.write(book.session, part)
    book.session.commit()
    return book.session


def of(found: list[Task], step: str) -> list[tuple[str, date | None]]:
    return [(task.code, task.due_on) for task in found if task.step == step]


@on_sqlite
def test_in_a_clean_year_only_what_is_not_due_waits(book: Book) -> None:
    session = enter(book)
    found = tasks(session, ON)
    assert {task.step for task in found} == {"batch-release", "plan-draft"}
    assert tasks(session, date(2017, 1, 1)) == []


def test_every_query_runs_and_names_office_and_command(book: Book) -> None:
    session = enter(book)
    for step in todo.STEPS:
        todo._rows(session, step.query, ON)
        assert step.fupin.startswith("fupin ")
        assert step.roles or step.name == "finding"


@on_sqlite
def test_titles_and_handovers_wait_for_the_next_office(book: Book) -> None:
    def part(year: AuditYear) -> None:
        untitled: dict[str, Any] = {"confirmed_on": None, "answered_on": None}
        year.asset("WQ-1", state="TITLE_PROPOSED", **untitled)
        year.title("QQ-WQ-1", date(2021, 5, 1))
        year.asset("WY-1", confirmed_on=date(2021, 6, 1), answered_on=None, state="CONFIRMED")
        year.asset("WR-1", answered_on=date(2021, 6, 20), booked_on=None, state="ACCEPTED")
        year.asset(
            "WB-1",
            outcome="RESERVED",
            remedy_due_on=date(2021, 7, 5),
            state="ACCEPTED_WITH_RESERVATIONS",
        )

    session = enter(book, part)
    found = tasks(session, ON)
    assert of(found, "title-decide") == [("QQ-WQ-1", None)]
    assert of(found, "handover-prepare") == [("WY-1", date(2019, 8, 1) + timedelta(days=90))]
    # Of an asset that was handed over only the day of acceptance counts.
    assert of(found, "handover-book") == [("YJ-WR-1", date(2021, 7, 20))]
    assert of(found, "handover-remedy") == [("WB-1", date(2021, 7, 5))]
    remedy = next(task for task in found if task.step == "handover-remedy")
    assert remedy.days_left(ON) == 5
    assert remedy.people == ("N1",)


@pytest.mark.tampered
@on_sqlite
def test_plans_wait_for_notice_opinion_review_and_filing(book: Book) -> None:
    states = {
        "P-1": ("DRAFT", "plan-decide"),
        "P-2": ("DECIDED", "plan-notice"),
        "P-3": ("NOTICED", "plan-supervise"),
        "P-4": ("SUPERVISED", "plan-review"),
        "P-5": ("REVIEWED", "plan-file"),
        "P-6": ("FILED", "plan-post"),
    }

    def part(year: AuditYear) -> None:
        for code, (state, _) in states.items():
            home = year.household(f"W{code}", village=VILLAGE_B)
            year.plan(code, {"REWARD": {home: 1}}, holder="VB", village=VILLAGE_B)
            year.status("PLAN", code, state, date(2021, 3, 1))
        home = year.household("WP-7", village=VILLAGE_B)
        running: dict[str, Any] = {
            "posted_on": date(2021, 6, 25),
            "holder": "VB",
            "village": VILLAGE_B,
        }
        year.plan("P-7", {"REWARD": {home: 1}}, **running)
        year.status("PLAN", "P-7", "NOTICED", date(2021, 6, 25))

    session = enter(book, part)
    found = tasks(session, ON)
    for code, (_, step) in states.items():
        assert code in [each for each, _ in of(found, step)]
    assert of(found, "plan-posted") == [("P-7", date(2021, 7, 5))]
    assert of(tasks(session, date(2021, 7, 6)), "plan-posted") == []
    assert {task.division_code for task in tasks(session, ON, division=VILLAGE_B)} == {VILLAGE_B}


@on_sqlite
def test_objections_findings_and_missing_papers_have_their_owner_and_day(book: Book) -> None:
    session = enter(book)
    with trail.entry(session, Act("N1", "test", ON), "test", "papers") as written:
        written.add(
            Objection(
                code="FA-0-Y01",
                object_kind="PLAN",
                object_code="FA-0",
                round_no=1,
                received_on=date(2021, 6, 20),
                answer_due_on=date(2021, 6, 29),
                content="金额不对",
            )
        )
        written.add(
            DeclaredGap(
                object_kind="ASSET",
                object_code="ZC-1",
                missing="竣工验收报告",
                reason="未移交",
                vouched_by="某人",
                declared_on=ON,
            )
        )
    made = open_by_hand(
        session,
        Act("A1", "x", ON),
        object_kind="ASSET",
        object_code="ZC-1",
        subject="标牌缺失",
        amount_fen=0,
        owner="T1",
        due_on=date(2021, 7, 15),
    )
    session.commit()
    found = tasks(session, ON)
    assert of(found, "objection") == [("FA-0-Y01", date(2021, 6, 29))]
    late = next(task for task in found if task.step == "objection")
    assert late.days_left(ON) == -1 and late.division_code == VILLAGE_C
    assert of(found, "finding") == [(made.code, date(2021, 7, 15))]
    assert next(task.remark for task in found if task.step == "paper-missing") == "竣工验收报告"
    mine = tasks(session, ON, actor="T1")
    assert "finding" in {task.step for task in mine}
    assert {task.step for task in tasks(session, ON, actor="A1")} == set()
    assert found[0].step == "objection"


def test_money_that_waits_is_the_agencys_and_the_villages(book: Book) -> None:
    def part(year: AuditYear) -> None:
        year.earning("WS-1")
        year.receipt("SK-W", "WS-1", 5_000, date(2021, 6, 1), receiver="J1", year=2021)
        receipt = year.receipt("SK-X", "WS-1", 6_000, date(2021, 5, 1), receiver="J1", year=2021)
        year.statement(
            "JZ-X", "WS-1", receipt, 6_000, passed_on=None, confirmed_on=date(2021, 6, 2)
        )
        homes = [year.household(f"WS{n}", village=VILLAGE_A) for n in (1, 2)]
        year.plan(
            "P-R",
            {"REWARD": dict(zip(homes, (5, 6), strict=True))},
            returned={homes[0]: date(2021, 6, 10)},
        )
        year.earning("WS-2")
        year.contract("HT-W", "WS-2", [(date(2021, 7, 20), 9_000)], ends_on=date(2021, 8, 20))

    session = enter(book, part)
    found = tasks(session, ON)
    assert of(found, "income-statement") == [("WS-1/2021", date(2021, 7, 1))]
    assert of(found, "income-pass") == [("JZ-X", date(2021, 7, 2))]
    assert of(found, "batch-reissue") == [("P-R-Z1", date(2021, 7, 10))]
    assert of(found, "contract-due") == [("HT-W", date(2021, 7, 20))]
    assert of(found, "contract-end") == [("HT-W", date(2021, 8, 20))]
    assert "P-R-Z1" in [code for code, _ in of(found, "batch-release")]


def test_a_step_that_is_taken_is_gone(book: Book) -> None:
    session = enter(book)
    assert of(tasks(session, ON), "batch-release") == [("FA-0-Z1", None)]
    with trail.entry(session, Act("F1", "release", ON), "test", "release") as written:
        written.add(
            StageAct(
                object_kind="BATCH",
                object_code="FA-0-Z1",
                stage="RELEASE",
                duty="APPROVE",
                actor_code="F1",
                recorder="F1",
                acted_on=ON,
            )
        )
    session.commit()
    found = tasks(session, ON)
    assert of(found, "batch-release") == []
    assert of(found, "batch-export") == [("FA-0-Z1", None)]


@pytest.mark.parametrize("step", todo.STEPS, ids=lambda step: step.name)
def test_every_step_says_what_waits(step: todo.Step) -> None:
    assert step.what and step.query.strip()
