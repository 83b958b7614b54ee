"""``fupin pay``: batches, their release, bank files, answers, reissues, holds, yearly totals."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assets.commands.edge import Edge
    from ledger.pay_batch import Made

app = typer.Typer(
    help="支付：批次、银行文件、回盘、重发、补发", no_args_is_help=True, rich_markup_mode=None
)

PLAN = typer.Argument(..., metavar="方案编号", help="分配方案编号")
BATCH = typer.Argument(..., metavar="批次编号", help="支付批次编号")
CODE = typer.Option(..., "--code", help="新批次的编号")
HOUSEHOLD = typer.Option(..., "--household", help="户编号")
REASON = typer.Option(..., "--reason", help="原因")


@app.command("batch")
def batch(
    ctx: typer.Context,
    plan: str = PLAN,
    code: str = CODE,
    through: int = typer.Option(0, "--through", help="工资发到哪个月，如 201911；不写为全部"),
    channels: str = typer.Option("all", "--channels", help="job 工资、other 补助分红、all 两批"),
) -> None:
    """编制支付批次：只含能付的款项，暂缓的列出原因；all 分工资（-1）和一卡通（-2）两批。示例：fupin pay batch FP2019-440203102204 --code PC-2020-01 --through 201911 --actor Q05."""
    from ledger.pay_batch import make_batches

    edge: Edge = ctx.obj
    with edge.writing("pay batch") as (session, act):
        made = make_batches(session, act, plan, code, channels=channels, through=through or None)
        _print_made(edge, made)


@app.command("supplement")
def supplement(
    ctx: typer.Context,
    plan: str = PLAN,
    code: str = CODE,
    household: list[str] = typer.Option(..., "--household", help="漏发的户编号，可重复"),
    channels: str = typer.Option("other", "--channels", help="job 工资、other 补助分红"),
) -> None:
    """补发前批漏掉的农户。示例：fupin pay supplement FP2019-440203102204 --code PC-2020-09 --household 4402031020401 --actor Q05."""
    from ledger.pay_batch import make_batch
    from ledger.pay_lines import BatchKind

    edge: Edge = ctx.obj
    with edge.writing("pay supplement") as (session, act):
        made = make_batch(
            session,
            act,
            plan,
            code,
            channels=channels,
            kind=BatchKind.SUPPLEMENT,
            household_codes=tuple(household),
        )
        _print_made(edge, [made])


@app.command("reissue")
def reissue(
    ctx: typer.Context,
    batch: str = BATCH,
    code: str = CODE,
    serial: list[int] = typer.Option([], "--serial", help="只重发这些序号，可重复"),
) -> None:
    """只重发某批退回的款项，按现在登记的账号。示例：fupin pay reissue PC-2020-01-2 --code PC-2020-02 --actor Q05."""
    from ledger.pay_batch import reissue as verb

    edge: Edge = ctx.obj
    with edge.writing("pay reissue") as (session, act):
        made = verb(session, act, batch, code, serial_nos=tuple(serial))
        _print_made(edge, [made])


def _print_made(edge: "Edge", made: "Sequence[Made]") -> None:
    from assets.columns import label_of
    from assets.money import format_yuan
    from ledger.models import Channel
    from ledger.pay_lines import Rail

    edge.print_table(
        ["批次编号", "发放方式", "领款人数", "金额（元）", "暂缓笔数", "暂缓（元）"],
        [
            [
                x.batch.code,
                label_of(Rail, x.batch.rail),
                x.payee_count,
                format_yuan(x.batch.amount_fen),
                len(x.held),
                format_yuan(x.held_fen),
            ]
            for x in made
        ],
    )
    for one in made:
        for held in one.held:
            month = f"{held.month}" if held.month else ""
            edge.note(
                f"  暂缓 户{held.household_code} {label_of(Channel, held.channel)}{month} "
                f"{format_yuan(held.amount_fen)}元：{held.reason}"
            )


@app.command("release")
def release(
    ctx: typer.Context,
    batch: str = BATCH,
    opinion: str = typer.Option("同意", "--opinion", help="复核意见"),
) -> None:
    """由另一人复核批次，复核后才能导出银行文件。示例：fupin pay release PC-2020-01-2 --actor Q06."""
    from ledger.pay_batch import release as verb

    with ctx.obj.writing("pay release") as (session, act):
        verb(session, act, batch, opinion=opinion)
    print(f"批次{batch}已复核。")


@app.command("cancel")
def cancel(ctx: typer.Context, batch: str = BATCH, reason: str = REASON) -> None:
    """撤回还没有导出的批次，款项可另编批次。示例：fupin pay cancel PC-2020-01-2 --reason 月份编错 --actor Q05."""
    from ledger.pay_results import cancel_batch

    with ctx.obj.writing("pay cancel") as (session, act):
        cancel_batch(session, act, batch, reason=reason)
    print(f"批次{batch}已撤回。")


@app.command("export")
def export(
    ctx: typer.Context,
    batch: str = BATCH,
    out: Path = typer.Option(..., "--out", help="银行文件（.csv 或 .xlsx）"),
    template: str = typer.Option("standard", "--template", help="standard、one-card 或 payroll"),
) -> None:
    """导出银行代发文件（每批只导一次，含账号，妥善保管）。示例：fupin pay export PC-2020-01-2 --out 代发.csv --actor Q05."""
    from assets.errors import Refused
    from assets.money import format_yuan
    from ledger.pay_export import export_batch

    form = out.suffix.lower().removeprefix(".")
    if form not in ("csv", "xlsx"):
        raise Refused("银行文件只能是 .csv 或 .xlsx。")
    with ctx.obj.writing("pay export") as (session, act):
        made = export_batch(session, act, batch, template=template, form=form)
        if not ctx.obj.dry_run:
            out.parent.mkdir(parents=True, exist_ok=True)
            out.write_bytes(made.content)
    print(f"已导出批次{batch}：{made.row_count}行，{format_yuan(made.amount_fen)}元，{out}。")


@app.command("result")
def result(
    ctx: typer.Context,
    batch: str = BATCH,
    serial: list[int] = typer.Option([], "--serial", help="序号，可重复；不写为全部未有结果的"),
    returned: str = typer.Option("", "--returned", help="退回原因，如 户名不符；不写为到账"),
) -> None:
    """没有回盘文件时手工登记结果。示例：fupin pay result PC-2020-01-2 --serial 5 --returned 户名不符 --actor Q05."""
    from assets.errors import Refused
    from assets.money import format_yuan
    from ledger.pay_lines import ReturnReason
    from ledger.pay_results import record_result

    words = [each.label for each in ReturnReason if each is not ReturnReason.CANCELLED]
    if returned and returned not in words:
        raise Refused(f"退回原因只能是{'、'.join(words)}。")
    reason = ReturnReason.from_label(returned) if returned else None
    with ctx.obj.writing("pay result") as (session, act):
        done = record_result(session, act, batch, serial_nos=tuple(serial), reason=reason)
    print(
        f"到账{done.paid_count}笔{format_yuan(done.paid_fen)}元，"
        f"退回{done.returned_count}笔{format_yuan(done.returned_fen)}元。"
    )


@app.command("withhold")
def withhold(
    ctx: typer.Context,
    plan: str = PLAN,
    household: str = HOUSEHOLD,
    reason: str = typer.Option(..., "--reason", help="亡故、争议 或 其他"),
    remark: str = typer.Option("", "--remark", help="说明"),
) -> None:
    """暂缓发放一户。示例：fupin pay withhold FP2019-440203102204 --household 4402031020401 --reason 争议 --actor Q05."""
    from assets.errors import Refused
    from ledger.pay_holds import withhold as verb

    words = {"亡故": "DECEASED", "争议": "DISPUTE", "其他": "OTHER"}
    if reason not in words:
        raise Refused(f"暂缓原因只能是{'、'.join(words)}。")
    with ctx.obj.writing("pay withhold") as (session, act):
        verb(session, act, plan, household, reason_code=words[reason], remark=remark)
    print(f"方案{plan}户{household}已暂缓发放。")


@app.command("resume")
def resume(
    ctx: typer.Context, plan: str = PLAN, household: str = HOUSEHOLD, reason: str = REASON
) -> None:
    """解除一户的暂缓发放。示例：fupin pay resume FP2019-440203102204 --household 4402031020401 --reason 争议已解决 --actor Q06."""
    from ledger.pay_holds import resume as verb

    with ctx.obj.writing("pay resume") as (session, act):
        verb(session, act, plan, household, reason=reason)
    print(f"方案{plan}户{household}已解除暂缓，可编入下一批。")


@app.command("give-up")
def give_up(
    ctx: typer.Context, plan: str = PLAN, household: str = HOUSEHOLD, reason: str = REASON
) -> None:
    """取消一户暂缓的款项，转回结转。示例：fupin pay give-up FP2019-440203102204 --household 4402031020401 --reason 绝户无继承人 --actor Q06."""
    from assets.money import format_yuan
    from ledger.pay_holds import give_up as verb

    with ctx.obj.writing("pay give-up") as (session, act):
        fen = verb(session, act, plan, household, reason=reason)
    print(f"方案{plan}户{household}的{format_yuan(fen)}元已取消发放，转回结转。")


@app.command("claw-back")
def claw_back(
    ctx: typer.Context,
    batch: str = BATCH,
    serial: int = typer.Option(..., "--serial", help="序号"),
    yuan: str = typer.Option(..., "--yuan", help="收回金额（元）"),
    document: str = typer.Option(..., "--document", help="凭据文号"),
    reason: str = REASON,
) -> None:
    """登记农户退还的多发款，另记凭证，原支付不变。示例：fupin pay claw-back PC-2020-01-2 --serial 3 --yuan 100.00 --document 退款单1号 --reason 重复享受 --actor Q05."""
    from assets.money import format_yuan, parse_yuan
    from ledger.pay_holds import claw_back as verb

    fen = parse_yuan(yuan)
    with ctx.obj.writing("pay claw-back") as (session, act):
        verb(session, act, batch, serial, amount_fen=fen, reason=reason, document=document)
    print(f"批次{batch}序号{serial}已收回{format_yuan(fen)}元。")


@app.command("replace")
def replace(
    ctx: typer.Context,
    post: str = typer.Argument(..., metavar="岗位编号", help="公益岗位编号"),
    household: str = HOUSEHOLD,
    person: str = typer.Option(..., "--person", help="换上的人编号"),
    month: int = typer.Option(..., "--from", help="从哪个月起，如 201907"),
    reason: str = REASON,
) -> None:
    """岗位换人（只改一行，张榜告知）。示例：fupin pay replace FP2019-440203102204-P01 --household 4402031020402 --person 440203102040201 --from 201907 --reason 外出务工 --actor C01."""
    from ledger.pay_attendance import replace_worker

    with ctx.obj.writing("pay replace") as (session, act):
        replace_worker(session, act, post, household, person, from_month=month, reason=reason)
    print(f"岗位{post}自{month}起由{person}担任。")


@app.command("complete")
def complete(ctx: typer.Context, plan: str = PLAN) -> None:
    """款项全部发到后办结方案，未计发的结转。示例：fupin pay complete FP2019-440203102204 --actor Q05."""
    from assets.money import format_yuan
    from ledger.pay_results import complete_plan

    with ctx.obj.writing("pay complete") as (session, act):
        done = complete_plan(session, act, plan)
    print(
        f"方案{plan}已办结：计划{format_yuan(done.planned_fen)}元，"
        f"发到{format_yuan(done.paid_fen)}元，结转{format_yuan(done.carried_fen)}元。"
    )


@app.command("list")
def list_(
    ctx: typer.Context, plan: str = typer.Option("", "--plan", help="只列这个方案的批次")
) -> None:
    """列出支付批次和进度。示例：fupin pay list --plan FP2019-440203102204."""
    from assets.asof import AsOf
    from assets.columns import label_of
    from assets.money import format_yuan
    from ledger.pay_lines import BatchKind, Rail, batches

    edge: Edge = ctx.obj
    with edge.reading() as session:
        rows = [
            [
                x.batch.code,
                x.plan_code,
                label_of(BatchKind, x.batch.kind),
                label_of(Rail, x.batch.rail),
                x.batch.made_on,
                x.payee_count,
                format_yuan(x.batch.amount_fen),
                format_yuan(x.paid_fen),
                format_yuan(x.returned_fen),
                format_yuan(x.waiting_fen),
                "已导出" if x.exported else "已复核" if x.released else "待复核",
            ]
            for x in batches(session, AsOf(day=edge.on), plan_code=plan)
        ]
    headers = ["批次编号", "方案", "类型", "发放方式", "编制日", "领款人数"]
    headers += ["金额（元）", "到账（元）", "退回（元）", "在途（元）", "进度"]
    edge.print_table(headers, rows)


@app.command("show")
def show(ctx: typer.Context, batch: str = BATCH) -> None:
    """查看一个批次各行的状态（不含姓名和账号）。示例：fupin pay show PC-2020-01-2."""
    from assets.asof import AsOf
    from assets.columns import label_of
    from assets.money import format_yuan
    from ledger.models import Channel
    from ledger.pay_lines import ReturnReason, bank_rows, batch_by_code, batch_lines

    edge: Edge = ctx.obj
    with edge.reading() as session:
        lines = batch_lines(session, batch_by_code(session, batch), AsOf(day=edge.on))
    rows = [
        [
            row.serial_no,
            row.household_code,
            "、".join(sorted({label_of(Channel, x.channel) for x in row.lines})),
            format_yuan(row.amount_fen),
            row.lines[0].state.label,
            row.lines[0].happened_on,
            label_of(ReturnReason, row.lines[0].reason) if row.lines[0].reason else "",
        ]
        for row in bank_rows(lines)
    ]
    edge.print_table(["序号", "户编号", "渠道", "金额（元）", "状态", "日期", "原因"], rows)
    edge.note(f"合计{len(rows)}行，{format_yuan(sum(x.amount_fen for x in lines))}元。")


@app.command("totals")
def totals(
    ctx: typer.Context,
    year: int = typer.Option(..., "--year", help="到账年度"),
    town: str = typer.Option("", "--town", help="只列这个镇（区划代码）"),
    village: list[str] = typer.Option([], "--village", help="只列这些村（区划代码），可重复"),
    out: Path | None = typer.Option(None, "--out", help="另存为 .csv（UTF-8，防丢位）"),
) -> None:
    """各户全年到账合计，公益岗位收入与分红收入分列，供监测系统录入。示例：fupin pay totals --year 2020 --out 户收入.csv."""
    from assets.money import format_yuan
    from ledger.pay_export import csv_bytes, plain_yuan
    from ledger.pay_totals import yearly_totals

    edge: Edge = ctx.obj
    with edge.reading() as session:
        found = yearly_totals(session, year, villages=village, town=town)
    if out is not None:
        columns = [("镇", "town"), ("村", "village"), ("户编号", "household")]
        columns += [("公益岗位收入(元)", "jobs"), ("分红收入(元)", "dividend"), ("合计(元)", "all")]
        cells = [
            {
                "town": x.town,
                "village": x.village,
                "household": x.household_code,
                "jobs": plain_yuan(x.jobs_fen),
                "dividend": plain_yuan(x.dividend_fen),
                "all": plain_yuan(x.total_fen),
            }
            for x in found
        ]
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(csv_bytes(columns, cells, encoding="utf-8-sig"))
        print(f"已导出{len(found)}户到 {out}。")
        return
    edge.print_table(
        ["镇", "村", "户编号", "公益岗位收入（元）", "分红收入（元）", "合计（元）"],
        [
            [
                x.town,
                x.village,
                x.household_code,
                format_yuan(x.jobs_fen),
                format_yuan(x.dividend_fen),
                format_yuan(x.total_fen),
            ]
            for x in found
        ],
    )
    edge.note(f"{len(found)}户，合计{format_yuan(sum(x.total_fen for x in found))}元。")


# --- the bank account ------------------------------------------------------------------------

PARTIES = typer.Argument(..., metavar="主体…", help="主体编码，all 为全部有对账单的主体")


@app.command("reconcile")
def reconcile(
    ctx: typer.Context,
    parties: list[str] = PARTIES,
    through: str = typer.Option("", "--through", help="对到哪一天，默认办理日期"),
) -> None:
    """银行流水与专账凭证逐笔对账，剩下的列出。示例：fupin pay reconcile all --through 2019-12-31 --actor Q05."""

    from sqlmodel import Session

    from assets.money import format_yuan
    from assets.trail import Act
    from ledger.reconciliation import amount_of
    from ledger.reconciliation import reconcile as verb

    edge: Edge = ctx.obj
    last = edge.day(through)

    def one(session: object, act: object, code: str) -> str:
        assert isinstance(session, Session) and isinstance(act, Act)
        done = verb(session, act, code, last)
        for line in done.bank_left:
            edge.note(f"  {code} 流水{line.bank_ref} {format_yuan(amount_of(line))}元没有对上凭证")
        for each in done.book_left:
            edge.note(f"  {code} {each.summary} {format_yuan(each.amount_fen)}元没有对上流水")
        return f"{code}：对上{done.matched}笔，流水剩{len(done.bank_left)}笔，凭证剩{len(done.book_left)}笔。"

    edge.each(_with_statement(edge) if parties == ["all"] else parties, "pay reconcile", one)


def _with_statement(edge: "Edge") -> list[str]:
    from sqlmodel import col, select

    from assets.models import Party
    from ledger.models import BankLine

    with edge.reading() as session:
        rows = session.exec(
            select(Party.code)
            .join(BankLine, col(BankLine.party_id) == col(Party.id))
            .distinct()
            .order_by(col(Party.code))
        ).all()
        return list(rows)


@app.command("set-aside")
def set_aside(
    ctx: typer.Context,
    party: str = typer.Argument(..., metavar="主体", help="主体编码"),
    ref: str = typer.Argument(..., metavar="流水号", help="银行流水号"),
    outcome: str = typer.Option("hold", "--as", help="hold 待查、ignore 不属本专账"),
    reason: str = REASON,
) -> None:
    """把对不上的流水列为待查或不属本专账。示例：fupin pay set-aside V440203102203 LS20191220001 --as hold --reason 年末利息待入账 --actor Q05."""
    from assets.errors import Refused
    from ledger.reconciliation import MatchOutcome
    from ledger.reconciliation import set_aside as verb

    words = {"hold": MatchOutcome.ON_HOLD, "ignore": MatchOutcome.IGNORED}
    if outcome not in words:
        raise Refused("--as 只能写 hold 或 ignore。")
    with ctx.obj.writing("pay set-aside") as (session, act):
        verb(session, act, party, ref, words[outcome], reason=reason)
    print(f"{party}流水{ref}已列为{words[outcome].label}。")


@app.command("bank")
def bank(
    ctx: typer.Context,
    party: str = typer.Argument(..., metavar="主体", help="主体编码"),
    through: str = typer.Option("", "--through", help="截止日，默认办理日期"),
) -> None:
    """银行存款余额调节表。示例：fupin pay bank V440203102203 --through 2019-12-31."""

    from assets.money import format_yuan
    from ledger.reconciliation import adjustment

    edge: Edge = ctx.obj
    last = edge.day(through)
    with edge.reading() as session:
        table = adjustment(session, party, last)
    edge.print_table(
        ["项目", "日期", "流水或凭证", "摘要", "金额（元）"],
        [
            [x.block, x.dated_on, x.reference, x.summary, format_yuan(x.amount_fen)]
            for x in table.rows
        ],
    )
    statement = table.standing.statement_fen
    edge.note(f"账面余额{format_yuan(table.standing.book_fen)}元。")
    if statement is None:
        edge.note("没有导入对账单。")
        return
    edge.note(
        f"对账单余额{format_yuan(statement)}元，"
        f"不明差异{format_yuan(table.standing.unexplained_fen)}元。"
    )
