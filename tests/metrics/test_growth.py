"""Expansion foregone: what movements say of it, and planted effects found as often as is said."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxcurve.metrics import growth as growth_module
from cxcurve.metrics.exit_chances import Matched, Spans
from cxcurve.metrics.friction_events import NEVER_US
from cxcurve.metrics.growth import Growth, growing, growth_of, times
from cxcurve.metrics.recurring import Kind, Movements
from cxcurve.stats.estimates import nothing
from cxcurve.tables import US_PER_DAY

DAY = US_PER_DAY


def moves(*rows: tuple[int, int, Kind, int]) -> Movements:
    customer, day, kind, cents = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    return Movements(customer, day * DAY, kind, cents)


def test_expansions_are_told_of_what_was_paid_before() -> None:
    found = growth_of(moves(
        (1, 0, Kind.NEW, 1000), (1, 50, Kind.EXPANSION, 500), (1, 80, Kind.CONTRACTION, -100),
        (1, 99, Kind.CHURN, -1400),
        (2, 10, Kind.NEW, 3000), (2, 20, Kind.EXPANSION, 100), (2, 30, Kind.EXPANSION, 200),
        (3, 5, Kind.NEW, 700), (3, 9, Kind.CHURN, -700), (3, 40, Kind.REACTIVATION, 700),
    ))  # fmt: skip
    assert found is not None
    assert found.size == pytest.approx((500 + 100 + 200) / (1000 + 3000 + 3100))
    paying = (one.tolist() for one in (found.paying.customer, found.paying.since_us, found.paying.until_us))
    paid = [
        (who, since // DAY, None if until == NEVER_US else until // DAY)
        for who, since, until in zip(*paying, strict=True)
    ]
    assert paid == [
        (1, 0, 50), (1, 50, 80), (1, 80, 99), (2, 10, 20), (2, 20, 30), (2, 30, None), (3, 5, 9), (3, 40, None),
    ]  # fmt: skip
    assert (found.ahead.since_us // DAY).tolist() == [50 - 90, 20 - 90, 30 - 90]
    assert growth_of(moves((1, 0, Kind.NEW, 1000), (1, 9, Kind.CHURN, -1000))) is None
    assert growth_of(moves()) is None


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 300)), min_size=1, max_size=25))
def test_only_weeks_of_who_pays_count_and_the_next_ninety_days(weeks: list[tuple[int, int]]) -> None:
    growth = Growth(
        Spans(*np.array([(0, 0, 100 * DAY), (1, 50 * DAY, NEVER_US), (3, 0, 0)]).T),
        Spans(*np.array([(0, 10 * DAY, 100 * DAY), (1, 110 * DAY, 200 * DAY)]).T), 0.1,
    )  # fmt: skip
    rows = np.array(sorted(weeks))
    who, end = rows[:, 0], rows[:, 1] * DAY
    first, no = np.arange(len(rows)) % 2 == 0, np.zeros(len(rows), bool)
    seen: list[list[Any]] = []

    def kept(first: Any, value: Any, strata: Any, **_: Any) -> Any:
        seen.append([value.tolist(), strata.tolist()])
        return SimpleNamespace(difference=nothing())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(growth_module, "matched_difference", kept)
        patch.setattr(growth_module, "FEWEST_CUSTOMERS", 0)
        patch.setattr(growth_module, "FEWEST_GROWN", 0)
        growing(Matched(who, end, rows[:, 1], first, no), growth)
    pays = [(w, d) for w, d in sorted(weeks) if (w == 0 and 0 < d <= 100) or (w == 1 and d > 50)]
    expands = [(10 < d <= 100) if w == 0 else (110 < d <= 200) for w, d in pays]
    days = sorted({d for _, d in pays})
    assert seen == [[expands, [days.index(d) for _, d in pays]]]


def world(seed: int, odds_ratio: float, n: int = 3_000) -> tuple[Matched, Growth, float]:
    """Weeks of customers in four strata, which differ in how often they expand and are met; and the true share."""
    rng = np.random.default_rng(seed)
    stratum = rng.integers(0, 4, n)
    felt = rng.random(n) < np.array([0.1, 0.2, 0.4, 0.6])[stratum]
    usual = np.array([0.30, 0.22, 0.12, 0.08])[stratum]
    odds = usual / (1 - usual) * np.where(felt, odds_ratio, 1.0)
    grows = rng.random(n) < odds / (1 + odds)
    who, ends = np.arange(n), np.full(n, 500 * DAY)
    day = ends[grows] + rng.integers(1, 90, grows.sum()) * DAY
    growth = Growth(
        Spans(who, np.zeros(n, np.int64), np.full(n, NEVER_US)), Spans(who[grows], day - 90 * DAY, day), 0.25
    )
    weeks = Matched(who, ends, stratum, felt, np.zeros(n, bool))
    return weeks, growth, float((usual - odds / (1 + odds))[felt].mean())


@pytest.mark.parametrize("odds_ratio", [0.4, 1.0])
def test_the_planted_loss_is_in_the_interval_as_often_as_it_says(odds_ratio: float) -> None:
    held, clear, runs = 0, 0, 100
    for seed in range(runs):
        weeks, growth, share = world(seed, odds_ratio)
        told = times(growing(weeks, growth), 1e6 * growth.size)
        assert told.low is not None
        assert told.high is not None
        held += told.low <= share * 0.25e6 <= told.high
        clear += told.low > 0
    assert held >= 0.9 * runs  # of 95 %; two standard errors below
    assert clear >= 0.9 * runs if odds_ratio < 1 else clear <= 0.08 * runs


def test_too_few_expansions_tell_nothing() -> None:
    weeks, growth, _ = world(1, 0.4, n=60)
    assert times(growing(weeks, growth), 1e6 * growth.size).value is None
