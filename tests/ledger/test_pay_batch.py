"""Can money leave without decision, notice, stages, other persons, or money received? It cannot."""

import threading
from datetime import date, timedelta

import pytest
from sqlmodel import col, select

from assets import trail
from assets.errors import AlreadyDone, NotFound, Refused, SeparationOfDuties
from assets.models import Checkpoint, Decision, ObjectKind, StatusEvent
from assets.procedure.states import state_of
from assets.trail import Act
from ledger.database import open_session
from ledger.intake.attendance import HANDLER as ATTENDANCE
from ledger.models import (
    Entitlement,
    PaymentBatch,
    PaymentLine,
    Plan,
    PlanIncome,
    Voucher,
)
from ledger.pay_batch import (
    HEAD_DIED,
    WORKER_DIED,
    Made,
    NothingToPay,
    ShortOfMoney,
    make_batch,
    make_batches,
    preview,
    release,
)
from ledger.pay_lines import BatchKind, Rail, batches, committed_of, received_of
from ledger.people.events import authorise_payee, record_death
from ledger.plan_course import answer_objection, raise_objection
from tests.conftest import make_desk
from tests.ledger.payable_village import (
    BATCHED,
    CASHIER,
    CHEN,
    CHEN_SON,
    CHEN_WIFE,
    DRAFTED,
    H1,
    H2,
    H3,
    H6,
    H7,
    HEADS,
    LI,
    MONTHLY_FEN,
    PLAN,
    POST_1,
    POST_2,
    POSTED,
    RELEASER,
    REVIEWER,
    REWARD_FEN,
    WANG,
    ZHAO,
    ZHAO_WIFE,
    Payable,
    attendance_row,
    person_id,
)


def pay(payable: Payable, code: str = "Z1", channels: str = "other", **more: object) -> Made:
    made = payable.do(make_batch, PLAN, code, channels=channels, **more)
    assert isinstance(made, Made)
    return made


def work(payable: Payable, *months: int) -> None:
    rows = [attendance_row(post, month) for month in months for post in (POST_1, POST_2)]
    payable.take_in(ATTENDANCE, rows, POSTED)


def test_a_batch_pays_whoever_can_be_paid_and_lists_the_others_with_the_reason(
    payable: Payable,
) -> None:
    made = pay(payable)
    rows = payable.rows("Z1")
    assert [row.household_code for row in rows] == [H1, H3, H6]
    assert {held.household_code: held.reason for held in made.held} == {
        H2: "没有银行账号",
        H7: "证件号待核",
    }
    assert made.batch.amount_fen + made.held_fen == REWARD_FEN
    assert made.batch.rail == Rail.ONE_CARD and made.payee_count == 3
    assert state_of(payable.session, ObjectKind.PLAN, PLAN) == "PAYING"


def test_roster_bank_file_and_voucher_are_one_sum(payable: Payable) -> None:
    work(payable, 1, 2)
    at_bank, owed = payable.at_bank(), payable.owed()
    for made in payable.do(make_batches, PLAN, "Z1", channels="all"):
        rows = payable.rows(made.batch.code)
        paid = sum(row.amount_fen for row in rows)
        voucher = payable.session.exec(
            select(Voucher).where(Voucher.object_code == made.batch.code)
        ).one()
        assert paid == made.batch.amount_fen == voucher.debit_fen
    total = received_of(payable.session, payable.plan.id) - 0
    assert total == 1_000_000
    committed = committed_of(payable.session, payable.plan.id)
    assert at_bank - payable.at_bank() == committed
    left = payable.owed()
    assert sum(owed.values()) - sum(left.values()) == committed
    assert set(left) == {H2, H7}


def test_wages_of_several_months_are_one_transfer_to_the_worker(payable: Payable) -> None:
    work(payable, 1, 2, 3)
    made = pay(payable, channels="job", through=201902)
    first, second = payable.rows("Z1")
    assert [line.month for line in first.lines] == [201901, 201902]
    assert first.amount_fen == second.amount_fen == 2 * MONTHLY_FEN
    assert made.batch.rail == Rail.PAYROLL and made.batch.line_count == 4
    assert first.payee_person_id == person_id(payable.session, CHEN)
    # The wife has no account of her own: her wage goes to the head's.
    assert second.payee_person_id == person_id(payable.session, ZHAO)
    rest = pay(payable, "Z2", channels="job")
    assert rest.batch.amount_fen == 2 * MONTHLY_FEN


def test_all_makes_two_batches_for_two_rails(payable: Payable) -> None:
    work(payable, 1)
    made = payable.do(make_batches, PLAN, "Z1", channels="all")
    assert [each.batch.code for each in made] == ["Z1-1", "Z1-2"]
    assert [each.batch.rail for each in made] == [Rail.PAYROLL, Rail.ONE_CARD]
    with payable.refuses(AlreadyDone, "已办理"):
        payable.do(make_batches, PLAN, "Z1", channels="all")


def test_without_attendance_all_still_pays_the_households(payable: Payable) -> None:
    made = payable.do(make_batches, PLAN, "Z1", channels="all")
    assert [each.batch.code for each in made] == ["Z1-2"]
    with payable.refuses(NothingToPay, "请先导入考勤表"):
        payable.do(make_batches, PLAN, "Z9", channels="job")


def test_the_same_batch_twice_and_another_over_the_same_lines_are_done_already(
    payable: Payable,
) -> None:
    payable.session.exec(select(Plan)).one()
    pay(payable, household_codes=(H1, H3, H6))
    with payable.refuses(AlreadyDone, "支付批次Z1"):
        pay(payable, household_codes=(H1, H3, H6))
    with payable.refuses(AlreadyDone, "都已在支付中或已支付"):
        pay(payable, "Z2", household_codes=(H1,))
    with payable.refuses(NothingToPay, "都不能支付"):
        pay(payable, "Z2")


def test_a_code_is_one_batch(payable: Payable) -> None:
    work(payable, 1)
    pay(payable)
    with payable.refuses(Refused, "已用于另一批支付"):
        pay(payable, "Z1", channels="job")


def test_two_cashiers_at_once_make_one_batch(payable: Payable, payable_url: str) -> None:
    payable.session.rollback()
    outcomes: list[str] = []
    together = threading.Barrier(2)

    def cashier(code: str) -> None:
        desk = make_desk(recorder=code)
        with open_session(payable_url, desk=desk, write=True) as session:
            session.rollback()
            together.wait()
            try:
                act = Act(CASHIER, "pay batch", BATCHED)
                make_batch(session, act, PLAN, code, channels="other", household_codes=(H1, H3))
                session.commit()
                outcomes.append("made")
            except AlreadyDone:
                session.rollback()
                outcomes.append("done")

    threads = [threading.Thread(target=cashier, args=(code,)) for code in ("ZA", "ZB")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done", "made"]
    assert len(payable.session.exec(select(PaymentBatch)).all()) == 1


def test_a_batch_cuts_a_checkpoint_over_everything_before_it(payable: Payable) -> None:
    before = trail.log.size(payable.session)
    made = pay(payable)
    cut = payable.session.exec(
        select(Checkpoint).where(Checkpoint.entry_id == made.batch.entry_id)
    ).one()
    assert (cut.size, cut.purpose) == (before, "payment batch")


# --- each precondition, with it missing ------------------------------------------------------


def copy_plan(payable: Payable, *states: str) -> str:
    """A second plan with one payable line that went straight to a state, stages left out."""
    session = payable.session
    known = payable.plan
    with trail.entry(session, payable.act(), "test", f"copy {states}") as written:
        facts = known.model_dump(exclude={"id", "entry_id", "code"})
        plan = written.add(Plan(**facts, code="FA-B"))
        written.add(
            PlanIncome(plan_id=plan.id, income_year=2018, stream="", distributable_fen=REWARD_FEN)
        )
        before = ""
        for state in states:
            written.add(
                StatusEvent(
                    object_kind="PLAN",
                    object_code="FA-B",
                    from_state=before,
                    to_state=state,
                    happened_on=POSTED,
                    actor_code="X",
                )
            )
            before = state
    session.commit()
    return "FA-B"


@pytest.mark.tampered
def test_without_a_posted_plan_nothing_is_paid(payable: Payable) -> None:
    copy_plan(payable, "FILED")
    with payable.refuses(Refused, "还没有记账"):
        payable.do(make_batch, "FA-B", "Z1", channels="other")
    with payable.refuses(NotFound, "查无分配方案"):
        payable.do(make_batch, "FA-C", "Z1", channels="other")


@pytest.mark.tampered
def test_without_decision_notice_and_stages_nothing_is_paid(payable: Payable) -> None:
    copy_plan(payable, "POSTED")
    with payable.refuses(Refused, "还缺有效的提议、有效的商议、有效的审议、有效的决议"):
        payable.do(make_batch, "FA-B", "Z1", channels="other")
    with payable.refuses(Refused, "期满的公示、监督意见、镇审核、备案"):
        payable.do(make_batch, "FA-B", "Z1", channels="other")


@pytest.mark.tampered
def test_a_decision_that_is_not_valid_pays_nothing(payable: Payable) -> None:
    session = payable.session
    copy_plan(payable, "POSTED")
    real = session.exec(
        select(Decision).where(Decision.object_code == PLAN).order_by(col(Decision.id))
    ).all()
    with trail.entry(session, payable.act(), "test", "decisions") as written:
        for each in real:
            facts = each.model_dump(exclude={"id", "entry_id", "object_code"})
            if each.stage == "RESOLVE":
                facts |= {"is_valid": False, "invalid_reason": "人数不足"}
            written.add(Decision(**facts, object_code="FA-B"))
    session.commit()
    with payable.refuses(Refused, "还缺有效的决议、期满的公示"):
        payable.do(make_batch, "FA-B", "Z1", channels="other")


def test_before_the_notice_has_run_nothing_is_paid(payable: Payable) -> None:
    early = DRAFTED + timedelta(days=15)
    with payable.refuses(Refused, "还缺期满的公示"):
        payable.do(make_batch, PLAN, "Z1", channels="other", on=early)


def test_an_open_objection_to_the_whole_plan_stops_it_and_its_answer_frees_it(
    payable: Payable,
) -> None:
    objection = payable.do(raise_objection, PLAN, household_code="", content="分配不公")
    code = objection.code
    with payable.refuses(Refused, "还缺异议的答复"):
        pay(payable)
    payable.do(answer_objection, code, upheld=False, answer="已说明")
    assert pay(payable).payee_count == 3


def test_an_open_objection_to_a_line_stops_that_line_only(payable: Payable) -> None:
    code = payable.do(raise_objection, PLAN, household_code=H3, content="人数不对").code
    made = pay(payable)
    held = {each.household_code: each.reason for each in made.held}
    assert held[H3] == f"公示异议{code}未答复"
    assert [row.household_code for row in payable.rows("Z1")] == [H1, H6]
    payable.do(answer_objection, code, upheld=False, answer="已核对")
    assert [each.batch.code for each in [pay(payable, "Z2")]] == ["Z2"]
    assert [row.household_code for row in payable.rows("Z2")] == [H3]


def test_who_reviewed_the_plan_does_not_pay_it_and_who_made_a_batch_does_not_release_it(
    payable: Payable,
) -> None:
    with payable.refuses(SeparationOfDuties, "岗位不相容"):
        payable.do(make_batch, PLAN, "Z1", channels="other", actor=REVIEWER)
    with payable.refuses(SeparationOfDuties, "没有写明行为人"):
        payable.do(make_batch, PLAN, "Z1", channels="other", actor=" ")
    pay(payable)
    with payable.refuses(SeparationOfDuties, "岗位不相容"):
        payable.do(release, "Z1", actor=CASHIER)
    payable.do(release, "Z1", actor=RELEASER)
    assert batches(payable.session)[0].released
    with payable.refuses(AlreadyDone, "复核批次Z1"):
        payable.do(release, "Z1", actor=RELEASER)


def test_more_than_was_received_and_not_yet_committed_is_refused(payable: Payable) -> None:
    session = payable.session
    plan = payable.plan
    with trail.entry(session, payable.act(), "test", "expected") as written:
        import numpy as np

        extra = {"plan_id": plan.id, "person_id": 0, "concerns_month": 0, "amount_fen": 700_000}
        home = session.exec(select(Entitlement)).first()
        assert home is not None
        extra |= {"plan_channel_id": home.plan_channel_id, "household_id": home.household_id}
        written.bulk(Entitlement, {name: np.array([value]) for name, value in extra.items()})
        written.add(
            PlanIncome(
                plan_id=plan.id,
                income_year=2018,
                stream="STATE_SUBSIDY",
                expected=True,
                distributable_fen=700_000,
            )
        )
    with pytest.raises(ShortOfMoney, match="已到账未支付的资金只有"):
        make_batch(
            session, payable.act(), PLAN, "Z1", channels="other", household_codes=(H1, H3, H6)
        )
    session.rollback()


def test_an_account_that_does_not_hold_the_money_pays_nothing(payable: Payable) -> None:
    from ledger.books import posting

    party = payable.plan.holder_party_id
    with trail.entry(payable.session, payable.act(), "test", "spent") as written:
        lines = posting.event_lines(
            payable.session, "direct_cost", party, BATCHED, payable.at_bank() - 1
        )
        posting.post(
            payable.session,
            written,
            party_id=party,
            dated_on=BATCHED,
            kind="test",
            summary="支付维修费",
            lines=lines,
            concerns=2019,
        )
    payable.session.commit()
    with payable.refuses(ShortOfMoney, "专户账面余额0.01元"):
        pay(payable)


def test_a_closed_month_takes_no_batch(payable: Payable) -> None:
    from ledger.books.periods import close_through
    from ledger.books.refusals import ClosedPeriod

    payable.do(close_through, payable.plan.holder_party_id, 201904, on=date(2019, 5, 5))
    with payable.refuses(ClosedPeriod, "已结账"):
        pay(payable)
    assert (
        payable.do(make_batch, PLAN, "Z1", channels="other", on=date(2019, 5, 6)).payee_count == 3
    )


def test_the_database_itself_refuses_a_second_live_payment(payable: Payable) -> None:
    import numpy as np

    pay(payable)
    session = payable.session
    line = session.exec(select(PaymentLine).order_by(col(PaymentLine.id))).first()
    assert line is not None
    size = trail.log.size(session)
    from sqlalchemy.exc import DBAPIError

    try:
        with trail.entry(session, payable.act(), "test", "twice") as written:
            number = written.next_id(PaymentBatch, 0)
            names = ("entitlement_id", "household_id", "payee_person_id", "amount_fen")
            values = {name: np.array([getattr(line, name)]) for name in names}
            values |= {
                "payment_batch_id": np.array([number]),
                "serial_no": np.array([1]),
                "reissue_of": np.array([0]),
            }
            first = written.bulk(PaymentLine, values)
            written.add(
                PaymentBatch(
                    code="偷付",
                    plan_id=payable.plan.id,
                    kind="ORDINARY",
                    rail="ONE_CARD",
                    made_on=BATCHED,
                    first_line_id=first,
                    last_line_id=first,
                    line_count=1,
                    amount_fen=line.amount_fen,
                )
            )
            session.flush()
    except DBAPIError as error:
        assert "不得重复支付" in str(error)
    else:
        raise AssertionError("the trigger let a second payment through")
    session.rollback()
    assert trail.log.size(session) == size


# --- payees ----------------------------------------------------------------------------------


def test_money_of_a_household_goes_to_the_new_head_after_a_death(payable: Payable) -> None:
    new_head = CHEN_WIFE["person_code"]
    payable.do(record_death, CHEN["person_code"], died_on=BATCHED, new_head=new_head)
    held = {each.household_code: each.reason for each in pay(payable).held}
    assert held[H1] == "没有银行账号"


def test_a_household_without_a_living_head_is_held_back(payable: Payable) -> None:
    payable.do(record_death, LI["person_code"], died_on=BATCHED)
    held = {each.household_code: each.reason for each in pay(payable).held}
    assert held[H2] == HEAD_DIED


def test_wages_of_the_deceased_go_to_an_heir_on_document_only(payable: Payable) -> None:
    work(payable, 1)
    payable.do(
        record_death, CHEN["person_code"], died_on=BATCHED, new_head=CHEN_WIFE["person_code"]
    )
    made = pay(payable, channels="job")
    assert [(each.household_code, each.reason) for each in made.held] == [(H1, WORKER_DIED)]
    payable.do(
        authorise_payee,
        H1,
        CHEN["person_code"],
        WANG["person_code"],
        relation="女儿",
        document="继承公证1号",
        until=date(2019, 12, 31),
    )
    pay(payable, "Z2", channels="job")
    assert payable.rows("Z2")[0].payee_person_id == person_id(payable.session, WANG)


def test_a_payee_on_document_without_an_account_is_held_back(payable: Payable) -> None:
    payable.do(
        authorise_payee,
        H1,
        CHEN["person_code"],
        CHEN_SON["person_code"],
        relation="儿子",
        document="委托书1号",
        until=date(2019, 12, 31),
    )
    held = {each.household_code: each.reason for each in pay(payable).held}
    assert held[H1] == "没有银行账号"


def test_two_workers_of_one_household_may_share_an_account_and_a_row(payable: Payable) -> None:
    work(payable, 1)
    due, held = preview(payable.session, payable.act(), PLAN, channels="job")
    assert [each.person_id for each in due] == [
        person_id(payable.session, CHEN),
        person_id(payable.session, ZHAO_WIFE),
    ]
    assert held == []


def test_a_forgotten_household_is_supplemented_and_a_stranger_is_not(payable: Payable) -> None:
    made = pay(payable, kind=BatchKind.SUPPLEMENT, household_codes=(H3,))
    assert made.batch.kind == "SUPPLEMENT" and made.payee_count == 1
    with payable.refuses(NotFound, "应发款的农户"):
        pay(payable, "Z2", household_codes=("9999999999",))
    with payable.refuses(Refused, "渠道只能是"):
        pay(payable, "Z2", channels="cash")


def test_every_head_weighs_the_same_and_no_fen_is_lost(payable: Payable) -> None:
    owed = payable.owed()
    assert sum(owed.values()) == REWARD_FEN
    for code, heads in HEADS.items():
        assert abs(owed[code] * 9 - REWARD_FEN * heads) <= 9
