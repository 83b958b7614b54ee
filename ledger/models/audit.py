"""Nouns of audit: findings and their answers, outside-list matches, samples."""

from datetime import date

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from assets.columns import Code, Count, Day, Fen, Id, Logged, check, one_of, strict


class Finding(Logged, table=True):
    """A suspicion taken up for clarification (疑点整改); a lead, not a verdict."""

    __tablename__ = "finding"
    __table_args__ = strict(UniqueConstraint("code"))

    code: str = Field(sa_type=Code)
    rule: str = Field(sa_type=Code)
    rule_version: str = Field(sa_type=Code)
    object_kind: str = Field(sa_type=Code)
    object_code: str = Field(sa_type=Code)
    subject: str = Field(sa_type=Code)
    amount_fen: int = Field(sa_type=Fen)
    owner_code: str = Field(sa_type=Code)
    raised_by_code: str = Field(sa_type=Code)
    raised_on: date = Field(sa_type=Day)
    due_on: date = Field(sa_type=Day)
    snapshot_sha256: str = Field(sa_type=Code)


class FindingAnswer(Logged, table=True):
    """A disposition of part of a finding's amount (核查处理): the equation must close."""

    __tablename__ = "finding_answer"
    __table_args__ = strict(
        one_of("bucket", ("REFUNDED", "DOCUMENTED", "JUSTIFIED", "WRITTEN_OFF", "REPLY")),
        check("amount_fen >= 0", "not_negative"),
    )

    finding_id: int = Field(sa_type=Id, foreign_key="finding.id", index=True)
    bucket: str = Field(sa_type=Code)
    amount_fen: int = Field(sa_type=Fen)
    answered_on: date = Field(sa_type=Day)
    answer: str = Field(sa_type=Code)
    actor_code: str = Field(sa_type=Code)
    evidence_sha256: str | None = Field(default=None, sa_type=Code)


class FindingClose(Logged, table=True):
    """A finding closed by a second person (销号)."""

    __tablename__ = "finding_close"
    __table_args__ = strict(UniqueConstraint("finding_id"))

    finding_id: int = Field(sa_type=Id, foreign_key="finding.id")
    closed_by_code: str = Field(sa_type=Code)
    closed_on: date = Field(sa_type=Day)


class ListMatch(Logged, table=True):
    """A comparison with an outside list (名单比对): its digest and hits, never the list."""

    __tablename__ = "list_match"
    __table_args__ = strict()

    list_kind: str = Field(sa_type=Code)
    list_sha256: str = Field(sa_type=Code)
    row_count: int = Field(sa_type=Count)
    hit_count: int = Field(sa_type=Count)
    matched_on: date = Field(sa_type=Day)


class ListHit(Logged, table=True):
    """One person found on an outside list (比对命中)."""

    __tablename__ = "list_hit"
    __table_args__ = strict()

    list_match_id: int = Field(sa_type=Id, foreign_key="list_match.id", index=True)
    person_id: int = Field(sa_type=Id)
    household_id: int = Field(sa_type=Id)


class SampleDraw(Logged, table=True):
    """A sample drawn with a stored seed (抽样), so that it can be drawn again."""

    __tablename__ = "sample_draw"
    __table_args__ = strict(UniqueConstraint("code"))

    code: str = Field(sa_type=Code)
    method: str = Field(sa_type=Code)
    seed: str = Field(sa_type=Code)
    population_count: int = Field(sa_type=Count)
    sample_count: int = Field(sa_type=Count)
    drawn: str = Field(sa_type=Code)
