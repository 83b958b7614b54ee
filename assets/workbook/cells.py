"""What does each cell of a column mean, exactly, or why is it refused?

A column is read as a whole: its distinct cells are parsed once and looked up for every row, and
the usual shapes (a plain number in 元, a clean ASCII code) are recognised without parsing.
Full-width characters are folded (NFKC) in everything that is a number, a date, a code or a
choice; names and texts stay as they are written (NFC, trimmed), so that rare characters survive.
"""

import datetime as dt
import difflib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from assets import divisions, uscc
from assets.errors import InvalidValue
from assets.masking import holds_personal_number, mask
from assets.money import FEN_PER_YUAN, format_yuan, yuan_cell
from assets.workbook.container import ERROR_TEXTS, UNCALCULATED
from assets.workbook.kinds import DIGIT_TYPES, ColumnSpec, ColumnType

CLEAR: Final = "【清除】"
PENDING_ID: Final = "证件号待核"
"""What a clerk writes for an ID that is damaged or not known yet; the damaged one may follow."""

EARLIEST: Final = dt.date(1949, 10, 1)
LATEST: Final = dt.date(2100, 12, 31)
LIMIT_TEXT: Final = 1000
LIMIT_CODE: Final = 64
SPREADSHEET_DIGITS: Final = 15

Parser = Callable[[str], str]
"""Canonical form of an ID, card or code number; raises InvalidValue with a masked message."""


class Rejected(Exception):
    """One cell is refused."""

    def __init__(self, name: str, message: str, remedy: str) -> None:
        super().__init__(message + remedy)
        self.name = name
        self.message = message
        self.remedy = remedy


@dataclass
class ColumnReading:
    """Values of one column in row order (None = blank = keep), and what was said about rows.

    ``rejected`` and ``doubtful`` name positions, not row numbers; ``cleared`` are the positions
    that carry the token 【清除】.
    """

    values: list[object]
    rejected: dict[int, Rejected] = field(default_factory=dict)
    doubtful: dict[int, Rejected] = field(default_factory=dict)
    cleared: set[int] = field(default_factory=set)


def is_blank(cell: object) -> bool:
    """Nothing is written here (spaces and zero-width characters are nothing)."""
    return cell == "" or cell is None or (isinstance(cell, str) and not _strip(cell))


def count_filled(cells: Sequence[object]) -> int:
    """Number of cells in which something is written."""
    filled = len(cells) - cells.count("")
    blank = {
        cell
        for cell in set(cells)
        if type(cell) is str and cell and cell[0] in _STRIPPED and not _strip(cell)
    }
    return filled - sum(cell in blank for cell in cells) if blank else filled


def read_column(
    spec: ColumnSpec,
    cells: Sequence[object],
    unit_fen: int = FEN_PER_YUAN,
    parsers: Mapping[ColumnType, Parser] | None = None,
) -> ColumnReading:
    """Read all cells of one column.

    Units: ``unit_fen`` is what one unit of an amount column is worth in fen (100 or 1,000,000).
    依据: 内部约定 (表内每个错误一次列全; 空格保留原值, 【清除】清空)
    """
    parse = _parser(spec, unit_fen, parsers or {})
    if bool in set(map(type, cells)):
        # True equals 1 as a dictionary key, but is not the number one.
        cells = [_TRUTH[cell] if cell is True or cell is False else cell for cell in cells]
    distinct = set(cells)
    distinct.discard("")
    known: dict[object, object] = {"": None}
    known.update(_at_sight(spec, distinct, unit_fen))
    if spec.type in _BY_SHAPE and spec.type in (parsers or {}):
        known.update(_by_shape(distinct, _BY_SHAPE[spec.type], (parsers or {})[spec.type]))
    marked: dict[object, Rejected] = {}
    doubts: dict[object, Rejected] = {}
    clearing: set[object] = set()
    for cell in distinct - known.keys():
        known[cell] = None
        if is_blank(cell):
            continue
        if isinstance(cell, str) and (bare := _strip(cell)):
            if bare == CLEAR:
                clearing.add(cell)
                continue
            if _DASH.fullmatch(bare):
                continue
        try:
            value = parse(cell)
            if isinstance(value, _Doubtful):
                doubts[cell] = value.why
                value = value.value
            known[cell] = value
        except Rejected as rejected:
            marked[cell] = rejected
        except InvalidValue as invalid:
            marked[cell] = _from_error(spec, invalid)
    reading = ColumnReading(list(map(known.__getitem__, cells)))
    if marked or doubts or clearing:
        for position, cell in enumerate(cells):
            if cell in marked:
                reading.rejected[position] = marked[cell]
            elif cell in doubts:
                reading.doubtful[position] = doubts[cell]
            elif cell in clearing:
                reading.cleared.add(position)
    return reading


_TRUTH: Final = {True: "#TRUE", False: "#FALSE"}


@dataclass(frozen=True)
class _Doubtful:
    """A value that is taken, with a remark."""

    value: object
    why: Rejected


def _from_error(spec: ColumnSpec, error: InvalidValue) -> Rejected:
    message, stop, remedy = str(error).partition("。")
    return Rejected(
        f"invalid-{spec.type.name.lower()}",
        message + stop,
        remedy or f"请核对“{spec.header}”后重填。",
    )


# --- recognised without parsing -------------------------------------------------------------

_ODD_IN_CODES: Final = re.compile(
    r"(?m)[^0-9A-Za-z\n._/()-]|^[0-9]+(?:\.[0-9]+)?[eE][0-9]{1,3}$|\.0+$|^[^0-9A-Za-z]+$"
)
_ODD_IN_TEXTS: Final = re.compile(
    r"(?m)^[\s#'=【/—–―-]|\s$|[0-9]{11}|[0-9][ ·_-][0-9]|[^\S\n ]"
    r"|[\x00-\x09\x0b-\x1f\x7f\u200b-\u200f\u2028-\u202e\ufeff\ufffd０-９]"
)
_ODD_IN_NAMES: Final = re.compile("[^\u4e00-\u9fff\n]")
_LIMIT_NAME: Final = 40
_DASH: Final = re.compile(r"[-/\\—–―－／]{1,4}")
"""What a clerk writes for "nothing here"; the same as an empty cell."""


def _at_sight(spec: ColumnSpec, distinct: set[object], unit_fen: int) -> dict[object, object]:
    """Values of the cells whose shape leaves no question."""
    if spec.type is ColumnType.YUAN:
        return _plain_amounts(spec, distinct, unit_fen)
    if spec.type is ColumnType.CODE:
        return _clean(distinct, _ODD_IN_CODES, LIMIT_CODE)
    if spec.type in (ColumnType.TEXT, ColumnType.TOWN, ColumnType.VILLAGE):
        return _clean(distinct, _ODD_IN_TEXTS, LIMIT_TEXT)
    if spec.type is ColumnType.DATE:
        return {
            cell: cell for cell in distinct if type(cell) is dt.date and EARLIEST <= cell <= LATEST
        }
    if spec.type is ColumnType.NAME:
        return _clean(distinct, _ODD_IN_NAMES, _LIMIT_NAME)
    if spec.type is ColumnType.INT:
        lowest = 1 if spec.positive else 0
        return {
            cell: int(cell)
            for cell in distinct
            if type(cell) is float and lowest <= cell < 1_000_000_000 and cell.is_integer()
        }
    return {}


_BY_SHAPE: Final = {
    ColumnType.ID: re.compile("[0-9]{17}[0-9X]"),
    ColumnType.CARD: re.compile("[0-9]{8,32}"),
}


def _by_shape(
    distinct: set[object], shape: re.Pattern[str], parser: Parser
) -> dict[object, object]:
    """Numbers that already have their canonical shape and that the given parser takes."""
    found: dict[object, object] = {}
    for cell in distinct:
        if isinstance(cell, str) and shape.fullmatch(cell):
            try:
                found[cell] = str(parser(cell))
            except InvalidValue:
                continue
    return found


def _plain_amounts(spec: ColumnSpec, distinct: set[object], unit_fen: int) -> dict[object, object]:
    """Numbers that are the nearest double to a whole number of fen, below 15 digits.

    ``fen / unit`` is correctly rounded, so equality says that the digits shown are exactly these.
    """
    lowest = -(10**12) if spec.signed else (1 if spec.positive else 0)
    found: dict[object, object] = {}
    for cell in distinct:
        if type(cell) is float and -1_000_000_000 < cell < 1_000_000_000:
            fen = round(cell * unit_fen)
            if fen / unit_fen == cell and fen >= lowest:
                found[cell] = fen
    return found


def _clean(distinct: set[object], odd: re.Pattern[str], limit: int) -> dict[object, object]:
    """Texts without anything odd in them, found by one search over the whole column."""
    texts = [cell for cell in distinct if isinstance(cell, str)]
    joined = "\n".join(texts)
    clean = (
        odd.search(joined) is None
        and joined.count("\n") == len(texts) - 1
        and unicodedata.is_normalized("NFC", joined)
        and len(max(texts, key=len, default="")) <= limit
    )
    if clean and all(texts):
        return {text: text for text in texts}
    return {
        text: text
        for text in texts
        if text
        and len(text) <= limit
        and odd.search(text) is None
        and "\n" not in text
        and unicodedata.is_normalized("NFC", text)
    }


# --- one parser per type --------------------------------------------------------------------


def _parser(
    spec: ColumnSpec, unit_fen: int, parsers: Mapping[ColumnType, Parser]
) -> Callable[[object], object]:
    """The function that reads one cell of this column."""
    read = _READERS[spec.type]
    given = parsers.get(spec.type)
    if given is None and spec.type in _DEFAULT_PARSERS:
        given = _DEFAULT_PARSERS[spec.type]

    def parse(cell: object) -> object:
        _refuse_error_text(spec, cell)
        if spec.type in DIGIT_TYPES:
            cell = _undamaged(spec, cell)
        value = read(spec, cell, unit_fen)
        if spec.type is ColumnType.ID and str(value).startswith(PENDING_ID):
            return _pending(spec, str(value), given)
        if given is not None and isinstance(value, str):
            try:
                value = str(given(value))
            except InvalidValue:
                if spec.type is ColumnType.ID and value.endswith("000"):
                    raise _damaged(spec) from None
                raise
        if spec.type is ColumnType.TEXT and isinstance(cell, str) and isinstance(value, str):
            _refuse_personal_numbers(spec, value)
        return value

    return parse


def _pending(spec: ColumnSpec, value: str, given: Parser | None) -> str:
    """An ID marked as pending is taken, unless the number behind the mark holds after all."""
    number = value.removeprefix(PENDING_ID)
    if number and given is not None:
        try:
            given(number)
        except InvalidValue:
            return value
        raise Rejected(
            "pending-id-holds",
            f"“{spec.header}”标了“{PENDING_ID}”，但后面的号码校验无误。",
            f"号码属实的，请删去“{PENDING_ID}”；不属实的，请只留“{PENDING_ID}”。",
        )
    return value


def _refuse_error_text(spec: ColumnSpec, cell: object) -> None:
    if not isinstance(cell, str) or not cell.lstrip().startswith("#"):
        return
    text = cell.strip().upper()
    if text == UNCALCULATED:
        raise Rejected(
            "formula-without-result",
            "单元格是公式，但文件里没有保存计算结果。",
            "请用 WPS 或 Excel 打开并保存一次，或把公式改成数值。",
        )
    if text in ("#TRUE", "#FALSE") and spec.type is not ColumnType.BOOL:
        raise Rejected(
            "truth-value",
            f"“{spec.header}”的单元格是逻辑值 TRUE 或 FALSE。",
            "请改填实际内容，整列设为“文本”或“常规”格式。",
        )
    if text in ERROR_TEXTS:
        raise Rejected(
            "formula-error", f"单元格是公式错误值{text}。", "请改正公式，或直接填写数值后重新导入。"
        )


_SCIENTIFIC: Final = re.compile(r"[0-9](?:\.[0-9]+)?[eE]\+?[0-9]{1,3}")
_DECIMAL_ZERO: Final = re.compile(r"[0-9]{4,}\.0+")


def _undamaged(spec: ColumnSpec, cell: object) -> object:
    """Text cells pass; a number, a date or 4.4E+17 in a column of codes was damaged by Excel."""
    if isinstance(cell, str):
        text = unicodedata.normalize("NFKC", cell).strip()
        if _SCIENTIFIC.fullmatch(text) or _DECIMAL_ZERO.fullmatch(text):
            raise _damaged(spec)
        return cell
    if spec.type is ColumnType.PHONE and isinstance(cell, int | float):
        digits = _digits(cell)
        if re.fullmatch("1[0-9]{10}", digits):
            return digits
    raise _damaged(spec)


_PENDING_ADVICE: Final = f"一时查不到的填“{PENDING_ID}”，照常登记，更正前不发款。"


def _damaged(spec: ColumnSpec) -> Rejected:
    return Rejected(
        "damaged-by-excel",
        f"“{spec.header}”是数字或日期格式，已被 Excel 损坏（末位可能变成0，开头的0可能丢失）。",
        "请把整列设为“文本”格式，对照原始资料重新填写，不要在原数字上改。"
        + (_PENDING_ADVICE if spec.type is ColumnType.ID else ""),
    )


def _digits(cell: float | int) -> str:
    """A number as the spreadsheet shows it: at most fifteen significant digits."""
    return str(cell) if isinstance(cell, int) else format(cell, f".{SPREADSHEET_DIGITS}g")


_STRIPPED: Final = " \t\r\n\u3000\xa0\u200b\u200c\u200d\u200e\u200f\u2060\ufeff'"


def _strip(text: str) -> str:
    return text.strip(_STRIPPED)


_SPACES: Final = re.compile("[\\s\u200b-\u200f\u2060\ufeff]+")


def _folded(text: str) -> str:
    """NFKC without any spaces."""
    return _SPACES.sub("", unicodedata.normalize("NFKC", _strip(text)))


_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\ufffd]")


def _text(spec: ColumnSpec, cell: object, unit_fen: int) -> str:
    del unit_fen
    if isinstance(cell, dt.datetime | dt.date):
        return (cell.date() if isinstance(cell, dt.datetime) else cell).isoformat()
    if isinstance(cell, int | float):
        if abs(cell) >= 10**SPREADSHEET_DIGITS:
            raise _damaged(spec)
        return _digits(cell)
    if not isinstance(cell, str):
        raise _unexpected(spec)
    text = unicodedata.normalize("NFC", _strip(cell).replace("\r\n", "\n"))
    if _CONTROL.search(text):
        raise Rejected(
            "unreadable-character",
            f"“{spec.header}”里有看不见的控制字符或乱码。",
            "请删去后重新键入，不要从网页或 PDF 直接粘贴。",
        )
    if len(text) > LIMIT_TEXT:
        raise Rejected(
            "text-too-long", f"“{spec.header}”超过{LIMIT_TEXT}字。", "请缩写，详细内容作为附件。"
        )
    return text


def _refuse_personal_numbers(spec: ColumnSpec, text: str) -> None:
    if holds_personal_number(text):
        raise Rejected(
            "personal-number-in-text",
            f"“{spec.header}”里写了证件号、银行卡号或手机号。",
            "请删去，个人号码只能填在专门的列里。",
        )


def _name(spec: ColumnSpec, cell: object, unit_fen: int) -> str:
    if not isinstance(cell, str):
        raise Rejected("invalid-name", "姓名栏里是数字或日期。", "请填写姓名，多列错位的请对齐。")
    text = _text(spec, cell, unit_fen)
    if not text.isascii():
        text = _SPACES.sub("", text)
    letters = re.sub("[·•・.．。() （）-]", "", text)
    if not letters or any("\ue000" <= letter <= "\uf8ff" for letter in letters):
        raise Rejected(
            "invalid-name", "姓名里有自造字，换一台电脑就会变样。", "请用国标生僻字输入法重新键入。"
        )
    if not letters.isalpha() or len(text) > _LIMIT_NAME:
        raise Rejected("invalid-name", "姓名里有数字或符号。", "请只填姓名本身，一格一人。")
    return text


_CODE: Final = re.compile(r"[0-9A-Za-z\u3400-\u9fff〔〕._/#()-]+")


def _code(spec: ColumnSpec, cell: object, unit_fen: int) -> str:
    del unit_fen
    text = _folded(str(cell))
    if len(text) > LIMIT_CODE:
        raise Rejected("invalid-code", f"“{spec.header}”超过{LIMIT_CODE}位。", "请核对编号。")
    if not _CODE.fullmatch(text) or not any(map(str.isalnum, text)):
        raise Rejected(
            "invalid-code",
            f"“{spec.header}”里有编号不用的字符。",
            "编号只用数字、字母、汉字和 - _ / . 号，一格一个编号。",
        )
    return text


_DOCUMENT_YEAR: Final = re.compile(r"[\[(【〔〖［]([0-9]{4})[\])】〕〗］]")


def _document(spec: ColumnSpec, cell: object, unit_fen: int) -> str:
    if not isinstance(cell, str):
        raise Rejected(
            "invalid-document",
            f"“{spec.header}”是数字或日期，不是文号。",
            "请填写完整文号，如“粤财农〔2016〕166号”。",
        )
    del unit_fen
    text = _folded(cell)
    text = _DOCUMENT_YEAR.sub(r"〔\1〕", text)
    if not re.search(r"[\u3400-\u9fff]", text) or _CONTROL.search(text) or len(text) > 100:
        raise Rejected(
            "invalid-document",
            f"“{spec.header}”不像文号。",
            "请填写完整文号，如“粤财农〔2016〕166号”。",
        )
    if re.search("[?？*=@$^~|<>]", text):
        raise Rejected(
            "invalid-document", f"“{spec.header}”里有文号不用的符号。", "请对照原文件重新填写文号。"
        )
    return text


def _number_text(spec: ColumnSpec, cell: object) -> str:
    """A number as plain digits with sign and point, from a number cell or a text."""
    if isinstance(cell, int | float):
        if abs(cell) >= 10**SPREADSHEET_DIGITS:
            raise Rejected(
                "too-many-digits", "数字超过15位，表格已不能准确保存。", "请核对位数和单位。"
            )
        return str(Fraction(_digits(cell))) if "e" in _digits(cell) else _digits(cell)
    if not isinstance(cell, str):
        raise _unexpected(spec)
    text = _folded(cell).replace("−", "-")
    if spec.type is ColumnType.INT:
        text = re.sub("(?:人|户|天|年|个|千瓦时|度)$", "", text)
    if spec.header.endswith("(%)"):
        text = text.removesuffix("%")
    if not re.fullmatch(r"-?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,15})(?:\.[0-9]+)?", text):
        raise Rejected(
            "not-a-number", f"“{spec.header}”不是数字。", "请只填阿拉伯数字，单位写在表头。"
        )
    return text.replace(",", "")


def _whole(spec: ColumnSpec, cell: object, unit_fen: int) -> int:
    del unit_fen
    number = Fraction(_number_text(spec, cell))
    if number.denominator != 1:
        raise Rejected("not-a-whole-number", f"“{spec.header}”应为整数。", "请改为整数。")
    return _in_bounds(spec, number.numerator)


def _scaled(spec: ColumnSpec, cell: object, unit_fen: int) -> int:
    """A decimal as the integer ``value × 10**decimals``."""
    del unit_fen
    number = Fraction(_number_text(spec, cell)) * 10**spec.decimals
    if number.denominator != 1:
        raise Rejected(
            "too-many-decimals",
            f"“{spec.header}”小数超过{spec.decimals}位。",
            f"请对照原始资料改为最多{spec.decimals}位小数，不要用公式算出的长小数。",
        )
    return _in_bounds(spec, number.numerator)


def _in_bounds(spec: ColumnSpec, value: int) -> int:
    if value < 0 and not spec.signed:
        raise Rejected(
            "negative",
            f"“{spec.header}”不能是负数。",
            "请改为正数；冲销、退款用相应的类型另填一行。",
        )
    if value == 0 and spec.positive:
        raise Rejected("zero", f"“{spec.header}”不能是零。", "请填写实际数，没有的删去这一行。")
    if abs(value) >= 2**62:
        raise Rejected("too-many-digits", f"“{spec.header}”的数过大。", "请核对位数和单位。")
    return value


_REMARK: Final = re.compile(r"([^()]*[0-9元万][^()]*)\(([^()]*(?:\([^()]*\))?[^()]*)\)")
_BIG_UNITS: Final = re.compile(r"(-?[0-9.,]+)(千元|亿元|百万元)")
_UNIT_FEN: Final = {"千元": 100_000, "百万元": 100_000_000, "亿元": 10_000_000_000}


def _amount(spec: ColumnSpec, cell: object, unit_fen: int) -> object:
    if isinstance(cell, dt.date | dt.time | dt.timedelta):
        raise Rejected("invalid-yuan", "金额栏里是日期。", "请把单元格设为“数值”格式后重填金额。")
    remark = ""
    if isinstance(cell, str):
        text = _folded(cell).replace("−", "-").replace("人民币", "")
        noted = _REMARK.fullmatch(text)
        if noted:
            text, remark = noted[1], noted[2]
        big = _BIG_UNITS.fullmatch(text)
        if big:
            text, unit_fen = big[1], _UNIT_FEN[big[2]]
        fen = yuan_cell(text, unit_fen)
    elif isinstance(cell, int | float):
        fen = yuan_cell(cell, unit_fen)
    else:
        raise _unexpected(spec)
    fen = _in_bounds(spec, fen)
    if remark:
        return _Doubtful(
            fen,
            Rejected(
                "remark-in-amount",
                f"金额后面的括号说明“{mask(remark[:20])}”没有导入，只取了括号前的金额。",
                "请把说明移到备注列。",
            ),
        )
    return fen


def states_unit(cell: object) -> bool:
    """The cell names its own unit (``73.5万元``, ``50元``), so nobody need doubt it."""
    return isinstance(cell, str) and ("元" in cell or "万" in cell)


_YEAR: Final = re.compile(r"([0-9]{4})(?:年度?)?")


def _year(spec: ColumnSpec, cell: object, unit_fen: int) -> int:
    del unit_fen
    found = None
    if isinstance(cell, str):
        found = _YEAR.fullmatch(_folded(cell))
    elif isinstance(cell, int | float):
        found = _YEAR.fullmatch(_digits(cell))
    if found is None or not EARLIEST.year <= int(found[1]) <= LATEST.year:
        raise Rejected("invalid-year", f"“{spec.header}”不是合理的年度。", "请填四位年度，如2019。")
    return int(found[1])


_DATE: Final = re.compile(
    r"([0-9]{4})(?:-([0-9]{1,2})-([0-9]{1,2})|/([0-9]{1,2})/([0-9]{1,2})|\.([0-9]{1,2})\.([0-9]{1,2})"
    r"|年([0-9]{1,2})月([0-9]{1,2})日|([0-9]{2})([0-9]{2}))"
    r"(?:[ T][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?"
)


def _date(spec: ColumnSpec, cell: object, unit_fen: int) -> dt.date:
    del unit_fen
    if isinstance(cell, dt.datetime):
        return _near(spec, cell.date())
    if isinstance(cell, dt.date):
        return _near(spec, cell)
    if isinstance(cell, int | float):
        text = _digits(cell)
        if not re.fullmatch("(?:19|20)[0-9]{6}", text):
            raise Rejected(
                "invalid-date",
                f"“{spec.header}”是一个数字，不是日期。",
                "请把单元格设为“日期”格式，或按“2019-03-31”填写。",
            )
    elif isinstance(cell, str):
        text = re.sub(r"\s*([-/.年月日])\s*", r"\1", unicodedata.normalize("NFKC", _strip(cell)))
    else:
        raise _unexpected(spec)
    found = _DATE.fullmatch(text)
    if found is None:
        raise Rejected(
            "invalid-date",
            f"“{spec.header}”不是完整的日期。",
            "请按“2019-03-31”或“2019年3月31日”填写到日。",
        )
    year, month, day = (int(part) for part in found.groups() if part is not None)
    try:
        return _near(spec, dt.date(year, month, day))
    except ValueError as error:
        raise Rejected(
            "impossible-date", f"日历上没有{year}年{month}月{day}日。", "请对照原始资料改正。"
        ) from error


def _near(spec: ColumnSpec, day: dt.date) -> dt.date:
    if EARLIEST <= day <= LATEST:
        return day
    raise Rejected(
        "date-out-of-range",
        f"“{spec.header}”写的是{day.year}年，早于1949年10月或晚于2100年。",
        "请核对年份。",
    )


_MONTH: Final = re.compile(r"([0-9]{4})(?:[-/]([0-9]{1,2})|年([0-9]{1,2})月份?|([0-9]{2}))")


def _month(spec: ColumnSpec, cell: object, unit_fen: int) -> dt.date:
    if isinstance(cell, str):
        text = _folded(cell)
    elif isinstance(cell, int | float):
        text = _digits(cell)
    else:
        return _date(spec, cell, unit_fen).replace(day=1)
    found = _MONTH.fullmatch(text)
    if found is None:
        if isinstance(cell, str) and _DATE.fullmatch(text):
            return _date(spec, cell, unit_fen).replace(day=1)
        raise Rejected("invalid-month", f"“{spec.header}”不是月份。", "请按“2019-03”填写年和月。")
    year, month = (int(part) for part in found.groups() if part is not None)
    if not 1 <= month <= 12:
        raise Rejected("invalid-month", f"没有{month}月。", "请按“2019-03”填写年和月。")
    return _near(spec, dt.date(year, month, 1) if year >= 1 else dt.date.min)


_YES: Final = {"是", "√", "✓", "✔", "TRUE", "Y", "YES", "有"}
_NO: Final = {"否", "×", "✗", "FALSE", "N", "NO", "无"}


def _flag(spec: ColumnSpec, cell: object, unit_fen: int) -> bool:
    del unit_fen
    text = _folded(cell).upper().lstrip("#") if isinstance(cell, str) else ""
    if text in _YES or text in _NO:
        return text in _YES
    raise Rejected("invalid-flag", f"“{spec.header}”只能填“是”或“否”。", "请改为“是”或“否”。")


def _choice(spec: ColumnSpec, cell: object, unit_fen: int) -> str:
    del unit_fen
    text = _folded(cell) if isinstance(cell, str) else _shown_number(cell)
    if text in spec.choices:
        return text
    for ending in ("资产", "类"):
        for other in (text.removesuffix(ending), text + ending):
            if other in spec.choices:
                return other
    near = difflib.get_close_matches(text, spec.choices, n=1) if text else []
    meant = f"您要填的是不是“{near[0]}”？" if near else ""
    raise Rejected(
        "unknown-choice",
        f"“{spec.header}”没有这一项。{meant}",
        f"只能填：{'、'.join(spec.choices)}。",
    )


def _shown_number(cell: object) -> str:
    return _digits(cell) if isinstance(cell, int | float) else ""


def _card(spec: ColumnSpec, cell: object, unit_fen: int) -> str:
    del unit_fen
    text = _folded(str(cell)).replace("-", "")
    if not re.fullmatch("[0-9]{8,32}", text):
        raise Rejected(
            "invalid-card",
            f"“{spec.header}”应为8至32位数字。",
            "请对照存折或银行卡重新填写，整列设为“文本”格式。",
        )
    return text


_MARKED_PENDING: Final = re.compile(r"(?:证件号码?|身份证号?码?)?待核实?:?([0-9A-Z.+*?-]{0,20})")


def _identity(spec: ColumnSpec, cell: object, unit_fen: int) -> str:
    del unit_fen
    text = _folded(str(cell)).upper()
    if marked := _MARKED_PENDING.fullmatch(text):
        return PENDING_ID + marked[1]
    if not re.fullmatch("[0-9]{17}[0-9X](?:[0-9A-Z]{2})?", text):
        raise Rejected(
            "invalid-id",
            f"“{spec.header}”应为18位居民身份证号或20位残疾人证号，这里是{len(text)}位。",
            f"请对照证件重新填写，不要编造。{_PENDING_ADVICE}",
        )
    return text


def _phone(spec: ColumnSpec, cell: object, unit_fen: int) -> str:
    del unit_fen
    text = _folded(str(cell))
    if not re.fullmatch(
        r"(?:\+?86-?)?1[0-9]{10}|(?:0[0-9]{2,3}-?)?[0-9]{7,8}(?:-[0-9]{1,6})?", text
    ):
        raise Rejected(
            "invalid-phone",
            f"“{spec.header}”不是电话号码。",
            "请填11位手机号或带区号的固定电话，一格一个。",
        )
    return text


def _unexpected(spec: ColumnSpec) -> Rejected:
    return Rejected(
        f"invalid-{spec.type.name.lower()}",
        f"“{spec.header}”的单元格格式不对（时间或其他格式）。",
        "请设为“常规”或“文本”格式后重填。",
    )


_READERS: Final[Mapping[ColumnType, Callable[[ColumnSpec, object, int], object]]] = {
    ColumnType.TEXT: _text,
    ColumnType.NAME: _name,
    ColumnType.CODE: _code,
    ColumnType.DOCUMENT: _document,
    ColumnType.DIVISION: _code,
    ColumnType.USCC: _code,
    ColumnType.YUAN: _amount,
    ColumnType.INT: _whole,
    ColumnType.DEC: _scaled,
    ColumnType.YEAR: _year,
    ColumnType.DATE: _date,
    ColumnType.MONTH: _month,
    ColumnType.ID: _identity,
    ColumnType.CARD: _card,
    ColumnType.PHONE: _phone,
    ColumnType.BOOL: _flag,
    ColumnType.ENUM: _choice,
    ColumnType.TOWN: _text,
    ColumnType.VILLAGE: _text,
}

_DEFAULT_PARSERS: Final[Mapping[ColumnType, Parser]] = {
    ColumnType.DIVISION: divisions.complete,
    ColumnType.USCC: lambda text: str(uscc.parse(text)),
}


def doubtful_amounts(
    spec: ColumnSpec, cells: Sequence[object], values: Iterable[object]
) -> dict[int, Rejected]:
    """Positions of amounts that look as if written in the other unit (万元 in a 元 column).

    An amount a thousand times below the middle of its column while the middle is at least
    100,000 yuan, or ten thousand times above it, is doubted; a cell that names its unit is not.
    依据: 内部约定 (50 与 2,500,000 同列, 多半是50万元)
    """
    amounts = [
        (value, at) for at, value in enumerate(values) if isinstance(value, int) and value > 0
    ]
    if len(amounts) < 3:
        return {}
    ordered = sorted(value for value, _ in amounts)
    low, high = ordered[0], ordered[-1]
    if high < 1000 * low:
        return {}
    middle = ordered[len(ordered) // 2]
    doubts: dict[int, Rejected] = {}
    for value, at in amounts:
        if states_unit(cells[at]):
            continue
        small = value * 1000 <= middle and middle >= 100_000 * FEN_PER_YUAN
        large = value >= middle * 10_000
        if small or large:
            doubts[at] = Rejected(
                "unit-suspicious",
                f"“{spec.header}”这一格折合{format_yuan(value)}元，"
                f"与同列其他金额（中间值{format_yuan(middle)}元）相差{'千' if small else '万'}倍以上，"
                "单位可能写错。",
                "请核对是元还是万元；确实无误的，在数字后写明单位，如“50元”。",
            )
    return doubts
