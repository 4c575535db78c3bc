"""A picture: SVG with its title, its description and its table twin.

The same object serves the page (`html`), the notebook (`_repr_html_`) and a file (`standalone`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from cxcurve.charts import svg

CELL_LENGTH = 160
"""Longer cells are cut: a hostile name must not make the page heavy."""


@dataclass(frozen=True, slots=True)
class Table:
    """The numbers of a picture, as text: columns, and rows of the same length."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def html(self, caption: str = "") -> str:
        """An HTML table; the first column names the row."""
        head = "".join(f'<th scope="col">{svg.escape(column)}</th>' for column in self.columns)
        body = "".join(_row(row) for row in self.rows)
        named = f"<caption>{svg.escape(caption)}</caption>" if caption else ""
        return f"<table>{named}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


@dataclass(frozen=True, slots=True)
class Picture:
    """SVG text, what it shows in a few words, and the numbers it draws."""

    svg: str
    title: str
    table: Table

    def html(self, *, has_table: bool = True) -> str:
        """A `<figure>`; the table twin opens below. The narrow version of a picture needs no second one."""
        twin = self._twin() if has_table and self.table.rows else ""
        return f'<figure class="cx-figure">{self.svg}{twin}</figure>'

    def __html__(self) -> str:
        """What templates print."""
        return self.html()

    def standalone(self) -> str:
        """An SVG file of its own, colours and fonts included."""
        end = self.svg.index(">") + 1
        # Light or dark as the reader likes it, on a ground of its own: nobody knows the page it will stand on.
        alone = "svg.cx { color-scheme: light dark; background: var(--cx-surface); }"
        return f"{self.svg[:end]}<style>{_minified_css()} {alone}</style>{self.svg[end:]}"

    def _repr_html_(self) -> str:
        return f'<div class="cx-notebook"><style>{_minified_css()}</style>{self.html()}</div>'

    def _twin(self) -> str:
        table = self.table.html(self.title)
        return f'<details class="cx-twin"><summary>As a table</summary><div class="cx-scroll">{table}</div></details>'


def drawing(
    *children: str, width: float, height: float, title: str, description: str, points: str = "", class_: str = ""
) -> str:
    """The `<svg>` around what is drawn.

    Points and links stay outside the part with role="img": inside it they would be hidden from screen readers.
    """
    role = "group" if points else "img"
    drawn = "".join(children)
    return svg.element(
        "svg",
        svg.title(svg.fit(title, 4000, 10)),
        svg.element("desc", svg.escape(description)),
        svg.group(drawn, role="img", aria_label=svg.fit(title, 4000, 10)) + points if points else drawn,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {svg.number(width)} {svg.number(height)}",
        width=width,
        height=height,
        class_=f"cx {class_}".strip(),
        role=role,
    )


def nothing(width: float, title: str, message: str = "Nothing to draw yet") -> str:
    """The picture of no numbers: it says so."""
    width = min(width, 480.0)
    text = svg.text(message, width / 2, 64, class_="mid")
    return drawing(text, width=width, height=120, title=title, description="There are no points yet.")


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """A `Table` from any sequences."""
    return Table(tuple(columns), tuple(tuple(row) for row in rows))


@cache
def css() -> str:
    """The stylesheet of all pictures, and the palette of the pages."""
    return (files("cxcurve.charts") / "static" / "chart.css").read_text(encoding="utf-8")


@cache
def _minified_css() -> str:
    return " ".join(css().split())


def _row(row: Sequence[str]) -> str:
    first, *others = (svg.escape(_cut(cell)) for cell in row)
    cells = "".join(f"<td>{cell}</td>" for cell in others)
    return f'<tr><th scope="row">{first}</th>{cells}</tr>'


def _cut(cell: str) -> str:
    return cell if len(cell) <= CELL_LENGTH else f"{cell[: CELL_LENGTH - 1]}…"
