"""How do assets enter the book? One row per source of money; the asset's own cells repeat.

Σ contributions = original value, or a difference is declared: 缺失资料 names a 资金差额, 缺失原因 says why.
Old assets enter with declared gaps. On the day of registration an asset is identified, verified
and classified. A later file may change what the card says (condition, place, class …); project,
place, value and money of a registered asset are never changed by a file.
"""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlmodel import Session, col, select

from assets.asof import AsOf, current_rows
from assets.classification import class_remarks
from assets.columns import Labelled, label_of
from assets.courses import ASSET_MACHINE, ENTERING
from assets.divisions_register import lookup, titles
from assets.errors import RowProblem
from assets.funds import document_ids
from assets.intake import Batch, Handler, Outcome, Row
from assets.intake.registered import (
    Codes,
    Places,
    filled,
    grouped,
    place_fields,
    refuse_nothing_new,
    taken_in,
    taking_in,
    updated,
)
from assets.models import (
    Asset,
    AssetClass,
    AssetFact,
    AssetForm,
    Condition,
    ContributionDifference,
    DeclaredGap,
    FundContribution,
    ObjectKind,
    PlantFact,
    StatusEvent,
)
from assets.money import format_yuan
from assets.parties import party_codes, party_ids, party_kinds
from assets.procedure.evidence import gaps_of
from assets.projects import allocations, project_ids
from assets.registration import unexplained_fen
from assets.remarks import Remark
from assets.trail import Act, Entry

DIFFERENCE_WORD = "差额"
PAPER_SEPARATOR = "、"
_PLANT_FIELDS = (
    ("national_plant_code", "national_code"),
    ("in_national_catalogue", "in_national_catalogue"),
    ("benchmark_tariff_microyuan", "benchmark_tariff_uyuan"),
    ("subsidy_tariff_microyuan", "subsidy_tariff_uyuan"),
)
_WORDS: dict[str, tuple[str, type[Labelled]]] = {
    "asset_class": ("asset_class", AssetClass),
    "asset_form": ("form", AssetForm),
    "condition": ("condition", Condition),
}

Source = tuple[int, int | None, int]
"""Document id, contributor's party id, fen."""


@dataclass
class _Book:
    """What the book knows of assets, and what their rows may speak of."""

    ids: dict[str, int]
    project_of: dict[str, int]
    facts: dict[int, AssetFact]
    plants: dict[int, PlantFact]
    sources: dict[int, list[Source]]
    gaps: dict[str, list[DeclaredGap]]
    projects: dict[str, int]
    documents: dict[str, int]
    parties: dict[str, int]


def check(session: Session, batch: Batch, on: date) -> list[RowProblem]:
    """Every problem of the rows against each other and against the book.

    依据: 国办函〔2021〕51号; 内部约定 (Σ contributions = original value)
    """
    if taken_in(session, batch):
        return []
    book = _known(session)
    places = Places(lookup(session, AsOf(on)))
    projects, documents = Codes("项目", book.projects), Codes("资金文件", book.documents)
    parties = Codes("单位和主体", book.parties)
    problems: list[RowProblem] = []
    for (code,), rows in grouped(batch.rows, "asset_code").items():
        before = len(problems)
        projects.find(rows[0], "project_code", problems)
        places.require(rows[0], problems)
        for row in rows:
            documents.find(row, "document_number", problems)
            parties.find(row, "contributor_code", problems)
            problems += _amount_problems(row)
        problems += _value_problems(rows)
        problems += _gap_problems(rows[0])
        problems += _plant_problems(rows[0], book.plants.get(book.ids.get(code, 0)))
        if code in book.ids and len(problems) == before:
            problems += _change_problems(rows, book, places)
    return problems


def _amount_problems(row: Row) -> list[RowProblem]:
    if row["contributed_fen"] > 0:
        return []
    message = "资金金额应大于零。"
    return [row.problem("not-positive", "contributed_fen", message, "没有出资的行请删去。")]


def _value_problems(rows: list[Row]) -> list[RowProblem]:
    value, given = rows[0]["original_value_fen"], sum(row["contributed_fen"] for row in rows)
    if unexplained_fen(value, given, 0) == 0 or _declares_difference(rows[0]):
        return []
    message = (
        f"原值{format_yuan(value)}元，资金来源合计{format_yuan(given)}元，"
        f"相差{format_yuan(value - given)}元。"
    )
    remedy = "请核对；确有差额的，在“缺失资料”写“资金差额说明”，在“缺失原因”写明原因。"
    return [rows[0].problem("contributions-differ", "original_value_fen", message, remedy)]


def _gap_problems(row: Row) -> list[RowProblem]:
    found = []
    if _papers(row):
        for column, word in (("missing_reason", "缺失原因"), ("vouched_by", "担保人")):
            if not row.get(column):
                message = f"声明了缺失资料，没有写{word}。"
                found.append(row.problem("gap-incomplete", column, message, f"请补填{word}。"))
    elif row.get("missing_reason"):
        message = "写了缺失原因，没有写缺什么资料。"
        found.append(row.problem("gap-incomplete", "missing_papers", message, "请补填缺失资料。"))
    return found


def _plant_problems(row: Row, before: PlantFact | None) -> list[RowProblem]:
    stated = [name for name, _ in _PLANT_FIELDS if row.get(name)]
    if not stated or row.get("capacity_w") or before is not None:
        return []
    message = "填了电站资料，没有填装机容量。"
    return [row.problem("capacity-missing", "capacity_w", message, "请补填装机容量（千瓦）。")]


def _change_problems(rows: list[Row], book: _Book, places: Places) -> list[RowProblem]:
    row = rows[0]
    asset_id = book.ids[row["asset_code"]]
    fact = book.facts[asset_id]
    differs = []
    if book.projects[row["project_code"]] != book.project_of[row["asset_code"]]:
        differs.append("项目编号")
    if places.find(row, []) != fact.division_code:
        differs.append("镇村")
    if row["built_on"] != fact.acquired_on:
        differs.append("购建日期")
    if row["original_value_fen"] != fact.original_value_fen:
        differs.append("原值")
    if sorted(_sources(rows, book), key=str) != sorted(book.sources[asset_id], key=str):
        differs.append("资金来源")
    if not differs:
        return []
    message = f"资产{row['asset_code']}已登记，{'、'.join(differs)}与登记不同。"
    remedy = "这些内容不能由导入更改；另一项资产请用新的编号。"
    return [row.problem("already-registered", "asset_code", message, remedy)]


def remarks(session: Session, batch: Batch, on: date) -> list[RowProblem]:
    """What is odd about the rows without being refused: class, dates, money's way.

    依据: 内部约定 (class rules are soft where life is)
    """
    book = _known(session)
    given = allocations(session, AsOf())
    kinds = party_kinds(session)
    found: list[RowProblem] = []
    for rows in grouped(batch.rows, "asset_code").values():
        row = rows[0]
        odd = class_remarks(
            AssetClass.from_label(row["asset_class"]),
            AssetForm.from_label(row["asset_form"]),
            row["subtype"],
            household_code=row.get("household_code"),
            capacity_w=row.get("capacity_w"),
            has_gap=bool(_papers(row)),
        )
        found += [each.at(row) for each in odd + _date_remarks(row, on)]
        household = book.parties.get(row.get("household_code") or "")
        if row.get("household_code") and kinds.get(household or 0) != "HOUSEHOLD":
            message = f"到户户编号{row['household_code']}还没有登记为农户主体。"
            found.append(Remark("household-unknown", "household_code", message).at(row))
        project_id = book.projects.get(row["project_code"])
        for each in rows:
            document_id = book.documents.get(each["document_number"])
            if project_id and document_id and (project_id, document_id) not in given:
                message = f"{each['document_number']}没有安排给项目{row['project_code']}。"
                found.append(Remark("not-allocated", "document_number", message).at(each))
    return found


def _date_remarks(row: Row, on: date) -> list[Remark]:
    found = []
    in_use_on = row.get("in_use_on")
    if in_use_on is not None and in_use_on < row["built_on"]:
        message = f"投入使用日期{in_use_on}早于购建日期{row['built_on']}。"
        found.append(Remark("dates-out-of-order", "in_use_on", message))
    if row["built_on"] > on:
        message = f"购建日期{row['built_on']}晚于办理日期{on}。"
        found.append(Remark("date-in-future", "built_on", message))
    return found


def apply(session: Session, act: Act, batch: Batch) -> Outcome:
    """Register new assets with their money and gaps; write what has changed on known cards.

    依据: 国办函〔2021〕51号 (登记)
    """
    with taking_in(session, act, batch) as written:
        book = _known(session)
        places = Places(lookup(session, AsOf(act.on)))
        groups = {code: rows for (code,), rows in grouped(batch.rows, "asset_code").items()}
        fresh = [code for code in groups if code not in book.ids]
        facts = _new_facts(groups, book, places, act.on)
        plants = _new_plants(groups, book, act.on)
        gaps = _new_gaps(groups, book, act.on)
        last = max((fact.entry_id for fact in book.facts.values()), default=0)
        refuse_nothing_new(batch, written, len(facts) + len(plants) + len(gaps), last)
        numbers = written.insert(
            Asset,
            [
                {"code": code, "project_id": book.projects[groups[code][0]["project_code"]]}
                for code in fresh
            ],
        )
        book.ids |= dict(zip(fresh, numbers, strict=True))
        for model, made in ((AssetFact, facts), (PlantFact, plants)):
            written.insert(
                model,
                [
                    {"asset_id": book.ids[row["asset_code"]], **values, **batch.source(row)}
                    for row, values in made
                ],
            )
        _write_money(written, batch, book, [groups[code] for code in fresh])
        written.insert(DeclaredGap, gaps)
        written.insert(StatusEvent, _entering(fresh, act))
        counts = {"资产": len(fresh), "变更": len(facts) - len(fresh), "缺失声明": len(gaps)}
        return Outcome(written.id, counts)


def _write_money(written: Entry, batch: Batch, book: _Book, groups: list[list[Row]]) -> None:
    written.insert(
        FundContribution,
        [
            {
                "asset_id": book.ids[row["asset_code"]],
                "fund_document_id": document_id,
                "contributor_party_id": party_id,
                "amount_fen": amount,
                **batch.source(row),
            }
            for rows in groups
            for row, (document_id, party_id, amount) in zip(rows, _sources(rows, book), strict=True)
        ],
    )
    written.insert(
        ContributionDifference,
        [
            {
                "asset_id": book.ids[rows[0]["asset_code"]],
                "difference_fen": difference,
                "reason": rows[0]["missing_reason"],
            }
            for rows in groups
            if (difference := _difference(rows)) != 0
        ],
    )


def _entering(codes: list[str], act: Act) -> list[dict[str, Any]]:
    """The status events of new assets: identified, verified, classified, on the act's day."""
    events = []
    for code in codes:
        state = ""
        for name in ENTERING:
            _, target = ASSET_MACHINE.step(name)
            events.append(
                {
                    "object_kind": ObjectKind.ASSET.value,
                    "object_code": code,
                    "from_state": state,
                    "to_state": target,
                    "happened_on": act.on,
                    "actor_code": act.actor,
                }
            )
            state = target
    return events


def _new_facts(
    groups: dict[str, list[Row]], book: _Book, places: Places, on: date
) -> list[tuple[Row, dict[str, Any]]]:
    found = []
    for code, rows in groups.items():
        before = book.facts.get(book.ids.get(code, 0))
        values = _values(rows[0], before, places)
        if before is None:
            found.append((rows[0], {**values, "valid_from": values["acquired_on"]}))
        elif any(getattr(before, name) != value for name, value in values.items()):
            found.append((rows[0], {**values, "valid_from": max(on, before.valid_from)}))
    return found


def _values(row: Row, before: AssetFact | None, places: Places) -> dict[str, Any]:
    def kept(name: str, column: str) -> Any:
        return updated(row, name, getattr(before, column) if before else None)

    years = row.get("useful_years")
    months = before.life_months if before and "useful_years" not in row.cleared else None
    return {
        "title": row["name"],
        **{column: words.from_label(row[name]).value for name, (column, words) in _WORDS.items()},
        "subclass": row["subtype"],
        "division_code": places.find(row, []),
        "place": row["place"],
        "spec": kept("specification", "spec"),
        "quantity": _decimal(row["quantity_milli"]),
        "quantity_unit": row["quantity_unit"],
        "acquired_on": row["built_on"],
        "in_use_on": kept("in_use_on", "in_use_on"),
        "life_months": years * 12 if years else months,
        "original_value_fen": row["original_value_fen"],
        "household_code": kept("household_code", "household_code"),
    }


def _new_plants(
    groups: dict[str, list[Row]], book: _Book, on: date
) -> list[tuple[Row, dict[str, Any]]]:
    found = []
    for code, rows in groups.items():
        row, before = rows[0], book.plants.get(book.ids.get(code, 0))
        capacity = row.get("capacity_w", before.capacity_w if before else None)
        if capacity is None:
            continue
        values = {
            column: updated(row, name, getattr(before, column) if before else None)
            for name, column in _PLANT_FIELDS
        }
        values["in_national_catalogue"] = bool(values["in_national_catalogue"])
        values["capacity_w"] = capacity
        if before is None:
            found.append((row, {**values, "valid_from": row["built_on"]}))
        elif any(getattr(before, name) != value for name, value in values.items()):
            found.append((row, {**values, "valid_from": max(on, before.valid_from)}))
    return found


def _new_gaps(groups: dict[str, list[Row]], book: _Book, on: date) -> list[dict[str, Any]]:
    return [
        {
            "object_kind": ObjectKind.ASSET.value,
            "object_code": code,
            "missing": paper,
            "reason": rows[0]["missing_reason"],
            "vouched_by": rows[0]["vouched_by"],
            "declared_on": on,
        }
        for code, rows in groups.items()
        for paper in _papers(rows[0])
        if paper not in {gap.missing for gap in book.gaps.get(code, [])}
    ]


def _sources(rows: list[Row], book: _Book) -> list[Source]:
    return [
        (
            book.documents[row["document_number"]],
            book.parties[row["contributor_code"]] if row.get("contributor_code") else None,
            row["contributed_fen"],
        )
        for row in rows
    ]


def _papers(row: Row) -> list[str]:
    text = row.get("missing_papers") or ""
    return [paper for paper in re.split(r"[、，,；;]\s*", text) if paper]


def _declares_difference(row: Row) -> bool:
    return any(DIFFERENCE_WORD in paper for paper in _papers(row))


def _difference(rows: list[Row]) -> int:
    given = sum(row["contributed_fen"] for row in rows)
    return unexplained_fen(rows[0]["original_value_fen"], given, 0)


def _decimal(milli: int) -> str:
    """Thousandths as a decimal text without idle zeros: 1250 is 1.25."""
    whole, part = divmod(milli, 1000)
    return f"{whole}.{part:03d}".rstrip("0").rstrip(".") if part else str(whole)


def _milli(text: str) -> int:
    whole, _, part = text.partition(".")
    return int(whole) * 1000 + int(part.ljust(3, "0") or 0)


def export(session: Session) -> list[dict[str, Any]]:
    """Every source of money of every asset with the asset's cells, by asset in order registered.

    依据: 内部约定 (what is exported can be imported again)
    """
    book = _known(session)
    places = titles(session, AsOf())
    parties = party_codes(session)
    projects = {each: code for code, each in book.projects.items()}
    documents = {each: number for number, each in book.documents.items()}
    rows = []
    for code, asset_id in sorted(book.ids.items()):
        own = _own_fields(book.facts[asset_id], book.plants.get(asset_id))
        gaps = book.gaps.get(code, [])
        own |= place_fields(book.facts[asset_id].division_code, places)
        own |= {
            "asset_code": code,
            "project_code": projects[book.project_of[code]],
            "missing_papers": PAPER_SEPARATOR.join(gap.missing for gap in gaps),
            "missing_reason": gaps[0].reason if gaps else None,
            "vouched_by": gaps[0].vouched_by if gaps else None,
        }
        for document_id, party_id, amount in book.sources.get(asset_id, []):
            money = {
                "document_number": documents[document_id],
                "contributor_code": parties[party_id] if party_id else None,
                "contributed_fen": amount,
            }
            rows.append(filled({**own, **money}))
    return rows


def _own_fields(fact: AssetFact, plant: PlantFact | None) -> dict[str, Any]:
    fields = {
        "name": fact.title,
        **{
            name: label_of(words, getattr(fact, column)) for name, (column, words) in _WORDS.items()
        },
        "subtype": fact.subclass,
        "place": fact.place,
        "specification": fact.spec,
        "quantity_milli": _milli(fact.quantity),
        "quantity_unit": fact.quantity_unit,
        "built_on": fact.acquired_on,
        "in_use_on": fact.in_use_on,
        "useful_years": fact.life_months // 12 if fact.life_months else None,
        "original_value_fen": fact.original_value_fen,
        "household_code": fact.household_code,
    }
    if plant is not None:
        fields |= {name: getattr(plant, column) for name, column in _PLANT_FIELDS}
        fields["capacity_w"] = plant.capacity_w
    return fields


def _known(session: Session) -> _Book:
    everything = AsOf()
    listed = session.exec(select(Asset.code, Asset.id, Asset.project_id)).all()
    sources: dict[int, list[Source]] = {}
    for row in session.exec(select(FundContribution).order_by(col(FundContribution.id))).all():
        source = (row.fund_document_id, row.contributor_party_id, row.amount_fen)
        sources.setdefault(row.asset_id, []).append(source)
    return _Book(
        ids={code: each for code, each, _ in listed},
        project_of={code: project_id for code, _, project_id in listed},
        facts={
            row.asset_id: row for row in current_rows(session, AssetFact, ("asset_id",), everything)
        },
        plants={
            row.asset_id: row for row in current_rows(session, PlantFact, ("asset_id",), everything)
        },
        sources=sources,
        gaps=gaps_of(session, ObjectKind.ASSET, everything),
        projects=project_ids(session),
        documents=document_ids(session),
        parties=party_ids(session),
    )


HANDLER = Handler("assets", check, apply, export)
