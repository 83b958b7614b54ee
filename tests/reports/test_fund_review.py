"""Does the review of funds add up document by document, and by every other cut?"""

from tests.reports.conftest import Told


def test_received_is_spent_and_unspent_on_every_line(told: Told) -> None:
    for row in told.paper("fund-review").tables[0].rows:
        unspent = sum(int(str(value)) for key, value in row.items() if key.startswith("unspent_"))
        assert row["received"] == int(str(row["spent"])) + unspent


def test_money_not_yet_allocated_stands_at_its_stage(told: Told) -> None:
    rows = {row["code"]: row for row in told.paper("fund-review").tables[0].rows}
    province = rows["韶财农〔2018〕30号"]
    assert province["unspent_unallocated"] == 9_000_000
    assert province["ratio"] == (71_000_000, 71_000_000)
    assert province["who"] == "西河镇人民政府"


def test_the_picture_says_what_the_table_says(told: Told) -> None:
    paper = told.paper("fund-review")
    (picture,) = paper.pictures
    assert "2018年 中央 1,500,000.00元；2018年 省 800,000.00元" in picture.description
    issued = sum(int(str(row["issued"])) for row in paper.tables[0].rows)
    assert issued == 230_000_000


def test_every_cut_spends_the_same(told: Told) -> None:
    paper = told.paper("fund-review")
    spent = [table.totals["spent"] for table in paper.tables]
    assert spent == [221_000_000] * 4
