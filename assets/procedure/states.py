"""How does an object move from state to state? One table of transitions for each kind of object.

A transition is a row of ``status_event``; the current state is the ``to_state`` of the newest row.
The machines themselves (which step leads where) are declared beside the verbs that move them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func
from sqlmodel import Session, col, select

from assets.asof import AsOf
from assets.columns import Labelled
from assets.errors import Refused, WrongState
from assets.models import ObjectKind, StatusEvent
from assets.trail import Entry


@dataclass(frozen=True)
class Machine:
    """A state machine: states with labels, and step → (from states, to state).

    ``''`` among the from states means the object is new. ``entered`` are states whose day is that of
    the entry in the book: what happened long before may be recorded after them.
    """

    kind: ObjectKind
    states: type[Labelled]
    steps: Mapping[str, tuple[frozenset[str], str]]
    entered: frozenset[str] = frozenset()

    def step(self, name: str) -> tuple[frozenset[str], str]:
        """From states and target of a step."""
        return self.steps[name]


def step(from_states: Iterable[str], to_state: str) -> tuple[frozenset[str], str]:
    """One transition of a machine."""
    return frozenset(str.__str__(each) for each in from_states), str.__str__(to_state)


def state_of(session: Session, kind: ObjectKind, code: str, at: AsOf | None = None) -> str:
    """The state of one object as of a day and position; '' when it never entered its course."""
    at = at or AsOf()
    found = session.exec(
        select(StatusEvent.to_state)
        .where(
            StatusEvent.object_kind == kind,
            StatusEvent.object_code == code,
            col(StatusEvent.happened_on) <= at.day,
            col(StatusEvent.entry_id) <= at.position,
        )
        .order_by(col(StatusEvent.id).desc())
        .limit(1)
    ).first()
    return found or ""


def _newest(session: Session, kind: ObjectKind, code: str) -> tuple[str, date | None]:
    found = session.exec(
        select(StatusEvent.to_state, col(StatusEvent.happened_on))
        .where(StatusEvent.object_kind == kind, StatusEvent.object_code == code)
        .order_by(col(StatusEvent.id).desc())
        .limit(1)
    ).first()
    return found or ("", None)


def states_of(session: Session, kind: ObjectKind, at: AsOf | None = None) -> dict[str, str]:
    """Object code → state for all objects of a kind, as of a day and position."""
    at = at or AsOf()
    newest = (
        select(func.max(StatusEvent.id))
        .where(
            StatusEvent.object_kind == kind,
            col(StatusEvent.happened_on) <= at.day,
            col(StatusEvent.entry_id) <= at.position,
        )
        .group_by(col(StatusEvent.object_code))
    )
    rows = session.exec(
        select(StatusEvent.object_code, StatusEvent.to_state).where(col(StatusEvent.id).in_(newest))
    ).all()
    return dict(rows)


def move(
    session: Session,
    written: Entry,
    machine: Machine,
    code: str,
    step_name: str,
    *,
    step_label: str,
    on: date,
    reason_code: str | None = None,
    remark: str | None = None,
    remedy: str = "",
) -> StatusEvent:
    """Take one step with an object; refuses when it is not in a state the step starts from.

    Raises:
        WrongState: Names the object, its state and the step.
        Refused: The step is dated before the one it follows.

    依据: 内部约定 (a state is a row with author and day, never an update)
    """
    session.flush()
    sources, target = machine.step(step_name)
    before, since = _newest(session, machine.kind, code)
    shown = next((s.label for s in machine.states if s == before), "未登记")
    if before not in sources:
        raise WrongState(f"{machine.kind.label}{code}", shown, step_label, remedy)
    if since is not None and on < since and before not in machine.entered:
        raise Refused(
            f"{machine.kind.label}{code}的“{step_label}”日期{on}早于上一环节“{shown}”的日期{since}。"
            "请核对日期。"
        )
    return written.add(
        StatusEvent(
            object_kind=machine.kind,
            object_code=code,
            from_state=before,
            to_state=target,
            happened_on=on,
            actor_code=written.act.actor,
            reason_code=reason_code,
            remark=remark,
        )
    )
