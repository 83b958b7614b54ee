"""Do the grants hold against somebody with a login and SQL, and does the program work under them?"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import psycopg
import pytest
from psycopg import errors
from sqlmodel import select

from assets.models import Evidence
from assets.trail import Act, entry
from assets.trail.verify import verify
from ledger import checks
from ledger.database import open_session
from ledger.database_roles import AUDITOR, WRITER, role_statements
from tests.cluster import Cluster
from tests.conftest import make_desk

ON = date(2021, 3, 5)


@dataclass(frozen=True)
class Granted:
    """A book on PostgreSQL whose roles are made, and two logins."""

    cluster: Cluster
    name: str

    def url(self, login: str) -> str:
        return self.cluster.url(self.name).replace("postgres@", f"{login}@")

    def as_(self, login: str) -> "psycopg.Connection[tuple[object, ...]]":
        """A connection past the program."""
        return psycopg.connect(
            host=str(self.cluster.folder), user=login, dbname=self.name, autocommit=True
        )


@pytest.fixture
def granted(cluster: Cluster, postgresql_template: str) -> Iterator[Granted]:
    name = cluster.create(postgresql_template)
    with cluster.connect(name) as connection:
        for _ in range(2):  # a second time changes nothing and is not refused
            for statement in role_statements():
                connection.execute(statement.encode())
        for login, role in (("clerk", WRITER), ("bureau", AUDITOR)):
            connection.execute(f"CREATE ROLE {login} LOGIN IN ROLE {role}".encode())
    yield Granted(cluster, name)
    cluster.drop(name)
    with cluster.connect("postgres") as connection:
        for login in ("clerk", "bureau"):
            connection.execute(f"DROP ROLE {login}".encode())


def write_as_clerk(granted: Granted) -> None:
    desk = make_desk()
    with open_session(granted.url("clerk"), desk=desk, write=True) as session:
        with entry(session, Act("C01", "test", ON), "test", "paper") as written:
            written.add(
                Evidence(
                    sha256="0" * 64,
                    kind="SCAN",
                    title="会议记录",
                    received_on=ON,
                    sealed=False,
                    size_bytes=1,
                )
            )
        session.commit()


def test_the_program_writes_as_a_writer_and_reads_as_an_auditor(granted: Granted) -> None:
    write_as_clerk(granted)
    with open_session(granted.url("bureau"), desk=make_desk()) as session:
        assert session.exec(select(Evidence.title)).one() == "会议记录"
        assert verify(session).is_clean
        assert checks.run(session) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE evidence SET title = 'x'",
        "DELETE FROM evidence",
        "TRUNCATE evidence",
        "UPDATE log SET leaf = header",
        "DELETE FROM log",
        "ALTER TABLE evidence DISABLE TRIGGER ALL",
        "ALTER TABLE voucher ADD COLUMN note text",
        "DROP TRIGGER seal_voucher ON voucher",
        "CREATE OR REPLACE FUNCTION fupin_seal_voucher() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RETURN NEW; END $$",
        "DROP TABLE evidence",
        "UPDATE alembic_version SET version_num = 'x'",
        "CREATE TABLE elsewhere (id bigint)",
        "SET ROLE fupin_owner",
    ],
)
def test_a_writer_can_neither_change_nor_remove_nor_unguard(
    granted: Granted, statement: str
) -> None:
    write_as_clerk(granted)
    with granted.as_("clerk") as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute(statement.encode())


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO log (id, header, manifest, leaf) VALUES (99, '', '', '')",
        "UPDATE log_head SET size = 0",
        "DELETE FROM data_key",
        "UPDATE evidence SET title = 'x'",
        "SET ROLE fupin_writer",
    ],
)
def test_an_auditor_changes_nothing(granted: Granted, statement: str) -> None:
    with granted.as_("bureau") as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute(statement.encode())


def test_an_auditor_cannot_write_through_the_program_either(granted: Granted) -> None:
    with pytest.raises(Exception, match="permission denied"):
        desk = make_desk()
        with open_session(granted.url("bureau"), desk=desk, write=True) as session:
            with entry(session, Act("C01", "test", ON), "test", "paper"):
                pass
            session.commit()


def test_the_grants_are_what_refuses(granted: Granted) -> None:
    # The owner of everything is stopped by the triggers only, which he could drop.
    write_as_clerk(granted)
    with granted.cluster.connect(granted.name) as connection:
        with pytest.raises(errors.RaiseException):
            connection.execute("UPDATE evidence SET title = 'x'")
        connection.execute("ALTER TABLE evidence DISABLE TRIGGER ALL")
        assert connection.execute("UPDATE evidence SET title = 'x'").rowcount == 1
