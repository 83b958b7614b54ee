from datetime import date

import pytest
from sqlmodel import select

from assets.asof import AsOf
from assets.errors import AlreadyDone, InvalidValue, MissingTool, NotFound, Refused
from assets.models import EvidenceContent, ObjectKind
from assets.procedure import evidence
from assets.procedure.evidence import EvidenceKind, PapersMissing
from assets.trail import Act, entry
from tests.conftest import Book

ON = date(2019, 3, 1)
ACT = Act("R0001", "evidence", ON)
TITLE = "QQ-001"


def store(book: Book, content: bytes, kind: EvidenceKind, *, sealed: bool = False) -> str:
    links = [(ObjectKind.TITLE, TITLE, "confirm")]
    kept = evidence.store(
        book.session, ACT, content, kind, f"{kind.label}.pdf", links, pages=2, sealed=sealed
    )
    book.session.commit()
    return kept.sha256


def test_a_file_is_kept_once_and_linked_to_each_object(book: Book) -> None:
    sha256 = store(book, b"minutes", EvidenceKind.MINUTES)
    with pytest.raises(AlreadyDone):
        store(book, b"minutes", EvidenceKind.MINUTES)
    book.session.rollback()
    other = [(ObjectKind.HANDOVER, "YJ-001", "accept")]
    evidence.store(book.session, ACT, b"minutes", EvidenceKind.MINUTES, "会议记录", other)
    assert evidence.content_of(book.session, sha256) == b"minutes"
    assert len(book.session.exec(select(EvidenceContent)).all()) == 1
    found = evidence.linked(book.session, ObjectKind.TITLE, TITLE, AsOf(), step="confirm")
    assert [(each.sha256, each.pages) for each in found] == [(sha256, 2)]
    assert evidence.linked(book.session, ObjectKind.TITLE, TITLE, AsOf(date(2019, 2, 1))) == []


def test_a_sealed_file_is_not_in_the_database_as_it_is(book: Book) -> None:
    sha256 = store(book, b"a roster of people", EvidenceKind.ROSTER, sealed=True)
    row = book.session.get(EvidenceContent, sha256)
    assert row is not None and b"roster" not in row.content
    assert evidence.content_of(book.session, sha256) == b"a roster of people"
    book.desk.vault = None
    with pytest.raises(MissingTool):
        evidence.content_of(book.session, sha256)


def test_a_step_waits_for_its_papers_or_a_declared_gap(book: Book) -> None:
    with pytest.raises(PapersMissing, match="公示照片、确权文件"):
        evidence.require_papers(book.session, ObjectKind.TITLE, TITLE, "confirm", ON)
    store(book, b"photo", EvidenceKind.NOTICE_PHOTO)
    with pytest.raises(PapersMissing, match="缺少确权文件"):
        evidence.require_papers(book.session, ObjectKind.TITLE, TITLE, "confirm", ON)
    with entry(book.session, ACT, "gap", TITLE) as written:
        evidence.declare_gap(
            written,
            ObjectKind.TITLE,
            TITLE,
            missing="确权文件",
            reason="机构改革时遗失",
            vouched_by="钟文德",
            on=ON,
        )
    evidence.require_papers(book.session, ObjectKind.TITLE, TITLE, "confirm", ON)
    evidence.require_papers(book.session, ObjectKind.TITLE, TITLE, "a step without papers", ON)


def test_empty_files_unknown_files_and_loose_gaps_are_refused(book: Book) -> None:
    with pytest.raises(InvalidValue):
        store(book, b"", EvidenceKind.MINUTES)
    book.session.rollback()
    with pytest.raises(NotFound):
        evidence.content_of(book.session, "0" * 64)
    with (
        pytest.raises(Refused, match="缺失声明"),
        entry(book.session, ACT, "gap", TITLE) as written,
    ):
        evidence.declare_gap(
            written, ObjectKind.TITLE, TITLE, missing="合同", reason="", vouched_by="", on=ON
        )


@pytest.mark.tampered
def test_content_that_was_changed_is_found_out(book: Book) -> None:
    sha256 = store(book, b"minutes", EvidenceKind.MINUTES)
    row = book.session.get(EvidenceContent, sha256)
    assert row is not None
    row.content = b"other minutes"
    book.session.flush()
    with pytest.raises(Refused, match="不符"):
        evidence.content_of(book.session, sha256)
