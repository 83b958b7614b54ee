"""``fupin handover``: lists, answers asset by asset, bookings."""

from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from assets.commands.edge import Edge

app = typer.Typer(
    help="移交：清单、接收、保留、拒收、入账", no_args_is_help=True, rich_markup_mode=None
)

CODE = typer.Argument(..., metavar="编号", help="移交事项编号")


@app.command("prepare")
def prepare(
    ctx: typer.Context,
    code: str = CODE,
    village: str = typer.Option(..., "--village", help="村区划代码（12位）"),
    giver: str = typer.Option(..., "--from", help="移交方主体编码"),
    receiver: str = typer.Option(..., "--to", help="接收方主体编码"),
    title: str = typer.Option("", "--title", help="取该确权事项的全部资产"),
    asset: list[str] = typer.Option([], "--asset", help="资产编号，可重复"),
) -> None:
    """编制移交清单。示例：fupin handover prepare YJ-001 --village 440203102201 --from T1 --to N1 --title QQ-001."""
    from assets import handover as verbs
    from assets.title import lines_of, title_by_code

    edge: Edge = ctx.obj
    with edge.writing("handover prepare") as (session, act):
        listed = list(asset)
        if title:
            listed += [
                x.asset_code
                for x in lines_of(session, title_by_code(session, title))
                if x.removed is None and x.certificate
            ]
        made = verbs.prepare(
            session,
            act,
            code,
            village_code=village,
            from_code=giver,
            to_code=receiver,
            asset_codes=listed,
        )
    print(f"移交{code}：第{made.attempt_no}次，{len(listed)}件，清单摘要{made.text_sha256[:16]}。")


def _answer(ctx: typer.Context, code: str, assets: list[str], outcome: str, **facts: Any) -> None:
    from assets import handover as verbs

    edge: Edge = ctx.obj
    word = next(each for each in verbs.Outcome if each == outcome)
    with edge.writing(f"handover {outcome.lower()}") as (session, act):
        lines = verbs.lines_of(session, verbs.handover_by_code(session, code))
        chosen = assets or [x.asset_code for x in lines if x.outcome is None]
        if not chosen:
            chosen = [x.asset_code for x in lines if x.outcome == outcome]
        verbs.answer(
            session, act, code, [verbs.Answer(each, word, **facts) for each in sorted(chosen)]
        )
    print(f"移交{code}：{len(chosen)}件{word.label}。")


ASSETS = typer.Option([], "--asset", help="资产编号，可重复；不写为其余全部")


@app.command("accept")
def accept(ctx: typer.Context, code: str = CODE, asset: list[str] = ASSETS) -> None:
    """登记接收。示例：fupin handover accept YJ-001 --actor C001."""
    _answer(ctx, code, asset, "ACCEPTED")


@app.command("reserve")
def reserve(
    ctx: typer.Context,
    code: str = CODE,
    asset: list[str] = ASSETS,
    what: str = typer.Option(..., "--what", help="保留事项"),
    due: str = typer.Option(..., "--due", help="整改期限，如 2019-12-31"),
) -> None:
    """登记保留接收。示例：fupin handover reserve YJ-001 --asset A001 --what 缺图纸 --due 2019-12-31."""
    _answer(ctx, code, asset, "RESERVED", reservation=what, remedy_due_on=ctx.obj.day(due))


@app.command("refuse")
def refuse(
    ctx: typer.Context,
    code: str = CODE,
    asset: list[str] = ASSETS,
    reason: str = typer.Option(..., "--reason", help="资料不全 实物缺损 数量不符 权属争议 其他"),
) -> None:
    """登记拒收，写明原因。示例：fupin handover refuse YJ-001 --asset A002 --reason 资料不全."""
    from assets.commands.words import word_of
    from assets.handover import RefusalReason

    word = word_of(RefusalReason, reason, "拒收原因")
    _answer(ctx, code, asset, "REFUSED", reason=word)


@app.command("list")
def list_(
    ctx: typer.Context,
    village: str = typer.Option("", "--village", help="村区划代码"),
) -> None:
    """列出移交事项。示例：fupin handover list."""
    from assets import handover as verbs
    from assets.money import format_yuan

    with ctx.obj.reading() as session:
        rows = []
        for each in verbs.handovers(session, village_code=village):
            lines = verbs.lines_of(session, each)
            rows.append(
                [
                    each.code,
                    each.village_code,
                    each.attempt_no,
                    each.prepared_on,
                    len(lines),
                    format_yuan(sum(x.original_value_fen for x in lines)),
                    sum(1 for x in lines if x.outcome in ("ACCEPTED", "RESERVED")),
                    sum(1 for x in lines if x.outcome == "REFUSED"),
                    sum(1 for x in lines if x.booked),
                ]
            )
    ctx.obj.print_table(
        ["编号", "村", "次数", "编制日期", "件数", "原值（元）", "接收", "拒收", "入账"], rows
    )


@app.command("show")
def show(ctx: typer.Context, code: str = CODE) -> None:
    """查看移交清单和接收意见。示例：fupin handover show YJ-001."""
    from assets import handover as verbs
    from assets.columns import label_of
    from assets.money import format_yuan

    with ctx.obj.reading() as session:
        lines = verbs.lines_of(session, verbs.handover_by_code(session, code))
    ctx.obj.print_table(
        [
            "序号",
            "资产编号",
            "名称",
            "原值（元）",
            "净值（元）",
            "接收意见",
            "原因或保留事项",
            "入账",
        ],
        [
            [
                x.line_no,
                x.asset_code,
                x.title,
                format_yuan(x.original_value_fen),
                format_yuan(x.net_value_fen),
                label_of(verbs.Outcome, x.outcome) if x.outcome else "",
                x.reservation
                or (label_of(verbs.RefusalReason, x.reason_code) if x.reason_code else ""),
                "是" if x.booked else "",
            ]
            for x in lines
        ],
    )
