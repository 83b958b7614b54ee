"""Is everything the program reads inside its wheel?"""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.walking import copy_of

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def tracked(*folders: str) -> set[str]:
    listed = subprocess.run(
        ["git", "ls-files", *folders], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return set(listed.stdout.splitlines())


def test_every_file_of_the_packages_is_in_the_wheel(unpacked: Path) -> None:
    inside = {str(path.relative_to(unpacked)) for path in unpacked.rglob("*") if path.is_file()}
    assert tracked("assets", "ledger", "reports", "fixtures", "cli.py") <= inside


def test_the_program_of_the_wheel_makes_a_pack_that_its_verifier_accepts(
    unpacked: Path, small_walk: Path, tmp_path: Path
) -> None:
    copy_of(small_walk, tmp_path)
    program = (
        "import cli, sys\n"
        f"assert cli.__file__.startswith({str(unpacked)!r}), cli.__file__\n"
        "sys.exit(cli.run(sys.argv[1:]))\n"
    )
    words = ["pack", "--year", "2019", "--out", "包", "--no-papers", "--on", "2021-03-31"]
    done = subprocess.run(
        [sys.executable, "-c", program, *words, "--actor", "R0185"],
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": str(unpacked),
            "FUPIN_DATABASE": f"sqlite:///{tmp_path / 'fupin.db'}",
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    (verifier,) = (tmp_path / "包").rglob("verify_pack.py")
    checked = subprocess.run(
        [sys.executable, str(verifier), str(tmp_path / "包")], capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
