"""How do rows become a workbook that a clerk can go on with, and that imports to the same rows?

The form is the clerks' own: title, unit line, header of one or two rows, details, a total row.
Codes, IDs and card numbers are text cells, so that WPS loses no digit; dates are real dates;
amounts are numbers in 元 where fifteen digits hold them, text where they do not. A CSV begins
with a byte order mark and protects long digits with a tab, which the reader takes off again.
"""

import csv
import datetime as dt
import io
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import xlsxwriter  # type: ignore[import-untyped]
from xlsxwriter.format import Format  # type: ignore[import-untyped]
from xlsxwriter.workbook import Workbook  # type: ignore[import-untyped]
from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]

from assets.money import FEN_PER_YUAN
from assets.workbook.cells import CLEAR
from assets.workbook.container import column_name
from assets.workbook.kinds import DIGIT_TYPES, ColumnSpec, ColumnType, Kind

ROWS_AS_NUMBERS: Final = 10**15
_LONG_DIGITS: Final = 11
_FORMULA_STARTS: Final = ("=", "+", "-", "@")

Values = Mapping[str, Any]


def write_rows(
    kind: Kind, rows: Iterable[Values], path: Path, *, title: str = "", footer: str = ""
) -> int:
    """Write rows (field → value, as the reader gives them) to ``path``; .csv or .xlsx by its name.

    Amounts are written in 元. Gives the number of rows. What is written reads back to the same
    values.
    依据: 内部约定 (导出后再导入内容不变; WPS打开不丢位数)
    """
    if path.suffix.lower() == ".csv":
        return _write_csv(kind, rows, path)
    book = xlsxwriter.Workbook(str(path), {"in_memory": True, "default_date_format": "yyyy-mm-dd"})
    _deterministic(book)
    sheet = book.add_worksheet(sheet_title(kind))
    forms = Forms(book)
    top = write_header(sheet, kind, forms, title or kind.title)
    count = 0
    sums: dict[str, int] = {}
    for count, values in enumerate(rows, start=1):
        sheet.write_number(top + count - 1, 0, count, forms.plain)
        for at, spec in enumerate(kind.columns, start=1):
            value = values.get(spec.field)
            _write_cell(sheet, top + count - 1, at, spec, value, forms)
            if spec.type is ColumnType.YUAN and spec.summed and isinstance(value, int):
                sums[spec.field] = sums.get(spec.field, 0) + value
    _write_totals(sheet, kind, top + count, sums, forms)
    if footer:
        sheet.write_string(top + count + 1, 0, footer)
    sheet.autofilter(top - 1, 0, top + max(count, 1) - 1, len(kind.columns))
    sheet.freeze_panes(top, 0)
    book.close()
    return count


def sheet_title(kind: Kind) -> str:
    """Name of the sheet, within the 31 characters a spreadsheet allows."""
    return kind.title[:31]


class Forms:
    """The cell formats of one workbook."""

    def __init__(self, book: Workbook) -> None:
        line: dict[str, Any] = {"border": 1, "valign": "vcenter"}
        self.title = book.add_format({"bold": True, "font_size": 16, "align": "center"})
        self.unit = book.add_format({"align": "right"})
        self.header = book.add_format(
            {**line, "bold": True, "align": "center", "text_wrap": True, "bg_color": "#E7EEF7"}
        )
        self.plain = book.add_format(line)
        self.text = book.add_format({**line, "num_format": "@"})
        self.amount = book.add_format({**line, "num_format": "#,##0.00"})
        self.date = book.add_format({**line, "num_format": "yyyy-mm-dd"})
        self.total = book.add_format({**line, "bold": True, "num_format": "#,##0.00"})
        self.example = book.add_format(
            {**line, "italic": True, "font_color": "#7F7F7F", "num_format": "@"}
        )

    def of(self, spec: ColumnSpec) -> Format:
        """The format for details of a column."""
        if spec.type in DIGIT_TYPES or spec.type is ColumnType.MONTH:
            return self.text
        if spec.type is ColumnType.YUAN:
            return self.amount
        return self.date if spec.type is ColumnType.DATE else self.plain


def write_header(sheet: Worksheet, kind: Kind, forms: Forms, title: str) -> int:
    """Title, unit line and header; gives the first row of details, counted from zero."""
    columns = kind.columns
    sheet.merge_range(0, 0, 0, len(columns), title, forms.title)
    sheet.set_row(0, 28)
    sheet.write_string(1, len(columns), "单位：元", forms.unit)
    grouped = any(column.group for column in columns)
    bottom = 3 if grouped else 2
    own = any(column.header == "序号" for column in columns)
    _head(sheet, 2, bottom, 0, "行次" if own else "序号", forms)
    sheet.set_column(0, 0, 6)
    at = 0
    while at < len(columns):
        group = columns[at].group
        last = at
        while group and last + 1 < len(columns) and columns[last + 1].group == group:
            last += 1
        if group and last > at:
            sheet.merge_range(2, at + 1, 2, last + 1, group, forms.header)
        elif group:
            sheet.write_string(2, at + 1, group, forms.header)
        for each in range(at, last + 1):
            spec = columns[each]
            header = spec.header + ("*" if spec.required else "")
            _head(sheet, 3 if group else 2, bottom, each + 1, header, forms)
            sheet.set_column(each + 1, each + 1, max(10, len(header) * 2, len(spec.example) + 4))
        at = last + 1
    return bottom + 1


def _head(sheet: Worksheet, top: int, bottom: int, at: int, text: str, forms: Forms) -> None:
    if bottom > top:
        sheet.merge_range(top, at, bottom, at, text, forms.header)
    else:
        sheet.write_string(top, at, text, forms.header)


def _write_cell(
    sheet: Worksheet, row: int, at: int, spec: ColumnSpec, value: object, forms: Forms
) -> None:
    form = forms.of(spec)
    if value is None:
        sheet.write_blank(row, at, None, form)
    elif isinstance(value, dt.date) and spec.type is ColumnType.DATE:
        sheet.write_datetime(row, at, dt.datetime.combine(value, dt.time()), form)
    elif isinstance(value, int) and not isinstance(value, bool) and _is_number(spec, value):
        sheet.write_number(row, at, _number(spec, value), form)
    else:
        sheet.write_string(row, at, cell_text(spec, value), forms.text)


def _is_number(spec: ColumnSpec, value: int) -> bool:
    return spec.type not in DIGIT_TYPES and abs(value) < ROWS_AS_NUMBERS


def _number(spec: ColumnSpec, value: int) -> float | int:
    scale = _scale(spec)
    return value if scale == 1 else value / scale


def _scale(spec: ColumnSpec) -> int:
    return FEN_PER_YUAN if spec.type is ColumnType.YUAN else 10**spec.decimals


def cell_text(spec: ColumnSpec, value: object) -> str:
    """A value as a clerk would write it.

    >>> from assets.workbook.kinds import KINDS
    >>> cell_text(KINDS["assets"].by_field["capacity_w"], 60500)
    '60.5'
    """
    if value == CLEAR:
        return CLEAR
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, dt.date):
        return value.strftime("%Y-%m") if spec.type is ColumnType.MONTH else value.isoformat()
    if isinstance(value, int):
        return _decimal(Fraction(value, _scale(spec)), 2 if spec.type is ColumnType.YUAN else 0)
    return str(value)


def _decimal(number: Fraction, places: int) -> str:
    """Exact decimal with at least ``places`` decimals."""
    sign = "-" if number < 0 else ""
    number = abs(number)
    while (number * 10**places).denominator != 1:
        places += 1
    whole, part = divmod((number * 10**places).numerator, 10**places)
    return f"{sign}{whole}.{part:0{places}d}" if places else f"{sign}{whole}"


def _write_totals(
    sheet: Worksheet, kind: Kind, row: int, sums: Mapping[str, int], forms: Forms
) -> None:
    if not sums:
        return
    sheet.write_string(row, 0, "合计", forms.total)
    for at, spec in enumerate(kind.columns, start=1):
        if spec.field not in sums:
            sheet.write_blank(row, at, None, forms.total)
        elif abs(sums[spec.field]) < ROWS_AS_NUMBERS:
            sheet.write_number(row, at, _number(spec, sums[spec.field]), forms.total)
        else:
            sheet.write_string(row, at, cell_text(spec, sums[spec.field]), forms.total)


def _write_csv(kind: Kind, rows: Iterable[Values], path: Path) -> int:
    columns = kind.columns
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([column.header for column in columns])
    count = 0
    for values in rows:
        writer.writerow([_csv_cell(spec, values.get(spec.field)) for spec in columns])
        count += 1
    path.write_text(text.getvalue(), encoding="utf-8-sig", newline="")
    return count


def _csv_cell(spec: ColumnSpec, value: object) -> str:
    """Text of a cell; a tab keeps WPS from making numbers of digits and formulas of text."""
    if value is None:
        return ""
    text = cell_text(spec, value)
    digits = spec.type in DIGIT_TYPES and text.isdecimal()
    risky = isinstance(value, str) and text.startswith(_FORMULA_STARTS)
    return (
        f"\t{text}" if digits or risky or (text.isdecimal() and len(text) > _LONG_DIGITS) else text
    )


def _deterministic(book: Workbook) -> None:
    """The same rows give the same bytes."""
    book.set_properties({"created": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)})


def column_letters(kind: Kind) -> Sequence[tuple[str, ColumnSpec]]:
    """Letters of the printed columns, the serial column being A."""
    return [(column_name(at), spec) for at, spec in enumerate(kind.columns, start=1)]
