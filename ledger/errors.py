"""What can the ledger refuse? Every refusal of ``ledger`` that is not a malformed value.

LedgerError                  a rule of the accounts says no
├── NothingToApportion       money is there, but nobody has a weight
├── NegativeTotal            a negative total: a reversal negates the old lines instead
├── NegativeWeight           a member has a weight below zero
├── DuplicateKey             the same member stands twice in one group
├── OutOfBounds              floors ask for more, or caps allow less, than the total
├── UnsoundWaterfall         the steps of a distribution rule contradict each other
├── UnknownClass             a household's class has no weight in the rule
└── MissingBase              a portion is of an amount that was not given
"""

from fractions import Fraction

from assets.errors import Refused
from assets.money import format_yuan


def _in_group(group: int | None) -> str:
    return "" if group is None else f"第{group + 1}笔分配："


class LedgerError(Refused):
    """A rule of the accounts says no (账务不予办理)."""


class NothingToApportion(LedgerError):
    """There is money, but the weights add up to zero (无可分摊对象)."""

    def __init__(self, total_fen: int, group: int | None = None) -> None:
        super().__init__(
            f"{_in_group(group)}有{format_yuan(total_fen)}元待分摊，但全部成员的权重合计为零，"
            "钱没有去处。请核对名册和份额，或先决定这笔钱结转到哪里。"
        )
        self.total_fen = total_fen
        self.group = group


class NegativeTotal(LedgerError):
    """A negative amount is never apportioned anew (负数不分摊)."""

    def __init__(self, total_fen: int, group: int | None = None) -> None:
        super().__init__(
            f"{_in_group(group)}待分摊金额为{format_yuan(total_fen)}元，是负数。"
            "更正请把原凭证逐行红字冲销，不要把负数重新分摊。"
        )
        self.total_fen = total_fen
        self.group = group


class NegativeWeight(LedgerError):
    """A member has a weight below zero (权重为负)."""

    def __init__(self, weight: int | Fraction, position: int) -> None:
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


class OutOfBounds(LedgerError):
    """Floors ask for more than the total, or caps allow less (上下限不容此数)."""

    def __init__(self, total_fen: int, low_fen: int, high_fen: int | None) -> None:
        high = "不限" if high_fen is None else f"{format_yuan(high_fen)}元"
        super().__init__(
            f"待分摊{format_yuan(total_fen)}元，但各成员下限合计{format_yuan(low_fen)}元、"
            f"上限合计{high}，无法同时满足。请调整上下限，或把差额另行安排。"
        )
        self.total_fen = total_fen


class UnsoundWaterfall(LedgerError):
    """The steps of a distribution rule contradict each other (分配规则自相矛盾)."""

    def __init__(self, messages: list[str]) -> None:
        super().__init__(
            f"分配规则有{len(messages)}处问题，未计算任何金额：{'；'.join(messages)}。"
        )
        self.messages = messages


class UnknownClass(LedgerError):
    """A household's class has no weight in the rule (户类别未定权重)."""

    def __init__(self, household_code: str, household_class: str) -> None:
        super().__init__(
            f"户{household_code}的类别为“{household_class}”，分配规则没有给出该类别的权重。"
            "请在名册中改正类别，或在规则中补上（不参加分配的写0）。"
        )
        self.household_code = household_code
        self.household_class = household_class


class MissingBase(LedgerError):
    """A portion is of an amount that was not given (缺少计提基数)."""

    def __init__(self, step: int, base: str) -> None:
        super().__init__(f"规则第{step}步按“{base}”计提，但没有给出该金额。请先确认收入和扣除。")
        self.step = step
        self.base = base
