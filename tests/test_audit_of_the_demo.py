"""What does an auditor find in the demonstration, and do the answers agree with what left the house?"""

import csv
import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from fixtures.explained_leads import COUNTS, EXPLAINED
from tests.walking import fupin, rows_of

LAST = ("--on", "2021-03-31")
JOINT = "440203102203-2018-J-0002"


@pytest.fixture(scope="module")
def address(demo: Path) -> str:
    return f"sqlite:///{demo / 'fupin.db'}"


def asked(address: str, *words: str) -> dict[str, Any]:
    said = fupin(*words, *LAST, "--json", database=address)
    assert said.code == 0, said.text
    answer: dict[str, Any] = json.loads(said.out)
    return answer


def fen(yuan: str) -> int:
    return int(yuan.replace(",", "").replace(".", ""))


def test_no_rule_fires_that_is_not_explained(address: str) -> None:
    answers = asked(address, "audit", "flags")["rules"]
    fires = {rule["rule"]: rule["fires"] for rule in answers if rule["fires"]}
    assert set(fires) == set(EXPLAINED)
    assert fires == COUNTS
    clean = {rule["rule"] for rule in answers if not rule["fires"]}
    assert {"F12", "F14", "F15", "F16", "F17", "F20"} <= clean


@pytest.mark.parametrize(
    "words",
    [
        ("due",),
        ("undistributed",),
        ("handover",),
        ("asset", JOINT),
        ("known", JOINT),
        ("document", "韶财农〔2016〕58号"),
        ("who", "FP2019-440203102203"),
    ],
    ids=lambda words: words[0],
)
def test_every_question_has_rows_and_its_sums_come_out(
    address: str, words: tuple[str, ...]
) -> None:
    answer = asked(address, "audit", "ask", *words)
    assert answer["rows"]
    assert all(proof["holds"] for proof in answer["proofs"])


def test_what_a_household_got_is_what_the_bank_was_told_to_pay(demo: Path, address: str) -> None:
    sent: Counter[str] = Counter()
    for path in sorted((demo / "银行文件").glob("*.csv")):
        raw = path.read_bytes()
        text = raw.decode("utf-8-sig") if raw[:3] == b"\xef\xbb\xbf" else raw.decode("gb18030")
        for row in csv.DictReader(text.splitlines()):
            code = row["户编号"].strip().removeprefix("=").strip("\"'\t ")
            sent[code] += fen(row["金额(元)"])
    returned = {
        code
        for (code,) in rows_of(
            address,
            "SELECT DISTINCT h.code FROM payment_line l JOIN household h ON h.id = l.household_id "
            "JOIN payment_result r ON r.payment_line_id = l.id WHERE r.outcome = 'RETURNED'",
        )
    }
    tried = [code for code in sorted(sent) if code not in returned][::97]
    assert len(tried) > 3
    for code in tried:
        answer = asked(address, "audit", "ask", "household", code, "--year", "2019")
        paid = sum(fen(row["已到账（元）或依据"]) for row in answer["rows"] if row["应发（元）"])
        assert paid == sent[code]


def test_what_an_asset_earned_is_what_the_exported_books_say(address: str, tmp_path: Path) -> None:
    said = fupin(
        *("book", "export", "--format", "datapackage", "--out", str(tmp_path / "账")),
        *LAST,
        database=address,
    )
    assert said.code == 0, said.text

    def rows(name: str) -> list[dict[str, str]]:
        path = next((tmp_path / "账").rglob(f"{name}.csv"))
        with path.open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))

    receipts = {row["voucher_id"] for row in rows("vouchers") if row["kind"] == "receipt"}
    asset_of = {row["dimension_id"]: row["asset_code"] for row in rows("dimensions")}
    booked: dict[str, int] = defaultdict(int)
    for line in rows("voucher_lines"):
        if line["voucher_id"] in receipts and line["side"] == "1":
            booked[asset_of[line["dimension_id"]]] += int(line["amount_fen"])
    answer = asked(address, "audit", "ask", "asset", JOINT)
    received = sum(fen(row["金额（元）"]) for row in answer["rows"] if row["层次"] == "到账")
    assert received == booked[JOINT] > 0


def test_todo_names_who_is_late_at_the_end(address: str) -> None:
    found = fupin("todo", *LAST, "--json", database=address)
    rows = json.loads(found.out)
    late = [row for row in rows if row["剩余天数"] and int(row["剩余天数"]) < 0]
    assert {row["事项"] for row in late} >= {"已确权待移交", "结转机构到账待确认结转"}
    assert all(row["岗位"] and row["命令"] for row in rows)
