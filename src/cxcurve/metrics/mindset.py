"""Mindset and mood of a customer (definitions.md, 1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cxcurve.model.journey import Signal
from cxcurve.tables import US_PER_DAY

FEWEST_PIECES, CLEAR_SHARE, MOOD_DAYS = 3, 0.70, 30


@dataclass(frozen=True, slots=True)
class Mood:
    """The latest valence within 30 days, with what was said."""

    valence: float
    quote: str | None
    occurred_us: int
    event_id: str

    @property
    def word(self) -> str:
        """In a word."""
        return "good" if self.valence > 0.25 else "bad" if self.valence < -0.25 else "neutral"


def mindset(events: Sequence[Mapping[str, Any]], signals: Mapping[str, Signal], now_us: int) -> str | None:
    """Reactive or proactive, told from three pieces of evidence and 70 % of their faded weight up; else None."""
    weight = {"reactive": 0.0, "proactive": 0.0}
    n = 0
    for event in events:
        signal = signals.get(event["name"])
        if signal is None or signal.mindset is None:
            continue
        n += 1
        age_days = (now_us - event["occurred_us"]) / US_PER_DAY
        weight[signal.mindset] += 2.0 ** (-age_days / signal.half_life.days)
    total = sum(weight.values())
    leading = max(weight, key=lambda kind: weight[kind])
    return leading if n >= FEWEST_PIECES and total and weight[leading] >= CLEAR_SHARE * total else None


def mood(events: Sequence[Mapping[str, Any]], signals: Mapping[str, Signal], now_us: int) -> Mood | None:
    """The latest answer or score with a valence in the last 30 days; ties by event_id."""
    found = None
    for event in sorted(events, key=lambda event: (event["occurred_us"], event["event_id"])):
        signal = signals.get(event["name"])
        if signal is None or signal.valence is None or event["occurred_us"] < now_us - MOOD_DAYS * US_PER_DAY:
            continue
        value = event.get(signal.valence.column)
        valence = None if value is None else signal.valence.valence_of(float(value))
        if valence is not None:
            found = Mood(valence, event.get("text"), event["occurred_us"], event["event_id"])
    return found
