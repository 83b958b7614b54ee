"""``fupin income``: receipts by asset and year, statements, passing on, what waits, what is due."""

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from assets.commands.edge import Edge

app = typer.Typer(help="收益：到账、应收、拖欠、结转", no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_(
    ctx: typer.Context,
    year: int = typer.Option(0, "--year", help="所属年度，不写为全部"),
) -> None:
    """列出各资产到账收益。示例：fupin income list --year 2019."""
    from assets.asof import AsOf
    from assets.columns import label_of
    from assets.money import format_yuan
    from ledger.income import income_lines, stream_label
    from ledger.models import MoneyKind

    with ctx.obj.reading() as session:
        lines = income_lines(session, AsOf(), year=year or None)
    ctx.obj.print_table(
        ["资产编号", "年度", "收益流", "款项性质", "电量（千瓦时）", "到账（元）", "最后到账"],
        [
            [
                x.asset_code,
                x.income_year,
                stream_label(x.stream),
                label_of(MoneyKind, x.money_kind),
                x.energy_kwh or "",
                format_yuan(x.amount_fen),
                x.last_on,
            ]
            for x in lines
        ],
    )


@app.command("statement")
def statement(
    ctx: typer.Context,
    year: int = typer.Option(..., "--year", help="收益所属年度"),
    through: str = typer.Option("", "--through", help="到账截止日，默认办理日期"),
    asset: list[str] = typer.Option([], "--asset", help="资产编号，可重复；不写为全部"),
) -> None:
    """确认收益结转单：到账减扣除，按收益权份额分到各权利人。示例：fupin income statement --year 2019 --through 2019-12-31."""
    from assets.errors import AlreadyDone
    from assets.money import format_yuan
    from ledger.statements import confirm_all

    edge: Edge = ctx.obj
    last = edge.day(through)
    with edge.writing("income statement") as (session, act):
        made = confirm_all(session, act, year=year, through=last, asset_codes=asset)
        if not made:
            raise AlreadyDone(f"{year}年到{last}为止的收益结转", 0)
        rows = [
            [
                x.code,
                format_yuan(x.received_fen),
                format_yuan(x.deducted_fen),
                format_yuan(x.distributable_fen),
            ]
            for x in made
        ]
    edge.print_table(["结转单", "到账（元）", "扣除（元）", "可分配（元）"], rows)


@app.command("pass")
def pass_(
    ctx: typer.Context,
    codes: list[str] = typer.Argument(..., metavar="结转单…", help="结转单编号，all 为全部待拨"),
) -> None:
    """把结转单的钱拨付给各权利人，双方同时记账。示例：fupin income pass all --on 2020-01-10."""
    from ledger.statements import pass_on

    edge: Edge = ctx.obj

    def one(session: object, act: object, code: str) -> str:
        from sqlmodel import Session

        from assets.trail import Act

        assert isinstance(session, Session) and isinstance(act, Act)
        return f"{code}：已向{pass_on(session, act, code)}个权利人拨付。"

    waiting = _to_pass(edge) if codes == ["all"] else codes
    if not waiting:
        print("已办理：没有待拨付的结转单，本次未重复写入。")
    edge.each(waiting, "income pass", one)


def _to_pass(edge: "Edge") -> list[str]:
    from sqlmodel import select

    from ledger.models import PlantStatement, Transfer
    from ledger.statements import lines_of, receiver_of

    with edge.reading() as session:
        done = set(session.exec(select(Transfer.statement_line_id)).all())
        waiting = []
        for each in session.exec(select(PlantStatement)).all():
            receiver = receiver_of(session, each.id)
            others = [x for x in lines_of(session, each.id) if x.holder_party_id != receiver]
            if others and not {x.id for x in others} <= done:
                waiting.append(each.code)
        return waiting


@app.command("undistributed")
def undistributed_(ctx: typer.Context) -> None:
    """列出已到账未分配的收益和账龄。示例：fupin income undistributed --on 2020-12-31."""
    from assets.asof import AsOf
    from assets.money import format_yuan
    from assets.parties import party_codes, party_titles
    from ledger.income import stream_label
    from ledger.statements import undistributed

    edge: Edge = ctx.obj
    at = AsOf(day=edge.on)
    with edge.reading() as session:
        titles, rows, total = party_titles(session, at), [], 0
        for party_id, code in sorted(party_codes(session).items(), key=lambda pair: pair[1]):
            for x in undistributed(session, party_id, at):
                total += x.amount_fen
                rows.append(
                    [
                        code,
                        titles.get(party_id, ""),
                        x.asset_code,
                        x.income_year,
                        stream_label(x.stream),
                        format_yuan(x.amount_fen),
                        x.since,
                        x.age_days,
                    ]
                )
    edge.print_table(
        ["主体", "名称", "资产编号", "年度", "收益流", "未分配（元）", "自", "账龄（天）"], rows
    )
    edge.note(f"合计未分配 {format_yuan(total)} 元。")


@app.command("due")
def due(ctx: typer.Context) -> None:
    """列出合同应收、已收和欠收。示例：fupin income due --on 2020-12-31."""
    from assets.money import format_yuan
    from ledger.receivables import dues

    edge: Edge = ctx.obj
    with edge.reading() as session:
        lines = dues(session, edge.on)
    edge.print_table(
        ["合同", "资产编号", "应收日", "应收（元）", "已收（元）", "欠收（元）", "逾期天数"],
        [
            [
                x.contract_code,
                x.asset_code,
                x.due_on,
                format_yuan(x.due_fen),
                format_yuan(x.received_fen),
                format_yuan(x.due_fen - x.received_fen),
                x.overdue_days or "",
            ]
            for x in lines
        ],
    )


@app.command("arrears")
def arrears(ctx: typer.Context) -> None:
    """只列逾期欠收。示例：fupin income arrears."""
    from assets.money import format_yuan
    from ledger.receivables import dues

    edge: Edge = ctx.obj
    with edge.reading() as session:
        lines = [x for x in dues(session, edge.on) if x.overdue_days]
    edge.print_table(
        ["合同", "资产编号", "应收日", "欠收（元）", "逾期天数"],
        [
            [
                x.contract_code,
                x.asset_code,
                x.due_on,
                format_yuan(x.due_fen - x.received_fen),
                x.overdue_days,
            ]
            for x in lines
        ],
    )


@app.command("balance")
def balance(ctx: typer.Context) -> None:
    """收益平衡表：到账＝扣除＋已入方案＋已结转未分配＋未结转，逐年核对。示例：fupin income balance."""
    from assets.asof import AsOf
    from assets.money import format_yuan
    from ledger.statements import income_balances

    edge: Edge = ctx.obj
    with edge.reading() as session:
        lines = income_balances(session, AsOf(day=edge.on))
    if edge.as_json:
        edge.print_json(
            [
                {**vars(line), "left_fen": line.left_fen, "right_fen": line.right_fen}
                for line in lines
            ]
        )
        return
    edge.print_table(
        ["年度", "到账（元）", "扣除", "已入方案", "已结转未分配", "未结转", "核对"],
        [
            [
                x.income_year,
                format_yuan(x.received_fen),
                format_yuan(x.deducted_fen),
                format_yuan(x.planned_fen),
                format_yuan(x.waiting_fen),
                format_yuan(x.unstated_fen),
                "一致" if x.left_fen == x.right_fen else "不一致",
            ]
            for x in lines
        ],
    )


@app.command("repay")
def repay(
    ctx: typer.Context,
    receipt: str = typer.Argument(..., metavar="到账编号", help="垫付款的到账编号"),
    yuan: str = typer.Option(..., "--yuan", help="归还金额（元）"),
    document: str = typer.Option(..., "--document", help="付款凭据编号"),
) -> None:
    """补贴到账后归还垫付款，另记凭证，不作收益。示例：fupin income repay SK-2019-088 --yuan 1500.00 --document 付2020-7 --actor Q05."""
    from assets.money import format_yuan, parse_yuan
    from ledger.advances import repay_advance

    fen = parse_yuan(yuan)
    with ctx.obj.writing("income repay") as (session, act):
        repay_advance(session, act, receipt, amount_fen=fen, document=document)
    print(f"垫付款{receipt}已归还{format_yuan(fen)}元。")


@app.command("advances")
def advances_(ctx: typer.Context) -> None:
    """列出补贴垫付款：已垫、已还、未还。示例：fupin income advances --on 2020-12-31."""
    from assets.asof import AsOf
    from assets.money import format_yuan
    from ledger.advances import advances

    edge: Edge = ctx.obj
    with edge.reading() as session:
        rows = advances(session, AsOf(day=edge.on))
    edge.print_table(
        ["到账编号", "资产编号", "年度", "垫付日", "垫付（元）", "已还（元）", "未还（元）"],
        [
            [
                x.code,
                x.asset_code,
                x.income_year,
                x.arrived_on,
                format_yuan(x.lent_fen),
                format_yuan(x.repaid_fen),
                format_yuan(x.open_fen),
            ]
            for x in rows
        ],
    )
