"""Which number did our voucher get in the village's accounting software? Its list comes back."""

from datetime import date
from typing import Any

from sqlmodel import Session, col, select

from assets.errors import RowProblem
from assets.intake import Batch, Handler, Outcome, Row
from assets.intake.registered import Codes, filled, refuse_nothing_new, taken_in, taking_in
from assets.models import Party
from assets.parties import party_ids
from assets.trail import Act
from ledger.models import BookEntity, ExternalVoucherNumber, Voucher

Key = tuple[str, int, int]
"""Party code, month YYYYMM, voucher number."""


def check(session: Session, batch: Batch, on: date) -> list[RowProblem]:
    """Every problem of the rows: no such voucher, or already known under another number.

    依据: 内部约定 (the village's general ledger and the special book are compared yearly)
    """
    if taken_in(session, batch):
        return []
    codes = Codes("单位和主体", party_ids(session))
    vouchers, known = _vouchers(session), _known(session)
    problems: list[RowProblem] = []
    for row in batch.rows:
        if codes.find(row, "party_code", problems) is None:
            continue
        key = _key(row)
        if key not in vouchers:
            message = f"专账中没有{key[1]}第{key[2]}号凭证。"
            problems.append(
                row.problem("no-voucher", "voucher_no", message, "请核对主体、月份和凭证号。")
            )
            continue
        other = known.get(key)
        if other is not None and other.number != row["external_voucher_no"]:
            message = f"该凭证已登记外部凭证号{other.number}。"
            problems.append(
                row.problem("number-known", "external_voucher_no", message, "请核对外部软件。")
            )
    return problems


def _key(row: Row) -> Key:
    month = row["voucher_month"]
    return row["party_code"], month.year * 100 + month.month, row["voucher_no"]


def _vouchers(session: Session) -> dict[Key, int]:
    rows = session.exec(
        select(Party.code, Voucher.month, Voucher.number, Voucher.id)
        .join(BookEntity, col(BookEntity.id) == col(Voucher.entity_id))
        .join(Party, col(Party.id) == col(BookEntity.party_id))
    ).all()
    return {(str.__str__(code), month, number): key for code, month, number, key in rows}


def _known(session: Session) -> dict[Key, ExternalVoucherNumber]:
    rows = session.exec(select(ExternalVoucherNumber)).all()
    by_voucher = {row.voucher_id: row for row in rows}
    return {
        key: by_voucher[voucher_id]
        for key, voucher_id in _vouchers(session).items()
        if voucher_id in by_voucher
    }


def apply(session: Session, act: Act, batch: Batch) -> Outcome:
    """Record the outside numbers not known yet.

    依据: 内部约定 (an outside number is recorded once)
    """
    with taking_in(session, act, batch) as written:
        vouchers, known = _vouchers(session), _known(session)
        fresh = [row for row in batch.rows if _key(row) not in known]
        last = max((each.entry_id for each in known.values()), default=0)
        refuse_nothing_new(batch, written, len(fresh), last)
        written.insert(
            ExternalVoucherNumber,
            [
                {
                    "voucher_id": vouchers[_key(row)],
                    "number": row["external_voucher_no"],
                    "entered_on": row.get("posted_on"),
                    **batch.source(row),
                }
                for row in fresh
            ],
        )
        return Outcome(written.id, {"外部凭证号": len(fresh)})


def export(session: Session) -> list[dict[str, Any]]:
    """Every voucher whose outside number is known.

    依据: 内部约定 (what is exported can be imported again)
    """
    return [
        filled(
            {
                "party_code": code,
                "voucher_month": date(month // 100, month % 100, 1),
                "voucher_no": number,
                "external_voucher_no": row.number,
                "posted_on": row.entered_on,
            }
        )
        for (code, month, number), row in sorted(_known(session).items(), key=lambda item: item[0])
    ]


HANDLER = Handler("voucher-numbers", check, apply, export)
