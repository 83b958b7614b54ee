"""How do contracts enter the book? One row each; the schedule of what is due is made with it.

A registered contract is not changed by a file: a new agreement has a new number.
"""

from datetime import date
from typing import Any

from sqlmodel import Session, col, select

from assets.asof import AsOf, current_rows
from assets.columns import label_of
from assets.errors import InvalidValue, RowProblem
from assets.intake import Batch, Handler, Outcome, Row
from assets.intake.registered import Codes, filled, refuse_nothing_new, taken_in, taking_in
from assets.models import AssetClass, AssetFact, ContractDue, ContractKind, OperationContract
from assets.money import format_yuan
from assets.operation import DUE_KINDS, Cycle, Due, schedule, yearly_amount
from assets.parties import party_codes, party_ids
from assets.registration import asset_ids
from assets.remarks import Remark
from assets.trail import Act


def check(session: Session, batch: Batch, on: date) -> list[RowProblem]:
    """Every problem of the rows against the book."""
    if taken_in(session, batch):
        return []
    known = _known(session)
    assets, parties = Codes("资产", asset_ids(session)), Codes("单位和主体", party_ids(session))
    problems: list[RowProblem] = []
    for row in batch.rows:
        assets.find(row, "asset_code", problems)
        parties.find(row, "counterparty_code", problems)
        try:
            _dues(row)
        except InvalidValue as wrong:
            message = str(wrong)
            problems.append(row.problem("dates-reversed", "ends_on", message, ""))
        before = known.get(row["contract_code"])
        if before is not None and any(row.get(name) != before.get(name) for name in _FIELDS):
            message = f"合同{row['contract_code']}已登记，内容与本行不同。"
            remedy = "合同内容不能由导入更改；续签、改签请用新的合同编号。"
            problems.append(row.problem("already-registered", "contract_code", message, remedy))
    return problems


def remarks(session: Session, batch: Batch, on: date) -> list[RowProblem]:
    """What is odd about the rows without being refused.

    依据: 内部约定 (class rules are soft where life is)
    """
    ids = asset_ids(session)
    facts = {row.asset_id: row for row in current_rows(session, AssetFact, ("asset_id",), AsOf())}
    found = []
    for row in batch.rows:
        found += [each.at(row) for each in _amount_remarks(row)]
        fact = facts.get(ids.get(row["asset_code"], 0))
        if fact is not None and fact.asset_class != AssetClass.OPERATING:
            message = f"{label_of(AssetClass, fact.asset_class)}资产签有经营合同。"
            remedy = "已照实登记；请考虑重新分类。"
            found.append(Remark("contract-unusual", "asset_code", message, remedy).at(row))
        if not row["starts_on"] <= row["first_due_on"] <= row["ends_on"]:
            message = f"首次应收日期{row['first_due_on']}不在合同期内。"
            found.append(Remark("dates-out-of-order", "first_due_on", message).at(row))
    return found


def _amount_remarks(row: Row) -> list[Remark]:
    kind, found = ContractKind.from_label(row["contract_type"]), []
    stated = row.get("yearly_due_fen")
    computed = yearly_amount(None, row.get("principal_fen"), row.get("agreed_return_ppm"))
    if kind in DUE_KINDS and stated is None and computed is None:
        message = f"{kind.label}合同没有写应收金额，排不出应收计划。"
        found.append(Remark("no-due-amount", "yearly_due_fen", message, "请补填年租金或收益率。"))
    if stated is not None and computed is not None and stated != computed:
        message = f"年收益{format_yuan(stated)}元，按本金和收益率计算为{format_yuan(computed)}元。"
        found.append(Remark("amounts-differ", "yearly_due_fen", message, "应收计划按所填年收益。"))
    return found


def apply(session: Session, act: Act, batch: Batch) -> Outcome:
    """Write the contracts not known yet, each with its schedule of dues."""
    with taking_in(session, act, batch) as written:
        known = _known(session)
        new = [row for row in batch.rows if row["contract_code"] not in known]
        last = session.exec(
            select(OperationContract.entry_id).order_by(col(OperationContract.id).desc())
        ).first()
        refuse_nothing_new(batch, written, len(new), last or 0)
        assets, parties = asset_ids(session), party_ids(session)
        numbers = written.insert(
            OperationContract,
            [
                {
                    "code": row["contract_code"],
                    "asset_id": assets[row["asset_code"]],
                    "kind": ContractKind.from_label(row["contract_type"]).value,
                    "counterparty_id": parties[row["counterparty_code"]],
                    "principal_fen": row.get("principal_fen"),
                    "yearly_fen": row.get("yearly_due_fen"),
                    "rate_ppm": row.get("agreed_return_ppm"),
                    "starts_on": row["starts_on"],
                    "ends_on": row["ends_on"],
                    "cycle": Cycle.from_label(row["payment_period"]).value,
                    "first_due_on": row["first_due_on"],
                    **batch.source(row),
                }
                for row in new
            ],
        )
        made = [
            {
                "contract_id": number,
                "due_no": due.due_no,
                "due_on": due.due_on,
                "period_from": due.period_from,
                "period_to": due.period_to,
                "amount_fen": due.amount_fen,
            }
            for number, row in zip(numbers, new, strict=True)
            for due in _dues(row)
        ]
        written.insert(ContractDue, made)
        return Outcome(written.id, {"合同": len(new), "应收": len(made)})


def _dues(row: Row) -> list[Due]:
    """The schedule of a row; empty for a contract that promises no sum."""
    yearly = yearly_amount(
        row.get("yearly_due_fen"), row.get("principal_fen"), row.get("agreed_return_ppm")
    )
    cycle = Cycle.from_label(row["payment_period"])
    made = schedule(row["starts_on"], row["ends_on"], row["first_due_on"], cycle, yearly or 0)
    return made if yearly else []


_FIELDS = (
    "contract_code",
    "asset_code",
    "contract_type",
    "counterparty_code",
    "principal_fen",
    "yearly_due_fen",
    "agreed_return_ppm",
    "starts_on",
    "ends_on",
    "payment_period",
    "first_due_on",
)


def export(session: Session) -> list[dict[str, Any]]:
    """Every contract, by code.

    依据: 内部约定 (what is exported can be imported again)
    """
    return [filled(row) for _, row in sorted(_known(session).items())]


def _known(session: Session) -> dict[str, dict[str, Any]]:
    """Contract code → the row of the workbook as the book has it."""
    assets = {each: code for code, each in asset_ids(session).items()}
    parties = party_codes(session)
    return {
        row.code: {
            "contract_code": row.code,
            "asset_code": assets[row.asset_id],
            "contract_type": label_of(ContractKind, row.kind),
            "counterparty_code": parties[row.counterparty_id],
            "principal_fen": row.principal_fen,
            "yearly_due_fen": row.yearly_fen,
            "agreed_return_ppm": row.rate_ppm,
            "starts_on": row.starts_on,
            "ends_on": row.ends_on,
            "payment_period": label_of(Cycle, row.cycle),
            "first_due_on": row.first_due_on,
        }
        for row in session.exec(select(OperationContract)).all()
    }


HANDLER = Handler("contracts", check, apply, export)
