"""Templates to HTML."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from cxcurve import __version__
from cxcurve.charts.format import FILTERS
from cxcurve.web.assets import asset_url


@cache
def environment() -> Environment:
    """The templates: everything escaped, and a field that is missing is an error."""
    made = Environment(
        loader=PackageLoader("cxcurve.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(FILTERS)
    made.globals.update(version=__version__, asset=asset_url)
    return made


def render(template: str, page: object, *, form_token: str = "") -> str:
    """The HTML of a page; `form_token` goes into its forms."""
    return environment().get_template(template).render(page=page, form_token=form_token)
