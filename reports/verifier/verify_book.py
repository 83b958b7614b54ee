"""Was this book (an SQLite file) changed? Checked here without the program that wrote it.

python verify_book.py BOOK.sqlite [--note NOTE.txt] [--key KEY]      (Python 3.11, `cryptography`)
NOTE is a checkpoint and KEY the public key, both from outside. Exit 0: nothing found, 1: problems.
"""

import argparse
import base64
import hashlib
import json
import sqlite3
import struct
import sys
from itertools import groupby
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

BAD = (sqlite3.Error, struct.error, InvalidSignature, ValueError, TypeError, LookupError, OSError)
# Kind of column: how SQLite stores it and how JSON says it; every other kind is a whole number.
TEXT, FLAG = (str, str), (int, {0: False, 1: True}.get)
KINDS: Any = {"text": TEXT, "day": TEXT, "bytes": (bytes, bytes.hex), "flag": FLAG}
WHOLE = (int, lambda number: number if abs(number) < 2**53 else str(number))


def sha256(*parts: bytes) -> bytes:
    """SHA-256 over the parts one after the other."""
    return hashlib.sha256(b"".join(parts)).digest()


def text_row(columns: list[list[str]], row: Any) -> bytes:
    """Length, then RFC 8785 JSON (the names are ASCII); what is absent is left out."""
    facts = {}
    for (name, kind), value in zip(columns, row, strict=True):
        stored, said = KINDS.get(kind, WHOLE)
        if value is not None:  # a wrongly stored value becomes [], which no right row says
            facts[name] = said(value) if type(value) is stored else []
    text = json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    return len(text).to_bytes(4) + text


def levels_of(leaves: list[bytes]) -> list[list[bytes]]:
    """The full subtrees of the RFC 9162 tree, from the leaves upwards."""
    pairs = [sha256(b"\x01", *leaves[i - 1 : i + 1]) for i in range(1, len(leaves), 2)]
    return [leaves, *levels_of(pairs)] if pairs else [leaves]


def root_at(levels: list[list[bytes]], size: int) -> bytes:
    """The root over the first ``size`` leaves: the full subtrees it falls into, right to left."""
    root = b""
    for height, level in enumerate(levels):
        if size >> height & 1:
            peak = level[(size >> height) - 1]
            root = sha256(b"\x01", peak, root) if root else peak
    return root or sha256()


def check_log(book: sqlite3.Connection, found: list[str]) -> tuple[list[bytes], dict[Any, Any]]:
    """The leaves in order, and (table, entry) → number of rows and digest."""
    leaves, logged = list[bytes](), {}
    for entry, header, manifest, leaf in book.execute("SELECT * FROM log ORDER BY id"):
        leaves.append(sha256(b"\x00", *(len(p).to_bytes(4) + p for p in (header, manifest))))
        try:
            if not entry == len(leaves) == json.loads(header)["id"] or leaf != leaves[-1]:
                found.append(f"表 log 记录 {entry}：内容与叶摘要不符，或应为第 {len(leaves)} 号")
            for table, _version, rows, digest in json.loads(manifest):
                logged[table, entry] = (rows, digest)
        except BAD as error:
            found.append(f"表 log 记录 {entry}：读不出（{error!r}）")
    return leaves, logged


def check_table(book: Any, table: str, shape: Any, logged: Any, found: list[str]) -> None:
    """Encode every row of one table again; what the log says is taken out once it is found."""
    names = [name for name, _ in shape["columns"]]
    packed, place = struct.Struct(f">{len(names)}q").pack, names.index("entry_id")
    kind = book.execute("SELECT type FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    if kind != ("table",) or names != [c[1] for c in book.execute(f"PRAGMA table_info([{table}])")]:
        found.append(f"表 {table}：结构与账本所记不符")
    rows = book.execute(f"SELECT [{'],['.join(names)}] FROM [{table}] ORDER BY entry_id, id")
    for entry, group in groupby(rows, key=lambda row: row[place]):
        digest, count, why = hashlib.sha256(), 0, ""
        for count, row in enumerate(group, start=1):
            try:
                digest.update(packed(*row) if shape["packed"] else text_row(shape["columns"], row))
            except BAD as error:
                why = f"，第 {count} 行：{error!r}"
        due, said = logged.pop((table, entry), (0, ""))
        if (due, said, "") != (count, digest.hexdigest(), why):
            found.append(f"表 {table} 记录 {entry}：与日志不符，应 {due} 行有 {count} 行{why}")


def check_note(note: str, origin: str, key: bytes, levels: list[list[bytes]]) -> None:
    """Refuse a checkpoint with which the book does not agree or which its key has not signed."""
    text, _, lines = note.rpartition("\n\n")
    named, size, root = text.split("\n")[:3]
    if named != origin or not 0 <= int(size) <= len(levels[0]):
        raise ValueError(f"记 {named!r} {size} 条，此账本 {origin!r} {len(levels[0])} 条")
    if base64.b64decode(root) != root_at(levels, int(size)):
        raise ValueError(f"前 {size} 条记录与检查点不符，账本被改写")
    for _, name, encoded in (line.split(" ") for line in lines.splitlines()):
        signed = base64.b64decode(encoded)
        if signed[:4] == sha256(name.encode(), b"\n\x01", key)[:4]:
            return Ed25519PublicKey.from_public_bytes(key).verify(signed[4:], f"{text}\n".encode())
    raise ValueError("没有账本密钥的签名")


def check(book: sqlite3.Connection, note: str, key: str, found: list[str]) -> str:
    """Run all checks; returns the closing line."""
    found += [f"文件：{row[0]}" for row in book.execute("PRAGMA integrity_check") if row[0] != "ok"]
    leaves, logged = check_log(book, found)
    newest = "SELECT descriptor, guards FROM schema_version ORDER BY entry_id DESC"
    shapes, guards = map(json.loads, book.execute(newest).fetchone())
    for table, shape in shapes.items():
        try:
            check_table(book, table, shape, logged, found)
        except BAD as error:
            found.append(f"表 {table}：读不下去（{error!r}）")
    found += [f"表 {table} 记录 {entry}：整批缺失" for table, entry in logged]
    live = {row[0] for row in book.execute("SELECT name FROM sqlite_master WHERE type='trigger'")}
    found += [f"触发器 {name}：缺失" for name in guards if name not in live]
    origin, own_key = book.execute("SELECT origin, public_key FROM book_record").fetchone()
    raw_key, levels = base64.b64decode((key or own_key).strip()[-44:])[-32:], levels_of(leaves)
    stored = book.execute("SELECT '表 checkpoint 记录 ' || entry_id, note FROM checkpoint")
    for where, text in [*stored, *([("外部存证", note)] if note else [])]:
        try:
            check_note(text, origin, raw_key, levels)
        except BAD as error:
            found.append(f"{where}：{str(error) or '签名与正文不符'}")
    return f"共 {len(leaves)} 条记录，根摘要 {root_at(levels, len(leaves)).hex()}"


if __name__ == "__main__":
    reader = argparse.ArgumentParser(description="独立核验账本文件")
    reader.add_argument("book", type=Path, help="账本（SQLite 文件）")
    reader.add_argument("--note", type=Path, help="账本之外保存的存证（检查点）文件")
    reader.add_argument("--key", default="", help="账本之外取得的公钥；不给则用账本自记的公钥")
    given, found, closing = reader.parse_args(), list[str](), "核验未能完成"
    try:
        book = sqlite3.connect(f"{given.book.resolve().as_uri()}?mode=ro", uri=True)
        book.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
        closing = check(book, given.note and given.note.read_text("utf-8-sig"), given.key, found)
    except BAD as error:
        found.append(f"读不下去：{error!r}")
    print(*[f"问题：{line}" for line in found], f"{closing}，发现 {len(found)} 处问题。", sep="\n")
    if not (given.note and given.key):
        print("提示：要查出账本被整体重写，须给出账本之外的存证和公钥。", file=sys.stderr)
    sys.exit(bool(found))
