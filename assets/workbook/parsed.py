"""What came out of a workbook: checked rows, what was left out and why, and everything wrong.

Nothing is lost silently: for every sheet the filled cells of the file are counted once as they
stand (``cells.filled``) and once more as they were dealt with, used or reported.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

from assets.errors import RowProblem
from assets.masking import mask, mask_card, mask_id, mask_phone
from assets.workbook.container import column_name
from assets.workbook.kinds import ColumnSpec, ColumnType, Kind


class Row(NamedTuple):
    """One detail row: field → exact value, blank fields left out.

    ``number`` is the row in the sheet, from one; ``cleared`` are the fields with 【清除】;
    ``raw`` are the cells as they stood, ``places`` the column of each field.
    """

    number: int
    values: Mapping[str, Any]
    cleared: frozenset[str]
    raw: Sequence[object]
    places: Mapping[str, int]

    def cell(self, name: str) -> str:
        """Cell name of a field, such as C17; the row number where it has no column."""
        at = self.places.get(name)
        return f"{column_name(at)}{self.number}" if at is not None else str(self.number)

    def text(self, name: str) -> str:
        """What the clerk wrote in the cell of a field."""
        at = self.places.get(name)
        return as_text(self.raw[at]) if at is not None and at < len(self.raw) else ""


@dataclass(frozen=True)
class Skipped:
    """A row that is no detail row: why, and what stood in it (masked)."""

    row: int
    reason: str
    text: str
    cells: int

    def as_json(self) -> dict[str, Any]:
        """Row number from one, reason in Chinese, masked text."""
        return {"row": self.row, "reason": self.reason, "text": self.text}


@dataclass
class Totals:
    """Stated and computed sums of one column; all in the unit of the field (fen, units)."""

    header: str
    scale: int
    unit: str
    computed: int = 0
    subtotals: list[int] = field(default_factory=list)
    total: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Sums in the unit of the sheet, as the clerk wrote them, and the exact sum beside them."""
        return {
            "header": self.header,
            "unit": self.unit,
            "rows": _plain(self.computed, self.scale),
            "subtotals": [_plain(each, self.scale) for each in self.subtotals],
            "total": None if self.total is None else _plain(self.total, self.scale),
            "exact": self.computed,
        }


def _plain(value: int, scale: int) -> int | str:
    """Whole numbers as numbers, others as text, since a JSON number would be a float."""
    number = Fraction(value, scale)
    if number.denominator == 1:
        return number.numerator
    digits = len(str(scale)) - 1
    whole, part = divmod(abs(value), scale)
    return f"{'-' if value < 0 else ''}{whole}.{part:0{digits}d}".rstrip("0")


@dataclass
class Cells:
    """Conservation of cells: filled = used + reported."""

    filled: int = 0
    used: int = 0
    reported: int = 0

    def as_json(self) -> dict[str, int]:
        """The three counts."""
        return {"filled": self.filled, "used": self.used, "reported": self.reported}


@dataclass
class Sheet:
    """One sheet that was read."""

    name: str
    unit: str = "元"
    header_rows: list[int] = field(default_factory=list)
    columns: dict[str, int] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    totals: dict[str, Totals] = field(default_factory=dict)
    cells: Cells = field(default_factory=Cells)
    unused: dict[str, int] = field(default_factory=dict)


@dataclass
class Parsed:
    """One workbook, read and checked. Rows may be used only where ``problems`` is empty.

    ``warnings`` refuse nothing; those whose name begins with ``unit-`` question an amount and
    are printed among the problems as well.
    """

    kind: Kind
    file: str
    file_sha256: str
    format: str = ""
    sheets: list[Sheet] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)
    warnings: list[RowProblem] = field(default_factory=list)

    @property
    def rows(self) -> Iterator[tuple[Sheet, Row]]:
        """All detail rows with their sheet, in file order."""
        return ((sheet, row) for sheet in self.sheets for row in sheet.rows)

    def as_json(self) -> dict[str, Any]:
        """The shape of ``import --dry-run --json``; personal columns are masked.

        依据: 内部约定 (试导入的输出不得出现完整证件号、卡号、手机号)
        """
        doubted = [each for each in self.warnings if each.name.startswith("unit-")]
        return {
            "kind": self.kind.name,
            "file": self.file,
            "sha256": self.file_sha256,
            "format": self.format,
            "sheets": [self._sheet_json(sheet) for sheet in self.sheets],
            "problems": [each.as_json() for each in (*self.problems, *doubted)],
            "warnings": [each.as_json() for each in self.warnings],
        }

    def _sheet_json(self, sheet: Sheet) -> dict[str, Any]:
        return {
            "sheet": sheet.name,
            "unit": sheet.unit,
            "header_rows": sheet.header_rows,
            "rows": [self._row_json(row) for row in sheet.rows],
            "skipped": [each.as_json() for each in sheet.skipped],
            "totals": {name: each.as_json() for name, each in sheet.totals.items()},
            "unused": sheet.unused,
            "cells": sheet.cells.as_json(),
        }

    def _row_json(self, row: Row) -> dict[str, Any]:
        shown: dict[str, Any] = {"row": row.number, "values": {}}
        for name, value in row.values.items():
            spec = self.kind.by_field.get(name)
            shown["values"][name] = _value_json(spec, value)
        if row.cleared:
            shown["cleared"] = sorted(row.cleared)
        return shown


def by_village(parsed: Parsed) -> dict[str, tuple[list[Row], list[RowProblem]]]:
    """Rows and problems village by village, for ``--split-by village``.

    Rows without a village come under the empty key, as do problems of the file as a whole.
    依据: 内部约定 (各村可以分别整批导入)
    """
    parts: dict[str, tuple[list[Row], list[RowProblem]]] = {}
    owner: dict[tuple[str, int], str] = {}
    for sheet, row in parsed.rows:
        village = row.values.get("village_code") or row.values.get("village_name") or ""
        owner[sheet.name, row.number] = village
        parts.setdefault(village, ([], []))[0].append(row)
    for problem in parsed.problems:
        digits = problem.cell.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
        number = int(digits) if digits.isdecimal() else 0
        village = owner.get((problem.sheet, number), "")
        parts.setdefault(village, ([], []))[1].append(problem)
    return parts


def _value_json(spec: ColumnSpec | None, value: object) -> object:
    if isinstance(value, dt.date):
        month = spec is not None and spec.type is ColumnType.MONTH
        return value.strftime("%Y-%m") if month else value.isoformat()
    if spec is not None and isinstance(value, str):
        return shown(spec, value)
    return value


def shown(spec: ColumnSpec | None, cell: object) -> str:
    """A cell as it may be shown in a list: masked as its column demands, and whatever else looks
    like a personal number.

    依据: 内部约定 (导入问题清单不得出现完整证件号、卡号、手机号)
    """
    if spec is not None and spec.type is ColumnType.ID:
        return f"{cell:.2E}" if isinstance(cell, float) else mask_id(as_text(cell).strip())
    if spec is not None and spec.type is ColumnType.CARD:
        return f"{cell:.2E}" if isinstance(cell, float) else mask_card(as_text(cell).strip())
    text = as_text(cell)
    if spec is not None and spec.type is ColumnType.PHONE:
        return mask_phone(text.strip())
    if spec is not None and spec.type is ColumnType.NAME:
        return text.strip()[:1] + "*" * max(1, len(text.strip()) - 1) if text.strip() else ""
    text = mask(text)
    return text if len(text) <= 80 else text[:80] + "…"


def as_text(cell: object) -> str:
    """A cell as the spreadsheet shows it."""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, int | float):
        return format(cell, ".15g")
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat() if cell.time() == dt.time() else cell.isoformat(" ")
    return str(cell)
