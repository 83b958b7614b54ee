"""A list is compared by keyed hash; the hits stay, the list does not."""

from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook
from sqlalchemy import text
from sqlmodel import select

from assets.errors import AlreadyDone, InvalidValue, MissingTool, NotFound
from assets.models import Actor, ActorRole
from assets.procedure.actors import NoSuchRole
from assets.trail import Act, entry
from fixtures.invented_numbers import resident_id
from ledger.matching import (
    ListKind,
    feedback_sheets,
    hits_of,
    match,
    matches,
    read_list,
)
from ledger.models import ListHit
from tests.ledger.payable_village import CHEN, H1, WANG, Payable

ON = date(2021, 6, 30)
UNKNOWN_ID = resident_id("440203", date(1960, 1, 1), male=False)

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""What does not depend on the database is tried on one."""


def listed(path: Path, rows: list[list[object]], head: str = "证件号码") -> Path:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["死亡人员名单"])
    sheet.append(["序号", "姓名", head])
    for row in rows:
        sheet.append(row)
    book.save(path)
    return path


def auditor(payable: Payable) -> Act:
    with entry(payable.session, Act("C01", "test", ON), "test", "auditor") as written:
        row = written.add(Actor(code="A1", title="何审"))
        written.add(
            ActorRole(
                actor_id=row.id,
                role="AUDITOR",
                division_code="440203000000",
                valid_from=date(2018, 1, 1),
            )
        )
    payable.session.commit()
    return Act("A1", "audit match", ON)


def test_hits_are_kept_and_the_list_is_not(payable: Payable, tmp_path: Path) -> None:
    act = auditor(payable)
    rows: list[list[object]] = [
        [1, "陈某", CHEN["id_number"]],
        [2, "王某", f"{WANG['id_number']}"],
        [3, "无关", "不是号码"],
        [4, "数值", 440203198001010000],
    ]
    outside = read_list(listed(tmp_path / "名单.xlsx", rows))
    assert len(outside.numbers) == 2 and len(outside.unreadable) == 2
    assert all(CHEN["id_number"] not in line for line in outside.unreadable)
    made = match(payable.session, act, ListKind.DECEASED, outside)
    payable.session.commit()
    assert (made.row_count, made.hit_count) == (4, 2)
    hits = hits_of(payable.session, made.id)
    assert {hit.household_code for hit in hits} >= {H1}
    for table in ("list_match", "list_hit", "request"):
        stored = payable.session.execute(text(f"SELECT * FROM {table}")).all()
        assert CHEN["id_number"] not in repr(stored)
    with pytest.raises(AlreadyDone):
        match(payable.session, act, ListKind.DECEASED, outside)
    payable.session.rollback()
    again = match(payable.session, act, ListKind.CADRE, outside)
    payable.session.commit()
    assert [each.list_kind for each in matches(payable.session)] == ["DECEASED", "CADRE"]
    assert again.list_sha256 == made.list_sha256


@on_sqlite
def test_every_village_gets_its_feedback_sheet(payable: Payable, tmp_path: Path) -> None:
    act = auditor(payable)
    outside = read_list(listed(tmp_path / "名单.xlsx", [[1, "陈某", CHEN["id_number"]]]))
    made = match(payable.session, act, ListKind.EMPLOYEE, outside)
    payable.session.commit()
    book = load_workbook(BytesIO(feedback_sheets(payable.session, made.id, ListKind.EMPLOYEE)))
    assert len(book.sheetnames) == 1
    cells = [cell for row in book.worksheets[0].iter_rows(values_only=True) for cell in row]
    assert H1 in cells and "财政供养人员" in cells and "核查情况" in cells
    assert CHEN["id_number"] not in cells and CHEN["name"] not in cells


@on_sqlite
def test_a_list_without_hits_is_recorded_too(payable: Payable, tmp_path: Path) -> None:
    act = auditor(payable)
    file = tmp_path / "名单.csv"
    file.write_text(f"姓名,身份证号\n某人,{UNKNOWN_ID}\n", encoding="gb18030")
    outside = read_list(file)
    assert outside.numbers == (UNKNOWN_ID,)
    made = match(payable.session, act, ListKind.RELATIVE, outside)
    payable.session.commit()
    assert made.hit_count == 0
    assert payable.session.exec(select(ListHit.id)).all() == []
    assert hits_of(payable.session, made.id) == []
    assert load_workbook(
        BytesIO(feedback_sheets(payable.session, made.id, ListKind.RELATIVE))
    ).sheetnames == ["无命中"]


@on_sqlite
def test_what_is_no_list_is_refused(payable: Payable, tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match="没有证件号码列"):
        read_list(listed(tmp_path / "别的.xlsx", [[1, "某人", "x"]], head="电话"))
    broken = tmp_path / "坏.xlsx"
    broken.write_bytes(b"PK\x03\x04 broken")
    with pytest.raises(InvalidValue, match="读不出"):
        read_list(broken)
    with pytest.raises(NotFound):
        hits_of(payable.session, 99)


@on_sqlite
def test_only_supervisors_compare_and_only_with_the_key(payable: Payable, tmp_path: Path) -> None:
    act = auditor(payable)
    outside = read_list(listed(tmp_path / "名单.xlsx", [[1, "陈某", CHEN["id_number"]]]))
    with pytest.raises((NoSuchRole, NotFound)):
        match(payable.session, Act("无名", "audit match", ON), ListKind.DECEASED, outside)
    payable.session.rollback()
    vault, payable.desk.vault = payable.desk.vault, None
    with pytest.raises(MissingTool, match="密钥"):
        match(payable.session, act, ListKind.DECEASED, outside)
    payable.session.rollback()
    payable.desk.vault = vault
