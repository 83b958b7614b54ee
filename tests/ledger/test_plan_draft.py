"""Does a draft divide exactly what waits, by a policy in force, among a frozen roster?"""

from datetime import date

import pytest
from sqlmodel import select

from assets.asof import AsOf
from assets.errors import AlreadyDone, NotFound, Refused
from ledger.models import Allocation, JobPost, Plan, PlanChannel, Policy, Roster, Stream
from ledger.people.roster import NobodyOnRoster
from ledger.plan_draft import (
    channels_of,
    income_sentence,
    incomes_of,
    jobs_of,
    plan_by_code,
    plans,
    proof_lines,
    shares_of,
)
from ledger.statements import undistributed
from tests.conftest import Book
from tests.ledger.planned_example import (
    DRAFTED,
    PLAN,
    WORKER,
    drafted,
    shipped,
    state,
    state_and_pass,
)
from tests.ledger.worked_example import (
    ARRIVED,
    BENCHMARK_FEN,
    IDS,
    LATER,
    SIZES,
    SUBSIDY_FEN,
    A,
    C,
    furnish,
    populate,
    receive,
    refuses,
    spend,
)

TOTAL, RESERVE, LABOUR, REWARD = 24_253_623, 2_425_362, 19_402_899, 2_425_362
PV_2020 = shipped("village-pv-2020")

HARDSHIP_FIRST = PV_2020.replace(
    '''[[step]]
channel = "JOB"''',
    '''[[step]]
channel = "HARDSHIP"
title = "困难补助"
kind = "fixed"
amount_fen = 3000000
measure = "HOUSEHOLD"
source = { document = "内部约定（测试）" }

[[step]]
channel = "JOB"''',
    1,
)
"""Thirty thousand yuan of hardship aid before the labour part."""

HARDSHIP_ONLY = (
    HARDSHIP_FIRST.replace('kind = "portion"\nshare = "80/100"\nrounding = "CEIL"', 'kind = "jobs"')
    .replace('channel = "REWARD"', 'channel = "WORKS"')
    .replace('title = "奖励补助（按人口）"', 'title = "小型公益劳务"')
)
"""The same, and all the rest for work: what is left is too little."""


def test_village_a_comes_out_to_the_fen(earned_book: Book) -> None:
    book = earned_book
    plan, flags = drafted(book)
    assert flags == []
    assert state(book) == "DRAFT"
    assert (plan.distributable_fen, plan.received_fen - plan.deducted_fen) == (TOTAL, TOTAL)
    assert [(x.channel, x.amount_fen) for x in channels_of(book.session, plan.id)] == [
        ("RESERVE", RESERVE),
        ("JOB", LABOUR),
        ("REWARD", REWARD),
    ]
    assert all(left == right for _, left, right in proof_lines(book.session, plan))
    assert undistributed(book.session, IDS[A], AsOf()) == []
    assert plan_by_code(book.session, PLAN).id == plan.id
    assert [each.code for each in plans(book.session, year=2020)] == [PLAN]
    assert plans(book.session, year=2019) == []
    assert [x.distributable_fen for x in incomes_of(book.session, plan.id)] == [TOTAL]
    (job,) = jobs_of(book.session, plan.id)
    assert (job[0].code, job[0].monthly_fen * job[0].month_count) == (WORKER.code, 720_000)
    assert [each.from_month for each in job[1]] == [202001]
    with refuses(book, AlreadyDone, f"已办理：拟定方案{PLAN}"):
        drafted(book)


def test_twelve_odd_fen_go_to_the_twelve_households_with_the_largest_remainder(
    earned_book: Book,
) -> None:
    book = earned_book
    plan, _ = drafted(book)
    shares = shares_of(book.session, plan.id)
    assert len(shares) == 62 and sum(each.share_fen for each in shares) == REWARD
    by_size = {size: {x.share_fen for x in shares if x.weight == size} for size in range(1, 6)}
    assert by_size == {1: {16_169}, 2: {32_338}, 3: {48_507}, 4: {64_677}, 5: {80_846}}
    odd = sorted(each.weight for each in shares if each.extra_fen)
    assert odd == [4] * 10 + [5] * 2
    assert sorted(each.weight for each in shares) == sorted(SIZES)


def test_thirty_thousand_of_hardship_aid_is_flagged_beside_the_eighty_percent(
    earned_book: Book,
) -> None:
    book = earned_book
    plan, flags = drafted(book, HARDSHIP_FIRST)
    met = {x.channel: x.amount_fen for x in channels_of(book.session, plan.id)}
    assert met == {
        "RESERVE": RESERVE,
        "HARDSHIP": 3_000_000,
        "JOB": TOTAL - RESERVE - 3_000_000,
        "REWARD": 0,
    }
    assert {flag.name: flag.message for flag in flags} == {
        "labour-share": "劳务渠道18828261分，低于规定的19402899分",
        "shortage": "“JOB”差574638分，资金不足",
    }


def test_at_most_24253_62_is_left_for_what_is_not_work(earned_book: Book) -> None:
    book = earned_book
    _, flags = drafted(book, HARDSHIP_FIRST.replace("3000000", "2425362"))
    assert flags == []


def test_a_district_may_refuse_what_others_flag(earned_book: Book) -> None:
    book = earned_book
    stern = HARDSHIP_FIRST.replace(
        'minimum = "80/100"\non_breach = "flag"', 'minimum = "80/100"\non_breach = "refuse"'
    )
    with refuses(book, Refused, "低于规定的19402899分，按政策不予办理"):
        drafted(book, stern)
    split = shipped("after-2021").replace('on_breach = "flag"', 'on_breach = "refuse"')
    even = split.replace('measure = "HEAD"', 'measure = "HOUSEHOLD"')
    with refuses(book, Refused, "属平均分配，按政策不予办理"):
        drafted(book, even, on=date(2021, 6, 1), jobs=())
    _, flags = drafted(book, even.replace("refuse", "flag"), on=date(2021, 6, 1), jobs=())
    assert [flag.name for flag in flags] == ["equal-split"]


def test_all_for_work_leaves_no_flag_but_too_much_aid_before_it_does(earned_book: Book) -> None:
    book = earned_book
    plan, flags = drafted(book, HARDSHIP_ONLY)
    labour = sum(
        x.amount_fen for x in channels_of(book.session, plan.id) if x.channel in ("JOB", "WORKS")
    )
    assert labour == 18_828_261
    assert [flag.name for flag in flags] == ["labour-share"]


@pytest.mark.parametrize(
    ("policy", "more", "error", "match"),
    [
        ("", {"on": date(2023, 1, 1)}, Refused, "在2023-01-01不在有效期内"),
        ("guaranteed-return", {}, Refused, "不适用于这类方案"),
        ("", {"income_year": 2019}, Refused, "没有2019年已到账未分配的收益"),
        ("", {"holder_code": C}, Refused, "没有2020年已到账未分配的收益|名册"),
        ("", {"holder_code": "V9"}, NotFound, "查无主体“V9”"),
        ("", {"cut_off": date(2015, 12, 31)}, NobodyOnRoster, "没有在册农户"),
        ("", {"received_through": date(2021, 1, 19)}, Refused, "已到账未分配"),
        ("", {"supplements": "FA-9"}, NotFound, "查无分配方案“FA-9”"),
    ],
)
def test_a_draft_that_cannot_be_is_refused_and_leaves_nothing(
    earned_book: Book, policy: str, more: dict[str, object], error: type[Exception], match: str
) -> None:
    book = earned_book
    with refuses(book, error, match):
        drafted(book, shipped(policy) if policy else "", **more)  # type: ignore[arg-type]
    assert book.session.exec(select(Plan)).all() == []
    assert book.session.exec(select(Roster)).all() == []


def test_jobs_must_be_within_their_channel_and_for_known_people(earned_book: Book) -> None:
    from dataclasses import replace

    book = earned_book
    with refuses(book, Refused, "岗位工资合计20400000分，超过岗位渠道的19402899分"):
        drafted(book, jobs=(replace(WORKER, monthly_fen=1_700_000),))
    with refuses(book, NotFound, "查无农户“X”"):
        drafted(book, jobs=(replace(WORKER, household_code="X"),))
    with refuses(book, NotFound, "查无人员“X”"):
        drafted(book, jobs=(replace(WORKER, person_code="X"),))
    assert book.session.exec(select(JobPost)).all() == []


def test_money_is_planned_once_and_a_late_subsidy_by_a_supplementary_plan(book: Book) -> None:
    furnish(book)
    populate(book)
    spend(book)
    receive(book, Stream.BENCHMARK_TARIFF, BENCHMARK_FEN, ARRIVED)
    state_and_pass(book, 1, ARRIVED)
    first, _ = drafted(book)
    with refuses(book, Refused, "已到账未分配的收益"):
        drafted(book, code="FA-A-2")
    before = [(x.channel, x.amount_fen) for x in channels_of(book.session, first.id)]
    receive(book, Stream.STATE_SUBSIDY, SUBSIDY_FEN, LATER)
    state_and_pass(book, 2, LATER)
    second, _ = drafted(
        book, on=LATER, code="FA-A-2", supplements=PLAN, cut_off=date(2021, 12, 31), jobs=()
    )
    assert second.supplements_plan_id == first.id
    assert first.distributable_fen + second.distributable_fen in range(TOTAL - 1, TOTAL + 2)
    assert [(x.channel, x.amount_fen) for x in channels_of(book.session, first.id)] == before
    rosters = book.session.exec(select(Roster.plan_code).order_by(Roster.id)).all()  # type: ignore[arg-type]
    assert rosters == [PLAN, "FA-A-2"]
    assert len(book.session.exec(select(Policy)).all()) == 1  # the same text is kept once


def test_a_step_nobody_has_a_weight_for_gives_its_money_to_the_next(earned_book: Book) -> None:
    book = earned_book
    aid = PV_2020.replace(
        '''[[step]]
channel = "REWARD"''',
        '''[[step]]
channel = "HARDSHIP"
title = "困难补助"
kind = "portion"
share = "5/100"
measure = "HOUSEHOLD"
only_without_labour = true
source = { document = "内部约定（测试）" }

[[step]]
channel = "REWARD"''',
    )
    plan, _ = drafted(book, aid)
    met = {x.channel: x.amount_fen for x in channels_of(book.session, plan.id)}
    assert (met["HARDSHIP"], met["REWARD"]) == (0, REWARD)


def test_households_without_a_part_stay_on_the_list(book: Book) -> None:
    furnish(book)
    populate(book, [1, 2])
    receive(book, Stream.BENCHMARK_TARIFF, BENCHMARK_FEN, ARRIVED, A)
    state_and_pass(book, 1, ARRIVED)
    text = PV_2020.replace('measure = "HEAD"', 'measure = "HEAD"\nstatuses = ["ORDINARY"]')
    with refuses(book, Refused, "没有一户符合分配条件"):
        drafted(book, text, jobs=())
    plan, _ = drafted(book, jobs=())
    channels = book.session.exec(select(PlanChannel.id).where(PlanChannel.plan_id == plan.id)).all()
    rows = book.session.exec(select(Allocation)).all()
    assert {row.plan_channel_id for row in rows} <= set(channels)
    assert len(rows) == 2 and plan.drafted_on == DRAFTED


def test_an_income_is_named_by_asset_year_and_streams() -> None:
    assert income_sentence("A1", 2020, "BENCHMARK_TARIFF+STATE_SUBSIDY") == (
        "A1 2020年标杆电费、财政补贴"
    )
