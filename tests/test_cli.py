"""Does the command line speak to a clerk? Help, usage errors and refusals, all in Chinese."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import cli
from tests.walking import Said, copy_of, fupin, log_size

HEAVY = ("sqlmodel", "sqlalchemy", "pandas", "numpy", "weasyprint", "rich", "openpyxl")
ENGLISH = (
    *("Usage", "Options:", "Commands:", "Arguments:", "Show this", "OPTIONS", "default:"),
    *("required", "<str", "<int", "<list", "<path", "<=x", "x>="),
)
CHINESE = re.compile(r"[\u4e00-\u9fff]")
LIBRARY = re.compile(r"\b(?!fupin)[A-Za-z]+ [a-z]+ [a-z]+")  # a sentence of a library
EXAMPLE = re.compile(r"示例：(fupin .+?)\.?$")
ROOT = Path(cli.__file__).parent


def below(words: tuple[str, ...], command: Any) -> Iterator[tuple[str, ...]]:
    """A command and everything under it."""
    yield words
    for name, each in getattr(command, "commands", {}).items():
        yield from below((*words, name), each)


def command_of(words: tuple[str, ...]) -> Any:
    found: Any = cli._load(words[0])
    for word in words[1:]:
        found = found.commands[word]
    return found


def is_there(noun: str) -> bool:
    try:
        return cli._load(noun) is not None
    except ImportError:
        return False


NOUNS = [noun for noun in cli.NOUNS if is_there(noun)]
COMMANDS = [words for noun in NOUNS for words in below((noun,), cli._load(noun))]
VERBS = [words for words in COMMANDS if not hasattr(command_of(words), "commands")]


# --- help ------------------------------------------------------------------------------------


def test_help_lists_every_noun_in_chinese() -> None:
    said = fupin("--help")

    assert said.code == 0 and said.err == ""
    for noun, (_, line) in cli.NOUNS.items():
        assert re.search(rf"^  {noun} +{re.escape(line)}$", said.out, re.M), noun
        assert CHINESE.search(line)
    for option in ("--database", "--actor", "--on", "--json", "--dry-run", "--key"):
        assert option in said.out
    assert not [word for word in ENGLISH if word in said.out]
    bare = fupin()
    assert (bare.code, bare.out, bare.err.rstrip()) == (2, "", said.out.rstrip())


def test_every_noun_in_the_help_is_there() -> None:
    assert sorted(NOUNS) == sorted(cli.NOUNS)


def test_no_module_of_commands_is_out_of_reach() -> None:
    reached = {path.partition(":")[0] for path, _ in cli.NOUNS.values()}
    for package in ("assets", "ledger", "reports"):
        for path in (ROOT / package / "commands").glob("*.py"):
            source = path.read_text(encoding="utf-8")
            name = f"{package}.commands.{path.stem}"
            if "typer.Context" in source and name not in reached:
                users = [one for one in ROOT.glob("*/commands/*.py") if one != path]
                assert any(name in one.read_text(encoding="utf-8") for one in users), name


@pytest.mark.parametrize("line", [["--help"], [], ["plan"], ["import", "--help"]], ids=str)
def test_a_look_at_help_loads_nothing_heavy(line: list[str]) -> None:
    program = (
        "import sys, cli\n"
        f"cli.run({line!r})\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stderr.splitlines()[-1] == "[]"


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_has_help_in_chinese(words: tuple[str, ...]) -> None:
    said = fupin(*words, "--help")

    assert said.code == 0
    assert said.out.startswith(f"用法：fupin {' '.join(words)}"), said.text
    assert not [word for word in ENGLISH if word in said.out]
    assert not re.search(r"[\[{][A-Za-z]+…?[\]}]", said.out.partition("\n\n")[0])
    command = command_of(words)
    assert CHINESE.search(command.help or "")
    unexplained = [
        each.name
        for each in command.params
        if each.name != "help" and not CHINESE.search(getattr(each, "help", None) or "")
    ]
    assert unexplained == []


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_the_help_ends_with_an_example_that_can_be_typed(words: tuple[str, ...]) -> None:
    found = EXAMPLE.search(" ".join((command_of(words).help or "").split()))
    assert found, "no example"
    line = found[1].split()
    assert tuple(line[1 : 1 + len(words)]) == words
    common, rest = cli.split_common(line[1 + len(words) :])
    cli.parse_day(common.on, lambda: pytest.fail("not asked for") if common.on else None)  # type: ignore[arg-type, return-value]
    command_of(words).make_context(" ".join(words), rest)


# --- what is typed wrongly ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def place(small_walk: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a copy of the small district's book and a few files that are no use."""
    folder = tmp_path_factory.mktemp("wrong")
    copy_of(small_walk, folder)
    (folder / "说明.txt").write_text("这不是账本", encoding="utf-8")
    (folder / "空.xlsx").write_bytes(b"")
    shutil.copyfile(small_walk / "表格" / "funds.xlsx", folder / "funds.xlsx")
    return folder


USAGE = [
    ("plann list", "没有命令“plann”。是不是 plan？"),
    ("plan drfat X", "没有命令“drfat”。是不是 draft？"),
    ("household event deth X", "没有命令“deth”。是不是 death？"),
    ("nothing", "没有命令“nothing”。"),
    ("plan show", "缺少"),
    ("explain 123", "缺少 --year"),
    ("explain 123 --year twenty", "--year 的内容不对，应为整数"),
    ("explain 123 --yaer 2019", "没有选项 --yaer。是不是 --year？"),
    ("explain 123 --year", "选项 --year 后面要写内容"),
    ("asset list --vilage 龙归村", "没有选项 --vilage。是不是 --village？"),
    ("asset show A B C", "多写了“B C”"),
    ("title opinion QQ-1 --stage", "选项 --stage 后面要写内容"),
    ("household list --all=2", "选项 --all 后面不写内容"),
    ("household list --json=yes", "选项 --json 后面不写内容"),
    ("plan draft X --holder V --year 0 --policy p", "--year 的内容不对，不能小于1949"),
    ("actor waive R1 移交 YJ-1 --reason 缺人 --until 2019-13-01", "应写成 2019-03-31"),
    ("demo --out 新 --households 3", "--households 的内容不对，不能小于50"),
    ("import", "缺少"),
    ("import assets", "缺少"),
    ("household list --on 2019-02-30", "日期“2019-02-30”写法不对"),
    ("household list --on", "选项 --on 后面要写内容"),
    ("household list --database", "选项 --database 后面要写内容"),
    ("trail show abc", "记录号 的内容不对，应为整数"),
    ("book close --year 2019.5", "--year 的内容不对"),
    ("pay batch", "缺少"),
    ("check --quickly", "没有选项 --quickly"),
    ("demo", "缺少 --out"),
]

REFUSED = [
    ("import assetss funds.xlsx", "是不是 assets？"),
    ("import assets 没有.xlsx", "找不到文件"),
    ("import assets 说明.txt", "。"),
    ("import assets 空.xlsx", "。"),
    ("import assets funds.xlsx", "。"),
    ("import assets .", "。"),
    ("import funds funds.xlsx --sheet 没有这张", "。"),
    ("import funds funds.xlsx --mapping 没有.toml", "。"),
    ("import funds funds.xlsx --mapping 说明.txt", "。"),
    ("import funds funds.xlsx --split-by town", "--split-by"),
    ("template assetss --out 空白.xlsx", "是不是 assets？"),
    ("export assetss --out 导出.xlsx", "是不是 assets？"),
    ("plan show NOPE", "NOPE"),
    ("income statement --year 2019 --through 2019-13-40", "2019-13-40"),
    ("plan draft X --holder V --year 2019 --policy village-pv-2017 --cut-off 昨天", "昨天"),
    ("household event death 1 --day 2020-02-31", "2020-02-31"),
    ("handover reserve X --asset A --what 图纸 --due 年底", "年底"),
    ("plan post NOPE --actor R0001", "NOPE"),
    ("plan draft X --holder NOPE --year 2019 --policy village-pv-2017", "NOPE"),
    ("plan draft X --holder V440203102203 --year 2019 --policy nope", "nope"),
    ("asset show NOPE", "NOPE"),
    ("asset trace", "资产编号"),
    ("asset trace --document NOPE", "NOPE"),
    ("asset list --town 没有镇", "没有镇"),
    ("asset list --class 其他", "其他"),
    ("household show NOPE", "NOPE"),
    ("household list --village 没有村", "没有村"),
    ("explain NOPE --year 2019", "NOPE"),
    ("pay show NOPE", "NOPE"),
    ("pay export NOPE --out 银行.csv", "NOPE"),
    ("pay batch NOPE --code Z", "NOPE"),
    ("book trial-balance --party NOPE --month 202001", "NOPE"),
    ("book close --year 1", "。"),
    ("book statements --party NOPE --year 99999", "。"),
    ("book close --month 201913", "201913"),
    ("book close", "。"),
    ("book export --format word --out 账簿", "word"),
    ("trail show 999999", "999999"),
    ("trail prove 0", "。"),
    ("trail verify --against 没有.txt", "没有.txt"),
    ("policy explain nope", "nope"),
    ("policy diff nope none", "nope"),
    ("actor list --role 村长", "。"),
    ("actor add R9 张三 --role 村长", "村长"),
    ("asset condition NOPE 闲置 --remark 退租", "NOPE"),
    ("title confirm NOPE --document 武府〔2019〕1号", "NOPE"),
    ("handover book NOPE", "NOPE"),
    ("income pass NOPE", "NOPE"),
    ("report nope --out 报表.pdf", "nope"),
    ("report asset-register --out 报表.doc", "doc"),
    ("report verify 说明.txt", "。"),
    ("db restore 没有.db --database 新.db", "没有.db"),
    ("db restore 说明.txt --database 新.db", "。"),
    ("check --database 没有.db", "。"),
    ("check --database 说明.txt", "。"),
    ("household list --database mysql://localhost/x", "mysql"),
    ("household list --database postgresql+psycopg:///x?host=/nowhere", "。"),
    ("household list --database 没有/这个/文件夹/账本.db", "。"),
    ("init --database 说明.txt", "。"),
    ("demo --out .", "已存在"),
]


def type_in(folder: Path, line: str, monkeypatch: pytest.MonkeyPatch) -> Said:
    """Type a line in the folder, on the book there unless the line names another."""
    monkeypatch.chdir(folder)
    words = line.split()
    return fupin(*words, database="" if "--database" in words else "fupin.db")


@pytest.mark.parametrize(("line", "answer"), USAGE)
def test_a_line_that_is_typed_wrongly_is_answered_with_the_remedy(
    line: str, answer: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = type_in(place, line, monkeypatch)

    assert said.code == 2, said.text
    assert said.out == ""
    assert answer in said.err
    assert said.err.startswith(("用法有误：", "日期", "选项"))
    assert said.err.rstrip().endswith("。") and not LIBRARY.search(said.err)


@pytest.mark.parametrize(("line", "answer"), REFUSED)
def test_what_cannot_be_done_is_refused_in_a_sentence_and_nothing_is_written(
    line: str, answer: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = log_size(f"sqlite:///{place / 'fupin.db'}"), sorted(place.rglob("*"))

    said = type_in(place, line, monkeypatch)

    assert said.code == 1, said.text
    assert said.out == ""
    assert answer in said.err
    assert CHINESE.search(said.err) and "。" in said.err
    assert "Error" not in said.err and not LIBRARY.search(said.err)
    assert (log_size(f"sqlite:///{place / 'fupin.db'}"), sorted(place.rglob("*"))) == before


def test_a_note_that_is_none_is_a_disagreement_not_a_crash(place: Path) -> None:
    note = str(place / "说明.txt")
    said = fupin("trail", "verify", "--against", note, database=str(place / "fupin.db"))

    assert said.code == 1
    assert "外部检查点不属于本账本或签名无效" in said.out


def test_common_options_may_stand_anywhere(place: Path) -> None:
    database = str(place / "fupin.db")
    first = fupin("--database", database, "--json", "plan", "list")
    last = fupin("plan", "list", f"--database={database}", "--json")

    assert first.code == last.code == 0
    assert first.out == last.out and first.out.startswith("[")


def test_the_program_itself_does_the_same(place: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import cli; cli.main()", "plan", "shwo"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 2
    assert "是不是 show？" in done.stderr and done.stdout == ""
