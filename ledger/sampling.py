"""Which households or assets are looked at on the spot? A sample whose seed is stored.

The same seed over the same population gives the same sample: by value (each fen has the same
chance), by village (the same number in each), or stratified (in proportion to the strata). The
population is that of a day and a log position, so that it can be drawn again years later.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import bindparam, text
from sqlmodel import Session, col, select

from assets import trail
from assets.asof import AsOf
from assets.columns import Day, Labelled
from assets.errors import InvalidValue, NotFound, Refused
from assets.registration import asset_rows
from assets.trail import Act, desk_of, heads
from ledger.apportionment import apportion
from ledger.models import SampleDraw

SEED_BYTES = 8


class Method(Labelled):
    """How a sample is drawn (抽样方法)."""

    VALUE = "VALUE", "按金额"
    VILLAGE = "VILLAGE", "按村"
    STRATIFIED = "STRATIFIED", "分层"


class Population(Labelled):
    """What is sampled (抽样总体)."""

    HOUSEHOLDS = "HOUSEHOLDS", "农户"
    ASSETS = "ASSETS", "资产"


@dataclass(frozen=True)
class Item:
    """One member of a population: its code, its village, its stratum, its money in fen."""

    code: str
    village: str
    stratum: str
    amount_fen: int


@dataclass(frozen=True)
class Plan:
    """How a sample is drawn: everything but the seed."""

    method: Method
    population: Population
    year: int
    count: int
    on: date
    position: int
    division: str

    def text(self) -> str:
        """As it is stored with the draw."""
        return (
            f"{self.method.value}/{self.population.value}/{self.year}/{self.count}/"
            f"{self.on}/{self.position}/{self.division or '-'}"
        )

    @classmethod
    def of(cls, stored: str) -> "Plan":
        """Read a stored plan back.

        Raises:
            InvalidValue: The text is not one of ours.
        """
        parts = stored.split("/")
        if len(parts) != 7:
            raise InvalidValue(f"抽样方法“{stored}”读不懂，不能重抽。")
        method = next(each for each in Method if each.value == parts[0])
        population = next(each for each in Population if each.value == parts[1])
        division = "" if parts[6] == "-" else parts[6]
        return cls(
            method,
            population,
            int(parts[2]),
            int(parts[3]),
            date.fromisoformat(parts[4]),
            int(parts[5]),
            division,
        )


# --- pure rules ------------------------------------------------------------------------------


def rank(seed: str, code: str) -> int:
    """The place of a code in the order that a seed gives; 64 bits.

    >>> rank("a", "1") == rank("a", "1"), rank("a", "1") == rank("b", "1")
    (True, False)

    依据: 内部约定 (the draw depends on seed and code only, never on the order of the rows)
    """
    return int.from_bytes(hashlib.sha256(f"{seed}\x1f{code}".encode()).digest()[:8])


def draw_by_value(items: Sequence[Item], count: int, seed: str) -> list[str]:
    """Each fen has the same chance; an item of more than one interval is drawn once.

    依据: 内部约定 (monetary-unit sampling: the large sums are looked at first)
    """
    ordered = sorted((each for each in items if each.amount_fen > 0), key=_by(seed))
    total = sum(each.amount_fen for each in ordered)
    if not total:
        return []
    # Points stand at start + k · total / count; all in units of 1 / count of a fen.
    start = rank(seed, "start") % total
    drawn, point, sum_fen = [], 0, 0
    for each in ordered:
        sum_fen += each.amount_fen
        hit = False
        while point < count and start + point * total < sum_fen * count:
            point, hit = point + 1, True
        if hit:
            drawn.append(each.code)
    return drawn


def draw_by_village(items: Sequence[Item], count: int, seed: str) -> list[str]:
    """So many of each village (all of them where there are fewer).

    依据: 内部约定 (no village is left out)
    """
    return _first_of_groups(items, seed, lambda each: each.village, lambda _group: count)


def draw_stratified(items: Sequence[Item], count: int, seed: str) -> list[str]:
    """So many in all, divided among the strata by their numbers, largest remainders first.

    依据: 内部约定 (strata in proportion to their numbers)
    """
    sizes: dict[str, int] = {}
    for each in items:
        sizes[each.stratum] = sizes.get(each.stratum, 0) + 1
    names = sorted(sizes)
    if not names:
        return []
    parts = apportion(
        min(count, len(items)), [sizes[name] for name in names], list(range(len(names)))
    )
    share = dict(zip(names, parts, strict=True))
    return _first_of_groups(items, seed, lambda each: each.stratum, lambda name: share[name])


def _first_of_groups(items: Sequence[Item], seed: str, group: Any, count: Any) -> list[str]:
    taken: dict[str, int] = {}
    drawn = []
    for each in sorted(items, key=_by(seed)):
        name = group(each)
        if taken.get(name, 0) < count(name):
            taken[name] = taken.get(name, 0) + 1
            drawn.append(each.code)
    return drawn


def _by(seed: str) -> Any:
    return lambda each: (rank(seed, each.code), each.code)


_DRAWERS = {
    Method.VALUE: draw_by_value,
    Method.VILLAGE: draw_by_village,
    Method.STRATIFIED: draw_stratified,
}


def draw(items: Sequence[Item], plan: Plan, seed: str) -> list[str]:
    """The codes a seed draws from a population, in code order."""
    return sorted(_DRAWERS[plan.method](items, plan.count, seed))


# --- populations -----------------------------------------------------------------------------

_HOUSEHOLDS = """
SELECT h.code, f.village_code AS village, f.status, sum(e.amount_fen) AS fen
FROM entitlement e JOIN plan p ON p.id = e.plan_id AND p.income_year = :year
JOIN household h ON h.id = e.household_id
JOIN (SELECT * FROM (SELECT x.*, row_number() OVER (PARTITION BY x.household_id
    ORDER BY x.valid_from DESC, x.entry_id DESC, x.id DESC) AS newest FROM household_fact x
  WHERE x.valid_from <= :on AND x.entry_id <= :position) y WHERE newest = 1) f
  ON f.household_id = h.id
WHERE e.entry_id <= :position AND f.village_code LIKE :division
GROUP BY h.code, f.village_code, f.status ORDER BY h.code
"""


def population(session: Session, plan: Plan) -> list[Item]:
    """The households paid of an income year, or the assets, as of the plan's day and position.

    依据: 内部约定 (the population is that of a day and a log position)
    """
    if plan.population is Population.ASSETS:
        rows = asset_rows(session, AsOf(plan.on, plan.position))
        return [
            Item(
                row.code,
                row.division_code,
                f"{row.division_code[:9]}/{row.asset_class}",
                row.original_value_fen,
            )
            for row in rows
            if row.division_code.startswith(_prefix(plan.division))
        ]
    statement = text(_HOUSEHOLDS).bindparams(bindparam("on", type_=Day()))
    values = {
        "year": plan.year,
        "on": plan.on,
        "position": plan.position,
        "division": f"{_prefix(plan.division)}%",
    }
    return [
        Item(row.code, row.village, f"{row.village[:9]}/{row.status}", int(row.fen))
        for row in session.execute(statement, values).all()
    ]


def _prefix(division: str) -> str:
    return division[:9] if division.endswith("000") else division


# --- verbs -----------------------------------------------------------------------------------


def draw_sample(
    session: Session,
    act: Act,
    *,
    method: Method,
    of: Population,
    year: int,
    count: int,
    division: str = "",
    seed: str = "",
) -> SampleDraw:
    """Draw and record a sample; without a seed the desk gives one.

    Raises:
        InvalidValue: A number below one.
        Refused: The population is empty.
        AlreadyDone: The same sample was drawn before.

    依据: 审计法; 内部约定 (the seed is stored, the draw can be repeated)
    """
    if count < 1:
        raise InvalidValue("抽样数至少为1。")
    position, _root = heads.current_head(session)
    asked = f"{method.value}/{of.value}/{year}/{count}/{division}/{seed}/{act.on}"
    with trail.entry(
        session, act, "sample", asked, stage="" if seed else str(position), what=f"抽样{asked}"
    ) as written:
        plan = Plan(method, of, year, count, act.on, position, division)
        items = population(session, plan)
        if not items:
            raise Refused(f"{year}年没有可抽的{of.label}。请核对年度和地点。")
        chosen = seed or desk_of(session).entropy(SEED_BYTES).hex()
        codes = draw(items, plan, chosen)
        return written.add(
            SampleDraw(
                code=_next_code(session, act.on.year),
                method=plan.text(),
                seed=chosen,
                population_count=len(items),
                sample_count=len(codes),
                drawn=" ".join(codes),
            )
        )


def sample_by_code(session: Session, code: str) -> SampleDraw:
    """The sample of that code.

    Raises:
        NotFound: There is none.
    """
    found = session.exec(select(SampleDraw).where(SampleDraw.code == code)).one_or_none()
    if found is None:
        raise NotFound("抽样", code)
    return found


def redraw(session: Session, code: str) -> tuple[SampleDraw, bool]:
    """Draw a stored sample again; whether the same codes come out.

    Raises:
        NotFound: There is none.

    依据: 内部约定 (a sample that cannot be repeated proves nothing)
    """
    stored = sample_by_code(session, code)
    plan = Plan.of(stored.method)
    again = draw(population(session, plan), plan, stored.seed)
    return stored, " ".join(again) == stored.drawn


def samples(session: Session) -> list[SampleDraw]:
    """All samples drawn, by code."""
    return list(session.exec(select(SampleDraw).order_by(col(SampleDraw.code))).all())


def _next_code(session: Session, year: int) -> str:
    used = session.exec(
        select(SampleDraw.code).where(col(SampleDraw.code).startswith(f"CY-{year}-"))
    ).all()
    return f"CY-{year}-{len(used) + 1:03d}"


# --- verification sheets ---------------------------------------------------------------------

_LINES = """
SELECT h.code, p.code AS plan, c.title, e.concerns_month AS month, e.amount_fen AS due,
  coalesce(sum(CASE WHEN r.outcome = 'PAID' THEN l.amount_fen ELSE 0 END), 0) AS paid,
  max(CASE WHEN r.outcome = 'PAID' THEN r.happened_on END) AS paid_on
FROM entitlement e JOIN plan p ON p.id = e.plan_id AND p.income_year = :year
JOIN plan_channel c ON c.id = e.plan_channel_id JOIN household h ON h.id = e.household_id
LEFT JOIN payment_line l ON l.entitlement_id = e.id
LEFT JOIN payment_result r ON r.payment_line_id = l.id
GROUP BY h.code, p.code, c.title, e.concerns_month, e.amount_fen, e.id ORDER BY h.code, e.id
"""


def to_workbook(session: Session, drawn: SampleDraw) -> bytes:
    """Sheets to take along: the list, and one block to fill in for every sampled object.

    依据: 内部约定 (what the book says, and what was found, side by side)
    """
    from io import BytesIO

    import xlsxwriter  # type: ignore[import-untyped]

    plan = Plan.of(drawn.method)
    items = {each.code: each for each in population(session, plan)}
    stream = BytesIO()
    book = xlsxwriter.Workbook(stream, {"strings_to_numbers": False, "strings_to_urls": False})
    bold = book.add_format({"bold": True})
    money = book.add_format({"num_format": "#,##0.00"})
    codes = drawn.drawn.split()
    first = book.add_worksheet("抽样清单")
    first.write_string(0, 0, f"抽样{drawn.code}：{plan.method.label}，种子{drawn.seed}", bold)
    first.write_row(1, 0, ("序号", "编号", "村区划代码", "金额（元）"), bold)
    for number, code in enumerate(codes, start=1):
        item = items.get(code)
        first.write_number(number + 1, 0, number)
        first.write_string(number + 1, 1, code)
        if item is not None:
            first.write_string(number + 1, 2, item.village)
            first.write_number(number + 1, 3, item.amount_fen / 100, money)
    second = book.add_worksheet("核查表")
    second.set_column(0, 7, 16)
    if plan.population is Population.HOUSEHOLDS:
        _household_blocks(second, bold, money, codes, _paid_lines(session, plan.year, codes))
    else:
        _asset_blocks(second, bold, money, codes, items)
    book.close()
    return stream.getvalue()


def _paid_lines(session: Session, year: int, codes: Iterable[str]) -> dict[str, list[Any]]:
    wanted = set(codes)
    found: dict[str, list[Any]] = {code: [] for code in wanted}
    for row in session.execute(text(_LINES), {"year": year}).all():
        if row.code in wanted:
            found[row.code].append(row)
    return found


_ASKED_OF_HOUSEHOLDS = (
    "是否收到、到账金额是否一致",
    "岗位是否本人在做、每月几天",
    "是否见过公示、对金额有无异议",
    "核查情况",
    "被访人签字／日期",
)
_ASKED_OF_ASSETS = (
    "是否在原处、数量是否一致",
    "状况、是否在用、由谁经营",
    "收益是否入账、给谁",
    "标牌和证书",
    "核查情况",
    "核查人签字／日期",
)


def _household_blocks(
    sheet: Any, bold: Any, money: Any, codes: Sequence[str], lines: dict[str, list[Any]]
) -> None:
    place = 0
    for code in codes:
        sheet.write_string(place, 0, f"户编号 {code}", bold)
        sheet.write_row(
            place + 1, 0, ("方案", "用途", "月份", "应发", "到账", "到账日", "核对"), bold
        )
        place += 2
        for row in lines[code]:
            sheet.write_string(place, 0, row.plan)
            sheet.write_string(place, 1, row.title)
            sheet.write_string(place, 2, str(row.month or ""))
            sheet.write_number(place, 3, row.due / 100, money)
            sheet.write_number(place, 4, int(row.paid) / 100, money)
            sheet.write_string(place, 5, str(row.paid_on or ""))
            place += 1
        place = _blanks(sheet, place, _ASKED_OF_HOUSEHOLDS)


def _asset_blocks(
    sheet: Any, bold: Any, money: Any, codes: Sequence[str], items: dict[str, Item]
) -> None:
    place = 0
    for code in codes:
        sheet.write_string(place, 0, f"资产编号 {code}", bold)
        item = items.get(code)
        if item is not None:
            sheet.write_row(place + 1, 0, ("村区划代码", item.village, "原值（元）"))
            sheet.write_number(place + 1, 3, item.amount_fen / 100, money)
        place = _blanks(sheet, place + 2, _ASKED_OF_ASSETS)


def _blanks(sheet: Any, place: int, asked: Sequence[str]) -> int:
    for line in asked:
        sheet.write_string(place, 0, line)
        place += 1
    return place + 1
