"""What follows for a distribution plan when its meetings, postings and objections are recorded?"""

from datetime import date

from sqlmodel import Session, select

from assets.intake.course import Course, register
from assets.models import ObjectKind
from assets.trail import Entry
from ledger import plan_course
from ledger.models import Household, Plan
from ledger.plan_draft import plan_by_code


def _exists(session: Session, code: str) -> bool:
    return session.exec(select(Plan.id).where(Plan.code == code)).first() is not None


def _household_exists(session: Session, code: str) -> bool:
    return session.exec(select(Household.id).where(Household.code == code)).first() is not None


def _after_notices(session: Session, written: Entry, code: str, on: date) -> None:
    plan_course.after_notices(session, written, code, on)


def _digest(session: Session, code: str) -> str:
    return plan_course.notice_digest(session, plan_by_code(session, code))


def _after_objection(session: Session, written: Entry, code: str, line_code: str) -> None:
    plan_course.withhold_for(session, written, plan_by_code(session, code), line_code)


def _after_answer(session: Session, written: Entry, objection_code: str, upheld: bool) -> None:
    plan_course.release_for(session, written, objection_code, upheld=upheld)


def register_plans() -> None:
    """Let the workbooks of procedure know what a plan does.

    依据: 内部约定 (one road for procedure)
    """
    register(
        ObjectKind.PLAN,
        Course(
            exists=_exists,
            knows_line=_household_exists,
            round_of=plan_course.round_of,
            after_decisions=plan_course.after_decisions,
            after_notices=_after_notices,
            notice_digest=_digest,
            after_objection=_after_objection,
            after_answer=_after_answer,
        ),
    )
