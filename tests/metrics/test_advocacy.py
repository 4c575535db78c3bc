"""Who is ready to speak for us, what counts as speaking, and who is a critic: by hand (definitions 7)."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
import yaml
from worlds import DAY_US, Event, new_store, table, us

from cxcurve.errors import Reason
from cxcurve.metrics.advocacy import actions, check, critics, design_check, followed, readiness
from cxcurve.model.journey import Journey
from cxcurve.pipeline.run import Run
from cxcurve.pipeline.scoring import score
from cxcurve.pipeline.snapshots import snapshot

START = us("2025-01-06")
PLAN = """
journey: small
stages: [look, live, share]
exits: [quit]
time_to_value: {from: seen, to: value}
signals:
  seen:     {stage: look}
  value:    {stage: live, after: seen}
  used:     {momentum: 1.0, half_life: 30d}
  failed:   {friction: 1.0, half_life: 30d}
  ticket:   {contact: true, until: closed}
  closed:   {by: company}
  nps:      {valence: "value: 0..6=-1, 7..8=0, 9..10=1", valence_friction: 0.01, feedback: direct}
  scored:   {valence: "value: 1=-1, 5=1", by: company}
  review:   {stage: share, when: "value >= 4", valence: "value: 1..2=-1, 3=-0.3, 4=0.5, 5=1", advocacy: 1.0,
             feedback: indirect}
  referral: {stage: share, advocacy: 1.5, feedback: indirect}
  renewed:  {moves_on: renewal}
  quit:     {}
"""
JOURNEY = Journey.model_validate(yaml.safe_load(PLAN))
READY = [(0.5, "seen"), (2.0, "value"), (8.0, "used"), (9.0, "used"), (16.0, "nps", 9.0)]
"""Seven days after the start the first week ends; from the next on use lifts momentum."""


def events(days: list[tuple], who: str = "ann") -> list[Event]:
    return [
        Event(f"{who}{i}", who, name, START + round(at * DAY_US), value=value[0] if value else None)
        for i, (at, name, *value) in enumerate(days)
    ]


def weeks(days: list[tuple], *, until: float = 84.0, journey: Journey = JOURNEY) -> list[dict]:
    """Rows of `readiness` of one customer, in order of the weeks, as of a day."""
    with new_store({}) as store:
        store.append(table(events(days)))
        run = Run(store, journey, "UTC", START + round(until * DAY_US))
        score(run, None)
        found = readiness(snapshot(run))
        if found is None:
            return []
        rows = store.arrow(found.order_by("week")).to_pylist()
        for row in rows:
            row["day"] = (row["end_us"] - START) / DAY_US
        return rows


def ready_days(days: list[tuple], **more: float) -> list[float]:
    return [row["day"] for row in weeks(days, **more) if row["is_ready"]]


def test_ready_after_four_good_weeks_with_value_and_a_good_word() -> None:
    assert [row["day"] for row in weeks(READY, until=28.0)] == [7.0, 14.0, 21.0, 28.0]
    # the first good week ends on day 14, the fourth on day 35; by day 77 momentum has faded below 55
    found = ready_days(READY)
    assert found[0] == 35.0
    assert found == [35.0 + 7 * i for i in range(len(found))]


@pytest.mark.parametrize("without", ["value", "nps", "used"])
def test_each_condition_is_needed(without: str) -> None:
    assert ready_days([one for one in READY if one[1] != without]) == []


def test_a_word_of_8_is_none_and_a_renewal_is_as_good_as_one() -> None:
    silent = [one for one in READY if one[1] != "nps"]
    assert ready_days([*silent, (16.0, "nps", 8.0)]) == []
    assert ready_days([*silent, (16.0, "renewed")])[0] == 35.0
    assert ready_days([*silent, (16.0, "referral")])[0] == 35.0
    assert ready_days([*silent, (16.0, "scored", 5.0)]) == []  # our own score is not the customer's word


def test_a_word_is_good_for_180_days() -> None:
    uses = [(8.0 + 7 * i, "used") for i in range(40)]
    days = ready_days([*READY, *uses], until=280.0)
    assert (days[0], days[-1]) == (35.0, 196.0)  # 16 + 180


def test_friction_and_open_issues_make_unready() -> None:
    assert ready_days([*READY, (36.0, "failed")], until=63.0) == [35.0]
    open_for_a_while = ready_days([*READY, (36.0, "ticket"), (48.0, "closed")])
    assert open_for_a_while[:2] == [35.0, 49.0]


def test_a_new_cycle_begins_without_value() -> None:
    back = [*READY, (40.0, "quit"), (41.0, "seen"), (42.0, "used"), (43.0, "nps", 10.0)]
    assert ready_days(back, until=84.0) == [35.0]
    assert [row["day"] for row in weeks([*back, (60.0, "value")], until=84.0)] == [
        7.0, 14.0, 21.0, 28.0, 35.0, 63.0, 70.0, 77.0, 84.0,
    ]  # fmt: skip


def test_the_next_action_is_told_and_a_bad_review_is_none() -> None:
    rows = weeks([*READY, (20.0, "review", 2.0), (30.0, "review", 5.0), (35.0, "referral")])
    ahead = {row["day"]: row["acted_us"] and (row["acted_us"] - START) / DAY_US for row in rows}
    # what happens at the very end of a week comes after it
    assert [ahead[day] for day in (14.0, 28.0, 35.0, 42.0)] == [30.0, 30.0, 35.0, None]
    assert rows[5]["last_us"] == START + 35 * DAY_US


def test_a_journey_without_first_value_has_none() -> None:
    assert weeks(READY, journey=JOURNEY.model_copy(update={"time_to_value": None})) == []


def said(what: str, days: list[tuple], texts: dict[int, str] | None = None) -> list[tuple[str, float | None]]:
    """Names and values of the actions or of what critics said."""
    with new_store({}) as store:
        rows = table(events(days))
        text = pa.array([(texts or {}).get(i) for i in range(len(days))], pa.string())
        store.append(rows.set_column(rows.column_names.index("text"), "text", text))
        run = Run(store, JOURNEY, "UTC", START + 84 * DAY_US)
        found = (actions if what == "actions" else critics)(run.log, run.plan)
        names = {key: name for name, key in run.plan.keys.items()}
        told = store.arrow(found.order_by("occurred_us")).to_pylist()
        return [(names[row["signal_key"]], row.get("value")) for row in told]


def test_only_good_words_are_actions() -> None:
    days = [(1.0, "review", 5.0), (2.0, "review", 3.0), (3.0, "referral"), (4.0, "nps", 10.0), (5.0, "review", 7.0)]
    assert said("actions", days) == [("review", None), ("referral", None)]


def test_critics_are_bad_reviews_and_detractors_who_say_why() -> None:
    days = [
        (1.0, "review", 1.0), (2.0, "review", 3.0), (3.0, "nps", 6.0), (4.0, "nps", 6.0), (5.0, "nps", 7.0),
        (6.0, "scored", 1.0), (7.0, "nps", 0.0),
    ]  # fmt: skip
    texts = {2: "slow", 3: "", 4: "fine", 6: "never again"}
    assert said("critics", days, texts) == [("review", 1.0), ("nps", 6.0), ("nps", 0.0)]


def test_weeks_are_followed_for_90_days_and_added_up() -> None:
    days = [*READY, (100.0, "referral")]
    with new_store({}) as store:
        store.append(table(events(days)))
        run = Run(store, JOURNEY, "UTC", START + 140 * DAY_US)
        score(run, None)
        found = readiness(snapshot(run))
        assert found is not None
        told = followed(found, run.as_of_us)
        rows = store.arrow(told.order_by("week")).to_pylist()
        counts = store.arrow(design_check(told).order_by("is_ready")).to_pylist()
    # weeks that end on days 7 to 49 were followed; the referral of day 100 lies within 90 days from day 14 on
    assert [row["has_acted"] for row in rows] == [False] + [True] * 6
    assert [(row["is_ready"], row["n"], row["n_acted"]) for row in counts] == [(False, 4, 3), (True, 3, 3)]


def test_the_check_compares_ready_with_others_at_the_same_stage() -> None:
    rng = np.random.default_rng(2)
    n = 400
    is_ready, stage = rng.random(n) < 0.4, rng.integers(1, 3, n)
    n_acted = rng.binomial(5, np.where(is_ready, 0.5, 0.2) * np.where(stage == 2, 1.6, 1.0))
    columns = {
        "is_ready": is_ready,
        "n_acted": n_acted,
        "stage": stage,
        "customer_key": np.arange(n),
        "n": np.full(n, 5),
    }
    found = check(pa.table(columns))
    assert (found.odds_ratio.low or 0.0) > 2
    none = check(pa.table(columns).slice(0, 0))
    assert (none.odds_ratio.value, none.odds_ratio.reason) == (None, Reason.TOO_FEW)
