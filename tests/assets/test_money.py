import doctest
import itertools
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets import money
from assets.errors import InvalidAmount
from assets.money import FEN_PER_WAN, FEN_PER_YUAN, format_yuan, in_words, parse_yuan, yuan_cell

GOLDEN = Path(__file__).parents[2].parent / "shared" / "data" / "golden" / "amount_in_words.json"
DIGITS = "零壹贰叁肆伍陆柒捌玖"
PLACES = {"拾": 10, "佰": 100, "仟": 1000}
AMOUNTS = st.integers(min_value=-(10**18) + 1, max_value=10**18 - 1)


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(money).failed == 0


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("0", 0),
        ("0.00", 0),
        ("0.5", 50),
        ("1234.5", 123450),
        ("1,234.50", 123450),
        ("12,345,678.90", 1234567890),
        ("¥1,234.50", 123450),
        ("￥ 1234.50 元", 123450),
        ("  88 元  ", 8800),
        ("\u3000１，２３４．５０\u3000", 123450),
        ("-30.00", -3000),
        ("-¥30.00", -3000),
        ("¥-30.00", -3000),
        ("-0.00", 0),
        ("73.5万元", 73500000),
        ("73.5 万", 73500000),
        ("0.000001万元", 1),
        ("1,180万元", 1180000000),
    ],
)
def test_an_amount_is_read_as_the_clerk_meant_it(text: str, fen: int) -> None:
    assert parse_yuan(text) == fen


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "abc",
        "NaN",
        "inf",
        "1e3",
        "1.5E+05",
        "1.234",
        "1.230",
        "0.0000001万元",
        "٣٤٥",
        "१२",
        "10²",
        "①",
        "½",
        "1,23.00",
        "12,34",
        "1234,567.00",
        ",123",
        ".5",
        "5.",
        "007",
        "00",
        "1 234.50",
        "--5",
        "-¥-5",
        "+5",
        "5-",
        "(5.00)",
        "5%",
        "5美元",
        "$5",
        "5元元",
        "5万万",
        "5亿元",
        "1_000",
        "壹佰元整",
        "12.5\n13.5",
        "10000000000000000.00",
        "9" * 400,
    ],
)
def test_what_is_not_an_amount_is_refused(text: str) -> None:
    with pytest.raises(InvalidAmount):
        parse_yuan(text)


def test_a_refused_amount_names_the_cell_text_and_the_remedy() -> None:
    with pytest.raises(InvalidAmount, match=r"12\.345.*最多2位小数"):
        parse_yuan("12.345")


@given(AMOUNTS)
def test_writing_and_reading_an_amount_changes_nothing(fen: int) -> None:
    assert parse_yuan(format_yuan(fen)) == fen
    assert parse_yuan(f"¥{format_yuan(fen)}元") == fen


@given(st.text(max_size=12))
def test_a_text_is_either_an_amount_or_refused_never_a_crash(text: str) -> None:
    try:
        fen = parse_yuan(text)
    except InvalidAmount:
        return
    assert isinstance(fen, int)


@given(st.integers(min_value=-(10**14), max_value=10**14))
def test_a_numeric_cell_of_up_to_fifteen_digits_is_read_exactly(fen: int) -> None:
    assert yuan_cell(fen / 100, FEN_PER_YUAN) == fen


@given(st.integers(min_value=-(10**14), max_value=10**14))
def test_a_numeric_cell_in_ten_thousand_yuan_is_read_exactly(fen: int) -> None:
    assert yuan_cell(fen / 1_000_000, FEN_PER_WAN) == fen


def test_a_cell_summed_by_the_spreadsheet_shows_no_binary_dust() -> None:
    assert yuan_cell(0.1 + 0.2, FEN_PER_YUAN) == 30
    assert yuan_cell(319.62, FEN_PER_YUAN) == 31962
    assert yuan_cell(1e-06, FEN_PER_WAN) == 1
    assert yuan_cell(194, FEN_PER_WAN) == 194_000_000
    assert yuan_cell("118", FEN_PER_WAN) == 118_000_000
    assert yuan_cell("1180000元", FEN_PER_WAN) == 118_000_000
    assert yuan_cell("0.000001", FEN_PER_WAN) == 1


@pytest.mark.parametrize(
    ("value", "unit_fen"),
    [
        (1 / 3, FEN_PER_YUAN),
        (0.005, FEN_PER_YUAN),
        (12.345, FEN_PER_YUAN),
        (0.0000001, FEN_PER_WAN),
        (float("nan"), FEN_PER_YUAN),
        (float("inf"), FEN_PER_YUAN),
        (1e15, FEN_PER_YUAN),
        (10**15, FEN_PER_YUAN),
        (10**400, FEN_PER_YUAN),
        (99_999_999_999_999, FEN_PER_WAN * 100),
        (True, FEN_PER_YUAN),
        ("0.005", FEN_PER_YUAN),
        ("", FEN_PER_WAN),
    ],
)
def test_a_cell_that_is_no_whole_fen_is_refused(value: float | str, unit_fen: int) -> None:
    with pytest.raises(InvalidAmount):
        yuan_cell(value, unit_fen)


@pytest.mark.parametrize("value", [None, date(2020, 1, 1)])
def test_a_cell_of_another_kind_is_refused(value: Any) -> None:
    with pytest.raises(InvalidAmount, match="不是数字"):
        yuan_cell(value, FEN_PER_YUAN)


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("0", "零元整"),
        ("0.05", "伍分"),
        ("0.10", "壹角整"),
        ("0.32", "叁角贰分"),
        ("10.05", "壹拾元零伍分"),
        ("325.04", "叁佰贰拾伍元零肆分"),
        ("1409.50", "壹仟肆佰零玖元伍角整"),
        ("1680.32", "壹仟陆佰捌拾元叁角贰分"),
        ("6007.14", "陆仟零柒元壹角肆分"),
        ("16409.02", "壹万陆仟肆佰零玖元零贰分"),
        ("107000.53", "壹拾万柒仟元零伍角叁分"),
        ("100010000", "壹亿零壹万元整"),
        ("100005000", "壹亿零伍仟元整"),
        ("1234567890.12", "壹拾贰亿叁仟肆佰伍拾陆万柒仟捌佰玖拾元壹角贰分"),
        ("1000000010000", "壹万亿零壹万元整"),
        ("10001000000000", "壹拾万零壹拾亿元整"),
        ("-242536.23", "负贰拾肆万贰仟伍佰叁拾陆元贰角叁分"),
    ],
)
def test_an_amount_is_spelled_as_on_a_voucher(amount: str, words: str) -> None:
    assert in_words(parse_yuan(amount)) == words


@pytest.mark.skipif(not GOLDEN.exists(), reason="the folder of golden values is not here")
def test_the_golden_spellings_are_met() -> None:
    for case in json.loads(GOLDEN.read_text(encoding="utf-8")):
        assert in_words(parse_yuan(case["amount"])) in case["accept"], case


@given(AMOUNTS)
def test_a_spelling_can_be_read_back_to_the_same_amount(fen: int) -> None:
    assert _read_words(in_words(fen)) == fen


def test_an_amount_beyond_any_spelling_is_refused() -> None:
    assert in_words(10**18 - 1).startswith("玖仟玖佰玖拾玖万玖仟玖佰玖拾玖亿")
    with pytest.raises(InvalidAmount):
        in_words(10**18)


def _read_words(words: str) -> int:
    """Read a spelling by its own grammar, written independently of the speller."""
    unsigned = words.removeprefix("负")
    whole, _, part = unsigned.rpartition("元")
    fen = _read_whole(whole) * 100
    for previous, letter in itertools.pairwise(part):
        if letter in "角分":
            fen += DIGITS.index(previous) * (10 if letter == "角" else 1)
    return fen if words == unsigned else -fen


def _read_whole(words: str) -> int:
    for word, size in (("亿", 10**8), ("万", 10**4)):
        if word in words:
            head, _, rest = words.rpartition(word)
            return _read_whole(head) * size + _read_whole(rest)
    value = digit = 0
    for letter in words:
        if letter in PLACES:
            value, digit = value + digit * PLACES[letter], 0
        else:
            digit = DIGITS.index(letter)
    return value + digit
