"""How does a book leave for somebody without this program? As one SQLite file without keys.

Every LOGGED row, the log and what is derived are copied row by row, whatever the database; tables
of keys, look-up hashes and file contents stay empty. The guards are put in last, so that the copy
is append-only like its original and the stand-alone verifier finds all it asks for.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Table, text
from sqlalchemy import select as rows_of
from sqlalchemy.dialects import sqlite as dialect
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlmodel import Session, SQLModel

import ledger.models  # noqa: F401  (with the register's, the full set of tables)
from assets.columns import Day, Flag
from assets.errors import Refused
from assets.trail.schema import all_guard_statements, trail_of

SLICE_ROWS = 20_000


def copy_book(session: Session, out: Path) -> dict[str, int]:
    """Copy the book into a new SQLite file; returns table → number of rows.

    Raises:
        Refused: The file exists.

    依据: 审计法 (electronic data and documents are handed over); 个人信息保护法 (no keys leave)
    """
    if out.exists():
        raise Refused(f"文件 {out} 已存在，未作改动。请换一个文件名。")
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(f".{out.name}.partial")
    partial.unlink(missing_ok=True)
    with closing(sqlite3.connect(partial, isolation_level=None)) as book:
        book.execute("PRAGMA journal_mode=OFF")
        book.execute("PRAGMA synchronous=OFF")
        book.execute("BEGIN")
        counts = {table.name: _copy_table(session, book, table) for table in _tables()}
        _copy_revision(session, book)
        for statement in all_guard_statements("sqlite").values():
            book.execute(statement)
        book.execute("COMMIT")
        book.execute("PRAGMA journal_mode=DELETE")
    partial.replace(out)
    return counts


def _tables() -> list[Table]:
    return [SQLModel.metadata.tables[name] for name in sorted(SQLModel.metadata.tables)]


def _copy_table(session: Session, book: sqlite3.Connection, table: Table) -> int:
    said = dialect.dialect()
    book.execute(str(CreateTable(table).compile(dialect=said)))
    for index in sorted(table.indexes, key=lambda each: str(each.name)):
        book.execute(str(CreateIndex(index).compile(dialect=said)))
    if trail_of(table) == "VAULT":
        return 0
    places = ", ".join("?" * len(table.columns))
    names = ", ".join(column.name for column in table.columns)
    put = f"INSERT INTO {table.name} ({names}) VALUES ({places})"
    count = 0
    for rows in _slices(session, table):
        book.executemany(put, rows)
        count += len(rows)
    return count


def _slices(session: Session, table: Table) -> Iterator[list[tuple[Any, ...]]]:
    """The rows of a table in key order, as SQLite stores them."""
    writers: list[Callable[[Any], Any] | None] = [
        _iso if isinstance(column.type, Day) else _bit if isinstance(column.type, Flag) else None
        for column in table.columns
    ]
    plain = not any(writers)
    order = list(table.primary_key.columns)
    result = session.execute(
        rows_of(table).order_by(*order).execution_options(yield_per=SLICE_ROWS)
    )
    for part in result.partitions():
        if plain:
            yield [tuple(row) for row in part]
        else:
            yield [
                tuple(
                    value if write is None or value is None else write(value)
                    for value, write in zip(row, writers, strict=True)
                )
                for row in part
            ]


def _iso(value: date) -> str:
    return value.isoformat()


def _bit(value: bool) -> int:
    return int(value)


def _copy_revision(session: Session, book: sqlite3.Connection) -> None:
    """The migration the tables stand at, so that the program opens the copy too."""
    revision = session.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    book.execute(
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
        "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
    )
    book.execute("INSERT INTO alembic_version VALUES (?)", (revision,))
