"""F, M, A, references, JFI, Momentum and level of the pipeline against the slow reference."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import Oracle, Row, indexes, references
from worlds import GAPS, JOURNEY, SEATS, Event, logs, new_store, random_log, scored, table, us

from cxcurve.metrics.references import FINE as GRID
from cxcurve.pipeline.run import Run
from cxcurve.pipeline.snapshots import snapshot

AS_OF = ("2025-05-14T15:30", "2025-05-12", "2025-04-02T01:00", "2025-03-31")
"""Inside a week, at a week's end, and both in the week in which Berlin's clocks change."""


def agree(events: list[Event], zone: str, as_of_us: int) -> None:
    """The pipeline's rows are the reference's, to 1e-9."""
    truth = Oracle(events, JOURNEY, zone, as_of_us, SEATS, GAPS)
    expected = truth.rows()
    with new_store() as store:
        store.append(table(events))
        run = scored(store, as_of_us, zone=zone)
        weeks, now = _rows(run, "customer_weeks"), _rows(run, "customer_now")
    last, last_end = max(truth.ticks().items())
    is_whole = last_end == truth.start_of(last + 1)
    assert set(weeks) == {(customer, week) for customer, week in expected if week < last or is_whole}
    assert set(now) == {(customer, week) for customer, week in expected if week == last}
    history = [(week, row) for (_, week), row in expected.items() if week < last or is_whole]
    # A contribution is kept in 2^-32: that many events may each be off by half of that.
    off = 1e-9 + len(events) * 2.0**-33
    for key, found in (weeks | now).items():
        _same(found, expected[key], history, key[1], off)


def _same(found: dict[str, float], row: Row, history: list[tuple[int, Row]], week: int, off: float) -> None:
    for name in ("cycle", "cycle_week", "stage", "is_stale"):
        assert found[name] == getattr(row, name), name
    for name in ("dwell_days", "friction", "momentum", "advocacy"):
        assert found[name] == pytest.approx(getattr(row, name), abs=off), name
    friction_ref, momentum_ref = references(history, row.stage, week)
    # References lie on a grid, rounded down.
    assert -off <= friction_ref - found["friction_ref"] <= 1 / GRID + off
    assert -off <= momentum_ref - found["momentum_ref"] <= 1 / GRID + off
    friction, momentum = indexes(row, found["friction_ref"], found["momentum_ref"])
    assert found["friction_index"] == pytest.approx(friction, abs=1e-6)
    assert found["momentum_index"] == pytest.approx(momentum, abs=1e-6)
    assert found["level"] == pytest.approx(momentum - friction, abs=1e-6)
    assert found["advocacy_index"] == pytest.approx(100 * (1 - 2**-row.advocacy), abs=1e-6)
    assert 0 <= found["friction_index"] <= 100
    assert 0 <= found["momentum_index"] <= 100


def _rows(run: Run, name: str) -> dict[tuple[str, int], dict[str, float]]:
    customers = dict(run.store.rows("SELECT customer_key, customer_id FROM customer_keys"))
    rows = run.store.arrow(getattr(snapshot(run), name)).to_pylist()
    return {(customers[row["customer_key"]], row["week"]): row for row in rows}


@settings(max_examples=8)
@given(logs(most=220), st.sampled_from(["UTC", "Europe/Berlin"]), st.sampled_from(AS_OF))
def test_every_week_of_a_random_company_is_what_the_definitions_say(events: list[Event], zone: str, as_of: str) -> None:
    agree(events, zone, us(as_of, zone))


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
@pytest.mark.parametrize("as_of", AS_OF)
def test_a_busy_company(zone: str, as_of: str) -> None:
    agree(random_log(random.Random(f"{zone}{as_of}"), 400), zone, us(as_of, zone))


def test_autumn_where_a_week_is_an_hour_longer() -> None:
    events = random_log(random.Random(5), 300, start="2025-09-20", weeks=8)
    agree(events, "Europe/Berlin", us("2025-10-27", "Europe/Berlin"))
    agree(events, "Europe/Berlin", us("2025-10-23T12:00", "Europe/Berlin"))


def test_a_year_and_a_half_so_that_windows_move() -> None:
    events = random_log(random.Random(11), 700, start="2024-01-01", weeks=78)
    agree(events, "UTC", us("2025-06-30"))
