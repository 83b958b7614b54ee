"""Is the answer for a day and a position the row that held then, as it was known then?"""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from assets import trail
from assets.asof import AsOf, current_row, current_rows
from assets.models import Party, PartyFact
from assets.trail import Act
from tests.conftest import Book

DAYS = [date(2019, 1, 1), date(2020, 1, 1), date(2021, 1, 1)]


def known(book: Book, party: int, title: str, valid_from: date) -> int:
    act = Act("R1", "t", valid_from)
    with trail.entry(book.session, act, "fact", title) as written:
        written.add(PartyFact(party_id=party, title=title, valid_from=valid_from))
    book.session.commit()
    return written.id


def named(book: Book, party: int, at: AsOf) -> str | None:
    row = current_row(book.session, PartyFact, at, PartyFact.party_id == party)
    rows = current_rows(book.session, PartyFact, ("party_id",), at)
    many = {each.party_id: each.title for each in rows}
    assert many.get(party) == (row.title if row else None)
    return row.title if row else None


def test_a_later_fact_holds_from_its_day_and_a_correction_from_its_position(book: Book) -> None:
    with trail.entry(book.session, Act("R1", "t", DAYS[0]), "party", "V") as written:
        written.add(Party(code="V1", kind="COLLECTIVE"))
        written.add(Party(code="V2", kind="COLLECTIVE"))
    book.session.commit()
    known(book, 1, "旧名", DAYS[0])
    before = known(book, 1, "新名", DAYS[2])
    known(book, 2, "别处", DAYS[0])
    corrected = known(book, 1, "旧名（更正）", DAYS[0])
    assert named(book, 1, AsOf()) == "新名"
    assert named(book, 1, AsOf(DAYS[1])) == "旧名（更正）"
    assert named(book, 1, AsOf(DAYS[1], before)) == "旧名"
    assert named(book, 1, AsOf(DAYS[2], before)) == "新名"
    assert named(book, 1, AsOf(date(2018, 12, 31))) is None
    assert named(book, 1, AsOf(position=2)) is None
    assert named(book, 2, AsOf(DAYS[1], corrected)) == "别处"


@given(st.dates(), st.integers(0, 2**62))
def test_everything_known_is_the_default(day: date, position: int) -> None:
    at = AsOf(day, position)
    assert at.day <= AsOf().day and at.position <= AsOf().position
