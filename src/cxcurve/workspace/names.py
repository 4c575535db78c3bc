"""What pages, lists and letters call stages and signals."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cxcurve.charts.format import words
from cxcurve.model import Journey

STATES: Mapping[str, str] = {
    "open_issues": "issues open too long", "stall": "standing still", "silence": "silence",
    "decline": "used less than before",
}  # fmt: skip
"""The state signals, which no event is called by."""


def stage_label(journey: Journey, name: str) -> str:
    """A stage in words."""
    return journey.stage(name).label or words(name).capitalize()


def labels(journey: Journey) -> Callable[[str], str]:
    """Signals and states in words."""

    def label(name: str) -> str:
        signal = journey.signals.get(name)
        return signal.label if signal is not None and signal.label else STATES.get(name, words(name))

    return label
