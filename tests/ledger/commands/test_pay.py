"""What a cashier types from attendance to the household's yearly total, and what comes out."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

import cli
from assets.workbook.kinds import KINDS
from assets.workbook.writing import write_rows
from tests.ledger.payable_village import (
    CASHIER,
    CHEN,
    H1,
    H2,
    H3,
    HOLDER,
    PLAN,
    POST_1,
    POST_2,
    RELEASER,
    Payable,
    attendance_row,
    result_row,
)

Capture = pytest.CaptureFixture[str]


class Counter:
    """A cashier's window: runs commands on the book's database with the book's keys."""

    def __init__(
        self, payable: Payable, url: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(cli, "make_desk", lambda *_: payable.desk)
        self.payable, self.url, self.capsys = payable, url, capsys
        self.surroundings = cli.Surroundings(today=lambda: date(2019, 4, 24), environment={})

    def __call__(self, *words: str, actor: str = CASHIER) -> tuple[int, str, str]:
        self.payable.session.rollback()
        self.capsys.readouterr()
        code = cli.run([*words, "--database", self.url, "--actor", actor], self.surroundings)
        out, err = self.capsys.readouterr()
        return code, out, err


@pytest.fixture
def fupin(
    payable: Payable, payable_url: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Counter]:
    yield Counter(payable, payable_url, capsys, monkeypatch)


def test_from_attendance_to_the_yearly_total(fupin: Counter, tmp_path: Path) -> None:
    sheet = tmp_path / "考勤.xlsx"
    rows = [attendance_row(post, month) for month in (1, 2) for post in (POST_1, POST_2)]
    write_rows(KINDS["attendance"], rows, sheet)
    assert fupin("import", "attendance", str(sheet))[0] == 0
    code, out, err = fupin("pay", "batch", PLAN, "--code", "Z1", "--through", "201902", "--json")
    made = json.loads(out)
    assert code == 0 and [row["批次编号"] for row in made] == ["Z1-1", "Z1-2"]
    assert f"户{H2} 奖励补助" in err and "没有银行账号" in err
    again = fupin("pay", "batch", PLAN, "--code", "Z1", "--through", "201902")
    assert again[0] == 0 and "已办理" in again[1]
    file = tmp_path / "代发.csv"
    assert "还没有复核" in fupin("pay", "export", "Z1-2", "--out", str(file))[2]
    assert fupin("pay", "release", "Z1-2", actor=CASHIER)[0] == 1
    assert fupin("pay", "release", "Z1-2", actor=RELEASER)[0] == 0
    assert fupin("pay", "export", "Z1-2", "--out", str(file))[0] == 0
    sent = list(csv.DictReader(io.StringIO(file.read_bytes().decode("gb18030"))))
    assert sent[0]["领款人"] == CHEN["name"] and len(sent) == 3
    answer = tmp_path / "回盘.xlsx"
    bank = fupin.payable.rows("Z1-2")
    answers = [
        result_row(bank[0], "Z1-2", "退回", return_reason="证件过期"),
        *(result_row(row, "Z1-2") for row in bank[1:]),
    ]
    write_rows(KINDS["payment-results"], answers, answer)
    code, out, err = fupin("import", "payment-results", str(answer))
    assert code == 0 and "退回笔数1" in out, err
    assert fupin("pay", "reissue", "Z1-2", "--code", "Z1-R")[0] == 0
    assert fupin("pay", "release", "Z1-R", actor=RELEASER)[0] == 0
    assert fupin("pay", "export", "Z1-R", "--out", str(tmp_path / "重发.xlsx"))[0] == 0
    assert "到账1笔" in fupin("pay", "result", "Z1-R")[1]
    shown = fupin("pay", "show", "Z1-2")[1]
    assert "已重发" in shown and "证件过期" in shown and str(CHEN["name"]) not in shown
    listed = json.loads(fupin("pay", "list", "--json")[1])
    assert [row["进度"] for row in listed] == ["待复核", "已导出", "已导出"]
    out_file = tmp_path / "合计.csv"
    assert fupin("pay", "totals", "--year", "2019", "--out", str(out_file))[0] == 0
    totals = list(csv.DictReader(io.StringIO(out_file.read_text(encoding="utf-8-sig"))))
    assert [row["户编号"].strip() for row in totals][:2] == [H1, H3]
    assert "户，合计" in fupin("pay", "totals", "--year", "2019")[2]


def test_holds_givings_up_and_claw_backs_by_hand(fupin: Counter, tmp_path: Path) -> None:
    words = ("pay", "withhold", PLAN, "--household", H3, "--reason")
    assert "暂缓原因只能是" in fupin(*words, "看着不顺眼")[2]
    assert fupin(*words, "争议")[0] == 0
    assert fupin("pay", "resume", PLAN, "--household", H3, "--reason", "已解决")[0] == 0
    assert fupin("pay", "withhold", PLAN, "--household", H2, "--reason", "亡故")[0] == 0
    given = fupin("pay", "give-up", PLAN, "--household", H2, "--reason", "绝户")
    assert given[0] == 0 and "转回结转" in given[1]
    assert fupin("pay", "supplement", PLAN, "--code", "B1", "--household", H3)[0] == 0
    assert fupin("pay", "cancel", "B1", "--reason", "编错")[0] == 0
    assert fupin("pay", "batch", PLAN, "--code", "B2", "--channels", "other")[0] == 0
    assert fupin("pay", "release", "B2", actor=RELEASER)[0] == 0
    assert "只能是 .csv" in fupin("pay", "export", "B2", "--out", str(tmp_path / "a.txt"))[2]
    assert fupin("pay", "export", "B2", "--out", str(tmp_path / "a.csv"))[0] == 0
    assert "退回原因只能是" in fupin("pay", "result", "B2", "--returned", "心情不好")[2]
    assert fupin("pay", "result", "B2")[0] == 0
    back = ("pay", "claw-back", "B2", "--serial", "1", "--yuan", "1.00", "--document", "单1号")
    assert fupin(*back, "--reason", "多发")[0] == 0
    assert "没有发到" in fupin("pay", "complete", PLAN)[2]


def test_a_dry_run_writes_neither_book_nor_file(fupin: Counter, tmp_path: Path) -> None:
    words = ("pay", "batch", PLAN, "--code", "Z1", "--channels", "other")
    assert "试运行" in fupin(*words, "--dry-run")[2]
    assert fupin(*words)[0] == 0
    assert fupin("pay", "release", "Z1", actor=RELEASER)[0] == 0
    file = tmp_path / "代发.csv"
    assert fupin("pay", "export", "Z1", "--out", str(file), "--dry-run")[0] == 0
    assert not file.exists()


def test_the_bank_account_is_compared_by_hand(fupin: Counter, tmp_path: Path) -> None:
    rows = [
        {
            "account_party_code": HOLDER,
            "posted_on": date(2019, 4, 2),
            "serial_no": "LS1",
            "summary": "结息",
            "income_fen": 77,
            "balance_fen": 1_000_077,
        }
    ]
    sheet = tmp_path / "对账单.xlsx"
    write_rows(KINDS["bank-statement"], rows, sheet)
    assert fupin("import", "bank-statement", str(sheet))[0] == 0
    assert "没有新的可以对上" in fupin("pay", "reconcile", "all", "--through", "2019-04-30")[1]
    assert "不明差异0.77元" in fupin("pay", "bank", HOLDER, "--through", "2019-04-30")[2]
    words = ("pay", "set-aside", HOLDER, "LS1", "--reason", "结息待入账")
    assert "只能写" in fupin(*words, "--as", "maybe")[2]
    assert fupin(*words)[0] == 0
    _, out, err = fupin("pay", "bank", HOLDER, "--through", "2019-04-30")
    assert "银行已收、账面未收" in out and "不明差异0.00元" in err


def test_a_worker_is_replaced_by_hand(fupin: Counter) -> None:
    words = ("pay", "replace", POST_1, "--household", H3, "--person", "500000000301")
    assert fupin(*words, "--from", "201902", "--reason", "外出务工")[0] == 0
    assert "只在201901至201903" in fupin(*words, "--from", "201909", "--reason", "外出")[2]
