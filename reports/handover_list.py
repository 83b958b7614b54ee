"""What is handed over, and did the village take it (移交清单与确认书)?

The list with the receiver's answer asset by asset, the words of the acceptance below, and places
for the seals of the one who gives, the one who takes and the one who watches.
"""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import func
from sqlmodel import col, select

from assets.columns import label_of
from assets.errors import NotFound
from assets.handover import HandoverLine, Outcome, RefusalReason, handover_by_code, lines_of
from assets.models import (
    Condition,
    EvidenceLink,
    HandoverAct,
    HandoverAnswer,
    HandoverItem,
    ObjectKind,
)
from assets.money import format_yuan, in_words
from assets.parties import party_titles
from reports.paper import Column, Fact, Paper, ProofLine, Row, Table, chinese_day
from reports.standpoint import Asked, Standpoint, known_by, required

SOURCES = ("国办函〔2021〕51号；内部约定（可接收、保留接收或拒收）",)


def paper(stand: Standpoint, asked: Asked) -> Paper:
    """List and acceptance of one handover.

    Raises:
        NotFound: No such handover, or not yet at that position.

    依据: 国办函〔2021〕51号 (及时办理移交手续)
    """
    handover = handover_by_code(stand.session, required(asked.subject, "移交事项"))
    if not known_by(handover.entry_id, stand.at):
        raise NotFound("移交事项", handover.code)
    lines = lines_of(stand.session, handover)
    answered = _answer_days(stand, handover)
    titles = party_titles(stand.session, stand.at)
    giver, taker = titles[handover.from_party_id], titles[handover.to_party_id]
    total = sum(line.original_value_fen for line in lines)
    by_outcome = {
        outcome: [line for line in lines if _outcome(line, answered) == outcome]
        for outcome in (*Outcome, None)
    }
    return Paper(
        name="handover-list",
        title=f"{stand.place(handover.village_code)}资产移交清单及确认书（{handover.code}）",
        organisation=giver,
        footer=stand.footer,
        parameters=asked.parameters(),
        headline=_headline(lines, total, by_outcome),
        tables=(_list(stand, lines, answered, total),),
        paragraphs_before=(_statement(handover, giver, taker, len(lines)),),
        paragraphs_after=(_acceptance(by_outcome, answered),),
        proof_lines=(
            ProofLine(
                "接收＋保留接收＋拒收＋待签 = 清单原值",
                sum(x.original_value_fen for found in by_outcome.values() for x in found),
                total,
            ),
        ),
        sources=SOURCES,
        seals=(f"移交方：{giver}", f"接收方：{taker}", "监交方"),
        orientation="landscape",
    )


def _headline(
    lines: Sequence[HandoverLine],
    total: int,
    by_outcome: dict[Outcome | None, list[HandoverLine]],
) -> tuple[Fact, ...]:
    facts = [Fact("件数", len(lines), "int"), Fact("原值合计", total, "fen", words=True)]
    facts += [Fact(f"{x.label}", f"{len(by_outcome[x])}件") for x in Outcome]
    if by_outcome[None]:
        facts.append(Fact("待签", f"{len(by_outcome[None])}件"))
    return tuple(facts)


def _list(
    stand: Standpoint, lines: Sequence[HandoverLine], answered: dict[int, date], total: int
) -> Table:
    attached = _attached(stand)
    body: list[Row] = [
        {
            "serial": line.line_no,
            "code": line.asset_code,
            "title": line.title,
            "spec": line.spec,
            "quantity": f"{line.quantity}{line.quantity_unit}",
            "value": line.original_value_fen,
            "net": line.net_value_fen,
            "place": line.place,
            "condition": label_of(Condition, line.condition),
            "papers": attached.get(line.asset_code, 0),
            "answer": answer_text(line) if line.item_id in answered else "",
        }
        for line in lines
    ]
    return Table(
        "",
        (
            Column("serial", "序号", "serial"),
            Column("code", "编号", width_weight=3),
            Column("title", "名称", width_weight=5),
            Column("spec", "规格", width_weight=3),
            Column("quantity", "数量", width_weight=3),
            Column("value", "原值", "fen"),
            Column("net", "净值", "fen"),
            Column("place", "坐落", width_weight=4),
            Column("condition", "状况", width_weight=2),
            Column("papers", "随附资料（份）", "int"),
            Column("answer", "接收意见", width_weight=16),
        ),
        body,
        totals={
            "value": total,
            "net": sum(line.net_value_fen for line in lines),
            "papers": sum(attached.get(line.asset_code, 0) for line in lines),
        },
        words_total=total,
        page_subtotals=True,
    )


def answer_text(line: HandoverLine) -> str:
    """The receiver's answer on one asset in words, with reason or reservation."""
    if line.outcome is None:
        return ""
    shown = label_of(Outcome, line.outcome)
    if line.outcome == Outcome.REFUSED and line.reason_code:
        shown += f"：{label_of(RefusalReason, line.reason_code)}"
    if line.outcome == Outcome.RESERVED and line.remedy_due_on is not None:
        shown += f"：{line.reservation}（{chinese_day(line.remedy_due_on)}前整改）"
    return shown


def _statement(handover: HandoverAct, giver: str, taker: str, count: int) -> str:
    again = f"（第{handover.attempt_no}次移交）" if handover.attempt_no > 1 else ""
    return (
        f"{giver}将本清单所列资产{count}件移交{taker}{again}，"
        f"清单于{chinese_day(handover.prepared_on)}编制，正文摘要{handover.text_sha256[:8]}。"
    )


def _acceptance(
    by_outcome: dict[Outcome | None, list[HandoverLine]], answered: dict[int, date]
) -> str:
    """The words of the acceptance, or what the receiver may still answer."""
    if not answered:
        return "接收方可以逐件接收、保留接收（写明事项和期限）或拒收（写明原因）。"
    reserved, refused = by_outcome[Outcome.RESERVED], by_outcome[Outcome.REFUSED]
    taken = by_outcome[Outcome.ACCEPTED] + reserved
    value = sum(line.original_value_fen for line in taken)
    words = (
        f"接收方于{chinese_day(max(answered.values()))}签收，接收{len(taken)}件，"
        f"原值{format_yuan(value)}元（{in_words(value)}）"
    )
    if reserved:
        words += f"，其中保留接收{len(reserved)}件"
    if refused:
        words += f"；拒收{len(refused)}件，由移交方补正后再次移交"
    return f"{words}。自签收之日起，接收的资产由接收方管护，收益按确权份额归属，风险随同转移。"


def _outcome(line: HandoverLine, answered: dict[int, date]) -> Outcome | None:
    if line.item_id not in answered or line.outcome is None:
        return None
    return next(outcome for outcome in Outcome if outcome == line.outcome)


def _answer_days(stand: Standpoint, handover: HandoverAct) -> dict[int, date]:
    """Item id → day of the answer, of the answers known on the day and at the position."""
    rows = stand.session.exec(
        select(HandoverItem.id, HandoverAnswer)
        .join(HandoverAnswer, col(HandoverAnswer.handover_item_id) == col(HandoverItem.id))
        .where(
            HandoverItem.handover_act_id == handover.id,
            col(HandoverAnswer.answered_on) <= stand.day,
            col(HandoverAnswer.entry_id) <= stand.at.position,
        )
    ).all()
    return {item_id: answer.answered_on for item_id, answer in rows}


def _attached(stand: Standpoint) -> dict[str, int]:
    rows = stand.session.exec(
        select(EvidenceLink.object_code, func.count())
        .where(
            EvidenceLink.object_kind == ObjectKind.ASSET,
            col(EvidenceLink.entry_id) <= stand.at.position,
        )
        .group_by(col(EvidenceLink.object_code))
    ).all()
    return {code: int(count) for code, count in rows}
