"""What is exported and imported into an empty book gives the same book, for every kind."""

import pytest
from sqlmodel import Session, func, select

from assets.errors import AlreadyDone
from assets.models import Evidence, Log
from assets.trail import Act
from ledger.database import create_book, open_session
from tests.assets.small_district import ON, ROWS, batch, export, furnish, handler, names, take_in
from tests.conftest import Book, make_desk


def entries(session: Session) -> int:
    return session.exec(select(func.count()).select_from(Log)).one()


def test_every_export_imports_to_the_identity(
    book: Book, tmp_path_factory: pytest.TempPathFactory
) -> None:
    furnish(book.session)
    url = f"sqlite:///{tmp_path_factory.mktemp('copy') / 'copy.db'}"
    desk = make_desk()
    create_book(url, desk=desk)
    with open_session(url, desk=desk, write=True) as copy:
        for kind, rows in ROWS.items():
            first = export(book.session, kind)
            assert len(first) == len(rows())
            take_in(copy, kind, first)
            assert export(copy, kind) == first, kind


def test_the_same_rows_from_any_file_are_done_already_and_write_nothing(book: Book) -> None:
    furnish(book.session)
    before = entries(book.session)
    for kind, rows in ROWS.items():
        for again in (rows(), export(book.session, kind)):
            taken = batch(kind, again)
            assert handler(kind).check(book.session, taken, ON) == []
            with pytest.raises(AlreadyDone, match="已办理"):
                handler(kind).apply(book.session, Act("R0001", f"import {kind}", ON), taken)
            book.session.rollback()
    assert entries(book.session) == before


def test_a_file_is_kept_sealed_when_it_holds_account_numbers(
    book: Book, tmp_path_factory: pytest.TempPathFactory
) -> None:
    furnish(book.session, upto="divisions")
    file = tmp_path_factory.mktemp("in") / "parties.xlsx"
    file.write_bytes(b"a workbook")
    book.session.info["import_file"] = file
    take_in(book.session, "parties", ROWS["parties"]())
    kept = book.session.exec(select(Evidence)).one()
    assert kept.sealed and kept.title == "parties.xlsx"


@pytest.mark.parametrize("kind", ROWS)
def test_a_code_of_an_exporting_kind_has_a_handler_of_its_name(kind: str) -> None:
    assert handler(kind).kind == kind and handler(kind).export is not None


def test_problems_name_sheet_and_row(book: Book) -> None:
    furnish(book.session, upto="divisions")
    row = {**ROWS["parties"]()[0], "village_name": "龙龟村"}
    found = handler("parties").check(book.session, batch("parties", [row]), ON)
    assert names(found) == ["unknown-place"]
    assert (found[0].sheet, found[0].cell) == ("表1", "4")
