"""Weights for those who left: closer to what everybody who began would have felt, by what was known before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pytest

from cxcurve.metrics.curve import Curve, build_curve, curve_sums
from cxcurve.metrics.leavers import MOST_WEIGHT, exit_counts, exit_hazards, weight_tables, with_weights
from cxcurve.tables import N_BUCKETS

con = ibis.duckdb.connect()
FEW_WEEKS = [(1, 1, 0), (1, 2, 1), (1, 3, 2), (2, 1, 0), (3, 2, 0), (3, 3, 1)]
"""customer, week, week of the cycle: the second leaves in week 2, the third begins late."""


@dataclass(frozen=True)
class Truth:
    """What the customers of a made-up company would feel, and whether they are still seen: customers x weeks."""

    friction: np.ndarray
    momentum: np.ndarray
    calendar: np.ndarray
    is_seen: np.ndarray

    @property
    def level(self) -> np.ndarray:
        return (self.momentum - self.friction).mean(axis=0)

    @property
    def rows(self) -> pa.Table:
        who, week = np.nonzero(self.is_seen)
        friction, momentum = (values[who, week] for values in (self.friction, self.momentum))
        whole = {"customer_key": who, "week": self.calendar[who, week], "cycle": np.ones(len(who)), "cycle_week": week,
                 "stage": week >= 12}  # fmt: skip
        columns = {name: pa.array(values.astype(np.int32)) for name, values in whole.items()}
        indexes = {"friction_index": friction, "momentum_index": momentum, "level": momentum - friction}
        return pa.table({**columns, **indexes})


def company(seed: int, n: int = 400, n_weeks: int = 60, harm: float = 1.0) -> Truth:
    """Friction that comes and goes about everybody's own; each doubling of it makes `harm` doublings of leaving."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, 0.35, (n, n_weeks))
    for week in range(1, n_weeks):
        noise[:, week] += 0.9 * noise[:, week - 1]
    doublings = np.maximum(rng.gamma(2.0, 0.4, (n, 1)) + noise, 0)
    pull = rng.normal(0, 0.5, (n, 1)) + rng.normal(0, 0.5, (n, n_weeks))
    leaves = rng.random((n, n_weeks)) < 0.008 * 2 ** (harm * doublings)
    gone = np.cumsum(leaves, axis=1) - leaves > 0
    calendar = rng.integers(0, n_weeks - 15, (n, 1)) + np.arange(n_weeks)
    return Truth(100 * (1 - 2.0**-doublings), 100 / (1 + 2.0**-pull), calendar, ~gone & (calendar < n_weeks))


def snapshot(rows: pa.Table, n: int) -> Any:
    weeks = con.create_table("customer_weeks", rows, overwrite=True)
    own = {"customer_key": pa.array(np.arange(n), pa.int32()), "bucket": pa.array(np.arange(n) % N_BUCKETS, pa.int16())}
    return SimpleNamespace(customer_weeks=weeks, customers=con.create_table("customers", pa.table(own), overwrite=True))


def weighted(rows: pa.Table, last_week: int, n_stages: int = 2) -> Any:
    weeks = con.create_table("weeks", rows, overwrite=True)
    made = weight_tables(con.to_pyarrow(exit_counts(weeks, last_week)), n_stages)
    cells, kept = (con.create_table(name, table, overwrite=True) for name, table in zip("ck", made, strict=True))
    return with_weights(weeks, cells, kept)


def curve(truth: Truth, *, is_weighted: bool, seed: int = 1) -> Curve:
    known = snapshot(truth.rows, len(truth.friction))
    weeks = weighted(truth.rows, int(truth.calendar[truth.is_seen].max())) if is_weighted else None
    return build_curve(con.to_pyarrow(curve_sums(known, "week", [], weeks)), [], "week", seed=seed)


def both(truth: Truth) -> tuple[Curve, Curve]:
    """Survivors only, and weighted."""
    return curve(truth, is_weighted=False), curve(truth, is_weighted=True)


def few(change: Callable[[dict[str, Any]], dict[str, Any]] = lambda row: row) -> pa.Table:
    """A few customers, all alike unless `change` says otherwise."""
    rows = [
        change({"customer_key": who, "week": week, "cycle": 1, "cycle_week": age, "stage": 0, "friction_index": 10.0,
                "momentum_index": 50.0, "level": 40.0})
        for who, week, age in FEW_WEEKS
    ]  # fmt: skip
    schema = [(name, pa.int32()) for name in ("customer_key", "week", "cycle", "cycle_week", "stage")]
    return pa.Table.from_pylist(
        rows, pa.schema([*schema, *((f"{name}_index", pa.float64()) for name in ("friction", "momentum")),
                         ("level", pa.float64())])
    )  # fmt: skip


def test_weighted_is_closer_to_what_all_who_began_would_have_felt() -> None:
    closer, bias = [], []
    for seed in range(8):
        truth = company(seed)
        curves = both(truth)
        for week in (13, 26, 39):
            plain, mended = (one.points[week].level - truth.level[week] for one in curves)
            closer.append(abs(mended) < abs(plain))
            bias.append((plain, mended))
    plain, mended = np.mean(bias, axis=0)
    assert np.mean(closer) > 0.85
    assert plain > 3, "who suffers leaves, and the mean of the others rises"
    assert abs(mended) < plain / 3


def test_where_leaving_has_nothing_to_do_with_the_level_both_are_the_same() -> None:
    gaps = [a.level - b.level for a, b in zip(*(one.points[:40] for one in both(company(3, harm=0.0))), strict=True)]
    assert max(map(abs, gaps)) < 1.5


def banded(seed: int, n: int = 250, n_weeks: int = 20) -> Truth:
    """Hazards depend on the bands alone, so that there is nothing the weights cannot know; the mean level is 5."""
    rng = np.random.default_rng(seed)
    own = rng.normal(45, 15, (n, 1)) + np.cumsum(rng.normal(0, 2, (n, n_weeks)), axis=1)
    friction, momentum = np.clip(own, 0, 99), np.clip(rng.normal(50, 8, (n, n_weeks)), 1, 99)
    hazard = np.array([0.003, 0.01, 0.03, 0.05, 0.08])[np.digitize(friction, (25, 50, 75, 87.5))]
    leaves = rng.random((n, n_weeks)) < hazard
    gone = np.cumsum(leaves, axis=1) - leaves > 0
    return Truth(friction, momentum, np.tile(np.arange(n_weeks), (n, 1)), ~gone)


def test_the_weighted_band_holds_the_whole_truth_in_95_of_100_runs() -> None:
    """Measured in 150 runs of 300 customers over 30 weeks: 94; of 1,000 customers: 96."""
    whole = []
    for seed in range(60):
        points = curve(banded(seed), is_weighted=True, seed=seed).points
        whole.append(all(p.low <= 5 <= p.high for p in points if p.low is not None and p.high is not None))
    assert np.mean(whole) == pytest.approx(0.95, abs=0.06)


def test_nobody_counts_for_more_than_the_cap() -> None:
    """Three of ten of the unhappy half leave every week: who is left of them after ten would stand for 18."""
    n, n_weeks = 2000, 11
    bad = np.arange(n)[:, None] % 2 == 0
    leaves = bad & (np.random.default_rng(1).random((n, n_weeks)) < 0.3)
    friction = np.where(bad, 95.0, 10.0) + np.zeros((n, n_weeks))
    gone = np.cumsum(leaves, axis=1) - leaves > 0
    truth = Truth(friction, np.full((n, n_weeks), 50.0), np.tile(np.arange(n_weeks), (n, 1)), ~gone)
    weight = con.to_pyarrow(weighted(truth.rows, n_weeks - 1).select("weight"))["weight"].to_numpy()
    assert weight.max() == MOST_WEIGHT


def test_weights_are_one_on_average() -> None:
    rows = con.to_pyarrow(weighted(company(5).rows, 59).select("cycle_week", "weight"))
    week, weight = rows["cycle_week"].to_numpy(), rows["weight"].to_numpy()
    means = np.bincount(week, weight)[:30] / np.bincount(week)[:30]
    assert means == pytest.approx(np.ones(30), abs=0.1)
    assert (weight[week == 0] == 1).all()


def test_only_weeks_before_count() -> None:
    """The last week of each customer may say what it will."""

    def worse(row: dict[str, Any]) -> dict[str, Any]:
        return {**row, "friction_index": 95.0} if row["week"] == 3 else row

    known = con.to_pyarrow(weighted(few(), 3, 1).order_by("customer_key", "week"))["weight"].to_pylist()
    assert con.to_pyarrow(weighted(few(worse), 3, 1).order_by("customer_key", "week"))["weight"].to_pylist() == known


def test_an_end_of_the_data_is_no_exit() -> None:
    counts = con.to_pyarrow(exit_counts(con.create_table("weeks", few(), overwrite=True), 3))
    assert sorted((row["cycle_week"], row["n"], row["n_exits"]) for row in counts.to_pylist()) == [(0, 3, 1), (1, 1, 0)]
    nobody = con.to_pyarrow(exit_counts(con.create_table("weeks", few(), overwrite=True), 1))
    assert nobody.num_rows == 0


def test_a_second_cycle_begins_anew() -> None:
    """Leaving and coming back is an exit of the first cycle, and no past of the second."""

    def again(row: dict[str, Any]) -> dict[str, Any]:
        return {**row, "cycle": 2, "cycle_week": 0} if row["customer_key"] == 1 and row["week"] == 3 else row

    rows = con.to_pyarrow(weighted(few(again), 3, 1).order_by("customer_key", "week"))
    assert rows["weight"].to_pylist()[2] == 1.0
    counts = con.to_pyarrow(exit_counts(con.create_table("weeks", few(again), overwrite=True), 3))
    assert sum(counts["n_exits"].to_pylist()) == 2


def test_a_thin_cell_leans_on_what_is_around_it() -> None:
    n, n_exits = np.zeros((2, 2, 2)), np.zeros((2, 2, 2))
    n[0, 0, 0], n_exits[0, 0, 0] = 10_000, 100
    n[0, 1, 0], n_exits[0, 1, 0] = 1, 1
    found = exit_hazards(n, n_exits)
    assert found[0, 0, 0] == pytest.approx(0.01, rel=0.01)
    assert 0.01 < found[0, 1, 0] < 0.15, "one exit of one customer-week is not a chance of 1"
    assert found[1] == pytest.approx(np.full((2, 2), 101 / 10_001))


def test_nobody_left_and_everybody_left() -> None:
    assert exit_hazards(np.full((1, 1, 1), 50.0), np.zeros((1, 1, 1))).item() == 0
    assert exit_hazards(np.full((1, 1, 1), 50.0), np.full((1, 1, 1), 50.0)).item() < 1
    assert exit_hazards(np.zeros((1, 1, 1)), np.zeros((1, 1, 1))).item() == 0


def test_where_nobody_is_left_to_stand_for_them_there_is_no_interval() -> None:
    """Half of the customers have much friction, and all of these are gone by week 6: no weight brings them back."""
    n, n_weeks = 200, 12
    bad = np.arange(n)[:, None] % 2 == 0
    friction = np.where(bad, 80.0, 10.0) + np.zeros((n, n_weeks))
    leaves_at = np.where(bad, 1 + np.arange(n)[:, None] // 2 % 6, n_weeks)
    truth = Truth(friction, np.full((n, n_weeks), 50.0), np.tile(np.arange(n_weeks), (n, 1)),
                  np.arange(n_weeks) < leaves_at)  # fmt: skip
    plain, mended = both(truth)
    assert not mended.points[1].is_thin
    assert [point.is_thin for point in mended.points[6:]] == [True] * 6
    assert mended.points[6].low is None
    assert not any(point.is_thin for point in plain.points)
