"""Does the register show every asset with its chain, and what came and went in the year?"""

from datetime import date

from tests.reports.conftest import Told
from tests.reports.scenario import JOINT, SHOP, TOWN, VILLAGE


def test_the_register_has_value_funds_holders_and_voucher_of_every_asset(told: Told) -> None:
    paper = told.paper("asset-register", town=TOWN)
    rows = {row["code"]: row for row in paper.tables[0].rows}
    plant = rows[JOINT]
    assert plant["value"] == 194_000_000
    assert plant["funds"] == "中央、省"
    assert plant["share"] == "59/97； 4633/19400； 2967/19400"
    assert plant["income"] == 42_394_600
    assert plant["certificate"] == "武江农〔2020〕18号"
    assert plant["handed"] == date(2020, 4, 28)
    assert plant["voucher"] == "202004 记-001"
    assert plant["state"] == "运营管护"
    assert rows[SHOP]["state"] == "拒收"
    assert rows[SHOP]["handed"] is None


def test_year_start_and_additions_make_the_end(told: Told) -> None:
    paper = told.paper("asset-register", on=date(2019, 12, 31), village=VILLAGE)
    facts = {fact.label: fact.value for fact in paper.headline}
    assert facts["年初原值"] == 211_000_000
    assert facts["本年增加"] == 10_000_000
    assert facts["期末原值"] == 221_000_000


def test_before_the_title_the_register_has_no_certificate(told: Told) -> None:
    paper = told.paper("asset-register", on=date(2019, 12, 31), village=VILLAGE)
    assert {row["certificate"] for row in paper.tables[0].rows} == {""}
    assert {row["income"] for row in paper.tables[0].rows} == {0}


def test_another_towns_register_is_empty_and_still_adds_up(told: Told) -> None:
    paper = told.paper("asset-register", town="440203102000")
    assert paper.tables[0].rows == []
    assert paper.headline[-1].value == 0
