"""Which papers are there, what is each for, and what must be said to get one?

One line for each: the name on the command line, its title, its purpose and what it is asked with.
The query itself is loaded only when its paper is wanted.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from assets.errors import NotFound

if TYPE_CHECKING:
    from reports.bundle import Bundle
    from reports.paper import Paper
    from reports.standpoint import Asked, Standpoint

Builder = Callable[["Standpoint", "Asked"], "Paper | Bundle"]


@dataclass(frozen=True)
class Report:
    """A paper in the catalogue; ``query`` is ``module:function`` under ``reports``.

    ``asked`` names the parameters it needs (others are taken if given); ``has_names`` whether it
    shows persons and therefore leaves an access record.
    """

    name: str
    title: str
    line: str
    query: str
    asked: Sequence[str] = ()
    has_names: bool = False

    def build(self, stand: "Standpoint", asked: "Asked") -> "Paper | Bundle":
        """The paper, or the papers of a village as one, from a standpoint.

        Raises:
            FupinError: What the query refuses.
        """
        module, _, function = self.query.partition(":")
        builder: Builder = getattr(import_module(f"reports.{module}"), function)
        return builder(stand, asked)


REPORTS: tuple[Report, ...] = (
    Report(
        "payment-roster",
        "发放花名册",
        "一个支付批次发给谁、多少；公示版脱敏，发放版供签字和银行",
        "payment_roster:paper",
        ("批次编号",),
        has_names=True,
    ),
    Report(
        "distribution-notice",
        "分配方案公示",
        "一个方案的收入、扣除、提留和各户金额，张贴用",
        "distribution_notice:paper",
        ("方案编号",),
        has_names=True,
    ),
    Report(
        "handover-list",
        "移交清单及确认书",
        "一次移交的资产清单、接收意见和三方签章",
        "handover_list:paper",
        ("移交编号",),
    ),
    Report(
        "asset-register",
        "资产台账",
        "全区、一镇或一村的资产，期初、增、减、期末",
        "asset_register:paper",
    ),
    Report(
        "household-card",
        "明白卡",
        "一户得多少、何时到账、怎么算、问谁",
        "household_card:paper",
        ("户编号", "--year"),
        has_names=True,
    ),
    Report(
        "household-cards",
        "明白卡（全村）",
        "一个村各户的明白卡，一户一页",
        "household_card:of_village",
        ("--village", "--year"),
        has_names=True,
    ),
)


def find(name: str) -> Report:
    """The report called so.

    Raises:
        NotFound: No such report; names what was probably meant.
    """
    from difflib import get_close_matches

    for report in REPORTS:
        if report.name == name:
            return report
    near = get_close_matches(name, [report.name for report in REPORTS], 1)
    meant = f"（是不是 {near[0]}？）" if near else ""
    raise NotFound("报表", f"{name}{meant}，全部名称见 fupin report --list")
