"""``fupin asset``: the register, one asset's card, its history, its chain from either end."""

from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from sqlmodel import Session

    from assets.asof import AsOf
    from assets.commands.edge import Edge

app = typer.Typer(
    help="资产台账：清单、卡片、沿革、资金到户全链条。", no_args_is_help=True, rich_markup_mode=None
)

TOWN = typer.Option("", "--town", help="只列这个镇（名称或代码）")
VILLAGE = typer.Option("", "--village", help="只列这个村（名称或代码）")
CODE = typer.Argument(..., metavar="资产编号", help="资产编号")


@app.command("list")
def list_assets(
    ctx: typer.Context,
    town: str = TOWN,
    village: str = VILLAGE,
    asset_class: str = typer.Option("", "--class", help="经营性、公益性或到户类"),
) -> None:
    """列出资产台账（截至 --on 之日）。示例：fupin asset list --town 龙归镇 --class 经营性."""
    from assets.asof import AsOf
    from assets.columns import label_of
    from assets.divisions_register import place_name, titles
    from assets.models import AssetClass, AssetForm, AssetState, Condition
    from assets.money import format_yuan
    from assets.registration import asset_rows

    edge: Edge = ctx.obj
    at = AsOf(edge.on)
    with edge.reading() as session:
        rows = asset_rows(
            session,
            at,
            town=_place(session, town, at),
            village=_place(session, village, at),
            asset_class=_class_code(asset_class),
        )
        names = titles(session, at)
        edge.print_table(
            ("编号", "名称", "类别", "形态", "坐落", "购建日期", "原值(元)", "状况", "状态"),
            [
                (
                    row.code,
                    row.title,
                    label_of(AssetClass, row.asset_class),
                    label_of(AssetForm, row.form),
                    place_name(row.division_code, names),
                    row.acquired_on,
                    format_yuan(row.original_value_fen),
                    label_of(Condition, row.condition),
                    label_of(AssetState, row.state) if row.state else "",
                )
                for row in rows
            ],
        )
        total = sum(row.original_value_fen for row in rows)
    edge.note(f"共{len(rows)}项，原值合计{format_yuan(total)}元（截至{edge.on}）。")


@app.command()
def show(ctx: typer.Context, code: str = CODE) -> None:
    """显示一项资产的卡片：资料、资金、权利、状态、缺失资料。示例：fupin asset show 440203102204-2017-J-0001."""
    from assets.asof import AsOf

    edge: Edge = ctx.obj
    with edge.reading() as session:
        card = _card(session, code, AsOf(edge.on))
    if edge.as_json:
        edge.print_json(card)
        return
    for name, value in card.items():
        if isinstance(value, list):
            print(f"{name}：" + ("" if value else "无"))
            for line in value:
                print(
                    "  " + "  ".join(str(part) for part in line.values() if part not in ("", None))
                )
        else:
            print(f"{name}：{value if value is not None else ''}")


@app.command()
def history(ctx: typer.Context, code: str = CODE) -> None:
    """按日期列出一项资产的全部变动：卡片、状态、权利、状况。示例：fupin asset history 440203102204-2017-J-0001."""
    from assets.asof import AsOf
    from assets.tracing import history as events_of

    edge: Edge = ctx.obj
    with edge.reading() as session:
        edge.print_table(
            ("日期", "记录", "事项", "内容"),
            [
                (event.on, event.entry_id, event.what, event.text)
                for event in events_of(session, code, AsOf(edge.on))
            ],
        )


@app.command()
def trace(
    ctx: typer.Context,
    code: str = typer.Argument("", metavar="资产编号", help="资产编号"),
    document: str = typer.Option("", "--document", help="资金文号：从文件查到资产"),
) -> None:
    """查一项资产的来龙去脉，或从资金文号查到资产。示例：fupin asset trace 440203102204-2017-J-0001."""
    from assets.asof import AsOf
    from assets.errors import Refused
    from assets.tracing import trace as chain_of
    from assets.tracing import trace_document

    edge: Edge = ctx.obj
    if bool(code) == bool(document):
        raise Refused("请写一个资产编号，或用 --document 写一个资金文号，两者选一。")
    at = AsOf(edge.on)
    with edge.reading() as session:
        chain = chain_of(session, code, at) if code else trace_document(session, document, at)
    if edge.as_json:
        edge.print_json(chain.as_json())
    else:
        print("\n".join(chain.lines()))


@app.command()
def condition(
    ctx: typer.Context,
    code: str = CODE,
    what: str = typer.Argument(..., metavar="情形", help="闲置、维修、损毁、恢复使用或保险理赔"),
    remark: str = typer.Option(..., "--remark", help="情况说明"),
    amount: str = typer.Option("", "--amount", help="金额（元），如维修费、理赔款"),
) -> None:
    """登记状况变动。示例：fupin asset condition 440203102204-2017-J-0001 闲置 --remark 承租户退租."""
    from assets.commands.words import word_of
    from assets.money import parse_yuan
    from assets.operation import ConditionKind, record_condition

    edge: Edge = ctx.obj
    kind = word_of(ConditionKind, what, "状况变动")
    amount_fen = parse_yuan(amount) if amount else None
    with edge.writing("asset condition") as (session, act):
        record_condition(session, act, code, kind, remark=remark, amount_fen=amount_fen)
    print(f"已登记：{code} {kind.label}（{edge.on}）。")


@app.command()
def reclassify(
    ctx: typer.Context,
    code: str = CODE,
    asset_class: str = typer.Argument(..., metavar="类别", help="经营性、公益性或到户类"),
    reason: str = typer.Option(..., "--reason", help="理由和依据文件"),
) -> None:
    """重新分类（区农业农村局）。示例：fupin asset reclassify 440203102204-2017-G-0003 经营性 --reason 屋顶出租有收益."""
    from assets.classification import reclassify as decide
    from assets.models import AssetClass

    edge: Edge = ctx.obj
    wanted = next(each for each in AssetClass if each == _class_code(asset_class))
    with edge.writing("asset reclassify") as (session, act):
        decide(session, act, code, wanted, reason=reason)
    print(f"已重新分类：{code} 自{edge.on}起为{wanted.label}资产。")


def _place(session: "Session", text: str, at: "AsOf") -> str:
    from assets.divisions_register import resolve

    return resolve(session, text, at) if text and text != "all" else ""


def _class_code(text: str) -> str:
    from assets.errors import Refused
    from assets.models import AssetClass

    if not text:
        return ""
    for each in AssetClass:
        if text in (each.label, each.value):
            return each.value
    raise Refused(f"没有“{text}”这个类别。可写：经营性、公益性、到户类。")


def _card(session: "Session", code: str, at: "AsOf") -> dict[str, Any]:
    from assets.columns import label_of
    from assets.divisions_register import place_name, titles
    from assets.models import AssetClass, AssetForm, AssetState, Condition
    from assets.money import format_yuan
    from assets.registration import asset_rows
    from assets.tracing import trace as chain_of

    chain = chain_of(session, code, at)
    row = next(each for each in asset_rows(session, at) if each.code == code)
    card: dict[str, Any] = {
        "资产编号": row.code,
        "资产名称": row.title,
        "项目编号": row.project_code,
        "资产类别": label_of(AssetClass, row.asset_class),
        "资产形态": label_of(AssetForm, row.form),
        "资产子类": row.subclass,
        "坐落": f"{place_name(row.division_code, titles(session, at))} {row.place}",
        "规格型号": row.spec,
        "数量": f"{row.quantity}{row.quantity_unit}",
        "购建日期": row.acquired_on,
        "投入使用日期": row.in_use_on,
        "使用年限": row.life_months // 12 if row.life_months else None,
        "原值(元)": format_yuan(row.original_value_fen),
        "状况": label_of(Condition, row.condition),
        "状态": label_of(AssetState, row.state) if row.state else "",
        "到户户编号": row.household_code,
    }
    card |= _plant_card(session, row.asset_id, at)
    for node in chain.root.children:
        lines = card.setdefault(node.kind, [])
        for each in node.children or (node,):
            amount = format_yuan(each.amount_fen) if each.amount_fen is not None else ""
            lines.append(
                {
                    "种类": each.kind,
                    "编号": each.code,
                    "名称": each.title,
                    "金额(元)": amount,
                    "日期": each.on,
                    "说明": each.note,
                }
            )
    return card


def _plant_card(session: "Session", asset_id: int, at: "AsOf") -> dict[str, Any]:
    from assets.registration import plant_fact

    plant = plant_fact(session, asset_id, at)
    if plant is None:
        return {}
    return {
        "装机容量(瓦)": plant.capacity_w,
        "电站国家编码": plant.national_code or "",
        "是否列入目录": "是" if plant.in_national_catalogue else "否",
        "标杆电价(微元/千瓦时)": plant.benchmark_tariff_uyuan,
        "补贴电价(微元/千瓦时)": plant.subsidy_tariff_uyuan,
    }
