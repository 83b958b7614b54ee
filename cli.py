"""The command line: knows the clock, the path, the person, the randomness; opens sessions.

``fupin NOUN VERB``. Nouns are loaded when they are called, so that ``fupin --help`` is quick.
Options common to all commands (database, day, person, output form) may stand anywhere.
Exit 0 done or already done, 1 refused or problems found, 2 wrong usage.
"""

import io
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from assets.errors import AlreadyDone, FupinError, ImportRejected

if TYPE_CHECKING:
    from sqlmodel import Session

    from assets.commands.edge import Edge

NOUNS: dict[str, tuple[str, str]] = {
    "demo": ("cli:demo", "用样例县区走完全过程：登记、确权、移交、收益、分配、支付、出表"),
    "init": ("cli:init", "新建一个县区的账本和密钥"),
    "db": ("cli:db", "账本升级、备份、恢复、数据库角色"),
    "check": ("ledger.commands.check:check", "全面自查：借贷、份额、分配、支付、留痕逐项核对"),
    "todo": ("ledger.commands.todo:todo", "待办事项：谁该办什么、期限、缺什么材料"),
    "import": ("ledger.commands.exchange:import_", "导入表格（先全面检查，再一次写入）"),
    "export": ("ledger.commands.exchange:export", "导出表格，导出的表可原样导回"),
    "template": ("ledger.commands.exchange:template", "生成带下拉和说明的空白表"),
    "asset": ("ledger.commands.asset:app", "资产台账：清单、卡片、沿革、资金到户全链条"),
    "title": ("assets.commands.title:app", "确权：拟定、决议、公示、异议、意见、确认发证"),
    "handover": ("ledger.commands.handover:app", "移交：清单、接收、保留、拒收、入账"),
    "funds": ("assets.commands.funds:app", "资金清理：下达、到位、安排、支出、形成资产、结余"),
    "upkeep": ("assets.commands.upkeep:app", "管护：责任人、巡查、无人管护清单"),
    "stock": ("assets.commands.stock:app", "清查盘点：一村一次，差异要有原因"),
    "disposal": ("assets.commands.disposal:app", "资产处置：申请、评估、决议、审批、成交、再投入"),
    "division": ("assets.commands.division:app", "行政区划：名录，更名、改码、合并、拆分"),
    "household": ("ledger.commands.household:app", "农户：名单、查询、变动"),
    "actor": ("assets.commands.actor:app", "经办人员、角色和岗位分离豁免"),
    "year": ("ledger.commands.year:app", "年度办理：全区的方案、意见、批次、银行文件"),
    "policy": ("ledger.commands.policy:app", "分配政策：校验、解释、比较"),
    "income": ("ledger.commands.income:app", "收益：到账、应收、拖欠、结转"),
    "plan": ("ledger.commands.plan:app", "收益分配方案：拟定、决议、公示、审核、备案、记账"),
    "pay": ("ledger.commands.pay:app", "支付：批次、银行文件、回盘、重发、补发"),
    "book": ("ledger.commands.book:app", "专账：结账、科目余额表、导出"),
    "trail": ("assets.commands.trail:app", "留痕：核验、摘要、查看、证明"),
    "audit": ("ledger.commands.audit:app", "审计：疑点、整改、抽样、名单比对、冻结"),
    "explain": ("ledger.commands.explain:explain", "说明一户的钱从哪来、怎么算"),
    "report": ("reports.commands.report:app", "出具报表和公示材料，核验纸质文件"),
    "pack": ("reports.commands.pack:pack", "审计数据包：一条命令打包、离线可核验"),
}

COMMON = """通用选项（可写在任何位置）：
  --database 地址    账本地址，默认环境变量 FUPIN_DATABASE 或 sqlite:///fupin.db
  --actor 编号       行为人（作出决定的人），以签字文件为准
  --on 日期          办理日期，默认今天，如 2019-03-31
  --json / --csv     以 JSON / CSV 输出数据
  --dry-run          试运行，只检查不写入
  --key 办理键       自定办理键，防止重复办理
"""


class UsageProblem(FupinError):
    """The command was typed wrongly (用法有误); exit 2."""


@dataclass
class Surroundings:
    """What the edge knows of the machine; a demo or a test hands in its own."""

    today: Callable[[], date] = date.today
    recorder: str = ""
    clock: Callable[[], int] | None = None
    entropy: Callable[[int], bytes] | None = None
    environment: dict[str, str] = field(default_factory=lambda: dict(os.environ))


class Nouns(TyperGroup):
    """The root group: knows every noun's one line of help without loading it."""

    def list_commands(self, ctx: Any) -> list[str]:
        """All nouns in the order of the work."""
        return list(NOUNS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Load the noun that is called."""
        if cmd_name not in NOUNS:
            return None
        return _load(cmd_name)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Help in Chinese, without loading anything."""
        formatter.write("用法：fupin 名词 动词 [选项]\n\n")
        formatter.write("帮扶项目资产台账与收益分配专账。每条命令用 --help 查看说明和示例。\n\n")
        width = max(map(len, NOUNS)) + 2
        for noun, (_, line) in NOUNS.items():
            formatter.write(f"  {noun:<{width}}{line}\n")
        formatter.write("\n" + COMMON)


def _load(noun: str) -> Any:
    path, _ = NOUNS[noun]
    module, _, name = path.partition(":")
    found = globals()[name] if module == "cli" else getattr(import_module(module), name)
    if isinstance(found, typer.Typer):
        found._add_completion = False
        return typer.main.get_command(found)
    single = typer.Typer(add_completion=False, rich_markup_mode=None)
    single.command(noun)(found)
    return typer.main.get_command(single)


app = typer.Typer(
    cls=Nouns,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    pretty_exceptions_show_locals=False,
)


@app.callback()
def root() -> None:
    """帮扶项目资产台账与收益分配专账."""


@dataclass
class Common:
    """The options that may stand anywhere in a command line."""

    database: str = ""
    actor: str = ""
    on: str = ""
    key: str = ""
    as_json: bool = False
    as_csv: bool = False
    dry_run: bool = False


_TAKES_VALUE = {"--database": "database", "--actor": "actor", "--on": "on", "--key": "key"}
_SWITCHES = {"--json": "as_json", "--csv": "as_csv", "--dry-run": "dry_run"}


def split_common(arguments: Sequence[str]) -> tuple[Common, list[str]]:
    """Take the common options out of a command line, wherever they stand."""
    common = Common()
    rest: list[str] = []
    words = iter(arguments)
    for word in words:
        name, equals, value = word.partition("=")
        if word == "--":
            rest += [word, *words]
        elif name in _TAKES_VALUE:
            if not equals:
                value = next(words, "")
            if not value or value.startswith("--"):
                raise UsageProblem(f"选项 {name} 后面要写内容，例如 {name} {_sample(name)}。")
            setattr(common, _TAKES_VALUE[name], value)
        elif word in _SWITCHES:
            setattr(common, _SWITCHES[word], True)
        elif name in _SWITCHES:
            raise UsageProblem(f"选项 {name} 后面不写内容，写了就算。请去掉“={value}”。")
        else:
            rest.append(word)
    return common, rest


def _sample(name: str) -> str:
    return {"--on": "2019-03-31", "--database": "sqlite:///fupin.db"}.get(name, "A001")


def parse_day(text: str, today: Callable[[], date]) -> date:
    """The day of the act: given as 2019-03-31, otherwise today."""
    if not text:
        return today()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageProblem(f"日期“{text}”写法不对，应为 2019-03-31 这样的年-月-日。") from None


def make_edge(common: Common, surroundings: Surroundings) -> "Edge":
    """The edge for one command."""
    from assets.commands.edge import Edge

    environment = surroundings.environment
    database = common.database or environment.get("FUPIN_DATABASE", "") or "sqlite:///fupin.db"
    if "://" not in database:
        database = f"sqlite:///{database}"

    def open_(write: bool, guarded: bool = True) -> "Session":
        return open_book(database, surroundings, write=write, guarded=guarded)

    return Edge(
        database=database,
        on=parse_day(common.on, surroundings.today),
        actor=common.actor or environment.get("FUPIN_ACTOR", ""),
        open_session=open_,
        as_json=common.as_json,
        as_csv=common.as_csv,
        key=common.key,
        dry_run=common.dry_run,
        surroundings=surroundings,
    )


def open_book(
    database: str, surroundings: Surroundings, *, write: bool, guarded: bool = True
) -> "Session":
    """Open the book with the keys that belong to it."""
    from ledger.database import open_session

    desk = make_desk(database, surroundings)
    return open_session(database, desk=desk, write=write, guarded=guarded)


def make_desk(database: str, surroundings: Surroundings) -> Any:
    """Clock, randomness, recorder and keys; keys are missing quietly, used loudly."""
    from assets.trail import Desk, system_clock, system_entropy
    from assets.trail.checkpoint import load_key
    from assets.vault import Vault, read_key_file

    entropy = surroundings.entropy or system_entropy
    key_file, signing = key_files(database, surroundings.environment)
    return Desk(
        recorder=surroundings.recorder or _system_user(),
        clock=surroundings.clock or system_clock,
        entropy=entropy,
        vault=Vault(read_key_file(key_file), entropy) if key_file.exists() else None,
        signing_key=load_key(signing) if signing.exists() else None,
    )


def key_folder(database: str) -> Path:
    """Where keys lie unless the environment says otherwise: ``keys`` beside the SQLite file."""
    if database.startswith("sqlite:///"):
        return Path(database.removeprefix("sqlite:///")).parent / "keys"
    return Path("keys")


def key_files(database: str, environment: Mapping[str, str]) -> tuple[Path, Path]:
    """The key of names and numbers, and the signing key: as the environment says, or together."""
    folder = key_folder(database)
    return (
        Path(environment.get("FUPIN_KEY_FILE", "") or folder / "fupin.key"),
        Path(environment.get("FUPIN_SIGNING_KEY", "") or folder / "signing.pem"),
    )


def _system_user() -> str:
    """The recorder is whoever is logged in to the machine, never an option."""
    import pwd

    return pwd.getpwuid(os.getuid()).pw_name


def run(arguments: Sequence[str], surroundings: Surroundings | None = None) -> int:
    """Run one command line; returns the exit code. Nothing escapes as a traceback for users."""
    surroundings = surroundings or Surroundings()
    try:
        common, rest = split_common(arguments)
        if any(word in ("--help", "-h") for word in rest) or not rest:
            edge = None
        else:
            edge = make_edge(common, surroundings)
        command = typer.main.get_command(app)
        with _chinese_help(edge is None or len(rest) == 1):
            code = command.main(args=rest, prog_name="fupin", standalone_mode=False, obj=edge)
        if edge is not None and edge.failures:
            return 1
        return code if isinstance(code, int) else 0
    except AlreadyDone as already:
        print(str(already))
        return 0
    except UsageProblem as problem:
        _complain(str(problem))
        return 2
    except ImportRejected as rejected:
        _complain(str(rejected))
        for each in rejected.problems:
            _complain(f"  {each.sheet} {each.cell}「{each.text}」{each.message}{each.remedy}")
        return 1
    except FupinError as refusal:
        _complain(str(refusal))
        return 1
    except typer.Exit as left:
        return int(left.exit_code)
    except typer.Abort:
        _complain("已取消。")
        return 1
    except typer._click.exceptions.ClickException as wrong:
        _complain(translate_usage(wrong))
        return 2
    except BrokenPipeError:
        return 0
    except Exception as fault:
        from assets.commands.faults import fault_outside

        said = fault_outside(fault)
        if not said:
            raise
        _complain(said)
        return 1


_HELP_WORDS = (
    ("Usage: ", "用法："),
    ("[OPTIONS] COMMAND [ARGS]...", "动词 [选项]"),
    ("[OPTIONS]", "[选项]"),
    ("Show this message and exit.", "显示本帮助"),
    ("Options:", "选项："),
    ("Commands:", "命令："),
    ("Arguments:", "参数："),
    ("[required]", "（必填）"),
    ("; required]", "]（必填）"),
    ("[default:", "[默认："),
    ("<str>", "文字 "),
    ("<int>", "整数 "),
    ("<path>", "文件  "),
    ("<int range>", "整数       "),
    ("<list[str]>", "可重复     "),
    ("<list[int]>", "可重复     "),
    ("<list[path]>", "可重复      "),
)
"""English words of a help page and theirs; a kind of value keeps its width, so columns stay."""

_HELP_RANGES = (
    (r"\b(\d+)<=x<=(\d+)\b", r"\1至\2"),
    (r"\bx>=(\d+)\b", r"不小于\1"),
    (r"\bx<=(\d+)\b", r"不大于\1"),
)


@contextmanager
def _chinese_help(wanted: bool) -> Iterator[None]:
    """While a help page is printed, put the library's few English words into Chinese."""
    if not wanted:
        yield
        return
    page = io.StringIO()
    try:
        with redirect_stdout(page):
            yield
    finally:
        print(_in_chinese(page.getvalue()), end="")


def _in_chinese(page: str) -> str:
    import re

    for english, chinese in _HELP_WORDS:
        page = page.replace(english, chinese)
    for written, chinese in _HELP_RANGES:
        page = re.sub(written, chinese, page)
    return page


def _complain(text: str) -> None:
    print(text, file=sys.stderr)


def translate_usage(wrong: Any) -> str:
    """A usage error as a Chinese sentence with the remedy."""
    from difflib import get_close_matches

    kind = type(wrong).__name__
    ctx = getattr(wrong, "ctx", None)
    path = ctx.command_path if ctx is not None else "fupin"
    hint = f"请用 {path} --help 查看用法。"
    if kind == "NoSuchOption":
        near = get_close_matches(wrong.option_name, wrong.possibilities or [], 1)
        meant = f"是不是 {near[0]}？" if near else ""
        return f"用法有误：没有选项 {wrong.option_name}。{meant}{hint}"
    if kind == "MissingParameter":
        option = (
            next((o for o in wrong.param.opts if o.startswith("--")), "") if wrong.param else ""
        )
        about = (getattr(wrong.param, "help", None) or "") if wrong.param else ""
        what = f"{option or (wrong.param.name if wrong.param else '')}（{about}）"
        return f"用法有误：缺少 {what}。{hint}"
    if kind == "BadParameter":
        shown = next((o for o in wrong.param.opts if o.startswith("--")), "") if wrong.param else ""
        shown = shown or (getattr(wrong.param, "help", None) or "")
        about = f"{shown} 的内容不对，" if shown else ""
        return f"用法有误：{about}{_usage_in_chinese(wrong.message)}。{hint}"
    if kind == "NoSuchCommand" or "No such command" in wrong.format_message():
        word = wrong.format_message().split("'")[1] if "'" in wrong.format_message() else ""
        group = ctx.command if ctx is not None else None
        known = group.list_commands(ctx) if ctx and isinstance(group, TyperGroup) else []
        near = get_close_matches(word, known, 1)
        meant = f"是不是 {near[0]}？" if near else ""
        return f"用法有误：没有命令“{word}”。{meant}{hint}"
    if kind == "NoArgsIsHelpError":
        return _in_chinese(str(wrong.format_message()))
    return f"用法有误：{_usage_in_chinese(wrong.format_message())}。{hint}"


_USAGE_WORDS = (
    (r"Input should be a valid integer.*", "应为整数"),
    (r"Input should be greater than or equal to (.*)", r"不能小于\1"),
    (r"Input should be less than or equal to (.*)", r"不能大于\1"),
    (r".*'(.*)' does not match the formats? .*", r"“\1”应写成 2019-03-31 这样的年-月-日"),
    (r"Got unexpected extra argument.* \((.*)\)", r"多写了“\1”"),
    (r"Option '(.*)' requires an argument\.", r"选项 \1 后面要写内容"),
    (r"Option '(.*)' does not take a value\.", r"选项 \1 后面不写内容"),
)


def _usage_in_chinese(message: str) -> str:
    import re

    for english, chinese in _USAGE_WORDS:
        found = re.fullmatch(english, message.strip(), re.S)
        if found:
            return found.expand(chinese)
    return message.strip().rstrip(".")


def demo(
    ctx: typer.Context,
    out: Path = typer.Option(..., "--out", help="结果放入的文件夹（先建在 .partial 再改名）"),
    seed: int = typer.Option(2020, "--seed", help="样例种子"),
    households: int = typer.Option(755, "--households", min=50, help="农户数，至少50"),
) -> None:
    """用样例县区走完全过程，结束时列出数字、核对和文件。示例：fupin demo --out out/demo."""
    from fixtures.walk import perform

    code = perform(
        out.absolute(), seed=seed, households=households, run=run, surroundings=Surroundings
    )
    raise typer.Exit(code)


def init(
    ctx: typer.Context,
    code: str = typer.Option("440203", "--code", help="县区区划代码（6位）"),
    title: str = typer.Option("韶关市武江区帮扶项目资产账本", "--title", help="账本名称"),
) -> None:
    """新建账本、密钥和签名文件。示例：fupin init --database sqlite:///fupin.db."""
    from assets.trail.checkpoint import create_key
    from assets.trail.desk import system_entropy
    from assets.vault import create_key_file
    from ledger.database import create_book, existing_book

    edge, surroundings = ctx.obj, ctx.obj.surroundings
    already = existing_book(edge.database)
    key_file, signing = key_files(edge.database, surroundings.environment)
    entropy = surroundings.entropy or system_entropy
    for path, make in (
        (key_file, lambda path: create_key_file(path, entropy)),
        (signing, lambda path: create_key(path, entropy(32))),
    ):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.exists():
            edge.note(f"沿用已有密钥文件 {path}。")
        else:
            make(path)
    desk = make_desk(edge.database, surroundings)
    if already == code:
        raise AlreadyDone(f"新建账本 {code}", 1)
    create_book(edge.database, desk=desk, code=code, title=title, on=edge.on)
    print(f"已新建账本：{edge.database}")
    print(f"密钥：{key_file}（个人信息）、{signing}（检查点签名）。")
    print(
        "请立即把两个密钥文件另行备份，与账本备份分开保管；"
        f"丢失 {key_file.name} 将无法再看到姓名和证件号。"
    )


db = typer.Typer(
    help="账本升级、备份、恢复、数据库角色", no_args_is_help=True, rich_markup_mode=None
)


@db.command("upgrade")
def db_upgrade(ctx: typer.Context) -> None:
    """把账本结构升级到本程序的版本，并补齐防改触发器。示例：fupin db upgrade."""
    from ledger.database import upgrade_book

    desk = make_desk(ctx.obj.database, ctx.obj.surroundings)
    changed = upgrade_book(ctx.obj.database, desk=desk, on=ctx.obj.on)
    print("账本已升级。" if changed else "账本已是最新版本，防改触发器齐全。")


@db.command("backup")
def db_backup(ctx: typer.Context, out: Path = typer.Option(..., "--out", help="备份文件")) -> None:
    """在线备份账本（不含密钥）。示例：fupin db backup --out 备份/fupin-20261231.db."""
    from ledger.backup import backup

    print(f"已备份到 {backup(ctx.obj.database, out)}，并核验留痕一致。密钥请另行备份。")


@db.command("restore")
def db_restore(
    ctx: typer.Context, file: Path = typer.Argument(..., metavar="备份文件", help="备份文件")
) -> None:
    """把备份恢复到一个空地址，恢复后核验留痕。示例：fupin db restore 备份.db --database 新账本.db."""
    from ledger.backup import restore

    size = restore(file, ctx.obj.database)
    print(f"已恢复到 {ctx.obj.database}：{size}条记录，留痕核验一致。")


@db.command("roles")
def db_roles(ctx: typer.Context) -> None:
    """列出PostgreSQL的角色和授权语句，由数据库管理员执行。示例：fupin db roles."""
    from ledger.database_roles import role_statements

    for statement in role_statements():
        print(f"{statement};")
    ctx.obj.note(
        "每次 fupin db upgrade 之后再执行一遍。经办人登录名加入 fupin_writer，审计加入 fupin_auditor；"
        "fupin_owner 只用于升级。"
    )


def main() -> None:
    """Entry of the ``fupin`` console script."""
    if not __debug__:
        _complain("本程序依赖运行时断言，不能用 python -O 或 PYTHONOPTIMIZE 运行。")
        sys.exit(2)
    sys.exit(run(sys.argv[1:]))
