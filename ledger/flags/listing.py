"""How are the answers of the rules handed over? As JSON, as rows, as a workbook."""

from collections.abc import Sequence
from datetime import date
from io import BytesIO
from typing import Any

from assets.columns import label_of
from ledger.flags import parameters
from ledger.flags.rule import Outcome
from ledger.flags.running import LEAD_NOTE, Flag, RuleAnswer

FLAG_HEADERS = (
    "规则",
    "规则版本",
    "疑点",
    "结论",
    "轻重",
    "对象类型",
    "对象编号",
    "区划代码",
    "年度",
    "金额（分）",
    "户人数",
    "情况",
    "缺少的事实",
    "佐证摘要",
    "查看",
    "取数摘要",
)


def flag_rows(answers: Sequence[RuleAnswer]) -> list[list[Any]]:
    """One row for every object that is not clean."""
    return [
        [
            flag.rule,
            flag.rule_version,
            flag.title,
            label_of(Outcome, flag.outcome),
            flag.grade_label,
            flag.object_kind,
            flag.object_code,
            flag.division_code,
            flag.year or "",
            flag.amount_fen,
            flag.person_count,
            flag.told,
            flag.missing,
            " ".join(flag.evidence),
            flag.see,
            flag.snapshot_sha256,
        ]
        for answer in answers
        for flag in answer.flags
    ]


def as_json(answers: Sequence[RuleAnswer], on: date) -> dict[str, Any]:
    """The answers with their counts, rule by rule; amounts in fen."""
    return {
        "note": LEAD_NOTE,
        "on": str(on),
        "rules": [
            {
                "rule": answer.rule.code,
                "version": answer.rule.version,
                "title": answer.rule.title,
                "source": answer.rule.source,
                "limits": parameters.said(answer.rule.parameters, on),
                "fires": len(answer.fires),
                "clean": answer.clean,
                "unknown": len(answer.unknown),
                "amount_fen": sum(flag.amount_fen for flag in answer.fires),
                "flags": [_flag(flag) for flag in answer.fires],
                "insufficient": [
                    {"object": flag.object_code, "missing": flag.missing} for flag in answer.unknown
                ],
            }
            for answer in answers
        ],
    }


def _flag(flag: Flag) -> dict[str, Any]:
    return {
        "object_kind": flag.object_kind,
        "object_code": flag.object_code,
        "division_code": flag.division_code,
        "year": flag.year,
        "grade": flag.grade,
        "amount_fen": flag.amount_fen,
        "person_count": flag.person_count,
        "told": flag.told,
        "evidence": list(flag.evidence),
        "see": flag.see,
        "snapshot_sha256": flag.snapshot_sha256,
    }


def to_workbook(answers: Sequence[RuleAnswer], on: date) -> bytes:
    """The answers as XLSX: one sheet with the counts, one with the objects; codes as text."""
    import xlsxwriter  # type: ignore[import-untyped]

    stream = BytesIO()
    book = xlsxwriter.Workbook(stream, {"strings_to_numbers": False, "strings_to_urls": False})
    money = book.add_format({"num_format": "#,##0.00"})
    bold = book.add_format({"bold": True})
    counts = book.add_worksheet("汇总")
    heads = ("规则", "名称", "疑点", "未见异常", "数据不足", "疑点金额（元）", "依据", "参数")
    counts.write_row(0, 0, heads, bold)
    for number, answer in enumerate(answers, start=1):
        total = sum(flag.amount_fen for flag in answer.fires)
        counts.write_row(
            number,
            0,
            (
                answer.rule.code,
                answer.rule.title,
                len(answer.fires),
                answer.clean,
                len(answer.unknown),
            ),
        )
        counts.write_number(number, 5, total / 100, money)
        counts.write_string(number, 6, answer.rule.source)
        counts.write_string(number, 7, parameters.said(answer.rule.parameters, on))
    counts.write_string(len(answers) + 2, 0, LEAD_NOTE)
    objects = book.add_worksheet("明细")
    objects.write_row(0, 0, FLAG_HEADERS, bold)
    for number, row in enumerate(flag_rows(answers), start=1):
        for place, value in enumerate(row):
            if isinstance(value, int):
                objects.write_number(number, place, value)
            else:
                objects.write_string(number, place, value)
    for sheet in (counts, objects):
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, 15, 16)
    book.close()
    return stream.getvalue()
