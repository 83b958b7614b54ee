"""Who writes, when, and with which keys: what the edge hands to every writing function.

The clock, the randomness and the recorder enter here and nowhere else; a demo or a test hands in
seeded ones and its book comes out byte for byte the same.
"""

import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from assets.vault import Vault

Clock = Callable[[], int]
"""Gives the present moment in microseconds since 1970 (UTC)."""

Entropy = Callable[[int], bytes]
"""Gives that many unpredictable bytes (predictable ones in a demo or a test)."""


def system_clock() -> int:
    """The machine's clock in whole microseconds."""
    return time.time_ns() // 1000


def system_entropy(count: int) -> bytes:
    """Bytes from the operating system."""
    return os.urandom(count)


class SteppingClock:
    """A clock that starts at a moment and advances one second a reading (demo and tests)."""

    def __init__(self, start_us: int) -> None:
        self.now_us = start_us

    def __call__(self) -> int:
        """The next moment."""
        self.now_us += 1_000_000
        return self.now_us


class SeededEntropy:
    """Bytes that depend on a seed only (demo and tests); never for a real book."""

    def __init__(self, seed: str) -> None:
        self.seed = seed.encode()
        self.drawn = 0

    def __call__(self, count: int) -> bytes:
        """The next bytes of the sequence."""
        self.drawn += 1
        name = self.seed + b"\x1f" + str(self.drawn).encode()
        return hashlib.shake_256(name).digest(count)


@dataclass
class Desk:
    """The writing place: clock, randomness, recorder (录入人), keys.

    ``recorder`` comes from the operating system or the database session, never from an option.
    """

    recorder: str
    clock: Clock = system_clock
    entropy: Entropy = system_entropy
    vault: Vault | None = None
    signing_key: Ed25519PrivateKey | None = None
    signer: str = "fupin"
    notes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Act:
    """One act of one person: who decided (行为人), with which command, on which day.

    ``inputs`` is a digest of what came in from outside (file, options); it goes into the
    derived idempotency key. ``key`` is a key given by the caller.
    """

    actor: str
    command: str
    on: date
    inputs: str = ""
    key: str = ""

    def __post_init__(self) -> None:
        assert self.command, "an act has a command"


def digest_of(*parts: str) -> str:
    """SHA-256 over length-prefixed texts, as hex: a digest of inputs."""
    digest = hashlib.sha256()
    for part in parts:
        raw = part.encode()
        digest.update(len(raw).to_bytes(4, "big"))
        digest.update(raw)
    return digest.hexdigest()
