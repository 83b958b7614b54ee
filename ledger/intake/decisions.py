"""The workbook of decisions, with what follows for distribution plans."""

from assets.intake.decisions import HANDLER
from ledger.intake.plan_course import register_plans

register_plans()

__all__ = ["HANDLER"]
