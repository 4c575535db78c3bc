"""Stays: which stage a customer was in, from when to when, and how it ended (definitions.md, 2).

A function of the set of events: order, lateness and repetition play no part. A cycle is what lies between two exits
and holds at least one stage event; in it, stage k is entered at its first qualifying event if no later stage was
reached before, and left when the first later one is reached, else at the exit.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from cxcurve.journey.plan import Plan


def stays(log: ir.Table, plan_table: ir.Table, plan: Plan) -> ir.Table:
    """The stays of the customers in `log` (`tables.STAYS`).

    Args:
        log: events with customer_key, signal_key, occurred_us, and the columns that `when` rules read; only those
            before as_of.
        plan_table: `Plan.table`, on the same engine.
        plan: the tracking plan.
    """
    firsts = stage_firsts(log, plan_table, plan)
    later = ibis.window(group_by=["customer_key", "segment"], order_by=ibis.desc("stage"), preceding=(None, 1))
    reached = firsts.mutate(later_us=firsts.entered_us.min().over(later))
    reached = reached.filter(reached.later_us.isnull() | (reached.entered_us < reached.later_us))
    in_time = ibis.window(group_by=["customer_key", "segment"], order_by="entered_us")
    by_segment = ibis.window(group_by="customer_key", order_by="segment")
    is_open = reached.later_us.isnull() & reached.exit_us.isnull()
    return reached.select(
        "customer_key",
        cycle=(ibis.dense_rank().over(by_segment) + 1).cast("int32"),
        stage=reached.stage,
        entered_us=reached.entered_us,
        left_us=reached.later_us.fill_null(reached.exit_us),
        ended_by=ibis.cases((reached.later_us.notnull(), "progressed"), (is_open, "open"), else_="exited"),
        next_stage=reached.stage.lead().over(in_time),
    )


def stage_firsts(log: ir.Table, plan_table: ir.Table, plan: Plan) -> ir.Table:
    """First qualifying event of each stage: customer_key, segment, exit_us, stage, entered_us."""
    events = in_segments(log, plan, [*plan.stage_keys, *plan.after_keys])
    events = events.join(plan_table.select("signal_key", "stage", "after_key"), "signal_key")
    entering = events.filter(events.stage.notnull() & meets_when(events, plan))
    direct = entering.filter(entering.after_key.isnull())
    since = events.group_by("customer_key", "segment", after_key=events.signal_key).agg(
        since_us=events.occurred_us.min()
    )
    waiting = entering.join(since, ["customer_key", "segment", "after_key"])
    waiting = waiting.filter(waiting.occurred_us >= waiting.since_us)
    columns = ["customer_key", "segment", "exit_us", "stage", "occurred_us"]
    both = direct.select(*columns).union(waiting.select(*columns))
    return both.group_by("customer_key", "segment", "stage").agg(
        exit_us=both.exit_us.min(), entered_us=both.occurred_us.min()
    )


def in_segments(log: ir.Table, plan: Plan, keys: list[int]) -> ir.Table:
    """Events of some signals with the stretch between two exits they fall in.

    One window over these events and the exits: joining events to stretches by time makes engines compare all with
    all. An event at the moment of an exit belongs before it.

    Returns:
        The events with segment (exits before; numbers need not be next to each other) and exit_us (the exit that
        ends the stretch, or null).
    """
    exits = _some(plan.exit_keys)
    moves = log.filter(log.signal_key.isin(_some([*keys, *plan.exit_keys])))
    moves = moves.mutate(is_exit=moves.signal_key.isin(exits).cast("int32"))
    moves = moves.mutate(ends_us=(moves.is_exit == 1).ifelse(moves.occurred_us, ibis.null("int64")))
    order = ["occurred_us", "is_exit"]
    before = ibis.window(group_by="customer_key", order_by=order, preceding=(None, 1))
    ahead = ibis.window(group_by="customer_key", order_by=order, following=(0, None))
    moves = moves.mutate(
        segment=moves.is_exit.sum().over(before).fill_null(0).cast("int32"), exit_us=moves.ends_us.min().over(ahead)
    )
    return moves.filter((moves.is_exit == 0) | moves.signal_key.isin(_some(keys)))


def meets_when(events: ir.Table, plan: Plan) -> ir.BooleanValue:
    """Whether the event meets the `when` rule of its signal, where it has one."""
    met = ibis.literal(True)
    for key, signal in plan.signals.items():
        if signal.stage is not None and signal.when is not None:
            holds = signal.when.evaluate(events.__getitem__, number=_number).fill_null(False)
            met = met & ((events.signal_key != key) | holds)
    return met


def _number(column: ir.Value) -> ir.Value:
    return column.try_cast("float64") if isinstance(column, ir.StringValue) else column.cast("float64")


def _some(keys: list[int]) -> list[int]:
    """The keys; where there are none, one that nothing has (SQL has no empty IN)."""
    return keys or [-1]
