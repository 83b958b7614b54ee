"""What do the workbooks of income say, as the reader hands it over? Rows for the joint plant."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlmodel import Session

from assets.intake import Handler, Outcome
from assets.trail import Act
from tests.assets.small_district import batch
from tests.ledger.worked_example import AGENCY, PLANT, YEAR

ON = date(2021, 2, 1)
Values = dict[str, Any]


def enter(session: Session, handler: Handler, rows: Sequence[Values]) -> Outcome:
    """Check, write and commit."""
    taken = batch(handler.kind, rows)
    assert handler.check(session, taken, ON) == []
    outcome = handler.apply(session, Act("D1", f"import {handler.kind}", ON), taken)
    session.commit()
    return outcome


def faults(session: Session, handler: Handler, *rows: Values) -> list[str]:
    """The stable names of what the rows are refused for."""
    return [each.name for each in handler.check(session, batch(handler.kind, rows), ON)]


def exported(session: Session, handler: Handler) -> list[Values]:
    """The rows as they come out again."""
    assert handler.export is not None
    return handler.export(session)


def receipt(**more: Any) -> Values:
    """The benchmark part of 2020, arrived at the agency."""
    return {
        "receipt_code": "SK-1",
        "asset_code": PLANT,
        "receiver_code": AGENCY,
        "nature": "收入",
        "stream": "标杆电费",
        "income_year": YEAR,
        "period_from_on": date(2020, 1, 1),
        "period_to_on": date(2020, 12, 31),
        "electricity_kwh": 498_760,
        "due_fen": 22_593_828,
        "received_fen": 22_593_828,
        "received_on": date(2021, 1, 20),
        "bank_serial_no": "L-1",
    } | more


def deduction(**more: Any) -> Values:
    """Upkeep of 2020, borne by the agency."""
    return {
        "deduction_code": "KC-1",
        "asset_code": PLANT,
        "income_year": YEAR,
        "deduction_type": "运维费",
        "amount_fen": 1_500_000,
        "incurred_on": date(2021, 1, 11),
        "bearer_code": AGENCY,
        "voucher_no": "付-1",
        "stream": "标杆电费",
    } | more


def bill(**more: Any) -> Values:
    """The whole year's energy on one meter's bill of December."""
    return {
        "asset_code": PLANT,
        "meter_no": "M1",
        "billing_month": date(2020, 12, 1),
        "exported_kwh": 498_760,
        "benchmark_tariff_microyuan": 453_000,
        "benchmark_fen": 22_593_828,
        "subsidy_tariff_microyuan": 397_000,
        "subsidy_fen": 19_800_772,
    } | more


def past_year(**more: Any) -> Values:
    """2018, known by its totals only."""
    return {
        "asset_code": PLANT,
        "party_code": "VB",
        "year": 2018,
        "record_mode": "年度汇总",
        "income_fen": 5_000_000,
        "deducted_fen": 300_000,
        "distributed_fen": 4_000_000,
        "payout_mode": "现金",
    } | more
