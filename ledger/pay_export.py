"""What does the bank get? One file of a released batch, once, with names and accounts.

Columns come from a template by institution; digits stay text, so that no spreadsheet loses one.
Whom the file shows is on the access record, and the file's digest is kept with the batch.
"""

import csv
import hashlib
import io
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

from sqlmodel import Session

from assets import trail
from assets.columns import label_of
from assets.errors import Refused
from assets.money import FEN_PER_YUAN
from assets.trail import Act
from ledger.models import BatchExport, Plan
from ledger.pay_batch import require_released, require_standing
from ledger.pay_lines import (
    BankRow,
    Rail,
    bank_rows,
    batch_by_code,
    batch_lines,
    is_wage,
)
from ledger.people.reveal import PersonalData, reveal

TEMPLATES = Path(__file__).parent / "bank_files.toml"
AMOUNT = "yuan"
ENCODING = "gb18030"


@dataclass(frozen=True)
class BankFile:
    """A bank file just made: its bytes and what it sums to."""

    content: bytes
    row_count: int
    amount_fen: int
    export: BatchExport


@cache
def templates() -> Mapping[str, tuple[tuple[str, str], ...]]:
    """Template name → (header, content) columns.

    依据: 内部约定 (bank files differ by institution; columns are data)
    """
    raw = tomllib.loads(TEMPLATES.read_text(encoding="utf-8"))
    return {name: tuple((head, what) for head, what in one["columns"]) for name, one in raw.items()}


def export_batch(
    session: Session, act: Act, code: str, *, template: str = "standard", form: str = "csv"
) -> BankFile:
    """Make the bank file of a released batch, once; ``form`` is csv (GB18030) or xlsx.

    Raises:
        NotFound: No such batch.
        AlreadyDone: Its file was made before.
        Refused: Nobody has released it, it was taken back, or the template is unknown.
        MissingTool: The session has no key file.

    依据: 内部约定 (a batch is exported once; whoever sees numbers leaves a record)
    """
    with trail.entry(session, act, "pay-export", code, what=f"导出批次{code}的银行文件") as written:
        batch = batch_by_code(session, code)
        require_standing(session, batch)
        require_released(session, batch)
        if template not in templates():
            raise Refused(f"没有银行文件模板“{template}”。可用的有：{'、'.join(templates())}。")
        rows = bank_rows(batch_lines(session, batch))
        people = reveal(
            session,
            {row.payee_person_id for row in rows},
            act,
            "导出银行代发文件",
            scope=code,
            written=written,
            despite_restriction=True,
        )
        plan = session.get_one(Plan, batch.plan_id)
        cells = [_cells(batch.code, batch.rail, plan, row, people) for row in rows]
        columns = templates()[template]
        content = csv_bytes(columns, cells) if form == "csv" else xlsx_bytes(columns, cells)
        export = written.add(
            BatchExport(
                payment_batch_id=batch.id,
                exported_on=act.on,
                template=template,
                file_sha256=hashlib.sha256(content).hexdigest(),
            )
        )
    return BankFile(content, len(rows), sum(row.amount_fen for row in rows), export)


def _cells(
    code: str, rail: str, plan: Plan, row: BankRow, people: Mapping[int, PersonalData]
) -> dict[str, str]:
    person = people.get(row.payee_person_id, PersonalData())
    if not person.payable:
        raise Refused(
            f"批次{code}序号{row.serial_no}的领款人账号或证件已失效，不能导出。"
            "请撤回本批（fupin pay cancel），改正后重新编制。"
        )
    return {
        "batch": code,
        "serial": str(row.serial_no),
        "household": row.household_code,
        "payee": person.name,
        "id_number": person.id_number,
        "bank": person.bank,
        "account": person.card,
        "yuan": plain_yuan(row.amount_fen),
        "summary": summary_of(plan, row),
        "rail": label_of(Rail, rail),
    }


def summary_of(plan: Plan, row: BankRow) -> str:
    """What the payee reads in the passbook: year and purpose, wages with their months.

    依据: 内部约定 (the passbook shows what the money is)
    """
    months = sorted({line.month for line in row.lines if is_wage(line.channel)})
    if not months:
        return f"{plan.income_year}年帮扶资产收益"
    first, last = months[0], months[-1]
    shown = f"{first // 100}年{first % 100}"
    if last != first:
        year = f"{last // 100}年" if last // 100 != first // 100 else ""
        shown += f"-{year}{last % 100}"
    return f"{shown}月公益岗位工资"


def plain_yuan(fen: int) -> str:
    """Fen as yuan with two decimals and no separators, as a bank reads it.

    >>> plain_yuan(768507), plain_yuan(5)
    ('7685.07', '0.05')

    依据: 内部约定 (a bank reads no separators)
    """
    yuan, part = divmod(abs(fen), FEN_PER_YUAN)
    return f"{'-' if fen < 0 else ''}{yuan}.{part:02d}"


def csv_bytes(
    columns: Sequence[tuple[str, str]],
    cells: Sequence[Mapping[str, str]],
    *,
    encoding: str = ENCODING,
) -> bytes:
    """The rows as CSV; a tab before long digits keeps them text.

    依据: 内部约定 (opens in WPS with no lost digit)
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([header for header, _ in columns])
    for each in cells:
        writer.writerow([_protected(what, each[what]) for _, what in columns])
    return text.getvalue().encode(encoding)


DIGITS = ("household", "account", "id_number")


def _protected(what: str, text: str) -> str:
    return f"\t{text}" if what in DIGITS and text else text


def xlsx_bytes(columns: Sequence[tuple[str, str]], cells: Sequence[Mapping[str, str]]) -> bytes:
    """The rows as a workbook: digits as text cells, amounts as numbers; the same bytes each time.

    依据: 内部约定 (the same batch gives the same bytes)
    """
    import datetime as dt

    import xlsxwriter  # type: ignore[import-untyped]

    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    book.set_properties({"created": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)})
    sheet = book.add_worksheet("代发明细")
    text, money = book.add_format({"num_format": "@"}), book.add_format({"num_format": "0.00"})
    for at, (header, what) in enumerate(columns):
        sheet.write_string(0, at, header)
        sheet.set_column(at, at, 24 if what in DIGITS else 14)
    for line, each in enumerate(cells, start=1):
        for at, (_, what) in enumerate(columns):
            if what == AMOUNT:
                sheet.write_number(line, at, Decimal(each[what]), money)
            else:
                sheet.write_string(line, at, each[what], text)
    book.close()
    return stream.getvalue()
