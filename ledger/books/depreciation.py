"""How much does an asset wear in a month? Straight line over its useful months (年限平均法).

An asset wears from the month after it is in use (or booked, if later): its net book value divided
by the months that remain, the odd fen in the last month. Land and things without a useful life do
not wear; memorandum books keep none.
"""

from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, select

from assets import trail
from assets.asof import AsOf, current_rows
from assets.errors import Refused
from assets.models import Asset, AssetClass, AssetFact
from assets.trail import Act, Entry
from ledger.books.balances import details
from ledger.books.posting import (
    Line,
    entity_of,
    event_lines,
    find_entity,
    month_of,
    post,
)
from ledger.models import Account, BookEntity, Dimension, Voucher, VoucherLine

DEPRECIATION = "DEPRECIATION"
PROPERTY_CODES = ("151", "161", "132")
WEAR_CODES = ("152", "162", "133")


def month_share(net_fen: int, remaining_months: int) -> int:
    """What a net value loses in one of its remaining months, in fen; all of it in the last.

    >>> month_share(1_000, 3), month_share(667, 2), month_share(334, 1), month_share(5, 0)
    (333, 333, 334, 5)

    依据: 财会〔2023〕14号 (年限平均法)
    """
    return net_fen if remaining_months <= 1 else net_fen // remaining_months


def months_between(first: int, last: int) -> int:
    """Months from YYYYMM ``first`` to ``last``; 0 for the same month.

    >>> months_between(201912, 202002)
    2
    """
    return (last // 100 - first // 100) * 12 + last % 100 - first % 100


def month_end(month: int) -> date:
    """The last day of an accounting month YYYYMM.

    >>> month_end(202002)
    datetime.date(2020, 2, 29)
    """
    year, number = divmod(month, 100)
    following = date(year + number // 12, number % 12 + 1, 1)
    return date.fromordinal(following.toordinal() - 1)


@dataclass(frozen=True)
class Card:
    """What the books say of one asset: cost, wear so far, first month booked."""

    asset_id: int
    asset_code: str
    form: str
    asset_class: str
    cost_fen: int
    worn_fen: int
    starts_month: int
    life_months: int

    def wear_fen(self, month: int) -> int:
        """What the asset loses in a month; 0 before its first and after its net value is gone."""
        elapsed = months_between(self.starts_month, month) - 1
        net = self.cost_fen - self.worn_fen
        if elapsed < 0 or net <= 0:
            return 0
        return month_share(net, self.life_months - elapsed)


def cards(session: Session, party_id: int, at: AsOf) -> list[Card]:
    """The assets on a village's books that wear, by asset code, as of a day and position.

    依据: 财会〔2004〕12号; 财会〔2023〕14号 (固定资产)
    """
    cost: dict[int, int] = {}
    worn: dict[int, int] = {}
    for each in details(session, party_id, at):
        if each.code in PROPERTY_CODES:
            cost[each.facts.asset_id] = cost.get(each.facts.asset_id, 0) + each.balance_fen
        elif each.code in WEAR_CODES:
            worn[each.facts.asset_id] = worn.get(each.facts.asset_id, 0) - each.balance_fen
    booked = _booked_months(session, party_id)
    codes = {asset.id: asset.code for asset in session.exec(select(Asset)).all()}
    facts = current_rows(session, AssetFact, ("asset_id",), at)
    found = [
        Card(
            asset_id=fact.asset_id,
            asset_code=str.__str__(codes[fact.asset_id]),
            form=str.__str__(fact.form),
            asset_class=str.__str__(fact.asset_class),
            cost_fen=cost[fact.asset_id],
            worn_fen=worn.get(fact.asset_id, 0),
            starts_month=_starts(fact, booked[fact.asset_id], worn.get(fact.asset_id, 0)),
            life_months=fact.life_months,
        )
        for fact in facts
        if fact.life_months and cost.get(fact.asset_id, 0) > 0
    ]
    return sorted(found, key=lambda card: card.asset_code)


def _starts(fact: AssetFact, booked_month: int, worn_fen: int) -> int:
    """The month from which the useful life counts.

    The day in use; a cost first booked later without wear so far counts from its booking.
    """
    in_use = month_of(fact.in_use_on or fact.acquired_on)
    return in_use if worn_fen else max(in_use, booked_month)


def _booked_months(session: Session, party_id: int) -> dict[int, int]:
    from sqlalchemy import func
    from sqlalchemy import select as rows_of

    entity = entity_of(session, party_id)
    rows = session.execute(
        rows_of(col(Dimension.asset_id), func.min(col(Voucher.month)))
        .select_from(Voucher)
        .join(
            VoucherLine,
            col(VoucherLine.id).between(col(Voucher.first_line_id), col(Voucher.last_line_id)),
        )
        .join(Account, col(Account.id) == col(VoucherLine.account_id))
        .join(Dimension, col(Dimension.id) == col(VoucherLine.dimension_id))
        .where(col(Voucher.entity_id) == entity.id, col(Account.code).in_(PROPERTY_CODES))
        .group_by(col(Dimension.asset_id))
    ).all()
    return {int(asset_id): int(month) for asset_id, month in rows}


def depreciate_month(session: Session, act: Act, party_id: int, month: int) -> Voucher | None:
    """Book one month's depreciation of a village, dated on its last day; None where nothing wears.

    Raises:
        Refused: Nothing wears, or that month's depreciation is booked already.
        ClosedPeriod: The month is closed.

    依据: 财会〔2004〕12号; 财会〔2023〕14号 (按月计提)
    """
    with trail.entry(
        session, act, "depreciation", f"{party_id}/{month}", what=f"{month}折旧"
    ) as written:
        voucher = depreciate_within(session, written, party_id, month)
        if voucher is None:
            raise Refused(f"{month}没有需要计提折旧的资产。请核对资产卡片的使用年限和启用日期。")
        return voucher


def depreciate_within(
    session: Session, written: Entry, party_id: int, month: int, *, dated_on: date | None = None
) -> Voucher | None:
    """Book a month's depreciation inside an entry another verb has opened.

    依据: 财会〔2004〕12号; 财会〔2023〕14号
    """
    day = dated_on or month_end(month)
    lines: list[Line] = []
    for card in cards(session, party_id, AsOf(day)):
        fen = card.wear_fen(month)
        if not fen:
            continue
        public = card.asset_class == AssetClass.PUBLIC_WELFARE
        lines += event_lines(
            session,
            "depreciation_public" if public else "depreciation_operating",
            party_id,
            day,
            fen,
            asset_id=card.asset_id,
            form=card.form,
        )
    if not lines:
        return None
    return post(
        session,
        written,
        party_id=party_id,
        dated_on=day,
        kind=DEPRECIATION,
        summary=f"计提{month // 100}年{month % 100}月折旧",
        lines=lines,
        concerns=month,
    )


def depreciated_months(session: Session, entity: BookEntity, year: int) -> set[int]:
    """The months of a year whose depreciation is booked, whenever it was.

    依据: 内部约定 (十二次折旧)
    """
    rows = session.exec(
        select(Voucher.concerns_period).where(
            Voucher.entity_id == entity.id,
            Voucher.kind == DEPRECIATION,
            col(Voucher.concerns_period).between(year * 100 + 1, year * 100 + 12),
        )
    ).all()
    return set(rows)


def keeps_depreciation(session: Session, party_id: int) -> bool:
    """Whether an institution's book depreciates: villages do, memorandum books do not."""
    entity = find_entity(session, party_id)
    return entity is not None and not entity.memorandum
