"""Tables of a database that SQLAlchemy knows as sources; here an SQLite file."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from connecting import adds_up, events_of

pytest.importorskip("sqlalchemy", reason='needs pip install "cxcurve[sql]"')

from cxcurve.errors import ConnectError, UnknownNameError
from cxcurve.model.connect import Connect
from cxcurve.sources.connectors import open_connector, sql_tables
from cxcurve.sources.connectors.sql_tables import is_sql

ORDERS = """
fct_orders:
  connect: {{service: warehouse, url: "sqlite+pysqlite:///{path}", rows: fct_orders, cursor: updated_at}}
  time: {{column: ordered_at}}
  account: account_id
  id: order_id
  events:
    subscription_renewed: {{when: "status = 'paid'"}}
  amount: order_total
  properties: channel_name
"""


def run(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def orders(first: int, last: int) -> str:
    rows = (
        f"('o{n}', 'a{n % 3}', 'paid', 10.5, 'web', '2026-05-01 {n // 60:02}:{n % 60:02}:00', "
        f"'2026-05-01 {n // 60:02}:{n % 60:02}:00', x'ff')"
        for n in range(first, last)
    )
    return f"INSERT INTO fct_orders VALUES {', '.join(rows)}"


MADE = (
    "CREATE TABLE fct_orders (order_id TEXT, account_id TEXT, status TEXT, order_total NUMERIC(9, 2), "
    "channel_name TEXT, ordered_at DATETIME, updated_at DATETIME, hash BLOB)"
)


def opened(path: Path, **more: str):
    url = f"sqlite+pysqlite:///{path}"
    return open_connector(Connect(**{"service": "warehouse", "rows": "fct_orders", "url": url, **more}))


def test_a_table_is_read_from_its_cursor_on_and_keeps_its_names(connected, tmp_path):
    path = tmp_path / "dwh.sqlite"
    run(path, MADE, orders(0, 100))
    workspace = connected(ORDERS.format(path=path))
    assert workspace.load()["fct_orders"].events.loaded == 100
    run(path, orders(100, 120))
    again = workspace.load()["fct_orders"]
    # From the latest on: the last order of before comes again. SQLite's times are texts, less of which is no overlap.
    assert (again.rows.read, again.events.loaded, again.events.duplicate) == (21, 20, 1)
    assert adds_up(again)
    event = events_of(workspace)[0]
    assert (event[1], event[2], event[7], event[-1]) == ("subscription_renewed", "a0", 10.5, '{"channel_name":"web"}')


def test_values_are_plain_and_a_table_without_a_cursor_is_read_as_a_whole(tmp_path):
    path = tmp_path / "dwh.sqlite"
    run(path, MADE, orders(0, 3))
    (page,) = opened(path).pages("fct_orders", {})
    assert page.state == {}
    assert page.rows[0] == {
        "order_id": "o0", "account_id": "a0", "status": "paid", "order_total": "10.50", "channel_name": "web",
        "ordered_at": "2026-05-01T00:00:00", "updated_at": "2026-05-01T00:00:00", "hash": "ff",
    }  # fmt: skip


@pytest.mark.parametrize(
    "moment",
    [
        "CASE WHEN order_id <= 'o15' THEN '2026-06-01 00:00:00' ELSE '2026-06-02 00:00:00' END",  # more than a page
        "'2026-06-01 00:00:' || (10 + substr(order_id, 2) / 3)",  # three of a moment, so that pages of four cut them
    ],
)
def test_pages_cut_no_moment_and_hold_any(tmp_path, monkeypatch, moment):
    monkeypatch.setattr(sql_tables, "ROWS_AT_ONCE", 4)
    path = tmp_path / "dwh.sqlite"
    run(path, MADE, orders(0, 20), f"UPDATE fct_orders SET updated_at = {moment}")
    connector = opened(path, cursor="updated_at")
    pages = list(connector.pages("fct_orders", {}))
    assert sorted(row["order_id"] for page in pages for row in page.rows) == sorted(f"o{n}" for n in range(20))
    for n, page in enumerate(pages):  # going on after any page gives what the pages behind it give, at least
        rest = {row["order_id"] for later in connector.pages("fct_orders", page.state) for row in later.rows}
        assert rest >= {row["order_id"] for later in pages[n + 1 :] for row in later.rows}


def test_since_leaves_out_what_is_older(tmp_path):
    path = tmp_path / "dwh.sqlite"
    run(path, MADE, orders(0, 20), "UPDATE fct_orders SET updated_at = NULL WHERE order_id = 'o3'")
    assert sum(len(page.rows) for page in opened(path, cursor="updated_at").pages("fct_orders", {})) == 19
    pages = opened(path, cursor="updated_at", since="2026-05-02").pages("fct_orders", {})
    assert list(pages) == []


def test_an_overlap_is_taken_off_times(tmp_path):
    sa = pytest.importorskip("sqlalchemy")
    connector = opened(tmp_path / "dwh.sqlite", cursor="at", overlap="1h")
    asked = connector._begin(sa.column("at", sa.DateTime), {"after": "2026-05-02T10:00:00"})
    assert str(asked.right.value) == "2026-05-02 09:00:00"


def test_wrong_names_are_said(tmp_path):
    path = tmp_path / "dwh.sqlite"
    run(path, MADE)
    with pytest.raises(ConnectError, match="there is no table orders, or its user may not see it"):
        list(opened(path).pages("orders", {}))
    with pytest.raises(UnknownNameError, match='Did you mean "updated_at"'):
        list(opened(path, cursor="updated").pages("fct_orders", {}))
    with pytest.raises(UnknownNameError, match='Did you mean "cursor"'):
        opened(path, cursr="x")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://reader@db/dwh", False),
        ("duckdb:///x.duckdb", False),
        ("snowflake://u@acct/db", False),
        ("postgresql+psycopg://reader@db/dwh", True),
        ("db2://reader@db/dwh", True),
    ],
)
def test_which_addresses_are_sqlalchemys(url, expected):
    assert is_sql(url) is expected


def test_the_password_is_never_shown(monkeypatch):
    monkeypatch.setenv("CXCURVE_WAREHOUSE_PASSWORD", "p@ss w/rd")
    with pytest.raises(ConnectError, match="warehouse: NoSuchModuleError") as caught:
        open_connector(Connect(service="warehouse", rows="t", url="nosuch+driver://reader@127.0.0.1:1/dwh"))
    assert "p@ss" not in str(caught.value)
    assert "p%40ss" not in str(caught.value)
