"""Which papers does a district print for a year, and how are they made in one go (全年材料)?

A list of papers with the file of each, in the order of the work; whatever file is already there is
not made again, so that an interrupted run goes on where it stopped. The book is read paper by
paper; drawing, which takes the time, is done by two processes.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlmodel import Session, col, select

from assets import divisions
from assets.asof import AsOf
from assets.divisions_register import titles, towns, village_names
from assets.errors import NotFound
from assets.models import HandoverAct, PartyKind
from assets.parties import party_codes, party_kinds, party_titles
from ledger.books.posting import entities
from ledger.models import PaymentBatch, Plan, RosterLine, StatementLine
from reports.bundle import Bundle
from reports.paper import Paper
from reports.standpoint import Asked

PROCESSES = 2
# A process is replaced now and then: what the layout engine keeps would add up over a district.
PAPERS_A_PROCESS = 40


@dataclass(frozen=True)
class Item:
    """One paper of the set: report, what is asked, its file below the folder.

    ``on`` is the day of papers as of the year's end, None for those of the day of printing.
    """

    report: str
    asked: Asked
    file: str
    on: date | None = None


def items(session: Session, year: int, at: AsOf) -> list[Item]:
    """The papers of an income year: district, towns, handovers, plans, payments, books, cards.

    Raises:
        NotFound: No plan distributes income of that year.

    依据: 内部约定 (全年材料清单)
    """
    plans = session.exec(
        select(Plan)
        .where(
            Plan.income_year == year,
            col(Plan.drafted_on) <= at.day,
            col(Plan.entry_id) <= at.position,
        )
        .order_by(col(Plan.code))
    ).all()
    if not plans:
        raise NotFound("收益分配方案", f"{year}年")
    end = min(at.day, date(year, 12, 31))
    return [
        *_district(end),
        *_towns(session, end, at),
        *_handovers(session, at),
        *_plans(session, plans, at),
        *_holders(session, year, at),
        *_books(session, year, at),
        *_cards(session, plans, year, at),
    ]


def _district(end: date) -> Iterator[Item]:
    for report, name in (
        ("district-summary", "资产汇总表"),
        ("fund-review", "资金清理表"),
        ("project-register", "项目台账"),
        ("contract-dues", "合同应收台账"),
        ("receivables-ageing", "应收款账龄表"),
        ("plant-income", "光伏电费应收实收表"),
    ):
        yield Item(report, Asked(), f"区级/{name}.pdf", end)
    # What was found about the year is found afterwards.
    yield Item("findings", Asked(), "区级/疑点整改台账.pdf")
    yield Item("audit-report", Asked(), "区级/审计报告.pdf")


def _towns(session: Session, end: date, at: AsOf) -> Iterator[Item]:
    for code, title in sorted(towns(session, at).items()):
        yield Item("asset-register", Asked(town=code), f"资产台账/{title}.pdf", end)


def _handovers(session: Session, at: AsOf) -> Iterator[Item]:
    rows = session.exec(
        select(HandoverAct.code)
        .where(col(HandoverAct.prepared_on) <= at.day, col(HandoverAct.entry_id) <= at.position)
        .order_by(col(HandoverAct.code))
    ).all()
    for code in rows:
        yield Item("handover-list", Asked(subject=code), f"移交清单/{safe(code)}.pdf")


def _plans(session: Session, plans: Iterable[Plan], at: AsOf) -> Iterator[Item]:
    for plan in plans:
        name = safe(plan.code)
        yield Item("distribution-plan", Asked(subject=plan.code), f"分配方案/{name}.pdf")
        for village, title in _villages(session, plan, at):
            yield Item(
                "distribution-notice",
                Asked(subject=plan.code, village=village),
                f"公示/{name}-{title}.pdf",
            )
        yield Item("result-notice", Asked(subject=plan.code), f"结果公告/{name}.pdf")
        rows = session.exec(
            select(PaymentBatch.code)
            .where(
                PaymentBatch.plan_id == plan.id,
                col(PaymentBatch.made_on) <= at.day,
                col(PaymentBatch.entry_id) <= at.position,
            )
            .order_by(col(PaymentBatch.id))
        ).all()
        for code in rows:
            for edition, label in (("posted", "公示版"), ("internal", "发放版")):
                asked = Asked(subject=code, edition=edition)
                yield Item("payment-roster", asked, f"花名册-{label}/{safe(code)}.pdf")


def _villages(session: Session, plan: Plan, at: AsOf) -> list[tuple[str, str]]:
    names = titles(session, at)
    rows = session.exec(
        select(RosterLine.village).where(RosterLine.roster_id == plan.roster_id).distinct()
    ).all()
    return [
        (str(code), divisions.short_name(names.get(str(code), str(code)))) for code in sorted(rows)
    ]


def _holders(session: Session, year: int, at: AsOf) -> Iterator[Item]:
    """Everybody who has a part of some statement: the account with the passing institution."""
    codes, names = party_codes(session), party_titles(session, at)
    rows = session.exec(select(StatementLine.holder_party_id).distinct()).all()
    for party_id in sorted(rows, key=lambda each: codes[each]):
        code, name = codes[party_id], safe(names[party_id])
        asked = Asked(party=code, year=year)
        yield Item("pass-through-statement", asked, f"收益对账单/{name}.pdf")
        # Income of a year is received and spent over several: the whole book.
        yield Item("income-book", Asked(party=code), f"收支台账/{name}.pdf")


def _books(session: Session, year: int, at: AsOf) -> Iterator[Item]:
    names, kinds = party_titles(session, at), party_kinds(session)
    for entity, party in entities(session):
        if entity.opened_on.year > year:
            continue
        name, last = safe(names[party.id]), year * 100 + 12
        whose = Asked(party=party.code, month=last)
        yield Item("trial-balance", whose, f"账表/{name}-科目余额表.pdf")
        if kinds[party.id] in (PartyKind.COLLECTIVE, PartyKind.COMMITTEE):
            asked = Asked(party=party.code, year=year)
            yield Item("surplus-statement", asked, f"账表/{name}-收益及收益分配表.pdf")
            yield Item("depreciation-schedule", whose, f"账表/{name}-折旧计算表.pdf")


def _cards(session: Session, plans: Iterable[Plan], year: int, at: AsOf) -> Iterator[Item]:
    rosters = [plan.roster_id for plan in plans if plan.roster_id]
    rows = session.exec(
        select(RosterLine.village).where(col(RosterLine.roster_id).in_(rosters)).distinct()
    ).all()
    names = village_names(session, at)
    for number in sorted(rows):
        code = str(number)
        asked = Asked(village=code, year=year)
        yield Item("household-cards", asked, f"明白卡/{code}-{names.get(code, code)}.pdf")


def safe(name: str) -> str:
    """A name as a file name: no separators of folders."""
    return name.replace("/", "-").replace("\\", "-")


@dataclass(frozen=True)
class Made:
    """What became of one paper: ``message`` is '' when its file was made or was there."""

    item: Item
    was_there: bool
    message: str = ""


def make(
    wanted: list[Item],
    folder: Path,
    build: Callable[[Item], Paper | Bundle],
    *,
    processes: int = PROCESSES,
) -> Iterator[Made]:
    """Make the papers of a set that are not there yet; tells each as it is done.

    ``build`` reads the book (in this process, one after the other) and may refuse a paper, which
    is told and does not stop the others.

    依据: 内部约定 (一份出不来不影响其他份)
    """
    from assets.errors import FupinError

    waiting: list[tuple[Item, Future[bytes]]] = []
    with ProcessPoolExecutor(processes, max_tasks_per_child=PAPERS_A_PROCESS) as pool:
        for item in wanted:
            if (folder / item.file).exists():
                yield Made(item, was_there=True)
                continue
            try:
                waiting.append((item, pool.submit(_draw, build(item))))
            except FupinError as refused:
                yield Made(item, was_there=False, message=str(refused))
            # No more papers are read than are being drawn: memory stays flat.
            while len(waiting) > 2 * processes:
                yield _finish(folder, *waiting.pop(0))
        for item, future in waiting:
            yield _finish(folder, item, future)


def _draw(paper: Paper | Bundle) -> bytes:
    from reports import printing

    return printing.render(paper, ".pdf")


def _finish(folder: Path, item: Item, future: "Future[bytes]") -> Made:
    from assets.errors import FupinError
    from reports import printing

    try:
        printing.save(future.result(), folder / item.file)
    except FupinError as refused:
        return Made(item, was_there=False, message=str(refused))
    return Made(item, was_there=False)
