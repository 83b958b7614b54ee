"""Opening sheets, bank statements and outside voucher numbers: taken once, refused cell by cell."""

from datetime import date
from types import ModuleType
from typing import Any

import pytest

from assets.asof import AsOf
from assets.errors import AlreadyDone
from ledger.books.balances import bank_balance
from ledger.books.outside import compare
from ledger.books.posting import entity_of
from ledger.intake import bank_statement, opening, voucher_numbers
from tests.assets.small_district import batch
from tests.ledger.books.written_village import VILLAGE_CODE, Village, written_village

SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
Values = dict[str, Any]


@pytest.fixture
def bare(book: Any) -> Village:
    """A village and an agency without books."""
    return written_village(book.session)


def found(village: Village, module: ModuleType, rows: list[Values]) -> list[str]:
    """Names of the problems the handler finds."""
    kind = module.HANDLER.kind
    problems = module.HANDLER.check(village.session, batch(kind, rows), date(2019, 1, 5))
    assert all(each.message.endswith("。") and each.remedy for each in problems)
    return [each.name for each in problems]


def take_in(village: Village, module: ModuleType, rows: list[Values]) -> Any:
    kind = module.HANDLER.kind
    assert found(village, module, rows) == []
    outcome = module.HANDLER.apply(village.session, village.act(), batch(kind, rows))
    village.session.commit()
    return outcome


def opening_row(**values: Any) -> Values:
    return {
        "party_code": VILLAGE_CODE,
        "starts_on": date(2019, 1, 1),
        "item_type": "银行",
        "account_code": "102",
        "debit_fen": 500,
        **values,
    }


def undistributed(**values: Any) -> Values:
    return opening_row(
        item_type="未分配收益",
        account_code="322",
        debit_fen=None,
        credit_fen=500,
        **{"asset_code": "A1", "income_year": 2018, "stream": "标杆电费", **values},
    )


def test_opening_sheets_of_several_books_are_one_import(bare: Village) -> None:
    rows = [
        opening_row(),
        undistributed(),
        opening_row(party_code="AGENCY", account_code="101", debit_fen=9),
    ]
    outcome = take_in(bare, opening, rows)
    assert outcome.counts == {"账套": 2, "期初凭证": 2, "余额": 3, "有差异待查": 1}
    assert entity_of(bare.session, bare.agency_id).memorandum
    assert bank_balance(bare.session, bare.agency_id, AsOf()) == 9
    with pytest.raises(AlreadyDone):
        opening.HANDLER.apply(bare.session, bare.act(), batch("opening", rows))
    bare.session.rollback()
    exported = opening.export(bare.session)
    cleaned = [{k: v for k, v in row.items() if v is not None} for row in rows]
    assert exported == [cleaned[2], *cleaned[:2]]


@SQLITE
def test_an_opening_sheet_is_refused_cell_by_cell(bare: Village) -> None:
    cases: list[tuple[Values, str]] = [
        ({"party_code": "V9"}, "unknown-code"),
        ({"starts_on": date(2019, 1, 2)}, "not-first-of-month"),
        ({"credit_fen": 5}, "one-side"),
        ({"debit_fen": None}, "one-side"),
        ({"account_code": "514"}, "unknown-account"),
        ({"account_code": "311"}, "not-bank"),
        ({"asset_code": "A9"}, "unknown-code"),
        ({"note": "身份证440203198001010003"}, "personal-number"),
    ]
    for values, name in cases:
        assert found(bare, opening, [opening_row(**values)]) == [name], values
    assert found(bare, opening, [undistributed(income_year=None)]) == ["undistributed-of-what"]
    later = opening_row(starts_on=date(2019, 2, 1))
    assert found(bare, opening, [opening_row(), later]) == ["starts-differ"]
    take_in(bare, opening, [opening_row(), undistributed()])
    assert found(bare, opening, [opening_row(debit_fen=7)]) == ["opened-before"]


def bank_row(serial: str, balance: int, **values: Any) -> Values:
    return {
        "account_party_code": VILLAGE_CODE,
        "posted_on": date(2019, 1, 9),
        "serial_no": serial,
        "summary": "电费",
        "income_fen": 100,
        "balance_fen": balance,
        **values,
    }


def test_a_bank_statement_adds_only_what_is_new_and_hides_numbers(bare: Village) -> None:
    first = [bank_row("L1", 100), bank_row("L2", 200, counterparty_name="440203198001010003")]
    assert take_in(bare, bank_statement, first).counts == {"流水": 2, "已有": 0}
    overlapping = [bank_row("L3", 300), bank_row("L2", 200), bank_row("L1", 100)]
    assert take_in(bare, bank_statement, overlapping).counts == {"流水": 1, "已有": 2}
    exported = bank_statement.export(bare.session)
    assert [row["serial_no"] for row in exported] == ["L1", "L2", "L3"]
    assert "440203198001010003" not in str(exported)
    with pytest.raises(AlreadyDone):
        known = batch("bank-statement", [bank_row("L1", 100)])
        bank_statement.HANDLER.apply(bare.session, bare.act(), known)
    bare.session.rollback()


@SQLITE
def test_a_bank_statement_is_refused_cell_by_cell(bare: Village) -> None:
    broken = [bank_row("L1", 100), bank_row("L2", 250)]
    assert found(bare, bank_statement, broken) == ["balance-breaks"]
    assert found(bare, bank_statement, [bank_row("L1", 1, expense_fen=5)]) == ["one-side"]
    assert found(bare, bank_statement, [bank_row("L1", 1, account_party_code="V9")]) == [
        "unknown-code"
    ]
    take_in(bare, bank_statement, [bank_row("L1", 100)])
    assert found(bare, bank_statement, [bank_row("L1", 101)]) == ["serial-taken"]


def test_outside_voucher_numbers_come_back_once(bare: Village) -> None:
    take_in(bare, opening, [opening_row(), undistributed()])
    row = {
        "party_code": VILLAGE_CODE,
        "voucher_month": date(2019, 1, 1),
        "voucher_no": 1,
        "external_voucher_no": "记-035",
        "posted_on": date(2019, 1, 31),
    }
    take_in(bare, voucher_numbers, [row])
    assert voucher_numbers.export(bare.session) == [row]
    assert found(bare, voucher_numbers, [row | {"voucher_no": 2}]) == ["no-voucher"]
    assert found(bare, voucher_numbers, [row | {"party_code": "V9"}]) == ["unknown-code"]
    assert found(bare, voucher_numbers, [row | {"external_voucher_no": "记-036"}]) == [
        "number-known"
    ]
    [compared] = compare(bare.session, bare.party_id, 2019)
    assert (compared.voucher, compared.outside_number, compared.problem) == ("记-001", "记-035", "")
    bare.event("rent", date(2019, 1, 20), 7)
    bare.event("rent", date(2019, 1, 21), 7)
    assert [each.problem for each in compare(bare.session, bare.party_id, 2019)] == [
        "",
        "外部未回号",
        "外部未回号",
    ]
    take_in(bare, voucher_numbers, [row | {"voucher_no": 2}])
    assert [each.problem for each in compare(bare.session, bare.party_id, 2019)] == [
        "外部凭证号同月用了2次",
        "外部凭证号同月用了2次",
        "外部未回号",
    ]
    with pytest.raises(AlreadyDone):
        again = batch("voucher-numbers", [row, row])
        voucher_numbers.HANDLER.apply(bare.session, bare.act(), again)
    bare.session.rollback()
