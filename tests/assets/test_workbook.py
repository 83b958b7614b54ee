"""What a clerk's workbook says, and what is refused in it: headers, units, totals, places, files."""

import datetime as dt
import io
import os
import random
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter  # type: ignore[import-untyped]

from assets.errors import RowProblem
from assets.workbook import container as containers
from assets.workbook.annotate import CannotAnnotate, annotate
from assets.workbook.cells import count_filled, read_column
from assets.workbook.container import Unreadable, open_container
from assets.workbook.kinds import KINDS, ColumnSpec, ColumnType, Kind
from assets.workbook.layout import locate
from assets.workbook.mapping import InvalidMapping, load_mapping
from assets.workbook.parsed import Parsed, by_village
from assets.workbook.places import NameList, several, split_place
from assets.workbook.reading import read_workbook
from assets.workbook.template import template
from assets.workbook.writing import write_rows
from tests.assets.old_binary import xls
from tests.assets.test_workbook_mutations import PARSERS, PLACES, example_rows

SHARED = Path(__file__).parents[2].parent / "shared"
needs_shared = pytest.mark.skipif(
    not SHARED.is_dir(), reason="../shared is not here: published workbooks cannot be read"
)

DEDUCTIONS = KINDS["deductions"]
PROJECTS = KINDS["projects"]
HEADERS = [column.header for column in DEDUCTIONS.columns]
Grid = list[list[Any]]


def detail(number: int = 1, amount: Any = 1800.0, **changes: Any) -> list[Any]:
    row = [column.example for column in DEDUCTIONS.columns]
    row[0], row[4] = f"KC-2019-{number:04d}", amount
    for header, value in changes.items():
        row[HEADERS.index(header)] = value
    return row


def write(path: Path, grid: Grid, *merges: str, sheet: str = "Sheet1") -> Path:
    """Write cells as they are: text as text, numbers as numbers, dates as dates."""
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = sheet
    for row, cells in enumerate(grid, start=1):
        for column, value in enumerate(cells, start=1):
            if value not in (None, ""):
                page.cell(row, column).value = value
    for merge in merges:
        page.merge_cells(merge)
    book.save(path)
    return path


def read(path: Path, kind: Kind = DEDUCTIONS, **more: Any) -> Parsed:
    return read_workbook(path, kind, **more)


def read_grid(tmp_path: Path, grid: Grid, *merges: str, kind: Kind = DEDUCTIONS) -> Parsed:
    return read(write(tmp_path / "table.xlsx", grid, *merges), kind)


def names(problems: list[RowProblem]) -> list[str]:
    return [problem.name for problem in problems]


def amounts(parsed: Parsed) -> list[int]:
    return [row.values["amount_fen"] for _, row in parsed.rows]


def assert_nothing_lost(parsed: Parsed, path: Path) -> None:
    """Cells in the file, counted by another library = cells used + cells reported."""
    book = openpyxl.load_workbook(path, data_only=True)
    for sheet in parsed.sheets:
        page = book[sheet.name]
        inside = sum(
            1
            for cells in page.iter_rows(values_only=True)
            for cell in cells
            if cell is not None and str(cell).strip()
        )
        assert sheet.cells.filled == inside
        assert sheet.cells.used + sheet.cells.reported == inside


# --- the header -----------------------------------------------------------------------------


@pytest.mark.parametrize("above", [0, 1, 6, 14])
def test_the_header_is_found_anywhere_in_the_first_fifteen_rows(above: int, tmp_path: Path) -> None:
    titles: Grid = [[f"第{row}行说明"] for row in range(above)]
    parsed = read_grid(tmp_path, [*titles, HEADERS, detail()])

    assert parsed.problems == []
    assert parsed.sheets[0].header_rows == [above + 1]
    assert amounts(parsed) == [180_000]


def test_a_header_of_two_rows_with_merged_groups_names_the_columns_below(tmp_path: Path) -> None:
    path = tmp_path / "assets.xlsx"
    write_rows(KINDS["assets"], example_rows(KINDS["assets"]), path)

    assert read(path, KINDS["assets"]).sheets[0].header_rows == [3, 4]


def test_a_header_of_three_rows_with_column_numbers_below_is_read(tmp_path: Path) -> None:
    groups = ["扣除登记"] * len(HEADERS)
    numbers = [str(number) for number in range(1, len(HEADERS) + 1)]
    last = containers.column_name(len(HEADERS) - 1)
    parsed = read_grid(tmp_path, [groups, HEADERS, numbers, detail()], f"A1:{last}1")

    assert parsed.problems == []
    assert parsed.sheets[0].header_rows[-1] == 3
    assert len(parsed.sheets[0].rows) == 1


@pytest.mark.parametrize(
    ("header", "written"),
    [
        ("金额(元)", "金额（元）"),
        ("金额(元)", "金 额\n(元)*"),
        ("资产编号", "资产代码"),
        ("发生日期", "发生时间"),
    ],
)
def test_a_header_may_be_written_as_clerks_do(header: str, written: str, tmp_path: Path) -> None:
    headers = [written if each == header else each for each in HEADERS]

    assert read_grid(tmp_path, [headers, detail()]).problems == []


def test_both_national_export_families_name_the_same_fields(tmp_path: Path) -> None:
    households = KINDS["households"]
    older = {"人编号": "人口编号", "乡(镇)": "乡", "县(市、区、旗)": "县", "人数": "家庭人口数"}
    older |= {"易返贫致贫户(监测对象)类型": "监测对象类别"}
    fields = []
    for family in ({}, older):
        path = tmp_path / "households.xlsx"
        headers = [family.get(each.header, each.header) for each in households.columns]
        write(path, [headers, [each.example for each in households.columns]])
        parsed = read(path, households)
        assert parsed.problems == []
        fields.append(list(parsed.sheets[0].rows[0].values))

    assert fields[0] == fields[1]


def test_an_older_export_of_heads_only_needs_no_relation_to_the_head(tmp_path: Path) -> None:
    headers = [
        "乡",
        "行政村",
        "户编号",
        "户主编号",
        "户主姓名",
        "户主证件号码",
        "家庭人口数",
        "户类型",
    ]
    row = ["龙归镇", "龙归村", "H001", "H001-1", "李某", "440203195003059994", 3.0, "一般贫困户"]
    path = write(tmp_path / "heads.xlsx", [headers, row])
    parsed = read(path, KINDS["households"])

    assert parsed.problems == []
    assert parsed.sheets[0].rows[0].values["relation_to_head"] == "户主"


def test_a_column_the_kind_does_not_know_is_counted_and_named(tmp_path: Path) -> None:
    path = write(tmp_path / "t.xlsx", [[*HEADERS, "经办意见"], [*detail(), "同意"]])
    parsed = read(path)

    assert parsed.problems == []
    assert parsed.sheets[0].unused == {"经办意见": 1}
    assert names(parsed.warnings) == ["unused-column"]
    assert_nothing_lost(parsed, path)


def test_two_equal_columns_of_one_amount_are_one(tmp_path: Path) -> None:
    grid: Grid = [[*HEADERS, "扣除金额"], [*detail(), 1800.0], [*detail(2), 1800.0]]

    assert read_grid(tmp_path, grid).problems == []


# --- units ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "header", "cell", "fen"),
    [
        ([["单位：元"]], "金额", 12.5, 1_250),
        ([["单位：万元"]], "金额", 12.5, 12_500_000),
        ([["金额单位：人民币万元"]], "金额", "12.5", 12_500_000),
        ([["某某表（单位：万元）"]], "金额", 12.5, 12_500_000),
        ([], "金额（万元）", 12.5, 12_500_000),
        ([], "金额", "73.5万元", 73_500_000),
        ([["单位：万元"]], "金额", "5000元", 500_000),
        ([["单位：千元"]], "金额", 1.5, 150_000),
        ([], "金额(元)", "１，８００．５０", 180_050),
        ([], "金额(元)", " 1,800.50 ", 180_050),
        ([], "金额(元)", 0.1 + 0.2, 30),
    ],
)
def test_the_unit_of_an_amount_is_taken_from_where_it_stands(
    lines: Grid, header: str, cell: Any, fen: int, tmp_path: Path
) -> None:
    headers = [header if each == "金额(元)" else each for each in HEADERS]

    assert amounts(read_grid(tmp_path, [*lines, headers, detail(amount=cell)])) == [fen]


def test_a_header_in_yuan_under_a_line_in_wan_is_refused(tmp_path: Path) -> None:
    parsed = read_grid(tmp_path, [["单位：万元"], HEADERS, detail()])

    assert names(parsed.problems) == ["unit-conflict"]


def test_fifty_beside_two_and_a_half_million_is_doubted_unless_it_says_yuan(tmp_path: Path) -> None:
    big = [detail(number, 2_500_000.0 + number) for number in range(1, 6)]
    doubted = read_grid(tmp_path, [HEADERS, *big, detail(9, 50.0)])
    stated = read_grid(tmp_path, [HEADERS, *big, detail(9, "50元")])

    assert doubted.problems == []
    assert [(each.name, each.cell) for each in doubted.warnings] == [("unit-suspicious", "E7")]
    assert doubted.as_json()["problems"][0]["cell"] == "E7"
    assert stated.warnings == []


def test_a_remark_after_an_amount_is_reported_and_only_the_amount_taken(tmp_path: Path) -> None:
    parsed = read_grid(tmp_path, [HEADERS, detail(amount="10（其中，灾情因素6万元）")])

    assert amounts(parsed) == [1_000]
    assert names(parsed.warnings) == ["remark-in-amount"]


# --- totals and other rows that are no data -------------------------------------------------


def total(label: str, amount: float) -> list[Any]:
    return [label, "", "", "", amount]


def test_subtotals_and_totals_are_compared_and_not_imported(tmp_path: Path) -> None:
    grid = [
        HEADERS,
        detail(1, 10.0),
        detail(2, 20.0),
        total("小 计", 30.0),
        detail(3, 5.0),
        total("龙归镇小计", 5.0),
        total("合计", 35.0),
    ]
    parsed = read_grid(tmp_path, grid)

    assert parsed.problems == []
    assert amounts(parsed) == [1_000, 2_000, 500]
    totals = parsed.as_json()["sheets"][0]["totals"]["amount_fen"]
    assert (totals["subtotals"], totals["total"], totals["exact"]) == ([30, 5], 35, 3_500)


def test_a_total_above_the_details_is_compared_too(tmp_path: Path) -> None:
    right = read_grid(tmp_path, [HEADERS, total("合计", 30.0), detail(1, 10.0), detail(2, 20.0)])
    wrong = read_grid(tmp_path, [HEADERS, total("合计", 30.01), detail(1, 10.0), detail(2, 20.0)])

    assert right.problems == []
    assert [(each.name, each.cell) for each in wrong.problems] == [("total-mismatch", "E2")]
    assert "30.01" in wrong.problems[0].message


def test_a_row_without_serial_and_words_is_a_total(tmp_path: Path) -> None:
    headers = ["序号", *HEADERS]
    rows = [[1.0, *detail(1, 10.0)], [2.0, *detail(2, 20.0)], ["", "", "", "", "", 30.0]]
    parsed = read_grid(tmp_path, [headers, *rows])

    assert parsed.problems == []
    assert len(parsed.sheets[0].rows) == 2


def test_the_total_of_an_object_with_several_rows_may_count_it_once(tmp_path: Path) -> None:
    assets = KINDS["assets"]
    row = {each.field: each.example for each in assets.columns}
    other = {**row, "document_number": "武财〔2017〕3号"}
    at = [each.field for each in assets.columns].index("original_value_fen")
    sums = ["合计" if each == 0 else "" for each in range(len(assets.columns))]
    sums[at] = 495_000.0  # type: ignore[call-overload]
    grid = [
        [each.header for each in assets.columns],
        list(row.values()),
        list(other.values()),
        sums,
    ]

    assert read_grid(tmp_path, grid, kind=assets).problems == []


def test_everything_that_is_no_detail_is_left_out_with_its_reason(tmp_path: Path) -> None:
    grid = [
        ["扣除登记表"],
        ["单位：元"],
        ["序号", *HEADERS],
        ["示例", *detail(99)],
        ["一、光伏"],
        [1.0, *detail(1, 10.0)],
        [],
        ["序号", *HEADERS],
        [2.0, *detail(2, 20.0)],
        [3.0, "", "", "", "", 0.0],
        ["合计", "", "", "", "", 30.0],
        ["填报人：王某    填报日期：2020年1月5日"],
        ["注：本表一式两份"],
    ]
    path = write(tmp_path / "t.xlsx", grid)
    parsed = read(path)

    assert parsed.problems == []
    assert [row.number for row in parsed.sheets[0].rows] == [6, 9]
    assert [each.reason for each in parsed.sheets[0].skipped] == [
        "标题",
        "单位行",
        "示例行",
        "分组标题",
        "重复表头",
        "空白模板行",
        "合计",
        "表尾",
        "表尾",
    ]
    assert_nothing_lost(parsed, path)


def test_a_key_like_a_total_does_not_hide_a_row(tmp_path: Path) -> None:
    parsed = read_grid(tmp_path, [HEADERS, detail(收款方="合计建材店"), detail(2, 凭证号="")])

    assert len(parsed.sheets[0].rows) == 2
    assert [(each.name, each.cell) for each in parsed.problems] == [("missing-value", "H3")]


def test_a_text_merged_over_rows_holds_for_each_and_an_amount_does_not(tmp_path: Path) -> None:
    grid = [HEADERS, detail(1), detail(2, 资产编号="", amount=1.0)]
    merged = read_grid(tmp_path, grid, "B2:B3")
    amount = read_grid(tmp_path, [HEADERS, detail(1), detail(2)], "E2:E3")

    assert merged.problems == []
    assert len({row.values["asset_code"] for _, row in merged.rows}) == 1
    assert "amount-merged-over-rows" in names(amount.problems)


# --- cells ----------------------------------------------------------------------------------


def one(kind: str, name: str, cell: Any) -> Any:
    """The value of one cell, or the name of what is wrong with it."""
    reading = read_column(KINDS[kind].by_field[name], [cell], parsers=PARSERS)
    return reading.rejected[0].name if reading.rejected else reading.values[0]


@pytest.mark.parametrize(
    "cell",
    [
        *("2019-03-31", "2019/3/31", "2019年3月31日", "20190331", "2019.3.31", 20190331.0),
        *("２０１９－０３－３１", " 2019-03-31 00:00:00", dt.date(2019, 3, 31)),
    ],
)
def test_a_date_is_read_in_every_usual_form(cell: Any) -> None:
    assert one("deductions", "incurred_on", cell) == dt.date(2019, 3, 31)


@pytest.mark.parametrize("cell", ["2019-03", "2019年3月", "201903", "2019/3", dt.date(2019, 3, 5)])
def test_a_month_is_its_first_day(cell: Any) -> None:
    assert one("attendance", "work_month", cell) == dt.date(2019, 3, 1)


@pytest.mark.parametrize(
    ("kind", "name", "cell", "value"),
    [
        ("assets", "capacity_w", 60.5, 60_500),
        ("assets", "capacity_w", "1,200.5", 1_200_500),
        ("assets", "benchmark_tariff_microyuan", 0.4153, 415_300),
        ("contracts", "agreed_return_ppm", "6.5%", 65_000),
        ("contracts", "agreed_return_ppm", 6.5, 65_000),
        ("assets", "in_national_catalogue", "√", True),
        ("assets", "in_national_catalogue", False, False),
        ("assets", "asset_class", "经营性资产", "经营性"),
        ("assets", "asset_code", "４４０２０３－２０１７ ", "440203-2017"),
        ("assets", "document_number", "粤财农[2016]166号", "粤财农〔2016〕166号"),
        ("receipts", "income_year", "2019年", 2019),
        ("households", "name", "张　三", "张三"),
        ("households", "id_number", " 440203 19500305 9994", "440203195003059994"),
        ("households", "household_phone", 13800138000.0, "13800138000"),
        ("deductions", "payee_name", "黄塱村", "黄塱村"),
        ("deductions", "payee_name", 12.0, "12"),
        ("deductions", "stream", "/", None),
    ],
)
def test_a_cell_becomes_an_exact_value(kind: str, name: str, cell: Any, value: Any) -> None:
    assert one(kind, name, cell) == value


def test_names_keep_their_full_width_marks_and_codes_do_not() -> None:
    assert one("deductions", "payee_name", "运维（韶关）") == "运维（韶关）"
    assert one("deductions", "deduction_code", "ＫＣ－１") == "KC-1"


def test_an_amount_that_is_a_double_is_the_digits_that_were_shown() -> None:
    spec = DEDUCTIONS.by_field["amount_fen"]
    draws = random.Random(7)
    fens = [draws.randrange(1, 10**11) for _ in range(2_000)]

    assert read_column(spec, [fen / 100 for fen in fens]).values == fens
    wan = read_column(spec, [fen / 1_000_000 for fen in fens], unit_fen=1_000_000)
    assert wan.values == fens


def test_blank_keeps_and_the_token_clears(tmp_path: Path) -> None:
    row = read_grid(tmp_path, [HEADERS, detail(收款方="【清除】", 收益流="")]).sheets[0].rows[0]

    assert row.cleared == {"payee_name"}
    assert "payee_name" not in row.values and "stream" not in row.values


def test_a_row_tells_the_cell_and_text_of_each_field(tmp_path: Path) -> None:
    row = read_grid(tmp_path, [["表"], HEADERS, detail()]).sheets[0].rows[0]

    assert (row.cell("amount_fen"), row.text("amount_fen")) == ("E3", "1800")


# --- places ---------------------------------------------------------------------------------

NOTICE = KINDS["notices"]


def read_place(tmp_path: Path, town: str, village: str) -> Parsed:
    headers = [column.header for column in NOTICE.columns]
    row = [column.example for column in NOTICE.columns]
    row[headers.index("镇")], row[headers.index("村")] = town, village
    path = write(tmp_path / "notices.xlsx", [headers, row])
    return read(path, NOTICE, lookup=PLACES)


@pytest.mark.parametrize(
    ("town", "village"),
    [
        ("龙归镇", "龙归村"),
        ("龙归镇", "龙归村村民委员会"),
        ("龙归镇", "龙归村委会"),
        ("武江区龙归镇", " 龙 归 村"),
        ("龙归镇", "龙归镇龙归村"),
    ],
)
def test_a_village_is_known_by_every_usual_name(town: str, village: str, tmp_path: Path) -> None:
    parsed = read_place(tmp_path, town, village)

    assert parsed.problems == []
    values = parsed.sheets[0].rows[0].values
    assert values["village_code"] == "440203102204"
    assert values["village_name"] == "龙归村村民委员会"
    assert values["town_code"] == "440203102000"


def test_an_unknown_village_is_answered_with_the_nearest_and_never_created(tmp_path: Path) -> None:
    parsed = read_place(tmp_path, "龙归镇", "龙龟村")

    assert names(parsed.problems) == ["unknown-village"]
    assert "龙归村" in parsed.problems[0].message
    assert "village_code" not in parsed.sheets[0].rows[0].values


def test_a_village_of_another_town_is_named_with_that_town(tmp_path: Path) -> None:
    assert "重阳镇" in read_place(tmp_path, "龙归镇", "重阳村").problems[0].message


def test_a_village_that_became_a_community_is_offered(tmp_path: Path) -> None:
    lookup = NameList({"440203102000": "龙归镇"}, {"440203102001": "红星社区居民委员会"})
    headers = [column.header for column in NOTICE.columns]
    row = [column.example for column in NOTICE.columns]
    row[headers.index("村")] = "红星村"
    path = write(tmp_path / "n.xlsx", [headers, row])

    assert "红星社区" in read(path, NOTICE, lookup=lookup).problems[0].message


def test_several_villages_in_one_cell_are_refused_with_advice(tmp_path: Path) -> None:
    problem = read_place(tmp_path, "龙归镇", "龙归村、方田村").problems[0]

    assert problem.name == "several-villages"
    assert "拆成几行" in problem.remedy


def test_town_and_village_in_one_cell_are_split_only_where_one_cut_is_possible() -> None:
    assert split_place("葛坑镇邱村村") == ("葛坑镇", "邱村村")
    assert split_place("龙归镇新乡村") is None
    assert split_place("龙归村") is None
    assert not several("龙归镇 龙归村")


# --- shares, keys, objects of several rows ---------------------------------------------------


def test_sixty_four_shares_of_one_sixty_fourth_make_one(tmp_path: Path) -> None:
    shares = KINDS["shares"]
    base = example_rows(shares)[0]
    rows = [
        {**base, "holder_code": f"V{number:03d}", "share_denominator": 64} for number in range(64)
    ]
    path = tmp_path / "shares.xlsx"
    write_rows(shares, rows, path)
    assert read(path, shares).problems == []

    write_rows(shares, rows[:-1], path)
    problem = read(path, shares).problems[0]
    assert problem.name == "shares-not-one"
    assert "63/64" in problem.message


def test_rights_that_are_lists_of_bodies_need_not_sum_to_one(tmp_path: Path) -> None:
    shares = KINDS["shares"]
    base = {**example_rows(shares)[0], "right": "监督权"}
    rows = [base, {**base, "holder_code": "V2"}]
    path = tmp_path / "shares.xlsx"
    write_rows(shares, rows, path)

    assert read(path, shares).problems == []


def test_a_bank_balance_that_does_not_follow_is_remarked(tmp_path: Path) -> None:
    bank = KINDS["bank-statement"]
    base = example_rows(bank)[0]
    rows = [base, {**base, "serial_no": "LS2", "balance_fen": base["balance_fen"] + 1}]
    path = tmp_path / "bank.xlsx"
    write_rows(bank, rows, path)

    assert names(read(path, bank).warnings) == ["balance-does-not-follow"]


def test_problems_can_be_told_apart_by_village(tmp_path: Path) -> None:
    headers = [column.header for column in NOTICE.columns]
    rows = []
    for village, days in (("龙归村", 10.0), ("方田村", "十天")):
        row: list[Any] = [column.example for column in NOTICE.columns]
        row[headers.index("村")], row[headers.index("公示天数")] = village, days
        rows.append(row)
    parsed = read(write(tmp_path / "n.xlsx", [headers, *rows]), NOTICE, lookup=PLACES)
    parts = by_village(parsed)

    assert {code: len(problems) for code, (_, problems) in parts.items()} == {
        "440203102204": 0,
        "440203102218": 1,
    }


# --- formats and hostile files --------------------------------------------------------------


@pytest.mark.parametrize("name", ["t.xlsx", "t.xls", "t.et", "t.csv", "没有扩展名"])
def test_the_format_is_told_by_content_not_by_extension(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    write(tmp_path / "real.xlsx", [HEADERS, detail()])
    path.write_bytes((tmp_path / "real.xlsx").read_bytes())

    assert amounts(read(path)) == [180_000]


def test_the_old_binary_format_is_read_and_its_error_cells_are_seen(tmp_path: Path) -> None:
    path = tmp_path / "old.et"
    path.write_bytes(xls([["扣除登记表"], [*HEADERS], detail(), detail(2, 收款方="#REF!")]))
    parsed = read(path)

    assert parsed.format == "xls"
    assert amounts(parsed) == [180_000, 180_000]
    assert [(each.name, each.cell) for each in parsed.problems] == [("formula-error", "I4")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("mark", [",", "\t", ";"])
def test_a_csv_is_read_in_every_usual_encoding(encoding: str, mark: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    cells = [HEADERS, [str(cell) for cell in detail(收款方="黄塱村")]]
    path.write_text("\r\n".join(mark.join(row) for row in cells), encoding=encoding)
    parsed = read(path)

    assert parsed.problems == []
    assert parsed.sheets[0].rows[0].values["payee_name"] == "黄塱村"


ID_COLUMN = next(each for each in KINDS["households"].columns if each.type is ColumnType.ID)
GOOD_ID = ID_COLUMN.example


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("证件号待核", "证件号待核"),
        (" 待核 ", "证件号待核"),
        ("待核实", "证件号待核"),
        ("身份证号待核", "证件号待核"),
        ("证件号待核：440203197003019990", "证件号待核440203197003019990"),
        ("证件号待核4.40203E+17", "证件号待核4.40203E+17"),
    ],
)
def test_an_id_marked_as_pending_is_taken(cell: str, value: str) -> None:
    reading = read_column(ID_COLUMN, [cell, GOOD_ID], parsers=PARSERS)
    assert reading.values == [value, GOOD_ID] and not reading.rejected


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        (4.40203197003019e17, "damaged-by-excel"),
        ("4.40203E+17", "damaged-by-excel"),
        ("440203197003018000", "damaged-by-excel"),
        ("不详", "invalid-id"),
        ("待核张三", "invalid-id"),
        (f"证件号待核{GOOD_ID}", "pending-id-holds"),
    ],
)
def test_a_damaged_id_without_the_mark_is_refused_and_the_mark_advised(
    cell: object, name: str
) -> None:
    reading = read_column(ID_COLUMN, [cell], parsers=PARSERS)
    assert [each.name for each in reading.rejected.values()] == [name]
    assert "证件号待核" in reading.rejected[0].remedy


def test_pending_ids_are_not_duplicates_of_each_other(tmp_path: Path) -> None:
    kind = KINDS["households"]
    rows = example_rows(kind)
    for row in rows[:2]:
        row["id_number"] = "证件号待核"
    path = tmp_path / "名单.xlsx"
    write_rows(kind, rows, path)
    parsed = read_workbook(path, kind, parsers=PARSERS, lookup=PLACES)
    assert "duplicate-key" not in names(parsed.problems)
    assert "invalid-id" not in names(parsed.problems)
    rows[1]["id_number"] = rows[2]["id_number"]
    write_rows(kind, rows, path)
    assert "duplicate-key" in names(
        read_workbook(path, kind, parsers=PARSERS, lookup=PLACES).problems
    )


def test_a_csv_opened_and_saved_by_excel_has_damaged_codes(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    row = [str(cell) for cell in detail(资产编号="4.40203E+17")]
    path.write_text(",".join(HEADERS) + "\n" + ",".join(row), encoding="gb18030")

    assert names(read(path).problems) == ["damaged-by-excel"]


def test_a_csv_whose_quotes_do_not_match_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(",".join(HEADERS) + '\n"没有结束', encoding="utf-8")

    assert names(read(path).problems) == ["file-damaged"]


def test_a_file_of_three_hundred_megabytes_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "huge.xlsx"
    path.touch()
    os.truncate(path, 300 * 2**20)
    parsed = read(path)

    assert names(parsed.problems) == ["file-too-large"]
    assert "300MB" in parsed.problems[0].message


def test_a_bomb_of_zeros_is_refused_before_it_is_laid_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containers, "LIMIT_UNPACKED_BYTES", 2**20)
    path = write(tmp_path / "bomb.xlsx", [HEADERS])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/media/zeros.bin", bytes(2**22))

    assert names(read(path).problems) == ["file-too-large"]


def test_a_bomb_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "bomb.xlsx", [HEADERS])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/media/zeros.bin", bytes(2**22))
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<I", 2**22), struct.pack("<I", 100)))

    assert names(read(path).problems) == ["file-damaged"]


def test_formulas_are_read_by_their_stored_result_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, HEADERS)
    sheet.write_row(1, 0, detail())
    sheet.write_formula(1, 4, "=900*2", None, 1800)
    book.close()
    parsed = read(path)

    assert parsed.problems == []
    assert amounts(parsed) == [180_000]
    assert names(parsed.warnings) == ["formulas"]


def test_macros_and_links_are_named_and_left_alone(tmp_path: Path) -> None:
    path = write(tmp_path / "t.xlsm", [HEADERS, detail()])
    with zipfile.ZipFile(path, "a") as package:
        package.writestr("xl/vbaProject.bin", b"macro")
        package.writestr("xl/externalLinks/externalLink1.xml", b"<externalLink/>")
    parsed = read(path)

    assert parsed.problems == []
    assert names(parsed.warnings) == ["macros", "external-links"]


def test_hidden_sheets_are_named_and_not_read(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    write(path, [HEADERS, detail()])
    book = openpyxl.load_workbook(path)
    book.create_sheet("旧数据").sheet_state = "hidden"
    book.save(path)

    assert names(read(path).warnings) == ["hidden-sheet"]


def test_a_sheet_that_is_another_table_is_named_with_its_cells(tmp_path: Path) -> None:
    path = write(tmp_path / "t.xlsx", [HEADERS, detail()])
    book = openpyxl.load_workbook(path)
    other = book.create_sheet("通讯录")
    other.append(["姓名", "电话"])
    other.append(["张三", "见另表"])
    book.save(path)
    parsed = read(path)

    assert [(each.name, each.sheet) for each in parsed.warnings] == [("sheet-left-out", "通讯录")]
    assert "4个" in parsed.warnings[0].message


def test_noise_never_raises_anything_but_a_refusal(tmp_path: Path) -> None:
    draws = random.Random(3)
    good = write(tmp_path / "good.xlsx", [HEADERS, detail()]).read_bytes()
    path = tmp_path / "noise.xlsx"
    for _ in range(60):
        data = bytearray(good)
        for _ in range(draws.randrange(1, 20)):
            data[draws.randrange(len(data))] = draws.randrange(256)
        path.write_bytes(bytes(data))
        for problem in read(path).problems:
            assert problem.message and problem.remedy


def test_a_stored_member_and_a_broken_one_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    with (
        zipfile.ZipFile(write(tmp_path / "a.xlsx", [HEADERS, detail()])) as package,
        zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as stored,
    ):
        for name in package.namelist():
            stored.writestr(name, package.read(name))

    assert amounts(read(path)) == [180_000]
    with pytest.raises(Unreadable):
        broken = tmp_path / "b.xlsx"
        broken.write_bytes(b"PK\x03\x04" + zlib.compress(b"nothing"))
        open_container(broken)


# --- out and in again -----------------------------------------------------------------------


@pytest.mark.parametrize("name", list(KINDS))
@pytest.mark.parametrize("ending", [".xlsx", ".csv"])
def test_what_is_exported_imports_to_the_same_rows(name: str, ending: str, tmp_path: Path) -> None:
    kind = KINDS[name]
    rows = example_rows(kind)
    path = tmp_path / f"out{ending}"

    assert write_rows(kind, rows, path) == len(rows)
    parsed = read_workbook(path, kind, parsers=PARSERS)
    assert parsed.problems == []
    assert [dict(row.values) for _, row in parsed.rows] == rows


def test_long_numbers_red_amounts_and_formula_like_texts_survive_the_round_trip(
    tmp_path: Path,
) -> None:
    bank = KINDS["bank-statement"]
    row = {
        **example_rows(bank)[0],
        "serial_no": "00012345678901234567",
        "income_fen": -12_345,
        "balance_fen": 10**17 + 1,
        "summary": "=1+1",
    }
    for ending in (".xlsx", ".csv"):
        path = tmp_path / f"out{ending}"
        write_rows(bank, [row], path)
        assert [dict(each.values) for _, each in read(path, bank).rows] == [row]


def test_a_csv_for_wps_begins_with_a_mark_and_protects_long_digits(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    write_rows(KINDS["households"], example_rows(KINDS["households"]), path)
    data = path.read_bytes()

    assert data.startswith(b"\xef\xbb\xbf")
    assert b"\t440203195003059994" in data


def test_a_template_has_choices_notes_and_an_example_that_is_not_imported() -> None:
    for kind in KINDS.values():
        book = openpyxl.load_workbook(io.BytesIO(template(kind)))
        sheet = book.worksheets[0]
        wanted = sum(bool(each.choices) or each.type is ColumnType.BOOL for each in kind.columns)
        assert len(sheet.data_validations.dataValidation) == wanted
        assert "填写说明" in book.sheetnames


def test_an_empty_template_has_no_rows_and_a_filled_one_imports(tmp_path: Path) -> None:
    path = tmp_path / "template.xlsx"
    path.write_bytes(template(DEDUCTIONS))
    assert names(read(path).problems) == ["no-rows"]

    book = openpyxl.load_workbook(path)
    for column, value in enumerate([1, *detail()], start=1):
        book.worksheets[0].cell(5, column).value = value
    book.save(path)
    assert read(path).problems == []


def test_the_clerks_own_file_comes_back_with_comments_and_the_original_untouched(
    tmp_path: Path,
) -> None:
    path = write(tmp_path / "t.xlsx", [HEADERS, detail(amount="12O")])
    before = path.read_bytes()
    out = tmp_path / "back.xlsx"

    assert annotate(path, read(path).problems, out) == 1
    assert path.read_bytes() == before
    book = openpyxl.load_workbook(out)
    cell = book["Sheet1"]["E2"]
    assert cell.comment is not None and "不是金额" in cell.comment.text
    assert cell.fill.start_color.rgb == "FFFFE699"
    assert book["问题清单"]["B2"].value == "E2"
    assert names(read(out).problems) == ["invalid-yuan"]


def test_a_csv_comes_back_as_a_workbook_with_comments(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(",".join(HEADERS) + "\n" + ",".join(map(str, detail(amount="x"))), "gb18030")
    out = tmp_path / "back.xlsx"

    assert annotate(path, read(path).problems, out) == 1
    assert openpyxl.load_workbook(out)["t"]["E2"].comment is not None


def test_comments_never_overwrite_the_original(tmp_path: Path) -> None:
    path = write(tmp_path / "t.xlsx", [HEADERS, detail()])
    with pytest.raises(CannotAnnotate):
        annotate(path, [], path)
    with pytest.raises(CannotAnnotate):
        annotate(path, [], tmp_path / "t.csv")


# --- specifications -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_no_header_or_synonym_means_two_columns(kind: Kind) -> None:
    seen: dict[str, ColumnSpec] = {}
    for column in kind.columns:
        for header in {column.header, *column.synonyms}:
            assert seen.setdefault(header, column) is column
    fields = {name for key in (*kind.keys, kind.group_fields, kind.repeated) for name in key}
    assert fields <= set(kind.by_field)


# --- mapping files and published tables -----------------------------------------------------


def test_a_mapping_file_names_headers_and_unit(tmp_path: Path) -> None:
    mapping = tmp_path / "m.toml"
    mapping.write_text('unit = "万元"\n[columns]\n"拨款数" = "allocated_fen"\n', encoding="utf-8")
    mapped = load_mapping(mapping, PROJECTS)
    path = write(tmp_path / "t.xlsx", [["项目名称", "拨款数"], ["水果基地", 20.0]])
    parsed = read_workbook(path, PROJECTS, mapping=mapped)

    assert parsed.sheets[0].unit == "万元"
    assert parsed.sheets[0].rows[0].values["allocated_fen"] == 20_000_000


def test_a_mapping_file_may_add_columns_that_the_kind_does_not_know(tmp_path: Path) -> None:
    mapping = tmp_path / "m.toml"
    text = (
        '[columns]\n"受益户" = { field = "helped_count", type = "整数" }\n[rest]\ntype = "文字"\n'
    )
    mapping.write_text(text, encoding="utf-8")
    mapped = load_mapping(mapping, PROJECTS)
    path = write(tmp_path / "t.xlsx", [["项目名称", "受益户", "建设内容"], ["果园", 12.0, "新建"]])
    parsed = read_workbook(path, PROJECTS, mapping=mapped)

    values = {"name": "果园", "helped_count": 12, "建设内容": "新建"}
    assert dict(parsed.sheets[0].rows[0].values) == values


@pytest.mark.parametrize(
    "text",
    [
        "[columns",
        'unit = "块"\n[columns]\n"a" = "name"',
        '[columns]\n"a" = "no_such_field"',
        '[columns]\n"a" = { field = "x", wrong = 1 }',
    ],
)
def test_a_mapping_file_that_makes_no_sense_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidMapping):
        load_mapping(path, PROJECTS)


@needs_shared
@pytest.mark.parametrize("kind", ["projects", "funds"])
@pytest.mark.parametrize(
    ("name", "rows", "subtotals", "stated"),
    [("table_beita_2020.xlsx", 16, [160, 236], 408), ("table_dehua_2020.xlsx", 3, [], 12)],
)
def test_a_published_fund_table_comes_out_as_it_was_printed(
    name: str, rows: int, subtotals: list[int], stated: int, kind: str
) -> None:
    path = SHARED / "data" / "cases" / name
    parsed = read(path, KINDS[kind])
    sheet = parsed.as_json()["sheets"][0]
    totals = next(iter(sheet["totals"].values()))

    assert sheet["unit"] == "万元"
    assert len(sheet["rows"]) == rows
    assert (totals["subtotals"], totals["total"], totals["rows"]) == (subtotals, stated, stated)
    assert_nothing_lost(parsed, path)


@needs_shared
def test_town_and_village_in_one_printed_cell_are_split() -> None:
    parsed = read(SHARED / "data" / "cases" / "table_dehua_2020.xlsx", PROJECTS)
    values = [row.values for _, row in parsed.rows]

    assert [(each["town_name"], each["village_name"]) for each in values] == [
        ("龙门滩镇", "霞山村"),
        ("龙门滩镇", "磻坑村"),
        ("葛坑镇", "邱村村"),
    ]


VILLAGE_REPORT = """
title = "帮扶到村统计表"
[columns]
"区(县)" = "county_name"
"镇名称" = { field = "town_name", required = true }
"村名称" = { field = "village_name", required = true }
"帮扶单位" = "helper_name"
"联系人" = "contact_name"
"联系电话" = "contact_phone"
[rest]
type = "小数"
decimals = 3
"""


@needs_shared
@pytest.mark.parametrize(
    ("name", "columns", "doubted"),
    [
        ("export_report-conghua-206_12.xlsx", 65, set()),
        ("export_report-conghua-206_3.xlsx", 17, {"I15", "I36", "I49", "I51", "I62", "I113"}),
    ],
)
def test_a_filled_reporting_workbook_loses_no_village_and_no_cell(
    name: str, columns: int, doubted: set[str], tmp_path: Path
) -> None:
    mapping = tmp_path / "m.toml"
    mapping.write_text(VILLAGE_REPORT, encoding="utf-8")
    mapped = load_mapping(mapping)
    path = SHARED / "data" / "gov_workbooks" / name
    parsed = read_workbook(path, mapped.kind, mapping=mapped)
    sheet = parsed.sheets[0]
    villages = [
        cells[2]
        for cells in openpyxl.load_workbook(path).worksheets[0].iter_rows(values_only=True)
        if cells[2] and "名称" not in str(cells[2])
    ]

    assert len(sheet.columns) == columns
    assert [row.values["village_name"] for row in sheet.rows] == villages
    assert [each.reason for each in sheet.skipped] == ["合计"]
    assert doubted <= {each.cell for each in parsed.warnings}
    assert "total-mismatch" not in names(parsed.problems)
    assert_nothing_lost(parsed, path)


@needs_shared
def test_thirty_one_merged_ranges_give_each_column_its_own_path(tmp_path: Path) -> None:
    mapping = tmp_path / "m.toml"
    mapping.write_text(VILLAGE_REPORT, encoding="utf-8")
    mapped = load_mapping(mapping)
    path = SHARED / "data" / "gov_workbooks" / "export_report-conghua-206_12.xlsx"
    raw = open_container(path).sheets[0]
    layout = locate(raw, mapped.widened(raw))

    assert layout is not None
    assert len({column.header for column in layout.columns}) == 65
    assert count_filled([column.header for column in layout.columns]) == 65
