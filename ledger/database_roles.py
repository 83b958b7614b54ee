"""Who may do what to a book on PostgreSQL, whatever program they use? Three roles and their grants.

The owner owns tables and guards and logs in for upgrades only; a writer adds rows and can neither
change nor remove what is in the log; an auditor reads everything and changes nothing. Triggers
refuse as well, but only ownership and grants hold against somebody with SQL and a login.
"""

from sqlmodel import SQLModel

import ledger.models  # noqa: F401  (all tables are needed)
from assets.trail.schema import model_of

OWNER, WRITER, AUDITOR = "fupin_owner", "fupin_writer", "fupin_auditor"
ADDED_TO = ("LOGGED", "LOG")
"""Tables to which rows are only added; the others are rebuilt, or hold what may be erased."""


def role_statements() -> list[str]:
    """SQL that makes the roles and gives each what it may do; may be run again.

    For the database's administrator, in the book's database after each upgrade. Nobody logs in as
    one of the roles: logins are made members (``GRANT fupin_writer TO lisi``).

    依据: 会计法 (记账 apart from who keeps the system); 内部约定 (grants outlast triggers)
    """
    tables = {table.name: model_of(table).__trail__ for table in SQLModel.metadata.tables.values()}
    added_to = sorted(name for name, trail in tables.items() if trail in ADDED_TO)
    rebuilt = sorted(name for name, trail in tables.items() if trail not in ADDED_TO)
    everything = sorted([*tables, "alembic_version"])
    return [
        *(_role(name) for name in (OWNER, WRITER, AUDITOR)),
        *(f'ALTER TABLE "{name}" OWNER TO {OWNER}' for name in everything),
        _functions_owned(),
        f"REVOKE CREATE ON SCHEMA public FROM PUBLIC, {WRITER}, {AUDITOR}",
        f"GRANT USAGE ON SCHEMA public TO {OWNER}, {WRITER}, {AUDITOR}",
        f"GRANT CREATE ON SCHEMA public TO {OWNER}",
        f"REVOKE ALL ON {_listed(everything)} FROM PUBLIC, {WRITER}, {AUDITOR}",
        f"GRANT SELECT ON {_listed(everything)} TO {WRITER}, {AUDITOR}",
        f"GRANT INSERT ON {_listed(added_to)} TO {WRITER}",
        f"GRANT INSERT, UPDATE, DELETE ON {_listed(rebuilt)} TO {WRITER}",
    ]


def _listed(names: list[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _role(name: str) -> str:
    return (
        f"DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '{name}') "
        f"THEN CREATE ROLE {name} NOLOGIN; END IF; END $$"
    )


def _functions_owned() -> str:
    """The functions behind the guards: whoever owns them could empty them."""
    return (
        "DO $$ DECLARE f record; BEGIN FOR f IN SELECT p.oid::regprocedure AS name "
        "FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace "
        "WHERE n.nspname = 'public' AND p.proname LIKE 'fupin\\_%' LOOP "
        f"EXECUTE format('ALTER FUNCTION %s OWNER TO {OWNER}', f.name); END LOOP; END $$"
    )
