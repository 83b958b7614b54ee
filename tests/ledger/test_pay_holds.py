"""Is a line held back until somebody says why not, and does given-back money keep its own line?"""

from datetime import timedelta

from assets.asof import AsOf
from assets.errors import AlreadyDone, InvalidValue, NotFound, Refused
from ledger.intake.attendance import HANDLER as ATTENDANCE
from ledger.pay_batch import make_batch, release
from ledger.pay_export import export_batch
from ledger.pay_holds import claw_back, claw_backs, give_up, resume, withhold
from ledger.pay_lines import holds_of
from ledger.pay_results import record_result
from ledger.pay_totals import yearly_totals
from tests.ledger.payable_village import (
    BATCHED,
    H1,
    H2,
    H3,
    H6,
    MONTHLY_FEN,
    PLAN,
    POST_1,
    POST_2,
    POSTED,
    RELEASER,
    Payable,
    attendance_row,
)

ANSWERED = BATCHED + timedelta(days=2)


def paid(payable: Payable, code: str, channels: str = "other") -> None:
    payable.do(make_batch, PLAN, code, channels=channels)
    payable.do(release, code, actor=RELEASER)
    payable.do(export_batch, code)
    payable.do(record_result, code, on=ANSWERED)


def test_a_line_held_back_waits_until_it_is_resumed_with_a_reason(payable: Payable) -> None:
    payable.do(withhold, PLAN, H1, reason_code="DISPUTE", remark="分家纠纷")
    with payable.refuses(AlreadyDone, "暂缓发放"):
        payable.do(withhold, PLAN, H1, reason_code="DISPUTE", remark="分家纠纷")
    made = payable.do(make_batch, PLAN, "Z1", channels="other")
    held = {each.household_code: each.reason for each in made.held}
    assert held[H1] == "暂缓发放（有争议）"
    with payable.refuses(Refused, "写明原因"):
        payable.do(resume, PLAN, H1, reason=" ")
    payable.do(resume, PLAN, H1, reason="已调解")
    with payable.refuses(AlreadyDone, "解除暂缓"):
        payable.do(resume, PLAN, H1, reason="已调解")
    with payable.refuses(Refused, "没有暂缓发放"):
        payable.do(resume, PLAN, H3, reason="已调解")
    payable.do(make_batch, PLAN, "Z2", channels="other")
    assert [row.household_code for row in payable.rows("Z2")] == [H1]


def test_a_line_may_be_held_back_and_resumed_more_than_once(payable: Payable) -> None:
    for place in range(2):
        payable.do(withhold, PLAN, H1, reason_code="OTHER", remark=f"第{place}次")
        payable.do(resume, PLAN, H1, reason="好了")
    assert holds_of(payable.session, payable.plan.id) == {}


def test_what_cannot_be_held_back_is_refused(payable: Payable) -> None:
    with payable.refuses(InvalidValue, "暂缓原因只能是"):
        payable.do(withhold, PLAN, H1, reason_code="WHIM")
    with payable.refuses(NotFound, "查无农户"):
        payable.do(withhold, PLAN, "9999999999", reason_code="OTHER")
    payable.do(make_batch, PLAN, "Z1", channels="other")
    with payable.refuses(Refused, "没有未支付的应发款"):
        payable.do(withhold, PLAN, H1, reason_code="OTHER")


def test_what_is_given_up_is_no_longer_owed_and_never_paid(payable: Payable) -> None:
    owed = payable.owed()
    with payable.refuses(Refused, "没有暂缓发放"):
        payable.do(give_up, PLAN, H2, reason="绝户")
    payable.do(withhold, PLAN, H2, reason_code="DECEASED")
    assert payable.do(give_up, PLAN, H2, reason="绝户无继承人") == owed[H2]
    assert H2 not in payable.owed()
    with payable.refuses(Refused, "已经取消"):
        payable.do(resume, PLAN, H2, reason="又有了")
    made = payable.do(make_batch, PLAN, "Z1", channels="other")
    assert H2 in {each.household_code for each in made.held}


def test_money_given_back_is_its_own_voucher_and_the_payment_stays(payable: Payable) -> None:
    paid(payable, "Z1")
    row = payable.rows("Z1")[0]
    at_bank, owed = payable.at_bank(), payable.owed()
    words = {"reason": "重复享受", "document": "退款单1号"}
    voucher = payable.do(claw_back, "Z1", 1, amount_fen=5_000, on=ANSWERED, **words)
    assert voucher.debit_fen == 10_000 and voucher.document == "退款单1号"
    assert payable.at_bank() - at_bank == 5_000 and payable.owed() == owed
    with payable.refuses(AlreadyDone, "收回"):
        payable.do(claw_back, "Z1", 1, amount_fen=5_000, on=ANSWERED, **words)
    again = words | {"document": "退款单2号"}
    with payable.refuses(Refused, "超出可收回数"):
        payable.do(claw_back, "Z1", 1, amount_fen=row.amount_fen, on=ANSWERED, **again)
    with payable.refuses(Refused, "超出可收回数"):
        payable.do(claw_back, "Z1", 1, amount_fen=0, on=ANSWERED, **again)
    with payable.refuses(Refused, "写明原因和凭据"):
        payable.do(claw_back, "Z1", 1, amount_fen=1, on=ANSWERED, reason="多发", document="")
    with payable.refuses(Refused, "没有到账，不能收回"):
        payable.do(claw_back, "Z1", 9, amount_fen=1, on=ANSWERED, **words)
    assert [each.amount_fen for each in claw_backs(payable.session)] == [5_000]
    assert payable.rows("Z1")[0].amount_fen == row.amount_fen


def test_a_households_year_has_wages_and_dividends_apart(payable: Payable) -> None:
    rows = [attendance_row(post, month) for month in (1, 2) for post in (POST_1, POST_2)]
    payable.take_in(ATTENDANCE, rows, POSTED)
    paid(payable, "W1", "job")
    paid(payable, "Z1")
    amounts = {row.household_code: row.amount_fen for row in payable.rows("Z1")}
    payable.do(
        claw_back,
        "Z1",
        1,
        amount_fen=5_000,
        reason="重复享受",
        document="退款单1号",
        on=ANSWERED,
    )
    totals = {each.household_code: each for each in yearly_totals(payable.session, 2019)}
    assert set(totals) == {H1, H3, H6}
    assert totals[H1].jobs_fen == totals[H6].jobs_fen == 2 * MONTHLY_FEN
    assert totals[H1].dividend_fen == amounts[H1] - 5_000
    assert totals[H3].jobs_fen == 0 and totals[H3].total_fen == amounts[H3]
    assert totals[H1].village == "龙归村"
    assert yearly_totals(payable.session, 2018) == []
    assert yearly_totals(payable.session, 2019, villages=["440203102205"]) == []
    assert sum(each.total_fen for each in totals.values()) == (
        4 * MONTHLY_FEN + sum(amounts.values()) - 5_000
    )
    before = yearly_totals(payable.session, 2019, at=AsOf(day=BATCHED))
    assert before == []
