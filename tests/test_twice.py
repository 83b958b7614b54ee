"""Is every writing command harmless when it is typed twice? The whole walk, each line two times.

The second time it says 已办理, exits 0, and the log has not grown.
"""

from pathlib import Path

import pytest

from tests.walking import Twice, WalkedTwice, walked_twice

LEAST_LINES = 400
ALREADY = "已办理"


@pytest.fixture
def walked(database: str, request: pytest.FixtureRequest) -> WalkedTwice:
    name = "small_walk" if database == "sqlite" else "small_walk_on_postgresql"
    folder: Path = request.getfixturevalue(name)
    return walked_twice(folder)


def shown(lines: list[Twice]) -> str:
    return "\n".join(f"{' '.join(each.argv)}: {each.second_said[:200]!r}" for each in lines)


def test_the_walk_is_long_and_every_line_of_it_is_done(walked: WalkedTwice) -> None:
    assert len(walked.lines) >= LEAST_LINES
    assert {each.first for each in walked.lines} == {0}
    nouns = {each.argv[0] for each in walked.lines if each.writes}
    assert nouns >= {"init", "import", "title", "handover", "income", "plan", "pay", "book"}


def with_the_year(line: Twice) -> bool:
    """December is closed together with its year."""
    return line.argv[:2] == ("book", "close") and "随年度结账" in line.first_said


def test_every_writing_line_lengthens_the_log_once(walked: WalkedTwice) -> None:
    idle = [
        each
        for each in walked.lines
        if each.writes and each.after_first == each.before and not with_the_year(each)
    ]

    assert shown(idle) == ""


def test_the_second_time_nothing_is_written_and_the_exit_code_is_0(walked: WalkedTwice) -> None:
    grown = [each for each in walked.lines if each.after_second != each.after_first]
    refused = [each for each in walked.lines if each.second != 0]

    assert shown(grown) == ""
    assert shown(refused) == ""


def test_the_second_time_every_writing_line_says_so(walked: WalkedTwice) -> None:
    silent = [each for each in walked.lines if each.writes and ALREADY not in each.second_said]

    assert shown(silent) == ""


def test_a_line_that_only_looks_writes_nothing(walked: WalkedTwice) -> None:
    looking = [each for each in walked.lines if not each.writes]

    assert looking
    assert all(each.before == each.after_first == each.after_second for each in looking)
