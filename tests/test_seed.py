"""Does the line hold for another seed and size, and does one person more move what it must?"""

import hashlib
import json
from collections import defaultdict
from fractions import Fraction
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from fixtures.story import Story
from reports.pdf import read_attachment
from tests.walking import SEED, SMALL, copy_of, fupin, prepare, rows_of, stage_in, story_of, walk
from tests.whole_line import (
    ask,
    bank_file,
    batches_agree,
    batches_of,
    cards_agree,
    check_finds_nothing,
    explained,
    fen,
    income_balances,
    people_are_all_there,
    plans_add_up,
    titles_and_handovers_agree,
)

Lines = dict[str, int]
"""Household → fen."""


def everything_agrees(address: str, folder: Path, story: Story) -> None:
    people_are_all_there(address, story)
    plans_add_up(address, story)
    batches_agree(address, folder)
    cards_agree(address, explained(address, 2019))
    titles_and_handovers_agree(address, story)
    income_balances(address, story)
    check_finds_nothing(address)
    said = fupin("trail", "verify", database=address)
    assert said.code == 0, said.text


def test_a_district_of_another_seed_and_size_passes_the_same_checks(tmp_path: Path) -> None:
    story = prepare(tmp_path, 7, 120)
    stage = stage_in(tmp_path, seed=7)
    walk(tmp_path, story, stage)

    assert story.expected.households == 120
    assert story.poor_villages != story_of_the_usual_seed(tmp_path).poor_villages
    everything_agrees(stage.database, tmp_path, story)


def story_of_the_usual_seed(folder: Path) -> Story:
    return prepare(folder / "usual", SEED, SMALL)


@pytest.mark.soak
@pytest.mark.parametrize(("seed", "households"), [(7, 301), (2020, 755), (99, 1510)])
def test_a_whole_demonstration_of_another_seed_and_size_passes_the_same_checks(
    tmp_path: Path, seed: int, households: int
) -> None:
    out = tmp_path / "demo"
    said = fupin("demo", "--out", str(out), "--seed", str(seed), "--households", str(households))
    assert said.code == 0, said.text
    assert "不一致" not in said.out

    story = prepare(tmp_path / "told", seed, households)
    everything_agrees(f"sqlite:///{out / 'fupin.db'}", out, story)
    for path in sorted((out / "报表").glob("*.pdf")):
        data: Any = read_attachment(path)["data"]
        for paper in data.get("papers", [data]):
            assert all(proof["left"] == proof["right"] for proof in paper["proofs"]), path.name


# --- one person less ----------------------------------------------------------------------------


class District:
    """A walked district, asked for one plan in every place where its lines stand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.address = f"sqlite:///{folder / 'fupin.db'}"
        codes = dict(rows_of(self.address, "SELECT id, code FROM household"))
        self.codes: dict[int, str] = {int(number): code for number, code in codes.items()}

    def weights(self, plan: str) -> Lines:
        """The frozen roster: persons."""
        rows = rows_of(
            self.address,
            "SELECT l.household_id, l.person_count FROM roster_line l "
            f"JOIN roster r ON r.id = l.roster_id WHERE r.plan_code = '{plan}'",
        )
        return {self.codes[number]: persons for number, persons in rows}

    def shared(self, plan: str) -> tuple[int, Lines]:
        """What is shared by persons, and each household's part."""
        view = ask(self.address, "plan", "show", plan)
        (channel,) = [each for each in view["channels"] if each["channel"] == "REWARD"]
        lines = {each["household"]: each["share_fen"] for each in channel["households"]}
        return channel["amount_fen"], lines

    def places(self, plan: str) -> dict[str, Lines]:
        """Where the lines of a plan stand → household → fen, all channels together."""
        batches = [
            row["批次编号"]
            for row in batches_of(self.address)
            if row["方案"] == plan and row["类型"] == "正常发放"
        ]
        found: dict[str, Lines] = {
            name: defaultdict(int) for name in ("roster", "bank file", "voucher", "card", "summary")
        }
        for batch in batches:
            for line in ask(self.address, "pay", "show", batch):
                found["roster"][line["户编号"]] += fen(line["金额（元）"])
            for code, amount in bank_file(self.folder / "银行文件" / f"{batch}.csv").items():
                found["bank file"][code] += amount
            for number, amount in rows_of(
                self.address,
                "SELECT l.household_id, sum(l.amount_fen) FROM voucher v "
                "JOIN voucher_line l ON l.voucher_id = v.id AND l.side = 1 "
                f"WHERE v.object_code = '{batch}' AND v.kind = 'payment' GROUP BY l.household_id",
            ):
                found["voucher"][self.codes[number]] += amount
        for code, told in explained(self.address, 2019).items():
            for each in told.money:
                if each.plan_code == plan:
                    found["card"][code] += each.amount_fen
        for row in ask(self.address, "pay", "totals", "--year", "2020"):
            found["summary"][row["户编号"]] += fen(row["合计（元）"])
        return found

    def noticed(self, plan: str, out: Path) -> list[int]:
        """The amounts of the notice on the board, in order."""
        who = ("--actor", "R0180", "--on", "2021-03-31", "--out", str(out))
        said = fupin("report", "distribution-notice", plan, *who, database=self.address)
        assert said.code == 0, said.text
        paper = json.loads(out.read_text(encoding="utf-8"))
        paper = paper.get("data", paper)
        return [row["amount"] for row in paper["tables"][1]["rows"]]


def moved(before: Lines, after: Lines) -> Lines:
    """Household → difference in fen, where there is one."""
    codes = before.keys() | after.keys()
    changes = {code: after.get(code, 0) - before.get(code, 0) for code in codes}
    return {code: change for code, change in changes.items() if change}


def reckoned(total: int, plan: str, weights: Lines) -> Lines:
    """Largest remainder in exact fractions; equal fractions go to the smaller key."""

    def key(code: str) -> int:
        digest = hashlib.sha256(plan.encode() + b"\x1f" + code.encode()).digest()
        return int.from_bytes(digest[:8], "big") >> 1

    exact = {
        code: Fraction(total * weight, sum(weights.values())) for code, weight in weights.items()
    }
    parts = {code: int(share) for code, share in exact.items()}
    order = sorted(exact, key=lambda code: (parts[code] - exact[code], key(code)))
    for code in order[: total - sum(parts.values())]:
        parts[code] += 1
    return parts


def take_one_out(book: Path, household: str, workers: set[str]) -> str:
    """Take a member who neither heads the household nor works out of the workbook of people."""
    work = openpyxl.load_workbook(book)
    sheet = work.active
    assert sheet is not None
    head = next(row for row in sheet.iter_rows() if any(cell.value == "户编号" for cell in row))
    columns = {str(cell.value): cell.column for cell in head if cell.value}
    rows = [
        row
        for row in range(int(head[0].row or 0) + 1, sheet.max_row + 1)
        if sheet.cell(row, columns["户编号"]).value == household
    ]
    gone = next(
        row
        for row in rows
        if sheet.cell(row, columns["与户主关系"]).value != "户主"
        and sheet.cell(row, columns["人编号"]).value not in workers
    )
    for row in rows:
        sheet.cell(row, columns["人数"]).value = len(rows) - 1
    person = str(sheet.cell(gone, columns["人编号"]).value)
    sheet.delete_rows(gone)
    work.save(book)
    return person


def test_one_person_less_moves_exactly_what_it_must_everywhere_together(
    small_walk: Path, tmp_path: Path
) -> None:
    story = prepare(tmp_path, SEED, SMALL)
    first, later = story.plans[0], story.supplementary_plans[0]
    copy_of(small_walk, tmp_path / "before", ("fupin.db", "keys", "银行文件"))
    before = District(tmp_path / "before")
    workers = {post.person for plan in (first, later) for post in plan.posts}
    household = max(before.weights(first.code).items(), key=lambda item: item[1])[0]
    take_one_out(tmp_path / "表格" / "households.xlsx", household, workers)
    walk(tmp_path, story, stage_in(tmp_path))
    after = District(tmp_path)

    touched = [plan.code for plan in (first, later)]
    shares: dict[str, Lines] = {}
    for plan in touched:
        was, now = before.weights(plan), after.weights(plan)
        assert moved(was, now) == {household: -1}
        (total, old), (same, new) = before.shared(plan), after.shared(plan)
        assert total == same
        assert old == reckoned(total, plan, was)
        assert new == reckoned(total, plan, now)
        shares[plan] = moved(old, new)
        assert shares[plan][household] < 0 and sum(shares[plan].values()) == 0

        standing = before.places(plan), after.places(plan)
        for place in ("roster", "bank file", "voucher", "card"):
            assert moved(standing[0][place], standing[1][place]) == shares[plan], place
        out = tmp_path / "notice.json"
        notices = sorted(before.noticed(plan, out)), sorted(after.noticed(plan, out))
        assert notices[0] != notices[1] and sum(notices[0]) == sum(notices[1])
        assert all(amount in notices[1] for amount in new.values())

    together: Lines = defaultdict(int)
    for lines in shares.values():
        for code, change in lines.items():
            together[code] += change
    summaries = [each.places(first.code)["summary"] for each in (before, after)]
    assert moved(*summaries) == {code: change for code, change in together.items() if change}

    for row in ask(before.address, "plan", "list"):
        if row["方案编号"] not in touched:
            question = ("plan", "show", row["方案编号"])
            assert ask(before.address, *question) == ask(after.address, *question)
    paid = [
        [
            (row["批次编号"], row["领款人数"], row["金额（元）"])
            for row in batches_of(each.address)
            if row["类型"] == "正常发放"
        ]
        for each in (before, after)
    ]
    assert paid[0] == paid[1]
    assert ask(before.address, "asset", "list") == ask(after.address, "asset", "list")
    check_finds_nothing(after.address)


def test_the_story_of_the_small_district_is_what_was_walked(small_walk: Path) -> None:
    people_are_all_there(f"sqlite:///{small_walk / 'fupin.db'}", story_of(small_walk))
