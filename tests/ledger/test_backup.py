"""Is a copy the same book, without keys, proved, and never laid over another?"""

import shutil
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from assets import trail
from assets.errors import NotFound, Refused, UnsafeDatabase
from assets.trail import heads
from ledger.backup import backup, restore
from ledger.database import open_session
from tests.assets.trail.tampering import by_hand
from tests.cluster import Cluster
from tests.conftest import Book
from tests.ledger.worked_example import furnish


@pytest.fixture
def second_url(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """The address of a second, empty place."""
    if database == "sqlite":
        return f"sqlite:///{tmp_path / '第 二#本' / 'book.db'}"
    server: Cluster = request.getfixturevalue("cluster")
    return server.url(server.create())


def made(book: Book, tmp_path: Path) -> Path:
    if book.database == "postgresql" and shutil.which("pg_dump") is None:
        pytest.fail("pg_dump is not installed")
    furnish(book)
    return backup(book.url, tmp_path / "备份" / "甲.bak")


def test_a_copy_brought_back_is_the_same_book_to_the_root(
    book: Book, tmp_path: Path, second_url: str
) -> None:
    copy = made(book, tmp_path)
    size, root = heads.current_head(book.session)
    book.session.rollback()
    assert restore(copy, second_url) == size
    with open_session(second_url, desk=book.desk, write=True) as session:
        assert heads.current_head(session) == (size, root)
        assert trail.log.size(session) == size
        session.rollback()


def test_nothing_is_overwritten(book: Book, tmp_path: Path, second_url: str) -> None:
    copy = made(book, tmp_path)
    before = copy.read_bytes()
    with pytest.raises(Refused, match="已存在，未作改动"):
        backup(book.url, copy)
    assert copy.read_bytes() == before
    book.session.rollback()
    with pytest.raises(UnsafeDatabase, match="未作改动"):
        restore(copy, book.url)
    assert restore(copy, second_url)
    with pytest.raises(UnsafeDatabase, match="未作改动"):
        restore(copy, second_url)


def test_what_is_no_backup_is_not_brought_back(tmp_path: Path, second_url: str) -> None:
    with pytest.raises(Refused, match="找不到备份文件"):
        restore(tmp_path / "none.bak", second_url)
    other = tmp_path / "other.bak"
    other.write_bytes(b"no book at all" * 100)
    with pytest.raises(Refused):
        restore(other, second_url)
    if make_url(second_url).get_backend_name() == "sqlite":
        assert not Path(make_url(second_url).database or "").exists()
        with pytest.raises((Refused, NotFound)):
            backup(second_url, tmp_path / "x.bak")


@pytest.mark.tampered
def test_a_copy_of_a_book_that_was_changed_is_not_taken_for_sound(
    book: Book, tmp_path: Path, second_url: str
) -> None:
    copy = made(book, tmp_path)
    book.session.rollback()
    assert restore(copy, second_url)
    with by_hand(second_url) as connection:
        connection.exec_driver_sql("UPDATE asset_fact SET title = 'x'")
    if book.database == "sqlite":
        with pytest.raises(Refused, match="副本核验不一致：表asset_fact"):
            backup(second_url, tmp_path / "乙.bak")
        return
    again = backup(second_url, tmp_path / "乙.bak")
    server = make_url(second_url)
    with by_hand(second_url) as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
        connection.commit()
        with pytest.raises(Refused, match="副本核验不一致：表asset_fact"):
            restore(again, second_url)
    assert server.database


def test_a_backup_holds_no_key(book: Book, tmp_path: Path) -> None:
    raw = made(book, tmp_path).read_bytes()
    assert bytes(range(32)) not in raw and bytes(range(32)).hex().encode() not in raw
