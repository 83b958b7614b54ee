"""The workbook of objections, with what follows for distribution plans."""

from assets.intake.objections import HANDLER
from ledger.intake.plan_course import register_plans

register_plans()

__all__ = ["HANDLER"]
