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

from cxcurve.errors import Reason
from cxcurve.metrics.drift import (
    Passage,
    Zone,
    drift_zones,
    equal_dwell_groups,
    known_at,
    overrepresented,
    passages,
)
from cxcurve.sources.simulated import Truth, simulate, write
from cxcurve.sources.simulated import Zone as PlantedZone
from cxcurve.stats.estimates import difference
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


def zone_of(
    rows: Sequence[Row], *, expected: float = 10.0, revenue: float = 1000.0, only: Sequence[int] | None = None
) -> Zone:
    found = passages(stays(rows), 2, AS_OF)
    money = dict.fromkeys(range(len(rows)) if only is None else only, (revenue, False))
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


def entrants(rng: np.random.Generator, n: int, mean: float, low: float, high: float) -> list[Row]:
    """Stays begun between so many days ago, that end in progress after an exponential wait."""
    rows: list[Row] = []
    for since, waits in zip(rng.uniform(low, high, n).tolist(), rng.exponential(mean, n).tolist(), strict=True):
        rows.append((0, since, waits, "progressed") if waits < since else (0, since, None, "open"))
    return rows


def test_a_deadline_beyond_the_window_widens_it() -> None:
    """Four fifths are through after 113 days: of who entered in 180 days too few could be followed so long."""
    rng = np.random.default_rng(4)
    zone = zone_of(entrants(rng, 400, 70, 1, 900))
    assert zone.tau_days == pytest.approx(-70 * np.log(0.2), rel=0.15)
    assert zone.window_days == pytest.approx(2 * zone.tau_days)
    told = [zone.stall.value, zone.leak.value, zone.progressed.value]
    assert zone.stall.value == pytest.approx(0.2, abs=0.1)
    assert sum(share or 0.0 for share in told) == pytest.approx(1.0)
    assert zone.reason is None


def test_a_deadline_of_more_than_the_whole_window_can_be_told_and_compared() -> None:
    """Expected 200 days: within 180 days nobody can have stalled, within 400 days they can."""
    rows: list[Row] = [(0, 390 - i, None, "open") for i in range(32)]
    rows += [(0, 390 - i, 90, "progressed") for i in range(8)] + [(0, 170 - i, None, "open") for i in range(30)]
    rows += [(0, 600, 50, "progressed")] * 5 + [(0, 600, None, "open")] * 15
    zone = zone_of(rows, expected=200.0)
    assert (zone.tau_days, zone.window_days, zone.n_entered) == (200.0, 400.0, 70)
    # 8 of the 70 progress on day 90, when all are at risk; of the 20 before, 5 do.
    assert zone.stall.value == pytest.approx(62 / 70)
    assert (zone.leak.value, zone.progressed.value) == (0.0, pytest.approx(8 / 70))
    assert zone.change_stall.value == pytest.approx(62 / 70 - 15 / 20)
    assert zone.change_p is not None


def test_where_nobody_was_followed_to_the_deadline_that_is_the_reason() -> None:
    zone = zone_of([(0, 60, 4, "progressed")] * 15 + [(0, 60, None, "open")] * 15, expected=100.0)
    assert (zone.stall.value, zone.leak.value, zone.progressed.value) == (None, None, None)
    assert (zone.reason, zone.stall.reason, zone.n_entered) == (Reason.NOT_FOLLOWED,) * 2 + (30,)


def test_without_anybodys_revenue_the_impact_is_not_told() -> None:
    rows: list[Row] = [(0, 40, 4, "progressed")] * 20 + [(0, 40, None, "open")] * 10
    zone = zone_of(rows, revenue=0.0)
    assert (zone.impact.value, zone.impact.reason) == (None, Reason.NO_REVENUE)
    assert len(zone.drifting_now) == 10
    assert zone_of(rows[:20], revenue=0.0).impact.value == 0.0, "where nobody drifts nothing is lost, at any price"


def test_chances_rest_on_ten_who_were_followed_and_later_ones_are_taken_for_these() -> None:
    """After day 100 four are left of twelve: one progresses on day 120, one of the last two on day 155.

    Without the cap who is there for 150 days would have 1 of 2 within 28 days, and for 160 days none.
    """
    rows: list[Row] = [(0, 170, 5, "progressed")] * 30 + [(0, 100, None, "open")] * 8
    rows += [(0, 170, 120, "progressed"), (0, 170, 155, "progressed"), (0, 150, None, "open"), (0, 160, None, "open")]
    zone = zone_of(rows)
    assert {round(one.days): one.progress_share for one in zone.drifting_now} == pytest.approx(
        {100: 0.25, 150: 0.25, 160: 0.25}
    )
    # At entry 30/42, then 1 of 4 and 1 of 2 of the other 12/42; of those the share from day 100 on is 5/8.
    lost = 30 / 42 + 12 / 42 * 5 / 8 - 5 / 8
    assert [one.impact_revenue for one in zone.drifting_now] == pytest.approx([1000 * lost] * 10)
    assert zone.impact.value == pytest.approx(10_000 * lost)
    last = zone_of(rows, only=[len(rows) - 1])
    assert last.impact.value == pytest.approx(1000 * lost)
    assert None not in (last.impact.low, last.impact.high)
    assert last.impact.low <= 1000 * lost <= last.impact.high, "the interval keeps to the cap"  # type: ignore[operator]


def test_stays_as_they_were_known_at_an_earlier_time() -> None:
    """Left before, left after, entered after, and left at that very moment, which is not known yet."""
    rows: list[Row] = [(0, 90, 10, "progressed"), (0, 90, 70, "exited"), (0, 20, None, "open"), (0, 90, 62, "exited")]
    before = known_at(stays(rows), AS_OF - 28 * int(DAY_US))
    assert before["ended_by"].to_pylist() == ["progressed", "open", "open"]
    assert [left is None for left in before["left_us"].to_pylist()] == [False, True, True]
    (found,) = passages(before, 2, AS_OF - 28 * int(DAY_US))
    assert found.days.tolist() == pytest.approx([10.0, 62.0, 62.0])


def test_where_nothing_changes_the_impact_is_rarely_called_changed() -> None:
    """500 days of entries and exits at one pace: 3 to 8 of 100 differences from four weeks before are called real."""
    rng = np.random.default_rng(1)
    back = 28.0

    def impact(ended: list[tuple[float, float, int]], ago: float) -> Zone:
        known = [(k, since - ago, days, cause) for k, (since, days, cause) in enumerate(ended) if since > ago]
        now_us = AS_OF - round(ago * DAY_US)
        columns = zip(
            *((k, min(d, s), c if d < s else 0, now_us - round(s * DAY_US)) for k, s, d, c in known), strict=True
        )
        keys, days, causes, entered = (np.array(column) for column in columns)
        passage = Passage(0, keys, days.astype(float), causes, entered)
        money = dict.fromkeys(range(len(ended)), (1000.0, False))
        names, expected = ["try", "buy"], [30.0]
        return drift_zones([passage], names=names, expected_days=expected, revenue=money, as_of_us=now_us)[0]

    real = 0
    for _ in range(100):
        stuck = rng.random(200) < 0.3
        through, out = rng.exponential(np.where(stuck, 300.0, 15.0)), rng.exponential(200.0, 200)
        causes = np.where(through < out, 1, 2)
        drawn = zip(rng.uniform(0, 500, 200).tolist(), np.minimum(through, out).tolist(), causes.tolist(), strict=True)
        ended = list(drawn)
        real += bool(difference(impact(ended, 0.0).impact, impact(ended, back).impact).is_real())
    assert real <= 10


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
    before = entrants(rng, 200, 15, 185, 400)
    worse = zone_of([*before, *entrants(rng, 200, 35, 1, 179)])
    same = zone_of([*before, *entrants(rng, 200, 15, 1, 179)])
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
