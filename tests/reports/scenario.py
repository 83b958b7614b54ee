"""What does a book hold whose papers can be checked by hand? One village, one joint plant, one year.

Rows are written directly, so that a paper is tested against facts and not against the verbs that
usually make them. The money is the worked example of the trade: 424 thousand from a plant of three
villages, 62 households of 150 persons, 24,253.62 yuan by head of which twelve fen are left over.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
from sqlmodel import Session, col, select

from assets import trail
from assets.models import (
    Actor,
    ActorRole,
    Asset,
    AssetFact,
    AssetRight,
    ContractDue,
    Decision,
    DeclaredGap,
    Division,
    Evidence,
    EvidenceLink,
    FundAllocation,
    FundContribution,
    FundDocument,
    FundPayment,
    FundReceipt,
    HandoverAct,
    HandoverAnswer,
    HandoverBooking,
    HandoverItem,
    Notice,
    OperationContract,
    Party,
    PartyFact,
    PlantFact,
    Project,
    ProjectFact,
    StatusEvent,
    TitleAct,
    TitleCertificate,
    TitleItem,
    UpkeepDuty,
    Waiver,
)
from assets.trail import Act, Entry
from fixtures.invented_numbers import resident_id
from ledger.apportionment import apportion, member_keys
from ledger.books.posting import ensure_entity, event_lines, post
from ledger.models import (
    Allocation,
    Attendance,
    Deduction,
    Entitlement,
    Finding,
    FindingAnswer,
    Household,
    HouseholdFact,
    JobHolder,
    JobPost,
    Membership,
    PayeeAuthority,
    PaymentBatch,
    PaymentLine,
    PaymentResult,
    Person,
    PersonStatus,
    Plan,
    PlanChannel,
    PlanIncome,
    PlantStatement,
    Policy,
    Receipt,
    Roster,
    RosterLine,
    SampleDraw,
    StatementLine,
    StatementSource,
    Transfer,
)
from ledger.people.persons import NewVersion, PersonalData, write_versions

CLERK, SUPERVISOR, TOWN_HAND, BUREAU = "R0001", "R0002", "R0003", "R0004"
TOWN, VILLAGE, OTHER_VILLAGE, THIRD_VILLAGE = (
    "440203101000",
    "440203101209",
    "440203101201",
    "440203101202",
)
JOINT, ROAD, SHOP = (
    "440203101209-2018-J-0001",
    "440203101209-2018-G-0001",
    "440203101209-2019-J-0002",
)
TITLE, HANDOVER, REFUSED_HANDOVER = "QQ-2020-001", "YJ-2020-001", "YJ-2020-002"
STATEMENT, PLAN, BATCH, REISSUE = "JZ-1", "FP-2020-001", "FF-2020-001", "FF-2020-002"
CONTRACT = "HT-2019-001"
SAMPLE = "CY-2020-001"
SIZES = (1,) * 15 + (2,) * 20 + (3,) * 15 + (4,) * 10 + (5,) * 2
REWARD_FEN, RESERVE_FEN, LABOUR_FEN = 2_425_362, 2_425_362, 19_402_899
SHARE_FEN = 24_253_623
MONTHLY_FEN = 60_000
# A clerk typed a phone number into the name field; it must never reach a wall.
ODD_NAME = "李四13812345678"
START = date(2016, 1, 1)


def house_code(number: int) -> str:
    """户编号 of the n-th household, from 1."""
    return f"50000{number:05d}"


WORKER = house_code(36)
"""The household of three whose member sweeps the road: 7,200.00 of wages and 485.07 by head."""


@dataclass
class Scenario:
    """Where the rows are: ids by code."""

    parties: dict[str, int]
    assets: dict[str, int]
    households: list[int]
    heads: list[int]
    plan_id: int = 0


class Writer:
    """Opens one entry after the other, each on a day."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.count = 0

    def entry(self, on: date, what: str = "scenario", actor: str = CLERK) -> Any:
        """An entry of its own."""
        self.count += 1
        act = Act(actor, "scenario", on)
        return trail.entry(self.session, act, what, f"S{self.count:03d}")


@cache
def people() -> tuple[tuple[str, ...], ...]:
    """Names of all members, household by household."""
    family = "张黄陈李王何谢朱赖曾"
    given = ("保洁", "塱", "桂英", "根生", "㙦", "春兰", "亚", "国强", "秀珍", "木生")
    found = []
    for number, size in enumerate(SIZES, start=1):
        first = family[number % 10]
        found.append(tuple(first + given[(number * 3 + n) % 10] for n in range(size)))
    found[1] = (ODD_NAME, *found[1][1:])
    found[35] = ("张某", *found[35][1:])
    # Two heads of the same name, told apart by their group.
    found[4] = ("黄同名",)
    found[9] = ("黄同名",)
    return tuple(found)


def build(session: Session) -> Scenario:
    """Write the whole year and commit."""
    writer = Writer(session)
    made = _places(writer)
    _register(writer, made)
    _title_and_handover(writer, made)
    _contract(writer, made)
    _households(writer, made)
    _income(writer, made)
    _plan(writer, made)
    _pay(writer, made)
    _finding(writer, made)
    session.commit()
    return made


def _places(writer: Writer) -> Scenario:
    made = Scenario({}, {}, [], [])
    with writer.entry(START) as e:
        for code, title, level, parent in (
            ("440203000000", "武江区", "DISTRICT", None),
            (TOWN, "西河镇", "TOWN", "440203000000"),
            (VILLAGE, "黄塱村村民委员会", "VILLAGE", TOWN),
            (OTHER_VILLAGE, "大村村村民委员会", "VILLAGE", TOWN),
            (THIRD_VILLAGE, "村头村村民委员会", "VILLAGE", TOWN),
        ):
            e.add(
                Division(code=code, title=title, level=level, parent_code=parent, valid_from=START)
            )
        for code, kind, title, place in (
            ("A", "COLLECTIVE", "黄塱村股份经济合作联合社", VILLAGE),
            ("B", "COLLECTIVE", "大村村股份经济合作联合社", OTHER_VILLAGE),
            ("C", "COLLECTIVE", "村头村股份经济合作联合社", THIRD_VILLAGE),
            ("T", "TOWN", "西河镇人民政府", TOWN),
            ("AG", "AGENCY", "武江区扶贫开发投资有限公司", "440203000000"),
            ("GR", "GRID", "韶关供电局", "440203000000"),
            ("CO", "COMPANY", "武江区塱田加工厂", TOWN),
        ):
            party = e.add(Party(code=code, kind=kind))
            made.parties[code] = party.id
            e.add(
                PartyFact(
                    party_id=party.id,
                    title=title,
                    division_code=place,
                    bank="农商银行西河支行",
                    account_tail="8001",
                    valid_from=START,
                )
            )
        for code, title, role, place in (
            (CLERK, "黄文书", "CLERK", VILLAGE),
            (SUPERVISOR, "陈监督", "SUPERVISION", VILLAGE),
            (TOWN_HAND, "李财政", "TOWN_FINANCE", TOWN),
            (BUREAU, "王农业", "AGRICULTURE", "440203000000"),
        ):
            actor = e.add(Actor(code=code, title=title))
            e.add(ActorRole(actor_id=actor.id, role=role, division_code=place, valid_from=START))
    return made


def _register(writer: Writer, made: Scenario) -> None:
    a, b, c = (made.parties[x] for x in "ABC")
    with writer.entry(date(2018, 3, 1)) as e:
        documents = []
        for code, level, kind, amount in (
            ("韶财农〔2018〕12号", "CENTRAL", "CENTRAL_SPECIAL", 150_000_000),
            ("韶财农〔2018〕30号", "PROVINCE", "PROVINCIAL_SPECIAL", 80_000_000),
        ):
            document = e.add(
                FundDocument(
                    code=code,
                    title=f"关于下达{code[-3:-1]}号资金的通知",
                    level=level,
                    fund_type=kind,
                    fund_year=2018,
                    amount_fen=amount,
                    issued_on=date(2018, 2, 1),
                    issuer="韶关市财政局",
                )
            )
            documents.append(document.id)
            e.add(
                FundReceipt(
                    fund_document_id=document.id, received_on=date(2018, 2, 20), amount_fen=amount
                )
            )
        project = e.add(Project(code="XM-2018-001"))
        e.add(
            ProjectFact(
                project_id=project.id,
                title="2018年西河镇光伏及道路扶贫项目",
                project_year=2018,
                division_code=TOWN,
                implementer="西河镇人民政府",
                approved_on=date(2018, 2, 25),
                approval_document="武江扶办〔2018〕3号",
                started_on=date(2018, 3, 10),
                completed_on=date(2018, 9, 30),
                accepted_on=date(2018, 10, 20),
                final_account_fen=221_000_000,
                valid_from=date(2018, 3, 1),
            )
        )
        for document_id, amount in ((documents[0], 150_000_000), (documents[1], 71_000_000)):
            e.add(
                FundAllocation(
                    fund_document_id=document_id, project_id=project.id, amount_fen=amount
                )
            )
            e.add(
                FundPayment(
                    fund_document_id=document_id,
                    project_id=project.id,
                    paid_on=date(2018, 10, 25),
                    amount_fen=amount,
                    voucher_no=f"支-{document_id}",
                )
            )
    rows: Sequence[tuple[str, dict[str, Any], list[tuple[int, int | None, int]]]] = (
        (
            JOINT,
            {
                "title": "西河镇联村光伏电站",
                "asset_class": "OPERATING",
                "form": "FIXED",
                "subclass": "光伏电站",
                "place": "黄塱村旧砖厂",
                "spec": "500千瓦",
                "quantity": "500",
                "quantity_unit": "千瓦",
                "life_months": 240,
                "original_value_fen": 194_000_000,
            },
            [
                (documents[0], a, 118_000_000),
                (documents[0], b, 32_000_000),
                (documents[1], b, 14_330_000),
                (documents[1], c, 29_670_000),
            ],
        ),
        (
            ROAD,
            {
                "title": "黄塱村道硬底化",
                "asset_class": "PUBLIC_WELFARE",
                "form": "FIXED",
                "subclass": "道路",
                "place": "上屋至下屋",
                "spec": "宽4.5米",
                "quantity": "1.2",
                "quantity_unit": "公里",
                "life_months": 180,
                "original_value_fen": 17_000_000,
            },
            [(documents[1], None, 17_000_000)],
        ),
        (
            SHOP,
            {
                "title": "扶贫车间",
                "asset_class": "OPERATING",
                "form": "FIXED",
                "subclass": "厂房",
                "place": "黄塱村口",
                "spec": "钢结构",
                "quantity": "320",
                "quantity_unit": "平方米",
                "life_months": 240,
                "original_value_fen": 10_000_000,
            },
            [(documents[1], a, 10_000_000)],
        ),
    )
    with writer.entry(date(2018, 10, 25)) as e:
        for code, facts, contributions in rows:
            asset = e.add(Asset(code=code, project_id=project.id))
            made.assets[code] = asset.id
            built = date(2019, 4, 30) if code == SHOP else date(2018, 10, 20)
            e.add(
                AssetFact(
                    asset_id=asset.id,
                    division_code=VILLAGE,
                    acquired_on=built,
                    in_use_on=built,
                    condition="NORMAL",
                    valid_from=built,
                    **facts,
                )
            )
            for document_id, party_id, amount in contributions:
                e.add(
                    FundContribution(
                        asset_id=asset.id,
                        fund_document_id=document_id,
                        contributor_party_id=party_id,
                        amount_fen=amount,
                    )
                )
            parts = [(a, 1, 1)]
            if code == JOINT:
                parts = [(a, 118, 194), (b, 4633, 19400), (c, 2967, 19400)]
            for kind in ("OWN", "BENEFIT"):
                for holder, numerator, denominator in parts:
                    e.add(
                        AssetRight(
                            asset_id=asset.id,
                            kind=kind,
                            holder_party_id=holder,
                            share_numerator=numerator,
                            share_denominator=denominator,
                            basis="INVESTED",
                            document="武江扶组〔2019〕5号",
                            valid_from=built,
                        )
                    )
            e.add(
                AssetRight(
                    asset_id=asset.id,
                    kind="OPERATE",
                    holder_party_id=made.parties["CO"] if code == SHOP else a,
                    share_numerator=1,
                    share_denominator=1,
                    basis="AGREED",
                    document="经营协议",
                    valid_from=built,
                )
            )
        e.add(
            PlantFact(
                asset_id=made.assets[JOINT],
                capacity_w=500_000,
                in_national_catalogue=True,
                benchmark_tariff_uyuan=453_000,
                subsidy_tariff_uyuan=397_000,
                valid_from=date(2018, 10, 20),
            )
        )


def _move(e: Entry, kind: str, code: str, states: Sequence[str], on: date) -> None:
    for before, after in pairwise(states):
        e.add(
            StatusEvent(
                object_kind=kind,
                object_code=code,
                from_state=before,
                to_state=after,
                happened_on=on,
                actor_code=CLERK,
            )
        )


def _title_and_handover(writer: Writer, made: Scenario) -> None:
    codes = (JOINT, ROAD, SHOP)
    values = {JOINT: 194_000_000, ROAD: 17_000_000, SHOP: 10_000_000}
    with writer.entry(date(2020, 3, 2)) as e:
        title = e.add(
            TitleAct(
                code=TITLE,
                village_code=VILLAGE,
                owner_party_id=made.parties["A"],
                proposed_on=date(2020, 3, 2),
            )
        )
        for place, code in enumerate(codes, start=1):
            e.add(
                TitleItem(
                    title_act_id=title.id,
                    asset_id=made.assets[code],
                    line_no=place,
                    original_value_fen=values[code],
                )
            )
            path = ("", "IDENTIFIED", "VERIFIED", "CLASSIFIED", "TITLE_PROPOSED", "NOTICED")
            _move(e, "ASSET", code, (*path, "CONFIRMED"), date(2020, 4, 10))
        e.add(
            Decision(
                object_kind="TITLE",
                object_code=TITLE,
                stage="RESOLVE",
                body="REPRESENTATIVES",
                held_on=date(2020, 3, 5),
                member_count=45,
                present_count=38,
                for_count=37,
                against_count=0,
                abstain_count=1,
                minutes="村代会〔2020〕3号",
                is_valid=True,
            )
        )
        e.add(
            Notice(
                object_kind="TITLE",
                object_code=TITLE,
                kind="NOTICE",
                round_no=1,
                village_code=VILLAGE,
                posted_on=date(2020, 3, 10),
                notice_days=10,
                day_kind="CALENDAR",
                ends_on=date(2020, 3, 19),
                place="村务公开栏",
                phone="0751-8000001",
                text_sha256="0" * 64,
            )
        )
    with writer.entry(date(2020, 4, 10), actor=BUREAU) as e:
        for place, code in enumerate(codes, start=1):
            e.add(
                TitleCertificate(
                    number=f"武江扶资证〔2020〕第{place:04d}号",
                    title_act_id=title.id,
                    asset_id=made.assets[code],
                    confirmed_on=date(2020, 4, 10),
                    document="武江农〔2020〕18号",
                )
            )
        photo = e.add(
            Evidence(
                sha256="ab" * 32,
                kind="现场照片",
                title="电站全景",
                pages=2,
                received_on=date(2020, 3, 1),
                sealed=False,
                size_bytes=1024,
            )
        )
        e.add(EvidenceLink(evidence_id=photo.id, object_kind="ASSET", object_code=JOINT))
    with writer.entry(date(2020, 4, 20)) as e:
        handover = e.add(
            HandoverAct(
                code=HANDOVER,
                village_code=VILLAGE,
                from_party_id=made.parties["T"],
                to_party_id=made.parties["A"],
                attempt_no=1,
                prepared_on=date(2020, 4, 20),
                shown_text="移交清单正文",
                text_sha256="1" * 64,
            )
        )
        items = []
        for place, code in enumerate(codes, start=1):
            net = values[code] - values[code] // 20
            items.append(
                e.add(
                    HandoverItem(
                        handover_act_id=handover.id,
                        asset_id=made.assets[code],
                        line_no=place,
                        original_value_fen=values[code],
                        net_value_fen=net,
                    )
                )
            )
            _move(e, "ASSET", code, ("CONFIRMED", "HANDOVER_PENDING"), date(2020, 4, 20))
    answers: Sequence[dict[str, Any]] = (
        {"outcome": "ACCEPTED"},
        {
            "outcome": "RESERVED",
            "reservation": "下屋段路肩塌陷两处，修复后接收",
            "remedy_due_on": date(2020, 7, 31),
        },
        {"outcome": "REFUSED", "reason_code": "PAPERS"},
    )
    with writer.entry(date(2020, 4, 28)) as e:
        for item, answer, code in zip(items, answers, codes, strict=True):
            e.add(
                HandoverAnswer(
                    handover_item_id=item.id,
                    answered_on=date(2020, 4, 28),
                    signed_by_code=CLERK,
                    **answer,
                )
            )
            state = {
                "ACCEPTED": "ACCEPTED",
                "RESERVED": "ACCEPTED_WITH_RESERVATIONS",
                "REFUSED": "REFUSED",
            }[answer["outcome"]]
            _move(e, "ASSET", code, ("HANDOVER_PENDING", state), date(2020, 4, 28))
    with writer.entry(date(2020, 4, 30)) as e:
        party = made.parties["A"]
        ensure_entity(writer.session, e, party, START)
        ensure_entity(writer.session, e, made.parties["AG"], START)
        booked = (JOINT, ROAD)
        lines = [
            line
            for code in booked
            for line in event_lines(
                writer.session,
                "handover_booked",
                party,
                date(2020, 4, 30),
                values[code] * (118 if code == JOINT else 194) // 194,
                asset_id=made.assets[code],
                form="FIXED",
            )
        ]
        voucher = post(
            writer.session,
            e,
            party_id=party,
            dated_on=date(2020, 4, 30),
            kind="handover",
            summary=f"移交{HANDOVER}入账",
            lines=lines,
            concerns=202004,
            object_code=HANDOVER,
        )
        for code, state in ((JOINT, "ACCEPTED"), (ROAD, "ACCEPTED_WITH_RESERVATIONS")):
            e.add(
                HandoverBooking(
                    asset_id=made.assets[code],
                    handover_act_id=handover.id,
                    voucher_id=voucher.id,
                    booked_on=date(2020, 4, 30),
                )
            )
            _move(e, "ASSET", code, (state, "BOOKED", "IN_OPERATION"), date(2020, 4, 30))


def _contract(writer: Writer, made: Scenario) -> None:
    with writer.entry(date(2019, 5, 1)) as e:
        contract = e.add(
            OperationContract(
                code=CONTRACT,
                asset_id=made.assets[SHOP],
                kind="LEASE",
                counterparty_id=made.parties["CO"],
                yearly_fen=1_200_000,
                starts_on=date(2019, 6, 1),
                ends_on=date(2022, 5, 31),
                cycle="YEAR",
                first_due_on=date(2019, 6, 1),
            )
        )
        for number in range(3):
            e.add(
                ContractDue(
                    contract_id=contract.id,
                    due_no=number + 1,
                    due_on=date(2019 + number, 6, 1),
                    period_from=date(2019 + number, 6, 1),
                    period_to=date(2020 + number, 5, 31),
                    amount_fen=1_200_000,
                )
            )


def _households(writer: Writer, made: Scenario) -> None:
    day = date(2016, 6, 30)
    with writer.entry(day) as e:
        versions = []
        for number, names in enumerate(people(), start=1):
            household = e.add(Household(code=house_code(number)))
            made.households.append(household.id)
            ids = []
            for place, name in enumerate(names, start=1):
                person = e.add(Person(code=f"{house_code(number)}{place:02d}"))
                ids.append(person.id)
                e.add(
                    Membership(
                        person_id=person.id,
                        household_id=household.id,
                        relation="户主" if place == 1 else "家庭成员",
                        valid_from=day,
                    )
                )
                e.add(
                    PersonStatus(
                        person_id=person.id,
                        labour="ORDINARY" if place == 1 else "NONE",
                        birth_year=1970,
                        valid_from=day,
                    )
                )
                born = date(1950 + number % 40, 1 + place, 1 + number % 27)
                card = "" if place > 1 else f"621700000000{number:03d}3021"
                versions.append(
                    NewVersion(
                        person.id,
                        house_code(number),
                        PersonalData(
                            name=name,
                            id_number=resident_id("440203", born, male=True),
                            card=card,
                            bank="农商银行西河支行" if card else "",
                            phone=f"199{number:05d}{place:03d}",
                        ),
                        day,
                    )
                )
            made.heads.append(ids[0])
            e.add(
                HouseholdFact(
                    household_id=household.id,
                    village_code=VILLAGE,
                    group_title=f"第{(number - 1) % 4 + 1}组",
                    status="LIFTED",
                    head_person_id=ids[0],
                    declared_size=len(names),
                    valid_from=day,
                )
            )
        write_versions(writer.session, e, versions, fresh=True)
    with writer.entry(date(2020, 11, 1)) as e:
        # The card of the twentieth household is collected by a neighbour with a letter.
        e.add(
            PayeeAuthority(
                household_id=made.households[19],
                beneficiary_person_id=made.heads[19],
                payee_person_id=made.heads[20],
                relation="邻居",
                document="委托书〔2020〕1号",
                valid_from=date(2020, 11, 1),
                valid_to=date(2021, 12, 31),
            )
        )


def _income(writer: Writer, made: Scenario) -> None:
    asset, agency = made.assets[JOINT], made.parties["AG"]
    with writer.entry(date(2020, 12, 1)) as e:
        receipts = []
        for code, stream, amount, day in (
            ("SK-1", "BENCHMARK_TARIFF", 22_593_828, date(2020, 11, 5)),
            ("SK-2", "STATE_SUBSIDY", 19_800_772, date(2020, 11, 20)),
        ):
            receipts.append(
                e.add(
                    Receipt(
                        code=code,
                        asset_id=asset,
                        receiver_party_id=agency,
                        money_kind="INCOME",
                        stream=stream,
                        income_year=2020,
                        period_from=date(2019, 11, 1),
                        period_to=date(2020, 10, 31),
                        energy_kwh=498_760 if code == "SK-1" else None,
                        due_fen=amount,
                        amount_fen=amount,
                        arrived_on=day,
                        payer_party_id=made.parties["GR"],
                        bank_ref=f"YH-{code}",
                    )
                )
            )
        costs = []
        for code, kind, amount in (
            ("KC-1", "UPKEEP", 1_500_000),
            ("KC-2", "INSURANCE", 420_000),
            ("KC-3", "SITE", 600_000),
        ):
            costs.append(
                e.add(
                    Deduction(
                        code=code,
                        asset_id=asset,
                        bearer_party_id=agency,
                        income_year=2020,
                        stream="BENCHMARK_TARIFF",
                        kind=kind,
                        amount_fen=amount,
                        happened_on=date(2020, 11, 25),
                        voucher_no=f"记-{code}",
                    )
                )
            )
        statement = e.add(
            PlantStatement(
                code=STATEMENT,
                asset_id=asset,
                income_year=2020,
                stream="BENCHMARK_TARIFF+STATE_SUBSIDY",
                received_through=date(2020, 11, 30),
                received_fen=42_394_600,
                deducted_fen=2_520_000,
                distributable_fen=39_874_600,
                confirmed_on=date(2020, 12, 1),
                confirmed_by_code=BUREAU,
            )
        )
        for receipt in receipts:
            e.add(
                StatementSource(
                    plant_statement_id=statement.id,
                    receipt_id=receipt.id,
                    amount_fen=receipt.amount_fen,
                )
            )
        for cost in costs:
            e.add(
                StatementSource(
                    plant_statement_id=statement.id,
                    deduction_id=cost.id,
                    amount_fen=cost.amount_fen,
                )
            )
        for holder, numerator, denominator, amount in (
            ("A", 118, 194, SHARE_FEN),
            ("B", 4633, 19400, 9_522_630),
            ("C", 2967, 19400, 6_098_347),
        ):
            e.add(
                StatementLine(
                    plant_statement_id=statement.id,
                    holder_party_id=made.parties[holder],
                    share_numerator=numerator,
                    share_denominator=denominator,
                    amount_fen=amount,
                )
            )
        e.add(
            Receipt(
                code="SK-3",
                asset_id=made.assets[SHOP],
                receiver_party_id=made.parties["A"],
                money_kind="INCOME",
                stream="RENT",
                income_year=2019,
                period_from=date(2019, 6, 1),
                period_to=date(2020, 5, 31),
                due_fen=1_200_000,
                amount_fen=500_000,
                arrived_on=date(2020, 1, 10),
                payer_party_id=made.parties["CO"],
            )
        )
    session, a = writer.session, made.parties["A"]
    with writer.entry(date(2020, 12, 2)) as e:
        line = session.exec(select(StatementLine).where(StatementLine.holder_party_id == a)).one()
        e.add(
            Transfer(
                statement_line_id=line.id,
                passed_on=date(2020, 12, 2),
                amount_fen=SHARE_FEN,
                bank_ref="BF-1",
            )
        )
        facts: dict[str, Any] = {
            "asset_id": asset,
            "income_year": 2020,
            "stream": "BENCHMARK_TARIFF",
        }
        gross, cost_part = 25_786_407, 1_532_784
        events = (
            ("income_notified", gross),
            ("agency_deduction", cost_part),
            ("income_cash", SHARE_FEN),
        )
        lines = [
            line
            for event, amount in events
            for line in event_lines(session, event, a, date(2020, 12, 2), amount, **facts)
        ]
        post(
            session,
            e,
            party_id=a,
            dated_on=date(2020, 12, 2),
            kind="income",
            summary=f"结转单{STATEMENT}光伏收益到账",
            lines=lines,
            concerns=2020,
            object_code=STATEMENT,
        )


def _plan(writer: Writer, made: Scenario) -> None:
    session, a = writer.session, made.parties["A"]
    codes = [house_code(n) for n in range(1, len(SIZES) + 1)]
    with writer.entry(date(2020, 12, 3)) as e:
        roster = e.add(
            Roster(
                code=f"{PLAN}-M1",
                plan_code=PLAN,
                cut_off_on=date(2020, 10, 31),
                scope=VILLAGE,
                household_count=len(SIZES),
                person_count=sum(SIZES),
            )
        )
        facts = dict(session.exec(select(HouseholdFact.household_id, HouseholdFact.id)).all())
        count = len(SIZES)
        e.bulk(
            RosterLine,
            {
                "roster_id": np.full(count, roster.id, dtype=np.int64),
                "household_id": np.array(made.households, dtype=np.int64),
                "person_count": np.array(SIZES, dtype=np.int64),
                "labour_count": np.ones(count, dtype=np.int64),
                "status": np.ones(count, dtype=np.int64),
                "village": np.full(count, int(VILLAGE), dtype=np.int64),
                "fact_id": np.array([facts[x] for x in made.households], dtype=np.int64),
            },
        )
        policy = e.add(Policy(code="village-pv-2020", sha256="2" * 64, body=_policy_text()))
        plan = e.add(
            Plan(
                code=PLAN,
                kind="VILLAGE",
                holder_party_id=a,
                title="黄塱村2020年度光伏收益分配方案",
                income_year=2020,
                period_from=date(2020, 1, 1),
                period_to=date(2020, 12, 31),
                policy_id=policy.id,
                roster_id=roster.id,
                rule_text="村级光伏电站收益分配（2020年度）",
                received_fen=25_786_407,
                deducted_fen=1_532_784,
                distributable_fen=SHARE_FEN,
                drafted_on=date(2020, 12, 3),
            )
        )
        made.plan_id = plan.id
        line = session.exec(select(StatementLine).where(StatementLine.holder_party_id == a)).one()
        e.add(
            PlanIncome(
                plan_id=plan.id,
                asset_id=made.assets[JOINT],
                income_year=2020,
                stream="BENCHMARK_TARIFF+STATE_SUBSIDY",
                statement_line_id=line.id,
                distributable_fen=SHARE_FEN,
            )
        )
        channels = []
        for place, (channel, title, rule, amount) in enumerate(
            (
                ("RESERVE", "提取公积公益金", "可分配额的10%（不足一分舍去）", RESERVE_FEN),
                ("JOB", "公益岗位和公益事业劳务费", "按岗位、月数和考勤计发", LABOUR_FEN),
                ("REWARD", "奖励补助（按人口）", "其余部分按人口分配", REWARD_FEN),
            ),
            start=1,
        ):
            channels.append(
                e.add(
                    PlanChannel(
                        plan_id=plan.id,
                        line_no=place,
                        channel=channel,
                        title=title,
                        rule_text=rule,
                        source="国开办司发〔2020〕3号",
                        amount_fen=amount,
                    )
                )
            )
        keys = member_keys(PLAN, codes)
        shares = apportion(REWARD_FEN, list(SIZES), [int(k) for k in keys])
        floors = [REWARD_FEN * size // sum(SIZES) for size in SIZES]
        e.bulk(
            Allocation,
            {
                "plan_channel_id": np.full(count, channels[2].id, dtype=np.int64),
                "household_id": np.array(made.households, dtype=np.int64),
                "weight": np.array(SIZES, dtype=np.int64),
                "tie_key": keys,
                "share_fen": np.array(shares, dtype=np.int64),
                "extra_fen": np.array(
                    [s - f for s, f in zip(shares, floors, strict=True)], dtype=np.int64
                ),
            },
        )
        for place, (index, title) in enumerate(
            ((35, "村道保洁员"), (0, "电站看护员"), (19, "护林员")), start=1
        ):
            job = e.add(
                JobPost(
                    code=f"{PLAN}-G{place}",
                    plan_id=plan.id,
                    title=title,
                    duty="每周三天",
                    monthly_fen=MONTHLY_FEN,
                    first_month=202001,
                    month_count=12,
                )
            )
            e.add(
                JobHolder(
                    job_post_id=job.id,
                    household_id=made.households[index],
                    person_id=made.heads[index],
                    from_month=202001,
                )
            )
        _move(e, "PLAN", PLAN, ("", "DRAFT"), date(2020, 12, 3))
    with writer.entry(date(2020, 12, 5)) as e:
        for stage in ("PROPOSE", "CONSULT", "DELIBERATE", "RESOLVE"):
            e.add(
                Decision(
                    object_kind="PLAN",
                    object_code=PLAN,
                    stage=stage,
                    body="REPRESENTATIVES",
                    held_on=date(2020, 12, 5),
                    member_count=45,
                    present_count=40,
                    for_count=40,
                    against_count=0,
                    abstain_count=0,
                    minutes=f"村代会〔2020〕9号{stage}",
                    is_valid=True,
                )
            )
        e.add(
            Notice(
                object_kind="PLAN",
                object_code=PLAN,
                kind="NOTICE",
                round_no=1,
                village_code=VILLAGE,
                posted_on=date(2020, 12, 6),
                notice_days=10,
                day_kind="CALENDAR",
                ends_on=date(2020, 12, 15),
                place="黄塱村村务公开栏",
                phone="0751-8000001",
                text_sha256="3" * 64,
            )
        )
        path = ("DRAFT", "DECIDED", "NOTICED", "SUPERVISED", "REVIEWED", "FILED", "POSTED")
        _move(e, "PLAN", PLAN, path, date(2020, 12, 18))


def _pay(writer: Writer, made: Scenario) -> None:
    session, a = writer.session, made.parties["A"]
    jobs = session.exec(select(JobPost).order_by(col(JobPost.code))).all()
    holders = {x.job_post_id: x for x in session.exec(select(JobHolder)).all()}
    channels = session.exec(select(PlanChannel).order_by(col(PlanChannel.line_no))).all()
    shares = session.exec(select(Allocation).order_by(col(Allocation.id))).all()
    with writer.entry(date(2020, 12, 20)) as e:
        lines = []
        for job in jobs:
            holder = holders[job.id]
            for month in range(202001, 202013):
                e.add(
                    Attendance(
                        job_post_id=job.id,
                        household_id=holder.household_id,
                        person_id=holder.person_id,
                        month=month,
                        day_count=12,
                        earned_fen=MONTHLY_FEN,
                        keeper="黄文书",
                    )
                )
                lines.append((channels[1].id, holder.household_id, holder.person_id, month))
        wages = len(lines)
        first = e.bulk(
            Entitlement,
            {
                "plan_id": np.full(wages + len(shares), made.plan_id, dtype=np.int64),
                "plan_channel_id": np.array(
                    [x[0] for x in lines] + [channels[2].id] * len(shares), dtype=np.int64
                ),
                "household_id": np.array(
                    [x[1] for x in lines] + [x.household_id for x in shares], dtype=np.int64
                ),
                "person_id": np.array([x[2] for x in lines] + [0] * len(shares), dtype=np.int64),
                "concerns_month": np.array(
                    [x[3] for x in lines] + [0] * len(shares), dtype=np.int64
                ),
                "amount_fen": np.array(
                    [MONTHLY_FEN] * wages + [x.share_fen for x in shares], dtype=np.int64
                ),
            },
        )
        decided = [
            line
            for share in shares
            for line in event_lines(
                session,
                "subsidy_decided",
                a,
                date(2020, 12, 18),
                share.share_fen,
                income_year=2020,
                channel="REWARD",
                household_id=share.household_id,
            )
        ]
        post(
            session,
            e,
            party_id=a,
            dated_on=date(2020, 12, 18),
            kind="plan",
            summary=f"方案{PLAN}记账",
            lines=decided,
            concerns=2020,
            object_code=PLAN,
        )
    entitlements = session.exec(select(Entitlement).order_by(col(Entitlement.id))).all()
    with writer.entry(date(2020, 12, 21)) as e:
        _batch(e, made, BATCH, entitlements, date(2020, 12, 21), reissue_of=0)
        _move(e, "PLAN", PLAN, ("POSTED", "PAYING"), date(2020, 12, 21))
    with writer.entry(date(2020, 12, 25)) as e:
        paid = session.exec(select(PaymentLine).order_by(col(PaymentLine.id))).all()
        returned = paid[wages + 2]
        for line in paid:
            back = line.id == returned.id
            e.add(
                PaymentResult(
                    payment_line_id=line.id,
                    outcome="RETURNED" if back else "PAID",
                    happened_on=date(2020, 12, 24),
                    reason_code="ACCOUNT_CLOSED" if back else None,
                )
            )
    with writer.entry(date(2020, 12, 28)) as e:
        again = [x for x in entitlements if x.id == returned.entitlement_id]
        _batch(e, made, REISSUE, again, date(2020, 12, 28), reissue_of=returned.id)
    with writer.entry(date(2020, 12, 30)) as e:
        last = session.exec(select(PaymentLine).order_by(col(PaymentLine.id).desc())).first()
        assert last is not None and first
        e.add(
            PaymentResult(payment_line_id=last.id, outcome="PAID", happened_on=date(2020, 12, 29))
        )


def _batch(
    e: Entry,
    made: Scenario,
    code: str,
    entitlements: Sequence[Entitlement],
    on: date,
    *,
    reissue_of: int,
) -> None:
    count = len(entitlements)
    head_of = dict(zip(made.households, made.heads, strict=True))
    payees = [
        made.heads[20]
        if (x.household_id == made.households[19] and not x.person_id)
        else x.person_id or head_of[x.household_id]
        for x in entitlements
    ]
    # One row of the bank's file for each payee.
    serials = {payee: place for place, payee in enumerate(dict.fromkeys(payees), start=1)}
    batch_id = e.next_id(PaymentBatch)
    first = e.bulk(
        PaymentLine,
        {
            "payment_batch_id": np.full(count, batch_id, dtype=np.int64),
            "serial_no": np.array([serials[x] for x in payees], dtype=np.int64),
            "entitlement_id": np.array([x.id for x in entitlements], dtype=np.int64),
            "household_id": np.array([x.household_id for x in entitlements], dtype=np.int64),
            "payee_person_id": np.array(payees, dtype=np.int64),
            "amount_fen": np.array([x.amount_fen for x in entitlements], dtype=np.int64),
            "reissue_of": np.full(count, reissue_of, dtype=np.int64),
        },
    )
    e._next["payment_batch"] = batch_id
    e.add(
        PaymentBatch(
            code=code,
            plan_id=made.plan_id,
            kind="REISSUE" if reissue_of else "ORDINARY",
            rail="ONE_CARD",
            made_on=on,
            first_line_id=first,
            last_line_id=first + count - 1,
            line_count=count,
            amount_fen=sum(x.amount_fen for x in entitlements),
        )
    )


def _finding(writer: Writer, made: Scenario) -> None:
    with writer.entry(date(2020, 12, 31), actor=BUREAU) as e:
        finding = e.add(
            Finding(
                code="YD-2020-001",
                rule="F07",
                rule_version="2020-1",
                object_kind="CONTRACT",
                object_code=CONTRACT,
                subject="租金逾期未收",
                amount_fen=700_000,
                owner_code=CLERK,
                raised_by_code=BUREAU,
                raised_on=date(2020, 12, 31),
                due_on=date(2021, 1, 31),
                snapshot_sha256="4" * 64,
            )
        )
        e.add(
            FindingAnswer(
                finding_id=finding.id,
                bucket="DOCUMENTED",
                amount_fen=200_000,
                answered_on=date(2020, 12, 31),
                answer="补交收据一张",
                actor_code=CLERK,
            )
        )
        e.add(
            DeclaredGap(
                object_kind="ASSET",
                object_code=SHOP,
                missing="竣工验收单",
                reason="施工单位已注销",
                vouched_by="李财政",
                declared_on=date(2020, 12, 31),
            )
        )
        e.add(
            Waiver(
                actor_code=CLERK,
                object_kind="PLAN",
                object_code=PLAN,
                reason="村里只有一名报账员",
                approved_by_code=BUREAU,
                valid_from=date(2020, 12, 1),
                valid_to=date(2021, 11, 30),
            )
        )
        e.add(
            SampleDraw(
                code=SAMPLE,
                method="随机抽样",
                seed="2020",
                population_count=3,
                sample_count=2,
                drawn=f"{JOINT},{ROAD}",
            )
        )
        e.add(
            UpkeepDuty(
                asset_id=made.assets[JOINT],
                keeper_party_id=made.parties["A"],
                duty="每月巡查一次，清除杂草和遮挡，记录逆变器读数",
                yearly_budget_fen=1_500_000,
                valid_from=date(2020, 5, 1),
            )
        )


def _policy_text() -> str:
    from ledger.policy import FOLDER

    return (FOLDER / "village-pv-2020.toml").read_text(encoding="utf-8")
