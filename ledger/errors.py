"""What can the ledger refuse? Every refusal of ``ledger`` that is not a malformed value.

LedgerError                  a rule of the accounts says no
├── NothingToApportion       money is there, but nobody has a weight
├── NegativeTotal            a negative total: a reversal negates the old lines instead
├── NegativeWeight           a member has a weight below zero
└── DuplicateKey             the same member stands twice in one group
"""

from assets.errors import Refused


def _yuan(amount_fen: int) -> str:
    """Fen as yuan with two decimals, for the sentences below."""
    sign = "-" if amount_fen < 0 else ""
    return f"{sign}{abs(amount_fen) // 100:,}.{abs(amount_fen) % 100:02d}元"


def _in_group(group: int | None) -> str:
    return "" if group is None else f"第{group + 1}组："


class LedgerError(Refused):
    """A rule of the accounts says no (账务不予办理)."""


class NothingToApportion(LedgerError):
    """There is money, but the weights add up to zero (无可分摊对象)."""

    def __init__(self, total_fen: int, group: int | None = None) -> None:
        super().__init__(
            f"{_in_group(group)}有{_yuan(total_fen)}待分摊，但全部成员的权重合计为零，"
            "钱没有去处。请核对名册和份额，或先决定这笔钱结转到哪里。"
        )
        self.total_fen = total_fen
        self.group = group


class NegativeTotal(LedgerError):
    """A negative amount is never apportioned anew (负数不分摊)."""

    def __init__(self, total_fen: int, group: int | None = None) -> None:
        super().__init__(
            f"{_in_group(group)}待分摊金额为{_yuan(total_fen)}，是负数。"
            "更正请把原凭证逐行红字冲销，不要把负数重新分摊。"
        )
        self.total_fen = total_fen
        self.group = group


class NegativeWeight(LedgerError):
    """A member has a weight below zero (权重为负)."""

    def __init__(self, weight: int, position: int) -> None:
        super().__init__(
            f"第{position + 1}个成员的权重为{weight}，是负数。请在名册或份额表中改为零或正数。"
        )
        self.weight = weight
        self.position = position


class DuplicateKey(LedgerError):
    """Two members of one group have the same key: one of them is listed twice (成员重复)."""

    def __init__(self, key: int, group: int | None = None) -> None:
        super().__init__(
            f"{_in_group(group)}有两个成员的排序键相同（{key}），多半是同一户在名册中列了两次。"
            "请删去重复的一行后重新计算。"
        )
        self.key = key
        self.group = group
