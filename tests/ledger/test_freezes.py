"""What an audit has frozen the database keeps as it is, on both databases, until it is lifted."""

from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from assets import trail
from assets.errors import AlreadyDone, InvalidValue, NotFound
from assets.models import (
    Asset,
    AssetFact,
    AssetRight,
    ContributionDifference,
    Decision,
    Disposal,
    Evidence,
    EvidenceContent,
    EvidenceLink,
    FundContribution,
    FundDocument,
    HandoverAct,
    HandoverItem,
    Notice,
    Party,
    StageAct,
    StatusEvent,
    TitleAct,
    TitleItem,
)
from assets.procedure.actors import NoSuchRole
from assets.trail import Act
from fixtures import audit_year
from fixtures.audit_year import ON, VILLAGE_A
from ledger import guards
from ledger.books import posting
from ledger.books.posting import Line
from ledger.books.refusals import VoucherRefused
from ledger.freezes import FreezeKind, freeze, freezes, lift
from ledger.models import (
    Adjustment,
    Entitlement,
    Household,
    HouseholdFact,
    Membership,
    PaymentBatch,
    PaymentLine,
    Plan,
    PlanChannel,
)
from tests.conftest import Book

AUDITOR = Act("A1", "audit freeze", ON)
FROZEN = "审计冻结"

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""What does not depend on the database is tried on one."""


@pytest.fixture
def audited(book: Book) -> Session:
    """The clean year on each database."""
    audit_year.write(book.session)
    book.session.commit()
    return book.session


def id_of(session: Session, model: Any, code: str) -> int:
    return int(session.exec(select(model.id).where(model.code == code)).one())


def put(session: Session, row: Any, stage: str = "") -> None:
    """Write one row into an entry of its own and commit it."""
    act = Act("N1", "test", date(2021, 7, 1))
    try:
        with trail.entry(session, act, "test", type(row).__name__, stage=stage) as written:
            written.add(row)
        session.commit()
    except BaseException:
        session.rollback()
        raise


def freeze_it(session: Session, kind: FreezeKind, code: str, name: str = "DJ-1") -> None:
    freeze(session, AUDITOR, name, kind, code, document="审通〔2021〕3号")
    session.commit()


def a_fact(session: Session) -> Any:
    return AssetFact(
        asset_id=id_of(session, Asset, "ZC-1"),
        title="改名",
        asset_class="PUBLIC_WELFARE",
        form="FIXED",
        subclass="其他",
        division_code=VILLAGE_A,
        place="村口",
        quantity="1",
        quantity_unit="项",
        acquired_on=date(2018, 12, 15),
        original_value_fen=1_000_000,
        condition="NORMAL",
        valid_from=date(2021, 7, 1),
    )


def a_right(session: Session) -> Any:
    return AssetRight(
        asset_id=id_of(session, Asset, "ZC-1"),
        kind="OPERATE",
        holder_party_id=id_of(session, Party, "VB"),
        share_numerator=1,
        share_denominator=1,
        basis="AGREED",
        document="协议",
        valid_from=date(2021, 7, 1),
    )


def a_status(kind: str, code: str, state: str) -> Callable[[Session], Any]:
    def made(session: Session) -> Any:
        before = session.exec(
            select(StatusEvent.to_state)
            .where(StatusEvent.object_kind == kind, StatusEvent.object_code == code)
            .order_by(StatusEvent.id.desc())  # type: ignore[attr-defined]
        ).first()
        return StatusEvent(
            object_kind=kind,
            object_code=code,
            from_state=before or "",
            to_state=state,
            happened_on=date(2021, 7, 1),
            actor_code="N1",
        )

    return made


def a_stage(stage: str, duty: str) -> Callable[[Session], Any]:
    return lambda _session: StageAct(
        object_kind="PLAN",
        object_code="FA-0",
        stage=stage,
        duty=duty,
        actor_code="某人",
        recorder="某人",
        acted_on=date(2021, 7, 1),
    )


def a_decision(_session: Session) -> Any:
    return Decision(
        object_kind="PLAN",
        object_code="FA-0",
        stage="RESOLVE",
        body="REPRESENTATIVES",
        held_on=date(2021, 7, 1),
        member_count=30,
        present_count=25,
        for_count=25,
        against_count=0,
        abstain_count=0,
        minutes="补",
        is_valid=True,
    )


def a_notice(_session: Session) -> Any:
    return Notice(
        object_kind="PLAN",
        object_code="FA-0",
        kind="CORRECTION",
        round_no=1,
        village_code=VILLAGE_A,
        posted_on=date(2021, 7, 1),
        notice_days=10,
        day_kind="CALENDAR",
        ends_on=date(2021, 7, 11),
        place="公示栏",
        text_sha256="9" * 64,
    )


def a_link(session: Session) -> Any:
    evidence = session.exec(select(Evidence.id)).first() or 0
    return EvidenceLink(evidence_id=evidence, object_kind="ASSET", object_code="ZC-1")


def a_contribution(session: Session) -> Any:
    return FundContribution(
        asset_id=id_of(session, Asset, "ZC-1"),
        fund_document_id=session.exec(select(FundDocument.id)).first() or 0,
        amount_fen=1,
    )


def a_difference(session: Session) -> Any:
    return ContributionDifference(
        asset_id=id_of(session, Asset, "ZC-1"), difference_fen=0, reason="复核无差异"
    )


def a_title_item(session: Session) -> Any:
    return TitleItem(
        title_act_id=session.exec(select(TitleAct.id)).first() or 0,
        asset_id=id_of(session, Asset, "ZC-1"),
        line_no=1,
        original_value_fen=1,
    )


def a_handover_item(session: Session) -> Any:
    return HandoverItem(
        handover_act_id=id_of(session, HandoverAct, "YJ-ZC-2"),
        asset_id=id_of(session, Asset, "ZC-1"),
        line_no=2,
        original_value_fen=1,
        net_value_fen=1,
    )


def a_disposal(session: Session) -> Any:
    return Disposal(
        code="CZ-9",
        asset_id=id_of(session, Asset, "ZC-1"),
        reason="报废",
        applied_on=date(2021, 7, 1),
    )


def an_adjustment(session: Session) -> Any:
    return Adjustment(
        plan_id=id_of(session, Plan, "FA-0"),
        plan_channel_id=1,
        household_id=1,
        before_fen=1,
        after_fen=2,
        reason="改",
        actor_code="甲",
        approved_by_code="乙",
    )


def a_household_fact(session: Session) -> Any:
    return HouseholdFact(
        household_id=id_of(session, Household, "H1"),
        village_code=VILLAGE_A,
        status="ORDINARY",
        valid_from=date(2021, 7, 1),
    )


def a_membership(session: Session) -> Any:
    return Membership(
        person_id=1,
        household_id=id_of(session, Household, "H1"),
        relation="之子",
        valid_from=date(2021, 7, 1),
    )


CHANGES: list[tuple[FreezeKind, str, Callable[[Session], Any]]] = [
    (FreezeKind.ASSET, "ZC-1", a_fact),
    (FreezeKind.ASSET, "ZC-1", a_right),
    (FreezeKind.ASSET, "ZC-1", a_status("ASSET", "ZC-1", "IDLE")),
    (FreezeKind.ASSET, "ZC-1", a_link),
    (FreezeKind.ASSET, "ZC-1", a_contribution),
    (FreezeKind.ASSET, "ZC-1", a_difference),
    (FreezeKind.ASSET, "ZC-1", a_title_item),
    (FreezeKind.ASSET, "ZC-1", a_handover_item),
    (FreezeKind.ASSET, "ZC-1", a_disposal),
    (FreezeKind.PLAN, "FA-0", a_status("PLAN", "FA-0", "RETURNED")),
    (FreezeKind.PLAN, "FA-0", a_stage("FILE", "APPROVE")),
    (FreezeKind.PLAN, "FA-0", a_decision),
    (FreezeKind.PLAN, "FA-0", a_notice),
    (FreezeKind.PLAN, "FA-0", an_adjustment),
    (FreezeKind.HOUSEHOLD, "H1", a_household_fact),
    (FreezeKind.HOUSEHOLD, "H1", a_membership),
]


@pytest.mark.tampered
def test_every_change_of_a_frozen_object_is_refused(audited: Session) -> None:
    for number, (kind, code) in enumerate(sorted({(k, c) for k, c, _ in CHANGES})):
        freeze_it(audited, kind, code, f"DJ-{number}")
    for number, (_, _, make) in enumerate(CHANGES):
        with pytest.raises(DBAPIError, match=FROZEN):
            put(audited, make(audited), stage=str(number))


@pytest.mark.tampered
@on_sqlite
def test_the_same_changes_pass_where_nothing_is_frozen(audited: Session) -> None:
    freeze_it(audited, FreezeKind.ASSET, "ZC-2")
    for number, (_, _, make) in enumerate(CHANGES):
        put(audited, make(audited), stage=str(number))


def test_every_frozen_table_is_tried() -> None:
    tried = {
        "asset_fact",
        "asset_right",
        "status_event",
        "evidence_link",
        "fund_contribution",
        "contribution_difference",
        "title_item",
        "handover_item",
        "disposal",
        "stage_act",
        "decision",
        "notice",
        "adjustment",
        "household_fact",
        "membership",
        "payment_batch",
    }
    assert {table for table, *_ in guards._FROZEN} == tried


def batch_of(session: Session, plan_code: str) -> None:
    """Pay one more wage under a plan, row by row."""
    act = Act("F1", "pay", date(2021, 7, 1))
    plan = id_of(session, Plan, plan_code)
    channel = session.exec(
        select(PlanChannel.id).where(PlanChannel.plan_id == plan, PlanChannel.channel == "JOB")
    ).one()
    home = id_of(session, Household, "H1")

    def block(*values: int) -> list[np.ndarray[Any, Any]]:
        return [np.array([value], dtype=np.int64) for value in values]

    names = (
        "plan_id",
        "plan_channel_id",
        "household_id",
        "person_id",
        "concerns_month",
        "amount_fen",
    )
    lines = (
        *("payment_batch_id", "serial_no", "entitlement_id", "household_id"),
        *("payee_person_id", "amount_fen", "reissue_of"),
    )
    try:
        with trail.entry(session, act, "pay-batch", f"{plan_code}-Z9") as written:
            due = written.bulk(
                Entitlement, dict(zip(names, block(plan, channel, home, 1, 202012, 5), strict=True))
            )
            batch = written.next_id(PaymentBatch)
            written._next["payment_batch"] = batch
            first = written.bulk(
                PaymentLine, dict(zip(lines, block(batch, 1, due, home, 1, 5, 0), strict=True))
            )
            written.add(
                PaymentBatch(
                    code=f"{plan_code}-Z9",
                    plan_id=plan,
                    kind="SUPPLEMENT",
                    rail="ONE_CARD",
                    made_on=date(2021, 7, 1),
                    first_line_id=first,
                    last_line_id=first,
                    line_count=1,
                    amount_fen=5,
                )
            )
        session.commit()
    except BaseException:
        session.rollback()
        raise


@pytest.mark.tampered
def test_wages_and_subsidies_go_on_under_a_frozen_plan(audited: Session) -> None:
    freeze_it(audited, FreezeKind.PLAN, "FA-0")
    freeze_it(audited, FreezeKind.PERIOD, "*/2020", "DJ-2")
    put(audited, a_stage("BATCH", "PAY")(audited))
    put(audited, a_status("PLAN", "FA-0", "PAYING")(audited))
    batch_of(audited, "FA-0")


@pytest.mark.tampered
def test_an_order_that_names_the_payments_stops_them(audited: Session) -> None:
    freeze_it(audited, FreezeKind.PAYMENT, "FA-0")
    with pytest.raises(DBAPIError, match=FROZEN):
        batch_of(audited, "FA-0")


def post(session: Session, on: date, stage: str, **more: Any) -> int:
    """A voucher of the first village."""
    party = id_of(session, Party, "VA")
    with trail.entry(session, Act("T1", "test", on), "test", "voucher", stage=stage) as written:
        posting.ensure_entity(session, written, party, date(2020, 1, 1))
        made = posting.post(
            session,
            written,
            party_id=party,
            dated_on=on,
            kind="test",
            summary="试",
            lines=[Line("101", 1, 100), Line("102", -1, 100)],
            concerns=on.year,
            **more,
        )
        number = made.id
    session.commit()
    return number


def test_a_frozen_period_takes_no_voucher_and_no_correction_of_one(audited: Session) -> None:
    first = post(audited, date(2020, 12, 31), "a")
    freeze_it(audited, FreezeKind.PERIOD, "VA/2020")
    with pytest.raises((DBAPIError, VoucherRefused), match=FROZEN):
        post(audited, date(2020, 12, 31), "b")
    audited.rollback()
    with pytest.raises((DBAPIError, VoucherRefused), match=FROZEN):
        posting.reverse(audited, Act("T1", "test", date(2021, 7, 1)), first, reason="更正")
    audited.rollback()
    post(audited, date(2021, 7, 1), "c")
    lift(audited, AUDITOR, "DJ-1", document="审通〔2021〕9号")
    audited.commit()
    posting.reverse(audited, Act("T1", "test", date(2021, 7, 1)), first, reason="更正")
    audited.commit()


@on_sqlite
def test_another_village_and_another_month_are_not_frozen(audited: Session) -> None:
    freeze_it(audited, FreezeKind.PERIOD, "VB/2020")
    freeze_it(audited, FreezeKind.PERIOD, "VA/202011", "DJ-2")
    post(audited, date(2020, 12, 31), "a")
    with pytest.raises((DBAPIError, VoucherRefused), match=FROZEN):
        post(audited, date(2020, 11, 30), "b")
    audited.rollback()


def test_frozen_papers_and_keys_cannot_be_deleted(audited: Session) -> None:
    for sha in ("a" * 64, "b" * 64):
        audited.add(EvidenceContent(sha256=sha, content=b"x"))
    audited.execute(
        text(
            "INSERT INTO data_key (owner, wrapped, key_version, restricted) VALUES (:o, :w, 1, :r)"
        ),
        [{"o": owner, "w": b"k", "r": False} for owner in ("H1", "H2")],
    )
    act = Act("N1", "test", ON)
    with trail.entry(audited, act, "test", "evidence") as written:
        for sha in ("a" * 64, "b" * 64):
            written.add(
                Evidence(
                    sha256=sha, kind="OTHER", title="单", received_on=ON, sealed=False, size_bytes=1
                )
            )
        audited.flush()
    audited.commit()
    freeze_it(audited, FreezeKind.EVIDENCE, "a" * 64)
    freeze_it(audited, FreezeKind.HOUSEHOLD, "H1", "DJ-2")
    for statement in (
        "DELETE FROM evidence_content WHERE sha256 LIKE 'aaa%'",
        "DELETE FROM data_key WHERE owner = 'H1'",
    ):
        with pytest.raises(DBAPIError, match=FROZEN):
            audited.execute(text(statement))
        audited.rollback()
    audited.execute(text("DELETE FROM evidence_content WHERE sha256 LIKE 'bbb%'"))
    audited.execute(text("DELETE FROM data_key WHERE owner = 'H2'"))
    audited.commit()


@pytest.mark.tampered
def test_a_lifted_freeze_and_one_that_has_ended_let_changes_pass(audited: Session) -> None:
    freeze(
        audited, AUDITOR, "DJ-1", FreezeKind.ASSET, "ZC-1", document="审通", until=date(2021, 7, 1)
    )
    audited.commit()
    with pytest.raises(DBAPIError, match=FROZEN):
        put(audited, a_fact(audited))
    later = a_fact(audited)
    later.valid_from = date(2021, 7, 2)
    put(audited, later)
    with pytest.raises(DBAPIError, match=FROZEN):
        put(audited, a_link(audited))
    lift(audited, AUDITOR, "DJ-1", document="审通〔2021〕9号")
    audited.commit()
    put(audited, a_link(audited))
    stands = freezes(audited)[0]
    assert stands.lifted_on == ON and not stands.holds(ON)


@on_sqlite
def test_a_freeze_is_ordered_by_one_who_may_and_names_what_exists(audited: Session) -> None:
    with pytest.raises(NoSuchRole):
        freeze(audited, Act("T1", "x", ON), "DJ-1", FreezeKind.ASSET, "ZC-1", document="文")
    audited.rollback()
    with pytest.raises(NotFound):
        freeze(audited, AUDITOR, "DJ-1", FreezeKind.ASSET, "ZC-99", document="文")
    audited.rollback()
    for kind, code, document, until in (
        (FreezeKind.ASSET, "ZC-1", " ", None),
        (FreezeKind.ASSET, "ZC-1", "文", date(2021, 1, 1)),
        (FreezeKind.PERIOD, "VA-2020", "文", None),
        (FreezeKind.PERIOD, "无/2020", "文", None),
    ):
        with pytest.raises(InvalidValue):
            freeze(audited, AUDITOR, "DJ-1", kind, code, document=document, until=until)
        audited.rollback()
    freeze_it(audited, FreezeKind.ASSET, "ZC-1")
    with pytest.raises(AlreadyDone):
        freeze(audited, AUDITOR, "DJ-1", FreezeKind.ASSET, "ZC-1", document="文")
    audited.rollback()
    with pytest.raises(NotFound):
        lift(audited, AUDITOR, "DJ-9", document="文")
    audited.rollback()
