"""Which papers prove an act, where are they, and which are missing?

A file is known by its content (sha256): kept once, linked to every object it proves. A kind that
a step requires must be there or be a declared gap: which paper, why missing, who vouches. Files
with personal data are stored sealed.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from sqlmodel import Session, col, select

from assets import trail
from assets.asof import AsOf
from assets.columns import Labelled
from assets.errors import InvalidValue, MissingTool, NotFound, Refused
from assets.models import DeclaredGap, Evidence, EvidenceContent, EvidenceLink, ObjectKind
from assets.trail import Act, Entry, desk_of
from assets.vault import Vault

FILE_BYTES_MAX = 64 * 1024 * 1024


class EvidenceKind(Labelled):
    """Kinds of papers in a file (卷内目录)."""

    APPROVAL = "APPROVAL", "立项批复"
    FUND_DOCUMENT = "FUND_DOCUMENT", "资金下达文件"
    WORK_PLAN = "WORK_PLAN", "实施方案"
    TENDER = "TENDER", "招投标资料"
    CONTRACT = "CONTRACT", "合同"
    COMPLETION = "COMPLETION", "竣工资料"
    ACCEPTANCE = "ACCEPTANCE", "竣工验收报告"
    FINAL_ACCOUNT = "FINAL_ACCOUNT", "结算审计报告"
    PAYMENT = "PAYMENT", "支付凭证"
    STOCK_SHEET = "STOCK_SHEET", "清查表"
    PHOTO = "PHOTO", "现场照片"
    TITLE_FORM = "TITLE_FORM", "确权登记表"
    MINUTES = "MINUTES", "会议记录"
    NOTICE_PHOTO = "NOTICE_PHOTO", "公示照片"
    OPINION = "OPINION", "审核意见"
    TITLE_DOCUMENT = "TITLE_DOCUMENT", "确权文件"
    REAL_ESTATE = "REAL_ESTATE", "不动产证"
    HANDOVER_LIST = "HANDOVER_LIST", "移交清单"
    HANDOVER_LETTER = "HANDOVER_LETTER", "移交确认书"
    BOOKING = "BOOKING", "入账凭证"
    INSURANCE = "INSURANCE", "保险单"
    UPKEEP = "UPKEEP", "管护协议"
    INCOME_SLIP = "INCOME_SLIP", "结转通知或结算单"
    HOUSEHOLD_RECEIPT = "HOUSEHOLD_RECEIPT", "到户签收单"
    ROSTER = "ROSTER", "发放花名册"
    BANK_SLIP = "BANK_SLIP", "银行回单"
    DELEGATION = "DELEGATION", "委托书或监护证明"
    WORKBOOK = "WORKBOOK", "导入表格"
    OTHER = "OTHER", "其他"


REQUIRED: dict[tuple[ObjectKind, str], tuple[EvidenceKind, ...]] = {
    (ObjectKind.PROJECT, "accept"): (EvidenceKind.APPROVAL, EvidenceKind.ACCEPTANCE),
    (ObjectKind.TITLE, "resolve"): (EvidenceKind.MINUTES,),
    (ObjectKind.TITLE, "confirm"): (EvidenceKind.NOTICE_PHOTO, EvidenceKind.TITLE_DOCUMENT),
    (ObjectKind.HANDOVER, "accept"): (EvidenceKind.HANDOVER_LIST, EvidenceKind.HANDOVER_LETTER),
    (ObjectKind.PLAN, "decide"): (EvidenceKind.MINUTES,),
    (ObjectKind.PLAN, "review"): (EvidenceKind.NOTICE_PHOTO,),
    (ObjectKind.BATCH, "result"): (EvidenceKind.BANK_SLIP,),
}
"""Kinds each step asks for. 依据: 内部约定 (the file lists of the district's procedure)."""


class PapersMissing(Refused):
    """Papers a step requires are neither there nor declared missing (资料不全)."""


def store(
    session: Session,
    act: Act,
    content: bytes,
    kind: EvidenceKind,
    title: str,
    links: Iterable[tuple[ObjectKind, str, str]],
    *,
    pages: int | None = None,
    original_kept_at: str = "",
    sealed: bool = False,
) -> Evidence:
    """Keep a file by its content and link it to (object kind, code, step) triples.

    Raises:
        InvalidValue: The file is empty or too big.
        AlreadyDone: The same file is linked to the same objects already.

    依据: 内部约定 (content-addressed, kept once)
    """
    triples = list(dict.fromkeys(links))
    sha256 = hashlib.sha256(content).hexdigest()
    stage = trail.digest_of(*(f"{k.value}/{code}/{step}" for k, code, step in triples))
    with trail.entry(
        session, act, "evidence", sha256, stage=stage, what=f"归档“{title}”"
    ) as written:
        return keep(
            session,
            written,
            content,
            kind,
            title,
            triples,
            pages=pages,
            original_kept_at=original_kept_at,
            sealed=sealed,
        )


def keep(
    session: Session,
    written: Entry,
    content: bytes,
    kind: EvidenceKind,
    title: str,
    links: Iterable[tuple[ObjectKind, str, str]],
    *,
    pages: int | None = None,
    original_kept_at: str = "",
    sealed: bool = False,
) -> Evidence:
    """Keep a file within an entry that is open, as ``store`` does.

    Raises:
        InvalidValue: The file is empty or too big.

    依据: 内部约定 (content-addressed, kept once)
    """
    if not content or len(content) > FILE_BYTES_MAX:
        raise InvalidValue(f"文件“{title}”为空或超过64MB。请核对文件。")
    sha256 = hashlib.sha256(content).hexdigest()
    evidence = session.exec(select(Evidence).where(Evidence.sha256 == sha256)).one_or_none()
    if evidence is None:
        evidence = written.add(
            Evidence(
                sha256=sha256,
                kind=kind.value,
                title=title,
                pages=pages,
                received_on=written.act.on,
                original_kept_at=original_kept_at or None,
                sealed=sealed,
                size_bytes=len(content),
            )
        )
        _keep_content(session, sha256, content, sealed=sealed)
        session.flush()
    written.add_all(
        EvidenceLink(evidence_id=evidence.id, object_kind=k.value, object_code=code, step=step)
        for k, code, step in links
    )
    return evidence


def content_of(session: Session, sha256: str) -> bytes:
    """The bytes of a file as they came in; a sealed one is opened with the session's keys.

    Raises:
        NotFound: No such file, or its content was erased.
        Refused: The stored bytes do not have the digest they are named by.
    """
    row = session.get(EvidenceContent, sha256)
    evidence = session.exec(select(Evidence).where(Evidence.sha256 == sha256)).one_or_none()
    if row is None or evidence is None:
        raise NotFound("佐证材料", sha256)
    content = row.content
    if evidence.sealed:
        content = vault_of(session).open(session, _owner(sha256), content)
    if hashlib.sha256(content).hexdigest() != sha256:
        raise Refused(f"佐证材料“{evidence.title}”的内容与登记的摘要不符，可能被改动。请查明。")
    return content


def linked(
    session: Session, kind: ObjectKind, code: str, at: AsOf, *, step: str = ""
) -> list[Evidence]:
    """The papers of an object (of one step, if given) as of a day and position, as received."""
    statement = select(Evidence).where(
        EvidenceLink.evidence_id == Evidence.id,
        EvidenceLink.object_kind == kind.value,
        EvidenceLink.object_code == code,
        col(EvidenceLink.entry_id) <= at.position,
        col(Evidence.received_on) <= at.day,
    )
    if step:
        statement = statement.where(EvidenceLink.step == step)
    found = session.exec(statement.order_by(col(Evidence.id))).all()
    return list({each.id: each for each in found}.values())


def declare_gap(
    written: Entry,
    kind: ObjectKind,
    code: str,
    *,
    missing: str,
    reason: str,
    vouched_by: str,
    on: date,
) -> DeclaredGap:
    """State in an open entry that a paper is missing, why, and who vouches for the fact.

    Raises:
        Refused: Which, why or who is left open.

    依据: 内部约定 (old assets enter with a declared gap instead of skipped checks)
    """
    if not (missing.strip() and reason.strip() and vouched_by.strip()):
        raise Refused("缺失声明必须写明缺什么、为什么缺、由谁证明。请补充。")
    return written.add(
        DeclaredGap(
            object_kind=kind.value,
            object_code=code,
            missing=missing,
            reason=reason,
            vouched_by=vouched_by,
            declared_on=on,
        )
    )


def gaps_of(session: Session, kind: ObjectKind, at: AsOf) -> dict[str, list[DeclaredGap]]:
    """Object code → declared gaps not since filled, for all objects of a kind."""
    rows = session.exec(
        select(DeclaredGap)
        .where(
            DeclaredGap.object_kind == kind.value,
            col(DeclaredGap.declared_on) <= at.day,
            col(DeclaredGap.entry_id) <= at.position,
        )
        .order_by(col(DeclaredGap.id))
    ).all()
    found: dict[str, list[DeclaredGap]] = defaultdict(list)
    for row in rows:
        found[row.object_code].append(row)
    return dict(found)


def missing_kinds(
    session: Session, kind: ObjectKind, code: str, step: str, at: AsOf
) -> list[EvidenceKind]:
    """The kinds a step requires that are neither linked to the object nor declared missing.

    依据: 内部约定 (the file lists of the district's procedure)
    """
    required = REQUIRED.get((kind, step), ())
    present = {evidence.kind for evidence in linked(session, kind, code, at)}
    declared = {gap.missing for gap in gaps_of(session, kind, at).get(code, [])}
    return [each for each in required if each not in present and each.label not in declared]


def require_papers(session: Session, kind: ObjectKind, code: str, step: str, on: date) -> None:
    """Refuse a step whose papers are not complete.

    Raises:
        PapersMissing: Lists them, and says how to declare a gap.
    """
    missing = missing_kinds(session, kind, code, step, AsOf(on))
    if missing:
        names = "、".join(each.label for each in missing)
        raise PapersMissing(
            f"{kind.label}{code}缺少{names}，不能办理。请先归档，或按缺失资料声明（写明原因和证明人）。"
        )


def _keep_content(session: Session, sha256: str, content: bytes, *, sealed: bool) -> None:
    if session.get(EvidenceContent, sha256) is not None:
        return
    if sealed:
        content = vault_of(session).seal(session, _owner(sha256), content)
    session.add(EvidenceContent(sha256=sha256, content=content))


def _owner(sha256: str) -> str:
    return f"evidence:{sha256}"


def vault_of(session: Session) -> Vault:
    """The keys this session may seal and open with.

    Raises:
        MissingTool: The session was opened without a key file.
    """
    vault = session.info.get("vault")
    if vault is None and "desk" in session.info:
        vault = desk_of(session).vault
    if vault is None:
        raise MissingTool("没有密钥文件，无法读写密封件。请用 FUPIN_KEY_FILE 指明 fupin.key。")
    assert isinstance(vault, Vault)
    return vault
