"""Whom to call: in the order of what there is to save, each once, with a reason and a way to begin."""

from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from cxcurve.metrics.drifting import Drifting
from cxcurve.workspace.today import calls
from cxcurve.workspace.workspace import init

NOW_US = int(datetime.fromisoformat("2026-11-20T00:00:00Z").timestamp() * 1e6)
INVEST, TRANSFORM = (SimpleNamespace(start=a, goal=b) for a, b in (("invest", "transform"), ("transform", "share")))


def row(key: int, revenue: float | None = 100.0, **more: Any) -> dict[str, Any]:
    return {
        "customer_key": key, "customer_id": f"c{key}", "name": f"Customer {key}", "segment": None, "owner": None,
        "revenue": revenue, "is_usual_revenue": False, "stage": "invest", "level": -5.0, "pair": None,
        "pair_since": None, "states": [], **more,
    }  # fmt: skip


def drifting(key: int, worth: float | None, days: float = 50.0) -> Drifting:
    share = None if worth is None else 0.5
    return Drifting(key, days, 100.0, False, share, 0.1, 0.2, worth, 1.0, None)


@pytest.fixture(name="made", scope="module")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with init(tmp_path_factory.mktemp("today") / "w", "b2b-saas") as workspace:
        journey = workspace.journey

    def made(rows: Any, late: Any, reasons: Any = None) -> Any:
        found = calls(rows, late, reasons or {}, journey, NOW_US)
        assert found.n == len(found.first)
        return found.first

    return made


def test_who_has_most_to_save_comes_first_and_nobody_twice(made: Any) -> None:
    stuck = {"pair": "stuck", "pair_since": "2026-11-10T00:00:00Z"}
    rows = [
        row(1),
        row(2),
        row(3),
        row(4, 10.0, **stuck),
        row(5, 90.0, **stuck),
        row(6),
        row(7, 500.0, stage=None, **stuck),
    ]
    late = [
        (INVEST, drifting(1, 20.0)),
        (INVEST, drifting(2, 30.0)),
        (TRANSFORM, drifting(1, 40.0)),
        (INVEST, drifting(3, None)),
    ]
    found = made(rows, late)
    assert [one.customer_id for one in found] == ["c1", "c2", "c3", "c5", "c4"]
    assert (found[0].why, found[0].worth_saving_revenue) == ("Drifting: Transform to Share", 40.0)
    assert (found[3].why, found[3].days, found[3].worth_saving_revenue) == ("Stuck", pytest.approx(10.0), None)


def test_who_drifts_and_is_stuck_is_called_once_as_drifting(made: Any) -> None:
    one = row(1, pair="stuck", pair_since="2026-11-10T00:00:00Z")
    assert [call.why for call in made([one], [(INVEST, drifting(1, 5.0))])] == ["Drifting: Invest to Transform"]


def test_the_order_of_the_rows_changes_nothing(made: Any) -> None:
    rows = [row(key, 100.0 * (key % 3), pair="stuck", pair_since="2026-11-10T00:00:00Z") for key in range(12)]
    late = [(INVEST, drifting(key, float(key % 4))) for key in range(6)]
    assert made(rows, late) == made(rows[::-1], late[::-1])


@pytest.mark.parametrize(
    ("reason", "told", "begins"),
    [
        ("silence", "silence", "We have not heard from you"),
        ("open_issues", "issues open too long", "Some of what you asked us for"),
        ("integration_failed", "integration failed", "I saw that there was “integration failed” lately"),
        (None, None, "You have stood at the same point"),
    ],
)
def test_a_call_begins_with_what_weighs_most(made: Any, reason: str | None, told: str | None, begins: str) -> None:
    found = made([row(1)], [(INVEST, drifting(1, 1.0))], {} if reason is None else {1: reason})[0]
    assert found.reason == told
    assert found.sentence.startswith(begins)
    assert found.sentence.endswith("?")


def test_nobody_who_is_well_is_called(made: Any) -> None:
    assert made([row(1, pair="flowing", pair_since="2026-11-10T00:00:00Z"), row(2)], []) == ()
