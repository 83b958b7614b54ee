"""A village and a pass-through agency to keep books for, made through models and verbs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlmodel import Session

from assets import trail
from assets.models import (
    Asset,
    AssetFact,
    Party,
    PartyFact,
    PartyKind,
    Project,
)
from assets.trail import Act, Entry
from ledger.books import posting
from ledger.books.opening import OpeningItem
from ledger.models import Household, Voucher

OPENED = date(2019, 1, 1)
VILLAGE_CODE = "V440203102204"


@dataclass
class Village:
    """A book with one village's special book in it, and short ways to write into it."""

    session: Session
    party_id: int
    agency_id: int
    asset_id: int
    public_id: int
    households: list[int]
    count: Iterator[int] = field(default_factory=lambda: iter(range(10_000)))

    def act(self, on: date = date(2019, 3, 5), inputs: str = "") -> Act:
        return Act("出纳甲", "test", on, inputs=inputs)

    @contextmanager
    def writing(self, on: date = date(2019, 3, 5), name: str = "") -> Iterator[Entry]:
        label = name or f"entry {next(self.count)}"
        with trail.entry(self.session, self.act(on), "test", label) as written:
            yield written
        self.session.commit()

    def event(self, event: str, on: date, fen: int, *, party: int = 0, **facts: Any) -> Voucher:
        with self.writing(on) as written:
            facts.setdefault("asset_id", self.asset_id)
            lines = posting.event_lines(
                self.session, event, party or self.party_id, on, fen, **facts
            )
            return posting.post(
                self.session,
                written,
                party_id=party or self.party_id,
                dated_on=on,
                kind=event,
                summary=event,
                lines=lines,
                concerns=facts.get("income_year", on.year),
                object_code=f"{event}-{on}",
            )


def written_village(session: Session) -> Village:
    """A collective, an agency, a plant, a public asset, three households; no book opened."""
    act = Act("系统", "test", OPENED)
    with trail.entry(session, act, "test", "village") as written:
        add = written.add
        party = add(Party(code=VILLAGE_CODE, kind=PartyKind.COLLECTIVE.value))
        agency = add(Party(code="AGENCY", kind=PartyKind.AGENCY.value))
        session.flush()
        for each, title in ((party, "龙归村经济联合社"), (agency, "光伏结转专户")):
            add(
                PartyFact(
                    party_id=each.id,
                    title=title,
                    division_code="440203102204",
                    valid_from=OPENED,
                )
            )
        project = add(Project(code="P1"))
        session.flush()
        assets = [add(Asset(code=code, project_id=project.id)) for code in ("A1", "A2")]
        session.flush()
        for asset, asset_class in zip(assets, ("OPERATING", "PUBLIC_WELFARE"), strict=True):
            add(
                AssetFact(
                    asset_id=asset.id,
                    title=f"资产{asset.code}",
                    asset_class=asset_class,
                    form="FIXED",
                    subclass="光伏",
                    division_code="440203102204",
                    place="村委会屋顶",
                    quantity="1",
                    quantity_unit="座",
                    acquired_on=date(2018, 6, 30),
                    in_use_on=date(2018, 6, 30),
                    life_months=300,
                    original_value_fen=30_000_000,
                    condition="NORMAL",
                    valid_from=OPENED,
                )
            )
        households = [add(Household(code=f"44020310220{n}")) for n in range(1, 4)]
    session.commit()
    return Village(
        session,
        party.id,
        agency.id,
        assets[0].id,
        assets[1].id,
        [each.id for each in households],
    )


def sheet(village: Village) -> list[OpeningItem]:
    """A sheet whose debit exceeds its credit by one fen."""
    return [
        OpeningItem("BANK", "102", debit_fen=1_860_000, remark="银行对账单余额"),
        OpeningItem("ACCOUNT", "151", debit_fen=30_000_000, asset_id=village.asset_id),
        OpeningItem("ACCOUNT", "152", credit_fen=600_000, asset_id=village.asset_id),
        OpeningItem("ACCOUNT", "311", credit_fen=29_400_000),
        OpeningItem("PAYABLE", "202", credit_fen=35_000, counterparty="2018年退汇待重发"),
        OpeningItem(
            "UNDISTRIBUTED",
            "322",
            credit_fen=1_824_999,
            asset_id=village.asset_id,
            income_year=2018,
            stream="BENCHMARK_TARIFF",
            first_receipt_on=date(2018, 4, 16),
        ),
    ]
