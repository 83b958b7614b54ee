"""How a list of twenty thousand rows is printed in little memory.

The rows are cut where pages end anyway, each slice is printed by one of two processes, and the
slices are joined: pages in order, one set of fonts, one tree of tags, and the footer with page x
of y laid over at last, when y is known. What a slice shows is drawn by ``html`` like any page.
"""

import gc
import io
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor

import pikepdf
from pikepdf import Dictionary, Name, ObjectStreamMode, Pdf

from reports.html import Part, Setting, draw, footer_pages, settle
from reports.paper import Paper
from reports.pdf import (
    RenderedPage,
    attachments,
    check_tools,
    collector_resting,
    lay_out,
    pack_pages,
    write,
)

SLICE_ROWS = 200
PROCESSES = 2
# Enough rows for three pages of any sheet; the second page tells how many rows a page takes.
_PILOT_ROWS = 200


def to_pdf(paper: Paper, processes: int = PROCESSES) -> bytes:
    """One long table as PDF bytes, the same as if it had been printed in one go.

    Raises:
        MissingTool: A library or a font is missing.
        UnfitPaper: The table is too wide, or its page subtotals do not settle.
    """
    check_tools()
    # The digest is reckoned once, before the processes part.
    paper.data_sha256()
    setting = settle(paper)
    # All layout happens in the pool; when it closes, its memory is free for the joining.
    with ProcessPoolExecutor(processes, initializer=_take, initargs=(paper, setting)) as pool:
        first, later = pool.submit(_measure).result()
        parts = _parts(len(paper.tables[0].rows), first, later)
        slices = list(pool.map(_print, parts, [later] * len(parts)))
        pages = sum(count for _, count in slices)
        footers = pool.submit(_print_footers, pages).result()
    return _joined([content for content, _ in slices], footers)


class _Task:
    """What every process needs to know; set once when it starts."""

    paper: Paper
    setting: Setting


def _take(paper: Paper, setting: Setting) -> None:
    _Task.paper, _Task.setting = paper, setting


def _measure() -> tuple[int, int]:
    """Rows on the first page and on a later one, learnt from the first pages."""
    paper, setting = _Task.paper, _Task.setting
    count = len(paper.tables[0].rows)
    pilot = Part(0, min(count, _PILOT_ROWS), is_first=True, is_last=False)
    if paper.tables[0].page_subtotals:
        ends: list[list[int]] = [[]]
        pack_pages(paper, setting, ends, 0, pilot)
        first, second = ends[0][0], ends[0][min(1, len(ends[0]) - 1)]
    else:
        page = draw(paper, setting=setting, anchored=True, part=pilot)
        first, second = _rows_by_page(lay_out(page).pages)
    return first, max(1, second - first)


def _print(part: Part, page_rows: int) -> tuple[bytes, int]:
    """One slice as PDF bytes without footer, and its pages."""
    paper, setting = _Task.paper, _Task.setting
    with collector_resting():
        if paper.tables[0].page_subtotals:
            document = pack_pages(paper, setting, [_expected_ends(part, page_rows)], 0, part)
            for page in document.pages:
                # The marks have served; they would become targets of links.
                page.anchors.clear()
        else:
            document = lay_out(draw(paper, setting=setting, part=part))
        pages = len(document.pages)
        content = write(document, attachments(paper) if part.is_first else [])
    # The pages refer to each other in circles; the next slice needs their room.
    del document
    gc.collect()
    return _with_short_tags(content), pages


def _print_footers(pages: int) -> bytes:
    overlay = lay_out(footer_pages(_Task.paper, _Task.setting.sheet, pages))
    return write(overlay, [], has_tags=False)


def _parts(count: int, first: int, later: int) -> list[Part]:
    """Slices of whole pages: the first page takes ``first`` rows, each later one ``later``."""
    rows = max(1, SLICE_ROWS // later) * later
    starts = [0, *range(first + rows - later, count, rows)]
    if len(starts) > 1 and count - starts[-1] < later:
        # A short rest goes with the slice before it.
        starts.pop()
    stops = [*starts[1:], count]
    return [
        Part(start, stop, is_first=start == 0, is_last=stop == count)
        for start, stop in zip(starts, stops, strict=True)
    ]


def _rows_by_page(pages: Sequence[RenderedPage]) -> tuple[int, int]:
    """How many rows end on the first page and on the first two."""
    counts = [sum(name.startswith("r0-") for name in page.anchors) for page in pages]
    return counts[0], sum(counts[:2])


def _expected_ends(part: Part, page_rows: int) -> list[int]:
    """Page ends of a slice if every page takes as many rows as the second one did.

    The first and last slice hold other things besides rows and are packed afresh.
    """
    if part.is_first or part.is_last:
        return []
    return [*range(part.start + page_rows, part.stop, page_rows), part.stop]


def _with_short_tags(content: bytes) -> bytes:
    """The same slice with one tag per cell instead of two, which halves the joined tree.

    Each cell holds exactly one run of text, so the run's own tag says nothing more.
    """
    with pikepdf.open(io.BytesIO(content)) as document:
        root = document.Root.StructTreeRoot
        numbers = root.ParentTree.Nums
        contents = [numbers[index] for index in range(1, len(numbers), 2)]
        by_page = {
            page.objgen: contents[int(page.StructParents)]
            for page in (page.obj for page in document.pages)
        }
        for cell in list(_cells(root.K[0])):
            runs = cell.K
            if len(runs) != 1 or runs[0].get("/S") != Name.Span or len(runs[0].K) != 1:
                continue
            run = runs[0]
            place = int(run.K[0])
            by_page[run.Pg.objgen][place] = cell
            cell.Pg = run.Pg
            cell.K = place
            # Header ids count the rows of one slice; in the whole they would mislead. What says
            # nothing else is left out, for memory: there is one such object for every cell.
            if "/A" in cell and not {"/ColSpan", "/RowSpan"} & set(cell.A.keys()):
                del cell["/A"]
            elif "/A" in cell and "/Headers" in cell.A:
                del cell.A["/Headers"]
            del cell["/Type"]
        out = io.BytesIO()
        document.save(out, object_stream_mode=ObjectStreamMode.generate)
    return out.getvalue()


def _cells(element: pikepdf.Object) -> Iterator[pikepdf.Object]:
    for child in element.K:
        if not isinstance(child, Dictionary):
            continue
        if child.S in (Name.TD, Name.TH):
            yield child
        else:
            yield from _cells(child)


def _joined(slices: Sequence[bytes], footers: bytes) -> bytes:
    """The slices as one document; metadata and attachments are the first slice's."""
    with pikepdf.open(io.BytesIO(slices[0])) as whole:
        for content in slices[1:]:
            with pikepdf.open(io.BytesIO(content)) as part:
                _append(whole, part)
        _lay_over(whole, footers)
        out = io.BytesIO()
        whole.save(out, object_stream_mode=ObjectStreamMode.generate, deterministic_id=True)
    return out.getvalue()


def _append(whole: Pdf, part: Pdf) -> None:
    """Append pages and tags; the pages' numbers in the tag tree go on counting."""
    before = len(whole.pages)
    whole.pages.extend(part.pages)
    tree = whole.copy_foreign(part.Root.StructTreeRoot)
    root = whole.Root.StructTreeRoot
    numbers = root.ParentTree.Nums
    offset = len(numbers) // 2
    added = tree.ParentTree.Nums
    for index in range(0, len(added), 2):
        numbers.append(int(added[index]) + offset)
        numbers.append(added[index + 1])
    for element in tree.K[0].K:
        element.P = root.K[0]
        root.K[0].K.append(element)
    for index in range(before, len(whole.pages)):
        page = whole.pages[index].obj
        page.StructParents = int(page.StructParents) + offset


def _lay_over(whole: Pdf, footers: bytes) -> None:
    """Lay the footers over the pages, marked as no part of the text read aloud."""
    with pikepdf.open(io.BytesIO(footers)) as footer:
        for number, (page, over) in enumerate(zip(whole.pages, footer.pages, strict=True)):
            form = whole.copy_foreign(over.as_form_xobject())
            # A name of our own: a random one would change the bytes from run to run.
            name = page.add_resource(form, Name.XObject, Name(f"/Footer{number}"))
            page.contents_add(b"q", prepend=True)
            page.contents_add(b"Q /Artifact BMC q %b Do Q EMC" % bytes(name))
