"""Shapes by day: counted once, again where a day's events changed, and not of more events than needed."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest
from worlds import Event, new_store, table, us

from cxcurve.journey.calendar import Calendar
from cxcurve.metrics.event_days import event_days, with_days
from cxcurve.store import Store
from cxcurve.store.property_days import MOST_A_DAY, refresh_property_days

ZONE = "Europe/Berlin"
CALENDAR = Calendar(ZONE, us("2025-03-01", ZONE), us("2025-05-01", ZONE))
DAY = 20_177  # 2025-03-30, when clocks went forward


@pytest.fixture
def store() -> Iterator[Store]:
    with new_store() as made:
        yield made


def put(store: Store, at: str, *properties: str, first: int = 0) -> None:
    """One event "used" for each text of properties."""
    made = table([Event(f"e{first + i}", "ann", "used", us(at, ZONE)) for i in range(len(properties))])
    place = made.column_names.index("properties")
    store.append(made.set_column(place, "properties", pa.array(properties, pa.string())))


def refreshed(store: Store) -> list[tuple[object, ...]]:
    refresh_property_days(store, with_days(store.log("analytics"), CALENDAR))
    sql = "SELECT name, day, n_events, property, type, n FROM property_days JOIN signal_keys USING (signal_key)"
    return sorted(store.rows(sql))


def test_properties_are_counted_by_day_and_type(store: Store) -> None:
    """Days are local ones: in the night of the 30th clocks go forward."""
    put(store, "2025-03-30T00:30", '{"plan":"pro","seats":3}', '{"plan":null,"cart":{"n":1},"l":[1],"ok":true}')
    put(store, "2025-03-30T23:30", "{}", first=2)
    put(store, "2025-03-31T00:30", '{"seats":"many","a\\"b c":1.5}', first=3)
    assert refreshed(store) == [
        ("used", DAY, 3, "", "", 3), ("used", DAY, 3, "cart", "object", 1), ("used", DAY, 3, "l", "array", 1),
        ("used", DAY, 3, "ok", "boolean", 1), ("used", DAY, 3, "plan", "null", 1),
        ("used", DAY, 3, "plan", "string", 1), ("used", DAY, 3, "seats", "number", 1),
        ("used", DAY + 1, 1, "", "", 1), ("used", DAY + 1, 1, 'a"b c', "number", 1),
        ("used", DAY + 1, 1, "seats", "string", 1),
    ]  # fmt: skip
    days = event_days(store.log("analytics"), CALENDAR)
    assert sorted(store.arrow(days.select("day", "n")).to_pylist(), key=str) == [
        {"day": DAY, "n": 3}, {"day": DAY + 1, "n": 1},
    ]  # fmt: skip


def test_only_days_that_changed_are_counted_again(store: Store) -> None:
    put(store, "2025-03-30T12:00", '{"plan":"pro"}')
    put(store, "2025-03-31T12:00", '{"plan":"pro"}', first=1)
    before = refreshed(store)
    assert refresh_property_days(store, with_days(store.log("analytics"), CALENDAR)) == 0
    put(store, "2025-03-31T13:00", '{"plan":"pro"}', first=2)
    assert refresh_property_days(store, with_days(store.log("analytics"), CALENDAR)) == 1
    assert refreshed(store) == [*before[:2], ("used", DAY + 1, 2, "", "", 2), ("used", DAY + 1, 2, "plan", "string", 2)]


def test_days_outside_the_log_are_dropped(store: Store) -> None:
    put(store, "2025-03-30T12:00", '{"plan":"pro"}')
    refreshed(store)
    refresh_property_days(store, with_days(store.log("analytics"), CALENDAR).filter(lambda rows: rows.day > DAY))
    assert store.rows("SELECT * FROM property_days") == []


def test_of_many_events_a_part_is_looked_into(store: Store) -> None:
    n = 5 * MOST_A_DAY
    put(store, "2025-03-30T12:00", *['{"plan":"pro"}'] * n)
    (looked, found) = refreshed(store)
    assert looked[:5] == ("used", DAY, n, "", "")
    assert MOST_A_DAY * 0.8 < looked[5] < MOST_A_DAY * 1.2
    assert found[3:] == ("plan", "string", looked[5])
