"""Missing data never improves a score: what happens when sources go silent (definitions.md, 3)."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import DAY_US, GAPS, JOURNEY, WEEK_US, Event, logs, new_store, random_log, scored, table

from cxcurve.charts.format import silent_said
from cxcurve.metrics.staleness import usual_gap
from cxcurve.pipeline.run import Run
from cxcurve.pipeline.snapshots import snapshot
from cxcurve.stats.estimates import Estimate, widened


def at(events: list[Event], as_of_us: int, gaps: dict[str, int]) -> dict[str, tuple[float, float, bool]]:
    """Friction, momentum and whether it is stale, by customer; weights and references do not come into these sums."""
    with new_store() as store:
        store.append(table(events))
        run = scored(store, as_of_us, gaps=gaps)
        names = dict(store.rows("SELECT customer_key, customer_id FROM customer_keys"))
        rows = store.arrow(store.table("customer_now")).to_pylist()
        assert bool(run.feeds.silent) == any(row["is_stale"] for row in rows) or not rows
    return {names[row["customer_key"]]: (row["friction"], row["momentum"], row["is_stale"]) for row in rows}


@settings(max_examples=5)
@given(logs(most=150), st.integers(1, 30))
def test_after_a_cut_no_friction_is_below_and_no_momentum_above_its_value_at_the_cut(
    events: list[Event], weeks: int
) -> None:
    events = [replace(event, source="app") for event in events]
    cut_us = max(event.at_us for event in events) + 1
    then, later = at(events, cut_us, GAPS), at(events, cut_us + weeks * WEEK_US + 20 * DAY_US, GAPS)
    assert then.keys() == later.keys()
    for customer, (friction, momentum, is_stale) in later.items():
        assert friction >= then[customer][0] - 1e-6
        assert momentum <= then[customer][1] + 1e-6
        assert is_stale == (not then[customer][2])


def test_a_source_that_may_be_silent_for_ever_lets_friction_fade() -> None:
    events = [replace(event, source="app") for event in random_log(random.Random(3), 20)]
    cut_us = max(event.at_us for event in events) + 1
    then, later = at(events, cut_us, {}), at(events, cut_us + 20 * WEEK_US, {})
    assert not any(is_stale for _, _, is_stale in later.values())
    assert any(later[name][1] < then[name][1] - 0.05 for name in then), "momentum fades"


def test_who_is_silent_and_for_how_long() -> None:
    events = [Event(f"a{day}", "ann", "used", day * DAY_US, source="app") for day in range(20_000, 20_060)]
    events += [Event(f"d{day}", "ann", "ticket", day * DAY_US, source="desk") for day in range(20_000, 20_040, 3)]
    with new_store() as store:
        store.append(table(events))
        run = Run(store, JOURNEY, "UTC", 20_060 * DAY_US, expected_gaps={"desk": 7 * DAY_US})
        (desk,) = run.feeds.silent
        assert desk == ("desk", pytest.approx(21), 7)
        assert run.standing.behind_us(run.ticks.ends_us) == 21 * DAY_US
        said = silent_said(run.feeds.silent)
    assert said == (
        "Nothing comes from this source: desk (21 days; up to 7 days is usual). "
        "What rests on it alone is told as of its last event."
    )
    assert silent_said(()) is None


def test_the_snapshot_says_it() -> None:
    with new_store() as store:
        store.append(table([Event("e", "ann", "visit", 20_000 * DAY_US, source="crm")]))
        known = snapshot(scored(store, 20_020 * DAY_US))
        assert [source.name for source in known.silent] == ["crm"]
        assert known.behind_us == 20 * DAY_US


def test_the_usual_gap_is_the_99th_percentile() -> None:
    assert usual_gap(np.arange(1, 101)) == 99
    assert usual_gap(np.arange(1, 21)) == 20


def test_an_interval_is_widened_by_what_may_have_happened_since() -> None:
    known = Estimate(50.0, 47.0, 54.0, 100)
    assert widened(known, 0.0) == known
    assert widened(known, 4.0) == Estimate(50.0, 45.0, pytest.approx(50 + 32**0.5), 100)
    assert widened(known, None) == Estimate(50.0, None, None, 100), "where nothing says how far, there is no interval"


@pytest.mark.parametrize(("days", "expected"), [(6.9, []), (7.1, ["desk"]), (60, ["desk"])])
def test_who_is_silent_later_where_nothing_more_comes(days: float, expected: list[str]) -> None:
    events = [Event(f"d{day}", "ann", "ticket", day * DAY_US, source="desk") for day in range(20_000, 20_004)]
    events.append(Event("a", "ann", "used", 20_003 * DAY_US, source="app"))
    with new_store() as store:
        store.append(table(events))
        feeds = Run(store, JOURNEY, "UTC", 20_003 * DAY_US + 1, expected_gaps={"desk": 7 * DAY_US}).feeds
        found = feeds.silent_at(20_003 * DAY_US + round(days * DAY_US))
    assert [one.name for one in found] == expected
    assert [one.days for one in found] == pytest.approx([days] * len(expected))
