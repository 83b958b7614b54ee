"""The joint plant of three villages whose figures are known to the fen; village A's households.

500 kW, 1,940,000.00 yuan invested by A, B and C; 498,760 kWh of 2020. The benchmark part arrives in
January 2021, the subsidy fourteen months later. A has 62 households of one to five persons.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
from sqlmodel import Session

from assets import trail
from assets.models import (
    Asset,
    AssetFact,
    AssetRight,
    Party,
    PartyFact,
    PlantFact,
    Project,
)
from assets.trail import Act
from ledger.books import posting
from ledger.deductions import Cost, record_deductions
from ledger.income import Arrival, record_receipts
from ledger.models import (
    DeductionKind,
    Household,
    HouseholdFact,
    Membership,
    MoneyKind,
    Person,
    PersonStatus,
    Stream,
)
from tests.assets.small_district import (
    FENGTIAN,
    LONGGUI_VILLAGE,
    TANGTOU,
    division_rows,
    take_in,
)
from tests.conftest import Book

PLANT = "440203102204-2018-J-0500"
A, B, C, AGENCY = "VA", "VB", "VC", "J0001"
IDS = {A: 1, B: 2, C: 3, AGENCY: 4}
INVESTED = {A: 1_180_000, B: 463_300, C: 296_700}
KILOWATTS = {A: 300, B: 120, C: 80}
BENCHMARK_FEN, SUBSIDY_FEN, COST_FEN = 22_593_828, 19_800_772, 2_520_000
DISTRIBUTABLE_FEN = 39_874_600
SIZES = [1] * 15 + [2] * 20 + [3] * 15 + [4] * 10 + [5] * 2
BEGUN, ARRIVED, LATER = date(2020, 1, 1), date(2021, 1, 20), date(2022, 3, 20)
YEAR = 2020


def do(
    book: Book, verb: Callable[..., Any], *words: Any, on: date, actor: str = "D1", **more: Any
) -> Any:
    """Run a verb and commit it; a refusal leaves nothing behind."""
    try:
        result = verb(book.session, Act(actor, verb.__name__, on), *words, **more)
    except BaseException:
        book.session.rollback()
        raise
    book.session.commit()
    return result


@contextmanager
def refuses(book: Book, error: type[Exception], match: str) -> Iterator[None]:
    """The block is refused and the log has not grown."""
    size = trail.log.size(book.session)
    with pytest.raises(error, match=match):
        yield
    book.session.rollback()
    assert trail.log.size(book.session) == size


def furnish(book: Book, basis: str = "INVESTED", *, benefit: bool = True) -> None:
    """Places, parties, the plant and its shares, the books of A and of the agency."""
    session = book.session
    take_in(session, "divisions", division_rows())
    with trail.entry(session, Act("D1", "test", BEGUN), "test", "plant") as written:
        homes = {A: LONGGUI_VILLAGE, B: FENGTIAN, C: TANGTOU, AGENCY: None}
        for code, home in homes.items():
            kind = "AGENCY" if code == AGENCY else "COLLECTIVE"
            written.add(Party(code=code, kind=kind))
            written.add(
                PartyFact(party_id=IDS[code], title=code, division_code=home, valid_from=BEGUN)
            )
        project = written.add(Project(code="XM-1"))
        asset = written.add(Asset(code=PLANT, project_id=project.id))
        written.add(
            AssetFact(
                asset_id=asset.id,
                title="联村光伏电站",
                asset_class="OPERATING",
                form="FIXED",
                subclass="光伏电站",
                division_code=LONGGUI_VILLAGE,
                place="荒坡",
                quantity="1",
                quantity_unit="座",
                acquired_on=date(2018, 12, 1),
                original_value_fen=194_000_000,
                condition="NORMAL",
                valid_from=date(2018, 12, 1),
            )
        )
        written.add(
            PlantFact(
                asset_id=asset.id,
                capacity_w=500_000,
                in_national_catalogue=True,
                valid_from=date(2018, 12, 1),
            )
        )
        parts = INVESTED if basis == "INVESTED" else KILOWATTS
        for code, part in parts.items() if benefit else ():
            written.add(
                AssetRight(
                    asset_id=asset.id,
                    kind="BENEFIT",
                    holder_party_id=IDS[code],
                    share_numerator=part,
                    share_denominator=sum(parts.values()),
                    basis=basis,
                    document="联建协议",
                    valid_from=date(2018, 12, 1),
                )
            )
        session.flush()
        posting.ensure_entity(session, written, IDS[A], BEGUN)
        posting.ensure_entity(session, written, IDS[AGENCY], BEGUN)
    session.commit()


def receive(
    book: Book, stream: Stream, fen: int, on: date, receiver: str = AGENCY, code: str = ""
) -> None:
    """Money of 2020 arrives."""
    arrival = Arrival(
        code=code or f"SK-{stream}-{on}-{receiver}",
        asset_id=1,
        receiver_party_id=IDS[receiver],
        money_kind=MoneyKind.INCOME,
        stream=stream,
        income_year=YEAR,
        period_from=date(YEAR, 1, 1),
        period_to=date(YEAR, 12, 31),
        amount_fen=fen,
        arrived_on=on,
    )
    with trail.entry(book.session, Act("D1", "t", on), "receipt", arrival.code) as written:
        record_receipts(book.session, written, [arrival])
    book.session.commit()


def spend(
    book: Book, fens: Sequence[int] = (1_500_000, 420_000, 600_000), bearer: str = AGENCY
) -> None:
    """Upkeep, insurance and site fee of 2020 in January 2021."""
    kinds = (DeductionKind.UPKEEP, DeductionKind.INSURANCE, DeductionKind.SITE)
    costs = [
        Cost(
            code=f"KC-{bearer}-{number}",
            asset_id=1,
            bearer_party_id=IDS[bearer],
            income_year=YEAR,
            stream=Stream.BENCHMARK_TARIFF,
            kind=kind,
            amount_fen=fen,
            happened_on=date(2021, 1, 10 + number),
            voucher_no=f"付-{bearer}-{number}",
        )
        for number, (kind, fen) in enumerate(zip(kinds, fens, strict=False), start=1)
    ]
    with trail.entry(book.session, Act("D1", "t", ARRIVED), "cost", bearer) as written:
        record_deductions(book.session, written, costs)
    book.session.commit()


def populate(book: Book, sizes: Sequence[int] = SIZES, *, labour: str = "ORDINARY") -> None:
    """Households of A: the first of one person has no labour when ``labour`` is NONE."""
    since = date(2016, 6, 30)
    with trail.entry(book.session, Act("D1", "test", BEGUN), "test", "people") as written:
        homes = [f"50000{number:05d}" for number in range(1, len(sizes) + 1)]
        people = [
            (place, f"{home}{member:02d}")
            for place, (home, size) in enumerate(zip(homes, sizes, strict=True), start=1)
            for member in range(1, size + 1)
        ]
        written.insert(Household, [{"code": home} for home in homes])
        written.insert(Person, [{"code": code} for _, code in people])
        written.insert(
            HouseholdFact,
            [
                {
                    "household_id": place,
                    "village_code": LONGGUI_VILLAGE,
                    "status": "LIFTED",
                    "valid_from": since,
                    "event": "REGISTERED",
                }
                for place in range(1, len(homes) + 1)
            ],
        )
        written.insert(
            Membership,
            [
                {
                    "person_id": number,
                    "household_id": place,
                    "relation": "户主" if code.endswith("01") else "家庭成员",
                    "valid_from": since,
                    "event": "REGISTERED",
                }
                for number, (place, code) in enumerate(people, start=1)
            ],
        )
        written.insert(
            PersonStatus,
            [
                {
                    "person_id": number,
                    "labour": labour,
                    "life": "ALIVE",
                    "valid_from": since,
                }
                for number in range(1, len(people) + 1)
            ],
        )
    book.session.commit()


def bank_fen(session: Session, party: str) -> int:
    """What a book says is in the bank."""
    from assets.asof import AsOf
    from ledger.books.balances import bank_balance

    return bank_balance(session, IDS[party], AsOf())
