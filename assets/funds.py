"""Which money came in under which document, and what became of it since 2016 (资金清理)?

A fund document is issued, arrives, is allocated to projects, is paid out, forms assets; whatever
did not get that far is unspent at a stage. Σ received = Σ spent + Σ unspent, to the fen.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

from sqlmodel import Session, col, select

from assets import trail
from assets.asof import AsOf
from assets.columns import Labelled, label_of
from assets.divisions_register import town_of
from assets.errors import NotFound, Refused
from assets.models import (
    Asset,
    AssetFact,
    FundContribution,
    FundDocument,
    FundLevel,
    FundReceipt,
    FundType,
    ProjectFact,
)
from assets.money import format_yuan
from assets.projects import (
    UnspentStage,
    allocations,
    paid_amounts,
    project_facts,
    unspent_stage,
)
from assets.trail import Act


class Regime(Labelled):
    """Under which policy regime a fund was issued (政策时期)."""

    POVERTY = "POVERTY", "扶贫"
    LINKING = "LINKING", "衔接"
    ROUTINE = "ROUTINE", "常态化帮扶"


def regime_of(fund_type: str, fund_year: int) -> Regime:
    """The regime of a fund by its type, else by its year.

    依据: 2026年中央一号文件; 内部约定 (衔接资金自2021年起)
    """
    if fund_type == FundType.ROUTINE_2026 or fund_year >= 2026:
        return Regime.ROUTINE
    if fund_type == FundType.LINKING_2021 or fund_year >= 2021:
        return Regime.LINKING
    return Regime.POVERTY


def document_by_number(session: Session, number: str) -> FundDocument:
    """The fund document with that 文号.

    Raises:
        NotFound: No such document.
    """
    found = session.exec(select(FundDocument).where(FundDocument.code == number)).one_or_none()
    if found is None:
        raise NotFound("资金文件", number)
    return found


def document_ids(session: Session) -> dict[str, int]:
    """文号 → id of every fund document."""
    return dict(session.exec(select(FundDocument.code, FundDocument.id)).all())


def documents(session: Session, at: AsOf) -> list[FundDocument]:
    """Every fund document issued by the day, by year and 文号."""
    return list(
        session.exec(
            select(FundDocument)
            .where(col(FundDocument.issued_on) <= at.day, col(FundDocument.entry_id) <= at.position)
            .order_by(col(FundDocument.fund_year), FundDocument.code)
        ).all()
    )


def received_amounts(session: Session, at: AsOf) -> dict[int, int]:
    """Document id → fen arrived by the day (到位)."""
    found: dict[int, int] = defaultdict(int)
    for receipt in session.exec(
        select(FundReceipt).where(
            col(FundReceipt.received_on) <= at.day, col(FundReceipt.entry_id) <= at.position
        )
    ).all():
        found[receipt.fund_document_id] += receipt.amount_fen
    return dict(found)


def contributions(session: Session, at: AsOf) -> list[FundContribution]:
    """The money in every asset acquired by the day, in the order registered."""
    acquired = select(AssetFact.asset_id).where(
        col(AssetFact.acquired_on) <= at.day, col(AssetFact.entry_id) <= at.position
    )
    return list(
        session.exec(
            select(FundContribution)
            .where(
                col(FundContribution.entry_id) <= at.position,
                col(FundContribution.asset_id).in_(acquired),
            )
            .order_by(col(FundContribution.id))
        ).all()
    )


def record_receipt(
    session: Session, act: Act, number: str, amount_fen: int, *, received_on: date
) -> FundReceipt:
    """Record that money of a document arrived; never more than was issued.

    Raises:
        Refused: More than the document's amount, or nothing.

    依据: 内部约定 (到位)
    """
    stage = f"{received_on}/{amount_fen}"
    with trail.entry(
        session, act, "fund-receipt", number, stage=stage, what=f"资金到位{number}"
    ) as written:
        document = document_by_number(session, number)
        before = received_amounts(session, AsOf()).get(document.id, 0)
        if amount_fen <= 0 or before + amount_fen > document.amount_fen:
            raise Refused(
                f"{number}下达{format_yuan(document.amount_fen)}元，已到位{format_yuan(before)}元，"
                f"不能再登记到位{format_yuan(amount_fen)}元。请核对金额。"
            )
        return written.add(
            FundReceipt(
                fund_document_id=document.id, received_on=received_on, amount_fen=amount_fen
            )
        )


@dataclass
class ReviewLine:
    """One line of the fund review, all in fen; ``key`` is what the lines are by.

    By town nothing is issued or received: documents are the district's.
    """

    key: str
    issued_fen: int = 0
    received_fen: int = 0
    allocated_fen: int = 0
    spent_fen: int = 0
    formed_fen: int = 0
    unspent_fen: dict[UnspentStage, int] = field(default_factory=dict)

    @property
    def formed_ppm(self) -> int:
        """Assets formed per million of money spent (物化率), rounded down; 0 without spending."""
        return self.formed_fen * 1_000_000 // self.spent_fen if self.spent_fen else 0

    @property
    def not_received_fen(self) -> int:
        """Issued and not arrived (未到位)."""
        return self.issued_fen - self.received_fen

    def add_unspent(self, stage: UnspentStage, amount_fen: int) -> None:
        """Put unspent money at its stage."""
        self.unspent_fen[stage] = self.unspent_fen.get(stage, 0) + amount_fen


REVIEWED_BY = ("document", "year", "level", "type", "town")


def review(session: Session, at: AsOf, *, by: str = "document") -> list[ReviewLine]:
    """The review of funds as of a day: by ``document``, ``year``, ``level``, ``type`` or ``town``.

    On every line but those by town: received = spent + Σ unspent.

    依据: 内部约定 (since 2016: received, allocated, spent, formed, unspent by stage)
    """
    assert by in REVIEWED_BY, by
    listed = {document.id: document for document in documents(session, at)}
    facts = project_facts(session, at)
    key = _keys(by)
    lines: dict[str, ReviewLine] = {}

    def line(document_id: int, division_code: str) -> ReviewLine:
        name = key(listed[document_id], division_code)
        return lines.setdefault(name, ReviewLine(name))

    if by != "town":
        arrived = received_amounts(session, at)
        for document in listed.values():
            each = line(document.id, "")
            each.issued_fen += document.amount_fen
            each.received_fen += arrived.get(document.id, 0)
            each.add_unspent(UnspentStage.UNALLOCATED, arrived.get(document.id, 0))
    _add_projects(session, at, listed, line, facts, moved=by != "town")
    for contribution, division_code in _placed_contributions(session, at):
        if contribution.fund_document_id in listed:
            line(contribution.fund_document_id, division_code).formed_fen += contribution.amount_fen
    return [lines[name] for name in sorted(lines)]


def _add_projects(
    session: Session,
    at: AsOf,
    listed: Mapping[int, FundDocument],
    line: Callable[[int, str], ReviewLine],
    facts: Mapping[int, ProjectFact],
    *,
    moved: bool,
) -> None:

    allocated, paid = allocations(session, at), paid_amounts(session, at)
    for project_id, document_id in sorted(allocated.keys() | paid.keys()):
        fact = facts.get(project_id)
        if document_id not in listed or fact is None:
            continue
        given = allocated.get((project_id, document_id), 0)
        spent = paid.get((project_id, document_id), 0)
        each = line(document_id, fact.division_code)
        each.allocated_fen += given
        each.spent_fen += spent
        each.add_unspent(unspent_stage(fact, at.day), given - spent)
        if moved:
            each.add_unspent(UnspentStage.UNALLOCATED, -given)


def _placed_contributions(session: Session, at: AsOf) -> list[tuple[FundContribution, str]]:
    places = dict(
        session.exec(
            select(AssetFact.asset_id, AssetFact.division_code).order_by(col(AssetFact.id))
        ).all()
    )
    return [(each, places[each.asset_id]) for each in contributions(session, at)]


def _keys(by: str) -> Callable[[FundDocument, str], str]:
    return {
        "document": lambda document, _: document.code,
        "year": lambda document, _: str(document.fund_year),
        "level": lambda document, _: label_of(FundLevel, document.level),
        "type": lambda document, _: label_of(FundType, document.fund_type),
        "town": lambda _, division_code: town_of(division_code),
    }[by]


def assets_of_document(session: Session, document_id: int, at: AsOf) -> list[tuple[str, int]]:
    """(asset code, fen) of every asset a document's money is in, by code."""
    codes = dict(session.exec(select(Asset.id, Asset.code)).all())
    found: dict[str, int] = defaultdict(int)
    for each in contributions(session, at):
        if each.fund_document_id == document_id:
            found[codes[each.asset_id]] += each.amount_fen
    return sorted(found.items())
