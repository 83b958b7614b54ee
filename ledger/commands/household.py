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


# --- events ---------------------------------------------------------------------------------

event_app = typer.Typer(
    help="登记农户变动：出生、亡故、迁移、分户、并户、户主、状态等。"
    "示例：fupin household event death 440203102040102 --day 2020-05-01 --new-head 440203102040101.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)
app.add_typer(event_app, name="event")

DAY = typer.Option("", "--day", help="变动发生的日期，默认办理日，如 2020-05-01")


def said(edge: "Edge", text: str) -> None:
    """Say that an event is recorded."""
    print(text if not edge.dry_run else f"（试运行）{text}")


@event_app.command("birth")
def birth(
    ctx: typer.Context,
    household: str = typer.Argument(..., metavar="户编号", help="户编号"),
    person: str = typer.Argument(..., metavar="新人编号", help="新人编号"),
    name: str = typer.Option(..., "--name", help="姓名（加密保存）"),
    id_number: str = typer.Option("", "--id", help="证件号码（加密保存，不知道的留空待核）"),
    relation: str = typer.Option(..., "--relation", help="与户主关系，如 之子"),
    labour: str = typer.Option("", "--labour", help="劳动能力，如 无劳动力"),
    day: str = DAY,
) -> None:
    """登记出生或新增成员。示例：fupin household event birth 5004333397 501234567890 --name 张小 --relation 之子."""
    from ledger.people.events import NewMember, record_birth
    from ledger.people.persons import PersonalData

    edge: Edge = ctx.obj
    data = PersonalData(name=name, id_number=id_number)
    member = NewMember(person, data, relation, labour_of(labour) if labour else None)
    with edge.writing("household event birth") as (session, act):
        record_birth(session, act, household, member, born_on=edge.day(day))
    said(edge, f"已登记：户{household}新增成员{person}。")


def labour_of(text: str) -> Any:
    """The labour ability a user typed.

    Raises:
        Refused: Lists the known ones.
    """
    from assets.commands.words import word_of
    from ledger.models import LabourAbility

    return word_of(LabourAbility, text, "劳动能力")


@event_app.command("death")
def death(
    ctx: typer.Context,
    person: str = typer.Argument(..., metavar="人编号", help="人编号"),
    new_head: str = typer.Option("", "--new-head", help="新户主的人编号（亡故的是户主时）"),
    day: str = DAY,
) -> None:
    """登记亡故。示例：fupin household event death 440203102040102 --day 2020-05-01."""
    from ledger.people.events import record_death

    edge: Edge = ctx.obj
    with edge.writing("household event death") as (session, act):
        record_death(session, act, person, died_on=edge.day(day), new_head=new_head)
    said(edge, f"已登记：人员{person}亡故。")


@event_app.command("join")
def join(
    ctx: typer.Context,
    household: str = typer.Argument(..., metavar="户编号", help="户编号"),
    person: str = typer.Argument(..., metavar="人编号", help="人编号"),
    relation: str = typer.Option(..., "--relation", help="与户主关系，如 配偶"),
    day: str = DAY,
) -> None:
    """已登记的人员迁入一户（婚嫁、回迁）。示例：fupin household event join 5004333397 501234567890 --relation 配偶."""
    from ledger.people.events import admit

    edge: Edge = ctx.obj
    with edge.writing("household event join") as (session, act):
        admit(session, act, household, person, relation, joined_on=edge.day(day))
    said(edge, f"已登记：人员{person}迁入户{household}。")


@event_app.command("leave")
def leave(
    ctx: typer.Context,
    person: str = typer.Argument(..., metavar="人编号", help="人编号"),
    day: str = DAY,
) -> None:
    """成员迁出本区。示例：fupin household event leave 501234567890 --day 2020-05-01."""
    from ledger.people.events import release

    edge: Edge = ctx.obj
    with edge.writing("household event leave") as (session, act):
        release(session, act, person, left_on=edge.day(day))
    said(edge, f"已登记：人员{person}迁出。")


@event_app.command("move")
def move(
    ctx: typer.Context,
    household: str = typer.Argument(..., metavar="户编号", help="户编号"),
    village: str = typer.Argument(..., metavar="村", help="村名或12位代码"),
    group: str = typer.Option("", "--group", help="新村民小组"),
    day: str = DAY,
) -> None:
    """整户迁到另一个村。示例：fupin household event move 5004333397 龙归村 --day 2020-05-01."""
    from assets.asof import AsOf
    from assets.divisions_register import resolve
    from ledger.people.events import move_household

    edge: Edge = ctx.obj
    when = edge.day(day)
    with edge.writing("household event move") as (session, act):
        code = resolve(session, village, AsOf(when))
        move_household(session, act, household, code, moved_on=when, group=group)
    said(edge, f"已登记：户{household}迁到{village}。")


@event_app.command("split")
def split(
    ctx: typer.Context,
    household: str = typer.Argument(..., metavar="原户编号", help="原户编号"),
    new: str = typer.Argument(..., metavar="新户编号", help="新户编号"),
    people: list[str] = typer.Option(..., "--person", help="分出的人编号，可重复"),
    head: str = typer.Option(..., "--head", help="新户户主的人编号"),
    day: str = DAY,
) -> None:
    """分户。示例：fupin household event split 5004333397 5004333398 --person 501234567890 --head 501234567890."""
    from ledger.people.events import split_household

    edge: Edge = ctx.obj
    with edge.writing("household event split") as (session, act):
        split_household(session, act, household, new, people, head=head, split_on=edge.day(day))
    said(edge, f"已登记：户{household}分出户{new}，{len(people)}人。")


@event_app.command("merge")
def merge(
    ctx: typer.Context,
    into: str = typer.Argument(..., metavar="并入户编号", help="并入户编号"),
    source: str = typer.Argument(..., metavar="被并户编号", help="被并户编号"),
    day: str = DAY,
) -> None:
    """并户。示例：fupin household event merge 5004333397 5008130626 --day 2020-05-01."""
    from ledger.people.events import merge_households

    edge: Edge = ctx.obj
    with edge.writing("household event merge") as (session, act):
        merge_households(session, act, into, source, merged_on=edge.day(day))
    said(edge, f"已登记：户{source}并入户{into}。")


@event_app.command("head")
def head(
    ctx: typer.Context,
    household: str = typer.Argument(..., metavar="户编号", help="户编号"),
    person: str = typer.Argument(..., metavar="新户主人编号", help="新户主人编号"),
    old_relation: str = typer.Option("其他", "--old-relation", help="原户主与新户主的关系"),
    day: str = DAY,
) -> None:
    """变更户主。示例：fupin household event head 5004333397 501234567890 --old-relation 之父."""
    from ledger.people.events import change_head

    edge: Edge = ctx.obj
    with edge.writing("household event head") as (session, act):
        when = edge.day(day)
        change_head(session, act, household, person, changed_on=when, old_relation=old_relation)
    said(edge, f"已登记：户{household}户主变更为{person}。")


@event_app.command("status")
def status(
    ctx: typer.Context,
    household: str = typer.Argument(..., metavar="户编号", help="户编号"),
    to: str = typer.Argument(
        ..., metavar="状态", help="脱贫户、监测户、建档立卡户、一般户或退出名单"
    ),
    kind: str = typer.Option("", "--monitor", help="监测类型，如 边缘易致贫户"),
    cleared: bool = typer.Option(False, "--cleared", help="风险已消除"),
    day: str = DAY,
) -> None:
    """状态变更：返贫、纳入监测、风险消除、退出名单。示例：fupin household event status 5004333397 监测户 --monitor 边缘易致贫户."""
    from assets.errors import Refused
    from ledger.intake.households import monitor_kind_of
    from ledger.models import HouseholdStatus, MonitorKind
    from ledger.people.events import change_status

    edge: Edge = ctx.obj
    wanted = next((each for each in HouseholdStatus if to in (each.label, each.value)), None)
    monitor = monitor_kind_of(kind) if kind else None
    if wanted is None or (kind and monitor is None):
        states = "、".join(each.label for each in HouseholdStatus)
        kinds = "、".join(each.label for each in MonitorKind)
        raise Refused(f"状态可用：{states}；监测类型可用：{kinds}。")
    with edge.writing("household event status") as (session, act):
        change_status(
            session,
            act,
            household,
            wanted,
            changed_on=edge.day(day),
            monitor_kind=monitor,
            risk_cleared=True if cleared else None,
        )
    said(edge, f"已登记：户{household}变为{wanted.label}。")


@event_app.command("labour")
def labour_(
    ctx: typer.Context,
    person: str = typer.Argument(..., metavar="人编号", help="人编号"),
    ability: str = typer.Argument(..., metavar="劳动能力", help="如 丧失劳动力"),
    day: str = DAY,
) -> None:
    """变更劳动能力。示例：fupin household event labour 501234567890 丧失劳动力."""
    from ledger.people.events import change_labour

    edge: Edge = ctx.obj
    with edge.writing("household event labour") as (session, act):
        change_labour(session, act, person, labour_of(ability), changed_on=edge.day(day))
    said(edge, f"已登记：人员{person}为{ability}。")


@event_app.command("correct")
def correct(
    ctx: typer.Context,
    person: str = typer.Argument(..., metavar="人编号", help="人编号"),
    name: str = typer.Option("", "--name", help="姓名"),
    id_number: str = typer.Option("", "--id", help="证件号码"),
    card: str = typer.Option("", "--card", help="银行卡号"),
    bank: str = typer.Option("", "--bank", help="开户银行"),
    phone: str = typer.Option("", "--phone", help="联系电话"),
    day: str = DAY,
) -> None:
    """更正姓名、证件号、卡号、电话（加密保存）。示例：fupin household event correct 501234567890 --bank 农村商业银行."""
    from ledger.people.events import correct_person

    edge: Edge = ctx.obj
    given = {"name": name, "id_number": id_number, "card": card, "bank": bank, "phone": phone}
    changes = {field: value for field, value in given.items() if value}
    with edge.writing("household event correct") as (session, act):
        correct_person(session, act, person, corrected_on=edge.day(day), **changes)
    said(edge, f"已更正：人员{person}。")


@event_app.command("payee")
def payee(
    ctx: typer.Context,
    household: str = typer.Argument(..., metavar="户编号", help="户编号"),
    beneficiary: str = typer.Argument(..., metavar="受益人编号", help="受益人编号"),
    receiver: str = typer.Argument(..., metavar="领款人编号", help="领款人编号"),
    relation: str = typer.Option(..., "--relation", help="领款人与受益人的关系"),
    document: str = typer.Option(..., "--document", help="委托书或监护证明的编号"),
    until: str = typer.Option(..., "--until", help="委托截止日"),
) -> None:
    """登记代领（委托书、监护证明）。示例：fupin household event payee 5004333397 501234567890 501234567891 --relation 监护人 --document 委字1号 --until 2021-12-31."""
    from ledger.people.events import authorise_payee

    edge: Edge = ctx.obj
    with edge.writing("household event payee") as (session, act):
        authorise_payee(
            session,
            act,
            household,
            beneficiary,
            receiver,
            relation=relation,
            document=document,
            until=edge.day(until),
        )
    said(edge, f"已登记：{receiver}代领{beneficiary}的款项。")


@event_app.command("recode")
def recode(
    ctx: typer.Context,
    old: str = typer.Argument(..., metavar="原村代码", help="原村代码"),
    new: str = typer.Argument(..., metavar="新村代码", help="新村代码"),
    day: str = DAY,
) -> None:
    """并村、改码后，全村农户随之变更。示例：fupin household event recode 440203102211 440203102212 --day 2021-01-01."""
    from ledger.people.events import recode_village

    edge: Edge = ctx.obj
    with edge.writing("household event recode") as (session, act):
        count = recode_village(session, act, old, new, changed_on=edge.day(day))
    said(edge, f"已登记：{count}户由{old}变更到{new}。")


@app.command()
def erase(
    ctx: typer.Context,
    household: str = typer.Argument(..., metavar="户编号", help="户编号"),
    reason: str = typer.Option(..., "--reason", help="理由和依据文件"),
) -> None:
    """依法删除一户的个人信息；会计档案保管期内改为限制处理。示例：fupin household erase 5004333397 --reason 本人申请〔2021〕3号."""
    from ledger.people.erasure import erase as erase_household
    from ledger.people.erasure import kept_until
    from ledger.people.households import household_by_code

    edge: Edge = ctx.obj
    with edge.writing("household erase") as (session, act):
        row = erase_household(session, act, household, reason)
        until = kept_until(session, household_by_code(session, household))
    if row.outcome == "ERASED":
        said(edge, f"已删除户{household}的个人信息，不可恢复；金额和留痕不变。")
        return
    said(edge, f"保管期至{until}，暂不能删除，已限制处理户{household}的个人信息。")
    raise typer.Exit(1)


@app.command()
def roster(
    ctx: typer.Context,
    code: str = typer.Argument(..., metavar="名册编号", help="如 FA-2019-001-R1"),
) -> None:
    """冻结名册：各户人数、状态，和与上次相比的增减及原因。示例：fupin household roster FA-2019-001-R1."""
    from ledger.people.households import household_codes
    from ledger.people.roster import roster_by_code, roster_differences, roster_members

    edge: Edge = ctx.obj
    with edge.reading() as session:
        found = roster_by_code(session, code)
        entries = roster_members(session, found)
        changes = roster_differences(session, found)
        names = household_codes(session, sorted({each.household_id for each in changes}))
    listed = [
        {
            "code": each.code,
            "village": each.village,
            "persons": each.persons,
            "labour": each.labour,
            "status": each.status.label,
        }
        for each in entries
    ]
    changed = [
        {"code": names[each.household_id], "change": each.change, "reason": each.reason}
        for each in changes
    ]
    if edge.as_json:
        edge.print_json(
            {
                "roster": found.code,
                "cut_off_on": found.cut_off_on.isoformat(),
                "households": found.household_count,
                "persons": found.person_count,
                "rows": listed,
                "differences": changed,
            }
        )
        return
    edge.print_table(["户编号", "村", "人数", "劳动力", "状态"], [list(r.values()) for r in listed])
    if not edge.as_csv:
        print(f"截止{found.cut_off_on}：{found.household_count}户{found.person_count}人")
        edge.print_table(["户编号", "增减", "原因"], [list(c.values()) for c in changed])
