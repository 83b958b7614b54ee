"""Does every finding's amount split exactly into what was done about it and what is open?"""

from datetime import date

from tests.reports.conftest import Told


def test_amount_is_dispositions_and_remainder(told: Told) -> None:
    (row,) = told.paper("findings").tables[0].rows
    parts = [int(str(row[key])) for key in ("REFUNDED", "DOCUMENTED", "JUSTIFIED", "WRITTEN_OFF")]
    assert sum(parts) + int(str(row["open"])) == row["amount"] == 700_000
    assert row["owner"] == "黄文书"


def test_a_finding_past_its_day_counts_as_late(told: Told) -> None:
    paper = told.paper("findings", on=date(2021, 2, 1))
    assert {fact.label: fact.text for fact in paper.headline}["其中超期"] == "1项"


def test_before_it_was_raised_there_is_no_finding(told: Told) -> None:
    assert told.paper("findings", on=date(2020, 12, 30)).tables[0].rows == []


def test_the_audit_report_lists_waivers_gaps_and_findings(told: Told) -> None:
    paper = told.paper("audit-report")
    titles = [table.title for table in paper.tables]
    assert titles == ["疑点汇总", "疑点明细", "岗位分离豁免", "声明缺失资料"]
    assert paper.tables[2].rows[0]["reason"] == "村里只有一名报账员"
    assert paper.tables[3].rows[0]["missing"] == "竣工验收单"


def test_a_sample_sheet_has_a_line_for_each_drawn_object(told: Told) -> None:
    paper = told.paper("sample-sheet", subject="CY-2020-001")
    assert len(paper.tables[0].rows) == 2
    assert {fact.label: fact.text for fact in paper.headline}["种子"] == "2020"
