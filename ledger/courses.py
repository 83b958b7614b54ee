"""Which way do a plan and a payment go? Their tables of transitions."""

from assets.models import ObjectKind
from assets.procedure.states import Machine, step
from ledger.models import PlanState as P

OPEN_STATES = (P.DRAFT, P.DECIDED, P.NOTICED, P.SUPERVISED, P.REVIEWED, P.APPROVED)

PLAN_MACHINE = Machine(
    kind=ObjectKind.PLAN,
    states=P,
    steps={
        "draft": step([""], P.DRAFT),
        "decide": step([P.DRAFT, P.RETURNED], P.DECIDED),
        "notice": step([P.DECIDED], P.NOTICED),
        "supervise": step([P.NOTICED], P.SUPERVISED),
        "review": step([P.SUPERVISED], P.REVIEWED),
        "approve": step([P.REVIEWED], P.APPROVED),
        "file": step([P.REVIEWED, P.APPROVED], P.FILED),
        "post": step([P.FILED], P.POSTED),
        "pay": step([P.POSTED, P.PAYING], P.PAYING),
        "complete": step([P.PAYING, P.POSTED], P.COMPLETED),
        "withdraw": step([P.DRAFT, P.DECIDED, P.RETURNED], P.WITHDRAWN),
        "return": step([P.NOTICED, P.SUPERVISED, P.REVIEWED, P.APPROVED, P.FILED], P.RETURNED),
    },
)

PAYABLE_STATES = (P.POSTED, P.PAYING)
