"""Who can hold a right, keep a book, pay or be paid? Institutions, and households by code only.

A party's code and kind never change; its name, account and division are facts from a day on. A
village committee may act for a collective not yet registered (代行).
"""

from collections.abc import Iterable
from datetime import date

from sqlmodel import Session, col, select

from assets.asof import AsOf, current_row, current_rows
from assets.errors import NotFound
from assets.models import Party, PartyFact, PartyKind
from assets.trail import Entry

UNCLEAR_CODE = "UNCLEAR"
UNCLEAR_TITLE = "权属待定"


def party_by_code(session: Session, code: str) -> Party:
    """The party registered under a code.

    Raises:
        NotFound: No such party.

    依据: 内部约定 (a party is never created from a mistyped code)
    """
    party = session.exec(select(Party).where(Party.code == code)).one_or_none()
    if party is None:
        raise NotFound("主体", code)
    return party


def party_ids(session: Session) -> dict[str, int]:
    """Code → id of every party."""
    return dict(session.exec(select(Party.code, Party.id)).all())


def party_codes(session: Session) -> dict[int, str]:
    """Id → code of every party."""
    return dict(session.exec(select(Party.id, Party.code)).all())


def party_kinds(session: Session) -> dict[int, str]:
    """Id → kind (``PartyKind`` code) of every party."""
    return dict(session.exec(select(Party.id, Party.kind)).all())


def party_facts(session: Session, at: AsOf) -> dict[int, PartyFact]:
    """Party id → what is known of it as of a day and position."""
    return {fact.party_id: fact for fact in current_rows(session, PartyFact, ("party_id",), at)}


def party_fact(session: Session, party_id: int, at: AsOf) -> PartyFact | None:
    """What is known of one party as of a day and position, or None before its first day."""
    return current_row(session, PartyFact, at, PartyFact.party_id == party_id)


def party_titles(session: Session, at: AsOf) -> dict[int, str]:
    """Party id → name as of a day; the first name ever for a party not begun on that day.

    依据: 内部约定 (a paper names every party it speaks of)
    """
    everything = AsOf(position=at.position)
    latest = {each: fact.title for each, fact in party_facts(session, everything).items()}
    return latest | {each: fact.title for each, fact in party_facts(session, at).items()}


def unclear_party(session: Session, written: Entry) -> Party:
    """The party that holds parts nobody is known to own; made when first needed.

    依据: 内部约定 (an unsettled part is held by a coded ``title_unclear``, so that Σ stays 1)
    """
    found = session.exec(select(Party).where(Party.code == UNCLEAR_CODE)).one_or_none()
    if found is not None:
        return found
    party = Party(code=UNCLEAR_CODE, kind=PartyKind.UNCLEAR.value)
    party.id = written.insert(Party, [{"code": party.code, "kind": party.kind}])[0]
    written.insert(
        PartyFact,
        [{"party_id": party.id, "title": UNCLEAR_TITLE, "valid_from": date(1949, 10, 1)}],
    )
    return party


def acting_for(session: Session, at: AsOf) -> dict[int, int]:
    """Committee's party id → id of the collective it acts for (代行), as of a day.

    依据: 财会〔2004〕12号 一(二)
    """
    return {
        each: fact.acts_for_party_id
        for each, fact in party_facts(session, at).items()
        if fact.acts_for_party_id is not None
    }


def of_kinds(session: Session, kinds: Iterable[PartyKind]) -> list[Party]:
    """All parties of the given kinds, by code."""
    wanted = [kind.value for kind in kinds]
    return list(
        session.exec(select(Party).where(col(Party.kind).in_(wanted)).order_by(Party.code)).all()
    )
