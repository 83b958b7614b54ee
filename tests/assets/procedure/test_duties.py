"""Does the database refuse the same person on both sides, and a recorder who reviews himself?"""

from datetime import date

import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel import select

from assets import trail
from assets.errors import SeparationOfDuties
from assets.models import Decision, ObjectKind, Stage, StageAct, Waiver
from assets.procedure.duties import DUTY_OF_STAGE, record_stage
from assets.trail import Act
from tests.conftest import Book

ON = date(2019, 4, 1)
APART = [
    ("MAKE", "SUPERVISE"),
    ("MAKE", "REVIEW"),
    ("MAKE", "APPROVE"),
    ("DECIDE", "SUPERVISE"),
    ("DECIDE", "REVIEW"),
    ("DECIDE", "APPROVE"),
    ("SUPERVISE", "REVIEW"),
    ("SUPERVISE", "APPROVE"),
    ("SUPERVISE", "PAY"),
    ("REVIEW", "APPROVE"),
    ("REVIEW", "PAY"),
    ("APPROVE", "PAY"),
]
STAGE_OF_DUTY = {
    "MAKE": Stage.DRAFT,
    "DECIDE": Stage.RESOLVE,
    "SUPERVISE": Stage.SUPERVISE,
    "REVIEW": Stage.TOWN_REVIEW,
    "APPROVE": Stage.APPROVE,
    "PAY": Stage.BATCH,
}
BOTH_SIDES = "岗位不相容"


def act(
    book: Book,
    stage: Stage,
    actor: str,
    recorder: str,
    code: str = "FA-1",
    kind: ObjectKind = ObjectKind.PLAN,
    *,
    on: date = ON,
    round_no: int = 1,
) -> None:
    """One person at one stage, typed by somebody; committed or rolled back."""
    book.desk.recorder = recorder
    key = f"{stage}/{actor}/{recorder}/{on}/{round_no}"
    try:
        with trail.entry(book.session, Act(actor, "t", on), kind, code, stage=key) as written:
            record_stage(book.session, written, kind, code, stage, on=on, round_no=round_no)
    except BaseException:
        book.session.rollback()
        raise
    book.session.commit()


def waive(book: Book, who: str, code: str, first: date = ON, last: date = ON) -> None:
    with trail.entry(
        book.session, Act("R0005", "t", ON), "waiver", code, stage=f"{who}{first}"
    ) as written:
        written.add(
            Waiver(
                actor_code=who,
                object_kind=ObjectKind.PLAN,
                object_code=code,
                reason="全村仅此一人",
                approved_by_code="R0005",
                valid_from=first,
                valid_to=last,
            )
        )
    book.session.commit()


def test_the_same_person_is_refused_on_both_sides_whichever_comes_first(book: Book) -> None:
    for number, (one, other) in enumerate([*APART, *((b, a) for a, b in APART)]):
        code = f"FA-{number}"
        act(book, STAGE_OF_DUTY[one], "R0001", "录入甲", code)
        size = trail.log.size(book.session)
        with pytest.raises(SeparationOfDuties, match=BOTH_SIDES):
            act(book, STAGE_OF_DUTY[other], "R0001", "录入乙", code)
        assert trail.log.size(book.session) == size
        act(book, STAGE_OF_DUTY[other], "R0002", "录入乙", code)


def test_every_other_pair_of_duties_goes_together(book: Book) -> None:
    duties = sorted(STAGE_OF_DUTY)
    free = [(a, b) for a in duties for b in duties if a <= b and not {(a, b), (b, a)} & set(APART)]
    assert ("DECIDE", "MAKE") in free and ("MAKE", "PAY") in free
    for number, (one, other) in enumerate(free):
        act(book, STAGE_OF_DUTY[one], "R0001", "录入甲", f"FA-{number}")
        act(book, STAGE_OF_DUTY[other], "R0001", "录入乙", f"FA-{number}", round_no=2)


def test_who_drafted_does_not_review_after_a_return_either(book: Book) -> None:
    act(book, Stage.DRAFT, "R0001", "录入甲")
    with pytest.raises(SeparationOfDuties, match=BOTH_SIDES):
        act(book, Stage.TOWN_REVIEW, "R0001", "录入乙", round_no=2)
    with pytest.raises(SeparationOfDuties, match="录入人不得审核"):
        act(book, Stage.TOWN_REVIEW, "R0004", "录入甲", round_no=2)


def test_giver_and_receiver_of_a_handover_are_two_persons(book: Book) -> None:
    act(book, Stage.DRAFT, "R0004", "录入甲", "YJ-1", ObjectKind.HANDOVER)
    with pytest.raises(SeparationOfDuties, match=BOTH_SIDES):
        act(book, Stage.RESOLVE, "R0004", "录入乙", "YJ-1", ObjectKind.HANDOVER)
    act(book, Stage.RESOLVE, "R0002", "录入甲", "YJ-1", ObjectKind.HANDOVER)
    act(book, Stage.POST, "R0002", "录入甲", "YJ-1", ObjectKind.HANDOVER)


def test_other_objects_and_other_persons_are_not_concerned(book: Book) -> None:
    act(book, Stage.DRAFT, "R0001", "录入甲", "FA-1")
    act(book, Stage.TOWN_REVIEW, "R0001", "录入甲", "FA-2")
    act(book, Stage.TOWN_REVIEW, "R0001", "录入甲", "FA-1", ObjectKind.TITLE)
    act(book, Stage.TOWN_REVIEW, "R0004", "录入乙", "FA-1")


@pytest.mark.parametrize("stage", [Stage.TOWN_REVIEW, Stage.DEPARTMENT, Stage.DISTRICT, Stage.FILE])
def test_a_recorder_does_not_review_what_he_typed(book: Book, stage: Stage) -> None:
    act(book, Stage.DRAFT, "R0001", "录入甲")
    with pytest.raises(SeparationOfDuties, match="录入人不得审核自己录入的事项"):
        act(book, stage, "R0004", "录入甲")
    waive(book, "录入甲", "FA-1")
    act(book, stage, "R0004", "录入甲")


def test_a_waiver_holds_for_its_person_object_and_days_only(book: Book) -> None:
    act(book, Stage.DRAFT, "R0001", "录入甲", "FA-1")
    act(book, Stage.DRAFT, "R0001", "录入甲", "FA-2")
    waive(book, "R0001", "FA-1", date(2019, 4, 2), date(2019, 4, 3))
    for day, code in ((1, "FA-1"), (4, "FA-1"), (2, "FA-2")):
        with pytest.raises(SeparationOfDuties, match=BOTH_SIDES):
            act(book, Stage.TOWN_REVIEW, "R0001", "录入乙", code, on=date(2019, 4, day))
    act(book, Stage.TOWN_REVIEW, "R0001", "录入乙", "FA-1", on=date(2019, 4, 3))
    act(book, Stage.DRAFT, "R0009", "录入甲", "FA-3")
    waive(book, "R0008", "FA-3")
    with pytest.raises(SeparationOfDuties, match=BOTH_SIDES):
        act(book, Stage.TOWN_REVIEW, "R0009", "录入乙", "FA-3")


def test_nobody_cannot_act(book: Book) -> None:
    for nobody in ("", "  "):
        with pytest.raises(SeparationOfDuties, match="没有写明行为人"):
            act(book, Stage.DRAFT, nobody, "录入甲")


def test_a_workbook_names_another_actor_than_the_one_who_took_it_in(book: Book) -> None:
    with trail.entry(book.session, Act("R0001", "import", ON), "t", "FA-1") as written:
        record_stage(
            book.session, written, ObjectKind.PLAN, "FA-1", Stage.RESOLVE, on=ON, actor_code="R0002"
        )
    book.session.commit()
    assert book.session.exec(select(StageAct.actor_code, StageAct.duty)).one() == (
        "R0002",
        "DECIDE",
    )


def test_what_else_is_wrong_is_not_taken_for_a_question_of_duties(book: Book) -> None:
    with (
        pytest.raises(DBAPIError),
        trail.entry(book.session, Act("R0001", "t", ON), "t", "FA-1") as written,
    ):
        written.add(
            Decision(
                object_kind=ObjectKind.PLAN,
                object_code="FA-1",
                stage="RESOLVE",
                body="VILLAGERS",
                held_on=ON,
                member_count=1,
                present_count=2,
                for_count=0,
                against_count=0,
                abstain_count=0,
                minutes="记-1",
                is_valid=False,
            )
        )
        record_stage(book.session, written, ObjectKind.PLAN, "FA-1", Stage.DRAFT, on=ON)
    book.session.rollback()


def test_every_stage_belongs_to_a_duty() -> None:
    assert set(DUTY_OF_STAGE) == set(Stage)
    assert set(DUTY_OF_STAGE.values()) == set(STAGE_OF_DUTY)
