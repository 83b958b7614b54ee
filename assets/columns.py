"""Which kinds of value a table may hold: one type each, the same on SQLite and PostgreSQL.

SQLite tables are STRICT (INTEGER, TEXT, BLOB only); PostgreSQL uses BIGINT, DATE, BOOLEAN,
BYTEA and ``TEXT COLLATE "C"``. Any other type in a model fails ``tests/test_layout.py``.
"""

import unicodedata
from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import Any, ClassVar, Self

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    Dialect,
    Integer,
    LargeBinary,
    Text,
)
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import Field, SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}

INT64_MAX = 2**63 - 1


class _Whole(TypeDecorator[int]):
    """A whole number of 64 bits; floats and booleans are refused before they reach SQL."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """INTEGER on SQLite (STRICT refuses BIGINT), BIGINT elsewhere."""
        return dialect.type_descriptor(Integer() if dialect.name == "sqlite" else BigInteger())

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:
        """Refuse anything that is not a plain int."""
        if value is None:
            return None
        if type(value) is not int:
            raise TypeError(f"{type(self).__name__} takes a whole int, got {type(value).__name__}")
        if not -INT64_MAX - 1 <= value <= INT64_MAX:
            raise OverflowError(f"{type(self).__name__} out of 64 bits")
        return value


class Fen(_Whole):
    """An amount of money in whole fen (分)."""

    cache_ok = True


class Id(_Whole):
    """The number of a row."""

    cache_ok = True


class Count(_Whole):
    """A whole number of things, days, watts or kWh; the column name says which."""

    cache_ok = True


class Moment(_Whole):
    """A moment in microseconds since 1970-01-01 UTC."""

    cache_ok = True


class Day(TypeDecorator[date]):
    """A calendar day; ISO text on SQLite, DATE on PostgreSQL."""

    impl = Date
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """TEXT on SQLite, DATE elsewhere."""
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else Date())

    def process_bind_param(self, value: date | None, dialect: Dialect) -> Any:
        """Refuse datetimes and texts; write ISO text on SQLite."""
        if value is None:
            return None
        if type(value) is not date:
            raise TypeError(f"Day takes a date, got {type(value).__name__}")
        return value.isoformat() if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> date | None:
        """Read ISO text back as a date."""
        if value is None or isinstance(value, date):
            return value
        return date.fromisoformat(value)


class Code(TypeDecorator[str]):
    """A text, NFC-normalised, ordered by code point and never by a database's collation."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """TEXT on SQLite, TEXT COLLATE "C" on PostgreSQL."""
        return dialect.type_descriptor(
            Text(collation="C") if dialect.name == "postgresql" else Text()
        )

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Refuse non-texts, control characters and text that is not NFC."""
        if value is None:
            return None
        if not isinstance(value, str):
            raise TypeError(f"Code takes text, got {type(value).__name__}")
        if not unicodedata.is_normalized("NFC", value):
            raise ValueError("text is not NFC-normalised")
        if "\x00" in value:
            raise ValueError("text holds a NUL character")
        return str.__str__(value)


class Flag(TypeDecorator[bool]):
    """Yes or no; 0/1 on SQLite, BOOLEAN on PostgreSQL."""

    impl = Boolean
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """INTEGER on SQLite, BOOLEAN elsewhere."""
        return dialect.type_descriptor(Integer() if dialect.name == "sqlite" else Boolean())

    def process_bind_param(self, value: bool | None, dialect: Dialect) -> Any:
        """Refuse anything that is not a bool."""
        if value is None:
            return None
        if type(value) is not bool:
            raise TypeError(f"Flag takes a bool, got {type(value).__name__}")
        return int(value) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> bool | None:
        """Read 0/1 back as a bool."""
        return None if value is None else bool(value)


class Blob(TypeDecorator[bytes]):
    """Bytes: digests, ciphertexts, file contents."""

    impl = LargeBinary
    cache_ok = True

    def process_result_value(self, value: Any, dialect: Dialect) -> bytes | None:
        """Give plain bytes on both databases."""
        return None if value is None else bytes(value)


COLUMN_TYPES = (Fen, Id, Count, Moment, Day, Code, Flag, Blob)


class Labelled(StrEnum):
    """A coded word with its Chinese label; the code is stored, the label is printed."""

    label: str

    def __new__(cls, code: str, label: str) -> Self:
        """Keep the label beside the code."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.label = label
        return member

    @classmethod
    def from_label(cls, label: str) -> Self:
        """The member with that Chinese label; ValueError when there is none."""
        for member in cls:
            if member.label == label:
                return member
        raise ValueError(label)


def label_of(words: type[Labelled], code: str) -> str:
    """The Chinese label of a stored code."""
    return next(word.label for word in words if word == code)


def one_of(column: str, words: Iterable[str], name: str | None = None) -> CheckConstraint:
    """A CHECK that a column holds one of the given codes."""
    listed = ", ".join(f"'{str.__str__(word)}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=name or f"{column}_known")


def check(rule: str, name: str) -> CheckConstraint:
    """A CHECK with a name (the naming convention adds the table)."""
    return CheckConstraint(rule, name=name)


def strict(*constraints: Any) -> tuple[Any, ...]:
    """``__table_args__`` of every table: the constraints, and STRICT on SQLite."""
    return (*constraints, {"sqlite_strict": True})


class Logged(SQLModel):
    """A table whose rows are covered by the log; insert-only.

    Identity rows never change; what can change is a dated fact row, superseded by a later one.
    """

    __trail__: ClassVar[str] = "LOGGED"
    __packed__: ClassVar[bool] = False
    __table_version__: ClassVar[int] = 1

    id: int = Field(
        default=None, sa_type=Id, primary_key=True, sa_column_kwargs={"autoincrement": False}
    )
    entry_id: int = Field(default=None, sa_type=Id, nullable=False, index=True)


class Packed(SQLModel):
    """A LOGGED table of whole numbers only, written in bulk and hashed as one block."""

    __trail__: ClassVar[str] = "LOGGED"
    __packed__: ClassVar[bool] = True
    __table_version__: ClassVar[int] = 1

    id: int = Field(
        default=None, sa_type=Id, primary_key=True, sa_column_kwargs={"autoincrement": False}
    )
    entry_id: int = Field(default=None, sa_type=Id, nullable=False, index=True)


class Imported(SQLModel):
    """Where an imported row came from: file digest, sheet and row (来源单元)."""

    source_sha256: str | None = Field(default=None, sa_type=Code)
    source_sheet: str | None = Field(default=None, sa_type=Code)
    source_row: int | None = Field(default=None, sa_type=Count)


class Derived(SQLModel):
    """A table that can be rebuilt from the LOGGED ones; ``fupin check`` compares."""

    __trail__: ClassVar[str] = "DERIVED"


class Vaulted(SQLModel):
    """Keys and look-up indexes of personal data: erasable, outside the log."""

    __trail__: ClassVar[str] = "VAULT"
