from datetime import date

import pytest

from assets import registration, tracing
from assets.asof import AsOf
from assets.errors import NotFound
from assets.tracing import Node
from tests.assets.small_district import CATTLE, CENTRAL, PLANT, PROVINCE, ROAD
from tests.conftest import Book


def kinds(node: Node) -> list[str]:
    return [node.kind, *(kind for child in node.children for kind in kinds(child))]


def test_an_asset_leads_to_documents_project_payments_and_holders(standing: Book) -> None:
    chain = tracing.trace(standing.session, PLANT, AsOf())
    assert all(proof.holds for proof in chain.proofs)
    assert {"资金文件", "到位", "项目", "支付", "所有权", "收益权", "状态"} <= set(
        kinds(chain.root)
    )
    documents = chain.root.children[0].children
    assert [(node.code, node.amount_fen) for node in documents] == [
        (CENTRAL, 60_000_000),
        (PROVINCE, 30_000_000),
    ]
    assert documents[0].source == "assets.xlsx 表1 第4行"
    assert any("2/3+1/3 = 1" in line for line in chain.lines())


def test_the_chain_ends_honestly_where_the_books_do_not_reach(standing: Book) -> None:
    chain = tracing.trace(standing.session, PLANT, AsOf())
    assert tracing.HISTORY_END in chain.ending and "2018-12-20" in chain.ending
    assert "尚未移交" in chain.lines()[-1]


def test_missing_papers_and_missing_rights_are_shown(standing: Book) -> None:
    road = tracing.trace(standing.session, ROAD, AsOf())
    gaps = [node.title for node in road.root.children if node.kind == "缺失声明"]
    assert gaps == ["竣工验收报告", "合同"]
    early = tracing.trace(standing.session, ROAD, AsOf(date(2018, 11, 1)))
    assert [proof.holds for proof in early.proofs][:3] == [True, False, False]
    with pytest.raises(NotFound):
        tracing.trace(standing.session, ROAD, AsOf(date(2018, 1, 1)))


def test_a_document_leads_to_every_asset_its_money_is_in(standing: Book) -> None:
    chain = tracing.trace_document(standing.session, PROVINCE, AsOf())
    assert all(proof.holds for proof in chain.proofs)
    found = {node.code: node.amount_fen for node in chain.root.children if node.kind == "资产"}
    assert found == {PLANT: 30_000_000, ROAD: 20_000_000, CATTLE: 800_000}
    early = tracing.trace_document(standing.session, PROVINCE, AsOf(date(2018, 6, 1)))
    assert [node.kind for node in early.root.children] == ["到位", "项目", "项目"]


def test_every_asset_is_reached_from_its_documents_and_back(standing: Book) -> None:
    for row in registration.asset_rows(standing.session, AsOf()):
        chain = tracing.trace(standing.session, row.code, AsOf())
        for document in chain.root.children[0].children:
            back = tracing.trace_document(standing.session, document.code, AsOf())
            assert row.code in {node.code for node in back.root.children}


def test_the_history_lists_card_states_and_rights_with_their_entries(standing: Book) -> None:
    events = tracing.history(standing.session, PLANT, AsOf())
    words = [event.what for event in events]
    assert words[0] == "登记卡片" and words.count("状态") == 3 and "所有权" in words
    assert all(event.entry_id > 1 for event in events)
    assert chain_is_plain(tracing.trace(standing.session, PLANT, AsOf()).as_json())


def chain_is_plain(value: object) -> bool:
    if isinstance(value, dict):
        return all(chain_is_plain(each) for each in value.values())
    if isinstance(value, list | tuple):
        return all(chain_is_plain(each) for each in value)
    return value is None or isinstance(value, str | int | date)
