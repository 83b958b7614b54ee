from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets import ownership
from assets.asof import AsOf
from assets.errors import AlreadyDone, NotFound, Refused
from assets.models import FundContribution, RightKind, ShareBasis
from assets.ownership import Part, SharesNotWhole, version_fault
from assets.parties import party_ids
from assets.registration import asset_by_code
from assets.trail import Act
from tests.assets.small_district import FENGTIAN, LONGGUI_VILLAGE, PLANT, ROAD, TANGTOU, take_in
from tests.conftest import Book

ON = date(2020, 7, 1)
ACT = Act("R0005", "asset rights", ON)


def shares(book: Book, code: str, kind: RightKind = RightKind.OWN) -> dict[str, Fraction]:
    codes = {each: name for name, each in party_ids(book.session).items()}
    asset = asset_by_code(book.session, code)
    found = ownership.shares_on(book.session, asset.id, kind, AsOf(ON))
    return {codes[holder]: Fraction(n, d) for holder, n, d in found}


def assign(book: Book, kind: RightKind, parts: list[Part], code: str = ROAD) -> None:
    ownership.set_shares(
        book.session,
        ACT,
        code,
        kind,
        parts,
        starts_on=ON,
        basis=ShareBasis.AGREED,
        document="武农确〔2020〕1号",
    )
    book.session.commit()


def test_shares_that_sum_to_one_are_written_and_not_twice(register: Book) -> None:
    ids = party_ids(register.session)
    parts = [Part(ids[f"V{FENGTIAN}"], 2, 3), Part(ids[f"V{TANGTOU}"], 1, 3)]
    assign(register, RightKind.OWN, parts)
    assert shares(register, ROAD) == {
        f"V{FENGTIAN}": Fraction(2, 3),
        f"V{TANGTOU}": Fraction(1, 3),
    }
    with pytest.raises(AlreadyDone):
        assign(register, RightKind.OWN, parts)


def test_shares_that_do_not_sum_to_exactly_one_are_refused(register: Book) -> None:
    ids = party_ids(register.session)
    for parts in ([Part(ids["Q0001"], 99999, 100000)], [], [Part(ids["Q0001"], 3, 2)]):
        with pytest.raises(SharesNotWhole):
            assign(register, RightKind.BENEFIT, parts)
        register.session.rollback()
    with pytest.raises(NotFound):
        assign(register, RightKind.OWN, [Part(ids["Q0001"])], code="0")


def test_distribution_without_a_holder_is_refused_and_other_bodies_are_listed(
    register: Book,
) -> None:
    ids = party_ids(register.session)
    with pytest.raises(Refused, match="分配权"):
        assign(register, RightKind.DISTRIBUTE, [Part(None)])
    register.session.rollback()
    assign(register, RightKind.DISTRIBUTE, [Part(ids[f"V{FENGTIAN}"]), Part(ids["J0001"])])
    assert len(shares(register, ROAD, RightKind.DISTRIBUTE)) == 2


def test_a_merged_village_carries_the_shares_of_both(register: Book) -> None:
    givers = [f"V{FENGTIAN}"]
    done = ownership.carry_shares(
        register.session, ACT, givers, f"V{LONGGUI_VILLAGE}", on=ON, document="并村批复"
    )
    register.session.commit()
    assert done == 4
    assert shares(register, PLANT) == {f"V{LONGGUI_VILLAGE}": Fraction(1)}
    before = ownership.all_shares(register.session, RightKind.OWN, AsOf(date(2020, 6, 30)))
    assert sum(len(rows) for rows in before.values()) == 4
    assert ownership.versions_not_whole(register.session, AsOf()) == []
    with pytest.raises(AlreadyDone):
        ownership.carry_shares(
            register.session, ACT, givers, f"V{LONGGUI_VILLAGE}", on=ON, document="并村批复"
        )


def test_shares_are_carried_only_from_holders_to_another(register: Book) -> None:
    for givers, taker in (
        ([f"V{FENGTIAN}"], f"V{FENGTIAN}"),
        (["Q0001"], f"V{TANGTOU}"),
        (["V0"], f"V{TANGTOU}"),
    ):
        with pytest.raises(Refused):
            ownership.carry_shares(register.session, ACT, givers, taker, on=ON, document="并村批复")
        register.session.rollback()


def test_sixty_fourths_survive_the_merger_to_fifty_eight_villages(register: Book) -> None:
    session = register.session
    start = date(2016, 1, 1)
    villages = [f"W{n:02d}" for n in range(64)]
    reason = {"no_uscc_reason": "示例", "party_type": "企业", "starts_on": start}
    take_in(session, "parties", [{"party_code": c, "name": c, **reason} for c in villages])
    ids = party_ids(session)
    assign(register, RightKind.BENEFIT, [Part(ids[code], 1, 64) for code in villages])
    for n in range(6):
        giver, taker = villages[58 + n], villages[n]
        ownership.carry_shares(session, ACT, [giver], taker, on=ON, document="并村批复")
        session.commit()
    found = shares(register, ROAD, RightKind.BENEFIT)
    assert len(found) == 58 and sum(found.values()) == 1
    assert found["W00"] == Fraction(1, 32) and found["W57"] == Fraction(1, 64)


def test_what_a_party_holds_is_known_by_asset(standing: Book) -> None:
    ids = party_ids(standing.session)
    held = ownership.assets_held(
        standing.session, ids[f"V{FENGTIAN}"], RightKind.OWN, AsOf(date(2019, 1, 1))
    )
    assert sorted(held.values()) == [Fraction(1, 3), Fraction(1)]
    assert ownership.unclear_rights(standing.session, AsOf()) == []


def test_a_village_in_two_funds_has_the_sum_of_its_money() -> None:
    money = [
        FundContribution(
            asset_id=1, fund_document_id=n, contributor_party_id=party, amount_fen=amount
        )
        for n, (party, amount) in enumerate([(1, 300), (2, 500), (1, 200), (None, 999)])
    ]
    assert ownership.invested_parts(money) == {1: Fraction(1, 2), 2: Fraction(1, 2)}
    assert ownership.invested_parts([]) == {}


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=64))
def test_parts_of_any_money_are_whole_and_one_fen_more_is_not(amounts: list[int]) -> None:
    total = sum(amounts)
    parts = [Part(holder, amount, total) for holder, amount in enumerate(amounts)]
    assert version_fault(RightKind.OWN, parts) == ""
    more = [Part(0, amounts[0], total + 1), *parts[1:]]
    assert version_fault(RightKind.OWN, more) != ""


def test_operation_may_be_shared_but_not_more_than_whole() -> None:
    two_thirds = [Part(1, 2, 3), Part(2, 2, 3)]
    assert "大于1" in version_fault(RightKind.OPERATE, two_thirds)
    assert version_fault(RightKind.OPERATE, [Part(1, 1, 3)]) == ""
    assert "两次" in version_fault(RightKind.OPERATE, [Part(1), Part(1)])
