"""Is a policy dated, cited and sound, and does a plan keep the text it was made under?"""

from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest
from sqlmodel import select

from assets import trail
from assets.errors import NotFound
from assets.trail import Act
from ledger.models import HouseholdStatus, Policy
from ledger.policy import (
    PolicyProblem,
    citations,
    class_weights_of,
    files,
    fraction,
    is_in_force,
    labour_minimum_fen,
    lint,
    load,
    member_class,
    parse,
    steps_of,
    store,
)
from ledger.waterfall import Fixed, Portion, Remaining, Rounding
from ledger.waterfall import check as check_steps
from tests.conftest import Book

SHIPPED = sorted(files())
DAYS = {
    "after-2021": date(2021, 6, 1),
    "by-share": date(2019, 6, 1),
    "guaranteed-return": date(2019, 6, 1),
    "village-pv-2017": date(2019, 6, 1),
    "village-pv-2020": date(2020, 6, 1),
}


def changed(code: str, before: str, after: str) -> str:
    body = load(code)[1]
    assert before in body
    return body.replace(before, after, 1)


@pytest.mark.parametrize("code", SHIPPED)
def test_every_shipped_policy_is_in_force_cited_and_sound(code: str) -> None:
    policy, body = load(code)
    assert lint(policy, DAYS[code]) == []
    assert parse(body, code) == policy
    assert check_steps(steps_of(policy, jobs_fen=1)) == []
    assert len(citations(policy)) >= 3 + len(policy.step)


def test_the_days_of_a_policy_are_its_first_and_its_last() -> None:
    policy, _ = load("village-pv-2020")
    days = [date(2020, 1, 31), date(2020, 2, 1), date(2022, 12, 31), date(2023, 1, 1)]
    assert [is_in_force(policy, day) for day in days] == [False, True, True, False]
    assert is_in_force(load("by-share")[0], date(2099, 1, 1))
    assert lint(policy, date(2023, 1, 1)) == [
        "2023-01-01不在政策有效期内",
        "劳务比例规定已于2022-12-31到期",
    ]


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        (
            'source = { document = "国开办司发〔2020〕3号" }\n\n[[step]]',
            'source = { document = " " }\n\n[[step]]',
            "政策没有文号",
        ),
        ("国开办司发〔2020〕3号", "国开办司发〔1999〕9号", "政策："),
        ("valid_to = 2022-12-31\nonly", "valid_to = 2019-12-31\nonly", "终止日期早于起始日期"),
        ('share = "80/100"', 'share = "95/100"', "合计为21/20，超过1"),
        ('kind = "remaining"', 'kind = "portion"\nshare = "1/100"', "最后一步不是“其余”"),
    ],
)
def test_lint_names_what_is_wrong(before: str, after: str, fault: str) -> None:
    found = lint(parse(changed("village-pv-2020", before, after), "test"))
    assert any(fault in each for each in found), found


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ('code = "village-pv-2020"\n', "", "code：没有填写"),
        ('scope = "VILLAGE"', 'scope = "COUNTY"', "scope：不在可选范围"),
        ('kind = "remaining"', 'kind = "rest"', "step.2.kind：不在可选范围"),
        ('title = "提取公积公益金"', 'titel = "提取公积公益金"', "step.0.titel：不认识的项"),
        ("notice_days = 10", 'notice_days = "十"', "notice.notice_days："),
        ("valid_from = 2020-02-01", "valid_from = 2020-02-30", "TOML 格式错误"),
    ],
)
def test_a_file_that_is_no_policy_says_where(before: str, after: str, reason: str) -> None:
    with pytest.raises(PolicyProblem) as caught:
        parse(changed("village-pv-2020", before, after), "本区")
    assert reason in str(caught.value)
    assert str(caught.value).startswith("政策文件“本区”不能使用")


def test_a_district_adds_its_own_and_a_file_is_called_by_its_code(tmp_path: Path) -> None:
    body = load("by-share")[1]
    (tmp_path / "ours.toml").write_text(body.replace('"by-share"', '"ours"'), encoding="utf-8")
    (tmp_path / "other.toml").write_text(body, encoding="utf-8")
    assert load("ours", tmp_path)[0].code == "ours"
    assert set(files(tmp_path)) == {*SHIPPED, "ours", "other"}
    with pytest.raises(PolicyProblem, match="文件名与编号“by-share”不一致"):
        load("other", tmp_path)
    with pytest.raises(NotFound, match="查无分配政策“none”"):
        load("none", tmp_path)


def test_the_steps_take_a_plans_own_figures() -> None:
    policy, _ = load("village-pv-2020")
    reserve, job, reward = steps_of(policy, jobs_fen=5)
    assert reserve == Portion("RESERVE", Fraction(1, 10), Rounding.FLOOR)
    assert isinstance(job, Portion) and job.rounding is Rounding.CEIL
    assert isinstance(reward, Remaining)
    assert steps_of(load("village-pv-2017")[0], jobs_fen=5)[1] == Fixed("JOB", 5, None)
    retention, _ = steps_of(load("by-share")[0], jobs_fen=0)
    assert retention == Fixed("RETENTION", 10_000_000, None)
    (asked, _) = steps_of(load("by-share")[0], jobs_fen=0, fixed_fen={"RETENTION": 7})
    assert asked == Fixed("RETENTION", 7, None)
    assert fraction("80/100") == Fraction(4, 5)


def test_the_eighty_percent_are_rounded_up_and_hold_in_their_years_only() -> None:
    policy, _ = load("village-pv-2020")
    assert labour_minimum_fen(policy, 24_253_623, date(2021, 2, 1)) == 19_402_899
    assert labour_minimum_fen(policy, 5, date(2020, 1, 1)) == 4
    assert labour_minimum_fen(policy, 6, date(2022, 12, 31)) == 5
    assert labour_minimum_fen(policy, 5, date(2019, 12, 31)) is None
    assert labour_minimum_fen(policy, 5, date(2023, 1, 1)) is None
    assert labour_minimum_fen(load("village-pv-2017")[0], 5, date(2020, 1, 1)) is None


def test_who_has_which_weight_follows_status_and_labour() -> None:
    by_class = class_weights_of(load("by-share")[0].step[1])
    assert by_class is not None
    assert by_class[member_class("LIFTED", 2)] == by_class[member_class("MONITORED", 0)] == 30
    assert by_class[member_class("ORDINARY", 1)] == by_class[member_class("LEFT_ROSTER", 1)] == 0
    without = class_weights_of(load("guaranteed-return")[0].step[0])
    assert without is not None
    assert without[member_class("LIFTED", 0)] == 1
    assert without[member_class("LIFTED", 1)] == 0
    assert len(without) == 2 * len(HouseholdStatus)
    assert class_weights_of(load("village-pv-2020")[0].step[2]) is None


def test_a_text_is_kept_once_and_word_for_word(book: Book) -> None:
    body = load("by-share")[1]
    ids = []
    for number in (1, 2):
        act = Act("M1", "t", date(2019, 1, 1))
        with trail.entry(book.session, act, "test", str(number)) as written:
            ids.append(store(book.session, written, body, "by-share").id)
        book.session.commit()
    assert ids == [1, 1]
    (kept,) = book.session.exec(select(Policy)).all()
    assert kept.body == body and len(kept.sha256) == 64
