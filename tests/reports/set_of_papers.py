"""Which papers does the scenario give, and with what are they asked for?"""

from reports.standpoint import Asked
from tests.reports.scenario import BATCH, HANDOVER, PLAN, REISSUE, TOWN, VILLAGE, WORKER

EACH: dict[str, tuple[str, Asked]] = {
    "asset-register": ("asset-register", Asked(town=TOWN)),
    "handover-list": ("handover-list", Asked(subject=HANDOVER)),
    "distribution-notice": ("distribution-notice", Asked(subject=PLAN)),
    "distribution-notice-village": ("distribution-notice", Asked(subject=PLAN, village=VILLAGE)),
    "payment-roster-posted": ("payment-roster", Asked(subject=BATCH)),
    "payment-roster-internal": ("payment-roster", Asked(subject=BATCH, edition="internal")),
    "payment-roster-reissue": ("payment-roster", Asked(subject=REISSUE, edition="internal")),
    "household-card": ("household-card", Asked(subject=WORKER, year=2020)),
    "household-cards": ("household-cards", Asked(village=VILLAGE, year=2020)),
}
"""Name of the kept data → report and what is asked."""

POSTED = ("distribution-notice", "payment-roster-posted", "household-card")
"""Those that hang on a wall or are handed to a household."""
