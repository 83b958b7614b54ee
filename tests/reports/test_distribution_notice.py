"""What does a village read on the wall, and can it reckon the amounts again?"""

from dataclasses import fields

from reports.distribution_notice import NoticeLine
from tests.reports.conftest import Told
from tests.reports.scenario import (
    LABOUR_FEN,
    PLAN,
    RESERVE_FEN,
    REWARD_FEN,
    SHARE_FEN,
    SIZES,
    VILLAGE,
)


def test_what_the_query_gives_has_no_field_for_a_reason() -> None:
    names = {each.name for each in fields(NoticeLine)}
    assert names == {
        "household_id",
        "person_id",
        "village",
        "group",
        "channel",
        "standard",
        "quantity",
        "amount_fen",
    }


def test_the_uses_add_up_to_what_can_be_distributed(told: Told) -> None:
    paper = told.paper("distribution-notice", subject=PLAN)
    uses = [row["amount"] for row in paper.tables[0].rows]
    assert uses == [RESERVE_FEN, LABOUR_FEN, REWARD_FEN]
    assert paper.headline[0].value == sum(uses) == SHARE_FEN  # type: ignore[arg-type]


def test_every_household_can_be_reckoned_from_the_notice_to_the_fen(told: Told) -> None:
    rows = told.paper("distribution-notice", subject=PLAN).tables[1].rows
    shared = [row for row in rows if row["channel"] == "奖励补助"]
    assert len(shared) == len(SIZES)
    units = [int(str(row["quantity"]).removesuffix("人")) for row in shared]
    floors = [REWARD_FEN * unit // sum(units) for unit in units]
    odd = [int(row["amount"]) - floor for row, floor in zip(shared, floors, strict=True)]  # type: ignore[arg-type]
    # Twelve fen are left over and go to the ten households of four and the two of five.
    assert sum(odd) == REWARD_FEN - sum(floors) == 12
    assert [unit for unit, extra in zip(units, odd, strict=True) if extra] == [4] * 10 + [5] * 2


def test_people_of_one_name_are_told_apart_by_their_group(told: Told) -> None:
    rows = told.paper("distribution-notice", subject=PLAN).tables[1].rows
    assert [row["group"] for row in rows if row["name"] == "黄同名"] == ["第1组", "第2组"]


def test_days_place_and_phone_stand_on_the_notice(told: Told) -> None:
    paper = told.paper("distribution-notice", subject=PLAN)
    facts = {fact.label: fact.text for fact in paper.headline}
    assert facts["公示时间"] == "2020年12月6日至2020年12月15日"
    assert facts["咨询电话"] == "0751-8000001"
    assert "公示地点：黄塱村村务公开栏。" in paper.paragraphs_before


def test_before_it_hangs_the_days_are_left_to_be_filled_in(told: Told) -> None:
    paper = told.paper("distribution-notice", on=told.act().on.replace(day=4), subject=PLAN)
    facts = {fact.label: fact.text for fact in paper.headline}
    assert "年　月　日" in facts["公示时间"]
    assert any("公示期不少于10天" in text for text in paper.paragraphs_before)


def test_a_villages_part_and_the_others_make_the_whole(told: Told) -> None:
    paper = told.paper("distribution-notice", subject=PLAN, village=VILLAGE)
    assert paper.proof_lines[-1].label == "本村＋其他村 = 全部各户"
