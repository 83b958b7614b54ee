"""How does a fact enter the book? Every row belongs to one entry of one gapless log.

``with entry(session, act, kind, object) as e: e.add(row); e.bulk(Table, columns)`` takes the head
lock first, gives the rows their numbers, and writes the log row last: header and manifest as
canonical bytes, and the leaf over both. The manifest has one digest per table over this entry's
rows in id order. Reading it all back is ``verify``'s work.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Table, func, insert, text, update
from sqlmodel import Session, select

from assets.errors import AlreadyDone, KeyConflict
from assets.models.trail import BookRecord, Log, LogHead, Request
from assets.trail.bulk import insert_packed
from assets.trail.desk import Act, Desk, digest_of
from assets.trail.encoding import header_bytes, leaf, manifest_bytes, packed_block, row_encoder
from assets.trail.merkle import Frontier

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FORMAT_VERSION = 1
Row = TypeVar("Row")


def desk_of(session: Session) -> Desk:
    """The desk this session writes at; a read-only session has none."""
    desk = session.info.get("desk")
    assert isinstance(desk, Desk), "the session was opened for reading only"
    return desk


def _insert_columns(session: Session, table: Table, columns: Sequence[Sequence[Any]]) -> None:
    """Write rows given column by column, in the order of the table's columns.

    On SQLite the values go to the driver as they are stored: naming every value of every row, as a
    general statement does, took as long as storing them.
    """
    dialect = session.connection().dialect
    if dialect.name != "sqlite":
        names = [column.name for column in table.columns]
        rows = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
        session.execute(insert(table), rows)
        return
    stored: list[Sequence[Any]] = []
    for column, values in zip(table.columns, columns, strict=True):
        process = column.type.dialect_impl(dialect).bind_processor(dialect)
        stored.append(values if process is None else list(map(process, values)))
    quoted = dialect.identifier_preparer
    named = ", ".join(quoted.format_column(column) for column in table.columns)
    holes = ", ".join("?" * len(columns))
    statement = f"INSERT INTO {quoted.format_table(table)} ({named}) VALUES ({holes})"
    session.connection().exec_driver_sql(statement, list(zip(*stored, strict=True)))


class Entry:
    """One entry being written; only ``entry`` makes it."""

    def __init__(self, session: Session, entry_id: int, act: Act, recorder: str, now_us: int):
        self.session = session
        self.id = entry_id
        self.act = act
        self.recorder = recorder
        self.recorded_at_us = now_us
        self._next: dict[str, int] = {}
        self._rows: dict[str, list[Any]] = {}
        self._digests: dict[str, Any] = {}
        self._counts: dict[str, int] = {}
        self._versions: dict[str, int] = {}
        self._pending: set[str] = set()

    def next_id(self, model: type[Any], count: int = 1) -> int:
        """Reserve row numbers of a table under the head lock; returns the first."""
        table: Table = model.__table__
        if table.name not in self._next:
            highest = self.session.exec(select(func.max(table.c.id))).one()
            self._next[table.name] = (highest or 0) + 1
        first = self._next[table.name]
        self._next[table.name] = first + count
        return first

    def add(self, row: Row) -> Row:
        """Give a row its number and this entry, and write it; the row is returned."""
        model: Any = type(row)
        assert model.__trail__ == "LOGGED" and not model.__packed__, "text tables only"
        assert model.__tablename__ not in self._digests, "a table is added to or written in bulk"
        record: Any = row
        record.id = self.next_id(model)
        record.entry_id = self.id
        self._rows.setdefault(model.__tablename__, []).append(record)
        self._versions[model.__tablename__] = model.__table_version__
        self._flush_parents(model.__table__)
        self.session.add(record)
        self._pending.add(model.__tablename__)
        return row

    def _flush_parents(self, table: Table) -> None:
        """Without relationships the ORM does not know which table's rows must go first."""
        parents = {key.column.table.name for key in table.foreign_keys}
        if parents & self._pending:
            self.session.flush()
            self._pending.clear()

    def add_all(self, rows: Iterable[Row]) -> list[Row]:
        """Add several rows in order."""
        return [self.add(row) for row in rows]

    def insert(self, model: type[Any], rows: Sequence[Mapping[str, Any]]) -> list[int]:
        """Write many rows of a text table given as mappings, without the ORM; returns their ids.

        Columns left out are NULL; defaults of the model do not apply.
        """
        assert model.__trail__ == "LOGGED" and not model.__packed__, "text tables only"
        if not rows:
            return []
        table: Table = model.__table__
        assert table.name not in self._rows, "a table is added to or written in bulk"
        names = [column.name for column in table.columns]
        first = self.next_id(model, len(rows))
        assert all(row.keys() <= set(names) for row in rows), "only columns of the table"
        count = len(rows)
        columns: list[Sequence[Any]] = [[row.get(name) for row in rows] for name in names]
        columns[names.index("id")] = range(first, first + count)
        columns[names.index("entry_id")] = [self.id] * count
        self.session.flush()
        _insert_columns(self.session, table, columns)
        encoded = map(row_encoder(names), zip(*columns, strict=True))
        self._absorb(table.name, model.__table_version__, encoded, count)
        return list(range(first, first + count))

    def bulk(self, model: type[Any], columns: Mapping[str, "NDArray[np.int64]"]) -> int:
        """Write int64 columns (all but id and entry_id) of a packed table; returns the first id.

        Shape: equal-length one-dimensional arrays; may be called again for the next slice.
        """
        import numpy as np

        assert model.__packed__, "packed tables only"
        table: Table = model.__table__
        names = [column.name for column in table.columns]
        rows = len(next(iter(columns.values())))
        first = self.next_id(model, rows)
        given = {
            **columns,
            "id": np.arange(first, first + rows, dtype=np.int64),
            "entry_id": np.full(rows, self.id, dtype=np.int64),
        }
        assert set(given) == set(names), "every column is given, none is unknown"
        arrays = [np.ascontiguousarray(given[name], dtype=np.int64) for name in names]
        if rows:
            insert_packed(self.session, table.name, names, arrays)
            self._absorb(table.name, model.__table_version__, [packed_block(arrays)], rows)
        return first

    def _absorb(self, name: str, version: int, chunks: Iterable[bytes], count: int) -> None:
        digest = self._digests.setdefault(name, hashlib.sha256())
        for chunk in chunks:
            digest.update(chunk)
        self._counts[name] = self._counts.get(name, 0) + count
        self._versions[name] = version

    def manifest(self) -> bytes:
        """The manifest over everything added so far."""
        for name, rows in self._rows.items():
            table: Table = type(rows[0]).__table__
            names = [column.name for column in table.columns]
            encode = row_encoder(names)
            self._absorb(
                name,
                self._versions[name],
                (encode([getattr(row, column) for column in names]) for row in rows),
                len(rows),
            )
        self._rows = {}
        return manifest_bytes(
            [name, self._versions[name], self._counts[name], digest.hexdigest()]
            for name, digest in self._digests.items()
        )


def lock_head(session: Session) -> LogHead:
    """Lock the head of the log; from here on this transaction is the only writer.

    依据: 内部约定 (numbers are given out under one lock)
    """
    if session.connection().dialect.name == "postgresql":
        session.execute(text("SELECT id FROM log_head FOR UPDATE"))
    head = session.get(LogHead, 1, populate_existing=True)
    if head is None:
        head = LogHead(id=1, size=0, frontier=Frontier(0, []).to_json(), last_us=0)
        session.add(head)
        session.flush()
    return head


def derived_key(act: Act, kind: str, obj: str, stage: str) -> str:
    """The idempotency key of an act: given, or from kind, object, stage and inputs.

    依据: 内部约定 (the same act twice is one act)
    """
    if act.key:
        return f"{act.key}/{kind}/{obj}/{stage}"
    return f"{kind}/{obj}/{stage}/{act.inputs[:32]}"


def find_request(session: Session, key: str) -> Request | None:
    """The request recorded under a key, if any."""
    return session.exec(select(Request).where(Request.idem_key == key)).one_or_none()


@contextmanager
def entry(
    session: Session, act: Act, kind: str, obj: str, *, stage: str = "", what: str = ""
) -> Iterator[Entry]:
    """Write one entry: head lock, rows, log row. The caller's transaction decides its fate.

    ``kind`` is the kind of fact (``title-confirm``), ``obj`` the code of the object, ``stage``
    tells repeated acts on one object apart, ``what`` is the Chinese name for 已办理.

    Raises:
        AlreadyDone: The same act was recorded before.
        KeyConflict: The given key was used for other content.

    依据: 内部约定 (one act, one key, one entry)
    """
    desk = desk_of(session)
    head = lock_head(session)
    key = derived_key(act, kind, obj, stage)
    request_sha256 = digest_of(act.command, kind, obj, stage, act.inputs, act.actor)
    _refuse_repetition(
        session, key, request_sha256, what or f"{act.command} {obj}", given=bool(act.key)
    )
    now_us = max(head.last_us + 1, desk.clock())
    written = Entry(session, head.size + 1, act, desk.recorder, now_us)
    yield written
    written.add(Request(idem_key=key, request_sha256=request_sha256, command=act.command))
    session.flush()
    _seal(session, head, written, kind, obj, key, request_sha256)


def _refuse_repetition(
    session: Session, key: str, request_sha256: str, what: str, *, given: bool
) -> None:
    before = find_request(session, key)
    if before is None:
        return
    if given and before.request_sha256 != request_sha256:
        raise KeyConflict(key, before.entry_id)
    raise AlreadyDone(what, before.entry_id)


def _seal(
    session: Session,
    head: LogHead,
    written: Entry,
    kind: str,
    obj: str,
    key: str,
    request_sha256: str,
) -> None:
    header = header_bytes(
        {
            "v": FORMAT_VERSION,
            "id": written.id,
            "book": book_code(session),
            "kind": kind,
            "recorded_at_us": written.recorded_at_us,
            "actor": written.act.actor,
            "recorder": written.recorder,
            "command": written.act.command,
            "idem_key": key,
            "request_sha256": request_sha256,
            "object": obj,
        }
    )
    manifest = written.manifest()
    leaf_hash = leaf(header, manifest)
    frontier = Frontier.from_json(head.frontier)
    frontier.append(leaf_hash)
    assert frontier.size == written.id, "leaf index + 1 is the entry's number"
    session.execute(
        insert(Log.__table__),  # type: ignore[attr-defined]
        {"id": written.id, "header": header, "manifest": manifest, "leaf": leaf_hash},
    )
    session.execute(
        update(LogHead.__table__).values(  # type: ignore[attr-defined]
            size=written.id, frontier=frontier.to_json(), last_us=written.recorded_at_us
        )
    )
    session.expire(head)


def book_code(session: Session) -> str:
    """The code of the book; empty before the first entry is complete."""
    code = session.info.get("book")
    if code is None:
        code = session.exec(select(BookRecord.code)).one_or_none() or ""
        if code:
            session.info["book"] = code
    return str(code)


def size(session: Session) -> int:
    """The number of entries in the log."""
    return int(session.exec(select(func.count()).select_from(Log)).one())
