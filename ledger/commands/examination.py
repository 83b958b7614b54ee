"""What is said of a workbook before anything is written? Read, checked cell by cell, then by the book.

Shared by ``fupin import`` and the proposals that a second person approves.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from sqlmodel import Session

    from assets.commands.edge import Edge
    from assets.errors import RowProblem
    from assets.intake import Batch, Handler
    from assets.workbook.kinds import ColumnType
    from assets.workbook.parsed import Parsed

HANDLERS = {
    "divisions": "assets.intake.divisions",
    "parties": "assets.intake.parties",
    "actors": "assets.intake.actors",
    "funds": "assets.intake.funds",
    "projects": "assets.intake.projects",
    "assets": "assets.intake.assets",
    "shares": "assets.intake.shares",
    "contracts": "assets.intake.contracts",
    "decisions": "ledger.intake.decisions",
    "notices": "ledger.intake.notices",
    "objections": "ledger.intake.objections",
    "acceptances": "assets.intake.acceptances",
    "households": "ledger.intake.households",
    "receipts": "ledger.intake.receipts",
    "electricity-bills": "ledger.intake.electricity_bills",
    "deductions": "ledger.intake.deductions",
    "attendance": "ledger.intake.attendance",
    "bank-statement": "ledger.intake.bank_statement",
    "opening": "ledger.intake.opening",
    "history": "ledger.intake.history",
    "payment-results": "ledger.intake.payment_results",
    "voucher-numbers": "ledger.intake.voucher_numbers",
}
"""Kind of workbook → module whose ``HANDLER`` checks and writes it."""


def kind_named(word: str) -> str:
    """The kind that is called so: by its name, or by a Chinese word only its title holds.

    Raises:
        Refused: No such kind, or several; lists the known ones.

    >>> kind_named("考勤表")
    'attendance'
    """
    from difflib import get_close_matches

    from assets.errors import Refused
    from assets.workbook.kinds import KINDS

    if word in HANDLERS:
        return word
    titles = {KINDS[name].title: name for name in HANDLERS}
    meant = [title for title in titles if word in title]
    if word in titles:
        meant = [word]
    if len(meant) == 1:
        return titles[meant[0]]
    if meant:
        raise Refused(f"“{word}”有几种表：{'、'.join(meant)}。请写明是哪一种。")
    near = get_close_matches(word, HANDLERS, 1)
    hint = f"是不是 {near[0]}？" if near else ""
    known = "、".join(f"{name}（{title}）" for title, name in titles.items())
    raise Refused(f"没有“{word}”这种表。{hint}可用的有：{known}。")


def handler_of(kind: str) -> "Handler":
    """The handler of a kind of workbook."""
    from importlib import import_module

    from assets.intake import Handler

    found = import_module(HANDLERS[kind]).HANDLER
    assert isinstance(found, Handler)
    return found


def examine(
    session: "Session",
    handler: "Handler",
    file: Path,
    sheet: str,
    mapping: Path | None,
    on: "date",
) -> "tuple[Parsed, Batch, list[RowProblem]]":
    """Read a file and check it cell by cell, then against the book.

    What is odd without being refused joins the warnings; it is asked only of sound rows.
    """
    parsed = read(session, handler.kind, file, sheet, mapping, on)
    batch = to_batch(parsed, file)
    problems = list(parsed.problems)
    if not problems:
        problems += handler.check(session, batch, on)
    if not problems:
        parsed.warnings += remarks(session, handler, batch, on)
    return parsed, batch, problems


def remarks(
    session: "Session", handler: "Handler", batch: "Batch", on: "date"
) -> "list[RowProblem]":
    """What a kind's handler finds odd about rows it does not refuse; nothing where it has no eye for it."""
    from importlib import import_module

    look = getattr(import_module(HANDLERS[handler.kind]), "remarks", None)
    return list(look(session, batch, on)) if look is not None else []


def read(
    session: "Session", kind: str, file: Path, sheet: str, mapping: Path | None, on: "date"
) -> "Parsed":
    """Read and check the cells of a workbook against kinds, units and places."""
    from assets.asof import AsOf
    from assets.divisions_register import lookup
    from assets.workbook.kinds import KINDS
    from assets.workbook.mapping import load_mapping
    from assets.workbook.reading import read_workbook

    refuse_missing(file)
    kinds = KINDS[kind]
    return read_workbook(
        file,
        kinds,
        sheet=sheet or None,
        mapping=load_mapping(mapping, kinds) if mapping is not None else None,
        lookup=lookup(session, AsOf()) if kind != "divisions" else None,
        parsers=parsers(on),
    )


def parsers(on: "date") -> "dict[ColumnType, Callable[[str], str]]":
    """Checks of personal numbers, which only the accounts know."""
    from assets.workbook.kinds import ColumnType
    from ledger import bankcard, idnumber

    return {
        ColumnType.ID: lambda text: str(idnumber.parse(text, on)),
        ColumnType.CARD: lambda text: str(bankcard.parse(text)),
    }


def to_batch(parsed: "Parsed", file: Path) -> "Batch":
    """The rows as handlers take them."""
    from assets.intake import Batch, Row

    rows = [Row(sheet.name, row.number, row.values, row.cleared, row) for sheet, row in parsed.rows]
    return Batch(parsed.kind.name, parsed.file_sha256, file.name, rows)


def refuse_missing(file: Path) -> None:
    """Stop when there is no such file."""
    from assets.errors import Refused

    if not file.is_file():
        raise Refused(f"找不到文件 {file}。请核对路径和文件名。")


def print_problems(edge: "Edge", problems: "list[RowProblem]") -> None:
    """One line for each problem: sheet, cell, text, reason, remedy."""
    for each in problems:
        edge.note(f"  {each.sheet} {each.cell}「{each.text}」{each.message}{each.remedy}")


def warn(edge: "Edge", parsed: "Parsed") -> None:
    """Say what looks odd but is not refused."""
    for each in parsed.warnings:
        edge.note(f"  提醒 {each.sheet} {each.cell}「{each.text}」{each.message}{each.remedy}")


def refuse_problems(edge: "Edge", parsed: "Parsed", problems: "list[RowProblem]") -> None:
    """Stop when there is any problem; with ``--json`` the list goes to stdout."""
    from assets.errors import ImportRejected

    if not problems:
        return
    if edge.as_json:
        edge.print_json(
            {
                "problems": [each.as_json() for each in problems],
                "warnings": [each.as_json() for each in parsed.warnings],
            }
        )
    raise ImportRejected(problems)


def print_outcome(edge: "Edge", kind: str, outcome: Any, parsed: "Parsed") -> None:
    """Say what was written; what looked odd goes with it in JSON, to stderr otherwise."""
    if edge.as_json:
        edge.print_json(
            {
                "kind": kind,
                "entry": outcome.entry_id,
                "counts": dict(outcome.counts),
                "warnings": [each.as_json() for each in parsed.warnings],
            }
        )
        return
    counts = "，".join(f"{name}{count}" for name, count in outcome.counts.items())
    print(f"导入完成：{counts}（记录第{outcome.entry_id}号）。")
