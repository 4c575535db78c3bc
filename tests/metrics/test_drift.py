"""Drift zones: tiny cases by hand, and the zone that the simulated company has planted (definitions 6)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from entrants import Row, entrants, zone_of
from hypothesis import given, settings
from hypothesis import strategies as st

from cxcurve.errors import Reason
from cxcurve.sources.simulated import Truth, Zone, simulate, write
from cxcurve.workspace.workspace import init


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
    assert {d.progress_share for d in zone.drifting_now} == {None}, "nobody was followed past day 40"
    assert zone.change_p is None


def test_tau_is_the_day_by_which_four_fifths_of_the_reference_have_gone() -> None:
    reference: list[Row] = [(0, 300, day, "progressed") for day in range(1, 26)]
    zone = zone_of([*reference, *[(0, 30, 5, "progressed")] * 20])
    assert (zone.tau_days, zone.is_tau_expected) == (20.0, False)
    assert zone.change_p is not None


def test_thin_zones_estimate_nothing_and_name_who_is_there() -> None:
    rows: list[Row] = [(0, 60, 4, "progressed")] * 7 + [(0, 40, None, "open"), (0, 3, None, "open")]
    zone = zone_of([*rows, *[(0, 50.0, None, "open")] * 10])
    assert (zone.stall.value, zone.impact.value, zone.reason) == (None, None, "too_few")
    assert [round(one.days) for one in zone.present_now] == [50] * 10 + [40, 3]
    assert {(one.progress_share, one.impact_revenue, one.reason) for one in zone.drifting_now} == {
        (None, None, Reason.TOO_FEW)
    }
    assert zone_of([(0, 50.0, 4, "progressed"), *rows, *[(0, 50.0, None, "open")] * 10]).present_now == ()


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


kinds = st.sampled_from(["progressed", "exited", "open"])


@settings(max_examples=30)
@given(st.lists(st.tuples(st.floats(1, 170), st.floats(0, 1), kinds), min_size=20, max_size=80))
def test_stall_leak_and_progressed_are_all_there_is(drawn: list[tuple[float, float, str]]) -> None:
    zone = zone_of([(0, since, None if how == "open" else since * part, how) for since, part, how in drawn])
    shares = [zone.stall.value, zone.leak.value, zone.progressed.value]
    assert all(share is not None and -1e-12 <= share <= 1 + 1e-12 for share in shares)
    assert sum(share or 0.0 for share in shares) == pytest.approx(1.0)
    assert zone.n_progressed + zone.n_exited + zone.n_open == zone.n_entered == len(drawn)
    told = [one for one in zone.drifting_now if one.progress_share is not None]
    assert all(d.days > 10 and 0 <= (d.progress_share or 0) + (d.exit_share or 0) <= 1 + 1e-9 for d in told)
    assert len(told) + zone.n_untold == len(zone.drifting_now)
    assert zone.impact.value == pytest.approx(sum(d.impact_revenue or 0.0 for d in zone.drifting_now))


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


def test_the_planted_zone_is_found(tmp_path: Path) -> None:
    """A simulated company is slower in one zone from a day on; that zone has the smallest p and more stall."""
    planted = Zone(weeks_before_end=26, slower=3.0)
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
