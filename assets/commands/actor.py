"""``fupin actor``: who may decide what, and the exceptions made."""

from datetime import datetime
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from assets.commands.edge import Edge
    from assets.models import Role

app = typer.Typer(
    help="经办人员、角色和岗位分离豁免。", no_args_is_help=True, rich_markup_mode=None
)


@app.command("list")
def list_actors(
    ctx: typer.Context,
    town: str = typer.Option("", "--town", help="只列这个镇（名称或代码）"),
    village: str = typer.Option("", "--village", help="只列这个村（名称或代码）"),
    role: str = typer.Option("", "--role", help="只列这个角色，如 村报账员"),
    ended: bool = typer.Option(False, "--ended", help="已离任的也列出"),
) -> None:
    """列出经办人员和角色（截至 --on 之日）。示例：fupin actor list --town 龙归镇."""
    from assets.asof import AsOf
    from assets.divisions_register import place_name, resolve, titles
    from assets.procedure.actors import actor_titles, appointments

    edge: Edge = ctx.obj
    at = AsOf(edge.on)
    if role:
        _role(role)
    with edge.reading() as session:
        area = resolve(session, village or town, at) if village or town else ""
        stem = area if village else area[:9]
        names, people = titles(session, at), actor_titles(session)
        edge.print_table(
            ("人员编号", "姓名", "角色", "地方", "任职日期", "离任日期"),
            [
                (
                    held.actor_code,
                    people[held.actor_code],
                    held.role.label,
                    place_name(held.division_code, names),
                    held.valid_from,
                    held.valid_to,
                )
                for held in appointments(session, at)
                if held.division_code.startswith(stem)
                and (not role or held.role.label == role)
                and (ended or held.valid_to is None or held.valid_to >= edge.on)
            ],
        )


@app.command()
def add(
    ctx: typer.Context,
    code: str = typer.Argument(..., metavar="人员编号", help="人员编号"),
    name: str = typer.Argument(..., metavar="姓名", help="姓名"),
    role: str = typer.Option(..., "--role", help="角色，如 村报账员、镇财政所、区农业农村局"),
    town: str = typer.Option("", "--town", help="镇"),
    village: str = typer.Option("", "--village", help="村"),
    party: str = typer.Option("", "--party", help="单位编码"),
) -> None:
    """登记一名经办人员的任职（自 --on 起）。示例：fupin actor add R0201 张三 --role 村报账员 --town 龙归镇 --village 龙归村."""
    from assets.asof import AsOf
    from assets.divisions_register import district_code, lookup
    from assets.parties import party_by_code
    from assets.procedure.actors import appoint, refuse_auditor

    edge: Edge = ctx.obj
    wanted = _role(role)
    with edge.writing("actor add") as (session, act):
        refuse_auditor(session, act)
        names = lookup(session, AsOf(edge.on))
        area = names.place(town, village) if town else district_code(session)
        party_id = party_by_code(session, party).id if party else None
        appoint(session, act, code, name, wanted, area, party_id=party_id)
    print(f"已登记：{code} {name} {wanted.label}，自{edge.on}起。")


def _role(label: str) -> "Role":
    from assets.commands.words import word_of
    from assets.models import Role

    return word_of(Role, label, "角色")


@app.command()
def waive(
    ctx: typer.Context,
    code: str = typer.Argument(..., metavar="人员编号", help="被豁免的人员编号，或录入人名称"),
    kind: str = typer.Argument(..., metavar="事项种类", help="事项种类，如 分配方案、确权、移交"),
    object_code: str = typer.Argument(..., metavar="事项编号", help="事项编号"),
    reason: str = typer.Option(..., "--reason", help="理由"),
    until: datetime = typer.Option(..., "--until", formats=["%Y-%m-%d"], help="截止日期"),
) -> None:
    """登记岗位分离豁免（由 --actor 批准，列入每份审计报告）。示例：fupin actor waive R0001 分配方案 FA-2019-001 --reason 村只有一名会计 --until 2019-12-31 --actor R0180."""
    from assets.commands.words import word_of
    from assets.models import ObjectKind
    from assets.procedure.actors import waive as grant

    edge: Edge = ctx.obj
    wanted = word_of(ObjectKind, kind, "事项")
    with edge.writing("actor waive") as (session, act):
        grant(session, act, code, wanted, object_code, reason=reason, until=until.date())
    print(f"已登记豁免：{code} 办理{kind}{object_code}，至{until.date()}。")


@app.command()
def waivers(ctx: typer.Context) -> None:
    """列出全部岗位分离豁免。示例：fupin actor waivers."""
    from assets.asof import AsOf
    from assets.columns import label_of
    from assets.models import ObjectKind
    from assets.procedure.actors import waivers as granted

    edge: Edge = ctx.obj
    with edge.reading() as session:
        edge.print_table(
            ("人员", "事项", "编号", "理由", "批准人", "起", "止"),
            [
                (
                    row.actor_code,
                    label_of(ObjectKind, row.object_kind),
                    row.object_code,
                    row.reason,
                    row.approved_by_code,
                    row.valid_from,
                    row.valid_to,
                )
                for row in granted(session, AsOf(edge.on))
            ],
        )
