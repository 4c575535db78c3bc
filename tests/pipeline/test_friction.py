"""Frictions planted in a simulated company are found, and those that are harmless are not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

import cxcurve
from cxcurve.metrics.exit_chances import Chances
from cxcurve.metrics.friction_events import NEVER_US, friction_spans
from cxcurve.metrics.inventory import inventory
from cxcurve.pipeline.friction import events_of, friction_chances, inside_of
from cxcurve.sources.simulated import Truth, plant, simulate, write
from cxcurve.workspace import Workspace, init

DEADLY = {"meeting_missed": 2.0, "seats_removed": 2.0}
"""Half-lives of 21 and 60 days: what fades within a week is little of 90 days, and shows less."""
HARMLESS = ("outreach_before_login",)
"""Of those that the mood of customers does not bring: what comes before tickets rightly shares what they cost."""


@pytest.fixture(scope="module", name="company")
def _company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """1,200 customers over 78 weeks; two frictions weigh much, and one nothing, whatever the experts say."""
    folder = tmp_path_factory.mktemp("friction") / "acme"
    init(folder, "b2b-saas").close()
    truth = Truth(zone=None, shocks=())
    weights = plant(truth, np.random.default_rng(6))
    weights = replace(weights, friction={**weights.friction, **DEADLY, **dict.fromkeys(HARMLESS, 0.0)})
    write(simulate(customers=1_200, weeks=78, seed=6, truth=truth, weights=weights), folder)
    with cxcurve.open(folder) as workspace:
        workspace.load()
        workspace.score(full=True)
        yield workspace


@pytest.fixture(scope="module", name="found")
def _found(company: Workspace) -> Chances:
    with company.snapshot() as known:
        return friction_chances(company.run_of(known))


def odds(company: Workspace, found: Chances, name: str):
    return found.effects[company.store.signal_keys()[name]].odds_ratio


@pytest.mark.parametrize("name", sorted(DEADLY))
def test_what_is_deadly_is_told_from_harmless(company: Workspace, found: Chances, name: str) -> None:
    told = odds(company, found, name)
    assert told.low is not None
    assert told.low > 1
    assert told.high > told.value > told.low


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_harmless_is_not_called_deadly(company: Workspace, found: Chances, name: str) -> None:
    told = odds(company, found, name)
    assert told.low is not None
    assert told.low < 1 < told.high


def test_the_deadly_ones_stand_in_the_inventory_with_an_interval_above_nothing(company: Workspace) -> None:
    rows = company.inventory().rows()
    clear = [row for row in rows if row["is_clear"] and row["revenue_at_risk"] > 0]
    assert {*DEADLY} <= {row["signal"] for row in clear}
    assert not {*HARMLESS} & {row["signal"] for row in clear}


def test_as_many_leave_as_the_chances_say(company: Workspace, found: Chances) -> None:
    """Of the customers of half a year ago, told without what came after."""
    with company.snapshot("2025-12-28") as then:
        run = company.run_of(then)
        told = inside_of(run, then, friction_chances(run))
        expected, keys = float(told.chance.sum()), set(told.customer.tolist())
        since = then.as_of_us
    gone = company.store.rows(
        "SELECT DISTINCT customer_key FROM stays WHERE ended_by = 'exited' AND left_us >= $1 AND left_us < $2",
        since, since + 90 * 86_400_000_000,
    )  # fmt: skip
    left = len(keys & {key for (key,) in gone})
    assert left > 20
    assert abs(left - expected) < 3 * expected**0.5


def test_spans_are_as_one_by_one(company: Workspace) -> None:
    """Tickets, by a walk over the log: each close ends the oldest open one of its conversation."""
    keys = company.store.signal_keys()
    with company.snapshot() as known:
        run = company.run_of(known)
        rows = run.store.arrow(friction_spans(run.log, run.plan)).to_pylist()
    sql = "SELECT name, event_id, customer_key, conversation_id, occurred_us FROM {} WHERE name IN ({}) ORDER BY 5, 2"
    log = company.store.rows(sql.format(company.store.events_name("analytics"), "'ticket_opened', 'ticket_closed'"))
    open_: dict[tuple[int, str], list[str]] = {}
    until: dict[str, int] = {}
    for name, event_id, customer, conversation, at_us in log:
        waiting = open_.setdefault((customer, conversation or ""), [])
        if name == "ticket_opened":
            until[event_id] = NEVER_US
            waiting.append(event_id)
        elif waiting:
            until[waiting.pop(0)] = at_us
    told = {row["event_id"]: row["until_us"] for row in rows if row["signal_key"] == keys["ticket_opened"]}
    assert told == until
    bad = [row for row in rows if row["signal_key"] == keys["nps_answered"]]
    scores = dict(company.store.rows("SELECT event_id, value FROM event_log WHERE value IS NOT NULL"))
    assert bad
    assert all(scores[row["event_id"]] <= 6 for row in bad)


def test_the_order_of_the_log_plays_no_part(company: Workspace, found: Chances) -> None:
    with company.snapshot() as known:
        run = company.run_of(known)
        events, inside = events_of(run, known), inside_of(run, known, found)
    one, other = (inventory(rows, inside, found, known.as_of_us) for rows in (events, events[::-1]))
    assert [(row.place, row.risk, row.hours) for row in one.rows] == [
        (row.place, row.risk, row.hours) for row in other.rows
    ]
