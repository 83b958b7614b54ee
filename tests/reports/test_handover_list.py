"""Does the list say what was taken, what with a reservation, and what was refused and why?"""

from datetime import date

import pytest

from assets.errors import NotFound
from tests.reports.conftest import Told
from tests.reports.scenario import HANDOVER


def test_the_answers_stand_beside_the_assets_with_their_reasons(told: Told) -> None:
    paper = told.paper("handover-list", subject=HANDOVER)
    assert [row["answer"] for row in paper.tables[0].rows] == [
        "接收",
        "保留接收：下屋段路肩塌陷两处，修复后接收（2020年7月31日前整改）",
        "拒收：资料不全",
    ]
    facts = {fact.label: fact.text for fact in paper.headline}
    assert facts["接收"] == facts["保留接收"] == facts["拒收"] == "1件"
    assert facts["原值合计"] == "2,210,000.00元（大写：贰佰贰拾壹万元整）"


def test_the_acceptance_names_what_was_taken_in_words(told: Told) -> None:
    (words,) = told.paper("handover-list", subject=HANDOVER).paragraphs_after
    assert "接收2件，原值2,110,000.00元（贰佰壹拾壹万元整），其中保留接收1件；拒收1件" in words


def test_before_the_answer_the_list_waits_for_it(told: Told) -> None:
    paper = told.paper("handover-list", on=date(2020, 4, 25), subject=HANDOVER)
    assert {row["answer"] for row in paper.tables[0].rows} == {""}
    assert {fact.label: fact.text for fact in paper.headline}["待签"] == "3件"


def test_three_places_for_seals_are_left(told: Told) -> None:
    paper = told.paper("handover-list", subject=HANDOVER)
    assert paper.seals == (
        "移交方：西河镇人民政府",
        "接收方：黄塱村股份经济合作联合社",
        "监交方",
    )


def test_a_handover_nobody_drew_up_has_no_list(told: Told) -> None:
    with pytest.raises(NotFound):
        told.paper("handover-list", subject="YJ-0000")
