"""Which households are enough to try every rule of people? Five, in three villages, all invented.

H1 Chen with wife and son, H2 Li alone, H3 Wang and a mother with a disability card, H4 in another
town, H5 first identified in 2020. IDs have the order digits 000 or 999 of invented persons.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlmodel import Session

from assets.errors import RowProblem
from assets.intake import Outcome
from assets.trail import Act
from fixtures.invented_numbers import resident_id
from ledger.intake.households import HANDLER
from ledger.models import Household
from ledger.people.households import household_by_code
from tests.assets.small_district import (
    FENGTIAN,
    LONGGUI,
    LONGGUI_VILLAGE,
    TANGTOU,
    XIHE,
    batch,
    division_rows,
    take_in,
)

ON = date(2019, 1, 10)
ACTOR = "R0001"
Values = dict[str, Any]

H1, H2, H3, H4, H5 = "5000000001", "5000000002", "5000000003", "5000000004", "5000000005"
CARD = "6210000000000003021"
PHONE = "19900000001"
PLACES = {
    LONGGUI_VILLAGE: (LONGGUI, "龙归镇", "龙归村村民委员会"),
    FENGTIAN: (LONGGUI, "龙归镇", "凤田村村民委员会"),
    TANGTOU: (XIHE, "西河镇", "塘头村村民委员会"),
}


def an_id(year: int, *, male: bool = True, day: int = 1, area: str = "440203") -> str:
    """An ID that holds and belongs to nobody."""
    return resident_id(area, date(year, 3, day), male=male)


def act(on: date = ON, command: str = "household event", actor: str = ACTOR) -> Act:
    """An act of the village's clerk."""
    return Act(actor, command, on)


def household(
    code: str,
    village: str,
    people: Sequence[Values],
    identified_on: date = date(2016, 6, 30),
    **more: Any,
) -> list[Values]:
    """Rows of one household, as the reader hands them over."""
    town_code, town, name = PLACES[village]
    return [
        {
            "town_name": town,
            "town_code": town_code,
            "village_name": name,
            "village_code": village,
            "hamlet_name": "上屋组",
            "household_code": code,
            "member_count": len(people),
            "household_type": "脱贫户",
            "household_identified_on": identified_on,
            **more,
            **person,
        }
        for person in people
    ]


def person(code: str, name: str, number: str, relation: str = "户主", **more: Any) -> Values:
    """What a row says of one person."""
    return {
        "person_code": code,
        "name": name,
        "id_number": number,
        "relation_to_head": relation,
        "work_ability": "普通劳动力",
        "health": "健康",
        "ethnicity": "汉族",
        **more,
    }


CHEN = person(
    "500000000101", "陈塱", an_id(1970), card_no=CARD, bank_name="农商银行", person_phone=PHONE
)
CHEN_WIFE = person(
    "500000000102", "黄桂英", an_id(1972, male=False), "配偶", work_ability="弱劳动力或半劳动力"
)
CHEN_SON = person("500000000103", "陈小塱", an_id(2005), "之子", work_ability="无劳动力")
LI = person("500000000201", "李根", an_id(1950), health="长期慢性病", work_ability="无劳动力")
WANG = person("500000000301", "王春", an_id(1980, male=False), card_no="6210000000000000001")
WANG_MOTHER = person(
    "500000000302",
    "谢㙦",
    an_id(1955, male=False) + "42",
    "之母",
    work_ability="丧失劳动力",
    health="残疾",
)
ZHU = person("500000000401", "朱海", an_id(1965))
LATE = person("500000000501", "何新", an_id(1985))


def village_rows() -> list[Values]:
    """The five households."""
    return [
        *household(H1, LONGGUI_VILLAGE, [CHEN, CHEN_WIFE, CHEN_SON], household_phone="19900000009"),
        *household(
            H2,
            LONGGUI_VILLAGE,
            [LI],
            household_type="监测户",
            monitored_type="边缘易致贫户",
            risk_cleared=False,
        ),
        *household(H3, FENGTIAN, [WANG, WANG_MOTHER], household_type="低保贫困户"),
        *household(H4, TANGTOU, [ZHU]),
        *household(
            H5,
            LONGGUI_VILLAGE,
            [LATE],
            identified_on=date(2020, 2, 20),
            household_type="建档立卡户",
        ),
    ]


def settle(
    session: Session, rows: Sequence[Mapping[str, Any]] | None = None, on: date = ON
) -> Outcome:
    """Divisions, then the households; committed."""
    take_in(session, "divisions", division_rows())
    return list_in(session, village_rows() if rows is None else rows, on)


def list_in(session: Session, rows: Sequence[Mapping[str, Any]], on: date = ON) -> Outcome:
    """Check, write and commit a list of households."""
    taken = batch("households", rows)
    assert HANDLER.check(session, taken, on) == []
    outcome = HANDLER.apply(session, act(on, "import households"), taken)
    session.commit()
    return outcome


def problems(
    session: Session, rows: Sequence[Mapping[str, Any]], on: date = ON
) -> list[RowProblem]:
    """What the list is refused for."""
    return HANDLER.check(session, batch("households", rows), on)


def named(found: Sequence[RowProblem]) -> set[str]:
    """The stable names of problems."""
    return {each.name for each in found}


def changed(row: Values, **changes: Any) -> Values:
    """A row with other values; None takes a field away."""
    return {name: value for name, value in (row | changes).items() if value is not None}


def home(session: Session, code: str) -> Household:
    """A household by code."""
    return household_by_code(session, code)
