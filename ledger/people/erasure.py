"""May a household's personal data be erased, and what is left then? Key and look-ups go, codes stay.

While the household shares in aid, erasing is refused; while accounts with it must be kept, its data
are restricted instead. Amounts, votes and the log are never touched: later prints say 已依法删除. The
workbooks a list came in with are sealed evidence of their own and follow the term of the archive.
"""

from datetime import date

from dateutil.relativedelta import relativedelta
from sqlalchemy import func
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from assets import trail
from assets.asof import AsOf
from assets.errors import AlreadyDone, NotFound, Refused, SeparationOfDuties
from assets.masking import refuse_personal_numbers
from assets.models import DataKey
from assets.procedure.evidence import vault_of
from assets.trail import Act
from ledger.models import (
    Entitlement,
    Erasure,
    Household,
    PersonVersion,
    Plan,
    Roster,
    RosterLine,
    Voucher,
    VoucherLine,
)
from ledger.people.households import ON_ROSTER, household_by_code, household_fact, latest, members
from ledger.people.persons import drop_index, forget_on_rollback

RETENTION_YEARS = 30
"""How long vouchers and payment lists are kept. 依据: 内部约定 (会计凭证保管30年)."""


def erase(session: Session, act: Act, household_code: str, reason: str) -> Erasure:
    """Erase the personal data sealed for a household, or restrict them while a term still runs.

    The outcome is on the row: ERASED or RESTRICTED; a restriction ends by erasing after the term.

    Raises:
        Refused: The household still shares in aid, or no reason is given.
        AlreadyDone: Erased before, or restricted and the term still runs.
        NotFound: No such household, or nothing sealed for it.

    依据: 个人信息保护法 (deletion, restriction while the law demands keeping)
    """
    household = household_by_code(session, household_code)
    until = kept_until(session, household)
    outcome = "RESTRICTED" if until is not None and until > act.on else "ERASED"
    done = session.exec(
        select(Erasure).where(Erasure.owner == household_code).order_by(col(Erasure.id))
    ).all()
    with trail.entry(
        session,
        act,
        "erasure",
        household_code,
        stage=f"{outcome}/{len(done)}",
        what=f"{'限制处理' if outcome == 'RESTRICTED' else '删除'}户{household_code}的个人信息",
    ) as written:
        _refuse_groundless(session, act, household, reason)
        key = session.get(DataKey, household_code)
        if key is None and not done:
            raise NotFound("已登记的个人信息，户", household_code)
        if key is None or (key.restricted and outcome == "RESTRICTED"):
            raise AlreadyDone(f"处理户{household_code}的个人信息", done[-1].entry_id)
        if outcome == "RESTRICTED":
            key.restricted = True
        else:
            _erase_key(session, household_code)
        return written.add(Erasure(owner=household_code, outcome=outcome, reason=reason))


def kept_until(session: Session, household: Household) -> date | None:
    """The last day of the term for which accounts with this household are kept, or None.

    依据: 内部约定 (会计凭证保管30年，自最后一笔所在年度终了起算)
    """
    newest = [
        session.exec(
            select(func.max(Voucher.dated_on)).where(
                VoucherLine.household_id == household.id, Voucher.id == VoucherLine.voucher_id
            )
        ).one(),
        session.exec(
            select(func.max(Plan.period_to)).where(
                Entitlement.household_id == household.id, Plan.id == Entitlement.plan_id
            )
        ).one(),
        session.exec(
            select(func.max(Roster.cut_off_on)).where(
                RosterLine.household_id == household.id, Roster.id == RosterLine.roster_id
            )
        ).one(),
    ]
    days = [_day(each) for each in newest if each is not None]
    if not days:
        return None
    return date(max(days).year, 12, 31) + relativedelta(years=RETENTION_YEARS)


def _day(value: date | str) -> date:
    """SQLite gives the maximum of a column back as text."""
    return date.fromisoformat(value) if isinstance(value, str) else value


def _refuse_groundless(session: Session, act: Act, household: Household, reason: str) -> None:
    if not act.actor.strip():
        raise SeparationOfDuties("没有写明行为人。请用 --actor 指明由谁决定。")
    if not reason.strip():
        raise Refused("删除个人信息须写明理由和依据文件。请补充。")
    refuse_personal_numbers(reason, "理由")
    fact = household_fact(session, household.id, AsOf())
    sharing = fact is not None and fact.status in ON_ROSTER
    if sharing and members(session, household.id, AsOf()):
        raise Refused(
            f"户{household.code}仍在名册中，发放需要其信息，不能删除。"
            "请先办理退出名单，再申请删除。"
        )


def _erase_key(session: Session, owner: str) -> None:
    vault = vault_of(session)
    forget_on_rollback(session, vault)
    sealed = session.exec(select(PersonVersion.person_id).where(PersonVersion.owner == owner)).all()
    elsewhere = session.exec(
        select(PersonVersion.person_id).where(
            col(PersonVersion.person_id).in_(set(sealed)), PersonVersion.owner != owner
        )
    ).all()
    # Who has moved on is sealed again under the present household and stays findable there.
    drop_index(session, sorted(set(sealed) - set(_still_held(session, set(elsewhere), owner))))
    vault.erase(session, owner)


def _still_held(session: Session, people: set[int], owner: str) -> list[int]:
    newest = latest(PersonVersion, "person_id", AsOf(), sorted(people))
    rows = session.execute(
        columns(newest.c.person_id).where(newest.c.rank == 1, newest.c.owner != owner)
    ).all()
    return [row[0] for row in rows]
