"""What one of many writers does: it posts vouchers under keys that all the writers share.

A module of its own, so that the process which starts the writers needs to load nothing else.
"""

import random
from datetime import date
from pathlib import Path

from sqlmodel import Session, select

from assets import trail
from assets.errors import AlreadyDone, KeyConflict
from assets.models import Party
from assets.trail import Act
from ledger.books import posting
from ledger.database import open_session
from tests.conftest import OPENED_US, make_desk
from tests.ledger.payable_village import HOLDER

ON = date(2019, 5, 6)
OTHER_BODY_IN = 5
"""One attempt in so many comes with another amount than the key's first writer gave."""


def amount_fen(key: int, body: int) -> int:
    """What the body of a key amounts to: no two bodies of the campaign amount to the same."""
    return 1000 + 10 * key + body


def attempt(session: Session, key: int, body: int, given: str) -> str:
    """Try one voucher and say what became of it, with the number of the entry."""
    amount = amount_fen(key, body)
    act = Act("C01", "test", ON, inputs=str(amount), key=given)
    try:
        with trail.entry(session, act, "test", "cost") as written:
            party_id = session.exec(select(Party.id).where(Party.code == HOLDER)).one()
            assert party_id is not None
            posting.post(
                session,
                written,
                party_id=party_id,
                dated_on=ON,
                kind="cost",
                summary=f"第{key}笔",
                lines=posting.event_lines(session, "direct_cost", party_id, ON, amount),
                concerns=2019,
            )
        session.commit()
    except AlreadyDone:
        session.rollback()
        return "done"
    except KeyConflict:
        session.rollback()
        return "conflict"
    return "posted"


def write(url: str, seed: int, attempts: int, keys: int, forgets: bool, told: Path) -> None:
    """Make the attempts; ``told`` becomes a file of outcome, key and body, a line an attempt."""
    drawn = random.Random(seed)
    desk = make_desk(OPENED_US + 300 * 86_400_000_000)
    lines = []
    with open_session(url, desk=desk, write=True) as session:
        session.rollback()
        for number in range(attempts):
            key = drawn.randrange(keys)
            body = int(drawn.randrange(OTHER_BODY_IN) == 0)
            given = f"K{key}-{seed}-{number}" if forgets else f"K{key}"
            lines.append(f"{attempt(session, key, body, given)} {key} {body}\n")
    told.write_text("".join(lines), encoding="utf-8")
