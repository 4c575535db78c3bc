"""axe-core finds nothing on any page, in light and dark, wide and on a phone."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from typing import Any

import pytest
from playwright.sync_api import Page
from test_design import VIEWS
from test_every_page import PATHS

Opened = Callable[..., Page]
pytest.importorskip("axe_playwright_python", reason="axe-core is not installed: pip install axe-playwright-python")
AXE = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
RUN = "async () => (await axe.run({resultTypes: ['violations']})).violations"
pytestmark = pytest.mark.browser


def told(violations: list[dict[str, Any]]) -> list[str]:
    return [f"{one['id']}: {node['html'][:160]}" for one in violations for node in one["nodes"]]


@pytest.mark.parametrize("path", sorted({*PATHS, *VIEWS}))
@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (360, "dark")])
def test_axe_finds_nothing(kept: Opened, path: str, width: int, theme: str) -> None:
    page = kept(path, width, theme)
    page.evaluate(AXE)
    assert told(page.evaluate(RUN)) == []
