"""Where is the book kept? Engines, sessions, migrations, and the settings without which we refuse.

SQLite (``sqlite:///fupin.db``): rollback journal, ``synchronous=EXTRA``, foreign keys and recursive
triggers on, ``BEGIN IMMEDIATE`` for writers. PostgreSQL (``postgresql+psycopg://``): READ COMMITTED
with the head lock. Package commands never import this file; ``cli`` does.
"""

import json
import sqlite3
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import Engine, create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool
from sqlmodel import Session

import ledger.models  # noqa: F401  (both are needed for the full set of tables)
from assets.errors import NotFound, UnsafeDatabase
from assets.models import BookRecord, SchemaVersion
from assets.trail import Act, Desk, entry
from assets.trail.heads import public_key_text
from assets.trail.schema import (
    all_guard_statements,
    descriptor_json,
    install_guards,
    register_guards,
    require_guards,
)
from ledger import guards

BUSY_TIMEOUT_MS = 60_000
WAL_SAFE_FROM = (3, 51, 3)
register_guards(guards.guard_statements, guards.function_statements)
MIGRATIONS = Path(__file__).parent / "migrations"


@lru_cache(maxsize=16)
def engine_for(url: str, *, write: bool) -> Engine:
    """An engine with our settings; one connection per session, none pooled.

    Kept for the next session at the same address: what it has compiled need not be again.

    Raises:
        UnsafeDatabase: The address is of a database we do not support.

    依据: 内部约定 (defaults of a library are not trusted with money)
    """
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        return _sqlite_engine(url, write=write)
    if address.get_backend_name() == "postgresql":
        return _postgresql_engine(url, write=write)
    raise UnsafeDatabase(
        f"不支持的数据库地址“{address.get_backend_name()}”。请使用 sqlite:///文件 或 postgresql+psycopg://…"
    )


def _sqlite_engine(url: str, *, write: bool) -> Engine:
    engine = create_engine(url, poolclass=NullPool, connect_args={"isolation_level": None})

    @event.listens_for(engine, "connect")
    def settings(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        mode = cursor.execute("PRAGMA journal_mode").fetchone()[0]
        if mode == "wal" and sqlite3.sqlite_version_info < WAL_SAFE_FROM:
            raise UnsafeDatabase(
                f"数据库使用WAL模式，而本机SQLite为{sqlite3.sqlite_version}，低于3.51.3，可能损坏。"
                "请执行 sqlite3 文件 'PRAGMA journal_mode=DELETE' 后重试。"
            )
        cursor.execute("PRAGMA synchronous=EXTRA")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA recursive_triggers=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def _postgresql_engine(url: str, *, write: bool) -> Engine:
    options = f"-c lock_timeout={BUSY_TIMEOUT_MS} -c timezone=UTC"
    if not write:
        options += " -c default_transaction_read_only=on"
    return create_engine(
        url,
        poolclass=NullPool,
        isolation_level="READ COMMITTED" if write else "REPEATABLE READ",
        connect_args={"options": options},
    )


def open_session(
    url: str, *, desk: Desk | None = None, write: bool = False, guarded: bool = True
) -> Session:
    """Open the book for reading, or with ``write`` and a desk for writing.

    With ``guarded`` false a book whose guards are missing opens too: to find out what was done.
    The caller commits or rolls back and closes; ``session.bind`` is disposed with it.

    Raises:
        NotFound: There is no book at that address.
        UnsafeDatabase: A guard is missing, or the schema is older than the program.
    """
    _require_existing(url)
    session = Session(engine_for(url, write=write), expire_on_commit=False)
    if write:
        assert desk is not None, "writing needs a desk"
        session.info["desk"] = desk
    elif desk is not None and desk.vault is not None:
        session.info["vault"] = desk.vault
    try:
        require_current(session, guarded=guarded or write)
    except BaseException:
        session.close()
        raise
    return session


def _require_existing(url: str) -> None:
    address = make_url(url)
    if address.get_backend_name() != "sqlite":
        return
    path = Path(address.database or "")
    if not path.is_file() or path.stat().st_size == 0:
        raise NotFound("账本文件", str(path))


def require_current(session: Session, *, guarded: bool = True) -> None:
    """Refuse a book whose schema or (where ``guarded``) guards are not this program's.

    Raises:
        UnsafeDatabase: With the command that repairs it.
    """
    connection = session.connection()
    expected = newest_revision()
    if not inspect(connection).has_table("alembic_version"):
        raise UnsafeDatabase("此数据库不是 fupin 账本。请先执行 fupin init。")
    actual = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if actual != expected:
        raise UnsafeDatabase(
            f"账本结构版本为{actual}，程序需要{expected}。请先备份，再执行 fupin db upgrade。"
        )
    if guarded:
        require_guards(connection)


@lru_cache(maxsize=1)
def newest_revision() -> str:
    """The revision this program's tables have."""
    return ScriptDirectory(str(MIGRATIONS)).get_current_head() or ""


def existing_book(url: str) -> str:
    """The code of the book at an address, '' when there is none."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite" and not Path(address.database or "").exists():
        return ""
    engine = engine_for(url, write=False)
    try:
        with engine.connect() as connection:
            if not inspect(connection).has_table("book_record"):
                return ""
            return str(connection.execute(text("SELECT code FROM book_record")).scalar() or "")
    finally:
        engine.dispose()


def create_book(
    url: str,
    *,
    desk: Desk,
    code: str = "440203",
    title: str = "韶关市武江区帮扶项目资产账本",
    on: date | None = None,
) -> None:
    """Make an empty book: tables, guards, and the first entries of the log.

    Raises:
        UnsafeDatabase: There is a book already.

    依据: 内部约定 (one database is one district)
    """
    engine = engine_for(url, write=True)
    try:
        with engine.connect() as connection:
            # Tables without an entry are what an init left that was cut off: it goes on from there.
            tables = inspect(connection).has_table("log")
            if tables and connection.execute(text("SELECT count(*) FROM log")).scalar():
                raise UnsafeDatabase("该地址已有账本，未作改动。请换一个文件名。")
        migrate(engine)
        with Session(engine, expire_on_commit=False) as session:
            session.info["desk"] = desk
            act = Act(actor="系统", command="init", on=on or date(2019, 1, 1))
            _write_first_entry(session, act, desk, code, title)
            session.commit()
    finally:
        engine.dispose()


def _write_first_entry(session: Session, act: Act, desk: Desk, code: str, title: str) -> None:
    raw = b""
    if desk.signing_key is not None:
        raw = desk.signing_key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    with entry(session, act, "book", code) as written:
        written.add(
            BookRecord(
                code=code,
                district_code=code + "000000",
                title=title,
                origin=f"fupin.local/{code}",
                public_key=public_key_text(raw) if raw else "",
            )
        )
        _record_schema(session, written)
    session.info["book"] = code


def _record_schema(session: Session, written: Any) -> None:
    dialect = session.connection().dialect.name
    statements = all_guard_statements(dialect)
    revision = newest_revision()
    # The names only: the root must be the same on SQLite and PostgreSQL.
    written.add(
        SchemaVersion(
            revision=revision,
            descriptor=descriptor_json(),
            guards=json.dumps(sorted(n for n in statements if not n.endswith("_truncate"))),
        )
    )


def migrate(engine: Engine) -> None:
    """Bring the tables to the newest revision and put every guard back.

    依据: 内部约定 (a LOGGED table only ever gains nullable columns)
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        install_guards(connection)


def upgrade_book(url: str, *, desk: Desk, on: date) -> bool:
    """Upgrade an existing book; writes a schema entry when the revision changed.

    Returns whether anything changed.
    """
    engine = engine_for(url, write=True)
    try:
        with engine.connect() as connection:
            before = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        migrate(engine)
        head = newest_revision()
        if before == head:
            return False
        with Session(engine, expire_on_commit=False) as session:
            session.info["desk"] = desk
            act = Act(actor="系统", command="db upgrade", on=on)
            with entry(session, act, "schema", str(head)) as written:
                _record_schema(session, written)
            session.commit()
        return True
    finally:
        engine.dispose()
