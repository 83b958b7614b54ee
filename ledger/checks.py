"""Does the whole book hold? Every promise checked again from disk, set by set, all faults listed.

``fupin check`` runs it, and every writing test ends with it. Each check is one or a few queries
that return the rows which break a promise; none looks at one row after the other.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import text
from sqlmodel import Session

from assets.trail.verify import newest_moment_us, verify
from ledger.books.balances import rebuild_and_compare


@dataclass(frozen=True)
class CheckFault:
    """One broken promise: the check's name, the object, a Chinese sentence."""

    check: str
    object: str
    message: str


@dataclass(frozen=True)
class CheckResult:
    """Faults, warnings (which do not fail) and how many checks ran."""

    faults: list[CheckFault]
    warnings: list[CheckFault]
    ran: int


Query = tuple[str, str, str]
"""Name of the check, SQL giving (object, detail) of what is broken, Chinese sentence with {}."""

QUERIES: tuple[Query, ...] = (
    (
        "voucher-balances",
        "SELECT v.id, sum(l.side * l.amount_fen) FROM voucher v "
        "JOIN voucher_line l ON l.id BETWEEN v.first_line_id AND v.last_line_id "
        "GROUP BY v.id HAVING sum(l.side * l.amount_fen) <> 0",
        "凭证{}借贷不平，差{}分",
    ),
    (
        "voucher-lines-belong",
        "SELECT l.id, l.voucher_id FROM voucher_line l LEFT JOIN voucher v ON v.id = l.voucher_id "
        "WHERE v.id IS NULL OR l.id NOT BETWEEN v.first_line_id AND v.last_line_id",
        "分录{}不属于凭证{}",
    ),
    (
        "voucher-range-full",
        "SELECT v.id, v.line_count FROM voucher v LEFT JOIN voucher_line l ON l.voucher_id = v.id "
        "GROUP BY v.id, v.line_count HAVING count(l.id) <> v.line_count",
        "凭证{}应有{}条分录，数目不符",
    ),
    (
        "voucher-numbers-gapless",
        "SELECT entity_id, month FROM voucher GROUP BY entity_id, month "
        "HAVING max(number) <> count(*) OR min(number) <> 1",
        "账套{}在{}月的凭证号不连续",
    ),
    (
        "voucher-month-of-date",
        "SELECT id, month FROM voucher WHERE month <> "
        "CAST(substr(CAST(dated_on AS TEXT), 1, 4) AS INTEGER) * 100 "
        "+ CAST(substr(CAST(dated_on AS TEXT), 6, 2) AS INTEGER)",
        "凭证{}的月份{}与记账日期不符",
    ),
    (
        "nothing-after-close",
        "SELECT v.id, v.month FROM voucher v JOIN month_close c ON c.entity_id = v.entity_id "
        "AND c.month = v.month WHERE v.entry_id > c.entry_id",
        "凭证{}记入了已结账的{}月",
    ),
    (
        "reversal-is-full",
        "SELECT r.id, r.reverses_voucher_id FROM voucher r "
        "JOIN voucher o ON o.id = r.reverses_voucher_id "
        "WHERE r.line_count <> o.line_count OR r.debit_fen <> -o.debit_fen "
        "OR r.entity_id <> o.entity_id",
        "冲销凭证{}与原凭证{}不相等",
    ),
    (
        "contributions-add-up",
        "SELECT a.code, f.original_value_fen - c.total - coalesce(d.total, 0) FROM asset a "
        "JOIN asset_fact f ON f.asset_id = a.id AND f.id = (SELECT x.id FROM asset_fact x "
        "WHERE x.asset_id = a.id ORDER BY x.valid_from DESC, x.entry_id DESC, x.id DESC LIMIT 1) "
        "JOIN (SELECT asset_id, sum(amount_fen) AS total FROM fund_contribution GROUP BY asset_id) "
        "c ON c.asset_id = a.id LEFT JOIN (SELECT asset_id, sum(difference_fen) AS total "
        "FROM contribution_difference GROUP BY asset_id) d ON d.asset_id = a.id "
        "WHERE f.original_value_fen <> c.total + coalesce(d.total, 0)",
        "资产{}的资金来源合计与原值相差{}分，且没有差异说明",
    ),
    (
        "allocation-within-document",
        "SELECT d.code, sum(a.amount_fen) - d.amount_fen FROM fund_document d "
        "JOIN fund_allocation a ON a.fund_document_id = d.id GROUP BY d.id, d.code, d.amount_fen "
        "HAVING sum(a.amount_fen) > d.amount_fen",
        "资金文件{}安排超过下达{}分",
    ),
    (
        "statement-adds-up",
        "SELECT s.code, s.distributable_fen - coalesce(sum(l.amount_fen), 0) "
        "FROM plant_statement s LEFT JOIN statement_line l ON l.plant_statement_id = s.id "
        "GROUP BY s.id, s.code, s.distributable_fen "
        "HAVING s.distributable_fen <> coalesce(sum(l.amount_fen), 0)",
        "结转单{}各方合计与可分配额相差{}分",
    ),
    (
        "statement-sources",
        "SELECT s.code, s.distributable_fen - coalesce(sum(CASE WHEN u.receipt_id IS NOT NULL "
        "THEN u.amount_fen ELSE -u.amount_fen END), 0) FROM plant_statement s "
        "LEFT JOIN statement_source u ON u.plant_statement_id = s.id "
        "GROUP BY s.id, s.code, s.distributable_fen "
        "HAVING s.distributable_fen <> coalesce(sum(CASE WHEN u.receipt_id IS NOT NULL "
        "THEN u.amount_fen ELSE -u.amount_fen END), 0)",
        "结转单{}与所用到账、扣除相差{}分",
    ),
    (
        "transfer-is-line",
        "SELECT t.id, l.amount_fen - t.amount_fen FROM transfer t "
        "JOIN statement_line l ON l.id = t.statement_line_id WHERE l.amount_fen <> t.amount_fen",
        "拨付{}与结转单行相差{}分",
    ),
    (
        "plan-income-adds-up",
        "SELECT p.code, p.distributable_fen - coalesce(sum(i.distributable_fen), 0) FROM plan p "
        "LEFT JOIN plan_income i ON i.plan_id = p.id GROUP BY p.id, p.code, p.distributable_fen "
        "HAVING p.distributable_fen <> coalesce(sum(i.distributable_fen), 0)",
        "方案{}可分配额与收入来源相差{}分",
    ),
    (
        "plan-channels-add-up",
        "SELECT p.code, p.distributable_fen - coalesce(sum(c.amount_fen), 0) FROM plan p "
        "LEFT JOIN plan_channel c ON c.plan_id = p.id GROUP BY p.id, p.code, p.distributable_fen "
        "HAVING p.distributable_fen <> coalesce(sum(c.amount_fen), 0)",
        "方案{}各渠道合计与可分配额相差{}分",
    ),
    (
        "channel-allocations-add-up",
        "SELECT c.id, c.amount_fen - sum(a.share_fen) FROM plan_channel c "
        "JOIN allocation a ON a.plan_channel_id = c.id GROUP BY c.id, c.amount_fen "
        "HAVING c.amount_fen <> sum(a.share_fen)",
        "渠道{}各户合计与渠道金额相差{}分",
    ),
    (
        "statement-line-distributed-once",
        "SELECT l.id, sum(i.distributable_fen) - l.amount_fen FROM statement_line l "
        "JOIN plan_income i ON i.statement_line_id = l.id "
        "JOIN plan p ON p.id = i.plan_id "
        "WHERE NOT EXISTS (SELECT 1 FROM status_event e WHERE e.object_kind = 'PLAN' "
        "AND e.object_code = p.code AND e.to_state = 'WITHDRAWN') "
        "GROUP BY l.id, l.amount_fen HAVING sum(i.distributable_fen) > l.amount_fen",
        "结转单行{}被重复分配，超出{}分",
    ),
    (
        "entitlement-within-channel",
        "SELECT c.id, sum(e.amount_fen) - c.amount_fen FROM plan_channel c "
        "JOIN entitlement e ON e.plan_channel_id = c.id GROUP BY c.id, c.amount_fen "
        "HAVING sum(e.amount_fen) > c.amount_fen",
        "渠道{}应发超过方案金额{}分",
    ),
    (
        "one-live-payment",
        "SELECT l.entitlement_id, count(*) FROM payment_line l "
        "LEFT JOIN payment_result r ON r.payment_line_id = l.id AND r.outcome = 'RETURNED' "
        "WHERE r.id IS NULL GROUP BY l.entitlement_id HAVING count(*) > 1",
        "应发款{}有{}笔有效支付",
    ),
    (
        "payment-is-entitlement",
        "SELECT l.id, e.amount_fen - l.amount_fen FROM payment_line l "
        "JOIN entitlement e ON e.id = l.entitlement_id "
        "WHERE e.amount_fen <> l.amount_fen OR e.household_id <> l.household_id",
        "支付明细{}与应发款不符，差{}分",
    ),
    (
        "batch-is-its-lines",
        "SELECT b.code, b.amount_fen - coalesce(sum(l.amount_fen), 0) FROM payment_batch b "
        "LEFT JOIN payment_line l ON l.payment_batch_id = b.id GROUP BY b.id, b.code, b.amount_fen "
        "HAVING b.amount_fen <> coalesce(sum(l.amount_fen), 0)",
        "批次{}与明细相差{}分",
    ),
    (
        "payment-within-money-received",
        "SELECT p.code, paid.total - got.total FROM plan p "
        "JOIN (SELECT b.plan_id, sum(l.amount_fen) AS total FROM payment_batch b "
        "JOIN payment_line l ON l.payment_batch_id = b.id "
        "LEFT JOIN payment_result r ON r.payment_line_id = l.id AND r.outcome = 'RETURNED' "
        "WHERE r.id IS NULL GROUP BY b.plan_id) paid ON paid.plan_id = p.id "
        "JOIN (SELECT plan_id, sum(distributable_fen) AS total FROM plan_income "
        "GROUP BY plan_id) got ON got.plan_id = p.id WHERE paid.total > got.total",
        "方案{}支付超过可分配额{}分",
    ),
    (
        "attendance-within-wage",
        "SELECT j.code, a.earned_fen - j.monthly_fen FROM attendance a "
        "JOIN job_post j ON j.id = a.job_post_id WHERE a.earned_fen > j.monthly_fen",
        "岗位{}月工资超过标准{}分",
    ),
    (
        "roster-is-its-lines",
        "SELECT r.code, r.household_count - count(l.id) FROM roster r "
        "LEFT JOIN roster_line l ON l.roster_id = r.id "
        "GROUP BY r.id, r.code, r.household_count, r.person_count "
        "HAVING r.household_count <> count(l.id) "
        "OR r.person_count <> coalesce(sum(l.person_count), 0)",
        "名册{}户数或人数与明细不符（差{}户）",
    ),
    (
        "handover-answered-by-receiver",
        "SELECT h.code, count(*) FROM handover_booking b "
        "JOIN handover_act h ON h.id = b.handover_act_id "
        "JOIN handover_item i ON i.handover_act_id = h.id AND i.asset_id = b.asset_id "
        "LEFT JOIN handover_answer w ON w.handover_item_id = i.id "
        "WHERE w.id IS NULL OR w.outcome = 'REFUSED' GROUP BY h.code",
        "移交{}有{}件未被接收却已入账",
    ),
    (
        "decision-before-payment",
        "SELECT DISTINCT p.code, b.code FROM payment_batch b JOIN plan p ON p.id = b.plan_id "
        "WHERE NOT EXISTS (SELECT 1 FROM decision d WHERE d.object_kind = 'PLAN' "
        "AND d.object_code = p.code AND d.stage = 'RESOLVE' AND d.is_valid)",
        "方案{}没有有效决议却有支付批次{}",
    ),
    (
        "notice-before-payment",
        "SELECT DISTINCT p.code, b.code FROM payment_batch b JOIN plan p ON p.id = b.plan_id "
        "WHERE NOT EXISTS (SELECT 1 FROM notice n WHERE n.object_kind = 'PLAN' "
        "AND n.object_code = p.code AND n.ends_on < b.made_on)",
        "方案{}公示未满却有支付批次{}",
    ),
)


def shares_sum_to_one(session: Session) -> list[CheckFault]:
    """Ownership and benefit shares of every version of every asset sum to exactly 1.

    依据: 内部约定 (exact fractions; 国办函〔2021〕51号 权属清晰)
    """
    from fractions import Fraction

    rows = session.execute(
        text(
            "SELECT a.code, r.kind, r.valid_from, r.entry_id, r.share_numerator, "
            "r.share_denominator FROM asset_right r JOIN asset a ON a.id = r.asset_id "
            "WHERE r.kind IN ('OWN', 'BENEFIT')"
        )
    ).all()
    sums: dict[tuple[str, str, str, int], Fraction] = {}
    for code, kind, day, entry_id, numerator, denominator in rows:
        key = (code, kind, str(day), entry_id)
        sums[key] = sums.get(key, Fraction(0)) + Fraction(numerator, denominator)
    return [
        CheckFault(
            "shares-sum-to-one", key[0], f"资产{key[0]}自{key[2]}起的份额合计为{total}，不等于1"
        )
        for key, total in sorted(sums.items())
        if total != 1
    ]


def states_follow_machines(session: Session) -> list[CheckFault]:
    """Every status event starts where the one before it ended."""
    rows = session.execute(
        text("SELECT object_kind, object_code, from_state, to_state FROM status_event ORDER BY id")
    ).all()
    last: dict[tuple[str, str], str] = {}
    faults = []
    for kind, code, before, after in rows:
        if last.get((kind, code), "") != before:
            faults.append(CheckFault("states-follow", code, f"{code}的状态记录不衔接（{before}）"))
        last[kind, code] = after
    return faults


def log_is_clean(session: Session) -> list[CheckFault]:
    """The log verifies in full."""
    return [
        CheckFault(
            "trail", fault.table, f"表{fault.table}第{fault.entry_id}号记录：{fault.message}"
        )
        for fault in verify(session).faults
    ]


def balances_rebuild(session: Session) -> list[CheckFault]:
    """Every kept balance comes out again from the lines, every closed month's digest too.

    依据: 内部约定 (a derived table is worth what its rebuilding says)
    """
    return [
        CheckFault("balances-rebuild", "month_balance", sentence.rstrip("。"))
        for sentence in rebuild_and_compare(session)
    ]


FUNCTIONS: tuple[Callable[[Session], list[CheckFault]], ...] = (
    shares_sum_to_one,
    states_follow_machines,
    balances_rebuild,
    log_is_clean,
)

STALE_NOTE_DAYS = 31


def run(session: Session) -> list[CheckFault]:
    """All faults of the book; empty when every promise holds.

    依据: 内部约定 (the promises of the program, each checked from disk)
    """
    session.flush()
    return run_all(session).faults


def run_all(session: Session) -> CheckResult:
    """Run every check and gather faults and warnings."""
    faults: list[CheckFault] = []
    for name, query, sentence in QUERIES:
        for row in session.execute(text(query)).all():
            faults.append(CheckFault(name, str(row[0]), sentence.format(row[0], row[1])))
    for function in FUNCTIONS:
        faults += function(session)
    return CheckResult(faults, stale_note(session), len(QUERIES) + len(FUNCTIONS))


def stale_note(session: Session) -> list[CheckFault]:
    """A warning when what came after the last checkpoint is older than 31 days.

    依据: 内部约定 (only a NOTE kept outside guards the tail)
    """
    covered = session.execute(text("SELECT coalesce(max(size), 0) FROM checkpoint")).scalar() or 0
    row = session.execute(
        text("SELECT header FROM log WHERE id = :next"), {"next": covered + 1}
    ).scalar()
    if row is None:
        return []
    first_us = int(json.loads(bytes(row))["recorded_at_us"])
    days = (newest_moment_us(session) - first_us) // 86_400_000_000
    if days <= STALE_NOTE_DAYS:
        return []
    message = (
        f"第{covered + 1}号记录以后已有{days}天没有对外出具检查点，这部分只靠数据库防护。"
        "请执行 fupin trail digest 并把检查点交外部保存。"
    )
    return [CheckFault("checkpoint-stale", str(covered), message)]
