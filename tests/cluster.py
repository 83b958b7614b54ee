"""Where do the tests get a PostgreSQL from? A cluster of their own, thrown away afterwards.

It listens on a socket in its own folder and on nothing else, belongs to an unprivileged user
(PostgreSQL refuses root), and dies with the test process, also when that one is killed.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

# What a machine crash would lose does not matter here: the cluster never outlives its tests.
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_wal_size=4GB")
START_SECONDS = 60


def binaries() -> Path | None:
    """The folder of the newest PostgreSQL server on this machine, or None."""
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(versions, key=lambda path: int(path.parts[4].split(".")[0]), default=None)
    if newest is not None:
        return newest.parent
    found = shutil.which("postgres")
    return Path(found).resolve().parent if found else None


def owner() -> str | None:
    """The user a cluster is run as: ``postgres`` for root, for anybody else themselves."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


class Cluster:
    """A running PostgreSQL: databases are made and dropped in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._made = 0

    def url(self, database: str) -> str:
        """The address of one of its databases, for ``FUPIN_DATABASE``."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"

    def create(self, template: str = "template0") -> str:
        """A new database, a copy of ``template``; its name."""
        self._made += 1
        name = f"book_{self._made}"
        # Without fsync copying files is quicker than writing every page to the log.
        self._run("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", name, template)
        return name

    def drop(self, database: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", database)

    def _run(self, statement: str, *names: str) -> None:
        with self.connect("postgres") as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def connect(self, database: str) -> psycopg.Connection[tuple[object, ...]]:
        """A connection outside the program, in autocommit: for tampering and for looking."""
        return psycopg.connect(
            host=str(self.folder), user="postgres", dbname=database, autocommit=True
        )


@contextmanager
def temporary_cluster(server: Path, *settings: str) -> Iterator[Cluster]:
    """Run a cluster with the programs in ``server``; gone when the block ends.

    ``settings`` are ``name=value`` and default to `FAST`.
    """
    # Not below pytest's own folder: that is closed to other users.
    folder = Path(tempfile.mkdtemp(prefix="fupin-postgresql-"))
    user = owner()
    if user:
        shutil.chown(folder, user)
    data = folder / "data"
    try:
        _initialise(server, data, user)
        process = _start(server, data, user, settings or FAST)
        try:
            cluster = Cluster(folder)
            _await(cluster, process, data)
            yield cluster
        finally:
            # SIGINT is PostgreSQL's fast shutdown: clients are cut off, files left in order.
            process.send_signal(signal.SIGINT)
            try:
                process.wait(timeout=START_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _initialise(server: Path, data: Path, user: str | None) -> None:
    command = [str(server / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust"]
    command += ["--locale=C.UTF-8", "-E", "UTF8", "--no-sync"]
    done = subprocess.run(
        command,
        user=user,
        group=user and _group(user),
        extra_groups=[] if user else None,
        cwd="/",
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"initdb: {done.stdout}{done.stderr}")


def _start(
    server: Path, data: Path, user: str | None, settings: tuple[str, ...]
) -> subprocess.Popen[bytes]:
    command = [str(server / "postgres"), "-D", str(data), "-k", str(data.parent)]
    for setting in ("listen_addresses=", "max_connections=60", *settings):
        command += ["-c", setting]
    setpriv = shutil.which("setpriv")
    if setpriv:  # stopped by the kernel when this process dies, however it dies
        command = [setpriv, "--pdeathsig", "INT", "--", *command]
    with (data.parent / "log").open("wb") as log:
        # A session of its own: Ctrl-C stops the tests first, and they stop the cluster.
        return subprocess.Popen(
            command,
            user=user,
            group=user and _group(user),
            extra_groups=[] if user else None,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _group(user: str) -> int:
    return pwd.getpwnam(user).pw_gid


def _await(cluster: Cluster, process: subprocess.Popen[bytes], data: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            cluster.connect("postgres").close()
        except psycopg.OperationalError as refused:
            if process.poll() is not None or time.monotonic() > deadline:
                log = (data.parent / "log").read_text(encoding="utf-8", errors="replace")
                raise RuntimeError(f"PostgreSQL did not start: {log}") from refused
            time.sleep(0.05)
        else:
            return
