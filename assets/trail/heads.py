"""When is the head of the log signed? Checkpoints at closes, batches, issued papers, on demand."""

import base64

from sqlmodel import Session, col, select

from assets.errors import MissingTool
from assets.models.trail import BookRecord, Checkpoint, LogHead
from assets.trail import checkpoint as notes
from assets.trail.log import Entry, desk_of
from assets.trail.merkle import Frontier


def cut(session: Session, written: Entry, purpose: str) -> Checkpoint:
    """Sign the head as it was before this entry and store it with this entry (检查点).

    Raises:
        MissingTool: The desk has no signing key.

    依据: 内部约定 (what a printed root covers can be proved later)
    """
    desk = desk_of(session)
    if desk.signing_key is None:
        raise MissingTool("缺少签名密钥文件 signing.pem，不能出具检查点。请放回密钥文件后重试。")
    head = session.get(LogHead, 1)
    assert head is not None and head.size == written.id - 1, "the head is this entry's predecessor"
    frontier = Frontier.from_json(head.frontier)
    origin = session.exec(select(BookRecord.origin)).one()
    note = notes.sign(origin, head.size, frontier.root(), desk.signing_key, desk.signer)
    return written.add(Checkpoint(size=head.size, root=frontier.root(), note=note, purpose=purpose))


def current_head(session: Session) -> tuple[int, bytes]:
    """Size and root of the log now."""
    head = session.get(LogHead, 1)
    if head is None:
        return 0, Frontier(0, []).root()
    return head.size, Frontier.from_json(head.frontier).root()


def latest(session: Session) -> Checkpoint | None:
    """The newest stored checkpoint."""
    return session.exec(
        select(Checkpoint).order_by(col(Checkpoint.size).desc(), col(Checkpoint.id).desc()).limit(1)
    ).first()


def public_key_text(raw: bytes) -> str:
    """A raw Ed25519 public key as base64 for the book record."""
    return base64.b64encode(raw).decode()
