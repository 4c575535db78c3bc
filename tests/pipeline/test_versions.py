"""Versions of the weights: in force from their date on, the weeks before restated, and no change of the customers."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import DAY_US, JOURNEY, Company, Event, derived, logs, new_store, split, table, us

from cxcurve.metrics.versions import RESTATED_WEEKS, LearnedIndex, Version
from cxcurve.pipeline.periods import read_periods
from cxcurve.pipeline.run import Run
from cxcurve.pipeline.scoring import changed_keys, goes_on, score
from cxcurve.store import Store
from cxcurve.workspace.readings import readings
from cxcurve.workspace.workspace import Workspace

Make = Callable[[pa.Table], Workspace]
STAGES = len(JOURNEY.stages)


def version(number: int, as_of_us: int, times: float, n_stages: int = STAGES) -> Version:
    """All weights of the plan `times` as large; every reference is 0.25."""
    index = LearnedIndex("learned", 30, times, None, None, {}, [0.25] * n_stages)
    return Version(number, as_of_us, 0, 100, 1000, index, index, [500] * n_stages)


def keep(store: Store, one: Version) -> None:
    store.execute("INSERT INTO versions VALUES ($1, $2, 0, $3)", one.number, one.as_of_us, one.written())


def weeks_of(run: Run) -> list[dict]:
    names = "customer_key, week, version, is_restated, friction, momentum"
    sql = f"SELECT {names} FROM customer_weeks ORDER BY customer_key, week, version"
    return [dict(zip(names.split(", "), row, strict=True)) for row in run.store.rows(sql)]


def test_a_version_scores_from_its_date_on_and_restates_eight_weeks_before() -> None:
    first, last = us("2026-01-05"), us("2026-06-29")
    events = [Event(f"e{i}", "a", "dispute", first + i * 5 * DAY_US) for i in range(35)]
    events.append(Event("start", "a", "demo", first))
    with new_store() as store:
        store.append(table(events))
        score(Run(store, JOURNEY, "UTC", last), None)
        before = weeks_of(Run(store, JOURNEY, "UTC", last))
        dated = us("2026-05-04")  # the end of a week
        keep(store, version(1, dated, 2.0))
        run = Run(store, JOURNEY, "UTC", last)
        score(run, None)
        found = weeks_of(run)
        in_force = run.calendar.week_at(dated - 1)
    expert = {row["week"]: row for row in before}
    assert {row["week"] for row in found if row["version"] == 0} == {w for w in expert if w < in_force}
    restated = [row for row in found if row["is_restated"]]
    assert {row["week"] for row in restated} == set(range(in_force - RESTATED_WEEKS, in_force))
    for row in found:
        times = 2.0 if row["version"] == 1 else 1.0
        assert row["friction"] == pytest.approx(times * expert[row["week"]]["friction"], abs=1e-12)
        assert row["momentum"] == pytest.approx(times * expert[row["week"]]["momentum"], abs=1e-12)


def test_before_its_date_a_version_is_not_known() -> None:
    with new_store() as store:
        keep(store, version(1, us("2026-05-04"), 2.0))
        store.append(table([Event("e", "a", "demo", us("2026-01-05"))]))
        assert Run(store, JOURNEY, "UTC", us("2026-05-03")).weights.version_number == 0
        assert Run(store, JOURNEY, "UTC", us("2026-05-04")).weights.version_number == 1


@settings(max_examples=6)
@given(logs(most=120), st.integers(1, 60), st.integers(0, 40), st.integers(0, 30))
def test_another_day_with_versions_is_a_full_score(log: list[Event], dated: int, later: int, apart: int) -> None:
    """Two versions, the second on any day after the first: what was carried on is what a full score has."""
    first = min(event.at_us for event in log)
    with new_store() as store:
        store.append(table(log))
        keep(store, version(1, first + dated * DAY_US, 1.5))
        keep(store, version(2, first + (dated + apart) * DAY_US, 0.5))
        for day in (70, 70 + later):
            run = Run(store, JOURNEY, "UTC", first + day * DAY_US)
            score(run, changed_keys(run) if goes_on(run) else None)
        found = derived(run)
        score(run, None)
        for name, rows in derived(run).items():
            assert found[name] == rows, name


def test_a_new_version_is_no_change_of_the_customers(company: Company, new_workspace: Make) -> None:
    """Now and four weeks ago are told by the same weights, so that the difference is that of the customers."""
    workspace = new_workspace(company.events)
    workspace.score()
    plain = _readings(workspace)
    as_of_us = int(workspace.store.meta("scored_as_of_us") or 0)
    keep(workspace.store, version(1, as_of_us, 1.0, len(workspace.journey.stages)))
    workspace.score()
    same = _readings(workspace)
    for name in ("friction_index", "momentum_index"):
        now, then = same[name].current, same[name].previous
        assert now.value != plain[name].current.value, "the references are others"
        assert same[name].change.value == pytest.approx(now.value - then.value)
        with workspace.snapshot() as known:
            last = known.first_week + known.n_weeks - 1
            rows = workspace.store.arrow(known.comparable_weeks.filter(known.comparable_weeks.week == last - 4))
        assert set(rows["version"].to_pylist()) == {1}
        assert then.value == pytest.approx(sum(rows[name].to_pylist()) / rows.num_rows)


def _readings(workspace: Workspace) -> dict:
    with workspace.snapshot() as known:
        return readings(known, workspace.store.arrow, workspace.drift_of(known))


def test_what_is_learned_from_knows_nothing_of_later(company: Company, new_workspace: Make) -> None:
    """The periods of an earlier day are those of today cut off there: features, and what came after."""
    cut = us("2026-04-06")
    before, _ = split(company.events, lambda row: row["occurred_us"] < cut)
    then, now = new_workspace(before), new_workspace(company.events)
    now.score()
    with now.snapshot() as known:
        whole = read_periods(now.run_of(known)).until(cut)
        names = [str(one) for one in now.run_of(known).weights.features(0)]
        whose = dict(now.store.rows("SELECT customer_key, customer_id FROM customer_keys"))
    then_run = Run(then.store, then.journey, "UTC", cut)
    score(then_run, None)
    part = read_periods(then_run)
    part = part.where(part.ends_us < cut)
    own = [str(one) for one in then_run.weights.features(0)]
    theirs = dict(then.store.rows("SELECT customer_key, customer_id FROM customer_keys"))
    told = {(whose[c], w): i for i, (c, w) in enumerate(zip(whole.customer, whole.week, strict=True))}
    assert len(part) == len(whole) > 200
    for i, key in enumerate(zip((theirs[c] for c in part.customer), part.week, strict=True)):
        j = told[key]
        for name in ("stage", "dwell_days", "exit_days", "move_days", "followed_days"):
            assert getattr(part, name)[i] == getattr(whole, name)[j], name
        mine = dict(zip(own, part.drag[i].tolist(), strict=True))
        assert {one: value for one, value in zip(names, whole.drag[j].tolist(), strict=True) if value} == {
            one: value for one, value in mine.items() if value
        }
