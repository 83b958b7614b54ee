"""The verifier an auditor runs without us finds every change and cries no wolf."""

import ast
import hashlib
import importlib.util
import json
import shutil
import sqlite3
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session

from assets.models import Division, Evidence
from assets.trail import Act, Desk, SeededEntropy, SteppingClock, entry
from assets.trail.checkpoint import sign, verifier_key
from assets.trail.encoding import leaf, packed_block, row_encoder
from assets.trail.heads import current_head, cut
from assets.trail.merkle import root_of
from ledger.database import create_book, engine_for
from ledger.models import Allocation

PROGRAM = Path(__file__).parents[1] / "reports" / "verifier" / "verify_book.py"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = verifier_key("fupin", KEY.public_key())
ORIGIN = "fupin.local/440203"
DAY = date(2021, 3, 5)


def loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("verify_book", PROGRAM)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


VERIFIER = loaded()


def write_facts(session: Session) -> None:
    """Text, day, flag, bytes, absent values, large numbers; a packed table in two entries."""
    with entry(session, Act("甲", "import", DAY), "divisions", "a") as e:
        for place in range(3):
            code, title = f"44020310{place:02d}00", f"“龙归”镇\t{place}\n\\"
            e.add(
                Division(code=code, title=title, level="TOWN", valid_from=date(2016, 1, place + 1))
            )
    with entry(session, Act("乙", "import", DAY), "evidence", "b") as e:
        for place, size in enumerate((2**53, 2**53 - 1)):
            e.add(
                Evidence(
                    sha256=f"{place:064x}",
                    kind="scan",
                    title="会议记录",
                    received_on=DAY,
                    sealed=bool(place),
                    size_bytes=size,
                )
            )
    for stage in ("1", "2"):
        with entry(session, Act("丙", "draft", DAY), "plan", "c", stage=stage) as e:
            names = ("plan_channel_id", "household_id", "weight", "tie_key", "share_fen")
            columns = {name: np.arange(5, dtype=np.int64) * 2**40 for name in names}
            e.bulk(Allocation, {**columns, "extra_fen": -np.arange(5, dtype=np.int64)})
        with entry(session, Act("丙", "digest", DAY), "checkpoint", "d", stage=stage) as e:
            cut(session, e, "close")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A sound book and the note over its tip that was kept outside."""
    path = tmp_path_factory.mktemp("book") / "book.sqlite"
    url = f"sqlite:///{path}"
    clock = SteppingClock(1_700_000_000_000_000)
    desk = Desk(recorder="录入", clock=clock, entropy=SeededEntropy("s"), signing_key=KEY)
    create_book(url, desk=desk)
    engine = engine_for(url, write=True)
    with Session(engine, expire_on_commit=False) as session:
        session.info["desk"] = desk
        write_facts(session)
        size, root = current_head(session)
        session.commit()
    engine.dispose()
    return path, sign(ORIGIN, size, root, KEY, "fupin")


@pytest.fixture
def book(kept: tuple[Path, str], tmp_path: Path) -> Path:
    copy = tmp_path / "book.sqlite"
    shutil.copy(kept[0], copy)
    return copy


@pytest.fixture
def note(kept: tuple[Path, str]) -> str:
    return kept[1]


def change(book: Path, *statements: str) -> None:
    """By hand in SQL, as somebody with the file would: triggers dropped, then put back."""
    connection = sqlite3.connect(book, isolation_level=None)
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("BEGIN")
    guards = connection.execute("SELECT name, sql FROM sqlite_master WHERE type='trigger'")
    triggers = guards.fetchall()
    for name, _ in triggers:
        connection.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        connection.execute(statement)
    for name, sql in triggers:
        if "evidence" not in name or "DROP TABLE evidence" not in statements:
            connection.execute(sql)
    connection.execute("COMMIT")
    connection.close()


def problems(book: Path, note: str = "", key: str = "") -> list[str]:
    connection = sqlite3.connect(book)
    connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    found: list[str] = []
    try:
        VERIFIER.check(connection, note, key, found)
    except VERIFIER.BAD as error:
        found.append(f"读不下去：{error!r}")
    finally:
        connection.close()
    return found


def logged_tables(book: Path) -> dict[str, Any]:
    connection = sqlite3.connect(book)
    (descriptor,) = connection.execute("SELECT descriptor FROM schema_version").fetchone()
    connection.close()
    return dict(json.loads(descriptor))


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", str(PROGRAM), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_sound_book_passes_with_the_note_from_outside(
    book: Path, note: str, tmp_path: Path
) -> None:
    file = tmp_path / "note.txt"
    file.write_bytes(note.replace("\n", "\r\n").encode("utf-8-sig"))

    done = run(book, "--note", file, "--key", PUBLIC)

    assert (done.returncode, done.stderr) == (0, "")
    root = root_at_tip(book).hex()
    assert done.stdout == f"共 7 条记录，根摘要 {root}，发现 0 处问题。\n"


def root_at_tip(book: Path) -> bytes:
    connection = sqlite3.connect(book)
    leaves = [row[0] for row in connection.execute("SELECT leaf FROM log ORDER BY id")]
    connection.close()
    return root_of(leaves)


def test_the_verifier_reads_only_and_is_short_and_alone() -> None:
    text = PROGRAM.read_text(encoding="utf-8")
    tree = ast.parse(text)
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
        )
    }

    assert len(text.splitlines()) <= 150
    assert imported - set(sys.stdlib_module_names) == {"cryptography"}
    assert "mode=ro" in text


def test_a_changed_row_is_named_and_the_exit_code_is_1(book: Path) -> None:
    change(book, "UPDATE division SET title = '江湾镇' WHERE id = 2")

    done = run(book)

    assert done.returncode == 1
    assert "问题：表 division 记录 2：与日志不符，应 3 行有 3 行\n" in done.stdout
    assert "发现 1 处问题" in done.stdout
    assert "须给出账本之外的存证和公钥" in done.stderr


def test_a_file_that_is_no_book_or_not_there_is_a_problem_not_a_crash(tmp_path: Path) -> None:
    rubbish = tmp_path / "rubbish"
    rubbish.write_bytes(b"rubbish" * 1000)

    for path in (rubbish, tmp_path / "none"):
        done = run(path)
        assert done.returncode == 1
        assert "读不下去" in done.stdout and "核验未能完成" in done.stdout
        assert "Traceback" not in done.stderr
    assert run().returncode == 2


def other(value: object) -> str:
    """SQL of a value that is as near as possible and of the same kind."""
    if value is None:
        return "''"
    if isinstance(value, int):
        return str(value + 1 if value < 2**62 else value - 1)
    if isinstance(value, bytes):
        return f"x'{(value[:-1] + bytes([value[-1] ^ 1])).hex()}'"
    return "'" + str(value).replace("'", "''") + " '"


def test_every_changed_cell_and_every_deleted_row_is_found_with_table_and_entry(
    book: Path,
) -> None:
    connection = sqlite3.connect(book)
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("PRAGMA ignore_check_constraints=ON")
    connection.execute("BEGIN")
    guards = connection.execute("SELECT name FROM sqlite_master WHERE type='trigger'")
    for (name,) in guards.fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    connection.commit()
    assert found_in(connection) == []
    tried = 0
    for table in logged_tables(book):
        rows = connection.execute(f"SELECT * FROM {table}").fetchall()
        names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        for row in rows:
            facts = dict(zip(names, row, strict=True))
            where = f"WHERE id = {facts['id']}"
            attempts = [f"DELETE FROM {table} {where}"] + [
                f"UPDATE {table} SET {name} = {other(value)} {where}"
                for name, value in facts.items()
                if not (table == "schema_version" and name == "descriptor")
            ]
            for statement in attempts:
                try:
                    connection.execute(statement)
                except sqlite3.IntegrityError:
                    connection.rollback()
                    continue
                found = found_in(connection)
                connection.rollback()
                expected = f"表 {table} 记录 {facts['entry_id']}："
                assert any(expected in line for line in found), (statement, found)
                tried += 1
    connection.close()
    assert tried > 150


def found_in(connection: sqlite3.Connection) -> list[str]:
    """What is found in the middle of a transaction, missing triggers apart."""
    found: list[str] = []
    try:
        VERIFIER.check(connection, "", "", found)
    except VERIFIER.BAD as error:  # the row that describes the tables is gone
        found.append(f"表 schema_version 记录 1：{error!r}")
    return [line for line in found if not line.startswith("触发器")]


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        # a table's rows
        ("DELETE FROM allocation WHERE entry_id = 4", "表 allocation 记录 4：整批缺失"),
        ("UPDATE allocation SET entry_id = 6 WHERE id = 5", "表 allocation 记录 4：与日志不符"),
        ("UPDATE evidence SET sealed = 2 WHERE id = 2", "表 evidence 记录 3：与日志不符"),
        ("UPDATE division SET valid_from = '20160102' WHERE id = 2", "表 division 记录 2："),
        ("UPDATE division SET title = CAST(x'ff' AS TEXT) WHERE id = 1", "表 division 记录 2："),
        (
            "INSERT INTO evidence SELECT 9, 99, 'x', kind, title, pages, received_on, "
            "original_kept_at, sealed, size_bytes FROM evidence WHERE id = 1",
            "表 evidence 记录 99：与日志不符，应 0 行有 1 行",
        ),
        (
            "INSERT INTO evidence SELECT -9, -1, 'x', kind, title, pages, received_on, "
            "original_kept_at, sealed, size_bytes FROM evidence WHERE id = 1",
            "表 evidence 记录 -1：与日志不符，应 0 行有 1 行",
        ),
        # the log
        (
            "UPDATE log SET header = CAST(header || ' ' AS BLOB) WHERE id = 2",
            "表 log 记录 2：内容与叶摘要不符",
        ),
        ("UPDATE log SET manifest = CAST('[]' AS BLOB) WHERE id = 3", "表 log 记录 3：内容与叶"),
        ("UPDATE log SET manifest = x'ff' WHERE id = 3", "表 log 记录 3：读不出"),
        ("UPDATE log SET leaf = zeroblob(32) WHERE id = 4", "表 log 记录 4：内容与叶摘要不符"),
        ("DELETE FROM log WHERE id = 3", "表 log 记录 4：内容与叶摘要不符，或应为第 3 号"),
        ("UPDATE log SET id = -1 WHERE id = 7", "表 log 记录 -1："),
        ("DELETE FROM log WHERE id = 7", "表 checkpoint 记录 7：与日志不符，应 0 行有 1 行"),
        # the shape
        ("ALTER TABLE division ADD COLUMN note TEXT", "表 division：结构与账本所记不符"),
        ("ALTER TABLE division DROP COLUMN provenance", "表 division：读不下去"),
        ("DROP TABLE evidence", "表 evidence：读不下去"),
        ("DROP TABLE evidence", "表 evidence 记录 3：整批缺失"),
        ("UPDATE schema_version SET descriptor = '{}'", "表 schema_version 记录 1：整批缺失"),
        ("UPDATE schema_version SET guards = '[]'", "表 schema_version 记录 1：与日志不符"),
        # signatures
        ("UPDATE checkpoint SET note = 'x' WHERE id = 1", "表 checkpoint 记录 5："),
        ("UPDATE book_record SET public_key = 'AAAA'", "没有账本密钥的签名"),
        ("UPDATE book_record SET origin = 'other'", "此账本 'other'"),
    ],
)
def test_what_is_done_by_hand_in_sql_is_found(book: Path, statement: str, expected: str) -> None:
    change(book, statement)

    found = problems(book)

    assert any(expected in line for line in found), found


def test_a_dropped_trigger_is_found(book: Path) -> None:
    connection = sqlite3.connect(book)
    connection.execute("DROP TRIGGER keep_division_update")
    connection.close()

    assert problems(book) == ["触发器 keep_division_update：缺失"]


def test_a_view_that_shows_the_old_rows_is_found(book: Path) -> None:
    change(
        book,
        "CREATE TABLE changed AS SELECT * FROM evidence",
        "DROP TABLE evidence",
        "CREATE VIEW evidence AS SELECT * FROM changed",
    )

    assert "表 evidence：结构与账本所记不符" in problems(book)


def rewritten(book: Path, entry_id: int) -> None:
    """What an owner of the file can do: the row, its manifest line, the leaf and all later ones."""
    change(book, "UPDATE division SET title = '江湾镇' WHERE id = 2")
    shape = logged_tables(book)["division"]["columns"]
    connection = sqlite3.connect(book)
    names = [name for name, _ in shape]
    encode = row_encoder(names)
    chosen = f"SELECT {', '.join(names)} FROM division WHERE entry_id = {entry_id} ORDER BY id"
    digest = hashlib.sha256()
    for row in connection.execute(chosen):
        digest.update(encode(row))
    header, manifest = connection.execute(
        "SELECT header, manifest FROM log WHERE id = ?", (entry_id,)
    ).fetchone()
    lines = [
        [*line[:3], digest.hexdigest()] if line[0] == "division" else line
        for line in json.loads(manifest)
    ]
    changed = json.dumps(lines, separators=(",", ":")).encode()
    values = f"manifest = x'{changed.hex()}', leaf = x'{leaf(header, changed).hex()}'"
    connection.close()
    change(book, f"UPDATE log SET {values} WHERE id = {entry_id}")


def test_a_book_rewritten_with_all_its_hashes_is_found_by_its_checkpoints(book: Path) -> None:
    rewritten(book, 2)

    assert problems(book) == [
        "表 checkpoint 记录 5：前 4 条记录与检查点不符，账本被改写",
        "表 checkpoint 记录 7：前 6 条记录与检查点不符，账本被改写",
    ]


def test_what_lies_after_the_last_checkpoint_inside_is_found_by_the_note_outside(
    book: Path, note: str
) -> None:
    last = "DELETE FROM {} WHERE entry_id = 7"
    change(
        book,
        *(last.format(table) for table in ("request", "checkpoint")),
        "DELETE FROM log WHERE id = 7",
    )

    assert problems(book) == []
    assert problems(book, note) == [f"外部存证：记 '{ORIGIN}' 7 条，此账本 '{ORIGIN}' 6 条"]


def test_a_note_of_another_key_or_damaged_is_a_problem(book: Path, note: str) -> None:
    stranger = Ed25519PrivateKey.from_private_bytes(bytes(32))
    forged = sign(ORIGIN, 7, root_at_tip(book), stranger, "fupin")
    moved = note.replace("fupin.local", "fupin.elsewhere")
    body, lines = note.split("\n\n")
    damaged = f"{body}\n另一行\n\n{lines}"

    assert problems(book, forged) == ["外部存证：没有账本密钥的签名"]
    assert problems(book, damaged) == ["外部存证：签名与正文不符"]
    assert "外部存证：记" in problems(book, moved)[0]
    assert problems(book, "rubbish") != []
    assert problems(book, note, verifier_key("fupin", stranger.public_key())) == [
        f"{where}：没有账本密钥的签名"
        for where in ("表 checkpoint 记录 5", "表 checkpoint 记录 7", "外部存证")
    ]


TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs"], include_characters="\t\n\r"))
KINDS: dict[str, st.SearchStrategy[Any]] = {
    "text": TEXT.map(lambda text: unicodedata.normalize("NFC", text)),
    "bytes": st.binary(max_size=8),
    "fen": st.integers(-(2**63), 2**63 - 1),
    "flag": st.booleans(),
    "day": st.dates(),
}


@given(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=6), st.data())
def test_the_two_encoders_agree_on_every_row(kinds: list[str], data: st.DataObject) -> None:
    columns = [[f"{kind}_{place}", kind] for place, kind in enumerate(kinds)]
    row = [data.draw(st.none() | KINDS[kind]) for kind in kinds]
    stored = [
        value.isoformat()
        if isinstance(value, date)
        else int(value)
        if value in (True, False) and isinstance(value, bool)
        else value
        for value in row
    ]

    ours = row_encoder([name for name, _ in columns])(row)
    theirs: Callable[..., bytes] = VERIFIER.text_row
    assert theirs(columns, stored) == ours


def test_the_two_trees_agree_for_every_size() -> None:
    leaves = [bytes([place]) * 32 for place in range(70)]
    for count in range(71):
        levels = VERIFIER.levels_of(leaves[:count])
        for size in range(count + 1):
            assert VERIFIER.root_at(levels, size) == root_of(leaves[:size])


def test_a_packed_row_is_the_same_block() -> None:
    columns = [np.array([1, -2], dtype=np.int64), np.array([2**62, 0], dtype=np.int64)]
    rows = zip(*(column.tolist() for column in columns), strict=True)
    struct = VERIFIER.struct.Struct(">2q")
    assert b"".join(struct.pack(*row) for row in rows) == packed_block(columns)
