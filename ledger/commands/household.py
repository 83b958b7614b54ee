"""``fupin household``: who is on the list, who is in a household, and what has changed."""

from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlmodel import Session

    from assets.asof import AsOf
    from assets.commands.edge import Edge
    from ledger.people.households import HouseholdRow

app = typer.Typer(
    help="农户：名单、查询、变动", no_args_is_help=True, rich_markup_mode=None, add_completion=False
)


@app.command("list")
def list_(
    ctx: typer.Context,
    village: str = typer.Option("", "--village", help="只列一个村（村名或12位代码）"),
    town: str = typer.Option("", "--town", help="只列一个镇（镇名或12位代码）"),
    every: bool = typer.Option(False, "--all", help="连同已退出名单的户"),
) -> None:
    """农户名单：户编号、村、镇、人数、状态，末尾合计；不含姓名和号码。示例：fupin household list --town 龙归镇."""
    from assets.asof import AsOf
    from assets.divisions_register import resolve
    from ledger.models import HouseholdStatus
    from ledger.people.households import household_rows

    edge: Edge = ctx.obj
    at = AsOf(edge.on)
    with edge.reading() as session:
        rows = household_rows(
            session,
            at,
            village=resolve(session, village, at) if village else "",
            town=resolve(session, town, at) if town else "",
        )
    if not every:
        rows = [row for row in rows if row.status != HouseholdStatus.LEFT_ROSTER]
    if edge.as_json:
        edge.print_json({"rows": [row_json(row) for row in rows], "totals": totals(rows)})
        return
    headers = ("户编号", "镇", "村", "人数", "状态")
    body = [(row.code, row.town, row.village, row.size, row.status_label) for row in rows]
    edge.print_table(headers, body)
    if not edge.as_csv:
        found = totals(rows)
        by_town = "，".join(
            f"{one['town']}{one['households']}户{one['members']}人" for one in found["towns"]
        )
        print(
            f"合计{found['households']}户{found['members']}人" + (f"：{by_town}" if by_town else "")
        )


def row_json(row: "HouseholdRow") -> dict[str, Any]:
    """A household as JSON: codes, place, size, status; no personal data."""
    return {
        "code": row.code,
        "town": row.town,
        "village": row.village,
        "village_code": row.village_code,
        "group": row.group,
        "size": row.size,
        "labour": row.labour,
        "status": row.status,
        "status_label": row.status_label,
        "monitor_kind": row.monitor_kind,
        "since": row.since.isoformat(),
    }


def totals(rows: "Sequence[HouseholdRow]") -> dict[str, Any]:
    """Households and members, in all and by town (in the order of town codes)."""
    towns: dict[str, list[HouseholdRow]] = {}
    for row in sorted(rows, key=lambda each: each.village_code):
        towns.setdefault(row.town, []).append(row)
    return {
        "households": len(rows),
        "members": sum(row.size for row in rows),
        "towns": [
            {"town": town, "households": len(each), "members": sum(row.size for row in each)}
            for town, each in towns.items()
        ],
    }


@app.command()
def show(
    ctx: typer.Context,
    code: str = typer.Argument(..., metavar="户编号", help="户编号"),
    names: bool = typer.Option(False, "--names", help="显示姓名和脱敏号码，并留下查阅登记"),
) -> None:
    """一户的情况、成员和历次变动。示例：fupin household show 4402031020401."""
    from assets.asof import AsOf

    edge: Edge = ctx.obj
    at = AsOf(edge.on)
    if names:
        with edge.writing("household show") as (session, act):
            found = household_card(session, code, at)
            add_names(session, act, found, code)
    else:
        with edge.reading() as session:
            found = household_card(session, code, at)
    if edge.as_json:
        edge.print_json(found)
        return
    print(f"户{found['code']}　{found['town']}{found['village']}{found['group']}")
    print(f"状态：{found['status_label']}　在世{found['size']}人　自{found['since']}")
    headers = ["人编号", "与户主关系", "劳动能力", "状态", "自"]
    keys = ["code", "relation", "labour_label", "life_label", "since"]
    if names:
        headers += ["姓名", "证件号码", "尾号"]
        keys += ["name", "id_number", "card_tail"]
    edge.print_table(headers, [[member[key] for key in keys] for member in found["members"]])
    edge.print_table(
        ["日期", "变动", "村", "状态"],
        [[e["on"], e["label"], e["village"], e["status_label"]] for e in found["events"]],
    )


def household_card(session: "Session", code: str, at: "AsOf") -> dict[str, Any]:
    """Everything but names and numbers of one household as of a day."""
    from assets.columns import label_of
    from assets.errors import NotFound
    from ledger.models import LabourAbility
    from ledger.people.history import household_history
    from ledger.people.households import household_by_code, household_rows, members

    household = household_by_code(session, code)
    rows = household_rows(session, at, codes=[code])
    if not rows:
        raise NotFound(f"截至{at.day}的农户", code)
    return {
        **row_json(rows[0]),
        "members": [
            {
                "person_id": each.person_id,
                "code": each.code,
                "relation": each.relation,
                "labour": each.labour,
                "labour_label": label_of(LabourAbility, each.labour) if each.labour else "",
                "life": each.life,
                "life_label": "在世" if each.alive else "已故",
                "since": each.since.isoformat(),
            }
            for each in members(session, household.id, at, deceased=True)
        ],
        "events": household_history(session, household.id, at),
    }


def add_names(session: "Session", act: Any, found: dict[str, Any], code: str) -> None:
    """Names and masked numbers of the members, with an access record."""
    from ledger.people.reveal import reveal

    members = found["members"]
    shown = reveal(
        session, [each["person_id"] for each in members], act, "查看农户成员", scope=code
    )
    for each in members:
        data = shown[each["person_id"]]
        each["name"] = data.name
        each["id_number"] = data.masked_id
        each["card_tail"] = data.card_tail


@app.command()
def find(
    ctx: typer.Context,
    id_number: str = typer.Option("", "--id", help="证件号码"),
    card: str = typer.Option("", "--card", help="银行卡号"),
    name: str = typer.Option("", "--name", help="姓名（完全相同）"),
) -> None:
    """按证件号、卡号或姓名查户编号，不显示任何个人信息。示例：fupin household find --name 张三."""
    from assets.asof import AsOf
    from assets.errors import Refused
    from ledger.people.households import household_codes, households_of
    from ledger.people.lookup import find_by_card, find_by_id, find_by_name
    from ledger.people.persons import person_codes

    edge: Edge = ctx.obj
    given = [(find_by_id, id_number), (find_by_card, card), (find_by_name, name)]
    asked = [(by, text) for by, text in given if text]
    if len(asked) != 1:
        raise Refused("请在 --id、--card、--name 中写明一项。")
    by, text = asked[0]
    with edge.reading() as session:
        ids = by(session, text)
        codes = person_codes(session, ids)
        homes = households_of(session, ids, AsOf(edge.on))
        names = household_codes(session, sorted(set(homes.values())))
    found = [
        {"person_code": codes[each], "household_code": names.get(homes.get(each, 0), "")}
        for each in ids
    ]
    if edge.as_json:
        edge.print_json(found)
        return
    edge.print_table(["人编号", "户编号"], [list(each.values()) for each in found])
    if not found:
        edge.note("没有查到。")
