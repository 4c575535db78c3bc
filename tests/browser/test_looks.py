"""The gallery looks as it did: screenshots against small pictures kept in `looks/` (decision 0034).

After a change that is meant: `CXCURVE_LOOKS=keep pytest tests/browser/test_looks.py`, and look at what changed.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from test_design import VIEWS

Opened = Callable[..., Page]
KEPT = Path(__file__).with_name("looks")
COMPARE = Path(__file__).with_name("compare.js").read_text("utf-8")
IS_KEEPING = os.environ.get("CXCURVE_LOOKS") == "keep"
MOST = 4.0
"""Of 255, the mean of a block: 0 on the same machine, 5.9 or more where one kind of badge lost its soft ground."""
FONTS = """() => {
  const brush = document.createElement("canvas").getContext("2d"), family = getComputedStyle(document.body).fontFamily;
  return ["400 14px", "650 23px", "600 11.5px"].map((size) => {
    brush.font = `${size} ${family}`;
    return Math.round(brush.measureText("Hamburgefonstiv 0123456789 −€%").width * 10) / 10;
  });
}"""
SEEN = [(1280, "light", 176), (1280, "dark", 176), (360, "light", 88)]
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", name="blank")
def _blank(chromium: Browser) -> Any:
    context = chromium.new_context()
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("path", VIEWS)
@pytest.mark.parametrize(("width", "theme", "small"), SEEN)
def test_the_gallery_looks_as_it_did(kept: Opened, blank: Page, path: str, width: int, theme: str, small: int) -> None:
    page = kept(path, width, theme)
    same_fonts(page)
    file = KEPT / f"{path.rpartition('=')[2].strip('/')}-{width}-{theme}.png"
    shot = base64.b64encode(page.locator("main").screenshot(animations="disabled")).decode()
    before = None if IS_KEEPING else base64.b64encode(file.read_bytes()).decode()
    found = blank.evaluate(COMPARE, {"shot": shot, "kept": before, "width": small})
    if IS_KEEPING:
        file.write_bytes(base64.b64decode(found["png"]))
        pytest.skip(f"kept {file.name}")
    assert "size" not in found, f"{file.name} is {found['kept']} small pixels, the page is {found['size']}"
    assert found["worst"] <= MOST, f"{file.name}: a block at {found['at']} differs by {found['worst']:.1f} of 255"


def same_fonts(page: Page) -> None:
    """Where text is set in another font, lines break elsewhere: there is nothing to compare."""
    fonts, file = page.evaluate(FONTS), KEPT / "fonts.json"
    if IS_KEEPING:
        KEPT.mkdir(exist_ok=True)
        file.write_text(json.dumps(fonts) + "\n", encoding="utf-8")
    elif json.loads(file.read_text(encoding="utf-8")) != fonts:
        pytest.skip(f"text is set in another font here ({fonts}): apt-get install -y fonts-inter")
