"""Which tables are in the auditor's pack, and what does each field mean? CSV, schema, dictionary, XLSX.

The tables are data (``pack_tables.toml``): a query and the meaning of its fields in Chinese. The
same rows feed the CSV files and the workbook.
"""

import csv
import hashlib
import json
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, text
from sqlmodel import Session, select

from assets.columns import Day
from assets.models import BookRecord

FILE = Path(__file__).with_name("pack_tables.toml")
SLICE_ROWS = 20_000
SHEET_ROWS_MAX = 1_048_575
EXACT_MAX = 2**53
"""From here on a spreadsheet's number loses digits; the cell is written as text."""

KINDS = {
    "text": ("string", "文本"),
    "whole": ("integer", "整数"),
    "day": ("date", "日期"),
    "flag": ("boolean", "是否"),
}


@dataclass(frozen=True)
class PackField:
    """One field: its name in the CSV, its kind, what it means."""

    name: str
    kind: str
    meaning: str


@dataclass(frozen=True)
class PackTable:
    """One table of the pack; the first field names the row."""

    name: str
    title: str
    query: str
    fields: tuple[PackField, ...]


@cache
def tables() -> tuple[PackTable, ...]:
    """All tables of the pack in their order.

    依据: ISO 21378:2019; 内部约定 (the district's auditors take CSV, workbook and dictionary)
    """
    rows = tomllib.loads(FILE.read_text(encoding="utf-8"))["table"]
    return tuple(
        PackTable(
            row["name"],
            row["title"],
            row["query"],
            tuple(PackField(*field) for field in row["fields"]),
        )
        for row in rows
    )


def rows_of(
    session: Session, table: PackTable, year: int, on: date
) -> Iterator[list[list[str | int]]]:
    """The rows of a table in slices, every cell as it stands in the CSV ('' for none)."""
    values = {"year": year, "on": on}
    used = {name: value for name, value in values.items() if re.search(rf":{name}\b", table.query)}
    days = [bindparam(name, type_=Day()) for name in used if name == "on"]
    statement = text(table.query).bindparams(*days).execution_options(yield_per=SLICE_ROWS)
    flags = [field.kind == "flag" for field in table.fields]
    for part in session.execute(statement, used).partitions():
        yield [[_cell(value, flag) for value, flag in zip(row, flags, strict=True)] for row in part]


def _cell(value: Any, flag: bool) -> str | int:
    if value is None:
        return ""
    if flag:
        return "true" if value else "false"
    return value if isinstance(value, int) else str(value)


def write_csv(session: Session, folder: Path, year: int, on: date) -> dict[str, int]:
    """Write every table, the schema and the dictionary; returns table → number of rows.

    依据: ISO 21378:2019; 内部约定 (plain text, typed, digested)
    """
    folder.mkdir(parents=True, exist_ok=True)
    counts = {}
    for table in tables():
        count = 0
        with (folder / f"{table.name}.csv").open("w", encoding="utf-8-sig", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\r\n")
            writer.writerow([field.name for field in table.fields])
            for part in rows_of(session, table, year, on):
                writer.writerows(part)
                count += len(part)
        counts[table.name] = count
    _write_dictionary(folder)
    _write_schema(session, folder, year, on, counts)
    return counts


def _write_dictionary(folder: Path) -> None:
    with (folder / "数据字典.csv").open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\r\n")
        writer.writerow(["文件", "表", "序号", "字段", "类型", "含义"])
        for table in tables():
            for number, field in enumerate(table.fields, start=1):
                kind = KINDS[field.kind][1]
                writer.writerow(
                    [f"{table.name}.csv", table.title, number, field.name, kind, field.meaning]
                )


def _write_schema(
    session: Session, folder: Path, year: int, on: date, counts: dict[str, int]
) -> None:
    book = session.exec(select(BookRecord)).one()
    package = {
        "name": f"fupin-{book.code}-{year}",
        "title": f"{book.title}：{year}年审计数据",
        "profile": "tabular-data-package",
        "through": on.isoformat(),
        "resources": [_resource(folder, table, counts[table.name]) for table in tables()],
    }
    said = json.dumps(package, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    (folder / "datapackage.json").write_text(said, encoding="utf-8")


def _resource(folder: Path, table: PackTable, rows: int) -> dict[str, Any]:
    path = folder / f"{table.name}.csv"
    return {
        "name": table.name,
        "title": table.title,
        "path": path.name,
        "profile": "tabular-data-resource",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": path.stat().st_size,
        "hash": f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}",
        "row_count": rows,
        "schema": {
            "fields": [
                {"name": field.name, "type": KINDS[field.kind][0], "description": field.meaning}
                for field in table.fields
            ],
            "missingValues": [""],
        },
    }


def write_workbook(session: Session, path: Path, year: int, on: date) -> None:
    """Write the tables as one workbook: a sheet each, Chinese heads, codes as text.

    依据: 内部约定 (whoever works in a spreadsheet finds the same rows)
    """
    import xlsxwriter  # type: ignore[import-untyped]

    book = xlsxwriter.Workbook(
        str(path),
        {"constant_memory": True, "strings_to_numbers": False, "strings_to_urls": False},
    )
    bold = book.add_format({"bold": True})
    for table in tables():
        sheet = book.add_worksheet(table.title)
        sheet.freeze_panes(1, 1)
        sheet.set_column(0, len(table.fields) - 1, 16)
        for place, field in enumerate(table.fields):
            sheet.write_string(0, place, field.meaning, bold)
        number = 0
        for part in rows_of(session, table, year, on):
            for row in part[: SHEET_ROWS_MAX - number]:
                number += 1
                _write_row(sheet, number, row)
    book.close()


def _write_row(sheet: Any, number: int, row: Sequence[str | int]) -> None:
    for place, value in enumerate(row):
        if isinstance(value, int) and abs(value) < EXACT_MAX:
            sheet.write_number(number, place, value)
        elif value != "":
            sheet.write_string(number, place, str(value))
