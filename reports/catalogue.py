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
        "pass-through-statement",
        "收益结转对账单",
        "一个权利人各电站应结转、已结转和未结转余额",
        "pass_through:account",
        ("--party",),
    ),
    Report(
        "plant-statement",
        "收益分配通知书",
        "一张结转单的收入、扣除和各权利人应得",
        "pass_through:notice",
        ("结转单编号",),
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
        "fund-review",
        "资金清理表",
        "2016年以来各文件资金的下达、支出、结余和物化率",
        "fund_review:paper",
    ),
    Report(
        "income-book",
        "收益收支台账",
        "一个村或资金池的收入、扣除、使用、提留和结余账龄",
        "income_book:paper",
        ("--party",),
    ),
    Report(
        "contract-dues",
        "合同应收台账",
        "各合同应收、已收、欠收和逾期天数",
        "contract_dues:register",
    ),
    Report(
        "receivables-ageing",
        "应收款账龄表",
        "欠收按对方和账龄分列",
        "contract_dues:ageing",
    ),
    Report(
        "plant-income",
        "光伏电费应收实收表",
        "各电站按电费单应收、到账和未收，附各月对照图",
        "plant_income:paper",
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
    Report(
        "findings",
        "疑点整改台账",
        "疑点、答复、处理方式、未处理余额和销号",
        "findings:paper",
    ),
    Report(
        "vouchers",
        "记账凭证",
        "一个主体一个月的凭证，可只取一张；默认240×140纸",
        "vouchers:paper",
        ("[凭证号]", "--party", "--month"),
    ),
    Report(
        "sub-ledger",
        "明细账",
        "一个科目逐笔的借、贷、余额",
        "vouchers:ledger",
        ("科目编码", "--party", "--year"),
    ),
    Report(
        "trial-balance",
        "科目余额表",
        "一个主体一个月的期初、发生、累计、期末",
        "trial_balance:paper",
        ("--party", "--month"),
    ),
    Report(
        "balance-sheet",
        "资产负债表",
        "一个主体某日的资产、负债、所有者权益",
        "statutory_statements:sheet",
        ("--party",),
    ),
    Report(
        "surplus-statement",
        "收益及收益分配表",
        "一个主体一年的收益和分配",
        "statutory_statements:surplus",
        ("--party", "--year"),
    ),
    Report(
        "depreciation-schedule",
        "折旧计算表",
        "各资产原值、累计折旧、净值和本月应提",
        "depreciation_schedule:paper",
        ("--party", "--month"),
    ),
    Report(
        "bank-reconciliation",
        "银行存款余额调节表",
        "对账单余额与账面余额及其差异",
        "bank_reconciliation:paper",
        ("--party",),
    ),
    Report(
        "project-register",
        "项目台账",
        "各项目的资金、批复、开工、竣工、验收和形成资产",
        "project_register:paper",
    ),
    Report(
        "asset-card",
        "资产登记卡",
        "一件资产的全部登记事项、资金、权利、收益和沿革",
        "asset_card:paper",
        ("资产编号",),
    ),
    Report(
        "title-form",
        "确权登记表",
        "一次确权的清单、议事、公示、意见和签章",
        "title_papers:form",
        ("确权编号",),
    ),
    Report(
        "title-certificate",
        "确权证书",
        "一件资产或一次确权全部资产的证书",
        "title_papers:certificates",
        ("确权编号、证书编号或资产编号",),
    ),
    Report(
        "upkeep-agreement",
        "管护协议",
        "一件资产的管护协议，已知的填好，其余留空签署",
        "upkeep_agreement:paper",
        ("资产编号",),
    ),
    Report(
        "distribution-plan",
        "收益分配使用计划",
        "一个方案的来源、用途、岗位、议事、公示和意见",
        "distribution_plan:paper",
        ("方案编号",),
    ),
    Report(
        "result-notice",
        "发放结果公告",
        "一个方案各户应发、已到账，张贴用",
        "result_notice:paper",
        ("方案编号",),
        has_names=True,
    ),
    Report(
        "district-summary",
        "资产汇总表",
        "全区分类别、分权属、分镇的期初、增、减、期末和图",
        "district_summary:paper",
    ),
    Report(
        "audit-report",
        "审计报告",
        "疑点、整改、豁免、缺失资料和权属待定",
        "audit_papers:report",
    ),
    Report(
        "sample-sheet",
        "抽样核对表",
        "一次抽样的现场核对表",
        "audit_papers:sample",
        ("抽样编号",),
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
