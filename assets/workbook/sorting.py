"""Is this row a detail, a subtotal, a signature line, a heading, or nothing at all?

Only rows that look odd are examined: those with an empty key, or with a word like 合计 in one of
the first columns. A row that is not a detail is kept with its reason, so that nothing vanishes.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from assets.workbook.cells import is_blank
from assets.workbook.container import RawSheet
from assets.workbook.kinds import Kind
from assets.workbook.layout import Column, Layout, is_column_numbers, normal

EXAMPLE: Final = "示例"

_TOTAL: Final = re.compile(
    r"(?:.{0,10}?)(小计|合计|总计|共计|总合计|累计|本页合计|合计金额|合计数)(?:[:(].*)?"
)
_PLAIN_TOTAL: Final = re.compile(
    r"(?:.{0,10}(?:镇|乡|街道|村|区|县|市|类|年|月|部分|资金))?(小计|合计|总计|共计|总合计|累计|本页合计|合计金额|合计数)(?:[:(].*)?"
)
_FOOTER: Final = re.compile(
    r"(?:填[报表写制]|制[表单]|审[核批计]|复核|负责人|单位负责人|主要领导|分管领导|经办|联系[人电]|编制|报送|"
    r"填报日期|[(]?盖章|[(]?签[章字名]|[(]?公章|注(?:\d|:|$)|备注:|说明:|附注|村(?:主任|支书|书记)[:(]|"
    r"镇(?:长|政府)[^a-z]{0,6}[:(]|.{0,12}[(](?:盖章|公章|签章|签字)[)]|单位[:(]?[(]?盖章|大写|金额大写|日期:|"
    r"第\d+页|共\d+页|打印日期|制表日期|\d{4}年\d{1,2}月\d{1,2}日$|年月日)"
)
_SECTION: Final = re.compile(r"[一二三四五六七八九十]+[、.．,]|[(][一二三四五六七八九十]+[)]")
_ORDINAL: Final = re.compile(r"[(]?[一二三四五六七八九十]+[)]?[、.]?")


@dataclass(frozen=True)
class TotalRow:
    """A row that states sums: its index, its label, and how many details stand before it."""

    row: int
    label: str
    before: int


@dataclass
class Sorted:
    """The rows below a header, told apart; all indices count from zero in the sheet."""

    details: list[int] = field(default_factory=list)
    totals: list[TotalRow] = field(default_factory=list)
    skipped: list[tuple[int, str]] = field(default_factory=list)


def sort_rows(sheet: RawSheet, layout: Layout, kind: Kind) -> Sorted:
    """Tell details from everything else below the header.

    依据: 内部约定 (小计、合计、填报人行、示例行、重复表头和空白模板行不作为数据)
    """
    examiner = _Examiner(sheet, layout, kind)
    found = Sorted()
    suspects = examiner.suspects()
    for row in range(layout.data, len(sheet.rows)):
        reason = examiner.examine(row) if row in suspects else None
        if reason is None:
            found.details.append(row)
        elif reason.startswith("="):
            found.totals.append(TotalRow(row, reason[1:], len(found.details)))
            found.skipped.append((row, reason[1:]))
        elif reason:
            found.skipped.append((row, reason))
    return found


class _Examiner:
    def __init__(self, sheet: RawSheet, layout: Layout, kind: Kind) -> None:
        self.sheet = sheet
        self.layout = layout
        mapped = layout.mapped
        self.anchors = [
            mapped[name].index
            for name in kind.keys[0]
            if name in mapped and kind.by_field[name].required
        ]
        self.required = [
            column.index for column in mapped.values() if column.spec and column.spec.required
        ]
        self.serial = layout.serial
        self.headers = {
            normal(column.leaf): column.index for column in layout.columns if column.leaf
        }
        self.wide = {
            top: right - left + 1
            for (top, left), (_, right) in sheet.merged
            if right > left and top >= layout.data
        }

    def suspects(self) -> set[int]:
        """Rows that may be no detail, found by the distinct cells of few columns."""
        rows = range(self.layout.data, len(self.sheet.rows))
        if not self.anchors:
            return set(rows)
        data = self.sheet.rows[self.layout.data :]
        suspects: set[int] = set()
        looked = {*self.anchors, *range(min(3, len(self.layout.columns)))}
        looked |= {self.serial} if self.serial is not None else set()
        looked |= {
            column.index for column in self.layout.columns if column.spec is None and column.parts
        }
        for at in looked:
            cells = [cells[at] for cells in data] if data and at < len(data[0]) else []
            odd = self._odd_ones(set(cells), anchor=at in self.anchors)
            if odd:
                suspects.update(row for row, cell in zip(rows, cells, strict=True) if cell in odd)
        return suspects

    def _odd_ones(self, distinct: set[object], *, anchor: bool) -> set[object]:
        """Cells that make a row odd; whole columns of plain codes are passed over at once."""
        texts = {cell for cell in distinct if isinstance(cell, str)}
        if len(texts) > 1000 and "".join(texts).isascii():
            texts = {text for text in texts if not text[:1].isalnum() or len(text) <= 4}
        return {cell for cell in texts if self._odd(cell, anchor=anchor)}

    def _odd(self, cell: object, *, anchor: bool) -> bool:
        if not isinstance(cell, str):
            return False
        if anchor and is_blank(cell):
            return True
        text = normal(cell)
        return bool(
            text == EXAMPLE
            or text in self.headers
            or _TOTAL.fullmatch(text)
            or _FOOTER.match(text)
            or _SECTION.match(text)
        )

    def examine(self, row: int) -> str | None:
        """None for a detail, "" for an empty row, "=label" for sums, else the reason."""
        cells = self.sheet.rows[row]
        filled = {at: cell for at, cell in enumerate(cells) if not is_blank(cell)}
        if not filled:
            return ""
        texts = {at: normal(cell) for at, cell in filled.items() if isinstance(cell, str)}
        if EXAMPLE in texts.values():
            return "示例行"
        if self._is_header_again(texts):
            return "重复表头"
        if self._is_blank_form(filled):
            return "空白模板行"
        if is_column_numbers(cells) and self.layout.data == row:
            return "列号行"
        label = self._total_label(filled, texts)
        if label:
            return f"={label}"
        return self._remark(row, filled, texts)

    def _is_header_again(self, texts: dict[int, str]) -> bool:
        same = sum(self.headers.get(text) == at for at, text in texts.items())
        return same >= 2 and same * 3 >= len(texts) * 2

    def _is_blank_form(self, filled: dict[int, object]) -> bool:
        """A row that was numbered beforehand, perhaps with formulas that give zero."""
        serial = filled.get(self.serial, 0) if self.serial is not None else 0
        numbered = isinstance(serial, int | float) or (
            isinstance(serial, str) and normal(serial).isdecimal()
        )
        return numbered and all(
            isinstance(cell, int | float) and cell == 0
            for at, cell in filled.items()
            if at != self.serial
        )

    def _keys_besides(self, at: int, filled: dict[int, object]) -> bool:
        """Some key cell other than the one at ``at`` is filled."""
        return any(anchor in filled for anchor in self.anchors if anchor != at)

    def _total_label(self, filled: dict[int, object], texts: dict[int, str]) -> str:
        serial = filled.get(self.serial) if self.serial is not None else None
        numbered = isinstance(serial, int | float) or (
            isinstance(serial, str) and normal(serial).isdecimal()
        )
        for at, text in texts.items():
            pattern = _TOTAL if self.anchors else _PLAIN_TOTAL
            found = pattern.fullmatch(text)
            if (
                found
                and not self._keys_besides(at, filled)
                and not (numbered and at != self.serial)
            ):
                return found[1]
        if self.serial is None or numbered:
            return ""
        if isinstance(serial, str) and _ORDINAL.fullmatch(normal(serial)):
            numbers = [at for at, cell in filled.items() if isinstance(cell, int | float)]
            return "分组小计" if numbers and not self._keys_besides(-1, filled) else ""
        if len(filled) >= 1 and not texts and not self._keys_besides(-1, filled):
            return "无标题合计"
        return ""

    def _remark(self, row: int, filled: dict[int, object], texts: dict[int, str]) -> str | None:
        first = min(filled)
        text = texts.get(first)
        if text is None:
            return None
        needed = sum(at in filled for at in self.required)
        if _FOOTER.match(text) and needed * 2 <= max(len(self.required), 1):
            return "表尾"
        alone = len(filled) == 1
        if alone and (_SECTION.match(text) or self.wide.get(row, 0) * 2 > len(self.layout.columns)):
            return "分组标题" if _SECTION.match(text) or len(text) <= 20 else "说明"
        return None


def label_of(cells: Sequence[object]) -> str:
    """First text of a row, to name it in a message."""
    return next(
        (
            unicodedata.normalize("NFKC", cell).strip()
            for cell in cells
            if isinstance(cell, str) and not is_blank(cell)
        ),
        "合计",
    )


def columns_of(layout: Layout) -> list[Column]:
    """Columns that feed a field."""
    return [column for column in layout.columns if column.spec is not None]
