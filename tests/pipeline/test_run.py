"""What tells the expressions of one run from those of another, and as of when it is."""

from __future__ import annotations

from worlds import JOURNEY, Event, new_store, table, us

from cxcurve.pipeline.run import Run, default_as_of


def test_expressions_differ_where_clocks_change_on_another_day_of_the_week() -> None:
    """In October 2021 clocks went back in Damascus on a Friday and in Beirut on the Sunday after."""
    with new_store() as store:
        as_of_us = us("2021-10-31T12:00", "Asia/Beirut")
        damascus, beirut = (Run(store, JOURNEY, zone, as_of_us) for zone in ("Asia/Damascus", "Asia/Beirut"))
        assert damascus.calendar.spans == beirut.calendar.spans
        assert damascus.expression_mark != beirut.expression_mark


def test_as_of_stays_for_five_minutes_where_events_of_today_come_in() -> None:
    now = us("2026-05-04T12:02:03")
    with new_store() as store:
        assert default_as_of(store, "UTC", now) == now
        store.append(table([Event("e1", "a", "demo", us("2026-05-04T12:01"))]))
        for moment in ("2026-05-04T12:02:03", "2026-05-04T12:04:59", "2026-05-04T12:05"):
            assert default_as_of(store, "UTC", us(moment)) == us("2026-05-04T12:05")
        assert default_as_of(store, "UTC", us("2026-05-09")) == us("2026-05-05"), "the end of the latest event's day"
