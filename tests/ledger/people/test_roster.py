"""Who is on a frozen roster, who came or went, and what keeps a roster from being frozen."""

from datetime import date, timedelta

import pytest
from sqlmodel import Session, select

from assets import trail
from assets.asof import AsOf
from assets.errors import NotFound
from ledger.models import (
    HouseholdStatus,
    MonitorKind,
    PersonIndex,
    Roster,
)
from ledger.people import events
from ledger.people.households import household_codes
from ledger.people.persons import person_by_code
from ledger.people.roster import (
    DuplicateOnRoster,
    NobodyOnRoster,
    freeze_roster,
    previous_roster,
    roster_by_code,
    roster_differences,
    roster_groups,
    roster_heads,
    roster_members,
)
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
    H5,
    LI,
    act,
    home,
    settle,
)

CUT_OFF = date(2019, 12, 31)
NEXT = date(2020, 12, 31)


@pytest.fixture
def village(book: Book) -> Book:
    settle(book.session)
    return book


def freeze(
    session: Session,
    plan: str = "FA-2019-001",
    scope: tuple[str, ...] = (LONGGUI_VILLAGE,),
    cut_off: date = CUT_OFF,
    previous: Roster | None = None,
) -> Roster:
    with trail.entry(session, act(command="plan draft"), "plan-draft", plan) as written:
        roster = freeze_roster(
            session, written, plan, scope=list(scope), cut_off=cut_off, previous=previous
        )
    session.commit()
    return roster


def test_the_roster_holds_who_was_registered_and_alive_on_the_day(village: Book) -> None:
    roster = freeze(village.session)
    assert (roster.code, roster.household_count, roster.person_count) == ("FA-2019-001-R1", 2, 4)
    first, second = roster_members(village.session, roster)
    assert (first.code, first.persons, first.labour, first.village) == (H1, 3, 2, LONGGUI_VILLAGE)
    assert first.status is HouseholdStatus.LIFTED
    assert (second.code, second.persons, second.status) == (H2, 1, HouseholdStatus.MONITORED)
    heads = roster_heads(village.session, roster)
    assert heads[first.household_id] == person_by_code(village.session, CHEN["person_code"]).id
    assert roster_groups(village.session, roster)[first.household_id] == "上屋组"
    assert roster_by_code(village.session, roster.code).id == roster.id
    with pytest.raises(NotFound):
        roster_by_code(village.session, "FA-2019-001-R9")

    roster = freeze(village.session, "FA-2019-T1", (LONGGUI_VILLAGE, FENGTIAN))
    assert [each.code for each in roster_members(village.session, roster)] == [H1, H2, H3]

    for n, (day, there) in enumerate(
        [(date(2020, 2, 19), False), (date(2020, 2, 20), True), (date(2020, 2, 21), True)]
    ):
        roster = freeze(village.session, plan=f"FA-{n}", cut_off=day)
        codes = [each.code for each in roster_members(village.session, roster)]
        assert (H5 in codes) is there


def test_a_frozen_roster_is_not_touched_by_what_comes_later(village: Book) -> None:
    session = village.session
    roster = freeze(session)
    before = roster_members(session, roster)
    late = date(2020, 1, 31)
    events.record_death(session, act(late), CHEN_SON["person_code"], died_on=date(2019, 12, 1))
    events.move_household(session, act(late), H2, TANGTOU, moved_on=late)
    events.change_status(session, act(late), H1, HouseholdStatus.LEFT_ROSTER, changed_on=late)
    session.commit()
    assert roster_members(session, roster) == before


def test_every_household_in_or_out_has_its_reason(village: Book) -> None:
    session = village.session
    first = freeze(session, scope=(LONGGUI_VILLAGE, TANGTOU))
    day = date(2020, 6, 1)
    events.record_death(session, act(day), CHEN_SON["person_code"], died_on=day)
    events.move_household(session, act(day), H2, FENGTIAN, moved_on=day)
    events.record_death(session, act(day), "500000000401", died_on=day)
    session.commit()
    assert previous_roster(session, [TANGTOU, LONGGUI_VILLAGE], NEXT) is not None
    second = freeze(session, "FA-2020-001", (LONGGUI_VILLAGE, TANGTOU), NEXT, previous=first)
    changes = roster_differences(session, second)
    codes = household_codes(session, [each.household_id for each in changes])
    told = {codes[each.household_id]: (each.change, each.reason) for each in changes}
    assert told == {
        H1: ("SIZE", "3人变为2人：亡故（减1人）"),
        H2: ("OUT", "迁出本村"),
        H4: ("OUT", "户内已无在世成员"),
        H5: ("IN", "新纳入名册"),
    }


def test_splits_merges_statuses_and_exits_are_told_as_such(village: Book) -> None:
    session = village.session
    scope = (LONGGUI_VILLAGE, FENGTIAN, TANGTOU)
    first = freeze(session, scope=scope)
    day = date(2020, 6, 1)
    wife = CHEN_WIFE["person_code"]
    events.split_household(session, act(day), H1, "5000000011", [wife], head=wife, split_on=day)
    events.merge_households(session, act(day), H2, H3, merged_on=day)
    events.change_status(
        session,
        act(day),
        H4,
        HouseholdStatus.MONITORED,
        changed_on=day,
        monitor_kind=MonitorKind.UNSTABLE,
    )
    later = day + timedelta(days=30)
    session.commit()
    second = freeze(session, "FA-2020-001", scope, later, previous=first)
    changes = roster_differences(session, second)
    codes = household_codes(session, [each.household_id for each in changes])
    told = {(codes[each.household_id], each.change): each.reason for each in changes}
    assert told == {
        (H1, "SIZE"): "3人变为2人：分户（减1人）",
        ("5000000011", "IN"): "分户",
        (H2, "SIZE"): "1人变为3人：并户（增1人）、并户（增1人）",
        (H3, "OUT"): "并入他户",
        (H4, "STATUS"): "脱贫户变为监测户",
        (H5, "IN"): "新纳入名册",
    }
    events.change_status(session, act(NEXT), H4, HouseholdStatus.LEFT_ROSTER, changed_on=NEXT)
    session.commit()
    third = freeze(session, "FA-2020-002", scope, NEXT, previous=second)
    assert [each.reason for each in roster_differences(session, third)] == ["变为退出名单"]


def test_a_roster_with_one_id_in_two_households_is_not_frozen(village: Book) -> None:
    """Imports and events refuse it; whatever else brings it in is stopped here."""
    session = village.session
    li = person_by_code(session, LI["person_code"])
    chen = person_by_code(session, CHEN["person_code"])
    rows = session.exec(
        select(PersonIndex).where(PersonIndex.kind == "ID", PersonIndex.person_id == chen.id)
    ).all()
    session.add(PersonIndex(kind="ID", digest=rows[0].digest, person_id=li.id))
    session.commit()
    with pytest.raises(DuplicateOnRoster, match=f"{H1}与{H2}"):
        freeze(session)
    session.rollback()


def test_a_roster_is_not_frozen_without_anybody_and_a_redraft_freezes_another(
    village: Book,
) -> None:
    with pytest.raises(NobodyOnRoster):
        freeze(village.session, cut_off=date(2015, 1, 1))
    village.session.rollback()
    events.record_death(village.session, act(), "500000000401", died_on=act().on)
    village.session.commit()
    with pytest.raises(NobodyOnRoster):
        freeze(village.session, scope=(TANGTOU,))
    village.session.rollback()

    session = village.session
    first = freeze(session)
    with trail.entry(session, act(), "plan-redraft", "FA-2019-001") as written:
        again = freeze_roster(
            session, written, "FA-2019-001", scope=[LONGGUI_VILLAGE], cut_off=CUT_OFF
        )
    session.commit()
    assert (first.code, again.code) == ("FA-2019-001-R1", "FA-2019-001-R2")
    assert roster_differences(session, again) == []
    assert previous_roster(session, [LONGGUI_VILLAGE], CUT_OFF) is None
    assert home(session, H1).id in roster_heads(session, again)
    assert AsOf().day > CUT_OFF
