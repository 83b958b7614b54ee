"""The list of households: what it may say, what it is refused for, and where its names end up."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import SQLModel, select

from assets.asof import AsOf
from assets.errors import AlreadyDone, MissingTool
from assets.models import DataKey, ImportRecord, Log
from assets.trail.log import size
from assets.workbook.cells import PENDING_ID
from ledger.intake.households import HANDLER, status_of
from ledger.models import HouseholdFact, Person, PersonIndex, PersonVersion
from ledger.people.events import move_household, record_death
from ledger.people.households import household_rows, members, size_on
from ledger.people.persons import ID_PENDING
from ledger.people.reveal import reveal
from tests.assets.small_district import (
    FENGTIAN,
    LONGGUI_VILLAGE,
    TANGTOU,
    batch,
    division_rows,
    take_in,
)
from tests.conftest import Book
from tests.ledger.people.small_village import (
    CARD,
    CHEN,
    CHEN_SON,
    CHEN_WIFE,
    H1,
    H2,
    H3,
    H5,
    LI,
    ON,
    PHONE,
    Values,
    act,
    an_id,
    changed,
    home,
    household,
    list_in,
    named,
    person,
    problems,
    settle,
    village_rows,
)


def test_households_stand_from_their_day_with_members_status_keys_and_source(book: Book) -> None:
    outcome = settle(book.session)
    assert dict(outcome.counts) == {"户": 5, "人": 8, "更新户": 0, "更新人": 0}
    rows = household_rows(book.session, AsOf())
    assert [(row.code, row.size) for row in rows] == [
        (H1, 3),
        (H2, 1),
        (H3, 2),
        ("5000000004", 1),
        (H5, 1),
    ]
    assert rows[0].town == "龙归镇" and rows[0].village == "龙归村" and rows[0].labour == 2
    before = household_rows(book.session, AsOf(date(2019, 12, 31)), village=LONGGUI_VILLAGE)
    after = household_rows(book.session, AsOf(date(2020, 2, 20)), village=LONGGUI_VILLAGE)
    assert [row.code for row in before] == [H1, H2]
    assert [row.code for row in after] == [H1, H2, H5]
    found = {row.code: row for row in household_rows(book.session, AsOf())}
    assert found[H1].status == "LIFTED"
    assert (found[H2].status, found[H2].monitor_kind, found[H2].risk_cleared) == (
        "MONITORED",
        "EDGE",
        False,
    )
    assert (found[H3].status, found[H3].allowance) == ("REGISTERED", "低保")
    keys = book.session.exec(select(DataKey.owner)).all()
    owners = book.session.exec(select(PersonVersion.owner)).all()
    assert len(keys) == 5 and set(owners) == set(keys) and len(owners) == 8
    record = book.session.exec(select(ImportRecord).where(ImportRecord.kind == "households")).one()
    assert record.row_count == 8
    facts = book.session.exec(select(HouseholdFact)).all()
    assert all(fact.source_sha256 == record.file_sha256 and fact.source_row for fact in facts)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("脱贫户", "LIFTED"),
        ("已脱贫（享受政策）", "LIFTED"),
        ("监测户", "MONITORED"),
        ("脱贫不稳定户", "MONITORED"),
        ("一般贫困户", "REGISTERED"),
        ("五保户", "REGISTERED"),
        ("一般农户", "ORDINARY"),
        ("注销", "LEFT_ROSTER"),
    ],
)
def test_a_word_of_the_trade_means_one_status(word: str, status: str) -> None:
    found = status_of(word)
    assert found is not None and found.value == status


def test_the_same_file_or_content_again_is_done_already_and_writes_nothing(book: Book) -> None:
    settle(book.session)
    before = size(book.session)
    with pytest.raises(AlreadyDone):
        HANDLER.apply(
            book.session, act(command="import households"), batch("households", village_rows())
        )
    book.session.rollback()
    assert size(book.session) == before
    again = [changed(row, serial_no=str(place)) for place, row in enumerate(village_rows())]
    assert problems(book.session, again) == []
    with pytest.raises(AlreadyDone, match="账中都已有"):
        HANDLER.apply(book.session, act(command="import households"), batch("households", again))
    book.session.rollback()


def test_villages_of_one_file_may_be_taken_in_one_by_one(book: Book) -> None:
    """The parts of a split file share its digest, and still each is an import of its own."""
    take_in(book.session, "divisions", division_rows())
    whole = batch("households", village_rows())
    for village in (LONGGUI_VILLAGE, FENGTIAN, TANGTOU):
        part = replace(whole, rows=[row for row in whole.rows if row["village_code"] == village])
        assert HANDLER.check(book.session, part, ON) == []
        HANDLER.apply(book.session, act(command="import households"), part)
        book.session.commit()
    assert len(household_rows(book.session, AsOf())) == 5
    with pytest.raises(AlreadyDone):
        HANDLER.apply(book.session, act(command="import households"), part)
    book.session.rollback()


# --- what is refused ------------------------------------------------------------------------

Spoil = Callable[[list[Values]], list[Values]]


def _other_id(rows: list[Values]) -> list[Values]:
    """A disability card made of the head's ID, on the row of his wife."""
    rows[1] = changed(rows[1], id_number=rows[0]["id_number"] + "42")
    return rows


SPOILT: list[tuple[str, Spoil]] = [
    (
        "duplicate-key",
        lambda rows: [*rows, changed(rows[4], household_code=H3, relation_to_head="之女")],
    ),
    ("duplicate-id", _other_id),
    (
        "one-head-per-household",
        lambda rows: [changed(rows[0], relation_to_head="之父"), *rows[1:]],
    ),
    (
        "one-head-per-household",
        lambda rows: [rows[0], changed(rows[1], relation_to_head="户主"), *rows[2:]],
    ),
    (
        "member-count",
        lambda rows: [changed(row, member_count=4) for row in rows[:3]] + rows[3:],
    ),
    ("member-count", lambda rows: rows[:1] + rows[2:]),
    (
        "unknown-village",
        lambda rows: [changed(row, village_code="440203102299") for row in rows],
    ),
    (
        "household-in-two-villages",
        lambda rows: [changed(rows[0], village_code=FENGTIAN), *rows[1:]],
    ),
    ("unknown-status", lambda rows: [changed(row, household_type="富裕户") for row in rows]),
    (
        "unknown-monitored-type",
        lambda rows: [changed(row, monitored_type="不详") for row in rows],
    ),
    (
        "personal-number-in-text",
        lambda rows: [changed(row, hamlet_name=f"上屋{PHONE}") for row in rows],
    ),
]


def test_a_list_that_contradicts_itself_is_refused(book: Book) -> None:
    take_in(book.session, "divisions", division_rows())
    for fault, spoil in SPOILT:
        found = problems(book.session, spoil(village_rows()))
        assert fault in named(found), fault
        assert all(each.message and each.remedy and each.cell for each in found)


def test_a_list_that_tells_of_changes_without_an_event_is_refused(book: Book) -> None:
    settle(book.session)
    again = household("5000000009", FENGTIAN, [person("500000000901", "陈塱", CHEN["id_number"])])
    found = problems(book.session, again)
    assert named(found) == {"id-registered-elsewhere"}
    assert H1 in found[0].message and CHEN["id_number"] not in found[0].text
    rows = household("5000000009", FENGTIAN, [CHEN])
    found = problems(book.session, rows)
    assert named(found) == {"person-in-other-household"} and H1 in found[0].message
    found = problems(book.session, household(H1, LONGGUI_VILLAGE, [CHEN, CHEN_WIFE]))
    assert named(found) == {"member-missing"} and CHEN_SON["person_code"] in found[0].message


def test_the_dead_are_not_listed_again(book: Book) -> None:
    settle(book.session)
    record_death(book.session, act(), CHEN_SON["person_code"], died_on=ON)
    book.session.commit()
    rows = household(H1, LONGGUI_VILLAGE, [CHEN, CHEN_WIFE, CHEN_SON])
    assert named(problems(book.session, rows)) == {"listed-after-death"}
    assert problems(book.session, household(H1, LONGGUI_VILLAGE, [CHEN, CHEN_WIFE])) == []
    assert problems(book.session, village_rows()) == []


def test_a_household_may_not_move_by_a_list(book: Book) -> None:
    settle(book.session)
    rows = household(H2, FENGTIAN, [LI], household_type="监测户")
    assert named(problems(book.session, rows)) == {"village-differs-from-book"}
    move_household(book.session, act(), H2, FENGTIAN, moved_on=ON)
    book.session.commit()
    assert problems(book.session, rows) == []


def test_nothing_is_taken_in_without_a_key_file(book: Book) -> None:
    take_in(book.session, "divisions", division_rows())
    book.desk.vault = None
    with pytest.raises(MissingTool, match=r"fupin\.key"):
        HANDLER.apply(
            book.session, act(command="import households"), batch("households", village_rows())
        )
    book.session.rollback()


# --- what changes ---------------------------------------------------------------------------


def test_a_later_list_writes_only_what_differs(book: Book) -> None:
    settle(book.session)
    new_card = "6210000000000000019"
    rows = village_rows()
    rows[0] = changed(rows[0], card_no=new_card)
    rows[3] = changed(rows[3], risk_cleared=True)
    outcome = list_in(book.session, rows, on=date(2020, 3, 1))
    assert dict(outcome.counts) == {"户": 0, "人": 0, "更新户": 1, "更新人": 1}
    chen = members(book.session, home(book.session, H1).id, AsOf())[0]
    shown = reveal(book.session, [chen.person_id], act(), "核对卡号")
    assert shown[chen.person_id].card == new_card
    before = reveal(book.session, [chen.person_id], act(), "核对卡号", at=AsOf(date(2020, 2, 29)))
    assert before[chen.person_id].card == CARD
    book.session.commit()


def test_a_blank_cell_keeps_and_a_cleared_one_empties(book: Book) -> None:
    settle(book.session)
    rows = village_rows()
    rows[0] = changed(rows[0], card_no="【清除】", bank_name=None)
    list_in(book.session, rows, on=date(2020, 3, 1))
    chen = members(book.session, home(book.session, H1).id, AsOf())[0]
    data = reveal(book.session, [chen.person_id], act(), "核对卡号")[chen.person_id]
    book.session.commit()
    assert (data.card, data.bank) == ("", "农商银行")


def test_a_newcomer_of_a_known_household_counts_from_the_import(book: Book) -> None:
    settle(book.session)
    baby = person(
        "500000000104", "陈小妹", an_id(2019, male=False), "之女", work_ability="无劳动力"
    )
    list_in(
        book.session,
        household(
            H1, LONGGUI_VILLAGE, [CHEN, CHEN_WIFE, CHEN_SON, baby], household_phone="19900000009"
        ),
        on=date(2019, 6, 1),
    )
    home_id = home(book.session, H1).id
    assert size_on(book.session, home_id, AsOf(date(2019, 5, 31))) == 3
    assert size_on(book.session, home_id, AsOf(date(2019, 6, 1))) == 4


def test_the_mark_of_the_workbook_is_the_state_of_the_book() -> None:
    assert PENDING_ID == ID_PENDING


def test_a_damaged_id_comes_in_as_pending_and_blocks_only_payment(book: Book) -> None:
    damaged = [None, ID_PENDING, "440203197003019990", "4.40203E+17"]
    rows = [
        row
        for place, number in enumerate(damaged)
        for row in household(
            f"500000001{place}",
            LONGGUI_VILLAGE,
            [changed(CHEN, person_code=f"50000000010{place}", id_number=number)],
        )
    ]
    settle(book.session, rows)
    assert [row.size for row in household_rows(book.session, AsOf())] == [1, 1, 1, 1]
    people = book.session.exec(select(Person.id)).all()
    for data in reveal(book.session, people, act(), "编制支付").values():
        assert data.id_state == ID_PENDING and not data.payable and data.name == "陈塱"
    book.session.commit()
    assert not book.session.exec(select(PersonIndex).where(PersonIndex.kind == "ID")).all()
    book.session.info["act"] = act(command="export households")
    listed = HANDLER.export(book.session) if HANDLER.export else []
    book.session.commit()
    assert [row["id_number"] for row in listed] == [
        ID_PENDING,
        ID_PENDING,
        f"{ID_PENDING}440203197003019990",
        f"{ID_PENDING}4.40203E+17",
    ]
    again = [{**row, "village_code": LONGGUI_VILLAGE} for row in listed]
    assert problems(book.session, again) == []
    with pytest.raises(AlreadyDone, match="账中都已有"):
        HANDLER.apply(book.session, act(command="import households"), batch("households", again))
    book.session.rollback()
    again[1]["id_number"] = an_id(1970)
    HANDLER.apply(book.session, act(command="import households"), batch("households", again))
    book.session.commit()
    held = reveal(book.session, people, act(), "编制支付").values()
    assert [data.payable for data in held] == [False, True, False, False]


# --- round trip -----------------------------------------------------------------------------


def test_what_is_exported_and_imported_again_changes_nothing(book: Book) -> None:
    settle(book.session)
    book.session.info["act"] = act(command="export households")
    rows = HANDLER.export(book.session) if HANDLER.export else []
    book.session.commit()
    assert len(rows) == 8
    for row in rows:  # the reader puts the codes of places beside their names
        row["village_code"] = next(
            each["village_code"]
            for each in village_rows()
            if each["household_code"] == row["household_code"]
        )
    listed = {row["person_code"]: row for row in village_rows()}
    for row in rows:
        given = listed[row["person_code"]]
        for name in (
            "name",
            "id_number",
            "card_no",
            "bank_name",
            "person_phone",
            "work_ability",
            "relation_to_head",
            "household_identified_on",
            "member_count",
            "health",
            "ethnicity",
            "hamlet_name",
            "monitored_type",
            "risk_cleared",
        ):
            assert row.get(name) == given.get(name), name
    assert problems(book.session, rows) == []
    with pytest.raises(AlreadyDone, match="账中都已有"):
        HANDLER.apply(book.session, act(command="import households"), batch("households", rows))
    book.session.rollback()


# --- privacy --------------------------------------------------------------------------------

SECRETS = [
    *("陈塱", "黄桂英", "陈小塱", "李根", "王春", "谢㙦"),
    *(CHEN["id_number"], CHEN["id_number"][:17], an_id(1955, male=False), CARD, PHONE),
    *("19900000009", "长期慢性病", "农商银行", "汉族"),
]


def test_no_table_but_the_envelopes_holds_a_name_or_number(book: Book) -> None:
    settle(book.session)
    people = book.session.exec(select(Person.id)).all()
    reveal(book.session, people, act(), "打印发放花名册", scope="FA-2019-001")
    book.session.commit()
    seen = everything(book)
    assert len(seen) > 100, "the scan reads the tables"
    for secret in SECRETS:
        for where, cell in seen:
            assert secret.encode() not in cell, f"{where} holds a plaintext"
    content = b"".join(cell for _, cell in everything(book))
    if book.database == "sqlite":
        content = Path(book.url.removeprefix("sqlite:///")).read_bytes()
    assert H1.encode() in content, "codes are there in plain"
    for secret in SECRETS:
        assert secret.encode() not in content
    assert any(b"5000000001" in cell for _, cell in everything(book))


def everything(book: Book) -> list[tuple[str, bytes]]:
    """Every text and every blob of every table, with where it stands."""
    found: list[tuple[str, bytes]] = []
    for table in SQLModel.metadata.sorted_tables:
        for row in book.session.execute(table.select()).mappings():
            for name, value in row.items():
                if isinstance(value, str):
                    found.append((f"{table.name}.{name}", value.encode()))
                elif isinstance(value, bytes):
                    found.append((f"{table.name}.{name}", value))
    return found


def test_a_rolled_back_import_leaves_no_opened_key(book: Book) -> None:
    take_in(book.session, "divisions", division_rows())
    HANDLER.apply(
        book.session, act(command="import households"), batch("households", village_rows())
    )
    book.session.rollback()
    list_in(book.session, village_rows())
    chen = members(book.session, home(book.session, H1).id, AsOf())[0]
    assert reveal(book.session, [chen.person_id], act(), "核对")[chen.person_id].name == "陈塱"
    book.session.commit()
    assert book.session.execute(text("SELECT count(*) FROM data_key")).scalar() == 5
    assert book.session.exec(select(Log.id)).all()
