"""The pack holds what an auditor needs, no names, and every changed byte is found and named."""

import ast
import base64
import csv
import importlib.util
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import venv
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import date
from importlib import metadata
from pathlib import Path

import pytest
from openpyxl import load_workbook
from sqlmodel import select

from assets.errors import MissingTool, NotFound, Refused
from assets.masking import holds_personal_number
from assets.models import Actor, ActorRole, IssuedPaper
from assets.procedure.actors import NoSuchRole
from assets.trail import Act, entry
from assets.trail.verify import verify
from ledger.book_copy import copy_book
from ledger.database import create_book, open_session
from ledger.models import Access
from reports import pack, pack_tables
from tests.cluster import Cluster
from tests.conftest import OPENED_US, assert_sound, make_desk
from tests.ledger.payable_village import CHEN, PLAN, Payable, furnish

ON = date(2021, 6, 30)
VERIFIERS = Path(__file__).parents[2] / "reports" / "verifier"
AUDITOR = Act("A1", "pack", ON)


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book with a posted plan and an auditor, on SQLite."""
    path = tmp_path_factory.mktemp("packed") / "village.db"
    url = f"sqlite:///{path}"
    create_book(url, desk=make_desk(OPENED_US))
    desk = make_desk(OPENED_US + 200 * 86_400_000_000)
    with open_session(url, desk=desk, write=True) as session:
        session.commit()
        furnish(session, desk)
        with entry(session, Act("C01", "test", ON), "test", "auditor") as written:
            row = written.add(Actor(code="A1", title="何审"))
            written.add(
                ActorRole(
                    actor_id=row.id,
                    role="AUDITOR",
                    division_code="440203000000",
                    valid_from=date(2018, 1, 1),
                )
            )
        session.commit()
    return path


@pytest.fixture
def payable(village: Path, tmp_path: Path) -> Iterator[Payable]:
    """A copy of it, opened for writing; checked when the test has passed."""
    path = tmp_path / "village.db"
    shutil.copyfile(village, path)
    desk = make_desk(OPENED_US + 300 * 86_400_000_000)
    with open_session(f"sqlite:///{path}", desk=desk, write=True) as session:
        session.commit()
        yield Payable(session, desk)
        session.rollback()
    assert_sound(f"sqlite:///{path}", desk)


def packed(
    payable: Payable, out: Path, *, names: bool = False, papers: bool = False
) -> pack.PackMade:
    session = payable.session
    note = pack.open_pack(session, AUDITOR, 2018, with_names=names)
    session.commit()
    made = pack.build(session, AUDITOR, 2018, out, note, papers=papers, with_names=names)
    pack.record(session, AUDITOR, 2018, made)
    session.commit()
    return made


@pytest.fixture(scope="module")
def one_pack(village: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack that tests copy before they damage it."""
    folder = tmp_path_factory.mktemp("pack")
    shutil.copyfile(village, folder / "village.db")
    desk = make_desk(OPENED_US + 300 * 86_400_000_000)
    with open_session(f"sqlite:///{folder / 'village.db'}", desk=desk, write=True) as session:
        session.commit()
        packed(Payable(session, desk), folder / "pack")
    return folder / "pack"


def run_verifier(folder: Path, *words: str, python: str = sys.executable) -> tuple[int, str]:
    """Run the verifier of the pack as an auditor does: isolated, from another folder."""
    done = subprocess.run(
        [python, "-I", str(folder / "核验" / "verify_pack.py"), *words],
        capture_output=True,
        text=True,
        cwd=folder.parent,
        env={"PATH": os.environ["PATH"], "PYTHONIOENCODING": "utf-8"},
    )
    return done.returncode, done.stdout + done.stderr


def test_the_pack_verifies_without_this_program(one_pack: Path) -> None:
    code, said = run_verifier(one_pack)
    assert code == 0, said
    assert "发现 0 处问题" in said
    key = (one_pack / "核验" / "公钥.txt").read_text(encoding="utf-8").strip()
    assert run_verifier(one_pack, "--key", key)[0] == 0


def bare_python(folder: Path, packages: Sequence[str]) -> str:
    """A new environment with nothing in it but these packages; returns its interpreter."""
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    asked = [str(python), "-I", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    place = Path(subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip())
    for name in packages:
        distribution = metadata.distribution(name)
        tops = {file.parts[0] for file in distribution.files or [] if ".." not in file.parts}
        for top in sorted(tops - {"__pycache__"}):
            (place / top).symlink_to(str(distribution.locate_file(top)))
    return str(python)


def test_the_pack_verifies_in_an_environment_with_one_library(
    one_pack: Path, tmp_path: Path
) -> None:
    # cryptography brings cffi along; nothing else is there, least of all this program.
    python = bare_python(tmp_path / "one", ("cryptography", "cffi"))
    for absent in ("sqlalchemy", "rfc8785", "reports", "pip"):
        tried = subprocess.run([python, "-I", "-c", f"import {absent}"], capture_output=True)
        assert b"ModuleNotFoundError" in tried.stderr
    code, said = run_verifier(one_pack, python=python)
    assert (code, "发现 0 处问题" in said) == (0, True), said
    broken = tmp_path / "pack"
    shutil.copytree(one_pack, broken)
    with (broken / "账本" / "book.sqlite").open("r+b") as stream:
        stream.seek(-1, os.SEEK_END)
        last = stream.read(1)
        stream.seek(-1, os.SEEK_END)
        stream.write(bytes([last[0] ^ 1]))
    code, said = run_verifier(broken, python=python)
    assert code == 1 and "账本/book.sqlite" in said


def test_without_the_library_the_verifier_says_what_to_install(
    one_pack: Path, tmp_path: Path
) -> None:
    code, said = run_verifier(one_pack, python=bare_python(tmp_path / "none", ()))
    assert code == 1
    assert "pip install cryptography" in said and "Traceback" not in said


def test_the_verifiers_need_only_python_and_cryptography() -> None:
    for name in ("verify_pack.py", "verify_book.py"):
        tree = ast.parse((VERIFIERS / name).read_text(encoding="utf-8"))
        tops = {
            alias.name.partition(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, ast.Import)
            for alias in node.names
        } | {
            (node.module or "").partition(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
        }
        assert tops - set(sys.stdlib_module_names) == {"cryptography"}


def files_of(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_a_changed_byte_in_any_file_is_found_and_named(one_pack: Path, tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("verify_pack", VERIFIERS / "verify_pack.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    folder = tmp_path / "pack"
    shutil.copytree(one_pack, folder)
    for name in files_of(folder):
        path = folder / name
        whole = path.read_bytes()
        if not whole:
            continue
        for place in {0, len(whole) // 2, len(whole) - 1}:
            broken = bytearray(whole)
            broken[place] ^= 1
            path.write_bytes(bytes(broken))
            found: list[str] = []
            try:
                module.check(folder, "", found)
            except module.BAD as error:
                found.append(f"{name}: {error!r}")
            assert any(name in line for line in found), (name, place, found)
        path.write_bytes(whole)
    left: list[str] = []
    module.check(folder, "", left)
    assert left == []


def test_every_bit_of_the_signed_list_is_found(one_pack: Path, tmp_path: Path) -> None:
    # A signature's base64 has unused bits, and a line can end in more than one way.
    folder = tmp_path / "pack"
    shutil.copytree(one_pack, folder)
    spec = importlib.util.spec_from_file_location("verify_pack", VERIFIERS / "verify_pack.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    path = folder / module.SIGNED
    whole = path.read_bytes()
    own = sqlite3.connect(folder / "账本" / "book.sqlite")
    key = own.execute("SELECT public_key FROM book_record").fetchone()[0]
    own.close()
    raw = base64.b64decode(key.strip()[-44:])[-32:]
    module.check_signature(folder, raw)
    for place in range(len(whole)):
        for bit in range(8):
            broken = bytearray(whole)
            broken[place] ^= 1 << bit
            path.write_bytes(bytes(broken))
            with pytest.raises(module.BAD):
                module.check_signature(folder, raw)


def test_a_missing_and_an_added_file_are_named(one_pack: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pack"
    shutil.copytree(one_pack, folder)
    (folder / "数据" / "plans.csv").unlink()
    (folder / "数据" / "多.csv").write_text("x", encoding="utf-8")
    code, said = run_verifier(folder)
    assert code == 1
    assert "数据/plans.csv：缺失" in said and "数据/多.csv：不在清单上" in said


def test_a_list_made_anew_does_not_have_the_books_signature(one_pack: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pack"
    shutil.copytree(one_pack, folder)
    sums = folder / "SHA256SUMS"
    sums.write_text(sums.read_text(encoding="utf-8").replace("0", "1", 1), encoding="utf-8")
    code, said = run_verifier(folder)
    assert code == 1 and "SHA256SUMS：与签名所记摘要不符" in said


def test_sha256sum_reads_the_list(one_pack: Path) -> None:
    if shutil.which("sha256sum") is None:
        pytest.skip("sha256sum is not installed")
    done = subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=one_pack)
    assert done.returncode == 0


def test_the_book_in_the_pack_has_guards_but_no_keys(one_pack: Path) -> None:
    with closing(sqlite3.connect(one_pack / "账本" / "book.sqlite")) as book:
        for table in ("data_key", "person_index", "evidence_content"):
            assert book.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
        assert book.execute("SELECT count(*) FROM plan").fetchone() == (1,)
        with pytest.raises(sqlite3.IntegrityError, match="不得修改"):
            book.execute("UPDATE plan SET title = 'x'")
    with open_session(f"sqlite:///{one_pack / '账本' / 'book.sqlite'}") as session:
        assert verify(session).is_clean


def test_no_table_and_no_paper_of_the_pack_names_a_person(one_pack: Path) -> None:
    for name in files_of(one_pack):
        if name.endswith((".csv", ".json", ".txt")):
            words = (one_pack / name).read_text(encoding="utf-8-sig")
            assert CHEN["name"] not in words and CHEN["id_number"] not in words, name
    for path in (one_pack / "数据").glob("*.csv"):
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            texts = [
                v for row in reader for k, v in row.items() if "sha256" not in k and k != "tie_key"
            ]
        assert not [value for value in texts if holds_personal_number(value)], path.name


def test_tables_dictionary_schema_and_workbook_agree(one_pack: Path) -> None:
    data = one_pack / "数据"
    package = json.loads((data / "datapackage.json").read_text(encoding="utf-8"))
    with (data / "数据字典.csv").open(encoding="utf-8-sig", newline="") as stream:
        entries = list(csv.DictReader(stream))
    book = load_workbook(data / "审计数据2018.xlsx", read_only=True)
    assert len(package["resources"]) == len(pack_tables.tables()) == len(book.sheetnames)
    for resource, table in zip(package["resources"], pack_tables.tables(), strict=True):
        with (data / resource["path"]).open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.reader(stream))
        names = [field["name"] for field in resource["schema"]["fields"]]
        assert rows[0] == names == [x["字段"] for x in entries if x["文件"] == resource["path"]]
        assert len(rows) - 1 == resource["row_count"]
        sheet = list(book[table.title].iter_rows(values_only=True))
        assert len(sheet) == len(rows)
    book.close()


def test_amounts_of_the_tables_add_up_to_the_plan(one_pack: Path) -> None:
    def rows(name: str) -> list[dict[str, str]]:
        with (one_pack / "数据" / f"{name}.csv").open(encoding="utf-8-sig", newline="") as stream:
            return list(csv.DictReader(stream))

    plan = next(row for row in rows("plans") if row["plan_code"] == PLAN)
    channels = [row for row in rows("plan_channels") if row["plan_code"] == PLAN]
    total = sum(int(row["amount_fen"]) for row in channels)
    assert total == int(plan["distributable_fen"]) == 1_000_000
    reward = next(row for row in channels if row["channel"] == "REWARD")
    shares = [row for row in rows("allocations") if row["channel_id"] == reward["channel_id"]]
    assert sum(int(row["share_fen"]) for row in shares) == int(reward["amount_fen"])


def test_policies_flags_proofs_and_the_page_are_there(one_pack: Path) -> None:
    names = files_of(one_pack)
    assert any(name.startswith("政策/village-pv-2017-") for name in names)
    for name in (
        "疑点/疑点.xlsx",
        "疑点/疑点.json",
        "账本/检查点.txt",
        "账本/证明.json",
        "使用说明.txt",
    ):
        assert name in names
    page = (one_pack / "使用说明.txt").read_text(encoding="utf-8-sig")
    assert "verify_pack.py" in page and "疑点是待核实的线索" in page
    proofs = json.loads((one_pack / "账本" / "证明.json").read_text(encoding="utf-8"))
    assert proofs and all(proof["kind"].startswith("plan") for proof in proofs)


def test_the_pack_is_on_record_in_the_log(payable: Payable, tmp_path: Path) -> None:
    made = packed(payable, tmp_path / "pack")
    paper = payable.session.exec(select(IssuedPaper).where(IssuedPaper.report == "pack")).one()
    assert paper.data_sha256 == made.sums_sha256
    assert payable.session.exec(select(Access)).all() == []
    with pytest.raises(Refused, match="已存在"):
        packed(payable, tmp_path / "pack")
    payable.session.rollback()


def test_names_go_along_for_one_who_may_and_leave_a_record(
    payable: Payable, tmp_path: Path
) -> None:
    packed(payable, tmp_path / "pack", names=True)
    words = (tmp_path / "pack" / "人员" / "人员.csv").read_text(encoding="utf-8-sig")
    assert CHEN["name"] in words and CHEN["id_number"] in words
    access = payable.session.exec(select(Access)).one()
    assert (access.actor_code, access.purpose) == ("A1", "2018年审计数据包")
    with pytest.raises((NoSuchRole, NotFound)):
        pack.open_pack(payable.session, Act("C01", "pack", ON), 2018, with_names=True)
    payable.session.rollback()


def test_without_the_signing_key_there_is_no_pack(payable: Payable, tmp_path: Path) -> None:
    key, payable.desk.signing_key = payable.desk.signing_key, None
    with pytest.raises(MissingTool, match="签名密钥"):
        packed(payable, tmp_path / "pack")
    payable.session.rollback()
    payable.desk.signing_key = key
    assert not (tmp_path / "pack").exists()


def test_a_copy_of_a_book_is_never_written_over(payable: Payable, tmp_path: Path) -> None:
    counts = copy_book(payable.session, tmp_path / "copy.sqlite")
    assert counts["plan"] == 1 and counts["data_key"] == 0
    with pytest.raises(Refused, match="已存在"):
        copy_book(payable.session, tmp_path / "copy.sqlite")


def test_the_copy_of_a_postgresql_book_verifies_too(
    book_on_postgresql: str, tmp_path: Path
) -> None:
    with open_session(book_on_postgresql) as session:
        copy_book(session, tmp_path / "copy.sqlite")
    done = subprocess.run(
        [sys.executable, "-I", str(VERIFIERS / "verify_book.py"), str(tmp_path / "copy.sqlite")],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


@pytest.fixture
def book_on_postgresql(cluster: Cluster, postgresql_template: str) -> Iterator[str]:
    """The posted plan on PostgreSQL."""
    name = cluster.create(postgresql_template)
    desk = make_desk()
    with open_session(cluster.url(name), desk=desk, write=True) as session:
        session.commit()
        furnish(session, desk)
    yield cluster.url(name)
    cluster.drop(name)


def test_already_done_is_said_where_the_folder_stands(tmp_path: Path, village: Path) -> None:
    from tests.walking import fupin

    (tmp_path / "pack").mkdir()
    shutil.copyfile(village, tmp_path / "v.db")
    said = fupin(
        *("pack", "--year", "2018", "--out", str(tmp_path / "pack"), "--actor", "A1"),
        database=f"sqlite:///{tmp_path / 'v.db'}",
    )
    assert said.code == 0 and "已办理" in said.out
