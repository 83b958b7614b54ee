"""What do all tests stand on? A book on each database, the tools beside it, and their tally.

``book`` gives an empty initialised book in a fresh database, once on SQLite and once on
PostgreSQL; ``fresh_url`` the address of a database in which nothing is yet; ``tool`` a program of
the machine. Whatever is missing fails the run, unless FUPIN_ALLOW_SKIP=1.
"""

import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import NoReturn

import hypothesis
import pytest

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
    values = callspec.params.values() if callspec else ()
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
    }

    def find(name: str) -> str:
        beside_python = Path(sys.executable).parent
        found = shutil.which(name, path=f"{beside_python}{os.pathsep}{os.environ['PATH']}")
        return found or _missing(name, packages.get(name, name))

    return find


# --- databases ------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL of this test process, started at the first test that wants one."""
    server = binaries()
    if server is None:
        _missing("PostgreSQL", "postgresql")
    with temporary_cluster(server) as running:
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
