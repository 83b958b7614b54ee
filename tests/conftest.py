"""What do all tests stand on? A book on each database, the tools beside it, and their tally.

``book`` gives an empty initialised book in a fresh database, once on SQLite and once on
PostgreSQL, opened for writing, and runs ``ledger.checks`` over it when the test ends; ``book_url``
the address of such a book, not opened; ``fresh_url`` that of a database in which nothing is yet;
``tool`` a program of the machine; ``demo`` and ``small_walk`` the sample district. Whatever is
missing fails the run, unless FUPIN_ALLOW_SKIP=1.
"""

import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import hypothesis
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlmodel import Session

from assets.trail import Desk, SeededEntropy, SteppingClock
from assets.vault import Vault
from ledger import checks
from ledger.database import create_book, open_session
from tests import walking
from tests.cluster import Cluster, binaries, temporary_cluster

DATABASES = ("sqlite", "postgresql")
ALLOW_SKIP = "FUPIN_ALLOW_SKIP"

hypothesis.settings.register_profile("test", deadline=None, print_blob=True)
hypothesis.settings.register_profile("soak", deadline=None, print_blob=True, max_examples=5000)


def pytest_configure(config: pytest.Config) -> None:
    """Nothing that is set in the caller's shell reaches a test."""
    for name in [name for name in os.environ if name.startswith("FUPIN_")]:
        if name != ALLOW_SKIP:
            del os.environ[name]
    soak = config.option.markexpr == "soak"
    hypothesis.settings.load_profile("soak" if soak else "test")


# --- the tally per database -----------------------------------------------------------------


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Write on the test which database it runs on, for the tally at the end."""
    callspec = getattr(item, "callspec", None)
    values = [value for value in callspec.params.values() if type(value) is str] if callspec else []
    database = next((value for value in values if value in DATABASES), "plain")
    item.user_properties.append(("database", database))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter,
) -> Generator[None, None, None]:
    """Last lines before the closing one: passed and skipped per database."""
    yield
    tally: Counter[tuple[str, str]] = Counter()
    for outcome in ("passed", "failed", "error", "skipped"):
        for report in terminalreporter.stats.get(outcome, []):
            properties = dict(getattr(report, "user_properties", ()))
            tally[properties.get("database", "plain"), outcome] += 1
    for database in ("plain", *DATABASES):
        passed, failed, error, skipped = (
            tally[database, outcome] for outcome in ("passed", "failed", "error", "skipped")
        )
        if passed or failed or error or skipped:
            failures = f", {failed + error} failed" if failed or error else ""
            terminalreporter.write_line(f"{database}: {passed} passed{failures}, {skipped} skipped")


# --- programs of the machine ----------------------------------------------------------------


def _missing(what: str, package: str) -> NoReturn:
    if os.environ.get(ALLOW_SKIP) == "1":
        pytest.skip(f"{what} is not installed and {ALLOW_SKIP}=1")
    pytest.fail(
        f"{what} is not installed: apt-get install {package} (or make setup)", pytrace=False
    )


@pytest.fixture(scope="session")
def tool() -> Callable[[str], str]:
    """``tool("hledger")``: the path of a program the tests compare with."""
    packages = {
        "pdftotext": "poppler-utils",
        "pdftoppm": "poppler-utils",
        "pdffonts": "poppler-utils",
        "soffice": "libreoffice-calc-nogui",
    }

    def find(name: str) -> str:
        beside_python = Path(sys.executable).parent
        found = shutil.which(name, path=f"{beside_python}{os.pathsep}{os.environ['PATH']}")
        return found or _missing(name, packages.get(name, name))

    return find


# --- databases ------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgresql() -> Path:
    """The folder of PostgreSQL's server programs."""
    return binaries() or _missing("PostgreSQL", "postgresql")


@pytest.fixture(scope="session")
def cluster(postgresql: Path) -> Iterator[Cluster]:
    """A PostgreSQL of this test process, started at the first test that wants one."""
    with temporary_cluster(postgresql) as running:
        yield running


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest) -> str:
    """The kind of database this run of the test is on."""
    return str(request.param)


@pytest.fixture
def fresh_url(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a database in which nothing is yet."""
    if database == "sqlite":
        yield f"sqlite:///{tmp_path / 'fresh.db'}"
        return
    server: Cluster = request.getfixturevalue("cluster")
    name = server.create()
    yield server.url(name)
    server.drop(name)


# --- books ----------------------------------------------------------------------------------

OPENED_US = 1_546_300_800_000_000  # 2019-01-01, UTC
DAY_US = 86_400_000_000


def make_desk(start_us: int = OPENED_US + DAY_US, recorder: str = "测试录入人") -> Desk:
    """A desk whose clock, randomness and keys are the same in every run."""
    entropy = SeededEntropy("test")
    return Desk(
        recorder=recorder,
        clock=SteppingClock(start_us),
        entropy=entropy,
        vault=Vault(bytes(range(32)), entropy),
        signing_key=Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33))),
    )


@dataclass(frozen=True)
class Book:
    """A book and the desk it is written at; ``session`` writes and is the test's to commit."""

    url: str
    desk: Desk
    session: Session

    @property
    def database(self) -> str:
        """The kind of database: ``sqlite`` or ``postgresql``."""
        return self.url.partition(":")[0].partition("+")[0]


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that every empty book on SQLite is a copy of."""
    path = tmp_path_factory.mktemp("template") / "book.db"
    create_book(f"sqlite:///{path}", desk=make_desk(OPENED_US))
    return path


@pytest.fixture(scope="session")
def postgresql_template(cluster: Cluster) -> str:
    """The database that every empty book on PostgreSQL is a copy of."""
    name = cluster.create()
    create_book(cluster.url(name), desk=make_desk(OPENED_US))
    return name


@pytest.fixture
def book_url(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of an empty initialised book that nobody has opened."""
    if database == "sqlite":
        path = tmp_path / "book.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server: Cluster = request.getfixturevalue("cluster")
    name = server.create(request.getfixturevalue("postgresql_template"))
    yield server.url(name)
    server.drop(name)


@pytest.fixture
def book(book_url: str, request: pytest.FixtureRequest) -> Iterator[Book]:
    """An empty initialised book, opened for writing; checked when the test has passed."""
    desk = make_desk()
    session = open_session(book_url, desk=desk, write=True)
    session.commit()  # the lock of the opening look is given back
    with session:
        yield Book(book_url, desk, session)
        session.rollback()
    if request.node.get_closest_marker("tampered") is None:
        assert_sound(book_url, desk)


def assert_sound(url: str, desk: Desk) -> None:
    """What a test left in its book passes ``fupin check``."""
    with open_session(url, desk=desk) as session:
        faults = checks.run(session)
    assert not faults, "\n".join(f"{each.check} {each.object}: {each.message}" for each in faults)


# --- walks ------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of ``fupin demo`` with its 755 households; for reading, copy it to change it."""
    return walking.once(walking.shared_root(tmp_path_factory), "demo", walking.demonstrate)


@pytest.fixture(scope="session")
def small_walk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small district walked on SQLite, every line typed twice; for reading."""
    return walking.once(walking.shared_root(tmp_path_factory), "small", walking.walk_twice)


@pytest.fixture(scope="session")
def small_walk_on_postgresql(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Path:
    """What the same walk left on PostgreSQL; the database belongs to whoever walked first."""

    def make(folder: Path) -> None:
        server: Cluster = request.getfixturevalue("cluster")
        walking.walk_twice(folder, server.url(server.create()))

    return walking.once(walking.shared_root(tmp_path_factory), "small-postgresql", make)
