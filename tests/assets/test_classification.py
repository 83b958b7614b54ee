from datetime import date

import pytest

from assets.asof import AsOf
from assets.classification import class_remarks, income_remark, reclassify
from assets.errors import AlreadyDone, Refused
from assets.models import AssetClass
from assets.procedure.actors import NoSuchRole
from assets.registration import asset_by_code, asset_fact, change_fact
from assets.trail import Act, entry
from tests.assets.small_district import PLANT, ROAD
from tests.conftest import Book

ON = date(2020, 5, 1)


def test_a_welfare_asset_with_income_becomes_operating_by_the_districts_decision(
    register: Book,
) -> None:
    session, act = register.session, Act("R0005", "asset reclassify", ON)
    reclassify(session, act, ROAD, AssetClass.OPERATING, reason="屋顶出租有收益")
    session.commit()
    asset = asset_by_code(session, ROAD)
    before, after = (
        asset_fact(session, asset.id, AsOf(date(2020, 4, 30))),
        asset_fact(session, asset.id, AsOf(ON)),
    )
    assert before is not None and before.asset_class == "PUBLIC_WELFARE"
    assert after is not None and after.asset_class == "OPERATING" and after.title == before.title
    with pytest.raises(AlreadyDone):
        reclassify(session, act, ROAD, AssetClass.OPERATING, reason="屋顶出租有收益")


def test_only_the_district_reclassifies_and_only_to_another_class(register: Book) -> None:
    with pytest.raises(NoSuchRole, match="R0005"):
        act = Act("R0001", "asset reclassify", ON)
        reclassify(register.session, act, ROAD, AssetClass.OPERATING, reason="出租")
    register.session.rollback()
    with pytest.raises(Refused, match="不必"):
        act = Act("R0005", "asset reclassify", ON)
        reclassify(register.session, act, PLANT, AssetClass.OPERATING, reason="出租")


def test_a_card_cannot_lose_its_money_or_change_before_it_began(register: Book) -> None:
    asset = asset_by_code(register.session, ROAD)
    act = Act("R0005", "asset change", ON)
    with (
        pytest.raises(Refused, match="原值"),
        entry(register.session, act, "asset-change", ROAD) as written,
    ):
        change_fact(register.session, written, asset.id, ON, original_value_fen=1)


def test_ordinary_assets_are_not_remarked_on() -> None:
    for asset_class, form, subclass, household, watts in (
        ("OPERATING", "FIXED", "光伏电站", None, 60_000),
        ("PUBLIC_WELFARE", "FIXED", "村道", None, None),
        ("HOUSEHOLD", "BIOLOGICAL", "母牛", "440203", None),
    ):
        assert (
            class_remarks(asset_class, form, subclass, household_code=household, capacity_w=watts)
            == []
        )


def test_income_of_a_welfare_asset_is_remarked_on_never_refused() -> None:
    assert income_remark("OPERATING", PLANT) is None
    found = income_remark("PUBLIC_WELFARE", ROAD)
    assert found is not None and found.name == "income-unusual" and "重新分类" in found.remedy
