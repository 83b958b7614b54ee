"""Do the odd fen go where the rule says, for one group and for many, whatever the numbers?"""

import hashlib
import itertools
import math
import random
from collections.abc import Iterator
from fractions import Fraction
from statistics import pstdev

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from votelib.evaluate.core import Tie  # type: ignore[import-untyped]
from votelib.evaluate.proportional import LargestRemainder  # type: ignore[import-untyped]

from assets.errors import InvalidValue
from benchmarks import reference_apportion
from ledger import apportionment
from ledger.apportionment import (
    INT64_MAX,
    WEIGHT_SUM_LIMIT,
    apportion,
    apportion_groups,
    member_key,
    member_keys,
    whole_weights,
)
from ledger.errors import DuplicateKey, NegativeTotal, NegativeWeight, NothingToApportion

Group = tuple[int, list[int], list[int]]


def by_exact_fractions(total_fen: int, weights: list[int], keys: list[int]) -> list[int]:
    """The rule once more, from the exact shares: give one fen at a time to whom most is missing."""
    exact = [Fraction(total_fen * weight, sum(weights)) for weight in weights]
    shares = [math.floor(share) for share in exact]
    while sum(shares) < total_fen:
        missing = [part - share for part, share in zip(exact, shares, strict=True)]
        shares[min(range(len(keys)), key=lambda i: (-missing[i], keys[i]))] += 1
    return shares


def many(groups: list[Group]) -> list[list[int]]:
    """``apportion_groups`` on a list of groups, cut back into groups."""
    shares = apportion_groups(
        [total for total, _, _ in groups],
        [len(weights) for _, weights, _ in groups],
        [weight for _, weights, _ in groups for weight in weights],
        [key for _, _, keys in groups for key in keys],
    )
    ends = np.cumsum([len(weights) for _, weights, _ in groups])
    return [part.tolist() for part in np.split(shares, ends[:-1])]


def both(total_fen: int, weights: list[int], keys: list[int] | None = None) -> list[int]:
    """One group on both paths, which must agree."""
    order = list(range(len(weights))) if keys is None else keys
    shares = apportion(total_fen, weights, order)
    assert many([(total_fen, weights, order)]) == [shares]
    return shares


def random_groups(seed: int, count: int) -> Iterator[Group]:
    """Groups as they come: many equal weights, zeros, small and money-sized numbers."""
    source = random.Random(seed)
    while count:
        size = source.randint(1, 12)
        highest = source.choice([1, 3, 20, 10**6, 3 * 10**8, 10**12])
        total = source.randint(0, source.choice([5, 500, 10**9, INT64_MAX]))
        weights = [source.randint(0, highest) for _ in range(size)]
        if any(weights):
            count -= 1
            yield total, weights, source.sample(range(10**6), size)


@pytest.mark.parametrize(
    ("what", "total_fen", "weights", "expected"),
    [
        ("the larger fraction before an earlier equal one", 10, [25, 25, 27, 23], [3, 2, 3, 2]),
        ("the largest weight does not collect the odd fen", 2, [50, 25, 25], [1, 1, 0]),
        ("a first member without weight gets nothing", 1, [0, 50, 50], [0, 1, 0]),
        ("a whole share stays whole", 24, [9, 1, 6], [14, 1, 9]),
        ("ten fen", 10, [6, 6, 2], [4, 4, 2]),
        ("eleven fen: the third member loses one", 11, [6, 6, 2], [5, 5, 1]),
        ("one odd fen among two", 1003, [50, 50], [502, 501]),
        ("the one heavier member", 5, [100, 101, 100, 100], [1, 2, 1, 1]),
        ("a third and the rest", 801, [1, 3], [200, 601]),
        ("nothing to give", 0, [3, 0, 5], [0, 0, 0]),
        ("nothing to give and nobody to take", 0, [0, 0], [0, 0]),
        ("fewer fen than members", 2, [1, 1, 1, 1], [1, 1, 0, 0]),
        ("a single member", 768507, [7], [768507]),
        ("the largest amount there is", INT64_MAX, [1, 1], [2**62, 2**62 - 1]),
        ("the largest amount to one", INT64_MAX, [0, 1], [0, INT64_MAX]),
        ("the largest weights too", INT64_MAX, [INT64_MAX, INT64_MAX], [2**62, 2**62 - 1]),
        ("weights beyond 64 bits", 7, [2**80, 2**80 - 1, 0], [4, 3, 0]),
        ("no members and no money", 0, [], []),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_pinned_case(what: str, total_fen: int, weights: list[int], expected: list[int]) -> None:
    assert both(total_fen, weights) == expected


def test_the_odd_fen_of_a_tie_goes_to_the_smaller_key() -> None:
    assert both(2, [50, 25, 25], [5, 9, 3]) == [1, 0, 1]
    assert both(10, [25, 25, 27, 23], [8, 2, 3, 4]) == [2, 3, 3, 2]


def test_300_equal_households_differ_by_one_fen_at_most() -> None:
    """20,000.00 yuan among 300: 6,666 fen each leave 200 fen, one each to the 200 smallest keys."""
    keys = random.Random(1).sample(range(10**9), 300)
    shares = both(2_000_000, [1] * 300, keys)
    assert sum(shares) == 2_000_000
    assert {share: shares.count(share) for share in shares} == {6666: 100, 6667: 200}
    richer = [key for share, key in zip(shares, keys, strict=True) if share == 6667]
    assert sorted(richer) == sorted(keys)[:200]


@pytest.mark.parametrize("weight_sum", [WEIGHT_SUM_LIMIT + step for step in (-1, 0, 1)])
def test_around_the_last_weight_sum_that_64_bits_can_multiply(weight_sum: int) -> None:
    for total_fen in (weight_sum - 1, 10**15 + 7, INT64_MAX):
        weights = [weight_sum - 5, 3, 2, 0]
        shares = both(total_fen, weights)
        assert shares == by_exact_fractions(total_fen, weights, [0, 1, 2, 3])
        assert sum(shares) == total_fen


def test_published_equal_shares_of_106_and_94_households() -> None:
    """132,500.00 / 106 = 1,250.00 exactly; 130,000.00 / 94 = 1,382.978…: 94 × 1,382.97 leave 82
    fen, so 82 households get 1,382.98 and 12 get 1,382.97."""
    codes = [f"户{number:03d}" for number in range(106)]
    assert set(both(13_250_000, [1] * 106, member_keys("甲2019", codes).tolist())) == {125_000}
    shares = both(13_000_000, [1] * 94, member_keys("乙2019", codes[:94]).tolist())
    assert {share: shares.count(share) for share in shares} == {138_298: 82, 138_297: 12}


def test_a_joint_plant_by_invested_money() -> None:
    """398,746.00 over 1,180,000 : 463,300 : 296,700. Exact fen 24,253,622.680…, 9,522,629.989…,
    6,098,347.329…; the two odd fen go to the second and the first village."""
    invested_fen = [118_000_000, 46_330_000, 29_670_000]
    assert both(39_874_600, invested_fen) == [24_253_623, 9_522_630, 6_098_347]


def test_a_joint_plant_by_installed_capacity_is_exact() -> None:
    assert both(39_874_600, [300, 120, 80]) == [23_924_760, 9_569_904, 6_379_936]


# --- refusals


def refused(error: type[Exception], total: int, weights: list[int], keys: list[int]) -> str:
    """Both paths refuse alike; returns the sentence of the plain one."""
    with pytest.raises(error) as plain:
        apportion(total, weights, keys)
    with pytest.raises(error) as among_others:
        many([(0, [0], [1]), (total, weights, keys), (5, [1, 2], [1, 2])])
    assert getattr(among_others.value, "group", 1) == 1
    assert getattr(among_others.value, "position", 2) == 2
    assert getattr(among_others.value, "key", 7) == getattr(plain.value, "key", 7) == 7
    return str(plain.value)


def test_a_negative_total_is_refused_because_a_reversal_negates_the_old_lines() -> None:
    assert "红字冲销" in refused(NegativeTotal, -100, [1, 1], [1, 2])


def test_money_without_anybody_to_take_it_is_refused() -> None:
    assert "0.01元" in refused(NothingToApportion, 1, [0, 0], [1, 2])
    refused(NothingToApportion, 1, [], [])


def test_a_negative_weight_is_refused() -> None:
    assert "第2个成员" in refused(NegativeWeight, 100, [5, -1], [1, 2])
    refused(NegativeWeight, 100, [2**70, -1], [1, 2])


def test_a_household_listed_twice_is_refused() -> None:
    assert "列了两次" in refused(DuplicateKey, 100, [1, 2, 3], [7, 4, 7])


def test_a_refusal_among_many_groups_names_the_group() -> None:
    with pytest.raises(NothingToApportion, match="第3笔分配") as refusal:
        many([(1, [1], [1]), (2, [1, 1], [1, 2]), (3, [0, 0], [1, 2])])
    assert (refusal.value.group, refusal.value.total_fen) == (2, 3)
    with pytest.raises(DuplicateKey, match="第2笔分配"):
        many([(1, [1, 1], [1, 2]), (2, [1, 1], [2, 2])])
    with pytest.raises(NothingToApportion, match="第1笔分配"):
        many([(1, [], []), (2, [1], [1])])


@pytest.mark.parametrize("key", [-1, 2**63])
def test_a_key_outside_its_range_is_refused(key: int) -> None:
    with pytest.raises(ValueError, match="keys must be in"):
        apportion(1, [1], [key])
    with pytest.raises((ValueError, OverflowError)):
        apportion_groups([1], [1], [1], [key])


def test_columns_that_do_not_fit_together_are_refused() -> None:
    with pytest.raises(ValueError, match="2 weights but 1 keys"):
        apportion(1, [1, 2], [1])
    with pytest.raises(ValueError, match="2 weights but 1 keys"):
        apportion_groups([1], [2], [1, 2], [1])
    with pytest.raises(ValueError, match="1 totals but 2 group sizes"):
        apportion_groups([1], [1, 1], [1, 2], [1, 2])
    with pytest.raises(ValueError, match="add up to 3, not to 2"):
        apportion_groups([1], [3], [1, 2], [1, 2])
    with pytest.raises(ValueError, match="group sizes"):
        apportion_groups([1, 1], [3, -1], [1, 2], [1, 2])
    with pytest.raises(ValueError, match="one dimension"):
        apportion_groups(np.array([[1]]), [1], [1], [1])


def test_half_a_fen_is_never_cut_silently() -> None:
    with pytest.raises(TypeError):
        apportion(1.5, [1], [1])  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        apportion_groups([1], [1], [1.5], [1])  # type: ignore[list-item]
    with pytest.raises(TypeError):
        apportion_groups([1], [1], np.array([1.5]), [1])
    with pytest.raises(OverflowError):
        apportion_groups([2**63], [1], [1], [1])


def test_columns_of_other_whole_number_types_are_taken_exactly() -> None:
    weights = np.array([25, 25, 27, 23], dtype=">i8")
    keys = np.arange(4, dtype=np.uint16)
    assert apportion_groups(np.array([10]), [4], weights, keys).tolist() == [3, 2, 3, 2]
    assert apportion_groups(
        [7], [2], np.array([2**63, 2**63 + 2], dtype="u8"), [0, 1]
    ).tolist() == [3, 4]


def test_groups_of_nearly_equal_size_are_worked_together_without_mixing_their_money() -> None:
    """Sizes 16 and 17 share a slice: the smaller is filled up with places that never get a fen."""
    equal = [(100, [1] * size, list(range(size, 0, -1))) for size in (17, 16, 17, 16)]
    wide = [(100, [2**62] * size, list(range(size, 0, -1))) for size in (16, 17)]
    huge = [(100, [2**90] * size, list(range(size, 0, -1))) for size in (16, 17)]
    empty = [(0, [0] * size, list(range(size))) for size in (16, 17)]
    for batch in (equal + wide + empty, equal + wide + huge + empty):
        assert many(batch) == [apportion(*group) for group in batch]


def test_no_groups_give_no_rows() -> None:
    assert apportion_groups([], [], [], []).tolist() == []
    assert apportion_groups([0], [0], [], []).tolist() == []


# --- keys


def test_the_key_is_the_hash_of_distribution_and_household() -> None:
    digest = hashlib.sha256("联村2020\x1f440203102201-017".encode()).digest()
    expected = int.from_bytes(digest[:8], "big") >> 1
    assert member_key("联村2020", "440203102201-017") == expected
    assert 0 <= expected <= INT64_MAX


def test_golden_keys() -> None:
    """As a shell gives them: printf 'PLAN-2020-001\\x1fH001' | sha256sum → ff14b77f879447d1…,
    and 3d3e0fa9ecb92d62… for H002; halved."""
    expected = [0xFF14B77F879447D1 // 2, 0x3D3E0FA9ECB92D62 // 2]
    assert member_keys("PLAN-2020-001", ["H001", "H002"]).tolist() == expected


def test_keys_in_bulk_equal_single_keys_across_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apportionment, "SLICE_ROWS", 3)
    codes = [f"户{number}" for number in range(8)]
    assert member_keys("甲", codes).tolist() == [member_key("甲", code) for code in codes]
    assert member_keys("甲", []).tolist() == []


@pytest.mark.parametrize(("distribution", "code"), [("甲\x1f", "乙"), ("甲", "\x1f乙")])
def test_two_pairs_cannot_be_written_to_look_alike(distribution: str, code: str) -> None:
    with pytest.raises(InvalidValue, match="0x1F"):
        member_key(distribution, code)


def test_nobody_is_always_first_in_twenty_years() -> None:
    """300 equal households share 150 odd fen in each of 20 years: with a fixed order half of them
    would get 20 fen and half none; with keys of the year nobody gets none or all of them."""
    codes = [f"440203102201-{number:03d}" for number in range(300)]
    odd_fen = np.zeros(300, dtype=np.int64)
    for year in range(2016, 2036):
        keys = member_keys(f"龙归{year}", codes)
        odd_fen += apportion_groups([150], [300], np.ones(300, dtype=np.int64), keys)
    assert odd_fen.sum() == 20 * 150
    assert odd_fen.min() > 0 and odd_fen.max() < 20
    assert pstdev(odd_fen.tolist()) <= 2.5


# --- weights that are not whole


def test_shares_and_half_days_become_whole_weights_in_the_same_proportion() -> None:
    assert whole_weights([Fraction(1, 2), Fraction(1, 3), 0, 2]) == [3, 2, 0, 12]
    assert whole_weights([118_000_000, 46_330_000, 29_670_000]) == [11800, 4633, 2967]
    assert whole_weights([0, 0]) == [0, 0]
    assert whole_weights([]) == []


# --- properties

groups = st.integers(1, 9).flatmap(
    lambda size: st.tuples(
        st.one_of(st.integers(0, 30), st.integers(0, INT64_MAX)),
        st.lists(
            st.one_of(st.integers(0, 4), st.integers(0, 10**6), st.integers(0, INT64_MAX)),
            min_size=size,
            max_size=size,
        ).filter(any),
        st.lists(st.integers(0, INT64_MAX), min_size=size, max_size=size, unique=True),
    )
)


@given(groups)
def test_no_fen_is_lost_or_made_and_nobody_is_a_fen_off(group: Group) -> None:
    total_fen, weights, keys = group
    shares = both(total_fen, weights, keys)
    assert sum(shares) == total_fen
    for share, weight in zip(shares, weights, strict=True):
        exact = Fraction(total_fen * weight, sum(weights))
        assert math.floor(exact) <= share <= math.ceil(exact)
        assert weight or share == 0


@given(groups, st.randoms(use_true_random=False))
def test_the_order_in_the_list_changes_nothing(group: Group, source: random.Random) -> None:
    total_fen, weights, keys = group
    places = list(range(len(weights)))
    source.shuffle(places)
    shares = both(total_fen, weights, keys)
    shuffled = both(total_fen, [weights[i] for i in places], [keys[i] for i in places])
    assert shuffled == [shares[i] for i in places]


@given(groups, st.integers(2, 10**6))
def test_weights_in_another_unit_change_nothing(group: Group, factor: int) -> None:
    total_fen, weights, keys = group
    scaled = [weight * factor for weight in weights]
    assert both(total_fen, scaled, keys) == apportion(total_fen, weights, keys)


@given(st.lists(groups, min_size=1, max_size=12), st.integers(1, 20), st.integers(0, 12))
def test_slices_and_batches_change_nothing(batch: list[Group], rows: int, cut: int) -> None:
    whole = many(batch)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(apportionment, "SLICE_ROWS", rows)
        assert many(batch) == whole
        patch.setattr(apportionment, "FEW_ROWS", 0)
        assert many(batch) == whole
    assert [part for piece in (batch[:cut], batch[cut:]) if piece for part in many(piece)] == whole


# --- everything small, and other people's programs


def compositions(total: int, size: int) -> np.ndarray:
    """All ways to write ``total`` as ``size`` parts, the earliest members richest first."""
    bars = itertools.combinations(range(total + size - 1), size - 1)
    edges = np.array([(-1, *bar, total + size - 1) for bar in bars], dtype=np.int64)
    return (np.diff(edges, axis=1) - 1)[::-1].astype(np.int16)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_every_small_case_is_the_least_distance_from_the_exact_shares(size: int) -> None:
    """All weights 0…6, totals 0…12: of all ways to split, the one with the smallest Σ|part·W −
    total·weight|, and among equals the one that is richest in the order of the keys."""
    weights = np.array(list(itertools.product(range(7), repeat=size)), dtype=np.int16)[1:]
    weight_sums = weights.sum(axis=1, dtype=np.int16)[:, None]
    rows = weights.astype(np.int64).ravel()
    keys = np.tile(np.arange(size), len(weights))
    sizes = np.full(len(weights), size)
    for total in range(13):
        ways = compositions(total, size)
        best = np.empty(len(weights), dtype=np.int64)
        for start in range(0, len(weights), 256):
            piece = slice(start, start + 256)
            distance = np.zeros((len(weights[piece]), len(ways)), dtype=np.int16)
            for member in range(size):
                exact = total * weights[piece, member, None]
                distance += np.abs(weight_sums[piece] * ways[:, member] - exact)
            best[piece] = distance.argmin(axis=1)
        totals = np.full(len(weights), total)
        shares = apportion_groups(totals, sizes, rows, keys).reshape(-1, size)
        assert np.array_equal(shares, ways[best])
        order = list(range(size))
        for parts, expected in zip(weights.tolist(), shares.tolist(), strict=True):
            assert apportion(total, parts, order) == expected


def agrees_with_fractions_and_votelib(seed: int, count: int) -> None:
    hare = LargestRemainder("hare")
    drawn = list(random_groups(seed, count))
    for group, fast in zip(drawn, many(drawn), strict=True):
        total_fen, weights, keys = group
        shares = apportion(total_fen, weights, keys)
        assert fast == shares
        assert shares == by_exact_fractions(total_fen, weights, keys)
        assert shares == reference_apportion.apportion(total_fen, weights, keys)
        if total_fen:
            elected = hare.evaluate(dict(enumerate(weights)), total_fen)
            tied = [member for winner in elected if isinstance(winner, Tie) for member in winner]
            certain = [elected.get(member, 0) for member in range(len(weights))]
            extra = [share - seats for share, seats in zip(shares, certain, strict=True)]
            assert sum(extra) == sum(
                seats for winner, seats in elected.items() if isinstance(winner, Tie)
            )
            assert all(fen == 0 or (fen == 1 and i in tied) for i, fen in enumerate(extra))


def test_three_thousand_random_groups_agree_with_fractions_and_votelib() -> None:
    agrees_with_fractions_and_votelib(seed=2016, count=3_000)


@pytest.mark.soak
def test_a_hundred_thousand_random_groups_agree_with_fractions_and_votelib() -> None:
    agrees_with_fractions_and_votelib(seed=2020, count=100_000)


def agrees_with_the_reference(seed: int, rows: int) -> None:
    source = np.random.default_rng(seed)
    sizes = source.integers(1, 301, size=rows // 150)
    spread = np.repeat(source.choice([1, 2, 1000, 10**7, 10**9], size=len(sizes)), sizes)
    weights = source.integers(0, spread, endpoint=True)
    weights[np.cumsum(sizes) - 1] += 1
    totals = source.integers(0, 10**12, size=len(sizes))
    keys = source.permutation(len(weights))
    shares = apportion_groups(totals, sizes, weights, keys)
    expected = reference_apportion.apportion_groups(
        totals.tolist(), sizes.tolist(), weights.tolist(), keys.tolist()
    )
    assert np.array_equal(shares, expected)
    assert np.array_equal(np.add.reduceat(shares, np.cumsum(sizes) - sizes), totals)


def test_a_million_rows_agree_with_the_frozen_reference() -> None:
    agrees_with_the_reference(seed=1, rows=1_000_000)


@pytest.mark.soak
def test_a_hundred_million_rows_agree_with_the_frozen_reference() -> None:
    for seed in range(50):
        agrees_with_the_reference(seed, rows=2_000_000)
