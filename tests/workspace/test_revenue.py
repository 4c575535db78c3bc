"""Recurring revenue of small workspaces: what is told where the journey, or nobody, says what is paid."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cxcurve
from cxcurve.errors import Reason

Made = Callable[..., Path]
JOURNEY = """
journey: desk
stages: [one, two]
exits: [gone]
time_to_value: {from: bought, to: value}
signals: {seen: {stage: one}, bought: {stage: two}, value: {}, gone: {}}
"""
ROWS = [
    "1,2026-01-05T00:00:00Z,ann,,bought,",
    "2,2026-01-06T00:00:00Z,bob,,bought,",
    "3,2026-02-10T00:00:00Z,bob,,gone,",
    "4,2026-02-12T00:00:00Z,cem,,gone,",
    "5,2026-03-03T00:00:00Z,bob,,bought,",
]


def test_without_a_word_of_it_customers_are_followed_from_purchase_to_exit(made: Made) -> None:
    with cxcurve.open(made(JOURNEY, ROWS)) as workspace:
        found = workspace.revenue()
    assert (found.is_said, found.reason) == (False, Reason.NO_REVENUE)
    counts = [
        (row["month"], row["n_new"], row["n_churn"], row["n_reactivation"], row["n_closing"]) for row in found.rows()
    ]
    assert counts == [("2026-01", 2, 0, 0, 2), ("2026-02", 0, 1, 0, 1), ("2026-03", 0, 0, 1, 2)]


def test_a_journey_without_a_purchase_tells_why_there_is_nothing(made: Made) -> None:
    journey = JOURNEY.replace("time_to_value: {from: bought, to: value}\n", "")
    with cxcurve.open(made(journey, ROWS)) as workspace:
        assert workspace.revenue().reason is Reason.NOT_IN_MODEL
        assert workspace.deals().reason is Reason.NOT_IN_MODEL
        assert workspace.revenue().to_json()["months"] == []


def test_what_the_block_says_is_checked(made: Made) -> None:
    block = "recurring: {adds: [bought, more], removes: bought}\n"
    with cxcurve.open(made(JOURNEY, ROWS)) as workspace:
        (workspace.folder / "journey.yaml").write_text(JOURNEY + block, encoding="utf-8")
        said = " ".join(str(problem) for problem in workspace.problems())
    assert 'recurring revenue: `adds` names event "more", which the tracking plan does not name' in said
    assert 'event "bought" stands under `adds` and under `removes`; keep one' in said
    assert "no event starts it" in said
