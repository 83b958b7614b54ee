"""Does the register of dues tell what is missing and for how long?"""

from datetime import date

from tests.reports.conftest import Told


def test_receipts_pay_the_oldest_due_first(told: Told) -> None:
    rows = told.paper("contract-dues").tables[0].rows
    assert [(row["due"], row["received"], row["days"]) for row in rows] == [
        (1_200_000, 500_000, 579),
        (1_200_000, 0, 213),
    ]


def test_a_finding_about_the_contract_stands_as_the_measure_taken(told: Told) -> None:
    rows = told.paper("contract-dues").tables[0].rows
    assert {row["measure"] for row in rows} == {"租金逾期未收（YD-2020-001）"}


def test_the_ages_add_up_to_what_is_missing(told: Told) -> None:
    paper = told.paper("receivables-ageing")
    totals = paper.tables[0].totals
    assert totals["sum"] == 1_900_000
    assert (totals["181至365天"], totals["超过1年"]) == (1_200_000, 700_000)


def test_before_the_first_due_nothing_is_owed(told: Told) -> None:
    paper = told.paper("contract-dues", on=date(2019, 5, 31))
    assert paper.tables[0].rows == []
    assert paper.headline[0].value == 0
