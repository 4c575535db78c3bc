"""Claims: what the product says it can do, the bar it must reach, and what was found."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cxcurve.stats.estimates import Estimate, nothing, t_of


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim with what was found.

    Attributes:
        name: what is claimed, a sentence.
        least, most: the bar; None where there is none on that side.
        found: the value with its interval over the companies; its n are the companies.
        unit: "", "share", "odds" or "points".
        rows: what stands behind it, one line each, where one number does not say it.
        by_interval: whether the bar is reached where the interval reaches it: "no worse", not "better".
    """

    name: str
    found: Estimate
    least: float | None = None
    most: float | None = None
    unit: str = ""
    rows: tuple[str, ...] = ()
    by_interval: bool = False

    @property
    def is_met(self) -> bool | None:
        """Whether the value reaches the bar; None where there is none."""
        value = self.found.value
        if value is None:
            return None
        low, high = (self.found.low, self.found.high) if self.by_interval else (value, value)
        is_enough = self.least is None or (high is not None and high >= self.least)
        return is_enough and (self.most is None or (low is not None and low <= self.most))

    @property
    def verdict(self) -> str:
        """Found, missed, or not to be told."""
        return {True: "found", False: "missed", None: "not to be told"}[self.is_met]

    def to_json(self) -> dict[str, Any]:
        """The numbers behind the words."""
        found = self.found
        numbers = {"value": found.value, "low": found.low, "high": found.high, "n": found.n}
        return {"claim": self.name, "least": self.least, "most": self.most, **numbers, "is_met": self.is_met}

    @property
    def bar(self) -> str:
        """The bar in words."""
        if self.least is not None and self.most is not None:
            return f"{_said(self.least, self.unit)} to {_said(self.most, self.unit)}"
        if self.least is not None:
            return f"at least {_said(self.least, self.unit)}"
        return f"at most {_said(self.most, self.unit)}"

    @property
    def told(self) -> str:
        """What was found, in words."""
        found = self.found
        if found.value is None:
            return "could not be told"
        interval = (
            ""
            if found.low is None or found.high is None
            else f" ({_said(found.low, self.unit)} to {_said(found.high, self.unit)})"
        )
        return f"{_said(found.value, self.unit)}{interval}"


@dataclass(frozen=True, slots=True)
class Chapter:
    """Claims of one kind, and how they were put to the test."""

    title: str
    how: str
    claims: tuple[Claim, ...]

    def to_json(self) -> dict[str, Any]:
        """As `cxcurve truth --json` prints it."""
        return {"title": self.title, "how": self.how, "claims": [claim.to_json() for claim in self.claims]}


def mean_over(values: Sequence[float]) -> Estimate:
    """The mean over companies with its t interval."""
    known = np.array([value for value in values if math.isfinite(value)])
    if len(known) < 2:
        return nothing(len(known)) if not len(known) else Estimate(float(known[0]), n=1)
    middle, error = float(known.mean()), float(known.std(ddof=1)) / math.sqrt(len(known))
    half = t_of(0.95, len(known) - 1) * error
    return Estimate(middle, middle - half, middle + half, len(known), error)


def _said(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    if unit == "share":
        return f"{100 * value:.1f} %"
    return f"{value:.2f}" if unit in ("odds", "points") else f"{value:.3f}"
