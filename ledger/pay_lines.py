"""How far is each amount that is due? Not yet in payment, in payment, paid, returned, paid again.

One payment line pays one entitlement; lines of one payee in one batch share a serial number (序号),
which is one row of the bank's file. A returned line makes its entitlement payable again, by reissue
only; every other line is live for ever.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import false, func, true
from sqlmodel import Session, col, select

from assets.asof import AsOf
from assets.columns import Labelled
from assets.errors import NotFound
from assets.models import ObjectKind, Stage, StageAct
from ledger.models import (
    BatchExport,
    Channel,
    Entitlement,
    Household,
    PaymentBatch,
    PaymentLine,
    PaymentResult,
    Plan,
    PlanChannel,
    PlanIncome,
    Withholding,
)

CANCELLED = "CANCELLED"
"""Reason of a line whose batch was taken back before the bank had it: it counts as never sent."""


class ReturnReason(Labelled):
    """Why a bank sent money back (退回原因)."""

    NAME_MISMATCH = "NAME_MISMATCH", "户名不符"
    NO_ACCOUNT = "NO_ACCOUNT", "账号不存在"
    ACCOUNT_CLOSED = "ACCOUNT_CLOSED", "账户已注销"
    ID_EXPIRED = "ID_EXPIRED", "证件过期"
    OTHER = "OTHER", "其他"
    CANCELLED = "CANCELLED", "批次撤回"


class LineState(Labelled):
    """How far a payment line is (支付状态)."""

    PENDING = "PENDING", "待送银行"
    SENT = "SENT", "已送银行"
    PAID = "PAID", "已到账"
    RETURNED = "RETURNED", "已退回"
    REISSUED = "REISSUED", "已重发"
    CANCELLED = "CANCELLED", "已撤回"


class Rail(Labelled):
    """Ways money reaches a person (发放方式)."""

    ONE_CARD = "ONE_CARD", "一卡通"
    PAYROLL = "PAYROLL", "银行代发"
    CASH = "CASH", "现金"


class BatchKind(Labelled):
    """Why a batch was made (批次类型)."""

    ORDINARY = "ORDINARY", "正常发放"
    REISSUE = "REISSUE", "退汇重发"
    SUPPLEMENT = "SUPPLEMENT", "漏发补发"


@dataclass(frozen=True)
class Due:
    """One entitlement and its newest payment line.

    ``line_id`` 0 = never in payment; ``outcome`` '' while no answer came, PAID or RETURNED.
    """

    entitlement_id: int
    channel: str
    household_id: int
    household_code: str
    person_id: int
    month: int
    amount_fen: int
    line_id: int
    outcome: str
    reason: str

    @property
    def is_open(self) -> bool:
        """Never sent to a bank: an ordinary batch may take it."""
        return self.line_id == 0 or (self.outcome == "RETURNED" and self.reason == CANCELLED)

    @property
    def is_returned(self) -> bool:
        """Came back from the bank: only a reissue may take it."""
        return self.outcome == "RETURNED" and self.reason != CANCELLED


def dues_of(session: Session, plan_id: int) -> list[Due]:
    """Every entitlement of a plan with its newest payment, by household code.

    依据: 内部约定 (one live payment per entitlement)
    """
    newest = (
        select(PaymentLine.entitlement_id, func.max(PaymentLine.id).label("line_id"))
        .join(Entitlement, col(Entitlement.id) == col(PaymentLine.entitlement_id))
        .where(Entitlement.plan_id == plan_id)
        .group_by(col(PaymentLine.entitlement_id))
        .subquery()
    )
    channels = dict(
        session.exec(
            select(PlanChannel.id, PlanChannel.channel).where(PlanChannel.plan_id == plan_id)
        ).all()
    )
    rows = session.execute(
        select(  # type: ignore[call-overload]
            Entitlement.id,
            Entitlement.plan_channel_id,
            Entitlement.household_id,
            Household.code,
            Entitlement.person_id,
            Entitlement.concerns_month,
            Entitlement.amount_fen,
            newest.c.line_id,
            PaymentResult.outcome,
            PaymentResult.reason_code,
        )
        .join(Household, col(Household.id) == col(Entitlement.household_id))
        .outerjoin(newest, newest.c.entitlement_id == col(Entitlement.id))
        .outerjoin(PaymentResult, col(PaymentResult.payment_line_id) == newest.c.line_id)
        .where(Entitlement.plan_id == plan_id)
        .order_by(col(Household.code), col(Entitlement.id))
    ).all()
    return [
        Due(
            entitlement_id=row[0],
            channel=channels[row[1]],
            household_id=row[2],
            household_code=row[3],
            person_id=row[4],
            month=row[5],
            amount_fen=row[6],
            line_id=row[7] or 0,
            outcome=row[8] or "",
            reason=row[9] or "",
        )
        for row in rows
    ]


# --- batches ---------------------------------------------------------------------------------


def batch_by_code(session: Session, code: str) -> PaymentBatch:
    """The batch of that code.

    Raises:
        NotFound: There is none.

    依据: 内部约定 (an unknown batch is never made up)
    """
    found = session.exec(select(PaymentBatch).where(PaymentBatch.code == code)).one_or_none()
    if found is None:
        raise NotFound("支付批次", code)
    return found


@dataclass(frozen=True)
class BatchLine:
    """One payment line as papers and bank files read it; fen, month YYYYMM or 0."""

    line_id: int
    serial_no: int
    entitlement_id: int
    household_id: int
    household_code: str
    payee_person_id: int
    beneficiary_person_id: int
    channel: str
    month: int
    amount_fen: int
    reissue_of: int
    state: LineState
    happened_on: date | None
    reason: str
    bank_ref: str


def batch_lines(session: Session, batch: PaymentBatch, at: AsOf | None = None) -> list[BatchLine]:
    """The lines of a batch in order, with how far each is.

    ``beneficiary_person_id`` is the worker of a wage, 0 for a household's money.

    依据: 内部约定 (paid, returned with reason, pending kept apart)
    """
    at = at or AsOf()
    again = (
        select(PaymentLine.reissue_of)
        .where(col(PaymentLine.reissue_of) > 0, col(PaymentLine.entry_id) <= at.position)
        .subquery()
    )
    rows = session.execute(
        select(  # type: ignore[call-overload]
            PaymentLine,
            Household.code,
            Entitlement.person_id,
            Entitlement.concerns_month,
            PlanChannel.channel,
            PaymentResult,
            again.c.reissue_of,
        )
        .join(Entitlement, col(Entitlement.id) == col(PaymentLine.entitlement_id))
        .join(PlanChannel, col(PlanChannel.id) == col(Entitlement.plan_channel_id))
        .join(Household, col(Household.id) == col(PaymentLine.household_id))
        .outerjoin(
            PaymentResult,
            (col(PaymentResult.payment_line_id) == col(PaymentLine.id))
            & (col(PaymentResult.entry_id) <= at.position)
            & (col(PaymentResult.happened_on) <= at.day),
        )
        .outerjoin(again, again.c.reissue_of == col(PaymentLine.id))
        .where(PaymentLine.payment_batch_id == batch.id)
        .order_by(col(PaymentLine.id))
    ).all()
    sent = is_exported(session, batch.id, at)
    return [
        BatchLine(
            line_id=line.id,
            serial_no=line.serial_no,
            entitlement_id=line.entitlement_id,
            household_id=line.household_id,
            household_code=code,
            payee_person_id=line.payee_person_id,
            beneficiary_person_id=person_id,
            channel=channel,
            month=month,
            amount_fen=line.amount_fen,
            reissue_of=line.reissue_of,
            state=_state(result, sent, reissued is not None),
            happened_on=result.happened_on if result is not None else None,
            reason=(result.reason_code or "") if result is not None else "",
            bank_ref=(result.bank_ref or "") if result is not None else "",
        )
        for line, code, person_id, month, channel, result, reissued in rows
    ]


def _state(result: PaymentResult | None, sent: bool, reissued: bool) -> LineState:
    if result is None:
        return LineState.SENT if sent else LineState.PENDING
    if result.outcome == "PAID":
        return LineState.PAID
    if result.reason_code == CANCELLED:
        return LineState.CANCELLED
    return LineState.REISSUED if reissued else LineState.RETURNED


def is_exported(session: Session, batch_id: int, at: AsOf | None = None) -> bool:
    """Whether the bank file of a batch was made.

    依据: 内部约定 (a batch is exported once)
    """
    at = at or AsOf()
    found = session.exec(
        select(BatchExport.id).where(
            BatchExport.payment_batch_id == batch_id,
            col(BatchExport.exported_on) <= at.day,
            col(BatchExport.entry_id) <= at.position,
        )
    ).first()
    return found is not None


def is_released(session: Session, code: str) -> bool:
    """Whether a second person has released a batch for payment.

    依据: 会计法 (payment apart from its review)
    """
    found = session.exec(
        select(StageAct.id).where(
            StageAct.object_kind == ObjectKind.BATCH,
            StageAct.object_code == code,
            StageAct.stage == Stage.RELEASE,
            col(StageAct.agreed).is_(true()),
        )
    ).first()
    return found is not None


@dataclass(frozen=True)
class BankRow:
    """One row of a bank's file: the lines of one payee in one batch, summed; fen."""

    serial_no: int
    household_id: int
    household_code: str
    payee_person_id: int
    amount_fen: int
    lines: tuple[BatchLine, ...]


def bank_rows(lines: Sequence[BatchLine]) -> list[BankRow]:
    """Payment lines gathered into rows of the bank's file, by serial number; Σ is kept.

    依据: 内部约定 (one transfer for a payee in a batch)
    """
    groups: dict[int, list[BatchLine]] = {}
    for line in lines:
        groups.setdefault(line.serial_no, []).append(line)
    return [
        BankRow(
            serial_no=serial_no,
            household_id=group[0].household_id,
            household_code=group[0].household_code,
            payee_person_id=group[0].payee_person_id,
            amount_fen=sum(each.amount_fen for each in group),
            lines=tuple(group),
        )
        for serial_no, group in sorted(groups.items())
    ]


@dataclass(frozen=True)
class BatchRow:
    """A batch in a list: its sums by state; fen."""

    batch: PaymentBatch
    plan_code: str
    payee_count: int
    paid_fen: int
    returned_fen: int
    released: bool
    exported: bool

    @property
    def waiting_fen(self) -> int:
        """Neither paid nor returned."""
        return self.batch.amount_fen - self.paid_fen - self.returned_fen


def batches(session: Session, at: AsOf | None = None, *, plan_code: str = "") -> list[BatchRow]:
    """All batches, or those of a plan, in the order in which they were made.

    依据: 内部约定 (every batch shows how far it is)
    """
    at = at or AsOf()
    statement = (
        select(PaymentBatch, Plan.code)
        .join(Plan, col(Plan.id) == col(PaymentBatch.plan_id))
        .where(col(PaymentBatch.made_on) <= at.day, col(PaymentBatch.entry_id) <= at.position)
        .order_by(col(PaymentBatch.id))
    )
    if plan_code:
        statement = statement.where(Plan.code == plan_code)
    sums = _sums_by_outcome(session, at)
    counts = dict(
        session.exec(
            select(
                PaymentLine.payment_batch_id, func.count(func.distinct(PaymentLine.serial_no))
            ).group_by(col(PaymentLine.payment_batch_id))
        ).all()
    )
    return [
        BatchRow(
            batch=batch,
            plan_code=code,
            payee_count=counts.get(batch.id, 0),
            paid_fen=sums.get((batch.id, "PAID"), 0),
            returned_fen=sums.get((batch.id, "RETURNED"), 0),
            released=is_released(session, batch.code),
            exported=is_exported(session, batch.id, at),
        )
        for batch, code in session.exec(statement).all()
    ]


def _sums_by_outcome(session: Session, at: AsOf) -> dict[tuple[int, str], int]:
    rows = session.exec(
        select(
            PaymentLine.payment_batch_id, PaymentResult.outcome, func.sum(PaymentLine.amount_fen)
        )
        .join(PaymentResult, col(PaymentResult.payment_line_id) == col(PaymentLine.id))
        .where(col(PaymentResult.happened_on) <= at.day, col(PaymentResult.entry_id) <= at.position)
        .group_by(col(PaymentLine.payment_batch_id), col(PaymentResult.outcome))
    ).all()
    return {(batch_id, outcome): int(total) for batch_id, outcome, total in rows}


# --- money and holds -------------------------------------------------------------------------


def received_of(session: Session, plan_id: int) -> int:
    """Fen of a plan's income that is at hand; income only expected is not counted.

    依据: 内部约定 (a plan may be decided on expected income and is paid within money received)
    """
    total = session.exec(
        select(func.coalesce(func.sum(PlanIncome.distributable_fen), 0)).where(
            PlanIncome.plan_id == plan_id, col(PlanIncome.expected).is_(false())
        )
    ).one()
    return int(total)


def committed_of(session: Session, plan_id: int) -> int:
    """Fen of a plan that are in payment or paid.

    依据: 内部约定 (a returned line is no longer committed)
    """
    total = session.exec(
        select(func.coalesce(func.sum(PaymentLine.amount_fen), 0))
        .join(PaymentBatch, col(PaymentBatch.id) == col(PaymentLine.payment_batch_id))
        .outerjoin(
            PaymentResult,
            (col(PaymentResult.payment_line_id) == col(PaymentLine.id))
            & (col(PaymentResult.outcome) == "RETURNED"),
        )
        .where(PaymentBatch.plan_id == plan_id, col(PaymentResult.id).is_(None))
    ).one()
    return int(total)


def holds_of(session: Session, plan_id: int, at: AsOf | None = None) -> dict[int, Withholding]:
    """Household id → the row that holds its line back now.

    依据: 内部约定 (the latest row holds)
    """
    at = at or AsOf()
    rows = session.exec(
        select(Withholding)
        .where(Withholding.plan_id == plan_id, col(Withholding.entry_id) <= at.position)
        .order_by(col(Withholding.id))
    ).all()
    newest = {row.household_id: row for row in rows}
    return {key: row for key, row in newest.items() if row.outcome != "RELEASED"}


def is_wage(channel: str) -> bool:
    """Whether a channel pays a person for work by month, and not a household.

    依据: 内部约定 (wages go to the worker, household money to the head)
    """
    return channel == Channel.JOB
