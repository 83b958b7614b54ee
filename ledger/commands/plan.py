"""``fupin plan``: draft, show, explain, decide, notice, objections, opinions, file, post."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from sqlmodel import Session

    from assets.commands.edge import Edge
    from assets.trail import Act
    from ledger.plan_draft import JobSpec

app = typer.Typer(
    help="收益分配方案：拟定、决议、公示、审核、备案、记账",
    no_args_is_help=True,
    rich_markup_mode=None,
)

CODE = typer.Argument(..., metavar="方案编号", help="方案编号")
CODES = typer.Argument(..., metavar="方案编号…", help="一个或多个方案编号，all 为全部可办的")

JOB_HEADERS = ("岗位编号", "岗位名称", "职责", "户编号", "人编号", "月标准(元)", "起始月份", "月数")


def read_jobs(path: Path) -> "tuple[JobSpec, ...]":
    """Jobs from a CSV file with the headers of ``JOB_HEADERS``.

    Raises:
        Refused: A header is missing or a number is wrong, with the line.
    """
    import csv

    from assets.errors import Refused
    from assets.money import parse_yuan
    from ledger.plan_draft import JobSpec

    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        missing = [name for name in JOB_HEADERS if name not in (reader.fieldnames or [])]
        if missing:
            raise Refused(f"岗位表 {path} 缺少列：{'、'.join(missing)}。")
        jobs = []
        for number, row in enumerate(reader, start=2):
            try:
                jobs.append(
                    JobSpec(
                        code=row["岗位编号"],
                        title=row["岗位名称"],
                        duty=row["职责"],
                        household_code=row["户编号"],
                        person_code=row["人编号"],
                        monthly_fen=parse_yuan(row["月标准(元)"]),
                        first_month=int(row["起始月份"].replace("-", "")),
                        month_count=int(row["月数"]),
                    )
                )
            except ValueError as error:
                raise Refused(f"岗位表 {path} 第{number}行有误：{error}") from error
    return tuple(jobs)


@app.command("draft")
def draft(
    ctx: typer.Context,
    code: str = CODE,
    holder: str = typer.Option(..., "--holder", help="权利人（村、镇资金池）主体编码"),
    year: int = typer.Option(..., "--year", min=1949, max=2100, help="收益所属年度"),
    policy: str = typer.Option(..., "--policy", help="分配政策编号，见 fupin policy list"),
    title: str = typer.Option("", "--title", help="方案标题"),
    cut_off: str = typer.Option("", "--cut-off", help="名册截止日，默认办理日期"),
    jobs: Path | None = typer.Option(None, "--jobs", help="公益岗位表（CSV）"),
    supplements: str = typer.Option("", "--supplements", help="补充哪一个方案"),
    with_opening: bool = typer.Option(False, "--with-opening", help="连同期初未分配收益"),
    policies: Path | None = typer.Option(None, "--policies", help="县区自定政策文件夹"),
) -> None:
    """拟定方案：取已到账未分配的收益，冻结名册，按政策分到每户。示例：fupin plan draft FP2019-A --holder V440203102201 --year 2019 --policy village-pv-2017."""
    from assets.money import format_yuan
    from ledger.plan_draft import PlanRequest
    from ledger.plan_draft import draft as verb
    from ledger.policy import load

    edge: Edge = ctx.obj
    rule, body = load(policy, policies)
    specs = read_jobs(jobs) if jobs is not None else ()
    request = PlanRequest(
        code=code,
        holder_code=holder,
        title=title or f"{year}年收益分配方案",
        income_year=year,
        period_from=date(year, 1, 1),
        period_to=date(year, 12, 31),
        cut_off=edge.day(cut_off),
        jobs=specs,
        supplements=supplements,
        with_opening=with_opening,
    )
    with edge.writing("plan draft") as (session, act):
        plan, flags = verb(session, act, request, rule, body)
        amount = plan.distributable_fen
    print(f"方案{code}：可分配{format_yuan(amount)}元，已拟定。")
    for flag in flags:
        edge.note(f"提醒：{flag.message}。")


@app.command("list")
def list_(ctx: typer.Context, year: int = typer.Option(0, "--year", help="收益所属年度")) -> None:
    """列出方案和状态。示例：fupin plan list --year 2019."""
    from assets.columns import label_of
    from assets.models import ObjectKind
    from assets.money import format_yuan
    from assets.parties import party_codes
    from assets.procedure.states import states_of
    from ledger.models import PlanState
    from ledger.plan_draft import plans

    with ctx.obj.reading() as session:
        codes = party_codes(session)
        states = states_of(session, ObjectKind.PLAN)
        rows = [
            [
                each.code,
                codes[each.holder_party_id],
                each.title,
                format_yuan(each.distributable_fen),
                label_of(PlanState, states[each.code]),
            ]
            for each in plans(session, year=year or None)
        ]
    ctx.obj.print_table(["方案编号", "主体", "标题", "可分配（元）", "状态"], rows)


@app.command("show")
def show(ctx: typer.Context, code: str = CODE) -> None:
    """查看方案：收入、渠道、各户、核对。示例：fupin plan show FP2019-A."""
    edge: Edge = ctx.obj
    with edge.reading() as session:
        view = plan_view(session, code)
    if edge.as_json:
        edge.print_json(view)
        return
    from assets.money import format_yuan

    print(f"{view['title']}（{view['code']}）状态：{view['state_label']}")
    print(f"收入 {format_yuan(view['received_fen'])}  扣除 {format_yuan(view['deducted_fen'])}")
    print(f"可分配 {format_yuan(view['distributable_fen'])} 元，名册 {view['households']}户")
    edge.print_table(
        ["序", "渠道", "规则", "金额（元）", "依据"],
        [
            [c["line"], c["title"], c["rule"], format_yuan(c["amount_fen"]), c["source"]]
            for c in view["channels"]
        ],
    )
    for what, left, right in view["proof"]:
        mark = "一致" if left == right else "不一致"
        print(f"{what}：{format_yuan(left)} = {format_yuan(right)}（{mark}）")
    if view["missing"]:
        print(f"支付前还缺：{'、'.join(view['missing'])}")


def plan_view(session: "Session", code: str) -> dict[str, Any]:
    """A plan as data for people and programs; amounts in fen."""
    from assets.asof import LAST_DAY
    from assets.columns import label_of
    from assets.models import ObjectKind
    from assets.procedure.states import state_of
    from ledger.models import PlanState
    from ledger.plan_course import missing_for_payment
    from ledger.plan_draft import channels_of, incomes_of, plan_by_code, proof_lines, shares_of

    plan = plan_by_code(session, code)
    shares = shares_of(session, plan.id)
    state = state_of(session, ObjectKind.PLAN, code)
    return {
        "code": plan.code,
        "title": plan.title,
        "kind": plan.kind,
        "income_year": plan.income_year,
        "policy": plan.rule_text,
        "state": state,
        "state_label": label_of(PlanState, state),
        "received_fen": plan.received_fen,
        "deducted_fen": plan.deducted_fen,
        "distributable_fen": plan.distributable_fen,
        "households": len({s.household_id for s in shares}),
        "incomes": [
            {
                "asset_id": x.asset_id,
                "income_year": x.income_year,
                "stream": x.stream,
                "distributable_fen": x.distributable_fen,
            }
            for x in incomes_of(session, plan.id)
        ],
        "channels": [
            {
                "line": x.line_no,
                "channel": x.channel,
                "title": x.title,
                "rule": x.rule_text,
                "source": x.source,
                "amount_fen": x.amount_fen,
                "households": [
                    {
                        "household": s.household_code,
                        "weight": s.weight,
                        "share_fen": s.share_fen,
                        "extra_fen": s.extra_fen,
                    }
                    for s in shares
                    if s.channel_id == x.id
                ],
            }
            for x in channels_of(session, plan.id)
        ],
        "proof": [[what, left, right] for what, left, right in proof_lines(session, plan)],
        "missing": missing_for_payment(session, code, LAST_DAY),
    }


@app.command("explain")
def explain(ctx: typer.Context, code: str = CODE) -> None:
    """用平白的话说明方案怎么算、依据什么。示例：fupin plan explain FP2019-A."""
    from assets.money import format_yuan, in_words

    with ctx.obj.reading() as session:
        view = plan_view(session, code)
    print(f"{view['title']}：按“{view['policy']}”分配。")
    print(
        f"收入{format_yuan(view['received_fen'])}元，减扣除{format_yuan(view['deducted_fen'])}元，"
        f"可分配{format_yuan(view['distributable_fen'])}元（{in_words(view['distributable_fen'])}）。"
    )
    for c in view["channels"]:
        print(
            f"{c['line']}. {c['title']}：{c['rule']}，{format_yuan(c['amount_fen'])}元。依据：{c['source']}。"
        )
        odd = [h["household"] for h in c["households"] if h["extra_fen"]]
        if odd:
            print(f"   各户按份额舍到分，余下{len(odd)}分给了尾数大的{len(odd)}户。")


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
    """登记一次会议。示例：fupin plan decide FP2019-A --members 30 --present 25 --for 24 --minutes 记-1."""
    from assets.commands.words import word_of
    from assets.models import BodyKind, Stage
    from assets.procedure.decisions import DELIBERATIONS, Meeting
    from ledger.plan_course import decide as verb

    step = word_of(Stage, stage, "环节", DELIBERATIONS)
    word = word_of(BodyKind, body, "会议")
    with ctx.obj.writing("plan decide") as (session, act):
        meeting = Meeting(word, act.on, members, present, agree, against, abstain, minutes)
        valid = verb(session, act, code, step, meeting)
    print(f"方案{code}：会议{minutes}{'决议有效' if valid else '决议无效，已据实登记'}。")


def over(
    ctx: typer.Context, codes: list[str], command: str, states: tuple[str, ...], verb: Any
) -> None:
    """Run a verb over plans: those given, or with ``all`` those in the right state."""
    edge: Edge = ctx.obj
    if codes == ["all"]:
        from assets.models import ObjectKind
        from assets.procedure.states import states_of

        with edge.reading() as session:
            known = states_of(session, ObjectKind.PLAN)
        codes = sorted(code for code, state in known.items() if state in states)
        if not codes:
            print("已办理：没有处在这一环节的方案，本次未重复写入。")

    def one(session: "Session", act: "Act", code: str) -> str:
        return str(verb(session, act, code))

    edge.each(codes, command, one)


@app.command("notice")
def notice(
    ctx: typer.Context,
    codes: list[str] = CODES,
    place: str = typer.Option("村务公开栏", "--place", help="张贴地点"),
    phone: str = typer.Option("", "--phone", help="联系电话（办公电话）"),
    days: int = typer.Option(0, "--days", help="公示天数，默认按政策"),
) -> None:
    """在领款人所在的各村张贴公示。示例：fupin plan notice FP2019-A --on 2020-01-20."""
    from ledger.plan_course import post_notice

    def verb(session: "Session", act: "Act", code: str) -> str:
        until = post_notice(
            session, act, code, place=place, phone=phone or None, notice_days=days or None
        )
        return f"方案{code}：公示到{until}。"

    over(ctx, codes, "plan notice", ("DECIDED",), verb)


@app.command("object")
def object_(
    ctx: typer.Context,
    code: str = CODE,
    household: str = typer.Option("", "--household", help="户编号，不写为对整个方案"),
    content: str = typer.Option(..., "--content", help="异议内容（不写姓名和号码）"),
) -> None:
    """登记异议；对一户的异议只暂缓该户。示例：fupin plan object FP2019-A --household H001 --content 人数不对."""
    from ledger.plan_course import raise_objection

    with ctx.obj.writing("plan object") as (session, act):
        made = raise_objection(session, act, code, household_code=household, content=content)
        line = f"已登记异议{made.code}，应于{made.answer_due_on}前答复。"
    print(line)


@app.command("answer")
def answer(
    ctx: typer.Context,
    objection: str = typer.Argument(..., metavar="异议编号", help="异议编号"),
    upheld: bool = typer.Option(..., "--upheld/--rejected", help="成立 / 不成立"),
    text: str = typer.Option(..., "--text", help="答复内容"),
) -> None:
    """答复异议。示例：fupin plan answer FP2019-A-Y01 --rejected --text 已核实户口簿."""
    from ledger.plan_course import answer_objection

    with ctx.obj.writing("plan answer") as (session, act):
        answer_objection(session, act, objection, upheld=upheld, answer=text)
    print(f"异议{objection}已答复。")


def _stage(
    ctx: typer.Context,
    codes: list[str],
    name: str,
    states: tuple[str, ...],
    opinion: str,
    document: str,
) -> None:
    from assets.models import Stage
    from ledger.plan_course import STEP_OF_STAGE, take_stage

    stage = next(each for each in Stage if each == name)

    def verb(session: "Session", act: "Act", code: str) -> str:
        take_stage(session, act, code, stage, opinion=opinion, document=document or None)
        return f"方案{code}：已登记{STEP_OF_STAGE[stage][1]}。"

    over(ctx, codes, f"plan {name.lower()}", states, verb)


OPINION = typer.Option("同意", "--opinion", help="意见")
DOCUMENT = typer.Option("", "--document", help="文号或编号")


@app.command("supervise")
def supervise(ctx: typer.Context, codes: list[str] = CODES, opinion: str = OPINION) -> None:
    """登记村务监督委员会意见。示例：fupin plan supervise FP2019-A --actor S001."""
    _stage(ctx, codes, "SUPERVISE", ("NOTICED",), opinion, "")


@app.command("review")
def review(
    ctx: typer.Context,
    codes: list[str] = CODES,
    opinion: str = OPINION,
    document: str = DOCUMENT,
) -> None:
    """镇审核。示例：fupin plan review FP2019-A --actor T001."""
    _stage(ctx, codes, "TOWN_REVIEW", ("SUPERVISED",), opinion, document)


@app.command("approve")
def approve(
    ctx: typer.Context,
    codes: list[str] = CODES,
    opinion: str = OPINION,
    document: str = DOCUMENT,
) -> None:
    """区审批（政策要求时）。示例：fupin plan approve FP2019-A --actor Q001."""
    _stage(ctx, codes, "APPROVE", ("REVIEWED",), opinion, document)


@app.command("file")
def file_(
    ctx: typer.Context,
    codes: list[str] = CODES,
    opinion: str = OPINION,
    document: str = DOCUMENT,
) -> None:
    """区备案。示例：fupin plan file FP2019-A --document 备2020-1 --actor Q001."""
    _stage(ctx, codes, "FILE", ("REVIEWED", "APPROVED"), opinion, document)


@app.command("post")
def post(ctx: typer.Context, codes: list[str] = CODES) -> None:
    """方案记账：形成各户应发款和凭证。示例：fupin plan post FP2019-A --actor Z001."""
    from ledger.plan_course import post_plan

    def verb(session: "Session", act: "Act", code: str) -> str:
        return f"方案{code}：已记账，应发{post_plan(session, act, code)}笔。"

    over(ctx, codes, "plan post", ("FILED",), verb)


REASON = typer.Option(..., "--reason", help="原因")


@app.command("withdraw")
def withdraw(ctx: typer.Context, code: str = CODE, reason: str = REASON) -> None:
    """下一环节办理前撤回方案。示例：fupin plan withdraw FP2019-A --reason 漏列一户."""
    from ledger.plan_course import withdraw as verb

    with ctx.obj.writing("plan withdraw") as (session, act):
        verb(session, act, code, reason=reason)
    print(f"方案{code}：已撤回。")


@app.command("return")
def return_(ctx: typer.Context, code: str = CODE, reason: str = REASON) -> None:
    """退回方案，写明原因，重新决议公示。示例：fupin plan return FP2019-A --reason 标准有误 --actor T001."""
    from ledger.plan_course import send_back

    with ctx.obj.writing("plan return") as (session, act):
        send_back(session, act, code, reason=reason)
    print(f"方案{code}：已退回。")
