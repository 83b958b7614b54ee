"""Who vouches for the log as it stood, in a form that can be printed, posted and checked elsewhere?

A checkpoint is the C2SP tlog-checkpoint text (origin, size, root) as a C2SP signed note: Ed25519
lines of the book's own key and of any number of co-signers below the same text. A checkpoint in
other hands is what makes the log trustworthy: its owner can rewrite the file, not the copies.
The root it names is computed in ``merkle``; private keys lie in files apart from the database.
"""

import base64
import binascii
import os
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from assets.errors import InvalidValue, Refused
from assets.trail.merkle import HASH_BYTES

_ED25519 = b"\x01"
_SIGNATURE_MARK = "— "
_KEY_ID_BYTES = 4
_SIGNATURE_BYTES = 64
_NOTE_CHARACTERS_MAX = 65_536
_SIGNATURES_MAX = 64
_SIZE_MAX = 2**63 - 1


class BadCheckpoint(Refused):
    """A note is not a checkpoint, or not signed by whom it should be (存证无效)."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"存证无效：{reason}。请核对存证文件是否完整、是否出自本账套。")


class BadKeyFile(Refused):
    """A key file cannot be made or used (密钥文件不可用)."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"密钥文件“{path}”不可用：{reason}")


@dataclass(frozen=True)
class Signature:
    """One signature line: who says to have signed, the key's first four bytes, 64 bytes."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True)
class Checkpoint:
    """What a note says: ``size`` entries of the log ``origin`` hash to ``root`` (32 bytes).

    ``text`` is what is signed, with its last line break; ``extensions`` are further lines.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...]
    text: str
    signatures: tuple[Signature, ...]


def sign(origin: str, size: int, root: bytes, private_key: Ed25519PrivateKey, name: str) -> str:
    """A signed note over the state of a log; ends with the signature line's line break.

    Raises:
        BadCheckpoint: The origin or the key name cannot stand in a note.

    依据: 内部约定 (C2SP tlog-checkpoint and signed-note, so that other programs can check it)
    """
    assert len(root) == HASH_BYTES and 0 <= size <= _SIZE_MAX
    text = f"{origin}\n{size}\n{_base64(root)}\n"
    _refuse_odd_characters(text)
    note = f"{text}\n{_signature_line(text, private_key, name)}"
    read = parse(note)
    # An origin with line breaks would put another size or root where the reader looks for it.
    if (read.origin, read.size, read.root) != (origin, size, root):
        raise BadCheckpoint("账套标识只能是一行文字")
    return note


def cosign(note: str, private_key: Ed25519PrivateKey, name: str) -> str:
    """The same note with one more signature line below; nothing above it changes.

    Raises:
        BadCheckpoint: The note is none, or this key has signed it already.

    依据: 内部约定 (a witness outside the office is what the book's owner cannot replace)
    """
    checkpoint = parse(note)
    key_id = key_id_of(name, private_key.public_key())
    if any(line.key_id == key_id and line.name == name for line in checkpoint.signatures):
        raise BadCheckpoint(f"“{name}”已在这份存证上签名，不能重复签名")
    cosigned = note + _signature_line(checkpoint.text, private_key, name)
    parse(cosigned)
    return cosigned


def parse(note: str) -> Checkpoint:
    """Read a note without judging its signatures.

    Raises:
        BadCheckpoint: The text is not exactly a signed checkpoint.

    依据: 内部约定 (C2SP; strict, so that one state has one text)
    """
    _refuse_odd_characters(note)
    # The last blank line parts text and signatures; an extension line is never empty.
    text, blank, signed = note.rpartition("\n\n")
    if not blank or not signed.endswith("\n"):
        raise BadCheckpoint("缺少正文与签名之间的空行，或末行没有换行")
    origin, size, root, extensions = _parse_text(text)
    lines = signed[:-1].split("\n")
    if len(lines) > _SIGNATURES_MAX:
        raise BadCheckpoint("签名过多")
    signatures = tuple(_parse_signature(line) for line in lines)
    return Checkpoint(origin, size, root, extensions, text + "\n", signatures)


def verify(note: str, public_key: Ed25519PublicKey, name: str | None = None) -> Checkpoint:
    """Read a note and require the signature of this key (under this name, if one is given).

    Lines of other keys are passed over: they are for those who know these keys.

    Raises:
        BadCheckpoint: Not a note, not signed by this key, or a wrong signature in its name.

    依据: 内部约定 (C2SP signed-note)
    """
    checkpoint = parse(note)
    mine = [
        line
        for line in checkpoint.signatures
        if name in (None, line.name) and line.key_id == key_id_of(line.name, public_key)
    ]
    if not mine:
        raise BadCheckpoint("没有所查密钥的签名")
    for line in mine:
        try:
            public_key.verify(line.signature, checkpoint.text.encode())
        except InvalidSignature as error:
            raise BadCheckpoint(f"“{line.name}”的签名与正文不符") from error
    return checkpoint


def cosigners(note: str, known: Sequence[str]) -> list[str]:
    """The names among the verifier keys ``known`` whose signature on this note is right.

    Raises:
        BadCheckpoint: Not a note, or a wrong signature in the name of a known key.
        InvalidValue: A text in ``known`` is not a verifier key.

    依据: 内部约定 (C2SP signed-note)
    """
    checkpoint = parse(note)
    found = []
    for text in known:
        name, public_key = parse_verifier_key(text)
        key_id = key_id_of(name, public_key)
        if any(line.name == name and line.key_id == key_id for line in checkpoint.signatures):
            verify(note, public_key, name)
            found.append(name)
    return found


def read_note(path: Path) -> str:
    """The text of a note file; a byte-order mark and Windows line ends are forgiven.

    What is forgiven is not signed: the signature is checked on the text as it was signed.

    Raises:
        BadCheckpoint: The file is not there or not text.

    依据: 内部约定 (notes travel by mail and through Windows editors)
    """
    try:
        raw = path.read_bytes()
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise BadCheckpoint(f"文件“{path}”读不出") from error


def key_id_of(name: str, public_key: Ed25519PublicKey) -> bytes:
    """The first four bytes of SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key).

    依据: 内部约定 (C2SP signed-note, type 0x01 = Ed25519)
    """
    named = name.encode() + b"\n" + _ED25519 + public_key.public_bytes_raw()
    return sha256(named).digest()[:_KEY_ID_BYTES]


def verifier_key(name: str, public_key: Ed25519PublicKey) -> str:
    """The public key as one line for an auditor: name+keyid+base64.

    依据: 内部约定 (C2SP signed-note)
    """
    _require_name(name)
    encoded = _base64(_ED25519 + public_key.public_bytes_raw())
    return f"{name}+{key_id_of(name, public_key).hex()}+{encoded}"


def parse_verifier_key(text: str) -> tuple[str, Ed25519PublicKey]:
    """The name and the key of a verifier key line.

    Raises:
        InvalidValue: The line is damaged; the middle part is there to show it.

    依据: 内部约定 (C2SP signed-note)
    """
    match = re.fullmatch(r"([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)", text.strip())
    raw = _unbase64(match[3]) if match else None
    if match is None or raw is None or len(raw) != 33 or not raw.startswith(_ED25519):
        raise InvalidValue(f"“{text}”不是验证公钥，应为“名称+8位编号+公钥”一行。")
    try:
        public_key = Ed25519PublicKey.from_public_bytes(raw[1:])
        matches = key_id_of(match[1], public_key).hex() == match[2]
    except ValueError as error:
        raise InvalidValue(f"“{text}”中的公钥无效。") from error
    if not matches:
        raise InvalidValue(f"验证公钥“{text}”的编号与内容不符，可能抄错，请重新取得。")
    return match[1], public_key


def create_key(path: Path, seed: bytes, passphrase: bytes | None = None) -> Ed25519PrivateKey:
    """Make a signing key from 32 random bytes and store it as PEM that only its owner can read.

    Raises:
        BadKeyFile: Something is there already (a key is never overwritten) or cannot be written.

    依据: 内部约定 (randomness enters at the edge, so that a demonstration can be repeated)
    """
    private_key = Ed25519PrivateKey.from_private_bytes(seed)
    lock: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase is not None:
        lock = serialization.BestAvailableEncryption(passphrase)
    pem = private_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock
    )
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise BadKeyFile(path, "文件已存在，不覆盖；请改用其他位置或先另行保存。") from error
    except OSError as error:
        raise BadKeyFile(path, "写不进去；请检查目录和权限。") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    return private_key


def load_key(path: Path, passphrase: bytes | None = None) -> Ed25519PrivateKey:
    """Read a signing key; a file that others can read is refused.

    Raises:
        BadKeyFile: Not there, readable by others, not an Ed25519 key, or a wrong passphrase.

    依据: 内部约定 (who can read the key can sign in the book's name)
    """
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        pem = path.read_bytes()
    except OSError as error:
        raise BadKeyFile(path, "读不出；请检查路径，或从单独保存的备份恢复。") from error
    if os.name == "posix" and mode & 0o077:
        raise BadKeyFile(path, f"其他用户可以读取；请执行 chmod 600 {path}。")
    try:
        private_key = serialization.load_pem_private_key(pem, passphrase)
    except (ValueError, TypeError) as error:
        raise BadKeyFile(path, "不是PEM私钥，或口令不对。") from error
    if not isinstance(private_key, Ed25519PrivateKey):
        raise BadKeyFile(path, "不是Ed25519密钥。")
    return private_key


def _refuse_odd_characters(note: str) -> None:
    if len(note) > _NOTE_CHARACTERS_MAX:
        raise BadCheckpoint("文件过长")
    if re.search(r"[\x00-\x09\x0b-\x1f\x7f\ud800-\udfff]", note):
        raise BadCheckpoint("含有控制字符或无效字符")


def _parse_text(text: str) -> tuple[str, int, bytes, tuple[str, ...]]:
    lines = text.split("\n")
    if len(lines) < 3 or not all(lines):
        raise BadCheckpoint("正文应有账套标识、记录数、根摘要三行")
    origin, size, root = lines[:3]
    if re.fullmatch("0|[1-9][0-9]{0,18}", size) is None or int(size) > _SIZE_MAX:
        raise BadCheckpoint("记录数不是整数")
    decoded = _unbase64(root)
    if decoded is None or len(decoded) != HASH_BYTES:
        raise BadCheckpoint("根摘要不是32字节的base64")
    return origin, int(size), decoded, tuple(lines[3:])


def _parse_signature(line: str) -> Signature:
    mark, name, encoded = line[:2], *_two(line[2:])
    raw = _unbase64(encoded)
    if mark != _SIGNATURE_MARK or raw is None or len(raw) != _KEY_ID_BYTES + _SIGNATURE_BYTES:
        raise BadCheckpoint("签名行应为“— 名称 签名”")
    _require_name(name)
    return Signature(name, raw[:_KEY_ID_BYTES], raw[_KEY_ID_BYTES:])


def _two(words: str) -> tuple[str, str]:
    name, _, encoded = words.partition(" ")
    return name, encoded


def _require_name(name: str) -> None:
    # Unicode knows more spaces than \s; a name that looks empty or double must not sign.
    if not name or "+" in name or any(each.isspace() or not each.isprintable() for each in name):
        raise BadCheckpoint("签名人名称不能为空，不能含空格或加号")


def _signature_line(text: str, private_key: Ed25519PrivateKey, name: str) -> str:
    _require_name(name)
    signed = key_id_of(name, private_key.public_key()) + private_key.sign(text.encode())
    return f"{_SIGNATURE_MARK}{name} {_base64(signed)}\n"


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _unbase64(text: str) -> bytes | None:
    """Decode canonical base64 only: the same bytes never have two spellings."""
    try:
        raw = base64.b64decode(text.encode(), validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if _base64(raw) == text else None
