"""Which account does an amount belong to? Charts as dated data, accounts as logged rows.

A chart file says code, title, kind and normal side; rows of ``account`` are made when an account
is first used and are shared by all books on that chart. Villages keep the chart of the day, towns,
pools and pass-through agencies a small memorandum chart.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, select

from assets.models import PartyKind
from assets.trail import Entry
from ledger.books.refusals import UnknownAccount, UnknownPosting
from ledger.models import Account

FOLDER = Path(__file__).parent
VILLAGE_2004 = "VILLAGE_2004"
VILLAGE_2023 = "VILLAGE_2023"
MEMORANDUM = "MEMORANDUM"
SWITCH_ON = date(2024, 1, 1)
VILLAGE_KINDS = (PartyKind.COLLECTIVE, PartyKind.COMMITTEE)


@dataclass(frozen=True)
class ChartAccount:
    """One account as the chart has it; ``posted_to`` is where a summary account's lines go."""

    code: str
    title: str
    kind: str
    side: str
    parent: str | None = None
    posted_to: str | None = None
    households: bool = False


@dataclass(frozen=True)
class Chart:
    """A chart of accounts (科目表) and the part each account plays in closing."""

    name: str
    title: str
    basis: str
    accounts: Mapping[str, ChartAccount]
    roles: Mapping[str, str]

    def account(self, code: str) -> ChartAccount:
        """The account under a code, or the sub-account that stands for it.

        Raises:
            UnknownAccount: The chart has no such account.
        """
        found = self.accounts.get(code)
        if found is None:
            raise UnknownAccount(self.title, code)
        return self.accounts[found.posted_to] if found.posted_to else found

    def first_level(self, code: str) -> ChartAccount:
        """The first-level account (一级科目) of a code."""
        found = self.accounts[code]
        return self.first_level(found.parent) if found.parent else found


@cache
def chart(name: str) -> Chart:
    """One of the three charts.

    依据: 财会〔2004〕12号; 财会〔2023〕14号; 内部约定 (memorandum accounts of towns and agencies)
    """
    raw = tomllib.loads((FOLDER / "charts" / f"{name}.toml").read_text(encoding="utf-8"))
    accounts = {code: ChartAccount(code=code, **facts) for code, facts in raw["accounts"].items()}
    return Chart(raw["name"], raw["title"], raw["basis"], accounts, raw["roles"])


def chart_on(day: date, *, memorandum: bool) -> Chart:
    """The chart on which a book records that day.

    依据: 财会〔2004〕12号; 财会〔2023〕20号 (the old chart until 2023-12-31)
    """
    if memorandum:
        return chart(MEMORANDUM)
    return chart(VILLAGE_2004 if day < SWITCH_ON else VILLAGE_2023)


def keeps_memorandum(party_kind: str) -> bool:
    """Whether an institution of that kind keeps memorandum accounts only.

    依据: 财会〔2004〕12号 一(二) (a committee acting for a collective keeps the same books)
    """
    return party_kind not in {str.__str__(kind) for kind in VILLAGE_KINDS}


def ensure_accounts(
    session: Session, written: Entry, used: Chart, codes: Iterable[str]
) -> dict[str, int]:
    """Account code → row id on a chart; rows never used before are added to the entry.

    Codes are resolved first (``posted_to``); the result holds both.

    Raises:
        UnknownAccount: The chart has no such account.

    依据: 会计法 (accounts are set up as the accounting system lays down)
    """
    wanted = {code: used.account(code).code for code in codes}
    known = _account_ids(session, used.name, wanted.values())
    missing = sorted(set(wanted.values()) - set(known))
    for code in missing:
        facts = used.accounts[code]
        row = written.add(
            Account(
                chart=used.name,
                code=code,
                title=facts.title,
                kind=facts.kind,
                side=facts.side,
                parent_code=facts.parent,
            )
        )
        known[code] = row.id
    if missing:
        session.flush()
    return {code: known[leaf] for code, leaf in wanted.items()}


def _account_ids(session: Session, name: str, codes: Iterable[str]) -> dict[str, int]:
    rows = session.exec(
        select(Account.code, Account.id).where(
            Account.chart == name, col(Account.code).in_(sorted(set(codes)))
        )
    ).all()
    return dict(rows)


def accounts_by_id(session: Session) -> dict[int, Account]:
    """Every account row by its id.

    依据: 内部约定 (lines hold account ids only)
    """
    return {row.id: row for row in session.exec(select(Account).order_by(col(Account.id))).all()}


@dataclass(frozen=True)
class Posting:
    """What an event books on one chart: (debit code, credit code) pairs, codes still open."""

    event: str
    label: str
    pairs: tuple[tuple[str, str], ...]
    earmark: bool


@cache
def _postings() -> Mapping[str, Any]:
    return tomllib.loads((FOLDER / "postings.toml").read_text(encoding="utf-8"))


def posting(event: str, used: Chart, on: date) -> Posting:
    """The rule for an event on a chart and day.

    Raises:
        UnknownPosting: None is laid down.

    依据: 内部约定 (postings are dated data; the latest rule in force is taken)
    """
    rules = [
        rule
        for rule in _postings()["posting"]
        if rule["event"] == event and rule.get("valid_from", date.min) <= on
    ]
    rules.sort(key=lambda rule: rule.get("valid_from", date.min))
    if not rules or (used.name not in rules[-1] and not rules[-1].get("earmark")):
        raise UnknownPosting(event, used.title)
    rule = rules[-1]
    pairs = tuple((debit, credit) for debit, credit in rule.get(used.name, []))
    return Posting(event, rule["label"], pairs, bool(rule.get("earmark", False)))


def chosen(code: str, used: Chart, facts: Mapping[str, str]) -> str:
    """The account behind an ``@name`` of a posting, by the line's stream, channel or form.

    依据: 内部约定 (one event, several accounts by subject)
    """
    if not code.startswith("@"):
        return code
    choice = _postings()["choose"][code[1:]]
    table: Mapping[str, str] = choice[used.name]
    return table.get(facts.get(choice["by"], ""), table["default"])


def events() -> dict[str, str]:
    """Event → Chinese label of everything that can be posted.

    依据: 内部约定 (the list of what can be posted is data)
    """
    return {rule["event"]: rule["label"] for rule in _postings()["posting"]}
