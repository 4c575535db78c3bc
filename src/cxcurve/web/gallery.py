"""Every kind of picture with invented numbers: for the page that shows them, and for the tests of their looks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from itertools import pairwise
from math import cos, exp, sin

from cxcurve import charts
from cxcurve.charts import (
    CurvePoint,
    Lane,
    Link,
    Mark,
    Measure,
    Node,
    Part,
    Picture,
    Promise,
    Said,
    ScatterPoint,
    Series,
    Span,
    Spot,
    StageBand,
    SurvivalStep,
    TrendPoint,
)

Draw = Callable[[float], Picture]
STAGES = ("Obstacle", "Research", "Benchmark", "Invest", "Transform", "Share")
_START = date(2025, 11, 3)
_WEEKS = [_START + timedelta(weeks=week) for week in range(52)]


def pictures() -> Mapping[str, Mapping[str, Draw]]:
    """By what they are about: what each is called, and how it is drawn at a width."""
    return {
        "time": {
            "Line with band": _trend,
            "Two lines": _two_lines,
            "Areas": _areas,
            "Timeline": _timeline,
            "Share reached": _survival,
        },
        "journey": {"CX Curve": _curve, "Flow between stages": _transitions},
        "compare": {
            "Heatmap": _heatmap,
            "Quadrant": _quadrant,
            "Friction and Momentum": _scatter,
            "Claimed and seen": _promise,
            "Promised and seen": _effect,
        },
    }


def small_pictures() -> Mapping[str, Draw]:
    """Those that need half the room."""
    return {
        "Donut": _donut,
        "Bars": lambda width: charts.bars(_POINTS, width=width),
        "Parts of one bar": lambda width: charts.flow(0.61, 0.28, 0.11, width=width),
        "Waterfall": lambda width: charts.waterfall(_YEAR, currency="EUR", width=width, title="A year of revenue"),
        "Nothing to draw": lambda width: charts.trend([], width=width),
    }


def _wave(week: int, height: float = 0.1) -> float:
    return height * (1.4 + sin(week / 5) * 0.5 + 0.8 * exp(-((week - 34) ** 2) / 30))


def _point(week: int, value: float, half: float) -> TrendPoint:
    return TrendPoint(_WEEKS[week], value, max(value - half, 0.0), value + half, 400 - 6 * week, week > 46)


def _trend(width: float) -> Picture:
    points = [_point(week, _wave(week), 0.02 + week / 3000) for week in range(52)]
    points[14:17] = [TrendPoint(_WEEKS[week], None) for week in (14, 15, 16)]
    return charts.trend(
        [Series("Stall share", points)], unit="share", target=0.12, width=width, title="Stall share by week"
    )


def _two_lines(width: float) -> Picture:
    ours = [TrendPoint(_WEEKS[week], _wave(week, 300_000)) for week in range(52)]
    others = [TrendPoint(_WEEKS[week], 240_000 + 3000 * week) for week in range(52)]
    series = [Series("Revenue that drifts", ours, "drag"), Series("Revenue that moves on", others, "pull")]
    return charts.trend(series, unit="money", currency="EUR", width=width, title="Revenue by week")


def _areas(width: float) -> Picture:
    def points(base: float, swing: float) -> list[TrendPoint]:
        return [TrendPoint(day, base + swing * cos(week / 8)) for week, day in enumerate(_WEEKS)]

    parts = [("Invest", 120, 20), ("Transform", 180, 40), ("Share", 90, 30)]
    series = [Series(name, points(base, swing)) for name, base, swing in parts]
    return charts.areas(
        [*series, Series("Drifting", points(60, -35), "drift")], width=width, title="Customers by stage"
    )


def _curve(width: float) -> Picture:
    points = []
    for week in range(53):
        momentum = 52 + 9 * sin(week / 5) - 20 * exp(-((week - 19) ** 2) / 14)
        friction = 17 + 5 * cos(week / 4) + 34 * exp(-((week - 20) ** 2) / 12)
        level, n = momentum - friction, round(1840 * exp(-week / 11))
        points.append(CurvePoint(week, level, level - 5, level + 5, friction, momentum, n, n < 20))
    edges = (0, 4, 8, 15, 24, 41, 52)
    stages = [StageBand(name, *span) for name, span in zip(STAGES, pairwise(edges), strict=True)]
    zone = charts.Zone("Invest → Transform", 17, 23, 0.31, 184_000, True)
    drop = charts.Drop(18.5, -27.4, (("onboarding_step_overdue", -11.2), ("integration_failed", -8.0)), "in Invest")
    return charts.curve(points, stages, [zone], [drop], [charts.Note(36, "Release 4.2")], width=width, currency="EUR")


def _heatmap(width: float) -> Picture:
    days = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    values: list[list[float | None]] = [[float((31 * i + 17 * j + 7 * i * j) % 89) for j in range(7)] for i in range(6)]
    values[1][5] = values[4][6] = None
    return charts.heatmap(STAGES, days, values, tone="drag", width=width, title="Friction by stage and weekday")


def _transitions(width: float) -> Picture:
    nodes = [
        Node("research", "Research", 0), Node("benchmark", "Benchmark", 1), Node("lost", "Lost", 1, "drag"),
        Node("invest", "Invest", 2), Node("stalled", "Stalled", 2, "drift"), Node("transform", "Transform", 3, "pull"),
        Node("support", "Support", 3, "drift"), Node("share", "Share", 4, "pull"), Node("left", "Left", 4, "drag"),
    ]  # fmt: skip
    links = [
        Link("research", "benchmark", 3120), Link("research", "lost", 880), Link("benchmark", "invest", 2210),
        Link("benchmark", "stalled", 910), Link("invest", "transform", 1640), Link("invest", "support", 570),
        Link("stalled", "transform", 160), Link("stalled", "support", 420), Link("transform", "share", 1490),
        Link("transform", "left", 310), Link("support", "share", 520), Link("support", "left", 470),
        Link("support", "invest", 38),
    ]  # fmt: skip
    return charts.transitions(nodes, links, width=width, title="From stage to stage, 12 months")


def _quadrant(width: float) -> Picture:
    names = (
        "First reply time",
        "Set-up help",
        "Invoices",
        "Reliability",
        "Search",
        "Training",
        "Status page",
        "Sign-in",
    )
    spots = [
        Spot(name, ((37 * i) % 90) / 100, 2.6 + ((53 * i) % 23) / 10, 40.0 + 90 * ((i * 3) % 7), None, kind)
        for i, (name, kind) in enumerate(zip(names, ("drag", "pull", "level", "quiet") * 2, strict=True))
    ]
    x = Measure("Weight in the answer", "share", cut=0.45, low=0.0, high=1.0)
    y = Measure("Satisfaction", "score", cut=3.8, low=1.0, high=5.0)
    corners = ("Keep", "Build on", "Leave", "Mend first")
    said = Said(size="Answers", size_unit="number", noun="driver")
    return charts.quadrant(
        spots, x, y, corners=corners, said=said, width=width, title="What weighs, and how it is rated"
    )


def _scatter(width: float) -> Picture:
    pairs = ("flowing", "pushing through", "coasting", "stuck", None)
    points = [
        ScatterPoint(
            f"Customer {i}", (i * 29) % 97, (i * 41) % 93, 3000.0 * (i % 17) ** 2, f"#customer-{i}", pairs[i % 5]
        )
        for i in range(60)
    ]
    return charts.scatter(points, width=width, currency="EUR")


def _timeline(width: float) -> Picture:
    stays = [Span(_WEEKS[0], _WEEKS[9], "Benchmark"), Span(_WEEKS[9], _WEEKS[28], "Invest", "drift")]
    tickets = [Mark(_WEEKS[week], f"Ticket {week}: sign-in fails", "drag") for week in (4, 11, 12, 12, 26, 40)]
    wins = [Mark(_WEEKS[week], "Weekly core use", "pull") for week in (15, 22, 33, 34, 47)]
    lanes = [
        Lane("Stages", spans=[*stays, Span(_WEEKS[28], None, "Transform", "pull")]),
        Lane("Support", tickets, [Span(_WEEKS[11], _WEEKS[14], "Outage", "drag")]),
        Lane("Product", wins),
        Lane("People", [Mark(_WEEKS[20], "Call with the admin, 24 min"), Mark(_WEEKS[36], "New sponsor")]),
    ]
    return charts.timeline(lanes, until=_WEEKS[-1], width=width, title="Wonka Foods, one year")


def _survival(width: float) -> Picture:
    steps = [SurvivalStep(day, 1 - exp(-day / 14), None, None, 200 - 3 * day) for day in range(1, 61, 2)]
    shown = [SurvivalStep(s.day, s.share, max(s.share - 0.06, 0), min(s.share + 0.06, 1), s.n_at_risk) for s in steps]
    return charts.survival(shown, horizon_days=60, target_days=7, median_days=10, width=width)


def _effect(width: float) -> Picture:
    found = [charts.Effect("Fewer left", -0.05, -0.04, -0.07, -0.01), charts.Effect("Too few", -0.03, None)]
    return charts.effect(found, unit="share", width=width)


def _promise(width: float) -> Picture:
    bands = [
        Promise("0 to 25", 1.0, 0.9, 0.7, 1.2, 412), Promise("25 to 50", 1.7, 1.9, 1.3, 2.6, 208),
        Promise("50 to 75", 2.9, 2.4, 1.6, 3.9, 96), Promise("over 75", 6.0, None, None, None, 8),
    ]  # fmt: skip
    return charts.promise(bands, width=width)


_POINTS = (("onboarding_step_overdue", 11.2), ("integration_failed", 8.0), ("silence", 4.1), ("ticket_reopened", 1.7))
_YEAR = (
    charts.Step("A year ago", 4_200_000, is_total=True),
    charts.Step("New", 1_100_000),
    charts.Step("Expansion", 380_000),
    charts.Step("Contraction", -150_000),
    charts.Step("Churn", -620_000),
    charts.Step("Now", 4_910_000, is_total=True),
)


def _donut(width: float) -> Picture:
    parts = [
        Part(name, value)
        for name, value in (
            ("Billing clarity", 410), ("First reply time", 380), ("Sign-in", 246), ("Onboarding help", 190),
            ("Feature gap", 82), ("Training", 40), ("Else", 16),
        )
    ]  # fmt: skip
    return charts.donut(parts, noun="conversations", width=width, title="What conversations are about")
