"""From where does a paper look at the book? One day, one log position, and who is asking.

Every query of this package takes a ``Standpoint`` and what was asked; the same day and position
give the same figures, byte for byte. Names and numbers of persons come through ``people`` only,
which leaves one access record for the paper and needs a writing session.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import date

from sqlmodel import Session, col, select

from assets import divisions_register
from assets.asof import AsOf
from assets.errors import NotFound
from assets.models import BookRecord, Checkpoint
from assets.trail import Act
from assets.trail.heads import current_head
from ledger.people.reveal import PersonalData, reveal
from reports.paper import FooterFacts, UnfitPaper


@dataclass(frozen=True)
class Asked:
    """What a paper was asked for; '' and 0 where it was not said.

    ``subject`` is the code of the object the paper is about (plan, batch, handover, household);
    ``town`` and ``village`` are 12-digit codes; ``month`` is YYYYMM.
    """

    subject: str = ""
    town: str = ""
    village: str = ""
    party: str = ""
    year: int = 0
    month: int = 0
    edition: str = ""
    size: str = ""

    def parameters(self) -> dict[str, str]:
        """What was said, as texts: enough to draw the paper again."""
        named = ((each.name, getattr(self, each.name)) for each in fields(self))
        return {name: str(value) for name, value in named if value}

    @classmethod
    def of(cls, parameters: dict[str, str]) -> "Asked":
        """What was asked, from the parameters of a paper.

        Raises:
            UnfitPaper: A parameter is not one of ours.
        """
        kinds = {each.name: each.type for each in fields(cls)}
        if unknown := sorted(set(parameters) - set(kinds)):
            raise UnfitPaper(f"报表参数“{unknown[0]}”不认识，不能重新出具。")
        values = {
            name: int(value) if kinds[name] is int else value for name, value in parameters.items()
        }
        return cls(**values)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Standpoint:
    """A session on the book, the day and log position looked at, and the footer that says so.

    ``act`` is who looks; without it no person can be named.
    """

    session: Session = field(repr=False)
    at: AsOf
    footer: FooterFacts
    act: Act | None = None

    @property
    def day(self) -> date:
        """The day the paper speaks of."""
        return self.at.day

    def people(
        self, person_ids: Iterable[int], purpose: str, scope: str = ""
    ) -> dict[int, PersonalData]:
        """Names and numbers of persons, with one access record.

        Raises:
            UnfitPaper: Nobody was named as the one who looks.

        依据: 个人信息保护法 (purpose, minimum, record of access)
        """
        ids = set(person_ids)
        if not ids:
            return {}
        if self.act is None:
            raise UnfitPaper("这份报表含姓名，须留下查阅登记。请用 --actor 指明由谁出具。")
        return reveal(self.session, ids, self.act, purpose, scope=scope, at=self.at)

    def place(self, code: str) -> str:
        """How a town or village is called on paper (龙归镇龙归村)."""
        return divisions_register.place_name(code, self.places())

    def places(self) -> dict[str, str]:
        """Code → official name of every division."""
        return divisions_register.titles(self.session, self.at)

    @property
    def district(self) -> str:
        """The name of the district this book is of."""
        return self.place(divisions_register.district_code(self.session))


def standpoint(
    session: Session, on: date, act: Act | None = None, *, position: int | None = None
) -> Standpoint:
    """Look at the book as of a day, from the end of the log or from an earlier position.

    依据: 内部约定 (a paper's figures hold for one day and one log position)
    """
    size, _ = current_head(session)
    position = size if position is None else min(position, size)
    stored = session.exec(
        select(Checkpoint)
        .where(col(Checkpoint.size) <= position)
        .order_by(col(Checkpoint.size).desc(), col(Checkpoint.id))
        .limit(1)
    ).first()
    footer = FooterFacts(
        as_of=on,
        log_position=position,
        checkpoint_size=stored.size if stored else None,
        root_hex=stored.root.hex() if stored else None,
        book=session.exec(select(BookRecord.code)).one(),
    )
    return Standpoint(session, AsOf(on, position), footer, act)


def required(value: str, what: str) -> str:
    """What had to be said, or a sentence asking for it.

    Raises:
        NotFound: Nothing was said.
    """
    if not value:
        raise NotFound(what, "（未填）")
    return value


def known_by(row_entry_id: int, at: AsOf) -> bool:
    """Whether a row was in the book at the position looked from.

    依据: 内部约定 (a paper drawn from an earlier position does not know what came later)
    """
    return row_entry_id <= at.position


def source_text(source: str) -> str:
    """A source as printed: the note in English behind 内部约定 is for readers of the code.

    >>> source_text("内部约定 (nothing is silently dropped)"), source_text("国办函〔2021〕51号")
    ('内部约定', '国办函〔2021〕51号')
    """
    return re.sub(r"\s*\([\x20-\x7e]*\)$", "", source)
