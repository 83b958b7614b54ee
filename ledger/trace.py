"""Where did an asset's income go, and from which asset does a household's money come?

``assets.tracing`` goes from fund documents to handover; this file goes on from receipts to
statement, plan, channel and household line, and back from a household to the fund documents.
"""

from dataclasses import replace

from sqlmodel import Session, col, select

from assets.asof import AsOf
from assets.models import Asset
from assets.money import format_yuan
from assets.tracing import Node, Proof, Trace, source_of, with_files
from assets.tracing import trace as asset_chain
from ledger.explain import Flow, explain, flows
from ledger.income import income_lines, stream_label
from ledger.models import (
    Household,
    HouseholdFact,
    IncomeHistory,
    Plan,
    PlanIncome,
    Receipt,
    RosterLine,
    StatementLine,
    StatementSource,
)
from ledger.plan_draft import plan_by_code

HISTORY_END = "期初/历史汇总"


def trace(session: Session, code: str, at: AsOf) -> Trace:
    """The whole chain of one asset: fund documents → asset → income → plan → household lines.

    Raises:
        NotFound: No such asset, or not yet on that day.

    依据: 国办函〔2021〕51号; 内部约定 (one chain with one id path, asked from any end)
    """
    chain = asset_chain(session, code, at)
    asset = session.exec(select(Asset).where(Asset.code == code)).one()
    lines = income_lines(session, at, asset_id=asset.id)
    history = list(
        session.exec(
            select(IncomeHistory)
            .where(IncomeHistory.asset_id == asset.id, col(IncomeHistory.entry_id) <= at.position)
            .order_by(col(IncomeHistory.income_year))
        ).all()
    )
    found = flows(session, code, at)
    if not lines and not history and not found:
        return chain
    receipts = _receipts(session, asset.id, at)
    income = tuple(
        Node(
            "到账",
            f"{line.income_year}",
            stream_label(line.stream),
            line.amount_fen,
            line.last_on,
            f"电量{line.energy_kwh:,}千瓦时" if line.energy_kwh else "",
            children=tuple(
                _receipt_node(each)
                for each in receipts
                if (each.receiver_party_id, each.income_year, each.stream, each.money_kind)
                == (line.receiver_party_id, line.income_year, line.stream, line.money_kind)
            ),
        )
        for line in lines
    )
    past = tuple(
        Node(
            HISTORY_END,
            f"{row.income_year}",
            "只有汇总，未逐笔登记",
            row.received_fen,
            None,
            f"扣除{format_yuan(row.deducted_fen)}，已分配{format_yuan(row.distributed_fen)}",
        )
        for row in history
    )
    spread = tuple(_flow_node(flow) for flow in found)
    earned = Node("收益", code, "到账", sum(x.amount_fen for x in lines), children=income + past)
    root = replace(
        chain.root,
        children=(
            *chain.root.children,
            with_files(session, earned),
            Node("分配", code, "结转—方案—到户", None, children=spread),
        ),
    )
    proofs = (*chain.proofs, *_proofs(found))
    ending = "到户发放" if any(flow.households for flow in found) else chain.ending
    if history and not found:
        ending = HISTORY_END
    return Trace(root, proofs, ending)


def _receipts(session: Session, asset_id: int, at: AsOf) -> list[Receipt]:
    return list(
        session.exec(
            select(Receipt)
            .where(
                Receipt.asset_id == asset_id,
                col(Receipt.entry_id) <= at.position,
                col(Receipt.arrived_on) <= at.day,
            )
            .order_by(col(Receipt.arrived_on), col(Receipt.id))
        ).all()
    )


def _receipt_node(row: Receipt) -> Node:
    period = f"{row.period_from}至{row.period_to}"
    return Node("收款", row.code, period, row.amount_fen, row.arrived_on, "", source_of(row))


def _flow_node(flow: Flow) -> Node:
    households = tuple(
        Node("户", code, "应发（方案内全部渠道）", amount) for code, amount in flow.households
    )
    channels = tuple(Node("渠道", "", title, amount) for title, amount in flow.channels)
    plan = (
        (
            Node(
                "方案",
                flow.plan_code,
                "分配方案",
                flow.plan_fen,
                None,
                f"已到账{format_yuan(flow.paid_fen)}元",
                children=(*channels, *households),
            ),
        )
        if flow.plan_code
        else (Node("未分配", "", "已结转，尚未列入方案", flow.holder_fen),)
    )
    note = f"收入{format_yuan(flow.received_fen)}−扣除{format_yuan(flow.deducted_fen)}"
    return Node(
        "结转单",
        flow.statement_code,
        f"{flow.holder} 分得",
        flow.holder_fen,
        None,
        note,
        children=plan,
    )


def _proofs(found: list[Flow]) -> list[Proof]:
    sums: dict[str, tuple[int, int]] = {}
    for flow in found:
        given, _ = sums.get(flow.statement_code, (0, 0))
        net = flow.received_fen - flow.deducted_fen
        sums[flow.statement_code] = (given + flow.holder_fen, net)
    proofs = [
        Proof(f"{code}：Σ各权利人{format_yuan(given)} = 可分配{format_yuan(net)}", given == net)
        for code, (given, net) in sums.items()
    ]
    for plan_code, channels, total in {
        (flow.plan_code, flow.channels, flow.plan_fen) for flow in found if flow.plan_code
    }:
        given = sum(amount for _, amount in channels)
        text = f"{plan_code}：Σ渠道{format_yuan(given)} = 方案{format_yuan(total)}"
        proofs.append(Proof(text, given == total))
    return sorted(proofs, key=lambda proof: proof.text)


def trace_household(session: Session, household_code: str, year: int, at: AsOf) -> Trace:
    """Back from a household's money of a year to the fund documents of every asset behind it.

    Raises:
        NotFound: No such household.

    依据: 内部约定 (asked from any end)
    """
    told = explain(session, household_code, year, at)
    assets: dict[int, str] = {}
    plans = []
    for code in told.plans:
        plan = plan_by_code(session, code)
        rows = session.exec(
            select(PlanIncome, Asset.code)
            .join(Asset, col(Asset.id) == col(PlanIncome.asset_id))
            .where(PlanIncome.plan_id == plan.id)
            .order_by(col(PlanIncome.id))
        ).all()
        sources = [_roster_node(session, plan, household_code)]
        for income, asset_code in rows:
            assets[income.asset_id or 0] = asset_code
            title = f"{asset_code} {income.income_year}年{stream_label(income.stream)}"
            used = tuple(_receipt_node(each) for each in _used_receipts(session, income))
            amount = income.distributable_fen
            sources.append(Node("收益来源", asset_code, title, amount, children=used))
        mine = [each for each in told.money if each.plan_code == code]
        plans.append(
            Node(
                "方案",
                code,
                plan.title,
                sum(each.amount_fen for each in mine),
                plan.drafted_on,
                "；".join(f"{each.title}{format_yuan(each.amount_fen)}元" for each in mine),
                children=tuple(with_files(session, each) for each in sources),
            )
        )
    chains = tuple(asset_chain(session, code, at).root for code in sorted(assets.values()))
    root = Node(
        "户",
        household_code,
        f"{year}年应发",
        told.total_fen,
        None,
        f"已到账{format_yuan(told.paid_fen)}元",
        children=(*plans, *chains),
    )
    total = sum(each.amount_fen or 0 for each in plans)
    text = f"Σ方案{format_yuan(total)} = 应发{format_yuan(told.total_fen)}"
    return Trace(root, (Proof(text, total == told.total_fen),), "资金文件")


def _roster_node(session: Session, plan: Plan, household_code: str) -> Node:
    """The household's row on the frozen roster and the row of the workbook it came from."""
    line, fact = session.exec(
        select(RosterLine, HouseholdFact)
        .join(HouseholdFact, col(HouseholdFact.id) == col(RosterLine.fact_id))
        .join(Household, col(Household.id) == col(RosterLine.household_id))
        .where(RosterLine.roster_id == plan.roster_id, Household.code == household_code)
    ).one()
    return Node("名册", household_code, f"{line.person_count}人", source=source_of(fact))


def _used_receipts(session: Session, income: PlanIncome) -> list[Receipt]:
    """The receipts behind one source of income of a plan, in the order they came."""
    return list(
        session.exec(
            select(Receipt)
            .join(StatementSource, col(StatementSource.receipt_id) == col(Receipt.id))
            .join(
                StatementLine,
                col(StatementLine.plant_statement_id) == col(StatementSource.plant_statement_id),
            )
            .where(StatementLine.id == income.statement_line_id)
            .order_by(col(Receipt.arrived_on), col(Receipt.id))
        ).all()
    )
