"""A view is saved from a page; keys walk a table, and a panel lists them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from cxcurve.web.places import GROUPS

Opened = Callable[..., Page]
pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_a_view_is_saved_opened_from_the_menu_and_removed(opened: Opened, scripts: bool) -> None:
    page, name = opened("/customers?sort=-momentum_index", java_script_enabled=scripts), f"Climbing {scripts}"
    page.get_by_text("Save this view").click()
    page.get_by_label("Name; a view of yours").fill(name)
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/customers?sort=-momentum_index")
    expect(page.get_by_text(f"Saved as {name}")).to_be_visible()
    page.get_by_role("link", name="Curve", exact=True).click()
    page.get_by_role("link", name=name).click()
    page.wait_for_url("**/customers?sort=-momentum_index")
    expect(page.locator("th[aria-sort=descending]")).to_contain_text("Momentum")
    page.get_by_role("link", name="Saved views").click()
    row = page.get_by_role("listitem").filter(has=page.get_by_role("link", name=name)).filter(has_text="saved by")
    row.get_by_text("Change").click()
    row.get_by_role("button", name="Remove").click()
    page.wait_for_url("**/views")
    expect(page.get_by_role("link", name=name)).to_have_count(0)


def test_the_panel_lists_every_key_and_gives_the_focus_back(opened: Opened) -> None:
    page = opened("/customers")
    panel = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(panel).to_be_hidden()
    page.keyboard.press("j")
    page.keyboard.press("?")
    expect(panel).to_be_visible()
    expect(panel.get_by_role("button", name="Close")).to_be_focused()
    letters = {place.letter for group in GROUPS for place in group.places if place.letter}
    told = set(panel.locator("kbd").all_inner_texts())
    assert letters | {"g", "?", "/", "t", "j", "k", "↓", "↑", "Enter", "Esc"} == told
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(page.locator("tbody th a").first).to_be_focused()


def test_keys_walk_the_rows_and_open_one(opened: Opened) -> None:
    page = opened("/customers")
    rows = page.locator("tbody th a")
    page.keyboard.press("ArrowDown")
    expect(rows.first).not_to_be_focused()  # outside a table arrows scroll
    for key, at in (("j", 0), ("j", 1), ("ArrowDown", 2), ("k", 1), ("ArrowUp", 0), ("k", 0), ("j", 1)):
        page.keyboard.press(key)
        expect(rows.nth(at)).to_be_focused()
    href = rows.nth(1).get_attribute("href")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{href}")


def test_keys_do_nothing_while_somebody_types_or_when_they_are_off(opened: Opened) -> None:
    page = opened("/customers")
    field, panel = page.locator("main input[type=search]"), page.locator("#keys")
    page.keyboard.press("/")
    expect(field).to_be_focused()
    page.keyboard.type("jk?tgc")
    expect(field).to_have_value("jk?tgc")
    expect(panel).to_be_hidden()
    page.locator("h1").click()
    page.keyboard.press("?")
    panel.get_by_role("button", name="Turn shortcuts off").click()
    page.keyboard.press("Escape")
    page.reload()
    page.keyboard.press("?")
    page.keyboard.press("j")
    expect(panel).to_be_hidden()
    expect(page.locator("tbody th a").first).not_to_be_focused()
    page.get_by_role("button", name="Keyboard shortcuts").click()
    panel.get_by_role("button", name="Turn shortcuts on").click()
    page.keyboard.press("?")
    expect(panel).to_be_hidden()
