"""What is logged, and which guards stand? Table descriptors, triggers, and their comparison.

A ``schema_version`` entry holds both, so that an auditor reads the shape of the tables from the
book itself; at start the live guards are compared with it.
"""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Table, inspect
from sqlmodel import SQLModel

from assets.columns import Blob, Code, Count, Day, Fen, Flag, Id, Moment
from assets.errors import UnsafeDatabase

_TYPE_NAMES = {
    Fen: "fen",
    Id: "id",
    Count: "int",
    Moment: "moment",
    Day: "day",
    Code: "text",
    Flag: "flag",
    Blob: "bytes",
}


def model_of(table: Table) -> Any:
    """The SQLModel class mapped to a table."""
    return _models()[table]


def _models() -> dict[Any, Any]:
    return {mapper.local_table: mapper.class_ for mapper in SQLModel._sa_registry.mappers}


def trail_of(table: Table) -> str:
    """LOG, LOGGED, DERIVED or VAULT, as the model declares it."""
    return str(model_of(table).__trail__)


def logged_tables() -> list[Table]:
    """All LOGGED tables by name."""
    tables, models = SQLModel.metadata.tables, _models()
    return [tables[name] for name in sorted(tables) if models[tables[name]].__trail__ == "LOGGED"]


def type_name(column: Any) -> str:
    """The descriptor's word for a column's type."""
    return _TYPE_NAMES[type(column.type)]


def descriptor(tables: Sequence[Table] | None = None) -> dict[str, Any]:
    """Table name → version, packed or not, columns with types in declared order.

    依据: 内部约定 (a reader needs no program of ours to decode the book)
    """
    chosen = logged_tables() if tables is None else tables
    return {
        table.name: {
            "version": model_of(table).__table_version__,
            "packed": model_of(table).__packed__,
            "columns": [[column.name, type_name(column)] for column in table.columns],
        }
        for table in chosen
    }


def descriptor_json() -> str:
    """The descriptor as compact JSON with sorted keys."""
    return json.dumps(descriptor(), sort_keys=True, separators=(",", ":"))


def guard_statements(dialect: str) -> dict[str, str]:
    """Trigger name → SQL that refuses UPDATE and DELETE on LOGGED tables and on the log.

    依据: 会计法 (corrections by prescribed method; records are not altered)
    """
    names = ["log", *(table.name for table in logged_tables())]
    if dialect == "sqlite":
        return _sqlite_guards(names)
    return _postgresql_guards(names)


def _sqlite_guards(names: Sequence[str]) -> dict[str, str]:
    guards = {}
    for name in names:
        for verb in ("UPDATE", "DELETE"):
            guard = f"keep_{name}_{verb.lower()}"
            guards[guard] = (
                f"CREATE TRIGGER {guard} BEFORE {verb} ON {name} BEGIN "
                f"SELECT RAISE(ABORT, '{name}: 账本记录不得修改或删除'); END"
            )
    guards["keep_log_gapless"] = (
        "CREATE TRIGGER keep_log_gapless BEFORE INSERT ON log "
        "WHEN NEW.id <> (SELECT coalesce(max(id), 0) + 1 FROM log) BEGIN "
        "SELECT RAISE(ABORT, 'log: 记录号必须连续'); END"
    )
    return guards


REFUSE_FUNCTION = (
    "CREATE OR REPLACE FUNCTION fupin_refuse() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION '%: 账本记录不得修改或删除', TG_TABLE_NAME; END $$"
)
GAPLESS_FUNCTION = (
    "CREATE OR REPLACE FUNCTION fupin_log_gapless() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN IF NEW.id <> (SELECT coalesce(max(id), 0) + 1 FROM log) THEN "
    "RAISE EXCEPTION 'log: 记录号必须连续'; END IF; RETURN NEW; END $$"
)


def _postgresql_guards(names: Sequence[str]) -> dict[str, str]:
    guards = {}
    for name in names:
        for verb in ("UPDATE", "DELETE"):
            guard = f"keep_{name}_{verb.lower()}"
            guards[guard] = (
                f"CREATE TRIGGER {guard} BEFORE {verb} ON {name} "
                "FOR EACH ROW EXECUTE FUNCTION fupin_refuse()"
            )
        guards[f"keep_{name}_truncate"] = (
            f"CREATE TRIGGER keep_{name}_truncate BEFORE TRUNCATE ON {name} "
            "FOR EACH STATEMENT EXECUTE FUNCTION fupin_refuse()"
        )
    guards["keep_log_gapless"] = (
        "CREATE TRIGGER keep_log_gapless BEFORE INSERT ON log "
        "FOR EACH ROW EXECUTE FUNCTION fupin_log_gapless()"
    )
    return guards


Statements = Callable[[str], dict[str, str]]
Functions = Callable[[str], list[str]]
_PROVIDERS: list[Statements] = []
_FUNCTIONS: list[Functions] = []


def register_guards(provider: Statements, functions: Functions) -> None:
    """Add guards of another package to those every book must have (dialect → name → SQL).

    ``functions`` gives the PostgreSQL functions which these triggers call.
    """
    if provider not in _PROVIDERS:
        _PROVIDERS.append(provider)
        _FUNCTIONS.append(functions)


def all_function_statements(dialect: str) -> list[str]:
    """Every function the guards call: on PostgreSQL only."""
    if dialect == "sqlite":
        return []
    own = [REFUSE_FUNCTION, GAPLESS_FUNCTION]
    return own + [each for functions in _FUNCTIONS for each in functions(dialect)]


def all_guard_statements(dialect: str) -> dict[str, str]:
    """Every guard a book must have: append-only ones and the registered ones."""
    guards = guard_statements(dialect)
    for provider in _PROVIDERS:
        guards.update(provider(dialect))
    return guards


def altered_guards(connection: Connection) -> list[tuple[str, str]]:
    """(trigger, what is wrong) for each guard that is missing or is not the program's own text.

    依据: 内部约定 (a trigger replaced by one that does nothing is as bad as none)
    """
    expected = all_guard_statements(connection.dialect.name)
    live = live_guards(connection)
    wrong = [(name, "防改触发器缺失") for name in sorted(expected) if name not in live]
    texts = (
        _sqlite_texts(connection)
        if connection.dialect.name == "sqlite"
        else _postgresql_texts(connection)
    )
    wrong += [
        (name, "防改触发器被改动")
        for name, statement in sorted(_expected_texts(connection.dialect.name).items())
        if texts.get(name, statement) != statement
    ]
    return wrong


def _sqlite_texts(connection: Connection) -> dict[str, str]:
    rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type='trigger'")
    return {row[0]: row[1] for row in rows}


def _postgresql_texts(connection: Connection) -> dict[str, str]:
    """Trigger → its words as laid down, function → its body."""
    triggers = connection.exec_driver_sql(
        "SELECT t.tgname, pg_get_triggerdef(t.oid) FROM pg_trigger t "
        "JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE NOT t.tgisinternal AND n.nspname = current_schema()"
    )
    functions = connection.exec_driver_sql(
        "SELECT p.proname, p.prosrc FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace "
        "WHERE n.nspname = current_schema()"
    )
    texts = {row[0]: re.sub(r" ON \w+\.", " ON ", row[1]) for row in triggers}
    return texts | {row[0]: row[1] for row in functions}


def _expected_texts(dialect: str) -> dict[str, str]:
    functions = {
        statement.split("FUNCTION ", 1)[1].split("(", 1)[0]: statement.split("$$")[1]
        for statement in all_function_statements(dialect)
    }
    return all_guard_statements(dialect) | functions


def altered_columns(connection: Connection) -> list[tuple[str, str]]:
    """(table, what is wrong) for each LOGGED table whose live columns are not the declared ones."""
    inspector = inspect(connection)
    wrong = []
    for table in logged_tables():
        declared = [column.name for column in table.columns]
        live = (
            [column["name"] for column in inspector.get_columns(table.name)]
            if inspector.has_table(table.name)
            else []
        )
        if set(live) != set(declared):
            odd = "、".join(sorted(set(live) ^ set(declared))[:5])
            wrong.append((table.name, f"表结构与登记不符（{odd}）"))
    return wrong


def install_guards(connection: Connection) -> None:
    """Create every guard that is missing or altered; on PostgreSQL they fire for owners too.

    依据: 内部约定 (a migration may drop triggers silently, so they are made again after each)
    """
    dialect = connection.dialect.name
    for function in all_function_statements(dialect):
        connection.exec_driver_sql(function.replace("%", "%%"))
    wrong = {name for name, _ in altered_guards(connection)}
    for name, statement in all_guard_statements(dialect).items():
        if name not in wrong:
            continue
        table = statement.split(" ON ", 1)[1].split()[0]
        of_table = f" ON {table}" if dialect == "postgresql" else ""
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}{of_table}")
        connection.exec_driver_sql(statement)
        if dialect == "postgresql":
            connection.exec_driver_sql(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


def live_guards(connection: Connection) -> set[str]:
    """The names of the triggers that stand (and are enabled) in the database."""
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    else:
        rows = connection.exec_driver_sql(
            "SELECT tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
            "JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE NOT tgisinternal AND tgenabled IN ('O', 'A') AND n.nspname = current_schema()"
        )
    return {row[0] for row in rows}


def require_guards(connection: Connection) -> None:
    """Refuse to work when a guard is missing.

    Raises:
        UnsafeDatabase: Names the first missing guards and the remedy.
    """
    expected = set(all_guard_statements(connection.dialect.name))
    missing = sorted(expected - live_guards(connection))
    if missing:
        shown = "、".join(missing[:5])
        raise UnsafeDatabase(
            f"数据库缺少{len(missing)}个防改触发器（{shown}）。"
            "请先执行 fupin trail verify 查明是否被改动，再执行 fupin db upgrade 恢复。"
        )
