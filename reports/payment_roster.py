"""Who gets how much in this payment, and where does the person sign (发放花名册)?

Two editions of one batch: the posted one with masked numbers, and the internal one with full
numbers for the bank and for signing, which must not hang anywhere. One row for each payee and
channel; rows of one payee share the serial number of the bank's file.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import col, select

from assets.columns import label_of
from assets.errors import InvalidValue, NotFound
from assets.money import format_yuan
from assets.parties import party_titles
from ledger.models import Channel, PayeeAuthority, PaymentBatch, Plan, PlanChannel
from ledger.pay_lines import (
    BatchKind,
    BatchLine,
    LineState,
    Rail,
    ReturnReason,
    batch_by_code,
    batch_lines,
    is_wage,
)
from ledger.people.persons import PersonalData
from ledger.plan_draft import channels_of, shares_of
from reports.paper import Column, Fact, Paper, ProofLine, Row, Table
from reports.payees import Measure, OnRoster, measure_of, names_on, posted_name, roster_of
from reports.standpoint import Asked, Standpoint, known_by, required

EDITIONS = {"posted": "公示版", "internal": "发放版"}
BANNER = "内部凭证　不得张贴"
ROW_HEIGHT_MM = 9


@dataclass(frozen=True)
class RosterRow:
    """One payee's money through one channel in one batch; fen."""

    serial_no: int
    household_id: int
    household_code: str
    group: str
    payee_id: int
    beneficiary_id: int
    channel: str
    standard: str
    quantity: str
    amount_fen: int
    state: str
    happened_on: date | None
    note: str


def paper(stand: Standpoint, asked: Asked) -> Paper:
    """The roster of one batch in one edition (posted unless internal is asked for).

    Raises:
        NotFound: No such batch.
        InvalidValue: An edition that does not exist.

    依据: 国办函〔2021〕51号; 内部约定 (两种版本：公示版、发放版)
    """
    edition = asked.edition or "posted"
    if edition not in EDITIONS:
        raise InvalidValue(f"没有“{edition}”这种版本，请用 --edition posted 或 internal。")
    batch = batch_by_code(stand.session, required(asked.subject, "支付批次"))
    if not known_by(batch.entry_id, stand.at) or batch.made_on > stand.day:
        raise NotFound("支付批次", batch.code)
    plan = stand.session.get(Plan, batch.plan_id)
    assert plan is not None
    roster = roster_of(stand.session, plan)
    rows = rows_of(stand, batch, plan, roster)
    purpose = f"出具发放花名册（{EDITIONS[edition]}）"
    ids = {row.payee_id for row in rows} | {row.beneficiary_id for row in rows}
    people = names_on(stand, ids, purpose, scope=batch.code)
    is_posted = edition == "posted"
    holder = party_titles(stand.session, stand.at)[plan.holder_party_id]
    return Paper(
        name="payment-roster",
        title=f"{holder}发放花名册",
        subtitle=f"{plan.title}　{batch.code}　{label_of(BatchKind, batch.kind)}"
        f"（{EDITIONS[edition]}）",
        banner="" if is_posted else BANNER,
        organisation=holder,
        footer=stand.footer,
        parameters={**asked.parameters(), "edition": edition},
        headline=_headline(batch, rows),
        tables=(_posted(rows, people) if is_posted else _internal(stand, rows, people),),
        proof_lines=(
            ProofLine(
                "Σ各户金额 = 批次金额", sum(row.amount_fen for row in rows), batch.amount_fen
            ),
            ProofLine(
                "支付笔数相符",
                len(batch_lines(stand.session, batch, stand.at)),
                batch.line_count,
                "int",
            ),
        ),
        sources=("国办函〔2021〕51号", f"分配方案{plan.code}"),
        signatures=("制表", "复核", "审批", "盖章"),
        orientation="portrait" if is_posted else "landscape",
        audience="posted" if is_posted else "internal",
    )


def rows_of(
    stand: Standpoint, batch: PaymentBatch, plan: Plan, roster: dict[int, OnRoster]
) -> list[RosterRow]:
    """The rows of a batch by serial number and channel; Σ = the batch.

    依据: 内部约定 (发放表 = 银行文件 = 凭证)
    """
    measures = _measures(stand, plan, roster)
    groups: dict[tuple[int, int, int, str], list[BatchLine]] = {}
    for line in batch_lines(stand.session, batch, stand.at):
        worker = line.beneficiary_person_id
        groups.setdefault((line.serial_no, line.household_id, worker, line.channel), []).append(
            line
        )
    parts = _weights(stand, plan)
    found = []
    order = {channel: place for place, channel in enumerate(Channel)}
    ordered = sorted(groups.items(), key=lambda item: (*item[0][:3], order[Channel(item[0][3])]))  # type: ignore[call-arg]
    for (serial_no, household_id, _, channel), lines in ordered:
        first = lines[0]
        household = roster.get(household_id)
        standard, quantity = _standard(lines, channel, household_id, measures, parts)
        found.append(
            RosterRow(
                serial_no=serial_no,
                household_id=household_id,
                household_code=first.household_code,
                group=household.group if household else "",
                payee_id=first.payee_person_id,
                beneficiary_id=first.beneficiary_person_id
                or (household.head_id if household else 0),
                channel=channel,
                standard=standard,
                quantity=quantity,
                amount_fen=sum(line.amount_fen for line in lines),
                state=first.state,
                happened_on=max((x.happened_on for x in lines if x.happened_on), default=None),
                note=label_of(ReturnReason, first.reason) if first.reason else "",
            )
        )
    return found


def _measures(
    stand: Standpoint, plan: Plan, roster: dict[int, OnRoster]
) -> dict[str, tuple[PlanChannel, Measure]]:
    """Channel → its plan line and measure, for channels of which a plan has one shared line."""
    shares = shares_of(stand.session, plan.id)
    found: dict[str, tuple[PlanChannel, Measure]] = {}
    for channel in channels_of(stand.session, plan.id):
        mine = [share for share in shares if share.channel_id == channel.id]
        if mine and channel.channel not in found:
            found[channel.channel] = channel, measure_of(channel.amount_fen, mine, roster)
    return found


def _weights(stand: Standpoint, plan: Plan) -> dict[tuple[int, int], int]:
    return {
        (share.channel_id, share.household_id): share.weight
        for share in shares_of(stand.session, plan.id)
    }


def _standard(
    lines: Sequence[BatchLine],
    channel: str,
    household_id: int,
    measures: dict[str, tuple[PlanChannel, Measure]],
    weights: dict[tuple[int, int], int],
) -> tuple[str, str]:
    """Standard and quantity as printed: a month's wage and months, or a part and its weight."""
    if is_wage(channel):
        wages = {line.amount_fen for line in lines}
        standard = f"每月{format_yuan(max(wages))}元" if len(wages) == 1 else "按考勤"
        return standard, f"{len({line.month for line in lines})}个月"
    if channel not in measures or len(lines) != 1:
        return "定额", f"{len(lines)}笔"
    plan_channel, measure = measures[channel]
    weight = weights.get((plan_channel.id, household_id), 0)
    return measure.standard, f"{weight}{measure.unit}"


def _headline(batch: PaymentBatch, rows: Sequence[RosterRow]) -> tuple[Fact, ...]:
    paid = sum(row.amount_fen for row in rows if row.state == LineState.PAID)
    facts = [
        Fact("发放总额", batch.amount_fen, "fen", words=True),
        Fact("户数", f"{len({row.household_id for row in rows})}户"),
        Fact("领款人数", f"{len({row.payee_id for row in rows})}人"),
        Fact("发放方式", label_of(Rail, batch.rail)),
    ]
    if any(row.happened_on for row in rows):
        facts.append(Fact("已到账", paid, "fen"))
    return tuple(facts)


def _posted(rows: Sequence[RosterRow], people: dict[int, PersonalData]) -> Table:
    body: list[Row] = [
        {
            "serial": row.serial_no,
            "group": row.group,
            "payee": _payee_text(row, people),
            "id": people.get(row.beneficiary_id or row.payee_id, PersonalData()).masked_id,
            "channel": label_of(Channel, row.channel),
            "standard": row.standard,
            "quantity": row.quantity,
            "amount": row.amount_fen,
        }
        for row in rows
    ]
    return Table(
        "",
        (
            Column("serial", "序号", "serial"),
            Column("group", "组别", width_weight=3),
            Column("payee", "领款人", width_weight=5),
            Column("id", "证件号", width_weight=4),
            Column("channel", "渠道", width_weight=3),
            Column("standard", "标准", width_weight=4),
            Column("quantity", "数量", align="right", width_weight=2),
            Column("amount", "金额", "fen"),
        ),
        body,
        totals={"amount": sum(row.amount_fen for row in rows)},
        words_total=sum(row.amount_fen for row in rows),
        page_subtotals=True,
    )


def _payee_text(row: RosterRow, people: dict[int, PersonalData]) -> str:
    payee = posted_name(people, row.payee_id)
    if row.beneficiary_id and row.beneficiary_id != row.payee_id:
        return f"{posted_name(people, row.beneficiary_id)}（{payee}代领）"
    return payee


def _internal(
    stand: Standpoint, rows: Sequence[RosterRow], people: dict[int, PersonalData]
) -> Table:
    letters = _letters(stand, rows)
    known = any(row.happened_on for row in rows)
    body: list[Row] = []
    for row in rows:
        payee = people.get(row.payee_id, PersonalData())
        named = people.get(row.beneficiary_id, payee)
        body.append(
            {
                "serial": row.serial_no,
                "group": row.group,
                "household": row.household_code,
                "payee": named.name,
                "id": named.id_number or named.id_state,
                "channel": label_of(Channel, row.channel),
                "standard": row.standard,
                "quantity": row.quantity,
                "amount": row.amount_fen,
                "bank": payee.bank,
                "account": payee.card,
                "agent": _agent_text(row, payee, letters),
                "signed": _result_text(row) if known else None,
            }
        )
    return Table(
        "",
        (
            Column("serial", "序号", "serial"),
            Column("group", "组别", width_weight=2),
            Column("household", "户编号", width_weight=3),
            Column("payee", "领款人", width_weight=4),
            Column("id", "证件号", width_weight=4),
            Column("channel", "渠道", width_weight=3),
            Column("standard", "标准", width_weight=3),
            Column("quantity", "数量", align="right", width_weight=2),
            Column("amount", "金额", "fen"),
            Column("bank", "开户行", width_weight=4),
            Column("account", "账号", width_weight=4),
            Column("agent", "代领人及委托书", width_weight=4),
            Column("signed", "签字/到账日", "text" if known else "sign", width_weight=5),
        ),
        body,
        totals={"amount": sum(row.amount_fen for row in rows)},
        words_total=sum(row.amount_fen for row in rows),
        page_subtotals=True,
        row_height_mm=ROW_HEIGHT_MM,
    )


def _letters(stand: Standpoint, rows: Sequence[RosterRow]) -> dict[tuple[int, int], PayeeAuthority]:
    """(household, payee) → the letter under which somebody else collects."""
    ids = {row.household_id for row in rows if row.beneficiary_id != row.payee_id}
    if not ids:
        return {}
    found = stand.session.exec(
        select(PayeeAuthority)
        .where(
            col(PayeeAuthority.household_id).in_(sorted(ids)),
            col(PayeeAuthority.valid_from) <= stand.day,
            col(PayeeAuthority.entry_id) <= stand.at.position,
        )
        .order_by(col(PayeeAuthority.id))
    ).all()
    return {(each.household_id, each.payee_person_id): each for each in found}


def _agent_text(
    row: RosterRow, payee: PersonalData, letters: dict[tuple[int, int], PayeeAuthority]
) -> str:
    if not row.beneficiary_id or row.beneficiary_id == row.payee_id:
        return ""
    letter = letters.get((row.household_id, row.payee_id))
    if letter is None:
        return f"{payee.name}（户主）"
    return f"{payee.name}（{letter.relation}，{letter.document}）"


def _result_text(row: RosterRow) -> str:
    if row.happened_on is None:
        return ""
    state = label_of(LineState, row.state)
    return f"{row.happened_on.isoformat()}{state}{'：' + row.note if row.note else ''}"
