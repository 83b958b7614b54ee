"""Does a month that was worked become a wage that is owed, once, and within the plan?"""

from datetime import date

from sqlmodel import select

from assets import trail
from assets.errors import AlreadyDone, NotFound, Refused
from assets.procedure.states import move
from assets.trail import Act
from ledger.courses import PLAN_MACHINE
from ledger.intake.attendance import HANDLER
from ledger.models import Attendance, Entitlement, Voucher
from ledger.pay_attendance import (
    _refuse_excess,
    earned_so_far,
    job_channel,
    month_after,
    replace_worker,
)
from ledger.people.events import record_death
from tests.assets.small_district import batch
from tests.ledger.payable_village import (
    BATCHED,
    CHEN,
    CLERK,
    H1,
    H3,
    H6,
    MONTHLY_FEN,
    PLAN,
    POST_1,
    POST_2,
    POSTED,
    WANG,
    ZHAO,
    Payable,
    attendance_row,
)


def test_attendance_becomes_wages_owed_by_month_and_a_voucher_for_each_month(
    payable: Payable,
) -> None:
    before = payable.owed()
    outcome = payable.take_in(
        HANDLER,
        [attendance_row(post, month) for month in (1, 2) for post in (POST_1, POST_2)],
        POSTED,
    )
    assert outcome.counts == {"考勤": 4, "应发笔数": 4, "应发（分）": 4 * MONTHLY_FEN}
    owed = payable.owed()
    assert owed[H1] - before[H1] == owed[H6] - before[H6] == 2 * MONTHLY_FEN
    vouchers = payable.session.exec(select(Voucher).where(Voucher.kind == "wage")).all()
    assert [each.concerns_period for each in vouchers] == [201901, 201902]
    wages = payable.session.exec(select(Entitlement).where(Entitlement.concerns_month > 0)).all()
    assert sorted(each.concerns_month for each in wages) == [201901, 201901, 201902, 201902]


def test_a_keeper_of_the_plant_is_an_operating_cost_and_others_a_public_one(
    payable: Payable,
) -> None:
    from ledger.books.accounts import accounts_by_id
    from ledger.books.posting import lines_of

    payable.take_in(HANDLER, [attendance_row(POST_1), attendance_row(POST_2)], POSTED)
    voucher = payable.session.exec(select(Voucher).where(Voucher.kind == "wage")).one()
    names = accounts_by_id(payable.session)
    debited = {
        names[line.account_id].code: line.amount_fen
        for line in lines_of(payable.session, voucher)
        if line.side == 1
    }
    assert debited == {"212": MONTHLY_FEN, "502": MONTHLY_FEN}


def test_a_month_without_work_is_recorded_and_owes_nothing(payable: Payable) -> None:
    rows = [attendance_row(earned_fen=0, days_count=0)]
    assert payable.take_in(HANDLER, rows, POSTED).counts["应发笔数"] == 0
    assert len(payable.session.exec(select(Attendance)).all()) == 1


def test_the_same_file_twice_and_the_export_again_are_done_already(payable: Payable) -> None:
    rows = [attendance_row()]
    payable.take_in(HANDLER, rows, POSTED)
    act = Act(CLERK, "import attendance", POSTED)
    for again in (rows, HANDLER.export(payable.session) if HANDLER.export else []):
        taken = batch("attendance", again)
        assert HANDLER.check(payable.session, taken, POSTED) == []
        with payable.refuses(AlreadyDone, "已办理"):
            HANDLER.apply(payable.session, act, taken)


def test_a_row_that_the_plan_does_not_allow_is_refused_by_cell(payable: Payable) -> None:
    wang = {"household_code": H3, "person_code": WANG["person_code"]}
    for row, name in (
        (attendance_row(month=4), "month-outside-job"),
        (attendance_row(days_count=32), "days-impossible"),
        (attendance_row(earned_fen=MONTHLY_FEN + 1), "wage-above-rate"),
        (attendance_row(earned_fen=-1), "amount-sign"),
        (attendance_row(days_count=0), "wage-without-work"),
        (attendance_row(**wang), "not-the-holder"),
        (attendance_row(post_code="没有的岗位"), "unknown-code"),
        (attendance_row(plan_code="没有的方案"), "unknown-code"),
    ):
        assert name in payable.problems(HANDLER, [row], POSTED), row


def test_a_month_to_come_is_refused(payable: Payable) -> None:
    assert "month-to-come" in payable.problems(HANDLER, [attendance_row(month=3)], date(2019, 2, 1))


def test_a_recorded_month_is_never_written_over(payable: Payable) -> None:
    payable.take_in(HANDLER, [attendance_row()], POSTED)
    changed = attendance_row(earned_fen=MONTHLY_FEN - 100)
    assert payable.problems(HANDLER, [changed], POSTED) == {"month-taken"}


def test_wages_of_a_plan_that_is_closed_are_refused(payable: Payable) -> None:
    with trail.entry(payable.session, payable.act(), "test", "end") as written:
        move(payable.session, written, PLAN_MACHINE, PLAN, "complete", step_label="", on=POSTED)
    payable.session.commit()
    assert payable.problems(HANDLER, [attendance_row()], POSTED) == {"plan-not-posted"}
    taken = batch("attendance", [attendance_row()])
    with payable.refuses(Refused, "还没有记账或已经办结"):
        HANDLER.apply(payable.session, payable.act(), taken)


def test_wages_beyond_the_plans_channel_are_refused(payable: Payable) -> None:
    rows = [attendance_row(post, month) for month in (1, 2, 3) for post in (POST_1, POST_2)]
    payable.take_in(HANDLER, rows, POSTED)
    channel = job_channel(payable.session, payable.plan.id)
    assert channel is not None
    assert earned_so_far(payable.session, [channel.id]) == {channel.id: channel.amount_fen}
    with payable.refuses(Refused, "超出部分没有资金"):
        _refuse_excess(payable.session, payable.plan, channel, 1)


def test_a_day_in_a_closed_month_is_refused(payable: Payable) -> None:
    from ledger.books.periods import close_through

    payable.do(close_through, payable.plan.holder_party_id, 201904, on=date(2019, 5, 5))
    assert payable.problems(HANDLER, [attendance_row()], POSTED) == {"month-closed"}
    payable.take_in(HANDLER, [attendance_row()], date(2019, 5, 6))


def test_a_worker_who_has_died_earns_no_later_month(payable: Payable) -> None:
    payable.do(
        record_death,
        CHEN["person_code"],
        died_on=date(2019, 2, 10),
        new_head="500000000102",
        on=POSTED,
    )
    rows = [attendance_row(month=2), attendance_row(month=3)]
    assert payable.problems(HANDLER, rows, POSTED) == {"worker-deceased"}
    payable.take_in(HANDLER, rows[:1], POSTED)


def test_a_replaced_worker_earns_from_the_month_on_and_the_one_before_no_more(
    payable: Payable,
) -> None:
    payable.take_in(HANDLER, [attendance_row(month=1)], POSTED)
    payable.do(
        replace_worker,
        POST_1,
        H3,
        WANG["person_code"],
        from_month=201902,
        reason="外出务工",
    )
    assert payable.problems(HANDLER, [attendance_row(month=2)], BATCHED) == {"not-the-holder"}
    new = {"household_code": H3, "person_code": WANG["person_code"]}
    payable.take_in(HANDLER, [attendance_row(month=2, **new)], BATCHED)
    assert payable.owed()[H3] > 0


def test_a_replacement_that_does_not_hold_is_refused(payable: Payable) -> None:
    payable.take_in(HANDLER, [attendance_row(month=1)], POSTED)
    sound = {
        "post_code": POST_1,
        "household_code": H3,
        "person_code": WANG["person_code"],
        "from_month": 201902,
        "reason": "外出务工",
    }
    changes: tuple[tuple[dict[str, object], type[Exception], str], ...] = (
        ({"reason": " "}, Refused, "写明原因"),
        ({"from_month": 201905}, Refused, "只在201901至201903之间"),
        ({"from_month": 201901}, Refused, "考勤已登记到201901"),
        ({"person_code": ZHAO["person_code"]}, Refused, "不是该户成员"),
        ({"post_code": "没有"}, NotFound, "查无岗位"),
    )
    for change, error, match in changes:
        with payable.refuses(error, match):
            payable.do(replace_worker, **(sound | change))


def test_months_are_counted_over_the_turn_of_the_year() -> None:
    assert month_after(201911, 3) == 202002
    assert month_after(201901, 0) == 201901
