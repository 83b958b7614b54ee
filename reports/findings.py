"""Which suspicions are open, what was answered, and what amount is still unsettled (疑点整改台账)?

refunded + documented + justified + written off + open = the amount of the finding, line by line.
A finding is a lead for clarification, not a verdict.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import col, select

from assets.columns import label_of
from assets.models import ObjectKind
from assets.procedure.actors import actor_titles
from ledger.models import Finding, FindingAnswer, FindingClose
from reports.paper import Column, Fact, Paper, ProofLine, Row, Table, hide_personal_numbers
from reports.standpoint import Asked, Standpoint

SOURCES = ("审计法", "内部约定（退回、补资料、说明、核销四种处理）")
BUCKETS = {
    "REFUNDED": "退回",
    "DOCUMENTED": "补资料",
    "JUSTIFIED": "说明",
    "WRITTEN_OFF": "核销",
}


@dataclass(frozen=True)
class FindingLine:
    """One finding with its dispositions; fen by bucket."""

    finding: Finding
    answers: Sequence[FindingAnswer]
    close: FindingClose | None

    def settled_fen(self, bucket: str) -> int:
        """What was disposed of in one way."""
        return sum(each.amount_fen for each in self.answers if each.bucket == bucket)

    @property
    def open_fen(self) -> int:
        """What is left."""
        return self.finding.amount_fen - sum(self.settled_fen(bucket) for bucket in BUCKETS)


def finding_lines(stand: Standpoint) -> list[FindingLine]:
    """Every finding raised by the day, with answers and closes known then."""
    session, at = stand.session, stand.at
    answers: dict[int, list[FindingAnswer]] = defaultdict(list)
    for answer in session.exec(
        select(FindingAnswer)
        .where(col(FindingAnswer.answered_on) <= at.day, col(FindingAnswer.entry_id) <= at.position)
        .order_by(col(FindingAnswer.id))
    ).all():
        answers[answer.finding_id].append(answer)
    closes = {
        close.finding_id: close
        for close in session.exec(
            select(FindingClose).where(
                col(FindingClose.closed_on) <= at.day, col(FindingClose.entry_id) <= at.position
            )
        ).all()
    }
    rows = session.exec(
        select(Finding)
        .where(col(Finding.raised_on) <= at.day, col(Finding.entry_id) <= at.position)
        .order_by(col(Finding.code))
    ).all()
    return [FindingLine(row, answers[row.id], closes.get(row.id)) for row in rows]


def paper(stand: Standpoint, asked: Asked) -> Paper:
    """The register of findings as of the day.

    依据: 审计法 (整改)
    """
    lines = finding_lines(stand)
    total = sum(line.finding.amount_fen for line in lines)
    open_ = sum(line.open_fen for line in lines)
    unclosed = [line for line in lines if line.close is None]
    late = [line for line in unclosed if line.finding.due_on < stand.day]
    return Paper(
        name="findings",
        title=f"{stand.district}疑点整改台账",
        organisation=stand.district,
        footer=stand.footer,
        parameters=asked.parameters(),
        headline=(
            Fact("未处理余额", open_, "fen", words=True),
            Fact("疑点金额", total, "fen"),
            Fact("未销号", f"{len(unclosed)}项"),
            Fact("其中超期", f"{len(late)}项"),
        ),
        tables=(table(stand, lines),),
        paragraphs_after=("疑点是核查线索，不是结论；处理结果以核实意见为准。",),
        proof_lines=(
            ProofLine(
                "退回＋补资料＋说明＋核销＋余额 = 疑点金额",
                sum(line.settled_fen(bucket) for line in lines for bucket in BUCKETS) + open_,
                total,
            ),
        ),
        sources=SOURCES,
        signatures=("制表", "复核", "审批", "盖章"),
        orientation="landscape",
    )


def table(stand: Standpoint, lines: Sequence[FindingLine], title: str = "") -> Table:
    """The findings as a table, used by the audit report as well."""
    names = actor_titles(stand.session)
    body: list[Row] = [
        {
            "code": line.finding.code,
            "subject": hide_personal_numbers(line.finding.subject),
            "rule": f"{line.finding.rule}（{line.finding.rule_version}）",
            "object": f"{label_of(ObjectKind, line.finding.object_kind)}{line.finding.object_code}",
            "amount": line.finding.amount_fen,
            "evidence": line.finding.snapshot_sha256[:8],
            "answer": hide_personal_numbers("；".join(each.answer for each in line.answers)),
            **{bucket: line.settled_fen(bucket) for bucket in BUCKETS},
            "open": line.open_fen,
            "owner": names.get(line.finding.owner_code, line.finding.owner_code),
            "due": line.finding.due_on,
            "closed": names.get(line.close.closed_by_code, line.close.closed_by_code)
            if line.close
            else "",
        }
        for line in lines
    ]
    totals = {bucket: sum(line.settled_fen(bucket) for line in lines) for bucket in BUCKETS}
    return Table(
        title,
        (
            Column("code", "编号", width_weight=3),
            Column("subject", "疑点", width_weight=6),
            Column("rule", "依据", width_weight=4),
            Column("object", "对象", width_weight=4),
            Column("amount", "金额", "fen"),
            Column("evidence", "证据摘要", width_weight=2),
            Column("answer", "答复", width_weight=6),
            *(Column(bucket, title, "fen", group="处理") for bucket, title in BUCKETS.items()),
            Column("open", "余额", "fen"),
            Column("owner", "责任人", width_weight=2),
            Column("due", "期限", "date"),
            Column("closed", "销号人", width_weight=2),
        ),
        body,
        totals={
            "amount": sum(line.finding.amount_fen for line in lines),
            **totals,
            "open": sum(line.open_fen for line in lines),
        },
        page_subtotals=True,
    )
