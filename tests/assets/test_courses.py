import pytest

from assets.courses import ASSET_MACHINE
from assets.errors import WrongState
from assets.models import AssetState, StatusEvent
from assets.procedure import states
from assets.trail import Act, Entry, entry
from tests.assets.small_district import ON
from tests.conftest import Book


def test_every_step_works_from_its_states_and_is_refused_from_all_others(book: Book) -> None:
    everywhere = ["", *(state.value for state in AssetState)]
    with entry(book.session, Act("R0001", "test", ON), "test", "courses") as written:
        for name, (sources, target) in ASSET_MACHINE.steps.items():
            for state in everywhere:
                code = f"{name}/{state}"
                if state:
                    written.add(begin(code, state))
                if state in sources:
                    move(book, written, code, name)
                    assert states.state_of(book.session, ASSET_MACHINE.kind, code) == target
                else:
                    with pytest.raises(WrongState):
                        move(book, written, code, name)
    book.session.commit()


def begin(code: str, state: str) -> StatusEvent:
    return StatusEvent(
        object_kind=ASSET_MACHINE.kind.value,
        object_code=code,
        from_state="",
        to_state=state,
        happened_on=ON,
        actor_code="R0001",
    )


def move(book: Book, written: Entry, code: str, name: str) -> None:
    states.move(book.session, written, ASSET_MACHINE, code, name, step_label=name, on=ON)


def test_every_state_is_reached_and_only_disposal_is_the_end() -> None:
    reached = {target for _, target in ASSET_MACHINE.steps.values()}
    left = {source for sources, _ in ASSET_MACHINE.steps.values() for source in sources}
    everywhere = {state.value for state in AssetState}
    assert reached == everywhere
    assert everywhere - left == {"DISPOSED"}
