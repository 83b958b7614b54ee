"""Which village is enough to try every rule of payment? One plan, five households, two jobs.

H1 three persons and a card; H2 alone and without an account; H3 two persons and a card; H6 a head
with a card and a wife who works and has none; H7 a head whose ID is damaged. 10,000.00 yuan waited
at the opening: 1,000.00 reserve, 3,000.00 wages of three months, 6,000.00 reward by head.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from assets import trail
from assets.asof import AsOf
from assets.intake import Handler, Outcome
from assets.models import BodyKind, Party, PartyFact, PartyKind, Stage
from assets.procedure.decisions import Meeting
from assets.trail import Act, Desk
from ledger.books.balances import details
from ledger.books.opening import OpeningItem, open_book
from ledger.models import Household, PaymentBatch, Person, Plan
from ledger.pay_lines import BankRow, bank_rows, batch_by_code, batch_lines
from ledger.people.persons import person_by_code
from ledger.plan_course import decide, post_notice, post_plan, take_stage
from ledger.plan_draft import JobSpec, PlanRequest, draft, plan_by_code
from ledger.policy import load
from tests.assets.small_district import LONGGUI_VILLAGE, batch
from tests.ledger.people.small_village import (
    CHEN,
    CHEN_SON,
    CHEN_WIFE,
    H1,
    H2,
    H3,
    LI,
    WANG,
    WANG_MOTHER,
    an_id,
    household,
    person,
    settle,
)

__all__ = ["CHEN", "CHEN_SON", "CHEN_WIFE", "H1", "H2", "H3", "LI", "WANG", "WANG_MOTHER"]

H6, H7 = "5000000006", "5000000007"
ZHAO = person("500000000601", "赵远", an_id(1975), card_no="6210000000000000006")
ZHAO_WIFE = person("500000000602", "刘芳", an_id(1978, male=False), "配偶")
QIAN = person("500000000701", "钱明", "44020319800302000", card_no="6210000000000000007")

HOLDER = "V440203102204"
PLAN = "FA-LG-2018"
POST_1, POST_2 = f"{PLAN}-P01", f"{PLAN}-P02"
MONTHLY_FEN = 50_000
TOTAL_FEN, RESERVE_FEN, REWARD_FEN = 1_000_000, 100_000, 600_000
HEADS = {H1: 3, H2: 1, H3: 2, H6: 2, H7: 1}
REWARD_PER_HEAD_FEN = REWARD_FEN // 9

DRAFTED, POSTED, BATCHED = date(2019, 4, 1), date(2019, 4, 20), date(2019, 4, 22)
CLERK, CHAIR, SUPERVISOR, REVIEWER, FILER = "C01", "Z01", "J01", "S01", "B01"
CASHIER, RELEASER = "Q01", "Q02"


@dataclass
class Payable:
    """A book with a posted plan, and short ways to pay it; every verb is committed."""

    session: Session
    desk: Desk

    def act(self, actor: str = CASHIER, on: date = BATCHED, command: str = "pay") -> Act:
        return Act(actor, command, on)

    def do(self, verb: Callable[..., Any], *words: Any, **more: Any) -> Any:
        """Run a verb as the cashier (or ``actor``) on the batch's day (or ``on``) and commit."""
        actor, on = more.pop("actor", CASHIER), more.pop("on", BATCHED)
        try:
            result = verb(self.session, self.act(actor, on, verb.__name__), *words, **more)
        except BaseException:
            self.session.rollback()
            raise
        self.session.commit()
        return result

    @contextmanager
    def refuses(self, error: type[Exception], match: str) -> Iterator[None]:
        """The block is refused and leaves nothing behind."""
        size = trail.log.size(self.session)
        with pytest.raises(error, match=match):
            yield
        self.session.rollback()
        assert trail.log.size(self.session) == size

    def take_in(self, handler: Handler, rows: Sequence[dict[str, Any]], on: date) -> Outcome:
        """Check, write and commit a workbook."""
        taken = batch(handler.kind, rows)
        assert handler.check(self.session, taken, on) == []
        outcome = handler.apply(self.session, Act(CASHIER, f"import {handler.kind}", on), taken)
        self.session.commit()
        return outcome

    def problems(self, handler: Handler, rows: Sequence[dict[str, Any]], on: date) -> set[str]:
        """The stable names of what a workbook is refused for."""
        return {each.name for each in handler.check(self.session, batch(handler.kind, rows), on)}

    @property
    def plan(self) -> Plan:
        return plan_by_code(self.session, PLAN)

    def batch(self, code: str) -> PaymentBatch:
        return batch_by_code(self.session, code)

    def rows(self, code: str) -> list[BankRow]:
        return bank_rows(batch_lines(self.session, self.batch(code)))

    def owed(self) -> dict[str, int]:
        """Household code → what the books say is owed to it, fen."""
        codes = dict(self.session.exec(select(Household.id, Household.code)).all())
        sums: dict[str, int] = {}
        for each in details(self.session, self.plan.holder_party_id, AsOf()):
            if each.household_id:
                code = codes[each.household_id]
                sums[code] = sums.get(code, 0) - each.balance_fen
        return sums

    def at_bank(self) -> int:
        from ledger.books.balances import bank_balance

        return bank_balance(self.session, self.plan.holder_party_id, AsOf())


def attendance_row(
    post: str = POST_1, month: int = 1, earned_fen: int = MONTHLY_FEN, **more: Any
) -> dict[str, Any]:
    """A month of a job as the reader hands it over."""
    worker = {POST_1: (H1, CHEN), POST_2: (H6, ZHAO_WIFE)}[post]
    return {
        "plan_code": PLAN,
        "post_code": post,
        "household_code": worker[0],
        "person_code": worker[1]["person_code"],
        "work_month": date(2019, month, 1),
        "days_count": 22,
        "earned_fen": earned_fen,
        "recorded_by": "周文",
        **more,
    }


def result_row(row: BankRow, code: str, result: str = "成功", **more: Any) -> dict[str, Any]:
    """A row of the bank's answer as the reader hands it over."""
    values = {
        "batch_code": code,
        "line_no": row.serial_no,
        "household_code": row.household_code,
        "amount_fen": row.amount_fen,
        "result": result,
        "paid_on": BATCHED + timedelta(days=2) if result == "成功" else None,
        "return_reason": "户名不符" if result == "退回" else None,
    }
    return {name: value for name, value in (values | more).items() if value is not None}


def furnish(session: Session, desk: Desk) -> None:
    """People, the village's book, and the plan up to its posting; committed."""
    _register(session)
    _plan(session, desk)


def _register(session: Session) -> None:
    settle(
        session,
        [
            *household(H1, LONGGUI_VILLAGE, [CHEN, CHEN_WIFE, CHEN_SON]),
            *household(H2, LONGGUI_VILLAGE, [LI]),
            *household(H3, LONGGUI_VILLAGE, [WANG, WANG_MOTHER]),
            *household(H6, LONGGUI_VILLAGE, [ZHAO, ZHAO_WIFE]),
            *household(H7, LONGGUI_VILLAGE, [QIAN]),
        ],
    )
    on = date(2019, 1, 1)
    with trail.entry(session, Act(CLERK, "test", on), "test", "village") as written:
        party = written.add(Party(code=HOLDER, kind=PartyKind.COLLECTIVE.value))
        session.flush()
        written.add(
            PartyFact(
                party_id=party.id,
                title="龙归村经济联合社",
                division_code=LONGGUI_VILLAGE,
                valid_from=on,
            )
        )
        open_book(
            session,
            written,
            party.id,
            on,
            [
                OpeningItem("BANK", "102", debit_fen=TOTAL_FEN),
                OpeningItem(
                    "UNDISTRIBUTED",
                    "322",
                    credit_fen=TOTAL_FEN,
                    income_year=2018,
                    stream="BENCHMARK_TARIFF",
                    first_receipt_on=date(2018, 4, 16),
                ),
            ],
        )
    session.commit()


def request() -> PlanRequest:
    """The plan: two jobs of three months."""
    jobs = tuple(
        JobSpec(code, title, "日常工作", home, worker["person_code"], MONTHLY_FEN, 201901, 3)
        for code, title, home, worker in (
            (POST_1, "保洁员", H1, CHEN),
            (POST_2, "电站看护员", H6, ZHAO_WIFE),
        )
    )
    return PlanRequest(
        code=PLAN,
        holder_code=HOLDER,
        title="龙归村2018年收益分配方案",
        income_year=2018,
        period_from=date(2018, 1, 1),
        period_to=date(2018, 12, 31),
        cut_off=date(2019, 3, 31),
        jobs=jobs,
        with_opening=True,
    )


MEETINGS = (
    ("PROPOSE", BodyKind.PARTY_BRANCH),
    ("CONSULT", BodyKind.TWO_COMMITTEES),
    ("DELIBERATE", BodyKind.PARTY_MEMBERS),
    ("RESOLVE", BodyKind.REPRESENTATIVES),
)


def deliberate(session: Session, stages: Sequence[str] = (), votes_for: int = 20) -> None:
    """The four deliberations, or some of them, one after the other."""
    for place, (stage, body) in enumerate(MEETINGS, start=1):
        if stages and stage not in stages:
            continue
        meeting = Meeting(
            body, DRAFTED + timedelta(days=place), 30, 25, votes_for, 0, 0, f"纪{place}"
        )
        decide(session, Act(CHAIR, "plan decide", meeting.held_on), PLAN, stage, meeting)
    session.commit()


def _plan(session: Session, desk: Desk) -> None:
    policy, body = load("village-pv-2017")
    desk.recorder = "录入甲"
    draft(session, Act(CLERK, "plan draft", DRAFTED), request(), policy, body)
    session.commit()
    deliberate(session)
    posted = DRAFTED + timedelta(days=5)
    post_notice(session, Act(CLERK, "plan notice", posted), PLAN, place="村委会", phone=None)
    session.commit()
    desk.recorder = "录入乙"
    for stage, actor in (
        (Stage.SUPERVISE, SUPERVISOR),
        (Stage.TOWN_REVIEW, REVIEWER),
        (Stage.FILE, FILER),
    ):
        take_stage(session, Act(actor, "plan stage", POSTED), PLAN, stage)
        session.commit()
    desk.recorder = "录入甲"
    post_plan(session, Act(CLERK, "plan post", POSTED), PLAN)
    session.commit()


def person_id(session: Session, row: dict[str, Any]) -> int:
    """The id of a person of these rows."""
    return person_by_code(session, row["person_code"]).id


def persons_named(session: Session) -> dict[int, str]:
    """Person id → 人编号."""
    return dict(session.exec(select(Person.id, Person.code).order_by(col(Person.id))).all())
