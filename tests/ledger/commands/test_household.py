"""What a clerk types about households, and what comes out of it."""

import json
from collections.abc import Iterator
from datetime import date

import pytest

import cli
from tests.conftest import Book
from tests.ledger.people.small_village import CARD, CHEN, CHEN_SON, CHEN_WIFE, H1, H2, H3, settle

Capture = pytest.CaptureFixture[str]


class Desktop:
    """A clerk's window: runs commands on the book's database with the book's keys."""

    def __init__(self, book: Book, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(cli, "make_desk", lambda *_: book.desk)
        self.book, self.capsys = book, capsys
        self.surroundings = cli.Surroundings(today=lambda: date(2021, 1, 1), environment={})

    def __call__(self, *words: str, actor: str = "R0001") -> tuple[int, str, str]:
        self.book.session.rollback()
        self.capsys.readouterr()
        typed = [*words, "--database", self.book.url]
        typed += ["--actor", actor] if actor else []
        code = cli.run(typed, self.surroundings)
        out, err = self.capsys.readouterr()
        return code, out, err


@pytest.fixture
def fupin(book: Book, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desktop]:
    settle(book.session)
    yield Desktop(book, capsys, monkeypatch)


def test_the_list_counts_households_and_members_by_town_and_names_nobody(fupin: Desktop) -> None:
    code, out, _ = fupin("household", "list", "--json")
    found = json.loads(out)
    assert code == 0 and len(found["rows"]) == 5
    first = found["rows"][0]
    wanted = {"code": H1, "town": "龙归镇", "village": "龙归村", "size": 3, "status": "LIFTED"}
    assert {name: first[name] for name in wanted} == wanted
    assert (found["totals"]["households"], found["totals"]["members"]) == (5, 8)
    assert [(t["town"], t["households"], t["members"]) for t in found["totals"]["towns"]] == [
        ("龙归镇", 4, 7),
        ("西河镇", 1, 1),
    ]
    assert "陈" not in out and CARD not in out


def test_the_list_may_be_of_one_town_one_village_or_an_earlier_day(fupin: Desktop) -> None:
    assert "合计1户1人" in fupin("household", "list", "--town", "西河镇")[1]
    assert "合计1户2人" in fupin("household", "list", "--village", "凤田村")[1]
    assert "合计4户7人" in fupin("household", "list", "--on", "2019-12-31")[1]
    code, _, err = fupin("household", "list", "--town", "东河镇")
    assert code == 1 and "东河镇" in err
    lines = fupin("household", "list", "--csv")[1].splitlines()
    assert lines[0] == "户编号,镇,村,人数,状态" and len(lines) == 6


def test_a_household_is_shown_with_names_only_on_record(fupin: Desktop) -> None:
    plain = fupin("household", "show", H1)[1]
    assert CHEN["person_code"] in plain and "陈" not in plain
    named = fupin("household", "show", H1, "--names")[1]
    assert "陈塱" in named and "3021" in named and CHEN["id_number"] not in named
    code, _, err = fupin("household", "show", H1, "--names", actor="")
    assert code == 1 and "--actor" in err
    assert fupin("household", "show", "5999999999")[0] == 1


def test_a_person_is_found_by_number_without_being_shown(fupin: Desktop) -> None:
    found = json.loads(fupin("household", "find", "--id", CHEN["id_number"], "--json")[1])
    assert found == [{"person_code": CHEN["person_code"], "household_code": H1}]
    assert "没有查到" in fupin("household", "find", "--name", "无此人")[2]
    assert fupin("household", "find")[0] == 1


def test_every_event_is_recorded_once_and_then_done_already(fupin: Desktop) -> None:
    day = ("--day", "2020-05-01")
    son, wife = CHEN_SON["person_code"], CHEN_WIFE["person_code"]
    typed = [
        ("birth", H1, "500000000109", "--name", "陈新", "--relation", "之女", *day),
        ("labour", son, "丧失劳动力", *day),
        (
            "payee",
            H1,
            son,
            wife,
            "--relation",
            "母子",
            "--document",
            "委1号",
            "--until",
            "2022-01-01",
        ),
        ("correct", wife, "--bank", "邮储银行", *day),
        ("death", son, *day),
        ("split", H1, "5000000011", "--person", wife, "--head", wife, *day),
        ("move", "5000000011", "凤田村", *day),
        ("merge", H3, "5000000011", *day),
        ("status", H2, "退出名单", *day),
        ("head", H1, "500000000109", *day),
        ("leave", CHEN["person_code"], *day),
        ("join", H2, CHEN["person_code"], "--relation", "亲属", *day),
        ("recode", "440203102204", "440203102205", "--day", "2020-06-01"),
    ]
    for words in typed:
        code, out, err = fupin("household", "event", *words)
        assert (code, err) == (0, "") and "已" in out, words
    for words in typed:
        code, out, _ = fupin("household", "event", *words)
        assert code == 0 and "已办理" in out, words
    assert "亡故" in fupin("household", "show", H1)[1]


def test_what_cannot_be_understood_is_answered_with_what_can(fupin: Desktop) -> None:
    for words, said in (
        (("status", H1, "富裕户"), "脱贫户"),
        (("labour", CHEN["person_code"], "很能干"), "普通劳动力"),
        (("death", CHEN["person_code"], "--day", "去年"), "年-月-日"),
        (("move", H1, "龙龟村"), "龙龟村"),
    ):
        code, _, err = fupin("household", "event", *words)
        assert code == 1 and said in err


def test_erasing_asks_for_a_household_that_has_left(fupin: Desktop) -> None:
    assert fupin("household", "erase", H2, "--reason", "本人申请")[0] == 1
    assert fupin("household", "event", "status", H2, "退出名单")[0] == 0
    code, out, _ = fupin("household", "erase", H2, "--reason", "本人申请")
    assert code == 0 and "已删除" in out
    assert "已依法删除" in fupin("household", "show", H2, "--names")[1]


def test_a_dry_run_writes_nothing(fupin: Desktop) -> None:
    code, out, _ = fupin("household", "event", "status", H2, "退出名单", "--dry-run")
    assert code == 0 and "试运行" in out
    assert "监测户" in fupin("household", "show", H2)[1]
