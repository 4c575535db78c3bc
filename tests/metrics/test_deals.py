"""Deals: the chance of each, and whether what comes lies where it was said."""

from __future__ import annotations

import numpy as np
import pytest

from cxcurve.errors import Reason
from cxcurve.metrics.deals import Deal, deals, expected_sum
from cxcurve.metrics.drifting import AHEAD_DAYS
from cxcurve.metrics.passages import EXITED, PROGRESSED, Passage

MOVE, LEAVE = 0.02, 0.01
"""Planted chances a day, of moving on and of leaving, whatever came before."""


def planted(random: np.random.Generator, n: int = 400) -> Passage:
    """Entrants over a year, followed until now."""
    until = random.exponential(1 / (MOVE + LEAVE), n)
    cause = np.where(random.random(n) < MOVE / (MOVE + LEAVE), PROGRESSED, EXITED)
    ago = random.uniform(0, 365, n)
    is_open = until > ago
    days, ended = np.where(is_open, ago, until), np.where(is_open, 0, cause)
    return Passage(0, np.arange(n), days, ended, np.zeros(n, np.int64))


TRUE_CHANCE = MOVE / (MOVE + LEAVE) * (1 - np.exp(-(MOVE + LEAVE) * AHEAD_DAYS))


def test_the_planted_chance_is_found() -> None:
    found = deals(planted(np.random.default_rng(1), 4000), [(1, 5.0), (2, 20.0)], {1: 100.0})
    assert [one.chance for one in found] == pytest.approx([TRUE_CHANCE] * 2, abs=0.03)
    assert found[0].expected == pytest.approx(100 * (found[0].chance or 0))
    assert (found[1].expected, found[1].amount, found[1].reason) == (None, None, Reason.NO_REVENUE)


def test_what_comes_lies_within_in_95_of_100_cases() -> None:
    random, n_within = np.random.default_rng(2), 0
    for seed in range(120):
        passage = planted(random, 250)
        present = [(i, float(day)) for i, day in enumerate(random.uniform(0, 40, 30))]
        amounts = {i: float(x) for i, x in enumerate(np.exp(random.normal(9, 1, 30)))}
        found = expected_sum(deals(passage, present, amounts), {0: passage}, seed=seed)
        came = sum(x for i, x in amounts.items() if random.random() < TRUE_CHANCE)
        n_within += (found.low or 0) <= came <= (found.high or 0)
    assert 106 <= n_within <= 120


def test_the_sum_is_that_of_its_rows() -> None:
    passage = planted(np.random.default_rng(3))
    rows = deals(passage, [(i, float(i)) for i in range(40)], {i: 10.0 * i for i in range(0, 40, 2)})
    found = expected_sum(rows, {0: passage}, seed=1)
    assert found.value == pytest.approx(sum(one.expected or 0.0 for one in rows))
    assert found.n == 20
    assert 0 <= (found.low or 0) <= (found.value or 0) <= (found.high or 0)
    assert found == expected_sum(rows, {0: passage}, seed=1)


def test_without_amounts_or_entrants_there_is_a_reason() -> None:
    few = planted(np.random.default_rng(4), 8)
    rows = deals(few, [(1, 3.0)], {1: 5.0})
    assert (rows[0].chance, rows[0].reason) == (None, Reason.TOO_FEW)
    assert expected_sum(rows, {0: few}, seed=1).reason is Reason.TOO_FEW
    unpriced = [Deal(1, 0, 3.0, None, 0.4, 20, 8, 2, Reason.NO_REVENUE)]
    assert expected_sum(unpriced, {0: few}, seed=1).reason is Reason.NO_REVENUE
    assert expected_sum([], {}, seed=1).value is None
