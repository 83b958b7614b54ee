"""Is every single change of a book of fifty entries found against a note kept outside?

Nothing is sampled: every cell, every row taken away, doubled or exchanged with its neighbour, every
cut-off end, every guard dropped or emptied, every entry hashed anew from the leaf to the head. What
cannot show in one table alone is asked of the whole verifier; a change in one table is asked of the
scan of that table, by the program and by the auditor's own verifier. The long campaign flips every
byte instead of changing every cell once, and looks at a thousand clean books.
"""

import contextlib
import importlib.util
import json
import random
import sqlite3
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import StaticPool
from sqlmodel import Session

from assets.models import Evidence
from assets.trail import Act, Desk, entry
from assets.trail import verify as checking
from assets.trail.checkpoint import sign
from assets.trail.encoding import leaf
from assets.trail.heads import current_head, cut
from assets.trail.merkle import Frontier
from assets.trail.schema import altered_guards, logged_tables
from ledger.database import create_book, engine_for, open_session
from ledger.models import Allocation
from tests.conftest import OPENED_US, make_desk
from tests.reports.scenario import build

ENTRIES = 50
DAY = date(2021, 3, 5)
PROGRAM = Path(__file__).parents[1] / "reports" / "verifier" / "verify_book.py"
ORIGIN = "fupin.local/440203"
FAR = 1_000_003


def loaded() -> ModuleType:
    """The auditor's verifier, which shares no line with the program."""
    spec = importlib.util.spec_from_file_location("verify_book", PROGRAM)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


AUDITOR = loaded()


@dataclass
class Damaged:
    """A book in memory that is damaged by hand and put right again; ``note`` was kept outside."""

    raw: sqlite3.Connection
    session: Session
    note: str
    key: bytes
    manifests: dict[str, dict[int, tuple[int, int, str]]]
    logged: dict[tuple[str, int], tuple[int, str]]
    shapes: dict[str, Any]

    @contextlib.contextmanager
    def undone(self) -> Iterator[None]:
        """What is changed inside is taken back at the end."""
        self.raw.execute("SAVEPOINT damage")
        try:
            yield
        finally:
            self.raw.execute("ROLLBACK TO damage")
            self.raw.execute("RELEASE damage")

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        """All rows of a table in id order."""
        return self.raw.execute(f"SELECT * FROM {table} ORDER BY id").fetchall()

    def columns(self, table: str) -> list[str]:
        """The columns of a table."""
        return [row[1] for row in self.raw.execute(f"PRAGMA table_info({table})")]


def in_memory(path: Path) -> tuple[sqlite3.Connection, Engine]:
    """A copy of a book in memory and an engine on it."""
    raw = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    with contextlib.closing(sqlite3.connect(path)) as source:
        source.backup(raw)
    return raw, create_engine("sqlite://", creator=lambda: raw, poolclass=StaticPool)


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Damaged]:
    path = tmp_path_factory.mktemp("tampered") / "book.db"
    url = f"sqlite:///{path}"
    create_book(url, desk=make_desk(OPENED_US))
    desk = make_desk()
    with open_session(url, desk=desk, write=True) as session:
        build(session)
        session.commit()
        size, root = current_head(session)
        while size < ENTRIES:
            with entry(session, Act("C01", "test", DAY), "test", f"n{size}") as written:
                written.add(
                    Evidence(
                        sha256=f"{size:064x}",
                        kind="SCAN",
                        title=f"会议记录{size}",
                        received_on=DAY,
                        sealed=bool(size % 2),
                        size_bytes=size,
                    )
                )
                if size % 10 == 0:
                    cut(session, written, "close")
            session.commit()
            size, root = current_head(session)
        assert desk.signing_key is not None
        note = sign(ORIGIN, size, root, desk.signing_key, desk.signer)
    raw, engine = in_memory(path)
    raw.execute("PRAGMA ignore_check_constraints=ON")
    raw.execute("PRAGMA foreign_keys=OFF")
    with Session(engine) as session:
        verdict = checking.verify(session, note=note)
        assert verdict.is_clean and verdict.size == ENTRIES
        _, manifests = checking._read_log(session, checking.Verdict())
        _, logged = AUDITOR.check_log(raw, [])
        newest = "SELECT descriptor FROM schema_version ORDER BY id DESC LIMIT 1"
        shapes = json.loads(raw.execute(newest).fetchone()[0])
        public = desk.signing_key.public_key().public_bytes_raw()
        yield Damaged(raw, session, note, public, manifests, logged, shapes)
    raw.close()


@contextlib.contextmanager
def unguarded(book: Damaged) -> Iterator[None]:
    """The book without its triggers, as somebody with the file would work on it."""
    with book.undone():
        guards = book.raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in guards.fetchall():
            book.raw.execute(f"DROP TRIGGER {name}")
        yield


# --- who looks ------------------------------------------------------------------------------

Look = Callable[[Damaged, str], set[int]]


def by_program(book: Damaged, table: str) -> set[int]:
    """Entries that the program names when it scans one table."""
    if table == "log":
        return by_whole_program(book)
    verdict = checking.Verdict()
    model = next(each for each in logged_tables() if each.name == table)
    checking._verify_table(book.session, model, book.manifests, verdict)
    return {fault.entry_id for fault in verdict.faults}


def by_whole_program(book: Damaged) -> set[int]:
    """Entries that the program names when it looks at log, leaves, checkpoints and the note."""
    verdict = checking.verify(book.session, note=book.note, quick=True)
    return {fault.entry_id for fault in verdict.faults if fault.table in ("log", "检查点")}


def by_auditor(book: Damaged, table: str) -> set[int]:
    """Entries that the auditor's verifier names when it scans one table."""
    found: list[str] = []
    if table == "log":
        leaves, _ = AUDITOR.check_log(book.raw, found)
        try:
            AUDITOR.check_note(book.note, ORIGIN, book.key, AUDITOR.levels_of(leaves))
        except AUDITOR.BAD:
            found.append(f"外部存证 {ENTRIES}")
        return {number for line in found for number in numbers(line)}
    own = {key: value for key, value in book.logged.items() if key[0] == table}
    try:
        AUDITOR.check_table(book.raw, table, book.shapes[table], own, found)
    except AUDITOR.BAD as error:
        found.append(f"表 {table}：{error!r}")
    return {number for line in found for number in numbers(line)} | {key[1] for key in own}


def numbers(line: str) -> set[int]:
    """Whole numbers in a sentence."""
    return {int(word) for word in "".join(c if c.isdigit() else " " for c in line).split()}


def by_counting(book: Damaged, table: str) -> set[int]:
    """A verifier that only counts rows: the canary, which the campaign must see through."""
    if table == "log":
        return set()
    counted = book.raw.execute(f"SELECT entry_id, count(*) FROM {table} GROUP BY entry_id")
    there = dict(counted.fetchall())
    due = {number: line[1] for number, line in book.manifests.get(table, {}).items()}
    return {number for number in {*there, *due} if there.get(number) != due.get(number)}


LOOKS: dict[str, Look] = {"program": by_program, "auditor": by_auditor}


# --- what is changed ------------------------------------------------------------------------


def others(value: Any) -> Iterator[Any]:
    """Values of the same kind, the nearest first; a later one where a uniqueness is in the way."""
    if value is None:
        yield from ("x", 1, b"x")
    elif isinstance(value, bytes):
        yield bytes([value[0] ^ 1, *value[1:]]) if value else b"x"
    elif isinstance(value, int):
        yield 1 - value if value in (0, 1) else value - 1
        yield value + FAR if value < 2**62 else value - FAR
        yield value + 7 * FAR if value < 2**62 else value - 7 * FAR
    else:
        yield f"{value[:-1]}{'1' if value[-1:] != '1' else '2'}"
        yield f"{value} "


def flips(value: Any) -> Iterator[Any]:
    """The value with each of its bytes changed in turn."""
    if value is None:
        yield from others(value)
    elif isinstance(value, int):
        for place in range(8):
            flipped = value ^ (1 << (8 * place))
            yield flipped if -(2**63) <= flipped < 2**63 else value ^ (1 << (8 * place - 1))
    else:
        raw = value.encode() if isinstance(value, str) else value
        for place in range(len(raw)):
            flipped_bytes = bytes([*raw[:place], raw[place] ^ 1, *raw[place + 1 :]])
            yield (
                flipped_bytes.decode("utf-8", "replace")
                if isinstance(value, str)
                else flipped_bytes
            )
        if not raw:
            yield "x" if isinstance(value, str) else b"x"


def is_written(book: Damaged, statement: str, values: tuple[Any, ...]) -> bool:
    """Whether a statement went through; uniqueness and column types refuse some."""
    try:
        return book.raw.execute(statement, values).rowcount == 1
    except (sqlite3.IntegrityError, OverflowError):
        return False


@dataclass
class Count:
    """How many changes were made, and those nobody named."""

    made: int = 0
    missed: list[str] = field(default_factory=list)


def look_for(
    book: Damaged, looks: dict[str, Look], table: str, entries: set[int], what: str, count: Count
) -> None:
    """Ask everybody who looks; an entry concerned must be named."""
    count.made += 1
    for name, look in looks.items():
        if not look(book, table) & entries:
            count.missed.append(f"{name}: {table} {what}")


def change_cells(
    book: Damaged,
    table: str,
    looks: dict[str, Look],
    count: Count,
    values: Callable[[Any], Iterator[Any]],
    *,
    every: bool,
) -> None:
    """Change every cell of a table: once, or with ``every`` to each of the values."""
    names = book.columns(table)
    key = names.index("id")
    owner = names.index("entry_id") if table != "log" else key
    for row in book.rows(table):
        for column, value in zip(names, row, strict=True):
            changed = False
            for new in values(value):
                if new == value and type(new) is type(value):
                    continue
                with book.undone():
                    line = f"UPDATE {table} SET {column} = ? WHERE id = ?"
                    if not is_written(book, line, (new, row[key])):
                        continue
                    changed = True
                    entries = {row[owner]}
                    if column == "entry_id" or table == "log":
                        entries |= {new if isinstance(new, int) else 0, ENTRIES}
                    look_for(book, looks, table, entries, f"{row[key]}.{column}", count)
                if not every:
                    break
            assert changed or value is None, (
                f"{table}.{column} of row {row[key]} took no other value"
            )


def take_rows_away(book: Damaged, table: str, looks: dict[str, Look], count: Count) -> None:
    """Delete every row, double it, and exchange it with the next one."""
    names = book.columns(table)
    key = names.index("id")
    owner = names.index("entry_id") if table != "log" else key
    rows = book.rows(table)
    after = rows[-1][key] + 1 if rows else 0
    for place, row in enumerate(rows):
        concerned = {row[owner], ENTRIES - 1, ENTRIES} if table == "log" else {row[owner]}
        with book.undone():
            assert is_written(book, f"DELETE FROM {table} WHERE id = ?", (row[key],))
            look_for(book, looks, table, concerned, f"{row[key]} deleted", count)
        with book.undone():
            marks = ", ".join("?" * len(names))
            doubled = [*row[:key], after, *row[key + 1 :]]
            line = f"INSERT INTO {table} VALUES ({marks})"
            if not is_written(book, line, tuple(doubled)):
                # Some value must be the only one of its kind: then a twin with other values.
                for column in range(len(names)):
                    if column not in (key, owner) and doubled[column] is not None:
                        doubled[column] = [*others(doubled[column])][-1]
                assert is_written(book, line, tuple(doubled))
            extra = concerned | ({after} if table == "log" else set())
            look_for(book, looks, table, extra, f"{row[key]} doubled", count)
        if place + 1 < len(rows):
            following = rows[place + 1]
            with book.undone():
                for new, old in (
                    (-FAR, row[key]),
                    (row[key], following[key]),
                    (following[key], -FAR),
                ):
                    line = f"UPDATE {table} SET id = ? WHERE id = ?"
                    assert is_written(book, line, (new, old))
                pair = concerned | {following[owner]}
                look_for(book, looks, table, pair, f"{row[key]} exchanged", count)


def tables_of(book: Damaged) -> list[str]:
    """The log and every LOGGED table that has rows."""
    return ["log", *(each.name for each in logged_tables() if book.rows(each.name))]


def test_the_untouched_book_is_clean_for_everybody(damaged: Damaged) -> None:
    found: list[str] = []
    AUDITOR.check(damaged.raw, damaged.note, "", found)
    assert found == []
    with unguarded(damaged):
        for table in tables_of(damaged):
            assert [look(damaged, table) for look in LOOKS.values()] == [set(), set()]
    assert len(tables_of(damaged)) > 40


def test_every_cell_changed_once_is_found(damaged: Damaged) -> None:
    count = Count()
    with unguarded(damaged):
        for table in tables_of(damaged):
            change_cells(damaged, table, LOOKS, count, others, every=False)
    assert count.missed == []
    assert count.made > 4_690


def test_every_row_taken_doubled_or_exchanged_is_found(damaged: Damaged) -> None:
    count = Count()
    with unguarded(damaged):
        for table in tables_of(damaged):
            take_rows_away(damaged, table, LOOKS, count)
    assert count.missed == []
    assert count.made > 1_000


def test_a_fraction_of_a_fen_smuggled_past_the_column_type_is_named(damaged: Damaged) -> None:
    # SQLite checks types of a STRICT table when a row is written; the schema can be made to forget.
    (plain,) = damaged.raw.execute("SELECT sql FROM sqlite_master WHERE name = 'voucher_line'")
    loose = plain[0].replace("STRICT", "").replace("strict", "")
    rows = damaged.raw.execute("SELECT id, entry_id, amount_fen FROM voucher_line").fetchall()
    with unguarded(damaged):
        damaged.raw.execute("ALTER TABLE voucher_line RENAME TO kept")
        damaged.raw.execute(loose)
        for smuggle in (lambda fen: fen + 0.7, lambda fen: f"{fen} fen"):
            for row_id, entry_id, fen in rows[:: max(1, len(rows) // 20)]:
                with damaged.undone():
                    damaged.raw.execute("INSERT INTO voucher_line SELECT * FROM kept")
                    change = "UPDATE voucher_line SET amount_fen = ? WHERE id = ?"
                    damaged.raw.execute(change, (smuggle(fen), row_id))
                    assert by_program(damaged, "voucher_line") == {entry_id}
                    assert entry_id in by_auditor(damaged, "voucher_line")


def test_a_verifier_that_only_counts_rows_is_seen_through(damaged: Damaged) -> None:
    count = Count()
    with unguarded(damaged):
        change_cells(damaged, "voucher", {"canary": by_counting}, count, others, every=False)
    assert len(count.missed) > count.made // 2


def with_the_head_of(book: Damaged, leaves: list[bytes]) -> None:
    """Write the head that fits these leaves, as a careful forger would."""
    frontier = Frontier(0, [])
    for each in leaves:
        frontier.append(each)
    book.raw.execute(
        "UPDATE log_head SET size = ?, frontier = ?", (len(leaves), frontier.to_json())
    )


def test_every_cut_off_end_is_found_by_the_note_alone(damaged: Damaged) -> None:
    leaves = [row[0] for row in damaged.raw.execute("SELECT leaf FROM log ORDER BY id")]
    with unguarded(damaged):
        for size in range(1, ENTRIES):
            with damaged.undone():
                for table in tables_of(damaged):
                    owner = "id" if table == "log" else "entry_id"
                    damaged.raw.execute(f"DELETE FROM {table} WHERE {owner} > ?", (size,))
                with_the_head_of(damaged, leaves[:size])
                damaged.session.expire_all()
                alone = checking.verify(damaged.session)
                assert {fault.table for fault in alone.faults} <= guards_of(damaged), size
                against = checking.verify(damaged.session, note=damaged.note, quick=True)
                assert any("只剩" in fault.message for fault in against.faults), size
                found: list[str] = []
                AUDITOR.check(damaged.raw, damaged.note, "", found)
                assert any(line.startswith("外部存证") for line in found), size
    damaged.session.expire_all()


def guards_of(book: Damaged) -> set[str]:
    """Names under which missing triggers are reported."""
    return {name for name, _ in altered_guards(book.session.connection())}


def test_every_entry_hashed_anew_is_found_by_the_note_alone(damaged: Damaged) -> None:
    with unguarded(damaged):
        for number in range(1, ENTRIES + 1):
            with damaged.undone():
                forge(damaged, number)
                damaged.session.expire_all()
                assert by_program(damaged, "evidence") <= {number}
                against = checking.verify(damaged.session, note=damaged.note, quick=True)
                assert any("外部检查点不符" in fault.message for fault in against.faults), number
                found: list[str] = []
                AUDITOR.check(damaged.raw, damaged.note, "", found)
                assert any(line.startswith("外部存证") for line in found), number
    damaged.session.expire_all()


def forge(book: Damaged, number: int) -> None:
    """Change a header so that log, leaf and head agree again with each other."""
    rows = book.raw.execute("SELECT id, header, manifest, leaf FROM log ORDER BY id").fetchall()
    leaves = [row[3] for row in rows]
    _, header, manifest, _ = rows[number - 1]
    facts = json.loads(header)
    facts["actor"] = facts["actor"] + "某"
    forged = json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    leaves[number - 1] = leaf(forged, manifest)
    book.raw.execute(
        "UPDATE log SET header = ?, leaf = ? WHERE id = ?", (forged, leaves[number - 1], number)
    )
    with_the_head_of(book, leaves)


def test_every_guard_dropped_or_emptied_is_named(damaged: Damaged) -> None:
    query = "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'"
    triggers = damaged.raw.execute(query).fetchall()
    assert len(triggers) > 100
    for name, table, _ in triggers:
        with damaged.undone():
            damaged.raw.execute(f"DROP TRIGGER {name}")
            assert name in guards_of(damaged)
            damaged.raw.execute(
                f"CREATE TRIGGER {name} BEFORE UPDATE ON {table} BEGIN SELECT 1; END"
            )
            assert name in guards_of(damaged)
    assert guards_of(damaged) == set()


# --- clean books ----------------------------------------------------------------------------


def write_something(session: Session, chance: random.Random) -> None:
    """A few entries of whatever text and numbers may come."""
    letters = '龙归镇塱𬭎䶮㙦éaZ0 \t"\\/〔〕¥\u0301\u200b'
    for number in range(chance.randint(1, 6)):
        with entry(session, Act("甲", "test", DAY), "test", f"{number}") as written:
            for place in range(chance.randint(0, 3)):
                title = "".join(chance.choice(letters) for _ in range(chance.randint(0, 12)))
                written.add(
                    Evidence(
                        sha256=f"{chance.getrandbits(256):064x}",
                        kind="SCAN",
                        title=unicodedata.normalize("NFC", title) or f"件{place}",
                        received_on=date.fromordinal(chance.randint(600_000, 740_000)),
                        sealed=chance.random() < 0.5,
                        size_bytes=chance.randint(0, 2**62),
                    )
                )
            count = chance.randint(0, 40)
            if count:
                names = ("plan_channel_id", "household_id", "weight", "tie_key", "share_fen")
                columns = {
                    name: np.array([chance.randint(0, 2**62) for _ in range(count)], np.int64)
                    for name in (*names, "extra_fen")
                }
                written.bulk(Allocation, columns)


def look_at_clean_books(template: Path, count: int) -> None:
    """Write books of chance and verify each against its own note."""
    for seed in range(count):
        raw, engine = in_memory(template)
        desk: Desk = make_desk()
        with Session(engine, expire_on_commit=False) as session:
            session.info["desk"] = desk
            write_something(session, random.Random(seed))
            session.commit()
            size, root = current_head(session)
            assert desk.signing_key is not None
            note = sign(ORIGIN, size, root, desk.signing_key, desk.signer)
            faults = checking.verify(session, note=note).faults
            assert faults == [], (seed, faults)
            found: list[str] = []
            AUDITOR.check(raw, note, "", found)
            assert found == [], (seed, found)
        raw.close()


def test_thirty_clean_books_raise_no_alarm(sqlite_template: Path) -> None:
    look_at_clean_books(sqlite_template, 30)


@pytest.mark.soak
def test_a_thousand_clean_books_raise_no_alarm(sqlite_template: Path) -> None:
    look_at_clean_books(sqlite_template, 1_000)


@pytest.mark.soak
def test_every_byte_flipped_is_found(damaged: Damaged) -> None:
    count = Count()
    with unguarded(damaged):
        for table in tables_of(damaged):
            change_cells(damaged, table, LOOKS, count, flips, every=True)
    assert count.missed == []
    print(f"{count.made} flipped bytes, all found")


def test_engines_of_books_in_memory_are_not_the_programs(sqlite_template: Path) -> None:
    # The campaign reads through an engine of its own; the program's must agree on a clean book.
    with Session(engine_for(f"sqlite:///{sqlite_template}", write=False)) as session:
        assert checking.verify(session).is_clean
