"""What moved the level of a workspace: exact, found where it was planted, and refused with a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from worlds import us

import cxcurve
from cxcurve.errors import BadValueError
from cxcurve.metrics.versions import LearnedIndex, LearnedWeight, Version
from cxcurve.workspace.workspace import Workspace

JOURNEY = """
journey: shop
stages: [{name: one, expected: 30d}, {name: two, expected: 90d}]
exits: [gone]
time_to_value: {from: seen, to: bought}
states: {stall: {friction: 0.5}, silence: {friction: 1.0}, decline: {friction: 1.5}, open_issues: {friction: 0.25}}
targets: {open_issue: 3d}
signals:
  seen: {stage: one, momentum: 0.5}
  bought: {stage: two, momentum: 1.0}
  used: {momentum: 0.3, core: true}
  ticket: {friction: 0.5, contact: true, until: closed}
  closed: {by: company}
  nps_answered: {valence: "value: 0..6=-1, 7..8=0, 9..10=1", valence_friction: 0.9, valence_momentum: 0.5, keep: latest}
  gone: {}
"""
FIRST, OUTAGE = date(2026, 1, 1), date(2026, 4, 21)
Made = Callable[..., Path]


def company() -> list[str]:
    """Ninety customers who use it every week; in the week of OUTAGE every second has a ticket. A few leave or come."""
    rows = []
    for who in range(90):
        begin = FIRST + timedelta(days=who // 2 if who < 80 else 105)
        rows.append((begin, who, "seen"))
        rows += [(begin + timedelta(days=20), who, "bought")] if who % 3 else []
        rows += [(FIRST + timedelta(days=7 * week + who % 5), who, "used") for week in range(17) if who % 7 or week < 9]
        rows += [(OUTAGE, who, "ticket")] if who % 2 else []
        rows += [(OUTAGE - timedelta(days=who % 20), who, "gone")] if who in {3, 8, 21, 50} else []
        rows += [(FIRST + timedelta(days=90), who, "nps_answered")] if who % 11 == 0 else []
    return [f"{i},{day}T10:00:00Z,c{who},p{who},{name},{who % 11}" for i, (day, who, name) in enumerate(rows)]


@pytest.fixture(name="shop")
def _shop(made: Made) -> Iterator[Workspace]:
    with cxcurve.open(made(JOURNEY, company())) as workspace:
        yield workspace


def total(parts: list[dict[str, Any]]) -> float:
    return sum(part["points"] for part in parts)


def test_all_that_moved_adds_up(shop: Workspace) -> None:
    found = shop.moved(since="2026-04-20", until="2026-04-30").to_json()
    assert (found["since"], found["until"]) == ("2026-04-20", "2026-04-27")
    mix, rate = found["mix"], found["rate"]
    points = {point["x"]: point for point in shop.curve("date").to_json()["points"]}
    week = (date(2026, 4, 27) - date(1970, 1, 12)).days // 7
    assert found["before"]["level"] == pytest.approx(points[week - 1]["level"])
    assert (found["after"]["level"], found["after"]["n"]) == pytest.approx((points[week]["level"], points[week]["n"]))
    assert found["change"]["points"] == pytest.approx(found["after"]["level"] - found["before"]["level"])
    assert mix["points"] + rate["points"] == pytest.approx(found["change"]["points"], abs=1e-9)
    assert sum(mix[kind]["points"] for kind in ("left", "new", "moved")) == pytest.approx(mix["points"], abs=1e-9)
    for kind in ("left", "new", "moved"):
        assert total(mix[kind]["stages"]) == pytest.approx(mix[kind]["points"], abs=1e-9)
    assert total(rate["signals"]) == pytest.approx(rate["points"], abs=1e-9)
    assert found["n_stayed"] + found["n_left"] == found["before"]["n"]


def test_the_outage_is_found(shop: Workspace) -> None:
    """Tickets explain the fall; who did nothing new has nothing to answer for."""
    found = shop.moved(since="2026-04-20", until="2026-04-27").to_json()
    signals = {one["signal"]: one for one in found["rate"]["signals"]}
    assert signals["ticket"]["points"] < -5
    assert signals["ticket"]["high"] < 0
    assert signals["open_issues"]["points"] < 0
    assert signals["other"]["points"] == pytest.approx(0, abs=1e-9)
    assert signals["new_weights"]["points"] == 0
    assert {"stage_reference", "stall", "silence", "decline", "used"} <= signals.keys()
    assert min(signals, key=lambda name: signals[name]["points"]) == "ticket"


def test_four_weeks_unless_told_and_days_mean_the_week_that_was_over(shop: Workspace) -> None:
    assert (shop.moved().since, shop.moved().until) == (date(2026, 4, 6), date(2026, 5, 4))
    assert shop.moved(since=date(2026, 4, 19)).since == date(2026, 4, 13)
    assert shop.moved("2026-02-02", "2026-03-01").until == date(2026, 2, 23)
    of_some = shop.moved("2026-02-02", cohort="entered two in the last 90d")
    assert of_some.found.after.n < shop.moved("2026-02-02").found.after.n


def test_new_weights_are_no_change_of_the_customers(shop: Workspace) -> None:
    """A version that counts tickets twice, from 13 April on: eight weeks before are told under it too."""
    weights = {"ticket": LearnedWeight(1.0, 0.5, 1.5, 0.5)}
    friction, momentum = (LearnedIndex("learned", 200, 1.0, 0.8, 1.2, of, [0.0, 0.0]) for of in (weights, {}))
    version = Version(1, us("2026-04-13"), 0, 90, 900, friction, momentum, [500, 500])
    shop.store.execute("INSERT INTO versions VALUES ($1, $2, $3, $4)", 1, version.as_of_us, 0, version.written())
    shop.score(full=True)
    across, under_one = (shop.moved(since, "2026-04-27").to_json() for since in ("2026-02-02", "2026-03-02"))
    for found in (across, under_one):
        assert total(found["rate"]["signals"]) == pytest.approx(found["rate"]["points"], abs=1e-9)
        assert found["mix"]["points"] + found["rate"]["points"] == pytest.approx(found["change"]["points"], abs=1e-9)
    weights_of = [{one["signal"]: one["points"] for one in f["rate"]["signals"]} for f in (across, under_one)]
    assert weights_of[0]["new_weights"] < -1, "tickets, which are new, weigh more than at the mean of both weights"
    assert weights_of[0]["other"] == pytest.approx(0, abs=1e-9)
    assert weights_of[1]["new_weights"] == 0


@pytest.mark.parametrize(
    ("since", "until", "said"),
    [
        ("last week", None, '"last week" is no date; expected such as 2026-05-03'),
        ("2026-01-04", None, '"2026-01-04" lies before the first week that is over; expected 2026-01-05 or later'),
        ("2026-05-04", None, "the last week over by then ends on 2026-05-04"),
        ("2026-04-20", "2026-03-20", "the one to compare with on 2026-03-16; start from an earlier day"),
    ],
)
def test_days_that_cannot_be_meant(shop: Workspace, since: str, until: str | None, said: str) -> None:
    with pytest.raises(BadValueError, match=said):
        shop.moved(since, until)
