"""Recurring revenue: every movement of what each customer pays a year, in cents, from the events that move it.

A customer's movements add up to what it pays: that is why a ledger of them reconciles to the cent (docs/revenue.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from cxcurve.metrics.snapshot import Snapshot
from cxcurve.model.journey import Journey, Recurring
from cxcurve.stats.estimates import Ints

CENTS = 100
MONTHS_A_YEAR = 12


class Kind(IntEnum):
    """What a movement is."""

    NEW = 0
    REACTIVATION = 1
    EXPANSION = 2
    CONTRACTION = 3
    CHURN = 4


KINDS = tuple(kind.name.lower() for kind in Kind)
"""In the order of a ledger."""
DOES = ("starts", "changes", "adds", "removes", "ends")
"""What an event does to revenue, in the order in which events of the same moment count."""
_STARTS, _CHANGES, _ADDS, _REMOVES, _ENDS = range(len(DOES))


@dataclass(frozen=True, eq=False)
class Movements:
    """Movements of all customers, those of one customer in order of time; (n,) arrays.

    Attributes:
        customer: customer_key.
        at_us: when.
        kind: a `Kind`.
        cents: what the customer pays a year more, or less where it is under 0.
        n_from_table: starts without an amount, taken from what the table of customers says.
        n_without: starts of which no revenue is known: the customer counts, with nothing to pay.
        n_before_start: events of customers who pay nothing, left out.
        n_foreign: events in another currency, whose amounts are left out.
    """

    customer: Ints
    at_us: Ints
    kind: Ints
    cents: Ints
    n_from_table: int = 0
    n_without: int = 0
    n_before_start: int = 0
    n_foreign: int = 0

    def __len__(self) -> int:
        return len(self.customer)

    def before(self, us: int) -> Movements:
        """Those before a moment."""
        keep = self.at_us < us
        arrays = {name: getattr(self, name)[keep] for name in ("customer", "at_us", "kind", "cents")}
        return replace(self, **arrays)


def recurring_rule(journey: Journey) -> tuple[Recurring | None, bool]:
    """Which events move revenue, and whether the journey says so.

    Where it does not, customers pay from the event that starts the way to value until they exit, and the same all the
    time; None where there is no such event either.
    """
    if journey.recurring is not None:
        return journey.recurring, True
    value = journey.time_to_value
    return (None if value is None else Recurring(starts=(value.start,), ends=journey.exits)), False


def revenue_events(snapshot: Snapshot, rule: Recurring) -> ir.Table:
    """The events that move revenue: customer_key, signal_key, occurred_us, event_id, amount, currency."""
    keys = snapshot.plan.keys_of(*(name for does in DOES for name in getattr(rule, does)))
    log = snapshot.log.filter(snapshot.log.signal_key.isin(keys or [-1]))
    return log.select("customer_key", "signal_key", "occurred_us", "event_id", "amount", "currency")


def movements_of(
    events: pa.Table, rule: Recurring, signal_keys: Mapping[str, int], known: Mapping[int, float], currency: str
) -> Movements:
    """The movements that rows of `revenue_events` make, whatever order they come in.

    Args:
        events: rows of `revenue_events`.
        rule: what each of them does.
        signal_keys: key of each event's name.
        known: by customer key what it pays a year, as the table of customers has it, for starts without an amount.
        currency: amounts in another one are left out: nobody knows the rate.
    """
    does_of = {signal_keys[n]: i for i, does in enumerate(DOES) for n in getattr(rule, does) if n in signal_keys}
    times = MONTHS_A_YEAR if rule.per == "month" else 1
    rows, n_foreign = list[_Row](), 0
    for row in events.to_pylist():
        is_foreign = row["amount"] is not None and (row["currency"] or currency).upper() != currency.upper()
        n_foreign += is_foreign
        amount = None if is_foreign or row["amount"] is None else cents_of(row["amount"] * times)
        moment = row["occurred_us"], does_of[row["signal_key"]], row["event_id"]
        rows.append(_Row(row["customer_key"], moment, amount))
    rows.sort(key=lambda row: (row.customer, row.moment))
    return replace(_folded(rows, known), n_foreign=n_foreign)


def cents_of(amount: float) -> int:
    """Money in hundredths."""
    return round(amount * CENTS)


@dataclass(frozen=True, slots=True)
class _Row:
    customer: int
    moment: tuple[int, int, str]
    cents: int | None

    @property
    def does(self) -> int:
        return self.moment[1]


class _Fold:
    """One customer after another, event after event."""

    def __init__(self) -> None:
        self.moves: list[tuple[int, int, int, int]] = []
        self.n_before_start = 0

    def customer(self, rows: list[_Row], firsts: Mapping[int, int]) -> None:
        """Its movements; `firsts` are the starts whose amount was not told, by their place in `rows`."""
        level, is_paying, was_paying = 0, False, False
        for place, row in enumerate(rows):
            if not is_paying and row.does != _STARTS:
                self.n_before_start += row.does != _ENDS  # who never paid may leave, too
                continue
            if not is_paying:
                level = max(firsts.get(place, 0) if row.cents is None else row.cents, 0)
                self._move(row, Kind.REACTIVATION if was_paying else Kind.NEW, level)
                is_paying = was_paying = True
                continue
            by = max(_change(row, level), -level)
            is_over = by == -level and (row.does == _ENDS or by < 0)
            if is_over:
                self._move(row, Kind.CHURN, by)
            elif by:
                self._move(row, Kind.EXPANSION if by > 0 else Kind.CONTRACTION, by)
            level, is_paying = level + by, not is_over

    def _move(self, row: _Row, kind: Kind, cents: int) -> None:
        self.moves.append((row.customer, row.moment[0], int(kind), cents))


def _change(row: _Row, level: int) -> int:
    """What an event does to what a customer pays: a further start adds, an end without an amount takes all."""
    cents = row.cents or 0
    if row.does == _ENDS:
        return -abs(cents) if cents else -level
    if row.does == _REMOVES:
        return -abs(cents)
    return cents if row.does == _CHANGES else abs(cents)


def _folded(rows: list[_Row], known: Mapping[int, float]) -> Movements:
    fold, n_from_table, n_without, start = _Fold(), 0, 0, 0
    while start < len(rows):
        end = start
        while end < len(rows) and rows[end].customer == rows[start].customer:
            end += 1
        mine = rows[start:end]
        firsts = _first_amounts(mine, known.get(mine[0].customer))
        n_from_table += sum(1 for cents in firsts.values() if cents)
        n_without += sum(1 for cents in firsts.values() if not cents)
        fold.customer(mine, firsts)
        start = end
    customer, at_us, kind, cents = np.array(fold.moves, dtype=np.int64).reshape(-1, 4).T
    return Movements(customer, at_us, kind, cents, n_from_table, n_without, fold.n_before_start)


def _first_amounts(rows: list[_Row], known: float | None) -> dict[int, int]:
    """What starts without an amount began with: what is known at their end, less what changed in between.

    At the end of a time of paying its last event may tell; else the table of customers does.
    """
    found: dict[int, int] = {}
    open_, since = None, 0
    for place, row in enumerate(rows):
        if row.does == _STARTS and open_ is None:
            open_, since = place, 0
        elif open_ is not None and row.does == _ENDS:
            if rows[open_].cents is None:
                last = abs(row.cents) if row.cents else cents_of(known or 0.0)
                found[open_] = max(last - since, 0)
            open_ = None
        elif open_ is not None:
            since += _change(row, 0)
    if open_ is not None and rows[open_].cents is None:
        found[open_] = max(cents_of(known or 0.0) - since, 0)
    return found
