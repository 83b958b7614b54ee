"""Does the card tell a household how much, when, from where, how reckoned and whom to ask?"""

import pytest
from sqlmodel import select

from assets.errors import NotFound
from ledger.models import Access, Entitlement
from reports.household_card import spelled
from tests.reports.conftest import Told
from tests.reports.scenario import SIZES, VILLAGE, WORKER, house_code


def test_the_card_of_the_worked_example_says_it_in_plain_words(told: Told) -> None:
    paper = told.paper("household-card", subject=WORKER, year=2020)
    text = "\n".join(paper.paragraphs_before)
    assert "您家2020年得7,685.07元" in text
    assert "尾号3021" in text
    assert "收入423,946.00元，减费用25,200.00元，余398,746.00元" in text
    assert "分得242,536.23元" in text
    assert "张某村道保洁员12个月，每月600.00元，计7,200.00元" in text
    assert "24,253.62元按150人分，您家3人得485.07元，余下12分给了尾数大的12户" in text
    assert "有疑问找村报账员黄文书，电话0751-8000001。" in text


def test_the_cards_of_a_village_add_up_to_what_is_due(told: Told) -> None:
    cards = told.bundle("household-cards", village=VILLAGE, year=2020)
    due = sum(row.amount_fen for row in told.session.exec(select(Entitlement)).all())
    assert len(cards.papers) == len(SIZES)
    assert sum(paper.headline[0].value for paper in cards.papers) == due  # type: ignore[misc]


def test_a_print_of_all_cards_is_one_access_record(told: Told) -> None:
    told.bundle("household-cards", village=VILLAGE, year=2020)
    assert len(told.session.exec(select(Access)).all()) == 1


def test_a_single_card_is_the_page_of_the_villages_print(told: Told) -> None:
    one = told.paper("household-card", subject=WORKER, year=2020)
    told.session.rollback()
    every = told.bundle("household-cards", village=VILLAGE, year=2020)
    assert one.data() in [paper.data() for paper in every.papers]


def test_money_collected_by_another_names_that_account(told: Told) -> None:
    paper = told.paper("household-card", subject=house_code(20), year=2020)
    assert "存入尾号3021的卡" in paper.paragraphs_before[0]


def test_a_household_on_no_roster_is_told_so(told: Told) -> None:
    paper = told.paper("household-card", subject=WORKER, year=2019)
    assert paper.paragraphs_before[0] == "2019年没有把您家列入收益分配名册。"
    assert paper.tables == ()


def test_a_card_needs_a_year_and_a_household(told: Told) -> None:
    with pytest.raises(NotFound, match="--year"):
        told.paper("household-card", subject=WORKER)
    with pytest.raises(NotFound, match="农户"):
        told.paper("household-card", subject="9999999999", year=2020)


def test_a_household_code_like_a_phone_number_still_has_a_card(told: Told) -> None:
    assert spelled("13812345678") == "1381·2345·678"
    spread = "·".join((WORKER[:4], WORKER[4:8], WORKER[8:]))
    plain = told.paper("household-card", subject=WORKER, year=2020)
    told.session.rollback()
    assert told.paper("household-card", subject=spread, year=2020).data() == plain.data()
