"""Can a clerk do a year of the district in twelve commands? The manual's page, typed as it stands.

The small district is led up to the imported receipts of 2019; then every command line of
``docs/yearly-run.md`` is typed in its order, each twice, until the bank files lie in their folder.
"""

import csv
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from sqlmodel import select

from assets.asof import AsOf
from fixtures.story import PlanStory, Story
from fixtures.walk import Stage, Step, steps, write_jobs
from ledger import checks
from ledger.commands.year import OPINION_HEADERS
from ledger.database import open_session
from ledger.models import PaymentLine, Plan
from ledger.pay_lines import batches
from ledger.statements import income_balances
from tests import walking
from tests.conftest import make_desk

PAGE = Path(__file__).parents[1] / "docs" / "yearly-run.md"
MOST_COMMANDS = 12
SECOND = "# 复核员"


def command_lines() -> list[tuple[list[str], str]]:
    """The page's command lines with who types them."""
    found, inside = [], False
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("```"):
            inside = line == "```sh"
        elif inside:
            words = shlex.split(line, comments=True)
            assert words[0] == "fupin"
            found.append((words[1:], "复核员" if line.endswith(SECOND) else "记账员"))
    return found


def write_tables(story: Story, folder: Path) -> None:
    """The district's one job list and one list of signed opinions, as an office would keep them."""
    rows: list[list[str]] = []
    for plan in story.plans:
        if plan.posts:
            path = write_jobs(folder / "one.csv", plan)
            with path.open(encoding="utf-8-sig", newline="") as file:
                table = list(csv.reader(file))
            rows += table if not rows else table[1:]
    _write(folder / "岗位-2019.csv", rows)
    opinions = [row for plan in story.plans for row in _opinions(plan)]
    _write(folder / "意见-2019.csv", [list(OPINION_HEADERS), *opinions])


def _opinions(plan: PlanStory) -> Iterator[list[str]]:
    for label, on, actor in (
        ("监督意见", plan.supervised_on, plan.supervised_by),
        ("镇审核", plan.reviewed_on, plan.reviewed_by),
        ("备案", plan.filed_on, plan.filed_by),
    ):
        yield [plan.code, label, on.isoformat(), actor, "同意", ""]


def _write(path: Path, rows: list[list[str]]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(rows)


@dataclass
class Year:
    """The district after its year: what each line said the first and the second time."""

    folder: Path
    stage: Stage
    story: Story
    said: list[tuple[str, str, str]]


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Year:
    folder = tmp_path_factory.mktemp("year")
    story = walking.prepare(folder, walking.SEED, walking.SMALL)
    write_tables(story, folder / "表格")
    stage = walking.stage_in(folder)
    for step in steps(story, folder):
        if step.argv[:2] == ("income", "statement"):
            break
        assert stage.run(step) == 0, stage.output
    said = []
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for words, recorder in command_lines():
            step = Step("", tuple(words), recorder)
            assert stage.run(step) == 0, f"{words}\n{stage.output}"
            first, size = stage.output, walking.log_size(stage.database)
            assert stage.run(step) == 0, f"{words}\n{stage.output}"
            assert walking.log_size(stage.database) == size, words
            said.append((" ".join(words), first, stage.output))
    return Year(folder, stage, story, said)


def test_twelve_commands_are_enough(year: Year) -> None:
    assert 0 < len(command_lines()) <= MOST_COMMANDS
    assert f"{len(command_lines())} 条命令" in PAGE.read_text(encoding="utf-8")


def test_every_command_does_something_and_the_second_time_says_so(year: Year) -> None:
    for line, first, second in year.said:
        assert "未办理 " not in first, f"{line}\n{first}"
        assert "已办理" in second, f"{line}\n{second}"


def test_every_village_and_pool_with_money_has_its_plan_and_its_bank_files(year: Year) -> None:
    with open_session(year.stage.database, desk=make_desk()) as session:
        codes = set(session.exec(select(Plan.code)).all())
        assert codes == {plan.code for plan in year.story.plans}
        rows = batches(session)
        assert {each.plan_code for each in rows} == codes
        assert all(each.released and each.exported for each in rows)
        assert session.exec(select(PaymentLine)).first() is not None
        written = {file.stem for file in (year.folder / "银行文件").iterdir()}
        assert written == {each.batch.code for each in rows}


def test_a_bank_file_adds_up_to_its_batch(year: Year) -> None:
    with open_session(year.stage.database, desk=make_desk()) as session:
        for each in batches(session):
            text = (year.folder / "银行文件" / f"{each.batch.code}.csv").read_bytes()
            rows = csv.DictReader(text.decode("gb18030").splitlines())
            total = sum(int(row["金额(元)"].replace(".", "")) for row in rows)
            assert total == each.batch.amount_fen


def test_no_fen_of_the_year_is_lost_and_the_book_is_sound(year: Year) -> None:
    with open_session(year.stage.database, desk=make_desk()) as session:
        lines = income_balances(session, AsOf())
        assert lines and all(line.left_fen == line.right_fen for line in lines)
        planned = sum(each.distributable_fen for each in session.exec(select(Plan)).all())
        assert planned == sum(line.planned_fen for line in lines) > 0
        assert checks.run(session) == []


def test_the_page_names_the_offices_people(year: Year) -> None:
    office = year.story.office
    page = PAGE.read_text(encoding="utf-8")
    assert f"--actor {office.agency_actors[0]}" in page
    assert f"--actor {office.agriculture_actors[0]}" in page
    assert year.story.plans[0].received_until >= date(2020, 1, 1)


def test_scattered_households_are_paid_from_their_towns_pool_without_a_village_plan(
    year: Year,
) -> None:
    """西联镇 has no poor village: its households stand in the pool's plan, and in no other."""
    town = "440203100"
    pools = [plan for plan in year.story.plans if plan.town_code.startswith(town)]
    assert [plan.holder[0] for plan in pools] == ["P"]
    database = year.stage.database
    paid = walking.rows_of(
        database,
        "SELECT DISTINCT plan.code, household_fact.village_code FROM payment_line"
        " JOIN payment_batch ON payment_batch.id = payment_line.payment_batch_id"
        " JOIN plan ON plan.id = payment_batch.plan_id"
        " JOIN household_fact ON household_fact.household_id = payment_line.household_id",
    )
    of_town = {(plan, village) for plan, village in paid if village.startswith(town)}
    assert of_town and {plan for plan, _ in of_town} == {pools[0].code}
