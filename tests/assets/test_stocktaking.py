from datetime import date

import pytest

from assets import stocktaking
from assets.asof import AsOf
from assets.errors import AlreadyDone, InvalidValue, NotFound, Refused
from assets.models import DifferenceReason
from assets.procedure.actors import NoSuchRole
from assets.stocktaking import Finding, difference_fault
from assets.trail import Act
from tests.assets.small_district import (
    CATTLE,
    FENGTIAN,
    LONGGUI_VILLAGE,
    PLANT,
    ROAD,
    TANGTOU,
)
from tests.conftest import Book

DAY = date(2020, 6, 1)


def act(day: date = DAY, who: str = "R0001") -> Act:
    return Act(who, "stock", day)


def started(book: Book, village: str = LONGGUI_VILLAGE, code: str = "PD-1") -> None:
    stocktaking.start(book.session, act(), code, village)
    book.session.commit()


def test_a_village_is_counted_asset_by_asset(register: Book) -> None:
    session = register.session
    started(register)
    lost = Finding(CATTLE, "0", DifferenceReason.LOST)
    stocktaking.record(session, act(), "PD-1", [lost])
    session.commit()
    (half,) = stocktaking.campaigns(session, AsOf(DAY))
    assert (half.assets, half.counted, half.different, half.complete) == (2, 1, 1, False)
    campaign = stocktaking.campaign_by_code(session, "PD-1")
    rest = stocktaking.as_registered(session, campaign)
    assert [each.asset_code for each in rest] == [PLANT]
    stocktaking.record(session, act(), "PD-1", rest)
    session.commit()
    (whole,) = stocktaking.campaigns(session, AsOf(DAY), village=LONGGUI_VILLAGE)
    assert whole.complete and stocktaking.campaigns(session, AsOf(DAY), village=FENGTIAN) == []
    ((found, line),) = stocktaking.differences(session, AsOf(DAY))
    assert (found.code, line.asset.code, line.booked_quantity, line.found_quantity) == (
        *("PD-1", CATTLE, "1", "0"),
    )
    assert line.reason is DifferenceReason.LOST and stocktaking.NEXT_STEP[line.reason]
    assert stocktaking.differences(session, AsOf(date(2020, 5, 31))) == []


@pytest.mark.parametrize(
    ("booked", "found", "reason", "fault"),
    [
        ("1.25", "1.250", None, ""),
        ("1", "1", DifferenceReason.MOVED, ""),
        ("1", "1", DifferenceReason.LOST, "不能写“灭失”"),
        ("2", "1", None, "要写差异原因"),
        ("2", "1", DifferenceReason.LOST, ""),
        ("2", "1", DifferenceReason.SURPLUS, "不是盘盈"),
        ("1", "2", DifferenceReason.SURPLUS, ""),
        ("1", "2", DifferenceReason.LOST, "只能是盘盈或登记有误"),
    ],
)
def test_a_difference_has_a_reason_that_fits(
    booked: str, found: str, reason: DifferenceReason | None, fault: str
) -> None:
    said = difference_fault(booked, found, reason)
    assert (fault in said) if fault else said == ""


@pytest.mark.parametrize("text", ["一", "-1", "1/2", ""])
def test_a_quantity_that_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue):
        stocktaking.quantity_of(text)


def test_every_fault_of_a_sheet_is_named_and_nothing_is_written(register: Book) -> None:
    started(register)
    sheet = [Finding(PLANT, "0"), Finding(ROAD, "1"), Finding(CATTLE, "1"), Finding(CATTLE, "1")]
    with pytest.raises(Refused) as refused:
        stocktaking.record(register.session, act(), "PD-1", sheet)
    for words in (f"{PLANT}账上1、实有0", f"{ROAD}不在该村", f"{CATTLE}已盘点"):
        assert words in str(refused.value)
    register.session.rollback()
    assert stocktaking.campaigns(register.session, AsOf())[0].counted == 0


def test_an_asset_is_counted_once(register: Book) -> None:
    started(register)
    stocktaking.record(register.session, act(), "PD-1", [Finding(PLANT, "1")])
    register.session.commit()
    with pytest.raises(AlreadyDone):
        stocktaking.record(register.session, act(), "PD-1", [Finding(PLANT, "1")])
    register.session.rollback()
    with pytest.raises(Refused, match="已盘点"):
        stocktaking.record(register.session, act(), "PD-1", [Finding(PLANT, "1.0")])
    register.session.rollback()
    with pytest.raises(Refused, match="没有写明资产"):
        stocktaking.record(register.session, act(), "PD-1", [])
    register.session.rollback()
    with pytest.raises(Refused, match="请核对日期"):
        stocktaking.record(register.session, act(date(2020, 5, 1)), "PD-1", [Finding(CATTLE, "1")])


def test_a_campaign_needs_a_village_with_assets_and_a_code_of_its_own(register: Book) -> None:
    started(register)
    with pytest.raises(AlreadyDone):
        started(register)
    register.session.rollback()
    with pytest.raises(Refused, match="已用过"):
        stocktaking.start(
            register.session, Act("R0002", "stock", DAY, key="另一次"), "PD-1", FENGTIAN
        )
    register.session.rollback()
    with pytest.raises(Refused, match="无可盘点"):
        started(register, TANGTOU, "PD-2")
    register.session.rollback()
    with pytest.raises(NotFound):
        started(register, "440203999999", "PD-2")
    register.session.rollback()
    with pytest.raises(NoSuchRole):
        stocktaking.start(register.session, act(DAY, "R0006"), "PD-2", FENGTIAN)
    register.session.rollback()
    with pytest.raises(NotFound):
        stocktaking.campaign_by_code(register.session, "PD-9")
