"""Which vouchers does the village's accounting software take in? The list of vouchers (凭证清单)."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from sqlmodel import Session

from assets.asof import AsOf
from assets.columns import label_of
from ledger.books.balances import SCOPE_NOTE
from ledger.books.outgoing import Names, OutLine, OutVoucher, names, vouchers
from ledger.books.posting import DEBIT
from ledger.models import Channel, Stream

HEADERS = (
    "主体编码",
    "主体名称",
    "日期",
    "凭证字",
    "凭证号",
    "摘要",
    "科目编码",
    "科目名称",
    "借方金额",
    "贷方金额",
    "资产编号",
    "所属年度",
    "收益流",
    "用途渠道",
    "户编号",
    "所属期",
    "业务编号",
    "原始凭证",
    "冲销凭证",
    "外部凭证号",
)
AMOUNTS = (8, 9)


def yuan(fen: int) -> str:
    """Fen as yuan with two decimals, no separators, for other programs to read.

    >>> yuan(123450), yuan(-5), yuan(0)
    ('1234.50', '-0.05', '0.00')
    """
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def rows(
    session: Session, codes: Sequence[str], at: AsOf, year: int | None
) -> Iterator[tuple[str, ...]]:
    """The list's rows, one per line of a voucher; amounts as text in yuan, red ones negative.

    依据: 财会〔2023〕14号 (记账凭证)
    """
    known = names(session, at)
    numbers: dict[int, str] = {}
    for voucher in vouchers(session, codes, at, year=year):
        numbers[voucher.voucher_id] = f"{voucher.month}/{voucher.number}"
        for line in voucher.lines:
            yield _row(voucher, line, known, numbers)


def _row(
    voucher: OutVoucher, line: OutLine, known: Names, numbers: dict[int, str]
) -> tuple[str, ...]:
    facts = known.dimensions[line.dimension_id]
    account = known.accounts[line.account_id]
    corrected = voucher.reverses or voucher.adjusts
    return (
        voucher.party_code,
        known.titles.get(voucher.party_code, ""),
        voucher.dated_on.isoformat(),
        "记",
        str(voucher.number),
        voucher.summary,
        account.code,
        account.title,
        yuan(line.amount_fen) if line.side == DEBIT else "",
        "" if line.side == DEBIT else yuan(line.amount_fen),
        known.assets.get(facts.asset_id, ""),
        str(facts.income_year) if facts.income_year else "",
        label_of(Stream, facts.stream) if facts.stream in list(Stream) else facts.stream,
        label_of(Channel, facts.channel) if facts.channel in list(Channel) else facts.channel,
        known.households.get(line.household_id, ""),
        str(voucher.concerns),
        voucher.object_code,
        voucher.document,
        numbers.get(corrected, str(corrected)) if corrected else "",
        known.external.get(voucher.voucher_id, ""),
    )


def write(session: Session, out: Path, codes: Sequence[str], at: AsOf, year: int | None) -> str:
    """Write the list as .xlsx (text cells) or .csv (UTF-8 with mark).

    依据: 内部约定 (opens in an office program with no lost digit)
    """
    body = rows(session, codes, at, year)
    if out.suffix.lower() == ".xlsx":
        count = _write_workbook(out, body)
    else:
        with out.open("w", encoding="utf-8-sig", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\r\n")
            writer.writerow(HEADERS)
            count = 0
            for row in body:
                writer.writerow(row)
                count += 1
    return f"凭证清单{count}行"


def _write_workbook(out: Path, body: Iterator[tuple[str, ...]]) -> int:
    from decimal import Decimal

    import xlsxwriter  # type: ignore[import-untyped]

    book = xlsxwriter.Workbook(str(out), {"constant_memory": True})
    sheet = book.add_worksheet("凭证清单")
    plain = book.add_format({"num_format": "@"})
    money = book.add_format({"num_format": "#,##0.00;[Red]-#,##0.00"})
    bold = book.add_format({"bold": True})
    sheet.write_string(0, 0, f"单位：元　{SCOPE_NOTE}")
    sheet.write_row(1, 0, HEADERS, bold)
    sheet.freeze_panes(2, 0)
    count = 0
    for count, row in enumerate(body, start=1):
        for place, text in enumerate(row):
            if place in AMOUNTS and text:
                sheet.write_number(count + 1, place, Decimal(text), money)
            elif text:
                sheet.write_string(count + 1, place, text, plain)
    sheet.set_column(0, len(HEADERS) - 1, 14)
    book.close()
    return count
