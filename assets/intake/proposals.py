"""Who proposed an import, what would it change, and who else approved it?

A proposal keeps the file sealed, with how it is to be read, and writes none of its rows; another
person's approval reads and checks the very same file again and writes it. Approving is a duty of
its own: the database refuses whoever proposed, and whoever typed the proposal.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlmodel import Session, col, select

from assets import trail
from assets.errors import NotFound, Refused
from assets.intake import Batch, Handler
from assets.models import Evidence, EvidenceLink, ObjectKind, Stage, StageAct
from assets.procedure.actors import refuse_auditor
from assets.procedure.duties import record_stage
from assets.procedure.evidence import EvidenceKind, content_of, keep
from assets.trail import Act
from assets.workbook.kinds import KINDS

FILE_STEP = "propose/"
MAPPING_STEP = "mapping"
DIGEST_MIN = 8


@dataclass(frozen=True)
class Difference:
    """One row against the book: new, or which of its fields say something else."""

    sheet: str
    row: int
    key: str
    fields: tuple[str, ...]
    new: bool


@dataclass(frozen=True)
class Proposal:
    """A proposed import: the file's digest and title, its kind, the sheet to be read ('' = all)."""

    file_sha256: str
    file_title: str
    kind: str
    sheet: str
    proposed_by: str
    proposed_on: date
    summary: str
    approved_by: str


def differences(session: Session, handler: Handler, batch: Batch) -> list[Difference]:
    """The rows of a batch that say something the book does not, in file order.

    Kinds with personal columns are not compared: their rows leave the vault only by ``reveal``.

    依据: 内部约定 (an import is a proposal with a difference list)
    """
    kind = KINDS[batch.kind]
    known: dict[tuple[Any, ...], dict[str, Any]] = {}
    if handler.export is not None and not kind.personal:
        known = {_key(kind.keys[0], row): row for row in handler.export(session)}
    found = []
    for row in batch.rows:
        key = _key(kind.keys[0], row.values)
        before = known.get(key)
        fields = tuple(
            kind.by_field[name].header
            for name, value in row.values.items()
            if name in kind.by_field and (before is None or before.get(name) != value)
        )
        if before is None or fields:
            shown = "" if kind.personal else " ".join(str(part) for part in key if part != "")
            found.append(Difference(row.sheet, row.number, shown, fields, before is None))
    return found


def _key(fields: Sequence[str], values: Any) -> tuple[Any, ...]:
    return tuple(values.get(name) or "" for name in fields)


def summary_of(batch: Batch, found: Sequence[Difference]) -> str:
    """What a proposal would change, in one line."""
    new = sum(each.new for each in found)
    same = len(batch.rows) - len(found)
    return f"共{len(batch.rows)}行：新增{new}行，变更{len(found) - new}行，相同{same}行"


def propose(
    session: Session,
    act: Act,
    batch: Batch,
    content: bytes,
    *,
    sheet: str,
    mapping: bytes | None,
    summary: str,
) -> None:
    """Keep a file as a proposal; none of its rows is written.

    Raises:
        SeparationOfDuties: Nobody is named.

    依据: 会计法 第二十五条; 内部约定 (an import is approved by another person)
    """
    kind, code = KINDS[batch.kind], batch.file_sha256
    with trail.entry(
        session,
        act,
        "import-propose",
        code,
        stage=f"{kind.name}/{sheet}",
        what=f"提交导入{kind.title}“{batch.file_title}”",
    ) as written:
        refuse_auditor(session, act)
        where = (ObjectKind.IMPORT, code, f"{FILE_STEP}{kind.name}/{sheet}")
        keep(
            session,
            written,
            content,
            EvidenceKind.WORKBOOK,
            batch.file_title,
            [where],
            sealed=True,
        )
        if mapping is not None:
            keep(
                session,
                written,
                mapping,
                EvidenceKind.OTHER,
                "表头对照文件",
                [(ObjectKind.IMPORT, code, MAPPING_STEP)],
            )
        record_stage(
            session,
            written,
            ObjectKind.IMPORT,
            code,
            Stage.DRAFT,
            on=act.on,
            opinion=summary,
            document=batch.file_title,
        )


def proposals(session: Session) -> list[Proposal]:
    """Every proposed import with who proposed it and who approved it, in order.

    依据: 内部约定 (listed for whoever is to approve)
    """
    acts: dict[tuple[str, str], StageAct] = {}
    for row in session.exec(
        select(StageAct)
        .where(StageAct.object_kind == ObjectKind.IMPORT.value)
        .order_by(col(StageAct.id))
    ).all():
        acts.setdefault((row.object_code, row.stage), row)
    rows = session.exec(
        select(EvidenceLink, Evidence)
        .where(
            Evidence.id == EvidenceLink.evidence_id,
            EvidenceLink.object_kind == ObjectKind.IMPORT.value,
            col(EvidenceLink.step).startswith(FILE_STEP),
        )
        .order_by(col(EvidenceLink.id))
    ).all()
    found = []
    for link, evidence in rows:
        kind, _, sheet = link.step.removeprefix(FILE_STEP).partition("/")
        drafted = acts[link.object_code, Stage.DRAFT.value]
        approved = acts.get((link.object_code, Stage.APPROVE.value))
        found.append(
            Proposal(
                file_sha256=link.object_code,
                file_title=evidence.title,
                kind=kind,
                sheet=sheet,
                proposed_by=drafted.actor_code,
                proposed_on=drafted.acted_on,
                summary=drafted.opinion or "",
                approved_by=approved.actor_code if approved is not None else "",
            )
        )
    return found


def proposal_by_digest(session: Session, digest: str) -> Proposal:
    """The proposal whose file's digest begins like this (8 characters or more).

    Raises:
        NotFound: There is none.
        Refused: Too few characters, or several begin so.
    """
    if len(digest) < DIGEST_MIN:
        raise Refused(f"文件摘要至少写前{DIGEST_MIN}位。可用 fupin import proposals 查看。")
    found = [each for each in proposals(session) if each.file_sha256.startswith(digest)]
    if not found:
        raise NotFound("待批导入", digest)
    if len({each.file_sha256 for each in found}) > 1:
        raise Refused(f"有几个待批导入的摘要都以“{digest}”开头。请多写几位。")
    return found[0]


def contents(session: Session, proposal: Proposal) -> tuple[bytes, bytes | None]:
    """The proposed file as it came in, and its mapping file, if it had one."""
    link = select(Evidence.sha256).where(
        Evidence.id == EvidenceLink.evidence_id,
        EvidenceLink.object_kind == ObjectKind.IMPORT.value,
        EvidenceLink.object_code == proposal.file_sha256,
        EvidenceLink.step == MAPPING_STEP,
    )
    mapping = session.exec(link.order_by(col(EvidenceLink.id).desc())).first()
    return (
        content_of(session, proposal.file_sha256),
        content_of(session, mapping) if mapping is not None else None,
    )


def approve(session: Session, act: Act, proposal: Proposal) -> None:
    """Record that another person approves a proposed import; the caller writes its rows.

    Raises:
        SeparationOfDuties: The proposer approves, the same recorder typed it, or nobody is named.

    依据: 会计法 第二十五条; 内部约定 (an import is approved by another person)
    """
    with trail.entry(
        session,
        act,
        "import-approve",
        proposal.file_sha256,
        stage=f"{proposal.kind}/{proposal.sheet}",
        what=f"批准导入“{proposal.file_title}”",
    ) as written:
        refuse_auditor(session, act)
        record_stage(
            session,
            written,
            ObjectKind.IMPORT,
            proposal.file_sha256,
            Stage.APPROVE,
            on=act.on,
            document=proposal.file_title,
        )
