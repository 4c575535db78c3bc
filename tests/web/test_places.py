"""The menu: every page that stands in it is there, has an icon, and a letter of its own."""

from __future__ import annotations

import re
from collections import Counter

import httpx

from cxcurve.people.roles import Role
from cxcurve.people.scope import Scope
from cxcurve.web.icons import ICONS
from cxcurve.web.matrix import MATRIX
from cxcurve.web.places import GROUPS, menu_of
from cxcurve.web.visitor import Visitor

EMEA = Scope.read(["region=EMEA"])
PLACES = [place for group in GROUPS for place in group.places]


def test_every_place_has_an_icon_and_an_address_that_answers() -> None:
    assert {place.key for place in PLACES} <= set(ICONS)
    assert {f"GET {place.href}" for place in PLACES} <= set(MATRIX)


def test_keys_addresses_and_letters_are_one_places_alone() -> None:
    for values in (
        [place.key for place in PLACES],
        [place.href for place in PLACES],
        [place.letter for place in PLACES if place.letter],
    ):
        assert len(values) == len(set(values))


def test_the_menu_leads_nowhere_that_is_closed() -> None:
    seen = {role: {place.href for group in menu_of(Visitor("v", role, EMEA if role is Role.PARTNER else None))
                   for place in group.places} for role in Role}  # fmt: skip
    everything = {place.href for place in PLACES}
    assert seen[Role.ADMIN] == everything
    assert everything - seen[Role.PARTNER] == {
        "/reports",
        "/journey",
        "/sources",
        "/plan",
        "/scores",
        "/walks",
        "/actions",
    }
    assert all(group.places for group in menu_of(Visitor("v", Role.PARTNER, EMEA)))


def test_no_page_says_an_id_twice(site: httpx.Client) -> None:
    for place in PLACES:
        ids = Counter(re.findall(r'\sid="([^"]+)"', site.get(place.href).text))
        assert (place.href, [name for name, n in ids.items() if n > 1]) == (place.href, [])
