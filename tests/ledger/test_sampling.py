"""The same seed draws the same sample, whatever the order of the rows and whatever came later."""

import random
from datetime import date
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from sqlmodel import Session

from assets.errors import AlreadyDone, InvalidValue, NotFound, Refused
from assets.trail import Act
from fixtures import audit_year
from fixtures.audit_year import ON, VILLAGE_A, VILLAGE_C
from ledger import sampling
from ledger.models import SampleDraw
from ledger.sampling import Item, Method, Plan, Population, draw, draw_sample
from tests.conftest import Book

AUDITOR = Act("A1", "audit sample", ON)

ITEMS = st.lists(
    st.builds(
        Item,
        st.integers(0, 10**6).map(str),
        st.sampled_from(["甲", "乙", "丙"]),
        st.sampled_from(["一", "二"]),
        st.integers(0, 10**7),
    ),
    max_size=40,
    unique_by=lambda item: item.code,
)


def plan(method: Method, count: int) -> Plan:
    return Plan(method, Population.HOUSEHOLDS, 2020, count, ON, 1, "")


@given(ITEMS, st.integers(1, 50), st.text(max_size=8), st.sampled_from(list(Method)))
def test_a_draw_depends_on_seed_and_codes_only(
    items: list[Item], count: int, seed: str, method: Method
) -> None:
    shuffled = items[:]
    random.Random(1).shuffle(shuffled)
    drawn = draw(items, plan(method, count), seed)
    assert drawn == draw(shuffled, plan(method, count), seed)
    assert len(set(drawn)) == len(drawn)
    assert set(drawn) <= {item.code for item in items}


@given(ITEMS, st.integers(1, 50), st.text(max_size=8))
def test_by_value_a_sum_of_more_than_one_interval_is_always_drawn(
    items: list[Item], count: int, seed: str
) -> None:
    drawn = draw(items, plan(Method.VALUE, count), seed)
    total = sum(item.amount_fen for item in items)
    large = {item.code for item in items if total and item.amount_fen * count >= total}
    assert large <= set(drawn)
    assert len(drawn) <= count
    assert not {item.code for item in items if not item.amount_fen} & set(drawn)


@given(ITEMS, st.integers(1, 10), st.text(max_size=8))
def test_by_village_each_gives_as_many_or_all_it_has(
    items: list[Item], count: int, seed: str
) -> None:
    drawn = set(draw(items, plan(Method.VILLAGE, count), seed))
    for village in {item.village for item in items}:
        own = [item.code for item in items if item.village == village]
        assert len(drawn & set(own)) == min(count, len(own))


@given(ITEMS, st.integers(1, 50), st.text(max_size=8))
def test_stratified_the_strata_are_within_one_of_their_share(
    items: list[Item], count: int, seed: str
) -> None:
    drawn = set(draw(items, plan(Method.STRATIFIED, count), seed))
    wanted = min(count, len(items))
    assert len(drawn) == wanted
    for stratum in {item.stratum for item in items}:
        own = {item.code for item in items if item.stratum == stratum}
        assert abs(len(drawn & own) * len(items) - wanted * len(own)) < len(items)


def test_every_fen_has_about_the_same_chance() -> None:
    items = [Item("小", "甲", "一", 1_000), Item("大", "甲", "一", 9_000)]
    drawn = [draw(items, plan(Method.VALUE, 1), str(seed))[0] for seed in range(1_000)]
    assert 50 < drawn.count("小") < 160


on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""What does not depend on the database is tried on one."""


@pytest.fixture
def audited(book: Book) -> Session:
    audit_year.write(book.session)
    book.session.commit()
    return book.session


def drawn_from(session: Session, **more: object) -> SampleDraw:
    given = {
        "method": Method.VALUE,
        "of": Population.HOUSEHOLDS,
        "year": 2020,
        "count": 3,
        "seed": "种",
    } | more
    made = draw_sample(session, AUDITOR, **given)  # type: ignore[arg-type]
    session.commit()
    return made


def test_a_stored_sample_is_drawn_again_after_the_book_has_grown(audited: Session) -> None:
    made = drawn_from(audited)
    assert (made.code, made.population_count) == ("CY-2021-001", 6)
    assert made.sample_count == len(made.drawn.split())
    from assets import trail
    from ledger.models import HouseholdFact

    with trail.entry(audited, Act("N1", "move", ON), "test", "move") as written:
        written.add(
            HouseholdFact(
                household_id=1,
                village_code=VILLAGE_A,
                status="ORDINARY",
                valid_from=date(2020, 1, 1),
            )
        )
    audited.commit()
    stored, same = sampling.redraw(audited, "CY-2021-001")
    assert same and stored.seed == "种"
    with pytest.raises(AlreadyDone):
        drawn_from(audited)
    audited.rollback()


@on_sqlite
def test_without_a_seed_the_desk_gives_one(audited: Session) -> None:
    one, other = drawn_from(audited, seed=""), drawn_from(audited, seed="")
    assert one.seed != other.seed and len(one.seed) == 16
    assert [each.code for each in sampling.samples(audited)] == ["CY-2021-001", "CY-2021-002"]


def test_assets_and_villages_are_sampled_too(audited: Session) -> None:
    made = drawn_from(audited, of=Population.ASSETS, method=Method.STRATIFIED, count=4)
    assert made.sample_count == 4
    assert made.population_count == 7
    here = drawn_from(audited, method=Method.VILLAGE, division=VILLAGE_C, count=2)
    assert here.sample_count == 2
    assert Plan.of(here.method).division == VILLAGE_C


@on_sqlite
def test_an_empty_population_and_no_number_are_refused(audited: Session) -> None:
    with pytest.raises(Refused, match="没有可抽"):
        drawn_from(audited, year=2015)
    audited.rollback()
    with pytest.raises(InvalidValue):
        drawn_from(audited, count=0)
    audited.rollback()
    with pytest.raises(NotFound):
        sampling.redraw(audited, "CY-2021-404")
    with pytest.raises(InvalidValue):
        Plan.of("随便")


@on_sqlite
def test_the_sheets_have_a_block_for_every_sampled_object(audited: Session) -> None:
    for of in Population:
        made = drawn_from(audited, of=of)
        book = load_workbook(BytesIO(sampling.to_workbook(audited, made)))
        words = [cell for row in book["核查表"].iter_rows(values_only=True) for cell in row if cell]
        for code in made.drawn.split():
            assert any(isinstance(word, str) and word.endswith(code) for word in words)
        assert book["抽样清单"].max_row == made.sample_count + 2
