"""What has an audit frozen, by which order, and may it change again?

A freeze is a row that names an object, a closed period, a paper or a plan's payments; the database
refuses every change to what it names (``ledger.guards``). Current wages and subsidies go on unless
an order names the payments. Lifting is another row; nothing is deleted.
"""

from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, select

from assets import trail
from assets.asof import AsOf
from assets.columns import Labelled
from assets.divisions_register import district_code
from assets.errors import InvalidValue, NotFound, Refused
from assets.models import Asset, Evidence, Freeze, HandoverAct, Party, Role, TitleAct
from assets.procedure.actors import require_role
from assets.trail import Act
from ledger.models import Household, Plan

LIFT = "LIFT"
ORDERED_BY = (Role.AUDITOR, Role.FINANCE)
"""Who orders and lifts a freeze. 依据: 审计法."""


class FreezeKind(Labelled):
    """What can be frozen (冻结对象)."""

    ASSET = "ASSET", "资产"
    PLAN = "PLAN", "分配方案"
    PAYMENT = "PAYMENT", "方案支付"
    TITLE = "TITLE", "确权"
    HANDOVER = "HANDOVER", "移交"
    HOUSEHOLD = "HOUSEHOLD", "农户"
    PERIOD = "PERIOD", "会计期间"
    EVIDENCE = "EVIDENCE", "材料"


@dataclass(frozen=True)
class Standing:
    """A freeze and, where it was lifted, when and by which document."""

    freeze: Freeze
    lifted_on: date | None
    lifted_by: str

    def holds(self, on: date) -> bool:
        """Whether it stands on a day."""
        ended = self.freeze.valid_to is not None and self.freeze.valid_to < on
        return self.freeze.valid_from <= on and not ended and self.lifted_on is None


def freeze(
    session: Session,
    act: Act,
    code: str,
    kind: FreezeKind,
    object_code: str,
    *,
    document: str,
    until: date | None = None,
) -> Freeze:
    """Freeze one object, period, paper or plan's payments by a written order.

    A period is written as party and year or month: ``V440203102203/2019``, ``*/201912``.

    Raises:
        AlreadyDone: The same freeze was recorded before.
        NotFound: The object is not registered.
        InvalidValue: No document, or the last day is before the first.
        NoSuchRole: The person may not order a freeze.

    依据: 审计法; 内部约定 (a freeze covers closed periods, named objects and evidence)
    """
    with trail.entry(session, act, "freeze", code, what=f"审计冻结{code}") as written:
        require_role(session, act, ORDERED_BY, district_code(session))
        if not document.strip():
            raise InvalidValue("没有写明冻结依据的文件。请用 --document 写明文号。")
        if until is not None and until < act.on:
            raise InvalidValue(f"冻结截止日{until}早于起始日{act.on}。请重填。")
        if session.exec(select(Freeze.id).where(Freeze.code == code)).first() is not None:
            raise Refused(f"冻结编号{code}已用于另一事项。请换一个编号。")
        _require_known(session, kind, object_code)
        return written.add(
            Freeze(
                code=code,
                object_kind=kind.value,
                object_code=object_code,
                ordered_by=act.actor,
                document=document,
                valid_from=act.on,
                valid_to=until,
            )
        )


def lift(session: Session, act: Act, code: str, *, document: str) -> Freeze:
    """Lift a freeze by a written order; the freeze stays on record.

    Raises:
        AlreadyDone: It was lifted before.
        NotFound: There is no such freeze.
        InvalidValue: No document.

    依据: 审计法
    """
    with trail.entry(session, act, "freeze-lift", code, what=f"解除冻结{code}") as written:
        require_role(session, act, ORDERED_BY, district_code(session))
        stands = session.exec(select(Freeze).where(Freeze.code == code)).one_or_none()
        if stands is None or stands.object_kind == LIFT:
            raise NotFound("审计冻结", code)
        if not document.strip():
            raise InvalidValue("没有写明解除依据的文件。请用 --document 写明文号。")
        return written.add(
            Freeze(
                code=f"{code}-解除",
                object_kind=LIFT,
                object_code=code,
                ordered_by=act.actor,
                document=document,
                valid_from=act.on,
            )
        )


def freezes(session: Session, at: AsOf | None = None) -> list[Standing]:
    """Every freeze ordered, with its lifting where there is one, by code."""
    at = at or AsOf()
    rows = session.exec(
        select(Freeze)
        .where(col(Freeze.entry_id) <= at.position, col(Freeze.valid_from) <= at.day)
        .order_by(Freeze.code)
    ).all()
    lifted = {row.object_code: row for row in rows if row.object_kind == LIFT}
    return [
        Standing(
            row,
            lifted[row.code].valid_from if row.code in lifted else None,
            lifted[row.code].document if row.code in lifted else "",
        )
        for row in rows
        if row.object_kind != LIFT
    ]


def _require_known(session: Session, kind: FreezeKind, code: str) -> None:
    """A freeze that names nothing would protect nothing."""
    if kind is FreezeKind.PERIOD:
        party, slash, period = code.partition("/")
        known = party == "*" or _has(session, Party.code, party)
        if not slash or len(period) not in (4, 6) or not period.isdigit() or not known:
            raise InvalidValue(f"期间“{code}”写法不对，应为 主体编码/2019 或 */201912。")
        return
    columns = {
        FreezeKind.ASSET: Asset.code,
        FreezeKind.PLAN: Plan.code,
        FreezeKind.PAYMENT: Plan.code,
        FreezeKind.HOUSEHOLD: Household.code,
        FreezeKind.EVIDENCE: Evidence.sha256,
    }
    if kind in columns:
        known = _has(session, columns[kind], code)
    else:
        table = TitleAct.code if kind is FreezeKind.TITLE else HandoverAct.code
        known = _has(session, table, code)
    if not known:
        raise NotFound(kind.label, code)


def _has(session: Session, column: str, code: str) -> bool:
    return session.exec(select(column).where(col(column) == code)).first() is not None
