"""What does an audit of the book find and leave open, and what is to be looked at on the spot?

The report gathers what the other papers prove: funds, assets, income, findings by rule, exceptions
to the separation of duties, papers declared missing. The sample sheet is filled in on the spot.
"""

import re
from collections import defaultdict
from collections.abc import Sequence

from sqlmodel import col, select

from assets.columns import label_of
from assets.errors import NotFound
from assets.funds import review
from assets.models import DeclaredGap, ObjectKind
from assets.money import format_yuan
from assets.ownership import unclear_rights
from assets.procedure.actors import actor_titles, waivers
from assets.registration import asset_rows
from ledger.models import MoneyKind, Receipt, SampleDraw
from reports.contract_dues import due_lines
from reports.findings import BUCKETS, FindingLine, finding_lines, table
from reports.paper import Column, Fact, Paper, ProofLine, Row, Table, hide_personal_numbers
from reports.pass_through import asset_titles
from reports.standpoint import Asked, Standpoint, known_by, required

SOURCES = ("审计法", "国办函〔2021〕51号")


def report(stand: Standpoint, asked: Asked) -> Paper:
    """The audit report of the district as of the day.

    依据: 审计法; 内部约定 (岗位分离豁免每份审计报告都列示)
    """
    lines = finding_lines(stand)
    total = sum(line.finding.amount_fen for line in lines)
    open_ = sum(line.open_fen for line in lines)
    gaps = _gaps(stand)
    tables = [
        _by_rule(lines),
        table(stand, lines, "疑点明细"),
        _waivers(stand),
        _gap_table(gaps),
        _unclear(stand),
    ]
    return Paper(
        name="audit-report",
        title=f"{stand.district}帮扶项目资产及收益审计报告",
        organisation=stand.district,
        footer=stand.footer,
        parameters=asked.parameters(),
        headline=(
            Fact("疑点", f"{len(lines)}项"),
            Fact("疑点金额", total, "fen"),
            Fact("未处理余额", open_, "fen", words=True),
            Fact("未销号", f"{sum(1 for line in lines if line.close is None)}项"),
        ),
        paragraphs_before=tuple(_words(stand, lines, gaps)),
        tables=tuple(each for each in tables if each.rows),
        proof_lines=(
            ProofLine(
                "退回＋补资料＋说明＋核销＋余额 = 疑点金额",
                sum(line.settled_fen(bucket) for line in lines for bucket in BUCKETS) + open_,
                total,
            ),
        ),
        sources=SOURCES,
        signatures=("审计组长", "主审", "复核"),
        seals=("被审计单位", "审计机关"),
        orientation="landscape",
    )


def _words(
    stand: Standpoint, lines: Sequence[FindingLine], gaps: Sequence[DeclaredGap]
) -> list[str]:
    """The opening paragraphs: what was looked at, with the figures of the other papers."""
    funds = review(stand.session, stand.at)
    rows = asset_rows(stand.session, stand.at)
    income = sum(
        row.amount_fen
        for row in stand.session.exec(
            select(Receipt).where(
                Receipt.money_kind == MoneyKind.INCOME,
                col(Receipt.arrived_on) <= stand.day,
                col(Receipt.entry_id) <= stand.at.position,
            )
        ).all()
    )
    missing = sum(line.missing_fen for line in due_lines(stand))
    late = [x for x in lines if x.close is None and x.finding.due_on < stand.day]
    return [
        f"一、基本情况。登记资金文件{len(funds)}份，下达"
        f"{format_yuan(sum(x.issued_fen for x in funds))}元，到位"
        f"{format_yuan(sum(x.received_fen for x in funds))}元，支出"
        f"{format_yuan(sum(x.spent_fen for x in funds))}元；登记资产{len(rows)}件，原值"
        f"{format_yuan(sum(x.original_value_fen for x in rows))}元；收益到账"
        f"{format_yuan(income)}元；合同欠收{format_yuan(missing)}元。",
        f"二、疑点和整改。共{len(lines)}项，超过整改期限未销号{len(late)}项。"
        "疑点是核查线索，不是结论，处理结果以核实意见为准。",
        f"三、豁免和缺失。岗位分离豁免{len(waivers(stand.session, stand.at))}项，声明缺失资料{len(gaps)}项，"
        "权属待定的份额逐项列示，均附原因、担保人和下一步。",
    ]


def _by_rule(lines: Sequence[FindingLine]) -> Table:
    groups: dict[str, list[FindingLine]] = defaultdict(list)
    for line in lines:
        groups[line.finding.rule].append(line)
    body: list[Row] = [
        {
            "rule": rule,
            "count": len(found),
            "amount": sum(line.finding.amount_fen for line in found),
            "open": sum(line.open_fen for line in found),
        }
        for rule, found in sorted(groups.items())
    ]
    return Table(
        "疑点汇总",
        (
            Column("rule", "规则"),
            Column("count", "项数", "int"),
            Column("amount", "金额", "fen"),
            Column("open", "未处理余额", "fen"),
        ),
        body,
        totals={
            "count": len(lines),
            "amount": sum(line.finding.amount_fen for line in lines),
            "open": sum(line.open_fen for line in lines),
        },
    )


def _waivers(stand: Standpoint) -> Table:
    names = actor_titles(stand.session)
    body: list[Row] = [
        {
            "who": names.get(each.actor_code, each.actor_code),
            "object": f"{label_of(ObjectKind, each.object_kind)}{each.object_code}",
            "reason": hide_personal_numbers(each.reason),
            "by": names.get(each.approved_by_code, each.approved_by_code),
            "from": each.valid_from,
            "to": each.valid_to,
        }
        for each in waivers(stand.session, stand.at)
    ]
    return Table(
        "岗位分离豁免",
        (
            Column("who", "人员", width_weight=3),
            Column("object", "事项", width_weight=5),
            Column("reason", "原因", width_weight=8),
            Column("by", "批准人", width_weight=3),
            Column("from", "起", "date"),
            Column("to", "止", "date"),
        ),
        body,
        unit_line="",
    )


def _gaps(stand: Standpoint) -> list[DeclaredGap]:
    return list(
        stand.session.exec(
            select(DeclaredGap)
            .where(
                col(DeclaredGap.declared_on) <= stand.day,
                col(DeclaredGap.entry_id) <= stand.at.position,
            )
            .order_by(col(DeclaredGap.id))
        ).all()
    )


def _gap_table(gaps: Sequence[DeclaredGap]) -> Table:
    body: list[Row] = [
        {
            "object": f"{label_of(ObjectKind, each.object_kind)}{each.object_code}",
            "missing": hide_personal_numbers(each.missing),
            "reason": hide_personal_numbers(each.reason),
            "by": hide_personal_numbers(each.vouched_by),
            "on": each.declared_on,
        }
        for each in gaps
    ]
    return Table(
        "声明缺失资料",
        (
            Column("object", "对象", width_weight=6),
            Column("missing", "缺失资料", width_weight=5),
            Column("reason", "原因", width_weight=6),
            Column("by", "担保人", width_weight=3),
            Column("on", "声明日", "date"),
        ),
        body,
        unit_line="",
    )


def _unclear(stand: Standpoint) -> Table:
    titles = asset_titles(stand)
    body: list[Row] = [
        {
            "asset": titles[row.asset_id],
            "share": f"{row.share_numerator}/{row.share_denominator}",
            "reason": row.unclear_reason or "",
            "next": row.next_step or "",
        }
        for row in unclear_rights(stand.session, stand.at)
    ]
    return Table(
        "权属待定",
        (
            Column("asset", "资产", width_weight=6),
            Column("share", "份额", align="center", width_weight=2),
            Column("reason", "原因", width_weight=4),
            Column("next", "下一步", width_weight=6),
        ),
        body,
        unit_line="",
    )


def sample(stand: Standpoint, asked: Asked) -> Paper:
    """The sheet of one sample, to be filled in on the spot.

    Raises:
        NotFound: No such sample.

    依据: 内部约定 (抽样可按种子重抽，现场核对表留痕)
    """
    draw = stand.session.exec(
        select(SampleDraw).where(SampleDraw.code == required(asked.subject, "抽样"))
    ).one_or_none()
    if draw is None or not known_by(draw.entry_id, stand.at):
        raise NotFound("抽样", asked.subject)
    drawn = [each for each in re.split(r"[\s,，;；\[\]\"]+", draw.drawn) if each]
    body: list[Row] = [
        {"serial": number, "code": code} for number, code in enumerate(drawn, start=1)
    ]
    return Paper(
        name="sample-sheet",
        title="抽样核对表",
        subtitle=f"{draw.code}　{draw.method}",
        organisation=stand.district,
        footer=stand.footer,
        parameters=asked.parameters(),
        headline=(
            Fact("总体", draw.population_count, "int"),
            Fact("样本", draw.sample_count, "int"),
            Fact("种子", draw.seed),
        ),
        tables=(
            Table(
                "",
                (
                    Column("serial", "序号", "serial"),
                    Column("code", "对象编号", width_weight=5),
                    Column("seen", "账面与实物", "sign"),
                    Column("paper", "资料", "sign"),
                    Column("asked", "询问对象", "sign"),
                    Column("result", "核对结果", "sign", width_weight=6),
                    Column("signed", "核对人签字", "sign"),
                ),
                body,
                unit_line="",
                row_height_mm=9,
            ),
        ),
        proof_lines=(ProofLine("抽取件数 = 样本数", len(drawn), draw.sample_count, "int"),),
        sources=SOURCES[:1],
        signatures=("核对人", "陪同人", "日期"),
        orientation="landscape",
    )
