"""Does every step of every course work from its states, and is it refused from all the others?

The machines are those of which the manual draws the pictures; a new one is tried here the moment it
is written. What a step asks for besides the state (persons, papers, days) is tried by its own verb.
"""

from datetime import date, timedelta

import pytest

from assets import trail
from assets.errors import Refused, WrongState
from assets.models import StatusEvent
from assets.procedure.states import Machine, move, state_of
from assets.trail import Act
from tests.assets.procedure.test_diagram import MACHINES
from tests.conftest import Book

ON = date(2020, 6, 1)
EACH = pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.kind.value)


def begun(machine: Machine, code: str, state: str) -> StatusEvent:
    """The object as it stands in a state since a day."""
    return StatusEvent(
        object_kind=machine.kind,
        object_code=code,
        from_state="",
        to_state=state,
        happened_on=ON,
        actor_code="M1",
    )


@EACH
def test_every_step_works_from_its_states_and_is_refused_from_all_others(
    book: Book, machine: Machine
) -> None:
    everywhere = ["", *(each.value for each in machine.states)]
    worked = refused = 0
    with trail.entry(book.session, Act("M1", "test", ON), "test", machine.kind.value) as written:
        for name, (sources, target) in machine.steps.items():
            for number, before in enumerate(everywhere):
                code = f"{name}-{number}"
                if before:
                    written.add(begun(machine, code, before))
                args = (book.session, written, machine, code, name)
                if before in sources:
                    assert move(*args, step_label=name, on=ON).to_state == target
                    assert state_of(book.session, machine.kind, code) == target
                    worked += 1
                    continue
                with pytest.raises(WrongState):
                    move(*args, step_label=name, on=ON)
                assert state_of(book.session, machine.kind, code) == before
                refused += 1
    book.session.commit()
    assert worked == sum(len(sources) for sources, _ in machine.steps.values()) > 0
    assert refused == len(machine.steps) * len(everywhere) - worked > 0


@EACH
def test_no_step_is_dated_before_the_one_it_follows(book: Book, machine: Machine) -> None:
    tried = 0
    with trail.entry(book.session, Act("M1", "test", ON), "test", machine.kind.value) as written:
        for name, (sources, _) in machine.steps.items():
            for before in sorted(sources - {""} - machine.entered):
                code = f"{name}-{before}"
                written.add(begun(machine, code, before))
                with pytest.raises(Refused, match="早于上一环节"):
                    move(
                        *(book.session, written, machine, code, name),
                        step_label=name,
                        on=ON - timedelta(days=1),
                    )
                tried += 1
    book.session.commit()
    assert tried > 0


def test_no_two_machines_keep_the_same_kind_of_object() -> None:
    kinds = [machine.kind for machine in MACHINES]
    assert len(kinds) == len(set(kinds)) >= 3
    for machine in MACHINES:
        states = {each.value for each in machine.states}
        for sources, target in machine.steps.values():
            assert sources - {""} <= states and target in states
