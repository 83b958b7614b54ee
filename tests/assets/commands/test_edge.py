"""Does one refused object leave the others alone, whoever refused it?"""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlmodel import Session

from assets.commands.edge import Edge
from assets.errors import Refused
from assets.trail import Act


@pytest.fixture
def edge(tmp_path: Path) -> Edge:
    """An edge on a table whose trigger refuses one code, as an audit freeze does."""
    engine = create_engine(f"sqlite:///{tmp_path / 'frozen.db'}")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE done (code TEXT)"))
        connection.execute(
            text(
                "CREATE TRIGGER frozen BEFORE INSERT ON done WHEN NEW.code = 'B' "
                "BEGIN SELECT RAISE(ABORT, '对象B已被审计冻结'); END"
            )
        )

    def opened(write: bool, *, guarded: bool = True) -> Session:
        return Session(engine)

    return Edge(str(engine.url), date(2020, 1, 1), "R0001", opened)


def insert(session: Session, act: Act, code: str) -> str:
    session.connection().execute(text("INSERT INTO done VALUES (:code)"), {"code": code})
    return f"{code}：已办理。"


def written(edge: Edge) -> list[str]:
    with edge.reading() as session:
        return list(session.connection().execute(text("SELECT code FROM done")).scalars())


def test_an_object_the_database_refuses_is_listed_and_stops_no_other(
    edge: Edge, capsys: pytest.CaptureFixture[str]
) -> None:
    edge.each(["A", "B", "C"], "post", insert)
    said = capsys.readouterr()
    assert said.out == "A：已办理。\nC：已办理。\n"
    assert "未办理 B：数据库没有接受，未写入任何数据：对象B已被审计冻结" in said.err
    assert "共办理2件，已办理过0件，未办理1件" in said.err
    assert edge.failures and written(edge) == ["A", "C"]


def failing(error: Exception) -> Callable[[Session, Act, str], str]:
    def verb(session: Session, act: Act, code: str) -> str:
        insert(session, act, code)
        raise error

    return verb


def test_a_refused_object_leaves_nothing_behind(edge: Edge) -> None:
    edge.each(["A"], "post", failing(Refused("公示未满。")))
    assert edge.failures == ["A：公示未满。"]
    assert written(edge) == []


def test_a_fault_of_the_program_is_not_taken_for_a_refusal(edge: Edge) -> None:
    with pytest.raises(ZeroDivisionError):
        edge.each(["A", "C"], "post", failing(ZeroDivisionError()))
    assert written(edge) == []
