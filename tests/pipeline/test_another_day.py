"""As_of moves on: everybody is carried on from the last whole week, and the tables are those of a full score."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import (
    CUSTOMERS,
    DAY_US,
    GAPS,
    JOURNEY,
    SEATS,
    Company,
    Event,
    derived,
    logs,
    new_store,
    random_log,
    same_as_full,
    seats_table,
    split,
    table,
    tables_of,
    us,
)

from cxcurve import tables
from cxcurve.pipeline.run import Run
from cxcurve.pipeline.scoring import changed_keys, goes_on, score
from cxcurve.sources import arrow_schema
from cxcurve.store import Store
from cxcurve.workspace import scored as scored_module
from cxcurve.workspace.workspace import Workspace, init

Make = Callable[..., Workspace]


def taken_to(store: Store, as_of_us: int, zone: str = "UTC") -> tuple[Run, int]:
    """Score what is to be scored at `as_of_us`; the run, and how many were scored from their events."""
    run = Run(store, JOURNEY, zone, as_of_us, expected_gaps=GAPS)
    return run, score(run, changed_keys(run) if goes_on(run) else None)


def agrees(run: Run) -> None:
    """The tables are to the last bit those of a full score."""
    found = derived(run)
    score(run, None)
    for name, rows in derived(run).items():
        assert found[name] == rows, name


@settings(max_examples=4)
@given(logs(most=160), st.integers(0, 10_000), st.sampled_from(["UTC", "Europe/Berlin"]))
def test_day_by_day_with_late_events_equals_a_full_score(events: list[Event], seed: int, zone: str) -> None:
    """Ten visits at odd times, hours to weeks apart; one event in five comes in one or more visits late."""
    rng = random.Random(seed)
    first, last = min(e.at_us for e in events), max(e.at_us for e in events)
    visits = [*sorted(rng.randint(first, last) for _ in range(9)), last + 1]
    by_visit: dict[int, list[Event]] = {number: [] for number in range(10)}
    for event in events:
        on_time = next(number for number, at in enumerate(visits) if event.at_us < at)
        by_visit[rng.randint(on_time, 9) if rng.random() < 0.2 else on_time].append(event)
    with new_store() as store:
        for number, as_of_us in enumerate(visits):
            store.append(table(by_visit[number]))
            run, _ = taken_to(store, as_of_us, zone)
        agrees(run)


@pytest.mark.parametrize("weeks", [1, 5, 70])
def test_a_long_rest(weeks: int) -> None:
    """Nothing happens but time: fading, dwell, silence and issues that fall due reach everybody."""
    events = random_log(random.Random(4), 400, start="2024-01-01", weeks=90)
    at = max(e.at_us for e in events) + 1
    with new_store() as store:
        store.append(table(events))
        taken_to(store, at)
        run, n = taken_to(store, at + weeks * 7 * DAY_US)
        assert n < len(SEATS)
        agrees(run)


def test_a_week_of_days_from_monday_midnight_on() -> None:
    events = random_log(random.Random(9), 300, start="2025-01-06", weeks=20)
    monday = us("2025-04-14")
    with new_store() as store:
        store.append(table([e for e in events if e.at_us < monday]))
        for day in range(9):
            as_of_us = monday + day * DAY_US
            store.append(table([e for e in events if as_of_us - DAY_US <= e.at_us < as_of_us]))
            run, _ = taken_to(store, as_of_us)
        agrees(run)


def test_an_event_dated_ahead_counts_when_its_time_has_come() -> None:
    events = random_log(random.Random(2), 200, start="2025-01-06", weeks=12)
    soon = us("2025-03-26T12:00")
    with new_store() as store:
        store.append(table(events))
        taken_to(store, soon)
        ahead = {e.customer for e in events if soon <= e.at_us < soon + 2 * DAY_US}
        assert ahead
        run, n = taken_to(store, soon + 2 * DAY_US)
        assert n >= len(ahead)
        agrees(run)


def test_seats_of_a_customer_that_change_on_a_day() -> None:
    """Only later weeks change, and only of that customer while the median stays."""
    events = random_log(random.Random(6), 300, start="2025-01-06", weeks=16)
    change, as_of_us = us("2025-03-12T09:00"), us("2025-04-20")
    busiest = max((name for name in CUSTOMERS if name in SEATS), key=lambda name: SEATS[name])

    def weeks(run: Run) -> dict[tuple[str, int], float]:
        sql = "SELECT customer_id, week, friction FROM customer_weeks JOIN customer_keys USING (customer_key)"
        return {(name, week): friction for name, week, friction in run.store.rows(sql)}

    with new_store() as store:
        store.append(table(events))
        run, n_all = taken_to(store, as_of_us)
        before = weeks(run)
        store.upsert(tables.CUSTOMERS, seats_table({busiest: SEATS[busiest] * 4}, change))
        run, n = taken_to(store, as_of_us)
        assert n == 1 < n_all
        after = weeks(run)
        agrees(run)
    differing = {place for place in before if before[place] != after[place]}
    assert {name for name, _ in differing} == {busiest}
    assert min(week for _, week in differing) >= run.calendar.week_at(change)


def test_history_is_what_was_said_at_the_time() -> None:
    """Every week's row is the row at as_of of a score on that week's end, before seats and the median changed."""
    events = random_log(random.Random(8), 300, start="2025-01-06", weeks=14)
    with new_store() as store:
        store.append(table(events))
        store.upsert(tables.CUSTOMERS, seats_table({"ann": 60.0, "fay": 9.0}, us("2025-02-12T09:00")))
        store.upsert(tables.CUSTOMERS, seats_table({"ann": 2.0, "dia": 700.0}, us("2025-03-05")))
        said = []
        for week_end in ("2025-02-10", "2025-02-17", "2025-03-03", "2025-03-10", "2025-03-24"):
            run = Run(store, JOURNEY, "UTC", us(week_end))
            score(run, None)
            said += store.rows("SELECT * FROM customer_now")
        score(Run(store, JOURNEY, "UTC", us("2025-04-20")), None)
        history = set(store.rows("SELECT * FROM customer_weeks"))
    assert len(said) > 15
    assert set(said) <= history


def test_a_new_account_that_moves_the_median_scores_everybody() -> None:
    events = random_log(random.Random(6), 200, start="2025-01-06", weeks=16)
    with new_store() as store:
        store.append(table(events))
        _, n_all = taken_to(store, us("2025-04-20"))
        store.upsert(tables.CUSTOMERS, seats_table({f"big-{n}": 9000.0 for n in range(9)}))
        run, n = taken_to(store, us("2025-04-20"))
        assert n == n_all
        agrees(run)


def test_a_person_who_moves_while_the_season_of_no_segment_changes(tmp_path: Path) -> None:
    """Everybody is scored anew then, and the person, whose events are an account's now, is gone all the same."""
    week = 7 * DAY_US
    since = us("2025-01-06")
    said = [(f"u{c}/{w}", since + w * week + c, "core_feature_used", f"c{c}") for c in range(12) for w in range(20)]
    said += [(f"s{c}", since, "demo_held", f"c{c}") for c in range(12)]
    more = [(f"l{c}/{k}", since + 18 * week + c + k, "core_feature_used", f"c{c}") for c in range(3) for k in range(9)]

    def events(rows: list[tuple[str, int, str, str]], **who: Any) -> pa.Table:
        same = {"received_us": since, "source": "x", "data_class": "observed", "properties": "{}"}
        told = [
            {"event_id": key, "occurred_us": at, "name": name, "account_id": account, **same, **who}
            for key, at, name, account in rows
        ]
        return pa.Table.from_pylist(told, schema=arrow_schema(tables.EVENTS))

    with init(tmp_path / "w", "b2b-saas") as workspace:
        workspace.store.append(events(said))
        workspace.store.append(events([("p1", since + week, "demo_held", "")], account_id=None, person_id="joe"))
        workspace.score()
        joe = {"person_id": "joe", "customer_id": "c1", "consent": "{}", "attributes": "{}"}
        workspace.store.upsert_people(pa.Table.from_pylist([joe], schema=arrow_schema(tables.PEOPLE)))
        workspace.store.append(events(more))
        before = workspace.store.rows("SELECT * FROM season_weeks")
        workspace.score()
        assert workspace.store.rows("SELECT * FROM season_weeks") != before
        found = tables_of(workspace)
        workspace.score(full=True)
        assert tables_of(workspace) == found


def test_a_workspace_day_by_day(company: Company, new_workspace: Make) -> None:
    """Loads of two days each, over a month, with seasons and segments; then a customers file with newcomers."""
    latest = pc.max(company.events["occurred_us"]).as_py()
    late, early = split(company.events, lambda row: row["occurred_us"] >= latest - 30 * DAY_US)
    workspace = new_workspace(early)
    n_all = workspace.score()
    for day in range(0, 31, 2):
        since = latest - (30 - day) * DAY_US
        part, _ = split(late, lambda row, since=since: since <= row["occurred_us"] < since + 2 * DAY_US)
        workspace.store.append(part)
        n = workspace.score()
        assert n < n_all or not part.num_rows
    partial = tables_of(workspace)
    workspace.score(full=True)
    full = tables_of(workspace)
    for name, rows in full.items():
        assert partial[name] == rows, name
    newcomer: dict[str, Any] = company.customers.to_pylist()[0] | {"customer_id": "newcomer", "seats": None}
    workspace.store.upsert(tables.CUSTOMERS, pa.Table.from_pylist([newcomer], schema=company.customers.schema))
    event = company.events.slice(0, 1).to_pylist()[0] | {"event_id": "new", "account_id": "newcomer"}
    workspace.store.append(pa.Table.from_pylist([event], schema=company.events.schema))
    same_as_full(workspace, 1)


def test_a_score_at_noon_and_one_in_the_evening(
    company: Company, new_workspace: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the day of the latest event lasts, as_of is now; nobody's events changed, and all are told anew."""
    latest = pc.max(company.events["occurred_us"]).as_py()
    workspace = new_workspace(company.events)
    monkeypatch.setattr(scored_module, "now_us", lambda: latest - 7 * 3600 * 1_000_000)
    workspace.score()
    before = tables_of(workspace)
    monkeypatch.setattr(scored_module, "now_us", lambda: latest + 1_000_000)
    n = workspace.score()
    after = tables_of(workspace)
    assert n < company.customers.num_rows / 2
    assert before["customer_now"] != after["customer_now"]
    workspace.score(full=True)
    assert tables_of(workspace) == after


def test_a_score_and_the_journey_it_was_made_with_are_kept_together(
    company: Company, new_workspace: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dead between the two, the next score would go on from weeks of another journey."""
    workspace = new_workspace(company.events.slice(0, 2000))
    workspace.score()
    before = tables_of(workspace)
    workspace.store.append(company.events)
    remember = Store.remember

    def dies(store: Store, key: str, value: str, **more: str) -> None:
        if key == "model":
            raise KeyboardInterrupt
        remember(store, key, value, **more)

    with monkeypatch.context() as patch:
        patch.setattr(Store, "remember", dies)
        patch.setattr(scored_module.Scored, "_model_mark", "another journey")
        with pytest.raises(KeyboardInterrupt):
            workspace.score()
    assert tables_of(workspace) == before
    assert workspace.store.touched()
    assert workspace.store.meta("model") != "another journey"
