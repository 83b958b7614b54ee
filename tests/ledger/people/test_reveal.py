"""Who sees names and numbers: only who says why, and never without a record."""

import ast
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlmodel import select

from assets import trail
from assets.errors import MissingTool, Refused, SeparationOfDuties
from assets.masking import PersonalNumberInText
from assets.procedure.actors import NoSuchRole
from assets.trail.log import size
from assets.vault import SealBroken, Vault
from ledger.database import open_session
from ledger.models import Access, Person
from ledger.people import events
from ledger.people.lookup import find_by_card, find_by_id, find_by_name
from ledger.people.persons import PersonalData, normal_name, person_by_code
from ledger.people.reveal import reveal
from tests.assets.small_district import LONGGUI_VILLAGE, actor_rows, party_rows, take_in
from tests.conftest import Book
from tests.ledger.people.small_village import (
    CARD,
    CHEN,
    LI,
    ON,
    PHONE,
    WANG_MOTHER,
    act,
    an_id,
    settle,
)

ROOT = Path(__file__).parents[3]


@pytest.fixture
def village(book: Book) -> Book:
    settle(book.session)
    return book


def test_revealing_gives_the_plaintext_and_leaves_one_record(village: Book) -> None:
    session = village.session
    chen, li = (person_by_code(session, each["person_code"]) for each in (CHEN, LI))
    before = size(session)
    shown = reveal(session, [li.id, chen.id], act(), "打印发放花名册", scope="FA-2019-001")
    session.commit()
    assert (shown[chen.id].name, shown[chen.id].card, shown[chen.id].phone) == ("陈塱", CARD, PHONE)
    assert shown[chen.id].id_number == CHEN["id_number"] and shown[chen.id].payable
    assert shown[li.id].health == "长期慢性病" and not shown[li.id].payable, "no account"
    assert size(session) == before + 1
    record = session.exec(select(Access)).one()
    assert (record.actor_code, record.purpose, record.scope) == (
        "R0001",
        "打印发放花名册",
        "FA-2019-001",
    )
    assert (record.recorder, record.person_count) == ("测试录入人", 2)

    chen = person_by_code(session, CHEN["person_code"])
    before = size(session)
    with trail.entry(session, act(), "batch-export", "PC-1") as written:
        shown = reveal(session, [chen.id], act(), "导出银行文件", scope="PC-1", written=written)
    session.commit()
    assert shown[chen.id].card == CARD and size(session) == before + 1


def test_each_look_is_recorded_also_the_same_one_again(village: Book) -> None:
    session = village.session
    people = session.exec(select(Person.id)).all()
    for _ in range(2):
        reveal(session, people, act(), "打印明白卡", scope="MB-1")
        session.commit()
    assert len(session.exec(select(Access)).all()) == 2


def test_nobody_looks_without_name_purpose_or_right_to_write(village: Book) -> None:
    session = village.session
    chen = person_by_code(session, CHEN["person_code"])
    with pytest.raises(SeparationOfDuties):
        reveal(session, [chen.id], act(actor=" "), "打印")
    with pytest.raises(Refused, match="用途"):
        reveal(session, [chen.id], act(), " ")
    with pytest.raises(PersonalNumberInText):
        reveal(session, [chen.id], act(), f"查{PHONE}")
    session.rollback()
    with (
        open_session(village.url, desk=village.desk) as reading,
        pytest.raises(Refused, match="查阅登记"),
    ):
        reveal(reading, [chen.id], act(), "打印")


def test_another_key_file_opens_nothing(village: Book) -> None:
    session = village.session
    chen = person_by_code(session, CHEN["person_code"])
    village.desk.vault = Vault(bytes(32), village.desk.entropy)
    with pytest.raises(SealBroken):
        reveal(session, [chen.id], act(), "打印")
    session.rollback()
    village.desk.vault = None
    with pytest.raises(MissingTool):
        reveal(session, [chen.id], act(), "打印")
    session.rollback()


def test_persons_are_found_by_number_or_name_also_when_only_reading(village: Book) -> None:
    with open_session(village.url, desk=village.desk) as session:
        chen = person_by_code(session, CHEN["person_code"])
        mother = person_by_code(session, WANG_MOTHER["person_code"])
        assert find_by_id(session, CHEN["id_number"]) == [chen.id]
        assert find_by_card(session, "6210 0000 0000 0003 021") == [chen.id]
        assert find_by_name(session, " 陈 塱 ") == [chen.id]
        core = an_id(1955, male=False)
        assert find_by_id(session, core) == find_by_id(session, core + "42") == [mother.id]
        assert find_by_name(session, "陈") == [] and find_by_id(session, an_id(1999)) == []


def test_the_data_give_nothing_away_in_a_traceback(village: Book) -> None:
    data = PersonalData(name="陈塱", id_number=CHEN["id_number"], card=CARD, phone=PHONE)
    assert "陈塱" not in repr(data) and CARD not in repr(data)
    assert (data.masked_id[:2], data.masked_id[-3:], data.card_tail) == (
        "44",
        CHEN["id_number"][-3:],
        "3021",
    )
    assert data.masked_card.endswith("3021") and data.masked_phone == "199****0001"
    assert replace(data, id_number="", id_state="证件号待核").masked_id == "证件号待核"


def test_names_are_compared_without_blanks_and_in_one_form() -> None:
    assert normal_name("陈　塱") == normal_name("陈塱") == "陈塱"
    assert normal_name("买买提•艾力") == normal_name("买买提·艾力")


def test_envelopes_are_opened_by_the_people_package_only() -> None:
    """``unsealed`` is named in the modules of people and of their import, nowhere else."""
    naming = set()
    for package in ("assets", "ledger", "reports"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                name = getattr(node, "attr", getattr(node, "id", ""))
                if name == "unsealed" or (
                    isinstance(node, ast.ImportFrom)
                    and any(alias.name == "unsealed" for alias in node.names)
                ):
                    naming.add(path.relative_to(ROOT).as_posix())
    assert naming == {
        "ledger/intake/households.py",
        "ledger/people/events.py",
        "ledger/people/reveal.py",
    }


def test_an_office_sees_the_people_of_its_area_only(village: Book) -> None:
    """In a book with registered staff; R0001 is clerk of one village, others of more or none."""
    session = village.session
    take_in(session, "parties", party_rows())
    take_in(session, "actors", actor_rows())
    here = person_by_code(session, CHEN["person_code"])
    there = person_by_code(session, "500000000401")
    assert reveal(session, [here.id], act(), "打印明白卡")
    session.commit()
    with pytest.raises(NoSuchRole, match="西河镇塘头村"):
        reveal(session, [here.id, there.id], act(), "打印明白卡")
    session.rollback()
    with pytest.raises(NoSuchRole, match="没有任职登记"):
        reveal(session, [here.id], act(actor="X9999"), "打印明白卡")
    session.rollback()
    with pytest.raises(NoSuchRole):
        reveal(session, [here.id], act(date(2010, 1, 1)), "打印明白卡")
    session.rollback()
    events.move_household(session, act(), "5000000004", LONGGUI_VILLAGE, moved_on=ON)
    session.commit()
    assert len(reveal(session, [here.id, there.id], act(), "打印明白卡")) == 2
    session.commit()
