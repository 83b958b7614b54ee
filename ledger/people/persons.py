"""Who is a member of a household, and how are name and numbers kept sealed?

A person is an opaque code. Name, numbers, phones and health are one envelope for each version,
sealed under the key of the household the person belonged to; look-ups go through keyed hashes.
Outside this package plaintext comes from ``reveal`` only.
"""

import json
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Table, delete, event, insert
from sqlmodel import Session, col, select

from assets import deadlines
from assets.asof import AsOf, current_rows
from assets.errors import InvalidIdNumber, InvalidValue, NotFound
from assets.masking import mask_card, mask_id, mask_phone
from assets.models import DataKey
from assets.procedure.evidence import vault_of
from assets.trail import Entry
from assets.vault import Vault
from ledger import idnumber
from ledger.models import Person, PersonIndex, PersonVersion

ID_PENDING = "证件号待核"
"""State of an ID that is damaged or not yet known: the person counts, but cannot be paid."""

ERASED_TEXT = "已依法删除"
RESTRICTED_TEXT = "已依法限制处理"
PARAMETERS_MAX = 10_000
Item = TypeVar("Item")


@dataclass(frozen=True)
class PersonalData:
    """What only ``reveal`` shows of a person; '' where it is not known.

    ``card`` and ``bank`` are the account money goes to, mostly on the head; ``id_state`` is ''
    or ``ID_PENDING``. ``erased`` and ``restricted`` persons have a sentence for a name.
    """

    name: str = field(default="", repr=False)
    id_number: str = field(default="", repr=False)
    card: str = field(default="", repr=False)
    bank: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    household_phone: str = field(default="", repr=False)
    health: str = field(default="", repr=False)
    ethnicity: str = field(default="", repr=False)
    address: str = field(default="", repr=False)
    id_state: str = ""
    erased: bool = False
    restricted: bool = False

    @property
    def payable(self) -> bool:
        """Whether a bank can be told to pay this person: an ID that holds and an account.

        依据: 内部约定 (a damaged ID enters the roster as 证件号待核 and blocks only payment)
        """
        return bool(self.id_number and self.card) and not self.id_state and not self.erased

    @property
    def masked_id(self) -> str:
        """The ID as a notice may show it."""
        return mask_id(self.id_number) if self.id_number else self.id_state

    @property
    def masked_card(self) -> str:
        """The account as a notice may show it."""
        return mask_card(self.card) if self.card else ""

    @property
    def card_tail(self) -> str:
        """The last four digits of the account (尾号)."""
        return self.card[-4:]

    @property
    def masked_phone(self) -> str:
        """The phone as a notice may show it."""
        return mask_phone(self.phone) if self.phone else ""


_SEALED = tuple(each.name for each in fields(PersonalData) if each.type is str)


@dataclass(frozen=True)
class NewVersion:
    """A version of personal data about to be sealed; ``owner`` is a household's code."""

    person_id: int
    owner: str
    data: PersonalData = field(repr=False)
    valid_from: date
    source: dict[str, Any] = field(default_factory=dict, repr=False)


def checked(data: PersonalData) -> PersonalData:
    """Personal data in canonical form; an ID that does not hold is set aside as 证件号待核.

    Raises:
        InvalidValue: No name.

    依据: GB 11643-1999; 内部约定 (a damaged ID blocks only payment)
    """
    name = normal_name(data.name)
    if not name:
        raise InvalidValue("姓名为空。请填写姓名。")
    number, state = data.id_number.strip().removeprefix(ID_PENDING), ""
    try:
        number = str(idnumber.parse(number, latest_birth())) if number else ""
    except InvalidIdNumber:
        state = ID_PENDING
    return replace(data, name=name, id_number=number, id_state=state if number else ID_PENDING)


@cache
def latest_birth() -> date:
    """The day after which nobody on a list can have been born: asked for every row, so kept.

    依据: 内部约定 (已收录日历的最后一年年末)
    """
    return date(deadlines.last_known_year(), 12, 31)


def normal_name(name: str) -> str:
    """A name in the form in which it is compared: NFC, no blanks, one kind of middle dot.

    >>> normal_name(" 张 三 "), normal_name("买买提•艾力")
    ('张三', '买买提·艾力')

    依据: 内部约定 (姓名比对口径)
    """
    joined = "".join(unicodedata.normalize("NFC", name).split())
    return joined.translate(dict.fromkeys(map(ord, "•‧∙・.．"), "·"))


def person_by_code(session: Session, code: str) -> Person:
    """The person registered under a 人编号.

    Raises:
        NotFound: Nobody.

    依据: 内部约定 (编号只查找，不新建)
    """
    person = session.exec(select(Person).where(Person.code == code)).one_or_none()
    if person is None:
        raise NotFound("人员", code)
    return person


def person_ids(session: Session, codes: Sequence[str]) -> dict[str, int]:
    """人编号 → id of those that are registered.

    依据: 内部约定 (编号只查找，不新建)
    """
    found: dict[str, int] = {}
    for part in chunks(codes):
        query = select(Person.code, Person.id).where(col(Person.code).in_(part))
        found.update(dict(session.exec(query).all()))
    return found


def person_codes(session: Session, ids: Sequence[int]) -> dict[int, str]:
    """Id → 人编号.

    依据: 内部约定 (编号只查找，不新建)
    """
    found: dict[int, str] = {}
    for part in chunks(ids):
        query = select(Person.id, Person.code).where(col(Person.id).in_(part))
        found.update(dict(session.exec(query).all()))
    return found


def chunks(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """Slices no longer than a database takes as parameters of one query.

    依据: 内部约定 (成批查询，不逐人查询)
    """
    for start in range(0, len(items), PARAMETERS_MAX):
        yield items[start : start + PARAMETERS_MAX]


# --- sealing --------------------------------------------------------------------------------


def write_versions(
    session: Session, written: Entry, versions: Sequence[NewVersion], *, fresh: bool = False
) -> list[int]:
    """Seal versions in an open entry and put their look-up hashes into the index; returns ids.

    ``fresh`` says that none of the persons has been indexed before.

    Raises:
        MissingTool: The session has no key file.

    依据: 个人信息保护法 (encryption and minimum exposure)
    """
    vault = vault_of(session)
    forget_on_rollback(session, vault)
    vault.prepare(session, {each.owner for each in versions})
    ids = written.insert(
        PersonVersion,
        [
            {
                "person_id": each.person_id,
                "owner": each.owner,
                "envelope": vault.seal(session, each.owner, packed(each.data)),
                "valid_from": each.valid_from,
                **each.source,
            }
            for each in versions
        ],
    )
    if not fresh:
        drop_index(session, [each.person_id for each in versions])
    rows = [row for each in versions for row in _index_rows(vault, each.person_id, each.data)]
    if rows:
        table: Table = PersonIndex.__table__  # type: ignore[attr-defined]
        session.execute(insert(table), rows)
    return ids


def unsealed(
    session: Session, ids: Sequence[int], at: AsOf
) -> dict[int, tuple[PersonVersion, PersonalData]]:
    """Person id → current version and what is in it; for this package only, logged by callers.

    A person whose key was erased has ``ERASED_TEXT`` for a name.

    依据: 个人信息保护法; 内部约定 (plaintext leaves the package by ``reveal`` only)
    """
    vault = vault_of(session)
    versions: list[PersonVersion] = []
    for part in chunks(sorted(set(ids))):
        condition = col(PersonVersion.person_id).in_(part)
        versions += current_rows(session, PersonVersion, ("person_id",), at, condition)
    keys = stored_keys(session, {each.owner for each in versions})
    vault.prepare(session, keys)
    found: dict[int, tuple[PersonVersion, PersonalData]] = {}
    for each in versions:
        if each.owner not in keys:
            data = PersonalData(name=ERASED_TEXT, erased=True)
        else:
            data = unpacked(vault.open(session, each.owner, each.envelope))
            data = replace(data, restricted=keys[each.owner].restricted)
        found[each.person_id] = (each, data)
    return found


def packed(data: PersonalData) -> bytes:
    """The plaintext of an envelope: JSON of what is known.

    依据: 内部约定 (密封件内容格式)
    """
    known = {name: getattr(data, name) for name in _SEALED if getattr(data, name)}
    return json.dumps(known, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def unpacked(plaintext: bytes) -> PersonalData:
    """Personal data from the plaintext of an envelope.

    依据: 内部约定 (密封件内容格式)
    """
    known = json.loads(plaintext)
    return PersonalData(**{name: known[name] for name in _SEALED if name in known})


def stored_keys(session: Session, owners: Iterable[str]) -> dict[str, DataKey]:
    """The stored data keys of some owners, fetched together (erased ones are not there).

    依据: 内部约定 (set by set, never one query a person)
    """
    found: dict[str, DataKey] = {}
    for part in chunks(sorted(owners)):
        rows = session.exec(select(DataKey).where(col(DataKey.owner).in_(part))).all()
        found.update({row.owner: row for row in rows})
    return found


def forget_on_rollback(session: Session, vault: Vault) -> None:
    """Let the vault drop its opened keys when the session rolls back: they may not exist then.

    依据: 内部约定 (回滚后密钥不再有效)
    """
    if session.info.get("vault_forgets"):
        return
    session.info["vault_forgets"] = True
    event.listen(session, "after_rollback", lambda _session: vault.forget())


def drop_index(session: Session, ids: Sequence[int]) -> None:
    """Remove the look-up hashes of persons (before new ones, or for good when erased).

    依据: 个人信息保护法 (deletion)
    """
    for part in chunks(ids):
        session.execute(delete(PersonIndex).where(col(PersonIndex.person_id).in_(part)))


def _index_rows(vault: Vault, person_id: int, data: PersonalData) -> list[dict[str, Any]]:
    return [
        {"kind": kind, "digest": digest, "person_id": person_id}
        for kind, digest in digests(vault, data).items()
    ]


def digests(vault: Vault, data: PersonalData) -> dict[str, str]:
    """The keyed hashes by which a person is found: ID (its 18 characters), CARD, NAME.

    A pending ID is not indexed: it tells nobody apart.

    依据: 内部约定 (found without being stored)
    """
    found = {"NAME": vault.lookup_hash("NAME", normal_name(data.name))}
    if data.id_number and not data.id_state:
        found["ID"] = id_digest(vault, data.id_number)
    if data.card:
        found["CARD"] = vault.lookup_hash("CARD", data.card)
    return found


def id_digest(vault: Vault, number: str) -> str:
    """The keyed hash of an ID; a disability card counts as the ID it is made of.

    依据: 内部约定 (证件号栏也登记20位残疾人证号)
    """
    return vault.lookup_hash("ID", number[:18])
