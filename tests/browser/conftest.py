"""A small company's pages on a free port, and a browser to walk them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, Request

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "web"))

import serving
from chromium import launched

import cxcurve

Opened = Callable[..., Page]
REFUSED = "the server responded with a status of 400 (Bad Request)"


class Visit:
    """Pages of one context, and everything that should not have happened in them."""

    def __init__(self, browser: Browser, address: str, **options: object) -> None:
        self.address, self.complaints = address, list[str]()
        self.context = browser.new_context(base_url=address, **options)  # type: ignore[arg-type]

    def open(self, path: str) -> Page:
        """A page that answered with 200."""
        page = self.context.new_page()
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._asked)
        answer = page.goto(path)
        assert answer
        assert answer.status == 200, f"{path}: {answer.status}"
        return page

    def _said(self, message: ConsoleMessage) -> None:
        if REFUSED in message.text:  # a form with a problem, which its page tells
            return
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.address, "data:")):
            self.complaints.append(f"asked another host: {request.url}")


@pytest.fixture(scope="session", name="address")
def _address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = serving.copied(tmp_path_factory.mktemp("browser"))
    (folder / "reports.yaml").write_text("team: {to: chat, every: monday 07:00}\n", encoding="utf-8")
    with cxcurve.open(folder) as workspace, serving.served(workspace) as address:
        workspace.report()
        yield address


@pytest.fixture(scope="session", name="chromium")
def _chromium(playwright: Playwright) -> Iterator[Browser]:
    browser = launched(playwright)
    yield browser
    browser.close()


@pytest.fixture(name="opened")
def _opened(chromium: Browser, address: str) -> Iterator[Opened]:
    """Opens a path; at the end nothing may have been said in the console and nothing asked of another host."""
    visits: list[Visit] = []

    def open_(path: str, width: int = 1280, **options: object) -> Page:
        visits.append(Visit(chromium, address, viewport={"width": width, "height": 900}, **options))
        return visits[-1].open(path)

    yield open_
    for visit in visits:
        visit.context.close()
        assert visit.complaints == []


@pytest.fixture(scope="session", name="kept")
def _kept(chromium: Browser, address: str) -> Iterator[Opened]:
    """Opens each path once; tests may change the window and the theme, and nothing else."""
    visit, pages = Visit(chromium, address), dict[str, Page]()

    def open_(path: str, width: int = 1280, theme: str = "light") -> Page:
        page = pages.get(path) or pages.setdefault(path, visit.open(path))
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
        assert visit.complaints == []
        return page

    yield open_
    visit.context.close()
