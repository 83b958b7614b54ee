"""``fupin funds``: the review of fund documents since 2016 (资金清理)."""

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from assets.commands.edge import Edge

app = typer.Typer(
    help="资金清理：下达、到位、安排、支出、形成资产、结余。",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def funds() -> None:
    """资金清理：下达、到位、安排、支出、形成资产、结余。"""


@app.command()
def review(
    ctx: typer.Context,
    by: str = typer.Option(
        "document", "--by", help="按文件 document、年度 year、级次 level、类型 type、镇 town"
    ),
) -> None:
    """资金清理表（截至 --on 之日），按文件、年度、级次、类型或镇。示例：fupin funds review --by year."""
    from assets.asof import AsOf
    from assets.divisions_register import place_name, titles
    from assets.errors import Refused
    from assets.funds import REVIEWED_BY
    from assets.funds import review as lines_of
    from assets.money import format_yuan
    from assets.projects import UnspentStage

    edge: Edge = ctx.obj
    if by not in REVIEWED_BY:
        raise Refused(f"不能按“{by}”清理。--by 可写：{'、'.join(REVIEWED_BY)}。")
    at = AsOf(edge.on)
    with edge.reading() as session:
        lines = lines_of(session, at, by=by)
        names = titles(session, at) if by == "town" else {}
    heads = {"document": "文号", "year": "年度", "level": "级次", "type": "类型", "town": "镇"}
    edge.print_table(
        (
            *(heads[by], "下达(元)", "到位(元)", "安排(元)", "支出(元)", "形成资产(元)"),
            *("物化率(%)", *(f"{stage.label}(元)" for stage in UnspentStage)),
        ),
        [
            (
                place_name(line.key, names) if by == "town" else line.key,
                *(format_yuan(line.issued_fen), format_yuan(line.received_fen)),
                *(format_yuan(line.allocated_fen), format_yuan(line.spent_fen)),
                format_yuan(line.formed_fen),
                f"{line.formed_ppm // 10_000}.{line.formed_ppm % 10_000 // 100:02d}",
                *(format_yuan(line.unspent_fen.get(stage, 0)) for stage in UnspentStage),
            )
            for line in lines
        ],
    )
