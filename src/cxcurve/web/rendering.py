"""Templates to HTML."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from cxcurve import __version__
from cxcurve.charts.format import FILTERS
from cxcurve.web.assets import asset_url
from cxcurve.web.flash import told
from cxcurve.web.icons import ICONS
from cxcurve.web.places import menu_of
from cxcurve.web.visitor import visitor

GLOBALS = {"version": __version__, "icons": ICONS}
"""What every template knows."""


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
    made.globals.update(GLOBALS, asset=asset_url)
    return made


def render(template: str, page: object, *, form_token: str = "", views: object = None) -> str:
    """The HTML of a page; `form_token` goes into its forms, `views` (a `saved.Corner`) into its frame."""
    who = visitor()
    known = {"page": page, "form_token": form_token, "views": views, "visitor": who, "menu": menu_of(who), "done": told}
    return environment().get_template(template).render(known)
