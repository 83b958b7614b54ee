"""A village lives through many events in any order: what must hold after each of them, holds."""

import random
from collections.abc import Callable
from datetime import date, timedelta

from assets import trail
from assets.asof import AsOf
from assets.errors import Refused
from ledger.models import HouseholdStatus
from ledger.people import events
from ledger.people.events import NewMember
from ledger.people.households import HouseholdRow, household_rows, members_of
from ledger.people.persons import PersonalData
from ledger.people.roster import freeze_roster, roster_members
from tests.assets.small_district import FENGTIAN, LONGGUI_VILLAGE, TANGTOU
from tests.conftest import Book
from tests.ledger.people.small_village import act, settle

VILLAGES = (LONGGUI_VILLAGE, FENGTIAN, TANGTOU)
FIRST = date(2020, 3, 1)
STEPS = 30


class Village:
    """Draws events at random; ``expected`` counts the living as the events say."""

    def __init__(self, book: Book, seed: int) -> None:
        self.session = book.session
        self.draw = random.Random(seed)
        self.on = FIRST
        self.expected = sum(row.size for row in self.rows())
        self.serial = 0

    def rows(self) -> list[HouseholdRow]:
        return household_rows(self.session, AsOf(self.on))

    def step(self) -> str:
        self.on += timedelta(days=self.draw.randint(0, 20))
        verbs: list[Callable[[], int]] = [
            self.birth,
            self.death,
            self.split,
            self.merge,
            self.move,
            self.head,
            self.join,
            self.leave,
            self.exit,
        ]
        verb = self.draw.choice(verbs)
        try:
            change = verb()
        except Refused:
            self.session.rollback()
            return ""
        self.session.commit()
        self.expected += change
        return verb.__name__

    def some_household(self) -> HouseholdRow:
        return self.draw.choice([row for row in self.rows() if row.size])

    def some_person(self, row: HouseholdRow) -> str:
        inside = members_of(self.session, [row.household_id], AsOf(self.on))
        return self.draw.choice(inside[row.household_id]).code

    def code(self, prefix: str) -> str:
        self.serial += 1
        return f"{prefix}{self.serial:04d}"

    def birth(self) -> int:
        row = self.some_household()
        baby = NewMember(self.code("60000000"), PersonalData(name="新生"), "之子")
        events.record_birth(self.session, act(self.on), row.code, baby, born_on=self.on)
        return 1

    def death(self) -> int:
        row = self.some_household()
        heir = self.some_person(row)
        person = self.some_person(row)
        events.record_death(self.session, act(self.on), person, died_on=self.on, new_head=heir)
        return -1

    def split(self) -> int:
        row = self.some_household()
        person = self.some_person(row)
        events.split_household(
            self.session,
            act(self.on),
            row.code,
            self.code("700000"),
            [person],
            head=person,
            split_on=self.on,
        )
        return 0

    def merge(self) -> int:
        into, source = self.some_household(), self.some_household()
        events.merge_households(
            self.session, act(self.on), into.code, source.code, merged_on=self.on
        )
        return 0

    def move(self) -> int:
        village = self.draw.choice(VILLAGES)
        row = self.some_household()
        events.move_household(self.session, act(self.on), row.code, village, moved_on=self.on)
        return 0

    def head(self) -> int:
        row = self.some_household()
        person = self.some_person(row)
        events.change_head(self.session, act(self.on), row.code, person, changed_on=self.on)
        return 0

    def join(self) -> int:
        person = self.some_person(self.some_household())
        into = self.some_household()
        events.admit(self.session, act(self.on), into.code, person, "亲属", joined_on=self.on)
        return 0

    def leave(self) -> int:
        person = self.some_person(self.some_household())
        events.release(self.session, act(self.on), person, left_on=self.on)
        return -1

    def exit(self) -> int:
        row = self.some_household()
        status = HouseholdStatus.LEFT_ROSTER
        events.change_status(self.session, act(self.on), row.code, status, changed_on=self.on)
        return 0

    def refuse_nonsense(self) -> None:
        """Nobody is lost, made or doubled; who lives together has one living head among them."""
        rows = self.rows()
        assert sum(row.size for row in rows) == self.expected
        inside = members_of(self.session, [row.household_id for row in rows], AsOf(self.on))
        everybody = [member.code for each in inside.values() for member in each]
        assert len(everybody) == len(set(everybody)) == self.expected
        for row in rows:
            people = inside.get(row.household_id, [])
            assert row.size == len(people)
            if people:
                assert row.head_person_id in {each.person_id for each in people}, row.code
                heads = [each.person_id for each in people if each.relation == "户主"]
                assert heads == [row.head_person_id], row.code


def test_nobody_is_lost_or_doubled_and_a_frozen_roster_stays(book: Book) -> None:
    settle(book.session)
    village = Village(book, seed=1)
    with trail.entry(book.session, act(FIRST), "plan-draft", "FA-1") as written:
        roster = freeze_roster(book.session, written, "FA-1", scope=VILLAGES, cut_off=FIRST)
    book.session.commit()
    frozen = roster_members(book.session, roster)
    done = set()
    for _ in range(STEPS):
        done.add(village.step())
        village.refuse_nonsense()
    assert len(done - {""}) >= 6, "many kinds of events came to pass"
    assert roster_members(book.session, roster) == frozen
    assert [row.size for row in household_rows(book.session, AsOf(FIRST))] == [
        entry.persons for entry in frozen
    ]
