"""The edge of a command: which book, which day, who, and how to print.

``cli`` makes one ``Edge`` per run and puts it into ``ctx.obj``; commands open sessions through it
and print through it, so that data goes to stdout, everything else to stderr.
"""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from assets.commands.faults import fault_outside
from assets.errors import AlreadyDone, FupinError, InvalidValue

if TYPE_CHECKING:
    from sqlmodel import Session

    from assets.trail import Act

OpenSession = Callable[..., "Session"]
"""``open(write, guarded=True)``."""


@dataclass
class Edge:
    """What every command needs from outside; nothing below ``cli`` knows clock or path."""

    database: str
    on: date
    actor: str
    open_session: OpenSession
    as_json: bool = False
    as_csv: bool = False
    key: str = ""
    dry_run: bool = False
    failures: list[str] = field(default_factory=list)
    surroundings: Any = None

    @contextmanager
    def reading(self, *, guarded: bool = True) -> Iterator["Session"]:
        """A read-only session on the book; unguarded to look into one that was tampered with."""
        session = self.open_session(False, guarded=guarded)
        try:
            yield session
        finally:
            session.rollback()
            session.close()
            _dispose(session)

    @contextmanager
    def writing(self, command: str, *, inputs: str = "") -> Iterator[tuple["Session", "Act"]]:
        """A writing session and the act; commits when the block ends, rolls back on a refusal.

        With ``--dry-run`` everything is computed and checked, then rolled back.
        """
        from assets.trail import Act

        session = self.open_session(True)
        try:
            yield session, Act(self.actor, command, self.on, inputs=inputs, key=self.key)
            if self.dry_run:
                session.rollback()
                self.note("试运行：以上内容未写入账本。")
            else:
                session.commit()
        except BaseException:
            session.rollback()
            raise
        finally:
            session.close()
            _dispose(session)

    def each(
        self,
        items: Iterable[str],
        command: str,
        verb: Callable[["Session", "Act", str], str],
        *,
        inputs: str = "",
    ) -> None:
        """Run a verb over many objects, each in a transaction; refused ones are listed.

        The verb returns a line to print. One refused object does not stop the others; the exit
        code is then 1.
        """
        done = repeated = 0
        refused: list[str] = []
        for item in items:
            try:
                with self.writing(command, inputs=inputs) as (session, act):
                    line = verb(session, act, item)
                print(line)
                done += 1
            except AlreadyDone as already:
                print(str(already))
                repeated += 1
            except FupinError as error:
                refused.append(f"{item}：{error}")
            except Exception as fault:
                # A guard of the database refuses one object; a fault of the program stops all.
                said = fault_outside(fault)
                if not said:
                    raise
                refused.append(f"{item}：{said}")
        if refused:
            self.failures.extend(refused)
            for line in refused:
                self.note(f"未办理 {line}")
        if done + repeated + len(refused) > 1:
            self.note(f"共办理{done}件，已办理过{repeated}件，未办理{len(refused)}件。")

    def day(self, text: str) -> date:
        """A day given as 2019-03-31; the day of the act where none is given."""
        if not text:
            return self.on
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise InvalidValue(f"日期“{text}”写法不对，应为 2019-03-31 这样的年-月-日。") from None

    def note(self, text: str) -> None:
        """Say something beside the data (stderr)."""
        print(text, file=sys.stderr)

    def print_json(self, value: Any) -> None:
        """Data as JSON on stdout; amounts stay integers of fen."""
        json.dump(value, sys.stdout, ensure_ascii=False, indent=2, default=str)
        sys.stdout.write("\n")

    def print_table(
        self, headers: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str = ""
    ) -> None:
        """Rows on stdout: CSV with ``--csv``, JSON with ``--json``, otherwise aligned text."""
        body = [["" if cell is None else str(cell) for cell in row] for row in rows]
        if self.as_json:
            self.print_json([dict(zip(headers, row, strict=True)) for row in body])
        elif self.as_csv:
            import csv

            writer = csv.writer(sys.stdout, lineterminator="\n")
            writer.writerow(headers)
            writer.writerows(body)
        else:
            print_aligned(headers, body, title)


def print_aligned(headers: Sequence[str], body: Sequence[Sequence[str]], title: str = "") -> None:
    """A text table whose columns line up although Chinese characters are two columns wide."""
    widths = [
        max([display_width(header), *(display_width(row[place]) for row in body)])
        for place, header in enumerate(headers)
    ]
    if title:
        print(title)
    for row in [list(headers), ["-" * width for width in widths], *body]:
        cells = [
            cell + " " * (width - display_width(cell))
            for cell, width in zip(row, widths, strict=True)
        ]
        print("  ".join(cells).rstrip())


def display_width(text: str) -> int:
    """How many terminal columns a text takes."""
    from unicodedata import east_asian_width

    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def _dispose(session: "Session") -> None:
    bind: Any = session.get_bind()
    getattr(bind, "engine", bind).dispose()
