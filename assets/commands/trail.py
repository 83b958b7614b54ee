"""``fupin trail``: verify the log, print its digest, show an entry, prove it is in."""

from pathlib import Path

import typer

app = typer.Typer(help="留痕：核验、摘要、查看、证明", no_args_is_help=True, rich_markup_mode=None)


@app.command("verify")
def verify_(
    ctx: typer.Context,
    quick: bool = typer.Option(False, "--quick", help="只核验记录和检查点，不逐表重算"),
    against: Path | None = typer.Option(None, "--against", help="外部保存的检查点文件"),
) -> None:
    """核验账本自记录以来有没有被改动。示例：fupin trail verify --against 检查点.txt."""
    from assets.trail.checkpoint import read_note
    from assets.trail.verify import verify

    note = read_note(against) if against else None
    with ctx.obj.reading(guarded=False) as session:
        verdict = verify(session, note=note, quick=quick)
    if ctx.obj.as_json:
        ctx.obj.print_json(
            {
                "size": verdict.size,
                "rows": verdict.rows,
                "root": verdict.root.hex(),
                "covered_by_note": verdict.covered_by_note,
                "faults": [
                    {"table": f.table, "entry": f.entry_id, "message": f.message}
                    for f in verdict.faults
                ],
            }
        )
    else:
        for fault in verdict.faults:
            print(f"不一致：表 {fault.table}，第{fault.entry_id}号记录：{fault.message}")
        state = "一致，未发现改动" if verdict.is_clean else f"发现{len(verdict.faults)}处不一致"
        print(
            f"共{verdict.size}条记录、{verdict.rows}行，根摘要 {verdict.root.hex()[:16]}：{state}。"
        )
        if note is not None and verdict.is_clean:
            print(f"与外部检查点一致：前{verdict.covered_by_note}条记录自检查点出具以来未被改动。")
    if not verdict.is_clean:
        raise typer.Exit(1)


@app.command("digest")
def digest(
    ctx: typer.Context,
    out: Path | None = typer.Option(None, "--out", help="检查点存入文件，交外部保存"),
) -> None:
    """出具签名检查点，打印后交村监委会、镇、审计保存。示例：fupin trail digest --out 检查点.txt."""
    from assets import trail
    from assets.errors import AlreadyDone
    from assets.trail import heads

    with ctx.obj.reading() as session:
        size, _root = heads.current_head(session)
        newest = heads.latest(session)
        covered = newest is not None and newest.size >= size - 1 and newest.entry_id == size
        note = newest.note if newest is not None and covered else ""
    if not note:
        try:
            with (
                ctx.obj.writing("trail digest") as (session, act),
                trail.entry(session, act, "checkpoint", str(size), what="检查点") as written,
            ):
                note = heads.cut(session, written, "digest").note
        except AlreadyDone:
            with ctx.obj.reading() as session:
                newest = heads.latest(session)
                note = newest.note if newest is not None else ""
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(note, encoding="utf-8")
        ctx.obj.note(f"检查点已存入 {out}。")
    print(note, end="")


@app.command("show")
def show(
    ctx: typer.Context,
    entry: int = typer.Argument(..., metavar="记录号", help="记录号"),
) -> None:
    """查看一条记录：谁、何时、办了什么、写了哪些表。示例：fupin trail show 12."""
    import json
    from datetime import UTC, datetime

    from sqlmodel import select

    from assets.errors import NotFound
    from assets.models import Log

    with ctx.obj.reading() as session:
        row = session.exec(select(Log).where(Log.id == entry)).one_or_none()
        if row is None:
            raise NotFound("记录", str(entry))
        header, manifest, leaf = json.loads(row.header), json.loads(row.manifest), row.leaf.hex()
    if ctx.obj.as_json:
        ctx.obj.print_json({"header": header, "manifest": manifest, "leaf": leaf})
        return
    moment = datetime.fromtimestamp(header["recorded_at_us"] // 1_000_000, UTC)
    print(f"第{entry}号记录：{header['command']}（{header['kind']}）{header['object']}")
    print(
        f"行为人 {header['actor']}，录入人 {header['recorder']}，录入时间 {moment:%Y-%m-%d %H:%M:%S}Z"
    )
    print(f"办理键 {header['idem_key']}")
    ctx.obj.print_table(
        ["表", "版本", "行数", "摘要"], [[t, v, n, d[:16]] for t, v, n, d in manifest]
    )
    print(f"叶摘要 {leaf}")


@app.command("prove")
def prove(
    ctx: typer.Context,
    entry: int = typer.Argument(..., metavar="记录号", help="记录号"),
) -> None:
    """出具一条记录在最新检查点之内的证明（JSON）。示例：fupin trail prove 12."""
    from sqlmodel import col, select

    from assets.errors import NotFound, Refused
    from assets.models import Log
    from assets.trail import heads
    from assets.trail.merkle import inclusion_proof

    with ctx.obj.reading() as session:
        newest = heads.latest(session)
        if newest is None:
            raise Refused("还没有检查点。请先执行 fupin trail digest。")
        if not 1 <= entry <= newest.size:
            raise NotFound(f"检查点（前{newest.size}条）之内的记录", str(entry))
        rows = session.exec(
            select(Log.leaf).where(col(Log.id) <= newest.size).order_by(col(Log.id))
        ).all()
        row = session.exec(select(Log).where(Log.id == entry)).one()
        proof = inclusion_proof(list(rows), entry - 1, newest.size)
        ctx.obj.print_json(
            {
                "entry": entry,
                "index": entry - 1,
                "size": newest.size,
                "header": row.header.decode(),
                "manifest": row.manifest.decode(),
                "leaf": row.leaf.hex(),
                "proof": [each.hex() for each in proof],
                "note": newest.note,
            }
        )
