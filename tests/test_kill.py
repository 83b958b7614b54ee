"""Does a book survive a power cut? The walk is killed twenty times and goes on each time.

Ten times the process dies in the middle of writing an entry, ten times it is killed from outside
a moment after it began one. Then the book is checked in full, and the last line is typed again.
"""

import json
import multiprocessing
import random
import time
from multiprocessing.context import ForkServerContext, ForkServerProcess
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

import pytest

from tests.cut_short import go_on
from tests.walking import SEED, SMALL, fupin, log_size, prepare, walked_twice

KILLS = 20
LEFT_AT_THE_END = 60
"""No kill so near the end that the walk could be over before it comes."""
PATIENCE_SECONDS = 120


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Processes that begin with everything loaded."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.cut_short"])
    return context


class Run:
    """One process walking on from a step."""

    def __init__(
        self, context: ForkServerContext, folder: Path, begin: int, seed: int, die: int
    ) -> None:
        self.at: Synchronized[int] = context.Value("i", begin)
        self.size: Synchronized[int] = context.Value("i", 0)
        arguments = (folder, begin, seed, self.at, self.size, die)
        self.process: ForkServerProcess = context.Process(target=go_on, args=arguments)
        self.process.start()

    def kill_at(self, position: int, later_seconds: float) -> None:
        """kill -9 a moment after it began to write the entry."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.size.value < position and self.process.is_alive():
            assert time.monotonic() < deadline
            time.sleep(0.0005)
        time.sleep(later_seconds)
        self.process.kill()

    def ended(self) -> int:
        self.process.join(PATIENCE_SECONDS)
        code = self.process.exitcode
        assert code is not None
        self.process.close()
        return code


def test_a_book_that_was_cut_off_twenty_times_is_sound_and_goes_on(
    processes: ForkServerContext, tmp_path: Path, small_walk: Path
) -> None:
    drawn = random.Random(SEED)
    whole = walked_twice(small_walk)
    positions = sorted(drawn.sample(range(2, whole.size - LEFT_AT_THE_END), KILLS))
    prepare(tmp_path, SEED, SMALL)
    database = f"sqlite:///{tmp_path / 'fupin.db'}"
    begin, killed = 0, 0
    for number, position in enumerate(positions):
        inside = number % 2 == 0
        run = Run(processes, tmp_path, begin, SEED + number, position if inside else 0)
        if not inside:
            run.kill_at(position, drawn.random() * 0.03)
        assert run.ended() == -9, refusal(tmp_path)
        begin, killed = run.at.value, killed + 1

        said = fupin("check", database=database)
        assert said.code == 0, (position, said.text)
        assert log_size(database) >= position - 1

    assert killed == KILLS
    assert Run(processes, tmp_path, begin, SEED + KILLS, 0).ended() == 0, refusal(tmp_path)
    assert log_size(database) == whole.size
    for question in (("plan", "list"), ("pay", "list"), ("income", "balance"), ("asset", "list")):
        ours = fupin(*question, "--json", database=database)
        theirs = fupin(*question, "--json", database=f"sqlite:///{small_walk / 'fupin.db'}")
        assert json.loads(ours.out) == json.loads(theirs.out)


def refusal(folder: Path) -> str:
    path = folder / "refused.txt"
    return path.read_text(encoding="utf-8") if path.exists() else ""


def test_an_init_that_was_cut_off_is_finished_by_the_next(
    processes: ForkServerContext, tmp_path: Path
) -> None:
    prepare(tmp_path, SEED, SMALL)
    database = f"sqlite:///{tmp_path / 'fupin.db'}"
    Run(processes, tmp_path, 0, SEED, 1).process.join(PATIENCE_SECONDS)
    assert log_size(database) == 0 and (tmp_path / "fupin.db").exists()

    run = Run(processes, tmp_path, 0, SEED, 3)
    assert run.ended() == -9, refusal(tmp_path)

    assert log_size(database) == 2
    assert fupin("check", database=database).code == 0
