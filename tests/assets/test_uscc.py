import csv
import doctest
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets import uscc
from assets.errors import InvalidUscc, InvalidValue

GOLDEN = Path(__file__).parents[2].parent / "shared" / "data" / "golden" / "uscc.csv"
BODIES = st.builds(
    lambda head, division, tail: head + division + tail,
    st.sampled_from(["11", "54", "91", "N1", "N2", "N3", "N9", "Y1"]),
    st.from_regex(r"[0-9]{6}", fullmatch=True),
    st.text(uscc.ALPHABET, min_size=9, max_size=9),
)


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(uscc).failed == 0


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("N2440203MF0000000H", "村级集体经济组织"),
        ("544402030000000AAQ", "村民委员会"),
        ("914402030000000AAX", "企业"),
        ("9144030071526726XG", "企业"),
        ("９１４４０２０３０００００００ＡＡＸ", "企业"),
    ],
)
def test_a_real_code_is_accepted_and_its_kind_is_known(text: str, kind: str) -> None:
    assert uscc.parse(text).kind == kind


@pytest.mark.parametrize(
    "text",
    [
        "914402030000000AA0",
        "91440203000000AAX",
        "914402030000000AAXX",
        "91440203000000OAAX",
        "91AA02030000000AAX",
        "914402030000000A X",
        "",
    ],
)
def test_a_wrong_code_is_refused_with_what_to_do(text: str) -> None:
    with pytest.raises(InvalidUscc, match="请") as caught:
        uscc.parse(text)
    assert isinstance(caught.value, InvalidValue)
    assert not uscc.is_valid(text)


def test_a_village_committee_is_not_taken_for_the_collective() -> None:
    committee, collective = uscc.parse("544402030000000AAQ"), uscc.parse("N2440203MF0000000H")
    assert committee.is_village_committee and not committee.is_collective
    assert collective.is_collective and not collective.is_village_committee


@pytest.mark.parametrize("head", ["N1", "N2", "N3", "N9"])
def test_collectives_of_every_level_are_accepted(head: str) -> None:
    first = f"{head}440203MF0000000"
    assert uscc.parse(first + uscc.check_character(first)).is_collective


@given(BODIES, st.integers(0, 16), st.sampled_from(uscc.ALPHABET))
def test_any_single_wrong_character_is_noticed(first: str, place: int, letter: str) -> None:
    code = first + uscc.check_character(first)
    assert uscc.parse(code) == code
    wrong = code[:place] + letter + code[place + 1 :]
    assert uscc.is_valid(wrong) == (wrong == code)


@pytest.mark.skipif(not GOLDEN.exists(), reason="the folder of golden values is not here")
def test_the_golden_codes_are_judged_rightly() -> None:
    with GOLDEN.open(encoding="utf-8") as rows:
        for row in csv.DictReader(rows):
            assert uscc.is_valid(row["value"]) == (row["valid"] == "1"), row
