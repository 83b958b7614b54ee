"""Under which contract does an asset earn, what is due when, and in what condition is it?

A contract's schedule of dues is made when it is registered and never changes; what was received
against it is the accounts' business. Condition changes by events: idle, repair, damage, resumed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from dateutil.relativedelta import relativedelta
from sqlmodel import Session, col, select

from assets import trail
from assets.asof import AsOf
from assets.columns import Labelled
from assets.courses import ASSET_MACHINE
from assets.errors import InvalidValue, NotFound, Refused
from assets.models import (
    AssetFact,
    Condition,
    ConditionEvent,
    ContractDue,
    ContractKind,
    ObjectKind,
    OperationContract,
)
from assets.procedure import states
from assets.registration import asset_by_code, asset_fact, change_fact, disposed_days
from assets.trail import Act

PPM = 1_000_000
CONTRACT_YEARS_MAX = 70
"""The longest contract that is not a mistake. 依据: 内部约定 (forest land is let for at most 70 years)."""


class Cycle(Labelled):
    """How often a contract pays (付款周期)."""

    YEAR = "YEAR", "年"
    HALF_YEAR = "HALF_YEAR", "半年"
    QUARTER = "QUARTER", "季"
    MONTH = "MONTH", "月"


MONTHS = {Cycle.YEAR: 12, Cycle.HALF_YEAR: 6, Cycle.QUARTER: 3, Cycle.MONTH: 1}

DUE_KINDS = (ContractKind.LEASE, ContractKind.CONTRACT_OUT, ContractKind.GUARANTEED)
"""Contracts that promise a sum; equity and entrusted operation pay what was earned."""


@dataclass(frozen=True)
class Due:
    """One sum of a schedule in fen, for a period, due on a day."""

    due_no: int
    due_on: date
    period_from: date
    period_to: date
    amount_fen: int


def yearly_amount(
    yearly_fen: int | None, principal_fen: int | None, rate_ppm: int | None
) -> int | None:
    """What a contract promises a year: the stated sum, else principal × rate rounded down.

    依据: 内部约定 (a stated sum goes before a computed one)

    >>> yearly_amount(None, 100_000_000, 80_000)
    8000000
    """
    if yearly_fen is not None:
        return yearly_fen
    if principal_fen is None or rate_ppm is None:
        return None
    return principal_fen * rate_ppm // PPM


def schedule(
    starts_on: date, ends_on: date, first_due_on: date, cycle: Cycle, yearly_fen: int
) -> list[Due]:
    """The sums due under a contract; the parts of each year sum to exactly the yearly sum.

    A last period that is cut short is due for its days, rounded down. A first due day at a
    month's end stays at month's ends.

    Raises:
        InvalidValue: The contract ends before it starts, or runs longer than any contract may.

    依据: 内部约定 (exact parts of the yearly sum)
    """
    if ends_on < starts_on or ends_on > starts_on + relativedelta(years=CONTRACT_YEARS_MAX):
        raise InvalidValue(f"合同期{starts_on}至{ends_on}不成立。请核对起止日期。")
    months, in_year = MONTHS[cycle], 12 // MONTHS[cycle]
    dues: list[Due] = []
    while (start := starts_on + relativedelta(months=months * len(dues))) <= ends_on:
        place = len(dues)
        full_end = starts_on + relativedelta(months=months * (place + 1)) - timedelta(days=1)
        of_year = place % in_year
        amount = yearly_fen * (of_year + 1) // in_year - yearly_fen * of_year // in_year
        end = min(full_end, ends_on)
        if end < full_end:
            amount = amount * ((end - start).days + 1) // ((full_end - start).days + 1)
        dues.append(Due(place + 1, _later(first_due_on, months * place), start, end, amount))
    return dues


def _later(day: date, months: int) -> date:
    last_of_month = (day + timedelta(days=1)).day == 1
    return day + relativedelta(months=months, day=31 if last_of_month else None)


def contract_by_code(session: Session, code: str) -> OperationContract:
    """The contract registered under a code.

    Raises:
        NotFound: No such contract.
    """
    found = session.exec(
        select(OperationContract).where(OperationContract.code == code)
    ).one_or_none()
    if found is None:
        raise NotFound("合同", code)
    return found


def contracts(
    session: Session, at: AsOf, *, asset_id: int | None = None
) -> list[OperationContract]:
    """Every contract begun by the day, ended ones too, by code."""
    statement = select(OperationContract).where(
        col(OperationContract.starts_on) <= at.day, col(OperationContract.entry_id) <= at.position
    )
    if asset_id is not None:
        statement = statement.where(OperationContract.asset_id == asset_id)
    return list(session.exec(statement.order_by(OperationContract.code)).all())


def dues(session: Session, at: AsOf, *, contract_ids: Iterable[int] = ()) -> list[ContractDue]:
    """Every sum due by the day (of the given contracts, if any are given), by contract and number.

    A period that begins after its asset was disposed of is not due.

    依据: 内部约定 (what is gone earns, wears and owes nothing)
    """
    statement = select(ContractDue).where(
        col(ContractDue.due_on) <= at.day, col(ContractDue.entry_id) <= at.position
    )
    wanted = list(contract_ids)
    if wanted:
        statement = statement.where(col(ContractDue.contract_id).in_(wanted))
    gone = gone_by_contract(session, at)
    found = session.exec(
        statement.order_by(col(ContractDue.contract_id), col(ContractDue.due_no))
    ).all()
    return [
        due
        for due in found
        if due.contract_id not in gone or due.period_from <= gone[due.contract_id]
    ]


def gone_by_contract(session: Session, at: AsOf) -> dict[int, date]:
    """Contract id → the day its asset was disposed of, where it was.

    依据: 内部约定 (what is gone earns, wears and owes nothing)
    """
    gone = disposed_days(session, at)
    if not gone:
        return {}
    of_asset = session.exec(
        select(OperationContract.id, OperationContract.asset_id).where(
            col(OperationContract.asset_id).in_(gone)
        )
    ).all()
    return {contract_id: gone[asset_id] for contract_id, asset_id in of_asset}


def due_amount(session: Session, contract_id: int, at: AsOf) -> int:
    """Fen due under one contract by the day."""
    return sum(due.amount_fen for due in dues(session, at, contract_ids=[contract_id]))


class ConditionKind(Labelled):
    """What happens to an asset's condition (状况变动)."""

    IDLE = "IDLE", "闲置"
    REPAIR = "REPAIR", "维修"
    DAMAGE = "DAMAGE", "损毁"
    RESUME = "RESUME", "恢复使用"
    INSURED = "INSURED", "保险理赔"


_BECOMES = {
    ConditionKind.IDLE: (Condition.IDLE, "idle"),
    ConditionKind.REPAIR: (Condition.REPAIR, "repair"),
    ConditionKind.DAMAGE: (Condition.DAMAGED, ""),
    ConditionKind.RESUME: (Condition.NORMAL, "resume"),
}


def record_condition(
    session: Session,
    act: Act,
    asset_code: str,
    kind: ConditionKind,
    *,
    remark: str,
    amount_fen: int | None = None,
) -> ConditionEvent:
    """Record what happened to an asset's condition on the act's day; its card follows.

    An asset in operation moves along its course; one that was not handed over yet only changes
    its card.

    Raises:
        NotFound: No such asset.
        Refused: It is in that condition already, or no reason is given.

    依据: 国办函〔2021〕51号 (upkeep; idle assets are listed and revived)
    """
    what = f"资产{asset_code}{kind.label}"
    stage = f"{kind.value}/{act.on}"
    with trail.entry(session, act, "condition", asset_code, stage=stage, what=what) as written:
        asset = asset_by_code(session, asset_code)
        if not remark.strip():
            raise Refused(f"{what}要写明情况。请补充说明。")
        if kind in _BECOMES:
            condition, step_name = _BECOMES[kind]
            fact = asset_fact(session, asset.id, AsOf())
            if fact is None or fact.condition == condition:
                raise Refused(f"资产{asset_code}的状况已是“{condition.label}”，不必再登记。")
            change_fact(session, written, asset.id, act.on, condition=condition.value)
            state = states.state_of(session, ObjectKind.ASSET, asset_code)
            if step_name and state in ASSET_MACHINE.step(step_name)[0]:
                states.move(
                    session,
                    written,
                    ASSET_MACHINE,
                    asset_code,
                    step_name,
                    step_label=kind.label,
                    on=act.on,
                    remark=remark,
                )
        return written.add(
            ConditionEvent(
                asset_id=asset.id,
                kind=kind.value,
                happened_on=act.on,
                amount_fen=amount_fen,
                remark=remark,
            )
        )


def condition_events(session: Session, asset_id: int, at: AsOf) -> list[ConditionEvent]:
    """What happened to one asset's condition by the day, in order."""
    return list(
        session.exec(
            select(ConditionEvent)
            .where(
                ConditionEvent.asset_id == asset_id,
                col(ConditionEvent.happened_on) <= at.day,
                col(ConditionEvent.entry_id) <= at.position,
            )
            .order_by(col(ConditionEvent.happened_on), col(ConditionEvent.id))
        ).all()
    )


def idle_since(session: Session, at: AsOf) -> dict[int, date]:
    """Asset id → first day of the idle time that still lasts on the day (闲置起始日).

    依据: 内部约定 (idle assets and how long)
    """
    facts = session.exec(
        select(AssetFact)
        .where(col(AssetFact.valid_from) <= at.day, col(AssetFact.entry_id) <= at.position)
        .order_by(col(AssetFact.asset_id), col(AssetFact.valid_from), col(AssetFact.id))
    ).all()
    found: dict[int, date] = {}
    for fact in facts:
        if fact.condition == Condition.IDLE:
            found.setdefault(fact.asset_id, fact.valid_from)
        else:
            found.pop(fact.asset_id, None)
    return found
