"""How do tests walk the sample district? The whole demonstration once, a small district twice.

A walk is made once for all test processes in a folder they share; whoever comes first makes it,
the others wait. The demonstration is as a user gets it: ``fupin demo --out DIR``. The small walk
types every command line twice and keeps what was said and how long the log was.
"""

import contextlib
import fcntl
import io
import os
import pickle
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

import cli
from fixtures.sample_district import build
from fixtures.story import Story
from fixtures.walk import Stage, steps

SEED = 2020
HOUSEHOLDS = 755
SMALL = 60
START_US = 1_640_995_200_000_000
"""2022-01-01: later than every record of a walk, for what is typed on its book afterwards."""


# --- made once ------------------------------------------------------------------------------


def shared_root(factory: pytest.TempPathFactory) -> Path:
    """The folder of this test run, the same for all its processes."""
    base = factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def once(root: Path, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that ``make`` fills once for all processes; what it raised is raised for all."""
    folder, failed = root / name, root / f"{name}.failed"
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if failed.exists():
            pytest.fail(failed.read_text(encoding="utf-8"), pytrace=False)
        if not (root / f"{name}.done").exists():
            try:
                make(folder)
            except BaseException as error:
                failed.write_text(f"{name}: {error}", encoding="utf-8")
                raise
            (root / f"{name}.done").touch()
    return folder


# --- one command line -----------------------------------------------------------------------


@dataclass
class Said:
    """What a command line gave back."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err


def fupin(
    *argv: str,
    database: str = "",
    recorder: str = "clerk",
    environment: dict[str, str] | None = None,
    on: date = date(2021, 3, 31),
) -> Said:
    """Run one command line in this process, on a day and a clock of the test's own."""
    moment = START_US

    def clock() -> int:
        nonlocal moment
        moment += 1_000_000
        return moment

    place = cli.Surroundings(
        today=lambda: on, recorder=recorder, clock=clock, environment=environment or {}
    )
    line = [*argv, *(("--database", database) if database else ())]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = cli.run(line, place)
    return Said(code, out.getvalue(), err.getvalue())


# --- walks ----------------------------------------------------------------------------------


def demonstrate(folder: Path) -> None:
    """``fupin demo`` as a user types it; what it said is kept beside the folder."""
    said = fupin("demo", "--out", str(folder))
    assert said.code == 0, said.text
    folder.with_suffix(".said").write_text(said.out, encoding="utf-8")
    story = build(folder.with_suffix(".workbooks"), seed=SEED, households=HOUSEHOLDS)
    (folder.with_suffix(".story")).write_bytes(pickle.dumps(story))


def prepare(folder: Path, seed: int, households: int) -> Story:
    """The folders of a walk and its workbooks; the story is kept beside them."""
    for name in ("表格", "银行文件", "报表"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    story = build(folder / "表格", seed=seed, households=households)
    (folder / "story.pickle").write_bytes(pickle.dumps(story))
    return story


def story_of(folder: Path) -> Story:
    """The story of a walk's folder, or of the demonstration's."""
    kept = folder / "story.pickle"
    story = pickle.loads((kept if kept.exists() else folder.with_suffix(".story")).read_bytes())
    assert isinstance(story, Story)
    return story


def stage_in(folder: Path, database: str = "", seed: int = SEED) -> Stage:
    """A stage whose keys lie in the folder also when the database is elsewhere."""
    keys = folder / "keys"

    def surroundings(**given: Any) -> cli.Surroundings:
        names = {
            "FUPIN_KEY_FILE": str(keys / "fupin.key"),
            "FUPIN_SIGNING_KEY": str(keys / "signing.pem"),
        }
        return cli.Surroundings(**{**given, "environment": names})

    stage = Stage(folder, seed, cli.run, surroundings)
    stage.database = database or stage.database
    return stage


def walk(folder: Path, story: Story, stage: Stage) -> int:
    """Run every step; the number of them. Fails with what the first refused step said."""
    count = 0
    for step in steps(story, folder):
        count += 1
        if stage.run(step):
            raise AssertionError(f"{' '.join(step.argv)}\n{stage.output}")
    return count


@dataclass(frozen=True)
class Twice:
    """One command line typed twice: exit codes, what was said the second time, log sizes."""

    argv: tuple[str, ...]
    writes: bool
    first: int
    first_said: str
    second: int
    second_said: str
    before: int
    after_first: int
    after_second: int


@dataclass
class WalkedTwice:
    """A walk of the small district whose every line was typed twice."""

    folder: Path
    database: str
    lines: list[Twice] = field(default_factory=list)
    entries: list[tuple[bytes, bytes]] = field(default_factory=list)
    root: str = ""
    size: int = 0


def walk_twice(folder: Path, database: str = "") -> None:
    """Walk the small district and type every command line twice; goes on to the end."""
    story = prepare(folder, SEED, SMALL)
    stage = stage_in(folder, database)
    done = WalkedTwice(folder, stage.database)
    for step in steps(story, folder):
        before = log_size(stage.database)
        first, first_said = stage.run(step), stage.output
        if first:
            raise AssertionError(f"{' '.join(step.argv)}\n{stage.output}")
        after_first = log_size(stage.database)
        second, second_said = stage.run(step), stage.output
        after_second = log_size(stage.database)
        done.lines.append(
            Twice(
                step.argv,
                step.writes,
                first,
                first_said,
                second,
                second_said,
                before,
                after_first,
                after_second,
            )
        )
    done.size, done.root = head_of(stage.database)
    done.entries = entries_of(stage.database)
    (folder / "twice.pickle").write_bytes(pickle.dumps(done))


def walked_twice(folder: Path) -> WalkedTwice:
    done = pickle.loads((folder / "twice.pickle").read_bytes())
    assert isinstance(done, WalkedTwice)
    return done


# --- looking into a book from outside ---------------------------------------------------------


def sqlite_path(database: str) -> Path:
    return Path(database.removeprefix("sqlite:///"))


def rows_of(database: str, query: str) -> list[tuple[Any, ...]]:
    """Rows of a query, asked past the program."""
    if database.startswith("sqlite"):
        with contextlib.closing(sqlite3.connect(sqlite_path(database))) as book:
            return book.execute(query).fetchall()
    address = database.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(address) as server:
        return server.execute(query).fetchall()


def log_size(database: str) -> int:
    """How many entries the log has; 0 where there is no book yet."""
    try:
        return int(rows_of(database, "SELECT count(*) FROM log")[0][0])
    except (sqlite3.OperationalError, psycopg.errors.UndefinedTable):
        return 0


def head_of(database: str) -> tuple[int, str]:
    """Size and root of the log, computed from its leaves."""
    from assets.trail.merkle import root_of

    leaves = [bytes(row[0]) for row in rows_of(database, "SELECT leaf FROM log ORDER BY id")]
    return len(leaves), root_of(leaves).hex()


def entries_of(database: str) -> list[tuple[bytes, bytes]]:
    """Header and manifest of every entry, in order."""
    rows = rows_of(database, "SELECT header, manifest FROM log ORDER BY id")
    return [(bytes(header), bytes(manifest)) for header, manifest in rows]


def copy_of(source: Path, target: Path, names: Sequence[str] = ("fupin.db", "keys")) -> str:
    """A copy of a walk's book and keys in another folder; the copy's address."""
    import shutil

    target.mkdir(parents=True, exist_ok=True)
    for name in names:
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name, dirs_exist_ok=True)
        else:
            shutil.copyfile(source / name, target / name)
    return f"sqlite:///{target / 'fupin.db'}"
