"""Do the steps of a rule come out as declared, and is every shortage said aloud?"""

import math
import random
from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.apportionment import apportion
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
from ledger.waterfall import (
    Base,
    Bound,
    Fixed,
    Measure,
    Member,
    PerUnit,
    Portion,
    Remaining,
    Rounding,
    Step,
    WeightRule,
    apportion_within,
    check,
    distribute,
    portion_fen,
)

TENTH = Fraction(1, 10)
FLOOR, CEIL = Rounding.FLOOR, Rounding.CEIL
REST = Remaining("carried_forward")
PER_HOUSEHOLD = WeightRule(Measure.HOUSEHOLD)
PER_HEAD = WeightRule(Measure.HEAD)


def village(*heads: int) -> list[Member]:
    return [Member(f"户{number:03d}", heads=count) for number, count in enumerate(heads, 1)]


def paid(outcome_line: object) -> list[int]:
    return [part.amount_fen for part in outcome_line.parts]  # type: ignore[attr-defined]


# --- worked examples


def test_the_worked_village_share() -> None:
    """242,536.23 yuan: reserve 10 % down = 24,253.62; labour 80 % up = 194,028.984 → 194,028.99;
    left for hardship, reward and works 24,253.62."""
    steps: list[Step] = [
        Portion("reserve", TENTH, FLOOR),
        Portion("labour", Fraction(4, 5), CEIL),
        Remaining("hardship"),
    ]
    outcome = distribute("甲村2020", 24_253_623, steps)
    assert [(line.channel, line.met_fen) for line in outcome.lines] == [
        ("reserve", 2_425_362),
        ("labour", 19_402_899),
        ("hardship", 2_425_362),
    ]
    assert outcome.shortage_fen == outcome.carried_forward_fen == 0


def test_thirty_thousand_of_hardship_aid_beside_the_labour_rule_is_short() -> None:
    """Left after reserve and labour 24,253.62, asked 30,000.00: 5,746.38 cannot be met."""
    steps: list[Step] = [
        Portion("reserve", TENTH, FLOOR),
        Portion("labour", Fraction(4, 5), CEIL),
        Fixed("hardship", 3_000_000),
        REST,
    ]
    hardship = distribute("甲村2020", 24_253_623, steps).lines[2]
    assert (hardship.met_fen, hardship.shortage_fen) == (2_425_362, 574_638)


def test_twelve_odd_fen_go_to_the_twelve_largest_households() -> None:
    """62 households of 1/2/3/4/5 persons = 15/20/15/10/2, 150 persons, share 24,253.62: per person
    16,169.08 fen, so fractions of .08 .16 .24 .32 .40; floors leave 12 fen, exactly as many as
    there are households of four and five. A household of three gets 485.07."""
    sizes = [1] * 15 + [2] * 20 + [3] * 15 + [4] * 10 + [5] * 2
    random.Random(7).shuffle(sizes)
    line = distribute(
        "甲村2020", 2_425_362, [Remaining("reward", PER_HEAD)], village(*sizes)
    ).lines[0]
    odd = [size for size, part in zip(sizes, line.parts, strict=True) if part.odd_fen]
    assert Counter(odd) == {4: 10, 5: 2}
    assert {part.amount_fen for part in line.parts if part.weight == 3} == {48_507}
    assert sum(paid(line)) == 2_425_362


def test_the_card_of_a_household_of_three_with_a_cleaning_job() -> None:
    """12 months × 600.00 = 7,200.00, and 485.07 of the reward: 7,685.07."""
    sizes = [3] + [1] * 15 + [2] * 20 + [3] * 14 + [4] * 10 + [5] * 2
    members = village(*sizes)
    members[0] = Member("户001", heads=3, labour_days=Fraction(12))
    steps: list[Step] = [
        PerUnit("labour", 60_000, WeightRule(Measure.LABOUR_DAY)),
        Remaining("reward", PER_HEAD),
    ]
    lines = distribute("甲村2020", 720_000 + 2_425_362, steps, members).lines
    assert sum(line.parts[0].amount_fen for line in lines) == 768_507


def test_least_retention_first_then_amounts_by_class() -> None:
    """100,000.00 stay with the village; then 3,000 / 2,000 / 800 a household by class: 2 × 3,000 +
    3 × 2,000 + 1 × 800 = 12,800.00; what is left of 120,000.00 is 7,200.00."""
    classes = ["A", "B", "A", "C", "B", "B"]
    members = [Member(f"户{n}", household_class=kind) for n, kind in enumerate(classes)]
    rates = WeightRule(Measure.HOUSEHOLD, {"A": 3000, "B": 2000, "C": 800})
    steps: list[Step] = [
        Fixed("village_retention", 10_000_000),
        PerUnit("hardship", 100, rates),
        REST,
    ]
    outcome = distribute("岭村2019", 12_000_000, steps, members)
    assert paid(outcome.lines[1]) == [300_000, 200_000, 300_000, 80_000, 200_000, 200_000]
    assert outcome.lines[2].met_fen == 720_000


def test_a_hundred_for_the_lifted_and_two_hundred_for_the_others_per_head() -> None:
    members = [
        Member("甲", heads=3, household_class="lifted"),
        Member("乙", heads=2, household_class="poor"),
    ]
    rule = WeightRule(Measure.HEAD, {"lifted": 100, "poor": 200})
    line = distribute("合作社", 100_000, [PerUnit("reward", 100, rule), REST], members).lines[0]
    assert paid(line) == [30_000, 40_000]


# --- each measure


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        (Measure.SHARE, [750, 250]),
        (Measure.HEAD, [400, 600]),
        (Measure.HOUSEHOLD, [500, 500]),
        (Measure.FACTOR_SCORE, [100, 900]),
        (Measure.LABOUR_DAY, [1000, 0]),
    ],
)
def test_what_is_shared_by(measure: Measure, expected: list[int]) -> None:
    half = Fraction(1, 2)
    members = [
        Member("甲", 2, Fraction(3, 4), "", half, half),
        Member("乙", 3, Fraction(1, 4), "", 9 * half, Fraction(0)),
    ]
    line = distribute("份", 1000, [Remaining("reward", WeightRule(measure))], members).lines[0]
    assert paid(line) == expected


def test_a_member_of_whom_nothing_is_known_counts_as_a_household_only() -> None:
    for measure in Measure:
        step = PerUnit("reward", 100, WeightRule(measure))
        expected = [100] if measure is Measure.HOUSEHOLD else [0]
        assert paid(distribute("空", 1000, [step, REST], [Member("甲")]).lines[0]) == expected


def test_a_rule_that_names_no_minimum_has_none() -> None:
    steps: list[Step] = [Portion("reserve", TENTH, FLOOR, to=PER_HOUSEHOLD), REST]
    line = distribute("无", 9, steps, village(1)).lines[0]
    assert (paid(line), line.asked_fen, line.floors_unmet_fen) == ([0], 0, 0)


def test_a_class_weight_multiplies_and_zero_keeps_the_household_on_the_list() -> None:
    members = [Member(kind, heads=2, household_class=kind) for kind in ("重", "轻", "无")]
    rule = WeightRule(Measure.HEAD, {"重": Fraction(3, 2), "轻": Fraction(1, 2), "无": 0})
    parts = distribute("类", 1000, [Remaining("hardship", rule)], members).lines[0].parts
    assert [(part.code, int(part.weight), part.amount_fen) for part in parts] == [
        ("重", 3, 750),
        ("轻", 1, 250),
        ("无", 0, 0),
    ]


# --- order, bases, rounding, shortage


def test_fixed_amounts_are_served_in_declared_order_and_the_last_one_is_short() -> None:
    steps: list[Step] = [Fixed("upkeep", 600), Fixed("works", 500), Fixed("reward", 10), REST]
    outcome = distribute("序", 1000, steps)
    assert [(line.met_fen, line.shortage_fen) for line in outcome.lines] == [
        (600, 0),
        (400, 100),
        (0, 10),
        (0, 0),
    ]
    assert outcome.shortage_fen == 110


def test_a_short_fixed_amount_is_shared_as_far_as_it_goes() -> None:
    line = distribute("短", 100, [Fixed("aid", 150, PER_HOUSEHOLD), REST], village(1, 1, 1)).lines[
        0
    ]
    assert sorted(paid(line)) == [33, 33, 34]
    assert line.shortage_fen == 50


@pytest.mark.parametrize(
    ("base", "expected"),
    [(Base.DISTRIBUTABLE, 100), (Base.LEFT, 60), (Base.GROSS, 200), (Base.NET, 150)],
)
def test_a_portion_is_of_the_stated_base(base: Base, expected: int) -> None:
    steps: list[Step] = [Fixed("upkeep", 400), Portion("reserve", TENTH, FLOOR, base), REST]
    outcome = distribute("基", 1000, steps, bases_fen={Base.GROSS: 2000, Base.NET: 1500})
    assert outcome.lines[1].met_fen == expected


def test_a_portion_of_an_amount_that_is_not_known_is_refused() -> None:
    with pytest.raises(MissingBase, match="第1步按“收入总额”"):
        distribute("基", 1000, [Portion("reserve", TENTH, FLOOR, Base.GROSS), REST])


def test_a_portion_keeps_its_minimum_and_its_maximum() -> None:
    least = Portion("village_retention", TENTH, FLOOR, at_least_fen=300)
    most = Portion("reserve", TENTH, FLOOR, at_most_fen=50)
    assert [line.met_fen for line in distribute("限", 1000, [least, most, REST]).lines] == [
        300,
        50,
        650,
    ]


def test_rounding_is_down_or_up_as_stated_and_whole_stays_whole() -> None:
    assert portion_fen(24_253_623, Fraction(4, 5), FLOOR) == 19_402_898
    assert portion_fen(24_253_623, Fraction(4, 5), CEIL) == 19_402_899
    assert portion_fen(100, TENTH, FLOOR) == portion_fen(100, TENTH, CEIL) == 10


def test_half_days_at_an_odd_rate_are_rounded_as_stated() -> None:
    """2.5 days × 33.33 = 83.325 yuan."""
    worker = [Member("甲", labour_days=Fraction(5, 2))]
    for rounding, expected in ((FLOOR, 8_332), (CEIL, 8_333)):
        step = PerUnit("labour", 3_333, WeightRule(Measure.LABOUR_DAY), rounding)
        assert paid(distribute("工", 10_000, [step, REST], worker).lines[0]) == [expected]


def test_wages_that_the_money_does_not_reach_are_cut_in_proportion_and_the_rest_shown() -> None:
    """Asked 600 + 300 + 100 = 1,000 fen, there are 502: exact 301.2, 150.6, 50.2; the odd fen goes
    to the largest fraction. With a floor of 200 asked is 600 + 300 + 200: exact 273.8…, 136.9…,
    91.2…; the floors lack 63 and 109 fen."""
    workers = [Member(str(n), labour_days=Fraction(n)) for n in (6, 3, 1)]
    plain = PerUnit("labour", 100, WeightRule(Measure.LABOUR_DAY))
    line = distribute("短", 502, [plain, REST], workers).lines[0]
    assert (paid(line), line.asked_fen, line.shortage_fen) == ([301, 151, 50], 1000, 498)
    assert [part.odd_fen for part in line.parts] == [0, 1, 0]
    floored = PerUnit("labour", 100, WeightRule(Measure.LABOUR_DAY, floor_fen=200))
    line = distribute("短", 502, [floored, REST], workers).lines[0]
    assert (paid(line), line.asked_fen) == ([274, 137, 91], 1100)
    assert line.floors_unmet_fen == 63 + 109


def test_a_rate_with_a_floor_and_a_cap_per_household() -> None:
    workers = [Member(str(n), labour_days=Fraction(n)) for n in (9, 3, 1, 0)]
    rule = WeightRule(Measure.LABOUR_DAY, floor_fen=200, cap_fen=500)
    line = distribute("限", 5000, [PerUnit("labour", 100, rule), REST], workers).lines[0]
    assert paid(line) == [500, 300, 200, 0]
    assert [part.bound for part in line.parts] == [Bound.CAP, None, Bound.FLOOR, None]
    assert line.shortage_fen == line.floors_unmet_fen == 0


# --- floors and caps


def test_what_a_cap_leaves_is_shared_among_the_others() -> None:
    """1,000 by 6:3:1, at most 450: exact 600, 300, 100 → 450, then 550 by 3:1 = 412.5, 137.5."""
    rule = WeightRule(Measure.HEAD, cap_fen=450)
    line = distribute("顶", 1000, [Remaining("reward", rule)], village(6, 3, 1)).lines[0]
    assert sum(paid(line)) == 1000
    assert paid(line)[0] == 450
    assert sorted(paid(line)[1:]) in ([137, 413], [138, 412])
    assert [part.bound for part in line.parts] == [Bound.CAP, None, None]
    assert sum(part.odd_fen for part in line.parts) == 1


def test_a_floor_is_paid_by_those_above_it() -> None:
    """1,000 by 6:3:1, at least 200: 200, then 800 by 6:3 = 533.3, 266.7."""
    rule = WeightRule(Measure.HEAD, floor_fen=200)
    line = distribute("底", 1000, [Remaining("reward", rule)], village(6, 3, 1)).lines[0]
    assert paid(line) == [533, 267, 200]
    assert [part.bound for part in line.parts] == [None, None, Bound.FLOOR]


def test_money_that_just_reaches_still_says_which_bound_decided() -> None:
    floored = WeightRule(Measure.HEAD, floor_fen=200, cap_fen=500)
    shared = distribute("恰", 400, [Remaining("reward", floored)], village(6, 1)).lines[0]
    assert [part.bound for part in shared.parts] == [None, Bound.FLOOR]
    rated = distribute("恰", 700, [PerUnit("labour", 100, floored), REST], village(6, 1)).lines[0]
    assert [part.bound for part in rated.parts] == [Bound.CAP, Bound.FLOOR]


def test_bounds_may_hold_for_each_head() -> None:
    members = [Member("甲", heads=4), Member("乙", heads=1)]
    rule = WeightRule(Measure.HOUSEHOLD, floor_fen=150, cap_fen=400, bounds_per_head=True)
    line = distribute("人", 1000, [Remaining("reward", rule)], members).lines[0]
    assert paid(line) == [600, 400]


def test_what_nobody_may_take_goes_on_to_the_next_step() -> None:
    capped = WeightRule(Measure.HOUSEHOLD, cap_fen=100)
    steps: list[Step] = [Fixed("reward", 500, capped), Remaining("reserve")]
    outcome = distribute("顶", 600, steps, village(1, 1, 1))
    reward = outcome.lines[0]
    assert (reward.met_fen, reward.unplaced_fen, reward.shortage_fen) == (300, 200, 0)
    assert outcome.lines[1].met_fen == 300


def test_what_the_last_step_cannot_place_is_carried_forward() -> None:
    capped = WeightRule(Measure.HOUSEHOLD, cap_fen=100)
    outcome = distribute("顶", 600, [Remaining("reward", capped)], village(1, 1, 1))
    assert outcome.carried_forward_fen == outcome.lines[0].unplaced_fen == 300


def test_floors_beyond_the_money_are_cut_in_proportion_and_the_lack_is_shown() -> None:
    rule = WeightRule(Measure.HEAD, floor_fen=100, cap_fen=900)
    line = distribute("底", 200, [Remaining("aid", rule)], village(6, 3, 1, 0)).lines[0]
    assert sum(paid(line)) == 200
    assert sorted(paid(line)) == [0, 66, 67, 67]
    assert paid(line)[3] == 0
    assert line.floors_unmet_fen == 100


def test_bounds_that_cannot_hold_are_refused() -> None:
    with pytest.raises(OutOfBounds, match=r"下限合计0\.20元"):
        apportion_within(10, [1, 1], [0, 1], [10, 10])
    with pytest.raises(OutOfBounds, match=r"上限合计0\.08元"):
        apportion_within(10, [1, 1], [0, 1], [0, 0], [4, 4])
    with pytest.raises(NegativeTotal):
        apportion_within(-10, [1, 1], [0, 1], [0, 0])
    with pytest.raises(DuplicateKey):
        apportion_within(10, [1, 1], [1, 1], [0, 0])


def level_filled(
    total: int, weights: list[int], lows: list[int], highs: list[int]
) -> list[Fraction]:
    """The exact amounts: the level at which Σ clamp(level · weight) = total, found between the
    points where some member meets a bound."""

    def at(level: Fraction) -> list[Fraction]:
        bounds = zip(weights, lows, highs, strict=True)
        return [
            min(max(level * weight, Fraction(low)), Fraction(high)) for weight, low, high in bounds
        ]

    marks = sorted(
        {Fraction(b, w) for bs in (lows, highs) for b, w in zip(bs, weights, strict=True)}
    )
    below = max((mark for mark in marks if sum(at(mark)) <= total), default=Fraction(0))
    above = min((mark for mark in marks if sum(at(mark)) >= total), default=below)
    low_sum, high_sum = sum(at(below)), sum(at(above))
    if low_sum == high_sum:
        return at(below)
    return at(below + (above - below) * (total - low_sum) / (high_sum - low_sum))


bounded = st.lists(
    st.tuples(st.integers(1, 9), st.integers(0, 40), st.integers(0, 60)), min_size=1, max_size=7
)


@given(bounded, st.integers(0, 1000), st.booleans())
def test_within_bounds_everyone_is_within_a_fen_of_the_exact_level(
    rows: list[tuple[int, int, int]], at_thousandth: int, capped: bool
) -> None:
    weights = [weight for weight, _, _ in rows]
    lows = [low for _, low, _ in rows]
    highs = [low + room for _, low, room in rows]
    total = sum(lows) + (sum(highs) - sum(lows)) * at_thousandth // 1000
    ceilings = highs if capped else [total] * len(rows)
    amounts = apportion_within(
        total, weights, list(range(len(rows))), lows, ceilings if capped else None
    )
    assert sum(amounts) == total
    exact = level_filled(total, weights, lows, ceilings)
    for amount, low, high, share in zip(amounts, lows, ceilings, exact, strict=True):
        assert low <= amount <= high
        assert math.floor(share) <= amount <= math.ceil(share)


@given(bounded, st.integers(0, 10**6))
def test_bounds_that_bind_nobody_change_nothing(
    rows: list[tuple[int, int, int]], total: int
) -> None:
    weights = [weight for weight, _, _ in rows]
    keys = list(range(len(rows)))
    free = apportion_within(total, weights, keys, [0] * len(rows))
    assert free == apportion(total, weights, keys)


def test_members_without_weight_get_no_floor() -> None:
    assert apportion_within(10, [0, 1], [0, 1], [5, 0]) == [0, 10]
    assert apportion_within(0, [0, 0], [0, 1], [5, 5]) == [0, 0]


# --- static checks


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("remaining-missing", []),
        ("remaining-missing", [Fixed("reserve", 5)]),
        (
            "remaining-missing",
            [Portion("a", Fraction(3, 10), FLOOR), Portion("b", Fraction(7, 10), FLOOR)],
        ),
        ("remaining-not-last", [REST, Fixed("reserve", 5), REST]),
        ("remaining-not-last", [Remaining("reserve"), REST]),
        (
            "remaining-redundant",
            [Portion("a", Fraction(3, 10), FLOOR), Portion("b", Fraction(7, 10), FLOOR), REST],
        ),
        ("remaining-redundant", [Portion("a", Fraction(1), FLOOR, Base.LEFT), REST]),
        (
            "portions-over-one",
            [Portion("a", Fraction(3, 5), FLOOR), Portion("b", Fraction(1, 2), CEIL), REST],
        ),
        (
            "portions-over-one",
            [
                Portion("a", Fraction(3, 5), FLOOR, Base.GROSS),
                Portion("b", Fraction(1, 2), CEIL, Base.GROSS),
                REST,
            ],
        ),
        ("portion-out-of-range", [Portion("a", Fraction(0), FLOOR), REST]),
        ("portion-out-of-range", [Portion("a", Fraction(3, 2), FLOOR, Base.LEFT), REST]),
        ("floor-over-cap", [Portion("a", TENTH, FLOOR, at_least_fen=9, at_most_fen=8), REST]),
        ("floor-over-cap", [Remaining("a", WeightRule(Measure.HEAD, floor_fen=9, cap_fen=8))]),
        ("negative-amount", [Fixed("a", -1), REST]),
        ("negative-amount", [Portion("a", TENTH, FLOOR, at_least_fen=-1), REST]),
        ("negative-amount", [PerUnit("a", -1, PER_HEAD), REST]),
        ("negative-amount", [Remaining("a", WeightRule(Measure.HEAD, floor_fen=-1))]),
        ("negative-amount", [Remaining("a", WeightRule(Measure.HEAD, {"甲": -1}))]),
    ],
)
def test_a_contradiction_is_found_before_any_money(name: str, steps: list[Step]) -> None:
    assert [problem.name for problem in check(steps)] == [name]
    with pytest.raises(UnsoundWaterfall, match="未计算任何金额"):
        distribute("查", -1, steps, [Member("甲"), Member("甲")])


def test_all_contradictions_are_listed_at_once() -> None:
    steps: list[Step] = [REST, Fixed("a", -1), Portion("b", Fraction(2), FLOOR)]
    assert [problem.name for problem in check(steps)] == [
        "negative-amount",
        "portion-out-of-range",
        "portions-over-one",
        "remaining-not-last",
        "remaining-missing",
    ]
    assert [problem.step for problem in check(steps)] == [2, 3, 0, 1, 0]
    with pytest.raises(UnsoundWaterfall, match="有5处问题") as refusal:
        distribute("查", 1, steps)
    assert "第2步“a”含有负的金额" in str(refusal.value)


@pytest.mark.parametrize(
    "steps",
    [
        [REST],
        [Fixed("a", 5), Portion("b", Fraction(99, 100), CEIL), REST],
        [Portion("a", Fraction(1), FLOOR, Base.LEFT, at_most_fen=5), REST],
        [
            Portion("a", Fraction(1), FLOOR, Base.LEFT, to=WeightRule(Measure.HEAD, cap_fen=5)),
            REST,
        ],
    ],
)
def test_a_sound_rule_passes(steps: list[Step]) -> None:
    assert check(steps) == []


# --- refusals with money


def test_a_negative_distributable_amount_is_refused() -> None:
    with pytest.raises(NegativeTotal):
        distribute("负", -1, [REST])


def test_a_household_listed_twice_is_refused_whatever_the_step() -> None:
    with pytest.raises(DuplicateKey):
        distribute("重", 100, [REST], [Member("甲"), Member("乙"), Member("甲")])


def test_a_class_without_a_weight_is_refused_and_named() -> None:
    rule = WeightRule(Measure.HOUSEHOLD, {"A": 1})
    with pytest.raises(UnknownClass, match="户乙的类别为“B”"):
        distribute(
            "类",
            100,
            [Remaining("reward", rule)],
            [Member("甲", household_class="A"), Member("乙", household_class="B")],
        )


def test_a_negative_measure_is_refused() -> None:
    for step in (Remaining("a", PER_HEAD), PerUnit("a", 1, PER_HEAD)):
        with pytest.raises(NegativeWeight, match="第2个成员"):
            distribute("负", 100, [step, REST][: 1 + isinstance(step, PerUnit)], village(1, -1))


def test_money_for_a_roster_without_weights_is_refused_but_no_money_is_fine() -> None:
    steps: list[Step] = [Remaining("labour", WeightRule(Measure.LABOUR_DAY, cap_fen=5))]
    with pytest.raises(NothingToApportion):
        distribute("空", 100, steps, village(1, 2))
    with pytest.raises(NothingToApportion):
        distribute("空", 100, steps)
    assert paid(distribute("空", 0, steps, village(1, 2)).lines[0]) == [0, 0]
    wages = PerUnit("labour", 100, WeightRule(Measure.LABOUR_DAY))
    assert distribute("空", 100, [wages, REST], village(1, 2)).lines[0].asked_fen == 0


# --- the whole thing

rules = st.builds(
    WeightRule,
    st.sampled_from([Measure.HEAD, Measure.HOUSEHOLD]),
    floor_fen=st.integers(0, 50),
    cap_fen=st.one_of(st.none(), st.integers(50, 500)),
    bounds_per_head=st.booleans(),
)
middle_steps = st.one_of(
    st.builds(Fixed, st.just("fixed"), st.integers(0, 5000), st.one_of(st.none(), rules)),
    st.builds(
        Portion,
        st.just("portion"),
        st.fractions(Fraction(1, 50), Fraction(1, 4)),
        st.sampled_from(Rounding),
        st.sampled_from([Base.DISTRIBUTABLE, Base.LEFT]),
        to=st.one_of(st.none(), rules),
    ),
    st.builds(PerUnit, st.just("rate"), st.fractions(0, 300), rules, st.sampled_from(Rounding)),
)


@given(
    st.integers(0, 20_000),
    st.lists(middle_steps, max_size=3),
    st.one_of(st.none(), rules),
    st.lists(st.integers(1, 6), min_size=1, max_size=6),
)
def test_every_fen_is_met_or_carried_and_every_line_adds_up(
    total: int, steps: list[Step], last: WeightRule | None, heads: list[int]
) -> None:
    outcome = distribute("全", total, [*steps, Remaining("rest", last)], village(*heads))
    assert sum(line.met_fen for line in outcome.lines) + outcome.carried_forward_fen == total
    for line, step in zip(outcome.lines, [*steps, Remaining("rest", last)], strict=True):
        assert line.asked_fen == line.met_fen + line.shortage_fen + line.unplaced_fen
        assert min(line.met_fen, line.shortage_fen, line.unplaced_fen, line.floors_unmet_fen) >= 0
        if step.to is not None:
            assert sum(paid(line)) == line.met_fen
            assert all(part.odd_fen in (0, 1) for part in line.parts)
            for part, count in zip(line.parts, heads, strict=True):
                units = count if step.to.bounds_per_head else 1
                assert step.to.cap_fen is None or part.amount_fen <= step.to.cap_fen * units
                assert line.floors_unmet_fen or part.amount_fen >= step.to.floor_fen * units


@given(st.integers(0, 10**6), rules, st.lists(st.integers(1, 6), min_size=1), st.randoms())
def test_the_order_of_the_roster_changes_nobodys_amount(
    total: int, rule: WeightRule, heads: list[int], source: random.Random
) -> None:
    members = village(*heads)
    steps: list[Step] = [Remaining("rest", rule)]
    listed = distribute("序", total, steps, members).lines[0]
    source.shuffle(members)
    shuffled = distribute("序", total, steps, members).lines[0]
    assert sorted(shuffled.parts, key=lambda part: part.code) == list(listed.parts)
