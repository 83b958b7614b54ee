"""Does a village get through a year in which everything goes wrong, with no hand-made edit?

Twenty-one accidents befall one village in 2019 and the spring after, each met by the verb that is
there for it. At the end every fen is accounted for, the book is sound, and each accident stands in
the log.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, col, select

from assets import disposal, trail
from assets.asof import AsOf
from assets.courses import ASSET_MACHINE, ENTERING
from assets.errors import FupinError, Refused
from assets.intake import Handler
from assets.models import BodyKind, DisposalReason, Log, ObjectKind
from assets.procedure import notices, states
from assets.procedure.decisions import Meeting
from assets.procedure.notices import Posting
from assets.trail import Act
from ledger.advances import advances, repay_advance
from ledger.books import posting
from ledger.books.periods import close_through, close_year
from ledger.database import create_book, open_session
from ledger.intake.attendance import HANDLER as ATTENDANCE
from ledger.intake.history import HANDLER as HISTORY
from ledger.intake.households import HANDLER as HOUSEHOLDS
from ledger.models import (
    IncomeHistory,
    MoneyKind,
    Plan,
    Receipt,
    Stream,
    Voucher,
    Withholding,
)
from ledger.pay_attendance import replace_worker
from ledger.pay_batch import Made, make_batch, reissue
from ledger.pay_holds import claw_backs, resume, withhold
from ledger.pay_lines import ReturnReason
from ledger.pay_results import record_result
from ledger.people.events import (
    authorise_payee,
    correct_person,
    merge_households,
    move_household,
    record_death,
)
from ledger.plan_course import answer_objection, notice_digest, raise_objection, round_of
from ledger.plan_draft import JobSpec, plan_by_code
from ledger.receivables import dues
from ledger.statements import confirm_statement, undistributed
from tests.assets.booked import STEPS
from tests.assets.small_district import FENGTIAN, LONGGUI_VILLAGE, batch
from tests.conftest import OPENED_US, make_desk
from tests.ledger.payable_village import (
    CHEN,
    CHEN_WIFE,
    H1,
    H2,
    H3,
    H6,
    H7,
    HOLDER,
    LI,
    PLAN,
    POST_1,
    POST_2,
    QIAN,
    WANG,
    ZHAO,
    attendance_row,
    furnish,
)
from tests.ledger.people.small_village import an_id, household, person
from tests.village_year import PLANT, YEAR, VillageYear

H8 = "5000000008"
TWIN = person(
    "500000000801", str(WANG["name"]), an_id(1979, male=False), card_no="6210000000000000018"
)
NEXT, LATE = "FA-LG-2019", "FA-LG-2019-B1"
POST_3 = f"{NEXT}-P01"


class Accidents:
    """The year, one accident after the other; ``heard`` names what the log must tell."""

    def __init__(self, village: VillageYear) -> None:
        self.village = village
        self.heard: list[tuple[str, str]] = []

    def note(self, what: str, kind: str) -> None:
        """An accident was met by an act of this kind."""
        self.heard.append((what, kind))

    def take_in(self, handler: Handler, rows: list[dict[str, Any]]) -> None:
        taken = batch(handler.kind, rows)
        session = self.village.session
        assert handler.check(session, taken, self.village.on) == []
        handler.apply(session, Act("Q01", f"import {handler.kind}", self.village.on), taken)
        session.commit()

    def problems(self, handler: Handler, rows: list[dict[str, Any]]) -> set[str]:
        taken = batch(handler.kind, rows)
        found = handler.check(self.village.session, taken, self.village.on)
        self.village.session.rollback()
        return {each.name for each in found}

    def pay(self, plan: str, code: str, channels: str = "other", **more: Any) -> Made:
        made = self.village.do(make_batch, plan, code, channels=channels, **more)
        assert isinstance(made, Made)
        self.village.export(code)
        self.village.later()
        return made


def spring(year: Accidents) -> None:
    """History in cash, people who are not what the list says, the first payment."""
    village = year.village
    # 1. cash of 2018, without the signed list
    year.take_in(
        HISTORY,
        [
            {
                "asset_code": PLANT,
                "party_code": HOLDER,
                "year": 2018,
                "record_mode": "年度汇总",
                "income_fen": 2_600_000,
                "deducted_fen": 180_000,
                "distributed_fen": 1_420_000,
                "payout_mode": "现金",
                "missing_papers": "2018年发放签字表",
                "missing_reason": "人员变动未移交",
                "vouched_by": "赵远",
            }
        ],
    )
    year.note("现金历史", "import-history")
    # 2. a household listed twice: the second number is refused, nothing is written
    again = person("500000000899", str(WANG["name"]), str(WANG["id_number"]))
    assert year.problems(HOUSEHOLDS, household(H8, LONGGUI_VILLAGE, [again]))
    # 3. a real namesake comes in, told apart by number
    year.take_in(HOUSEHOLDS, household(H8, LONGGUI_VILLAGE, [TWIN]))
    year.note("同名", "import-households")
    # 4. and 5. a damaged ID and no card hold two lines and no other
    first = year.pay(PLAN, "PC-1")
    held = {each.household_code: each.reason for each in first.held}
    assert held == {H2: "没有银行账号", H7: "证件号待核"}
    # 6. and 7. two payments come back
    village.do(record_result, "PC-1", serial_nos=(1,), reason=ReturnReason.NAME_MISMATCH)
    village.do(record_result, "PC-1", serial_nos=(2,), reason=ReturnReason.ACCOUNT_CLOSED)
    village.do(record_result, "PC-1", serial_nos=(3,))
    year.note("两笔退汇", "pay-result")
    village.do(
        correct_person, WANG["person_code"], corrected_on=village.on, card="6210000000000000026"
    )
    village.do(
        correct_person, LI["person_code"], corrected_on=village.on, card="6210000000000000034"
    )
    village.do(correct_person, QIAN["person_code"], corrected_on=village.on, id_number=an_id(1981))
    year.note("证件损坏、无卡", "household-correct")
    village.do(reissue, "PC-1", "PC-1R")
    year.note("退汇重发", "pay-reissue")
    village.export("PC-1R")
    village.do(record_result, "PC-1R")
    second = year.pay(PLAN, "PC-2")
    assert not second.held
    village.do(record_result, "PC-2")


def summer(year: Accidents) -> None:
    """A worker dies, another leaves the job; a household moves; two become one."""
    village = year.village
    worked = [attendance_row(POST_1, month) for month in (1, 2)]
    year.take_in(ATTENDANCE, [*worked, attendance_row(POST_2, 1)])
    # 8. the other job changes hands
    village.do(
        replace_worker, POST_2, H6, ZHAO["person_code"], from_month=201902, reason="外出务工"
    )
    year.note("岗位换人", "job-replace")
    # 9. the first worker, head of his household, has died: his wages go to the heir on document
    died = village.later()
    village.do(
        record_death,
        CHEN["person_code"],
        died_on=died,
        new_head=CHEN_WIFE["person_code"],
        on=village.later(),
    )
    year.note("亡故", "household-death")
    wages = village.do(make_batch, PLAN, "PC-3", channels="job")
    assert {each.household_code for each in wages.held} == {H1}
    village.export("PC-3")
    village.do(record_result, "PC-3")
    heir = CHEN_WIFE["person_code"]
    village.do(correct_person, heir, corrected_on=village.on, card="6210000000000000042")
    village.do(
        authorise_payee,
        H1,
        CHEN["person_code"],
        heir,
        relation="配偶",
        document="继承公证1号",
        until=date(2020, 12, 31),
    )
    assert not year.pay(PLAN, "PC-4", "job").held
    village.do(record_result, "PC-4")
    # 10. a household moves to the next village, 11. the one alone joins another
    village.do(move_household, H3, FENGTIAN, moved_on=village.on)
    year.note("迁移", "household-move")
    village.do(merge_households, H7, H2, merged_on=village.on)
    year.note("并户", "household-merge")


def autumn(year: Accidents) -> None:
    """Money that is not income; a plan with a typo and an objection."""
    village = year.village
    # 12. interest of the account, 13. an instalment of principal, 14. the treasury takes back
    village.receive(1_237, Stream.INTEREST, MoneyKind.INTEREST, receiver=HOLDER)
    village.receive(200_000, Stream.GUARANTEED, MoneyKind.PRINCIPAL, receiver=HOLDER)
    village.receive(-50_000, Stream.OTHER, MoneyKind.CLAW_BACK, receiver=HOLDER)
    # 15. the county lends the subsidy in advance
    village.receive(150_000, Stream.STATE_SUBSIDY, MoneyKind.ADVANCE, receiver=HOLDER)
    year.note("利息、本金、财政收回、垫付", "receipt")
    village.do(confirm_statement, PLANT, YEAR, (Stream.INTEREST,), village.on)
    village.receive(900_000)
    village.spend(60_000)
    village.later()
    village.state()
    job = JobSpec(POST_3, "保洁员", "日常", H6, str(ZHAO["person_code"]), 30_000, 201910, 2)
    village.draft(NEXT, [job])
    village.deliberate(NEXT)
    # 16. the notice has a typo: corrected in public without starting anew
    village.do(_post_with_typo, NEXT, on=village.later())
    village.do(_correct_notice, NEXT, on=village.later(2))
    year.note("公示笔误", "plan-correction")
    # 17. an objection to one line, answered
    objection = village.do(raise_objection, NEXT, household_code=H8, content="人数不对")
    year.note("异议", "plan-object")
    village.later(16)
    village.approve(NEXT)
    held = year.pay(NEXT, "PC-5").held
    assert [each.household_code for each in held] == [H8]
    village.do(record_result, "PC-5")
    village.do(answer_objection, objection.code, upheld=False, answer="已核对户口簿", actor="J01")
    # 18. a dispute is held and let go
    village.do(withhold, NEXT, H8, reason_code="DISPUTE")
    village.do(resume, NEXT, H8, reason="已调解", actor="Q02")
    year.note("争议暂缓", "pay-withhold")
    year.pay(NEXT, "PC-6")
    village.do(record_result, "PC-6")


def _post_with_typo(session: Session, act: Act, code: str) -> None:
    from ledger.plan_course import post_notice

    post_notice(session, act, code, place="村委会", phone="0751-0000000")


def _correct_notice(session: Session, act: Act, code: str) -> None:
    with trail.entry(session, act, "plan-correction", code, what=f"方案{code}更正公示") as written:
        digest = notice_digest(session, plan_by_code(session, code))
        paper = Posting(LONGGUI_VILLAGE, act.on, 7, "WORKING", "村委会", digest, "0751-0000001")
        notices.post_notice(
            session,
            written,
            ObjectKind.PLAN,
            code,
            paper,
            round_no=round_of(session, code),
            notice_kind="CORRECTION",
        )


def next_year(year: Accidents) -> None:
    """The year is closed; the subsidy comes late; an error is found; the plant is sold."""
    village = year.village
    village.on = date(2020, 1, 10)
    party = village.party_id()
    wrong = village.do(_cost_with_error, party, on=date(2019, 12, 20))
    village.do(close_through, party, 201911)
    village.do(close_year, party, 2019)
    # 19. the subsidy arrives; the advance is repaid out of it; a supplementary plan
    village.on = date(2020, 4, 10)
    (lent,) = advances(village.session)
    for code, fen, document, why in (
        (lent.code, 150_000, "付2020-7", "还没有到账"),
        (lent.code, 150_000, " ", "付款凭据"),
        ("SK001", 1_237, "付2020-7", "不是垫付款"),
        ("SK999", 1, "付2020-7", "查无"),
    ):
        with pytest.raises(FupinError, match=why):
            village.do(repay_advance, code, amount_fen=fen, document=document)
    village.receive(400_000, Stream.STATE_SUBSIDY)
    village.later()
    late = village.state()
    assert late.received_fen == 400_000
    with pytest.raises(Refused, match="还欠"):
        village.do(repay_advance, lent.code, amount_fen=150_001, document="付2020-7")
    repaid = village.do(repay_advance, lent.code, amount_fen=150_000, document="付2020-7")
    assert repaid.debit_fen == 150_000
    year.note("垫付归还", "advance-repay")
    village.draft(LATE)
    year.note("补贴晚到", "plan-draft")
    # 20. an error in the closed year is corrected by the difference, in red, this year
    red = posting.Line("502", posting.DEBIT, -900), posting.Line("102", posting.CREDIT, -900)
    fixed = village.do(posting.adjust, wrong, lines=red, reason="2019年维修费多记9元")
    assert (fixed.month, fixed.adjusts_voucher_id) == (202004, wrong)
    year.note("已结年度差错", "voucher-adjust")
    with pytest.raises(Refused):
        village.do(_cost_with_error, party, on=date(2019, 12, 21))
    # 21. the plant is sold: applied for and appraised, decided, with its proceeds apart
    village.do(_operate, PLANT)
    village.do(disposal.propose, "CZ-1", PLANT, reason=DisposalReason.SALE)
    village.do(disposal.appraise, "CZ-1", amount_fen=70_000_000, document="评字1号")
    meeting = Meeting(BodyKind.REPRESENTATIVES, village.later(), 30, 25, 24, 1, 0, "记处-1")
    assert village.do(disposal.decide, "CZ-1", meeting)
    village.receive(7_000_000, Stream.OTHER, MoneyKind.PROCEEDS, receiver=HOLDER)
    year.note("处置", "disposal-decide")


def _operate(session: Session, act: Act, code: str) -> None:
    with trail.entry(session, act, "test-course", code) as written:
        for name in (*ENTERING, *STEPS):
            states.move(session, written, ASSET_MACHINE, code, name, step_label=name, on=act.on)


def _cost_with_error(session: Session, act: Act, party_id: int) -> int:
    with trail.entry(session, act, "test-cost", f"{act.on}") as written:
        voucher = posting.post(
            session,
            written,
            party_id=party_id,
            dated_on=act.on,
            kind="cost",
            summary="支付维修费",
            lines=posting.event_lines(session, "direct_cost", party_id, act.on, 5_900),
            concerns=act.on.year,
        )
    return voucher.id


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Accidents]:
    """The village after its year."""
    path: Path = tmp_path_factory.mktemp("accidents") / "village.db"
    create_book(f"sqlite:///{path}", desk=make_desk(OPENED_US))
    desk = make_desk()
    with open_session(f"sqlite:///{path}", desk=desk, write=True) as session:
        session.commit()
        furnish(session, desk)
        made = Accidents(VillageYear(session, desk))
        made.village.found()
        for season in (spring, summer, autumn, next_year):
            season(made)
            made.village.balances()
        yield made


def test_at_the_end_every_fen_is_accounted_for(year: Accidents) -> None:
    """900,000 + 400,000 + 1,237 of 2019 arrived; 60,000 were spent; principal, advance, proceeds
    and what the treasury took back are no income."""
    (line,) = year.village.balances()
    assert line.received_fen == 900_000 + 400_000 + 1_237
    assert line.deducted_fen == 60_000
    assert line.planned_fen + line.waiting_fen + line.unstated_fen == 1_241_237


def test_the_book_is_sound_after_everything(year: Accidents) -> None:
    year.village.sound()


def test_every_accident_stands_in_the_log(year: Accidents) -> None:
    told = " ".join(
        bytes(row).decode() for row in year.village.session.exec(select(Log.header)).all()
    )
    assert len(year.heard) >= 15
    for what, kind in year.heard:
        assert f'"{kind}"' in told, f"{what}: {kind}"


def test_money_that_is_no_income_is_in_no_plan(year: Accidents) -> None:
    session = year.village.session
    kinds = dict(session.exec(select(Receipt.money_kind, Receipt.amount_fen)).all())
    assert kinds["PRINCIPAL"] == 200_000 and kinds["CLAW_BACK"] == -50_000
    assert kinds["ADVANCE"] == 150_000 and kinds["PROCEEDS"] == 7_000_000
    plans = {x.code: x.distributable_fen for x in session.exec(select(Plan)).all()}
    assert plans == {PLAN: 1_000_000, NEXT: 840_000, LATE: 400_000}
    waiting = undistributed(session, year.village.party_id(), AsOf())
    assert [(each.stream, each.amount_fen) for each in waiting] == [("INTEREST", 1_237)]


def test_the_cash_of_the_past_is_flagged_and_not_refused(year: Accidents) -> None:
    (row,) = year.village.session.exec(select(IncomeHistory)).all()
    assert row.distributed_fen == 1_420_000


def test_nothing_was_edited_and_every_correction_is_its_own_voucher(year: Accidents) -> None:
    session = year.village.session
    adjusted = session.exec(
        select(Voucher).where(col(Voucher.adjusts_voucher_id).is_not(None))
    ).all()
    assert [each.debit_fen for each in adjusted] == [-900]
    assert session.exec(select(Withholding)).all()
    assert claw_backs(session) == []
    assert dues(session, year.village.on) == []
    assert [each.open_fen for each in advances(session)] == [0]
