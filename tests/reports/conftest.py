"""Which book do the tests of papers look at? One year told once, and copied for each test."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from sqlmodel import Session

from assets.trail import Act, Desk
from ledger.database import create_book, open_session
from reports import catalogue
from reports.bundle import Bundle
from reports.paper import Paper
from reports.standpoint import Asked, Standpoint, standpoint
from tests.conftest import OPENED_US, assert_sound, make_desk
from tests.reports.scenario import CLERK, Scenario, build

YEAR_END = date(2020, 12, 31)
GOLDEN = Path(__file__).parent / "golden"


@dataclass(frozen=True)
class Told:
    """The book of the scenario, opened for writing."""

    url: str
    desk: Desk
    session: Session

    def act(self, on: date = YEAR_END) -> Act:
        """An act of the village's clerk."""
        return Act(CLERK, "report", on)

    def stand(self, on: date = YEAR_END, position: int | None = None) -> Standpoint:
        """Where the clerk looks from."""
        return standpoint(self.session, on, self.act(on), position=position)

    def paper(self, name: str, on: date = YEAR_END, **asked: object) -> Paper:
        """A paper of the catalogue."""
        found = catalogue.find(name).build(self.stand(on), Asked(**asked))  # type: ignore[arg-type]
        assert isinstance(found, Paper)
        return found

    def bundle(self, name: str, on: date = YEAR_END, **asked: object) -> Bundle:
        """A bundle of the catalogue."""
        found = catalogue.find(name).build(self.stand(on), Asked(**asked))  # type: ignore[arg-type]
        assert isinstance(found, Bundle)
        return found


@pytest.fixture(scope="session")
def told_template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Scenario]:
    """The file with the scenario in it, found sound once."""
    path = tmp_path_factory.mktemp("told") / "book.db"
    url = f"sqlite:///{path}"
    create_book(url, desk=make_desk(OPENED_US))
    desk = make_desk()
    with open_session(url, desk=desk, write=True) as session:
        made = build(session)
    assert_sound(url, desk)
    return path, made


@pytest.fixture
def told(told_template: tuple[Path, Scenario], tmp_path: Path) -> Iterator[Told]:
    """A copy of the scenario's book."""
    path = tmp_path / "told.db"
    shutil.copyfile(told_template[0], path)
    url, desk = f"sqlite:///{path}", make_desk()
    with open_session(url, desk=desk, write=True) as session:
        yield Told(url, desk, session)
        session.rollback()


@pytest.fixture
def golden() -> Callable[[Paper], None]:
    """Compare a paper's data with what was looked at and kept."""

    def compare(paper: Paper, name: str = "") -> None:
        kept = GOLDEN / f"{name or paper.name}.json"
        data = json.dumps(paper.data(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        assert kept.exists(), f"{kept.name} is missing: python -m tests.reports.golden writes it"
        assert data == kept.read_text(encoding="utf-8")

    return compare
