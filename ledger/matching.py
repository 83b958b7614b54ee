"""Who of ours stands on an outside list? Compared by keyed hash; the list itself is not kept.

Lists of the deceased, of public employees, of village cadres and their near relatives come as a
workbook or CSV with a column of ID numbers. Only its digest, its length and the hits are recorded.
A hit is a lead: the village answers on a feedback sheet (疑点核查反馈表).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, select

from assets import trail
from assets.asof import AsOf
from assets.columns import Labelled
from assets.divisions_register import district_code, place_name, titles
from assets.errors import InvalidIdNumber, InvalidValue, NotFound
from assets.masking import mask_id
from assets.models import Role
from assets.procedure.actors import require_role
from assets.procedure.evidence import vault_of
from assets.trail import Act
from assets.workbook.container import Unreadable, open_container
from ledger import idnumber
from ledger.models import (
    Entitlement,
    Household,
    HouseholdFact,
    ListHit,
    ListMatch,
    Membership,
    Person,
    Plan,
)
from ledger.people.lookup import found_under
from ledger.people.persons import chunks, id_digest, latest_birth

ID_HEADS = ("证件号", "身份证", "公民身份号码")
HEADS_WITHIN = 10
"""A list's head row is among its first rows."""


class ListKind(Labelled):
    """Kinds of outside lists (比对名单)."""

    DECEASED = "DECEASED", "死亡人员"
    EMPLOYEE = "EMPLOYEE", "财政供养人员"
    CADRE = "CADRE", "村干部"
    RELATIVE = "RELATIVE", "村干部近亲属"
    COMPANY = "COMPANY", "工商登记人员"


@dataclass(frozen=True)
class OutsideList:
    """What was read of a list: its digest, the valid numbers, and rows that could not be read.

    ``unreadable`` are sheet, row and masked text.
    """

    sha256: str
    numbers: tuple[str, ...]
    unreadable: tuple[str, ...]


@dataclass(frozen=True)
class Hit:
    """One of ours on a list: by code only, with what the household got of which years."""

    person_code: str
    household_code: str
    village_code: str
    amount_fen: int
    years: tuple[int, ...]


def read_list(path: Path) -> OutsideList:
    """Read the ID numbers of a workbook or CSV; nothing of it is stored.

    Raises:
        InvalidValue: The file cannot be read, or has no column of ID numbers.

    依据: 个人信息保护法 (purpose and minimum)
    """
    try:
        container = open_container(path)
    except Unreadable as wrong:
        raise InvalidValue(
            f"名单文件“{path.name}”读不出：{wrong}。请另存为 .xlsx 或 .csv。"
        ) from None
    numbers: dict[str, None] = {}
    unreadable: list[str] = []
    found = False
    for sheet in container.sheets:
        place = _id_column(sheet.rows)
        if place is None:
            continue
        found = True
        head, column = place
        for offset, row in enumerate(sheet.rows[head + 1 :], start=head + 2):
            cell = row[column] if column < len(row) else ""
            if cell in ("", None):
                continue
            number = _number(cell)
            if number is None:
                unreadable.append(f"{sheet.name} 第{offset}行 {mask_id(str(cell))}")
            else:
                numbers[number] = None
    if not found:
        raise InvalidValue(f"名单文件“{path.name}”没有证件号码列。请把列名写成“证件号码”。")
    return OutsideList(container.sha256, tuple(numbers), tuple(unreadable))


def _id_column(rows: Sequence[Sequence[object]]) -> tuple[int, int] | None:
    for number, row in enumerate(rows[:HEADS_WITHIN]):
        for column, cell in enumerate(row):
            if isinstance(cell, str) and any(head in cell for head in ID_HEADS):
                return number, column
    return None


def _number(cell: object) -> str | None:
    """A number as it stands in a text cell; a numeric cell has lost digits and is not read."""
    if not isinstance(cell, str):
        return None
    try:
        return str(idnumber.parse(cell.strip().strip("'\t"), latest_birth()))
    except InvalidIdNumber:
        return None


def match(session: Session, act: Act, kind: ListKind, listed: OutsideList) -> ListMatch:
    """Compare a list with everybody registered and record digest and hits.

    Raises:
        AlreadyDone: The same list was compared as this kind on this day before.
        NoSuchRole: The person may not compare lists.
        MissingTool: There is no key file.

    依据: 审计法; 个人信息保护法 (the list is not kept)
    """
    stage = f"{kind.value}/{act.on}"
    with trail.entry(
        session, act, "list-match", listed.sha256, stage=stage, what=f"名单比对（{kind.label}）"
    ) as written:
        roles = (Role.AUDITOR, Role.FINANCE, Role.AGRICULTURE)
        require_role(session, act, roles, district_code(session))
        vault = vault_of(session)
        digests = [id_digest(vault, number) for number in listed.numbers]
        found = found_under(session, "ID", digests)
        persons = sorted({person for each in found.values() for person in each})
        households = _households(session, persons)
        made = written.add(
            ListMatch(
                list_kind=kind.value,
                list_sha256=listed.sha256,
                row_count=len(listed.numbers) + len(listed.unreadable),
                hit_count=len(persons),
                matched_on=act.on,
            )
        )
        written.add_all(
            ListHit(list_match_id=made.id, person_id=each, household_id=households.get(each, 0))
            for each in persons
        )
        return made


def _households(session: Session, persons: Sequence[int]) -> dict[int, int]:
    """Person → household of the newest membership."""
    found: dict[int, int] = {}
    for part in chunks(persons):
        rows = session.exec(
            select(Membership.person_id, Membership.household_id)
            .where(col(Membership.person_id).in_(part))
            .order_by(col(Membership.valid_from), col(Membership.id))
        ).all()
        found.update(dict(rows))
    return found


def hits_of(session: Session, match_id: int) -> list[Hit]:
    """The hits of a comparison with what their households were to get, by village and household.

    Raises:
        NotFound: There is no such comparison.

    依据: 内部约定 (codes only; names come by reveal)
    """
    if session.get(ListMatch, match_id) is None:
        raise NotFound("名单比对", str(match_id))
    rows = session.exec(
        select(ListHit, Person.code)
        .join(Person, col(Person.id) == col(ListHit.person_id))
        .where(ListHit.list_match_id == match_id)
        .order_by(col(ListHit.id))
    ).all()
    ids = [hit.household_id for hit, _ in rows]
    codes = dict(session.exec(select(Household.id, Household.code)).all())
    money = _money(session, ids)
    villages = _villages(session, ids)
    found = [
        Hit(
            person_code=code,
            household_code=codes.get(hit.household_id, ""),
            village_code=villages.get(hit.household_id, ""),
            amount_fen=sum(amount for _, amount in money.get(hit.household_id, [])),
            years=tuple(sorted({year for year, _ in money.get(hit.household_id, [])})),
        )
        for hit, code in rows
    ]
    return sorted(found, key=lambda each: (each.village_code, each.household_code))


def _money(session: Session, households: Sequence[int]) -> dict[int, list[tuple[int, int]]]:
    found: dict[int, list[tuple[int, int]]] = {}
    for part in chunks(sorted(set(households))):
        rows = session.exec(
            select(Entitlement.household_id, Plan.income_year, Entitlement.amount_fen)
            .join(Plan, col(Plan.id) == col(Entitlement.plan_id))
            .where(col(Entitlement.household_id).in_(part))
        ).all()
        for household, year, amount in rows:
            found.setdefault(household, []).append((year, amount))
    return found


def _villages(session: Session, households: Sequence[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for part in chunks(sorted(set(households))):
        rows = session.exec(
            select(HouseholdFact.household_id, HouseholdFact.village_code)
            .where(col(HouseholdFact.household_id).in_(part))
            .order_by(col(HouseholdFact.valid_from), col(HouseholdFact.id))
        ).all()
        found.update(dict(rows))
    return found


def matches(session: Session) -> list[ListMatch]:
    """All comparisons made, newest last."""
    return list(session.exec(select(ListMatch).order_by(col(ListMatch.id))).all())


SHEET_HEADS = (
    *("序号", "村", "户编号", "人编号", "名单", "涉及年度", "涉及金额（元）"),
    *("核查情况", "处理意见", "责任人", "核查人签字", "日期"),
)


def feedback_sheets(session: Session, match_id: int, kind: ListKind) -> bytes:
    """A feedback sheet for each village as one workbook; the columns after the amount are empty.

    依据: 内部约定 (疑点核查反馈表：一村一张，逐人说明)
    """
    import xlsxwriter  # type: ignore[import-untyped]

    names = titles(session, AsOf())
    groups: dict[str, list[Hit]] = {}
    for hit in hits_of(session, match_id):
        groups.setdefault(hit.village_code, []).append(hit)
    stream = BytesIO()
    book = xlsxwriter.Workbook(stream, {"strings_to_numbers": False, "strings_to_urls": False})
    bold = book.add_format({"bold": True})
    money = book.add_format({"num_format": "#,##0.00"})
    for village, hits in groups.items() or [("", [])]:
        title = place_name(village, names) if village else "无命中"
        sheet = book.add_worksheet(title[:31])
        sheet.write_string(0, 0, f"疑点核查反馈表（{title}，{kind.label}）", bold)
        sheet.write_row(1, 0, SHEET_HEADS, bold)
        sheet.set_column(0, len(SHEET_HEADS) - 1, 14)
        for number, hit in enumerate(hits, start=1):
            _write_hit(sheet, money, number, title, kind, hit)
        sheet.write_string(len(hits) + 3, 0, "命中只是线索，不是结论；请逐人核实后签字反馈。")
    book.close()
    return stream.getvalue()


def _write_hit(sheet: Any, money: Any, number: int, title: str, kind: ListKind, hit: Hit) -> None:
    sheet.write_number(number + 1, 0, number)
    texts = (title, hit.household_code, hit.person_code, kind.label)
    for place, value in enumerate(texts, start=1):
        sheet.write_string(number + 1, place, value)
    sheet.write_string(number + 1, 5, "、".join(str(year) for year in hit.years))
    sheet.write_number(number + 1, 6, hit.amount_fen / 100, money)
