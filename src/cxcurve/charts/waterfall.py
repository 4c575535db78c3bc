"""From one sum to another: what was added and taken, each bar where the one before it ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cxcurve.charts import format as fmt
from cxcurve.charts import marks, svg
from cxcurve.charts.frame import NARROW_BELOW, TEXT, WIDE
from cxcurve.charts.picture import Picture, drawing, nothing, table
from cxcurve.charts.scales import Scale

_ROW, _BAR, _THINNEST = 30.0, 14.0, 2.0


@dataclass(frozen=True, slots=True)
class Step:
    """A sum (`is_total`), or what is added to it, or taken where `value` is under 0; `note` is told beside it."""

    name: str
    value: float
    is_total: bool = False
    note: str = ""
    href: str | None = None


def waterfall(
    steps: Sequence[Step],
    *,
    unit: str = "money",
    currency: str = "",
    width: float = WIDE,
    title: str = "From opening to closing",
    columns: tuple[str, str] = ("Step", "Amount"),
) -> Picture:
    """One row for each step, from the top down.

    Args:
        steps: in order; sums stand from zero, the others from where the one before ended.
        unit: share (0 to 1), days, money, index, score or number.
        currency: ISO 4217, of money.
        width: pixels at full size; under 600 it is drawn for a phone.
        title: the accessible name.
        columns: what names and values are, for the table.

    Returns:
        The picture; its table has one row per step.
    """
    told = [_told(step, unit, currency) for step in steps]
    twin = table(columns, [(step.name, text) for step, text in zip(steps, told, strict=True)])
    spans = _spans(steps)
    if not steps or not any(end for _, end in spans):
        return Picture(nothing(width, title), title, twin)
    left = max(svg.text_width(step.name, TEXT) for step in steps) + 14
    right = max(svg.text_width(text, TEXT) for text in told) + 12
    left = min(left, width * (0.34 if width < NARROW_BELOW else 0.3))
    ends = [value for span in spans for value in span]
    scale = Scale(min(0.0, *ends), max(0.0, *ends), left, width - right)
    drawn = [_row(scale, (step, span, text), index) for index, (step, span, text) in _each(steps, spans, told)]
    over = [
        marks.over(_said(step, text), href=step.href, x=0, y=index * _ROW, width=width, height=_ROW)
        for index, (step, _, text) in _each(steps, spans, told)
    ]
    said = f"{steps[0].name} {told[0]}, {steps[-1].name.lower()} {told[-1]}."
    height = len(steps) * _ROW + 2
    picture = drawing(*drawn, width=width, height=height, title=title, description=said, points=marks.hits(*over))
    return Picture(picture, title, twin)


def _each(
    steps: Sequence[Step], spans: Sequence[tuple[float, float]], told: Sequence[str]
) -> list[tuple[int, tuple[Step, tuple[float, float], str]]]:
    return list(enumerate(zip(steps, spans, told, strict=True)))


def _spans(steps: Sequence[Step]) -> list[tuple[float, float]]:
    """Where each bar begins and ends."""
    spans, at = list[tuple[float, float]](), 0.0
    for step in steps:
        start = 0.0 if step.is_total else at
        at = step.value if step.is_total else at + step.value
        spans.append((start, at))
    return spans


def _told(step: Step, unit: str, currency: str) -> str:
    return fmt.amount(step.value, unit, currency) if step.is_total else fmt.difference(step.value, unit, currency)


def _said(step: Step, told: str) -> str:
    return f"{step.name}: {told}{f', {step.note}' if step.note else ''}"


def _row(scale: Scale, shown: tuple[Step, tuple[float, float], str], index: int) -> str:
    step, (start, end), told = shown
    top, low, high = index * _ROW, min(scale(start), scale(end)), max(scale(start), scale(end))
    kind = "level" if step.is_total else "pull" if step.value > 0 else "drag"
    size = max(high - low, _THINNEST if step.value else 0.0)
    label = svg.text(svg.fit(step.name, scale.start - 10, TEXT), 0, top + 19, class_="name")
    bar = svg.rect(low, top + 8, size, _BAR, rx=3, class_=f"bar {kind}")
    value = svg.text(told, min(low + size, scale.end) + 8, top + 19, class_="strong")
    rule = svg.line(scale(end), top + 8 + _BAR, scale(end), top + _ROW + 8, "rule")
    return svg.group(rule if not step.is_total or index == 0 else "", label, bar, value)
