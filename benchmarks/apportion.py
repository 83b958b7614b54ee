"""How much faster is the vectorised apportionment than plain integers, row for row the same?

    .venv/bin/python benchmarks/apportion.py [--scale 1.0] [--repeat 3] [--seed 2016]

Groups of 5 to 300 households until 4.15 million rows × scale are reached; half of the groups have
equal weights. Both paths get the same groups in the same process: the arrays for the one, plain
lists of the same numbers for the other. Making the keys is measured apart. Prints JSON.
"""

import argparse
import json
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

import reference_apportion  # noqa: E402

from ledger.apportionment import apportion_groups, member_keys  # noqa: E402

ROWS = 4_150_000


def make_groups(rows: int, seed: int) -> tuple[Any, Any, Any]:
    random = np.random.default_rng(seed)
    sizes = random.integers(5, 301, size=rows // 5 + 1)
    sizes = sizes[: max(1, int(np.searchsorted(np.cumsum(sizes), rows)))]
    equal = np.repeat(random.random(len(sizes)) < 0.5, sizes)
    weights = np.where(equal, 3, random.integers(0, 100_000, size=len(equal)))
    weights[np.cumsum(sizes) - 1] += 1 - equal[np.cumsum(sizes) - 1]
    totals = random.integers(0, 50_000_000, size=len(sizes))
    return totals, sizes, weights


def best_of(repeat: int, work: Callable[[], Any]) -> tuple[float, Any]:
    seconds, result = [], None
    for _ in range(repeat):
        started = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - started)
    return min(seconds), result


def peak_mib(work: Callable[[], Any]) -> float:
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--seed", type=int, default=2016)
    options = parser.parse_args()

    totals, sizes, weights = make_groups(int(ROWS * options.scale), options.seed)
    codes = [f"440203{number:08d}" for number in range(len(weights))]
    key_s, keys = best_of(1, lambda: member_keys("BENCH-2020", codes))
    arrays = (totals, sizes, weights, keys)
    lists = tuple(column.tolist() for column in arrays)

    fast_s, fast = best_of(options.repeat, lambda: apportion_groups(*arrays))
    plain_s, plain = best_of(options.repeat, lambda: reference_apportion.apportion_groups(*lists))
    unequal_rows = int((fast != np.array(plain)).sum())
    result = {
        "rows": len(weights),
        "groups": len(sizes),
        "reference_s": round(plain_s, 3),
        "vectorised_s": round(fast_s, 3),
        "ratio": round(plain_s / fast_s, 1),
        "vectorised_rows_per_s": round(len(weights) / fast_s),
        "keys_s": round(key_s, 3),
        "result_mib": round(fast.nbytes / 2**20, 1),
        "working_mib": round(peak_mib(lambda: apportion_groups(*arrays)) - fast.nbytes / 2**20, 1),
        "unequal_rows": unequal_rows,
    }
    print(json.dumps(result, indent=2))
    return 1 if unequal_rows else 0


if __name__ == "__main__":
    raise SystemExit(main())
