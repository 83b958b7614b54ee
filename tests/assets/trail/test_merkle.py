"""The tree of the log against the RFC written down once more, and against published vectors."""

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.trail.merkle import (
    EMPTY_ROOT,
    BadFrontier,
    Frontier,
    consistency_proof,
    inclusion_proof,
    node,
    root_of,
    verify_consistency,
    verify_inclusion,
)

VECTORS = Path(__file__).parents[4] / "shared" / "data" / "vectors"
LEAVES = [hashlib.sha256(b"\x00" + bytes([n])).digest() for n in range(64)]


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def split(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def mth(d: list[bytes]) -> bytes:
    """RFC 9162 2.1.1: MTH, over leaves already hashed."""
    if not d:
        return sha(b"")
    if len(d) == 1:
        return d[0]
    k = split(len(d))
    return sha(b"\x01" + mth(d[:k]) + mth(d[k:]))


def path(m: int, d: list[bytes]) -> list[bytes]:
    """RFC 9162 2.1.3.1: PATH."""
    if len(d) == 1:
        return []
    k = split(len(d))
    if m < k:
        return [*path(m, d[:k]), mth(d[k:])]
    return [*path(m - k, d[k:]), mth(d[:k])]


def subproof(m: int, d: list[bytes], known: bool) -> list[bytes]:
    """RFC 9162 2.1.4.1: SUBPROOF; PROOF(m, D) is SUBPROOF(m, D, true)."""
    if m == len(d):
        return [] if known else [mth(d)]
    k = split(len(d))
    if m <= k:
        return [*subproof(m, d[:k], known), mth(d[k:])]
    return [*subproof(m - k, d[k:], False), mth(d[:k])]


ROOTS = [mth(LEAVES[:n]) for n in range(65)]


def mutations(proof: list[bytes]) -> list[list[bytes]]:
    """Every hash changed, dropped, cut; something in front and behind; order turned."""
    changed = [
        [*proof[:i], bytes([proof[i][0] ^ 1]) + proof[i][1:], *proof[i + 1 :]]
        for i in range(len(proof))
    ]
    dropped = [proof[:i] + proof[i + 1 :] for i in range(len(proof))]
    cut = [[*proof[:i], proof[i][:-1], *proof[i + 1 :]] for i in range(len(proof))]
    longer = [[bytes(32), *proof], [*proof, bytes(32)], [b"", *proof]]
    turned = [proof[::-1]] if proof[::-1] != proof else []
    return changed + dropped + cut + longer + turned


def test_the_root_is_the_rfcs_for_every_size() -> None:
    frontier = Frontier()
    assert frontier.root() == root_of([]) == EMPTY_ROOT == ROOTS[0]

    for n, leaf in enumerate(LEAVES, start=1):
        frontier.append(leaf)

        assert frontier.root() == root_of(LEAVES[:n]) == ROOTS[n]
        assert len(frontier.hashes) == n.bit_count()
        assert Frontier.from_json(frontier.to_json()) == frontier


def test_every_entry_of_every_book_up_to_64_is_proved_and_no_changed_proof_passes() -> None:
    for n in range(1, 65):
        for m in range(n):
            proof = inclusion_proof(LEAVES, m, n)

            assert proof == path(m, LEAVES[:n])
            assert verify_inclusion(LEAVES[m], m, n, proof, ROOTS[n])
            assert not verify_inclusion(LEAVES[m], m, n, proof, ROOTS[n - 1])
            assert not verify_inclusion(LEAVES[(m + 1) % 64], m, n, proof, ROOTS[n])
            assert not verify_inclusion(LEAVES[m], n, n, proof, ROOTS[n])
            assert not verify_inclusion(LEAVES[m], -1, n, proof, ROOTS[n])
            for wrong in mutations(proof):
                assert not verify_inclusion(LEAVES[m], m, n, wrong, ROOTS[n])


def test_an_entry_is_proved_at_its_own_place_only() -> None:
    for n in range(1, 33):
        for m in range(n):
            proof = inclusion_proof(LEAVES, m, n)

            places = [i for i in range(n) if verify_inclusion(LEAVES[m], i, n, proof, ROOTS[n])]
            assert places == [m]


def test_every_book_stands_at_the_head_of_every_later_one_and_no_changed_proof_passes() -> None:
    for new in range(1, 65):
        for old in range(1, new + 1):
            proof = consistency_proof(LEAVES, old, new)

            assert proof == subproof(old, LEAVES[:new], True)
            assert verify_consistency(old, new, ROOTS[old], ROOTS[new], proof)
            assert not verify_consistency(old, new, ROOTS[old - 1], ROOTS[new], proof)
            assert not verify_consistency(old, new, ROOTS[old], ROOTS[new - 1], proof)
            for wrong in mutations(proof):
                assert not verify_consistency(old, new, ROOTS[old], ROOTS[new], wrong)


def test_an_empty_book_an_empty_proof_and_a_shrinking_book_prove_nothing() -> None:
    assert not verify_consistency(0, 8, EMPTY_ROOT, ROOTS[8], [])
    assert not verify_consistency(0, 0, EMPTY_ROOT, EMPTY_ROOT, [])
    assert not verify_consistency(1, 8, ROOTS[1], ROOTS[8], [])
    assert not verify_consistency(8, 7, ROOTS[8], ROOTS[7], [])
    assert not verify_consistency(-1, 7, ROOTS[1], ROOTS[7], [bytes(32)])
    assert not verify_consistency(7, 7, ROOTS[7], ROOTS[7], [bytes(32)])
    assert not verify_inclusion(LEAVES[0], 0, 0, [], EMPTY_ROOT)
    assert not verify_inclusion(b"", 0, 1, [], b"")


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0), (0, 65)])
def test_no_proof_is_made_of_an_entry_outside_the_log(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        inclusion_proof(LEAVES, index, size)


@pytest.mark.parametrize(("old", "new"), [(0, 3), (4, 3), (1, 65)])
def test_no_proof_is_made_of_a_book_outside_the_log(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="no consistency"):
        consistency_proof(LEAVES, old, new)


@given(st.integers(1, 5000), st.data())
def test_proofs_of_large_books_are_short_and_right(size: int, data: st.DataObject) -> None:
    leaves = [n.to_bytes(32) for n in range(size)]
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(1, size))
    root = root_of(leaves)

    proof = inclusion_proof(leaves, index, size)
    between = consistency_proof(leaves, old, size)

    assert len(proof) <= (size - 1).bit_length()
    assert len(between) <= 2 * size.bit_length()
    assert verify_inclusion(leaves[index], index, size, proof, root)
    assert verify_consistency(old, size, root_of(leaves[:old]), root, between)


def test_a_copied_frontier_grows_alone() -> None:
    frontier = Frontier()
    for leaf in LEAVES[:7]:
        frontier.append(leaf)

    grown = frontier.copy()
    grown.append(LEAVES[7])

    assert (frontier.root(), grown.root()) == (ROOTS[7], ROOTS[8])


def test_an_inner_node_is_not_a_leaf() -> None:
    assert node(LEAVES[0], LEAVES[1]) == sha(b"\x01" + LEAVES[0] + LEAVES[1])
    assert node(LEAVES[0], LEAVES[1]) != sha(b"\x00" + LEAVES[0] + LEAVES[1])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "[" * 100_000,
        '{"size":1}',
        '{"hashes":[],"size":1}',
        '{"hashes":["00"],"size":1}',
        '{"hashes":[1],"size":1}',
        '{"hashes":[],"size":"0"}',
        '{"hashes":[],"size":-1}',
        '{"hashes":[],"size":0,"more":0}',
    ],
)
def test_a_damaged_head_of_the_log_is_refused(text: str) -> None:
    with pytest.raises(BadFrontier, match="日志头无效"):
        Frontier.from_json(text)


def test_a_frontier_of_short_hashes_is_refused() -> None:
    with pytest.raises(BadFrontier, match="32字节"):
        Frontier(1, [b"short"])


# Published vectors, read from beside the project where they lie.


def published(name: str) -> list[dict[str, Any]]:
    file = VECTORS / name
    if not file.exists():
        pytest.skip(f"published Merkle vectors are not beside the project: {name}")
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line]


def unbase64(text: str | None) -> bytes:
    return base64.b64decode(text or "")


def agrees(vectors: list[dict[str, Any]], passes: Callable[[dict[str, Any]], bool]) -> int:
    wrong = [each["name"] for each in vectors if passes(each) == each["wantErr"]]
    assert not wrong
    return len(vectors)


def test_the_published_inclusion_vectors_agree() -> None:
    def passes(v: dict[str, Any]) -> bool:
        proof = [unbase64(each) for each in v["proof"] or []]
        root = unbase64(v["root"])
        return verify_inclusion(unbase64(v["leafHash"]), v["leafIdx"], v["treeSize"], proof, root)

    assert agrees(published("merkle_inclusion.jsonl"), passes) == 98


def test_the_published_consistency_vectors_agree() -> None:
    def passes(v: dict[str, Any]) -> bool:
        proof = [unbase64(each) for each in v["proof"] or []]
        roots = unbase64(v["root1"]), unbase64(v["root2"])
        return verify_consistency(v["size1"], v["size2"], *roots, proof)

    assert agrees(published("merkle_consistency.jsonl"), passes) == 98
