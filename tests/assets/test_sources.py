import ast
import doctest
from datetime import date
from pathlib import Path

import pytest

from assets import sources
from assets.errors import InvalidValue
from assets.sources import Standing, UnknownSource, all_sources, find, labels_in, resolve

ROOT = Path(__file__).parents[2]
OWN = [
    *("assets/money.py", "assets/uscc.py", "assets/divisions.py", "assets/deadlines.py"),
    *("assets/sources.py", "assets/masking.py", "ledger/idnumber.py", "ledger/bankcard.py"),
]


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(sources).failed == 0


def test_no_document_is_registered_twice() -> None:
    numbers = [source.number for source in all_sources()]
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize("source", all_sources(), ids=lambda source: source.number)
def test_every_document_is_found_by_its_number_and_has_title_and_body(
    source: sources.Source,
) -> None:
    assert source.title and source.body
    assert find(source.number) is source
    (citation,) = resolve(f"{source.number} 第一条", recalled_too=True)
    assert (citation.source, citation.place) == (source, "第一条")
    if source.issued_on and source.valid_from and "节假日" not in source.title:
        assert source.issued_on <= source.valid_from
    if source.valid_from and source.valid_to:
        assert source.valid_from <= source.valid_to


@pytest.mark.parametrize(
    ("text", "cited"),
    [
        ("依据: 国办函〔2021〕51号 二(五)", ["国办函〔2021〕51号 二(五)"]),
        ("国办函[2021]51号", ["国办函〔2021〕51号"]),
        ("国办函（2021）51号。", ["国办函〔2021〕51号"]),
        ("《村民委员会组织法》第二十四条", ["村民委员会组织法 第二十四条"]),
        ("中华人民共和国会计法 第二十五条", ["会计法 第二十五条"]),
        ("GB/T 24589.1-2024", ["GB/T 24589.1-2024"]),
        (
            "国办函〔2021〕51号 二(五); policies/*.toml reserve_share.",
            ["国办函〔2021〕51号 二(五)"],
        ),
        ("预算法 第三条；财会〔2023〕14号", ["预算法 第三条", "财会〔2023〕14号"]),
        ("会计法; RFC 9162 (a changed fact; or a removed one, shows)", None),
        ("国办发明电〔2019〕3号", ["国办发明电〔2019〕3号"]),
        ("内部约定 (记账单位为分; 不四舍五入)", []),
        ("内部约定 (尾差归大数); 会计法", ["会计法"]),
    ],
)
def test_a_basis_resolves_to_the_documents_it_names(text: str, cited: list[str] | None) -> None:
    found = [str(citation) for citation in resolve(text)]
    assert len(found) == 2 if cited is None else found == cited


@pytest.mark.parametrize(
    "text",
    [
        "国办函〔2021〕52号",
        "某某法 第一条",
        "众所周知",
        "会计法; 某某办法",
        "见会计法",
        "内部约定",
        "内部约定 ()",
        "会计档案管理办法",
        "GB/T 9704-2012",
        "粤扶办〔2019〕98号",
    ],
)
def test_an_unknown_or_uncitable_basis_is_refused(text: str) -> None:
    with pytest.raises(UnknownSource) as caught:
        resolve(text)
    assert isinstance(caught.value, InvalidValue)


def test_what_is_only_remembered_is_listed_but_never_cited() -> None:
    remembered = [source for source in all_sources() if source.standing is Standing.RECALLED]
    assert remembered
    for source in remembered:
        assert source.recalled
        with pytest.raises(UnknownSource, match="凭记忆未核"):
            resolve(source.number)
        assert resolve(source.number, recalled_too=True)


def test_a_document_of_which_two_numbers_are_told_is_not_cited() -> None:
    with pytest.raises(UnknownSource, match="互相矛盾"):
        resolve("粤扶办〔2019〕98号")


def test_the_chart_in_force_changes_with_the_year_2024() -> None:
    old, new = find("财会〔2004〕12号"), find("财会〔2023〕14号")
    assert old.in_force(date(2023, 12, 31)) and not new.in_force(date(2023, 12, 31))
    assert new.in_force(date(2024, 1, 1)) and not old.in_force(date(2024, 1, 1))


def test_the_eighty_percent_for_labour_held_for_one_year() -> None:
    notice = find("国开办司发〔2020〕3号")
    assert notice.in_force(date(2020, 6, 30))
    assert not notice.in_force(date(2021, 1, 1)) and not notice.in_force(date(2019, 12, 31))


def test_holiday_notices_are_sources_too() -> None:
    assert find("国办发明电〔2025〕7号").title == "国务院办公厅关于2026年部分节假日安排的通知"
    assert find("国办发明电〔2020〕1号").body == "国务院办公厅"


def test_labels_are_found_in_a_docstring_with_their_continuation() -> None:
    docstring = """Share out.

    依据: 国开办发〔2017〕61号 第三条;
        预算法 第三条
    Units: fen

    依据: 内部约定 (一
    二)
    """
    assert list(labels_in(docstring)) == [
        "国开办发〔2017〕61号 第三条; 预算法 第三条",
        "内部约定 (一 二)",
    ]


@pytest.mark.parametrize("name", OWN)
def test_every_basis_in_the_single_standard_files_resolves(name: str) -> None:
    tree = ast.parse((ROOT / name).read_text(encoding="utf-8"))
    functions = [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    ]
    for function in functions:
        labels = list(labels_in(ast.get_docstring(function) or ""))
        assert labels, f"{name}: {function.name} names no basis"
        for label in labels:
            resolve(label)
