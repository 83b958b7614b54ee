"""Which objects pass through decisions, notices and objections, and what happens to them then?

The workbooks of procedure serve every kind of object. Each kind says whether an object exists and
what follows once its rows are recorded; confirmation of title stands here, plans register theirs
from the accounts.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, select

from assets.courses import ASSET_MACHINE
from assets.models import Asset, AssetState, HandoverAct, ObjectKind, TitleAct
from assets.procedure.notices import next_round
from assets.procedure.states import move, state_of
from assets.title import lines_of, list_sha256, title_by_code
from assets.trail import Entry

KIND_OF_LABEL = {
    "确权": ObjectKind.TITLE,
    "移交": ObjectKind.HANDOVER,
    "分配方案": ObjectKind.PLAN,
}
STAGE_OF_LABEL = {"提议": "PROPOSE", "商议": "CONSULT", "审议": "DELIBERATE", "决议": "RESOLVE"}


def _one_round(session: Session, code: str) -> int:
    return 1


def _next_posting(session: Session, code: str, village: str) -> int:
    return next_round(session, ObjectKind.TITLE, code, village)


def _nothing(session: Session, written: Entry, code: str) -> None:
    """Nothing follows."""


def _nothing_on(session: Session, written: Entry, code: str, on: date) -> None:
    """Nothing follows."""


def _no_line(session: Session, written: Entry, code: str, line_code: str) -> None:
    """Nothing is held back."""


def _no_release(session: Session, written: Entry, objection_code: str, upheld: bool) -> None:
    """Nothing is released."""


def _any_line(session: Session, line_code: str) -> bool:
    return True


@dataclass(frozen=True)
class Course:
    """What a kind of object does with its procedure."""

    exists: Callable[[Session, str], bool]
    knows_line: Callable[[Session, str], bool] = _any_line
    round_of: Callable[[Session, str], int] = _one_round
    round_of_posting: Callable[[Session, str, str], int] | None = None
    after_decisions: Callable[[Session, Entry, str], None] = _nothing
    after_notices: Callable[[Session, Entry, str, date], None] = _nothing_on
    notice_digest: Callable[[Session, str], str] | None = None
    after_objection: Callable[[Session, Entry, str, str], None] = _no_line
    after_answer: Callable[[Session, Entry, str, bool], None] = _no_release


def _title_exists(session: Session, code: str) -> bool:
    return session.exec(select(TitleAct.id).where(TitleAct.code == code)).first() is not None


def _asset_exists(session: Session, code: str) -> bool:
    return session.exec(select(Asset.id).where(Asset.code == code)).first() is not None


def _handover_exists(session: Session, code: str) -> bool:
    return session.exec(select(HandoverAct.id).where(HandoverAct.code == code)).first() is not None


def _title_noticed(session: Session, written: Entry, code: str, on: date) -> None:
    """The assets of a confirmation move to 确权公示 with the first posting."""
    for line in lines_of(session, title_by_code(session, code)):
        if line.removed is not None:
            continue
        if state_of(session, ObjectKind.ASSET, line.asset_code) == AssetState.TITLE_PROPOSED:
            move(
                session,
                written,
                ASSET_MACHINE,
                line.asset_code,
                "notice",
                step_label="确权公示",
                on=on,
            )


COURSES: dict[ObjectKind, Course] = {
    ObjectKind.TITLE: Course(
        exists=_title_exists,
        knows_line=_asset_exists,
        round_of_posting=_next_posting,
        after_notices=_title_noticed,
        notice_digest=list_sha256,
    ),
    ObjectKind.HANDOVER: Course(exists=_handover_exists),
}


def register(kind: ObjectKind, course: Course) -> None:
    """Let another package say what its objects do.

    依据: 内部约定 (one road for procedure, whatever passes through it)
    """
    COURSES[kind] = course


def kind_of(label: str) -> ObjectKind:
    """The kind of object a workbook's word means.

    依据: 内部约定 (the words of the workbook)
    """
    return KIND_OF_LABEL[label]
