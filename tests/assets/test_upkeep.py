from datetime import date

import pytest

from assets import upkeep
from assets.asof import AsOf
from assets.errors import AlreadyDone, InvalidValue, NotFound, Refused
from assets.masking import PersonalNumberInText
from assets.models import UpkeepDuty
from assets.procedure.actors import NoSuchRole
from assets.registration import asset_by_code
from assets.trail import Act
from tests.assets.booked import put_in_operation
from tests.assets.small_district import CATTLE, FENGTIAN, LONGGUI_VILLAGE, PLANT, ROAD
from tests.conftest import Book

CLEANING = "清洗除草"


def act(day: date, who: str = "R0001") -> Act:
    return Act(who, "upkeep", day)


def assign(book: Book, day: date, keeper: str, who: str = "R0001", **given: object) -> UpkeepDuty:
    words = {"duty": CLEANING, **given}
    row = upkeep.assign(book.session, act(day, who), PLANT, keeper, **words)  # type: ignore[arg-type]
    book.session.commit()
    return row


def keepers(book: Book, day: date) -> list[tuple[str, int]]:
    rows = upkeep.duties(book.session, AsOf(day))
    return [(row.duty, row.keeper_party_id) for row in rows]


def test_a_new_keeper_takes_over_and_the_old_days_stay_as_they_were(register: Book) -> None:
    first = assign(register, date(2019, 3, 1), f"V{LONGGUI_VILLAGE}", yearly_budget_fen=360_000)
    before = keepers(register, date(2019, 12, 31))
    second = assign(register, date(2020, 1, 1), "Q0001")
    assert before == keepers(register, date(2019, 12, 31)) == [(CLEANING, first.keeper_party_id)]
    assert keepers(register, date(2020, 1, 1)) == [(CLEANING, second.keeper_party_id)]
    upkeep.end(register.session, act(date(2020, 6, 30)), PLANT, duty=CLEANING)
    register.session.commit()
    assert keepers(register, date(2020, 6, 30)) and keepers(register, date(2020, 7, 1)) == []


def test_a_duty_ends_on_its_last_day(register: Book) -> None:
    assign(register, date(2019, 3, 1), "Q0001", until=date(2019, 12, 31))
    assert keepers(register, date(2019, 12, 31)) and keepers(register, date(2020, 1, 1)) == []


def test_two_tasks_of_one_asset_have_two_keepers(register: Book) -> None:
    assign(register, date(2019, 3, 1), "Q0001")
    assign(register, date(2019, 3, 1), f"V{LONGGUI_VILLAGE}", duty="日常巡护")
    assert len(keepers(register, date(2019, 4, 1))) == 2


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"duty": " "}, Refused),
        ({"duty": "联系13812345678"}, PersonalNumberInText),
        ({"yearly_budget_fen": -1}, InvalidValue),
        ({"until": date(2018, 1, 1)}, InvalidValue),
        ({"keeper": "没有"}, NotFound),
        ({"who": "R0006"}, NoSuchRole),
    ],
)
def test_a_loose_duty_is_refused(
    register: Book, given: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        assign(register, date(2019, 3, 1), **{"keeper": "Q0001", **given})  # type: ignore[arg-type]


def test_the_same_duty_twice_is_one_and_a_keeper_is_not_replaced_by_himself(
    register: Book,
) -> None:
    assign(register, date(2019, 3, 1), "Q0001")
    with pytest.raises(AlreadyDone):
        assign(register, date(2019, 3, 1), "Q0001")
    register.session.rollback()
    with pytest.raises(Refused, match="已由Q0001负责"):
        assign(register, date(2019, 4, 1), "Q0001")
    register.session.rollback()
    with pytest.raises(NotFound, match="看门"):
        upkeep.end(register.session, act(date(2020, 6, 30)), PLANT, duty="看门")


def inspect(book: Book, code: str, day: date, result: str = "完好", who: str = "R0001") -> None:
    upkeep.inspect(book.session, act(day, who), code, result=result)
    book.session.commit()


def test_what_nobody_looks_after_is_listed_until_somebody_does(register: Book) -> None:
    put_in_operation(register, PLANT, ROAD, CATTLE)
    day = date(2020, 6, 1)

    def listed(on: date = day) -> list[tuple[str, bool, int | None]]:
        rows = upkeep.unkept(register.session, AsOf(on))
        return [(row.asset.code, row.has_keeper, row.days) for row in rows]

    assert listed() == [(PLANT, False, None), (ROAD, False, None)]
    assign(register, date(2020, 5, 1), "Q0001")
    inspect(register, PLANT, date(2020, 5, 2))
    assert listed() == [(ROAD, False, None)]
    assert listed(date(2020, 9, 1)) == [(PLANT, True, 122), (ROAD, False, None)]
    road = upkeep.unkept(register.session, AsOf(day), village=FENGTIAN)
    assert [row.asset.code for row in road] == [ROAD]


def test_what_an_inspection_found_is_kept_in_order(register: Book) -> None:
    inspect(register, PLANT, date(2020, 5, 2), "围栏破损，已报修")
    inspect(register, PLANT, date(2020, 3, 2))
    asset = asset_by_code(register.session, PLANT)
    found = upkeep.inspections(register.session, AsOf(date(2020, 4, 1)), asset_id=asset.id)
    assert [(row.inspected_on, row.result) for row in found] == [(date(2020, 3, 2), "完好")]
    assert len(upkeep.inspections(register.session, AsOf())) == 2
    with pytest.raises(AlreadyDone):
        inspect(register, PLANT, date(2020, 3, 2))


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"result": " "}, Refused, "巡查要写明情况"),
        ({"who": ""}, Refused, "没有写明巡查人"),
        ({"who": "R0006"}, NoSuchRole, "审计人员"),
        ({"code": "没有"}, NotFound, "查无资产"),
        ({"day": date(2018, 1, 1)}, Refused, "还没有建成"),
    ],
)
def test_a_loose_inspection_is_refused(
    register: Book, given: dict[str, object], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        inspect(register, **{"code": PLANT, "day": date(2020, 3, 2), **given})  # type: ignore[arg-type]
