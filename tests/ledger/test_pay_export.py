"""Does the bank get exactly the batch, once, with every digit, and is the look recorded?"""

import csv
import hashlib
import io
from pathlib import Path

import openpyxl
from sqlmodel import select

from assets.errors import AlreadyDone, MissingTool, NotFound, Refused
from ledger.intake.attendance import HANDLER as ATTENDANCE
from ledger.models import Access, BatchExport
from ledger.pay_batch import make_batch, release
from ledger.pay_export import export_batch, plain_yuan, templates
from ledger.pay_results import cancel_batch
from ledger.people.events import correct_person
from tests.ledger.payable_village import (
    CHEN,
    H1,
    PLAN,
    POST_1,
    POST_2,
    POSTED,
    RELEASER,
    WANG,
    ZHAO,
    Payable,
    attendance_row,
)


def ready(payable: Payable, code: str = "Z1", channels: str = "other") -> None:
    payable.do(make_batch, PLAN, code, channels=channels)
    payable.do(release, code, actor=RELEASER)


def test_the_file_is_the_batch_row_by_row_with_digits_as_text(payable: Payable) -> None:
    ready(payable)
    made = payable.do(export_batch, "Z1")
    text = made.content.decode("gb18030")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert list(rows[0]) == [
        *("批次编号", "序号", "户编号", "领款人", "开户行", "账号", "金额(元)", "摘要"),
    ]
    batch = payable.batch("Z1")
    assert [row["金额(元)"] for row in rows] == [
        plain_yuan(each.amount_fen) for each in payable.rows("Z1")
    ]
    assert made.amount_fen == batch.amount_fen and made.row_count == 3
    assert (rows[0]["户编号"], rows[0]["账号"]) == (f"\t{H1}", f"\t{CHEN['card_no']}")
    assert [row["领款人"] for row in rows] == [CHEN["name"], WANG["name"], ZHAO["name"]]
    assert rows[0]["开户行"] == "农商银行" and rows[0]["摘要"] == "2018年帮扶资产收益"
    stored = payable.session.exec(select(BatchExport)).one()
    assert stored.file_sha256 == hashlib.sha256(made.content).hexdigest()


def test_wages_say_their_months_and_a_workbook_keeps_digits_and_sums(
    payable: Payable, tmp_path: Path
) -> None:
    rows = [attendance_row(post, month) for month in (1, 2) for post in (POST_1, POST_2)]
    payable.take_in(ATTENDANCE, rows, POSTED)
    ready(payable, "W1", "job")
    made = payable.do(export_batch, "W1", template="payroll", form="xlsx")
    path = tmp_path / "代发.xlsx"
    path.write_bytes(made.content)
    sheet = openpyxl.load_workbook(path).worksheets[0]
    cells = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert cells[0] == ["序号", "账号", "户名", "金额", "摘要"]
    assert cells[1][1] == CHEN["card_no"] and cells[1][4] == "2019年1-2月公益岗位工资"
    assert [row[3] for row in cells[1:]] == [1000, 1000]


def test_whoever_sees_the_accounts_is_on_record(payable: Payable) -> None:
    ready(payable)
    before = len(payable.session.exec(select(Access)).all())
    payable.do(export_batch, "Z1", template="one-card")
    seen = payable.session.exec(select(Access)).all()[before:]
    assert [(one.scope, one.person_count) for one in seen] == [("Z1", 3)]
    assert "one-card" in templates()


def test_a_batch_is_exported_once_released_by_another_and_with_the_key(payable: Payable) -> None:
    payable.do(make_batch, PLAN, "Z1", channels="other")
    with payable.refuses(Refused, "还没有复核"):
        payable.do(export_batch, "Z1")
    payable.do(release, "Z1", actor=RELEASER)
    with payable.refuses(Refused, "没有银行文件模板"):
        payable.do(export_batch, "Z1", template="没有")
    with payable.refuses(NotFound, "查无支付批次"):
        payable.do(export_batch, "Z8")
    vault, payable.desk.vault = payable.desk.vault, None
    with payable.refuses(MissingTool, "密钥"):
        payable.do(export_batch, "Z1")
    payable.desk.vault = vault
    payable.do(export_batch, "Z1")
    with payable.refuses(AlreadyDone, "导出批次Z1"):
        payable.do(export_batch, "Z1")
    with payable.refuses(AlreadyDone, "导出批次Z1"):
        payable.do(export_batch, "Z1", template="one-card")


def test_a_batch_taken_back_gives_no_file(payable: Payable) -> None:
    ready(payable)
    payable.do(cancel_batch, "Z1", reason="编错")
    with payable.refuses(Refused, "已经撤回"):
        payable.do(export_batch, "Z1")


def test_an_account_that_is_gone_since_stops_the_file(payable: Payable) -> None:
    ready(payable)
    payable.do(correct_person, CHEN["person_code"], corrected_on=POSTED, card="")
    with payable.refuses(Refused, "账号或证件已失效"):
        payable.do(export_batch, "Z1")


def test_amounts_are_plain_for_a_bank() -> None:
    assert (plain_yuan(123_456_789), plain_yuan(7), plain_yuan(-150)) == (
        *("1234567.89", "0.07", "-1.50"),
    )
