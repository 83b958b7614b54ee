"""Which person has this ID, card or name? Found by keyed hash, without opening any envelope."""

from sqlmodel import Session, col, select

from assets.procedure.evidence import vault_of
from ledger import bankcard, idnumber
from ledger.models import PersonIndex
from ledger.people.persons import chunks, id_digest, normal_name


def find_by_id(session: Session, number: str) -> list[int]:
    """Person ids registered with an ID or disability card number.

    Raises:
        InvalidIdNumber: The text is no such number.

    依据: GB 11643-1999; 内部约定 (检索用密钥摘要，不存明文)
    """
    digest = id_digest(vault_of(session), str(idnumber.parse(number)))
    return found_under(session, "ID", [digest]).get(digest, [])


def find_by_card(session: Session, number: str) -> list[int]:
    """Person ids registered with an account number.

    Raises:
        InvalidBankCard: The text is no account number.

    依据: 内部约定 (检索用密钥摘要，不存明文)
    """
    digest = vault_of(session).lookup_hash("CARD", str(bankcard.parse(number)))
    return found_under(session, "CARD", [digest]).get(digest, [])


def find_by_name(session: Session, name: str) -> list[int]:
    """Person ids registered under exactly this name; several people may share it.

    依据: 内部约定 (检索用密钥摘要，不存明文)
    """
    digest = vault_of(session).lookup_hash("NAME", normal_name(name))
    return found_under(session, "NAME", [digest]).get(digest, [])


def found_under(session: Session, kind: str, digests: list[str]) -> dict[str, list[int]]:
    """Digest → person ids, for many digests of one kind (ID, CARD, NAME) at once.

    依据: 内部约定 (检索用密钥摘要，不存明文)
    """
    found: dict[str, list[int]] = {}
    for part in chunks(digests):
        rows = session.exec(
            select(PersonIndex.digest, PersonIndex.person_id)
            .where(PersonIndex.kind == kind, col(PersonIndex.digest).in_(part))
            .order_by(PersonIndex.digest, col(PersonIndex.person_id))
        ).all()
        for digest, person_id in rows:
            found.setdefault(digest, []).append(person_id)
    return found
