"""``fupin title``: confirmation of ownership, one act for many assets of a village."""

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from assets.commands.edge import Edge

app = typer.Typer(
    help="确权：拟定、决议、公示、异议、意见、确认发证", no_args_is_help=True, rich_markup_mode=None
)

CODE = typer.Argument(..., metavar="编号", help="确权事项编号")
CODES = typer.Argument(..., metavar="编号…", help="一个或多个确权事项编号，all 为全部")


def chosen(edge: "Edge", codes: list[str]) -> list[str]:
    """The codes given, or all confirmations."""
    from assets.title import titles

    if codes != ["all"]:
        return codes
    with edge.reading() as session:
        return [each.code for each in titles(session)]


@app.command("propose")
def propose(
    ctx: typer.Context,
    code: str = CODE,
    village: str = typer.Option(..., "--village", help="村区划代码（12位）"),
    owner: str = typer.Option(..., "--owner", help="拟确权对象的主体编码"),
    asset: list[str] = typer.Option([], "--asset", help="资产编号，可重复；不写则取该村该主体全部"),
) -> None:
    """拟定一个村的确权清单。示例：fupin title propose QQ-001 --village 440203102201 --owner N001."""
    from assets import title as verbs

    edge: Edge = ctx.obj
    with edge.writing("title propose") as (session, act):
        listed = asset or _all_of_owner(session, village, owner, act.on)
        made = verbs.propose(
            session, act, code, village_code=village, owner_code=owner, asset_codes=listed
        )
        count = len(verbs.lines_of(session, made))
    print(f"确权{code}：已列入{count}件资产。")


def _all_of_owner(session: object, village: str, owner: str, on: object) -> list[str]:
    from datetime import date

    from sqlmodel import Session

    from assets.asof import AsOf
    from assets.models import AssetState, RightKind
    from assets.ownership import all_shares
    from assets.parties import party_by_code
    from assets.registration import asset_rows

    assert isinstance(session, Session) and isinstance(on, date)
    holder = party_by_code(session, owner).id
    shares = all_shares(session, RightKind.OWN, AsOf(day=on))
    return [
        row.code
        for row in asset_rows(session, AsOf(), village=village)
        if row.state == AssetState.CLASSIFIED
        and any(share[0] == holder for share in shares.get(row.asset_id, []))
    ]


@app.command("decide")
def decide(
    ctx: typer.Context,
    code: str = CODE,
    stage: str = typer.Option("决议", "--stage", help="环节：提议、商议、审议、决议"),
    body: str = typer.Option("村民代表会议", "--body", help="会议类型"),
    members: int = typer.Option(..., "--members", help="应到人数"),
    present: int = typer.Option(..., "--present", help="实到人数"),
    agree: int = typer.Option(..., "--for", help="赞成票"),
    against: int = typer.Option(0, "--against", help="反对票"),
    abstain: int = typer.Option(0, "--abstain", help="弃权票"),
    minutes: str = typer.Option(..., "--minutes", help="会议记录编号"),
) -> None:
    """登记一次会议决议。示例：fupin title decide QQ-001 --members 30 --present 25 --for 24 --minutes 记2019-1."""
    from assets import title as verbs
    from assets.commands.words import word_of
    from assets.models import BodyKind, Stage
    from assets.procedure.decisions import DELIBERATIONS, Meeting

    step = word_of(Stage, stage, "环节", DELIBERATIONS)
    kind = word_of(BodyKind, body, "会议")
    with ctx.obj.writing("title decide") as (session, act):
        meeting = Meeting(kind, act.on, members, present, agree, against, abstain, minutes)
        valid = verbs.decide(session, act, code, step, meeting)
    print(f"确权{code}：会议{minutes}{'决议有效' if valid else '决议无效，已据实登记'}。")


@app.command("notice")
def notice(
    ctx: typer.Context,
    codes: list[str] = CODES,
    days: int = typer.Option(10, "--days", help="公示天数"),
    working: bool = typer.Option(False, "--working", help="按工作日计算"),
    place: str = typer.Option("村务公开栏", "--place", help="张贴地点"),
    phone: str = typer.Option("", "--phone", help="联系电话（办公电话）"),
) -> None:
    """张贴确权公示。示例：fupin title notice QQ-001 --days 10 --on 2019-05-01."""
    from assets import title as verbs
    from assets.procedure.notices import Posting

    edge: Edge = ctx.obj

    def one(session: object, act: object, code: str) -> str:
        from sqlmodel import Session

        from assets.trail import Act

        assert isinstance(session, Session) and isinstance(act, Act)
        title = verbs.title_by_code(session, code)
        posting = Posting(
            title.village_code,
            act.on,
            days,
            "WORKING" if working else "CALENDAR",
            place,
            verbs.list_sha256(session, code),
            phone or None,
        )
        return f"确权{code}：公示到{verbs.post(session, act, code, posting)}。"

    edge.each(chosen(edge, codes), "title notice", one)


@app.command("object")
def object_(
    ctx: typer.Context,
    code: str = CODE,
    asset: str = typer.Option("", "--asset", help="有异议的资产编号，不写为对整个确权"),
    content: str = typer.Option(..., "--content", help="异议内容（不写姓名证件号）"),
) -> None:
    """登记异议。示例：fupin title object QQ-001 --asset A001 --content 面积有出入."""
    from assets import trail
    from assets.models import ObjectKind
    from assets.procedure import notices

    with ctx.obj.writing("title object", inputs=f"{asset}/{content}") as (session, act):
        round_no = notices.current_round(session, ObjectKind.TITLE, code)
        with trail.entry(session, act, "objection", code, stage=asset, what="异议") as written:
            made = notices.raise_objection(
                session,
                written,
                ObjectKind.TITLE,
                code,
                round_no=round_no,
                line_code=asset,
                received_on=act.on,
                content=content,
            )
    print(f"已登记异议{made.code}，应于{made.answer_due_on}前答复。")


@app.command("answer")
def answer(
    ctx: typer.Context,
    objection: str = typer.Argument(..., metavar="异议编号", help="异议编号"),
    upheld: bool = typer.Option(..., "--upheld/--rejected", help="成立 / 不成立"),
    text: str = typer.Option(..., "--text", help="答复内容"),
) -> None:
    """答复异议。示例：fupin title answer QQ-001-Y01 --rejected --text 已现场核实无误."""
    from assets import trail
    from assets.procedure import notices

    with (
        ctx.obj.writing("title answer") as (session, act),
        trail.entry(session, act, "objection-answer", objection, what="异议答复") as written,
    ):
        notices.answer_objection(
            session, written, objection, answered_on=act.on, upheld=upheld, answer=text
        )
    print(f"异议{objection}已答复。")


@app.command("take-out")
def take_out(
    ctx: typer.Context,
    code: str = CODE,
    asset: str = typer.Option(..., "--asset", help="资产编号"),
    reason: str = typer.Option(..., "--reason", help="移出原因"),
) -> None:
    """把一件资产移出确权清单，其余照办。示例：fupin title take-out QQ-001 --asset A001 --reason 权属待查."""
    from assets import title as verbs

    with ctx.obj.writing("title take-out") as (session, act):
        verbs.take_out(session, act, code, asset, reason)
    print(f"确权{code}：资产{asset}已移出。")


@app.command("opinion")
def opinion(
    ctx: typer.Context,
    codes: list[str] = CODES,
    stage: str = typer.Option(..., "--stage", help="环节：监督意见、镇审核、部门意见"),
    agree: bool = typer.Option(True, "--agree/--disagree", help="同意 / 不同意"),
    text: str = typer.Option("同意", "--text", help="意见内容"),
) -> None:
    """登记监委会、镇、部门意见。示例：fupin title opinion QQ-001 --stage 镇审核 --actor Z001."""
    from assets import title as verbs
    from assets.commands.words import word_of
    from assets.models import Stage

    edge: Edge = ctx.obj
    word = word_of(Stage, stage, "环节", (Stage.SUPERVISE, Stage.TOWN_REVIEW, Stage.DEPARTMENT))

    def one(session: object, act: object, code: str) -> str:
        from sqlmodel import Session

        from assets.trail import Act

        assert isinstance(session, Session) and isinstance(act, Act)
        verbs.give_opinion(session, act, code, word, agreed=agree, opinion=text)
        return f"确权{code}：已登记{word.label}。"

    edge.each(chosen(edge, codes), "title opinion", one)


@app.command("confirm")
def confirm(
    ctx: typer.Context,
    codes: list[str] = CODES,
    document: str = typer.Option(..., "--document", help="区确权文号"),
) -> None:
    """区里确认权属，逐件发证。示例：fupin title confirm QQ-001 --document 武江农〔2019〕8号 --actor Q001."""
    from assets import title as verbs

    edge: Edge = ctx.obj

    def one(session: object, act: object, code: str) -> str:
        from sqlmodel import Session

        from assets.trail import Act

        assert isinstance(session, Session) and isinstance(act, Act)
        numbers = verbs.confirm(session, act, code, document=document)
        return f"确权{code}：{len(numbers)}件，证书{numbers[0]}至{numbers[-1]}。"

    edge.each(chosen(edge, codes), "title confirm", one)


@app.command("list")
def list_(
    ctx: typer.Context,
    village: str = typer.Option("", "--village", help="村区划代码"),
) -> None:
    """列出确权事项。示例：fupin title list."""
    from assets import title as verbs
    from assets.money import format_yuan

    with ctx.obj.reading() as session:
        rows = []
        for title in verbs.titles(session, village_code=village):
            lines = verbs.lines_of(session, title)
            kept = [x for x in lines if x.removed is None]
            rows.append(
                [
                    title.code,
                    title.village_code,
                    title.proposed_on,
                    len(kept),
                    format_yuan(sum(x.original_value_fen for x in kept)),
                    sum(1 for x in kept if x.certificate),
                ]
            )
    ctx.obj.print_table(["编号", "村", "拟定日期", "件数", "原值（元）", "已发证"], rows)


@app.command("show")
def show(ctx: typer.Context, code: str = CODE) -> None:
    """查看一个确权事项的清单。示例：fupin title show QQ-001."""
    from assets import title as verbs
    from assets.money import format_yuan

    with ctx.obj.reading() as session:
        lines = verbs.lines_of(session, verbs.title_by_code(session, code))
    ctx.obj.print_table(
        ["资产编号", "名称", "原值（元）", "证书", "移出原因"],
        [
            [x.asset_code, x.title, format_yuan(x.original_value_fen), x.certificate, x.removed]
            for x in lines
        ],
    )


@app.command("unclear")
def unclear(
    ctx: typer.Context,
    right: str = typer.Option("", "--right", help="只列这项权利，如 所有权"),
) -> None:
    """列出权属待定的份额：多少、自何时起、原因、下一步。示例：fupin title unclear --on 2020-12-31."""
    from assets.asof import AsOf
    from assets.columns import label_of
    from assets.errors import Refused
    from assets.models import RightKind
    from assets.ownership import UnclearReason, unclear_rights
    from assets.registration import asset_ids

    edge: Edge = ctx.obj
    if right and right not in [each.label for each in RightKind]:
        words = "、".join(each.label for each in RightKind)
        raise Refused(f"没有“{right}”这项权利。可写：{words}。")
    with edge.reading() as session:
        codes = {number: code for code, number in asset_ids(session).items()}
        rows = unclear_rights(session, AsOf(edge.on))
        edge.print_table(
            ["资产编号", "权利", "待定份额", "自", "天数", "原因", "下一步", "依据"],
            [
                [
                    codes[row.asset_id],
                    label_of(RightKind, row.kind),
                    f"{row.share_numerator}/{row.share_denominator}",
                    row.valid_from,
                    (edge.on - row.valid_from).days,
                    label_of(UnclearReason, row.unclear_reason or UnclearReason.PENDING),
                    row.next_step,
                    row.document,
                ]
                for row in rows
                if not right or label_of(RightKind, row.kind) == right
            ],
        )
