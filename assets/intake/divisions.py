"""How does the list of divisions enter the book? Codes with names, from a day on.

A rename is a further row of the same code with a later first day; a place that ends gets its last
day. Only the first day's name of a row may not be changed afterwards.
"""

from datetime import date
from typing import Any

from sqlmodel import Session, col, select

from assets import divisions
from assets.asof import LAST_DAY, AsOf, current_rows
from assets.columns import label_of
from assets.divisions_register import district_code
from assets.errors import InvalidDivisionCode, RowProblem
from assets.intake import Batch, Handler, Outcome, Row
from assets.intake.registered import filled, refuse_nothing_new, taken_in, taking_in
from assets.models import AssetFact, Division, DivisionLevel
from assets.trail import Act

Named = dict[tuple[str, date], Division]


def check(session: Session, batch: Batch, on: date) -> list[RowProblem]:
    """Every problem of the rows against each other and against the book.

    依据: 统计用区划代码和城乡划分代码编制规则
    """
    if taken_in(session, batch):
        return []
    known = _known(session)
    codes = {code for code, _ in known} | {row["division_code"] for row in batch.rows}
    district = district_code(session)
    inhabited = _inhabited(session)
    problems: list[RowProblem] = []
    for row in batch.rows:
        problems += _code_problems(row, codes, district)
        problems += _day_problems(row, known)
        if row.get("ends_on") is not None and row["division_code"] in inhabited:
            message = f"{row['name']}停用，但那里还登记着资产。"
            remedy = "请改为办理区划合并或改码（资产随之转移），不要只填停用日期。"
            problems.append(row.problem("still-inhabited", "ends_on", message, remedy))
    return problems + _same_names(batch, known)


def _inhabited(session: Session) -> set[str]:
    """The places where assets are: they may not end without a successor."""
    return {row.division_code for row in current_rows(session, AssetFact, ("asset_id",), AsOf())}


def _code_problems(row: Row, codes: set[str], district: str) -> list[RowProblem]:
    code = row["division_code"]
    try:
        level, above = divisions.level(code), divisions.parent(code)
    except InvalidDivisionCode as wrong:
        return [row.problem("bad-division-code", "division_code", str(wrong), "请核对12位代码。")]
    found = []
    if level.value != row["level"]:
        message = f"代码{code}是{level.value}级，表中写的是{row['level']}级。"
        found.append(row.problem("level-differs", "level", message, "请核对代码或级别。"))
    if not code.startswith(district.rstrip("0")):
        message = f"代码{code}不属于本账本的区（{district}）。"
        found.append(row.problem("other-district", "division_code", message, "请只导入本区区划。"))
    stated = row.get("parent_code")
    if stated is not None and stated != above:
        message = f"{code}的上级应是{above}，表中写的是{stated}。"
        found.append(row.problem("parent-differs", "parent_code", message, "请核对上级代码。"))
    if code != district and above not in codes:
        message = f"{code}的上级{above}既不在表中，也没有登记。"
        found.append(row.problem("unknown-parent", "division_code", message, "请补上级区划的行。"))
    return found


def _day_problems(row: Row, known: Named) -> list[RowProblem]:
    found = []
    starts_on, ends_on = row["starts_on"], row.get("ends_on")
    if ends_on is not None and ends_on < starts_on:
        message = f"停用日期{ends_on}早于起用日期{starts_on}。"
        found.append(row.problem("dates-reversed", "ends_on", message, "请核对两个日期。"))
    before = known.get((row["division_code"], starts_on))
    if before is not None and before.title != row["name"]:
        message = f"{before.code}自{starts_on}起已登记为“{before.title}”。"
        remedy = "更名请另填一行，起用日期写更名之日。"
        found.append(row.problem("already-registered", "name", message, remedy))
    return found


def _same_names(batch: Batch, known: Named) -> list[RowProblem]:
    """Two places of one name in one town on one day: no workbook could tell them apart."""
    spans: dict[tuple[str | None, str], list[tuple[date, date, str]]] = {}
    listed = {(row["division_code"], row["starts_on"]) for row in batch.rows}
    for key, division in known.items():
        if key not in listed:
            span = (division.valid_from, division.valid_to or LAST_DAY, division.code)
            spans.setdefault((division.code[:9], division.title), []).append(span)
    problems = []
    for row in batch.rows:
        code, ends_on = row["division_code"], row.get("ends_on") or LAST_DAY
        others = spans.setdefault((code[:9], row["name"]), [])
        for first, last, other in others:
            if other != code and first <= ends_on and row["starts_on"] <= last:
                message = f"同一镇内“{row['name']}”已是{other}的名称。"
                remedy = "改码请给旧代码填停用日期；不同的地方请写全称。"
                problems.append(row.problem("name-taken", "name", message, remedy))
                break
        others.append((row["starts_on"], ends_on, code))
    return problems


def apply(session: Session, act: Act, batch: Batch) -> Outcome:
    """Write the rows that say something new."""
    with taking_in(session, act, batch) as written:
        known = _known(session)
        new = [(row, _values(row)) for row in batch.rows]
        rows = [
            {**values, **batch.source(row)}
            for row, values in new
            if not _says_nothing(values, known.get((values["code"], values["valid_from"])))
        ]
        before = max((division.entry_id for division in known.values()), default=0)
        refuse_nothing_new(batch, written, len(rows), before)
        written.insert(Division, rows)
        return Outcome(written.id, {"区划": len(rows), "未变": len(batch.rows) - len(rows)})


def _values(row: Row) -> dict[str, Any]:
    code = row["division_code"]
    return {
        "code": code,
        "title": row["name"],
        "level": DivisionLevel.from_label(row["level"]).value,
        "parent_code": row.get("parent_code"),
        "valid_from": row["starts_on"],
        "valid_to": row.get("ends_on"),
        "provenance": row.get("source") or "",
    }


def _says_nothing(values: dict[str, Any], before: Division | None) -> bool:
    return before is not None and all(getattr(before, name) == values[name] for name in values)


def export(session: Session) -> list[dict[str, Any]]:
    """Every division with all its names and days, by level, code and first day.

    依据: 内部约定 (what is exported can be imported again)
    """
    order = [level.value for level in DivisionLevel]
    rows = sorted(
        _known(session).values(),
        key=lambda each: (order.index(each.level), each.code, each.valid_from),
    )
    return [
        filled(
            {
                "division_code": row.code,
                "name": row.title,
                "level": label_of(DivisionLevel, row.level),
                "parent_code": row.parent_code,
                "starts_on": row.valid_from,
                "ends_on": row.valid_to,
                "source": row.provenance,
            }
        )
        for row in rows
    ]


def _known(session: Session) -> Named:
    """The newest row of each code and first day."""
    rows = session.exec(select(Division).order_by(col(Division.id))).all()
    return {(row.code, row.valid_from): row for row in rows}


HANDLER = Handler("divisions", check, apply, export)
