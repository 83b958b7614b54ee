"""How can a clerk spoil a workbook? One list of slips and frauds, for every kind of workbook.

A mutation takes an open copy of a right workbook and spoils it in one place; it names the cell
where the reader must point, and the problems that may be named there. The same list serves the
reader alone and ``fupin import`` with a book behind it: give it any right workbook of the kind.
"""

import datetime as dt
import io
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import openpyxl
from openpyxl.cell.cell import Cell
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from assets.workbook.container import column_name, open_container
from assets.workbook.kinds import DIGIT_TYPES, ColumnSpec, ColumnType, Kind
from assets.workbook.layout import locate
from assets.workbook.sorting import sort_rows

T = ColumnType
VALID_ID = "440203195003059994"


class NotApplicable(Exception):
    """The kind has no column in which this slip could happen."""


@dataclass
class Case:
    """A right workbook, opened for spoiling; rows and columns count from one, as in openpyxl."""

    kind: Kind
    book: Workbook
    sheet: Worksheet
    header: range
    rows: list[int]
    totals: list[int]
    columns: dict[str, int]
    after: list[Callable[[Path], None]] = field(default_factory=list)

    @classmethod
    def open(cls, path: Path, kind: Kind) -> "Case":
        raw = open_container(path).sheets[0]
        layout = locate(raw, kind)
        assert layout is not None
        parts = sort_rows(raw, layout, kind)
        book = openpyxl.load_workbook(path)
        return cls(
            kind,
            book,
            book[raw.name],
            range(layout.header.start + 1, layout.header.stop + 1),
            [row + 1 for row in parts.details],
            [total.row + 1 for total in parts.totals],
            {name: column.index + 1 for name, column in layout.mapped.items()},
        )

    def spec(self, *types: ColumnType, required: bool = False, filled: bool = True) -> ColumnSpec:
        """First column of one of these types that is in the file (and filled in the first row)."""
        for column in self.kind.columns:
            at = self.columns.get(column.field)
            if column.type not in types or at is None or (required and not column.required):
                continue
            if filled and self.sheet.cell(self.rows[0], at).value in (None, ""):
                continue
            return column
        raise NotApplicable

    def key(self) -> ColumnSpec:
        """The first required column whose cells name something by its digits."""
        return self.spec(*DIGIT_TYPES - {T.PHONE}, T.DOCUMENT, required=True)

    def cell(self, spec: ColumnSpec, row: int = 0) -> Cell:
        found = self.sheet.cell(self.rows[row], self.columns[spec.field])
        assert isinstance(found, Cell)
        return found

    def write(self, spec: ColumnSpec, value: object, row: int = 0) -> str:
        """Put a value in the cell of a detail row and give the cell's name."""
        cell = self.cell(spec, row)
        cell.value = value  # type: ignore[assignment]
        if isinstance(value, str):
            cell.data_type = "s"
        elif isinstance(value, float):
            cell.number_format = "General"
        return str(cell.coordinate)

    def head(self, spec: ColumnSpec) -> Cell:
        """The header cell of a column, its lowest level."""
        for row in reversed(self.header):
            cell = self.sheet.cell(row, self.columns[spec.field])
            if isinstance(cell, Cell) and cell.value:
                return cell
        raise NotApplicable

    def save(self, path: Path) -> None:
        self.book.save(path)
        for step in self.after:
            step(path)


@dataclass(frozen=True)
class Mutation:
    """One way to spoil a file: ``spoil`` gives the cell that must be named, "" for the file."""

    name: str
    spoil: Callable[[Case], str]
    expected: frozenset[str]


MUTATIONS: list[Mutation] = []


def mutation(name: str, *expected: str) -> Callable[[Callable[[Case], str]], Callable[[Case], str]]:
    def note(spoil: Callable[[Case], str]) -> Callable[[Case], str]:
        MUTATIONS.append(Mutation(name, spoil, frozenset(expected)))
        return spoil

    return note


def _cells(name: str, types: Iterable[ColumnType], value: object, *expected: str) -> None:
    """A mutation that writes one value into the first column of these types."""

    def spoil(case: Case) -> str:
        return case.write(case.spec(*types), value)

    MUTATIONS.append(Mutation(name, spoil, frozenset(expected)))


def _keys(name: str, value: object, *expected: str) -> None:
    """A mutation that writes one value into a code column of the key."""

    def spoil(case: Case) -> str:
        return case.write(case.key(), value)

    MUTATIONS.append(Mutation(name, spoil, frozenset(expected)))


# --- the form of the table ------------------------------------------------------------------


@mutation("a required cell is empty", "missing-value")
def _(case: Case) -> str:
    return case.write(case.kind.required[0], None)


@mutation("the last required cell is empty", "missing-value")
def _(case: Case) -> str:
    return case.write(case.kind.required[-1], None)


@mutation("a required cell holds only spaces", "missing-value")
def _(case: Case) -> str:
    return case.write(case.kind.required[-1], " 　 ")


@mutation("a required cell holds only an invisible character", "missing-value")
def _(case: Case) -> str:
    return case.write(case.kind.required[-1], "\u200b\ufeff")


@mutation("a dash stands in a required cell", "missing-value")
def _(case: Case) -> str:
    return case.write(case.kind.required[-1], "——")


@mutation("a required cell is to be cleared", "cannot-clear")
def _(case: Case) -> str:
    return case.write(case.kind.required[0], "【清除】")


@mutation("a required header is missing", "missing-column")
def _(case: Case) -> str:
    case.head(case.kind.required[-1]).value = "其他情况"
    return f"A{case.header[-1]}"


@mutation("a required header is misspelt", "missing-column")
def _(case: Case) -> str:
    cell = case.head(case.kind.required[1])
    cell.value = f"{str(cell.value)[:-1]}X栏"
    return f"A{case.header[-1]}"


@mutation("a header is empty above filled cells", "column-without-header", "missing-column")
def _(case: Case) -> str:
    spec = case.kind.required[-1]
    case.head(spec).value = None
    return "" if len(case.header) > 1 else str(case.cell(spec).coordinate)


@mutation("all headers are gone", "no-table", "missing-column")
def _(case: Case) -> str:
    for row in case.header:
        for cell in case.sheet[row]:
            if isinstance(cell, Cell):
                cell.value = None
    return ""


@mutation("the header rows are swapped", "header-rows-swapped", "missing-column")
def _(case: Case) -> str:
    if len(case.header) < 2:
        raise NotApplicable
    first, second = case.header[0], case.header[1]
    for merged in list(case.sheet.merged_cells.ranges):
        if merged.min_row >= first and merged.max_row <= second:
            case.sheet.unmerge_cells(merged.coord)
    for at in range(1, case.sheet.max_column + 1):
        upper, lower = case.sheet.cell(first, at), case.sheet.cell(second, at)
        upper.value, lower.value = lower.value, upper.value
    return ""


@mutation("a row of data stands above the header", "data-above-header", "missing-column")
def _(case: Case) -> str:
    case.sheet.unmerge_cells(str(next(iter(case.sheet.merged_cells.ranges))))
    merged = [each.coord for each in case.sheet.merged_cells.ranges if each.min_row <= 2]
    for each in merged:
        case.sheet.unmerge_cells(each)
    for at in range(1, case.sheet.max_column + 1):
        case.sheet.cell(2, at).value = case.sheet.cell(case.rows[0], at).value or "1"
    return ""


@mutation("the header begins below the fifteenth row", "no-table", "missing-column")
def _(case: Case) -> str:
    for merged in list(case.sheet.merged_cells.ranges):
        case.sheet.unmerge_cells(merged.coord)
    case.sheet.insert_rows(1, 30)
    return ""


@mutation("a column stands there twice and differs", "two-columns-alike")
def _(case: Case) -> str:
    spec = case.kind.required[-1]
    at = case.sheet.max_column + 1
    case.sheet.cell(case.header[-1], at).value = spec.header
    case.sheet.cell(case.rows[0], at).value = "另一个"
    return f"{column_name(at - 1)}{case.header[-1]}"


@mutation("a column without header lies beside the table", "column-without-header")
def _(case: Case) -> str:
    at = case.sheet.max_column + 1
    case.sheet.cell(case.rows[1], at).value = "漏了表头"
    return f"{column_name(at - 1)}{case.rows[1]}"


@mutation("a row stands there twice", "duplicate-key")
def _(case: Case) -> str:
    for at in range(1, case.sheet.max_column + 1):
        case.sheet.cell(case.rows[1], at).value = case.sheet.cell(case.rows[0], at).value
    return str(case.cell(case.kind.by_field[case.kind.keys[0][0]], 1).coordinate)


@mutation("the same rows stand on a second sheet", "duplicate-key")
def _(case: Case) -> str:
    copy = case.book.copy_worksheet(case.sheet)
    copy.title = "第二张"
    return ""


@mutation("the table has no row", "no-rows")
def _(case: Case) -> str:
    case.sheet.delete_rows(case.rows[0], 10_000)
    return ""


# --- what spreadsheets do to cells ----------------------------------------------------------


@mutation("a formula gives #REF!", "formula-error")
def _(case: Case) -> str:
    cell = case.cell(case.kind.required[-1])
    cell.value = "#REF!"
    cell.data_type = "e"
    return str(cell.coordinate)


@mutation("a lookup gives #N/A in the key", "formula-error")
def _(case: Case) -> str:
    return case.write(case.key(), "#N/A")


@mutation("a formula was never calculated", "formula-without-result")
def _(case: Case) -> str:
    cell = case.cell(case.kind.required[-1])
    cell.value = "=1+1"
    return str(cell.coordinate)


_DAMAGED = ("damaged-by-excel", "invalid-document")
_keys("Excel made a number of a code", 440203198001010000.0, *_DAMAGED)
_keys("Excel made a short number of a code", 12.0, *_DAMAGED)
_keys("a code is written as 4.40203E+17", "4.40203E+17", *_DAMAGED)
_keys("Excel made a date of a code", dt.date(2019, 3, 1), *_DAMAGED)
_keys("a code ends in .0", "440203102204.0", *_DAMAGED)
_keys("a truth value stands in a code", True, "truth-value")
_ODD = (
    "invalid-code",
    "invalid-document",
    "invalid-id",
    "unreadable-character",
    "invalid-division",
)
_keys("full-width rubbish in a code", "？？＃＄％", *_ODD)
_keys("a replacement character in a code", "A\ufffd01", *_ODD)
_keys("two codes in one cell", "A001，A002", *_ODD)
_keys("a code of eighty characters", "7" * 120, *_ODD)
_keys("a sentence in a code", "见附件？", *_ODD)
_keys("a picture in a code", "★★★", *_ODD)
_keys("a formula typed as text into a code", "=A1*2", *_ODD)


# --- amounts --------------------------------------------------------------------------------

_YUAN = (T.YUAN,)
_cells("a letter in an amount", _YUAN, "12O0.00", "invalid-yuan")
_cells("an amount about so much", _YUAN, "约5万", "invalid-yuan")
_cells("two amounts in one cell", _YUAN, "100/200", "invalid-yuan")
_cells("an amount with three decimals", _YUAN, "1234.567", "invalid-yuan")
_cells("a long decimal from a formula", _YUAN, 1234.56789, "invalid-yuan")
_cells(
    "an amount of seventeen digits", _YUAN, 12345678901234567.0, "invalid-yuan", "too-many-digits"
)
_cells("a date in an amount", _YUAN, dt.date(2019, 3, 1), "invalid-yuan")
_cells("a misplaced separator", _YUAN, "1,23,456", "invalid-yuan")
_cells("full-width letters in an amount", _YUAN, "１２３ＡＢＣ", "invalid-yuan")
_cells("an amount in capitals", _YUAN, "壹万元整", "invalid-yuan")


@mutation("a negative amount where none may be", "negative", "one-side-only")
def _(case: Case) -> str:
    for column in case.kind.columns:
        if column.type is T.YUAN and column.field in case.columns and not column.signed:
            return case.write(column, -500.0)
    if case.kind.name == "receipts":
        return case.write(case.kind.by_field["received_fen"], -500.0)
    raise NotApplicable


@mutation("a total is a fen off", "total-mismatch")
def _(case: Case) -> str:
    for row in case.totals:
        for column in case.kind.columns:
            at = case.columns.get(column.field)
            if at is None or not column.summed:
                continue
            cell = case.sheet.cell(row, at)
            if isinstance(cell.value, int | float) and isinstance(cell, Cell):
                cell.value = round(cell.value * 100 + 1) / 100
                return str(cell.coordinate)
    raise NotApplicable


@mutation("a row was left out of the total", "total-mismatch")
def _(case: Case) -> str:
    if len(case.rows) < 3 or not case.totals:
        raise NotApplicable
    case.spec(*_YUAN)
    case.sheet.delete_rows(case.rows[1], 1)
    return ""


@mutation("unit line and headers contradict each other", "unit-conflict")
def _(case: Case) -> str:
    case.spec(*_YUAN)
    for row in range(1, case.header[0]):
        for cell in case.sheet[row]:
            if isinstance(cell, Cell) and cell.value == "单位：元":
                cell.value = "单位：万元"
                return ""
    raise NotApplicable


@mutation("an amount is merged over two rows", "amount-merged-over-rows")
def _(case: Case) -> str:
    for column in case.kind.columns:
        shared = case.kind.group_fields and column.field not in case.kind.repeated
        if column.type is T.YUAN and column.field in case.columns and not shared:
            if case.cell(column).value is None:
                continue
            first = case.cell(column)
            case.sheet.merge_cells(
                start_row=first.row,
                end_row=first.row + 1,
                start_column=first.column,
                end_column=first.column,
            )
            return str(first.coordinate)
    raise NotApplicable


# --- numbers, dates, choices ----------------------------------------------------------------

_DATE = (T.DATE,)
_cells("a day that is not in the calendar", _DATE, "2019-02-30", "impossible-date")
_cells("a date before 1949", _DATE, "1919-05-04", "date-out-of-range")
_cells("a date in a far year", _DATE, dt.date(2919, 3, 1), "date-out-of-range")
_cells("a date without its day", _DATE, "2019年3月", "invalid-date")
_cells("the serial number of a date", _DATE, 43555.0, "invalid-date")
_cells("a word for a date", _DATE, "去年底", "invalid-date")
_cells("day and month without year", _DATE, "3月5日", "invalid-date")
_cells("two dates in one cell", _DATE, "2019-03-01至2019-05-01", "invalid-date")

_ENUM = (T.ENUM,)
_cells("a choice that is not in the list", _ENUM, "其它情形", "unknown-choice")
_cells("two choices in one cell", _ENUM, "甲、乙", "unknown-choice")
_cells("a number for a choice", _ENUM, 3.0, "unknown-choice")

_NUMBER = (T.INT, T.DEC)
_cells("a word for a number", _NUMBER, "若干", "not-a-number")
_cells("a letter in a number", _NUMBER, "1l", "not-a-number")
_cells("half of something whole", (T.INT,), 2.5, "not-a-whole-number")
_cells("a count below zero", _NUMBER, -3.0, "negative")
_cells("more decimals than can be kept", (T.DEC,), "0.12345678", "too-many-decimals")

_cells("a year of five digits", (T.YEAR,), 20019.0, "invalid-year")
_cells("a year in two digits", (T.YEAR,), "19年", "invalid-year")
_cells("a thirteenth month", (T.MONTH,), "2019-13", "invalid-month")
_cells("a quarter for a month", (T.MONTH,), "2019年一季度", "invalid-month")
_cells("perhaps for yes or no", (T.BOOL,), "可能", "invalid-flag")
_cells("digits in a name", (T.NAME,), "张三1", "invalid-name")
_cells("a number for a name", (T.NAME,), 12.0, "invalid-name")

_TEXT = (T.TEXT,)
_cells("a control character in a text", _TEXT, "正文\u202e倒写", "unreadable-character")
_cells("a text of two thousand characters", _TEXT, "长" * 2000, "text-too-long")
_cells("somebody's ID in a text", _TEXT, f"联系人{VALID_ID}", "personal-number-in-text")
_cells("somebody's phone in a text", _TEXT, "请打13800138000", "personal-number-in-text")
_cells("a document number that is a number", (T.DOCUMENT,), 166.0, "invalid-document")
_cells("a question mark for a document number", (T.DOCUMENT,), "粤财农？号", "invalid-document")


@mutation("the end comes before the beginning", "dates-out-of-order")
def _(case: Case) -> str:
    pairs = {
        "contracts": ("starts_on", "ends_on"),
        "receipts": ("period_from_on", "period_to_on"),
        "funds": ("issued_on", "received_on"),
        "notices": ("posted_on", "taken_down_on"),
        "decisions": ("called_on", "met_on"),
    }
    if case.kind.name not in pairs:
        raise NotApplicable
    first, second = (case.kind.by_field[name] for name in pairs[case.kind.name])
    case.write(first, "2019-06-02")
    return case.write(second, "2019-06-01")


# --- places ---------------------------------------------------------------------------------

_VILLAGE = (T.VILLAGE,)
_TOWN = (T.TOWN,)
_cells("a village that does not exist", _VILLAGE, "龙龟村", "unknown-village")
_cells("a village of another town", _VILLAGE, "重阳村", "unknown-village")
_cells("a town that does not exist", _TOWN, "龙鬼镇", "unknown-town")
_cells("two villages in one cell", _VILLAGE, "龙归村、方田村", "several-villages")
_cells("several villages summed up", _VILLAGE, "龙归村等3个村", "several-villages")
_cells("town and village cells disagree", _VILLAGE, "重阳镇重阳村", "town-and-village-differ")


# --- check digits and personal numbers ------------------------------------------------------

_cells("a wrong check digit of an ID", (T.ID,), VALID_ID[:-1] + "5", "invalid-id")
_cells("an ID of seventeen characters", (T.ID,), VALID_ID[:-1], "invalid-id")
_cells("a letter in an ID", (T.ID,), "44020319500305O007", "invalid-id")
_cells(
    "an ID that Excel rounded, as text",
    (T.ID,),
    "440203195003050000",
    "damaged-by-excel",
    "invalid-id",
)


@mutation("a wrong check digit of a credit code", "invalid-uscc")
def _(case: Case) -> str:
    return case.write(case.spec(T.USCC, filled=False), "N2440203MF00000001")


@mutation("a wrong bank account", "invalid-card")
def _(case: Case) -> str:
    return case.write(case.spec(T.CARD, filled=False), "6228-ABCD-0000")


@mutation("a wrong phone number", "invalid-phone")
def _(case: Case) -> str:
    return case.write(case.spec(T.PHONE, filled=False), "13800138x")


@mutation("a division code of eleven digits", "invalid-division")
def _(case: Case) -> str:
    return case.write(case.spec(T.DIVISION), "44020310220")


# --- rows that contradict themselves or each other ------------------------------------------


def _only(
    kind: str, name: str, *expected: str
) -> Callable[[Callable[[Case], str]], Callable[[Case], str]]:
    def wrap(spoil: Callable[[Case], str]) -> Callable[[Case], str]:
        def checked(case: Case) -> str:
            if case.kind.name != kind:
                raise NotApplicable
            return spoil(case)

        return mutation(name, *expected)(checked)

    return wrap


@_only("shares", "shares that sum to 0.99996", "shares-not-one")
def _(case: Case) -> str:
    case.write(case.kind.by_field["share_denominator"], 100_000.0)
    return case.write(case.kind.by_field["share_numerator"], 99_996.0)


@_only("shares", "a share above one", "share-above-one")
def _(case: Case) -> str:
    case.write(case.kind.by_field["share_denominator"], 3.0)
    return case.write(case.kind.by_field["share_numerator"], 4.0)


@_only("households", "a household with two heads", "one-head-per-household")
def _(case: Case) -> str:
    household = case.cell(case.kind.by_field["household_code"]).value
    case.write(case.kind.by_field["household_code"], household, 1)
    return str(case.cell(case.kind.by_field["relation_to_head"], 1).coordinate)


@_only("assets", "two rows of one asset disagree", "rows-disagree")
def _(case: Case) -> str:
    code = case.cell(case.kind.by_field["asset_code"]).value
    case.write(case.kind.by_field["asset_code"], code, 1)
    case.write(case.kind.by_field["document_number"], "武财〔2017〕99号", 1)
    return case.write(case.kind.by_field["name"], "另一个名称", 1)


@_only("decisions", "more votes than people", "counts-disagree")
def _(case: Case) -> str:
    return case.write(case.kind.by_field["yes_count"], 9_999.0)


@_only("payment-results", "a return without a reason", "missing-value")
def _(case: Case) -> str:
    case.write(case.kind.by_field["result"], "退回")
    return case.write(case.kind.by_field["return_reason"], None)


@_only("acceptances", "a refusal without a reason", "missing-value")
def _(case: Case) -> str:
    case.write(case.kind.by_field["opinion"], "拒收")
    return case.write(case.kind.by_field["reason_code"], None)


@_only("opening", "an opening line on both sides", "one-side-only")
def _(case: Case) -> str:
    case.write(case.kind.by_field["credit_fen"], 5.0)
    return case.write(case.kind.by_field["debit_fen"], 5.0)


# --- the file itself ------------------------------------------------------------------------


def _file(name: str, *expected: str) -> Callable[[Callable[[Path], None]], Callable[[Path], None]]:
    """A mutation of the saved bytes."""

    def note(step: Callable[[Path], None]) -> Callable[[Path], None]:
        def spoil(case: Case) -> str:
            case.after.append(step)
            return ""

        MUTATIONS.append(Mutation(name, spoil, frozenset(expected)))
        return step

    return note


@_file("an empty file", "file-empty")
def _(path: Path) -> None:
    path.write_bytes(b"")


@_file("a file cut off in the middle", "file-damaged")
def _(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@_file("one byte of the sheet changed", "file-damaged")
def _(path: Path) -> None:
    data = bytearray(path.read_bytes())
    info = next(each for each in zipfile.ZipFile(path).infolist() if "sheet1" in each.filename)
    data[info.header_offset + 30 + len(info.filename) + info.compress_size // 2] ^= 0xFF
    path.write_bytes(bytes(data))


@_file("a web page with the name of a workbook", "file-not-a-workbook")
def _(path: Path) -> None:
    path.write_bytes(b"<html><table><tr><td>1</td></tr></table></html>")


@_file("an archive that is no workbook", "file-not-a-workbook")
def _(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("说明.txt", "不是表格")


@_file("a workbook with a password", "file-encrypted")
def _(path: Path) -> None:
    stream = "EncryptedPackage".encode("utf-16-le")
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 1016 + stream)


@_file("entities in the sheet that grow without end", "file-crafted")
def _(path: Path) -> None:
    _rewrite(
        path,
        lambda xml: xml.replace(b"<worksheet", b'<!DOCTYPE x [<!ENTITY a "aa">]><worksheet', 1),
    )


@_file("a cell at the far end of the sheet", "sheet-too-wide")
def _(path: Path) -> None:
    far = b'<row r="1048576"><c r="XFD1048576" t="n"><v>1</v></c></row></sheetData>'
    _rewrite(path, lambda xml: xml.replace(b"</sheetData>", far, 1))


def _rewrite(path: Path, change: Callable[[bytes], bytes]) -> None:
    """Change the XML of the first sheet."""
    with zipfile.ZipFile(path) as package:
        parts = {each: package.read(each) for each in package.namelist()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, change(content) if name.endswith("sheet1.xml") else content)
    path.write_bytes(buffer.getvalue())
