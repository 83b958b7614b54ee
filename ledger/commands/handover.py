"""``fupin handover book``: received assets enter the receiver's accounts.

The other verbs of handover are the register's (``assets.commands.handover``); this one posts.
"""

from typing import TYPE_CHECKING

import typer

from assets.commands.handover import app

if TYPE_CHECKING:
    from datetime import date

    from sqlmodel import Session

    from assets.handover import HandoverLine
    from assets.models import HandoverAct
    from assets.trail import Act, Entry
    from ledger.books.posting import Line

__all__ = ["app"]


@app.command("book")
def book(
    ctx: typer.Context,
    codes: list[str] = typer.Argument(..., metavar="编号…", help="一个或多个移交事项编号"),
) -> None:
    """已接收的资产入账（接收方建有专账的同时记凭证）。示例：fupin handover book YJ-001 --actor Z001."""
    from assets.handover import book as verb

    def one(session: "Session", act: "Act", code: str) -> str:
        return f"移交{code}：{verb(session, act, code, post_received)}件已入账。"

    ctx.obj.each(codes, "handover book", one)


def post_received(
    session: "Session", written: "Entry", handover: "HandoverAct", lines: "list[HandoverLine]"
) -> int | None:
    """One voucher per owner over its part of the received assets, in every owner's special book.

    Returns the receiver's voucher; None where the receiver keeps no book. What nobody owns yet
    is the receiver's.

    依据: 国开办发〔2017〕61号 第三条 (a joint plant belongs to each village by its part)
    """
    from assets.asof import AsOf
    from assets.registration import asset_fact
    from ledger.books.posting import event_lines, find_entity, post

    on = written.act.on
    drafted: dict[int, list[Line]] = {}
    for line in lines:
        fact = asset_fact(session, line.asset_id, AsOf(day=on))
        for owner_id, amount_fen in _parts(session, handover, line, on):
            entity = find_entity(session, owner_id)
            if entity is None or entity.opened_on > on:
                continue
            drafted.setdefault(owner_id, []).extend(
                event_lines(
                    session,
                    "handover_booked",
                    owner_id,
                    on,
                    amount_fen,
                    asset_id=line.asset_id,
                    form=fact.form if fact is not None else "",
                )
            )
    vouchers = {
        owner_id: post(
            session,
            written,
            party_id=owner_id,
            dated_on=on,
            kind="handover",
            summary=f"接收移交{handover.code}",
            lines=drafted[owner_id],
            concerns=on.year,
            object_code=handover.code,
        ).id
        for owner_id in sorted(drafted)
    }
    return vouchers.get(handover.to_party_id)


def _parts(
    session: "Session", handover: "HandoverAct", line: "HandoverLine", on: "date"
) -> "list[tuple[int, int]]":
    """(owner, fen) of one asset by its shares of ownership; the parts add up to its value."""
    from math import lcm

    from assets.asof import AsOf
    from assets.models import RightKind
    from assets.ownership import shares_on
    from ledger.apportionment import apportion

    shares = shares_on(session, line.asset_id, RightKind.OWN, AsOf(day=on))
    if not shares:
        return [(handover.to_party_id, line.original_value_fen)]
    whole = lcm(*(denominator for _, _, denominator in shares))
    weights = [numerator * (whole // denominator) for _, numerator, denominator in shares]
    owners = [owner_id for owner_id, _, _ in shares]
    return list(zip(owners, apportion(line.original_value_fen, weights, owners), strict=True))
