"""Can every command line of the user guide be typed as it stands?"""

import shlex
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

import cli
from assets.workbook.cells import CLEAR
from ledger.commands.examination import kind_named

GUIDE = Path(__file__).parents[1] / "docs" / "guide.md"
TABLES = ("import", "export", "template")


def command_lines() -> Iterator[str]:
    """The lines between ```sh and ``` that begin with the program's name."""
    inside = False
    for line in GUIDE.read_text(encoding="utf-8").splitlines():
        if line.startswith("```"):
            inside = line == "```sh"
        elif inside:
            assert line.startswith("fupin "), line
            yield line


LINES = list(command_lines())


@pytest.mark.parametrize("line", LINES)
def test_a_command_of_the_guide_is_understood(line: str) -> None:
    common, rest = cli.split_common(shlex.split(line)[1:])
    if common.on:
        assert cli.parse_day(common.on, date.today).isoformat() == common.on
    command = cli._load(rest[0])
    words = [rest.pop(0)]
    while hasattr(command, "commands"):
        words.append(rest.pop(0))
        assert words[-1] in command.commands, line
        command = command.commands[words[-1]]
    if words[0] in TABLES and rest[0] != "proposals":
        assert kind_named(rest[0])
    command.make_context(" ".join(words), rest)


def test_the_guide_is_long_enough_to_be_one() -> None:
    nouns = {line.split()[1] for line in LINES}
    assert {"init", "import", "title", "handover", "plan", "pay", "book", "audit"} <= nouns


def test_the_word_that_clears_a_cell_is_the_one_the_guide_names() -> None:
    assert f"`{CLEAR}`" in GUIDE.read_text(encoding="utf-8")
