"""Which town and village does a clerk mean, and what if there is no such place?

The names of towns and villages are given to the reader (a ``Lookup``), so that no data and no
database stands here. A name is only right within its town; an unknown one is answered with the
nearest and never created. A cell that holds town and village is split where that is unambiguous;
a cell that holds several villages is refused, because nobody can say how a row divides.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from assets import divisions
from assets.workbook.cells import Rejected


class Lookup(Protocol):
    """Names of places as they were in the time in question."""

    def towns(self) -> Mapping[str, str]:
        """Town code (twelve digits) → official name."""

    def villages(self) -> Mapping[str, str]:
        """Village code (twelve digits) → official name; its first nine digits are the town's."""


@dataclass(frozen=True)
class NameList:
    """A look-up that is given its names: the simplest ``Lookup``."""

    town_names: Mapping[str, str]
    village_names: Mapping[str, str]

    def towns(self) -> Mapping[str, str]:
        """Town code → official name."""
        return self.town_names

    def villages(self) -> Mapping[str, str]:
        """Village code → official name."""
        return self.village_names


@dataclass(frozen=True)
class Place:
    """What a pair of cells means; names are official where codes are known."""

    town_name: str | None = None
    town_code: str | None = None
    village_name: str | None = None
    village_code: str | None = None


SEVERAL_ADVICE: Final = (
    "请拆成几行，一行一村，金额和数量按各村实际分开填；全镇共有的只填镇、村留空。"
)

_TOWN_DIGITS: Final = 9
_SEPARATORS: Final = re.compile(r"[、,;/\s]+|(?<=村)(?:和|与|及)|(?<=社区)(?:和|与|及)")
_MANY: Final = re.compile(
    r"等[0-9一二三四五六七八九十两]*个?村|[0-9二三四五六七八九十两]+个?(?:行政)?村$|各村|全镇|所有村"
)
_SPLIT: Final = re.compile(r"(.+?(?:镇|乡|街道))(.+?(?:村|社区|村委会|居委会|委员会))")
_ABOVE: Final = re.compile(r"^.*?[省市区县旗](?=.{2,}(?:镇|乡|街道))")


def split_place(text: str) -> tuple[str, str] | None:
    """Split ``龙归镇龙归村`` into town and village where only one cut is possible.

    依据: 内部约定 (一格内写镇和村的, 只有一种拆法时才拆)

    >>> split_place("葛坑镇邱村村"), split_place("镇乡村"), split_place("龙归镇")
    (('葛坑镇', '邱村村'), None, None)
    """
    found = _SPLIT.fullmatch(_fold(text))
    if found is None or len(found[1]) < 2 or len(found[2]) < 2:
        return None
    rest = found[2]
    if any(rest.find(mark) > 0 for mark in ("镇", "乡", "街道")):
        return None
    return found[1], rest


def several(text: str) -> bool:
    """Tell whether a cell names more than one village.

    >>> several("龙归村、龙安村"), several("龙归等3村"), several("龙归村")
    (True, True, False)
    """
    folded = unicodedata.normalize("NFKC", text).strip()
    parts = [part for part in _SEPARATORS.split(folded) if part]
    return (len(parts) > 1 and not _is_spaced_name(parts)) or bool(_MANY.search(_fold(text)))


def _is_spaced_name(parts: Sequence[str]) -> bool:
    """``龙归镇 龙归村`` is one place, ``黄 塱 村`` one name spread over its cell."""
    return all(len(part) == 1 for part in parts) or split_place("".join(parts)) is not None


@dataclass
class Gazetteer:
    """Resolves pairs of town and village cells; remembers every pair it has seen."""

    lookup: Lookup | None = None

    def __post_init__(self) -> None:
        self._towns = dict(self.lookup.towns()) if self.lookup else {}
        self._villages: dict[str, dict[str, str]] = {}
        for code, name in (self.lookup.villages() if self.lookup else {}).items():
            self._villages.setdefault(code[:_TOWN_DIGITS], {})[code] = name

    def resolve(self, town: str | None, village: str | None) -> Place:
        """Find the place of one row; ``None`` stands for an empty cell.

        Raises:
            PlaceRejected: Unknown, ambiguous or several; says which of the two cells is wrong.
        """
        if village is not None and several(village):
            raise PlaceRejected(
                "village_name",
                Rejected("several-villages", "一格里写了几个村，不知道怎样分。", SEVERAL_ADVICE),
            )
        if village is not None and town is None and _fold(village).endswith(("镇", "乡", "街道")):
            town, village = village, None
        if village is not None:
            town, village = self._split(town, village)
        elif town is not None and (parts := self._cut(town)):
            town, village = parts
        if self.lookup is None:
            return Place(town, None, village, None)
        return self._known(town, village)

    def _split(self, town: str | None, village: str) -> tuple[str | None, str]:
        parts = self._cut(village)
        if parts is None:
            return town, village
        if town is not None and _fold(town) != parts[0]:
            raise PlaceRejected(
                "village_name",
                Rejected(
                    "town-and-village-differ",
                    f"镇栏写的是“{town}”，村栏里又写了“{parts[0]}”。",
                    "请核对，村栏只填村名。",
                ),
            )
        return parts

    def _cut(self, text: str) -> tuple[str, str] | None:
        """Town and village of one cell; known towns decide before the shape of the words."""
        folded = _ABOVE.sub("", _fold(text))
        towns = [
            name for name in self._towns.values() if folded.startswith(name) and folded != name
        ]
        if len(towns) == 1:
            return towns[0], folded[len(towns[0]) :]
        return split_place(folded) if not self._towns else None

    def _known(self, town: str | None, village: str | None) -> Place:
        town_code = self._town_code(town) if town is not None else None
        town_name = self._towns[town_code] if town_code else None
        if village is None:
            return Place(town_name, town_code)
        code = self._village_code(town_code, village)
        if town_code is None:
            town_code = next(
                (each for each in self._towns if each[:_TOWN_DIGITS] == code[:_TOWN_DIGITS]), None
            )
            town_name = self._towns.get(town_code) if town_code else None
        name = self._villages[code[:_TOWN_DIGITS]][code]
        return Place(town_name, town_code, name, code)

    def _town_code(self, town: str) -> str:
        folded = _ABOVE.sub("", _fold(town))
        try:
            name = divisions.match(folded, self._towns.values())
        except divisions.UnknownDivision as unknown:
            raise PlaceRejected("town_name", _unknown("unknown-town", unknown)) from unknown
        return next(code for code, each in self._towns.items() if each == name)

    def _village_code(self, town_code: str | None, village: str) -> str:
        known = (
            self._villages.get(town_code[:_TOWN_DIGITS], {})
            if town_code
            else {code: name for each in self._villages.values() for code, name in each.items()}
        )
        try:
            name = divisions.match(village, known.values())
        except divisions.UnknownDivision as unknown:
            raise PlaceRejected(
                "village_name",
                _unknown("unknown-village", unknown, self._elsewhere(village, town_code)),
            ) from unknown
        codes = [code for code, each in known.items() if each == name]
        if len(codes) > 1:
            raise PlaceRejected(
                "village_name",
                Rejected(
                    "ambiguous-village", f"有{len(codes)}个镇都有“{village}”。", "请填写镇名。"
                ),
            )
        return codes[0]

    def _elsewhere(self, village: str, town_code: str | None) -> str:
        """Towns which do have a village of that name, or a place here with the same stem."""
        if town_code is None:
            return ""
        short = divisions.short_name(village)
        towns = [
            name
            for code, name in self._towns.items()
            if any(
                divisions.short_name(each) == short
                for each in self._villages.get(code[:_TOWN_DIGITS], {}).values()
            )
        ]
        if towns:
            return f"{'、'.join(towns)}有这个村名，请核对镇名。"
        stem = short.removesuffix("村").removesuffix("社区")
        near = [
            name
            for name in self._villages.get(town_code[:_TOWN_DIGITS], {}).values()
            if len(stem) > 1 and divisions.short_name(name).startswith(stem)
        ]
        return f"您要填的是不是“{divisions.short_name(near[0])}”？" if near else ""


class PlaceRejected(Exception):
    """A row's place is refused; ``field`` says which cell."""

    def __init__(self, field: str, why: Rejected) -> None:
        super().__init__(str(why))
        self.field = field
        self.why = why


def _unknown(name: str, error: divisions.UnknownDivision, more: str = "") -> Rejected:
    message, stop, remedy = str(error).partition("。")
    if remedy.endswith("？"):
        return Rejected(name, message + stop + remedy, "请核对后改正，本程序不会新建地名。")
    remedy = remedy or "请按区划名录填写，本程序不会新建地名。"
    return Rejected(name, message + stop + more, remedy)


def _fold(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


def resolve_pairs(
    gazetteer: Gazetteer, pairs: Iterable[tuple[str | None, str | None]]
) -> dict[tuple[str | None, str | None], Place | PlaceRejected]:
    """Resolve each distinct pair of town and village once."""
    found: dict[tuple[str | None, str | None], Place | PlaceRejected] = {}
    for pair in set(pairs):
        try:
            found[pair] = gazetteer.resolve(*pair)
        except PlaceRejected as rejected:
            found[pair] = rejected
    return found
