"""How do receipts enter the book? One row per arrival; each is posted in its receiver's book."""

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
from ledger.income import Arrival, record_receipts
from ledger.models import BookEntity, MoneyKind, MonthClose, Receipt, Stream

ALWAYS_POSITIVE = (MoneyKind.INCOME, MoneyKind.INTEREST, MoneyKind.PRINCIPAL, MoneyKind.PROCEEDS)


def check(session: Session, batch: Batch, on: date) -> list[RowProblem]:
    """Every problem of the rows against the book: codes, signs, periods, closed months.

    依据: 国开办发〔2017〕61号 第五条
    """
    if taken_in(session, batch):
        return []
    problems: list[RowProblem] = []
    assets = Codes("资产", asset_ids(session))
    parties = Codes("单位和主体", party_ids(session))
    known = dict(session.exec(select(Receipt.code, Receipt.amount_fen)).all())
    refs = set(session.exec(select(Receipt.bank_ref)).all()) - {None}
    closed = closed_months(session)
    for row in batch.rows:
        assets.find(row, "asset_code", problems)
        receiver = parties.find(row, "receiver_code", problems)
        parties.find(row, "payer_code", problems)
        problems += _row_problems(row, known, refs)
        month = row["received_on"].year * 100 + row["received_on"].month
        if (
            receiver is not None
            and (receiver, month) in closed
            and row["receipt_code"] not in known
        ):
            problems.append(
                row.problem(
                    "month-closed",
                    "received_on",
                    f"收款主体{month}月已结账。",
                    "请在未结账月份入账，并在所属期写明原期间。",
                )
            )
    return problems


def closed_months(session: Session) -> set[tuple[int, int]]:
    """(party id, month) of every closed month.

    依据: 内部约定 (a closed month stays closed)
    """
    rows = session.exec(
        select(BookEntity.party_id, MonthClose.month).join(
            MonthClose, col(MonthClose.entity_id) == col(BookEntity.id)
        )
    ).all()
    return set(rows)


def _row_problems(row: Row, known: dict[str, int], refs: set[Any]) -> list[RowProblem]:
    found = []
    kind = MoneyKind.from_label(row["nature"])
    if known.get(row["receipt_code"], row["received_fen"]) != row["received_fen"]:
        message = f"收款编号{row['receipt_code']}已登记为另一金额。"
        found.append(
            row.problem("code-taken", "receipt_code", message, "更正请红字冲销，不要改原记录。")
        )
    if row["receipt_code"] not in known and row.get("bank_serial_no") in refs:
        message = f"银行流水号{row['bank_serial_no']}已登记过。"
        found.append(
            row.problem("bank-ref-taken", "bank_serial_no", message, "请核对是否重复收款。")
        )
    if kind in ALWAYS_POSITIVE and row["received_fen"] <= 0:
        found.append(
            row.problem("amount-sign", "received_fen", "到账金额应大于零。", "红字更正另行办理。")
        )
    if kind is MoneyKind.CLAW_BACK and row["received_fen"] >= 0:
        found.append(
            row.problem("amount-sign", "received_fen", "财政收回应为负数。", "请填负数金额。")
        )
    if row["period_from_on"] > row["period_to_on"]:
        found.append(
            row.problem(
                "period-reversed", "period_to_on", "所属期止早于所属期起。", "请核对两个日期。"
            )
        )
    if row["received_on"] < row["period_from_on"] and kind is not MoneyKind.ADVANCE:
        found.append(
            row.problem(
                "arrived-before-period",
                "received_on",
                "到账日期早于所属期起。",
                "请核对；垫付款请选垫付。",
            )
        )
    return found


def apply(session: Session, act: Act, batch: Batch) -> Outcome:
    """Record the receipts that are new, and post them.

    依据: 国开办发〔2017〕61号 第五条
    """
    with taking_in(session, act, batch) as written:
        known = set(session.exec(select(Receipt.code)).all())
        rows = [row for row in batch.rows if row["receipt_code"] not in known]
        before = session.exec(select(Receipt.entry_id).order_by(col(Receipt.id).desc())).first()
        refuse_nothing_new(batch, written, len(rows), before or 0)
        assets, parties = asset_ids(session), party_ids(session)
        arrivals = [_arrival(batch, row, assets, parties) for row in rows]
        recorded, posted = record_receipts(session, written, arrivals)
    return Outcome(
        written.id,
        {
            "收款笔数": recorded,
            "已记账": posted,
            "到账合计（分）": sum(a.amount_fen for a in arrivals),
        },
    )


def _arrival(batch: Batch, row: Row, assets: dict[str, int], parties: dict[str, int]) -> Arrival:
    payer = row.get("payer_code")
    return Arrival(
        code=row["receipt_code"],
        asset_id=assets[row["asset_code"]],
        receiver_party_id=parties[row["receiver_code"]],
        money_kind=MoneyKind.from_label(row["nature"]),
        stream=Stream.from_label(row["stream"]),
        income_year=row["income_year"],
        period_from=row["period_from_on"],
        period_to=row["period_to_on"],
        amount_fen=row["received_fen"],
        arrived_on=row["received_on"],
        energy_kwh=row.get("electricity_kwh"),
        due_fen=row.get("due_fen"),
        payer_party_id=parties[payer] if payer else None,
        bank_ref=row.get("bank_serial_no"),
        source=batch.source(row),
    )


def export(session: Session) -> list[dict[str, Any]]:
    """All receipts as rows of the workbook.

    依据: 内部约定 (export → import is the identity)
    """
    codes = party_codes(session)
    rows = session.exec(
        select(Receipt, Asset.code)
        .join(Asset, col(Asset.id) == col(Receipt.asset_id))
        .order_by(col(Receipt.id))
    ).all()
    return [
        filled(
            {
                "receipt_code": r.code,
                "asset_code": asset_code,
                "receiver_code": codes[r.receiver_party_id],
                "nature": next(k.label for k in MoneyKind if k == r.money_kind),
                "stream": next(s.label for s in Stream if s == r.stream),
                "income_year": r.income_year,
                "period_from_on": r.period_from,
                "period_to_on": r.period_to,
                "electricity_kwh": r.energy_kwh,
                "due_fen": r.due_fen,
                "received_fen": r.amount_fen,
                "received_on": r.arrived_on,
                "payer_code": codes[r.payer_party_id] if r.payer_party_id else None,
                "bank_serial_no": r.bank_ref,
            }
        )
        for r, asset_code in rows
    ]


HANDLER = Handler("receipts", check, apply, export)
