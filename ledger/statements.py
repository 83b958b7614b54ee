"""How is an asset's received income divided among its right holders? The plant statement.

received − deducted = distributable; Σ holders = distributable, to the fen, by the benefit shares of
the day. Each receipt and deduction is used by one statement only, so that a subsidy that arrives
fourteen months later is a second statement for the same production year. What a holder has and has
not yet put into a plan is ``undistributed``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import lcm
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from assets import trail
from assets.asof import AsOf
from assets.errors import AlreadyDone, NotFound, Refused
from assets.models import Asset, Party, RightKind, StatusEvent
from assets.ownership import shares_on
from assets.registration import asset_by_code
from assets.trail import Act, Entry
from ledger.apportionment import apportion, member_key
from ledger.books.posting import Line, event_lines, find_entity, post
from ledger.income import DISTRIBUTABLE
from ledger.models import (
    Deduction,
    OpeningLine,
    Plan,
    PlanIncome,
    PlantStatement,
    Receipt,
    StatementLine,
    StatementSource,
    Stream,
    Transfer,
)
from ledger.models.books import BookEntity


def statement_code(asset_code: str, year: int, number: int) -> str:
    """The code of the n-th statement of an asset's income year."""
    return f"JZ-{asset_code}-{year}-{number:02d}"


def divide(total_fen: int, shares: Sequence[tuple[int, int]], keys: Sequence[int]) -> list[int]:
    """Divide fen by exact fractions (numerator, denominator) that sum to one.

    依据: 国开办发〔2017〕61号 第三条 (联村电站按比例确权)
    """
    common = lcm(*(denominator for _, denominator in shares))
    weights = [numerator * (common // denominator) for numerator, denominator in shares]
    assert sum(weights) == common, "benefit shares sum to one"
    return apportion(total_fen, weights, keys)


def confirm_statement(
    session: Session,
    act: Act,
    asset_code: str,
    income_year: int,
    streams: Sequence[Stream],
    through: date,
    *,
    receiver_party_id: int | None = None,
) -> PlantStatement:
    """Confirm what an asset's income of a year, received by a day, gives to each holder.

    Deductions of these streams are taken in date order as far as the money reaches; the rest wait
    for the next statement. ``receiver_party_id`` names whose receipts (and costs) are meant, where
    several institutions received some.

    Raises:
        Refused: Nothing new was received, several institutions received it and none is named, or
            the asset has no benefit shares on that day.

    依据: 国开办发〔2017〕61号 第三条、第五条
    """
    joined = "+".join(str.__str__(each) for each in streams)
    with trail.entry(
        session,
        act,
        "statement",
        asset_code,
        stage=f"{income_year}/{joined}/{through}"
        + ("" if receiver_party_id is None else f"/{receiver_party_id}"),
        what=f"{asset_code}{income_year}年收益结转",
    ) as written:
        return _confirm_in(
            session, written, asset_code, income_year, streams, through, receiver_party_id
        )


def _confirm_in(
    session: Session,
    written: Entry,
    asset_code: str,
    income_year: int,
    streams: Sequence[Stream],
    through: date,
    receiver: int | None,
) -> PlantStatement:
    asset = asset_by_code(session, asset_code)
    receipts = [
        each
        for each in unused_receipts(session, asset.id, income_year, streams, through)
        if receiver in (None, each.receiver_party_id)
    ]
    if not receipts:
        raise Refused(f"资产{asset_code}{income_year}年到{through}为止没有新的到账可结转。")
    if len({each.receiver_party_id for each in receipts}) > 1:
        raise Refused(f"资产{asset_code}{income_year}年的到账分属不同收款主体，请分开结转。")
    received = sum(each.amount_fen for each in receipts)
    if received < 0:
        raise Refused(f"资产{asset_code}{income_year}年到账合计为负数，请先核对财政收回和退款。")
    waiting = [
        each
        for each in unused_deductions(session, asset.id, income_year, streams, through)
        if receiver in (None, each.bearer_party_id)
    ]
    costs = _within(waiting, received)
    deducted = sum(each.amount_fen for each in costs)
    holders = shares_on(session, asset.id, RightKind.BENEFIT, AsOf(day=through))
    if not holders:
        raise Refused(
            f"资产{asset_code}尚无收益权份额，其收益作为待确权收益挂账。请先登记份额并确权。"
        )
    number = 1 + _count_statements(session, asset.id, income_year)
    code = statement_code(asset_code, income_year, number)
    statement = written.add(
        PlantStatement(
            code=code,
            asset_id=asset.id,
            income_year=income_year,
            stream="+".join(str.__str__(each) for each in streams),
            received_through=through,
            received_fen=received,
            deducted_fen=deducted,
            distributable_fen=received - deducted,
            confirmed_on=written.act.on,
            confirmed_by_code=written.act.actor,
        )
    )
    _add_lines(session, written, statement, holders)
    for receipt in receipts:
        written.add(
            StatementSource(
                plant_statement_id=statement.id,
                receipt_id=receipt.id,
                amount_fen=receipt.amount_fen,
            )
        )
    for cost in costs:
        written.add(
            StatementSource(
                plant_statement_id=statement.id, deduction_id=cost.id, amount_fen=cost.amount_fen
            )
        )
    return statement


def _add_lines(
    session: Session,
    written: Entry,
    statement: PlantStatement,
    holders: Sequence[tuple[int, int, int]],
) -> None:
    codes = dict(session.exec(select(Party.id, Party.code)).all())
    keys = [member_key(statement.code, codes[holder]) for holder, _, _ in holders]
    parts = divide(statement.distributable_fen, [(num, den) for _, num, den in holders], keys)
    assert sum(parts) == statement.distributable_fen, "no fen is lost or made"
    for (holder, numerator, denominator), amount in zip(holders, parts, strict=True):
        written.add(
            StatementLine(
                plant_statement_id=statement.id,
                holder_party_id=holder,
                share_numerator=numerator,
                share_denominator=denominator,
                amount_fen=amount,
            )
        )


def _count_statements(session: Session, asset_id: int, income_year: int) -> int:
    return int(
        session.exec(
            select(func.count())
            .select_from(PlantStatement)
            .where(PlantStatement.asset_id == asset_id, PlantStatement.income_year == income_year)
        ).one()
    )


def _within(costs: Sequence[Deduction], received_fen: int) -> list[Deduction]:
    """Costs in date order as long as the money reaches; what does not fit waits."""
    taken: list[Deduction] = []
    left = received_fen
    for cost in costs:
        if cost.amount_fen <= left:
            taken.append(cost)
            left -= cost.amount_fen
    return taken


def unused_receipts(
    session: Session, asset_id: int, income_year: int, streams: Sequence[Stream], through: date
) -> list[Receipt]:
    """Distributable receipts that no statement has used yet, by arrival.

    依据: 内部约定 (each receipt is divided once)
    """
    return list(
        session.exec(
            select(Receipt)
            .outerjoin(StatementSource, col(StatementSource.receipt_id) == col(Receipt.id))
            .where(
                Receipt.asset_id == asset_id,
                Receipt.income_year == income_year,
                col(Receipt.stream).in_([str.__str__(each) for each in streams]),
                col(Receipt.money_kind).in_([str.__str__(each) for each in DISTRIBUTABLE]),
                col(Receipt.arrived_on) <= through,
                col(StatementSource.id).is_(None),
            )
            .order_by(col(Receipt.arrived_on), col(Receipt.id))
        ).all()
    )


def unused_deductions(
    session: Session, asset_id: int, income_year: int, streams: Sequence[Stream], through: date
) -> list[Deduction]:
    """Deductions that no statement has used yet, by day."""
    return list(
        session.exec(
            select(Deduction)
            .outerjoin(StatementSource, col(StatementSource.deduction_id) == col(Deduction.id))
            .where(
                Deduction.asset_id == asset_id,
                Deduction.income_year == income_year,
                col(Deduction.stream).in_([str.__str__(each) for each in streams]),
                col(Deduction.happened_on) <= through,
                col(StatementSource.id).is_(None),
            )
            .order_by(col(Deduction.happened_on), col(Deduction.id))
        ).all()
    )


# --- passing on ------------------------------------------------------------------------------


def receiver_of(session: Session, statement_id: int) -> int:
    """The institution that received the money of a statement.

    依据: 内部约定 (one receiver for the receipts of a statement)
    """
    receivers = session.exec(
        select(Receipt.receiver_party_id)
        .join(StatementSource, col(StatementSource.receipt_id) == col(Receipt.id))
        .where(StatementSource.plant_statement_id == statement_id)
        .distinct()
    ).all()
    if len(receivers) != 1:
        raise Refused("同一结转单的到账分属不同收款主体，请分开结转。")
    return receivers[0]


def pass_on(session: Session, act: Act, code: str, *, bank_ref: str | None = None) -> int:
    """Pass a statement's money from its receiver to every other holder (结转拨付), in both books.

    Returns the number of transfers; a holder who received the money itself needs none.

    Raises:
        NotFound: No such statement.
        Refused: Everything was passed on before, or nothing has to be.

    依据: 国开办发〔2017〕61号 第五条; 国开办司发〔2020〕3号 (passed promptly to the village)
    """
    with trail.entry(session, act, "pass-on", code, what=f"{code}拨付") as written:
        statement = statement_by_code(session, code)
        receiver = receiver_of(session, statement.id)
        lines = [
            line
            for line in lines_of(session, statement.id)
            if line.holder_party_id != receiver and line.amount_fen
        ]
        if not lines:
            raise Refused(f"{code}的收益由权利人直接收取，不需要拨付。")
        gross = _gross_parts(session, statement)
        for line in lines:
            written.add(
                Transfer(
                    statement_line_id=line.id,
                    passed_on=act.on,
                    amount_fen=line.amount_fen,
                    bank_ref=bank_ref,
                )
            )
            _book_transfer(session, written, statement, line, receiver, gross[line.id])
    return len(lines)


def statement_by_code(session: Session, code: str) -> PlantStatement:
    """The statement of that code.

    Raises:
        NotFound: There is none.
    """
    found = session.exec(select(PlantStatement).where(PlantStatement.code == code)).one_or_none()
    if found is None:
        raise NotFound("结转单", code)
    return found


def lines_of(session: Session, statement_id: int) -> list[StatementLine]:
    """The lines of a statement in order."""
    return list(
        session.exec(
            select(StatementLine)
            .where(StatementLine.plant_statement_id == statement_id)
            .order_by(col(StatementLine.id))
        ).all()
    )


def _gross_parts(session: Session, statement: PlantStatement) -> dict[int, dict[str, int]]:
    """Line id → stream → gross fen, and '' → deducted fen; gross − deducted = the line's amount."""
    lines = lines_of(session, statement.id)
    codes = dict(session.exec(select(Party.id, Party.code)).all())
    keys = [member_key(statement.code, codes[line.holder_party_id]) for line in lines]
    shares = [(line.share_numerator, line.share_denominator) for line in lines]
    deducted = divide(statement.deducted_fen, shares, keys)
    by_stream = dict(
        session.exec(
            select(Receipt.stream, func.sum(Receipt.amount_fen))
            .join(StatementSource, col(StatementSource.receipt_id) == col(Receipt.id))
            .where(StatementSource.plant_statement_id == statement.id)
            .group_by(col(Receipt.stream))
            .order_by(col(Receipt.stream))
        ).all()
    )
    streams = sorted(by_stream)
    parts = {stream: divide(int(by_stream[stream]), shares, keys) for stream in streams}
    result: dict[int, dict[str, int]] = {}
    for place, line in enumerate(lines):
        gross = line.amount_fen + deducted[place]
        named = {stream: parts[stream][place] for stream in streams[:-1]}
        named[streams[-1]] = gross - sum(named.values())
        result[line.id] = {**named, "": deducted[place]}
    return result


def _book_transfer(
    session: Session,
    written: Entry,
    statement: PlantStatement,
    line: StatementLine,
    receiver: int,
    gross: dict[str, int],
) -> None:
    on = written.act.on
    facts: dict[str, Any] = {"asset_id": statement.asset_id, "income_year": statement.income_year}
    if _keeps_book(session, receiver, on):
        post(
            session,
            written,
            party_id=receiver,
            dated_on=on,
            kind="pass-on",
            summary=f"拨付{statement.code}",
            lines=_passed_lines(session, receiver, on, line.amount_fen, gross, facts),
            concerns=statement.income_year,
            object_code=statement.code,
        )
    if not _keeps_book(session, line.holder_party_id, on):
        return
    lines = []
    for stream, amount in gross.items():
        event = "income_notified" if stream else "agency_deduction"
        lines += event_lines(
            session, event, line.holder_party_id, on, amount, stream=stream, **facts
        )
    lines += event_lines(session, "income_cash", line.holder_party_id, on, line.amount_fen, **facts)
    post(
        session,
        written,
        party_id=line.holder_party_id,
        dated_on=on,
        kind="income",
        summary=f"收{statement.code}结转收益",
        lines=lines,
        concerns=statement.income_year,
        object_code=statement.code,
    )


def _passed_lines(
    session: Session,
    receiver: int,
    on: date,
    amount_fen: int,
    gross: dict[str, int],
    facts: dict[str, Any],
) -> list[Line]:
    """What passing on books at the receiver: an agency clears what it owes; a village that took
    the others' part for its own income and cost takes it back in red.
    """
    entity = find_entity(session, receiver)
    if entity is not None and entity.memorandum:
        return event_lines(session, "agency_passed", receiver, on, amount_fen, **facts)
    lines = []
    for stream, amount in gross.items():
        event = "income_direct" if stream else "direct_cost"
        lines += event_lines(session, event, receiver, on, -amount, stream=stream, **facts)
    return lines


def _keeps_book(session: Session, party_id: int, on: date) -> bool:
    entity = find_entity(session, party_id)
    return entity is not None and entity.opened_on <= on


# --- what waits ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Waiting:
    """Money a holder has and has not put into a plan; fen, with its age in days."""

    holder_party_id: int
    asset_id: int | None
    asset_code: str
    income_year: int
    stream: str
    amount_fen: int
    since: date
    age_days: int
    statement_line_id: int | None
    opening_line_id: int | None
    statement_code: str
    received_fen: int
    deducted_fen: int


def undistributed(session: Session, party_id: int, at: AsOf) -> list[Waiting]:
    """A holder's money not yet in a plan: statement lines at hand, and opening balances.

    A line counts when the holder received the money itself or it was passed on. A withdrawn plan
    releases its money; a returned one keeps it until it is decided anew or withdrawn.

    依据: 国开办发〔2017〕61号; 内部约定 (undistributed balance with age, by asset and year)
    """
    used_lines, used_openings = _used(session, at)
    transfers = {
        each.statement_line_id: each.passed_on
        for each in session.exec(
            select(Transfer).where(
                col(Transfer.passed_on) <= at.day, col(Transfer.entry_id) <= at.position
            )
        ).all()
    }
    rows = session.exec(
        select(StatementLine, PlantStatement, Asset.code)
        .join(PlantStatement, col(PlantStatement.id) == col(StatementLine.plant_statement_id))
        .join(Asset, col(Asset.id) == col(PlantStatement.asset_id))
        .where(
            StatementLine.holder_party_id == party_id,
            col(PlantStatement.confirmed_on) <= at.day,
            col(PlantStatement.entry_id) <= at.position,
        )
        .order_by(col(PlantStatement.income_year), col(StatementLine.id))
    ).all()
    waiting = []
    for line, statement, asset_code in rows:
        own = receiver_of(session, statement.id) == party_id
        if line.id in used_lines or not line.amount_fen or not (own or line.id in transfers):
            continue
        since = statement.confirmed_on if own else transfers[line.id]
        parts = _gross_parts(session, statement)[line.id]
        waiting.append(
            Waiting(
                holder_party_id=party_id,
                asset_id=statement.asset_id,
                asset_code=asset_code,
                income_year=statement.income_year,
                stream=statement.stream,
                amount_fen=line.amount_fen,
                since=since,
                age_days=max(0, (min(at.day, date(9999, 1, 1)) - since).days),
                statement_line_id=line.id,
                opening_line_id=None,
                statement_code=statement.code,
                received_fen=line.amount_fen + parts[""],
                deducted_fen=parts[""],
            )
        )
    return [*_opening_waiting(session, party_id, at, used_openings), *waiting]


def _opening_waiting(session: Session, party_id: int, at: AsOf, used: set[int]) -> list[Waiting]:
    rows = session.exec(
        select(OpeningLine, BookEntity, Asset)
        .join(BookEntity, col(BookEntity.id) == col(OpeningLine.entity_id))
        .outerjoin(Asset, col(Asset.id) == col(OpeningLine.asset_id))
        .where(
            BookEntity.party_id == party_id,
            OpeningLine.kind == "UNDISTRIBUTED",
            col(BookEntity.opened_on) <= at.day,
            col(OpeningLine.entry_id) <= at.position,
        )
        .order_by(col(OpeningLine.income_year), col(OpeningLine.id))
    ).all()
    waiting = []
    for line, entity, asset in rows:
        amount = line.credit_fen - line.debit_fen
        if line.id in used or amount <= 0:
            continue
        since = line.first_receipt_on or entity.opened_on
        waiting.append(
            Waiting(
                holder_party_id=party_id,
                asset_id=line.asset_id,
                asset_code=asset.code if asset is not None else "",
                income_year=line.income_year or entity.opened_on.year - 1,
                stream=line.stream or "",
                amount_fen=amount,
                since=since,
                age_days=max(0, (min(at.day, date(9999, 1, 1)) - since).days),
                statement_line_id=None,
                opening_line_id=line.id,
                statement_code="期初",
                received_fen=amount,
                deducted_fen=0,
            )
        )
    return waiting


def _used(session: Session, at: AsOf) -> tuple[set[int], set[int]]:
    """Statement lines and opening lines that a standing plan distributes."""
    gone = set(
        session.exec(
            select(StatusEvent.object_code).where(
                StatusEvent.object_kind == "PLAN",
                StatusEvent.to_state == "WITHDRAWN",
                col(StatusEvent.happened_on) <= at.day,
                col(StatusEvent.entry_id) <= at.position,
            )
        ).all()
    )
    rows = session.exec(
        select(PlanIncome, Plan.code)
        .join(Plan, col(Plan.id) == col(PlanIncome.plan_id))
        .where(col(Plan.drafted_on) <= at.day, col(PlanIncome.entry_id) <= at.position)
    ).all()
    standing = [row for row, code in rows if code not in gone]
    return (
        {row.statement_line_id for row in standing if row.statement_line_id is not None},
        {row.opening_line_id for row in standing if row.opening_line_id is not None},
    )


def confirm_all(
    session: Session, act: Act, *, year: int, through: date, asset_codes: Sequence[str] = ()
) -> list[PlantStatement]:
    """Confirm statements for every asset that has new money of a year, all streams together.

    Interest has a statement of its own.

    依据: 国开办发〔2017〕61号 第五条
    """
    rows = session.exec(
        select(Asset.code, Receipt.stream, Receipt.receiver_party_id)
        .join(Receipt, col(Receipt.asset_id) == col(Asset.id))
        .outerjoin(StatementSource, col(StatementSource.receipt_id) == col(Receipt.id))
        .where(
            Receipt.income_year == year,
            col(Receipt.arrived_on) <= through,
            col(Receipt.money_kind).in_([str.__str__(each) for each in DISTRIBUTABLE]),
            col(StatementSource.id).is_(None),
        )
        .distinct()
    ).all()
    streams: dict[str, dict[int, set[str]]] = {}
    for code, stream, receiver in rows:
        if not asset_codes or code in asset_codes:
            streams.setdefault(code, {}).setdefault(receiver, set()).add(stream)
    made = []
    for code in sorted(streams):
        several = len(streams[code]) > 1
        for receiver, held in sorted(streams[code].items()):
            named = receiver if several else None
            for words in _together(held):
                try:
                    made.append(
                        confirm_statement(
                            session, act, code, year, words, through, receiver_party_id=named
                        )
                    )
                except AlreadyDone:
                    continue
    return made


def _together(held: set[str]) -> list[list[Stream]]:
    """The streams of one statement each: interest apart, since a policy may leave it out."""
    groups: list[list[Stream]] = [[], []]
    for each in Stream:
        if each in held:
            groups[each == Stream.INTEREST].append(each)
    return [group for group in groups if group]


# --- the equation ----------------------------------------------------------------------------


@dataclass(frozen=True)
class IncomeBalance:
    """received = deducted + planned + waiting + unstated, to the fen, for one income year."""

    income_year: int
    received_fen: int
    deducted_fen: int
    planned_fen: int
    waiting_fen: int
    unstated_fen: int

    @property
    def left_fen(self) -> int:
        """What was received."""
        return self.received_fen

    @property
    def right_fen(self) -> int:
        """What became of it."""
        return self.deducted_fen + self.planned_fen + self.waiting_fen + self.unstated_fen


def income_balances(session: Session, at: AsOf) -> list[IncomeBalance]:
    """What was received of each income year and what became of it, as of a day and position.

    ``planned`` is in a standing plan, ``waiting`` in a statement and no plan, ``unstated`` received
    and in no statement yet.

    依据: 国开办发〔2017〕61号; 内部约定 (received = deducted + distributed + carried)
    """
    receipts = session.exec(
        select(Receipt, StatementSource)
        .outerjoin(StatementSource, col(StatementSource.receipt_id) == col(Receipt.id))
        .where(
            col(Receipt.money_kind).in_([str.__str__(each) for each in DISTRIBUTABLE]),
            col(Receipt.arrived_on) <= at.day,
            col(Receipt.entry_id) <= at.position,
        )
    ).all()
    used, _ = _used(session, at)
    received: dict[int, int] = {}
    unstated: dict[int, int] = {}
    for receipt, source in receipts:
        year = receipt.income_year
        received[year] = received.get(year, 0) + receipt.amount_fen
        if source is None or source.entry_id > at.position:
            unstated[year] = unstated.get(year, 0) + receipt.amount_fen
    statements = session.exec(
        select(PlantStatement).where(
            col(PlantStatement.confirmed_on) <= at.day, col(PlantStatement.entry_id) <= at.position
        )
    ).all()
    deducted: dict[int, int] = {}
    planned: dict[int, int] = {}
    waiting: dict[int, int] = {}
    for statement in statements:
        year = statement.income_year
        deducted[year] = deducted.get(year, 0) + statement.deducted_fen
        for line in lines_of(session, statement.id):
            where = planned if line.id in used else waiting
            where[year] = where.get(year, 0) + line.amount_fen
    return [
        IncomeBalance(
            income_year=year,
            received_fen=received[year],
            deducted_fen=deducted.get(year, 0),
            planned_fen=planned.get(year, 0),
            waiting_fen=waiting.get(year, 0),
            unstated_fen=unstated.get(year, 0),
        )
        for year in sorted(received)
    ]
