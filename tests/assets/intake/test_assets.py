from datetime import date

from assets import registration
from assets.asof import AsOf
from assets.courses import ASSET_MACHINE, ENTERING
from assets.intake import assets as intake
from assets.models import AssetState, ObjectKind
from assets.procedure.evidence import gaps_of
from assets.procedure.states import state_of
from tests.assets.small_district import (
    CATTLE,
    LONGGUI,
    ON,
    PLANT,
    ROAD,
    asset_rows,
    batch,
    export,
    names,
    problems,
    take_in,
)
from tests.conftest import Book

NEW = "440203102204-2018-J-0009"


def test_an_asset_enters_identified_verified_and_classified(standing: Book) -> None:
    assert state_of(standing.session, ObjectKind.ASSET, PLANT) == AssetState.CLASSIFIED
    state = ""
    for name in ENTERING:
        sources, target = ASSET_MACHINE.step(name)
        assert state in sources
        state = target
    assert state == AssetState.CLASSIFIED


def test_missing_papers_are_declared_one_by_one(standing: Book) -> None:
    gaps = gaps_of(standing.session, ObjectKind.ASSET, AsOf())
    assert {code: [gap.missing for gap in found] for code, found in gaps.items()} == {
        ROAD: ["竣工验收报告", "合同"]
    }


def test_the_register_of_a_day_is_the_same_after_later_changes(register: Book) -> None:
    day = AsOf(date(2019, 1, 31))
    before = registration.asset_rows(register.session, day)
    idle = [{**row, "condition": "闲置"} for row in asset_rows()[:2]]
    take_in(register.session, "assets", idle, on=date(2020, 3, 1))
    assert registration.asset_rows(register.session, day) == before
    now = {row.code: row.condition for row in registration.asset_rows(register.session, AsOf())}
    assert (now[PLANT], now[ROAD]) == ("IDLE", "NORMAL")


def test_assets_not_yet_built_are_not_in_the_register_of_a_day(standing: Book) -> None:
    rows = registration.asset_rows(standing.session, AsOf(date(2018, 10, 31)), town=LONGGUI)
    assert [row.code for row in rows] == [CATTLE, ROAD]


def test_blank_cells_keep_and_the_token_clears(register: Book) -> None:
    plain = {
        name: value
        for name, value in asset_rows()[2].items()
        if not name.startswith(("missing", "vouched"))
    }
    take_in(register.session, "assets", [{**plain, "useful_years": 20, "specification": "4米"}])
    take_in(register.session, "assets", [{**plain, "specification": "【清除】"}])
    row = next(r for r in export(register.session, "assets") if r["asset_code"] == ROAD)
    assert row["useful_years"] == 20 and "specification" not in row
    assert row["missing_papers"] == "竣工验收报告、合同"


def test_plant_facts_change_from_a_day_on(register: Book) -> None:
    rows = [{**row, "in_national_catalogue": False} for row in asset_rows()[:2]]
    take_in(register.session, "assets", rows, on=date(2020, 1, 1))
    asset = registration.asset_by_code(register.session, PLANT)
    old = registration.plant_fact(register.session, asset.id, AsOf(date(2019, 12, 31)))
    new = registration.plant_fact(register.session, asset.id, AsOf(date(2020, 1, 1)))
    assert old is not None and old.in_national_catalogue
    assert new is not None and not new.in_national_catalogue and new.capacity_w == 120_000


def test_a_declared_difference_explains_what_the_money_does_not(register: Book) -> None:
    row = {
        **asset_rows()[2],
        "asset_code": NEW,
        "original_value_fen": 20_000_500,
        "missing_papers": "资金差额说明",
        "missing_reason": "群众投工投劳折价",
    }
    take_in(register.session, "assets", [row])
    asset = registration.asset_by_code(register.session, NEW)
    explained = registration.differences(register.session, AsOf())[asset.id]
    assert [(d.difference_fen, d.reason) for d in explained] == [(500, "群众投工投劳折价")]


def test_wrong_rows_are_all_named(standing: Book) -> None:
    plant, second, road, cattle = asset_rows()
    new = {**road, "asset_code": NEW}
    cases = [
        [{**new, "project_code": "XM-2018-003"}],
        [{**new, "document_number": "韶财农〔2018〕31号"}],
        [{**new, "contributor_code": "V440203102299"}],
        [{**new, "village_name": "凤甜村"}],
        [{**new, "original_value_fen": 20_000_001}],
        [{**new, "contributed_fen": 0, "original_value_fen": 0}],
        [{**new, "vouched_by": ""}],
        [{**new, "missing_papers": ""}],
        [{**new, "national_plant_code": "GF1"}],
        [{**plant, "contributed_fen": 59_999_999}, {**second, "contributed_fen": 30_000_001}],
        [{**road, "project_code": "XM-2018-001"}],
        [{**cattle, "village_name": "凤田村"}],
        [{**cattle, "built_on": date(2018, 9, 2)}],
    ]
    found = [names(problems(standing.session, "assets", rows)) for rows in cases]
    assert found == [
        ["unknown-code"],
        ["unknown-code"],
        ["unknown-code"],
        ["unknown-place"],
        ["contributions-differ"],
        ["not-positive"],
        ["gap-incomplete"],
        ["gap-incomplete"],
        ["capacity-missing"],
        ["already-registered"],
        ["already-registered"],
        ["already-registered"],
        ["already-registered"],
    ]


def test_odd_rows_are_remarked_on(standing: Book) -> None:
    plant, _, road, cattle = asset_rows()
    rows = [
        {**plant, "asset_code": NEW, "asset_class": "公益性", "capacity_w": 600_000},
        {**road, "document_number": "韶财农〔2018〕12号", "household_code": "440203102099"},
        {**cattle, "household_code": "", "asset_form": "权益性资产", "built_on": date(2020, 1, 1)},
        {**plant, "in_use_on": date(2018, 1, 1), "capacity_w": None},
    ]
    found = names(intake.remarks(standing.session, batch("assets", rows), ON))
    assert found == [
        "plant-not-operating",
        "plant-large",
        "household-unexpected",
        "household-unknown",
        "not-allocated",
        "form-unusual",
        "household-missing",
        "date-in-future",
        "capacity-missing",
        "dates-out-of-order",
    ]
