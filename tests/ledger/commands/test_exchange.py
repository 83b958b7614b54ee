import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from assets.errors import Refused
from assets.vault import create_key_file
from assets.workbook.kinds import KINDS
from assets.workbook.writing import write_rows
from ledger.commands.examination import kind_named
from tests.assets.conftest import (  # noqa: F401
    postgresql_register,
    register,
    register_url,
    sqlite_register,
)
from tests.assets.small_district import PROVINCE, fund_rows
from tests.conftest import Book
from tests.walking import Said, fupin, log_size

ODD = "韶财农〔2020〕9号"
SOUND = "韶财农〔2020〕10号"


def fund(number: str, **changes: Any) -> dict[str, Any]:
    return {
        **fund_rows()[0],
        "document_number": number,
        "year": 2020,
        "issued_on": date(2020, 4, 10),
        "received_on": date(2020, 5, 20),
        **changes,
    }


def workbook(folder: Path, *rows: dict[str, Any], name: str = "资金.xlsx") -> Path:
    path = folder / name
    write_rows(KINDS["funds"], list(rows), path)
    return path


@pytest.fixture
def run(register: Book, tmp_path: Path) -> Any:  # noqa: F811
    """Type a command on the small district's book, as a recorder of the test's choice."""
    register.session.rollback()
    key = tmp_path / "keys" / "fupin.key"
    key.parent.mkdir()
    create_key_file(key, lambda count: bytes(range(count)))

    def typed(*argv: Any, recorder: str = "村里", who: str = "R0001") -> Said:
        return fupin(
            *map(str, argv),
            *("--actor", who, "--on", "2020-06-01"),
            database=register.url,
            recorder=recorder,
            environment={"FUPIN_KEY_FILE": str(key)},
        )

    return typed


def warned(said: Said) -> Sequence[str]:
    return [each["name"] for each in json.loads(said.out)["warnings"]]


def test_what_is_odd_without_being_refused_is_said_and_imported(run: Any, tmp_path: Path) -> None:
    odd = workbook(tmp_path, fund(ODD, level="省", fund_type="中央专项"), fund(SOUND))
    tried = run("import", "funds", odd, "--dry-run", "--json")
    assert (tried.code, warned(tried)) == (0, ["level-unusual"])
    text = run("import", "funds", odd, "--dry-run")
    assert "提醒" in text.err and "中央专项资金一般为中央级" in text.err
    done = run("import", "funds", odd, "--json")
    assert (done.code, warned(done)) == (0, ["level-unusual"])
    assert ODD in run("funds", "review").out


def test_a_refused_file_is_not_asked_what_is_odd_in_it(run: Any, tmp_path: Path) -> None:
    file = workbook(tmp_path, fund(PROVINCE, level="中央"))
    said = run("import", "funds", file, "--json")
    assert said.code == 1
    assert [each["name"] for each in json.loads(said.out)["problems"]] == ["already-registered"]
    assert warned(said) == []


def test_an_import_is_proposed_by_one_and_approved_by_another(
    run: Any,
    register: Book,  # noqa: F811
    tmp_path: Path,
) -> None:
    file = workbook(tmp_path, *fund_rows(), fund(SOUND))
    said = run("import", "funds", file, "--propose", "--json")
    assert said.code == 0, said.text
    assert "共3行：新增1行，变更0行，相同2行" in said.err
    assert [(row["编号"], row["变化"]) for row in json.loads(said.out)] == [(SOUND, "新增")]
    assert SOUND not in run("funds", "review").out
    (waiting,) = json.loads(run("import", "proposals", "--json").out)
    assert (waiting["提交人"], waiting["批准人"]) == ("R0001", "待批准")
    digest = waiting["文件摘要"]

    file.unlink()
    before = log_size(register.url)
    for refused in (
        run("import", "approve", digest, recorder="区里"),
        run("import", "approve", digest, who="R0005"),
        run("import", "approve", digest, who="R0006", recorder="区里"),
        run("import", "approve", digest[:4], who="R0005", recorder="区里"),
        run("import", "approve", "0" * 12, who="R0005", recorder="区里"),
    ):
        assert refused.code == 1, refused.text
    assert log_size(register.url) == before

    done = run("import", "approve", digest, who="R0005", recorder="区里")
    assert done.code == 0, done.text
    assert SOUND in run("funds", "review").out
    (over,) = json.loads(run("import", "proposals", "--json").out)
    assert over["批准人"] == "R0005"
    size = log_size(register.url)
    again = run("import", "approve", digest, who="R0005", recorder="区里")
    assert again.code == 0 and "已办理" in again.text and log_size(register.url) == size


def test_proposing_twice_is_proposing_once(run: Any, register: Book, tmp_path: Path) -> None:  # noqa: F811
    file = workbook(tmp_path, fund(SOUND))
    assert run("import", "funds", file, "--propose").code == 0
    size = log_size(register.url)
    again = run("import", "funds", file, "--propose")
    assert again.code == 0 and "已办理" in again.text and log_size(register.url) == size


def test_a_proposal_is_checked_like_an_import(run: Any, tmp_path: Path) -> None:
    bad = workbook(tmp_path, fund(SOUND, received_fen=200_000_000))
    assert run("import", "funds", bad, "--propose").code == 1
    assert json.loads(run("import", "proposals", "--json").out) == []
    good = workbook(tmp_path, fund(SOUND), name="好.xlsx")
    mixed = run("import", "funds", good, "--propose", "--split-by", "village")
    assert mixed.code == 1 and "不能与 --split-by 同用" in mixed.err
    nobody = run("import", "funds", good, "--propose", who=" ")
    assert nobody.code == 1


def test_a_proposed_file_with_a_mapping_is_read_with_it_again(run: Any, tmp_path: Path) -> None:
    plain = workbook(tmp_path, fund(SOUND), name="表.csv")
    text = plain.read_text(encoding="utf-8-sig").replace("文号", "批文", 1)
    plain.write_text(text, encoding="utf-8")
    mapping = tmp_path / "对照.toml"
    mapping.write_text('[columns]\n"批文" = "document_number"\n', encoding="utf-8")
    said = run("import", "funds", plain, "--mapping", mapping, "--propose")
    assert said.code == 0, said.text
    (waiting,) = json.loads(run("import", "proposals", "--json").out)
    done = run("import", "approve", waiting["文件摘要"], who="R0005", recorder="区里")
    assert done.code == 0, done.text


@pytest.mark.parametrize(
    ("word", "kind"),
    [("assets", "assets"), ("考勤表", "attendance"), ("脱贫人口名单", "households")],
)
def test_a_kind_of_table_answers_to_its_name_and_to_its_chinese_title(word: str, kind: str) -> None:
    assert kind_named(word) == kind


def test_a_word_that_means_several_tables_or_none_is_asked_back() -> None:
    with pytest.raises(Refused, match=r"“资产”有几种表：.*资产权利份额表"):
        kind_named("资产")
    with pytest.raises(Refused, match="是不是 assets？"):
        kind_named("asets")
    with pytest.raises(Refused, match=r"可用的有：.*households（脱贫人口名单）"):
        kind_named("贷款")
