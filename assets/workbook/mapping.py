"""What do the headers of a foreign table mean, when somebody has written it down?

A mapping file (TOML) makes a published table readable without touching it:

    unit = "万元"                       # what the amounts are in, where the table does not say
    title = "北塔区2020年资金安排表"      # only for tables that are no KIND

    [columns]
    "村名" = "village_name"             # header (levels joined by /) → field of the KIND
    "有劳动能力/低保对象(户)" = { field = "able_households_count", type = "整数" }

    [rest]                              # every column not named: kept under its header, as an
                                        # amount where the header says 元 or 万元
    type = "小数"
    decimals = 2

With a KIND the named headers are read as its fields; a field the KIND does not know needs its
type beside it. Without a KIND the file itself says which columns there are.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from assets.errors import InvalidValue
from assets.workbook.container import RawSheet
from assets.workbook.kinds import ColumnSpec, ColumnType, Kind
from assets.workbook.layout import UNIT_FEN, Layout, locate, unit_in_header

_TYPES: Final[Mapping[str, ColumnType]] = {each.value: each for each in ColumnType}


class InvalidMapping(InvalidValue):
    """A mapping file that cannot be understood (对照文件无效)."""


class _Target(BaseModel):
    model_config = ConfigDict(extra="forbid")
    field: str
    type: str = "文字"
    decimals: Annotated[int, Field(ge=0, le=6)] = 0
    required: bool = False
    signed: bool = False


class _Rest(BaseModel):
    model_config = ConfigDict(extra="forbid")
    type: str = "文字"
    decimals: Annotated[int, Field(ge=0, le=6)] = 0
    signed: bool = False


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")
    title: str = ""
    unit: str = ""
    columns: dict[str, str | _Target] = {}
    rest: _Rest | None = None


@dataclass(frozen=True)
class Mapped:
    """A mapping file, understood: the kind to read with, and the unit it states."""

    kind: Kind
    unit: str = ""
    rest: ColumnSpec | None = None

    def widened(self, sheet: RawSheet) -> Kind:
        """The kind with one more column for every header of a sheet that nothing names."""
        if self.rest is None:
            return self.kind
        layout = locate(sheet, self.kind)
        if layout is None:
            return self.kind
        return replace(self.kind, columns=(*self.kind.columns, *self._others(layout)))

    def _others(self, layout: Layout) -> tuple[ColumnSpec, ...]:
        rest = self.rest
        assert rest is not None
        return tuple(
            replace(
                rest,
                header=column.header,
                field=column.header,
                type=ColumnType.YUAN if unit_in_header(column) else rest.type,
            )
            for column in layout.columns
            if column.spec is None and column.parts and column.index != layout.serial
        )


def load_mapping(path: Path, kind: Kind | None = None) -> Mapped:
    """Read a mapping file, for a KIND or for a table of its own.

    依据: 内部约定 (外来表格按书面对照关系读取, 不改原表)

    Raises:
        InvalidMapping: Not TOML, an unknown key, an unknown type, field or unit.
    """
    try:
        content = _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise InvalidMapping(f"读不出对照文件 {path}。请核对路径。") from error
    except tomllib.TOMLDecodeError as error:
        raise InvalidMapping(f"对照文件不是正确的TOML：{error}。请按样例改正。") from error
    except UnicodeDecodeError as error:
        raise InvalidMapping("对照文件不是UTF-8编码。请另存为UTF-8。") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InvalidMapping(f"对照文件的“{where}”有误。请按样例改正。") from error
    if content.unit and content.unit not in UNIT_FEN:
        raise InvalidMapping(f"没有“{content.unit}”这种单位。请用{'、'.join(UNIT_FEN)}之一。")
    columns = _kind_columns(content, kind) if kind is not None else _own_columns(content)
    rest = None
    if content.rest is not None:
        rest = ColumnSpec(
            "",
            "",
            _type(content.rest.type),
            decimals=content.rest.decimals,
            signed=content.rest.signed,
        )
    if kind is None:
        kind = Kind("table", content.title or "外来表格", columns, keys=((),))
    return Mapped(replace(kind, columns=columns), content.unit, rest)


def _kind_columns(content: _File, kind: Kind) -> tuple[ColumnSpec, ...]:
    """The kind's columns, each with the mapped header as its first synonym."""
    wanted: dict[str, list[str]] = {}
    added: list[ColumnSpec] = []
    for header, target in content.columns.items():
        name = target if isinstance(target, str) else target.field
        if name not in kind.by_field and isinstance(target, _Target):
            added.append(_own_column(header, target))
            continue
        if name not in kind.by_field:
            known = "、".join(column.field for column in kind.columns)
            raise InvalidMapping(f"“{kind.name}”没有字段“{name}”。只能用：{known}。")
        wanted.setdefault(name, []).append(header)
    known_columns = tuple(
        replace(
            column,
            header=wanted[column.field][0],
            synonyms=(column.header, *column.synonyms, *wanted[column.field][1:]),
        )
        if column.field in wanted
        else column
        for column in kind.columns
    )
    return (*known_columns, *added)


def _own_columns(content: _File) -> tuple[ColumnSpec, ...]:
    if not content.columns:
        raise InvalidMapping("对照文件没有[columns]。请写明各表头对应的字段。")
    return tuple(_own_column(header, target) for header, target in content.columns.items())


def _own_column(header: str, target: str | _Target) -> ColumnSpec:
    if isinstance(target, str):
        return ColumnSpec(header, target, ColumnType.TEXT)
    return ColumnSpec(
        header,
        target.field,
        _type(target.type),
        required=target.required,
        decimals=target.decimals,
        signed=target.signed,
    )


def _type(name: str) -> ColumnType:
    if name not in _TYPES:
        raise InvalidMapping(f"没有“{name}”这种列。只能用：{'、'.join(_TYPES)}。")
    return _TYPES[name]
