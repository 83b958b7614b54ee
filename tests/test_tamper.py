"""Is one changed cell found, whichever table it is in? On a copy of the demonstration's book.

As somebody with the file and SQL would: triggers dropped, cells changed, triggers put back or not.
Many tables are changed in one copy; the report must still name every table with its entry.
"""

import contextlib
import importlib.util
import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.walking import Said, copy_of, fupin

VERIFIER = Path(__file__).parents[1] / "reports" / "verifier" / "verify_book.py"
LEAST_TABLES = 60
NOTE = "检查点.txt"
INSTEAD_OF_NOTHING = {"text": "x", "day": "2020-01-01", "flag": 0, "bytes": b"x"}


@dataclass(frozen=True)
class Change:
    """One cell of one row of a table, and what is written over it."""

    table: str
    entry_id: int
    row_id: int
    column: str
    value: Any

    def __str__(self) -> str:
        return f"{self.table}.{self.column} of row {self.row_id}, entry {self.entry_id}"


@pytest.fixture
def book(demo: Path, tmp_path: Path) -> Path:
    """A copy of the demonstration's book in a folder with its keys and the note."""
    copy_of(demo, tmp_path, ("fupin.db", "keys", NOTE))
    return tmp_path / "fupin.db"


@pytest.fixture
def small_book(small_walk: Path, tmp_path: Path) -> Path:
    """A copy of the small district's book with a note cut for it."""
    database = copy_of(small_walk, tmp_path)
    said = fupin("trail", "digest", "--out", str(tmp_path / NOTE), database=database)
    assert said.code == 0, said.text
    return tmp_path / "fupin.db"


def shapes_of(book: Path) -> dict[str, list[tuple[str, str]]]:
    """LOGGED tables with rows: columns and their kinds, as the book itself says."""
    with contextlib.closing(sqlite3.connect(book)) as connection:
        newest = "SELECT descriptor FROM schema_version ORDER BY id DESC LIMIT 1"
        ((descriptor,),) = connection.execute(newest).fetchall()
        return {
            table: [(name, kind) for name, kind in shape["columns"]]
            for table, shape in json.loads(descriptor).items()
            if connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone()
        }


@contextlib.contextmanager
def by_hand(book: Path, *, put_back: bool) -> Iterator[sqlite3.Connection]:
    """The file opened past the program, its triggers dropped; they are put back or not."""
    with contextlib.closing(sqlite3.connect(book, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA ignore_check_constraints=ON")
        connection.execute("BEGIN")
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        triggers = connection.execute(query).fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        yield connection
        if put_back:
            for _, statement in triggers:
                connection.execute(statement)
        connection.execute("COMMIT")


def other(value: Any, kind: str) -> Any:
    """A value as near as possible and of the same kind: a fen, a letter, a day, a bit."""
    if value is None:
        return INSTEAD_OF_NOTHING.get(kind, 1)
    if kind == "flag":
        return 1 - value
    if kind == "day":
        return f"{value[:-1]}{(int(value[-1]) + 1) % 10}"
    if isinstance(value, bytes):
        return bytes([value[0] ^ 1]) + value[1:]
    if isinstance(value, int):
        return value + 1 if value < 2**62 else value - 1
    return f"{value} "


def change_a_cell(
    connection: sqlite3.Connection, table: str, column: str, kind: str, *, filled: bool = False
) -> Change | None:
    """Change one cell of a row in the middle of the table; None where no row can be changed."""
    where = f"WHERE {column} IS NOT NULL" if filled else ""
    count = connection.execute(f"SELECT count(*) FROM {table} {where}").fetchone()[0]
    row = connection.execute(
        f"SELECT id, entry_id, {column} FROM {table} {where} ORDER BY id LIMIT 1 OFFSET {count // 2}"
    ).fetchone()
    if row is None:
        return None
    row_id, entry_id, value = row
    new = other(value, kind)
    for attempt in (new, other(new, kind), 987_654_321):
        try:
            connection.execute(f"UPDATE {table} SET {column} = ? WHERE id = ?", (attempt, row_id))
        except sqlite3.IntegrityError:
            continue
        return Change(table, entry_id, row_id, column, attempt)
    return None


def verify(book: Path) -> set[tuple[str, int]]:
    """(table, entry) of every fault that ``fupin trail verify --against NOTE`` names."""
    said = verify_command(book, "--json")
    assert said.code == 1, said.text
    return {(each["table"], each["entry"]) for each in json.loads(said.out)["faults"]}


def verify_command(book: Path, *options: str) -> Said:
    note = str(book.with_name(NOTE))
    return fupin("trail", "verify", "--against", note, *options, database=f"sqlite:///{book}")


def missed(changes: Sequence[Change], found: set[tuple[str, int]]) -> str:
    return "\n".join(str(each) for each in changes if (each.table, each.entry_id) not in found)


def test_the_untouched_book_agrees_with_the_note(demo: Path, book: Path) -> None:
    said = verify_command(book)

    assert said.code == 0, said.text
    assert "一致，未发现改动" in said.out and "与外部检查点一致" in said.out
    assert len(shapes_of(book)) >= LEAST_TABLES


@pytest.mark.parametrize("kind", ["fen", "id", "int", "day", "text", "flag", "bytes"])
def test_a_changed_cell_of_each_kind_is_named_in_every_table(book: Path, kind: str) -> None:
    changes = []
    with by_hand(book, put_back=True) as connection:
        for table, columns in shapes_of(book).items():
            chosen = [name for name, each in columns if each == kind and name not in ROW_KEYS]
            for name in chosen:
                change = change_a_cell(connection, table, name, kind, filled=True)
                if change is not None:
                    changes.append(change)
                    break

    assert changes
    assert missed(changes, found := verify(book)) == ""
    # What SQLite itself finds out of place (a value no constraint allows) may be told besides.
    assert {table for table, _ in found} <= {each.table for each in changes} | {"数据库文件"}


ROW_KEYS = {"id", "entry_id"}


def test_every_logged_table_with_rows_is_named_when_the_triggers_stay_away(book: Path) -> None:
    shapes = shapes_of(book)
    with by_hand(book, put_back=False) as connection:
        changes = [
            change
            for table, columns in shapes.items()
            for name, kind in columns[-1:]
            if (change := change_a_cell(connection, table, name, kind)) is not None
        ]

    assert {each.table for each in changes} == set(shapes)
    found = verify(book)
    assert missed(changes, found) == ""
    assert ("keep_log_update", 0) in found  # the missing triggers are told as well


def test_every_column_of_every_table_is_covered(small_book: Path, tmp_path: Path) -> None:
    shapes = shapes_of(small_book)
    copy = tmp_path / "changed" / "fupin.db"
    for place in range(max(len(columns) for columns in shapes.values())):
        copy_of(tmp_path, copy.parent, ("fupin.db", "keys", NOTE))
        with by_hand(copy, put_back=True) as connection:
            changes = [
                change
                for table, columns in shapes.items()
                for name, kind in columns[place : place + 1]
                if (change := change_a_cell(connection, table, name, kind)) is not None
            ]
        assert missed(changes, verify(copy)) == ""


@pytest.mark.parametrize(
    "table", ["asset_fact", "voucher_line", "allocation", "person_version", "decision", "request"]
)
def test_a_single_changed_cell_is_the_only_thing_named(small_book: Path, table: str) -> None:
    name, kind = next(each for each in reversed(shapes_of(small_book)[table]))
    with by_hand(small_book, put_back=True) as connection:
        change = change_a_cell(connection, table, name, kind)

    assert change is not None
    assert verify(small_book) == {(table, change.entry_id)}
    said = verify_command(small_book)
    assert f"不一致：表 {table}，第{change.entry_id}号记录：内容与记录时的摘要不符" in said.out


@pytest.mark.parametrize("column", ["header", "manifest", "leaf"])
def test_a_changed_cell_of_the_log_itself_is_named(small_book: Path, column: str) -> None:
    with by_hand(small_book, put_back=True) as connection:
        ((value,),) = connection.execute(f"SELECT {column} FROM log WHERE id = 100").fetchall()
        changed = bytes([*value[:-1], value[-1] ^ 1])
        connection.execute(f"UPDATE log SET {column} = ? WHERE id = 100", (changed,))

    assert ("log", 100) in verify(small_book)


def test_a_book_whose_end_was_cut_off_disagrees_with_the_note(
    small_book: Path,
) -> None:
    with by_hand(small_book, put_back=True) as connection:
        ((size,),) = connection.execute("SELECT size FROM checkpoint ORDER BY id DESC LIMIT 1")
        for table in shapes_of(small_book):
            connection.execute(f"DELETE FROM {table} WHERE entry_id >= ?", (size,))
        connection.execute("DELETE FROM log WHERE id >= ?", (size,))

    assert verify(small_book) == {("log", size - 1)}
    assert f"检查点记有{size}条记录，账本只剩{size - 1}条" in verify_command(small_book).out


def test_check_finds_what_verify_finds(small_book: Path) -> None:
    with by_hand(small_book, put_back=False) as connection:
        change = change_a_cell(connection, "asset_fact", "title", "text")

    assert change is not None
    said = fupin("check", database=f"sqlite:///{small_book}")
    assert said.code == 1
    assert f"表asset_fact第{change.entry_id}号记录" in said.out


# --- the verifier that knows nothing of the program --------------------------------------------


def loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("verify_book", VERIFIER)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_auditors_own_verifier_passes_the_demonstration(book: Path) -> None:
    command = [sys.executable, "-I", str(VERIFIER), str(book), "--note", str(book.with_name(NOTE))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout
    assert "发现 0 处问题" in done.stdout


def test_the_auditors_own_verifier_names_every_table_too(book: Path) -> None:
    shapes = shapes_of(book)
    with by_hand(book, put_back=True) as connection:
        changes = [
            change
            for table, columns in shapes.items()
            for name, kind in [columns[2] if len(columns) > 2 else columns[-1]]
            if table != "schema_version"  # this verifier reads the shape of the tables there
            and (change := change_a_cell(connection, table, name, kind)) is not None
        ]

    found: list[str] = []
    with contextlib.closing(sqlite3.connect(book)) as connection:
        connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
        loaded().check(connection, book.with_name(NOTE).read_text(encoding="utf-8"), "", found)
    assert len(changes) >= LEAST_TABLES - 5
    silent = [
        str(each)
        for each in changes
        if not any(line.startswith(f"表 {each.table} 记录 {each.entry_id}：") for line in found)
    ]
    assert silent == []
