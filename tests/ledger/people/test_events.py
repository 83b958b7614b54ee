"""What happens to households and persons, day by day, and what is refused on the way."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from assets.asof import AsOf
from assets.errors import AlreadyDone, InvalidBankCard, InvalidIdNumber, NotFound, Refused
from assets.trail.log import size
from ledger.models import HouseholdStatus, LabourAbility, MonitorKind
from ledger.people import events
from ledger.people.events import EventOutOfOrder, NewMember, NotAMember
from ledger.people.history import household_history
from ledger.people.households import heads, household_rows, members, size_on
from ledger.people.lookup import find_by_card, find_by_id
from ledger.people.persons import PersonalData, person_by_code
from ledger.people.reveal import reveal
from tests.assets.small_district import FENGTIAN, LONGGUI_VILLAGE, TANGTOU
from tests.conftest import Book
from tests.ledger.people.small_village import (
    CHEN,
    CHEN_SON,
    CHEN_WIFE,
    H1,
    H2,
    H3,
    H4,
    LI,
    ON,
    WANG,
    WANG_MOTHER,
    act,
    an_id,
    home,
    settle,
)

DAY = date(2019, 5, 1)
LATER = date(2019, 6, 1)
HEAD, WIFE, SON = CHEN["person_code"], CHEN_WIFE["person_code"], CHEN_SON["person_code"]


@pytest.fixture
def village(book: Book) -> Book:
    settle(book.session)
    return book


def living(book: Book, code: str, on: date = LATER) -> list[str]:
    return [each.code for each in members(book.session, home(book.session, code).id, AsOf(on))]


def head_of(book: Book, code: str, on: date = LATER) -> int:
    household = home(book.session, code)
    return heads(book.session, [household.id], AsOf(on))[household.id]


def test_a_birth_counts_from_its_day_and_takes_no_code_or_id_that_is_taken(village: Book) -> None:
    session = village.session
    taken = NewMember(SON, PersonalData(name="陈新"), "之子")
    with pytest.raises(Refused, match="已登记"):
        events.record_birth(session, act(DAY), H1, taken, born_on=DAY)
    session.rollback()
    same = NewMember("500000000109", PersonalData(name="陈新", id_number=LI["id_number"]), "之子")
    with pytest.raises(Refused, match=LI["person_code"]):
        events.record_birth(session, act(DAY), H1, same, born_on=DAY)
    session.rollback()
    baby = NewMember("500000000109", PersonalData(name="陈新", id_number=an_id(2019)), "之子")
    person = events.record_birth(session, act(DAY), H1, baby, born_on=DAY)
    session.commit()
    household_id = home(session, H1).id
    assert size_on(session, household_id, AsOf(DAY - timedelta(days=1))) == 3
    assert size_on(session, household_id, AsOf(DAY)) == 4
    assert find_by_id(session, an_id(2019)) == [person.id]


def test_the_dead_are_not_counted_from_that_day_and_do_nothing_more(village: Book) -> None:
    session = village.session
    events.record_death(session, act(LATER), SON, died_on=DAY)
    session.commit()
    assert living(village, H1, DAY - timedelta(days=1)) == [HEAD, WIFE, SON]
    assert living(village, H1, DAY) == [HEAD, WIFE]
    son = person_by_code(session, SON)
    assert events.deaths(session, [son.id], AsOf(LATER)) == {son.id: DAY}
    assert events.deaths(session, [son.id], AsOf(DAY - timedelta(days=1))) == {}

    before = size(session)
    acts: list[Callable[[], object]] = [
        lambda: events.record_death(session, act(LATER), SON, died_on=LATER),
        lambda: events.change_labour(
            session, act(LATER), SON, LabourAbility.WEAK, changed_on=LATER
        ),
        lambda: events.admit(session, act(LATER), H2, SON, "之孙子", joined_on=LATER),
        lambda: events.change_head(session, act(LATER), H1, SON, changed_on=LATER),
    ]
    for again in acts:
        with pytest.raises(NotAMember):
            again()
        session.rollback()
    with pytest.raises(AlreadyDone):
        events.record_death(session, act(LATER), SON, died_on=DAY)
    session.rollback()
    assert size(session) == before


def test_when_the_head_dies_another_member_leads_the_household(village: Book) -> None:
    session = village.session
    with pytest.raises(Refused, match="新户主"):
        events.record_death(session, act(LATER), HEAD, died_on=DAY)
    session.rollback()
    with pytest.raises(NotAMember):
        events.record_death(session, act(LATER), HEAD, died_on=DAY, new_head=LI["person_code"])
    session.rollback()
    events.record_death(session, act(LATER), HEAD, died_on=DAY, new_head=WIFE)
    session.commit()
    wife = person_by_code(session, WIFE)
    assert head_of(village, H1, DAY) == wife.id
    assert head_of(village, H1, DAY - timedelta(days=1)) == person_by_code(session, HEAD).id
    assert living(village, H1, DAY)[0] == WIFE, "the head comes first"


def test_a_death_is_not_undone_by_what_was_recorded_of_later_days(village: Book) -> None:
    session = village.session
    weak = LabourAbility.WEAK
    events.change_labour(session, act(LATER), SON, weak, changed_on=LATER)
    events.record_death(session, act(LATER), SON, died_on=DAY)
    session.commit()
    assert living(village, H1, LATER) == [HEAD, WIFE]


def test_a_bride_joins_another_household_and_who_joins_an_empty_one_leads_it(village: Book) -> None:
    session = village.session
    events.admit(session, act(DAY), H2, WIFE, "配偶", joined_on=DAY)
    session.commit()
    assert WIFE in living(village, H2) and WIFE not in living(village, H1)
    wife = person_by_code(session, WIFE)
    shown = reveal(session, [wife.id], act(DAY), "核对")
    assert shown[wife.id].name == "黄桂英"
    session.commit()
    with pytest.raises(NotAMember, match="已是"):
        events.admit(session, act(LATER), H2, WIFE, "配偶", joined_on=LATER)
    session.rollback()

    events.record_death(session, act(DAY), "500000000401", died_on=DAY)
    events.admit(session, act(DAY), H4, SON, "侄子", joined_on=DAY)
    session.commit()
    assert head_of(village, H4) == person_by_code(session, SON).id
    assert [each.relation for each in members(session, home(session, H4).id, AsOf())] == ["户主"]


def test_the_head_leaves_only_after_another_leads(village: Book) -> None:
    session = village.session
    ways: list[Callable[[], object]] = [
        lambda: events.release(session, act(DAY), HEAD, left_on=DAY),
        lambda: events.admit(session, act(DAY), H2, HEAD, "亲属", joined_on=DAY),
    ]
    for leaving in ways:
        with pytest.raises(Refused, match="先变更户主"):
            leaving()
        session.rollback()
    events.change_head(session, act(DAY), H1, WIFE, changed_on=DAY, old_relation="配偶")
    events.release(session, act(DAY), HEAD, left_on=DAY)
    session.commit()
    assert living(village, H1) == [WIFE, SON]
    with pytest.raises(AlreadyDone):
        events.release(session, act(DAY), HEAD, left_on=DAY)
    session.rollback()
    with pytest.raises(NotAMember):
        events.release(session, act(LATER), HEAD, left_on=LATER)
    session.rollback()


def test_a_household_moves_whole_to_a_registered_village_and_the_day_decides(village: Book) -> None:
    session = village.session
    with pytest.raises(NotFound):
        events.move_household(session, act(DAY), H1, "440203102299", moved_on=DAY)
    session.rollback()
    with pytest.raises(Refused, match="无须"):
        events.move_household(session, act(DAY), H1, LONGGUI_VILLAGE, moved_on=DAY)
    session.rollback()
    events.move_household(session, act(LATER), H1, TANGTOU, moved_on=DAY, group="新屋组")
    session.commit()
    before = household_rows(session, AsOf(DAY - timedelta(days=1)), village=LONGGUI_VILLAGE)
    after = household_rows(session, AsOf(DAY), village=LONGGUI_VILLAGE)
    assert [row.code for row in before] == [H1, H2] and [row.code for row in after] == [H2]
    moved = household_rows(session, AsOf(DAY), village=TANGTOU)
    assert [(row.code, row.size, row.group) for row in moved] == [
        (H1, 3, "新屋组"),
        (H4, 1, "上屋组"),
    ]


def test_nothing_is_recorded_of_the_future_or_before_what_is_known(village: Book) -> None:
    session = village.session
    events.move_household(session, act(LATER), H1, TANGTOU, moved_on=LATER)
    session.commit()
    status = HouseholdStatus.LEFT_ROSTER
    for day, acted in ((LATER + timedelta(days=1), LATER), (DAY, LATER)):
        with pytest.raises(EventOutOfOrder):
            events.change_status(session, act(acted), H1, status, changed_on=day)
        session.rollback()
    with pytest.raises(EventOutOfOrder):
        events.record_death(session, act(DAY), SON, died_on=LATER)
    session.rollback()


def test_a_split_keeps_everybody_and_the_history(village: Book) -> None:
    session = village.session
    cases = [
        ("5000000011", [HEAD, WIFE, SON], WIFE, "全部分出"),
        ("5000000011", [HEAD], HEAD, "原户户主"),
        ("5000000011", [SON], WIFE, "不在分出"),
        ("5000000011", [LI["person_code"]], LI["person_code"], "在世成员"),
        (H2, [SON], SON, "已被使用"),
    ]
    for code, leaving, head, reason in cases:
        with pytest.raises(Refused, match=reason):
            events.split_household(session, act(DAY), H1, code, leaving, head=head, split_on=DAY)
        session.rollback()
    new = events.split_household(
        session, act(DAY), H1, "5000000011", [WIFE, SON], head=WIFE, split_on=DAY
    )
    session.commit()
    assert living(village, H1) == [HEAD] and living(village, new.code) == [WIFE, SON]
    assert living(village, H1, DAY - timedelta(days=1)) == [HEAD, WIFE, SON]
    rows = {row.code: row for row in household_rows(session, AsOf(DAY), village=LONGGUI_VILLAGE)}
    assert rows["5000000011"].status == rows[H1].status and rows["5000000011"].event == "SPLIT"
    assert head_of(village, new.code) == person_by_code(session, WIFE).id
    told = household_history(session, home(session, H1).id, AsOf(LATER))
    assert [(each["on"], each["event"]) for each in told][1:] == [
        ("2019-05-01", "SPLIT"),
        ("2019-05-01", "SPLIT"),
    ]
    with pytest.raises(AlreadyDone):
        events.split_household(
            session, act(DAY), H1, "5000000011", [WIFE, SON], head=WIFE, split_on=DAY
        )
    session.rollback()


def test_a_merge_keeps_everybody_and_empties_one_household(village: Book) -> None:
    session = village.session
    people = sum(row.size for row in household_rows(session, AsOf(DAY)))
    events.merge_households(session, act(DAY), H1, H3, merged_on=DAY)
    session.commit()
    rows = {row.code: row for row in household_rows(session, AsOf(DAY))}
    assert (rows[H1].size, rows[H3].size, rows[H3].status) == (5, 0, "LEFT_ROSTER")
    assert sum(row.size for row in rows.values()) == people
    relations = {m.code: m.relation for m in members(session, home(session, H1).id, AsOf(DAY))}
    assert [code for code, relation in relations.items() if relation == "户主"] == [HEAD]
    assert (
        relations[WANG["person_code"]] == "其他" and relations[WANG_MOTHER["person_code"]] == "之母"
    )
    for into, source, reason in ((H1, H1, "同一户"), (H1, H3, "无在世成员")):
        with pytest.raises(Refused, match=reason):
            events.merge_households(session, act(LATER), into, source, merged_on=LATER)
        session.rollback()


def test_relapse_monitoring_clearing_and_exit_are_dated(village: Book) -> None:
    session = village.session
    with pytest.raises(Refused, match="类型"):
        events.change_status(session, act(DAY), H1, HouseholdStatus.MONITORED, changed_on=DAY)
    session.rollback()
    with pytest.raises(Refused, match="不是监测对象"):
        events.change_status(
            session, act(DAY), H1, HouseholdStatus.LIFTED, changed_on=DAY, risk_cleared=True
        )
    session.rollback()
    with pytest.raises(Refused, match="没有变化"):
        events.change_status(session, act(DAY), H1, HouseholdStatus.LIFTED, changed_on=DAY)
    session.rollback()
    days = [DAY + timedelta(days=30 * n) for n in range(4)]
    change = events.change_status
    facts = [
        change(
            session,
            act(days[0]),
            H1,
            HouseholdStatus.MONITORED,
            changed_on=days[0],
            monitor_kind=MonitorKind.SUDDEN,
        ),
        change(
            session, act(days[1]), H1, HouseholdStatus.LIFTED, changed_on=days[1], risk_cleared=True
        ),
        change(session, act(days[2]), H1, HouseholdStatus.REGISTERED, changed_on=days[2]),
        change(session, act(days[3]), H1, HouseholdStatus.LEFT_ROSTER, changed_on=days[3]),
    ]
    session.commit()
    assert [fact.event for fact in facts] == ["MONITOR", "CLEARED", "RELAPSE", "EXIT"]
    found = [
        next(row.status for row in household_rows(session, AsOf(day)) if row.code == H1)
        for day in [DAY - timedelta(days=1), *days]
    ]
    assert found == ["LIFTED", "MONITORED", "LIFTED", "REGISTERED", "LEFT_ROSTER"]


def test_a_village_that_is_merged_takes_its_households_along(village: Book) -> None:
    session = village.session
    count = events.recode_village(session, act(DAY), LONGGUI_VILLAGE, FENGTIAN, changed_on=DAY)
    session.commit()
    # The one identified in 2020 follows from its own first day.
    assert count == 3
    here = household_rows(session, AsOf(date(2020, 3, 1)), village=FENGTIAN)
    assert len(here) == 4 and not household_rows(
        session, AsOf(date(2020, 3, 1)), village=LONGGUI_VILLAGE
    )
    with pytest.raises(Refused, match="没有农户"):
        events.recode_village(session, act(LATER), LONGGUI_VILLAGE, FENGTIAN, changed_on=LATER)
    session.rollback()
    with pytest.raises(NotFound):
        events.recode_village(session, act(LATER), FENGTIAN, "440203102299", changed_on=LATER)
    session.rollback()


def test_a_corrected_card_holds_from_its_day_and_is_found(village: Book) -> None:
    session = village.session
    card = "6210000000000000019"
    events.correct_person(session, act(DAY), HEAD, corrected_on=DAY, card=card, bank="邮储银行")
    session.commit()
    chen = person_by_code(session, HEAD)
    assert find_by_card(session, card) == [chen.id] and find_by_card(session, CHEN["card_no"]) == []
    old = reveal(session, [chen.id], act(DAY), "核对", at=AsOf(DAY - timedelta(days=1)))
    new = reveal(session, [chen.id], act(DAY), "核对")
    session.commit()
    assert (old[chen.id].card, new[chen.id].card, new[chen.id].bank) == (
        CHEN["card_no"],
        card,
        "邮储银行",
    )
    with pytest.raises(AlreadyDone):
        events.correct_person(session, act(DAY), HEAD, corrected_on=DAY, card=card, bank="邮储银行")
    session.rollback()

    wrong_id = an_id(1970)[:17] + "#"
    for error, changes in (
        (InvalidIdNumber, {"id_number": wrong_id}),
        (InvalidBankCard, {"card": "62"}),
        (Refused, {"id_number": LI["id_number"]}),
        (Refused, {"name": "陈塱"}),
        (Refused, {"wealth": "many"}),
        (Refused, {}),
    ):
        with pytest.raises(error):
            events.correct_person(session, act(DAY), HEAD, corrected_on=DAY, **changes)
        session.rollback()


def test_another_receives_on_document_until_its_end(village: Book) -> None:
    session = village.session
    household = home(session, H1)
    events.authorise_payee(
        session,
        act(DAY),
        H1,
        SON,
        LI["person_code"],
        relation="监护人",
        document="监护证明2019-1号",
        until=LATER,
    )
    session.commit()
    son = person_by_code(session, SON)
    for day, valid in (
        (DAY - timedelta(days=1), False),
        (DAY, True),
        (LATER, True),
        (LATER + timedelta(days=1), False),
    ):
        found = events.payee_authorities(session, [household.id], AsOf(day))
        assert (son.id in found) is valid
    for beneficiary, payee, relation, document, until in (
        (LI["person_code"], SON, "亲属", "委1号", LATER),
        (SON, SON, "本人", "委1号", LATER),
        (SON, LI["person_code"], "", "委1号", LATER),
        (SON, LI["person_code"], "亲属", "", LATER),
        (SON, WANG["person_code"], "亲属", "委1号", ON),
    ):
        with pytest.raises(Refused):
            events.authorise_payee(
                session,
                act(DAY + timedelta(days=1)),
                H1,
                beneficiary,
                payee,
                relation=relation,
                document=document,
                until=until,
            )
        session.rollback()
