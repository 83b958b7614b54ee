import json
from datetime import date
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from assets.commands import actor, asset, division
from assets.commands.edge import Edge
from assets.errors import FupinError, InvalidValue, Refused
from ledger.database import open_session
from tests.assets.small_district import CENTRAL, FENGTIAN, LONGGUI_VILLAGE, PLANT, ROAD
from tests.conftest import Book, make_desk

ON = date(2020, 1, 6)


def run(
    book: Book, app: typer.Typer, *arguments: str, as_json: bool = True, who: str = "R0005"
) -> str:
    desk = make_desk()
    edge = Edge(
        database=book.url,
        on=ON,
        actor=who,
        open_session=lambda write, guarded=True: open_session(
            book.url, desk=desk, write=write, guarded=guarded
        ),
        as_json=as_json,
    )
    done = CliRunner().invoke(app, list(arguments), obj=edge)
    if isinstance(done.exception, FupinError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_register_is_listed_by_place_and_class(standing: Book) -> None:
    rows = json.loads(run(standing, asset.app, "list", "--town", "龙归镇"))
    assert [row["状态"] for row in rows] == ["已分类"] * 3
    welfare = json.loads(
        run(standing, asset.app, "list", "--village", "凤田村", "--class", "公益性")
    )
    assert [(row["编号"], row["原值(元)"]) for row in welfare] == [(ROAD, "200,000.00")]
    with pytest.raises(Refused):
        run(standing, asset.app, "list", "--class", "别的")
    with pytest.raises(Refused):
        run(standing, asset.app, "list", "--town", "龙龟镇")


def test_a_card_a_history_and_both_chains_are_shown(standing: Book) -> None:
    card = json.loads(run(standing, asset.app, "show", PLANT))
    assert card["装机容量(瓦)"] == 120_000 and len(card["资金来源"]) == 2
    assert "资产名称：联建光伏电站" in run(standing, asset.app, "show", PLANT, as_json=False)
    history = json.loads(run(standing, asset.app, "history", PLANT))
    assert history[0]["事项"] == "登记卡片"
    chain = json.loads(run(standing, asset.app, "trace", PLANT))
    assert chain["root"]["code"] == PLANT and all(proof["holds"] for proof in chain["proofs"])
    text = run(standing, asset.app, "trace", "--document", CENTRAL, as_json=False)
    assert PLANT in text and "✓ 支付 600,000.00 ≤ 安排 600,000.00" in text
    with pytest.raises(Refused, match="者选一"):
        run(standing, asset.app, "trace")


def test_condition_and_class_are_changed_by_command(register: Book) -> None:
    run(register, asset.app, "condition", ROAD, "维修", "--remark", "水毁", "--amount", "1200")
    run(register, asset.app, "reclassify", ROAD, "经营性", "--reason", "收费")
    rows = json.loads(run(register, asset.app, "list", "--village", "凤田村"))
    assert [(row["类别"], row["状况"]) for row in rows] == [("经营性", "维修")]
    with pytest.raises(InvalidValue, match="没有“坏了”"):
        run(register, asset.app, "condition", ROAD, "坏了", "--remark", "水毁")


def test_people_are_listed_added_and_waived(register: Book) -> None:
    listed = json.loads(run(register, actor.app, "list", "--town", "龙归镇"))
    assert [row["人员编号"] for row in listed] == ["R0001", "R0002", "R0003", "R0004"]
    place = ("--town", "龙归镇", "--village", "凤田村")
    run(register, actor.app, "add", "R0100", "钱新", "--role", "村报账员", *place)
    clerks = json.loads(run(register, actor.app, "list", "--role", "村报账员"))
    assert [(row["人员编号"], row["地方"]) for row in clerks][1] == ("R0100", "龙归镇凤田村")
    grant = ("waive", "R0100", "分配方案", "FA-2019-001", "--reason", "只有一人")
    run(register, actor.app, *grant, "--until", "2020-06-30")
    waived = json.loads(run(register, actor.app, "waivers"))
    assert [(row["人员"], row["批准人"]) for row in waived] == [("R0100", "R0005")]
    with pytest.raises(Refused, match="审计"):
        run(register, actor.app, "add", "R0101", "孙", "--role", "村报账员", *place, who="R0006")
    with pytest.raises(InvalidValue, match="没有“村长”"):
        run(register, actor.app, "add", "R0101", "孙", "--role", "村长", *place)
    with pytest.raises(InvalidValue, match="没有“别的”"):
        run(
            register,
            actor.app,
            "waive",
            "R0100",
            "别的",
            "X",
            "--reason",
            "y",
            "--until",
            "2020-06-30",
        )


def test_places_are_listed_and_changed(register: Book) -> None:
    before = json.loads(run(register, division.app, "list", "--town", "龙归镇"))
    run(register, division.app, "change", "合并", LONGGUI_VILLAGE, FENGTIAN)
    after = json.loads(run(register, division.app, "list", "--town", "龙归镇"))
    assert (len(before), len(after)) == (3, 2)
    assert json.loads(run(register, division.app, "history"))[0]["新代码"] == FENGTIAN
    with pytest.raises(InvalidValue, match="没有“搬家”"):
        run(register, division.app, "change", "搬家", LONGGUI_VILLAGE, FENGTIAN)


def test_the_help_loads_nothing_heavy() -> None:
    for app in (asset.app, actor.app, division.app):
        assert CliRunner().invoke(app, ["--help"]).exit_code == 0
    source = Path(asset.__file__).read_text(encoding="utf-8")
    top = [line for line in source.splitlines() if line.startswith(("from ", "import "))]
    assert top == ["from typing import TYPE_CHECKING, Any", "import typer"]
