"""Are drift zones found where they are planted, and not where nothing is?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cxcurve.learn.moments import FalseAlarms
from cxcurve.metrics.passages import PROGRESSED, passages
from cxcurve.sources.simulated import Truth, Zone
from cxcurve.stats.estimates import Estimate
from cxcurve.stats.logrank import logrank
from cxcurve.stats.proportions import wilson
from cxcurve.truth.claims import Claim, mean_over
from cxcurve.truth.companies import company
from cxcurve.workspace.workspace import Workspace

ALPHA = 0.05
WINDOW_DAYS, FEWEST = 180, 20


STAGES = ("research", "benchmark", "invest")
SLOWER = 1.5
"""Doublings of the weekly odds of moving on that are lost in the planted zone."""


@dataclass(frozen=True)
class Planted:
    """What one company with a planted zone shows: where, its rank, and the change of its stall."""

    stage: str
    rank: int | None
    effect: Estimate


def planted(seed: int, customers: int) -> Planted:
    """All zones in order of how surely they became slower: where does the planted one stand?"""
    stage = STAGES[seed % len(STAGES)]
    truth = Truth(zone=Zone(stage, "", weeks_before_end=26, slower=SLOWER, signal="meeting_missed", times=2.0))
    with company(customers=customers, seed=seed, truth=truth) as (workspace, _):
        zones = workspace.drift().zones
    slower = [one for one in zones if one.change_p is not None and (one.change_stall.value or 0.0) > 0]
    slower.sort(key=lambda one: (one.change_p or 0.0, -(one.change_stall.value or 0.0)))
    places = [one.start for one in slower]
    if stage not in places:
        return Planted(stage, None, Estimate(None))
    return Planted(stage, places.index(stage) + 1, slower[places.index(stage)].change_stall)


def unchanged(seed: int, customers: int) -> list[float]:
    """The p values of all zones of a company in which nothing changes."""
    truth = Truth(zone=None, shocks=())
    with company(customers=customers, seed=seed, truth=truth) as (workspace, _):
        return _p_values(workspace)


def placebos(seed: int, customers: int) -> FalseAlarms:
    """What moments drawn at random find in a company."""
    with company(customers=customers, seed=seed) as (workspace, _):
        return workspace.moments().found.false_alarms


def claims(found: Sequence[Planted], p_values: Sequence[Sequence[float]]) -> tuple[Claim, ...]:
    """The gates of the drift zones."""
    first = sum(one.rank == 1 for one in found)
    tests = [p for company in p_values for p in company]
    alarms = wilson(sum(p < ALPHA for p in tests), len(tests))
    ranks = [f"{one.stage}: {'not told' if one.rank is None else one.rank}" for one in found]
    return (
        Claim(
            "The planted drift zone stands first of all zones",
            wilson(first, len(found)),
            0.9,
            None,
            "share",
            (f"ranks: {', '.join(ranks)}",),
        ),
        Claim(
            "Where nothing changes the log-rank test raises an alarm (share of the tests)",
            alarms,
            0.02,
            0.08,
            "share",
        ),
    )


def moments_claims(found: Sequence[FalseAlarms]) -> tuple[Claim, ...]:
    """The gate of the moments of truth: those that mean nothing are flagged as often as chance flags."""
    share = mean_over([one.share.value for one in found if one.share.value is not None])
    name = f"Moments drawn at random are flagged at p < {ALPHA} ({sum(one.n for one in found):,} tests)"
    return (Claim(name, share, 0.03, 0.07, "share"),)


def _p_values(workspace: Workspace) -> list[float]:
    """Recent entrants against earlier ones, as the product compares them, before the correction for many tests."""
    with workspace.snapshot() as known:
        stays = workspace.store.arrow(known.stays)
        found = []
        for passage in passages(stays, len(known.stage_names), known.as_of_us):
            is_recent = passage.is_since(known.as_of_us, WINDOW_DAYS)
            parts = passage.part(is_recent), passage.part(~is_recent)
            if min(len(part.days) for part in parts) >= FEWEST:
                p_value = logrank([part.table for part in parts], cause=PROGRESSED).p_value
                found += [] if p_value is None else [p_value]
        return found
