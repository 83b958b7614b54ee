"""Who acted at which stage? Separation of duties over all stages of one object.

The database refuses the same actor in two conflicting duties of one object, and a recorder who
reviews what they typed, unless a named, dated waiver stands (trigger ``separate_duties``).
"""

from datetime import date

from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from assets.errors import SeparationOfDuties
from assets.models import ObjectKind, Stage, StageAct
from assets.trail import Entry

DUTY_OF_STAGE: dict[Stage, str] = {
    Stage.DRAFT: "MAKE",
    Stage.PROPOSE: "DECIDE",
    Stage.CONSULT: "DECIDE",
    Stage.DELIBERATE: "DECIDE",
    Stage.RESOLVE: "DECIDE",
    Stage.SUPERVISE: "SUPERVISE",
    Stage.TOWN_REVIEW: "REVIEW",
    Stage.DEPARTMENT: "REVIEW",
    Stage.DISTRICT: "APPROVE",
    Stage.APPROVE: "APPROVE",
    Stage.FILE: "APPROVE",
    Stage.POST: "MAKE",
    Stage.BATCH: "PAY",
    Stage.RELEASE: "APPROVE",
}


def record_stage(
    session: Session,
    written: Entry,
    kind: ObjectKind,
    code: str,
    stage: Stage,
    *,
    on: date,
    round_no: int = 1,
    opinion: str | None = None,
    agreed: bool = True,
    document: str | None = None,
    actor_code: str = "",
) -> StageAct:
    """Record that the act's actor acted at a stage; the database refuses conflicting duties.

    ``actor_code`` names another actor than the act's, where a workbook says who decided.

    Raises:
        SeparationOfDuties: The same person stands on both sides, or nobody is named.

    依据: 会计法 (separation of incompatible duties); practice: actor and recorder apart
    """
    actor = actor_code or written.act.actor
    if not actor.strip():
        raise SeparationOfDuties("没有写明行为人。请用 --actor 指明由谁决定。")
    row = StageAct(
        object_kind=kind,
        object_code=code,
        stage=stage,
        duty=DUTY_OF_STAGE[stage],
        round_no=round_no,
        actor_code=actor,
        recorder=written.recorder,
        acted_on=on,
        opinion=opinion,
        agreed=agreed,
        document=document,
    )
    session.flush()  # what waits besides fails under its own name
    written.add(row)
    try:
        session.flush()
    except DBAPIError as error:
        raise SeparationOfDuties(database_message(error)) from error
    return row


def database_message(error: DBAPIError) -> str:
    """The Chinese sentence a trigger raised, without the database's own words around it."""
    lines = str(error.orig).strip().splitlines()
    return (lines[0] if lines else str(error)).removeprefix("ERROR:").strip() + "。"
