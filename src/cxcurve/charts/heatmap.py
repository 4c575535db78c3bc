"""A value for each pair of row and column, as strong as it is large."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cxcurve.charts import format as fmt
from cxcurve.charts import marks, svg
from cxcurve.charts.frame import NARROW_BELOW, TEXT, WIDE
from cxcurve.charts.marks import Tone
from cxcurve.charts.picture import Picture, drawing, nothing, table

_FAINTEST, _STRONGEST = 0.06, 0.7
"""Opacities; text in ink stays readable on the strongest (WCAG 2.2, 1.4.3), which a test holds for both themes."""
_GAP, _ROW, _HEAD = 3.0, 34.0, 22.0


@dataclass(frozen=True, slots=True)
class _Plot:
    left: float
    step: float
    top: float

    @property
    def size(self) -> tuple[float, float]:
        return self.step - _GAP, _ROW - _GAP

    def at(self, row: int, column: int) -> tuple[float, float]:
        return self.left + column * self.step, self.top + row * _ROW


def heatmap(
    rows: Sequence[str],
    columns: Sequence[str],
    values: Sequence[Sequence[float | None]],
    *,
    unit: str = "index",
    currency: str = "",
    tone: Tone = "level",
    below: Tone = "drag",
    hrefs: Sequence[Sequence[str | None]] | None = None,
    notes: Sequence[Sequence[str]] | None = None,
    width: float = WIDE,
    title: str = "By row and column",
) -> Picture:
    """Cells, each with its value where there is room for it.

    Args:
        rows: names, from the top.
        columns: names, from the left.
        values: one sequence per row; None where nothing is known.
        unit: share (0 to 1), days, money, index, score or number.
        currency: ISO 4217, of money.
        tone: of values over zero.
        below: of values under zero.
        hrefs: where cells lead, by row.
        notes: what a cell adds to its value when it is pointed at, by row; such as "n = 17".
        width: pixels at full size; under 600 it is drawn for a phone.
        title: the accessible name.

    Returns:
        The picture; its table has the same rows and columns.

    Raises:
        ValueError: the values are not one per row and column.
    """
    told = [[fmt.amount(value, unit, currency) for value in row] for row in values]
    twin = table(("", *columns), [(name, *cells) for name, cells in zip(rows, told, strict=True)])
    if not rows or not columns or all(value is None for row in values for value in row):
        return Picture(nothing(width, title), title, twin)
    if any(len(row) != len(columns) for row in values):
        raise ValueError(f"a heatmap of {len(columns)} columns needs as many values in each row")
    plot, most = _plot(rows, columns, width), max(abs(value) for row in values for value in row if value is not None)
    cells = [
        _cell(plot, (i, j), value, told[i][j], below if (value or 0) < 0 else tone, most)
        for i, row in enumerate(values)
        for j, value in enumerate(row)
    ]
    over = [
        _over(plot, (i, j), f"{rows[i]}, {columns[j]}: {told[i][j]}", notes, hrefs)
        for i in range(len(rows))
        for j in range(len(columns))
    ]
    body, height = (_names(plot, rows, columns), *cells), plot.top + len(rows) * _ROW
    hits = marks.hits(*over, n_columns=len(columns))
    said = _told(rows, columns, values, told)
    picture = drawing(*body, width=width, height=height, title=title, description=said, points=hits)
    return Picture(picture, title, twin)


def _plot(rows: Sequence[str], columns: Sequence[str], width: float) -> _Plot:
    most = 92.0 if width < NARROW_BELOW else 220.0
    left = min(max(svg.text_width(name, TEXT) for name in rows) + 14, most)
    return _Plot(left, (width - left) / len(columns), _HEAD)


def _names(plot: _Plot, rows: Sequence[str], columns: Sequence[str]) -> str:
    heads = [
        svg.text(svg.fit(name, plot.step * every - 4, TEXT), plot.at(0, j)[0] + plot.size[0] / 2, 12, class_="mid")
        for every in [_every(plot, columns)]
        for j, name in enumerate(columns)
        if j % every == 0
    ]
    return svg.group(*heads, *(
        svg.text(svg.fit(name, plot.left - 12, TEXT), plot.left - 10, plot.at(i, 0)[1] + 20, class_="end name")
        for i, name in enumerate(rows)
    ))  # fmt: skip


def _every(plot: _Plot, columns: Sequence[str]) -> int:
    """Every k-th column is named where they are too narrow for all."""
    widest = min(max(svg.text_width(name, TEXT) for name in columns) + 6, 64.0)
    return max(1, -int(-widest // plot.step))


def _cell(plot: _Plot, at: tuple[int, int], value: float | None, told: str, tone: str, most: float) -> str:
    (x, y), (width, height) = plot.at(*at), plot.size
    if value is None:
        return svg.rect(x, y, width, height, rx=4, class_="unknown")
    strength = _FAINTEST + (_STRONGEST - _FAINTEST) * abs(value) / (most or 1.0)
    cell = svg.rect(x, y, width, height, rx=4, class_=f"heat is-{tone}", fill_opacity=marks.shade(strength))
    has_room = svg.text_width(told, TEXT) + 4 <= width
    return cell + (svg.text(told, x + width / 2, y + height / 2 + 4, class_="mid value") if has_room else "")


def _over(
    plot: _Plot,
    at: tuple[int, int],
    said: str,
    notes: Sequence[Sequence[str]] | None,
    hrefs: Sequence[Sequence[str | None]] | None,
) -> str:
    (x, y), (width, height), (i, j) = plot.at(*at), plot.size, at
    text = "\n".join(filter(None, (said, notes[i][j] if notes else "")))
    return marks.over(text, href=hrefs[i][j] if hrefs else None, x=x, y=y, width=width, height=height, rx=4)


def _told(
    rows: Sequence[str], columns: Sequence[str], values: Sequence[Sequence[float | None]], told: Sequence[Sequence[str]]
) -> str:
    """The largest and the smallest."""
    known = [(value, i, j) for i, row in enumerate(values) for j, value in enumerate(row) if value is not None]
    (_, i, j), (_, k, m) = max(known), min(known)
    return f"Largest: {rows[i]}, {columns[j]}, {told[i][j]}. Smallest: {rows[k]}, {columns[m]}, {told[k][m]}."
