"""What every page must be: readable at each width, in light and dark, and by a screen reader."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

Opened = Callable[..., Page]
PATHS = ("/", "/?x=position", "/?x=date", "/scorecard", "/drift", "/customers", "/customers/c-00001")
pytestmark = [pytest.mark.browser, pytest.mark.parametrize("path", PATHS)]

NAMELESS = """() => {
  const named = (e) => e.getAttribute('aria-label') || e.getAttribute('alt') || e.getAttribute('aria-labelledby')
    || e.textContent.trim() || e.getAttribute('title');
  const inside = (e) => e.closest('[aria-hidden=true]');
  const found = [];
  for (const e of document.querySelectorAll('img, svg, [role=img]')) if (!inside(e) && !named(e)) found.push(e.outerHTML.slice(0, 90));
  for (const e of document.querySelectorAll('a, button, summary')) if (!inside(e) && !named(e)) found.push(e.outerHTML.slice(0, 90));
  for (const e of document.querySelectorAll('input:not([type=hidden]), select, textarea'))
    if (!e.labels.length && !e.getAttribute('aria-label')) found.push(e.outerHTML.slice(0, 90));
  return found;
}"""

HEADINGS = "() => [...document.querySelectorAll('h1, h2, h3, h4')].map((e) => Number(e.tagName[1]))"

PALE = """() => {
  const channels = (colour) => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d', { willReadFrequently: true });
    canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, ground) => top[3] === 0 ? ground : ground.map((v, i) => top[i] * top[3] + v * (1 - top[3]));
  const ground = (e) => over(channels(getComputedStyle(e).backgroundColor), e.parentElement ? ground(e.parentElement) : [255, 255, 255]);
  const light = (c) => c.slice(0, 3).map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const found = [];
  for (const e of document.querySelectorAll('main *:not(svg *), header *:not(svg *)')) {
    if (![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()) || !e.getClientRects().length) continue;
    if (e.closest('[aria-disabled]')) continue;
    const under = ground(e), ink = over(channels(getComputedStyle(e).color), under);
    const [low, high] = [light(under), light(ink)].sort((a, b) => a - b);
    if ((high + 0.05) / (low + 0.05) < 4.5) found.push(`${e.className || e.tagName}: ${e.textContent.trim().slice(0, 30)}`);
  }
  return found;
}"""


@pytest.mark.parametrize("width", [1280, 820, 360])
def test_nothing_scrolls_sideways(opened: Opened, path: str, width: int) -> None:
    assert opened(path, width).evaluate("document.documentElement.scrollWidth") <= width


def test_everything_has_a_name(opened: Opened, path: str) -> None:
    page = opened(path)
    assert page.evaluate(NAMELESS) == []
    assert page.evaluate("document.documentElement.lang") == "en"


def test_headings_are_in_order(opened: Opened, path: str) -> None:
    levels = opened(path).evaluate(HEADINGS)
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(levels, levels[1:], strict=False))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_can_be_read_in_light_and_dark(opened: Opened, path: str, theme: str) -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1; pictures have a test of their own."""
    page = opened(path, color_scheme=theme)
    assert page.evaluate(PALE) == []
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(int(part) for part in ground[4:-1].split(",")) > 384) == (theme == "light")


def test_targets_on_a_phone_are_large_enough(opened: Opened, path: str) -> None:
    """WCAG 2.2, 2.5.8: 24 pixels, but for links in a line of text."""
    small = opened(path, 360).evaluate(
        """() => [...document.querySelectorAll('button, select, input:not([type=hidden]), summary, .nav a, .tabs a, .button')]
          .filter((e) => e.getClientRects().length).map((e) => [e.outerHTML.slice(0, 60), e.getBoundingClientRect()])
          .filter(([, box]) => box.height < 24 || box.width < 24).map(([told, box]) => `${told} ${box.width} x ${box.height}`)"""
    )
    assert small == []
