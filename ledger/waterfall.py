"""Which use takes how much before the rest goes on, and who gets what of it?

A rule of distribution is a list of steps over one distributable amount, taken in the order in
which they are declared: fixed amounts, portions, rates per unit, and at the end exactly one
``Remaining`` that takes what is left. A step either stays with the body (a reserve, a retention)
or is shared among the members by a weight, with a floor and a cap if the rule says so.

The steps are checked before any money is looked at. Where the money does not reach, the line says
how much was asked, met and short; nothing is silently scaled down and no fen disappears: the met
amounts and what is carried forward add up to the distributable amount.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from typing import TypeAlias

from ledger.apportionment import apportion, check_group, member_keys, whole_weights
from ledger.errors import (
    DuplicateKey,
    MissingBase,
    NegativeTotal,
    NegativeWeight,
    NothingToApportion,
    OutOfBounds,
    UnknownClass,
    UnsoundWaterfall,
)


class Rounding(Enum):
    """Where the part of a fen goes when a portion or a rate is not whole."""

    FLOOR = "FLOOR"
    CEIL = "CEIL"


class Base(Enum):
    """The amount a portion is of (计提基数); a share rule always states it."""

    DISTRIBUTABLE = "可分配收益"
    LEFT = "本步之前的余额"
    GROSS = "收入总额"
    NET = "扣除费用后的净收入"


class Measure(Enum):
    """What a member's weight counts (分配依据)."""

    SHARE = "股份"
    HEAD = "人口"
    HOUSEHOLD = "户"
    FACTOR_SCORE = "因素得分"
    LABOUR_DAY = "出工天数"


class Bound(Enum):
    """Which limit of the rule settled a member's amount."""

    FLOOR = "下限"
    CAP = "上限"


@dataclass(frozen=True)
class Member:
    """A household or a village as the roster of the cut-off day has it."""

    code: str
    heads: int = 0
    share: Fraction = Fraction(0)
    household_class: str = ""
    factor_score: Fraction = Fraction(0)
    labour_days: Fraction = Fraction(0)


_UNITS: dict[Measure, Callable[[Member], Fraction]] = {
    Measure.SHARE: lambda member: Fraction(member.share),
    Measure.HEAD: lambda member: Fraction(member.heads),
    Measure.HOUSEHOLD: lambda member: Fraction(1),
    Measure.FACTOR_SCORE: lambda member: Fraction(member.factor_score),
    Measure.LABOUR_DAY: lambda member: Fraction(member.labour_days),
}


@dataclass(frozen=True)
class WeightRule:
    """Whom a step is shared among: units of one measure, times the weight of the class if given.

    ``floor_fen`` and ``cap_fen`` hold for each household with a weight, or for each of its heads
    where ``bounds_per_head``. A household without weight gets nothing, also no floor.
    """

    by: Measure
    class_weights: Mapping[str, int | Fraction] | None = None
    floor_fen: int = 0
    cap_fen: int | None = None
    bounds_per_head: bool = False


@dataclass(frozen=True)
class Fixed:
    """An amount taken off first, e.g. 20,000 yuan for repairs (定额)."""

    channel: str
    amount_fen: int
    to: WeightRule | None = None


@dataclass(frozen=True)
class Portion:
    """A share of a stated base, rounded as stated, at least and at most so much (比例)."""

    channel: str
    share: Fraction
    rounding: Rounding
    base: Base = Base.DISTRIBUTABLE
    at_least_fen: int = 0
    at_most_fen: int | None = None
    to: WeightRule | None = None


@dataclass(frozen=True)
class PerUnit:
    """So much per head, household, class or day of labour (按标准); asks for what it adds up to."""

    channel: str
    rate_fen: int | Fraction
    to: WeightRule
    rounding: Rounding = Rounding.FLOOR


@dataclass(frozen=True)
class Remaining:
    """All that the steps before have left (其余); stands once, at the end."""

    channel: str
    to: WeightRule | None = None


Step: TypeAlias = Fixed | Portion | PerUnit | Remaining


@dataclass(frozen=True)
class StepProblem:
    """One contradiction in a rule; ``name`` is stable, ``step`` counts from 1 (0: the whole)."""

    name: str
    step: int
    message: str


@dataclass(frozen=True)
class Part:
    """What one member gets of one step; weight and amount 0 are kept, to show it was considered.

    ``odd_fen`` is 1 where the largest remainder added a fen; ``bound`` where a limit decided.
    """

    code: str
    weight: Fraction
    amount_fen: int
    odd_fen: int = 0
    bound: Bound | None = None


@dataclass(frozen=True)
class Line:
    """One step with money: asked = met + shortage + unplaced.

    ``shortage_fen`` is what the money did not reach; ``unplaced_fen`` what the caps let nobody
    take, which goes on to the next step; ``floors_unmet_fen`` what members lack to their floor.
    """

    step: int
    channel: str
    asked_fen: int
    met_fen: int
    unplaced_fen: int = 0
    floors_unmet_fen: int = 0
    parts: tuple[Part, ...] = ()

    @property
    def shortage_fen(self) -> int:
        """What the step asked for and the money did not reach."""
        return self.asked_fen - self.met_fen - self.unplaced_fen


@dataclass(frozen=True)
class Outcome:
    """All lines of one waterfall; Σ met + carried forward = distributable."""

    distributable_fen: int
    lines: tuple[Line, ...]
    carried_forward_fen: int

    @property
    def shortage_fen(self) -> int:
        """What all steps together asked for and did not get."""
        return sum(line.shortage_fen for line in self.lines)


def portion_fen(base_fen: int, share: Fraction, rounding: Rounding) -> int:
    """A share of an amount in whole fen, rounded down or up as the rule says.

    依据: 内部约定 (a reserve is rounded down, a required minimum up: never below the rule)
    """
    floor, rest = divmod(base_fen * share.numerator, share.denominator)
    return floor + 1 if rest and rounding is Rounding.CEIL else floor


def check(steps: Sequence[Step]) -> list[StepProblem]:
    """All contradictions of a rule that show without any money; empty means it may be used.

    依据: 内部约定 (a rule that cannot come out is refused when it is written, not when it is paid)
    """
    problems = [
        found for number, step in enumerate(steps, 1) for found in _check_step(number, step)
    ]
    return problems + _check_portions(steps) + _check_remaining(steps)


def _check_step(number: int, step: Step) -> list[StepProblem]:
    found = []
    if isinstance(step, Portion) and not 0 < step.share <= 1:
        text = f"第{number}步“{step.channel}”的比例为{step.share}，应大于0且不超过1"
        found.append(StepProblem("portion-out-of-range", number, text))
    if isinstance(step, Portion) and _crossed(step.at_least_fen, step.at_most_fen):
        text = f"第{number}步“{step.channel}”的最低额高于最高额"
        found.append(StepProblem("floor-over-cap", number, text))
    if step.to is not None and _crossed(step.to.floor_fen, step.to.cap_fen):
        text = f"第{number}步“{step.channel}”的每户下限高于上限"
        found.append(StepProblem("floor-over-cap", number, text))
    if any(amount < 0 for amount in _amounts(step)):
        text = f"第{number}步“{step.channel}”含有负的金额、标准或权重"
        found.append(StepProblem("negative-amount", number, text))
    return found


def _crossed(low_fen: int, high_fen: int | None) -> bool:
    return high_fen is not None and low_fen > high_fen


def _amounts(step: Step) -> list[int | Fraction]:
    """Every number of a step that may not be negative."""
    amounts: list[int | Fraction] = []
    if isinstance(step, Fixed):
        amounts.append(step.amount_fen)
    if isinstance(step, Portion):
        amounts += [step.at_least_fen, step.at_most_fen or 0]
    if isinstance(step, PerUnit):
        amounts.append(step.rate_fen)
    if step.to is not None:
        amounts += [step.to.floor_fen, step.to.cap_fen or 0]
        amounts += (step.to.class_weights or {}).values()
    return amounts


def _portion_sum(steps: Sequence[Step], base: Base) -> Fraction:
    shares = (step.share for step in steps if isinstance(step, Portion) and step.base is base)
    return sum(shares, Fraction(0))


def _check_portions(steps: Sequence[Step]) -> list[StepProblem]:
    found = []
    for base in (Base.DISTRIBUTABLE, Base.GROSS, Base.NET):
        portions = _portion_sum(steps, base)
        if portions > 1:
            text = f"按“{base.value}”计提的比例合计为{portions}，超过1"
            found.append(StepProblem("portions-over-one", 0, text))
    return found


def _check_remaining(steps: Sequence[Step]) -> list[StepProblem]:
    found = []
    for number, step in enumerate(steps[:-1], 1):
        if isinstance(step, Remaining):
            text = f"第{number}步“{step.channel}”为“其余”，只能写一次且写在最后"
            found.append(StepProblem("remaining-not-last", number, text))
    if not steps or not isinstance(steps[-1], Remaining):
        text = "最后一步不是“其余”，尾差和余款没有去处；比例合计已为1的，把最后一项改写为“其余”"
        found.append(StepProblem("remaining-missing", 0, text))
    elif _takes_everything(steps):
        text = f"第{len(steps)}步“其余”分不到钱：前面的比例合计已为1；请删去一项比例"
        found.append(StepProblem("remaining-redundant", len(steps), text))
    return found


def _takes_everything(steps: Sequence[Step]) -> bool:
    whole_left = any(
        isinstance(step, Portion)
        and step.base is Base.LEFT
        and step.share == 1
        and step.at_most_fen is None
        and (step.to is None or step.to.cap_fen is None)
        for step in steps
    )
    return whole_left or _portion_sum(steps, Base.DISTRIBUTABLE) == 1


def distribute(
    distribution: str,
    distributable_fen: int,
    steps: Sequence[Step],
    members: Sequence[Member] = (),
    bases_fen: Mapping[Base, int] | None = None,
) -> Outcome:
    """Take the steps in their order over the distributable fen; pure, nothing is stored.

    ``distribution`` is the number of the plan, from which the order among equal fractions comes.
    ``bases_fen`` gives the amounts for portions of GROSS or NET.

    Raises:
        UnsoundWaterfall: the rule contradicts itself; no money was looked at.
        NegativeTotal: the distributable amount is below zero.
        DuplicateKey: a household is listed twice.
        UnknownClass, MissingBase: the rule needs a weight or an amount that is not there.
        NothingToApportion: a step has money to share and no member has a weight.

    依据: 内部约定 (fixed amounts before portions, in declared order, shortage shown)
    """
    problems = check(steps)
    if problems:
        raise UnsoundWaterfall([problem.message for problem in problems])
    if distributable_fen < 0:
        raise NegativeTotal(distributable_fen)
    roster = _Roster(distribution, members)
    amounts_fen = {**(bases_fen or {}), Base.DISTRIBUTABLE: distributable_fen}
    left_fen = distributable_fen
    lines = []
    for number, step in enumerate(steps, 1):
        amounts_fen[Base.LEFT] = left_fen
        if isinstance(step, PerUnit):
            line = _pay_by_rate(number, step, left_fen, roster)
        else:
            asked_fen = _asked(number, step, amounts_fen)
            line = _pay_amount(number, step, asked_fen, left_fen, roster)
        left_fen -= line.met_fen
        lines.append(line)
    assert left_fen >= 0
    assert sum(line.met_fen for line in lines) + left_fen == distributable_fen
    return Outcome(distributable_fen, tuple(lines), carried_forward_fen=left_fen)


@dataclass(frozen=True)
class _Roster:
    """The members with their order among equal fractions."""

    distribution: str
    members: Sequence[Member]
    keys: list[int] = field(init=False)

    def __post_init__(self) -> None:
        keys = member_keys(self.distribution, [member.code for member in self.members]).tolist()
        seen: set[int] = set()
        for key in keys:
            if key in seen:
                raise DuplicateKey(key)
            seen.add(key)
        object.__setattr__(self, "keys", keys)

    def weights(self, rule: WeightRule) -> list[Fraction]:
        """Units of the measure, times the weight of the household's class."""
        weights: list[Fraction] = []
        for member in self.members:
            units = _UNITS[rule.by](member)
            if rule.class_weights is not None:
                if member.household_class not in rule.class_weights:
                    raise UnknownClass(member.code, member.household_class)
                units *= rule.class_weights[member.household_class]
            if units < 0:
                raise NegativeWeight(units, len(weights))
            weights.append(units)
        return weights

    def parts(
        self,
        weights: list[Fraction],
        amounts_fen: list[int],
        odd_fen: list[int],
        bounds: list[Bound | None],
    ) -> tuple[Part, ...]:
        """One part per member, in the order of the roster."""
        codes = [member.code for member in self.members]
        columns = zip(codes, weights, amounts_fen, odd_fen, bounds, strict=True)
        return tuple(Part(*row) for row in columns)

    def floors_fen(self, rule: WeightRule, weights: list[Fraction]) -> list[int]:
        """The least each member must get; nothing without weight."""
        return [
            rule.floor_fen * self._bound_units(rule, member) if weight else 0
            for member, weight in zip(self.members, weights, strict=True)
        ]

    def caps_fen(self, rule: WeightRule, weights: list[Fraction]) -> list[int] | None:
        """The most each member may get; None where the rule has no cap."""
        if rule.cap_fen is None:
            return None
        return [
            rule.cap_fen * self._bound_units(rule, member) if weight else 0
            for member, weight in zip(self.members, weights, strict=True)
        ]

    @staticmethod
    def _bound_units(rule: WeightRule, member: Member) -> int:
        return member.heads if rule.bounds_per_head else 1


def _asked(number: int, step: Fixed | Portion | Remaining, amounts_fen: Mapping[Base, int]) -> int:
    if isinstance(step, Fixed):
        return step.amount_fen
    if isinstance(step, Remaining):
        return amounts_fen[Base.LEFT]
    if step.base not in amounts_fen:
        raise MissingBase(number, step.base.value)
    asked_fen = portion_fen(amounts_fen[step.base], step.share, step.rounding)
    asked_fen = max(asked_fen, step.at_least_fen)
    return asked_fen if step.at_most_fen is None else min(asked_fen, step.at_most_fen)


def _pay_amount(
    number: int, step: Fixed | Portion | Remaining, asked_fen: int, left_fen: int, roster: _Roster
) -> Line:
    met_fen = min(asked_fen, left_fen)
    if step.to is None:
        return Line(number, step.channel, asked_fen, met_fen)
    weights = roster.weights(step.to)
    floors_fen = roster.floors_fen(step.to, weights)
    caps_fen = roster.caps_fen(step.to, weights)
    if met_fen and not any(weights):
        raise NothingToApportion(met_fen)
    placed_fen = met_fen if caps_fen is None else min(met_fen, sum(caps_fen))
    parts = _share_out(placed_fen, weights, roster, floors_fen, caps_fen)
    unmet_fen = sum(
        max(0, floor_fen - part.amount_fen)
        for floor_fen, part in zip(floors_fen, parts, strict=True)
    )
    return Line(number, step.channel, asked_fen, placed_fen, met_fen - placed_fen, unmet_fen, parts)


def _pay_by_rate(number: int, step: PerUnit, left_fen: int, roster: _Roster) -> Line:
    """Each member's rate × units; where the money is short, in proportion to these amounts."""
    weights = roster.weights(step.to)
    floors_fen = roster.floors_fen(step.to, weights)
    caps_fen = roster.caps_fen(step.to, weights)
    wanted_fen = [portion_fen(1, weight * step.rate_fen, step.rounding) for weight in weights]
    due_fen = [max(wanted, low) for wanted, low in zip(wanted_fen, floors_fen, strict=True)]
    if caps_fen is not None:
        due_fen = [min(due, high) for due, high in zip(due_fen, caps_fen, strict=True)]
    asked_fen = sum(due_fen)
    if asked_fen <= left_fen:
        bounds = map(_bound_met, wanted_fen, due_fen)
        parts = roster.parts(weights, due_fen, [0] * len(weights), list(bounds))
        return Line(number, step.channel, asked_fen, asked_fen, parts=parts)
    amounts_fen = apportion(left_fen, due_fen, roster.keys)
    odd_fen = [
        amount_fen - left_fen * due // asked_fen
        for amount_fen, due in zip(amounts_fen, due_fen, strict=True)
    ]
    parts = roster.parts(weights, amounts_fen, odd_fen, [None] * len(weights))
    unmet_fen = _unmet(floors_fen, parts)
    return Line(number, step.channel, asked_fen, left_fen, 0, unmet_fen, parts)


def _bound_met(wanted_fen: int, due_fen: int) -> Bound | None:
    if due_fen == wanted_fen:
        return None
    return Bound.FLOOR if due_fen > wanted_fen else Bound.CAP


def _unmet(floors_fen: list[int], parts: Sequence[Part]) -> int:
    pairs = zip(floors_fen, parts, strict=True)
    return sum(max(0, floor_fen - part.amount_fen) for floor_fen, part in pairs)


def _share_out(
    total_fen: int,
    weights: list[Fraction],
    roster: _Roster,
    floors_fen: list[int],
    caps_fen: list[int] | None,
) -> tuple[Part, ...]:
    """By weight between the bounds; where even the floors are too much, in proportion to them."""
    lows, highs = floors_fen, caps_fen
    shares = whole_weights(weights)
    if sum(floors_fen) > total_fen:
        shares, lows, highs = floors_fen, [0] * len(weights), None
    amounts_fen, odd_fen, bounds = _between(total_fen, shares, roster.keys, lows, highs)
    return roster.parts(weights, amounts_fen, odd_fen, bounds)


def apportion_within(
    total_fen: int,
    weights: Sequence[int],
    keys: Sequence[int],
    floors_fen: Sequence[int],
    caps_fen: Sequence[int] | None = None,
) -> list[int]:
    """Split whole fen by weights so that nobody falls below a floor or rises above a cap.

    Whoever would pass a bound is settled at it, the others share the rest by weight, exactly as in
    filling communicating vessels; the odd fen go as in ``apportion``. Members without weight get
    nothing, whatever their floor says.

    Raises:
        OutOfBounds: the floors add up to more than the total, or the caps to less.
        NegativeTotal, NegativeWeight, DuplicateKey: as ``apportion``.

    依据: 内部约定 (floors and caps per household, the sum stays exact)
    """
    check_group(total_fen, weights, keys)
    chosen = [i for i, weight in enumerate(weights) if weight]
    low_fen = sum(floors_fen[i] for i in chosen)
    high_fen = None if caps_fen is None else sum(caps_fen[i] for i in chosen)
    if low_fen > total_fen or (high_fen is not None and high_fen < total_fen):
        raise OutOfBounds(total_fen, low_fen, high_fen)
    return _between(total_fen, weights, keys, floors_fen, caps_fen)[0]


def _between(
    total_fen: int,
    weights: Sequence[int],
    keys: Sequence[int],
    floors_fen: Sequence[int],
    caps_fen: Sequence[int] | None,
) -> tuple[list[int], list[int], list[Bound | None]]:
    """Amounts, odd fen and bounds, for bounds that are known to be possible.

    A free member's exact share lies between two whole bounds, so neither rounding passes them.
    """
    highs = [total_fen] * len(weights) if caps_fen is None else caps_fen
    bounds = _settled_at_bounds(total_fen, weights, floors_fen, highs)
    amounts_fen, odd_fen = [0] * len(weights), [0] * len(weights)
    for i, bound in bounds.items():
        amounts_fen[i] = floors_fen[i] if bound is Bound.FLOOR else highs[i]
    free = [i for i in range(len(weights)) if i not in bounds]
    rest_fen = total_fen - sum(amounts_fen)
    free_sum = sum(weights[i] for i in free)
    shares_fen = apportion(rest_fen, [weights[i] for i in free], [keys[i] for i in free])
    for i, share_fen in zip(free, shares_fen, strict=True):
        amounts_fen[i] = share_fen
        odd_fen[i] = share_fen - rest_fen * weights[i] // max(free_sum, 1)
    return amounts_fen, odd_fen, [bounds.get(i) for i in range(len(weights))]


def _settled_at_bounds(
    total_fen: int,
    weights: Sequence[int],
    floors_fen: Sequence[int],
    caps_fen: Sequence[int],
) -> dict[int, Bound]:
    """Who ends at a floor or a cap, each round on the side that weighs more.

    If lifting to the floors costs more than the caps give back, the level of the free members can
    only sink, so whoever is below the floor now stays there; and the other way round.
    """
    settled: dict[int, Bound] = {}
    free = [i for i, weight in enumerate(weights) if weight]
    rest_fen = total_fen
    while free:
        free_sum = sum(weights[i] for i in free)
        lack = {i: floors_fen[i] * free_sum - rest_fen * weights[i] for i in free}
        excess = {i: rest_fen * weights[i] - caps_fen[i] * free_sum for i in free}
        below = [i for i in free if lack[i] > 0]
        above = [i for i in free if excess[i] > 0]
        if not below and not above:
            break
        balance = sum(lack[i] for i in below) - sum(excess[i] for i in above)
        if balance >= 0:
            settled.update(dict.fromkeys(below, Bound.FLOOR))
            rest_fen -= sum(floors_fen[i] for i in below)
        if balance <= 0:
            settled.update(dict.fromkeys(above, Bound.CAP))
            rest_fen -= sum(caps_fen[i] for i in above)
        free = [i for i in free if i not in settled]
    return settled
