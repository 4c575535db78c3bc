"""How issues were handled, by hand (definitions 10)."""

from __future__ import annotations

import pytest
import yaml
from worlds import DAY_US, JOURNEY, Event, new_store, table, us

from cxcurve.metrics.issues import handled_issues
from cxcurve.model.journey import Journey
from cxcurve.pipeline.run import Run

AS_OF = us("2025-06-02")
TARGET = 3.0


def told(
    *days: tuple[float, str] | tuple[float, str, dict[str, object]], journey: Journey = JOURNEY
) -> list[bool] | None:
    """Whether each issue of one customer was handled well, in order of opening."""
    events = []
    for number, (at, name, *more) in enumerate(days):
        events.append(Event(f"e{number}", "ann", name, AS_OF - round((100 - at) * DAY_US), **(more[0] if more else {})))
    with new_store({}) as store:
        store.append(table(events))
        run = Run(store, journey, "UTC", AS_OF)
        found = handled_issues(run.log, run.plan)
        if found is None:
            return None
        return [row["is_well"] for row in store.arrow(found.order_by("opened_us")).to_pylist()]


def of(key: str | None, value: float | None = None) -> dict[str, object]:
    return {"conversation": key, "value": value}


def test_ended_within_the_target_is_well() -> None:
    assert told((1.0, "ticket"), (1.0 + TARGET, "closed")) == [True]
    assert told((1.0, "ticket"), (1.01 + TARGET, "closed")) == [False]
    assert told((1.0, "ticket")) == [False]


@pytest.mark.parametrize(("again", "is_well"), [(2.5, False), (9.0, False), (9.01, True)])
def test_what_comes_back_within_7_days_was_not_handled(again: float, is_well: bool) -> None:
    """A complaint, named or not: another ticket, or a dispute."""
    assert told((1.0, "ticket"), (2.0, "closed"), (again, "dispute")) == [is_well]


def test_another_conversation_is_another_matter() -> None:
    one, two = of("k1"), of("k2")
    days = (1.0, "ticket", one), (2.0, "closed", one), (3.0, "ticket", two), (4.0, "closed", two)
    assert told(*days) == [True, True]
    assert told(*days[:2], (3.0, "urgent", one), (4.0, "closed", one)) == [False, True]
    assert told(*days[:2], (3.0, "dispute", of(None))) == [False]


@pytest.mark.parametrize(
    ("at", "value", "is_well"), [(1.5, 3.0, False), (10.9, 3.0, False), (11.1, 3.0, True), (3.0, 8.0, True)]
)
def test_a_negative_score_until_it_is_judged_says_badly(at: float, value: float, is_well: bool) -> None:
    """Judged ten days after the opening, all alike: target and seven days."""
    assert told((1.0, "ticket"), (2.0, "closed"), (at, "nps", of(None, value))) == [is_well]


def test_a_score_of_another_conversation_says_nothing_of_this_one() -> None:
    days = (1.0, "ticket", of("k1")), (2.0, "closed", of("k1"))
    assert told(*days, (3.0, "nps", of("k2", 2.0))) == [True]
    assert told(*days, (3.0, "nps", of("k1", 2.0))) == [False]


def test_what_was_before_plays_no_part() -> None:
    assert told((0.5, "nps", of(None, 1.0)), (0.7, "dispute"), (1.0, "ticket"), (2.0, "closed")) == [True]


def test_a_journey_without_issues_or_target_has_none() -> None:
    bare = Journey.model_validate(yaml.safe_load("{journey: bare, stages: [one], signals: {seen: {stage: one}}}"))
    assert told((1.0, "seen"), journey=bare) is None
    assert told((1.0, "ticket"), journey=JOURNEY.model_copy(update={"targets": {}})) is None
