"""Is what a contract promised and nobody paid still due, and is no fen counted twice?"""

from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from assets import trail
from assets.models import ContractDue, OperationContract, Party
from assets.trail import Act
from ledger.income import Arrival, record_receipts
from ledger.models import MoneyKind, Stream
from ledger.receivables import Due, dues, settle
from tests.conftest import Book
from tests.ledger.worked_example import IDS, A, furnish

TENANT, BUYER = 5, 6


def contract(book: Book, code: str, counterparty: int, due: dict[date, int]) -> None:
    with trail.entry(book.session, Act("R1", "t", date(2019, 1, 1)), "test", code) as written:
        made = written.add(
            OperationContract(
                code=code,
                asset_id=1,
                kind="LEASE",
                counterparty_id=counterparty,
                starts_on=min(due),
                ends_on=max(due),
                cycle="YEAR",
            )
        )
        for number, (day, fen) in enumerate(due.items(), start=1):
            written.add(
                ContractDue(
                    contract_id=made.id,
                    due_no=number,
                    due_on=day,
                    period_from=day,
                    period_to=day,
                    amount_fen=fen,
                )
            )
    book.session.commit()


def tenants(book: Book) -> None:
    furnish(book)
    with trail.entry(book.session, Act("R1", "t", date(2019, 1, 1)), "test", "firms") as written:
        for number in (TENANT, BUYER):
            assert written.add(Party(code=f"Q{number}", kind="COMPANY")).id == number
    book.session.commit()


def pay(book: Book, fen: int, on: date, payer: int | None = None, **more: Any) -> None:
    facts: dict[str, Any] = {"money_kind": MoneyKind.INCOME, "stream": Stream.RENT} | more
    arrival = Arrival(
        code=f"SK-{on}-{payer}-{fen}",
        asset_id=1,
        receiver_party_id=IDS[A],
        income_year=on.year,
        period_from=on,
        period_to=on,
        amount_fen=fen,
        arrived_on=on,
        payer_party_id=payer,
        **facts,
    )
    with trail.entry(book.session, Act("R1", "t", on), "receipt", arrival.code) as written:
        record_receipts(book.session, written, [arrival])
    book.session.commit()


def shown(found: list[Due]) -> list[tuple[str, int, int, int]]:
    return [(x.contract_code, x.due_fen, x.received_fen, x.overdue_days) for x in found]


Y1, Y2, Y3 = date(2020, 6, 30), date(2021, 6, 30), date(2022, 6, 30)


def test_money_goes_to_the_oldest_due_and_the_rest_grows_old(book: Book) -> None:
    tenants(book)
    contract(book, "HT-1", TENANT, {Y1: 100, Y2: 100, Y3: 100})
    pay(book, 150, date(2021, 7, 1), TENANT)
    assert shown(dues(book.session, date(2021, 7, 10))) == [
        ("HT-1", 100, 100, 0),
        ("HT-1", 100, 50, 10),
    ]
    assert shown(dues(book.session, date(2021, 6, 30))) == [
        ("HT-1", 100, 0, 365),
        ("HT-1", 100, 0, 0),
    ]
    assert dues(book.session, date(2020, 6, 29)) == []


def test_only_income_of_a_contract_pays_a_contract(book: Book) -> None:
    tenants(book)
    contract(book, "HT-1", TENANT, {Y1: 100})
    pay(book, 40, Y1, TENANT, money_kind=MoneyKind.PRINCIPAL)
    pay(book, 30, Y1, TENANT, stream=Stream.BENCHMARK_TARIFF)
    assert [x.received_fen for x in dues(book.session, Y1)] == [0]


def test_one_payment_does_not_pay_two_contracts_of_an_asset(book: Book) -> None:
    tenants(book)
    contract(book, "HT-1", TENANT, {Y1: 100, Y2: 100})
    contract(book, "HT-2", BUYER, {Y1: 70, Y2: 70})
    pay(book, 120, date(2020, 7, 1), BUYER)
    assert [x.received_fen for x in dues(book.session, Y2)] == [0, 0, 70, 50]
    pay(book, 150, date(2020, 7, 2))  # from nobody named: to what has been due longest
    assert [x.received_fen for x in dues(book.session, Y2)] == [100, 50, 70, 50]
    pay(book, 1_000, date(2020, 7, 3), TENANT)  # too much stays out, and helps nobody else
    assert [x.received_fen for x in dues(book.session, Y2)] == [100, 100, 70, 70]
    assert [x.overdue_days for x in dues(book.session, Y2)] == [0, 0, 0, 0]


@given(st.lists(st.integers(0, 10**9), max_size=12), st.integers(-(10**6), 10**10))
def test_what_is_settled_is_what_came_in_as_far_as_it_was_due(due: list[int], money: int) -> None:
    parts = settle(due, money)
    assert sum(parts) == max(0, min(sum(due), money))
    assert all(0 <= part <= asked for part, asked in zip(parts, due, strict=True))
    full = [part == asked for part, asked in zip(parts, due, strict=True)]
    assert full == sorted(full, reverse=True) or 0 in due
