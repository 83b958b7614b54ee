"""Writes the list of commands into README.md, from the help of the commands themselves."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import cli  # noqa: E402

BEGIN, END = "<!-- commands: begin -->", "<!-- commands: end -->"


def lines() -> list[str]:
    """One line for each noun: ``fupin noun verb|verb`` and what the noun is for."""
    found = []
    for noun, (_, about) in cli.NOUNS.items():
        command = cli._load(noun)
        verbs = sorted(getattr(command, "commands", {}))
        shown = f"fupin {noun} {'|'.join(verbs)}" if verbs else f"fupin {noun}"
        found.append(f"    {shown}\n        {about}")
    return found


def main() -> None:
    """Replace the block between the markers of README.md."""
    path = ROOT / "README.md"
    text = path.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    block = f"{BEGIN}\n\n" + "\n".join(lines()) + f"\n\n{END}"
    path.write_text(head + block + tail, encoding="utf-8")


main()
