"""How a paper is set: one page of HTML that WeasyPrint prints and a browser shows.

Column widths and type size are reckoned from the text itself, so that a number is never broken and
a wide table turns the sheet before it shrinks the letters. What is drawn is exactly the
:class:`~reports.paper.Paper`; no figure is computed here except sums the paper has proved.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import segno
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from assets.money import in_words
from reports.paper import (
    Cell,
    Column,
    Fact,
    Orientation,
    Paper,
    Row,
    Size,
    Table,
    UnfitPaper,
    cell_text,
    chinese_day,
    in_fours,
)

TEMPLATES = Path(__file__).parent / "templates"
_MM_PER_POINT = (254, 720)
# Type sizes in tenths of a point: 五号 10.5 down to 6.5, the smallest a photocopy keeps readable.
_TABLE_SIZES = (105, 100, 95, 90, 85, 80, 75, 70, 65)
_LARGE_SIZES = (160, 150, 140, 130, 120)
# Widths in thousandths of the type size, of Noto Sans CJK SC.
_CJK_WIDTH = 1000
_CELL_PADDING_UM = 2100
_NARROW = ",.:;'|!`il"
_SLIM = '-()[]/\\{}"fjrtI '
_WIDE = "mwMWQO%@&+=<>~_"


class Sheet(NamedTuple):
    """A sheet of paper: outer size and margins (top, right, bottom, left) in millimetres."""

    width: int
    height: int
    margins: tuple[int, int, int, int]

    @property
    def text_width_um(self) -> int:
        """What is left between the margins, in micrometres."""
        return (self.width - self.margins[1] - self.margins[3]) * 1000


class Drawn(NamedTuple):
    """A cell ready for the page: text, CSS class, columns it spans."""

    text: str
    css: str
    span: int = 1


@dataclass(frozen=True)
class DrawnRow:
    """A row ready for the page. ``anchor`` lets the printer find on which page it fell."""

    css: str
    cells: Sequence[Drawn]
    anchor: str = ""


@dataclass(frozen=True)
class DrawnTable:
    """A table ready for the page; the last body is kept together on one page."""

    title: str
    unit_line: str
    size_tenths: int
    widths_percent: Sequence[str]
    columns: int
    headers: Sequence[Sequence[tuple[str, int, int]]]
    bodies: Sequence[Sequence[DrawnRow]]
    words: str
    in_one_piece: bool
    row_height_mm: int | None


class Part(NamedTuple):
    """A run of rows of a long list, printed apart and joined later; footers come at the end."""

    start: int
    stop: int
    is_first: bool
    is_last: bool


class Setting(NamedTuple):
    """The sheet a paper needs, and the type size (tenths of a point) and widths of each table."""

    sheet: Sheet
    tables: Sequence[tuple[int, Sequence[int]]]


def to_html(paper: Paper) -> str:
    """The paper as one self-contained page for the screen, its data embedded as JSON."""
    return draw(paper, data_json=_script_json(paper.attachment()))


def draw(
    paper: Paper,
    *,
    setting: Setting | None = None,
    page_ends: Sequence[Sequence[int]] | None = None,
    anchored: bool = False,
    data_json: str = "",
    part: Part | None = None,
) -> str:
    """The paper as HTML.

    ``page_ends`` gives for each table the row counts after which a page ends with 本页小计;
    ``anchored`` marks each row so that the printer can find it again; ``part`` draws only some
    rows of the paper's only table, without footer.
    """
    setting = setting or settle(paper)
    ends = page_ends or [()] * len(paper.tables)
    marks = _Marks(number=0, anchored=anchored, part=part)
    tables = [
        _drawn_table(table, size, widths, ends[number], marks._replace(number=number))
        for number, (table, (size, widths)) in enumerate(
            zip(paper.tables, setting.tables, strict=True)
        )
    ]
    return (
        _environment()
        .get_template("paper.html")
        .render(
            paper=paper,
            footer=paper.footer,
            tables=tables,
            css=Markup(_static_css()),
            page_css=Markup(page_css(paper, setting.sheet, has_footer=part is None)),
            is_first=part is None or part.is_first,
            is_last=part is None or part.is_last,
            headline=headline_rows(paper, setting.sheet),
            created=moment(paper),
            paragraphs_before=[(heading_class(text), text) for text in paper.paragraphs_before],
            paragraphs_after=[(heading_class(text), text) for text in paper.paragraphs_after],
            pictures=[(p.title, Markup(p.svg), p.description) for p in paper.pictures],
            qr=Markup(qr_svg(paper.footer.note)) if paper.footer.note else "",
            data_json=Markup(data_json),
            day=chinese_day,
            digest=in_fours(paper.data_sha256()[:16]),
            anchored=anchored,
        )
    )


def sheet_of(paper: Paper, size: Size | None = None, turned: Orientation | None = None) -> Sheet:
    """The sheet of a size and orientation, the paper's own unless given.

    依据: 内部约定 (公文版心参照 GB/T 9704：天头37、订口28、版心156×225毫米；表格留装订边).
    """
    size = size or paper.size
    turned = turned or paper.orientation
    if size == "240x140":
        # Needle printers: the tractor holes take half an inch on both sides.
        return Sheet(240, 140, (9, 14, 13, 14))
    width, height = (210, 297) if size == "A4" else (297, 420)
    if turned == "landscape":
        return Sheet(height, width, (20, 14, 17, 14))
    if paper.layout == "document":
        return Sheet(width, height, (37, width - 184, height - 262, 28))
    return Sheet(width, height, (15, 13, 18, 22))


def settle(paper: Paper) -> Setting:
    """The smallest sheet on which every table fits without breaking a number.

    Tries the paper's own sheet first, then A4 across, then A3 across.

    Raises:
        UnfitPaper: Not even A3 across takes the widest row.
    """
    sizes = _LARGE_SIZES if paper.large_type else _TABLE_SIZES
    for tiers in (_TIERS, (_LAST_TIER,)):
        for sheet in _sheets(paper):
            found = [_fit(table, sheet.text_width_um, sizes, tiers) for table in paper.tables]
            fitted = [fit for fit in found if fit is not None]
            if len(fitted) == len(found):
                return Setting(sheet, fitted)
    raise UnfitPaper(f"《{paper.title}》的表太宽，A3横向也放不下。请减少列，或把长文字移到附页。")


def moment(paper: Paper) -> str:
    """The date in the file's metadata: the day of issue, else the day the paper speaks of.

    Never the clock: the same paper has the same bytes.
    """
    day = paper.footer.issued_on or paper.footer.as_of
    return f"{day.isoformat()}T00:00:00+08:00"


def headline_rows(paper: Paper, sheet: Sheet) -> list[list[Fact]]:
    """The facts seen at first glance, as many side by side as fit on one line each."""
    value_size, label_size = (200, 120) if paper.large_type else (130, 85)
    rows: list[list[Fact]] = []
    used = 0
    for fact in paper.headline:
        size = value_size * 4 // 5 if fact.words else value_size
        width = max(text_width(fact.text) * size, text_width(fact.label) * label_size)
        # Tenths of a point times thousandths, bold, to micrometres; then the cell's own margin.
        width_um = width * _MM_PER_POINT[0] // (_MM_PER_POINT[1] * 10) * 108 // 100 + 6000
        if not rows or used + width_um > sheet.text_width_um:
            rows.append([])
            used = 0
        rows[-1].append(fact)
        used += width_um
    return rows


def heading_class(text: str) -> str:
    """Which type a paragraph takes: 一、黑体; （一）楷体; the rest 仿宋.

    依据: 内部约定 (层次序数与字体参照公文格式).
    """
    if re.match(r"[一二三四五六七八九十]+、", text) and len(text) <= 40:
        return "level1"
    if re.match(r"（[一二三四五六七八九十]+）", text) and len(text) <= 40:
        return "level2"
    return "body"


def qr_svg(note: str) -> str:
    """The signed checkpoint as a QR code, drawn in black on white."""
    out = BytesIO()
    segno.make(note, error="m", micro=False).save(
        out, kind="svg", xmldecl=False, svgns=True, omitsize=True, border=2
    )
    return out.getvalue().decode("utf-8")


def footer_pages(paper: Paper, sheet: Sheet, count: int) -> str:
    """So many empty pages with the running footer only, to be laid over a joined list."""
    return (
        _environment()
        .get_template("footer.html")
        .render(
            css=Markup(_static_css()), page_css=Markup(page_css(paper, sheet)), pages=range(count)
        )
    )


def page_css(paper: Paper, sheet: Sheet, *, has_footer: bool = True) -> str:
    """Sheet, margins and the running footer: number, book position, checkpoint, page x of y."""
    top, right, bottom, left = sheet.margins
    size = f"size: {sheet.width}mm {sheet.height}mm; margin: {top}mm {right}mm {bottom}mm {left}mm;"
    if not has_footer:
        return f"@page {{ {size} }}"
    number = css_string(f"编号：{paper.footer.number_text}")
    position = css_string(f"{paper.footer.position_text}　{paper.footer.checkpoint_text}")
    facts = f"content: {number} '\\A' {position}; white-space: pre;"
    if paper.layout != "document":
        page = "content: '第 ' counter(page) ' 页　共 ' counter(pages) ' 页';"
        return f"@page {{ {size} @bottom-left {{ {facts} }} @bottom-right {{ {page} }} }}"
    # 版心下边缘之下；单页码居右，双页码居左。
    page = (
        "content: '— ' counter(page) ' —' '\\A' '共 ' counter(pages) ' 页'; "
        "white-space: pre; font-size: 14pt; padding-top: 6mm;"
    )
    return (
        f"@page {{ {size} }} "
        f"@page :right {{ @bottom-left {{ {facts} }} @bottom-right {{ {page} }} }} "
        f"@page :left {{ @bottom-right {{ {facts} text-align: right; }} "
        f"@bottom-left {{ {page} text-align: left; }} }}"
    )


def css_string(text: str) -> str:
    """A text as a CSS string that can stand inside a ``<style>`` element."""
    safe = "".join(f"\\{ord(ch):x} " if ch in "\\\"'<>&" or ord(ch) < 32 else ch for ch in text)
    return f"'{safe}'"


def text_width(text: str) -> int:
    """Width of one line of text in thousandths of the type size (a Chinese character is 1000)."""
    return sum(map(_char_width, text))


def _sheets(paper: Paper) -> Iterable[Sheet]:
    yield sheet_of(paper)
    if paper.size == "240x140":
        return
    if paper.orientation == "portrait":
        yield sheet_of(_without_document_margins(paper), paper.size, "landscape")
    if paper.size == "A4":
        yield sheet_of(_without_document_margins(paper), "A3", "landscape")


def _without_document_margins(paper: Paper) -> Paper:
    """The same paper without the document margins, which suit an upright sheet only."""
    return replace(paper, layout="form") if paper.layout == "document" else paper


@cache
def _char_width(ch: str) -> int:
    if ord(ch) >= 0x2000 or not ch.isascii():
        return _CJK_WIDTH
    if ch.isdigit():
        return 560
    if ch in _NARROW:
        return 290
    if ch in _SLIM:
        return 390
    return 930 if ch in _WIDE else 660 if ch.isupper() else 590


# What may not be parted: a run of Latin letters and digits, a mark and what it leans on.
_UNBROKEN = re.compile(
    r"[（〔《「“]*(?:[!-~]+|\S)(?:[-，。）〕》」”、：；！？…,.:;!?)%\]/][!-~]*)*"
)


_NAME_WIDTH = 4 * _CJK_WIDTH
"""So short a text, most names of persons among them, stays on one line."""


def _longest_unbroken(text: str) -> int:
    """Width of the longest run that may not be broken: a code, a number, a name, two characters."""
    width = text_width(text)
    if width <= _NAME_WIDTH:
        return width
    return max(2 * _CJK_WIDTH, *map(text_width, _UNBROKEN.findall(text)))


class _Need(NamedTuple):
    """Column widths in thousandths of the type size, from cramped to comfortable.

    ``least`` breaks no number, ``fair`` takes at most four lines, ``liked`` one line.
    """

    least: int
    fair: int
    liked: int
    weight: int


def _need(column: Column, table: Table) -> _Need:
    texts = {cell_text(column.kind, row.get(column.key)) for row in table.rows}
    for values in (table.totals, table.closing):
        texts.add(cell_text(column.kind, values.get(column.key)))
    header = text_width(column.title)
    # A year in a header stays in one piece, and what follows it on one more line.
    lines = 2 if any(map(str.isdigit, column.title)) else 3
    head = max(_longest_unbroken(column.title) * 105 // 100, _whole_characters(header, lines))
    head_liked = header if header <= 4000 else max(head, _whole_characters(header, 2))
    # Totals are printed bold, a little wider.
    widest = max(map(text_width, texts), default=0) * 108 // 100
    if column.kind == "sign":
        return _Need(max(4000, head), max(5000, head), max(7000, head_liked), column.width_weight)
    if column.kind != "text":
        width = max(widest, head)
        weight = column.width_weight // 2 if column.is_summed else 0
        return _Need(width, width, max(width, head_liked), weight)
    least = max(max(map(_longest_unbroken, texts), default=0) * 105 // 100, head)
    fair = max(least, _whole_characters(widest, 4))
    return _Need(least, fair, max(fair, min(widest, 14000), head_liked), column.width_weight)


def _whole_characters(width: int, lines: int) -> int:
    """Width of one of so many lines, rounded up to whole characters."""
    return -(-width // (lines * _CJK_WIDTH)) * _CJK_WIDTH


class _Tier(NamedTuple):
    """How much comfort is asked, down to which of the type sizes (their last index)."""

    comfort: str
    sizes: int


# Rather a smaller letter than every cell on three lines, rather a larger sheet than a smaller
# letter; numbers in one piece always.
_TIERS = (_Tier("liked", 5), _Tier("near", 7), _Tier("fair", 9))
_LAST_TIER = _Tier("least", 9)


def _fit(
    table: Table, available_um: int, sizes: Sequence[int], tiers: Sequence[_Tier]
) -> tuple[int, Sequence[int]] | None:
    """Type size and column widths (µm) for a table, or None where it does not fit."""
    needs = [_need(column, table) for column in table.columns]
    for tier in tiers:
        for size in sizes[: tier.sizes]:
            widths = _share_out(needs, available_um, size, tier.comfort)
            if widths is not None:
                return size, widths
    return None


def _share_out(
    needs: Sequence[_Need], available_um: int, size: int, comfort: str
) -> Sequence[int] | None:
    unit = size * _MM_PER_POINT[0] * 1000 // (_MM_PER_POINT[1] * 10)
    least, fair, liked = (
        [width * unit // 1000 + _CELL_PADDING_UM for width in column]
        for column in zip(*((n.least, n.fair, n.liked) for n in needs), strict=True)
    )
    near = [lo + (hi - lo) * 3 // 4 for lo, hi in zip(fair, liked, strict=True)]
    start = {"liked": liked, "near": near, "fair": fair, "least": least}[comfort]
    spare = available_um - sum(start)
    if spare < 0:
        return None
    wishes = [max(0, like - have) for like, have in zip(liked, start, strict=True)]
    weights = wishes if sum(wishes) else [need.weight for need in needs]
    if not sum(weights):
        weights = list(start)
    return [have + spare * w // sum(weights) for have, w in zip(start, weights, strict=True)]


class _Marks(NamedTuple):
    """Which table is drawn, whether its rows are marked, and which part of it."""

    number: int
    anchored: bool
    part: Part | None

    def name(self, letter: str, index: int) -> str:
        """Anchor of a row (r), its group subtotal (s) or a page subtotal (p)."""
        return f"{letter}{self.number}-{index}" if self.anchored else ""


_ROWS_IN_ONE_PIECE = 12
"""A table of so few rows is not parted by the end of a page."""


def _drawn_table(
    table: Table, size: int, widths: Sequence[int], ends: Sequence[int], marks: _Marks
) -> DrawnTable:
    rows = list(_rows(table, ends, marks))
    has_total = (table.totals or table.closing) and (marks.part is None or marks.part.is_last)
    closing = (
        [_sum_row(table, table.total_label, table.totals, "total", table.closing)]
        if has_total
        else []
    )
    # The total keeps company: three rows (or two and their subtotal) move with it.
    kept = min(len(rows), 3) if closing else 0
    bodies = [rows[: len(rows) - kept], [*rows[len(rows) - kept :], *closing]]
    whole = sum(widths)
    has_words = has_total and table.words_total is not None
    return DrawnTable(
        title=table.title,
        unit_line=table.unit_line,
        size_tenths=size,
        widths_percent=[_percent(width, whole) for width in widths],
        columns=len(table.columns),
        headers=_headers(table.columns),
        bodies=[body for body in bodies if body],
        words=in_words(table.words_total or 0) if has_words else "",
        in_one_piece=not table.page_subtotals and len(rows) <= _ROWS_IN_ONE_PIECE,
        row_height_mm=table.row_height_mm,
    )


def _percent(part: int, whole: int) -> str:
    thousandths = part * 100000 // whole
    return f"{thousandths // 1000}.{thousandths % 1000:03d}"


def _rows(table: Table, ends: Sequence[int], marks: _Marks) -> Iterable[DrawnRow]:
    part = marks.part or Part(0, len(table.rows), is_first=True, is_last=True)
    subtotals = _subtotals_after(table)
    page_start, block = part.start, 0
    for index in range(part.start, part.stop):
        yield _data_row(table.columns, table.rows[index], marks.name("r", index))
        if index + 1 in subtotals:
            yield replace(subtotals[index + 1], anchor=marks.name("s", index))
        if index + 1 in ends:
            sums = table.sums(table.rows[page_start : index + 1])
            css = "page-subtotal" if index + 1 == part.stop else "page-subtotal page-end"
            yield replace(_sum_row(table, "本页小计", sums, css), anchor=marks.name("p", block))
            page_start, block = index + 1, block + 1


def _subtotals_after(table: Table) -> dict[int, DrawnRow]:
    after: dict[int, DrawnRow] = {}
    count = 0
    for group in table.groups():
        count += len(group.rows)
        after[count] = _sum_row(table, f"{group.label}　小计", group.sums, "subtotal")
    return after


def _data_row(columns: Sequence[Column], row: Row, anchor: str) -> DrawnRow:
    return DrawnRow("", [_cell(column, row.get(column.key)) for column in columns], anchor)


def _cell(column: Column, value: Cell) -> Drawn:
    css: str = column.side
    if column.kind != "text":
        css += f" {column.kind}"
    # Red letters stay legible on a photocopy: the minus sign is always there as well.
    if column.kind == "fen" and isinstance(value, int) and value < 0:
        css += " red"
    return Drawn(cell_text(column.kind, value), css)


def _sum_row(
    table: Table,
    label: str,
    sums: Mapping[str, int | Decimal],
    css: str,
    closing: Mapping[str, Cell] | None = None,
) -> DrawnRow:
    """A row of sums; its label spans the columns before the first figure."""
    figures: Mapping[str, Cell] = {**(closing or {}), **sums}
    first = next(
        (n for n, column in enumerate(table.columns) if column.key in figures), len(table.columns)
    )
    # A figure in the first column leaves no room: the label then goes without.
    cells = [Drawn(label, "center label", first)] if first else []
    cells += [_figure(column, figures.get(column.key)) for column in table.columns[first:]]
    return DrawnRow(css, cells)


def _figure(column: Column, value: Cell) -> Drawn:
    # A closing entry may be words in a number column (户数 "62户").
    return (
        _cell(replace(column, kind="text", align=column.side), value)
        if isinstance(value, str)
        else _cell(column, value)
    )


def _headers(columns: Sequence[Column]) -> Sequence[Sequence[tuple[str, int, int]]]:
    """Header rows as (text, columns spanned, rows spanned)."""
    if not any(column.group for column in columns):
        return [[(column.title, 1, 1) for column in columns]]
    upper: list[tuple[str, int, int]] = []
    lower: list[tuple[str, int, int]] = []
    previous: str | None = None
    for column in columns:
        if column.group is None:
            upper.append((column.title, 1, 2))
        else:
            if column.group == previous:
                title, span, rows = upper[-1]
                upper[-1] = (title, span + 1, rows)
            else:
                upper.append((column.group, 1, 1))
            lower.append((column.title, 1, 1))
        previous = column.group
    return [upper, lower]


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _static_css() -> str:
    return (TEMPLATES / "paper.css").read_text(encoding="utf-8")


def _script_json(content: bytes) -> str:
    """JSON that can stand inside a ``<script>`` element."""
    return content.decode("utf-8").replace("&", "\\u0026").replace("<", "\\u003c")
