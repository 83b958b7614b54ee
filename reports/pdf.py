"""How a paper becomes a PDF that can be checked years later.

PDF/A-3b is requested, tagged, with the fonts inside and the report's data attached (JSON, and one
CSV per table). The bytes depend on the paper and on the machine's fonts only: no clock, no random
number, nothing fetched from anywhere. Libraries and fonts are looked for before the first page,
so that the answer to a missing one is a sentence with the install line.
"""

import csv
import gc
import io
import json
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from itertools import accumulate
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol, cast

import pikepdf

from assets.errors import InvalidValue, MissingTool
from reports.html import Part, Setting, draw, moment, settle
from reports.paper import Cell, Json, Kind, Paper, Table, UnfitPaper, cell_text

DATA_NAME = "data.json"
LONG_ROWS = 1000
FAMILIES = ("Noto Sans CJK SC", "Noto Serif CJK SC")
INSTALL_LINE = (
    "apt-get install -y libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-cjk"
)
_INSTEAD = "其间可先输出 .xlsx 或 .html。"
# CSS pixels: 96 to the inch of 25.4 mm, kept as a fraction.
_PX_PER_MM = (960, 254)
_PACKING_ATTEMPTS = 6


class RenderedPage(Protocol):
    """What is used of a laid-out page: where each marked row fell, in CSS pixels."""

    anchors: dict[str, tuple[float, float, float, float]]
    height: float


class RenderedDocument(Protocol):
    """What is used of a laid-out document."""

    pages: Sequence[RenderedPage]

    def write_pdf(self, target: None = None, **options: object) -> bytes:
        """The document as bytes."""


def to_pdf(paper: Paper) -> bytes:
    """The paper as PDF bytes, the same on every run with the same fonts.

    Raises:
        MissingTool: A library or a font is missing; the sentence holds the install line.
        UnfitPaper: A table is too wide for the largest sheet.
    """
    check_tools()
    if is_long(paper):
        # Imported here: slices are printed with what stands below.
        from reports import long_listing

        return long_listing.to_pdf(paper)
    setting = settle(paper)
    with collector_resting():
        ends = page_ends(paper, setting)
        return write(lay_out(draw(paper, setting=setting, page_ends=ends)), attachments(paper))


@contextmanager
def collector_resting() -> Iterator[None]:
    """Lay out without looking for garbage, which took a quarter of the time and found little."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def is_long(paper: Paper) -> bool:
    """Whether the paper is one long list, which is printed in slices to keep memory flat."""
    return len(paper.tables) == 1 and len(paper.tables[0].rows) > LONG_ROWS


def check_tools() -> None:
    """Look for pango, harfbuzz-subset and the Chinese fonts before the first page is laid out.

    Raises:
        MissingTool: What is missing, the install line, and what can be printed meanwhile.
    """
    engine = _engine()
    if engine.harfbuzz_subset is None:
        raise _missing("动态库 libharfbuzz-subset（字体子集）")
    for family in FAMILIES:
        if not has_family(family):
            raise _missing(f"中文字体 {family}")


def has_family(family: str) -> bool:
    """Whether fontconfig knows exactly this family, not merely something near it."""
    engine = _engine()
    ffi, fontconfig = engine.ffi, engine.fontconfig
    config = ffi.gc(fontconfig.FcInitLoadConfigAndFonts(), fontconfig.FcConfigDestroy)
    pattern = ffi.gc(fontconfig.FcPatternCreate(), fontconfig.FcPatternDestroy)
    fontconfig.FcPatternAddString(pattern, b"family", family.encode("ascii"))
    fontconfig.FcConfigSubstitute(config, pattern, fontconfig.FcMatchPattern)
    fontconfig.FcDefaultSubstitute(pattern)
    result = ffi.new("FcResult *")
    match = fontconfig.FcFontMatch(config, pattern, result)
    if match == ffi.NULL:
        return False
    match = ffi.gc(match, fontconfig.FcPatternDestroy)
    text = ffi.new("FcChar8 **")
    # A font of a collection carries its family in several languages, one per index.
    index = 0
    while fontconfig.FcPatternGetString(match, b"family", index, text) == 0:
        if cast(bytes, ffi.string(ffi.cast("char *", text[0]))).decode("utf-8") == family:
            return True
        index += 1
    return False


def lay_out(page: str) -> RenderedDocument:
    """Lay out HTML into pages; fetches nothing, whatever the page asks for.

    Raises:
        UnfitPaper: The page asks for a file or an address.
    """
    _engine()
    import weasyprint  # type: ignore[import-untyped]
    from weasyprint.urls import FatalURLFetchingError, URLFetcher  # type: ignore[import-untyped]

    # Lines, pictures and fonts are all inside the page; only data: URLs are read.
    fetcher = URLFetcher(allowed_protocols={"data"}, fail_on_errors=True)
    try:
        document = weasyprint.HTML(string=page, url_fetcher=fetcher).render(**pdf_options())
    except FatalURLFetchingError as error:
        raise UnfitPaper(f"报表内容要求读取外部文件或网址，已拒绝：{error}") from None
    return cast(RenderedDocument, document)


def write(document: RenderedDocument, files: Sequence[Any], *, has_tags: bool = True) -> bytes:
    """Laid-out pages and attached files as PDF bytes."""
    with warnings.catch_warnings():
        # The writer leaves its colour profile to the garbage collector.
        warnings.simplefilter("ignore", ResourceWarning)
        options = {**pdf_options(), "pdf_tags": has_tags}
        return document.write_pdf(**options, attachments=files)


def pdf_options() -> dict[str, Any]:
    """What is asked of the PDF writer. Requested is not validated: see the manual.

    依据: 内部约定 (归档格式要求 PDF/A-3b，带标签，附数据).
    """
    return {"pdf_variant": "pdf/a-3b", "pdf_tags": True, "dpi": 300}


def attachments(paper: Paper) -> list[Any]:
    """The report's data as it travels inside the PDF: one JSON, one CSV per table."""
    from weasyprint import Attachment

    made = datetime.fromisoformat(moment(paper))
    return [
        Attachment(
            string=content,
            name=name,
            description="报表数据" if name == DATA_NAME else "表格数据",
            created=made,
            modified=made,
            relationship="Data" if name == DATA_NAME else "Alternative",
        )
        for name, content in data_files(paper)
    ]


def data_files(paper: Paper) -> Iterable[tuple[str, bytes]]:
    """The files that travel inside the PDF: the data as JSON, and each table as CSV."""
    yield DATA_NAME, paper.attachment()
    for number, table in enumerate(paper.tables, start=1):
        yield f"table-{number}.csv", csv_bytes(table)


def csv_bytes(table: Table) -> bytes:
    """A table as UTF-8 CSV with header and byte-order mark; amounts in yuan without separators."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([f"{c.group}-{c.title}" if c.group else c.title for c in table.columns])
    for row in table.rows:
        writer.writerow([_csv_cell(c.kind, row.get(c.key)) for c in table.columns])
    return out.getvalue().encode("utf-8-sig")


def read_attachment(file: Path | bytes) -> dict[str, Json]:
    """The data attached to a PDF of ours: ``{data, data_sha256, footer}``.

    Raises:
        InvalidValue: Not a PDF, or one without our attachment.
    """
    try:
        with pikepdf.open(io.BytesIO(file) if isinstance(file, bytes) else file) as document:
            if DATA_NAME not in document.attachments:
                raise InvalidValue(f"该PDF没有附带报表数据（{DATA_NAME}），不是本系统出的报表。")
            content = document.attachments[DATA_NAME].get_file().read_bytes()
    except (pikepdf.PdfError, FileNotFoundError) as error:
        raise InvalidValue("读不了：不是PDF，或文件不完整。请核对文件。") from error
    try:
        attached = json.loads(content)
    except ValueError as error:
        raise InvalidValue("PDF所附报表数据已损坏，无法读取。") from error
    if not isinstance(attached, dict) or not {"data", "data_sha256", "footer"} <= set(attached):
        raise InvalidValue("PDF所附数据不是本系统的报表数据。")
    return cast(dict[str, Json], attached)


def page_ends(paper: Paper, setting: Setting) -> list[list[int]]:
    """Row counts after which each table's pages end, so that 本页小计 covers exactly that page.

    Raises:
        UnfitPaper: The rows would not settle (a single row higher than the page).
    """
    ends: list[list[int]] = [[] for _ in paper.tables]
    for number, table in enumerate(paper.tables):
        if table.page_subtotals and table.rows:
            pack_pages(paper, setting, ends, number)
    return ends


def pack_pages(
    paper: Paper,
    setting: Setting,
    ends: list[list[int]],
    number: int,
    part: Part | None = None,
) -> RenderedDocument:
    """Find the page ends of one table, starting from those given, and return the laid-out pages.

    The rows are laid out once to learn their heights, packed, and laid out again to make sure;
    ``ends[number]`` is changed in place.

    Raises:
        UnfitPaper: The rows would not settle (a single row higher than the page).
    """
    rows = range(part.start, part.stop) if part else range(len(paper.tables[number].rows))
    for spare_rows in range(_PACKING_ATTEMPTS):
        document = lay_out(draw(paper, setting=setting, page_ends=ends, anchored=True, part=part))
        if ends[number] and _is_settled(document.pages, number, rows, ends[number]):
            return document
        is_last = part is None or part.is_last
        packing = _Packing(document.pages, number, rows, setting, is_last)
        if not ends[number] and part is None and packing.is_one_page:
            # One page only: its subtotal would repeat the total.
            return document
        ends[number] = packing.pack(spare_rows)
        # The pages are large; they go before the next ones come.
        del packing, document
    title = paper.tables[number].title or paper.title
    raise UnfitPaper(f"表“{title}”的每页小计排不下，请减小行高或改用大一号的纸。")


def _is_settled(
    pages: Sequence[RenderedPage], number: int, rows: range, ends: Sequence[int]
) -> bool:
    """Whether the rows of each block lie on one page, and the blocks on successive pages."""
    page_of = {anchor: index for index, page in enumerate(pages) for anchor in page.anchors}
    start = rows.start
    used: list[int] = []
    for block, end in enumerate(ends):
        on = {page_of[f"r{number}-{row}"] for row in range(start, end)}
        on.add(page_of[f"p{number}-{block}"])
        if len(on) != 1:
            return False
        used.append(on.pop())
        start = end
    return used == list(range(used[0], used[0] + len(used)))


class _Packing:
    """Fills page after page with rows, from where the marked rows fell in a first layout."""

    def __init__(
        self,
        pages: Sequence[RenderedPage],
        number: int,
        rows: range,
        setting: Setting,
        is_last: bool,
    ) -> None:
        self._boxes = {
            name: (index, box)
            for index, page in enumerate(pages)
            for name, box in page.anchors.items()
        }
        self._rows = rows
        self._number = number
        self._heights = _heights(self._boxes, number, rows)
        self._line = min(self._heights)
        margin = setting.sheet.margins[2] * _PX_PER_MM[0] / _PX_PER_MM[1]
        self._bottom = pages[0].height - margin
        # The closing total and its words take three lines, then come proofs and signatures.
        self._closing = 3 * self._line if is_last else self._line * 0
        if is_last and number == len(setting.tables) - 1:
            end = self._boxes["end"][1]
            self._closing += end[3] - end[1]

    @property
    def is_one_page(self) -> bool:
        """Whether the first layout needed one page for all rows and what closes them."""
        names = [f"r{self._number}-{self._rows[0]}", f"r{self._number}-{self._rows[-1]}", "end"]
        return len({self._boxes[name][0] for name in names}) == 1

    def pack(self, spare_rows: int) -> list[int]:
        """Row counts after which a page ends, each page leaving room for its subtotal."""
        first_page, first_box = self._boxes[f"r{self._number}-{self._rows[0]}"]
        later_top = min(
            (
                box[1]
                for name, (page, box) in self._boxes.items()
                if page > first_page and name.startswith(f"r{self._number}-")
            ),
            default=first_box[1],
        )
        ends: list[int] = []
        start, top, count = 0, first_box[1], len(self._rows)
        while start < count:
            room = self._bottom - top - self._line * (1 + spare_rows)
            end = start + max(1, _fitting(self._heights[start:], room))
            # What closes the paper goes with the last rows: nobody signs an empty sheet.
            crowded = sum(self._heights[start:]) > room - self._closing
            if end >= count and crowded and count - start > 2:
                end = count - 2
            ends.append(end)
            start, top = end, later_top
        if len(ends) > 1 and ends[-1] - ends[-2] < 2 and ends[-2] > 2:
            # A single row does not carry a total.
            ends[-2] -= 1
        return [self._rows.start + end for end in ends]


def _heights(
    boxes: dict[str, tuple[int, tuple[float, float, float, float]]], number: int, rows: range
) -> list[float]:
    """Height of each row with the group subtotal that follows it, in CSS pixels."""
    heights = []
    for row in rows:
        box = boxes[f"r{number}-{row}"][1]
        height = box[3] - box[1]
        if f"s{number}-{row}" in boxes:
            below = boxes[f"s{number}-{row}"][1]
            height += below[3] - below[1]
        heights.append(height)
    return heights


def _fitting(heights: Sequence[float], room: float) -> int:
    for count, used in enumerate(accumulate(heights)):
        if used > room:
            return count
    return len(heights)


def _csv_cell(kind: Kind, value: Cell) -> str:
    text = cell_text(kind, value)
    if kind in ("fen", "int", "decimal"):
        return text.replace(",", "")
    # A spreadsheet would run a text that begins like a formula.
    return f"'{text}" if kind == "text" and text[:1] in ("=", "+", "-", "@", "\t") else text


@cache
def _engine() -> ModuleType:
    """WeasyPrint's libraries, loaded on first need only.

    Raises:
        MissingTool: pango or one of its kin is not on this machine.
    """
    try:
        with warnings.catch_warnings():
            # A missing harfbuzz-subset is reported by check_tools in our own words.
            warnings.simplefilter("ignore", DeprecationWarning)
            import weasyprint.text.ffi as engine  # type: ignore[import-untyped]
    except OSError as error:
        raise _missing(f"排版库（{_first_line(error)}）") from error
    return cast(ModuleType, engine)


def _first_line(error: OSError) -> str:
    return str(error).splitlines()[0]


def _missing(what: str) -> MissingTool:
    return MissingTool(f"不能输出PDF：本机缺少{what}。请安装：{INSTALL_LINE}。{_INSTEAD}")
