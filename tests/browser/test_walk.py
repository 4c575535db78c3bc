"""Walks a person takes: by mouse, by keyboard alone, on a phone, without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

Opened = Callable[..., Page]
pytestmark = pytest.mark.browser
FOCUS = """(() => {
  const e = document.activeElement, box = e.getBoundingClientRect();
  const isSeen = e.matches("body, main, input[type=date], :focus-visible") && (e === document.body || box.width > 0);
  return isSeen ? "" : e.outerHTML.slice(0, 200);
})()"""


def test_from_the_curve_to_the_event_behind_a_score(opened: Opened) -> None:
    page = opened("/curve")
    expect(page.get_by_role("heading", level=1)).to_have_text("Real CX Curve")
    page.get_by_role("link", name="All drift zones").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Drift zones")
    page.get_by_role("link", name="Customers", exact=True).click()
    page.locator("main").get_by_role("link", name="Friction", exact=True).click()
    expect(page.locator("th[aria-sort=descending]")).to_contain_text("Friction")
    name = page.locator(".is-grid tbody th a").first.inner_text()
    page.locator(".is-grid tbody tr").first.locator("td").nth(3).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    why = page.locator(".why details").filter(has=page.locator("time")).first
    expect(why.locator("li").first).to_be_hidden()
    why.locator("summary").click()
    expect(why.locator("li").first).to_be_visible()
    expect(why.locator("li time").first).to_have_text(re.compile(r"\d{1,2} \w{3} \d{4}, \d\d:\d\d"))


def test_a_choice_follows_to_the_other_pages(opened: Opened) -> None:
    page = opened("/curve")
    page.get_by_label("Segment").select_option("SMB")
    page.wait_for_url("**segment=SMB**")
    page.get_by_role("link", name="Scorecard").click()
    expect(page.get_by_label("Segment")).to_have_value("SMB")
    page.get_by_label("Cohort").select_option("entered transform in the last 90d")
    page.wait_for_url("**cohort=entered**")
    expect(page.get_by_label("Segment")).to_have_value("SMB")


def test_a_note_is_written_on_the_curve(opened: Opened) -> None:
    page = opened("/curve?x=date")
    page.get_by_label("What happened").fill("Release 4.2")
    page.get_by_label("On", exact=True).fill("2026-05-03")
    page.get_by_role("button", name="Write on the curve").click()
    page.wait_for_url("**/curve?x=date")
    expect(page.get_by_role("listitem").filter(has_text="Release 4.2")).to_be_visible()
    expect(page.locator(".wide-only svg.cx").get_by_text("Release 4.2")).to_be_visible()


def test_by_keyboard_alone(opened: Opened) -> None:
    page = opened("/curve")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the content")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    reached = walk(page, "svg .hit")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".tip")).to_contain_text("level")
    assert reached
    page.keyboard.press("g")
    page.keyboard.press("u")
    page.wait_for_url("**/customers")
    page.keyboard.press("/")
    page.keyboard.type("enterprise")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=enterprise**")
    assert walk(page, ".is-grid tbody th a")
    page.keyboard.press("Enter")
    page.wait_for_url("**/customers/c-*")
    assert walk(page, ".why summary")
    page.keyboard.press("Enter")
    expect(page.locator(".why details[open]")).to_have_count(1)


def walk(page: Page, wanted: str, most: int = 90) -> bool:
    """Tab until something that matches has the focus, which must be visible all the way."""
    for _ in range(most):
        page.keyboard.press("Tab")
        assert page.evaluate(FOCUS) == ""
        if page.evaluate(f"document.activeElement.matches({wanted!r})"):
            return True
    return False


@pytest.mark.parametrize("path", ["/", "/curve", "/scorecard", "/drift", "/ttv", "/customers", "/customers/c-00001"])
def test_without_javascript_everything_can_be_read(opened: Opened, path: str) -> None:
    page = opened(path, java_script_enabled=False)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert page.locator("main").inner_text().count("\n") > 20
    if path == "/curve":
        page.get_by_label("Segment").select_option("SMB")
        page.get_by_role("button", name="Apply").click()
        page.wait_for_url("**segment=SMB**")
        page.get_by_text("As a table").first.click()
        expect(page.get_by_role("table").first).to_be_visible()
        page.get_by_label("What happened").fill("Without scripts")
        page.get_by_role("button", name="Write on the curve").click()
        expect(page.get_by_role("listitem").filter(has_text="Without scripts")).to_be_visible()


@pytest.mark.parametrize("path", ["/", "/curve"])
def test_a_page_is_light(opened: Opened, path: str) -> None:
    sizes: dict[str, int] = {}
    page = opened("/healthz")
    page.on("response", lambda answer: sizes.update({answer.url: len(answer.body())}))
    page.goto(path, wait_until="networkidle")
    assert 4 <= len(sizes) <= 12
    assert sum(sizes.values()) <= 150_000
