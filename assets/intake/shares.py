"""How do rights and shares enter the book? One row per holder of a right, from a day on.

All rows of one asset, right and first day form a version. A blank holder is 权属待定: the document
column may name the reason (权属争议, 资料缺失 …). A later first day is a new version; the version of a
day that is registered is not changed by a file.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlmodel import Session, col, select

from assets.asof import AsOf, current_rows
from assets.columns import label_of
from assets.errors import RowProblem
from assets.intake import Batch, Handler, Outcome, Row
from assets.intake.registered import (
    Codes,
    filled,
    grouped,
    refuse_nothing_new,
    taken_in,
    taking_in,
)
from assets.models import AssetFact, AssetRight, FundContribution, PlantFact, RightKind, ShareBasis
from assets.ownership import (
    WHOLE_RIGHTS,
    Part,
    UnclearReason,
    holder_remark,
    invested_parts,
    right_rows,
    version_fault,
)
from assets.parties import UNCLEAR_CODE, party_codes, party_ids, party_kinds
from assets.registration import asset_ids
from assets.remarks import Remark
from assets.trail import Act

Version = tuple[int, str, date]
"""Asset id, right, first day."""

_GROUP = ("asset_code", "right", "starts_on")


@dataclass
class _Book:
    """What the book knows of assets, parties and versions."""

    assets: dict[str, int]
    parties: dict[str, int]
    versions: dict[Version, list[AssetRight]]


def check(session: Session, batch: Batch, on: date) -> list[RowProblem]:
    """Every problem of the rows against each other and against the book.

    依据: 内部约定 (Σ = 1 for ownership and benefit; no distribution without a holder)
    """
    if taken_in(session, batch):
        return []
    book = _known(session)
    assets, parties = Codes("资产", book.assets), Codes("单位和主体", book.parties)
    problems: list[RowProblem] = []
    for rows in grouped(batch.rows, *_GROUP).values():
        before = len(problems)
        for row in rows:
            assets.find(row, "asset_code", problems)
            parties.find(row, "holder_code", problems)
        problems += _version_problems(rows, book)
        if len(problems) == before:
            problems += _registered_problems(rows, book)
    return problems


def _version_problems(rows: list[Row], book: _Book) -> list[RowProblem]:
    kind, found = RightKind.from_label(rows[0]["right"]), []
    for row in rows:
        if kind is RightKind.DISTRIBUTE and row.get("holder_code") is None:
            message = "分配权没有写明权利人。"
            remedy = "分配权不能空缺，请填权利人编码。"
            found.append(row.problem("distribution-without-holder", "holder_code", message, remedy))
        if row["share_basis"] != rows[0]["share_basis"]:
            message = "同一权利、同一起始日的份额依据前后不一。"
            found.append(row.problem("basis-differs", "share_basis", message, "请统一为一种依据。"))
    parts = _parts(rows, {code: place for place, code in enumerate(_holders(rows))})
    fault = version_fault(kind, parts)
    if fault:
        message = f"资产{rows[0]['asset_code']}自{rows[0]['starts_on']}起，{fault}"
        remedy = "请用整数分子分母填写，使各方份额之和恰为1；未定部分权利人留空。"
        found.append(rows[0].problem("shares-not-whole", "share_numerator", message, remedy))
    return found


def _holders(rows: list[Row]) -> list[str]:
    return list(dict.fromkeys(row["holder_code"] for row in rows if row.get("holder_code")))


def _registered_problems(rows: list[Row], book: _Book) -> list[RowProblem]:
    before = book.versions.get(_version(rows[0], book))
    if before is None or _says_the_same(rows, before, book):
        return []
    message = (
        f"资产{rows[0]['asset_code']}的{rows[0]['right']}自{rows[0]['starts_on']}起已登记，"
        "各方份额与本表不同。"
    )
    remedy = "份额变更请填新的起始日期；登记有误请由区农业农村局更正。"
    return [rows[0].problem("already-registered", "starts_on", message, remedy)]


def remarks(session: Session, batch: Batch, on: date) -> list[RowProblem]:
    """Unusual holders, shares that differ from the money invested, days before the asset was.

    依据: 国能发新能〔2018〕29号
    """
    book, everything = _known(session), AsOf()
    facts = {
        row.asset_id: row for row in current_rows(session, AssetFact, ("asset_id",), everything)
    }
    plants = set(session.exec(select(PlantFact.asset_id)).all())
    kinds = party_kinds(session)
    money: dict[int, list[FundContribution]] = {}
    for each in session.exec(select(FundContribution)).all():
        money.setdefault(each.asset_id, []).append(each)
    found: list[RowProblem] = []
    for rows in grouped(batch.rows, *_GROUP).values():
        fact = facts.get(book.assets.get(rows[0]["asset_code"], 0))
        if fact is None:
            continue
        for row in rows:
            holder = book.parties.get(row.get("holder_code") or "")
            odd = holder_remark(
                RightKind.from_label(row["right"]),
                fact.asset_class,
                kinds.get(holder or 0, "UNCLEAR"),
                is_plant=fact.asset_id in plants,
                code=row["asset_code"],
            )
            if odd is not None and holder is not None:
                found.append(odd.at(row))
        found += _money_remarks(rows, book, money.get(fact.asset_id, []))
        if rows[0]["starts_on"] < fact.acquired_on:
            message = f"起始日期{rows[0]['starts_on']}早于购建日期{fact.acquired_on}。"
            found.append(Remark("dates-out-of-order", "starts_on", message).at(rows[0]))
    return found


def _money_remarks(rows: list[Row], book: _Book, money: list[FundContribution]) -> list[RowProblem]:
    kind = RightKind.from_label(rows[0]["right"])
    invested_basis = rows[0]["share_basis"] == ShareBasis.INVESTED.label
    if kind not in WHOLE_RIGHTS or not invested_basis or len(rows) < 2:
        return []
    invested = invested_parts(money)
    stated = {
        part.holder_party_id: (part.numerator, part.denominator)
        for part in _parts(rows, book.parties)
    }
    differs = set(invested) != set(stated) or any(
        numerator * invested[holder].denominator != denominator * invested[holder].numerator
        for holder, (numerator, denominator) in stated.items()
        if holder is not None and holder in invested
    )
    if not invested or not differs:
        return []
    message = f"资产{rows[0]['asset_code']}的{kind.label}份额与登记的各方出资比例不同。"
    return [Remark("shares-differ-from-money", "share_numerator", message).at(rows[0])]


def apply(session: Session, act: Act, batch: Batch) -> Outcome:
    """Write every version that is not registered yet.

    依据: 内部约定 (six rights, each with holder, from, basis and document)
    """
    with taking_in(session, act, batch) as written:
        book = _known(session)
        groups = [
            rows
            for rows in grouped(batch.rows, *_GROUP).values()
            if _version(rows[0], book) not in book.versions
        ]
        last = max((rows[0].entry_id for rows in book.versions.values()), default=0)
        refuse_nothing_new(batch, written, len(groups), last)
        made = []
        for rows in groups:
            asset_id, _, starts_on = _version(rows[0], book)
            columns = right_rows(
                session,
                written,
                asset_id,
                RightKind.from_label(rows[0]["right"]),
                _parts(rows, book.parties),
                starts_on=starts_on,
                basis=ShareBasis.from_label(rows[0]["share_basis"]),
            )
            made += [
                {**values, "document": row["basis_document"], **batch.source(row)}
                for row, values in zip(rows, columns, strict=True)
            ]
        written.insert(AssetRight, made)
        counts = {"权利版本": len(groups), "份额": len(made), "未变": len(batch.rows) - len(made)}
        return Outcome(written.id, counts)


def _parts(rows: list[Row], parties: dict[str, int]) -> list[Part]:
    return [
        Part(
            parties.get(row["holder_code"]) if row.get("holder_code") else None,
            row["share_numerator"],
            row["share_denominator"],
            _reason(row["basis_document"]),
        )
        for row in rows
    ]


def _reason(document: str) -> UnclearReason:
    """The reason a document column names, if it names one."""
    found = [reason for reason in UnclearReason if reason.label in document]
    return found[0] if found else UnclearReason.PENDING


def _version(row: Row, book: _Book) -> Version:
    kind = RightKind.from_label(row["right"]).value
    return (book.assets[row["asset_code"]], kind, row["starts_on"])


def _says_the_same(rows: list[Row], before: list[AssetRight], book: _Book) -> bool:
    unclear = book.parties.get(UNCLEAR_CODE)
    stated = [
        (
            part.holder_party_id or unclear,
            part.numerator,
            part.denominator,
            ShareBasis.from_label(row["share_basis"]).value,
            row["basis_document"],
        )
        for row, part in zip(rows, _parts(rows, book.parties), strict=True)
    ]
    known = [
        (
            row.holder_party_id,
            row.share_numerator,
            row.share_denominator,
            row.basis,
            row.document,
        )
        for row in before
    ]
    return sorted(stated, key=str) == sorted(known, key=str)


def export(session: Session) -> list[dict[str, Any]]:
    """Every version of every right, by asset, right, first day and order written.

    依据: 内部约定 (what is exported can be imported again)
    """
    book = _known(session)
    assets = {each: code for code, each in book.assets.items()}
    codes = party_codes(session)
    order = [kind.value for kind in RightKind]
    keys = sorted(
        book.versions, key=lambda version: (assets[version[0]], order.index(version[1]), version[2])
    )
    return [
        filled(
            {
                "asset_code": assets[row.asset_id],
                "right": label_of(RightKind, row.kind),
                "holder_code": None
                if codes[row.holder_party_id] == UNCLEAR_CODE
                else codes[row.holder_party_id],
                "share_numerator": row.share_numerator,
                "share_denominator": row.share_denominator,
                "share_basis": label_of(ShareBasis, row.basis),
                "starts_on": row.valid_from,
                "basis_document": row.document,
            }
        )
        for key in keys
        for row in book.versions[key]
    ]


def _known(session: Session) -> _Book:
    versions: dict[Version, list[AssetRight]] = {}
    for row in session.exec(select(AssetRight).order_by(col(AssetRight.id))).all():
        rows = versions.setdefault((row.asset_id, row.kind, row.valid_from), [])
        if rows and rows[0].entry_id != row.entry_id:
            rows.clear()
        rows.append(row)
    return _Book(asset_ids(session), party_ids(session), versions)


HANDLER = Handler("shares", check, apply, export)
