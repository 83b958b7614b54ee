"""Whose line is held back, and what becomes of it? Withhold, resume, give up, claw back.

A line is held back for a death, a dispute or an objection, and released or given up by a later row;
the money of a line that is given up is carried. Money wrongly paid that a household gives back is
its own voucher and never changes what was paid.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, select

from assets import trail
from assets.errors import AlreadyDone, InvalidValue, Refused
from assets.masking import refuse_personal_numbers
from assets.money import format_yuan
from assets.trail import Act, Entry, digest_of
from ledger.books import posting as books
from ledger.models import Household, Plan, Voucher, VoucherLine, Withholding
from ledger.pay_batch import HOLD_WORDS
from ledger.pay_lines import (
    BatchLine,
    Due,
    LineState,
    batch_by_code,
    batch_lines,
    dues_of,
    holds_of,
)
from ledger.people.households import household_by_code
from ledger.plan_draft import plan_by_code

CLAW_BACK = "claw_back"
GIVEN_UP = "entitlement_cancelled"


def withhold(
    session: Session,
    act: Act,
    plan_code: str,
    household_code: str,
    *,
    reason_code: str,
    remark: str = "",
) -> Withholding:
    """Hold back what a household has not yet been paid of a plan.

    Raises:
        AlreadyDone: It is held back.
        Refused: Nothing of the household is open, or the reason is unknown.

    依据: 内部约定 (deceased or in dispute: withheld and carried)
    """
    with trail.entry(
        session,
        act,
        "pay-withhold",
        plan_code,
        stage=f"{household_code}/{_turn(session, plan_code, household_code)}",
        what=f"方案{plan_code}户{household_code}暂缓发放",
    ) as written:
        plan, household = _line(session, plan_code, household_code)
        if reason_code not in HOLD_WORDS:
            raise InvalidValue(f"暂缓原因只能是{'、'.join(HOLD_WORDS)}。")
        refuse_personal_numbers(remark, "暂缓说明")
        held = holds_of(session, plan.id).get(household.id)
        if held is not None:
            raise AlreadyDone(f"方案{plan_code}户{household_code}暂缓发放", held.entry_id)
        if not _open_dues(session, plan, household.id):
            raise Refused(f"方案{plan_code}户{household_code}没有未支付的应发款，无需暂缓。")
        return _hold(written, plan, household, "WITHHELD", reason_code, remark)


def resume(
    session: Session, act: Act, plan_code: str, household_code: str, *, reason: str
) -> Withholding:
    """Let a line that was held back be paid again.

    Raises:
        AlreadyDone: It was resumed before.
        Refused: It was never held back, was given up, or no reason is given.

    依据: 内部约定 (released by a later row with the reason)
    """
    with trail.entry(
        session,
        act,
        "pay-resume",
        plan_code,
        stage=f"{household_code}/{_turn(session, plan_code, household_code)}",
        what=f"方案{plan_code}户{household_code}解除暂缓",
    ) as written:
        plan, household = _line(session, plan_code, household_code)
        before = _newest(session, plan, household)
        if before is not None and before.outcome == "RELEASED":
            raise AlreadyDone(f"方案{plan_code}户{household_code}解除暂缓", before.entry_id)
        held = _held(session, plan, household, reason)
        return _hold(written, plan, household, "RELEASED", held.reason_code, reason)


def give_up(session: Session, act: Act, plan_code: str, household_code: str, *, reason: str) -> int:
    """Give up what was held back: it is no longer owed, its money is carried; returns fen.

    Raises:
        Refused: It is not held back, or no reason is given.

    依据: 内部约定 (withheld without an heir: carried to the next plan)
    """
    with trail.entry(
        session,
        act,
        "pay-give-up",
        plan_code,
        stage=household_code,
        what=f"方案{plan_code}户{household_code}取消发放",
    ) as written:
        plan, household = _line(session, plan_code, household_code)
        held = _held(session, plan, household, reason)
        dues = _open_dues(session, plan, household.id)
        if not dues:
            raise Refused(f"方案{plan_code}户{household_code}没有未支付的应发款可取消。")
        _hold(written, plan, household, "CANCELLED", held.reason_code, reason)
        lines = [
            line
            for due in dues
            for line in books.event_lines(
                session,
                GIVEN_UP,
                plan.holder_party_id,
                act.on,
                due.amount_fen,
                income_year=plan.income_year,
                channel=due.channel,
                household_id=household.id,
            )
        ]
        books.post(
            session,
            written,
            party_id=plan.holder_party_id,
            dated_on=act.on,
            kind=GIVEN_UP,
            summary=f"{plan_code}户{household_code}取消发放",
            lines=lines,
            concerns=plan.income_year,
            object_code=plan_code,
        )
        return sum(due.amount_fen for due in dues)


def _turn(session: Session, plan_code: str, household_code: str) -> int:
    """How often the line was held back or released: each turn is an act of its own."""
    rows = session.exec(
        select(Withholding.id)
        .join(Plan, col(Plan.id) == col(Withholding.plan_id))
        .join(Household, col(Household.id) == col(Withholding.household_id))
        .where(
            Plan.code == plan_code,
            Household.code == household_code,
            col(Withholding.outcome) == "RELEASED",
        )
    ).all()
    return len(rows)


def _newest(session: Session, plan: Plan, household: Household) -> Withholding | None:
    return session.exec(
        select(Withholding)
        .where(Withholding.plan_id == plan.id, Withholding.household_id == household.id)
        .order_by(col(Withholding.id).desc())
    ).first()


def _line(session: Session, plan_code: str, household_code: str) -> tuple[Plan, Household]:
    return plan_by_code(session, plan_code), household_by_code(session, household_code)


def _open_dues(session: Session, plan: Plan, household_id: int) -> list[Due]:
    return [
        due
        for due in dues_of(session, plan.id)
        if due.household_id == household_id and (due.is_open or due.is_returned)
    ]


def _held(session: Session, plan: Plan, household: Household, reason: str) -> Withholding:
    if not reason.strip():
        raise Refused("处理暂缓发放要写明原因。")
    refuse_personal_numbers(reason, "处理原因")
    held = holds_of(session, plan.id).get(household.id)
    if held is None:
        raise Refused(f"方案{plan.code}户{household.code}没有暂缓发放。")
    if held.outcome == "CANCELLED":
        raise Refused(f"方案{plan.code}户{household.code}的款项已经取消，不能再发。")
    return held


def _hold(
    written: Entry, plan: Plan, household: Household, outcome: str, reason_code: str, remark: str
) -> Withholding:
    return written.add(
        Withholding(
            plan_id=plan.id,
            household_id=household.id,
            outcome=outcome,
            reason_code=reason_code,
            remark=remark,
        )
    )


# --- claw-back -------------------------------------------------------------------------------


def claw_back(
    session: Session,
    act: Act,
    batch_code: str,
    serial_no: int,
    *,
    amount_fen: int,
    reason: str,
    document: str,
) -> Voucher:
    """A household gives back money that was wrongly paid: a voucher of its own, on document.

    The payment stays as it was; what came back is no longer owed and is carried.

    Raises:
        Refused: The row was not paid, more than was paid, or no reason or document.

    依据: 内部约定 (claw-back is its own line); 会计法 (corrections are separate vouchers)
    """
    with trail.entry(
        session,
        act,
        "pay-claw-back",
        batch_code,
        stage=f"{serial_no}/{amount_fen}/{digest_of(document)[:16]}",
        what=f"批次{batch_code}序号{serial_no}收回",
    ) as written:
        batch = batch_by_code(session, batch_code)
        lines = [each for each in batch_lines(session, batch) if each.serial_no == serial_no]
        _refuse_claw_back(session, batch_code, serial_no, lines, amount_fen, reason, document)
        plan = session.get_one(Plan, batch.plan_id)
        return books.post(
            session,
            written,
            party_id=plan.holder_party_id,
            dated_on=act.on,
            kind=CLAW_BACK,
            summary=f"收回多发款 {batch_code}-{serial_no}：{reason}",
            lines=_claw_back_lines(session, plan, lines, amount_fen, act.on),
            concerns=plan.income_year,
            object_code=claw_back_code(batch_code, serial_no),
            document=document,
        )


def claw_back_code(batch_code: str, serial_no: int) -> str:
    """The object a claw-back's voucher is about.

    依据: 内部约定 (a claw-back names the row it is about)
    """
    return f"{batch_code}#{serial_no}"


def _claw_back_lines(
    session: Session, plan: Plan, paid: Sequence[BatchLine], amount_fen: int, on: date
) -> list[books.Line]:
    """Cash in against what was owed, and what was owed against its cost, line by line."""
    left = amount_fen
    made: list[books.Line] = []
    for each in paid:
        part = min(left, each.amount_fen)
        left -= part
        for event in ("payment_returned", GIVEN_UP):
            made += books.event_lines(
                session,
                event,
                plan.holder_party_id,
                on,
                part,
                income_year=plan.income_year,
                channel=each.channel,
                household_id=each.household_id,
            )
    return made


def _refuse_claw_back(
    session: Session,
    batch_code: str,
    serial_no: int,
    lines: Sequence[BatchLine],
    amount_fen: int,
    reason: str,
    document: str,
) -> None:
    if not reason.strip() or not document.strip():
        raise Refused("收回已发款项要写明原因和凭据文号。")
    refuse_personal_numbers(reason + document, "收回原因")
    if not lines or any(each.state is not LineState.PAID for each in lines):
        raise Refused(f"批次{batch_code}序号{serial_no}没有到账，不能收回。退汇请导入回盘结果。")
    paid = sum(each.amount_fen for each in lines)
    before = clawed_back(session).get(claw_back_code(batch_code, serial_no), 0)
    if not 0 < amount_fen <= paid - before:
        raise Refused(
            f"批次{batch_code}序号{serial_no}发放{format_yuan(paid)}元，已收回{format_yuan(before)}元，"
            f"本次收回{format_yuan(amount_fen)}元超出可收回数。请核对金额。"
        )


def clawed_back(session: Session) -> dict[str, int]:
    """Batch#number → fen given back so far.

    依据: 内部约定 (no more comes back than was paid)
    """
    found: dict[str, int] = {}
    for each in claw_backs(session):
        found[each.object_code] = found.get(each.object_code, 0) + each.amount_fen
    return found


@dataclass(frozen=True)
class ClawBack:
    """Money a household gave back; fen."""

    object_code: str
    household_id: int
    channel: str
    amount_fen: int
    dated_on: date
    document: str


def claw_backs(session: Session) -> list[ClawBack]:
    """Every claw-back that stands, household by household, in order of booking.

    依据: 内部约定 (a reversed voucher never happened)
    """
    from ledger.books.dimensions import dimensions_by_id

    reversed_ids = set(session.exec(select(Voucher.reverses_voucher_id)).all()) - {None}
    facts = dimensions_by_id(session)
    rows = session.exec(
        select(Voucher, VoucherLine)
        .join(VoucherLine, col(VoucherLine.voucher_id) == col(Voucher.id))
        .where(
            Voucher.kind == CLAW_BACK,
            VoucherLine.side == books.CREDIT,
            VoucherLine.household_id > 0,
        )
        .order_by(col(VoucherLine.id))
    ).all()
    return [
        ClawBack(
            voucher.object_code,
            line.household_id,
            facts[line.dimension_id].channel,
            line.amount_fen,
            voucher.dated_on,
            voucher.document or "",
        )
        for voucher, line in rows
        if voucher.id not in reversed_ids
    ]
