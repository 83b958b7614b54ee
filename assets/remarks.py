"""What is odd about a fact without being refused? A remark: a stable name and a Chinese sentence.

Rules are soft where life is: what already happened is recorded and remarked on, never refused.
"""

from dataclasses import dataclass
from typing import Any

from assets.errors import RowProblem


@dataclass(frozen=True)
class Remark:
    """One oddity; ``field`` is the workbook field it is about, ``code`` the object's code."""

    name: str
    field: str
    message: str
    remedy: str = "请核实；属实可保留。"
    code: str = ""

    def at(self, row: Any) -> RowProblem:
        """The remark at a row's cell, in the form of a problem (it refuses nothing)."""
        found: RowProblem = row.problem(self.name, self.field, self.message, self.remedy)
        return found
