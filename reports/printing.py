"""In which form does a paper leave: PDF, workbook, page or data? The ending of the file says.

What is written is complete or not there: a file is written beside its place and then renamed.
"""

import os
from collections.abc import Callable
from pathlib import Path

from assets.errors import InvalidValue
from reports.bundle import Bundle
from reports.paper import Paper

SUFFIXES = (".pdf", ".xlsx", ".html", ".json")


def check_suffix(out: Path) -> str:
    """The ending of the file asked for.

    Raises:
        InvalidValue: Not one of ours.
    """
    suffix = out.suffix.lower()
    if suffix not in SUFFIXES:
        raise InvalidValue(f"文件“{out.name}”的格式不认识，请用{'、'.join(SUFFIXES)}之一。")
    return suffix


def check_tools(suffix: str) -> None:
    """Look for what a form needs before anything is written into the book.

    Raises:
        MissingTool: The PDF libraries or fonts are not there; names the install line.

    依据: 内部约定 (a number is not given to a paper that cannot be printed)
    """
    if suffix == ".pdf":
        from reports import pdf

        pdf.check_tools()


def render(paper: Paper | Bundle, suffix: str) -> bytes:
    """The paper in a form.

    Raises:
        MissingTool: A library or a font is missing.
        UnfitPaper: A table is too wide for the largest sheet.

    依据: 内部约定 (one value feeds every form)
    """
    drawers: dict[str, Callable[[Paper | Bundle], bytes]] = {
        ".pdf": _pdf,
        ".xlsx": _workbook,
        ".html": _html,
        ".json": lambda each: each.attachment() + b"\n",
    }
    return drawers[suffix](paper)


def save(content: bytes, out: Path) -> None:
    """Write a file whole or not at all."""
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(f".{out.name}.partial")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(out)


def _pdf(paper: Paper | Bundle) -> bytes:
    from reports import bundle, pdf

    return bundle.to_pdf(paper) if isinstance(paper, Bundle) else pdf.to_pdf(paper)


def _html(paper: Paper | Bundle) -> bytes:
    from reports import bundle, html

    page = bundle.to_html(paper) if isinstance(paper, Bundle) else html.to_html(paper)
    return page.encode("utf-8")


def _workbook(paper: Paper | Bundle) -> bytes:
    from reports import workbook

    return workbook.to_workbook(paper.summary() if isinstance(paper, Bundle) else paper)
