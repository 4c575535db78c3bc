"""What changed in the events themselves: planted changes are found on their day, and little else is."""

from __future__ import annotations

import numpy as np
import pytest

from cxcurve.metrics.plan_alerts import Days, plan_alerts
from cxcurve.stats.usual_range import WINDOW

FIRST = 20_000
N = WINDOW + 20


def company(counts, shapes=None):
    """Days of some events; shapes by (event, property, type), all events looked into."""
    looked = {(name, "", ""): np.asarray(values) for name, values in counts.items()}
    names = tuple(sorted(counts))
    return Days(names, FIRST, np.array([counts[name] for name in names]), {**looked, **(shapes or {})})


def told(alerts):
    return [(one.day - FIRST, one.event, one.kind, one.property) for one in alerts]


def quiet(rate=100, seed=1):
    return np.random.default_rng(seed).poisson(rate, N)


def test_more_fewer_and_new():
    busy, calm, late = quiet(seed=1), quiet(seed=2), np.zeros(N, dtype=int)
    busy[WINDOW + 3], calm[WINDOW + 5], late[WINDOW + 9] = 260, 20, 4
    found = plan_alerts(company({"busy": busy, "calm": calm, "late": late}))
    assert told(found) == [
        (WINDOW + 9, "late", "new", ""), (WINDOW + 5, "calm", "fewer", ""), (WINDOW + 3, "busy", "more", ""),
    ]  # fmt: skip
    more = found[2]
    assert (more.found, 90 < more.usual < 110, more.low < 90, more.high > 110) == (260, True, True, True)
    assert more.p_value < 1e-6
    assert (found[0].found, found[0].p_value) == (4, None)


def test_an_event_that_stopped_is_told_once():
    stopped = quiet(rate=3)
    stopped[WINDOW - 1] = 3
    stopped[WINDOW + 4 :] = 0
    (alert,) = plan_alerts(company({"stopped": stopped, "other": quiet(seed=5)}))
    assert (alert.event, alert.kind) == ("stopped", "stopped")
    assert alert.found >= 2, "days without any"
    assert alert.day == FIRST + WINDOW + 3 + alert.found
    assert alert.usual == pytest.approx(3, abs=0.7)


def test_a_property_that_was_always_there_and_is_missing():
    there = quiet()
    lost = there.copy()
    lost[WINDOW + 8] -= 30
    (alert,) = plan_alerts(company({"bought": there}, {("bought", "plan", "string"): lost}))
    assert told([alert]) == [(WINDOW + 8, "bought", "missing", "plan")]
    assert alert.found == pytest.approx(30 / there[WINDOW + 8])
    assert alert.low < alert.found < alert.high
    assert alert.usual == 0


def test_a_property_that_was_never_always_there_may_be_missing():
    there = quiet()
    sometimes = np.random.default_rng(2).binomial(there, 0.5)
    sometimes[WINDOW + 8] = 20
    assert plan_alerts(company({"bought": there}, {("bought", "note", "string"): sometimes})) == []


def test_what_a_day_before_has_shown_is_no_alert():
    there = np.full(N, 100)
    lost = there.copy()
    lost[WINDOW - 10] -= 40  # 0.7 % of eight weeks
    lost[WINDOW + 8] -= 30
    assert plan_alerts(company({"bought": there}, {("bought", "plan", "string"): lost})) == []


def test_a_type_that_was_never_seen():
    there = quiet()
    text = np.zeros(N, dtype=int)
    text[WINDOW + 8] = 12
    shapes = {("bought", "seats", "number"): there - text, ("bought", "seats", "string"): text}
    (alert,) = plan_alerts(company({"bought": there}, shapes))
    assert told([alert]) == [(WINDOW + 8, "bought", "type", "seats")]
    assert (alert.type, alert.usual) == ("string", 0)
    assert alert.found == pytest.approx(12 / there[WINDOW + 8])


def test_eight_weeks_are_needed():
    counts = quiet()[: WINDOW - 1]
    assert plan_alerts(company({"bought": counts})) == []


def test_rows_become_days():
    rows = [("b", 10, 2), ("a", 12, 1), ("a", 13, 9)]
    shapes = [("a", 12, "", "", 1), ("a", 12, "plan", "string", 1), ("a", 9, "plan", "string", 5)]
    days = Days.of(rows, shapes, last_day=12)
    assert (days.names, days.first_day) == (("a", "b"), 10)
    assert days.counts.tolist() == [[0, 0, 1], [2, 0, 0]]
    assert days.shapes["a", "plan", "string"].tolist() == [0, 0, 1]
    assert Days.of([], [], last_day=12).counts.shape == (0, 1)


def test_without_a_change_few_days_alarm():
    """Twenty events with three properties each, one missing now and then: volumes and shapes corrected together."""
    n_alarms = n_days = 0
    for seed in range(5):
        draws = np.random.default_rng(seed)
        rates = np.exp(draws.uniform(np.log(0.3), np.log(500), 20))
        counts = {f"e{i:02}": draws.poisson(rate * draws.gamma(25, 1 / 25, N)) for i, rate in enumerate(rates)}
        shapes = {(name, "always", "string"): n for name, n in counts.items()}
        shapes |= {(name, "mostly", "number"): draws.binomial(n, 0.998) for name, n in counts.items()}
        shapes |= {(name, "seldom", "string"): draws.binomial(n, 0.3) for name, n in counts.items()}
        n_alarms += len({one.day for one in plan_alerts(company(counts, shapes))})
        n_days += N - WINDOW
    assert n_alarms / n_days <= 0.05
