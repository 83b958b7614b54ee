"""Vouchers: balanced, numbered without a gap, sealed by the database, corrected in red once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select

from assets import trail
from assets.errors import AlreadyDone, NotFound
from assets.models import Party, PartyKind
from assets.trail import Act, Entry
from ledger.books import posting
from ledger.books.posting import CREDIT, DEBIT, Line
from ledger.books.refusals import (
    CannotReverse,
    ClosedPeriod,
    EmptyVoucher,
    NotOpened,
    Unbalanced,
    UnknownAccount,
    UnknownPosting,
    VoucherRefused,
)
from ledger.models import Account, Dimension, Household, MonthClose, Voucher, VoucherLine

OPENED = date(2019, 1, 1)


def act(on: date = date(2019, 3, 5), command: str = "test", inputs: str = "") -> Act:
    return Act("出纳甲", command, on, inputs=inputs)


@contextmanager
def writing(book: Any, name: str, on: date = date(2019, 3, 5)) -> Iterator[Entry]:
    with trail.entry(book.session, act(on), "test", name) as written:
        yield written
    book.session.commit()


@pytest.fixture
def village(book: Any) -> int:
    """A village collective whose book opens in 2019; two households."""
    with writing(book, "village") as written:
        party = written.add(Party(code="V440203102204", kind=PartyKind.COLLECTIVE.value))
        posting.ensure_entity(book.session, written, party.id, OPENED)
        for code in ("H1", "H2", "H3"):
            written.add(Household(code=code))
    return party.id


@pytest.fixture
def record(book: Any, village: int) -> Callable[..., Voucher]:
    """Post a voucher with given lines in an entry of its own."""
    count = iter(range(1000))

    def go(lines: list[Line], dated_on: date = date(2019, 3, 5), party_id: int = 0) -> Voucher:
        with writing(book, f"voucher {next(count)}") as written:
            return posting.post(
                book.session,
                written,
                party_id=party_id or village,
                dated_on=dated_on,
                kind="TEST",
                summary="收到标杆电费",
                lines=lines,
                concerns=2019,
            )

    return go


def pair(fen: int, debit: str = "102", credit: str = "50101") -> list[Line]:
    return [Line(debit, DEBIT, fen), Line(credit, CREDIT, fen)]


def turnover(book: Any, code: str) -> tuple[int, int]:
    """Debit and credit turnover of an account over the whole book."""
    rows = book.session.exec(
        select(VoucherLine)
        .join(Account, col(Account.id) == VoucherLine.account_id)
        .where(Account.code == code)
    ).all()
    sides = [sum(row.amount_fen for row in rows if row.side == side) for side in (DEBIT, CREDIT)]
    return sides[0], sides[1]


def test_a_voucher_is_numbered_within_entity_and_month(record: Any) -> None:
    first, second = record(pair(100)), record(pair(250))
    april = record(pair(1), date(2019, 4, 1))
    assert [(each.month, each.number) for each in (first, second, april)] == [
        (201903, 1),
        (201903, 2),
        (201904, 1),
    ]
    assert second.first_line_id == first.last_line_id + 1
    assert posting.voucher_name(second.number) == "记-002"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_lines_of_zero_are_left_out_and_a_voucher_of_nothing_is_refused(record: Any) -> None:
    voucher = record([*pair(100), Line("112", DEBIT, 0)])
    assert voucher.line_count == 2
    with pytest.raises(EmptyVoucher):
        record(pair(0))


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_unbalanced_voucher_is_refused_with_the_difference(record: Any) -> None:
    with pytest.raises(Unbalanced, match=r"相差-0\.01元"):
        record([Line("102", DEBIT, 99), Line("501", CREDIT, 100)])


def test_a_book_not_opened_or_not_yet_opened_is_refused(book: Any, record: Any) -> None:
    with writing(book, "other") as written:
        other = written.add(Party(code="V440203102205", kind=PartyKind.COLLECTIVE.value))
    with pytest.raises(NotOpened, match="还没有建立专账"):
        record(pair(1), party_id=other.id)
    book.session.rollback()
    with pytest.raises(NotOpened, match="自2019-01-01起启用"):
        record(pair(1), date(2018, 12, 31))


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_account_the_chart_does_not_have_is_refused(record: Any) -> None:
    with pytest.raises(UnknownAccount, match="没有科目“999”"):
        record(pair(1, debit="999"))


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_personal_number_in_the_summary_is_refused(book: Any, village: int) -> None:
    from assets.masking import PersonalNumberInText

    with pytest.raises(PersonalNumberInText), writing(book, "numbered") as written:
        posting.post(
            book.session,
            written,
            party_id=village,
            dated_on=OPENED,
            kind="TEST",
            summary="付440203198001010003电费",
            lines=pair(1),
            concerns=2019,
        )


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_chart_is_that_of_the_day(book: Any, record: Any) -> None:
    record(pair(1, credit="50101"), date(2023, 12, 31))
    record(pair(1, credit="50101"), date(2024, 1, 1))
    charts = {(row.chart, row.code) for row in book.session.exec(select(Account)).all()}
    assert charts == {
        ("VILLAGE_2004", "102"),
        ("VILLAGE_2004", "50101"),
        ("VILLAGE_2023", "102"),
        ("VILLAGE_2023", "50101"),
    }


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_events_of_a_village_follow_the_chart_of_the_day(book: Any, village: int) -> None:
    def codes(event: str, day: date, **facts: Any) -> list[str]:
        lines = posting.event_lines(book.session, event, village, day, 100, **facts)
        return [f"{'D' if line.side == DEBIT else 'C'}{line.account}" for line in lines]

    old, new = date(2023, 12, 31), date(2024, 1, 1)
    assert codes("income_notified", old, stream="BENCHMARK_TARIFF") == ["D112", "C50101"]
    assert codes("income_direct", new, stream="STATE_SUBSIDY") == ["D102", "C50102"]
    assert codes("agency_deduction", old) == ["D502", "C112"]
    assert codes("agency_deduction", new) == ["D511", "C112"]
    assert codes("wage_accrued", old, channel="JOB") == ["D212", "C20201"]
    assert codes("wage_accrued", new, channel="JOB") == ["D514", "C213"]
    assert codes("keeper_wage_accrued", new) == ["D511", "C213"]
    assert codes("subsidy_decided", old, channel="HARDSHIP") == ["D212", "C11302"]
    assert codes("subsidy_decided", new, channel="REWARD") == ["D514", "C11302"]
    assert codes("subsidy_decided", new, channel="WORKS") == ["D514", "C213"]
    assert codes("payment_returned", new, channel="JOB") == ["D102", "C213"]
    assert codes("payment_reissued", old, channel="REWARD") == ["D11302", "C102"]
    assert codes("guaranteed_return", old) == ["D102", "C561"]
    assert codes("guaranteed_return", new) == ["D102", "C502"]
    assert codes("principal_granted", new) == ["D141", "C241", "D241", "C311"]
    assert codes("handover_booked", new, form="BIOLOGICAL") == ["D132", "C311"]
    assert codes("retention", new) == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_event_without_a_rule_is_refused(book: Any, village: int) -> None:
    with pytest.raises(UnknownPosting, match="没有分录规则"):
        posting.event_lines(book.session, "agency_passed", village, OPENED, 100)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_household_stands_on_the_account_kept_by_household(book: Any, village: int) -> None:
    lines = posting.event_lines(
        book.session, "wage_paid", village, OPENED, 5, household_id=2, channel="JOB"
    )
    assert [(line.account, line.household_id) for line in lines] == [("20201", 2), ("102", 0)]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_pool_and_an_agency_keep_memorandum_accounts(book: Any) -> None:
    with writing(book, "agency") as written:
        agency = written.add(Party(code="AGENCY", kind=PartyKind.AGENCY.value))
        assert posting.ensure_entity(book.session, written, agency.id, OPENED).memorandum
        lines = posting.event_lines(book.session, "agency_deducted", agency.id, OPENED, 30)
        voucher = posting.post(
            book.session,
            written,
            party_id=agency.id,
            dated_on=OPENED,
            kind="DEDUCTION",
            summary="代扣运维费",
            lines=lines,
            concerns=201901,
        )
    assert voucher.debit_fen == 60 and voucher.line_count == 4


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_a_line_is_about_is_interned_once(book: Any, record: Any) -> None:
    facts: dict[str, Any] = {"asset_id": 7, "income_year": 2018, "stream": "RENT"}
    for _ in range(2):
        record([Line("102", DEBIT, 5, **facts), Line("501", CREDIT, 5, **facts)])
    rows = book.session.exec(select(Dimension)).all()
    assert [(row.asset_id, row.income_year, row.stream, row.channel) for row in rows] == [
        (7, 2018, "RENT", "")
    ]


def test_a_distribution_over_many_households_is_one_packed_voucher(book: Any, village: int) -> None:
    with writing(book, "plan") as written:
        packed = posting.packed_event(
            book.session,
            written,
            "subsidy_decided",
            village,
            OPENED,
            np.array([1, 2, 3]),
            np.array([100, 0, 23]),
            channel="REWARD",
        )
        voucher = posting.post_packed(
            book.session,
            written,
            party_id=village,
            dated_on=OPENED,
            kind="PLAN",
            summary="奖励补助",
            packed=packed,
            concerns=2018,
        )
    rows = [
        (row.side, row.amount_fen, row.household_id)
        for row in posting.lines_of(book.session, voucher)
    ]
    assert rows == [(1, 123, 0), (-1, 100, 1), (-1, 23, 3)]


# --- what the database itself refuses -------------------------------------------------------


def forged(book: Any, voucher: Voucher, **changes: Any) -> None:
    """Insert lines and a header by hand, with something wrong."""
    session = book.session
    line = {"debit_fen": 5, "credit_fen": 5, "household_id": 0, **changes}
    last = voucher.last_line_id
    account = posting.lines_of(session, voucher)[0].account_id
    for place, (side, fen) in enumerate(((1, line["debit_fen"]), (-1, line["credit_fen"])), 1):
        session.execute(
            text(
                "INSERT INTO voucher_line (id, entry_id, voucher_id, account_id, side, amount_fen,"
                " dimension_id, household_id) VALUES (:id, :entry, :voucher, :account, :side,"
                " :fen, :dimension, :household)"
            ),
            {
                "id": last + place + changes.get("shift", 0),
                "entry": voucher.entry_id,
                "voucher": voucher.id + 1,
                "account": changes.get("account", account),
                "side": side,
                "fen": fen,
                "dimension": changes.get("dimension", 0),
                "household": line["household_id"],
            },
        )
    row = voucher.model_dump() | {
        "id": voucher.id + 1,
        "number": voucher.number + changes.get("skip", 1),
        "month": changes.get("month", voucher.month),
        "dated_on": voucher.dated_on,
        "first_line_id": last + 1 + changes.get("shift", 0),
        "last_line_id": last + 2 + changes.get("shift", 0) - changes.get("omit", 0),
        "line_count": 2 - changes.get("omit", 0),
        "debit_fen": 5,
        "reverses_voucher_id": changes.get("reverses"),
    }
    session.execute(Voucher.__table__.insert(), row)  # type: ignore[attr-defined]


FORGERIES: list[tuple[dict[str, Any], str]] = [
    ({"credit_fen": 4}, "凭证借贷不平或分录不全"),
    ({"omit": 1}, "凭证借贷不平或分录不全"),
    ({"skip": 2}, "凭证号必须连续"),
    ({"skip": 0}, "凭证号必须连续"),
    ({"shift": 1}, "凭证分录范围不连续"),
    ({"household_id": 99}, "农户不存在"),
    ({"account": 99}, "科目"),
    ({"dimension": 99}, "辅助核算"),
]


def test_the_database_refuses_every_voucher_forged_by_hand(book: Any, record: Any) -> None:
    voucher = record(pair(5))
    for changes, sentence in FORGERIES:
        with pytest.raises(DBAPIError, match=sentence):
            forged(book, voucher, **changes)
        book.session.rollback()
    forged(book, voucher)
    book.session.rollback()


@pytest.mark.tampered
def test_the_database_refuses_a_voucher_in_a_closed_month(book: Any, record: Any) -> None:
    voucher = record(pair(5))
    close(book, voucher, 201903, 1)
    with pytest.raises(DBAPIError, match="本月已结账"):
        forged(book, voucher)
    book.session.rollback()
    with pytest.raises(ClosedPeriod, match="2019年3月已结账"):
        record(pair(5))


def close(book: Any, voucher: Voucher, month: int, count: int) -> None:
    with writing(book, f"close {month}") as written:
        written.add(
            MonthClose(
                entity_id=voucher.entity_id,
                month=month,
                closed_on=date(2019, 4, 1),
                voucher_count=count,
                trial_balance_sha256="0" * 64,
            )
        )


def test_the_seal_speaks_chinese(book: Any, village: int, monkeypatch: Any) -> None:
    monkeypatch.setattr(posting, "next_number", lambda *_: 5)
    with pytest.raises(VoucherRefused, match=r"凭证号必须连续。$"), writing(book, "gap") as written:
        posting.post(
            book.session,
            written,
            party_id=village,
            dated_on=OPENED,
            kind="TEST",
            summary="跳号",
            lines=pair(1),
            concerns=2019,
        )
    book.session.rollback()


# --- correction -----------------------------------------------------------------------------


def test_a_reversal_is_red_on_the_same_sides_and_turnover_falls_back(
    book: Any, record: Any
) -> None:
    record(pair(300))
    wrong = record(pair(100))
    red = posting.reverse(book.session, act(date(2019, 4, 2)), wrong.id, reason="金额录错")
    book.session.commit()
    lines = posting.lines_of(book.session, red)
    assert [(line.side, line.amount_fen) for line in lines] == [(1, -100), (-1, -100)]
    assert red.debit_fen == -100 and red.month == 201904 and red.reverses_voucher_id == wrong.id
    assert turnover(book, "102") == (300, 0) and turnover(book, "50101") == (0, 300)


def test_a_voucher_is_reversed_once_only(book: Any, record: Any) -> None:
    wrong = record(pair(100))
    red = posting.reverse(book.session, act(), wrong.id, reason="重复入账")
    book.session.commit()
    with pytest.raises(AlreadyDone):
        posting.reverse(book.session, act(), wrong.id, reason="重复入账")
    book.session.rollback()
    with pytest.raises(CannotReverse, match="已由201903 记-002冲销"):
        posting.reverse(book.session, act(inputs="再来"), wrong.id, reason="重复入账")
    book.session.rollback()
    with pytest.raises(CannotReverse, match="本身是冲销凭证"):
        posting.reverse(book.session, act(), red.id, reason="冲错了")
    book.session.rollback()
    with pytest.raises(DBAPIError, match=r"(?i)unique"):
        forged(book, red, reverses=wrong.id)
    book.session.rollback()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_reversal_needs_a_reason(book: Any, record: Any) -> None:
    wrong = record(pair(100))
    with pytest.raises(CannotReverse, match="没有写明原因"):
        posting.reverse(book.session, act(), wrong.id, reason=" ")
    book.session.rollback()


@pytest.mark.tampered
def test_a_reversal_into_a_closed_month_is_refused(book: Any, record: Any) -> None:
    wrong = record(pair(100))
    close(book, wrong, 201903, 1)
    with pytest.raises(ClosedPeriod):
        posting.reverse(book.session, act(), wrong.id, reason="金额录错")
    book.session.rollback()


def test_a_reversal_after_the_switch_stands_on_the_new_chart(book: Any, record: Any) -> None:
    wages = [Line("212", DEBIT, 60), Line("20201", CREDIT, 60, household_id=1)]
    income = record(pair(100), date(2023, 12, 1))
    wage = record(wages, date(2023, 12, 1))
    new = act(date(2024, 1, 5))
    for voucher, codes in ((income, ["102", "32201"]), (wage, ["211", "213"])):
        red = posting.reverse(book.session, new, voucher.id, reason="上年误记")
        rows = [
            book.session.get(Account, line.account_id)
            for line in posting.lines_of(book.session, red)
        ]
        assert [row.code for row in rows] == codes
        assert {row.chart for row in rows} == {"VILLAGE_2023"}
    book.session.commit()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_difference_entry_is_linked_and_keeps_its_side(book: Any, record: Any) -> None:
    wrong = record(pair(120))
    lines = [Line("102", DEBIT, -20), Line("50101", CREDIT, -20)]
    red = posting.adjust(book.session, act(), wrong.id, lines=lines, reason="多记20分")
    book.session.commit()
    assert red.adjusts_voucher_id == wrong.id and red.reverses_voucher_id is None
    assert turnover(book, "102") == (100, 0)
    posting.reverse(book.session, act(), wrong.id, reason="全部冲销")
    book.session.commit()
    with pytest.raises(CannotReverse):
        posting.adjust(book.session, act(), wrong.id, lines=pair(3), reason="再改")
    book.session.rollback()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_is_not_there_is_not_found(book: Any, record: Any, village: int) -> None:
    voucher = record(pair(1))
    assert posting.voucher_by_number(book.session, village, 201903, 1).id == voucher.id
    for ask in (
        lambda: posting.voucher_by_id(book.session, 99),
        lambda: posting.voucher_by_number(book.session, village, 201903, 9),
        lambda: posting.entity_of(book.session, 99),
    ):
        with pytest.raises(NotFound, match=r"99|记-009"):
            ask()
    with writing(book, "again") as written:
        assert posting.ensure_entity(book.session, written, village, OPENED).opened_on == OPENED


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_packed_lines_are_refused_like_any_others(book: Any, record: Any, village: int) -> None:
    record(pair(1))
    for amounts, error in (([5, 4], Unbalanced), ([5], EmptyVoucher)):
        count = len(amounts)
        packed = posting.PackedLines(
            np.full(count, 1),
            np.array([1, -1])[:count],
            np.array(amounts),
            np.zeros(count, dtype=np.int64),
            np.zeros(count, dtype=np.int64),
        )
        with pytest.raises(error), writing(book, f"packed {count}") as written:
            posting.post_packed(
                book.session,
                written,
                party_id=village,
                dated_on=OPENED,
                kind="TEST",
                summary="成批",
                packed=packed,
                concerns=2019,
            )
        book.session.rollback()


def test_a_sum_beyond_sixty_four_bits_does_not_wrap() -> None:
    big = np.array([2**62, 2**62, 5], dtype=np.int64)
    assert posting._exact_sum(big) == 2**63 + 5
