"""What moved the level, customer by customer: the rows of a part add up to it, whoever left, came or stayed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_moved import SIGNALS, STAGES, drawn

from cxcurve.metrics.moved import moved
from cxcurve.metrics.moved_by import Crowd


@given(st.integers(0, 2**32 - 1), st.integers(10, 60), st.integers(10, 60), st.integers(0, 60))
@settings(max_examples=40, deadline=None)
def test_rows_add_up_to_their_part(seed: int, n: int, m: int, shift: int) -> None:
    """`shift` says how many of the first week's customers are gone by the second, from none to all."""
    rng = np.random.default_rng(seed)
    before, after = drawn(rng, np.arange(n)), drawn(rng, np.arange(m) + min(shift, n))
    found, crowd = moved(before, after, STAGES, SIGNALS), Crowd(before, after, len(STAGES))
    kinds = dict(found.kinds)
    for name in ("before", "after", "change", "mix", "rate", "left", "new", "moved"):
        rows = crowd.of_levels(name)
        points = kinds[name] if name in kinds else getattr(found, name)
        assert (rows.value * rows.weight).sum() == pytest.approx(points.value, abs=1e-9), name
    for place, part in enumerate(found.of("signal")):
        rows = crowd.of_signal(place)
        assert (rows.value * rows.weight).sum() == pytest.approx(part.points.value, abs=1e-9), part.name
