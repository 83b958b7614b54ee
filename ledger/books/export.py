"""How do the books leave this program? Journals and tables that others can check or take in."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from sqlmodel import Session

from assets.errors import Refused

FORMATS = ("vouchers", "beancount", "hledger", "ledger", "datapackage", "gbt24589")


def write(
    session: Session,
    name: str,
    out: Path,
    codes: Sequence[str],
    on: date,
    *,
    year: int | None = None,
) -> str:
    """Write the books of some institutions in a format; returns what was written, in Chinese.

    Raises:
        Refused: No such format.

    依据: 内部约定 (independent books)
    """
    raise Refused(f"没有“{name}”这种格式。可用的有：{'、'.join(FORMATS)}。")
