"""Where the menu leads: the pages by the job they help with. A new page is one line here, and its icon in `icons`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from cxcurve.web.matrix import rule_of
from cxcurve.web.visitor import Visitor


@dataclass(frozen=True, slots=True)
class Place:
    """A page in the menu: the `nav` of its `Frame`, which is also its icon's name, its address, and its name.

    `letter` leads there after a "g"; empty where none does.
    """

    key: str
    href: str
    label: str
    letter: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Pages for one job."""

    name: str
    places: tuple[Place, ...]


GROUPS = (
    Group("See how it goes", (
        Place("today", "/", "Today", "t"),
        Place("curve", "/curve", "Curve", "c"),
        Place("scorecard", "/scorecard", "Scorecard", "s"),
        Place("retention", "/revenue", "Retention", "n"),
        Place("reports", "/reports", "Reports", "r"),
    )),
    Group("Find where it hurts", (
        Place("drift", "/drift", "Drift zones", "d"),
        Place("friction", "/friction", "Friction", "i"),
        Place("maps", "/maps", "Journey maps", "m"),
        Place("walks", "/walks", "Walks", "w"),
        Place("ttv", "/ttv", "Time to value", "v"),
        Place("flows", "/flows", "Flows", "o"),
    )),
    Group("Know the customers", (
        Place("customers", "/customers", "Customers", "u"),
        Place("deals", "/deals", "Deals", "e"),
        Place("advocacy", "/advocacy", "Advocacy", "a"),
    )),
    Group("Do something about it", (Place("actions", "/actions", "Actions", "x"),)),
    Group("Trust the numbers", (
        Place("journey", "/journey", "Journey", "j"),
        Place("sources", "/sources", "Sources"),
        Place("plan", "/plan", "Tracking plan"),
        Place("scores", "/scores", "How right?"),
    )),
    Group("Yours", (Place("views", "/views", "Saved views", "y"), Place("settings", "/settings", "Settings"))),
)  # fmt: skip


def menu_of(who: Visitor) -> tuple[Group, ...]:
    """The menu with the places that open to somebody; all of them where nobody is known yet, as on a fault's page."""
    groups = (replace(group, places=tuple(filter(partial(_opens, who), group.places))) for group in GROUPS)
    return tuple(group for group in groups if group.places)


def _opens(who: Visitor, place: Place) -> bool:
    rule = rule_of("GET", place.href)
    return who.role is None or (rule is not None and rule.opens_to(who.role, has_scope=who.scope is not None))
