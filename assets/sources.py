"""On whose authority does a rule stand? Every document that code, policy or paper may cite.

A ``依据:`` line names a document by its number (文号), its title or its standard, then the place
inside it; several are separated by a semicolon. ``resolve`` reads such a line and refuses a
document that is not registered here. A rule that is nobody's but ours says so and why:
``依据: 内部约定 (理由)``.

Each document says how well it is known. Only what was read, or is reported by somebody who read
it, may be cited; what is merely remembered is listed so that it can be looked up, and refused as
an authority. Dates that are not known are left empty rather than filled in. The register itself
is ``sources.csv``; the yearly holiday notices join it from their own dated files.

>>> [str(citation) for citation in resolve("依据: 国开办发〔2017〕61号 第五条; 预算法 第三条")]
['国开办发〔2017〕61号 第五条', '预算法 第三条']
>>> resolve("内部约定 (尾差归大数)")
()
"""

import csv
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final

from assets import deadlines
from assets.errors import InvalidValue


class Standing(StrEnum):
    """How well a document is known; the value is what a list of sources prints."""

    READ = "已读原文或转载"
    REPORTED = "见于他处引述"
    NAMED = "仅知文号题名"
    RECALLED = "凭记忆未核"
    DISPUTED = "文号互相矛盾"


CITABLE: Final = frozenset({Standing.READ, Standing.REPORTED, Standing.NAMED})


class UnknownSource(InvalidValue):
    """A cited document is not registered, or may not be cited (依据不明)."""


@dataclass(frozen=True)
class Source:
    """One document: number or usual name, title, issuing body, dates as far as known."""

    number: str
    title: str
    body: str
    standing: Standing
    issued_on: date | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    note: str = ""

    @property
    def recalled(self) -> bool:
        """True where nobody read the text: never to be cited as law."""
        return self.standing not in CITABLE

    def in_force(self, day: date) -> bool:
        """Tell whether this text governed a day, as far as its dates are known."""
        begun = self.valid_from is None or self.valid_from <= day
        return begun and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True)
class Citation:
    """A document and the place in it that a rule stands on."""

    source: Source
    place: str

    def __str__(self) -> str:
        return f"{self.source.number} {self.place}".strip()


REGISTER: Final = Path(__file__).with_name("sources.csv")

_OURS: Final = "内部约定"
# Policy and account files cite for themselves, entry by entry.
_DATA_FILES: Final = ("policies/", "charts/")

# A label begins a line or a sentence and ends with its paragraph or before the next heading.
_LABEL: Final = re.compile(
    r"(?:^|[.。]) *依据: *(.*?)(?=\n\s*\n|\n\s*[A-Z][a-z]+:|\n\s*依据:|\n\s*>>>|\Z)",
    re.DOTALL | re.MULTILINE,
)


@cache
def all_sources() -> tuple[Source, ...]:
    """Give every registered document, holiday notices included, in the order of the register.

    依据: 内部约定 (依据清单集中一处, 便于审计核对)
    """
    with REGISTER.open(encoding="utf-8", newline="") as rows:
        listed = [_read(row) for row in csv.DictReader(rows)]
    return (*listed, *_holiday_notices())


def find(number: str) -> Source:
    """Look up a document by its number or usual name, exactly.

    依据: 内部约定 (依据清单集中一处, 便于审计核对)

    Raises:
        UnknownSource: Not registered.

    >>> find("财会[2023]14号").title
    '农村集体经济组织会计制度'
    """
    folded = _fold(number)
    for source in all_sources():
        if _fold(source.number) == folded:
            return source
    raise UnknownSource(f"依据“{number}”未登记。请核对文号，或先在依据清单中登记该文件。")


def resolve(text: str, recalled_too: bool = False) -> tuple[Citation, ...]:
    """Read a ``依据:`` line into the documents it cites; an agreement of our own cites none.

    ``recalled_too`` lets a list of what remains to be looked up pass; a rule or a paper never
    sets it.
    依据: 内部约定 (凡记忆未核的文件不得作为依据)

    Raises:
        UnknownSource: A document is not registered or may not be cited, or an agreement gives
            no reason.

    >>> resolve("会计档案管理办法")
    Traceback (most recent call last):
    assets.sources.UnknownSource: 文件“会计档案管理办法”凭记忆未核，不能作为依据。请核对原文后再引用。
    """
    citations: list[Citation] = []
    for part in _parts(text):
        if part.startswith(_OURS):
            _check_reason(part)
        elif not part.startswith(_DATA_FILES):
            citations += _cite(part, recalled_too, remark_allowed=bool(citations))
    return tuple(citations)


def labels_in(docstring: str) -> Iterator[str]:
    """Give the ``依据:`` lines of a docstring, each joined with its continuation lines.

    依据: 内部约定 (注释里的依据须能逐条核验)

    >>> list(labels_in("Share out.\\n\\n依据: 国开办发〔2017〕61号\\n    第三条.\\n\\nRaises:"))
    ['国开办发〔2017〕61号 第三条']
    """
    for found in _LABEL.finditer(docstring):
        yield " ".join(found[1].split()).rstrip(".。")


def _read(row: dict[str, str]) -> Source:
    def day(column: str) -> date | None:
        return date.fromisoformat(row[column]) if row[column] else None

    return Source(
        number=row["number"],
        title=row["title"],
        body=row["body"],
        standing=Standing[row["standing"]],
        issued_on=day("issued_on"),
        valid_from=day("valid_from"),
        valid_to=day("valid_to"),
        note=row["note"],
    )


def _cite(part: str, recalled_too: bool, remark_allowed: bool) -> list[Citation]:
    for pattern, source in _patterns():
        found = pattern.match(part)
        if found is None:
            continue
        if source.recalled and not recalled_too:
            raise UnknownSource(
                f"文件“{source.number}”{source.standing.value}，不能作为依据。请核对原文后再引用。"
            )
        return [Citation(source, part[found.end() :].strip(" 》"))]
    if remark_allowed and part.isascii():
        return []  # an English remark after a document, such as "the caller logs it"
    raise UnknownSource(f"依据“{part}”未登记。请核对文号，或先在依据清单中登记该文件。")


def _check_reason(part: str) -> None:
    if re.search(r"\(.*\w.*\)", part) is None:
        raise UnknownSource(f"“{_OURS}”须在括号内说明理由，例如：{_OURS} (尾差归大数)。")


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], Source], ...]:
    """Numbers before titles, long before short, so that the most exact name wins."""
    titles = Counter(source.title for source in all_sources())
    named = [(source.number, source) for source in all_sources()]
    # A title that several documents share identifies none of them.
    named += [(source.title, source) for source in all_sources() if titles[source.title] == 1]
    named.sort(key=lambda pair: -len(pair[0]))
    return tuple(
        (re.compile("《?" + r"\s*".join(re.escape(word) for word in _fold(name).split())), source)
        for name, source in named
    )


def _parts(text: str) -> list[str]:
    """Split at semicolons outside brackets."""
    folded = _fold(text.strip().removeprefix("依据").lstrip(":： "))
    parts, depth = [""], 0
    for letter in folded:
        depth += (letter == "(") - (letter == ")")
        if letter == ";" and depth <= 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip(" .。") for part in parts if part.strip(" .。")]


def _fold(text: str) -> str:
    """Fold widths, and every bracket round a year to the hexagonal one of document numbers."""
    folded = unicodedata.normalize("NFKC", text)
    return re.sub(r"[\[(【〔](\d{4})[\])】〕]", r"〔\1〕", folded).strip()


def _holiday_notices() -> Iterator[Source]:
    for path in sorted(deadlines.HOLIDAYS.glob("[0-9]*.toml")):
        notice = deadlines.notice_for(int(path.stem))
        first, last = date(notice.year, 1, 1), date(notice.year, 12, 31)
        yield Source(
            notice.number,
            notice.title,
            "国务院办公厅",
            Standing.READ,
            notice.issued_on,
            first,
            last,
        )
        if notice.amended_by is not None:
            title = f"国务院办公厅关于调整{notice.year}年节假日安排的通知"
            yield Source(
                notice.amended_by, title, "国务院办公厅", Standing.READ, None, first, last, "amends"
            )
