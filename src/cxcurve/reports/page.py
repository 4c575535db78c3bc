"""A report as one HTML file: nothing is asked for from anywhere, no script, and it prints on a page."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined

from cxcurve.charts import css
from cxcurve.charts.format import FILTERS


def page(document: object, template: str = "week.html") -> str:
    """The file's text."""
    return _environment().get_template(template).render(page=document, css=_css())


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("cxcurve.reports"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    made.filters.update(FILTERS)
    return made


@cache
def _css() -> str:
    own = (files("cxcurve.reports") / "static" / "report.css").read_text(encoding="utf-8")
    return " ".join(f"{css()}\n{own}".split())
