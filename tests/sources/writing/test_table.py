"""Tables: rows updated by their key, new ones added, columns of one's own left alone."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy", reason='needs pip install "cxcurve[sql]"')

from cxcurve.errors import ConnectError
from cxcurve.model.destinations import Destination
from cxcurve.sources.writing import Record, open_writer

FIELDS = {"stage": "stage", "friction": "friction_index", "since": "stage_since"}


def to(path: Path, **more: str) -> Destination:
    return Destination(key="dwh", to="table", url=f"sqlite:///{path}", fields=FIELDS, **{"table": "scores", **more})


def record(
    who: str, stage: str | None, friction: float | None = 7, since: str | None = "2026-05-01T12:00:00Z"
) -> Record:
    return Record(who, {"stage": stage, "friction": friction, "since": since})


def rows(path: Path, columns: str = "customer_id, stage, friction, since") -> list[tuple[object, ...]]:
    with sqlite3.connect(path) as connection:
        found = connection.execute(f"SELECT {columns} FROM scores ORDER BY 1").fetchall()
    connection.close()
    return found


def run(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def test_a_table_is_made_and_rows_are_added_and_updated(tmp_path):
    path = tmp_path / "dwh.sqlite"
    writer = open_writer(to(path))
    writer.prepare()
    assert writer.write([record("a", "Invest"), record("b", "Share")]) == {}
    assert writer.write([record("b", None, None, None), record("c", "Invest")]) == {}
    since = "2026-05-01 12:00:00.000000"
    assert rows(path) == [("a", "Invest", 7.0, since), ("b", None, None, None), ("c", "Invest", 7.0, since)]


def test_the_same_twice_is_the_same(tmp_path):
    path = tmp_path / "dwh.sqlite"
    writer = open_writer(to(path))
    writer.prepare()
    for _ in range(2):
        writer.write([record("a", "Invest")])
    assert len(rows(path)) == 1


def test_columns_of_your_own_stay(tmp_path):
    path = tmp_path / "dwh.sqlite"
    run(
        path,
        "CREATE TABLE scores (id TEXT, note TEXT, stage TEXT, friction REAL, since TEXT)",
        "INSERT INTO scores (id, note) VALUES ('a', 'call them')",
    )
    writer = open_writer(to(path, match="id"))
    writer.prepare()
    writer.write([record("a", "Invest")])
    assert rows(path, "id, note, stage") == [("a", "call them", "Invest")]


def test_a_value_that_does_not_fit_is_one_customers_alone(tmp_path):
    path = tmp_path / "dwh.sqlite"
    run(path, "CREATE TABLE scores (customer_id TEXT, stage TEXT NOT NULL, friction REAL, since TEXT)")
    writer = open_writer(to(path))
    writer.prepare()
    refused = writer.write([record("a", "Invest"), record("b", None), record("c", "Share")])
    assert {who: why.message for who, why in refused.items()} == {
        "b": "table: IntegrityError: NOT NULL constraint failed: scores.stage"
    }
    assert [row[0] for row in rows(path)] == ["a", "c"]


def test_columns_that_are_missing_are_all_named(tmp_path):
    path = tmp_path / "dwh.sqlite"
    run(path, "CREATE TABLE scores (customer_id TEXT, stage TEXT)")
    with pytest.raises(ConnectError, match="table: scores has no column friction, since; add it there"):
        open_writer(to(path)).prepare()


def test_a_database_that_fails_ends_it_without_the_password(tmp_path, monkeypatch):
    run(tmp_path / "dwh.sqlite", "CREATE TABLE scores (customer_id TEXT, stage TEXT, friction REAL, since TEXT)")
    writer = open_writer(to(tmp_path / "dwh.sqlite"))
    writer.prepare()
    run(tmp_path / "dwh.sqlite", "DROP TABLE scores")
    with pytest.raises(ConnectError, match="table: OperationalError: no such table: scores"):
        writer.write([record("a", "Invest")])
    monkeypatch.setenv("CXCURVE_TABLE_PASSWORD", "p@ss w/rd")
    url = "postgresql+nodriver://writer@127.0.0.1:1/dwh"
    with pytest.raises(ConnectError, match="table: NoSuchModuleError") as caught:
        open_writer(to(tmp_path / "x").model_copy(update={"url": url}))
    assert "p@ss" not in str(caught.value)
