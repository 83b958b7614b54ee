"""Does the whole line hold, from one spreadsheet row to a household's card and back?

``fupin demo`` as a user gets it, with its 755 households; asked with the commands a user has.
"""

import random
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

import cli
from assets.parties import party_by_code
from fixtures.story import Story
from ledger.plan_draft import PlanRequest, money_at_hand
from reports.pdf import read_attachment
from tests.walking import fupin, rows_of, story_of
from tests.whole_line import (
    ask,
    batches_agree,
    batches_of,
    cards_agree,
    check_finds_nothing,
    explained,
    fen,
    income_balances,
    interest_of,
    nodes,
    people_are_all_there,
    plans_add_up,
    plans_of,
    titles_and_handovers_agree,
)

SAMPLE = 40
HOUSEHOLDS_BY_TOWN = {"龙归镇": 299, "江湾镇": 94, "重阳镇": 266, "西河镇": 69, "西联镇": 27}
PERSONS_BY_TOWN = {"龙归镇": 690, "江湾镇": 252, "重阳镇": 673, "西河镇": 127, "西联镇": 46}
FORWARD = ("资金文件", "到位", "项目", "支付", "所有权", "收益权", "确权", "到账", "结转单", "方案")
ACCEPTED = ("接收", "保留接收")


@pytest.fixture(scope="module")
def story(demo: Path) -> Story:
    return story_of(demo)


@pytest.fixture(scope="module")
def address(demo: Path) -> str:
    return f"sqlite:///{demo / 'fupin.db'}"


def printed(demo: Path, name: str) -> dict[str, Any]:
    """The figures of a paper as they are attached to the PDF."""
    data: Any = read_attachment(demo / "报表" / name)["data"]
    assert isinstance(data, dict)
    return data


# --- the end of the demonstration --------------------------------------------------------------


def test_it_ends_with_its_table_of_sums_and_what_to_try_next(demo: Path) -> None:
    said = demo.with_suffix(".said").read_text(encoding="utf-8")

    assert "农户 755 户 1788 人" in said
    assert "不一致" not in said
    assert said.count("一致") >= 12  # every year and every plan
    assert "自查" in said and "全部通过" in said
    assert said.count("\n    fupin ") == 3
    assert not demo.with_name("demo.partial").exists()


def test_the_three_commands_it_suggests_can_be_typed(demo: Path) -> None:
    said = demo.with_suffix(".said").read_text(encoding="utf-8")
    lines = [line.split() for line in said.splitlines() if line.startswith("    fupin ")]

    for line in lines:
        answer = fupin(*line[1:])
        assert answer.code == 0 and answer.out, answer.text


def test_a_second_demonstration_into_the_same_folder_is_refused(demo: Path) -> None:
    said = fupin("demo", "--out", str(demo))

    assert said.code == 1
    assert "已存在，未作改动" in said.err


# --- people ------------------------------------------------------------------------------------


def test_the_households_are_all_there_town_by_town(address: str, story: Story) -> None:
    names = {town.code: town.name for town in story.towns}
    expected = story.expected

    assert (expected.households, expected.persons) == (755, 1788)
    assert {names[c]: n for c, n in expected.households_by_town.items()} == HOUSEHOLDS_BY_TOWN
    assert {names[c]: n for c, n in expected.persons_by_town.items()} == PERSONS_BY_TOWN
    people_are_all_there(address, story)


def test_a_list_shows_nobodys_name_or_number(address: str) -> None:
    shown = {key for row in ask(address, "household", "list")["rows"] for key in row}

    assert not shown & {"name", "id_number", "card", "phone", "health", "reason"}


def test_a_village_with_a_rare_character_comes_through(address: str, story: Story) -> None:
    rare = [village for village in story.villages if "塱" in village.name]
    rows = ask(address, "household", "list")["rows"]

    assert rare
    assert {row["village"] for row in rows if row["village_code"] == rare[0].code} == {
        rare[0].short_name
    }


# --- plans -------------------------------------------------------------------------------------


def test_every_plan_sums_exactly_to_its_distributable_money(address: str, story: Story) -> None:
    plans_add_up(address, story)


def test_the_notice_on_the_board_says_what_the_plan_says(demo: Path, address: str) -> None:
    for view in plans_of(address):
        notice = printed(demo, f"分配方案公示-{view['code']}.pdf")

        assert all(proof["left"] == proof["right"] for proof in notice["proofs"])
        uses = notice["tables"][0]
        assert uses["totals"]["amount"] == view["distributable_fen"]
        amounts = [each["amount_fen"] for each in view["channels"]]
        assert sorted(row["amount"] for row in uses["rows"]) == sorted(amounts)


# --- explained, card by card -------------------------------------------------------------------


@pytest.fixture(scope="module")
def cards(address: str) -> dict[str, Any]:
    return explained(address, 2019)


def test_any_household_is_told_the_steps_from_plant_to_fen(
    address: str, cards: dict[str, Any], story: Story
) -> None:
    drawn = random.Random(2020).sample(sorted(cards), SAMPLE)
    for code in {*drawn, story.card_example.household}:
        told = ask(address, "explain", code, "--year", "2019")
        texts = [sentence["text"] for sentence in told["sentences"]]

        assert texts[0].startswith("您家2019年得")
        assert told["total_fen"] == sum(each["amount_fen"] for each in told["money"])
        assert all(sentence["source"] for sentence in told["sentences"][1:])
        if told["money"]:
            assert any("收入" in text and "减费用" in text for text in texts)
            assert any(text.startswith("方案") and "可分配" in text for text in texts)
            assert "核对：" in fupin("explain", code, "--year", "2019", database=address).out


def test_a_household_of_a_plant_is_told_the_kilowatt_hours(address: str, story: Story) -> None:
    said = fupin("explain", story.card_example.household, "--year", "2019", database=address)

    assert "上网电量" in said.out and "千瓦时" in said.out
    assert "人分，您家" in said.out


def test_who_got_nothing_is_told_why(cards: dict[str, Any]) -> None:
    empty = [told for told in cards.values() if not told.money]

    assert empty
    assert all(told.headline().text.startswith("您家2019年得0.00元") for told in empty)


# --- traced from either end --------------------------------------------------------------------


@pytest.fixture(scope="module")
def earning(address: str) -> list[str]:
    """Every asset that has earned money."""
    return sorted({row["资产编号"] for row in ask(address, "income", "list")})


def test_every_earning_asset_is_traced_from_fund_document_to_household(
    address: str, earning: list[str], story: Story
) -> None:
    assert {story.joint_plant, story.workshop, story.equity, story.history_plant} <= set(earning)
    assert set(story.pooled_assets.values()) <= set(earning)
    for code in earning:
        chain = ask(address, "asset", "trace", code)
        found = list(nodes(chain["root"]))

        assert [kind for kind in FORWARD if kind not in {node["kind"] for node in found}] == []
        assert all(proof["holds"] for proof in chain["proofs"]), code
        assert chain["ending"] == "到户发放"
        assert any(node["kind"] == "户" and node["amount_fen"] for node in found)
        rows = {node["source"].partition(" ")[0] for node in found if node["source"]}
        assert rows >= {"assets.xlsx", "funds.xlsx", "projects.xlsx", "receipts-2019.xlsx"}


def test_a_household_at_the_end_of_a_chain_leads_back_to_the_same_documents(
    address: str, earning: list[str]
) -> None:
    for code in earning:
        chain = list(nodes(ask(address, "asset", "trace", code)["root"]))
        documents = {node["code"] for node in chain if node["kind"] == "资金文件"}
        last = next(node for node in reversed(chain) if node["kind"] == "户" and node["amount_fen"])

        answer = ask(address, "asset", "trace", "--household", last["code"], "--year", "2019")
        back = list(nodes(answer["root"]))
        assert code in {node["code"] for node in back if node["kind"] == "资产"}
        assert documents <= {node["code"] for node in back if node["kind"] == "资金文件"}
        assert all(proof["holds"] for proof in answer["proofs"])
        rows = {node["source"].partition(" ")[0] for node in back}
        assert rows >= {"assets.xlsx", "households.xlsx", "receipts-2019.xlsx"}


def test_a_fund_document_leads_to_the_assets_it_paid_for(address: str, story: Story) -> None:
    chain = list(nodes(ask(address, "asset", "trace", story.named_plant)["root"]))
    for document in {node["code"] for node in chain if node["kind"] == "资金文件"}:
        answer = ask(address, "asset", "trace", "--document", document)
        assert story.named_plant in {node["code"] for node in nodes(answer["root"])}
        assert all(proof["holds"] for proof in answer["proofs"])


# --- roster = bank file = voucher movement = Σ cards --------------------------------------------


def test_roster_bank_file_and_vouchers_agree_batch_by_batch(demo: Path, address: str) -> None:
    assert len(batches_of(address)) >= 20
    batches_agree(address, demo)


def test_both_editions_of_the_printed_roster_say_the_same(demo: Path, address: str) -> None:
    totals = {row["批次编号"]: fen(row["金额（元）"]) for row in batches_of(address)}
    found = sorted((demo / "报表").glob("发放花名册-*-公示版.pdf"))
    assert len(found) >= 6
    for path in found:
        code = path.name.removeprefix("发放花名册-").removesuffix("-公示版.pdf")
        posted = printed(demo, path.name)["tables"][0]
        internal = printed(demo, path.name.replace("公示版", "发放版"))["tables"][0]

        assert posted["totals"]["amount"] == internal["totals"]["amount"] == totals[code]
        assert [row["amount"] for row in posted["rows"]] == [
            row["amount"] for row in internal["rows"]
        ]


def test_what_the_cards_say_is_what_left_the_bank_plan_by_plan(
    address: str, cards: dict[str, Any]
) -> None:
    cards_agree(address, cards)


def test_the_printed_cards_of_a_village_add_up_to_its_rosters(
    demo: Path, cards: dict[str, Any]
) -> None:
    (path,) = (demo / "报表").glob("明白卡-*.pdf")
    papers = printed(demo, path.name)["papers"]
    codes = [paper["parameters"]["subject"] for paper in papers]

    assert len(codes) == len(set(codes)) > 50
    for paper in papers:
        told = cards[paper["parameters"]["subject"]]
        assert paper["headline"][0]["value"] == told.total_fen
        assert paper["tables"][0]["totals"] == {"amount": told.total_fen, "paid": told.paid_fen}
    plans = {each.plan_code for code in codes for each in cards[code].money}
    rosters: dict[str, int] = defaultdict(int)
    for name in (demo / "报表").glob("发放花名册-*-发放版.pdf"):
        data = printed(demo, name.name)
        plan = next(each for each in data["sources"] if each.startswith("分配方案"))
        returned = data["headline"][0]["value"] - data["headline"][-1]["value"]
        rosters[plan.removeprefix("分配方案")] += data["headline"][0]["value"] - returned
    whole = plans & set(rosters)
    assert whole
    for plan in whole:
        shown = sum(
            each.paid_fen for code in codes for each in cards[code].money if each.plan_code == plan
        )
        others = sum(
            each.paid_fen
            for code, told in cards.items()
            if code not in codes
            for each in told.money
            if each.plan_code == plan
        )
        assert shown + others == rosters[plan], plan


# --- handover = title = register = voucher movement ---------------------------------------------


def test_handover_title_register_and_vouchers_agree(address: str, story: Story) -> None:
    titles_and_handovers_agree(address, story)


def test_the_printed_handover_lists_say_what_was_accepted_and_refused(
    demo: Path, story: Story
) -> None:
    told = {handover.code: handover for handover in story.handovers}
    found = sorted((demo / "报表").glob("移交清单-*.pdf"))
    assert len(found) >= 7
    refused = 0
    for path in found:
        handover = told[path.stem.removeprefix("移交清单-")]
        paper = printed(demo, path.name)
        rows = paper["tables"][0]["rows"]

        assert [row["code"] for row in rows] == sorted(handover.assets)
        assert paper["tables"][0]["totals"]["value"] == handover.total_fen
        accepted = sum(row["value"] for row in rows if row["answer"].split("：")[0] in ACCEPTED)
        assert accepted == handover.accepted_fen
        refused += sum(row["answer"].startswith("拒收：") for row in rows)
    assert refused == 1


def test_the_printed_registers_of_the_towns_hold_every_asset_once(demo: Path, story: Story) -> None:
    papers = [printed(demo, f"资产台账-{town.name}.pdf") for town in story.towns]

    codes = [row["code"] for paper in papers for row in paper["tables"][0]["rows"]]
    assert len(codes) == len(set(codes)) == story.expected.assets
    values = sum(paper["tables"][0]["totals"]["value"] for paper in papers)
    assert values == story.expected.asset_value_fen


def test_a_joint_plant_stands_in_every_owners_book_by_its_part(address: str, story: Story) -> None:
    parts = rows_of(
        address,
        "SELECT p.code, sum(l.amount_fen) FROM voucher v "
        "JOIN voucher_line l ON l.voucher_id = v.id AND l.side = 1 "
        "JOIN book_entity e ON e.id = v.entity_id JOIN party p ON p.id = e.party_id "
        "JOIN dimension d ON d.id = l.dimension_id JOIN asset a ON a.id = d.asset_id "
        f"WHERE v.kind = 'handover' AND a.code = '{story.joint_plant}' GROUP BY p.code",
    )

    assert dict(parts) == story.joint_parts_fen


# --- the book as a whole -----------------------------------------------------------------------


def test_received_is_deducted_distributed_and_carried(address: str, story: Story) -> None:
    income_balances(address, story)


def test_bank_interest_waits_for_a_policy_that_names_it(address: str, story: Story) -> None:
    waiting = [row for row in ask(address, "income", "undistributed") if row["收益流"] == "利息"]
    assert sum(fen(row["未分配（元）"]) for row in waiting) == interest_of(address, 2019) > 0

    plan = story.plan(next(p.code for p in story.plans if p.holder == waiting[0]["主体"]))
    request = PlanRequest(
        plan.code, plan.holder, "", 2019, plan.from_on, plan.to_on, plan.roster_on
    )
    session = cli.open_book(address, cli.Surroundings(recorder="clerk"), write=False)
    with session:
        holder = party_by_code(session, plan.holder)
        day = story.close_year_on
        assert not [
            each
            for each in money_at_hand(session, holder, request, day)
            if each.stream == "INTEREST"
        ]
        named = money_at_hand(session, holder, request, day, interest=True)
        assert [each.amount_fen for each in named if each.stream == "INTEREST"] == [1237]


def test_the_check_of_the_whole_book_finds_nothing(address: str) -> None:
    check_finds_nothing(address)


def test_the_trail_agrees_with_the_note_that_was_kept_outside(demo: Path, address: str) -> None:
    said = fupin("trail", "verify", "--against", str(demo / "检查点.txt"), database=address)

    assert said.code == 0, said.text
    assert "与外部检查点一致" in said.out


def test_one_payment_was_returned_and_paid_again(address: str) -> None:
    rows = batches_of(address)
    returned = [row for row in rows if row["退回（元）"] != "0.00"]
    again = [row for row in rows if row["类型"] == "退汇重发"]

    assert len(returned) == len(again) >= 1
    assert sum(fen(row["退回（元）"]) for row in returned) == sum(
        fen(row["到账（元）"]) for row in again
    )


def test_the_year_2019_is_closed(address: str, story: Story) -> None:
    closed = rows_of(address, "SELECT count(*) FROM year_close WHERE year = 2019")

    assert closed[0][0] == len(story.book_parties)
