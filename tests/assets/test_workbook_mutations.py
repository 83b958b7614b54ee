"""Every slip on every kind of workbook is refused: where, what, why, and what to do."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from assets.workbook.cells import Parser, read_column
from assets.workbook.kinds import KINDS, ColumnType, Kind
from assets.workbook.parsed import Parsed
from assets.workbook.places import NameList
from assets.workbook.reading import read_workbook
from assets.workbook.writing import write_rows
from ledger import bankcard, idnumber
from tests.assets.workbook_mutations import MUTATIONS, VALID_ID, Case, NotApplicable

PLACES = NameList(
    {"440203102000": "龙归镇", "440203104000": "重阳镇"},
    {
        "440203102001": "龙归社区居民委员会",
        "440203102204": "龙归村村民委员会",
        "440203102206": "龙安村村民委员会",
        "440203102218": "方田村村民委员会",
        "440203104203": "重阳村村民委员会",
    },
)
PARSERS: Mapping[ColumnType, Parser] = {
    ColumnType.ID: lambda text: str(idnumber.parse(text)),
    ColumnType.CARD: lambda text: str(bankcard.parse(text)),
}
IDS = (VALID_ID, "440203195103059991", "440203195203050003")
ROWS = 3
LEAST_MUTATIONS = 30


def example_rows(kind: Kind) -> list[dict[str, Any]]:
    """Three right rows of a kind, from the examples of its template."""
    keys = {name for key in (*kind.keys, kind.group_fields) for name in key}
    rows = []
    for number in range(ROWS):
        row: dict[str, Any] = {}
        for column in kind.columns:
            text = column.example
            if column.type is ColumnType.ID:
                text = IDS[number]
            elif text and number and column.field in keys:
                text = _numbered(column.type, text, number)
            reading = read_column(column, [text], parsers=PARSERS)
            assert not reading.rejected, (kind.name, column.field, reading.rejected)
            if reading.values[0] is not None:
                row[column.field] = reading.values[0]
        rows.append(row)
    return rows


def _numbered(kind: ColumnType, text: str, number: int) -> str:
    """The same key with its last digits counted up; words and places stay."""
    if kind not in (ColumnType.CODE, ColumnType.DIVISION, ColumnType.DOCUMENT, ColumnType.INT):
        return text
    return re.sub(
        r"(\d+)(\D*)$", lambda found: f"{int(found[1]) + number:0{len(found[1])}d}{found[2]}", text
    )


def read(path: Path, kind: Kind) -> Parsed:
    return read_workbook(path, kind, lookup=PLACES, parsers=PARSERS)


@pytest.fixture(params=list(KINDS))
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


@pytest.fixture
def right(kind: Kind, tmp_path: Path) -> Path:
    path = tmp_path / "right.xlsx"
    write_rows(kind, example_rows(kind), path)
    return path


def test_the_unspoilt_workbook_has_no_problem(kind: Kind, right: Path) -> None:
    parsed = read(right, kind)

    assert parsed.problems == []
    assert len(list(parsed.rows)) == ROWS


def test_every_slip_is_refused_with_place_reason_and_remedy(
    kind: Kind, right: Path, tmp_path: Path
) -> None:
    spoilt = tmp_path / "spoilt.xlsx"
    applied, failures = 0, []
    case: Case | None = None
    for mutation in MUTATIONS:
        case = case or Case.open(right, kind)
        try:
            cell = mutation.spoil(case)
        except NotApplicable:
            continue
        case.save(spoilt)
        case = None
        applied += 1
        failures += [
            f"{mutation.name}: {failure}"
            for failure in _failures(read(spoilt, kind), cell, mutation.expected)
        ]

    assert "\n".join(failures) == ""
    assert applied >= LEAST_MUTATIONS


def _failures(parsed: Parsed, cell: str, expected: frozenset[str]) -> list[str]:
    found = [problem for problem in parsed.problems if problem.name in expected]
    if not found:
        return [f"not refused; said {[(each.name, each.cell) for each in parsed.problems]}"]
    failures = []
    if cell and cell not in {problem.cell for problem in found}:
        failures.append(f"pointed at {[each.cell for each in found]}, not at {cell}")
    for problem in parsed.problems:
        if not (problem.message.endswith(("。", "？")) and problem.remedy.endswith("。")):
            failures.append(f"no sentence: {problem.message!r} {problem.remedy!r}")
        if VALID_ID[:17] in "".join(problem.as_json().values()):
            failures.append(f"shows an ID: {problem}")
        if cell and not problem.sheet:
            failures.append("names no sheet")
    return failures


def test_a_list_of_problems_never_shows_a_number_of_a_person(tmp_path: Path) -> None:
    path = tmp_path / "people.xlsx"
    households = KINDS["households"]
    rows = example_rows(households)
    write_rows(households, rows, path)
    case = Case.open(path, households)
    case.write(households.by_field["id_number"], IDS[0][:-1] + "5")
    case.write(households.by_field["card_no"], "6228480000000003021X")
    case.write(households.by_field["household_phone"], "13800138000a")
    case.write(households.by_field["name"], "张三丰9")
    case.save(path)

    shown = str([problem.as_json() for problem in read(path, households).problems])

    assert len(read(path, households).problems) == 4
    for secret in (IDS[0][:16], "622848", "13800138000", "张三丰"):
        assert secret not in shown
