"""How does the past enter the book? Yearly totals with declared gaps; recorded and flagged."""

from datetime import date
from typing import Any

from sqlmodel import Session, col, select

from assets.errors import RowProblem
from assets.intake import Batch, Handler, Outcome, Row
from assets.intake.registered import Codes, filled, refuse_nothing_new, taken_in, taking_in
from assets.models import Asset, DeclaredGap, ObjectKind
from assets.parties import party_codes, party_ids
from assets.registration import asset_ids
from assets.trail import Act
from ledger.books.posting import find_entity
from ledger.models import IncomeHistory

DETAIL = {"逐笔": "FULL", "年度汇总": "YEARLY", "无": "NONE"}
DETAIL_LABEL = {code: label for label, code in DETAIL.items()}


def check(session: Session, batch: Batch, on: date) -> list[RowProblem]:
    """Problems of the rows: codes, amounts that contradict, gaps without reason or voucher.

    What happened without papers is no problem here: it is declared and flagged.

    依据: 内部约定 (gates flag the past and never refuse it)
    """
    if taken_in(session, batch):
        return []
    problems: list[RowProblem] = []
    assets = Codes("资产", asset_ids(session))
    parties = Codes("单位和主体", party_ids(session))
    known = _known(session)
    for row in batch.rows:
        asset = assets.find(row, "asset_code", problems)
        party = parties.find(row, "party_code", problems)
        if row["deducted_fen"] + row["distributed_fen"] > row["income_fen"]:
            problems.append(
                row.problem(
                    "more-than-income",
                    "distributed_fen",
                    "扣除加已分配大于收入。",
                    "请核对三个金额。",
                )
            )
        if row.get("missing_papers") and not (row.get("missing_reason") and row.get("vouched_by")):
            problems.append(
                row.problem(
                    "gap-incomplete",
                    "missing_papers",
                    "写了缺失资料，没有写原因和担保人。",
                    "请补填。",
                )
            )
        if party is not None:
            problems += _before_opening(session, row, party)
        before = known.get((asset or 0, party or 0, row["year"]))
        if before is not None and before != _amounts(row):
            problems.append(
                row.problem("year-changed", "year", "该资产该年度已登记为另一数额。", "请核对。")
            )
    return problems


def _before_opening(session: Session, row: Row, party_id: int) -> list[RowProblem]:
    entity = find_entity(session, party_id)
    if entity is None or row["year"] < entity.opened_on.year or entity.opened_on.month > 1:
        return []
    message = f"{row['year']}年在启用日{entity.opened_on}之后，应逐笔登记收款。"
    return [row.problem("after-opening", "year", message, "历史表只登记启用日以前的年度。")]


def _known(session: Session) -> dict[tuple[int, int, int], tuple[int, int, int]]:
    return {
        (h.asset_id, h.holder_party_id, h.income_year): (
            h.received_fen,
            h.deducted_fen,
            h.distributed_fen,
        )
        for h in session.exec(select(IncomeHistory)).all()
    }


def _amounts(row: Row) -> tuple[int, int, int]:
    return (row["income_fen"], row["deducted_fen"], row["distributed_fen"])


def apply(session: Session, act: Act, batch: Batch) -> Outcome:
    """Record the years that are new, with their declared gaps.

    依据: 内部约定 (years since 2016 enter as full, yearly totals or none)
    """
    with taking_in(session, act, batch) as written:
        known = _known(session)
        assets, parties = asset_ids(session), party_ids(session)
        rows = [
            r
            for r in batch.rows
            if (assets[r["asset_code"]], parties[r["party_code"]], r["year"]) not in known
        ]
        before = session.exec(
            select(IncomeHistory.entry_id).order_by(col(IncomeHistory.id).desc())
        ).first()
        refuse_nothing_new(batch, written, len(rows), before or 0)
        for row in rows:
            written.add(
                IncomeHistory(
                    asset_id=assets[row["asset_code"]],
                    holder_party_id=parties[row["party_code"]],
                    income_year=row["year"],
                    detail=DETAIL[row["record_mode"]],
                    received_fen=row["income_fen"],
                    deducted_fen=row["deducted_fen"],
                    distributed_fen=row["distributed_fen"],
                    rail=row.get("payout_mode"),
                    **batch.source(row),
                )
            )
            if row.get("missing_papers"):
                written.add(
                    DeclaredGap(
                        object_kind=ObjectKind.ASSET,
                        object_code=row["asset_code"],
                        missing=f"{row['year']}年：{row['missing_papers']}",
                        reason=row["missing_reason"],
                        vouched_by=row["vouched_by"],
                        declared_on=act.on,
                    )
                )
    return Outcome(
        written.id,
        {
            "历史年度": len(rows),
            "收入合计（分）": sum(row["income_fen"] for row in rows),
            "缺失声明": sum(1 for row in rows if row.get("missing_papers")),
        },
    )


def export(session: Session) -> list[dict[str, Any]]:
    """All past years as rows of the workbook.

    依据: 内部约定 (export → import is the identity)
    """
    codes = party_codes(session)
    gaps = {
        (gap.object_code, gap.missing.partition("：")[0]): gap
        for gap in session.exec(select(DeclaredGap)).all()
    }
    rows = session.exec(
        select(IncomeHistory, Asset.code)
        .join(Asset, col(Asset.id) == col(IncomeHistory.asset_id))
        .order_by(col(IncomeHistory.id))
    ).all()
    exported = []
    for history, code in rows:
        gap = gaps.get((code, f"{history.income_year}年"))
        exported.append(
            filled(
                {
                    "asset_code": code,
                    "party_code": codes[history.holder_party_id],
                    "year": history.income_year,
                    "record_mode": DETAIL_LABEL[history.detail],
                    "income_fen": history.received_fen,
                    "deducted_fen": history.deducted_fen,
                    "distributed_fen": history.distributed_fen,
                    "payout_mode": history.rail,
                    "missing_papers": gap.missing.partition("：")[2] if gap else None,
                    "missing_reason": gap.reason if gap else None,
                    "vouched_by": gap.vouched_by if gap else None,
                }
            )
        )
    return exported


HANDLER = Handler("history", check, apply, export)
