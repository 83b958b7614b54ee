"""What is the smallest district in which every rule of the register can be tried? This one.

Two towns, four villages, a joint plant, a road, a household's cattle. Rows have the fields of
``assets.workbook.kinds`` as a reader hands them over; ``take_in`` checks, writes and commits.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date
from importlib import import_module
from typing import Any

from sqlmodel import Session

from assets.errors import RowProblem
from assets.intake import Batch, Handler, Outcome, Row
from assets.trail import Act

ON = date(2019, 1, 10)

LONGGUI = "440203102000"
LONGGUI_VILLAGE = "440203102204"
FENGTIAN = "440203102205"
XIHE = "440203105000"
TANGTOU = "440203105201"
XINMIN = "440203105202"

PLANT = "440203102204-2018-J-0001"
ROAD = "440203102205-2018-G-0001"
CATTLE = "440203102204-2018-H-0001"
PROVINCE = "韶财农〔2018〕30号"
CENTRAL = "韶财农〔2018〕12号"

Values = dict[str, Any]


def handler(kind: str) -> Handler:
    """The handler of a kind of workbook."""
    found = import_module(f"assets.intake.{kind}").HANDLER
    assert isinstance(found, Handler)
    return found


def batch(kind: str, rows: Sequence[Mapping[str, Any]]) -> Batch:
    """Rows as if read from a file; the digest follows the content."""
    text = json.dumps([dict(row) for row in rows], default=str, ensure_ascii=False, sort_keys=True)
    made = [
        Row(
            sheet="表1",
            number=place,
            values={n: v for n, v in row.items() if v not in (None, "", "【清除】")},
            cleared=frozenset(name for name, value in row.items() if value == "【清除】"),
        )
        for place, row in enumerate(rows, start=4)
    ]
    return Batch(kind, hashlib.sha256(f"{kind}{text}".encode()).hexdigest(), f"{kind}.xlsx", made)


def problems(
    session: Session, kind: str, rows: Sequence[Mapping[str, Any]], on: date = ON
) -> list[RowProblem]:
    """What the handler says against the rows."""
    return handler(kind).check(session, batch(kind, rows), on)


def names(found: Sequence[RowProblem]) -> list[str]:
    """The stable names of problems, in order."""
    return [problem.name for problem in found]


def take_in(
    session: Session, kind: str, rows: Sequence[Mapping[str, Any]], on: date = ON
) -> Outcome:
    """Check, write and commit."""
    taken = batch(kind, rows)
    found = handler(kind).check(session, taken, on)
    assert found == [], found
    outcome = handler(kind).apply(session, Act("R0001", f"import {kind}", on), taken)
    session.commit()
    return outcome


def export(session: Session, kind: str) -> list[Values]:
    """The rows as exported."""
    write = handler(kind).export
    assert write is not None
    return write(session)


def division_rows() -> list[Values]:
    """The district, two towns and their villages."""
    listed = [
        ("440203000000", "武江区", "区", None),
        (LONGGUI, "龙归镇", "镇", "440203000000"),
        (LONGGUI_VILLAGE, "龙归村村民委员会", "村", LONGGUI),
        (FENGTIAN, "凤田村村民委员会", "村", LONGGUI),
        (XIHE, "西河镇", "镇", "440203000000"),
        (TANGTOU, "塘头村村民委员会", "村", XIHE),
        (XINMIN, "新民村村民委员会", "村", XIHE),
    ]
    return [
        {
            "division_code": code,
            "name": name,
            "level": level,
            **({"parent_code": parent} if parent else {}),
            "starts_on": date(2016, 1, 1),
            "source": "统计用区划代码",
        }
        for code, name, level, parent in listed
    ]


def party_rows() -> list[Values]:
    """Collectives, a committee acting for one, a town, its pool, an agency, firms, a household."""
    start = date(2016, 1, 1)
    village = {"town_name": "龙归镇", "village_name": "龙归村", "starts_on": start}
    reason = {"no_uscc_reason": "示例不录代码"}
    return [
        {
            "party_code": f"V{LONGGUI_VILLAGE}",
            "name": "龙归村经济联合社",
            "party_type": "村集体经济组织",
            **reason,
            **village,
            "account_name": "龙归村经济联合社",
            "bank_name": "龙归信用社",
            "account_no": "622848000000000302",
        },
        {
            "party_code": f"V{FENGTIAN}",
            "name": "凤田村村民委员会",
            "party_type": "村民委员会",
            **reason,
            **village,
            "village_name": "凤田村",
            "acts_for_code": f"N{FENGTIAN}",
        },
        {
            "party_code": f"N{FENGTIAN}",
            "name": "凤田村经济联合社",
            "party_type": "村集体经济组织",
            "no_uscc_reason": "尚未登记赋码",
            **village,
            "village_name": "凤田村",
        },
        {
            "party_code": f"V{TANGTOU}",
            "name": "塘头村经济联合社",
            "party_type": "村集体经济组织",
            **reason,
            "town_name": "西河镇",
            "village_name": "塘头村",
            "starts_on": start,
        },
        {
            "party_code": f"Z{LONGGUI}",
            "name": "龙归镇人民政府",
            "party_type": "镇人民政府",
            **reason,
            "town_name": "龙归镇",
            "starts_on": start,
        },
        {
            "party_code": f"P{XIHE}",
            "name": "西河镇扶贫收益资金池",
            "party_type": "镇资金池",
            **reason,
            "town_name": "西河镇",
            "starts_on": start,
        },
        {
            "party_code": "J0001",
            "name": "光伏收益结转服务公司",
            "party_type": "结转机构",
            **reason,
            "starts_on": start,
        },
        {
            "party_code": "Q0001",
            "name": "沐丰农业公司",
            "party_type": "企业",
            **reason,
            "starts_on": start,
        },
        {
            "party_code": "4402031020401",
            "name": "农户4402031020401",
            "party_type": "农户",
            **village,
        },
    ]


def actor_rows() -> list[Values]:
    """A clerk, a secretary, a supervisor, the town's and the district's offices, an auditor."""
    on = date(2016, 1, 1)
    village = {"town_name": "龙归镇", "village_name": "龙归村"}
    return [
        {
            "actor_code": "R0001",
            "name": "王小明",
            "role": "村报账员",
            **village,
            "appointed_on": on,
        },
        {"actor_code": "R0002", "name": "李大方", "role": "村两委", **village, "appointed_on": on},
        {
            "actor_code": "R0003",
            "name": "赵公道",
            "role": "村务监督委员会",
            **village,
            "appointed_on": on,
        },
        {
            "actor_code": "R0004",
            "name": "陈算清",
            "role": "镇财政所",
            "town_name": "龙归镇",
            "party_code": f"Z{LONGGUI}",
            "appointed_on": on,
        },
        {"actor_code": "R0005", "name": "周区农", "role": "区农业农村局", "appointed_on": on},
        {"actor_code": "R0006", "name": "吴审", "role": "审计", "appointed_on": on},
    ]


def fund_rows() -> list[Values]:
    """Two documents of 2018: 1,000,000 and 600,000 yuan."""
    return [
        {
            "document_number": number,
            "title": f"关于下达2018年{kind}资金的通知",
            "level": level,
            "fund_type": kind,
            "year": 2018,
            "issued_fen": amount,
            "received_fen": amount,
            "received_on": date(2018, 5, 20),
            "issued_on": date(2018, 4, 10),
            "issuer_name": "韶关市财政局",
        }
        for number, level, kind, amount in (
            (CENTRAL, "中央", "中央专项", 100_000_000),
            (PROVINCE, "省", "省级专项", 60_000_000),
        )
    ]


def project_rows() -> list[Values]:
    """A joint plant of two documents, and a village's road and cattle of one."""
    plant = {
        "project_code": "XM-2018-001",
        "name": "联建光伏项目",
        "year": 2018,
        "town_name": "龙归镇",
        "implementer_name": "龙归镇人民政府",
        "listed_on": date(2018, 2, 1),
        "approved_on": date(2018, 6, 1),
        "approval_number": "武扶〔2018〕5号",
        "started_on": date(2018, 7, 1),
        "completed_on": date(2018, 11, 30),
        "accepted_on": date(2018, 12, 8),
        "final_account_fen": 90_000_000,
    }
    works = {
        "project_code": "XM-2018-002",
        "name": "凤田村基础设施项目",
        "year": 2018,
        "town_name": "龙归镇",
        "village_name": "凤田村",
        "implementer_name": "龙归镇人民政府",
    }
    return [
        {
            **plant,
            "document_number": CENTRAL,
            "allocated_fen": 60_000_000,
            "paid_on": date(2018, 12, 15),
            "paid_fen": 60_000_000,
            "payment_voucher_no": "记-001",
        },
        {
            **plant,
            "document_number": PROVINCE,
            "allocated_fen": 30_000_000,
            "paid_on": date(2018, 12, 15),
            "paid_fen": 30_000_000,
            "payment_voucher_no": "记-002",
        },
        {
            **works,
            "document_number": PROVINCE,
            "allocated_fen": 21_000_000,
            "paid_on": date(2018, 12, 20),
            "paid_fen": 20_800_000,
            "payment_voucher_no": "记-003",
        },
    ]


def asset_rows() -> list[Values]:
    """The plant of 900,000 yuan from two villages, a road with a gap, a household's cattle."""
    plant = {
        "asset_code": PLANT,
        "name": "联建光伏电站",
        "project_code": "XM-2018-001",
        "asset_class": "经营性",
        "asset_form": "固定资产",
        "subtype": "光伏电站",
        "town_name": "龙归镇",
        "village_name": "龙归村",
        "place": "龙归村荒坡地",
        "specification": "120千瓦",
        "quantity_milli": 1000,
        "quantity_unit": "座",
        "built_on": date(2018, 12, 8),
        "in_use_on": date(2018, 12, 20),
        "useful_years": 20,
        "original_value_fen": 90_000_000,
        "capacity_w": 120_000,
        "national_plant_code": "GF44020310220401",
        "in_national_catalogue": True,
        "benchmark_tariff_microyuan": 453_000,
        "subsidy_tariff_microyuan": 397_000,
        "condition": "正常",
    }
    road = {
        "asset_code": ROAD,
        "name": "凤田村道硬化",
        "project_code": "XM-2018-002",
        "asset_class": "公益性",
        "asset_form": "固定资产",
        "subtype": "村道硬化",
        "town_name": "龙归镇",
        "village_name": "凤田村",
        "place": "凤田村",
        "quantity_milli": 1250,
        "quantity_unit": "公里",
        "built_on": date(2018, 10, 1),
        "original_value_fen": 20_000_000,
        "condition": "正常",
        "missing_papers": "竣工验收报告、合同",
        "missing_reason": "经办人调离时未移交档案",
        "vouched_by": "钟文德",
    }
    cattle = {
        "asset_code": CATTLE,
        "name": "龙归村到户母牛",
        "project_code": "XM-2018-002",
        "asset_class": "到户类",
        "asset_form": "生物资产",
        "subtype": "母牛养殖",
        "town_name": "龙归镇",
        "village_name": "龙归村",
        "place": "龙归村上坪",
        "quantity_milli": 1000,
        "quantity_unit": "头",
        "built_on": date(2018, 9, 1),
        "original_value_fen": 800_000,
        "condition": "正常",
        "household_code": "4402031020401",
    }
    village = f"V{LONGGUI_VILLAGE}"
    return [
        {
            **plant,
            "document_number": CENTRAL,
            "contributor_code": village,
            "contributed_fen": 60_000_000,
        },
        {
            **plant,
            "document_number": PROVINCE,
            "contributor_code": f"V{FENGTIAN}",
            "contributed_fen": 30_000_000,
        },
        {**road, "document_number": PROVINCE, "contributed_fen": 20_000_000},
        {**cattle, "document_number": PROVINCE, "contributed_fen": 800_000},
    ]


def share_rows() -> list[Values]:
    """Two thirds and one third of the plant; the road is the committee's, the cattle a family's."""

    def right(asset: str, kind: str, holder: str, part: int, whole: int, basis: str) -> Values:
        return {
            "asset_code": asset,
            "right": kind,
            "holder_code": holder,
            "share_numerator": part,
            "share_denominator": whole,
            "share_basis": basis,
            "starts_on": date(2018, 12, 8),
            "basis_document": "联建协议书（2018）",
        }

    rows = []
    for kind in ("所有权", "收益权"):
        rows.append(right(PLANT, kind, f"V{LONGGUI_VILLAGE}", 2, 3, "出资额"))
        rows.append(right(PLANT, kind, f"V{FENGTIAN}", 1, 3, "出资额"))
        rows.append(right(ROAD, kind, f"V{FENGTIAN}", 1, 1, "协议"))
        rows.append(right(CATTLE, kind, "4402031020401", 1, 1, "协议"))
    rows.append(right(PLANT, "经营权", "J0001", 1, 1, "协议"))
    rows.append(right(PLANT, "监督权", f"Z{LONGGUI}", 1, 1, "协议"))
    return rows


def contract_rows() -> list[Values]:
    """A plant let to a company for three years, paid half-yearly."""
    return [
        {
            "contract_code": "HT-2019-001",
            "asset_code": PLANT,
            "contract_type": "租赁",
            "counterparty_code": "Q0001",
            "yearly_due_fen": 1_200_001,
            "starts_on": date(2019, 1, 1),
            "ends_on": date(2021, 12, 31),
            "payment_period": "半年",
            "first_due_on": date(2019, 6, 30),
        }
    ]


ROWS = {
    "divisions": division_rows,
    "parties": party_rows,
    "actors": actor_rows,
    "funds": fund_rows,
    "projects": project_rows,
    "assets": asset_rows,
    "shares": share_rows,
    "contracts": contract_rows,
}


def furnish(session: Session, *, upto: str = "contracts") -> None:
    """Take in every kind in its order, up to and including one."""
    for kind, rows in ROWS.items():
        take_in(session, kind, rows())
        if kind == upto:
            return
