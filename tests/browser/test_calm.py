"""Nothing on a page moves by itself while it is opened, at a desk or on a phone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from chromium import shifted
from playwright.sync_api import Page

Opened = Callable[..., Page]
MOST = 0.01
PATHS = (
    "/", "/curve", "/scorecard", "/customers", "/customers/c-00001", "/friction", "/revenue", "/journey",
)  # fmt: skip
pytestmark = pytest.mark.browser


@pytest.mark.parametrize("path", PATHS)
def test_nothing_jumps(opened: Opened, path: str) -> None:
    for width in (1280, 360):
        page, moved = opened(path, width), []
        for _ in range(3):  # a busy processor may paint half of it first; what the page itself moves, it moves always
            page.reload(wait_until="networkidle")
            moved.append(shifted(page))
            if moved[-1] < MOST:
                break
        assert min(moved) < MOST, (width, moved)
