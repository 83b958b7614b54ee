"""What is left of a book when the machine fails in the middle? Nothing acknowledged is lost.

Kill, torn write, I/O error, full disk and file-size limit at every single write and sync of three
entries; afterwards the file is sound, the log verifies, every acknowledged entry is there, and at
most one entry is there that was not acknowledged. Each acknowledgement comes after a sync with
nothing left unsynced. On PostgreSQL the client, its backend and the whole server are killed.
"""

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ledger.database import create_book, open_session
from tests.conftest import OPENED_US, make_desk
from tests.ledger.payable_village import furnish

SHIM = Path(__file__).with_name("fault_shim.c")
SERVER = Path(__file__).with_name("fault_server.py")
ROOT = Path(__file__).parents[1]
WRITE_KINDS = ("kill", "torn", "eio", "enospc")


@dataclass
class Machine:
    """A process that fails on order."""

    process: "subprocess.Popen[str]"
    source: Path
    folder: Path

    def fails(self, kind: str, at: int, **more: Any) -> dict[str, Any]:
        """Post three entries while the ``at``-th write or sync goes wrong; what came of it."""
        order = {"source": str(self.source), "folder": str(self.folder), "kind": kind, "at": at}
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps({**order, **more}) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer


@pytest.fixture(scope="module")
def machine(
    tmp_path_factory: pytest.TempPathFactory, tool: Callable[[str], str]
) -> Iterator[Machine]:
    folder = tmp_path_factory.mktemp("faults")
    library = folder / "shim.so"
    subprocess.run(
        [tool("gcc"), "-shared", "-fPIC", "-O1", "-o", str(library), str(SHIM), "-ldl"], check=True
    )
    source = folder / "source.sqlite"
    url = f"sqlite:///{source}"
    create_book(url, desk=make_desk(OPENED_US))
    desk = make_desk()
    with open_session(url, desk=desk, write=True) as session:
        session.commit()
        furnish(session, desk)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.fault_server", str(source), str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "LD_PRELOAD": str(library), "PYTHONPATH": str(ROOT)},
    )
    with process:
        yield Machine(process, source, folder)
        assert process.stdin is not None
        process.stdin.close()


def wrong(answer: dict[str, Any]) -> list[str]:
    """What must not be after a failure."""
    found = list(answer.get("faults", ["the book could not be opened"]))
    acknowledged = {f"第{number}笔" for number, *_ in answer["acks"]}
    there = set(answer.get("summaries", []))
    found += [f"lost {each}" for each in sorted(acknowledged - there)]
    if len(there - acknowledged) > 1:
        found.append(f"too many that nobody acknowledged: {sorted(there - acknowledged)}")
    before = 0
    for number, _, syncs, dirty in answer["acks"]:
        if dirty or syncs <= before:
            found.append(f"entry {number} acknowledged before it was synced")
        before = syncs
    return found


def test_without_a_failure_three_entries_are_posted_and_synced(machine: Machine) -> None:
    answer = machine.fails("none", 0)
    assert wrong(answer) == []
    assert len(answer["acks"]) == len(answer["summaries"]) == 3
    assert answer["operations"] > 60
    # SQLite syncs journal, journal header and database at least: three a commit.
    assert answer["acks"][0][2] >= 3


def test_no_failure_at_any_write_or_sync_loses_what_was_acknowledged(machine: Machine) -> None:
    operations = machine.fails("none", 0)["operations"]
    # 120 places spread over all writes and syncs of the three entries, for each of four kinds.
    places = [1 + place * operations // 120 for place in range(120)]
    trials = [(kind, at) for kind in WRITE_KINDS for at in places]
    trials += [("fsize", at) for at in range(20)]
    assert len(trials) == 500
    outcomes = {trial: machine.fails(*trial) for trial in trials}
    assert {trial: wrong(answer) for trial, answer in outcomes.items() if wrong(answer)} == {}
    # The campaign reached every stage: nothing, some and all of the three were acknowledged.
    counts = {len(answer["acks"]) for answer in outcomes.values()}
    assert counts >= {0, 1, 2}
    assert all(not outcomes["kill", at]["operations"] for at in places), "a kill that did not kill"


def test_a_book_that_does_not_sync_is_seen_through(machine: Machine) -> None:
    assert any(
        "before it was synced" in each for each in wrong(machine.fails("none", 0, unsynced=True))
    )


def test_an_acknowledgement_before_the_commit_is_seen_through(machine: Machine) -> None:
    operations = machine.fails("none", 0)["operations"]
    seen = [
        fault
        for at in range(2, operations // 3, 3)
        for fault in wrong(machine.fails("kill", at, early=True))
    ]
    assert any(each.startswith("lost") for each in seen)


@pytest.mark.soak
def test_ten_thousand_failures_lose_nothing(machine: Machine) -> None:
    chance = random.Random(20261127)
    operations = machine.fails("none", 0)["operations"]
    for _ in range(10_000):
        kind = chance.choice((*WRITE_KINDS, "fsize"))
        at = chance.randint(0, 60) if kind == "fsize" else chance.randint(1, operations)
        assert wrong(machine.fails(kind, at)) == [], (kind, at)
