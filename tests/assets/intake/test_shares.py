from datetime import date

from assets import ownership
from assets.asof import AsOf
from assets.intake import shares as intake
from assets.models import RightKind
from assets.parties import party_ids
from assets.registration import asset_by_code
from tests.assets.small_district import (
    CATTLE,
    FENGTIAN,
    LONGGUI_VILLAGE,
    ON,
    PLANT,
    ROAD,
    batch,
    export,
    names,
    problems,
    share_rows,
    take_in,
)
from tests.conftest import Book

LATER = date(2020, 7, 1)


def test_shares_of_a_day_stay_when_a_later_version_comes(register: Book) -> None:
    session = register.session
    asset, ids = asset_by_code(session, PLANT), party_ids(session)
    first, second = sorted((ids[f"V{LONGGUI_VILLAGE}"], ids[f"V{FENGTIAN}"]))
    rows = [
        {**row, "share_numerator": 1, "share_denominator": 2, "starts_on": LATER}
        for row in share_rows()[:2]
    ]
    take_in(session, "shares", rows)
    old = ownership.shares_on(session, asset.id, RightKind.OWN, AsOf(date(2020, 6, 30)))
    new = ownership.shares_on(session, asset.id, RightKind.OWN, AsOf(LATER))
    assert old == [(first, 2, 3), (second, 1, 3)]
    assert new == [(first, 1, 2), (second, 1, 2)]
    benefit = ownership.shares_on(session, asset.id, RightKind.BENEFIT, AsOf(LATER))
    assert benefit == old


def test_a_part_without_a_holder_is_held_by_a_coded_unclear_title(register: Book) -> None:
    row = share_rows()[2]
    rows = [
        {**row, "share_denominator": 2, "starts_on": LATER},
        {
            **row,
            "share_denominator": 2,
            "starts_on": LATER,
            "holder_code": "",
            "basis_document": "权属争议，镇调处中",
        },
    ]
    take_in(register.session, "shares", rows)
    unclear = ownership.unclear_rights(register.session, AsOf())
    assert [row.unclear_reason for row in unclear] == ["DISPUTE"]
    assert unclear[0].next_step
    assert ownership.versions_not_whole(register.session, AsOf()) == []
    exported = [row for row in export(register.session, "shares") if row["starts_on"] == LATER]
    assert len(exported) == 2 and "holder_code" not in exported[1]


def test_wrong_rows_are_all_named(standing: Book) -> None:
    own, other, road, cattle, *_, operate, _ = share_rows()
    late = {"starts_on": LATER}
    cases = [
        [{**road, **late, "asset_code": "440203102205-2018-G-0002"}],
        [{**road, **late, "holder_code": "V440203102209"}],
        [{**own, **late}],
        [
            {**own, **late, "share_numerator": 33333, "share_denominator": 100000},
            {**other, **late, "share_numerator": 66663, "share_denominator": 100000},
        ],
        [{**road, **late, "share_numerator": 2}],
        [{**own, **late}, {**other, **late, "share_basis": "协议"}],
        [{**own, **late}, {**other, **late}, {**other, **late, "share_numerator": 1}],
        [{**operate, **late, "right": "分配权", "holder_code": ""}],
        [{**road, "holder_code": f"V{LONGGUI_VILLAGE}"}],
        [{**cattle, "basis_document": "另一份文件"}],
        [
            {**operate, **late, "share_numerator": 2, "share_denominator": 3},
            {
                **operate,
                **late,
                "holder_code": "Q0001",
                "share_numerator": 2,
                "share_denominator": 3,
            },
        ],
    ]
    found = [names(problems(standing.session, "shares", rows)) for rows in cases]
    assert found == [
        ["unknown-code"],
        ["unknown-code"],
        ["shares-not-whole"],
        ["shares-not-whole"],
        ["shares-not-whole"],
        ["basis-differs"],
        ["shares-not-whole"],
        ["distribution-without-holder"],
        ["already-registered"],
        ["already-registered"],
        ["shares-not-whole"],
    ]
    assert "0.99996" in problems(standing.session, "shares", cases[3])[0].message


def test_odd_rows_are_remarked_on(standing: Book) -> None:
    own, other, road, cattle, *_ = share_rows()
    late = {"starts_on": LATER}
    rows = [
        {**own, **late, "share_numerator": 1, "share_denominator": 2},
        {**other, **late, "share_numerator": 1, "share_denominator": 2, "holder_code": "Q0001"},
        {**road, "holder_code": "4402031020401", "starts_on": date(2017, 1, 1)},
        {**cattle, **late, "holder_code": f"V{LONGGUI_VILLAGE}"},
    ]
    found = intake.remarks(standing.session, batch("shares", rows), ON)
    assert names(found) == [
        "company-holds-plant",
        "shares-differ-from-money",
        "holder-unusual",
        "dates-out-of-order",
        "holder-unusual",
    ]


def test_rights_are_listed_by_asset_and_right(standing: Book) -> None:
    listed = [(row["asset_code"], row["right"]) for row in export(standing.session, "shares")]
    assert listed[:2] == [(CATTLE, "所有权"), (CATTLE, "收益权")]
    assert (ROAD, "所有权") in listed and listed == sorted(listed, key=lambda pair: pair[0])
