"""What does a course look like? A state machine as a drawing (Mermaid) and a table for the manual.

The drawing is made from the very table the program refuses by, so that the manual cannot say
anything else; a test keeps ``docs/states.md`` current.
"""

from collections.abc import Sequence

from assets.procedure.states import Machine

HEADING = """# 状态图

由程序中的状态表生成，请勿手工修改。箭头上是环节，方框内是状态；图中没有的箭头，程序一律不予办理。
"""


def drawing(machine: Machine) -> str:
    """A machine as a Mermaid state diagram: labels in Chinese, steps by their names.

    依据: 内部约定 (drawn from the table that is enforced)
    """
    lines = ["stateDiagram-v2"]
    lines += [f'    state "{each.label}" as {each.value}' for each in machine.states]
    for name, (sources, target) in machine.steps.items():
        for source in _in_order(machine, sources):
            lines.append(f"    {source or '[*]'} --> {target}: {name}")
    lines += [f"    {each} --> [*]" for each in final_states(machine)]
    return "\n".join(lines)


def table(machine: Machine) -> str:
    """A machine as a Markdown table: step, from which states, to which state."""
    labels = {str.__str__(each): each.label for each in machine.states} | {"": "（新）"}
    lines = ["| 环节 | 从 | 到 |", "|---|---|---|"]
    for name, (sources, target) in machine.steps.items():
        shown = "、".join(labels[each] for each in _in_order(machine, sources))
        lines.append(f"| `{name}` | {shown} | {labels[target]} |")
    return "\n".join(lines)


def final_states(machine: Machine) -> list[str]:
    """The states that no step leaves, in declared order."""
    left = {source for sources, _ in machine.steps.values() for source in sources}
    return [each.value for each in machine.states if each.value not in left]


def document(machines: Sequence[Machine]) -> str:
    """The page of the manual with every machine's drawing and table."""
    parts = [HEADING]
    for machine in machines:
        parts += [
            f"## {machine.kind.label}\n",
            f"```mermaid\n{drawing(machine)}\n```\n",
            table(machine) + "\n",
        ]
    return "\n".join(parts)


def _in_order(machine: Machine, states: frozenset[str]) -> list[str]:
    places = {"": -1} | {each.value: place for place, each in enumerate(machine.states)}
    return sorted(states, key=lambda each: places[each])
