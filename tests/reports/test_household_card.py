"""Does the card tell a household how much, when, from where, how reckoned and whom to ask?"""

import io
from dataclasses import replace

import pikepdf
import pytest
from sqlmodel import select

from assets.errors import NotFound
from ledger.models import Access, Entitlement
from reports import bundle, pdf
from reports.household_card import TEXT_SIZES_PT, spelled, text_size_pt
from reports.paper import ProofLine
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


@pytest.mark.parametrize("plans", range(1, 5))
def test_a_card_is_one_page_however_many_plans_it_tells_of(told: Told, plans: int) -> None:
    paper = told.paper("household-card", subject=WORKER, year=2020)
    first, *told_of, last = paper.paragraphs_before
    longer = (first, *("".join([each] * plans) for each in told_of), last)
    table = paper.tables[0]
    rows = list(table.rows) * plans
    totals = {key: int(value) * plans for key, value in table.totals.items()}
    size = text_size_pt(longer, len(rows))
    card = replace(
        paper,
        paragraphs_before=longer,
        tables=(replace(table, rows=rows, totals=totals),),
        proof_lines=(ProofLine("Σ各项 = 您家得", totals["amount"], totals["amount"]),),
        large_type=plans == 1 and paper.large_type,
        text_size_pt=0 if plans == 1 and paper.large_type else size,
    )
    with pikepdf.open(io.BytesIO(pdf.to_pdf(card))) as document:
        assert len(document.pages) == 1
    assert size in TEXT_SIZES_PT and (plans < 4 or size < TEXT_SIZES_PT[0])


def test_letters_shrink_with_the_text_and_never_below_the_smallest() -> None:
    sizes = [text_size_pt(["字" * count], 2) for count in range(0, 4000, 50)]
    assert sizes == sorted(sizes, reverse=True)
    assert (sizes[0], sizes[-1]) == (TEXT_SIZES_PT[0], TEXT_SIZES_PT[-1])


def test_a_smaller_card_keeps_its_size_among_the_cards_of_a_village(told: Told) -> None:
    cards = told.bundle("household-cards", village=VILLAGE, year=2020)
    small = replace(cards.papers[1], large_type=False, text_size_pt=11)
    page = bundle.to_html(replace(cards, papers=[cards.papers[0], small]))
    assert page.count("<section") == 2
    assert 'style="--text-size: 11pt; break-before: page"' in page
