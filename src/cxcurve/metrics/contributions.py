"""What each event adds to a signal, from when on, and when it is taken out again (definitions.md, 1).

Every rule of the tracking plan becomes signed contributions, so that what follows is one sum:
a plain event enters at its own time; with `keep: latest` the older answer leaves when the newer one comes; with
`until` a step up at the opening, a step down and a fading 1 at the ending.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from cxcurve.journey.plan import Plan
from cxcurve.metrics.episodes import episodes
from cxcurve.metrics.literals import float64

COUNT, FRICTION, MOMENTUM, OVERDUE = 0, 1, 2, 3
"""Parts of a signal: plain count, negative valence, positive valence, open beyond its target."""


def contributions(log: ir.Table, plan_table: ir.Table, plan: Plan, *, now_us: int) -> ir.Table:
    """One row per thing an event does to a signal, up to `now_us`.

    Args:
        log: events before `now_us`.
        plan_table: `Plan.table` on the same engine.
        plan: the tracking plan.
        now_us: as_of.

    Returns:
        customer_key, signal_key, event_id, part, entered_us (from when it counts), anchor_us (from when it fades),
        amount (signed; 1 or the valence part), n (events), step (opened minus closed).
    """
    events = _plain(log, plan_table)
    if plan.latest_keys:
        events = events.union(*_latest(log, plan))
    parts = [_impulses(events, plan)]
    if plan.until_keys:
        parts += _until(log, plan, now_us)
    return ibis.union(*parts) if len(parts) > 1 else parts[0]


_SAID = ("customer_key", "signal_key", "event_id", "occurred_us", "value", "amount")
_IMPULSE = (*_SAID, "entered_us", "sign")
"""As few columns as it takes: every layer of the SQL names them all, and reading it is most of what a beat costs."""


def _plain(log: ir.Table, plan_table: ir.Table) -> ir.Table:
    chosen = log.join(plan_table.filter(plan_table.is_sum).select("signal_key"), "signal_key")
    return chosen.mutate(entered_us=chosen.occurred_us, sign=ibis.literal(1, "int64")).select(*_IMPULSE)


def _latest(log: ir.Table, plan: Plan) -> tuple[ir.Table, ir.Table]:
    """The answers as they enter, and as they leave when the next one comes."""
    chosen = log.filter(log.signal_key.isin(plan.latest_keys))
    chosen = chosen.select(*_SAID, person=chosen.person_id.fill_null(""))
    answers = ibis.window(group_by=["customer_key", "signal_key", "person"], order_by=["occurred_us", "event_id"])
    chosen = chosen.mutate(
        entered_us=chosen.occurred_us,
        sign=ibis.literal(1, "int64"),
        replaced_us=chosen.occurred_us.lead().over(answers),
    )
    left = chosen.filter(chosen.replaced_us.notnull())
    left = left.mutate(entered_us=left.replaced_us, sign=ibis.literal(-1, "int64"))
    return chosen.select(*_IMPULSE), left.select(*_IMPULSE)


def _until(log: ir.Table, plan: Plan, now_us: int) -> list[ir.Table]:
    spans = episodes(log, plan)
    ended = spans.filter(spans.ended_us.notnull())
    parts = [
        _steps(spans, spans.opened_us, step=1, n=1),
        _steps(ended, ended.ended_us, step=-1, amount=1.0),
    ]
    issues = plan.issue_keys
    if issues and plan.overdue_us is not None:
        late = spans.filter(spans.signal_key.isin(issues))
        late = late.mutate(due_us=late.opened_us + plan.overdue_us)
        late = late.filter((late.due_us < now_us) & (late.ended_us.isnull() | (late.ended_us > late.due_us)))
        done = late.filter(late.ended_us.notnull())
        parts += [_steps(late, late.due_us, step=1, part=OVERDUE), _steps(done, done.ended_us, step=-1, part=OVERDUE)]
    return parts


def _steps(
    spans: ir.Table, at: ir.IntegerValue, *, step: int, n: int = 0, amount: float = 0.0, part: int = COUNT
) -> ir.Table:
    return spans.select(
        "customer_key",
        "signal_key",
        "event_id",
        part=ibis.literal(part, "int32"),
        entered_us=at,
        anchor_us=at,
        amount=float64(amount),
        n=ibis.literal(n, "int64"),
        step=ibis.literal(step, "int64"),
    )


def _impulses(events: ir.Table, plan: Plan) -> ir.Table:
    """Fading contributions of events with entered_us and sign: 1 each, or the size of their valence."""
    keys = [key for key, signal in plan.signals.items() if signal.valence is not None]
    events = events.mutate(valence=valence(events, plan), has_valence=events.signal_key.isin(keys or [-1]))
    # An answer that no band holds (a code for "don't know") says nothing.
    events = events.filter(~events.has_valence | events.valence.notnull())
    part = ibis.cases(
        (~events.has_valence, ibis.literal(COUNT, "int32")),
        (events.valence < 0, ibis.literal(FRICTION, "int32")),
        else_=ibis.literal(MOMENTUM, "int32"),
    )
    size = events.has_valence.ifelse(events.valence.abs(), float64(1.0))
    return events.select(
        "customer_key",
        "signal_key",
        "event_id",
        part=part,
        entered_us=events.entered_us,
        anchor_us=events.occurred_us,
        amount=size * events.sign.cast("float64"),
        n=(events.sign > 0).cast("int64"),
        step=ibis.literal(0, "int64"),
    )


def valence(events: ir.Table, plan: Plan) -> ir.FloatingValue:
    """Valence of each event by the bands of its signal, -1 to 1; null where none holds the value."""
    branches = [
        (
            (events.signal_key == key)
            & (events[signal.valence.column].cast("float64") >= float64(band.low))
            & (events[signal.valence.column].cast("float64") <= float64(band.high)),
            float64(band.valence),
        )
        for key, signal in plan.signals.items()
        if signal.valence is not None
        for band in signal.valence.bands
    ]
    return ibis.cases(*branches, else_=ibis.null("float64")) if branches else ibis.null("float64")
