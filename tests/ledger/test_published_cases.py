"""Do published distributions come out to the fen? Each case with enough figures, computed again.

The figures are pinned here as they were published; the arithmetic stands in the docstring. Where a
published figure is rounded or is no exact share, the test says by how much. Where the parts were
not published, the test says which parts are assumed.
"""

import json
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from ledger.apportionment import apportion, member_keys
from ledger.statements import divide
from ledger.waterfall import (
    Base,
    Fixed,
    Line,
    Measure,
    Member,
    PerUnit,
    Portion,
    Remaining,
    Rounding,
    Step,
    WeightRule,
    distribute,
    portion_fen,
)

FLOOR, CEIL = Rounding.FLOOR, Rounding.CEIL
YUAN = 100
WAN = 10_000 * YUAN
PER_HOUSEHOLD = WeightRule(Measure.HOUSEHOLD)
PUBLISHED = Path(__file__).parents[2].parent / "shared" / "data" / "cases" / "cases.json"


def homes(count: int, household_class: str = "", prefix: str = "户") -> list[Member]:
    return [
        Member(f"{prefix}{number:04d}", household_class=household_class) for number in range(count)
    ]


def amounts(line: Line) -> list[int]:
    return [part.amount_fen for part in line.parts]


def keys(case: str, count: int) -> list[int]:
    return [int(key) for key in member_keys(case, [f"{number}" for number in range(count)])]


# --- equal shares per household ---------------------------------------------------------------


def test_zhongdong_2019_pays_each_of_106_households_exactly_1250_yuan() -> None:
    """广东五华县中洞村: 132,500.00 / 106 = 1,250.00 exactly; no odd fen."""
    outcome = distribute(
        "中洞2019", 132_500 * YUAN, [Remaining("dividend", PER_HOUSEHOLD)], homes(106)
    )
    assert Counter(amounts(outcome.lines[0])) == {1_250 * YUAN: 106}
    assert not any(part.odd_fen for part in outcome.lines[0].parts)


def test_huilong_2019_is_not_divisible_and_82_of_94_households_get_the_odd_fen() -> None:
    """陕西西乡县回龙村: 130,000.00 / 94 = 1,382.978…; 94 × 1,382.97 = 129,999.18 leaves 82 fen, so
    82 households get 1,382.98 and 12 get 1,382.97. The page prints only 130,000 yuan for 94
    households; an equal amount for all would pay 0.12 yuan too much or 0.82 too little."""
    line = distribute(
        "回龙2019", 13 * WAN, [Remaining("dividend", PER_HOUSEHOLD)], homes(94)
    ).lines[0]
    assert Counter(amounts(line)) == {138_298: 82, 138_297: 12}
    assert sum(part.odd_fen for part in line.parts) == 82
    assert sum(amounts(line)) == 13 * WAN
    assert 94 * 138_298 - 13 * WAN == 12 and 13 * WAN - 94 * 138_297 == 82


# --- jobs and fixed amounts ---------------------------------------------------------------------


def test_houjialou_pays_41500_in_half_a_year() -> None:
    """山西汾西县后加楼村: 6 aged × 1,000 = 6,000; 12 cleaning jobs × 1,500 = 18,000; 1 plant keeper
    3,000; 3 elder-care carers 14,500 in all; together 41,500.00 exactly.

    14,500 / 3 = 4,833.33…: the page gives the carers' sum only, so an equal split is assumed and
    leaves one odd fen."""
    village = (
        homes(6, "aged", "老")
        + homes(12, "cleaning", "洁")
        + homes(1, "keeper", "站")
        + homes(3, "carer", "护")
    )

    def only(kind: str) -> WeightRule:
        weights = {name: int(name == kind) for name in ("aged", "cleaning", "keeper", "carer")}
        return WeightRule(Measure.HOUSEHOLD, weights)

    steps: list[Step] = [
        PerUnit("hardship", 1_000 * YUAN, only("aged")),
        PerUnit("job", 1_500 * YUAN, only("cleaning")),
        PerUnit("job", 3_000 * YUAN, only("keeper")),
        Fixed("job", 14_500 * YUAN, only("carer")),
        Remaining("carried_forward"),
    ]
    outcome = distribute("后加楼", 41_500 * YUAN, steps, village)
    met = [line.met_fen for line in outcome.lines]
    assert met == [6_000 * YUAN, 18_000 * YUAN, 3_000 * YUAN, 14_500 * YUAN, 0]
    carers = [part.amount_fen for part in outcome.lines[3].parts if part.weight]
    assert Counter(carers) == {483_333: 2, 483_334: 1}
    assert outcome.shortage_fen == 0


CLASSES = {"一般贫困户": 3_000, "低保户": 2_000, "五保户": 800}


def yangshan(distributable_fen: int, counts: tuple[int, int, int]) -> tuple[list[Line], int]:
    village = [
        member
        for kind, count in zip(CLASSES, counts, strict=True)
        for member in homes(count, kind, kind)
    ]
    steps: list[Step] = [
        Fixed("village_retention", 100_000 * YUAN),
        PerUnit("dividend", YUAN, WeightRule(Measure.HOUSEHOLD, CLASSES)),
        Remaining("carried_forward"),
    ]
    outcome = distribute("阳山2017", distributable_fen, steps, village)
    assert sum(line.met_fen for line in outcome.lines) == distributable_fen
    return list(outcome.lines), outcome.shortage_fen


def test_yangshan_2017_keeps_100000_first_and_pays_3000_2000_800_by_class() -> None:
    """广东阳山县: at least 100,000.00 stay with the village, then 3,000 / 2,000 / 800 a household.

    The number of households of a village is not published; 10 / 6 / 5 are assumed: 30,000 + 12,000
    + 4,000 = 46,000.00; of 150,000.00 then 4,000.00 are left."""
    lines, short = yangshan(150_000 * YUAN, (10, 6, 5))
    assert [line.met_fen for line in lines] == [100_000 * YUAN, 46_000 * YUAN, 4_000 * YUAN]
    assert Counter(amounts(lines[1])) == {300_000: 10, 200_000: 6, 80_000: 5}
    assert short == 0


def test_yangshan_in_a_poor_year_keeps_the_villages_100000_and_says_what_the_households_lack() -> (
    None
):
    """Of 120,000.00 only 20,000.00 are left for 46,000.00: each gets 20/46 of the rate, 26,000.00
    short, said aloud; the village's least amount is not touched."""
    lines, short = yangshan(120_000 * YUAN, (10, 6, 5))
    assert [line.met_fen for line in lines] == [100_000 * YUAN, 20_000 * YUAN, 0]
    assert short == 26_000 * YUAN
    # 3,000 × 20/46 = 1,304.3478…, 2,000 × 20/46 = 869.5652…, 800 × 20/46 = 347.8260…
    assert {(part.amount_fen - part.odd_fen) for part in lines[1].parts} == {
        130_434,
        86_956,
        34_782,
    }


def test_yangshans_plants_earn_by_installed_kilowatt() -> None:
    """30.5 MW are 30,500 shares. About 15,000,000 yuan (published as "about") are 491.80… a share:
    not whole fen, so a share has no printed price; a holder of 300 kW gets 147,540.98 or .99."""
    parts = divide(15_000_000 * YUAN, [(300, 30_500), (30_200, 30_500)], keys("阳山按股", 2))
    assert sum(parts) == 15_000_000 * YUAN
    assert parts[0] == 14_754_098  # exact 14,754,098.36…


# --- shares of the labour channel ------------------------------------------------------------


def labour_first(case: str, total_fen: int, share: Fraction) -> tuple[int, int]:
    steps: list[Step] = [Portion("labour", share, CEIL), Remaining("reward")]
    labour, rest = distribute(case, total_fen, steps).lines
    return labour.met_fen, rest.met_fen


def test_xinlian_2020_gave_jobs_more_than_the_eighty_per_cent() -> None:
    """新联村: 67,700 to jobs + 6,050 direct aid = 73,750.00; 80 % are 59,000.00, paid 67,700.00,
    which is 91.797 %, printed as 91.8 %. The yearly income is printed as about 70,000: it is not
    the sum of the two figures, 3,750.00 less."""
    jobs_fen, aid_fen = 67_700 * YUAN, 6_050 * YUAN
    least, most = labour_first("新联2020", jobs_fen + aid_fen, Fraction(4, 5))
    assert (least, most) == (59_000 * YUAN, 14_750 * YUAN)
    assert jobs_fen >= least and aid_fen <= most
    assert Fraction(jobs_fen, jobs_fen + aid_fen) * 1000 // 1 == 917
    assert jobs_fen + aid_fen - 70_000 * YUAN == 3_750 * YUAN


def test_louxi_2022_keeps_at_least_sixty_per_cent_for_jobs() -> None:
    """楼西村: 60 + 64 + 30 = 154 kW earned 124,700.00 in ten months; costs are not published, so the
    least amount without costs: 60 % = 74,820.00, rest 49,880.00. By plant (equal hours assumed):
    fen 4,858,441.558…, 5,182,337.662…, 2,429,220.779… – the two odd fen go to the second and third."""
    assert labour_first("楼西2022", 124_700 * YUAN, Fraction(3, 5)) == (7_482_000, 4_988_000)
    by_plant = apportion(124_700 * YUAN, [60, 64, 30], keys("楼西2022", 3))
    assert sum(by_plant) == 12_470_000
    assert by_plant == [4_858_441, 5_182_338, 2_429_221]


def test_yangying_divides_eighty_to_twenty() -> None:
    """镇平县杨营镇: about 3,000,000 a year; 80 % 集中分红 = 2,400,000.00, 20 % 差异化 = 600,000.00.
    Over 20 villages alike the first part is 120,000.00 each, exactly; the scores of the second part
    are not published, with scores 1 … 20 (Σ 210) village n gets n/210."""
    members = [Member(f"村{number:02d}", factor_score=Fraction(number)) for number in range(1, 21)]
    steps: list[Step] = [
        Portion("dividend", Fraction(4, 5), CEIL, to=PER_HOUSEHOLD),
        Remaining("reward", WeightRule(Measure.FACTOR_SCORE)),
    ]
    alike, by_score = distribute("杨营", 300 * WAN, steps, members).lines
    assert (alike.met_fen, by_score.met_fen) == (240 * WAN, 60 * WAN)
    assert set(amounts(alike)) == {12 * WAN}
    assert sum(amounts(by_score)) == 60 * WAN
    # 60,000,000 fen × 1/210 = 285,714.28…; × 20/210 = 5,714,285.71…
    assert amounts(by_score)[0] in (285_714, 285_715)
    assert amounts(by_score)[-1] in (5_714_285, 5_714_286)


def test_half_to_village_and_half_to_households_is_not_what_qingyang_paid() -> None:
    """青阳: 133,080 + 133,920 = 267,000 exactly, printed as about half and half. Exactly half would
    be 133,500.00 each: 420.00 were moved. 267,000 of 3,940,000 is 6.776 %, printed as 6.8 %, which
    would be 267,920.00."""
    half, rest = labour_first("青阳", 267_000 * YUAN, Fraction(1, 2))
    assert half == rest == 133_500 * YUAN
    assert half - 133_080 * YUAN == 133_920 * YUAN - rest == 420 * YUAN
    assert portion_fen(3_940_000 * YUAN, Fraction(68, 1000), FLOOR) == 267_920 * YUAN


# --- joint plants -------------------------------------------------------------------------------


def test_ten_villages_of_liangqing_own_300_kilowatts_each() -> None:
    """南宁良庆区: 10 × 300 = 3,000 kW; 2,300,000 net (printed as 230+) / 10 = 230,000.00, exact."""
    shares = [(300, 3_000)] * 10
    assert divide(230 * WAN, shares, keys("良庆2019", 10)) == [23 * WAN] * 10


def test_wuling_prints_rounded_amounts_that_no_exact_rule_gives() -> None:
    """大田县武陵乡: 133 households × about 7,500 = 997,500.00 and 5 villages × about 100,000 =
    500,000.00, together 1,497,500.00, 998.33 a kilowatt of 1,500. Both figures are rounded: paid
    in full the two add up, a thousand yuan less and each household is 7.51 or 7.52 short."""
    steps: list[Step] = [
        Fixed("village_retention", 500_000 * YUAN),
        PerUnit("dividend", 7_500 * YUAN, PER_HOUSEHOLD),
        Remaining("carried_forward"),
    ]
    full = distribute("武陵", 1_497_500 * YUAN, steps, homes(133))
    assert [line.met_fen for line in full.lines] == [500_000 * YUAN, 997_500 * YUAN, 0]
    less = distribute("武陵", 1_496_500 * YUAN, steps, homes(133)).lines[1]
    assert less.shortage_fen == 1_000 * YUAN
    assert {7_500 * YUAN - amount for amount in amounts(less)} == {751, 752}


def test_zijin_2019_earned_a_thousand_yuan_a_kilowatt() -> None:
    """紫金县: 6,000,000 / 6,000 kW = 1,000.00 a kilowatt; 2,960,000 of it were paid in the first
    half year, which is 49.33 %, no exact half: 40,000.00 less."""
    shares = [(1, 6_000), (5_999, 6_000)]
    assert divide(600 * WAN, shares, keys("紫金2019", 2))[0] == 1_000 * YUAN
    assert 300 * WAN - 296 * WAN == 4 * WAN


def test_heishuis_58_villages_still_hold_64_shares() -> None:
    """黑水县: one share is 1/64 = 1.5625 %; after mergers 58 villages hold them, so six hold two (an
    assumption: 52 × 1 + 6 × 2 = 64). Of 64,000.00 a village with one share gets 1,000.00, not
    64,000 / 58 = 1,103.45."""
    shares = [(1, 64)] * 52 + [(2, 64)] * 6
    assert Fraction(1, 64) * 10_000 == Fraction(15_625, 100)
    parts = divide(64_000 * YUAN, shares, keys("黑水2024", 58))
    assert Counter(parts) == {1_000 * YUAN: 52, 2_000 * YUAN: 6}


INVESTED_FEN = (118_000_000, 46_330_000, 29_670_000)


def test_three_villages_by_invested_money_and_by_kilowatt_differ() -> None:
    """398,746.00 by 1,180,000 : 463,300 : 296,700 is 242,536.23 / 95,226.30 / 60,983.47 (two odd
    fen), by 300 : 120 : 80 kW exactly 239,247.60 / 95,699.04 / 63,799.36; the first village's
    difference is 3,288.63: the basis belongs into the decision."""
    by_money = divide(
        39_874_600, [(part, sum(INVESTED_FEN)) for part in INVESTED_FEN], keys("联村2020", 3)
    )
    by_kw = divide(39_874_600, [(kw, 500) for kw in (300, 120, 80)], keys("联村2020", 3))
    assert by_money == [24_253_623, 9_522_630, 6_098_347]
    assert by_kw == [23_924_760, 9_569_904, 6_379_936]
    assert by_money[0] - by_kw[0] == 328_863


def test_both_streams_apart_give_the_same_sum_and_each_its_own_odd_fen() -> None:
    """Benchmark 225,938.28 − 25,200.00 = 200,738.28 first, subsidy 198,007.72 fourteen months later:
    two statements, Σ = 398,746.00; a village may differ from the one statement by a fen."""
    shares = [(part, sum(INVESTED_FEN)) for part in INVESTED_FEN]
    first = divide(22_593_828 - 2_520_000, shares, keys("联村2020-01", 3))
    second = divide(19_800_772, shares, keys("联村2020-02", 3))
    assert sum(first) == 20_073_828 and sum(second) == 19_800_772
    both = [a + b for a, b in zip(first, second, strict=True)]
    assert sum(both) == 39_874_600
    assert all(
        abs(got - whole) <= 1
        for got, whole in zip(both, [24_253_623, 9_522_630, 6_098_347], strict=True)
    )


# --- guaranteed returns -----------------------------------------------------------------------


def test_shigutang_2018_adds_up_a_village_that_put_money_in_twice() -> None:
    """英德市石牯塘镇: 8,875,000 + 1,700,000 = 10,575,000 yuan, at least 10 % a year: 1,057,500.00.

    Eight villages share the provincial money, three of them (萤火村 in both lists) the money from
    广州白云区. The amounts of each village are not published: equal eighths (1,109,375.00) and
    thirds (566,666.67, 566,666.67, 566,666.66) are assumed. A village in both lists is one holder
    with the sum of its contributions; eight holders, not eleven."""
    provincial = apportion(8_875_000 * YUAN, [1] * 8, keys("石牯塘-省级", 8))
    baiyun = apportion(1_700_000 * YUAN, [1] * 3, keys("石牯塘-白云", 3))
    assert set(provincial) == {1_109_375 * YUAN}
    assert Counter(baiyun) == {56_666_667: 2, 56_666_666: 1}
    contributed = [
        first + second for first, second in zip(provincial, baiyun + [0] * 5, strict=True)
    ]
    total_fen = sum(contributed)
    assert total_fen == 10_575_000 * YUAN
    floor_fen = portion_fen(total_fen, Fraction(1, 10), CEIL)
    assert floor_fen == 1_057_500 * YUAN
    returns = divide(floor_fen, [(part, total_fen) for part in contributed], keys("石牯塘", 8))
    assert sum(returns) == floor_fen and len(returns) == 8
    # 1,109,375.00 × 10 % = 110,937.50 exactly; 1,676,041.67 × 10 % = 167,604.16(7)
    assert returns[3:] == [110_937_50] * 5
    assert all(returned in (167_604_16, 167_604_17) for returned in returns[:3])


@pytest.mark.parametrize(
    ("place", "principal_yuan", "rate", "published_yuan", "exact_yuan"),
    [
        ("光明村", 1_000_000, Fraction(8, 100), 80_000, 80_000),
        ("怀远", 12_000_000, Fraction(65, 1000), 780_000, 780_000),
        ("西湖村 (printed as about)", 2_000_000, Fraction(15, 100), 300_000, 300_000),
        ("三头村: 4.2453 %, printed as 4.25 %", 1_060_000, Fraction(425, 10_000), 45_000, 45_050),
    ],
)
def test_a_published_rate_times_its_principal(
    place: str, principal_yuan: int, rate: Fraction, published_yuan: int, exact_yuan: int
) -> None:
    """1,000,000 × 8 % = 80,000; 12,000,000 × 6.5 % = 780,000; 2,000,000 × 15 % = 300,000. 三头村 was
    paid 45,000.00; 4.25 % of 1,060,000 would be 45,050.00, so the printed rate is rounded up."""
    gross = {Base.GROSS: principal_yuan * YUAN}
    steps: list[Step] = [Portion("dividend", rate, FLOOR, base=Base.GROSS), Remaining("reserve")]
    paid = distribute(place, principal_yuan * YUAN, steps, bases_fen=gross).lines[0].met_fen
    assert paid == exact_yuan * YUAN
    assert abs(exact_yuan - published_yuan) in (0, 50)


def test_a_dated_cap_on_upkeep_of_anyuans_plants() -> None:
    """江西安源: 0.03 yuan a watt and year × 22,400 kW = 672,000.00 at most, actual cost."""
    cap_fen = 22_400 * 1_000 * 3
    assert cap_fen == 672_000 * YUAN
    steps: list[Step] = [Fixed("upkeep", min(700_000 * YUAN, cap_fen)), Remaining("reward")]
    assert distribute("安源", 1_000_000 * YUAN, steps).lines[0].met_fen == 672_000 * YUAN


# --- published sums ---------------------------------------------------------------------------

PARTS_FEN: dict[str, tuple[int, list[int]]] = {
    "bazhong-2019": (26_428 * WAN, [2_405, 1_956, 4_150, 8_594, 9_208, 115]),
    "haidong-2018": (4_000 * WAN, [819, 100, 1_226, 600, 1_155, 100]),
    "xiangcheng-2019": (10_549 * WAN, [1_245, 54, 50, 1_200, 8_000]),
    "mingxi-2019": (2_600 * WAN, [1_200, 1_400]),
}


@pytest.mark.parametrize("case", sorted(PARTS_FEN))
def test_a_published_total_divided_by_its_parts_is_those_parts(case: str) -> None:
    """2,405 + 1,956 + 4,150 + 8,594 + 9,208 + 115 = 26,428; 819 + 100 + 1,226 + 600 + 1,155 + 100 =
    4,000; 1,245 + 54 + 50 + 1,200 + 8,000 = 10,549; 1,200 + 1,400 = 2,600 (ten thousand yuan)."""
    total_fen, parts = PARTS_FEN[case]
    assert sum(parts) * WAN == total_fen
    shares = [(part, sum(parts)) for part in parts]
    assert divide(total_fen, shares, keys(case, len(parts))) == [part * WAN for part in parts]


def test_a_total_with_tenths_of_ten_thousand_yuan_is_exact_in_fen() -> None:
    """新乡高新区: 125.5 + 91.2 + 24.6 = 241.3 (ten thousand yuan), in tenths 1,255 + 912 + 246."""
    tenths = [1_255, 912, 246]
    assert sum(tenths) == 2_413
    shares = [(part, 2_413) for part in tenths]
    parts = divide(2_413 * WAN // 10, shares, keys("新乡", 3))
    assert parts == [part * WAN // 10 for part in tenths]


def test_the_seed_tables_columns_add_up() -> None:
    """武江区 2020: 299 + 94 + 266 + 69 + 27 = 755 households, 690 + 252 + 673 + 127 + 46 = 1,788
    persons, 2 + 2 + 3 + 0 + 0 = 7 poor villages; money divided by households follows the towns."""
    rows = [(299, 690, 2), (94, 252, 2), (266, 673, 3), (69, 127, 0), (27, 46, 0)]
    assert [sum(column) for column in zip(*rows, strict=True)] == [755, 1_788, 7]
    shares = [(households, 755) for households, _, _ in rows]
    per_household = divide(755 * YUAN, shares, keys("武江", 5))
    assert per_household == [households * YUAN for households, _, _ in rows]


# --- the file the figures were taken from -----------------------------------------------------


@pytest.fixture(scope="module")
def published() -> dict[str, dict[str, Any]]:
    if not PUBLISHED.exists():
        pytest.skip("the file of published cases is not beside the repository")
    cases = json.loads(PUBLISHED.read_text(encoding="utf-8"))["cases"]
    return {case["id"]: case["facts"] for case in cases}


def test_the_pinned_figures_are_the_published_ones(published: dict[str, dict[str, Any]]) -> None:
    zhongdong = published["wuhua-zhongdong-2019"]
    assert (zhongdong["households"], zhongdong["total_yuan"]) == (106, "132500")
    assert zhongdong["per_household_yuan"] == "1250"
    huilong = published["xixiang-huilong-2019"]
    assert (huilong["hh"], huilong["total_wan"]) == (94, 13)
    xinlian = published["tongcheng-xinlian-2020"]
    assert (xinlian["2020_posts_wan"], xinlian["2020_direct_aid_wan"]) == ("6.77", "0.605")
    yingde = published["yingde-shiguTang-2018"]
    assert (yingde["prov_fund_wan"], yingde["baiyun_fund_wan"]) == ("887.5", "170")
    assert (yingde["total_wan"], yingde["villages"]) == ("1057.5", 8)
    assert published["seed-table"]["total"] == [755, 1788, 7]
    for case, (total_fen, parts) in PARTS_FEN.items():
        assert [int(amount) for _, amount in published[case]["parts_wan"]] == parts
        assert int(published[case]["total_wan"]) * WAN == total_fen
