"""What waits for whom, until when, and which papers are missing? One list over all procedures.

Each query gives the objects that stand before one step; the step says which office takes it and
with which command. Nothing is stored: a task disappears when its step has been taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import bindparam, text
from sqlmodel import Session

from assets.asof import AsOf
from assets.columns import Day
from assets.divisions import is_within
from assets.models import Role
from assets.procedure.actors import appointments, roles_of
from ledger.flags.rule import PRELUDE, in_dialect, prelude_of


@dataclass(frozen=True)
class Step:
    """One step that may be waited for: who takes it, what it is called, how it is done.

    ``query`` gives code, division, since, due and remark; ``after_days`` sets a due day where the
    query has none. ``fupin`` is the command, ``{code}`` filled in.
    """

    name: str
    roles: tuple[Role, ...]
    what: str
    query: str
    fupin: str
    after_days: int | None = None


@dataclass(frozen=True)
class Task:
    """One thing that waits: the object, the office, the persons who may do it, the last day."""

    step: str
    what: str
    code: str
    division_code: str
    roles: tuple[Role, ...]
    people: tuple[str, ...]
    since: date | None
    due_on: date | None
    remark: str
    fupin: str

    def days_left(self, on: date) -> int | None:
        """Days until the last day; negative when it is over, None without one."""
        return None if self.due_on is None else (self.due_on - on).days

    @property
    def offices(self) -> str:
        """The offices that may do it."""
        return "、".join(role.label for role in self.roles)


_PLAN = (
    "SELECT p.code, p.division, e.happened_on AS since, {due} AS due, p.title AS remark "
    "FROM live_plan p JOIN current_state e ON e.object_kind = 'PLAN' AND e.object_code = p.code "
    "{more} WHERE p.state IN ({states})"
)
_POSTED = (
    "JOIN (SELECT object_code, max(ends_on) AS ends_on FROM notice WHERE object_kind = 'PLAN' "
    "AND kind = 'NOTICE' GROUP BY object_code) n ON n.object_code = p.code"
)
_TITLE = (
    "SELECT t.code, t.village_code AS division, {since} AS since, {due} AS due, '' AS remark "
    "FROM title_act t "
    "LEFT JOIN (SELECT object_code, max(held_on) AS held_on FROM decision WHERE is_valid "
    "AND object_kind = 'TITLE' AND stage = 'RESOLVE' GROUP BY object_code) d "
    "ON d.object_code = t.code "
    "LEFT JOIN (SELECT object_code, max(ends_on) AS ends_on FROM notice "
    "WHERE object_kind = 'TITLE' GROUP BY object_code) n ON n.object_code = t.code "
    "LEFT JOIN (SELECT object_code, max(CASE WHEN stage = 'SUPERVISE' THEN acted_on END) AS "
    "supervised_on, max(CASE WHEN stage = 'TOWN_REVIEW' THEN acted_on END) AS reviewed_on "
    "FROM stage_act WHERE object_kind = 'TITLE' AND agreed GROUP BY object_code) s "
    "ON s.object_code = t.code "
    "LEFT JOIN (SELECT DISTINCT title_act_id FROM title_certificate) c ON c.title_act_id = t.id "
    "WHERE t.proposed_on <= :on AND c.title_act_id IS NULL AND {stands}"
)


def _plan(states: str, *, due: str = "NULL", more: str = "", extra: str = "") -> str:
    quoted = ", ".join(f"'{state}'" for state in states.split())
    return _PLAN.format(states=quoted, due=due, more=more) + extra


def _title(stands: str, *, since: str = "t.proposed_on", due: str = "NULL") -> str:
    return _TITLE.format(stands=stands, since=since, due=due)


STEPS: tuple[Step, ...] = (
    Step(
        "title-decide",
        (Role.COMMITTEE,),
        "确权待四议和决议",
        _title("d.held_on IS NULL"),
        "fupin title decide {code}",
    ),
    Step(
        "title-notice",
        (Role.CLERK,),
        "确权决议后待公示",
        _title("d.held_on IS NOT NULL AND n.ends_on IS NULL", since="d.held_on"),
        "fupin title notice {code}",
    ),
    Step(
        "title-supervise",
        (Role.SUPERVISION,),
        "确权公示期满待监督意见",
        _title("n.ends_on < :on AND s.supervised_on IS NULL", since="n.ends_on"),
        "fupin title opinion {code} --stage SUPERVISE",
    ),
    Step(
        "title-review",
        (Role.TOWN_AGRICULTURE,),
        "确权待镇审核",
        _title(
            "s.supervised_on IS NOT NULL AND s.reviewed_on IS NULL",
            since="s.supervised_on",
        ),
        "fupin title opinion {code} --stage TOWN_REVIEW",
    ),
    Step(
        "title-confirm",
        (Role.AGRICULTURE,),
        "确权待区确认发证",
        _title("s.reviewed_on IS NOT NULL", since="s.reviewed_on"),
        "fupin title confirm {code}",
    ),
    Step(
        "handover-prepare",
        (Role.AGRICULTURE,),
        "已确权待移交",
        "SELECT f.code, f.division_code AS division, e.happened_on AS since, NULL AS due, "
        "f.title AS remark FROM current_state e JOIN current_asset f ON f.code = e.object_code "
        "WHERE e.object_kind = 'ASSET' AND e.to_state IN ('CONFIRMED', 'REFUSED')",
        "fupin handover prepare … --asset {code}",
        after_days=90,
    ),
    Step(
        "handover-answer",
        (Role.COMMITTEE,),
        "移交清单待接收意见",
        "SELECT h.code, h.village_code AS division, h.prepared_on AS since, NULL AS due, "
        "CAST(count(*) AS TEXT) || '件' AS remark FROM handover_act h "
        "JOIN handover_item i ON i.handover_act_id = h.id "
        "LEFT JOIN handover_answer w ON w.handover_item_id = i.id "
        "WHERE w.id IS NULL AND h.prepared_on <= :on GROUP BY h.code, h.village_code, h.prepared_on",
        "fupin handover accept {code}",
    ),
    Step(
        "handover-book",
        (Role.CLERK, Role.TOWN_FINANCE),
        "已接收待入账",
        "SELECT h.code, h.village_code AS division, max(w.answered_on) AS since, NULL AS due, "
        "CAST(count(*) AS TEXT) || '件' AS remark FROM handover_act h "
        "JOIN handover_item i ON i.handover_act_id = h.id "
        "JOIN handover_answer w ON w.handover_item_id = i.id AND w.outcome <> 'REFUSED' "
        "LEFT JOIN handover_booking b ON b.asset_id = i.asset_id "
        "WHERE b.id IS NULL AND w.answered_on <= :on GROUP BY h.code, h.village_code",
        "fupin handover book {code}",
        after_days=30,
    ),
    Step(
        "handover-remedy",
        (Role.AGRICULTURE,),
        "保留接收事项待整改",
        "SELECT f.code, f.division_code AS division, w.answered_on AS since, "
        "w.remedy_due_on AS due, w.reservation AS remark FROM handover_answer w "
        "JOIN handover_item i ON i.id = w.handover_item_id "
        "JOIN current_asset f ON f.asset_id = i.asset_id "
        "JOIN current_state e ON e.object_kind = 'ASSET' AND e.object_code = f.code "
        "WHERE w.outcome = 'RESERVED' AND e.to_state = 'ACCEPTED_WITH_RESERVATIONS'",
        "fupin handover show {code}",
    ),
    Step(
        "plan-decide",
        (Role.COMMITTEE, Role.TOWN_AGRICULTURE),
        "方案待四议和决议",
        _plan("DRAFT"),
        "fupin plan decide {code}",
    ),
    Step(
        "plan-notice",
        (Role.CLERK, Role.TOWN_AGRICULTURE),
        "方案决议后待公示",
        _plan("DECIDED"),
        "fupin plan notice {code}",
    ),
    Step(
        "plan-posted",
        (Role.CLERK, Role.TOWN_AGRICULTURE),
        "方案公示中",
        _plan("NOTICED", due="n.ends_on", more=_POSTED, extra=" AND n.ends_on >= :on"),
        "fupin plan show {code}",
    ),
    Step(
        "plan-supervise",
        (Role.SUPERVISION,),
        "方案公示期满待监督意见",
        _plan("NOTICED", more=_POSTED, extra=" AND n.ends_on < :on"),
        "fupin plan supervise {code}",
    ),
    Step(
        "plan-review",
        (Role.TOWN_AGRICULTURE,),
        "方案待镇审核",
        _plan("SUPERVISED"),
        "fupin plan review {code}",
    ),
    Step(
        "plan-file",
        (Role.AGRICULTURE,),
        "方案待区审批备案",
        _plan("REVIEWED APPROVED"),
        "fupin plan file {code}",
    ),
    Step(
        "plan-post",
        (Role.CLERK, Role.TOWN_FINANCE),
        "方案备案后待记账",
        _plan("FILED"),
        "fupin plan post {code}",
    ),
    Step(
        "plan-pay",
        (Role.TOWN_FINANCE,),
        "应发款待编制支付批次",
        "SELECT p.code, p.division, min(p.drafted_on) AS since, NULL AS due, "
        "CAST(count(*) AS TEXT) || '笔未支付' AS remark FROM live_plan p "
        "JOIN entitlement n ON n.plan_id = p.id "
        "LEFT JOIN payment_line l ON l.entitlement_id = n.id "
        "WHERE l.id IS NULL AND p.state IN ('POSTED', 'PAYING') GROUP BY p.code, p.division",
        "fupin pay batch {code}",
    ),
    Step(
        "objection",
        (Role.TOWN_AGRICULTURE, Role.COMMITTEE),
        "异议待书面答复",
        "SELECT o.code, coalesce(n.village_code, '') AS division, o.received_on AS since, "
        "o.answer_due_on AS due, o.object_code AS remark FROM objection o "
        "LEFT JOIN objection_answer w ON w.objection_id = o.id "
        "LEFT JOIN (SELECT object_kind, object_code, min(village_code) AS village_code FROM notice "
        "GROUP BY object_kind, object_code) n ON n.object_kind = o.object_kind "
        "AND n.object_code = o.object_code WHERE w.id IS NULL AND o.received_on <= :on",
        "fupin plan object {code}",
    ),
    Step(
        "notice-end",
        (Role.CLERK,),
        "公示期满待登记撤下",
        "SELECT n.object_code AS code, n.village_code AS division, n.ends_on AS since, "
        "NULL AS due, n.place AS remark FROM notice n LEFT JOIN notice_end e ON e.notice_id = n.id "
        "WHERE e.id IS NULL AND n.ends_on < :on",
        "fupin import notices …",
    ),
    Step(
        "income-statement",
        (Role.AGENCY,),
        "结转机构到账待确认结转",
        "SELECT f.code || '/' || CAST(r.income_year AS TEXT) AS code, f.division_code AS division, "
        "min(r.arrived_on) AS since, NULL AS due, CAST(count(*) AS TEXT) || '笔' AS remark "
        "FROM receipt r JOIN party p ON p.id = r.receiver_party_id AND p.kind = 'AGENCY' "
        "JOIN current_asset f ON f.asset_id = r.asset_id "
        "LEFT JOIN statement_source u ON u.receipt_id = r.id WHERE u.id IS NULL "
        "AND r.money_kind = 'INCOME' AND r.arrived_on <= :on "
        "GROUP BY f.code, r.income_year, f.division_code",
        "fupin income statement --year …",
        after_days=30,
    ),
    Step(
        "income-pass",
        (Role.AGENCY,),
        "结转单待拨付",
        "SELECT s.code, f.division_code AS division, s.confirmed_on AS since, NULL AS due, "
        "CAST(count(*) AS TEXT) || '个权利人' AS remark FROM plant_statement s "
        "JOIN current_asset f ON f.asset_id = s.asset_id "
        "JOIN statement_line l ON l.plant_statement_id = s.id AND l.amount_fen > 0 "
        "LEFT JOIN transfer t ON t.statement_line_id = l.id "
        "WHERE t.id IS NULL AND s.confirmed_on <= :on AND EXISTS (SELECT 1 FROM statement_source u "
        "JOIN receipt r ON r.id = u.receipt_id "
        "JOIN party p ON p.id = r.receiver_party_id AND p.kind = 'AGENCY' "
        "WHERE u.plant_statement_id = s.id) GROUP BY s.code, f.division_code, s.confirmed_on",
        "fupin income pass {code}",
        after_days=30,
    ),
    Step(
        "plan-draft",
        (Role.CLERK, Role.TOWN_AGRICULTURE),
        "收益已到账待拟定方案",
        "SELECT y.code, coalesce(y.division_code, '') AS division, "
        "min(coalesce(t.passed_on, s.confirmed_on)) AS since, NULL AS due, "
        "CAST(count(*) AS TEXT) || '笔' AS remark FROM statement_line l "
        "JOIN plant_statement s ON s.id = l.plant_statement_id "
        "JOIN current_party y ON y.party_id = l.holder_party_id "
        "LEFT JOIN transfer t ON t.statement_line_id = l.id "
        "LEFT JOIN (SELECT DISTINCT n.statement_line_id FROM plan_income n "
        "JOIN live_plan p ON p.id = n.plan_id) i ON i.statement_line_id = l.id "
        "WHERE i.statement_line_id IS NULL AND l.amount_fen > 0 AND s.confirmed_on <= :on "
        "GROUP BY y.code, y.division_code",
        "fupin plan draft … --holder {code}",
    ),
    Step(
        "batch-release",
        (Role.TOWN_FINANCE, Role.FINANCE),
        "支付批次待复核",
        "SELECT b.code, p.division, b.made_on AS since, NULL AS due, '' AS remark "
        "FROM payment_batch b JOIN live_plan p ON p.id = b.plan_id LEFT JOIN stage_act s "
        "ON s.object_kind = 'BATCH' AND s.object_code = b.code AND s.stage = 'RELEASE' "
        "WHERE s.id IS NULL AND b.made_on <= :on",
        "fupin pay release {code}",
    ),
    Step(
        "batch-export",
        (Role.TOWN_FINANCE,),
        "支付批次待导出银行文件",
        "SELECT b.code, p.division, b.made_on AS since, NULL AS due, '' AS remark "
        "FROM payment_batch b JOIN live_plan p ON p.id = b.plan_id JOIN stage_act s "
        "ON s.object_kind = 'BATCH' AND s.object_code = b.code AND s.stage = 'RELEASE' "
        "LEFT JOIN batch_export x ON x.payment_batch_id = b.id "
        "WHERE x.id IS NULL AND b.rail <> 'CASH' AND b.made_on <= :on",
        "fupin pay export {code} --out …",
    ),
    Step(
        "batch-result",
        (Role.TOWN_FINANCE,),
        "支付批次待银行回盘",
        "SELECT b.code, p.division, b.made_on AS since, NULL AS due, "
        "CAST(count(*) AS TEXT) || '笔' AS remark FROM payment_batch b "
        "JOIN live_plan p ON p.id = b.plan_id JOIN payment_line l ON l.payment_batch_id = b.id "
        "JOIN batch_export x ON x.payment_batch_id = b.id "
        "LEFT JOIN payment_result r ON r.payment_line_id = l.id "
        "WHERE r.id IS NULL AND b.made_on <= :on GROUP BY b.code, p.division, b.made_on",
        "fupin import payment-results …",
        after_days=10,
    ),
    Step(
        "batch-reissue",
        (Role.TOWN_FINANCE,),
        "退汇待核实重发",
        "SELECT b.code, p.division, min(r.happened_on) AS since, NULL AS due, "
        "CAST(count(*) AS TEXT) || '笔退汇' AS remark FROM payment_batch b "
        "JOIN live_plan p ON p.id = b.plan_id JOIN payment_line l ON l.payment_batch_id = b.id "
        "JOIN payment_result r ON r.payment_line_id = l.id AND r.outcome = 'RETURNED' "
        "LEFT JOIN (SELECT DISTINCT reissue_of FROM payment_line WHERE reissue_of > 0) n "
        "ON n.reissue_of = l.id WHERE n.reissue_of IS NULL AND r.happened_on <= :on "
        "GROUP BY b.code, p.division",
        "fupin pay reissue {code}",
        after_days=30,
    ),
    Step(
        "contract-due",
        (Role.CLERK, Role.TOWN_AGRICULTURE),
        "合同应收三十日内到期",
        "SELECT o.code, f.division_code AS division, u.due_on AS since, u.due_on AS due, "
        "f.title AS remark FROM contract_due u JOIN operation_contract o ON o.id = u.contract_id "
        "JOIN current_asset f ON f.asset_id = o.asset_id "
        "WHERE u.due_on BETWEEN :on AND :soon",
        "fupin income due",
    ),
    Step(
        "contract-end",
        (Role.COMMITTEE, Role.TOWN_AGRICULTURE),
        "合同六十日内到期或已到期，待续签",
        "SELECT o.code, f.division_code AS division, o.starts_on AS since, o.ends_on AS due, "
        "f.title AS remark FROM operation_contract o JOIN current_asset f "
        "ON f.asset_id = o.asset_id WHERE o.ends_on <= :later AND NOT EXISTS (SELECT 1 "
        "FROM operation_contract n WHERE n.asset_id = o.asset_id AND n.ends_on > o.ends_on)",
        "fupin import contracts …",
    ),
    Step(
        "hold",
        (Role.TOWN_FINANCE, Role.TOWN_AGRICULTURE),
        "暂缓发放待处理",
        "SELECT p.code || '/' || h.code AS code, p.division, p.drafted_on AS since, NULL AS due, "
        "w.reason_code AS remark FROM withholding w JOIN live_plan p ON p.id = w.plan_id "
        "JOIN household h ON h.id = w.household_id WHERE w.outcome = 'WITHHELD' AND w.id = "
        "(SELECT max(x.id) FROM withholding x WHERE x.plan_id = w.plan_id "
        "AND x.household_id = w.household_id)",
        "fupin plan show {code}",
    ),
    Step(
        "finding",
        (),
        "疑点整改待办",
        "SELECT x.code, '' AS division, x.raised_on AS since, x.due_on AS due, "
        "x.owner_code AS remark FROM finding x LEFT JOIN finding_close c ON c.finding_id = x.id "
        "WHERE c.id IS NULL AND x.raised_on <= :on",
        "fupin audit finding show {code}",
    ),
    Step(
        "month-close",
        (Role.TOWN_FINANCE, Role.CLERK),
        "待月结",
        "SELECT y.code || '/' || CAST(min(v.month) AS TEXT) AS code, "
        "coalesce(y.division_code, '') AS division, min(v.dated_on) AS since, NULL AS due, "
        "CAST(count(DISTINCT v.month) AS TEXT) || '个月有凭证未结' AS remark FROM voucher v "
        "JOIN book_entity e ON e.id = v.entity_id JOIN current_party y ON y.party_id = e.party_id "
        "LEFT JOIN month_close c ON c.entity_id = v.entity_id AND c.month = v.month "
        "WHERE c.id IS NULL AND v.month < MONTH(:on) GROUP BY y.code, y.division_code",
        "fupin book close --month …",
    ),
    Step(
        "paper-missing",
        (Role.CLERK, Role.TOWN_AGRICULTURE),
        "已声明缺失的资料待补",
        "SELECT g.object_code AS code, coalesce(f.division_code, '') AS division, "
        "g.declared_on AS since, NULL AS due, g.missing AS remark FROM declared_gap g "
        "LEFT JOIN current_asset f ON f.code = g.object_code WHERE g.declared_on <= :on",
        "fupin asset show {code}",
    ),
)
"""依据: 内部约定 (the order of the district's procedures; due days as the flag rules count them)."""


def tasks(session: Session, on: date, *, division: str = "", actor: str = "") -> list[Task]:
    """Everything that waits on a day, the nearest last day first.

    ``division`` keeps a town's or village's; ``actor`` what that person's offices may do, and the
    findings that person owns.
    """
    holders = _Holders(session, on)
    found = [task for step in STEPS for task in _of(session, step, on, holders)]
    if division:
        found = [task for task in found if _within(task.division_code, division)]
    if actor:
        held = roles_of(session, actor, on)
        found = [
            task
            for task in found
            if actor in task.people
            or any(
                role.role in task.roles and _within(task.division_code, role.division_code)
                for role in held
            )
        ]
    return sorted(found, key=lambda each: (each.due_on or date.max, each.division_code, each.code))


def _within(division: str, area: str) -> bool:
    """Whether a place is in an area; what has no place is the district's own matter."""
    if not division:
        return area.endswith("000000")
    return is_within(division, area)


def _of(session: Session, step: Step, on: date, holders: "_Holders") -> list[Task]:
    made = []
    for row in _rows(session, step.query, on):
        since, due = _day(row.since), _day(row.due)
        if due is None and step.after_days is not None and since is not None:
            due = since + timedelta(days=step.after_days)
        people = (row.remark,) if step.name == "finding" else holders.of(step.roles, row.division)
        made.append(
            Task(
                step.name,
                step.what,
                row.code,
                row.division,
                step.roles,
                people,
                since,
                due,
                row.remark or "",
                step.fupin.format(code=row.code.partition("/")[0]),
            )
        )
    return made


def _rows(session: Session, query: str, on: date) -> Sequence[Any]:
    parts = [f"{name} AS ({PRELUDE[name]})" for name in prelude_of(query)]
    whole = f"WITH {', '.join(parts)} {query}" if parts else query
    days = {"on": on, "soon": on + timedelta(days=30), "later": on + timedelta(days=60)}
    used = {name: day for name, day in days.items() if f":{name}" in whole}
    said = in_dialect(whole, session.connection().dialect.name)
    binds = [bindparam(name, type_=Day()) for name in used]
    return session.execute(text(said).bindparams(*binds), used).all()


def _day(value: date | str | None) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value


class _Holders:
    """Who holds which office where, asked once."""

    def __init__(self, session: Session, on: date) -> None:
        self.held = [
            each
            for each in appointments(session, AsOf(on))
            if each.valid_to is None or each.valid_to >= on
        ]
        self.known: dict[tuple[tuple[Role, ...], str], tuple[str, ...]] = {}

    def of(self, roles: tuple[Role, ...], division: str) -> tuple[str, ...]:
        """The persons who may take a step in a place."""
        key = (roles, division)
        if key not in self.known:
            self.known[key] = tuple(
                sorted(
                    {
                        each.actor_code
                        for each in self.held
                        if each.role in roles and _within(division, each.division_code)
                    }
                )
            )
        return self.known[key]
