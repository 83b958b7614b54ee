from datetime import date

from assets import operation
from assets.asof import AsOf
from assets.intake import contracts as intake
from tests.assets.small_district import (
    ON,
    ROAD,
    batch,
    contract_rows,
    names,
    problems,
    take_in,
)
from tests.conftest import Book


def test_what_is_due_by_a_day_is_known(standing: Book) -> None:
    contract = operation.contract_by_code(standing.session, "HT-2019-001")
    assert (
        operation.due_amount(standing.session, contract.id, AsOf(date(2019, 12, 31))) == 1_200_001
    )
    assert operation.due_amount(standing.session, contract.id, AsOf(date(2019, 6, 29))) == 0
    assert len(operation.dues(standing.session, AsOf())) == 6
    assert len(operation.contracts(standing.session, AsOf(), asset_id=contract.asset_id)) == 1


def test_an_equity_holding_has_no_schedule(register: Book) -> None:
    row = {
        **contract_rows()[0],
        "contract_code": "HT-2019-002",
        "contract_type": "入股",
        "yearly_due_fen": None,
        "principal_fen": 100,
    }
    assert take_in(register.session, "contracts", [row]).counts == {"合同": 1, "应收": 0}


def test_wrong_rows_are_all_named(standing: Book) -> None:
    first = contract_rows()[0]
    new = {**first, "contract_code": "HT-2019-009"}
    rows = [
        {**new, "asset_code": "440203102204-2018-J-0002"},
        {**new, "counterparty_code": "Q0002"},
        {**new, "ends_on": date(2018, 12, 31)},
        {**new, "ends_on": date(2100, 12, 31)},
        {**first, "yearly_due_fen": 1},
    ]
    found = [names(problems(standing.session, "contracts", [row])) for row in rows]
    assert found == [
        ["unknown-code"],
        ["unknown-code"],
        ["dates-reversed"],
        ["dates-reversed"],
        ["already-registered"],
    ]


def test_odd_rows_are_remarked_on(standing: Book) -> None:
    new = {**contract_rows()[0], "contract_code": "HT-2019-009"}
    rows = [
        {**new, "asset_code": ROAD, "yearly_due_fen": None},
        {**new, "principal_fen": 100_000_000, "agreed_return_ppm": 80_000},
        {**new, "first_due_on": date(2018, 6, 30)},
    ]
    found = intake.remarks(standing.session, batch("contracts", rows), ON)
    assert names(found) == [
        "no-due-amount",
        "contract-unusual",
        "amounts-differ",
        "dates-out-of-order",
    ]
