"""What does a list of 20,000 rows cost as PDF, against the layout engine on one slice times forty?

    .venv/bin/python benchmarks/long_listing.py [--rows 20000] [--slice 500]

The floor is one slice of the same list drawn and written by the layout engine alone, its processor
time multiplied by the number of slices. Both run in processes of their own; prints processor time,
ratio, pages, and the peak memory of all processes together (sampled, shared pages counted once).
"""

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)]


def listing(rows: int):
    """An asset list of ten columns, as the register prints it."""
    from datetime import date

    from reports.paper import Column, FooterFacts, Paper, Table

    columns = (
        Column("number", "序号", "serial"),
        Column("code", "资产编号", width_weight=4),
        Column("title", "资产名称", width_weight=4),
        Column("place", "坐落", width_weight=4),
        Column("owner", "所有权人", width_weight=4),
        Column("use", "用途", width_weight=3),
        Column("built", "建成日", "date", width_weight=2),
        Column("value", "原值", "fen", width_weight=2),
        Column("income", "年收益", "fen", width_weight=2),
        Column("state", "状态", width_weight=2),
    )
    body = [
        {
            "number": n,
            "code": f"440203102{200 + n % 50}-2018-J-{n:05d}",
            "title": f"光伏发电站{n}号",
            "place": f"龙归镇第{n % 50}村",
            "owner": f"第{n % 50}村经济联合社",
            "use": "发电上网",
            "built": date(2018, 1 + n % 12, 1 + n % 28),
            "value": 100_000 + 37 * n,
            "income": 1_000 + n,
            "state": "在运营",
        }
        for n in range(1, rows + 1)
    ]
    table = Table(
        "",
        columns,
        body,
        totals={key: sum(row[key] for row in body) for key in ("value", "income")},
    )
    return Paper(
        name="asset-register",
        title="资产台账",
        footer=FooterFacts(as_of=date(2026, 11, 3), log_position=1024, number="武江〔2026〕7号"),
        tables=(table,),
    )


def child(what: str, rows: int) -> None:
    """Print in this process: the floor's slice or the whole list."""
    from reports import pdf
    from reports.html import draw, settle

    paper = listing(rows)
    if what == "floor":
        content = pdf.write(pdf.lay_out(draw(paper, setting=settle(paper))), [])
    elif what == "start":
        content = b""
    else:
        content = pdf.to_pdf(paper)
    print(json.dumps({"bytes": len(content), "pages": content.count(b"/Type /Page\n")}))


def tree(pid: int) -> list[int]:
    """A process and all below it."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for each in task.read_text().split():
            found += tree(int(each))
    return found


def memory_kib(pid: int) -> int:
    """Memory of a process and its children, pages they share counted once."""
    total = 0
    for each in tree(pid):
        try:
            text = Path(f"/proc/{each}/smaps_rollup").read_text()
        except OSError:
            continue
        total += next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
    return total


def measure(what: str, rows: int) -> dict[str, float]:
    """Processor seconds (children included) and peak memory of one child."""
    line = [sys.executable, __file__, "--child", what, "--rows", str(rows)]
    process = subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE)
    peak = 0
    done = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.1):
            try:
                peak = max(peak, memory_kib(process.pid))
            except (OSError, StopIteration, ValueError):
                continue

    watcher = threading.Thread(target=watch)
    watcher.start()
    started = time.perf_counter()
    assert process.stdout is not None
    process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    done.set()
    watcher.join()
    if status:
        raise SystemExit(f"{what} failed")
    return {
        "cpu": used.ru_utime + used.ru_stime,
        "wall": time.perf_counter() - started,
        "mib": peak / 1024,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--slice", type=int, default=500)
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--child", choices=("floor", "whole", "start"))
    given = parser.parse_args()
    if given.child:
        child(given.child, given.rows)
        return 0
    slices = given.rows / given.slice
    rounds = [
        (measure("start", given.slice), measure("floor", given.slice), measure("whole", given.rows))
        for _ in range(given.repeat)
    ]
    start = min(r[0]["cpu"] for r in rounds)
    floor = min(r[1]["cpu"] for r in rounds) - start
    whole = min(r[2]["cpu"] for r in rounds)
    print(f"floor: {floor:.2f} s for {given.slice} rows, × {slices:.0f} = {floor * slices:.1f} s")
    print(
        f"whole: {whole:.1f} s of processor, {min(r[2]['wall'] for r in rounds):.1f} s by the clock, "
        f"peak {max(r[2]['mib'] for r in rounds):.0f} MiB in all processes"
    )
    print(f"ratio: {whole / (floor * slices):.2f} (goal ≤ 1.15)")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
