"""When does a period end? Calendar days and working days (工作日), with the holidays of each year.

A notice of ten days, a list posted for seven working days, an answer due in so many days: the day
of the act is not counted, the last day is. Working days follow the yearly notice of the State
Council office, one dated file per year in ``assets/holidays/`` under its document number; years
before the first file come from the chinesecalendar package. A year nobody has published yet is
refused, never guessed: Saturdays are worked and Mondays are off in this country by decree.

To add a year, put ``2027.toml`` into the folder, written like its neighbours.

>>> from datetime import date
>>> add_workdays(date(2020, 1, 17), 7)
datetime.date(2020, 2, 4)
>>> add_days(date(2020, 12, 25), 10)
datetime.date(2021, 1, 4)
"""

import tomllib
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Final

from assets.errors import Refused

HOLIDAYS: Final = Path(__file__).with_name("holidays")

_DAY: Final = timedelta(days=1)
_SATURDAY: Final = 5


class HolidaysUnknown(Refused):
    """The holidays of that year are not published or not recorded (节假日安排未收录)."""

    def __init__(self, year: int) -> None:
        super().__init__(
            f"{year}年的节假日安排尚未收录，不能推算工作日。"
            f"请待国务院办公厅通知公布后，按文号补充节假日文件（assets/holidays/{year}.toml），"
            "或改用日历日。"
        )
        self.year = year


@dataclass(frozen=True)
class HolidayNotice:
    """The days off and the weekend days worked of one year, as one notice orders them."""

    year: int
    number: str
    title: str
    issued_on: date
    amended_by: str | None
    off: frozenset[date]
    worked: frozenset[date]


def add_days(day: date, days: int) -> date:
    """Give the last day of a period of calendar days; the day of the act is not counted.

    Units: days, 0 or more.
    依据: 民法典 第二百零一条

    Raises:
        Refused: A negative number of days.

    >>> add_days(date(2020, 2, 20), 10)
    datetime.date(2020, 3, 1)
    """
    _check_length(days)
    return day + timedelta(days=days)


def add_workdays(day: date, n: int) -> date:
    """Give the n-th working day after a day; the day itself is not counted.

    Units: n in working days, 0 or more; 0 gives the day back.
    依据: 全国年节及纪念日放假办法; 国务院办公厅关于部分节假日安排的通知

    Raises:
        HolidaysUnknown: The period reaches into a year without known holidays.
        Refused: A negative number of days.

    >>> add_workdays(date(2024, 2, 2), 7)
    datetime.date(2024, 2, 18)
    """
    _check_length(n)
    while n > 0:
        day += _DAY
        n -= is_workday(day)
    return day


def workdays_between(day: date, last: date) -> int:
    """Count the working days after ``day`` up to and including ``last``.

    The inverse of ``add_workdays``; 0 where ``last`` is not after ``day``.
    Units: working days.
    依据: 全国年节及纪念日放假办法; 国务院办公厅关于部分节假日安排的通知

    Raises:
        HolidaysUnknown: The period reaches into a year without known holidays.

    >>> workdays_between(date(2024, 2, 2), date(2024, 2, 18))
    7
    """
    span = range(1, (last - day).days + 1)
    return sum(is_workday(day + timedelta(days=offset)) for offset in span)


def is_workday(day: date) -> bool:
    """Tell whether offices work on a day.

    依据: 全国年节及纪念日放假办法; 国务院办公厅关于部分节假日安排的通知

    Raises:
        HolidaysUnknown: The year has no known holidays.

    >>> is_workday(date(2020, 1, 19)), is_workday(date(2020, 1, 31))
    (True, False)
    """
    return day in _workdays(day.year)


def notice_for(year: int) -> HolidayNotice:
    """Give the notice that orders the holidays of a year.

    依据: 国务院办公厅关于部分节假日安排的通知

    Raises:
        HolidaysUnknown: No file for that year.

    >>> notice_for(2020).number, notice_for(2020).amended_by
    ('国办发明电〔2019〕16号', '国办发明电〔2020〕1号')
    """
    notice = _read_notice(HOLIDAYS / f"{year}.toml")
    if notice is None:
        raise HolidaysUnknown(year)
    return notice


def last_known_year() -> int:
    """Give the last year whose holidays are recorded in the folder.

    依据: 内部约定 (节假日文件逐年补充)
    """
    return max(int(path.stem) for path in HOLIDAYS.glob("[0-9]*.toml"))


@cache
def _workdays(year: int) -> frozenset[date]:
    own = _read_notice(HOLIDAYS / f"{year}.toml")
    if own is None:
        return _workdays_from_package(year)
    # The notice of the following year may already order the last days of December.
    following = _read_notice(HOLIDAYS / f"{year + 1}.toml")
    notices = [own] if following is None else [own, following]
    return frozenset(day for day in _days_of(year) if _is_worked(day, notices))


def _is_worked(day: date, notices: list[HolidayNotice]) -> bool:
    if any(day in notice.worked for notice in notices):
        return True
    return day.weekday() < _SATURDAY and not any(day in notice.off for notice in notices)


def _workdays_from_package(year: int) -> frozenset[date]:
    # Imported only where a year has no file: the command line must start without it.
    import chinese_calendar  # type: ignore[import-untyped]

    try:
        return frozenset(day for day in _days_of(year) if chinese_calendar.is_workday(day))
    except NotImplementedError:
        raise HolidaysUnknown(year) from None


@cache
def _read_notice(path: Path) -> HolidayNotice | None:
    if not path.exists():
        return None
    with path.open("rb") as file:
        written = tomllib.load(file)
    off = frozenset(
        span["first"] + timedelta(days=offset)
        for span in written["off"]
        for offset in range((span["last"] - span["first"]).days + 1)
    )
    return HolidayNotice(
        year=written["year"],
        number=written["number"],
        title=written["title"],
        issued_on=written["issued_on"],
        amended_by=written.get("amended_by"),
        off=off,
        worked=frozenset(written["worked"]),
    )


def _days_of(year: int) -> list[date]:
    first = date(year, 1, 1)
    return [
        first + timedelta(days=offset) for offset in range((date(year, 12, 31) - first).days + 1)
    ]


def _check_length(days: int) -> None:
    if days < 0:
        raise Refused(f"期限天数不能为负（{days}天）。请核对天数。")
