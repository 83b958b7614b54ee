import csv
import doctest
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.errors import InvalidIdNumber, InvalidValue
from ledger import idnumber
from ledger.idnumber import (
    DamagedBySpreadsheet,
    IdNumber,
    check_character,
    is_damaged,
    is_valid,
    parse,
    parse_cell,
)

GOLDEN = Path(__file__).parents[2].parent / "shared" / "data" / "golden" / "resident_id.csv"
BIRTHS = st.dates(date(1900, 1, 1), date(2025, 12, 31))


@st.composite
def numbers(draw: st.DrawFn) -> str:
    """Invented people: the order digits are 000 or 999."""
    area = draw(st.sampled_from(["440203", "440204", "440221", "451122", "110101", "820000"]))
    first = f"{area}{draw(BIRTHS):%Y%m%d}{draw(st.sampled_from(['000', '999']))}"
    return first + check_character(first)


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(idnumber).failed == 0


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("440221195501010002", "440221195501010002"),
        ("440203198402290003", "440203198402290003"),
        ("440204196207200006", "440204196207200006"),
        ("451122198812120003", "451122198812120003"),
        ("44020319700608000x", "44020319700608000X"),
        (" 44020319700608000X ", "44020319700608000X"),
        ("４４０２２１１９５５０１０１０００２", "440221195501010002"),
        ("44022119550101000243", "44022119550101000243"),
    ],
)
def test_a_villagers_number_is_accepted_in_canonical_form(text: str, canonical: str) -> None:
    assert parse(text) == canonical


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("440203196302290007", "出生日期不存在"),
        ("440203209901010003", "尚未到来"),
        ("999999195501010006", "行政区划"),
        ("440221195501010003", "校验位"),
        ("440221********0010", "星号"),
        ("44022119550101000", "17位"),
        ("440221550101000", "15位旧号"),
        ("44022119550101000A", "字符"),
        ("4402211955010X0002", "字符"),
        ("44022119550101000283", "类别"),
        ("44022119550101000215", "类别"),
        ("440221195501010002 1", "字符"),
        ("٤٤٠٢٢١١٩٥٥٠١٠١٠٠٠٢", "字符"),
        ("张三", "2位"),
        ("", "0位"),
    ],
)
def test_a_wrong_number_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(InvalidIdNumber, match=why) as caught:
        parse(text)
    assert isinstance(caught.value, InvalidValue)
    assert not is_valid(text)


@pytest.mark.parametrize(
    "text", ["440203196302290007", "440221195501010003", "44022119550101000A", "440221550101000"]
)
def test_a_refusal_never_repeats_the_whole_number(text: str) -> None:
    with pytest.raises(InvalidIdNumber) as caught:
        parse(text)
    assert text not in str(caught.value) and text[2:14] not in str(caught.value)


def test_neither_repr_nor_a_traceback_shows_the_number() -> None:
    person = parse("440221195501010002")
    assert repr(person) == "IdNumber('44*************002')" and person[6:14] not in repr([person])
    assert person.masked == "44*************002"


def test_the_number_tells_birth_sex_and_area() -> None:
    man = parse("440203198001019992")
    assert (man.birth_date, man.sex, man.area) == (date(1980, 1, 1), "男", "440203")
    assert parse("440221195501010002").sex == "女"
    assert (man.age_on(date(2020, 1, 1)), man.age_on(date(2019, 12, 31))) == (40, 39)


def test_both_cards_of_a_disabled_person_have_the_same_core() -> None:
    resident, disabled = parse("440221195501010002"), parse("44022119550101000243")
    assert disabled.core == resident.core == str(resident)
    assert disabled.is_disability_card and not resident.is_disability_card
    assert disabled.masked == resident.masked, "category and grade are nobody's business"


def test_nobody_is_born_after_the_day_of_entry() -> None:
    first = "44020320200601000"
    number = first + check_character(first)
    assert is_valid(number, on=date(2020, 6, 1))
    assert not is_valid(number, on=date(2020, 5, 31))
    assert is_valid(number)


def test_a_foreigners_permanent_residence_number_is_accepted() -> None:
    first = "94484019800101000"
    assert is_valid(first + check_character(first))


@pytest.mark.parametrize(
    "value",
    [
        440221195501010002,
        4.40221195501010e17,
        440221195501010000,
        "4.40221E+17",
        "4.40221195501010E+17",
        "4e17",
        "440221195501010000",
        "440221195501010002.0",
        19550101,
    ],
)
def test_a_number_damaged_by_a_spreadsheet_is_recognised(value: object) -> None:
    assert is_damaged(value)
    with pytest.raises(InvalidIdNumber):
        parse_cell(value)


@pytest.mark.parametrize("text", ["4.40221E+17", "440221195501010000"])
def test_a_damaged_text_says_so_and_how_to_repair_it(text: str) -> None:
    with pytest.raises(DamagedBySpreadsheet, match="文本格式"):
        parse(text)


@pytest.mark.parametrize("value", [None, "", "440221195501010002", True, date(1955, 1, 1), "张三"])
def test_what_is_no_damaged_number_is_not_called_one(value: object) -> None:
    assert not is_damaged(value)


def test_a_cell_is_read_as_text_only() -> None:
    assert parse_cell("440221195501010002") == "440221195501010002"
    with pytest.raises(InvalidIdNumber, match="不是文本"):
        parse_cell(date(1955, 1, 1))


@given(numbers())
def test_what_was_read_is_read_again_unchanged(number: str) -> None:
    assert parse(parse(number)) == number == parse(number.lower())
    assert parse(number).birth_date.strftime("%Y%m%d") == number[6:14]


@given(numbers(), st.integers(0, 17), st.sampled_from("0123456789X"))
def test_any_single_wrong_character_is_noticed(number: str, place: int, letter: str) -> None:
    wrong = number[:place] + letter + number[place + 1 :]
    assert is_valid(wrong) == (wrong == number)


@given(numbers(), st.integers(0, 15))
def test_two_neighbours_swapped_are_noticed(number: str, place: int) -> None:
    wrong = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    assert is_valid(wrong) == (wrong == number)


@given(st.text(max_size=22))
def test_any_text_is_a_number_or_refused_never_a_crash(text: str) -> None:
    try:
        assert isinstance(parse(text), IdNumber)
    except InvalidIdNumber:
        assert not is_valid(text)


@pytest.mark.skipif(not GOLDEN.exists(), reason="the folder of golden values is not here")
def test_the_golden_numbers_are_judged_rightly() -> None:
    with GOLDEN.open(encoding="utf-8") as rows:
        for row in csv.DictReader(rows):
            assert is_valid(row["value"]) == (row["valid"] == "1"), row
            assert is_damaged(row["value"]) == ("Excel" in row["why"]), row
