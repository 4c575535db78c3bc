"""Two real exports with known reference numbers (the README beside each file)."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from statistics import median

import pyarrow as pa
import pytest

from cxcurve.model.sources import Source
from cxcurve.sources import derive_staged, read_source

DATA = Path(__file__).parents[2].parent / "shared" / "data"
NOW_US = 1_790_000_000_000_000
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not DATA.is_dir(), reason="the shared data (../shared/data) is not here"),
]
INCIDENTS = Source(
    key="incidents",
    files="uci_incident/incident_event_log.zip",
    nulls=["?", ""],
    time={"column": "sys_updated_at", "format": "%d/%m/%Y %H:%M", "zone": "UTC"},
    account="caller_id",
    id=["number", "sys_mod_count", "sys_updated_at", "incident_state"],
    by="number",
    order=["sys_mod_count", "sys_updated_at"],
    events={
        "ticket_opened": {"first": True, "at": "opened_at"},
        "ticket_reopened": {"when": "reopen_count > previous(reopen_count)"},
        "ticket_closed": {"last": True, "at": "closed_at"},
    },
    properties=["number", "made_sla", "reassignment_count"],
)


def test_the_incident_log_gives_its_reference_numbers():
    batches = list(read_source(INCIDENTS, DATA, received_us=NOW_US))
    refused = [one for batch in batches for one in batch.refused]
    assert sum(batch.n_read for batch in batches) == 141_712
    assert Counter(one.reason for one in refused) == {"names no customer: account (caller_id) is empty": 29}

    batch = derive_staged(INCIDENTS, pa.concat_tables([batch.staged for batch in batches]), received_us=NOW_US)
    assert (batch.n_read, batch.n_used + batch.n_no_event, batch.refused) == (141_683, 141_683, ())
    columns = (batch.events[name].to_pylist() for name in ("name", "occurred_us", "properties"))
    events = [(name, us, json.loads(text)) for name, us, text in zip(*columns, strict=True)]
    opened = {p["number"]: us for name, us, p in events if name == "ticket_opened"}
    closed = {p["number"]: (us, p) for name, us, p in events if name == "ticket_closed"}
    reopened = [p["number"] for name, _, p in events if name == "ticket_reopened"]
    assert (len(opened), len(closed), len(reopened), len(set(reopened))) == (24_915, 24_915, 331, 275)
    assert median((us - opened[n]) / 86.4e9 for n, (us, _) in closed.items()) == pytest.approx(6.0778, abs=5e-5)
    assert sum(int(p["reassignment_count"]) > 0 for _, p in closed.values()) / 24_915 == pytest.approx(
        0.45619, abs=5e-6
    )
    assert batch.events["event_id"].to_pandas().is_unique


def test_the_web_log_gives_its_reference_numbers():
    source = Source(
        key="web",
        files="retentioneering_ecom/ecom.csv.gz",
        time={"column": "timestamp", "format": "%Y-%m-%d %H:%M:%S"},
        person="user_id",
        name="event",
    )
    (batch,) = read_source(source, DATA, received_us=NOW_US)
    names = Counter(batch.events["name"].to_pylist())
    assert (batch.n_read, len(batch.events), batch.refused) == (31_106, 31_106, ())
    assert (names["purchase"], names["payment_error"], names["checkout_bug"], names["support_chat"]) == (
        470,
        119,
        44,
        277,
    )
    assert len(set(batch.events["person_id"].to_pylist())) == 600
    assert batch.events["event_id"].to_pandas().is_unique
