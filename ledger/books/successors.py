"""Which account of the chart of 2023 follows one of 2004? The mapping file says, for every balance."""

import tomllib
from functools import cache
from pathlib import Path

from ledger.books import accounts
from ledger.books.refusals import CannotConvert

MAPPING = Path(__file__).parent / "charts" / "2004_to_2023.toml"


@cache
def mapping() -> dict[str, str]:
    """Old account code → new account code; every account of the old chart but profit and loss.

    依据: 财会〔2023〕20号
    """
    raw = tomllib.loads(MAPPING.read_text(encoding="utf-8"))
    return {old: new["to"] for old, new in raw["accounts"].items()}


def successor(code: str) -> str:
    """The new account of an old one; closed income and expense go to undistributed surplus.

    Raises:
        CannotConvert: The mapping has no line for it.

    依据: 财会〔2023〕20号
    """
    found = mapping().get(code)
    if found is not None:
        return found
    old = accounts.chart(accounts.VILLAGE_2004).account(code)
    if old.kind in ("INCOME", "EXPENSE", "COST"):
        return accounts.chart(accounts.VILLAGE_2023).roles["undistributed"]
    raise CannotConvert(f"科目{code}“{old.title}”没有新旧科目对照，请先补上对照再衔接。")
