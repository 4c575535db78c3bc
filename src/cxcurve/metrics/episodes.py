"""Episodes of `until` signals: opened by one event, ended by another (definitions.md, 1).

Each ending closes the oldest open one of that signal, with the same conversation where the events name one. An
ending that finds nothing open adds nothing. At one instant openings come before endings, then by event_id.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from cxcurve.journey.plan import Plan

NO_KEY = ""


def episodes(log: ir.Table, plan: Plan) -> ir.Table:
    """One row per opening: customer_key, signal_key, event_id, opened_us, ended_us (null while open), end_event_id."""
    moves = _moves(log, plan)
    if moves is None:
        return _none(log)
    thread = ["customer_key", "signal_key", "thread"]
    order = ["occurred_us", "step_down", "event_id"]
    so_far = ibis.window(group_by=thread, order_by=order, preceding=(None, 0))
    moves = moves.mutate(depth=moves.step.sum().over(so_far))
    # The queue length is the walk reflected at zero: an ending that pushes the walk to a new low found nothing open.
    before = ibis.window(group_by=thread, order_by=order, preceding=(None, 1))
    lowest = ibis.least(moves.depth.min().over(before).fill_null(0), 0)
    moves = moves.mutate(is_kept=(moves.step == 1) | (moves.depth >= lowest))
    kept = moves.filter(moves.is_kept)
    rank = ibis.row_number().over(ibis.window(group_by=[*thread, "step"], order_by=["occurred_us", "event_id"]))
    kept = kept.mutate(place=rank)
    ends = kept.filter(kept.step == -1)
    ends = ends.select(*thread, "place", ended_us=ends.occurred_us, end_event_id=ends.event_id)
    opened = kept.filter(kept.step == 1)
    paired = opened.left_join(ends, [*thread, "place"])
    return paired.select(
        "customer_key", "signal_key", "event_id", "ended_us", "end_event_id", opened_us=paired.occurred_us
    )


def _moves(log: ir.Table, plan: Plan) -> ir.Table | None:
    """Openings (+1) and endings (-1) of every `until` signal, an ending once for each signal it may end."""
    if not plan.until_keys:
        return None
    opened = log.filter(log.signal_key.isin(plan.until_keys))
    parts = [_move(opened, opened.signal_key, step=1)]
    for ends in _endings(plan):
        ended = log.filter(log.signal_key.isin(list(ends)))
        signal_key = ibis.cases(*((ended.signal_key == end, ibis.literal(key, "int32")) for end, key in ends.items()))
        parts.append(_move(ended, signal_key, step=-1))
    return ibis.union(*parts) if len(parts) > 1 else parts[0]


def _endings(plan: Plan) -> list[dict[int, int]]:
    """Which signal each event ends, in as many parts as one event ends signals: few branches make a quick query."""
    ended_by: dict[int, list[int]] = {}
    for key in plan.until_keys:
        for end in plan.keys_of(plan.signals[key].until or ""):
            ended_by.setdefault(end, []).append(key)
    most = max(map(len, ended_by.values()), default=0)
    return [{end: keys[n] for end, keys in ended_by.items() if len(keys) > n} for n in range(most)]


def _move(events: ir.Table, signal_key: ir.Value, *, step: int) -> ir.Table:
    return events.select(
        "customer_key",
        "event_id",
        "occurred_us",
        signal_key=signal_key.cast("int32"),
        thread=events.conversation_id.fill_null(NO_KEY),
        step=ibis.literal(step, "int64"),
        step_down=ibis.literal(int(step < 0), "int64"),
    )


def _none(log: ir.Table) -> ir.Table:
    nothing = log.filter(ibis.literal(False))
    return nothing.select(
        "customer_key", "signal_key", "event_id", opened_us=nothing.occurred_us,
        ended_us=nothing.occurred_us, end_event_id=nothing.event_id,
    )  # fmt: skip
