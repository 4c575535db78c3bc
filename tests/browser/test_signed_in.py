"""Pages of signing in and of people: they fit a phone, axe-core finds nothing, and a keyboard is enough."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from test_axe import AXE, RUN, told
from test_every_page import seen

sys.path.insert(0, str(Path(__file__).parents[1] / "web"))

from entering import PASSWORD, guarded, joined, people_of

from cxcurve.people.roles import Role
from cxcurve.workspace import init
from cxcurve.workspace.instants import now_us

ADMIN = "ada@example.com"
pytestmark = pytest.mark.browser


@pytest.fixture(name="pages", scope="module")
def _pages(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Page]]:
    """A page of each, as an admin on a phone in the dark meets them; nothing may be said in the console."""
    said: list[str] = []
    with init(tmp_path_factory.mktemp("people") / "w", "b2b-saas") as workspace, people_of(workspace) as people:
        joined(people, Role.ADMIN, email=ADMIN)
        joined(people, Role.PARTNER, "region=DACH", email="pam@partner.example")
        reset = people.links.make("password", now_us(), user_id=people.users.named(ADMIN).user_id)
        with guarded(workspace, people) as url:
            context = chromium.new_context(base_url=url, viewport={"width": 360, "height": 780}, color_scheme="dark")
            context.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
            found = {name: context.new_page() for name in ("link", "sign-in", "factor", "people", "audit")}
            found["link"].goto(f"/set-up/{reset}")
            page = found["sign-in"]
            page.goto("/settings")
            expect(page).to_have_url(f"{url}/sign-in?next=/settings")
            # The keyboard alone: the first field has the focus.
            page.keyboard.type(ADMIN)
            page.keyboard.press("Tab")
            page.keyboard.type(PASSWORD)
            page.keyboard.press("Enter")
            expect(page.get_by_role("heading", level=1)).to_have_text("Settings")
            for name, path in (("factor", "/settings"), ("people", "/settings/people"), ("audit", "/settings/audit")):
                found[name].goto(path)
            ask = found["factor"].locator("form", has=found["factor"].get_by_role("button", name="Set it up"))
            ask.get_by_label("Your password").fill(PASSWORD)
            ask.get_by_role("button").press("Enter")
            expect(found["factor"].locator("#totp svg")).to_be_visible()
            yield found
            context.close()
    assert said == []


@pytest.mark.parametrize("name", ["link", "sign-in", "factor", "people", "audit"])
def test_it_fits_a_phone_and_axe_finds_nothing(pages: dict[str, Page], name: str) -> None:
    page = pages[name]
    for width, theme in ((360, "dark"), (1280, "light")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.evaluate(AXE)
        assert told(page.evaluate(RUN)) == []
    assert seen(page, "nameless") == []
