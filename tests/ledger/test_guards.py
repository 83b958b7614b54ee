"""Does the database itself refuse, also in raw SQL, whatever the program would let through?"""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from assets.trail.schema import all_guard_statements, live_guards, logged_tables
from ledger.guards import guard_statements
from ledger.models import Household, PaymentBatch, PaymentLine, PaymentResult, Withholding
from ledger.pay_batch import make_batch
from tests.ledger.payable_village import H1, PLAN, Payable

pytestmark = pytest.mark.tampered  # a raw row belongs to no entry


def refused(session: Session, statement: str, **values: Any) -> str:
    """What the database says against a statement; the transaction goes on."""
    with pytest.raises(DBAPIError) as caught, session.connection().begin_nested():
        session.connection().execute(text(statement), values)
    return str(caught.value.orig).splitlines()[0]


def insert(session: Session, table: str, row: Mapping[str, Any]) -> None:
    """A raw row, past the program."""
    names = ", ".join(row)
    values = ", ".join(f":{name}" for name in row)
    session.connection().execute(text(f"INSERT INTO {table} ({names}) VALUES ({values})"), row)


def insert_refused(session: Session, table: str, row: Mapping[str, Any]) -> str:
    with pytest.raises(DBAPIError) as caught, session.connection().begin_nested():
        insert(session, table, row)
    return str(caught.value.orig).splitlines()[0]


def newest(session: Session, table: str) -> dict[str, Any]:
    row = session.connection().execute(text(f"SELECT * FROM {table} ORDER BY id DESC LIMIT 1"))
    return dict(row.mappings().one())


def test_every_guard_stands_in_a_new_book(payable: Payable) -> None:
    connection = payable.session.connection()
    dialect = connection.dialect.name
    assert live_guards(connection) >= set(all_guard_statements(dialect))
    assert set(guard_statements(dialect)) >= {
        "seal_voucher",
        "keep_month_closed",
        "separate_duties",
        "one_live_payment",
    }


def test_no_row_of_any_logged_table_is_changed_or_deleted(payable: Payable) -> None:
    payable.do(make_batch, PLAN, "Z1", channels="other")
    session = payable.session
    filled = 0
    for table in logged_tables():
        statements = [f"UPDATE {table.name} SET id = id", f"DELETE FROM {table.name}"]
        if session.connection().dialect.name == "postgresql":
            statements.append(f"TRUNCATE {table.name} CASCADE")
        elif not session.execute(text(f"SELECT 1 FROM {table.name} LIMIT 1")).first():
            continue  # SQLite's triggers speak for each row
        if session.execute(text(f"SELECT 1 FROM {table.name} LIMIT 1")).first() is None:
            statements = statements[2:]
        else:
            filled += 1
        for statement in statements:
            assert "账本记录不得修改或删除" in refused(session, statement), statement
    assert filled >= 30


def pair(session: Session, voucher: int, fens: tuple[int, int] = (5, 5)) -> dict[str, Any]:
    """Two raw lines for a voucher to come, and its header; the caller spoils what it likes."""
    line = newest(session, "voucher_line")
    last = newest(session, "voucher")
    first = last["last_line_id"] + 1
    for place, (side, fen) in enumerate(zip((1, -1), fens, strict=True)):
        insert(
            session,
            "voucher_line",
            {**line, "id": first + place, "voucher_id": voucher, "side": side, "amount_fen": fen},
        )
    of_month = session.execute(
        text("SELECT max(number) FROM voucher WHERE entity_id = :e AND month = :m"),
        {"e": last["entity_id"], "m": last["month"]},
    ).scalar_one()
    return {
        **last,
        "id": voucher,
        "entry_id": line["entry_id"],
        "number": of_month + 1,
        "first_line_id": first,
        "last_line_id": first + 1,
        "line_count": 2,
        "debit_fen": fens[0],
        "reverses_voucher_id": None,
        "adjusts_voucher_id": None,
    }


def test_a_voucher_is_sealed_only_when_it_is_whole_and_in_order(payable: Payable) -> None:
    session = payable.session
    voucher = newest(session, "voucher")["id"] + 1
    good = pair(session, voucher)
    spoilt: list[tuple[dict[str, Any], str]] = [
        ({"number": good["number"] + 1}, "凭证号必须连续"),
        ({"number": good["number"] - 1}, "凭证号必须连续"),
        ({"first_line_id": good["first_line_id"] + 1}, "凭证分录范围不连续"),
        ({"first_line_id": good["first_line_id"] - 1}, "凭证分录范围不连续"),
        ({"line_count": 3}, "凭证借贷不平或分录不全"),
        ({"last_line_id": good["last_line_id"] + 1}, "凭证借贷不平或分录不全"),
        ({"last_line_id": good["first_line_id"], "line_count": 1}, "凭证借贷不平或分录不全"),
        ({"debit_fen": 6}, "凭证借贷不平或分录不全"),
        ({"entry_id": good["entry_id"] - 1}, "凭证借贷不平或分录不全"),
        ({"id": voucher + 1}, "凭证分录范围不连续"),
        ({"id": voucher - 1}, "凭证不得替换"),
    ]
    for change, message in spoilt:
        assert message in insert_refused(session, "voucher", {**good, **change}), change
    insert(session, "voucher", good)  # unspoilt it stands


@pytest.mark.parametrize(
    ("fens", "change", "message"),
    [
        ((5, 6), {}, "凭证借贷不平或分录不全"),
        ((5, 5), {"account_id": 99_999}, "分录所用科目、辅助核算或农户不存在"),
        ((5, 5), {"dimension_id": 99_999}, "分录所用科目、辅助核算或农户不存在"),
        ((5, 5), {"household_id": 99_999}, "分录所用科目、辅助核算或农户不存在"),
        ((5, 5), {"voucher_id": 1}, "凭证借贷不平或分录不全"),
        ((5, 5), {"entry_id": 1}, "凭证借贷不平或分录不全"),
    ],
)
def test_a_voucher_of_unsound_lines_is_not_sealed(
    payable: Payable, fens: tuple[int, int], change: dict[str, int], message: str
) -> None:
    session = payable.session
    voucher = newest(session, "voucher")["id"] + 1
    good = pair(session, voucher, fens)
    if change:
        line = {**newest(session, "voucher_line"), **change}
        line["id"] += 1
        line["side"], line["amount_fen"] = 1, 7
        insert(session, "voucher_line", line)
        insert(session, "voucher_line", {**line, "id": line["id"] + 1, "side": -1})
        good |= {"last_line_id": line["id"] + 1, "line_count": 4, "debit_fen": 12}
    assert message in insert_refused(session, "voucher", good)


def test_a_closed_month_takes_no_voucher_and_no_month_is_closed_behind_it(
    payable: Payable,
) -> None:
    session = payable.session
    last = newest(session, "voucher")
    count = session.execute(
        text("SELECT count(*) FROM voucher WHERE entity_id = :e AND month = :m"),
        {"e": last["entity_id"], "m": last["month"]},
    ).scalar_one()
    close = {
        "id": 1,
        "entry_id": last["entry_id"],
        "entity_id": last["entity_id"],
        "month": last["month"],
        "closed_on": last["dated_on"],
        "voucher_count": count,
        "trial_balance_sha256": "0" * 64,
    }
    wrong = {**close, "voucher_count": count + 1}
    assert "月结凭证数不符" in insert_refused(session, "month_close", wrong)
    insert(session, "month_close", close)
    earlier = {**close, "id": 2, "month": last["month"] - 1, "voucher_count": 0}
    assert "以后月份已结账，不得补结" in insert_refused(session, "month_close", earlier)
    late = pair(session, last["id"] + 1)
    assert "本月已结账，不得再记凭证" in insert_refused(session, "voucher", late)


def batch_again(payable: Payable, **change: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A raw copy of the last batch's first line, and a batch of that one line."""
    session = payable.session
    line = dict(
        session.connection()
        .execute(text("SELECT * FROM payment_line ORDER BY id LIMIT 1"))
        .mappings()
        .one()
    )
    batch = newest(session, "payment_batch")
    line |= {
        "id": newest(session, "payment_line")["id"] + 1,
        "payment_batch_id": batch["id"] + 1,
    }
    line |= change
    batch |= {
        "id": batch["id"] + 1,
        "code": "Z9",
        "first_line_id": line["id"],
        "last_line_id": line["id"],
        "line_count": 1,
        "amount_fen": line["amount_fen"],
    }
    return line, batch


def returned(session: Session, line_id: int) -> None:
    """The bank sent the first payment back."""
    row = PaymentResult(
        id=1,
        entry_id=1,
        payment_line_id=line_id,
        outcome="RETURNED",
        happened_on=date(2019, 4, 24),
        reason_code="户名不符",
    )
    session.add(row)
    session.flush()


def test_an_entitlement_has_one_live_payment(payable: Payable) -> None:
    payable.do(make_batch, PLAN, "Z1", channels="other")
    session = payable.session
    line, batch = batch_again(payable)
    insert(session, "payment_line", line)
    assert "同一笔应发款已在支付中或已支付" in insert_refused(session, "payment_batch", batch)
    first = session.exec(select(PaymentLine.id).order_by(PaymentLine.id)).first()  # type: ignore[arg-type]
    assert first is not None
    returned(session, first)
    insert(session, "payment_batch", batch)  # a returned one may be paid anew
    assert session.exec(select(PaymentBatch.code)).all()[-1] == "Z9"


def test_a_batch_is_exactly_its_lines_and_its_lines_what_is_owed(payable: Payable) -> None:
    payable.do(make_batch, PLAN, "Z1", channels="other")
    session = payable.session
    first = session.exec(select(PaymentLine.id).order_by(PaymentLine.id)).first()  # type: ignore[arg-type]
    assert first is not None
    returned(session, first)
    line, batch = batch_again(payable)
    insert(session, "payment_line", line)
    for change in (
        {"line_count": 2},
        {"amount_fen": line["amount_fen"] + 1},
        {"first_line_id": 1},
        {"id": batch["id"] + 1},
    ):
        said = insert_refused(session, "payment_batch", {**batch, **change})
        assert "支付批次与明细不符" in said, change
    session.rollback()
    for change in (
        {"amount_fen": line["amount_fen"] + 1},
        {"household_id": line["household_id"] + 1},
        {"entitlement_id": 99_999},
    ):
        returned(session, first)
        odd, batch = batch_again(payable, **change)
        insert(session, "payment_line", odd)
        assert "支付明细与应发不符" in insert_refused(session, "payment_batch", batch), change
        session.rollback()


def test_a_withheld_household_is_not_paid_until_it_is_released(payable: Payable) -> None:
    payable.do(make_batch, PLAN, "Z1", channels="other")
    session = payable.session
    first = session.exec(select(PaymentLine).order_by(PaymentLine.id)).first()  # type: ignore[arg-type]
    assert first is not None
    returned(session, first.id)
    line, batch = batch_again(payable)
    insert(session, "payment_line", line)
    for number, outcome in enumerate(("WITHHELD", "CANCELLED", "RELEASED"), start=90):
        session.add(
            Withholding(
                id=number,
                entry_id=1,
                plan_id=payable.plan.id,
                household_id=first.household_id,
                outcome=outcome,
                reason_code="OBJECTION",
            )
        )
        session.flush()
        if outcome != "RELEASED":
            assert "该户款项暂缓发放" in insert_refused(session, "payment_batch", batch)
    insert(session, "payment_batch", batch)
    assert session.exec(select(Household.code).where(Household.code == H1)).one() == H1


def test_duties_are_kept_apart_in_raw_sql_too(payable: Payable) -> None:
    session = payable.session
    made = (
        session.connection()
        .execute(text("SELECT * FROM stage_act WHERE stage = 'DRAFT'"))
        .mappings()
        .one()
    )
    number = newest(session, "stage_act")["id"] + 1
    review = {
        **made,
        "id": number,
        "stage": "TOWN_REVIEW",
        "duty": "REVIEW",
        "recorder": "录入丙",
        "round_no": 2,
    }
    assert "岗位不相容" in insert_refused(session, "stage_act", review)
    typed = {**review, "actor_code": "S09", "recorder": made["recorder"]}
    assert "录入人不得审核自己录入的事项" in insert_refused(session, "stage_act", typed)
    insert(session, "stage_act", {**review, "actor_code": "S09"})
