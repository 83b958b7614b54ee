"""Do `make setup` and `make test` do what they promise, on a machine where something is missing?

Each test works in a small tree of its own with the real scripts, a lock file of one package, and
a PATH that holds only what the test puts there.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NEEDED = "bash cat cut dirname echo env find flock grep mkdir mktemp mv rm sed sh tail touch xargs"
TOOLS = ("hledger", "ledger", "gcc", "pdftotext")
BACKEND = """
import pathlib, zipfile

def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    name = "fupin_ledger-1-py3-none-any.whl"
    info = "fupin_ledger-1.dist-info"
    with zipfile.ZipFile(pathlib.Path(wheel_directory, name), "w") as wheel:
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\\nName: fupin-ledger\\nVersion: 1\\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(f"{info}/RECORD", "")
    return name
"""
PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "fupin-ledger"
version = "1"
"""


class Machine:
    """A small tree with the real scripts, and the programs its PATH holds."""

    def __init__(self, folder: Path) -> None:
        self.tree, self.bin, self.calls = folder / "tree", folder / "bin", folder / "apt.log"
        shutil.copytree(ROOT / ".ci", self.tree / ".ci")
        shutil.copy(ROOT / "Makefile", self.tree)
        (self.tree / "backend.py").write_text(BACKEND)
        (self.tree / "pyproject.toml").write_text(PYPROJECT)
        self.bin.mkdir()
        for name in NEEDED.split():
            found = shutil.which(name)
            assert found, name
            (self.bin / name).symlink_to(found)
        for name in TOOLS:
            self.program(name, "exit 0")
        self.program("apt-get", f'echo "$*" >>{self.calls}')
        self.user(0)
        self.wheels = folder / "wheels"
        self.wheels.mkdir()
        self.lock(self.wheel("tiny"))

    def program(self, name: str, script: str) -> None:
        (self.bin / name).write_text(f"#!/bin/sh\n{script}\n")
        (self.bin / name).chmod(0o755)

    def user(self, uid: int) -> None:
        self.program("id", f"echo {uid}")

    def wheel(self, name: str) -> str:
        """A package of nothing; its line for the lock file."""
        path = self.wheels / f"{name}-1-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as wheel:
            about = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n"
            wheel.writestr(f"{name}-1.dist-info/METADATA", about)
            kind = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            wheel.writestr(f"{name}-1.dist-info/WHEEL", kind)
            wheel.writestr(f"{name}-1.dist-info/RECORD", "")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        return f"{name}==1 --hash=sha256:{digest}\n"

    def lock(self, run: str, dev: str = "") -> None:
        (self.tree / "requirements.lock").write_text(run)
        (self.tree / "requirements-dev.lock").write_text(run + dev)

    def run(self, *command: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run a script of the tree with nothing in the environment but what is said here."""
        pip = {
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.wheels),
            "PIP_CONFIG_FILE": os.devnull,
        }
        environment = {"PATH": str(self.bin), "HOME": str(self.tree), "PYTHON": sys.executable}
        return subprocess.run(
            [str(self.bin / "bash"), *command],
            cwd=self.tree,
            env={**environment, **pip, **settings},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )

    def setup(self, level: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return self.run(".ci/setup", level, **settings)

    @property
    def installed(self) -> set[str]:
        """What is in the tree's environment, apart from pip and setuptools."""
        found = self.tree.glob(".venv/lib/python*/site-packages/*.dist-info")
        names = {path.name.partition("-")[0] for path in found}
        return names - {"pip", "setuptools"}


@pytest.fixture
def machine(tmp_path: Path, tool: Callable[[str], str], postgresql: Path) -> Machine:
    assert postgresql, "the script looks for it where it is, not on the PATH"
    for name in TOOLS:
        tool(name)
    return Machine(tmp_path)


def test_a_plain_user_is_told_the_apt_line_and_nothing_is_built(machine: Machine) -> None:
    machine.user(1000)
    (machine.bin / "hledger").unlink()
    done = machine.setup("test")
    assert done.returncode == 1
    assert "apt-get install --yes --no-install-recommends hledger" in done.stderr
    assert not (machine.tree / ".venv").exists()
    assert not machine.calls.exists()


def test_root_installs_what_is_missing_and_the_second_time_nothing(machine: Machine) -> None:
    (machine.bin / "hledger").unlink()
    appears = f"cp {machine.bin}/ledger {machine.bin}/hledger"
    machine.program(
        "apt-get", f'echo "$*" >>{machine.calls}; case $* in *install*) {appears};; esac'
    )
    machine.program("cp", f'exec {shutil.which("cp")} "$@"')
    first = machine.setup("test")
    assert first.returncode == 0, first.stderr
    calls = machine.calls.read_text()
    assert re.search(r"update\n.*install --yes --no-install-recommends hledger\n", calls)
    assert machine.installed == {"tiny", "fupin_ledger"}

    second = machine.setup("test")
    assert (second.returncode, second.stdout) == (0, "setup: everything is in place in .venv\n")
    assert machine.calls.read_text() == calls
    assert machine.setup("demo").stdout == second.stdout, "development includes the demo"


def test_apt_that_does_not_deliver_is_an_error(machine: Machine) -> None:
    (machine.bin / "hledger").unlink()
    done = machine.setup("test")
    assert done.returncode == 1
    assert "still not usable" in done.stderr and "hledger" in done.stderr


def test_the_demo_needs_none_of_the_test_programs_and_tests_add_theirs(machine: Machine) -> None:
    for name in TOOLS:
        (machine.bin / name).unlink()
    machine.lock(machine.wheel("tiny"), machine.wheel("checker"))
    machine.user(1000)
    assert machine.setup("demo").returncode == 0
    assert machine.installed == {"tiny", "fupin_ledger"}

    allowed = machine.setup("test", FUPIN_ALLOW_SKIP="1")
    assert allowed.returncode == 0, allowed.stderr
    assert "hledger" in allowed.stdout and "adding the development packages" in allowed.stdout
    assert machine.installed == {"tiny", "checker", "fupin_ledger"}


def test_a_half_made_environment_is_built_again(machine: Machine) -> None:
    broken = machine.tree / ".venv" / "bin"
    broken.mkdir(parents=True)
    (broken / "python").symlink_to(sys.executable)
    done = machine.setup("demo")
    assert done.returncode == 0, done.stderr
    assert ".venv is unfinished" in done.stdout
    assert machine.installed == {"tiny", "fupin_ledger"}

    machine.lock(machine.wheel("other"))
    assert ".venv is unfinished or of another lock" in machine.setup("demo").stdout
    assert machine.installed == {"other", "fupin_ledger"}


def test_a_package_that_is_not_the_locked_one_is_refused(machine: Machine) -> None:
    line = machine.wheel("tiny")
    machine.lock(line.replace(line[-5:-1], "0000"))
    done = machine.setup("demo")
    assert done.returncode == 1
    assert "could not install requirements.lock" in done.stderr
    assert not (machine.tree / ".venv" / "fupin.stamp").exists()


def test_an_old_python_is_refused(machine: Machine) -> None:
    machine.program("python3", "exit 1")
    done = machine.setup("demo", PYTHON="python3")
    assert done.returncode == 1
    assert "Python 3.11 or later" in done.stderr


def test_every_check_runs_and_one_that_fails_fails_the_run(machine: Machine) -> None:
    programs = machine.tree / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name in ("ruff", "mypy", "lint-imports", "pytest"):
        machine.program(name, f"echo ran {name}; exit ${{FAIL_{name.partition('-')[0]}:-0}}")
        (machine.bin / name).rename(programs / name)
    good = machine.run(".ci/test")
    assert good.returncode == 0
    assert good.stdout.count("ran ") == 5
    for name, said in [("ruff", "ruff check"), ("mypy", "mypy"), ("pytest", "tests")]:
        bad = machine.run(".ci/test", **{f"FAIL_{name}": "1"})
        assert bad.returncode == 1
        assert bad.stdout.count("ran ") == 5
        assert f"test: failed: {said}" in bad.stderr


def test_the_makefile_has_every_target_of_the_house() -> None:
    said = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    targets = set(re.findall(r"^make (\w+)", said.stdout, re.MULTILINE))
    wanted = {"setup", "demo", "test", "check", "fmt", "lock", "soak", "bench", "gallery", "help"}
    assert targets == wanted


def test_no_program_the_tests_compare_with_is_missing(tool: Callable[[str], str]) -> None:
    for name in (*TOOLS, "bean-check"):
        assert Path(tool(name)).exists()
