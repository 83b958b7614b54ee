"""What do tests of payment stand on? A copy of a book in which one plan is posted."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ledger.database import create_book, open_session
from tests.cluster import Cluster
from tests.conftest import OPENED_US, Book, assert_sound, make_desk
from tests.ledger.payable_village import Payable, furnish
from tests.ledger.planned_example import earned


def _enter(url: str) -> None:
    desk = make_desk()
    with open_session(url, desk=desk, write=True) as session:
        session.commit()
        furnish(session, desk)


@pytest.fixture(scope="session")
def sqlite_payable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that every book with a posted plan on SQLite is a copy of."""
    path = tmp_path_factory.mktemp("payable") / "payable.db"
    create_book(f"sqlite:///{path}", desk=make_desk(OPENED_US))
    _enter(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgresql_payable(cluster: Cluster, postgresql_template: str) -> str:
    """The database that every book with a posted plan on PostgreSQL is a copy of."""
    name = cluster.create(postgresql_template)
    _enter(cluster.url(name))
    return name


@pytest.fixture
def payable_url(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a book with a posted plan that nobody has opened."""
    value: Callable[[str], object] = request.getfixturevalue
    if database == "sqlite":
        path = tmp_path / "payable.db"
        shutil.copyfile(str(value("sqlite_payable")), path)
        yield f"sqlite:///{path}"
        return
    server = value("cluster")
    assert isinstance(server, Cluster)
    name = server.create(str(value("postgresql_payable")))
    yield server.url(name)
    server.drop(name)


@pytest.fixture
def payable(payable_url: str, request: pytest.FixtureRequest) -> Iterator[Payable]:
    """A book with a posted plan, opened for writing; checked when the test has passed."""
    desk = make_desk(OPENED_US + 200 * 86_400_000_000)
    session = open_session(payable_url, desk=desk, write=True)
    session.commit()
    with session:
        yield Payable(session, desk)
        session.rollback()
    if request.node.get_closest_marker("tampered") is None:
        assert_sound(payable_url, desk)


# --- the joint plant whose income waits to be planned ------------------------------------------


def _earn(url: str) -> None:
    desk = make_desk()
    with open_session(url, desk=desk, write=True) as session:
        session.commit()
        earned(Book(url, desk, session))


@pytest.fixture(scope="session")
def sqlite_earned(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Path:
    """The file that every book with waiting income on SQLite is a copy of."""
    path = tmp_path_factory.mktemp("earned") / "earned.db"
    shutil.copyfile(sqlite_template, path)
    _earn(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgresql_earned(cluster: Cluster, postgresql_template: str) -> str:
    """The database that every book with waiting income on PostgreSQL is a copy of."""
    name = cluster.create(postgresql_template)
    _earn(cluster.url(name))
    return name


@pytest.fixture
def earned_url(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a book with waiting income that nobody has opened."""
    value: Callable[[str], object] = request.getfixturevalue
    if database == "sqlite":
        path = tmp_path / "earned.db"
        shutil.copyfile(str(value("sqlite_earned")), path)
        yield f"sqlite:///{path}"
        return
    server = value("cluster")
    assert isinstance(server, Cluster)
    name = server.create(str(value("postgresql_earned")))
    yield server.url(name)
    server.drop(name)


@pytest.fixture
def earned_book(earned_url: str) -> Iterator[Book]:
    """A book in which village A's part of the plant waits; checked when the test has passed."""
    desk = make_desk()
    session = open_session(earned_url, desk=desk, write=True)
    session.commit()
    with session:
        yield Book(earned_url, desk, session)
        session.rollback()
    assert_sound(earned_url, desk)
