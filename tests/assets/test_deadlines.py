import csv
import doctest
from datetime import date, timedelta
from pathlib import Path

import chinese_calendar  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets import deadlines
from assets.deadlines import (
    HOLIDAYS,
    HolidaysUnknown,
    add_days,
    add_workdays,
    is_workday,
    last_known_year,
    notice_for,
    workdays_between,
)
from assets.errors import FupinError

GOLDEN = Path(__file__).parents[2].parent / "shared" / "data" / "golden"
YEARS = range(2016, last_known_year() + 1)


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(deadlines).failed == 0


@pytest.mark.parametrize(
    ("start", "n", "end"),
    [
        # The Spring Festival of 2020, extended to 2 February against the epidemic.
        ("2020-01-17", 7, "2020-02-04"),
        ("2020-01-22", 5, "2020-02-06"),
        # A Saturday and a Sunday worked before and after the holidays.
        ("2020-09-25", 5, "2020-10-09"),
        ("2021-02-05", 7, "2021-02-20"),
        ("2023-09-22", 5, "2023-10-07"),
        ("2024-02-02", 5, "2024-02-08"),
        ("2026-02-10", 10, "2026-03-02"),
        # Across the end of a year.
        ("2018-12-28", 1, "2018-12-29"),
        ("2022-12-30", 1, "2023-01-03"),
        ("2025-12-31", 1, "2026-01-04"),
    ],
)
def test_the_nth_working_day_after_a_day(start: str, n: int, end: str) -> None:
    assert add_workdays(date.fromisoformat(start), n) == date.fromisoformat(end)


@pytest.mark.skipif(not GOLDEN.exists(), reason="the folder of golden values is not here")
def test_the_golden_deadlines_are_met() -> None:
    with (GOLDEN / "workday_after_golden.csv").open(encoding="utf-8") as rows:
        for row in csv.DictReader(rows):
            start = date.fromisoformat(row["start"])
            end = add_workdays(start, int(row["n_working_days_after"]))
            assert end.isoformat() == row["result"], row


@pytest.mark.parametrize("year", YEARS)
def test_the_dated_files_and_the_package_agree_on_every_day(year: int) -> None:
    first = date(year, 1, 1)
    days = [
        first + timedelta(days=offset) for offset in range((date(year, 12, 31) - first).days + 1)
    ]
    assert [is_workday(day) for day in days] == [chinese_calendar.is_workday(day) for day in days]


@pytest.mark.parametrize("year", YEARS)
def test_every_year_names_its_notice_and_orders_possible_days(year: int) -> None:
    notice = notice_for(year)
    assert notice.year == year and str(year) in notice.title
    assert notice.number.startswith("国办发明电〔") and notice.issued_on.year == year - 1
    assert f"〔{notice.issued_on.year}〕" in notice.number
    assert all(day.weekday() >= 5 for day in notice.worked), "only weekend days are worked instead"
    assert not notice.off & notice.worked
    # Days off on weekdays are paid back by worked weekends; the rest are the statutory holidays.
    weekdays_off = sum(day.weekday() < 5 for day in notice.off)
    assert 5 <= weekdays_off - len(notice.worked) <= 13


def test_every_file_in_the_folder_is_named_after_its_year() -> None:
    assert {path.name for path in HOLIDAYS.iterdir()} >= {f"{year}.toml" for year in YEARS}
    for path in HOLIDAYS.glob("*.toml"):
        assert notice_for(int(path.stem)).year == int(path.stem)


def test_two_notices_were_amended_later() -> None:
    assert notice_for(2019).amended_by == "国办发明电〔2019〕3号"
    assert not is_workday(date(2019, 5, 3)) and is_workday(date(2019, 5, 5))
    assert notice_for(2020).amended_by == "国办发明电〔2020〕1号"
    assert not is_workday(date(2020, 2, 1))


def test_years_before_the_first_file_come_from_the_package() -> None:
    assert not is_workday(date(2015, 9, 3)), "the day of remembrance of 2015"
    assert add_workdays(date(2015, 12, 31), 1) == date(2016, 1, 4)


@pytest.mark.parametrize("day", [date(2003, 5, 1), date(last_known_year() + 1, 1, 4)])
def test_a_year_without_published_holidays_is_refused_not_guessed(day: date) -> None:
    with pytest.raises(HolidaysUnknown, match="节假日安排尚未收录") as caught:
        is_workday(day)
    assert isinstance(caught.value, FupinError) and str(day.year) in str(caught.value)
    with pytest.raises(HolidaysUnknown):
        notice_for(day.year)


def test_a_period_reaching_into_an_unpublished_year_is_refused() -> None:
    with pytest.raises(HolidaysUnknown):
        add_workdays(date(last_known_year(), 12, 25), 20)
    assert add_days(date(last_known_year(), 12, 25), 20) == date(last_known_year() + 1, 1, 14)


def test_a_new_year_is_known_once_its_file_is_in_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    year = last_known_year() + 1
    for path in HOLIDAYS.glob("*.toml"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / f"{year}.toml").write_text(
        f'year = {year}\nnumber = "试"\ntitle = "试"\nissued_on = {year - 1}-11-01\n'
        f"worked = [{year}-01-02]\n"
        f'[[off]]\nname = "元旦"\nfirst = {year - 1}-12-31\nlast = {year}-01-01\n',
        encoding="utf-8",
    )
    monkeypatch.setattr(deadlines, "HOLIDAYS", tmp_path)
    deadlines._workdays.cache_clear()
    try:
        assert is_workday(date(year, 1, 2))
        assert not is_workday(date(year - 1, 12, 31)), "the new notice orders the last of December"
        assert last_known_year() == year
    finally:
        deadlines._workdays.cache_clear()


def test_a_negative_period_is_refused() -> None:
    with pytest.raises(FupinError, match="不能为负"):
        add_days(date(2020, 1, 1), -1)
    with pytest.raises(FupinError, match="不能为负"):
        add_workdays(date(2020, 1, 1), -1)


def test_no_days_give_the_day_back() -> None:
    assert add_workdays(date(2020, 1, 25), 0) == date(2020, 1, 25)
    assert workdays_between(date(2020, 1, 25), date(2020, 1, 25)) == 0
    assert workdays_between(date(2020, 2, 25), date(2020, 1, 25)) == 0


@given(st.dates(date(2016, 1, 1), date(2026, 6, 30)), st.integers(1, 60))
def test_counting_back_gives_the_days_that_were_added(day: date, n: int) -> None:
    end = add_workdays(day, n)
    assert is_workday(end) and end > day
    assert workdays_between(day, end) == n
