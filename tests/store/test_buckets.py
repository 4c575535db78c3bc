"""Buckets go by the customer's id: the same whatever the order of loading, the engine, and the age of the file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pytest
from worlds import Event, new_store, table

from cxcurve.sources import arrow_schema
from cxcurve.store import Store, migrations, store
from cxcurve.tables import EVENTS, N_BUCKETS

IDS = ("ann", "bea", "Söhne & <Co> 🚀", " ", "x" * 10_000, "42", "person:42")


def defined(customer_id: str) -> int:
    """As `tables.N_BUCKETS` says."""
    return int(hashlib.md5(customer_id.encode(), usedforsecurity=False).hexdigest()[:8], 16) % N_BUCKETS


def buckets(known: Store) -> dict[str, int]:
    return dict(known.rows("SELECT customer_id, bucket FROM customer_keys"))


def append(known: Store, ids: Iterable[str]) -> None:
    known.append(table(Event(f"visit of {name}", name, "visit", 1_740_000_000_000_000) for name in ids))


def test_a_bucket_is_a_hash_of_the_id() -> None:
    with new_store() as known:
        append(known, IDS)
        assert buckets(known) == {name: defined(name) for name in IDS}


def test_buckets_do_not_go_by_the_order_of_loading() -> None:
    found = []
    for order in (IDS, IDS[::-1]):
        with new_store() as known:
            for name in order:
                append(known, [name])
            keys = dict(known.rows("SELECT customer_id, customer_key FROM customer_keys"))
            found.append((buckets(known), keys))
    assert found[0][0] == found[1][0]
    assert found[0][1] != found[1][1], "or the test would show nothing"


def test_who_is_renamed_has_the_bucket_of_the_new_name() -> None:
    with new_store() as known:
        (visit,) = table([Event("e1", "42", "visit", 1_740_000_000_000_000)]).to_pylist()
        person = {**visit, "account_id": None, "person_id": "42"}
        known.append(pa.Table.from_pylist([person], schema=arrow_schema(EVENTS)))
        append(known, ["42"])
        assert buckets(known) == {name: defined(name) for name in ("42", "person:42")}


def test_customers_of_an_older_file_get_theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "events.duckdb"
    with monkeypatch.context() as patch:
        patch.setattr(store, "MIGRATIONS", migrations.MIGRATIONS[:1])
        with Store(path) as old:
            old.execute("INSERT INTO customer_keys VALUES (1, 'ann'), (2, 'bea')")
    for _ in range(2):
        with Store(path) as new:
            append(new, ["cem", "ann"])
            assert buckets(new) == {name: defined(name) for name in ("ann", "bea", "cem")}
