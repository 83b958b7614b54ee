"""Can the books be read in thirty years? A data package: CSV, a schema, a dictionary, digests.

Every table is a CSV file with a row of field names; ``datapackage.json`` gives types, keys, bytes
and SHA-256 of each file, ``数据字典.csv`` says in Chinese what every field means. No personal data.
"""

import csv
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, select

from assets.asof import AsOf
from assets.models import BookRecord
from ledger.books.balances import SCOPE_NOTE, details
from ledger.books.outgoing import Names, names, vouchers
from ledger.books.posting import entities
from ledger.models import MonthClose, YearClose


@dataclass(frozen=True)
class Column:
    """One field of a table: name, type of the schema, what it means, the table it refers to."""

    name: str
    type: str
    meaning: str
    refers_to: str = ""


@dataclass(frozen=True)
class Sheet:
    """One table of the package."""

    name: str
    title: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]


def _text(name: str, meaning: str, refers_to: str = "") -> Column:
    return Column(name, "string", meaning, refers_to)


def _whole(name: str, meaning: str, refers_to: str = "") -> Column:
    return Column(name, "integer", meaning, refers_to)


def _day(name: str, meaning: str) -> Column:
    return Column(name, "date", meaning)


PARTY = _text("party_code", "账套主体编码", "entities")
ENTITIES = Sheet(
    "entities",
    "账套",
    (
        _text("party_code", "主体编码"),
        _text("party_title", "主体名称"),
        _text("party_kind", "主体类型代码"),
        _day("opened_on", "启用日"),
        _text("chart_kind", "VILLAGE 村集体科目 / MEMORANDUM 备查科目"),
    ),
    ("party_code",),
)
ACCOUNTS = Sheet(
    "accounts",
    "会计科目",
    (
        _whole("account_id", "科目序号"),
        _text("chart", "科目表：VILLAGE_2004、VILLAGE_2023、MEMORANDUM"),
        _text("code", "科目编码"),
        _text("title", "科目名称"),
        _text("kind", "类别：ASSET资产 LIABILITY负债 EQUITY权益 COST成本 INCOME收入 EXPENSE支出"),
        _text("side", "余额方向：DEBIT借 CREDIT贷"),
        _text("parent_code", "上级科目编码"),
    ),
    ("account_id",),
)
DIMENSIONS = Sheet(
    "dimensions",
    "辅助核算",
    (
        _whole("dimension_id", "辅助核算序号，0为无"),
        _text("asset_code", "资产编号"),
        _whole("income_year", "所属年度，0为无"),
        _text("stream", "收益流代码"),
        _text("channel", "用途渠道代码"),
    ),
    ("dimension_id",),
)
VOUCHERS = Sheet(
    "vouchers",
    "记账凭证",
    (
        _whole("voucher_id", "凭证序号"),
        _whole("entry_id", "留痕记录号"),
        PARTY,
        _whole("month", "会计期间，年月六位"),
        _whole("number", "凭证号，每账套每月连续"),
        _text("kind", "业务类别"),
        _day("dated_on", "记账日期"),
        _whole("concerns_period", "所属期，年或年月"),
        _text("summary", "摘要"),
        _whole("reverses_voucher_id", "被红字冲销的凭证序号"),
        _whole("adjusts_voucher_id", "被差额更正的凭证序号"),
        _text("object_code", "业务编号"),
        _text("document", "原始凭证号"),
    ),
    ("voucher_id",),
)
LINES = Sheet(
    "voucher_lines",
    "凭证分录",
    (
        _whole("line_id", "分录序号"),
        _whole("voucher_id", "凭证序号", "vouchers"),
        _whole("account_id", "科目序号", "accounts"),
        _whole("side", "1借 -1贷；红字金额为负，方向不变"),
        _whole("amount_fen", "金额（分）"),
        _whole("dimension_id", "辅助核算序号", "dimensions"),
        _text("household_code", "户编号，空为无"),
    ),
    ("line_id",),
)
BALANCES = Sheet(
    "balances",
    "期末余额（每个科目、辅助核算、农户）",
    (
        PARTY,
        _whole("account_id", "科目序号", "accounts"),
        _whole("dimension_id", "辅助核算序号", "dimensions"),
        _text("household_code", "户编号，空为无"),
        _whole("balance_fen", "余额（分），借方为正"),
    ),
    ("party_code", "account_id", "dimension_id", "household_code"),
)
CLOSES = Sheet(
    "closes",
    "结账",
    (
        PARTY,
        _whole("period", "月结为年月六位，年结为年四位"),
        _day("closed_on", "结账日"),
        _whole("entry_id", "留痕记录号"),
        _whole("voucher_count", "凭证张数（月结）"),
        _text("trial_balance_sha256", "科目余额表摘要（月结）"),
        _whole("surplus_fen", "本年收益（分，年结）"),
    ),
    ("party_code", "period"),
)
SHEETS = (ENTITIES, ACCOUNTS, DIMENSIONS, VOUCHERS, LINES, BALANCES, CLOSES)


def write(session: Session, out: Path, codes: Sequence[str], at: AsOf) -> str:
    """Write the package into a folder.

    依据: 内部约定 (archival form: plain text, typed, digested); ISO 21378:2019
    """
    out.mkdir(parents=True, exist_ok=True)
    known = names(session, at)
    counts = {
        ENTITIES.name: _write_csv(out, ENTITIES, _entities(session, codes, known)),
        ACCOUNTS.name: _write_csv(out, ACCOUNTS, _accounts(known)),
        DIMENSIONS.name: _write_csv(out, DIMENSIONS, _dimensions(known)),
        BALANCES.name: _write_csv(out, BALANCES, _balances(session, codes, at, known)),
        CLOSES.name: _write_csv(out, CLOSES, _closes(session, codes, at)),
        **_write_vouchers(session, out, codes, at, known),
    }
    _write_dictionary(out)
    book = session.exec(select(BookRecord)).one()
    files = [(sheet, f"{sheet.name}.csv") for sheet in SHEETS]
    package = {
        "name": f"fupin-{book.code}",
        "title": f"{book.title}：专账数据包",
        "description": SCOPE_NOTE,
        "profile": "tabular-data-package",
        "through": at.day.isoformat(),
        "resources": [_resource(out, sheet, name, counts[sheet.name]) for sheet, name in files]
        + [_plain_resource(out, "数据字典.csv")],
    }
    text = json.dumps(package, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    (out / "datapackage.json").write_text(text, encoding="utf-8")
    return f"{len(files)}张表、{sum(counts.values())}行"


def _write_csv(out: Path, sheet: Sheet, rows: Iterable[Sequence[Any]]) -> int:
    count = 0
    with (out / f"{sheet.name}.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([column.name for column in sheet.columns])
        for row in rows:
            writer.writerow(["" if cell is None else cell for cell in row])
            count += 1
    return count


def _write_vouchers(
    session: Session, out: Path, codes: Sequence[str], at: AsOf, known: Names
) -> dict[str, int]:
    """Both voucher files in one pass over the book."""
    heads = lines = 0
    with (
        (out / "vouchers.csv").open("w", encoding="utf-8", newline="") as first,
        (out / "voucher_lines.csv").open("w", encoding="utf-8", newline="") as second,
    ):
        head_rows = csv.writer(first, lineterminator="\n")
        line_rows = csv.writer(second, lineterminator="\n")
        head_rows.writerow([column.name for column in VOUCHERS.columns])
        line_rows.writerow([column.name for column in LINES.columns])
        for each in vouchers(session, codes, at):
            head_rows.writerow(
                (
                    each.voucher_id,
                    each.entry_id,
                    each.party_code,
                    each.month,
                    each.number,
                    each.kind,
                    each.dated_on,
                    each.concerns,
                    each.summary,
                    each.reverses or "",
                    each.adjusts or "",
                    each.object_code,
                    each.document,
                )
            )
            line_rows.writerows(
                (
                    line.line_id,
                    each.voucher_id,
                    line.account_id,
                    line.side,
                    line.amount_fen,
                    line.dimension_id,
                    known.households.get(line.household_id, ""),
                )
                for line in each.lines
            )
            heads, lines = heads + 1, lines + len(each.lines)
    return {VOUCHERS.name: heads, LINES.name: lines}


def _entities(session: Session, codes: Sequence[str], known: Names) -> list[tuple[Any, ...]]:
    return [
        (
            party.code,
            known.titles.get(party.code, ""),
            party.kind,
            entity.opened_on,
            "MEMORANDUM" if entity.memorandum else "VILLAGE",
        )
        for entity, party in entities(session)
        if party.code in codes
    ]


def _accounts(known: Names) -> list[tuple[Any, ...]]:
    return [
        (key, row.chart, row.code, row.title, row.kind, row.side, row.parent_code)
        for key, row in known.accounts.items()
    ]


def _dimensions(known: Names) -> list[tuple[Any, ...]]:
    return [
        (key, known.asset(key), facts.income_year, facts.stream, facts.channel)
        for key, facts in sorted(known.dimensions.items())
    ]


def _balances(
    session: Session, codes: Sequence[str], at: AsOf, known: Names
) -> list[tuple[Any, ...]]:
    return [
        (
            party.code,
            row.account_id,
            row.dimension_id,
            known.households.get(row.household_id, ""),
            row.balance_fen,
        )
        for _, party in entities(session)
        if party.code in codes
        for row in details(session, party.id, at)
    ]


def _closes(session: Session, codes: Sequence[str], at: AsOf) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []
    for entity, party in entities(session):
        if party.code not in codes:
            continue
        months = session.exec(
            select(MonthClose)
            .where(MonthClose.entity_id == entity.id, col(MonthClose.entry_id) <= at.position)
            .order_by(col(MonthClose.month))
        ).all()
        found += [
            (
                party.code,
                row.month,
                row.closed_on,
                row.entry_id,
                row.voucher_count,
                row.trial_balance_sha256,
                None,
            )
            for row in months
        ]
        years = session.exec(
            select(YearClose)
            .where(YearClose.entity_id == entity.id, col(YearClose.entry_id) <= at.position)
            .order_by(col(YearClose.year))
        ).all()
        found += [
            (party.code, row.year, row.closed_on, row.entry_id, None, None, row.surplus_fen)
            for row in years
        ]
    return found


def _write_dictionary(out: Path) -> None:
    with (out / "数据字典.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["文件", "表", "字段", "类型", "含义", "主键", "引用"])
        for sheet in SHEETS:
            for column in sheet.columns:
                writer.writerow(
                    [
                        f"{sheet.name}.csv",
                        sheet.title,
                        column.name,
                        {"string": "文本", "integer": "整数", "date": "日期"}[column.type],
                        column.meaning,
                        "是" if column.name in sheet.key else "",
                        column.refers_to,
                    ]
                )


def _resource(out: Path, sheet: Sheet, name: str, rows: int) -> dict[str, Any]:
    return {
        **_plain_resource(out, name),
        "title": sheet.title,
        "profile": "tabular-data-resource",
        "row_count": rows,
        "schema": {
            "fields": [
                {"name": column.name, "type": column.type, "description": column.meaning}
                for column in sheet.columns
            ],
            "primaryKey": list(sheet.key),
            "foreignKeys": [
                {
                    "fields": column.name,
                    "reference": {"resource": column.refers_to, "fields": column.name},
                }
                for column in sheet.columns
                if column.refers_to
            ],
            "missingValues": [""],
        },
    }


def _plain_resource(out: Path, name: str) -> dict[str, Any]:
    digest = hashlib.sha256()
    size = 0
    with (out / name).open("rb") as stream:
        while piece := stream.read(1 << 20):
            digest.update(piece)
            size += len(piece)
    return {
        "name": name.removesuffix(".csv"),
        "path": name,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": size,
        "hash": f"sha256:{digest.hexdigest()}",
    }
