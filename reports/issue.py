"""Which papers went out, under which number, over which state of the book (出具登记)?

Issuing a paper cuts a checkpoint, gives the next number of the year and records the digest of its
data, so that years later the paper can be compared with the book. The same paper with the same
figures is issued once; a copy without a number can be had at any time.
"""

import json
from datetime import date
from hashlib import sha256
from typing import Any

import rfc8785
from sqlmodel import Session, col, select

from assets import divisions_register, trail
from assets.asof import AsOf
from assets.errors import NotFound
from assets.models import IssuedPaper
from assets.models.trail import Checkpoint
from assets.trail import Act, heads
from reports.bundle import Bundle
from reports.catalogue import Report, find
from reports.paper import FooterFacts, Paper
from reports.standpoint import Asked, standpoint

PURPOSE = "paper"


def issue(session: Session, act: Act, report: Report, asked: Asked) -> Paper | Bundle:
    """Build a paper as of the act's day, give it a number and record it.

    Raises:
        AlreadyDone: The same paper with the same figures was issued for that day before.
        MissingTool: There is no signing key.

    依据: 内部约定 (出具的纸质材料逐份编号登记，附检查点)
    """
    stand = standpoint(session, act.on, act)
    draft = report.build(stand, asked)
    stage = f"{act.on}/{figures_sha256(draft)[:24]}"
    what = f"出具《{draft.title}》"
    with trail.entry(session, act, "report-issue", report.name, stage=stage, what=what) as written:
        checkpoint = heads.cut(session, written, PURPOSE)
        number = next_number(session, act.on)
        footer = footer_of(draft.footer, checkpoint, number, act.on)
        paper = under(draft, footer)
        written.add(
            IssuedPaper(
                number=number,
                report=report.name,
                arguments=rfc8785.dumps(asked.parameters()).decode(),
                as_of_day=act.on.isoformat(),
                position=footer.log_position,
                data_sha256=paper.data_sha256(),
                internal=paper.audience == "internal",
            )
        )
    return paper


def under(paper: Paper | Bundle, footer: FooterFacts) -> Paper | Bundle:
    """The same paper with another footer."""
    if isinstance(paper, Bundle):
        return paper.with_footer(footer)
    from dataclasses import replace

    return replace(paper, footer=footer)


def footer_of(
    before: FooterFacts, checkpoint: Checkpoint, number: str, issued_on: date
) -> FooterFacts:
    """The footer of an issued paper."""
    return FooterFacts(
        as_of=before.as_of,
        log_position=before.log_position,
        checkpoint_size=checkpoint.size,
        root_hex=checkpoint.root.hex(),
        number=number,
        note=checkpoint.note,
        issued_on=issued_on,
        book=before.book,
    )


def figures_sha256(paper: Paper | Bundle) -> str:
    """Digest of a paper's data without the log position: the same figures, whenever drawn.

    依据: 内部约定 (issuing the same figures twice is one act)
    """
    return sha256(rfc8785.dumps(figures_of(paper.data()))).hexdigest()


def figures_of(value: Any) -> Any:
    """A report's data without the log position, in every paper of a bundle."""
    if isinstance(value, dict):
        return {k: figures_of(v) for k, v in value.items() if k != "log_position"}
    if isinstance(value, list):
        return [figures_of(each) for each in value]
    return value


def next_number(session: Session, on: date) -> str:
    """The next report number of a year: 武江扶资报〔2020〕7号.

    依据: 内部约定 (参照公文发文字号，年份用六角括号，序号不编虚位)
    """
    name = divisions_register.titles(session, AsOf()).get(
        divisions_register.district_code(session), ""
    )
    prefix = f"{name.removesuffix('区').removesuffix('县')}扶资报〔{on.year}〕"
    numbers = session.exec(
        select(IssuedPaper.number).where(col(IssuedPaper.number).startswith(prefix))
    ).all()
    highest = max((int(each[len(prefix) : -1]) for each in numbers), default=0)
    return f"{prefix}{highest + 1}号"


def issued(session: Session, number: str) -> IssuedPaper:
    """The record of an issued paper.

    Raises:
        NotFound: No paper has that number.
    """
    found = session.exec(select(IssuedPaper).where(IssuedPaper.number == number)).one_or_none()
    if found is None:
        raise NotFound("已出具的报表", number)
    return found


def issued_papers(session: Session, at: AsOf) -> list[IssuedPaper]:
    """The register of issued papers, in order."""
    return list(
        session.exec(
            select(IssuedPaper)
            .where(col(IssuedPaper.entry_id) <= at.position)
            .order_by(col(IssuedPaper.id))
        ).all()
    )


def reprint(session: Session, act: Act, number: str) -> tuple[Paper | Bundle, bool]:
    """An issued paper drawn again, and whether its data are still those of the register.

    They are not where a person was erased since: the print then says 已依法删除.

    Raises:
        NotFound: No paper has that number.

    依据: 内部约定 (same day and position, same data)
    """
    row = issued(session, number)
    draft = redraw(session, act, row)
    checkpoint = session.exec(select(Checkpoint).where(Checkpoint.entry_id == row.entry_id)).one()
    footer = footer_of(draft.footer, checkpoint, number, date.fromisoformat(row.as_of_day))
    return under(draft, footer), draft.data_sha256() == row.data_sha256


def redraw(session: Session, act: Act | None, row: IssuedPaper) -> Paper | Bundle:
    """The data of an issued paper as the book gives them today for that day and position.

    Raises:
        UnfitPaper: The paper has names and nobody is named as the one who looks.

    依据: 内部约定 (same day and position, same data)
    """
    asked = Asked.of(json.loads(row.arguments))
    day = date.fromisoformat(row.as_of_day)
    return find(row.report).build(standpoint(session, day, act, position=row.position), asked)
