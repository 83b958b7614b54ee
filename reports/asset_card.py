"""What is known of one asset, from the money it was built with to what it earns (资产登记卡)?"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlmodel import select

from assets.columns import label_of
from assets.errors import NotFound
from assets.models import (
    AssetClass,
    AssetFact,
    AssetForm,
    AssetState,
    Condition,
    FundDocument,
    FundLevel,
    FundType,
    ObjectKind,
    Project,
    ProjectFact,
    RightKind,
)
from assets.ownership import current_rights
from assets.parties import party_titles
from assets.procedure.evidence import gaps_of, linked
from assets.procedure.states import state_of
from assets.projects import project_fact
from assets.registration import asset_by_code, asset_fact, contributions_of, differences, plant_fact
from assets.tracing import history
from ledger.income import income_lines, stream_label
from ledger.models import MoneyKind
from reports.asset_register import handover_days, place_text, share_text, vouchers
from reports.paper import Column, Fact, Paper, ProofLine, Row, Table, hide_personal_numbers, sum_of
from reports.standpoint import Asked, Standpoint, known_by, required

SOURCES = ("国办函〔2021〕51号", "内部约定（登记卡栏目）")
Pair = tuple[str, str]


def paper(stand: Standpoint, asked: Asked) -> Paper:
    """The card of one asset as of the day.

    Raises:
        NotFound: No such asset, or not yet on that day.

    依据: 国办函〔2021〕51号 (摸清底数)
    """
    asset = asset_by_code(stand.session, required(asked.subject, "资产"))
    fact = asset_fact(stand.session, asset.id, stand.at)
    if fact is None or not known_by(asset.entry_id, stand.at):
        raise NotFound("资产", asset.code)
    project = stand.session.get_one(Project, asset.project_id)
    value = fact.original_value_fen
    funds = _funds(stand, asset.id)
    tables = [
        _pairs("基本情况", list(_facts(stand, fact, project, asset.id, asset.code))),
        funds,
        _rights(stand, asset.id),
        _income(stand, asset.id),
        _papers(stand, asset.code),
        _history(stand, asset.code),
    ]
    return Paper(
        name="asset-card",
        title="帮扶项目资产登记卡",
        subtitle=f"{asset.code}　{fact.title}",
        organisation=stand.place(fact.division_code),
        footer=stand.footer,
        parameters=asked.parameters(),
        headline=(
            Fact("原值", value, "fen", words=True),
            Fact("状态", _state(stand, asset.code, fact)),
        ),
        tables=tuple(table for table in tables if table.rows),
        proof_lines=(
            ProofLine(
                "Σ资金来源＋差异 = 原值",
                int(funds.totals["amount"]),
                value,
            ),
        ),
        sources=SOURCES,
        signatures=("制表", "复核", "审批", "盖章"),
    )


def _state(stand: Standpoint, code: str, fact: AssetFact) -> str:
    state = state_of(stand.session, ObjectKind.ASSET, code, stand.at)
    shown = label_of(AssetState, state) if state else "未登记"
    return f"{shown}　{label_of(Condition, fact.condition)}"


def _facts(
    stand: Standpoint, fact: AssetFact, project: Project, asset_id: int, code: str
) -> Iterable[Pair]:
    about: ProjectFact | None = project_fact(stand.session, project.id, stand.at)
    yield "资产类别", label_of(AssetClass, fact.asset_class)
    yield "资产形态", label_of(AssetForm, fact.form)
    yield "资产子类", fact.subclass
    yield "规格型号", fact.spec or ""
    yield "数量", f"{fact.quantity}{fact.quantity_unit}"
    yield "坐落", place_text(stand, fact.division_code, fact.place)
    yield "购建日期", fact.acquired_on.isoformat()
    yield "投入使用", fact.in_use_on.isoformat() if fact.in_use_on else ""
    yield "使用年限", f"{fact.life_months}个月" if fact.life_months else ""
    yield "所属项目", f"{project.code} {about.title if about else ''}".strip()
    yield "实施单位", about.implementer if about else ""
    yield "批复文号", (about.approval_document or "") if about else ""
    plant = plant_fact(stand.session, asset_id, stand.at)
    if plant is not None:
        yield "装机容量", f"{plant.capacity_w // 1000}千瓦"
        yield "国家目录", "已列入" if plant.in_national_catalogue else "未列入"
    handed = handover_days(stand).get(asset_id)
    yield "移交日期", handed.isoformat() if handed else ""
    yield "入账凭证", vouchers(stand).get(asset_id, "")
    yield "到户户编号", fact.household_code or ""
    missing = gaps_of(stand.session, ObjectKind.ASSET, stand.at).get(code, [])
    yield (
        "声明缺失",
        "；".join(f"{gap.missing}（{gap.reason}，{gap.vouched_by}）" for gap in missing),
    )


def _pairs(title: str, pairs: Sequence[Pair]) -> Table:
    """Names and values, two pairs a row; empty values left out."""
    kept = [(name, hide_personal_numbers(value)) for name, value in pairs if value]
    body: list[Row] = []
    for number in range(0, len(kept), 2):
        row: Row = {"a": kept[number][0], "b": kept[number][1]}
        if number + 1 < len(kept):
            row = {**row, "c": kept[number + 1][0], "d": kept[number + 1][1]}
        body.append(row)
    return Table(
        title,
        (
            Column("a", "项目", width_weight=3),
            Column("b", "内容", width_weight=7),
            Column("c", "项目", width_weight=3),
            Column("d", "内容", width_weight=7),
        ),
        body,
        unit_line="",
    )


def _funds(stand: Standpoint, asset_id: int) -> Table:
    documents = {row.id: row for row in stand.session.exec(select(FundDocument)).all()}
    titles = party_titles(stand.session, stand.at)
    body: list[Row] = []
    for each in contributions_of(stand.session, asset_id, stand.at):
        document = documents[each.fund_document_id]
        body.append(
            {
                "document": document.code,
                "level": label_of(FundLevel, document.level),
                "type": label_of(FundType, document.fund_type),
                "year": str(document.fund_year),
                "who": titles.get(each.contributor_party_id or 0, ""),
                "amount": each.amount_fen,
            }
        )
    for difference in differences(stand.session, stand.at).get(asset_id, []):
        body.append({"document": f"差异：{difference.reason}", "amount": difference.difference_fen})
    return Table(
        "资金来源",
        (
            Column("document", "资金文号", width_weight=5),
            Column("level", "级次", align="center", width_weight=1),
            Column("type", "类型", width_weight=3),
            Column("year", "年度", align="center", width_weight=1),
            Column("who", "出资主体", width_weight=6),
            Column("amount", "金额", "fen"),
        ),
        body,
        totals={"amount": sum_of(body, "amount")},
    )


def _rights(stand: Standpoint, asset_id: int) -> Table:
    titles = party_titles(stand.session, stand.at)
    found = current_rights(stand.session, stand.at, asset_ids=[asset_id])
    body: list[Row] = [
        {
            "right": kind.label,
            "holder": titles[row.holder_party_id],
            "share": share_text(row.share_numerator, row.share_denominator),
            "document": row.document,
            "from": row.valid_from,
        }
        for kind in RightKind
        for row in found.get((asset_id, kind.value), [])
    ]
    return Table(
        "权利",
        (
            Column("right", "权利", align="center", width_weight=2),
            Column("holder", "权利人", width_weight=8),
            Column("share", "份额", align="center", width_weight=3),
            Column("document", "依据文件", width_weight=5),
            Column("from", "起", "date"),
        ),
        body,
        unit_line="",
    )


def _income(stand: Standpoint, asset_id: int) -> Table:
    sums: dict[tuple[int, str], int] = defaultdict(int)
    for line in income_lines(stand.session, stand.at, asset_id=asset_id):
        if line.money_kind == MoneyKind.INCOME:
            sums[line.income_year, line.stream] += line.amount_fen
    body: list[Row] = [
        {"year": f"{year}年", "stream": stream_label(stream), "amount": amount}
        for (year, stream), amount in sorted(sums.items())
    ]
    return Table(
        "收益",
        (
            Column("year", "所属年度", align="center"),
            Column("stream", "收益流"),
            Column("amount", "到账", "fen"),
        ),
        body,
        totals={"amount": sum(sums.values())},
    )


def _papers(stand: Standpoint, code: str) -> Table:
    body: list[Row] = [
        {
            "kind": each.kind,
            "title": hide_personal_numbers(each.title),
            "pages": each.pages,
            "on": each.received_on,
            "digest": each.sha256[:8],
            "kept": each.original_kept_at or "",
        }
        for each in linked(stand.session, ObjectKind.ASSET, code, stand.at)
    ]
    return Table(
        "佐证材料",
        (
            Column("kind", "种类", width_weight=4),
            Column("title", "名称", width_weight=8),
            Column("pages", "页数", "int"),
            Column("on", "收到日", "date"),
            Column("digest", "摘要", width_weight=2),
            Column("kept", "原件存放", width_weight=4),
        ),
        body,
        unit_line="",
    )


def _history(stand: Standpoint, code: str) -> Table:
    body: list[Row] = [
        {
            "on": event.on,
            "what": event.what,
            "text": hide_personal_numbers(event.text),
            "entry": event.entry_id,
        }
        for event in history(stand.session, code, stand.at)
    ]
    return Table(
        "沿革",
        (
            Column("on", "日期", "date"),
            Column("what", "事项", width_weight=3),
            Column("text", "内容", width_weight=10),
            Column("entry", "记录号", "serial"),
        ),
        body,
        unit_line="",
    )
