"""Do the cells of one row, and the rows of one file, agree with each other?

Each rule looks at exact values, after every cell was read; it names the field to which the clerk
must go. What needs the book (does this asset exist, was this paid before) is asked elsewhere.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from assets.money import format_yuan
from assets.workbook.cells import PENDING_ID, Rejected
from assets.workbook.kinds import Kind
from assets.workbook.parsed import Row

Values = Mapping[str, Any]
Finding = tuple[str, Rejected]
RowRule = Callable[[Values], Iterator[Finding]]

_DATE_ORDER: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "divisions": (("starts_on", "ends_on"),),
    "actors": (("appointed_on", "left_on"),),
    "funds": (("issued_on", "received_on"),),
    "projects": (("started_on", "completed_on"), ("completed_on", "accepted_on")),
    "contracts": (("starts_on", "ends_on"),),
    "receipts": (("period_from_on", "period_to_on"),),
    "decisions": (("called_on", "met_on"),),
    "notices": (("posted_on", "taken_down_on"),),
    "objections": (("received_on", "answered_on"),),
    "acceptances": (("signed_on", "remedy_by_on"),),
}


def row_findings(kind: Kind, values: Values) -> Iterator[Finding]:
    """Everything in which one row contradicts itself.

    依据: 内部约定 (同一行各栏必须互相符合)
    """
    for earlier, later in _DATE_ORDER.get(kind.name, ()):
        first, second = values.get(earlier), values.get(later)
        if isinstance(first, dt.date) and isinstance(second, dt.date) and second < first:
            headers = kind.by_field[earlier].header, kind.by_field[later].header
            yield (
                later,
                Rejected(
                    "dates-out-of-order",
                    f"“{headers[1]}”{second}早于“{headers[0]}”{first}。",
                    "请对照原始资料核对两个日期。",
                ),
            )
    rule = _ROW_RULES.get(kind.name)
    if rule is not None:
        yield from rule(values)


def has_row_rules(kind: Kind) -> bool:
    """Tell whether rows of a kind need to be looked at one by one."""
    return kind.name in _DATE_ORDER or kind.name in _ROW_RULES


def _needs(values: Values, name: str, header: str, why: str) -> Iterator[Finding]:
    if values.get(name) is None:
        yield name, Rejected("missing-value", f"{why}时必须填写“{header}”。", f"请补填“{header}”。")


def _party(values: Values) -> Iterator[Finding]:
    legal = values.get("party_type") not in ("农户", "镇资金池", "区资金池")
    if legal and values.get("uscc") is None:
        yield from _needs(values, "no_uscc_reason", "无代码原因", "没有统一社会信用代码")
    code, kind = values.get("uscc"), values.get("party_type")
    if isinstance(code, str) and (
        (kind == "村民委员会" and code.startswith("N"))
        or (kind == "村集体经济组织" and code.startswith("54"))
    ):
        yield (
            "uscc",
            Rejected(
                "uscc-of-another-body",
                f"“{kind}”不会用这个代码：N开头的是集体经济组织，54开头的是村民委员会。",
                "请核对类型和代码，村委会与集体经济组织是两个主体。",
            ),
        )


def _asset(values: Values) -> Iterator[Finding]:
    if values.get("asset_class") == "到户类" and values.get("missing_papers") is None:
        yield from _needs(values, "household_code", "到户户编号", "到户类资产又未注明缺失资料")
    if values.get("missing_papers") is not None:
        yield from _needs(values, "missing_reason", "缺失原因", "填了缺失资料")
        yield from _needs(values, "vouched_by", "担保人", "填了缺失资料")


def _contract(values: Values) -> Iterator[Finding]:
    if values.get("contract_type") in ("入股", "保底收益"):
        yield from _needs(values, "principal_fen", "本金(元)", "入股、保底收益合同")
    if values.get("yearly_due_fen") is None and values.get("agreed_return_ppm") is None:
        yield from _needs(values, "yearly_due_fen", "年租金或年收益(元)", "没有约定收益率")


def _receipt(values: Values) -> Iterator[Finding]:
    fen, nature = values.get("received_fen"), values.get("nature")
    if isinstance(fen, int) and fen < 0 and nature not in ("退款", "财政收回", None):
        yield (
            "received_fen",
            Rejected(
                "negative",
                f"款项性质为“{nature}”，到账金额不能是负数。",
                "只有退款、财政收回填负数；请核对性质或金额。",
            ),
        )


def _bank_line(values: Values) -> Iterator[Finding]:
    sides = [name for name in ("income_fen", "expense_fen") if values.get(name)]
    if len(sides) != 1:
        yield (
            "income_fen",
            Rejected(
                "one-side-only",
                "每笔流水必须且只能有收入、支出中的一项。",
                "请核对，两项都有的拆成两行，都没有的删去。",
            ),
        )


def _opening(values: Values) -> Iterator[Finding]:
    sides = [name for name in ("debit_fen", "credit_fen") if values.get(name) is not None]
    if len(sides) != 1:
        yield (
            "debit_fen",
            Rejected(
                "one-side-only",
                "每行必须且只能填借方、贷方中的一项。",
                "请核对，两方都有余额的拆成两行。",
            ),
        )
    if values.get("item_type") == "未分配收益":
        yield from _needs(values, "asset_code", "资产编号", "项目类型为未分配收益")
        yield from _needs(values, "income_year", "所属年度", "项目类型为未分配收益")


def _decision(values: Values) -> Iterator[Finding]:
    entitled, present = values.get("entitled_count"), values.get("present_count")
    if isinstance(entitled, int) and isinstance(present, int) and present > entitled:
        yield (
            "present_count",
            Rejected(
                "counts-disagree",
                f"实到{present}人多于应到{entitled}人。",
                "请对照签到表核对人数。",
            ),
        )
    votes = sum(values.get(name) or 0 for name in ("yes_count", "no_count", "abstain_count"))
    if isinstance(present, int) and votes > present:
        yield (
            "yes_count",
            Rejected(
                "counts-disagree",
                f"赞成、反对、弃权共{votes}票，多于实到{present}人。",
                "请对照会议记录核对票数。",
            ),
        )


def _acceptance(values: Values) -> Iterator[Finding]:
    if values.get("opinion") == "拒收":
        yield from _needs(values, "reason_code", "原因代码", "拒收")
    if values.get("opinion") == "保留接收":
        yield from _needs(values, "reservation", "保留事项", "保留接收")
        yield from _needs(values, "remedy_by_on", "整改期限", "保留接收")


def _payment_result(values: Values) -> Iterator[Finding]:
    if values.get("result") == "退回":
        yield from _needs(values, "return_reason", "退回原因", "结果为退回")
    if values.get("result") == "成功":
        yield from _needs(values, "paid_on", "到账日期", "结果为成功")


def _past_year(values: Values) -> Iterator[Finding]:
    if values.get("missing_papers") is not None:
        yield from _needs(values, "missing_reason", "缺失原因", "填了缺失资料")
        yield from _needs(values, "vouched_by", "担保人", "填了缺失资料")


def _share(values: Values) -> Iterator[Finding]:
    numerator, denominator = values.get("share_numerator"), values.get("share_denominator")
    if isinstance(numerator, int) and isinstance(denominator, int) and numerator > denominator:
        yield (
            "share_numerator",
            Rejected("share-above-one", "份额大于1。", "请核对分子、分母是否填反。"),
        )


_ROW_RULES: Final[Mapping[str, RowRule]] = {
    "parties": _party,
    "assets": _asset,
    "shares": _share,
    "contracts": _contract,
    "receipts": _receipt,
    "bank-statement": _bank_line,
    "opening": _opening,
    "history": _past_year,
    "decisions": _decision,
    "acceptances": _acceptance,
    "payment-results": _payment_result,
}


# --- the rows of one file -------------------------------------------------------------------

Placed = tuple[str, Row]
"""Name of the sheet and the row."""
FileFinding = tuple[Placed, str, Rejected]


def file_findings(kind: Kind, rows: Sequence[Placed]) -> Iterator[FileFinding]:
    """Everything in which the rows of one file contradict each other.

    依据: 内部约定 (所有权、收益权份额合计为1; 同一编号的各行相符)
    """
    for key in kind.keys:
        yield from _duplicates(kind, key, rows)
    if kind.group_fields:
        yield from _disagreements(kind, rows)
    if kind.name == "shares":
        yield from _share_sums(rows)
    if kind.name == "households":
        yield from _heads(rows)


def _duplicates(kind: Kind, key: tuple[str, ...], rows: Sequence[Placed]) -> Iterator[FileFinding]:
    if len(key) == 1:
        alone = [row.values.get(key[0]) for _, row in rows]
        if len(set(alone)) == len(rows):
            return
    needed = [name for name in key if kind.by_field[name].required]
    first: dict[tuple[object, ...], Placed] = {}
    for placed in rows:
        values = placed[1].values
        identity = tuple([values.get(name) for name in key])
        earlier = first.setdefault(identity, placed)
        if earlier is not placed:
            if None in [values.get(name) for name in needed] or not any(identity):
                continue
            if str(identity[0]).startswith(PENDING_ID):
                continue  # An ID that is not known tells nobody apart.
            headers = "、".join(kind.by_field[name].header for name in key)
            where = f"第{earlier[1].number}行" + (
                "" if earlier[0] == placed[0] else f"（表“{earlier[0]}”）"
            )
            yield (
                placed,
                key[0],
                Rejected(
                    "duplicate-key",
                    f"与{where}重复：{headers}相同。",
                    "请删去重复的一行，或改正编号。",
                ),
            )


def _disagreements(kind: Kind, rows: Sequence[Placed]) -> Iterator[FileFinding]:
    """Fields of the object itself that differ between its rows."""
    common = [
        column.field
        for column in kind.columns
        if column.field not in kind.repeated and column.field not in kind.group_fields
    ]
    first: dict[tuple[object, ...], Placed] = {}
    for placed in rows:
        values = placed[1].values
        group = tuple([values.get(name) for name in kind.group_fields])
        earlier = first.setdefault(group, placed)
        if earlier is placed or None in group:
            continue
        before = earlier[1].values
        for name in common:
            if name in values and name in before and values[name] != before[name]:
                header = kind.by_field[name].header
                yield (
                    placed,
                    name,
                    Rejected(
                        "rows-disagree",
                        f"与第{earlier[1].number}行编号相同，但“{header}”不一致。",
                        "同一编号的几行，除明细各栏外内容必须相同；请核对改正。",
                    ),
                )


SUMMED_RIGHTS: Final = ("所有权", "收益权")


def _share_sums(rows: Sequence[Placed]) -> Iterator[FileFinding]:
    """Shares of ownership and of benefit that start on one day must make exactly one."""
    groups: dict[tuple[object, ...], list[Placed]] = defaultdict(list)
    for placed in rows:
        values = placed[1].values
        if values.get("right") in SUMMED_RIGHTS:
            key = (values.get("asset_code"), values["right"], values.get("starts_on"))
            groups[key].append(placed)
    for (asset, right, _), members in groups.items():
        parts = [
            (row.values.get("share_numerator"), row.values.get("share_denominator"))
            for _, row in members
        ]
        if any(not top or not bottom for top, bottom in parts):
            continue
        total = sum(Fraction(top, bottom) for top, bottom in parts if top and bottom)
        if total != 1:
            yield (
                members[-1],
                "share_numerator",
                Rejected(
                    "shares-not-one",
                    f"资产{asset}的{right}份额合计为{total}，不等于1。",
                    "请用分数填写（如1/3填分子1、分母3）；权属未定的部分另填一行，权利人编码留空。",
                ),
            )


def _heads(rows: Sequence[Placed]) -> Iterator[FileFinding]:
    """Every household has exactly one head."""
    households: dict[object, list[Placed]] = defaultdict(list)
    for placed in rows:
        household = placed[1].values.get("household_code")
        if household is not None:
            households[household].append(placed)
    for members in households.values():
        heads = [each for each in members if each[1].values.get("relation_to_head") == "户主"]
        if len(heads) != 1:
            yield (
                heads[1] if heads else members[0],
                "relation_to_head",
                Rejected(
                    "one-head-per-household",
                    f"这一户有{len(heads)}个户主。",
                    "每户必须有且只有一人的“与户主关系”填“户主”。",
                ),
            )


def running_balance(rows: Sequence[Placed]) -> Iterator[FileFinding]:
    """Lines of a bank statement whose balance does not follow from the line before (a warning).

    依据: 内部约定 (余额 = 上笔余额 + 收入 - 支出)
    """
    last: dict[object, int] = {}
    for placed in rows:
        values = placed[1].values
        account, balance = values.get("account_party_code"), values.get("balance_fen")
        if account is None or not isinstance(balance, int):
            continue
        change = (values.get("income_fen") or 0) - (values.get("expense_fen") or 0)
        if account in last and last[account] + change != balance:
            yield (
                placed,
                "balance_fen",
                Rejected(
                    "balance-does-not-follow",
                    f"上笔余额{format_yuan(last[account])}元加减本笔应为"
                    f"{format_yuan(last[account] + change)}元。",
                    "请核对是否缺行、次序颠倒或金额有误。",
                ),
            )
        last[account] = balance
