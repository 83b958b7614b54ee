"""Is what is sealed readable with the key file only, and by nobody once the key is erased?"""

from pathlib import Path

import pytest
from sqlmodel import select

from assets.errors import MissingTool
from assets.models import DataKey
from assets.trail import SeededEntropy
from assets.vault import SealBroken, Vault, create_key_file, read_key_file
from tests.conftest import Book

SECRET = "李大方 440203000000000000".encode()


def vault(key: int = 7) -> Vault:
    return Vault(bytes([key]) * 32, SeededEntropy("vault"))


def test_what_is_sealed_is_opened_again_and_never_sealed_alike(book: Book) -> None:
    mine = vault()
    one, two = mine.seal(book.session, "H1", SECRET), mine.seal(book.session, "H1", SECRET)
    assert one != two and SECRET not in one
    book.session.flush()
    fresh = vault()  # another run of the program with the same key file
    assert fresh.open(book.session, "H1", one) == SECRET
    assert len(book.session.exec(select(DataKey)).all()) == 1
    book.session.rollback()


@pytest.mark.parametrize("place", [0, 11, 12, -1])
def test_a_changed_envelope_does_not_open(book: Book, place: int) -> None:
    mine = vault()
    sealed = bytearray(mine.seal(book.session, "H1", SECRET))
    sealed[place] ^= 1
    with pytest.raises(SealBroken, match="密文被改动"):
        mine.open(book.session, "H1", bytes(sealed))
    book.session.rollback()


def test_another_owner_or_another_key_file_does_not_open_it(book: Book) -> None:
    mine = vault()
    sealed = mine.seal(book.session, "H1", SECRET)
    mine.seal(book.session, "H2", SECRET)
    book.session.flush()
    with pytest.raises(SealBroken, match="密文被改动"):
        mine.open(book.session, "H2", sealed)
    with pytest.raises(SealBroken, match="密钥文件与本账本不符"):
        vault(8).open(book.session, "H1", sealed)
    book.session.rollback()


def test_an_erased_key_erases_what_it_sealed(book: Book) -> None:
    mine = vault()
    sealed = mine.seal(book.session, "H1", SECRET)
    kept = mine.seal(book.session, "H2", SECRET)
    book.session.flush()
    mine.erase(book.session, "H1")
    mine.erase(book.session, "H9")  # nothing to erase is no fault
    for each in (mine, vault()):
        with pytest.raises(SealBroken, match="已依法删除"):
            each.open(book.session, "H1", sealed)
        assert each.open(book.session, "H2", kept) == SECRET
    book.session.rollback()


def test_keys_of_a_transaction_that_failed_are_forgotten(book: Book) -> None:
    mine = vault()
    sealed = mine.seal(book.session, "H1", SECRET)
    book.session.rollback()
    mine.forget()
    with pytest.raises(SealBroken, match="已依法删除"):
        mine.open(book.session, "H1", sealed)


def test_many_owners_are_made_ready_together(book: Book) -> None:
    mine = vault()
    mine.seal(book.session, "H1", SECRET)
    book.session.flush()
    mine.prepare(book.session, ["H1", "H2", "H3", "H2"])
    owners = book.session.exec(select(DataKey.owner).order_by(DataKey.owner)).all()
    assert owners == ["H1", "H2", "H3"]
    fresh = vault()
    fresh.prepare(book.session, owners)
    assert fresh.open(book.session, "H2", mine.seal(book.session, "H2", SECRET)) == SECRET
    book.session.rollback()


def test_a_number_is_looked_up_without_being_stored() -> None:
    assert vault().lookup_hash("ID", "1") == vault().lookup_hash("ID", "1")
    others = [vault().lookup_hash("CARD", "1"), vault(8).lookup_hash("ID", "1")]
    assert vault().lookup_hash("ID", "1") not in others


def test_a_key_file_is_made_once_and_read_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "fupin.key"
    key = create_key_file(path, SeededEntropy("key"))
    assert read_key_file(path) == key and path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        create_key_file(path, SeededEntropy("other"))
    assert read_key_file(path) == key
    path.chmod(0o640)
    with pytest.raises(MissingTool, match="可被他人读取。请执行 chmod 600"):
        read_key_file(path)


@pytest.mark.parametrize(
    ("text", "match"), [(None, "找不到密钥文件"), ("xyz", "已损坏"), ("00" * 31, "长度不对")]
)
def test_what_is_no_key_file_says_so(tmp_path: Path, text: str | None, match: str) -> None:
    path = tmp_path / "fupin.key"
    if text is not None:
        path.write_text(text)
        path.chmod(0o600)
    with pytest.raises(MissingTool, match=match):
        read_key_file(path)
