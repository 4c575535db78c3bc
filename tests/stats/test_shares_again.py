"""Shares of today against those before."""

import pytest

from cxcurve.stats.shares_again import more_often_p


def test_it_is_the_tail_of_a_beta_binomial():
    """Of a uniform posterior (k + 1/2 and n - k + 1/2 with n = 1, k = 1/2) every count is as likely."""
    assert more_often_p([0.5], [1], [3], [4])[0] == pytest.approx(2 / 5)


@pytest.mark.parametrize(
    ("before", "today", "low", "high"),
    [((0, 1000), (0, 50), 1, 1), ((0, 1000), (1, 50), 0.01, 0.05), ((0, 1000), (5, 50), 0, 1e-5),
     ((10, 1000), (2, 50), 0.05, 0.2), ((0, 5), (3, 5), 0.005, 0.2)],
)  # fmt: skip
def test_of_few_before_little_is_unlikely(before, today, low, high):
    (p,) = more_often_p([before[0]], [before[1]], [today[0]], [today[1]])
    assert low <= p <= high
