"""Do three independent programs agree with our balances? Plain-text journals in whole fen.

beancount, hledger and ledger-cli read the same tree entity:account:household. Amounts are integers
in the commodity FEN, because a fraction of a yuan would be compared with a tolerance; every account
ends with an assertion of its closing balance, so that one fen in the wrong place is refused.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TextIO

from sqlmodel import Session

from assets.asof import AsOf
from ledger.books.accounts import chart
from ledger.books.outgoing import Names, OutVoucher, names, vouchers
from ledger.books.posting import voucher_name

ROOTS = {
    "ASSET": "Assets",
    "COST": "Assets",
    "LIABILITY": "Liabilities",
    "EQUITY": "Equity",
    "INCOME": "Income",
    "EXPENSE": "Expenses",
}
_CHART_MARK = {"VILLAGE_2004": "C2004", "VILLAGE_2023": "C2023", "MEMORANDUM": "M"}
_PLAIN = re.compile(r"[^A-Za-z0-9-]")


def component(text: str) -> str:
    """A code as one part of an account name; other characters as their code points.

    >>> component("V440203"), component("结转/1")
    ('V440203', 'X7ED3X8F6CX2F1')
    """
    plain = _PLAIN.sub(lambda found: f"X{ord(found.group()):X}", text)
    return plain if plain[:1].isupper() or plain[:1].isdigit() else f"X{plain}"


class Tree:
    """The account names of one export, each with its running balance in fen."""

    def __init__(self, known: Names) -> None:
        self.known = known
        self._paths: dict[tuple[str, int, int], str] = {}
        self.balances: dict[str, int] = {}
        self.opened: dict[str, date] = {}

    def path(self, party_code: str, account_id: int, household_id: int) -> str:
        """Root:entity:account, and below it the household where the account is kept by it."""
        key = (party_code, account_id, household_id)
        if key not in self._paths:
            self._paths[key] = self._path(*key)
        return self._paths[key]

    def _path(self, party_code: str, account_id: int, household_id: int) -> str:
        account = self.known.accounts[account_id]
        mark = _CHART_MARK[account.chart]
        parts = [ROOTS[account.kind], component(party_code), f"{mark}-{account.code}"]
        if household_id:
            parts.append("H" + component(self.known.households[household_id]))
        elif chart(account.chart).accounts[account.code].households:
            parts.append("H-none")
        return ":".join(parts)

    def add(self, voucher: OutVoucher) -> list[tuple[str, int]]:
        """The postings of a voucher, signed; balances are carried along."""
        postings = []
        for line in voucher.lines:
            path = self.path(voucher.party_code, line.account_id, line.household_id)
            signed = line.side * line.amount_fen
            self.balances[path] = self.balances.get(path, 0) + signed
            self.opened.setdefault(path, voucher.dated_on)
            postings.append((path, signed))
        return postings


def write(session: Session, name: str, out: Path, codes: Sequence[str], at: AsOf) -> str:
    """Write the journal of some books in the language of ``name``.

    依据: 内部约定 (three independent programs check the books)
    """
    tree = Tree(names(session, at))
    body = out.with_name(out.name + ".partial")
    with body.open("w", encoding="utf-8", newline="\n") as stream:
        count, last = _write_body(stream, name, tree, vouchers(session, codes, at))
        stream.writelines(_closing(name, tree, last + timedelta(days=1)))
    with out.open("w", encoding="utf-8", newline="\n") as whole:
        whole.writelines(_head(name, tree))
        with body.open(encoding="utf-8") as stream:
            for piece in iter(lambda: stream.read(1 << 20), ""):
                whole.write(piece)
    body.unlink()
    return f"{count}张凭证、{len(tree.balances)}个科目"


def _write_body(
    stream: TextIO, name: str, tree: Tree, found: Iterable[OutVoucher]
) -> tuple[int, date]:
    count, last = 0, date.min
    for voucher in found:
        stream.writelines(_transaction(name, voucher, tree.add(voucher)))
        count, last = count + 1, voucher.dated_on
    return count, last


def _head(name: str, tree: Tree) -> Iterator[str]:
    if name == "beancount":
        yield 'option "title" "帮扶资产专账"\n'
        first = min(tree.opened.values(), default=date(2000, 1, 1))
        yield f"{first} commodity FEN\n"
        for path in sorted(tree.opened):
            yield f"{tree.opened[path]} open {path} FEN\n"
    else:
        yield "commodity 1000. FEN\n" if name == "hledger" else "commodity FEN\n"
        for path in sorted(tree.opened):
            yield f"account {path}\n"
    yield "\n"


def _transaction(
    name: str, voucher: OutVoucher, postings: Sequence[tuple[str, int]]
) -> Iterator[str]:
    number = f"{voucher.month} {voucher_name(voucher.number)}"
    if name == "beancount":
        text = voucher.summary.replace("\\", "\\\\").replace('"', '\\"')
        yield f'{voucher.dated_on} * "{number}" "{_one_line(text)}"\n'
    else:
        text = _one_line(voucher.summary).replace(";", "；").replace("|", "／")
        yield f"{voucher.dated_on} * ({voucher.party_code} {number}) {text}\n"
    for path, signed in postings:
        yield f"  {path}  {signed} FEN\n"
    yield "\n"


def _closing(name: str, tree: Tree, on: date) -> Iterator[str]:
    """An assertion of the closing balance of every account."""
    if not tree.balances:
        return
    if name == "beancount":
        for path in sorted(tree.balances):
            yield f"{on} balance {path}  {tree.balances[path]} FEN\n"
        return
    yield f"{on} * 期末余额核对\n"
    for path in sorted(tree.balances):
        yield f"  {path}  0 FEN = {tree.balances[path]} FEN\n"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def balances(session: Session, codes: Sequence[str], at: AsOf) -> dict[str, int]:
    """Account name → closing balance as the journals assert it, in fen, debit positive.

    依据: 内部约定 (three independent programs check the books)
    """
    tree = Tree(names(session, at))
    for voucher in vouchers(session, codes, at):
        tree.add(voucher)
    return tree.balances
