"""The village with its book opened, for every test of the books."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ledger.books import posting
from ledger.books.opening import open_book
from tests.ledger.books.written_village import OPENED, Village, sheet, written_village


@pytest.fixture
def bare(book: Any) -> Village:
    """The village before its book is opened."""
    return written_village(book.session)


@pytest.fixture
def village(bare: Village) -> Village:
    """The village with its book opened on 2019-01-01 from a signed sheet; the agency's too."""
    with bare.writing(OPENED, "opening") as written:
        open_book(bare.session, written, bare.party_id, OPENED, sheet(bare))
        posting.ensure_entity(bare.session, written, bare.agency_id, OPENED)
    return bare


@pytest.fixture
def refuses(village: Village) -> Callable[..., Any]:
    """``with refuses(Error, match)``: the block is refused and leaves nothing behind."""

    @contextmanager
    def block(error: type[Exception], match: str) -> Iterator[None]:
        with pytest.raises(error, match=match):
            yield
        village.session.rollback()

    return block
