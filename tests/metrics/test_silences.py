"""False alarms of silence, and quiet exits: by hand, and with gaps as the rule takes them to be (definitions 8)."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
import yaml
from worlds import DAY_US, Event, new_store, table, us

from cxcurve.errors import Reason
from cxcurve.metrics.silences import Gaps, active_days, complaints, cycles, exits, false_alarms, gaps
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.model.journey import Journey
from cxcurve.pipeline.run import Run
from cxcurve.pipeline.scoring import score
from cxcurve.pipeline.snapshots import snapshot

MONDAY = us("2025-01-06")
JOURNEY = Journey.model_validate(
    yaml.safe_load("""
journey: small
stages: [look, live]
exits: [quit]
states: {silence: {friction: 1.0}}
signals:
  seen:   {stage: look}
  value:  {stage: live}
  used:   {core: true}
  mailed: {by: company}
  ticket: {friction: 0.3, contact: true, until: closed, by: company}
  closed: {by: company}
  quit:   {}
""")
)


def events(days: list[tuple[float, str]], who: str = "ann") -> list[Event]:
    return [Event(f"{who}{i}", who, name, MONDAY + round(at * DAY_US)) for i, (at, name) in enumerate(days)]


def known(made: list[Event], read: str, until: float = 400.0) -> object:
    """The gaps, or the exits, of some events."""

    def of(told: Snapshot) -> object:
        if read == "exits":
            return store.arrow(exits(told).order_by("occurred_us")).to_pylist()
        return gaps(*(store.arrow(part(told)) for part in (active_days, complaints, cycles)))

    with new_store({}) as store:
        store.append(table(made))
        run = Run(store, JOURNEY, "UTC", MONDAY + round(until * DAY_US))
        score(run, None)
        return of(snapshot(run))


def found(days: list[tuple[float, str]]) -> list[tuple[int, bool]]:
    """Length (business days) and alarm of each gap of one customer."""
    told = known(events(days), "gaps")
    assert isinstance(told, Gaps)
    return list(zip(told.days.tolist(), told.is_alarm.tolist(), strict=True))


def uses(*weeks: float) -> list[tuple[float, str]]:
    return [(7 * week + 0.5, "used") for week in weeks]


SEEN = [(0.4, "seen")]


def test_gaps_are_told_in_business_days_and_the_running_one_is_none() -> None:
    days = [*SEEN, (1.5, "used"), (4.5, "used"), (5.5, "used"), (7.5, "used"), (8.0, "mailed")]
    # Monday, Tuesday, Friday (and Saturday, which counts to it), Monday; a mail of ours is no activity
    assert found(days) == [(1, False), (3, False), (1, False)]


def test_an_alarm_is_what_the_rule_says_at_the_end_of_the_gap() -> None:
    """After 11 weekly days: k = 10 gaps over T = 50 days: (10 + 50)(0.05^(-1/12) - 1) = 17.01 business days."""
    weekly = [*SEEN, *uses(*range(1, 11))]
    assert found([*weekly, (7 * 13 + 2.5, "used")])[-1] == (17, False)
    assert found([*weekly, (7 * 13 + 3.5, "used")])[-1] == (18, True)


def test_a_complaint_within_60_days_calls_off_the_alarm() -> None:
    weekly = [*SEEN, *uses(*range(1, 11)), *uses(20)]
    assert found([*weekly, (7 * 20 + 0.5 - 61, "ticket")])[-1] == (50, True)
    assert found([*weekly, (7 * 20 + 0.5 - 59, "ticket")])[-1] == (50, False)
    assert found([*weekly, (7 * 20 + 1.5, "ticket")])[-1] == (50, True), "one that came later was not known"


def test_a_gap_in_which_the_customer_left_ended_by_no_activity_of_its_own() -> None:
    left = [*SEEN, *uses(1, 2), (20.0, "quit"), (90.0, "seen"), *uses(13, 14)]
    assert [days for days, _ in found(left)] == [5, 5, 1, 5]
    assert [days for days, _ in found([one for one in left if one[1] != "quit"])] == [5, 5, 54, 1, 5]


def test_before_the_first_stage_there_is_nobody_to_be_silent() -> None:
    assert found([*uses(0, 20), (150.0, "seen"), *uses(22)]) == [(2, False)]


def test_customers_keep_apart_in_any_order_of_the_rows() -> None:
    made = [*events([*SEEN, *uses(1, 3)], "ann"), *events([(0.4, "seen"), *uses(2, 9)], "bea")]
    tables = {
        "days": pa.table({"customer_key": [2, 1, 2, 1], "day": [9, 0, 1, 5], "at_us": [9, 1, 1, 5]}),
        "complaints": pa.table({"customer_key": pa.array([], pa.int32()), "occurred_us": pa.array([], pa.int64())}),
        "cycles": pa.table({"customer_key": [1, 2], "began_us": [0, 0], "left_us": pa.array([None, None], pa.int64())}),
    }
    told = gaps(tables["days"], tables["complaints"], tables["cycles"])
    assert (told.customer.tolist(), told.days.tolist(), told.n_days.tolist()) == ([1, 2], [5, 8], [2, 2])
    whole = known(made, "gaps")
    assert isinstance(whole, Gaps)
    assert sorted(whole.days.tolist()) == [5, 10, 10, 35]


def test_thirds_are_of_customers_and_their_gaps_add_up() -> None:
    rng = np.random.default_rng(3)
    n_days = rng.integers(2, 60, 90)
    customer = np.repeat(np.arange(90), n_days - 1)
    told = false_alarms(
        Gaps(
            customer, np.repeat(n_days, n_days - 1), rng.integers(1, 30, len(customer)), rng.random(len(customer)) < 0.1
        )
    )
    assert [one.activity for one in told] == ["all", "few", "some", "many"]
    assert sum(one.n_customers for one in told[1:]) == told[0].n_customers == 90
    assert sum(one.share.n for one in told[1:]) == told[0].share.n == len(customer)
    assert all(25 <= one.n_customers <= 35 for one in told[1:])
    assert told[1].to_days < told[2].from_days <= told[2].to_days < told[3].from_days


def test_few_gaps_have_no_share_and_none_no_row() -> None:
    none = np.zeros(0, np.int64)
    assert false_alarms(Gaps(none, none, none, none.astype(bool))) == []
    one = false_alarms(Gaps(np.arange(9), np.full(9, 2), np.full(9, 3), np.zeros(9, bool)))[0]
    assert (one.share.value, one.share.n, one.share.reason) == (None, 9, Reason.TOO_FEW)


@pytest.mark.parametrize("mean_days", [8.0, 12.0, 20.0])
def test_one_gap_in_twenty_is_an_alarm_where_gaps_come_as_the_rule_takes_them(mean_days: float) -> None:
    """Definitions: 4.4 to 6.5 %, whatever the customer's own rhythm; two weeks for all give 29 to 61 % here."""
    rng = np.random.default_rng(round(mean_days))
    shape = 400, 60
    day = np.cumsum(np.ceil(rng.exponential(mean_days, shape)), axis=1).astype(np.int64)
    key = np.repeat(np.arange(shape[0]), shape[1])
    days = pa.table({"customer_key": key, "day": day.ravel(), "at_us": day.ravel() * DAY_US})
    empty = pa.table({"customer_key": pa.array([], pa.int32()), "occurred_us": pa.array([], pa.int64())})
    whole = pa.table({"customer_key": np.arange(shape[0]), "began_us": np.zeros(shape[0], np.int64)})
    whole = whole.append_column("left_us", pa.nulls(shape[0], pa.int64()))
    told = false_alarms(gaps(days, empty, whole))[0]
    assert told.share.value is not None
    assert 0.044 <= told.share.value <= 0.065
    assert told.fixed.value is not None
    assert told.fixed.value > 0.25


def test_an_exit_is_quiet_without_a_complaint_in_the_90_days_before() -> None:
    made = [
        *events([*SEEN, (100.0, "quit")], "quiet"),
        *events([*SEEN, (11.0, "ticket"), (101.0, "quit")], "loud"),
        *events([*SEEN, (11.0, "ticket"), (102.0, "quit")], "long ago"),
        *events([*SEEN, (1.0, "value"), (103.0, "quit"), (104.0, "ticket")], "afterwards"),
        *events([*SEEN, (1.0, "ticket")], "stays"),
    ]
    told = known(made, "exits")
    assert isinstance(told, list)
    assert [(row["stage"], row["is_quiet"]) for row in told] == [(0, True), (0, False), (0, True), (1, True)]
