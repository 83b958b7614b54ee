"""Is an act one entry, done once, whole or not at all, with gapless numbers and rising moments?"""

import hashlib
import json
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest
from sqlalchemy.exc import DBAPIError, StatementError
from sqlmodel import Session, select

from assets import trail
from assets.errors import AlreadyDone, KeyConflict, MissingTool
from assets.models import FundDocument, FundReceipt, Log, Party, Request
from assets.models.trail import LogHead
from assets.trail import Act, SteppingClock, digest_of, heads
from assets.trail.encoding import leaf, text_row
from assets.trail.log import Entry, book_code, derived_key, find_request
from assets.trail.verify import verify
from ledger.database import open_session
from ledger.models import RosterLine
from tests.conftest import Book, make_desk

ON = date(2019, 3, 1)


def write(
    book: Book, obj: str = "V1", act: Act | None = None, *, kind: str = "party", stage: str = ""
) -> int:
    """One party in one entry, committed; its entry's number."""
    with trail.entry(
        book.session, act or Act("R0001", "party add", ON), kind, obj, stage=stage, what="登记主体"
    ) as written:
        written.add(Party(code=f"{obj}{stage}{written.id}", kind="COLLECTIVE"))
    book.session.commit()
    return written.id


def header(book: Book, number: int) -> dict[str, object]:
    row = book.session.get(Log, number)
    assert row is not None
    facts = json.loads(row.header)
    assert isinstance(facts, dict)
    return facts


def test_the_same_act_twice_is_one_act(book: Book) -> None:
    number = write(book)
    size = trail.log.size(book.session)
    with pytest.raises(AlreadyDone, match=f"已办理：登记主体（记录第{number}号）") as caught:
        write(book)
    book.session.rollback()
    assert caught.value.entry_id == number
    assert trail.log.size(book.session) == size


@pytest.mark.parametrize(
    "other",
    [
        {"obj": "V2"},
        {"kind": "actor"},
        {"stage": "2"},
        {"act": Act("R0001", "party add", ON, inputs="f" * 64)},
        {"act": Act("R0001", "party add", ON, key="K1")},
    ],
)
def test_another_object_stage_or_file_is_another_act(book: Book, other: dict[str, object]) -> None:
    first = write(book)
    assert write(book, **other) == first + 1  # type: ignore[arg-type]


def test_a_given_key_used_for_something_else_is_a_conflict(book: Book) -> None:
    act = Act("R0001", "party add", ON, inputs="a", key="2019-批1")
    number = write(book, act=act)
    with pytest.raises(AlreadyDone):
        write(book, act=act)
    book.session.rollback()
    size = trail.log.size(book.session)
    for other in (
        Act("R0001", "party add", ON, inputs="b", key="2019-批1"),
        Act("R0002", "party add", ON, inputs="a", key="2019-批1"),
        Act("R0001", "party change", ON, inputs="a", key="2019-批1"),
    ):
        with pytest.raises(KeyConflict, match=f"已用于另一项内容（记录第{number}号）"):
            write(book, act=other)
        book.session.rollback()
    assert trail.log.size(book.session) == size


def test_the_derived_key_names_kind_object_stage_and_inputs() -> None:
    assert derived_key(Act("a", "c", ON, inputs="f" * 64), "k", "o", "s") == f"k/o/s/{'f' * 32}"
    assert derived_key(Act("a", "c", ON, key="K"), "k", "o", "s") == "K/k/o/s"
    assert digest_of("ab", "c") != digest_of("a", "bc")


def test_an_act_that_fails_leaves_nothing_and_its_number_is_given_again(book: Book) -> None:
    size = trail.log.size(book.session)

    class Interrupted(Exception):
        pass

    act = Act("R0001", "party add", ON)
    with (
        pytest.raises(Interrupted),
        trail.entry(book.session, act, "party", "V1") as written,
    ):
        written.add(Party(code="V1", kind="COLLECTIVE"))
        book.session.flush()
        raise Interrupted
    book.session.rollback()
    assert trail.log.size(book.session) == size
    assert book.session.exec(select(Party)).all() == []
    assert write(book) == size + 1 == written.id


def test_the_header_says_who_what_when_and_for_which_book(book: Book) -> None:
    number = write(book, act=Act("R0001", "party add", ON, inputs="a" * 64))
    facts = header(book, number)
    assert facts == {
        "v": 1,
        "id": number,
        "book": "440203",
        "kind": "party",
        "recorded_at_us": facts["recorded_at_us"],
        "actor": "R0001",
        "recorder": "测试录入人",
        "command": "party add",
        "idem_key": f"party/V1//{'a' * 32}",
        "request_sha256": digest_of("party add", "party", "V1", "", "a" * 64, "R0001"),
        "object": "V1",
    }
    request = find_request(book.session, str(facts["idem_key"]))
    assert request is not None and request.entry_id == number
    assert book_code(book.session) == "440203"


def test_numbers_have_no_gap_and_moments_rise_although_the_clock_goes_back(book: Book) -> None:
    first = write(book)
    book.desk.clock = SteppingClock(0)
    assert [write(book, f"V{each}") for each in (2, 3)] == [first + 1, first + 2]
    moments = [int(str(header(book, each)["recorded_at_us"])) for each in range(1, first + 3)]
    assert moments == sorted(set(moments))
    assert moments[-1] == moments[-2] + 1
    ids = book.session.exec(select(Log.id).order_by(Log.id)).all()  # type: ignore[arg-type]
    assert list(ids) == list(range(1, first + 3))


def rows(book: Book, model: Any, number: int) -> list[bytes]:
    found = book.session.exec(
        select(model).where(model.entry_id == number).order_by(model.id)
    ).all()
    return [text_row(each.model_dump()) for each in found]


def test_the_manifest_is_one_digest_of_each_table_and_the_leaf_is_over_both(book: Book) -> None:
    number = write(book)
    row = book.session.get(Log, number)
    assert row is not None
    lines = json.loads(row.manifest)
    assert [line[:3] for line in lines] == [["party", 1, 1], ["request", 1, 1]]
    for line, model in zip(lines, (Party, Request), strict=True):
        encoded = b"".join(rows(book, model, number))
        assert line[3] == hashlib.sha256(encoded).hexdigest()
    assert row.leaf == leaf(row.header, row.manifest)
    size, root = heads.current_head(book.session)
    head = book.session.get(LogHead, 1)
    assert head is not None and (size, head.size) == (number, number) and len(root) == 32


@pytest.mark.tampered
def test_rows_added_one_by_one_in_mappings_and_in_blocks_are_all_in_the_manifest(
    book: Book,
) -> None:
    act = Act("R0001", "t", ON)
    with trail.entry(book.session, act, "test", "many") as written:
        document = written.add(
            FundDocument(
                code="文1",
                title="通知",
                level="CENTRAL",
                fund_type="CENTRAL_SPECIAL",
                fund_year=2019,
                amount_fen=1,
                issued_on=ON,
                issuer="省",
            )
        )
        book.session.flush()
        receipts = written.insert(
            FundReceipt,
            [
                {"fund_document_id": document.id, "received_on": ON, "amount_fen": fen}
                for fen in (1, 2, 3)
            ],
        )
        assert written.insert(FundReceipt, []) == []
        first = packed(written, 3)
        assert packed(written, 2) == first + 3
        assert packed(written, 0) == first + 5
    book.session.commit()
    assert receipts == [receipts[0] + each for each in range(3)]
    row = book.session.get(Log, written.id)
    assert row is not None
    assert [line[:3] for line in json.loads(row.manifest)] == [
        ["fund_document", 1, 1],
        ["fund_receipt", 1, 3],
        ["request", 1, 1],
        ["roster_line", 1, 5],
    ]
    with open_session(book.url) as session:
        assert verify(session).is_clean


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount_fen": 1.0},
        {"amount_fen": True},
        {"amount_fen": 2**63},
        {"received_on": "2019-03-01"},
        {"received_on": datetime(2019, 3, 1, tzinfo=UTC)},
        {"amount_fen": None},
        {"no_such_column": 1},
    ],
)
def test_rows_in_mappings_are_checked_as_their_columns_demand(
    book: Book, wrong: dict[str, Any]
) -> None:
    right = {"fund_document_id": 1, "received_on": ON, "amount_fen": 1}
    before = book.session.exec(select(Log.id)).all()
    with (
        pytest.raises((TypeError, OverflowError, AssertionError, StatementError)),
        trail.entry(book.session, Act("R0001", "t", ON), "test", "wrong") as written,
    ):
        written.insert(FundReceipt, [right, {**right, **wrong}])
    book.session.rollback()
    assert book.session.exec(select(Log.id)).all() == before
    assert not book.session.exec(select(FundReceipt)).all()


def packed(written: Entry, count: int) -> int:
    names = (
        "roster_id",
        "household_id",
        "person_count",
        "labour_count",
        "status",
        "village",
        "fact_id",
    )
    block = {name: np.arange(count, dtype=np.int64) for name in names}
    return written.bulk(RosterLine, block)


def test_an_entry_of_no_rows_is_still_an_entry(book: Book) -> None:
    with trail.entry(book.session, Act("R0001", "t", ON), "test", "nothing") as written:
        pass
    book.session.commit()
    row = book.session.get(Log, written.id)
    assert row is not None
    assert [line[0] for line in json.loads(row.manifest)] == ["request"]


def test_a_read_only_session_cannot_write(book: Book) -> None:
    book.session.rollback()
    with open_session(book.url) as session, pytest.raises(AssertionError, match="reading only"):
        write(Book(book.url, book.desk, session))


def test_the_database_refuses_to_change_or_delete_and_to_leave_a_gap(book: Book) -> None:
    write(book)
    session = book.session
    for table in ("log", "party", "request", "book_record"):
        for statement in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}"):
            assert "账本记录不得修改或删除" in refused(session, statement)
    gap = "INSERT INTO log (id, header, manifest, leaf) SELECT id + 9, header, manifest, leaf FROM log WHERE id = 1"
    assert "记录号必须连续" in refused(session, gap)
    if book.database == "postgresql":
        assert "账本记录不得修改或删除" in refused(session, "TRUNCATE log")


def refused(session: Session, statement: str) -> str:
    with pytest.raises(DBAPIError) as caught:
        session.connection().exec_driver_sql(statement)
    session.rollback()
    return str(caught.value.orig)


def test_a_checkpoint_needs_the_signing_key_and_covers_all_before_it(book: Book) -> None:
    write(book)
    with trail.entry(book.session, Act("R0005", "t", ON), "checkpoint", "a") as written:
        made = heads.cut(book.session, written, "按需")
    book.session.commit()
    assert (made.size, made.entry_id) == (written.id - 1, written.id)
    book.desk.signing_key = None
    with (
        pytest.raises(MissingTool, match="缺少签名密钥文件"),
        trail.entry(book.session, Act("R0005", "t", ON), "checkpoint", "b") as written,
    ):
        heads.cut(book.session, written, "按需")
    book.session.rollback()


def test_the_same_acts_at_the_same_desk_give_the_same_root_on_every_database(
    book: Book, roots: set[str]
) -> None:
    write(book)
    roots.add(heads.current_head(book.session)[1].hex())
    assert len(roots) == 1
    assert make_desk().recorder == book.desk.recorder


@pytest.fixture(scope="module")
def roots() -> set[str]:
    """The roots seen so far, one for each database."""
    return set()
