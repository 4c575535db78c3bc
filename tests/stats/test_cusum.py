import numpy as np
import pytest

from cxcurve.errors import BadValueError
from cxcurve.stats.cusum import cusum_run_length


def test_the_run_length_is_what_a_simulated_chart_shows() -> None:
    rng = np.random.default_rng(1)
    points = rng.normal(1.0, 1, (2000, 200))
    level, alarm_at = np.zeros(2000), np.zeros(2000)
    for point in range(200):
        level = np.maximum(0, level + points[:, point] - 0.5)
        alarm_at[(level > 4) & (alarm_at == 0)] = point + 1
    assert alarm_at.min() > 0
    assert cusum_run_length(4, 1.0, two_sided=False) == pytest.approx(alarm_at.mean(), rel=0.03)


def test_misuse_is_named() -> None:
    with pytest.raises(BadValueError, match="bound is 0; expected more than 0 standard deviations"):
        cusum_run_length(0)
