import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cxcurve.errors import BadValueError
from cxcurve.stats.multiplicity import benjamini_hochberg, dunnett, holm

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=20)


@given(P_VALUES)
def test_correcting_never_helps_and_holm_is_the_stricter(p_values: list) -> None:
    raw, strict, mild = np.array(p_values), holm(p_values), benjamini_hochberg(p_values)
    assert (strict >= mild - 1e-12).all()
    assert (mild >= raw - 1e-12).all()
    assert (strict <= 1).all()
    np.testing.assert_allclose(mild, stats.false_discovery_control(raw))


@given(P_VALUES.flatmap(lambda p: st.tuples(st.just(p), st.permutations(range(len(p))))))
def test_the_order_of_tests_is_irrelevant(given_: tuple) -> None:
    p_values, order = np.array(given_[0]), list(given_[1])
    for correct in (holm, benjamini_hochberg):
        np.testing.assert_allclose(correct(p_values[order]), correct(p_values)[order])


def test_no_test_needs_no_correction() -> None:
    assert holm([]).size == 0
    assert benjamini_hochberg([]).size == 0


def test_dunnett_repeats_itself_for_a_seed() -> None:
    arms, control = [[1.0, 2, 4], [3.0, 5, 6]], [1.0, 1.5, 2]
    np.testing.assert_array_equal(dunnett(arms, control, seed=3), dunnett(arms, control, seed=3))


def test_misuse_is_named() -> None:
    with pytest.raises(BadValueError, match="p_values: expected a list of numbers between 0 and 1"):
        holm([0.2, 1.2])
