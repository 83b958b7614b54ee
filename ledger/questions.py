"""What does an auditor ask, answered in one command? Eight questions, each with its Σ lines.

Where did this document's money go; what did this asset earn and who got it; what did this
household get; who changed this and when; what was known on that day; what is due and not received;
what is received and not distributed; what is confirmed and not handed over.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import bindparam, text
from sqlmodel import Session, col, select

from assets.asof import AsOf, current_row
from assets.columns import Day, label_of
from assets.errors import NotFound
from assets.funds import document_by_number
from assets.models import Asset, AssetFact, AssetState, Log, Party
from assets.money import format_yuan
from assets.ownership import current_rights
from assets.parties import party_titles
from assets.procedure.states import state_of
from assets.tracing import Proof
from ledger.explain import explain, flows
from ledger.income import income_lines, stream_label
from ledger.models import Household, HouseholdFact, HouseholdStatus, Plan, PlanState
from ledger.people.households import household_by_code, members_of
from ledger.receivables import dues
from ledger.statements import undistributed


@dataclass(frozen=True)
class Answer:
    """A question answered: rows under heads, and the sums that must come out."""

    question: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    proofs: tuple[Proof, ...]

    @property
    def holds(self) -> bool:
        """Whether every sum comes out."""
        return all(proof.holds for proof in self.proofs)

    def as_json(self) -> dict[str, Any]:
        """The answer as plain values; amounts are yuan as printed."""
        return {
            "question": self.question,
            "rows": [dict(zip(self.heads, map(str, row), strict=True)) for row in self.rows],
            "proofs": [{"text": each.text, "holds": each.holds} for each in self.proofs],
        }


def _equal(left: str, left_fen: int, right: str, right_fen: int) -> Proof:
    said = f"Σ{left}{format_yuan(left_fen)} = {right}{format_yuan(right_fen)}"
    return Proof(said, left_fen == right_fen)


def _at_most(left: str, left_fen: int, right: str, right_fen: int) -> Proof:
    rest = format_yuan(right_fen - left_fen)
    said = f"Σ{left}{format_yuan(left_fen)} ≤ {right}{format_yuan(right_fen)}，余{rest}"
    return Proof(said, left_fen <= right_fen)


# --- from a document, an asset, a household --------------------------------------------------

_DOCUMENT = """
SELECT p.code AS project, f.title, a.allocated, coalesce(y.paid, 0) AS paid,
  coalesce(v.formed, 0) AS formed, coalesce(v.assets, 0) AS assets
FROM (SELECT project_id, sum(amount_fen) AS allocated FROM fund_allocation
  WHERE fund_document_id = :document AND entry_id <= :position GROUP BY project_id) a
JOIN project p ON p.id = a.project_id
JOIN (SELECT * FROM (SELECT x.*, row_number() OVER (PARTITION BY x.project_id
    ORDER BY x.valid_from DESC, x.entry_id DESC, x.id DESC) AS newest FROM project_fact x
  WHERE x.valid_from <= :on AND x.entry_id <= :position) z WHERE newest = 1) f
  ON f.project_id = p.id
LEFT JOIN (SELECT project_id, sum(amount_fen) AS paid FROM fund_payment
  WHERE fund_document_id = :document AND paid_on <= :on AND entry_id <= :position
  GROUP BY project_id) y ON y.project_id = p.id
LEFT JOIN (SELECT t.project_id, sum(c.amount_fen) AS formed, count(DISTINCT c.asset_id) AS assets
  FROM fund_contribution c JOIN asset t ON t.id = c.asset_id
  WHERE c.fund_document_id = :document AND c.entry_id <= :position GROUP BY t.project_id) v
  ON v.project_id = p.id
ORDER BY p.code
"""
_EARNED = """
SELECT a.code, coalesce(r.income, 0) AS income FROM fund_contribution c
JOIN asset a ON a.id = c.asset_id
LEFT JOIN (SELECT asset_id, sum(amount_fen) AS income FROM receipt WHERE money_kind = 'INCOME'
  AND arrived_on <= :on AND entry_id <= :position GROUP BY asset_id) r ON r.asset_id = a.id
WHERE c.fund_document_id = :document AND c.entry_id <= :position
GROUP BY a.code, r.income ORDER BY a.code
"""


def money_of_document(session: Session, number: str, at: AsOf) -> Answer:
    """Where did this document's money go: projects, payments, assets, and what these earned.

    Raises:
        NotFound: No such document.

    依据: 国办函〔2021〕51号 (资金—项目—资产); 内部约定 (asked from any end)
    """
    document = document_by_number(session, number)
    values = {"document": document.id, "on": at.day, "position": at.position}
    rows = _rows(session, _DOCUMENT, values)
    received = _rows(
        session,
        "SELECT coalesce(sum(amount_fen), 0) AS fen FROM fund_receipt "
        "WHERE fund_document_id = :document AND received_on <= :on AND entry_id <= :position",
        values,
    )[0].fen
    earned = _rows(session, _EARNED, values)
    allocated, paid, formed = (
        sum(int(getattr(row, name)) for row in rows) for name in ("allocated", "paid", "formed")
    )
    shown: list[tuple[Any, ...]] = [
        (
            "项目",
            row.project,
            row.title,
            format_yuan(int(row.allocated)),
            format_yuan(int(row.paid)),
            format_yuan(int(row.formed)),
            f"{row.assets}件",
        )
        for row in rows
    ]
    shown += [
        (
            "资产",
            row.code,
            "其资产累计收益（含其他资金来源部分）",
            "",
            "",
            "",
            format_yuan(int(row.income)),
        )
        for row in earned
    ]
    return Answer(
        f"{number}的钱去了哪里",
        ("层次", "编号", "名称", "安排（元）", "支出（元）", "形成资产（元）", "件数或收益（元）"),
        tuple(shown),
        (
            _at_most("安排", allocated, "下达", document.amount_fen),
            _at_most("支出", paid, "到位", int(received)),
            _at_most("形成资产", formed, "支出", paid),
        ),
    )


def earnings_of_asset(session: Session, code: str, at: AsOf) -> Answer:
    """What did this asset earn and who got it: receipts, statements, holders, plans, households.

    Raises:
        NotFound: No such asset.

    依据: 国开办发〔2017〕61号 第五条; 内部约定 (asked from any end)
    """
    asset = session.exec(select(Asset).where(Asset.code == code)).one_or_none()
    if asset is None:
        raise NotFound("资产", code)
    lines = income_lines(session, at, asset_id=asset.id)
    found = flows(session, code, at)
    rows: list[tuple[Any, ...]] = [
        ("到账", line.income_year, stream_label(line.stream), "", format_yuan(line.amount_fen), "")
        for line in lines
    ]
    proofs = []
    statements: dict[str, tuple[int, int]] = {}
    for flow in found:
        given, _ = statements.get(flow.statement_code, (0, 0))
        net = flow.received_fen - flow.deducted_fen
        statements[flow.statement_code] = (given + flow.holder_fen, net)
        rows.append(
            (
                "结转",
                flow.statement_code,
                flow.holder,
                f"收{format_yuan(flow.received_fen)}−扣{format_yuan(flow.deducted_fen)}",
                format_yuan(flow.holder_fen),
                flow.plan_code or "未列入方案",
            )
        )
    for plan in {flow.plan_code: flow for flow in found if flow.plan_code}.values():
        rows += [
            ("用途", plan.plan_code, title, "方案全部收入", format_yuan(amount), "")
            for title, amount in plan.channels
        ]
        paid = format_yuan(plan.paid_fen)
        total = sum(amount for _, amount in plan.households)
        note = f"{len(plan.households)}户"
        rows.append(("到户", plan.plan_code, note, f"已到账{paid}", format_yuan(total), ""))
        channels = sum(amount for _, amount in plan.channels)
        proofs.append(_equal("渠道", channels, f"方案{plan.plan_code}", plan.plan_fen))
    for statement, (given, net) in statements.items():
        proofs.append(_equal("各权利人", given, f"{statement}可分配", net))
    return Answer(
        f"{code}挣了多少、给了谁",
        ("层次", "编号或年度", "名称", "说明", "金额（元）", "去向"),
        tuple(rows),
        tuple(proofs),
    )


def money_of_household(session: Session, code: str, year: int, at: AsOf) -> Answer:
    """What did this household get and why: each plan and channel, with the sentences of the card.

    Raises:
        NotFound: No such household.

    依据: 国开办司发〔2020〕3号; 内部约定 (the same text as on the card)
    """
    told = explain(session, code, year, at)
    rows: list[tuple[Any, ...]] = [
        (each.plan_code, each.title, format_yuan(each.amount_fen), format_yuan(each.paid_fen))
        for each in told.money
    ]
    rows += [("说明", sentence.text, "", sentence.source) for sentence in told.sentences]
    return Answer(
        f"户{code}{year}年得了多少、为什么",
        ("方案", "用途或说明", "应发（元）", "已到账（元）或依据"),
        tuple(rows),
        (
            _equal("各笔应发", sum(each.amount_fen for each in told.money), "合计", told.total_fen),
            _equal("各笔到账", sum(each.paid_fen for each in told.money), "已到账", told.paid_fen),
        ),
    )


# --- who changed what, and what was known ----------------------------------------------------

_ENTRIES = """
SELECT entry_id FROM request WHERE idem_key LIKE :inside
UNION SELECT entry_id FROM status_event WHERE object_code = :code
UNION SELECT entry_id FROM stage_act WHERE object_code = :code
UNION SELECT entry_id FROM decision WHERE object_code = :code
UNION SELECT entry_id FROM notice WHERE object_code = :code
UNION SELECT entry_id FROM evidence_link WHERE object_code = :code
UNION SELECT f.entry_id FROM asset_fact f JOIN asset a ON a.id = f.asset_id WHERE a.code = :code
UNION SELECT r.entry_id FROM asset_right r JOIN asset a ON a.id = r.asset_id WHERE a.code = :code
UNION SELECT i.entry_id FROM title_item i JOIN asset a ON a.id = i.asset_id WHERE a.code = :code
UNION SELECT i.entry_id FROM handover_item i JOIN asset a ON a.id = i.asset_id WHERE a.code = :code
UNION SELECT r.entry_id FROM receipt r JOIN asset a ON a.id = r.asset_id WHERE a.code = :code
UNION SELECT f.entry_id FROM household_fact f JOIN household h ON h.id = f.household_id
  WHERE h.code = :code
UNION SELECT m.entry_id FROM membership m JOIN household h ON h.id = m.household_id
  WHERE h.code = :code
UNION SELECT f.entry_id FROM project_fact f JOIN project p ON p.id = f.project_id
  WHERE p.code = :code
UNION SELECT f.entry_id FROM party_fact f JOIN party p ON p.id = f.party_id WHERE p.code = :code
"""


def who_changed(session: Session, code: str, at: AsOf) -> Answer:
    """Who changed this object and when: every entry of the log that concerns it.

    Raises:
        NotFound: No entry concerns it.

    依据: 会计法; 内部约定 (one log, every fact is in it)
    """
    found = _rows(session, _ENTRIES, {"code": code, "inside": f"%/{code}/%"})
    ids = sorted({int(row.entry_id) for row in found if row.entry_id <= at.position})
    if not ids:
        raise NotFound("有关这一编号的记录", code)
    rows = []
    for part in (ids[start : start + 500] for start in range(0, len(ids), 500)):
        for row in session.exec(
            select(Log).where(col(Log.id).in_(part)).order_by(col(Log.id))
        ).all():
            facts = json.loads(row.header)
            tables = "、".join(
                f"{table}×{count}" for table, _, count, _ in json.loads(row.manifest)
            )
            rows.append(
                (
                    row.id,
                    _moment(facts["recorded_at_us"]),
                    facts["actor"],
                    facts["recorder"],
                    facts["command"],
                    facts["object"],
                    tables,
                )
            )
    heads = ("记录号", "录入时间", "行为人", "录入人", "办理", "对象", "写入")
    text_ = f"共{len(rows)}条记录，逐条可查 fupin trail show 记录号"
    return Answer(f"谁在什么时候改过{code}", heads, tuple(rows), (Proof(text_, True),))


def _moment(us: int) -> str:
    return f"{datetime.fromtimestamp(us // 1_000_000, UTC):%Y-%m-%d %H:%M:%S}Z"


def known_on(session: Session, code: str, at: AsOf) -> Answer:
    """What was known of an asset, a household or a plan on a day, at a log position.

    Raises:
        NotFound: Nothing of that code was known.

    依据: 内部约定 (as-of answers are for the pair of day and position)
    """
    asset = session.exec(select(Asset).where(Asset.code == code)).one_or_none()
    if asset is not None:
        rows = _asset_known(session, asset, at)
    elif session.exec(select(Household.id).where(Household.code == code)).first() is not None:
        rows = _household_known(session, code, at)
    else:
        rows = _plan_known(session, code, at)
    if not rows:
        raise NotFound(f"截至{at.day}的登记", code)
    where = "最新" if at.position >= 2**62 else f"第{at.position}号"
    return Answer(
        f"截至{at.day}（记录到{where}）对{code}知道什么", ("事项", "内容", "自", "记录号"), rows, ()
    )


def _asset_known(session: Session, asset: Asset, at: AsOf) -> tuple[tuple[Any, ...], ...]:
    fact = current_row(session, AssetFact, at, AssetFact.asset_id == asset.id)
    if fact is None:
        return ()
    names = party_titles(session, at)
    kinds = current_rights(session, at, asset_ids=[asset.id])
    state = state_of(session, _kind("ASSET"), asset.code, at)
    rows: list[tuple[Any, ...]] = [
        ("名称", fact.title, fact.valid_from, fact.entry_id),
        ("原值（元）", format_yuan(fact.original_value_fen), fact.valid_from, fact.entry_id),
        ("坐落", fact.place, fact.valid_from, fact.entry_id),
        ("状态", label_of(AssetState, state) if state else "未登记", "", ""),
    ]
    for (_, kind), rights in sorted(kinds.items()):
        rows += [
            (
                f"权利 {kind}",
                f"{names.get(each.holder_party_id, '')} "
                f"{each.share_numerator}/{each.share_denominator}",
                each.valid_from,
                each.entry_id,
            )
            for each in rights
        ]
    return tuple(rows)


def _household_known(session: Session, code: str, at: AsOf) -> tuple[tuple[Any, ...], ...]:
    household = household_by_code(session, code)
    fact = current_row(session, HouseholdFact, at, HouseholdFact.household_id == household.id)
    if fact is None:
        return ()
    size = len(members_of(session, [household.id], at).get(household.id, []))
    return (
        ("户类型", label_of(HouseholdStatus, fact.status), fact.valid_from, fact.entry_id),
        ("村区划代码", fact.village_code, fact.valid_from, fact.entry_id),
        ("组别", fact.group_title or "", fact.valid_from, fact.entry_id),
        ("在册人数", size, fact.valid_from, fact.entry_id),
    )


def _plan_known(session: Session, code: str, at: AsOf) -> tuple[tuple[Any, ...], ...]:
    plan = session.exec(
        select(Plan).where(
            Plan.code == code, col(Plan.drafted_on) <= at.day, col(Plan.entry_id) <= at.position
        )
    ).one_or_none()
    if plan is None:
        return ()
    state = state_of(session, _kind("PLAN"), code, at)
    return (
        ("方案", plan.title, plan.drafted_on, plan.entry_id),
        ("可分配（元）", format_yuan(plan.distributable_fen), plan.drafted_on, plan.entry_id),
        ("状态", label_of(PlanState, state) if state else "未登记", "", ""),
    )


def _kind(code: str) -> Any:
    from assets.models import ObjectKind

    return next(each for each in ObjectKind if each == code)


# --- what is open ----------------------------------------------------------------------------


def due_not_received(session: Session, on: date) -> Answer:
    """What is due and not received, contract by contract, with the days it is late.

    依据: 民法典; 内部约定 (the debt due first is paid first)
    """
    lines = dues(session, on)
    open_ = [line for line in lines if line.due_fen > line.received_fen]
    rows = tuple(
        (
            line.contract_code,
            line.asset_code,
            line.due_on,
            format_yuan(line.due_fen),
            format_yuan(line.received_fen),
            format_yuan(line.due_fen - line.received_fen),
            line.overdue_days,
        )
        for line in sorted(open_, key=lambda each: (each.due_on, each.contract_code))
    )
    due = sum(line.due_fen for line in lines)
    got = sum(line.received_fen for line in lines)
    missing = sum(line.due_fen - line.received_fen for line in open_)
    return Answer(
        f"到{on}为止应收未收",
        ("合同", "资产", "应收日", "应收（元）", "已收（元）", "欠收（元）", "逾期天数"),
        rows,
        (_equal("已收＋欠收", got + missing, "到期应收", due),),
    )


def received_not_distributed(session: Session, at: AsOf) -> Answer:
    """What is received and not distributed, holder by holder, with its age.

    依据: 国开办发〔2017〕61号; 内部约定 (undistributed balance with age)
    """
    names = party_titles(session, at)
    rows: list[tuple[Any, ...]] = []
    total = 0
    for party in session.exec(
        select(Party).where(col(Party.kind) != "HOUSEHOLD").order_by(Party.code)
    ).all():
        for each in undistributed(session, party.id, at):
            total += each.amount_fen
            rows.append(
                (
                    party.code,
                    names.get(party.id, ""),
                    each.asset_code,
                    each.income_year,
                    stream_label(each.stream),
                    format_yuan(each.amount_fen),
                    each.since,
                    each.age_days,
                )
            )
    hand, planned, opened = (
        int(part.fen) for part in _rows(session, _AT_HAND, {"on": at.day, "position": at.position})
    )
    return Answer(
        f"到{at.day}为止已到账未分配",
        ("主体", "名称", "资产", "年度", "收益流", "金额（元）", "自", "账龄（天）"),
        tuple(rows),
        (_equal("已到手＋期初−已列入方案", hand + opened - planned, "未分配", total),),
    )


_AT_HAND = """
SELECT 1 AS part, coalesce(sum(l.amount_fen), 0) AS fen FROM statement_line l
JOIN plant_statement s ON s.id = l.plant_statement_id AND s.confirmed_on <= :on
  AND s.entry_id <= :position
JOIN (SELECT u.plant_statement_id, min(r.receiver_party_id) AS receiver FROM statement_source u
  JOIN receipt r ON r.id = u.receipt_id GROUP BY u.plant_statement_id) g
  ON g.plant_statement_id = s.id
LEFT JOIN transfer t ON t.statement_line_id = l.id AND t.passed_on <= :on
  AND t.entry_id <= :position
WHERE t.id IS NOT NULL OR g.receiver = l.holder_party_id
UNION ALL
SELECT 2, coalesce(sum(i.distributable_fen), 0) FROM plan_income i
JOIN plan p ON p.id = i.plan_id AND p.entry_id <= :position AND p.drafted_on <= :on
WHERE NOT EXISTS (SELECT 1 FROM status_event e WHERE e.object_kind = 'PLAN'
  AND e.object_code = p.code AND e.happened_on <= :on AND e.entry_id <= :position
  AND e.to_state = 'WITHDRAWN') AND (i.statement_line_id IS NOT NULL
  OR i.opening_line_id IS NOT NULL)
UNION ALL
SELECT 3, coalesce(sum(o.credit_fen - o.debit_fen), 0) FROM opening_line o
WHERE o.kind = 'UNDISTRIBUTED' AND o.entry_id <= :position
ORDER BY 1
"""


_CONFIRMED = """
SELECT a.code, f.title, f.division_code, f.original_value_fen AS fen, t.confirmed_on,
  w.answered_on, s.to_state
FROM (SELECT asset_id, max(confirmed_on) AS confirmed_on FROM title_certificate
  WHERE confirmed_on <= :on AND entry_id <= :position GROUP BY asset_id) t
JOIN asset a ON a.id = t.asset_id
JOIN (SELECT * FROM (SELECT x.*, row_number() OVER (PARTITION BY x.asset_id
    ORDER BY x.valid_from DESC, x.entry_id DESC, x.id DESC) AS newest FROM asset_fact x
  WHERE x.valid_from <= :on AND x.entry_id <= :position) z WHERE newest = 1) f
  ON f.asset_id = a.id
LEFT JOIN (SELECT i.asset_id, max(x.answered_on) AS answered_on FROM handover_answer x
  JOIN handover_item i ON i.id = x.handover_item_id WHERE x.outcome <> 'REFUSED'
  AND x.answered_on <= :on AND x.entry_id <= :position GROUP BY i.asset_id) w ON w.asset_id = a.id
LEFT JOIN (SELECT e.object_code, e.to_state FROM status_event e JOIN (SELECT max(id) AS id
    FROM status_event WHERE object_kind = 'ASSET' AND happened_on <= :on
    AND entry_id <= :position GROUP BY object_code) n ON n.id = e.id) s ON s.object_code = a.code
ORDER BY t.confirmed_on, a.code
"""


def confirmed_not_handed_over(session: Session, at: AsOf) -> Answer:
    """What is confirmed and not handed over, with the days since confirmation.

    依据: 国办函〔2021〕51号
    """
    found = _rows(session, _CONFIRMED, {"on": at.day, "position": at.position})
    open_ = [row for row in found if row.answered_on is None]
    rows = tuple(
        (
            row.code,
            row.title,
            row.division_code,
            format_yuan(int(row.fen)),
            row.confirmed_on,
            (at.day - _as_day(row.confirmed_on)).days,
            label_of(AssetState, row.to_state) if row.to_state else "",
        )
        for row in open_
    )
    handed = sum(int(row.fen) for row in found if row.answered_on is not None)
    waiting = sum(int(row.fen) for row in open_)
    return Answer(
        f"到{at.day}为止已确权未移交",
        ("资产", "名称", "区划代码", "原值（元）", "确权日", "天数", "状态"),
        rows,
        (_equal("已移交＋未移交", handed + waiting, "已确权原值", sum(int(r.fen) for r in found)),),
    )


def _as_day(value: date | str) -> date:
    return date.fromisoformat(value) if isinstance(value, str) else value


def _rows(session: Session, query: str, values: dict[str, Any]) -> Sequence[Any]:
    used = {name: value for name, value in values.items() if f":{name}" in query}
    days = [bindparam(name, type_=Day()) for name, value in used.items() if isinstance(value, date)]
    return session.execute(text(query).bindparams(*days), used).all()
