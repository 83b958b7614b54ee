"""Which way does an asset go, from stock-taking to disposal? Its one table of transitions.

A disposal is an act of its own with its own course beside the asset's.

Title and handover are acts over many assets; each moves its assets with the steps named here.
"In use since" is independent of all of this: plants earned long before they were confirmed.
"""

from assets.models import AssetState as S
from assets.models import DisposalState as D
from assets.models import ObjectKind
from assets.procedure.states import Machine, step

ENTERING = ("identify", "verify", "classify")
"""The steps an asset takes on the day it is registered (摸排、核实、分类)."""

ASSET_MACHINE = Machine(
    kind=ObjectKind.ASSET,
    states=S,
    entered=frozenset({S.IDENTIFIED.value, S.VERIFIED.value, S.CLASSIFIED.value}),
    steps={
        "identify": step([""], S.IDENTIFIED),
        "verify": step([S.IDENTIFIED], S.VERIFIED),
        "classify": step([S.VERIFIED], S.CLASSIFIED),
        "reclassify": step([S.CLASSIFIED], S.CLASSIFIED),
        "propose_title": step([S.CLASSIFIED], S.TITLE_PROPOSED),
        "notice": step([S.TITLE_PROPOSED, S.NOTICED], S.NOTICED),
        "take_out": step([S.TITLE_PROPOSED, S.NOTICED], S.CLASSIFIED),
        "confirm": step([S.NOTICED], S.CONFIRMED),
        "prepare_handover": step([S.CONFIRMED, S.REFUSED], S.HANDOVER_PENDING),
        "accept": step([S.HANDOVER_PENDING], S.ACCEPTED),
        "accept_with_reservations": step([S.HANDOVER_PENDING], S.ACCEPTED_WITH_RESERVATIONS),
        "refuse": step([S.HANDOVER_PENDING], S.REFUSED),
        "clear_reservations": step([S.ACCEPTED_WITH_RESERVATIONS], S.ACCEPTED),
        "book": step([S.ACCEPTED, S.ACCEPTED_WITH_RESERVATIONS], S.BOOKED),
        "operate": step([S.BOOKED], S.IN_OPERATION),
        "idle": step([S.BOOKED, S.IN_OPERATION, S.UNDER_REPAIR], S.IDLE),
        "repair": step([S.BOOKED, S.IN_OPERATION, S.IDLE], S.UNDER_REPAIR),
        "resume": step([S.IDLE, S.UNDER_REPAIR], S.IN_OPERATION),
        "propose_disposal": step(
            [S.BOOKED, S.IN_OPERATION, S.IDLE, S.UNDER_REPAIR], S.DISPOSAL_PROPOSED
        ),
        "withdraw_disposal": step([S.DISPOSAL_PROPOSED], S.IN_OPERATION),
        "dispose": step([S.DISPOSAL_PROPOSED], S.DISPOSED),
    },
)

DISPOSAL_MACHINE = Machine(
    kind=ObjectKind.DISPOSAL,
    states=D,
    steps={
        "propose": step([""], D.PROPOSED),
        "appraise": step([D.PROPOSED], D.APPRAISED),
        "decide": step([D.APPRAISED], D.DECIDED),
        "approve": step([D.DECIDED], D.APPROVED),
        "reject": step([D.DECIDED], D.REJECTED),
        "withdraw": step([D.PROPOSED, D.APPRAISED, D.DECIDED], D.WITHDRAWN),
        "sell": step([D.APPROVED], D.SOLD),
        "reuse": step([D.SOLD], D.REUSED),
    },
)
