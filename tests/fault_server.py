"""Writes entries in processes of its own in which the n-th write or sync goes wrong; then looks.

Started once with the shim preloaded; reads one order a line (JSON) from standard input: the book to
copy, what goes wrong and when. Each order is a fork that posts vouchers through the program's own
verbs and tells of each one when it is committed. The answer (JSON, one line) says what was told and
what the book holds afterwards, read by another fork in which nothing goes wrong.
"""

import ctypes
import json
import os
import resource
import shutil
import signal
import sys
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlmodel import select

from assets import trail
from assets.models import Party
from assets.trail import Act
from assets.trail.verify import verify
from ledger.books import posting
from ledger.database import engine_for, open_session
from ledger.models import Voucher
from tests.conftest import OPENED_US, make_desk
from tests.ledger.payable_village import HOLDER

KINDS = {"none": 0, "kill": 1, "torn": 2, "eio": 3, "enospc": 4, "fsize": 0}
ENTRIES = 3
ON = date(2019, 5, 6)


def shim() -> Any:
    """The functions of the shim in this process."""
    library = ctypes.CDLL(None)
    library.fault_operations.restype = ctypes.c_long
    library.fault_syncs.restype = ctypes.c_long
    return library


def post_one(session: Any, number: int) -> int:
    """One voucher of one entry, as every verb writes it; committed by the caller."""
    act = Act("C01", "test", ON)
    party_id = session.exec(select(Party.id).where(Party.code == HOLDER)).one()
    with trail.entry(session, act, "test", f"cost {number}") as written:
        lines = posting.event_lines(session, "direct_cost", party_id, ON, 100 + number)
        posting.post(
            session,
            written,
            party_id=party_id,
            dated_on=ON,
            kind="cost",
            summary=f"第{number}笔",
            lines=lines,
            concerns=2019,
        )
        return written.id


def write_entries(path: Path, order: dict[str, Any], told: int) -> None:
    """Post vouchers one by one; tell number, syncs and whether anything is unsynced."""
    library = shim()
    url = f"sqlite:///{path}"
    if order.get("unsynced"):
        event.listen(
            engine_for(url, write=True),
            "connect",
            lambda connection, _: connection.execute("PRAGMA synchronous=OFF"),
        )
    if order["kind"] == "fsize":
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        limit = path.stat().st_size + order["at"] * 512
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    desk = make_desk(OPENED_US + 300 * 86_400_000_000)
    session = open_session(url, desk=desk, write=True)
    session.commit()
    library.fault_arm(KINDS[order["kind"]], order["at"])
    for number in range(ENTRIES):
        try:
            entry_id = post_one(session, number)
            if order.get("early"):
                tell(told, library, number, entry_id)
            session.commit()
        except Exception:
            # Whatever the failure was, the next one is tried on a new connection.
            session.close()
            session = open_session(url, desk=desk, write=True)
            continue
        if not order.get("early"):
            tell(told, library, number, entry_id)
    session.close()
    os.write(told, f"end {library.fault_operations()}\n".encode())


def tell(told: int, library: Any, number: int, entry_id: int) -> None:
    """Acknowledge one entry."""
    state = f"{library.fault_syncs()} {library.fault_dirty()}"
    os.write(told, f"ack {number} {entry_id} {state}\n".encode())


def forked(work: Any) -> list[str]:
    """Run in a fork; the lines it told before it ended, however it ended."""
    reading, telling = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            work(telling)
        finally:
            os._exit(0)
    os.close(telling)
    with os.fdopen(reading) as stream:
        lines = stream.read().splitlines()
    os.waitpid(child, 0)
    return lines


def look(path: Path, told: int) -> None:
    """What the book holds: faults of the verifier, entries, vouchers that do not balance."""
    with open_session(f"sqlite:///{path}", desk=make_desk()) as session:
        verdict = verify(session)
        found = {
            "faults": [f"{each.table} {each.entry_id}: {each.message}" for each in verdict.faults],
            "size": verdict.size,
            "summaries": sorted(
                row for row in session.exec(select(Voucher.summary)).all() if row.startswith("第")
            ),
        }
    os.write(told, (json.dumps(found) + "\n").encode())


def warm_up(source: Path, folder: Path) -> None:
    """Do once in this process what every fork would otherwise have to compile for itself."""
    path = folder / "warm.db"
    shutil.copyfile(source, path)
    url = f"sqlite:///{path}"
    with open_session(url, desk=make_desk(OPENED_US + 300 * 86_400_000_000), write=True) as session:
        post_one(session, 0)
        session.commit()
    with open_session(url, desk=make_desk()) as session:
        verify(session)
        session.exec(select(Voucher.summary)).all()
    engine_for.cache_clear()
    path.unlink()


def serve() -> None:
    """Answer orders until there are none."""
    warm_up(Path(sys.argv[1]), Path(sys.argv[2]))
    for line in sys.stdin:
        order = json.loads(line)
        path = Path(order["folder"]) / "book.db"
        for old in path.parent.glob("book.db*"):
            old.unlink()
        shutil.copyfile(order["source"], path)
        lines = forked(lambda told, o=order, p=path: write_entries(p, o, told))
        answer = {
            "acks": [[int(word) for word in each.split()[1:]] for each in lines if each[0] == "a"],
            "operations": next((int(each.split()[1]) for each in lines if each[0] == "e"), 0),
        }
        (after,) = forked(lambda told, p=path: look(p, told)) or ["{}"]
        print(json.dumps({**answer, **json.loads(after)}), flush=True)


if __name__ == "__main__":
    serve()
