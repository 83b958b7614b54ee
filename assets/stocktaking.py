"""What is really there? A stocktaking campaign (清查盘点) of one village, asset by asset.

The campaign's list is the register of the village on its day; each asset is counted once, a
difference carries a coded reason, and each reason says what is to be done next. A thing found
that nobody has registered is registered first (``fupin import assets``), then counted.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from sqlmodel import Session, col, select

from assets import trail
from assets.asof import AsOf
from assets.divisions_register import titles
from assets.errors import InvalidValue, NotFound, Refused
from assets.models import AssetState, DifferenceReason, StockCount, StockCountLine
from assets.procedure.actors import refuse_auditor
from assets.registration import AssetRow, asset_rows
from assets.trail import Act

NEXT_STEP: dict[DifferenceReason, str] = {
    DifferenceReason.LOST: "申请处置（灭失核销）：fupin disposal propose",
    DifferenceReason.DAMAGED: "登记状况并维修或处置：fupin asset condition",
    DifferenceReason.MOVED: "更正坐落：fupin import assets",
    DifferenceReason.TAKEN: "限期追回，登记状况",
    DifferenceReason.SOLD_UNRECORDED: "补办处置：fupin disposal propose",
    DifferenceReason.MISREGISTERED: "更正卡片：fupin import assets",
    DifferenceReason.SURPLUS: "补登卡片数量：fupin import assets",
    DifferenceReason.UNKNOWN: "查明原因后重新盘点",
}
"""What follows from each reason of a difference."""

MORE_FOUND = frozenset({DifferenceReason.SURPLUS, DifferenceReason.MISREGISTERED})
"""Reasons for finding more than is registered."""


@dataclass(frozen=True)
class Finding:
    """What was found of one asset: a decimal quantity in the register's unit, and why it differs."""

    asset_code: str
    found_quantity: str
    reason: DifferenceReason | None = None


@dataclass(frozen=True)
class CountedLine:
    """One asset of a campaign; ``found_quantity`` is None until it was counted."""

    asset: AssetRow
    booked_quantity: str
    found_quantity: str | None
    reason: DifferenceReason | None


@dataclass(frozen=True)
class Progress:
    """How far a campaign is: assets on its list, counted, and counted with a difference."""

    code: str
    village_code: str
    counted_on: date
    assets: int
    counted: int
    different: int

    @property
    def complete(self) -> bool:
        """Whether every asset on the list was counted."""
        return self.counted == self.assets


def quantity_of(text: str) -> Fraction:
    """A quantity as an exact number.

    Raises:
        InvalidValue: Not a number, or negative.

    依据: 内部约定 (exact; 1.25 公里 is 1.250 公里)

    >>> quantity_of("1.250") == quantity_of("1.25")
    True
    """
    try:
        value = Fraction(text.strip())
    except (ValueError, ZeroDivisionError):
        raise InvalidValue(f"数量“{text}”不是数字。请写数字，例如 1 或 12.5。") from None
    if value < 0 or "/" in text:
        raise InvalidValue(f"数量“{text}”不成立。请写不小于0的数字，例如 1 或 12.5。")
    return value


def difference_fault(booked: str, found: str, reason: DifferenceReason | None) -> str:
    """Why a finding cannot stand, as a Chinese sentence, or ''.

    依据: 内部约定 (every difference has a coded reason, and only a difference has one)

    >>> difference_fault("1", "1", None)
    ''
    >>> difference_fault("2", "1", None)
    '账上2、实有1，要写差异原因'
    """
    more = quantity_of(found) - quantity_of(booked)
    if more == 0:
        moved = reason in (None, *_AT_SAME_QUANTITY)
        return "" if moved else f"账上与实有都是{found}，不能写“{reason.label if reason else ''}”"
    if reason is None:
        return f"账上{booked}、实有{found}，要写差异原因"
    if more > 0 and reason not in MORE_FOUND:
        return f"实有{found}多于账上{booked}，原因只能是盘盈或登记有误"
    if more < 0 and reason is DifferenceReason.SURPLUS:
        return f"实有{found}少于账上{booked}，不是盘盈"
    return ""


_AT_SAME_QUANTITY = (DifferenceReason.DAMAGED, DifferenceReason.MOVED, DifferenceReason.TAKEN)


def start(session: Session, act: Act, code: str, village_code: str) -> StockCount:
    """Begin a campaign in a village on the act's day.

    Raises:
        NotFound: No such village.
        Refused: The village has no assets to count, or the code is taken.

    依据: 国办函〔2021〕51号 (全面摸清底数)
    """
    with trail.entry(session, act, "stock-count", code, what=f"盘点{code}") as written:
        refuse_auditor(session, act)
        if village_code not in titles(session, AsOf(act.on)):
            raise NotFound("村", village_code)
        if session.exec(select(StockCount.id).where(StockCount.code == code)).first() is not None:
            raise Refused(f"盘点编号{code}已用过。请换一个编号。")
        if not _on_list(session, village_code, act.on):
            raise Refused(f"该村在{act.on}没有登记资产，无可盘点。请核对村名或先登记资产。")
        return written.add(StockCount(code=code, village_code=village_code, counted_on=act.on))


def campaign_by_code(session: Session, code: str) -> StockCount:
    """The campaign of that code.

    Raises:
        NotFound: There is none.
    """
    found = session.exec(select(StockCount).where(StockCount.code == code)).one_or_none()
    if found is None:
        raise NotFound("盘点", code)
    return found


def record(
    session: Session, act: Act, code: str, findings: Sequence[Finding]
) -> list[StockCountLine]:
    """Write what was found of some assets of a campaign.

    Raises:
        Refused: An asset is not on the list, was counted already, or its difference has no
            reason; all of them are named.

    依据: 国办函〔2021〕51号 (逐项核实)
    """
    stage = trail.digest_of(*(f"{x.asset_code}/{x.found_quantity}/{x.reason}" for x in findings))
    with trail.entry(
        session, act, "stock-line", code, stage=stage, what=f"盘点{code}结果"
    ) as written:
        refuse_auditor(session, act)
        campaign = campaign_by_code(session, code)
        if act.on < campaign.counted_on:
            raise Refused(f"盘点{code}自{campaign.counted_on}开始。请核对日期。")
        if not findings:
            raise Refused(f"盘点{code}没有写明资产。请用 --found 资产编号=数量，或 --rest-found。")
        listed = {line.asset.code: line for line in lines_of(session, campaign)}
        faults = list(_faults(findings, listed))
        if faults:
            raise Refused(f"盘点{code}：{'；'.join(faults)}。请更正后重新登记。")
        return [
            written.add(
                StockCountLine(
                    stock_count_id=campaign.id,
                    asset_id=listed[each.asset_code].asset.asset_id,
                    booked_quantity=listed[each.asset_code].booked_quantity,
                    found_quantity=each.found_quantity.strip(),
                    difference_reason=each.reason.value if each.reason else None,
                )
            )
            for each in findings
        ]


def _faults(findings: Iterable[Finding], listed: dict[str, CountedLine]) -> Iterable[str]:
    seen: set[str] = set()
    for each in findings:
        line = listed.get(each.asset_code)
        if line is None:
            yield f"资产{each.asset_code}不在该村的盘点清单上"
        elif line.found_quantity is not None or each.asset_code in seen:
            yield f"资产{each.asset_code}已盘点"
        else:
            fault = difference_fault(line.booked_quantity, each.found_quantity, each.reason)
            if fault:
                yield f"资产{each.asset_code}{fault}"
        seen.add(each.asset_code)


def as_registered(session: Session, campaign: StockCount) -> list[Finding]:
    """Findings that say every asset not yet counted is there as registered (账实相符)."""
    return [
        Finding(line.asset.code, line.booked_quantity)
        for line in lines_of(session, campaign)
        if line.found_quantity is None
    ]


def lines_of(session: Session, campaign: StockCount) -> list[CountedLine]:
    """Every asset on a campaign's list with what was found, by asset code.

    依据: 内部约定 (the list is the register of the campaign's day; what was counted stays on it)
    """
    counted = {
        row.asset_id: row
        for row in session.exec(
            select(StockCountLine).where(StockCountLine.stock_count_id == campaign.id)
        ).all()
    }
    return [
        CountedLine(
            asset=row,
            booked_quantity=counted[row.asset_id].booked_quantity
            if row.asset_id in counted
            else row.quantity,
            found_quantity=counted[row.asset_id].found_quantity
            if row.asset_id in counted
            else None,
            reason=_reason(counted[row.asset_id]) if row.asset_id in counted else None,
        )
        for row in _on_list(session, campaign.village_code, campaign.counted_on, set(counted))
    ]


def _on_list(
    session: Session, village_code: str, on: date, counted: Iterable[int] = ()
) -> list[AssetRow]:
    kept = set(counted)
    return [
        row
        for row in asset_rows(session, AsOf(on), village=village_code)
        if row.acquired_on <= on and (row.state != AssetState.DISPOSED or row.asset_id in kept)
    ]


def _reason(line: StockCountLine) -> DifferenceReason | None:
    return next((each for each in DifferenceReason if each == line.difference_reason), None)


def campaigns(session: Session, at: AsOf, *, village: str = "") -> list[Progress]:
    """Every campaign begun by the day and how far it is, by code.

    依据: 内部约定 (a campaign is done when every asset on its list was counted)
    """
    statement = select(StockCount).where(
        col(StockCount.counted_on) <= at.day, col(StockCount.entry_id) <= at.position
    )
    if village:
        statement = statement.where(StockCount.village_code == village)
    found = []
    for campaign in session.exec(statement.order_by(StockCount.code)).all():
        lines = lines_of(session, campaign)
        found.append(
            Progress(
                code=campaign.code,
                village_code=campaign.village_code,
                counted_on=campaign.counted_on,
                assets=len(lines),
                counted=sum(line.found_quantity is not None for line in lines),
                different=sum(line.reason is not None for line in lines),
            )
        )
    return found


def differences(session: Session, at: AsOf) -> list[tuple[StockCount, CountedLine]]:
    """Every difference found by the day, by campaign and asset.

    依据: 国办函〔2021〕51号 (账实不符的查明原因)
    """
    rows = session.exec(
        select(StockCount)
        .where(col(StockCount.counted_on) <= at.day, col(StockCount.entry_id) <= at.position)
        .order_by(StockCount.code)
    ).all()
    return [
        (campaign, line)
        for campaign in rows
        for line in lines_of(session, campaign)
        if line.reason is not None
    ]
