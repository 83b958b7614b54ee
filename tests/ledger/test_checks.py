"""Does every check find the one thing it is for, and nothing in a sound book?"""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlmodel import Session

from assets import trail
from assets.errors import Refused
from assets.models import AssetRight, FundContribution, FundDocument
from assets.trail import Act, heads
from ledger import checks
from ledger.checks import QUERIES, CheckFault, run, run_all
from ledger.database import open_session
from ledger.models import Stream
from ledger.pay_batch import make_batch
from ledger.statements import confirm_statement, pass_on
from tests.assets.trail.tampering import by_hand
from tests.conftest import Book
from tests.ledger.payable_village import PLAN, Payable
from tests.ledger.worked_example import (
    ARRIVED,
    BEGUN,
    BENCHMARK_FEN,
    PLANT,
    YEAR,
    do,
    furnish,
    receive,
    spend,
)

Change = tuple[str, Sequence[str]]

OF_PAYMENT: list[Change] = [
    ("voucher-balances", ["UPDATE voucher_line SET amount_fen = amount_fen + 1 WHERE id = 1"]),
    ("voucher-lines-belong", ["UPDATE voucher_line SET voucher_id = 999 WHERE id = 1"]),
    ("voucher-range-full", ["DELETE FROM voucher_line WHERE id = 1"]),
    ("voucher-numbers-gapless", ["UPDATE voucher SET number = number + 5 WHERE id = 2"]),
    ("voucher-month-of-date", ["UPDATE voucher SET month = 201912 WHERE id = 1"]),
    (
        "nothing-after-close",
        [
            "INSERT INTO month_close (id, entry_id, entity_id, month, closed_on, voucher_count, "
            "trial_balance_sha256) SELECT 9, 1, entity_id, month, dated_on, 1, '0' "
            "FROM voucher WHERE id = 2"
        ],
    ),
    ("reversal-is-full", ["UPDATE voucher SET reverses_voucher_id = 1 WHERE id = 2"]),
    ("plan-income-adds-up", ["UPDATE plan_income SET distributable_fen = distributable_fen + 1"]),
    ("plan-channels-add-up", ["UPDATE plan_channel SET amount_fen = amount_fen - 1 WHERE id = 1"]),
    (
        "channel-allocations-add-up",
        ["UPDATE allocation SET share_fen = share_fen + 1 WHERE id = 1"],
    ),
    (
        "entitlement-within-channel",
        ["UPDATE entitlement SET amount_fen = amount_fen + 1000000 WHERE id = 1"],
    ),
    ("one-live-payment", ["UPDATE payment_line SET entitlement_id = 1"]),
    (
        "payment-is-entitlement",
        ["UPDATE payment_line SET amount_fen = amount_fen + 1 WHERE id = 1"],
    ),
    ("batch-is-its-lines", ["UPDATE payment_batch SET amount_fen = amount_fen - 1"]),
    ("payment-within-money-received", ["UPDATE plan_income SET distributable_fen = 1"]),
    (
        "attendance-within-wage",
        [
            "INSERT INTO attendance (id, entry_id, job_post_id, household_id, person_id, month, "
            "day_count, earned_fen, keeper) SELECT 9, 1, id, 1, 1, 201901, 22, monthly_fen + 1, "
            "'x' FROM job_post WHERE id = 1"
        ],
    ),
    ("roster-is-its-lines", ["UPDATE roster SET person_count = person_count + 1"]),
    ("decision-before-payment", ["DELETE FROM decision WHERE stage = 'RESOLVE'"]),
    ("notice-before-payment", ["UPDATE notice SET ends_on = '2030-01-01'"]),
    ("states-follow", ["DELETE FROM status_event WHERE id = 2"]),
]

OF_INCOME: list[Change] = [
    ("contributions-add-up", ["UPDATE fund_contribution SET amount_fen = amount_fen - 1"]),
    (
        "allocation-within-document",
        [
            "INSERT INTO fund_allocation (id, entry_id, fund_document_id, project_id, amount_fen) "
            "SELECT 9, 1, id, 1, amount_fen + 1 FROM fund_document"
        ],
    ),
    ("statement-adds-up", ["UPDATE statement_line SET amount_fen = amount_fen + 1 WHERE id = 1"]),
    (
        "statement-sources",
        ["UPDATE statement_source SET amount_fen = amount_fen - 1 WHERE id = 1"],
    ),
    ("transfer-is-line", ["UPDATE transfer SET amount_fen = amount_fen - 1 WHERE id = 1"]),
    (
        "statement-line-distributed-once",
        [
            "INSERT INTO policy (id, entry_id, code, sha256, body) VALUES (1, 1, 'x', 'x', 'x')",
            "INSERT INTO plan (id, entry_id, code, kind, holder_party_id, title, income_year, "
            "period_from, period_to, policy_id, rule_text, received_fen, deducted_fen, "
            "distributable_fen, drafted_on) VALUES (1, 1, 'x', 'VILLAGE', 1, 'x', 2020, "
            "'2020-01-01', '2020-12-31', 1, 'x', 0, 0, 0, '2021-01-01')",
            "INSERT INTO plan_income (id, entry_id, plan_id, income_year, stream, "
            "statement_line_id, expected, distributable_fen) SELECT 1, 1, 1, 2020, 'x', id, "
            "{no}, amount_fen + 1 FROM statement_line WHERE id = 1",
        ],
    ),
    (
        "handover-answered-by-receiver",
        [
            "INSERT INTO handover_act (id, entry_id, code, village_code, from_party_id, "
            "to_party_id, attempt_no, prepared_on, shown_text, text_sha256) "
            "VALUES (1, 1, 'YJ', 'x', 1, 2, 1, '2021-01-01', 'x', 'x')",
            "INSERT INTO handover_item (id, entry_id, handover_act_id, asset_id, line_no, "
            "original_value_fen, net_value_fen) VALUES (1, 1, 1, 1, 1, 1, 1)",
            "INSERT INTO handover_booking (id, entry_id, asset_id, handover_act_id, booked_on) "
            "VALUES (1, 1, 1, 1, '2021-01-01')",
        ],
    ),
    (
        "shares-sum-to-one",
        ["UPDATE asset_right SET share_numerator = share_numerator - 1 WHERE id = 1"],
    ),
]


def found_by(connection: Connection, changes: list[Change]) -> dict[str, set[str]]:
    """For each change, tried alone and taken back: the names of the checks that speak."""
    spoken: dict[str, set[str]] = {}
    flag = "0" if connection.dialect.name == "sqlite" else "false"
    with Session(connection, join_transaction_mode="control_fully") as session:
        for name, statements in changes:
            connection.exec_driver_sql("SAVEPOINT alone")
            for statement in statements:
                connection.exec_driver_sql(statement.replace("{no}", flag))
            spoken[name] = {each.check for each in named(session)}
            session.expire_all()
            connection.exec_driver_sql("ROLLBACK TO SAVEPOINT alone")
        connection.commit()
    return spoken


def named(session: Session) -> list[CheckFault]:
    """What the queries and functions find, the log left out: it would find everything."""
    faults = []
    for name, query, sentence in QUERIES:
        for row in session.connection().execute(text(query)).all():
            faults.append(CheckFault(name, str(row[0]), sentence.format(row[0], row[1])))
    for function in checks.FUNCTIONS:
        if function is not checks.log_is_clean:
            faults += function(session)
    assert all("{" not in each.message for each in faults)
    return faults


@pytest.mark.tampered
def test_what_is_wrong_with_vouchers_plans_and_payments_is_found(payable: Payable) -> None:
    payable.do(make_batch, PLAN, "Z1", channels="other")
    assert run(payable.session) == []
    url = payable.session.get_bind().engine.url.render_as_string(hide_password=False)
    payable.session.rollback()
    with by_hand(url) as connection:
        found = found_by(connection, OF_PAYMENT)
    assert [name for name, _ in OF_PAYMENT if name not in found[name]] == []


@pytest.mark.tampered
def test_what_is_wrong_with_funds_shares_and_income_is_found(book: Book) -> None:
    furnish(book)
    spend(book)
    receive(book, Stream.BENCHMARK_TARIFF, BENCHMARK_FEN, ARRIVED)
    streams = (Stream.BENCHMARK_TARIFF,)
    do(book, confirm_statement, PLANT, YEAR, streams, ARRIVED, on=ARRIVED)
    do(book, pass_on, f"JZ-{PLANT}-{YEAR}-01", on=ARRIVED)
    with trail.entry(book.session, Act("D1", "t", BEGUN), "test", "funds") as written:
        document = written.add(
            FundDocument(
                code="文1",
                title="通知",
                level="CENTRAL",
                fund_type="CENTRAL_SPECIAL",
                fund_year=2018,
                amount_fen=194_000_000,
                issued_on=BEGUN,
                issuer="省",
            )
        )
        written.add(
            FundContribution(asset_id=1, fund_document_id=document.id, amount_fen=194_000_000)
        )
    book.session.commit()
    assert run(book.session) == []
    book.session.rollback()
    with by_hand(book.url) as connection:
        found = found_by(connection, OF_INCOME)
    assert [name for name, _ in OF_INCOME if name not in found[name]] == []


def test_every_check_has_a_change_that_it_finds() -> None:
    tried = {name for name, _ in (*OF_PAYMENT, *OF_INCOME)}
    assert {name for name, _, _ in QUERIES} <= tried
    assert len({name for name, _, _ in QUERIES}) == len(QUERIES)


@pytest.mark.tampered
def test_the_whole_check_names_what_the_log_finds_too(book: Book) -> None:
    furnish(book)
    book.session.rollback()
    with by_hand(book.url) as connection:
        connection.exec_driver_sql("UPDATE asset_fact SET title = 'x'")
    with open_session(book.url) as session:
        result = run_all(session)
    assert result.ran == len(QUERIES) + len(checks.FUNCTIONS)
    (fault,) = result.faults
    assert (fault.check, fault.object) == ("trail", "asset_fact")
    assert "内容与记录时的摘要不符" in fault.message


def test_what_no_checkpoint_covers_is_warned_of_after_a_month(book: Book) -> None:
    def cut(name: str) -> None:
        with trail.entry(book.session, Act("R1", "t", BEGUN), "checkpoint", name) as written:
            heads.cut(book.session, written, name)
        book.session.commit()

    cut("a")
    assert run_all(book.session).warnings == []
    clock: Any = book.desk.clock
    clock.now_us += 32 * 86_400_000_000
    furnish(book)
    (warning,) = run_all(book.session).warnings
    assert warning.check == "checkpoint-stale" and "没有对外出具检查点" in warning.message
    cut("b")
    assert run_all(book.session).warnings == []


def test_a_statement_of_shares_that_do_not_make_a_whole_is_not_written(book: Book) -> None:
    furnish(book, benefit=False)
    receive(book, Stream.BENCHMARK_TARIFF, 1, ARRIVED)
    with pytest.raises(Refused):
        do(book, confirm_statement, PLANT, YEAR, (Stream.BENCHMARK_TARIFF,), ARRIVED, on=ARRIVED)
    assert book.session.get(AssetRight, 1) is None
