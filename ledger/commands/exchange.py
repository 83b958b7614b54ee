"""``fupin import``, ``export``, ``template``: workbooks in and out, all kinds by one road."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from sqlmodel import Session

    from assets.commands.edge import Edge
    from assets.errors import RowProblem
    from assets.intake import Batch, Handler
    from assets.workbook.kinds import ColumnType
    from assets.workbook.parsed import Parsed

NO_FILE = Path("//")
"""Stands for a file that was not named; no file is called so."""

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


KIND_HELP = "表的种类，如 assets 或 考勤表；写错时列出全部"


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


def import_(
    ctx: typer.Context,
    kind: str = typer.Argument(..., metavar="种类", help=KIND_HELP),
    file: Path = typer.Argument(
        NO_FILE, metavar="文件", show_default=False, help="表格文件（.xlsx .xls .et .csv）"
    ),
    sheet: str = typer.Option("", "--sheet", help="只读这一张工作表"),
    mapping: Path | None = typer.Option(None, "--mapping", help="表头对照文件（TOML）"),
    annotate: Path | None = typer.Option(None, "--annotate", help="把问题批注在原表副本上"),
    split_by: str = typer.Option("", "--split-by", help="village：各村分别整批导入"),
    proposed: bool = typer.Option(False, "--propose", help="只提交，由另一人批准后才写入"),
) -> None:
    """导入一张表：先检查全部单元格，再一次写入。

    先提交、再由另一人批准：加 --propose 提交；种类写 proposals 列出已提交的，
    写 approve 并给文件摘要则批准并写入。示例：fupin import assets 资产登记表.xlsx --dry-run.
    """
    from ledger.commands import proposal

    edge: Edge = ctx.obj
    if kind == "proposals":
        proposal.list_proposals(edge)
        return
    if kind == "approve":
        proposal.approve_file(edge, str(file))
        return
    if kind == "table":
        try_table(edge, file, sheet, mapping)
        return
    kind = kind_named(kind)
    handler = handler_of(kind)
    if file == NO_FILE:
        raise typer.BadParameter("缺少表格文件")
    _refuse_mixed(split_by, proposed)
    with edge.reading() as session:
        parsed, batch, problems = examine(session, handler, file, sheet, mapping, edge.on)
    if annotate is not None and (problems or parsed.warnings):
        from assets.workbook.annotate import annotate as mark

        mark(file, [*problems, *parsed.warnings], annotate)
        edge.note(f"已把{len(problems)}处问题批注在 {annotate}。")
    if edge.dry_run:
        report_dry_run(edge, parsed, problems)
        return
    warn(edge, parsed)
    if split_by == "village":
        import_by_village(edge, handler, parsed, batch)
        return
    refuse_problems(edge, parsed, problems)
    if proposed:
        proposal.propose_file(edge, handler, batch, file, sheet=sheet, mapping=mapping)
        return
    with edge.writing(f"import {kind}", inputs=batch.file_sha256) as (session, act):
        keep_file(session, handler, batch, file)
        outcome = handler.apply(session, act, batch)
    print_outcome(edge, kind, outcome, parsed)


def try_table(edge: "Edge", file: Path, sheet: str, mapping: Path | None) -> None:
    """Read a foreign table that is no KIND by its mapping file; it is only looked at."""
    from assets.errors import Refused
    from assets.workbook.mapping import load_mapping
    from assets.workbook.reading import read_workbook

    if mapping is None or not edge.dry_run:
        raise Refused(
            "table 只用于试读外来表格：请加 --mapping 对照文件 --dry-run。要入账请写明表的种类。"
        )
    _refuse_missing(file)
    mapped = load_mapping(mapping)
    parsed = read_workbook(
        file,
        mapped.kind,
        sheet=sheet or None,
        mapping=mapped,
        parsers=parsers(edge.on),
    )
    report_dry_run(edge, parsed, list(parsed.problems))


def _refuse_missing(file: Path) -> None:
    from assets.errors import Refused

    if not file.is_file():
        raise Refused(f"找不到文件 {file}。请核对路径和文件名。")


def _refuse_mixed(split_by: str, proposed: bool) -> None:
    from assets.errors import Refused

    if split_by not in ("", "village"):
        raise Refused("--split-by 只能写 village。")
    if split_by and proposed:
        raise Refused("--propose 提交的是整个文件，不能与 --split-by 同用。请按村分成几个文件。")


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

    _refuse_missing(file)
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


def report_dry_run(edge: "Edge", parsed: "Parsed", problems: "list[RowProblem]") -> None:
    """Print what an import would do; exit 1 when there are problems."""
    if edge.as_json:
        value = parsed.as_json()
        seen = {(p["sheet"], p["cell"], p["name"]) for p in value["problems"]}
        value["problems"] += [
            p.as_json() for p in problems if (p.sheet, p.cell, p.name) not in seen
        ]
        edge.print_json(value)
    else:
        count = sum(len(sheet.rows) for sheet in parsed.sheets)
        print(f"试导入：{len(parsed.sheets)}张工作表，{count}行，{len(problems)}处问题，未写入。")
        print_problems(edge, problems)
        warn(edge, parsed)
    if problems:
        raise typer.Exit(1)


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


def keep_file(session: "Session", handler: "Handler", batch: "Batch", file: Path) -> None:
    """Leave the file where the handler's entry can store it as evidence."""
    session.info["import_file"] = file


def import_by_village(edge: "Edge", handler: "Handler", parsed: "Parsed", batch: "Batch") -> None:
    """Each village all or nothing; the refused ones are listed."""
    from dataclasses import replace

    villages: dict[str, list[Any]] = {}
    bad: dict[str, list[Any]] = {}
    where: dict[tuple[str, str], str] = {}
    for row in batch.rows:
        village = row.get("village_code") or ""
        villages.setdefault(village, []).append(row)
        where[row.sheet, str(row.number)] = village
    for problem in parsed.problems:
        number = "".join(c for c in problem.cell if c.isdigit())
        bad.setdefault(where.get((problem.sheet, number), ""), []).append(problem)
    if bad.get(""):
        refuse_problems(edge, parsed, bad[""])

    def one(session: "Session", act: Any, village: str) -> str:
        from assets.errors import ImportRejected

        part = replace(batch, rows=villages[village])
        problems = [*bad.get(village, []), *handler.check(session, part, edge.on)]
        if problems:
            print_problems(edge, problems)
            raise ImportRejected(problems)
        part = replace(part, file_sha256=f"{batch.file_sha256}/{village}")
        outcome = handler.apply(session, act, replace(part, file_sha256=batch.file_sha256))
        return f"{village}：" + "，".join(f"{k}{v}" for k, v in outcome.counts.items())

    for village in villages:
        edge.each(
            [village],
            f"import {batch.kind}",
            one,
            inputs=f"{batch.file_sha256}/{village}",
        )


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


def export(
    ctx: typer.Context,
    kind: str = typer.Argument(..., metavar="种类", help=KIND_HELP),
    out: Path = typer.Option(..., "--out", help="写入的文件（.xlsx 或 .csv）"),
) -> None:
    """导出一张表，可原样导回。示例：fupin export assets --out 资产登记表.xlsx."""
    from assets.errors import Refused
    from assets.workbook.kinds import KINDS
    from assets.workbook.writing import write_rows

    edge: Edge = ctx.obj
    kind = kind_named(kind)
    handler = handler_of(kind)
    if handler.export is None:
        raise Refused(f"“{kind}”没有导出。")
    personal = kind in ("households",)
    if personal:
        with edge.writing(f"export {kind}") as (session, act):
            session.info["act"] = act
            rows = handler.export(session)
    else:
        with edge.reading() as session:
            rows = handler.export(session)
    out.parent.mkdir(parents=True, exist_ok=True)
    write_rows(KINDS[kind], rows, out)
    print(f"已导出{len(rows)}行到 {out}。")


def template(
    ctx: typer.Context,
    kind: str = typer.Argument(..., metavar="种类", help=KIND_HELP),
    out: Path = typer.Option(..., "--out", help="写入的文件（.xlsx）"),
) -> None:
    """生成空白表，带下拉、说明和示例行。示例：fupin template households --out 农户.xlsx."""
    from assets.workbook.kinds import KINDS
    from assets.workbook.template import template as build

    kind = kind_named(kind)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(build(KINDS[kind]))
    print(f"已生成空白表 {out}。")
