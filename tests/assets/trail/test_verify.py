"""Is every change of the book found and named: table and entry, on both databases?"""

import hashlib
import json
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from assets import trail
from assets.models.trail import LogHead
from assets.trail import Act, heads
from assets.trail.checkpoint import sign
from assets.trail.encoding import leaf, manifest_bytes, text_row
from assets.trail.merkle import Frontier
from assets.trail.verify import Verdict, newest_moment_us, verify
from ledger.database import open_session
from tests.assets.small_district import ON
from tests.assets.trail.tampering import by_hand, filled_tables, other, rows_of
from tests.conftest import OPENED_US, Book, make_desk

pytestmark = pytest.mark.tampered
LEFT_ALONE = ("id", "entry_id")


def verified(url: str, note: str | None = None, *, quick: bool = False) -> Verdict:
    with open_session(url, guarded=False) as session:
        return verify(session, note=note, quick=quick)


def named(verdict: Verdict) -> set[tuple[str, int]]:
    return {(each.table, each.entry_id) for each in verdict.faults}


def noted(register: Book, purpose: str = "月末") -> str:
    """Cut a checkpoint; its text is taken outside."""
    act = Act("R0005", "trail digest", ON)
    with trail.entry(register.session, act, "checkpoint", purpose) as written:
        note = heads.cut(register.session, written, purpose).note
    register.session.commit()
    return note


def tamper(register: Book, change: Callable[[Connection], object]) -> None:
    register.session.rollback()
    with by_hand(register.url) as connection:
        change(connection)


def test_an_untouched_book_agrees_with_itself_and_with_the_note(register: Book) -> None:
    note = noted(register)
    verdict = verified(register.url, note)
    assert verdict.is_clean and verdict.faults == []
    assert verdict.size == trail.log.size(register.session)
    assert verdict.covered_by_note == verdict.size - 1
    assert verdict.rows > 100
    assert verdict.root == heads.current_head(register.session)[1]
    newest = heads.latest(register.session)
    assert newest is not None and newest.note == note
    assert newest_moment_us(register.session) > OPENED_US


def test_one_changed_cell_of_every_table_and_column_is_named(register: Book) -> None:
    """Column by column, one cell of every table that has one, looked at and put back."""
    noted(register)
    register.session.rollback()
    with by_hand(register.url) as connection, Session(connection) as session:
        columns = {
            each.name: [column.name for column in each.columns if column.name not in LEFT_ALONE]
            for each in filled_tables(connection)
        }
        assert len(columns) >= 20
        tried = 0
        for place in range(max(len(names) for names in columns.values())):
            changed = [
                done
                for table, names in columns.items()
                if place < len(names)
                and (done := change_cell(connection, table, names[place])) is not None
            ]
            found = named(verify(session))
            assert [each for each in changed if (each[0], each[1]) not in found] == []
            tried += len(changed)
            for table, _, number, column, value in changed:
                set_cell(connection, table, number, column, value)
        assert tried > 100
    assert verified(register.url).is_clean


def change_cell(
    connection: Connection, table: str, column: str
) -> tuple[str, int, int, str, object] | None:
    """Change the column of the last row that has it; a constraint may refuse."""
    rows = rows_of(connection, table, f"{column} IS NOT NULL")
    if not rows:
        return None
    row = rows[-1]
    try:
        with connection.begin_nested():
            set_cell(connection, table, row["id"], column, other(row[column]))
    except IntegrityError:
        return None
    return table, row["entry_id"], row["id"], column, row[column]


def set_cell(connection: Connection, table: str, number: int, column: str, value: object) -> None:
    statement = text(f"UPDATE {table} SET {column} = :value WHERE id = :id")
    connection.execute(statement, {"value": value, "id": number})


def test_a_value_where_there_was_none_is_found(register: Book) -> None:
    tamper(
        register,
        lambda c: c.exec_driver_sql("UPDATE asset_fact SET spec = 'x' WHERE spec IS NULL"),
    )
    assert {table for table, _ in named(verified(register.url))} == {"asset_fact"}


def test_a_deleted_row_is_missed_with_its_number(register: Book) -> None:
    tamper(register, lambda c: c.exec_driver_sql("DELETE FROM fund_contribution WHERE id = 2"))
    (fault,) = verified(register.url).faults
    assert (fault.table, fault.message) == ("fund_contribution", "应有4行，实有3行")


def test_a_row_added_to_an_old_entry_or_to_none_is_found(register: Book) -> None:
    def add(connection: Connection) -> None:
        (row,) = rows_of(connection, "fund_receipt", "id = 1")
        names = ", ".join(row)
        values = ", ".join(f":{name}" for name in row)
        for number, entry in ((91, row["entry_id"]), (92, 9_999), (-5, -5)):
            connection.execute(
                text(f"INSERT INTO fund_receipt ({names}) VALUES ({values})"),
                {**row, "id": number, "entry_id": entry},
            )

    tamper(register, add)
    messages = {each.entry_id: each.message for each in verified(register.url).faults}
    assert messages[9_999] == messages[-5] == "有1行不属于任何记录"
    assert "应有2行，实有3行" in messages.values()


def test_two_swapped_rows_and_a_row_moved_to_another_entry_are_found(register: Book) -> None:
    def swap(connection: Connection) -> None:
        for before, after in ((1, -1), (2, 1), (-1, 2)):
            connection.exec_driver_sql(
                f"UPDATE fund_contribution SET id = {after} WHERE id = {before}"
            )
        connection.exec_driver_sql("UPDATE fund_document SET entry_id = entry_id + 1 WHERE id = 2")

    tamper(register, swap)
    assert {table for table, _ in named(verified(register.url))} == {
        "fund_contribution",
        "fund_document",
    }


@pytest.mark.parametrize("column", ["header", "manifest", "leaf"])
def test_a_changed_log_row_is_named_even_in_the_quick_look(register: Book, column: str) -> None:
    def change(connection: Connection) -> None:
        (row,) = rows_of(connection, "log", "id = 3")
        raw = bytes(row[column])
        set_cell(connection, "log", 3, column, raw[:-1] + bytes([raw[-1] ^ 1]))

    tamper(register, change)
    assert ("log", 3) in named(verified(register.url, quick=True))


def test_a_log_row_taken_out_or_the_end_cut_off_is_found(register: Book) -> None:
    note = noted(register)
    size = trail.log.size(register.session)

    def cut(connection: Connection) -> None:
        for table in filled_tables(connection):
            connection.exec_driver_sql(f"DELETE FROM {table.name} WHERE entry_id >= {size - 1}")
        connection.exec_driver_sql(f"DELETE FROM log WHERE id >= {size - 1}")

    tamper(register, cut)
    without = verified(register.url)
    assert [each.message for each in without.faults] == [
        f"日志头记有{size}条记录，日志中有{size - 2}条"
    ]
    tamper(  # the head made to fit: now only the note from outside knows
        register,
        lambda c: refit_head(c, size - 2),
    )
    assert verified(register.url).is_clean
    (fault,) = verified(register.url, note).faults
    assert fault.message == f"检查点记有{size - 1}条记录，账本只剩{size - 2}条"

    tamper(register, lambda c: c.exec_driver_sql("DELETE FROM log WHERE id = 2"))
    faults = verified(register.url).faults
    assert ("记录号不连续，有记录被删除或插入", 3) in [(f.message, f.entry_id) for f in faults]


def refit_head(connection: Connection, size: int) -> None:
    """What the next writer starts from, computed as the program would."""
    frontier = Frontier(0, [])
    for row in rows_of(connection, "log"):
        frontier.append(bytes(row["leaf"]))
    assert frontier.size == size
    connection.execute(
        text("UPDATE log_head SET size = :size, frontier = :frontier"),
        {"size": size, "frontier": frontier.to_json()},
    )


def rewrite(connection: Connection) -> None:
    """The cleverest forger: cell, digest, manifest, leaf and head are all made to fit."""
    table = next(each for each in filled_tables(connection) if each.name == "fund_document")
    (row,) = rows_of(connection, "fund_document", "id = 2")
    set_cell(connection, "fund_document", 2, "amount_fen", row["amount_fen"] - 1)
    entry = row["entry_id"]
    rows = rows_of(connection, "fund_document", "entry_id = :entry", entry=entry)
    names = [column.name for column in table.columns]
    digest = hashlib.sha256(
        b"".join(text_row({name: each[name] for name in names}) for each in rows)
    ).hexdigest()
    (log,) = rows_of(connection, "log", "id = :entry", entry=entry)
    lines = json.loads(bytes(log["manifest"]))
    manifest = manifest_bytes(
        [*line[:3], digest if line[0] == "fund_document" else line[3]] for line in lines
    )
    connection.execute(
        text("UPDATE log SET manifest = :manifest, leaf = :leaf WHERE id = :entry"),
        {"manifest": manifest, "leaf": leaf(bytes(log["header"]), manifest), "entry": entry},
    )
    refit_head(connection, len(rows_of(connection, "log")))


def test_a_history_rewritten_to_the_last_hash_is_found_by_the_note_outside(
    register: Book,
) -> None:
    size = trail.log.size(register.session)
    root = heads.current_head(register.session)[1]
    desk = make_desk()
    assert desk.signing_key is not None
    note = sign("fupin.local/440203", size, root, desk.signing_key, "fupin")  # never in the book
    tamper(register, rewrite)
    assert verified(register.url).is_clean  # nothing inside can tell
    (fault,) = verified(register.url, note).faults
    assert (fault.table, fault.message) == (
        "log",
        f"前{size}条记录与外部检查点不符，账本被改写",
    )


def test_a_stored_checkpoint_also_finds_it(register: Book) -> None:
    noted(register)
    tamper(register, rewrite)
    assert {each.table for each in verified(register.url).faults} == {"checkpoint"}


def test_a_note_of_another_book_or_another_key_is_refused(register: Book) -> None:
    note = noted(register)
    stranger = Ed25519PrivateKey.from_private_bytes(bytes(32))
    forged = sign("fupin.local/440203", 1, bytes(32), stranger, "fupin")
    for bad in (forged, "无", note.replace("440203", "440204")):
        (fault,) = verified(register.url, bad).faults
        assert "不属于本账本或签名无效" in fault.message


def test_a_guard_taken_away_or_made_toothless_is_named(register: Book) -> None:
    register.session.rollback()
    toothless = (
        "CREATE TRIGGER keep_asset_delete BEFORE DELETE ON asset BEGIN SELECT 1; END"
        if register.database == "sqlite"
        else "CREATE OR REPLACE FUNCTION fupin_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RETURN OLD; END $$"
    )
    engine = create_engine(register.url)
    on = "" if register.database == "sqlite" else " ON asset"
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP TRIGGER keep_asset_update{on}")
        if register.database == "sqlite":
            connection.exec_driver_sql("DROP TRIGGER keep_asset_delete")
        connection.exec_driver_sql(toothless)
    engine.dispose()
    changed = "keep_asset_delete" if register.database == "sqlite" else "fupin_refuse"
    assert {(each.table, each.message) for each in verified(register.url).faults} == {
        ("keep_asset_update", "防改触发器缺失"),
        (changed, "防改触发器被改动"),
    }


def test_a_head_that_does_not_fit_the_log_is_found(register: Book) -> None:
    head = register.session.get(LogHead, 1)
    assert head is not None
    register.session.rollback()
    tamper(register, lambda c: c.exec_driver_sql("UPDATE log_head SET size = size + 1"))
    assert "日志头记有" in verified(register.url).faults[0].message
