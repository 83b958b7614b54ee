"""Was anything in this auditor's pack changed? Checked here without the program that made it.

python verify_pack.py [FOLDER] [--key KEY]      (Python 3.11 and `cryptography`)
FOLDER is the pack (default: the folder above this file), KEY the public key from outside.
Exit 0: nothing found, 1: problems, each with the file it is in.
"""

import argparse
import base64
import hashlib
import importlib.util
import sqlite3
import sys
from pathlib import Path
from typing import Any

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:
    sys.exit("缺少 cryptography。请先执行 python -m pip install cryptography，再重新核验。")

SUMS, SIGNED, BOOK, NOTE = "SHA256SUMS", "SHA256SUMS.note", "账本/book.sqlite", "账本/检查点.txt"
BAD = (sqlite3.Error, InvalidSignature, ValueError, TypeError, LookupError, OSError)


def digest_of(path: Path) -> str:
    """SHA-256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def check_files(folder: Path, found: list[str]) -> int:
    """Compare every file with the list; files that are missing or not on it are named too."""
    listed = {}
    for line in (folder / SUMS).read_text("utf-8").splitlines():
        digest, _, name = line.partition("  ")
        listed[name] = digest
    for name, digest in listed.items():
        path = folder / name
        if not path.is_file():
            found.append(f"文件 {name}：缺失")
        elif digest_of(path) != digest:
            found.append(f"文件 {name}：内容与清单不符，被改动")
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    strays = (name for name in there - set(listed) - {SUMS, SIGNED} if "__pycache__" not in name)
    found += [f"文件 {name}：不在清单上" for name in sorted(strays)]
    return len(listed)


def check_signature(folder: Path, key: bytes) -> None:
    """Refuse a list that is not the one the book's key has signed, or a note spelt otherwise."""
    note = (folder / SIGNED).read_bytes()
    text, blank, lines = note.decode().rpartition("\n\n")
    if not blank or base64.b64decode(text.split("\n")[2]).hex() != digest_of(folder / SUMS):
        raise ValueError(f"文件 {SUMS}：与签名所记摘要不符，被改动")
    name, signed = lines.split(" ")[1], base64.b64decode(lines.split(" ")[2])
    if signed[:4] != hashlib.sha256(name.encode() + b"\n\x01" + key).digest()[:4]:
        raise ValueError(f"文件 {SIGNED}：没有账本密钥的签名")
    Ed25519PublicKey.from_public_bytes(key).verify(signed[4:], f"{text}\n".encode())
    # base64 and line ends can be spelt in several ways; only the one that was written is right.
    if f"{text}\n\n— {name} {base64.b64encode(signed).decode()}\n".encode() != note:
        raise ValueError(f"文件 {SIGNED}：写法与出具时不符，被改动")


def book_verifier() -> Any:
    """The verifier of the book, which lies beside this file."""
    path = Path(__file__).with_name("verify_book.py")
    spec = importlib.util.spec_from_file_location("verify_book", path)
    if spec is None or spec.loader is None:
        raise OSError(f"找不到 {path}")
    module = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode = True
    spec.loader.exec_module(module)
    return module


def check(folder: Path, key: str, found: list[str]) -> str:
    """Run all checks; returns the closing line."""
    count = check_files(folder, found)
    book = sqlite3.connect(f"{(folder / BOOK).resolve().as_uri()}?mode=ro", uri=True)
    book.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    own = book.execute("SELECT public_key FROM book_record").fetchone()[0]
    try:
        check_signature(folder, base64.b64decode((key or own).strip()[-44:])[-32:])
    except BAD as error:
        found.append(str(error) or f"文件 {SIGNED}：签名与正文不符，被改动")
    note = (folder / NOTE).read_text("utf-8-sig")
    problems = list[str]()
    closing = book_verifier().check(book, note, key, problems)
    found += [f"账本：{line}" for line in problems]
    return f"共 {count} 个文件；账本{closing}"


if __name__ == "__main__":
    reader = argparse.ArgumentParser(description="独立核验审计数据包")
    reader.add_argument("folder", type=Path, nargs="?", default=Path(__file__).parents[1])
    reader.add_argument("--key", default="", help="账本之外取得的公钥；不给则用账本自记的公钥")
    given, found, closing = reader.parse_args(), list[str](), "核验未能完成"
    try:
        closing = check(given.folder, given.key, found)
    except BAD as error:
        found.append(f"读不下去：{error!r}")
    print(*[f"问题：{line}" for line in found], f"{closing}，发现 {len(found)} 处问题。", sep="\n")
    if not given.key:
        print("提示：公钥取自包内账本；要查出整包重做，须给出账本之外取得的公钥。", file=sys.stderr)
    sys.exit(bool(found))
