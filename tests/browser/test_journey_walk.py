"""The journey's forms, walked: on a phone without scripts, and by keys alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def test_a_weight_is_tried_and_a_lead_is_saved(opened: Callable[..., Page]) -> None:
    page = opened("/journey", 360, java_script_enabled=False)
    page.get_by_role("link", name="Edit Task failed").click()
    page.get_by_label("Friction weight").fill("0.9")
    page.get_by_role("button", name="Check the change").click()
    page.get_by_role("link", name="Edit Transform").click()
    page.get_by_label("Lead").fill("Dana")
    page.get_by_role("button", name="Check the change").click()
    expect(page.locator(".diff ins")).to_have_count(2)
    expect(page.locator(".diff ins").last).to_contain_text("friction: 0.9")
    page.get_by_role("button", name="Preview the scores").click()
    expect(page.locator("#draft")).to_contain_text("kept nowhere")
    page.get_by_role("link", name="Drop the draft").click()
    for lead in ("Dana", "Product"):
        page.get_by_role("link", name="Edit Transform").click()
        page.get_by_label("Lead").fill(lead)
        page.get_by_role("button", name="Check the change").click()
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.locator(".toast [role=status]")).to_contain_text("Saved.")
        expect(page.locator("#stages")).to_contain_text(lead)


def test_a_heading_that_is_jumped_to_is_not_hidden(opened: Callable[..., Page]) -> None:
    page = opened("/journey#signals", 360)
    header, heading = page.locator("header.side").bounding_box(), page.locator("#signals h2").bounding_box()
    assert header is not None
    assert heading is not None
    assert heading["y"] >= header["y"] + header["height"]


def test_a_change_is_made_by_keys_alone(opened: Callable[..., Page]) -> None:
    page = opened("/journey")

    def go_to(name: str, role: str = "link") -> None:
        """By Tab, which shows where it is at every step."""
        wanted = page.get_by_role(role, name=name, exact=True)  # type: ignore[arg-type]
        for _ in range(250):
            page.keyboard.press("Tab")
            shown = "getComputedStyle(document.activeElement).outlineStyle !== 'none'"
            assert page.evaluate(f"document.activeElement === document.body || {shown}")
            if wanted.evaluate("one => one === document.activeElement"):
                return
        pytest.fail(f"no way by Tab to {name}")

    go_to("Edit Ticket opened")
    page.keyboard.press("Enter")
    page.wait_for_url("**/journey?signal=ticket_opened")
    go_to("Friction weight (1 doubles the odds of leaving)", "textbox")
    page.keyboard.type("much")
    page.keyboard.press("Enter")
    expect(page.locator("#problems")).to_be_focused()
    expect(page.get_by_label("Friction weight")).to_have_attribute("aria-invalid", "true")
    go_to("Friction weight (1 doubles the odds of leaving)", "textbox")
    page.keyboard.press("Control+a")
    page.keyboard.type("0.44")
    page.keyboard.press("Enter")
    page.wait_for_url("**/journey?draft=*")
    go_to("Save and score", "button")
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("Saved.")
    go_to("Close", "button")
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_be_hidden()
