import csv
from datetime import date
from pathlib import Path

import pytest
from sqlmodel import Session

from assets import divisions_register, ownership
from assets.asof import AsOf
from assets.errors import AlreadyDone, NotFound, Refused
from assets.models import DivisionChangeKind, RightKind
from assets.procedure import actors
from assets.registration import asset_rows
from assets.trail import Act
from ledger.database import create_book, open_session
from tests.assets.small_district import (
    CATTLE,
    FENGTIAN,
    LONGGUI,
    LONGGUI_VILLAGE,
    PLANT,
    ROAD,
    ROWS,
    TANGTOU,
    XIHE,
    Values,
    names,
    problems,
    take_in,
)
from tests.conftest import OPENED_US, Book, make_desk

SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "divisions"
ON = date(2020, 7, 1)
BEFORE = AsOf(date(2020, 6, 30))
AFTER = AsOf(ON)
RENAME, RECODE = DivisionChangeKind.RENAME, DivisionChangeKind.RECODE
MERGE, SPLIT = DivisionChangeKind.MERGE, DivisionChangeKind.SPLIT


def change(
    book: Book,
    kind: DivisionChangeKind,
    from_code: str,
    to_code: str,
    title: str = "",
    day: date = ON,
) -> int:
    act = Act("R0005", "division change", day)
    moved = divisions_register.change_division(
        book.session, act, kind, from_code, to_code, title=title, document="粤民区〔2020〕1号"
    )
    book.session.commit()
    return moved


def located(book: Book, at: AsOf) -> dict[str, str]:
    return {row.code: row.division_code for row in asset_rows(book.session, at)}


def test_a_merger_moves_assets_parties_and_offices_but_no_share(register: Book) -> None:
    session = register.session
    shares = ownership.all_shares(session, RightKind.OWN, BEFORE)
    assert change(register, MERGE, LONGGUI_VILLAGE, FENGTIAN) == 2 + 2 + 3
    assert located(register, BEFORE)[PLANT] == LONGGUI_VILLAGE
    assert located(register, AFTER)[PLANT] == located(register, AFTER)[CATTLE] == FENGTIAN
    assert LONGGUI_VILLAGE in divisions_register.village_names(session, BEFORE)
    assert LONGGUI_VILLAGE not in divisions_register.village_names(session, AFTER)
    assert actors.roles_of(session, "R0001", ON)[0].division_code == FENGTIAN
    assert actors.roles_of(session, "R0001", BEFORE.day)[0].division_code == LONGGUI_VILLAGE
    assert ownership.all_shares(session, RightKind.OWN, AFTER) == shares
    assert [one.to_code for one in divisions_register.changes(session, AFTER)] == [FENGTIAN]
    assert divisions_register.changes(session, BEFORE) == []
    with pytest.raises(AlreadyDone):
        change(register, MERGE, LONGGUI_VILLAGE, FENGTIAN)


def test_a_rename_a_recode_and_a_split_each_make_their_place(register: Book) -> None:
    session = register.session
    change(register, RENAME, FENGTIAN, FENGTIAN, "新凤田村村民委员会")
    change(register, RECODE, TANGTOU, "440203105299")
    change(register, SPLIT, FENGTIAN, "440203102298", "凤北村村民委员会", date(2020, 8, 1))
    found = divisions_register.village_names(session, AsOf(date(2020, 8, 1)))
    assert found[FENGTIAN] == "新凤田村" and found["440203102298"] == "凤北村"
    assert found["440203105299"] == "塘头村" and TANGTOU not in found
    assert located(register, AsOf())[ROAD] == FENGTIAN


CANNOT_BE = [
    (RENAME, FENGTIAN, FENGTIAN, "", ON),
    (RENAME, FENGTIAN, TANGTOU, "某村村民委员会", ON),
    (RECODE, FENGTIAN, TANGTOU, "", ON),
    (RECODE, FENGTIAN, "440203999201", "", ON),
    (MERGE, FENGTIAN, "440203102299", "", ON),
    (MERGE, FENGTIAN, FENGTIAN, "", ON),
    (MERGE, LONGGUI, XIHE, "", ON),
    (SPLIT, FENGTIAN, "440203102299", "", ON),
    (RENAME, FENGTIAN, FENGTIAN, "某村村民委员会", date(2016, 1, 1)),
]


def test_a_change_that_cannot_be_is_refused(register: Book) -> None:
    for kind, from_code, to_code, title, day in CANNOT_BE:
        with pytest.raises(Refused):
            change(register, kind, from_code, to_code, title, day)
        register.session.rollback()
    with pytest.raises(NotFound):
        change(register, MERGE, "440203102299", FENGTIAN)


def test_a_place_with_assets_does_not_end_without_a_successor(standing: Book) -> None:
    row = {**ROWS["divisions"]()[3], "ends_on": date(2020, 12, 31)}
    assert names(problems(standing.session, "divisions", [row])) == ["still-inhabited"]


# --- the real changes -----------------------------------------------------------------------

START = date(2016, 1, 1)
COUNTIES = [
    "440203",
    "440204",
    "440205",
    "440222",
    "440224",
    "440229",
    "440232",
    "440233",
    "440281",
    "440282",
]
LEVELS = {"区": (6, 4), "镇": (9, 6), "村": (12, 9)}


def read(name: str) -> list[dict[str, str]]:
    with (SHARED / name).open(encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def names_of_2016(county: str) -> dict[str, str]:
    """The villages of 2016, by undoing the changes from the last to the first."""
    known = {row["code"]: row["name"] for row in read("shaoguan_villages.csv")}
    for row in reversed(read("shaoguan_village_changes_2016_2023.csv")):
        if row["change"] == "新增":
            del known[row["code"]]
        else:
            known[row["code"]] = row["old_name"]
    return {code: name for code, name in known.items() if code.startswith(county)}


def division_file(known: dict[str, str]) -> list[Values]:
    rows: list[Values] = []
    for level, (digits, above) in LEVELS.items():
        for code in sorted({code[:digits].ljust(12, "0") for code in known}):
            row = {"division_code": code, "level": level, "starts_on": START}
            row["name"] = known.get(code, f"{code[:digits]}{level}")
            rows.append(
                row if level == "区" else row | {"parent_code": code[:above].ljust(12, "0")}
            )
    return rows


def share_out(session: Session, known: dict[str, str]) -> None:
    """One asset of the county, its benefit in equal parts with the villages of 2016."""
    parties = [
        {
            "party_code": f"V{code}",
            "name": f"{name}{code}",
            "party_type": "村集体经济组织",
            "no_uscc_reason": "示例",
            "town_name": f"{code[:9]}镇",
            "village_name": name,
            "starts_on": START,
        }
        for code, name in known.items()
    ]
    take_in(session, "parties", parties)
    take_in(session, "funds", ROWS["funds"]())
    town = f"{next(iter(known))[:9]}镇"
    project = {**ROWS["projects"]()[2], "town_name": town, "village_name": ""}
    take_in(session, "projects", [project])
    asset = {**ROWS["assets"]()[2], "town_name": town, "village_name": ""}
    take_in(session, "assets", [asset])
    right = {**ROWS["shares"]()[2], "right": "收益权", "share_denominator": len(known)}
    take_in(session, "shares", [right | {"holder_code": f"V{code}"} for code in known])


def new_town(stem: str, day: date) -> Values:
    """A town made of what was none before (铁龙林场 became a town)."""
    row = {"division_code": f"{stem}000", "name": f"{stem}镇", "level": "镇", "starts_on": day}
    return {**row, "parent_code": f"{stem[:6]}000000"}


def replay(session: Session, county: str, known: dict[str, str]) -> None:
    """Every year's changes as one file of that year; a village that got a new code is re-coded."""
    began = {code: (START, name) for code, name in known.items()}
    changed = [
        row
        for row in read("shaoguan_village_changes_2016_2023.csv")
        if row["code"].startswith(county)
    ]
    for year in sorted({row["to_year"] for row in changed}):
        day = date(int(year), 1, 1)
        rows: list[Values] = []
        for row in (row for row in changed if row["to_year"] == year):
            code, values = row["code"], {"division_code": row["code"], "level": "村"}
            if not any(each.startswith(code[:9]) for each in began):
                rows.append(new_town(code[:9], day))
            if row["change"] == "撤销":
                starts_on, name = began[code]
                ends_on = date(int(year) - 1, 12, 31)
                rows.append({**values, "name": name, "starts_on": starts_on, "ends_on": ends_on})
            else:
                began[code] = (day, row["new_name"])
                rows.append({**values, "name": row["new_name"], "starts_on": day})
        # Endings first: a new code may bear the name of an old one.
        take_in(session, "divisions", sorted(rows, key=lambda each: "ends_on" not in each))


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real division changes are not here")
@pytest.mark.parametrize("county", COUNTIES)
def test_the_real_changes_of_seven_years_replay_without_losing_a_share(
    tmp_path: Path, county: str
) -> None:
    known = names_of_2016(county)
    desk = make_desk(OPENED_US)
    url = f"sqlite:///{tmp_path / 'county.db'}"
    create_book(url, desk=desk, code=county)
    with open_session(url, desk=desk, write=True) as session:
        session.commit()
        take_in(session, "divisions", division_file(known))
        share_out(session, known)
        before = ownership.all_shares(session, RightKind.BENEFIT, AsOf())
        replay(session, county, known)
        assert ownership.all_shares(session, RightKind.BENEFIT, AsOf()) == before
        assert ownership.versions_not_whole(session, AsOf()) == []
        now = {row.code for row in divisions_register.registered(session, AsOf(date(2023, 12, 31)))}
        listed = {row["code"] for row in read("shaoguan_villages.csv")}
        assert {code for code in now if not code.endswith("000")} == {
            code for code in listed if code.startswith(county)
        }
        first = divisions_register.titles(session, AsOf(date(2016, 12, 31)))
        assert {code: first[code] for code in known} == known


def test_all_617_changes_are_in_the_ten_counties() -> None:
    if not SHARED.is_dir():
        pytest.skip("the real division changes are not here")
    assert len(read("shaoguan_village_changes_2016_2023.csv")) == 617
