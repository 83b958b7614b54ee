"""How does a signed opening sheet enter the book? Each institution's sheet as one voucher."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlmodel import Session, col, select

from assets.errors import RowProblem
from assets.intake import Batch, Handler, Outcome, Row
from assets.intake.registered import Codes, filled, grouped, taken_in, taking_in
from assets.masking import holds_personal_number
from assets.models import Party
from assets.parties import party_codes
from assets.registration import asset_ids
from assets.trail import Act
from ledger.books import accounts
from ledger.books.accounts import Chart
from ledger.books.opening import ITEM_KINDS, OpeningItem, difference_fen, is_opened, open_book
from ledger.books.posting import find_entity
from ledger.models import BookEntity, OpeningLine, Stream

LABELS = {code: label for label, code in ITEM_KINDS.items()}


def check(session: Session, batch: Batch, on: date) -> list[RowProblem]:
    """Every problem of the sheets: who, which account, which asset, one side, opened before.

    依据: 内部约定 (期初余额确认表)
    """
    if taken_in(session, batch):
        return []
    parties = {party.code: party for party in session.exec(select(Party)).all()}
    codes = Codes("单位和主体", parties)
    assets = Codes("资产", asset_ids(session))
    problems: list[RowProblem] = []
    for rows in grouped(batch.rows, "party_code").values():
        party = codes.find(rows[0], "party_code", problems)
        problems += _start_problems(session, rows, party)
        for row in rows:
            assets.find(row, "asset_code", problems)
            problems += _row_problems(row, party)
    return problems


def _start_problems(session: Session, rows: Sequence[Row], party: Party | None) -> list[RowProblem]:
    first = rows[0]
    found = []
    for row in rows:
        if row["starts_on"] != first["starts_on"]:
            message = f"同一主体的启用日期不一致（首行为{first['starts_on']}）。"
            found.append(row.problem("starts-differ", "starts_on", message, "请统一启用日期。"))
    if first["starts_on"].day != 1:
        found.append(
            first.problem(
                "not-first-of-month", "starts_on", "启用日期不是月初。", "请改为当月1日。"
            )
        )
    if party is None:
        return found
    entity = find_entity(session, party.id)
    if is_opened(session, party.id) or (
        entity is not None and entity.opened_on != first["starts_on"]
    ):
        message = f"主体{party.code}已建账。"
        found.append(
            first.problem("opened-before", "party_code", message, "期初以后的更正请记凭证。")
        )
    return found


def _row_problems(row: Row, party: Party | None) -> list[RowProblem]:
    found = []
    debit, credit = row.get("debit_fen", 0), row.get("credit_fen", 0)
    if bool(debit) == bool(credit):
        message = "借方和贷方应当只填一个。"
        found.append(row.problem("one-side", "debit_fen", message, "请核对后只填一方。"))
    if party is not None:
        used = _chart(party, row["starts_on"])
        found += _account_problems(row, used)
    if row["item_type"] == "未分配收益":
        for name, label in (
            ("asset_code", "资产编号"),
            ("income_year", "所属年度"),
            ("stream", "收益流"),
        ):
            if row.get(name) is None:
                message = f"未分配收益没有填{label}。"
                found.append(
                    row.problem("undistributed-of-what", name, message, f"请补填{label}。")
                )
    for name in ("counterparty_name", "note"):
        if holds_personal_number(row.get(name, "")):
            message = "说明文字里有证件号或卡号。"
            found.append(row.problem("personal-number", name, message, "请删去号码。"))
    return found


def _account_problems(row: Row, used: Chart) -> list[RowProblem]:
    code = row["account_code"]
    if code not in used.accounts:
        message = f"{used.title}没有科目“{code}”。"
        return [
            row.problem("unknown-account", "account_code", message, "请按启用日适用的科目表填写。")
        ]
    bank = used.roles["bank"]
    if row["item_type"] == "银行" and used.first_level(code).code not in (bank, "101"):
        message = f"银行余额应记科目{bank}，不是{code}。"
        return [row.problem("not-bank", "account_code", message, f"请改为{bank}。")]
    return []


def _chart(party: Party, on: date) -> Chart:
    return accounts.chart_on(on, memorandum=accounts.keeps_memorandum(party.kind))


def apply(session: Session, act: Act, batch: Batch) -> Outcome:
    """Open the books of all institutions of the file.

    依据: 内部约定 (期初余额确认表)
    """
    ids = {code: party_id for party_id, code in party_codes(session).items()}
    assets = asset_ids(session)
    with taking_in(session, act, batch) as written:
        books = vouchers = rest = 0
        for (code,), rows in grouped(batch.rows, "party_code").items():
            items = [_item(row, batch, assets) for row in rows]
            voucher = open_book(session, written, ids[code], rows[0]["starts_on"], items)
            books += 1
            vouchers += voucher is not None
            rest += difference_fen(items) != 0
        counts = {"账套": books, "期初凭证": vouchers, "余额": len(batch.rows), "有差异待查": rest}
        return Outcome(written.id, counts)


def _item(row: Row, batch: Batch, assets: dict[str, int]) -> OpeningItem:
    stream = row.get("stream")
    return OpeningItem(
        kind=ITEM_KINDS[row["item_type"]],
        account_code=row["account_code"],
        debit_fen=row.get("debit_fen", 0),
        credit_fen=row.get("credit_fen", 0),
        asset_id=assets[row["asset_code"]] if row.get("asset_code") else None,
        income_year=row.get("income_year"),
        stream=Stream.from_label(stream).value if stream else None,
        first_receipt_on=row.get("first_received_on"),
        counterparty=row.get("counterparty_name"),
        remark=row.get("note"),
        source=batch.source(row),
    )


def export(session: Session) -> list[dict[str, Any]]:
    """Every line of every opening sheet, by institution, in the order taken.

    依据: 内部约定 (what is exported can be imported again)
    """
    assets = {asset_id: code for code, asset_id in asset_ids(session).items()}
    labels = {str.__str__(stream): stream.label for stream in Stream}
    rows = session.exec(
        select(OpeningLine, BookEntity, Party.code)
        .join(BookEntity, col(BookEntity.id) == col(OpeningLine.entity_id))
        .join(Party, col(Party.id) == col(BookEntity.party_id))
        .order_by(col(Party.code), col(OpeningLine.id))
    ).all()
    return [
        filled(
            {
                "party_code": code,
                "starts_on": entity.opened_on,
                "item_type": LABELS[line.kind],
                "account_code": line.account_code,
                "asset_code": assets[line.asset_id] if line.asset_id else None,
                "income_year": line.income_year,
                "stream": labels[line.stream] if line.stream else None,
                "debit_fen": line.debit_fen or None,
                "credit_fen": line.credit_fen or None,
                "first_received_on": line.first_receipt_on,
                "counterparty_name": line.counterparty,
                "note": line.remark,
            }
        )
        for line, entity, code in rows
    ]


HANDLER = Handler("opening", check, apply, export)
