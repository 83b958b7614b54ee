"""``fupin disposal``: an asset leaves the register by five steps, each with its document."""

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from assets.commands.edge import Edge

app = typer.Typer(
    help="资产处置：申请、评估、决议、审批、成交、收入再投入。",
    no_args_is_help=True,
    rich_markup_mode=None,
)

CODE = typer.Argument(..., metavar="编号", help="处置编号")
AMOUNT = typer.Option(..., "--amount", help="金额（元），没有的写0")
DOCUMENT = typer.Option(..., "--document", help="文号或编号")


@app.command()
def propose(
    ctx: typer.Context,
    code: str = CODE,
    asset: str = typer.Option(..., "--asset", help="资产编号"),
    reason: str = typer.Option(..., "--reason", help="出售转让、置换、报废、灭失核销……"),
) -> None:
    """申请处置一项资产。示例：fupin disposal propose CZ-2020-01 --asset 440203102204-2017-J-0001 --reason 报废."""
    from assets.commands.words import word_of
    from assets.disposal import propose as verb
    from assets.models import DisposalReason

    edge: Edge = ctx.obj
    why = word_of(DisposalReason, reason, "处置原因")
    with edge.writing("disposal propose") as (session, act):
        verb(session, act, code, asset, reason=why)
    print(f"处置{code}：已申请{why.label}{asset}，下一步评估。")


@app.command()
def appraise(
    ctx: typer.Context, code: str = CODE, amount: str = AMOUNT, document: str = DOCUMENT
) -> None:
    """登记评估值和评估报告。示例：fupin disposal appraise CZ-2020-01 --amount 12000 --document 评字2020-8."""
    from assets.disposal import appraise as verb
    from assets.money import format_yuan, parse_yuan

    edge: Edge = ctx.obj
    amount_fen = parse_yuan(amount)
    with edge.writing("disposal appraise", inputs=f"{amount}/{document}") as (session, act):
        verb(session, act, code, amount_fen=amount_fen, document=document)
    print(f"处置{code}：评估{format_yuan(amount_fen)}元，下一步会议决议。")


@app.command()
def decide(
    ctx: typer.Context,
    code: str = CODE,
    body: str = typer.Option("村民代表会议", "--body", help="会议类型"),
    members: int = typer.Option(..., "--members", help="应到人数"),
    present: int = typer.Option(..., "--present", help="实到人数"),
    agree: int = typer.Option(..., "--for", help="赞成票"),
    against: int = typer.Option(0, "--against", help="反对票"),
    abstain: int = typer.Option(0, "--abstain", help="弃权票"),
    minutes: str = typer.Option(..., "--minutes", help="会议记录编号"),
) -> None:
    """登记处置决议；决议无效的据实登记，不进入下一步。示例：fupin disposal decide CZ-2020-01 --members 30 --present 25 --for 24 --minutes 记2020-5."""
    from assets.commands.words import word_of
    from assets.disposal import decide as verb
    from assets.models import BodyKind
    from assets.procedure.decisions import Meeting

    edge: Edge = ctx.obj
    kind = word_of(BodyKind, body, "会议")
    with edge.writing("disposal decide") as (session, act):
        meeting = Meeting(kind, act.on, members, present, agree, against, abstain, minutes)
        valid = verb(session, act, code, meeting)
    print(
        f"处置{code}：会议{minutes}{'决议有效，下一步审批' if valid else '决议无效，已据实登记'}。"
    )


@app.command()
def approve(
    ctx: typer.Context,
    code: str = CODE,
    document: str = DOCUMENT,
    agree: bool = typer.Option(True, "--agree/--disagree", help="同意 / 不同意"),
    opinion: str = typer.Option("", "--opinion", help="意见"),
) -> None:
    """审批处置（不能与申请人为同一人）。示例：fupin disposal approve CZ-2020-01 --document 武农批〔2020〕3号 --actor R0005."""
    from assets.disposal import approve as verb

    edge: Edge = ctx.obj
    with edge.writing("disposal approve", inputs=f"{agree}/{document}") as (session, act):
        state = verb(session, act, code, document=document, agreed=agree, opinion=opinion)
    print(f"处置{code}：{state.label}。")


@app.command()
def sell(
    ctx: typer.Context,
    code: str = CODE,
    amount: str = AMOUNT,
    document: str = DOCUMENT,
    reason: str = typer.Option("", "--reason", help="成交低于评估值的理由"),
) -> None:
    """登记成交（报废、核销的金额写0），资产自该日起为已处置。示例：fupin disposal sell CZ-2020-01 --amount 12500 --document 合同2020-9."""
    from assets.disposal import sell as verb
    from assets.money import format_yuan, parse_yuan

    edge: Edge = ctx.obj
    amount_fen = parse_yuan(amount)
    with edge.writing("disposal sell", inputs=f"{amount}/{document}") as (session, act):
        verb(session, act, code, amount_fen=amount_fen, document=document, reason=reason)
    print(f"处置{code}：成交{format_yuan(amount_fen)}元，资产已处置，收入须再投入。")


@app.command()
def reuse(
    ctx: typer.Context, code: str = CODE, amount: str = AMOUNT, document: str = DOCUMENT
) -> None:
    """登记处置收入再投入的项目。示例：fupin disposal reuse CZ-2020-01 --amount 12500 --document XM-2021-003."""
    from assets.disposal import reuse as verb
    from assets.money import format_yuan, parse_yuan

    edge: Edge = ctx.obj
    amount_fen = parse_yuan(amount)
    with edge.writing("disposal reuse", inputs=f"{amount}/{document}") as (session, act):
        verb(session, act, code, amount_fen=amount_fen, document=document)
    print(f"处置{code}：收入{format_yuan(amount_fen)}元已再投入{document}。")


@app.command()
def withdraw(
    ctx: typer.Context,
    code: str = CODE,
    reason: str = typer.Option(..., "--reason", help="撤回原因"),
) -> None:
    """撤回尚未批准的处置，资产恢复原状态。示例：fupin disposal withdraw CZ-2020-01 --reason 决定继续使用."""
    from assets.disposal import withdraw as verb

    edge: Edge = ctx.obj
    with edge.writing("disposal withdraw", inputs=reason) as (session, act):
        verb(session, act, code, reason=reason)
    print(f"处置{code}：已撤回。")


@app.command("list")
def list_disposals(ctx: typer.Context) -> None:
    """列出全部处置和未再投入的收入。示例：fupin disposal list."""
    from assets.asof import AsOf
    from assets.columns import label_of
    from assets.disposal import disposals
    from assets.models import DisposalReason, DisposalState
    from assets.money import format_yuan

    edge: Edge = ctx.obj
    with edge.reading() as session:
        rows = disposals(session, AsOf(edge.on))
    edge.print_table(
        ("编号", "资产编号", "原因", "申请日期", "状态", "评估(元)", "收入(元)", "未再投入(元)"),
        [
            (
                row.code,
                row.asset_code,
                label_of(DisposalReason, row.reason),
                row.applied_on,
                label_of(DisposalState, row.state),
                "" if row.appraised_fen is None else format_yuan(row.appraised_fen),
                "" if row.proceeds_fen is None else format_yuan(row.proceeds_fen),
                "" if row.proceeds_fen is None else format_yuan(row.to_reuse_fen),
            )
            for row in rows
        ],
    )
    waiting = sum(row.to_reuse_fen for row in rows)
    edge.note(f"共{len(rows)}件，收入未再投入{format_yuan(waiting)}元（截至{edge.on}）。")


@app.command()
def show(ctx: typer.Context, code: str = CODE) -> None:
    """查看一件处置的各个环节。示例：fupin disposal show CZ-2020-01."""
    from assets.asof import AsOf
    from assets.disposal import disposal_by_code, steps_of
    from assets.money import format_yuan

    words = {
        "APPRAISED": "评估",
        "DECIDED": "决议",
        "APPROVED": "审批",
        "SOLD": "成交",
        "REUSED": "收入再投入",
    }
    edge: Edge = ctx.obj
    with edge.reading() as session:
        found = disposal_by_code(session, code)
        steps = steps_of(session, found.id, AsOf(edge.on))
        first = [("申请", found.applied_on, "", "")]
        edge.print_table(
            ("环节", "日期", "金额(元)", "文号"),
            first
            + [
                (
                    words[row.step],
                    row.happened_on,
                    "" if row.amount_fen is None else format_yuan(row.amount_fen),
                    row.document,
                )
                for row in steps
            ],
        )
