"""A report opened from a file asks for nothing, fits a phone, and prints on one page."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

sys.path.insert(0, str(Path(__file__).parents[1] / "web"))

import serving

import cxcurve

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", name="files")
def _files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("documents")
    found = {kind: folder / f"{kind}.html" for kind in ("week", "quarter")}
    with cxcurve.open(serving.copied(folder)) as workspace:
        for kind, path in found.items():
            path.write_text(workspace.report(None, kind).document.html(), encoding="utf-8")  # type: ignore[arg-type]
    return found


@pytest.fixture(name="page")
def _page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 360, "height": 740}, color_scheme="dark")
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("kind", ["week", "quarter"])
def test_it_asks_for_nothing_and_fits_a_phone(files: dict[str, Path], page: Page, kind: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(files[kind].as_uri())
    assert asked == [files[kind].as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.evaluate("getComputedStyle(document.querySelector('main')).backgroundColor") == "rgb(255, 255, 255)"


def test_a_week_prints_on_one_page(files: dict[str, Path], page: Page) -> None:
    page.goto(files["week"].as_uri())
    assert re.findall(rb"/Count (\d+)", page.pdf(prefer_css_page_size=True)) == [b"1"]
