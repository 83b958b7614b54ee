"""Is this entry in the book, and does the book of then still stand at the head of the book of now?

The tree of RFC 6962 / RFC 9162 over the leaves of the log, nothing added to it. The writer keeps
only the frontier (one hash for each full subtree), a checker proves one entry with about log2(n)
hashes. How a leaf is made is in ``encoding``; who signs a root is in ``checkpoint``.

>>> frontier = Frontier()
>>> frontier.append(bytes(32))
>>> frontier.root() == root_of([bytes(32)])
True
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from assets.errors import InvalidValue

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()
"""The root of a log without entries."""


class BadFrontier(InvalidValue):
    """The stored head of the log is not a frontier (日志头无效)."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"日志头无效：{reason}。请运行完整核验（fupin trail verify），不要手工修改。"
        )


def node(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node (32 bytes).

    依据: RFC 9162 §2.1.1
    """
    return sha256(b"\x01" + left + right).digest()


@dataclass
class Frontier:
    """The full subtrees at the right edge, largest first: all that appending needs.

    ``size`` is the number of leaves; ``hashes`` has one hash for each 1 bit of ``size``.
    """

    size: int = 0
    hashes: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.hashes) != self.size.bit_count():
            raise BadFrontier(f"{self.size}条记录与{len(self.hashes)}个子树不符")
        if any(len(each) != HASH_BYTES for each in self.hashes):
            raise BadFrontier("摘要长度不是32字节")

    def append(self, leaf_hash: bytes) -> None:
        """Add one leaf (32 bytes); on average one hash is computed.

        依据: RFC 9162 §2.1.1
        """
        assert len(leaf_hash) == HASH_BYTES, "a leaf is a SHA-256 hash"
        full = leaf_hash
        size = self.size
        while size & 1:
            full = node(self.hashes.pop(), full)
            size >>= 1
        self.hashes.append(full)
        self.size += 1

    def root(self) -> bytes:
        """The root over all leaves so far (32 bytes).

        依据: RFC 9162 §2.1.1
        """
        if not self.hashes:
            return EMPTY_ROOT
        folded = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            folded = node(left, folded)
        return folded

    def copy(self) -> "Frontier":
        """A frontier that can grow without changing this one."""
        return Frontier(self.size, list(self.hashes))

    def to_json(self) -> str:
        """Text for the database: size and hex hashes, always the same text for the same frontier."""
        hashes = [each.hex() for each in self.hashes]
        return json.dumps({"hashes": hashes, "size": self.size}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "Frontier":
        """Read back what ``to_json`` wrote.

        Raises:
            BadFrontier: The text is something else.
        """
        try:
            stored = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise BadFrontier("不是JSON") from error
        match stored:
            case {"size": int(size), "hashes": list(hashes), **rest} if not rest:
                if all(re.fullmatch("[0-9a-f]{64}", str(each)) for each in hashes):
                    return cls(size, [bytes.fromhex(each) for each in hashes])
        raise BadFrontier("应有size与hashes两项，摘要为64位十六进制")


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over ``leaves`` (32-byte leaf hashes), level by level.

    依据: RFC 9162 §2.1.1
    """
    if not leaves:
        return EMPTY_ROOT
    level = list(leaves)
    while len(level) > 1:
        # A last node without a partner rises as it is: that is the RFC's split at a power of two.
        odd = level[-1:] if len(level) & 1 else []
        pairs = zip(level[0::2], level[1::2], strict=False)
        level = [sha256(b"\x01" + left + right).digest() for left, right in pairs] + odd
    return level[0]


def inclusion_proof(leaves: Sequence[bytes], index: int, size: int) -> list[bytes]:
    """The hashes that prove leaf ``index`` (from 0) in the tree of the first ``size`` leaves.

    Each subtree is hashed once. Raises ValueError if the leaf or the size is outside the log.

    依据: RFC 9162 §2.1.3.1
    """
    if not 0 <= index < size <= len(leaves):
        raise ValueError(f"no leaf {index} in a tree of {size} within {len(leaves)} leaves")
    proof: list[bytes] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _left_size(high - low)
        if index < middle:
            proof.append(root_of(leaves[middle:high]))
            high = middle
        else:
            proof.append(root_of(leaves[low:middle]))
            low = middle
    return proof[::-1]


def consistency_proof(leaves: Sequence[bytes], old: int, new: int) -> list[bytes]:
    """The hashes that prove that the first ``old`` leaves stand unchanged in the first ``new``.

    Raises ValueError if the sizes are not 0 < old ≤ new ≤ len(leaves).

    依据: RFC 9162 §2.1.4.1
    """
    if not 0 < old <= new <= len(leaves):
        raise ValueError(f"no consistency from {old} to {new} within {len(leaves)} leaves")
    proof: list[bytes] = []
    low, high = 0, new
    while old != high:
        middle = low + _left_size(high - low)
        if old <= middle:
            proof.append(root_of(leaves[middle:high]))
            high = middle
        else:
            proof.append(root_of(leaves[low:middle]))
            low = middle
    if low:
        # The old tree does not begin here, so its verifier cannot know this subtree's hash.
        proof.append(root_of(leaves[low:high]))
    return proof[::-1]


def _left_size(size: int) -> int:
    """The largest power of two smaller than ``size`` (≥ 2)."""
    return 1 << ((size - 1).bit_length() - 1)


def verify_inclusion(
    leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Whether ``proof`` leads from the leaf at ``index`` (from 0) to the root of ``size`` leaves.

    Anything malformed is a proof that fails, never an error.

    依据: RFC 9162 §2.1.3.2
    """
    if not 0 <= index < size or not _are_hashes([leaf_hash, root, *proof]):
        return False
    place, last, running = index, size - 1, leaf_hash
    for sibling in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            running = node(sibling, running)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            running = node(running, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and running == root


def verify_consistency(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether ``proof`` shows the tree of ``old`` leaves at the head of the tree of ``new`` leaves.

    An empty old tree is at the head of every tree, so it proves nothing and is refused; so is an
    empty proof between different sizes and any hash that is not 32 bytes.

    依据: RFC 9162 §2.1.4.2
    """
    if not 0 < old <= new:
        return False
    if old == new:
        return not proof and old_root == new_root
    if not proof or not _are_hashes([old_root, new_root, *proof]):
        return False
    # If the old tree is a full subtree of the new one, its root is the first hash of the path.
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    of_old = of_new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            of_old, of_new = node(sibling, of_old), node(sibling, of_new)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            of_new = node(of_new, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and of_old == old_root and of_new == new_root


def _are_hashes(values: Iterable[bytes]) -> bool:
    return all(len(each) == HASH_BYTES for each in values)
