"""How long do all flag rules take over a whole district, and do they grow with the rows only?

    .venv/bin/python benchmarks/audit_flags.py [--scale 1.0] [--years 10]

10,000 assets, 50,000 households and ten years × scale are put into an SQLite book past the gates
and the log, everything in order; the rules are asked once at half the scale and once at the full.
Prints JSON: seconds of CPU in all and by rule, rows looked at, and the exponent of growth.
"""

import argparse
import json
import math
import sqlite3
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)]

from sqlmodel import Session  # noqa: E402

from assets.trail import Desk, SeededEntropy, SteppingClock  # noqa: E402
from ledger.database import create_book, engine_for  # noqa: E402
from ledger.flags.running import RULES, run  # noqa: E402

ON = date(2026, 6, 30)
VILLAGES = 50
FIRST_YEAR = 2016


def fill(path: Path, assets: int, households: int, years: int) -> int:
    """Fill a new book; returns the number of rows."""
    desk = Desk("bench", SteppingClock(0), SeededEntropy("bench"))
    create_book(f"sqlite:///{path}", desk=desk)
    book = sqlite3.connect(path)
    for (name,) in book.execute("SELECT name FROM sqlite_master WHERE type='trigger'").fetchall():
        book.execute(f"DROP TRIGGER {name}")
    book.execute("PRAGMA synchronous=OFF")
    book.execute("PRAGMA foreign_keys=OFF")
    writer = Writer(book)
    register(writer, assets)
    people(writer, households)
    for place in range(years):
        distribution(writer, FIRST_YEAR + place, households, place)
    income(writer, assets, years)
    book.commit()
    book.close()
    return writer.rows


class Writer:
    """Puts rows in with ids; columns that are not named are NULL."""

    def __init__(self, book: sqlite3.Connection) -> None:
        self.book = book
        self.rows = 0

    def put(self, table: str, names: str, rows: Any) -> None:
        listed = [name.strip() for name in names.split(",")]
        places = ", ".join("?" * len(listed))
        done = self.book.executemany(
            f"INSERT INTO {table} ({', '.join(listed)}) VALUES ({places})", rows
        )
        self.rows += done.rowcount


def village(number: int) -> str:
    return f"440203102{200 + number % VILLAGES:03d}"


def register(w: Writer, assets: int) -> None:
    numbers = range(1, assets + 1)
    value = 1_000_000
    w.put(
        "division",
        "id, entry_id, code, title, level, valid_from, provenance",
        ((n, 1, village(n), f"村{n}", "VILLAGE", "2016-01-01", "") for n in range(VILLAGES)),
    )
    w.put(
        "party",
        "id, entry_id, code, kind",
        ((n + 1, 1, f"V{n}", "COLLECTIVE") for n in range(VILLAGES)),
    )
    w.put(
        "party_fact",
        "id, entry_id, party_id, title, division_code, account_title, valid_from",
        (
            (n + 1, 1, n + 1, f"合作社{n}", village(n), f"合作社{n}", "2016-01-01")
            for n in range(VILLAGES)
        ),
    )
    w.put(
        "fund_document",
        "id, entry_id, code, title, level, fund_type, fund_year, amount_fen, issued_on, issuer",
        ((n, 1, f"文{n}", "文", "CITY", "CITY", 2016, value, "2016-01-02", "局") for n in numbers),
    )
    w.put(
        "fund_receipt",
        "id, entry_id, fund_document_id, received_on, amount_fen",
        ((n, 1, n, "2016-02-01", value) for n in numbers),
    )
    w.put("project", "id, entry_id, code", ((n, 1, f"XM{n}") for n in numbers))
    w.put(
        "project_fact",
        "id, entry_id, project_id, title, project_year, division_code, implementer, "
        "bank_entry_on, completed_on, accepted_on, valid_from",
        (
            (
                n,
                1,
                n,
                "项目",
                2016,
                village(n),
                "村",
                "2015-12-01",
                "2016-12-01",
                "2016-12-15",
                "2016-01-01",
            )
            for n in numbers
        ),
    )
    w.put(
        "fund_payment",
        "id, entry_id, fund_document_id, project_id, paid_on, amount_fen, voucher_no",
        ((n, 1, n, n, "2016-06-01", value, f"记{n}") for n in numbers),
    )
    w.put("asset", "id, entry_id, code, project_id", ((n, 1, f"ZC{n}", n) for n in numbers))
    w.put(
        "asset_fact",
        "id, entry_id, asset_id, title, asset_class, form, subclass, division_code, place, quantity, "
        "quantity_unit, acquired_on, in_use_on, original_value_fen, condition, valid_from",
        (
            (
                *(
                    n,
                    1,
                    n,
                    "资产",
                    "OPERATING" if n % 10 == 0 else "PUBLIC_WELFARE",
                    "FIXED",
                    "其他",
                ),
                *(village(n), "村口", "1", "项", "2016-12-15", "2017-01-01", value, "NORMAL"),
                "2016-01-01",
            )
            for n in numbers
        ),
    )
    w.put(
        "fund_contribution",
        "id, entry_id, asset_id, fund_document_id, contributor_party_id, amount_fen",
        ((n, 1, n, n, n % VILLAGES + 1, value) for n in numbers),
    )
    w.put(
        "asset_right",
        "id, entry_id, asset_id, kind, holder_party_id, share_numerator, share_denominator, basis, "
        "document, valid_from",
        (
            (2 * n + k, 1, n, kind, n % VILLAGES + 1, 1, 1, "AGREED", "协议", "2016-01-01")
            for n in numbers
            for k, kind in enumerate(("OWN", "BENEFIT"))
        ),
    )
    w.put(
        "title_act",
        "id, entry_id, code, village_code, owner_party_id, proposed_on",
        ((n, 1, f"QQ{n}", village(n), 1, "2019-01-01") for n in numbers),
    )
    w.put(
        "title_certificate",
        "id, entry_id, number, title_act_id, asset_id, confirmed_on, document",
        ((n, 1, f"证{n}", n, n, "2019-03-01", "文") for n in numbers),
    )
    w.put(
        "handover_act",
        "id, entry_id, code, village_code, from_party_id, to_party_id, attempt_no, prepared_on, "
        "shown_text, text_sha256",
        ((n, 1, f"YJ{n}", village(n), 1, 2, 1, "2019-03-02", "", "") for n in numbers),
    )
    w.put(
        "handover_item",
        "id, entry_id, handover_act_id, asset_id, line_no, original_value_fen, net_value_fen",
        ((n, 1, n, n, 1, value, value) for n in numbers),
    )
    w.put(
        "handover_answer",
        "id, entry_id, handover_item_id, outcome, answered_on, signed_by_code",
        ((n, 1, n, "ACCEPTED", "2019-03-20", "Z") for n in numbers),
    )
    w.put(
        "handover_booking",
        "id, entry_id, asset_id, handover_act_id, booked_on",
        ((n, 1, n, n, "2019-03-25") for n in numbers),
    )
    w.put(
        "status_event",
        "id, entry_id, object_kind, object_code, from_state, to_state, happened_on, actor_code",
        (
            (5 * n + k, 1, "ASSET", f"ZC{n}", "", state, "2019-03-25", "N")
            for n in numbers
            for k, state in enumerate(
                ("NOTICED", "CONFIRMED", "ACCEPTED", "BOOKED", "IN_OPERATION")
            )
        ),
    )


def people(w: Writer, households: int) -> None:
    homes = range(1, households + 1)
    w.put("household", "id, entry_id, code", ((n, 1, f"H{n}") for n in homes))
    w.put(
        "household_fact",
        "id, entry_id, household_id, village_code, status, valid_from, event",
        ((n, 1, n, village(n), "LIFTED", "2016-01-01", "REGISTERED") for n in homes),
    )
    members = range(1, 2 * households + 1)
    w.put("person", "id, entry_id, code", ((n, 1, f"P{n}") for n in members))
    w.put(
        "membership",
        "id, entry_id, person_id, household_id, relation, valid_from, event",
        ((n, 1, n, (n + 1) // 2, "户主", "2016-01-01", "REGISTERED") for n in members),
    )
    w.put(
        "person_status",
        "id, entry_id, person_id, labour, life, birth_year, valid_from",
        ((n, 1, n, "ORDINARY", "ALIVE", 1970, "2016-01-01") for n in members),
    )
    w.put(
        "person_index",
        "kind, digest, person_id",
        ((kind, f"{kind}{n}", n) for n in members for kind in ("ID", "CARD")),
    )
    w.put("policy", "id, entry_id, code, sha256, body", [(1, 1, "p", "1", "")])


def distribution(w: Writer, year: int, households: int, place: int) -> None:
    first_plan = place * VILLAGES
    plans = range(1, VILLAGES + 1)
    homes = range(1, households + 1)
    base = place * households
    paid = f"{year + 1}-02-10"
    names = [(f"FA{year}-{n}", first_plan + n, n - 1) for n in plans]
    w.put(
        "roster",
        "id, entry_id, code, plan_code, cut_off_on, scope, household_count, person_count",
        ((i, 1, f"{c}-R", c, f"{year}-12-31", village(v), 1, 1) for c, i, v in names),
    )
    w.put(
        "plan",
        "id, entry_id, code, kind, holder_party_id, title, income_year, period_from, period_to, "
        "policy_id, roster_id, rule_text, received_fen, deducted_fen, distributable_fen, drafted_on",
        (
            (
                i,
                1,
                c,
                "VILLAGE",
                v + 1,
                c,
                year,
                f"{year}-01-01",
                f"{year}-12-31",
                1,
                i,
                "",
                0,
                0,
                1,
                f"{year + 1}-01-04",
            )
            for c, i, v in names
        ),
    )
    w.put(
        "plan_channel",
        "id, entry_id, plan_id, line_no, channel, title, rule_text, source, amount_fen",
        ((i, 1, i, 1, "REWARD", "奖补", "", "", 1) for _, i, _ in names),
    )
    w.put(
        "status_event",
        "id, entry_id, object_kind, object_code, from_state, to_state, happened_on, actor_code",
        ((10**7 + i, 1, "PLAN", c, "", "COMPLETED", paid, "N") for c, i, _ in names),
    )
    w.put(
        "decision",
        "id, entry_id, object_kind, object_code, round_no, stage, body, held_on, member_count, "
        "present_count, for_count, against_count, abstain_count, minutes, is_valid",
        (
            (
                4 * i + k,
                1,
                "PLAN",
                c,
                1,
                stage,
                "REPRESENTATIVES",
                f"{year + 1}-01-0{5 + k}",
                30,
                25,
                25,
                0,
                0,
                "m",
                1,
            )
            for c, i, _ in names
            for k, stage in enumerate(("PROPOSE", "CONSULT", "DELIBERATE", "RESOLVE"))
        ),
    )
    w.put(
        "notice",
        "id, entry_id, object_kind, object_code, kind, round_no, seq, village_code, posted_on, "
        "notice_days, day_kind, ends_on, place, text_sha256, start_proof",
        (
            (
                i,
                1,
                "PLAN",
                c,
                "NOTICE",
                1,
                1,
                village(v),
                f"{year + 1}-01-15",
                10,
                "CALENDAR",
                f"{year + 1}-01-25",
                "栏",
                "x",
                "y",
            )
            for c, i, v in names
        ),
    )
    w.put(
        "notice_end",
        "id, entry_id, notice_id, taken_down_on",
        ((i, 1, i, f"{year + 1}-01-26") for _, i, _ in names),
    )
    w.put(
        "stage_act",
        "id, entry_id, object_kind, object_code, stage, duty, round_no, actor_code, recorder, "
        "acted_on, agreed",
        (
            (3 * i + k, 1, "PLAN", c, stage, "REVIEW", 1, stage, "r", f"{year + 1}-01-{27 + k}", 1)
            for c, i, _ in names
            for k, stage in enumerate(("SUPERVISE", "TOWN_REVIEW", "FILE"))
        ),
    )

    def plan_of(home: int) -> int:
        return first_plan + home % VILLAGES + 1

    w.put(
        "roster_line",
        "id, entry_id, roster_id, household_id, person_count, labour_count, status, village, fact_id",
        ((base + n, 1, plan_of(n), n, 2, 2, 1, int(village(n)), n) for n in homes),
    )
    w.put(
        "allocation",
        "id, entry_id, plan_channel_id, household_id, weight, tie_key, share_fen, extra_fen",
        ((base + n, 1, plan_of(n), n, 2, n, 10_000 + n, 0) for n in homes),
    )
    w.put(
        "entitlement",
        "id, entry_id, plan_id, plan_channel_id, household_id, person_id, concerns_month, amount_fen",
        ((base + n, 1, plan_of(n), plan_of(n), n, 0, 0, 10_000 + n) for n in homes),
    )
    w.put(
        "payment_line",
        "id, entry_id, payment_batch_id, serial_no, entitlement_id, household_id, payee_person_id, "
        "amount_fen, reissue_of",
        ((base + n, 1, plan_of(n), n, base + n, n, 2 * n - 1, 10_000 + n, 0) for n in homes),
    )
    w.put(
        "payment_batch",
        "id, entry_id, code, plan_id, kind, rail, made_on, first_line_id, last_line_id, line_count, "
        "amount_fen",
        ((i, 1, f"{c}-Z", i, "ORDINARY", "ONE_CARD", paid, 1, 1, 1, 1) for c, i, _ in names),
    )
    w.put(
        "payment_result",
        "id, entry_id, payment_line_id, outcome, happened_on",
        ((base + n, 1, base + n, "PAID", paid) for n in homes),
    )


def income(w: Writer, assets: int, years: int) -> None:
    plants = range(10, assets + 1, 10)
    w.put(
        "plant_fact",
        "id, entry_id, asset_id, capacity_w, in_national_catalogue, valid_from",
        ((n, 1, n, 100_000, 1, "2016-01-01") for n in plants),
    )
    months = [(FIRST_YEAR + y) * 100 + m for y in range(years) for m in range(1, 13)]
    w.put(
        "electricity_bill",
        "id, entry_id, asset_id, meter, month, energy_kwh, benchmark_tariff_uyuan, benchmark_fen, "
        "subsidy_tariff_uyuan, subsidy_fen",
        (
            (n * 200 + k, 1, n, "B", month, 10_000, 453_000, 453_000, 0, 0)
            for n in plants
            for k, month in enumerate(months)
        ),
    )

    def arrived(month: int) -> date:
        return date(month // 100, month % 100, 1) + timedelta(days=40)

    w.put(
        "receipt",
        "id, entry_id, code, asset_id, receiver_party_id, money_kind, stream, income_year, "
        "period_from, period_to, energy_kwh, amount_fen, arrived_on",
        (
            (
                *(n * 200 + k, 1, f"S{n}-{month}", n, n % VILLAGES + 1, "INCOME"),
                *("BENCHMARK_TARIFF", month // 100, f"{month // 100}-{month % 100:02d}-01"),
                *(f"{month // 100}-{month % 100:02d}-28", 10_000, 453_000),
                arrived(month).isoformat(),
            )
            for n in plants
            for k, month in enumerate(months)
        ),
    )


def measure(scale: float, years: int) -> dict[str, Any]:
    assets, households = int(10_000 * scale), int(50_000 * scale)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "district.db"
        rows = fill(path, assets, households, years)
        spent: dict[str, float] = {}
        fires = 0
        with Session(engine_for(f"sqlite:///{path}", write=False)) as session:
            for rule in RULES:
                started = time.process_time()
                answers = run(session, ON, rules=[rule.code])
                spent[rule.code] = round(time.process_time() - started, 2)
                fires += sum(len(answer.fires) for answer in answers)
    return {
        "assets": assets,
        "households": households,
        "rows": rows,
        "fires": fires,
        "seconds": round(sum(spent.values()), 2),
        "by_rule": spent,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--years", type=int, default=10)
    given = parser.parse_args()
    half, whole = (measure(given.scale * part, given.years) for part in (0.5, 1.0))
    slope = math.log(whole["seconds"] / half["seconds"]) / math.log(whole["rows"] / half["rows"])
    print(json.dumps({"half": half, "whole": whole, "slope": round(slope, 2)}, indent=1))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
