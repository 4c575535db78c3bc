"""The share of customers who have got there by each day, with its band: time to value, reactivation, leaving."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cxcurve.charts import format as fmt
from cxcurve.charts import marks, svg
from cxcurve.charts.frame import NARROW_BELOW
from cxcurve.charts.paths import step_area, steps
from cxcurve.charts.picture import Picture, Table, drawing, nothing, table
from cxcurve.charts.scales import Scale, day_ticks


@dataclass(frozen=True, slots=True)
class SurvivalStep:
    """From `day` on this share (0-1) has got there; `n_at_risk` were still waiting just before."""

    day: float
    share: float
    low: float | None = None
    high: float | None = None
    n_at_risk: int | None = None


@dataclass(frozen=True, slots=True)
class _Plot:
    width: float
    x: Scale
    y: Scale


def survival(
    steps_: Sequence[SurvivalStep],
    *,
    horizon_days: float,
    target_days: float | None = None,
    median_days: float | None = None,
    width: float = 640.0,
    title: str = "Time to Value",
) -> Picture:
    """A step curve of the share reached, 0 at day 0.

    Args:
        steps_: in the order of days; later than the horizon is not drawn.
        horizon_days: where the axis ends.
        target_days: drawn as a line, with the share that had got there by then.
        median_days: the day half had got there; None where they had not.
        width: pixels at full size; under 600 it is drawn for a phone.
        title: the accessible name.

    Returns:
        The picture; its table has one row per step drawn.
    """
    shown = [step for step in steps_ if step.day <= horizon_days]
    if not shown:
        return Picture(nothing(width, title), title, _table(shown))
    plot = _plot(width, horizon_days)
    body = [_ground(plot), _band(plot, shown), _line(plot, shown), _target(plot, shown, target_days)]
    told, over = _told(shown, median_days), _slices(plot, shown)
    drawn = drawing(*body, _at_risk(plot, shown), width=width, height=292, title=title, description=told, points=over)
    return Picture(drawn, title, _table(shown))


def share_by(steps_: Sequence[SurvivalStep], day: float) -> float:
    """The share that has got there by the end of `day`."""
    return max((step.share for step in steps_ if step.day <= day), default=0.0)


def _plot(width: float, horizon_days: float) -> _Plot:
    left, right = (48.0, 10.0) if width < NARROW_BELOW else (72.0, 16.0)
    return _Plot(width, Scale(0, horizon_days, left, width - right), Scale(0, 1, 240, 14))


def _ground(plot: _Plot) -> str:
    marks = (0, 0.25, 0.5, 0.75, 1)
    grid = [svg.line(plot.x.start, plot.y(m), plot.x.end, plot.y(m), "grid") for m in marks]
    labels = [svg.text(fmt.share(m), plot.x.start - 10, plot.y(m) + 4, class_="end") for m in marks]
    days = [svg.text(fmt.number(day), plot.x(day), plot.y.start + 18, class_="mid") for day in _days(plot)]
    return svg.group(*grid, *labels, *days, svg.text("day", plot.x.start - 10, plot.y.start + 18, class_="end"))


def _days(plot: _Plot) -> tuple[float, ...]:
    return day_ticks(0, plot.x.high, 6 if plot.width < NARROW_BELOW else 12)


def _band(plot: _Plot, shown: Sequence[SurvivalStep]) -> str:
    known = [(plot.x(s.day), s.low, s.high) for s in shown if s.low is not None and s.high is not None]
    if not known:
        return ""
    last = (plot.x.end, known[-1][1], known[-1][2])
    upper = [(x, plot.y(high)) for x, _, high in (*known, last)]
    return svg.element("path", d=step_area(upper, [(x, plot.y(low)) for x, low, _ in (*known, last)]), class_="band")


def _line(plot: _Plot, shown: Sequence[SurvivalStep]) -> str:
    places = [(plot.x(step.day), plot.y(step.share)) for step in shown]
    ends = [(plot.x.start, plot.y(0)), *places, (plot.x.end, places[-1][1])]
    return svg.element("path", d=steps(ends), class_="line")


def _target(plot: _Plot, shown: Sequence[SurvivalStep], target_days: float | None) -> str:
    if target_days is None or target_days > plot.x.high:
        return ""
    x, share = plot.x(target_days), share_by(shown, target_days)
    is_right = x > (plot.x.start + plot.x.end) / 2
    said = f"target {fmt.days(target_days)}: {fmt.share(share)}"
    kind, shift = ("pull halo strong end", -8) if is_right else ("pull halo strong", 8)
    dot = svg.element("circle", cx=x, cy=plot.y(share), r=4, class_="dot")
    return svg.line(x, plot.y.start, x, plot.y.end, "target") + dot + svg.text(said, x + shift, 26, class_=kind)


def _at_risk(plot: _Plot, shown: Sequence[SurvivalStep]) -> str:
    """How many are still waiting at each mark of the axis."""
    found = [(day, next((s.n_at_risk for s in shown if s.day >= day), None)) for day in _days(plot)]
    texts = [svg.text(fmt.number(n), plot.x(day), 280, class_="mid small") for day, n in found if n is not None]
    said = "n" if plot.width < NARROW_BELOW else "waiting"
    caption = svg.text(said, plot.x.start - 24, 280, class_="end small")
    return svg.group(caption, *texts) if texts else ""


def _slices(plot: _Plot, shown: Sequence[SurvivalStep]) -> str:
    said = [
        "\n".join(filter(None, (
            f"Day {_day(step)}: {fmt.share(step.share)}",
            fmt.interval(step.low, step.high, "share"),
            "" if step.n_at_risk is None else f"{fmt.number(step.n_at_risk)} were still waiting",
        )))
        for step in shown
    ]  # fmt: skip
    return marks.slices([plot.x(step.day) for step in shown], plot.y.end, plot.y.start - plot.y.end, said)


def _day(step: SurvivalStep) -> str:
    return fmt.number(step.day, 0 if step.day == round(step.day) else 1)


def _told(shown: Sequence[SurvivalStep], median_days: float | None) -> str:
    reached = f"{fmt.share(shown[-1].share)} by day {fmt.number(shown[-1].day)}."
    return (
        f"{reached} Half by {fmt.days(median_days)}." if median_days is not None else f"{reached} Median not reached."
    )


def _table(shown: Sequence[SurvivalStep]) -> Table:
    columns = ("Day", "Share", "Low", "High", "Still waiting")
    return table(columns, [_row(step) for step in shown])


def _row(step: SurvivalStep) -> tuple[str, ...]:
    shares = (fmt.share(value, 1) for value in (step.share, step.low, step.high))
    return (_day(step), *shares, fmt.number(step.n_at_risk))
