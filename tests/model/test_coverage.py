"""Coverage: what is there, what is missing, and what would add most first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxcurve.model import Journey
from cxcurve.model.coverage import Missing, coverage

JOURNEY = Journey.model_validate(
    {
        "journey": "x",
        "stages": [{"name": "try", "label": "Try"}, "buy", "love"],
        "exits": ["left", "lost"],
        "signals": {
            "tried": {"stage": "try", "momentum": 0.4},
            "demo_seen": {"stage": "try", "momentum": 0.6},
            "bought": {"stage": "buy", "momentum": 0.7},
            "value_reached": {"stage": "love", "momentum": 1.0},
            "used": {"momentum": 0.3, "core": True},
            "ticket_opened": {"friction": 0.3, "until": "ticket_closed"},
            "ticket_closed": {},
            "angry": {"valence": "value: 0=-1, 1=1", "valence_friction": 0.9, "valence_momentum": 0.1},
            "left": {},
            "lost": {},
        },
        "time_to_value": {"from": "bought", "to": "value_reached"},
    }
)


def test_present_and_missing_in_the_order_of_the_plan():
    found = coverage(JOURNEY, {"used": 3, "tried": 1, "bought": 0, "unplanned": 9})
    assert found.present == ("tried", "used")
    assert found.missing[:2] == ("demo_seen", "bought")
    assert found.present_share == 0.2


def test_what_would_add_most_with_nothing_there():
    assert coverage(JOURNEY, {}).add_first == (
        Missing("value_reached", "It ends Time to Value, which cannot be measured without it."),
        Missing("bought", "It starts Time to Value, which cannot be measured without it."),
        Missing("left", "No other event says that a customer left, so nothing can be learned from those who did."),
        Missing("demo_seen", "No other event with data leads to Try, so nobody is seen to arrive there."),
        Missing("used", "Decline of use can only be told from core use, and no other core event has data."),
    )


def test_an_ending_is_worth_something_once_its_signal_is_there():
    there = dict.fromkeys(["value_reached", "bought", "left", "tried", "used"], 1)
    assert coverage(JOURNEY, there).add_first == (
        Missing("angry", "It weighs 0.9 doublings of the odds of leaving."),
        Missing("demo_seen", "It weighs 0.6 doublings of the odds of moving on."),
        Missing("ticket_opened", "It weighs 0.3 doublings of the odds of leaving."),
        Missing("ticket_closed", "It closes ticket_opened, which never fades without it."),
    )
    first = coverage(JOURNEY, there | {"ticket_opened": 2}).add_first[0]
    assert first.signal == "ticket_closed"


def test_an_empty_plan():
    found = coverage(Journey(journey="x", stages=()), {"a": 1})
    assert (found.present, found.missing, found.add_first, found.present_share) == ((), (), (), 0.0)


@given(st.dictionaries(st.sampled_from(sorted(JOURNEY.signals)), st.integers(0, 3)))
def test_each_signal_is_present_or_missing_and_at_most_five_are_put_forward(counts):
    found = coverage(JOURNEY, counts)
    assert sorted(found.present + found.missing) == sorted(JOURNEY.signals)
    first = [missing.signal for missing in found.add_first]
    assert len(first) == len(set(first)) <= 5
    assert set(first) <= set(found.missing)
    assert found.present_share == pytest.approx(len(found.present) / len(JOURNEY.signals))
