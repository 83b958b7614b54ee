"""The bytes that are hashed, pinned, and made a second time by an encoder that shares nothing."""

import hashlib
import json
import struct
import unicodedata
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from assets.errors import InvalidValue
from assets.trail.encoding import (
    NotEncodable,
    canonical,
    header_bytes,
    leaf,
    manifest_bytes,
    packed_block,
    row_encoder,
    table_digest,
    text_row,
)

VECTORS = Path(__file__).parents[4] / "shared" / "data" / "vectors" / "rfc8785.json"


def second_row(row: dict[str, Any]) -> bytes:
    """The text row once more, with struct and json only."""
    said: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, date):
            said[name] = f"{value.year:04d}-{value.month:02d}-{value.day:02d}"
        elif isinstance(value, bytes):
            said[name] = "".join(f"{byte:02x}" for byte in value)
        elif isinstance(value, int) and not -(2**53) < value < 2**53:
            said[name] = f"{value:d}"
        elif value is not None:
            said[name] = value
    body = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    return struct.pack(">I", len(body)) + body


def second_block(rows: Sequence[tuple[int, ...]]) -> bytes:
    return b"".join(struct.pack(f">{len(row)}q", *row) for row in rows)


ROW: dict[str, object] = {
    "id": 7,
    "entry_id": 3,
    "name": "重阳镇“光伏”电站\n\t\\二期",
    "booked_on": date(2021, 3, 5),
    "is_idle": False,
    "is_listed": True,
    "file_sha256": b"\x00\xab",
    "original_value_fen": 9_007_199_254_740_992,
    "difference_fen": -9_007_199_254_740_992,
    "limit_fen": 9_007_199_254_740_991,
    "retired_on": None,
}


def test_a_text_row_has_these_bytes() -> None:
    said = (
        '{"booked_on":"2021-03-05","difference_fen":"-9007199254740992","entry_id":3,'
        '"file_sha256":"00ab","id":7,"is_idle":false,"is_listed":true,'
        '"limit_fen":9007199254740991,"name":"重阳镇“光伏”电站\\n\\t\\\\二期",'
        '"original_value_fen":"9007199254740992"}'
    ).encode()

    assert text_row(ROW) == b"\x00\x00\x00\xff" + said
    assert hashlib.sha256(text_row(ROW)).hexdigest() == (
        "fee9a7146dac04cd38e866d488fa340cbaeb4ba0d31a0ce08ef9dace13e6496d"
    )


def test_an_empty_row_is_not_nothing() -> None:
    assert text_row({"retired_on": None}) == b"\x00\x00\x00\x02{}"


TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs"], include_characters="\t\n\r"))
VALUE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.sampled_from([2**53 - 1, 2**53, -(2**53) + 1, -(2**53)]),
    st.dates(),
    st.binary(max_size=40),
    TEXT.map(lambda text: unicodedata.normalize("NFC", text)),
)
NAME = st.from_regex(r"[a-z_][a-z0-9_]{0,12}", fullmatch=True)


@given(st.dictionaries(NAME, VALUE, max_size=8))
def test_two_encoders_and_rfc_8785_agree_on_every_row(row: dict[str, Any]) -> None:
    encoded = text_row(row)

    assert encoded == second_row(row)
    assert encoded[4:] == rfc8785.dumps(json.loads(encoded[4:]))
    assert row_encoder(list(row))(list(row.values())) == encoded


def test_a_coded_value_is_written_as_its_text() -> None:
    class Kind(StrEnum):
        IDLE = "闲置"

    assert text_row({"kind": Kind.IDLE}) == text_row({"kind": "闲置"})


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (1.0, "float"),
        (Decimal(1), "Decimal"),
        (datetime(2021, 3, 5, tzinfo=UTC), "datetime"),
        (np.int64(1), "int64"),
        ([1], "list"),
        ("e\u0301", "NFC"),
        ("a\x00b", "控制字符"),
        ("a\x7fb", "控制字符"),
        ("a\x85b", "控制字符"),
        ("\ud800", "字符编码"),
    ],
)
def test_what_json_cannot_say_exactly_is_refused(value: object, reason: str) -> None:
    with pytest.raises(NotEncodable, match=reason):
        text_row({"name": value})


@pytest.mark.parametrize("name", ["资产", "a b", 'a"b', ""])
def test_a_column_name_that_sorts_differently_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(NotEncodable, match="列名"):
        text_row({name: 1})


def test_a_row_with_a_value_too_many_is_a_mistake_of_the_program() -> None:
    with pytest.raises(AssertionError):
        row_encoder(["id"])([1, 2])
    with pytest.raises(AssertionError):
        row_encoder(["id", "id"])


HEADER: dict[str, object] = {
    "v": 1,
    "id": 12,
    "book": "440203",
    "kind": "register",
    "recorded_at_us": 1_700_000_000_000_000,
    "actor": "e\u0301",
    "object": {"type": "asset", "code": "ZC-1", "none": None},
    "files": ["甲", 2, True],
    "decided_on": date(2021, 1, 2),
    "big": 2**60,
    "idem_key": None,
}


def test_a_header_has_these_bytes() -> None:
    assert (
        header_bytes(HEADER)
        == (
            '{"actor":"é","big":"1152921504606846976","book":"440203","decided_on":"2021-01-02",'
            '"files":["甲",2,true],"id":12,"kind":"register",'
            '"object":{"code":"ZC-1","type":"asset"},"recorded_at_us":1700000000000000,"v":1}'
        ).encode()
    )


@pytest.mark.parametrize("text", ["a\nb", "\x00", "\x7f", "\x9f"])
def test_a_header_with_a_control_character_is_refused(text: str) -> None:
    with pytest.raises(NotEncodable, match="控制字符"):
        header_bytes({"object": {"code": text}})


def test_a_header_with_a_fraction_or_half_a_character_is_refused() -> None:
    with pytest.raises(InvalidValue, match="float"):
        header_bytes({"share": 0.5})
    with pytest.raises(InvalidValue, match="不能记入日志"):
        header_bytes({"actor": "\ud800"})


COLUMNS = [
    np.array([1, 2, -3], dtype=np.int64),
    np.array([2**63 - 1, 0, -(2**63)], dtype=np.int64),
]


def test_a_packed_block_has_these_bytes() -> None:
    assert packed_block(COLUMNS).hex() == (
        "0000000000000001"
        "7fffffffffffffff"
        "0000000000000002"
        "0000000000000000"
        "fffffffffffffffd"
        "8000000000000000"
    )


INT64 = st.integers(-(2**63), 2**63 - 1)


@given(st.lists(st.tuples(INT64, INT64, INT64), max_size=20), st.integers(0, 20))
def test_two_encoders_agree_on_every_block_however_it_is_sliced(
    rows: list[tuple[int, int, int]], cut: int
) -> None:
    columns = [np.array([row[i] for row in rows], dtype=np.int64) for i in range(3)]

    block = packed_block(columns)

    assert block == second_block(rows)
    assert block == packed_block([c[:cut] for c in columns]) + packed_block(
        [c[cut:] for c in columns]
    )


def test_a_block_does_not_depend_on_how_the_machine_holds_its_numbers() -> None:
    big = [column.astype(">i8") for column in COLUMNS]
    little = [column.astype("<i8") for column in COLUMNS]
    strided = list(np.stack(COLUMNS, axis=1).T)

    assert packed_block(COLUMNS) == packed_block(big) == packed_block(little)
    assert packed_block(COLUMNS) == packed_block(strided)


@pytest.mark.parametrize(
    "column",
    [
        np.array([1.0, 2.0, 3.0]),
        np.array([1, 2, 3], dtype=np.int32),
        np.array([1, 2, 3], dtype=np.uint64),
        np.array([1, 2], dtype=np.int64),
        np.array([[1], [2], [3]], dtype=np.int64),
    ],
)
def test_a_column_that_is_not_whole_numbers_of_the_same_length_is_refused(column: Any) -> None:
    with pytest.raises(NotEncodable, match="第2列"):
        packed_block([COLUMNS[0], column])


def test_a_packed_table_without_columns_is_a_mistake_of_the_program() -> None:
    with pytest.raises(AssertionError):
        packed_block([])


def test_a_digest_is_over_the_rows_one_after_the_other() -> None:
    assert table_digest([]) == hashlib.sha256(b"").hexdigest()
    assert table_digest([b"a", b"bc"]) == hashlib.sha256(b"abc").hexdigest()


def test_a_manifest_has_these_bytes_in_any_order_of_tables() -> None:
    lines: list[list[str | int]] = [["voucher", 1, 2, "b" * 64], ["asset", 3, 1, "a" * 64]]

    expected = f'[["asset",3,1,"{"a" * 64}"],["voucher",1,2,"{"b" * 64}"]]'.encode()
    assert manifest_bytes(lines) == manifest_bytes(lines[::-1]) == expected
    assert manifest_bytes([]) == b"[]"


@pytest.mark.parametrize(
    "lines",
    [
        [["asset", 1, 1, "a" * 64], ["asset", 1, 2, "b" * 64]],
        [["asset", 1, 1, "A" * 64]],
        [["asset", 1, 0, "a" * 64]],
        [["asset", 0, 1, "a" * 64]],
        [["asset", 1, "a" * 64]],
    ],
)
def test_a_manifest_that_says_a_table_twice_or_half_is_refused(
    lines: list[list[str | int]],
) -> None:
    with pytest.raises(NotEncodable):
        manifest_bytes(lines)


def test_a_leaf_is_this_hash() -> None:
    header, manifest = b'{"id":1}', b"[]"

    by_hand = b"\x00" + b"\x00\x00\x00\x08" + header + b"\x00\x00\x00\x02" + manifest
    assert leaf(header, manifest) == hashlib.sha256(by_hand).digest()
    assert leaf(header, manifest).hex() == (
        "f1b47f666600223768f6d604729f6e955e537031d559b6a6db94733215757138"
    )


def test_what_moves_from_header_to_manifest_makes_another_leaf() -> None:
    assert leaf(b"ab", b"c") != leaf(b"a", b"bc") != leaf(b"abc", b"")


def test_the_published_rfc_8785_vectors_agree() -> None:
    if not VECTORS.exists():
        pytest.skip("published RFC 8785 vectors are not beside the project")
    vectors = json.loads(VECTORS.read_text(encoding="utf-8"))

    for vector in vectors:
        assert canonical(json.loads(vector["input"])).hex() == vector["output_hex"], vector["name"]
    assert len(vectors) == 6
