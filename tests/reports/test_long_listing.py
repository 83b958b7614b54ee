"""A list printed in slices is the same list: every row once, every page numbered, tags in order."""

import io
import re
from datetime import date

import pikepdf
import pypdf
import pytest

from assets.errors import MissingTool
from reports import long_listing, pdf
from reports.html import footer_pages, sheet_of
from reports.paper import Cell, Column, FooterFacts, Paper, Row, Table

COUNT = 230


def listing(*, page_subtotals: bool = False) -> Paper:
    rows: list[Row] = []
    for n in range(COUNT):
        row: dict[str, Cell] = {"code": f"户{n + 1:05d}", "amount": 100 + n}
        rows.append(row)
    total = sum(100 + n for n in range(COUNT))
    table = Table(
        "",
        (Column("code", "户编号"), Column("amount", "金额", "fen", group="本期")),
        rows,
        totals={"amount": total},
        words_total=total,
        page_subtotals=page_subtotals,
    )
    footer = FooterFacts(as_of=date(2026, 11, 3), log_position=1024, number="武江〔2026〕7号")
    return Paper("list", "发放明细", footer, tables=(table,), signatures=("制表", "复核"))


@pytest.fixture(autouse=True)
def _small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        pdf.check_tools()
    except MissingTool as missing:
        pytest.skip(str(missing))
    monkeypatch.setattr(long_listing, "SLICE_ROWS", 80)


def texts(content: bytes) -> list[str]:
    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages]


def codes(content: bytes) -> list[list[str]]:
    return [re.findall(r"户\d{5}", text) for text in texts(content)]


def test_slices_break_where_one_print_would_have_broken() -> None:
    sliced, whole = long_listing.to_pdf(listing()), pdf.to_pdf(listing())
    assert codes(sliced)[:-1] == codes(whole)[:-1]
    assert [code for page in codes(sliced) for code in page] == [
        f"户{n + 1:05d}" for n in range(COUNT)
    ]
    pages = texts(sliced)
    for number, text in enumerate(pages, start=1):
        assert re.search(rf"第 ?{number} ?页\s*共 ?{len(pages)} ?页", text)
        assert "编号：武江〔2026〕7号" in text
        assert "户编号" in text
    assert "发放明细" in pages[0]
    assert "发放明细" not in "".join(pages[1:])
    assert "制表" in pages[-1]
    assert re.search(r"合计\s*493\.35", pages[-1])
    assert pdf.read_attachment(sliced)["data"] == listing().data()
    assert long_listing.to_pdf(listing()) == sliced


def test_page_subtotals_hold_across_slices() -> None:
    seen = 0
    for text in texts(long_listing.to_pdf(listing(page_subtotals=True))):
        amounts = [int(a + b) for a, b in re.findall(r"户\d{5}\s*(\d+)\.(\d\d)", text)]
        subtotal = re.search(r"本页小计\s*(\d+)\.(\d\d)", text)
        assert subtotal
        assert int(subtotal[1] + subtotal[2]) == sum(amounts)
        seen += len(amounts)
    assert seen == COUNT


def test_every_page_of_the_joined_list_keeps_its_own_tags() -> None:
    with pikepdf.open(io.BytesIO(long_listing.to_pdf(listing()))) as document:
        numbers = document.Root.StructTreeRoot.ParentTree.Nums
        assert [int(numbers[n]) for n in range(0, len(numbers), 2)] == list(
            range(len(document.pages))
        )
        for index, page in enumerate(document.pages):
            assert int(page.obj.StructParents) == index
            cells = [item for item in numbers[2 * index + 1] if item.S == "/TD"]
            assert cells
            assert all(cell.Pg.objgen == page.obj.objgen for cell in cells)
        assert document.Root.MarkInfo.Marked
        with document.open_metadata() as metadata:
            assert metadata["pdfaid:part"] == "3"


def test_the_footers_laid_over_hide_nothing_below() -> None:
    paper = listing()
    sheets = pdf.write(pdf.lay_out(footer_pages(paper, sheet_of(paper), 2)), [], has_tags=False)
    with pikepdf.open(io.BytesIO(sheets)) as document:
        assert len(document.pages) == 2
        for page in document.pages:
            painted = {str(op.operator) for op in pikepdf.parse_content_stream(page)}
            assert not painted & {"f", "F", "f*", "B", "b"}


def test_a_list_is_long_by_its_rows_and_only_when_it_is_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert not pdf.is_long(listing())
    monkeypatch.setattr(pdf, "LONG_ROWS", COUNT - 1)
    assert pdf.is_long(listing())
    both = Paper("x", "两表", listing().footer, tables=[*listing().tables] * 2)
    assert not pdf.is_long(both)
