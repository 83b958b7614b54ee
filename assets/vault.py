"""How is personal data kept from eyes? Envelopes of AES-256-GCM and keyed look-up hashes.

This file encrypts without knowing what. One data key per owner, wrapped by the key in the key
file (``FUPIN_KEY_FILE``, mode 0600, apart from the database and its backups). Losing the key file
loses names and numbers, never amounts or the log; erasing a data key erases what it sealed.
"""

import hashlib
import hmac
import os
import stat
from collections.abc import Callable, Iterable
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import insert
from sqlmodel import Session, col, select

from assets.errors import MissingTool, Refused
from assets.models.parties import DataKey

KEY_BYTES = 32
NONCE_BYTES = 12
OWNERS_AT_ONCE = 10_000


class SealBroken(Refused):
    """An envelope cannot be opened: key erased, key file wrong, or ciphertext changed."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"个人信息密封件无法打开：{reason}。")


class Vault:
    """The key file's key, split by purpose: wrapping of data keys and look-up hashes."""

    def __init__(self, key: bytes, entropy: Callable[[int], bytes]) -> None:
        assert len(key) == KEY_BYTES, "the key file holds 32 bytes"
        self._wrapping = hmac.digest(key, b"fupin wrapping key", hashlib.sha256)
        self._index = hmac.digest(key, b"fupin index key", hashlib.sha256)
        self._entropy = entropy
        self._opened: dict[str, bytes] = {}

    def lookup_hash(self, kind: str, text: str) -> str:
        """HMAC-SHA-256 of a normalised number or name, as hex; kinds never collide.

        依据: 内部约定 (a number can be found without being stored)
        """
        return hmac.digest(self._index, f"{kind}\x1f{text}".encode(), hashlib.sha256).hex()

    def seal(self, session: Session, owner: str, plaintext: bytes) -> bytes:
        """Seal bytes under the owner's data key: nonce ‖ ciphertext; makes the key if new.

        依据: 个人信息保护法 (minimum exposure of sensitive data)
        """
        key = self._data_key(session, owner, create=True)
        nonce = self._entropy(NONCE_BYTES)
        return nonce + AESGCM(key).encrypt(nonce, plaintext, owner.encode())

    def prepare(self, session: Session, owners: Iterable[str]) -> None:
        """Have the data keys of many owners at hand before sealing: made together where new.

        依据: 内部约定 (a list of thousands is sealed without a query for each household)
        """
        missing = sorted(set(owners) - set(self._opened))
        for start in range(0, len(missing), OWNERS_AT_ONCE):
            part = missing[start : start + OWNERS_AT_ONCE]
            rows = session.exec(select(DataKey).where(col(DataKey.owner).in_(part))).all()
            self._opened.update({row.owner: self._unwrap(row.owner, row.wrapped) for row in rows})
            fresh = {owner: self._entropy(KEY_BYTES) for owner in part if owner not in self._opened}
            if fresh:
                session.execute(
                    insert(DataKey.__table__),  # type: ignore[attr-defined]
                    [
                        {
                            "owner": owner,
                            "wrapped": self._wrap(owner, key),
                            "key_version": 1,
                            "restricted": False,
                        }
                        for owner, key in fresh.items()
                    ],
                )
                self._opened.update(fresh)

    def open(self, session: Session, owner: str, envelope: bytes) -> bytes:
        """Open an envelope of that owner.

        Raises:
            SealBroken: The data key was erased, the key file is another one, or bytes changed.
        """
        key = self._data_key(session, owner, create=False)
        try:
            return AESGCM(key).decrypt(
                envelope[:NONCE_BYTES], envelope[NONCE_BYTES:], owner.encode()
            )
        except InvalidTag as error:
            raise SealBroken("密钥文件不符或密文被改动") from error

    def erase(self, session: Session, owner: str) -> None:
        """Delete the owner's data key; what it sealed can never be read again.

        依据: 个人信息保护法 (deletion); the caller logs ``erased``
        """
        row = session.get(DataKey, owner)
        if row is not None:
            session.delete(row)
            session.flush()
        self._opened.pop(owner, None)

    def forget(self) -> None:
        """Drop opened keys from memory (after a rollback they may not exist)."""
        self._opened.clear()

    def _data_key(self, session: Session, owner: str, *, create: bool) -> bytes:
        if owner in self._opened:
            return self._opened[owner]
        row = session.get(DataKey, owner)
        if row is None:
            if not create:
                raise SealBroken("已依法删除")
            key = self._entropy(KEY_BYTES)
            session.add(DataKey(owner=owner, wrapped=self._wrap(owner, key), key_version=1))
        else:
            key = self._unwrap(owner, row.wrapped)
        self._opened[owner] = key
        return key

    def _wrap(self, owner: str, key: bytes) -> bytes:
        nonce = self._entropy(NONCE_BYTES)
        return nonce + AESGCM(self._wrapping).encrypt(nonce, key, owner.encode())

    def _unwrap(self, owner: str, wrapped: bytes) -> bytes:
        try:
            return AESGCM(self._wrapping).decrypt(
                wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], owner.encode()
            )
        except InvalidTag as error:
            raise SealBroken("密钥文件与本账本不符，请使用本账本的 fupin.key") from error


def create_key_file(path: Path, entropy: Callable[[int], bytes]) -> bytes:
    """Write a new key file (0600, hex) and return its key; an existing file is never replaced.

    依据: 内部约定 (the key is kept and backed up apart from the database)
    """
    key = entropy(KEY_BYTES)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(key.hex() + "\n")
    return key


def read_key_file(path: Path) -> bytes:
    """The key of a key file.

    Raises:
        MissingTool: No such file, readable by others, or not 32 bytes of hex.
    """
    if not path.exists():
        raise MissingTool(
            f"找不到密钥文件 {path}。请把备份的 fupin.key 放回，或用 FUPIN_KEY_FILE 指明。"
        )
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise MissingTool(f"密钥文件 {path} 可被他人读取。请执行 chmod 600 {path}。")
    try:
        key = bytes.fromhex(path.read_text().strip())
    except ValueError as error:
        raise MissingTool(f"密钥文件 {path} 已损坏。请用备份恢复。") from error
    if len(key) != KEY_BYTES:
        raise MissingTool(f"密钥文件 {path} 长度不对。请用备份恢复。")
    return key
