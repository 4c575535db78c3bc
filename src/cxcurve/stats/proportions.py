"""Shares of customers: intervals, differences, ratios, and how many customers a test needs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from scipy import special

from cxcurve.errors import BadValueError, Reason
from cxcurve.stats.estimates import Estimate, Test, check_counts, check_part, difference, nothing, z_of


def wilson(successes: int, n: int, *, n_effective: float | None = None, level: float = 0.95) -> Estimate:
    """A share (0-1) with Wilson's score interval, which stays within 0 and 1 and is not empty at 0 of n.

    Args:
        successes: how many did.
        n: of how many.
        n_effective: how many independent ones they are worth (`clusters.effective_n`); n when None.
        level: confidence.

    Source: Wilson 1927; Newcombe 1998, Stat. Med. 17:857-872; clusters: Rao & Scott 1992, Biometrics 48:577-585
    """
    check_part("successes", successes, "n", n)
    if n == 0:
        return nothing()
    z, share, worth = z_of(level), successes / n, n if n_effective is None else n_effective
    middle = (share + z**2 / (2 * worth)) / (1 + z**2 / worth)
    half = z * math.sqrt(share * (1 - share) / worth + z**2 / (4 * worth**2)) / (1 + z**2 / worth)
    low = middle - half if successes else 0.0
    high = middle + half if successes < n else 1.0
    return Estimate(share, low, high, n, math.sqrt(share * (1 - share) / worth))


def share_difference(successes_1: int, n_1: int, successes_2: int, n_2: int, *, level: float = 0.95) -> Estimate:
    """First share minus second (-1 to 1) with Newcombe's interval; p from the pooled z test.

    Source: Newcombe 1998, Stat. Med. 17:873-890, method 10
    """
    result = difference(wilson(successes_1, n_1, level=level), wilson(successes_2, n_2, level=level))
    if result.value is None:
        return result
    p_value = two_share_test(successes_1, n_1, successes_2, n_2).p_value
    return Estimate(result.value, result.low, result.high, n_1 + n_2, p_value=p_value)


def wald_difference(successes_1: int, n_1: int, successes_2: int, n_2: int, *, level: float = 0.95) -> Estimate:
    """First share minus second with the plain normal interval: for large samples, and for `always_valid`."""
    first, second = wilson(successes_1, n_1), wilson(successes_2, n_2)
    if first.value is None or second.value is None or first.standard_error is None or second.standard_error is None:
        return nothing(n_1 + n_2)
    value, error = first.value - second.value, math.hypot(first.standard_error, second.standard_error)
    half = z_of(level) * error
    return Estimate(value, value - half, value + half, n_1 + n_2, error)


def two_share_test(successes_1: int, n_1: int, successes_2: int, n_2: int) -> Test:
    """Two-sided z test of equal shares, with the pooled variance."""
    check_part("successes_1", successes_1, "n_1", n_1)
    check_part("successes_2", successes_2, "n_2", n_2)
    n = n_1 + n_2
    pooled = (successes_1 + successes_2) / n if n else 0.0
    if not (n_1 and n_2 and 0 < pooled < 1):
        return Test(None, reason=Reason.TOO_FEW)
    error = math.sqrt(pooled * (1 - pooled) * (1 / n_1 + 1 / n_2))
    z = (successes_1 / n_1 - successes_2 / n_2) / error
    return Test(z, None, 2 * float(special.ndtr(-abs(z))))


def nps(
    promoters: int, passives: int, detractors: int, *, n_effective: float | None = None, level: float = 0.95
) -> Estimate:
    """Share of promoters minus share of detractors (-1 to 1) with the adjusted Wald interval.

    The interval comes from three more answers (3/4 promoters, 3/4 detractors, the rest passive), so that it
    is not empty when all say the same; the value is that of the answers alone. `n_effective` is how many independent
    answers they are worth (`clusters.effective_n`), all of them when None.

    Source: Rocks 2016, Am. Statist. 70:365-372; measuringu.com/nps-confidence-intervals
    """
    check_counts(promoters=promoters, passives=passives, detractors=detractors)
    n = promoters + passives + detractors
    if n == 0:
        return nothing()
    worth = n if n_effective is None else n_effective
    up, down = ((count * worth / n + 0.75) / (worth + 3) for count in (promoters, detractors))
    error = math.sqrt((up + down - (up - down) ** 2) / (worth + 3))
    value, half = (promoters - detractors) / n, z_of(level) * error
    low, high = max(-1.0, up - down - half), min(1.0, up - down + half)
    return Estimate(value, min(value, low), max(value, high), n, error)


def risk_ratio(successes_1: int, n_1: int, successes_2: int, n_2: int, *, level: float = 0.95) -> Estimate:
    """First share divided by second, with the log interval; 1 means alike (`is_real(1)`).

    Half a customer is added to each cell where a count is 0, or where all succeeded: neither is certain.

    Source: Katz et al. 1978, Biometrics 34:469-474
    """
    check_part("successes_1", successes_1, "n_1", n_1)
    check_part("successes_2", successes_2, "n_2", n_2)
    if not (n_1 and n_2):
        return nothing(n_1 + n_2)
    all_or_none = 0 in {successes_1, successes_2} or (successes_1 == n_1 and successes_2 == n_2)
    extra = 0.5 if all_or_none else 0.0
    a, b, m, n = successes_1 + extra, successes_2 + extra, n_1 + 2 * extra, n_2 + 2 * extra
    return _ratio(a * n / (b * m), 1 / a - 1 / m + 1 / b - 1 / n, n_1 + n_2, level)


def odds_ratio(successes_1: int, n_1: int, successes_2: int, n_2: int, *, level: float = 0.95) -> Estimate:
    """Odds of the first group divided by those of the second, with Woolf's log interval; 1 means alike (`is_real(1)`).

    Half a customer is added to each cell where one is 0 (Haldane 1956, Anscombe 1956).

    Source: Woolf 1955, Ann. Hum. Genet. 19:251-253
    """
    check_part("successes_1", successes_1, "n_1", n_1)
    check_part("successes_2", successes_2, "n_2", n_2)
    if not (n_1 and n_2):
        return nothing(n_1 + n_2)
    cells = np.array([successes_1, n_1 - successes_1, successes_2, n_2 - successes_2], float)
    a, b, c, d = cells + (0.5 if (cells == 0).any() else 0.0)
    return _ratio(float(a * d / (b * c)), float(1 / a + 1 / b + 1 / c + 1 / d), n_1 + n_2, level)


def _ratio(value: float, log_variance: float, n: int, level: float) -> Estimate:
    error = math.sqrt(max(log_variance, 0.0))
    factor = math.exp(z_of(level) * error)
    p_value = 2 * float(special.ndtr(-abs(math.log(value)) / error)) if error else None
    return Estimate(value, value / factor, value * factor, n, p_value=p_value)


def sample_ratio_test(counts: Sequence[int], shares: Sequence[float]) -> Test:
    """Chi-square test of the group sizes against the planned shares; raise the alarm at p < 0.001.

    Args:
        counts: customers found in each group.
        shares: planned share of each, in any unit ((1, 1) is half and half).

    Source: Fabijan et al. 2019, KDD, doi:10.1145/3292500.3330722
    """
    if len(counts) != len(shares) or len(counts) < 2 or min(shares) <= 0 or min(counts) < 0:
        raise BadValueError(
            f"counts {counts} and shares {shares}: expected two or more counts, a share above 0 for each"
        )
    found, planned = np.array(counts, float), np.array(shares, float)
    if found.sum() == 0:
        return Test(None, reason=Reason.TOO_FEW)
    expected = found.sum() * planned / planned.sum()
    statistic = float(((found - expected) ** 2 / expected).sum())
    return Test(statistic, len(counts) - 1, float(special.chdtrc(len(counts) - 1, statistic)))


def share_sample_size(
    base: float,
    change: float,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    null: Literal["pooled", "base"] = "pooled",
) -> float:
    """Customers per arm to find a change of a share with a two-sided z test; round up.

    Args:
        base: share without the change (0-1).
        change: difference to be found, as a share.
        alpha: share of false alarms allowed.
        power: share of real changes found.
        null: spread when nothing changed, from both shares ("pooled", as R's `power.prop.test`) or from the
            base alone ("base", as evanmiller.org).
    """
    other = base + change
    if not (0 < base < 1 and 0 < other < 1 and change != 0):
        raise BadValueError(f"base {base} and change {change}: expected both shares between 0 and 1, and a change")
    middle = base + change / 2 if null == "pooled" else base
    still = z_of(1 - alpha) * math.sqrt(2 * middle * (1 - middle))
    moved = float(special.ndtri(power)) * math.sqrt(base * (1 - base) + other * (1 - other))
    return ((still + moved) / change) ** 2
