"""When is a month or a year closed, and what must be done before? Closed for ever, in order.

A month closes by an entry that keeps its balances; a year by the eleven steps of the village
accountant, which book what is missing (depreciation, carrying income and expense to surplus,
extractions), close December with it and give the three tables. Only an unexplained difference to
the bank blocks; what is in transit or unpaid is listed.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import func
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, select

from assets import trail
from assets.asof import AsOf
from assets.models import Party
from assets.money import format_yuan
from assets.procedure.duties import database_message
from assets.trail import Act, Entry, desk_of, heads
from ledger.books import depreciation
from ledger.books.accounts import Chart
from ledger.books.balances import (
    Detail,
    TrialBalance,
    bank_balance,
    details,
    keep_month,
)
from ledger.books.conversion import FIRST_NEW_MONTH, is_converted
from ledger.books.depreciation import month_end, months_between
from ledger.books.posting import (
    CREDIT,
    DEBIT,
    YEAR_END,
    Line,
    chart_of,
    entity_of,
    month_of,
    post,
)
from ledger.books.refusals import CannotClose, ClosedPeriod
from ledger.books.statutory import (
    BalanceSheet,
    SurplusStatement,
    balance_sheet,
    surplus_statement,
)
from ledger.models import (
    Attendance,
    BankLine,
    BankMatch,
    BookEntity,
    MonthClose,
    Plan,
    PlanChannel,
    PlantStatement,
    StatementLine,
    Transfer,
    Voucher,
    YearClose,
)

YEAR_DISTRIBUTION = "YEAR_DISTRIBUTION"
DECEMBER = 12


# --- months -----------------------------------------------------------------------------------


def next_month(month: int) -> int:
    """The month after YYYYMM.

    >>> next_month(201912), next_month(202001)
    (202001, 202002)
    """
    return month + 89 if month % 100 == DECEMBER else month + 1


def closed_through(session: Session, entity: BookEntity) -> int:
    """The last closed month of a book, YYYYMM; 0 when none is closed.

    依据: 内部约定 (months close in order)
    """
    found = session.exec(
        select(func.max(MonthClose.month)).where(MonthClose.entity_id == entity.id)
    ).one()
    return int(found or 0)


def next_to_close(session: Session, entity: BookEntity) -> int:
    """The month that closes next: months close in order.

    依据: 内部约定 (months close in order)
    """
    last = closed_through(session, entity)
    return next_month(last) if last else month_of(entity.opened_on)


def close_month(session: Session, act: Act, party_id: int, month: int) -> MonthClose:
    """Close a month of a book for ever and keep its balances; December closes with the year.

    Raises:
        CannotClose: Not the next month, not over yet, December, or before the new chart.
        AlreadyDone: It is closed already.

    依据: 会计法 (按期结账); 内部约定 (a closed month is never reopened)
    """
    party = session.get_one(Party, party_id)
    with trail.entry(
        session, act, "month-close", f"{party.code}/{month}", what=f"主体{party.code}{month}月结"
    ) as written:
        entity = entity_of(session, party_id)
        if month % 100 == DECEMBER:
            raise CannotClose(
                f"{month // 100}年12月随年度结账一并办理。"
                f"请执行 fupin book close --year {month // 100}。"
            )
        _refuse_unready(session, entity, party, month, act.on)
        closed, _ = _close(session, written, entity, month)
        _sign_head(session, written, "month-close")
        return closed


def close_through(session: Session, act: Act, party_id: int, month: int) -> list[MonthClose]:
    """Close every open month up to and including ``month``, each by its own entry.

    Raises:
        CannotClose: As ``close_month``.

    依据: 会计法 (按期结账)
    """
    entity = entity_of(session, party_id)
    done = []
    while (following := next_to_close(session, entity)) <= month:
        done.append(close_month(session, act, party_id, following))
    if not done:
        party = session.get_one(Party, party_id)
        raise ClosedPeriod(party.code, month)
    return done


def _refuse_unready(
    session: Session, entity: BookEntity, party: Party, month: int, on: date
) -> None:
    if not 1 <= month % 100 <= DECEMBER:
        raise CannotClose(f"“{month}”不是月份。请写成 2019-03 这样。")
    expected = next_to_close(session, entity)
    if month < expected:
        raise ClosedPeriod(party.code, month)
    if month > expected:
        raise CannotClose(
            f"主体{party.code}应先结{expected // 100}年{expected % 100}月，再结"
            f"{month // 100}年{month % 100}月。"
        )
    if on < month_end(month):
        raise CannotClose(
            f"{month // 100}年{month % 100}月未满，不能结账。请于{month_end(month)}以后办理。"
        )
    if month == FIRST_NEW_MONTH and not is_converted(session, entity):
        raise CannotClose(
            f"主体{party.code}尚未办理新旧会计制度衔接，2024年1月不能结账。"
            "请先执行 fupin book convert。"
        )


def _close(
    session: Session, written: Entry, entity: BookEntity, month: int
) -> tuple[MonthClose, TrialBalance]:
    balance = keep_month(session, entity, month)
    if not balance.is_balanced:
        raise CannotClose(f"{month}科目余额表借贷不平，不能结账。请先执行 fupin check。")
    count = session.exec(
        select(func.count())
        .select_from(Voucher)
        .where(Voucher.entity_id == entity.id, Voucher.month == month)
    ).one()
    closed = written.add(
        MonthClose(
            entity_id=entity.id,
            month=month,
            closed_on=written.act.on,
            voucher_count=count,
            trial_balance_sha256=balance.sha256(),
        )
    )
    try:
        session.flush()
    except DBAPIError as error:
        raise CannotClose(database_message(error)) from error
    return closed, balance


def _sign_head(session: Session, written: Entry, purpose: str) -> None:
    """A close cuts a checkpoint where the signing key is at hand."""
    if desk_of(session).signing_key is not None:
        heads.cut(session, written, purpose)


# --- the bank ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class InTransit:
    """One item that stands on one side only (未达账项), signed: into the account is positive."""

    side: str
    dated_on: date
    reference: str
    summary: str
    amount_fen: int


@dataclass(frozen=True)
class BankStanding:
    """Bank and book at a day (银行存款余额调节表). ``statement_fen`` None: no statement imported."""

    through: date
    statement_fen: int | None
    book_fen: int
    items: tuple[InTransit, ...] = ()

    @property
    def unexplained_fen(self) -> int:
        """Statement less book, after the items that stand on one side only; 0 is good."""
        if self.statement_fen is None:
            return 0
        at_bank = sum(item.amount_fen for item in self.items if item.side == "BANK")
        in_book = sum(item.amount_fen for item in self.items if item.side == "BOOK")
        return (self.statement_fen - at_bank) - (self.book_fen - in_book)


def bank_standing(session: Session, party_id: int, through: date) -> BankStanding:
    """Compare the last bank statement with the book at a day.

    Bank rows on hold or set aside with a reason, and vouchers of the day's month that no bank row
    is matched to, are in transit.

    依据: 会计法 (账实核对); 内部约定 (only an unexplained difference blocks)
    """
    book_fen = bank_balance(session, party_id, AsOf(through))
    lines = session.exec(
        select(BankLine)
        .where(BankLine.party_id == party_id, col(BankLine.booked_on) <= through)
        .order_by(col(BankLine.booked_on), col(BankLine.id))
    ).all()
    if not lines:
        return BankStanding(through, None, book_fen)
    latest = _latest_matches(session, party_id)
    items = [
        InTransit("BANK", line.booked_on, line.bank_ref, line.summary, line.in_fen - line.out_fen)
        for line in lines
        if line.id in latest and latest[line.id].outcome in ("ON_HOLD", "IGNORED")
    ]
    matched = [match for match in latest.values() if match.outcome == "MATCHED"]
    items += _book_side(session, party_id, through, lines[0].booked_on, matched)
    return BankStanding(through, lines[-1].balance_fen, book_fen, tuple(items))


def _latest_matches(session: Session, party_id: int) -> dict[int, BankMatch]:
    rows = session.exec(
        select(BankMatch)
        .join(BankLine, col(BankLine.id) == col(BankMatch.bank_line_id))
        .where(BankLine.party_id == party_id)
        .order_by(col(BankMatch.id))
    ).all()
    return {row.bank_line_id: row for row in rows}


def _book_side(
    session: Session,
    party_id: int,
    through: date,
    statement_from: date,
    matched: Sequence[BankMatch],
) -> list[InTransit]:
    """Vouchers that no bank row is matched to: of the day's month, or, where rows are matched
    voucher by voucher, of the whole time the statement covers.
    """
    from ledger.books.balances import CARRIED_KINDS, sub_ledger

    used = chart_of(entity_of(session, party_id), through)
    named = {
        key for match in matched if match.object_kind == "VOUCHER" for key in match.reason.split()
    }
    objects = {match.object_code for match in matched if match.object_kind != "VOUCHER"}
    first = through.replace(day=1)
    since = min(first, statement_from) if named else first
    _, lines = sub_ledger(session, party_id, used.roles["bank"], AsOf(through), since=since)
    vouchers = {
        row.id: row
        for row in session.exec(
            select(Voucher).where(col(Voucher.id).in_(sorted({line.voucher_id for line in lines})))
        ).all()
    }
    return [
        InTransit(
            "BOOK", line.dated_on, line.voucher, line.summary, line.debit_fen - line.credit_fen
        )
        for line in lines
        if line.kind not in CARRIED_KINDS
        and vouchers[line.voucher_id].object_code not in objects
        and f"{line.month}/{vouchers[line.voucher_id].number}" not in named
    ]


# --- years ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """One of the eleven steps and what came of it."""

    number: int
    title: str
    outcome: str


@dataclass(frozen=True)
class YearResult:
    """A closed year: the steps, and the three tables."""

    close: YearClose
    steps: tuple[Step, ...]
    trial_balance: TrialBalance
    balance_sheet: BalanceSheet
    surplus: SurplusStatement | None
    bank: BankStanding


@dataclass
class _Year:
    """What the steps of one close work with."""

    session: Session
    written: Entry
    entity: BookEntity
    party: Party
    year: int
    used: Chart
    steps: list[Step] = field(default_factory=list)

    @property
    def end(self) -> date:
        return date(self.year, DECEMBER, 31)

    @property
    def at(self) -> AsOf:
        return AsOf(self.end)

    def note(self, title: str, outcome: str) -> None:
        self.steps.append(Step(len(self.steps) + 1, title, outcome))

    def post(self, kind: str, summary: str, lines: Sequence[Line]) -> None:
        """A year-end voucher on the last day; nothing where there are no lines."""
        if any(line.amount_fen for line in lines):
            post(
                self.session,
                self.written,
                party_id=self.party.id,
                dated_on=self.end,
                kind=kind,
                summary=summary,
                lines=lines,
                concerns=self.year,
            )


def close_year(
    session: Session,
    act: Act,
    party_id: int,
    year: int,
    *,
    reserve_fen: int = 0,
    member_fen: int = 0,
    bank: BankStanding | None = None,
) -> YearResult:
    """Close a year by the eleven steps; December closes with it.

    ``reserve_fen`` is extracted to 公积公益金, ``member_fen`` distributed to members by decision.
    ``bank`` is the reconciliation, worked out here when not given.

    Raises:
        CannotClose: Months open, year before open, year not over, or the bank differs unexplained.
        AlreadyDone: The year is closed already.

    依据: 财会〔2004〕12号; 财会〔2023〕14号; 财农〔2021〕121号
    """
    party = session.get_one(Party, party_id)
    with trail.entry(
        session, act, "year-close", f"{party.code}/{year}", what=f"主体{party.code}{year}年度结账"
    ) as written:
        entity = entity_of(session, party_id)
        end = date(year, DECEMBER, 31)
        work = _Year(session, written, entity, party, year, chart_of(entity, end))
        _refuse_unready(session, entity, party, year * 100 + DECEMBER, act.on)
        standing = bank or bank_standing(session, party_id, end)
        _reconcile(work, standing)
        _compare_with_agency(work)
        _count_assets(work)
        _depreciate(work)
        _accrue_wages(work)
        _list_unpaid(work)
        surplus_fen = _carry_to_surplus(work)
        _distribute_surplus(work, reserve_fen, member_fen)
        distributable_fen, differences = _explain_surplus(work, surplus_fen)
        _, balance = _close(session, written, entity, year * 100 + DECEMBER)
        closed = written.add(
            YearClose(
                entity_id=entity.id,
                year=year,
                closed_on=act.on,
                surplus_fen=surplus_fen,
                distributable_fen=distributable_fen,
                differences=differences,
            )
        )
        work.note("结账并打印三表", "科目余额表、资产负债表、收益及收益分配表已生成")
        work.note("公布", "请将三表张榜公布，并把检查点交村务监督委员会保存")
        _sign_head(session, written, "year-close")
        sheet = balance_sheet(session, party_id, work.at)
        surplus = None if entity.memorandum else surplus_statement(session, party_id, year)
        return YearResult(closed, tuple(work.steps), balance, sheet, surplus, standing)


def _reconcile(work: _Year, bank: BankStanding) -> None:
    if bank.statement_fen is None:
        work.note("逐户核对往来和银行", "没有导入银行对账单，未核对银行余额")
        return
    if bank.unexplained_fen:
        raise CannotClose(
            f"主体{work.party.code}{work.year}年末银行对账单余额{format_yuan(bank.statement_fen)}元，"
            f"账面{format_yuan(bank.book_fen)}元，扣除未达账项后仍有"
            f"{format_yuan(bank.unexplained_fen)}元差异未说明，不能结账。请先逐笔对账。"
        )
    work.note(
        "逐户核对往来和银行",
        f"银行{format_yuan(bank.statement_fen)}元，账面{format_yuan(bank.book_fen)}元，"
        f"未达账项{len(bank.items)}笔",
    )


def _compare_with_agency(work: _Year) -> None:
    rows = work.session.exec(
        select(PlantStatement.stream, StatementLine.amount_fen, Transfer.id)
        .join(PlantStatement, col(PlantStatement.id) == col(StatementLine.plant_statement_id))
        .join(
            Transfer,
            col(Transfer.statement_line_id) == col(StatementLine.id),
            isouter=True,
        )
        .where(
            StatementLine.holder_party_id == work.party.id,
            col(PlantStatement.confirmed_on) <= work.end,
        )
    ).all()
    waiting = [fen for _, fen, passed in rows if passed is None]
    work.note(
        "与结转机构核对两个收益流",
        f"结转单{len(rows)}行，尚未拨付{len(waiting)}行，计{format_yuan(sum(waiting))}元",
    )


def _count_assets(work: _Year) -> None:
    owned = [row for row in _details(work) if row.code in ("141", *depreciation.PROPERTY_CODES)]
    total = sum(row.balance_fen for row in owned)
    count = len({row.facts.asset_id for row in owned})
    work.note("清查资产", f"账面帮扶资产{count}项，{format_yuan(total)}元，请与实物盘点表核对")


def _depreciate(work: _Year) -> None:
    if work.entity.memorandum:
        work.note("计提十二次折旧", "备查账不计提折旧")
        return
    booked = depreciation.depreciated_months(work.session, work.entity, work.year)
    first = max(work.year * 100 + 1, month_of(work.entity.opened_on))
    wanted = range(first, work.year * 100 + DECEMBER + 1)
    added = [
        month
        for month in wanted
        if month not in booked
        and depreciation.depreciate_within(
            work.session, work.written, work.party.id, month, dated_on=work.end
        )
    ]
    work.note("计提十二次折旧", f"已按月计提{len(booked)}次，年末补提{len(added)}次")


def _accrue_wages(work: _Year) -> None:
    count = work.session.exec(
        select(func.count())
        .select_from(Attendance)
        .where(Attendance.month == work.year * 100 + DECEMBER)
    ).one()
    work.note("计提12月劳务费", f"12月考勤已登记{count}人次；未登记的请先补登")


def _list_unpaid(work: _Year) -> None:
    unpaid = [row for row in _details(work) if row.household_id and row.balance_fen]
    total = -sum(row.balance_fen for row in unpaid)
    households = {row.household_id for row in unpaid}
    work.note("列出退汇和未发放", f"{len(households)}户未领，计{format_yuan(total)}元")


def _carry_to_surplus(work: _Year) -> int:
    """Income and expense to 本年收益, then to 收益分配—未分配收益; returns the surplus."""
    if work.entity.memorandum:
        work.note("损益结转", "备查账没有损益科目")
        return 0
    rows = [
        row for row in _details(work) if work.used.accounts[row.code].kind in ("INCOME", "EXPENSE")
    ]
    surplus_fen = -sum(row.balance_fen for row in rows)
    lines = [_cleared(row) for row in rows]
    lines.append(_balancing(work.used.roles["surplus"], surplus_fen))
    work.post(YEAR_END, f"结转{work.year}年损益", lines)
    work.post(
        YEAR_END,
        f"结转{work.year}年收益",
        [
            _balancing(work.used.roles["surplus"], -surplus_fen),
            _balancing(work.used.roles["undistributed"], surplus_fen),
        ],
    )
    work.note("损益结转", f"本年收益{format_yuan(surplus_fen)}元，转入收益分配")
    return surplus_fen


def _cleared(row: Detail) -> Line:
    """The line that brings a balance to zero, on the other side."""
    return Line(
        row.code,
        CREDIT if row.balance_fen > 0 else DEBIT,
        abs(row.balance_fen),
        *row.facts,
        row.household_id,
    )


def _balancing(code: str, credit_fen: int) -> Line:
    """An amount on the credit side, or on the debit side where it is negative."""
    return Line(code, CREDIT if credit_fen > 0 else DEBIT, abs(credit_fen))


def _distribute_surplus(work: _Year, reserve_fen: int, member_fen: int) -> None:
    """弥补亏损 → 提取 → 成员 → 结转; earmarks of plans are compared with the extraction."""
    if work.entity.memorandum:
        work.note("收益分配", "备查账不作收益分配")
        return
    roles = work.used.roles
    welfare_fen = _provide_welfare(work)
    free_fen = -sum(row.balance_fen for row in _details(work) if row.code == roles["undistributed"])
    if reserve_fen < 0 or member_fen < 0 or reserve_fen + member_fen > max(free_fen, 0):
        raise CannotClose(
            f"未分配收益为{format_yuan(free_fen)}元，不够提取{format_yuan(reserve_fen)}元、"
            f"向成员分配{format_yuan(member_fen)}元。请核对提取数。"
        )
    work.post(
        YEAR_DISTRIBUTION,
        f"提取{work.year}年公积公益金",
        _pair(roles["reserve_extraction"], roles["reserve"], reserve_fen),
    )
    work.post(
        YEAR_DISTRIBUTION,
        f"{work.year}年向成员分配",
        _pair(roles["member_distribution"], roles["member_payable"], member_fen),
    )
    used_up = [
        row
        for row in _details(work)
        if work.used.accounts[row.code].parent == "322" and row.code != roles["undistributed"]
    ]
    lines = [_cleared(row) for row in used_up]
    lines.append(_balancing(roles["undistributed"], -sum(row.balance_fen for row in used_up)))
    work.post(YEAR_END, f"结转{work.year}年收益分配", lines)
    earmarked_fen = _earmarked(work)
    left = -sum(row.balance_fen for row in _details(work) if row.code == roles["undistributed"])
    work.note(
        "弥补亏损、提取、成员分配、结转",
        f"提取公积公益金{format_yuan(reserve_fen)}元（方案预留{format_yuan(earmarked_fen)}元），"
        f"提取福利费{format_yuan(welfare_fen)}元，向成员分配{format_yuan(member_fen)}元，"
        f"年末未分配{format_yuan(left)}元",
    )


def _provide_welfare(work: _Year) -> int:
    """Until 2023 aid was paid from 应付福利费, provided from 收益分配 at year end."""
    roles = work.used.roles
    if "welfare" not in roles:
        return 0
    rows = [row for row in _details(work) if row.code == roles["welfare"]]
    overdrawn = sum(row.balance_fen for row in rows)
    if overdrawn <= 0:
        return 0
    lines = [_cleared(row) for row in rows]
    lines.append(Line(roles["welfare_provision"], DEBIT, overdrawn))
    work.post(YEAR_DISTRIBUTION, f"提取{work.year}年应付福利费", lines)
    return overdrawn


def _pair(debit: str, credit: str, amount_fen: int) -> list[Line]:
    return [Line(debit, DEBIT, amount_fen), Line(credit, CREDIT, amount_fen)]


def _earmarked(work: _Year) -> int:
    """Reserves set aside by the plans of the year (方案预留), which book nothing."""
    found = work.session.exec(
        select(func.coalesce(func.sum(PlanChannel.amount_fen), 0))
        .join(Plan, col(Plan.id) == col(PlanChannel.plan_id))
        .where(
            Plan.holder_party_id == work.party.id,
            Plan.income_year == work.year,
            PlanChannel.channel == "RESERVE",
        )
    ).one()
    return int(found)


def _explain_surplus(work: _Year, surplus_fen: int) -> tuple[int, str]:
    """Distributable income confirmed in the year, and why the surplus differs from it."""
    confirmed = work.session.exec(
        select(func.coalesce(func.sum(StatementLine.amount_fen), 0))
        .join(PlantStatement, col(PlantStatement.id) == col(StatementLine.plant_statement_id))
        .where(
            StatementLine.holder_party_id == work.party.id,
            col(PlantStatement.confirmed_on).between(date(work.year, 1, 1), work.end),
        )
    ).one()
    distributable_fen = int(confirmed)
    worn_fen = int(
        work.session.exec(
            select(func.coalesce(func.sum(Voucher.debit_fen), 0)).where(
                Voucher.entity_id == work.entity.id,
                Voucher.kind == depreciation.DEPRECIATION,
                col(Voucher.concerns_period).between(work.year * 100 + 1, work.year * 100 + 12),
            )
        ).one()
    )
    parts = {"折旧": -worn_fen}
    if "welfare" not in work.used.roles:
        parts["公益支出"] = -_public_expense(work)
    parts["其他（应计未收、未确认）"] = surplus_fen - distributable_fen - sum(parts.values())
    named = {name: fen for name, fen in parts.items() if fen}
    said = "，".join(f"{name}{format_yuan(fen)}元" for name, fen in named.items()) or "无差异"
    work.note(
        "核对本年收益与可分配收益",
        f"本年收益{format_yuan(surplus_fen)}元，可分配{format_yuan(distributable_fen)}元：{said}",
    )
    return distributable_fen, json.dumps(named, ensure_ascii=False, sort_keys=True)


def _public_expense(work: _Year) -> int:
    from ledger.books.balances import turnover

    moved = turnover(work.session, work.party.id, work.year, work.at)
    debit, credit = moved.get((work.used.name, "514"), (0, 0))
    return debit - credit


def _details(work: _Year) -> list[Detail]:
    """Balances on the chart of the year, as they stand now."""
    rows = details(work.session, work.party.id, work.at)
    return [row for row in rows if row.chart == work.used.name]


def open_months(session: Session, entity: BookEntity, on: date) -> int:
    """How many months that are over are not closed yet (待结账月数).

    依据: 内部约定 (what waits is counted for the to-do list)
    """
    following = next_to_close(session, entity)
    over = month_of(on) if on == month_end(month_of(on)) else _previous(month_of(on))
    return max(0, months_between(following, over) + 1)


def _previous(month: int) -> int:
    return month - 89 if month % 100 == 1 else month - 1
