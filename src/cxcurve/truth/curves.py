"""Is the curve right where customers leave? The same company with leaving switched off says what would have been."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from cxcurve.metrics.leavers import Leavers
from cxcurve.metrics.versions import Version
from cxcurve.sources.simulated import Truth, plant
from cxcurve.stats.proportions import wilson
from cxcurve.truth.claims import Claim, mean_over
from cxcurve.truth.companies import company
from cxcurve.workspace.workspace import Workspace

FIRST_WEEK, LAST_WEEK = 13, 52
TIMES_AS_MANY = 3
"""Customers of the company nobody leaves: what would have been should not itself be noise."""


@dataclass(frozen=True)
class Missed:
    """How far each curve is from what would have been, on average over the weeks, in points of the level."""

    survivors: float
    weighted: float


def evidence(seed: int, customers: int) -> Missed:
    """One company, and the same with nobody leaving, both scored by the weights learned from the first."""
    truth, weights = Truth(), plant(Truth(), np.random.default_rng(seed))
    with company(customers=customers, seed=seed, truth=truth, weights=weights) as (workspace, _):
        version = _same_all_along(workspace)
        found = {leavers: _levels(workspace, leavers) for leavers in ("survivors", "weighted")}
    stays = replace(truth, exit_odds=(0.0,) * len(truth.exit_odds))
    with company(customers=TIMES_AS_MANY * customers, seed=seed, truth=stays, weights=weights) as (workspace, _):
        workspace.keep_version(version)
        would = _levels(workspace, "survivors")
    return Missed(*(_apart(found[leavers], would) for leavers in ("survivors", "weighted")))


def claims(found: Sequence[Missed]) -> tuple[Claim, ...]:
    """The gate of the curve."""
    closer = sum(abs(one.weighted) < abs(one.survivors) for one in found)
    rows = (
        f"survivors {mean_over([one.survivors for one in found]).value:+.1f} points from what would have been, "
        f"weighted {mean_over([one.weighted for one in found]).value:+.1f}, weeks {FIRST_WEEK} to {LAST_WEEK}",
    )
    name = "The curve weighted for those who left is closer to what would have been than that of the survivors"
    return (Claim(name, wilson(closer, len(found)), 0.9, None, "share", rows),)


def _same_all_along(workspace: Workspace) -> Version:
    """The weights learned, in force from the beginning: levels of different weights could not be compared."""
    version = replace(workspace.calibrate().version, as_of_us=1, half_life_factor=1.0)
    workspace.keep_version(version)
    return version


def _levels(workspace: Workspace, leavers: Leavers) -> dict[float, float]:
    points = workspace.curve(leavers=leavers).curve.points
    return {point.x: point.level for point in points if not point.is_thin and FIRST_WEEK <= point.x <= LAST_WEEK}


def _apart(curve: dict[float, float], would: dict[float, float]) -> float:
    weeks = curve.keys() & would.keys()
    return float(np.mean([curve[week] - would[week] for week in weeks]))
