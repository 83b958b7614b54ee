"""How do fund documents enter the book? Number, level, type, amount, and what has arrived.

A document never changes; money that arrives later is recorded as a further receipt.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlmodel import Session, col, select

from assets.asof import AsOf
from assets.columns import label_of
from assets.errors import RowProblem
from assets.funds import received_amounts
from assets.intake import Batch, Handler, Outcome, Row
from assets.intake.registered import filled, refuse_nothing_new, taken_in, taking_in
from assets.models import FundDocument, FundLevel, FundReceipt, FundType
from assets.money import format_yuan
from assets.remarks import Remark
from assets.trail import Act

_LEVEL_OF_TYPE = {
    FundType.CENTRAL_SPECIAL: FundLevel.CENTRAL,
    FundType.PROVINCIAL_SPECIAL: FundLevel.PROVINCE,
    FundType.CITY: FundLevel.CITY,
    FundType.DISTRICT: FundLevel.DISTRICT,
}


def check(session: Session, batch: Batch, on: date) -> list[RowProblem]:
    """Every problem of the rows against the book.

    依据: 内部约定 (到位不超过下达)
    """
    if taken_in(session, batch):
        return []
    known = _known(session)
    problems = []
    for row in batch.rows:
        if row["received_fen"] > row["issued_fen"]:
            message = (
                f"到位{format_yuan(row['received_fen'])}元多于下达"
                f"{format_yuan(row['issued_fen'])}元。"
            )
            problems.append(
                row.problem("received-over-issued", "received_fen", message, "请核对两个金额。")
            )
        before = known.get(row["document_number"])
        if before is not None and _differs(row, before):
            message = f"资金文件{row['document_number']}已登记，内容与本行不同。"
            remedy = "文件内容不能更改；后续到位请登记为新的到位，文号有误请核对。"
            problems.append(row.problem("already-registered", "document_number", message, remedy))
    return problems


def remarks(session: Session, batch: Batch, on: date) -> list[RowProblem]:
    """What is odd about the rows without being refused.

    依据: 预算法 第三条
    """
    found = []
    for row in batch.rows:
        expected = _LEVEL_OF_TYPE.get(FundType.from_label(row["fund_type"]))
        if expected is not None and expected.label != row["level"]:
            message = f"{row['fund_type']}资金一般为{expected.label}级，表中为{row['level']}级。"
            found.append(Remark("level-unusual", "level", message).at(row))
        if row["received_on"] < row["issued_on"]:
            message = f"到位日期{row['received_on']}早于下达日期{row['issued_on']}。"
            found.append(Remark("dates-out-of-order", "received_on", message).at(row))
        if row["issued_on"].year not in (row["year"] - 1, row["year"], row["year"] + 1):
            message = f"下达日期{row['issued_on']}与年度{row['year']}相差较大。"
            found.append(Remark("year-unusual", "year", message).at(row))
        if row["issued_on"] > on:
            message = f"下达日期{row['issued_on']}晚于办理日期{on}。"
            found.append(Remark("date-in-future", "issued_on", message).at(row))
    return found


def apply(session: Session, act: Act, batch: Batch) -> Outcome:
    """Write the documents not known yet, each with what has arrived."""
    with taking_in(session, act, batch) as written:
        known = _known(session)
        new = [row for row in batch.rows if row["document_number"] not in known]
        last = session.exec(select(FundDocument.entry_id).order_by(col(FundDocument.id).desc()))
        refuse_nothing_new(batch, written, len(new), last.first() or 0)
        numbers = written.insert(
            FundDocument, [{**_values(row), **batch.source(row)} for row in new]
        )
        written.insert(
            FundReceipt,
            [
                {
                    "fund_document_id": number,
                    "received_on": row["received_on"],
                    "amount_fen": row["received_fen"],
                    **batch.source(row),
                }
                for row, number in zip(new, numbers, strict=True)
            ],
        )
        return Outcome(written.id, {"资金文件": len(new), "未变": len(batch.rows) - len(new)})


def _values(row: Row) -> dict[str, Any]:
    return {
        "code": row["document_number"],
        "title": row["title"],
        "level": FundLevel.from_label(row["level"]).value,
        "fund_type": FundType.from_label(row["fund_type"]).value,
        "fund_year": row["year"],
        "amount_fen": row["issued_fen"],
        "issued_on": row["issued_on"],
        "issuer": row["issuer_name"],
    }


def _differs(row: Row, before: Mapping[str, Any]) -> bool:
    return any(row[name] != value for name, value in before.items())


def export(session: Session) -> list[dict[str, Any]]:
    """Every document with all that has arrived and the last day of arrival, by year and number.

    依据: 内部约定 (what is exported can be imported again)
    """
    rows = sorted(_known(session).values(), key=lambda row: (row["year"], row["document_number"]))
    return [filled(row) for row in rows]


def _known(session: Session) -> dict[str, dict[str, Any]]:
    """文号 → the row of the workbook as the book has it."""
    arrived = received_amounts(session, AsOf())
    last_day: dict[int, date] = {}
    for receipt in session.exec(select(FundReceipt)).all():
        before = last_day.get(receipt.fund_document_id, receipt.received_on)
        last_day[receipt.fund_document_id] = max(before, receipt.received_on)
    return {
        row.code: {
            "document_number": row.code,
            "title": row.title,
            "level": label_of(FundLevel, row.level),
            "fund_type": label_of(FundType, row.fund_type),
            "year": row.fund_year,
            "issued_fen": row.amount_fen,
            "received_fen": arrived.get(row.id, 0),
            "received_on": last_day.get(row.id, row.issued_on),
            "issued_on": row.issued_on,
            "issuer_name": row.issuer,
        }
        for row in session.exec(select(FundDocument)).all()
    }


HANDLER = Handler("funds", check, apply, export)
