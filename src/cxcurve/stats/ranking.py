"""Ranking: how often a score puts those to whom it happened above those to whom it did not."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import special
from scipy.stats import rankdata

from cxcurve.errors import BadValueError
from cxcurve.stats.estimates import Estimate, nothing, t_of


def auc(
    score: ArrayLike,
    happened: ArrayLike,
    *,
    strata: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    level: float = 0.95,
) -> Estimate:
    """Share of pairs, one of each kind and both of one stratum, that the score has in the right order; ties half.

    0.5 is chance. Within strata, so that what only tells the strata apart counts for nothing.

    Args:
        score: (n,) higher where it should happen sooner.
        happened: (n,) whether it did.
        strata: (n,) any integers; one stratum when None.
        clusters: (n,) whose row it is: rows of one customer are alike; each its own when None.
        level: confidence.

    Returns:
        None where no stratum has both kinds; no interval where all rows of a kind are of one customer.

    Source: Mann & Whitney 1947; variance with clusters: Obuchowski 1997, Biometrics 53:567-578; interval: Qin &
        Hotilovac 2008, Stat. Methods Med. Res. 17:207-221, with Student's quantile for few customers
    """
    value, event = np.asarray(score, float), np.asarray(happened, bool)
    stratum = np.zeros(len(value), int) if strata is None else np.asarray(strata)
    whose = np.arange(len(value)) if clusters is None else np.asarray(clusters)
    if not value.shape == event.shape == stratum.shape == whose.shape:
        raise BadValueError(f"auc: {value.shape}, {event.shape}, {stratum.shape}, {whose.shape}; expected (n,) of each")
    wins, pairs = np.zeros(len(value)), np.zeros(len(value))
    for one in np.unique(stratum):
        here = np.flatnonzero(stratum == one)
        wins[here], pairs[here] = _placed(value[here], event[here])
    total = float(pairs[event].sum())
    if not total:
        return nothing(len(value))
    found = float(wins[event].sum()) / total
    _, place = np.unique(whose, return_inverse=True)
    fewest = min(len(np.unique(place[kind & (pairs > 0)])) for kind in (event, ~event))
    if fewest < 2:
        return Estimate(found, n=int(event.sum()))
    few = fewest / (fewest - 1)
    error = float(np.sqrt(few * (np.bincount(place, (wins - found * pairs) / total) ** 2).sum()))
    return Estimate(found, *_bounds(found, error, fewest, level), int(event.sum()), error)


def _bounds(share: float, error: float, n: int, level: float) -> tuple[float, float]:
    """On the scale of log odds, which keeps within 0 and 1; where no pair is wrong, as for `n` of `n` customers."""
    t = t_of(level, n - 1)
    if share in {0.0, 1.0}:
        edge = n / (n + t**2)
        return (edge, 1.0) if share else (0.0, 1 - edge)
    middle, half = special.logit(share), t * error / (share * (1 - share))
    return float(special.expit(middle - half)), float(special.expit(middle + half))


def _placed(value: np.typing.NDArray[np.float64], event: np.typing.NDArray[np.bool_]) -> tuple[ArrayLike, ArrayLike]:
    """Of each row how many of the other kind it beats (or is rightly beaten by), and of how many."""
    n = np.where(event, (~event).sum(), event.sum())
    among, own = rankdata(value), np.empty(len(value))
    for kind in (event, ~event):
        own[kind] = rankdata(value[kind]) if kind.any() else 0.0
    below = among - own
    return np.where(event, below, n - below), n
