"""States beside the stage, by hand, and the pair from events (definitions 2 and 3)."""

from __future__ import annotations

import pytest
import yaml
from worlds import DAY_US, Event, new_store, table, us

from cxcurve.metrics.customer_states import ALL_STATES, Beside, beside
from cxcurve.metrics.pairs import PAIRS
from cxcurve.model.journey import Journey
from cxcurve.pipeline.run import Run
from cxcurve.pipeline.scoring import score
from cxcurve.pipeline.snapshots import snapshot

START = us("2025-01-06")
JOURNEY = Journey.model_validate(
    yaml.safe_load("""
journey: small
stages: [look, live, share]
exits: [quit]
time_to_value: {from: seen, to: value}
signals:
  seen:     {stage: look}
  value:    {stage: live, after: seen}
  used:     {core: true, momentum: 0.01}
  noticed:  {momentum: 0.01}
  failed:   {friction: 3.0, half_life: 14d}
  nps:      {valence: "value: 0..6=-1, 7..8=0, 9..10=1", feedback: direct}
  review:   {stage: share, when: "value >= 4", valence: "value: 1..2=-1, 3=-0.3, 4=0.5, 5=1", advocacy: 1.0,
             feedback: indirect}
  quit:     {}
""")
)
Days = list[tuple]
VALUE = [(0.5, "seen"), (1.0, "used"), (2.0, "value")]


def events(days: Days, who: str = "ann") -> list[Event]:
    """(day, name, value?, source?) of one customer."""
    made = []
    for i, (at, name, *more) in enumerate(days):
        value, source = (*more, None, None)[:2]
        made.append(Event(f"{who}{i}", who, name, START + round(at * DAY_US), value=value, source=source or "app"))
    return made


def told(days: Days, until: float, *, gaps: dict[str, float] | None = None, journey: Journey = JOURNEY) -> Beside:
    """Of one customer as of a day; `gaps` says for how many days a source may be silent."""
    expected = {source: round(gap * DAY_US) for source, gap in (gaps or {}).items()}
    with new_store({}) as store:
        store.append(table(events(days)))
        run = Run(store, journey, "UTC", START + round(until * DAY_US), expected_gaps=expected)
        score(run, None)
        known = snapshot(run)
        found = beside(known, lambda _, build: store.arrow(build(known)))
        return next(iter(found.values()), Beside())


def states(days: Days, until: float, **more: object) -> dict[str, float]:
    """States, and the day since which the customer is in each."""
    return {name: (since - START) / DAY_US for name, since in told(days, until, **more).states}  # type: ignore[arg-type]


def test_what_can_be_asked_for_is_what_can_be_told() -> None:
    assert set(ALL_STATES) == {*PAIRS, "new", "slipping back", "quiet advocate", "critic"}


@pytest.mark.parametrize(("until", "is_new"), [(14.4, True), (14.6, False)])
def test_new_for_14_days_in_the_journey(until: float, is_new: bool) -> None:
    found = told(VALUE, until)
    assert ("new" in found.names, found.pair is None) == (is_new, is_new)


def test_new_until_the_third_event_however_long_ago_it_began() -> None:
    two = [(0.5, "seen"), (1.0, "noticed")]
    assert states(two, 40.0) == {"new": 0.5}
    assert told(two, 40.0).pair is None
    third = told([*two, (37.0, "noticed")], 40.0)
    assert "new" not in third.names
    # nothing moves on here, so the word is flowing; it is told since the end of the week of the third event, as of now
    assert (third.pair, third.pair_since_us) == ("flowing", START + 40 * DAY_US)


def test_who_comes_back_is_new_again() -> None:
    back = [*VALUE, (40.0, "quit"), (60.0, "seen")]
    assert told(back, 50.0) == Beside()
    assert states(back, 70.0) == {"new": 60.0}


def test_slipping_back_60_days_after_the_last_core_use() -> None:
    days = [*VALUE, (20.0, "used"), (70.0, "noticed")]
    assert states(days, 79.9) == {}
    assert states(days, 80.1) == {"slipping back": 80.0}
    assert states([*days, (75.0, "used")], 100.0) == {}


def test_without_any_use_it_counts_from_the_entry() -> None:
    assert states(VALUE, 100.0) == {"slipping back": 62.0}
    before_value = [(0.5, "seen"), (1.0, "used"), (1.5, "used")]
    assert states(before_value, 100.0) == {}


def test_a_good_word_is_a_sign_of_life_and_a_bad_one_none() -> None:
    assert states([*VALUE, (50.0, "review", 5.0)], 100.0) == {}
    assert states([*VALUE, (50.0, "review", 3.0)], 100.0) == {"slipping back": 62.0}


def test_without_core_use_or_first_value_nobody_is_said_to_slip() -> None:
    assert states(VALUE, 100.0, journey=JOURNEY.model_copy(update={"time_to_value": None})) == {}
    assert states([(0.5, "seen"), (1.0, "noticed"), (2.0, "value")], 100.0) == {}


def test_a_source_that_fell_silent_makes_nobody_slip() -> None:
    days = [*VALUE, (15.0, "used", None, "product"), (20.0, "used", None, "product"), (99.0, "noticed")]
    assert states(days, 100.0) == {"slipping back": 80.0}
    assert states(days, 100.0, gaps={"product": 30.0}) == {}


def test_who_slipped_before_the_source_fell_silent_has_slipped() -> None:
    ann = events([*VALUE, (20.0, "used", None, "product")])
    bea = events([(day, "used", None, "product") for day in range(0, 90, 10)], "bea")
    with new_store({}) as store:
        store.append(table([*ann, *bea]))
        run = Run(store, JOURNEY, "UTC", START + 200 * DAY_US, expected_gaps={"product": 30 * DAY_US})
        score(run, None)
        known = snapshot(run)
        found = beside(known, lambda _, build: store.arrow(build(known)))
    assert [name for one in found.values() for name in one.names if name == "slipping back"] == ["slipping back"]


def test_quiet_advocate_180_days_after_the_last_good_word() -> None:
    uses = [(10.0 * i, "used") for i in range(1, 30)]
    spoke = [*VALUE, *uses, (30.0, "review", 5.0)]
    assert states(spoke, 209.9) == {}
    assert states(spoke, 210.1) == {"quiet advocate": 210.0}
    assert states([*spoke, (100.0, "review", 2.0)], 211.0) == {"quiet advocate": 210.0}
    assert states([*spoke, (100.0, "review", 4.0)], 211.0) == {}
    assert states([*VALUE, *uses], 211.0) == {}


def test_a_critic_for_90_days_since_the_first_bad_word_also_outside() -> None:
    uses = [(10.0 * i, "used") for i in range(1, 12)]
    spoke = [*VALUE, *uses, (30.0, "review", 1.0), (40.0, "review", 2.0)]
    assert states(spoke, 50.0) == {"critic": 30.0}
    assert states(spoke, 125.0) == {"critic": 40.0}
    assert states(spoke, 131.0) == {}
    assert states([*spoke, (45.0, "quit")], 50.0) == {"critic": 30.0}


def test_the_pair_holds_while_friction_fades_to_within_5_of_the_cut() -> None:
    """3 doublings at first; 1 is an index of 50. Weeks end on days 7, 14, ..."""
    days = [(0.5, "seen"), (1.0, "noticed"), (1.5, "noticed"), (30.0, "failed")]
    words = [told(days, until).pair for until in (28.0, 35.0, 49.0, 63.0, 91.0)]
    assert words[0] == "flowing"
    assert words[1] == "pushing through"
    assert words[-1] == "flowing"
    found = told(days, 49.0)
    assert found.pair_since_us == START + 35 * DAY_US
