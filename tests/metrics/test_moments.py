"""First times of events in a cycle, by hand."""

from __future__ import annotations

from worlds import DAY_US, JOURNEY, Event, new_store, table, us

from cxcurve.metrics.moments import first_times
from cxcurve.pipeline.run import Run

AS_OF = us("2025-06-02")


def told(days: list[tuple[str, str, float]]) -> list[tuple[str, str, float, float | None]]:
    """(customer, event, day of the first time, day of the exit after it), sorted."""
    events = [Event(f"e{i}", who, name, AS_OF - round((100 - at) * DAY_US)) for i, (who, name, at) in enumerate(days)]
    with new_store({}) as store:
        store.append(table(events))
        run = Run(store, JOURNEY, "UTC", AS_OF)
        customers = dict(store.rows("SELECT customer_key, customer_id FROM customer_keys"))
        names = {key: name for name, key in run.plan.keys.items()}
        rows = store.arrow(first_times(run.log, run.plan)).to_pylist()
    return sorted(
        (
            customers[row["customer_key"]],
            names[row["signal_key"]],
            _day(row["at_us"]),
            row["until_us"] and _day(row["until_us"]),
        )
        for row in rows
    )


def _day(at_us: int) -> float:
    return round((at_us - AS_OF) / DAY_US + 100, 6)


def test_each_event_counts_once_in_a_cycle_and_anew_after_an_exit() -> None:
    days = [("ann", "visit", 1.0), ("ann", "visit", 2.0), ("ann", "lost", 10.0), ("ann", "visit", 20.0)]
    assert told(days) == [("ann", "visit", 1.0, 10.0), ("ann", "visit", 20.0, None)]


def test_exits_are_no_moments_and_events_without_a_plan_are() -> None:
    assert told([("ann", "never_planned", 1.0), ("ann", "quit", 2.0)]) == [("ann", "never_planned", 1.0, 2.0)]


def test_customers_are_apart_and_order_plays_no_part() -> None:
    days = [("bea", "used", 5.0), ("ann", "used", 7.0), ("bea", "used", 3.0)]
    assert told(days) == told(days[::-1]) == [("ann", "used", 7.0, None), ("bea", "used", 3.0, None)]
