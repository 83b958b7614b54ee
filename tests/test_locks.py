"""Do the lock files pin everything pyproject.toml asks for, each by its hashes, with no address?"""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
RUN, DEV = "requirements.lock", "requirements-dev.lock"
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[a-z,-]+\])?==(\S+) \\$")


def text(lock: str) -> str:
    return (ROOT / lock).read_text(encoding="utf-8")


def pins(lock: str) -> dict[str, str]:
    """Canonical name → version of every pinned package."""
    lines = [PIN.match(line) for line in text(lock).splitlines()]
    return {canonicalize_name(found[1]): found[2] for found in lines if found}


def group(name: str) -> list[str]:
    found: list[str] = []
    for entry in PYPROJECT["dependency-groups"][name]:
        found += group(entry["include-group"]) if isinstance(entry, dict) else [entry]
    return found


def unmet(requirements: list[str], pinned: dict[str, str]) -> list[str]:
    """The requirements that no pin satisfies."""
    return [
        str(wanted)
        for wanted in map(Requirement, requirements)
        if not wanted.specifier.contains(pinned.get(canonicalize_name(wanted.name), "0"))
        or canonicalize_name(wanted.name) not in pinned
    ]


@pytest.mark.parametrize("lock", [RUN, DEV])
def test_no_address_is_in_the_lock(lock: str) -> None:
    assert "://" not in text(lock)
    assert not re.search(r"(^|\s)(--?[a-gi-z]|/|file:)", text(lock)), "hashes are its only options"


@pytest.mark.parametrize("lock", [RUN, DEV])
def test_every_package_is_pinned_by_hash(lock: str) -> None:
    blocks = re.split(r"\n(?=[A-Za-z0-9])", re.sub(r"(?m)^ *#.*\n", "", text(lock)).strip())
    assert [block for block in blocks if not PIN.match(block.splitlines()[0])] == []
    assert [block for block in blocks if "--hash=sha256:" not in block] == []
    assert len(blocks) == len(pins(lock))


def test_the_lock_is_of_this_pyproject() -> None:
    run = PYPROJECT["project"]["dependencies"] + PYPROJECT["build-system"]["requires"]
    run += group("build")
    dev = run + group("dev") + PYPROJECT["project"]["optional-dependencies"]["postgres"]
    assert unmet(run, pins(RUN)) == [], "run make lock"
    assert unmet(dev, pins(DEV)) == [], "run make lock"


def test_a_requirement_that_the_lock_does_not_meet_is_named() -> None:
    assert unmet(["typer>=2"], {"typer": "1.0"}) == ["typer>=2"]
    assert unmet(["typer"], {}) == ["typer"]
    assert unmet(["Typer>=1"], {"typer": "1.0"}) == []


def test_tests_run_on_the_versions_that_are_shipped() -> None:
    run, dev = pins(RUN), pins(DEV)
    assert {name: version for name, version in run.items() if dev.get(name) != version} == {}


def test_the_postgresql_driver_comes_with_its_binary() -> None:
    assert {"psycopg", "psycopg-binary"} <= set(pins(DEV))


def test_no_other_lock_file_is_kept() -> None:
    assert [
        name for name in ("uv.lock", "poetry.lock", "Pipfile.lock") if (ROOT / name).exists()
    ] == []
