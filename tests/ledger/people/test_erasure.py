"""When personal data may be erased, what restricts it, and what stays."""

from datetime import date

import pytest
from sqlmodel import select

from assets import trail
from assets.asof import AsOf
from assets.errors import AlreadyDone, NotFound, Refused, SeparationOfDuties
from assets.models import DataKey
from assets.trail.verify import verify
from ledger.models import Erasure, HouseholdStatus, PersonIndex
from ledger.people import events
from ledger.people.erasure import erase, kept_until
from ledger.people.households import household_rows
from ledger.people.lookup import find_by_id, find_by_name
from ledger.people.persons import ERASED_TEXT, RESTRICTED_TEXT, person_by_code
from ledger.people.reveal import reveal
from ledger.people.roster import freeze_roster
from tests.assets.small_district import LONGGUI_VILLAGE
from tests.conftest import Book
from tests.ledger.people.small_village import (
    CHEN,
    CHEN_SON,
    CHEN_WIFE,
    H1,
    H2,
    act,
    home,
    settle,
)

LEFT = date(2019, 6, 1)
ASKED = date(2021, 12, 1)
REASON = "本人申请2021年第3号"


@pytest.fixture
def village(book: Book) -> Book:
    settle(book.session)
    return book


def leave_roster(book: Book, code: str = H1) -> None:
    events.change_status(
        book.session, act(LEFT), code, HouseholdStatus.LEFT_ROSTER, changed_on=LEFT
    )
    book.session.commit()


def test_after_erasing_nobody_reads_the_names_and_everything_else_stays(village: Book) -> None:
    session = village.session
    leave_roster(village)
    row = erase(session, act(ASKED), H1, REASON)
    session.commit()
    assert row.outcome == "ERASED" and session.get(DataKey, H1) is None
    chen = person_by_code(session, CHEN["person_code"])
    data = reveal(session, [chen.id], act(ASKED), "打印")[chen.id]
    session.commit()
    assert (data.name, data.id_number, data.erased, data.payable) == (ERASED_TEXT, "", True, False)
    assert find_by_id(session, CHEN["id_number"]) == [] and find_by_name(session, "陈塱") == []
    assert next(row.size for row in household_rows(session, AsOf()) if row.code == H1) == 3
    assert not verify(session).faults, "the log covers the envelopes, not what was in them"

    with pytest.raises(AlreadyDone):
        erase(session, act(ASKED), H1, REASON)
    session.rollback()
    assert len(session.exec(select(Erasure)).all()) == 1


def test_who_still_shares_in_aid_is_not_erased(village: Book) -> None:
    session = village.session
    for row, reason, who, error in (
        (H1, REASON, "R0001", Refused),
        (H1, " ", "R0001", Refused),
        (H1, REASON, " ", SeparationOfDuties),
        ("5999999999", REASON, "R0001", NotFound),
    ):
        with pytest.raises(error):
            erase(session, act(ASKED, actor=who), row, reason)
        session.rollback()
    assert session.get(DataKey, H1) is not None


def test_while_accounts_must_be_kept_the_data_are_restricted_not_erased(village: Book) -> None:
    session = village.session
    with trail.entry(session, act(), "plan-draft", "FA-1") as written:
        freeze_roster(session, written, "FA-1", scope=[LONGGUI_VILLAGE], cut_off=date(2019, 3, 1))
    session.commit()
    leave_roster(village)
    assert kept_until(session, home(session, H1)) == date(2049, 12, 31)
    assert erase(session, act(ASKED), H1, REASON).outcome == "RESTRICTED"
    session.commit()
    chen = person_by_code(session, CHEN["person_code"])
    shown = reveal(session, [chen.id], act(ASKED), "打印")[chen.id]
    audited = reveal(session, [chen.id], act(ASKED), "审计", despite_restriction=True)[chen.id]
    session.commit()
    assert (shown.name, shown.card) == (RESTRICTED_TEXT, "") and audited.name == "陈塱"
    with pytest.raises(AlreadyDone):
        erase(session, act(ASKED), H1, REASON)
    session.rollback()
    for day, outcome in ((date(2049, 12, 30), None), (date(2049, 12, 31), "ERASED")):
        if outcome is None:
            with pytest.raises(AlreadyDone):
                erase(session, act(day), H1, REASON)
            session.rollback()
        else:
            assert erase(session, act(day), H1, REASON).outcome == outcome
            session.commit()


def test_who_has_moved_on_is_not_erased_with_the_old_household(village: Book) -> None:
    session = village.session
    events.admit(session, act(LEFT), H2, CHEN_WIFE["person_code"], "配偶", joined_on=LEFT)
    session.commit()
    leave_roster(village)
    erase(session, act(ASKED), H1, REASON)
    session.commit()
    wife = person_by_code(session, CHEN_WIFE["person_code"])
    son = person_by_code(session, CHEN_SON["person_code"])
    shown = reveal(session, [wife.id, son.id], act(ASKED), "打印")
    session.commit()
    assert (shown[wife.id].name, shown[son.id].name) == ("黄桂英", ERASED_TEXT)
    assert find_by_id(session, CHEN_WIFE["id_number"]) == [wife.id]
    indexed = set(session.exec(select(PersonIndex.person_id)).all())
    assert wife.id in indexed and son.id not in indexed
