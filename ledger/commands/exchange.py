"""``fupin import``, ``export``, ``template``: workbooks in and out, all kinds by one road."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ledger.commands import proposal
from ledger.commands.examination import (
    examine,
    handler_of,
    kind_named,
    parsers,
    print_outcome,
    print_problems,
    refuse_missing,
    refuse_problems,
    warn,
)

if TYPE_CHECKING:
    from sqlmodel import Session

    from assets.commands.edge import Edge
    from assets.errors import RowProblem
    from assets.intake import Batch, Handler
    from assets.workbook.parsed import Parsed

NO_FILE = Path("//")
"""Stands for a file that was not named; no file is called so."""

KIND_HELP = "表的种类，如 assets 或 考勤表；写错时列出全部"


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
    refuse_missing(file)
    mapped = load_mapping(mapping)
    parsed = read_workbook(
        file,
        mapped.kind,
        sheet=sheet or None,
        mapping=mapped,
        parsers=parsers(edge.on),
    )
    report_dry_run(edge, parsed, list(parsed.problems))


def _refuse_mixed(split_by: str, proposed: bool) -> None:
    from assets.errors import Refused

    if split_by not in ("", "village"):
        raise Refused("--split-by 只能写 village。")
    if split_by and proposed:
        raise Refused("--propose 提交的是整个文件，不能与 --split-by 同用。请按村分成几个文件。")


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
