"""Does a voucher that eight writers post again and again under one key enter the book once?

Eight processes with connections of their own draw from the same keys; one attempt in five comes
with another amount. Who comes first under a key posts, the same again is told so, the other amount
is refused. What they were told is then held against the book, by a judge that is shown a writer
without keys as well. The long campaign makes ten thousand attempts.
"""

import multiprocessing
from collections import Counter
from pathlib import Path

import pytest
from sqlmodel import select

from assets.trail import verify as checking
from ledger.database import open_session
from ledger.models import Voucher, VoucherLine
from tests.conftest import assert_sound, make_desk
from tests.ledger.retrying_writer import amount_fen, write

WRITERS = 8
PATIENCE_SECONDS = 1500
Told = tuple[str, int, int]


def told_by_writers(
    url: str, folder: Path, attempts: int, keys: int, *, forgets: bool = False
) -> list[Told]:
    """What eight writers that work at one time were told: outcome, key, body."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.ledger.retrying_writer"])
    files = [folder / f"told-{seed}.txt" for seed in range(WRITERS)]
    writers = [
        context.Process(target=write, args=(url, seed, attempts, keys, forgets, file))
        for seed, file in enumerate(files)
    ]
    for each in writers:
        each.start()
    for each in writers:
        each.join(PATIENCE_SECONDS)
    assert [each.exitcode for each in writers] == [0] * WRITERS
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    told = [(outcome, int(key), int(body)) for outcome, key, body in map(str.split, lines)]
    assert len(told) == WRITERS * attempts
    return told


def amounts_in(url: str) -> Counter[int]:
    """The debit total of every voucher of the campaign, and how often it is in the book."""
    with open_session(url) as session:
        vouchers = select(Voucher.id).where(Voucher.kind == "cost", Voucher.summary.like("第%笔"))  # type: ignore[attr-defined]
        wanted = set(session.exec(vouchers).all())
        totals: Counter[int | None] = Counter()
        for line in session.exec(select(VoucherLine)):
            if line.voucher_id in wanted and line.side == 1:
                totals[line.voucher_id] += line.amount_fen
    return Counter(totals.values())


def wrongs(told: list[Told], amounts: Counter[int]) -> list[str]:
    """Every way in which the answers and the book are not those of exactly one voucher a key."""
    found = []
    posted = Counter(key for outcome, key, _ in told if outcome == "posted")
    body_of = {key: body for outcome, key, body in told if outcome == "posted"}
    for key in sorted({key for _, key, _ in told}):
        if posted[key] != 1:
            found.append(f"key {key}: posted {posted[key]} times")
    for outcome, key, body in told:
        same = body == body_of.get(key)
        if outcome in ("conflict", "done") and same != (outcome == "done"):
            found.append(f"key {key}: body {body} was answered {outcome}")
    expected = Counter(amount_fen(key, body) for key, body in body_of.items())
    if amounts != expected:
        found.append(f"the book differs: {amounts - expected} {expected - amounts}")
    return found


def campaign(url: str, folder: Path, attempts: int, keys: int) -> None:
    told = told_by_writers(url, folder, attempts, keys)
    assert wrongs(told, amounts_in(url)) == []
    assert {outcome for outcome, _, _ in told} == {"posted", "done", "conflict"}
    with open_session(url) as session:
        assert checking.verify(session).is_clean
    assert_sound(url, make_desk())


def test_eight_writers_of_the_same_keys_post_each_once(payable_url: str, tmp_path: Path) -> None:
    campaign(payable_url, tmp_path, attempts=20, keys=12)


@pytest.mark.soak
def test_ten_thousand_attempts_of_eight_writers_post_each_key_once(
    payable_url: str, tmp_path: Path
) -> None:
    campaign(payable_url, tmp_path, attempts=1250, keys=400)


def test_writers_without_a_key_are_seen_through(payable_url: str, tmp_path: Path) -> None:
    told = told_by_writers(payable_url, tmp_path, attempts=4, keys=2, forgets=True)
    assert wrongs(told, amounts_in(payable_url))
