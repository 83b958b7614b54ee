"""How do deductions enter the book? One row per cost with its voucher number."""

from datetime import date
from typing import Any

from sqlmodel import Session, col, select

from assets.errors import RowProblem
from assets.intake import Batch, Handler, Outcome, Row
from assets.intake.registered import Codes, filled, refuse_nothing_new, taken_in, taking_in
from assets.models import Asset
from assets.parties import party_codes, party_ids
from assets.registration import asset_ids
from assets.trail import Act
from ledger.deductions import Cost, record_deductions
from ledger.intake.receipts import closed_months
from ledger.models import Deduction, DeductionKind, Receipt, Stream


def check(session: Session, batch: Batch, on: date) -> list[RowProblem]:
    """Every problem of the rows against the book: codes, vouchers, streams, closed months.

    依据: 内部约定 (every deduction names its voucher, once)
    """
    if taken_in(session, batch):
        return []
    problems: list[RowProblem] = []
    assets = Codes("资产", asset_ids(session))
    parties = Codes("单位和主体", party_ids(session))
    known = dict(session.exec(select(Deduction.code, Deduction.amount_fen)).all())
    vouchers = set(session.exec(select(Deduction.bearer_party_id, Deduction.voucher_no)).all())
    streams = streams_of(session)
    closed = closed_months(session)
    for row in batch.rows:
        asset = assets.find(row, "asset_code", problems)
        bearer = parties.find(row, "bearer_code", problems)
        new = row["deduction_code"] not in known
        if known.get(row["deduction_code"], row["amount_fen"]) != row["amount_fen"]:
            message = f"扣除编号{row['deduction_code']}已登记为另一金额。"
            problems.append(
                row.problem(
                    "code-taken", "deduction_code", message, "更正请红字冲销，不要改原记录。"
                )
            )
        if row["amount_fen"] <= 0:
            problems.append(
                row.problem("amount-sign", "amount_fen", "扣除金额应大于零。", "请核对金额。")
            )
        if new and bearer is not None and (bearer, row["voucher_no"]) in vouchers:
            message = f"凭证号{row['voucher_no']}已用于另一笔扣除。"
            problems.append(
                row.problem("voucher-taken", "voucher_no", message, "请核对是否重复扣除。")
            )
        if asset is not None and stream_for(row, streams.get(asset, ())) is None:
            problems.append(
                row.problem(
                    "stream-missing",
                    "stream",
                    "没有写收益流，而该资产有不止一种收益。",
                    "请填写从哪一种收益中扣除。",
                )
            )
        month = row["incurred_on"].year * 100 + row["incurred_on"].month
        if new and bearer is not None and (bearer, month) in closed:
            problems.append(
                row.problem(
                    "month-closed",
                    "incurred_on",
                    f"承担主体{month}月已结账。",
                    "请在未结账月份入账。",
                )
            )
    return problems


def streams_of(session: Session) -> dict[int, tuple[str, ...]]:
    """Asset id → the streams it has receipts of."""
    found: dict[int, set[str]] = {}
    for asset_id, stream in session.exec(select(Receipt.asset_id, Receipt.stream).distinct()).all():
        found.setdefault(asset_id, set()).add(stream)
    return {asset_id: tuple(sorted(each)) for asset_id, each in found.items()}


def stream_for(row: Row, streams: tuple[str, ...]) -> Stream | None:
    """The stream a deduction reduces: as written; of a plant the benchmark part; else the only one.

    依据: 国开办发〔2017〕61号 第五条 (the quarterly part bears the running costs)
    """
    if row.get("stream"):
        return Stream.from_label(row["stream"])
    if not streams or Stream.BENCHMARK_TARIFF in streams or Stream.STATE_SUBSIDY in streams:
        return Stream.BENCHMARK_TARIFF
    if len(streams) == 1:
        return next(each for each in Stream if each == streams[0])
    return None


def apply(session: Session, act: Act, batch: Batch) -> Outcome:
    """Record the deductions that are new, and post them."""
    with taking_in(session, act, batch) as written:
        known = set(session.exec(select(Deduction.code)).all())
        rows = [row for row in batch.rows if row["deduction_code"] not in known]
        before = session.exec(select(Deduction.entry_id).order_by(col(Deduction.id).desc())).first()
        refuse_nothing_new(batch, written, len(rows), before or 0)
        assets, parties = asset_ids(session), party_ids(session)
        streams = streams_of(session)
        costs = []
        for row in rows:
            asset_id = assets[row["asset_code"]]
            stream = stream_for(row, streams.get(asset_id, ()))
            assert stream is not None, "check() asked for the stream"
            costs.append(
                Cost(
                    code=row["deduction_code"],
                    asset_id=asset_id,
                    bearer_party_id=parties[row["bearer_code"]],
                    income_year=row["income_year"],
                    stream=stream,
                    kind=DeductionKind.from_label(row["deduction_type"]),
                    amount_fen=row["amount_fen"],
                    happened_on=row["incurred_on"],
                    voucher_no=row["voucher_no"],
                    payee=row.get("payee_name"),
                    source=batch.source(row),
                )
            )
        recorded, posted = record_deductions(session, written, costs)
    return Outcome(
        written.id,
        {
            "扣除笔数": recorded,
            "已记账": posted,
            "扣除合计（分）": sum(c.amount_fen for c in costs),
        },
    )


def export(session: Session) -> list[dict[str, Any]]:
    """All deductions as rows of the workbook.

    依据: 内部约定 (export → import is the identity)
    """
    codes = party_codes(session)
    rows = session.exec(
        select(Deduction, Asset.code)
        .join(Asset, col(Asset.id) == col(Deduction.asset_id))
        .order_by(col(Deduction.id))
    ).all()
    return [
        filled(
            {
                "deduction_code": d.code,
                "asset_code": asset_code,
                "income_year": d.income_year,
                "deduction_type": next(k.label for k in DeductionKind if k == d.kind),
                "amount_fen": d.amount_fen,
                "incurred_on": d.happened_on,
                "bearer_code": codes[d.bearer_party_id],
                "voucher_no": d.voucher_no,
                "payee_name": d.payee,
                "stream": next(s.label for s in Stream if s == d.stream),
            }
        )
        for d, asset_code in rows
    ]


HANDLER = Handler("deductions", check, apply, export)
