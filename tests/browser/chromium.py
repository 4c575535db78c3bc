"""The browser of the tests: Debian's Chromium, with an empty profile and no word to anybody outside."""

from __future__ import annotations

import shutil

import pytest
from playwright.sync_api import Browser, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
MISSING = "These tests need Chromium, which is not installed. Run: apt-get install -y chromium"


def launched(playwright: Playwright) -> Browser:
    """A browser; where there is none the test fails and says what to run."""
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        pytest.fail(MISSING, pytrace=False)
    return playwright.chromium.launch(executable_path=path, args=list(FLAGS))
