from datetime import date

import pytest
from sqlmodel import select

from assets import parties
from assets.asof import AsOf
from assets.errors import AlreadyDone, NotFound
from assets.models import PartyFact, PartyKind
from tests.assets.small_district import (
    FENGTIAN,
    LONGGUI_VILLAGE,
    names,
    party_rows,
    problems,
    take_in,
)
from tests.conftest import Book

COLLECTIVE = f"V{LONGGUI_VILLAGE}"


def test_an_account_number_is_stored_sealed_with_its_tail(standing: Book) -> None:
    party = parties.party_by_code(standing.session, COLLECTIVE)
    fact = parties.party_fact(standing.session, party.id, AsOf())
    assert fact is not None and fact.account_tail == "0302"
    assert fact.account_sealed is not None and b"622848" not in fact.account_sealed


def test_a_committee_acts_for_the_collective_of_its_village(standing: Book) -> None:
    ids = parties.party_ids(standing.session)
    acting = parties.acting_for(standing.session, AsOf())
    assert acting == {ids[f"V{FENGTIAN}"]: ids[f"N{FENGTIAN}"]}


def test_a_new_name_holds_from_its_day_and_blank_cells_keep_the_account(register: Book) -> None:
    change = {
        "party_code": COLLECTIVE,
        "name": "龙归村股份经济合作联合社",
        "party_type": "村集体经济组织",
        "no_uscc_reason": "示例不录代码",
        "town_name": "龙归镇",
        "village_name": "龙归村",
        "starts_on": date(2020, 7, 1),
    }
    take_in(register.session, "parties", [change])
    party = parties.party_by_code(register.session, COLLECTIVE)
    assert parties.party_titles(register.session, AsOf(date(2020, 6, 30)))[party.id] == (
        "龙归村经济联合社"
    )
    fact = parties.party_fact(register.session, party.id, AsOf(date(2020, 7, 1)))
    assert fact is not None and (fact.title, fact.account_tail, fact.bank) == (
        "龙归村股份经济合作联合社",
        "0302",
        "龙归信用社",
    )


def test_the_clear_token_takes_the_account_away(register: Book) -> None:
    change = {**party_rows()[0], "starts_on": date(2020, 7, 1), "account_no": "【清除】"}
    take_in(register.session, "parties", [change])
    party = parties.party_by_code(register.session, COLLECTIVE)
    fact = parties.party_fact(register.session, party.id, AsOf())
    assert fact is not None and (fact.account_sealed, fact.account_tail) == (None, None)


def test_wrong_rows_are_all_named(standing: Book) -> None:
    collective, committee, *_, household = party_rows()
    new = {**collective, "party_code": "V1", "account_no": None}
    uscc = "54440203MF0000001A"
    cases = [
        [{**new, "village_name": ""}],
        [{**new, "no_uscc_reason": ""}],
        [{**new, "uscc": uscc}, {**new, "party_code": "V2", "uscc": uscc}],
        [{**committee, "party_code": "V3", "acts_for_code": "N99"}],
        [{**new, "acts_for_code": COLLECTIVE}],
        [{**collective, "party_type": "村民委员会"}],
        [{**collective, "name": "另一个名称"}],
        [{**collective, "account_no": "622848000000000303"}],
        [{**household, "party_code": "4402031020402", "name": "张三"}],
        [{**household, "bank_name": "信用社"}],
        [{**new, "party_type": "镇资金池"}],
    ]
    found = [names(problems(standing.session, "parties", rows)) for rows in cases]
    assert found == [
        ["village-missing"],
        ["uscc-missing"],
        ["uscc-taken"],
        ["unknown-code"],
        ["acts-for-wrong-kind"],
        ["kind-differs", "already-registered"][:1],
        ["already-registered"],
        ["already-registered"],
        ["person-named"],
        ["household-account", "already-registered"],
        ["town-expected"],
    ]


def test_the_same_parties_in_another_file_are_done_already(register: Book) -> None:
    with pytest.raises(AlreadyDone):
        take_in(register.session, "parties", list(reversed(party_rows())))
    register.session.rollback()
    assert len(register.session.exec(select(PartyFact)).all()) == len(party_rows())


def test_an_unknown_code_is_not_found_and_kinds_are_listed(standing: Book) -> None:
    with pytest.raises(NotFound):
        parties.party_by_code(standing.session, "V0")
    pools = parties.of_kinds(standing.session, [PartyKind.TOWN_POOL])
    assert [pool.code for pool in pools] == ["P440203105000"]
