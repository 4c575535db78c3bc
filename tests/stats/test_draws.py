"""Draws: the same for ever, of the share asked for, and independent of each other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxcurve.errors import BadValueError
from cxcurve.stats.draws import held_out
from cxcurve.stats.proportions import wilson

IDS = [f"c-{i:05d}" for i in range(20_000)]


def test_who_is_held_out_is_the_same_for_life() -> None:
    """A change of the hash would draw every running action anew: these twelve are written down."""
    assert held_out("play-1", IDS[:12], 0.4).astype(int).tolist() == FOR_LIFE


FOR_LIFE = [0, 0, 0, 0, 0, 0, 1, 0, 1, 1, 1, 1]


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5])
def test_the_share_is_held(share: float) -> None:
    drawn = held_out("play-1", IDS, share)
    found = wilson(int(drawn.sum()), len(IDS), level=0.999)
    assert (found.low or 0.0) < share < (found.high or 0.0)


def test_two_draws_have_nothing_to_do_with_each_other() -> None:
    one, other = held_out("play-1", IDS, 0.5), held_out("play-2", IDS, 0.5)
    assert abs(float(np.corrcoef(one, other)[0, 1])) < 0.03
    assert held_out("a", ["b\x1fc"], 0.5)[0] == held_out("a", ["b\x1fc"], 0.5)[0]


@given(st.text(max_size=20), st.lists(st.text(max_size=20), max_size=20), st.floats(0, 1), st.floats(0, 1))
def test_a_larger_share_adds_and_takes_nobody_away(draw: str, ids: list[str], one: float, other: float) -> None:
    few, many = (held_out(draw, ids, share) for share in sorted((one, other)))
    assert not (few & ~many).any()
    assert not held_out(draw, ids, 0.0).any()
    assert held_out(draw, ids, 1.0).all()
    assert list(held_out(draw, ids[::-1], one)[::-1]) == list(held_out(draw, ids, one)), "order plays no part"


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_what_is_no_share_is_refused(share: float) -> None:
    with pytest.raises(BadValueError, match="expected a share from 0 to 1"):
        held_out("x", ["a"], share)
