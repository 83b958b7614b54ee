"""What do tests of the register stand on? A copy of a book in which the small district is entered.

``register`` is such a book on each database; the entering is done once per database and run.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ledger.database import create_book, open_session
from tests.assets.small_district import furnish
from tests.cluster import Cluster
from tests.conftest import OPENED_US, Book, make_desk


def _enter(url: str) -> None:
    desk = make_desk()
    with open_session(url, desk=desk, write=True) as session:
        session.commit()
        furnish(session)


@pytest.fixture(scope="session")
def sqlite_register(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that every furnished book on SQLite is a copy of."""
    path = tmp_path_factory.mktemp("register") / "register.db"
    create_book(f"sqlite:///{path}", desk=make_desk(OPENED_US))
    _enter(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgresql_register(cluster: Cluster, postgresql_template: str) -> str:
    """The database that every furnished book on PostgreSQL is a copy of."""
    name = cluster.create(postgresql_template)
    _enter(cluster.url(name))
    return name


@pytest.fixture
def register_url(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a furnished book that nobody has opened."""
    value: Callable[[str], object] = request.getfixturevalue
    if database == "sqlite":
        path = tmp_path / "register.db"
        shutil.copyfile(str(value("sqlite_register")), path)
        yield f"sqlite:///{path}"
        return
    server = value("cluster")
    assert isinstance(server, Cluster)
    name = server.create(str(value("postgresql_register")))
    yield server.url(name)
    server.drop(name)


@pytest.fixture
def register(register_url: str) -> Iterator[Book]:
    """A book with the small district in it, opened for writing; the test commits."""
    desk = make_desk()
    session = open_session(register_url, desk=desk, write=True)
    session.commit()
    with session:
        yield Book(register_url, desk, session)
        session.rollback()


@pytest.fixture(scope="session")
def postgresql_standing(cluster: Cluster, postgresql_register: str) -> str:
    """One more copy on PostgreSQL, for tests that only read."""
    return cluster.create(postgresql_register)


@pytest.fixture
def standing(database: str, request: pytest.FixtureRequest) -> Iterator[Book]:
    """The book with the small district in it, opened for reading: nothing can be written."""
    value: Callable[[str], object] = request.getfixturevalue
    if database == "sqlite":
        url = f"sqlite:///{value('sqlite_register')}"
    else:
        server = value("cluster")
        assert isinstance(server, Cluster)
        url = server.url(str(value("postgresql_standing")))
    desk = make_desk()
    with open_session(url, desk=desk) as session:
        yield Book(url, desk, session)
        session.rollback()
