"""Who keeps an asset in order, was it looked after, and which assets has nobody looked at?

A duty of upkeep names a keeper and a task from a day on; a new keeper of the same task takes over
from the old one. Inspections are what the keeper's or the owner's people found on a day.
"""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func
from sqlmodel import Session, col, select

from assets import trail
from assets.asof import AsOf, current_rows
from assets.errors import InvalidValue, NotFound, Refused
from assets.masking import refuse_personal_numbers
from assets.models import (
    AssetClass,
    AssetFact,
    AssetState,
    Inspection,
    ObjectKind,
    UpkeepDuty,
)
from assets.parties import party_by_code
from assets.procedure import states
from assets.procedure.actors import refuse_auditor
from assets.registration import AssetRow, asset_by_code, asset_rows
from assets.trail import Act

INSPECTION_DAYS = 90
"""How long an asset may go without an inspection. 依据: 内部约定 (looked at every quarter)."""

KEPT_STATES = frozenset(
    state.value
    for state in (
        *(AssetState.ACCEPTED, AssetState.ACCEPTED_WITH_RESERVATIONS, AssetState.BOOKED),
        *(AssetState.IN_OPERATION, AssetState.IDLE, AssetState.UNDER_REPAIR),
    )
)
"""States in which somebody must keep the asset: received, and not yet on the way out."""


def assign(
    session: Session,
    act: Act,
    asset_code: str,
    keeper_code: str,
    *,
    duty: str,
    yearly_budget_fen: int | None = None,
    until: date | None = None,
) -> UpkeepDuty:
    """Name who keeps an asset for one task from the act's day on, to a last day or for good.

    Raises:
        NotFound: No such asset or institution.
        Refused: The same keeper has that task already, no task is named, or the asset is gone.
        InvalidValue: The last day is before the first, or the budget is negative.

    依据: 国办函〔2021〕51号 (管护责任落实到人)
    """
    stage = f"{duty}/{keeper_code}/{act.on}"
    with trail.entry(
        session, act, "upkeep", asset_code, stage=stage, what=f"资产{asset_code}管护“{duty}”"
    ) as written:
        refuse_auditor(session, act)
        asset = asset_by_code(session, asset_code)
        keeper = party_by_code(session, keeper_code)
        _refuse_loose_duty(duty, yearly_budget_fen, act.on, until)
        _refuse_disposed(session, asset_code, "登记管护")
        for held in duties(session, AsOf(act.on), asset_id=asset.id):
            if held.duty == duty and held.keeper_party_id == keeper.id:
                raise Refused(
                    f"资产{asset_code}的“{duty}”自{held.valid_from}起已由{keeper_code}负责，"
                    "不必再登记；如要更换，请写新的管护人。"
                )
        return written.add(
            UpkeepDuty(
                asset_id=asset.id,
                keeper_party_id=keeper.id,
                duty=duty,
                yearly_budget_fen=yearly_budget_fen,
                valid_from=act.on,
                valid_to=until,
            ),
        )


def end(session: Session, act: Act, asset_code: str, *, duty: str) -> UpkeepDuty:
    """End a task of upkeep; the act's day is its last.

    Raises:
        NotFound: No such asset, or nobody has that task on the day.

    依据: 内部约定 (superseded by later rows, never edited)
    """
    stage = f"{duty}/{act.on}"
    with trail.entry(
        session, act, "upkeep-end", asset_code, stage=stage, what=f"终止资产{asset_code}“{duty}”"
    ) as written:
        refuse_auditor(session, act)
        asset = asset_by_code(session, asset_code)
        held = [x for x in duties(session, AsOf(act.on), asset_id=asset.id) if x.duty == duty]
        if not held:
            raise NotFound(f"资产{asset_code}的管护责任", duty)
        return written.add(
            UpkeepDuty(
                asset_id=asset.id,
                keeper_party_id=held[0].keeper_party_id,
                duty=duty,
                yearly_budget_fen=held[0].yearly_budget_fen,
                valid_from=act.on,
                valid_to=act.on,
            ),
        )


def _refuse_loose_duty(duty: str, budget_fen: int | None, on: date, until: date | None) -> None:
    if not duty.strip():
        raise Refused("管护要写明内容，例如：日常巡护、除草清洗。")
    refuse_personal_numbers(duty, "管护内容")
    if budget_fen is not None and budget_fen < 0:
        raise InvalidValue("管护经费不能为负数。请核对金额。")
    if until is not None and until < on:
        raise InvalidValue(f"管护期限止于{until}，早于起始日{on}。请核对日期。")


def _refuse_disposed(session: Session, asset_code: str, what: str) -> None:
    if states.state_of(session, ObjectKind.ASSET, asset_code) == AssetState.DISPOSED:
        raise Refused(f"资产{asset_code}已处置，不能{what}。请核对资产编号。")


def duties(session: Session, at: AsOf, *, asset_id: int | None = None) -> list[UpkeepDuty]:
    """Every task of upkeep that somebody has on the day, by asset and task.

    依据: 国办函〔2021〕51号
    """
    conditions = () if asset_id is None else (UpkeepDuty.asset_id == asset_id,)
    rows = current_rows(session, UpkeepDuty, ("asset_id", "duty"), at, *conditions)
    return [row for row in rows if row.valid_to is None or row.valid_to >= at.day]


def inspect(session: Session, act: Act, asset_code: str, *, result: str) -> Inspection:
    """Record what an inspection on the act's day found.

    Raises:
        NotFound: No such asset.
        Refused: Nothing is said about what was found, or the asset was not there that day.

    依据: 国办函〔2021〕51号 (管护情况检查)
    """
    with trail.entry(
        session,
        act,
        "inspection",
        asset_code,
        stage=f"{act.on}/{act.actor}",
        what=f"资产{asset_code}{act.on}巡查",
    ) as written:
        refuse_auditor(session, act)
        if not act.actor.strip():
            raise Refused("没有写明巡查人。请用 --actor 指明。")
        asset = asset_by_code(session, asset_code)
        if not result.strip():
            raise Refused("巡查要写明情况，例如：完好；或：围栏破损，已报修。")
        refuse_personal_numbers(result, "巡查情况")
        _refuse_disposed(session, asset_code, "登记巡查")
        known = select(AssetFact.id).where(
            AssetFact.asset_id == asset.id, col(AssetFact.acquired_on) <= act.on
        )
        if session.exec(known.limit(1)).first() is None:
            raise Refused(f"资产{asset_code}在{act.on}还没有建成。请核对日期。")
        return written.add(
            Inspection(asset_id=asset.id, inspected_on=act.on, result=result, actor_code=act.actor)
        )


def inspections(session: Session, at: AsOf, *, asset_id: int | None = None) -> list[Inspection]:
    """Every inspection by the day, in order of day.

    依据: 内部约定 (an inspection is proved by who was there and what was found)
    """
    statement = select(Inspection).where(
        col(Inspection.inspected_on) <= at.day, col(Inspection.entry_id) <= at.position
    )
    if asset_id is not None:
        statement = statement.where(Inspection.asset_id == asset_id)
    return list(
        session.exec(statement.order_by(col(Inspection.inspected_on), col(Inspection.id))).all()
    )


@dataclass(frozen=True)
class Unkept:
    """An asset that lacks a keeper or an inspection; ``last_on`` is its last inspection."""

    asset: AssetRow
    has_keeper: bool
    last_on: date | None
    days: int | None


def unkept(
    session: Session,
    at: AsOf,
    *,
    notice_days: int = INSPECTION_DAYS,
    town: str = "",
    village: str = "",
) -> list[Unkept]:
    """Received assets with no keeper, or not inspected for that many days; households keep theirs.

    依据: 国办函〔2021〕51号 (经营性、公益性资产落实管护主体; 到户资产由农户自行管护)
    """
    kept = {row.asset_id for row in duties(session, at)}
    last: dict[int, date] = dict(
        session.exec(
            select(Inspection.asset_id, func.max(Inspection.inspected_on))
            .where(col(Inspection.inspected_on) <= at.day, col(Inspection.entry_id) <= at.position)
            .group_by(col(Inspection.asset_id))
        ).all()
    )
    found = []
    for row in asset_rows(session, at, town=town, village=village):
        if row.asset_class == AssetClass.HOUSEHOLD or row.state not in KEPT_STATES:
            continue
        last_on = _day(last.get(row.asset_id))
        days = (at.day - last_on).days if last_on is not None else None
        if row.asset_id not in kept or days is None or days > notice_days:
            found.append(Unkept(row, row.asset_id in kept, last_on, days))
    return found


def _day(value: date | str | None) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value
