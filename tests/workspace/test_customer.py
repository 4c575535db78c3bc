"""One customer as of many days: the query for its reasons is prepared once a day, and few are kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import cxcurve
from cxcurve.store import queries

JOURNEY = """
journey: shop
stages: [one, two]
exits: [gone]
signals:
  seen: {stage: one, momentum: 0.5}
  ticket_opened: {friction: 0.6, contact: true, until: ticket_closed}
  ticket_closed: {}
  gone: {}
"""


def test_few_prepared_queries_are_kept_and_all_answer(
    made: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "MOST_PREPARED", 3)
    rows = [f"{day},2026-01-{day:02d}T10:00:00Z,a,,{'ticket_opened' if day % 5 else 'seen'}," for day in range(5, 29)]
    with cxcurve.open(made(JOURNEY, rows)) as workspace:
        days = [f"2026-01-{day:02d}" for day in range(6, 6 + queries.MOST_PREPARED + 2)]
        first = {day: workspace.customer("a", day).why() for day in days}
        assert len({len(why["friction"][0].events) for why in first.values()}) > 1
        assert workspace.store.rows("SELECT count(*) FROM duckdb_prepared_statements()") == [(queries.MOST_PREPARED,)]
        assert {day: workspace.customer("a", day).why() for day in days} == first, "also those given up"
        assert workspace.customer("a").why() == workspace.customer("a").why()
