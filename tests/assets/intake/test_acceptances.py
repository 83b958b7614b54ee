"""Do a village's answers enter asset by asset, signed, and never as another answer?"""

from datetime import date
from typing import Any

import pytest
from sqlmodel import select

from assets.errors import AlreadyDone, SeparationOfDuties
from assets.models import HandoverAnswer, StageAct
from tests.assets.small_district import CATTLE, PLANT, ROAD, export, names, problems, take_in
from tests.assets.title_course import YJ, confirmed, prepare, states
from tests.conftest import Book, assert_sound


def acceptance(**more: Any) -> dict[str, Any]:
    """The plant is accepted, as the reader hands it over."""
    return {
        "handover_code": YJ,
        "asset_code": PLANT,
        "opinion": "接收",
        "signed_on": date(2019, 3, 5),
        "signer_code": "R0002",
    } | more


REFUSED = {"asset_code": ROAD, "opinion": "拒收", "reason_code": "资料不全"}
RESERVED = {
    "asset_code": ROAD,
    "opinion": "保留接收",
    "reservation": "缺竣工图",
    "remedy_by_on": date(2019, 6, 30),
}


def test_answers_enter_once_and_move_their_assets(register: Book) -> None:
    confirmed(register)
    prepare(register)
    first = take_in(register.session, "acceptances", [acceptance()])
    assert first.counts == {"接收": 1, "保留接收": 0, "拒收": 0}
    rows = [acceptance(), acceptance(**RESERVED)]
    assert take_in(register.session, "acceptances", rows).counts["保留接收"] == 1
    assert states(register) == ["ACCEPTED", "ACCEPTED_WITH_RESERVATIONS"]
    assert export(register.session, "acceptances") == rows
    with pytest.raises(AlreadyDone):
        take_in(register.session, "acceptances", rows)
    register.session.rollback()
    acts = register.session.exec(select(StageAct.actor_code).where(StageAct.stage == "RESOLVE"))
    assert "R0002" in acts.all()
    assert_sound(register.url, register.desk)


def test_who_gave_may_not_sign_in_a_workbook_either(register: Book) -> None:
    confirmed(register)
    prepare(register, actor="R0004")
    with pytest.raises(SeparationOfDuties, match="岗位不相容"):
        take_in(register.session, "acceptances", [acceptance(signer_code="R0004")])
    register.session.rollback()
    assert register.session.exec(select(HandoverAnswer)).all() == []


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ({"handover_code": "YJ-9"}, ["unknown-code"]),
        ({"signer_code": "R9"}, ["unknown-code"]),
        ({"asset_code": CATTLE}, ["not-on-list"]),
        (REFUSED | {"reason_code": None}, ["reason-missing"]),
        (RESERVED | {"reservation": None}, ["reservation-incomplete"]),
        (RESERVED | {"remedy_by_on": None}, ["reservation-incomplete"]),
        ({"signed_on": date(2019, 2, 28)}, ["signed-before"]),
        ({"opinion": "拒收", "reason_code": "其他"}, ["answered-already"]),
    ],
)
def test_an_answer_that_cannot_be_is_refused_at_its_cell(
    register: Book, more: dict[str, Any], wanted: list[str]
) -> None:
    confirmed(register)
    prepare(register)
    take_in(register.session, "acceptances", [acceptance()])
    assert names(problems(register.session, "acceptances", [acceptance(**more)])) == wanted
