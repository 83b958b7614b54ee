"""How a paper becomes a workbook people go on working with.

Real numbers and dates, codes as text (WPS keeps every digit), totals as formulas beside the
figures the query proved, frozen panes, filters and a print set-up. A last sheet holds what is seen
at first glance, the proof lines, the sources and the state of the book.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from io import BytesIO
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]
from xlsxwriter.utility import xl_col_to_name, xl_range  # type: ignore[import-untyped]

from assets.money import in_words
from reports.html import moment, settle, text_width
from reports.paper import Cell, Column, Kind, Paper, Size, Table, UnfitPaper, cell_text

CHECK_SHEET = "核对与依据"
# Above this many rows the rows are streamed; a header is then one row high.
_STREAMED_ROWS = 20_000
_PAPER_CODES = {"A3": 8, "A4": 9, "240x140": 0}
_FONT = "宋体"
_MONEY = "#,##0.00;[Red]-#,##0.00"
_NUMBER_FORMATS: Mapping[Kind, str] = {
    "fen": _MONEY,
    "int": "#,##0;[Red]-#,##0",
    "date": "yyyy-mm-dd",
    "percent": "0.00%",
    "text": "@",
    "share": "@",
    "serial": "0",
    "sign": "@",
    "decimal": "#,##0.######",
}


def to_workbook(paper: Paper) -> bytes:
    """The paper as XLSX bytes: one sheet per table and the sheet 「核对与依据」.

    The same paper gives the same bytes; amounts stand in yuan as whole hundredths.
    """
    out = BytesIO()
    streamed = sum(len(table.rows) for table in paper.tables) > _STREAMED_ROWS
    book = xlsxwriter.Workbook(
        out,
        {
            "constant_memory": streamed,
            "strings_to_numbers": False,
            "strings_to_formulas": False,
            "strings_to_urls": False,
        },
    )
    book.set_properties(
        {
            "title": paper.title,
            "author": paper.organisation or paper.signed_by,
            "comments": f"{paper.footer.number_text} {paper.footer.position_text}",
            "created": datetime.fromisoformat(moment(paper)).replace(tzinfo=None),
        }
    )
    styles = _Styles(book)
    names: list[str] = []
    for number, table in enumerate(paper.tables, start=1):
        names.append(sheet_name(table.title or paper.title, names, number))
        _TableSheet(book.add_worksheet(names[-1]), styles, paper, table, streamed).write()
    _write_checks(book.add_worksheet(CHECK_SHEET), styles, paper)
    book.close()
    return out.getvalue()


def sheet_name(title: str, taken: Sequence[str], number: int) -> str:
    """A title as a sheet name: at most 31 characters, none of ``[]:*?/\\``, not used yet."""
    name = re.sub(r"[\[\]:*?/\\']", "", title).strip()[:31] or f"表{number}"
    if name.lower() in {other.lower() for other in taken} or name == CHECK_SHEET:
        name = f"{name[:27]}（{number}）"
    return name


class _Styles:
    """Cell formats, each made once."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._made: dict[tuple[tuple[str, object], ...], Any] = {}

    def get(self, **properties: object) -> Any:
        facts = {"font_name": _FONT, "font_size": 10, "valign": "vcenter", **properties}
        key = tuple(sorted(facts.items()))
        if key not in self._made:
            self._made[key] = self._book.add_format(facts)
        return self._made[key]

    def cell(self, column: Column, places: int, *, bold: bool = False) -> Any:
        form = _NUMBER_FORMATS[column.kind]
        if column.kind == "decimal" and places:
            form = f"#,##0.{'0' * places}"
        properties: dict[str, object] = {
            "num_format": form,
            "align": column.side,
            "border": 1,
            "text_wrap": column.kind == "text",
        }
        if bold:
            properties |= {"bold": True, "bg_color": "#EEEEEE"}
        return self.get(**properties)


class _TableSheet:
    """One table on its sheet, written from the top row down."""

    def __init__(self, sheet: Any, styles: _Styles, paper: Paper, table: Table, flat: bool) -> None:
        self.sheet = sheet
        self.styles = styles
        self.paper = paper
        self.table = table
        self.columns = table.columns
        self.last = len(table.columns) - 1
        self.grouped = any(c.group for c in table.columns) and not flat
        self.header = 2
        self.first_data = self.header + (2 if self.grouped else 1)
        self.end_data = self.first_data + len(table.rows) - 1
        self.places = [_places(column, table) for column in table.columns]

    def write(self) -> None:
        """Title, header, rows, total, proof, subtotals and places to sign."""
        self._set_up()
        self._write_head()
        height = (self.table.row_height_mm or 0) * 720 // 254
        for offset, cells in enumerate(self.table.rows):
            if height:
                # Room to sign, in points.
                self.sheet.set_row(self.first_data + offset, height)
            for number, column in enumerate(self.columns):
                self._put(self.first_data + offset, number, column, cells.get(column.key))
        row = self._write_totals(self.end_data + 1)
        row = self._write_subtotals(row)
        self._write_foot(row + 1)

    def _set_up(self) -> None:
        sheet, paper = self.sheet, self.paper
        for number, column in enumerate(self.columns):
            sheet.set_column(number, number, _width(column, self.table))
        sheet.freeze_panes(self.first_data, _frozen_columns(self.columns))
        if self.table.rows:
            sheet.autofilter(self.first_data - 1, 0, self.end_data, self.last)
        code, turned = _print_sheet(paper)
        if turned:
            sheet.set_landscape()
        sheet.set_paper(code)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(self.header, self.first_data - 1)
        sheet.set_margins(left=0.6, right=0.5, top=0.7, bottom=0.8)
        sheet.center_horizontally()
        facts = paper.footer
        left = _footer_text(f"编号：{facts.number_text} {facts.position_text}")
        sheet.set_footer(f"&L&8{left}&R&9第 &P 页 共 &N 页")
        sheet.ignore_errors({"number_stored_as_text": xl_range(0, 0, self.end_data, self.last)})

    def _write_head(self) -> None:
        title = self.table.title or self.paper.title
        if self.paper.subtitle:
            title = f"{title}{self.paper.subtitle}"
        bold = self.styles.get(bold=True, font_size=16, align="center")
        if self.last:
            self.sheet.merge_range(0, 0, 0, self.last, title, bold)
        else:
            self.sheet.write_string(0, 0, title, bold)
        self.sheet.set_row(0, 30)
        left = f"编制单位：{self.paper.organisation}" if self.paper.organisation else ""
        if self.paper.banner:
            left = f"【{self.paper.banner}】{left}"
        # One column only: the unit is what must not be lost.
        if self.last:
            self.sheet.write_string(1, 0, left, self.styles.get())
        self.sheet.write_string(1, self.last, self.table.unit_line, self.styles.get(align="right"))
        self._write_header()

    def _write_header(self) -> None:
        form = self.styles.get(
            bold=True, align="center", border=1, bg_color="#EEEEEE", text_wrap=True
        )
        if not self.grouped:
            for number, column in enumerate(self.columns):
                title = f"{column.group}\n{column.title}" if column.group else column.title
                self.sheet.write_string(self.header, number, title, form)
            return
        number = 0
        while number <= self.last:
            column = self.columns[number]
            if column.group is None:
                self.sheet.merge_range(
                    self.header, number, self.header + 1, number, column.title, form
                )
                number += 1
                continue
            end = number
            while end < self.last and self.columns[end + 1].group == column.group:
                end += 1
            if end > number:
                self.sheet.merge_range(self.header, number, self.header, end, column.group, form)
            else:
                self.sheet.write_string(self.header, number, column.group, form)
            for below in range(number, end + 1):
                self.sheet.write_string(self.header + 1, below, self.columns[below].title, form)
            number = end + 1

    def _put(
        self, row: int, number: int, column: Column, value: Cell, *, bold: bool = False
    ) -> None:
        form = self.styles.cell(column, self.places[number], bold=bold)
        if value is None or column.kind == "sign":
            self.sheet.write_blank(row, number, None, form)
        elif isinstance(value, str):
            self.sheet.write_string(row, number, cell_text("text", value), form)
        elif isinstance(value, date):
            self.sheet.write_datetime(row, number, value, form)
        elif column.kind == "share" or (isinstance(value, tuple) and not value[1]):
            # As text: a spreadsheet would read 1/2 as the second of January.
            self.sheet.write_string(row, number, cell_text(column.kind, value), form)
        else:
            self.sheet.write_number(row, number, _number(column.kind, value), form)

    def _write_totals(self, row: int) -> int:
        """合计 as formulas, 核对值 as the query proved it, 差额 which must be nothing."""
        table = self.table
        if not (table.totals or table.closing):
            return row
        label = self.styles.get(bold=True, align="center", border=1, bg_color="#EEEEEE")
        labels = (table.total_label, "核对值", "差额") if table.totals else (table.total_label,)
        for offset, text in enumerate(labels):
            self._write_label(row + offset, text, label)
            for number, column in enumerate(self.columns):
                if column.key in table.totals:
                    self._put_total(row, offset, number, column)
                elif offset == 0 and column.key in table.closing:
                    self._put(row, number, column, table.closing[column.key], bold=True)
        return row + len(labels)

    def _write_label(self, row: int, text: str, form: Any) -> None:
        figures = {*self.table.totals, *self.table.closing}
        free = [n for n, column in enumerate(self.columns) if column.key not in figures]
        for number in free:
            self.sheet.write_blank(row, number, None, form)
        if free:
            self.sheet.write_string(row, free[0], text, form)

    def _put_total(self, row: int, offset: int, number: int, column: Column) -> None:
        form = self.styles.cell(column, self.places[number], bold=True)
        proved = _number(column.kind, self.table.totals[column.key])
        name = xl_col_to_name(number)
        if offset == 1:
            self.sheet.write_number(row + 1, number, proved, form)
        elif offset == 2:
            self.sheet.write_formula(
                row + 2, number, f"=ROUND({name}{row + 1}-{name}{row + 2},6)", form, 0
            )
        else:
            self.sheet.write_formula(row, number, self._sum_formula(number), form, proved)

    def _sum_formula(self, number: int) -> str:
        if not self.table.rows:
            return "=0"
        # Money is added in binary by every spreadsheet; rounding brings back the fen.
        return f"=ROUND(SUM({self._range(number)}),6)"

    def _range(self, number: int) -> str:
        name = xl_col_to_name(number)
        return f"{name}${self.first_data + 1}:{name}${self.end_data + 1}"

    def _write_subtotals(self, row: int) -> int:
        """小计 below the list, so that filtering and sorting leave the rows alone."""
        table = self.table
        if table.subtotal_by is None or not table.rows:
            return row
        key = next(n for n, c in enumerate(self.columns) if c.key == table.subtotal_by)
        for group in table.groups():
            value = group.rows[0].get(table.subtotal_by)
            self._put(row, key, self.columns[key], value, bold=True)
            if key:
                self.sheet.write_string(row, key - 1, "小计", self.styles.get(align="right"))
            for number, column in enumerate(self.columns):
                if column.key in group.sums:
                    match = f"({self._range(key)}=${xl_col_to_name(key)}{row + 1})"
                    self.sheet.write_formula(
                        row,
                        number,
                        f"=ROUND(SUMPRODUCT({match}*{self._range(number)}),6)",
                        self.styles.cell(column, self.places[number], bold=True),
                        _number(column.kind, group.sums[column.key]),
                    )
            row += 1
        return row

    def _write_foot(self, row: int) -> None:
        plain = self.styles.get()
        if self.table.words_total is not None:
            words = f"合计人民币（大写）：{in_words(self.table.words_total)}"
            self.sheet.write_string(row, 0, words, self.styles.get(bold=True))
            row += 1
        if self.paper.signatures:
            places = "　　　　　　　　".join(f"{place}：" for place in self.paper.signatures)
            self.sheet.write_string(row + 1, 0, places, plain)
        for seal in self.paper.seals:
            row += 2
            self.sheet.write_string(row, 0, f"{seal}（盖章）：　　　　　年　月　日", plain)


def _write_checks(sheet: Any, styles: _Styles, paper: Paper) -> None:
    """What is seen at first glance, the proof lines, the sources, the state of the book."""
    bold, plain = styles.get(bold=True), styles.get(text_wrap=True)
    head = styles.get(bold=True, border=1, bg_color="#EEEEEE", align="center")
    sheet.set_column(0, 0, 44)
    sheet.set_column(1, 3, 20)
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.write_string(0, 0, paper.title, styles.get(bold=True, font_size=14))
    row = 2
    for fact in paper.headline:
        column = Column(fact.label, fact.label, fact.kind)
        sheet.write_string(row, 0, fact.label, bold)
        if isinstance(fact.value, int) and fact.kind in ("fen", "int"):
            sheet.write_number(row, 1, _number(fact.kind, fact.value), styles.cell(column, 0))
            if fact.words:
                sheet.write_string(row, 2, in_words(fact.value), plain)
        else:
            sheet.write_string(row, 1, fact.text, plain)
        row += 1
    if paper.proof_lines:
        row += 1
        for number, title in enumerate(("勾稽核对", "左边", "右边", "差额")):
            sheet.write_string(row, number, title, head)
        row += 1
    for line in paper.proof_lines:
        form = styles.cell(Column("x", "x", line.kind), 0)
        sheet.write_string(row, 0, line.label, plain)
        sheet.write_number(row, 1, _number(line.kind, line.left), form)
        sheet.write_number(row, 2, _number(line.kind, line.right), form)
        sheet.write_formula(row, 3, f"=ROUND(B{row + 1}-C{row + 1},6)", form, 0)
        row += 1
    row = _write_lines(
        sheet, row + 1, "说明", [*paper.paragraphs_before, *paper.paragraphs_after], styles
    )
    row = _write_lines(sheet, row, "依据", paper.sources, styles)
    facts = paper.footer
    state = [f"编号：{facts.number_text}", facts.position_text, facts.checkpoint_text]
    state.append(f"数据摘要（SHA-256）：{paper.data_sha256()}")
    if facts.note:
        state += facts.note.splitlines()
    _write_lines(sheet, row, "登记簿状态", state, styles)


def _write_lines(sheet: Any, row: int, title: str, lines: Sequence[str], styles: _Styles) -> int:
    if not lines:
        return row
    sheet.write_string(row, 0, title, styles.get(bold=True))
    for offset, line in enumerate(lines, start=1):
        sheet.write_string(row + offset, 0, line, styles.get())
    return row + len(lines) + 2


def _number(kind: Kind, value: Cell) -> int | Decimal:
    """A cell as the number a spreadsheet keeps: fen become yuan with two exact decimals."""
    if kind == "fen" and isinstance(value, int):
        return Decimal(value).scaleb(-2)
    if isinstance(value, int | Decimal):
        return value
    if isinstance(value, Fraction):
        return Decimal(value.numerator) / value.denominator
    if isinstance(value, tuple) and value[1]:
        return Decimal(value[0]) / value[1]
    return 0


def _places(column: Column, table: Table) -> int:
    """The most decimals a column shows, so that 0.453 and 0.4530 line up."""
    if column.kind != "decimal":
        return 0
    places = 0
    for row in table.rows:
        value = row.get(column.key)
        if isinstance(value, Decimal):
            exponent = value.as_tuple().exponent
            places = max(places, -exponent if isinstance(exponent, int) else 0)
    return places


def _width(column: Column, table: Table) -> int:
    """Column width in characters of the standard digit, at most thirty (then it wraps)."""
    texts = {cell_text(column.kind, row.get(column.key)) for row in table.rows}
    texts.add(cell_text(column.kind, table.totals.get(column.key)))
    widest = max(map(text_width, texts), default=0)
    title = text_width(column.title)
    characters = max(widest, min(title, 6000)) * 19 // 10_000 + 2
    return max(6, min(30, characters)) if column.kind != "sign" else 14


def _print_sheet(paper: Paper) -> tuple[int, bool]:
    """Paper code and whether it lies across: the same sheet the PDF takes."""
    try:
        sheet = settle(paper).sheet
    except UnfitPaper:
        # A workbook scales to the page width, so the widest table still comes out.
        return _PAPER_CODES["A3"], True
    size: Size = "240x140" if sheet.width == 240 else "A3" if 420 in sheet[:2] else "A4"
    return _PAPER_CODES[size], sheet.width > sheet.height


def _frozen_columns(columns: Sequence[Column]) -> int:
    """Serial number and what follows it stay in sight; a narrow table freezes no column."""
    if len(columns) < 8:
        return 0
    return 2 if columns[0].kind == "serial" else 1


def _footer_text(text: str) -> str:
    """``&`` starts a code in a spreadsheet's footer; 255 characters are all it takes."""
    return text.replace("&", "&&")[:180]
