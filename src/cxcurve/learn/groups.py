"""Customers dealt into groups by their key, so that each is tested by fits on others; the same in every process."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

N_GROUPS = 4
_KNUTH = 2_654_435_761
"""Multiplicative hashing: Knuth 1998, The Art of Computer Programming 3, 6.4."""


def group_of(customer: Ints) -> Ints:
    """Which of the groups a customer is tested in."""
    return np.asarray((_mixed(customer) >> 16) % N_GROUPS)


def half_of(customer: Ints) -> Ints:
    """0 or 1, by another bit: the halves are alike in every group."""
    return np.asarray(_mixed(customer) >> 31)


def _mixed(customer: Ints) -> Ints:
    return np.asarray(customer * _KNUTH % 2**32)
