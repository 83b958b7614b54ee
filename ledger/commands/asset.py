"""``fupin asset``: the register's commands, with a trace that goes on to the household lines."""

from typing import TYPE_CHECKING

import typer

from assets.commands.asset import app

if TYPE_CHECKING:
    from assets.commands.edge import Edge

__all__ = ["app"]

# The register's own trace ends at the handover; here it is replaced by the one that goes on.
app.registered_commands = [
    each
    for each in app.registered_commands
    if each.callback is None or each.callback.__name__ != "trace"
]


@app.command("trace")
def trace_chain(
    ctx: typer.Context,
    code: str = typer.Argument("", metavar="资产编号", help="资产编号"),
    document: str = typer.Option("", "--document", help="资金文号：从文件查到资产"),
    household: str = typer.Option("", "--household", help="户编号：从户查回资金文件"),
    year: int = typer.Option(0, "--year", help="与 --household 同用：收益所属年度"),
) -> None:
    """从资金文件查到各户，或从文号、从户查回来。示例：fupin asset trace 440203102203-2018-J-0002."""
    from assets.asof import AsOf
    from assets.errors import Refused
    from assets.tracing import trace_document
    from ledger.trace import trace, trace_household

    edge: Edge = ctx.obj
    if sum(map(bool, (code, document, household))) != 1:
        raise Refused("请写一个资产编号，或 --document 文号，或 --household 户编号，三者选一。")
    if household and not year:
        raise Refused("从户查回要写 --year 年度，例如 --year 2019。")
    at = AsOf(edge.on)
    with edge.reading() as session:
        if code:
            chain = trace(session, code, at)
        elif document:
            chain = trace_document(session, document, at)
        else:
            chain = trace_household(session, household, year, at)
    if edge.as_json:
        edge.print_json(chain.as_json())
    else:
        print("\n".join(chain.lines()))
