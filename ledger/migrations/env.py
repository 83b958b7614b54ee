"""How Alembic runs inside the program: always on the connection it is handed."""

from typing import Any, Literal

from alembic import context
from sqlmodel import SQLModel

import ledger.models  # noqa: F401
from assets import columns


def render_item(kind: str, item: Any, autogen: Any) -> str | Literal[False]:
    """Write our column types by name into a revision file."""
    if kind == "type" and isinstance(item, columns.COLUMN_TYPES):
        autogen.imports.add("from assets import columns")
        return f"columns.{type(item).__name__}()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    compare_type=True,
    render_item=render_item,
    transaction_per_migration=False,
)
context.run_migrations()
