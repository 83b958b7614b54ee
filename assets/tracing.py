"""Where did it come from and where did it go? The chain of one asset, or of one fund document.

Asked from an asset: fund documents → project → asset → right holders → confirmation → handover.
Asked from a document: receipts → projects → assets. Every step carries its amount, its day and the
file, sheet and row it was read from; every sum is proved in a line. What the books know of income,
distribution and households is appended by the accounts; what lies before the books began ends
honestly at 「期初/历史汇总」.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from fractions import Fraction
from typing import Any

from sqlmodel import Session, col, select

from assets import registration
from assets.asof import AsOf
from assets.columns import label_of
from assets.errors import NotFound
from assets.funds import assets_of_document, document_by_number, received_amounts
from assets.models import (
    Asset,
    AssetClass,
    AssetFact,
    AssetForm,
    AssetRight,
    AssetState,
    Condition,
    DifferenceReason,
    Disposal,
    DisposalStep,
    FundContribution,
    FundDocument,
    FundLevel,
    FundPayment,
    FundReceipt,
    FundType,
    HandoverAct,
    HandoverAnswer,
    HandoverBooking,
    HandoverItem,
    ImportRecord,
    Inspection,
    ObjectKind,
    Project,
    RightKind,
    StatusEvent,
    StockCount,
    StockCountLine,
    TitleCertificate,
    UpkeepDuty,
)
from assets.money import format_yuan
from assets.operation import ConditionKind, condition_events
from assets.ownership import WHOLE_RIGHTS, UnclearReason, current_rights
from assets.parties import party_codes, party_titles
from assets.procedure.evidence import gaps_of
from assets.projects import COURSE, allocations, paid_amounts, payments, project_fact

HISTORY_END = "期初/历史汇总"
BOOK_END = "已移交入账，以下收益、分配和到户由专账接续。"
_ANSWERS = {"ACCEPTED": "接收", "RESERVED": "保留接收", "REFUSED": "拒收"}


@dataclass(frozen=True)
class Node:
    """One step of a chain; ``amount_fen`` is what passed here, ``source`` file, sheet and row."""

    kind: str
    code: str
    title: str
    amount_fen: int | None = None
    on: date | None = None
    note: str = ""
    source: str = ""
    children: tuple["Node", ...] = ()


@dataclass(frozen=True)
class Proof:
    """One sum that must come out, spelled out; ``holds`` says whether it does."""

    text: str
    holds: bool


@dataclass(frozen=True)
class Trace:
    """A chain with its proofs and the place where it ends."""

    root: Node
    proofs: tuple[Proof, ...]
    ending: str

    def as_json(self) -> dict[str, Any]:
        """The whole chain as plain values; amounts stay integers of fen."""
        return asdict(self)

    def lines(self) -> list[str]:
        """The chain as indented lines, the proofs and the ending below."""
        shown = [*_lines(self.root, 0)]
        shown += [f"{'✓' if proof.holds else '✗'} {proof.text}" for proof in self.proofs]
        return [*shown, f"止于：{self.ending}"]


def trace(session: Session, code: str, at: AsOf) -> Trace:
    """The chain of one asset up to its handover, as of a day and position.

    Raises:
        NotFound: No such asset, or not yet on that day.

    依据: 国办函〔2021〕51号 (资金—项目—资产—权属); 内部约定 (trace ends honestly)
    """
    asset = registration.asset_by_code(session, code)
    fact = registration.asset_fact(session, asset.id, at)
    if fact is None:
        raise NotFound("资产（截至该日）", code)
    money = registration.contributions_of(session, asset.id, at)
    rights = current_rights(session, at, asset_ids=[asset.id])
    booking = _booking(session, asset.id, at)
    root = Node(
        "资产",
        code,
        fact.title,
        fact.original_value_fen,
        fact.acquired_on,
        f"{label_of(AssetClass, fact.asset_class)}，{fact.subclass}，{fact.place}",
        source_of(fact),
        (
            _money_node(session, asset, money, at),
            _rights_node(session, rights, at),
            _procedure_node(session, asset, at),
            *_gap_nodes(session, code, at),
        ),
    )
    proofs = (
        _value_proof(session, asset.id, fact, money, at),
        *_share_proofs(rights),
        *_allocation_proofs(session, asset, money, at),
    )
    return Trace(with_files(session, root), proofs, _ending(fact, booking))


def trace_document(session: Session, number: str, at: AsOf) -> Trace:
    """The chain of one fund document down to the assets its money is in, as of a day.

    Raises:
        NotFound: No such document.

    依据: 内部约定 (received, allocated, spent, formed)
    """
    document = document_by_number(session, number)
    given, paid = allocations(session, at), paid_amounts(session, at)
    projects = dict(session.exec(select(Project.id, Project.code)).all())
    ids = sorted({each for each, document_id in given if document_id == document.id})
    in_assets = assets_of_document(session, document.id, at)
    children = [
        *_receipt_nodes(session, document.id, at),
        *(_project_node(session, each, projects[each], document, at) for each in ids),
        *(_asset_node(session, code, amount, at) for code, amount in in_assets),
    ]
    root = _document_node(document, document.amount_fen, children)
    arrived = received_amounts(session, at).get(document.id, 0)
    allocated = sum(given[each, document.id] for each in ids)
    spent = sum(paid.get((each, document.id), 0) for each in ids)
    formed = sum(amount for _, amount in in_assets)
    proofs = (
        _at_most("到位", arrived, "下达", document.amount_fen),
        _at_most("安排", allocated, "下达", document.amount_fen),
        _at_most("支付", spent, "安排", allocated),
        _at_most("形成资产", formed, "支付", spent),
    )
    ending = f"形成资产{len(in_assets)}项，逐项可再查 fupin asset trace 资产编号。"
    return Trace(with_files(session, root), proofs, ending)


# --- money ----------------------------------------------------------------------------------


def _money_node(
    session: Session, asset: Asset, money: Sequence[FundContribution], at: AsOf
) -> Node:
    project = session.exec(select(Project.code).where(Project.id == asset.project_id)).one()
    titles, codes = party_titles(session, at), party_codes(session)
    nodes = []
    for each in money:
        document = session.get(FundDocument, each.fund_document_id)
        assert document is not None, "a contribution names its document"
        party = each.contributor_party_id
        by = f"由{titles.get(party, codes[party])}出资" if party is not None else ""
        below = [
            *_receipt_nodes(session, document.id, at),
            _project_node(session, asset.project_id, project, document, at),
        ]
        nodes.append(_document_node(document, each.amount_fen, below, by, source_of(each)))
    total = sum(each.amount_fen for each in money)
    return Node("资金来源", "", f"{len(money)}笔", total, children=tuple(nodes))


def _document_node(
    document: FundDocument,
    amount_fen: int,
    children: Iterable[Node],
    by: str = "",
    source: str = "",
) -> Node:
    words = [
        label_of(FundLevel, document.level),
        label_of(FundType, document.fund_type),
        f"下达{format_yuan(document.amount_fen)}元",
        *([by] if by else []),
    ]
    return Node(
        "资金文件",
        document.code,
        document.title,
        amount_fen,
        document.issued_on,
        "，".join(words),
        source or source_of(document),
        tuple(children),
    )


def _receipt_nodes(session: Session, document_id: int, at: AsOf) -> list[Node]:
    rows = session.exec(
        select(FundReceipt)
        .where(
            FundReceipt.fund_document_id == document_id,
            col(FundReceipt.received_on) <= at.day,
            col(FundReceipt.entry_id) <= at.position,
        )
        .order_by(col(FundReceipt.received_on), col(FundReceipt.id))
    ).all()
    return [
        Node("到位", "", "资金到位", row.amount_fen, row.received_on, "", source_of(row))
        for row in rows
    ]


def _project_node(
    session: Session, project_id: int, code: str, document: FundDocument, at: AsOf
) -> Node:
    fact = project_fact(session, project_id, at)
    amount = allocations(session, at).get((project_id, document.id), 0)
    made = [
        row
        for row in payments(session, at)
        if (row.project_id, row.fund_document_id) == (project_id, document.id)
    ]
    if fact is None:
        return Node("项目", code, code, amount, children=_payment_nodes(made))
    dates = [
        f"{word}{day}"
        for _, column, word in COURSE
        if (day := getattr(fact, column)) is not None and day <= at.day
    ]
    return Node(
        "项目",
        code,
        fact.title,
        amount,
        fact.approved_on,
        "，".join(["本文号安排", *dates]),
        source_of(fact),
        _payment_nodes(made),
    )


def _payment_nodes(rows: Iterable[FundPayment]) -> tuple[Node, ...]:
    return tuple(
        Node("支付", row.voucher_no, "支付", row.amount_fen, row.paid_on, "", source_of(row))
        for row in rows
    )


def _asset_node(session: Session, code: str, amount: int, at: AsOf) -> Node:
    asset = registration.asset_by_code(session, code)
    fact = registration.asset_fact(session, asset.id, at)
    if fact is None:
        return Node("资产", code, code, amount)
    note = f"原值{format_yuan(fact.original_value_fen)}元"
    return Node("资产", code, fact.title, amount, fact.acquired_on, note, source_of(fact))


# --- rights and procedure -------------------------------------------------------------------


def _rights_node(
    session: Session, rights: dict[tuple[int, str], list[AssetRight]], at: AsOf
) -> Node:
    titles, codes = party_titles(session, at), party_codes(session)
    nodes = [
        Node(
            kind.label,
            codes[row.holder_party_id],
            titles.get(row.holder_party_id, codes[row.holder_party_id]),
            None,
            row.valid_from,
            _share_note(kind, row),
            source_of(row),
        )
        for kind in RightKind
        for (_, right), rows in rights.items()
        if right == kind
        for row in rows
    ]
    return Node("权利", "", f"{len({node.kind for node in nodes})}项权利", children=tuple(nodes))


def _share_note(kind: RightKind, row: AssetRight) -> str:
    part = f"{row.share_numerator}/{row.share_denominator}，" if kind in WHOLE_RIGHTS else ""
    unclear = ""
    if row.unclear_reason:
        unclear = f"（{label_of(UnclearReason, row.unclear_reason)}；{row.next_step}）"
    return f"{part}{row.document}{unclear}"


def _procedure_node(session: Session, asset: Asset, at: AsOf) -> Node:
    events = session.exec(
        select(StatusEvent)
        .where(
            StatusEvent.object_kind == ObjectKind.ASSET.value,
            StatusEvent.object_code == asset.code,
            col(StatusEvent.happened_on) <= at.day,
            col(StatusEvent.entry_id) <= at.position,
        )
        .order_by(col(StatusEvent.id))
    ).all()
    nodes = [
        Node(
            "状态",
            "",
            label_of(AssetState, event.to_state),
            None,
            event.happened_on,
            "，".join(text for text in (event.actor_code, event.remark) if text),
        )
        for event in events
    ]
    nodes += _certificate_nodes(session, asset.id, at)
    nodes += _handover_nodes(session, asset.id, at)
    now = nodes[len(events) - 1].title if events else "未登记"
    return Node("办理", "", f"目前{now}", children=tuple(nodes))


def _certificate_nodes(session: Session, asset_id: int, at: AsOf) -> list[Node]:
    rows = session.exec(
        select(TitleCertificate)
        .where(
            TitleCertificate.asset_id == asset_id,
            col(TitleCertificate.confirmed_on) <= at.day,
            col(TitleCertificate.entry_id) <= at.position,
        )
        .order_by(col(TitleCertificate.id))
    ).all()
    return [
        Node("确权", row.number, "确权证书", None, row.confirmed_on, row.document) for row in rows
    ]


def _handover_nodes(session: Session, asset_id: int, at: AsOf) -> list[Node]:
    rows = session.exec(
        select(HandoverAct, HandoverAnswer)
        .join(HandoverItem, col(HandoverItem.handover_act_id) == col(HandoverAct.id))
        .outerjoin(HandoverAnswer, col(HandoverAnswer.handover_item_id) == col(HandoverItem.id))
        .where(
            HandoverItem.asset_id == asset_id,
            col(HandoverAct.prepared_on) <= at.day,
            col(HandoverAct.entry_id) <= at.position,
        )
        .order_by(col(HandoverItem.id))
    ).all()
    nodes = []
    for act, answer in rows:
        known = answer is not None and answer.answered_on <= at.day
        outcome = _ANSWERS[answer.outcome] if known else "待答复"
        day = answer.answered_on if known else act.prepared_on
        note = f"第{act.attempt_no}次移交，{outcome}"
        nodes.append(Node("移交", act.code, outcome, None, day, note))
    booking = _booking(session, asset_id, at)
    if booking is not None:
        nodes.append(Node("入账", "", "移交入账", None, booking.booked_on))
    return nodes


def _booking(session: Session, asset_id: int, at: AsOf) -> HandoverBooking | None:
    return session.exec(
        select(HandoverBooking).where(
            HandoverBooking.asset_id == asset_id,
            col(HandoverBooking.booked_on) <= at.day,
            col(HandoverBooking.entry_id) <= at.position,
        )
    ).one_or_none()


def _gap_nodes(session: Session, code: str, at: AsOf) -> list[Node]:
    gaps = gaps_of(session, ObjectKind.ASSET, at).get(code, [])
    return [
        Node(
            "缺失声明",
            "",
            gap.missing,
            None,
            gap.declared_on,
            f"{gap.reason}；{gap.vouched_by}证明",
        )
        for gap in gaps
    ]


# --- proofs and ending ----------------------------------------------------------------------


def _value_proof(
    session: Session,
    asset_id: int,
    fact: AssetFact,
    money: Sequence[FundContribution],
    at: AsOf,
) -> Proof:
    given = sum(each.amount_fen for each in money)
    explained = sum(
        row.difference_fen for row in registration.differences(session, at).get(asset_id, [])
    )
    rest = registration.unexplained_fen(fact.original_value_fen, given, explained)
    parts = "+".join(format_yuan(each.amount_fen) for each in money) or "0.00"
    more = f"+差额说明{format_yuan(explained)}" if explained else ""
    text = f"Σ资金来源 {parts}{more} = 原值 {format_yuan(fact.original_value_fen)}"
    return Proof(text, rest == 0)


def _share_proofs(rights: dict[tuple[int, str], list[AssetRight]]) -> Iterator[Proof]:
    for kind in WHOLE_RIGHTS:
        rows = [row for (_, right), found in rights.items() if right == kind for row in found]
        if not rows:
            yield Proof(f"Σ{kind.label} 未登记", False)
            continue
        total = sum(Fraction(row.share_numerator, row.share_denominator) for row in rows)
        parts = "+".join(f"{row.share_numerator}/{row.share_denominator}" for row in rows)
        yield Proof(f"Σ{kind.label} {parts} = {total}", total == 1)


def _allocation_proofs(
    session: Session, asset: Asset, money: Sequence[FundContribution], at: AsOf
) -> Iterator[Proof]:
    given, paid = allocations(session, at), paid_amounts(session, at)
    for document_id in dict.fromkeys(each.fund_document_id for each in money):
        document = session.get(FundDocument, document_id)
        assert document is not None, "a contribution names its document"
        key = (asset.project_id, document_id)
        yield _at_most(f"{document.code}支付", paid.get(key, 0), "安排", given.get(key, 0))


def _at_most(left: str, left_fen: int, right: str, right_fen: int) -> Proof:
    text = f"{left} {format_yuan(left_fen)} ≤ {right} {format_yuan(right_fen)}"
    return Proof(text, left_fen <= right_fen)


def _ending(fact: AssetFact, booking: HandoverBooking | None) -> str:
    used = fact.in_use_on or fact.acquired_on
    if booking is None:
        return f"尚未移交入账；{used}投入使用以来的收益见{HISTORY_END}或待确权收益。"
    if used < booking.booked_on:
        return f"{BOOK_END}{used}至{booking.booked_on}入账以前见{HISTORY_END}。"
    return BOOK_END


def source_of(row: Any) -> str:
    """File (by digest), sheet and row an imported fact was read from; '' for one that was typed.

    依据: 内部约定 (every fact leads back to its row)
    """
    if row.source_sha256 is None:
        return ""
    return f"{row.source_sha256}/{row.source_sheet} 第{row.source_row}行"


def _files(session: Session) -> dict[str, str]:
    """Digest → name of every imported file."""
    return dict(session.exec(select(ImportRecord.file_sha256, ImportRecord.file_title)).all())


def with_files(session: Session, node: Node) -> Node:
    """The chain with file names in place of digests (a file not known by name keeps its own).

    依据: 内部约定 (a clerk knows a file by its name)
    """
    return _with_files(node, _files(session))


def _with_files(node: Node, files: Mapping[str, str]) -> Node:
    sha256, _, place = node.source.partition("/")
    source = f"{files.get(sha256, sha256[:12])} {place}" if place else node.source
    children = tuple(_with_files(child, files) for child in node.children)
    return replace(node, source=source, children=children)


def _lines(node: Node, depth: int) -> Iterator[str]:
    amount = f"{format_yuan(node.amount_fen)}元" if node.amount_fen is not None else ""
    day = str(node.on) if node.on else ""
    parts = [
        node.code,
        node.title,
        amount,
        day,
        node.note,
        f"［{node.source}］" if node.source else "",
    ]
    yield "  " * depth + f"{node.kind} " + " ".join(part for part in parts if part)
    for child in node.children:
        yield from _lines(child, depth + 1)


# --- history --------------------------------------------------------------------------------


@dataclass(frozen=True)
class HistoryEvent:
    """One dated change of an asset and the log entry that holds it."""

    on: date
    entry_id: int
    what: str
    text: str


_CARD_WORDS = (
    ("title", "名称"),
    ("asset_class", "类别"),
    ("form", "形态"),
    ("subclass", "子类"),
    ("place", "坐落"),
    ("spec", "规格"),
    ("quantity", "数量"),
    ("in_use_on", "投入使用"),
    ("life_months", "使用月数"),
    ("condition", "状况"),
    ("household_code", "到户户编号"),
)


def history(session: Session, code: str, at: AsOf) -> list[HistoryEvent]:
    """Every change of one asset's card, state, rights, condition, upkeep and whereabouts, by day.

    Raises:
        NotFound: No such asset.

    依据: 内部约定 (superseded, never edited)
    """
    asset = registration.asset_by_code(session, code)
    events = [
        *_card_events(session, asset.id, at),
        *_state_events(session, asset, at),
        *_right_events(session, asset.id, at),
    ]
    for row in condition_events(session, asset.id, at):
        word = label_of(ConditionKind, row.kind)
        events.append(HistoryEvent(row.happened_on, row.entry_id, word, row.remark))
    events += [*_upkeep_events(session, asset.id, at), *_count_events(session, asset.id, at)]
    events += _disposal_events(session, asset.id, at)
    return sorted(events, key=lambda event: (event.on, event.entry_id))


def _card_events(session: Session, asset_id: int, at: AsOf) -> Iterator[HistoryEvent]:
    rows = session.exec(
        select(AssetFact)
        .where(
            AssetFact.asset_id == asset_id,
            col(AssetFact.valid_from) <= at.day,
            col(AssetFact.entry_id) <= at.position,
        )
        .order_by(col(AssetFact.valid_from), col(AssetFact.id))
    ).all()
    before: AssetFact | None = None
    for row in rows:
        if before is None:
            text = f"{row.title}，原值{format_yuan(row.original_value_fen)}元"
            yield HistoryEvent(row.valid_from, row.entry_id, "登记卡片", text)
        else:
            changed = [
                f"{word}：{_shown(name, getattr(before, name))}→{_shown(name, getattr(row, name))}"
                for name, word in _CARD_WORDS
                if getattr(before, name) != getattr(row, name)
            ]
            yield HistoryEvent(row.valid_from, row.entry_id, "卡片变更", "；".join(changed))
        before = row


def _shown(name: str, value: object) -> str:
    words = {"asset_class": AssetClass, "form": AssetForm, "condition": Condition}.get(name)
    if value is None:
        return "空"
    return label_of(words, str(value)) if words else str(value)


def _state_events(session: Session, asset: Asset, at: AsOf) -> Iterator[HistoryEvent]:
    for row in session.exec(
        select(StatusEvent).where(
            StatusEvent.object_kind == ObjectKind.ASSET.value,
            StatusEvent.object_code == asset.code,
            col(StatusEvent.happened_on) <= at.day,
            col(StatusEvent.entry_id) <= at.position,
        )
    ).all():
        text = label_of(AssetState, row.to_state) + (f"（{row.remark}）" if row.remark else "")
        yield HistoryEvent(row.happened_on, row.entry_id, "状态", text)


def _right_events(session: Session, asset_id: int, at: AsOf) -> Iterator[HistoryEvent]:
    titles = party_titles(session, at)
    versions: dict[tuple[date, int, str], list[AssetRight]] = {}
    for row in session.exec(
        select(AssetRight)
        .where(
            AssetRight.asset_id == asset_id,
            col(AssetRight.valid_from) <= at.day,
            col(AssetRight.entry_id) <= at.position,
        )
        .order_by(col(AssetRight.id))
    ).all():
        versions.setdefault((row.valid_from, row.entry_id, row.kind), []).append(row)
    for (on, entry_id, kind), rows in versions.items():
        parts = [
            f"{titles[row.holder_party_id]} {row.share_numerator}/{row.share_denominator}"
            for row in rows
        ]
        yield HistoryEvent(on, entry_id, label_of(RightKind, kind), "；".join(parts))


def _upkeep_events(session: Session, asset_id: int, at: AsOf) -> Iterator[HistoryEvent]:
    keepers = party_titles(session, at)
    for duty in session.exec(
        select(UpkeepDuty).where(
            UpkeepDuty.asset_id == asset_id,
            col(UpkeepDuty.valid_from) <= at.day,
            col(UpkeepDuty.entry_id) <= at.position,
        )
    ).all():
        until = f"，到{duty.valid_to}为止" if duty.valid_to else ""
        text = f"{duty.duty}：{keepers[duty.keeper_party_id]}{until}"
        yield HistoryEvent(duty.valid_from, duty.entry_id, "管护", text)
    for seen in session.exec(
        select(Inspection).where(
            Inspection.asset_id == asset_id,
            col(Inspection.inspected_on) <= at.day,
            col(Inspection.entry_id) <= at.position,
        )
    ).all():
        yield HistoryEvent(seen.inspected_on, seen.entry_id, "巡查", seen.result)


def _count_events(session: Session, asset_id: int, at: AsOf) -> Iterator[HistoryEvent]:
    for line, count in session.exec(
        select(StockCountLine, StockCount).where(
            StockCount.id == StockCountLine.stock_count_id,
            StockCountLine.asset_id == asset_id,
            col(StockCount.counted_on) <= at.day,
            col(StockCountLine.entry_id) <= at.position,
        )
    ).all():
        reason = line.difference_reason
        why = f"（{label_of(DifferenceReason, reason)}）" if reason else ""
        text = f"{count.code}：账上{line.booked_quantity}，实有{line.found_quantity}{why}"
        yield HistoryEvent(count.counted_on, line.entry_id, "盘点", text)


_DISPOSAL_STEPS = {
    "APPRAISED": "处置评估",
    "DECIDED": "处置决议",
    "APPROVED": "处置批准",
    "SOLD": "处置成交",
    "REUSED": "处置收入再投入",
}


def _disposal_events(session: Session, asset_id: int, at: AsOf) -> Iterator[HistoryEvent]:
    for step, disposal in session.exec(
        select(DisposalStep, Disposal).where(
            Disposal.id == DisposalStep.disposal_id,
            Disposal.asset_id == asset_id,
            col(DisposalStep.happened_on) <= at.day,
            col(DisposalStep.entry_id) <= at.position,
        )
    ).all():
        amount = f"，{format_yuan(step.amount_fen)}元" if step.amount_fen is not None else ""
        text = f"{disposal.code}：{step.document}{amount}"
        yield HistoryEvent(step.happened_on, step.entry_id, _DISPOSAL_STEPS[step.step], text)
