"""Cohorts of Time to Value: by hand, with planted differences, and with none (definitions 5)."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from worlds import DAY_US, us

from cxcurve.errors import Reason
from cxcurve.metrics.time_to_value import same_pace
from cxcurve.metrics.value_cohorts import Cohort, Month, by_month, by_segment

AS_OF = us("2025-06-01")
DAYS = (7.0, 10.0, 14.0)
Cycle = tuple[float, float | None, float | None]
"""Days before as_of of the start, the value and the exit."""


def times_of(cycles: list[Cycle]) -> pa.Table:
    def at(days: float | None) -> int | None:
        return None if days is None else AS_OF - round(days * DAY_US)

    columns = {
        name: pa.array([at(cycle[i]) for cycle in cycles], pa.int64())
        for i, name in enumerate(("start_us", "goal_us", "exit_us"))
    }
    return pa.table({"customer_key": pa.array(range(len(cycles)), pa.int32()), **columns})


def months(cycles: list[Cycle], zone: str = "UTC", as_of_us: int = AS_OF) -> list[Month]:
    return by_month(times_of(cycles), as_of_us=as_of_us, zone=zone, days=DAYS)


def drawn(rng: np.random.Generator, n: int, mean: float, leaving: float, shape: float = 1.0) -> list[Cycle]:
    """Starts over 200 days; value after a Weibull wait with that mean scale, exits after an exponential one."""
    cycles: list[Cycle] = []
    for since in rng.uniform(0, 200, n).tolist():
        value, left = since - mean * rng.weibull(shape), since - rng.exponential(leaving)
        end = max(value, left)
        cycles.append((since, value if end == value > 0 else None, left if end == left > 0 else None))
    return cycles


def compared(parts: dict[str, list[Cycle]]) -> dict[str, Cohort]:
    """The cohorts of one segment, by value."""
    values = [name for name, cycles in parts.items() for _ in cycles]
    segments = {"plan": dict(enumerate(values))}
    times = times_of([cycle for cycles in parts.values() for cycle in cycles])
    return {one.value: one for one in by_segment(times, segments, as_of_us=AS_OF, days=DAYS, target_days=7.0)}


def test_months_are_those_of_the_zone_and_empty_ones_are_there() -> None:
    """In Berlin 31 March 22:30 UTC is April; May has no start."""
    late = (AS_OF - us("2025-03-31T22:30")) / DAY_US
    cycles: list[Cycle] = [(late, None, None), (late + 0.1, None, None)]
    assert [(one.month, one.found.n) for one in months(cycles)] == [("2025-03", 2), ("2025-04", 0), ("2025-05", 0)]
    assert [(one.month, one.found.n) for one in months(cycles, "Europe/Berlin")] == [
        ("2025-03", 1), ("2025-04", 1), ("2025-05", 0), ("2025-06", 0),
    ]  # fmt: skip
    assert [one.found.reason for one in months(cycles)] == [Reason.TOO_FEW, Reason.NO_EVENTS, Reason.NO_EVENTS]
    assert months([]) == []


def test_at_most_two_years_of_months_are_told() -> None:
    found = months([(1000.0, None, None), (3.0, None, None)])
    assert (len(found), found[0].month, found[-1].month) == (24, "2023-06", "2025-05")


def test_a_month_keeps_who_waits_and_a_young_one_is_not_told_further_than_it_was_followed() -> None:
    """Of twelve who started 12 days ago six reach value on day 5: half, though nobody else has had 14 days."""
    young: list[Cycle] = [(12.0, 7.0, None)] * 6 + [(12, None, None)] * 6
    (found,) = (one.found for one in months(young))
    assert (found.n, found.n_reached, found.n_waiting) == (12, 6, 6)
    assert found.median.value == pytest.approx(5.0)
    assert {day: share.value for day, share in found.reached.items()} == {7: pytest.approx(0.5), 10: 0.5, 14: None}
    assert found.reached[14].reason == Reason.NOT_FOLLOWED
    nine = months([*young[:3], *young[6:], *[(6.0, 1.0, None)] * 3])[-1].found
    assert (nine.reached[7].value, nine.reached[7].reason) == (None, "not_followed"), "nine have had seven days"


def test_the_lone_early_starter_does_not_tell_for_the_month() -> None:
    """Eleven have waited for three days; the twelfth, who started before them, reached value on day 8."""
    (found,) = (one.found for one in months([(3.0, None, None)] * 11 + [(15, 7, None)]))
    assert found.median.value is None
    assert {share.reason for share in found.reached.values()} == {Reason.NOT_FOLLOWED}


def test_a_planted_difference_is_found_and_its_effect_told() -> None:
    rng = np.random.default_rng(1)
    found = compared(
        {"slow": drawn(rng, 200, 20, 90), "fast": drawn(rng, 200, 10, 90), "other": drawn(rng, 200, 14, 90)}
    )
    slow, fast = found["slow"].compared, found["fast"].compared
    assert slow is not None
    assert fast is not None
    assert max(slow.p_value, fast.p_value) < 0.01
    assert (slow.effect.value or 0) < 0 < (fast.effect.value or 0)
    assert (slow.is_crossing, slow.waits_longer.value) == (False, None)
    assert found["slow"].found.median.value == pytest.approx(20 * np.log(2), rel=0.35)


def test_two_values_are_one_comparison_and_three_are_three() -> None:
    rng = np.random.default_rng(2)
    parts = {name: drawn(rng, 60, mean, 90) for name, mean in (("a", 12.0), ("b", 24.0), ("c", 13.0))}
    plain = same_pace(times_of(parts["a"]), times_of(parts["b"]), AS_OF).p_value
    first, second = (one.compared for one in compared({name: parts[name] for name in "ab"}).values())
    assert first is not None
    assert second is not None
    assert first.p_value == second.p_value == pytest.approx(plain)
    assert first.effect.value == pytest.approx(-(second.effect.value or 0))
    rest = same_pace(times_of(parts["b"]), times_of([*parts["a"], *parts["c"]]), AS_OF).p_value
    three = {name: one.compared.p_value for name, one in compared(parts).items() if one.compared}
    assert three["b"] == pytest.approx(3 * (rest or 1)) == min(three.values()), "Holm"


def test_thin_cohorts_are_told_without_a_test() -> None:
    rng = np.random.default_rng(3)
    found = compared({"few": drawn(rng, 19, 12, 90), "many": drawn(rng, 60, 12, 90), "fewer": [(30, 25, None)] * 9})
    assert (found["few"].compared, found["few"].reason) == (None, Reason.TOO_FEW)
    assert found["few"].found.reached[7].value is not None
    assert (found["fewer"].found.median.value, found["fewer"].found.reason) == (None, Reason.TOO_FEW)
    assert found["many"].compared is not None, "28 others are enough"


def test_customers_without_a_value_are_in_no_cohort() -> None:
    times = times_of([(30.0, 25.0, None)] * 30)
    segments = {"plan": dict.fromkeys(range(12), "pro")}
    (one,) = by_segment(times, segments, as_of_us=AS_OF, days=DAYS, target_days=7.0)
    assert (one.value, one.found.n, one.compared) == ("pro", 12, None)


def test_where_the_curves_cross_the_days_without_value_are_told() -> None:
    """Half of the first start at once and the others hardly ever; the second all take about ten days."""
    rng = np.random.default_rng(4)
    mixed = [*drawn(rng, 200, 2, 400), *drawn(rng, 200, 150, 400)]
    found = compared({"mixed": mixed, "steady": drawn(rng, 400, 12, 400, shape=4.0)})["mixed"].compared
    assert found is not None
    assert found.is_crossing
    assert found.horizon_days == 90
    # Of the steady ones the area is the mean wait, about 11 days; of the mixed half 2 and half about 65 of 90.
    assert found.waits_longer.value == pytest.approx(0.5 * 2 + 0.5 * 68 - 11, rel=0.25)
    assert (found.waits_longer.low or 0) > 0


def test_without_a_planted_difference_cohorts_are_rarely_called_different() -> None:
    """Five cohorts of one pace and of unlike exits: in 2 to 8 of 100 runs any of them is, Holm over the five."""
    rng = np.random.default_rng(5)
    alarms = []
    for _ in range(100):
        found = compared({f"{k}": drawn(rng, 40, 12, 30 + 20 * k) for k in range(5)})
        alarms.append(any(one.compared is not None and one.compared.p_value < 0.05 for one in found.values()))
    assert 0.01 <= np.mean(alarms) <= 0.08
