from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets import operation
from assets.asof import AsOf
from assets.courses import ASSET_MACHINE
from assets.errors import AlreadyDone, InvalidValue, NotFound, Refused
from assets.models import AssetState, ObjectKind
from assets.operation import ConditionKind, Cycle, schedule
from assets.procedure import states
from assets.registration import asset_by_code, asset_fact
from assets.trail import Act, entry
from tests.assets.small_district import PLANT, ROAD
from tests.conftest import Book


def test_half_years_of_a_lease_sum_to_the_year() -> None:
    dues = schedule(
        date(2019, 1, 1), date(2020, 12, 31), date(2019, 6, 30), Cycle.HALF_YEAR, 1_200_001
    )
    assert [(due.due_on, due.amount_fen) for due in dues] == [
        (date(2019, 6, 30), 600_000),
        (date(2019, 12, 31), 600_001),
        (date(2020, 6, 30), 600_000),
        (date(2020, 12, 31), 600_001),
    ]
    assert dues[1].period_from == date(2019, 7, 1) and dues[1].period_to == date(2019, 12, 31)


def test_a_period_cut_short_is_due_for_its_days() -> None:
    dues = schedule(date(2019, 1, 1), date(2019, 1, 10), date(2019, 1, 31), Cycle.MONTH, 3_720_000)
    assert [due.amount_fen for due in dues] == [100_000]


def test_a_first_day_at_a_months_end_stays_there() -> None:
    dues = schedule(date(2019, 1, 1), date(2019, 4, 30), date(2019, 1, 31), Cycle.MONTH, 12)
    assert [due.due_on.day for due in dues] == [31, 28, 31, 30]


@given(
    st.sampled_from(list(Cycle)),
    st.integers(0, 10**12),
    st.integers(1, 30),
    st.dates(date(2000, 1, 1), date(2030, 1, 1)),
)
def test_whole_years_sum_to_exactly_the_yearly_sum(
    cycle: Cycle, yearly_fen: int, years: int, start: date
) -> None:
    start = start.replace(day=min(start.day, 28))
    end = date.fromordinal(start.replace(year=start.year + years).toordinal() - 1)
    dues = schedule(start, end, start, cycle, yearly_fen)
    assert sum(due.amount_fen for due in dues) == yearly_fen * years
    assert dues[-1].period_to == end


@pytest.mark.parametrize("end", [date(2018, 12, 31), date(2100, 1, 1)])
def test_a_contract_that_ends_before_it_starts_or_never_is_refused(end: date) -> None:
    with pytest.raises(InvalidValue):
        schedule(date(2019, 1, 1), end, date(2019, 6, 1), Cycle.YEAR, 1)


def test_the_yearly_sum_is_stated_or_computed() -> None:
    assert operation.yearly_amount(5, 100, 80_000) == 5
    assert operation.yearly_amount(None, 100_000_001, 80_000) == 8_000_000
    assert operation.yearly_amount(None, None, 80_000) is None


def condition(book: Book, day: date, kind: ConditionKind, remark: str = "承租户退租") -> None:
    act = Act("R0001", "asset condition", day)
    operation.record_condition(book.session, act, PLANT, kind, remark=remark)
    book.session.commit()


def test_the_card_follows_what_happens_to_an_asset(register: Book) -> None:
    session = register.session
    asset = asset_by_code(session, PLANT)
    condition(register, date(2020, 3, 1), ConditionKind.IDLE)
    condition(register, date(2020, 4, 1), ConditionKind.INSURED)
    with pytest.raises(AlreadyDone):
        condition(register, date(2020, 3, 1), ConditionKind.IDLE)
    session.rollback()
    assert operation.idle_since(session, AsOf()) == {asset.id: date(2020, 3, 1)}
    condition(register, date(2020, 9, 1), ConditionKind.RESUME)
    facts = [asset_fact(session, asset.id, AsOf(date(2020, month, 15))) for month in (2, 5, 10)]
    assert [fact.condition for fact in facts if fact] == ["NORMAL", "IDLE", "NORMAL"]
    assert operation.idle_since(session, AsOf()) == {}
    events = operation.condition_events(session, asset.id, AsOf(date(2020, 5, 1)))
    assert [event.kind for event in events] == ["IDLE", "INSURED"]


def test_an_asset_in_operation_moves_along_its_course(register: Book) -> None:
    session = register.session
    with entry(session, Act("R0001", "test", date(2020, 1, 1)), "test", PLANT) as written:
        for name in ("propose_title", "notice", "confirm", "prepare_handover", "accept", "book"):
            states.move(
                session, written, ASSET_MACHINE, PLANT, name, step_label=name, on=written.act.on
            )
    condition(register, date(2020, 3, 1), ConditionKind.REPAIR)
    assert states.state_of(session, ObjectKind.ASSET, PLANT) == AssetState.UNDER_REPAIR
    condition(register, date(2020, 4, 1), ConditionKind.RESUME)
    assert states.state_of(session, ObjectKind.ASSET, PLANT) == AssetState.IN_OPERATION


def test_a_condition_it_has_already_or_without_a_reason_is_refused(register: Book) -> None:
    for kind, remark in ((ConditionKind.RESUME, "已修好"), (ConditionKind.IDLE, " ")):
        with pytest.raises(Refused):
            condition(register, date(2020, 3, 1), kind, remark)
        register.session.rollback()
    with pytest.raises(Refused, match="之前还没有登记"):
        condition(register, date(2010, 1, 1), ConditionKind.IDLE)


def test_an_unknown_contract_is_not_found(standing: Book) -> None:
    with pytest.raises(NotFound):
        operation.contract_by_code(standing.session, "HT-0")
    road = asset_by_code(standing.session, ROAD)
    assert operation.contracts(standing.session, AsOf(), asset_id=road.id) == []
