"""How do a village's answers on a handover list enter the book? One row per asset."""

from datetime import date
from typing import Any

from sqlmodel import Session, col, select

from assets.errors import RowProblem
from assets.handover import (
    Answer,
    HandoverLine,
    RefusalReason,
    answer_in,
    handover_by_code,
    handovers,
    lines_of,
)
from assets.handover import (
    Outcome as Answered,
)
from assets.intake import Batch, Handler, Outcome, Row
from assets.intake.registered import Codes, filled, grouped, refuse_nothing_new, taken_in, taking_in
from assets.models import Actor, Asset, HandoverAct, HandoverAnswer, HandoverItem, ObjectKind, Stage
from assets.procedure.duties import record_stage
from assets.trail import Act


def check(session: Session, batch: Batch, on: date) -> list[RowProblem]:
    """Every problem of the rows: lists, assets, reasons, deadlines, signatories.

    依据: 国办函〔2021〕51号; 内部约定 (a village may accept, reserve or refuse)
    """
    if taken_in(session, batch):
        return []
    problems: list[RowProblem] = []
    acts = {each.code: each for each in handovers(session)}
    codes = Codes("移交事项", acts)
    actors = Codes("签收人", dict(session.exec(select(Actor.code, Actor.id)).all()))
    lists: dict[str, dict[str, HandoverLine]] = {}
    for row in batch.rows:
        handover = codes.find(row, "handover_code", problems)
        actors.find(row, "signer_code", problems)
        problems += _answer_problems(row)
        if handover is None:
            continue
        if handover.code not in lists:
            lists[handover.code] = {x.asset_code: x for x in lines_of(session, handover)}
        problems += _line_problems(row, lists[handover.code].get(row["asset_code"]), handover)
    return problems


def _line_problems(row: Row, line: HandoverLine | None, handover: HandoverAct) -> list[RowProblem]:
    if line is None:
        message = f"资产{row['asset_code']}不在移交{handover.code}的清单上。"
        return [row.problem("not-on-list", "asset_code", message, "请核对移交编号和资产编号。")]
    if line.outcome is not None and line.outcome != Answered.from_label(row["opinion"]):
        message = f"资产{row['asset_code']}已登记为另一种意见。"
        return [row.problem("answered-already", "opinion", message, "改变意见请编制下一次移交。")]
    if row["signed_on"] < handover.prepared_on:
        message = f"签收日期早于清单编制日期{handover.prepared_on}。"
        return [row.problem("signed-before", "signed_on", message, "请核对两个日期。")]
    return []


def _answer_problems(row: Row) -> list[RowProblem]:
    found = []
    outcome = Answered.from_label(row["opinion"])
    if outcome is Answered.REFUSED and not row.get("reason_code"):
        found.append(
            row.problem("reason-missing", "reason_code", "拒收没有写原因。", "请选原因代码。")
        )
    if outcome is Answered.RESERVED and not (row.get("reservation") and row.get("remedy_by_on")):
        found.append(
            row.problem(
                "reservation-incomplete",
                "reservation",
                "保留接收没有写事项或期限。",
                "请补填两项。",
            )
        )
    return found


def apply(session: Session, act: Act, batch: Batch) -> Outcome:
    """Record the answers that are new, handover by handover.

    依据: 国办函〔2021〕51号
    """
    with taking_in(session, act, batch) as written:
        new = 0
        counts = dict.fromkeys(Answered, 0)
        for (code,), rows in grouped(batch.rows, "handover_code").items():
            known = {
                line.asset_code
                for line in lines_of(session, handover_by_code(session, code))
                if line.outcome is not None
            }
            fresh = [row for row in rows if row["asset_code"] not in known]
            if not fresh:
                continue
            answers = [_answer(row) for row in fresh]
            sources = {row["asset_code"]: batch.source(row) for row in fresh}
            answer_in(session, written, code, answers, sources)
            for each in answers:
                counts[each.outcome] += 1
            new += len(fresh)
            record_stage(
                session,
                written,
                ObjectKind.HANDOVER,
                code,
                Stage.RESOLVE,
                on=max(row["signed_on"] for row in fresh),
                actor_code=fresh[0]["signer_code"],
            )
        before = session.exec(
            select(HandoverAnswer.entry_id).order_by(col(HandoverAnswer.id).desc())
        ).first()
        refuse_nothing_new(batch, written, new, before or 0)
    return Outcome(written.id, {outcome.label: count for outcome, count in counts.items()})


def _answer(row: Row) -> Answer:
    reason = row.get("reason_code")
    return Answer(
        asset_code=row["asset_code"],
        outcome=Answered.from_label(row["opinion"]),
        reason=RefusalReason.from_label(reason) if reason else None,
        reservation=row.get("reservation"),
        remedy_due_on=row.get("remedy_by_on"),
        answered_on=row["signed_on"],
        signed_by_code=row["signer_code"],
    )


def export(session: Session) -> list[dict[str, Any]]:
    """All answers as rows of the workbook.

    依据: 内部约定 (export → import is the identity)
    """
    rows = session.exec(
        select(HandoverAnswer, HandoverItem, HandoverAct, Asset.code)
        .join(HandoverItem, col(HandoverItem.id) == col(HandoverAnswer.handover_item_id))
        .join(HandoverAct, col(HandoverAct.id) == col(HandoverItem.handover_act_id))
        .join(Asset, col(Asset.id) == col(HandoverItem.asset_id))
        .order_by(col(HandoverAnswer.id))
    ).all()
    return [
        filled(
            {
                "handover_code": handover.code,
                "asset_code": code,
                "opinion": next(o.label for o in Answered if o == answer.outcome),
                "reason_code": next(
                    (r.label for r in RefusalReason if r == answer.reason_code), None
                ),
                "reservation": answer.reservation,
                "remedy_by_on": answer.remedy_due_on,
                "signed_on": answer.answered_on,
                "signer_code": answer.signed_by_code,
            }
        )
        for answer, _, handover, code in rows
    ]


HANDLER = Handler("acceptances", check, apply, export)
