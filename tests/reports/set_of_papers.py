"""Which papers does the scenario give, and with what are they asked for?"""

from reports.standpoint import Asked
from tests.reports.scenario import (
    BATCH,
    HANDOVER,
    JOINT,
    PLAN,
    REISSUE,
    SAMPLE,
    STATEMENT,
    TITLE,
    TOWN,
    VILLAGE,
    WORKER,
)

EACH: dict[str, tuple[str, Asked]] = {
    "asset-register": ("asset-register", Asked(town=TOWN)),
    "handover-list": ("handover-list", Asked(subject=HANDOVER)),
    "distribution-notice": ("distribution-notice", Asked(subject=PLAN)),
    "distribution-notice-village": ("distribution-notice", Asked(subject=PLAN, village=VILLAGE)),
    "payment-roster-posted": ("payment-roster", Asked(subject=BATCH)),
    "payment-roster-internal": ("payment-roster", Asked(subject=BATCH, edition="internal")),
    "payment-roster-reissue": ("payment-roster", Asked(subject=REISSUE, edition="internal")),
    "household-card": ("household-card", Asked(subject=WORKER, year=2020)),
    "pass-through-statement": ("pass-through-statement", Asked(party="A")),
    "plant-statement": ("plant-statement", Asked(subject=STATEMENT)),
    "fund-review": ("fund-review", Asked()),
    "income-book": ("income-book", Asked(party="A", year=2020)),
    "contract-dues": ("contract-dues", Asked()),
    "receivables-ageing": ("receivables-ageing", Asked()),
    "findings": ("findings", Asked()),
    "sub-ledger": ("sub-ledger", Asked(subject="102", party="A", year=2020)),
    "trial-balance": ("trial-balance", Asked(party="A", month=202012)),
    "balance-sheet": ("balance-sheet", Asked(party="A")),
    "surplus-statement": ("surplus-statement", Asked(party="A", year=2020)),
    "depreciation-schedule": ("depreciation-schedule", Asked(party="A", month=202012)),
    "bank-reconciliation": ("bank-reconciliation", Asked(party="A")),
    "vouchers": ("vouchers", Asked(party="A", month=202012)),
    "plant-income": ("plant-income", Asked()),
    "project-register": ("project-register", Asked()),
    "asset-card": ("asset-card", Asked(subject=JOINT)),
    "title-form": ("title-form", Asked(subject=TITLE)),
    "title-certificate": ("title-certificate", Asked(subject=JOINT)),
    "upkeep-agreement": ("upkeep-agreement", Asked(subject=JOINT)),
    "distribution-plan": ("distribution-plan", Asked(subject=PLAN)),
    "result-notice": ("result-notice", Asked(subject=PLAN)),
    "district-summary": ("district-summary", Asked()),
    "audit-report": ("audit-report", Asked()),
    "sample-sheet": ("sample-sheet", Asked(subject=SAMPLE)),
    "household-cards": ("household-cards", Asked(village=VILLAGE, year=2020)),
}
"""Name of the kept data → report and what is asked."""

POSTED = ("distribution-notice", "result-notice", "payment-roster-posted", "household-card")
"""Those that hang on a wall or are handed to a household."""
