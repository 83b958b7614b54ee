"""The temporary PostgreSQL is private to its test process and leaves nothing behind."""

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psycopg
import pytest

from tests.cluster import Cluster, temporary_cluster


def test_it_listens_on_nothing_but_its_own_socket(cluster: Cluster) -> None:
    with cluster.connect("postgres") as connection:
        shown = connection.execute("SHOW listen_addresses").fetchone()
    assert shown == ("",)


def test_texts_are_utf8_and_ordered_by_code_point(cluster: Cluster) -> None:
    with cluster.connect("postgres") as connection:
        row = connection.execute(
            "SELECT pg_encoding_to_char(encoding), datcollate FROM pg_database"
            " WHERE datname = 'template0'"
        ).fetchone()
    assert row == ("UTF8", "C.UTF-8")


def test_a_copy_of_a_template_is_a_database_of_its_own(cluster: Cluster) -> None:
    template = cluster.create()
    with cluster.connect(template) as connection:
        connection.execute("CREATE TABLE village (title TEXT)")
        connection.execute("INSERT INTO village VALUES ('黄塱村')")
    copy = cluster.create(template)
    with cluster.connect(copy) as connection:
        connection.execute("DELETE FROM village")
    with cluster.connect(template) as connection:
        assert connection.execute("SELECT title FROM village").fetchall() == [("黄塱村",)]
    cluster.drop(copy)
    with pytest.raises(psycopg.OperationalError):
        cluster.connect(copy)
    cluster.drop(template)


def test_nothing_is_left_when_it_ends(postgresql: Path) -> None:
    with temporary_cluster(postgresql) as second:
        pid = int((second.folder / "data" / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, 0)
    assert not second.folder.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_it_dies_with_a_test_process_that_is_killed(postgresql: Path) -> None:
    script = """
        import os
        from tests.cluster import binaries, temporary_cluster
        with temporary_cluster(binaries()) as running:
            pid = (running.folder / "data" / "postmaster.pid").read_text().splitlines()[0]
            print(pid, running.folder, flush=True)
            os.kill(os.getpid(), 9)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
    )
    pid, folder = done.stdout.split()
    for _ in range(600):
        if not (Path(folder) / "data" / "postmaster.pid").exists():
            break
        time.sleep(0.05)
    else:
        pytest.fail(f"PostgreSQL {pid} goes on without its tests")
    subprocess.run(["rm", "-rf", folder], check=True)
