"""``fupin handover book``: received assets enter the receiver's accounts.

The other verbs of handover are the register's (``assets.commands.handover``); this one posts.
"""

from typing import TYPE_CHECKING

import typer

from assets.commands.handover import app

if TYPE_CHECKING:
    from sqlmodel import Session

    from assets.handover import HandoverLine
    from assets.models import HandoverAct
    from assets.trail import Act, Entry

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
    """One voucher over all received assets in the receiver's special book; None without a book."""
    from assets.asof import AsOf
    from assets.registration import asset_fact
    from ledger.books.posting import event_lines, find_entity, post

    on = written.act.on
    entity = find_entity(session, handover.to_party_id)
    if entity is None or entity.opened_on > on:
        return None
    drafted = []
    for line in lines:
        fact = asset_fact(session, line.asset_id, AsOf(day=on))
        drafted += event_lines(
            session,
            "handover_booked",
            handover.to_party_id,
            on,
            line.original_value_fen,
            asset_id=line.asset_id,
            form=fact.form if fact is not None else "",
        )
    return post(
        session,
        written,
        party_id=handover.to_party_id,
        dated_on=on,
        kind="handover",
        summary=f"接收移交{handover.code}",
        lines=drafted,
        concerns=on.year,
        object_code=handover.code,
    ).id
