"""Do two cashiers who type the same batch at the same moment make one batch? Two processes do.

Each process opens the book by itself, waits for a common moment, and makes the batch of the same
code; one makes it, the other is told that it is done already.
"""

import subprocess
import sys
from pathlib import Path

from sqlmodel import select

from ledger.models import PaymentBatch, PaymentLine
from tests.ledger.payable_village import H1, H3, PLAN, Payable

CODE = "Z1"
ROOT = Path(__file__).parents[2]
CASHIER = """
import sys
from assets.errors import AlreadyDone
from assets.trail import Act
from ledger.database import open_session
from ledger.pay_batch import make_batch
from tests.conftest import OPENED_US, make_desk
from tests.ledger.payable_village import BATCHED, H1, H3, PLAN

url, code = sys.argv[1:]
desk = make_desk(OPENED_US + 300 * 86_400_000_000, recorder="录入甲")
with open_session(url, desk=desk, write=True) as session:
    session.rollback()
    print("ready", flush=True)
    sys.stdin.readline()
    try:
        act = Act("Q01", "pay batch", BATCHED)
        make_batch(session, act, PLAN, code, channels="other", household_codes=(H1, H3))
        session.commit()
        print("made")
    except AlreadyDone:
        session.rollback()
        print("done")
"""


def test_two_processes_at_once_make_one_batch(payable: Payable, payable_url: str) -> None:
    payable.session.rollback()
    cashiers = [
        subprocess.Popen(
            [sys.executable, "-c", CASHIER, payable_url, CODE],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for each in cashiers:
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n"
    for each in cashiers:
        assert each.stdin is not None
        each.stdin.write("\n")
        each.stdin.flush()
    said = [each.communicate(timeout=60) for each in cashiers]
    assert sorted(out.strip() for out, _ in said) == ["done", "made"], said
    session = payable.session
    (made,) = session.exec(select(PaymentBatch)).all()
    assert made.code == CODE
    lines = session.exec(select(PaymentLine)).all()
    assert sum(line.amount_fen for line in lines) == made.amount_fen
    assert len(lines) == len((H1, H3)) and payable.plan.code == PLAN
