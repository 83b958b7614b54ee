"""How is a book copied safely? Online backup, restore into an empty place, and proof of both.

SQLite uses its online backup; PostgreSQL ``pg_dump`` and ``pg_restore``. Keys are never part of a
backup. After either the log is verified in the copy.
"""

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from sqlalchemy.engine import URL, make_url

from assets.errors import MissingTool, Refused, UnsafeDatabase
from assets.trail.verify import verify
from ledger.database import existing_book, open_session


def backup(url: str, out: Path) -> Path:
    """Copy the book to a new file and verify the copy; an existing file is never overwritten.

    Raises:
        Refused: The file exists, or the copy does not verify.

    依据: 内部约定 (a copy is worth what its verification says)
    """
    if out.exists():
        raise Refused(f"备份文件 {out} 已存在，未作改动。请换一个文件名。")
    out.parent.mkdir(parents=True, exist_ok=True)
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        _copy_sqlite(Path(address.database or ""), out)
        _require_clean(f"sqlite:///{out}")
    else:
        _run_tool(["pg_dump", "--format=custom", f"--file={out}"], address)
    return out


def restore(file: Path, url: str) -> int:
    """Put a backup into an empty place; returns the number of entries after verification.

    Raises:
        UnsafeDatabase: There is a book already.
        Refused: There is no such file, or it holds no book.

    依据: 内部约定 (a restored book is verified before use)
    """
    if not file.is_file():
        raise Refused(f"找不到备份文件 {file}。")
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        target = Path(address.database or "")
        if target.exists():
            raise UnsafeDatabase(f"{target} 已存在，未作改动。请恢复到一个新文件。")
        target.parent.mkdir(parents=True, exist_ok=True)
        _copy_sqlite(file, target)
    else:
        if existing_book(url):
            raise UnsafeDatabase("该数据库已有账本，未作改动。请恢复到一个新建的空数据库。")
        _run_tool(["pg_restore", "--no-owner", "--single-transaction", str(file)], address)
    return _require_clean(url)


def _copy_sqlite(source: Path, target: Path) -> None:
    if not source.is_file():
        raise Refused(f"找不到账本文件 {source}。")
    with (
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as reading,
        closing(sqlite3.connect(target)) as writing,
    ):
        try:
            reading.backup(writing)
        except sqlite3.DatabaseError as error:
            target.unlink(missing_ok=True)
            raise Refused(f"{source} 不是账本文件，未恢复。请核对文件。") from error


def _run_tool(command: list[str], address: URL) -> None:
    if shutil.which(command[0]) is None:
        raise MissingTool(f"缺少 {command[0]}。请执行 apt-get install postgresql-client。")
    surroundings = dict(os.environ)
    if address.password:  # not among the arguments, which everybody on the machine can read
        surroundings["PGPASSWORD"] = str(address.password)
    plain = address.set(drivername="postgresql", password=None).render_as_string()
    done = subprocess.run(
        [*command, f"--dbname={plain}"], capture_output=True, text=True, env=surroundings
    )
    if done.returncode:
        raise Refused(f"{command[0]} 未成功：{done.stderr.strip().splitlines()[-1]}")


def _require_clean(url: str) -> int:
    session = open_session(url)
    try:
        verdict = verify(session)
    finally:
        session.close()
    if not verdict.is_clean:
        first = verdict.faults[0]
        raise Refused(f"副本核验不一致：表{first.table}第{first.entry_id}号记录，{first.message}。")
    return verdict.size
