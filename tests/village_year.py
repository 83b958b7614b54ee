"""Which village is enough to live through a year? The payable one, with a plant and an agency.

Five households, two jobs, a posted plan over the opening money; the plant's income comes through
the agency. Every verb is committed or leaves nothing behind.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlmodel import Session, select

from assets import trail
from assets.asof import AsOf
from assets.errors import FupinError
from assets.models import (
    Asset,
    AssetFact,
    AssetRight,
    BodyKind,
    Party,
    PartyFact,
    PlantFact,
    Project,
    Stage,
)
from assets.procedure.decisions import Meeting
from assets.trail import Act, Desk
from ledger import checks
from ledger.books import posting
from ledger.deductions import Cost, record_deductions
from ledger.income import Arrival, record_receipts
from ledger.models import DeductionKind, MoneyKind, PlantStatement, Stream
from ledger.pay_export import export_batch
from ledger.plan_course import decide, post_notice, post_plan, take_stage
from ledger.plan_draft import JobSpec, PlanRequest, draft
from ledger.policy import load
from ledger.statements import IncomeBalance, confirm_statement, income_balances, pass_on
from tests.assets.small_district import LONGGUI_VILLAGE
from tests.ledger.payable_village import HOLDER, MEETINGS

PLANT, AGENCY = "440203102204-2018-J-0009", "J0009"
YEAR = 2019
BEGUN = date(2019, 1, 1)
TYPIST, SECOND_TYPIST = "录入甲", "录入乙"


@dataclass
class VillageYear:
    """The village, the day it is, and short ways to do a year's work."""

    session: Session
    desk: Desk
    on: date = date(2019, 5, 6)
    numbers: int = 0

    # --- acts ---

    def do(self, verb: Callable[..., Any], *words: Any, **more: Any) -> Any:
        """Run a verb as ``actor`` on the day and commit; a refusal leaves nothing behind."""
        act = Act(more.pop("actor", "Q01"), verb.__name__, more.pop("on", self.on))
        size = trail.log.size(self.session)
        try:
            result = verb(self.session, act, *words, **more)
        except FupinError:
            self.session.rollback()
            assert trail.log.size(self.session) == size
            raise
        self.session.commit()
        return result

    def tried(self, verb: Callable[..., Any], *words: Any, **more: Any) -> Any:
        """As ``do``; None where it is refused."""
        try:
            return self.do(verb, *words, **more)
        except FupinError:
            return None

    def next(self, word: str) -> str:
        """A code that nobody has used."""
        self.numbers += 1
        return f"{word}{self.numbers:03d}"

    def later(self, days: int = 1) -> date:
        """Let days go by."""
        self.on += timedelta(days=days)
        return self.on

    # --- who and what ---

    def party_id(self, code: str = HOLDER) -> int:
        return self.session.exec(select(Party.id).where(Party.code == code)).one()

    def asset_id(self) -> int:
        return self.session.exec(select(Asset.id).where(Asset.code == PLANT)).one()

    def found(self) -> None:
        """Enter the agency with its book, the plant and the village's whole benefit right."""
        with trail.entry(self.session, Act("C01", "test", BEGUN), "test", "plant") as written:
            agency = written.add(Party(code=AGENCY, kind="AGENCY"))
            self.session.flush()
            written.add(PartyFact(party_id=agency.id, title="区结转专户", valid_from=BEGUN))
            project = written.add(Project(code="XM-9"))
            asset = written.add(Asset(code=PLANT, project_id=project.id))
            since = date(2018, 12, 1)
            written.add(
                AssetFact(
                    asset_id=asset.id,
                    title="村级光伏电站",
                    asset_class="OPERATING",
                    form="FIXED",
                    subclass="光伏电站",
                    division_code=LONGGUI_VILLAGE,
                    place="荒坡",
                    quantity="1",
                    quantity_unit="座",
                    acquired_on=since,
                    original_value_fen=80_000_000,
                    condition="NORMAL",
                    valid_from=since,
                )
            )
            written.add(
                PlantFact(
                    asset_id=asset.id,
                    capacity_w=100_000,
                    in_national_catalogue=True,
                    valid_from=since,
                )
            )
            for kind in ("BENEFIT", "OWN"):
                written.add(
                    AssetRight(
                        asset_id=asset.id,
                        kind=kind,
                        holder_party_id=self.party_id(),
                        share_numerator=1,
                        share_denominator=1,
                        basis="INVESTED",
                        document="确权决定",
                        valid_from=since,
                    )
                )
            self.session.flush()
            posting.ensure_entity(self.session, written, agency.id, BEGUN)
        self.session.commit()

    # --- money in ---

    def receive(
        self,
        fen: int,
        stream: Stream = Stream.BENCHMARK_TARIFF,
        kind: MoneyKind = MoneyKind.INCOME,
        *,
        receiver: str = AGENCY,
    ) -> str:
        """Money arrives on the day; returns the receipt's code."""
        code = self.next("SK")

        def record(session: Session, act: Act) -> None:
            arrival = Arrival(
                code=code,
                asset_id=self.asset_id(),
                receiver_party_id=self.party_id(receiver),
                money_kind=kind,
                stream=stream,
                income_year=YEAR,
                period_from=date(YEAR, 1, 1),
                period_to=date(YEAR, 12, 31),
                amount_fen=fen,
                arrived_on=act.on,
            )
            with trail.entry(session, act, "receipt", code) as written:
                record_receipts(session, written, [arrival])

        self.do(record)
        return code

    def spend(self, fen: int) -> None:
        """The agency pays a cost on the day."""
        code = self.next("KC")

        def record(session: Session, act: Act) -> None:
            cost = Cost(
                code=code,
                asset_id=self.asset_id(),
                bearer_party_id=self.party_id(AGENCY),
                income_year=YEAR,
                stream=Stream.BENCHMARK_TARIFF,
                kind=DeductionKind.UPKEEP,
                amount_fen=fen,
                happened_on=act.on,
                voucher_no=code,
            )
            with trail.entry(session, act, "cost", code) as written:
                record_deductions(session, written, [cost])

        self.do(record)

    def state(self) -> PlantStatement:
        """Confirm a statement of everything that came in, and pass it on."""
        streams = (Stream.BENCHMARK_TARIFF, Stream.STATE_SUBSIDY)
        made = self.do(confirm_statement, PLANT, YEAR, streams, self.on, actor="J01")
        assert isinstance(made, PlantStatement)
        self.do(pass_on, made.code, actor="J01")
        return made

    # --- a plan ---

    def draft(self, code: str, jobs: Sequence[JobSpec] = ()) -> None:
        policy, body = load("village-pv-2017")
        request = PlanRequest(
            code=code,
            holder_code=HOLDER,
            title=f"{YEAR}年收益分配方案{code}",
            income_year=YEAR,
            period_from=date(YEAR, 1, 1),
            period_to=date(YEAR, 12, 31),
            cut_off=self.on,
            jobs=tuple(jobs),
        )
        self.desk.recorder = TYPIST
        self.do(draft, request, policy, body, actor="C01")

    def deliberate(self, code: str) -> None:
        """The four deliberations, one a day."""
        for number, (stage, body) in enumerate(MEETINGS, start=1):
            meeting = Meeting(body, self.later(), 30, 25, 20, 0, 0, f"{code}纪{number}-{self.on}")
            self.do(decide, code, stage, meeting, actor="Z01")

    def publish(self, code: str) -> None:
        """Hang the notice out and wait until it has run."""
        self.do(post_notice, code, place="村委会", phone=None, actor="C01", on=self.later())
        self.later(16)

    def approve(self, code: str) -> None:
        """Opinions, filing, posting."""
        self.desk.recorder = SECOND_TYPIST
        for stage, actor in (
            (Stage.SUPERVISE, "J01"),
            (Stage.TOWN_REVIEW, "S01"),
            (Stage.FILE, "B01"),
        ):
            self.do(take_stage, code, stage, actor=actor)
        self.desk.recorder = TYPIST
        self.do(post_plan, code, actor="C01")

    def export(self, batch_code: str) -> None:
        """A second person releases the batch, and its bank file is made."""
        from ledger.pay_batch import release

        self.do(release, batch_code, actor="Q02")
        self.do(export_batch, batch_code)

    # --- what must hold ---

    def balances(self) -> list[IncomeBalance]:
        """The income balances, which come out to the fen."""
        found = income_balances(self.session, AsOf())
        for line in found:
            assert line.left_fen == line.right_fen, line
        return found

    def sound(self) -> None:
        """Every promise that ``fupin check`` looks at."""
        faults = checks.run(self.session)
        self.session.rollback()
        assert not faults, "\n".join(
            f"{each.check} {each.object}: {each.message}" for each in faults
        )


__all__ = ["AGENCY", "PLANT", "YEAR", "BodyKind", "VillageYear"]
