"""What must hold for every paper: kept data, the same figures in every form, privacy."""

import io
import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from assets.errors import MissingTool
from assets.money import format_yuan, in_words
from reports import catalogue, html, pdf, printing
from reports.bundle import Bundle
from reports.paper import Paper, shows_personal_number
from tests.reports.conftest import Told
from tests.reports.scenario import ODD_NAME
from tests.reports.set_of_papers import EACH, POSTED

BUNDLES = ("household-cards", "vouchers")
SINGLE = [name for name in EACH if name not in BUNDLES]

# Why somebody is poor or gets aid is nobody else's business.
REASONS = [
    "因病",
    "因残",
    "因学",
    "因灾",
    "因丧",
    "大病",
    "重病",
    "慢性病",
    "残疾",
    "智力",
    "精神",
    "聋哑",
    "失能",
    "半失能",
    "瘫痪",
    "癌",
    "肿瘤",
    "尿毒症",
    "低保",
    "五保",
    "特困",
    "孤儿",
    "单亲",
    "留守",
    "丧偶",
    "离异",
    "缺劳动力",
    "缺技术",
    "缺资金",
    "自身发展动力不足",
    "危房",
    "辍学",
    "监测户",
    "易返贫",
    "边缘户",
    "突发严重",
    "脱贫不稳定",
    "贫困户",
    "一级",
    "二级残",
    "住院",
    "医疗费",
    "债务",
]


@pytest.fixture(scope="module", autouse=True)
def _tools() -> None:
    try:
        pdf.check_tools()
    except MissingTool as missing:
        pytest.skip(str(missing))


def made(told: Told, name: str) -> Paper | Bundle:
    report, asked = EACH[name]
    return catalogue.find(report).build(told.stand(), asked)


_PRINTED: dict[str, bytes] = {}


def printed(paper: Paper, name: str) -> bytes:
    """The paper as PDF, printed once for all tests: the same data give the same bytes."""
    if name not in _PRINTED:
        _PRINTED[name] = printing.render(paper, ".pdf")
    return _PRINTED[name]


def text_of(content: bytes, pdftotext: str, folder: Path) -> str:
    file = folder / "paper.pdf"
    file.write_bytes(content)
    run = subprocess.run([pdftotext, "-layout", file, "-"], capture_output=True, check=True)
    return run.stdout.decode("utf-8")


@pytest.mark.parametrize("name", SINGLE)
def test_a_paper_says_what_was_looked_at_and_kept(
    told: Told, golden: Callable[..., None], name: str
) -> None:
    golden(made(told, name), name)


@pytest.mark.parametrize("name", EACH)
def test_the_same_day_and_position_give_the_same_bytes(told: Told, name: str) -> None:
    report, asked = EACH[name]
    stand = told.stand()
    first = catalogue.find(report).build(stand, asked).data_bytes()
    told.session.commit()
    again = told.stand(position=stand.at.position)
    assert catalogue.find(report).build(again, asked).data_bytes() == first


def test_at_least_forty_words_are_looked_for() -> None:
    assert len(REASONS) >= 40


def assert_private(text: str) -> None:
    assert not shows_personal_number(text)
    assert not re.search(r"\d{17}[\dXx]|\d{15,20}|(?<!\d)1[3-9]\d{9}(?!\d)", text)
    assert [word for word in REASONS if word in text] == []
    assert ODD_NAME not in text


@pytest.mark.parametrize("name", POSTED)
def test_a_posted_paper_shows_no_number_of_a_person_and_no_reason(
    told: Told, name: str, tool: Callable[[str], str], tmp_path: Path
) -> None:
    paper = made(told, name)
    assert isinstance(paper, Paper)
    content = printed(paper, name)
    text = text_of(content, tool("pdftotext"), tmp_path)
    assert_private(text)
    # The name field of one household holds a phone number.
    assert name == "household-card" or "李四138****5678" in text
    attached = json.dumps(pdf.read_attachment(content), ensure_ascii=False)
    assert_private(re.sub(r"[0-9a-f]{64}", "", attached))


def test_the_cards_of_a_village_show_no_number_of_a_person_and_no_reason(told: Told) -> None:
    cards = made(told, "household-cards")
    assert_private(re.sub(r"[0-9a-f]{64}", "", cards.attachment().decode("utf-8")))
    assert "李四138****5678" in cards.attachment().decode("utf-8")


def figures(table: dict[str, Any]) -> Iterator[int]:
    """Every amount of a table of the data, row by row, then the totals."""
    keys = [column["key"] for column in table["columns"] if column["kind"] == "fen"]
    for row in table["rows"]:
        yield from (int(row[key]) for key in keys if key in row)
    yield from (int(table["totals"][key]) for key in keys if key in table["totals"])


# Printing is dear: the papers of each layout and kind of column, and all that hang on a wall.
PRINTED = (
    *POSTED,
    "payment-roster-internal",
    "asset-register",
    "handover-list",
    "pass-through-statement",
    "fund-review",
    "income-book",
    "trial-balance",
    "balance-sheet",
)


def test_every_paper_of_the_catalogue_is_looked_at() -> None:
    assert {report.name for report in catalogue.REPORTS} == {name for name, _ in EACH.values()}


@pytest.mark.parametrize("name", SINGLE)
def test_workbook_and_page_have_the_figures_of_the_data(told: Told, name: str) -> None:
    paper = made(told, name)
    assert isinstance(paper, Paper)
    assert_same_figures(paper, html.to_html(paper))


@pytest.mark.parametrize("name", PRINTED)
def test_every_form_has_the_same_figures_to_the_fen(
    told: Told, name: str, tool: Callable[[str], str], tmp_path: Path
) -> None:
    paper = made(told, name)
    assert isinstance(paper, Paper)
    content = printed(paper, name)
    data: Any = json.loads(printing.render(paper, ".json"))["data"]
    assert pdf.read_attachment(content)["data"] == data
    shown = re.sub(r"\s", "", text_of(content, tool("pdftotext"), tmp_path))
    assert_same_figures(paper, shown)


def assert_same_figures(paper: Paper, shown: str) -> None:
    """Every amount stands in the text; a workbook has rows, totals, proofs and no difference."""
    data: Any = json.loads(printing.render(paper, ".json"))["data"]
    book = openpyxl.load_workbook(io.BytesIO(printing.render(paper, ".xlsx")), data_only=True)
    cells = sorted(
        round(value * 100)
        for sheet in book.worksheets[:-1]
        for row in sheet.iter_rows()
        for cell in row
        if isinstance(value := cell.value, int | float) and "0.00" in cell.number_format
        if "%" not in cell.number_format
    )
    expected = []
    for table in data["tables"]:
        sums = [amount for key, amount in table["totals"].items() if _is_fen(table, key)]
        closing = [amount for key, amount in table["closing"].items() if _is_fen(table, key)]
        rows = list(figures(table))
        for amount in (*rows, *closing):
            assert format_yuan(amount) in shown
        expected += rows + sums + [0] * len(sums) + closing
    assert cells == sorted(expected)


def _is_fen(table: dict[str, Any], key: str) -> bool:
    return any(column["key"] == key and column["kind"] == "fen" for column in table["columns"])


@pytest.mark.parametrize("name", SINGLE)
def test_amounts_in_words_are_those_of_the_figures(told: Told, name: str) -> None:
    paper = made(told, name)
    assert isinstance(paper, Paper)
    page = html.to_html(paper)
    for table in paper.tables:
        if table.words_total is not None:
            assert in_words(table.words_total) in page
            assert table.words_total in table.totals.values()
