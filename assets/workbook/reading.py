"""What does a clerk's workbook of a given kind say, row by row, and what is wrong in it?

From a file to checked rows: open it safely, find the table in each sheet, tell details from
totals, read every column exactly, resolve places, compare totals, then look across columns and
rows. Everything wrong is listed at once; nothing is written anywhere.
"""

import difflib
import gc
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

from assets.errors import RowProblem
from assets.workbook import crosschecks
from assets.workbook.cells import (
    ColumnReading,
    Parser,
    Rejected,
    count_filled,
    doubtful_amounts,
    is_blank,
    read_column,
    states_unit,
)
from assets.workbook.container import RawSheet, Unreadable, open_container
from assets.workbook.kinds import ColumnSpec, ColumnType, Kind
from assets.workbook.layout import (
    REMARK_HEADERS,
    UNIT_FEN,
    Column,
    Layout,
    address,
    locate,
    normal,
    unit_in_header,
    units_stated,
)
from assets.workbook.mapping import Mapped
from assets.workbook.parsed import Parsed, Row, Sheet, Skipped, Totals, shown
from assets.workbook.places import Gazetteer, Lookup, Place, PlaceRejected, resolve_pairs
from assets.workbook.sorting import Sorted, TotalRow, label_of, sort_rows

OWN_SHEETS: Final = frozenset({"填写说明", "选项", "问题清单"})
"""Sheets that templates and annotated files carry besides the table."""

_BIG_MONEY: Final = frozenset(
    {
        "allocated_fen",
        "paid_fen",
        "issued_fen",
        "original_value_fen",
        "contributed_fen",
        "final_account_fen",
    }
)
_PLACE_FIELDS: Final = ("town_name", "village_name")
_OWN_WORDS: Final = "请改正后重新导入。"


def read_workbook(
    path: Path,
    kind: Kind,
    *,
    lookup: Lookup | None = None,
    parsers: Mapping[ColumnType, Parser] | None = None,
    sheet: str | None = None,
    mapping: Mapped | None = None,
) -> Parsed:
    """Read one file as a workbook of ``kind``.

    ``lookup`` knows the names of places, ``parsers`` check personal numbers (types ID and CARD),
    ``sheet`` picks one sheet by name, ``mapping`` says what the headers of a foreign table mean.
    Amounts come out in fen. The rows may be used only where ``problems`` is empty.

    依据: 内部约定 (按内容识别格式, 逐格列出问题; 空格保留原值, 【清除】清空)
    """
    parsed = Parsed(kind, path.name, "")
    collecting = gc.isenabled()
    # A million cells are no garbage; the collector would walk over them again and again.
    gc.disable()
    try:
        _read_into(parsed, path, lookup, parsers or {}, sheet, mapping)
    except Unreadable as refused:
        parsed.problems.append(
            RowProblem(refused.name, "", "", path.name, refused.message, refused.remedy)
        )
    finally:
        if collecting:
            gc.enable()
    return parsed


def _read_into(
    parsed: Parsed,
    path: Path,
    lookup: Lookup | None,
    parsers: Mapping[ColumnType, Parser],
    sheet: str | None,
    mapping: Mapped | None,
) -> None:
    kind = parsed.kind
    container = open_container(path, sheet)
    parsed.file_sha256, parsed.format = container.sha256, container.format
    for name, message, remedy in container.warnings:
        parsed.warnings.append(RowProblem(name, "", "", path.name, message, remedy))
    for name in container.hidden:
        if name not in OWN_SHEETS:
            parsed.warnings.append(
                RowProblem(
                    "hidden-sheet",
                    name,
                    "",
                    "",
                    "这张表是隐藏的，没有读取。",
                    "需要导入的请取消隐藏。",
                )
            )
    if mapping is not None:
        kind = parsed.kind = (
            mapping.widened(container.sheets[0]) if container.sheets else mapping.kind
        )
    gazetteer = Gazetteer(lookup)
    readers = [
        _SheetReader(raw, layout, kind, parsed, gazetteer, parsers, mapping)
        for raw, layout in _tables(container.sheets, kind, parsed, sheet)
    ]
    for reader in readers:
        reader.read()
    _check_across(parsed, readers)


def _tables(
    sheets: Sequence[RawSheet], kind: Kind, parsed: Parsed, only: str | None
) -> list[tuple[RawSheet, Layout]]:
    """The sheets that hold a table of this kind; the others are named."""
    candidates: list[tuple[RawSheet, Layout]] = []
    for raw in sheets:
        if (raw.name in OWN_SHEETS and only is None) or _filled(raw.rows) == 0:
            continue
        layout = locate(raw, kind)
        if layout is not None:
            candidates.append((raw, layout))
        else:
            _left_out(parsed, raw)
    if not candidates:
        where = f"表“{only}”" if only else "文件"
        parsed.problems.append(
            RowProblem(
                "no-table",
                only or "",
                "",
                parsed.file,
                f"{where}里没有找到“{kind.title}”的表头。",
                f"表头须在前15行内，至少要有：{'、'.join(each.header for each in kind.required)}。"
                f"可用 fupin template {kind.name} 取得样表。",
            )
        )
        return []
    needed = max(1, len(kind.required))
    shares = [_matched_share(layout, kind, needed) for _, layout in candidates]
    best = max(shares)
    chosen = []
    for candidate, share in zip(candidates, shares, strict=True):
        if share * 2 >= best and (candidate[1].found or best == 0):
            chosen.append(candidate)
        else:
            _left_out(parsed, candidate[0])
    return chosen


def _matched_share(layout: Layout, kind: Kind, needed: int) -> int:
    mapped = layout.mapped
    found = sum(column.field in mapped for column in kind.required)
    return (found + 1 if layout.found else 0) * 100 // needed


def _left_out(parsed: Parsed, raw: RawSheet) -> None:
    filled = _filled(raw.rows)
    parsed.warnings.append(
        RowProblem(
            "sheet-left-out",
            raw.name,
            "",
            "",
            f"这张表不是“{parsed.kind.title}”，{filled}个有内容的单元格没有导入。",
            "如应导入，请核对表头，或用 --sheet 指定这张表。",
        )
    )


def _filled(rows: Sequence[Sequence[object]]) -> int:
    """Number of cells of some rows in which something is written."""
    return sum(count_filled(cells) for cells in zip(*rows, strict=True))


@dataclass
class _SheetReader:
    """Reads one sheet into ``parsed``."""

    raw: RawSheet
    layout: Layout
    kind: Kind
    parsed: Parsed
    gazetteer: Gazetteer
    parsers: Mapping[ColumnType, Parser]
    mapping: Mapped | None
    sheet: Sheet = field(init=False)
    sorted: Sorted = field(init=False)
    readings: dict[str, ColumnReading] = field(default_factory=dict)
    columns: dict[str, Column] = field(default_factory=dict)
    cells: dict[int, Sequence[object]] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    filled_in: Counter[int] = field(default_factory=Counter)
    refused: set[tuple[int, int]] = field(default_factory=set)
    implied: dict[str, str] = field(default_factory=dict)

    def read(self) -> None:
        """Everything about this sheet alone."""
        rows = [row + 1 for row in self.layout.header]
        self.sheet = Sheet(self.raw.name, header_rows=rows)
        self.parsed.sheets.append(self.sheet)
        self.sheet.cells.filled = _filled(self.raw.rows)
        self._check_header()
        self._fill_merged()
        self.sorted = sort_rows(self.raw, self.layout, self.kind)
        self._take_columns()
        self._set_units()
        self._read_columns()
        self._check_required()
        codes = self._resolve_places()
        self._make_rows(codes)
        self._check_totals()
        self._list_skipped()
        self._doubt_amounts()
        self._count_cells()

    # --- saying what is wrong

    def problem(self, row: int, column: int, why: Rejected, spec: ColumnSpec | None = None) -> None:
        """Refuse one cell; row and column count from zero."""
        cells = self.raw.rows[row] if row < len(self.raw.rows) else []
        cell = cells[column] if column < len(cells) else ""
        self.refused.add((row, column))
        self.parsed.problems.append(self._record(row, column, why, shown(spec, cell)))

    def warning(self, row: int, column: int, why: Rejected, spec: ColumnSpec | None = None) -> None:
        """Remark on one cell without refusing it."""
        cell = self.raw.rows[row][column]
        self.parsed.warnings.append(self._record(row, column, why, shown(spec, cell)))

    def _record(self, row: int, column: int, why: Rejected, text: str) -> RowProblem:
        return RowProblem(
            why.name, self.raw.name, address(column, row), text, why.message, why.remedy
        )

    # --- the header

    def _check_header(self) -> None:
        layout, mapped = self.layout, self.layout.mapped
        place = any(column.place for column in layout.columns)
        self.implied = self._implied()
        top = layout.header.stop - 1
        for spec in self.kind.required:
            if spec.field in mapped or spec.field in self.implied:
                continue
            if place and spec.field == "town_name":
                continue
            near = self._near_header(spec)
            meant = f"表中的“{near}”是不是这一列？" if near else ""
            self.parsed.problems.append(
                RowProblem(
                    "missing-column",
                    self.raw.name,
                    address(0, top),
                    "",
                    f"缺少必填列“{spec.header}”。{meant}",
                    f"请加上“{spec.header}”列，表头文字与样表一致；可用 fupin template {self.kind.name} 取得样表。",
                )
            )
        for column in layout.misordered:
            self.problem(
                layout.header.start,
                column.index,
                Rejected(
                    "header-rows-swapped",
                    f"表头“{column.header}”上下次序颠倒：大类应在上，栏目名应在下。",
                    "请按样表的次序排列表头各行。",
                ),
            )
        self._check_clashes()
        self._check_above()

    def _implied(self) -> dict[str, str]:
        """Fields whose value the header of another column gives (户主姓名 lists heads only)."""
        headers = {normal(column.leaf) for column in self.layout.columns}
        mapped = self.layout.mapped
        return {
            name: value
            for header, name, value in self.kind.implied
            if normal(header) in headers and name not in mapped
        }

    def _near_header(self, spec: ColumnSpec) -> str:
        free = [
            column.leaf for column in self.layout.columns if column.spec is None and column.leaf
        ]
        near = difflib.get_close_matches(spec.header, free, n=1)
        return normal(near[0]) if near else ""

    def _check_clashes(self) -> None:
        for first, second in self.layout.clashes:
            below = self.raw.rows[self.layout.data :]
            if first.spec is None or all(
                cells[first.index] == cells[second.index] for cells in below
            ):
                continue
            self.problem(
                self.layout.header.stop - 1,
                second.index,
                Rejected(
                    "two-columns-alike",
                    f"“{first.header}”和“{second.header}”都是“{first.spec.header}”，内容却不同。",
                    "请只留一列，或改正表头。",
                ),
            )

    def _check_above(self) -> None:
        """A row above the header that is as full as a row of data would be lost."""
        width = sum(bool(column.parts) for column in self.layout.columns)
        for row in self.layout.titles:
            filled = [at for at, cell in enumerate(self.raw.rows[row]) if not is_blank(cell)]
            if len(filled) >= 3 and len(filled) * 10 >= width * 6:
                self.problem(
                    row,
                    filled[0],
                    Rejected(
                        "data-above-header",
                        f"第{row + 1}行在表头上方，却像一行数据。",
                        "请把表头移到所有数据之上。",
                    ),
                )

    # --- merged cells in the data

    def _fill_merged(self) -> None:
        """A text merged over several rows holds for each of them; an amount cannot."""
        shared = {
            column.field
            for column in self.kind.columns
            if self.kind.group_fields and column.field not in self.kind.repeated
        }
        for (top, left), (bottom, _) in self.raw.merged:
            if top < self.layout.data or bottom == top or left >= len(self.layout.columns):
                continue
            cell = self.raw.rows[top][left]
            if is_blank(cell):
                continue
            spec = self.layout.columns[left].spec
            numeric = spec is not None and spec.type in (
                ColumnType.YUAN,
                ColumnType.INT,
                ColumnType.DEC,
            )
            if spec is not None and numeric and spec.field not in shared:
                self.problem(
                    top,
                    left,
                    Rejected(
                        "amount-merged-over-rows",
                        f"“{spec.header}”合并了{bottom - top + 1}行，不知道各行是多少。",
                        "请取消合并，每行分别填写。",
                    ),
                    spec,
                )
                continue
            for row in range(top + 1, min(bottom + 1, len(self.raw.rows))):
                if self.raw.rows[row][left] == "":
                    self.raw.rows[row][left] = cell
                    self.filled_in[left] += 1

    # --- columns

    def _take_columns(self) -> None:
        details = self.sorted.details
        rows = self.raw.rows
        if len(details) == len(rows) - self.layout.data:
            taken = rows[self.layout.data :]
        else:
            taken = [rows[row] for row in details]
        self.cells = dict(enumerate(zip(*taken, strict=True)))
        self.columns = self.layout.mapped
        self.sheet.columns = {name: column.index for name, column in self.columns.items()}

    def _set_units(self) -> None:
        layout = self.layout
        detail = set(self.sorted.details)
        outside = (
            row
            for row in (*range(layout.header.stop), *(at for at, _ in self.sorted.skipped))
            if row not in detail
        )
        stated = units_stated(self.raw.rows[row] for row in outside)
        if self.mapping is not None and self.mapping.unit:
            stated = [self.mapping.unit, *stated]
        amounts = {
            name: column
            for name, column in self.columns.items()
            if column.spec is not None and column.spec.type is ColumnType.YUAN
        }
        headed = {
            name: unit for name, column in amounts.items() if (unit := unit_in_header(column))
        }
        line = stated[0] if stated else None
        self._check_units(stated, amounts, headed)
        inferred = line or (
            None if len(headed) == len(amounts) else self._inferred_unit(amounts, headed)
        )
        for name in amounts:
            self.units[name] = headed.get(name) or inferred or "元"
        common = Counter(self.units.values()).most_common(1)
        self.sheet.unit = line or (common[0][0] if common else "元")

    def _check_units(
        self, stated: list[str], amounts: Mapping[str, Column], headed: Mapping[str, str]
    ) -> None:
        if len(set(stated)) > 1 and not (self.mapping is not None and self.mapping.unit):
            self.parsed.problems.append(
                RowProblem(
                    "unit-conflict",
                    self.raw.name,
                    address(0, self.layout.header.start),
                    "、".join(stated),
                    "表内写了几种不同的金额单位。",
                    "请只保留一个单位说明。",
                )
            )
        if stated and amounts and len(headed) == len(amounts) and stated[0] not in headed.values():
            name, column = next(iter(amounts.items()))
            self.problem(
                self.layout.header.stop - 1,
                column.index,
                Rejected(
                    "unit-conflict",
                    f"单位行写的是“{stated[0]}”，表头“{column.header}”写的是“{headed[name]}”。",
                    "请改成一致；相差一万倍的金额改不回来。",
                ),
            )

    def _inferred_unit(
        self, amounts: Mapping[str, Column], headed: Mapping[str, str]
    ) -> str | None:
        """万元, where no unit stands anywhere and every big amount is a small number."""
        cells = [
            cell
            for name, column in amounts.items()
            if name in _BIG_MONEY and name not in headed
            for cell in self.cells.get(column.index, ())
        ]
        numbers = [cell for cell in cells if isinstance(cell, int | float) and cell > 0]
        if not numbers or max(numbers) >= 5000 or any(states_unit(cell) for cell in cells):
            return None
        column = next(each for name, each in amounts.items() if name in _BIG_MONEY)
        self.problem(
            self.layout.header.stop - 1,
            column.index,
            Rejected(
                "unit-missing",
                "表内没有写金额单位，各项金额都不足5000，看来是万元。",
                "请在表头上方写明“单位：万元”或“单位：元”后重新导入。",
            ),
        )
        return "万元"

    def _read_columns(self) -> None:
        for name, column in self.columns.items():
            spec = column.spec
            cells = self.cells.get(column.index, ())
            if spec is None:
                continue
            unit_fen = UNIT_FEN[self.units.get(name, "元")]
            reading = read_column(spec, cells, unit_fen, self.parsers)
            self.readings[name] = reading
            for position, why in reading.rejected.items():
                self.problem(self.sorted.details[position], column.index, why, spec)
            for position, why in reading.doubtful.items():
                self.warning(self.sorted.details[position], column.index, why, spec)

    def _check_required(self) -> None:
        keys = set(self.kind.keys[0])
        for name, reading in self.readings.items():
            spec, column = self.kind.by_field[name], self.columns[name]
            if spec.required and None in reading.values:
                why = Rejected(
                    "missing-value",
                    f"必填的“{spec.header}”是空的。",
                    f"请补填“{spec.header}”；不知道的先核实。",
                )
                for position, value in enumerate(reading.values):
                    if value is None and position not in reading.rejected:
                        if position in reading.cleared:
                            continue
                        self.problem(self.sorted.details[position], column.index, why, spec)
            for position in reading.cleared if spec.required or name in keys else ():
                why = Rejected(
                    "cannot-clear",
                    f"必填的“{spec.header}”不能清除。",
                    "请填写新的内容，或删去这个记号。",
                )
                self.problem(self.sorted.details[position], column.index, why, spec)

    # --- places

    def _resolve_places(self) -> dict[str, list[object]]:
        """Official names and codes instead of what the clerk wrote."""
        names = [name for name in _PLACE_FIELDS if name in self.readings]
        if not names or any(self.kind.by_field[name].type not in _PLACE_TYPES for name in names):
            return {}
        count = len(self.sorted.details)
        towns: list[Any] = self._texts("town_name", count)
        villages: list[Any] = self._texts("village_name", count)
        pairs = list(zip(towns, villages, strict=True))
        found = resolve_pairs(self.gazetteer, pairs)
        refused = {pair: each for pair, each in found.items() if isinstance(each, PlaceRejected)}
        for position, pair in enumerate(pairs) if refused else ():
            if pair in refused:
                wrong = refused[pair]
                name = wrong.field if wrong.field in self.columns else names[0]
                column = self.columns[name]
                self.problem(self.sorted.details[position], column.index, wrong.why, column.spec)
        nowhere = Place()
        places = {
            pair: each if isinstance(each, Place) else nowhere for pair, each in found.items()
        }
        codes: dict[str, list[object]] = {}
        for name in ("town_name", "village_name", "town_code", "village_code"):
            known = {pair: getattr(place, name) for pair, place in places.items()}
            values: list[object] = [known[pair] for pair in pairs]
            if name in self.readings:
                self.readings[name].values = values
            elif any(value is not None for value in known.values()):
                codes[name] = values
        return codes

    def _texts(self, name: str, count: int) -> list[object]:
        reading = self.readings.get(name)
        return list(reading.values) if reading else [None] * count

    # --- rows

    def _make_rows(self, codes: Mapping[str, list[object]]) -> None:
        fields = [*self.readings, *codes]
        columns = [*(reading.values for reading in self.readings.values()), *codes.values()]
        cleared: dict[int, set[str]] = {}
        for name, reading in self.readings.items():
            for position in reading.cleared:
                cleared.setdefault(position, set()).add(name)
        nothing: frozenset[str] = frozenset()
        for name, value in self.implied.items():
            fields.append(name)
            columns.append([value] * len(self.sorted.details))
        places = self.sheet.columns
        raw = self.raw.rows
        full = [None not in column for column in columns]
        whole = all(full)
        values = zip(*columns, strict=True) if columns else ((),) * len(self.sorted.details)
        rows = self.sheet.rows
        for position, (at, cells) in enumerate(zip(self.sorted.details, values, strict=True)):
            content = (
                dict(zip(fields, cells, strict=True))
                if whole
                else {
                    name: cell for name, cell in zip(fields, cells, strict=True) if cell is not None
                }
            )
            marks = frozenset(cleared[position]) if position in cleared else nothing
            rows.append(Row(at + 1, content, marks, raw[at], places))
        if crosschecks.has_row_rules(self.kind):
            self._check_rows()

    def _check_rows(self) -> None:
        for row in self.sheet.rows:
            for name, why in crosschecks.row_findings(self.kind, row.values):
                self.finding(row, name, why)

    def finding(self, row: Row, name: str, why: Rejected) -> None:
        """A contradiction at the cell of a field, or in the key where the field has no column."""
        column = self.columns.get(name) or next(iter(self.columns.values()))
        self.problem(row.number - 1, column.index, why, column.spec)

    # --- totals

    def _check_totals(self) -> None:
        for name, column in self.columns.items():
            spec = column.spec
            if spec is None or not spec.summed:
                continue
            scale = UNIT_FEN[self.units[name]] if name in self.units else 10**spec.decimals
            unit = self.units.get(name, "")
            totals = Totals(column.header, scale, unit)
            values = [
                value if isinstance(value, int) else 0 for value in self.readings[name].values
            ]
            totals.computed = sum(values)
            if self.sorted.totals and not self.readings[name].rejected:
                self._compare(name, column, spec, values, totals)
            if self.sorted.totals or spec.type is ColumnType.YUAN:
                self.sheet.totals[name] = totals

    def _compare(
        self, name: str, column: Column, spec: ColumnSpec, values: list[int], totals: Totals
    ) -> None:
        sums = [[0, *accumulate(values)]]
        if self.kind.group_fields and name not in self.kind.repeated:
            sums.append([0, *accumulate(self._once_per_group(values))])
        bounds = sorted({0, len(values), *(each.before for each in self.sorted.totals)})
        unit_fen = UNIT_FEN[self.units.get(name, "元")]
        last = self.sorted.totals[-1]
        for total in self.sorted.totals:
            cell = self.raw.rows[total.row][column.index]
            if is_blank(cell) or (isinstance(cell, str) and label_of([cell]) == total.label):
                continue
            reading = read_column(_lenient(spec), [cell], unit_fen, self.parsers)
            stated = reading.values[0]
            if not isinstance(stated, int):
                if isinstance(cell, int | float) or reading.rejected:
                    self._unreadable_total(total, column, reading)
                continue
            if total.label in ("小计", "分组小计", "本页合计") or total is not last:
                totals.subtotals.append(stated)
            else:
                totals.total = stated
            if stated not in _blocks(sums, bounds, total.before):
                self._wrong_total(total, column, stated, sums[0][-1], totals)

    def _once_per_group(self, values: list[int]) -> Iterator[int]:
        """A value of the object itself counts once, however many rows repeat it."""
        seen: set[object] = set()
        groups = self.readings.get(self.kind.group_fields[0])
        for position, value in enumerate(values):
            group = groups.values[position] if groups else position
            yield 0 if group in seen else value
            seen.add(group)

    def _unreadable_total(self, total: TotalRow, column: Column, reading: ColumnReading) -> None:
        for why in reading.rejected.values():
            if why.name.startswith("formula") or why.name.startswith("invalid"):
                self.problem(total.row, column.index, why, column.spec)

    def _wrong_total(
        self, total: TotalRow, column: Column, stated: int, computed: int, totals: Totals
    ) -> None:
        whole = Totals("", totals.scale, "", computed, [stated, abs(stated - computed)]).as_json()
        written, difference = whole["subtotals"]
        if total.label == "无标题合计":
            message = f"这一行没有序号和名称，像是合计，但{written}与各行之和{whole['rows']}不符。"
        else:
            message = (
                f"“{total.label}”写的是{written}，明细各行相加是{whole['rows']}，相差{difference}"
                f"{totals.unit}。"
            )
        self.problem(
            total.row,
            column.index,
            Rejected("total-mismatch", message, "请核对是合计算错，还是缺了或多了明细行。"),
        )

    # --- what was left out

    def _list_skipped(self) -> None:
        for row in self.layout.titles:
            self._skip(row, "单位行" if units_stated([self.raw.rows[row]]) else "标题")
        for row, reason in self.sorted.skipped:
            self._skip(row, reason)
        self.sheet.skipped.sort(key=lambda each: each.row)

    def _skip(self, row: int, reason: str) -> None:
        cells = [cell for cell in self.raw.rows[row] if not is_blank(cell)]
        text = " | ".join(shown(None, cell) for cell in cells)
        self.sheet.skipped.append(Skipped(row + 1, reason, text[:200], len(cells)))

    def _doubt_amounts(self) -> None:
        if self.kind.name in ("bank-statement", "receipts", "opening"):
            return
        for name, column in self.columns.items():
            if column.spec is None or column.spec.type is not ColumnType.YUAN:
                continue
            doubts = doubtful_amounts(
                column.spec, self.cells.get(column.index, ()), self.readings[name].values
            )
            for position, why in doubts.items():
                self.warning(self.sorted.details[position], column.index, why, column.spec)

    # --- conservation

    def _count_cells(self) -> None:
        counts = self.sheet.cells
        skipped = {each.row - 1 for each in self.sheet.skipped}
        counts.reported = sum(each.cells for each in self.sheet.skipped)
        counts.used = _filled(self.raw.rows[self.layout.header.start : self.layout.header.stop])
        details = set(self.sorted.details)
        refused = Counter(
            at for row, at in self.refused if row in details and self._written(row, at)
        )
        for column in self.layout.columns:
            filled = count_filled(self.cells.get(column.index, ()))
            if column.spec is not None or column.index == self.layout.serial:
                counts.used += filled - refused[column.index]
                counts.reported += refused[column.index]
            elif filled:
                counts.reported += filled
                self._unused(column, filled)
        merged = self._merged_into(skipped)
        counts.used -= sum(self.filled_in.values()) - merged
        counts.reported -= merged

    def _written(self, row: int, at: int) -> bool:
        return at < len(self.raw.rows[row]) and not is_blank(self.raw.rows[row][at])

    def _merged_into(self, skipped: set[int]) -> int:
        """How many of the cells filled from merged ones lie in rows or columns left out."""
        unused = {
            column.index
            for column in self.layout.columns
            if column.spec is None and column.index != self.layout.serial
        }
        return sum(
            1
            for (top, left), (bottom, _) in self.raw.merged
            if top >= self.layout.data
            for row in range(top + 1, bottom + 1)
            if self.filled_in[left] and (row in skipped or left in unused)
        )

    def _unused(self, column: Column, filled: int) -> None:
        header = column.header
        self.sheet.unused[header or address(column.index, 0)[:-1]] = filled
        row = self.layout.header.stop - 1
        if not header:
            first = next(
                at for at in self.sorted.details if not is_blank(self.raw.rows[at][column.index])
            )
            self.problem(
                first,
                column.index,
                Rejected(
                    "column-without-header",
                    f"这一列有{filled}格内容，却没有表头。",
                    "请补上表头；无用的内容请删去。",
                ),
            )
            return
        near = difflib.get_close_matches(
            normal(column.leaf),
            [each.header for each in self.kind.columns if each.field not in self.columns],
            n=1,
        )
        meant = f"如果是“{near[0]}”，请改表头。" if near else "不需要的可以不管。"
        if normal(column.leaf) in REMARK_HEADERS:
            meant = "备注只留在原表中。"
        self.warning(
            row,
            column.index,
            Rejected("unused-column", f"“{header}”列的{filled}格内容没有导入。", meant),
        )


_PLACE_TYPES: Final = (ColumnType.TOWN, ColumnType.VILLAGE)


def _lenient(spec: ColumnSpec) -> ColumnSpec:
    """A total may be zero or negative where a row may not."""
    return ColumnSpec(spec.header, spec.field, spec.type, decimals=spec.decimals, signed=True)


def _blocks(sums: Sequence[Sequence[int]], bounds: Sequence[int], before: int) -> set[int]:
    """Sums a total row may state: any block of details that ends or begins at it, or all."""
    found: set[int] = set()
    for running in sums:
        found.add(running[-1])
        for bound in bounds:
            found.add(
                abs(bound - before) and running[max(bound, before)] - running[min(bound, before)]
            )
    return found


def _check_across(parsed: Parsed, readers: Sequence[_SheetReader]) -> None:
    """What only the whole file shows: keys, groups, sums of shares."""
    owners = {reader.raw.name: reader for reader in readers}
    rows = [(sheet.name, row) for sheet in parsed.sheets for row in sheet.rows]
    for (name, row), column, why in crosschecks.file_findings(parsed.kind, rows):
        owners[name].finding(row, column, why)
    if parsed.kind.name == "bank-statement":
        for (name, row), column, why in crosschecks.running_balance(rows):
            reader = owners[name]
            reader.warning(row.number - 1, reader.columns[column].index, why)
    if readers and not rows:
        parsed.problems.append(
            RowProblem(
                "no-rows",
                readers[0].raw.name,
                "",
                "",
                "表头下面没有一行数据。",
                f"请填写数据。{_OWN_WORDS}",
            )
        )
    formulas = sum(reader.raw.formulas for reader in readers)
    if formulas:
        parsed.warnings.append(
            RowProblem(
                "formulas",
                readers[0].raw.name,
                "",
                "",
                f"有{formulas}个单元格是公式，按文件里保存的结果读取，没有重新计算。",
                "如果数值可能已过时，请打开文件保存一次再导入。",
            )
        )
