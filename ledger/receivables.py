"""What is due and not received? Contract dues against receipts, oldest due first, with age."""

from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, select

from assets.asof import AsOf
from assets.models import Asset, ContractDue, OperationContract
from assets.operation import gone_by_contract
from ledger.models import MoneyKind, Receipt, Stream

CONTRACT_STREAMS = (Stream.RENT, Stream.DIVIDEND, Stream.GUARANTEED, Stream.OTHER)


@dataclass(frozen=True)
class Due:
    """One sum due under a contract and what of it has come in; fen."""

    contract_code: str
    asset_code: str
    due_on: date
    period_from: date
    period_to: date
    due_fen: int
    received_fen: int
    overdue_days: int


def settle(due_fens: list[int], received_fen: int) -> list[int]:
    """Spread received money over dues in their order; what is left after the last stays out.

    依据: 民法典 (the debt due first is paid first where nothing else is agreed)
    """
    parts = []
    for due_fen in due_fens:
        part = max(0, min(due_fen, received_fen))
        parts.append(part)
        received_fen -= part
    return parts


def dues(session: Session, on: date) -> list[Due]:
    """Every sum due by a day, with receipts of the asset's contract streams set against it.

    A period that begins after its asset was disposed of is not due.

    依据: 内部约定 (a guaranteed return that is not paid is still a receivable)
    """
    rows = session.exec(
        select(ContractDue, OperationContract, Asset.code)
        .join(OperationContract, col(OperationContract.id) == col(ContractDue.contract_id))
        .join(Asset, col(Asset.id) == col(OperationContract.asset_id))
        .where(col(ContractDue.due_on) <= on)
        .order_by(col(OperationContract.code), col(ContractDue.due_on), col(ContractDue.id))
    ).all()
    received = _received(session, on)
    gone = gone_by_contract(session, AsOf(on))
    by_contract: dict[str, list[tuple[ContractDue, OperationContract, str]]] = {}
    for due, contract, asset_code in rows:
        if contract.id in gone and due.period_from > gone[contract.id]:
            continue
        by_contract.setdefault(contract.code, []).append((due, contract, asset_code))
    found = []
    for code, lines in by_contract.items():
        money = received.get(lines[0][1].asset_id, 0)
        parts = settle([due.amount_fen for due, _, _ in lines], money)
        for (due, _, asset_code), part in zip(lines, parts, strict=True):
            missing = due.amount_fen - part
            found.append(
                Due(
                    contract_code=code,
                    asset_code=asset_code,
                    due_on=due.due_on,
                    period_from=due.period_from,
                    period_to=due.period_to,
                    due_fen=due.amount_fen,
                    received_fen=part,
                    overdue_days=(on - due.due_on).days if missing else 0,
                )
            )
    return found


def _received(session: Session, on: date) -> dict[int, int]:
    rows = session.exec(
        select(Receipt.asset_id, Receipt.amount_fen).where(
            col(Receipt.arrived_on) <= on,
            col(Receipt.money_kind) == MoneyKind.INCOME,
            col(Receipt.stream).in_([str.__str__(each) for each in CONTRACT_STREAMS]),
        )
    ).all()
    sums: dict[int, int] = {}
    for asset_id, amount in rows:
        sums[asset_id] = sums.get(asset_id, 0) + amount
    return sums
