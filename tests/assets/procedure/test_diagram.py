"""Does the manual draw the courses the program enforces? Run as a module it draws them anew."""

from pathlib import Path

from assets import courses as of_assets
from assets.courses import ASSET_MACHINE
from assets.procedure.diagram import document, drawing, final_states, table
from assets.procedure.states import Machine
from ledger import courses as of_accounts

PAGE = Path(__file__).parents[3] / "docs" / "states.md"
MACHINES = [
    each
    for module in (of_assets, of_accounts)
    for each in vars(module).values()
    if isinstance(each, Machine)
]


def test_the_page_of_the_manual_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == document(MACHINES), (
        "docs/states.md is not what the machines say: python -m tests.assets.procedure.test_diagram"
    )


def test_every_step_from_every_state_is_one_arrow() -> None:
    for machine in MACHINES:
        arrows = [line for line in drawing(machine).splitlines() if "-->" in line]
        wanted = sum(len(sources) for sources, _ in machine.steps.values())
        assert len(arrows) == len(set(arrows)) == wanted + len(final_states(machine))
        assert table(machine).count("\n") == len(machine.steps) + 1


def test_an_asset_begins_identified_and_ends_disposed_of() -> None:
    drawn = drawing(ASSET_MACHINE)
    assert "    [*] --> IDENTIFIED: identify" in drawn
    assert '    state "已接收" as ACCEPTED' in drawn
    assert "    DISPOSED --> [*]" in drawn
    assert "| `refuse` | 待移交 | 拒收 |" in table(ASSET_MACHINE)


if __name__ == "__main__":
    PAGE.write_text(document(MACHINES), encoding="utf-8")
