"""Assets wear in a straight line from the month after use, to the last fen and no further."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.asof import AsOf
from assets.errors import Refused
from ledger.books import posting
from ledger.books.depreciation import Card, cards, depreciate_month, depreciated_months, month_end

SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@given(cost=st.integers(1, 10**12), life=st.integers(1, 600))
def test_the_months_add_up_to_the_cost_and_differ_by_less_than_a_fen(cost: int, life: int) -> None:
    worn = 0
    months = []
    for run in range(life):
        card = Card(1, "A", "FIXED", "OPERATING", cost, worn, 201901, run, life)
        months.append(card.wear_fen(201902))
        worn += months[-1]
    assert worn == cost
    assert max(months) - min(months) <= 1
    assert Card(1, "A", "FIXED", "OPERATING", cost, worn, 201901, life, life).wear_fen(209912) == 0


def test_nothing_wears_in_the_month_of_its_first_use() -> None:
    card = Card(1, "A", "FIXED", "OPERATING", 1200, 0, 201906, 0, 12)
    assert [card.wear_fen(month) for month in (201905, 201906, 201907)] == [0, 0, 100]


@SQLITE
def test_wear_of_an_opening_goes_on_and_a_handover_starts_anew(village: Any) -> None:
    session, party = village.session, village.party_id
    village.event(
        "handover_booked", date(2019, 2, 20), 3_000_000, asset_id=village.public_id, form="FIXED"
    )
    assert depreciate_month(session, village.act(date(2019, 2, 28)), party, 201902)
    session.commit()
    by_code = {card.asset_code: card for card in cards(session, party, AsOf())}
    assert by_code["A1"].worn_fen == 600_000 + 100_000 and by_code["A1"].run_months == 7
    assert by_code["A2"].worn_fen == 0 and by_code["A2"].starts_month == 201902
    march = depreciate_month(session, village.act(date(2019, 3, 31)), party, 201903)
    session.commit()
    assert march is not None and march.dated_on == month_end(201903)
    lines = [(line.side, line.amount_fen) for line in posting.lines_of(session, march)]
    assert lines == [(1, 100_000), (-1, 100_000), (1, 10_000), (-1, 10_000)]
    entity = posting.entity_of(session, party)
    assert depreciated_months(session, entity, 2019) == {201902, 201903}


@SQLITE
def test_a_reversed_month_wears_again(village: Any) -> None:
    session, party = village.session, village.party_id
    first = depreciate_month(session, village.act(date(2019, 1, 31)), party, 201901)
    session.commit()
    assert first is not None
    posting.reverse(session, village.act(date(2019, 2, 1)), first.id, reason="重算")
    session.commit()
    [card] = cards(session, party, AsOf())
    assert (card.worn_fen, card.run_months) == (600_000, 6)
    assert depreciated_months(session, posting.entity_of(session, party), 2019) == set()


@SQLITE
def test_a_book_without_wearing_assets_refuses(village: Any, refuses: Any) -> None:
    with refuses(Refused, "没有需要计提折旧的资产"):
        depreciate_month(village.session, village.act(date(2019, 1, 31)), village.agency_id, 201901)
