"""``fupin audit``: flags, findings, samples, outside lists, freezes, and questions of the audit."""

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import typer

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from sqlmodel import Session

    from assets.asof import AsOf
    from assets.columns import Labelled
    from assets.commands.edge import Edge
    from assets.trail import Act
    from ledger.findings import FindingView
    from ledger.flags.running import RuleAnswer
    from ledger.questions import Answer

    Word = TypeVar("Word", bound=Labelled)

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
    query: bool = typer.Option(False, "--query", help="只显示规则的查询语句，供自行核对"),
    out: Path | None = typer.Option(None, "--out", help="另存为表格 .xlsx"),
) -> None:
    """查找疑点：每条规则对每个对象回答疑点、未见异常或数据不足。示例：fupin audit flags --year 2019."""
    from assets.money import format_yuan
    from ledger.flags import listing
    from ledger.flags.running import LEAD_NOTE, RULES, find_rule, query_of, run

    edge: Edge = ctx.obj
    if query:
        dialect = "sqlite" if edge.database.startswith("sqlite") else "postgresql"
        for each in [find_rule(code) for code in rule] or RULES:
            print(f"-- {each.version} {each.title}\n{query_of(each, edge.on, dialect)};")
        return
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
    from assets.commands.words import word_of
    from assets.money import format_yuan, parse_yuan
    from ledger.findings import Bucket, answer, disposition, finding_by_code

    edge: Edge = ctx.obj
    kind = word_of(Bucket, bucket, "处理方式")
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


@app.command("sample")
def sample(
    ctx: typer.Context,
    code: str = typer.Argument("", metavar="[抽样编号]", help="已有抽样的编号：重抽核对"),
    method: str = typer.Option("按金额", "--method", help="按金额、按村、分层"),
    of: str = typer.Option("农户", "--of", help="农户或资产"),
    year: int = typer.Option(0, "--year", help="收益所属年度（抽农户时必填）"),
    count: int = typer.Option(20, "--count", help="抽多少；按村时为每村多少"),
    town: str = _TOWN,
    seed: str = typer.Option("", "--seed", help="种子；不写则随机生成并登记"),
    out: Path | None = typer.Option(None, "--out", help="核查表 .xlsx"),
    listed: bool = typer.Option(False, "--list", help="列出已有抽样"),
) -> None:
    """抽样并登记种子；写编号则按原种子重抽，核对样本一致。示例：fupin audit sample --method 按金额 --year 2019 --count 20 --actor R0185."""
    from assets.commands.words import word_of
    from ledger.sampling import Method, Population, draw_sample, redraw, samples, to_workbook

    edge: Edge = ctx.obj
    if listed:
        with edge.reading() as session:
            rows = [
                [x.code, x.method, x.seed, x.population_count, x.sample_count]
                for x in samples(session)
            ]
        edge.print_table(["编号", "方法", "种子", "总体", "样本"], rows)
        return
    if code:
        with edge.reading() as session:
            stored, same = redraw(session, code)
            line = f"{code}：种子{stored.seed}，总体{stored.population_count}，样本{stored.sample_count}"
            sheets = to_workbook(session, stored) if out is not None else b""
        print(f"{line}，重抽{'一致' if same else '不一致'}。")
        if not same:
            edge.failures.append(code)
    else:
        with edge.reading() as session:
            division = _division(edge, session, town)
        with edge.writing("audit sample") as (session, act):
            made = draw_sample(
                session,
                act,
                method=word_of(Method, method, "抽样方法"),
                of=word_of(Population, of, "抽样对象"),
                year=year,
                count=count,
                division=division,
                seed=seed,
            )
            line = f"{made.code}：总体{made.population_count}，样本{made.sample_count}，种子{made.seed}"
            codes = made.drawn.split()
            sheets = to_workbook(session, made) if out is not None else b""
        print(line)
        print("\n".join(codes))
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(sheets)
        edge.note(f"核查表已存入 {out}。")


@app.command("match")
def match_(
    ctx: typer.Context,
    file: Path | None = typer.Argument(
        None, metavar="名单", help="名单文件 .xlsx 或 .csv，含证件号码列"
    ),
    kind: str = typer.Option(
        "死亡人员", "--kind", help="死亡人员、财政供养人员、村干部、村干部近亲属、工商登记人员"
    ),
    out: Path | None = typer.Option(None, "--out", help="疑点核查反馈表 .xlsx，一村一张"),
    listed: bool = typer.Option(False, "--list", help="列出已作的比对"),
) -> None:
    """与外部名单比对：只留名单摘要和命中，不留名单。示例：fupin audit match 死亡名单.xlsx --kind 死亡人员 --out 反馈表.xlsx --actor R0185."""
    from assets.columns import label_of
    from assets.commands.words import word_of
    from assets.errors import InvalidValue
    from assets.money import format_yuan
    from ledger.matching import ListKind, feedback_sheets, hits_of, match, matches, read_list

    edge: Edge = ctx.obj
    if listed or file is None:
        if not listed:
            raise InvalidValue("请写明名单文件，或用 --list 列出已作的比对。")
        with edge.reading() as session:
            rows = [
                [x.id, x.matched_on, label_of(ListKind, x.list_kind), x.row_count, x.hit_count]
                for x in matches(session)
            ]
        edge.print_table(["序号", "日期", "名单", "行数", "命中"], rows)
        return
    outside = read_list(file)
    word = word_of(ListKind, kind, "名单")
    with edge.writing("audit match", inputs=outside.sha256) as (session, act):
        made = match(session, act, word, outside)
        session.flush()
        hits = hits_of(session, made.id)
        sheets = feedback_sheets(session, made.id, word) if out is not None else b""
        summary = f"名单{made.row_count}行，命中{made.hit_count}人"
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(sheets)
        edge.note(f"反馈表已存入 {out}。")
    edge.print_table(
        ["村区划代码", "户编号", "人编号", "涉及年度", "涉及金额（元）"],
        [
            [
                x.village_code,
                x.household_code,
                x.person_code,
                "、".join(map(str, x.years)),
                format_yuan(x.amount_fen),
            ]
            for x in hits
        ],
    )
    for line in outside.unreadable[:20]:
        edge.note(f"未能比对：{line}（号码不完整或为数值格式）")
    edge.note(f"{summary}，{len(outside.unreadable)}行未能比对。命中只是线索，不是结论。")


ask = typer.Typer(
    help="一条命令回答审计常问的八个问题。示例：fupin audit ask due",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(ask, name="ask")


@ask.command("document")
def ask_document(
    ctx: typer.Context, number: str = typer.Argument(..., metavar="文号", help="资金文号")
) -> None:
    """这份文件的钱去了哪里。示例：fupin audit ask document 韶财农〔2016〕58号."""
    from ledger.questions import money_of_document

    _answer(ctx.obj, lambda session, at: money_of_document(session, number, at))


@ask.command("asset")
def ask_asset(
    ctx: typer.Context, code: str = typer.Argument(..., metavar="资产编号", help="资产编号")
) -> None:
    """这件资产挣了多少、给了谁。示例：fupin audit ask asset 440203102203-2018-J-0002."""
    from ledger.questions import earnings_of_asset

    _answer(ctx.obj, lambda session, at: earnings_of_asset(session, code, at))


@ask.command("household")
def ask_household(
    ctx: typer.Context,
    code: str = typer.Argument(..., metavar="户编号", help="户编号"),
    year: int = typer.Option(..., "--year", help="收益所属年度"),
) -> None:
    """这户得了多少、为什么。示例：fupin audit ask household 8572026041 --year 2019."""
    from ledger.questions import money_of_household

    _answer(ctx.obj, lambda session, at: money_of_household(session, code, year, at))


@ask.command("who")
def ask_who(
    ctx: typer.Context, code: str = typer.Argument(..., metavar="编号", help="任何对象的编号")
) -> None:
    """谁在什么时候改过这个对象。示例：fupin audit ask who FP2019-440203102203."""
    from ledger.questions import who_changed

    _answer(ctx.obj, lambda session, at: who_changed(session, code, at))


@ask.command("known")
def ask_known(
    ctx: typer.Context,
    code: str = typer.Argument(..., metavar="编号", help="资产、户或方案编号"),
    position: int = typer.Option(0, "--position", help="记录号：只看到这一条为止"),
) -> None:
    """那一天（--on）知道些什么。示例：fupin audit ask known 440203102203-2018-J-0002 --on 2019-06-30."""
    from ledger.questions import known_on

    _answer(ctx.obj, lambda session, at: known_on(session, code, at), position=position)


@ask.command("due")
def ask_due(ctx: typer.Context) -> None:
    """什么该收没有收。示例：fupin audit ask due --on 2020-12-31."""
    from ledger.questions import due_not_received

    _answer(ctx.obj, lambda session, at: due_not_received(session, at.day))


@ask.command("undistributed")
def ask_undistributed(ctx: typer.Context) -> None:
    """什么收到了没有分，多久了。示例：fupin audit ask undistributed --on 2020-12-31."""
    from ledger.questions import received_not_distributed

    _answer(ctx.obj, received_not_distributed)


@ask.command("handover")
def ask_handover(ctx: typer.Context) -> None:
    """什么确权了没有移交。示例：fupin audit ask handover --on 2020-12-31."""
    from ledger.questions import confirmed_not_handed_over

    _answer(ctx.obj, confirmed_not_handed_over)


def _answer(
    edge: "Edge", question: "Callable[[Session, AsOf], Answer]", *, position: int = 0
) -> None:
    from assets.asof import LAST_POSITION, AsOf

    with edge.reading() as session:
        told = question(session, AsOf(edge.on, position or LAST_POSITION))
    if edge.as_json:
        edge.print_json(told.as_json())
    else:
        edge.print_table(told.heads, told.rows, title=told.question)
        for proof in told.proofs:
            edge.note(f"{'核对一致' if proof.holds else '核对不一致'}：{proof.text}")
    if not told.holds:
        edge.failures.append(told.question)


@app.command("freeze")
def freeze_(
    ctx: typer.Context,
    code: str = typer.Argument("", metavar="[冻结编号]", help="冻结编号，自定，如 DJ-2021-01"),
    kind: str = typer.Option(
        "", "--kind", help="资产、分配方案、方案支付、确权、移交、农户、会计期间、材料"
    ),
    object_: str = typer.Option("", "--object", help="对象编号；期间写 主体编码/2019 或 */201912"),
    document: str = typer.Option("", "--document", help="冻结或解除的文件（文号）"),
    until: str = typer.Option("", "--until", help="截止日；不写则到解除为止"),
    lifted: bool = typer.Option(False, "--lift", help="解除冻结"),
    listed: bool = typer.Option(False, "--list", help="列出全部冻结"),
) -> None:
    """审计冻结：冻结后数据库拒绝变更，当前工资和补助照发。示例：fupin audit freeze DJ-2021-01 --kind 会计期间 --object V440203102203/2019 --document 审通〔2021〕3号 --actor R0185."""
    from assets.commands.words import word_of
    from assets.errors import InvalidValue
    from ledger.freezes import FreezeKind, freeze, lift

    edge: Edge = ctx.obj
    if listed:
        _list_freezes(edge)
        return
    if not code:
        raise InvalidValue("请写明冻结编号，或用 --list 列出全部冻结。")
    with edge.writing("audit freeze") as (session, act):
        if lifted:
            lift(session, act, code, document=document)
            line = f"已解除冻结 {code}。"
        else:
            word = word_of(FreezeKind, kind, "冻结对象")
            made = freeze(session, act, code, word, object_, document=document, until=_day(until))
            ends = f"至{made.valid_to}" if made.valid_to else "至解除为止"
            line = f"已冻结 {code}：{word.label}{object_}，自{made.valid_from}{ends}。"
    print(line)


def _list_freezes(edge: "Edge") -> None:
    from assets.asof import AsOf
    from assets.columns import label_of
    from ledger.freezes import FreezeKind, freezes

    with edge.reading() as session:
        rows = [
            [
                each.freeze.code,
                label_of(FreezeKind, each.freeze.object_kind),
                each.freeze.object_code,
                each.freeze.document,
                each.freeze.ordered_by,
                each.freeze.valid_from,
                each.freeze.valid_to,
                each.lifted_on,
                "冻结中" if each.holds(edge.on) else "已解除或到期",
            ]
            for each in freezes(session, AsOf(edge.on))
        ]
    heads = ["编号", "类型", "对象", "文件", "批准人", "自", "至", "解除日", "状态"]
    edge.print_table(heads, rows)
