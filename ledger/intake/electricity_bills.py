"""How do electricity bills enter the book? One row per meter and month; kWh × tariff must agree."""

from datetime import date
from typing import Any

from sqlmodel import Session, col, select

from assets.errors import RowProblem
from assets.intake import Batch, Handler, Outcome, Row
from assets.intake.registered import Codes, filled, refuse_nothing_new, taken_in, taking_in
from assets.models import Asset, PlantFact
from assets.registration import asset_ids
from assets.trail import Act
from ledger.models import ElectricityBill

MICROYUAN_PER_FEN = 10_000


def expected_fen(energy_kwh: int, tariff_microyuan: int) -> int:
    """kWh × tariff in fen, rounded half up as a bill is.

    依据: 国开办发〔2017〕61号 第五条 (income computed from metered on-grid energy)
    """
    return (energy_kwh * tariff_microyuan + MICROYUAN_PER_FEN // 2) // MICROYUAN_PER_FEN


def check(session: Session, batch: Batch, on: date) -> list[RowProblem]:
    """Every problem of the rows: unknown or non-PV assets, kWh × tariff beside the amount.

    依据: 国开办发〔2017〕61号 第五条
    """
    if taken_in(session, batch):
        return []
    problems: list[RowProblem] = []
    assets = Codes("资产", asset_ids(session))
    plants = set(session.exec(select(PlantFact.asset_id)).all())
    known = _known(session)
    for row in batch.rows:
        asset = assets.find(row, "asset_code", problems)
        if asset is not None and asset not in plants:
            message = f"资产{row['asset_code']}不是光伏电站。"
            problems.append(row.problem("not-a-plant", "asset_code", message, "请核对资产编号。"))
        for tariff, amount, label in (
            ("benchmark_tariff_microyuan", "benchmark_fen", "标杆电费"),
            ("subsidy_tariff_microyuan", "subsidy_fen", "补贴金额"),
        ):
            right = expected_fen(row["exported_kwh"], row[tariff])
            if abs(right - row[amount]) > 1:
                message = f"{label}应为电量×电价＝{right}分，表中为{row[amount]}分。"
                problems.append(
                    row.problem("bill-arithmetic", amount, message, "请核对电量、电价和金额。")
                )
        before = known.get(_key(row, asset))
        if before is not None and before != _amounts(row):
            problems.append(
                row.problem(
                    "bill-changed", "billing_month", "该表号该月已登记为另一数额。", "请核对。"
                )
            )
    return problems


def _known(session: Session) -> dict[tuple[int, str, int], tuple[int, int, int]]:
    rows = session.exec(select(ElectricityBill)).all()
    return {
        (r.asset_id, r.meter, r.month): (r.energy_kwh, r.benchmark_fen, r.subsidy_fen) for r in rows
    }


def _key(row: Row, asset_id: int | None) -> tuple[int, str, int]:
    month = row["billing_month"]
    return (asset_id or 0, row["meter_no"], month.year * 100 + month.month)


def _amounts(row: Row) -> tuple[int, int, int]:
    return (row["exported_kwh"], row["benchmark_fen"], row["subsidy_fen"])


def apply(session: Session, act: Act, batch: Batch) -> Outcome:
    """Record the bills that are new.

    依据: 国开办发〔2017〕61号 第五条
    """
    with taking_in(session, act, batch) as written:
        known = _known(session)
        assets = asset_ids(session)
        rows = [r for r in batch.rows if _key(r, assets[r["asset_code"]]) not in known]
        before = session.exec(
            select(ElectricityBill.entry_id).order_by(col(ElectricityBill.id).desc())
        ).first()
        refuse_nothing_new(batch, written, len(rows), before or 0)
        written.insert(
            ElectricityBill,
            [
                {
                    "asset_id": assets[row["asset_code"]],
                    "meter": row["meter_no"],
                    "month": _key(row, 0)[2],
                    "energy_kwh": row["exported_kwh"],
                    "benchmark_tariff_uyuan": row["benchmark_tariff_microyuan"],
                    "benchmark_fen": row["benchmark_fen"],
                    "subsidy_tariff_uyuan": row["subsidy_tariff_microyuan"],
                    "subsidy_fen": row["subsidy_fen"],
                    **batch.source(row),
                }
                for row in rows
            ],
        )
    return Outcome(
        written.id,
        {"结算单": len(rows), "电量（千瓦时）": sum(row["exported_kwh"] for row in rows)},
    )


def export(session: Session) -> list[dict[str, Any]]:
    """All bills as rows of the workbook.

    依据: 内部约定 (export → import is the identity)
    """
    rows = session.exec(
        select(ElectricityBill, Asset.code)
        .join(Asset, col(Asset.id) == col(ElectricityBill.asset_id))
        .order_by(col(ElectricityBill.id))
    ).all()
    return [
        filled(
            {
                "asset_code": code,
                "meter_no": bill.meter,
                "billing_month": date(bill.month // 100, bill.month % 100, 1),
                "exported_kwh": bill.energy_kwh,
                "benchmark_tariff_microyuan": bill.benchmark_tariff_uyuan,
                "benchmark_fen": bill.benchmark_fen,
                "subsidy_tariff_microyuan": bill.subsidy_tariff_uyuan,
                "subsidy_fen": bill.subsidy_fen,
            }
        )
        for bill, code in rows
    ]


HANDLER = Handler("electricity-bills", check, apply, export)
