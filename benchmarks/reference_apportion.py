"""What must the fast apportionment agree with, and how fast is it without arrays?

Frozen: the largest remainder in plain Python integers, one group after the other, equal remainders
to the smaller key. It imports nothing of the product. Changing it makes every ratio in RESULTS.md
incomparable with earlier ones.
"""

from collections.abc import Sequence


def apportion(total_fen: int, weights: Sequence[int], keys: Sequence[int]) -> list[int]:
    weight_sum = sum(weights)
    parts = [divmod(total_fen * weight, weight_sum) for weight in weights]
    shares = [floor for floor, _ in parts]
    left = total_fen - sum(shares)
    if left:
        ranked = sorted((-parts[i][1], keys[i], i) for i in range(len(parts)))
        for _, _, i in ranked[:left]:
            shares[i] += 1
    return shares


def apportion_groups(
    totals_fen: Sequence[int],
    group_sizes: Sequence[int],
    weights: Sequence[int],
    keys: Sequence[int],
) -> list[int]:
    shares: list[int] = []
    start = 0
    for total_fen, size in zip(totals_fen, group_sizes, strict=True):
        end = start + size
        shares += apportion(total_fen, weights[start:end], keys[start:end])
        start = end
    return shares
