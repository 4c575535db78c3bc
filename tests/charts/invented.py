"""Invented numbers for the previews and the tests: a made-up company, the same on every run."""

from __future__ import annotations

import math
import random
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

from cxcurve import charts
from cxcurve.charts import CurvePoint, Drop, Note, ScatterPoint, StageBand, SurvivalStep, Zone

AS_OF = datetime(2026, 11, 1, 23, 59, tzinfo=UTC)
STAGES = ("Obstacle", "Research", "Benchmark", "Invest", "Transform", "Share")
PASSAGES = tuple(pairwise(STAGES))
SIGNALS = ("onboarding_step_overdue", "integration_failed", "ticket_reopened", "silence", "contract_redlined", "stall")
BRIDGES = ("Executive welcome within 24 h", "Roadmap made visible", "Scheduled onboarding", "Named success manager")


def wave(x: float) -> tuple[float, float]:
    """(momentum, friction) along a year: hope, doubt after signing, early wins, a difficult autumn."""
    momentum = 52 + 9 * math.sin(x / 5) - 20 * math.exp(-((x - 19) ** 2) / 14) + 8 * math.exp(-((x - 33) ** 2) / 50)
    friction = 17 + 5 * math.cos(x / 4) + 34 * math.exp(-((x - 20) ** 2) / 12) + 16 * math.exp(-((x - 44) ** 2) / 9)
    return momentum, friction


def curve_points(n_weeks: int = 52) -> list[CurvePoint]:
    made = []
    for week in range(n_weeks + 1):
        momentum, friction = wave(week)
        n = round(1840 * math.exp(-week / 11))
        half = 3 + 120 / math.sqrt(max(n, 1)) / 4
        level = momentum - friction
        made.append(CurvePoint(week, level, level - half, level + half, friction, momentum, n, n < 20))
    return made


def position_points() -> list[CurvePoint]:
    made = []
    for cell in range(60):
        momentum, friction = wave(cell * 52 / 60)
        level = momentum - friction
        made.append(CurvePoint(cell / 10, level, level - 5, level + 5, friction, momentum, 1840 - cell * 28, False))
    return made


def date_points() -> list[CurvePoint]:
    start = date(2025, 11, 3)
    return [
        CurvePoint(start + timedelta(weeks=p.x), p.level, p.low, p.high, p.friction_index, p.momentum_index, p.n)
        for p in curve_points()
    ]


WEEK_STAGES = tuple(
    StageBand(name, start, end)
    for name, start, end in zip(STAGES, (0, 4, 8, 15, 24, 41), (4, 8, 15, 24, 41, 52), strict=True)
)
POSITION_STAGES = tuple(StageBand(name, index, index + 1) for index, name in enumerate(STAGES))
WEEK_ZONES = (
    Zone("Invest → Transform", 17, 23, 0.31, 184_000, True),
    Zone("Benchmark → Invest", 11, 16, 0.22, 96_500),
    Zone("Transform → Share", 41, 47, 0.44, 61_200),
)
POSITION_ZONES = tuple(
    Zone(f"{a} → {b}", index + 0.6, index + 1.15, 0.18 + 0.06 * index, 30_000 * (index + 1), index == 3)
    for index, (a, b) in enumerate(PASSAGES)
)
DROPS = (
    Drop(
        18.5, -27.4, (("onboarding_step_overdue", -11.2), ("integration_failed", -8.0), ("silence", -4.1)), "in Invest"
    ),
    Drop(43, -15.8, (("ticket_reopened", -7.7), ("outage_hit", -4.6)), "in Share"),
)
NOTES = (Note(16, "New onboarding, guided set-up"), Note(36, "Release 4.2"), Note(43, "Outage of four hours"))


def wide_curve(**options: Any) -> charts.Picture:
    return charts.curve(curve_points(), WEEK_STAGES, WEEK_ZONES, DROPS, NOTES, currency="EUR", **options)


def survival_steps() -> list[SurvivalStep]:
    shares = [(day, 0.78 * (1 - math.exp(-day / 14))) for day in range(1, 91)]
    return [SurvivalStep(d, s, max(0, s - 0.06), min(1, s + 0.05), round(420 * (1 - s))) for d, s in shares]


def scatter_points(n: int = 1200) -> list[ScatterPoint]:
    chance = random.Random(11)
    made = []
    for index in range(n):
        friction, momentum = 100 * chance.betavariate(1.2, 2.6), 100 * chance.betavariate(4, 3.6)
        made.append(
            ScatterPoint(
                f"Customer {index}",
                friction,
                momentum,
                2000 * math.exp(chance.gauss(1.6, 1.1)),
                f"/customers/c-{index}",
                (None, "flowing", "pushing through", "coasting", "stuck")[index % 5],
            )
        )
    return made
