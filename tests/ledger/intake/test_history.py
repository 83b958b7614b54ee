"""Does the past enter as it is known, with its gaps declared, and is it never refused for them?"""

from typing import Any

import pytest
from sqlmodel import select

from assets.errors import AlreadyDone
from assets.models import DeclaredGap
from ledger.intake.history import HANDLER
from tests.conftest import Book
from tests.ledger.intake.income_rows import enter, exported, faults, past_year
from tests.ledger.worked_example import furnish

GAP = {"missing_papers": "发放花名册", "missing_reason": "台风进水", "vouched_by": "钟文德"}


def test_past_years_enter_once_with_their_declared_gaps(book: Book) -> None:
    furnish(book)
    rows = [past_year(), past_year(year=2019, record_mode="无") | GAP, past_year(party_code="VA")]
    outcome = enter(book.session, HANDLER, rows)
    assert outcome.counts == {"历史年度": 3, "收入合计（分）": 15_000_000, "缺失声明": 1}
    assert exported(book.session, HANDLER) == rows
    (gap,) = book.session.exec(select(DeclaredGap)).all()
    assert (gap.missing, gap.reason, gap.vouched_by) == ("2019年：发放花名册", "台风进水", "钟文德")
    with pytest.raises(AlreadyDone):
        enter(book.session, HANDLER, rows)
    book.session.rollback()
    assert faults(book.session, HANDLER, past_year(income_fen=6_000_000)) == ["year-changed"]


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ({"asset_code": "A-9"}, ["unknown-code"]),
        ({"party_code": "V9"}, ["unknown-code"]),
        ({"distributed_fen": 4_700_001}, ["more-than-income"]),
        ({"missing_papers": "凭证"}, ["gap-incomplete"]),
        ({"party_code": "VA", "year": 2020}, ["after-opening"]),
        ({"party_code": "VA", "year": 2019}, []),
        ({"income_fen": 0, "deducted_fen": 0, "distributed_fen": 0}, []),
    ],
)
def test_only_what_contradicts_itself_is_refused(
    book: Book, more: dict[str, Any], wanted: list[str]
) -> None:
    furnish(book)
    assert faults(book.session, HANDLER, past_year(**more)) == wanted
