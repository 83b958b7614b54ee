"""How would somebody with the file and SQL go about it? Triggers dropped, cells changed, put back.

``by_hand`` opens a book past the program, on either database; ``other`` is a value as near as
possible to the one that stood there.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, Table, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from assets.trail.schema import all_guard_statements, logged_tables


@contextmanager
def by_hand(url: str) -> Iterator[Connection]:
    """A connection without triggers and foreign keys; everything is put back and committed."""
    engine = create_engine(url, poolclass=NullPool)
    sqlite = make_url(url).get_backend_name() == "sqlite"
    try:
        with engine.connect() as connection:
            if sqlite:
                connection.exec_driver_sql("PRAGMA synchronous=OFF")
                connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
                connection.exec_driver_sql("PRAGMA ignore_check_constraints=ON")
                for name in all_guard_statements("sqlite"):
                    connection.exec_driver_sql(f"DROP TRIGGER {name}")
            else:
                for table in ("log", *(each.name for each in logged_tables())):
                    connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
            yield connection
            if sqlite:
                for statement in all_guard_statements("sqlite").values():
                    connection.exec_driver_sql(statement)
            else:
                _enable(connection)
            connection.commit()
    finally:
        engine.dispose()


def _enable(connection: Connection) -> None:
    for table in ("log", *(each.name for each in logged_tables())):
        connection.exec_driver_sql(f"ALTER TABLE {table} ENABLE TRIGGER ALL")
    for name, statement in all_guard_statements("postgresql").items():
        table = statement.split(" ON ", 1)[1].split()[0]
        connection.exec_driver_sql(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


def rows_of(connection: Connection, table: str, where: str = "true", **values: Any) -> list[Any]:
    """Rows of a table by id."""
    query = text(f"SELECT * FROM {table} WHERE {where} ORDER BY id")
    return list(connection.execute(query, values).mappings())


def filled_tables(connection: Connection) -> list[Table]:
    """LOGGED tables with at least one row."""
    return [
        each
        for each in logged_tables()
        if connection.exec_driver_sql(f"SELECT 1 FROM {each.name} LIMIT 1").first()
    ]


def other(value: Any) -> Any:
    """Another value of the same kind: a fen, a day, a bit, a blank at the end."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1 if value < 2**62 else value - 1
    if isinstance(value, date):
        return value + timedelta(days=1)
    if isinstance(value, (bytes, memoryview)):
        raw = bytes(value)
        return bytes([raw[0] ^ 1]) + raw[1:]
    return f"{value} "
