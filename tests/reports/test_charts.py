"""Pictures say the same as the table, in grey, and refuse what they cannot say clearly."""

import re
from datetime import date

import pytest

from assets.errors import MissingTool
from assets.money import format_yuan
from reports import charts, pdf
from reports.charts import Link, Point
from reports.paper import FooterFacts, Paper, UnfitPaper

FUNDS = [
    Point("2019年", "中央", 118000000),
    Point("2019年", "省级", 46330000),
    Point("2020年", "中央", 29670001),
    Point("2020年", "省级", 0),
]
COLUMNS = (("中央", "省级"), ("经营性",), ("黄塱村", "龙归村"))
LINKS = [
    Link("中央", "经营性", 118000000),
    Link("省级", "经营性", 46330000),
    Link("经营性", "黄塱村", 100000000),
    Link("经营性", "龙归村", 64330000),
]


def words(svg: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


def test_bars_carry_the_sums_of_the_table_as_text() -> None:
    picture = charts.bars("各级资金", FUNDS)
    for year in ("2019年", "2020年"):
        total = sum(point.amount for point in FUNDS if point.category == year)
        assert format_yuan(total) in words(picture.svg)
        assert year in words(picture.svg)
    for point in FUNDS:
        assert f"{point.category} {point.series} {format_yuan(point.amount)}元" in (
            picture.description
        )


def test_the_same_figures_give_the_same_picture() -> None:
    assert charts.bars("各级资金", FUNDS) == charts.bars("各级资金", FUNDS)


def test_lines_are_told_apart_without_colour() -> None:
    svg = charts.lines("应收与到账", FUNDS).svg
    assert "stroke-dasharray" in svg
    assert {"中央", "省级"} <= set(words(svg))


def test_progress_prints_the_counts_beside_the_name() -> None:
    points = [Point("龙归镇", "已移交", 30), Point("龙归镇", "未移交", 5)]
    assert "龙归镇（30/5）" in words(charts.progress("移交进度", points).svg)


def test_every_picture_is_grey() -> None:
    pictures = (
        charts.bars("一", FUNDS),
        charts.lines("二", FUNDS),
        charts.progress("三", FUNDS),
        charts.flow("四", COLUMNS, LINKS),
    )
    for picture in pictures:
        for red, green, blue in re.findall(r"#(\w\w)(\w\w)(\w\w)\b", picture.svg):
            assert red == green == blue


def test_the_flow_shows_each_station_with_what_passes_through() -> None:
    picture = charts.flow("资金流向", COLUMNS, LINKS)
    assert "经营性 1,643,300.00" in words(picture.svg)
    assert "经营性→龙归村 643,300.00元" in picture.description


def test_a_flow_that_loses_money_on_the_way_is_refused() -> None:
    with pytest.raises(UnfitPaper, match=r"经营性.*流入1,643,300\.00，流出1,643,299\.99，不平"):
        charts.flow("资金流向", COLUMNS, [*LINKS[:3], Link("经营性", "龙归村", 64329999)])


def test_what_cannot_be_told_apart_is_refused() -> None:
    many = [Point("2019年", f"系列{n}", 1) for n in range(7)]
    with pytest.raises(UnfitPaper, match="最多分清6个"):
        charts.bars("各级资金", many)
    with pytest.raises(UnfitPaper, match="最多分清4个"):
        charts.lines("各级资金", many)
    with pytest.raises(UnfitPaper, match="含负数"):
        charts.bars("各级资金", [Point("2019年", "中央", -1)])


def test_the_printer_takes_the_pictures_with_their_text(caplog: pytest.LogCaptureFixture) -> None:
    try:
        pdf.check_tools()
    except MissingTool as missing:
        pytest.skip(str(missing))
    paper = Paper(
        "summary",
        "图表",
        FooterFacts(as_of=date(2026, 1, 1), log_position=1),
        pictures=(charts.bars("各级资金", FUNDS), charts.flow("资金流向", COLUMNS, LINKS)),
        audience="posted",
    )
    assert pdf.to_pdf(paper)
    assert [r for r in caplog.records if r.name == "weasyprint" and r.levelname != "INFO"] == []
