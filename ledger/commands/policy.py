"""``fupin policy``: list, lint, explain and compare policies."""

from pathlib import Path

import typer

app = typer.Typer(help="分配政策：校验、解释、比较", no_args_is_help=True, rich_markup_mode=None)

FOLDER = typer.Option(None, "--policies", help="县区自定政策文件夹")


@app.command("list")
def list_(ctx: typer.Context, policies: Path | None = FOLDER) -> None:
    """列出可用政策。示例：fupin policy list."""
    from ledger.policy import files, load

    rows = []
    for code in files(policies):
        policy, _ = load(code, policies)
        rows.append(
            [code, policy.title, policy.valid_from, policy.valid_to or "", policy.source.shown()]
        )
    ctx.obj.print_table(["编号", "名称", "起", "止", "依据"], rows)


@app.command("lint")
def lint_(ctx: typer.Context, policies: Path | None = FOLDER) -> None:
    """校验政策：缺依据、已过期、自相矛盾的都列出。示例：fupin policy lint."""
    from assets.errors import FupinError
    from ledger.policy import files, lint, load

    count = 0
    for code in files(policies):
        try:
            problems = lint(load(code, policies)[0])
        except FupinError as error:
            problems = [str(error)]
        for problem in problems:
            count += 1
            print(f"{code}：{problem}")
    print("全部政策通过校验。" if not count else f"共{count}处问题。")
    if count:
        raise typer.Exit(1)


@app.command("explain")
def explain(
    ctx: typer.Context,
    code: str = typer.Argument(..., metavar="政策编号", help="政策编号"),
    policies: Path | None = FOLDER,
) -> None:
    """用平白的话说明一项政策。示例：fupin policy explain village-pv-2017."""
    from ledger.plan_draft import rule_sentence
    from ledger.policy import load

    policy, _ = load(code, policies)
    print(
        f"{policy.title}（{policy.valid_from}起{'至' + str(policy.valid_to) if policy.valid_to else ''}）"
    )
    print(f"依据：{policy.source.shown()}")
    for place, step in enumerate(policy.step, start=1):
        print(f"{place}. {step.title}：{rule_sentence(step)}。依据：{step.source.shown()}")
    taken = "列入" if policy.interest_distributable else "不列入"
    print(f"专户利息{taken}分配。")
    kind = "个工作日" if policy.notice.day_kind == "WORKING" else "天"
    print(f"公示{policy.notice.notice_days}{kind}。依据：{policy.notice.source.shown()}")
    if policy.labour_share is not None:
        print(
            f"劳务渠道不低于{policy.labour_share.minimum}。依据：{policy.labour_share.source.shown()}"
        )


@app.command("diff")
def diff(
    ctx: typer.Context,
    one: str = typer.Argument(..., metavar="政策一", help="政策编号"),
    other: str = typer.Argument(..., metavar="政策二", help="政策编号"),
    policies: Path | None = FOLDER,
) -> None:
    """比较两项政策的不同。示例：fupin policy diff village-pv-2017 village-pv-2020."""
    import difflib

    from ledger.policy import load

    left, right = load(one, policies)[1], load(other, policies)[1]
    for line in difflib.unified_diff(
        left.splitlines(), right.splitlines(), one, other, lineterm="", n=0
    ):
        print(line)
