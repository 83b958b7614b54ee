"""Which place does a division code (统计用区划代码) mean, and which code does a name mean?

Twelve digits, the statistical code of the National Bureau of Statistics:

    44 02 03 102 204
    │  │  │  │   └── village or community (村、居)
    │  │  │  └────── town or street (镇、街道)
    │  │  └───────── district or county (区、县)
    │  └──────────── city (市)
    └─────────────── province (省)

A level that is not reached is zero. A few cities have no districts (东莞 441900): there the town
stands directly below the city.

Names change more often than codes: the same committee was 龙归村民委员会 in 2016 and is
龙归村村民委员会 today, and a clerk writes 龙归村. Matching works on names given to it (a name is
only right within its town and year), never invents a place, and says what was probably meant.
Dated registers of divisions are kept elsewhere; this file knows no data.

>>> parent("440203102204"), level("440203102204").value
('440203102000', '村')
>>> short_name("龙归村村民委员会")
'龙归村'
"""

import difflib
import re
import unicodedata
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from assets.errors import InvalidDivisionCode, InvalidValue

LENGTH: Final = 12

# First two digits of GB/T 2260: the provinces, autonomous regions and municipalities.
PROVINCES: Final = frozenset(
    {"11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37"}
    | {"41", "42", "43", "44", "45", "46", "50", "51", "52", "53", "54"}
    | {"61", "62", "63", "64", "65", "71", "81", "82"}
)

# How many digits of the code each level fills.
_PROVINCE, _CITY, _DISTRICT, _TOWN = 2, 4, 6, 9


class Level(StrEnum):
    """How far down a division reaches; the value is the word used in workbooks."""

    PROVINCE = "省"
    CITY = "市"
    DISTRICT = "区"
    TOWN = "镇"
    VILLAGE = "村"


class UnknownDivision(InvalidValue):
    """No division of that name here, or several (查无此地); the message offers near names."""


def parse(text: str) -> str:
    """Read a twelve-digit division code.

    依据: GB/T 2260; 统计用区划代码和城乡划分代码编制规则

    Raises:
        InvalidDivisionCode: Not twelve digits, no such province, or a gap between the levels.

    >>> parse(" 440203102204 ")
    '440203102204'
    """
    code = unicodedata.normalize("NFKC", text).strip()
    if re.fullmatch(r"[0-9]{12}", code) is None:
        raise InvalidDivisionCode(
            f"区划代码“{_shown(text)}”应为12位数字。请按统计用区划代码填写，并把单元格设为文本。"
        )
    if code[:2] not in PROVINCES:
        raise InvalidDivisionCode(f"区划代码“{code}”前两位不是省级代码。请核对。")
    city, district, town, village = code[2:4], code[4:6], code[6:9], code[9:]
    below_city = int(district + town + village)
    if (city == "00" and below_city) or (town == "000" and village != "000"):
        raise InvalidDivisionCode(f"区划代码“{code}”缺少中间一级（上级为零、下级不为零）。请核对。")
    return code


def complete(text: str) -> str:
    """Fill up a code of six (district) or nine (town) digits to twelve.

    依据: 内部约定 (区、镇代码常按6位、9位书写)

    Raises:
        InvalidDivisionCode: Not a code of six, nine or twelve digits.

    >>> complete("440203"), complete("440203102")
    ('440203000000', '440203102000')
    """
    code = unicodedata.normalize("NFKC", text).strip()
    return parse(code.ljust(LENGTH, "0") if len(code) in (_DISTRICT, _TOWN) else code)


def level(code: str) -> Level:
    """Tell how far down a division code reaches.

    依据: 统计用区划代码和城乡划分代码编制规则

    Raises:
        InvalidDivisionCode: Not a division code.

    >>> [level(code).value for code in ("440203000000", "440203102000", "441900003000")]
    ['区', '镇', '镇']
    """
    code = parse(code)
    if int(code[_TOWN:]):
        return Level.VILLAGE
    if int(code[_DISTRICT:]):
        return Level.TOWN
    if int(code[_CITY:]):
        return Level.DISTRICT
    return Level.CITY if int(code[_PROVINCE:]) else Level.PROVINCE


def parent(code: str) -> str | None:
    """Give the division one level up, or None for a province.

    依据: 统计用区划代码和城乡划分代码编制规则

    Raises:
        InvalidDivisionCode: Not a division code.

    >>> parent("441900003000"), parent("440000000000")
    ('441900000000', None)
    """
    code = parse(code)
    for digits in (_TOWN, _DISTRICT, _CITY, _PROVINCE):
        above = code[:digits].ljust(LENGTH, "0")
        if above != code:
            return above
    return None


def is_within(code: str, area: str) -> bool:
    """Tell whether a division lies in another one, or is that one.

    依据: 统计用区划代码和城乡划分代码编制规则

    >>> is_within("440203102204", "440203000000"), is_within("440203000000", "440203102204")
    (True, False)
    """
    place: str | None = parse(code)
    area = parse(area)
    while place is not None and place != area:
        place = parent(place)
    return place == area


# Longest first. The odd ones are real: official lists write 居民居委会, 居委会会, 社区委员会.
_VILLAGE_ENDINGS: Final = ("村民委员会", "村委会")
_COMMUNITY_ENDING: Final = re.compile(r"(社区)?(居民居委会|居民委员会|居委会会|居委会|社区委员会)$")
_OFFICE_ENDINGS: Final = ("街道办事处", "镇人民政府", "乡人民政府")


def short_name(name: str) -> str:
    """Shorten an official name to what people call the place.

    A village ends in 村, a community in 社区, a town in 镇 or 街道; they stay different places even
    with the same stem (龙归村 and 龙归社区 both exist in one town).
    依据: 内部约定 (通称只用于显示和比对, 不入账)

    >>> short_name("龙归村民委员会"), short_name("江湾社区居民居委会"), short_name("新华街道办事处")
    ('龙归村', '江湾社区', '新华街道')
    >>> short_name("留村村村民委员会"), short_name("西联镇")
    ('留村村', '西联镇')
    """
    name = _fold(name)
    for ending in _OFFICE_ENDINGS:
        if name.endswith(ending):
            return name[: -len(ending)] + ("街道" if ending.startswith("街道") else ending[0])
    community = _COMMUNITY_ENDING.search(name)
    if community is not None and community.start() > 0:
        return name[: community.start()] + "社区"
    for ending in _VILLAGE_ENDINGS:
        if name.endswith(ending) and len(name) > len(ending):
            stem = name[: -len(ending)]
            return stem if stem.endswith("村") else stem + "村"
    return name


def match(text: str, names: Iterable[str]) -> str:
    """Find which of the given official names a clerk's spelling means.

    First the official name itself, then the same short name, then the same stem (龙归 for
    龙归村); a community is never taken for a village. The caller gives the names of one town (or
    the towns of one district) as they were in the year in question.
    依据: 内部约定 (地名录入错误不得自动新建, 只提示)

    Raises:
        UnknownDivision: Nothing matches, or more than one does.

    >>> match("龙归村", ["龙归村村民委员会", "龙归社区居民委员会"])
    '龙归村村民委员会'
    >>> match("龙龟村", ["龙归村村民委员会", "凤田村村民委员会"])
    Traceback (most recent call last):
    assets.divisions.UnknownDivision: 没有名为“龙龟村”的地方。您要填的是不是“龙归村”？
    """
    candidates = sorted(set(names))
    wanted = _fold(text)
    if not wanted:
        raise UnknownDivision("地名为空。请填写镇、村名称。")
    for same in (_same_name, _same_short_name, _same_stem):
        found = [name for name in candidates if same(wanted, name)]
        if len(found) == 1:
            return found[0]
        if found:
            listed = "、".join(f"“{name}”" for name in found)
            raise UnknownDivision(f"“{_shown(text)}”可能指{listed}。请写全称。")
    raise UnknownDivision(_not_found(text, candidates))


def suggest(text: str, names: Iterable[str], limit: int = 3) -> list[str]:
    """Offer the short names nearest to a misspelt one, the likeliest first.

    依据: 内部约定 (只提示, 由经办人选定)

    >>> suggest("重羊村", ["重阳村村民委员会", "水口村村民委员会"])
    ['重阳村']
    """
    shorts = sorted({short_name(name) for name in names})
    return difflib.get_close_matches(short_name(text), shorts, n=limit)


def _same_name(wanted: str, name: str) -> bool:
    return wanted == _fold(name)


def _same_short_name(wanted: str, name: str) -> bool:
    return short_name(wanted) == short_name(name)


def _same_stem(wanted: str, name: str) -> bool:
    kinds = _kind(short_name(wanted)), _kind(short_name(name))
    if "" not in kinds and kinds[0] != kinds[1]:
        return False
    return bool(_stems(wanted) & _stems(name))


def _kind(short: str) -> str:
    return next((kind for kind in ("社区", "街道", "村", "镇", "乡") if short.endswith(kind)), "")


def _stems(name: str) -> set[str]:
    """The short name and what is left without its kind: 大村 is a village called 大村 or 大."""
    short = short_name(name)
    return {short, short.removesuffix(_kind(short)) or short}


def _not_found(text: str, names: list[str]) -> str:
    near = suggest(text, names)
    if not near:
        return f"没有名为“{_shown(text)}”的地方。请按区划名录填写镇、村名称。"
    listed = "、".join(f"“{name}”" for name in near)
    return f"没有名为“{_shown(text)}”的地方。您要填的是不是{listed}？"


def _fold(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).split())


def _shown(text: str) -> str:
    return text if len(text) <= 24 else text[:24] + "…"
