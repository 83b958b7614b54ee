"""How much did this household get, when, how was it reckoned, whom to ask (明白卡)?

The sentences are those of ``ledger.explain``; the card adds the days, the tail of the account and
whom to ask. It is handed to the household: no full number, no status, no reason.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import col, select

from assets.columns import label_of
from assets.errors import NotFound
from assets.models import Notice, ObjectKind, Role
from assets.procedure.actors import actor_titles, appointments
from ledger.explain import Explanation, explain
from ledger.models import Channel, PaymentBatch, PaymentLine, PaymentResult, Plan
from ledger.people.households import HouseholdRow, household_rows
from ledger.people.persons import PersonalData
from reports.bundle import Bundle
from reports.paper import (
    Column,
    Fact,
    Paper,
    ProofLine,
    Row,
    Table,
    chinese_day,
    hide_personal_numbers,
    shows_personal_number,
)
from reports.payees import names_on, posted_name
from reports.standpoint import Asked, Standpoint, required, source_text

PURPOSE = "出具明白卡"
_POINT = "·"
LARGE_TYPE_CHARACTERS = 330
"""So much text fits on one sheet in the largest letters; more is set a little smaller."""
TEXT_SIZES_PT = (14, 13, 12, 11, 10, 9)
"""Sizes of a longer card's sentences, the largest first; 9 points can still be read."""
_LINE_WIDTH_PT = 442
_ROOM_PT = 590
_TABLE_ROW_PT = 20
_PARAGRAPH_GAP_PT = 6


@dataclass(frozen=True)
class Paid:
    """To whom a household's money of some plans went, and when the last of it arrived."""

    payees: tuple[int, ...]
    last_on: date | None


def paper(stand: Standpoint, asked: Asked) -> Paper:
    """The card of one household for an income year.

    Raises:
        NotFound: No such household, or no year was named.

    依据: 政府信息公开条例 第二十条; 国办函〔2021〕51号 (收益分配公开透明)
    """
    code = required(asked.subject, "农户").replace(_POINT, "")
    rows = household_rows(stand.session, stand.at, codes=[code])
    if not rows:
        raise NotFound("农户", code)
    return papers(stand, rows, _year(asked))[0]


def spelled(code: str) -> str:
    """A 户编号 that cannot be taken for a phone or ID number: such ones are set in fours.

    >>> spelled("5000000036"), spelled("13812345678")
    ('5000000036', '1381·2345·678')
    """
    if not shows_personal_number(code):
        return code
    return _POINT.join(code[start : start + 4] for start in range(0, len(code), 4))


def of_village(stand: Standpoint, asked: Asked) -> Bundle:
    """The cards of all households of a village that were on the roster of a plan of the year.

    Raises:
        NotFound: No village was named, or nobody there was on a roster.

    依据: 内部约定 (每户一卡)
    """
    village = required(asked.village, "村")
    rows = household_rows(stand.session, stand.at, village=village)
    found = papers(stand, rows, _year(asked))
    if not found:
        raise NotFound("明白卡", f"{stand.place(village)}{asked.year}年")
    return Bundle(
        "household-cards",
        f"{stand.place(village)}{asked.year}年收益明白卡",
        found,
        asked.parameters(),
        stand.footer,
    )


def _year(asked: Asked) -> int:
    if not asked.year:
        raise NotFound("收益年度（--year）", "（未填）")
    return asked.year


def papers(stand: Standpoint, rows: Sequence[HouseholdRow], year: int) -> list[Paper]:
    """The cards of some households, with one look at the names of all of them.

    A household that was on no roster of the year has no card unless it is the only one asked for.

    依据: 个人信息保护法 (one access record for one print)
    """
    explained = [(row, explain(stand.session, row.code, year, stand.at)) for row in rows]
    if len(rows) > 1:
        explained = [(row, found) for row, found in explained if found.plans]
    paid = {row.code: paid_of(stand, row.household_id, found.plans) for row, found in explained}
    ids = set(_ids(explained, paid))
    scope = rows[0].code if len(rows) == 1 else f"{rows[0].village_code} {year}" if rows else ""
    people = names_on(stand, ids, PURPOSE, scope=scope)
    names = {person_id: posted_name(people, person_id) for person_id in ids}
    return [
        _card(
            stand,
            row,
            explain(stand.session, row.code, year, stand.at, names=names),
            paid[row.code],
            people,
        )
        for row, _ in explained
    ]


def _ids(
    explained: Iterable[tuple[HouseholdRow, Explanation]], paid: dict[str, Paid]
) -> Iterable[int]:
    for row, found in explained:
        yield from (row.head_person_id, *found.worker_ids, *paid[row.code].payees)


def _card(
    stand: Standpoint,
    row: HouseholdRow,
    found: Explanation,
    paid: Paid,
    people: dict[int, PersonalData],
) -> Paper:
    name = posted_name(people, row.head_person_id)
    where = f"{row.town}{row.village}"
    sentences = tuple(_sentences(stand, row, found, paid, people))
    is_large = sum(map(len, sentences)) <= LARGE_TYPE_CHARACTERS
    return Paper(
        name="household-card",
        title="收益明白卡",
        subtitle=f"{where}{row.group}　{name}户　{found.year}年",
        footer=stand.footer,
        parameters={"subject": spelled(row.code), "year": str(found.year)},
        headline=(
            Fact("您家得", found.total_fen, "fen", words=True),
            Fact("到账", chinese_day(paid.last_on) if paid.last_on else "尚未到账"),
        ),
        paragraphs_before=sentences,
        tables=(_money(found),) if found.money else (),
        proof_lines=(
            ProofLine("Σ各项 = 您家得", sum(x.amount_fen for x in found.money), found.total_fen),
        ),
        sources=_sources(found),
        layout="card",
        audience="posted",
        large_type=is_large,
        text_size_pt=0 if is_large else text_size_pt(sentences, len(found.money)),
    )


def text_size_pt(sentences: Sequence[str], row_count: int) -> int:
    """The largest size in points at which a card stays on one sheet, the smallest if none does.

    Chinese characters are as wide as high; what a line cannot hold wholly goes to the next one.

    依据: 内部约定 (一户一页)
    """
    for size in TEXT_SIZES_PT:
        lines = sum(-(-len(each) // (_LINE_WIDTH_PT // size)) for each in sentences)
        # Line height 1.6, in tenths.
        height = lines * size * 16 // 10 + _PARAGRAPH_GAP_PT * len(sentences)
        if height + _TABLE_ROW_PT * (row_count + 2) <= _ROOM_PT:
            return size
    return TEXT_SIZES_PT[-1]


def _sources(found: Explanation) -> tuple[str, ...]:
    """The documents behind the reckoning in one line; codes of the book stand in the text."""
    sources = (source_text(each.source) for each in (*found.origin, *found.reckoning))
    documents = dict.fromkeys(each for each in sources if "〔" in each or each.startswith("内部"))
    return ("；".join(documents),) if documents else ()


def _sentences(
    stand: Standpoint,
    row: HouseholdRow,
    found: Explanation,
    paid: Paid,
    people: dict[int, PersonalData],
) -> Iterable[str]:
    if not found.plans:
        yield f"{found.year}年没有把您家列入收益分配名册。"
        yield _whom_to_ask(stand, row, found)
        return
    yield found.headline().text.removesuffix("。") + _into_which(paid, people)
    for question, sentences in (("钱从哪来", found.origin), ("怎么算", found.reckoning)):
        if sentences:
            yield f"{question}：{''.join(sentence.text for sentence in sentences)}"
    yield _whom_to_ask(stand, row, found)


def _into_which(paid: Paid, people: dict[int, PersonalData]) -> str:
    tails = [people[each].card_tail for each in paid.payees if each in people]
    tails = [tail for tail in dict.fromkeys(tails) if tail]
    if not tails:
        return "。"
    return f"，存入尾号{'、'.join(tails)}的卡。"


def _whom_to_ask(stand: Standpoint, row: HouseholdRow, found: Explanation) -> str:
    titles = actor_titles(stand.session)
    who = "、".join(
        dict.fromkeys(
            titles[each.actor_code]
            for each in appointments(stand.session, stand.at)
            if each.role == Role.CLERK
            and each.division_code == row.village_code
            and (each.valid_to is None or each.valid_to >= stand.day)
        )
    )
    phone = _phone(stand, found.plans)
    return f"有疑问找村报账员{who}{'，电话' + phone if phone else ''}。"


def _phone(stand: Standpoint, plans: Sequence[str]) -> str:
    """The phone that stood on the newest notice of these plans."""
    row = stand.session.exec(
        select(Notice.phone)
        .where(
            Notice.object_kind == ObjectKind.PLAN,
            col(Notice.object_code).in_(plans),
            col(Notice.phone).is_not(None),
            col(Notice.entry_id) <= stand.at.position,
        )
        .order_by(col(Notice.id).desc())
        .limit(1)
    ).first()
    return hide_personal_numbers(row or "")


def _money(found: Explanation) -> Table:
    body: list[Row] = [
        {
            "channel": label_of(Channel, each.channel),
            "plan": each.plan_code,
            "amount": each.amount_fen,
            "paid": each.paid_fen,
        }
        for each in found.money
    ]
    return Table(
        "",
        (
            Column("channel", "渠道", width_weight=4),
            Column("plan", "方案", width_weight=5),
            Column("amount", "应得", "fen"),
            Column("paid", "已到账", "fen"),
        ),
        body,
        totals={"amount": found.total_fen, "paid": found.paid_fen},
    )


def paid_of(stand: Standpoint, household_id: int, plans: Sequence[str]) -> Paid:
    """Who received a household's money of some plans, and the day the last of it arrived.

    依据: 内部约定 (到账以银行结果为准)
    """
    rows = stand.session.exec(
        select(PaymentLine, PaymentResult)
        .join(PaymentResult, col(PaymentResult.payment_line_id) == col(PaymentLine.id))
        .join(PaymentBatch, col(PaymentBatch.id) == col(PaymentLine.payment_batch_id))
        .join(Plan, col(Plan.id) == col(PaymentBatch.plan_id))
        .where(
            PaymentLine.household_id == household_id,
            col(Plan.code).in_(plans),
            PaymentResult.outcome == "PAID",
            col(PaymentResult.happened_on) <= stand.day,
            col(PaymentResult.entry_id) <= stand.at.position,
        )
        .order_by(col(PaymentLine.id))
    ).all()
    return Paid(
        tuple(dict.fromkeys(line.payee_person_id for line, _ in rows)),
        max((result.happened_on for _, result in rows), default=None),
    )
