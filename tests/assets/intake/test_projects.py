from datetime import date

import pytest

from assets import projects
from assets.asof import AsOf
from assets.errors import NotFound
from assets.intake import projects as intake
from assets.projects import UnspentStage
from tests.assets.small_district import (
    CENTRAL,
    ON,
    PROVINCE,
    batch,
    export,
    names,
    problems,
    project_rows,
    take_in,
)
from tests.conftest import Book


def test_one_document_paid_in_two_parts_is_allocated_once(register: Book) -> None:
    first, *_ = project_rows()
    part = {**first, "project_code": "XM-2018-009", "allocated_fen": 1_000_000}
    rows = [
        {**part, "paid_fen": 600_000, "payment_voucher_no": "记-010"},
        {**part, "paid_fen": 400_000, "payment_voucher_no": "记-011"},
    ]
    outcome = take_in(register.session, "projects", rows)
    assert outcome.counts == {"项目": 1, "变更": 0, "安排": 1, "支付": 2}
    row = next(
        r for r in projects.project_rows(register.session, AsOf()) if r.code == "XM-2018-009"
    )
    assert (row.allocated_fen, row.paid_fen, row.unspent_fen) == (1_000_000, 1_000_000, 0)


def test_a_later_file_adds_a_payment_and_a_date(register: Book) -> None:
    works = project_rows()[2]
    later = {
        **works,
        "accepted_on": date(2019, 3, 1),
        "paid_on": date(2019, 3, 5),
        "paid_fen": 200_000,
        "payment_voucher_no": "记-020",
    }
    outcome = take_in(register.session, "projects", [works, later], on=date(2019, 3, 6))
    assert outcome.counts["支付"] == 1
    assert [r["payment_voucher_no"] for r in export(register.session, "projects")][-1] == "记-020"


def test_wrong_rows_are_all_named(standing: Book) -> None:
    plant, _, works = project_rows()
    new = {**plant, "project_code": "XM-2018-009", "payment_voucher_no": "记-010"}
    cases = [
        [{**new, "document_number": "韶财农〔2018〕13号"}],
        [{**new, "allocated_fen": 50_000_000, "paid_fen": 1}],
        [{**new, "allocated_fen": 100, "paid_fen": 101}],
        [{**plant, "allocated_fen": 1}],
        [{**plant, "paid_fen": 1}],
        [{**works, "paid_fen": 300_000, "payment_voucher_no": "记-021"}],
        [{**new, "town_name": "龙龟镇", "allocated_fen": 1, "paid_fen": 1}],
        [{**new, "town_name": "", "allocated_fen": 1, "paid_fen": 1}],
        [
            {**new, "allocated_fen": 10, "paid_fen": 1},
            {**new, "allocated_fen": 20, "paid_fen": 1, "payment_voucher_no": "记-011"},
        ],
    ]
    found = [names(problems(standing.session, "projects", rows)) for rows in cases]
    assert found == [
        ["unknown-code"],
        ["over-document"],
        ["over-allocation"],
        ["allocation-differs"],
        ["already-registered"],
        ["over-allocation"],
        ["unknown-place"],
        ["place-missing"],
        ["allocation-differs"],
    ]


def test_a_mistyped_document_is_answered_with_the_nearest(standing: Book) -> None:
    row = {**project_rows()[0], "document_number": "韶财农〔2018〕13号"}
    found = problems(standing.session, "projects", [row])
    assert CENTRAL in found[0].remedy or PROVINCE in found[0].remedy


def test_dates_out_of_order_are_remarked_on(standing: Book) -> None:
    row = {
        **project_rows()[0],
        "approved_on": date(2019, 1, 1),
        "final_account_fen": 1,
    }
    found = intake.remarks(standing.session, batch("projects", [row]), ON)
    assert names(found) == ["dates-out-of-order", "paid-before-approval", "paid-over-final"]


def test_a_project_is_at_its_stage_on_a_day(standing: Book) -> None:
    project = projects.project_by_code(standing.session, "XM-2018-001")
    fact = projects.project_fact(standing.session, project.id, AsOf())
    assert fact is not None
    days = [date(2018, 6, 1), date(2018, 7, 1), date(2018, 12, 1), date(2018, 12, 8)]
    assert [projects.unspent_stage(fact, day) for day in days] == [
        UnspentStage.NOT_STARTED,
        UnspentStage.UNFINISHED,
        UnspentStage.NOT_ACCEPTED,
        UnspentStage.SURPLUS,
    ]
    fact.final_account_fen = None
    assert projects.unspent_stage(fact, days[-1]) is UnspentStage.NOT_SETTLED
    fact.unspent_stage = "UNFINISHED"
    assert projects.unspent_stage(fact, days[-1]) is UnspentStage.UNFINISHED
    standing.session.expunge_all()


def test_projects_are_listed_by_place_and_an_unknown_one_is_not_found(standing: Book) -> None:
    listed = projects.project_rows(standing.session, AsOf(), village="440203102205")
    assert [row.code for row in listed] == ["XM-2018-002"]
    with pytest.raises(NotFound):
        projects.project_by_code(standing.session, "XM-0")
