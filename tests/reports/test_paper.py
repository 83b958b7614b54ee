"""A paper that does not add up, or shows too much, cannot be built."""

import json
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from assets.money import in_words
from reports.paper import (
    Column,
    Fact,
    FooterFacts,
    Paper,
    ProofLine,
    Table,
    UnfitPaper,
    cell_text,
    chinese_day,
    hide_personal_numbers,
    in_fours,
    json_cell,
    percent_text,
    shows_personal_number,
)

FOOTER = FooterFacts(as_of=date(2026, 11, 3), log_position=1024)
COLUMNS = (
    Column("serial", "序号", "serial"),
    Column("village", "村"),
    Column("amount_fen", "金额", "fen"),
)
ROWS = (
    {"serial": 1, "village": "龙归村", "amount_fen": 48507},
    {"serial": 2, "village": "龙归村", "amount_fen": 720000},
    {"serial": 3, "village": "马渡村", "amount_fen": -1},
)


def roster(**changes: object) -> Table:
    facts: dict[str, object] = {
        "title": "发放表",
        "columns": COLUMNS,
        "rows": ROWS,
        "totals": {"amount_fen": 768506},
    }
    return Table(**{**facts, **changes})  # type: ignore[arg-type]


def paper(**changes: object) -> Paper:
    facts: dict[str, object] = {"name": "roster", "title": "发放花名册", "footer": FOOTER}
    return Paper(**{**facts, **changes})  # type: ignore[arg-type]


def test_a_total_that_is_not_the_sum_of_its_rows_is_refused() -> None:
    assert roster().totals["amount_fen"] == 768506
    with pytest.raises(UnfitPaper, match=r"合计不符：各行之和7,685\.06，合计7,685\.07"):
        roster(totals={"amount_fen": 768507})


def test_an_amount_in_words_must_be_one_of_the_totals() -> None:
    assert roster(words_total=768506).data()["words_total"] == in_words(768506)
    with pytest.raises(UnfitPaper, match="不是任何一列的合计"):
        roster(words_total=1)


def test_a_column_of_words_has_no_total() -> None:
    with pytest.raises(UnfitPaper, match="不能合计"):
        roster(totals={"village": 0})


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("fen", "12.00"),
        ("fen", True),
        ("fen", Decimal("12.00")),
        ("int", Decimal(1)),
        ("date", "2026-11-03"),
        ("share", "1/2"),
        ("share", (1, 2, 3)),
        ("decimal", "1.5"),
        ("text", 5),
        ("serial", None.__class__),
    ],
)
def test_a_cell_of_the_wrong_kind_is_refused(kind: str, value: object) -> None:
    columns = (Column("x", "列", kind),)  # type: ignore[arg-type]
    with pytest.raises(UnfitPaper, match="类型"):
        Table("表", columns, ({"x": value},))  # type: ignore[dict-item]


def test_an_unknown_kind_of_column_is_refused() -> None:
    with pytest.raises(UnfitPaper, match="类型“money”不认识"):
        Column("x", "列", "money")  # type: ignore[arg-type]


def test_a_figure_outside_the_declared_columns_cannot_hide_in_a_row() -> None:
    with pytest.raises(UnfitPaper, match="未声明的列“id_number”"):
        roster(rows=({"serial": 1, "id_number": "x"},), totals={})


def test_two_columns_of_one_name_are_refused() -> None:
    with pytest.raises(UnfitPaper, match="重复的列"):
        roster(columns=(*COLUMNS, Column("serial", "序号")))


def test_subtotals_add_up_to_the_total() -> None:
    groups = list(roster(subtotal_by="village").groups())
    assert [(g.label, g.sums["amount_fen"]) for g in groups] == [("龙归村", 768507), ("马渡村", -1)]


def test_a_village_whose_rows_are_scattered_has_no_subtotal() -> None:
    with pytest.raises(UnfitPaper, match="没有排在一起"):
        roster(rows=(ROWS[0], ROWS[2], ROWS[1]), subtotal_by="village")


def test_a_proof_line_prints_both_sides_and_refuses_a_difference() -> None:
    line = ProofLine("Σ各户金额 = 可分配收益", 768506, 768506)
    assert line.text == "Σ各户金额 = 可分配收益：7,685.06 = 7,685.06（一致）"
    assert paper(proof_lines=(line,)).proof_lines == (line,)
    with pytest.raises(UnfitPaper, match=r"勾稽不符.*左边7,685\.06，右边7,685\.07"):
        paper(proof_lines=(ProofLine("Σ", 768506, 768507),))


@pytest.mark.parametrize(
    "text",
    [
        "440203198001010007",
        "44020319800101000X",
        "44020319800101000712",
        "张三440203198001010007",
        "６２１７００１２３４５６７８９０１２３",
        "6217 0012 3456 7890 123",
        "13812345678",
        "138-1234-5678",
        "电话：138 1234 5678。",
    ],
)
def test_a_posted_paper_with_a_full_personal_number_is_refused(text: str) -> None:
    assert shows_personal_number(text)
    hidden = hide_personal_numbers(text)
    assert not shows_personal_number(hidden)
    rows = ({"serial": 1, "village": text, "amount_fen": 1},)
    table = roster(rows=rows, totals={})
    assert paper(tables=(table,), audience="internal")
    with pytest.raises(UnfitPaper, match="为张贴件") as refused:
        paper(tables=(table,), audience="posted")
    assert not shows_personal_number(str(refused.value))
    hidden_rows = ({"serial": 1, "village": hidden, "amount_fen": 1},)
    assert paper(tables=(roster(rows=hidden_rows, totals={}),), audience="posted")


@pytest.mark.parametrize(
    "text",
    ["0751-8123456", "440203102203", "440203-102-203-2017-A-0001", "尾号3021", "7,685.07元"],
)
def test_an_office_telephone_or_a_village_code_may_be_posted(text: str) -> None:
    assert not shows_personal_number(text)
    assert hide_personal_numbers(text) == text


def test_the_same_facts_have_the_same_bytes_whoever_issues_the_paper() -> None:
    issued = FooterFacts(
        as_of=FOOTER.as_of,
        log_position=1024,
        checkpoint_size=1024,
        root_hex="3f2a9b1c77d0e015" * 4,
        number="武江扶资报〔2026〕7号",
        note="note",
    )
    copy, original = paper(tables=(roster(),)), paper(tables=(roster(),), footer=issued)
    assert copy.data_bytes() == original.data_bytes()
    assert copy.data_sha256() == original.data_sha256()
    attached = json.loads(original.attachment())
    assert attached["footer"]["number"] == "武江扶资报〔2026〕7号"
    assert attached["data"]["tables"][0]["totals"] == {"amount_fen": 768506}
    assert paper(tables=(roster(),)).footer.number_text == "未登记副本"


def test_one_changed_fen_changes_the_digest() -> None:
    rows = (*ROWS[:2], {**ROWS[2], "amount_fen": 0})
    other = roster(rows=rows, totals={"amount_fen": 768507})
    assert paper(tables=(roster(),)).data_sha256() != paper(tables=(other,)).data_sha256()


def test_the_root_is_printed_in_fours_so_that_it_never_looks_like_a_card() -> None:
    facts = FooterFacts(
        as_of=date(2026, 1, 1), log_position=9, checkpoint_size=9, root_hex="1" * 64
    )
    assert facts.checkpoint_text == "检查点9 1111 1111 1111 1111"
    assert in_fours("abcdef") == "abcd ef"
    assert FOOTER.checkpoint_text == "未取检查点"
    assert FOOTER.position_text == "截至2026年11月3日 记录第1024号"


def test_cells_print_as_the_trade_writes_them() -> None:
    assert cell_text("fen", 24253623) == "242,536.23"
    assert cell_text("fen", -100) == "-1.00"
    assert cell_text("fen", None) == ""
    assert cell_text("int", 498760) == "498,760"
    assert cell_text("serial", 1024) == "1024"
    assert cell_text("share", (1180000, 1940000)) == "1180000/1940000"
    assert cell_text("share", Fraction(1180000, 1940000)) == "59/97"
    assert cell_text("percent", (59, 97)) == "60.82%"
    assert cell_text("decimal", Decimal("0.4530")) == "0.4530"
    assert cell_text("date", date(2026, 11, 3)) == "2026-11-03"
    assert cell_text("sign", None) == ""
    assert chinese_day(date(2026, 11, 3)) == "2026年11月3日"


def test_a_rate_is_rounded_half_up_and_has_no_value_over_nothing() -> None:
    assert percent_text(1, 3) == "33.33%"
    assert percent_text(12345, 100000) == "12.35%"
    assert percent_text(-1, 3) == "-33.33%"
    assert percent_text(0, 5) == "0.00%"
    assert percent_text(5, 0) == "—"


def test_large_integers_travel_as_text_so_that_no_reader_loses_a_digit() -> None:
    assert json_cell(2**53 - 1) == 2**53 - 1
    assert json_cell(2**53) == "9007199254740992"
    assert json_cell(Decimal("0.40")) == "0.40"
    assert json_cell((2, 4)) == "2/4"
    assert json_cell(date(2026, 1, 2)) == "2026-01-02"


def test_what_must_be_seen_at_first_glance_is_written_in_words_where_asked() -> None:
    fact = Fact("总额", 24253623, "fen", words=True)
    assert fact.text == f"242,536.23元（大写：{in_words(24253623)}）"
    assert Fact("户数", 62, "int").text == "62"
