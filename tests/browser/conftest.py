"""A small company's pages on a free port, and a browser to walk them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "web")]

import serving
from chromium import launched

import cxcurve

Opened = Callable[..., Page]


@pytest.fixture(scope="session", name="address")
def _address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with cxcurve.open(serving.copied(tmp_path_factory.mktemp("browser"))) as workspace:
        with serving.served(workspace) as address:
            yield address


@pytest.fixture(scope="session", name="browser")
def _browser(playwright: Playwright) -> Iterator[Browser]:
    browser = launched(playwright)
    yield browser
    browser.close()


@pytest.fixture(name="opened")
def _opened(browser: Browser, address: str) -> Iterator[Opened]:
    """Opens a path; at the end nothing may have been said in the console and nothing asked of another host."""
    contexts, complaints = [], list[str]()

    def open_(path: str, width: int = 1280, **options: object) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, base_url=address, **options)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request", lambda asked: None if asked.url.startswith((address, "data:")) else complaints.append(asked.url)
        )
        page.goto(path)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []
