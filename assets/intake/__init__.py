"""How do checked workbook rows become facts? One file per kind of workbook.

A handler gets rows that the reader has already checked cell by cell, checks them against the book,
and writes them in one entry. ``check`` returns every problem; ``apply`` is called only when there
is none. Files of people and money have their handlers in ``ledger.intake``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlmodel import Session

from assets.errors import RowProblem
from assets.trail import Act


@dataclass(frozen=True)
class Row:
    """One checked row: field → exact value (see ``assets.workbook.kinds``), and where it stands.

    Absent optional fields are not in ``values``; fields in ``cleared`` held the token 【清除】.
    ``origin`` is the reader's row, which knows the cell (``C17``) and text of every field.
    """

    sheet: str
    number: int
    values: Mapping[str, Any]
    cleared: frozenset[str] = frozenset()
    origin: Any = field(default=None, repr=False, compare=False)

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a field, or the default."""
        return self.values.get(name, default)

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def problem(self, name: str, column: str, message: str, remedy: str) -> RowProblem:
        """A problem at one of this row's cells, its text masked."""
        from assets.masking import mask

        known = self.origin is not None
        return RowProblem(
            name=name,
            sheet=self.sheet,
            cell=self.origin.cell(column) if known else str(self.number),
            text=mask(self.origin.text(column) if known else str(self.get(column, ""))),
            message=message,
            remedy=remedy,
        )


@dataclass(frozen=True)
class Batch:
    """What one import brings: kind, file digest and title, rows."""

    kind: str
    file_sha256: str
    file_title: str
    rows: Sequence[Row]

    def source(self, row: Row) -> dict[str, Any]:
        """Provenance columns of ``Imported`` tables for a row."""
        return {
            "source_sha256": self.file_sha256,
            "source_sheet": row.sheet,
            "source_row": row.number,
        }


@dataclass(frozen=True)
class Outcome:
    """What an import wrote: entry number, and counts by Chinese label."""

    entry_id: int
    counts: Mapping[str, int]


Check = Callable[[Session, Batch, date], list[RowProblem]]
Apply = Callable[[Session, Act, Batch], Outcome]
Export = Callable[[Session], list[dict[str, Any]]]


@dataclass(frozen=True)
class Handler:
    """How one kind of workbook enters the book, and how it comes out again."""

    kind: str
    check: Check
    apply: Apply
    export: Export | None = None
