"""How does the clerk see where his file is wrong? By his own file, with comments on the cells.

The original stays untouched; the copy carries a comment and a yellow ground on every refused
cell, and a sheet that lists all problems. An .xls or a CSV comes back as .xlsx with the same
cells, since neither can carry a comment here.
"""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import openpyxl
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from openpyxl.workbook import Workbook

from assets.errors import FupinError, RowProblem
from assets.workbook.container import Unreadable, open_container

LIST_SHEET: Final = "问题清单"
_FILL: Final = PatternFill("solid", start_color="FFFFE699")
_LIST_HEADER: Final = ("表", "单元格", "内容（已遮盖）", "问题", "处理办法")
_AUTHOR: Final = "导入检查"


class CannotAnnotate(FupinError):
    """The file cannot be given back with comments (无法批注)."""


def annotate(path: Path, problems: Sequence[RowProblem], out: Path) -> int:
    """Write a copy of ``path`` to ``out`` with a comment on every refused cell.

    Gives the number of commented cells. Formulas, formats and other sheets are kept; the
    original is only read.

    依据: 内部约定 (退回经办人自己的文件, 不改原件)

    Raises:
        CannotAnnotate: ``out`` is the file itself, or the file cannot be opened safely.
    """
    if out.exists() and out.resolve() == path.resolve():
        raise CannotAnnotate("批注文件不能覆盖原文件。请换一个文件名。")
    if out.suffix.lower() != ".xlsx":
        raise CannotAnnotate("批注文件须以 .xlsx 结尾。请换一个文件名。")
    try:
        book = _copy(path)
    except Unreadable as refused:
        raise CannotAnnotate(f"{refused.message}{refused.remedy}") from refused
    marked = _mark(book, problems)
    _list(book, problems)
    book.save(out)
    return marked


def _copy(path: Path) -> Workbook:
    """The file as an openpyxl workbook, after the guards have looked at it."""
    container = open_container(path)
    if container.format == "xlsx":
        return openpyxl.load_workbook(io.BytesIO(path.read_bytes()), keep_links=False)
    book = Workbook()
    if book.active is not None:
        book.remove(book.active)
    for raw in container.sheets:
        sheet = book.create_sheet(raw.name[:31])
        for row, cells in enumerate(raw.rows, start=1):
            for column, value in enumerate(cells, start=1):
                if value != "":
                    cell = sheet.cell(row, column)
                    if isinstance(value, str):
                        cell.value = ILLEGAL_CHARACTERS_RE.sub("", value)
                        cell.data_type = "s"
                    else:
                        cell.value = value
    return book


def _mark(book: Workbook, problems: Sequence[RowProblem]) -> int:
    texts: dict[tuple[str, str], list[str]] = {}
    for problem in problems:
        if problem.cell and problem.sheet in book.sheetnames:
            texts.setdefault((problem.sheet, problem.cell), []).append(
                f"{problem.message}\n{problem.remedy}"
            )
    for (name, address), notes in texts.items():
        cell = book[name][address]
        if not isinstance(cell, Cell):
            continue
        note = "\n".join(notes)
        earlier = f"{cell.comment.text}\n" if cell.comment else ""
        cell.comment = Comment(earlier + note, _AUTHOR, height=120, width=320)
        cell.fill = _FILL
    return len(texts)


def _list(book: Workbook, problems: Sequence[RowProblem]) -> None:
    if LIST_SHEET in book.sheetnames:
        del book[LIST_SHEET]
    sheet = book.create_sheet(LIST_SHEET)
    sheet.append(_LIST_HEADER)
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for problem in problems:
        sheet.append(
            [
                _plain(text)
                for text in (
                    problem.sheet,
                    problem.cell,
                    problem.text,
                    problem.message,
                    problem.remedy,
                )
            ]
        )
    for letter, width in zip("ABCDE", (16, 10, 24, 60, 60), strict=True):
        sheet.column_dimensions[letter].width = width


def _plain(text: str) -> str:
    """Text that a spreadsheet will not take for a formula."""
    text = ILLEGAL_CHARACTERS_RE.sub("", text)
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text
