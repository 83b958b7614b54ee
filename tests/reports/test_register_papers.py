"""Do the forms of title, project and upkeep say whose, by whom decided and with what money?"""

from datetime import date

import pytest

from assets.errors import NotFound
from reports import catalogue
from reports.bundle import Bundle
from reports.standpoint import Asked
from tests.reports.conftest import Told
from tests.reports.scenario import JOINT, PLAN, ROAD, SHOP, TITLE


def test_the_title_form_has_list_meeting_and_notice(told: Told) -> None:
    paper = told.paper("title-form", subject=TITLE)
    assert [table.title for table in paper.tables] == ["确权清单", "民主议事", "公示"]
    assert len(paper.seals) == 5
    assert paper.tables[0].rows[0]["certificate"] == "武江扶资证〔2020〕第0001号"


def test_certificates_come_one_by_one_or_all_of_an_act(told: Told) -> None:
    one = told.paper("title-certificate", subject="武江扶资证〔2020〕第0002号")
    assert one.parameters["subject"] == "武江扶资证〔2020〕第0002号"
    found = catalogue.find("title-certificate").build(told.stand(), Asked(subject=TITLE))
    assert isinstance(found, Bundle)
    assert len(found.papers) == 3
    with pytest.raises(NotFound):
        told.paper("title-certificate", on=date(2020, 4, 9), subject=JOINT)


def test_parts_of_a_right_sum_to_one_on_the_certificate(told: Told) -> None:
    paper = told.paper("title-certificate", subject=JOINT)
    assert [(line.left, line.right) for line in paper.proof_lines] == [(1, 1), (1, 1)]


def test_the_card_of_an_asset_tells_its_whole_course(told: Told) -> None:
    paper = told.paper("asset-card", subject=JOINT)
    tables = {table.title: table for table in paper.tables}
    assert tables["资金来源"].totals["amount"] == 194_000_000
    assert tables["收益"].totals["amount"] == 42_394_600
    assert [row["kind"] for row in tables["佐证材料"].rows] == ["现场照片"]
    assert "运营管护" in [row["text"] for row in tables["沿革"].rows]
    gaps = told.paper("asset-card", subject=SHOP)
    shown = [value for row in gaps.tables[0].rows for value in row.values()]
    assert "竣工验收单（施工单位已注销，李财政）" in shown


def test_the_project_register_follows_the_money_into_assets(told: Told) -> None:
    (row,) = told.paper("project-register").tables[0].rows
    assert (row["allocated"], row["paid"], row["unspent"]) == (221_000_000, 221_000_000, 0)
    assert (row["count"], row["value"]) == (3, 221_000_000)
    assert row["documents"] == "韶财农〔2018〕12号、韶财农〔2018〕30号"
    assert told.paper("project-register", town="440203102000").tables[0].rows == []


def test_the_upkeep_agreement_leaves_blank_what_nobody_settled(told: Told) -> None:
    known = "".join(told.paper("upkeep-agreement", subject=JOINT).paragraphs_before)
    assert "每年15,000.00元" in known
    assert "自2020年5月1日起，长期有效" in known
    unknown = "".join(told.paper("upkeep-agreement", subject=ROAD).paragraphs_before)
    assert "每年＿＿＿＿＿＿元" in unknown


def test_the_summary_is_the_same_sum_in_every_cut(told: Told) -> None:
    paper = told.paper("district-summary")
    closings = [table.totals["closing"] for table in paper.tables[:3]]
    assert closings == [221_000_000] * 3
    assert paper.tables[3].totals["amount"] == 4_585_362
    titles = [picture.title for picture in paper.pictures]
    assert titles == [
        "历年形成资产（按资金级次）",
        "资金流向：级次—资产类别—镇",
        "各镇移交进度（已移交/未移交，件）",
        "收益发放渠道",
    ]


def test_the_plan_shows_its_course_and_names_nobody(told: Told) -> None:
    paper = told.paper("distribution-plan", subject=PLAN)
    titles = [table.title for table in paper.tables]
    assert titles == ["收入来源", "用途", "岗位", "民主议事", "公示"]
    assert not any("张某" in text for text in paper.texts())


def test_the_result_is_what_arrived_and_not_what_was_sent(told: Told) -> None:
    at_first = told.paper("result-notice", on=date(2020, 12, 24), subject=PLAN)
    facts = {fact.label: fact.value for fact in at_first.headline}
    assert (facts["已到账"], facts["应发"]) == (4_569_193, 4_585_362)
    told.session.rollback()
    at_last = told.paper("result-notice", subject=PLAN)
    assert {fact.label: fact.value for fact in at_last.headline}["已到账"] == 4_585_362


def test_the_pictures_of_papers_carry_the_figures_of_their_tables(told: Told) -> None:
    plan = told.paper("distribution-plan", subject=PLAN)
    # 161.69, 323.38 and 485.07 yuan, then 646.77 and 808.46 for the houses of four and five.
    assert "100至300 户数 15；300至500 户数 35；500至1000 户数 12" in plan.pictures[0].description
    income = told.paper("plant-income")
    assert income.tables[0].totals["missing"] == 0
    assert "2020-10 应收 423,946.00元" in income.pictures[0].description
    assert "2020-11 实收 423,946.00元" in income.pictures[0].description
