"""The stories are as they are told: what is planted is there, small, before the product is asked."""

from __future__ import annotations

import numpy as np
import pytest

from cxcurve.stats.estimates import Estimate
from cxcurve.truth import stories
from cxcurve.truth.stories import Momentum, Told, claims


def test_the_firm_s_time_to_value_falls() -> None:
    told = stories.onboarding(1, 400)
    assert told.is_real
    assert told.before.low is not None
    assert told.before.low <= 15 <= (told.before.high or np.inf)
    assert told.after.low is not None
    assert told.after.low <= 8 <= (told.after.high or np.inf)


def test_without_a_change_none_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stories, "DAYS_AFTER", 15.0)
    assert not stories.onboarding(1, 400).is_real


def test_the_shop_s_referrals_rise_by_what_was_planted(monkeypatch: pytest.MonkeyPatch) -> None:
    found = stories.programme(2, 600)
    assert found.low is not None
    assert found.high is not None
    assert found.low <= 1.15 <= found.high
    monkeypatch.setattr(stories, "REFERRAL_RATIO", 3.0)
    assert (stories.programme(2, 600).low or 0) > 2.5


def test_the_distributor_is_told_what_the_definitions_say() -> None:
    found = stories.distributor(3, 120)
    for told, true, goal in zip(found.told, found.true, stories.GOALS, strict=True):
        assert told.value == pytest.approx(true, abs=1.0)
        assert true == pytest.approx(goal, abs=5), "120 customers are few"
    assert found.is_real


def test_what_is_missed_is_not_met() -> None:
    good, bad = Estimate(8.0, 7.0, 9.0, 50), Estimate(12.0, 11.0, 13.0, 50)
    slow, rise = Estimate(15.0, 14.0, 16.0, 50), Estimate(1.15, 1.1, 1.2, 500)
    momentum = Momentum((Estimate(65.0), Estimate(80.0)), (65.2, 79.5), is_real=True)
    wrong = Momentum((Estimate(65.0), Estimate(70.0)), (65.2, 79.5), is_real=True)
    assert [one.is_met for one in claims([Told(slow, good, True)], [rise], [momentum])] == [True] * 3
    assert [one.is_met for one in claims([Told(slow, bad, True)], [bad], [wrong])] == [False] * 3
    assert claims([], [Estimate(None)], [])[2].is_met is None
