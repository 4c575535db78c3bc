"""What every page must be: readable at each width, in light and dark, and by a screen reader."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

Opened = Callable[..., Page]
PATHS = (
    "/",
    "/curve",
    "/curve?x=position",
    "/curve?x=date",
    "/scorecard",
    "/drift",
    "/ttv",
    "/customers",
    "/advocacy",
    "/reports",
    "/revenue",
    "/deals",
    "/flows",
    "/friction",
    "/friction?row=task_failed%2Fapp%2Ftransform",
    "/maps",
    "/walks",
    "/actions",
    "/journey",
    "/journey?signal=task_failed",
    "/plan",
    "/sources",
    "/views",
    "/customers/c-00001",
    "/search?q=ticket",
    "/scores",
    "/explain?key=customer/c-00001/level",
    "/settings",
    "/design",
    "/design?show=time",
    "/design?show=compare",
)
LOOKS = Path(__file__).with_name("looks.js").read_text("utf-8")
pytestmark = [pytest.mark.browser, pytest.mark.parametrize("path", PATHS)]


def seen(page: Page, look: str) -> Any:
    return page.evaluate(f"{LOOKS.strip()}.{look}()")


def test_nothing_scrolls_sideways(kept: Opened, path: str) -> None:
    for width in (1280, 820, 360):
        assert kept(path, width).evaluate("document.documentElement.scrollWidth") <= width


def test_everything_has_a_name_and_headings_are_in_order(kept: Opened, path: str) -> None:
    page = kept(path)
    assert seen(page, "nameless") == []
    levels = seen(page, "headings")
    assert (levels[0], levels.count(1)) == (1, 1)
    assert all(after - before <= 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_can_be_read_in_light_and_dark(kept: Opened, path: str, theme: str) -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1; pictures have a test of their own."""
    page = kept(path, theme=theme)
    assert seen(page, "pale") == []
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(int(part) for part in ground[4:-1].split(",")) > 384) == (theme == "light")


def test_targets_on_a_phone_are_large_enough(kept: Opened, path: str) -> None:
    assert seen(kept(path, 360), "tiny") == []
