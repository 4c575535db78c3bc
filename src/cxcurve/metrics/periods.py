"""Periods: what was known of customers at the end of each week, and how long until they left or moved on.

What weights are learned from and scores are checked against (definitions.md, 3): the features at the end of week t,
and what came after t.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cxcurve.journey.plan import Plan
from cxcurve.metrics.recursion import Floats, Ints, Ticks, column, features, native
from cxcurve.metrics.weekly import Activity, Block, Rows, activity, overdue_at, state_rows, stay_rows
from cxcurve.metrics.weights import Weights
from cxcurve.tables import US_PER_DAY

MS = 1000
"""Times are compared in milliseconds, so that customer and time fit into one number; weeks end on whole ones."""
_SPAN_MS = 2**40
"""Longer than any log, in milliseconds."""


@dataclass(frozen=True, eq=False)
class Periods:
    """One row per customer and whole week inside the journey; arrays of n rows.

    Attributes:
        customer: customer_key.
        week: number of the week.
        ends_us: its end.
        stage: position of the stage there.
        dwell_days: days in it.
        exit_days: days until the exit of the cycle, inf where there was none by as_of.
        move_days: days until the customer moved on, inf where it did not by as_of.
        followed_days: days until as_of.
        drag: (n, friction features) float32, `log2(1 + n)` or the state.
        pull: (n, momentum features) float32.
        calm_days: business days since the customer last did something, inf where it never did.
    """

    customer: Ints
    week: Ints
    ends_us: Ints
    stage: Ints
    dwell_days: Floats
    exit_days: Floats
    move_days: Floats
    followed_days: Floats
    drag: NDArray[np.float32]
    pull: NDArray[np.float32]
    calm_days: Floats

    def __len__(self) -> int:
        return len(self.customer)

    def where(self, rows: NDArray[Any]) -> Periods:
        """Some of the rows."""
        return Periods(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    def until(self, us: int) -> Periods:
        """As it was known at an earlier time: later weeks are not there, and what came after it is not known."""
        known = self.where(self.ends_us < us)
        days = (us - known.ends_us) / US_PER_DAY
        exit_days, move_days = (np.where(ahead < days, ahead, np.inf) for ahead in (known.exit_days, known.move_days))
        columns = {name: getattr(known, name) for name in self.__dataclass_fields__}
        return Periods(**columns | {"exit_days": exit_days, "move_days": move_days, "followed_days": days})


def join(parts: Sequence[Periods]) -> Periods:
    """All rows of some blocks."""
    return Periods(*(np.concatenate([getattr(part, name) for part in parts]) for name in Periods.__dataclass_fields__))


def moves(log: ir.Table, plan: Plan) -> ir.Table:
    """Events with which a customer moves on without a new stage: customer_key, occurred_us, is_advocacy.

    Expansion counts from the stage of first value on, a further advocacy action in the last stage. A renewal does not:
    its date is the contract's, and that it does not come is an exit. Learned from, it would say that who has just
    renewed is held back.
    """
    expands = [key for key, signal in plan.signals.items() if signal.moves_on == "expansion"]
    speaks = [key for key, signal in plan.signals.items() if signal.advocacy]
    found = log.filter(log.signal_key.isin([*expands, *speaks] or [-1]))
    return found.select("customer_key", "occurred_us", is_advocacy=~found.signal_key.isin(expands or [-1]))


def periods(
    block: Block, weights: Weights, ticks: Ticks, expected_days: Floats, moved: pa.Table, as_of_us: int
) -> Periods:
    """The rows of a block of customers.

    Args:
        block: the customers, from the first week on.
        weights: which features there are.
        ticks: when; the last one is no row where it does not end its week.
        expected_days: by stage; 0 where the model expects nothing.
        moved: rows of `moves` of these customers.
        as_of_us: nothing later is known.
    """
    rows = stay_rows(block, ticks)
    is_whole = rows["tick"] <= ticks.last_whole_week - ticks.first_week
    order = np.flatnonzero(is_whole)[np.argsort(rows["tick"][is_whole], kind="stable")]
    rows = {name: values[order] for name, values in rows.items()}
    ends = ticks.ends_us[rows["tick"]]
    exit_us, left_us = _endings(block, rows)
    move_us = np.minimum(left_us, _next_move(block, rows, ends, moved, weights.plan))
    done = activity(block, ticks)
    drag, pull = _columns(block, weights, ticks, rows, expected_days, done)
    ahead = [np.where(us < as_of_us, (us - ends) / US_PER_DAY, np.inf) for us in (exit_us, move_us)]
    return Periods(
        customer=block.keys[rows["customer"]],
        week=rows["tick"] + ticks.first_week,
        ends_us=ends,
        stage=rows["stage"],
        dwell_days=rows["dwell_days"],
        exit_days=ahead[0],
        move_days=ahead[1],
        followed_days=(as_of_us - ends) / US_PER_DAY,
        drag=drag,
        pull=pull,
        calm_days=ticks.business_days[rows["tick"]] - done.last_day[rows["customer"], rows["tick"] + 1],
    )


_NEVER_US = 2**62


def _columns(
    block: Block, weights: Weights, ticks: Ticks, rows: Rows, expected_days: Floats, done: Activity
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The features of the rows, which stand in order of the ticks."""
    drags, pulls, names = weights.places(0), weights.places(1), weights.states
    drag = np.zeros((len(rows["tick"]), len(drags) + len(names)), np.float32)
    pull = np.zeros((len(rows["tick"]), len(pulls)), np.float32)
    for name, values in state_rows(block, weights, ticks, rows, expected_days, done).items():
        if name in names:
            drag[:, len(drags) + names.index(name)] = values
    late = len(drags) + names.index("open_issues") if "open_issues" in names else None
    edges = np.searchsorted(rows["tick"], np.arange(len(ticks) + 1))
    walk = features(block.signal_weeks, block.keys, block.seat_factors, weights, ticks, block.memory)
    for tick, (x, memory) in enumerate(walk):
        here = slice(edges[tick], edges[tick + 1])
        who = rows["customer"][here]
        drag[here, : len(drags)] = x[np.ix_(drags, who)].T
        pull[here] = x[np.ix_(pulls, who)].T
        if late is not None:
            drag[here, late] = np.log2(1.0 + overdue_at(tick, block, memory)[who])
    return drag, pull


def _endings(block: Block, rows: Rows) -> tuple[Ints, Ints]:
    """When the cycle of each row was left, and when its stage was left for a later one; 2^62 where neither was."""
    stays = block.stays
    customer, cycle, stage = (native(stays, name).astype(np.int64) for name in ("customer_key", "cycle", "stage"))
    left, how = column(stays, "left_us", missing=_NEVER_US), stays["ended_by"].to_numpy(zero_copy_only=False)
    whose = np.searchsorted(block.keys, customer)
    n_cycles = int(cycle.max(initial=0)) + 1
    exits = np.full(len(block.keys) * n_cycles, _NEVER_US)
    is_exit = how == "exited"
    exits[(whose * n_cycles + cycle)[is_exit]] = left[is_exit]
    n_stages = int(stage.max(initial=0)) + 1
    onward = np.full(len(block.keys) * n_cycles * n_stages, _NEVER_US)
    is_onward = how == "progressed"
    onward[((whose * n_cycles + cycle) * n_stages + stage)[is_onward]] = left[is_onward]
    of_cycle = rows["customer"] * n_cycles + rows["cycle"]
    return exits[of_cycle], onward[of_cycle * n_stages + rows["stage"]]


def _next_move(block: Block, rows: Rows, ends: Ints, moved: pa.Table, plan: Plan) -> Ints:
    """The first event from each row's end on with which a customer of its stage moves on."""
    found = np.full(len(ends), _NEVER_US)
    whose = np.searchsorted(block.keys, native(moved, "customer_key").astype(np.int64))
    at, is_advocacy = native(moved, "occurred_us"), moved["is_advocacy"].to_numpy(zero_copy_only=False)
    last = len(plan.journey.stage_names) - 1
    for chosen, stages in ((~is_advocacy, rows["stage"] >= _value_stage(plan)), (is_advocacy, rows["stage"] == last)):
        when = _next(whose[chosen], at[chosen], rows["customer"][stages], ends[stages])
        found[stages] = np.minimum(found[stages], when)
    return found


def _next(whose: Ints, at: Ints, customer: Ints, since: Ints) -> Ints:
    """The first time `at` or later of each customer's own."""
    if not len(at):
        return np.full(len(since), _NEVER_US)
    first = min(int(at.min()), int(since.min(initial=int(at.min()))))
    code = whose * _SPAN_MS + (at - first) // MS
    order = np.argsort(code, kind="stable")
    place = np.searchsorted(code[order], customer * _SPAN_MS + (since - first) // MS)
    inside = np.minimum(place, len(at) - 1)
    is_own = (place < len(at)) & (whose[order][inside] == customer)
    return np.where(is_own, at[order][inside], _NEVER_US)


def _value_stage(plan: Plan) -> int:
    """The stage that first value enters; the first where the model names none."""
    rule, names = plan.journey.time_to_value, plan.journey.stage_names
    goal = plan.journey.signals.get(rule.goal) if rule else None
    return names.index(goal.stage) if goal and goal.stage else 0
