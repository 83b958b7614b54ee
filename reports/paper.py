"""What stands on a paper: one value that feeds PDF, XLSX, HTML and the totals alike.

A query builds a :class:`Paper`; ``pdf``, ``workbook`` and ``html`` only draw it. A paper that does
not add up cannot be built: a total which is not the sum of its rows, two sides of a proof line
which differ, an amount which is not whole fen, or a posted paper which shows a full number of a
person are refused here, before anything is printed.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from hashlib import sha256
from typing import Literal, NamedTuple

import rfc8785

from assets.errors import Refused
from assets.masking import mask
from assets.money import format_yuan, in_words

Kind = Literal["text", "int", "fen", "decimal", "date", "share", "percent", "serial", "sign"]
Cell = str | int | date | Decimal | Fraction | tuple[int, int] | None
Align = Literal["left", "center", "right"]
Size = Literal["A4", "A3", "240x140"]
Orientation = Literal["portrait", "landscape"]
Audience = Literal["posted", "internal"]
Layout = Literal["form", "document", "card"]
Json = None | bool | int | str | list["Json"] | dict[str, "Json"]

KINDS: tuple[Kind, ...] = (
    "text",
    "int",
    "fen",
    "decimal",
    "date",
    "share",
    "percent",
    "serial",
    "sign",
)
SUMMED: tuple[Kind, ...] = ("int", "fen", "decimal")
UNREGISTERED = "未登记副本"
_RIGHT: tuple[Kind, ...] = ("int", "fen", "decimal", "percent")
_CENTRE: tuple[Kind, ...] = ("date", "share", "serial", "sign")
# JSON readers keep integers only up to 2^53 exactly; larger ones travel as text.
_EXACT_LIMIT = 2**53
# A resident ID (18), a disability card (20), a bank card (15–19), a mobile number (11).
_PERSONAL = re.compile(r"(?<!\d)(?:\d{17}[\dXx]|\d{15,20}|1[3-9]\d{9})(?!\d)")
_SVG_TEXT = re.compile(r">([^<>]+)<")
_SPLIT_DIGITS = re.compile(r"(?<=\d)[ \u00a0\u2009\u3000](?=[\dXx])")
_SPLIT_PHONE = re.compile(r"(?<!\d)(1[3-9]\d)[-—–](\d{4})[-—–](\d{4})(?!\d)")


class UnfitPaper(Refused):
    """A paper does not add up or may not be shown as it stands (报表不符)."""


class Fact(NamedTuple):
    """One thing to be seen at first glance: ``Fact("总额", 768507, "fen")``; amounts in fen."""

    label: str
    value: Cell
    kind: Kind = "text"
    words: bool = False

    @property
    def text(self) -> str:
        """The value as printed, with 大写 behind it where asked."""
        shown = cell_text(self.kind, self.value)
        if self.kind == "fen" and isinstance(self.value, int):
            shown = f"{shown}元"
            if self.words:
                shown = f"{shown}（大写：{in_words(self.value)}）"
        return shown


class ProofLine(NamedTuple):
    """Two figures that must be one: ``ProofLine("Σ各户金额 = 可分配收益", left, right)``."""

    label: str
    left: int
    right: int
    kind: Kind = "fen"

    @property
    def text(self) -> str:
        """``Σ各户金额 = 可分配收益：7,685.07 = 7,685.07（一致）``."""
        left = cell_text(self.kind, self.left)
        return f"{self.label}：{left} = {cell_text(self.kind, self.right)}（一致）"


class Picture(NamedTuple):
    """A drawing as SVG text, with the sentence read out to those who cannot see it."""

    title: str
    svg: str
    description: str


@dataclass(frozen=True)
class Column:
    """One column. ``width_weight`` shares out what the number columns leave to the text columns.

    ``group`` is the upper cell of a two-row header; neighbours with the same group share it.
    """

    key: str
    title: str
    kind: Kind = "text"
    width_weight: int = 4
    align: Align | None = None
    group: str | None = None

    def __post_init__(self) -> None:
        """Raises UnfitPaper on an unknown kind."""
        if self.kind not in KINDS:
            raise UnfitPaper(
                f"列“{self.title}”的类型“{self.kind}”不认识，应为{'、'.join(KINDS)}之一。"
            )

    @property
    def side(self) -> Align:
        """Where the text stands: numbers right, dates and shares in the middle, words left."""
        if self.align is not None:
            return self.align
        if self.kind in _RIGHT:
            return "right"
        return "center" if self.kind in _CENTRE else "left"

    @property
    def is_summed(self) -> bool:
        """Whether a total below this column can be a sum."""
        return self.kind in SUMMED


Row = Mapping[str, Cell]


class Group(NamedTuple):
    """Neighbouring rows with one value of ``subtotal_by``, and their sums."""

    label: str
    rows: Sequence[Row]
    sums: Mapping[str, int | Decimal]


@dataclass(frozen=True)
class Table:
    """Rows under a header, with their totals.

    ``totals`` are the figures the query proved and must equal the sum of the rows; ``closing``
    stands in the total row without being a sum (a closing balance, a number of households).
    ``words_total`` (fen) is written out in words below and must be one of the totals.
    """

    title: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    subtotal_by: str | None = None
    totals: Mapping[str, int | Decimal] = field(default_factory=dict)
    closing: Mapping[str, Cell] = field(default_factory=dict)
    unit_line: str = "单位：元"
    words_total: int | None = None
    page_subtotals: bool = False
    total_label: str = "合计"
    row_height_mm: int | None = None

    def __post_init__(self) -> None:
        """Raises UnfitPaper where a cell or a total is not what it says it is."""
        keys = [column.key for column in self.columns]
        if len(set(keys)) != len(keys):
            raise UnfitPaper(f"表“{self.title}”有重复的列，请核对列名。")
        self._check_cells()
        self._check_totals()
        for _ in self.groups():
            pass

    def column(self, key: str) -> Column:
        """The column called so.

        Raises:
            UnfitPaper: No such column.
        """
        for column in self.columns:
            if column.key == key:
                return column
        raise UnfitPaper(f"表“{self.title}”没有列“{key}”。")

    def sums(self, rows: Sequence[Row]) -> dict[str, int | Decimal]:
        """Sums of the totalled columns over these rows."""
        return {key: sum_of(rows, key) for key in self.totals}

    def groups(self) -> Iterator[Group]:
        """Runs of rows with one value of ``subtotal_by`` in the order given.

        Raises:
            UnfitPaper: A value comes back after another one, so its subtotal would be split.
        """
        if self.subtotal_by is None:
            return
        kind = self.column(self.subtotal_by).kind
        seen: set[str] = set()
        start = 0
        while start < len(self.rows):
            label = cell_text(kind, self.rows[start].get(self.subtotal_by))
            if label in seen:
                raise UnfitPaper(
                    f"表“{self.title}”中“{label}”的行没有排在一起，无法小计。请先排序。"
                )
            seen.add(label)
            end = start
            while end < len(self.rows) and label == cell_text(
                kind, self.rows[end].get(self.subtotal_by)
            ):
                end += 1
            rows = self.rows[start:end]
            yield Group(label, rows, self.sums(rows))
            start = end

    def part(self, rows: Sequence[Row]) -> "Table":
        """The same table over some of its rows, with their own sums and nothing in words."""
        return Table(
            self.title,
            self.columns,
            rows,
            totals=self.sums(rows),
            unit_line=self.unit_line,
            page_subtotals=self.page_subtotals,
            row_height_mm=self.row_height_mm,
        )

    def data(self) -> dict[str, Json]:
        """Header, rows and totals as plain JSON; amounts in fen."""
        kinds = {column.key: column.kind for column in self.columns}
        content: dict[str, Json] = {
            "title": self.title,
            "unit_line": self.unit_line,
            "columns": [
                {"key": c.key, "title": c.title, "kind": c.kind, "group": c.group}
                for c in self.columns
            ],
            "rows": [
                {key: json_cell(row.get(key)) for key in kinds if row.get(key) is not None}
                for row in self.rows
            ],
            "totals": {key: json_cell(value) for key, value in self.totals.items()},
            "closing": {key: json_cell(value) for key, value in self.closing.items()},
        }
        if self.subtotal_by is not None:
            content["subtotals"] = [
                {"label": g.label, **{key: json_cell(value) for key, value in g.sums.items()}}
                for g in self.groups()
            ]
        if self.words_total is not None:
            content["words_total"] = in_words(self.words_total)
        return content

    def texts(self) -> Iterator[str]:
        """Every text somebody typed, for the check of posted papers."""
        yield self.title
        yield self.unit_line
        for column in self.columns:
            yield column.title
        for row in self.rows:
            yield from (value for value in row.values() if isinstance(value, str))
        yield from (value for value in self.closing.values() if isinstance(value, str))

    def _check_cells(self) -> None:
        kinds = {column.key: column.kind for column in self.columns}
        for number, row in enumerate(self.rows, start=1):
            for key, value in row.items():
                # A stray key would carry a hidden figure into the attachment.
                if key not in kinds:
                    raise UnfitPaper(f"表“{self.title}”第{number}行有未声明的列“{key}”。")
                if not fits(kinds[key], value):
                    raise UnfitPaper(
                        f"表“{self.title}”第{number}行“{self.column(key).title}”的值"
                        f"不是{kinds[key]}类型：{type(value).__name__}。"
                    )

    def _check_totals(self) -> None:
        for key, total in self.totals.items():
            column = self.column(key)
            if not column.is_summed:
                raise UnfitPaper(f"表“{self.title}”的列“{column.title}”不能合计。")
            summed = sum_of(self.rows, key)
            if summed != total:
                raise UnfitPaper(
                    f"表“{self.title}”的“{column.title}”合计不符：各行之和"
                    f"{cell_text(column.kind, summed)}，合计{cell_text(column.kind, total)}。"
                )
        for key, value in self.closing.items():
            if not fits(self.column(key).kind, value) and not isinstance(value, str):
                raise UnfitPaper(f"表“{self.title}”末行“{key}”的值类型不符。")
        if self.words_total is not None and self.words_total not in self.totals.values():
            raise UnfitPaper(
                f"表“{self.title}”的大写金额{format_yuan(self.words_total)}元不是任何一列的合计。"
            )


@dataclass(frozen=True)
class FooterFacts:
    """What lets a reader find the state of the book this paper was drawn from.

    ``note`` is the signed checkpoint, drawn as QR code; ``checkpoint_size`` and ``root_hex``
    (64 hex digits or its first 16) are printed. ``number`` is None on a copy nobody issued.
    """

    as_of: date
    log_position: int
    checkpoint_size: int | None = None
    root_hex: str | None = None
    number: str | None = None
    note: str | None = None
    issued_on: date | None = None
    book: str = ""

    @property
    def number_text(self) -> str:
        """The report number, or that this copy is not registered."""
        return self.number or UNREGISTERED

    @property
    def root16(self) -> str:
        """First 16 hex digits in fours, so that no run of digits looks like a person's number."""
        return in_fours(self.root_hex[:16]) if self.root_hex else ""

    @property
    def checkpoint_text(self) -> str:
        """``检查点1024 3f2a 9b1c 77d0 e015``, or that there is none."""
        if self.checkpoint_size is None or not self.root_hex:
            return "未取检查点"
        return f"检查点{self.checkpoint_size} {self.root16}"

    @property
    def position_text(self) -> str:
        """``截至2026年11月23日 记录第1024号``."""
        return f"截至{chinese_day(self.as_of)} 记录第{self.log_position}号"

    def data(self) -> dict[str, Json]:
        """The footer as plain JSON; empty entries left out."""
        content: dict[str, Json] = {
            "as_of": self.as_of.isoformat(),
            "log_position": self.log_position,
            "checkpoint_size": self.checkpoint_size,
            "root_hex": self.root_hex,
            "number": self.number,
            "note": self.note,
            "issued_on": self.issued_on.isoformat() if self.issued_on else None,
            "book": self.book or None,
        }
        return {key: value for key, value in content.items() if value is not None}


@dataclass(frozen=True)
class Paper:
    """One paper, ready to be drawn.

    ``name`` is the report's command name, ``parameters`` what it was asked with, so that it can be
    drawn again. ``layout``: form (a table with a narrow margin), document (after GB/T 9704), card
    (few large lines). ``banner`` stands above everything (内部凭证 不得张贴). ``text_size_pt`` is
    that of a card's sentences; 0 leaves it to the layout.
    """

    name: str
    title: str
    footer: FooterFacts
    organisation: str = ""
    subtitle: str = ""
    banner: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    headline: Sequence[Fact] = ()
    paragraphs_before: Sequence[str] = ()
    tables: Sequence[Table] = ()
    pictures: Sequence[Picture] = ()
    paragraphs_after: Sequence[str] = ()
    proof_lines: Sequence[ProofLine] = ()
    sources: Sequence[str] = ()
    signatures: Sequence[str] = ()
    seals: Sequence[str] = ()
    signed_by: str = ""
    signed_on: date | None = None
    layout: Layout = "form"
    size: Size = "A4"
    orientation: Orientation = "portrait"
    audience: Audience = "internal"
    large_type: bool = False
    text_size_pt: int = 0

    def __post_init__(self) -> None:
        """Raises UnfitPaper where a proof fails or a posted paper shows a person's number."""
        for line in self.proof_lines:
            if line.left != line.right:
                raise UnfitPaper(
                    f"《{self.title}》勾稽不符：{line.label}，左边{cell_text(line.kind, line.left)}，"
                    f"右边{cell_text(line.kind, line.right)}。请先查明差额，不得打印。"
                )
        if self.audience == "posted":
            for text in self.texts():
                if shows_personal_number(text):
                    raise UnfitPaper(
                        f"《{self.title}》为张贴件，但“{hide_personal_numbers(text)}”处含完整"
                        "证件号、卡号或手机号。请先脱敏。"
                    )

    @property
    def number(self) -> str | None:
        """The report number; None on a copy nobody issued."""
        return self.footer.number

    def data(self) -> dict[str, Json]:
        """The report's data: the same bytes for the same (day, log position), whoever prints it.

        Number, checkpoint and note are the print's, not the data's: see :meth:`attachment`.
        """
        return {
            "v": 1,
            "name": self.name,
            "title": self.title,
            "subtitle": self.subtitle,
            "organisation": self.organisation,
            "audience": self.audience,
            "parameters": dict(self.parameters),
            "as_of": self.footer.as_of.isoformat(),
            "log_position": self.footer.log_position,
            "headline": [
                {"label": f.label, "value": json_cell(f.value), "kind": f.kind, "text": f.text}
                for f in self.headline
            ],
            "paragraphs_before": list(self.paragraphs_before),
            "tables": [table.data() for table in self.tables],
            "pictures": [{"title": p.title, "description": p.description} for p in self.pictures],
            "paragraphs_after": list(self.paragraphs_after),
            "proofs": [
                {"label": p.label, "left": json_cell(p.left), "right": json_cell(p.right)}
                for p in self.proof_lines
            ],
            "sources": list(self.sources),
        }

    def data_bytes(self) -> bytes:
        """RFC 8785 bytes of :meth:`data`.

        依据: RFC 8785 (JSON Canonicalization Scheme).
        """
        return self._canonical

    def data_sha256(self) -> str:
        """SHA-256 of the data bytes, 64 hex digits; its first 16 are printed."""
        return sha256(self._canonical).hexdigest()

    def attachment(self) -> bytes:
        """RFC 8785 bytes of ``{data, data_sha256, footer}``, what travels inside the PDF."""
        # Put together from canonical parts, so that a long list is not written out twice.
        digest = self.data_sha256().encode("ascii")
        footer = rfc8785.dumps(self.footer.data())
        return b'{"data":%b,"data_sha256":"%b","footer":%b}' % (self._canonical, digest, footer)

    @cached_property
    def _canonical(self) -> bytes:
        return rfc8785.dumps(self.data())

    def texts(self) -> Iterator[str]:
        """Every text on the paper which somebody may have typed."""
        yield from (self.title, self.subtitle, self.organisation, self.banner, self.signed_by)
        yield from self.parameters.values()
        for fact in self.headline:
            yield from (fact.label, fact.text)
        yield from self.paragraphs_before
        yield from self.paragraphs_after
        yield from self.sources
        yield from self.signatures
        yield from self.seals
        for line in self.proof_lines:
            yield line.label
        for picture in self.pictures:
            yield from (picture.title, picture.description)
            # Only what is read: the numbers of a drawn line are nobody's.
            yield from _SVG_TEXT.findall(picture.svg)
        for table in self.tables:
            yield from table.texts()


def fits(kind: Kind, value: Cell) -> bool:
    """Whether a value may stand in a column of that kind; an empty cell fits everywhere."""
    if value is None:
        return True
    if isinstance(value, bool):
        return False
    if kind in ("int", "fen"):
        return isinstance(value, int)
    if kind == "serial":
        return isinstance(value, int | str)
    if kind == "decimal":
        return isinstance(value, Decimal | int)
    if kind == "date":
        return isinstance(value, date)
    if kind in ("share", "percent"):
        return isinstance(value, Fraction) or _is_pair(value)
    return isinstance(value, str)


def sum_of(rows: Sequence[Row], key: str) -> int | Decimal:
    """Sum of one column over rows; empty cells count nothing. Fen stay whole fen."""
    total: int | Decimal = 0
    for row in rows:
        value = row.get(key)
        if isinstance(value, int | Decimal):
            total = total + value
    return total


def cell_text(kind: Kind, value: Cell) -> str:
    """A cell as every paper prints it: ``1,234.00``, ``2026-11-23``, ``59/97``, ``60.82%``."""
    if value is None or kind == "sign":
        return ""
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, date):
        return value.isoformat()
    if kind == "fen" and isinstance(value, int):
        return format_yuan(value)
    if isinstance(value, Fraction | tuple):
        numerator, denominator = _pair(value)
        if kind == "percent":
            return percent_text(numerator, denominator)
        return f"{numerator}/{denominator}"
    return f"{value:,}" if kind != "serial" else str(value)


def percent_text(numerator: int, denominator: int) -> str:
    """``60.82%``, half up on whole numbers; a zero base has no rate and prints a dash."""
    if denominator == 0:
        return "—"
    hundredths = (abs(numerator) * 20000 + abs(denominator)) // (2 * abs(denominator))
    sign = "-" if (numerator < 0) != (denominator < 0) and hundredths else ""
    return f"{sign}{hundredths // 100}.{hundredths % 100:02d}%"


def json_cell(value: Cell) -> Json:
    """A cell for the attachment: fen as whole numbers, days ISO, shares ``a/b``, text NFC."""
    if value is None:
        return None
    if isinstance(value, int):
        return value if abs(value) < _EXACT_LIMIT else str(value)
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    numerator, denominator = _pair(value)
    return f"{numerator}/{denominator}"


def chinese_day(day: date) -> str:
    """``2026年11月3日``: Arabic digits, no leading zeros.

    依据: 内部约定 (参照公文格式，月、日不编虚位).
    """
    return f"{day.year}年{day.month}月{day.day}日"


def in_fours(digits: str) -> str:
    """``3f2a 9b1c``: easy to compare by eye, and never mistaken for a card number."""
    return " ".join(digits[start : start + 4] for start in range(0, len(digits), 4))


def shows_personal_number(text: str) -> bool:
    """Whether a text holds a full resident ID, disability card, bank card or mobile number.

    Full-width digits and digits set apart by blanks are seen as well.
    依据: 内部约定 (公示、张贴件不得出现完整证件号、卡号、手机号).
    """
    return bool(_PERSONAL.search(_plain_digits(text)))


def hide_personal_numbers(text: str) -> str:
    """The same text with every such number masked; other texts come back as they were.

    Used by the queries of posted papers on free text (a name field may hold anything).
    依据: 内部约定 (脱敏位数见 assets.masking).
    """
    if not shows_personal_number(text):
        return text
    masked = mask(text)
    if not shows_personal_number(masked):
        return masked
    # What proves to be no real number is still a row of digits nobody should post.
    return _PERSONAL.sub(
        lambda m: m[0][:2] + "*" * (len(m[0]) - 5) + m[0][-3:], _plain_digits(masked)
    )


def _plain_digits(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text)
    plain = _SPLIT_PHONE.sub(r"\1\2\3", plain)
    return _SPLIT_DIGITS.sub("", plain)


def _is_pair(value: Cell) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and all(type(n) is int for n in value)


def _pair(value: Fraction | tuple[int, int]) -> tuple[int, int]:
    if isinstance(value, Fraction):
        return value.numerator, value.denominator
    return value
