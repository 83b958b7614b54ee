"""``fupin audit``: flags, findings, samples, outside lists, freezes, and questions of the audit."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from datetime import date

    from sqlmodel import Session

    from assets.commands.edge import Edge
    from assets.trail import Act
    from ledger.findings import FindingView
    from ledger.flags.running import RuleAnswer

app = typer.Typer(
    help="审计：疑点、整改、抽样、名单比对、冻结", no_args_is_help=True, rich_markup_mode=None
)

_TOWN = typer.Option("", "--town", help="镇或村（名称或代码）")


@app.command("flags")
def flags_(
    ctx: typer.Context,
    year: int = typer.Option(0, "--year", help="只看该年度和不分年度的疑点"),
    town: str = _TOWN,
    rule: list[str] = typer.Option([], "--rule", help="规则编号，如 F09，可重复；不写为全部"),
    unknown: bool = typer.Option(False, "--unknown", help="同时列出数据不足的对象"),
    sources: bool = typer.Option(False, "--sources", help="同时列出各规则的依据和参数"),
    out: Path | None = typer.Option(None, "--out", help="另存为表格 .xlsx"),
) -> None:
    """查找疑点：每条规则对每个对象回答疑点、未见异常或数据不足。示例：fupin audit flags --year 2019."""
    from assets.money import format_yuan
    from ledger.flags import listing
    from ledger.flags.running import LEAD_NOTE, run

    edge: Edge = ctx.obj
    with edge.reading() as session:
        division = _division(edge, session, town)
        answers = run(session, edge.on, year=year, division=division, rules=rule)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(listing.to_workbook(answers, edge.on))
        edge.note(f"已存入 {out}。")
    if edge.as_json:
        edge.print_json(listing.as_json(answers, edge.on))
        return
    shown = [flag for answer in answers for flag in answer.flags if unknown or flag.told]
    rows = [
        [
            flag.rule,
            flag.grade_label if flag.told else "数据不足",
            flag.object_code,
            flag.year or "",
            format_yuan(flag.amount_fen) if flag.told else "",
            flag.person_count or "",
            flag.told or f"缺{flag.missing}",
        ]
        for flag in shown
    ]
    if edge.as_csv:
        edge.print_table(listing.FLAG_HEADERS, listing.flag_rows(answers))
        return
    _summary(edge, answers, sources=sources)
    if rows:
        edge.print_table(["规则", "轻重", "对象", "年度", "金额（元）", "户人数", "情况"], rows)
    edge.note(LEAD_NOTE)


def _summary(edge: "Edge", answers: "list[RuleAnswer]", *, sources: bool) -> None:
    from assets.money import format_yuan
    from ledger.flags import parameters

    edge.print_table(
        ["规则", "名称", "疑点", "未见异常", "数据不足", "疑点金额（元）"],
        [
            [
                answer.rule.code,
                answer.rule.title,
                len(answer.fires),
                answer.clean,
                len(answer.unknown),
                format_yuan(sum(flag.amount_fen for flag in answer.fires)),
            ]
            for answer in answers
        ],
    )
    if sources:
        for answer in answers:
            limits = parameters.said(answer.rule.parameters, edge.on)
            print(f"{answer.rule.code} 依据：{answer.rule.source}。{limits}")


def _division(edge: "Edge", session: object, town: str) -> str:
    """The code of a town or village given by name or code; '' for the whole district."""
    from sqlmodel import Session

    from assets.asof import AsOf
    from assets.divisions_register import resolve

    assert isinstance(session, Session)
    return resolve(session, town, AsOf(edge.on)) if town else ""


finding = typer.Typer(
    help="疑点整改：提出、答复、核销、销号。示例：fupin audit finding list",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(finding, name="finding")


@finding.command("open")
def finding_open(
    ctx: typer.Context,
    rule: str = typer.Argument(..., metavar="规则", help="规则编号，如 F09"),
    owner: str = typer.Option(..., "--owner", help="整改责任人（经办人员编号）"),
    object_: str = typer.Option("", "--object", help="对象编号；不写为该规则的全部疑点"),
    year: int = typer.Option(0, "--year", help="年度"),
    due: str = typer.Option("", "--due", help="整改期限，默认一个月"),
) -> None:
    """把规则查出的疑点立项整改。示例：fupin audit finding open F09 --owner R0166 --actor R0185."""
    from assets.errors import NotFound
    from ledger.findings import open_from_flag
    from ledger.flags.running import run

    edge: Edge = ctx.obj
    with edge.reading() as session:
        answers = run(session, edge.on, year=year, rules=[rule])
        flags = {
            f"{flag.object_code}（{flag.year or '不分年度'}）": flag
            for flag in answers[0].fires
            if object_ in ("", flag.object_code)
        }
    if not flags:
        raise NotFound(f"规则{rule}的疑点", object_ or "（没有疑点）")

    def one(session: object, act: object, key: str) -> str:
        made = open_from_flag(
            _session(session), _act(act), flags[key], owner=owner, due_on=_day(due)
        )
        return f"{made.code}：{made.object_code} {made.subject}，责任人{owner}，期限{made.due_on}"

    edge.each(flags, "audit finding open", one)


@finding.command("add")
def finding_add(
    ctx: typer.Context,
    kind: str = typer.Option(..., "--kind", help="对象类型，如 ASSET、PLAN、HOUSEHOLD"),
    object_: str = typer.Option(..., "--object", help="对象编号"),
    subject: str = typer.Option(..., "--subject", help="疑点内容"),
    owner: str = typer.Option(..., "--owner", help="整改责任人（经办人员编号）"),
    amount: str = typer.Option("0", "--amount", help="涉及金额（元）"),
    due: str = typer.Option("", "--due", help="整改期限，默认一个月"),
) -> None:
    """人工提出疑点。示例：fupin audit finding add --kind ASSET --object A1 --subject 围栏缺失 --owner R0166 --actor R0185."""
    from assets.money import parse_yuan
    from ledger.findings import open_by_hand

    edge: Edge = ctx.obj
    with edge.writing("audit finding add") as (session, act):
        made = open_by_hand(
            session,
            act,
            object_kind=kind,
            object_code=object_,
            subject=subject,
            amount_fen=parse_yuan(amount),
            owner=owner,
            due_on=_day(due),
        )
        line = f"{made.code}：{subject}，责任人{owner}，期限{made.due_on}"
    print(line)


@finding.command("reply")
def finding_reply(
    ctx: typer.Context,
    code: str = typer.Argument(..., metavar="疑点编号", help="疑点编号"),
    text: str = typer.Option(..., "--text", help="处理或答复内容"),
    bucket: str = typer.Option("答复", "--as", help="退回、补资料、说明、核销、答复"),
    amount: str = typer.Option("0", "--amount", help="处理金额（元）"),
    evidence: Path | None = typer.Option(None, "--evidence", help="佐证材料文件"),
) -> None:
    """答复疑点并处理金额；核销由有权的另一人办理。示例：fupin audit finding reply YD-2021-0001 --as 退回 --amount 300 --text 已缴回 --actor R0166."""
    from assets.errors import InvalidValue
    from assets.money import format_yuan, parse_yuan
    from ledger.findings import Bucket, answer, disposition, finding_by_code

    edge: Edge = ctx.obj
    try:
        kind = Bucket.from_label(bucket)
    except ValueError:
        names = "、".join(each.label for each in Bucket)
        raise InvalidValue(f"“{bucket}”不是处理方式，应为{names}之一。") from None
    file = (evidence.name, evidence.read_bytes()) if evidence is not None else None
    with edge.writing("audit finding reply") as (session, act):
        answer(session, act, code, kind, text=text, amount_fen=parse_yuan(amount), evidence=file)
        left = disposition(session, finding_by_code(session, code)).open_fen
    print(f"{code}：已登记{kind.label}，未处理余额 {format_yuan(left)} 元。")


@finding.command("close")
def finding_close(
    ctx: typer.Context,
    code: str = typer.Argument(..., metavar="疑点编号", help="疑点编号"),
) -> None:
    """销号：由责任人以外的人办理，金额须全部处理完。示例：fupin audit finding close YD-2021-0001 --actor R0176."""
    from ledger.findings import close

    edge: Edge = ctx.obj
    with edge.writing("audit finding close") as (session, act):
        made = close(session, act, code)
        line = f"{code}：已由{made.closed_by_code}于{made.closed_on}销号。"
    print(line)


_FINDING_HEADS = [
    *("编号", "规则", "对象", "疑点", "金额（元）", "退回", "补资料", "说明", "核销", "未处理"),
    *("状态", "责任人", "期限", "销号人"),
]


@finding.command("list")
def finding_list(
    ctx: typer.Context,
    owner: str = typer.Option("", "--owner", help="只看一位责任人的"),
    open_only: bool = typer.Option(False, "--open", help="只看未销号的"),
) -> None:
    """疑点整改台账：金额＝退回＋补资料＋说明＋核销＋未处理。示例：fupin audit finding list --open."""
    from assets.asof import AsOf
    from assets.money import format_yuan
    from ledger.findings import views

    edge: Edge = ctx.obj
    with edge.reading() as session:
        found = views(session, AsOf(edge.on), owner=owner, open_only=open_only)
        rows = [_finding_row(each) for each in found]
    edge.print_table(_FINDING_HEADS, rows)
    total = sum(each.disposition.amount_fen for each in found)
    left = sum(each.disposition.open_fen for each in found)
    edge.note(f"共{len(found)}项 {format_yuan(total)} 元，未处理余额 {format_yuan(left)} 元。")


def _finding_row(each: "FindingView") -> list[object]:
    from assets.columns import label_of
    from assets.money import format_yuan
    from ledger.findings import FindingState

    sums = each.disposition
    return [
        each.finding.code,
        each.finding.rule,
        each.finding.object_code,
        each.finding.subject,
        format_yuan(sums.amount_fen),
        format_yuan(sums.refunded_fen),
        format_yuan(sums.documented_fen),
        format_yuan(sums.justified_fen),
        format_yuan(sums.written_off_fen),
        format_yuan(sums.open_fen),
        label_of(FindingState, each.state),
        each.finding.owner_code,
        each.finding.due_on,
        each.close.closed_by_code if each.close else "",
    ]


@finding.command("show")
def finding_show(
    ctx: typer.Context,
    code: str = typer.Argument(..., metavar="疑点编号", help="疑点编号"),
) -> None:
    """查看一项疑点的全部经过。示例：fupin audit finding show YD-2021-0001."""
    from assets.columns import label_of
    from assets.money import format_yuan
    from ledger.findings import Bucket, FindingState, course_of, view

    edge: Edge = ctx.obj
    with edge.reading() as session:
        told = view(session, code)
        row = _finding_row(told)
        facts = told.finding.model_dump()
        answers = [each.model_dump() for each in told.answers]
        course = [each.model_dump() for each in course_of(session, code)]
    if edge.as_json:
        more = {"state": told.state, "open_fen": told.disposition.open_fen, "answers": answers}
        edge.print_json({**facts, **more})
        return
    edge.print_table(_FINDING_HEADS, [row])
    edge.print_table(
        ["日期", "处理", "金额（元）", "内容", "办理人", "佐证摘要"],
        [
            [
                each["answered_on"],
                label_of(Bucket, each["bucket"]),
                format_yuan(each["amount_fen"]),
                each["answer"],
                each["actor_code"],
                (each["evidence_sha256"] or "")[:16],
            ]
            for each in answers
        ],
    )
    for event in course:
        label = label_of(FindingState, event["to_state"])
        print(
            f"{event['happened_on']} {label} {event['actor_code']}（记录第{event['entry_id']}号）"
        )


def _session(session: object) -> "Session":
    from sqlmodel import Session

    assert isinstance(session, Session)
    return session


def _act(act: object) -> "Act":
    from assets.trail import Act

    assert isinstance(act, Act)
    return act


def _day(text: str) -> "date | None":
    from datetime import date

    from assets.errors import InvalidValue

    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InvalidValue(f"日期“{text}”写法不对，应为 2021-03-31 这样的年-月-日。") from None
