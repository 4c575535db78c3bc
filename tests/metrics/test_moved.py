"""What moved the level: the parts add up, turn round with the weeks, and go to what was planted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxcurve.errors import Reason
from cxcurve.metrics.moved import Moved, Side, moved
from cxcurve.metrics.ways import Stand, Way, friction_index, momentum_index
from cxcurve.tables import N_BUCKETS

STAGES, SIGNALS = ("look", "buy", "live"), ("ticket", "use", "silence")


def side(key: Any, stage: Any, friction: Any, momentum: Any) -> Side:
    """Customers with (n, 3) doublings of the signals; buckets by key."""
    drag, pull = np.asarray(friction, float), np.asarray(momentum, float)
    ways = Way(drag, friction_index(drag.sum(axis=1))), Way(pull, momentum_index(pull.sum(axis=1)))
    return Side(np.asarray(key), np.asarray(key) % N_BUCKETS, Stand(np.asarray(stage), *ways))


def drawn(rng: np.random.Generator, key: np.ndarray) -> Side:
    loads = rng.gamma(1, 0.5, (2, len(key), 3))
    loads[0, :, 0] -= 0.3  # the reference taken off
    return side(key, rng.integers(0, 3, len(key)), loads[0], loads[1] - 0.4)


def told(found: Moved) -> dict[tuple[str, str], float]:
    return {(part.kind, part.name): part.points.value for part in found.parts}


@given(st.integers(0, 2**32 - 1), st.integers(10, 60), st.integers(10, 60), st.integers(0, 60))
@settings(max_examples=40, deadline=None)
def test_parts_add_up_to_the_whole_and_turn_round_with_the_weeks(seed: int, n: int, m: int, shift: int) -> None:
    """`shift` says how many of the first week's customers are gone by the second, from none to all."""
    rng = np.random.default_rng(seed)
    before, after = drawn(rng, np.arange(n)), drawn(rng, np.arange(m) + min(shift, n))
    there, back = moved(before, after, STAGES, SIGNALS), moved(after, before, STAGES, SIGNALS)
    change = after.level.mean() - before.level.mean()
    assert there.change.value == pytest.approx(change, abs=1e-9)
    assert (there.mix.value or 0) + (there.rate.value or 0) == pytest.approx(change, abs=1e-9)
    for kind, points in there.kinds:
        assert sum(part.points.value or 0 for part in there.of(kind)) == pytest.approx(points.value, abs=1e-9)
    assert sum(points.value or 0 for kind, points in there.kinds if kind != "signal") == pytest.approx(there.mix.value)
    turned, other = told(back), {"left": "new", "new": "left"}
    for (kind, name), points in told(there).items():
        assert turned[other.get(kind, kind), name] == pytest.approx(-points, abs=1e-9)
    assert (there.n_left, there.n_new) == (back.n_new, back.n_left)


def test_other_shares_of_the_same_stages_are_all_mix() -> None:
    key, loads = np.arange(40), np.zeros((40, 3))
    usual = np.array([0.0, 1.0, 2.0])  # each stage has its level, and everybody there has it

    def at(stage: np.ndarray) -> Side:
        return side(key, stage, loads, np.column_stack([usual[stage], loads[:, :2]]))

    found = moved(at(np.repeat([0, 1, 2], [20, 10, 10])), at(np.repeat([0, 1, 2], [5, 15, 20])), STAGES, SIGNALS)
    assert found.change.value == pytest.approx(found.mix.value)
    assert found.rate.value == pytest.approx(0, abs=1e-12)
    assert dict(found.kinds)["moved"].value == pytest.approx(found.mix.value)


def test_the_same_people_at_the_same_stages_are_all_rate_and_only_what_changed_has_points() -> None:
    """Half of the customers get tickets; the others' silence and use stay, however high they are."""
    rng = np.random.default_rng(4)
    key, stage = np.arange(60), rng.integers(0, 3, 60)
    friction, momentum = rng.gamma(1, 0.8, (60, 3)), rng.gamma(1, 0.5, (60, 3))
    more = friction + np.outer(key % 2 == 0, [1.5, 0, 0])
    found = moved(side(key, stage, friction, momentum), side(key, stage, more, momentum), STAGES, SIGNALS)
    points = {part.name: part.points.value for part in found.of("signal")}
    assert found.mix.value == pytest.approx(0, abs=1e-12)
    assert points["ticket"] == pytest.approx(found.change.value)
    assert points["ticket"] < -5
    assert (points["silence"], points["use"]) == pytest.approx((0, 0), abs=1e-9)


def test_what_cancels_out_is_told_at_the_slope_there() -> None:
    """One more doubling of tickets, one less of silence: the index stays, and its slope at one doubling is 50 ln 2."""
    key = np.arange(20)
    before, after = (side(key, key * 0, np.tile(x, (20, 1)), np.zeros((20, 3))) for x in ([0, 0, 1.0], [1.0, 0, 0]))
    found = moved(before, after, STAGES, SIGNALS)
    points = 50 * np.log(2)
    assert [part.points.value for part in found.of("signal")] == pytest.approx([-points, 0, points])
    pull = [side(key, key * 0, np.zeros((20, 3)), np.tile(x, (20, 1))) for x in ([0, 0, 1.0], [1.0, 0, 0])]
    found = moved(pull[0], pull[1], STAGES, SIGNALS)
    points = 100 * np.log(2) * 2 / 9  # at Momentum 67
    assert [part.points.value for part in found.of("signal")] == pytest.approx([points, 0, -points])


def test_everybody_alike_leaves_nothing_to_the_other_signals() -> None:
    key = np.arange(20)
    before, after = (side(key, key * 0, np.tile([x, 1.0, 0.5], (20, 1)), np.zeros((20, 3))) for x in (0.2, 2.0))
    found = moved(before, after, STAGES, SIGNALS)
    assert [part.points.value for part in found.of("signal")] == pytest.approx([found.change.value, 0, 0])


def test_who_left_and_who_came_is_told_by_stage() -> None:
    """Ten unhappy ones leave stage `buy`, and nothing else happens: the level rises, and nobody feels better."""
    key = np.arange(40)
    stage, friction = np.where(key < 10, 1, 2), np.where(key < 10, 3.0, 0.0)
    loads = np.outer(friction, [1, 0, 0])
    before = side(key, stage, loads, np.zeros((40, 3)))
    after = side(key[10:], stage[10:], loads[10:], np.zeros((30, 3)))
    found = moved(before, after, STAGES, SIGNALS)
    assert told(found)["left", "buy"] == pytest.approx(found.change.value)
    assert found.change.value == pytest.approx(87.5 / 4)
    assert found.rate.value == pytest.approx(0, abs=1e-12)
    assert (found.n_left, found.n_new, found.n_stayed) == (10, 0, 30)
    assert found.of("left")[1].n == 10


def test_a_planted_change_is_within_its_interval_in_95_of_100_runs() -> None:
    inside = []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        key, stage = np.arange(200), rng.integers(0, 3, 200)
        calm = np.zeros((200, 3))
        friction = np.column_stack([rng.gamma(1, 0.5, 200), calm[:, :2]])
        more = friction + np.outer(rng.random(200) < 0.3, [0, 0, 1.0])  # silence doubles the odds for 3 of 10
        found = moved(side(key, stage, friction, calm), side(key, stage, more, calm), STAGES, SIGNALS, seed=seed)
        silence = found.of("signal")[2].points
        # The mean of 2^-x of a gamma(1, 0.5) is 1 / (1 + 0.5 ln 2); three of ten lose half of it.
        planted = -0.3 * 100 * 0.5 / (1 + 0.5 * np.log(2))
        assert silence.low is not None
        assert silence.high is not None
        inside.append(silence.low <= planted <= silence.high)
    assert np.mean(inside) == pytest.approx(0.95, abs=0.045)


def test_too_few_at_either_week_say_so() -> None:
    rng = np.random.default_rng(1)
    many, few = drawn(rng, np.arange(30)), drawn(rng, np.arange(9))
    for found in (moved(many, few, STAGES, SIGNALS), moved(few, many, STAGES, SIGNALS)):
        assert (found.change.value, found.parts, found.reason) == (None, (), Reason.TOO_FEW)
    nobody = side(np.zeros(0, int), np.zeros(0, int), np.zeros((0, 3)), np.zeros((0, 3)))
    assert moved(nobody, many, STAGES, SIGNALS).before.value is None
