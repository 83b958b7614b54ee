import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.errors import InvalidBankCard, InvalidValue
from ledger import bankcard
from ledger.bankcard import BankCard, is_valid, parse, parse_cell

CARD = "6217000000000003024"


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(bankcard).failed == 0


@pytest.mark.parametrize(
    "text",
    [
        CARD,
        "6217 0000 0000 0003 024",
        "6217-0000-0000-0003-024",
        f" {CARD} ",
        "６２１７ 000000000003024",
    ],
)
def test_a_card_number_is_joined_and_kept_as_digits(text: str) -> None:
    assert parse(text) == CARD and parse(text).doubt == ""


def test_a_wrong_check_digit_is_a_doubt_and_not_a_wall() -> None:
    card = parse("6217000000000003025")
    assert "校验位不符" in card.doubt
    assert is_valid("6217000000000003025")


def test_a_passbook_number_is_paid_like_a_card_with_a_remark() -> None:
    passbook = parse("80020000012345")
    assert passbook == "80020000012345" and "存折" in passbook.doubt


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "为空"),
        ("  ", "为空"),
        ("123456789", "9位"),
        ("1" * 26, "26位"),
        ("6217O00000000003024", "数字以外"),
        ("6.217E+18", "被表格当作数字"),
        ("***************3024", "星号"),
        ("农商行6217000000000003024", "数字以外"),
        ("٦٢١٧٠٠٠٠٠٠٠٠٠٠٠٣٠٢٤", "数字以外"),
    ],
)
def test_what_cannot_be_paid_to_is_refused(text: str, why: str) -> None:
    with pytest.raises(InvalidBankCard, match=why) as caught:
        parse(text)
    assert isinstance(caught.value, InvalidValue)
    assert not is_valid(text)


def test_a_long_numeric_cell_has_lost_its_end_and_is_refused() -> None:
    assert parse_cell(CARD) == CARD
    assert parse_cell(80020000012345) == parse_cell(80020000012345.0) == "80020000012345"
    for value in (6217000000000003024, 6.217000000000003e18):
        with pytest.raises(InvalidBankCard, match="被表格当作数字"):
            parse_cell(value)
    for nothing in (None, True, float("nan")):
        with pytest.raises(InvalidBankCard):
            parse_cell(nothing)


def test_neither_repr_nor_a_refusal_shows_the_number() -> None:
    assert CARD not in repr([parse(CARD)]) and CARD not in parse("6217000000000003025").doubt
    with pytest.raises(InvalidBankCard) as caught:
        parse(CARD + "A")
    assert CARD not in str(caught.value)
    assert parse(CARD).tail == "3024" and parse(CARD).masked == "***************3024"


@given(st.from_regex(r"[0-9]{10,25}", fullmatch=True))
def test_every_row_of_digits_of_a_possible_length_is_kept(digits: str) -> None:
    assert parse(digits) == digits and isinstance(parse(digits), BankCard)


@given(st.from_regex(r"[1-9][0-9]{15,18}", fullmatch=True), st.integers(0, 15), st.integers(1, 9))
def test_a_single_wrong_digit_of_a_card_raises_a_doubt(digits: str, place: int, by: int) -> None:
    if parse(digits).doubt:
        return
    wrong = digits[:place] + str((int(digits[place]) + by) % 10) + digits[place + 1 :]
    assert parse(wrong).doubt
