"""``fupin report``: the papers, their list, and whether a paper in hand agrees with the book."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from assets.commands.edge import Edge
    from reports.standpoint import Asked

app = typer.Typer(help="出具报表和公示材料，核验纸质文件", rich_markup_mode=None)

_EXAMPLE = "fupin report asset-register --town 龙归镇 --out 台账.pdf"


@app.command(no_args_is_help=True)
def report(
    ctx: typer.Context,
    name: str = typer.Argument(
        "",
        metavar="报表名称",
        help="报表名称（见 --list），或 verify 核验、reprint 补打、year-set 全年材料",
    ),
    subject: str = typer.Argument(
        "", metavar="对象编号", help="对象编号：方案、批次、移交、农户；核验的文件；补打的编号"
    ),
    out: Path | None = typer.Option(None, "--out", help="输出文件（.pdf .xlsx .html .json）"),
    issue: bool = typer.Option(False, "--issue", help="正式出具：取检查点、编号、登记"),
    listed: bool = typer.Option(False, "--list", help="列出全部报表"),
    town: str = typer.Option("", "--town", help="镇（名称或代码）"),
    village: str = typer.Option("", "--village", help="村（名称或代码）；all 表示每村一份"),
    party: str = typer.Option("", "--party", help="主体编码"),
    year: int = typer.Option(0, "--year", help="年度"),
    month: int = typer.Option(0, "--month", help="月份，如 202012"),
    edition: str = typer.Option("", "--edition", help="版本：posted 公示版，internal 发放版"),
    size: str = typer.Option("", "--size", help="纸张：A4、A3、240x140"),
) -> None:
    """出具一份报表。示例：fupin report asset-register --town 龙归镇 --out 台账.pdf."""
    from assets.errors import InvalidValue
    from reports.standpoint import Asked

    edge: Edge = ctx.obj
    if listed:
        _list(edge)
        return
    if name == "verify":
        _verify(edge, Path(subject))
        return
    if not name or out is None:
        raise InvalidValue(f"请写明报表名称和输出文件 --out，例如 {_EXAMPLE}。")
    if name == "reprint":
        _reprint(edge, subject, out)
        return
    if name == "year-set":
        _year_set(edge, year, out)
        return
    asked = Asked(subject, town, village, party, year, month, edition, size)
    if village == "all":
        _every_village(edge, name, asked, out, issue=issue)
        return
    _make(edge, name, _resolved(edge, asked), out, issue=issue)


def _list(edge: "Edge") -> None:
    from reports.catalogue import REPORTS

    edge.print_table(
        ("名称", "报表", "用途", "要写明"),
        [(each.name, each.title, each.line, " ".join(each.asked)) for each in REPORTS],
    )


def _resolved(edge: "Edge", asked: "Asked") -> "Asked":
    """The same with codes for the names of town and village."""
    from dataclasses import replace

    from assets.asof import AsOf
    from assets.divisions_register import resolve

    if not (asked.town or asked.village):
        return asked
    with edge.reading() as session:
        at = AsOf(edge.on)
        return replace(
            asked,
            town=resolve(session, asked.town, at) if asked.town else "",
            village=resolve(session, asked.village, at) if asked.village else "",
        )


def _every_village(edge: "Edge", name: str, asked: "Asked", out: Path, *, issue: bool) -> None:
    """One file a village; a refused village is listed and does not stop the others."""
    from dataclasses import replace

    from assets.asof import AsOf
    from assets.divisions_register import resolve, village_names, villages_of
    from assets.errors import AlreadyDone, FupinError, NotFound

    with edge.reading() as session:
        at = AsOf(edge.on)
        names = village_names(session, at)
        if asked.town:
            names = villages_of(session, resolve(session, asked.town, at), at)
    for code, title in sorted(names.items()):
        file = out.with_name(f"{out.stem}-{code}-{title}{out.suffix}")
        try:
            _make(edge, name, replace(asked, town="", village=code), file, issue=issue)
        except AlreadyDone as already:
            print(str(already))
        except NotFound as nothing:
            edge.note(f"{title}：{nothing}")
        except FupinError as refused:
            edge.failures.append(f"{title}：{refused}")
            edge.note(f"未出具 {title}：{refused}")


def _make(edge: "Edge", name: str, asked: "Asked", out: Path, *, issue: bool) -> None:
    """One paper into one file; a paper with names, or an issued one, writes into the book."""
    from assets.trail import digest_of
    from reports import catalogue, printing
    from reports import issue as issuing
    from reports.standpoint import standpoint

    suffix = printing.check_suffix(out)
    printing.check_tools(suffix)
    report = catalogue.find(name)
    command = f"report {name}"
    if issue:
        inputs = digest_of(*(f"{k}={v}" for k, v in sorted(asked.parameters().items())))
        with edge.writing(command, inputs=inputs) as (session, act):
            paper = issuing.issue(session, act, report, asked)
            # Drawn before the book is written: no number for a paper that cannot be printed.
            content = printing.render(paper, suffix)
        if edge.dry_run:
            return
    elif report.has_names:
        with edge.writing(command) as (session, act):
            paper = report.build(standpoint(session, edge.on, act), asked)
        content = printing.render(paper, suffix)
    else:
        with edge.reading() as session:
            paper = report.build(standpoint(session, edge.on), asked)
        content = printing.render(paper, suffix)
    printing.save(content, out)
    print(f"已输出《{paper.title}》（{paper.footer.number_text}）：{out}")


def _reprint(edge: "Edge", number: str, out: Path) -> None:
    from reports import issue as issuing
    from reports import printing

    suffix = printing.check_suffix(out)
    printing.check_tools(suffix)
    with edge.writing("report reprint") as (session, act):
        paper, agrees = issuing.reprint(session, act, number)
    printing.save(printing.render(paper, suffix), out)
    print(f"已补打《{paper.title}》（{number}）：{out}")
    if not agrees:
        edge.note("注意：补打的内容与登记的摘要不同（例如个人信息已依法删除），请勿代替原件。")


def _verify(edge: "Edge", file: Path) -> None:
    """Say of a PDF whether it agrees with the book; exit 1 where it does not."""
    from reports import verify_paper

    opening = edge.writing("report verify") if edge.actor else None
    if opening is not None:
        with opening as (session, act):
            found = verify_paper.verify(session, file, act)
    else:
        with edge.reading() as session:
            found = verify_paper.verify(session, file, None)
    if edge.as_json:
        edge.print_json(found.data())
    else:
        for line in found.lines():
            print(line)
    if not found.agrees:
        edge.failures.append(f"{file}：不符")


def _year_set(edge: "Edge", year: int, folder: Path) -> None:
    """Every paper of a year into a folder; what is there already is left alone."""
    import sys

    from assets.asof import AsOf
    from assets.errors import InvalidValue, SeparationOfDuties
    from reports import catalogue, printing, year_set
    from reports.bundle import Bundle
    from reports.paper import Paper
    from reports.standpoint import standpoint

    if not year:
        raise InvalidValue(
            "全年材料要写明收益年度，例如 fupin report year-set --year 2019 --out 材料。"
        )
    if not edge.actor:
        raise SeparationOfDuties("全年材料含姓名，须留下查阅登记。请用 --actor 指明由谁出具。")
    printing.check_tools(".pdf")
    with edge.reading() as session:
        wanted = year_set.items(session, year, AsOf(edge.on))

    def build(item: year_set.Item) -> Paper | Bundle:
        report = catalogue.find(item.report)
        if not report.has_names:
            with edge.reading() as session:
                return report.build(standpoint(session, item.on or edge.on), item.asked)
        with edge.writing(f"report {item.report}") as (session, act):
            return report.build(standpoint(session, item.on or edge.on, act), item.asked)

    made = there = 0
    for number, each in enumerate(year_set.make(wanted, folder, build), start=1):
        if each.message:
            edge.failures.append(f"{each.item.file}：{each.message}")
            edge.note(f"未出具 {each.item.file}：{each.message}")
        elif each.was_there:
            there += 1
        else:
            made += 1
        if sys.stderr.isatty():
            print(f"\r[{number}/{len(wanted)}] {each.item.file}\033[K", end="", file=sys.stderr)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    print(
        f"{year}年材料共{len(wanted)}份：新出{made}份，已有{there}份，未出{len(edge.failures)}份；在{folder}。"
    )
