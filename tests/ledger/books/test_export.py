"""Exported books: three other programs agree to the fen, archives and lists hold every line."""

import csv
import hashlib
import json
import random
import re
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from assets.asof import AsOf
from assets.errors import Refused
from ledger.books import data_package, export, journals, posting
from ledger.books.interface_file import mapping
from ledger.books.periods import close_through
from ledger.books.voucher_list import HEADERS

CODES = ["AGENCY", "V440203102204"]
END = date(2020, 1, 31)


@pytest.fixture
def full(village: Any) -> Any:
    """A few months of both books, red letters and households among them."""
    one, two, three = village.households
    facts: dict[str, Any] = {"income_year": 2019, "stream": "BENCHMARK_TARIFF"}
    village.event("agency_received", date(2019, 4, 11), 461_154, party=village.agency_id, **facts)
    village.event("income_notified", date(2019, 4, 20), 461_154, **facts)
    village.event("agency_deduction", date(2019, 4, 20), 61_154, **facts)
    village.event("income_cash", date(2019, 4, 22), 400_000, **facts)
    for household, fen in ((one, 100), (two, 233), (three, 7)):
        village.event(
            "subsidy_decided", date(2019, 9, 1), fen, channel="REWARD", household_id=household
        )
    village.event("subsidy_paid", date(2019, 9, 9), 100, channel="REWARD", household_id=one)
    wrong = village.event("rent", date(2019, 9, 30), 5_555)
    posting.reverse(
        village.session, village.act(date(2020, 1, 3)), wrong.id, reason='退"回; 重开|票'
    )
    village.session.commit()
    return village


def journal(village: Any, name: str, folder: Path) -> Path:
    out = folder / f"book.{name}"
    export.write(village.session, name, out, CODES, END)
    return out


def run(*command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def check_command(name: str, tool: Callable[[str], str], path: Path) -> list[str]:
    if name == "beancount":
        return [tool("bean-check"), "--no-cache", str(path)]
    if name == "hledger":
        return [tool("hledger"), "-f", str(path), "check", "-s", "ordereddates"]
    return [tool("ledger"), "--args-only", "--pedantic", "-f", str(path), "bal"]


def their_balances(name: str, tool: Callable[[str], str], path: Path) -> dict[str, int]:
    """Account → closing balance as the other program computes it."""
    if name == "hledger":
        done = run(tool("hledger"), "-f", str(path), "bal", "-E", "--flat", "-N", "-O", "csv")
        rows = [row for row in csv.reader(done.stdout.splitlines()) if row]
        return {row[0]: int(row[1].removesuffix(" FEN")) for row in rows[1:]}
    form = r"%(account) %(quantity(scrub(amount)))\n"
    done = run(
        *(tool("ledger"), "--args-only", "-f", str(path), "bal", "--flat", "--no-total"),
        *("--empty", "--format", form),
    )
    pairs = [line.split() for line in done.stdout.splitlines() if line.strip()]
    return {account: int(fen) for account, fen in pairs}


JOURNALS = ("beancount", "hledger", "ledger")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_three_programs_accept_the_books_and_agree_on_every_balance(
    full: Any, tool: Callable[[str], str], tmp_path: Path
) -> None:
    ours = journals.balances(full.session, CODES, AsOf(END))
    assert sum(ours.values()) == 0 and len(ours) == 17
    for name in JOURNALS:
        path = journal(full, name, tmp_path)
        done = run(*check_command(name, tool, path))
        assert done.returncode == 0, done.stdout + done.stderr
    for name in ("hledger", "ledger"):
        theirs = their_balances(name, tool, tmp_path / f"book.{name}")
        assert {k: v for k, v in theirs.items() if v} == {k: v for k, v in ours.items() if v}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("rounds", [3, pytest.param(200, marks=pytest.mark.soak)])
def test_one_fen_moved_between_two_postings_is_caught_by_all_three(
    full: Any, tool: Callable[[str], str], tmp_path: Path, rounds: int
) -> None:
    pick = random.Random(7)
    for name in JOURNALS:
        path = journal(full, name, tmp_path)
        text = path.read_text(encoding="utf-8")
        for _ in range(rounds):
            path.write_text(moved(text, pick), encoding="utf-8")
            done = run(*check_command(name, tool, path))
            assert done.returncode != 0 or "rror" in done.stderr, name


def moved(text: str, pick: random.Random) -> str:
    """Take a fen from one posting of a voucher and give it to another, on another account."""
    lines = text.splitlines(keepends=True)
    starts = [n for n, line in enumerate(lines) if re.match(r"\d{4}-\d\d-\d\d \* [\"(]", line)]
    while True:
        start = pick.choice(starts)
        group = []
        for place in range(start + 1, len(lines)):
            if not lines[place].startswith("  "):
                break
            group.append(place)
        one, two = pick.sample(group, 2)
        if lines[one].split()[0] != lines[two].split()[0]:
            break
    for place, step in ((one, 1), (two, -1)):
        account, fen, unit = lines[place].split()
        lines[place] = f"  {account}  {int(fen) + step} {unit}\n"
    return "".join(lines)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_households_are_leaf_accounts_in_the_journals(full: Any, tmp_path: Path) -> None:
    text = journal(full, "hledger", tmp_path).read_text(encoding="utf-8")
    assert "Liabilities:V440203102204:C2004-11302:H440203102202  0 FEN = -233 FEN" in text
    assert "Liabilities:V440203102204:C2004-202:H-none  0 FEN = -35000 FEN" in text


def test_the_same_book_gives_the_same_bytes_and_leaves_no_half_file(
    full: Any, tmp_path: Path
) -> None:
    first = journal(full, "beancount", tmp_path).read_bytes()
    assert journal(full, "beancount", tmp_path).read_bytes() == first
    assert [path.name for path in tmp_path.glob("*.partial")] == []


def test_a_code_in_another_script_is_a_valid_account_name() -> None:
    assert journals.component("a镇_1") == "XaX9547X5F1"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_unknown_format_is_refused_and_an_empty_book_is_written(
    village: Any, tool: Callable[[str], str], tmp_path: Path
) -> None:
    with pytest.raises(Refused, match="没有“csv”这种格式"):
        export.write(village.session, "csv", tmp_path / "x", CODES, END)
    for name in JOURNALS:
        path = tmp_path / name
        export.write(village.session, name, path, ["AGENCY"], END)
        assert run(*check_command(name, tool, path)).returncode == 0


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_voucher_list_holds_every_line_in_text_and_workbook(full: Any, tmp_path: Path) -> None:
    for suffix in ("csv", "xlsx"):
        export.write(full.session, "vouchers", tmp_path / f"list.{suffix}", CODES, END)
    with (tmp_path / "list.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert tuple(rows[0]) == HEADERS
    assert sum(yuan_fen(row["借方金额"]) for row in rows) == sum(
        yuan_fen(row["贷方金额"]) for row in rows
    )
    red = [row for row in rows if row["冲销凭证"]]
    assert [row["借方金额"] + row["贷方金额"] for row in red] == ["-55.55", "-55.55"]
    assert red[0]["冲销凭证"] == "201909/5" and red[0]["凭证字"] == "记"
    assert {row["户编号"] for row in rows if row["户编号"]} == {
        "440203102201",
        "440203102202",
        "440203102203",
    }
    import python_calamine

    book = python_calamine.CalamineWorkbook.from_path(str(tmp_path / "list.xlsx"))
    cells = book.get_sheet_by_index(0).to_python()
    assert len(cells) == len(rows) + 2
    assert cells[2][0] == rows[0]["主体编码"]


def yuan_fen(text: str) -> int:
    return int(text.replace(".", "")) if text else 0


def read_csv(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_data_package_describes_and_digests_every_file(full: Any, tmp_path: Path) -> None:
    close_through(full.session, full.act(date(2019, 3, 1)), full.party_id, 201902)
    full.session.commit()
    export.write(full.session, "datapackage", tmp_path / "pack", CODES, END)
    package = json.loads((tmp_path / "pack" / "datapackage.json").read_text(encoding="utf-8"))
    for resource in package["resources"]:
        raw = (tmp_path / "pack" / resource["path"]).read_bytes()
        assert resource["hash"] == "sha256:" + hashlib.sha256(raw).hexdigest()
        assert resource["bytes"] == len(raw)
    tables = {
        sheet.name: read_csv(tmp_path / "pack" / f"{sheet.name}.csv")
        for sheet in data_package.SHEETS
    }
    for sheet in data_package.SHEETS:
        keys = [tuple(row[name] for name in sheet.key) for row in tables[sheet.name]]
        assert len(keys) == len(set(keys)), sheet.name
        for column in sheet.columns:
            if column.refers_to:
                known = {row[column.name] for row in tables[column.refers_to]}
                assert {row[column.name] for row in tables[sheet.name]} <= known
    lines = tables["voucher_lines"]
    assert sum(int(row["side"]) * int(row["amount_fen"]) for row in lines) == 0
    by_account: dict[str, int] = {}
    for row in lines:
        signed = int(row["side"]) * int(row["amount_fen"])
        by_account[row["account_id"]] = by_account.get(row["account_id"], 0) + signed
    for row in tables["balances"]:
        by_account[row["account_id"]] -= int(row["balance_fen"])
    assert set(by_account.values()) == {0}
    assert [row["period"] for row in tables["closes"]] == ["201901", "201902"]
    fields = read_csv(tmp_path / "pack" / "数据字典.csv")
    assert len(fields) == sum(len(sheet.columns) for sheet in data_package.SHEETS)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_interface_file_is_shaped_by_its_mapping(full: Any, tmp_path: Path) -> None:
    out = tmp_path / "book.xml"
    export.write(full.session, "gbt24589", out, ["V440203102204"], date(2019, 12, 31), year=2019)
    root = ET.parse(out).getroot()
    assert "未作符合性声明" in root.attrib["说明"]
    labels = mapping()["voucher"]
    debit = credit = 0
    for one in root.iter(labels["element"]):
        debit += yuan_fen(one.findtext(labels["debit"]) or "")
        credit += yuan_fen(one.findtext(labels["credit"]) or "")
    assert debit == credit > 0
    assert len(list(root.iter(mapping()["period"]["element"]))) == 12
    balances = mapping()["balance"]
    december = [
        each for each in root.iter(balances["element"]) if each.findtext(balances["number"]) == "12"
    ]
    signed = {"借": 1, "贷": -1, "平": 0}
    assert (
        sum(
            signed[each.findtext(balances["closing_side"]) or ""]
            * yuan_fen(each.findtext(balances["closing"]) or "")
            for each in december
        )
        == 0
    )
