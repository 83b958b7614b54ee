"""What an auditor types, what comes out, and that typing it twice writes once."""

import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from fixtures import audit_year, faulty_year
from ledger.database import create_book, open_session
from tests.conftest import OPENED_US, make_desk
from tests.walking import Said, log_size
from tests.walking import fupin as run

Fupin = Callable[..., Said]


@pytest.fixture(scope="module")
def faulty_book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The faulty year with keys beside it."""
    folder = tmp_path_factory.mktemp("audited")
    url = f"sqlite:///{folder / 'book.db'}"
    create_book(url, desk=make_desk(OPENED_US))
    with open_session(url, desk=make_desk(), write=True) as session:
        session.commit()
        audit_year.write(session, faulty_year.plant)
        session.commit()
    return folder / "book.db"


@pytest.fixture
def fupin(faulty_book: Path, tmp_path: Path) -> Fupin:
    """The command line on a copy of it."""
    shutil.copyfile(faulty_book, tmp_path / "book.db")
    url = f"sqlite:///{tmp_path / 'book.db'}"

    def typed(*words: str, actor: str = "") -> Said:
        who = ("--actor", actor) if actor else ()
        said = run(*words, *who, database=url, on=audit_year.ON)
        again = log_size(url)
        if actor and said.code == 0:
            repeated = run(*words, *who, database=url, on=audit_year.ON)
            assert repeated.code == 0 and "已办理" in repeated.text, repeated.text
            assert log_size(url) == again
        return said

    return typed


def test_flags_are_counted_listed_and_called_leads(fupin: Fupin, tmp_path: Path) -> None:
    said = fupin("audit", "flags", "--rule", "F09", "--rule", "F05", "--sources")
    assert said.code == 0
    assert "收益应收未收" in said.out and "F09-疑" in said.out and "F09-足" not in said.out
    assert "应收宽限期30天" in said.out
    assert "不是结论" in said.err
    data = json.loads(fupin("audit", "flags", "--json").out)
    assert len(data["rules"]) == 28
    assert sum(rule["fires"] for rule in data["rules"]) == 70
    out = tmp_path / "疑点.xlsx"
    assert fupin("audit", "flags", "--out", str(out), "--csv").out.startswith("规则,")
    book = load_workbook(out)
    assert book["汇总"].max_row >= 29 and book["明细"].max_row == 71
    assert fupin("audit", "flags", "--rule", "F77").code == 1
    shown = fupin("audit", "flags", "--rule", "F09", "--query").out
    assert shown.startswith("-- F09/1@2016-01-01 收益应收未收") and "contract_due" in shown


def test_a_finding_from_the_flag_to_its_close(fupin: Fupin) -> None:
    words = ("audit", "finding", "open", "F09", "--object", "F09-疑", "--owner", "T1")
    assert "YD-2021-0001" in fupin(*words, actor="A1").out
    assert fupin("audit", "finding", "close", "YD-2021-0001", actor="T1").code == 1
    reply = ("audit", "finding", "reply", "YD-2021-0001", "--text", "已收回", "--as", "退回")
    assert "未处理余额 0.00" in fupin(*reply, "--amount", "0.01", actor="T1").out
    assert "销号" in fupin("audit", "finding", "close", "YD-2021-0001", actor="N1").out
    listed = fupin("audit", "finding", "list")
    assert "已销号" in listed.out and "未处理余额 0.00" in listed.err
    shown = json.loads(fupin("audit", "finding", "show", "YD-2021-0001", "--json").out)
    assert shown["state"] == "CLOSED" and shown["open_fen"] == 0
    assert "已收回" in fupin("audit", "finding", "show", "YD-2021-0001").out
    by_hand = ("audit", "finding", "add", "--kind", "ASSET", "--object", "ZC-1", "--owner", "T1")
    assert "YD-2021-0002" in fupin(*by_hand, "--subject", "标牌缺失", actor="A1").out
    assert fupin(*by_hand, "--subject", "标牌缺失", "--due", "下月", actor="A1").code == 1
    assert fupin(*reply[:-1], "送回", actor="T1").code == 1
    nothing = ("audit", "finding", "open", "F09", "--object", "没有", "--owner", "T1")
    assert fupin(*nothing, actor="A1").code == 1


def test_a_sample_is_drawn_and_drawn_again(fupin: Fupin, tmp_path: Path) -> None:
    words = ("audit", "sample", "--year", "2020", "--count", "5", "--seed", "种子一")
    out = tmp_path / "核查表.xlsx"
    said = fupin(*words, "--method", "分层", actor="A1")
    assert "CY-2021-001" in said.out
    again = fupin("audit", "sample", "CY-2021-001", "--out", str(out))
    assert "重抽一致" in again.out and out.exists()
    assert "种子一" in fupin("audit", "sample", "--list").out
    assert fupin(*words, "--method", "抓阄", actor="A1").code == 1


def test_a_list_needs_the_key_and_a_column(fupin: Fupin, tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["姓名", "证件号码"])
    book.save(tmp_path / "名单.xlsx")
    said = fupin("audit", "match", str(tmp_path / "名单.xlsx"), actor="A1")
    assert said.code == 1 and "密钥" in said.err
    assert fupin("audit", "match").code == 1
    assert fupin("audit", "match", "--list").code == 0


def test_a_freeze_is_ordered_listed_and_lifted(fupin: Fupin) -> None:
    words = (
        "audit",
        "freeze",
        "DJ-1",
        "--kind",
        "资产",
        "--object",
        "ZC-1",
        "--document",
        "审通〔2021〕3号",
    )
    assert "已冻结 DJ-1" in fupin(*words, actor="A1").out
    assert "冻结中" in fupin("audit", "freeze", "--list").out
    assert fupin("audit", "freeze").code == 1
    lifted = fupin("audit", "freeze", "DJ-1", "--lift", "--document", "审通〔2021〕9号", actor="A1")
    assert "已解除" in lifted.out
    assert "已解除或到期" in fupin("audit", "freeze", "--list").out


@pytest.mark.parametrize(
    ("words", "holds"),
    [
        (("document", "文〔ZC-2〕"), "ZC-2"),
        (("asset", "ZC-2"), "JZ-1"),
        (("known", "ZC-1"), "原值"),
        (("known", "FA-0", "--position", "2"), "方案"),
        (("who", "ZC-1"), "audit-year"),
        (("due",), "HT-F09-疑"),
        (("undistributed",), "ZC-2"),
        (("handover",), "F07-疑"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_every_question_has_a_command(fupin: Fupin, words: tuple[str, ...], holds: str) -> None:
    said = fupin("audit", "ask", *words)
    assert said.code == 0, said.text
    assert holds in said.out
    assert "核对不一致" not in said.err
    assert json.loads(fupin("audit", "ask", *words, "--json").out)["question"]


def test_todo_is_for_a_town_a_person_and_the_overdue(fupin: Fupin) -> None:
    every = fupin("todo", "--csv").out.splitlines()
    of_town = fupin("todo", "--town", "龙归镇", "--csv").out.splitlines()
    late = fupin("todo", "--overdue", "--csv").out.splitlines()
    assert len(every) >= len(of_town) > len(late) > 1
    assert "待办" in fupin("todo").err
    mine = json.loads(
        run("todo", "--actor", "T1", "--json", database=_url(fupin), on=audit_year.ON).out
    )
    assert mine and all("镇财政所" in row["岗位"] for row in mine)
    assert fupin("todo", "--town", "没有这个镇").code == 1


def _url(fupin: Fupin) -> str:
    cells = fupin.__closure__ or ()
    return next(str(c.cell_contents) for c in cells if str(c.cell_contents).startswith("sqlite"))


def test_the_day_is_the_edges(fupin: Fupin) -> None:
    assert fupin("audit", "flags", "--on", str(date(2018, 1, 2)), "--rule", "F01").code == 0
