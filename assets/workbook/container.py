"""Is this file safe to open, what format is it really, and which cells stand in it?

The format is told by content, never by the extension: .xlsx (and the .et of WPS that is one), the
old binary .xls/.et, CSV in UTF-8 or GB18030. Nothing in a file is executed: formulas are read by
their stored result, macros and links are named and left alone. What could exhaust the machine
(a bomb of zeros, a cell at the far end of the sheet, a file of hundreds of megabytes) is refused
before it is unpacked.

Excel's error cells (#REF!) and formulas without a stored result come out as the texts in
``ERROR_TEXTS``, because the reading library shows both as empty.
"""

import csv
import hashlib
import io
import pickle
import re
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast
from xml.etree import ElementTree

import python_calamine

LIMIT_FILE_BYTES: Final = 64 * 2**20
LIMIT_UNPACKED_BYTES: Final = 768 * 2**20
LIMIT_CELLS: Final = 8_000_000
LIMIT_SHEETS: Final = 200

UNCALCULATED: Final = "#未计算"
ERROR_TEXTS: Final = frozenset(
    {"#REF!", "#N/A", "#DIV/0!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", UNCALCULATED}
)

Range = tuple[tuple[int, int], tuple[int, int]]
"""First and last (row, column) of a merged range, counted from zero, both included."""

_CHUNK: Final = 1 << 20
_ZIP: Final = b"PK\x03\x04"
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


_BROKEN_PACKAGE: Final = (
    *(zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, struct.error),
    *(NotImplementedError, RuntimeError, LookupError, ElementTree.ParseError),
)


class Unreadable(Exception):
    """The whole file is refused; becomes one problem of the import."""

    def __init__(self, name: str, message: str, remedy: str) -> None:
        super().__init__(message + remedy)
        self.name = name
        self.message = message
        self.remedy = remedy


@dataclass
class RawSheet:
    """One sheet as it stands: ``rows[i][j]`` is the cell in row i+1, column j+1; "" is empty."""

    name: str
    rows: list[list[object]]
    merged: list[Range] = field(default_factory=list)
    formulas: int = 0


@dataclass
class Container:
    """A file that was opened: its digest, its true format, its visible sheets, and warnings."""

    sha256: str
    format: str
    sheets: list[RawSheet]
    hidden: list[str] = field(default_factory=list)
    warnings: list[tuple[str, str, str]] = field(default_factory=list)


def open_container(path: Path, only: str | None = None) -> Container:
    """Open a clerk's file and lay its cells open.

    ``only`` names the single sheet that is wanted (a hidden one may be asked for by name).

    Raises:
        Unreadable: Too large, encrypted, damaged, crafted, or not a workbook at all.

    依据: 内部约定 (按内容识别格式; 不执行公式、宏, 不打开外部链接)
    """
    size = path.stat().st_size
    if size > LIMIT_FILE_BYTES:
        raise Unreadable(
            "file-too-large",
            f"文件有{size // 2**20}MB，超过{LIMIT_FILE_BYTES // 2**20}MB，没有打开。",
            "请删去图片和多余的表，或按镇、按年度拆成几个文件。",
        )
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    if not data.strip(b"\x00\t\r\n "):
        raise Unreadable("file-empty", "文件是空的。", "请核对是否保存成功，重新发送。")
    if data.startswith(_ZIP):
        try:
            return _open_package(data, digest, only)
        except _BROKEN_PACKAGE as error:
            raise _damaged() from error
    if data.startswith(_OLE):
        return _open_binary(data, digest, only)
    return _open_text(data, digest, path.stem)


# --- .xlsx ----------------------------------------------------------------------------------


@dataclass
class _SheetScan:
    """What the XML of a part tells that the reading library does not, one block at a time."""

    sheet: bool = False
    errors: list[tuple[int, int, str]] = field(default_factory=list)
    formulas: int = 0
    wide: bool = False
    far: bool = False
    tall: bool = False
    rest: bytes = b""

    @property
    def most_cells(self) -> int:
        """An upper bound for the cells that would be laid out, from the shape of the addresses."""
        width = 16_384 if self.far else 52 if self.wide else 26
        return width * (1_048_576 if self.tall else 99_999)

    def feed(self, chunk: bytes) -> None:
        """Take the next piece; blocks are cut where a row ends."""
        if b"<!DOCTYPE" in chunk or b"<!ENTITY" in chunk:
            raise Unreadable(
                "file-crafted",
                "文件内部含有不该出现的实体声明，可能是恶意构造的，没有读取。",
                "请让对方用 WPS 或 Excel 重新另存为 .xlsx 后发送。",
            )
        if not self.sheet:
            return
        block = self.rest + chunk
        cut = block.rfind(b"row>") + 4
        if cut < 4:
            self.rest = block
            return
        self._look(block[:cut])
        self.rest = block[cut:]

    def finish(self) -> None:
        """Look at what is left after the last row."""
        self._look(self.rest)
        self.rest = b""

    def _look(self, block: bytes) -> None:
        block = _plain(block)
        self.wide = self.wide or _WIDE_COLUMN.search(block) is not None
        self.far = self.far or (self.wide and _FAR_COLUMN.search(block) is not None)
        self.tall = self.tall or _TALL_ROW.search(block) is not None
        if b' t="e"' in block:
            self.errors += _error_cells(block)
        formulas = sum(map(block.count, _FORMULA)) if b"<f" in block else 0
        if formulas:
            self.formulas += formulas
            self.errors += _bare_formulas(block)


def _open_package(data: bytes, digest: str, only: str | None) -> Container:
    package = zipfile.ZipFile(io.BytesIO(data))
    names = package.namelist()
    if "xl/workbook.xml" not in names:
        raise Unreadable(
            "file-not-a-workbook",
            "这个压缩文件里没有 .xlsx 表格（可能是 .xlsb、.ods、Word 文档或压缩包）。",
            "请用 WPS 或 Excel 打开后另存为 .xlsx 再导入。",
        )
    parts = _sheet_parts(package)
    scans = _unpack(package, data, set(parts.values()))
    container = _read_with_library(data, digest, "xlsx", only)
    for sheet in container.sheets:
        scan = scans.get(parts.get(sheet.name, ""), _SheetScan())
        sheet.formulas = scan.formulas
        _place_errors(sheet, scan.errors)
    container.warnings = _package_warnings(names) + container.warnings
    return container


def _unpack(package: zipfile.ZipFile, data: bytes, parts: set[str]) -> dict[str, _SheetScan]:
    """Unpack everything once with a budget, whatever the directory claims; look at the sheets."""
    budget = LIMIT_UNPACKED_BYTES
    scans: dict[str, _SheetScan] = {}
    if sum(info.file_size for info in package.infolist()) > budget:
        raise _bomb()
    for info in package.infolist():
        if info.flag_bits & 1:
            raise _encrypted()
        scan = scans[info.filename] = _SheetScan(sheet=info.filename in parts)
        size = 0
        for chunk in _inflate(info, data):
            size += len(chunk)
            if size > info.file_size:
                raise _damaged() if size <= budget else _bomb()
            scan.feed(chunk)
        scan.finish()
        budget -= size
        if size != info.file_size:
            raise _damaged()
    for name in parts:
        if scans[name].most_cells > LIMIT_CELLS:
            _guard_extent(package, name)
    return scans


def _inflate(info: zipfile.ZipInfo, data: bytes) -> Iterator[bytes]:
    """The member's true content in chunks, not limited by the size it declares."""
    start = info.header_offset
    if data[start : start + 4] != _ZIP:
        raise _damaged()
    name_size, extra_size = struct.unpack("<HH", data[start + 26 : start + 30])
    start += 30 + name_size + extra_size
    packed = memoryview(data)[start : start + info.compress_size]
    if info.compress_type == zipfile.ZIP_STORED:
        yield bytes(packed)
        return
    if info.compress_type != zipfile.ZIP_DEFLATED:
        raise _damaged()
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for at in range(0, len(packed), _CHUNK):
            rest = bytes(packed[at : at + _CHUNK])
            while rest:
                yield inflater.decompress(rest, _CHUNK)
                rest = inflater.unconsumed_tail
        yield inflater.flush()
    except zlib.error as error:
        raise _damaged() from error


def _package_warnings(names: Sequence[str]) -> list[tuple[str, str, str]]:
    warnings = []
    if any(name.endswith("vbaProject.bin") for name in names):
        warnings.append(_MACROS)
    if any(name.startswith("xl/externalLinks/") for name in names):
        warnings.append(
            (
                "external-links",
                "文件里有指向其他文件的链接；只读取保存时的数值，没有打开任何链接。",
                "如数值可能已过时，请在 WPS 中“断开链接”后重新保存。",
            )
        )
    return warnings


_MACROS: Final = (
    "macros",
    "文件里带有宏；没有运行，只读取单元格。",
    "如不需要宏，请另存为普通的 .xlsx。",
)

_RELATION: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


def _sheet_parts(package: zipfile.ZipFile) -> dict[str, str]:
    """Sheet name → path of its XML inside the package."""
    book = ElementTree.fromstring(_small(package, "xl/workbook.xml"))
    links = ElementTree.fromstring(_small(package, "xl/_rels/workbook.xml.rels"))
    targets = {link.get("Id", ""): link.get("Target", "") for link in links}
    parts = {}
    for node in book.iter():
        if node.tag.rpartition("}")[2] != "sheet":
            continue
        identity = node.get(_RELATION) or next(
            (value for key, value in node.items() if key.endswith("}id")), ""
        )
        target = targets.get(identity, "").lstrip("/")
        part = target if target.startswith("xl/") else f"xl/{target}"
        if part in package.namelist():
            parts[node.get("name", "")] = part
    if len(parts) > LIMIT_SHEETS:
        raise Unreadable(
            "too-many-sheets",
            f"文件里有{len(parts)}张表，超过{LIMIT_SHEETS}张。",
            "请只保留要导入的表。",
        )
    return parts


def _small(package: zipfile.ZipFile, part: str) -> bytes:
    """A part that lists things; a huge one, or one with entities, is crafted."""
    if package.getinfo(part).file_size > 8 * _CHUNK:
        raise _bomb()
    content = package.read(part)
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise _damaged()
    return content


_WIDE_COLUMN: Final = re.compile(rb' r="[A-Z]{2}')
_FAR_COLUMN: Final = re.compile(rb' r="(?:[B-Z][A-Z]|[A-Z]{3})')
_TALL_ROW: Final = re.compile(rb' r="[A-Z]+[0-9]{6}')
_FORMULA: Final = (b"<f>", b"<f ", b"<f/>")
_ERROR_CELL: Final = re.compile(rb'<c ([^>]*?\bt="e"[^>]*)>(.*?)</c>', re.DOTALL)
_BARE_FORMULA: Final = re.compile(
    rb"<c ([^>]*)>\s*<f\b(?:[^>]*/>|[^>]*>[^<]*</f>)\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>"
)
_VALUE: Final = re.compile(rb"<v>([^<]*)<")
_REFERENCE: Final = re.compile(rb'\br="([A-Z]+)(\d+)"')
_FILLED_CELL: Final = re.compile(rb'<c [^>]*?\br="([A-Z]+)(\d+)"[^>]*[^/]>\s*<(?:v|is|f)\b')
_PREFIX: Final = re.compile(rb"<(/?)\w+:(?=\w)")


def _plain(block: bytes) -> bytes:
    """Some programs write ``<x:c r='A1'>``; bring that to the usual spelling."""
    if b":" in block and (b":c " in block or b":row" in block):
        block = _PREFIX.sub(rb"<\1", block)
    if b"'" in block and b" r='" in block:
        block = block.replace(b"='", b'="').replace(b"' ", b'" ').replace(b"'>", b'">')
    return block


def _row_blocks(package: zipfile.ZipFile, part: str) -> Iterator[bytes]:
    """The XML of a sheet, cut where a row ends."""
    rest = b""
    with package.open(part) as stream:
        while chunk := stream.read(4 * _CHUNK):
            rest += chunk
            cut = rest.rfind(b"row>") + 4
            if cut >= 4:
                yield rest[:cut]
                rest = rest[cut:]
    yield rest


def _error_cells(block: bytes) -> list[tuple[int, int, str]]:
    found = []
    for attributes, content in _ERROR_CELL.findall(block):
        place = _REFERENCE.search(attributes)
        value = _VALUE.search(content)
        text = value[1].decode("utf-8", "replace") if value else "#REF!"
        if place:
            found.append((int(place[2]) - 1, column_index(place[1].decode()), text))
    return found


def _bare_formulas(block: bytes) -> list[tuple[int, int, str]]:
    places = [_REFERENCE.search(attributes) for attributes in _BARE_FORMULA.findall(block)]
    return [
        (int(place[2]) - 1, column_index(place[1].decode()), UNCALCULATED)
        for place in places
        if place
    ]


def _guard_extent(package: zipfile.ZipFile, part: str) -> None:
    """Refuse a sheet whose filled cells span more than can be laid out."""
    last_row = last_column = 1
    for block in _row_blocks(package, part):
        for letters, row in _FILLED_CELL.findall(_plain(block)):
            last_row = max(last_row, int(row))
            last_column = max(last_column, column_index(letters.decode()) + 1)
    if last_row * last_column > LIMIT_CELLS:
        raise Unreadable(
            "sheet-too-wide",
            f"表格一直伸到第{last_row}行、{column_name(last_column - 1)}列，范围异常，没有读取。",
            "请删去表格以外远处的单元格（选中多余的行列，右键“删除”），保存后再导入。",
        )


def _place_errors(sheet: RawSheet, errors: Sequence[tuple[int, int, str]]) -> None:
    for row, column, text in errors:
        if row >= LIMIT_CELLS or column >= 16_384:
            continue
        while len(sheet.rows) <= row:
            sheet.rows.append([])
        cells = sheet.rows[row]
        cells.extend([""] * (column + 1 - len(cells)))
        if cells[column] == "":
            cells[column] = text if text in ERROR_TEXTS else "#REF!"
    if errors:
        _square(sheet.rows)


# --- the old binary format ------------------------------------------------------------------


def _open_binary(data: bytes, digest: str, only: str | None) -> Container:
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise _encrypted()
    if "WordDocument".encode("utf-16-le") in data:
        raise Unreadable(
            "file-not-a-workbook",
            "这个文件是 Word 文档，不是电子表格。",
            "请把表格复制到 WPS 表格或 Excel 中保存后再导入。",
        )
    container = _read_apart(data, digest, only)
    _find_binary_errors(container, data)
    if "_VBA_PROJECT".encode("utf-16-le") in data:
        container.warnings.append(_MACROS)
    return container


# The old format says itself how much memory it wants, and a crafted file ends the process that
# believes it. So it is read by a process of its own, with a limit.
_LIMIT_MEMORY_BYTES: Final = 4 * 2**30
_LIMIT_SECONDS: Final = 300
_PASSWORD: Final = 3
_READ_APART: Final = f"""
import io, pickle, sys
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, ({_LIMIT_MEMORY_BYTES}, {_LIMIT_MEMORY_BYTES}))
except (ImportError, OSError, ValueError):
    pass
import python_calamine as library
try:
    book = library.CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read()))
except library.PasswordError:
    sys.exit({_PASSWORD})
found = []
for number, entry in enumerate(book.sheets_metadata):
    if entry.typ is library.SheetTypeEnum.WorkSheet:
        sheet = book.get_sheet_by_index(number)
        visible = entry.visible is library.SheetVisibleEnum.Visible
        rows = sheet.to_python(skip_empty_area=False)
        found.append((entry.name, visible, rows, list(sheet.merged_cell_ranges or ())))
sys.stdout.buffer.write(pickle.dumps(found))
"""


def _read_apart(data: bytes, digest: str, only: str | None) -> Container:
    """Read the old format in a process of its own."""
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", _READ_APART],
            input=data,
            capture_output=True,
            timeout=_LIMIT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _damaged() from error
    if done.returncode == _PASSWORD:
        raise _encrypted()
    if done.returncode != 0:
        raise _damaged()
    container = Container(digest, "xls", [])
    for name, visible, rows, merged in pickle.loads(done.stdout):
        if name == only or (only is None and visible):
            container.sheets.append(RawSheet(name, rows, _inside(merged, rows)))
        elif not visible:
            container.hidden.append(name)
    return container


_BINARY_ERRORS: Final = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
}
_ERROR_CODES: Final = rb"([\x00\x07\x0f\x17\x1d\x24\x2a])"
# Records BOOLERR with its error flag, and FORMULA whose cached result is an error: row, column.
_BINARY_ERROR: Final = re.compile(
    rb"\x05\x02\x08\x00(..)(.)\x00..%s\x01|\x06\x00..(..)(.)\x00..\x02.%s...\xff\xff"
    % (_ERROR_CODES, _ERROR_CODES),
    re.DOTALL,
)


def _find_binary_errors(container: Container, data: bytes) -> None:
    """Error cells of the old format, which the library shows as empty."""
    errors = []
    for found in _BINARY_ERROR.finditer(data):
        row, column, code = found.groups()[:3] if found[1] is not None else found.groups()[3:]
        errors.append((struct.unpack("<H", row)[0], column[0], _BINARY_ERRORS[code[0]]))
    if errors and len(container.sheets) == 1:
        sheet = container.sheets[0]
        inside = [each for each in errors if each[0] < len(sheet.rows)]
        _place_errors(sheet, inside)
    elif errors:
        container.warnings.append(
            (
                "formula-error",
                f"文件里约有{len(errors)}个公式错误值（如{errors[0][2]}），被当作空格读取。",
                "请改正公式，或另存为 .xlsx 后重新导入。",
            )
        )


def _read_with_library(data: bytes, digest: str, form: str, only: str | None) -> Container:
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        container = Container(digest, form, [])
        for number, entry in enumerate(book.sheets_metadata):
            if entry.typ is not python_calamine.SheetTypeEnum.WorkSheet:
                continue
            visible = entry.visible is python_calamine.SheetVisibleEnum.Visible
            if (only is None and not visible) or (only is not None and entry.name != only):
                container.hidden += [] if visible else [entry.name]
                continue
            sheet = book.get_sheet_by_index(number)
            rows = cast("list[list[object]]", sheet.to_python(skip_empty_area=False))
            merged = _inside(sheet.merged_cell_ranges or (), rows)
            container.sheets.append(RawSheet(entry.name, rows, merged))
        return container
    except python_calamine.PasswordError as error:
        raise _encrypted() from error
    except BaseException as error:
        # A panic of the library is no Exception, but must not end the program.
        if isinstance(error, Exception) or type(error).__name__ == "PanicException":
            raise _damaged() from error
        raise


def _inside(merged: Iterable[Range], rows: Sequence[Sequence[object]]) -> list[Range]:
    """Merged ranges cut to the cells there are; a heap of them that covers all over is crafted."""
    width = len(rows[0]) if rows else 0
    found = [
        ((top, left), (min(bottom, len(rows) - 1), min(right, width - 1)))
        for (top, left), (bottom, right) in merged
        if top <= bottom and left <= right and top < len(rows) and left < width
    ]
    if sum(bottom - top + right - left for (top, left), (bottom, right) in found) > LIMIT_CELLS:
        raise _damaged()
    return found


# --- CSV ------------------------------------------------------------------------------------

_WEB_PAGE: Final = re.compile(
    rb"\A\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*)*<(?:!DOCTYPE|\w+)", re.S
)


def _open_text(data: bytes, digest: str, stem: str) -> Container:
    if _WEB_PAGE.match(data.lstrip(b"\xef\xbb\xbf")[:4096]):
        raise Unreadable(
            "file-not-a-workbook",
            "这是网页或 XML 格式的表格，只是用了表格的扩展名。",
            "请用 WPS 或 Excel 打开后另存为 .xlsx 再导入。",
        )
    text, encoding = _decode(data)
    rows: list[list[object]] = []
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
        for cells in reader:
            rows.append([_bare(cell) for cell in cells])
    except csv.Error as error:
        raise Unreadable(
            "file-damaged",
            f"CSV 第{len(rows) + 1}行的引号不配对，无法分列。",
            "请用 WPS 打开核对该行，另存为 .xlsx 再导入。",
        ) from error
    if len(rows) * max(map(len, rows), default=0) > LIMIT_CELLS:
        raise _bomb()
    _square(rows)
    return Container(digest, f"csv-{encoding}", [RawSheet(stem, rows)])


_MARKS: Final = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def _decode(data: bytes) -> tuple[str, str]:
    marked = next((name for mark, name in _MARKS if data.startswith(mark)), None)
    candidates = (marked,) if marked else ("utf-8", "gb18030")
    if b"\x00" not in data or marked == "utf-16":
        for encoding in candidates:
            try:
                return data.decode(encoding), encoding
            except UnicodeDecodeError:
                continue
    raise Unreadable(
        "file-not-a-workbook",
        "这个文件既不是电子表格，也不是 UTF-8 或 GB18030 编码的 CSV。",
        "请用 WPS 或 Excel 打开后另存为 .xlsx 再导入。",
    )


def _delimiter(text: str) -> str:
    head = text[:8192]
    return max((",", "\t", ";"), key=lambda mark: (head.count(mark), mark == ","))


_QUOTED_DIGITS: Final = re.compile(r"=\"([^\"]*)\"")


def _bare(cell: str) -> str:
    """Undo what protects digits in a CSV: ``="0123"`` and a leading or trailing tab."""
    cell = cell.strip("\t")
    quoted = _QUOTED_DIGITS.fullmatch(cell)
    return quoted[1] if quoted else cell


# --- small things ---------------------------------------------------------------------------


def column_name(index: int) -> str:
    """Letters of a column counted from zero.

    >>> column_name(0), column_name(26), column_name(701)
    ('A', 'AA', 'ZZ')
    """
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def column_index(letters: str) -> int:
    """Column counted from zero of its letters.

    >>> column_index("A"), column_index("AA"), column_index("XFD")
    (0, 26, 16383)
    """
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - ord("A") + 1
    return index - 1


def _square(rows: list[list[object]]) -> None:
    """Give all rows the same length."""
    width = max(map(len, rows), default=0)
    for cells in rows:
        if len(cells) < width:
            cells.extend([""] * (width - len(cells)))


def _damaged() -> Unreadable:
    return Unreadable(
        "file-damaged",
        "文件已损坏或不完整，无法读取。",
        "请用 WPS 打开修复后另存为 .xlsx，或请对方重发。",
    )


def _encrypted() -> Unreadable:
    return Unreadable(
        "file-encrypted", "文件设了打开密码，无法读取。", "请在 WPS 中取消密码，另存后再导入。"
    )


def _bomb() -> Unreadable:
    return Unreadable(
        "file-too-large",
        f"文件解开后超过{LIMIT_UNPACKED_BYTES // 2**20}MB或{LIMIT_CELLS // 10_000}万个单元格，"
        "可能是恶意构造的，没有读取。",
        "请核对来源；确有这么多数据的，按镇、按年度拆成几个文件。",
    )
