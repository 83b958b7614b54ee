"""What do tests of the flag rules stand on? The clean year and the faulty year, each entered once."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlmodel import Session

from fixtures import audit_year, faulty_year
from fixtures.faulty_year import Field
from ledger.database import create_book, open_session
from tests.cluster import Cluster
from tests.conftest import OPENED_US, Book, make_desk

FIELDS: dict[str, Field] = {}
"""What was planted, by kind of database."""


def _enter(url: str, database: str) -> None:
    with open_session(url, desk=make_desk(), write=True) as session:
        session.commit()
        field = audit_year.write(session, faulty_year.plant)
        session.commit()
    assert field is not None
    FIELDS[database] = field


@pytest.fixture(scope="session")
def sqlite_faulty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that every faulty year on SQLite is a copy of."""
    path = tmp_path_factory.mktemp("faulty") / "faulty.db"
    create_book(f"sqlite:///{path}", desk=make_desk(OPENED_US))
    _enter(f"sqlite:///{path}", "sqlite")
    return path


@pytest.fixture(scope="session")
def postgresql_faulty(cluster: Cluster, postgresql_template: str) -> str:
    """The faulty year on PostgreSQL; nobody writes into it."""
    name = cluster.create(postgresql_template)
    _enter(cluster.url(name), "postgresql")
    return name


@pytest.fixture
def faulty(database: str, request: pytest.FixtureRequest) -> Iterator[tuple[Session, Field]]:
    """The faulty year opened for reading, and what was planted in it."""
    value: Callable[[str], object] = request.getfixturevalue
    if database == "sqlite":
        url = f"sqlite:///{value('sqlite_faulty')}"
    else:
        server = value("cluster")
        assert isinstance(server, Cluster)
        url = server.url(str(value("postgresql_faulty")))
    with open_session(url) as session:
        yield session, FIELDS[database]


@pytest.fixture
def own_copy(sqlite_faulty: Path, tmp_path: Path) -> Path:
    """A copy of the faulty year on SQLite that a test may damage."""
    path = tmp_path / "own.db"
    shutil.copyfile(sqlite_faulty, path)
    return path


@pytest.fixture
def clean_year(book: Book) -> Session:
    """The clean year alone, on each database; checked when the test ends."""
    audit_year.write(book.session)
    book.session.commit()
    return book.session
