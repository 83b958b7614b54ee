"""What does the audit bureau's interface program read? An XML file shaped after GB/T 24589.

Element names come from a mapping file (``charts/gbt24589.toml``), which an office that owns the
standard can complete. No conformity is claimed.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from sqlmodel import Session

from assets.asof import AsOf
from assets.parties import party_by_code, party_fact
from ledger.books.accounts import FOLDER
from ledger.books.balances import AccountRow, trial_balance
from ledger.books.depreciation import month_end
from ledger.books.outgoing import Names, OutVoucher, names, vouchers
from ledger.books.posting import DEBIT, chart_of, entity_of
from ledger.books.voucher_list import yuan

KINDS = {
    "ASSET": "资产",
    "LIABILITY": "负债",
    "EQUITY": "所有者权益",
    "COST": "成本",
    "INCOME": "损益",
    "EXPENSE": "损益",
}


@cache
def mapping() -> Mapping[str, Any]:
    """Our fields → element names.

    依据: GB/T 24589-2010 (structure only, no conformity claimed)
    """
    path = FOLDER / "charts" / "gbt24589.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def element(part: str, values: Mapping[str, Any]) -> str:
    """One record as XML: the part's element with a child for each value.

    依据: GB/T 24589-2010
    """
    labels = mapping()[part]
    inside = "".join(
        f"<{labels[name]}>{escape(str(value))}</{labels[name]}>" for name, value in values.items()
    )
    return f"<{labels['element']}>{inside}</{labels['element']}>\n"


def write(session: Session, out: Path, codes: Sequence[str], at: AsOf, year: int) -> str:
    """Write the interface file of one year of some books.

    依据: GB/T 24589-2010 (structure only, no conformity claimed)
    """
    known = names(session, at)
    root = mapping()["root"]
    records = 0
    with out.open("w", encoding="utf-8", newline="\n") as stream:
        stream.write('<?xml version="1.0" encoding="UTF-8"?>\n')
        stream.write(f"<{root} 说明={quoteattr(mapping()['statement'])}>\n")
        for code in codes:
            for record in _book(session, code, at, year, known):
                stream.write(record)
                records += 1
        stream.write(f"</{root}>\n")
    return f"{year}年{records}条"


def _book(session: Session, code: str, at: AsOf, year: int, known: Names) -> Iterator[str]:
    party = party_by_code(session, code)
    entity = entity_of(session, party.id)
    months = [
        month for month in range(year * 100 + 1, year * 100 + 13) if month_end(month) <= at.day
    ]
    used = chart_of(entity, month_end(year * 100 + 12))
    fact = party_fact(session, party.id, at)
    yield element(
        "book",
        {
            "party_code": code,
            "party_title": known.titles.get(code, ""),
            "organization": (fact.uscc if fact else None) or "",
            "chart": f"{used.title}（{used.basis}）",
            "year": year,
            "currency": "人民币",
        },
    )
    yield element("voucher_type", {"code": "1", "title": "记账凭证", "short": "记"})
    seen: dict[tuple[str, str], AccountRow] = {}
    balances: list[str] = []
    for month in months:
        yield element(
            "period",
            {
                "year": year,
                "number": month % 100,
                "starts_on": month_end(month).replace(day=1),
                "ends_on": month_end(month),
            },
        )
        for row in trial_balance(session, party.id, month, at).rows:
            seen[row.chart, row.code] = row
            balances.append(_balance(row, month))
    for key in sorted(seen):
        yield _account(seen[key], known)
    yield from balances
    for voucher in vouchers(session, [code], at, year=year):
        yield from _lines(voucher, known)


def _account(row: AccountRow, known: Names) -> str:
    parent = known.accounts[row.account_id].parent_code
    return element(
        "account",
        {
            "code": row.code,
            "title": row.title,
            "level": 2 if parent else 1,
            "kind": KINDS[row.kind],
            "side": "借" if row.side == "DEBIT" else "贷",
            "parent": parent or "",
        },
    )


def _balance(row: AccountRow, month: int) -> str:
    return element(
        "balance",
        {
            "code": row.code,
            "number": month % 100,
            "opening_side": _side(row.opening_fen),
            "opening": yuan(abs(row.opening_fen)),
            "debit": yuan(row.debit_fen),
            "credit": yuan(row.credit_fen),
            "closing_side": _side(row.closing_fen),
            "closing": yuan(abs(row.closing_fen)),
        },
    )


def _side(fen: int) -> str:
    return "平" if fen == 0 else "借" if fen > 0 else "贷"


def _lines(voucher: OutVoucher, known: Names) -> Iterator[str]:
    for number, line in zip(count(1), voucher.lines, strict=False):
        facts = known.dimensions[line.dimension_id]
        yield element(
            "voucher",
            {
                "dated_on": voucher.dated_on,
                "number_of_period": voucher.month % 100,
                "type": "1",
                "number": voucher.number,
                "line": number,
                "summary": voucher.summary,
                "code": known.accounts[line.account_id].code,
                "debit": yuan(line.amount_fen if line.side == DEBIT else 0),
                "credit": yuan(0 if line.side == DEBIT else line.amount_fen),
                "asset": known.assets.get(facts.asset_id, ""),
                "stream": facts.stream,
                "household": known.households.get(line.household_id, ""),
                "object": voucher.object_code,
            },
        )
