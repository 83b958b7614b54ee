"""What happened to a household or a person, on which day? Every change is a dated row.

Birth, death, move, split, merge, change of head, change of status or labour, corrected numbers,
payee on document. What was true before stays true for the days before: frozen rosters and past
payments never change.
"""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from sqlmodel import Session, col, select

from assets import trail
from assets.asof import AsOf, current_row, current_rows
from assets.divisions_register import village_names
from assets.errors import NotFound, Refused
from assets.masking import refuse_personal_numbers
from assets.procedure.evidence import vault_of
from assets.trail import Act, Entry, digest_of
from ledger import bankcard, idnumber
from ledger.models import (
    Household,
    HouseholdFact,
    HouseholdStatus,
    LabourAbility,
    Membership,
    MonitorKind,
    PayeeAuthority,
    Person,
    PersonStatus,
)
from ledger.people import persons
from ledger.people.households import (
    HEAD,
    Member,
    household_by_code,
    household_fact,
    household_of,
    members,
)
from ledger.people.lookup import found_under
from ledger.people.persons import NewVersion, PersonalData, person_by_code

OTHER_RELATION = "其他"


class NotAMember(Refused):
    """The person is no living member of that household (不是本户成员)."""


class EventOutOfOrder(Refused):
    """The day is after the act, or before something already recorded (日期次序不符)."""


@dataclass(frozen=True)
class NewMember:
    """A person about to join the book: 人编号, personal data, relation, labour ability."""

    code: str
    data: PersonalData = field(repr=False)
    relation: str
    labour: LabourAbility | None = None


# --- persons come and go --------------------------------------------------------------------


def record_birth(
    session: Session, act: Act, household_code: str, member: NewMember, *, born_on: date
) -> Person:
    """A child, or somebody never on record before, becomes a member of a household.

    Raises:
        NotFound: No such household.
        Refused: The 人编号 or the ID is registered already.

    依据: 内部约定 (出生、新增人口登记)
    """
    with _event(session, act, "birth", household_code, f"{member.code}/{born_on}") as written:
        household = household_by_code(session, household_code)
        _refuse_disorder(session, act, born_on, household_id=household.id)
        data = persons.checked(member.data)
        refuse_personal_numbers(member.relation, "与户主关系")
        _refuse_registered(session, member.code, data)
        person = written.add(Person(code=member.code))
        session.flush()
        _join(written, person.id, household.id, member.relation, born_on, "BIRTH")
        valid = bool(data.id_number) and not data.id_state
        if member.labour is not None or valid:
            written.add(
                PersonStatus(
                    person_id=person.id,
                    labour=(member.labour or LabourAbility.NONE).value,
                    life="ALIVE",
                    birth_year=int(data.id_number[6:10]) if valid else born_on.year,
                    valid_from=born_on,
                )
            )
        persons.write_versions(
            session,
            written,
            [NewVersion(person.id, household_code, data, born_on)],
            fresh=True,
        )
        return person


def record_death(
    session: Session, act: Act, person_code: str, *, died_on: date, new_head: str = ""
) -> PersonStatus:
    """A member has died; when it was the head, another living member becomes head the same day.

    Raises:
        NotAMember: Already dead, or in no household.
        Refused: The head died, others live, and nobody is named as the new head.

    依据: 内部约定 (亡故前的工资归继承人，户的款项由新户主领取)
    """
    with _event(session, act, "death", person_code, str(died_on)) as written:
        person = person_by_code(session, person_code)
        household = _home(session, person)
        _refuse_future(act, died_on)
        member = _living_member(session, household, person_code, AsOf())
        fact = _fact(session, household)
        status = _write_death(session, written, member, died_on)
        others = [
            each for each in members(session, household.id, AsOf()) if each.code != person_code
        ]
        if fact.head_person_id == person.id and others:
            if not new_head:
                raise Refused(
                    f"{person_code}是户{household.code}的户主，户内还有{len(others)}人。"
                    "请用 --new-head 指明新户主的人编号。"
                )
            _hand_over_head(session, written, household, new_head, died_on, member)
        return status


def admit(
    session: Session,
    act: Act,
    household_code: str,
    person_code: str,
    relation: str,
    *,
    joined_on: date,
) -> None:
    """A registered person joins a household, from another one or from outside (marriage, return).

    In a household without living members the newcomer is the head.

    Raises:
        NotAMember: The person has died, or is a member already.
        Refused: The person is head of a household with others in it.

    依据: 内部约定 (婚嫁、迁入登记；户籍以截止日为准)
    """
    with _event(session, act, "join", household_code, f"{person_code}/{joined_on}") as written:
        household = household_by_code(session, household_code)
        person = person_by_code(session, person_code)
        refuse_personal_numbers(relation, "与户主关系")
        _refuse_dead(session, person)
        if household_of(session, person.id, AsOf()) == household.id:
            raise NotAMember(f"人员{person_code}已是户{household_code}的成员，无须再办理。")
        _refuse_leaving_head(session, person)
        _refuse_disorder(session, act, joined_on, person_ids=[person.id])
        empty = not members(session, household.id, AsOf())
        _join(written, person.id, household.id, HEAD if empty else relation, joined_on, "JOIN")
        if empty:
            fact = _fact(session, household)
            since = max(joined_on, fact.valid_from)
            _follow(written, fact, since, "HEAD", head_person_id=person.id)
        _reseal(session, written, [person.id], household_code, joined_on)


def release(session: Session, act: Act, person_code: str, *, left_on: date) -> None:
    """A member leaves all households on record (moved away, married out of the district).

    Raises:
        NotAMember: In no household, or dead.
        Refused: The person is head of a household with others in it.

    依据: 内部约定 (迁出登记；已得工资不受影响)
    """
    with _event(session, act, "leave", person_code, str(left_on)) as written:
        person = person_by_code(session, person_code)
        household = _home(session, person)
        member = _living_member(session, household, person_code, AsOf())
        _refuse_leaving_head(session, person)
        _refuse_disorder(session, act, left_on, person_ids=[person.id])
        _join(written, person.id, 0, member.relation, left_on, "LEAVE")


# --- households -----------------------------------------------------------------------------


def move_household(
    session: Session,
    act: Act,
    household_code: str,
    village_code: str,
    *,
    moved_on: date,
    group: str = "",
) -> HouseholdFact:
    """A whole household moves to another village; the roster of the cut-off day decides who pays.

    Raises:
        NotFound: The village is not registered.
        Refused: It lives there already.

    依据: 内部约定 (截止日在哪个村就由哪个村分配，一户一村)
    """
    with _event(session, act, "move", household_code, f"{village_code}/{moved_on}") as written:
        household = household_by_code(session, household_code)
        refuse_personal_numbers(group, "组别")
        if village_code not in village_names(session, AsOf(moved_on)):
            raise NotFound("村", village_code)
        fact = _fact(session, household)
        if fact.village_code == village_code:
            raise Refused(f"户{household_code}已在该村，无须迁移。")
        _refuse_disorder(session, act, moved_on, household_id=household.id)
        return _follow(
            written,
            fact,
            moved_on,
            "MOVE",
            village_code=village_code,
            group_title=group or None,
        )


def split_household(
    session: Session,
    act: Act,
    household_code: str,
    new_code: str,
    leaving: Sequence[str],
    *,
    head: str,
    split_on: date,
) -> Household:
    """Some members found a household of their own; what the old one received stays its history.

    ``leaving`` are 人编号, ``head`` one of them. The new household takes village and status over.

    Raises:
        NotAMember: Somebody leaving is no living member, or the new head does not leave.
        Refused: Nobody would stay, the old head would leave, or the new code is taken.

    依据: 内部约定 (分户后合计不变，历史留在原户)
    """
    stage = f"{new_code}/{split_on}"
    with _event(session, act, "split", household_code, stage) as written:
        household = household_by_code(session, household_code)
        if session.exec(select(Household).where(Household.code == new_code)).first() is not None:
            raise Refused(f"户编号{new_code}已被使用。请换用平台给出的新户编号。")
        going = [_living_member(session, household, code, AsOf()) for code in leaving]
        if head not in {each.code for each in going}:
            raise NotAMember(f"新户户主{head}不在分出的成员中。请核对人编号。")
        fact = _fact(session, household)
        _refuse_empty_rest(session, household, going, fact)
        ids = [each.person_id for each in going]
        _refuse_disorder(session, act, split_on, household_id=household.id, person_ids=ids)
        new = written.add(Household(code=new_code))
        session.flush()
        heir = next(each for each in going if each.code == head)
        _follow(
            written,
            fact,
            split_on,
            "SPLIT",
            household_id=new.id,
            head_person_id=heir.person_id,
            declared_size=len(going),
        )
        for each in going:
            relation = HEAD if each.code == head else OTHER_RELATION
            _join(written, each.person_id, new.id, relation, split_on, "SPLIT")
        _reseal(session, written, ids, new_code, split_on)
        return new


def merge_households(
    session: Session, act: Act, into_code: str, from_code: str, *, merged_on: date
) -> None:
    """All living members of one household join another; the emptied one leaves the roster.

    Raises:
        Refused: The same household twice, or nobody lives in it.

    依据: 内部约定 (并户后合计不变，历史留在原户)
    """
    with _event(session, act, "merge", into_code, f"{from_code}/{merged_on}") as written:
        into, source = household_by_code(session, into_code), household_by_code(session, from_code)
        if into.id == source.id:
            raise Refused("并户的两户是同一户。请核对户编号。")
        going = members(session, source.id, AsOf())
        if not going:
            raise Refused(f"户{from_code}已无在世成员，无须并户。请办理退出名单。")
        ids = [each.person_id for each in going]
        _refuse_disorder(session, act, merged_on, household_id=source.id, person_ids=ids)
        _refuse_disorder(session, act, merged_on, household_id=into.id)
        for each in going:
            relation = OTHER_RELATION if each.relation == HEAD else each.relation
            _join(written, each.person_id, into.id, relation, merged_on, "MERGE")
        left = HouseholdStatus.LEFT_ROSTER.value
        _follow(
            written,
            _fact(session, source),
            merged_on,
            "MERGE",
            status=left,
            head_person_id=None,
            declared_size=0,
        )
        _reseal(session, written, ids, into_code, merged_on)


def change_head(
    session: Session,
    act: Act,
    household_code: str,
    person_code: str,
    *,
    changed_on: date,
    old_relation: str = OTHER_RELATION,
) -> None:
    """Another living member becomes head; ``old_relation`` is the former head's to the new one.

    Raises:
        NotAMember: The person is no living member.
        Refused: The person is head already.

    依据: 内部约定 (户主变更；户的款项打入新户主账户)
    """
    stage = f"{person_code}/{changed_on}"
    with _event(session, act, "head", household_code, stage) as written:
        household = household_by_code(session, household_code)
        refuse_personal_numbers(old_relation, "与户主关系")
        fact = _fact(session, household)
        person = _living_member(session, household, person_code, AsOf())
        if fact.head_person_id == person.person_id:
            raise Refused(f"人员{person_code}已是户{household_code}的户主，无须变更。")
        _refuse_disorder(session, act, changed_on, household_id=household.id)
        before = [each for each in members(session, household.id, AsOf()) if each.relation == HEAD]
        for old in before:
            _join(written, old.person_id, household.id, old_relation, changed_on, "HEAD")
        _hand_over_head(session, written, household, person_code, changed_on, None)


def change_status(
    session: Session,
    act: Act,
    household_code: str,
    status: HouseholdStatus,
    *,
    changed_on: date,
    monitor_kind: MonitorKind | None = None,
    risk_cleared: bool | None = None,
    allowance: str | None = None,
) -> HouseholdFact:
    """The status of a household changes: lifted, relapsed, monitored, risk cleared, left the list.

    Raises:
        Refused: Monitored without a kind, cleared without having been monitored, or no change.

    依据: 内部约定 (动态管理：返贫、监测、风险消除、退出)
    """
    stage = "/".join(
        [
            status.value,
            monitor_kind.value if monitor_kind else "",
            str(risk_cleared),
            str(changed_on),
        ]
    )
    with _event(session, act, "status", household_code, stage) as written:
        household = household_by_code(session, household_code)
        fact = _fact(session, household)
        kind = monitor_kind.value if monitor_kind else fact.monitor_kind
        if status is HouseholdStatus.MONITORED and kind is None:
            raise Refused("纳入监测须写明类型：脱贫不稳定户、边缘易致贫户或突发严重困难户。")
        if risk_cleared and fact.monitor_kind is None:
            raise Refused(f"户{household_code}不是监测对象，不能登记风险消除。")
        changes: dict[str, Any] = {
            "status": status.value,
            "monitor_kind": kind,
            "risk_cleared": fact.risk_cleared if risk_cleared is None else risk_cleared,
            "allowance": fact.allowance if allowance is None else allowance or None,
        }
        if all(getattr(fact, name) == value for name, value in changes.items()):
            raise Refused(f"户{household_code}已是{status.label}，没有变化。")
        _refuse_disorder(session, act, changed_on, household_id=household.id)
        return _follow(written, fact, changed_on, _status_event(fact, changes), **changes)


def recode_village(
    session: Session, act: Act, from_code: str, to_code: str, *, changed_on: date
) -> int:
    """All households of a village follow it into another code (merger, re-code); how many.

    Raises:
        NotFound: The new village is not registered.
        Refused: Nobody lives under the old code.

    依据: 统计用区划代码; 内部约定 (并村不改变户和权益)
    """
    with _event(session, act, "division", from_code, f"{to_code}/{changed_on}") as written:
        _refuse_future(act, changed_on)
        if to_code not in village_names(session, AsOf(changed_on)):
            raise NotFound("村", to_code)
        facts = [
            fact for fact in _facts_of_village(session, from_code) if fact.village_code == from_code
        ]
        if not facts:
            raise Refused(f"村{from_code}名下没有农户，无须变更。")
        for fact in facts:
            since = max(changed_on, fact.valid_from)
            _follow(written, fact, since, "DIVISION", village_code=to_code)
        return len(facts)


# --- what is known of a person --------------------------------------------------------------


def change_labour(
    session: Session, act: Act, person_code: str, labour: LabourAbility, *, changed_on: date
) -> PersonStatus:
    """The labour ability of a living person changes.

    Raises:
        NotAMember: The person has died.

    依据: 内部约定 (劳动能力核定)
    """
    stage = f"{labour.value}/{changed_on}"
    with _event(session, act, "labour", person_code, stage) as written:
        person = person_by_code(session, person_code)
        _refuse_dead(session, person)
        _refuse_future(act, changed_on)
        before = current_row(session, PersonStatus, AsOf(), PersonStatus.person_id == person.id)
        return written.add(
            PersonStatus(
                person_id=person.id,
                labour=labour.value,
                life="ALIVE",
                birth_year=before.birth_year if before is not None else None,
                valid_from=changed_on,
            )
        )


CORRECTABLE = ("name", "id_number", "card", "bank", "phone", "household_phone", "health", "address")


def correct_person(
    session: Session, act: Act, person_code: str, *, corrected_on: date, **changes: str
) -> None:
    """Correct or complete sealed data of a person: a new version; ``changes`` by name of the data.

    Raises:
        Refused: Nothing changes, an unknown field, or the new ID is somebody else's.
        InvalidIdNumber: The new ID does not hold.
        InvalidBankCard: The new account number is none.

    依据: 个人信息保护法 (correction); 内部约定 (更正留新版本，旧版本不改)
    """
    unknown = sorted(set(changes) - set(CORRECTABLE))
    if unknown or not changes:
        raise Refused(f"可以更正的有：{'、'.join(CORRECTABLE)}。请写明要更正的内容。")
    person = person_by_code(session, person_code)
    # The key goes into the log in plain, so it is made with the secret key, not a bare digest.
    digest = vault_of(session).lookup_hash("CHANGE", digest_of(*map(str, sorted(changes.items()))))
    with _event(session, act, "correct", person_code, f"{corrected_on}/{digest[:16]}") as written:
        _refuse_future(act, corrected_on)
        version, before = persons.unsealed(session, [person.id], AsOf())[person.id]
        if before.erased:
            raise Refused(f"人员{person_code}的个人信息已依法删除，不能更正。")
        data = _corrected(before, changes)
        if persons.packed(data) == persons.packed(before):
            raise Refused(f"人员{person_code}登记的内容与更正的相同，没有变化。")
        if data.id_number != before.id_number:
            _refuse_same_id(session, data, person.id)
        since = max(corrected_on, version.valid_from)
        persons.write_versions(
            session, written, [NewVersion(person.id, version.owner, data, since)]
        )


def authorise_payee(
    session: Session,
    act: Act,
    household_code: str,
    beneficiary_code: str,
    payee_code: str,
    *,
    relation: str,
    document: str,
    until: date,
) -> PayeeAuthority:
    """Somebody else receives a beneficiary's money on document (委托书、监护证明), until a day.

    Raises:
        Refused: No document or relation, an end in the past, or the beneficiary himself.
        NotAMember: The beneficiary is not of that household.

    依据: 民法典 (代理、监护); 内部约定 (代领须有文件和期限)
    """
    stage = f"{beneficiary_code}/{payee_code}/{act.on}"
    with _event(session, act, "payee", household_code, stage) as written:
        household = household_by_code(session, household_code)
        beneficiary, payee = (
            person_by_code(session, beneficiary_code),
            person_by_code(session, payee_code),
        )
        if household_of(session, beneficiary.id, AsOf()) != household.id:
            raise NotAMember(f"人员{beneficiary_code}不是户{household_code}的成员。请核对编号。")
        _refuse_dead(session, payee)
        if beneficiary.id == payee.id:
            raise Refused("领款人就是本人，无须委托。")
        if not relation.strip() or not document.strip():
            raise Refused("代领须有委托书或监护证明，并写明与受益人的关系。请补充。")
        refuse_personal_numbers(relation + document, "委托书")
        if until < act.on:
            raise Refused(f"委托截止日{until}早于办理日{act.on}。请核对。")
        return written.add(
            PayeeAuthority(
                household_id=household.id,
                beneficiary_person_id=beneficiary.id,
                payee_person_id=payee.id,
                relation=relation,
                document=document,
                valid_from=act.on,
                valid_to=until,
            )
        )


def payee_authorities(
    session: Session, household_ids: Iterable[int], at: AsOf
) -> dict[int, PayeeAuthority]:
    """Beneficiary's person id → the document under which another receives, valid on the day.

    依据: 民法典; 内部约定 (代领须有文件和期限)
    """
    found: dict[int, PayeeAuthority] = {}
    for part in persons.chunks(sorted(set(household_ids))):
        rows = session.exec(
            select(PayeeAuthority)
            .where(
                col(PayeeAuthority.household_id).in_(part),
                PayeeAuthority.valid_from <= at.day,
                PayeeAuthority.valid_to >= at.day,
                PayeeAuthority.entry_id <= at.position,
            )
            .order_by(col(PayeeAuthority.id))
        ).all()
        found.update({row.beneficiary_person_id: row for row in rows})
    return found


def deaths(session: Session, ids: Iterable[int], at: AsOf) -> dict[int, date]:
    """Person id → day of death, of those who have died by the day.

    依据: 内部约定 (死亡日期后不得发放)
    """
    found: dict[int, date] = {}
    for part in persons.chunks(sorted(set(ids))):
        rows = session.exec(
            select(PersonStatus)
            .where(
                col(PersonStatus.person_id).in_(part),
                PersonStatus.life == "DECEASED",
                PersonStatus.valid_from <= at.day,
                PersonStatus.entry_id <= at.position,
            )
            .order_by(col(PersonStatus.valid_from).desc())
        ).all()
        found.update({row.person_id: row.valid_from for row in rows})
    return found


# --- inside an event ------------------------------------------------------------------------


def _event(
    session: Session, act: Act, kind: str, code: str, stage: str
) -> AbstractContextManager[Entry]:
    return trail.entry(
        session,
        act,
        f"household-{kind}",
        code,
        stage=stage,
        what=f"{_EVENT_TITLES[kind]}{code}",
    )


_EVENT_TITLES = {
    "birth": "登记新成员，户",
    "death": "登记亡故，人员",
    "join": "登记迁入，户",
    "leave": "登记迁出，人员",
    "move": "登记迁移，户",
    "split": "分户，户",
    "merge": "并户，户",
    "head": "变更户主，户",
    "status": "变更状态，户",
    "division": "区划变更，村",
    "labour": "变更劳动能力，人员",
    "correct": "更正信息，人员",
    "payee": "登记代领，户",
}


def _fact(session: Session, household: Household) -> HouseholdFact:
    fact = household_fact(session, household.id, AsOf())
    if fact is None:
        raise NotFound("农户", household.code)
    return fact


def _home(session: Session, person: Person) -> Household:
    household = session.get(Household, household_of(session, person.id, AsOf()))
    if household is None:
        raise NotAMember(f"人员{person.code}不在任何一户，无须办理。请核对人编号。")
    return household


def _living_member(session: Session, household: Household, code: str, at: AsOf) -> Member:
    for each in members(session, household.id, at):
        if each.code == code:
            return each
    raise NotAMember(f"人员{code}不是户{household.code}的在世成员。请核对人编号和户编号。")


def _refuse_dead(session: Session, person: Person) -> None:
    status = current_row(session, PersonStatus, AsOf(), PersonStatus.person_id == person.id)
    if status is not None and status.life == "DECEASED":
        raise NotAMember(f"人员{person.code}已登记亡故，不能办理。请核对人编号。")


def _refuse_future(act: Act, day: date) -> None:
    if day > act.on:
        raise EventOutOfOrder(f"变动日{day}晚于办理日{act.on}，还没有发生。请核对日期。")


def _refuse_disorder(
    session: Session,
    act: Act,
    day: date,
    *,
    household_id: int = 0,
    person_ids: Sequence[int] = (),
) -> None:
    """A change before the newest one on record would be hidden behind it."""
    _refuse_future(act, day)
    if household_id:
        fact = household_fact(session, household_id, AsOf())
        if fact is not None and fact.valid_from > day:
            raise EventOutOfOrder(
                f"该户在{fact.valid_from}已有更晚的登记，不能补登{day}的变动。请按先后次序办理。"
            )
    for person_id in person_ids:
        row = current_row(session, Membership, AsOf(), Membership.person_id == person_id)
        if row is not None and row.valid_from > day:
            raise EventOutOfOrder(
                f"该成员在{row.valid_from}已有更晚的登记，不能补登{day}的变动。请按先后次序办理。"
            )


def _refuse_leaving_head(session: Session, person: Person) -> None:
    household_id = household_of(session, person.id, AsOf())
    if not household_id:
        return
    fact = household_fact(session, household_id, AsOf())
    others = len(members(session, household_id, AsOf())) - 1
    if fact is not None and fact.head_person_id == person.id and others > 0:
        raise Refused(f"人员{person.code}是户主，户内还有{others}人。请先变更户主。")


def _refuse_empty_rest(
    session: Session, household: Household, going: Sequence[Member], fact: HouseholdFact
) -> None:
    if len(going) == len(members(session, household.id, AsOf())):
        raise Refused(f"户{household.code}的成员不能全部分出。整户变动请办理迁移或并户。")
    if fact.head_person_id in {each.person_id for each in going}:
        raise Refused("原户户主不能分出。请先变更原户户主，再办理分户。")


def _refuse_registered(session: Session, code: str, data: PersonalData) -> None:
    if session.exec(select(Person).where(Person.code == code)).first() is not None:
        raise Refused(f"人编号{code}已登记。原有成员迁入请用 fupin household event join 办理。")
    _refuse_same_id(session, data, 0)


def _refuse_same_id(session: Session, data: PersonalData, person_id: int) -> None:
    if not data.id_number or data.id_state:
        return
    digest = persons.id_digest(vault_of(session), data.id_number)
    others = [
        each for each in found_under(session, "ID", [digest]).get(digest, []) if each != person_id
    ]
    if others:
        code = persons.person_codes(session, others)[others[0]]
        raise Refused(f"此证件号已登记为人员{code}。同一人只能登记一次，请核对。")


def _corrected(before: PersonalData, changes: dict[str, str]) -> PersonalData:
    """Personal data with the changes; unlike an import, a wrong number is refused outright."""
    clean: dict[str, Any] = dict(changes)
    if clean.get("id_number"):
        clean["id_number"] = str(idnumber.parse(clean["id_number"]))
    if clean.get("card"):
        clean["card"] = str(bankcard.parse(clean["card"]))
    return persons.checked(replace(before, **clean, restricted=False))


def _join(
    written: Entry, person_id: int, household_id: int, relation: str, on: date, event: str
) -> None:
    written.add(
        Membership(
            person_id=person_id,
            household_id=household_id,
            relation=relation,
            valid_from=on,
            event=event,
        )
    )


def _follow(
    written: Entry, fact: HouseholdFact, on: date, event: str, **changes: Any
) -> HouseholdFact:
    """A new fact that says what the last one said, but for the changes."""
    kept = {
        name: getattr(fact, name)
        for name in (
            "household_id",
            "village_code",
            "group_title",
            "status",
            "monitor_kind",
            "allowance",
            "risk_cleared",
            "head_person_id",
            "declared_size",
        )
    }
    return written.add(HouseholdFact(**(kept | changes), valid_from=on, event=event))


def _hand_over_head(
    session: Session,
    written: Entry,
    household: Household,
    person_code: str,
    on: date,
    dead: Member | None,
) -> None:
    heir = _living_member(session, household, person_code, AsOf())
    if dead is not None and heir.person_id == dead.person_id:
        raise NotAMember(f"人员{person_code}已故，不能任户主。请另行指明。")
    fact = _fact(session, household)
    since = max(on, fact.valid_from)
    _join(written, heir.person_id, household.id, HEAD, max(since, heir.since), "HEAD")
    _follow(written, fact, since, "HEAD", head_person_id=heir.person_id)


def _write_death(session: Session, written: Entry, member: Member, died_on: date) -> PersonStatus:
    """Dead from that day on, also over what was recorded of later days in ignorance of it."""
    later = session.exec(
        select(PersonStatus).where(
            PersonStatus.person_id == member.person_id, col(PersonStatus.valid_from) > died_on
        )
    ).all()
    before = current_row(session, PersonStatus, AsOf(), PersonStatus.person_id == member.person_id)
    rows = [
        written.add(
            PersonStatus(
                person_id=member.person_id,
                labour=LabourAbility.NONE.value,
                life="DECEASED",
                birth_year=before.birth_year if before is not None else None,
                valid_from=day,
            )
        )
        for day in [died_on, *sorted({row.valid_from for row in later})]
    ]
    session.flush()
    return rows[0]


def _reseal(session: Session, written: Entry, ids: Sequence[int], owner: str, on: date) -> None:
    """Seal again under the new household's key, so that erasing the old one does not reach them."""
    versions = []
    for person_id, (version, data) in persons.unsealed(session, ids, AsOf()).items():
        if not data.erased and version.owner != owner:
            since = max(on, version.valid_from)
            versions.append(NewVersion(person_id, owner, replace(data, restricted=False), since))
    if versions:
        persons.write_versions(session, written, versions)


def _status_event(fact: HouseholdFact, changes: dict[str, Any]) -> str:
    if changes["status"] == HouseholdStatus.LEFT_ROSTER:
        return "EXIT"
    if changes["risk_cleared"] and not fact.risk_cleared:
        return "CLEARED"
    if changes["status"] == HouseholdStatus.MONITORED and fact.status != changes["status"]:
        return "MONITOR"
    if changes["status"] == HouseholdStatus.REGISTERED and fact.status != changes["status"]:
        return "RELAPSE"
    return "STATUS"


def _facts_of_village(session: Session, village_code: str) -> list[HouseholdFact]:
    ids = select(HouseholdFact.household_id).where(HouseholdFact.village_code == village_code)
    return current_rows(
        session, HouseholdFact, ("household_id",), AsOf(), col(HouseholdFact.household_id).in_(ids)
    )
