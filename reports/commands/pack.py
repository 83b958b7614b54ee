"""``fupin pack``: the auditor's pack in one command, verified without this program."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from assets.commands.edge import Edge


def pack(
    ctx: typer.Context,
    year: int = typer.Option(..., "--year", help="年度"),
    out: Path = typer.Option(..., "--out", help="数据包放入的新文件夹"),
    papers: bool = typer.Option(True, "--papers/--no-papers", help="是否附报表"),
    names: bool = typer.Option(False, "--names", help="附姓名和证件号（须有权，留查阅登记）"),
) -> None:
    """打包审计数据：数据、专账、报表、政策、疑点、账本、检查点和独立核验程序。示例：fupin pack --year 2019 --out 审计2019 --actor R0185."""
    from assets.errors import AlreadyDone
    from reports import pack as packing

    edge: Edge = ctx.obj
    if out.exists():
        raise AlreadyDone(f"审计数据包 {out}（文件夹已存在，要重做请换一个文件夹）", 0)
    with edge.writing("pack", inputs=str(out.resolve())) as (session, act):
        note = packing.open_pack(session, act, year, with_names=names)
    if edge.dry_run:
        return
    with edge.writing("pack", inputs=str(out.resolve())) as (session, act):
        made = packing.build(session, act, year, out, note, papers=papers, with_names=names)
        packing.record(session, act, year, made)
    for line in made.left_out:
        edge.note(f"未随包：{line}")
    print(f"审计数据包已放入 {made.folder}：{made.file_count}个文件，数据{made.row_count}行。")
    print(f"文件清单摘要 {made.sums_sha256[:16]}，已签名并登记。")
    print(f"核验：python {made.folder / '核验' / 'verify_pack.py'}")
