"""How does an event become a voucher? Lines that balance, numbered without a gap, sealed.

``post`` writes the lines first and the voucher's header last; the database proves that the range
is complete, that debit equals credit and that the month is open. A correction is a full negation
on the same sides (红字冲销), once, or a red difference entry (差额冲销); nothing is ever edited.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import func
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, select

from assets import trail
from assets.errors import NotFound
from assets.masking import refuse_personal_numbers
from assets.models import Party
from assets.procedure.duties import database_message
from assets.trail import Act, Entry
from ledger.books import accounts
from ledger.books.accounts import Chart
from ledger.books.dimensions import Facts, intern
from ledger.books.refusals import (
    CannotReverse,
    ClosedPeriod,
    EmptyVoucher,
    NotOpened,
    Unbalanced,
    VoucherRefused,
)
from ledger.books.successors import successor
from ledger.models import BookEntity, MonthClose, Voucher, VoucherLine

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DEBIT = 1
CREDIT = -1
OPENING = "OPENING"
CONVERSION = "CONVERSION"
YEAR_END = "YEAR_END"
UNTOUCHABLE = {OPENING: "期初凭证", CONVERSION: "新旧制度衔接凭证", YEAR_END: "年终结转凭证"}
"""Kinds of vouchers that are not reversed: what they carry is corrected by new vouchers."""


@dataclass(frozen=True)
class Line:
    """One line of a voucher (分录): account code, side 1 debit or -1 credit, fen, what about.

    A red line is a negative amount on its own side.
    """

    account: str
    side: int
    amount_fen: int
    asset_id: int = 0
    income_year: int = 0
    stream: str = ""
    channel: str = ""
    household_id: int = 0

    @property
    def facts(self) -> Facts:
        """What the line is about, without the household."""
        return Facts(
            self.asset_id, self.income_year, str.__str__(self.stream), str.__str__(self.channel)
        )


@dataclass(frozen=True)
class PackedLines:
    """Many lines as equal-length int64 arrays; ids of rows, not codes."""

    account_id: "NDArray[np.int64]"
    side: "NDArray[np.int64]"
    amount_fen: "NDArray[np.int64]"
    dimension_id: "NDArray[np.int64]"
    household_id: "NDArray[np.int64]"


# --- entities -------------------------------------------------------------------------------


def ensure_entity(session: Session, written: Entry, party_id: int, opened_on: date) -> BookEntity:
    """The book of an institution; made from ``opened_on`` on when there is none.

    依据: 财会〔2004〕12号 一(二); 内部约定 (a special book beside the village's general ledger)
    """
    found = find_entity(session, party_id)
    if found is not None:
        return found
    party = _party(session, party_id)
    entity = written.add(
        BookEntity(
            party_id=party_id,
            opened_on=opened_on,
            memorandum=accounts.keeps_memorandum(party.kind),
        )
    )
    session.flush()
    return entity


def find_entity(session: Session, party_id: int) -> BookEntity | None:
    """The book of an institution, or None."""
    return session.exec(select(BookEntity).where(BookEntity.party_id == party_id)).one_or_none()


def entity_of(session: Session, party_id: int, on: date | None = None) -> BookEntity:
    """The book of an institution, open on a day.

    Raises:
        NotOpened: There is none, or it begins later.

    依据: 内部约定 (启用日)
    """
    found = find_entity(session, party_id)
    if found is None:
        raise NotOpened(_party(session, party_id).code)
    if on is not None and on < found.opened_on:
        raise NotOpened(_party(session, party_id).code, found.opened_on)
    return found


def entities(session: Session) -> list[tuple[BookEntity, Party]]:
    """Every book with its institution, by party code.

    依据: 内部约定 (books are listed by institution)
    """
    rows = session.exec(
        select(BookEntity, Party).where(BookEntity.party_id == Party.id).order_by(Party.code)
    ).all()
    return [(entity, party) for entity, party in rows]


def _party(session: Session, party_id: int) -> Party:
    party = session.get(Party, party_id)
    if party is None:
        raise NotFound("主体", str(party_id))
    return party


def chart_of(entity: BookEntity, on: date) -> Chart:
    """The chart a book records on that day.

    依据: 财会〔2023〕20号
    """
    return accounts.chart_on(on, memorandum=entity.memorandum)


# --- from event to lines ----------------------------------------------------------------------


def event_lines(
    session: Session,
    event: str,
    party_id: int,
    dated_on: date,
    amount_fen: int,
    *,
    asset_id: int = 0,
    income_year: int = 0,
    stream: str = "",
    channel: str = "",
    household_id: int = 0,
    form: str = "",
) -> list[Line]:
    """The lines that an event books in an institution's book on a day.

    Every line carries asset, year, stream and channel; the household stands on the accounts kept
    by household. An earmark (留存、预留、结转) and a zero amount give no lines.

    Raises:
        NotOpened: The institution keeps no book on that day.
        UnknownPosting: No rule is laid down for the event.

    依据: 财会〔2004〕12号; 财会〔2023〕14号 (postings.toml)
    """
    used = chart_of(entity_of(session, party_id, dated_on), dated_on)
    rule = accounts.posting(event, used, dated_on)
    selected = {"stream": str.__str__(stream), "channel": str.__str__(channel), "form": form}
    lines = []
    for pair in rule.pairs if amount_fen else ():
        for side, code in zip((DEBIT, CREDIT), pair, strict=True):
            account = used.account(accounts.chosen(code, used, selected))
            lines.append(
                Line(
                    account.code,
                    side,
                    amount_fen,
                    asset_id,
                    income_year,
                    str.__str__(stream),
                    str.__str__(channel),
                    household_id if account.households else 0,
                )
            )
    return lines


# --- posting ----------------------------------------------------------------------------------


def post(
    session: Session,
    written: Entry,
    *,
    party_id: int,
    dated_on: date,
    kind: str,
    summary: str,
    lines: Sequence[Line],
    concerns: int,
    object_code: str = "",
    reverses: int | None = None,
    adjusts: int | None = None,
    document: str | None = None,
) -> Voucher:
    """Write one voucher inside an open entry; lines of zero are left out.

    ``concerns`` is the period it is about (YYYY or YYYYMM, may be closed); ``reverses`` and
    ``adjusts`` are voucher ids. Accounts are those of the chart in force on ``dated_on``.

    Raises:
        NotOpened, ClosedPeriod, Unbalanced, EmptyVoucher, UnknownAccount, VoucherRefused.

    依据: 会计法 (voucher, two sides, no alteration); 内部约定 (the month of dated_on is open)
    """
    entity = entity_of(session, party_id, dated_on)
    used = chart_of(entity, dated_on)
    kept = [line for line in lines if line.amount_fen]
    _refuse_unbalanced(kept, summary)
    ids = accounts.ensure_accounts(session, written, used, {line.account for line in kept})
    packed = pack(session, written, kept, ids)
    return post_packed(
        session,
        written,
        party_id=party_id,
        dated_on=dated_on,
        kind=kind,
        summary=summary,
        packed=packed,
        concerns=concerns,
        object_code=object_code,
        reverses=reverses,
        adjusts=adjusts,
        document=document,
    )


def pack(
    session: Session, written: Entry, lines: Sequence[Line], account_ids: Mapping[str, int]
) -> PackedLines:
    """Lines as arrays of row ids; dimensions are interned in the entry.

    依据: 内部约定 (a line holds whole numbers only)
    """
    import numpy as np

    dimensions = intern(session, written, {line.facts for line in lines})
    columns = [
        (
            account_ids[line.account],
            line.side,
            line.amount_fen,
            dimensions[line.facts],
            line.household_id,
        )
        for line in lines
    ]
    table = np.array(columns, dtype=np.int64).reshape(len(columns), 5)
    return PackedLines(*(np.ascontiguousarray(table[:, place]) for place in range(5)))


def packed_event(
    session: Session,
    written: Entry,
    event: str,
    party_id: int,
    dated_on: date,
    household_ids: "NDArray[np.int64]",
    amounts_fen: "NDArray[np.int64]",
    *,
    asset_id: int = 0,
    income_year: int = 0,
    stream: str = "",
    channel: str = "",
) -> PackedLines:
    """An event over many households: a line each on the account kept by household, one total
    on the other side. Households with zero are left out.

    Shape: ids and amounts of equal length. For ``post_packed``, alone or joined by ``join``.

    Raises:
        NotOpened, UnknownPosting.

    依据: 财会〔2004〕12号; 财会〔2023〕14号 (postings.toml)
    """
    import numpy as np

    households = np.asarray(household_ids, dtype=np.int64)
    amounts = np.asarray(amounts_fen, dtype=np.int64)
    households, amounts = households[amounts != 0], amounts[amounts != 0]
    total = int(amounts.sum())
    one = event_lines(
        session,
        event,
        party_id,
        dated_on,
        1,
        asset_id=asset_id,
        income_year=income_year,
        stream=stream,
        channel=channel,
        household_id=-1,
    )
    used = chart_of(entity_of(session, party_id, dated_on), dated_on)
    ids = accounts.ensure_accounts(session, written, used, {line.account for line in one})
    dimensions = intern(session, written, {line.facts for line in one})
    parts = []
    for line in one:
        by_household = line.household_id != 0
        fen = amounts if by_household else np.array([total] if total else [], dtype=np.int64)
        parts.append(
            PackedLines(
                np.full(len(fen), ids[line.account], dtype=np.int64),
                np.full(len(fen), line.side, dtype=np.int64),
                fen,
                np.full(len(fen), dimensions[line.facts], dtype=np.int64),
                households if by_household else np.zeros(len(fen), dtype=np.int64),
            )
        )
    return join(parts)


def join(parts: Sequence[PackedLines]) -> PackedLines:
    """Several packed lots of lines as one, in order."""
    import numpy as np

    names = ("account_id", "side", "amount_fen", "dimension_id", "household_id")
    return PackedLines(
        *(
            np.concatenate([np.asarray(getattr(part, name), dtype=np.int64) for part in parts])
            for name in names
        )
    )


def post_packed(
    session: Session,
    written: Entry,
    *,
    party_id: int,
    dated_on: date,
    kind: str,
    summary: str,
    packed: PackedLines,
    concerns: int,
    object_code: str = "",
    reverses: int | None = None,
    adjusts: int | None = None,
    document: str | None = None,
) -> Voucher:
    """Write one voucher whose lines are arrays of row ids; the fast road for distributions.

    Raises:
        NotOpened, ClosedPeriod, Unbalanced, EmptyVoucher, VoucherRefused.

    依据: 会计法; 内部约定 (header after its lines, sealed by the database)
    """
    import numpy as np

    entity = entity_of(session, party_id, dated_on)
    month = month_of(dated_on)
    refuse_closed(session, entity, month)
    refuse_personal_numbers(summary, "凭证摘要")
    debit_fen = _exact_sum(packed.amount_fen[packed.side == DEBIT])
    credit_fen = _exact_sum(packed.amount_fen[packed.side == CREDIT])
    count = len(packed.amount_fen)
    if count < 2:
        raise EmptyVoucher(summary)
    if debit_fen != credit_fen:
        raise Unbalanced(debit_fen, credit_fen)
    number = next_number(session, entity.id, month)
    voucher_id = written.next_id(Voucher, 0)
    first = written.bulk(
        VoucherLine,
        {
            "voucher_id": np.full(count, voucher_id, dtype=np.int64),
            "account_id": packed.account_id,
            "side": packed.side,
            "amount_fen": packed.amount_fen,
            "dimension_id": packed.dimension_id,
            "household_id": packed.household_id,
        },
    )
    voucher = written.add(
        Voucher(
            entity_id=entity.id,
            month=month,
            number=number,
            kind=kind,
            dated_on=dated_on,
            concerns_period=concerns,
            summary=unicodedata.normalize("NFC", summary),
            first_line_id=first,
            last_line_id=first + count - 1,
            line_count=count,
            debit_fen=debit_fen,
            reverses_voucher_id=reverses,
            adjusts_voucher_id=adjusts,
            object_code=object_code,
            document=document,
        )
    )
    assert voucher.id == voucher_id, "the lines name the voucher that seals them"
    seal(session)
    return voucher


def seal(session: Session) -> None:
    """Send the voucher's header to the database, whose trigger proves it.

    Raises:
        VoucherRefused: With the database's sentence.
    """
    try:
        session.flush()
    except DBAPIError as error:
        raise VoucherRefused(database_message(error)) from error


def _exact_sum(amounts: "NDArray[np.int64]") -> int:
    """Σ of fen; numpy wraps silently, Python does not."""
    import numpy as np

    bound = np.iinfo(np.int64).max // max(len(amounts), 1)
    if len(amounts) == 0 or int(np.abs(amounts).max()) <= bound:
        return int(amounts.sum())
    return sum(int(amount) for amount in amounts)


def _refuse_unbalanced(lines: Sequence[Line], summary: str) -> None:
    debit = sum(line.amount_fen for line in lines if line.side == DEBIT)
    credit = sum(line.amount_fen for line in lines if line.side == CREDIT)
    if len(lines) < 2:
        raise EmptyVoucher(summary)
    if debit != credit:
        raise Unbalanced(debit, credit)


def refuse_closed(session: Session, entity: BookEntity, month: int) -> None:
    """Refuse to write into a closed month.

    Raises:
        ClosedPeriod: The month is closed.

    依据: 内部约定 (a closed month stays closed, for reversals too)
    """
    closed = session.exec(
        select(MonthClose.id).where(MonthClose.entity_id == entity.id, MonthClose.month == month)
    ).first()
    if closed is not None:
        raise ClosedPeriod(_party(session, entity.party_id).code, month)


def next_number(session: Session, entity_id: int, month: int) -> int:
    """The next voucher number of an entity's month; no gaps.

    依据: 会计法 (vouchers are numbered in sequence)
    """
    session.flush()
    highest = session.exec(
        select(func.max(Voucher.number)).where(
            Voucher.entity_id == entity_id, Voucher.month == month
        )
    ).one()
    return int(highest or 0) + 1


def month_of(day: date) -> int:
    """The accounting month YYYYMM of a day."""
    return day.year * 100 + day.month


def voucher_name(number: int) -> str:
    """How a voucher is called on paper.

    >>> voucher_name(7)
    '记-007'
    """
    return f"记-{number:03d}"


# --- correction -------------------------------------------------------------------------------


def voucher_by_id(session: Session, voucher_id: int) -> Voucher:
    """A voucher by its row id.

    Raises:
        NotFound: There is none.
    """
    voucher = session.get(Voucher, voucher_id)
    if voucher is None:
        raise NotFound("凭证", str(voucher_id))
    return voucher


def voucher_by_number(session: Session, party_id: int, month: int, number: int) -> Voucher:
    """A voucher by institution, month YYYYMM and number.

    Raises:
        NotFound: There is none.
    """
    entity = entity_of(session, party_id)
    voucher = session.exec(
        select(Voucher).where(
            Voucher.entity_id == entity.id, Voucher.month == month, Voucher.number == number
        )
    ).one_or_none()
    if voucher is None:
        raise NotFound("凭证", f"{month} {voucher_name(number)}")
    return voucher


def lines_of(session: Session, voucher: Voucher) -> list[VoucherLine]:
    """The lines of a voucher in order."""
    return list(
        session.exec(
            select(VoucherLine)
            .where(col(VoucherLine.id).between(voucher.first_line_id, voucher.last_line_id))
            .order_by(col(VoucherLine.id))
        ).all()
    )


def party_of(session: Session, voucher: Voucher) -> int:
    """The party whose book a voucher is in."""
    return session.exec(select(BookEntity.party_id).where(BookEntity.id == voucher.entity_id)).one()


def reverse(
    session: Session, act: Act, voucher_id: int, *, reason: str, dated_on: date | None = None
) -> Voucher:
    """Negate a voucher in full, in red on the same sides, dated on the act's day; once only.

    Raises:
        CannotReverse: It is reversed already, or of a kind that is not reversed.
        ClosedPeriod: The day's month is closed.

    依据: 会计法 (errors are corrected by red letters, never by alteration)
    """
    with trail.entry(
        session, act, "voucher-reverse", str(voucher_id), what=f"冲销凭证{voucher_id}"
    ) as written:
        return reverse_within(session, written, voucher_id, reason=reason, dated_on=dated_on)


def reverse_within(
    session: Session,
    written: Entry,
    voucher_id: int,
    *,
    reason: str,
    dated_on: date | None = None,
) -> Voucher:
    """Negate a voucher inside an entry another verb has opened; as ``reverse``.

    依据: 会计法
    """
    original = voucher_by_id(session, voucher_id)
    _refuse_irreversible(session, original, reason)
    day = dated_on or written.act.on
    party_id = party_of(session, original)
    return post_packed(
        session,
        written,
        party_id=party_id,
        dated_on=day,
        kind="REVERSAL",
        summary=f"冲销{_name(original)}：{reason}",
        packed=_negated(session, written, original, day),
        concerns=original.concerns_period,
        object_code=original.object_code,
        reverses=original.id,
    )


def _refuse_irreversible(session: Session, original: Voucher, reason: str) -> None:
    _refuse_without_reason(original, reason)
    if original.kind in UNTOUCHABLE:
        raise CannotReverse(
            f"凭证{_name(original)}是{UNTOUCHABLE[original.kind]}，不作冲销。请另记一张更正凭证。"
        )
    if original.reverses_voucher_id is not None:
        raise CannotReverse(
            f"凭证{_name(original)}本身是冲销凭证，不再冲销。请按正确内容重新记一张凭证。"
        )
    _refuse_if_reversed(session, original)


def _refuse_without_reason(original: Voucher, reason: str) -> None:
    if not reason.strip():
        raise CannotReverse(f"更正凭证{_name(original)}没有写明原因。请用 --reason 写明。")


def _refuse_if_reversed(session: Session, original: Voucher) -> None:
    second = session.exec(select(Voucher).where(Voucher.reverses_voucher_id == original.id)).first()
    if second is not None:
        raise CannotReverse(f"凭证{_name(original)}已由{_name(second)}冲销，不能再次冲销或更正。")


def _name(voucher: Voucher) -> str:
    return f"{voucher.month} {voucher_name(voucher.number)}"


def _negated(session: Session, written: Entry, original: Voucher, day: date) -> PackedLines:
    """The lines with their amounts negated, on the accounts of the chart of that day."""
    import numpy as np

    lines = lines_of(session, original)
    moved = _accounts_on(session, written, original, day, {line.account_id for line in lines})
    table = np.array(
        [
            (
                moved[line.account_id],
                line.side,
                -line.amount_fen,
                line.dimension_id,
                line.household_id,
            )
            for line in lines
        ],
        dtype=np.int64,
    )
    return PackedLines(*(np.ascontiguousarray(table[:, place]) for place in range(5)))


def _accounts_on(
    session: Session, written: Entry, original: Voucher, day: date, used_ids: set[int]
) -> dict[int, int]:
    """Account id → account id on the chart of the reversal's day."""
    entity = session.get_one(BookEntity, original.entity_id)
    before, after = chart_of(entity, original.dated_on), chart_of(entity, day)
    if before.name == after.name:
        return {each: each for each in used_ids}
    rows = accounts.accounts_by_id(session)
    codes = {each: successor(rows[each].code) for each in used_ids}
    ids = accounts.ensure_accounts(session, written, after, codes.values())
    return {each: ids[code] for each, code in codes.items()}


def adjust(
    session: Session,
    act: Act,
    voucher_id: int,
    *,
    lines: Sequence[Line],
    reason: str,
    dated_on: date | None = None,
) -> Voucher:
    """Correct a voucher by the difference only (差额冲销): red or black lines, linked to it.

    Raises:
        CannotReverse: The voucher is reversed in full already.
        Unbalanced, ClosedPeriod.

    依据: 会计法; 内部约定 (a difference entry keeps the sides)
    """
    with trail.entry(
        session,
        act,
        "voucher-adjust",
        str(voucher_id),
        stage=trail.digest_of(*(repr(line) for line in lines))[:16],
        what=f"差额更正凭证{voucher_id}",
    ) as written:
        original = voucher_by_id(session, voucher_id)
        _refuse_without_reason(original, reason)
        _refuse_if_reversed(session, original)
        return post(
            session,
            written,
            party_id=party_of(session, original),
            dated_on=dated_on or act.on,
            kind="ADJUSTMENT",
            summary=f"更正{_name(original)}：{reason}",
            lines=lines,
            concerns=original.concerns_period,
            object_code=original.object_code,
            adjusts=original.id,
        )
