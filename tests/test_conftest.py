"""The books tests are given: apart from each other, initialised, the same on both databases."""

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import select

from assets.errors import UnsafeDatabase
from assets.models import BookRecord, Log
from ledger.database import open_session
from tests.cluster import Cluster
from tests.conftest import Book, assert_sound, make_desk


def test_a_book_is_initialised_and_empty(book: Book) -> None:
    record = book.session.exec(select(BookRecord)).one()
    assert record.district_code == "440203000000"
    assert book.session.get_bind().dialect.name == book.database


def test_what_one_test_writes_no_other_reads(book: Book) -> None:
    assert [entry.id for entry in book.session.exec(select(Log))] == [1]


def test_an_opened_book_holds_no_lock(book: Book) -> None:
    with open_session(book.url, desk=make_desk(), write=True) as second:
        assert second.exec(select(BookRecord)).one().code == "440203"


@pytest.mark.tampered
def test_a_test_that_leaves_an_unsound_book_fails(book: Book) -> None:
    assert_sound(book.url, book.desk)
    for guard in ("keep_book_record_update", "keep_log_update"):
        on = " ON " + guard.split("_", 1)[1].rsplit("_", 1)[0] if book.database != "sqlite" else ""
        book.session.execute(text(f"DROP TRIGGER {guard}{on}"))
    book.session.execute(text("UPDATE book_record SET title = '另一个县区'"))
    book.session.commit()
    with pytest.raises((AssertionError, UnsafeDatabase)):
        assert_sound(book.url, book.desk)


def test_both_databases_begin_with_the_same_entry(
    sqlite_template: Path, postgresql_template: str, cluster: Cluster
) -> None:
    leaves = []
    for url in (f"sqlite:///{sqlite_template}", cluster.url(postgresql_template)):
        with open_session(url) as session:
            leaves.append(session.exec(select(Log.leaf)).one().hex())
    assert leaves[0] == leaves[1]
