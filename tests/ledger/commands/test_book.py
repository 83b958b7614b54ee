"""``fupin book`` from the command line: what is printed, what is refused, what runs twice."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import cli
from ledger.books import posting
from ledger.books.opening import open_book
from tests.ledger.books.written_village import OPENED, VILLAGE_CODE, sheet, written_village

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(book: Any, capsys: Any) -> Run:
    """``run("close", "--month", …)``: exit code, stdout, stderr on a village with some income."""
    village = written_village(book.session)
    with village.writing(OPENED, "opening") as written:
        open_book(book.session, written, village.party_id, OPENED, sheet(village))
        posting.ensure_entity(book.session, written, village.agency_id, OPENED)
    village.event("rent", date(2019, 3, 5), 12_300)
    book.session.close()

    def go(*words: str, on: str = "2020-02-28") -> tuple[int, str, str]:
        line = ["book", *words, "--database", book.url, "--actor", "Z001", "--on", on]
        code = cli.run(line)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return go


def test_months_close_through_and_a_second_run_says_so(run: Run) -> None:
    code, out, _ = run("close", "--month", "2019-11")
    assert code == 0 and f"{VILLAGE_CODE} 已结201901至201911，共11个月、2张凭证。" in out
    assert "AGENCY 已结" in out
    code, out, _ = run("close", "--month", "201911")
    assert code == 0 and out.count("已办理") == 2
    code, out, _ = run("close", "--month", "2019-12", "--party", VILLAGE_CODE)
    assert code == 0 and "12月随年度结账一并办理" in out


def test_a_year_is_closed_with_its_steps_and_its_tables_can_be_printed(run: Run) -> None:
    code, _, err = run("close", "--year", "2019", "--party", VILLAGE_CODE)
    assert code == 1 and "应先结2019年1月" in err
    run("close", "--month", "2019-12")
    code, out, _ = run("close", "--year", "2019", "--party", VILLAGE_CODE, "--reserve", "100")
    assert code == 0 and "11. 公布" in out
    code, out, _ = run("close", "--year", "2019", "--party", VILLAGE_CODE, "--reserve", "100")
    assert code == 0 and "已办理" in out
    code, out, err = run("statements", "--year", "2019", "--party", VILLAGE_CODE)
    assert code == 0 and "固定资产原价" in out and "提取公积公益金" in out
    assert "不代替村集体总账" in err


def test_a_trial_balance_is_printed_and_given_as_data(run: Run) -> None:
    code, out, err = run("trial-balance", "--month", "2019-03", "--party", VILLAGE_CODE)
    assert code == 0 and "租赁收入" in out and "不代替村集体总账" in err
    _, out, _ = run("trial-balance", "--month", "2019-03", "--level", "1", "--json")
    [agency, village] = json.loads(out)
    assert agency["rows"] == [] and village["totals"]["debit_fen"] == 12_300
    assert {row["code"] for row in village["rows"]} >= {"501", "322"}
    code, out, _ = run("trial-balance", "--party", VILLAGE_CODE, on="2019-03-04")
    assert code == 0 and "租赁收入" not in out


def test_a_voucher_is_listed_reversed_and_stands_in_the_sub_ledger(run: Run) -> None:
    code, out, _ = run("vouchers", "--month", "2019-03")
    assert code == 0 and "记-001" in out
    words = ("reverse", "2019-03/1", "--party", VILLAGE_CODE, "--reason", "金额录错")
    code, out, _ = run(*words)
    assert code == 0 and "已用202002 记-001冲销2019-03/1。" in out
    code, out, _ = run(*words)
    assert code == 0 and "已办理" in out
    _, out, _ = run("ledger", "50103", "--party", VILLAGE_CODE)
    assert "-123.00" in out
    _, out, _ = run("ledger", "102", "--party", VILLAGE_CODE, "--since", "2019-02-01")
    assert "上期结余" in out


def test_a_voucher_is_corrected_by_the_difference_only(run: Run) -> None:
    words = ("adjust", "2019-03/1", "--party", VILLAGE_CODE, "--reason", "租金多记")
    lines = ("--line", "102:借:-23.00", "--line", "50103:贷:-23.00")
    code, out, err = run(*words, *lines)
    assert code == 0 and "记-001更正2019-03/1的差额。" in out, err
    code, out, _ = run(*words, *lines)
    assert code == 0 and "已办理" in out
    _, out, _ = run("ledger", "50103", "--party", VILLAGE_CODE)
    assert "-23.00" in out


def test_depreciation_is_booked_by_month(run: Run) -> None:
    code, out, err = run("depreciate", "--month", "2019-02")
    assert code == 1 and "折旧1,000.00元" in out and "AGENCY" in err


def test_the_chart_switch_waits_for_the_closed_year(run: Run) -> None:
    code, _, err = run("convert", on="2024-01-02")
    assert code == 1 and "2023年度尚未结账" in err


def test_the_books_are_exported(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "账簿.beancount"
    code, text, _ = run("export", "--format", "beancount", "--out", str(out))
    assert code == 0 and "已导出2个账套" in text and out.exists()
    code, _, err = run("export", "--format", "csv", "--out", str(out))
    assert code == 1 and "没有“csv”这种格式" in err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("close",), "请写 --month 或 --year 其中一个"),
        (("close", "--month", "2019-13"), "不是月份"),
        (("close", "--month", "2019-01", "--party", "V9"), "查无主体"),
        (("reverse", "7", "--party", VILLAGE_CODE, "--reason", "错"), "不是凭证"),
        (
            ("adjust", "2019-03/1", "--party", VILLAGE_CODE, "--reason", "错", "--line", "102"),
            "不是分录",
        ),
        (("reverse", "2019-03/9", "--party", VILLAGE_CODE, "--reason", "错"), "查无凭证"),
    ],
)
def test_what_cannot_be_meant_is_refused(run: Run, words: tuple[str, ...], sentence: str) -> None:
    code, _, err = run(*words)
    assert code == 1 and sentence in err
