from datetime import date

import pytest

from assets import disposal, operation
from assets.asof import AsOf
from assets.courses import DISPOSAL_MACHINE
from assets.disposal import DisposalRow
from assets.errors import (
    AlreadyDone,
    FupinError,
    InvalidValue,
    NotFound,
    Refused,
    SeparationOfDuties,
    WrongState,
)
from assets.models import AssetState, BodyKind, DisposalReason, DisposalState, ObjectKind
from assets.operation import ConditionKind
from assets.procedure import states
from assets.procedure.actors import NoSuchRole
from assets.procedure.decisions import Meeting
from assets.registration import asset_rows, disposed_days
from assets.tracing import history
from assets.trail import Act
from ledger.receivables import dues as due_rows
from tests.assets.booked import put_in_operation
from tests.assets.small_district import PLANT, ROAD
from tests.conftest import Book

CODE = "CZ-2020-01"
APPRAISED, DEAL = 50_000_000, 51_000_000


def act(day: date, who: str = "R0001") -> Act:
    return Act(who, "disposal", day)


def meeting(agree: int = 24, minutes: str = "记2020-5") -> Meeting:
    return Meeting(
        BodyKind.REPRESENTATIVES, date(2020, 3, 1), 30, 25, agree, 25 - agree, 0, minutes
    )


def propose(book: Book, code: str = CODE, asset: str = PLANT, on: date = date(2020, 1, 6)) -> None:
    disposal.propose(book.session, act(on), code, asset, reason=DisposalReason.SALE)


def appraise(book: Book) -> None:
    disposal.appraise(
        book.session, act(date(2020, 2, 1)), CODE, amount_fen=APPRAISED, document="评字8号"
    )


def decide(book: Book) -> None:
    assert disposal.decide(book.session, act(date(2020, 3, 1)), CODE, meeting())


def approve(book: Book, who: str = "R0005", agreed: bool = True, opinion: str = "") -> None:
    typed_by, book.desk.recorder = book.desk.recorder, "区录入人"
    try:
        disposal.approve(
            book.session,
            act(date(2020, 4, 1), who),
            CODE,
            document="武农批〔2020〕3号",
            agreed=agreed,
            opinion=opinion,
        )
    finally:
        book.desk.recorder = typed_by


def sell(book: Book, amount_fen: int = DEAL, reason: str = "") -> None:
    disposal.sell(
        book.session,
        act(date(2020, 7, 15)),
        CODE,
        amount_fen=amount_fen,
        document="合同9号",
        reason=reason,
    )


def reuse(book: Book, amount_fen: int = DEAL) -> None:
    disposal.reuse(
        book.session, act(date(2021, 1, 5)), CODE, amount_fen=amount_fen, document="XM-2021-003"
    )


VERBS = {
    "propose": propose,
    "appraise": appraise,
    "decide": decide,
    "approve": approve,
    "sell": sell,
    "reuse": reuse,
}


def upto(book: Book, last: str) -> None:
    put_in_operation(book, PLANT)
    for name, verb in VERBS.items():
        verb(book)
        book.session.commit()
        if name == last:
            return


def state(book: Book, day: date = date(2022, 1, 1)) -> tuple[str, str]:
    at = AsOf(day)
    return (
        states.state_of(book.session, ObjectKind.ASSET, PLANT, at),
        states.state_of(book.session, ObjectKind.DISPOSAL, CODE, at),
    )


def row(book: Book, day: date) -> DisposalRow:
    (found,) = disposal.disposals(book.session, AsOf(day))
    return found


def test_an_asset_is_disposed_of_by_five_steps_and_its_proceeds_put_to_use(register: Book) -> None:
    upto(register, "reuse")
    assert state(register) == (AssetState.DISPOSED, DisposalState.REUSED)
    sold, done = row(register, date(2020, 12, 31)), row(register, date(2021, 12, 31))
    assert (sold.proceeds_fen, sold.to_reuse_fen, sold.state) == (DEAL, DEAL, "SOLD")
    assert (done.appraised_fen, done.reused_fen, done.to_reuse_fen) == (APPRAISED, DEAL, 0)
    found = disposal.disposal_by_code(register.session, CODE)
    steps = disposal.steps_of(register.session, found.id, AsOf())
    assert [step.step for step in steps] == [
        *("APPRAISED", "DECIDED", "APPROVED", "SOLD", "REUSED"),
    ]


def test_the_history_of_an_asset_tells_how_it_left(register: Book) -> None:
    upto(register, "reuse")
    told = [(event.what, event.text) for event in history(register.session, PLANT, AsOf())]
    assert ("处置成交", f"{CODE}：合同9号，510,000.00元") in told
    assert [what for what, _ in told if what.startswith("处置")] == [
        *("处置评估", "处置决议", "处置批准", "处置成交", "处置收入再投入"),
    ]


def test_the_register_of_an_earlier_day_still_has_it(register: Book) -> None:
    put_in_operation(register, PLANT)
    at = AsOf(date(2019, 12, 31))
    before = asset_rows(register.session, at)
    for verb in VERBS.values():
        verb(register)
        register.session.commit()
    assert asset_rows(register.session, at) == before
    assert disposed_days(register.session, at) == {}


def test_what_is_gone_owes_nothing_from_then_on(register: Book) -> None:
    at = AsOf(date(2021, 12, 31))
    before = [(due.due_on, due.amount_fen) for due in operation.dues(register.session, at)]
    assert len(before) == 6
    upto(register, "sell")
    after = operation.dues(register.session, at)
    assert [(due.due_on, due.amount_fen) for due in after] == before[:4]
    owed = due_rows(register.session, at.day)
    assert [(due.due_on, due.due_fen) for due in owed] == before[:4]


@pytest.mark.parametrize("name", list(VERBS))
def test_every_step_is_done_once(register: Book, name: str) -> None:
    upto(register, name)
    with pytest.raises(AlreadyDone):
        VERBS[name](register)


@pytest.mark.parametrize(
    ("done", "name"),
    [
        *(("propose", name) for name in ("decide", "approve", "sell", "reuse")),
        *(("appraise", name) for name in ("approve", "sell", "reuse")),
        *(("decide", name) for name in ("sell", "reuse")),
        ("approve", "reuse"),
    ],
)
def test_no_step_is_skipped(register: Book, done: str, name: str) -> None:
    upto(register, done)
    with pytest.raises(WrongState):
        VERBS[name](register)


def test_the_course_has_a_verb_for_every_step() -> None:
    assert set(DISPOSAL_MACHINE.steps) == {*VERBS, "reject", "withdraw"}


def test_only_a_booked_asset_is_disposed_of_and_only_once(register: Book) -> None:
    with pytest.raises(WrongState, match="已入账的资产才能处置"):
        propose(register)
    register.session.rollback()
    upto(register, "propose")
    with pytest.raises(WrongState):
        propose(register, "CZ-2020-02")
    register.session.rollback()
    put_in_operation(register, ROAD)
    with pytest.raises(Refused, match="已用过"):
        disposal.propose(
            register.session,
            Act("R0001", "disposal", date(2020, 1, 6), key="另一件"),
            CODE,
            ROAD,
            reason=DisposalReason.SCRAP,
        )
    register.session.rollback()
    with pytest.raises(NotFound):
        disposal.appraise(
            register.session, act(date(2020, 2, 1)), "CZ-0", amount_fen=0, document="评字"
        )


def test_an_invalid_resolution_is_recorded_and_leads_nowhere(register: Book) -> None:
    upto(register, "appraise")
    bad = meeting(agree=10, minutes="记2020-4")
    assert not disposal.decide(register.session, act(date(2020, 3, 1)), CODE, bad)
    register.session.commit()
    assert state(register) == (AssetState.DISPOSAL_PROPOSED, DisposalState.APPRAISED)
    with pytest.raises(WrongState):
        approve(register)
    register.session.rollback()
    decide(register)


def test_whoever_applied_does_not_approve(register: Book) -> None:
    upto(register, "decide")
    with pytest.raises(NoSuchRole):
        approve(register, who="R0001")
    register.session.rollback()
    with pytest.raises(SeparationOfDuties, match="录入人"):
        disposal.approve(
            register.session, act(date(2020, 4, 1), "R0005"), CODE, document="武农批〔2020〕3号"
        )


def test_a_refused_disposal_goes_back_to_use(register: Book) -> None:
    upto(register, "decide")
    with pytest.raises(Refused, match="写明理由"):
        approve(register, agreed=False)
    register.session.rollback()
    approve(register, agreed=False, opinion="尚可使用")
    assert state(register) == (AssetState.IN_OPERATION, DisposalState.REJECTED)


def test_a_withdrawn_disposal_leaves_an_idle_asset_idle(register: Book) -> None:
    put_in_operation(register, PLANT)
    operation.record_condition(
        register.session, act(date(2019, 6, 1)), PLANT, ConditionKind.IDLE, remark="停用"
    )
    propose(register)
    register.session.commit()
    with pytest.raises(Refused, match="写明原因"):
        disposal.withdraw(register.session, act(date(2020, 2, 1)), CODE, reason="")
    register.session.rollback()
    disposal.withdraw(register.session, act(date(2020, 2, 1)), CODE, reason="改为维修")
    register.session.commit()
    assert state(register) == (AssetState.IDLE, DisposalState.WITHDRAWN)
    with pytest.raises(AlreadyDone):
        disposal.withdraw(register.session, act(date(2020, 2, 1)), CODE, reason="改为维修")
    register.session.rollback()
    propose(register, "CZ-2020-02", on=date(2020, 2, 2))


def test_what_is_approved_is_not_withdrawn(register: Book) -> None:
    upto(register, "approve")
    with pytest.raises(WrongState):
        disposal.withdraw(register.session, act(date(2020, 6, 1)), CODE, reason="不卖了")


def test_a_sale_below_its_appraisal_says_why(register: Book) -> None:
    upto(register, "approve")
    with pytest.raises(Refused, match="低于评估值的要写明理由"):
        sell(register, APPRAISED - 1)
    register.session.rollback()
    with pytest.raises(InvalidValue):
        sell(register, -1)
    register.session.rollback()
    sell(register, APPRAISED - 1, reason="两次流拍后协议转让")


def test_all_of_the_proceeds_are_put_to_use(register: Book) -> None:
    upto(register, "sell")
    with pytest.raises(Refused, match="两者要相等"):
        reuse(register, DEAL - 1)
    register.session.rollback()
    reuse(register)


def test_scrap_brings_nothing_to_put_to_use(register: Book) -> None:
    upto(register, "approve")
    sell(register, 0, reason="无残值")
    with pytest.raises(Refused, match="没有收入"):
        reuse(register, 0)


@pytest.mark.parametrize(
    ("day", "who", "document", "error"),
    [
        (date(2020, 2, 1), "R0006", "评字8号", NoSuchRole),
        (date(2020, 2, 1), "R0001", " ", Refused),
        (date(2020, 1, 1), "R0001", "评字8号", Refused),
    ],
)
def test_an_appraisal_by_an_auditor_without_a_report_or_before_its_day_is_refused(
    register: Book, day: date, who: str, document: str, error: type[FupinError]
) -> None:
    upto(register, "propose")
    with pytest.raises(error):
        disposal.appraise(register.session, act(day, who), CODE, amount_fen=1, document=document)
