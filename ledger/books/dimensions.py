"""What is a line about? Asset, income year, stream and channel, interned once (辅助核算)."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import and_, or_
from sqlmodel import Session, select

from assets.trail import Entry
from ledger.models import Dimension


class Facts(NamedTuple):
    """What one line is about; 0 and '' mean none."""

    asset_id: int = 0
    income_year: int = 0
    stream: str = ""
    channel: str = ""


NOTHING = Facts()


def intern(session: Session, written: Entry, wanted: Iterable[Facts]) -> dict[Facts, int]:
    """Facts → dimension id; ``NOTHING`` is 0, new ones are added to the entry.

    依据: 内部约定 (a line holds whole numbers only)
    """
    distinct = sorted(set(wanted) - {NOTHING})
    known = {NOTHING: 0} | _known(session, distinct)
    missing = [facts for facts in distinct if facts not in known]
    for facts in missing:
        known[facts] = written.add(Dimension(**facts._asdict())).id
    if missing:
        session.flush()
    return known


def _known(session: Session, wanted: list[Facts], slice_rows: int = 200) -> dict[Facts, int]:
    found: dict[Facts, int] = {}
    for start in range(0, len(wanted), slice_rows):
        conditions = [
            and_(*(getattr(Dimension, name) == value for name, value in facts._asdict().items()))
            for facts in wanted[start : start + slice_rows]
        ]
        for row in session.exec(select(Dimension).where(or_(*conditions))).all():
            found[facts_of(row)] = row.id
    return found


def facts_of(row: Dimension) -> Facts:
    """The facts of a stored dimension."""
    return Facts(row.asset_id, row.income_year, str.__str__(row.stream), str.__str__(row.channel))


def dimensions_by_id(session: Session) -> dict[int, Facts]:
    """Dimension id → facts, 0 included.

    依据: 内部约定 (a line holds whole numbers only)
    """
    return {0: NOTHING} | {row.id: facts_of(row) for row in session.exec(select(Dimension)).all()}
