"""Drift zones: tiny cases by hand, and the zone that the simulated company has planted (definitions 6)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import DAY_US, us

from cxcurve.metrics.drift import Zone, drift_zones, equal_dwell_groups, overrepresented, passages
from cxcurve.sources.simulated import Truth, simulate, write
from cxcurve.sources.simulated import Zone as PlantedZone
from cxcurve.workspace.workspace import init

AS_OF = us("2026-06-01")
Row = tuple[int, float, float | None, str]
"""Stage, days before as_of when entered, days stayed (None: still there), how it ended."""


def stays(rows: Sequence[Row]) -> pa.Table:
    entered = [AS_OF - round(since * DAY_US) for _, since, _, _ in rows]
    left = [None if d is None else e + round(d * DAY_US) for e, (_, _, d, _) in zip(entered, rows, strict=True)]
    return pa.table(
        {
            "customer_key": pa.array(range(len(rows)), pa.int32()),
            "stage": pa.array([row[0] for row in rows], pa.int32()),
            "entered_us": pa.array(entered, pa.int64()),
            "left_us": pa.array(left, pa.int64()),
            "ended_by": [row[3] for row in rows],
        }
    )


def zone_of(rows: Sequence[Row], *, expected: float = 10.0, revenue: float = 1000.0) -> Zone:
    found = passages(stays(rows), 2, AS_OF)
    money = dict.fromkeys(range(len(rows)), (revenue, False))
    (zone,) = drift_zones(found, names=["try", "buy"], expected_days=[expected], revenue=money, as_of_us=AS_OF)
    return zone


def test_by_hand() -> None:
    """Of 20 entrants 8 progress on day 4, 2 exit on day 6, 10 are there after 40; tau is the expected 10 days."""
    rows: list[Row] = [(0, 40, 4, "progressed")] * 8 + [(0, 40, 6, "exited")] * 2 + [(0, 40, None, "open")] * 10
    zone = zone_of(rows)
    assert (zone.start, zone.goal, zone.tau_days, zone.is_tau_expected) == ("try", "buy", 10.0, True)
    assert (zone.n_entered, zone.n_progressed, zone.n_exited, zone.n_open) == (20, 8, 2, 10)
    assert [zone.stall.value, zone.leak.value, zone.progressed.value] == pytest.approx([0.5, 0.1, 0.4])
    assert [d.days for d in zone.drifting_now] == pytest.approx([40.0] * 10)
    # At entry 0.4 progress within a year; of those there after 40 days nobody has: all of it is lost, for each.
    assert zone.impact.value == pytest.approx(10 * 1000 * 0.4)
    assert {d.progress_share for d in zone.drifting_now} == {0.0}
    assert zone.change_p is None


def test_tau_is_the_day_by_which_four_fifths_of_the_reference_have_gone() -> None:
    reference: list[Row] = [(0, 300, day, "progressed") for day in range(1, 26)]
    zone = zone_of([*reference, *[(0, 30, 5, "progressed")] * 20])
    assert (zone.tau_days, zone.is_tau_expected) == (20.0, False)
    assert zone.change_p is not None


def test_thin_zones_tell_nothing() -> None:
    zone = zone_of([(0, 40, 4, "progressed")] * 19)
    assert (zone.stall.value, zone.impact.value, zone.reason) == (None, None, "too_few")


kinds = st.sampled_from(["progressed", "exited", "open"])


@settings(max_examples=30)
@given(st.lists(st.tuples(st.floats(1, 170), st.floats(0, 1), kinds), min_size=20, max_size=80))
def test_stall_leak_and_progressed_are_all_there_is(drawn: list[tuple[float, float, str]]) -> None:
    zone = zone_of([(0, since, None if how == "open" else since * part, how) for since, part, how in drawn])
    shares = [zone.stall.value, zone.leak.value, zone.progressed.value]
    assert all(share is not None and -1e-12 <= share <= 1 + 1e-12 for share in shares)
    assert sum(share or 0.0 for share in shares) == pytest.approx(1.0)
    assert zone.n_progressed + zone.n_exited + zone.n_open == zone.n_entered == len(drawn)
    assert all(d.days > 10 and 0 <= d.progress_share <= 1 and d.impact_revenue >= 0 for d in zone.drifting_now)
    assert zone.impact.value == pytest.approx(sum(d.impact_revenue for d in zone.drifting_now))


def test_a_zone_that_worsens_is_found_and_one_that_does_not_is_not() -> None:
    rng = np.random.default_rng(3)

    def entrants(mean: float, low: float, high: float) -> list[Row]:
        rows: list[Row] = []
        for since, waits in zip(rng.uniform(low, high, 200), rng.exponential(mean, 200), strict=True):
            rows.append((0, since, waits, "progressed") if waits < since else (0, since, None, "open"))
        return rows

    before = entrants(15, 185, 400)
    worse, same = zone_of([*before, *entrants(35, 1, 179)]), zone_of([*before, *entrants(15, 1, 179)])
    assert worse.change_p is not None
    assert worse.change_p < 0.001
    assert (worse.change_stall.value or 0) > 0.1
    assert same.change_p is not None
    assert same.change_p > 0.01


def test_what_differs_is_asked_at_the_same_dwell() -> None:
    rows: list[Row] = [(0, 90, None, "open")] * 30 + [(0, 90, 8, "progressed")] * 30 + [(0, 90, 1, "progressed")] * 40
    groups = equal_dwell_groups(passages(stays(rows), 2, AS_OF)[0], 10.0)
    assert groups["group"].to_pylist().count("progressed") == 30, "who left before half of tau was not there to compare"
    assert {
        (e - s) / DAY_US for s, e in zip(*(groups[n].to_pylist() for n in ("entered_us", "until_us")), strict=True)
    } == {5.0}
    counts = pa.table({"signal_key": [1, 1, 2, 2], "group": ["stalled", "progressed"] * 2, "n": [24, 6, 15, 15]})
    (found,) = overrepresented(counts, groups, {1: "ticket", 2: "visit"})
    assert found.signal == "ticket"
    assert found.odds_ratio.value == pytest.approx(24 * 24 / 36, rel=0.1)


def test_the_planted_zone_is_found(tmp_path: Path) -> None:
    """A simulated company is slower in one zone from a day on; that zone has the smallest p and more stall."""
    planted = PlantedZone(weeks_before_end=26, slower=3.0)
    simulated = simulate(customers=450, weeks=52, seed=7, truth=Truth(zone=planted))
    with init(tmp_path / "company", "b2b-saas") as workspace:
        write(simulated, workspace.folder)
        workspace.load()
        workspace.score()
        zones = {zone.start: zone for zone in workspace.drift(segment={"segment": planted.segment}).zones}
    zone = zones[planted.stage]
    assert zone.change_p is not None
    assert zone.change_p < 0.05
    assert (zone.change_stall.value or 0) > 0
    assert zone.change_p == min(z.change_p for z in zones.values() if z.change_p is not None)
