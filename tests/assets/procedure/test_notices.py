"""Has a notice run, in every village, and does an objection stand until its written answer?"""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets import trail
from assets.deadlines import is_workday
from assets.errors import NotFound, Refused
from assets.models import Notice, Objection, ObjectKind
from assets.procedure import notices
from assets.procedure.notices import Posting, last_day
from assets.trail import Act
from fixtures.invented_numbers import resident_id
from tests.assets.small_district import FENGTIAN, LONGGUI_VILLAGE
from tests.conftest import Book

POSTED = date(2019, 9, 20)
TITLE = ObjectKind.TITLE


def do(book: Book, verb: Any, *words: Any, on: date = POSTED, **more: Any) -> Any:
    """A verb of an open entry in an entry of its own, committed."""
    stage = f"{verb.__name__}/{words}/{more}"
    try:
        with trail.entry(book.session, Act("R0001", "t", on), "t", "QQ-1", stage=stage) as written:
            made = verb(book.session, written, *words, **more)
    except BaseException:
        book.session.rollback()
        raise
    book.session.commit()
    return made


def post(
    book: Book,
    village: str = FENGTIAN,
    on: date = POSTED,
    days: int = 10,
    day_kind: str = "CALENDAR",
    *,
    round_no: int = 1,
    **more: Any,
) -> Notice:
    posting = Posting(village, on, days, day_kind, "村务公开栏", "0" * 64)
    made = do(book, notices.post_notice, TITLE, "QQ-1", posting, round_no=round_no, **more)
    assert isinstance(made, Notice)
    return made


def objected(book: Book, line: str = "", content: str = "面积有出入", **more: Any) -> Objection:
    facts: dict[str, Any] = {"round_no": 1, "received_on": POSTED} | more
    made = do(
        book, notices.raise_objection, TITLE, "QQ-1", line_code=line, content=content, **facts
    )
    assert isinstance(made, Objection)
    return made


def test_ten_days_are_ten_whole_days_after_the_posting_day() -> None:
    assert last_day(date(2019, 2, 11), 10, "CALENDAR") == date(2019, 2, 21)
    assert last_day(date(2020, 2, 25), 5, "CALENDAR") == date(2020, 3, 1)


def test_working_days_leave_out_the_holidays() -> None:
    # National Day 2019: 1 to 7 October off, Sunday 29 September and Saturday 12 October worked.
    assert last_day(date(2019, 9, 27), 3, "WORKING") == date(2019, 10, 8)
    assert last_day(date(2019, 9, 27), 2, "WORKING") == date(2019, 9, 30)


@given(st.dates(date(2017, 1, 1), date(2024, 12, 31)), st.integers(1, 30))
def test_working_days_are_counted_one_by_one(posted_on: date, days: int) -> None:
    until = last_day(posted_on, days, "WORKING")
    between = [posted_on + timedelta(days=n) for n in range(1, (until - posted_on).days + 1)]
    assert sum(is_workday(day) for day in between) == days
    assert is_workday(until)
    assert until >= last_day(posted_on, days, "CALENDAR")


def test_a_notice_for_no_day_is_none(book: Book) -> None:
    for days in (0, -1):
        with pytest.raises(Refused, match="公示天数至少为1天"):
            post(book, days=days)


def test_a_notice_has_run_on_the_day_after_its_last_day(book: Book) -> None:
    last = post(book).ends_on
    assert last == date(2019, 9, 30)
    run = [
        notices.notice_has_run(book.session, TITLE, "QQ-1", 1, last + timedelta(days=each))
        for each in (-1, 0, 1)
    ]
    assert run == [False, False, True]
    assert notices.runs_until(book.session, TITLE, "QQ-1", 1) == last
    assert notices.runs_until(book.session, TITLE, "QQ-1", 2) is None
    assert not notices.notice_has_run(book.session, TITLE, "QQ-1", 2, date(2030, 1, 1))
    assert not notices.notice_has_run(book.session, ObjectKind.PLAN, "QQ-1", 1, date(2030, 1, 1))


def test_every_village_must_be_over_and_a_new_round_begins_anew(book: Book) -> None:
    assert notices.current_round(book.session, TITLE, "QQ-1") == 0
    assert notices.next_round(book.session, TITLE, "QQ-1", FENGTIAN) == 1
    post(book)
    assert notices.next_round(book.session, TITLE, "QQ-1", LONGGUI_VILLAGE) == 1
    assert notices.next_round(book.session, TITLE, "QQ-1", FENGTIAN) == 2
    with pytest.raises(Refused, match="第1轮公示已在该村张贴"):
        post(book, on=POSTED + timedelta(days=1))
    later = post(book, LONGGUI_VILLAGE, POSTED + timedelta(days=4))
    assert notices.runs_until(book.session, TITLE, "QQ-1", 1) == later.ends_on
    found = notices.notices_of(book.session, TITLE, "QQ-1", 1)
    assert [each.village_code for each in found] == [LONGGUI_VILLAGE, FENGTIAN]
    post(book, on=date(2019, 10, 8), round_no=2)
    assert notices.current_round(book.session, TITLE, "QQ-1") == 2
    assert notices.notice_has_run(book.session, TITLE, "QQ-1", 1, date(2019, 10, 9))
    assert not notices.notice_has_run(book.session, TITLE, "QQ-1", 2, date(2019, 10, 9))


def test_a_correction_hangs_beside_the_notice_and_does_not_restart_it(book: Book) -> None:
    post(book)
    for number in (1, 2):
        more = {"notice_kind": "CORRECTION", "on": POSTED + timedelta(days=number)}
        assert post(book, **more).seq == number  # type: ignore[arg-type]
    assert notices.current_round(book.session, TITLE, "QQ-1") == 1
    assert notices.runs_until(book.session, TITLE, "QQ-1", 1) == date(2019, 9, 30)


def test_a_notice_is_not_taken_down_before_its_last_day_is_over(book: Book) -> None:
    notice = post(book)
    for day in (notice.ends_on - timedelta(days=1), notice.ends_on):
        with pytest.raises(Refused, match="公示应张贴到2019-09-30"):
            do(book, notices.end_notice, notice, taken_down_on=day, end_proof="照-2")
    down = notice.ends_on + timedelta(days=1)
    end = do(book, notices.end_notice, notice, taken_down_on=down, end_proof="照-2")
    assert end.taken_down_on == down


def test_an_objection_is_due_in_seven_working_days_and_ends_with_an_answer(book: Book) -> None:
    post(book)
    one = objected(book)
    other = objected(book, "A-1", received_on=date(2019, 9, 27))
    assert [one.code, other.code] == ["QQ-1-Y01", "QQ-1-Y02"]
    assert other.answer_due_on == date(2019, 10, 12)  # past National Day, on a worked Saturday
    assert [x.code for x in notices.open_objections(book.session, TITLE, "QQ-1")] == [
        one.code,
        other.code,
    ]
    facts: dict[str, Any] = {"upheld": False, "answer": "已复核，无误"}
    with pytest.raises(Refused, match="答复日期早于收到日期"):
        do(book, notices.answer_objection, other.code, answered_on=POSTED, **facts)
    do(book, notices.answer_objection, one.code, answered_on=POSTED, **facts)
    with pytest.raises(Refused, match="已经答复"):
        do(book, notices.answer_objection, one.code, answered_on=date(2019, 9, 21), **facts)
    with pytest.raises(NotFound, match="查无异议“QQ-9”"):
        do(book, notices.answer_objection, "QQ-9", answered_on=POSTED, **facts)
    assert [x.code for x in notices.open_objections(book.session, TITLE, "QQ-1", 1)] == [other.code]
    assert notices.open_objections(book.session, TITLE, "QQ-1", 2) == []


def test_an_objection_belongs_to_a_round_and_names_nobody(book: Book) -> None:
    with pytest.raises(Refused, match="没有第1轮公示"):
        objected(book)
    post(book)
    with pytest.raises(Refused, match="没有第2轮公示"):
        objected(book, round_no=2)
    number = resident_id("440203", date(1980, 3, 2), male=True)
    with pytest.raises(Refused, match="异议内容"):
        objected(book, content=f"本人{number}未列入")
    made = objected(book)
    with pytest.raises(Refused, match="答复内容"):
        do(
            book,
            notices.answer_objection,
            made.code,
            answered_on=POSTED,
            upheld=True,
            answer=f"{number}已列入",
        )
