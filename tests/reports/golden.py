"""How are the kept data of papers written anew? ``python -m tests.reports.golden``, then look.

What changed must be looked at before it is committed: the files say what the papers must show.
"""

import json
import tempfile
from pathlib import Path

from assets.trail import Act
from ledger.database import create_book, open_session
from reports import catalogue
from reports.paper import Paper
from reports.standpoint import standpoint
from tests.conftest import OPENED_US, make_desk
from tests.reports.conftest import GOLDEN, YEAR_END
from tests.reports.scenario import CLERK, build
from tests.reports.set_of_papers import EACH


def write(folder: Path = GOLDEN) -> None:
    """Write the data of every paper of the scenario."""
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        url = f"sqlite:///{place}/book.db"
        create_book(url, desk=make_desk(OPENED_US))
        with open_session(url, desk=make_desk(), write=True) as session:
            build(session)
            for file, (name, asked) in EACH.items():
                act = Act(CLERK, "report", YEAR_END)
                paper = catalogue.find(name).build(standpoint(session, YEAR_END, act), asked)
                session.rollback()
                if isinstance(paper, Paper):
                    text = json.dumps(paper.data(), ensure_ascii=False, indent=1, sort_keys=True)
                    (folder / f"{file}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
