"""The trail (留痕): the one log all facts are in, its tree, its signed heads, and its checking."""

from assets.trail.desk import (
    Act,
    Clock,
    Desk,
    Entropy,
    SeededEntropy,
    SteppingClock,
    digest_of,
    system_clock,
    system_entropy,
)
from assets.trail.log import Entry, desk_of, entry, lock_head

__all__ = [
    "Act",
    "Clock",
    "Desk",
    "Entropy",
    "Entry",
    "SeededEntropy",
    "SteppingClock",
    "desk_of",
    "digest_of",
    "entry",
    "lock_head",
    "system_clock",
    "system_entropy",
]
