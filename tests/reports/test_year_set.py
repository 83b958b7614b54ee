"""Is a year's set complete, and does an interrupted run go on where it stopped?"""

from pathlib import Path

import pytest

from assets.asof import AsOf
from assets.errors import NotFound
from reports import catalogue, printing, year_set
from reports.bundle import Bundle
from reports.paper import Paper
from reports.standpoint import standpoint
from tests.reports.conftest import YEAR_END, Told
from tests.reports.scenario import BATCH, PLAN, VILLAGE

AT = AsOf(YEAR_END)


def test_the_set_has_every_kind_of_paper_and_no_file_twice(told: Told) -> None:
    wanted = year_set.items(told.session, 2020, AT)
    files = [item.file for item in wanted]
    assert len(set(files)) == len(files)
    assert f"公示/{PLAN}-黄塱村.pdf" in files
    assert f"花名册-发放版/{BATCH}.pdf" in files
    assert f"明白卡/{VILLAGE}-黄塱村.pdf" in files
    assert {item.report for item in wanted} <= {report.name for report in catalogue.REPORTS}


def test_every_paper_of_the_set_can_be_built(told: Told) -> None:
    for item in year_set.items(told.session, 2020, AT):
        stand = standpoint(told.session, item.on or YEAR_END, told.act())
        assert catalogue.find(item.report).build(stand, item.asked)


def test_a_year_without_plans_has_no_set(told: Told) -> None:
    with pytest.raises(NotFound):
        year_set.items(told.session, 2016, AT)


def test_what_is_there_is_not_made_again_and_a_refusal_stops_nothing(
    told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = year_set.items(told.session, 2020, AT)[:4]
    asked: list[str] = []

    def build(item: year_set.Item) -> Paper | Bundle:
        asked.append(item.file)
        if item is wanted[1]:
            raise NotFound("报表", item.file)
        return told.paper(item.report)

    class AtOnce:
        """Draws in this process: what is tested is not the printer."""

        def __init__(self, *_: object, **__: object) -> None:
            pass

        def __enter__(self) -> "AtOnce":
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def submit(self, draw: object, paper: Paper | Bundle) -> "AtOnce":
            self.content = printing.render(paper, ".json")
            return self

        def result(self) -> bytes:
            return self.content

    monkeypatch.setattr(year_set, "ProcessPoolExecutor", AtOnce)
    printing.save(b"earlier", tmp_path / wanted[0].file)
    made = {each.item.file: each for each in year_set.make(wanted, tmp_path, build)}
    assert asked == [item.file for item in wanted[1:]]
    assert made[wanted[0].file].was_there
    assert "查无" in made[wanted[1].file].message
    assert (tmp_path / wanted[0].file).read_bytes() == b"earlier"
    assert all((tmp_path / item.file).exists() for item in wanted[2:])
