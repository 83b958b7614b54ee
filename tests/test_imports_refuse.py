"""Is a spoilt workbook refused by ``fupin import`` itself? Every slip, on every kind of workbook.

The book already holds the small district. The rows are those of its own workbooks; one place in a
copy is spoilt, and the command must say where, what, why, and what to do, and write nothing.
"""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import cli
from assets.workbook.kinds import KINDS, ColumnType, Kind
from assets.workbook.writing import write_rows
from ledger.commands.examination import read
from tests.assets.workbook_mutations import MUTATIONS, Case, Mutation, NotApplicable
from tests.walking import copy_of, fupin, log_size, story_of

LEAST_MUTATIONS = 30
MOST_MUTATIONS = 36
LEAST_ROWS = 4
ALWAYS = {
    "a letter in an amount",
    "a village that does not exist",
    "a wrong check digit of an ID",
    "a wrong check digit of a credit code",
    "shares that sum to 0.99996",
    "a share above one",
    "a household with two heads",
    "two rows of one asset disagree",
    "more votes than people",
    "a return without a reason",
    "a refusal without a reason",
    "an opening line on both sides",
}
PERSONAL = re.compile(r"\d{17}[\dXx]|\d{16,19}|(?<!\d)1[3-9]\d{9}(?!\d)")
UNKNOWN = {ColumnType.CODE: "NOPE-999", ColumnType.DOCUMENT: "武农〔2099〕999号"}
# What is new in a workbook of the kind, or may name something outside the book.
OWN = {
    *(("parties", name) for name in ("party_code",)),
    *(("actors", name) for name in ("actor_code",)),
    *(("funds", name) for name in ("document_number",)),
    *(("projects", name) for name in ("project_code", "approval_number")),
    # A household that is not there yet is only remarked on: the people come in later.
    *(("assets", name) for name in ("asset_code", "national_plant_code", "household_code")),
    *(("contracts", name) for name in ("contract_code",)),
    *(("households", name) for name in ("household_code", "person_code")),
    *(("receipts", name) for name in ("receipt_code", "bank_serial_no")),
    *(("deductions", name) for name in ("deduction_code",)),
    *(("electricity-bills", name) for name in ("meter_no",)),
    *(("bank-statement", name) for name in ("serial_no",)),
    *(("payment-results", name) for name in ("bank_serial_no",)),
}


@pytest.fixture(scope="module")
def place(small_walk: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a copy of the small district's book, for every test of this file."""
    folder = tmp_path_factory.mktemp("imports")
    copy_of(small_walk, folder)
    return folder


@pytest.fixture(params=list(KINDS))
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


@pytest.fixture
def right(kind: Kind, place: Path, small_walk: Path, tmp_path: Path) -> Path:
    """The first rows of the district's own workbook of the kind, in a workbook of their own."""
    path = tmp_path / "right.xlsx"
    address = f"sqlite:///{place / 'fupin.db'}"
    session = cli.open_book(address, cli.Surroundings(recorder="clerk"), write=False)
    story = story_of(small_walk)
    with session:
        found: list[Any] = []
        for source in workbooks_of(kind, small_walk):
            parsed = read(session, kind.name, source, "", None, story.close_year_on)
            assert parsed.problems == []
            found += [row.values for _, row in parsed.rows]
            if len(found) > LEAST_ROWS:
                break
    party = story.book_parties[0]
    found = found or [voucher_number(party, number) for number in range(1, 5)]
    write_rows(kind, list(whole_groups(kind, found)), path)
    return path


def workbooks_of(kind: Kind, folder: Path) -> list[Path]:
    names = [each.file for each in story_of(folder).imports if each.kind == kind.name]
    if kind.name == "payment-results":
        names = sorted(each.name for each in (folder / "表格").glob("回盘-*.xlsx"))
    return [folder / "表格" / name for name in names]


def voucher_number(party: str, number: int) -> dict[str, Any]:
    import datetime

    return {
        "party_code": party,
        "voucher_month": datetime.date(2019, 3, 1),
        "voucher_no": number,
        "external_voucher_no": f"外-{number:03d}",
        "posted_on": datetime.date(2019, 4, 1),
    }


def whole_groups(kind: Kind, rows: list[Any]) -> Iterator[Any]:
    """Some rows from the beginning, the last object complete."""
    for place, row in enumerate(rows):
        if place >= LEAST_ROWS and not same_object(kind, row, rows[place - 1]):
            return
        yield row


def same_object(kind: Kind, one: Any, other: Any) -> bool:
    fields = kind.group_fields
    return bool(fields) and all(one.get(name) == other.get(name) for name in fields)


def first_group(kind: Kind, case: Case) -> int:
    """How many rows the first object takes."""
    columns = [kind.by_field[name] for name in kind.group_fields]
    keys = [[case.cell(each, row).value for each in columns] for row in range(len(case.rows))]
    return next((row for row, key in enumerate(keys) if key != keys[0]), len(keys))


def chosen(kind: Kind) -> list[Mutation]:
    """Some slips first, the others from another place for every kind: together all are tried."""
    first = [each for each in MUTATIONS if each.name in ALWAYS]
    others = [each for each in MUTATIONS if each.name not in ALWAYS]
    start = list(KINDS).index(kind.name) * len(others) // len(KINDS)
    return first + others[start:] + others[:start]


def spoilt(kind: Kind, right: Path) -> Iterator[tuple[Mutation, str, Path]]:
    """Every mutation that can happen in this kind: it, the cell to be named, the file."""
    path = right.with_name("spoilt.xlsx")
    case: Case | None = None
    tried = 0
    for mutation in chosen(kind):
        case = case or Case.open(right, kind)
        try:
            cell = mutation.spoil(case)
        except NotApplicable:
            continue
        case.save(path)
        case = None
        yield mutation, cell, path
        tried += 1
        if tried == MOST_MUTATIONS:
            return


def refusal(kind: Kind, path: Path, place: Path) -> list[dict[str, str]]:
    """The problems ``fupin import`` lists; it must exit 1."""
    database = f"sqlite:///{place / 'fupin.db'}"
    actor = ("--actor", "R0175", "--on", "2021-03-31")
    said = fupin("import", kind.name, str(path), "--json", *actor, database=database)
    if said.code != 1:
        return []
    assert "未写入任何数据" in said.err, said.err
    problems: list[dict[str, str]] = json.loads(said.out)["problems"]
    return problems


def faults_of(problems: list[dict[str, str]], cell: str, expected: frozenset[str]) -> list[str]:
    found = [each for each in problems if each["name"] in expected]
    if not found:
        return [f"not refused for it; said {[(each['name'], each['cell']) for each in problems]}"]
    faults = []
    if cell and cell not in {each["cell"] for each in found}:
        faults.append(f"pointed at {[each['cell'] for each in found]}, not at {cell}")
    for each in problems:
        if cell and not each["sheet"]:
            faults.append("names no sheet")
        if not each["message"].endswith(("。", "？")) or not each["remedy"].endswith("。"):
            faults.append(f"no sentence: {each['message']!r} {each['remedy']!r}")
        if PERSONAL.search(each["text"] + each["message"] + each["remedy"]):
            faults.append(f"shows somebody's number: {each}")
    return faults


def test_every_slip_is_refused_by_the_command_and_nothing_is_written(
    kind: Kind, right: Path, place: Path
) -> None:
    database = f"sqlite:///{place / 'fupin.db'}"
    before = log_size(database)
    tried, faults = 0, []
    for mutation, cell, path in spoilt(kind, right):
        problems = refusal(kind, path, place)
        faults += [
            f"{mutation.name}: {each}" for each in faults_of(problems, cell, mutation.expected)
        ]
        tried += 1

    assert "\n".join(faults) == ""
    assert tried >= LEAST_MUTATIONS
    assert log_size(database) == before


def test_the_slips_that_are_always_tried_are_in_the_list() -> None:
    assert {each.name for each in MUTATIONS} >= ALWAYS


def test_a_reference_to_nothing_in_the_book_is_refused(
    kind: Kind, right: Path, place: Path
) -> None:
    database = f"sqlite:///{place / 'fupin.db'}"
    before = log_size(database)
    path = right.with_name("unknown.xlsx")
    accepted = []
    for column in kind.columns:
        if column.type not in UNKNOWN or (kind.name, column.field) in OWN:
            continue
        case = Case.open(right, kind)
        if column.field not in case.columns:
            continue
        shared = kind.group_fields and column.field not in kind.repeated
        for row in range(1 if not shared else first_group(kind, case)):
            case.write(column, UNKNOWN[column.type], row)
        cell = str(case.cell(column).coordinate)
        case.save(path)
        problems = refusal(kind, path, place)
        if not any(each["cell"] == cell for each in problems):
            accepted.append((column.field, [(each["name"], each["cell"]) for each in problems]))

    assert accepted == []
    assert log_size(database) == before


def test_the_refusal_without_json_is_one_line_for_each_problem(
    place: Path, small_walk: Path, tmp_path: Path
) -> None:
    path, marked = tmp_path / "funds.xlsx", tmp_path / "批注.xlsx"
    shutil.copyfile(small_walk / "表格" / "funds.xlsx", path)
    case = Case.open(path, KINDS["funds"])
    cell = case.write(KINDS["funds"].by_field["issued_fen"], "12O0.00")
    case.save(path)
    database = f"sqlite:///{place / 'fupin.db'}"

    said = fupin("import", "funds", str(path), "--annotate", str(marked), database=database)

    assert said.code == 1 and said.out == ""
    assert f" {cell}「12O0.00」" in said.err
    assert "未写入任何数据" in said.err
    assert marked.exists()


def test_a_dry_run_lists_the_problems_and_the_rows(
    place: Path, small_walk: Path, tmp_path: Path
) -> None:
    path = tmp_path / "funds.xlsx"
    shutil.copyfile(small_walk / "表格" / "funds.xlsx", path)
    case = Case.open(path, KINDS["funds"])
    cell = case.write(KINDS["funds"].by_field["issued_fen"], "约5万")
    case.save(path)
    database = f"sqlite:///{place / 'fupin.db'}"
    before = log_size(database)

    said = fupin("import", "funds", str(path), "--dry-run", "--json", database=database)

    answer = json.loads(said.out)
    assert said.code == 1
    assert answer["kind"] == "funds"
    assert {"sheet", "unit", "header_rows", "rows", "skipped", "totals"} <= set(answer["sheets"][0])
    assert next((each["cell"], each["name"]) for each in answer["problems"]) == (
        cell,
        "invalid-yuan",
    )
    assert log_size(database) == before
