"""Which towns and villages has the district on a day, and which code does a name mean?

A division is a code with a name from a day on; a rename or re-code is a later row. Names that
were used earlier still find their code, but nothing is ever created from a name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlmodel import Session, select

from assets import divisions
from assets.asof import AsOf, current_rows
from assets.divisions import UnknownDivision
from assets.errors import NotFound
from assets.models import BookRecord, Division, DivisionLevel


def registered(session: Session, at: AsOf) -> list[Division]:
    """Every division that stands on the day, by code.

    依据: 统计用区划代码
    """
    rows = current_rows(session, Division, ("code",), at)
    return [row for row in rows if row.valid_to is None or row.valid_to >= at.day]


def titles(session: Session, at: AsOf) -> dict[str, str]:
    """Code → official name of every division ever known by then, ended ones included.

    依据: 内部约定 (old records keep naming places that no longer exist)
    """
    everything = AsOf(position=at.position)
    latest = {row.code: row.title for row in current_rows(session, Division, ("code",), everything)}
    return latest | {row.code: row.title for row in current_rows(session, Division, ("code",), at)}


def village_names(session: Session, at: AsOf) -> dict[str, str]:
    """Code → short name (龙归村) of every village that stands on the day.

    依据: 内部约定
    """
    return {
        row.code: divisions.short_name(row.title)
        for row in registered(session, at)
        if row.level == DivisionLevel.VILLAGE
    }


def towns(session: Session, at: AsOf) -> dict[str, str]:
    """Code → name of every town that stands on the day.

    依据: 内部约定
    """
    return {
        row.code: row.title for row in registered(session, at) if row.level == DivisionLevel.TOWN
    }


def villages_of(session: Session, town_code: str, at: AsOf) -> dict[str, str]:
    """Code → short name of the villages of one town on the day.

    依据: 内部约定
    """
    return {
        code: name
        for code, name in village_names(session, at).items()
        if town_of(code) == town_code
    }


def town_of(code: str) -> str:
    """The town's code of a village's or town's code.

    依据: 统计用区划代码和城乡划分代码编制规则
    """
    return code[:9] + "000"


def place_name(code: str, names: Mapping[str, str]) -> str:
    """How a place is called on paper: town and village, or the town alone.

    ``names`` are the titles by code. 依据: 内部约定
    """
    own = divisions.short_name(names.get(code, code))
    town = town_of(code)
    return own if town == code or town not in names else names[town] + own


def district_code(session: Session) -> str:
    """The twelve digits of the district this book is of.

    依据: 内部约定 (one database is one district)
    """
    return session.exec(select(BookRecord.district_code)).one()


@dataclass(frozen=True)
class Lookup:
    """Which code does a clerk's spelling of a town or village mean, on one day?"""

    town_names: Mapping[str, str]
    village_names: Mapping[str, str]
    _known: dict[tuple[str, str], str] = field(default_factory=dict, repr=False, compare=False)

    def towns(self) -> Mapping[str, str]:
        """Town code (twelve digits) → official name."""
        return self.town_names

    def villages(self) -> Mapping[str, str]:
        """Village code (twelve digits) → official name."""
        return self.village_names

    def town(self, text: str) -> str:
        """The code of a town.

        Raises:
            UnknownDivision: No such town, or several; says what was probably meant.

        依据: 内部约定 (地名录入错误不得自动新建, 只提示)
        """
        return self._find("", text, self.town_names)

    def village(self, town_code: str, text: str) -> str:
        """The code of a village within a town.

        Raises:
            UnknownDivision: No such village in that town, or several.

        依据: 内部约定 (地名录入错误不得自动新建, 只提示)
        """
        within = {
            code: name for code, name in self.village_names.items() if town_of(code) == town_code
        }
        return self._find(town_code, text, within)

    def place(self, town_name: str, village_name: str = "") -> str:
        """The code of a village, or of the town when no village is named.

        Raises:
            UnknownDivision: A name is not known there.

        依据: 内部约定
        """
        town = self.town(town_name)
        return self.village(town, village_name) if village_name else town

    def _find(self, town_code: str, text: str, names: Mapping[str, str]) -> str:
        key = (town_code, text)
        if key not in self._known:
            title = divisions.match(text, names.values())
            self._known[key] = next(code for code, name in names.items() if name == title)
        return self._known[key]


def lookup(session: Session, at: AsOf) -> Lookup:
    """The names by which workbooks are read: those of the places that stand on the day.

    依据: 内部约定
    """
    standing = registered(session, at)
    return Lookup(
        {row.code: row.title for row in standing if row.level == DivisionLevel.TOWN},
        {row.code: row.title for row in standing if row.level == DivisionLevel.VILLAGE},
    )


def resolve(session: Session, text: str, at: AsOf) -> str:
    """The code of what a user typed after --town or --village: a code, a town or a village name.

    Raises:
        NotFound: Neither a code nor a name, or a name that several towns have.

    依据: 内部约定
    """
    known = titles(session, at)
    if text in known:
        return text
    names = lookup(session, at)
    found = set()
    for town_code in ["", *names.town_names]:
        try:
            found.add(names.village(town_code, text) if town_code else names.town(text))
        except UnknownDivision:
            continue
    if len(found) != 1:
        raise NotFound("镇、村", text)
    return found.pop()
