"""Who gets how much, in two editions, and what each of them must not show?"""

import pytest
from sqlmodel import select

from assets.errors import InvalidValue, NotFound
from ledger.models import Access, PaymentLine
from reports import payment_roster
from reports.paper import UnfitPaper
from reports.standpoint import Asked, standpoint
from tests.reports.conftest import YEAR_END, Told
from tests.reports.scenario import BATCH, REISSUE


def accesses(told: Told) -> list[Access]:
    return list(told.session.exec(select(Access)).all())


def test_both_editions_add_up_to_the_batch(told: Told) -> None:
    lines = told.session.exec(select(PaymentLine)).all()
    total = sum(line.amount_fen for line in lines if line.payment_batch_id == 1)
    for edition in ("posted", "internal"):
        paper = told.paper("payment-roster", subject=BATCH, edition=edition)
        assert paper.tables[0].totals["amount"] == total == 4_585_362
        assert paper.headline[0].value == total
        assert paper.headline[1].text == "62户"


def test_the_internal_edition_says_that_it_must_not_hang(told: Told) -> None:
    paper = told.paper("payment-roster", subject=BATCH, edition="internal")
    assert paper.banner == "内部凭证　不得张贴"
    assert paper.audience == "internal"
    keys = [column.key for column in paper.tables[0].columns]
    assert {"id", "bank", "account", "agent", "signed"} <= set(keys)


def test_the_posted_edition_has_no_place_for_an_account(told: Told) -> None:
    paper = told.paper("payment-roster", subject=BATCH)
    assert paper.audience == "posted"
    keys = {column.key for column in paper.tables[0].columns}
    assert keys == {"serial", "group", "payee", "id", "channel", "standard", "quantity", "amount"}


def test_who_collects_for_another_is_named_with_the_letter(told: Told) -> None:
    paper = told.paper("payment-roster", subject=BATCH, edition="internal")
    agents = [row["agent"] for row in paper.tables[0].rows if row["agent"]]
    assert agents == ["黄根生（邻居，委托书〔2020〕1号）"]


def test_one_print_is_one_access_record_with_its_purpose(told: Told) -> None:
    told.paper("payment-roster", subject=BATCH, edition="internal")
    (access,) = accesses(told)
    assert access.purpose == "出具发放花名册（发放版）"
    assert access.scope == BATCH
    assert access.person_count == 62


def test_nobody_gets_names_without_saying_who_looks(told: Told) -> None:
    with pytest.raises(UnfitPaper, match="--actor"):
        payment_roster.paper(standpoint(told.session, YEAR_END), Asked(subject=BATCH))
    assert accesses(told) == []


def test_an_edition_that_does_not_exist_is_refused(told: Told) -> None:
    with pytest.raises(InvalidValue, match="posted 或 internal"):
        told.paper("payment-roster", subject=BATCH, edition="secret")


def test_a_batch_of_later_is_not_known_earlier(told: Told) -> None:
    with pytest.raises(NotFound):
        told.paper("payment-roster", on=YEAR_END.replace(day=22), subject=REISSUE)


def test_a_returned_line_and_its_reissue_tell_their_days(told: Told) -> None:
    first = told.paper("payment-roster", subject=BATCH, edition="internal")
    signed = [str(row["signed"]) for row in first.tables[0].rows]
    assert [text for text in signed if "已重发" in text] == ["2020-12-24已重发：账户已注销"]
    again = told.paper("payment-roster", subject=REISSUE, edition="internal")
    assert [row["signed"] for row in again.tables[0].rows] == ["2020-12-29已到账"]
