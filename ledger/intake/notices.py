"""The workbook of notices, with what follows for distribution plans."""

from assets.intake.notices import HANDLER
from ledger.intake.plan_course import register_plans

register_plans()

__all__ = ["HANDLER"]
