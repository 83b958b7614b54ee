"""Do papers that speak of the same money say the same amount?"""

from sqlmodel import select

from ledger.models import Voucher
from tests.reports.conftest import Told
from tests.reports.scenario import BATCH, HANDOVER, PLAN, REISSUE, STATEMENT, TITLE, VILLAGE


def test_handover_title_and_register_have_one_total(told: Told) -> None:
    totals = {
        told.paper("handover-list", subject=HANDOVER).tables[0].totals["value"],
        told.paper("title-form", subject=TITLE).tables[0].totals["value"],
        told.paper("asset-register", village=VILLAGE).tables[0].totals["value"],
        told.paper("district-summary").tables[0].totals["closing"],
        told.paper("project-register").tables[0].totals["value"],
        told.paper("fund-review").tables[0].totals["formed"],
    }
    assert totals == {221_000_000}


def test_rosters_results_cards_and_the_book_have_one_total(told: Told) -> None:
    batch = told.paper("payment-roster", subject=BATCH).tables[0].totals["amount"]
    again = told.paper("payment-roster", subject=REISSUE).tables[0].totals["amount"]
    result = told.paper("result-notice", subject=PLAN).tables[0].totals
    cards = told.bundle("household-cards", village=VILLAGE, year=2020)
    paid = sum(page.tables[0].totals["paid"] for page in cards.papers)
    book = told.paper("income-book", party="A", year=2020).tables[0].totals
    out = sum(book[key] for key in ("job", "works", "reward", "hardship"))
    # One line came back and was paid again: the batch and its reissue hold it twice.
    assert batch == result["paid"] == paid == out
    assert again == 16_169


def test_the_notice_the_plan_and_the_voucher_have_one_total(told: Told) -> None:
    rows = told.paper("distribution-notice", subject=PLAN).tables[1].rows
    shared = sum(int(str(row["amount"])) for row in rows if row["channel"] == "奖励补助")
    uses = told.paper("distribution-plan", subject=PLAN).tables[1].rows
    planned = next(row["amount"] for row in uses if row["channel"] == "奖励补助")
    voucher = told.session.exec(select(Voucher).where(Voucher.object_code == PLAN)).one()
    assert shared == planned == voucher.debit_fen


def test_the_plants_notice_and_the_holders_account_have_one_amount(told: Told) -> None:
    notice = told.paper("plant-statement", subject=STATEMENT).tables[1].rows[0]["amount"]
    account = told.paper("pass-through-statement", party="A").tables[0].totals["due"]
    plan = told.paper("distribution-plan", subject=PLAN).headline[0].value
    assert notice == account == plan
