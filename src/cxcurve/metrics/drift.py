"""Drift zones: the passages between stages, as competing risks (definitions.md, 6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from cxcurve.errors import Reason
from cxcurve.metrics.drifting import HORIZON_DAYS, Drifting, Present, Revenue, drifting_now, impact, present_now
from cxcurve.metrics.early_signals import Overrepresented
from cxcurve.metrics.passages import EXITED, FEWEST, PROGRESSED, Passage
from cxcurve.metrics.zone_levels import Levels
from cxcurve.stats.estimates import Estimate, difference, nothing
from cxcurve.stats.event_table import EventTable
from cxcurve.stats.logrank import logrank
from cxcurve.stats.multiplicity import holm
from cxcurve.stats.survival import Curve, aalen_johansen, kaplan_meier

WINDOW_DAYS = 180
ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Zone:
    """The passage out of one stage.

    Attributes:
        window_days: who is told of entered in so many days; None where it is everybody, for want of them.
        drifting_now: who is beyond tau, in order of revenue x chance to save.
        present_now: who is in the zone, the longest there first, where there is too little to tell rates.
        impact: revenue a year that the lost chances of those drifting now are worth.
        signals, levels: found in events and weeks, which `drift_zones` does not know.
        reason: why there are no rates.
    """

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
    present_now: tuple[Present, ...] = ()
    signals: tuple[Overrepresented, ...] = ()
    levels: Levels = field(default_factory=Levels)
    reason: Reason | None = None

    @property
    def n_untold(self) -> int:
        """How many drift for so long that too few were followed to tell their chances."""
        return sum(one.progress_share is None for one in self.drifting_now)

    @property
    def is_real_change(self) -> bool | None:
        """Whether stall really changed: the corrected test and the interval both say so; None where nothing can."""
        if self.change_p is None or self.change_stall.value is None:
            return None
        return self.change_p < ALPHA and bool(self.change_stall.is_real())


def drift_zones(
    found: Sequence[Passage],
    *,
    names: Sequence[str],
    expected_days: Sequence[float],
    revenue: Revenue,
    as_of_us: int,
    window_days: int = WINDOW_DAYS,
    seed: int = 1,
) -> list[Zone]:
    """Every zone, recent entrants (the window) against earlier ones (the reference).

    Args:
        found: from `passages`.
        names: stage names.
        expected_days: the model's expected stay by stage, 0 where it has none; used where the reference is thin.
        revenue: of every customer.
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
    revenue: Revenue,
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
    drifting = drifting_now(passage, tau, revenue)
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
        impact=impact(passage, drifting, seed=seed),
        present_now=() if stall.reason is None else present_now(passage, revenue),
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


def _value(curve: Curve, day: float) -> float:
    return float(curve.share[np.searchsorted(curve.times, day, side="right") - 1])
