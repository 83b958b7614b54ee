"""``fupin book``: vouchers, trial balance, closes, the chart switch, exports of the special book."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from sqlmodel import Session

    from assets.commands.edge import Edge
    from ledger.books.balances import TrialBalance

app = typer.Typer(
    help="专账：凭证、科目余额表、结账、衔接、冲销、导出",
    no_args_is_help=True,
    rich_markup_mode=None,
)

PARTY = typer.Option("all", "--party", help="账套主体编码，all 为全部账套")


def month_number(text: str) -> int:
    """``2019-03`` or ``201903`` as 201903.

    Raises:
        Refused: Not a month.
    """
    from assets.errors import Refused

    digits = text.replace("-", "").replace("年", "").replace("月", "")
    if len(digits) != 6 or not digits.isdigit() or not 1 <= int(digits[4:]) <= 12:
        raise Refused(f"“{text}”不是月份。请写成 2019-03 这样。")
    return int(digits)


def party_codes(session: "Session", chosen: str) -> list[str]:
    """The codes of the books meant: one, or all that exist.

    Raises:
        Refused: There is no book.
    """
    from assets.errors import Refused
    from assets.parties import party_by_code
    from ledger.books.posting import entities, entity_of

    if chosen != "all":
        party = party_by_code(session, chosen)
        entity_of(session, party.id)
        return [str.__str__(party.code)]
    codes = [str.__str__(party.code) for _, party in entities(session)]
    if not codes:
        raise Refused("还没有任何专账。请先导入期初余额确认表（fupin import opening）。")
    return codes


def over_books(
    edge: "Edge", chosen: str, command: str, verb: Callable[["Session", Any, int, str], str]
) -> None:
    """Run a verb over the chosen books, each in its own transaction."""
    from assets.parties import party_by_code

    with edge.reading() as session:
        codes = party_codes(session, chosen)

    def one(session: "Session", act: Any, code: str) -> str:
        return verb(session, act, party_by_code(session, code).id, code)

    edge.each(codes, command, one)


@app.command("close")
def close(
    ctx: typer.Context,
    month: str = typer.Option("", "--month", help="月结到此月，如 2019-03（之前未结的一并结）"),
    year: int = typer.Option(0, "--year", help="年结，如 2019"),
    party: str = PARTY,
    reserve: str = typer.Option("0", "--reserve", help="年结时提取公积公益金（元）"),
    member: str = typer.Option("0", "--member", help="年结时向成员分配（元）"),
) -> None:
    """月结或年结，结账后不再打开。示例：fupin book close --month 2019-03 --party V440203102204."""
    from assets.errors import Refused

    edge: Edge = ctx.obj
    if bool(month) == bool(year):
        raise Refused("请写 --month 或 --year 其中一个。")
    if month:
        _close_month(edge, party, month_number(month))
    else:
        _close_year(edge, party, year, reserve, member)


def _close_month(edge: "Edge", party: str, month: int) -> None:
    """Close every open month through ``month``; a December waits for its year."""
    from ledger.books import periods

    december = month % 100 == periods.DECEMBER
    last = month - 1 if december else month

    def verb(session: "Session", act: Any, party_id: int, code: str) -> str:
        from ledger.books.posting import entity_of

        waiting = "；12月随年度结账一并办理" if december else ""
        if periods.next_to_close(session, entity_of(session, party_id)) > last:
            if december and periods.closed_through(session, entity_of(session, party_id)) < month:
                return f"{code} 11月以前已结{waiting}。"
            periods.close_month(session, act, party_id, month)
        done = periods.close_through(session, act, party_id, last)
        vouchers = sum(each.voucher_count for each in done)
        span = f"{done[0].month}至{done[-1].month}，共{len(done)}个月、{vouchers}张凭证"
        return f"{code} 已结{span}{waiting}。"

    over_books(edge, party, "book close", verb)


def _close_year(edge: "Edge", party: str, year: int, reserve: str, member: str) -> None:
    from assets.money import format_yuan, parse_yuan
    from ledger.books import periods

    reserve_fen, member_fen = parse_yuan(reserve), parse_yuan(member)

    def verb(session: "Session", act: Any, party_id: int, code: str) -> str:
        result = periods.close_year(
            session, act, party_id, year, reserve_fen=reserve_fen, member_fen=member_fen
        )
        steps = [f"  {step.number}. {step.title}：{step.outcome}" for step in result.steps]
        head = f"{code} {year}年度已结账，本年收益{format_yuan(result.close.surplus_fen)}元。"
        return "\n".join([head, *steps])

    over_books(edge, party, "book close", verb)


@app.command("trial-balance")
def trial_balance_(
    ctx: typer.Context,
    month: str = typer.Option("", "--month", help="月份，如 2019-12；默认办理日期所在月"),
    party: str = PARTY,
    level: int = typer.Option(0, "--level", help="1 只列一级科目"),
) -> None:
    """科目余额表。示例：fupin book trial-balance --party V440203102204 --month 2019-12."""
    from assets.asof import AsOf
    from assets.parties import party_by_code
    from ledger.books.balances import first_level, trial_balance
    from ledger.books.posting import month_of

    edge: Edge = ctx.obj
    wanted = month_number(month) if month else month_of(edge.on)
    at = AsOf() if month else AsOf(edge.on)
    with edge.reading() as session:
        balances = [
            trial_balance(session, party_by_code(session, code).id, wanted, at)
            for code in party_codes(session, party)
        ]
    if level == 1:
        balances = [first_level(balance) for balance in balances]
    if edge.as_json:
        edge.print_json([_as_json(balance) for balance in balances])
        return
    for balance in balances:
        _print_balance(edge, balance)


def _as_json(balance: "TrialBalance") -> dict[str, Any]:
    from dataclasses import asdict

    rows = [asdict(row) | {"closing_fen": row.closing_fen} for row in balance.rows]
    for row in rows:
        del row["account_id"]
    return {
        "party": balance.party_code,
        "month": balance.month,
        "note": balance.note,
        "rows": rows,
        "totals": balance.totals,
    }


def _print_balance(edge: "Edge", balance: "TrialBalance") -> None:
    from assets.money import format_yuan

    def shown(fen: int) -> str:
        return format_yuan(fen) if fen else ""

    headers = ["主体", "科目", "名称", "期初借", "期初贷", "本期借", "本期贷", "期末借", "期末贷"]
    rows = [
        [
            balance.party_code,
            row.code,
            row.title,
            shown(max(row.opening_fen, 0)),
            shown(max(-row.opening_fen, 0)),
            shown(row.debit_fen),
            shown(row.credit_fen),
            shown(max(row.closing_fen, 0)),
            shown(max(-row.closing_fen, 0)),
        ]
        for row in balance.rows
    ]
    total = balance.totals
    rows.append(
        [
            balance.party_code,
            "合计",
            "",
            *(
                shown(total[name])
                for name in (
                    "opening_debit_fen",
                    "opening_credit_fen",
                    "debit_fen",
                    "credit_fen",
                    "closing_debit_fen",
                    "closing_credit_fen",
                )
            ),
        ]
    )
    edge.print_table(headers, rows, title=f"{balance.party_code} {balance.month} 科目余额表")
    edge.note(balance.note)


@app.command("ledger")
def ledger_(
    ctx: typer.Context,
    account: str = typer.Argument(..., metavar="科目编码", help="科目编码，如 102"),
    party: str = typer.Option(..., "--party", help="账套主体编码"),
    since: str = typer.Option("", "--since", help="自此日起，如 2019-01-01"),
) -> None:
    """明细账：一个科目的逐笔记录和余额。示例：fupin book ledger 102 --party V440203102204."""
    from assets.asof import AsOf
    from assets.money import format_yuan
    from assets.parties import party_by_code
    from ledger.books.balances import sub_ledger

    edge: Edge = ctx.obj
    first = edge.day(since) if since else date.min
    with edge.reading() as session:
        party_id = party_by_code(session, party).id
        before, lines = sub_ledger(session, party_id, account, AsOf(edge.on), since=first)
    rows: list[list[Any]] = [["", "", "上期结余", "", "", format_yuan(before)]] if before else []
    rows += [
        [
            line.dated_on,
            line.voucher,
            line.summary,
            format_yuan(line.debit_fen) if line.debit_fen else "",
            format_yuan(line.credit_fen) if line.credit_fen else "",
            format_yuan(line.balance_fen),
        ]
        for line in lines
    ]
    edge.print_table(["日期", "凭证号", "摘要", "借方", "贷方", "余额（借正）"], rows)


@app.command("vouchers")
def vouchers_(
    ctx: typer.Context,
    month: str = typer.Option("", "--month", help="月份，如 2019-03；默认全部"),
    party: str = PARTY,
) -> None:
    """凭证目录。示例：fupin book vouchers --party V440203102204 --month 2019-03."""
    from sqlmodel import col, select

    from assets.money import format_yuan
    from ledger.books.posting import entities, voucher_name
    from ledger.models import Voucher

    edge: Edge = ctx.obj
    with edge.reading() as session:
        codes = set(party_codes(session, party))
        books = {e.id: str(p.code) for e, p in entities(session) if p.code in codes}
        statement = (
            select(Voucher)
            .where(col(Voucher.entity_id).in_(sorted(books)))
            .order_by(col(Voucher.entity_id), col(Voucher.month), col(Voucher.number))
        )
        if month:
            statement = statement.where(Voucher.month == month_number(month))
        rows = [
            [
                books[v.entity_id],
                v.month,
                voucher_name(v.number),
                v.dated_on,
                v.summary,
                format_yuan(v.debit_fen),
                v.concerns_period,
                v.id,
            ]
            for v in session.exec(statement).all()
        ]
    headers = ["主体", "月份", "凭证号", "日期", "摘要", "金额", "所属期", "序号"]
    edge.print_table(headers, rows)


@app.command("reverse")
def reverse_(
    ctx: typer.Context,
    voucher: str = typer.Argument(..., metavar="凭证", help="凭证，写成 2019-03/7（月份/凭证号）"),
    party: str = typer.Option(..., "--party", help="账套主体编码"),
    reason: str = typer.Option(..., "--reason", help="冲销原因"),
) -> None:
    """红字冲销一张凭证（同方向红字，只能一次）。示例：fupin book reverse 2019-03/7 --party V440203102204 --reason 金额录错."""
    from assets.errors import Refused
    from assets.parties import party_by_code
    from ledger.books import posting

    edge: Edge = ctx.obj
    month, _, number = voucher.partition("/")
    if not number.isdigit():
        raise Refused(f"“{voucher}”不是凭证。请写成 2019-03/7（月份/凭证号）。")
    with edge.writing("book reverse") as (session, act):
        party_id = party_by_code(session, party).id
        wrong = posting.voucher_by_number(session, party_id, month_number(month), int(number))
        red = posting.reverse(session, act, wrong.id, reason=reason)
        line = f"已用{red.month} {posting.voucher_name(red.number)}冲销{voucher}。"
    print(line)


@app.command("adjust")
def adjust_(
    ctx: typer.Context,
    voucher: str = typer.Argument(..., metavar="凭证", help="凭证，写成 2019-03/7（月份/凭证号）"),
    party: str = typer.Option(..., "--party", help="账套主体编码"),
    line: list[str] = typer.Option(
        ..., "--line", help="差额分录，写成 科目:借:-9.00 或 科目:贷:-9.00，可重复"
    ),
    reason: str = typer.Option(..., "--reason", help="更正原因"),
) -> None:
    """只记差额更正一张凭证，已结账年度的差错记在当月。示例：fupin book adjust 2019-12/3 --party V440203102204 --line 502:借:-9.00 --line 102:贷:-9.00 --reason 维修费多记."""
    from assets.errors import Refused
    from assets.money import parse_yuan
    from assets.parties import party_by_code
    from ledger.books import posting

    edge: Edge = ctx.obj
    month, _, number = voucher.partition("/")
    if not number.isdigit():
        raise Refused(f"“{voucher}”不是凭证。请写成 2019-03/7（月份/凭证号）。")
    sides = {"借": posting.DEBIT, "贷": posting.CREDIT}
    lines = []
    for text in line:
        account, side, yuan = [*text.split(":"), "", ""][:3]
        if side not in sides:
            raise Refused(f"“{text}”不是分录。请写成 502:借:-9.00（科目:借或贷:金额）。")
        fen = -parse_yuan(yuan[1:]) if yuan.startswith("-") else parse_yuan(yuan)
        lines.append(posting.Line(account, sides[side], fen))
    with edge.writing("book adjust") as (session, act):
        party_id = party_by_code(session, party).id
        wrong = posting.voucher_by_number(session, party_id, month_number(month), int(number))
        made = posting.adjust(session, act, wrong.id, lines=lines, reason=reason)
        said = f"已用{made.month} {posting.voucher_name(made.number)}更正{voucher}的差额。"
    print(said)


@app.command("convert")
def convert_(ctx: typer.Context, party: str = PARTY) -> None:
    """2024年1月1日新旧会计制度衔接，打印前后两张科目余额表。示例：fupin book convert --party V440203102204."""
    from ledger.books import conversion
    from ledger.books.posting import entities

    edge: Edge = ctx.obj
    tables: list[TrialBalance] = []

    def verb(session: "Session", act: Any, party_id: int, code: str) -> str:
        result = conversion.convert(session, act, party_id)
        tables.extend((result.before, result.after))
        count = result.voucher.line_count if result.voucher else 0
        return f"{code} 已衔接，转入新账{count}行，余额合计不变。"

    if party == "all":
        with edge.reading() as session:
            villages = [str(p.code) for e, p in entities(session) if not e.memorandum]
        for code in villages:
            over_books(edge, code, "book convert", verb)
    else:
        over_books(edge, party, "book convert", verb)
    for table in tables:
        _print_balance(edge, table)


@app.command("depreciate")
def depreciate_(
    ctx: typer.Context,
    month: str = typer.Option(..., "--month", help="月份，如 2019-03"),
    party: str = PARTY,
) -> None:
    """按月计提折旧（年限平均法）。示例：fupin book depreciate --month 2019-03 --party V440203102204."""
    from assets.money import format_yuan
    from ledger.books import depreciation

    def verb(session: "Session", act: Any, party_id: int, code: str) -> str:
        voucher = depreciation.depreciate_month(session, act, party_id, month_number(month))
        assert voucher is not None, "refused where nothing wears"
        return f"{code} {month} 折旧{format_yuan(voucher.debit_fen)}元。"

    over_books(ctx.obj, party, "book depreciate", verb)


@app.command("statements")
def statements_(
    ctx: typer.Context,
    year: int = typer.Option(..., "--year", help="年度"),
    party: str = PARTY,
) -> None:
    """资产负债表和收益及收益分配表。示例：fupin book statements --year 2019 --party V440203102204."""
    from assets.asof import AsOf
    from assets.money import format_yuan
    from assets.parties import party_by_code
    from ledger.books.posting import entity_of
    from ledger.books.statutory import balance_sheet, surplus_statement

    edge: Edge = ctx.obj
    rows: list[list[Any]] = []
    note = ""
    with edge.reading() as session:
        for code in party_codes(session, party):
            party_id = party_by_code(session, code).id
            sheet = balance_sheet(session, party_id, AsOf(date(year, 12, 31)))
            note = sheet.note
            lines = list(sheet.rows)
            if not entity_of(session, party_id).memorandum:
                lines += surplus_statement(session, party_id, year).rows
            rows += [
                [code, r.section, r.title, format_yuan(r.before_fen), format_yuan(r.amount_fen)]
                for r in lines
                if r.amount_fen or r.before_fen
            ]
    edge.print_table(["主体", "部分", "项目", "年初", "本年/年末"], rows)
    edge.note(note)


@app.command("outside")
def outside_(
    ctx: typer.Context,
    year: int = typer.Option(..., "--year", help="年度"),
    party: str = PARTY,
    all_: bool = typer.Option(False, "--all", help="也列出已核对一致的"),
) -> None:
    """与村财务软件核对凭证号，列出未回号和重号的凭证。示例：fupin book outside --year 2019."""
    from assets.money import format_yuan
    from assets.parties import party_by_code
    from ledger.books.outside import compare

    edge: Edge = ctx.obj
    rows: list[list[Any]] = []
    total = 0
    with edge.reading() as session:
        for code in party_codes(session, party):
            found = compare(session, party_by_code(session, code).id, year)
            total += len(found)
            rows += [
                [
                    code,
                    each.month,
                    each.voucher,
                    each.summary,
                    format_yuan(each.amount_fen),
                    each.outside_number,
                    each.problem,
                ]
                for each in found
                if each.problem or all_
            ]
    headers = ["主体", "月份", "凭证号", "摘要", "金额", "外部凭证号", "问题"]
    edge.print_table(headers, rows)
    edge.note(f"共{total}张凭证，{sum(1 for row in rows if row[-1])}张待核对。")


@app.command("export")
def export_(
    ctx: typer.Context,
    format_: str = typer.Option(
        ...,
        "--format",
        help="格式：vouchers beancount hledger ledger datapackage gbt24589",
    ),
    out: Path = typer.Option(..., "--out", help="写入的文件或文件夹"),
    party: str = PARTY,
    year: int = typer.Option(0, "--year", help="只导出这一年（仅 vouchers、gbt24589）"),
) -> None:
    """导出账簿供独立核对或导入村财务软件。示例：fupin book export --format beancount --out 账簿.beancount."""
    from ledger.books import export

    edge: Edge = ctx.obj
    with edge.reading() as session:
        codes = party_codes(session, party)
        written = export.write(session, format_, out, codes, edge.on, year=year or None)
    print(f"已导出{len(codes)}个账套到 {out}（{written}）。")
