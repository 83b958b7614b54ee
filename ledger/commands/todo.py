"""``fupin todo``: what waits for whom, until when, and which papers are missing."""

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from assets.commands.edge import Edge


def todo(
    ctx: typer.Context,
    town: str = typer.Option("", "--town", help="镇或村（名称或代码）"),
    overdue: bool = typer.Option(False, "--overdue", help="只看已超期的"),
) -> None:
    """待办事项：谁该办什么、期限、缺什么材料；--actor 只看一人的。示例：fupin todo --town 龙归镇."""
    from assets.asof import AsOf
    from assets.divisions_register import place_name, resolve, titles
    from ledger.checks import stale_note
    from ledger.todo import tasks

    edge: Edge = ctx.obj
    with edge.reading() as session:
        at = AsOf(edge.on)
        division = resolve(session, town, at) if town else ""
        found = tasks(session, edge.on, division=division, actor=edge.actor)
        names = titles(session, at)
        stale = [] if division or edge.actor else stale_note(session)
    rows = []
    for task in found:
        left = task.days_left(edge.on)
        if overdue and (left is None or left >= 0):
            continue
        rows.append(
            [
                task.what,
                task.code,
                place_name(task.division_code, names) if task.division_code else "",
                task.offices or "责任人",
                "、".join(task.people[:3]) + ("等" if len(task.people) > 3 else ""),
                task.since,
                task.due_on,
                "" if left is None else left,
                task.remark,
                task.fupin,
            ]
        )
    heads = ["事项", "编号", "地点", "岗位", "经办人", "自", "期限", "剩余天数", "说明", "命令"]
    edge.print_table(heads, rows)
    for note in stale:
        edge.note(f"提醒：{note.message}")
    late = sum(1 for row in rows if isinstance(row[7], int) and row[7] < 0)
    edge.note(f"待办{len(rows)}项，其中超期{late}项。")
