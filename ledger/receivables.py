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
    gone = gone_by_contract(session, AsOf(on))
    kept = [
        (due, contract, code)
        for due, contract, code in rows
        if contract.id not in gone or due.period_from <= gone[contract.id]
    ]
    parts = _spread(session, [(due, contract) for due, contract, _ in kept], on)
    return [
        Due(
            contract_code=contract.code,
            asset_code=code,
            due_on=due.due_on,
            period_from=due.period_from,
            period_to=due.period_to,
            due_fen=due.amount_fen,
            received_fen=parts[due.id],
            overdue_days=(on - due.due_on).days if parts[due.id] < due.amount_fen else 0,
        )
        for due, contract, code in kept
    ]


def _spread(
    session: Session, lines: list[tuple[ContractDue, OperationContract]], on: date
) -> dict[int, int]:
    """Due id → fen received for it; no fen is set against two dues.

    What a contract's own counterparty paid goes to its dues; what came from elsewhere or from
    nobody named goes to whatever of the asset has been due longest.
    """
    parts = {due.id: 0 for due, _ in lines}
    by_asset: dict[int, list[tuple[ContractDue, OperationContract]]] = {}
    for due, contract in sorted(lines, key=lambda line: (line[0].due_on, line[0].id)):
        by_asset.setdefault(contract.asset_id, []).append((due, contract))
    received = _received(session, on)
    for asset_id, listed in by_asset.items():
        money = dict(received.get(asset_id, {}))
        for counterparty in {contract.counterparty_id for _, contract in listed}:
            own = [due for due, contract in listed if contract.counterparty_id == counterparty]
            _settle_into(parts, own, money.pop(counterparty, 0))
        _settle_into(parts, [due for due, _ in listed], sum(money.values()))
    return parts


def _settle_into(parts: dict[int, int], dues: list[ContractDue], received_fen: int) -> None:
    open_fens = [due.amount_fen - parts[due.id] for due in dues]
    for due, part in zip(dues, settle(open_fens, received_fen), strict=True):
        parts[due.id] += part


def _received(session: Session, on: date) -> dict[int, dict[int, int]]:
    """Asset id → payer's party id (0: nobody named) → fen of the contract streams."""
    rows = session.exec(
        select(Receipt.asset_id, Receipt.payer_party_id, Receipt.amount_fen).where(
            col(Receipt.arrived_on) <= on,
            col(Receipt.money_kind) == MoneyKind.INCOME,
            col(Receipt.stream).in_([str.__str__(each) for each in CONTRACT_STREAMS]),
        )
    ).all()
    sums: dict[int, dict[int, int]] = {}
    for asset_id, payer, amount in rows:
        of_asset = sums.setdefault(asset_id, {})
        of_asset[payer or 0] = of_asset.get(payer or 0, 0) + amount
    return sums
