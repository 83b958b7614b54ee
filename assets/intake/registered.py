"""Which registered thing does a code in a workbook mean, and was this file taken in before?

Every handler of the register stands on these: one entry per file, codes looked up with
did-you-mean, places resolved to division codes, blank cells that keep what is known.
"""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from sqlmodel import Session, col, select

from assets import divisions, trail
from assets.divisions import UnknownDivision
from assets.divisions_register import Lookup, town_of
from assets.errors import AlreadyDone, RowProblem
from assets.intake import Batch, Row
from assets.models import ImportRecord, ObjectKind, Request
from assets.procedure.evidence import EvidenceKind, keep
from assets.trail import Act, Entry, digest_of
from assets.workbook.kinds import KINDS, ColumnType

Known = TypeVar("Known")
SUGGESTIONS_MAX = 40
LIKENESS = 4 / 5
SEALED_TYPES = frozenset({ColumnType.ID, ColumnType.CARD, ColumnType.PHONE})


def portion_of(batch: Batch) -> str:
    """The digest by which a file, or a part of one, is known again.

    依据: 内部约定 (a file may be taken in village by village)
    """
    rows = "\n".join(f"{row.sheet}!{row.number}" for row in batch.rows)
    return digest_of(batch.kind, batch.file_sha256, rows)


def taken_in(session: Session, batch: Batch) -> bool:
    """Whether these very rows of this file were imported before: then nothing is to be checked.

    依据: 内部约定 (the second run says 已办理 and writes nothing)
    """
    found = session.exec(
        select(Request.id).where(col(Request.idem_key).contains(portion_of(batch)))
    ).first()
    return found is not None


@contextmanager
def taking_in(session: Session, act: Act, batch: Batch) -> Iterator[Entry]:
    """The one entry of a file's import; its record is written when the block ends.

    A file the session was handed (``session.info["import_file"]``) is kept as evidence, sealed
    where it has personal columns.

    Raises:
        AlreadyDone: The same rows of the same file were imported before.

    依据: 内部约定 (all or nothing, one entry per file)
    """
    kind = KINDS[batch.kind]
    title = f"导入{kind.title}“{batch.file_title}”"
    obj, stage = batch.file_sha256[:16], portion_of(batch)
    file = session.info.pop("import_file", None)
    with trail.entry(session, act, f"import-{kind.name}", obj, stage=stage, what=title) as written:
        yield written
        written.add(
            ImportRecord(
                kind=kind.name,
                file_sha256=batch.file_sha256,
                file_title=batch.file_title,
                row_count=len(batch.rows),
            )
        )
        if file is not None:
            keep(
                session,
                written,
                file.read_bytes(),
                EvidenceKind.WORKBOOK,
                batch.file_title,
                [(ObjectKind.IMPORT, batch.file_sha256, kind.name)],
                sealed=any(column.type in SEALED_TYPES for column in kind.columns),
            )


def refuse_nothing_new(batch: Batch, written: Entry, rows: int, before: int) -> None:
    """Refuse a file that says only what the book says already.

    ``rows`` counts what is to be written, ``before`` is the entry that wrote it earlier.

    Raises:
        AlreadyDone: With that entry's number.

    依据: 内部约定 (what is exported and imported again changes nothing)
    """
    if rows == 0:
        title = KINDS[batch.kind].title
        raise AlreadyDone(f"{title}“{batch.file_title}”的内容账中都已有", before or written.id - 1)


class Codes(Generic[Known]):
    """The registered things of one kind by code, and what to say of a code that is not there."""

    def __init__(self, what: str, known: Mapping[str, Known]) -> None:
        self.what = what
        self.known = known
        self._said: dict[str, str] = {}

    def find(self, row: Row, column: str, problems: list[RowProblem]) -> Known | None:
        """The thing a cell names; a blank cell is None, an unknown code a problem.

        依据: 内部约定 (unknown names are answered with "did you mean", never created)
        """
        code = row.get(column)
        if code is None:
            return None
        if code not in self.known:
            problems.append(self.unknown(row, column, code))
        return self.known.get(code)

    def unknown(self, row: Row, column: str, code: str) -> RowProblem:
        """The problem of a code nobody registered, with the nearest that are."""
        if code not in self._said:
            near: Sequence[str] = ()
            if len(self._said) < SUGGESTIONS_MAX:
                near = difflib.get_close_matches(code, self.known, n=3, cutoff=LIKENESS)
            self._said[code] = f"您要填的是不是{'、'.join(near)}？" if near else ""
        return row.problem(
            "unknown-code",
            column,
            f"{self.what}“{code}”没有登记。",
            self._said[code] or f"请先导入{self.what}，或核对编号。",
        )


class Places:
    """Resolves the town and village of rows to the code of a registered division."""

    def __init__(self, names: Lookup) -> None:
        self.names = names

    def find(self, row: Row, problems: list[RowProblem]) -> str | None:
        """The village's code, or the town's, or None where neither is written (or is wrong).

        依据: 内部约定 (地名录入错误不得自动新建, 只提示)
        """
        village = row.get("village_code")
        town = row.get("town_code") or (town_of(village) if village else None)
        try:
            if town is None and row.get("town_name"):
                town = self.names.town(row["town_name"])
            if town is not None and village is None and row.get("village_name"):
                village = self.names.village(town, row["village_name"])
        except UnknownDivision as unknown:
            column = "village_name" if town is not None else "town_name"
            problems.append(
                row.problem("unknown-place", column, str(unknown), "程序不会新建地名。")
            )
            return None
        if row.get("village_name") and town is None:
            problems.append(
                row.problem(
                    "village-without-town", "village_name", "写了村，没有写镇。", "请补填镇名。"
                )
            )
            return None
        return self._standing(row, village or town, problems)

    def require(self, row: Row, problems: list[RowProblem]) -> str | None:
        """The same, where a place must be written."""
        before = len(problems)
        code = self.find(row, problems)
        if code is None and len(problems) == before:
            problems.append(row.problem("place-missing", "town_name", "没有写镇。", "请填镇名。"))
        return code

    def _standing(self, row: Row, code: str | None, problems: list[RowProblem]) -> str | None:
        if code is None or code in self.names.villages() or code in self.names.towns():
            return code
        column = "village_name" if row.get("village_name") else "town_name"
        message = f"区划代码{code}不在本账本的区划表中。"
        problems.append(row.problem("unknown-place", column, message, "请先导入行政区划代码表。"))
        return None


def place_fields(code: str | None, titles: Mapping[str, str]) -> dict[str, Any]:
    """``town_name`` and ``village_name`` of a division code, for an export."""
    if code is None or code not in titles or code.endswith("000000"):
        return {}
    if divisions.level(code) is divisions.Level.TOWN:
        return {"town_name": titles[code]}
    return {"town_name": titles[town_of(code)], "village_name": titles[code]}


def filled(values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an exported row that hold something."""
    return {name: value for name, value in values.items() if value is not None and value != ""}


def updated(row: Row, name: str, before: Any) -> Any:
    """What a field becomes: its new value, nothing where 【清除】 stands, else what was known.

    依据: 内部约定 (blank = keep, an explicit token = clear)
    """
    if name in row.cleared:
        return None
    return row.get(name, before)


def grouped(rows: Iterable[Row], *names: str) -> dict[tuple[Any, ...], list[Row]]:
    """Rows by the values of some fields, in the order in which each first stands in the file."""
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row.get(name) for name in names), []).append(row)
    return groups
