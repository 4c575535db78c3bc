"""Samples of a company that is known: what counts as held."""

from __future__ import annotations

import pytest

from cxcurve.stats.estimates import Estimate
from cxcurve.truth import samples
from cxcurve.truth.samples import Held, claims


def test_a_small_run_of_it_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samples, "CUSTOMERS", 400)
    monkeypatch.setattr(samples, "SAMPLE", 100)
    found = samples.evidence(5, 20)
    assert len(found.bands) == 20
    assert len(found.shares) == 60
    assert sum(found.bands) >= 15
    assert sum(found.shares) >= 50


def test_a_part_of_a_finite_company_lies_nearer_to_it() -> None:
    told = Estimate(10.0, 8.0, 12.0)
    assert samples._holds(told, Estimate(11.5), 1.0)
    assert not samples._holds(told, Estimate(11.5), 0.7), "had it been drawn from all the world it had been 2.1 away"
    assert samples._holds(Estimate(None), Estimate(1.0), 1.0) is None


def test_bars() -> None:
    found = claims([Held((True,) * 96 + (False,) * 4, (True,) * 95 + (False,) * 5)])
    assert [one.is_met for one in found] == [True, True]
    found = claims([Held((True,) * 90 + (False,) * 10, (True,) * 100)])
    assert [one.is_met for one in found] == [False, False]
