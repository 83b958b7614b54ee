import json
from datetime import date
from typing import Any

import pytest
import typer

from assets.commands import disposal, funds, stock, title, upkeep
from assets.errors import FupinError, InvalidValue, NotFound, Refused
from assets.models import ObjectKind, RightKind, ShareBasis
from assets.ownership import Part, UnclearReason, set_shares
from assets.procedure.actors import waive
from assets.trail import Act
from tests.assets.booked import put_in_operation
from tests.assets.commands.test_asset import ON, run
from tests.assets.small_district import CATTLE, CENTRAL, PLANT, ROAD
from tests.conftest import Book


def rows(book: Book, app: typer.Typer, *arguments: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run(book, app, *arguments))
    return found


def test_upkeep_is_assigned_inspected_and_ended_by_command(register: Book) -> None:
    put_in_operation(register, PLANT, ROAD)
    due = rows(register, upkeep.app, "due", "--town", "龙归镇")
    assert [(row["资产编号"], row["管护人"]) for row in due] == [(PLANT, "无"), (ROAD, "无")]
    words = ("--keeper", "Q0001", "--duty", "清洗", "--budget", "3600", "--until", "2020-12-31")
    run(register, upkeep.app, "assign", PLANT, ROAD, *words, who="R0001")
    (plant, _) = rows(register, upkeep.app, "list")
    assert (plant["管护人"], plant["年经费(元)"]) == ("沐丰农业公司", "3,600.00")
    run(register, upkeep.app, "inspect", PLANT, "--result", "围栏破损", who="R0001")
    (seen,) = rows(register, upkeep.app, "inspections", "--asset", PLANT)
    assert (seen["情况"], seen["巡查人"]) == ("围栏破损", "R0001")
    assert [row["资产编号"] for row in rows(register, upkeep.app, "due")] == [ROAD]
    run(register, upkeep.app, "end", ROAD, "--duty", "清洗", who="R0001")
    assert len(rows(register, upkeep.app, "list", "--asset", PLANT)) == 1
    with pytest.raises(InvalidValue, match="写法不对"):
        run(register, upkeep.app, "assign", PLANT, "--keeper", "Q0001", "--until", "明年")
    with pytest.raises(NotFound):
        run(register, upkeep.app, "end", PLANT, "--duty", "看门")


def test_a_village_is_counted_by_command(register: Book) -> None:
    run(register, stock.app, "start", "PD-1", "--village", "龙归村", who="R0001")
    lost = ("--found", f"{CATTLE}=0:灭失", "--rest-found")
    run(register, stock.app, "count", "PD-1", *lost, who="R0001")
    (campaign,) = rows(register, stock.app, "list")
    assert (campaign["状态"], campaign["有差异"]) == ("已完成", "1")
    shown = {row["资产编号"]: row["实有数量"] for row in rows(register, stock.app, "show", "PD-1")}
    assert shown == {PLANT: "1", CATTLE: "0"}
    (difference,) = rows(register, stock.app, "differences")
    assert "fupin disposal propose" in difference["下一步"]


@pytest.mark.parametrize("found", ["X", "X=", "X=1:找不到了"])
def test_a_finding_that_is_not_written_right_is_refused(register: Book, found: str) -> None:
    run(register, stock.app, "start", "PD-1", "--village", "龙归村", who="R0001")
    with pytest.raises(InvalidValue):
        run(register, stock.app, "count", "PD-1", "--found", found)


def test_an_asset_is_disposed_of_by_command(register: Book) -> None:
    put_in_operation(register, PLANT)

    def step(*arguments: str, who: str = "R0001") -> str:
        return run(register, disposal.app, *arguments, who=who, as_json=False)

    paper = ("--document", "文1号")
    said = step("propose", "CZ-1", "--asset", PLANT, "--reason", "出售转让")
    assert "下一步评估" in said
    step("appraise", "CZ-1", "--amount", "500000", *paper)
    meeting = ("--members", "30", "--present", "25", "--minutes", "记1")
    assert "决议有效" in step("decide", "CZ-1", "--for", "24", *meeting)
    with pytest.raises(FupinError):
        step("approve", "CZ-1", *paper, who="R0005")  # the same recorder typed the application
    grant_waiver(register)
    assert "已批准" in step("approve", "CZ-1", *paper, who="R0005")
    step("sell", "CZ-1", "--amount", "510000", *paper)
    (row,) = rows(register, disposal.app, "list")
    assert (row["状态"], row["未再投入(元)"]) == ("已处置", "510,000.00")
    step("reuse", "CZ-1", "--amount", "510000", *paper)
    steps = [each["环节"] for each in rows(register, disposal.app, "show", "CZ-1")]
    assert steps == ["申请", "评估", "决议", "审批", "成交", "收入再投入"]


def grant_waiver(book: Book) -> None:
    waive(
        book.session,
        Act("R0005", "actor waive", ON),
        book.desk.recorder,
        ObjectKind.DISPOSAL,
        "CZ-1",
        reason="全镇只有一台录入机",
        until=date(2020, 12, 31),
    )
    book.session.commit()


def test_a_disposal_is_withdrawn_and_unknown_words_are_refused(register: Book) -> None:
    put_in_operation(register, PLANT)
    with pytest.raises(InvalidValue, match="没有“卖了”"):
        run(register, disposal.app, "propose", "CZ-1", "--asset", PLANT, "--reason", "卖了")
    run(
        register, disposal.app, "propose", "CZ-1", "--asset", PLANT, "--reason", "报废", who="R0001"
    )
    votes = ("--members", "3", "--present", "3", "--for", "3", "--minutes", "记1")
    with pytest.raises(InvalidValue, match="没有“大会”"):
        run(register, disposal.app, "decide", "CZ-1", "--body", "大会", *votes)
    run(register, disposal.app, "withdraw", "CZ-1", "--reason", "继续使用", who="R0001")
    (row,) = rows(register, disposal.app, "list")
    assert row["状态"] == "已撤回"


def test_funds_are_reviewed_by_every_side(standing: Book) -> None:
    by_document = rows(standing, funds.app, "review")
    assert [row["文号"] for row in by_document] == sorted([CENTRAL, "韶财农〔2018〕30号"])
    for by in ("year", "level", "type"):
        lines = rows(standing, funds.app, "review", "--by", by)
        received = sum(int(row["到位(元)"].replace(",", "")[:-3]) for row in lines)
        assert received == 1_600_000
    (town,) = rows(standing, funds.app, "review", "--by", "town")
    assert town["镇"] == "龙归镇" and town["支出(元)"] == "1,108,000.00"
    with pytest.raises(Refused, match="不能按“月”清理"):
        run(standing, funds.app, "review", "--by", "月")


def test_what_nobody_is_known_to_hold_is_listed_with_its_next_step(register: Book) -> None:
    assert rows(register, title.app, "unclear") == []
    set_shares(
        register.session,
        Act("R0005", "shares", ON),
        ROAD,
        RightKind.OWN,
        [Part(None, 1, 1, UnclearReason.DISPUTE, "镇政府调解")],
        starts_on=ON,
        basis=ShareBasis.AGREED,
        document="龙府函〔2020〕1号",
    )
    register.session.commit()
    (row,) = rows(register, title.app, "unclear", "--right", "所有权")
    assert (row["资产编号"], row["原因"], row["下一步"]) == (ROAD, "权属争议", "镇政府调解")
    assert rows(register, title.app, "unclear", "--right", "收益权") == []
    with pytest.raises(Refused, match="没有“产权”"):
        run(register, title.app, "unclear", "--right", "产权")
