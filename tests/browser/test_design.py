"""The gallery at /design: every part by keyboard, without scripts, on a phone, on paper; and light enough."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from chromium import shifted
from playwright.sync_api import Page, expect

Opened = Callable[..., Page]
VIEWS = ("/design", "/design?show=time", "/design?show=journey", "/design?show=compare", "/design?show=small")
pytestmark = pytest.mark.browser


@pytest.mark.parametrize("path", VIEWS)
def test_a_view_is_light_and_nothing_on_it_jumps(opened: Opened, path: str) -> None:
    sizes: dict[str, int] = {}
    page = opened("/healthz")
    page.on("response", lambda answer: sizes.update({answer.url: len(answer.body())}))
    page.goto(path, wait_until="networkidle")
    assert len(sizes) <= 12
    assert sizes[page.url] <= 150_000
    assert any(is_calm(page) for _ in range(3)), "what the page itself moves, it moves every time it is opened"


def is_calm(page: Page) -> bool:
    """Whether nothing moves while it is opened; a busy processor may paint half of it first."""
    page.reload(wait_until="networkidle")
    return shifted(page) == 0


def test_panels_are_tabs_that_arrows_walk_along(opened: Opened) -> None:
    page = opened("/design")
    tabs = page.get_by_role("tab")
    expect(page.get_by_role("tabpanel")).to_have_text("Invest weighs most: 38 of 100 points.")
    tabs.first.focus()
    page.keyboard.press("ArrowRight")
    expect(tabs.nth(1)).to_be_focused()
    expect(page.get_by_role("tabpanel")).to_have_text("Support owns 44 of 100 points.")
    page.goto("/design#faces-source")
    page.reload()
    expect(page.get_by_role("tabpanel")).to_have_text("Zendesk brings 51 of 100 points.")


def test_without_scripts_all_panels_are_there_and_drawer_menu_and_toast_work(opened: Opened) -> None:
    page = opened("/design", width=360, java_script_enabled=False)
    for text in ("Invest weighs most", "Support owns", "Zendesk brings"):
        expect(page.get_by_text(text)).to_be_visible()
    page.get_by_role("button", name="Close").last.click()
    expect(page.locator(".toast")).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("link", name="Scorecard").click()
    page.wait_for_url("**/scorecard")


def test_a_drawer_opens_and_closes_by_keyboard(opened: Opened) -> None:
    page = opened("/design")
    button, drawer = page.get_by_role("button", name="Open a drawer"), page.get_by_role("dialog", name="Wonka Foods")
    expect(drawer).to_be_hidden()
    button.focus()
    page.keyboard.press("Enter")
    expect(drawer).to_be_visible()
    page.keyboard.press("Tab")
    expect(drawer.get_by_role("button", name="Close")).to_be_focused()
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    expect(button).to_be_focused()


def test_a_table_is_sorted_searched_and_its_columns_chosen(opened: Opened) -> None:
    page = opened("/design")
    heads = page.locator("table.is-grid thead th")
    expect(page.locator("table.is-grid th[aria-sort=ascending]")).to_contain_text("Level")
    page.get_by_role("link", name="Revenue").click()
    expect(page.locator("table.is-grid th[aria-sort=descending]")).to_contain_text("Revenue")
    expect(page.locator("table.is-grid tbody th").first).to_contain_text("Tyrell")
    page.locator("summary", has_text="Columns").click()
    page.get_by_label("Waiting", exact=True).check()
    page.get_by_role("checkbox", name="12 weeks").uncheck()
    page.get_by_role("button", name="Show").click()
    expect(heads).to_have_text(["Customer", "Stage", "Friction", "Level", "Revenue ↓", "Waiting", "Since"])
    page.get_by_label("Search").fill("zorg")
    page.keyboard.press("Enter")
    expect(page.locator("table.is-grid tbody th")).to_contain_text(["Zorg"])
    expect(heads).to_have_count(7)
    page.get_by_label("Search").fill("nobody at all")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nothing matches “nobody at all”")).to_be_visible()


def test_what_drops_down_closes_by_escape(opened: Opened) -> None:
    page = opened("/design")
    summary = page.locator("summary", has_text="Columns")
    summary.click()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(page.locator("details.drop[open]")).to_have_count(0)
    expect(summary).to_be_focused()


@pytest.mark.parametrize(
    ("path", "card", "keys", "said"),
    [
        ("/design?show=compare", "Heatmap", ("ArrowDown", "ArrowRight"), "Research, Tue: 55"),
        ("/design?show=compare", "Quadrant", ("ArrowRight",), "Status page"),
        ("/design?show=journey", "Flow between stages", ("ArrowRight",), "Research to Lost: 880 customers"),
        ("/design?show=time", "Timeline", ("End",), "New sponsor"),
        ("/design?show=time", "Line with band", ("End",), "Stall share"),
        ("/design?show=small", "Donut", ("ArrowRight",), "First reply time: 380, 28"),
        ("/design?show=small", "Bars", ("End",), "ticket reopened: 1.7"),
    ],
)
def test_every_mark_of_a_picture_is_reached_by_keyboard_and_tells_its_numbers(
    opened: Opened, path: str, card: str, keys: tuple[str, ...], said: str
) -> None:
    page = opened(path)
    picture = (
        page.locator("section.card", has=page.get_by_role("heading", name=card, exact=True)).locator("svg.cx").first
    )
    picture.locator("[tabindex='0']").last.focus()
    if card == "Timeline":
        picture.locator(".hits [tabindex]").first.focus()
    for key in keys:
        page.keyboard.press(key)
    expect(page.locator(".tip")).to_contain_text(said)


def test_on_paper_there_is_nothing_to_press(opened: Opened) -> None:
    page = opened("/design")
    page.emulate_media(media="print")
    for selector in (".side", ".tools", ".tabs", ".toast", ".picker", "button"):
        assert [one for one in page.locator(selector).all() if one.is_visible()] == []
    expect(page.get_by_text("Support owns 44 of 100 points.")).to_be_visible()
