"""Can somebody with nothing but the printed papers of a village find any household's amount again?

The script below reads the text of two papers as a pair of eyes would, never the data attached to
them, and reckons with its own few lines: of the money for the channel each person brings an equal
part; whole fen are handed out first, and the fen left over go one by one to the largest fractions,
equal fractions in the order of SHA-256 over plan and household code (see the end of the plan).
"""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

from reports import pdf
from tests.reports.conftest import Told
from tests.reports.scenario import BATCH, PLAN

NOTICED = re.compile(
    r"^\s*\d+\s+(?P<name>\S.*?)\s+(?P<group>\S+组)\s+(?P<channel>\S+)\s+每人[\d,.]+元"
    r"\s+(?P<persons>\d+)人\s+(?P<amount>[\d,]+\.\d\d)$"
)
ROSTERED = re.compile(
    r"^\s*\d+\s+(?P<group>\S+组)\s+(?P<code>\d{10})\s+(?P<name>\S+)\s+\S+\s+(?P<channel>\S+)"
    r"\s+(?P<persons>\d+)人\s+(?P<amount>[\d,]+\.\d\d)"
)
USE = re.compile(r"^(?P<channel>\S+)\s{2,}.*按人口分配\s+(?P<amount>[\d,]+\.\d\d)$")


def printed(paper: bytes, folder: Path) -> list[str]:
    """The lines of a paper as they stand on the sheet."""
    path = folder / "paper.pdf"
    path.write_bytes(paper)
    done = subprocess.run(
        ["pdftotext", "-layout", str(path), "-"], capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def fen(yuan: str) -> int:
    """Yuan with two places as whole fen."""
    return int(yuan.replace(",", "").replace(".", ""))


def lines_of(text: list[str], shape: re.Pattern[str], channel: str) -> Iterator[re.Match[str]]:
    """The lines of a list that speak of one channel."""
    for line in text:
        found = shape.match(line)
        if found and found["channel"] == channel:
            yield found


def reckoned(total_fen: int, plan: str, persons: dict[str, int]) -> dict[str, int]:
    """Household code → fen, from the total, the plan's code and the heads alone."""
    heads = sum(persons.values())
    shares = {code: total_fen * count // heads for code, count in persons.items()}

    def order(code: str) -> tuple[int, int]:
        left = total_fen * persons[code] % heads
        key = int.from_bytes(sha256(f"{plan}\x1f{code}".encode()).digest()[:8], "big") >> 1
        return -left, key

    for code in sorted(persons, key=order)[: total_fen - sum(shares.values())]:
        shares[code] += 1
    return shares


@dataclass(frozen=True)
class Papers:
    """The text of a village's notice and of the roster kept in the office."""

    notice: list[str]
    roster: list[str]


@pytest.fixture
def papers(told: Told, tmp_path: Path) -> Papers:
    notice = told.paper("distribution-notice", subject=PLAN)
    roster = told.paper("payment-roster", subject=BATCH, edition="internal")
    return Papers(printed(pdf.to_pdf(notice), tmp_path), printed(pdf.to_pdf(roster), tmp_path))


def test_any_households_amount_comes_out_of_the_printed_papers_alone(papers: Papers) -> None:
    """24,253.62 yuan for 150 persons: 161.69 each, 12 fen left for the twelve with 4 or 5 heads."""
    uses = [found for found in map(USE.match, papers.notice) if found]
    assert [(use["channel"], use["amount"]) for use in uses] == [("奖励补助", "24,253.62")]
    channel, total = uses[0]["channel"], fen(uses[0]["amount"])
    plan = next(line for line in papers.roster if "分配方案FP" in line).split("分配方案")[-1]
    assert plan.strip() == PLAN
    rows = list(lines_of(papers.roster, ROSTERED, channel))
    persons = {row["code"]: int(row["persons"]) for row in rows}
    assert len(persons) == len(rows) == 62 and sum(persons.values()) == 150
    assert {row["code"]: fen(row["amount"]) for row in rows} == reckoned(
        total, plan.strip(), persons
    )


def test_the_wall_says_the_same_of_everybody_as_the_office(papers: Papers) -> None:
    posted = sorted(
        (row["group"], int(row["persons"]), fen(row["amount"]))
        for row in lines_of(papers.notice, NOTICED, "奖励补助")
    )
    kept = sorted(
        (row["group"], int(row["persons"]), fen(row["amount"]))
        for row in lines_of(papers.roster, ROSTERED, "奖励补助")
    )
    assert posted == kept
    assert sum(amount for _, _, amount in posted) == 2_425_362


def test_one_fen_moved_on_the_paper_does_not_come_out(papers: Papers) -> None:
    rows = list(lines_of(papers.roster, ROSTERED, "奖励补助"))
    persons = {row["code"]: int(row["persons"]) for row in rows}
    said = {row["code"]: fen(row["amount"]) for row in rows}
    first, last = min(said), max(said)
    said[first] += 1
    said[last] -= 1
    assert sum(said.values()) == 2_425_362
    assert said != reckoned(2_425_362, PLAN, persons)


def test_equal_fractions_go_by_the_printed_codes_not_by_the_order_of_the_list() -> None:
    persons = {"5000000001": 1, "5000000002": 1, "5000000003": 1}
    shares = reckoned(100, "FP-2020-001", persons)
    assert sorted(shares.values()) == [33, 33, 34]
    assert shares == reckoned(100, "FP-2020-001", dict(reversed(persons.items())))
