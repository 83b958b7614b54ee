"""Which projects were approved, built and accepted, with what money, and what came of them?"""

from collections import defaultdict

from sqlmodel import col, select

from assets.models import FundAllocation, FundDocument
from assets.projects import ProjectRow, project_rows, unspent_stage
from assets.registration import asset_rows
from reports.paper import Column, Fact, Paper, ProofLine, Row, Table
from reports.standpoint import Asked, Standpoint

SOURCES = ("国办函〔2021〕51号", "内部约定（项目台账栏目）")


def paper(stand: Standpoint, asked: Asked) -> Paper:
    """The register of projects of the district or a town (and year) as of the day.

    依据: 国办函〔2021〕51号 (资金、项目、资产账账相符)
    """
    rows = [
        row
        for row in project_rows(stand.session, stand.at)
        if (not asked.town or row.fact.division_code[:9] == asked.town[:9])
        and (not asked.year or row.fact.project_year == asked.year)
    ]
    allocated = sum(row.allocated_fen for row in rows)
    paid = sum(row.paid_fen for row in rows)
    where = stand.place(asked.town) if asked.town else stand.district
    accepted = [row for row in rows if row.fact.accepted_on and row.fact.accepted_on <= stand.day]
    return Paper(
        name="project-register",
        title=f"{where}{f'{asked.year}年' if asked.year else ''}帮扶项目台账",
        organisation=where,
        footer=stand.footer,
        parameters=asked.parameters(),
        headline=(
            Fact("项目", f"{len(rows)}个"),
            Fact("已验收", f"{len(accepted)}个"),
            Fact("安排资金", allocated, "fen"),
            Fact("已支付", paid, "fen"),
            Fact("结余", allocated - paid, "fen"),
        ),
        tables=(_table(stand, rows, allocated, paid),),
        proof_lines=(
            ProofLine("安排－支付 = 结余", allocated - paid, sum(row.unspent_fen for row in rows)),
        ),
        sources=SOURCES,
        signatures=("制表", "复核", "审批", "盖章"),
        orientation="landscape",
    )


def _table(stand: Standpoint, rows: list[ProjectRow], allocated: int, paid: int) -> Table:
    formed = _formed(stand)
    documents = _documents(stand)
    body: list[Row] = []
    for row in rows:
        fact = row.fact
        count, value = formed.get(row.code, (0, 0))
        body.append(
            {
                "code": row.code,
                "title": fact.title,
                "year": str(fact.project_year),
                "place": stand.place(fact.division_code),
                "who": fact.implementer,
                "documents": "、".join(documents.get(row.project_id, ())),
                "approval": fact.approval_document or "",
                "approved": fact.approved_on,
                "started": fact.started_on,
                "completed": fact.completed_on,
                "accepted": fact.accepted_on,
                "allocated": row.allocated_fen,
                "paid": row.paid_fen,
                "unspent": row.unspent_fen,
                "stage": unspent_stage(fact, stand.day).label if row.unspent_fen else "",
                "final": fact.final_account_fen,
                "count": count,
                "value": value,
            }
        )
    return Table(
        "",
        (
            Column("code", "编号", width_weight=3),
            Column("title", "名称", width_weight=6),
            Column("year", "年度", align="center", width_weight=1),
            Column("place", "地点", width_weight=3),
            Column("who", "实施单位", width_weight=4),
            Column("documents", "资金文号", width_weight=4),
            Column("approval", "批复文号", width_weight=3),
            Column("approved", "批复", "date", group="日期"),
            Column("started", "开工", "date", group="日期"),
            Column("completed", "竣工", "date", group="日期"),
            Column("accepted", "验收", "date", group="日期"),
            Column("allocated", "安排", "fen"),
            Column("paid", "支付", "fen"),
            Column("unspent", "结余", "fen"),
            Column("stage", "结余环节", width_weight=2),
            Column("final", "结算审计", "fen"),
            Column("count", "资产件数", "int"),
            Column("value", "资产原值", "fen"),
        ),
        body,
        totals={
            "allocated": allocated,
            "paid": paid,
            "unspent": allocated - paid,
            "count": sum(formed.get(row.code, (0, 0))[0] for row in rows),
            "value": sum(formed.get(row.code, (0, 0))[1] for row in rows),
        },
        page_subtotals=True,
    )


def _formed(stand: Standpoint) -> dict[str, tuple[int, int]]:
    """Project code → number and value of its assets."""
    found: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for row in asset_rows(stand.session, stand.at):
        count, value = found[row.project_code]
        found[row.project_code] = count + 1, value + row.original_value_fen
    return dict(found)


def _documents(stand: Standpoint) -> dict[int, list[str]]:
    rows = stand.session.exec(
        select(FundAllocation.project_id, FundDocument.code)
        .join(FundDocument, col(FundDocument.id) == col(FundAllocation.fund_document_id))
        .where(col(FundAllocation.entry_id) <= stand.at.position)
        .order_by(col(FundAllocation.id))
    ).all()
    found: dict[int, list[str]] = defaultdict(list)
    for project_id, code in rows:
        if code not in found[project_id]:
            found[project_id].append(code)
    return dict(found)
