"""How do institutions enter the book? Village collectives, towns, agencies, companies, households.

A code stands for one party for ever. The same code with a later first day is a change of name,
account or standing from that day on; blank cells keep what is known. Account numbers are stored
sealed. A household is here by its code only, without name or account.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlmodel import Session, col, select

from assets.asof import AsOf, current_rows
from assets.columns import label_of
from assets.divisions import Level, level
from assets.divisions_register import lookup, titles
from assets.errors import RowProblem
from assets.intake import Batch, Handler, Outcome, Row
from assets.intake.registered import (
    Codes,
    Places,
    filled,
    place_fields,
    refuse_nothing_new,
    taken_in,
    taking_in,
    updated,
)
from assets.models import Party, PartyFact, PartyKind
from assets.parties import UNCLEAR_CODE, party_codes
from assets.procedure.evidence import vault_of
from assets.trail import Act

_VILLAGE_KINDS = (PartyKind.COLLECTIVE, PartyKind.COMMITTEE)
_TOWN_KINDS = (PartyKind.TOWN, PartyKind.TOWN_POOL)
TAIL = 4


@dataclass
class _Book:
    """What the book knows of parties by code, with the newest fact of each."""

    parties: dict[str, Party]
    facts: dict[str, PartyFact]


def check(session: Session, batch: Batch, on: date) -> list[RowProblem]:
    """Every problem of the rows against each other and against the book.

    依据: GB 32100-2015; 财会〔2004〕12号 (代行)
    """
    if taken_in(session, batch):
        return []
    book = _known(session)
    places = Places(lookup(session, AsOf(on)))
    kinds = {code: party.kind for code, party in book.parties.items()}
    kinds |= {row["party_code"]: _kind(row).value for row in batch.rows}
    codes = Codes("单位和主体", kinds)
    credit = {fact.uscc: code for code, fact in book.facts.items() if fact.uscc}
    problems: list[RowProblem] = []
    for row in batch.rows:
        before = len(problems)
        area = places.find(row, problems)
        if len(problems) == before:
            problems += _place_problems(row, area)
        problems += _naming_problems(row)
        problems += _acting_problems(row, codes)
        problems += _code_problems(row, credit, book)
        problems += _change_problems(session, row, area, book)
    return problems


def _place_problems(row: Row, area: str | None) -> list[RowProblem]:
    kind = _kind(row)
    at = level(area) if area else None
    if kind in _VILLAGE_KINDS and at is not Level.VILLAGE:
        message = f"{kind.label}“{row['name']}”必须写明镇和村。"
        return [row.problem("village-missing", "village_name", message, "请填镇和村。")]
    if kind in _TOWN_KINDS and at is not Level.TOWN:
        message = f"{kind.label}“{row['name']}”应写到镇，不写村。"
        return [row.problem("town-expected", "town_name", message, "请只填镇。")]
    return []


def _naming_problems(row: Row) -> list[RowProblem]:
    """A household goes by its code: its names and cards are in the household register."""
    if _kind(row) is not PartyKind.HOUSEHOLD:
        if row.get("uscc") is None and not row.get("no_uscc_reason") and "uscc" not in row.cleared:
            message = f"“{row['name']}”没有统一社会信用代码，也没有写原因。"
            return [
                row.problem("uscc-missing", "uscc", message, "请补代码，或在“无代码原因”写明。")
            ]
        return []
    found = []
    code = row["party_code"]
    if row["name"] not in (code, f"农户{code}"):
        remedy = f"请写“农户{code}”；姓名只在户、人名册中登记。"
        found.append(row.problem("person-named", "name", "农户不得以姓名登记为主体。", remedy))
    if row.get("account_no") or row.get("bank_name") or row.get("account_name"):
        message = "农户的银行账户不在本表登记。"
        found.append(
            row.problem("household-account", "account_no", message, "请在户、人名册中登记。")
        )
    return found


def _acting_problems(row: Row, codes: Codes[str]) -> list[RowProblem]:
    found: list[RowProblem] = []
    kind = codes.find(row, "acts_for_code", found)
    if kind is None:
        return found
    target = row["acts_for_code"]
    if _kind(row) is not PartyKind.COMMITTEE or kind != PartyKind.COLLECTIVE:
        message = f"只有村民委员会可以代行村集体经济组织；“{target}”或本行类型不符。"
        found.append(
            row.problem("acts-for-wrong-kind", "acts_for_code", message, "请核对两方类型。")
        )
    return found


def _code_problems(row: Row, credit: dict[str, str], book: _Book) -> list[RowProblem]:
    found = []
    code, uscc = row["party_code"], row.get("uscc")
    if uscc is not None and credit.setdefault(uscc, code) != code:
        message = f"统一社会信用代码已用于主体{credit[uscc]}。"
        found.append(row.problem("uscc-taken", "uscc", message, "同一单位只登记一次，请用原编码。"))
    before = book.parties.get(code)
    if code == UNCLEAR_CODE or (before is not None and before.kind != _kind(row)):
        message = f"主体编码{code}已登记为另一种类型。"
        found.append(
            row.problem("kind-differs", "party_type", message, "类型不能更改，请另编一码。")
        )
    return found


def _change_problems(session: Session, row: Row, area: str | None, book: _Book) -> list[RowProblem]:
    code = row["party_code"]
    fact = book.facts.get(code)
    if fact is None or row["starts_on"] > fact.valid_from:
        return []
    if row["starts_on"] == fact.valid_from:
        ids = {each: party.id for each, party in book.parties.items()}
        values = _values(row, fact, area, ids)
        if not _differences(values, fact) and _account(session, code, fact, row) is None:
            return []
    message = f"主体{code}自{fact.valid_from}起已有登记，内容与本行不同。"
    remedy = "如有变更，请把“启用日期”写成变更之日。"
    return [row.problem("already-registered", "party_code", message, remedy)]


def apply(session: Session, act: Act, batch: Batch) -> Outcome:
    """Register new parties and what has changed about known ones."""
    with taking_in(session, act, batch) as written:
        book = _known(session)
        changed = [row for row in batch.rows if _is_new(row, book)]
        last = max((fact.entry_id for fact in book.facts.values()), default=0)
        refuse_nothing_new(batch, written, len(changed), last)
        fresh = [row for row in changed if row["party_code"] not in book.parties]
        numbers = written.insert(
            Party, [{"code": row["party_code"], "kind": _kind(row).value} for row in fresh]
        )
        ids = {code: party.id for code, party in book.parties.items()}
        ids |= {row["party_code"]: number for row, number in zip(fresh, numbers, strict=True)}
        places = Places(lookup(session, AsOf(act.on)))
        facts = []
        for row in changed:
            code = row["party_code"]
            fact = book.facts.get(code)
            values = _values(row, fact, places.find(row, []), ids)
            values |= _sealed(session, row, fact)
            facts.append({"party_id": ids[code], **values, **batch.source(row)})
        written.insert(PartyFact, facts)
        counts = {"主体": len(fresh), "变更": len(changed) - len(fresh)}
        return Outcome(written.id, counts)


def _is_new(row: Row, book: _Book) -> bool:
    fact = book.facts.get(row["party_code"])
    return fact is None or row["starts_on"] > fact.valid_from


def _values(
    row: Row, fact: PartyFact | None, area: str | None, ids: dict[str, int]
) -> dict[str, Any]:
    """The columns of the fact a row makes, but for the sealed account number."""

    def kept(name: str, column: str) -> Any:
        return updated(row, name, getattr(fact, column) if fact else None)

    acts_for = row.get("acts_for_code")
    before = fact.acts_for_party_id if fact and "acts_for_code" not in row.cleared else None
    return {
        "title": row["name"],
        "uscc": kept("uscc", "uscc"),
        "uscc_missing_reason": kept("no_uscc_reason", "uscc_missing_reason"),
        "division_code": area or (fact.division_code if fact else None),
        "acts_for_party_id": ids.get(acts_for) if acts_for else before,
        "account_title": kept("account_name", "account_title"),
        "bank": kept("bank_name", "bank"),
        "valid_from": row["starts_on"],
    }


def _differences(values: dict[str, Any], fact: PartyFact) -> list[str]:
    return [name for name, value in values.items() if getattr(fact, name) != value]


def _account(session: Session, code: str, fact: PartyFact, row: Row) -> str | None:
    """The account number a row brings if it is not the one known."""
    number = row.get("account_no")
    if number is None or (
        fact.account_tail == number[-TAIL:] and _open(session, code, fact) == number
    ):
        return None
    return str(number)


def _sealed(session: Session, row: Row, fact: PartyFact | None) -> dict[str, Any]:
    number = row.get("account_no")
    if number is None:
        if fact is None or "account_no" in row.cleared:
            return {"account_sealed": None, "account_tail": None}
        return {"account_sealed": fact.account_sealed, "account_tail": fact.account_tail}
    sealed = vault_of(session).seal(session, _owner(row["party_code"]), number.encode())
    return {"account_sealed": sealed, "account_tail": number[-TAIL:]}


def _open(session: Session, code: str, fact: PartyFact) -> str | None:
    if fact.account_sealed is None:
        return None
    return vault_of(session).open(session, _owner(code), fact.account_sealed).decode()


def _owner(code: str) -> str:
    return f"party:{code}"


def _kind(row: Row) -> PartyKind:
    return PartyKind.from_label(row["party_type"])


def export(session: Session) -> list[dict[str, Any]]:
    """Every party as it stands now, by code; account numbers opened with the session's keys.

    依据: 内部约定 (what is exported can be imported again)
    """
    book = _known(session)
    codes = party_codes(session)
    places = titles(session, AsOf())
    rows = []
    for code, fact in sorted(book.facts.items()):
        acts_for = fact.acts_for_party_id
        rows.append(
            filled(
                {
                    "party_code": code,
                    "name": fact.title,
                    "party_type": label_of(PartyKind, book.parties[code].kind),
                    "uscc": fact.uscc,
                    "no_uscc_reason": fact.uscc_missing_reason,
                    **place_fields(fact.division_code, places),
                    "acts_for_code": codes[acts_for] if acts_for else None,
                    "account_name": fact.account_title,
                    "bank_name": fact.bank,
                    "account_no": _open(session, code, fact),
                    "starts_on": fact.valid_from,
                }
            )
        )
    return rows


def _known(session: Session) -> _Book:
    parties = session.exec(
        select(Party).where(Party.code != UNCLEAR_CODE).order_by(col(Party.code))
    ).all()
    codes = {party.id: party.code for party in parties}
    facts = {
        codes[fact.party_id]: fact
        for fact in current_rows(session, PartyFact, ("party_id",), AsOf())
        if fact.party_id in codes
    }
    return _Book({party.code: party for party in parties}, facts)


HANDLER = Handler("parties", check, apply, export)
