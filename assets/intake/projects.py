"""How do projects and their money enter the book? One row per payment of a fund document.

The project's own cells repeat on its rows. 安排金额 is what one document gave to the project in all:
where one document was paid in several parts, it is repeated and counted once. Later files may add
documents, payments and dates; what was allocated or paid is never changed by a file.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlmodel import Session, col, select

from assets.asof import AsOf
from assets.divisions_register import lookup, titles
from assets.errors import RowProblem
from assets.funds import document_ids
from assets.intake import Batch, Handler, Outcome, Row
from assets.intake.registered import (
    Codes,
    Places,
    filled,
    grouped,
    place_fields,
    refuse_nothing_new,
    taken_in,
    taking_in,
    updated,
)
from assets.models import FundAllocation, FundDocument, FundPayment, Project, ProjectFact
from assets.money import format_yuan
from assets.projects import COURSE, allocations, course_remarks, payments, project_facts
from assets.trail import Act, Entry

Pair = tuple[str, str]
"""Project code and document number."""

Payment = tuple[str, str, date, str]
"""Project code, document number, day, voucher number."""


@dataclass
class _Book:
    """What the book knows of projects and of the money of documents."""

    ids: dict[str, int]
    facts: dict[str, ProjectFact]
    documents: dict[str, int]
    issued_fen: dict[str, int]
    allocated: dict[Pair, int]
    paid: dict[Payment, int]
    last_entry: int = 0


def check(session: Session, batch: Batch, on: date) -> list[RowProblem]:
    """Every problem of the rows against each other and against the book.

    依据: 内部约定 (allocations within the document, payments within the allocation)
    """
    if taken_in(session, batch):
        return []
    book = _known(session)
    places = Places(lookup(session, AsOf(on)))
    documents = Codes("资金文件", book.documents)
    problems: list[RowProblem] = []
    for rows in grouped(batch.rows, "project_code").values():
        places.require(rows[0], problems)
    for row in batch.rows:
        documents.find(row, "document_number", problems)
    problems += _allocation_problems(batch, book)
    problems += _payment_problems(batch, book)
    return problems


def _allocation_problems(batch: Batch, book: _Book) -> list[RowProblem]:
    found = []
    totals: dict[str, int] = defaultdict(int)
    for (_, number), amount in book.allocated.items():
        totals[number] += amount
    for (code, number), rows in grouped(batch.rows, "project_code", "document_number").items():
        amount = book.allocated.get((code, number), rows[0]["allocated_fen"])
        for row in rows:
            if row["allocated_fen"] != amount:
                message = (
                    f"{number}安排给{code}的金额应为{format_yuan(amount)}元，"
                    f"本行写的是{format_yuan(row['allocated_fen'])}元。"
                )
                remedy = "同一文号分几次支付的，每行重复填写同一安排金额；已登记的安排不能更改。"
                found.append(row.problem("allocation-differs", "allocated_fen", message, remedy))
        if (code, number) in book.allocated or number not in book.issued_fen:
            continue
        totals[number] += amount
        if totals[number] > book.issued_fen[number]:
            message = (
                f"{number}下达{format_yuan(book.issued_fen[number])}元，各项目共安排"
                f"{format_yuan(totals[number])}元，超出下达金额。"
            )
            remedy = "请核对安排金额和文号。"
            found.append(rows[0].problem("over-document", "allocated_fen", message, remedy))
    return found


def _payment_problems(batch: Batch, book: _Book) -> list[RowProblem]:
    found = []
    totals: dict[Pair, int] = defaultdict(int)
    for (code, number, _, _), amount in book.paid.items():
        totals[code, number] += amount
    for row in batch.rows:
        key = _payment(row)
        pair = (row["project_code"], row["document_number"])
        if key in book.paid:
            if book.paid[key] != row["paid_fen"]:
                message = f"凭证{key[3]}的这笔支付已登记为{format_yuan(book.paid[key])}元。"
                remedy = "支付不能更改；另有一笔的，请填它自己的凭证号。"
                found.append(row.problem("already-registered", "paid_fen", message, remedy))
            continue
        totals[pair] += row["paid_fen"]
        allocated = book.allocated.get(pair, row["allocated_fen"])
        if totals[pair] > allocated:
            message = (
                f"{pair[1]}安排给{pair[0]}{format_yuan(allocated)}元，累计支付"
                f"{format_yuan(totals[pair])}元，超出安排金额。"
            )
            found.append(row.problem("over-allocation", "paid_fen", message, "请核对支付金额。"))
    return found


def remarks(session: Session, batch: Batch, on: date) -> list[RowProblem]:
    """Dates out of order, money paid above the final account: odd, but not refused.

    依据: 内部约定 (project bank before funding, acceptance before settlement)
    """
    found = []
    for rows in grouped(batch.rows, "project_code").values():
        values = {column: rows[0].get(name) for name, column, _ in COURSE}
        found += [
            each.at(rows[0]) for each in course_remarks(values, min(r["paid_on"] for r in rows))
        ]
        final, paid = rows[0].get("final_account_fen"), sum(row["paid_fen"] for row in rows)
        if final is not None and paid > final:
            message = f"累计支付{format_yuan(paid)}元，多于结算审计金额{format_yuan(final)}元。"
            remedy = "请核实；属实可保留。"
            found.append(rows[0].problem("paid-over-final", "final_account_fen", message, remedy))
    return found


def apply(session: Session, act: Act, batch: Batch) -> Outcome:
    """Write new projects, changed facts, new allocations and new payments."""
    with taking_in(session, act, batch) as written:
        book = _known(session)
        places = Places(lookup(session, AsOf(act.on)))
        groups = grouped(batch.rows, "project_code")
        fresh = [code for (code,) in groups if code not in book.ids]
        facts = _new_facts(batch, book, places, act.on)
        given = _new_allocations(batch, book)
        paid = [row for row in batch.rows if _payment(row) not in book.paid]
        rows = len(facts) + len(given) + len(paid)
        refuse_nothing_new(batch, written, rows, book.last_entry)
        numbers = written.insert(Project, [{"code": code} for code in fresh])
        book.ids |= dict(zip(fresh, numbers, strict=True))
        written.insert(
            ProjectFact,
            [
                {"project_id": book.ids[row["project_code"]], **values, **batch.source(row)}
                for row, values in facts
            ],
        )
        _write_money(written, batch, book, given, paid)
        changed = len(facts) - len(fresh)
        counts = {"项目": len(fresh), "变更": changed, "安排": len(given), "支付": len(paid)}
        return Outcome(written.id, counts)


def _write_money(
    written: Entry, batch: Batch, book: _Book, given: list[Row], paid: list[Row]
) -> None:
    def ids(row: Row) -> dict[str, int]:
        return {
            "project_id": book.ids[row["project_code"]],
            "fund_document_id": book.documents[row["document_number"]],
        }

    written.insert(
        FundAllocation,
        [{**ids(row), "amount_fen": row["allocated_fen"], **batch.source(row)} for row in given],
    )
    written.insert(
        FundPayment,
        [
            {
                **ids(row),
                "paid_on": row["paid_on"],
                "amount_fen": row["paid_fen"],
                "voucher_no": row["payment_voucher_no"],
                **batch.source(row),
            }
            for row in paid
        ],
    )


def _new_facts(
    batch: Batch, book: _Book, places: Places, on: date
) -> list[tuple[Row, dict[str, Any]]]:
    found = []
    for (code,), rows in grouped(batch.rows, "project_code").items():
        before = book.facts.get(code)
        values = _values(rows[0], before, places)
        if before is None:
            found.append((rows[0], {**values, "valid_from": date(values["project_year"], 1, 1)}))
        elif any(getattr(before, name) != value for name, value in values.items()):
            found.append((rows[0], {**values, "valid_from": max(on, before.valid_from)}))
    return found


def _values(row: Row, before: ProjectFact | None, places: Places) -> dict[str, Any]:
    def kept(name: str, column: str) -> Any:
        return updated(row, name, getattr(before, column) if before else None)

    return {
        "title": row["name"],
        "project_year": row["year"],
        "division_code": places.find(row, []),
        "implementer": row["implementer_name"],
        **{column: kept(name, column) for name, column, _ in COURSE},
        "approval_document": kept("approval_number", "approval_document"),
        "final_account_fen": kept("final_account_fen", "final_account_fen"),
    }


def _new_allocations(batch: Batch, book: _Book) -> list[Row]:
    return [
        rows[0]
        for pair, rows in grouped(batch.rows, "project_code", "document_number").items()
        if pair not in book.allocated
    ]


def _payment(row: Row) -> Payment:
    return (
        row["project_code"],
        row["document_number"],
        row["paid_on"],
        row["payment_voucher_no"],
    )


def export(session: Session) -> list[dict[str, Any]]:
    """Every payment of every project with the project's cells, by project, document and day.

    依据: 内部约定 (what is exported can be imported again)
    """
    book = _known(session)
    places = titles(session, AsOf())
    rows = []
    for (code, number, paid_on, voucher), amount in sorted(book.paid.items()):
        fact = book.facts[code]
        rows.append(
            filled(
                {
                    "project_code": code,
                    "name": fact.title,
                    "year": fact.project_year,
                    **place_fields(fact.division_code, places),
                    "implementer_name": fact.implementer,
                    **{name: getattr(fact, column) for name, column, _ in COURSE},
                    "approval_number": fact.approval_document,
                    "final_account_fen": fact.final_account_fen,
                    "document_number": number,
                    "allocated_fen": book.allocated[code, number],
                    "paid_on": paid_on,
                    "paid_fen": amount,
                    "payment_voucher_no": voucher,
                }
            )
        )
    return rows


def _known(session: Session) -> _Book:
    everything = AsOf()
    codes = dict(session.exec(select(Project.id, Project.code)).all())
    documents = document_ids(session)
    numbers = {each: number for number, each in documents.items()}
    paid: dict[Payment, int] = {}
    last = 0
    for each in payments(session, everything):
        key = (
            codes[each.project_id],
            numbers[each.fund_document_id],
            each.paid_on,
            each.voucher_no,
        )
        paid[key] = each.amount_fen
        last = max(last, each.entry_id)
    return _Book(
        ids={code: each for each, code in codes.items()},
        facts={codes[each]: fact for each, fact in project_facts(session, everything).items()},
        documents=documents,
        issued_fen=dict(
            session.exec(
                select(FundDocument.code, FundDocument.amount_fen).order_by(col(FundDocument.id))
            ).all()
        ),
        allocated={
            (codes[project_id], numbers[document_id]): amount
            for (project_id, document_id), amount in allocations(session, everything).items()
        },
        paid=paid,
        last_entry=last,
    )


HANDLER = Handler("projects", check, apply, export)
