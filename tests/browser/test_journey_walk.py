"""A change of the journey, walked on a phone without scripts: checked, tried on the scores, saved, taken back."""

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
    expect(page.locator(".diff ins")).to_contain_text("friction: 0.9")
    page.get_by_role("button", name="Preview the scores").click()
    expect(page.locator("#edit")).to_contain_text("kept nowhere")
    page.get_by_role("link", name="Close", exact=True).click()
    for lead in ("Dana", "Product"):
        page.get_by_role("link", name="Edit Transform").click()
        page.get_by_label("Lead").fill(lead)
        page.get_by_role("button", name="Check the change").click()
        page.get_by_role("button", name="Save and score").click()
        expect(page.get_by_role("status")).to_contain_text("Saved.")
        expect(page.locator("#stages")).to_contain_text(lead)
