"""The page of the proof: every claim with its bar, and the misses like the rest."""

from __future__ import annotations

import math

import pytest

from cxcurve.stats.estimates import Estimate
from cxcurve.truth.claims import Chapter, Claim, mean_over
from cxcurve.truth.curves import Missed
from cxcurve.truth.curves import claims as of_curves
from cxcurve.truth.proof import page


def test_misses_stand_in_the_table() -> None:
    found = Claim("It finds", Estimate(0.97, 0.94, 0.99, 10), 0.9, rows=("a row",))
    missed = Claim("It misses", Estimate(0.5, 0.4, 0.6, 10), 0.9, None, "share")
    untold = Claim("It cannot say", Estimate(None), None, 1.4, "odds")
    text = page([Chapter("One", "How.", (found, missed, untold))], made="Today.")
    assert "**1 of 3 claims found.**" in text
    assert "| It finds | at least 0.900 | 0.970 (0.940 to 0.990) | found |" in text
    assert "| It misses | at least 90.0 % | 50.0 % (40.0 % to 60.0 %) | **missed** |" in text
    assert "| It cannot say | at most 1.40 | could not be told | **not to be told** |" in text
    assert "- a row" in text


def test_no_worse_is_reached_by_the_interval() -> None:
    close = Estimate(-0.001, -0.003, 0.002, 10)
    assert Claim("no worse", close, 0.0, by_interval=True).is_met
    assert not Claim("better", close, 0.0).is_met


def test_the_mean_over_companies() -> None:
    assert mean_over([1.0, 2.0, 3.0, math.nan]).value == 2
    assert mean_over([1.0, 2.0, 3.0]).low == pytest.approx(2 - 4.302653 / math.sqrt(3))
    assert mean_over([]).value is None
    assert mean_over([4.0]).low is None


def test_a_curve_is_closer_on_either_side() -> None:
    (claim,) = of_curves([Missed(5.0, -1.0), Missed(2.0, -3.0)])
    assert claim.found.value == 0.5
    assert claim.is_met is False
