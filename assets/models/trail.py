"""Nouns of the log: entries, head, checkpoints, requests, schema, book."""

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from assets.columns import Blob, Code, Count, Derived, Flag, Id, Logged, Moment, check, strict


class Log(SQLModel, table=True):
    """One entry of the one log (留痕): gapless ``id`` = leaf index + 1.

    ``header`` and ``manifest`` are the exact canonical bytes that were hashed.
    """

    __tablename__ = "log"
    __trail__ = "LOG"
    __table_args__ = strict(check("length(leaf) = 32", "leaf_is_sha256"))

    id: int = Field(
        default=None, sa_type=Id, primary_key=True, sa_column_kwargs={"autoincrement": False}
    )
    header: bytes = Field(sa_type=Blob)
    manifest: bytes = Field(sa_type=Blob)
    leaf: bytes = Field(sa_type=Blob)


class LogHead(Derived, table=True):
    """The head every writer locks: size, compact range and last moment."""

    __tablename__ = "log_head"
    __table_args__ = strict(check("id = 1", "single_row"))

    id: int = Field(
        default=None, sa_type=Id, primary_key=True, sa_column_kwargs={"autoincrement": False}
    )
    size: int = Field(sa_type=Count)
    frontier: str = Field(sa_type=Code)
    last_us: int = Field(sa_type=Moment)


class Request(Logged, table=True):
    """One writing act and its idempotency key (办理键): a key is used once."""

    __tablename__ = "request"
    __table_args__ = strict(UniqueConstraint("idem_key"))

    idem_key: str = Field(sa_type=Code)
    request_sha256: str = Field(sa_type=Code)
    command: str = Field(sa_type=Code)


class SchemaVersion(Logged, table=True):
    """The shape of the tables and the guards from this entry on."""

    __tablename__ = "schema_version"
    __table_args__ = strict()

    revision: str = Field(sa_type=Code)
    descriptor: str = Field(sa_type=Code)
    guards: str = Field(sa_type=Code)


class BookRecord(Logged, table=True):
    """The book itself (账本): one database is one district."""

    __tablename__ = "book_record"
    __table_args__ = strict(UniqueConstraint("code"))

    code: str = Field(sa_type=Code)
    district_code: str = Field(sa_type=Code)
    title: str = Field(sa_type=Code)
    origin: str = Field(sa_type=Code)
    public_key: str = Field(sa_type=Code)


class Checkpoint(Logged, table=True):
    """A signed tree head (检查点) over the entries before the one that stores it."""

    __tablename__ = "checkpoint"
    __table_args__ = strict(check("size >= 0", "size_not_negative"))

    size: int = Field(sa_type=Count)
    root: bytes = Field(sa_type=Blob)
    note: str = Field(sa_type=Code)
    purpose: str = Field(sa_type=Code)


class Cosignature(Logged, table=True):
    """A witness's signature line under a checkpoint (副署)."""

    __tablename__ = "cosignature"
    __table_args__ = strict(UniqueConstraint("checkpoint_id", "signer"))

    checkpoint_id: int = Field(sa_type=Id, foreign_key="checkpoint.id")
    signer: str = Field(sa_type=Code)
    line: str = Field(sa_type=Code)


class IssuedPaper(Logged, table=True):
    """The register of issued papers (出具登记): number, figures' digest, checkpoint."""

    __tablename__ = "issued_paper"
    __table_args__ = strict(UniqueConstraint("number"))

    number: str = Field(sa_type=Code)
    report: str = Field(sa_type=Code)
    arguments: str = Field(sa_type=Code)
    as_of_day: str = Field(sa_type=Code)
    position: int = Field(sa_type=Count)
    data_sha256: str = Field(sa_type=Code)
    internal: bool = Field(sa_type=Flag)
