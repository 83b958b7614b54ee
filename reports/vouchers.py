"""How does a voucher look on paper, and what moved on one account (记账凭证、明细账)?

Lines of one account about the same thing are summed over households: a voucher of a distribution
names the number of households, the roster names each. Red amounts keep their side.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func
from sqlmodel import col, select

from assets.errors import NotFound
from assets.models import EvidenceLink
from assets.parties import party_by_code, party_titles
from ledger.books.accounts import accounts_by_id
from ledger.books.balances import SCOPE_NOTE, LedgerLine, sub_ledger
from ledger.books.dimensions import Facts, dimensions_by_id
from ledger.books.posting import DEBIT, entity_of, lines_of, voucher_name
from ledger.income import stream_label
from ledger.models import Channel, Voucher
from reports.bundle import Bundle
from reports.paper import Column, Fact, Paper, ProofLine, Row, Size, Table, hide_personal_numbers
from reports.pass_through import asset_titles
from reports.standpoint import Asked, Standpoint, required
from reports.trial_balance import required_month

SOURCES = ("会计法", "财会〔2004〕12号；财会〔2023〕14号")
_SIZES: dict[str, Size] = {"": "240x140", "240x140": "240x140", "A4": "A4", "A3": "A3"}


@dataclass(frozen=True)
class VoucherRow:
    """Lines of one account, side and subject as printed; fen, red amounts negative."""

    account: str
    subject: str
    side: int
    amount_fen: int
    households: int


def paper(stand: Standpoint, asked: Asked) -> Bundle:
    """The vouchers of one book and month, or one of them (subject: its number).

    Raises:
        NotFound: No such voucher.
        NotOpened: The institution keeps no book.

    依据: 会计法 (记账凭证)
    """
    party = party_by_code(stand.session, required(asked.party, "主体（--party）"))
    month = required_month(asked)
    entity = entity_of(stand.session, party.id)
    query = select(Voucher).where(
        Voucher.entity_id == entity.id,
        Voucher.month == month,
        col(Voucher.dated_on) <= stand.day,
        col(Voucher.entry_id) <= stand.at.position,
    )
    if asked.subject:
        number = re.fullmatch(r"(?:记-)?0*(\d+)", asked.subject)
        query = query.where(Voucher.number == (int(number[1]) if number else 0))
    found = stand.session.exec(query.order_by(col(Voucher.number))).all()
    if not found:
        raise NotFound("凭证", f"{month} {asked.subject}".strip())
    title = party_titles(stand.session, stand.at)[party.id]
    if asked.size not in _SIZES:
        raise NotFound("纸张", asked.size)
    pages = [_page(stand, asked, each, title) for each in found]
    return Bundle(
        "vouchers",
        f"{title}{month // 100}年{month % 100}月记账凭证",
        pages,
        asked.parameters(),
        stand.footer,
    )


def _page(stand: Standpoint, asked: Asked, voucher: Voucher, title: str) -> Paper:
    rows = voucher_rows(stand, voucher)
    debit = sum(row.amount_fen for row in rows if row.side == DEBIT)
    credit = sum(row.amount_fen for row in rows if row.side != DEBIT)
    body: list[Row] = [
        {
            "summary": hide_personal_numbers(voucher.summary) if place == 0 else "",
            "account": row.account,
            "subject": row.subject,
            "debit": row.amount_fen if row.side == DEBIT else None,
            "credit": row.amount_fen if row.side != DEBIT else None,
        }
        for place, row in enumerate(rows)
    ]
    count = _attached(stand, voucher)
    size = _SIZES[asked.size]
    return Paper(
        name="vouchers",
        title=f"记账凭证　{voucher_name(voucher.number)}",
        organisation=title,
        footer=stand.footer,
        parameters={
            "party": asked.party,
            "month": str(voucher.month),
            "subject": str(voucher.number),
        },
        tables=(
            Table(
                "",
                (
                    Column("summary", "摘要", width_weight=4),
                    Column("account", "科目", width_weight=4),
                    Column("subject", "辅助核算", width_weight=9),
                    Column("debit", "借方", "fen"),
                    Column("credit", "贷方", "fen"),
                ),
                body,
                totals={"debit": debit, "credit": credit},
                unit_line=f"记账日期 {voucher.dated_on.isoformat()}　附件{count}张　单位：元",
                words_total=debit,
            ),
        ),
        proof_lines=(ProofLine("借方 = 贷方", debit, credit),),
        signatures=("会计主管", "记账", "审核", "制单"),
        size=size,
    )


def voucher_rows(stand: Standpoint, voucher: Voucher) -> list[VoucherRow]:
    """The lines of a voucher by account, side and subject, in their order; Σ is kept."""
    known = accounts_by_id(stand.session)
    facts, titles = dimensions_by_id(stand.session), asset_titles(stand)
    sums: dict[tuple[int, int, int], list[int]] = {}
    people: dict[tuple[int, int, int], set[int]] = {}
    for line in lines_of(stand.session, voucher):
        key = (line.account_id, line.side, line.dimension_id)
        sums.setdefault(key, []).append(line.amount_fen)
        people.setdefault(key, set()).update({line.household_id} - {0})
    return [
        VoucherRow(
            account=f"{known[account].code} {known[account].title}",
            subject=subject_text(facts[dimension], titles, len(people[account, side, dimension])),
            side=side,
            amount_fen=sum(amounts),
            households=len(people[account, side, dimension]),
        )
        for (account, side, dimension), amounts in sums.items()
    ]


def subject_text(facts: Facts, titles: dict[int, str], households: int = 0) -> str:
    """What a line is about in words: asset, year, stream, channel, number of households."""
    parts = [
        titles.get(facts.asset_id, "") if facts.asset_id else "",
        f"{facts.income_year}年" if facts.income_year else "",
        stream_label(facts.stream) if facts.stream else "",
        next((each.label for each in Channel if each == facts.channel), ""),
        f"{households}户" if households else "",
    ]
    return " ".join(part for part in parts if part)


def _attached(stand: Standpoint, voucher: Voucher) -> int:
    if not voucher.object_code:
        return 0
    return int(
        stand.session.exec(
            select(func.count())
            .select_from(EvidenceLink)
            .where(
                EvidenceLink.object_code == voucher.object_code,
                col(EvidenceLink.entry_id) <= stand.at.position,
            )
        ).one()
    )


def ledger(stand: Standpoint, asked: Asked) -> Paper:
    """The sub-ledger of one account of one book, for a year or from the beginning.

    Raises:
        NotFound: No party or account was named.
        NotOpened: The institution keeps no book.

    依据: 财会〔2004〕12号; 财会〔2023〕14号 (明细账)
    """
    party = party_by_code(stand.session, required(asked.party, "主体（--party）"))
    code = required(asked.subject, "科目编码")
    since = date(asked.year, 1, 1) if asked.year else date.min
    before, lines = sub_ledger(stand.session, party.id, code, stand.at, since=since)
    if asked.year:
        lines = [line for line in lines if line.dated_on.year == asked.year]
    titles = asset_titles(stand)
    names = {row.title for row in accounts_by_id(stand.session).values() if row.code == code}
    if not names:
        raise NotFound("科目", code)
    after = lines[-1].balance_fen if lines else before
    totals = {
        "debit": sum(line.debit_fen for line in lines),
        "credit": sum(line.credit_fen for line in lines),
    }
    body: list[Row] = [{"summary": "上年结转", "balance": before}] if before else []
    body += [
        {
            "on": line.dated_on,
            "voucher": line.voucher,
            "summary": hide_personal_numbers(line.summary),
            "subject": subject_text(line.facts, titles),
            "debit": line.debit_fen,
            "credit": line.credit_fen,
            "balance": line.balance_fen,
        }
        for line in _merged(lines)
    ]
    title = party_titles(stand.session, stand.at)[party.id]
    name = "、".join(sorted(names))
    return Paper(
        name="sub-ledger",
        title="明细账",
        subtitle=f"{title}　{code} {name}{f'　{asked.year}年' if asked.year else ''}",
        organisation=title,
        footer=stand.footer,
        parameters=asked.parameters(),
        headline=(
            Fact("期初余额", before, "fen"),
            Fact("借方发生", totals["debit"], "fen"),
            Fact("贷方发生", totals["credit"], "fen"),
            Fact("期末余额", after, "fen"),
        ),
        tables=(
            Table(
                "",
                (
                    Column("on", "日期", "date"),
                    Column("voucher", "凭证号", align="center", width_weight=2),
                    Column("summary", "摘要", width_weight=8),
                    Column("subject", "辅助核算", width_weight=6),
                    Column("debit", "借方", "fen"),
                    Column("credit", "贷方", "fen"),
                    Column("balance", "余额（借为正）", "fen"),
                ),
                body,
                totals=totals,
                closing={"balance": after},
                page_subtotals=True,
            ),
        ),
        paragraphs_after=(f"{SCOPE_NOTE}。",),
        proof_lines=(
            ProofLine("期初＋借－贷 = 期末", before + totals["debit"] - totals["credit"], after),
        ),
        sources=SOURCES,
        signatures=("记账", "复核", "单位负责人"),
    )


@dataclass(frozen=True)
class LedgerRow:
    """Neighbouring lines of one voucher about one thing, households summed; fen."""

    dated_on: date
    voucher: str
    summary: str
    facts: Facts
    debit_fen: int
    credit_fen: int
    balance_fen: int


def _merged(lines: Sequence[LedgerLine]) -> list[LedgerRow]:
    found: list[LedgerRow] = []
    last: tuple[int, Facts] | None = None
    for line in lines:
        key = (line.voucher_id, line.facts)
        debit, credit = line.debit_fen, line.credit_fen
        if key == last:
            before = found.pop()
            debit, credit = debit + before.debit_fen, credit + before.credit_fen
        found.append(
            LedgerRow(
                line.dated_on,
                line.voucher,
                line.summary,
                line.facts,
                debit,
                credit,
                line.balance_fen,
            )
        )
        last = key
    return found
