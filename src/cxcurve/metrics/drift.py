"""Drift zones: the passages between stages, as competing risks (definitions.md, 6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from cxcurve.errors import Reason
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.stats.estimates import Estimate, difference, nothing
from cxcurve.stats.event_table import EventTable
from cxcurve.stats.logrank import logrank
from cxcurve.stats.multiplicity import holm
from cxcurve.stats.proportions import odds_ratio
from cxcurve.stats.survival import Curve, aalen_johansen, kaplan_meier
from cxcurve.tables import US_PER_DAY

PROGRESSED, EXITED = 1, 2
HORIZON_DAYS, AHEAD_DAYS = 365.0, 28.0
WINDOW_DAYS = 180
FEWEST, FEWEST_FOLLOWED = 20, 10
_N_DRAWS = 200
ALPHA = 0.05

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Drifting:
    """A customer beyond the usual end of the passage, with what is at stake."""

    customer_key: int
    days: float
    revenue: float
    is_usual_revenue: bool
    progress_share: float
    impact_revenue: float


@dataclass(frozen=True, slots=True)
class Overrepresented:
    """A signal seen more often among the stalled than among those who moved on, at the same dwell."""

    signal: str
    odds_ratio: Estimate


@dataclass(frozen=True, slots=True)
class Zone:
    """The passage out of one stage; `window_days` says who is told of, None where it is everybody for want of them."""

    start: str
    goal: str
    window_days: float | None
    n_entered: int
    n_progressed: int
    n_exited: int
    n_open: int
    stall: Estimate
    leak: Estimate
    progressed: Estimate
    tau_days: float | None
    is_tau_expected: bool
    change_stall: Estimate
    change_leak: Estimate
    change_p: float | None
    drifting_now: tuple[Drifting, ...]
    impact: Estimate
    signals: tuple[Overrepresented, ...] = ()
    reason: Reason | None = None

    @property
    def is_real_change(self) -> bool | None:
        """Whether stall really changed: the corrected test and the interval both say so; None where nothing can."""
        if self.change_p is None or self.change_stall.value is None:
            return None
        return self.change_p < ALPHA and bool(self.change_stall.is_real())


@dataclass(frozen=True, slots=True)
class Passage:
    """Everybody who entered one stage: arrays over stays."""

    stage: int
    customer_key: NDArray[np.int64]
    days: Floats
    cause: NDArray[np.int64]
    entered_us: NDArray[np.int64]

    def part(self, rows: NDArray[np.bool_]) -> Passage:
        """Some of the stays."""
        return Passage(self.stage, self.customer_key[rows], self.days[rows], self.cause[rows], self.entered_us[rows])

    def is_since(self, as_of_us: int, days: float) -> NDArray[np.bool_]:
        """Which stays began in the last so many days."""
        return self.entered_us >= as_of_us - round(days * US_PER_DAY)

    @property
    def table(self) -> EventTable:
        """Counts by day."""
        return EventTable.from_rows(self.days, self.cause, 2)


def passages(stays: pa.Table, n_stages: int, as_of_us: int) -> list[Passage]:
    """The stays of every stage but the last, whole days apart from nothing: `days` are exact."""
    stage = stays["stage"].to_numpy()
    entered = stays["entered_us"].to_numpy().astype(np.int64)
    left = stays["left_us"].cast(pa.int64()).fill_null(as_of_us).to_numpy()
    codes = {"open": 0, "progressed": PROGRESSED, "exited": EXITED}
    cause = np.array([codes[how] for how in stays["ended_by"].to_pylist()], dtype=np.int64)
    days = np.maximum(left - entered, 0) / US_PER_DAY
    keys = stays["customer_key"].to_numpy().astype(np.int64)
    return [Passage(k, *(values[stage == k] for values in (keys, days, cause, entered))) for k in range(n_stages - 1)]


def known_at(stays: pa.Table, as_of_us: int) -> pa.Table:
    """Stays as they were known at an earlier time: who entered before, open where left at it or later."""
    entered = stays.filter(pc.less(stays["entered_us"], as_of_us))
    is_left = pc.fill_null(pc.less(entered["left_us"], as_of_us), False)
    left = pc.if_else(is_left, entered["left_us"], pa.scalar(None, entered["left_us"].type))
    ended = pc.if_else(is_left, entered["ended_by"], "open")
    place = entered.schema.get_field_index
    return entered.set_column(place("left_us"), "left_us", left).set_column(place("ended_by"), "ended_by", ended)


def drift_zones(
    found: Sequence[Passage],
    *,
    names: Sequence[str],
    expected_days: Sequence[float],
    revenue: Mapping[int, tuple[float, bool]],
    as_of_us: int,
    window_days: int = WINDOW_DAYS,
    seed: int = 1,
) -> list[Zone]:
    """Every zone, recent entrants (the window) against earlier ones (the reference).

    Args:
        found: from `passages`.
        names: stage names.
        expected_days: the model's expected stay by stage, 0 where it has none; used where the reference is thin.
        revenue: by customer key: money per year, and whether it is the segment's usual, for want of the own.
        as_of_us: now.
        window_days: who entered in so many days is recent; twice the zone's deadline where that is longer, for in a
            shorter window nobody could be followed to it.
        seed: of the interval around the impact.
    """
    zones = [_zone(p, names, expected_days[p.stage], revenue, as_of_us, window_days, seed) for p in found]
    tested = [zone.change_p for zone in zones if zone.change_p is not None]
    corrected = iter(holm(tested).tolist() if tested else [])
    return [replace(zone, change_p=next(corrected)) if zone.change_p is not None else zone for zone in zones]


def _zone(
    passage: Passage,
    names: Sequence[str],
    expected: float,
    revenue: Mapping[int, tuple[float, bool]],
    as_of_us: int,
    window_days: float,
    seed: int,
) -> Zone:
    tau, is_expected = _tau(passage.part(~passage.is_since(as_of_us, window_days)), expected)
    window = max(window_days, 2 * (tau or 0.0))
    is_recent = passage.is_since(as_of_us, window)
    recent, earlier = passage.part(is_recent), passage.part(~is_recent)
    is_enough = len(recent.days) >= FEWEST
    judged = recent if is_enough else passage
    stall, leak, through = _shares(judged.table, tau)
    comparable = min(len(recent.days), len(earlier.days)) >= FEWEST and stall.value is not None
    before = _shares(earlier.table, tau) if comparable else (nothing(), nothing(), nothing())
    test = logrank([recent.table, earlier.table], cause=PROGRESSED) if comparable else None
    drifting = _drifting(passage, tau, revenue)
    return Zone(
        start=names[passage.stage],
        goal=names[passage.stage + 1],
        window_days=window if is_enough else None,
        n_entered=len(judged.days),
        n_progressed=int((judged.cause == PROGRESSED).sum()),
        n_exited=int((judged.cause == EXITED).sum()),
        n_open=int((judged.cause == 0).sum()),
        stall=stall,
        leak=leak,
        progressed=through,
        tau_days=tau,
        is_tau_expected=is_expected,
        change_stall=difference(stall, before[0]) if comparable else nothing(),
        change_leak=difference(leak, before[1]) if comparable else nothing(),
        change_p=test.p_value if test else None,
        drifting_now=drifting,
        impact=_impact(passage, drifting, seed),
        reason=stall.reason,
    )


def _tau(reference: Passage, expected: float) -> tuple[float | None, bool]:
    """First day on which 80 % of those who will progress within a year have; else what the model expects."""
    if (reference.cause == PROGRESSED).sum() >= FEWEST:
        curve = aalen_johansen(reference.table, PROGRESSED)
        goal = 0.8 * _value(curve, HORIZON_DAYS)
        if goal > 0:
            return float(curve.times[np.argmax(curve.share >= goal - 1e-12)]), False
    return (expected, True) if expected > 0 else (None, False)


def _shares(table: EventTable, tau: float | None) -> tuple[Estimate, Estimate, Estimate]:
    """Stall, leak and progressed at tau; they add up to 1. None, with the reason, where nobody was followed to tau."""
    if tau is None or table.n < FEWEST:
        return nothing(table.n), nothing(table.n), nothing(table.n)
    there = kaplan_meier(table)
    if tau > there.followed_days:
        untold = nothing(table.n, Reason.NOT_FOLLOWED)
        return untold, untold, untold
    return there.at(tau), aalen_johansen(table, EXITED).at(tau), aalen_johansen(table, PROGRESSED).at(tau)


def _drifting(passage: Passage, tau: float | None, revenue: Mapping[int, tuple[float, bool]]) -> tuple[Drifting, ...]:
    """Open stays beyond tau, the largest loss first."""
    if tau is None or not len(passage.days):
        return ()
    late = np.flatnonzero((passage.cause == 0) & (passage.days > tau))
    chances = _Chances.of(passage.table)
    ahead, lost = chances.ahead(passage.days[late]), chances.lost(passage.days[late])
    rows = []
    for place, i in enumerate(late):
        money, is_usual = revenue.get(int(passage.customer_key[i]), (0.0, True))
        rows.append(
            Drifting(
                int(passage.customer_key[i]),
                float(passage.days[i]),
                money,
                is_usual,
                float(ahead[place]),
                money * float(lost[place]),
            )
        )
    return tuple(sorted(rows, key=lambda row: (-row.impact_revenue, -row.days, row.customer_key)))


@dataclass(frozen=True, slots=True)
class _Chances:
    """Chance to progress, from those who entered before: by day, share progressed and share still there.

    Past `known_days` fewer than ten were ever followed, and a single one of them would make a chance of 100 %: who is
    there longer is taken to be there that long.
    """

    days: Floats
    through: Floats
    there: Floats
    known_days: float

    @classmethod
    def of(cls, table: EventTable) -> _Chances:
        curve, stay = aalen_johansen(table, PROGRESSED), kaplan_meier(table)
        many = curve.times[curve.n_at_risk >= FEWEST_FOLLOWED]
        return cls(curve.times, curve.share, stay.share, float(many[-1]) if len(many) else 0.0)

    def _at(self, line: Floats, days: Floats) -> Floats:
        return np.asarray(line[np.searchsorted(self.days, days, side="right") - 1])

    def ahead(self, days: Floats) -> Floats:
        """P(progress within 28 days | still here after `days`)."""
        start = np.minimum(days, self.known_days)
        return self._given(start, start + AHEAD_DAYS)

    def lost(self, days: Floats) -> Floats:
        """How much of the chance to progress within a year is gone since the entry."""
        at_entry = self._at(self.through, np.array([HORIZON_DAYS]))[0]
        start = np.minimum(days, self.known_days)
        now = self._given(start, np.maximum(start, HORIZON_DAYS))
        return np.asarray(np.maximum(at_entry - now, 0.0))

    def _given(self, start: Floats, end: Floats) -> Floats:
        there = self._at(self.there, start)
        gain = self._at(self.through, end) - self._at(self.through, start)
        return np.asarray(np.clip(np.divide(gain, there, out=np.zeros_like(gain), where=there > 0), 0.0, 1.0))


def _impact(passage: Passage, drifting: Sequence[Drifting], seed: int) -> Estimate:
    """Revenue a year that the drifting customers' lost chances are worth; interval by drawing the others anew.

    None where customers drift and nobody's revenue is known: nothing is worth 0 for want of a price.
    """
    n = len(passage.days)
    if n < FEWEST:
        return nothing(n)
    if not drifting:
        return Estimate(0.0, 0.0, 0.0, n)
    if not any(one.revenue for one in drifting):
        return nothing(n, Reason.NO_REVENUE)
    # Six hours are fine enough for an interval, and keep the draws small however many customers there are.
    table = EventTable.from_rows(np.round(passage.days * 4) / 4, passage.cause, 2)
    days = np.minimum([one.days for one in drifting], _Chances.of(table).known_days)
    low, high = np.quantile(
        _drawn_losses(table, days, np.array([one.revenue for one in drifting]), seed), [0.025, 0.975]
    )
    return Estimate(sum(one.impact_revenue for one in drifting), float(low), float(high), n)


def _drawn_losses(table: EventTable, days: Floats, revenue: Floats, seed: int) -> Floats:
    """(draws,) the loss with as many entrants drawn anew, for customers there since `days`."""
    cells = np.column_stack([table.n_events, table.n_censored])
    share = (cells / cells.sum()).ravel()
    drawn = np.random.default_rng(seed).multinomial(table.n, share, size=_N_DRAWS).reshape(_N_DRAWS, *cells.shape)
    at_risk = np.maximum(drawn.sum(axis=2)[:, ::-1].cumsum(axis=1)[:, ::-1], 1)
    there = np.cumprod(1 - drawn[:, :, :2].sum(axis=2) / at_risk, axis=1)
    before = np.concatenate([np.ones((_N_DRAWS, 1)), there[:, :-1]], axis=1)
    through = np.cumsum(before * drawn[:, :, PROGRESSED - 1] / at_risk, axis=1)

    def place(day: Floats) -> NDArray[np.intp]:
        return np.maximum(np.searchsorted(table.times, day, side="right") - 1, 0)

    start, inverse = np.unique(place(days), return_inverse=True)
    money = np.bincount(inverse, revenue, len(start))
    end = place(np.maximum(table.times[start], HORIZON_DAYS))
    gain = through[:, end] - through[:, start]
    now = np.clip(np.divide(gain, there[:, start], out=np.zeros_like(gain), where=there[:, start] > 0), 0.0, 1.0)
    at_entry = through[:, place(np.array([HORIZON_DAYS]))]
    return np.asarray(np.maximum(at_entry - now, 0.0) @ money)


def _value(curve: Curve, day: float) -> float:
    return float(curve.share[np.searchsorted(curve.times, day, side="right") - 1])


def early_signals(snapshot: Snapshot, members: ir.Table) -> ir.Table:
    """Customers of each group with each signal, while both groups were there equally long.

    Args:
        snapshot: what is known.
        members: customer_key, entered_us, until_us, group ("stalled" or "progressed").

    Returns:
        signal_key, group, n (customers).
    """
    log = snapshot.log.select("customer_key", "signal_key", "occurred_us").join(members, "customer_key")
    inside = log.filter((log.occurred_us >= log.entered_us) & (log.occurred_us < log.until_us))
    return inside.group_by("signal_key", "group").agg(n=inside.customer_key.nunique())


def equal_dwell_groups(passage: Passage, tau: float) -> pa.Table:
    """Who stalled and who moved on after the same dwell: both were there for the first half of tau."""
    dwell = tau / 2
    stalled = (passage.days > tau) & (passage.cause != PROGRESSED)
    moved = (passage.cause == PROGRESSED) & (passage.days >= dwell) & (passage.days <= tau)
    keep = stalled | moved
    return pa.table(
        {
            "customer_key": pa.array(passage.customer_key[keep], pa.int32()),
            "entered_us": passage.entered_us[keep],
            "until_us": passage.entered_us[keep] + int(dwell * US_PER_DAY),
            "group": ["stalled" if is_stalled else "progressed" for is_stalled in stalled[keep]],
        }
    )


def overrepresented(
    counts: pa.Table, groups: pa.Table, names: Mapping[int, str], most: int = 5
) -> tuple[Overrepresented, ...]:
    """Signals whose odds ratio, stalled against moved on, is above 1 with its whole interval; largest first."""
    sizes = {kind: len(set(_of_group(groups, kind))) for kind in ("stalled", "progressed")}
    if min(sizes.values()) < FEWEST:
        return ()
    seen: dict[int, dict[str, int]] = {}
    for row in counts.to_pylist():
        seen.setdefault(row["signal_key"], {})[row["group"]] = row["n"]
    found = [
        Overrepresented(
            names[key],
            odds_ratio(n.get("stalled", 0), sizes["stalled"], n.get("progressed", 0), sizes["progressed"]),
        )
        for key, n in seen.items()
        if key in names
    ]
    clear = [item for item in found if (item.odds_ratio.low or 0.0) > 1.0]
    return tuple(sorted(clear, key=lambda item: -(item.odds_ratio.value or 0.0))[:most])


def _of_group(groups: pa.Table, kind: str) -> list[int]:
    rows = zip(groups["customer_key"].to_pylist(), groups["group"].to_pylist(), strict=True)
    return [key for key, group in rows if group == kind]
