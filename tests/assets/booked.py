"""How do tests get an asset that is booked and in operation? By its course, step for step."""

from datetime import date

from assets.courses import ASSET_MACHINE
from assets.procedure import states
from assets.trail import Act, entry
from tests.conftest import Book

STEPS = (
    *("propose_title", "notice", "confirm", "prepare_handover"),
    *("accept", "book", "operate"),
)


def put_in_operation(book: Book, *codes: str, on: date = date(2019, 2, 1)) -> None:
    """Take classified assets to operation without their papers, and commit."""
    for code in codes:
        with entry(book.session, Act("R0001", "test", on), "test-course", code) as written:
            for name in STEPS:
                states.move(
                    book.session, written, ASSET_MACHINE, code, name, step_label=name, on=on
                )
        book.session.commit()
