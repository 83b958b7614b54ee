"""A finding ends to the fen in named buckets, and a second person closes it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import pytest
from sqlmodel import Session

from assets import trail
from assets.errors import (
    AlreadyDone,
    InvalidValue,
    NotFound,
    Refused,
    SeparationOfDuties,
    WrongState,
)
from assets.masking import PersonalNumberInText
from assets.models import ActorRole
from assets.procedure.actors import NoSuchRole, actor_by_code
from assets.procedure.evidence import content_of
from assets.trail import Act
from fixtures import audit_year
from fixtures.audit_year import ON, TOWN
from ledger import findings
from ledger.findings import Bucket, RemainderOpen, answer, close, open_by_hand, open_from_flag
from ledger.flags.running import run
from tests.conftest import Book

LATER = date(2021, 7, 10)

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""What does not depend on the database is tried on one."""


@pytest.fixture
def audited(book: Book) -> Session:
    """The clean year with one contract of which nothing was paid, on each database."""

    def part(year: audit_year.AuditYear) -> None:
        year.earning("ZC-9")
        year.contract("HT-9", "ZC-9", [(date(2021, 3, 1), 300_000)])
        year.receipt("SK-9", "ZC-9", 199_000, date(2021, 3, 1), stream="RENT")

    audit_year.write(book.session, part)
    book.session.commit()
    return book.session


def act(who: str, on: date = ON) -> Act:
    return Act(who, "audit finding", on)


@contextmanager
def refused(session: Session, error: type[Exception], match: str = ".") -> Iterator[None]:
    size = trail.log.size(session)
    with pytest.raises(error, match=match):
        yield
    session.rollback()
    assert trail.log.size(session) == size


def opened(session: Session) -> str:
    flag = run(session, ON, rules=["F09"])[0].fires[0]
    made = open_from_flag(session, act("A1"), flag, owner="T1")
    session.commit()
    return str(made.code)


def answered(session: Session, code: str, bucket: Bucket, fen: int, who: str = "T1") -> None:
    answer(session, act(who, LATER), code, bucket, text=bucket.label, amount_fen=fen)
    session.commit()


def test_a_flag_becomes_a_finding_with_its_version_and_amount(audited: Session) -> None:
    code = opened(audited)
    made = findings.view(audited, code)
    assert code == "YD-2021-0001"
    assert made.finding.rule_version == "F09/1@2016-01-01"
    assert made.finding.amount_fen == made.disposition.open_fen == 100_000
    assert made.finding.due_on == date(2021, 7, 30)
    assert len(made.finding.snapshot_sha256) == 64
    with refused(audited, AlreadyDone, "已办理"):
        opened(audited)


def test_the_amount_ends_in_named_buckets_and_the_remainder_shows(audited: Session) -> None:
    code = opened(audited)
    answered(audited, code, Bucket.REFUNDED, 40_000)
    answered(audited, code, Bucket.DOCUMENTED, 30_000)
    answered(audited, code, Bucket.JUSTIFIED, 20_000)
    told = findings.view(audited, code).disposition
    assert (told.refunded_fen, told.documented_fen, told.justified_fen) == (40_000, 30_000, 20_000)
    assert told.open_fen == 10_000
    with refused(audited, Refused, "超出余额"):
        answered(audited, code, Bucket.REFUNDED, 10_001)
    answered(audited, code, Bucket.WRITTEN_OFF, 10_000, "F1")
    assert findings.view(audited, code).disposition.open_fen == 0
    close(audited, act("N1", LATER), code)
    audited.commit()
    shut = findings.view(audited, code)
    assert shut.state == "CLOSED" and shut.close is not None and shut.close.closed_by_code == "N1"
    assert findings.views(audited, open_only=True) == []
    assert findings.state_label(audited, code) == "已销号"
    states = [event.to_state for event in findings.course_of(audited, code)]
    assert states == ["OPEN", *["REPLIED"] * 4, "CLOSED"]


@on_sqlite
def test_an_open_remainder_cannot_be_closed(audited: Session) -> None:
    code = opened(audited)
    answered(audited, code, Bucket.REFUNDED, 99_999)
    with refused(audited, RemainderOpen, r"0\.01元"):
        close(audited, act("N1", LATER), code)


@on_sqlite
def test_nobody_closes_what_he_owns_even_with_the_right(audited: Session) -> None:
    flag = run(audited, ON, rules=["F09"])[0].fires[0]
    code = open_from_flag(audited, act("A1"), flag, owner="N1").code
    audited.commit()
    answered(audited, code, Bucket.REFUNDED, 100_000, "N1")
    with refused(audited, SeparationOfDuties, "责任人不能自己销号"):
        close(audited, act("N1", LATER), code)
    close(audited, act("A1", LATER), code)
    audited.commit()


@on_sqlite
def test_who_wrote_off_does_not_close(audited: Session) -> None:
    code = opened(audited)
    answered(audited, code, Bucket.WRITTEN_OFF, 100_000, "F1")
    with refused(audited, SeparationOfDuties, "另一人销号"):
        close(audited, act("F1", LATER), code)


@on_sqlite
def test_a_write_off_is_by_a_named_person_with_the_right(audited: Session) -> None:
    code = opened(audited)
    with refused(audited, SeparationOfDuties, "自己办理"):
        answered(audited, code, Bucket.WRITTEN_OFF, 1, "T1")
    with refused(audited, NoSuchRole):
        answered(audited, code, Bucket.WRITTEN_OFF, 1, "N1")


@on_sqlite
def test_only_the_owner_replies(audited: Session) -> None:
    code = opened(audited)
    with refused(audited, Refused, "由T1负责"):
        answered(audited, code, Bucket.REFUNDED, 1, "N1")
    with refused(audited, InvalidValue, "不带金额"):
        answered(audited, code, Bucket.REPLY, 1)
    with refused(audited, InvalidValue, "没有写明"):
        answer(audited, act("T1"), code, Bucket.REPLY, text=" ")
    with refused(audited, InvalidValue, "负数"):
        answered(audited, code, Bucket.REFUNDED, -1)


@on_sqlite
def test_a_finding_without_an_answer_cannot_be_closed(audited: Session) -> None:
    made = open_by_hand(
        audited,
        act("A1"),
        object_kind="ASSET",
        object_code="ZC-1",
        subject="标牌缺失",
        amount_fen=0,
        owner="T1",
    )
    audited.commit()
    with refused(audited, WrongState, "责任人答复"):
        close(audited, act("N1"), made.code)
    answered(audited, made.code, Bucket.REPLY, 0)
    close(audited, act("N1", LATER), made.code)
    audited.commit()
    with refused(audited, AlreadyDone):
        close(audited, act("N1", LATER), made.code)


@on_sqlite
def test_a_finding_by_hand_names_what_who_and_by_when(audited: Session) -> None:
    def by_hand(**more: object) -> None:
        given = {
            "object_kind": "ASSET",
            "object_code": "ZC-1",
            "subject": "标牌缺失",
            "amount_fen": 0,
            "owner": "T1",
        } | more
        open_by_hand(audited, act("A1"), **given)  # type: ignore[arg-type]

    with refused(audited, InvalidValue, "没有写明"):
        by_hand(subject="")
    with refused(audited, InvalidValue, "负数"):
        by_hand(amount_fen=-1)
    with refused(audited, InvalidValue, "早于"):
        by_hand(due_on=date(2021, 6, 1))
    with refused(audited, NotFound):
        by_hand(owner="无名")
    with refused(audited, SeparationOfDuties):
        by_hand(owner="A1")
    with refused(audited, PersonalNumberInText):
        by_hand(subject="卡号6210000000000000006")
    with pytest.raises(NoSuchRole):
        open_by_hand(
            audited,
            act("T1"),
            object_kind="ASSET",
            object_code="ZC-1",
            subject="标牌缺失",
            amount_fen=0,
            owner="A1",
        )
    audited.rollback()
    with refused(audited, NotFound):
        findings.finding_by_code(audited, "YD-2021-9999")


def test_evidence_comes_with_the_answer(audited: Session) -> None:
    code = opened(audited)
    answer(
        audited,
        act("T1", LATER),
        code,
        Bucket.REFUNDED,
        text="已缴回",
        amount_fen=100_000,
        evidence=("缴款书.pdf", b"%PDF-1.7 x"),
    )
    audited.commit()
    digest = findings.view(audited, code).answers[0].evidence_sha256
    assert digest is not None
    assert content_of(audited, digest) == b"%PDF-1.7 x"
    assert findings.papers_of(audited, [digest]) == {digest: "缴款书.pdf"}


@on_sqlite
def test_an_owner_of_two_roles_is_listed_by_owner(audited: Session) -> None:
    person = actor_by_code(audited, "T1")
    with trail.entry(audited, act("N1"), "test", "role") as written:
        written.add(
            ActorRole(
                actor_id=person.id, role="TOWN_AGRICULTURE", division_code=TOWN, valid_from=ON
            )
        )
    audited.commit()
    code = opened(audited)
    assert [each.finding.code for each in findings.views(audited, owner="T1")] == [code]
    assert findings.views(audited, owner="F1") == []
