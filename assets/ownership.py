"""Whose is it? The six rights over an asset, each with holders, from a day on, on a document.

All rows of one right written at once for one day form a version; the latest version on or before
a day holds. Ownership and benefit of a version sum to exactly one; an unsettled part is held by
the coded 权属待定, so that the sum stays one. Operation may be shared; the rights to distribute,
dispose and supervise are lists of bodies, each with the whole right.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from sqlmodel import Session, col, select

from assets import trail
from assets.asof import AsOf
from assets.classification import refuse_ownerless_distribution
from assets.columns import INT64_MAX, Labelled, label_of
from assets.errors import Refused
from assets.models import (
    AssetClass,
    AssetRight,
    FundContribution,
    Party,
    PartyKind,
    RightKind,
    ShareBasis,
)
from assets.parties import UNCLEAR_CODE, party_by_code, unclear_party
from assets.registration import asset_by_code
from assets.remarks import Remark
from assets.trail import Act, Entry

Share = tuple[int, int, int]
"""A holder's party id and the numerator and denominator of its part."""

WHOLE_RIGHTS = (RightKind.OWN, RightKind.BENEFIT)
"""Rights whose parts sum to exactly one. 依据: 内部约定 (Σ = 1 for ownership and benefit)."""

LISTED_RIGHTS = (RightKind.DISTRIBUTE, RightKind.DISPOSE, RightKind.SUPERVISE)
"""Rights that are lists of bodies. 依据: 内部约定 (they decide, they have no part)."""


class UnclearReason(Labelled):
    """Why nobody is known to hold a part (权属待定原因)."""

    PENDING = "PENDING", "尚未议定"
    SEVERAL_FUNDS = "SEVERAL_FUNDS", "多方投入未划分"
    PAPERS_MISSING = "PAPERS_MISSING", "资料缺失"
    DISPUTE = "DISPUTE", "权属争议"
    NOT_REGISTERED = "NOT_REGISTERED", "权利人未登记"


NEXT_STEP = "提交成员（村民）代表会议议定后重新登记"


@dataclass(frozen=True)
class Part:
    """One holder's part of a right to be written; no holder means 权属待定."""

    holder_party_id: int | None
    numerator: int = 1
    denominator: int = 1
    unclear_reason: UnclearReason = UnclearReason.PENDING
    next_step: str = NEXT_STEP


class SharesNotWhole(Refused):
    """The parts of ownership or benefit do not sum to exactly one (份额之和不为一)."""


def version_fault(kind: RightKind, parts: Sequence[Part]) -> str:
    """Why parts cannot be a version of a right, or ''; a Chinese sentence without the remedy.

    依据: 内部约定 (Σ = 1 holds for ownership and benefit)

    >>> version_fault(RightKind.OWN, [Part(1, 1, 3), Part(2, 2, 3)])
    ''
    >>> version_fault(RightKind.OWN, [Part(1, 33333, 100000), Part(2, 66663, 100000)])
    '所有权份额之和为24999/25000（0.99996），不等于1。'
    """
    if not parts:
        return f"{kind.label}没有权利人。"
    holders = [part.holder_party_id for part in parts]
    if len(set(holders)) < len(holders):
        return f"{kind.label}中同一权利人出现两次。"
    if any(not 0 < part.numerator <= part.denominator for part in parts):
        return f"{kind.label}有份额不在0和1之间。"
    total = sum(Fraction(part.numerator, part.denominator) for part in parts)
    if kind in WHOLE_RIGHTS and total != 1:
        return f"{kind.label}份额之和为{total}（{_decimal(Fraction(total))}），不等于1。"
    if kind is RightKind.OPERATE and total > 1 and any(p.numerator < p.denominator for p in parts):
        return f"{kind.label}份额之和为{total}，大于1。"
    return ""


def _decimal(value: Fraction) -> str:
    """A fraction to six decimals, cut off, without idle zeros; for reading only."""
    scaled = value.numerator * 1_000_000 // value.denominator
    return f"{scaled // 1_000_000}.{scaled % 1_000_000:06d}".rstrip("0").rstrip(".")


def set_shares(
    session: Session,
    act: Act,
    asset_code: str,
    kind: RightKind,
    parts: Sequence[Part],
    *,
    starts_on: date,
    basis: ShareBasis,
    document: str,
) -> list[AssetRight]:
    """Write a new version of one right of one asset.

    Raises:
        NotFound: No such asset.
        SharesNotWhole: Ownership or benefit does not sum to exactly one.
        Refused: A right to distribute without a holder.

    依据: 内部约定 (six rights, each with holder, from, basis and document)
    """
    stated = "".join(f"{p.holder_party_id}:{p.numerator}/{p.denominator};" for p in parts)
    stage = f"{kind.value}/{starts_on}/{trail.digest_of(stated, basis.value, document)[:16]}"
    what = f"登记{asset_code}的{kind.label}"
    with trail.entry(session, act, "asset-right", asset_code, stage=stage, what=what) as written:
        asset = asset_by_code(session, asset_code)
        if kind is RightKind.DISTRIBUTE:
            refuse_ownerless_distribution((p.holder_party_id for p in parts), asset_code)
        fault = version_fault(kind, parts)
        if fault:
            raise SharesNotWhole(f"资产{asset_code}：{fault}请核对各方份额。")
        rows = right_rows(session, written, asset.id, kind, parts, starts_on=starts_on, basis=basis)
        numbers = written.insert(AssetRight, [{**row, "document": document} for row in rows])
        return list(
            session.exec(
                select(AssetRight)
                .where(col(AssetRight.id).in_(numbers))
                .order_by(col(AssetRight.id))
            ).all()
        )


def right_rows(
    session: Session,
    written: Entry,
    asset_id: int,
    kind: RightKind,
    parts: Sequence[Part],
    *,
    starts_on: date,
    basis: ShareBasis,
) -> list[dict[str, Any]]:
    """The rows of one version, ready to insert once the document is added.

    依据: 内部约定 (an unsettled part is held by 权属待定 with code and next step)
    """
    rows = []
    for part in parts:
        unclear = part.holder_party_id is None
        holder = unclear_party(session, written).id if unclear else part.holder_party_id
        rows.append(
            {
                "asset_id": asset_id,
                "kind": kind.value,
                "holder_party_id": holder,
                "share_numerator": part.numerator,
                "share_denominator": part.denominator,
                "basis": basis.value,
                "unclear_reason": part.unclear_reason.value if unclear else None,
                "next_step": part.next_step if unclear else None,
                "valid_from": starts_on,
            }
        )
    return rows


def current_rights(
    session: Session, at: AsOf, *, asset_ids: Iterable[int] | None = None, kind: str = ""
) -> dict[tuple[int, str], list[AssetRight]]:
    """(asset id, right) → the rows of the version that holds as of ``at``, in the order written.

    依据: 内部约定 (superseded by later versions, never edited)
    """
    statement = select(AssetRight).where(
        col(AssetRight.valid_from) <= at.day, col(AssetRight.entry_id) <= at.position
    )
    if kind:
        statement = statement.where(AssetRight.kind == str.__str__(kind))
    if asset_ids is not None:
        statement = statement.where(col(AssetRight.asset_id).in_(list(asset_ids)))
    versions: dict[tuple[int, str], list[AssetRight]] = defaultdict(list)
    for row in session.exec(statement.order_by(col(AssetRight.id))).all():
        rows = versions[row.asset_id, row.kind]
        if rows and (row.valid_from, row.entry_id) > (rows[0].valid_from, rows[0].entry_id):
            rows.clear()
        if not rows or (row.valid_from, row.entry_id) == (rows[0].valid_from, rows[0].entry_id):
            rows.append(row)
    return dict(versions)


def shares_on(session: Session, asset_id: int, kind: RightKind, at: AsOf) -> list[Share]:
    """Who holds which part of a right as of a day: (party id, numerator, denominator), by party."""
    rows = current_rights(session, at, asset_ids=[asset_id], kind=kind).get(
        (asset_id, kind.value), []
    )
    return sorted((r.holder_party_id, r.share_numerator, r.share_denominator) for r in rows)


def all_shares(session: Session, kind: RightKind, at: AsOf) -> dict[int, list[Share]]:
    """Asset id → shares of a right as of a day, for the whole register."""
    return {
        asset_id: sorted((r.holder_party_id, r.share_numerator, r.share_denominator) for r in rows)
        for (asset_id, _), rows in current_rights(session, at, kind=kind).items()
    }


def assets_held(session: Session, party_id: int, kind: RightKind, at: AsOf) -> dict[int, Fraction]:
    """Asset id → the part of a right a party holds as of a day."""
    return {
        asset_id: Fraction(numerator, denominator)
        for asset_id, shares in all_shares(session, kind, at).items()
        for holder, numerator, denominator in shares
        if holder == party_id
    }


def versions_not_whole(session: Session, at: AsOf) -> list[tuple[int, str, Fraction]]:
    """(asset id, right, sum) of every holding version of ownership or benefit that is not one.

    依据: 内部约定 (Σ = 1 on any day)
    """
    found = []
    for (asset_id, kind), rows in current_rights(session, at).items():
        if kind not in WHOLE_RIGHTS:
            continue
        total = sum(Fraction(row.share_numerator, row.share_denominator) for row in rows)
        if total != 1:
            found.append((asset_id, kind, Fraction(total)))
    return found


def unclear_rights(session: Session, at: AsOf) -> list[AssetRight]:
    """Every part whose holder is 权属待定 as of a day, with reason and next step, by asset.

    依据: 内部约定 (counted in every report instead of left blank)
    """
    party = session.exec(select(Party.id).where(Party.code == UNCLEAR_CODE)).one_or_none()
    rows = [row for rows in current_rights(session, at).values() for row in rows]
    return sorted(
        (row for row in rows if row.holder_party_id == party),
        key=lambda row: (row.asset_id, row.id),
    )


def carry_shares(
    session: Session, act: Act, from_codes: Sequence[str], to_code: str, *, on: date, document: str
) -> int:
    """Let one party take over every part of every right that others hold, from a day on.

    For merged villages, and for a collective registered after its committee acted for it. Parts
    are added exactly and never normalised. Returns how many versions were written.

    Raises:
        NotFound: A party is not registered.
        Refused: The taker is among the givers, or they hold nothing on that day.

    依据: 内部约定 (a handover accepted by an acting committee passes by a name-change record)
    """
    obj, stage = to_code, f"{on}/{'+'.join(sorted(from_codes))}"
    what = f"权利由{'、'.join(from_codes)}转入{to_code}"
    with trail.entry(session, act, "carry-shares", obj, stage=stage, what=what) as written:
        taker = party_by_code(session, to_code).id
        givers = {party_by_code(session, code).id for code in from_codes}
        if taker in givers:
            raise Refused(f"转入方{to_code}同时在转出方中。请核对编码。")
        rows: list[dict[str, Any]] = []
        versions = 0
        for version in current_rights(session, AsOf(on)).values():
            if any(row.holder_party_id in givers for row in version):
                rows += _carried(version, givers, taker, on, document)
                versions += 1
        if not rows:
            raise Refused(f"{'、'.join(from_codes)}在{on}没有任何资产权利，无可转入。")
        written.insert(AssetRight, rows)
        return versions


def _carried(
    version: Sequence[AssetRight], givers: set[int], taker: int, on: date, document: str
) -> list[dict[str, Any]]:
    """One version with the givers' parts added to the taker's, exactly."""
    listed = version[0].kind in LISTED_RIGHTS
    parts: dict[int, Fraction] = {}
    first: dict[int, AssetRight] = {}
    for row in version:
        holder = taker if row.holder_party_id in givers else row.holder_party_id
        part = Fraction(row.share_numerator, row.share_denominator)
        parts[holder] = part if listed else parts.get(holder, Fraction(0)) + part
        first.setdefault(holder, row)
    assert all(part.denominator <= INT64_MAX for part in parts.values()), "a share fits its columns"
    return [
        {
            "asset_id": first[holder].asset_id,
            "kind": first[holder].kind,
            "holder_party_id": holder,
            "share_numerator": part.numerator,
            "share_denominator": part.denominator,
            "basis": first[holder].basis,
            "document": document,
            "unclear_reason": first[holder].unclear_reason,
            "next_step": first[holder].next_step,
            "valid_from": on,
        }
        for holder, part in parts.items()
    ]


def invested_parts(contributions: Iterable[FundContribution]) -> dict[int, Fraction]:
    """Party id → its part of the money that came with a contributor; empty when none did.

    A village that gave from several documents has the sum of them.

    依据: 内部约定 (holder share = Σ its contributions)
    """
    given: dict[int, int] = defaultdict(int)
    for each in contributions:
        if each.contributor_party_id is not None:
            given[each.contributor_party_id] += each.amount_fen
    total = sum(given.values())
    return {party_id: Fraction(amount, total) for party_id, amount in given.items()}


def holder_remark(
    kind: RightKind, asset_class: str, holder_kind: str, *, is_plant: bool, code: str
) -> Remark | None:
    """What is odd about a sort of holder for a right; nothing is refused.

    依据: 国能发新能〔2018〕29号 (companies may not hold village plants); 国办函〔2021〕51号
    """
    if kind not in WHOLE_RIGHTS:
        return None
    is_household = holder_kind == PartyKind.HOUSEHOLD
    label = label_of(PartyKind, holder_kind)
    if is_plant and holder_kind == PartyKind.COMPANY:
        message = f"光伏扶贫电站{code}的{kind.label}由企业持有，企业不得投资入股。"
        return Remark("company-holds-plant", "holder_code", message, code=code)
    if asset_class == AssetClass.HOUSEHOLD and not is_household:
        message = f"到户类资产{code}的{kind.label}由{label}持有，一般归农户。"
        return Remark("holder-unusual", "holder_code", message, code=code)
    if asset_class != AssetClass.HOUSEHOLD and is_household:
        message = f"{label_of(AssetClass, asset_class)}资产{code}的{kind.label}由农户持有。"
        return Remark("holder-unusual", "holder_code", message, code=code)
    return None
