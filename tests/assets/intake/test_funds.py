from datetime import date

import pytest

from assets import funds
from assets.asof import AsOf
from assets.errors import AlreadyDone, Refused
from assets.intake import funds as intake
from assets.projects import UnspentStage
from assets.trail import Act
from tests.assets.small_district import (
    CENTRAL,
    ON,
    PROVINCE,
    batch,
    fund_rows,
    names,
    problems,
    take_in,
)
from tests.conftest import Book


def test_wrong_rows_are_all_named(standing: Book) -> None:
    first = fund_rows()[0]
    new = {**first, "document_number": "韶财农〔2018〕99号"}
    rows = [{**new, "received_fen": 100_000_001}, {**first, "issued_fen": 100_000_100}]
    found = names(problems(standing.session, "funds", rows))
    assert found == ["received-over-issued", "already-registered"]


def test_odd_rows_are_remarked_on_and_taken_in(register: Book) -> None:
    row = {
        **fund_rows()[0],
        "document_number": "韶财农〔2018〕99号",
        "level": "区",
        "year": 2016,
        "issued_on": date(2019, 6, 1),
        "received_on": date(2018, 6, 1),
    }
    found = intake.remarks(register.session, batch("funds", [row]), ON)
    assert names(found) == [
        "level-unusual",
        "dates-out-of-order",
        "year-unusual",
        "date-in-future",
    ]
    take_in(register.session, "funds", [row])


def test_money_arrives_in_parts_and_never_more_than_was_issued(register: Book) -> None:
    session = register.session
    row = {**fund_rows()[0], "document_number": "韶财农〔2018〕99号", "received_fen": 40_000_000}
    take_in(session, "funds", [row])
    act = Act("R0005", "fund receipt", date(2019, 2, 1))
    funds.record_receipt(session, act, "韶财农〔2018〕99号", 60_000_000, received_on=act.on)
    session.commit()
    with pytest.raises(AlreadyDone):
        funds.record_receipt(session, act, "韶财农〔2018〕99号", 60_000_000, received_on=act.on)
    session.rollback()
    with pytest.raises(Refused, match="不能再登记"):
        funds.record_receipt(session, act, "韶财农〔2018〕99号", 1, received_on=act.on)
    session.rollback()
    exported = next(
        r for r in intake.export(session) if r["document_number"] == "韶财农〔2018〕99号"
    )
    assert (exported["received_fen"], exported["received_on"]) == (100_000_000, act.on)


@pytest.mark.parametrize("by", ["document", "year", "level", "type"])
def test_received_is_spent_plus_unspent_by_whatever_it_is_reviewed(standing: Book, by: str) -> None:
    lines = funds.review(standing.session, AsOf(date(2018, 12, 31)), by=by)
    assert sum(line.received_fen for line in lines) == 160_000_000
    for line in lines:
        assert line.received_fen == line.spent_fen + sum(line.unspent_fen.values())
    assert sum(line.formed_fen for line in lines) == 90_000_000 + 20_000_000 + 800_000


def test_unspent_money_lies_at_its_stage_and_moves_with_the_day(standing: Book) -> None:
    def of(document: str, day: date) -> funds.ReviewLine:
        lines = funds.review(standing.session, AsOf(day))
        return next(line for line in lines if line.key == document)

    before = of(CENTRAL, date(2018, 8, 1))
    assert before.spent_fen == 0
    assert before.unspent_fen[UnspentStage.UNFINISHED] == 60_000_000
    after = of(PROVINCE, date(2018, 12, 31))
    assert after.unspent_fen[UnspentStage.NOT_STARTED] == 200_000
    assert after.unspent_fen[UnspentStage.UNALLOCATED] == 9_000_000
    assert after.formed_ppm == 1_000_000 and after.not_received_fen == 0


def test_the_review_by_town_counts_what_was_allocated_there(standing: Book) -> None:
    lines = funds.review(standing.session, AsOf(), by="town")
    assert [(line.key, line.issued_fen) for line in lines] == [("440203102000", 0)]
    assert lines[0].allocated_fen == 111_000_000


@pytest.mark.parametrize(
    ("kind", "year", "regime"),
    [
        ("CENTRAL_SPECIAL", 2018, funds.Regime.POVERTY),
        ("LINKING_2021", 2020, funds.Regime.LINKING),
        ("DISTRICT", 2023, funds.Regime.LINKING),
        ("ROUTINE_2026", 2026, funds.Regime.ROUTINE),
    ],
)
def test_a_fund_belongs_to_the_regime_of_its_type_or_year(
    kind: str, year: int, regime: funds.Regime
) -> None:
    assert funds.regime_of(kind, year) is regime
