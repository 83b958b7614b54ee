"""Does every fen received stay accounted for, whatever is done in whatever order?

received = deducted + planned + waiting + not yet stated, after every command of a random year of
receipts, costs, statements, plans, wages, payments, answers, reissues, reversals, months and years
closed; and the book's own checks hold. On both databases.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy.engine import make_url
from sqlmodel import Session, col, select

from assets import trail
from assets.errors import FupinError, ImportRejected
from assets.models import ObjectKind
from assets.procedure.states import states_of
from assets.trail import Act
from ledger.books import posting
from ledger.books.periods import close_through, close_year
from ledger.database import create_book, open_session
from ledger.intake.attendance import HANDLER as ATTENDANCE
from ledger.models import PaymentBatch, Stream, Voucher
from ledger.pay_batch import make_batch, reissue
from ledger.pay_lines import ReturnReason, bank_rows, batch_lines, is_exported
from ledger.pay_results import cancel_batch, record_result
from ledger.plan_course import send_back, withdraw
from tests.assets.small_district import batch
from tests.cluster import Cluster
from tests.conftest import OPENED_US, make_desk
from tests.ledger.payable_village import (
    H1,
    H3,
    HOLDER,
    MONTHLY_FEN,
    PLAN,
    POST_1,
    POST_2,
    attendance_row,
    furnish,
)
from tests.village_year import AGENCY, YEAR, VillageYear

LAST = date(2020, 11, 1)
AMOUNTS = st.integers(min_value=1, max_value=900_000)
REASONS = (ReturnReason.NAME_MISMATCH, ReturnReason.ACCOUNT_CLOSED)


@dataclass(frozen=True)
class Copies:
    """Books that every random year starts from: ``take`` gives a new one, ``leave`` ends it."""

    take: Callable[[], str]
    leave: Callable[[str], None]


def furnished(url: str) -> None:
    """The village before its random year."""
    desk = make_desk()
    with open_session(url, desk=desk, write=True) as session:
        session.commit()
        furnish(session, desk)
        VillageYear(session, desk).found()


@pytest.fixture(scope="module")
def template_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The furnished book on SQLite."""
    path = tmp_path_factory.mktemp("promise") / "village.db"
    create_book(f"sqlite:///{path}", desk=make_desk(OPENED_US))
    furnished(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="module")
def template_database(cluster: Cluster) -> str:
    """The furnished book on PostgreSQL."""
    name = cluster.create()
    create_book(cluster.url(name), desk=make_desk(OPENED_US))
    furnished(cluster.url(name))
    return name


@pytest.fixture
def copies(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> Copies:
    """Copies of the furnished book on the database of this run."""
    if database == "sqlite":
        source: Path = request.getfixturevalue("template_file")

        def copy() -> str:
            shutil.copyfile(source, tmp_path / "year.db")
            return f"sqlite:///{tmp_path / 'year.db'}"

        return Copies(copy, lambda url: None)
    server: Cluster = request.getfixturevalue("cluster")
    template: str = request.getfixturevalue("template_database")
    return Copies(
        lambda: server.url(server.create(template)),
        lambda url: server.drop(str(make_url(url).database)),
    )


def machine_over(copies: Copies) -> type[RuleBasedStateMachine]:
    """The machine of random years, each on a copy of the furnished book."""

    class RandomYear(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.url = copies.take()
            desk = make_desk(OPENED_US + 200 * 86_400_000_000)
            session = open_session(self.url, desk=desk, write=True)
            session.commit()
            self.village = VillageYear(session, desk)

        def teardown(self) -> None:
            self.village.sound()
            self.village.session.close()
            copies.leave(self.url)

        # --- money in ---

        @rule(fen=AMOUNTS, days=st.integers(0, 20))
        def money_arrives(self, fen: int, days: int) -> None:
            self._pass_days(days)
            self._try(lambda: self.village.receive(fen))

        @rule(fen=AMOUNTS)
        def the_subsidy_arrives(self, fen: int) -> None:
            self._try(lambda: self.village.receive(fen, Stream.STATE_SUBSIDY))

        @rule(fen=st.integers(1, 90_000))
        def a_cost_is_paid(self, fen: int) -> None:
            self._try(lambda: self.village.spend(fen))

        @rule(days=st.integers(0, 3))
        def it_is_stated_and_passed_on(self, days: int) -> None:
            self._pass_days(days)
            self._try(self.village.state)

        # --- plans ---

        @rule()
        def a_plan_is_drafted(self) -> None:
            code = self.village.next("FA")
            self._try(lambda: self.village.draft(code))

        @rule()
        def a_plan_is_withdrawn(self) -> None:
            for code in self._plans("DRAFT"):
                self.village.tried(withdraw, code, reason="漏列", actor="C01")

        @rule()
        def a_plan_is_decided_and_posted_publicly(self) -> None:
            for code in self._plans("DRAFT", "RETURNED")[:1]:
                self._try(lambda code=code: self.village.deliberate(code))  # type: ignore[misc]
                self._try(lambda code=code: self.village.publish(code))  # type: ignore[misc]

        @rule()
        def a_plan_is_returned(self) -> None:
            for code in self._plans("NOTICED", "SUPERVISED")[:1]:
                self.village.tried(send_back, code, reason="标准有误", actor="S01")

        @rule()
        def a_plan_is_approved_and_posted(self) -> None:
            for code in self._plans("NOTICED")[:1]:
                self._try(lambda code=code: self.village.approve(code))  # type: ignore[misc]

        # --- payments ---

        @rule(part=st.sampled_from([(), (H1,), (H3,)]))
        def a_batch_is_made(self, part: tuple[str, ...]) -> None:
            for plan in (*self._plans("POSTED", "PAYING"), PLAN)[:2]:
                code = self.village.next("PC")
                self.village.tried(make_batch, plan, code, channels="other", household_codes=part)

        @rule()
        def a_batch_goes_to_the_bank(self) -> None:
            for made in self._batches(exported=False)[:1]:
                self._try(lambda code=made.code: self.village.export(code))  # type: ignore[misc]

        @rule()
        def a_batch_is_taken_back(self) -> None:
            for made in self._batches(exported=False)[:1]:
                self.village.tried(cancel_batch, made.code, reason="编错")

        @rule(returned=st.sampled_from([None, *REASONS]), serial=st.integers(1, 3))
        def the_bank_answers(self, returned: ReturnReason | None, serial: int) -> None:
            for made in self._batches(exported=True):
                rows = bank_rows(batch_lines(self.village.session, made))
                if serial in {row.serial_no for row in rows}:
                    self.village.tried(
                        record_result, made.code, serial_nos=(serial,), reason=returned
                    )

        @rule()
        def what_came_back_is_paid_again(self) -> None:
            for made in self._batches(exported=True):
                self.village.tried(reissue, made.code, self.village.next("CF"))

        # --- wages ---

        @rule(post=st.sampled_from([POST_1, POST_2]), month=st.integers(1, 4))
        def a_month_of_work_is_recorded(self, post: str, month: int) -> None:
            self.village.tried(_take_in_attendance, [attendance_row(post, month)])

        @rule()
        def wages_are_put_in_a_batch(self) -> None:
            self.village.tried(make_batch, PLAN, self.village.next("GZ"), channels="job")

        # --- books ---

        @rule(fen=st.integers(1, 5_000))
        def a_cost_is_booked_and_reversed(self, fen: int) -> None:
            booked = self.village.tried(_book_cost, self.village.party_id(), fen)
            if booked is not None:
                self.village.tried(posting.reverse, booked, reason="记错")
                assert self.village.tried(posting.reverse, booked, reason="再冲") is None

        @rule(who=st.sampled_from([HOLDER, AGENCY]))
        def months_are_closed(self, who: str) -> None:
            on = self.village.on
            last = on.year * 100 + on.month - 1 if on.month > 1 else (on.year - 1) * 100 + 11
            if last % 100 != 12:
                self.village.tried(close_through, self.village.party_id(who), last)

        @rule(who=st.sampled_from([HOLDER, AGENCY]))
        def the_first_year_is_closed(self, who: str) -> None:
            if self.village.on.year > YEAR:
                party_id = self.village.party_id(who)
                self.village.tried(close_through, party_id, YEAR * 100 + 11)
                self.village.tried(close_year, party_id, YEAR)

        @rule()
        def the_new_year_comes(self) -> None:
            if self.village.on.year == YEAR:
                self.village.on = date(YEAR + 1, 1, 10)

        # --- what holds after every command ---

        @invariant()
        def no_fen_is_lost_or_made(self) -> None:
            self.village.balances()

        @invariant()
        def every_voucher_balances(self) -> None:
            for voucher in self.village.session.exec(select(Voucher)).all():
                assert voucher.debit_fen == sum(
                    line.amount_fen
                    for line in posting.lines_of(self.village.session, voucher)
                    if line.side == -1
                )
            self.village.session.rollback()

        # --- short ways ---

        def _try(self, deed: Callable[[], object]) -> None:
            try:
                deed()
            except FupinError:
                self.village.session.rollback()

        def _pass_days(self, days: int) -> None:
            if self.village.on < LAST:
                self.village.later(days)

        def _plans(self, *wanted: str) -> list[str]:
            states = states_of(self.village.session, ObjectKind.PLAN)
            return sorted(code for code, state in states.items() if state in wanted)

        def _batches(self, *, exported: bool) -> list[PaymentBatch]:
            session = self.village.session
            found = session.exec(select(PaymentBatch).order_by(col(PaymentBatch.id))).all()
            return [each for each in found if is_exported(session, each.id) is exported]

    return RandomYear


def _take_in_attendance(session: Session, act: Act, rows: list[dict[str, Any]]) -> None:
    """Check and write a workbook of attendance; what is refused by the check is refused as a whole."""
    taken = batch(ATTENDANCE.kind, rows)
    problems = ATTENDANCE.check(session, taken, act.on)
    if problems:
        raise ImportRejected(problems)
    ATTENDANCE.apply(session, act, taken)


def _book_cost(session: Session, act: Act, party_id: int, fen: int) -> int:
    with trail.entry(session, act, "test", f"cost {trail.log.size(session)}") as written:
        lines = posting.event_lines(session, "direct_cost", party_id, act.on, fen)
        voucher = posting.post(
            session,
            written,
            party_id=party_id,
            dated_on=act.on,
            kind="cost",
            summary="支付维修费",
            lines=lines,
            concerns=act.on.year,
        )
    return voucher.id


HEALTH = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


def test_no_fen_is_lost_in_a_random_year(copies: Copies) -> None:
    run_state_machine_as_test(
        machine_over(copies),
        settings=settings(
            max_examples=8,
            stateful_step_count=20,
            deadline=None,
            derandomize=True,
            suppress_health_check=HEALTH,
        ),
    )


@pytest.mark.soak
def test_no_fen_is_lost_in_hundreds_of_random_years(copies: Copies) -> None:
    run_state_machine_as_test(
        machine_over(copies),
        settings=settings(
            max_examples=200, stateful_step_count=50, deadline=None, suppress_health_check=HEALTH
        ),
    )


def test_the_usual_course_of_a_year_goes_through(copies: Copies) -> None:
    """What the random years try in any order is done here in the usual one, and nothing refused."""
    year = machine_over(copies)()
    village: VillageYear = year.village  # type: ignore[attr-defined]
    village.receive(500_000)
    village.spend(40_000)
    village.later()
    village.state()
    village.draft("FA-1")
    village.deliberate("FA-1")
    village.publish("FA-1")
    village.approve("FA-1")
    made = village.do(make_batch, "FA-1", "PC-1", channels="other")
    village.export("PC-1")
    village.later()
    village.do(record_result, "PC-1", serial_nos=(1,), reason=ReturnReason.NAME_MISMATCH)
    village.do(record_result, "PC-1", serial_nos=(2, 3))
    village.do(reissue, "PC-1", "PC-2")
    village.receive(300_000, Stream.STATE_SUBSIDY)
    (balance,) = village.balances()
    assert made.batch.amount_fen > 0
    assert (balance.received_fen, balance.deducted_fen) == (800_000, 40_000)
    assert (balance.planned_fen, balance.waiting_fen, balance.unstated_fen) == (460_000, 0, 300_000)
    village.state()
    assert village.balances()[0].waiting_fen == 300_000
    months = [attendance_row(post, month) for post in (POST_1, POST_2) for month in (1, 2)]
    village.do(_take_in_attendance, months)
    wages = village.do(make_batch, PLAN, "GZ-1", channels="job")
    assert wages.batch.amount_fen == 4 * MONTHLY_FEN
    village.export("GZ-1")
    village.do(record_result, "GZ-1", serial_nos=(1, 2))
    village.on = date(YEAR + 1, 1, 10)
    for who in (HOLDER, AGENCY):
        village.do(close_through, village.party_id(who), YEAR * 100 + 11)
        village.do(close_year, village.party_id(who), YEAR)
        village.balances()
    assert village.tried(_book_cost, village.party_id(), 100) is not None
    village.on = date(YEAR, 12, 20)
    assert village.tried(_book_cost, village.party_id(), 100) is None, "the year is closed"
    village.balances()
    year.teardown()
