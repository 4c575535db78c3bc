"""Self-service: what counts as solved, by hand (definitions 8)."""

from __future__ import annotations

import pytest
import yaml
from worlds import DAY_US, Event, new_store, table, us

from cxcurve.metrics.self_service import sessions
from cxcurve.model.journey import Journey
from cxcurve.pipeline.run import Run
from cxcurve.pipeline.scoring import score
from cxcurve.pipeline.snapshots import snapshot

AS_OF = us("2026-03-02")
PLAN = """
journey: help
stages: [one]
signals:
  seen: {stage: one, momentum: 0.1}
  ticket: {friction: 0.3, contact: true, until: closed}
  chased: {friction: 0.3, contact: true}
  closed: {by: company}
  self_service_failed: {friction: 0.2}
"""
BOTH = PLAN + "  self_service_solved: {momentum: 0.2}\n"
SOLVED, FAILED = "self_service_solved", "self_service_failed"


def told(days: list[tuple[str, str, float]], plan: str = BOTH) -> list[tuple[str, bool]] | None:
    """Who had sessions and whether each solved it, in order of time."""
    events = [Event(f"e{i}", who, name, AS_OF - round(ago * DAY_US)) for i, (who, name, ago) in enumerate(days)]
    with new_store({}) as store:
        store.append(table(events))
        run = Run(store, Journey.model_validate(yaml.safe_load(plan)), "UTC", AS_OF)
        score(run, None)
        found = sessions(snapshot(run))
        if found is None:
            return None
        names = dict(store.rows("SELECT customer_key, customer_id FROM customer_keys"))
        rows = store.arrow(found.order_by("occurred_us", "customer_key")).to_pylist()
        return [(names[row["customer_key"]], row["is_solved"]) for row in rows]


@pytest.mark.parametrize(
    ("ticket", "is_solved"),
    [(19.0, False), (17.0, False), (16.99, True), (20.0, False), (20.01, True)],
)
def test_a_session_is_solved_if_no_issue_is_opened_within_72_hours(ticket: float, is_solved: bool) -> None:
    assert told([("ann", SOLVED, 20.0), ("ann", "ticket", ticket)]) == [("ann", is_solved)]


def test_only_the_own_issues_count_and_a_failed_session_stays_failed() -> None:
    days = [("ann", SOLVED, 20.0), ("bea", "ticket", 19.0), ("cem", FAILED, 18.0), ("dia", SOLVED, 17.0)]
    assert told([*days, ("dia", "chased", 16.0)]) == [("ann", True), ("cem", False), ("dia", True)]


def test_a_session_is_told_once_72_hours_have_followed() -> None:
    assert told([("ann", SOLVED, 2.99), ("bea", FAILED, 2.0), ("cem", SOLVED, 3.0)]) == [("cem", True)]


def test_failures_alone_are_no_rate() -> None:
    assert told([("ann", FAILED, 20.0)], PLAN) is None
