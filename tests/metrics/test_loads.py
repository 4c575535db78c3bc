"""Loads: F and M of a week taken apart add up to what the weekly recursion made of them."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import JOURNEY, Event, new_store, random_log, table, us

from cxcurve.metrics.loads import REST, activity_at, counts_at, features_at, loads, part_names, rows_at
from cxcurve.metrics.recursion import column
from cxcurve.model.journey import Journey
from cxcurve.pipeline.run import Run
from cxcurve.pipeline.scoring import score

STATES = dict(JOURNEY.states)


def without(*names: str) -> Journey:
    return JOURNEY.model_copy(update={"states": {name: state for name, state in STATES.items() if name not in names}})


AS_OF = us("2025-05-14T15:30", "Europe/Berlin")


def parts(
    events: list[Event], week: int, journey: object = JOURNEY, as_of: int = AS_OF
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """(2, n) doublings of every part at a week counted from the last whole one, and F and M themselves."""
    with new_store() as store:
        store.append(table(events))
        run = Run(store, journey, "Europe/Berlin", as_of)  # type: ignore[arg-type]
        score(run, None)
        at = run.ticks.last_whole_week - week
        known = store.fetch(f"SELECT * FROM customer_weeks WHERE week = {at} ORDER BY customer_key")
        whole = np.stack([known[name].to_numpy() for name in ("friction", "momentum")])
        seats = run.facts.seat_factors(column(known, "customer_key"), at - run.ticks.first_week, 1)[0]
        rows = rows_at(known, run.ticks, at, seats)
        plan = store.temporary("plan_now", run.plan.table)
        counts = store.arrow(counts_at(store.table("signal_weeks"), plan, run.calendar, at))
        done = store.arrow(activity_at(store.table("activity_weeks"), at))
        found = loads(features_at(rows, counts, done, run.weights, run.expected_days), run.weights)
        named = {name: found[:, :, i] for i, name in enumerate(part_names(run.weights))}
        return named, whole


@given(st.integers(0, 2**32), st.integers(0, 8))
@settings(max_examples=10, deadline=None)
def test_nothing_is_left_over(seed: int, week: int) -> None:
    """Without decline every part is worked out, and the sums are those of the recursion."""
    found, whole = parts(random_log(random.Random(seed), 300), week, without("decline"))
    assert whole.shape[1]
    assert found[REST] == pytest.approx(np.zeros_like(whole), abs=1e-9)
    assert sum(found.values()) == pytest.approx(whole, abs=1e-9)


@pytest.mark.parametrize("week", [0, 2, 4])
def test_where_a_source_has_gone_silent_things_are_told_as_they_were_last_known(week: int) -> None:
    """Five weeks without any event: what has faded, who is silent and who stalls are not known any better."""
    log = random_log(random.Random(5), 500, weeks=12)
    found, whole = parts(log, week, without("decline", "open_issues"), us("2025-06-11"))
    assert found[REST] == pytest.approx(np.zeros_like(whole), abs=1e-9)
    assert found["used"][1].max() > 0.05


def test_decline_is_what_is_left_and_never_more_than_it_can_be() -> None:
    found, whole = parts(random_log(random.Random(3), 400), 2)
    assert whole.shape[1] >= 3
    assert found["decline"].max() <= STATES["decline"].friction
    assert found[REST] == pytest.approx(np.zeros_like(whole), abs=1e-9)


def test_each_part_has_its_sign_and_place() -> None:
    events = [
        Event("e1", "ann", "bought", us("2025-04-01")),
        Event("e2", "ann", "dispute", us("2025-05-05", "Europe/Berlin")),
        Event("e3", "ann", "ticket", us("2025-05-01"), conversation="k1"),
    ]
    found, _ = parts(events, 0)
    # A dispute of a week ago, half-life 28 days; ann has 5 seats, the median of all is 40; her ticket is open since
    # the first of May, three days are the target.
    assert found["dispute"][0] == pytest.approx([0.9 * np.log2(1 + 2 ** (-7 / 28))])
    assert found["ticket"][0] == pytest.approx([0.3 * np.log2(1 + 1 / (5 / 40) ** 0.8)])
    assert found["open_issues"][0] == pytest.approx([0.25])
    assert found["bought"][1] == pytest.approx([0.7 * np.log2(1 + 2 ** (-(41 - 1 / 12) / 21))], rel=1e-3)
    assert found["dispute"][1] == found["bought"][0] == 0


def test_what_comes_later_says_nothing_of_a_week() -> None:
    """Ann was silent for weeks, and is not since: at the week in question she is, with a weight of 1."""
    days = [f"2025-02-{day:02}T09:00" for day in (17, 18, 19, 20, 21, 24, 25, 26)] + ["2025-05-08T09:00"]
    events = [Event(f"e{i}", "ann", "bought" if not i else "used", us(day)) for i, day in enumerate(days)]
    then, now = (parts(events, week)[0] for week in (2, 0))
    assert (then["silence"][0].tolist(), now["silence"][0].tolist()) == ([1.0], [0.0])
    assert then["used"][1] < now["used"][1]
