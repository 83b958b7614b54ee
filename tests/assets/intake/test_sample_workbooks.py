"""The sample district's own workbooks, read cell by cell, enter the register and come out again."""

from datetime import date
from pathlib import Path

import pytest
from sqlmodel import Session

from assets import funds, ownership, registration, tracing
from assets.asof import AsOf
from assets.divisions_register import lookup
from assets.errors import RowProblem
from assets.intake import Batch, Row
from assets.trail import Act
from assets.workbook.kinds import KINDS
from assets.workbook.reading import read_workbook
from assets.workbook.writing import write_rows
from ledger.database import create_book, open_session
from tests.assets.small_district import ROWS, export, handler
from tests.conftest import OPENED_US, make_desk

WORKBOOKS = Path(__file__).parents[3] / "fixtures" / "workbooks"
ON = date(2021, 1, 4)

pytestmark = pytest.mark.skipif(
    not (WORKBOOKS / "contracts.xlsx").exists(), reason="there are no sample workbooks yet"
)


def enter(session: Session, kind: str, file: Path) -> list[RowProblem]:
    """Read, check and write one workbook; what was wrong with it."""
    parsed = read_workbook(file, KINDS[kind], lookup=lookup(session, AsOf()))
    rows = [Row(sheet.name, row.number, row.values, row.cleared, row) for sheet, row in parsed.rows]
    batch = Batch(kind, parsed.file_sha256, file.name, rows)
    problems = list(parsed.problems) or handler(kind).check(session, batch, ON)
    if not problems:
        handler(kind).apply(session, Act("R0001", f"import {kind}", ON), batch)
        session.commit()
    return problems


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """A book into which the sample workbooks of the register went."""
    url = f"sqlite:///{tmp_path_factory.mktemp('sample') / 'sample.db'}"
    desk = make_desk(OPENED_US)
    create_book(url, desk=desk)
    with open_session(url, desk=desk, write=True) as session:
        session.commit()
        for kind in ROWS:
            assert enter(session, kind, WORKBOOKS / f"{kind}.xlsx") == [], kind
    return open_session(url, desk=desk)


def test_every_asset_of_the_sample_is_whole_and_traced_from_either_end(sample: Session) -> None:
    rows = registration.asset_rows(sample, AsOf(ON))
    assert len(rows) == 180
    assert ownership.versions_not_whole(sample, AsOf(ON)) == []
    for row in rows[::9]:
        chain = tracing.trace(sample, row.code, AsOf(ON))
        assert all(proof.holds for proof in chain.proofs), chain.lines()
        document = chain.root.children[0].children[0]
        back = tracing.trace_document(sample, document.code, AsOf(ON))
        assert row.code in {node.code for node in back.root.children}


def test_every_document_of_the_sample_is_reviewed_to_the_fen(sample: Session) -> None:
    for line in funds.review(sample, AsOf(ON)):
        assert line.received_fen == line.spent_fen + sum(line.unspent_fen.values())
        assert line.formed_fen <= line.spent_fen <= line.allocated_fen <= line.issued_fen


def test_exported_workbooks_enter_another_book_and_come_out_the_same(
    sample: Session, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'copy.db'}"
    desk = make_desk(OPENED_US)
    create_book(url, desk=desk)
    with open_session(url, desk=desk, write=True) as copy:
        copy.commit()
        for kind in ROWS:
            file = tmp_path / f"{kind}.xlsx"
            write_rows(KINDS[kind], export(sample, kind), file)
            assert enter(copy, kind, file) == [], kind
            assert export(copy, kind) == export(sample, kind), kind
