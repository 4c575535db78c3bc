"""The browser of the tests: Debian's Chromium, with an empty profile and no word to anybody outside."""

from __future__ import annotations

import shutil

import pytest
from playwright.sync_api import Browser, Page, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
MISSING = "These tests need Chromium, which is not installed. Run: apt-get install -y chromium"

_SHIFT = """() => new Promise((done) => {
  let total = 0;
  new PerformanceObserver((list) => { for (const one of list.getEntries()) total += one.value; })
    .observe({ type: "layout-shift", buffered: true });
  setTimeout(() => done(total), 120);
})"""


def shifted(page: Page) -> float:
    """By how much what an open page shows has moved by itself (cumulative layout shift)."""
    return float(page.evaluate(_SHIFT))


def launched(playwright: Playwright) -> Browser:
    """A browser; where there is none the test fails and says what to run."""
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        pytest.fail(MISSING, pytrace=False)
    return playwright.chromium.launch(executable_path=path, args=list(FLAGS))
