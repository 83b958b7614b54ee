import csv
import doctest
import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets import masking, uscc
from assets.errors import FupinError
from assets.masking import (
    PersonalNumberInText,
    holds_personal_number,
    luhn_is_right,
    mask,
    mask_card,
    mask_id,
    mask_phone,
    refuse_personal_numbers,
    resident_check_character,
)

GOLDEN = Path(__file__).parents[2].parent / "shared" / "data" / "golden" / "resident_id.csv"

# Invented people: order digits 000 or 999.
ID = "440203199001010001"
ID_X = "44020319700608000X"
DISABILITY = ID + "43"
CARD = "6217000000000003024"
CARD_16 = "6222020000000009"
PHONE = "13800138000"

# A mass organisation whose credit code begins like a mobile phone number.
MASS_BODY = "13440203123MA0000" + uscc.check_character("13440203123MA0000")

FIRST_SEVENTEEN = st.builds(
    lambda area, birth, order: f"{area}{birth:%Y%m%d}{order}",
    st.sampled_from(["440203", "440221", "451122", "110101"]),
    st.dates(date(1920, 1, 1), date(2025, 12, 31)),
    st.sampled_from(["000", "999"]),
)
IDS = FIRST_SEVENTEEN.map(lambda first: first + resident_check_character(first))
PHONES = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
WORDS = st.text(alphabet="张某户收款人，。电话、（） 村委会", max_size=8)


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(masking).failed == 0


def test_numbers_are_masked_as_notices_show_them() -> None:
    assert mask_id(ID) == "44*************001"
    assert mask_id(ID_X) == "44*************00X"
    assert mask_card(CARD) == "***************3024"
    assert mask_phone(PHONE) == "138****8000"


def test_a_disability_card_does_not_show_kind_and_grade() -> None:
    assert mask_id(DISABILITY) == mask_id(ID)


@pytest.mark.parametrize("number", ["", "1", "1234", "12345", "1234567", "12345678"])
def test_a_number_too_short_for_its_mask_is_all_hidden(number: str) -> None:
    assert not re.search("[0-9]", mask_id(number))
    assert mask_card(number[:7]) == "*" * len(number[:7])


@pytest.mark.parametrize(
    "text",
    [
        ID,
        ID_X,
        ID_X.lower(),
        f"身份证{ID}",
        f"身份证：{ID}。",
        f"ID{ID_X}号",
        f"{ID[:6]} {ID[6:14]} {ID[14:]}",
        f"{ID[:6]}-{ID[6:14]}-{ID[14:]}",
        f"{ID_X[:17]} X",
        "４４０２０３１９９００１０１０００１",
        "４４０２０３１９７００６０８０００Ｘ",
        DISABILITY,
        f"{PHONE}{ID}",
        f"{ID}{PHONE}",
        f"{ID} {PHONE}",
        CARD,
        f"卡号{CARD[:4]} {CARD[4:8]} {CARD[8:12]} {CARD[12:16]} {CARD[16:]}",
        f"{CARD[:6]} {CARD[6:]}",
        CARD_16,
        "6217000000000003025",
        PHONE,
        "138 0013 8000",
        "138-0013-8000",
        "+8613800138000",
        "+86 138 0013 8000",
        "电话１３８００１３８０００",
        "\u200b138\u200b0013\u200b8000",
    ],
)
def test_free_text_with_a_personal_number_is_refused(text: str) -> None:
    assert holds_personal_number(text)
    with pytest.raises(PersonalNumberInText, match="“备注”") as caught:
        refuse_personal_numbers(text, "备注")
    assert isinstance(caught.value, FupinError)
    for number in (ID, ID_X, CARD, CARD_16, PHONE):
        assert number not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "武江区龙归镇龙归村办公楼二楼",
        "440203102204",
        "440203-102-201-2019-A-0001",
        "440203-102-201-2019-0001",
        "合同编号2019-0001-0002-0003-0004",
        "国办函〔2021〕51号，2021年6月1日",
        "2019-03-31至2039-03-30",
        "原值1,180,000.00元，年租金118000000.00元",
        "138001380.00元",
        "流水号20190331000012345",
        "发票号码12345678，代码044002000111",
        "0751-8123456",
        "12317",
        "N2440203MF0000000H",
        "9144030071526726XG",
        "914402030000000AAX",
        "440203199001010002",
        "440203199013010005",
        "150平方米 2020 12 31 1000",
        "60千瓦，11户，2020年",
    ],
)
def test_ordinary_text_of_the_trade_passes(text: str) -> None:
    assert not holds_personal_number(text)
    refuse_personal_numbers(text, "备注")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (ID, "44*************001"),
        ("440203199001010002", "44*************002"),
        (f"户主{ID}，电话{PHONE}", "户主44*************001，电话138****8000"),
        (f"{ID} {PHONE}", "44*************001 138****8000"),
        (f"2020-01-15 {ID}", "2020-01-15 44*************001"),
        (f"{ID[:6]} {ID[6:14]} {ID[14:]}", "44*************001"),
        (DISABILITY, "44*************001"),
        (CARD, "***************3024"),
        ("6217 0000 0000 0003 024", "***************3024"),
        ("4402031990010100", "************0100"),
        ("138 0013 8000", "138****8000"),
        ("440203102204", "440203102204"),
        ("440203-102-201-2019-A-0001", "440203-102-201-2019-A-0001"),
        ("914402030000000AA0", "914402030000000AA0"),
        ("N2440203MF0000000H", "N2440203MF0000000H"),
        ("1,180,000.00", "1,180,000.00"),
        ("2019/03/31", "2019/03/31"),
        ("１２３４．５０ 元", "１２３４．５０ 元"),
        ("１２ 34", "１２ 34"),
        ("４４０２０３１９９００１０１０００１", "44*************001"),
        ("", ""),
        ("龙归村", "龙归村"),
    ],
)
def test_a_problem_list_shows_the_cell_without_giving_a_number_away(text: str, shown: str) -> None:
    assert mask(text) == shown


def test_a_number_damaged_by_a_spreadsheet_is_hidden_too() -> None:
    assert "19900101" not in mask("4.40203199001010E+17")
    assert "19900101" not in mask("440203199001010000.0")


def test_a_phone_inside_what_looks_like_a_credit_code_is_hidden() -> None:
    assert mask("13111111111X111111") == "131****1111X111111"
    assert not holds_personal_number(f"代码{MASS_BODY}") and mask(MASS_BODY) == MASS_BODY


@given(IDS, PHONES, WORDS, WORDS, WORDS)
def test_no_text_shows_an_id_or_a_phone(
    number: str, phone: str, before: str, between: str, after: str
) -> None:
    text = f"{before}{number}{between} {phone}{after}"
    assert holds_personal_number(text)
    assert number not in mask(text) and phone not in mask(text)
    assert not holds_personal_number(mask(text))


@given(IDS)
def test_a_single_wrong_digit_is_no_id_any_more(number: str) -> None:
    wrong = number[:9] + str((int(number[9]) + 1) % 10) + number[10:]
    assert not holds_personal_number(wrong) or luhn_is_right(wrong)
    assert mask(wrong) == mask_id(wrong)


@given(st.text(max_size=40))
def test_masking_any_text_keeps_what_holds_no_long_number(text: str) -> None:
    shown = mask(text)
    if not re.search(r"\d{4}", text) and not re.search(r"\d\W?\d\W?\d", text):
        assert shown == text
    assert not holds_personal_number(shown)


@given(st.text(alphabet="0123456789 -X", max_size=60))
def test_nothing_that_proves_to_be_a_number_is_left_after_masking(text: str) -> None:
    assert not holds_personal_number(mask(text))


def test_luhn_notices_a_changed_digit() -> None:
    assert luhn_is_right(CARD)
    for digit in "0123456789":
        changed = CARD[:7] + digit + CARD[8:]
        assert luhn_is_right(changed) == (changed == CARD)


@pytest.mark.skipif(not GOLDEN.exists(), reason="the folder of golden values is not here")
def test_the_golden_ids_are_noticed_in_free_text() -> None:
    with GOLDEN.open(encoding="utf-8") as rows:
        for row in csv.DictReader(rows):
            if row["valid"] == "1":
                assert holds_personal_number(f"户主证件{row['value']}，已核"), row
                assert row["value"] not in mask(f"户主证件{row['value']}，已核"), row
