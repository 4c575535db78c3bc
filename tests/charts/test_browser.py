"""What only a browser shows: the content policy, sideways scroll, keyboard, tooltip, theme. Needs Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import preview
import pytest
from chromium import launched
from playwright.sync_api import Browser, Page, Playwright, Route

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
NAMES = ("curve", "curve-position", "curve-date", "scorecard", "drift", "customers", "customer", "error")
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript"}

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", name="folder")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    preview.write(folder)
    return folder


@pytest.fixture(scope="module", name="chromium")
def _chromium(playwright: Playwright) -> Iterator[Browser]:
    browser = launched(playwright)
    yield browser
    browser.close()


def opened(
    browser: Browser, folder: Path, name: str, width: int = 1280, *, scripts: bool = True
) -> tuple[Page, list[str]]:
    """The page under the content policy, and what the console complained about."""

    def answer(route: Route) -> None:
        path = folder / route.request.url.removeprefix("http://pages.test/").split("?")[0]
        headers = {"content-type": TYPES[path.suffix], "content-security-policy": POLICY}
        route.fulfill(body=path.read_bytes(), headers=headers)

    context = browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=scripts)
    page, said = context.new_page(), list[str]()
    page.on("console", lambda message: said.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.route("**/*", answer)
    page.goto(f"http://pages.test/{name}-light.html")
    return page, said


@pytest.mark.parametrize("name", NAMES)
def test_nothing_breaks_the_content_policy_and_nothing_scrolls_sideways(
    chromium: Browser, folder: Path, name: str
) -> None:
    page, said = opened(chromium, folder, name, 1280)
    for width in (1280, 820, 360):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert said == []
    page.context.close()


def test_long_names_without_a_break_do_not_widen_the_page(chromium: Browser, folder: Path) -> None:
    name = "Donaudampfschifffahrtsgesellschaft" * 8
    for page_name in ("customers", "customer", "drift", "curve"):
        for path in folder.glob(f"{page_name}-light.html"):
            long = path.with_name(f"long-{path.name}")
            long.write_text(path.read_text("utf-8").replace("Wonka Foods", name), encoding="utf-8")
        page, _ = opened(chromium, folder, f"long-{page_name}", 360)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, page_name
        page.context.close()


def test_one_width_of_the_picture_is_shown(chromium: Browser, folder: Path) -> None:
    for width, shown in ((360, "0 0 320"), (1280, "0 0 960")):
        page, _ = opened(chromium, folder, "curve", width)
        visible = [
            svg.get_attribute("viewBox") or ""
            for svg in page.query_selector_all("svg.cx:not(.spark)")
            if svg.is_visible()
        ]
        assert len(visible) == 1
        assert visible[0].startswith(shown)
        page.context.close()


def test_text_on_a_phone_is_readable(chromium: Browser, folder: Path) -> None:
    page, _ = opened(chromium, folder, "curve", 360)
    heights = page.evaluate(
        "[...document.querySelectorAll('.narrow-only svg.cx text')].map(t => t.getBoundingClientRect().height)"
    )
    assert heights
    assert min(heights) >= 11
    page.context.close()


def test_labels_on_the_curve_do_not_overlap(chromium: Browser, folder: Path) -> None:
    """Measured with the fonts of the browser, where the layout itself can only estimate."""
    for name, width in (
        ("curve", 1280),
        ("curve-position", 1280),
        ("curve-date", 1280),
        ("curve", 360),
        ("curve-position", 360),
    ):
        page, _ = opened(chromium, folder, name, width)
        overlapping = page.evaluate(
            """() => {
              const all = [...document.querySelectorAll('svg.cx:not(.spark) text')];
              const texts = all.filter(t => t.getClientRects().length);
              const boxes = texts.map(t => [t.textContent, t.getBoundingClientRect()]).filter(([, b]) => b.width);
              const hits = [];
              boxes.forEach(([a, p], i) => boxes.slice(i + 1).forEach(([b, q]) => {
                const across = Math.min(p.right, q.right) - Math.max(p.left, q.left);
                const down = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
                if (across > 1 && down > 4) hits.push(`${a} / ${b}`);
              }));
              return hits;
            }"""
        )
        assert overlapping == [], (name, width)
        page.context.close()


def test_points_are_reached_by_keyboard_and_tell_their_numbers(chromium: Browser, folder: Path) -> None:
    page, _ = opened(chromium, folder, "curve")
    points = page.locator(".wide-only .hit")
    assert points.nth(0).get_attribute("tabindex") == "0"
    assert points.nth(1).get_attribute("tabindex") == "-1"
    points.nth(0).focus()
    page.keyboard.press("ArrowRight")
    assert page.locator(".tip").inner_text().startswith("Week 1: level +3")
    page.keyboard.press("Escape")
    assert page.locator(".tip").is_hidden()
    page.context.close()


def test_without_scripts_points_keep_tab_stop_and_native_title(chromium: Browser, folder: Path) -> None:
    page, _ = opened(chromium, folder, "curve", scripts=False)
    point = page.locator(".wide-only .hit").nth(5)
    assert point.get_attribute("tabindex") == "0"
    assert (point.locator("title").text_content() or "").startswith("Week 5: level +4")
    assert page.get_by_role("button", name="Apply").is_visible()
    page.context.close()


def test_theme_is_kept_and_keys_lead_somewhere(chromium: Browser, folder: Path) -> None:
    page, _ = opened(chromium, folder, "customers")
    page.keyboard.press("t")
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.reload()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "q"
    page.context.close()
