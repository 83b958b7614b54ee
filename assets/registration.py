"""Which assets has the money built, and what is on each one's card? The register (资产台账).

An asset is a code in a project; everything that can change about it is a fact from a day on.
"""

from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, select

from assets.asof import AsOf, current_row, current_rows
from assets.errors import NotFound
from assets.models import Asset, AssetFact, ObjectKind, Project
from assets.procedure import states


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

    依据: 内部约定
    """
    asset = session.exec(select(Asset).where(Asset.code == code)).one_or_none()
    if asset is None:
        raise NotFound("资产", code)
    return asset


def asset_ids(session: Session) -> dict[str, int]:
    """Code → id of every asset.

    依据: 内部约定
    """
    return dict(session.exec(select(Asset.code, Asset.id)).all())


def asset_fact(session: Session, asset_id: int, at: AsOf) -> AssetFact | None:
    """The card of one asset as of a day and position, or None before its first day.

    依据: 内部约定
    """
    return current_row(session, AssetFact, at, AssetFact.asset_id == asset_id)


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
