"""Months and years close in order and for ever; the three tables balance through 2026."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel import select

from assets.asof import AsOf
from assets.errors import AlreadyDone
from assets.models import Party, PartyKind
from ledger.books import conversion, periods, posting, successors
from ledger.books.balances import (
    account_balances,
    bank_balance,
    rebuild_and_compare,
    trial_balance,
)
from ledger.books.periods import BankStanding, InTransit, close_month, close_through, close_year
from ledger.books.refusals import CannotClose, CannotConvert, ClosedPeriod, UnknownAccount
from ledger.books.statutory import balance_sheet, surplus_statement
from ledger.models import BankLine, BankMatch, MonthClose, Voucher, YearClose


def test_a_month_closes_after_the_one_before_and_after_its_last_day(
    village: Any, refuses: Any
) -> None:
    session, party = village.session, village.party_id
    with refuses(CannotClose, "未满"):
        close_month(session, village.act(date(2019, 1, 30)), party, 201901)
    with refuses(CannotClose, "应先结2019年1月"):
        close_month(session, village.act(), party, 201902)
    closed = close_month(session, village.act(date(2019, 1, 31)), party, 201901)
    session.commit()
    assert (closed.month, closed.voucher_count) == (201901, 1)
    with pytest.raises(AlreadyDone):
        close_month(session, village.act(date(2019, 1, 31)), party, 201901)
    session.rollback()
    with refuses(ClosedPeriod, "已结账"):
        close_month(session, village.act(inputs="again"), party, 201901)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_months_that_wait_for_their_close_are_counted(village: Any, refuses: Any) -> None:
    session, party = village.session, village.party_id
    entity = posting.entity_of(session, party)
    days = (date(2019, 1, 30), date(2019, 1, 31), date(2020, 1, 1))
    assert [periods.open_months(session, entity, day) for day in days] == [0, 1, 12]
    close_through(session, village.act(), party, 201902)
    session.commit()
    assert periods.open_months(session, entity, date(2019, 3, 31)) == 1
    with refuses(ClosedPeriod, "2019年2月已结账"):
        close_through(session, village.act(), party, 201902)
    with refuses(CannotClose, "不是月份"):
        close_month(session, village.act(), party, 201913)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_seal_of_a_close_speaks_chinese(village: Any, monkeypatch: Any, refuses: Any) -> None:
    monkeypatch.setattr(periods, "keep_month", lambda *_: Unbalanced())
    with refuses(CannotClose, "借贷不平，不能结账"):
        close_month(village.session, village.act(), village.party_id, 201901)


class Unbalanced:
    is_balanced = False


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_december_closes_with_the_year(village: Any, refuses: Any) -> None:
    with refuses(CannotClose, "随年度结账"):
        close_month(village.session, village.act(date(2020, 1, 5)), village.party_id, 201912)


def test_nothing_is_written_into_a_closed_month(village: Any, refuses: Any) -> None:
    income = village.event("income_direct", date(2019, 1, 20), 100)
    close_month(village.session, village.act(), village.party_id, 201901)
    village.session.commit()
    with refuses(ClosedPeriod, "2019年1月已结账"):
        village.event("income_direct", date(2019, 1, 31), 100)
    with refuses(ClosedPeriod, "2019年1月已结账"):
        posting.reverse(
            village.session,
            village.act(),
            income.id,
            reason="录错",
            dated_on=date(2019, 1, 31),
        )
    red = posting.reverse(village.session, village.act(), income.id, reason="录错")
    village.session.commit()
    assert red.month == 201903 and red.concerns_period == 2019


def test_the_database_refuses_to_close_out_of_order_or_with_a_wrong_count(village: Any) -> None:
    close_through(village.session, village.act(date(2019, 4, 1)), village.party_id, 201903)
    village.session.commit()
    entity = posting.entity_of(village.session, village.party_id)
    for month, count, sentence in ((201812, 0, "以后月份已结账"), (201904, 7, "月结凭证数不符")):
        with pytest.raises(DBAPIError, match=sentence), village.writing() as written:
            written.add(
                MonthClose(
                    entity_id=entity.id,
                    month=month,
                    closed_on=date(2019, 5, 1),
                    voucher_count=count,
                    trial_balance_sha256="",
                )
            )
            village.session.flush()
        village.session.rollback()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_year_needs_its_eleven_months(village: Any, refuses: Any) -> None:
    with refuses(CannotClose, "应先结2019年1月"):
        close_year(village.session, village.act(date(2020, 1, 5)), village.party_id, 2019)


def close_all(village: Any, year: int, **options: Any) -> Any:
    on = village.act(date(year + 1, 1, 10))
    close_through(village.session, on, village.party_id, year * 100 + 11)
    result = close_year(village.session, on, village.party_id, year, **options)
    village.session.commit()
    return result


def test_a_year_is_closed_by_eleven_steps_and_its_tables_balance(village: Any) -> None:
    facts: dict[str, Any] = {"income_year": 2019, "stream": "BENCHMARK_TARIFF"}
    one, two, _ = village.households
    village.event("income_notified", date(2019, 4, 20), 5_000_000, **facts)
    village.event("agency_deduction", date(2019, 4, 20), 300_000, **facts)
    village.event("income_cash", date(2019, 4, 22), 4_700_000, **facts)
    village.event("wage_accrued", date(2019, 6, 30), 60_000, channel="JOB", household_id=one)
    village.event("wage_paid", date(2019, 7, 5), 60_000, channel="JOB", household_id=one)
    village.event("subsidy_decided", date(2019, 9, 1), 20_000, channel="REWARD", household_id=two)
    result = close_all(village, 2019, reserve_fen=500_000)
    assert [step.number for step in result.steps] == list(range(1, 12))
    assert "1户未领，计200.00元" in result.steps[5].outcome
    assert result.trial_balance.is_balanced and result.balance_sheet.is_balanced
    assert result.surplus is not None and result.surplus.is_consistent
    depreciation = account_balances(village.session, village.party_id, AsOf(date(2019, 12, 31)))[
        "VILLAGE_2004", "152"
    ]
    assert result.close.surplus_fen == 5_000_000 - 300_000 + (depreciation + 600_000)
    assert -depreciation - 600_000 == 12 * 100_000
    distribution = {r.title: r.amount_fen for r in result.surplus.rows if r.section == "分配"}
    assert distribution["提取公积公益金"] == 500_000
    assert distribution["提取应付福利费"] == 80_000
    assert rebuild_and_compare(village.session) == []
    with pytest.raises(AlreadyDone):
        close_year(
            village.session,
            village.act(date(2020, 1, 10)),
            village.party_id,
            2019,
            reserve_fen=500_000,
        )
    village.session.rollback()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_more_than_there_is_cannot_be_extracted(village: Any, refuses: Any) -> None:
    on = village.act(date(2020, 1, 10))
    close_through(village.session, on, village.party_id, 201911)
    village.session.commit()
    with refuses(CannotClose, "不够提取"):
        close_year(village.session, on, village.party_id, 2019, reserve_fen=90_000_000)


def statement(village: Any, balance_fen: int) -> BankLine:
    line = BankLine(
        party_id=village.party_id,
        booked_on=date(2019, 12, 30),
        bank_ref="LS1",
        summary="结息",
        in_fen=700,
        out_fen=0,
        balance_fen=balance_fen,
    )
    with village.writing() as written:
        written.add(line)
    return line


def test_an_unexplained_difference_to_the_bank_blocks_the_year(village: Any, refuses: Any) -> None:
    line = statement(village, 1_860_700)
    on = village.act(date(2020, 1, 10))
    close_through(village.session, on, village.party_id, 201911)
    village.session.commit()
    with refuses(CannotClose, r"仍有7\.00元差异未说明"):
        close_year(village.session, on, village.party_id, 2019)
    with village.writing() as written:
        written.add(
            BankMatch(
                bank_line_id=line.id,
                outcome="ON_HOLD",
                object_kind="",
                object_code="",
                reason="银行结息次月入账",
            )
        )
    result = close_year(village.session, on, village.party_id, 2019)
    village.session.commit()
    assert result.bank.unexplained_fen == 0
    assert [item.amount_fen for item in result.bank.items] == [700]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_the_bank_has_not_seen_yet_is_in_transit(village: Any) -> None:
    village.event("subsidy_paid", date(2019, 12, 30), 900, household_id=village.households[0])
    statement(village, 1_860_000)
    standing = periods.bank_standing(village.session, village.party_id, date(2019, 12, 31))
    assert standing.items == (
        InTransit("BOOK", date(2019, 12, 30), "记-001", "subsidy_paid", -900),
    )
    assert standing.unexplained_fen == 0
    assert BankStanding(date(2019, 12, 31), 100, 90).unexplained_fen == 10


def test_a_village_runs_from_its_opening_through_the_chart_switch_to_2026(
    village: Any, refuses: Any
) -> None:
    """Opening 2019, an error of 2019 corrected in 2021, conversion 2024, closed through 2025."""
    session, party = village.session, village.party_id
    one, two, _ = village.households
    position = 0
    for year in range(2019, 2026):
        facts: dict[str, Any] = {"income_year": year, "stream": "BENCHMARK_TARIFF"}
        if year == 2024:
            with refuses(CannotClose, "尚未办理新旧会计制度衔接"):
                close_month(session, village.act(date(2024, 2, 1)), party, 202401)
            before = account_balances(session, party, AsOf(date(2023, 12, 31)))
            done = conversion.convert(session, village.act(date(2024, 1, 2)), party)
            session.commit()
            assert done.before.is_balanced and done.after.is_balanced
            assert done.before.totals["closing_debit_fen"] == done.after.totals["opening_debit_fen"]
            assert {row.chart for row in done.after.rows} == {"VILLAGE_2023"}
            assert sum(before.values()) == 0
            with pytest.raises(AlreadyDone):
                conversion.convert(session, village.act(date(2024, 1, 2)), party)
            session.rollback()
        village.event("income_direct", date(year, 5, 20), 4_000_000 + year, **facts)
        village.event("wage_accrued", date(year, 6, 30), 720_000, channel="JOB", household_id=one)
        village.event(
            "subsidy_decided", date(year, 9, 1), 240_000, channel="REWARD", household_id=two
        )
        # December's wage is paid in the year after: across the switch on the new account.
        if year > 2019:
            village.event("wage_paid", date(year, 1, 20), 720_000, channel="JOB", household_id=one)
        if year == 2021:
            wrong = session.exec(
                select(Voucher).where(Voucher.kind == "income_direct", Voucher.month == 201905)
            ).one()
            posting.reverse(session, village.act(date(2021, 3, 1)), wrong.id, reason="应为400万分")
            session.commit()
        result = close_all(village, year)
        assert result.trial_balance.is_balanced, year
        assert result.balance_sheet.is_balanced, year
        assert result.surplus.is_consistent, year
        if year == 2019:
            position = result.close.entry_id
            first_tables = (result.balance_sheet, result.surplus)
    village.event("income_direct", date(2026, 1, 20), 5)
    # The papers of 2019 come out the same years later, by day and position.
    at = AsOf(date(2019, 12, 31), position)
    assert balance_sheet(session, party, at) == first_tables[0]
    assert surplus_statement(session, party, 2019, position) == first_tables[1]
    assert rebuild_and_compare(session) == []
    now = account_balances(session, party, AsOf())
    assert {chart for (chart, _), fen in now.items() if fen} == {"VILLAGE_2023"}
    assert now["VILLAGE_2023", "213"] == -720_000
    assert len(session.exec(select(YearClose)).all()) == 7
    assert bank_balance(session, party, AsOf()) == trial(session, party, 202601, "102")


def trial(session: Any, party: int, month: int, code: str) -> int:
    [row] = [row for row in trial_balance(session, party, month).rows if row.code == code]
    return row.closing_fen


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_only_a_village_with_a_closed_2023_converts(village: Any, refuses: Any) -> None:
    with refuses(CannotConvert, "2023年度尚未结账"):
        conversion.convert(village.session, village.act(date(2024, 1, 2)), village.party_id)
    with refuses(CannotConvert, "已用新制度科目"), village.writing() as written:
        third = written.add(Party(code="V440203102299", kind=PartyKind.COLLECTIVE.value))
        posting.ensure_entity(village.session, written, third.id, date(2024, 3, 1))
        entity = posting.entity_of(village.session, third.id)
        assert conversion.is_converted(village.session, entity)
        conversion._refuse_too_early(village.session, entity, third)
    with refuses(CannotConvert, "备查科目"):
        conversion.convert(village.session, village.act(date(2024, 1, 2)), village.agency_id)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_agency_closes_its_year_without_surplus(village: Any) -> None:
    village.event("agency_received", date(2019, 4, 1), 500, party=village.agency_id)
    village.event("agency_deducted", date(2019, 4, 2), 30, party=village.agency_id)
    on = village.act(date(2020, 1, 10))
    close_through(village.session, on, village.agency_id, 201911)
    result = close_year(village.session, on, village.agency_id, 2019)
    village.session.commit()
    assert result.surplus is None and result.balance_sheet.is_balanced
    assert result.balance_sheet.assets_fen == 470


def test_every_account_of_the_old_chart_has_a_successor() -> None:
    assert conversion.unmapped() == []
    assert successors.successor("153") == "154" and successors.successor("154") == "153"
    assert successors.successor("501") == "32201"
    with pytest.raises(UnknownAccount):
        successors.successor("998")


def test_a_balance_without_a_mapping_stops_the_conversion(monkeypatch: Any) -> None:
    monkeypatch.setattr(successors, "mapping", dict)
    with pytest.raises(CannotConvert, match="没有新旧科目对照"):
        successors.successor("102")
