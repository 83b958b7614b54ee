"""Does ``fupin report`` give a clerk the file, say what it did, and refuse in plain words?"""

import json
import shutil
from datetime import date
from pathlib import Path

import pytest
from sqlmodel import select

from assets.errors import MissingTool
from assets.trail import log
from assets.trail.checkpoint import create_key
from assets.vault import create_key_file
from ledger.database import open_session
from ledger.models import Access
from reports import catalogue, pdf
from tests.conftest import make_desk
from tests.reports.scenario import BATCH, BUREAU, PLAN, Scenario
from tests.walking import Said, fupin


@pytest.fixture
def url(told_template: tuple[Path, Scenario], tmp_path: Path) -> str:
    """The scenario's book with its keys beside it, as a command line finds them."""
    shutil.copyfile(told_template[0], tmp_path / "book.db")
    keys = tmp_path / "keys"
    keys.mkdir()
    create_key_file(keys / "fupin.key", lambda count: bytes(range(count)))
    create_key(keys / "signing.pem", bytes(range(1, 33)))
    return f"sqlite:///{tmp_path / 'book.db'}"


def say(url: str, *words: str, actor: str = BUREAU) -> Said:
    return fupin(
        "report", *words, "--actor", actor, database=url, on=date(2020, 12, 31), recorder="测试"
    )


def entries(url: str) -> int:
    with open_session(url, desk=make_desk()) as session:
        return log.size(session)


def test_the_list_names_every_paper_with_a_line(url: str) -> None:
    said = say(url, "--list")
    assert said.code == 0
    for report in catalogue.REPORTS:
        assert report.name in said.out
        assert report.line in said.out


@pytest.mark.parametrize("suffix", [".xlsx", ".html", ".json"])
def test_the_ending_of_the_file_says_the_form(url: str, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"台账{suffix}"
    said = say(url, "asset-register", "--town", "西河镇", "--out", str(out))
    assert said.out == f"已输出《西河镇帮扶项目资产台账》（未登记副本）：{out}\n"
    assert out.stat().st_size > 0
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".partial")] == []


def test_a_paper_without_names_writes_nothing_into_the_book(url: str, tmp_path: Path) -> None:
    before = entries(url)
    say(url, "fund-review", "--out", str(tmp_path / "f.html"))
    assert entries(url) == before


def test_a_paper_with_names_leaves_one_access_record(url: str, tmp_path: Path) -> None:
    before = entries(url)
    out = str(tmp_path / "花名册.xlsx")
    assert say(url, "payment-roster", BATCH, "--edition", "internal", "--out", out).code == 0
    assert entries(url) == before + 1
    with open_session(url, desk=make_desk()) as session:
        assert session.exec(select(Access.purpose)).one() == "出具发放花名册（发放版）"


def test_issuing_twice_says_that_it_is_done(url: str, tmp_path: Path) -> None:
    words = ("asset-register", "--town", "西河镇", "--issue", "--out")
    first = say(url, *words, str(tmp_path / "a.html"))
    assert "武江扶资报〔2020〕1号" in first.out
    before = entries(url)
    second = say(url, *words, str(tmp_path / "b.html"))
    assert (second.code, "已办理" in second.out) == (0, True)
    assert entries(url) == before
    assert not (tmp_path / "b.html").exists()


def test_a_reprint_needs_the_number_only(url: str, tmp_path: Path) -> None:
    first, second = tmp_path / "a.json", tmp_path / "b.json"
    say(url, "distribution-notice", PLAN, "--issue", "--out", str(first))
    said = say(url, "reprint", "武江扶资报〔2020〕1号", "--out", str(second))
    assert said.code == 0
    assert first.read_bytes() == second.read_bytes()


def test_every_village_has_a_file_of_its_own(url: str, tmp_path: Path) -> None:
    out = tmp_path / "台账.json"
    said = say(url, "asset-register", "--town", "西河镇", "--village", "all", "--out", str(out))
    assert said.code == 0
    names = sorted(path.name for path in tmp_path.glob("台账-*.json"))
    assert [name.split("-")[2] for name in names] == ["大村村.json", "村头村.json", "黄塱村.json"]
    totals = [json.loads((tmp_path / n).read_text())["data"]["headline"][0]["value"] for n in names]
    assert totals == [0, 0, 3]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("asset-regster", "--out", "x.pdf"), "是不是 asset-register"),
        (("asset-register", "--out", "x.docx"), "格式不认识"),
        (("asset-register",), "--out"),
        (("asset-register", "--town", "无此镇", "--out", "x.html"), "无此镇"),
        (("household-card", "--year", "2020", "--out", "x.html"), "农户"),
        (("reprint", "9号", "--out", "x.html"), "9号"),
        (("verify", "没有.pdf"), "PDF"),
        (("year-set", "--out", "x"), "--year"),
    ],
)
def test_what_cannot_be_done_is_refused_in_plain_words(
    url: str, words: tuple[str, ...], sentence: str
) -> None:
    said = say(url, *words)
    assert said.code == 1
    assert sentence in said.err
    assert "Traceback" not in said.err


def test_names_are_not_shown_to_nobody(url: str, tmp_path: Path) -> None:
    out = tmp_path / "x.html"
    said = fupin(
        "report", "payment-roster", BATCH, "--out", str(out), database=url, on=date(2020, 12, 31)
    )
    assert said.code == 1
    assert "--actor" in said.err
    assert not out.exists()


def test_a_printed_paper_is_verified_and_a_stranger_refused(url: str, tmp_path: Path) -> None:
    try:
        pdf.check_tools()
    except MissingTool as missing:
        pytest.skip(str(missing))
    out = tmp_path / "移交.pdf"
    say(url, "handover-list", "YJ-2020-001", "--issue", "--out", str(out))
    said = say(url, "verify", str(out))
    assert (said.code, "结论：与账本相符。" in said.out) == (0, True)
    answer = json.loads(say(url, "verify", str(out), "--json").out)
    assert answer["agrees"] is True
    assert {check["holds"] for check in answer["checks"]} == {True}
