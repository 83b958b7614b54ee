"""Which towns and villages has the district on a day, and which code does a name mean?

A division is a code with a name from a day on. Divisions are renamed, re-coded, merged and split;
what stood in a place that ended (parties, assets, offices) moves to its successor, while rights stay
with their holders. Nothing is ever created from a name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlmodel import Session, col, select

from assets import divisions, trail
from assets.asof import AsOf, current_rows
from assets.divisions import UnknownDivision
from assets.errors import NotFound, Refused
from assets.models import (
    ActorRole,
    AssetFact,
    BookRecord,
    Division,
    DivisionChange,
    DivisionChangeKind,
    DivisionLevel,
    PartyFact,
)
from assets.trail import Act, Entry


def registered(session: Session, at: AsOf) -> list[Division]:
    """Every division that stands on the day, by code.

    依据: 统计用区划代码
    """
    rows = current_rows(session, Division, ("code",), at)
    return [row for row in rows if row.valid_to is None or row.valid_to >= at.day]


def titles(session: Session, at: AsOf) -> dict[str, str]:
    """Code → official name of every division ever known by then, ended ones included.

    依据: 内部约定 (old records keep naming places that no longer exist)
    """
    everything = AsOf(position=at.position)
    latest = {row.code: row.title for row in current_rows(session, Division, ("code",), everything)}
    return latest | {row.code: row.title for row in current_rows(session, Division, ("code",), at)}


def village_names(session: Session, at: AsOf) -> dict[str, str]:
    """Code → short name (龙归村) of every village that stands on the day."""
    return {
        row.code: divisions.short_name(row.title)
        for row in registered(session, at)
        if row.level == DivisionLevel.VILLAGE
    }


def towns(session: Session, at: AsOf) -> dict[str, str]:
    """Code → name of every town that stands on the day."""
    return {
        row.code: row.title for row in registered(session, at) if row.level == DivisionLevel.TOWN
    }


def villages_of(session: Session, town_code: str, at: AsOf) -> dict[str, str]:
    """Code → short name of the villages of one town on the day."""
    return {
        code: name
        for code, name in village_names(session, at).items()
        if town_of(code) == town_code
    }


def town_of(code: str) -> str:
    """The town's code of a village's or town's code.

    依据: 统计用区划代码和城乡划分代码编制规则
    """
    return code[:9] + "000"


def place_name(code: str, names: Mapping[str, str]) -> str:
    """How a place is called on paper: town and village, or the town alone.

    ``names`` are the titles by code.
    """
    own = divisions.short_name(names.get(code, code))
    town = town_of(code)
    return own if town == code or town not in names else names[town] + own


def district_code(session: Session) -> str:
    """The twelve digits of the district this book is of.

    依据: 内部约定 (one database is one district)
    """
    return session.exec(select(BookRecord.district_code)).one()


@dataclass(frozen=True)
class Lookup:
    """Which code does a clerk's spelling of a town or village mean, on one day?"""

    town_names: Mapping[str, str]
    village_names: Mapping[str, str]
    _known: dict[tuple[str, str], str] = field(default_factory=dict, repr=False, compare=False)

    def towns(self) -> Mapping[str, str]:
        """Town code (twelve digits) → official name."""
        return self.town_names

    def villages(self) -> Mapping[str, str]:
        """Village code (twelve digits) → official name."""
        return self.village_names

    def town(self, text: str) -> str:
        """The code of a town.

        Raises:
            UnknownDivision: No such town, or several; says what was probably meant.

        依据: 内部约定 (地名录入错误不得自动新建, 只提示)
        """
        return self._find("", text, self.town_names)

    def village(self, town_code: str, text: str) -> str:
        """The code of a village within a town.

        Raises:
            UnknownDivision: No such village in that town, or several.

        依据: 内部约定 (地名录入错误不得自动新建, 只提示)
        """
        within = {
            code: name for code, name in self.village_names.items() if town_of(code) == town_code
        }
        return self._find(town_code, text, within)

    def place(self, town_name: str, village_name: str = "") -> str:
        """The code of a village, or of the town when no village is named.

        Raises:
            UnknownDivision: A name is not known there.
        """
        town = self.town(town_name)
        return self.village(town, village_name) if village_name else town

    def _find(self, town_code: str, text: str, names: Mapping[str, str]) -> str:
        key = (town_code, text)
        if key not in self._known:
            title = divisions.match(text, names.values())
            self._known[key] = next(code for code, name in names.items() if name == title)
        return self._known[key]


def lookup(session: Session, at: AsOf) -> Lookup:
    """The names by which workbooks are read: those of the places that stand on the day."""
    standing = registered(session, at)
    return Lookup(
        {row.code: row.title for row in standing if row.level == DivisionLevel.TOWN},
        {row.code: row.title for row in standing if row.level == DivisionLevel.VILLAGE},
    )


def resolve(session: Session, text: str, at: AsOf) -> str:
    """The code of what a user typed after --town or --village: a code, a town or a village name.

    Raises:
        NotFound: Neither a code nor a name, or a name that several towns have.
    """
    known = titles(session, at)
    if text in known:
        return text
    names = lookup(session, at)
    found = set()
    for town_code in ["", *names.town_names]:
        try:
            found.add(names.village(town_code, text) if town_code else names.town(text))
        except UnknownDivision:
            continue
    if len(found) != 1:
        raise NotFound("镇、村", text)
    return found.pop()


def change_division(
    session: Session,
    act: Act,
    kind: DivisionChangeKind,
    from_code: str,
    to_code: str,
    *,
    title: str = "",
    document: str = "",
) -> int:
    """Rename, re-code, merge or split a place from the act's day on.

    With a re-code or merger the parties, assets and offices of the place move to ``to_code``; rights
    stay with their holders. After a split what belongs to the new place is moved by its own acts.
    Returns how many parties, assets and offices moved.

    Raises:
        NotFound: The place does not stand on that day.
        Refused: The successor is not right for the kind of change.

    依据: 内部约定 (a village merge keeps Σ shares)
    """
    stage = f"{kind.value}/{to_code}/{title}/{act.on}"
    what = f"区划{kind.label}{from_code}"
    with trail.entry(session, act, "division-change", from_code, stage=stage, what=what) as written:
        standing = {row.code: row for row in registered(session, AsOf(act.on))}
        if from_code not in standing:
            raise NotFound("区划（截至该日）", from_code)
        before = standing[from_code]
        fault = _change_fault(kind, before, to_code, title, standing, act.on)
        if fault:
            raise Refused(f"{what}：{fault}")
        _write_places(written, kind, before, to_code, title, act.on)
        moved = 0
        if kind in (DivisionChangeKind.RECODE, DivisionChangeKind.MERGE):
            moved = _move_all(session, written, from_code, to_code, act.on)
        written.add(
            DivisionChange(
                kind=kind.value,
                from_code=from_code,
                to_code=to_code,
                changed_on=act.on,
                document=document,
            )
        )
        return moved


def _change_fault(
    kind: DivisionChangeKind,
    before: Division,
    to_code: str,
    title: str,
    standing: Mapping[str, Division],
    on: date,
) -> str:
    """Why a change cannot be, or ''."""
    if on <= before.valid_from:
        return f"{before.title}自{before.valid_from}才有，变更日应在其后。"
    if kind is DivisionChangeKind.RENAME:
        wrong = to_code != before.code or not title or title == before.title
        return "更名要写新名称，代码不变。" if wrong else ""
    if before.level != DivisionLevel.VILLAGE:
        return "镇的改码、合并、拆分请逐村办理。"
    if to_code == before.code or divisions.level(to_code) is not divisions.Level.VILLAGE:
        return "对方应是另一个村的12位代码。"
    if kind is DivisionChangeKind.MERGE:
        return "" if to_code in standing else f"并入的村{to_code}没有登记。"
    if to_code in standing:
        return f"新代码{to_code}已在使用。"
    if town_of(to_code) not in standing:
        return f"新代码{to_code}所在的镇没有登记。"
    return "拆分要写新村名称。" if kind is DivisionChangeKind.SPLIT and not title else ""


def _write_places(
    written: Entry, kind: DivisionChangeKind, before: Division, to_code: str, title: str, on: date
) -> None:
    def row(code: str, name: str, starts_on: date, ends_on: date | None) -> dict[str, Any]:
        return {
            "code": code,
            "title": name,
            "level": before.level,
            "parent_code": divisions.parent(code),
            "valid_from": starts_on,
            "valid_to": ends_on,
            "provenance": f"区划{kind.label}",
        }

    rows = []
    if kind in (DivisionChangeKind.RECODE, DivisionChangeKind.MERGE):
        last = on - timedelta(days=1)
        rows.append(row(before.code, before.title, before.valid_from, last))
    if kind is not DivisionChangeKind.MERGE:
        rows.append(row(to_code, title or before.title, on, None))
    written.insert(Division, rows)


def _move_all(session: Session, written: Entry, from_code: str, to_code: str, on: date) -> int:
    """Let everything that is in a place be in another from a day on."""
    moved = 0
    for model, key in ((PartyFact, "party_id"), (AssetFact, "asset_id")):
        facts: list[Any] = current_rows(session, model, (key,), AsOf())
        rows = [
            {
                **fact.model_dump(exclude={"id", "entry_id", *_PROVENANCE}),
                "division_code": to_code,
                "valid_from": max(on, fact.valid_from),
            }
            for fact in facts
            if fact.division_code == from_code
        ]
        written.insert(model, rows)
        moved += len(rows)
    offices = session.exec(
        select(ActorRole).where(ActorRole.division_code == from_code).order_by(col(ActorRole.id))
    ).all()
    newest = {(one.actor_id, one.role, one.party_id, one.valid_from): one for one in offices}
    held = [one for one in newest.values() if one.valid_to is None or one.valid_to >= on]
    rows = [
        {**one.model_dump(exclude={"id", "entry_id", *_PROVENANCE}), **change}
        for one in held
        for change in (
            {"valid_to": on - timedelta(days=1)},
            {"division_code": to_code, "valid_from": on},
        )
    ]
    written.insert(ActorRole, rows)
    return moved + len(held)


_PROVENANCE = ("source_sha256", "source_sheet", "source_row")


def changes(session: Session, at: AsOf) -> list[DivisionChange]:
    """Every change of a place by the day, in order."""
    return list(
        session.exec(
            select(DivisionChange)
            .where(
                col(DivisionChange.changed_on) <= at.day,
                col(DivisionChange.entry_id) <= at.position,
            )
            .order_by(col(DivisionChange.id))
        ).all()
    )
