"""examples/shop against the reference numbers of its data (retentioneering-tools, Apache-2.0)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import cxcurve
from cxcurve import Workspace

REFERENCE = {"purchase": 470, "payment_error": 119, "support_chat": 277, "error_page": 276, "checkout_bug": 44}
N_ROWS, N_USERS = 31_106, 600

pytestmark = pytest.mark.real


@pytest.fixture(scope="module", name="shop")
def _shop(example: Callable[[str, str], Path]) -> Iterator[Workspace]:
    with cxcurve.open(example("shop", "retentioneering_ecom/ecom.csv.gz")) as workspace:
        report = workspace.load()["clicks"]
        assert report.rows.read == report.rows.used == report.events.loaded == N_ROWS
        workspace.score()
        yield workspace


def test_events_of_each_kind(shop: Workspace) -> None:
    assert shop.quarantine() == []
    counts = shop.counts()
    assert {name: counts[name] for name in REFERENCE} == REFERENCE
    assert sum(counts.values()) == N_ROWS


def test_the_signals_page_tells_the_same(shop: Workspace) -> None:
    told = {row["signal"]: row["n_events"] for row in shop.signals()["signals"]}
    assert told["purchase"] == 470
    assert told["payment_error"] == 119


def test_every_user_is_a_customer_with_a_channel(shop: Workspace) -> None:
    rows = shop.customers()
    assert len(rows) == N_USERS
    assert {row["segment"] for row in rows} == {"organic", "paid_search", "email", "social", "direct"}


def test_who_bought_reached_value(shop: Workspace) -> None:
    """Everybody with a purchase after filling the basket; counted here from the events once more."""
    events = shop.events
    firsts = events.group_by("customer_id").agg(
        filled_us=events.occurred_us.min(where=events.name == "add_to_cart"),
        bought_us=events.occurred_us.min(where=events.name == "purchase"),
    )
    rows = firsts.filter(firsts.filled_us.notnull()).to_pyarrow()
    found = shop.time_to_value().to_json()
    assert found["n"] == rows.num_rows
    assert found["n_reached"] == rows.num_rows - rows["bought_us"].null_count


def test_loading_again_adds_nothing(shop: Workspace) -> None:
    again = shop.load()["clicks"].events
    assert (again.made, again.loaded, again.duplicate) == (N_ROWS, 0, N_ROWS)
