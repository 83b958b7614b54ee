"""How does attendance enter the book? One row per job and month; each becomes a wage that is due."""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlmodel import Session, col, select

from assets.asof import AsOf
from assets.errors import RowProblem
from assets.intake import Batch, Handler, Outcome, Row
from assets.intake.registered import Codes, refuse_nothing_new, taken_in, taking_in
from assets.models import ObjectKind
from assets.money import format_yuan
from assets.procedure.states import states_of
from assets.trail import Act
from ledger.books.posting import entities
from ledger.courses import PAYABLE_STATES
from ledger.models import Attendance, Household, JobHolder, JobPost, MonthClose, Person, Plan
from ledger.pay_attendance import (
    MonthWorked,
    earned_so_far,
    holder_in,
    job_channel,
    last_month,
    record_attendance,
)
from ledger.people.events import deaths


@dataclass(frozen=True)
class _Known:
    """What the book knows of plans, jobs, holders and months already worked."""

    plans: Mapping[str, Plan]
    posts: Mapping[str, JobPost]
    holders: Mapping[int, Sequence[JobHolder]]
    households: Mapping[str, int]
    persons: Mapping[str, int]
    worked: Mapping[tuple[int, int], Attendance]


def _known(session: Session) -> _Known:
    holders: dict[int, list[JobHolder]] = {}
    for each in session.exec(select(JobHolder).order_by(col(JobHolder.id))).all():
        holders.setdefault(each.job_post_id, []).append(each)
    return _Known(
        {each.code: each for each in session.exec(select(Plan)).all()},
        {each.code: each for each in session.exec(select(JobPost)).all()},
        holders,
        dict(session.exec(select(Household.code, Household.id)).all()),
        dict(session.exec(select(Person.code, Person.id)).all()),
        {(each.job_post_id, each.month): each for each in session.exec(select(Attendance)).all()},
    )


def month_of(row: Row) -> int:
    """The month of a row as YYYYMM."""
    day: date = row["work_month"]
    return day.year * 100 + day.month


def check(session: Session, batch: Batch, on: date) -> list[RowProblem]:
    """Every problem of the rows against plans, jobs, holders and what was recorded before.

    依据: 国开办发〔2017〕61号 (工资按考勤发放)
    """
    if taken_in(session, batch):
        return []
    problems: list[RowProblem] = []
    known = _known(session)
    plans = Codes("分配方案", known.plans)
    posts = Codes("岗位", known.posts)
    households = Codes("农户", known.households)
    persons = Codes("人员", known.persons)
    states = states_of(session, ObjectKind.PLAN)
    closed = _books_closed(session, on)
    died = deaths(session, known.persons.values(), AsOf(day=on))
    fresh: dict[str, list[Row]] = {}
    for row in batch.rows:
        plan = plans.find(row, "plan_code", problems)
        post = posts.find(row, "post_code", problems)
        household = households.find(row, "household_code", problems)
        person = persons.find(row, "person_code", problems)
        if plan is None or post is None or household is None or person is None:
            continue
        before = len(problems)
        problems += _row_problems(row, plan, post, on)
        problems += _who_problems(row, known, post, household, person, died)
        problems += _again_problems(row, known, post, household, person)
        if (post.id, month_of(row)) in known.worked:
            continue
        if states.get(plan.code) not in PAYABLE_STATES:
            problems.append(
                row.problem(
                    "plan-not-posted",
                    "plan_code",
                    f"方案{plan.code}还没有记账。",
                    "请先办完决议、公示、审核、备案并记账（fupin plan post）。",
                )
            )
        elif plan.holder_party_id in closed:
            problems.append(
                row.problem(
                    "month-closed",
                    "plan_code",
                    f"方案{plan.code}所在专账{on.year}年{on.month}月没有启用或已结账。",
                    "请用 --on 换一个未结账月份的日期。",
                )
            )
        if len(problems) == before:
            fresh.setdefault(plan.code, []).append(row)
    problems += _excess_problems(session, known, fresh)
    return problems


def _books_closed(session: Session, on: date) -> set[int]:
    """Parties in whose book nothing can be dated on that day."""
    month = on.year * 100 + on.month
    closed = set(session.exec(select(MonthClose.entity_id).where(MonthClose.month == month)).all())
    open_ = {
        entity.party_id
        for entity, _ in entities(session)
        if entity.opened_on <= on and entity.id not in closed
    }
    holders = set(session.exec(select(Plan.holder_party_id)).all())
    return holders - open_


def _row_problems(row: Row, plan: Plan, post: JobPost, on: date) -> list[RowProblem]:
    found = []
    month = month_of(row)
    if post.plan_id != plan.id:
        message = f"岗位{post.code}不属于方案{plan.code}。"
        found.append(row.problem("post-of-other-plan", "post_code", message, "请核对方案和岗位。"))
    if not post.first_month <= month <= last_month(post):
        message = f"岗位{post.code}只设{post.first_month}至{last_month(post)}。"
        found.append(
            row.problem("month-outside-job", "work_month", message, "请核对月份或方案岗位。")
        )
    if row["work_month"] > on:
        found.append(
            row.problem("month-to-come", "work_month", "这个月还没有到。", "请到月后再报考勤。")
        )
    days_max = monthrange(row["work_month"].year, row["work_month"].month)[1]
    if not 0 <= row["days_count"] <= days_max:
        message = f"出勤天数应在0到{days_max}天之间。"
        found.append(row.problem("days-impossible", "days_count", message, "请核对考勤记录。"))
    found += _wage_problems(row, post)
    return found


def _wage_problems(row: Row, post: JobPost) -> list[RowProblem]:
    found = []
    if row["earned_fen"] < 0:
        found.append(
            row.problem("amount-sign", "earned_fen", "应发金额不能为负数。", "请核对金额。")
        )
    if row["earned_fen"] > post.monthly_fen:
        message = f"超过岗位月标准{format_yuan(post.monthly_fen)}元。"
        found.append(row.problem("wage-above-rate", "earned_fen", message, "请核对应发金额。"))
    if row["days_count"] == 0 and row["earned_fen"] > 0:
        found.append(
            row.problem("wage-without-work", "earned_fen", "没有出勤却有应发金额。", "请核对。")
        )
    return found


def _who_problems(
    row: Row,
    known: _Known,
    post: JobPost,
    household: int,
    person: int,
    died: Mapping[int, date],
) -> list[RowProblem]:
    month = month_of(row)
    if (post.id, month) in known.worked:
        return []
    found = []
    holder = holder_in(known.holders.get(post.id, ()), month)
    if holder is None or (holder.household_id, holder.person_id) != (household, person):
        found.append(
            row.problem(
                "not-the-holder",
                "person_code",
                f"该人{month}不在岗位{post.code}上。",
                "换人请先登记（fupin pay replace），再报考勤。",
            )
        )
    last = died.get(person)
    if last is not None and last.year * 100 + last.month < month:
        found.append(
            row.problem(
                "worker-deceased",
                "person_code",
                f"该人已于{last}亡故。",
                "请核对考勤，先办理换人。",
            )
        )
    return found


def _again_problems(
    row: Row, known: _Known, post: JobPost, household: int, person: int
) -> list[RowProblem]:
    before = known.worked.get((post.id, month_of(row)))
    if before is None:
        return []
    same = (before.household_id, before.person_id, before.day_count, before.earned_fen)
    if same == (household, person, row["days_count"], row["earned_fen"]):
        return []
    message = f"岗位{post.code}{month_of(row)}的考勤已登记，内容不同。"
    return [
        row.problem("month-taken", "work_month", message, "已登记的考勤不改写，请核对后更正凭证。")
    ]


def _excess_problems(
    session: Session, known: _Known, fresh: Mapping[str, Sequence[Row]]
) -> list[RowProblem]:
    found = []
    for code, rows in fresh.items():
        channel = job_channel(session, known.plans[code].id)
        limit = channel.amount_fen if channel is not None else 0
        due = earned_so_far(session, [channel.id]).get(channel.id, 0) if channel is not None else 0
        for row in rows:
            due += row["earned_fen"]
            if due > limit:
                message = f"方案{code}的公益岗位渠道只有{format_yuan(limit)}元，到这一行已超出。"
                found.append(
                    row.problem("channel-exceeded", "earned_fen", message, "请核对，或先补充方案。")
                )
                break
    return found


def apply(session: Session, act: Act, batch: Batch) -> Outcome:
    """Record the months that are new; their wages become due and are booked.

    依据: 国开办发〔2017〕61号
    """
    with taking_in(session, act, batch) as written:
        known = _known(session)
        rows = [
            row
            for row in batch.rows
            if (known.posts[row["post_code"]].id, month_of(row)) not in known.worked
        ]
        before = max((each.entry_id for each in known.worked.values()), default=0)
        refuse_nothing_new(batch, written, len(rows), before)
        recorded = record_attendance(
            session, written, [_month_worked(batch, row, known) for row in rows]
        )
    return Outcome(
        written.id,
        {"考勤": recorded.months, "应发笔数": recorded.wages, "应发（分）": recorded.earned_fen},
    )


def _month_worked(batch: Batch, row: Row, known: _Known) -> MonthWorked:
    return MonthWorked(
        job_post_id=known.posts[row["post_code"]].id,
        household_id=known.households[row["household_code"]],
        person_id=known.persons[row["person_code"]],
        month=month_of(row),
        day_count=row["days_count"],
        earned_fen=row["earned_fen"],
        keeper=row["recorded_by"],
        source=batch.source(row),
    )


def export(session: Session) -> list[dict[str, Any]]:
    """All attendance as rows of the workbook.

    依据: 内部约定 (export → import is the identity)
    """
    households, persons = (
        dict(session.exec(select(model.id, model.code)).all()) for model in (Household, Person)
    )
    rows = session.exec(
        select(Attendance, JobPost.code, Plan.code)
        .join(JobPost, col(JobPost.id) == col(Attendance.job_post_id))
        .join(Plan, col(Plan.id) == col(JobPost.plan_id))
        .order_by(col(Attendance.id))
    ).all()
    return [
        {
            "plan_code": plan,
            "post_code": post,
            "household_code": households[each.household_id],
            "person_code": persons[each.person_id],
            "work_month": date(each.month // 100, each.month % 100, 1),
            "days_count": each.day_count,
            "earned_fen": each.earned_fen,
            "recorded_by": each.keeper,
        }
        for each, post, plan in rows
    ]


HANDLER = Handler("attendance", check, apply, export)
