"""Where do the odd fen go? Splits whole fen by weights so that every part and the sum are exact.

The rule is the largest remainder: each member first gets the whole fen of the exact share, and the
fen left over go, one each, to the largest fractions. Equal fractions are the normal case (equal
shares per head), so the order among them is fixed by a key that nobody can choose: a hash of the
distribution and the household. A member without weight gets nothing, never an odd fen.

``apportion`` is one group in plain integers of any size; ``apportion_groups`` is a country of
groups in arrays. Both give the same fen to the same member.
"""

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from hashlib import sha256
from operator import index
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from assets.errors import InvalidValue
from ledger.errors import DuplicateKey, NegativeTotal, NegativeWeight, NothingToApportion

Whole: TypeAlias = npt.NDArray[np.int64]

SEPARATOR = "\x1f"
INT64_MAX = 2**63 - 1

# The product (total mod W) · weight stays below W², so int64 is exact while W² fits.
WEIGHT_SUM_LIMIT = math.isqrt(INT64_MAX)

# Rows worked on at once: memory does not grow with the country, and a slice stays in the cache.
SLICE_ROWS = 1 << 15

# Fewer rows than this of one group size are joined by the next sizes, to save passes.
FEW_ROWS = 1 << 12


def member_key(distribution: str, household_code: str) -> int:
    """Order of a household among equal fractions of one distribution.

    The first eight bytes (big-endian) of SHA-256(distribution ‖ 0x1F ‖ code), shifted right by
    one: an int64 ≥ 0. It changes with every distribution, so that nobody is always first.

    Raises:
        InvalidValue: a text contains the separator 0x1F, so that two pairs could look alike.

    依据: 内部约定 (anyone can recompute the order, nobody can choose it)
    """
    return int(member_keys(distribution, [household_code])[0])


def member_keys(distribution: str, codes: Sequence[str]) -> Whole:
    """``member_key`` of many households of one distribution, in the order given.

    Raises:
        InvalidValue: a text contains the separator 0x1F.

    依据: 内部约定 (as ``member_key``)
    """
    keys = np.empty(len(codes), dtype=np.int64)
    prefix = _separable(distribution) + SEPARATOR.encode()
    for start in range(0, len(codes), SLICE_ROWS):
        slice_of_codes = codes[start : start + SLICE_ROWS]
        digests = b"".join(
            sha256(prefix + _separable(code)).digest()[:8] for code in slice_of_codes
        )
        keys[start : start + len(slice_of_codes)] = np.frombuffer(digests, dtype=">u8") >> 1
    return keys


def _separable(text: str) -> bytes:
    if SEPARATOR in text:
        raise InvalidValue(f"编号{text!r}含有控制字符0x1F。请删去该字符后重新办理。")
    return text.encode()


def apportion(total_fen: int, weights: Sequence[int], keys: Sequence[int]) -> list[int]:
    """Split whole fen among the members of one group; returns fen in the order of ``weights``.

    Each part is the exact share rounded down or up, the parts add up to ``total_fen``, weight zero
    gets zero, and Σ|part − exact share| is as small as whole fen allow. Equal fractions: the
    smaller key comes first. Any size of integer is exact.

    Raises:
        NegativeTotal: the total is below zero; a reversal negates the old lines.
        NegativeWeight: a weight is below zero.
        NothingToApportion: there is money and the weights add up to zero.
        DuplicateKey: two members have the same key.

    依据: 内部约定 (largest remainder: the least total distance from the exact shares)
    """
    total = index(total_fen)
    parts = [index(weight) for weight in weights]
    order = [index(key) for key in keys]
    check_group(total, parts, order)
    return _apportion_plain(total, parts, order)


def check_group(total_fen: int, weights: Sequence[int], keys: Sequence[int]) -> None:
    """Refuse what cannot be apportioned; the sum of the weights is left to the rule itself.

    Raises:
        NegativeTotal, NegativeWeight, DuplicateKey: as ``apportion``.

    依据: 内部约定 (as ``apportion``)
    """
    if len(weights) != len(keys):
        raise ValueError(f"{len(weights)} weights but {len(keys)} keys")
    if total_fen < 0:
        raise NegativeTotal(total_fen)
    for position, weight in enumerate(weights):
        if weight < 0:
            raise NegativeWeight(weight, position)
    if keys and not 0 <= min(keys) <= max(keys) <= INT64_MAX:
        raise ValueError("keys must be in 0 … 2**63 - 1")
    if len(set(keys)) != len(keys):
        raise DuplicateKey(next(key for key in sorted(keys) if keys.count(key) > 1))


def _apportion_plain(
    total_fen: int, weights: list[int], keys: list[int], group: int | None = None
) -> list[int]:
    """The rule itself in integers of any size, on checked input."""
    weight_sum = sum(weights)
    if weight_sum == 0:
        if total_fen:
            raise NothingToApportion(total_fen, group)
        return [0] * len(weights)
    shares, remainders = [], []
    for weight in weights:
        floor, remainder = divmod(total_fen * weight, weight_sum)
        shares.append(floor)
        remainders.append(remainder)
    left = total_fen - sum(shares)
    # Fewer fen are left than members with a fraction, so weight zero is never reached.
    first = sorted(range(len(weights)), key=lambda i: (-remainders[i], keys[i]))
    for i in first[:left]:
        shares[i] += 1
    return shares


def whole_weights(weights: Sequence[int | Fraction]) -> list[int]:
    """Fractions (shares, scores, half days) as the smallest integers in the same proportion.

    依据: 内部约定 (scaling all weights alike changes no part)
    """
    denominator = math.lcm(*(weight.denominator for weight in weights))
    scaled = [weight.numerator * (denominator // weight.denominator) for weight in weights]
    factor = math.gcd(*scaled) or 1
    return [weight // factor for weight in scaled]


def apportion_groups(
    totals_fen: Sequence[int] | npt.NDArray[np.integer],
    group_sizes: Sequence[int] | npt.NDArray[np.integer],
    weights: Sequence[int] | npt.NDArray[np.integer],
    keys: Sequence[int] | npt.NDArray[np.integer],
) -> Whole:
    """``apportion`` for many groups at once; returns int64 fen, one per row of ``weights``.

    Group g owns ``group_sizes[g]`` consecutive rows of ``weights`` and ``keys``. Totals and keys
    are in 0 … 2⁶³−1; weights may be any whole number ≥ 0 (groups whose weights add up to more than
    about 3.03·10⁹ are worked in big integers). Working memory does not grow with the number of
    groups.

    Raises:
        NegativeTotal, NegativeWeight, NothingToApportion, DuplicateKey: as ``apportion``, naming
            the group; nothing is returned for the others.

    依据: 内部约定 (as ``apportion``; every row equal)
    """
    totals = _int64("totals_fen", totals_fen)
    sizes = _int64("group_sizes", group_sizes)
    order = _int64("keys", keys)
    parts = _weights(weights)
    _check_groups(totals, sizes, parts, order)
    starts = np.cumsum(sizes) - sizes
    shares = np.empty(len(parts), dtype=np.int64)
    for groups in _slices(sizes):
        width = np.arange(sizes[groups[-1]])
        rows = starts[groups, None] + width
        if sizes[groups[0]] == len(width):
            shares[rows] = _apportion_rows(totals[groups], parts[rows], order[rows], groups)
            continue
        inside = width < sizes[groups, None]
        rows *= inside
        # Filled up without weight, which never gets a fen, and with keys that nobody has.
        filled = np.where(inside, parts[rows], 0)
        filled_keys = np.where(inside, order[rows], -1 - width)
        result = _apportion_rows(totals[groups], filled, filled_keys, groups)
        shares[rows[inside]] = result[inside]
    return shares


def _int64(name: str, values: Sequence[int] | npt.NDArray[np.integer]) -> Whole:
    """Whole numbers as one int64 column; a float or a number beyond 64 bits is a TypeError or
    OverflowError, never cut."""
    if isinstance(values, np.ndarray):
        if values.ndim != 1:
            raise ValueError(f"{name} must have one dimension, not {values.ndim}")
        if values.dtype.kind == "i":
            return values.astype(np.int64, copy=False)
    return np.fromiter(map(index, values), dtype=np.int64, count=len(values))


def _weights(values: Sequence[int] | npt.NDArray[np.integer]) -> npt.NDArray[Any]:
    """As ``_int64``, but weights beyond 64 bits stay Python integers (dtype object)."""
    try:
        return _int64("weights", values)
    except OverflowError:
        return np.fromiter(map(index, values), dtype=object, count=len(values))


def _check_groups(totals: Whole, sizes: Whole, weights: npt.NDArray[Any], keys: Whole) -> None:
    if len(totals) != len(sizes):
        raise ValueError(f"{len(totals)} totals but {len(sizes)} group sizes")
    if len(weights) != len(keys):
        raise ValueError(f"{len(weights)} weights but {len(keys)} keys")
    if (sizes < 0).any() or int(sizes.sum()) != len(weights):
        raise ValueError(f"group sizes add up to {int(sizes.sum())}, not to {len(weights)} rows")
    if (keys < 0).any():
        raise ValueError("keys must be in 0 … 2**63 - 1")
    if (totals < 0).any():
        group = int(np.argmax(totals < 0))
        raise NegativeTotal(int(totals[group]), group)
    negative = weights < 0
    if negative.any():
        position = int(np.argmax(negative))
        raise NegativeWeight(int(weights[position]), position)
    stranded = (sizes == 0) & (totals > 0)
    if stranded.any():
        group = int(np.argmax(stranded))
        raise NothingToApportion(int(totals[group]), group)


def _slices(sizes: Whole) -> Iterator[npt.NDArray[np.intp]]:
    """Groups of nearly equal size together, smallest first, about ``SLICE_ROWS`` rows at a time."""
    by_size = np.argsort(sizes, kind="stable")
    ordered = sizes[by_size]
    start = int(np.searchsorted(ordered, 0, side="right"))
    while start < len(ordered):
        size = int(ordered[start])
        end = int(np.searchsorted(ordered, size, side="right"))
        if (end - start) * size < FEW_ROWS:
            end = int(np.searchsorted(ordered, size + size // 16, side="right"))
        end = min(end, start + max(1, SLICE_ROWS // int(ordered[end - 1])))
        yield by_size[start:end]
        start = end


def _apportion_rows(
    totals: Whole,
    weights: npt.NDArray[Any],
    keys: Whole,
    groups: npt.NDArray[np.intp],
) -> Whole:
    """One group per row, all of the same size; ``groups`` are their numbers, for the errors."""
    _refuse_equal_keys(keys, groups)
    if weights.dtype == object:
        return _apportion_rows_plain(totals, weights, keys, groups)
    weight_sums = weights.sum(axis=1)
    if int(weights.max()) <= WEIGHT_SUM_LIMIT and int(weight_sums.max()) <= WEIGHT_SUM_LIMIT:
        return _apportion_rows_int64(totals, weights, weight_sums, keys, groups)
    # A sum that wrapped around is caught by its largest weight.
    wide = (weights.max(axis=1) > WEIGHT_SUM_LIMIT) | (weight_sums > WEIGHT_SUM_LIMIT)
    shares = np.empty(weights.shape, dtype=np.int64)
    for chosen, rule in ((wide, _apportion_rows_plain), (~wide, _apportion_rows)):
        if chosen.any():
            shares[chosen] = rule(totals[chosen], weights[chosen], keys[chosen], groups[chosen])
    return shares


def _refuse_equal_keys(keys: Whole, groups: npt.NDArray[np.intp]) -> None:
    ordered = np.sort(keys, axis=1)
    equal = ordered[:, 1:] == ordered[:, :-1]
    if equal.any():
        row, column = (int(place[0]) for place in np.nonzero(equal))
        raise DuplicateKey(int(ordered[row, column]), int(groups[row]))


def _apportion_rows_plain(
    totals: Whole, weights: npt.NDArray[Any], keys: Whole, groups: npt.NDArray[np.intp]
) -> Whole:
    """Row by row in integers of any size, for weights that int64 products cannot hold."""
    rows = zip(totals.tolist(), weights.tolist(), keys.tolist(), groups.tolist(), strict=True)
    return np.array([_apportion_plain(*row) for row in rows], dtype=np.int64)


def _apportion_rows_int64(
    totals: Whole,
    weights: Whole,
    weight_sums: Whole,
    keys: Whole,
    groups: npt.NDArray[np.intp],
) -> Whole:
    """With q, r = divmod(T, W), the exact share T·w/W is q·w + r·w/W, and r·w < W² fits int64."""
    empty = weight_sums == 0
    if empty.any():
        stranded = np.flatnonzero(empty & (totals > 0))
        if len(stranded):
            raise NothingToApportion(int(totals[stranded[0]]), int(groups[stranded[0]]))
        weight_sums = np.where(empty, 1, weight_sums)
    whole, rest = np.divmod(totals, weight_sums)
    products = rest[:, None] * weights
    floors = products // weight_sums[:, None]
    remainders = products - floors * weight_sums[:, None]
    shares = whole[:, None] * weights + floors
    left = totals - shares.sum(axis=1)
    shares += _gets_an_odd_fen(remainders, keys, left)
    return shares


def _gets_an_odd_fen(remainders: Whole, keys: Whole, left: Whole) -> npt.NDArray[np.bool_]:
    """Mark in each row the ``left`` largest remainders, among equal ones the smallest keys.

    The row is sorted only to find two thresholds, the last remainder and the last key that still
    get a fen; comparing with them is cheaper than carrying positions through the sort.
    """
    groups, size = remainders.shape
    ascending = np.sort(remainders, axis=1)
    last = ascending[np.arange(groups), size - np.maximum(left, 1)]
    last = np.where(left > 0, last, INT64_MAX)[:, None]
    winners: npt.NDArray[np.bool_] = remainders > last
    level: npt.NDArray[np.bool_] = remainders == last
    places = left - winners.sum(axis=1)
    contested = np.flatnonzero(level.sum(axis=1) > places)
    if len(contested):
        tied = np.where(level[contested], keys[contested], INT64_MAX)
        tied.sort(axis=1)
        last_key = tied[np.arange(len(contested)), places[contested] - 1]
        level[contested] &= keys[contested] <= last_key[:, None]
    winners |= level
    return winners
