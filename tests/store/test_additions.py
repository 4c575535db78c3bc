"""What was added to the log since somebody looked; unknown as soon as anything else may have happened."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from cxcurve import tables
from cxcurve.sources import arrow_schema
from cxcurve.store import Store
from cxcurve.store.additions import MOST_STEPS, Additions


def rows(*ids: str) -> pa.Table:
    same = {"account_id": "a", "occurred_us": 5, "received_us": 9, "name": "used", "source": "x"}
    told = [{"event_id": id_, **same, "data_class": "observed", "properties": "{}"} for id_ in ids]
    return pa.Table.from_pylist(told, schema=arrow_schema(tables.EVENTS))


def n_added(store: Store, number: int) -> int | None:
    found = store.additions.since(number)
    return None if found is None else sum(table.num_rows for table in found)


def test_new_events_are_told_once_and_duplicates_not(tmp_path: Path) -> None:
    with Store(tmp_path / "s.duckdb") as store:
        start = store.additions.number
        store.append(rows("1", "2"))
        between = store.additions.number
        store.append(rows("2", "3"))
        assert n_added(store, start) == 3
        assert n_added(store, between) == 1
        assert n_added(store, store.additions.number) == 0
        found = store.additions.since(between)
        assert found is not None
        key = store.signal_keys()["used"]
        assert found[0].to_pylist() == [{"source": "x", "signal_key": key, "occurred_us": 5, "received_us": 9}]


def test_what_is_rolled_back_was_not_added(tmp_path: Path) -> None:
    with Store(tmp_path / "s.duckdb") as store:
        start = store.additions.number
        with store.trial():
            store.append(rows("1"))
            assert n_added(store, start) == 1
        assert n_added(store, start) is None
        number = store.additions.number
        with store.trial():
            pass
        assert n_added(store, number) == 0, "nothing was tried with the log"


def test_events_that_are_replaced_or_erased_make_it_unknown(tmp_path: Path) -> None:
    with Store(tmp_path / "s.duckdb") as store:
        for change in (lambda: store.replace_keys("x", ["k"], rows("1")), lambda: store.erase([("account", "a")], 10)):
            number = store.additions.number
            change()
            assert n_added(store, number) is None


def test_long_ago_is_unknown_and_who_reads_beside_never_hears(tmp_path: Path) -> None:
    found = Additions()
    for _ in range(MOST_STEPS + 1):
        found.add(rows("1"))
    assert found.since(0) is None
    assert len(found.since(1) or ()) == MOST_STEPS
    with Store(tmp_path / "s.duckdb") as store, store.beside() as beside:
        assert beside.additions.since(beside.additions.number) is None
