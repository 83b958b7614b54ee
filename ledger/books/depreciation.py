"""How much does an asset wear in a month? Straight line over its useful months (年限平均法).

An asset wears from the month after it is in use (or booked, if later): its net book value divided
by the months that remain, the odd fen in the last month. Land and things without a useful life do
not wear; memorandum books keep none.
"""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func
from sqlalchemy import select as rows_of
from sqlmodel import Session, col, select

from assets import trail
from assets.asof import AsOf, current_rows
from assets.errors import Refused
from assets.models import Asset, AssetClass, AssetFact
from assets.registration import disposed_days
from assets.trail import Act, Entry
from ledger.books.posting import (
    CONVERSION,
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
    """What the books say of one asset: cost, wear so far, and how far its useful life has run.

    ``starts_month`` is the month in use (or booked); ``run_months`` are the months already worn
    before the books began together with those booked since.
    """

    asset_id: int
    asset_code: str
    form: str
    asset_class: str
    cost_fen: int
    worn_fen: int
    starts_month: int
    run_months: int
    life_months: int

    def wear_fen(self, month: int) -> int:
        """What the asset loses in a month; 0 before its first and after its net value is gone."""
        net = self.cost_fen - self.worn_fen
        if months_between(self.starts_month, month) < 1 or net <= 0:
            return 0
        return month_share(net, self.life_months - self.run_months)


@dataclass
class _Booked:
    cost_fen: int = 0
    brought_fen: int = 0
    worn_fen: int = 0
    first_month: int = 0
    times: int = 0


def cards(session: Session, party_id: int, at: AsOf) -> list[Card]:
    """The assets on a village's books that wear, by asset code, as of a day and position.

    An asset wears for the last time in the month in which it was disposed of.

    依据: 财会〔2004〕12号; 财会〔2023〕14号 (固定资产)
    """
    booked = _booked(session, party_id, at)
    gone = disposed_days(session, at)
    codes = {asset.id: asset.code for asset in session.exec(select(Asset)).all()}
    found = []
    for fact in current_rows(session, AssetFact, ("asset_id",), at):
        one = booked.get(fact.asset_id)
        if one is None or one.cost_fen <= 0 or not fact.life_months:
            continue
        if fact.asset_id in gone and month_of(gone[fact.asset_id]) < month_of(at.day):
            continue
        starts, before = _starts(fact, one)
        found.append(
            Card(
                asset_id=fact.asset_id,
                asset_code=str.__str__(codes[fact.asset_id]),
                form=str.__str__(fact.form),
                asset_class=str.__str__(fact.asset_class),
                cost_fen=one.cost_fen,
                worn_fen=one.brought_fen + one.worn_fen,
                starts_month=starts,
                run_months=before + one.times,
                life_months=fact.life_months,
            )
        )
    return sorted(found, key=lambda card: card.asset_code)


def _starts(fact: AssetFact, one: _Booked) -> tuple[int, int]:
    """The month from which the useful life counts, and the months run before the books began.

    A cost that came with wear counts from its day in use; one booked new from its booking.
    """
    in_use = month_of(fact.in_use_on or fact.acquired_on)
    if not one.brought_fen:
        return max(in_use, one.first_month), 0
    return in_use, max(0, months_between(in_use, one.first_month) - 1)


def _booked(session: Session, party_id: int, at: AsOf) -> dict[int, _Booked]:
    """Asset id → what its lines on cost and wear accounts come to."""
    entity = entity_of(session, party_id)
    keys = (col(Dimension.asset_id), col(Account.code), col(Voucher.kind))
    rows = session.execute(
        rows_of(
            *keys,
            func.sum(col(VoucherLine.side) * col(VoucherLine.amount_fen)),
            func.min(col(Voucher.month)),
            func.count(col(Voucher.id).distinct()),
        )
        .select_from(Voucher)
        .join(
            VoucherLine,
            col(VoucherLine.id).between(col(Voucher.first_line_id), col(Voucher.last_line_id)),
        )
        .join(Account, col(Account.id) == col(VoucherLine.account_id))
        .join(Dimension, col(Dimension.id) == col(VoucherLine.dimension_id))
        .where(
            col(Voucher.entity_id) == entity.id,
            col(Voucher.dated_on) <= at.day,
            col(Voucher.entry_id) <= at.position,
            col(Voucher.kind) != CONVERSION,
            col(Account.code).in_((*PROPERTY_CODES, *WEAR_CODES)),
        )
        .group_by(*keys)
    ).all()
    found: dict[int, _Booked] = {}
    for asset_id, code, kind, fen, month, times in rows:
        one = found.setdefault(int(asset_id), _Booked())
        if kind == DEPRECIATION:
            one.worn_fen -= int(fen)
            one.times += int(times)
        elif code in WEAR_CODES and kind == "REVERSAL":
            one.worn_fen -= int(fen)
            one.times -= int(times)
        elif code in WEAR_CODES:
            one.brought_fen -= int(fen)
        else:
            one.cost_fen += int(fen)
            one.first_month = min(one.first_month or int(month), int(month))
    return found


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
    reversals = select(Voucher.reverses_voucher_id).where(
        Voucher.entity_id == entity.id, col(Voucher.reverses_voucher_id).is_not(None)
    )
    rows = session.exec(
        select(Voucher.concerns_period).where(
            Voucher.entity_id == entity.id,
            Voucher.kind == DEPRECIATION,
            col(Voucher.concerns_period).between(year * 100 + 1, year * 100 + 12),
            col(Voucher.id).not_in(reversals),
        )
    ).all()
    return set(rows)


def keeps_depreciation(session: Session, party_id: int) -> bool:
    """Whether an institution's book depreciates: villages do, memorandum books do not."""
    entity = find_entity(session, party_id)
    return entity is not None and not entity.memorandum
