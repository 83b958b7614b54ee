"""Did the village take it? Handover (移交) of many assets as one act, answered asset by asset.

The exact text shown to the receiver is stored and hashed. Each asset is accepted, accepted with a
reservation and a deadline, or refused with a coded reason; a refused one comes again later as the
next attempt, the earlier tries stay. What was received is booked in the receiver's accounts.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func
from sqlalchemy import select as rows_of
from sqlmodel import Session, col, select

from assets import trail
from assets.asof import AsOf
from assets.columns import Labelled
from assets.courses import ASSET_MACHINE
from assets.errors import NotFound, Refused
from assets.models import (
    Asset,
    AssetFact,
    HandoverAct,
    HandoverAnswer,
    HandoverBooking,
    HandoverItem,
    ObjectKind,
    Stage,
)
from assets.money import format_yuan, in_words
from assets.parties import party_by_code, party_titles
from assets.procedure.duties import record_stage
from assets.procedure.states import move
from assets.registration import asset_ids
from assets.trail import Act, Entry, digest_of


class Outcome(Labelled):
    """What a receiver answers (接收意见)."""

    ACCEPTED = "ACCEPTED", "接收"
    RESERVED = "RESERVED", "保留接收"
    REFUSED = "REFUSED", "拒收"


class RefusalReason(Labelled):
    """Coded reasons of refusal (拒收原因)."""

    PAPERS = "PAPERS", "资料不全"
    DAMAGE = "DAMAGE", "实物缺损"
    QUANTITY = "QUANTITY", "数量不符"
    TITLE = "TITLE", "权属争议"
    OTHER = "OTHER", "其他"


STEP_OF_OUTCOME = {
    Outcome.ACCEPTED: ("accept", "接收"),
    Outcome.RESERVED: ("accept_with_reservations", "保留接收"),
    Outcome.REFUSED: ("refuse", "拒收"),
}


@dataclass(frozen=True)
class Answer:
    """The receiver's answer on one asset."""

    asset_code: str
    outcome: Outcome
    reason: RefusalReason | None = None
    reservation: str | None = None
    remedy_due_on: date | None = None
    answered_on: date | None = None
    signed_by_code: str = ""


@dataclass(frozen=True)
class HandoverLine:
    """One asset on a handover list with its answer, if any; values in fen."""

    item_id: int
    asset_id: int
    line_no: int
    asset_code: str
    title: str
    spec: str
    quantity: str
    quantity_unit: str
    place: str
    condition: str
    original_value_fen: int
    net_value_fen: int
    outcome: str | None
    reason_code: str | None
    reservation: str | None
    remedy_due_on: date | None
    booked: bool


def handover_by_code(session: Session, code: str) -> HandoverAct:
    """The handover of that code.

    Raises:
        NotFound: There is none.

    依据: 内部约定 (every act has one code on all its papers)
    """
    found = session.exec(select(HandoverAct).where(HandoverAct.code == code)).one_or_none()
    if found is None:
        raise NotFound("移交事项", code)
    return found


def lines_of(session: Session, handover: HandoverAct) -> list[HandoverLine]:
    """The list of a handover in its order, with answers and bookings.

    依据: 内部约定 (the list the receiver signed, and what became of it)
    """
    rows = session.execute(
        rows_of(HandoverItem, Asset, AssetFact, HandoverAnswer, HandoverBooking)
        .join(Asset, col(Asset.id) == col(HandoverItem.asset_id))
        .join(AssetFact, col(AssetFact.asset_id) == col(Asset.id))
        .outerjoin(HandoverAnswer, col(HandoverAnswer.handover_item_id) == col(HandoverItem.id))
        .outerjoin(
            HandoverBooking,
            (col(HandoverBooking.asset_id) == col(Asset.id))
            & (col(HandoverBooking.handover_act_id) == col(HandoverItem.handover_act_id)),
        )
        .where(
            col(HandoverItem.handover_act_id) == handover.id,
            col(AssetFact.valid_from) <= handover.prepared_on,
        )
        .order_by(col(HandoverItem.line_no), col(AssetFact.valid_from), col(AssetFact.id))
    ).all()
    lines: dict[int, HandoverLine] = {}
    for item, asset, fact, answer, booking in rows:
        lines[item.id] = HandoverLine(
            item_id=item.id,
            asset_id=asset.id,
            line_no=item.line_no,
            asset_code=asset.code,
            title=fact.title,
            spec=fact.spec or "",
            quantity=fact.quantity,
            quantity_unit=fact.quantity_unit,
            place=fact.place,
            condition=fact.condition,
            original_value_fen=item.original_value_fen,
            net_value_fen=item.net_value_fen,
            outcome=answer.outcome if answer else None,
            reason_code=answer.reason_code if answer else None,
            reservation=answer.reservation if answer else None,
            remedy_due_on=answer.remedy_due_on if answer else None,
            booked=booking is not None,
        )
    return list(lines.values())


def depreciated_fen(
    original_value_fen: int, in_use_on: date | None, life_months: int | None, on: date
) -> int:
    """Straight-line depreciation to a day: from the month after the start of use, no residual.

    Whole fen, rounded down over the whole time so far.

    依据: 财会〔2004〕12号 (straight line; the month after coming into use)
    """
    if in_use_on is None or not life_months:
        return 0
    months = (on.year - in_use_on.year) * 12 + on.month - in_use_on.month
    months = max(0, min(months, life_months))
    return original_value_fen * months // life_months


def prepare(
    session: Session,
    act: Act,
    code: str,
    *,
    village_code: str,
    from_code: str,
    to_code: str,
    asset_codes: Sequence[str],
) -> HandoverAct:
    """Draw up the list of assets to hand over, and the exact text the receiver will read.

    Raises:
        Refused: The list is empty or giver and receiver are the same.
        WrongState: An asset is not confirmed (or refused before).

    依据: 国办函〔2021〕51号 (及时办理移交)
    """
    with trail.entry(session, act, "handover-prepare", code, what=f"编制移交{code}") as written:
        giver, receiver = party_by_code(session, from_code), party_by_code(session, to_code)
        if giver.id == receiver.id:
            raise Refused("移交方和接收方不能是同一主体。")
        if not asset_codes:
            raise Refused(f"移交{code}没有列出资产。请用 --asset 指明，或先确权。")
        ids = asset_ids(session)
        unknown = [each for each in asset_codes if each not in ids]
        if unknown:
            raise NotFound("资产", unknown[0])
        twice = [each for each in asset_codes if asset_codes.count(each) > 1]
        if twice:
            raise Refused(f"移交{code}把资产{twice[0]}列了两次。请删去重复的一行。")
        facts = _facts(session, [ids[each] for each in asset_codes], act.on)
        unborn = [each for each in asset_codes if ids[each] not in facts]
        if unborn:
            raise Refused(f"资产{unborn[0]}在{act.on}尚未形成，不能移交。请核对办理日期。")
        shown = shown_text(
            party_titles(session, AsOf(day=act.on)), giver.id, receiver.id, asset_codes, facts, ids
        )
        handover = written.add(
            HandoverAct(
                code=code,
                village_code=village_code,
                from_party_id=giver.id,
                to_party_id=receiver.id,
                attempt_no=_attempt(session, [ids[each] for each in asset_codes]),
                prepared_on=act.on,
                shown_text=shown,
                text_sha256=hashlib.sha256(shown.encode()).hexdigest(),
            )
        )
        for place, each in enumerate(asset_codes, start=1):
            fact = facts[ids[each]]
            gone = depreciated_fen(
                fact.original_value_fen, fact.in_use_on, fact.life_months, act.on
            )
            written.add(
                HandoverItem(
                    handover_act_id=handover.id,
                    asset_id=ids[each],
                    line_no=place,
                    original_value_fen=fact.original_value_fen,
                    net_value_fen=fact.original_value_fen - gone,
                )
            )
            move(
                session,
                written,
                ASSET_MACHINE,
                each,
                "prepare_handover",
                step_label="编制移交清单",
                on=act.on,
                remedy="请先完成确权。",
            )
        record_stage(session, written, ObjectKind.HANDOVER, code, Stage.DRAFT, on=act.on)
    return handover


def _facts(session: Session, ids: Sequence[int], on: date) -> dict[int, AssetFact]:
    rows = session.exec(
        select(AssetFact)
        .where(col(AssetFact.asset_id).in_(ids), col(AssetFact.valid_from) <= on)
        .order_by(col(AssetFact.valid_from), col(AssetFact.id))
    ).all()
    return {row.asset_id: row for row in rows}


def _attempt(session: Session, ids: Sequence[int]) -> int:
    """One more than the most times any of these assets was on a list before."""
    rows = session.exec(
        select(HandoverItem.asset_id, func.count())
        .where(col(HandoverItem.asset_id).in_(ids))
        .group_by(col(HandoverItem.asset_id))
    ).all()
    return 1 + max((count for _, count in rows), default=0)


def shown_text(
    names: Mapping[int, str],
    giver: int,
    receiver: int,
    asset_codes: Sequence[str],
    facts: Mapping[int, AssetFact],
    ids: Mapping[str, int],
) -> str:
    """The text put before the receiver: parties, every asset with its value, duties after.

    依据: 内部约定 (what was agreed to is stored word for word and hashed)
    """
    total = sum(facts[ids[each]].original_value_fen for each in asset_codes)
    lines = [
        f"移交方：{names[giver]}",
        f"接收方：{names[receiver]}",
        f"下列资产共{len(asset_codes)}件，原值合计{format_yuan(total)}元（{in_words(total)}），"
        "自签字之日起移交接收方管护，收益按确权份额归属。",
    ]
    for place, each in enumerate(asset_codes, start=1):
        fact = facts[ids[each]]
        lines.append(
            f"{place}. {each} {fact.title} {fact.quantity}{fact.quantity_unit} "
            f"原值{format_yuan(fact.original_value_fen)}元 坐落{fact.place}"
        )
    lines.append("接收方可以逐件接收、保留接收（写明事项和期限）或拒收（写明原因）。")
    return "\n".join(lines)


def answer(session: Session, act: Act, code: str, answers: Sequence[Answer]) -> None:
    """Record the receiver's signed answers, asset by asset.

    Raises:
        Refused: An asset is not on the list or answered already, a reason or deadline is missing.

    依据: 国办函〔2021〕51号; 内部约定 (a village may accept, reserve or refuse)
    """
    said = sorted(repr(each) for each in answers)
    with trail.entry(
        session,
        act,
        "handover-answer",
        code,
        stage=digest_of(*said)[:16],
        what=f"移交{code}接收意见",
    ) as written:
        answer_in(session, written, code, answers)
        record_stage(session, written, ObjectKind.HANDOVER, code, Stage.RESOLVE, on=act.on)


def answer_in(
    session: Session,
    written: Entry,
    code: str,
    answers: Sequence[Answer],
    source: Mapping[str, dict[str, Any]] | None = None,
) -> None:
    """Record answers inside an open entry; ``source`` is provenance by asset code."""
    handover = handover_by_code(session, code)
    on_list = {line.asset_code: line for line in lines_of(session, handover)}
    for each in answers:
        line = on_list.get(each.asset_code)
        if line is None:
            raise Refused(f"资产{each.asset_code}不在移交{code}的清单上。")
        if line.outcome is not None:
            raise Refused(f"资产{each.asset_code}在移交{code}中已有接收意见。")
        _require_complete(each)
        written.add(
            HandoverAnswer(
                handover_item_id=line.item_id,
                outcome=each.outcome,
                reason_code=each.reason,
                reservation=each.reservation,
                remedy_due_on=each.remedy_due_on,
                answered_on=each.answered_on or written.act.on,
                signed_by_code=each.signed_by_code or written.act.actor,
                **((source or {}).get(each.asset_code) or {}),
            )
        )
        name, label = STEP_OF_OUTCOME[each.outcome]
        move(
            session,
            written,
            ASSET_MACHINE,
            each.asset_code,
            name,
            step_label=label,
            on=each.answered_on or written.act.on,
            reason_code=each.reason,
            remark=each.reservation,
        )


def _require_complete(each: Answer) -> None:
    if each.outcome is Outcome.REFUSED and each.reason is None:
        raise Refused(f"资产{each.asset_code}拒收要写明原因代码。")
    if each.outcome is Outcome.RESERVED and (not each.reservation or each.remedy_due_on is None):
        raise Refused(f"资产{each.asset_code}保留接收要写明保留事项和整改期限。")


BookValue = Callable[[Session, Entry, HandoverAct, list[HandoverLine]], int | None]
"""Posts the voucher for received assets and returns its id (given by the accounts)."""


def book(session: Session, act: Act, code: str, post_voucher: BookValue | None) -> int:
    """Book what was received in the receiver's accounts; returns the number of assets booked.

    Raises:
        Refused: Nothing was received, or answers are still missing.

    依据: 财会〔2004〕12号; 财会〔2023〕14号 (a free transfer enters fixed assets and reserve)
    """
    with trail.entry(session, act, "handover-book", code, what=f"移交{code}入账") as written:
        handover = handover_by_code(session, code)
        lines = lines_of(session, handover)
        waiting = [line for line in lines if line.outcome is None]
        if waiting:
            raise Refused(
                f"移交{code}还有{len(waiting)}件没有接收意见（{waiting[0].asset_code}）。"
            )
        received = [x for x in lines if x.outcome != Outcome.REFUSED and not x.booked]
        if not received:
            raise Refused(f"移交{code}没有可入账的资产。")
        voucher_id = post_voucher(session, written, handover, received) if post_voucher else None
        for line in received:
            written.add(
                HandoverBooking(
                    asset_id=line.asset_id,
                    handover_act_id=handover.id,
                    voucher_id=voucher_id,
                    booked_on=act.on,
                )
            )
            for name, label in (("book", "入账"), ("operate", "运营管护")):
                move(
                    session,
                    written,
                    ASSET_MACHINE,
                    line.asset_code,
                    name,
                    step_label=label,
                    on=act.on,
                )
        record_stage(session, written, ObjectKind.HANDOVER, code, Stage.POST, on=act.on)
    return len(received)


def handovers(session: Session, *, village_code: str = "") -> list[HandoverAct]:
    """All handovers, or those of one village, by code.

    依据: 内部约定 (listed for the village that waits for them)
    """
    statement = select(HandoverAct)
    if village_code:
        statement = statement.where(HandoverAct.village_code == village_code)
    return list(session.exec(statement.order_by(col(HandoverAct.code))).all())
