"""``fupin stock``: stocktaking campaigns of a village, their findings and differences."""

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from assets.commands.edge import Edge
    from assets.stocktaking import Finding

app = typer.Typer(
    help="清查盘点：一村一次，逐项登记，差异要有原因。",
    no_args_is_help=True,
    rich_markup_mode=None,
)

CODE = typer.Argument(..., metavar="编号", help="盘点编号")


@app.command()
def start(
    ctx: typer.Context,
    code: str = CODE,
    village: str = typer.Option(..., "--village", help="村（名称或代码）"),
) -> None:
    """开始一个村的盘点，清单为 --on 之日的台账。示例：fupin stock start PD-2020-01 --village 龙归村."""
    from assets.asof import AsOf
    from assets.divisions_register import resolve
    from assets.stocktaking import lines_of
    from assets.stocktaking import start as verb

    edge: Edge = ctx.obj
    with edge.writing("stock start") as (session, act):
        place = resolve(session, village, AsOf(act.on))
        count = len(lines_of(session, verb(session, act, code, place)))
    print(f"盘点{code}：清单{count}项，请逐项登记实有数量。")


@app.command()
def count(
    ctx: typer.Context,
    code: str = CODE,
    found: list[str] = typer.Option(
        [], "--found", metavar="资产=数量[:原因]", help="实有数量；有差异的写原因，可重复"
    ),
    rest_found: bool = typer.Option(False, "--rest-found", help="其余各项账实相符"),
) -> None:
    """登记盘点结果。示例：fupin stock count PD-2020-01 --found 440203102204-2017-J-0001=0:灭失 --rest-found."""
    from assets.stocktaking import Finding, as_registered, campaign_by_code, record

    edge: Edge = ctx.obj
    inputs = "/".join([*found, "rest" if rest_found else ""])
    findings = [_finding(text) for text in found]
    with edge.writing("stock count", inputs=inputs) as (session, act):
        campaign = campaign_by_code(session, code)
        if rest_found:
            named = {each.asset_code for each in findings}
            findings += [
                Finding(each.asset_code, each.found_quantity)
                for each in as_registered(session, campaign)
                if each.asset_code not in named
            ]
        rows = record(session, act, code, findings)
        different = sum(row.difference_reason is not None for row in rows)
    print(f"盘点{code}：登记{len(rows)}项，有差异{different}项。")


def _finding(text: str) -> "Finding":
    from assets.commands.words import word_of
    from assets.errors import InvalidValue
    from assets.models import DifferenceReason
    from assets.stocktaking import Finding

    asset, equals, rest = text.partition("=")
    quantity, _, word = rest.partition(":")
    if not equals or not quantity:
        raise InvalidValue(f"“{text}”写法不对，应为 资产编号=数量 或 资产编号=数量:原因。")
    reason = word_of(DifferenceReason, word, "差异原因") if word else None
    return Finding(asset, quantity, reason)


@app.command("list")
def list_campaigns(ctx: typer.Context) -> None:
    """列出各次盘点和进度。示例：fupin stock list."""
    from assets.asof import AsOf
    from assets.divisions_register import place_name, titles
    from assets.stocktaking import campaigns

    edge: Edge = ctx.obj
    at = AsOf(edge.on)
    with edge.reading() as session:
        names = titles(session, at)
        edge.print_table(
            ("编号", "村", "盘点日期", "清单项数", "已盘", "有差异", "状态"),
            [
                (
                    row.code,
                    place_name(row.village_code, names),
                    row.counted_on,
                    row.assets,
                    row.counted,
                    row.different,
                    "已完成" if row.complete else f"还有{row.assets - row.counted}项未盘",
                )
                for row in campaigns(session, at)
            ],
        )


@app.command()
def show(ctx: typer.Context, code: str = CODE) -> None:
    """查看一次盘点的清单和结果。示例：fupin stock show PD-2020-01."""
    from assets.stocktaking import campaign_by_code, lines_of

    edge: Edge = ctx.obj
    with edge.reading() as session:
        lines = lines_of(session, campaign_by_code(session, code))
    edge.print_table(
        ("资产编号", "资产名称", "单位", "账上数量", "实有数量", "差异原因"),
        [
            (
                line.asset.code,
                line.asset.title,
                line.asset.quantity_unit,
                line.booked_quantity,
                line.found_quantity,
                line.reason.label if line.reason else "",
            )
            for line in lines
        ],
    )


@app.command()
def differences(ctx: typer.Context) -> None:
    """列出全部盘点差异和下一步。示例：fupin stock differences."""
    from assets.asof import AsOf
    from assets.stocktaking import NEXT_STEP
    from assets.stocktaking import differences as rows_of

    edge: Edge = ctx.obj
    with edge.reading() as session:
        rows = rows_of(session, AsOf(edge.on))
        edge.print_table(
            ("盘点编号", "资产编号", "账上数量", "实有数量", "差异原因", "下一步"),
            [
                (
                    campaign.code,
                    line.asset.code,
                    line.booked_quantity,
                    line.found_quantity,
                    line.reason.label,
                    NEXT_STEP[line.reason],
                )
                for campaign, line in rows
                if line.reason is not None
            ],
        )
