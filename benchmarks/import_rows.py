"""How much slower than merely reading a workbook is checking it, and writing and logging it?

    .venv/bin/python benchmarks/import_rows.py [--rows 50000] [--repeat 2]

One workbook of assets (29 columns, one asset a row). Three measurements in one run: calamine alone
(every cell to Python), ``fupin import assets --dry-run`` (every check, nothing written), and
``fupin import assets`` (checked, written, logged, the file kept). The book is a new one on SQLite
each time. Each measurement runs in a process of its own; memory is that process's peak. The ratios are of
processor time, which other work on the machine does not stretch; wall time is beside. Prints JSON.
"""

import argparse
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)]

import cli  # noqa: E402
from assets.workbook.kinds import KINDS  # noqa: E402
from assets.workbook.writing import write_rows  # noqa: E402

VALUE_FEN = 1_000_000
TOWN, VILLAGE = "440203102000", "440203102204"
PAPER, PROJECT = "韶财农〔2018〕1号", "XM-2018-001"


def surroundings_rows(rows: int) -> dict[str, list[dict[str, Any]]]:
    """The places, the money and the project that the assets stand on."""
    total, start = rows * VALUE_FEN, date(2016, 1, 1)
    place = {"starts_on": start, "source": "统计用区划代码"}
    return {
        "divisions": [
            {"division_code": "440203000000", "name": "武江区", "level": "区", **place},
            {
                "division_code": TOWN,
                "name": "龙归镇",
                "level": "镇",
                "parent_code": "440203000000",
                **place,
            },
            {
                "division_code": VILLAGE,
                "name": "龙归村村民委员会",
                "level": "村",
                "parent_code": TOWN,
                **place,
            },
        ],
        "parties": [
            {
                "party_code": f"V{VILLAGE}",
                "name": "龙归村经济联合社",
                "party_type": "村集体经济组织",
                "no_uscc_reason": "示例不录代码",
                "town_name": "龙归镇",
                "village_name": "龙归村",
                "starts_on": start,
            }
        ],
        "funds": [
            {
                "document_number": PAPER,
                "title": "关于下达2018年中央专项资金的通知",
                "level": "中央",
                "fund_type": "中央专项",
                "year": 2018,
                "issued_fen": total,
                "received_fen": total,
                "received_on": date(2018, 5, 20),
                "issued_on": date(2018, 4, 10),
                "issuer_name": "韶关市财政局",
            }
        ],
        "projects": [
            {
                "project_code": PROJECT,
                "name": "基础设施项目",
                "year": 2018,
                "town_name": "龙归镇",
                "implementer_name": "龙归镇人民政府",
                "document_number": PAPER,
                "allocated_fen": total,
                "paid_on": date(2018, 12, 15),
                "paid_fen": total,
                "payment_voucher_no": "记-001",
            }
        ],
    }


def asset(number: int) -> dict[str, Any]:
    """One asset; titles, places, quantities and days differ from row to row."""
    return {
        "asset_code": f"{VILLAGE}-2018-G-{number:06d}",
        "name": f"第{number}段村道硬化",
        "project_code": PROJECT,
        "asset_class": "公益性",
        "asset_form": "固定资产",
        "subtype": "村道硬化",
        "town_name": "龙归镇",
        "village_name": "龙归村",
        "place": f"龙归村第{number % 97}组",
        "specification": f"宽{3 + number % 3}.5米",
        "quantity_milli": 1_000 + number % 5_000,
        "quantity_unit": "公里",
        "built_on": date(2018, 1 + number % 12, 1 + number % 28),
        "in_use_on": date(2019, 1, 1),
        "useful_years": 20,
        "original_value_fen": VALUE_FEN,
        "document_number": PAPER,
        "contributor_code": f"V{VILLAGE}",
        "contributed_fen": VALUE_FEN,
        "condition": "正常",
        "missing_papers": "竣工验收报告",
        "missing_reason": "经办人调离时未移交",
        "vouched_by": "钟文德",
    }


def fupin(folder: Path, *words: str) -> None:
    """Run one command line; anything but success stops the measurement."""
    said = StringIO()
    surroundings = cli.Surroundings(today=lambda: date(2019, 3, 1), environment={})
    line = [*words, "--database", f"sqlite:///{folder / 'fupin.db'}", "--actor", "R0001"]
    with redirect_stdout(said), redirect_stderr(said):
        code = cli.run(line, surroundings)
    if code:
        raise SystemExit(f"{' '.join(words)}: {said.getvalue()[-2000:]}")


def prepare(folder: Path, rows: int) -> None:
    """A book in which the workbook's assets can be registered."""
    fupin(folder, "init")
    for kind, listed in surroundings_rows(rows).items():
        write_rows(KINDS[kind], listed, folder / f"{kind}.xlsx")
        fupin(folder, "import", kind, str(folder / f"{kind}.xlsx"))


def read_only(folder: Path, file: Path) -> None:
    """Every cell to Python, nothing else."""
    from python_calamine import CalamineWorkbook

    workbook = CalamineWorkbook.from_path(str(file))
    for name in workbook.sheet_names:
        workbook.get_sheet_by_name(name).to_python()


def try_import(folder: Path, file: Path) -> None:
    """Every check, nothing written."""
    fupin(folder, "import", "assets", str(file), "--dry-run")


def import_all(folder: Path, file: Path) -> None:
    """Checked, written, logged."""
    fupin(folder, "import", "assets", str(file))


WORK = {"calamine": read_only, "dry_run": try_import, "written": import_all}


def measured(name: str, rows: int, file: Path) -> tuple[float, float, float]:
    """Processor and wall seconds of one measurement and the process's peak in MiB."""
    with tempfile.TemporaryDirectory() as held:
        folder = Path(held)
        if name != "calamine":
            prepare(folder, rows)
        work: Callable[[Path, Path], None] = WORK[name]
        started, busy = time.perf_counter(), time.process_time()
        work(folder, file)
        seconds, busy = time.perf_counter() - started, time.process_time() - busy
    return busy, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--repeat", type=int, default=2)
    options = parser.parse_args()
    result: dict[str, Any] = {"rows": options.rows, "columns": len(KINDS["assets"].columns)}
    with tempfile.TemporaryDirectory() as held:
        file = Path(held) / "assets.xlsx"
        write_rows(KINDS["assets"], [asset(n + 1) for n in range(options.rows)], file)
        result["file_mib"] = round(file.stat().st_size / 2**20, 1)
        fresh = multiprocessing.get_context("spawn")
        for name in WORK:
            runs = []
            for _ in range(options.repeat):
                with fresh.Pool(1) as pool:
                    runs.append(pool.apply(measured, (name, options.rows, file)))
            result[f"{name}_cpu_s"] = round(min(busy for busy, _, _ in runs), 2)
            result[f"{name}_wall_s"] = round(min(seconds for _, seconds, _ in runs), 2)
            result[f"{name}_peak_mib"] = round(max(peak for _, _, peak in runs))
    for name in ("dry_run", "written"):
        result[f"{name}_ratio"] = round(result[f"{name}_cpu_s"] / result["calamine_cpu_s"], 1)
    print(json.dumps(result, indent=2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
