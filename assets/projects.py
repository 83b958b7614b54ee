"""Which projects were there, how far did each come, and what money was allocated and paid?

A project is a code of the project bank; every date of its course is a fact. Money reaches it by
allocation from fund documents and leaves it by payments with voucher numbers.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

from sqlmodel import Session, col, select

from assets.asof import AsOf, current_row, current_rows
from assets.columns import Labelled
from assets.errors import NotFound
from assets.models import FundAllocation, FundDocument, FundPayment, Project, ProjectFact
from assets.remarks import Remark


class UnspentStage(Labelled):
    """Where money not spent lies (结余环节), in the order in which auditors list it."""

    UNALLOCATED = "UNALLOCATED", "未安排"
    NOT_STARTED = "NOT_STARTED", "未实施"
    UNFINISHED = "UNFINISHED", "已实施未完工"
    NOT_ACCEPTED = "NOT_ACCEPTED", "已完工未验收"
    NOT_SETTLED = "NOT_SETTLED", "已验收未报账"
    SURPLUS = "SURPLUS", "已实施结余"


@dataclass(frozen=True)
class ProjectRow:
    """One project as of a day with its money in fen."""

    project_id: int
    code: str
    fact: ProjectFact
    allocated_fen: int
    paid_fen: int

    @property
    def unspent_fen(self) -> int:
        """Allocated and not paid."""
        return self.allocated_fen - self.paid_fen


COURSE = (
    ("listed_on", "bank_entry_on", "入库"),
    ("approved_on", "approved_on", "批复"),
    ("started_on", "started_on", "开工"),
    ("completed_on", "completed_on", "竣工"),
    ("accepted_on", "accepted_on", "验收"),
)
"""Field of the workbook, column, and word of each date in the order they should come."""


def project_by_code(session: Session, code: str) -> Project:
    """The project registered under a code.

    Raises:
        NotFound: No such project.
    """
    project = session.exec(select(Project).where(Project.code == code)).one_or_none()
    if project is None:
        raise NotFound("项目", code)
    return project


def project_ids(session: Session) -> dict[str, int]:
    """Code → id of every project."""
    return dict(session.exec(select(Project.code, Project.id)).all())


def project_fact(session: Session, project_id: int, at: AsOf) -> ProjectFact | None:
    """What is known of a project as of a day and position."""
    return current_row(session, ProjectFact, at, ProjectFact.project_id == project_id)


def project_facts(session: Session, at: AsOf) -> dict[int, ProjectFact]:
    """Project id → what is known of it as of a day and position."""
    return {row.project_id: row for row in current_rows(session, ProjectFact, ("project_id",), at)}


def allocations(session: Session, at: AsOf) -> dict[tuple[int, int], int]:
    """(project id, document id) → fen allocated under documents issued by the day.

    依据: 内部约定 (资金下达分解)
    """
    rows = session.exec(
        select(FundAllocation)
        .join(FundDocument, col(FundAllocation.fund_document_id) == col(FundDocument.id))
        .where(col(FundDocument.issued_on) <= at.day, col(FundAllocation.entry_id) <= at.position)
    ).all()
    found: dict[tuple[int, int], int] = defaultdict(int)
    for row in rows:
        found[row.project_id, row.fund_document_id] += row.amount_fen
    return dict(found)


def payments(session: Session, at: AsOf) -> list[FundPayment]:
    """Every payment made by the day, by project, document and day."""
    return list(
        session.exec(
            select(FundPayment)
            .where(col(FundPayment.paid_on) <= at.day, col(FundPayment.entry_id) <= at.position)
            .order_by(
                col(FundPayment.project_id),
                col(FundPayment.fund_document_id),
                col(FundPayment.paid_on),
                col(FundPayment.id),
            )
        ).all()
    )


def paid_amounts(session: Session, at: AsOf) -> dict[tuple[int, int], int]:
    """(project id, document id) → fen paid by the day."""
    found: dict[tuple[int, int], int] = defaultdict(int)
    for payment in payments(session, at):
        found[payment.project_id, payment.fund_document_id] += payment.amount_fen
    return dict(found)


def project_rows(
    session: Session, at: AsOf, *, town: str = "", village: str = ""
) -> list[ProjectRow]:
    """Every project as of a day with its money, by code; places are division codes."""
    facts = project_facts(session, at)
    allocated, paid = _by_project(allocations(session, at)), _by_project(paid_amounts(session, at))
    listed = session.exec(select(Project.id, Project.code).order_by(Project.code)).all()
    return [
        ProjectRow(each, code, facts[each], allocated.get(each, 0), paid.get(each, 0))
        for each, code in listed
        if each in facts
        and (not town or facts[each].division_code[:9] == town[:9])
        and (not village or facts[each].division_code == village)
    ]


def _by_project(amounts: Mapping[tuple[int, int], int]) -> dict[int, int]:
    found: dict[int, int] = defaultdict(int)
    for (project_id, _), amount in amounts.items():
        found[project_id] += amount
    return dict(found)


def unspent_stage(fact: ProjectFact, day: date) -> UnspentStage:
    """At which stage a project's unspent money lies on a day.

    依据: 内部约定 (unspent money is broken down by stage)
    """
    if fact.unspent_stage is not None:
        return next(stage for stage in UnspentStage if stage == fact.unspent_stage)

    def reached(on: date | None) -> bool:
        return on is not None and on <= day

    if reached(fact.accepted_on):
        settled = fact.final_account_fen is not None
        return UnspentStage.SURPLUS if settled else UnspentStage.NOT_SETTLED
    if reached(fact.completed_on):
        return UnspentStage.NOT_ACCEPTED
    return UnspentStage.UNFINISHED if reached(fact.started_on) else UnspentStage.NOT_STARTED


def course_remarks(values: Mapping[str, Any], first_paid_on: date | None) -> list[Remark]:
    """Dates of a project out of order; ``values`` by column name.

    依据: 内部约定 (project bank before funding, acceptance before settlement)
    """
    found = []
    dated = [
        (field, word, values[column])
        for field, column, word in COURSE
        if values.get(column) is not None
    ]
    for (_, earlier, before), (field, later, after) in pairwise(dated):
        if after < before:
            message = f"{later}日期{after}早于{earlier}日期{before}。"
            found.append(Remark("dates-out-of-order", field, message))
    approved_on = values.get("approved_on")
    if first_paid_on and approved_on and first_paid_on < approved_on:
        message = f"首次支付{first_paid_on}早于批复{approved_on}。"
        found.append(Remark("paid-before-approval", "paid_on", message))
    return found
