"""What must agree in the book of a walked district, whatever its seed and size?

Every check asks the commands a user has, and the files that were sent to the bank.
"""

import csv
import io
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assets.money import parse_yuan
from fixtures.story import Story
from tests.walking import fupin, rows_of


def ask(address: str, *argv: str) -> Any:
    """What a command answers with ``--json``."""
    said = fupin(*argv, "--json", database=address)
    assert said.code == 0, said.text
    return json.loads(said.out)


def nodes(tree: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A node of a chain and everything below it."""
    yield tree
    for child in tree["children"]:
        yield from nodes(child)


def fen(text: str) -> int:
    return parse_yuan(text.replace(",", ""))


def plans_of(address: str) -> list[dict[str, Any]]:
    codes = [row["方案编号"] for row in ask(address, "plan", "list")]
    return [ask(address, "plan", "show", code) for code in codes]


def batches_of(address: str) -> list[dict[str, str]]:
    rows = ask(address, "pay", "list")
    assert isinstance(rows, list)
    return rows


def bank_file(path: Path) -> dict[str, int]:
    """Household → fen of a file that was sent to the bank."""
    raw = path.read_bytes()
    text = raw.decode("utf-8-sig") if raw[:3] == b"\xef\xbb\xbf" else raw.decode("gb18030")
    paid: dict[str, int] = defaultdict(int)
    for row in csv.DictReader(io.StringIO(text)):
        paid[row["户编号"].strip()] += fen(row["金额(元)"])
    return dict(paid)


def roster_of(address: str, batch: str) -> dict[str, int]:
    """Household → fen of a batch, as ``pay show`` says."""
    paid: dict[str, int] = defaultdict(int)
    for line in ask(address, "pay", "show", batch):
        paid[line["户编号"]] += fen(line["金额（元）"])
    return dict(paid)


def bank_movement(address: str, batch: str) -> dict[str, int]:
    """Kind of voucher → fen that left (positive) or came back to the account for a batch."""
    rows = rows_of(
        address,
        "SELECT v.kind, -sum(l.side * l.amount_fen) FROM voucher v "
        "JOIN voucher_line l ON l.voucher_id = v.id JOIN account a ON a.id = l.account_id "
        f"WHERE v.object_code = '{batch}' AND a.code IN ('101', '102') GROUP BY v.kind",
    )
    return {kind: int(amount) for kind, amount in rows}


def explained(address: str, year: int) -> dict[str, Any]:
    """Every household's card: the explanation of its money of a year."""
    import cli
    from ledger.explain import explain

    session = cli.open_book(address, cli.Surroundings(recorder="clerk"), write=False)
    with session:
        codes = [row["code"] for row in ask(address, "household", "list")["rows"]]
        return {code: explain(session, code, year) for code in codes}


def interest_of(address: str, year: int) -> int:
    """Bank interest, which is received but no income of a plant."""
    ((amount,),) = rows_of(
        address,
        "SELECT coalesce(sum(amount_fen), 0) FROM receipt "
        f"WHERE money_kind = 'INTEREST' AND income_year = {year}",
    )
    return int(amount)


# --- the checks --------------------------------------------------------------------------------


def people_are_all_there(address: str, story: Story) -> None:
    names = {town.code: town.name for town in story.towns}
    answer = ask(address, "household", "list")
    households: dict[str, int] = defaultdict(int)
    persons: dict[str, int] = defaultdict(int)
    for row in answer["rows"]:
        households[row["town"]] += 1
        persons[row["town"]] += row["size"]

    assert len(answer["rows"]) == len({row["code"] for row in answer["rows"]})
    assert len(answer["rows"]) == answer["totals"]["households"] == story.expected.households
    assert sum(persons.values()) == answer["totals"]["members"] == story.expected.persons
    expected = story.expected.households_by_town
    assert dict(households) == {names[code]: count for code, count in expected.items()}
    expected = story.expected.persons_by_town
    assert dict(persons) == {names[code]: count for code, count in expected.items()}


def plans_add_up(address: str, story: Story) -> None:
    views = plans_of(address)
    told = {plan.code: plan for plan in (*story.plans, *story.supplementary_plans)}

    assert {view["code"] for view in views} == set(told)
    for view in views:
        distributable = view["distributable_fen"]
        plan = told[view["code"]]
        assert distributable == plan.expected_distributable_fen
        assert distributable == view["received_fen"] - view["deducted_fen"]
        assert distributable == sum(each["distributable_fen"] for each in view["incomes"])
        assert distributable == sum(each["amount_fen"] for each in view["channels"])
        for channel in view["channels"]:
            if channel["households"]:
                shares = sum(each["share_fen"] for each in channel["households"])
                assert shares == channel["amount_fen"], (view["code"], channel["title"])


def batches_agree(address: str, folder: Path) -> None:
    """Roster = bank file = voucher movement, batch by batch and household by household."""
    for batch in batches_of(address):
        code, total = batch["批次编号"], fen(batch["金额（元）"])
        roster = roster_of(address, code)

        assert roster == bank_file(folder / "银行文件" / f"{code}.csv"), code
        assert sum(roster.values()) == total
        moved = bank_movement(address, code)
        assert moved.pop("payment", 0) + moved.pop("payment_reissued", 0) == total
        assert -moved.pop("payment_returned", 0) == fen(batch["退回（元）"])
        assert moved == {}


def cards_agree(address: str, cards: dict[str, Any]) -> None:
    """Σ cards = what left the bank, plan by plan; what is due beyond it is held back."""
    due: dict[str, int] = defaultdict(int)
    paid: dict[str, int] = defaultdict(int)
    for told in cards.values():
        for each in told.money:
            due[each.plan_code] += each.amount_fen
            paid[each.plan_code] += each.paid_fen
    left: dict[str, int] = defaultdict(int)
    for batch in batches_of(address):
        left[batch["方案"]] += sum(bank_movement(address, batch["批次编号"]).values())
    held: dict[str, int] = defaultdict(int)
    for plan, amount in rows_of(
        address,
        "SELECT p.code, e.amount_fen FROM entitlement e JOIN plan p ON p.id = e.plan_id "
        "WHERE NOT EXISTS (SELECT 1 FROM payment_line l WHERE l.entitlement_id = e.id)",
    ):
        held[plan] += amount

    assert dict(left) == {plan: amount for plan, amount in paid.items() if amount}
    assert sum(held.values()) > 0  # somebody's number is still to be put right
    assert {plan: paid[plan] + held[plan] for plan in paid} == dict(due)
    ((entitled,),) = rows_of(address, "SELECT sum(amount_fen) FROM entitlement")
    assert sum(due.values()) == entitled


def titles_and_handovers_agree(address: str, story: Story) -> None:
    """Handover = title = register = voucher movement, act by act."""
    register = {row["编号"]: fen(row["原值(元)"]) for row in ask(address, "asset", "list")}
    titled = dict(
        rows_of(
            address,
            "SELECT t.code, sum(i.original_value_fen) FROM title_act t "
            "JOIN title_item i ON i.title_act_id = t.id GROUP BY t.code",
        )
    )
    moved = dict(
        rows_of(
            address,
            "SELECT v.object_code, sum(l.amount_fen) FROM voucher v "
            "JOIN voucher_line l ON l.voucher_id = v.id AND l.side = 1 "
            "WHERE v.kind = 'handover' GROUP BY v.object_code",
        )
    )
    for act in story.title_acts:
        assert titled[act.code] == act.total_fen == sum(register[code] for code in act.assets)
    for handover in story.handovers:
        assert handover.total_fen == sum(register[code] for code in handover.assets)
        keeps_book = handover.to_party in story.book_parties
        assert moved.pop(handover.code, 0) == (handover.accepted_fen if keeps_book else 0)
    assert moved == {}


def income_balances(address: str, story: Story) -> None:
    """Received = deducted + distributed + carried, for every year."""
    for line in ask(address, "income", "balance"):
        year = line["income_year"]
        assert line["left_fen"] == line["right_fen"]
        if year in story.expected.received_fen_by_year:
            expected = story.expected.received_fen_by_year[year]
            assert line["received_fen"] == expected + interest_of(address, year)


def check_finds_nothing(address: str) -> None:
    said = fupin("check", database=address)

    assert said.code == 0, said.text
    assert "全部通过" in said.out
