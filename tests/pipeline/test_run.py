"""What tells the expressions of one run from those of another."""

from __future__ import annotations

from worlds import JOURNEY, new_store, us

from cxcurve.pipeline.run import Run


def test_expressions_differ_where_clocks_change_on_another_day_of_the_week() -> None:
    """In October 2021 clocks went back in Damascus on a Friday and in Beirut on the Sunday after."""
    with new_store() as store:
        as_of_us = us("2021-10-31T12:00", "Asia/Beirut")
        damascus, beirut = (Run(store, JOURNEY, zone, as_of_us) for zone in ("Asia/Damascus", "Asia/Beirut"))
        assert damascus.calendar.spans == beirut.calendar.spans
        assert damascus.expression_mark != beirut.expression_mark
