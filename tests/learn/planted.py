"""Customers drawn week by week with planted weights: what is learned from them must be those."""

from __future__ import annotations

import numpy as np

from cxcurve.learn.calibration import Opinion
from cxcurve.metrics.periods import Periods
from cxcurve.metrics.weights import Feature

DAY_US, WEEK_US = 86_400_000_000, 7 * 86_400_000_000
START_US = 1_704_067_200_000_000  # a Monday


def planted(
    drag: list[float],
    pull: list[float],
    *,
    customers: int,
    weeks: int = 40,
    seed: int = 1,
    exit_odds: float = 0.012,
    move_odds: float = 0.05,
    stages: int = 3,
) -> Periods:
    """A row per customer and week; features fade by a third a week, `drag` and `pull` are doublings of weekly odds."""
    rng = np.random.default_rng(seed)
    f, m = np.zeros((customers, len(drag))), np.zeros((customers, len(pull)))
    start = rng.integers(0, weeks // 2, customers)
    stage, entered = np.zeros(customers, np.int64), start.copy()
    is_inside = np.ones(customers, bool)
    rows, exits, moves = [], np.full(customers, np.inf), [[] for _ in range(customers)]
    for week in range(weeks):
        f = f * 0.67 + rng.poisson(0.25, f.shape)
        m = m * 0.67 + rng.poisson(0.25, m.shape)
        here = np.flatnonzero(is_inside & (start <= week))
        x, y = np.log2(1 + f[here]), np.log2(1 + m[here])
        rows.append((here, np.full(len(here), week), stage[here].copy(), (week - entered[here]) * 7.0 + 3, x, y))
        leave = exit_odds * 2.0 ** (x @ np.array(drag))
        move = move_odds * 2.0 ** (y @ np.array(pull)) * (stage[here] < stages - 1)
        draw, total, when = rng.random(len(here)), 1 + leave + move, rng.random(len(here))
        gone, on = draw < leave / total, (draw >= leave / total) & (draw < (leave + move) / total)
        exits[here[gone]] = week + when[gone]
        is_inside[here[gone]] = False
        for who, at in zip(here[on], when[on], strict=True):
            moves[who].append(week + at)
        stage[here[on]] += 1
        entered[here[on]] = week + 1
    who, week, at_stage, dwell, x, y = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    move = np.array([next((at for at in moves[one] if at >= now), np.inf) for one, now in zip(who, week, strict=True)])
    return Periods(
        customer=who,
        week=week,
        ends_us=START_US + week * WEEK_US,
        stage=at_stage,
        dwell_days=dwell,
        exit_days=(exits[who] - week) * 7.0,
        move_days=(move - week) * 7.0,
        followed_days=(weeks - week) * 7.0,
        drag=x.astype(np.float32),
        pull=y.astype(np.float32),
        calm_days=np.zeros(len(who)),
    )


def end_us(weeks: int = 40) -> int:
    """As of when they are known."""
    return START_US + weeks * WEEK_US


def opinion(weights: list[float], name: str = "signal") -> Opinion:
    """Experts that say so."""
    return Opinion(tuple(Feature(f"{name}_{i}") for i in range(len(weights))), np.array(weights))
