"""What runs in the process that is killed: the walk of a small district from a step onwards.

A module of its own, so that the process which starts it needs to load nothing else.
"""

import os
import signal
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

import ledger.commands.exchange
import ledger.commands.pay
import ledger.commands.plan
import ledger.database
import ledger.models  # noqa: F401  (loaded once, before the processes are made)
from fixtures.walk import steps
from tests.walking import log_size, stage_in, story_of

REFUSED = 3


def go_on(
    folder: Path,
    begin: int,
    seed: int,
    at: "Synchronized[int]",
    size: "Synchronized[int]",
    die: int,
) -> None:
    """Run the steps from number ``begin``; ``at`` is the step, ``size`` the entry being written.

    Kills itself while it writes entry ``die`` (0: never).
    """
    stage = stage_in(folder, seed=seed)
    size.value = log_size(stage.database)
    told = stage.clock

    def clock() -> int:
        size.value += 1
        if size.value == die:
            os.kill(os.getpid(), signal.SIGKILL)
        return told()

    stage.clock = clock  # type: ignore[method-assign]
    for number, step in enumerate(steps(story_of(folder), folder)):
        if number < begin:
            continue
        at.value = number
        if stage.run(step):
            (folder / "refused.txt").write_text(
                f"{' '.join(step.argv)}\n{stage.output}", encoding="utf-8"
            )
            os._exit(REFUSED)
    os._exit(0)
