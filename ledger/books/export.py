"""How do the books leave this program? Journals and tables that others can check or take in.

Plain-text journals in whole fen for three independent programs, a voucher list for the village's
accounting software, an archival data package, and an interface file in the shape of the national
standard; all fed by the one stream of ``outgoing``.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from sqlmodel import Session

from assets.asof import AsOf
from assets.errors import Refused
from ledger.books import data_package, interface_file, journals, voucher_list

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
    """Write the books of some institutions through a day in a format; says what was written.

    Raises:
        Refused: No such format, or nothing to write.

    依据: 内部约定 (independent books)
    """
    if name not in FORMATS:
        raise Refused(f"没有“{name}”这种格式。可用的有：{'、'.join(FORMATS)}。")
    at = AsOf(on)
    out.parent.mkdir(parents=True, exist_ok=True)
    if name == "vouchers":
        return voucher_list.write(session, out, codes, at, year)
    if name == "datapackage":
        return data_package.write(session, out, codes, at)
    if name == "gbt24589":
        return interface_file.write(session, out, codes, at, year or on.year)
    return journals.write(session, name, out, codes, at)
