"""How do many rows reach the database fast? Multi-row VALUES on SQLite, binary COPY on PostgreSQL.

Packed tables hold 64-bit integers only, so a whole slice is one block of bytes or one parameter
list; the ORM is not in the way. Callers hash the same arrays they hand in here.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlmodel import Session

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SQLITE_PARAMETERS = 30_000
COPY_ROWS = 250_000
_COPY_HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_COPY_TRAILER = b"\xff\xff"


def insert_packed(
    session: Session, table: str, names: Sequence[str], columns: Sequence["NDArray[np.int64]"]
) -> None:
    """Insert equal-length int64 columns into a packed table inside the session's transaction.

    依据: 内部约定 (one transaction for a distribution, memory flat by slices)
    """
    rows = len(columns[0])
    assert all(len(column) == rows for column in columns), "columns are of equal length"
    if rows == 0:
        return
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        _copy_binary(connection.connection.driver_connection, table, names, columns)
        return
    _insert_values(connection.connection.driver_connection, table, names, columns)


def _insert_values(
    raw: Any, table: str, names: Sequence[str], columns: Sequence["NDArray[np.int64]"]
) -> None:
    import numpy as np

    width = len(names)
    per_statement = max(1, SQLITE_PARAMETERS // width)
    rows = len(columns[0])
    head = f"INSERT INTO {table} ({', '.join(names)}) VALUES "
    one = "(" + ",".join("?" * width) + ")"
    full = head + ",".join([one] * per_statement)
    cursor = raw.cursor()
    try:
        for start in range(0, rows, per_statement):
            part = np.column_stack([c[start : start + per_statement] for c in columns])
            count = len(part)
            statement = full if count == per_statement else head + ",".join([one] * count)
            cursor.execute(statement, part.ravel().tolist())
    finally:
        cursor.close()


def _copy_binary(
    raw: Any, table: str, names: Sequence[str], columns: Sequence["NDArray[np.int64]"]
) -> None:
    import numpy as np

    fields: list[tuple[str, str]] = [("n", ">i2")]
    for place in range(len(names)):
        fields += [(f"l{place}", ">i4"), (f"v{place}", ">i8")]
    rows = len(columns[0])
    with (
        raw.cursor() as cursor,
        cursor.copy(f"COPY {table} ({', '.join(names)}) FROM STDIN (FORMAT BINARY)") as copy,
    ):
        copy.write(_COPY_HEADER)
        for start in range(0, rows, COPY_ROWS):
            count = min(COPY_ROWS, rows - start)
            block = np.empty(count, dtype=np.dtype(fields))
            block["n"] = len(names)
            for place, column in enumerate(columns):
                block[f"l{place}"] = 8
                block[f"v{place}"] = column[start : start + count]
            copy.write(block.tobytes())
        copy.write(_COPY_TRAILER)
