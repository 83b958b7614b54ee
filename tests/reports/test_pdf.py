"""A PDF that can be checked years later: same bytes, data inside, nothing fetched, nothing leaked."""

import io
import logging
import re
import sys
from collections.abc import Iterator
from datetime import date
from importlib.abc import MetaPathFinder
from types import SimpleNamespace

import pikepdf
import pypdf
import pytest

from assets.errors import InvalidValue, MissingTool
from reports import pdf
from reports.html import draw, settle
from reports.paper import (
    Cell,
    Column,
    Fact,
    FooterFacts,
    Paper,
    ProofLine,
    Row,
    Table,
    UnfitPaper,
    shows_personal_number,
)

RARE = "黄塱村 李𬭎 王䶮 赵㙦生"
FOOTER = FooterFacts(
    as_of=date(2026, 11, 3),
    log_position=1024,
    checkpoint_size=1024,
    root_hex="3f2a9b1c77d0e015" * 4,
    number="武江扶资报〔2026〕7号",
    note="fupin.wujiang.440203\n1024\nOisanHdv4CCEkQ4Q0Bmbn3qg0gXkRr4DdqdnFoQk0bY=\n",
    issued_on=date(2026, 11, 3),
)


@pytest.fixture(autouse=True)
def _no_warning_from_the_printer(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    try:
        pdf.check_tools()
    except MissingTool as missing:
        pytest.skip(str(missing))
    with caplog.at_level(logging.WARNING, logger="weasyprint"):
        yield
    assert [r.getMessage() for r in caplog.records if r.name.startswith("weasyprint")] == []


def roster(count: int = 45, **changes: object) -> Paper:
    rows: list[Row] = []
    for n in range(count):
        row: dict[str, Cell] = {
            "serial": n + 1,
            "name": RARE.split()[n % 4],
            "group": f"第{n % 8 + 1}组",
            "standard": "按人161.69元",
            "amount": 16169 * (n % 5 + 1),
        }
        rows.append(row)
    total = sum(16169 * (n % 5 + 1) for n in range(count))
    table = Table(
        "",
        (
            Column("serial", "序号", "serial"),
            Column("name", "姓名"),
            Column("group", "组别"),
            Column("standard", "标准"),
            Column("amount", "金额", "fen"),
            Column("signed", "签字", "sign"),
        ),
        rows,
        totals={"amount": total},
        words_total=total,
        page_subtotals=True,
        row_height_mm=9,
    )
    facts: dict[str, object] = {
        "name": "roster",
        "title": "2025年度光伏收益发放花名册",
        "footer": FOOTER,
        "organisation": "龙归镇黄塱村村民委员会",
        "headline": (Fact("发放总额", total, "fen", words=True), Fact("户数", count, "int")),
        "tables": (table,),
        "proof_lines": (ProofLine("Σ各户金额 = 批次金额", total, total),),
        "sources": ("国开办发〔2017〕61号",),
        "signatures": ("制表", "复核", "审批", "盖章"),
        "audience": "posted",
    }
    return Paper(**{**facts, **changes})  # type: ignore[arg-type]


def page_texts(content: bytes) -> list[str]:
    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages]


@pytest.fixture(scope="module")
def printed() -> bytes:
    return pdf.to_pdf(roster())


def test_the_same_paper_gives_the_same_bytes(printed: bytes) -> None:
    assert pdf.to_pdf(roster()) == printed


def test_every_page_says_which_paper_it_is_and_which_page_of_how_many(printed: bytes) -> None:
    texts = page_texts(printed)
    assert len(texts) > 1
    for number, text in enumerate(texts, start=1):
        assert re.search(rf"第 ?{number} ?页\s*共 ?{len(texts)} ?页", text)
        assert "编号：武江扶资报〔2026〕7号" in text
        assert "检查点1024 3f2a 9b1c 77d0 e015" in text
        assert "序号" in text


def test_every_page_adds_up_and_the_pages_add_up_to_the_total(printed: bytes) -> None:
    seen = 0
    texts = page_texts(printed)
    for text in texts:
        lines = re.findall(r"按人161\.69元\s*([\d,]+\.\d\d)", text)
        amounts = [int(line.replace(",", "").replace(".", "")) for line in lines]
        subtotal = re.search(r"本页小计\s*([\d,]+\.\d\d)", text)
        assert subtotal
        assert int(subtotal[1].replace(",", "").replace(".", "")) == sum(amounts)
        seen += sum(amounts)
    assert seen == roster().tables[0].totals["amount"]


def test_the_total_never_stands_alone_on_a_page() -> None:
    # One row more or less each time moves the total over every possible page end.
    for count in (23, 24, 25):
        last = page_texts(pdf.to_pdf(roster(count)))[-1]
        assert re.search(r"合计\s*[\d,]+\.\d\d", last)
        assert len(re.findall(r"按人161\.69元", last)) >= 2
        assert "制表" in last


def test_a_small_table_stands_on_one_page_with_its_heading() -> None:
    small = Table(
        "分类汇总",
        (Column("kind", "类别"), Column("count", "件数", "int")),
        [{"kind": f"第{n}类", "count": n} for n in range(1, 6)],
        totals={"count": 15},
    )
    # Each row more pushes the small table further over the end of the page.
    for count in (15, 16, 17, 18, 19):
        paper = roster(count)
        texts = page_texts(pdf.to_pdf(roster(count, tables=(*paper.tables, small))))
        assert [
            sum(f"第{n}类" in text for n in range(1, 6)) for text in texts if "类别" in text
        ] == [5]
        assert [text for text in texts if "分类汇总" in text] == [
            text for text in texts if "第5类" in text
        ]


def test_the_data_travels_inside_the_paper(printed: bytes) -> None:
    attached = pdf.read_attachment(printed)
    paper = roster()
    assert attached["data"] == paper.data()
    assert attached["data_sha256"] == paper.data_sha256()
    with pikepdf.open(io.BytesIO(printed)) as document:
        assert sorted(document.attachments) == ["data.json", "table-1.csv"]
        table = document.attachments["table-1.csv"].get_file().read_bytes().decode("utf-8-sig")
    assert table.splitlines()[0] == "序号,姓名,组别,标准,金额,签字"
    assert table.splitlines()[2].startswith("2,李𬭎,第2组,按人161.69元,323.38")


def test_archive_quality_is_requested_and_the_fonts_are_inside(printed: bytes) -> None:
    with pikepdf.open(io.BytesIO(printed)) as document:
        with document.open_metadata() as metadata:
            assert metadata["pdfaid:part"] == "3"
            assert metadata["pdfaid:conformance"] == "B"
        assert document.Root.MarkInfo.Marked
        assert str(document.Root.Lang) == "zh-CN"
        assert "/AF" in document.Root
        fonts = {
            str(font.BaseFont): font
            for page in document.pages
            for font in page.Resources.Font.as_dict().values()
        }
        assert all("Noto-" in name and "CJK-SC" in name for name in fonts)
        for font in fonts.values():
            assert "/FontFile3" in font.DescendantFonts[0].FontDescriptor


def test_rare_characters_of_names_and_villages_are_printed(printed: bytes) -> None:
    text = "".join(page_texts(printed))
    for character in "塱𬭎䶮㙦":
        assert character in text


def test_money_is_never_drawn_with_a_foreign_sign() -> None:
    paper = roster(3, paragraphs_before=("每月¥600.00元",))
    text = "".join(page_texts(pdf.to_pdf(paper)))
    assert "¥600.00" in text
    assert "$" not in text


def test_a_posted_paper_shows_no_personal_number_to_any_reader_of_its_text(
    printed: bytes,
) -> None:
    for text in page_texts(printed):
        assert not shows_personal_number(re.sub(r"\s*\n\s*", "\n", text))


def test_nothing_is_fetched_from_anywhere(caplog: pytest.LogCaptureFixture) -> None:
    page = draw(roster(2)).replace("<h1>", '<img src="http://127.0.0.1:9/x.png" alt=""><h1>')
    with pytest.raises(UnfitPaper, match="外部文件或网址，已拒绝"):
        pdf.lay_out(page)
    local = draw(roster(2)).replace("<h1>", '<img src="file:///etc/hostname" alt=""><h1>')
    with pytest.raises(UnfitPaper, match="外部文件或网址，已拒绝"):
        pdf.lay_out(local)
    caplog.clear()


def test_a_single_page_needs_no_page_subtotal() -> None:
    paper = roster(5)
    assert pdf.page_ends(paper, settle(paper)) == [[]]
    assert "本页小计" not in "".join(page_texts(pdf.to_pdf(paper)))


def test_a_missing_font_is_named_with_the_line_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert not pdf.has_family("No Such Family")
    monkeypatch.setattr(pdf, "has_family", lambda family: False)
    with pytest.raises(MissingTool, match=r"Noto Sans CJK SC.*apt-get install.*\.xlsx"):
        pdf.to_pdf(roster(2))


def test_a_missing_subset_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "_engine", lambda: SimpleNamespace(harfbuzz_subset=None))
    with pytest.raises(MissingTool, match=r"libharfbuzz-subset.*apt-get install"):
        pdf.check_tools()


class _NoPango(MetaPathFinder):
    """Acts as a machine without pango: loading the engine fails as the system loader does."""

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        if fullname == "weasyprint.text.ffi":
            raise OSError("cannot load library 'libpango-1.0-0'")


def test_a_missing_pango_is_a_sentence_not_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("weasyprint")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [_NoPango(), *sys.meta_path])
    with pytest.raises(MissingTool, match=r"libpango-1\.0-0.*apt-get install"):
        pdf._engine.__wrapped__()


def test_a_foreign_pdf_is_told_from_ours() -> None:
    foreign = io.BytesIO()
    with pikepdf.new() as document:
        document.add_blank_page()
        document.save(foreign)
    with pytest.raises(InvalidValue, match="没有附带报表数据"):
        pdf.read_attachment(foreign.getvalue())
    with pytest.raises(InvalidValue, match="读不了"):
        pdf.read_attachment(b"no pdf at all")


def test_a_text_like_a_formula_is_disarmed_in_the_attached_csv() -> None:
    table = Table(
        "",
        (Column("name", "姓名"), Column("amount", "金额", "fen")),
        ({"name": "=cmd()", "amount": -123456},),
    )
    assert pdf.csv_bytes(table).decode("utf-8-sig") == "姓名,金额\r\n'=cmd(),-1234.56\r\n"
