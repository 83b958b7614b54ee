"""Which bytes of a fact are hashed? The one encoder that the writer and the checker of the log share.

A text table's row becomes a length and RFC 8785 JSON, a packed table's rows one block of
big-endian 64-bit integers, an entry a leaf over its header and its manifest. Two programs that
disagree about one of these bytes find a book wrong that is right; therefore nobody else encodes,
the tests pin golden bytes, and the stand-alone verifier has an encoder of its own.
Proofs over the leaves are in ``merkle``, signatures over the root in ``checkpoint``.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any

import rfc8785

from assets.errors import InvalidValue

if TYPE_CHECKING:
    # numpy is loaded only where a packed block is made: `--help` must not wait for it.
    import numpy as np
    from numpy.typing import NDArray

JSON_INTEGER_LIMIT = 2**53
"""From here on a JSON number is not exact in every reader; such integers are written as text."""

_KNOWN_MAX = 4096
"""Texts and days one encoder remembers the JSON of; more would hold a whole book in memory."""

_LEAF_PREFIX = b"\x00"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CONTROL_EXCEPT_LINES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


class NotEncodable(InvalidValue):
    """A value has no place in the log: wrong type, control character or unnormalised text."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(f"“{column}”的内容不能记入日志：{reason}。")
        self.column = column


def canonical(value: Any) -> bytes:
    """Canonical JSON (RFC 8785) of any JSON value, in UTF-8.

    Raises:
        NotEncodable: The value holds something JSON cannot say exactly.

    依据: 内部约定 (RFC 8785 is the published canonical form an outsider can reproduce)
    """
    try:
        return rfc8785.dumps(value)
    except rfc8785.CanonicalizationError as error:
        raise NotEncodable("JSON", str(error)) from error


def header_bytes(header: Mapping[str, object]) -> bytes:
    """The header of an entry as canonical JSON; text is brought to NFC, absent values are left out.

    Raises:
        NotEncodable: A control character, a fraction or an unknown type in the header.

    依据: 内部约定 (what is stored is these very bytes, so normalising here loses nothing)
    """
    return canonical({name: _header_value(name, v) for name, v in header.items() if v is not None})


def _header_value(name: str, value: object) -> object:
    if isinstance(value, Mapping):
        return {str(k): _header_value(f"{name}.{k}", v) for k, v in value.items() if v is not None}
    if isinstance(value, list | tuple):
        return [_header_value(name, v) for v in value]
    if isinstance(value, str):
        if _CONTROL.search(value):
            raise NotEncodable(name, "含有控制字符，请删除后重新录入")
        return unicodedata.normalize("NFC", value)
    return _plain(name, value)


def text_row(row: Mapping[str, object]) -> bytes:
    """One row of a text table: u32 big-endian length, then RFC 8785 of {column: value}.

    None is left out, a date is YYYY-MM-DD, bytes are lower hex, an integer of 2**53 or more is
    decimal text. Line breaks and tabs are allowed (a stored notice has them), other control
    characters are not.

    Raises:
        NotEncodable: Text that is not NFC, a control character, a fraction, an unknown type.

    依据: 内部约定 (the length stops two rows from being read as one)
    """
    names = sorted(row)
    return row_encoder(names)([row[name] for name in names])


def row_encoder(columns: Sequence[str]) -> Callable[[Sequence[object]], bytes]:
    """The same bytes as ``text_row`` for many rows whose values come in the order of ``columns``.

    Returns a function of one row. The names are sorted and quoted once; a book of millions of rows
    is checked in one scan, and general JSON encoding would take most of the time.

    Raises:
        NotEncodable: A column name is not plain ASCII (names would sort differently elsewhere).

    依据: 内部约定 (one encoding, two speeds; a test holds them equal to RFC 8785)
    """
    for name in columns:
        if not name.isascii() or not name.isidentifier():
            raise NotEncodable(name, "列名只能用英文字母、数字和下划线")
    plan = [(place, name, f'"{name}":') for place, name in _sorted_places(columns)]

    known: dict[str | date, str] = {}

    def encode(values: Sequence[object]) -> bytes:
        assert len(values) == len(plan), "a row has one value for each column"
        parts: list[str] = []
        for place, name, quoted in plan:
            value = values[place]
            if value is None:
                continue
            # Words of the trade, codes and days come again in row after row.
            if type(value) is str or type(value) is date:
                said = known.get(value)
                if said is None:
                    said = _json_text(name, value)
                    if len(known) < _KNOWN_MAX:
                        known[value] = said
            elif type(value) is int and -JSON_INTEGER_LIMIT < value < JSON_INTEGER_LIMIT:
                said = str(value)
            else:
                said = _json_text(name, value)
            parts.append(quoted + said)
        try:
            body = ("{" + ",".join(parts) + "}").encode()
        except UnicodeEncodeError as error:
            raise NotEncodable("文本", "含有无效的字符编码") from error
        return len(body).to_bytes(4, "big") + body

    return encode


def _sorted_places(columns: Sequence[str]) -> list[tuple[int, str]]:
    assert len(set(columns)) == len(columns), "a column is named once"
    return sorted(enumerate(columns), key=lambda placed: placed[1])


def _json_text(name: str, value: object) -> str:
    """One value of a text row as JSON text; the two commonest types are tried first."""
    if isinstance(value, str):
        if _CONTROL_EXCEPT_LINES.search(value):
            raise NotEncodable(name, "含有控制字符，请删除后重新录入")
        if not unicodedata.is_normalized("NFC", value):
            raise NotEncodable(name, "文本未按NFC规范化")
        return encode_basestring(value)
    plain = _plain(name, value)
    if isinstance(plain, bool):
        return "true" if plain else "false"
    return str(int(plain)) if isinstance(plain, int) else f'"{plain}"'


def _plain(name: str, value: object) -> bool | int | str:
    """Bring everything but text to what JSON says exactly."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value) if abs(value) < JSON_INTEGER_LIMIT else str(int(value))
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    raise NotEncodable(name, f"不接受的类型{type(value).__name__}（金额用整数分，时刻用整数微秒）")


def packed_block(columns: Sequence["NDArray[np.int64]"]) -> bytes:
    """Rows of a packed table as one block: every value 8 bytes big-endian, row after row.

    Shape: k one-dimensional int64 arrays of equal length n; 8·n·k bytes. Blocks of consecutive
    slices, one after the other, are the block of the whole.

    Raises:
        NotEncodable: An array is not int64 or the lengths differ.

    依据: 内部约定 (one hash over a block is two hundred times cheaper than JSON for each row)
    """
    import numpy as np

    assert columns, "a packed table has columns"
    rows = len(columns[0])
    # Filled in place: stacking or concatenating would quietly return to the machine's byte order.
    block = np.empty((rows, len(columns)), dtype=">i8")
    for place, column in enumerate(columns):
        if column.dtype.kind != "i" or column.dtype.itemsize != 8 or column.shape != (rows,):
            raise NotEncodable(f"第{place + 1}列", "须为等长的64位整数列")
        block[:, place] = column
    return block.tobytes()


def table_digest(chunks: Iterable[bytes]) -> str:
    """SHA-256 over one table's encoded rows of one entry, in id order, as lower hex."""
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


def manifest_bytes(tables: Iterable[Sequence[str | int]]) -> bytes:
    """The manifest of an entry: RFC 8785 of ``[[table, table_version, n, sha256]]`` by table name.

    Raises:
        NotEncodable: A table is named twice, or a line has the wrong shape.

    依据: 内部约定 (a table without a line had no row in this entry)
    """
    lines = sorted(list(line) for line in tables)
    for line in lines:
        match line:
            case [str(), int(version), int(rows), str(sha256)] if version > 0 and rows > 0:
                if re.fullmatch("[0-9a-f]{64}", sha256) is None:
                    raise NotEncodable(str(line[0]), "清单中的摘要不是64位十六进制")
            case _:
                raise NotEncodable(str(line[:1]), "清单的一行应为表名、版本、行数、摘要")
    if len({line[0] for line in lines}) != len(lines):
        raise NotEncodable("清单", "同一张表出现两次")
    return canonical(lines)


def leaf(header: bytes, manifest: bytes) -> bytes:
    """The leaf hash of an entry (32 bytes): SHA-256(0x00 ‖ u32 ‖ header ‖ u32 ‖ manifest).

    依据: 内部约定 (the prefix 0x00 is RFC 6962's, so that no inner node can pass for an entry)
    """
    digest = hashlib.sha256(_LEAF_PREFIX)
    for part in (header, manifest):
        digest.update(len(part).to_bytes(4, "big"))
        digest.update(part)
    return digest.digest()
