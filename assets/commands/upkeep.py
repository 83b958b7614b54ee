"""``fupin upkeep``: who keeps an asset, what inspections found, what nobody looks after."""

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from sqlmodel import Session

    from assets.asof import AsOf
    from assets.commands.edge import Edge
    from assets.trail import Act

app = typer.Typer(
    help="管护：责任人、任务、巡查、无人管护清单。", no_args_is_help=True, rich_markup_mode=None
)

CODE = typer.Argument(..., metavar="资产编号", help="资产编号")
CODES = typer.Argument(..., metavar="资产编号…", help="一个或多个资产编号")
DUTY = typer.Option("日常管护", "--duty", help="管护内容")


@app.command()
def assign(
    ctx: typer.Context,
    codes: list[str] = CODES,
    keeper: str = typer.Option(..., "--keeper", help="管护人（主体编码）"),
    duty: str = DUTY,
    budget: str = typer.Option("", "--budget", help="每年管护经费（元）"),
    until: str = typer.Option("", "--until", help="止于哪天，如 2025-12-31；不写为长期"),
) -> None:
    """落实管护责任（自 --on 起），同一内容换人即更替。示例：fupin upkeep assign 440203102204-2017-J-0001 --keeper V440203102204 --duty 清洗除草 --budget 3600."""
    from datetime import date

    from assets.errors import InvalidValue
    from assets.money import parse_yuan
    from assets.upkeep import assign as verb

    edge: Edge = ctx.obj
    try:
        last = date.fromisoformat(until) if until else None
    except ValueError:
        raise InvalidValue(f"日期“{until}”写法不对，应为 2025-12-31 这样的年-月-日。") from None
    budget_fen = parse_yuan(budget) if budget else None

    def one(session: "Session", act: "Act", code: str) -> str:
        verb(session, act, code, keeper, duty=duty, yearly_budget_fen=budget_fen, until=last)
        return f"{code}：{duty}自{act.on}起由{keeper}负责。"

    edge.each(codes, "upkeep assign", one, inputs=f"{budget}/{until}")


@app.command()
def end(ctx: typer.Context, code: str = CODE, duty: str = DUTY) -> None:
    """终止一项管护责任（--on 为最后一天）。示例：fupin upkeep end 440203102204-2017-J-0001 --duty 清洗除草."""
    from assets.upkeep import end as verb

    edge: Edge = ctx.obj
    with edge.writing("upkeep end") as (session, act):
        verb(session, act, code, duty=duty)
    print(f"{code}：{duty}到{edge.on}为止。")


@app.command("list")
def list_duties(
    ctx: typer.Context,
    code: str = typer.Option("", "--asset", help="只列这项资产"),
) -> None:
    """列出 --on 之日的管护责任。示例：fupin upkeep list."""
    from assets.asof import AsOf
    from assets.parties import party_titles
    from assets.registration import asset_by_code, asset_ids
    from assets.upkeep import duties

    edge: Edge = ctx.obj
    at = AsOf(edge.on)
    with edge.reading() as session:
        asset_id = asset_by_code(session, code).id if code else None
        names, codes = party_titles(session, at), _turned(asset_ids(session))
        edge.print_table(
            ("资产编号", "管护内容", "管护人", "年经费(元)", "起始日", "截止日"),
            [
                (
                    codes[row.asset_id],
                    row.duty,
                    names.get(row.keeper_party_id, ""),
                    _yuan(row.yearly_budget_fen),
                    row.valid_from,
                    row.valid_to,
                )
                for row in duties(session, at, asset_id=asset_id)
            ],
        )


@app.command()
def inspect(
    ctx: typer.Context,
    codes: list[str] = CODES,
    result: str = typer.Option("完好", "--result", help="巡查情况"),
) -> None:
    """登记一次巡查（--on 之日，--actor 为巡查人）。示例：fupin upkeep inspect 440203102204-2017-J-0001 --result 围栏破损已报修 --actor R0001."""
    from assets.upkeep import inspect as verb

    edge: Edge = ctx.obj

    def one(session: "Session", act: "Act", code: str) -> str:
        return f"{code}：{act.on}巡查，{verb(session, act, code, result=result).result}。"

    edge.each(codes, "upkeep inspect", one, inputs=result)


@app.command()
def inspections(
    ctx: typer.Context, code: str = typer.Option("", "--asset", help="只列这项资产")
) -> None:
    """列出截至 --on 之日的巡查记录。示例：fupin upkeep inspections --asset 440203102204-2017-J-0001."""
    from assets.asof import AsOf
    from assets.registration import asset_by_code, asset_ids
    from assets.upkeep import inspections as rows_of

    edge: Edge = ctx.obj
    with edge.reading() as session:
        asset_id = asset_by_code(session, code).id if code else None
        codes = _turned(asset_ids(session))
        edge.print_table(
            ("日期", "资产编号", "情况", "巡查人"),
            [
                (row.inspected_on, codes[row.asset_id], row.result, row.actor_code)
                for row in rows_of(session, AsOf(edge.on), asset_id=asset_id)
            ],
        )


@app.command()
def due(
    ctx: typer.Context,
    days: int = typer.Option(90, "--days", help="多少天内应巡查一次"),
    town: str = typer.Option("", "--town", help="只列这个镇（名称或代码）"),
    village: str = typer.Option("", "--village", help="只列这个村（名称或代码）"),
) -> None:
    """列出无人管护或逾期未巡查的资产。示例：fupin upkeep due --days 90 --town 龙归镇."""
    from assets.asof import AsOf
    from assets.upkeep import unkept

    edge: Edge = ctx.obj
    at = AsOf(edge.on)
    with edge.reading() as session:
        rows = unkept(
            session,
            at,
            notice_days=days,
            town=_place(session, town, at),
            village=_place(session, village, at),
        )
    edge.print_table(
        ("资产编号", "资产名称", "管护人", "上次巡查", "距今天数"),
        [
            (x.asset.code, x.asset.title, "有" if x.has_keeper else "无", x.last_on, x.days)
            for x in rows
        ],
    )


def _place(session: "Session", text: str, at: "AsOf") -> str:
    from assets.divisions_register import resolve

    return resolve(session, text, at) if text and text != "all" else ""


def _turned(ids: dict[str, int]) -> dict[int, str]:
    return {number: code for code, number in ids.items()}


def _yuan(fen: int | None) -> str:
    from assets.money import format_yuan

    return "" if fen is None else format_yuan(fen)
