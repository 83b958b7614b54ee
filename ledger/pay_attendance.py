"""Which wages have been earned? A month's attendance in a job becomes a wage that is due.

A plan's jobs fix who works where and for how much; only a month that was worked is owed. Recording
attendance writes the wage as due (应发) and books it in the month's name, while the plan stays as
it was decided. A replaced worker is a later row of the job, posted for information.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from assets import trail
from assets.errors import NotFound, Refused
from assets.masking import refuse_personal_numbers
from assets.models import ObjectKind
from assets.procedure.states import state_of
from assets.trail import Act, Entry
from ledger.books import posting as books
from ledger.courses import PAYABLE_STATES
from ledger.models import (
    Attendance,
    Channel,
    Entitlement,
    JobHolder,
    JobPost,
    Plan,
    PlanChannel,
)
from ledger.people.households import household_by_code, household_of
from ledger.people.persons import person_by_code

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

KEEPER_WORDS = ("电站", "光伏")
"""A job whose title says so keeps a plant; its wage is an operating cost, others' public cost."""


@dataclass(frozen=True)
class MonthWorked:
    """One month of one job; month YYYYMM, fen."""

    job_post_id: int
    household_id: int
    person_id: int
    month: int
    day_count: int
    earned_fen: int
    keeper: str
    source: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Recorded:
    """What one file of attendance brought."""

    months: int
    wages: int
    earned_fen: int


def last_month(post: JobPost) -> int:
    """The last month (YYYYMM) a job runs.

    依据: 内部约定 (a job ends with its last month)
    """
    return month_after(post.first_month, post.month_count - 1)


def month_after(month: int, count: int) -> int:
    """The month that lies a number of months after another, as YYYYMM.

    >>> month_after(201911, 3)
    202002

    依据: 内部约定 (months are counted as a calendar counts them)
    """
    ordinal = month // 100 * 12 + month % 100 - 1 + count
    return ordinal // 12 * 100 + ordinal % 12 + 1


def holder_in(holders: Sequence[JobHolder], month: int) -> JobHolder | None:
    """Who holds a job in a month: the latest row that has begun by then.

    依据: 内部约定 (a replacement is a later row)
    """
    begun = [each for each in holders if each.from_month <= month]
    return max(begun, key=lambda each: (each.from_month, each.id), default=None)


def job_channel(session: Session, plan_id: int) -> PlanChannel | None:
    """The channel of a plan out of which its jobs are paid.

    依据: 国开办发〔2017〕61号 (公益岗位)
    """
    return session.exec(
        select(PlanChannel)
        .where(PlanChannel.plan_id == plan_id, PlanChannel.channel == Channel.JOB)
        .order_by(col(PlanChannel.line_no))
    ).first()


def earned_so_far(session: Session, channel_ids: Sequence[int]) -> dict[int, int]:
    """Channel id → Σ fen already due out of it.

    依据: 内部约定 (what is due stays within the channel)
    """
    rows = session.exec(
        select(Entitlement.plan_channel_id, func.sum(Entitlement.amount_fen))
        .where(col(Entitlement.plan_channel_id).in_(channel_ids))
        .group_by(col(Entitlement.plan_channel_id))
    ).all()
    return {channel_id: int(total) for channel_id, total in rows}


def record_attendance(session: Session, written: Entry, rows: Sequence[MonthWorked]) -> Recorded:
    """Write attendance, the wages due by it and one voucher for each plan and month.

    Raises:
        Refused: The plan is not posted yet, has no job channel, or its wages would exceed it.
        NotOpened, ClosedPeriod: From the books.

    依据: 国开办发〔2017〕61号 (工资按考勤发放); 财会〔2004〕12号; 财会〔2023〕14号
    """
    for row in rows:
        written.add(
            Attendance(
                job_post_id=row.job_post_id,
                household_id=row.household_id,
                person_id=row.person_id,
                month=row.month,
                day_count=row.day_count,
                earned_fen=row.earned_fen,
                keeper=row.keeper,
                **row.source,
            )
        )
    session.flush()
    posts = _posts(session, {row.job_post_id for row in rows})
    by_plan: dict[int, list[MonthWorked]] = {}
    for row in rows:
        if row.earned_fen:
            by_plan.setdefault(posts[row.job_post_id].plan_id, []).append(row)
    for plan_id in sorted(by_plan):
        _earn(session, written, session.get_one(Plan, plan_id), posts, by_plan[plan_id])
    wages = [row for due in by_plan.values() for row in due]
    return Recorded(len(rows), len(wages), sum(row.earned_fen for row in wages))


def _posts(session: Session, ids: set[int]) -> dict[int, JobPost]:
    rows = session.exec(select(JobPost).where(col(JobPost.id).in_(sorted(ids)))).all()
    return {row.id: row for row in rows}


def require_payable(session: Session, plan: Plan) -> None:
    """Refuse what needs a plan that is posted.

    Raises:
        Refused: It is not posted yet, or no longer open.

    依据: 内部约定 (wages become payable by attendance under a posted plan)
    """
    state = state_of(session, ObjectKind.PLAN, plan.code)
    if state not in PAYABLE_STATES:
        raise Refused(
            f"方案{plan.code}还没有记账或已经办结，不能计发。请先办完决议、公示、审核、备案并记账。"
        )


def _earn(
    session: Session,
    written: Entry,
    plan: Plan,
    posts: Mapping[int, JobPost],
    rows: Sequence[MonthWorked],
) -> None:
    import numpy as np

    require_payable(session, plan)
    channel = job_channel(session, plan.id)
    if channel is None:
        raise Refused(f"方案{plan.code}没有公益岗位渠道，不能计发工资。请核对方案编号。")
    _refuse_excess(session, plan, channel, sum(row.earned_fen for row in rows))
    ordered = sorted(rows, key=lambda row: (row.month, row.job_post_id))
    count = len(ordered)
    written.bulk(
        Entitlement,
        {
            "plan_id": np.full(count, plan.id, dtype=np.int64),
            "plan_channel_id": np.full(count, channel.id, dtype=np.int64),
            "household_id": _column([row.household_id for row in ordered]),
            "person_id": _column([row.person_id for row in ordered]),
            "concerns_month": _column([row.month for row in ordered]),
            "amount_fen": _column([row.earned_fen for row in ordered]),
        },
    )
    for month in sorted({row.month for row in ordered}):
        _accrue(session, written, plan, posts, [row for row in ordered if row.month == month])


def _refuse_excess(session: Session, plan: Plan, channel: PlanChannel, more_fen: int) -> None:
    from assets.money import format_yuan

    before = earned_so_far(session, [channel.id]).get(channel.id, 0)
    if before + more_fen > channel.amount_fen:
        raise Refused(
            f"方案{plan.code}的公益岗位渠道共{format_yuan(channel.amount_fen)}元，"
            f"已计{format_yuan(before)}元，本次{format_yuan(more_fen)}元，超出部分没有资金。"
            "请核对考勤表，或先补充方案。"
        )


def _accrue(
    session: Session,
    written: Entry,
    plan: Plan,
    posts: Mapping[int, JobPost],
    rows: Sequence[MonthWorked],
) -> None:
    parts = []
    for event in ("wage_accrued", "keeper_wage_accrued"):
        owed = [row for row in rows if wage_event(posts[row.job_post_id]) == event]
        if owed:
            parts.append(
                books.packed_event(
                    session,
                    written,
                    event,
                    plan.holder_party_id,
                    written.act.on,
                    _column([row.household_id for row in owed]),
                    _column([row.earned_fen for row in owed]),
                    income_year=plan.income_year,
                    channel=Channel.JOB,
                )
            )
    month = rows[0].month
    books.post_packed(
        session,
        written,
        party_id=plan.holder_party_id,
        dated_on=written.act.on,
        kind="wage",
        summary=f"{plan.code} {month // 100}年{month % 100}月公益岗位劳务费",
        packed=books.join(parts),
        concerns=month,
        object_code=plan.code,
    )


def wage_event(post: JobPost) -> str:
    """Which posting books the wage of a job.

    依据: 内部约定 (a plant keeper's wage is an operating cost, other jobs are public)
    """
    keeps_plant = any(word in post.title for word in KEEPER_WORDS)
    return "keeper_wage_accrued" if keeps_plant else "wage_accrued"


def _column(values: Sequence[int]) -> "NDArray[np.int64]":
    import numpy as np

    return np.array(values, dtype=np.int64)


# --- replacing a worker ----------------------------------------------------------------------


def replace_worker(
    session: Session,
    act: Act,
    post_code: str,
    household_code: str,
    person_code: str,
    *,
    from_month: int,
    reason: str,
) -> JobHolder:
    """Give a job to another worker from a month (YYYYMM) on; an amendment of one line.

    Raises:
        NotFound: No such job, household or person.
        Refused: No reason, a month outside the job or already worked, or not of that household.

    依据: 内部约定 (replacing a worker amends one line and is posted for information)
    """
    with trail.entry(
        session,
        act,
        "job-replace",
        post_code,
        stage=f"{person_code}/{from_month}",
        what=f"岗位{post_code}换人",
    ) as written:
        post = session.exec(select(JobPost).where(JobPost.code == post_code)).one_or_none()
        if post is None:
            raise NotFound("岗位", post_code)
        household = household_by_code(session, household_code)
        person = person_by_code(session, person_code)
        _refuse_replacement(session, post, household.id, person.id, from_month, reason)
        return written.add(
            JobHolder(
                job_post_id=post.id,
                household_id=household.id,
                person_id=person.id,
                from_month=from_month,
                reason=reason,
            )
        )


def _refuse_replacement(
    session: Session, post: JobPost, household_id: int, person_id: int, month: int, reason: str
) -> None:
    from assets.asof import AsOf

    if not reason.strip():
        raise Refused("岗位换人要写明原因。")
    refuse_personal_numbers(reason, "换人原因")
    if not post.first_month <= month <= last_month(post):
        raise Refused(
            f"岗位{post.code}只在{post.first_month}至{last_month(post)}之间，请核对月份。"
        )
    worked = session.exec(
        select(func.max(Attendance.month)).where(Attendance.job_post_id == post.id)
    ).one()
    if worked is not None and worked >= month:
        raise Refused(f"岗位{post.code}的考勤已登记到{worked}，换人应从以后的月份开始。")
    first = date(month // 100, month % 100, 1)
    if household_of(session, person_id, AsOf(day=first)) != household_id:
        raise Refused("换上的人员当月不是该户成员，请核对户编号和人编号。")
