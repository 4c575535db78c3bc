"""Tables of a warehouse as sources, through any connection Ibis knows; here a DuckDB file."""

from __future__ import annotations

import ibis
import pytest
from connecting import adds_up, events_of

from cxcurve.errors import ConnectError, UnknownNameError
from cxcurve.model.connect import Connect
from cxcurve.sources.connectors import open_connector

ORDERS = """
fct_orders:
  connect: {{service: warehouse, url: "duckdb://{path}", rows: analytics.fct_orders, cursor: updated_at}}
  time: {{column: ordered_at}}
  account: account_id
  id: order_id
  events:
    subscription_renewed: {{when: "status = 'paid'"}}
  amount: order_total
  properties: channel_name
"""


def warehouse(path, *statements):
    backend = ibis.duckdb.connect(path)
    for statement in statements:
        backend.raw_sql(statement)
    backend.disconnect()


def orders(first, last):
    return (
        "INSERT INTO analytics.fct_orders SELECT 'o' || n, 'a' || n % 3, 'paid', 10.5, 'web', moment, moment "
        f"FROM (SELECT n, TIMESTAMP '2026-05-01' + to_hours(n) AS moment FROM range({first}, {last}) AS r(n))"
    )


MADE = (
    "CREATE SCHEMA analytics",
    "CREATE TABLE analytics.fct_orders (order_id VARCHAR, account_id VARCHAR, status VARCHAR, "
    "order_total DECIMAL(9,2), channel_name VARCHAR, ordered_at TIMESTAMP, updated_at TIMESTAMP)",
)


def test_a_table_is_read_from_its_cursor_on_and_keeps_its_names(connected, tmp_path):
    path = tmp_path / "dwh.duckdb"
    warehouse(path, *MADE, orders(0, 100))
    workspace = connected(ORDERS.format(path=path))
    assert workspace.load()["fct_orders"].events.loaded == 100
    warehouse(path, orders(100, 120))
    again = workspace.load()["fct_orders"]
    # From ten minutes before the latest on: the last order of before comes again.
    assert (again.rows.read, again.events.loaded, again.events.duplicate) == (21, 20, 1)
    assert adds_up(again)
    event = events_of(workspace)[0]
    assert (event[1], event[2], event[7], event[-1]) == ("subscription_renewed", "a0", 10.5, '{"channel_name":"web"}')


def test_a_table_without_a_cursor_is_read_as_a_whole_and_adds_nothing_twice(connected, tmp_path):
    path = tmp_path / "dwh.duckdb"
    warehouse(path, *MADE, orders(0, 100))
    workspace = connected(ORDERS.format(path=path).replace(", cursor: updated_at", ""))
    workspace.load()
    again = workspace.load()["fct_orders"]
    assert (again.rows.read, again.events.loaded, again.events.duplicate) == (100, 0, 100)


def test_pages_cut_no_moment_and_hold_any(connected, tmp_path, monkeypatch):
    from cxcurve.sources.connectors import warehouse as reading

    monkeypatch.setattr(reading, "ROWS_AT_ONCE", 4)
    path = tmp_path / "dwh.duckdb"
    moments = "UPDATE analytics.fct_orders SET updated_at = TIMESTAMP '2026-06-01' + to_hours(CASE WHEN {} END)"
    warehouse(path, *MADE, orders(0, 20), moments.format("order_id <= 'o15' THEN 1 ELSE 2"))
    connector = open_connector(
        Connect(service="warehouse", url=f"duckdb://{path}", rows="analytics.fct_orders", cursor="updated_at")
    )
    pages = list(connector.pages("analytics.fct_orders", {}))
    ids = [row["order_id"] for page in pages for row in page.rows]
    assert sorted(ids) == sorted({f"o{n}" for n in range(20)})
    for n, page in enumerate(pages):  # going on after any page gives what the pages behind it give, at least
        rest = {row["order_id"] for later in connector.pages("analytics.fct_orders", page.state) for row in later.rows}
        assert rest >= {row["order_id"] for later in pages[n + 1 :] for row in later.rows}


def test_a_column_that_is_gone_is_named(connected, tmp_path):
    path = tmp_path / "dwh.duckdb"
    warehouse(path, *MADE, orders(0, 3), "ALTER TABLE analytics.fct_orders RENAME order_id TO order_key")
    workspace = connected(ORDERS.format(path=path))
    with pytest.raises(ValueError, match='the rows have no column "order_id"'):
        workspace.load()


def test_wrong_names_are_said(tmp_path):
    path = tmp_path / "dwh.duckdb"
    warehouse(path, *MADE)
    settings = {"service": "warehouse", "url": f"duckdb://{path}"}
    missing = open_connector(Connect(rows="analytics.orders", **settings))
    with pytest.raises(ConnectError, match="warehouse: TableNotFound"):
        list(missing.pages("analytics.orders", {}))
    wrong = open_connector(Connect(rows="analytics.fct_orders", cursor="updated", **settings))
    with pytest.raises(UnknownNameError, match='Did you mean "updated_at"'):
        list(wrong.pages("analytics.fct_orders", {}))
    with pytest.raises(UnknownNameError, match='Did you mean "cursor"'):
        open_connector(Connect(rows="t", cursr="x", **settings))


def test_the_password_is_asked_of_the_environment_and_never_shown(monkeypatch):
    monkeypatch.setenv("CXCURVE_WAREHOUSE_PASSWORD", "p@ss w/rd")
    url = "postgresql://reader@127.0.0.1:1/dwh"
    with pytest.raises(ConnectError) as caught:
        open_connector(Connect(service="warehouse", rows="t", url=url))
    assert "p@ss" not in str(caught.value)
    assert "p%40ss" not in str(caught.value)
    monkeypatch.delenv("CXCURVE_WAREHOUSE_PASSWORD")
    with pytest.raises(ConnectError, match="the secret CXCURVE_WAREHOUSE_PASSWORD is missing"):
        open_connector(Connect(service="warehouse", rows="t", url=url))
