"""Was anything changed since? Reads the whole book once and names table and entry of every fault.

One scan per LOGGED table in (entry_id, id) order compares digests with the manifests; then leaves,
root, stored checkpoints, and consistency with a NOTE from outside. The NOTE is the only level an
owner of the file cannot fake; everything else guards against accidents and outsiders.
"""

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Table, func, text
from sqlalchemy import select as rows_of
from sqlmodel import Session, col, select

from assets.columns import Flag
from assets.errors import FupinError
from assets.models.trail import BookRecord, Checkpoint, Log, LogHead
from assets.trail import checkpoint as notes
from assets.trail.encoding import leaf, packed_block, row_encoder
from assets.trail.merkle import Frontier
from assets.trail.schema import altered_columns, altered_guards, logged_tables, model_of

SLICE_ROWS = 50_000
LOWEST = -(2**63)
"""Scans start below every number a row can have, so that none hides under zero."""


@dataclass(frozen=True)
class Fault:
    """One thing that does not agree: table ('log' for the log itself), entry, Chinese sentence."""

    table: str
    entry_id: int
    message: str


@dataclass
class Verdict:
    """What verification found: entries, rows, root, and every fault."""

    size: int = 0
    rows: int = 0
    root: bytes = b""
    faults: list[Fault] = field(default_factory=list)
    covered_by_note: int = 0

    @property
    def is_clean(self) -> bool:
        """Nothing disagrees."""
        return not self.faults


def verify(session: Session, *, note: str | None = None, quick: bool = False) -> Verdict:
    """Check the whole book, or with ``quick`` only the log, its leaves and checkpoints.

    ``note`` is the text of a checkpoint kept outside. Every fault is listed, not just the first.

    依据: 会计法; RFC 9162 (a changed, removed, inserted, swapped or cut-off fact shows)
    """
    verdict = Verdict()
    _read_bytes_as_they_are(session)
    leaves, manifests = _read_log(session, verdict)
    if not quick:
        for table in logged_tables():
            _verify_table(session, table, manifests, verdict)
        _verify_unknown_tables(manifests, verdict)
    roots = _roots(leaves, _wanted_sizes(session, note))
    verdict.root = _root_at(leaves, len(leaves), roots)
    _verify_head(session, leaves, verdict)
    _verify_checkpoints(session, roots, verdict)
    _verify_guards(session, verdict)
    if note is not None:
        _verify_note(session, note, leaves, roots, verdict)
    verdict.faults.sort(key=lambda fault: (fault.entry_id, fault.table, fault.message))
    return verdict


def _read_bytes_as_they_are(session: Session) -> None:
    """Broken text must reach the encoder, which refuses it by entry, not stop the scan."""
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        raw: Any = connection.connection.driver_connection
        raw.text_factory = lambda value: value.decode("utf-8", "surrogateescape")


Manifests = dict[str, dict[int, tuple[int, int, str]]]


def _read_log(session: Session, verdict: Verdict) -> tuple[list[bytes], Manifests]:
    """Leaves in order, and table → entry → (version, rows, digest)."""
    leaves: list[bytes] = []
    manifests: Manifests = {}
    columns = (Log.id, Log.header, Log.manifest, Log.leaf)
    last_us = -1
    for number, header, manifest, stored in _in_slices(session, Log, columns):
        if number != len(leaves) + 1:
            verdict.faults.append(Fault("log", number, "记录号不连续，有记录被删除或插入"))
        if leaf(header, manifest) != stored:
            verdict.faults.append(Fault("log", number, "记录头或清单与叶摘要不符"))
        leaves.append(leaf(header, manifest))
        last_us = _read_header(header, number, last_us, verdict)
        try:
            lines = json.loads(manifest)
            for table, version, rows, digest in lines:
                manifests.setdefault(table, {})[number] = (version, rows, digest)
        except (ValueError, TypeError):
            verdict.faults.append(Fault("log", number, "清单无法读取"))
    verdict.size = len(leaves)
    return leaves, manifests


def _read_header(header: bytes, number: int, last_us: int, verdict: Verdict) -> int:
    try:
        facts = json.loads(header)
        if int(facts["id"]) != number:
            verdict.faults.append(Fault("log", number, "记录头中的记录号不符"))
        moment = int(facts["recorded_at_us"])
    except (ValueError, TypeError, KeyError):
        verdict.faults.append(Fault("log", number, "记录头无法读取"))
        return last_us
    if moment <= last_us:
        verdict.faults.append(Fault("log", number, "记录时间没有递增"))
    return max(moment, last_us)


def _in_slices(session: Session, model: Any, columns: Any) -> Iterator[Any]:
    """Rows in id order, a slice at a time (key-set paging: no row twice, none skipped)."""
    last = LOWEST
    while True:
        rows = session.execute(
            rows_of(*columns).where(model.id > last).order_by(model.id).limit(SLICE_ROWS)
        ).all()
        if not rows:
            return
        yield from rows
        last = rows[-1][0]


def _verify_table(session: Session, table: Table, manifests: Manifests, verdict: Verdict) -> None:
    expected = manifests.get(table.name, {})
    seen: set[int] = set()
    scan = _packed_groups if model_of(table).__packed__ else _text_groups
    for entry_id, rows, digest in scan(session, table):
        seen.add(entry_id)
        verdict.rows += rows
        line = expected.get(entry_id)
        if line is None:
            verdict.faults.append(Fault(table.name, entry_id, f"有{rows}行不属于任何记录"))
        elif line[1] != rows:
            verdict.faults.append(Fault(table.name, entry_id, f"应有{line[1]}行，实有{rows}行"))
        elif line[2] != digest:
            verdict.faults.append(Fault(table.name, entry_id, "内容与记录时的摘要不符"))
    for entry_id in sorted(set(expected) - seen):
        verdict.faults.append(
            Fault(table.name, entry_id, f"应有{expected[entry_id][1]}行，实有0行")
        )


def _text_groups(session: Session, table: Table) -> Iterator[tuple[int, int, str]]:
    names = [column.name for column in table.columns]
    encode = row_encoder(names)
    place = names.index("entry_id")
    current, count, digest = -1, 0, hashlib.sha256()
    for row in _ordered(session, table):
        if row[place] != current:
            if count:
                yield current, count, digest.hexdigest()
            current, count, digest = row[place], 0, hashlib.sha256()
        count += 1
        try:
            digest.update(encode(row))
        except Exception:
            digest.update(b"unencodable")
    if count:
        yield current, count, digest.hexdigest()


def _packed_groups(session: Session, table: Table) -> Iterator[tuple[int, int, str]]:
    import numpy as np

    names = [column.name for column in table.columns]
    place = names.index("entry_id")
    current, count, digest = -1, 0, hashlib.sha256()
    odd: set[int] = set()
    for rows in _ordered_slices(session, table):
        odd |= _odd_entries(rows, place)
        sound = [tuple(row) for row in rows if _is_whole(row)] if odd else [*map(tuple, rows)]
        if not sound:
            continue
        block = np.array(sound, dtype=np.int64)
        entries = block[:, place]
        cuts = np.flatnonzero(np.diff(entries)) + 1
        for part in np.split(block, cuts):
            if int(part[0, place]) != current:
                if count and current not in odd:
                    yield current, count, digest.hexdigest()
                current, count, digest = int(part[0, place]), 0, hashlib.sha256()
            count += len(part)
            digest.update(packed_block([part[:, k] for k in range(len(names))]))
    if count and current not in odd:
        yield current, count, digest.hexdigest()
    yield from ((entry_id, 0, "unencodable") for entry_id in sorted(odd))


def _odd_entries(rows: Any, place: int) -> set[int]:
    """Entries of rows in which something is no whole number of 64 bits.

    The types are asked before numpy sees them: it would make 100 of 100.7, and of "100".
    """
    if set(map(type, chain.from_iterable(rows))) <= {int}:
        return set()
    return {int(row[place]) for row in rows if not _is_whole(row) and _is_number(row[place])}


def _is_whole(row: Any) -> bool:
    return all(type(value) is int for value in row)


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _ordered(session: Session, table: Table) -> Iterator[Any]:
    for rows in _ordered_slices(session, table):
        yield from rows


def _ordered_slices(session: Session, table: Table) -> Iterator[Any]:
    """Slices of rows as they lie in the file, in (entry_id, id) order.

    Read past the column types: a value that a type would quietly put right must show.
    """
    names = ", ".join(column.name for column in table.columns)
    flags = [place for place, column in enumerate(table.columns) if type(column.type) is Flag]
    statement = text(
        f"SELECT {names} FROM {table.name} "
        "WHERE entry_id > :entry OR (entry_id = :entry AND id > :id) "
        f"ORDER BY entry_id, id LIMIT {SLICE_ROWS}"
    )
    places = [column.name for column in table.columns]
    entry_place, id_place = places.index("entry_id"), places.index("id")
    connection = session.connection()
    last = (LOWEST, LOWEST)
    while True:
        rows = connection.execute(statement, {"entry": last[0], "id": last[1]}).all()
        if not rows:
            return
        last = (rows[-1][entry_place], rows[-1][id_place])
        yield [_with_flags(row, flags) for row in rows] if flags else rows


def _with_flags(row: Any, flags: list[int]) -> list[Any]:
    """0 and 1 as truth values; any other number stays a number, and so will not agree."""
    values = list(row)
    for place in flags:
        if type(values[place]) is int and values[place] in (0, 1):
            values[place] = bool(values[place])
    return values


def _verify_unknown_tables(manifests: Manifests, verdict: Verdict) -> None:
    known = {table.name for table in logged_tables()}
    for name in sorted(set(manifests) - known):
        first = min(manifests[name])
        verdict.faults.append(Fault(name, first, "清单中有本程序不认识的表"))


def _wanted_sizes(session: Session, note: str | None) -> set[int]:
    sizes = set(session.exec(select(Checkpoint.size)).all())
    if note is not None:
        with suppress(FupinError):
            sizes.add(notes.parse(note).size)
    return sizes


def _roots(leaves: list[bytes], sizes: set[int]) -> dict[int, bytes]:
    """Root at every wanted size, in one pass over the leaves."""
    frontier = Frontier(0, [])
    roots = {0: frontier.root()}
    for place, each in enumerate(leaves, start=1):
        frontier.append(each)
        if place in sizes or place == len(leaves):
            roots[place] = frontier.root()
    return roots


def _root_at(leaves: list[bytes], size: int, roots: dict[int, bytes]) -> bytes:
    return roots.get(size, b"") if size <= len(leaves) else b""


def _verify_head(session: Session, leaves: list[bytes], verdict: Verdict) -> None:
    """The head that the next writer starts from is the head of these leaves."""
    head = session.get(LogHead, 1, populate_existing=True)
    frontier = Frontier(0, [])
    for each in leaves:
        frontier.append(each)
    if head is None or head.size != len(leaves):
        size = head.size if head is not None else 0
        verdict.faults.append(
            Fault("log", len(leaves), f"日志头记有{size}条记录，日志中有{len(leaves)}条")
        )
    elif head.frontier != frontier.to_json():
        verdict.faults.append(Fault("log", len(leaves), "日志头与各记录的叶摘要不符"))


def _verify_checkpoints(session: Session, roots: dict[int, bytes], verdict: Verdict) -> None:
    key = public_key(session)
    for row in session.exec(select(Checkpoint).order_by(col(Checkpoint.id))):
        if roots.get(row.size) != row.root:
            verdict.faults.append(
                Fault("checkpoint", row.entry_id, f"与第{row.size}号记录处的检查点不符")
            )
        if key is None:
            continue
        try:
            signed = notes.verify(row.note, key)
        except Exception:
            verdict.faults.append(Fault("checkpoint", row.entry_id, "检查点签名无效"))
            continue
        if signed.size != row.size or signed.root != row.root:
            verdict.faults.append(Fault("checkpoint", row.entry_id, "检查点正文与存储不符"))


def _verify_guards(session: Session, verdict: Verdict) -> None:
    connection = session.connection()
    for name, wrong in (*altered_guards(connection), *altered_columns(connection)):
        verdict.faults.append(Fault(name, 0, wrong))
    if connection.dialect.name == "sqlite":
        first = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar()
        if first != "ok":
            verdict.faults.append(Fault("数据库文件", 0, f"文件结构损坏：{first}"))


def _verify_note(
    session: Session,
    note: str,
    leaves: list[bytes],
    roots: dict[int, bytes],
    verdict: Verdict,
) -> None:
    key = public_key(session)
    try:
        outside = notes.parse(note) if key is None else notes.verify(note, key)
    except FupinError as error:
        verdict.faults.append(Fault("检查点", 0, f"外部检查点不属于本账本或签名无效：{error}"))
        return
    verdict.covered_by_note = outside.size
    if outside.size > len(leaves):
        verdict.faults.append(
            Fault("log", len(leaves), f"检查点记有{outside.size}条记录，账本只剩{len(leaves)}条")
        )
    elif roots[outside.size] != outside.root:
        verdict.faults.append(
            Fault("log", outside.size, f"前{outside.size}条记录与外部检查点不符，账本被改写")
        )


def public_key(session: Session) -> Ed25519PublicKey | None:
    """The book's signing key as recorded at its opening."""
    stored = session.exec(select(BookRecord.public_key)).one_or_none()
    return Ed25519PublicKey.from_public_bytes(base64.b64decode(stored)) if stored else None


def newest_moment_us(session: Session) -> int:
    """When the last entry was recorded (microseconds), 0 for an empty book."""
    newest = select(func.max(Log.id)).scalar_subquery()
    header = session.exec(select(Log.header).where(col(Log.id) == newest)).one_or_none()
    return int(json.loads(header)["recorded_at_us"]) if header else 0
