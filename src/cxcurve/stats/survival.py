"""Survival: how long customers wait, keeping those who still do and telling apart how the waiting ends."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from cxcurve.errors import BadValueError, Reason
from cxcurve.stats.estimates import Estimate, Floats, Ints, nothing, z_of
from cxcurve.stats.event_table import EventTable

Interval = Literal["log", "log-log"]

_ROUNDING = 1e-12
"""A product of shares may miss 1/2, or a sum of them 1, by rounding alone."""


@dataclass(frozen=True, eq=False, slots=True)
class Curve:
    """A share by day: falling from 1 (still waiting) or rising from 0 (ended by a cause).

    Attributes:
        times: (t,) days at which it may step, from 0.
        share: (t,) the share from that day on.
        variance: (t,) its variance.
        low, high: (t,) pointwise interval.
        n_at_risk: (t,) customers still waiting just before that day.
        is_rising: whether it counts up.
        followed_days: the last day anybody was followed; infinite where nobody waits any more.
    """

    times: Floats
    share: Floats
    variance: Floats
    low: Floats
    high: Floats
    n_at_risk: Ints
    is_rising: bool
    followed_days: float

    @property
    def n(self) -> int:
        """How many customers it rests on."""
        return int(self.n_at_risk[0])

    def at(self, day: float, *, extend: bool = False) -> Estimate:
        """The share on `day`; None past the last day anybody was followed, unless told to `extend` the last value."""
        if self.n == 0 or day < 0 or (day > self.followed_days and not extend):
            return nothing(self.n)
        i = int(np.searchsorted(self.times, day, side="right")) - 1
        error = math.sqrt(self.variance[i])
        return Estimate(float(self.share[i]), float(self.low[i]), float(self.high[i]), self.n, error)

    def quantile(self, share: float) -> Estimate:
        """The first day on which `share` of the customers are through, with the days its interval reaches it.

        Source: Brookmeyer & Crowley 1982, Biometrics 38:29-41
        """
        if not 0 < share < 1:
            raise BadValueError(f"share is {share}; expected a number between 0 and 1, such as 0.5 for the median")
        early, late = (self.high, self.low) if self.is_rising else (self.low, self.high)
        day = self._first(self.share, share)
        reason = None if day is not None else Reason.NOT_REACHED if self.n else Reason.TOO_FEW
        return Estimate(day, self._first(early, share), self._first(late, share), self.n, reason=reason)

    def median(self) -> Estimate:
        """The first day on which half are through, else None: not reached."""
        return self.quantile(0.5)

    def _first(self, line: Floats, share: float) -> float | None:
        through = line >= share - _ROUNDING if self.is_rising else line <= 1 - share + _ROUNDING
        return float(self.times[np.argmax(through)]) if through.any() else None


def kaplan_meier(
    table: EventTable, *, cause: int | None = None, level: float = 0.95, interval: Interval = "log-log"
) -> Curve:
    """Share still waiting by day, with Greenwood's variance.

    Only where nothing competes: with `cause` given, other endings count as censored, which overstates how many
    will ever end that way. For competing causes use `aalen_johansen`.

    Args:
        table: counts by day.
        cause: the ending that counts; any ending when None.
        level: confidence of the pointwise interval.
        interval: "log-log" stays within 0 and 1; "log" is R's default.

    Source: Kaplan & Meier 1958, doi:10.1080/01621459.1958.10501452; Greenwood 1926
    """
    times, at_risk, ended = _from_day_0(table, table.n_ended(cause))
    share = np.cumprod(1 - _ratio(ended, at_risk), dtype=np.float64)
    variance: Floats = share**2 * np.cumsum(_ratio(ended, at_risk * (at_risk - ended)))
    bounds = _log_bounds if interval == "log" else _log_log_bounds
    low, high = bounds(share, variance, z_of(level))
    low, high = _certain_ends(share, low, high, at_risk, z_of(level))
    return Curve(times, share, variance, low, high, at_risk, False, _followed_days(times, share))


def aalen_johansen(table: EventTable, cause: int, *, level: float = 0.95) -> Curve:
    """Share ended by `cause` by day, the other causes competing; log-log interval.

    Source: Aalen & Johansen 1978, Scand. J. Statist. 5:141-150; variance: Marubini & Valsecchi 1995, ch. 10
    """
    times, at_risk, mine = _from_day_0(table, table.n_ended(cause))
    _, _, ended = _from_day_0(table, table.n_ended())
    waiting = np.cumprod(1 - _ratio(ended, at_risk), dtype=np.float64)
    before = np.concatenate([[1.0], waiting[:-1]])
    share = np.cumsum(before * _ratio(mine, at_risk))
    share = np.where(share > 1 - _ROUNDING, 1.0, share)
    variance = _incidence_variance(share, before, at_risk, mine, ended)
    low, high = _log_log_bounds(share, variance, z_of(level))
    # without censoring this is everybody, also where the other causes have left only a few at risk
    counted = at_risk / np.where(before > 0, before, 1)
    still_low, still_high = _certain_ends(1 - share, 1 - high, 1 - low, counted, z_of(level))
    return Curve(times, share, variance, 1 - still_high, 1 - still_low, at_risk, True, _followed_days(times, waiting))


def restricted_mean(table: EventTable, horizon_days: float, *, level: float = 0.95) -> Estimate:
    """Mean days waited within the first `horizon_days`: the area below the Kaplan-Meier curve, normal interval.

    None where nobody was followed to the horizon.

    Source: Royston & Parmar 2013, BMC Med. Res. Methodol. 13:152
    """
    if horizon_days <= 0:
        raise BadValueError(f"horizon_days is {horizon_days}; expected more than 0 days")
    curve = kaplan_meier(table)
    if curve.n == 0 or horizon_days > curve.followed_days:
        return nothing(curve.n)
    _, at_risk, ended = _from_day_0(table, table.n_ended())
    ends = np.minimum(np.append(curve.times[1:], horizon_days), horizon_days)
    area = curve.share * np.maximum(ends - curve.times, 0)
    ahead = np.cumsum(area[::-1])[::-1]
    variance = float(np.sum(ahead**2 * _ratio(ended, at_risk * (at_risk - ended))))
    return _normal(float(area.sum()), variance, curve.n, level)


def restricted_mean_difference(
    first: EventTable, second: EventTable, horizon_days: float, *, level: float = 0.95
) -> Estimate:
    """Difference of the mean days waited within `horizon_days`, first minus second."""
    a = restricted_mean(first, horizon_days)
    b = restricted_mean(second, horizon_days)
    if a.value is None or b.value is None or a.standard_error is None or b.standard_error is None:
        return nothing(min(a.n, b.n))
    return _normal(a.value - b.value, a.standard_error**2 + b.standard_error**2, a.n + b.n, level)


def _normal(value: float, variance: float, n: int, level: float) -> Estimate:
    error = math.sqrt(variance)
    return Estimate(value, value - z_of(level) * error, value + z_of(level) * error, n, error)


def _from_day_0(table: EventTable, ended: Ints) -> tuple[Floats, Ints, Ints]:
    """Times, number at risk and endings, with a first row for day 0, so that every curve has a beginning."""
    if table.times.size and table.times[0] == 0:
        return table.times, table.n_at_risk, ended
    times = np.concatenate([[0.0], table.times])
    return times, np.concatenate([[table.n], table.n_at_risk]), np.concatenate([[0], ended])


def _ratio(part: Ints | Floats, whole: Ints | Floats) -> Floats:
    """Part / whole, 0 where whole is 0."""
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole != 0)


def _followed_days(times: Floats, waiting: Floats) -> float:
    return math.inf if waiting[-1] <= _ROUNDING else float(times[-1])


def _incidence_variance(share: Floats, before: Floats, at_risk: Ints, mine: Ints, ended: Ints) -> Floats:
    """The three sums of Marubini & Valsecchi, with the square multiplied out so that each is one cumulative sum."""
    any_cause = _ratio(ended, at_risk * (at_risk - ended))
    cross = before * _ratio(mine, at_risk.astype(float) ** 2)
    own = before**2 * _ratio(mine * (at_risk - mine), at_risk.astype(float) ** 3)
    squares = share**2 * np.cumsum(any_cause) + np.cumsum(share**2 * any_cause)
    squares -= 2 * share * np.cumsum(share * any_cause)
    both = share * np.cumsum(cross) - np.cumsum(share * cross)
    return np.maximum(squares + np.cumsum(own) - 2 * both, 0)


def _log_bounds(share: Floats, variance: Floats, z: float) -> tuple[Floats, Floats]:
    factor = np.exp(z * _ratio(np.sqrt(variance), share))
    return share / factor, np.minimum(share * factor, 1)


def _log_log_bounds(share: Floats, variance: Floats, z: float) -> tuple[Floats, Floats]:
    inside = (share > 0) & (share < 1)
    log = np.log(np.where(inside, share, 0.5))
    power = np.exp(np.where(inside, z * np.sqrt(variance) / (np.where(inside, share, 0.5) * -log), 0))
    return share**power, share ** (1 / power)


def _certain_ends(share: Floats, low: Floats, high: Floats, counted: Ints | Floats, z: float) -> tuple[Floats, Floats]:
    """Bounds where the share waiting is 1 or 0 and its variance therefore 0: nobody yet is not never.

    At 1 the Wilson bound of 0 endings among those counted; at 0 the upper bound from before the last ending.
    """
    none_yet = share >= 1
    low = np.where(none_yet, counted / (counted + z**2), low)
    last = int(np.argmax(share <= 0)) if (share <= 0).any() else len(share)
    high = high.copy()
    high[last:] = high[last - 1] if last > 0 else 1.0
    return low, high
