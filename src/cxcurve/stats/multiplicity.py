"""Many tests at once: p values corrected so that chance alone finds little."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from cxcurve.errors import BadValueError
from cxcurve.stats.estimates import Floats


def holm(p_values: ArrayLike) -> Floats:
    """(m,) p values adjusted so that the chance of any false alarm stays at alpha.

    Source: Holm 1979, Scand. J. Statist. 6:65-70
    """
    p = _checked(p_values)
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1))
    return _put_back(order, steps)


def benjamini_hochberg(p_values: ArrayLike) -> Floats:
    """(m,) p values adjusted so that the expected share of false alarms among the alarms stays at alpha.

    Source: Benjamini & Hochberg 1995, J. R. Statist. Soc. B 57:289-300
    """
    p = _checked(p_values)
    order = np.argsort(p, kind="stable")
    scaled = p[order] * p.size / np.arange(1, p.size + 1)
    return _put_back(order, np.minimum.accumulate(scaled[::-1])[::-1])


def dunnett(arms: Sequence[ArrayLike], control: ArrayLike, *, seed: int = 0) -> Floats:
    """(arms,) p values of each arm against one control, two-sided, equal variances.

    Integrated by quasi-random points drawn from `seed`; good to about 0.001.

    Source: Dunnett 1955, J. Am. Statist. Assoc. 50:1096-1121
    """
    from scipy import stats  # a second to import, and only needed here

    result = stats.dunnett(*(np.asarray(arm, float) for arm in arms), control=control, rng=np.random.default_rng(seed))
    return np.asarray(result.pvalue, float)


def _checked(p_values: ArrayLike) -> Floats:
    p = np.asarray(p_values, float)
    if p.ndim != 1 or not np.all((p >= 0) & (p <= 1)):
        raise BadValueError("p_values: expected a list of numbers between 0 and 1")
    return p


def _put_back(order: np.typing.NDArray[np.intp], values: Floats) -> Floats:
    result = np.empty_like(values)
    result[order] = np.minimum(values, 1)
    return result
