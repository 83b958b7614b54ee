"""Where did the money since 2016 go, and how much of it became assets (资金清理表)?

One line for each fund document with its course from issue to assets; the same money by year, by
level and by town below, and as a picture.
"""

from collections import defaultdict
from collections.abc import Sequence

from sqlmodel import select

from assets.columns import label_of
from assets.funds import ReviewLine, documents, review
from assets.models import FundAllocation, FundDocument, FundLevel, FundType
from assets.projects import UnspentStage, project_facts
from reports import charts
from reports.paper import Column, Fact, Paper, Picture, ProofLine, Row, Table, sum_of
from reports.standpoint import Asked, Standpoint

SOURCES = ("国办函〔2021〕51号", "内部约定（结余按环节分列）")
_STAGES = {stage: f"unspent_{stage.value.lower()}" for stage in UnspentStage}


def paper(stand: Standpoint, asked: Asked) -> Paper:
    """The review of all fund documents as of the day.

    依据: 国办函〔2021〕51号 (资金、项目、资产账账相符)
    """
    lines = review(stand.session, stand.at)
    listed = {each.code: each for each in documents(stand.session, stand.at)}
    sums = {
        "issued": sum(line.issued_fen for line in lines),
        "received": sum(line.received_fen for line in lines),
        "allocated": sum(line.allocated_fen for line in lines),
        "spent": sum(line.spent_fen for line in lines),
        "formed": sum(line.formed_fen for line in lines),
    }
    unspent = sum(sum(line.unspent_fen.values()) for line in lines)
    return Paper(
        name="fund-review",
        title=f"{stand.district}2016年以来帮扶资金清理表",
        organisation=stand.district,
        footer=stand.footer,
        parameters=asked.parameters(),
        headline=(
            Fact("结余", unspent, "fen"),
            Fact("物化率", (sums["formed"], sums["spent"]), "percent"),
            Fact("下达", sums["issued"], "fen"),
            Fact("到位", sums["received"], "fen"),
            Fact("支出", sums["spent"], "fen"),
            Fact("形成资产", sums["formed"], "fen"),
        ),
        tables=(
            _documents(stand, lines, listed, sums),
            *(_summary(stand, by, title) for by, title in _SUMMARIES),
        ),
        pictures=_pictures(listed),
        proof_lines=(
            ProofLine("到位 = 支出＋Σ结余", sums["received"], sums["spent"] + unspent),
            *(
                ProofLine(
                    f"{title}合计 = 支出",
                    sum(line.spent_fen for line in review(stand.session, stand.at, by=by)),
                    sums["spent"],
                )
                for by, title in _SUMMARIES
            ),
        ),
        sources=SOURCES,
        signatures=("制表", "复核", "审批", "盖章"),
        orientation="landscape",
    )


_SUMMARIES = (("year", "分年度"), ("level", "分级次"), ("town", "分镇"))


def _documents(
    stand: Standpoint,
    lines: Sequence[ReviewLine],
    listed: dict[str, FundDocument],
    sums: dict[str, int],
) -> Table:
    responsible = _implementers(stand)
    body: list[Row] = []
    for line in lines:
        document = listed[line.key]
        body.append(
            {
                "code": document.code,
                "level": label_of(FundLevel, document.level),
                "type": label_of(FundType, document.fund_type),
                "year": str(document.fund_year),
                "issued": line.issued_fen,
                "received": line.received_fen,
                "allocated": line.allocated_fen,
                "spent": line.spent_fen,
                **{key: line.unspent_fen.get(stage, 0) for stage, key in _STAGES.items()},
                "formed": line.formed_fen,
                "ratio": (line.formed_fen, line.spent_fen),
                "who": "、".join(sorted(responsible[document.id])) or document.issuer,
            }
        )
    stages = {
        key: sum(line.unspent_fen.get(stage, 0) for line in lines) for stage, key in _STAGES.items()
    }
    return Table(
        "",
        (
            Column("code", "文号", width_weight=4),
            Column("level", "级次", align="center", width_weight=1),
            Column("type", "类型", width_weight=2),
            Column("year", "年度", align="center", width_weight=1),
            Column("issued", "下达", "fen"),
            Column("received", "到位", "fen"),
            Column("allocated", "安排", "fen"),
            Column("spent", "支出", "fen"),
            *(Column(key, stage.label, "fen", group="结余") for stage, key in _STAGES.items()),
            Column("formed", "资产原值", "fen"),
            Column("ratio", "物化率", "percent"),
            Column("who", "责任单位", width_weight=4),
        ),
        body,
        totals={**sums, **stages},
        closing={"ratio": (sums["formed"], sums["spent"])},
        page_subtotals=True,
    )


def _summary(stand: Standpoint, by: str, title: str) -> Table:
    lines = review(stand.session, stand.at, by=by)
    has_issue = by != "town"
    body: list[Row] = []
    for line in lines:
        row: Row = {
            "key": stand.place(line.key) if by == "town" else line.key,
            "allocated": line.allocated_fen,
            "spent": line.spent_fen,
            "formed": line.formed_fen,
            "ratio": (line.formed_fen, line.spent_fen),
        }
        if has_issue:
            row = {**row, "issued": line.issued_fen, "received": line.received_fen}
        body.append(row)
    money = [
        *([("issued", "下达"), ("received", "到位")] if has_issue else []),
        ("allocated", "安排"),
        ("spent", "支出"),
        ("formed", "形成资产"),
    ]
    totals = {key: int(sum_of(body, key)) for key, _ in money}
    return Table(
        title,
        (
            Column("key", title.removeprefix("分")),
            *(Column(key, name, "fen") for key, name in money),
            Column("ratio", "物化率", "percent"),
        ),
        body,
        totals=totals,
        closing={"ratio": (totals["formed"], totals["spent"])},
    )


def _pictures(listed: dict[str, FundDocument]) -> tuple[Picture, ...]:
    """Money issued by year and level."""
    sums: dict[tuple[int, str], int] = defaultdict(int)
    for document in listed.values():
        sums[document.fund_year, document.level] += document.amount_fen
    points = [
        charts.Point(f"{year}年", level.label, sums[year, level.value])
        for year in sorted({year for year, _ in sums})
        for level in FundLevel
        if (year, level.value) in sums
    ]
    return (charts.bars("各年各级下达资金", points),) if points else ()


def _implementers(stand: Standpoint) -> dict[int, set[str]]:
    facts = project_facts(stand.session, stand.at)
    found: dict[int, set[str]] = defaultdict(set)
    for row in stand.session.exec(select(FundAllocation)).all():
        if row.project_id in facts and row.entry_id <= stand.at.position:
            found[row.fund_document_id].add(facts[row.project_id].implementer)
    return found
