"""What did each household get in a year? Wages and dividends apart, as the monitoring system asks.

A year is that in which the money arrived. What was clawed back is taken off in the year in which it
came back; what is in payment, returned or held back is not income yet.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func
from sqlmodel import Session, col, select

from assets.asof import AsOf
from ledger.models import (
    Channel,
    Entitlement,
    Household,
    PaymentLine,
    PaymentResult,
    PlanChannel,
)
from ledger.pay_holds import claw_backs
from ledger.people.households import household_rows

WORK = (Channel.JOB, Channel.WORKS)


@dataclass(frozen=True)
class HouseholdTotal:
    """A household's income of a year out of the books; fen."""

    household_code: str
    village_code: str
    village: str
    town: str
    jobs_fen: int
    dividend_fen: int

    @property
    def total_fen(self) -> int:
        """Both together."""
        return self.jobs_fen + self.dividend_fen


def paid_by_household(
    session: Session, first: date, last: date, at: AsOf | None = None
) -> dict[tuple[int, str], int]:
    """(household id, channel) → fen that arrived between two days, less what was given back.

    依据: 内部约定 (income counts when it arrives)
    """
    at = at or AsOf()
    rows = session.exec(
        select(PaymentLine.household_id, PlanChannel.channel, func.sum(PaymentLine.amount_fen))
        .join(PaymentResult, col(PaymentResult.payment_line_id) == col(PaymentLine.id))
        .join(Entitlement, col(Entitlement.id) == col(PaymentLine.entitlement_id))
        .join(PlanChannel, col(PlanChannel.id) == col(Entitlement.plan_channel_id))
        .where(
            PaymentResult.outcome == "PAID",
            col(PaymentResult.happened_on).between(first, min(last, at.day)),
            col(PaymentResult.entry_id) <= at.position,
        )
        .group_by(col(PaymentLine.household_id), col(PlanChannel.channel))
    ).all()
    found = {(household, channel): int(total) for household, channel, total in rows}
    for each in claw_backs(session):
        if first <= each.dated_on <= min(last, at.day):
            key = (each.household_id, each.channel)
            found[key] = found.get(key, 0) - each.amount_fen
    return found


def yearly_totals(
    session: Session,
    year: int,
    *,
    villages: Iterable[str] = (),
    town: str = "",
    at: AsOf | None = None,
) -> list[HouseholdTotal]:
    """Every household that got something in a year, by code, wages and dividends apart.

    依据: 内部约定 (the monitoring system asks for 公益性岗位收入 and 资产收益分红收入 apart)
    """
    first, last = date(year, 1, 1), date(year, 12, 31)
    at = at or AsOf(day=last)
    paid = paid_by_household(session, first, last, at)
    sums: dict[int, list[int]] = {}
    for (household, channel), fen in paid.items():
        pair = sums.setdefault(household, [0, 0])
        pair[0 if channel in WORK else 1] += fen
    wanted = set(villages)
    codes = dict(session.exec(select(Household.id, Household.code)).all())
    where = {row.household_id: row for row in household_rows(session, at, town=town)}
    totals = []
    for household in sorted(sums, key=lambda each: codes[each]):
        row = where.get(household)
        if (town or wanted) and (row is None or (wanted and row.village_code not in wanted)):
            continue
        totals.append(
            HouseholdTotal(
                household_code=codes[household],
                village_code=row.village_code if row is not None else "",
                village=row.village if row is not None else "",
                town=row.town if row is not None else "",
                jobs_fen=sums[household][0],
                dividend_fen=sums[household][1],
            )
        )
    return totals
