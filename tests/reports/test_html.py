"""How a paper is set: nothing broken, nothing run as code, nothing beyond the paper."""

import json
import re
from datetime import date
from decimal import Decimal

import pytest

from reports.html import (
    css_string,
    draw,
    heading_class,
    page_css,
    qr_svg,
    settle,
    sheet_of,
    text_width,
    to_html,
)
from reports.paper import Column, Fact, FooterFacts, Paper, ProofLine, Table, UnfitPaper

FOOTER = FooterFacts(as_of=date(2026, 11, 3), log_position=1024)


def paper(**changes: object) -> Paper:
    facts: dict[str, object] = {"name": "x", "title": "收益分配方案公示", "footer": FOOTER}
    return Paper(**{**facts, **changes})  # type: ignore[arg-type]


def wide_table(columns: int, text: str = "440203-102-201-2017-A-0001") -> Table:
    return Table(
        "",
        [Column(f"c{n}", f"第{n}列") for n in range(columns)],
        [{f"c{n}": text for n in range(columns)}],
    )


def table(**changes: object) -> Table:
    facts: dict[str, object] = {
        "title": "",
        "columns": (
            Column("serial", "序号", "serial"),
            Column("village", "村"),
            Column("amount", "金额", "fen", group="本期"),
            Column("count", "人数", "int", group="本期"),
        ),
        "rows": (
            {"serial": 1, "village": "黄塱村", "amount": 100, "count": 2},
            {"serial": 2, "village": "黄塱村", "amount": -250, "count": 1},
            {"serial": 3, "village": "龙归村", "amount": 999, "count": 4},
        ),
        "totals": {"amount": 849, "count": 7},
    }
    return Table(**{**facts, **changes})  # type: ignore[arg-type]


def cells(html: str, css: str) -> list[str]:
    """Texts of the cells in rows of one class."""
    rows = re.findall(rf'<tr[^>]*class="{css}"[^>]*>(.*?)</tr>', html)
    return [re.sub(r"<[^>]+>", "", cell) for row in rows for cell in row.split("</td>")[:-1]]


def test_what_somebody_typed_is_never_run_as_code() -> None:
    evil = "</style><script>alert(1)</script>\"'\\"
    page = to_html(
        paper(
            title=evil,
            footer=FooterFacts(as_of=date(2026, 1, 1), log_position=1, number=evil),
            tables=(table(title=evil),),
            paragraphs_before=(evil,),
        )
    )
    assert "<script>alert" not in page
    assert page.count("</style>") == 2


def test_the_page_carries_the_data_it_was_drawn_from() -> None:
    shown = paper(tables=(table(),), proof_lines=(ProofLine("Σ<各户> = 合计", 849, 849),))
    found = re.search(r'id="paper-data">(.*?)</script>', to_html(shown), re.S)
    assert found
    attached = json.loads(found[1])
    assert attached["data_sha256"] == shown.data_sha256()
    assert attached["data"]["tables"][0]["totals"] == {"amount": 849, "count": 7}


def test_total_and_subtotals_are_printed_with_their_rows() -> None:
    page = draw(paper(tables=(table(subtotal_by="village", words_total=849),)))
    assert cells(page, "subtotal") == ["黄塱村　小计", "-1.50", "3", "龙归村　小计", "9.99", "4"]
    assert cells(page, "total") == ["合计", "8.49", "7"]
    closing = page[page.index('class="closing"') :]
    assert closing.index("龙归村") < closing.index("合计")
    assert "捌元肆角玖分" in page


def test_a_red_amount_keeps_its_minus_sign_for_the_photocopier() -> None:
    assert '<td class="right fen red">-2.50</td>' in draw(paper(tables=(table(),)))


def test_grouped_headers_span_their_columns() -> None:
    page = draw(paper(tables=(table(),)))
    assert '<th scope="colgroup" colspan="2">本期</th>' in page
    assert '<th scope="col" rowspan="2">村</th>' in page


def test_page_subtotals_cover_exactly_their_page() -> None:
    page = draw(paper(tables=(table(),)), page_ends=[[2, 3]])
    assert cells(page, "page-subtotal page-end") == ["本页小计", "-1.50", "3"]
    assert cells(page, "page-subtotal") == ["本页小计", "9.99", "4"]


def test_a_wide_table_turns_the_sheet_before_a_number_is_broken() -> None:
    sheets = [settle(paper(tables=(wide_table(columns),))).sheet[:2] for columns in (3, 6, 8)]
    assert sheets == [(210, 297), (297, 210), (420, 297)]


def test_a_table_no_sheet_can_take_is_refused() -> None:
    with pytest.raises(UnfitPaper, match="A3横向也放不下"):
        settle(paper(tables=(wide_table(30),)))


def test_needle_paper_is_never_turned() -> None:
    assert settle(paper(size="240x140", tables=(wide_table(3),))).sheet[:2] == (240, 140)
    with pytest.raises(UnfitPaper):
        settle(paper(size="240x140", tables=(wide_table(12),)))


def test_columns_fill_the_sheet_and_hold_their_longest_number() -> None:
    setting = settle(paper(tables=(table(),)))
    size, widths = setting.tables[0]
    assert abs(sum(widths) - setting.sheet.text_width_um) < len(widths)
    unit_um = size * 35
    assert widths[2] > text_width("-2.50") * unit_um // 1000


@pytest.mark.parametrize("count", range(8, 16))
def test_a_year_in_a_header_is_not_broken(count: int) -> None:
    columns = [Column(f"c{n}", f"第{n}列") for n in range(count)]
    columns.append(Column("income", "2021年收益", "fen"))
    row = {f"c{n}": "黄塱村大坪组村道硬化工程" for n in range(count)}
    setting = settle(paper(tables=(Table("", columns, [{**row, "income": 0}]),)))
    size, widths = setting.tables[0]
    assert widths[-1] > text_width("2021") * size * 35 // 1000 + 1800  # the year and its margins


def test_an_official_document_keeps_the_type_area_of_the_standard() -> None:
    sheet = sheet_of(paper(layout="document"))
    top, right, bottom, left = sheet.margins
    assert (top, left) == (37, 28)
    assert (sheet.width - left - right, sheet.height - top - bottom) == (156, 225)
    css = page_css(paper(layout="document"), sheet)
    assert "@page :right" in css
    assert "@page :left" in css


def test_a_copy_nobody_issued_says_so_on_every_page() -> None:
    copy = paper()
    assert "未登记副本" in page_css(copy, sheet_of(copy))
    issued = paper(
        footer=FooterFacts(
            as_of=date(2026, 11, 3),
            log_position=1024,
            checkpoint_size=1024,
            root_hex="3f2a9b1c77d0e015" * 4,
            number="武江扶资报〔2026〕7号",
        )
    )
    css = page_css(issued, sheet_of(issued))
    assert "武江扶资报〔2026〕7号" in css
    assert "检查点1024 3f2a 9b1c 77d0 e015" in css


def test_a_footer_text_cannot_leave_its_string() -> None:
    assert css_string("a'b\\c</style>\n") == "'a\\27 b\\5c c\\3c /style\\3e \\a '"


def test_headings_take_their_type_by_their_number() -> None:
    assert heading_class("一、钱从哪来") == "level1"
    assert heading_class("（二）扣除项目") == "level2"
    assert heading_class("根据村民代表会议决议，公示如下。") == "body"


def test_the_checkpoint_is_drawn_as_a_picture_of_lines_only() -> None:
    svg = qr_svg("fupin.wujiang\n1024\nroot=\n")
    assert svg.startswith("<svg")
    assert "href" not in svg


def test_what_must_be_seen_at_first_glance_stands_above_the_table() -> None:
    page = draw(paper(headline=(Fact("可分配收益", 849, "fen", words=True),), tables=(table(),)))
    assert page.index("8.49元（大写：捌元肆角玖分）") < page.index("<table")


def test_a_number_column_may_close_with_words() -> None:
    page = draw(paper(tables=(table(totals={"amount": 849}, closing={"count": "3户"}),)))
    assert cells(page, "total") == ["合计", "8.49", "3户"]
    assert Decimal("8.49").scaleb(2) == 849


def test_a_name_is_never_parted() -> None:
    columns = [Column(f"c{n}", f"第{n}列") for n in range(13)]
    columns.append(Column("name", "领款人"))
    row = {f"c{n}": "黄塱村大坪组村道硬化工程" for n in range(13)}
    setting = settle(paper(tables=(Table("", columns, [{**row, "name": "欧阳海燕"}]),)))
    size, widths = setting.tables[0]
    assert widths[-1] > text_width("欧阳海燕") * size * 35 // 1000 + 1800
