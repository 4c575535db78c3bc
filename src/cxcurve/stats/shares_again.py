"""Whether something comes in more of today's events than it did before, for many shares at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from cxcurve.stats.estimates import Floats


def more_often_p(k_before: ArrayLike, n_before: ArrayLike, k: ArrayLike, n: ArrayLike) -> Floats:
    """(m,) the chance of `k` or more of `n` where `k_before` of `n_before` were so before.

    What the share was is itself uncertain (Jeffreys' prior), so of few events before, little is unlikely.

    Source: beta-binomial prediction, as in Aitchison & Dunsmore 1975, Statistical Prediction Analysis, ch. 2
    """
    from scipy import stats  # a second to import, and only needed here

    so, all_before = np.asarray(k_before, float), np.asarray(n_before, float)
    found = stats.betabinom.sf(np.asarray(k) - 1, np.asarray(n), so + 0.5, all_before - so + 0.5)
    return np.asarray(np.clip(found, 0.0, 1.0))
