"""The scorecard on planted data: a change is called real where one was planted, and what is left out is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import yaml
from worlds import DAY_US, Event, new_store, table, us

from cxcurve import tables
from cxcurve.errors import Reason
from cxcurve.metrics.drift import Zone
from cxcurve.metrics.registry import BY_NAME
from cxcurve.model.journey import Journey
from cxcurve.pipeline.run import Run
from cxcurve.pipeline.scoring import score
from cxcurve.pipeline.snapshots import snapshot
from cxcurve.sources import arrow_schema
from cxcurve.stats.estimates import Estimate, nothing
from cxcurve.stats.proportions import wilson
from cxcurve.workspace.drift import Drift, drift
from cxcurve.workspace.readings import Reading, _drift_readings, _quarters
from cxcurve.workspace.scorecards import Scorecard, _target, scorecard

AS_OF = us("2026-06-01")
JOURNEY = Journey.model_validate(
    yaml.safe_load("""
journey: desk
stages: [{name: one, expected: 30d}, two]
exits: [gone]
time_to_value: {from: seen, to: value, target: 7d}
signals:
  seen: {stage: one, momentum: 0.5}
  bought: {stage: two, momentum: 0.5}
  value: {momentum: 0.5}
  ticket: {friction: 0.3, contact: true, until: closed}
  closed: {by: company}
  nps_answered: {valence: "value: 0..6=-1, 7..8=0, 9..10=1", valence_friction: 0.9, keep: latest}
  csat_answered: {valence: "value: 1..2=-1, 3=0, 4..5=1", valence_friction: 0.9}
  ces_answered: {valence: "value: 1..3=-1, 4=0, 5..7=1", valence_friction: 0.9}
  self_service_solved: {momentum: 0.5}
  self_service_failed: {friction: 0.2}
  gone: {}
""")
)
Told = tuple[str, str, float, float | None]
"""Customer, event, days before as_of, value."""


def card(told: Sequence[Told], revenue: float | None = None, as_of_us: int = AS_OF) -> dict[str, dict[str, Any]]:
    """Rows of the scorecard by metric; every customer has the same revenue."""
    events = [
        Event(f"e{i}", who, name, AS_OF - round(ago * DAY_US), who, None, v)
        for i, (who, name, ago, v) in enumerate(told)
    ]
    rows = [
        {"customer_id": who, "valid_from_us": 0, "attributes": "{}", "revenue_per_year": revenue}
        for who in sorted({who for who, *_ in told})
    ]
    with new_store({}) as store:
        store.upsert(tables.CUSTOMERS, pa.Table.from_pylist(rows, schema=arrow_schema(tables.CUSTOMERS)))
        store.append(table(events))
        run = Run(store, JOURNEY, "UTC", as_of_us)
        score(run, None)
        known = snapshot(run)
        found: Scorecard = scorecard(known, store.arrow, drift(known, store.arrow, store.temporary), "USD")
    return {row["metric"]: row for row in found.to_json()["rows"]}


def starters(rng: np.random.Generator, n: int, mean: float, youngest: float, oldest: float, name: str) -> list[Told]:
    """Customers who started between so many days ago and reach value after an exponential wait."""
    told: list[Told] = []
    for i in range(n):
        ago, waits = rng.uniform(youngest, oldest), rng.exponential(mean)
        told.append((f"{name}{i}", "seen", ago, None))
        if waits < ago:
            told.append((f"{name}{i}", "value", ago - waits, None))
    return told


def test_who_started_lately_is_set_against_who_started_before() -> None:
    """Half reach value after 14 days before, after 4 lately; everybody together would say about 9 and no change."""
    rng = np.random.default_rng(2)
    rows = card(starters(rng, 80, 20, 190, 400, "old") + starters(rng, 80, 6, 1, 179, "new"))
    ttv, onboarded = rows["time_to_value"], rows["onboarding_completion"]
    assert ttv["current"] == pytest.approx(6 * np.log(2), rel=0.35)
    assert ttv["previous"] == pytest.approx(20 * np.log(2), rel=0.35)
    assert (ttv["against"], ttv["n"]) == ("those who started earlier", 80)
    assert (ttv["is_real_change"], ttv["is_better"]) == (True, True)
    assert onboarded["current"] == pytest.approx(1 - np.exp(-7 / 6), abs=0.12)
    assert onboarded["previous"] == pytest.approx(1 - np.exp(-7 / 20), abs=0.12)
    assert (onboarded["is_real_change"], onboarded["is_better"]) == (True, True)
    # Twelve weeks ago fewer of the fast ones had started, and the window still held some of the slow.
    assert ttv["series"][-1] == ttv["current"]
    assert ttv["series"][0] > ttv["series"][-1]


def test_the_same_pace_is_no_real_change() -> None:
    rng = np.random.default_rng(3)
    rows = card(starters(rng, 80, 10, 190, 400, "old") + starters(rng, 80, 10, 1, 179, "new"))
    assert rows["time_to_value"]["is_real_change"] is False
    assert rows["onboarding_completion"]["is_real_change"] is False


def test_where_few_started_lately_it_is_everybody_and_nothing_is_compared() -> None:
    rng = np.random.default_rng(4)
    rows = card(starters(rng, 40, 10, 190, 400, "old") + starters(rng, 19, 10, 1, 179, "new"))
    for name in ("time_to_value", "onboarding_completion"):
        assert (rows[name]["n"], rows[name]["previous"], rows[name]["is_real_change"]) == (59, None, None)


def test_contacts_of_the_same_customers_are_less_sure_and_the_share_is_that_of_all() -> None:
    """Ten customers come back but for the last time, ten never: 150 contacts, but known of twenty customers only."""
    told: list[Told] = [(f"c{i}", "seen", 300.0, None) for i in range(20)]
    told += [(f"c{i}", "ticket", 80 - 7 * k, None) for i in range(10) for k in range(10)]
    told += [(f"c{i}", "ticket", 80 - 15 * k, None) for i in range(10, 20) for k in range(5)]
    row, other = (card(told)[name] for name in ("repeat_contact", "first_contact_resolution"))
    plain = wilson(90, 150)
    assert (row["current"], row["n"]) == (pytest.approx(0.6), 150)
    assert plain.low is not None
    assert plain.high is not None
    assert row["high"] - row["low"] > 1.8 * (plain.high - plain.low)
    assert (other["low"], other["high"]) == (pytest.approx(1 - row["high"]), pytest.approx(1 - row["low"]))


def test_one_customer_who_answers_often_does_not_make_satisfaction_sure() -> None:
    told: list[Told] = [("busy", "seen", 300.0, None), *(("busy", "csat_answered", 1 + i, 5.0) for i in range(40))]
    for i in range(6):
        told += [(f"c{i}", "seen", 300.0, None), (f"c{i}", "csat_answered", 10.0 + i, 2.0)]
    row = card(told)["csat"]
    plain = wilson(40, 46)
    assert (row["current"], row["n"]) == (pytest.approx(40 / 46), 46)
    assert plain.low is not None
    assert row["low"] < 0.5 < plain.low


def test_answers_that_are_none_are_left_out_and_counted() -> None:
    told: list[Told] = []
    for i in range(12):
        told += [(f"c{i}", "seen", 300.0, None), (f"c{i}", "nps_answered", 20.0, 10.0 if i < 9 else 3.0)]
    told += [("c0", "nps_answered", 5.0, 99.0), ("c1", "nps_answered", 5.0, None), ("c2", "nps_answered", 4.0, -1.0)]
    told += [("c3", "nps_answered", 200.0, 99.0), ("c0", "ces_answered", 3.0, 8.0), ("c0", "csat_answered", 3.0, 5.0)]
    rows = card(told)
    nps, ces, csat = rows["nps"], rows["ces"], rows["csat"]
    assert (nps["current"], nps["n"]) == (pytest.approx(50.0), 12), "what is no answer replaces none"
    assert (nps["n_unknown"], nps["note"]) == (3, "3 answers empty or outside 0 to 10 left out")
    assert (ces["current"], ces["reason"]) == (None, Reason.NO_EVENTS)
    assert (ces["n_unknown"], ces["note"]) == (1, "1 answer empty or outside 1 to 7 left out")
    assert (csat["n_unknown"], csat["note"]) == (0, "")


def test_the_line_of_answers_needs_ten_that_count() -> None:
    told: list[Told] = [(f"c{i}", "seen", 300.0, None) for i in range(12)]
    told += [(f"c{i}", "nps_answered", 20.0, 9.0 if i < 9 else 99.0) for i in range(12)]
    told += [("c0", "nps_answered", 19.0 - i, 9.0) for i in range(5)]
    assert set(card(told)["nps"]["series"]) == {None}
    assert card([*told, ("c9", "nps_answered", 2.0, 9.0)])["nps"]["series"] == [None] * 12 + [100.0]


def test_thin_rows_are_marked_and_rows_without_a_value_are_not() -> None:
    told: list[Told] = []
    for i in range(30):
        told += [(f"c{i}", "seen", 300.0, None), (f"c{i}", "nps_answered", 20.0, 9.0)]
    told += [(f"c{i}", "csat_answered", 20.0, 5.0) for i in range(29)] + [("c0", "ces_answered", 20.0, None)]
    rows = card(told)
    thin = {name: row["is_thin"] for name, row in rows.items()}
    assert (thin["nps"], thin["csat"], thin["ces"]) == (False, True, False)
    assert all(isinstance(value, bool) for value in thin.values())


def test_a_contact_is_on_the_line_once_seven_days_have_followed_it() -> None:
    """Ten contacts three days before the last week but one: known to be none's sequel only a week later."""
    told: list[Told] = [(f"c{i}", "seen", 300.0, None) for i in range(10)]
    told += [(f"c{i}", "ticket", 10.0, None) for i in range(10)]
    row = card(told)["repeat_contact"]
    assert (row["current"], row["n"]) == (0.0, 10)
    assert row["series"] == [None] * 12 + [0.0]


def test_the_line_of_contacts_ends_where_the_card_is() -> None:
    """Contacts of 92 days ago are out of both; they came back, the later ones did not."""
    told: list[Told] = [(f"c{i}", "seen", 300.0, None) for i in range(12)]
    told += [(f"c{i}", "ticket", ago, None) for i in range(12) for ago in (95.0, 92.0, 40.0)]
    row = card(told)["repeat_contact"]
    assert row["current"] == row["series"][-1] == 0.0
    assert row["series"][-2] == pytest.approx(1 / 3), "a week before, those of 85 days and more ago were in"


def test_sessions_that_solved_it_are_told_where_both_endings_are_known() -> None:
    told: list[Told] = [(f"c{i}", "seen", 300.0, None) for i in range(40)]
    told += [(f"c{i}", "self_service_solved", 30.0, None) for i in range(30)]
    told += [(f"c{i}", "self_service_failed", 30.0, None) for i in range(30, 40)]
    told += [(f"c{i}", "ticket", 28.0, None) for i in range(6)] + [
        (f"c{i}", "ticket", 26.0, None) for i in range(6, 12)
    ]
    row = card(told)["self_service"]
    assert (row["current"], row["n"], row["is_thin"]) == (pytest.approx(24 / 40), 40, False)
    assert "self_service" not in card([("c", "seen", 30.0, None)])


@pytest.mark.parametrize(
    ("change", "real"),
    [
        (Estimate(5.0, 1.0, 9.0), True),
        (Estimate(5.0, -1.0, 9.0), False),
        (Estimate(5.0, 1.0, 9.0, p_value=0.2), False),
        (Estimate(5.0, -1.0, 9.0, p_value=0.01), False),
        (Estimate(5.0, 1.0, 9.0, p_value=0.01), True),
        (Estimate(5.0, p_value=0.01), True),
        (Estimate(0.0, p_value=0.01), False),
        (Estimate(5.0), None),
        (nothing(), None),
        (None, None),
    ],
)
def test_a_change_is_real_if_all_that_was_asked_says_so(change: Estimate | None, real: bool | None) -> None:
    assert Reading(Estimate(10.0), change=change).is_real is real


def zone(p: float | None, change: Estimate, impact: Estimate) -> Zone:
    return Zone(
        start="one", goal="two", window_days=180, n_entered=50, n_progressed=20, n_exited=5, n_open=25,
        stall=Estimate(0.5, 0.4, 0.6, 50), leak=Estimate(0.1, 0.05, 0.2, 50), progressed=Estimate(0.4, 0.3, 0.5, 50),
        tau_days=20.0, is_tau_expected=False, change_stall=change, change_leak=nothing(), change_p=p, drifting_now=(),
        impact=impact,
    )  # fmt: skip


@pytest.mark.parametrize(("p", "real"), [(0.01, True), (0.2, False), (None, None)])
def test_the_worst_stall_has_changed_only_if_the_corrected_test_says_so(p: float | None, real: bool | None) -> None:
    """The interval leaves 0 out each time: of five zones one does so by chance in a quarter of the weeks."""
    found = zone(p, Estimate(0.1, 0.01, 0.2, 100), Estimate(0.0, 0.0, 0.0, 50))
    reading = _drift_readings(Drift(AS_OF, (found,), {}), [])["stall_share"]
    assert reading.is_real is real
    assert reading.previous.value == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("now", "then", "real"),
    [
        (Estimate(900.0, 800.0, 1000.0, 50), Estimate(500.0, 400.0, 600.0, 50), True),
        (Estimate(900.0, 500.0, 1300.0, 50), Estimate(500.0, 200.0, 800.0, 50), False),
        (Estimate(900.0, 800.0, 1000.0, 50), nothing(), None),
    ],
)
def test_the_impact_is_set_against_four_weeks_before(now: Estimate, then: Estimate, real: bool | None) -> None:
    drift, before = Drift(AS_OF, (zone(None, nothing(), now),), {}), [zone(None, nothing(), then)]
    reading = _drift_readings(drift, before)["drift_impact"]
    assert (reading.previous.value, reading.against, reading.is_real) == (then.value, "4 weeks before", real)


def test_four_weeks_before_is_what_was_said_four_weeks_before() -> None:
    """Enough in the stage at both times; meanwhile some moved on, some left, and some came."""
    rng = np.random.default_rng(5)
    told: list[Told] = []
    for i in range(80):
        ago, waits = rng.uniform(1, 200), rng.exponential(40)
        told.append((f"c{i}", "seen", ago, None))
        if waits < ago:
            told.append((f"c{i}", "bought" if i % 4 else "gone", ago - waits, None))
    now = card(told, revenue=1000.0)["drift_impact"]
    then = card(told, revenue=1000.0, as_of_us=AS_OF - 28 * DAY_US)["drift_impact"]
    assert now["current"] > 0
    assert now["previous"] == pytest.approx(then["current"])
    assert now["previous"] != pytest.approx(now["current"], rel=0.05)


def test_impacts_of_other_zones_are_not_set_against_each_other() -> None:
    one = zone(None, nothing(), Estimate(900.0, 800.0, 1000.0, 50))
    two = replace(one, start="two", goal="three")
    new = replace(two, impact=nothing(5))
    drift = Drift(AS_OF, (one, two), {})
    assert drift.impact_before([one, two]).value == pytest.approx(1800.0)
    assert drift.impact_before([one, new]).value is None


def test_without_anybodys_revenue_the_impact_has_a_reason_and_no_zone_is_worth_nothing() -> None:
    """Eight of thirty drift. Priced they are worth something; without a price the total is not the other zones' 0."""
    told: list[Told] = [(f"c{i}", "seen", 150.0, None) for i in range(30)]
    told += [(f"c{i}", "bought", 145.0, None) for i in range(22)]
    assert card(told, revenue=1000.0)["drift_impact"]["current"] > 0
    row = card(told)["drift_impact"]
    assert (row["current"], row["reason"]) == (None, Reason.NO_REVENUE)
    free = zone(None, nothing(), Estimate(0.0, 0.0, 0.0, 50))
    unpriced = zone(None, nothing(), nothing(50, Reason.NO_REVENUE))
    assert Drift(AS_OF, (free, unpriced), {}).impact.reason == Reason.NO_REVENUE


def weekly(weeks: dict[int, tuple[int, float]]) -> pa.Table:
    rows = [{"week": week, "n": n, "mean": mean} for week, (n, mean) in weeks.items()]
    return pa.Table.from_pylist(rows)


def test_a_quarter_is_thirteen_weeks_in_a_row_with_enough_customers_in_each() -> None:
    """Weeks 0 to 29, means 0 to 29: week 14 is missing, and in week 28 there are nine customers."""
    weeks = {week: (50, float(week)) for week in range(30) if week != 14} | {28: (9, 0.0)}
    found = _quarters(weekly(weeks))
    assert found == (6.0, 7.0, 21.0), "0 to 12, 1 to 13, 15 to 27"
    reading = Reading(Estimate(10.0), quarters=found)
    best = {name: _target("best_quarter", BY_NAME[name], reading) for name in ("friction_index", "momentum_index")}
    assert best == {"friction_index": 6.0, "momentum_index": 21.0}


def test_without_a_whole_quarter_there_is_no_best_one() -> None:
    found = _quarters(weekly({week: (50, 1.0) for week in range(26) if week % 13 != 12}))
    assert found == ()
    assert _target("best_quarter", BY_NAME["friction_index"], Reading(Estimate(10.0), quarters=found)) is None
