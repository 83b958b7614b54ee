"""The eight questions are answered from any end, and their sums come out."""

from datetime import date

import pytest
from sqlmodel import Session

from assets.asof import AsOf
from assets.errors import NotFound
from fixtures import audit_year
from fixtures.audit_year import ON, AuditYear
from ledger import questions
from ledger.questions import Answer
from tests.conftest import Book
from tests.ledger.payable_village import H1, PLAN, Payable

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""What does not depend on the database is tried on one."""


@pytest.fixture
def audited(book: Book) -> Session:
    def part(year: AuditYear) -> None:
        year.earning("WS-1")
        year.contract("HT-W", "WS-1", [(date(2021, 3, 1), 9_000), (date(2021, 7, 20), 9_000)])
        year.receipt("SK-W", "WS-1", 4_000, date(2021, 3, 2), stream="RENT")
        year.asset("WY-1", confirmed_on=date(2021, 6, 1), answered_on=None, state="CONFIRMED")

    audit_year.write(book.session, part)
    book.session.commit()
    return book.session


def sums(answer: Answer) -> list[str]:
    assert answer.holds
    return [proof.text for proof in answer.proofs]


def test_where_a_documents_money_went(audited: Session) -> None:
    with pytest.raises(NotFound):
        questions.money_of_document(audited, "没有的文", AsOf(ON))
    told = questions.money_of_document(audited, "文〔ZC-2〕", AsOf(ON))
    assert [row[1] for row in told.rows if row[0] == "资产"] == ["ZC-2"]
    assert len(sums(told)) == 3


@on_sqlite
def test_what_an_asset_earned_and_who_got_it(audited: Session) -> None:
    told = questions.earnings_of_asset(audited, "ZC-2", AsOf(ON))
    received = [row for row in told.rows if row[0] == "到账"]
    assert sum(int(str(row[4]).replace(",", "").replace(".", "")) for row in received) == 151_000
    passed = [row for row in told.rows if row[0] == "结转"]
    assert [(row[1], row[4], row[5]) for row in passed] == [("JZ-1", "500.00", "未列入方案")]
    assert sums(told) == ["Σ各权利人500.00 = JZ-1可分配500.00"]
    with pytest.raises(NotFound):
        questions.earnings_of_asset(audited, "ZC-99", AsOf(ON))


@on_sqlite
def test_what_is_due_and_not_received(audited: Session) -> None:
    told = questions.due_not_received(audited, ON)
    assert ("HT-W", "WS-1") in [(row[0], row[1]) for row in told.rows]
    assert all("=" in text for text in sums(told))


def test_what_is_received_and_not_distributed(audited: Session) -> None:
    told = questions.received_not_distributed(audited, AsOf(ON))
    assert [(row[0], row[2], row[5]) for row in told.rows] == [("VA", "ZC-2", "500.00")]
    assert sums(told) == ["Σ已到手＋期初−已列入方案500.00 = 未分配500.00"]


def test_what_is_confirmed_and_not_handed_over(audited: Session) -> None:
    told = questions.confirmed_not_handed_over(audited, AsOf(ON))
    assert [(row[0], row[5]) for row in told.rows] == [("WY-1", 29)]
    sums(told)
    assert questions.confirmed_not_handed_over(audited, AsOf(date(2021, 5, 31))).rows == ()


def test_what_was_known_on_a_day_and_at_a_position(audited: Session) -> None:
    told = questions.known_on(audited, "ZC-1", AsOf(ON))
    facts = {row[0]: row[1] for row in told.rows}
    assert facts["原值（元）"] == "10,000.00"
    assert facts["权利 OWN"] == "龙归村经济联合社 1/1"
    for code, day, position in (("ZC-1", date(2017, 1, 1), 10**9), ("ZC-1", ON, 1), ("无", ON, 9)):
        with pytest.raises(NotFound):
            questions.known_on(audited, code, AsOf(day, position))
    assert questions.known_on(audited, "H1", AsOf(ON)).rows[3][1] == 1
    plan = {row[0]: row[1] for row in questions.known_on(audited, "FA-0", AsOf(ON)).rows}
    assert plan["状态"] == "已完成"
    assert questions.known_on(audited, "FA-0", AsOf(date(2021, 1, 4))).rows[2][1] == "未登记"


@on_sqlite
def test_a_households_money_is_told_with_the_sentences_of_the_card(payable: Payable) -> None:
    told = questions.money_of_household(payable.session, H1, 2018, AsOf())
    assert (told.rows[0][0], told.rows[0][2]) == (PLAN, "2,000.00")
    assert any("您家2018年得" in str(row[1]) for row in told.rows if row[0] == "说明")
    assert len(sums(told)) == 2


def test_who_changed_an_object_is_told_entry_by_entry(payable: Payable) -> None:
    told = questions.who_changed(payable.session, PLAN, AsOf())
    commands = [row[4] for row in told.rows]
    assert commands[0] == "plan draft"
    assert {row[2] for row in told.rows} >= {"C01", "Z01", "J01", "S01", "B01"}
    ids = [row[0] for row in told.rows]
    assert ids == sorted(ids)
    earlier = questions.who_changed(payable.session, PLAN, AsOf(position=ids[0]))
    assert [row[0] for row in earlier.rows] == ids[:1]
    with pytest.raises(NotFound):
        questions.who_changed(payable.session, "没有的编号", AsOf())


@on_sqlite
def test_an_answer_as_json_has_its_sums(audited: Session) -> None:
    said = questions.due_not_received(audited, ON).as_json()
    assert said["proofs"][0]["holds"] is True
    assert set(said["rows"][0]) == set(questions.due_not_received(audited, ON).heads)
