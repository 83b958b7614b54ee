"""Does every file keep the house rules: its place, its docstring, its imports, its tables?

What ruff, mypy and import-linter cannot see is checked here. Each rule is a function that lists
what is wrong, and each is shown something wrong once.
"""

import ast
import doctest
import importlib
import importlib.metadata
import pkgutil
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from sqlalchemy import Float
from sqlmodel import Field, SQLModel

import cli
from assets.columns import COLUMN_TYPES, Code, Count, Id, Logged, Packed, strict
from assets.sources import UnknownSource, labels_in, resolve

ROOT = Path(__file__).parents[1]
PACKAGES = ("assets", "ledger", "reports", "fixtures")
MODULES = sorted(
    path.relative_to(ROOT)
    for package in PACKAGES
    for path in (ROOT / package).rglob("*.py")
    if "__pycache__" not in path.parts
) + [Path(name) for name in ("cli.py",) if (ROOT / name).exists()]

NAMELESS = {"utils", "util", "helpers", "helper", "common", "misc", "shared", "base", "core"}
TOP_LEVEL = {
    *PACKAGES,
    *("cli.py", "tests", "benchmarks", "docs", ".ci", ".gitignore"),
    *("Makefile", "README.md", "pyproject.toml", "requirements.lock", "requirements-dev.lock"),
}
TRAILS = {"LOG", "LOGGED", "DERIVED", "VAULT"}

# The clock and the randomness enter at the edge: the desk gives the system's, the command line
# knows the day.
EDGES = {"assets/trail/desk.py", "cli.py"}
CLOCKS = {
    *("date.today", "datetime.date.today", "datetime.now", "datetime.datetime.now"),
    *("datetime.utcnow", "datetime.today", "time.time", "time.time_ns", "os.urandom", "uuid.uuid4"),
}
RANDOM = {"random", "secrets"}


# --- one module -----------------------------------------------------------------------------


def imported_modules(tree: ast.Module) -> set[str]:
    """Every module named in an import statement, dotted."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            found |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    return found


def module_faults(path: Path, source: str) -> list[str]:
    """What is wrong with the module ``source`` that lies at ``path`` (relative to the root)."""
    tree = ast.parse(source)
    imports = imported_modules(tree)
    tops = {name.partition(".")[0] for name in imports}
    package = path.parts[0]
    faults = []
    if not ast.get_docstring(tree):
        faults.append("no docstring: the first line says which question the module answers")
    if NAMELESS & {part.removesuffix(".py") for part in path.parts}:
        faults.append("nameless: call it after what it holds")
    if tops & {"cli", "tests", "web", "benchmarks"}:
        faults.append("imports an entry point or the tests")
    if "fixtures" in tops and package not in ("fixtures", "cli.py"):
        faults.append("imports fixtures: only the command line may")
    if "__future__" in tops:
        faults.append("imports __future__: SQLModel needs the annotations themselves")
    if path.name == "commands.py" and "ledger.database" in imports:
        faults.append("a command opens no database: the command line hands it a session")
    if package in ("assets", "ledger"):
        faults += [f"line {line}: float literal; money is whole fen" for line in float_lines(tree)]
    if package != "fixtures" and path.as_posix() not in EDGES:
        faults += [f"line {line}: {name}; it enters at the edge" for line, name in edge_calls(tree)]
    faults += [f"{name}: public, without a docstring" for name in undocumented(tree)]
    return faults


def float_lines(tree: ast.Module) -> list[int]:
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex)
    ]


def edge_calls(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Readings of the machine's clock or randomness."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in CLOCKS:
            yield node.lineno, ast.unparse(node.func)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            named = [alias.name for alias in node.names]
            module = [node.module] if isinstance(node, ast.ImportFrom) and node.module else named
            for name in RANDOM & set(module):
                yield node.lineno, name


def undocumented(tree: ast.Module) -> list[str]:
    """Public functions and classes of the module, and their public methods, without docstring."""
    found = []
    definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    for node in tree.body:
        if not isinstance(node, definition) or node.name.startswith("_"):
            continue
        inside = node.body if isinstance(node, ast.ClassDef) else []
        for each in [node, *inside]:
            if not isinstance(each, definition) or each.name.startswith("_"):
                continue
            overloads = [ast.unparse(name) for name in each.decorator_list]
            if not ast.get_docstring(each) and "overload" not in overloads:
                found.append(each.name)
    return found


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_the_module_keeps_the_house_rules(path: Path) -> None:
    assert module_faults(path, (ROOT / path).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("path", "source", "fault"),
    [
        ("assets/shares.py", "", "no docstring"),
        ("assets/utils.py", '"""Things."""', "nameless"),
        ("ledger/core/rule.py", '"""A rule."""', "nameless"),
        ("ledger/rule.py", '"""A rule."""\nimport cli', "entry point"),
        ("ledger/rule.py", '"""A rule."""\nfrom tests import cluster', "entry point"),
        ("reports/card.py", '"""A card."""\nfrom fixtures import names', "imports fixtures"),
        ("assets/shares.py", '"""S."""\nfrom __future__ import annotations', "__future__"),
        ("ledger/commands.py", '"""C."""\nfrom ledger import database', "opens no database"),
        ("ledger/books/rule.py", '"""A rule."""\nSHARE = 0.2', "line 2: float literal"),
        ("ledger/rule.py", '"""A."""\nimport datetime\nd = datetime.date.today()', "at the edge"),
        ("reports/card.py", '"""A."""\nimport random', "at the edge"),
        ("ledger/rule.py", '"""A rule."""\ndef share(): ...', "share: public"),
    ],
)
def test_a_module_that_breaks_a_rule_is_named(path: str, source: str, fault: str) -> None:
    assert any(fault in found for found in module_faults(Path(path), source))


def test_the_edges_may_read_the_clock() -> None:
    source = '"""The command line."""\nfrom datetime import date\nTODAY = date.today()'
    assert module_faults(Path("cli.py"), source) == []


def basis_faults(source: str) -> list[str]:
    """The ``依据:`` lines of a module's docstrings that name no registered document."""
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    faults = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, documented) or isinstance(node, ast.Module):
            continue
        for label in labels_in(ast.get_docstring(node) or ""):
            try:
                resolve(label)
            except UnknownSource as unknown:
                faults.append(f"line {node.lineno}, {node.name}: {unknown}")
    return faults


CITING = [path for path in MODULES if path.parts[0] in ("assets", "ledger", "reports")]


@pytest.mark.parametrize("path", CITING, ids=str)
def test_every_basis_of_the_module_resolves(path: Path) -> None:
    assert basis_faults((ROOT / path).read_text(encoding="utf-8")) == []


def test_a_basis_that_nobody_has_registered_is_named() -> None:
    source = 'def share():\n    """Share.\n\n    依据: 某办发〔2099〕1号 第一条\n    """'
    assert "〔2099〕1号" in basis_faults(source)[0]
    assert (
        basis_faults(source.replace("某办发〔2099〕1号 第一条", "国办函〔2021〕51号 二(五)")) == []
    )


SHOWING = [path for path in CITING if ">>>" in (ROOT / path).read_text(encoding="utf-8")]


@pytest.mark.parametrize("path", SHOWING, ids=str)
def test_the_examples_in_the_docstrings_hold(path: Path) -> None:
    name = ".".join(path.with_suffix("").parts).removesuffix(".__init__")
    assert doctest.testmod(importlib.import_module(name)).failed == 0


# --- one table ------------------------------------------------------------------------------


def table_faults(model: Any) -> list[str]:
    """What is wrong with a table class."""
    table = model.__table__
    trail = getattr(model, "__trail__", None)
    faults = []
    if trail not in TRAILS:
        faults.append("declares neither LOGGED nor DERIVED nor VAULT")
    if trail == "LOGGED" and ("entry_id" not in table.c or table.c.entry_id.nullable):
        faults.append("LOGGED, and a row may have no entry")
    if not table.dialect_options["sqlite"].get("strict"):
        faults.append("not STRICT on SQLite: use columns.strict()")
    packed = getattr(model, "__packed__", False)
    for column in table.columns:
        if type(column.type) not in COLUMN_TYPES:
            faults.append(f"{column.name}: {column.type!r} is no type of assets/columns.py")
        if packed and (column.nullable or type(column.type) in (Code,)):
            faults.append(f"{column.name}: a packed table holds whole numbers only, no NULL")
    if packed and table.foreign_keys:
        faults.append("a packed table has no foreign keys: the seal proves them by one join")
    if model.__mapper__.relationships:
        faults.append("has a Relationship(): rows are joined by id")
    return faults


def all_modules() -> list[str]:
    """Every importable module of the packages that may hold tables."""
    names = []
    for package in ("assets", "ledger"):
        root = importlib.import_module(package)
        found = pkgutil.walk_packages(root.__path__, f"{package}.")
        names += [each.name for each in found if ".migrations" not in each.name]
    return names


def tables() -> list[Any]:
    for package in ("assets.models", "ledger.models"):
        importlib.import_module(package)
    models = [mapper.class_ for mapper in SQLModel._sa_registry.mappers]
    ours = [model for model in models if model.__module__.partition(".")[0] in PACKAGES]
    return sorted(ours, key=lambda model: str(model.__tablename__))


@pytest.mark.parametrize("model", tables(), ids=lambda model: model.__tablename__)
def test_the_table_is_declared_and_typed(model: Any) -> None:
    assert table_faults(model) == []
    assert model.__module__.split(".")[1] == "models", "tables live in models/"


def test_no_table_is_hidden_outside_the_models() -> None:
    known = tables()
    for name in all_modules():
        importlib.import_module(name)
    assert tables() == known


def test_a_table_that_breaks_a_rule_is_named() -> None:
    class Undeclared(SQLModel, table=True):
        __tablename__ = "layout_undeclared"
        id: int = Field(default=None, sa_type=Id, primary_key=True)
        share: float = Field(sa_type=Float)

    class Loose(Logged, table=True):
        __tablename__ = "layout_loose"
        entry_id: int = Field(default=None, sa_type=Id, nullable=True)
        amount: int = Field(sa_type=Count)

    class Block(Packed, table=True):
        __tablename__ = "layout_block"
        __table_args__ = strict()
        title: str = Field(sa_type=Code)
        loose_id: int = Field(sa_type=Id, foreign_key="layout_loose.id")

    models: list[Any] = [Undeclared, Loose, Block]
    try:
        faults = [" / ".join(table_faults(model)) for model in models]
    finally:
        for model in models:
            SQLModel.metadata.remove(model.__table__)
            SQLModel._sa_registry._dispose_cls(model)
    assert "neither LOGGED" in faults[0] and "no type of assets/columns.py" in faults[0]
    assert "may have no entry" in faults[1] and "not STRICT" in faults[1]
    assert "whole numbers only" in faults[2] and "no foreign keys" in faults[2]


# --- the folder -----------------------------------------------------------------------------


def kept_files() -> list[str]:
    """The files of the tree that git keeps or would add; without git, all that lie there."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return [path.name for path in ROOT.iterdir() if path.name not in (".git", ".venv", "out")]
    return [name for name in done.stdout.split("\0") if name and (ROOT / name).exists()]


def strays(names: list[str]) -> set[str]:
    """Top-level names that the house has no room for."""
    return {name.partition("/")[0] for name in names} - TOP_LEVEL


def test_nothing_strays_at_the_top_level() -> None:
    assert strays(kept_files()) == set()


def test_a_stray_file_is_named() -> None:
    assert strays(["assets/money.py", "notes.txt", "web/app.py"]) == {"notes.txt", "web"}


def test_no_installed_distribution_ships_a_package_of_our_names() -> None:
    ours = {"assets", "ledger", "reports", "fixtures", "cli", "web", "tests", "docs", "benchmarks"}
    clashes = {
        name: owners
        for name, owners in importlib.metadata.packages_distributions().items()
        if name in ours and set(owners) != {"fupin-ledger"}
    }
    assert clashes == {}


def test_tests_are_no_package() -> None:
    assert list((ROOT / "tests").rglob("__init__.py")) == [], (
        "a package `tests.assets` would shadow `assets`"
    )


def test_the_wheel_ships_the_house_and_nothing_else() -> None:
    """The wheel carries the four packages and the command line, nothing of the tests."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = pyproject["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]
    assert sorted(wheel) == sorted([*PACKAGES, "cli.py"])


# --- the command line and the README --------------------------------------------------------


def commands(noun: str) -> dict[str, Any]:
    """What is typed after ``fupin`` → its command, for one noun and all its verbs."""
    root = typer.main.get_command(cli.app)
    command: Any = root.get_command(None, noun)  # type: ignore[attr-defined]
    verbs = getattr(command, "commands", None)
    if verbs is None:
        return {noun: command}
    return {f"{noun} {verb}": each for verb, each in verbs.items()}


@pytest.mark.parametrize("noun", cli.NOUNS)
def test_every_command_says_what_it_does_with_an_example(noun: str) -> None:
    silent = [name for name, command in commands(noun).items() if not command.help]
    assert silent == []
    shown = {name: f"fupin {name}" in command.help for name, command in commands(noun).items()}
    assert [name for name, example in shown.items() if not example] == []


@pytest.mark.parametrize("noun", cli.NOUNS)
def test_every_command_occurs_in_the_readme(noun: str) -> None:
    readme = ROOT / "README.md"
    if not readme.exists():
        pytest.skip("there is no README.md yet")
    text = readme.read_text(encoding="utf-8")
    missing = [name for name in commands(noun) if not occurs(name, text)]
    assert missing == []


def occurs(name: str, text: str) -> bool:
    """Whether ``plan draft`` is in the text, alone or in a list such as ``plan draft|show``."""
    noun, _, verb = name.partition(" ")
    if not verb:
        return re.search(rf"(?<![\w-]){re.escape(noun)}(?![\w-])", text) is not None
    lists: list[str] = re.findall(rf"(?<![\w-]){re.escape(noun)} ([\w|-]+)", text)
    return any(verb in each.split("|") for each in lists)


def test_a_command_is_found_in_a_list_of_verbs_and_not_in_another_word() -> None:
    assert occurs("plan show", "fupin plan draft|show|explain")
    assert not occurs("plan show", "fupin plan draft, asset show")
    assert occurs("check", "fupin check") and not occurs("check", "bean-check")
