"""Which assets has the money built, and what is on each one's card? The register (资产台账).

An asset is a code in a project; everything that can change about it is a fact from a day on.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlmodel import Session, col, select

from assets.asof import AsOf, current_row, current_rows
from assets.errors import NotFound, Refused
from assets.models import (
    Asset,
    AssetFact,
    AssetState,
    ContributionDifference,
    FundContribution,
    ObjectKind,
    PlantFact,
    Project,
    StatusEvent,
)
from assets.money import format_yuan
from assets.procedure import states
from assets.trail import Entry


@dataclass(frozen=True)
class AssetRow:
    """One line of the register as of a day; ``state`` is an ``AssetState`` code or ''."""

    asset_id: int
    code: str
    project_code: str
    title: str
    asset_class: str
    form: str
    subclass: str
    division_code: str
    place: str
    spec: str
    quantity: str
    quantity_unit: str
    acquired_on: date
    in_use_on: date | None
    life_months: int | None
    original_value_fen: int
    condition: str
    household_code: str
    state: str


def asset_by_code(session: Session, code: str) -> Asset:
    """The asset registered under a code.

    Raises:
        NotFound: No such asset.
    """
    asset = session.exec(select(Asset).where(Asset.code == code)).one_or_none()
    if asset is None:
        raise NotFound("资产", code)
    return asset


def asset_ids(session: Session) -> dict[str, int]:
    """Code → id of every asset."""
    return dict(session.exec(select(Asset.code, Asset.id)).all())


def asset_fact(session: Session, asset_id: int, at: AsOf) -> AssetFact | None:
    """The card of one asset as of a day and position, or None before its first day."""
    return current_row(session, AssetFact, at, AssetFact.asset_id == asset_id)


def plant_fact(session: Session, asset_id: int, at: AsOf) -> PlantFact | None:
    """The photovoltaic side of an asset as of a day, or None for anything else."""
    return current_row(session, PlantFact, at, PlantFact.asset_id == asset_id)


def plant_facts(session: Session, at: AsOf) -> dict[int, PlantFact]:
    """Asset id → the photovoltaic side of every plant as of a day."""
    return {row.asset_id: row for row in current_rows(session, PlantFact, ("asset_id",), at)}


def contributions_of(session: Session, asset_id: int, at: AsOf) -> list[FundContribution]:
    """Which documents' money is in one asset, in the order registered."""
    return list(
        session.exec(
            select(FundContribution)
            .where(
                FundContribution.asset_id == asset_id,
                col(FundContribution.entry_id) <= at.position,
            )
            .order_by(col(FundContribution.id))
        ).all()
    )


def differences(session: Session, at: AsOf) -> dict[int, list[ContributionDifference]]:
    """Asset id → explained differences between original value and contributions.

    依据: 内部约定 (Σ contributions = original value, or a recorded difference)
    """
    found: dict[int, list[ContributionDifference]] = defaultdict(list)
    for row in session.exec(
        select(ContributionDifference)
        .where(col(ContributionDifference.entry_id) <= at.position)
        .order_by(col(ContributionDifference.id))
    ).all():
        found[row.asset_id].append(row)
    return dict(found)


def disposed_days(session: Session, at: AsOf) -> dict[int, date]:
    """Asset id → the day it was disposed of, for every asset gone by the day.

    依据: 国办函〔2021〕51号 (规范资产处置); 内部约定 (what is gone earns, wears and owes nothing)
    """
    return dict(
        session.exec(
            select(col(Asset.id), col(StatusEvent.happened_on)).where(
                Asset.code == StatusEvent.object_code,
                StatusEvent.object_kind == ObjectKind.ASSET.value,
                StatusEvent.to_state == AssetState.DISPOSED.value,
                col(StatusEvent.happened_on) <= at.day,
                col(StatusEvent.entry_id) <= at.position,
            )
        ).all()
    )


def unexplained_fen(original_value_fen: int, contributed_fen: int, explained_fen: int) -> int:
    """What of an asset's value is neither contributed nor an explained difference; 0 is right.

    依据: 内部约定 (Σ contributions = original value, or a recorded difference)

    >>> unexplained_fen(90_000_000, 89_000_000, 1_000_000)
    0
    """
    return original_value_fen - contributed_fen - explained_fen


def change_fact(
    session: Session, written: Entry, asset_id: int, on: date, **changes: Any
) -> AssetFact:
    """Write a new card of an asset from a day on: as it was, but for the given columns.

    Raises:
        Refused: The asset was not there on that day, or its value would leave its contributions.

    依据: 内部约定 (superseded by later rows, never edited)
    """
    before = asset_fact(session, asset_id, AsOf())
    if before is None or on < before.valid_from:
        raise Refused("资产卡片在该日之前还没有登记，或之后已有变更。请核对日期。")
    if changes.get("original_value_fen", before.original_value_fen) != before.original_value_fen:
        raise Refused(
            f"原值{format_yuan(before.original_value_fen)}元由资金来源构成，不能单独更改。"
        )
    kept = before.model_dump(exclude={"id", "entry_id"})
    kept |= {"source_sha256": None, "source_sheet": None, "source_row": None}
    return written.add(AssetFact(**{**kept, **changes, "valid_from": on}))


def asset_rows(
    session: Session, at: AsOf, *, town: str = "", village: str = "", asset_class: str = ""
) -> list[AssetRow]:
    """The register as of a day, by asset code; ``town`` and ``village`` are division codes.

    依据: 国办函〔2021〕51号 (登记台账)
    """
    facts = {fact.asset_id: fact for fact in current_rows(session, AssetFact, ("asset_id",), at)}
    found = states.states_of(session, ObjectKind.ASSET, at)
    listed = session.exec(
        select(Asset.id, Asset.code, Project.code)
        .where(Asset.project_id == Project.id)
        .order_by(Asset.code)
    ).all()
    rows = [
        _row(asset_id, code, project_code, facts[asset_id], found.get(code, ""))
        for asset_id, code, project_code in listed
        if asset_id in facts
    ]
    return [
        row
        for row in rows
        if (not town or row.division_code[:9] == town[:9])
        and (not village or row.division_code == village)
        and (not asset_class or row.asset_class == asset_class)
    ]


def _row(asset_id: int, code: str, project_code: str, fact: AssetFact, state: str) -> AssetRow:
    return AssetRow(
        asset_id=asset_id,
        code=code,
        project_code=project_code,
        title=fact.title,
        asset_class=fact.asset_class,
        form=fact.form,
        subclass=fact.subclass,
        division_code=fact.division_code,
        place=fact.place,
        spec=fact.spec or "",
        quantity=fact.quantity,
        quantity_unit=fact.quantity_unit,
        acquired_on=fact.acquired_on,
        in_use_on=fact.in_use_on,
        life_months=fact.life_months,
        original_value_fen=fact.original_value_fen,
        condition=fact.condition,
        household_code=fact.household_code or "",
        state=state,
    )
