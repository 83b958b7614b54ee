"""Whose is it? The six rights over an asset, each with holders, from a day on, on a document.

All rows of one right written at once for one day form a version; the latest version on or before
a day holds. Ownership and benefit of a version sum to exactly one; an unsettled part is held by
the coded 权属待定, so that the sum stays one.
"""

from collections import defaultdict
from collections.abc import Iterable

from sqlmodel import Session, col, select

from assets.asof import AsOf
from assets.models import AssetRight, RightKind

Share = tuple[int, int, int]
"""A holder's party id and the numerator and denominator of its part."""


def current_rights(
    session: Session, at: AsOf, *, asset_ids: Iterable[int] | None = None, kind: str = ""
) -> dict[tuple[int, str], list[AssetRight]]:
    """(asset id, right) → the rows of the version that holds as of ``at``, in the order written.

    依据: 内部约定 (superseded by later versions, never edited)
    """
    statement = select(AssetRight).where(
        col(AssetRight.valid_from) <= at.day, col(AssetRight.entry_id) <= at.position
    )
    if kind:
        statement = statement.where(AssetRight.kind == str.__str__(kind))
    if asset_ids is not None:
        statement = statement.where(col(AssetRight.asset_id).in_(list(asset_ids)))
    versions: dict[tuple[int, str], list[AssetRight]] = defaultdict(list)
    for row in session.exec(statement.order_by(col(AssetRight.id))).all():
        rows = versions[row.asset_id, row.kind]
        if rows and (row.valid_from, row.entry_id) > (rows[0].valid_from, rows[0].entry_id):
            rows.clear()
        if not rows or (row.valid_from, row.entry_id) == (rows[0].valid_from, rows[0].entry_id):
            rows.append(row)
    return dict(versions)


def shares_on(session: Session, asset_id: int, kind: RightKind, at: AsOf) -> list[Share]:
    """Who holds which part of a right as of a day: (party id, numerator, denominator), by party.

    依据: 内部约定
    """
    rows = current_rights(session, at, asset_ids=[asset_id], kind=kind).get(
        (asset_id, kind.value), []
    )
    return sorted((r.holder_party_id, r.share_numerator, r.share_denominator) for r in rows)


def all_shares(session: Session, kind: RightKind, at: AsOf) -> dict[int, list[Share]]:
    """Asset id → shares of a right as of a day, for the whole register.

    依据: 内部约定
    """
    return {
        asset_id: sorted((r.holder_party_id, r.share_numerator, r.share_denominator) for r in rows)
        for (asset_id, _), rows in current_rights(session, at, kind=kind).items()
    }
