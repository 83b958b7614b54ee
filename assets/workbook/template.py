"""What does an empty workbook of a kind look like, so that it comes back right?

Header and formats of the form, drop-downs for every choice, a note on every column, one example
row marked 示例 (the reader skips it), and a second sheet that explains the columns.
"""

import io
from typing import Final

import xlsxwriter  # type: ignore[import-untyped]
from xlsxwriter.workbook import Workbook  # type: ignore[import-untyped]
from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]

from assets.workbook.kinds import DIGIT_TYPES, ColumnSpec, ColumnType, Kind
from assets.workbook.sorting import EXAMPLE
from assets.workbook.writing import (
    Forms,
    _deterministic,
    column_letters,
    sheet_title,
    write_header,
)

ROWS: Final = 500
_LIST_LIMIT: Final = 255

_HOW: Final = {
    ColumnType.CODE: "文本格式，不要让 Excel 变成数字",
    ColumnType.DIVISION: "12位区划代码，文本格式",
    ColumnType.USCC: "18位统一社会信用代码，文本格式",
    ColumnType.YUAN: "数字，最多2位小数；也可写“73.5万元”",
    ColumnType.INT: "整数",
    ColumnType.DEC: "数字",
    ColumnType.YEAR: "四位年度，如2019",
    ColumnType.DATE: "日期，如2019-03-31",
    ColumnType.MONTH: "年和月，如2019-03",
    ColumnType.ID: "18位身份证号或20位残疾人证号，文本格式；一时核不清的填“证件号待核”，更正前不发款",
    ColumnType.CARD: "账号，文本格式",
    ColumnType.PHONE: "手机号或带区号的电话",
    ColumnType.BOOL: "是 或 否",
    ColumnType.TOWN: "镇、街道全称",
    ColumnType.VILLAGE: "村名，一格一个村",
    ColumnType.DOCUMENT: "完整文号，如粤财农〔2016〕166号",
}


def template(kind: Kind) -> bytes:
    """The bytes of an .xlsx template for a kind.

    依据: 内部约定 (样表带下拉选项、填写说明和一行示例)
    """
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    _deterministic(book)
    forms = Forms(book)
    sheet = book.add_worksheet(sheet_title(kind))
    top = write_header(sheet, kind, forms, kind.title)
    sheet.write_string(top, 0, EXAMPLE, forms.example)
    for at, spec in enumerate(kind.columns, start=1):
        sheet.write_string(top, at, spec.example, forms.example)
        sheet.set_column(at, at, None, forms.text if spec.type in DIGIT_TYPES else None)
        sheet.write_comment(3 if spec.group else 2, at, explanation(spec), {"x_scale": 2})
    sheet.set_column(0, 0, 6)
    _drop_downs(book, sheet, kind, top)
    sheet.freeze_panes(top, 0)
    _explain(book, kind, forms)
    book.close()
    return buffer.getvalue()


def explanation(spec: ColumnSpec) -> str:
    """How to fill one column, in a sentence."""
    parts = ["必填" if spec.required else "可不填，空着表示不改；填【清除】表示清空"]
    if spec.choices:
        parts.append(f"只能填：{'、'.join(spec.choices)}")
    elif spec.type in _HOW:
        parts.append(_HOW[spec.type])
    if spec.decimals:
        parts.append(f"最多{spec.decimals}位小数")
    if spec.note:
        parts.append(spec.note)
    return "；".join(parts) + "。"


def _drop_downs(book: Workbook, sheet: Worksheet, kind: Kind, top: int) -> None:
    long_lists: list[tuple[str, tuple[str, ...]]] = []
    for letters, spec in column_letters(kind):
        choices = ("是", "否") if spec.type is ColumnType.BOOL else spec.choices
        if not choices:
            continue
        source: list[str] | str = list(choices)
        if len(",".join(choices)) > _LIST_LIMIT:
            letter = chr(ord("A") + len(long_lists))
            source = f"=选项!${letter}$1:${letter}${len(choices)}"
            long_lists.append((letter, choices))
        sheet.data_validation(
            f"{letters}{top + 2}:{letters}{top + ROWS}",
            {
                "validate": "list",
                "source": source,
                "error_title": "请从列表中选择",
                "error_message": f"“{spec.header}”只能填下拉列表中的内容。",
            },
        )
    if long_lists:
        lists = book.add_worksheet("选项")
        for at, (_, choices) in enumerate(long_lists):
            lists.write_column(0, at, choices)
        lists.hide()


def _explain(book: Workbook, kind: Kind, forms: Forms) -> None:
    sheet = book.add_worksheet("填写说明")
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 90)
    sheet.write_string(0, 0, kind.title, forms.title)
    sheet.write_string(
        1, 0, f"“{EXAMPLE}”行不会导入；删去或保留都可以。合计行会与各行核对，但不作为数据。"
    )
    for row, spec in enumerate(kind.columns, start=2):
        sheet.write_string(row, 0, spec.header, forms.plain)
        sheet.write_string(row, 1, explanation(spec), forms.plain)
