"""Where does a limit come from? Dated, cited values in ``parameters.toml``, never in a query.

A value in days or months becomes the day that many days or months before the day asked for, so
that a query compares days; any other value is a whole number. Dated values that depend on the
object's own day are read in the query as rows of ``limit_on``.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from dateutil.relativedelta import relativedelta

from assets.errors import NotFound
from assets.trail import digest_of

FILE = Path(__file__).with_name("parameters.toml")
FOREVER = date(9999, 12, 31)
UNITS = {"days", "months", "years", "fen", "percent", "ppm", "count", "households", "words"}


@dataclass(frozen=True)
class Limit:
    """One value of a parameter and the days it holds; ``words`` for a list of words."""

    name: str
    unit: str
    value: int
    words: tuple[str, ...]
    valid_from: date
    valid_to: date
    source: str
    meaning: str


@cache
def limits() -> tuple[Limit, ...]:
    """Every value of every parameter, in the order of the file.

    依据: 内部约定 (a limit is data with a source and a first day)
    """
    rows = tomllib.loads(FILE.read_text(encoding="utf-8"))["limit"]
    return tuple(_read(row) for row in rows)


def _read(row: Mapping[str, Any]) -> Limit:
    assert row["unit"] in UNITS, row["name"]
    value = row["value"]
    return Limit(
        name=row["name"],
        unit=row["unit"],
        value=0 if isinstance(value, list) else int(value),
        words=tuple(value) if isinstance(value, list) else (),
        valid_from=row["valid_from"],
        valid_to=row.get("valid_to", FOREVER),
        source=row["source"],
        meaning=row["meaning"],
    )


def in_force(name: str, on: date) -> Limit:
    """The value of a parameter on a day.

    Raises:
        NotFound: The file has none for that day.
    """
    for limit in limits():
        if limit.name == name and limit.valid_from <= on <= limit.valid_to:
            return limit
    raise NotFound("疑点参数", f"{name}（{on}）")


def bound(names: Iterable[str], on: date) -> dict[str, Any]:
    """Parameter name (underscored) → what a query compares with: a day or a whole number."""
    found: dict[str, Any] = {}
    for name in names:
        limit = in_force(name, on)
        key = name.replace("-", "_")
        if limit.unit == "days":
            found[key] = on - timedelta(days=limit.value)
        elif limit.unit == "months":
            found[key] = on - relativedelta(months=limit.value)
        elif limit.unit != "words":
            found[key] = limit.value
    return found


def said(names: Iterable[str], on: date) -> str:
    """The limits of a rule as one line for the report."""
    units = {
        "days": "天",
        "months": "个月",
        "years": "年",
        "fen": "分",
        "percent": "%",
        "ppm": "ppm",
        "count": "次",
        "households": "户",
        "words": "",
    }
    parts = []
    for name in names:
        limit = in_force(name, on)
        shown = "、".join(limit.words) if limit.words else f"{limit.value}{units[limit.unit]}"
        parts.append(f"{limit.meaning}{shown}（{limit.source}）")
    return "；".join(parts)


def limit_rows(dialect: str) -> str:
    """The dated whole-number limits as a query: name, value, valid_from, valid_to.

    依据: 内部约定 (the limit of an object's own day)
    """

    def day(value: date) -> str:
        return f"'{value}'" if dialect == "sqlite" else f"CAST('{value}' AS DATE)"

    return " UNION ALL ".join(
        f"SELECT '{each.name}' AS name, {each.value} AS value, "
        f"{day(each.valid_from)} AS valid_from, {day(each.valid_to)} AS valid_to"
        for each in limits()
        if not each.words
    )


def any_word(column: str, name: str, on: date) -> str:
    """A condition that a text holds one of the words of a parameter."""
    words = in_force(name, on).words
    assert words and not any("'" in word or "%" in word for word in words)
    return "(" + " OR ".join(f"{column} LIKE '%{word}%'" for word in words) + ")"


def digest(names: Iterable[str], on: date) -> str:
    """The digest of the limits a rule used on a day.

    依据: 内部约定 (a finding names what it was measured with)
    """
    return digest_of(*(repr(in_force(name, on)) for name in names))
