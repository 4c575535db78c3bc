"""Stays: which stage a customer was in, from when to when, and how it ended (definitions.md, 2).

A function of the set of events: order, lateness and repetition play no part. A cycle is what lies between two exits
and holds at least one stage event; in it, stage k is entered at its first qualifying event if no later stage was
reached before, and left when the first later one is reached, else at the exit.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from cxcurve.journey.plan import Plan

FOREVER_US = 2**62


def stays(log: ir.Table, plan_table: ir.Table, plan: Plan) -> ir.Table:
    """The stays of the customers in `log` (`tables.STAYS`).

    Args:
        log: events with customer_key, signal_key, occurred_us, and the columns that `when` rules read; only those
            before as_of.
        plan_table: `Plan.table`, on the same engine.
        plan: the tracking plan.
    """
    firsts = stage_firsts(log, plan_table, plan)
    later = ibis.window(
        group_by=["customer_key", "segment"], order_by=ibis.desc("stage"), preceding=(None, 1)
    )
    reached = firsts.mutate(later_us=firsts.entered_us.min().over(later))
    reached = reached.filter(reached.later_us.isnull() | (reached.entered_us < reached.later_us))
    in_time = ibis.window(group_by=["customer_key", "segment"], order_by="entered_us")
    by_segment = ibis.window(group_by="customer_key", order_by="segment")
    is_open = reached.later_us.isnull() & (reached.to_us == FOREVER_US)
    return reached.select(
        "customer_key",
        cycle=(ibis.dense_rank().over(by_segment) + 1).cast("int32"),
        stage=reached.stage,
        entered_us=reached.entered_us,
        left_us=reached.later_us.fill_null(reached.to_us).nullif(FOREVER_US),
        ended_by=ibis.cases(
            (reached.later_us.notnull(), "progressed"), (is_open, "open"), else_="exited"
        ),
        next_stage=reached.stage.lead().over(in_time),
    )


def stage_firsts(log: ir.Table, plan_table: ir.Table, plan: Plan) -> ir.Table:
    """First qualifying event of each stage: customer_key, segment, to_us, stage, entered_us."""
    parts = segments(log, plan)
    events = in_segments(_qualifying(log, plan), parts)
    events = events.join(plan_table.select("signal_key", "stage", "after_key"), "signal_key")
    direct = events.filter(events.after_key.isnull())
    awaited = in_segments(log.filter(log.signal_key.isin(_some(plan.after_keys))), parts)
    since = awaited.group_by("customer_key", "segment", after_key=awaited.signal_key).agg(
        since_us=awaited.occurred_us.min()
    )
    waiting = events.join(since, ["customer_key", "segment", "after_key"])
    waiting = waiting.filter(waiting.occurred_us >= waiting.since_us)
    columns = ["customer_key", "segment", "to_us", "stage", "occurred_us"]
    both = direct.select(*columns).union(waiting.select(*columns))
    return both.group_by("customer_key", "segment", "to_us", "stage").agg(entered_us=both.occurred_us.min())


def segments(log: ir.Table, plan: Plan) -> ir.Table:
    """The stretches between a customer's exits: customer_key, segment, from_us (excluded), to_us (included)."""
    exits = log.filter(log.signal_key.isin(_some(plan.exit_keys))).select("customer_key", "occurred_us").distinct()
    in_time = ibis.window(group_by="customer_key", order_by="occurred_us")
    closed = exits.select(
        "customer_key",
        segment=ibis.row_number().over(in_time).cast("int32"),
        from_us=exits.occurred_us.lag().over(in_time).fill_null(-1).cast("int64"),
        to_us=exits.occurred_us,
    )
    # Every customer has a last stretch, open to the right; it starts at the last exit, or before everything.
    last = exits.group_by("customer_key").agg(n=exits.count(), from_us=exits.occurred_us.max())
    everyone = log.select("customer_key").distinct().left_join(last, "customer_key")
    open_ended = everyone.select(
        "customer_key",
        segment=everyone.n.fill_null(0).cast("int32"),
        from_us=everyone.from_us.fill_null(-1).cast("int64"),
        to_us=ibis.literal(FOREVER_US, "int64"),
    )
    return closed.union(open_ended)


def in_segments(log: ir.Table, parts: ir.Table) -> ir.Table:
    """Events with the stretch they fall in; an event at the moment of an exit belongs before it."""
    joined = log.join(parts, "customer_key")
    return joined.filter((joined.occurred_us > joined.from_us) & (joined.occurred_us <= joined.to_us))


def _qualifying(log: ir.Table, plan: Plan) -> ir.Table:
    """Events that may enter a stage, their `when` rule met."""
    chosen = log.filter(log.signal_key.isin(_some(plan.stage_keys)))
    for key, signal in plan.signals.items():
        if signal.stage is not None and signal.when is not None:
            holds = signal.when.evaluate(chosen.__getitem__, number=_number).fill_null(False)
            chosen = chosen.filter((chosen.signal_key != key) | holds)
    return chosen.select("customer_key", "signal_key", "occurred_us")


def _number(column: ir.Value) -> ir.Value:
    return column.try_cast("float64") if isinstance(column, ir.StringValue) else column.cast("float64")


def _some(keys: list[int]) -> list[int]:
    """The keys; where there are none, one that nothing has (SQL has no empty IN)."""
    return keys or [-1]
