"""Advocacy: who is ready to speak for us, who does, and who speaks against us (definitions.md, 7).

Whether a customer was asked is not in the log; until asks are kept, nobody counts as asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from cxcurve.journey.calendar import Calendar
from cxcurve.journey.plan import Plan
from cxcurve.metrics.contributions import valence
from cxcurve.metrics.episodes import episodes
from cxcurve.metrics.feedback import answer_keys
from cxcurve.metrics.literals import float64
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.stats.strata import Stratified, stratified_odds_ratio
from cxcurve.tables import US_PER_DAY

READY_MOMENTUM, READY_FRICTION, READY_WEEKS = 55.0, 25.0, 4
WORD_DAYS, ACTION_DAYS = 180, 90
CRITICAL = -0.5
"""From this valence down a public word is that of a critic: a review of 1 or 2, not one of 3."""
_MOST_OF_A_DETRACTOR = 6


def actions(log: ir.Table, plan: Plan) -> ir.Table:
    """Advocacy actions: customer_key, signal_key, occurred_us. Of those with a valence only the good are."""
    found = _said_well(log, plan, [key for key, signal in plan.signals.items() if signal.advocacy])
    return found.select("customer_key", "signal_key", "occurred_us")


def critics(log: ir.Table, plan: Plan) -> ir.Table:
    """What critics said: customer_key, signal_key, occurred_us, value, text.

    A public word (feedback: indirect) that is clearly negative, or an NPS of 0 to 6 with a text.
    """
    public = [key for key, signal in plan.signals.items() if signal.valence and signal.feedback == "indirect"]
    is_public = log.signal_key.isin(public or [-1]) & (valence(log, plan) <= float64(CRITICAL))
    is_low = (log.value >= float64(0.0)) & (log.value <= float64(_MOST_OF_A_DETRACTOR))
    is_detractor = log.signal_key.isin(answer_keys(plan, "nps") or [-1]) & is_low & (log.text.fill_null("") != "")
    return log.filter(is_public | is_detractor).select("customer_key", "signal_key", "occurred_us", "value", "text")


def is_critical(event: Mapping[str, Any], plan: Plan) -> bool:
    """Whether an event is one of `critics`: its signal_key, value, amount and text."""
    key, value = event["signal_key"], event["value"]
    signal = plan.signals.get(key)
    if signal is not None and signal.valence and signal.feedback == "indirect":
        told = event[signal.valence.column]
        valence = None if told is None else signal.valence.valence_of(float(told))
        if valence is not None and valence <= CRITICAL:
            return True
    is_low = value is not None and 0.0 <= value <= _MOST_OF_A_DETRACTOR
    return is_low and bool(event["text"]) and key in answer_keys(plan, "nps")


def readiness(snapshot: Snapshot) -> ir.Table | None:
    """Every customer-week after first value: was the customer ready, and when did it speak for us next?

    Ready: Momentum at least 55 and JFI under 25 at the last four week ends of the cycle, a good word or a renewal
    within 180 days, and no open issue.

    Returns:
        customer_key, week, end_us, stage, is_ready, acted_us (the next action, null where there was none), last_us (the
        latest before). None where the model names no first value.
    """
    plan, rule = snapshot.plan, snapshot.plan.journey.time_to_value
    if rule is None:
        return None
    weeks = _weeks(snapshot)
    rows = _rows(weeks, weeks.end_us, **{name: weeks[name] for name in _OF_WEEKS})
    rows = reduce(ir.Table.union, _events(snapshot.log, plan, plan.keys_of(rule.goal)), rows)
    # What happens at the very end of a week is not known there.
    order = ["at_us", "is_event"]
    before = ibis.window(group_by="customer_key", order_by=order, preceding=(None, 0))
    ahead = ibis.window(group_by="customer_key", order_by=order, following=(0, None))
    rows = rows.mutate(
        value_us=rows.value_us.max().over(before),
        word_us=rows.word_us.max().over(before),
        n_open=rows.step.sum().over(before).fill_null(0),
        last_us=rows.acted_us.max().over(before),
        acted_us=rows.acted_us.min().over(ahead),
    )
    rows = rows.filter(rows.week.notnull() & (rows.value_us >= rows.began_us))
    has_word = (rows.at_us - rows.word_us <= WORD_DAYS * US_PER_DAY).fill_null(False)
    return rows.select(
        "customer_key", "week", "stage", "acted_us", "last_us",
        end_us=rows.at_us,
        is_ready=rows.is_smooth & has_word & (rows.n_open == 0),
    )  # fmt: skip


def followed(weeks: ir.Table, as_of_us: int) -> ir.Table:
    """Those rows of `readiness` that were followed for 90 days.

    Returns:
        customer_key, week, stage, is_ready, has_acted (within those 90 days).
    """
    horizon_us = ACTION_DAYS * US_PER_DAY
    told = weeks.filter(weeks.end_us + horizon_us <= as_of_us)
    has_acted = (told.acted_us < told.end_us + horizon_us).fill_null(False)
    return told.select("customer_key", "week", "stage", "is_ready", has_acted=has_acted)


def design_check(weeks: ir.Table) -> ir.Table:
    """Rows of `followed` by customer, stage and readiness: n (weeks), n_acted."""
    by = weeks.group_by("customer_key", "stage", "is_ready")
    return by.agg(n=weeks.count(), n_acted=weeks.has_acted.cast("int64").sum())


def check(rows: pa.Table) -> Stratified:
    """Odds of an action within 90 days, ready weeks against others after first value, at the same stage.

    Args:
        rows: of `design_check`.
    """
    names = ("is_ready", "n_acted", "stage", "customer_key", "n")
    first, did, stage, customer, n = (np.asarray(rows[name].to_numpy(zero_copy_only=False)) for name in names)
    return stratified_odds_ratio(first, did, stage, clusters=customer, n=n)


def _weeks(snapshot: Snapshot) -> ir.Table:
    """Customer weeks with their end, the beginning of their cycle, and whether all went well for four weeks."""
    weeks, stays = snapshot.customer_weeks, snapshot.stays
    began = stays.group_by("customer_key", "cycle").agg(began_us=stays.entered_us.min())
    is_good = (weeks.momentum_index >= float64(READY_MOMENTUM)) & (weeks.friction_index < float64(READY_FRICTION))
    lately = ibis.window(group_by=["customer_key", "cycle"], order_by="week", preceding=(READY_WEEKS - 1, 0))
    weeks = weeks.mutate(
        end_us=_calendar(snapshot).end_of(weeks.week), is_smooth=is_good.cast("int32").sum().over(lately) == READY_WEEKS
    )
    return weeks.join(began, ["customer_key", "cycle"])


def _calendar(snapshot: Snapshot) -> Calendar:
    end_us = Calendar(snapshot.zone, snapshot.as_of_us, snapshot.as_of_us).end_at(snapshot.first_week)
    return Calendar(snapshot.zone, end_us - 1, snapshot.as_of_us - 1)


def _events(log: ir.Table, plan: Plan, goals: list[int]) -> list[ir.Table]:
    """What readiness rests on, as rows to stand beside the weeks'."""
    renewals = [key for key, signal in plan.signals.items() if signal.moves_on == "renewal"]
    spoken = [key for key, signal in plan.signals.items() if signal.feedback != "inferred" and _may_please(plan, key)]
    value = log.filter(log.signal_key.isin(goals or [-1]))
    renewed = log.filter(log.signal_key.isin(renewals or [-1]))
    word, acted = _said_well(log, plan, spoken), actions(log, plan)
    spans = episodes(log, plan)
    spans = spans.filter(spans.signal_key.isin(plan.issue_keys or [-1]))
    ended = spans.filter(spans.ended_us.notnull())
    return [
        _rows(value, value.occurred_us, value_us=value.occurred_us),
        _rows(renewed, renewed.occurred_us, word_us=renewed.occurred_us),
        _rows(word, word.occurred_us, word_us=word.occurred_us),
        _rows(acted, acted.occurred_us, acted_us=acted.occurred_us),
        _rows(spans, spans.opened_us, step=ibis.literal(1)),
        _rows(ended, ended.ended_us, step=ibis.literal(-1)),
    ]


_OF_WEEKS = {"week": "int32", "stage": "int32", "is_smooth": "boolean", "began_us": "int64"}
_OF_EVENTS = {"value_us": "int64", "word_us": "int64", "acted_us": "int64", "step": "int64"}


def _rows(table: ir.Table, at_us: ir.Value, **told: ir.Value) -> ir.Table:
    """Weeks, or events: what the one says the other leaves null. Cast, since some columns are never null."""
    columns = {
        name: told[name].cast(kind) if name in told else ibis.null(kind)
        for name, kind in (_OF_WEEKS | _OF_EVENTS).items()
    }
    is_event = ibis.literal(int("week" not in told), "int32")
    return table.select(
        customer_key=table.customer_key.cast("int32"), at_us=at_us.cast("int64"), is_event=is_event, **columns
    )


def _may_please(plan: Plan, key: int) -> bool:
    """Whether such a word can be a good one: it has a valence, or is advocacy."""
    signal = plan.signals[key]
    return bool(signal.valence or signal.advocacy)


def _said_well(log: ir.Table, plan: Plan, keys: list[int]) -> ir.Table:
    """Events of some signals; of those with a valence the good ones."""
    scored = [key for key in keys if plan.signals[key].valence]
    is_good = ~log.signal_key.isin(scored or [-1]) | (valence(log, plan) > float64(0.0)).fill_null(False)
    return log.filter(log.signal_key.isin(keys or [-1]) & is_good)
