"""Which bank row is which voucher, and what stands on one side only? The adjustment table.

Rows of a bank statement are matched to the vouchers that moved the account: by the bank's number,
then by amount and nearest day. What is left is put on hold or set aside with a reason by a person;
items in transit are listed and never block, an unexplained difference does.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, select

from assets import trail
from assets.asof import AsOf
from assets.columns import Labelled
from assets.errors import AlreadyDone, NotFound, Refused
from assets.masking import refuse_personal_numbers
from assets.parties import party_by_code
from assets.trail import Act, Entry
from ledger.books import accounts
from ledger.books.balances import CARRIED_KINDS, sub_ledger
from ledger.books.periods import BankStanding, bank_standing
from ledger.books.posting import entity_of
from ledger.models import BankLine, BankMatch, Receipt, Voucher

NEAR_DAYS = 10
"""How far the bank's day may lie from the book's for the same amount to be the same movement."""


class MatchOutcome(Labelled):
    """What a bank row was found to be (对账结果)."""

    MATCHED = "MATCHED", "已对上"
    IGNORED = "IGNORED", "不属本专账"
    ON_HOLD = "ON_HOLD", "待查"


@dataclass(frozen=True)
class Movement:
    """One voucher's movement of the bank account; fen, into the account is positive."""

    voucher_id: int
    key: str
    object_code: str
    dated_on: date
    summary: str
    amount_fen: int


@dataclass(frozen=True)
class Reconciled:
    """What one run matched, and what is left on either side."""

    matched: int
    bank_left: tuple[BankLine, ...]
    book_left: tuple[Movement, ...]


def amount_of(line: BankLine) -> int:
    """A bank row signed: into the account is positive; fen.

    依据: 内部约定 (one sign for one direction)
    """
    return line.in_fen - line.out_fen


def movements(session: Session, party_id: int, through: date) -> list[Movement]:
    """Every voucher that moved a party's bank account by a day, opening balances apart.

    A voucher reversed by the day and its reversal move nothing and are left out.

    依据: 会计法 (账实核对)
    """
    entity = entity_of(session, party_id)
    name = accounts.MEMORANDUM if entity.memorandum else accounts.VILLAGE_2004
    code = accounts.chart(name).roles["bank"]
    _, lines = sub_ledger(session, party_id, code, AsOf(day=through))
    sums: dict[int, int] = {}
    for line in lines:
        sums[line.voucher_id] = sums.get(line.voucher_id, 0) + line.debit_fen - line.credit_fen
    vouchers = session.exec(
        select(Voucher)
        .where(Voucher.entity_id == entity.id, col(Voucher.dated_on) <= through)
        .order_by(col(Voucher.dated_on), col(Voucher.id))
    ).all()
    undone = {each.reverses_voucher_id for each in vouchers} - {None}
    return [
        Movement(
            each.id,
            f"{each.month}/{each.number}",
            each.object_code,
            each.dated_on,
            each.summary,
            sums[each.id],
        )
        for each in vouchers
        if sums.get(each.id)
        and each.kind not in CARRIED_KINDS
        and each.id not in undone
        and each.reverses_voucher_id is None
    ]


def bank_lines(session: Session, party_id: int, through: date) -> list[BankLine]:
    """A party's bank rows by a day, in order.

    依据: 内部约定 (a statement is read in the order of its days)
    """
    return list(
        session.exec(
            select(BankLine)
            .where(BankLine.party_id == party_id, col(BankLine.booked_on) <= through)
            .order_by(col(BankLine.booked_on), col(BankLine.id))
        ).all()
    )


def outcomes(session: Session, party_id: int) -> dict[int, BankMatch]:
    """Bank row id → what it was found to be; the latest word holds.

    依据: 内部约定 (matched, ignored or on hold)
    """
    rows = session.exec(
        select(BankMatch)
        .join(BankLine, col(BankLine.id) == col(BankMatch.bank_line_id))
        .where(BankLine.party_id == party_id)
        .order_by(col(BankMatch.id))
    ).all()
    return {row.bank_line_id: row for row in rows}


# --- matching --------------------------------------------------------------------------------


def pair(
    lines: Sequence[BankLine], booked: Sequence[Movement], refs: dict[str, str]
) -> list[tuple[BankLine, tuple[Movement, ...]]]:
    """Which bank row is which movement; ``refs`` is the bank's number → object code. Pure.

    First by the bank's number, then by amount and nearest day, then one row for several vouchers
    of one object (a batch less what came back).

    依据: 内部约定 (a row is matched once)
    """
    found: list[tuple[BankLine, tuple[Movement, ...]]] = []
    open_ = list(booked)
    rest: list[BankLine] = []
    for line in lines:
        named = [
            each
            for each in open_
            if refs.get(line.bank_ref) == each.object_code and each.amount_fen == amount_of(line)
        ]
        if named:
            found.append((line, (named[0],)))
            open_.remove(named[0])
        else:
            rest.append(line)
    for line in rest:
        near = [
            each
            for each in open_
            if each.amount_fen == amount_of(line) and _days(line, each) <= NEAR_DAYS
        ]
        if near:
            nearest = min(near, key=lambda each: (_days(line, each), each.voucher_id))
            found.append((line, (nearest,)))
            open_.remove(nearest)
            continue
        together = _group(line, open_)
        if together:
            found.append((line, together))
            open_ = [each for each in open_ if each not in together]
    return found


def _days(line: BankLine, movement: Movement) -> int:
    return abs((line.booked_on - movement.dated_on).days)


def _group(line: BankLine, open_: Iterable[Movement]) -> tuple[Movement, ...]:
    groups: dict[str, list[Movement]] = {}
    for each in open_:
        if each.object_code and _days(line, each) <= NEAR_DAYS:
            groups.setdefault(each.object_code, []).append(each)
    for group in groups.values():
        if len(group) > 1 and sum(each.amount_fen for each in group) == amount_of(line):
            return tuple(group)
    return ()


def reconcile(session: Session, act: Act, party_code: str, through: date) -> Reconciled:
    """Match every bank row of a party by a day that nobody has judged yet.

    Raises:
        AlreadyDone: Nothing new could be matched.
        NotOpened: The party keeps no book.

    依据: 会计法 (账实核对); 财会〔2004〕12号; 财会〔2023〕14号 (银行存款余额调节表)
    """
    size = trail.lock_head(session).size
    with trail.entry(
        session, act, "bank-match", party_code, stage=f"{through}/{size}", what=f"{party_code}对账"
    ) as written:
        party = party_by_code(session, party_code)
        judged = outcomes(session, party.id)
        lines = [x for x in bank_lines(session, party.id, through) if x.id not in judged]
        booked = [x for x in movements(session, party.id, through) if x.key not in _taken(judged)]
        pairs = pair(lines, booked, _references(session))
        if not pairs:
            last = max((x.entry_id for x in judged.values()), default=written.id - 1)
            raise AlreadyDone(f"{party_code}到{through}的银行流水没有新的可以对上", last)
        for line, together in pairs:
            _judge(
                written,
                line,
                MatchOutcome.MATCHED,
                together[0].object_code,
                " ".join(each.key for each in together),
            )
        done = {line.id for line, _ in pairs}
        used = {each.voucher_id for _, together in pairs for each in together}
    return Reconciled(
        len(pairs),
        tuple(x for x in lines if x.id not in done),
        tuple(x for x in booked if x.voucher_id not in used),
    )


def _taken(judged: dict[int, BankMatch]) -> set[str]:
    """Keys of the vouchers that bank rows are matched to."""
    return {
        key for row in judged.values() if row.outcome == "MATCHED" for key in row.reason.split()
    }


def _references(session: Session) -> dict[str, str]:
    """The bank's number → code of the receipt that names it."""
    rows = session.exec(select(Receipt.bank_ref, Receipt.code)).all()
    return {ref: code for ref, code in rows if ref}


def _judge(
    written: Entry, line: BankLine, outcome: MatchOutcome, object_code: str, reason: str
) -> BankMatch:
    return written.add(
        BankMatch(
            bank_line_id=line.id,
            outcome=outcome.value,
            object_kind="VOUCHER" if outcome is MatchOutcome.MATCHED else "",
            object_code=object_code,
            reason=reason,
        )
    )


def set_aside(
    session: Session,
    act: Act,
    party_code: str,
    bank_ref: str,
    outcome: MatchOutcome,
    *,
    reason: str,
) -> BankMatch:
    """Say of one bank row that it is on hold, or no business of this book, and why.

    Raises:
        NotFound: No such row.
        Refused: It is matched, or no reason is given.

    依据: 内部约定 (an item is explained by a person, never by silence)
    """
    with trail.entry(
        session,
        act,
        "bank-set-aside",
        party_code,
        stage=f"{bank_ref}/{outcome.value}",
        what=f"{party_code}流水{bank_ref}",
    ) as written:
        party = party_by_code(session, party_code)
        line = session.exec(
            select(BankLine).where(BankLine.party_id == party.id, BankLine.bank_ref == bank_ref)
        ).one_or_none()
        if line is None:
            raise NotFound("银行流水", bank_ref)
        if not reason.strip():
            raise Refused("待查或不属本专账的流水要写明原因。")
        refuse_personal_numbers(reason, "原因")
        judged = outcomes(session, party.id).get(line.id)
        if outcome is MatchOutcome.MATCHED or (judged and judged.outcome == "MATCHED"):
            raise Refused(f"流水{bank_ref}已经对上凭证，或应由程序对账，不能搁置。")
        return _judge(written, line, outcome, "", reason)


# --- the adjustment table --------------------------------------------------------------------


@dataclass(frozen=True)
class AdjustmentRow:
    """One line of the adjustment table (余额调节表); fen, ``block`` is the heading it stands under."""

    block: str
    dated_on: date
    reference: str
    summary: str
    amount_fen: int


@dataclass(frozen=True)
class Adjustment:
    """The adjustment table of one account; adjusted book = adjusted bank when all is explained."""

    standing: BankStanding
    rows: tuple[AdjustmentRow, ...]

    @property
    def adjusted_book_fen(self) -> int:
        """Book balance plus what only the bank has."""
        return self.standing.book_fen + sum(
            row.amount_fen for row in self.rows if row.block.startswith("银行")
        )

    @property
    def adjusted_bank_fen(self) -> int | None:
        """Statement balance plus what only the book has; None without a statement."""
        if self.standing.statement_fen is None:
            return None
        return self.standing.statement_fen + sum(
            row.amount_fen for row in self.rows if row.block.startswith("账面")
        )


_BLOCKS = {
    ("BANK", True): "银行已收、账面未收",
    ("BANK", False): "银行已付、账面未付",
    ("BOOK", True): "账面已收、银行未收",
    ("BOOK", False): "账面已付、银行未付",
}


def adjustment(session: Session, party_code: str, through: date) -> Adjustment:
    """The adjustment table of a party's bank account at a day, as data for screen and paper.

    依据: 财会〔2004〕12号; 财会〔2023〕14号 (银行存款余额调节表)
    """
    party = party_by_code(session, party_code)
    standing = bank_standing(session, party.id, through)
    rows = tuple(
        AdjustmentRow(
            _BLOCKS[item.side, item.amount_fen >= 0],
            item.dated_on,
            item.reference,
            item.summary,
            item.amount_fen,
        )
        for item in standing.items
    )
    order = list(_BLOCKS.values())
    return Adjustment(
        standing, tuple(sorted(rows, key=lambda row: (order.index(row.block), row.dated_on)))
    )
