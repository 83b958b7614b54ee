"""``fupin year``: the yearly run of a whole district, one command for all villages and pools.

Each object is done in its own transaction; one that is refused is listed and stops no other.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlmodel import Session

    from assets.commands.edge import Edge
    from assets.trail import Act

app = typer.Typer(
    help="年度办理：一次办全区的方案、意见、批次、银行文件",
    no_args_is_help=True,
    rich_markup_mode=None,
)

OPINION_HEADERS = ("方案编号", "环节", "日期", "行为人", "意见", "文号")
STAGE_OF_LABEL = {
    "监督意见": "SUPERVISE",
    "镇审核": "TOWN_REVIEW",
    "区审批": "APPROVE",
    "备案": "FILE",
}


def plan_code(holder_code: str, year: int, taken: "Sequence[str]") -> tuple[str, str]:
    """The code of a holder's next plan of a year, and the plan it supplements (or "").

    >>> plan_code("V440203102203", 2019, [])
    ('FP2019-440203102203', '')
    >>> plan_code("V440203102203", 2019, ["FP2019-440203102203"])
    ('FP2019-440203102203-B1', 'FP2019-440203102203')
    """
    first = f"FP{year}-{holder_code[1:]}"
    if first not in taken:
        return first, ""
    number = 1
    while f"{first}-B{number}" in taken:
        number += 1
    return f"{first}-B{number}", first


@app.command("draft")
def draft(
    ctx: typer.Context,
    year: int = typer.Option(..., "--year", min=1949, max=2100, help="收益所属年度"),
    policy: str = typer.Option(..., "--policy", help="村级方案的分配政策编号"),
    pool_policy: str = typer.Option("", "--pool-policy", help="镇、区资金池的分配政策编号"),
    jobs: Path | None = typer.Option(
        None, "--jobs", help="全区公益岗位表（CSV），岗位编号以方案编号开头"
    ),
    cut_off: str = typer.Option("", "--cut-off", help="名册截止日，默认办理日期"),
    policies: Path | None = typer.Option(None, "--policies", help="县区自定政策文件夹"),
) -> None:
    """为每个有已到账未分配收益的村和资金池拟定方案，编号 FP年度-区划代码。示例：fupin year draft --year 2019 --policy village-pv-2017 --pool-policy guaranteed-return --jobs 岗位.csv --actor R0176."""
    from assets.money import format_yuan
    from ledger.commands.plan import read_jobs
    from ledger.plan_draft import PlanRequest
    from ledger.plan_draft import draft as verb
    from ledger.policy import load

    edge: Edge = ctx.obj
    specs = read_jobs(jobs) if jobs is not None else ()
    rules = {name: load(name, policies) for name in {policy, pool_policy or policy}}
    last = date.fromisoformat(cut_off) if cut_off else edge.on
    with_interest = {
        False: rules[policy][0].interest_distributable,
        True: rules[pool_policy or policy][0].interest_distributable,
    }
    waiting = _holders_waiting(edge, year, with_interest)
    if not waiting:
        print(f"已办理：{year}年没有已到账未分配的收益，本次未重复写入。")
    requests = {}
    for holder, (code, earlier, title) in waiting.items():
        requests[code] = PlanRequest(
            code=code,
            holder_code=holder,
            title=f"{title}{year}年收益{'补充' if earlier else ''}分配方案",
            income_year=year,
            period_from=date(year, 1, 1),
            period_to=date(year, 12, 31),
            cut_off=last,
            jobs=tuple(each for each in specs if each.code.rpartition("-")[0] == code),
            supplements=earlier,
        )

    def one(session: "Session", act: "Act", code: str) -> str:
        request = requests[code]
        pooled = _is_pool(request.holder_code)
        rule, body = rules[pool_policy or policy] if pooled else rules[policy]
        plan, flags = verb(session, act, request, rule, body)
        said = "".join(f" 提醒：{flag.message}。" for flag in flags)
        return f"方案{code}：可分配{format_yuan(plan.distributable_fen)}元，已拟定。{said}"

    edge.each(sorted(requests), "plan draft", one)


def _is_pool(holder_code: str) -> bool:
    """Is the holder a town's or the district's pool rather than a village?"""
    return not holder_code.startswith("V")


def _holders_waiting(
    edge: "Edge", year: int, with_interest: "Mapping[bool, bool]"
) -> dict[str, tuple[str, str, str]]:
    """Holder code → code of its next plan, the plan it supplements, the holder's title.

    ``with_interest`` says for villages (False) and pools (True) whether interest is distributed.
    """
    from sqlmodel import select

    from assets.asof import AsOf
    from assets.parties import party_codes, party_titles
    from ledger.models import Plan, Stream
    from ledger.statements import undistributed

    at = AsOf(day=edge.on)
    with edge.reading() as session:
        taken = list(session.exec(select(Plan.code)).all())
        titles = party_titles(session, at)
        return {
            code: (*plan_code(code, year, taken), titles.get(party_id, ""))
            for party_id, code in sorted(party_codes(session).items(), key=lambda pair: pair[1])
            if any(
                each.income_year == year
                and each.statement_line_id is not None
                and (with_interest[_is_pool(code)] or each.stream != Stream.INTEREST)
                for each in undistributed(session, party_id, at)
            )
        }


# --- opinions, as they were signed -----------------------------------------------------------


@dataclass(frozen=True)
class Opinion:
    """One signed opinion about a plan: who, when, at which stage."""

    plan_code: str
    stage: str
    on: date
    actor: str
    opinion: str
    document: str


def read_opinions(path: Path) -> list[Opinion]:
    """Signed opinions from a CSV file with the headers of ``OPINION_HEADERS``, in stage order.

    Raises:
        Refused: A header is missing, a stage is unknown or a date is wrong, with the line.
    """
    import csv

    from assets.errors import Refused

    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        missing = [name for name in OPINION_HEADERS if name not in (reader.fieldnames or [])]
        if missing:
            raise Refused(f"意见表 {path} 缺少列：{'、'.join(missing)}。")
        found = []
        for number, row in enumerate(reader, start=2):
            if row["环节"] not in STAGE_OF_LABEL:
                known = "、".join(STAGE_OF_LABEL)
                raise Refused(f"意见表第{number}行的环节“{row['环节']}”不认识。可用：{known}。")
            try:
                on = date.fromisoformat(row["日期"].strip())
            except ValueError:
                raise Refused(f"意见表第{number}行的日期应写成 2020-01-20 这样。") from None
            found.append(
                Opinion(
                    row["方案编号"].strip(),
                    STAGE_OF_LABEL[row["环节"]],
                    on,
                    row["行为人"].strip(),
                    row["意见"].strip() or "同意",
                    row["文号"].strip(),
                )
            )
    order = list(STAGE_OF_LABEL.values())
    return sorted(found, key=lambda each: (order.index(each.stage), each.plan_code))


@app.command("opinions")
def opinions(
    ctx: typer.Context,
    file: Path = typer.Argument(
        ..., metavar="意见表", help="CSV：方案编号、环节、日期、行为人、意见、文号"
    ),
) -> None:
    """按签字的意见表登记监督意见、镇审核、区审批、备案；每行由该行的行为人负责，录入人不得是拟定方案的录入人。示例：fupin year opinions 意见.csv --on 2020-01-21."""
    from assets.models import Stage
    from assets.trail import Act
    from ledger.plan_course import STEP_OF_STAGE, take_stage

    edge: Edge = ctx.obj
    rows = {f"{each.plan_code} {each.stage}": each for each in read_opinions(file)}

    def one(session: "Session", act: "Act", item: str) -> str:
        row = rows[item]
        stage = next(each for each in Stage if each == row.stage)
        signed = Act(row.actor, act.command, row.on, inputs=act.inputs, key=act.key)
        take_stage(
            session,
            signed,
            row.plan_code,
            stage,
            opinion=row.opinion,
            document=row.document or None,
        )
        return f"方案{row.plan_code}：已登记{STEP_OF_STAGE[stage][1]}。"

    edge.each(rows, "plan opinions", one)


# --- paying ------------------------------------------------------------------------------------


@app.command("batch")
def batch(
    ctx: typer.Context,
    code: str = typer.Option(..., "--code", help="批次后缀，如 Z1；批次编号为 方案编号-后缀"),
    through: int = typer.Option(0, "--through", help="工资发到哪个月，如 201911；不写为全部"),
    channels: str = typer.Option("all", "--channels", help="job 工资、other 补助分红、all 两批"),
) -> None:
    """为每个已记账的方案编制支付批次，暂缓的列出原因。示例：fupin year batch --code Z1 --through 201911 --actor R0179."""
    from assets.models import ObjectKind
    from assets.money import format_yuan
    from assets.procedure.states import states_of
    from ledger.pay_batch import NothingToPay, make_batches

    edge: Edge = ctx.obj
    with edge.reading() as session:
        known = states_of(session, ObjectKind.PLAN)
    plans = sorted(plan for plan, state in known.items() if state in ("POSTED", "PAYING"))

    def one(session: "Session", act: "Act", plan: str) -> str:
        try:
            made = make_batches(
                session, act, plan, f"{plan}-{code}", channels=channels, through=through or None
            )
        except NothingToPay as nothing:
            session.rollback()
            return f"方案{plan}：本次没有可付的款项。{nothing}"
        amount = sum(each.batch.amount_fen for each in made)
        held = [one for each in made for one in each.held]
        for line in held:
            edge.note(
                f"  暂缓 户{line.household_code} {format_yuan(line.amount_fen)}元：{line.reason}"
            )
        codes = "、".join(each.batch.code for each in made)
        return f"方案{plan}：{codes} 共{format_yuan(amount)}元，暂缓{len(held)}笔。"

    edge.each(plans, "pay batch", one)


@app.command("release")
def release(
    ctx: typer.Context, opinion: str = typer.Option("同意", "--opinion", help="复核意见")
) -> None:
    """由另一人复核全部待复核的批次。示例：fupin year release --actor R0180."""
    from ledger.pay_batch import release as verb

    edge: Edge = ctx.obj
    codes = _standing(edge, released=False)
    if not codes:
        print("已办理：没有待复核的批次，本次未重复写入。")

    def one(session: "Session", act: "Act", code: str) -> str:
        verb(session, act, code, opinion=opinion)
        return f"批次{code}已复核。"

    edge.each(codes, "pay release", one)


@app.command("export")
def export(
    ctx: typer.Context,
    out: Path = typer.Option(..., "--out", help="银行文件放入的文件夹"),
    template: str = typer.Option("standard", "--template", help="standard、one-card 或 payroll"),
) -> None:
    """导出全部已复核未导出批次的银行文件，一批一个 .csv，只导一次，含账号，妥善保管。示例：fupin year export --out 银行文件 --actor R0179."""
    from assets.money import format_yuan
    from ledger.pay_export import export_batch

    edge: Edge = ctx.obj
    codes = _standing(edge, released=True)
    if not codes:
        print("已办理：没有待导出的批次，本次未重复写入。")

    def one(session: "Session", act: "Act", code: str) -> str:
        made = export_batch(session, act, code, template=template)
        file = out / f"{code}.csv"
        if not edge.dry_run:
            out.mkdir(parents=True, exist_ok=True)
            file.write_bytes(made.content)
        return f"已导出批次{code}：{made.row_count}行，{format_yuan(made.amount_fen)}元，{file}。"

    edge.each(codes, "pay export", one)


def _standing(edge: "Edge", *, released: bool) -> list[str]:
    """Codes of the batches that wait for release, or released for their bank file."""
    from ledger.pay_lines import LineState, batch_lines, batches

    with edge.reading() as session:
        return [
            each.batch.code
            for each in batches(session)
            if each.released is released
            and not each.exported
            and any(x.state is not LineState.CANCELLED for x in batch_lines(session, each.batch))
        ]
