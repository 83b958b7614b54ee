"""What do the papers look like? Every paper of the catalogue printed from the sample district.

``make gallery`` prints one example of each paper from the book of the demonstration (out/demo),
draws its pages and lays the first ones side by side on a contact sheet, to be looked at by eye.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from sqlmodel import Session, col, select  # noqa: E402

import cli  # noqa: E402
from assets.models import (  # noqa: E402
    ActorRole,
    Asset,
    HandoverAct,
    Party,
    Role,
    TitleAct,
    TitleCertificate,
    TitleItem,
)
from assets.models.parties import Actor  # noqa: E402
from ledger.database import open_session  # noqa: E402
from ledger.models import (  # noqa: E402
    BookEntity,
    Household,
    PaymentBatch,
    Plan,
    PlantStatement,
    RosterLine,
    SampleDraw,
    StatementLine,
    Voucher,
)
from reports.catalogue import REPORTS  # noqa: E402

WIDTH = 420
COLUMNS = 6


class Examples:
    """Which objects of a book the examples are drawn of."""

    def __init__(self, session: Session) -> None:
        self.session = session
        plan = session.exec(select(Plan).where(Plan.kind == "VILLAGE").order_by(Plan.code)).first()
        assert plan is not None, "the demonstration has a village plan"
        self.plan = plan
        self.year = plan.income_year
        roster = select(RosterLine).where(RosterLine.roster_id == plan.roster_id)
        line = session.exec(roster.order_by(col(RosterLine.id))).first()
        assert line is not None
        self.village = str(line.village)
        self.household = session.get_one(Household, line.household_id).code
        self.party = session.get_one(Party, plan.holder_party_id).code
        last = session.exec(
            select(Voucher.month)
            .join(BookEntity, col(BookEntity.id) == col(Voucher.entity_id))
            .where(BookEntity.party_id == plan.holder_party_id)
            .order_by(col(Voucher.month).desc())
        ).first()
        self.month = str(last or self.year * 100 + 12)

    def first(self, query: Any) -> str:
        """The first code a query gives, or ''."""
        return str(self.session.exec(query).first() or "")

    def words(self, report: str) -> Iterator[tuple[str, list[str]]]:
        """(name of the picture, words of the command line) for one report."""
        batch = self.first(
            select(PaymentBatch.code)
            .where(PaymentBatch.plan_id == self.plan.id)
            .order_by(col(PaymentBatch.amount_fen).desc())
        )
        asset = self.first(
            select(Asset.code)
            .join(PlantStatement, col(PlantStatement.asset_id) == col(Asset.id))
            .join(StatementLine, col(StatementLine.plant_statement_id) == col(PlantStatement.id))
            .where(StatementLine.holder_party_id == self.plan.holder_party_id)
            .order_by(col(Asset.code).desc())
        )
        book = ["--party", self.party]
        year = ["--year", str(self.year)]
        month = ["--month", self.month]
        subjects = {
            "distribution-notice": [self.plan.code],
            "distribution-plan": [self.plan.code],
            "result-notice": [self.plan.code],
            "handover-list": [
                self.first(
                    select(HandoverAct.code)
                    .where(HandoverAct.village_code == self.village)
                    .order_by(HandoverAct.code)
                )
            ],
            "plant-statement": [
                self.first(
                    select(PlantStatement.code)
                    .join(Asset, col(Asset.id) == col(PlantStatement.asset_id))
                    .where(Asset.code == asset)
                    .order_by(PlantStatement.code)
                )
            ],
            "asset-register": ["--village", self.village],
            "household-card": [self.household, *year],
            "household-cards": ["--village", self.village, *year],
            "pass-through-statement": book,
            "income-book": book,
            "vouchers": [*book, *month],
            "sub-ledger": ["102", *book, *year],
            "trial-balance": [*book, *month],
            "balance-sheet": book,
            "surplus-statement": [*book, *year],
            "depreciation-schedule": [*book, *month],
            "bank-reconciliation": book,
            "asset-card": [asset],
            "upkeep-agreement": [asset],
            "title-certificate": [
                self.first(select(TitleCertificate.number).order_by(TitleCertificate.number))
            ],
            "title-form": [self._title(asset)],
            "sample-sheet": [self.first(select(SampleDraw.code).order_by(SampleDraw.code))],
        }
        if report == "payment-roster":
            for edition in ("posted", "internal"):
                yield f"{report}-{edition}", [report, batch, "--edition", edition]
        elif report not in subjects:
            yield report, [report]
        elif all(subjects[report]):
            yield report, [report, *subjects[report]]

    def _title(self, asset: str) -> str:
        return self.first(
            select(TitleAct.code)
            .join(TitleItem, col(TitleItem.title_act_id) == col(TitleAct.id))
            .join(Asset, col(Asset.id) == col(TitleItem.asset_id))
            .where(Asset.code == asset)
        )


def looker(session: Session) -> str:
    """Somebody of the district who may look at names."""
    code = session.exec(
        select(Actor.code)
        .join(ActorRole, col(ActorRole.actor_id) == col(Actor.id))
        .where(ActorRole.role == Role.AGRICULTURE.value)
        .order_by(Actor.code)
    ).first()
    return str(code or "")


def main() -> int:
    """Print, draw, lay side by side; 1 when a paper could not be printed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--book", type=Path, default=ROOT / "out" / "demo")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "gallery")
    parser.add_argument("--on", default="2021-03-31")
    arguments = parser.parse_args()
    if not (arguments.book / "fupin.db").exists():
        print(f"gallery: there is no book in {arguments.book}; make demo builds one")
        return 1
    url = f"sqlite:///{arguments.book / 'fupin.db'}"
    arguments.out.mkdir(parents=True, exist_ok=True)
    surroundings = cli.Surroundings(recorder="gallery")
    with open_session(url, desk=cli.make_desk(url, surroundings)) as session:
        examples = Examples(session)
        wanted = [one for report in REPORTS for one in examples.words(report.name)]
        actor = looker(session)
    failed = 0
    for name, words in wanted:
        file = arguments.out / f"{name}.pdf"
        line = ["report", *words, "--out", str(file), "--database", url, "--actor", actor]
        failed += cli.run([*line, "--on", arguments.on], surroundings) != 0
        if file.exists():
            draw(file)
    sheet(arguments.out, [name for name, _ in wanted])
    print(f"gallery: {len(wanted) - failed} papers in {arguments.out}, see index.html")
    return 1 if failed else 0


def draw(file: Path) -> None:
    """Every page of a PDF as a picture beside it (the first eight of a long one)."""
    for old in file.parent.glob(f"{file.stem}-p*.png"):
        old.unlink()
    subprocess.run(
        ["pdftoppm", "-r", "80", "-png", "-l", "8", str(file), str(file.with_suffix("")) + "-p"],
        check=True,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )


def sheet(folder: Path, names: list[str]) -> None:
    """The first pages side by side: contact.png, and index.html with all pages."""
    from PIL import Image

    titles = {report.name: report.title for report in REPORTS}
    firsts, figures = [], []
    for name in names:
        pages = sorted(folder.glob(f"{name}-p*.png"))
        if not pages:
            continue
        picture: Image.Image = Image.open(pages[0])
        firsts.append(picture.resize((WIDTH, picture.height * WIDTH // picture.width)))
        title = next((t for n, t in titles.items() if name.startswith(n)), name)
        images = "".join(f'<img src="{escape(page.name)}" alt="">' for page in pages)
        figures.append(f"<h2>{escape(title)} <code>{escape(name)}</code></h2>{images}")
    rows = [firsts[start : start + COLUMNS] for start in range(0, len(firsts), COLUMNS)]
    heights = [max(picture.height for picture in row) for row in rows]
    whole = Image.new("RGB", (COLUMNS * (WIDTH + 8), sum(heights) + 8 * len(rows)), "#888")
    top = 0
    for row, height in zip(rows, heights, strict=True):
        for place, picture in enumerate(row):
            whole.paste(picture, (place * (WIDTH + 8), top))
        top += height + 8
    whole.save(folder / "contact.png")
    style = "img{max-width:48%;border:1px solid #888;margin:4px;vertical-align:top}"
    page = f"<!DOCTYPE html><meta charset=utf-8><style>{style}</style>{''.join(figures)}"
    (folder / "index.html").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
