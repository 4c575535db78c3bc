"""A company's own health score, as it was known at the time."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from worlds import Event, table, us

from cxcurve import tables
from cxcurve.errors import UnknownNameError
from cxcurve.pipeline.own_score import OwnScore
from cxcurve.sources import arrow_schema
from cxcurve.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    said = [
        ("ann", "2026-01-01", {"health": 80, 'odd "name"': "1"}),
        ("ann", "2026-03-01", {"health": "35.5"}),
        ("bea", "2026-02-01", {"health": "unknown"}),
    ]
    rows = [
        {"customer_id": who, "valid_from_us": us(day), "seats": 5.0, "attributes": json.dumps(more)}
        for who, day, more in said
    ]
    with Store(tmp_path / "events.duckdb") as made:
        made.upsert(tables.CUSTOMERS, pa.Table.from_pylist(rows, schema=arrow_schema(tables.CUSTOMERS)))
        made.append(table([Event(who, who, "demo", us("2026-01-05")) for who in ("ann", "bea", "cem")]))
        yield made


def at(store: Store, own: OwnScore, who: str, day: str) -> float:
    key = store.customer_key(who)
    return float(own.risk_at(np.array([key]), np.array([us(day)]))[0])


def test_the_value_is_that_of_the_time_and_higher_is_healthier(store: Store) -> None:
    own = OwnScore.read(store, "health")
    assert at(store, own, "ann", "2026-02-28") == -80
    assert at(store, own, "ann", "2026-03-01") == -80, "what holds from a moment on was not known before it"
    assert at(store, own, "ann", "2026-03-02") == -35.5
    assert np.isnan(at(store, own, "ann", "2025-12-31"))
    assert np.isnan(at(store, own, "bea", "2026-06-01")), "no number"
    assert np.isnan(at(store, own, "cem", "2026-06-01")), "no attributes at all"


def test_a_score_of_risk_and_a_column_of_its_own(store: Store) -> None:
    assert at(store, OwnScore.read(store, "health", is_risk=True), "ann", "2026-06-01") == 35.5
    assert at(store, OwnScore.read(store, "seats"), "bea", "2026-06-01") == -5
    assert at(store, OwnScore.read(store, 'odd "name"'), "ann", "2026-02-01") == -1


def test_no_such_column(store: Store) -> None:
    with pytest.raises(
        UnknownNameError, match=r'column of customers with numbers "helth" is not known\. Did you mean "health"'
    ):
        OwnScore.read(store, "helth")
