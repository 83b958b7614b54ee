from datetime import date

import pytest

from assets import divisions_register
from assets.asof import AsOf
from assets.errors import AlreadyDone, NotFound
from tests.assets.small_district import (
    LONGGUI,
    LONGGUI_VILLAGE,
    TANGTOU,
    XIHE,
    division_rows,
    names,
    problems,
    take_in,
)
from tests.conftest import Book


def test_a_rename_holds_from_its_day_and_the_old_name_before(register: Book) -> None:
    renamed = {**division_rows()[2], "name": "新龙归村村民委员会", "starts_on": date(2019, 5, 1)}
    take_in(register.session, "divisions", [renamed])
    before = divisions_register.village_names(register.session, AsOf(date(2019, 4, 30)))
    after = divisions_register.village_names(register.session, AsOf(date(2019, 5, 1)))
    assert (before[LONGGUI_VILLAGE], after[LONGGUI_VILLAGE]) == ("龙归村", "新龙归村")


def test_a_village_that_ended_stands_no_longer_but_keeps_its_name(register: Book) -> None:
    take_in(register.session, "divisions", [{**division_rows()[5], "ends_on": date(2020, 12, 31)}])
    later = AsOf(date(2021, 1, 1))
    assert TANGTOU not in divisions_register.village_names(register.session, later)
    assert divisions_register.titles(register.session, later)[TANGTOU] == "塘头村村民委员会"
    assert (
        divisions_register.place_name(TANGTOU, divisions_register.titles(register.session, later))
        == "西河镇塘头村"
    )


def test_towns_have_their_villages(standing: Book) -> None:
    assert divisions_register.towns(standing.session, AsOf()) == {LONGGUI: "龙归镇", XIHE: "西河镇"}
    assert len(divisions_register.villages_of(standing.session, LONGGUI, AsOf())) == 2


def test_a_typed_place_is_a_code_a_town_or_a_village(standing: Book) -> None:
    found = [
        divisions_register.resolve(standing.session, text, AsOf())
        for text in ("龙归镇", "龙归村", LONGGUI_VILLAGE)
    ]
    assert found == [LONGGUI, LONGGUI_VILLAGE, LONGGUI_VILLAGE]
    with pytest.raises(NotFound):
        divisions_register.resolve(standing.session, "不存在村", AsOf())


def test_wrong_rows_are_all_named(standing: Book) -> None:
    village = division_rows()[2]
    new = {**village, "division_code": "440203102299", "name": "新村村民委员会"}
    rows = [
        {**new, "division_code": "440203102"},
        {**new, "level": "镇"},
        {**new, "division_code": "440204102299"},
        {**new, "parent_code": XIHE},
        {**new, "division_code": "440203199201", "parent_code": "440203199000"},
        {**new, "ends_on": date(2015, 1, 1)},
        {**village, "name": "龙归二村村民委员会"},
        {**new, "name": "凤田村村民委员会"},
    ]
    found = [names(problems(standing.session, "divisions", [row])) for row in rows]
    assert found == [
        ["bad-division-code"],
        ["level-differs"],
        ["other-district", "parent-differs", "unknown-parent"],
        ["parent-differs"],
        ["unknown-parent"],
        ["dates-reversed"],
        ["already-registered"],
        ["name-taken"],
    ]


def test_the_same_file_again_is_done_already(register: Book) -> None:
    with pytest.raises(AlreadyDone):
        take_in(register.session, "divisions", division_rows())
