"""What was true on a day, as known at a log position? One way to ask every dated table.

A fact row holds from ``valid_from`` until a later one; among rows of the same day the later entry
holds. As-of answers are for the pair (day, position).
"""

from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from sqlalchemy import and_, func
from sqlmodel import Session, col, select

LAST_POSITION = 2**62
LAST_DAY = date(9999, 12, 31)


@dataclass(frozen=True)
class AsOf:
    """A day and a log position (入账进度); the default is everything known."""

    day: date = LAST_DAY
    position: int = LAST_POSITION


Row = TypeVar("Row")


def current_rows(
    session: Session,
    model: type[Row],
    keys: tuple[str, ...],
    at: AsOf,
    *conditions: Any,
) -> list[Row]:
    """For each distinct ``keys`` the row of ``model`` that holds as of ``at``, ordered by keys.

    依据: 内部约定 (superseded by later rows, never edited)
    """
    table: Any = model
    columns = [getattr(table, key) for key in keys]
    rank = (
        func.row_number()
        .over(
            partition_by=columns,
            order_by=[
                col(table.valid_from).desc(),
                col(table.entry_id).desc(),
                col(table.id).desc(),
            ],
        )
        .label("rank")
    )
    ranked = (
        select(table.id.label("id"), rank)
        .where(col(table.valid_from) <= at.day, col(table.entry_id) <= at.position, *conditions)
        .subquery()
    )
    statement = (
        select(model)
        .join(ranked, and_(col(table.id) == ranked.c.id, ranked.c.rank == 1))
        .order_by(*columns)
    )
    return list(session.exec(statement).all())


def current_row(session: Session, model: type[Row], at: AsOf, *conditions: Any) -> Row | None:
    """The one row that holds as of ``at`` among those matching the conditions, or None."""
    table: Any = model
    statement = (
        select(model)
        .where(col(table.valid_from) <= at.day, col(table.entry_id) <= at.position, *conditions)
        .order_by(col(table.valid_from).desc(), col(table.entry_id).desc(), col(table.id).desc())
        .limit(1)
    )
    return session.exec(statement).first()
