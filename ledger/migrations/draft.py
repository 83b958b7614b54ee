"""How is a new revision file made? Compares the models with an upgraded empty database."""

import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config

from ledger.database import MIGRATIONS, engine_for


def draft(message: str, revision: str) -> None:
    """Write ``versions/REVISION_….py`` with the operations that bring tables to the models."""
    with tempfile.TemporaryDirectory() as folder:
        engine = engine_for(f"sqlite:///{Path(folder) / 'draft.db'}", write=True)
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.set_main_option("file_template", "%%(rev)s")
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.revision(config, message, autogenerate=True, rev_id=revision)
        engine.dispose()


def main() -> None:
    """Entry of ``python -m ledger.migrations.draft MESSAGE REVISION``."""
    draft(sys.argv[1], sys.argv[2])


if __name__ == "__main__":
    main()
