"""The rules find every planted fault and nothing else; what they cannot judge they do not call clean."""

import ast
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from sqlmodel import Session

from assets.errors import NotFound
from fixtures import faulty_year
from fixtures.audit_year import ON, VILLAGE_B
from fixtures.faulty_year import Field
from ledger.database import open_session
from ledger.flags import running
from ledger.flags.rule import Outcome
from ledger.flags.running import RuleAnswer, find_rule, run

Key = tuple[str, str, str]


def fired(answers: list[RuleAnswer]) -> set[Key]:
    return {
        (flag.rule, flag.object_kind, flag.object_code)
        for answer in answers
        for flag in answer.fires
    }


def table_of(found: set[Key], planted: set[Key]) -> str:
    """Precision and recall, rule by rule and in all."""
    lines = [f"{'规则':<6}{'植入':>6}{'查出':>6}{'命中':>6}{'精确率':>8}{'查全率':>8}"]
    for rule in [*sorted({key[0] for key in found | planted}), "合计"]:
        mine = {key for key in found if rule in (key[0], "合计")}
        theirs = {key for key in planted if rule in (key[0], "合计")}
        both = len(mine & theirs)
        precision = 100 * both // len(mine) if mine else 100
        recall = 100 * both // len(theirs) if theirs else 100
        lines.append(f"{rule:<6}{len(theirs):>8}{len(mine):>8}{both:>8}{precision:>9}%{recall:>9}%")
    return "\n".join(lines)


def test_nothing_fires_and_nothing_is_unknown_in_the_clean_year(clean_year: Session) -> None:
    answers = run(clean_year, ON)
    assert fired(answers) == set()
    assert [flag for answer in answers for flag in answer.unknown] == []
    assert [answer.rule.code for answer in answers if not answer.clean] == []


def test_every_planted_fault_is_found_and_nothing_else(
    faulty: tuple[Session, Field], capsys: pytest.CaptureFixture[str]
) -> None:
    session, field = faulty
    found = fired(run(session, ON))
    planted = {(each.rule, each.kind, each.code) for each in field.planted}
    with capsys.disabled():
        print("\n" + table_of(found, planted))
    assert found - planted == set()
    assert planted - found == set()


def test_no_near_miss_fires(faulty: tuple[Session, Field]) -> None:
    session, field = faulty
    found = {(rule, code) for rule, _, code in fired(run(session, ON))}
    assert [each for each in field.near if (each.rule, each.code) in found] == []


def test_every_rule_has_a_fault_and_every_limit_a_near_miss() -> None:
    class Silent:
        def __getattr__(self, name: str) -> object:
            return lambda *words, **more: words[0] if words else 0

    field = Field(Silent())  # type: ignore[arg-type]
    for each in faulty_year.RULES:
        each(field)
    assert {each.rule for each in field.planted} == {rule.code for rule in running.RULES}
    limited = {rule.code for rule in running.RULES if rule.parameters}
    assert limited <= {each.rule for each in field.near}


def test_what_follows_from_a_fault_is_listed_with_it(faulty: tuple[Session, Field]) -> None:
    _, field = faulty
    assert [(x.rule, x.follows_from) for x in field.planted if x.follows_from] == [("F15", "F17")]


def test_the_planting_script_knows_nothing_of_the_rules() -> None:
    for module in ("faulty_year", "audit_year"):
        path = Path(faulty_year.__file__).with_name(f"{module}.py")
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {
            node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
        } | {
            alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.Import)
            for alias in node.names
        }
        assert not [name for name in names if "flags" in name]


@pytest.mark.parametrize(
    ("tables", "rules"),
    [
        (("attendance",), ("F17",)),
        (("roster_line",), ("F14", "F18")),
        (("operation_contract", "contract_due"), ("F08", "F09", "F10")),
        (("receipt",), ("F08", "F11")),
        (("electricity_bill",), ("F26", "F27")),
        (("person_index",), ("F15", "F16")),
        (("stock_count_line",), ("F05",)),
        (("payment_result",), ("F21",)),
        (("notice",), ("F12", "F20")),
        (("fund_contribution",), ("F25",)),
    ],
    ids=lambda value: "+".join(value),
)
def test_an_emptied_table_makes_the_rules_that_need_it_say_so(
    own_copy: Path, tables: tuple[str, ...], rules: tuple[str, ...]
) -> None:
    before = counts(own_copy, rules)
    with closing(sqlite3.connect(own_copy)) as book:
        names = [
            row[0] for row in book.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        ]
        for name in names:
            book.execute(f"DROP TRIGGER {name}")
        for table in tables:
            book.execute(f"DELETE FROM {table}")
        book.commit()
    after = counts(own_copy, rules)
    for rule in rules:
        assert before[rule, Outcome.CLEAN] > 0
        assert after[rule, Outcome.CLEAN] == 0
        assert after[rule, Outcome.UNKNOWN] > 0


def counts(path: Path, rules: tuple[str, ...]) -> Counter[tuple[str, str]]:
    from ledger.database import engine_for

    tally: Counter[tuple[str, str]] = Counter()
    with Session(engine_for(f"sqlite:///{path}", write=False)) as session:
        for answer in run(session, ON, rules=rules):
            tally[answer.rule.code, Outcome.CLEAN] = answer.clean
            for flag in answer.flags:
                tally[answer.rule.code, flag.outcome] += 1
    return tally


def test_a_town_and_a_year_narrow_the_answers(faulty: tuple[Session, Field]) -> None:
    session, _ = faulty
    assert fired(run(session, ON, division="440203103000")) == set()
    of_village = run(session, ON, division=VILLAGE_B, rules=["F23", "F12"])
    assert [len(answer.fires) for answer in of_village] == [2, 0]
    assert fired(run(session, ON, year=2019, rules=["F12"])) == set()
    assert len(fired(run(session, ON, year=2020, rules=["F12"]))) == 5


def test_a_flag_names_rule_version_amount_and_what_the_book_was(
    faulty: tuple[Session, Field],
) -> None:
    session, _ = faulty
    flag = next(x for x in run(session, ON, rules=["f09"])[0].fires if x.object_code == "F09-疑")
    assert flag.rule_version == "F09/1@2016-01-01"
    assert flag.amount_fen == 1
    assert flag.told == "合同应收1,000.00元，已收999.99元"
    assert len(flag.snapshot_sha256) == 64
    again = run(session, ON, rules=["F09"])[0].fires
    assert flag.snapshot_sha256 in {x.snapshot_sha256 for x in again}
    assert flag.see == "fupin asset trace F09-疑"


def test_the_day_asked_for_decides(faulty: tuple[Session, Field]) -> None:
    session, _ = faulty
    later = fired(run(session, date(2021, 7, 1), rules=["F01", "F05", "F21"]))
    assert {("F01", "FUND", "F01-日"), ("F05", "ASSET", "F05-近")} <= later
    assert ("F21", "PAYMENT", "F21-近-Z1/1") in later


def test_an_unknown_rule_is_refused(own_copy: Path) -> None:
    with open_session(f"sqlite:///{own_copy}") as session, pytest.raises(NotFound, match="F99"):
        run(session, ON, rules=["F99"])
    assert find_rule("f01").title == "资金闲置"
