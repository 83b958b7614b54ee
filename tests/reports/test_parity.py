"""Does the same year give the same papers on both databases, byte for byte?"""

from assets.trail import Act
from reports import catalogue
from reports.standpoint import standpoint
from tests.conftest import Book
from tests.reports.conftest import YEAR_END, Told
from tests.reports.scenario import CLERK, build
from tests.reports.set_of_papers import EACH


def test_every_paper_is_the_same_on_both_databases(book: Book, told: Told) -> None:
    build(book.session)
    act = Act(CLERK, "report", YEAR_END)
    for name, (report, asked) in EACH.items():
        here = catalogue.find(report).build(standpoint(book.session, YEAR_END, act), asked)
        book.session.rollback()
        there = catalogue.find(report).build(told.stand(), asked)
        told.session.rollback()
        assert here.data_bytes() == there.data_bytes(), name
