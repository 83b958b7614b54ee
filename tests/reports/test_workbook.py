"""A paper as a workbook: real numbers, codes as text, formulas beside what was proved."""

import io
import subprocess
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet
from python_calamine import CalamineWorkbook

from assets.money import in_words
from reports.paper import Cell, Column, Fact, FooterFacts, Paper, ProofLine, Row, Table
from reports.workbook import CHECK_SHEET, sheet_name, to_workbook

COLUMNS = (
    Column("serial", "序号", "serial"),
    Column("code", "资产编号"),
    Column("village", "村"),
    Column("built", "建成日", "date"),
    Column("share", "份额", "share"),
    Column("rate", "物化率", "percent"),
    Column("price", "电价", "decimal"),
    Column("value", "原值", "fen"),
    Column("central", "中央", "fen", group="资金来源"),
    Column("district", "区级", "fen", group="资金来源"),
)


def rows(count: int) -> list[Row]:
    made: list[Row] = []
    for n in range(count):
        row: dict[str, Cell] = {
            "serial": n + 1,
            "code": f"0{440203102201000000 + n}",
            "village": "黄塱村" if n < count // 2 else "=1+1",
            "built": date(2019, 3, 31),
            "share": (1, 2),
            "rate": (59, 97) if n else (1, 0),
            "price": Decimal("0.4530") if n else Decimal("0.5"),
            "value": 10 * n + 1,
            "central": 7 * n + 1,
            "district": 3 * n,
        }
        made.append(row)
    return made


def register(count: int = 40) -> Paper:
    lines = rows(count)
    totals: dict[str, int | Decimal] = {
        "value": sum(10 * n + 1 for n in range(count)),
        "central": sum(7 * n + 1 for n in range(count)),
        "district": sum(3 * n for n in range(count)),
    }
    value = int(totals["value"])
    table = Table(
        "资产台账",
        COLUMNS,
        lines,
        subtotal_by="village",
        totals=totals,
        closing={"code": f"{count}件"},
        words_total=value,
    )
    return Paper(
        "asset-register",
        "扶贫项目资产台账",
        FooterFacts(as_of=date(2026, 11, 3), log_position=1024),
        organisation="韶关市武江区农业农村局",
        headline=(Fact("期末原值", value, "fen", words=True), Fact("件数", count, "int")),
        tables=(table,),
        proof_lines=(ProofLine("Σ资金来源 = Σ原值", value, value),),
        sources=("国办函〔2021〕51号",),
        signatures=("制表", "复核", "审批", "盖章"),
        orientation="landscape",
    )


def opened(paper: Paper, *, values: bool = False) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(to_workbook(paper)), data_only=values)


def fen(value: object) -> int:
    """A workbook's yuan as whole fen."""
    assert isinstance(value, int | float), value
    return round(value * 100)


def test_amounts_and_dates_are_numbers_and_codes_keep_every_digit() -> None:
    sheet = CalamineWorkbook.from_object(io.BytesIO(to_workbook(register()))).get_sheet_by_name(
        "资产台账"
    )
    first, second = sheet.to_python()[4:6]
    assert first[1] == "0440203102201000000"
    assert first[3] == date(2019, 3, 31)
    assert first[4] == "1/2"
    assert first[5] == "—"
    assert isinstance(second[5], float)
    assert [first[7], second[7]] == [pytest.approx(0.01), pytest.approx(0.11)]


def test_a_text_that_looks_like_a_formula_stays_a_text() -> None:
    sheet = opened(register())["资产台账"]
    assert sheet["C30"].value == "=1+1"
    assert sheet["C30"].data_type in ("s", "f")
    calamine = CalamineWorkbook.from_object(io.BytesIO(to_workbook(register())))
    assert calamine.get_sheet_by_name("资产台账").to_python()[29][2] == "=1+1"


def test_the_header_has_two_rows_and_stays_in_sight() -> None:
    sheet = opened(register())["资产台账"]
    assert sheet["I3"].value == "资金来源"
    assert [sheet["I4"].value, sheet["J4"].value] == ["中央", "区级"]
    assert "I3:J3" in {str(merged) for merged in sheet.merged_cells.ranges}
    assert sheet.freeze_panes == "C5"
    assert sheet.auto_filter.ref == "A4:J44"
    assert sheet.print_title_rows == "$3:$4"
    assert sheet.page_setup.orientation == "landscape"
    assert sheet["J2"].value == "单位：元"


def test_totals_are_formulas_beside_the_proved_figures() -> None:
    paper = register()
    sheet = opened(paper)["资产台账"]
    assert sheet["H45"].value == "=ROUND(SUM(H$5:H$44),6)"
    assert sheet["H47"].value == "=ROUND(H45-H46,6)"
    total = paper.tables[0].totals["value"]
    assert fen(sheet["H46"].value) == total
    cached = opened(paper, values=True)["资产台账"]
    assert fen(cached["H45"].value) == total
    assert cached["A45"].value == "合计"
    assert cached["B45"].value == "40件"
    words = [row[0] for row in sheet.iter_rows(min_row=48, max_col=1, values_only=True)]
    assert f"合计人民币（大写）：{in_words(int(total))}" in words


def test_subtotals_stand_below_the_list_and_leave_it_sortable() -> None:
    paper = register()
    cached = opened(paper, values=True)["资产台账"]
    found = {cached.cell(row, 3).value: fen(cached.cell(row, 8).value) for row in (48, 49)}
    assert found == {group.label: group.sums["value"] for group in paper.tables[0].groups()}


def test_the_check_sheet_shows_proofs_sources_and_the_state_of_the_book() -> None:
    paper = register()
    sheet = opened(paper, values=True)[CHECK_SHEET]
    texts = {str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value}
    assert "Σ资金来源 = Σ原值" in texts
    assert "国办函〔2021〕51号" in texts
    assert "编号：未登记副本" in texts
    assert f"数据摘要（SHA-256）：{paper.data_sha256()}" in texts


def test_the_same_paper_gives_the_same_workbook() -> None:
    assert to_workbook(register()) == to_workbook(register())


def test_a_long_list_is_streamed_and_loses_nothing() -> None:
    paper = register(20_002)
    book = CalamineWorkbook.from_object(io.BytesIO(to_workbook(paper)))
    lines = book.get_sheet_by_name("资产台账").to_python()
    assert lines[2][8] == "资金来源\n中央"
    assert lines[3][0] == 1
    assert lines[20_004][0] == 20_002
    assert fen(lines[20_005][7]) == paper.tables[0].totals["value"]


def test_an_empty_list_still_makes_a_workbook() -> None:
    table = Table("空表", COLUMNS, (), totals={"value": 0})
    paper = Paper("x", "空", FooterFacts(as_of=date(2026, 1, 1), log_position=1), tables=(table,))
    sheet = opened(paper)["空表"]
    assert sheet["H5"].value == "=0"


def test_sheet_names_are_short_clean_and_unique() -> None:
    assert sheet_name("收入/支出[2025]", [], 1) == "收入支出2025"
    assert sheet_name("台账", ["台账"], 2) == "台账（2）"
    assert len(sheet_name("长" * 40, ["长" * 31], 3)) <= 31
    assert sheet_name("", [], 4) == "表4"
    assert sheet_name(CHECK_SHEET, [], 1) != CHECK_SHEET


@pytest.mark.soak
def test_a_spreadsheet_program_recalculates_the_proved_figures(
    tmp_path: Path, tool: Callable[[str], str]
) -> None:
    office = tool("soffice")
    source = tmp_path / "register.xlsx"
    # Cached values are thrown away first, so that every figure read was computed anew.
    book = opened(register())
    book.save(source)
    subprocess.run(
        [
            office,
            f"-env:UserInstallation=file://{tmp_path}/profile",
            "--headless",
            "--convert-to",
            "xlsx:Calc MS Excel 2007 XML",
            "--outdir",
            str(tmp_path / "out"),
            str(source),
        ],
        check=True,
        capture_output=True,
        timeout=180,
    )
    again = openpyxl.load_workbook(tmp_path / "out" / "register.xlsx", data_only=True)
    sheet = again["资产台账"]
    assert isinstance(sheet, Worksheet)
    assert [sheet["H47"].value, sheet["I47"].value, sheet["J47"].value] == [0, 0, 0]
    assert fen(sheet["H45"].value) == register().tables[0].totals["value"]
    groups = list(register().tables[0].groups())
    assert [fen(sheet.cell(row, 8).value) for row in (48, 49)] == [
        group.sums["value"] for group in groups
    ]
    assert again[CHECK_SHEET]["B3"].value == pytest.approx(sheet["H45"].value)
    assert isinstance(sheet["D5"].value, datetime)
