"""What may be paid now, to whom? A batch of a plan, within the money received, released by another.

Nothing is paid without a posted plan whose decision was valid, whose notice has run and whose
stages are done; no line with an open objection, held back, or without an account that can take it.
Lines held back are listed with the reason and never stop the rest. The batch is booked on its day.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, select

from assets import trail
from assets.asof import AsOf
from assets.errors import AlreadyDone, NotFound, Refused
from assets.models import ObjectKind, Stage
from assets.money import format_yuan
from assets.procedure import notices
from assets.procedure.duties import database_message, record_stage
from assets.procedure.states import move
from assets.trail import Act, Entry, heads
from ledger.books import posting as books
from ledger.books.balances import bank_balance
from ledger.courses import PLAN_MACHINE
from ledger.models import (
    Channel,
    PaymentBatch,
    PaymentLine,
    PersonIndex,
    Plan,
)
from ledger.pay_attendance import require_payable
from ledger.pay_lines import (
    BatchKind,
    BatchLine,
    Due,
    LineState,
    Rail,
    batch_by_code,
    batch_lines,
    committed_of,
    dues_of,
    holds_of,
    is_released,
    is_wage,
    received_of,
)
from ledger.people import households
from ledger.people.events import deaths, payee_authorities
from ledger.people.persons import chunks
from ledger.plan_course import missing_for_payment, round_of
from ledger.plan_draft import plan_by_code

CHOICES: Mapping[str, str] = {"job": "公益岗位", "other": "补助、分红", "all": "全部"}
RAIL_OF_CHOICE = {"job": Rail.PAYROLL, "other": Rail.ONE_CARD}
HOLD_WORDS = {
    "OBJECTION": "公示异议",
    "DECEASED": "领款人亡故",
    "DISPUTE": "有争议",
    "OTHER": "其他原因",
}
HEAD_DIED = "户主已亡故，请先登记新户主"
WORKER_DIED = "务工人员已亡故，工资须由继承人凭文件领取"


@dataclass(frozen=True)
class Payee:
    """Whose account an entitlement goes to; ``note`` says when it is not the obvious one."""

    person_id: int
    note: str = ""


@dataclass(frozen=True)
class Held:
    """An entitlement that is not paid now, and why."""

    household_code: str
    channel: str
    month: int
    amount_fen: int
    reason: str


@dataclass(frozen=True)
class Made:
    """A batch just made, and what was held back from it."""

    batch: PaymentBatch
    payee_count: int
    held: tuple[Held, ...]

    @property
    def held_fen(self) -> int:
        """Σ of what was held back."""
        return sum(each.amount_fen for each in self.held)


class NothingToPay(Refused):
    """No line of the plan can be paid now (没有可支付的款项)."""


class ShortOfMoney(Refused):
    """More would be paid than was received and not yet committed (资金不足)."""


# --- making a batch --------------------------------------------------------------------------


def make_batch(
    session: Session,
    act: Act,
    plan_code: str,
    code: str,
    *,
    channels: str,
    through: int | None = None,
    kind: BatchKind = BatchKind.ORDINARY,
    household_codes: Sequence[str] = (),
    rail: Rail | None = None,
) -> Made:
    """Make one batch of a plan: ``channels`` job (wages, by payroll) or other (one-card).

    ``through`` is the last wage month (YYYYMM) taken; ``household_codes`` limits it to some.

    Raises:
        AlreadyDone: This batch, or everything it could pay, is in payment already.
        NothingToPay: Nothing is due, or all of it is held back.
        ShortOfMoney: More than what was received and not yet committed.
        Refused: The plan lacks a stage, or the code is taken.
        SeparationOfDuties: The maker reviewed or approved the plan.

    依据: 内部约定 (each batch is limited by money received); 会计法; 国开办发〔2018〕11号 第四条
    """
    stage = f"{plan_code}/{channels}/{through or 0}/{kind.value}/{','.join(household_codes)}"
    with trail.entry(
        session, act, "pay-batch", code, stage=stage, what=f"支付批次{code}"
    ) as written:
        plan = plan_by_code(session, plan_code)
        _refuse_taken(session, code)
        require_ready(session, plan, act)
        wanted = _wanted(dues_of(session, plan.id), channels, through, household_codes)
        open_ = [due for due in wanted if due.is_open]
        if not open_:
            _refuse_nothing(session, plan, wanted, channels)
        payees, held = resolve(session, plan, open_, act)
        due = [each for each in open_ if each.entitlement_id in payees]
        used = rail or RAIL_OF_CHOICE[channels]
        return _write(session, written, plan, code, kind, used, due, payees, held, {})


def make_batches(
    session: Session,
    act: Act,
    plan_code: str,
    code: str,
    *,
    channels: str,
    through: int | None = None,
) -> list[Made]:
    """One batch for ``job`` or ``other``; for ``all`` two: CODE-1 wages, CODE-2 household money.

    Raises:
        AlreadyDone: Both were made before.
        NothingToPay: Neither has anything to pay.

    依据: 内部约定 (wages and household money travel on different rails)
    """
    if channels != "all":
        return [make_batch(session, act, plan_code, code, channels=channels, through=through)]
    made: list[Made] = []
    done: AlreadyDone | None = None
    nothing: NothingToPay | None = None
    for number, each in enumerate(RAIL_OF_CHOICE, start=1):
        try:
            made.append(
                make_batch(
                    session, act, plan_code, f"{code}-{number}", channels=each, through=through
                )
            )
        except AlreadyDone as error:
            done = error
        except NothingToPay as error:
            nothing = error
    if not made and done is not None:
        raise done
    if not made and nothing is not None:
        raise nothing
    return made


def reissue(
    session: Session, act: Act, batch_code: str, code: str, *, serial_nos: Sequence[int] = ()
) -> Made:
    """Pay again what came back of a batch, and only that; to the account known today.

    Raises:
        AlreadyDone: Everything that came back is in payment again.
        NothingToPay: Nothing came back, or all of it is held back.
        Refused: The plan is not payable, or the code is taken.

    依据: 内部约定 (退汇重发 is a new payment of the same entitlement)
    """
    stage = f"{batch_code}/{','.join(map(str, sorted(serial_nos)))}"
    with trail.entry(
        session, act, "pay-reissue", code, stage=stage, what=f"重发批次{code}"
    ) as written:
        before = batch_by_code(session, batch_code)
        plan = session.get_one(Plan, before.plan_id)
        _refuse_taken(session, code)
        require_ready(session, plan, act)
        back = _came_back(session, before, serial_nos)
        returned = {due.entitlement_id: due for due in dues_of(session, plan.id) if due.is_returned}
        open_ = [returned[line.entitlement_id] for line in back if line.entitlement_id in returned]
        if not open_:
            raise AlreadyDone(f"批次{batch_code}退回的款项已全部重发", before.entry_id)
        payees, held = resolve(session, plan, open_, act)
        due = [each for each in open_ if each.entitlement_id in payees]
        again = {each.entitlement_id: each.line_id for each in due}
        kind, rail = BatchKind.REISSUE, Rail(before.rail)  # type: ignore[call-arg]
        return _write(session, written, plan, code, kind, rail, due, payees, held, again)


def _came_back(session: Session, batch: PaymentBatch, serial_nos: Sequence[int]) -> list[BatchLine]:
    back = [
        line
        for line in batch_lines(session, batch)
        if line.state in (LineState.RETURNED, LineState.REISSUED)
        and (not serial_nos or line.serial_no in serial_nos)
    ]
    if not back:
        raise NothingToPay(f"批次{batch.code}没有退回的款项可重发。请先导入回盘结果，或核对序号。")
    return back


# --- may it be paid? -------------------------------------------------------------------------


def require_ready(session: Session, plan: Plan, act: Act) -> None:
    """Refuse unless the plan is posted and every stage that its policy demands stands.

    Raises:
        Refused: Names what is missing.

    依据: 国开办发〔2018〕11号 第四条; 国开办发〔2017〕61号; 内部约定 (stages by policy)
    """
    require_payable(session, plan)
    missing = missing_for_payment(session, plan.code, act.on)
    if missing:
        raise Refused(f"方案{plan.code}还缺{'、'.join(missing)}，不能支付。请补办后再支付。")


def _refuse_taken(session: Session, code: str) -> None:
    taken = session.exec(select(PaymentBatch).where(PaymentBatch.code == code)).first()
    if taken is not None:
        raise Refused(f"批次编号{code}已用于另一批支付，请换一个编号。")


def _wanted(
    dues: Sequence[Due], channels: str, through: int | None, household_codes: Sequence[str]
) -> list[Due]:
    if channels not in RAIL_OF_CHOICE:
        raise Refused("渠道只能是 job（公益岗位）、other（补助、分红）或 all（全部）。")
    unknown = sorted(set(household_codes) - {due.household_code for due in dues})
    if unknown:
        raise NotFound("应发款的农户", unknown[0])
    return [
        due
        for due in dues
        if is_wage(due.channel) == (channels == "job")
        and (through is None or due.month <= through)
        and (not household_codes or due.household_code in household_codes)
    ]


def _refuse_nothing(session: Session, plan: Plan, wanted: Sequence[Due], channels: str) -> None:
    if not wanted:
        remedy = "请先导入考勤表。" if channels == "job" else "请核对方案是否有该渠道。"
        raise NothingToPay(f"方案{plan.code}没有{CHOICES[channels]}应发款可支付。{remedy}")
    if any(due.is_returned for due in wanted):
        raise NothingToPay(
            f"方案{plan.code}的{CHOICES[channels]}只剩退回的款项，请用 fupin pay reissue 重发。"
        )
    last = session.exec(
        select(PaymentBatch.entry_id)
        .where(PaymentBatch.plan_id == plan.id)
        .order_by(col(PaymentBatch.id).desc())
    ).first()
    raise AlreadyDone(f"方案{plan.code}的{CHOICES[channels]}应发款都已在支付中或已支付", last or 0)


def resolve(
    session: Session, plan: Plan, dues: Sequence[Due], act: Act
) -> tuple[dict[int, Payee], list[Held]]:
    """Entitlement id → payee for what can be paid, and what is held back with the reason.

    依据: 内部约定 (a line objection stops one line)
    """
    people = _People(session, dues, AsOf(day=act.on))
    stops = stopped_households(session, plan)
    payees: dict[int, Payee] = {}
    held: list[Held] = []
    for due in dues:
        found = stops.get(due.household_code) or people.payee_of(due)
        if isinstance(found, Payee):
            payees[due.entitlement_id] = found
        else:
            held.append(Held(due.household_code, due.channel, due.month, due.amount_fen, found))
    return payees, held


def stopped_households(session: Session, plan: Plan) -> dict[str, str]:
    """Household code → why its lines are stopped: an open objection to them, or held back.

    依据: 内部约定 (a line objection withholds that line, the rest proceeds)
    """
    codes = households.household_codes(session, sorted(holds_of(session, plan.id)))
    stops = {
        codes[household_id]: f"暂缓发放（{HOLD_WORDS.get(row.reason_code, row.reason_code)}）"
        for household_id, row in holds_of(session, plan.id).items()
    }
    for objection in notices.open_objections(session, ObjectKind.PLAN, plan.code):
        if objection.line_code:
            stops[objection.line_code] = f"公示异议{objection.code}未答复"
    return stops


class _People:
    """Who receives what, asked set by set as of the batch's day."""

    def __init__(self, session: Session, dues: Sequence[Due], at: AsOf) -> None:
        homes = sorted({due.household_id for due in dues})
        self.heads = households.heads(session, homes, at)
        workers = {due.person_id for due in dues if due.person_id}
        self.authorities = payee_authorities(session, homes, at)
        involved = {
            *workers,
            *self.heads.values(),
            *(each.payee_person_id for each in self.authorities.values()),
        }
        self.died = deaths(session, involved, at)
        self.with_card = _indexed(session, "CARD", involved)
        self.with_id = _indexed(session, "ID", involved)

    def payee_of(self, due: Due) -> Payee | str:
        """The payee, or why there is none."""
        beneficiary = due.person_id or self.heads.get(due.household_id, 0)
        if not beneficiary:
            return "没有登记户主"
        authority = self.authorities.get(beneficiary)
        if authority is not None:
            note = f"凭{authority.document}由{authority.relation}代领"
            return self._able(authority.payee_person_id, note)
        if beneficiary in self.died:
            return WORKER_DIED if due.person_id else HEAD_DIED
        head = self.heads.get(due.household_id, 0)
        if due.person_id and beneficiary not in self.with_card and head in self.with_card:
            return self._able(head, "本人无账号，入户主账户")
        return self._able(beneficiary, "")

    def _able(self, person_id: int, note: str) -> Payee | str:
        if person_id in self.died:
            return "领款人已亡故"
        if person_id not in self.with_id:
            return "证件号待核"
        if person_id not in self.with_card:
            return "没有银行账号"
        return Payee(person_id, note)


def _indexed(session: Session, kind: str, ids: "set[int]") -> set[int]:
    """Which persons have a number of a kind on record that holds; no envelope is opened."""
    found: set[int] = set()
    for part in chunks(sorted(ids)):
        found |= set(
            session.exec(
                select(PersonIndex.person_id).where(
                    PersonIndex.kind == kind, col(PersonIndex.person_id).in_(part)
                )
            ).all()
        )
    return found


def require_money(session: Session, plan: Plan, amount_fen: int, act: Act) -> None:
    """Refuse to pay more than was received and not yet committed, or than the account holds.

    Raises:
        ShortOfMoney: Says what is there.

    依据: 内部约定 (each batch is limited by money received and not yet committed)
    """
    left = received_of(session, plan.id) - committed_of(session, plan.id)
    if amount_fen > left:
        raise ShortOfMoney(
            f"方案{plan.code}已到账未支付的资金只有{format_yuan(left)}元，"
            f"本批需{format_yuan(amount_fen)}元。请等资金到账，或减少本批月份、户数。"
        )
    at_bank = bank_balance(session, plan.holder_party_id, AsOf(day=act.on))
    if amount_fen > at_bank:
        raise ShortOfMoney(
            f"方案{plan.code}专户账面余额{format_yuan(at_bank)}元，"
            f"本批需{format_yuan(amount_fen)}元。请先登记到账和拨付，或核对专账。"
        )


# --- writing ---------------------------------------------------------------------------------


def _write(
    session: Session,
    written: Entry,
    plan: Plan,
    code: str,
    kind: BatchKind,
    rail: Rail,
    due: Sequence[Due],
    payees: Mapping[int, Payee],
    held: Sequence[Held],
    again: Mapping[int, int],
) -> Made:
    if not due:
        first = held[0]
        raise NothingToPay(
            f"方案{plan.code}的{len(held)}笔应发款都不能支付，"
            f"如户{first.household_code}：{first.reason}。请逐户处理后再办。"
        )
    act = written.act
    require_money(session, plan, sum(each.amount_fen for each in due), act)
    ordered = sorted(
        due,
        key=lambda each: (
            each.household_code,
            payees[each.entitlement_id].person_id,
            each.entitlement_id,
        ),
    )
    serials = _serials(ordered, payees)
    batch = _write_lines(session, written, plan, code, kind, rail, ordered, payees, serials, again)
    event = "payment_reissued" if kind is BatchKind.REISSUE else ""
    book(session, written, plan, batch, ordered, event, f"{kind.label} {batch.code}")
    for object_kind, object_code, round_no in (
        (ObjectKind.PLAN, plan.code, round_of(session, plan.code)),
        (ObjectKind.BATCH, code, 1),
    ):
        record_stage(
            session,
            written,
            object_kind,
            object_code,
            Stage.BATCH,
            on=act.on,
            round_no=round_no,
        )
    move(session, written, PLAN_MACHINE, plan.code, "pay", step_label="支付", on=act.on)
    heads.cut(session, written, "payment batch")
    return Made(batch, max(serials), tuple(held))


def _serials(ordered: Sequence[Due], payees: Mapping[int, Payee]) -> list[int]:
    """One number for each payee of a household, in order."""
    numbers: dict[tuple[int, int], int] = {}
    return [
        numbers.setdefault(
            (each.household_id, payees[each.entitlement_id].person_id), len(numbers) + 1
        )
        for each in ordered
    ]


def _write_lines(
    session: Session,
    written: Entry,
    plan: Plan,
    code: str,
    kind: BatchKind,
    rail: Rail,
    ordered: Sequence[Due],
    payees: Mapping[int, Payee],
    serials: Sequence[int],
    again: Mapping[int, int],
) -> PaymentBatch:
    import numpy as np

    def column(values: Any) -> "np.ndarray[Any, np.dtype[np.int64]]":
        return np.array(list(values), dtype=np.int64)

    batch_id = written.next_id(PaymentBatch, 0)
    count = len(ordered)
    first = written.bulk(
        PaymentLine,
        {
            "payment_batch_id": np.full(count, batch_id, dtype=np.int64),
            "serial_no": column(serials),
            "entitlement_id": column(each.entitlement_id for each in ordered),
            "household_id": column(each.household_id for each in ordered),
            "payee_person_id": column(payees[each.entitlement_id].person_id for each in ordered),
            "amount_fen": column(each.amount_fen for each in ordered),
            "reissue_of": column(again.get(each.entitlement_id, 0) for each in ordered),
        },
    )
    batch = written.add(
        PaymentBatch(
            code=code,
            plan_id=plan.id,
            kind=kind.value,
            rail=rail.value,
            made_on=written.act.on,
            first_line_id=first,
            last_line_id=first + count - 1,
            line_count=count,
            amount_fen=sum(each.amount_fen for each in ordered),
        )
    )
    assert batch.id == batch_id, "the lines name the batch that gathers them"
    try:
        session.flush()
    except DBAPIError as error:
        raise Refused(database_message(error)) from error
    return batch


def book(
    session: Session,
    written: Entry,
    plan: Plan,
    batch: PaymentBatch,
    lines: Sequence[Due] | Sequence[BatchLine],
    event: str,
    summary: str,
) -> None:
    """One voucher over some lines of a batch, channel by channel; '' books the payment itself.

    依据: 财会〔2004〕12号; 财会〔2023〕14号 (wages and subsidies are paid out of what is owed)
    """
    import numpy as np

    by_channel: dict[str, list[Due | BatchLine]] = {}
    for each in lines:
        by_channel.setdefault(each.channel, []).append(each)
    parts = [
        books.packed_event(
            session,
            written,
            event or ("wage_paid" if channel == Channel.JOB else "subsidy_paid"),
            plan.holder_party_id,
            written.act.on,
            np.array([each.household_id for each in group], dtype=np.int64),
            np.array([each.amount_fen for each in group], dtype=np.int64),
            income_year=plan.income_year,
            channel=channel,
        )
        for channel, group in sorted(by_channel.items())
    ]
    books.post_packed(
        session,
        written,
        party_id=plan.holder_party_id,
        dated_on=written.act.on,
        kind=event or "payment",
        summary=summary,
        packed=books.join(parts),
        concerns=plan.income_year,
        object_code=batch.code,
    )


# --- released by a second person -------------------------------------------------------------


def release(session: Session, act: Act, code: str, *, opinion: str = "同意") -> PaymentBatch:
    """A second person releases a batch for payment; before that no bank file is made.

    Raises:
        NotFound: No such batch.
        Refused: Its bank file exists, or the batch was taken back.
        SeparationOfDuties: The person made the batch.

    依据: 会计法 (payment apart from its review)
    """
    with trail.entry(session, act, "pay-release", code, what=f"复核批次{code}") as written:
        batch = batch_by_code(session, code)
        require_standing(session, batch)
        record_stage(
            session,
            written,
            ObjectKind.BATCH,
            code,
            Stage.RELEASE,
            on=act.on,
            opinion=opinion,
        )
    return batch


def require_standing(session: Session, batch: PaymentBatch) -> None:
    """Refuse what needs a batch that was not taken back.

    Raises:
        Refused: It was.

    依据: 内部约定 (what was taken back is over)
    """
    lines = batch_lines(session, batch)
    if lines and all(line.state is LineState.CANCELLED for line in lines):
        raise Refused(f"批次{batch.code}已经撤回，不能再办理。请另编批次。")


def require_released(session: Session, batch: PaymentBatch) -> None:
    """Refuse what needs a second person's release.

    Raises:
        Refused: Nobody has released it.

    依据: 会计法
    """
    if not is_released(session, batch.code):
        raise Refused(
            f"批次{batch.code}还没有复核，不能导出银行文件。"
            "请由另一人办理 fupin pay release 后再导出。"
        )


def preview(
    session: Session, act: Act, plan_code: str, *, channels: str, through: int | None = None
) -> tuple[list[Due], list[Held]]:
    """What a batch would pay and hold back now; nothing is written.

    依据: 内部约定 (a maker may look before making)
    """
    plan = plan_by_code(session, plan_code)
    wanted = _wanted(dues_of(session, plan.id), channels, through, ())
    open_ = [due for due in wanted if due.is_open]
    payees, held = resolve(session, plan, open_, act)
    return [due for due in open_ if due.entitlement_id in payees], held
