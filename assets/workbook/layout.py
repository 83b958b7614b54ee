"""Where in a clerk's sheet is the header, which column is which field, and what is the unit?

Around the rows that matter a sheet carries a title, a unit line, one to four header rows with
merged cells, a row of column numbers, subtotals, a signature line. The header is the block of
rows among the first fifteen that names the most columns of the kind; where it names hardly any,
the first row that looks like one.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from assets.money import FEN_PER_WAN, FEN_PER_YUAN
from assets.workbook.cells import is_blank
from assets.workbook.container import RawSheet, column_name
from assets.workbook.kinds import ColumnSpec, ColumnType, Kind

HEADER_WITHIN_ROWS: Final = 15
HEADER_DEPTH: Final = 4

UNIT_FEN: Final[Mapping[str, int]] = {
    "元": FEN_PER_YUAN,
    "千元": 1_000 * FEN_PER_YUAN,
    "万元": FEN_PER_WAN,
    "亿元": 10_000 * FEN_PER_WAN,
}
SERIAL_HEADERS: Final = frozenset({"序号", "行号", "no", "no.", "行次"})
REMARK_HEADERS: Final = frozenset({"备注", "说明", "填写说明"})
PLACE_HEADERS: Final = frozenset(
    {
        "乡镇、村",
        "镇、村",
        "乡镇村",
        "镇村",
        "镇(街)、村",
        "镇街村",
        "乡镇及村",
        "镇村名称",
        "所在镇村",
    }
    | {"乡镇/村", "镇/村", "乡(镇)村", "乡(镇)、村", "乡镇、村名", "乡镇村名称", "镇、村(社区)"}
)


@dataclass
class Column:
    """One column of the sheet: where it is, how it is headed, and which field it feeds."""

    index: int
    parts: tuple[str, ...]
    spec: ColumnSpec | None = None
    place: bool = False

    @property
    def header(self) -> str:
        """Header as shown to the clerk: the levels joined by a slash."""
        return "/".join(_squeezed(part) for part in self.parts)

    @property
    def leaf(self) -> str:
        """The lowest level of the header."""
        return self.parts[-1] if self.parts else ""


@dataclass
class Layout:
    """The parts of one sheet; rows are counted from zero, ``data`` is the first row below.

    ``found`` is False where the header was only guessed from its looks.
    """

    header: range
    columns: list[Column]
    found: bool
    serial: int | None = None
    titles: list[int] = field(default_factory=list)
    misordered: list[Column] = field(default_factory=list)
    clashes: list[tuple[Column, Column]] = field(default_factory=list)

    @property
    def data(self) -> int:
        """First row below the header."""
        return self.header.stop

    @property
    def mapped(self) -> dict[str, Column]:
        """Field → its column (the first of two equal ones)."""
        found: dict[str, Column] = {}
        for column in self.columns:
            if column.spec is not None:
                found.setdefault(column.spec.field, column)
        return found


def locate(sheet: RawSheet, kind: Kind) -> Layout | None:
    """Find the header of ``kind`` in a sheet; None where there is nothing like a table.

    依据: 内部约定 (表头可在前15行内任何位置, 一至四行, 可合并)
    """
    names = _names(kind)
    filled = _filled_from_merges(
        sheet, range(min(len(sheet.rows), HEADER_WITHIN_ROWS + HEADER_DEPTH))
    )
    best: tuple[tuple[int, int, int], range] | None = None
    for start in range(min(len(sheet.rows), HEADER_WITHIN_ROWS)):
        if all(map(is_blank, sheet.rows[start])):
            continue
        for depth in range(1, HEADER_DEPTH + 1):
            block = range(start, min(start + depth, len(sheet.rows)))
            if len(block) < depth or (depth > 1 and _holds_values(sheet.rows[block[-1]])):
                break
            matched = _count_matches(_columns(filled, block), names)
            score = (matched, -depth, -start)
            if matched and (best is None or score > best[0]):
                best = (score, block)
    enough = 1 if len(kind.columns) == 1 else 2
    if best is not None and best[0][0] >= enough:
        return _layout(sheet, filled, _extended(sheet, best[1]), names, found=True)
    guessed = _guess(sheet)
    if guessed is None:
        return None
    return _layout(sheet, filled, _extended(sheet, guessed), names, found=False)


def normal(text: str) -> str:
    """A header without what clerks vary: width, spaces, line breaks, stars.

    >>> normal("原 值（元）*")
    '原值(元)'
    """
    folded = "".join(unicodedata.normalize("NFKC", text).split()).lower()
    return (
        folded.strip("*★:")
        .replace("“", '"')
        .replace("”", '"')
        .replace("〔", "(")
        .replace("〕", ")")
    )


_UNIT_AT_END: Final = re.compile(
    r"[(\[【](?:单位:|人民币)?(?:元|千元|万元|亿元)[)\]】]$|[,:、](?:单位:?)?(?:元|千元|万元|亿元)$"
)
_UNIT_IN_HEADER: Final = re.compile(
    r"[(\[【,:、](?:单位:?|人民币)*(亿元|万元|千元|元)(?:[)\]】]|$)"
)
_UNIT_LINE: Final = re.compile(
    r"(?:计量|货币|金额)?单位(?:均?为|是)?[:]?(?:人民币)?[(]?(亿元|万元|千元|元)|[(](?:人民币)?(亿元|万元)[)]$"
)


def bare(header: str) -> str:
    """A normalised header without the money unit at its end."""
    return _UNIT_AT_END.sub("", header)


def unit_in_header(column: Column) -> str | None:
    """Money unit named anywhere in the header of a column, the lowest level first."""
    for part in reversed(column.parts):
        found = _UNIT_IN_HEADER.search(normal(part))
        if found:
            return found[1]
    return None


def units_stated(rows: Iterable[Sequence[object]]) -> list[str]:
    """Money units stated in lines outside the table (单位：万元), in order."""
    units = []
    for cells in rows:
        for cell in cells:
            if isinstance(cell, str) and ("元" in cell):
                found = _UNIT_LINE.search(normal(cell))
                if found:
                    units.append(found[1] or found[2])
    return units


# --- names of columns -----------------------------------------------------------------------


@cache
def _names(kind: Kind) -> dict[str, tuple[ColumnSpec, int]]:
    """Normalised header → field and rank (0 the header itself, 1 a synonym)."""
    names: dict[str, tuple[ColumnSpec, int]] = {}
    for column in kind.columns:
        for header in (column.header, bare(normal(column.header))):
            names.setdefault(normal(header), (column, 0))
    for column in kind.columns:
        for synonym in column.synonyms:
            for header in (normal(synonym), bare(normal(synonym))):
                names.setdefault(header, (column, 1))
    return names


def _match(
    column: Column, names: Mapping[str, tuple[ColumnSpec, int]]
) -> tuple[ColumnSpec, int] | None:
    """The field of a column: by its whole path, then by its lowest level."""
    path, leaf = normal("/".join(column.parts)), normal(column.leaf)
    for header in (path, leaf):
        found = names.get(header)
        if found:
            return found
    found = names.get(bare(leaf))
    return found if found and found[0].type is ColumnType.YUAN else None


def _count_matches(columns: Sequence[Column], names: Mapping[str, tuple[ColumnSpec, int]]) -> int:
    found = {match[0].field for column in columns if (match := _match(column, names))}
    places = any(normal(column.leaf) in PLACE_HEADERS for column in columns)
    return len(found) + places


# --- the block of header rows ---------------------------------------------------------------


def _filled_from_merges(sheet: RawSheet, rows: range) -> dict[tuple[int, int], str]:
    """Texts of the first rows, merged cells filled over their whole range."""
    texts = {
        (row, at): _header_text(cell)
        for row in rows
        for at, cell in enumerate(sheet.rows[row])
        if not is_blank(cell)
    }
    for (top, left), (bottom, right) in sheet.merged:
        anchor = texts.get((top, left))
        if anchor is None or top not in rows:
            continue
        for row in range(top, min(bottom, rows.stop - 1) + 1):
            for at in range(left, right + 1):
                texts.setdefault((row, at), anchor)
    return texts


def _header_text(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _columns(texts: Mapping[tuple[int, int], str], block: range) -> list[Column]:
    width = max((at for row, at in texts if row in block), default=-1) + 1
    columns = []
    for at in range(width):
        parts: list[str] = []
        for row in block:
            part = texts.get((row, at), "")
            if part and (not parts or normal(parts[-1]) != normal(part)):
                parts.append(part)
        columns.append(Column(at, tuple(parts)))
    return columns


def _holds_values(cells: Sequence[object]) -> bool:
    """A row with numbers or dates in it is data, not a level of the header."""
    return any(not isinstance(cell, str) for cell in cells) and not is_column_numbers(cells)


_LETTERS: Final = "甲乙丙丁戊己庚辛壬癸"


def is_column_numbers(cells: Sequence[object]) -> bool:
    """The row 1 2 3 … or 甲 乙 1 2 … that forms carry below the header."""
    texts = [_header_text(cell).strip() for cell in cells if not is_blank(cell)]
    numbers = [int(text) for text in texts if text.isdecimal()]
    letters = [text for text in texts if len(text) == 1 and text in _LETTERS]
    return (
        len(texts) >= 3
        and len(numbers) + len(letters) == len(texts)
        and numbers
        == list(range(numbers[0] if numbers else 1, len(numbers) + (numbers[0] if numbers else 1)))
        and (not numbers or numbers[0] in (1, len(letters) + 1))
    )


def _extended(sheet: RawSheet, block: range) -> range:
    """Over the whole of every merged range that touches the header, and the column numbers."""
    start, stop = block.start, block.stop
    for (top, left), (bottom, right) in sorted(sheet.merged):
        tall = bottom > top and (right - left) * 2 < len(sheet.rows[0])
        if tall and top < start <= bottom and block.stop - top <= HEADER_DEPTH:
            start = min(start, top)
    for (top, _), (bottom, _) in sheet.merged:
        if start <= top < stop and bottom >= stop:
            stop = min(bottom + 1, start + HEADER_DEPTH, len(sheet.rows))
    if stop < len(sheet.rows) and is_column_numbers(sheet.rows[stop]):
        stop += 1
    return range(start, stop)


def _guess(sheet: RawSheet) -> range | None:
    """First row of texts only that is nearly as wide as the widest of the first rows."""
    counts = [
        sum(not is_blank(cell) for cell in cells) for cells in sheet.rows[: HEADER_WITHIN_ROWS * 2]
    ]
    widest = max(counts, default=0)
    for row, count in enumerate(counts[:HEADER_WITHIN_ROWS]):
        cells = [cell for cell in sheet.rows[row] if not is_blank(cell)]
        texts = all(isinstance(cell, str) and not _UNIT_LINE.search(normal(cell)) for cell in cells)
        if count >= max(2, -(-widest // 2)) and texts and len(set(map(str, cells))) == count:
            return range(row, row + 1)
    return None


def _layout(
    sheet: RawSheet,
    texts: Mapping[tuple[int, int], str],
    block: range,
    names: Mapping[str, tuple[ColumnSpec, int]],
    *,
    found: bool,
) -> Layout:
    named = block
    if len(block) > 1 and is_column_numbers(sheet.rows[block[-1]]):
        named = range(block.start, block.stop - 1)
    columns = _columns(_texts_without_merges(sheet, texts, named), named)
    width = max((len(cells) for cells in sheet.rows), default=0)
    columns += [Column(at, ()) for at in range(len(columns), width)]
    layout = Layout(block, columns, found)
    layout.titles = [row for row in range(block.start) if not all(map(is_blank, sheet.rows[row]))]
    _assign(layout, names)
    return layout


def _texts_without_merges(
    sheet: RawSheet, texts: Mapping[tuple[int, int], str], block: range
) -> Mapping[tuple[int, int], str]:
    """A CSV knows no merged cells: a group header reaches over the blanks to its right."""
    if sheet.merged or len(block) < 2:
        return texts
    filled = dict(texts)
    for row in block[:-1]:
        last = ""
        for at in range(max((len(sheet.rows[each]) for each in block), default=0)):
            last = texts.get((row, at), last)
            if (row, at) not in texts and (block[-1], at) in texts and last:
                filled[(row, at)] = last
    return filled


def _assign(layout: Layout, names: Mapping[str, tuple[ColumnSpec, int]]) -> None:
    """Give every column its field; the header itself goes before a synonym."""
    taken: dict[str, tuple[Column, int]] = {}
    for column in layout.columns:
        matched = _match(column, names)
        if matched is None:
            continue
        spec, rank = matched
        earlier = taken.get(spec.field)
        if earlier is None or rank < earlier[1]:
            if earlier is not None:
                earlier[0].spec = None
            column.spec = spec
            taken[spec.field] = (column, rank)
        elif rank == earlier[1]:
            column.spec = spec
            layout.clashes.append((earlier[0], column))
    for column in layout.columns:
        if column.spec is None:
            _assign_rest(layout, column, names, taken)


def _assign_rest(
    layout: Layout,
    column: Column,
    names: Mapping[str, tuple[ColumnSpec, int]],
    taken: Mapping[str, tuple[Column, int]],
) -> None:
    leaf = normal(column.leaf)
    village = names.get("行政村") or names.get("村")
    if leaf in SERIAL_HEADERS and layout.serial is None:
        layout.serial = column.index
    elif leaf in PLACE_HEADERS and village and village[0].field not in taken:
        column.spec, column.place = village[0], True
    elif any(
        (upper := names.get(normal(part))) and upper[0].field not in taken
        for part in column.parts[:-1]
    ):
        layout.misordered.append(column)


def _squeezed(text: str) -> str:
    return "".join(text.split())


def address(column: int, row: int) -> str:
    """Cell name of a column and row counted from zero.

    >>> address(2, 16)
    'C17'
    """
    return f"{column_name(column)}{row + 1}"
