"""Half-lives that fit are found among those that do not; without enough exits, or for noise, the plan's stay."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from planted import end_us, opinion, planted

from cxcurve.learn.half_lives import choose
from cxcurve.metrics.periods import Periods

WEEKS = 80
DRAG, PULL = [1.8, 0.9, 0.5], [0.8, 0.4]


def blurred(rows: Periods, seed: int = 2) -> Periods:
    """The same customers with features of another week: what a wrong half-life sees."""
    order = np.random.default_rng(seed).permutation(len(rows))
    some = np.random.default_rng(seed + 1).random(len(rows)) < 0.6
    drag = np.where(some[:, None], rows.drag[order], rows.drag)
    return replace(rows, drag=drag)


def chosen(by_factor: dict[float, Periods]) -> float:
    return choose(by_factor, opinion(DRAG), opinion(PULL), n_stages=3, as_of_us=end_us(WEEKS)).factor


def test_what_would_have_told_more_is_chosen() -> None:
    rows = planted(DRAG, PULL, customers=700, weeks=WEEKS, exit_odds=0.004)
    assert chosen({0.5: blurred(rows), 1.0: blurred(rows, 5), 2.0: rows}) == 2.0
    assert chosen({0.5: blurred(rows), 1.0: rows, 2.0: blurred(rows, 5)}) == 1.0


def test_of_equals_the_plans_stays() -> None:
    rows = planted(DRAG, PULL, customers=300, weeks=WEEKS, exit_odds=0.004)
    found = choose({0.5: rows, 1.0: rows, 2.0: rows}, opinion(DRAG), opinion(PULL), n_stages=3, as_of_us=end_us(WEEKS))
    assert found.factor == 1.0
    assert found.gains[2.0].value == 0.0


def test_with_few_exits_nothing_is_tried() -> None:
    rows = planted(DRAG, PULL, customers=40, weeks=WEEKS, exit_odds=0.001)
    found = choose({1.0: rows, 2.0: blurred(rows)}, opinion(DRAG), opinion(PULL), n_stages=3, as_of_us=end_us(WEEKS))
    assert (found.factor, dict(found.gains)) == (1.0, {})
