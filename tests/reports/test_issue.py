"""Which papers went out, and does a paper in hand still agree with the book?"""

from datetime import date
from pathlib import Path

import pikepdf
import pytest
from sqlmodel import col, select

from assets.errors import AlreadyDone, MissingTool, NotFound
from assets.models import IssuedPaper
from assets.trail import log
from ledger.books.posting import reverse
from ledger.models import Voucher
from reports import catalogue, pdf, printing
from reports import issue as issuing
from reports.bundle import Bundle
from reports.paper import Paper
from reports.standpoint import Asked
from reports.verify_paper import Verdict, verify
from tests.reports.conftest import Told
from tests.reports.scenario import BATCH, HANDOVER, PLAN, TOWN, VILLAGE, WORKER


@pytest.fixture(scope="module", autouse=True)
def _tools() -> None:
    try:
        pdf.check_tools()
    except MissingTool as missing:
        pytest.skip(str(missing))


def issue(told: Told, name: str, **asked: object) -> Paper:
    report = catalogue.find(name)
    paper = issuing.issue(told.session, told.act(), report, Asked(**asked))  # type: ignore[arg-type]
    told.session.commit()
    assert isinstance(paper, Paper)
    return paper


def slip(paper: Paper | Bundle, folder: Path) -> Path:
    """A blank sheet with the paper's data attached: what is checked, without the printing."""
    file = folder / "slip.pdf"
    with pikepdf.new() as document:
        document.add_blank_page()
        document.attachments[pdf.DATA_NAME] = pikepdf.AttachedFileSpec(
            document, paper.attachment(), filename=pdf.DATA_NAME
        )
        document.save(file)
    return file


def held(verdict: Verdict) -> dict[str, bool | None]:
    return {check.name: check.holds for check in verdict.checks}


def test_an_issued_paper_has_number_checkpoint_and_record(told: Told) -> None:
    first = issue(told, "asset-register", town=TOWN)
    second = issue(told, "handover-list", subject=HANDOVER)
    assert first.number == "武江扶资报〔2020〕1号"
    assert second.number == "武江扶资报〔2020〕2号"
    rows = told.session.exec(select(IssuedPaper).order_by(col(IssuedPaper.id))).all()
    assert [row.report for row in rows] == ["asset-register", "handover-list"]
    assert rows[0].data_sha256 == first.data_sha256()
    assert first.footer.checkpoint_size == first.footer.log_position
    assert first.footer.note is not None


def test_the_same_figures_are_issued_once(told: Told) -> None:
    issue(told, "asset-register", town=TOWN)
    before = log.size(told.session)
    with pytest.raises(AlreadyDone):
        issue(told, "asset-register", town=TOWN)
    told.session.rollback()
    assert log.size(told.session) == before


def test_the_same_roster_is_issued_once_and_leaves_no_second_access(told: Told) -> None:
    issue(told, "payment-roster", subject=BATCH, edition="internal")
    before = log.size(told.session)
    with pytest.raises(AlreadyDone):
        issue(told, "payment-roster", subject=BATCH, edition="internal")
    told.session.rollback()
    assert log.size(told.session) == before


def test_a_copy_nobody_issued_writes_nothing(told: Told) -> None:
    before = log.size(told.session)
    paper = told.paper("asset-register", town=TOWN)
    assert paper.footer.number_text == "未登记副本"
    assert log.size(told.session) == before


def test_a_reprint_is_the_same_paper_byte_for_byte(told: Told) -> None:
    paper = issue(told, "household-card", subject=WORKER, year=2020)
    again, agrees = issuing.reprint(told.session, told.act(), str(paper.number))
    assert agrees
    assert printing.render(again, ".pdf") == printing.render(paper, ".pdf")
    with pytest.raises(NotFound):
        issuing.reprint(told.session, told.act(), "武江扶资报〔2020〕99号")


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("asset-register", {"town": TOWN}),
        ("payment-roster", {"subject": BATCH, "edition": "internal"}),
        ("household-cards", {"village": VILLAGE, "year": 2020}),
    ],
)
def test_an_untouched_paper_agrees(
    told: Told, tmp_path: Path, name: str, asked: dict[str, object]
) -> None:
    report = catalogue.find(name)
    paper = issuing.issue(told.session, told.act(), report, Asked(**asked))  # type: ignore[arg-type]
    told.session.commit()
    verdict = verify(told.session, slip(paper, tmp_path), told.act())
    assert verdict.agrees, list(verdict.lines())
    assert set(held(verdict).values()) == {True}


def changed(file: Path, before: bytes, after: bytes) -> None:
    """Put other data into the attachment of a PDF, with or without a fitting digest."""
    with pikepdf.open(file, allow_overwriting_input=True) as document:
        attached = document.attachments[pdf.DATA_NAME].get_file().read_bytes()
        assert before in attached
        document.attachments[pdf.DATA_NAME] = pikepdf.AttachedFileSpec(
            document, attached.replace(before, after), filename=pdf.DATA_NAME
        )
        document.save(file)


def test_a_changed_amount_is_found_with_its_place(told: Told, tmp_path: Path) -> None:
    file = tmp_path / "paper.pdf"
    file.write_bytes(printing.render(issue(told, "handover-list", subject=HANDOVER), ".pdf"))
    changed(file, b'"value":17000000', b'"value":18000000')
    verdict = verify(told.session, file, told.act())
    assert not verdict.agrees
    assert held(verdict)["附件摘要"] is False
    assert held(verdict)["出具登记"] is False
    (figures,) = [check for check in verdict.checks if check.name == "账本数字"]
    assert figures.message == "表1第2行“原值”本件180,000.00元，账本170,000.00元"


def test_a_paper_of_another_book_is_told_apart(told: Told, tmp_path: Path) -> None:
    file = slip(issue(told, "asset-register", town=TOWN), tmp_path)
    changed(file, b'"book":"', b'"book":"X')
    verdict = verify(told.session, file, told.act())
    assert not verdict.agrees
    assert [name for name, holds in held(verdict).items() if holds is False] == ["所属账本"]


def test_a_paper_older_than_a_reversal_names_the_entry(told: Told, tmp_path: Path) -> None:
    paper = issue(told, "distribution-notice", subject=PLAN)
    file = slip(paper, tmp_path)
    voucher = told.session.exec(select(Voucher).where(Voucher.object_code == PLAN)).one()
    reverse(told.session, told.act(date(2020, 12, 31)), voucher.id, reason="方案退回重做")
    told.session.commit()
    entry = log.size(told.session)
    verdict = verify(told.session, file, told.act())
    (later,) = [check for check in verdict.checks if check.name == "出具以后"]
    assert later.holds is False
    assert f"第{entry}号记录" in later.message
    assert "冲销" in later.message


def test_a_paper_with_names_is_checked_without_them_when_nobody_looks(
    told: Told, tmp_path: Path
) -> None:
    file = slip(issue(told, "distribution-notice", subject=PLAN), tmp_path)
    verdict = verify(told.session, file, None)
    assert verdict.agrees
    assert held(verdict)["账本数字"] is None
