"""Can a district throw its spreadsheets away? Whole stories of the register, by command line."""

import json
import shutil
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from assets import disposal, operation, upkeep
from assets.asof import AsOf
from assets.classification import reclassify
from assets.divisions_register import change_division, registered
from assets.funds import review
from assets.models import (
    AssetClass,
    BodyKind,
    DifferenceReason,
    DisposalReason,
    DivisionChangeKind,
    RightKind,
    ShareBasis,
)
from assets.operation import ConditionKind
from assets.ownership import Part, current_rights, set_shares
from assets.parties import party_ids, party_titles
from assets.procedure.decisions import Meeting
from assets.registration import asset_rows, plant_facts
from assets.stocktaking import Finding, campaigns, record, start
from assets.tracing import history, trace_document
from assets.tracing import trace as trace_asset
from assets.trail import Act
from assets.workbook.kinds import KINDS
from assets.workbook.writing import write_rows
from ledger.books.balances import trial_balance
from ledger.trace import trace
from tests.assets.booked import put_in_operation
from tests.assets.conftest import (  # noqa: F401
    postgresql_register,
    register,
    register_url,
    sqlite_register,
)
from tests.assets.small_district import (
    CATTLE,
    FENGTIAN,
    LONGGUI_VILLAGE,
    PLANT,
    ROAD,
    take_in,
)
from tests.assets.small_district import (
    asset_rows as workbook_of_assets,
)
from tests.conftest import Book
from tests.walking import Said, fupin

SHARED = Path(__file__).parents[1].parent / "shared"
needs_shared = pytest.mark.skipif(
    not SHARED.is_dir(), reason="../shared is not here: published workbooks cannot be read"
)


@pytest.fixture
def run(register: Book) -> Any:  # noqa: F811
    """Type a command on the small district's book."""
    register.session.rollback()

    def typed(*argv: Any, on: str = "2020-06-01", who: str = "R0001") -> Said:
        words = (*map(str, argv), "--actor", who, "--on", on)
        return fupin(*words, database=register.url)

    return typed


def written(folder: Path, kind: str, rows: Sequence[dict[str, Any]]) -> Path:
    path = folder / f"{kind}.xlsx"
    write_rows(KINDS[kind], list(rows), path)
    return path


# --- published tables -----------------------------------------------------------------------

BEITA = """
title = "资金安排表"
[columns]
"村名" = "village"
"项目名称" = "project"
"资金金额" = { field = "allocated_fen", type = "金额" }
[rest]
type = "文字"
"""

DEHUA = """
title = "资金安排表"
unit = "万元"
[columns]
"乡镇、村" = "place"
"金额" = { field = "allocated_fen", type = "金额" }
"补助金额" = { field = "subsidy_fen", type = "金额" }
[rest]
type = "文字"
"""


def tried(run: Any, folder: Path, file: Path, mapping: str) -> Any:
    rules = folder / "对照.toml"
    rules.write_text(mapping, encoding="utf-8")
    said = run("import", "table", file, "--mapping", rules, "--dry-run", "--json")
    assert said.code in (0, 1), said.text
    return json.loads(said.out)


@needs_shared
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("name", "mapping"), [("table_beita_2020.xlsx", BEITA), ("table_dehua_2020.xlsx", DEHUA)]
)
def test_a_published_table_is_read_as_it_was_printed(
    run: Any, tmp_path: Path, name: str, mapping: str
) -> None:
    cases = SHARED / "data" / "cases"
    expected = json.loads((cases / "tables_expected.json").read_text(encoding="utf-8"))[name]
    value = tried(run, tmp_path, cases / name, mapping)
    (sheet,) = value["sheets"]
    totals = sheet["totals"]["allocated_fen"]
    assert value["problems"] == []
    assert sheet["unit"] == "万元" and len(sheet["rows"]) == expected["detail_rows"]
    assert totals["subtotals"] == expected.get("subtotals", [])
    assert totals["total"] == totals["rows"] == expected["total"]
    assert totals["exact"] == expected["total"] * 1_000_000
    assert sheet["cells"]["filled"] == sheet["cells"]["used"] + sheet["cells"]["reported"]


VILLAGE_REPORT = """
title = "帮扶到村统计表"
[columns]
"区(县)" = "county_name"
"镇名称" = { field = "town_name", required = true }
"村名称" = { field = "village_name", required = true }
[rest]
type = "小数"
decimals = 3
"""


@needs_shared
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("name", "columns"),
    [("export_report-conghua-206_12.xlsx", 65), ("export_report-conghua-206_3.xlsx", 17)],
)
def test_a_filled_reporting_workbook_loses_no_village_and_no_cell_by_command(
    run: Any, tmp_path: Path, name: str, columns: int
) -> None:
    file = SHARED / "data" / "gov_workbooks" / name
    (sheet,) = tried(run, tmp_path, file, VILLAGE_REPORT)["sheets"]
    listed = [
        cells[2]
        for cells in openpyxl.load_workbook(file).worksheets[0].iter_rows(values_only=True)
        if cells[2] and "名称" not in str(cells[2])
    ]
    assert [row["values"]["village_name"] for row in sheet["rows"]] == listed
    assert [each["reason"] for each in sheet["skipped"] if each["reason"] == "合计"] == ["合计"]
    assert sheet["cells"]["filled"] == sheet["cells"]["used"] + sheet["cells"]["reported"]
    assert max(len(row["values"]) for row in sheet["rows"]) <= columns


def test_a_foreign_table_is_only_looked_at(run: Any, tmp_path: Path) -> None:
    file = written(tmp_path, "funds", [])
    assert "--mapping" in run("import", "table", file, "--dry-run").err
    rules = tmp_path / "对照.toml"
    rules.write_text(BEITA, encoding="utf-8")
    assert run("import", "table", file, "--mapping", rules).code == 1
    missing = run("import", "table", tmp_path / "无.xlsx", "--mapping", rules, "--dry-run")
    assert "找不到文件" in missing.err


# --- opening and history ----------------------------------------------------------------------

OLD_PLANT = "440203102204-2017-J-0001"
OLD_PAPER = "韶财农〔2016〕9号"
VILLAGE = f"V{LONGGUI_VILLAGE}"
LEFT = {2017: 1_234_567, 2018: 3, 2019: 7_000_001}
"""What was not distributed of each income year, in fen."""


def old_plant(book: Book, folder: Path) -> tuple[Path, Path, Path]:
    """Three workbooks of a plant that earned from 2017 on; its money is registered already."""
    paper = {
        "document_number": OLD_PAPER,
        "title": "关于下达2016年省级专项资金的通知",
        "level": "省",
        "fund_type": "省级专项",
        "year": 2016,
        "issued_fen": 40_000_000,
        "received_fen": 40_000_000,
        "issued_on": date(2016, 5, 1),
        "received_on": date(2016, 6, 1),
        "issuer_name": "韶关市财政局",
    }
    project = {
        "project_code": "XM-2016-001",
        "name": "龙归村光伏项目",
        "year": 2016,
        "town_name": "龙归镇",
        "village_name": "龙归村",
        "implementer_name": "龙归镇人民政府",
        "accepted_on": date(2016, 12, 20),
        "document_number": OLD_PAPER,
        "allocated_fen": 40_000_000,
        "paid_on": date(2016, 12, 25),
        "paid_fen": 40_000_000,
        "payment_voucher_no": "记-009",
    }
    take_in(book.session, "funds", [paper])
    take_in(book.session, "projects", [project])
    plant = {
        **workbook_of_assets()[0],
        "asset_code": OLD_PLANT,
        "name": "龙归村光伏电站",
        "project_code": "XM-2016-001",
        "national_plant_code": "GF44020310220409",
        "built_on": date(2016, 12, 20),
        "in_use_on": date(2017, 1, 1),
        "original_value_fen": 40_000_000,
        "document_number": OLD_PAPER,
        "contributor_code": VILLAGE,
        "contributed_fen": 40_000_000,
        "missing_papers": "竣工验收报告",
        "missing_reason": "经办人调离时未移交档案",
        "vouched_by": "钟文德",
    }
    years = [
        {
            "asset_code": OLD_PLANT,
            "party_code": VILLAGE,
            "year": year,
            "record_mode": "年度汇总",
            "income_fen": 9_000_000,
            "deducted_fen": 360_000,
            "distributed_fen": 9_000_000 - 360_000 - left,
            "payout_mode": "现金",
            "missing_papers": f"{year}年发放签字表",
            "missing_reason": "人员变动未移交",
            "vouched_by": "钟文德",
        }
        for year, left in LEFT.items()
    ]
    sheet = {"party_code": VILLAGE, "starts_on": date(2020, 7, 1)}
    bank = sum(LEFT.values()) + 555
    opening = [
        {**sheet, "item_type": "银行", "account_code": "102", "debit_fen": bank},
        *(
            {
                **sheet,
                "item_type": "未分配收益",
                "account_code": "322",
                "credit_fen": left,
                "asset_code": OLD_PLANT,
                "income_year": year,
                "stream": "标杆电费",
                "first_received_on": date(year, 4, 20),
            }
            for year, left in LEFT.items()
        ),
    ]
    return (
        written(folder, "assets", [plant]),
        written(folder, "history", years),
        written(folder, "opening", opening),
    )


def test_a_plant_that_earned_since_2017_enters_by_three_commands_right_to_the_fen(
    run: Any,
    register: Book,  # noqa: F811
    tmp_path: Path,
) -> None:
    files = old_plant(register, tmp_path)
    for kind, file in zip(("assets", "history", "opening"), files, strict=True):
        said = run("import", kind, file, on="2020-07-01")
        assert said.code == 0, said.text
    rows = json.loads(run("income", "undistributed", "--json", on="2020-12-31").out)
    found = {int(row["年度"]): row for row in rows if row["资产编号"] == OLD_PLANT}
    assert {year: row["未分配（元）"] for year, row in found.items()} == {
        2017: "12,345.67",
        2018: "0.03",
        2019: "70,000.01",
    }
    assert found[2017]["账龄（天）"] == str((date(2020, 12, 31) - date(2017, 4, 20)).days)
    gaps = run("asset", "show", OLD_PLANT, on="2020-12-31").out
    assert "竣工验收报告" in gaps and "2017年发放签字表" in gaps


def test_the_unexplained_rest_of_an_opening_in_mid_year_stays_visible(
    run: Any,
    register: Book,  # noqa: F811
    tmp_path: Path,
) -> None:
    assets, _, opening = old_plant(register, tmp_path)
    assert run("import", "assets", assets, on="2020-07-01").code == 0
    said = run("import", "opening", opening, on="2020-07-01")
    assert said.code == 0 and "有差异待查1" in said.out
    register.session.rollback()
    village = party_ids(register.session)[VILLAGE]
    for month in (202007, 202012):
        sheet = trial_balance(register.session, village, month, AsOf())
        assert sheet.is_balanced
        rest = [row for row in sheet.rows if "待查" in row.title]
        assert [abs(row.closing_fen) for row in rest] == [555]
        shown = f"{month // 100}-{month % 100:02d}"
        printed = run("book", "trial-balance", "--party", VILLAGE, "--month", shown).out
        assert "待查" in printed and "5.55" in printed


# --- as of a day ------------------------------------------------------------------------------

DAY = date(2020, 12, 31)


def standing_register(book: Book) -> dict[str, Any]:
    """Everything the register says of 2020-12-31, by functions."""
    session, at = book.session, AsOf(DAY)
    session.expire_all()
    rights, titles = current_rights(session, at), party_titles(session, at)
    return {
        "register": asset_rows(session, at),
        "plants": {k: v.model_dump() for k, v in plant_facts(session, at).items()},
        "rights": {key: [row.model_dump() for row in rows] for key, rows in rights.items()},
        "holders": [titles[row.holder_party_id] for rows in rights.values() for row in rows],
        "places": [(row.code, row.title, row.parent_code) for row in registered(session, at)],
        "review": [review(session, at, by=by) for by in ("document", "year", "town")],
        "idle": operation.idle_since(session, at),
        "dues": [row.model_dump() for row in operation.dues(session, at)],
        "duties": [row.model_dump() for row in upkeep.duties(session, at)],
        "unkept": upkeep.unkept(session, at),
        "stock": campaigns(session, at),
        "disposals": disposal.disposals(session, at),
        "histories": [history(session, code, at) for code in (PLANT, ROAD, CATTLE)],
        "chains": [trace_asset(session, code, at).as_json() for code in (PLANT, ROAD, CATTLE)],
    }


def printed_register(run: Any) -> list[str]:
    """What the command line prints of 2020-12-31."""
    lines = (
        ("asset", "list"),
        *(("asset", verb, code) for verb in ("show", "history", "trace") for code in (PLANT, ROAD)),
        *(("title", "unclear"), ("funds", "review"), ("upkeep", "list"), ("upkeep", "due")),
        *(("stock", "list"), ("disposal", "list"), ("division", "list")),
    )
    said = [run(*line, "--json", on=str(DAY)) for line in lines]
    assert all(each.code == 0 for each in said), [each.err for each in said if each.code]
    return [each.out for each in said]


def before_the_day(book: Book) -> None:
    session = book.session
    put_in_operation(book, PLANT, ROAD)
    clerk = Act("R0001", "test", date(2020, 3, 1))
    upkeep.assign(session, clerk, PLANT, "Q0001", duty="日常管护")
    operation.record_condition(session, clerk, ROAD, ConditionKind.IDLE, remark="水毁")
    start(session, clerk, "PD-2020", LONGGUI_VILLAGE)
    record(session, clerk, "PD-2020", [Finding(PLANT, "1")])
    session.commit()


def three_later_years(book: Book) -> None:
    """Shares, holders, condition, class, places, money, disposal: all change after the day."""
    session, ids = book.session, party_ids(book.session)

    def act(year: int, month: int, who: str = "R0001") -> Act:
        return Act(who, "test", date(year, month, 5))

    for kind in (RightKind.OWN, RightKind.BENEFIT):
        parts = [Part(ids[VILLAGE], 1, 4), Part(None, 3, 4)]
        set_shares(
            session,
            act(2021, 3, "R0005"),
            PLANT,
            kind,
            parts,
            starts_on=date(2021, 1, 1),
            basis=ShareBasis.AGREED,
            document="联建补充协议",
        )
    operation.record_condition(session, act(2021, 4), ROAD, ConditionKind.REPAIR, remark="修复")
    operation.record_condition(session, act(2021, 6), ROAD, ConditionKind.RESUME, remark="通车")
    operation.record_condition(session, act(2021, 7), CATTLE, ConditionKind.DAMAGE, remark="病死")
    reclassify(session, act(2021, 8, "R0005"), ROAD, AssetClass.OPERATING, reason="收费")
    upkeep.assign(session, act(2022, 1), PLANT, VILLAGE, duty="日常管护")
    upkeep.inspect(session, act(2022, 1), ROAD, result="完好")
    start(session, act(2022, 2), "PD-2022", LONGGUI_VILLAGE)
    record(session, act(2022, 2), "PD-2022", [Finding(CATTLE, "0", DifferenceReason.LOST)])
    change_division(
        session,
        act(2022, 5, "R0005"),
        DivisionChangeKind.MERGE,
        FENGTIAN,
        LONGGUI_VILLAGE,
        title="",
        document="粤民区〔2022〕1号",
    )
    disposal.propose(session, act(2023, 1), "CZ-1", PLANT, reason=DisposalReason.SALE)
    disposal.appraise(session, act(2023, 2), "CZ-1", amount_fen=100, document="评1")
    meeting = Meeting(BodyKind.REPRESENTATIVES, date(2023, 3, 5), 30, 30, 30, 0, 0, "记1")
    disposal.decide(session, act(2023, 3), "CZ-1", meeting)
    book.desk.recorder = "区录入人"
    disposal.approve(session, act(2023, 4, "R0005"), "CZ-1", document="批1")
    disposal.sell(session, act(2023, 5), "CZ-1", amount_fen=100, document="合同1")
    later = {
        **workbook_of_assets()[2],
        "asset_code": "440203102205-2023-G-0001",
        "name": "后来的路",
        "built_on": date(2023, 6, 1),
        "village_name": "龙归村",
        "contributed_fen": 100_000,
        "original_value_fen": 100_000,
    }
    take_in(session, "assets", [later], on=date(2023, 7, 1))
    session.commit()


def test_the_register_of_2020_is_the_same_after_three_years_of_changes(
    run: Any,
    register: Book,  # noqa: F811
) -> None:
    before_the_day(register)
    functions, lines = standing_register(register), printed_register(run)
    three_later_years(register)
    after = standing_register(register)
    assert [name for name in functions if functions[name] != after[name]] == []
    assert printed_register(run) == lines
    today = AsOf(date(2023, 12, 31))
    assert asset_rows(register.session, today) != functions["register"]


# --- from either end --------------------------------------------------------------------------


def test_every_asset_of_the_sample_is_reached_from_either_end(
    small_walk: Path, tmp_path: Path
) -> None:
    from ledger.database import open_session
    from tests.conftest import make_desk

    shutil.copyfile(small_walk / "fupin.db", tmp_path / "fupin.db")
    at = AsOf()
    with open_session(f"sqlite:///{tmp_path / 'fupin.db'}", desk=make_desk()) as session:
        rows = asset_rows(session, at)
        reached: set[str] = set()
        papers: set[str] = set()
        for row in rows:
            chain = trace(session, row.code, at)
            assert chain.root.code == row.code
            assert [proof for proof in chain.proofs if not proof.holds] == []
            found = documents_of(chain.as_json()["root"])
            assert found, row.code
            papers |= found
        for number in sorted(papers):
            text = json.dumps(trace_document(session, number, at).as_json(), default=str)
            reached |= {row.code for row in rows if f'"{row.code}"' in text}
        assert reached == {row.code for row in rows}


def documents_of(node: Any) -> set[str]:
    """Codes of the fund documents anywhere below a node."""
    own = {node["code"]} if node["kind"] in ("资金文件", "资金文号") else set()
    return own.union(*(documents_of(each) for each in node["children"]))
