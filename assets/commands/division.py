"""``fupin division``: the towns and villages of a day, and their changes."""

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from assets.commands.edge import Edge

app = typer.Typer(
    help="行政区划：名录，更名、改码、合并、拆分。", no_args_is_help=True, rich_markup_mode=None
)


@app.command("list")
def list_divisions(
    ctx: typer.Context, town: str = typer.Option("", "--town", help="只列这个镇（名称或代码）")
) -> None:
    """列出 --on 之日的镇、村。示例：fupin division list --town 龙归镇."""
    from assets.asof import AsOf
    from assets.columns import label_of
    from assets.divisions_register import registered, resolve
    from assets.models import DivisionLevel

    edge: Edge = ctx.obj
    at = AsOf(edge.on)
    with edge.reading() as session:
        stem = resolve(session, town, at)[:9] if town else ""
        edge.print_table(
            ("区划代码", "名称", "级别", "起用日期", "停用日期"),
            [
                (
                    row.code,
                    row.title,
                    label_of(DivisionLevel, row.level),
                    row.valid_from,
                    row.valid_to if row.valid_to and row.valid_to <= edge.on else "",
                )
                for row in registered(session, at)
                if row.code.startswith(stem)
            ],
        )


@app.command()
def change(
    ctx: typer.Context,
    kind: str = typer.Argument(..., metavar="变动", help="更名、改码、合并或拆分"),
    from_code: str = typer.Argument(..., metavar="原代码", help="原区划代码"),
    to_code: str = typer.Argument(..., metavar="新代码", help="新代码或并入的代码；更名时同原代码"),
    title: str = typer.Option("", "--title", help="新名称"),
    document: str = typer.Option("", "--document", help="批复文号"),
) -> None:
    """办理区划变更（自 --on 起）；资产、主体、任职随之转移，份额不变。示例：fupin division change 合并 440203102204 440203102205 --document 粤民区〔2020〕1号."""
    from assets.commands.words import word_of
    from assets.divisions_register import change_division
    from assets.models import DivisionChangeKind

    edge: Edge = ctx.obj
    wanted = word_of(DivisionChangeKind, kind, "区划变更")
    with edge.writing("division change") as (session, act):
        moved = change_division(
            session, act, wanted, from_code, to_code, title=title, document=document
        )
    print(
        f"已办理区划{kind}：{from_code}→{to_code}，自{edge.on}起；转移{moved}项资产、主体、任职。"
    )


@app.command()
def history(ctx: typer.Context) -> None:
    """列出全部区划变更。示例：fupin division history."""
    from assets.asof import AsOf
    from assets.columns import label_of
    from assets.divisions_register import changes
    from assets.models import DivisionChangeKind

    edge: Edge = ctx.obj
    with edge.reading() as session:
        edge.print_table(
            ("日期", "变更", "原代码", "新代码", "文号"),
            [
                (
                    row.changed_on,
                    label_of(DivisionChangeKind, row.kind),
                    row.from_code,
                    row.to_code,
                    row.document,
                )
                for row in changes(session, AsOf(edge.on))
            ],
        )
