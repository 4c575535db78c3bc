"""Do intervals hold what they should? Small samples of a large company, which itself is the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cxcurve.metrics.curve import MEASURES, Curve, build_curve, customer_means, with_bucket
from cxcurve.metrics.time_to_value import time_to_value, value_times
from cxcurve.stats.estimates import Estimate
from cxcurve.stats.proportions import wilson
from cxcurve.truth.claims import Claim
from cxcurve.truth.companies import company
from cxcurve.workspace.curves import usual_days
from cxcurve.workspace.workspace import Workspace

CUSTOMERS = 4_000
SAMPLE = 500
VALUE_DAYS = (7.0, 14.0, 30.0)


@dataclass(frozen=True)
class Held:
    """By sample: whether the band held the whole curve; and by sample and day, whether the interval held the share."""

    bands: tuple[bool, ...]
    shares: tuple[bool, ...]


def evidence(seed: int, samples: int) -> Held:
    """One large company, and samples of its customers drawn without looking."""
    rng = np.random.default_rng(seed)
    with company(customers=CUSTOMERS, seed=seed) as (workspace, _):
        means, times, as_of_us = _customers(workspace)
    everybody = np.unique(means["customer_key"].to_numpy())
    whole = {point.x: point.level for point in _curve(means).points}
    value = time_to_value(times, as_of_us=as_of_us, days=VALUE_DAYS).reached
    away = float(np.sqrt(1 - SAMPLE / len(everybody)))
    bands, shares = [], []
    for _ in range(samples):
        chosen = rng.choice(everybody, SAMPLE, replace=False)
        bands.append(_holds_all(_curve(_of(means, chosen)), whole, away))
        told = time_to_value(_of(times, chosen), as_of_us=as_of_us, days=VALUE_DAYS).reached
        shares += [_holds(told[day], value[day], away) for day in VALUE_DAYS]
    return Held(tuple(bands), tuple(one for one in shares if one is not None))


def claims(found: Sequence[Held]) -> tuple[Claim, ...]:
    """The gates of the intervals."""
    bands = [held for one in found for held in one.bands]
    shares = [held for one in found for held in one.shares]
    return (
        Claim(
            f"The band of the curve holds the whole true curve ({len(bands)} samples)",
            wilson(sum(bands), len(bands)),
            0.93,
            None,
            "share",
        ),
        Claim(
            f"The interval of the share that has reached value holds the true share ({len(shares)} intervals)",
            wilson(sum(shares), len(shares)),
            0.93,
            0.97,
            "share",
        ),
    )


def _customers(workspace: Workspace) -> tuple[pa.Table, pa.Table, int]:
    """What each customer adds to each week of the curve, and its way to value."""
    with workspace.snapshot() as known:
        arrow = workspace.store.arrow
        means = arrow(with_bucket(customer_means(known, "week", usual_days(known, arrow)), known))
        times = value_times(known)
        assert times is not None, "the starter says what value is"
        return means, arrow(times), known.as_of_us


def _of(rows: pa.Table, customers: NDArray[np.int64]) -> pa.Table:
    return rows.filter(pa.array(np.isin(rows["customer_key"].to_numpy(), customers)))


def _curve(means: pa.Table) -> Curve:
    squared = pa.compute.multiply(means["weight"], means["weight"])
    rows = means.append_column("weight_squared", squared)
    summed = ("weight", "weight_squared", *MEASURES)
    sums = rows.group_by(["x", "bucket"]).aggregate([([], "count_all"), *((name, "sum") for name in summed)])
    names = {"count_all": "n", **{f"{name}_sum": name for name in summed}}
    return build_curve(sums.rename_columns([names.get(name, name) for name in sums.column_names]), (), "week")


def _holds_all(curve: Curve, whole: dict[float, float], away: float) -> bool:
    told = [
        Estimate(point.level, point.low, point.high) for point in curve.points if not point.is_thin and point.x in whole
    ]
    true = [Estimate(whole[point.x]) for point in curve.points if not point.is_thin and point.x in whole]
    return all(_holds(one, other, away) for one, other in zip(told, true, strict=True))


def _holds(told: Estimate, true: Estimate, away: float) -> bool | None:
    """Whether the interval reaches the truth, had the sample been drawn from a company without end.

    A sample of a finite company lies nearer to it, by `away`; None where nothing was told.
    """
    if told.value is None or told.low is None or told.high is None or true.value is None:
        return None
    missed = (true.value - told.value) / away
    return told.low <= told.value + missed <= told.high
