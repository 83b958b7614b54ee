"""How does the list of households and their members enter the book? One row is one person.

A household that is new stands from the day it was first identified; of one that is known, only what
differs is written, from the day of the import. The list repeats what is known: who was born, died,
moved or left is told by an event with a day and a reason, and a list that says otherwise is
refused. Names and numbers go into sealed envelopes and nowhere else.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from assets import divisions_register
from assets.asof import AsOf
from assets.columns import label_of
from assets.errors import InvalidIdNumber, RowProblem
from assets.intake import Batch, Handler, Outcome, Row
from assets.intake.registered import filled, place_fields, refuse_nothing_new, taken_in, taking_in
from assets.masking import holds_personal_number
from assets.models import ImportRecord
from assets.procedure.evidence import vault_of
from assets.trail import Act, Entry
from ledger import idnumber
from ledger.models import (
    Household,
    HouseholdFact,
    HouseholdStatus,
    LabourAbility,
    Membership,
    MonitorKind,
    Person,
    PersonStatus,
)
from ledger.people import households, persons
from ledger.people.households import HEAD, HouseholdRow, Member
from ledger.people.lookup import found_under
from ledger.people.persons import NewVersion, PersonalData
from ledger.people.reveal import reveal

KIND = "households"

_STATUS_WORDS: tuple[tuple[str, HouseholdStatus], ...] = (
    ("退出名单", HouseholdStatus.LEFT_ROSTER),
    ("注销", HouseholdStatus.LEFT_ROSTER),
    ("已脱贫", HouseholdStatus.LIFTED),
    ("脱贫户", HouseholdStatus.LIFTED),
    ("监测", HouseholdStatus.MONITORED),
    ("边缘", HouseholdStatus.MONITORED),
    ("脱贫不稳定", HouseholdStatus.MONITORED),
    ("突发严重困难", HouseholdStatus.MONITORED),
    ("一般农户", HouseholdStatus.ORDINARY),
    ("一般户", HouseholdStatus.ORDINARY),
    ("建档立卡", HouseholdStatus.REGISTERED),
    ("贫困户", HouseholdStatus.REGISTERED),
    ("返贫", HouseholdStatus.REGISTERED),
    ("未脱贫", HouseholdStatus.REGISTERED),
    ("低保户", HouseholdStatus.REGISTERED),
    ("五保户", HouseholdStatus.REGISTERED),
    ("特困户", HouseholdStatus.REGISTERED),
)
"""What clerks write under 户类型; the first word found decides. 依据: 内部约定 (名册口径)."""

_MONITOR_WORDS = (
    ("脱贫不稳定", MonitorKind.UNSTABLE),
    ("边缘", MonitorKind.EDGE),
    ("突发", MonitorKind.SUDDEN),
)
_NO_MONITORING = ("", "无", "否", "非监测对象")
_ALLOWANCES = (("特困", "特困"), ("五保", "特困"), ("低保", "低保"))


@dataclass(frozen=True)
class Listed:
    """A household as the file lists it: its rows, and what they say in codes."""

    code: str
    rows: list[Row] = field(repr=False)

    @property
    def first(self) -> Row:
        """The row at which problems of the household are shown."""
        return self.rows[0]

    @property
    def head(self) -> Row | None:
        """The head's row, None when nobody or several are marked."""
        heads = [row for row in self.rows if _relation(row) == HEAD]
        return heads[0] if len(heads) == 1 else None

    def value(self, name: str) -> Any:
        """A field of the household: whatever row holds it."""
        return next((row[name] for row in self.rows if row.get(name) is not None), None)

    def cleared(self, name: str) -> bool:
        """Whether any row holds 【清除】 for a field."""
        return any(name in row.cleared for row in self.rows)


@dataclass(frozen=True)
class Known:
    """What the book knows of the households and persons a file names."""

    homes: Mapping[str, int]
    people: Mapping[str, int]
    facts: Mapping[str, HouseholdRow]
    members: Mapping[int, list[Member]]
    home_of: Mapping[int, int]
    codes: Mapping[int, str]


def check(session: Session, batch: Batch, on: date) -> list[RowProblem]:
    """Everything in which the list contradicts itself or the book.

    依据: 内部约定 (先查全部、后写；同一人不得登记在两户)
    """
    if taken_in(session, batch):
        return []
    listed = _listed(batch.rows)
    known = _known(session, listed, AsOf())
    problems: list[RowProblem] = []
    villages = divisions_register.titles(session, AsOf())
    for each in listed:
        problems += _household_problems(each, villages)
        problems += _against_book(each, known)
    problems += _twice_in_file(batch.rows)
    problems += _ids_in_file(batch.rows)
    problems += _ids_in_book(session, batch.rows, known)
    return problems


def apply(session: Session, act: Act, batch: Batch) -> Outcome:
    """Write the list in one entry: new households and persons, and what changed of known ones.

    Raises:
        AlreadyDone: This file was imported before, or says nothing new.
        MissingTool: There is no key file to seal names and numbers with.

    依据: 个人信息保护法; 内部约定 (全部写入或全不写入)
    """
    with taking_in(session, act, batch) as written:
        vault_of(session)
        listed = _listed(batch.rows)
        known = _known(session, listed, AsOf())
        writer = _Writer(session, written, act, batch, known)
        for each in listed:
            writer.take(each)
        rows = writer.write()
        refuse_nothing_new(batch, written, rows, _last_import(session))
        return Outcome(written.id, writer.counts)


def _last_import(session: Session) -> int:
    newest = select(func.max(ImportRecord.entry_id)).where(ImportRecord.kind == KIND)
    return session.exec(newest).one() or 0


def export(session: Session) -> list[dict[str, Any]]:
    """Every household on record, one row per living member, with names and numbers in plain.

    Needs a writing session: it leaves an access record.

    依据: 个人信息保护法; 内部约定 (导出再导入不改变账本)
    """
    at = AsOf()
    rows = households.household_rows(session, at)
    people = households.members_of(session, [row.household_id for row in rows], at)
    act = session.info.get("act") or Act("", f"export {KIND}", date(9999, 12, 31))
    shown = reveal(
        session,
        [member.person_id for each in people.values() for member in each],
        act,
        "导出农户名单",
        scope=KIND,
        despite_restriction=True,
    )
    titles = divisions_register.titles(session, at)
    first = _first_days(session)
    return [
        _exported(
            row, member, len(people[row.household_id]), shown[member.person_id], titles, first
        )
        for row in rows
        for member in people.get(row.household_id, [])
    ]


HANDLER = Handler(KIND, check, apply, export)


# --- what the file says ---------------------------------------------------------------------


def status_of(text: str) -> HouseholdStatus | None:
    """The status that 户类型 means, None when the word is not known.

    >>> status_of("脱贫户").value, status_of("一般贫困户").value, status_of("富裕户")
    ('LIFTED', 'REGISTERED', None)

    依据: 内部约定 (名册口径)
    """
    return next((status for word, status in _STATUS_WORDS if word in text), None)


def monitor_kind_of(text: str) -> MonitorKind | None:
    """The kind of monitoring a cell means, None when it says none or an unknown one.

    依据: 内部约定 (名册口径)
    """
    return next((kind for word, kind in _MONITOR_WORDS if word in text), None)


def _listed(rows: Iterable[Row]) -> list[Listed]:
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        grouped.setdefault(row["household_code"], []).append(row)
    return [Listed(code, members) for code, members in grouped.items()]


def _relation(row: Row) -> str:
    text = str(row.get("relation_to_head", "")).strip()
    return HEAD if text in ("户主", "本人", "本人或户主") else text


def _status(each: Listed) -> tuple[str, str | None, str | None]:
    """Status, kind of monitoring and allowance of a listed household, as codes."""
    text = str(each.value("household_type") or "")
    status = status_of(text) or HouseholdStatus.REGISTERED
    kind = monitor_kind_of(str(each.value("monitored_type") or "")) or monitor_kind_of(text)
    cleared = each.value("risk_cleared") is True
    if kind is not None and not cleared and status is not HouseholdStatus.LEFT_ROSTER:
        status = HouseholdStatus.MONITORED
    allowance = next((name for word, name in _ALLOWANCES if word in text), None)
    return status.value, None if kind is None else kind.value, allowance


def _personal(row: Row, before: PersonalData) -> PersonalData:
    """What a row says of a person over what was known; blank keeps, 【清除】 clears."""

    def said(column: str, name: str) -> str:
        if column in row.cleared:
            return ""
        value = row.get(column)
        return getattr(before, name) if value is None else str(value).strip()

    return persons.checked(
        replace(
            before,
            name=said("name", "name"),
            id_number=said("id_number", "id_number"),
            card=said("card_no", "card"),
            bank=said("bank_name", "bank"),
            phone=said("person_phone", "phone"),
            household_phone=said("household_phone", "household_phone"),
            health=said("health", "health"),
            ethnicity=said("ethnicity", "ethnicity"),
            erased=False,
            restricted=False,
        )
    )


def _labour(row: Row) -> str | None:
    text = row.get("work_ability")
    return LabourAbility.from_label(text).value if text else None


def _birth_year(data: PersonalData) -> int | None:
    return int(data.id_number[6:10]) if data.id_number and not data.id_state else None


# --- what is wrong with it ------------------------------------------------------------------


def _household_problems(each: Listed, villages: Mapping[str, str]) -> list[RowProblem]:
    problems = []
    heads = [row for row in each.rows if _relation(row) == HEAD]
    if len(heads) != 1:
        problems.append(
            (heads[1] if heads else each.first).problem(
                "one-head-per-household",
                "relation_to_head",
                f"户{each.code}有{len(heads)}个户主。",
                "每户必须有且只有一人的“与户主关系”填“户主”。",
            )
        )
    village = each.first.get("village_code")
    if village not in villages:
        problems.append(
            each.first.problem(
                "unknown-village",
                "village_name",
                "这个村没有登记。",
                "请先导入区划，或核对镇、村名；程序不会新建地名。",
            )
        )
    problems += _disagreements(each)
    problems += _wording(each)
    return problems


def _disagreements(each: Listed) -> list[RowProblem]:
    problems = []
    for row in each.rows:
        if row.get("village_code") != each.first.get("village_code"):
            problems.append(
                row.problem(
                    "household-in-two-villages",
                    "village_name",
                    f"户{each.code}的成员写在两个村。",
                    "一户只能在一个村，请核对户编号和村名。",
                )
            )
        count = row.get("member_count")
        if count is not None and count != len(each.rows):
            problems.append(
                row.problem(
                    "member-count",
                    "member_count",
                    f"户{each.code}填写{count}人，名单中有{len(each.rows)}行。",
                    "请核对人数，补齐或删去成员行；已故成员不列。",
                )
            )
    return problems


def _wording(each: Listed) -> list[RowProblem]:
    problems = []
    for row in each.rows:
        text = str(row.get("household_type") or "")
        if text and status_of(text) is None:
            problems.append(
                row.problem(
                    "unknown-status",
                    "household_type",
                    f"户类型“{text}”无法识别。",
                    "请填：" + "、".join(status.label for status in HouseholdStatus) + "。",
                )
            )
        text = str(row.get("monitored_type") or "").strip()
        if text not in _NO_MONITORING and monitor_kind_of(text) is None:
            problems.append(
                row.problem(
                    "unknown-monitored-type",
                    "monitored_type",
                    f"监测对象类型“{text}”无法识别。",
                    "请填：" + "、".join(kind.label for kind in MonitorKind) + "，没有的留空。",
                )
            )
        # Relation and group are kept in plain, so nobody's number may hide in them.
        for name in ("relation_to_head", "hamlet_name"):
            if holds_personal_number(str(row.get(name) or "")):
                problems.append(
                    row.problem(
                        "personal-number-in-text",
                        name,
                        "这一格里有证件号、卡号或手机号。",
                        "请把号码填到专门的栏目。",
                    )
                )
    return problems


def _against_book(each: Listed, known: Known) -> list[RowProblem]:
    """Where the list tells of a move, a birth or a death without an event."""
    problems = []
    fact = known.facts.get(each.code)
    if fact is not None and fact.village_code != each.first.get("village_code"):
        problems.append(
            each.first.problem(
                "village-differs-from-book",
                "village_name",
                f"户{each.code}登记在{fact.town}{fact.village}。",
                "确已迁移的，请先用 fupin household event move 登记迁移。",
            )
        )
    problems += _members_against_book(each, known)
    return problems


def _members_against_book(each: Listed, known: Known) -> list[RowProblem]:
    problems = []
    home = known.homes.get(each.code, 0)
    recorded = {member.code: member for member in known.members.get(home, [])} if home else {}
    for row in each.rows:
        person_id = known.people.get(row["person_code"])
        if person_id is None:
            continue
        member = recorded.get(row["person_code"])
        if member is not None and not member.alive:
            problems.append(
                row.problem(
                    "listed-after-death",
                    "person_code",
                    f"人员{row['person_code']}已登记亡故。",
                    "请从名单中删去这一行，并核对人数。",
                )
            )
        elif member is None:
            other = known.codes.get(known.home_of.get(person_id, 0), "")
            problems.append(
                row.problem(
                    "person-in-other-household",
                    "person_code",
                    f"人员{row['person_code']}登记在户{other}。"
                    if other
                    else f"人员{row['person_code']}已登记迁出。",
                    "确已变动的，请先登记迁入、分户或并户；编号填错的请改正。",
                )
            )
    here = {row["person_code"] for row in each.rows}
    missing = [code for code, member in recorded.items() if member.alive and code not in here]
    if missing:
        problems.append(
            each.first.problem(
                "member-missing",
                "household_code",
                f"户{each.code}在册成员{'、'.join(sorted(missing)[:5])}不在名单中。",
                "亡故、迁出的请先登记变动；漏填的请补上。",
            )
        )
    return problems


def _twice_in_file(rows: Sequence[Row]) -> list[RowProblem]:
    first: dict[str, Row] = {}
    problems = []
    for row in rows:
        earlier = first.setdefault(row["person_code"], row)
        if earlier is not row:
            problems.append(
                row.problem(
                    "duplicate-key",
                    "person_code",
                    f"与第{earlier.number}行人编号相同。",
                    "请删去重复的一行，或改正编号。",
                )
            )
    return problems


def _id_of(row: Row) -> str:
    """The eighteen characters that tell a person apart, '' when pending."""
    text = str(row.get("id_number") or "")
    try:
        return idnumber.parse(text, persons.latest_birth()).core if text else ""
    except InvalidIdNumber:
        return ""


def _ids_in_file(rows: Sequence[Row]) -> list[RowProblem]:
    """A disability card and the ID it is made of are one person."""
    first: dict[str, Row] = {}
    problems = []
    for row in rows:
        number = _id_of(row)
        if not number:
            continue
        earlier = first.setdefault(number, row)
        if earlier is not row and earlier["person_code"] != row["person_code"]:
            problems.append(
                row.problem(
                    "duplicate-id",
                    "id_number",
                    f"与第{earlier.number}行是同一人的证件号（户{earlier['household_code']}）。",
                    "同一人只能登记一次，请核对。",
                )
            )
    return problems


def _ids_in_book(session: Session, rows: Sequence[Row], known: Known) -> list[RowProblem]:
    numbers = {row["person_code"]: _id_of(row) for row in rows}
    if not any(numbers.values()):
        return []
    vault = vault_of(session)
    digests = {code: persons.id_digest(vault, number) for code, number in numbers.items() if number}
    found = found_under(session, "ID", sorted(set(digests.values())))
    if not found:
        return []
    owners = persons.person_codes(session, sorted({each for ids in found.values() for each in ids}))
    homes = {
        each: households.household_of(session, each, AsOf())
        for each in _strangers(found, owners, digests)
    }
    codes = households.household_codes(session, sorted(set(homes.values())))
    problems = []
    for row in rows:
        for person_id in found.get(digests.get(row["person_code"], ""), []):
            if owners[person_id] == row["person_code"]:
                continue
            where = codes.get(homes.get(person_id, 0), "")
            problems.append(
                row.problem(
                    "id-registered-elsewhere",
                    "id_number",
                    f"此证件号已登记为人员{owners[person_id]}"
                    + (f"（户{where}）。" if where else "。"),
                    "同一人只能登记一次：编号填错的请改正，确已变动的请先登记变动。",
                )
            )
    return problems


def _strangers(
    found: Mapping[str, list[int]], owners: Mapping[int, str], digests: Mapping[str, str]
) -> list[int]:
    """Persons found under an ID that the file gives to somebody else."""
    by_digest = {digest: code for code, digest in digests.items()}
    return [
        each
        for digest, ids in found.items()
        for each in ids
        if owners.get(each) != by_digest.get(digest)
    ]


# --- what is written ------------------------------------------------------------------------


def _known(session: Session, listed: Sequence[Listed], at: AsOf) -> Known:
    homes = households.household_ids(session, [each.code for each in listed])
    codes = [row["person_code"] for each in listed for row in each.rows]
    people = persons.person_ids(session, codes)
    facts: dict[str, HouseholdRow] = {}
    for part in persons.chunks(sorted(homes)):
        facts |= {row.code: row for row in households.household_rows(session, at, codes=part)}
    members = households.members_of(session, sorted(homes.values()), at, deceased=True)
    home_of = {m.person_id: home for home, inside in members.items() for m in inside}
    for person_id in people.values():
        if person_id not in home_of:
            home_of[person_id] = households.household_of(session, person_id, at)
    names = households.household_codes(session, sorted({*homes.values(), *home_of.values()}))
    return Known(homes, people, facts, members, home_of, names)


class _Writer:
    """Collects the rows of all tables of one import, then writes table by table."""

    def __init__(
        self, session: Session, written: Entry, act: Act, batch: Batch, known: Known
    ) -> None:
        self.session, self.written, self.act = session, written, act
        self.batch, self.known = batch, known
        self.new_homes: list[str] = []
        self.new_people: list[str] = []
        self.home_ids = dict(known.homes)
        self.person_ids = dict(known.people)
        self.next_home = written.next_id(Household, 0)
        self.next_person = written.next_id(Person, 0)
        self.facts: list[dict[str, Any]] = []
        self.memberships: list[dict[str, Any]] = []
        self.statuses: list[dict[str, Any]] = []
        self.fresh: list[NewVersion] = []
        self.changed: list[NewVersion] = []
        self.before = persons.unsealed(session, sorted(known.people.values()), AsOf())
        self.counts: dict[str, int] = {}

    def take(self, each: Listed) -> None:
        """Work out what one listed household adds to the book."""
        new = each.code not in self.home_ids
        if new:
            self.home_ids[each.code] = self.next_home + len(self.new_homes)
            self.new_homes.append(each.code)
        members = {m.code: m for m in self.known.members.get(self.home_ids[each.code], [])}
        for row in each.rows:
            self._take_person(each, row, members.get(row["person_code"]), new)
        self._take_fact(each, new)

    def _take_person(self, each: Listed, row: Row, member: Member | None, new: bool) -> None:
        code = row["person_code"]
        household_id = self.home_ids[each.code]
        relation = _relation(row)
        labour = _labour(row)
        if code not in self.person_ids:
            person_id = self.next_person + len(self.new_people)
            self.person_ids[code] = person_id
            self.new_people.append(code)
            since = self._person_since(each, row, new)
            data = _personal(row, PersonalData())
            self.fresh.append(self._version(person_id, each.code, data, since, row))
            self._join(person_id, household_id, relation, since, "REGISTERED")
            self._status(person_id, labour, _birth_year(data), since)
            return
        assert member is not None, "check has refused persons of other households"
        version, before = self.before[member.person_id]
        data = _personal(row, before)
        if persons.packed(data) != persons.packed(before) or before.erased:
            since = max(self.act.on, version.valid_from)
            self.changed.append(self._version(member.person_id, each.code, data, since, row))
        if relation and relation != member.relation:
            since = max(self.act.on, member.since)
            self._join(member.person_id, household_id, relation, since, "UPDATED")
        if labour is not None and labour != member.labour:
            self._status(member.person_id, labour, _birth_year(data), self.act.on)

    def _take_fact(self, each: Listed, new: bool) -> None:
        status, kind, allowance = _status(each)
        head = each.head
        fact = {
            "village_code": each.first["village_code"],
            "group_title": each.value("hamlet_name"),
            "status": status,
            "monitor_kind": kind,
            "allowance": allowance,
            "risk_cleared": each.value("risk_cleared"),
            "head_person_id": self.person_ids[head["person_code"]] if head is not None else None,
        }
        since, event = self._household_since(each), "REGISTERED"
        if not new:
            row = self.known.facts[each.code]
            kept = row.group if not each.cleared("hamlet_name") else None
            fact["group_title"] = fact["group_title"] or kept or None
            if fact == _as_fact(row):
                return
            since, event = max(self.act.on, row.since), "UPDATED"
        self.facts.append(
            {
                "household_id": self.home_ids[each.code],
                **fact,
                "declared_size": each.value("member_count"),
                "valid_from": since,
                "event": event,
                **self.batch.source(each.first),
            }
        )

    def _household_since(self, each: Listed) -> date:
        days = [
            row["household_identified_on"]
            for row in each.rows
            if row.get("household_identified_on")
        ]
        days += [
            row["person_identified_on"] for row in each.rows if row.get("person_identified_on")
        ]
        return min(days, default=self.act.on)

    def _person_since(self, each: Listed, row: Row, new: bool) -> date:
        """A member of a new household is there from its first day unless the list says later."""
        own = row.get("person_identified_on")
        if own is not None:
            return date(own.year, own.month, own.day)
        return self._household_since(each) if new else self.act.on

    def _version(
        self, person_id: int, owner: str, data: PersonalData, since: date, row: Row
    ) -> NewVersion:
        return NewVersion(person_id, owner, data, since, self.batch.source(row))

    def _join(
        self, person_id: int, household_id: int, relation: str, since: date, event: str
    ) -> None:
        self.memberships.append(
            {
                "person_id": person_id,
                "household_id": household_id,
                "relation": relation,
                "valid_from": since,
                "event": event,
            }
        )

    def _status(
        self, person_id: int, labour: str | None, birth_year: int | None, since: date
    ) -> None:
        if labour is None and birth_year is None:
            return
        self.statuses.append(
            {
                "person_id": person_id,
                "labour": labour or LabourAbility.NONE.value,
                "life": "ALIVE",
                "birth_year": birth_year,
                "valid_from": since,
            }
        )

    def write(self) -> int:
        """Write everything collected, table by table; returns the number of rows."""
        written = self.written
        written.insert(Household, [{"code": code} for code in self.new_homes])
        written.insert(Person, [{"code": code} for code in self.new_people])
        written.insert(HouseholdFact, self.facts)
        written.insert(Membership, self.memberships)
        written.insert(PersonStatus, self.statuses)
        if self.fresh:
            persons.write_versions(self.session, written, self.fresh, fresh=True)
        if self.changed:
            persons.write_versions(self.session, written, self.changed)
        self.counts = {
            "户": len(self.new_homes),
            "人": len(self.new_people),
            "更新户": len(self.facts) - len(self.new_homes),
            "更新人": len(self.changed),
        }
        rows = (self.facts, self.memberships, self.statuses, self.fresh, self.changed)
        return sum(len(each) for each in rows)


def _as_fact(row: HouseholdRow) -> dict[str, Any]:
    return {
        "village_code": row.village_code,
        "group_title": row.group or None,
        "status": row.status,
        "monitor_kind": row.monitor_kind or None,
        "allowance": row.allowance or None,
        "risk_cleared": row.risk_cleared,
        "head_person_id": row.head_person_id or None,
    }


# --- what comes out again -------------------------------------------------------------------


def _first_days(session: Session) -> tuple[dict[int, date], dict[int, date]]:
    """First day of each household and of each person."""
    homes = session.exec(
        select(HouseholdFact.household_id, func.min(HouseholdFact.valid_from)).group_by(
            col(HouseholdFact.household_id)
        )
    ).all()
    people = session.exec(
        select(Membership.person_id, func.min(Membership.valid_from)).group_by(
            col(Membership.person_id)
        )
    ).all()
    return dict(homes), dict(people)


def _exported(
    row: HouseholdRow,
    member: Member,
    size: int,
    data: PersonalData,
    titles: Mapping[str, str],
    first: tuple[dict[int, date], dict[int, date]],
) -> dict[str, Any]:
    kind = label_of(MonitorKind, row.monitor_kind) if row.monitor_kind else None
    return filled(
        {
            **place_fields(row.village_code, titles),
            "hamlet_name": row.group,
            "household_code": row.code,
            "person_code": member.code,
            "name": data.name,
            "id_number": data.id_state + data.id_number,
            "member_count": size,
            "relation_to_head": member.relation,
            "ethnicity": data.ethnicity,
            "health": data.health,
            "work_ability": label_of(LabourAbility, member.labour) if member.labour else None,
            "household_type": _type_text(row),
            "monitored_type": kind,
            "risk_cleared": row.risk_cleared,
            "household_phone": data.household_phone,
            "person_phone": data.phone,
            "household_identified_on": first[0].get(row.household_id),
            "person_identified_on": first[1].get(member.person_id),
            "bank_name": data.bank,
            "card_no": data.card,
        }
    )


def _type_text(row: HouseholdRow) -> str:
    return row.status_label + (f"（{row.allowance}）" if row.allowance else "")
